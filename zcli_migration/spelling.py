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
    """`desired` with every table and column named as the store has it, or would have it.

    Exact tables keep their names; where a live one differs in upper and lower case alone, that is
    a rename (unless to the store case is no part of a name that is not quoted).
    """
    tables = _speller((table.name for table in live.tables), store)
    columns = {
        table.name: _speller((column.name for column in table.columns), store)
        for table in live.tables
    }

    def column_speller(table: Table) -> Speller:
        if table.exact:
            return _speller((column.name for column in table.columns), store)
        current = tables(table.renamed_from or table.name)
        return columns.get(tables(table.name)) or columns.get(current) or store.spell

    folds = store.spell("A") != "A"
    exact = [t for t in desired.tables if t.exact and not folds]
    names = _speller((t.name for t in (*live.tables, *exact)), store)
    by_name = {table.name: column_speller(table) for table in desired.tables}

    def written(table: Table) -> Table:
        if not table.exact:
            return _table(table, names, by_name, columns, store)
        return table if folds else _said(table, tables, columns)

    return replace(desired, tables=tuple(map(written, desired.tables)))


def _said(table: Table, tables: Speller, columns: dict[str, Speller]) -> Table:
    """An exact table with what it has that is called as now but for the case renamed from that."""
    old = table.renamed_from and tables(table.renamed_from)
    there = old if old in columns else tables(table.name)
    if old not in columns and there in columns and there != table.name:
        old = there
    spell = columns.get(there)

    def column(one: Column) -> Column:
        assert spell is not None
        now, before = spell(one.name), one.renamed_from and spell(one.renamed_from)
        before = now if now != one.name else before
        return one if before == one.renamed_from else replace(one, renamed_from=before)

    said = tuple(map(column, table.columns)) if spell else table.columns
    return replace(table, renamed_from=old, columns=said)


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
