"""The diff rules of exact tables: names, comments and options are differences too."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, Literal, TypeVar

from zmigration_api import (
    AddConstraint,
    AddIndex,
    AlterTable,
    AlterType,
    Change,
    Check,
    CreateType,
    DropConstraint,
    DropIndex,
    DropType,
    Exclusion,
    NamedType,
    PrimaryKey,
    RenamePart,
    RenameType,
    Schema,
    SetComment,
    Table,
    UniqueConstraint,
)

_T = TypeVar("_T")
_PartKind = Literal["index", "constraint"]
Keyed = PrimaryKey | UniqueConstraint | Exclusion
"""Constraints with an index behind them."""


@dataclass(frozen=True, slots=True)
class Matched(Generic[_T]):
    """Which parts of a table are which of another: pairs (with equal structure), and the rest."""

    pairs: tuple[tuple[_T, _T], ...]
    gone: tuple[_T, ...]
    new: tuple[_T, ...]


def matched(before: Sequence[_T], after: Sequence[_T]) -> Matched[_T]:
    """Equal parts paired, those of one name first; two indexes may differ in nothing but names."""
    pairs: list[tuple[_T, _T]] = []
    gone, new = list(before), list(after)
    for by_name in (True, False):
        for part in list(new):
            twin = next((b for b in gone if _alike(b, part, by_name=by_name)), None)
            if twin is not None:
                pairs.append((twin, part))
                _remove(gone, twin)
                _remove(new, part)
    return Matched(tuple(pairs), tuple(gone), tuple(new))


def _remove(items: list[_T], item: _T) -> None:
    """By identity: equal items may differ in their names."""
    del items[next(n for n, one in enumerate(items) if one is item)]


def _alike(before: Any, after: Any, *, by_name: bool) -> bool:  # noqa: ANN401
    if by_name:
        return bool(before == after and before.name == after.name)
    if isinstance(before, Check) and isinstance(after, Check):  # compared by name and text
        return replace(before, name=after.name) == after
    return bool(before == after)


def _pairs(current: Schema, desired: Schema) -> Iterator[tuple[Table, Table]]:
    for table in desired.tables:
        live = current.table(table.name)
        if table.exact and live is not None:
            yield live, table


def indexes(current: Schema, desired: Schema) -> Iterator[Change]:
    """Indexes that come, go, or have another name."""
    for live, table in _pairs(current, desired):
        found = matched(live.indexes, table.indexes)
        yield from _renamed(table.name, "index", found)
        yield from (AddIndex(table.name, index) for index in found.new)
        yield from (DropIndex(table.name, index) for index in found.gone)


def constraints(current: Schema, desired: Schema) -> Iterator[Change]:
    """Constraints that come, go, or have another name."""
    for live, table in _pairs(current, desired):
        found = matched(live.constraints, table.constraints)
        yield from _renamed(table.name, "constraint", found)
        yield from (AddConstraint(table.name, constraint) for constraint in found.new)
        yield from (DropConstraint(table.name, constraint) for constraint in found.gone)


def _renamed(table: str, kind: _PartKind, found: Matched[Any]) -> Iterator[Change]:
    for before, after in found.pairs:
        if before.name is None or after.name is None or before.name == after.name:
            continue
        if "" in (before.name, after.name):  # SQLite's primary keys may have no name
            yield DropConstraint(table, before)
            yield AddConstraint(table, after)
        else:
            yield RenamePart(table, kind, before.name, after.name)


def comments(current: Schema, desired: Schema) -> Iterator[Change]:
    """Comments on what is there and stays; what is new brings its own."""
    for live, table in _pairs(current, desired):
        if live.comment != table.comment:
            yield SetComment(table.name, "table", None, live.comment, table.comment)
        for column in table.columns:
            before = live.column(column.name)
            if before is not None and before.comment != column.comment:
                yield SetComment(table.name, "column", column.name, before.comment, column.comment)
        yield from _part_comments(table.name, "index", live.indexes, table.indexes)
        yield from _part_comments(table.name, "constraint", live.constraints, table.constraints)


def _part_comments(
    table: str, kind: _PartKind, before: Sequence[Any], after: Sequence[Any]
) -> Iterator[Change]:
    for old, new in matched(before, after).pairs:
        name = new.name or old.name
        if old.comment != new.comment:
            yield SetComment(table, kind, name, old.comment, new.comment)
        if isinstance(new, Keyed) and old.index_comment != new.index_comment:
            yield SetComment(table, "index", name, old.index_comment, new.index_comment)


def options(current: Schema, desired: Schema) -> Iterator[Change]:
    """What the store says of the whole table, and of the indexes behind its keys."""
    for live, table in _pairs(current, desired):
        if live.options != table.options:
            yield AlterTable(table.name, live.options, table.options)
        for old, new in matched(live.constraints, table.constraints).pairs:
            if isinstance(new, Keyed) and isinstance(old, Keyed) and old.options != new.options:
                yield AlterTable(table.name, old.options, new.options, new.name or old.name)


def type_renames(current: Schema, desired: Schema) -> Iterator[Change]:
    """Named types with another name."""
    there = {named.name for named in current.types}
    for named in desired.types:
        if named.renamed_from in there and named.name not in there and named.renamed_from:
            yield RenameType(named.renamed_from, named.name)


def types(current: Schema, desired: Schema) -> Iterator[Change]:
    """Named types that come, change, or go because no column has them."""
    there = {named.name: named for named in current.types}
    wanted = {named.name for named in desired.types}
    for named in desired.types:
        before = there.get(named.name)
        if before is None:
            yield CreateType(named)
        elif before != named or before.comment != named.comment:
            yield AlterType(before, named)
    for named in current.types:
        if named.name not in wanted and not _used(named, desired):
            yield DropType(named)


def _used(named: NamedType, schema: Schema) -> bool:
    word = re.compile(rf'(?<![\w"]){re.escape(named.name)}(?![\w"])|"{re.escape(named.name)}"')
    texts = (c.exact_type or c.native or "" for table in schema.tables for c in table.columns)
    return any(word.search(text) for text in texts)
