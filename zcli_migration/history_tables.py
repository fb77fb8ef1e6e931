"""History tables: made where they are missing, extended where another tool made them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from zmigration_api import AddColumn, CreateTable, Schema, Store, Table

from .planner import in_order


def ensure_history_tables(store: Store, tables: Sequence[Table]) -> Schema:
    """The live history tables, all there and with every column, by one plan for all of them."""
    live = store.inspect([table.name for table in tables])
    changes = [change for table in tables for change in _missing(table, live)]
    if not changes:
        return live
    for step in store.plan(in_order(changes), live, Schema(tables=tuple(tables))):
        store.run(step, lambda done, total: None)
    return store.inspect([table.name for table in tables])


def _missing(table: Table, live: Schema) -> Iterator[CreateTable | AddColumn]:
    there = live.table(table.name)
    if there is None:
        yield CreateTable(table)
        return
    for column in table.columns:
        if there.column(column.name) is None:
            yield AddColumn(table.name, column)
