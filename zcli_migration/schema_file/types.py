"""Column types as schema files write them: `str`, `str(50)!`, `decimal(10,2)`, `int=5`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

import yaml

from zmigration_api import ALIASES, KINDS, ColumnType, SchemaFileError, TypeKind

from .names import nearest
from .yaml_nodes import Entry, is_null, shown, text_of, whole
from .yaml_source import CORE, Source

_TYPE = re.compile(
    r"\s*(?P<word>[A-Za-z]\w*(?: +\w+)*)\s*(?:\((?P<measures>[^()]*)\))?\s*(?P<mark>[!?]?)\s*"
)
_SHORTHAND = re.compile(r"(?P<type>[^=]*?)(?:=(?P<default>.*?))?(?P<mark>!?)\s*", re.DOTALL)
_MEASURE = re.compile(r"\d{1,8}", re.ASCII)
WORDS: dict[str, TypeKind] = {**ALIASES, **{kind: kind for kind in KINDS if kind != "native"}}
MAX_LENGTH = 10_485_760  # PostgreSQL's limit for VARCHAR(n)
MAX_PRECISION = 1000


class Reading(NamedTuple):
    """A type, and whether its mark (`!`, `?`) makes the column required; None without a mark."""

    type: ColumnType
    required: bool | None = None


class Shorthand(NamedTuple):
    """`type[=default][!]` taken apart."""

    type: str
    default: str | None
    required: bool


def shorthand(node: yaml.Node) -> Shorthand | None:
    """The node as a type in short form, if it is one."""
    if not isinstance(node, yaml.ScalarNode) or node.tag != CORE + "str":
        return None
    parts = _SHORTHAND.fullmatch(node.value)
    match = parts and _TYPE.fullmatch(parts["type"])
    if not parts or not match or _word(match["word"]) not in WORDS:
        return None
    return Shorthand(parts["type"], parts["default"], bool(parts["mark"]))


def looks_like_type(node: yaml.Node) -> bool:
    """Whether the text must be a misspelt shorthand: `strr`, `foo!`, `foo(5)`, `decimal(10`."""
    word, bracket, rest = str(node.value).partition("(")
    if bracket and ")" not in rest:
        return _word(word) in WORDS
    parts = _SHORTHAND.fullmatch(str(node.value))
    match = parts and _TYPE.fullmatch(parts["type"])
    if not parts or not match:
        return False
    marked = match["mark"] or match["measures"] or parts["mark"]
    return bool(marked) or nearest(_word(match["word"]), WORDS, likeness=0.8) is not None


def read_type(source: Source, node: yaml.Node, text: str, where: str) -> Reading:
    """The type that the text writes; what is none is text, as in zCLI, with a warning."""
    match = _TYPE.fullmatch(text)
    word = _word(match["word"]) if match else text.strip().lower()
    mark = {"!": True, "?": False}.get(match["mark"] if match else "")
    if match is None and word.partition("(")[0].rstrip() in WORDS:
        raise unknown_type(source, node, text, where)
    if match is None or word not in WORDS:
        return Reading(_as_text(source, node, word.partition("(")[0], where), mark)
    return Reading(_measured(source, node, WORDS[word], match["measures"], where), mark)


def unknown_type(source: Source, node: yaml.Node, text: str, where: str) -> SchemaFileError:
    """The error about a type that is none, with the nearest one or what cut it short."""
    word, bracket, rest = text.strip().lower().partition("(")
    if bracket and ")" not in rest:
        hint = f'inside {{ }} a comma ends the value; quote the type: "{word}(10,2)"'
    else:
        hint = _nearest(word)
    return source.error(node, f"The type {shown(node)} of {where} is not known", hint)


def _as_text(source: Source, node: yaml.Node, word: str, where: str) -> ColumnType:
    """What zCLI makes of a type that it does not know."""
    said = f"The type {shown(node)} of {where} is not known and is taken as text, as zCLI does"
    source.warn(node, f"{said}; {_nearest(word)}")
    return ColumnType(kind="text")


def _nearest(word: str) -> str:
    found = nearest(word.rstrip("!? "), WORDS)
    return f"did you mean {found}?" if found else f"known types: {', '.join(KINDS[:-1])}"


def _word(text: str) -> str:
    return " ".join(text.lower().split())


def _measured(
    source: Source, node: yaml.Node, kind: TypeKind, measures: str | None, where: str
) -> ColumnType:
    if measures is None:
        return ColumnType(kind=kind)
    numbers = [int(part) for part in measures.split(",") if _MEASURE.fullmatch(part.strip())]
    if len(numbers) != measures.count(",") + 1:
        raise source.error(node, f"({measures}) in the type of {where} is not made of numbers")
    if kind == "str" and len(numbers) == 1:
        return ColumnType(kind=kind, length=check_length(source, node, numbers[0], where))
    if kind == "decimal" and len(numbers) <= 2:
        return decimal(source, node, numbers[0], numbers[1] if numbers[1:] else None, where)
    advice = "; for a limited text write str(n)" if kind == "text" else ""
    source.warn(node, f"({measures}) means nothing to {kind} and is ignored{advice}")
    return ColumnType(kind=kind)


def check_length(source: Source, node: yaml.Node, length: int, where: str) -> int:
    """The length itself, if a text column can have it."""
    if not 1 <= length <= MAX_LENGTH:
        message = f"The length of {where} must be from 1 to {MAX_LENGTH}, not {length}"
        raise source.error(node, message, "for texts of any length write type: text")
    return length


def decimal(
    source: Source, node: yaml.Node, precision: int, scale: int | None, where: str
) -> ColumnType:
    """A decimal type with these measures, if there can be one. Without a scale it is 0."""
    if not 1 <= precision <= MAX_PRECISION:
        message = f"The precision of {where} must be from 1 to {MAX_PRECISION}, not {precision}"
        raise source.error(node, message)
    if (scale or 0) > precision:
        message = f"The scale of {where} ({scale}) is larger than its precision ({precision})"
        raise source.error(node, message, "write decimal(precision, scale), as decimal(10,2)")
    return ColumnType(kind="decimal", precision=precision, scale=scale or 0)


def column_type(source: Source, entry: Entry, found: Mapping[str, Entry], where: str) -> Reading:
    """The type of a column that is written as a mapping of these keys."""
    if "db_type" in found and not is_null(found["db_type"].value):
        return Reading(_native(source, found["db_type"].value, where), _mark(source, found, where))
    if "type" not in found or is_null(found["type"].value):
        source.warn(entry.key_node, f"{where} has no type; it is taken as text, as zCLI does")
        return Reading(ColumnType(kind="text"))
    node = found["type"].value
    reading = read_type(source, node, text_of(source, node, f"The type of {where}"), where)
    return Reading(_with_keys(source, reading.type, found, where), reading.required)


def _mark(source: Source, found: Mapping[str, Entry], where: str) -> bool | None:
    if "type" not in found or is_null(found["type"].value):
        return None
    node = found["type"].value
    return read_type(source, node, text_of(source, node, f"The type of {where}"), where).required


def _native(source: Source, node: yaml.Node, where: str) -> ColumnType:
    text = text_of(source, node, f"The db_type of {where}").strip()
    if source.exact:
        return ColumnType(kind="native", native=text)
    if not text or ";" in text or not text.isprintable():
        raise source.error(node, f"The db_type of {where} is not one type: {shown(node)}")
    return ColumnType(kind="native", native=text)


def _with_keys(
    source: Source, read: ColumnType, found: Mapping[str, Entry], where: str
) -> ColumnType:
    """The type with `precision`, `scale` and `rules.max_length` taken in."""
    for key in ("precision", "scale"):
        if key in found and read.kind != "decimal":
            source.warn(found[key].key_node, f"{key} means nothing to {read.kind} and is ignored")
    if read.kind == "decimal":
        return _with_digits(source, read, found, where)
    return read


def _with_digits(
    source: Source, read: ColumnType, found: Mapping[str, Entry], where: str
) -> ColumnType:
    given = {
        key: whole(source, found[key].value, f"The {key} of {where}")
        for key in ("precision", "scale")
        if key in found and not is_null(found[key].value)
    }
    if not given:
        return read
    node = found[next(iter(given))].value
    precision = given.get("precision", read.precision)
    if precision is None:
        raise source.error(node, f"{where} has a scale without a precision", "add `precision:`")
    return decimal(source, node, precision, given.get("scale", read.scale), where)
