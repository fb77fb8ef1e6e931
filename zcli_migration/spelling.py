"""The desired schema in the spelling of the store: live names as they are, new ones as it would.

PostgreSQL folds what zCLI writes unquoted, SQLite takes `Email` and `email` for one column.
Exact files say names as they are, where writing them otherwise makes a difference.
After this every comparison is by plain equality of names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TypeAlias, TypeVar

from zmigration_api import (
    Backfill,
    Column,
    CopyOf,
    ForeignKey,
    Index,
    PrimaryKey,
    Schema,
    Store,
    Table,
    UniqueConstraint,
)

_Part = TypeVar("_Part", PrimaryKey, UniqueConstraint, Index)
Speller: TypeAlias = Callable[[str], str]


def spelled(desired: Schema, live: Schema, store: Store) -> Schema:
    """`desired` with every table and column named as the store has it, or would have it."""
    tables = _speller((table.name for table in live.tables), store)
    columns = {
        table.name: _speller((column.name for column in table.columns), store)
        for table in live.tables
    }

    def column_speller(table: Table) -> Speller:
        current = tables(table.renamed_from or table.name)
        return columns.get(tables(table.name)) or columns.get(current) or store.spell

    by_name = {table.name: column_speller(table) for table in desired.tables}
    folds = store.spell("A") != "A"
    written = (
        t if t.exact and folds else _table(t, tables, by_name, columns, store)
        for t in desired.tables
    )
    return replace(desired, tables=tuple(written))


def _speller(names: Iterable[str], store: Store) -> Speller:
    known = {store.name_key(name): name for name in names}
    found: dict[str, str] = {}

    def spell(name: str) -> str:
        if name not in found:
            found[name] = known.get(store.name_key(name)) or store.spell(name)
        return found[name]

    return spell


def _table(
    table: Table,
    tables: Speller,
    by_name: dict[str, Speller],
    live: dict[str, Speller],
    store: Store,
) -> Table:
    spell = by_name[table.name]

    def foreign_key(key: ForeignKey) -> ForeignKey:
        ref = tables(key.ref_table)
        there = by_name.get(key.ref_table) or live.get(ref) or store.spell
        return replace(
            key,
            columns=tuple(map(spell, key.columns)),
            ref_table=ref,
            ref_columns=tuple(map(there, key.ref_columns)),
        )

    key = table.primary_key
    return replace(
        table,
        name=tables(table.name),
        renamed_from=tables(table.renamed_from) if table.renamed_from else None,
        columns=tuple(_column(column, spell) for column in table.columns),
        primary_key=_named(key, spell) if key else None,
        unique=tuple(_named(unique, spell) for unique in table.unique),
        indexes=tuple(_named(index, spell) for index in table.indexes),
        foreign_keys=tuple(foreign_key(k) for k in table.foreign_keys),
    )


def _named(part: _Part, spell: Speller) -> _Part:
    columns = tuple(map(spell, part.columns))
    return part if columns == part.columns else replace(part, columns=columns)


def _column(column: Column, spell: Speller) -> Column:
    backfill = column.backfill
    if backfill is not None:
        parts = (CopyOf(spell(p.column)) if isinstance(p, CopyOf) else p for p in backfill.parts)
        backfill = Backfill(parts=tuple(parts))
    name = spell(column.name)
    if name == column.name and backfill is None and column.renamed_from is None:
        return column
    return replace(
        column,
        name=name,
        renamed_from=spell(column.renamed_from) if column.renamed_from else None,
        backfill=backfill,
    )
