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
    Exclusion,
    ForeignKey,
    Index,
    PrimaryKey,
    Table,
    UniqueConstraint,
    is_internal,
)

from .columns import Field, long_field, pk_as_said, short_field
from .constraints import Scope, checks, exclusions, indexes, primary_key, unique_constraints
from .foreign_keys import listed_foreign_keys
from .keys import EVENT_KEY, RESERVED, TABLE_ALIASES, TABLE_KEYS, warn_unknown, without_sql
from .names import POSTGRESQL, check_name, is_sqlite
from .types import looks_like_type, shorthand, unknown_type
from .yaml_nodes import Entry, entries, is_null, items, optional_text, texts, warn_of_key
from .yaml_source import Source, line_of

_Item = TypeVar("_Item", Index, UniqueConstraint, ForeignKey, Check, Exclusion)


# Words that were no table keys once, so that a column in short form may have such a name.
_NEW_KEYS = frozenset({"exclusions", "options"})

_OWN_KEYS = TABLE_KEYS | TABLE_ALIASES.keys()


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
    parts.keys = without_sql(source, parts.keys, TABLE_KEYS, f"The table {name}")
    if not parts.fields and not source.exact:
        hint = "add one, such as `id: {type: int, pk: true}`"
        raise source.error(entry.key_node, f"The table {name} has no columns", hint)
    check_apart(source, [(f.column.name, f.node) for f in parts.fields], "columns")
    _check_renames(source, parts.fields)
    _check_copies(source, name, parts.fields)
    return _assemble(source, name, entry, parts)


def check_apart(source: Source, named: Sequence[tuple[str, yaml.Node]], what: str) -> None:
    """SchemaFileError if two of the names differ in nothing but upper and lower case.

    PostgreSQL can keep both, and an exact file names them as they are.
    """
    if source.exact and source.data_type in POSTGRESQL:
        return
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
    if ("/" in name or "\\" in name) and not source.exact:
        raise source.error(entry.key_node, f"The table name {name} has a slash", "remove it")
    if is_internal(name):
        message = f"The table name {name} is one that migrations and stores keep for themselves"
        raise source.error(entry.key_node, message, "choose another name")
    return name


def _sort(source: Source, table: str, entry: Entry, parts: _Parts) -> None:
    if isinstance(entry.value, yaml.MappingNode):
        _sort_mapping(source, table, entry, entry.value, parts)
    elif entry.key in TABLE_KEYS and not (entry.key in _NEW_KEYS and shorthand(entry.value)):
        _refuse_ambiguous(source, entry)
        _take(source, entry.key, entry, parts)
    elif entry.key in TABLE_ALIASES and not shorthand(entry.value):
        _take(source, TABLE_ALIASES[entry.key], entry, parts)
    elif entry.key in RESERVED or EVENT_KEY.fullmatch(entry.key):
        return
    else:
        _sort_other(source, table, entry, parts)


def _take(source: Source, key: str, entry: Entry, parts: _Parts) -> None:
    first = parts.keys.setdefault(key, entry)
    if first is not entry:
        message = f"{entry.key} says again what {first.key} in line {line_of(first.key_node)} says"
        raise source.error(entry.key_node, message, "keep one of them")


def _sort_mapping(
    source: Source, table: str, entry: Entry, value: yaml.MappingNode, parts: _Parts
) -> None:
    if entry.key in RESERVED and not (source.exact and _is_typed(source, value)):
        message = f"{entry.key} is a word of zCLI's own; it is neither a column nor migrated"
        source.warn(entry.key_node, message)
        return
    if entry.key in _OWN_KEYS and not _is_typed(source, value):
        message = f"{entry.key} of {table} must not be a mapping, which zCLI takes for a column"
        raise source.error(entry.value, message, "write a list, with one item a line")
    parts.fields.append(long_field(source, table, entry))


def _is_typed(source: Source, value: yaml.MappingNode) -> bool:
    return any(e.key in ("type", "db_type") for e in entries(source, value))


def _refuse_ambiguous(source: Source, entry: Entry) -> None:
    if entry.key == "comment" and shorthand(entry.value):
        message = f"comment: {entry.value.value} may be a comment or a column"
        text = entry.value.value
        hint = f"for a column write `comment: {{type: {text}}}`, for a comment `comment: [{text}]`"
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
        if there and there is not one and there.column.renamed_from is None:
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
        *_field_unique(scope, parts.fields),
    ]
    plain = [*(i for i in listed if isinstance(i, Index)), *_field_indexes(scope, parts.fields)]
    return Table(
        name=name,
        columns=tuple(_keyed(source, f, key) for f in parts.fields),
        primary_key=key,
        unique=tuple(u for u in _distinct(source, unique) if source.exact or not _is_key(u, key)),
        foreign_keys=_distinct(source, _foreign_keys(scope, parts)),
        checks=_distinct(source, _checks(scope, parts.keys)),
        exclusions=_distinct(source, _exclusions(scope, parts.keys)),
        indexes=tuple(i for i in _distinct(source, plain) if source.exact or not _is_key(i, key)),
        options=_options(source, parts.keys),
        comment=_comment(source, parts.keys),
        renamed_from=_renamed_from(source, name, parts.keys),
        line=line_of(entry.key_node),
    )


def _is_key(one: Index | UniqueConstraint, key: PrimaryKey | None) -> bool:
    """Whether it says no more than the primary key does."""
    if key is None or one.columns != key.columns:
        return False
    plain: Index | UniqueConstraint = (
        Index(columns=one.columns, unique=one.unique, name=one.name)
        if isinstance(one, Index)
        else UniqueConstraint(columns=one.columns, name=one.name)
    )
    return one == plain


def _primary_key(scope: Scope, parts: _Parts) -> PrimaryKey | None:
    marked = tuple(f.column.name for f in parts.fields if f.pk)
    entry = parts.keys.get("primary_key")
    listed = primary_key(scope, entry.value) if entry else None
    if listed is None:
        _warn_of_several(scope, parts, marked)
        return PrimaryKey(columns=marked) if marked else None
    extra = next((f for f in parts.fields if f.pk and f.column.name not in listed.columns), None)
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


def _keyed(source: Source, found: Field, key: PrimaryKey | None) -> Column:
    """The column, as required as columns of the key are."""
    if key is None or found.column.name not in key.columns:
        return found.column
    return replace(found.column, required=pk_as_said(source, found.said))


def _listed_unique(scope: Scope, keys: Mapping[str, Entry]) -> list[UniqueConstraint]:
    return unique_constraints(scope, keys["unique"].value) if "unique" in keys else []


def _field_unique(scope: Scope, fields: Iterable[Field]) -> list[UniqueConstraint]:
    return [
        UniqueConstraint(
            columns=(f.column.name,),
            name=scope.default_name("uq", (f.column.name,)),
            line=f.column.line,
        )
        for f in fields
        if f.unique
    ]


def _field_indexes(scope: Scope, fields: Iterable[Field]) -> list[Index]:
    return [
        Index(
            columns=(f.column.name,),
            name=scope.default_name("idx", (f.column.name,)),
            line=f.column.line,
        )
        for f in fields
        if f.indexed
    ]


def _foreign_keys(scope: Scope, parts: _Parts) -> list[ForeignKey]:
    entry = parts.keys.get("foreign_keys")
    listed = listed_foreign_keys(scope, entry.value) if entry else []
    return [*listed, *(f.foreign_key for f in parts.fields if f.foreign_key)]


def _checks(scope: Scope, keys: Mapping[str, Entry]) -> list[Check]:
    return checks(scope, keys["checks"].value) if "checks" in keys else []


def _exclusions(scope: Scope, keys: Mapping[str, Entry]) -> list[Exclusion]:
    return exclusions(scope, keys["exclusions"].value) if "exclusions" in keys else []


def _options(source: Source, keys: Mapping[str, Entry]) -> tuple[str, ...]:
    if "options" not in keys:
        return ()
    return tuple(sorted(texts(source, keys["options"].value, "An option of the table")))


def _distinct(source: Source, found: Sequence[_Item]) -> tuple[_Item, ...]:
    """Each thing once, the table's own list first; one name for two things is an error.

    An exact file may say a thing twice, for a store may have it twice; SQLite has names that
    several constraints share, and PostgreSQL those that differ only in case.
    """
    if source.exact and is_sqlite(source.data_type):
        return tuple(found)
    by_name: dict[str, _Item] = {}
    for item in found if source.exact else dict.fromkeys(found):
        first = by_name.setdefault(item.name if source.exact else item.name.lower(), item)
        if first is not item:
            raise source.error_at(
                item.line or 1, f"The name {item.name} is there twice, first in line {first.line}"
            )
    return tuple(by_name.values())


def _comment(source: Source, keys: Mapping[str, Entry]) -> str | None:
    """The table's comment: a text, or a list of one, which is never taken for a column."""
    if "comment" not in keys or not isinstance(keys["comment"].value, yaml.SequenceNode):
        return _text(source, keys, "comment")
    node = keys["comment"].value
    if len(items(node)) != 1:
        raise source.error(node, "The table's comment must be one text", "join them to one")
    return texts(source, node, "The table's comment")[0]


def _text(source: Source, keys: Mapping[str, Entry], key: str) -> str | None:
    return optional_text(source, keys[key].value, f"The table's {key}") if key in keys else None


def _renamed_from(source: Source, name: str, keys: Mapping[str, Entry]) -> str | None:
    old = _text(source, keys, "renamed_from")
    if old == name:
        node = keys["renamed_from"].value
        raise source.error(node, f"The table {name} is renamed from itself", "remove the line")
    return old
