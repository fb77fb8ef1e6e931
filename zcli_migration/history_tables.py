"""History tables: made where they are missing, extended where another tool made them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from zmigration_api import AddColumn, CreateTable, Schema, Table, no_progress

from .planner import in_order, refuse_unsupported
from .survey import Unit


def ensure_history_tables(unit: Unit, tables: Sequence[Table]) -> Schema:
    """The live history tables, all there and with every column, by one plan for all of them."""
    store = unit.store
    live = store.inspect([table.name for table in tables])
    changes = [change for table in tables for change in _missing(table, live)]
    if not changes:
        return live
    refuse_unsupported(unit.backend, changes)
    for step in store.plan(in_order(changes), live, Schema(tables=tuple(tables))):
        store.run(step, no_progress)
    return store.inspect([table.name for table in tables])


def _missing(table: Table, live: Schema) -> Iterator[CreateTable | AddColumn]:
    there = live.table(table.name)
    if there is None:
        yield CreateTable(table)
        return
    for column in table.columns:
        if there.column(column.name) is None:
            yield AddColumn(table.name, column)
