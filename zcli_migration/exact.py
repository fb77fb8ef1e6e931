"""Exact schema files: all that their tables hold is theirs, in the store's own forms.

Without a record the store is taken as if its present state had been recorded: what the file does
not say goes. With one, what came by another hand since, and the file does not say, is left alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias, TypeVar, cast

from zmigration_api import (
    BackendType,
    Change,
    Check,
    Column,
    DropColumn,
    DropConstraint,
    DropIndex,
    ExactStore,
    Exclusion,
    ForeignKey,
    Index,
    Schema,
    SetComment,
    Store,
    Table,
    UniqueConstraint,
    UnsupportedChange,
)

Part: TypeAlias = UniqueConstraint | ForeignKey | Check | Exclusion | Index
_Part = TypeVar("_Part", UniqueConstraint, ForeignKey, Check, Exclusion, Index)
_Keyed = TypeVar("_Keyed", UniqueConstraint, Exclusion)


@dataclass(frozen=True, slots=True)
class Owned:
    """What of one live table is ours, by names; without this all of it is."""

    columns: frozenset[str]
    parts: frozenset[str]
    wanted: frozenset[Part] = frozenset()

    @classmethod
    def by(cls, *tables: Table | None) -> Owned:
        """What these forms of the table know of it."""
        known = [table for table in tables if table is not None]
        columns = {c.name for table in known for c in table.columns}
        columns |= {c.renamed_from for table in known for c in table.columns if c.renamed_from}
        parts = {part.name for table in known for part in parts_of(table)}
        wanted = {part for table in known for part in parts_of(table)}
        return cls(frozenset(columns), frozenset(parts), frozenset(wanted))

    def and_dropped(self, changes: Iterable[Change]) -> Owned:
        """With what these changes of the table have dropped."""
        listed = tuple(changes)
        columns = {c.column.name for c in listed if isinstance(c, DropColumn)}
        parts = {c.index.name for c in listed if isinstance(c, DropIndex)}
        parts |= {c.constraint.name or "" for c in listed if isinstance(c, DropConstraint)}
        return replace(self, columns=self.columns | columns, parts=self.parts | parts)

    def has(self, part: Part) -> bool:
        """Whether that constraint or index is ours."""
        return part.name in self.parts or part in self.wanted


def parts_of(table: Table) -> Iterator[Part]:
    """What a table has under names of their own, its primary key aside."""
    yield from table.unique
    yield from table.foreign_keys
    yield from table.checks
    yield from table.exclusions
    yield from table.indexes


def exactly(desired: Schema, live: Schema, store: Store, backend: BackendType) -> Schema:
    """`desired` with its exact tables in the forms of the store."""
    tables = tuple(table for table in desired.tables if table.exact)
    if not tables:
        return desired
    if SetComment not in backend.supports:
        tables = tuple(map(_uncommented, tables))
    found = _exact_store(store, backend).exact(Schema(tables=tables, types=desired.types), live)
    return replace(desired.with_tables(found.tables), types=found.types)


def as_found(tables: Sequence[Table], store: Store, backend: BackendType) -> tuple[Table, ...]:
    """Live tables in the same forms."""
    if not tables:
        return ()
    found = _exact_store(store, backend).as_found(Schema(tables=tuple(tables))).tables
    return tuple(replace(table, exact=True) for table in found)


def ours_of(
    found: Table, wanted: Table | None, recorded: Table | None, owned: Owned | None
) -> Table:
    """A live table (`as_found`) without what is not ours, with what only files know of columns."""
    mine = found if owned is None else _owned(found, owned)
    meant = [table for table in (recorded, wanted) if table is not None]
    return replace(mine, columns=tuple(_told(column, meant) for column in mine.columns))


def _owned(found: Table, owned: Owned) -> Table:
    def kept(parts: tuple[_Part, ...]) -> tuple[_Part, ...]:
        return tuple(part for part in parts if owned.has(part))

    return replace(
        found,
        columns=tuple(c for c in found.columns if c.name in owned.columns),
        unique=kept(found.unique),
        foreign_keys=kept(found.foreign_keys),
        checks=kept(found.checks),
        exclusions=kept(found.exclusions),
        indexes=kept(found.indexes),
    )


def _told(column: Column, meant: Sequence[Table]) -> Column:
    """No store is told of an enumeration, nor of a default that the app computes."""
    known = (k for table in meant for k in table.columns)
    same = next((k for k in known if column.name in (k.name, k.renamed_from)), None)
    if same is None:
        return column
    by_app = column.default is None and same.default is not None and same.default.kind == "app"
    return replace(column, enum=same.enum, default=same.default if by_app else column.default)


def _uncommented(table: Table) -> Table:
    key = table.primary_key

    def plain(parts: tuple[_Part, ...]) -> tuple[_Part, ...]:
        return tuple(replace(part, comment=None) for part in parts)

    def bare(parts: tuple[_Keyed, ...]) -> tuple[_Keyed, ...]:
        return tuple(replace(part, comment=None, index_comment=None) for part in parts)

    return replace(
        table,
        comment=None,
        columns=tuple(replace(column, comment=None) for column in table.columns),
        primary_key=replace(key, comment=None, index_comment=None) if key else None,
        unique=bare(table.unique),
        foreign_keys=plain(table.foreign_keys),
        checks=plain(table.checks),
        exclusions=bare(table.exclusions),
        indexes=plain(table.indexes),
    )


def is_exact_store(store: Store) -> bool:
    """Whether schema files can say the tables of such a store exactly."""
    return hasattr(store, "as_found")


def exact_store(store: Store) -> ExactStore:
    """The store, which must be one (`is_exact_store`)."""
    return cast(ExactStore, store)


def _exact_store(store: Store, backend: BackendType) -> ExactStore:
    if not is_exact_store(store):
        raise UnsupportedChange(
            f"{backend.name} stores keep too little of a table to be said exactly",
            hint="remove zMigrationExact from Meta",
        )
    return exact_store(store)
