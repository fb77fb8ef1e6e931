"""Keys of indexes and constraints as SQL writes them: which are columns, which are more."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import yaml

from .names import did_you_mean, is_sqlite, is_word
from .values import expression
from .yaml_nodes import items, text_of
from .yaml_source import Source

_NAME = r"""(?: "(?:[^"]|"")+" | `[^`]+` | \[[^\]]+\] | [^\W\d][\w$]* )"""
_PATH = rf"{_NAME} (?: \. {_NAME} )*"
_COLLATE = rf"(?: \s+ COLLATE \s+ {_PATH} )?"
_ORDER = r"(?: \s+ (?: ASC | DESC ) )? (?: \s+ NULLS \s+ (?: FIRST | LAST ) )?"
_CLASS = rf"(?: \s+ (?! (?:ASC|DESC|NULLS) \b ) {_PATH} (?: \s* \( [^()]* \) )? )?"
_FLAGS = re.VERBOSE | re.IGNORECASE
_SQLITE = re.compile(rf"(?P<name>{_NAME}) {_COLLATE} {_ORDER}", _FLAGS)
_OTHERS = re.compile(rf"(?P<name>{_NAME}) {_COLLATE} {_CLASS} {_ORDER}", _FLAGS)
_LOWER = re.compile(r"[a-z_][a-z0-9_]*")


class Keys(NamedTuple):
    """What an index or constraint is over, as the model has it (`PrimaryKey.keys` tells)."""

    columns: tuple[str, ...]
    keys: tuple[str, ...] = ()


def read_keys(source: Source, whole: yaml.Node, known: Sequence[str], what: str) -> Keys:
    """The keys that a list, or one of them, names; an error for a plain name that is no column."""
    nodes = items(whole)
    if not nodes:
        raise source.error(whole, f"{what} names no column")
    texts = [text_of(source, node, "A column") for node in nodes]
    if all(text in known for text in texts):
        if len(set(texts)) < len(texts) and not source.exact:
            raise source.error(whole, f"{what} names a column twice")
        return Keys(tuple(texts))
    keys = tuple(
        quoted(text, source.data_type) if text in known else _sql(source, node, known, what)
        for node, text in zip(nodes, texts, strict=True)
    )
    columns = (key_column(key, known, source.data_type) for key in keys)
    return Keys(tuple(column for column in columns if column is not None), keys)


def _sql(source: Source, node: yaml.Node, known: Sequence[str], what: str) -> str:
    text = expression(source, node, what)
    if is_word(text):
        message = f"{what} names {text}, which is no column of this table"
        raise source.error(node, message, did_you_mean(text, known))
    if source.data_type == "csv":
        raise source.error(node, f"{what} of CSV files can be over columns alone, not over {text}")
    return text


def quoted(name: str, data_type: str | None) -> str:
    """A column's name as SQL writes it: bare where the store takes that for the same name."""
    if is_word(name) if is_sqlite(data_type) else _LOWER.fullmatch(name):
        return name
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


def key_column(key: str, known: Sequence[str], data_type: str | None) -> str | None:
    """The column that a key is, whatever it says of order, collation and operator class."""
    sqlite = is_sqlite(data_type)
    found = (_SQLITE if sqlite else _OTHERS).fullmatch(key)
    if not found:
        return None
    written = found["name"]
    if written[0] in '"`[':
        name = written[1:-1].replace('""', '"') if written[0] == '"' else written[1:-1]
        folded = sqlite
    else:
        name, folded = written, True
    if not folded or name in known:
        return name if name in known else None
    return next((column for column in known if column.lower() == name.lower()), None)
