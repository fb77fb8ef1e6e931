"""Values in schema files: defaults, enumerations, backfills and `using`, checked by type."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import yaml

from zmigration_api import (
    Backfill,
    ColumnType,
    CopyOf,
    Default,
    Fixed,
    Using,
)
from zmigration_api.values import format_value, parse

from .keys import one_of, unknown_item
from .names import is_sqlite
from .yaml_nodes import Entry, entries, host_value, is_null, mapping, shown, text_of
from .yaml_source import CORE, Source

_APP = re.compile(r"&[\w.]+\(.*\)|zFunc\(.*\)", re.DOTALL)
_NOW = frozenset({"now", "now()", "current_timestamp"})
_MOMENTS = frozenset({"date", "time", "datetime", "native"})
_COPY = re.compile(r"%(\w+)")
_QUOTED = re.compile(
    r"""'[^']*' | "[^"]*" | --[^\n]* | /\*.*?\*/ | \$(?P<tag>\w*)\$.*?\$(?P=tag)\$""",
    re.DOTALL | re.VERBOSE,
)
_NAMES = re.compile(r"`[^`]*`|\[[^\]]*\]")
"""What only SQLite has in such brackets."""
_NUMERIC = frozenset({CORE + "int", CORE + "float", CORE + "bool"})


def canonical_text(text: str, column_type: ColumnType) -> str:
    """The text as the type's values are written; ValueError with the reason if it is none."""
    return format_value(parse(text, column_type), column_type)


def value_text(source: Source, node: yaml.Node, column_type: ColumnType, what: str) -> str:
    """The canonical text of a value of that type; a list or mapping is JSON."""
    if column_type.kind == "json" and (node.tag in _NUMERIC or not _is_scalar(node)):
        return _json_text(source, node, column_type, what)
    text = text_of(source, node, what)
    checked = check_text(source, node, text, column_type, what)
    _warn_of_host(source, node, parse(text, column_type))
    return checked


def check_text(
    source: Source, node: yaml.Node, text: str, column_type: ColumnType, what: str
) -> str:
    """The canonical text, or SchemaFileError with the reason why it is no value of that type."""
    try:
        return canonical_text(text, column_type)
    except ValueError as error:
        raise source.error(node, f"{what}, {text[:40]!r}, {error}", _advice(node, text)) from None


def _advice(node: yaml.Node, text: str) -> str | None:
    host = host_value(node) if isinstance(node, yaml.ScalarNode) else text
    if isinstance(host, int | float) and not isinstance(host, bool) and str(host) != text:
        return f"zCLI reads {host} here; write {host}"
    return None


def _warn_of_host(source: Source, node: yaml.Node, value: Any) -> None:  # noqa: ANN401
    assert isinstance(node, yaml.ScalarNode)
    host = host_value(node)
    if host != value and str(host) != node.value:
        source.warn(node, f'zCLI itself reads {node.value} as {host!r}; quote it: "{node.value}"')


def _is_scalar(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode)


def _json_text(source: Source, node: yaml.Node, column_type: ColumnType, what: str) -> str:
    try:
        text = json.dumps(_json_value(source, node), ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError):
        raise source.error(node, f"{what} is not JSON", "put texts into quotes") from None
    return canonical_text(text, column_type)


def _json_value(source: Source, node: yaml.Node) -> Any:  # noqa: ANN401
    if isinstance(node, yaml.MappingNode):
        return {e.key: _json_value(source, e.value) for e in entries(source, node)}
    if isinstance(node, yaml.SequenceNode):
        return [_json_value(source, item) for item in node.value]
    if is_null(node):
        return None
    assert isinstance(node, yaml.ScalarNode)
    return host_value(node) if node.tag in _NUMERIC else node.value


def read_default(
    source: Source, node: yaml.Node, column_type: ColumnType, where: str
) -> Default | None:
    """What the node says of a column's default; None for null."""
    if is_null(node):
        return None
    what = f"The default of {where}"
    if isinstance(node, yaml.MappingNode) and column_type.kind != "json":
        return _spelled_default(source, node, column_type, what)
    special = _special(source, node, str(node.value), column_type, where)
    if special:
        return special
    return Default(kind="value", text=value_text(source, node, column_type, what))


def _spelled_default(
    source: Source, node: yaml.MappingNode, column_type: ColumnType, what: str
) -> Default:
    """`{value: now}`, where the text alone would mean something else."""
    found = mapping(source, node, what)
    unknown_item(source, found, {"value"}, what)
    entry = found.get("value")
    if entry is None:
        raise source.error(node, f"{what} must be one value, not a mapping")
    return Default(kind="value", text=value_text(source, entry.value, column_type, what))


def short_default(
    source: Source, node: yaml.Node, text: str, column_type: ColumnType, where: str
) -> Default | None:
    """The default of a column in short form: what stands after `=`."""
    if text in ("null", "~"):
        return None
    special = _special(source, node, text, column_type, where)
    if special:
        return special
    what = f"The default of {where}"
    return Default(kind="value", text=check_text(source, node, text, column_type, what))


def means_more(text: str, column_type: ColumnType) -> bool:
    """Whether the text as a default would be taken for the time or for a call of the app's."""
    word = text.strip()
    return column_type.kind != "json" and (word.lower() in _NOW or bool(_APP.fullmatch(word)))


def _special(
    source: Source, node: yaml.Node, text: str, column_type: ColumnType, where: str
) -> Default | None:
    if not _is_scalar(node):
        return None
    if _APP.fullmatch(text.strip()):
        return Default(kind="app", text=text.strip())
    if text.strip().lower() not in _NOW:
        return None
    if column_type.kind in _MOMENTS:
        return Default(kind="now")
    if column_type.textual and getattr(node, "style", None) in ('"', "'"):
        return None
    hint = "make it a date, time or datetime column, or remove the default"
    raise source.error(node, f"The default `{text}` of {where} is no {column_type}", hint)


def read_enum(
    source: Source, node: yaml.Node, column_type: ColumnType, where: str
) -> tuple[str, ...]:
    """The canonical texts of the values that a column may have."""
    if is_null(node):
        return ()
    if not isinstance(node, yaml.SequenceNode):
        raise source.error(node, f"The enum of {where} must be a list, not {shown(node)}")
    if not node.value:
        raise source.error(node, f"The enum of {where} is empty", "list its values")
    what = f"A value in the enum of {where}"
    found = [value_text(source, item, column_type, what) for item in node.value]
    for position, text in enumerate(found):
        if text in found[:position]:
            raise source.error(node.value[position], f"The enum of {where} has {text} twice")
    return tuple(found)


def check_enum(
    source: Source, node: yaml.Node, text: str | None, enum: tuple[str, ...], what: str
) -> None:
    """SchemaFileError if the text is not one of the enumeration, where there is one."""
    if enum and text is not None and text not in enum:
        message = f"{what}, {text!r}, is not in its enum ({', '.join(enum)})"
        raise source.error(node, message, "add it to the enum, or choose another value")


def read_backfill(
    source: Source, node: yaml.Node, column_type: ColumnType, where: str
) -> Backfill | None:
    """A literal, `"%column"`, `{concat: [...]}` or `{value|copy|from: ...}`; None for null."""
    if is_null(node):
        return None
    what = f"The backfill of {where}"
    found = mapping(source, node, what) if isinstance(node, yaml.MappingNode) else {}
    if "concat" not in found:
        return Backfill(parts=(_part(source, node, column_type, what),))
    unknown_item(source, found, {"concat"}, what)
    parts = found["concat"].value
    if not isinstance(parts, yaml.SequenceNode) or not parts.value:
        raise source.error(parts, f"The concat of {where} must be a list of parts")
    kind = ColumnType(kind="text") if len(parts.value) > 1 else column_type
    return Backfill(parts=tuple(_part(source, part, kind, what) for part in parts.value))


def _part(source: Source, node: yaml.Node, column_type: ColumnType, what: str) -> Fixed | CopyOf:
    if isinstance(node, yaml.MappingNode):
        return _spelled_part(source, node, column_type, what)
    copied = _COPY.fullmatch(node.value) if isinstance(node, yaml.ScalarNode) else None
    if copied:
        return CopyOf(copied[1])
    _refuse_computed(source, node, column_type, what)
    return Fixed(value_text(source, node, column_type, what))


def _spelled_part(
    source: Source, node: yaml.MappingNode, column_type: ColumnType, what: str
) -> Fixed | CopyOf:
    found = mapping(source, node, what)
    unknown_item(source, found, {"value", "copy", "from", "concat"}, what)
    entry = one_of(source, found, ("value", "copy", "from"), what)
    if entry is None or "concat" in found:
        raise source.error(node, f"{what} has neither value, copy, from nor concat alone")
    if entry.key == "value":
        null = is_null(entry.value)
        return Fixed(None if null else value_text(source, entry.value, column_type, what))
    return CopyOf(text_of(source, entry.value, what).removeprefix("%"))


def _refuse_computed(source: Source, node: yaml.Node, column_type: ColumnType, what: str) -> None:
    text = str(node.value).strip()
    if _APP.fullmatch(text):
        raise source.error(node, f"{what} cannot call {text}", "use a hook: zMigrationHooks")
    if text.lower() in _NOW and column_type.kind in _MOMENTS:
        hint = "write `default: now`, which fills the rows that are there as well"
        raise source.error(node, f"{what} cannot be {text}", hint)


def read_using(
    source: Source, node: yaml.Node, column_type: ColumnType, where: str
) -> Using | None:
    """A mapping of old values to new ones, or a SQL expression; None for null."""
    if is_null(node):
        return None
    what = f"The using of {where}"
    if not isinstance(node, yaml.MappingNode):
        return Using(expression=expression(source, node, what))
    pairs = entries(source, node)
    return Using(values=tuple(_using_pair(source, pair, column_type, where) for pair in pairs))


def _using_pair(
    source: Source, pair: Entry, column_type: ColumnType, where: str
) -> tuple[str, str | None]:
    if is_null(pair.key_node):
        raise source.error(pair.key_node, "using cannot map null", "give null a `backfill`")
    if is_null(pair.value):
        return pair.key, None
    text = text_of(source, pair.value, f"The new value of {pair.key}")
    check_text(source, pair.value, text, column_type, f"A new value of {where}")
    return pair.key, text


def expression(source: Source, node: yaml.Node, what: str) -> str:
    """One SQL expression as text."""
    text = text_of(source, node, what).strip()
    bare = _QUOTED.sub("", text)
    if is_sqlite(source.data_type):
        bare = _NAMES.sub("", bare)
    if not text or ";" in bare:
        raise source.error(node, f"{what} must be one SQL expression", "without a semicolon")
    return text


def check_filled(
    source: Source, found: Mapping[str, Entry], enum: tuple[str, ...], filled: Backfill | None
) -> None:
    """SchemaFileError if one fixed backfill is not in the enumeration."""
    if filled and len(filled.parts) == 1 and isinstance(filled.parts[0], Fixed):
        check_enum(source, found["backfill"].value, filled.parts[0].text, enum, "The backfill")
