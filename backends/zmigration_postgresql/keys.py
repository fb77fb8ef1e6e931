"""Foreign keys whose both ends change their type: they go before and come back after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from zmigration_api import (
    AlterColumn,
    Change,
    DropConstraint,
    ForeignKey,
    RenameColumn,
    RenameTable,
    Schema,
    Step,
)
from zmigration_sql import Statements


def around_keys(
    steps: Sequence[Step], changes: Sequence[Change], current: Schema, sql: Statements
) -> tuple[Step, ...]:
    """The steps, with each such key dropped in the first that touches it and added in the last."""
    made = list(steps)
    for table, key in _kept(changes, current):
        touching = [n for n, change in enumerate(changes) if _retypes(change, table, key)]
        if len({changes[n].table for n in touching}) < 2 and not _to_itself(touching, table, key):
            continue
        drop, add = sql.drop_constraint(table, key.name), sql.add_constraint(table, key)
        first, last = touching[0], touching[-1]
        made[first] = replace(
            made[first],
            statements=(drop, *made[first].statements),
            undo=(*made[first].undo, add),
        )
        made[last] = replace(
            made[last],
            statements=(*made[last].statements, add),
            undo=(drop, *made[last].undo),
        )
    return tuple(made)


def _to_itself(touching: Sequence[int], table: str, key: ForeignKey) -> bool:
    return key.ref_table == table and len(touching) > 1


def _retypes(change: Change, table: str, key: ForeignKey) -> bool:
    if not isinstance(change, AlterColumn) or not change.retyped:
        return False
    ends = {(table, c) for c in key.columns} | {(key.ref_table, c) for c in key.ref_columns}
    return (change.table, change.new.name) in ends


def _kept(changes: Sequence[Change], current: Schema) -> list[tuple[str, ForeignKey]]:
    """(table, key) under the names after the renames, but for the keys that the plan drops."""
    tables = {c.old: c.new for c in changes if isinstance(c, RenameTable)}
    columns = {(c.table, c.old): c.new for c in changes if isinstance(c, RenameColumn)}
    dropped = {(c.table, c.constraint.name) for c in changes if isinstance(c, DropConstraint)}

    def named(table: str, names: Sequence[str]) -> tuple[str, ...]:
        return tuple(columns.get((table, name), name) for name in names)

    found = []
    for table in current.tables:
        owner = tables.get(table.name, table.name)
        for key in table.foreign_keys:
            ref = tables.get(key.ref_table, key.ref_table)
            if (owner, key.name) not in dropped:
                ends = named(owner, key.columns), named(ref, key.ref_columns)
                found.append(
                    (owner, replace(key, columns=ends[0], ref_table=ref, ref_columns=ends[1]))
                )
    return found
