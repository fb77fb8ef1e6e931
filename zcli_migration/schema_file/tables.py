"""One table of a schema file: its columns, its own keys, and what both make together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

import yaml

from zmigration_api import (
    Check,
    Column,
    CopyOf,
    ForeignKey,
    Index,
    PrimaryKey,
    Table,
    UniqueConstraint,
    is_internal,
)

from .columns import Field, long_field, short_field
from .constraints import Scope, checks, indexes, primary_key_columns, unique_constraints
from .foreign_keys import listed_foreign_keys
from .keys import EVENT_KEY, RESERVED, TABLE_KEYS, warn_unknown
from .names import check_name, default_name
from .types import looks_like_type, shorthand, unknown_type
from .yaml_nodes import Entry, entries, is_null, optional_text, warn_of_key
from .yaml_source import Source, line_of

_Item = TypeVar("_Item", Index, UniqueConstraint, ForeignKey, Check)


@dataclass(slots=True)
class _Parts:
    """A table's entries, sorted into columns and the table's own keys."""

    fields: list[Field] = field(default_factory=list)
    keys: dict[str, Entry] = field(default_factory=dict)


def read_table(source: Source, entry: Entry) -> Table:
    """The table that the entry of a schema file asks for."""
    name = _table_name(source, entry)
    assert isinstance(entry.value, yaml.MappingNode)
    parts = _Parts()
    for inner in entries(source, entry.value):
        _sort(source, name, inner, parts)
    if not parts.fields:
        hint = "add one, such as `id: {type: int, pk: true}`"
        raise source.error(entry.key_node, f"The table {name} has no columns", hint)
    check_apart(source, [(f.column.name, f.node) for f in parts.fields], "columns")
    _check_renames(source, parts.fields)
    _check_copies(source, name, parts.fields)
    return _assemble(source, name, entry, parts)


def check_apart(source: Source, named: Sequence[tuple[str, yaml.Node]], what: str) -> None:
    """SchemaFileError if two of the names differ in nothing but upper and lower case."""
    seen: dict[str, tuple[str, yaml.Node]] = {}
    for name, node in named:
        first = seen.setdefault(name.lower(), (name, node))
        if first[1] is not node:
            raise source.error(
                node,
                f"The {what} {first[0]} (line {line_of(first[1])}) and {name} differ only in case",
                "rename one of them; SQL stores cannot keep both",
            )


def _table_name(source: Source, entry: Entry) -> str:
    warn_of_key(source, entry)
    name = check_name(source, entry.key_node, entry.key, "table")
    if "/" in name or "\\" in name:
        raise source.error(entry.key_node, f"The table name {name} has a slash", "remove it")
    if is_internal(name):
        message = f"The table name {name} is one that migrations and stores keep for themselves"
        raise source.error(entry.key_node, message, "choose another name")
    return name


def _sort(source: Source, table: str, entry: Entry, parts: _Parts) -> None:
    if isinstance(entry.value, yaml.MappingNode):
        _sort_mapping(source, table, entry, entry.value, parts)
    elif entry.key in TABLE_KEYS:
        _refuse_ambiguous(source, entry)
        parts.keys[entry.key] = entry
    elif entry.key in RESERVED or EVENT_KEY.fullmatch(entry.key):
        return
    else:
        _sort_other(source, table, entry, parts)


def _sort_mapping(
    source: Source, table: str, entry: Entry, value: yaml.MappingNode, parts: _Parts
) -> None:
    if entry.key in RESERVED:
        message = f"{entry.key} is a word of zCLI's own; it is neither a column nor migrated"
        source.warn(entry.key_node, message)
        return
    if entry.key in TABLE_KEYS and not _is_typed(source, value):
        message = f"{entry.key} of {table} must not be a mapping, which zCLI takes for a column"
        raise source.error(entry.value, message, "write a list, with one item a line")
    parts.fields.append(long_field(source, table, entry))


def _is_typed(source: Source, value: yaml.MappingNode) -> bool:
    return any(e.key in ("type", "db_type") for e in entries(source, value))


def _refuse_ambiguous(source: Source, entry: Entry) -> None:
    if entry.key == "comment" and shorthand(entry.value):
        message = f"comment: {entry.value.value} may be a comment or a column"
        hint = f"for a column write `comment: {{type: {entry.value.value}}}`"
        raise source.error(entry.value, message, hint)


def _sort_other(source: Source, table: str, entry: Entry, parts: _Parts) -> None:
    short = shorthand(entry.value)
    if short:
        parts.fields.append(short_field(source, table, entry, short))
    elif is_null(entry.value):
        hint = f"write `{entry.key}: {{type: str}}`, or remove the line"
        raise source.error(entry.key_node, f"{table}.{entry.key} says nothing", hint)
    elif entry.key == "description":
        parts.keys.setdefault("comment", entry)
    elif isinstance(entry.value, yaml.ScalarNode) and looks_like_type(entry.value):
        text = str(entry.value.value)
        raise unknown_type(source, entry.value, text, f"{table}.{entry.key}")
    else:
        warn_unknown(source, entry, TABLE_KEYS, "The table key")


def _check_renames(source: Source, fields: Sequence[Field]) -> None:
    present = {f.column.name.lower(): f for f in fields}
    taken: dict[str, Field] = {}
    for one in fields:
        old = one.column.renamed_from
        if old is None:
            continue
        there = present.get(old.lower())
        if there and there is not one:
            message = f"{one.column.name} is renamed from {old}, which is still a column here"
            raise source.error(one.node, message, f"remove {old}, or the renamed_from")
        first = taken.setdefault(old.lower(), one)
        if first is not one:
            message = f"Both {first.column.name} and {one.column.name} are renamed from {old}"
            raise source.error(one.node, message, "keep one of them")


def _check_copies(source: Source, table: str, fields: Sequence[Field]) -> None:
    names = {f.column.name for f in fields}
    for one in fields:
        for part in one.column.backfill.parts if one.column.backfill else ():
            if not isinstance(part, CopyOf):
                continue
            if part.column == one.column.name:
                message = f"The backfill of {table}.{part.column} copies the column itself"
                raise source.error(one.node, message, "name another column")
            if part.column not in names:
                message = f"The backfill copies {part.column}, which only an older schema can have"
                source.warn(one.node, message)


def _assemble(source: Source, name: str, entry: Entry, parts: _Parts) -> Table:
    scope = Scope(source, name, [f.column.name for f in parts.fields])
    key = _primary_key(scope, parts)
    listed = indexes(scope, parts.keys["indexes"].value) if "indexes" in parts.keys else []
    unique = [
        *(u for u in listed if isinstance(u, UniqueConstraint)),
        *_listed_unique(scope, parts.keys),
        *_field_unique(name, parts.fields),
    ]
    plain = [*(i for i in listed if isinstance(i, Index)), *_field_indexes(name, parts.fields)]
    return Table(
        name=name,
        columns=tuple(_keyed(f.column, key) for f in parts.fields),
        primary_key=PrimaryKey(columns=key) if key else None,
        unique=tuple(u for u in _distinct(source, unique) if u.columns != key),
        foreign_keys=_distinct(source, _foreign_keys(scope, parts)),
        checks=_distinct(source, _checks(scope, parts.keys)),
        indexes=tuple(i for i in _distinct(source, plain) if i.where or i.columns != key),
        comment=_text(source, parts.keys, "comment"),
        renamed_from=_renamed_from(source, name, parts.keys),
        line=line_of(entry.key_node),
    )


def _primary_key(scope: Scope, parts: _Parts) -> tuple[str, ...]:
    marked = tuple(f.column.name for f in parts.fields if f.pk)
    entry = parts.keys.get("primary_key")
    listed = primary_key_columns(scope, entry.value) if entry else ()
    if not listed:
        _warn_of_several(scope, parts, marked)
        return marked
    extra = next((f for f in parts.fields if f.pk and f.column.name not in listed), None)
    if extra:
        message = f"{extra.column.name} says pk, but is not in primary_key"
        raise scope.source.error(extra.node, message, "name it in primary_key, or remove its pk")
    return listed


def _warn_of_several(scope: Scope, parts: _Parts, marked: tuple[str, ...]) -> None:
    if len(marked) > 1:
        second = [f for f in parts.fields if f.pk][1]
        scope.source.warn(
            second.node,
            f"Several columns say pk; they are taken as one primary key, but zCLI cannot create "
            f"the table: write primary_key: [{', '.join(marked)}]",
        )


def _keyed(column: Column, key: tuple[str, ...]) -> Column:
    return replace(column, required=True) if column.name in key else column


def _listed_unique(scope: Scope, keys: Mapping[str, Entry]) -> list[UniqueConstraint]:
    return unique_constraints(scope, keys["unique"].value) if "unique" in keys else []


def _field_unique(table: str, fields: Iterable[Field]) -> list[UniqueConstraint]:
    return [
        UniqueConstraint(
            columns=(f.column.name,),
            name=default_name("uq", table, (f.column.name,)),
            line=f.column.line,
        )
        for f in fields
        if f.unique
    ]


def _field_indexes(table: str, fields: Iterable[Field]) -> list[Index]:
    return [
        Index(
            columns=(f.column.name,),
            name=default_name("idx", table, (f.column.name,)),
            line=f.column.line,
        )
        for f in fields
        if f.indexed
    ]


def _foreign_keys(scope: Scope, parts: _Parts) -> list[ForeignKey]:
    entry = parts.keys.get("foreign_keys")
    listed = (
        listed_foreign_keys(scope.source, scope.table, entry.value, scope.columns) if entry else []
    )
    return [*listed, *(f.foreign_key for f in parts.fields if f.foreign_key)]


def _checks(scope: Scope, keys: Mapping[str, Entry]) -> list[Check]:
    return checks(scope, keys["checks"].value) if "checks" in keys else []


def _distinct(source: Source, found: Sequence[_Item]) -> tuple[_Item, ...]:
    """Each thing once, the table's own list first; one name for two things is an error."""
    by_name: dict[str, _Item] = {}
    for item in dict.fromkeys(found):
        first = by_name.setdefault(item.name.lower(), item)
        if first is not item:
            raise source.error_at(
                item.line or 1, f"The name {item.name} is there twice, first in line {first.line}"
            )
    return tuple(by_name.values())


def _text(source: Source, keys: Mapping[str, Entry], key: str) -> str | None:
    return optional_text(source, keys[key].value, f"The table's {key}") if key in keys else None


def _renamed_from(source: Source, name: str, keys: Mapping[str, Entry]) -> str | None:
    old = _text(source, keys, "renamed_from")
    if old == name:
        node = keys["renamed_from"].value
        raise source.error(node, f"The table {name} is renamed from itself", "remove the line")
    return old
