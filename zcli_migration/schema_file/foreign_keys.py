"""Foreign keys of schema files: on a field, or in a table's list."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple, TypeAlias, cast, get_args

import yaml

from zmigration_api import Action, ForeignKey

from .constraints import Item, Scope
from .keys import one_of, require, unknown_item
from .names import POSTGRESQL, bare, check_columns, check_name, default_name, is_sqlite
from .yaml_nodes import Entry, is_null, items, mapping, text_of, texts
from .yaml_source import Source, line_of

_TARGET = re.compile(r"(?P<table>[^.()]+)\.(?P<column>[^.()]+)")
_TARGET_IN_SCHEMA = re.compile(r"(?P<table>[^()]+)\.(?P<column>[^.()]+)")
_CALL = re.compile(r"(?P<table>[^()]+)\((?P<columns>[^()]+)\)")
_SHAPE = "write table.column, as users.id"
_FIELD_KEYS = frozenset({"table", "column", "on_delete", "on_update", "name"})
_COLUMNS = ("columns", "column", "fields")
_TABLE = ("table", "references", "ref_table")
_REF_COLUMNS = ("ref_columns", "ref_column")
_LIST_KEYS = frozenset(
    {
        *(*_COLUMNS, *_TABLE, *_REF_COLUMNS, "on_delete", "on_update", "name", "match"),
        *("deferrable", "not_valid", "set_columns", "comment"),
    }
)
_MATCHES = ("SIMPLE", "FULL", "PARTIAL")


Match: TypeAlias = Literal["SIMPLE", "FULL", "PARTIAL"]


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
        match = _target(source).fullmatch(text)
        if not match:
            raise source.error(entry.value, f"The foreign key {text!r} names no column", _SHAPE)
        return _Target(match["table"].strip(), (match["column"].strip(),))
    if "column" not in inner and "table" in inner and source.exact:
        return _Target(text_of(source, inner["table"].value, "The table"), ())
    ends = [
        require(source, inner.get(key), entry.value, f"The foreign key must name its {key}")
        for key in ("table", "column")
    ]
    table, column = (text_of(source, end.value, f"The {end.key}") for end in ends)
    return _Target(table, (column,))


def _target(source: Source) -> re.Pattern[str]:
    """`users.id`; on PostgreSQL a table may be in another schema: `app.users.id`."""
    return _TARGET_IN_SCHEMA if source.data_type in POSTGRESQL else _TARGET


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
    # Stores that zCLI made have one where the schema says the other.
    alike = words == "RESTRICT" and not source.exact
    return "NO ACTION" if alike else cast(Action, words)


def _name(source: Source, found: Mapping[str, Entry], table: str, columns: Sequence[str]) -> str:
    if "name" not in found:
        return default_name("fk", bare(table, source.data_type), columns)
    node = found["name"].value
    return check_name(source, node, text_of(source, node, "The name"), "foreign key")


def listed_foreign_keys(scope: Scope, node: yaml.Node) -> list[ForeignKey]:
    """The table's list of foreign keys, each a mapping with columns, table and ref_columns."""
    return [_listed(scope, item) for item in items(node)]


def _listed(scope: Scope, node: yaml.Node) -> ForeignKey:
    item = scope.item(node, _LIST_KEYS, "A", "foreign key")
    (source, table, known), found = scope, item.found
    entry = require(
        source,
        one_of(source, found, _COLUMNS, "The foreign key"),
        node,
        "The foreign key must have columns",
    )
    named = texts(source, entry.value, "A column")
    # SQLite has foreign keys of one column twice, and to whatever the key of a table is.
    twice = source.exact and is_sqlite(source.data_type)
    columns = check_columns(source, entry.value, named, known, "The foreign key", twice=twice)
    target = _listed_target(source, node, found)
    to_the_key = source.exact and not target.columns
    if len(target.columns) != len(columns) and not to_the_key:
        message = f"The foreign key has {len(columns)} columns, but refers to {len(target.columns)}"
        raise source.error(node, message, "name as many ref_columns as columns")
    return ForeignKey(
        columns=columns,
        ref_table=target.table,
        ref_columns=target.columns,
        on_delete=_action(source, found, {}, "on_delete"),
        on_update=_action(source, found, {}, "on_update"),
        set_columns=item.columns("set_columns"),
        match=_match(item),
        deferral=item.deferral(),
        valid=not item.flag("not_valid"),
        name=_name(source, found, table, columns),
        comment=item.text("comment"),
        line=line_of(node),
    )


def _match(item: Item) -> Match:
    text = (item.text("match") or "simple").upper()
    if text not in _MATCHES:
        node, known = item.found["match"].value, ", ".join(_MATCHES).lower()
        message = f"match of the foreign key cannot be {text.lower()!r}"
        raise item.scope.source.error(node, message, f"known here: {known}")
    return cast(Match, text)


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
    text = text_of(source, entry.value, f"The {entry.key} of the foreign key")
    if columns is not None:
        return _Target(text, texts(source, columns.value, "A column"))
    text = text.strip()
    match = _CALL.fullmatch(text)
    if match:
        return _Target(match["table"].strip(), tuple(_split(match["columns"])))
    match = _target(source).fullmatch(text)
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
