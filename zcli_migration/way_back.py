"""What a rollback takes back: which records, by which steps, and to what state.

Nothing is planned here: a record holds the inverse of every step that it made, and the records
are undone from the newest to the oldest.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from zmigration_api import (
    Archive,
    Change,
    HistoryRecord,
    MigrationError,
    Schema,
    Step,
    UsageError,
    Version,
)
from zmigration_api.snapshot import decode_schema

from .recording import Recorded, all_records, history_table_for, meta_of, recorded_of, unreadable
from .schema_file import SchemaFile
from .survey import Unit
from .tagged import decode_tagged


@dataclass(frozen=True, slots=True, kw_only=True)
class Undoing:
    """One schema: what is taken back of it, newest first, and the state that it returns to.

    `last` is the newest record, whose state the store has now. `goal` is the record to return
    to, None when nothing was recorded before; `goal_state` is what was there.
    """

    file: SchemaFile
    records: tuple[HistoryRecord, ...]
    last: Recorded
    goal: Recorded | None
    goal_state: Recorded
    steps: tuple[Step, ...]

    @property
    def changes(self) -> tuple[Change, ...]:
        """What the store will go through."""
        return tuple(change for step in self.steps for change in step.changes)

    @property
    def from_version(self) -> str:
        return str(self.last.version)

    @property
    def to_version(self) -> str:
        """The version to return to; v0.0.0 stands for nothing recorded."""
        return str(self.goal.version) if self.goal else "v0.0.0"


@dataclass(frozen=True, slots=True, kw_only=True)
class WayBack:
    """What one store is to go through. `live` is what it was made for."""

    schemas: tuple[Undoing, ...]
    steps: tuple[Step, ...]
    live: Schema


Stacks = Mapping[str, Sequence[HistoryRecord]]
"""The records of each schema (by name) that are in force, oldest first."""


def stacks_of(unit: Unit) -> dict[str, list[HistoryRecord]]:
    """The records in force of each schema of a unit that takes part."""
    tables = {file.name: history_table_for(unit.store, file) for file in unit.files}
    live = unit.store.inspect([table.name for table in tables.values()])
    return {
        name: _in_force(all_records(unit.store, table, live.table(table.name)))
        for name, table in tables.items()
    }


def _in_force(records: Sequence[HistoryRecord]) -> list[HistoryRecord]:
    stack: list[HistoryRecord] = []
    for record in records:
        if record.status.lower() == "success":
            stack.append(record)
        elif record.status.lower() == "rollback":
            undone = meta_of(record).get("undone")
            if not isinstance(undone, list):
                raise unreadable(record, "it does not say what it took back")
            stack = [kept for kept in stack if kept.id not in undone]
    return stack


def last_run(stacks: Sequence[Stacks]) -> list[dict[str, int]]:
    """For each unit how many records of each schema the newest run of all has made."""
    tops = [_run_of(stack[-1]) for unit in stacks for stack in unit.values() if stack]
    newest = max(tops, default=None)
    return [
        {name: 1 for name, stack in unit.items() if stack and _run_of(stack[-1]) == newest}
        for unit in stacks
    ]


def _run_of(record: HistoryRecord) -> str:
    return str(meta_of(record).get("run", ""))


def down_to(stacks: Sequence[Stacks], version: Version) -> list[dict[str, int]]:
    """For each unit how many records of each schema came after that version.

    UsageError if no schema has it. Schemas that never had it stay as they are.
    """
    found = [
        {name: above for name, stack in unit.items() if (above := _above(stack, version)) >= 0}
        for unit in stacks
    ]
    if any(found):
        return [{name: count for name, count in unit.items() if count} for unit in found]
    known = sorted({r.to_version for unit in stacks for stack in unit.values() for r in stack})
    raise UsageError(
        f"--rollback-to {version}: no schema has that version recorded",
        hint=f"recorded are: {', '.join(known) or 'none'}",
    )


def _above(stack: Sequence[HistoryRecord], version: Version) -> int:
    """How many records are after the newest one of that version; -1 if there is none."""
    for above, record in enumerate(reversed(stack)):
        if record.to_version == str(version):
            return above
    return -1


def way_back(unit: Unit, stacks: Stacks, counts: Mapping[str, int]) -> WayBack:
    """How the store gets back by so many records of each schema. Reads only.

    MigrationError for a record that does not say how to undo it.
    """
    placed: dict[tuple[str, int], Step] = {}
    schemas = []
    for file in unit.files:
        count = counts.get(file.name, 0)
        if count:
            undoing, steps = _undoing(file, stacks[file.name], count, placed)
            schemas.append(undoing)
            placed |= steps
    ordered = tuple(placed[key] for key in sorted(placed, reverse=True))
    live = unit.store.inspect(sorted(_names(schemas, ordered)))
    return WayBack(schemas=tuple(schemas), steps=ordered, live=live)


def fitted(unit: Unit, way: WayBack, *, force: bool) -> WayBack:
    """The way back with the steps as they fit the store of now. Reads only."""
    steps = unit.store.fitted(way.steps, force=force)
    fitting = {id(old): new for old, new in zip(way.steps, steps, strict=True)}
    schemas = tuple(
        replace(undoing, steps=tuple(fitting[id(step)] for step in undoing.steps))
        for undoing in way.schemas
    )
    return replace(way, schemas=schemas, steps=steps)


def _undoing(
    file: SchemaFile,
    stack: Sequence[HistoryRecord],
    count: int,
    placed: Mapping[tuple[str, int], Step],
) -> tuple[Undoing, dict[tuple[str, int], Step]]:
    records = tuple(reversed(stack[-count:]))
    found = (pair for record in records for pair in _steps(file, record))
    steps = {key: placed.get(key, step) for key, step in found}  # a step may be of two schemas
    below = stack[-count - 1] if len(stack) > count else None
    goal = recorded_of(below) if below else None
    undoing = Undoing(
        file=file,
        records=records,
        last=recorded_of(records[0]),
        goal=goal,
        goal_state=_state_before(records[-1], goal),
        steps=tuple(steps[key] for key in sorted(steps, reverse=True)),
    )
    return undoing, steps


def _steps(file: SchemaFile, record: HistoryRecord) -> Iterator[tuple[tuple[str, int], Step]]:
    """The inverse steps of a record, each under its run and its place in that run's plan."""
    meta = meta_of(record)
    if "back" not in meta:
        raise MigrationError(
            f"{file.name}: {record.to_version} was recorded by another tool, which did not say "
            "how to take it back",
            hint="roll back no further than the version after it",
        )
    try:
        for entry in meta["back"]:
            step = decode_tagged(entry["step"])
            if not _is_step(step):
                raise TypeError("what is to be done is no step")
            yield (str(meta["run"]), int(entry["at"])), step
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise unreadable(record, error) from None


def _is_step(step: object) -> bool:
    return (
        isinstance(step, Step)
        and bool(step.changes)
        and all(hasattr(change, "inverse") for change in step.changes)
        and isinstance(step.restores, Archive | None)
    )


def _state_before(first: HistoryRecord, goal: Recorded | None) -> Recorded:
    """What was there before the first of the records that are taken back.

    That is what the record before it says, unless it is the first one or the store was changed
    by another hand in between.
    """
    before: Mapping[str, Any] | None = meta_of(first).get("before")
    tables = goal.tables if goal else None
    if before is None:
        return goal or Recorded(version=None, record=first, tables=Schema(), observed=Schema())
    try:
        return Recorded(
            version=None,
            record=first,
            tables=tables or decode_schema(before["tables"]),
            observed=decode_schema(before["observed"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise unreadable(first, error) from None


def _names(schemas: Collection[Undoing], steps: Sequence[Step]) -> set[str]:
    """Every table that the way back is about, with the archives that it needs."""
    states = (
        s for undoing in schemas for s in (undoing.last.observed, undoing.goal_state.observed)
    )
    names = {table.name for state in states if state for table in state.tables}
    for step in steps:
        names |= {change.table for change in step.changes}
        names |= {step.restores.name} if step.restores else set()
    return names
