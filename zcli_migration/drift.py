"""Drift: what moved in a store since the last record, by another hand than ours.

Three states are compared: the file, the last record, and the live store. A move that ends where
the file wants to be is taken as it is; any other is refused until somebody has looked at it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from zmigration_api import AlterColumn, Change, Column, DriftError, Schema, Table
from zmigration_api.changes import AddConstraint, AddIndex, CreateTable
from zmigration_api.describe import column_of
from zmigration_api.snapshot import encode, recorded_alike

from .exact import parts_of
from .recording import Recorded

BACK = "holds the values again that the last migration replaced"


@dataclass(frozen=True, slots=True)
class Move:
    """One thing that is no longer as it was recorded. `thing` is a column or constraint name."""

    table: str
    thing: str | None
    text: str


_OLDER = ("is gone", BACK)


def values_back(table: str, column: str) -> Move:
    """The move of a column whose values are again those that the last migration replaced."""
    return Move(table, column, f"column {table}.{column} {BACK}")


def moves(recorded: Recorded, live: Schema) -> tuple[Move, ...]:
    """Everything of ours in the store that is not as the last record left it."""
    if recorded.tables is None or recorded.observed is None:
        return ()
    found: list[Move] = []
    for table in recorded.tables.tables:
        before, now = recorded.observed.table(table.name), live.table(table.name)
        if before is None:
            continue
        if now is None:
            found.append(Move(table.name, None, f"table {table.name} is gone"))
        else:
            found += _columns(table, before, now)
            found += _constraints(table, before, now)
    return tuple(found)


def _columns(ours: Table, before: Table, now: Table) -> Iterator[Move]:
    for column in ours.columns:
        was, live = before.column(column.name), now.column(column.name)
        name = f"{ours.name}.{column.name}"
        if was is None:
            continue
        if live is None:
            yield Move(ours.name, column.name, f"column {name} is gone")
        elif not recorded_alike(was, live):
            yield Move(ours.name, column.name, f"column {name} changed: {_facts(was, live)}")


def _facts(was: Column, live: Column) -> str:
    before, now = encode(was), encode(live)
    names = sorted(n for n in {*before, *now} if before.get(n) != now.get(n) and n != "type")
    shown = [f"{n} {before.get(n, 'none')} → {now.get(n, 'none')}" for n in names]
    return ", ".join(shown) or f"type {was.type} → {live.type}"


def _constraints(ours: Table, before: Table, now: Table) -> Iterator[Move]:
    there = (*now.constraints, *now.indexes)
    known = {*ours.unique, *ours.foreign_keys, *ours.indexes}
    names = {part.name for part in parts_of(ours)} if ours.exact else set()
    for item in (*before.constraints, *before.indexes):
        name = getattr(item, "name", None) or "primary key"
        mine = item in known or name in names or item == before.primary_key
        if item not in there and mine:
            yield Move(ours.name, name, f"{name} on {ours.name} is gone")


def refuse(
    schema: str,
    moved: Sequence[Move],
    changes: Sequence[Change],
    recorded: Recorded | None,
    *,
    in_files: bool = False,
) -> DriftError | None:
    """The error for moves that the file does not agree with; None if there are none.

    `in_files`: the store is a folder of files, of which zCLI holds copies while an app runs.
    """
    unwanted = [move.text for move in moved if any(_concerns(c, move) for c in changes)]
    unwanted += [move.text for move in _intruders(changes, recorded)]
    if not unwanted:
        return None
    first = "; ".join(unwanted)
    if in_files and any(move.thing and move.text.endswith(_OLDER) for move in moved):
        first += " (an app that was running during a migration writes its older copy back)"
    return DriftError(
        f"Schema drift detected: {schema}: {first}",
        hint="put the store back as it was, or change the schema file to match it, "
        "or let the store follow the file with --force-sync (dangerous)",
    )


def _intruders(changes: Sequence[Change], recorded: Recorded | None) -> Iterator[Move]:
    """Columns that the file adds and that somebody else has added in another form."""
    if recorded is None or recorded.tables is None:
        return
    for change in changes:
        table = recorded.tables.table(change.table)
        if isinstance(change, AlterColumn) and table and not table.column(change.new.name):
            renamed = change.new.renamed_from
            if renamed and table.column(renamed):
                continue
            text = (
                f"Column already exists: {change.table}.{change.new.name} is "
                f"{change.old.native or change.old.type}, the file wants {change.new.type}"
            )
            yield Move(change.table, change.new.name, text)


def _concerns(change: Change, move: Move) -> bool:
    if change.table != move.table:
        return False
    if move.thing is None:
        return isinstance(change, CreateTable)
    match change:
        case AddConstraint(_, constraint):
            return move.thing in (getattr(constraint, "name", None), "primary key")
        case AddIndex(_, index):
            return move.thing == index.name
        case _:
            return move.thing == column_of(change)
