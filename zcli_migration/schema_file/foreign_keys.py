"""Foreign keys of schema files: on a field, or in a table's list."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple, cast, get_args

import yaml

from zmigration_api import Action, ForeignKey

from .keys import one_of, require, unknown_item
from .names import check_columns, check_name, default_name
from .yaml_nodes import Entry, is_null, items, mapping, text_of, texts
from .yaml_source import Source, line_of

_TARGET = re.compile(r"(?P<table>[^.()]+)\.(?P<column>[^.()]+)")
_CALL = re.compile(r"(?P<table>[^.()]+)\((?P<columns>[^()]+)\)")
_SHAPE = "write table.column, as users.id"
_FIELD_KEYS = frozenset({"table", "column", "on_delete", "on_update", "name"})
_COLUMNS = ("columns", "column", "fields")
_TABLE = ("table", "references", "ref_table")
_REF_COLUMNS = ("ref_columns", "ref_column")
_LIST_KEYS = frozenset({*_COLUMNS, *_TABLE, *_REF_COLUMNS, "on_delete", "on_update", "name"})


class _Target(NamedTuple):
    table: str
    columns: tuple[str, ...]


def field_foreign_key(
    source: Source, table: str, column: str, found: Mapping[str, Entry]
) -> ForeignKey | None:
    """The foreign key of one column: `table.column`, or a mapping."""
    entry = found.get("foreign_key")
    if entry is None or is_null(entry.value):
        for key in ("on_delete", "on_update"):
            if key in found:
                source.warn(found[key].key_node, f"{key} means nothing without a foreign key")
        return None
    inner: Mapping[str, Entry] = {}
    if isinstance(entry.value, yaml.MappingNode):
        inner = mapping(source, entry.value, "The foreign key")
        unknown_item(source, inner, _FIELD_KEYS, "The foreign key")
    target = _field_target(source, entry, inner)
    return ForeignKey(
        columns=(column,),
        ref_table=target.table,
        ref_columns=target.columns,
        on_delete=_action(source, found, inner, "on_delete"),
        on_update=_action(source, found, inner, "on_update"),
        name=_name(source, inner, table, (column,)),
        line=line_of(entry.key_node),
    )


def _field_target(source: Source, entry: Entry, inner: Mapping[str, Entry]) -> _Target:
    if not inner:
        text = text_of(source, entry.value, f"The value of {entry.key}")
        match = _TARGET.fullmatch(text)
        if not match:
            raise source.error(entry.value, f"The foreign key {text!r} names no column", _SHAPE)
        return _Target(match["table"].strip(), (match["column"].strip(),))
    ends = [
        require(source, inner.get(key), entry.value, f"The foreign key must name its {key}")
        for key in ("table", "column")
    ]
    table, column = (text_of(source, end.value, f"The {end.key}") for end in ends)
    return _Target(table, (column,))


def _action(
    source: Source, found: Mapping[str, Entry], inner: Mapping[str, Entry], key: str
) -> Action:
    entries = [keys[key] for keys in (found, inner) if key in keys]
    actions = {_read_action(source, entry) for entry in entries}
    if len(actions) > 1:
        message = f"{key} is there twice, and says different things"
        raise source.error(entries[1].key_node, message, "keep one of them")
    return actions.pop() if actions else "NO ACTION"


def _read_action(source: Source, entry: Entry) -> Action:
    if is_null(entry.value):
        return "NO ACTION"
    text = text_of(source, entry.value, entry.key)
    words = " ".join(re.split(r"[\s_-]+", text.strip().upper()))
    if words not in get_args(Action):
        known = ", ".join(action.lower() for action in get_args(Action))
        raise source.error(entry.value, f"{entry.key} cannot be {text!r}", f"known here: {known}")
    # Stores that zCLI made have one where the schema says the other; the model has only one.
    return "NO ACTION" if words == "RESTRICT" else cast(Action, words)


def _name(source: Source, found: Mapping[str, Entry], table: str, columns: Sequence[str]) -> str:
    if "name" not in found:
        return default_name("fk", table, columns)
    node = found["name"].value
    return check_name(source, node, text_of(source, node, "The name"), "foreign key")


def listed_foreign_keys(
    source: Source, table: str, node: yaml.Node, known: Sequence[str]
) -> list[ForeignKey]:
    """The table's list of foreign keys, each a mapping with columns, table and ref_columns."""
    return [_listed(source, table, item, known) for item in items(node)]


def _listed(source: Source, table: str, node: yaml.Node, known: Sequence[str]) -> ForeignKey:
    found = mapping(source, node, "A foreign key")
    unknown_item(source, found, _LIST_KEYS, "The foreign key")
    entry = require(
        source,
        one_of(source, found, _COLUMNS, "The foreign key"),
        node,
        "The foreign key must have columns",
    )
    named = texts(source, entry.value, "A column")
    columns = check_columns(source, entry.value, named, known, "The foreign key")
    target = _listed_target(source, node, found)
    if len(target.columns) != len(columns):
        message = f"The foreign key has {len(columns)} columns, but refers to {len(target.columns)}"
        raise source.error(node, message, "name as many ref_columns as columns")
    return ForeignKey(
        columns=columns,
        ref_table=target.table,
        ref_columns=target.columns,
        on_delete=_action(source, found, {}, "on_delete"),
        on_update=_action(source, found, {}, "on_update"),
        name=_name(source, found, table, columns),
        line=line_of(node),
    )


def _listed_target(source: Source, node: yaml.Node, found: Mapping[str, Entry]) -> _Target:
    entry = require(
        source,
        one_of(source, found, _TABLE, "The foreign key"),
        node,
        "The foreign key must have a table",
    )
    columns = one_of(source, found, _REF_COLUMNS, "The foreign key")
    if isinstance(entry.value, yaml.MappingNode):
        return _nested_target(source, entry, columns)
    text = text_of(source, entry.value, f"The {entry.key} of the foreign key").strip()
    if columns is not None:
        return _Target(text, texts(source, columns.value, "A column"))
    match = _CALL.fullmatch(text)
    if match:
        return _Target(match["table"].strip(), tuple(_split(match["columns"])))
    match = _TARGET.fullmatch(text)
    if match:
        return _Target(match["table"].strip(), (match["column"].strip(),))
    raise source.error(entry.value, "The foreign key names no ref_columns", "add ref_columns: [id]")


def _nested_target(source: Source, entry: Entry, outside: Entry | None) -> _Target:
    inner = mapping(source, entry.value, "The target")
    unknown_item(source, inner, {"table", "columns", "column"}, "The target")
    table = require(source, inner.get("table"), entry.value, "The target must have a table")
    columns = one_of(source, inner, ("columns", "column"), "The target") or outside
    columns = require(source, columns, entry.value, "The target must have columns")
    return _Target(
        text_of(source, table.value, "The table"), texts(source, columns.value, "A column")
    )


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",")]
