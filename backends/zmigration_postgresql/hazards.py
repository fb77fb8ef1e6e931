"""What each step keeps others from, for how long it may, and how large the table is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from zmigration_api import Hazard, Step
from zmigration_api.plan import HazardKind

from .alter import REINDEXED
from .names import table_name
from .sizes import Size

_DURATIONS = (
    "for a moment",
    "while its rows are checked",
    "while the index is built",
    "while values are kept and written",
    "while it is written anew",
)
_MOMENT, _CHECKED, _INDEXED, _WRITTEN, _ANEW = range(len(_DURATIONS))


@dataclass(frozen=True, slots=True, order=True)
class _Wait:
    """How long, as a place in `_DURATIONS`, and who waits. It may last long and let all work on."""

    length: int
    readers: bool
    writers: bool = True


_NOBODY = _Wait(-1, False, False)
_WAITS: tuple[tuple[str, _Wait], ...] = (
    (r"CREATE (UNIQUE )?INDEX ", _Wait(_INDEXED, False)),
    (r"ALTER TABLE .+ ADD (CONSTRAINT .+ )?FOREIGN KEY .+ NOT VALID;", _Wait(_MOMENT, False)),
    (r"ALTER TABLE .+ ADD (CONSTRAINT .+ )?FOREIGN KEY ", _Wait(_CHECKED, False)),
    (r"ALTER TABLE .+ SET (UN)?LOGGED;", _Wait(_ANEW, True)),
    (r"ALTER TABLE .+ (USING INDEX .+|NOT VALID);", _Wait(_MOMENT, True)),
    (r"ALTER TABLE .+ ADD (CONSTRAINT .+ )?CHECK ", _Wait(_CHECKED, True)),
    (r"ALTER TABLE .+ ADD (CONSTRAINT .+ )?(UNIQUE|PRIMARY KEY|EXCLUDE) ", _Wait(_INDEXED, True)),
    (r"ALTER TABLE .+ ALTER COLUMN .+ SET NOT NULL;", _Wait(_CHECKED, True)),
    (r"(UPDATE|DELETE FROM|INSERT INTO|CREATE TABLE .+ AS SELECT) ", _Wait(_WRITTEN, False)),
    (r"ALTER TABLE .+ VALIDATE CONSTRAINT ", _Wait(_CHECKED, False, False)),
    (r"(ALTER|DROP) (TABLE|INDEX) ", _Wait(_MOMENT, True)),
)
_AHEAD = (
    (r"CREATE (UNIQUE )?INDEX CONCURRENTLY ", _INDEXED),
    (r"ALTER TABLE .+ VALIDATE CONSTRAINT ", _CHECKED),
)


def told(steps: Sequence[Step], sizes: Mapping[str, Size]) -> tuple[Step, ...]:
    """The steps, each on a table that is there saying what others wait for."""
    taken = exclusive(steps)  # before the first of them
    waits = [_taken(step, taken) if step.table in sizes else _NOBODY for step in steps]
    later = [max((wait.length for wait in waits[n + 1 :]), default=-1) for n in range(len(steps))]
    held = _held(steps, waits)
    return tuple(
        _told(step, sizes[step.table], wait, after, locked) if step.table in sizes else step
        for step, wait, after, locked in zip(steps, waits, later, held, strict=True)
    )


def _held(steps: Sequence[Step], waits: Sequence[_Wait]) -> list[bool]:
    """Whether steps before each keep others from its table, as they do to the end."""
    tables: set[str] = set()
    held = []
    for step, wait in zip(steps, waits, strict=True):
        held.append(step.table in tables)
        if wait.writers:
            tables.add(step.table)
    return held


def exclusive(steps: Sequence[Step]) -> tuple[str, ...]:
    """The tables that nobody else may read while these steps are made, sorted."""
    return tuple(sorted({step.table for step in steps if _within(step).readers}))


def _told(step: Step, size: Size, wait: _Wait, later: int, held: bool) -> Step:
    """The step with hazards of ours in place of what was said without knowing the table."""
    kept = tuple(hazard for hazard in step.hazards if hazard.kind not in ("lock", "rewrite"))
    return replace(step, hazards=(*kept, *_hazards(step, size, wait, later, held)))


def _hazards(step: Step, size: Size, wait: _Wait, later: int, held: bool) -> Iterator[Hazard]:
    """`held`: steps before keep others from the table, and do so until the run is done."""
    for pattern, length in _AHEAD:
        if any(re.match(pattern, s, re.DOTALL) for s in step.statements[: step.ahead]):
            yield Hazard("lock", f"{size}: nobody waits {_DURATIONS[length]}")
    if wait == _NOBODY:
        return
    if not wait.writers:
        besides = "; who waits for the steps before waits on" if held else ""
        yield Hazard("lock", f"{size}: nobody waits {_DURATIONS[wait.length]}{besides}")
        return
    who = "readers and writers wait" if wait.readers else "writers wait"
    until = ", and then until the run is done" if later > _MOMENT else ""
    kind: HazardKind = "rewrite" if wait.length == _ANEW else "lock"
    yield Hazard(kind, f"{size}: {who} {_DURATIONS[wait.length]}{until}")


def _taken(step: Step, tables: Sequence[str]) -> _Wait:
    """As `_within`, of a table that nobody else may use from the first statement on."""
    wait = _within(step)
    nobody = wait == _NOBODY or step.table not in tables
    return wait if nobody else replace(wait, readers=True, writers=True)


def _within(step: Step) -> _Wait:
    """What the step's part of the transaction keeps others from."""
    waits = [_wait(step, statement) for statement in step.statements[step.ahead :]]
    if not waits:
        return _NOBODY
    return _Wait(
        max(w.length for w in waits), any(w.readers for w in waits), any(w.writers for w in waits)
    )


def _wait(step: Step, statement: str) -> _Wait:
    if step.ahead and statement.endswith(" SET NOT NULL;"):
        return _Wait(_MOMENT, True)
    if statement.startswith(f"ALTER TABLE {table_name(step.table)} "):
        if any(hazard.kind == "rewrite" for hazard in step.hazards):
            return _Wait(_ANEW, True)
        if any(hazard.text.endswith(REINDEXED) for hazard in step.hazards):
            return _Wait(_INDEXED, True)
    matching = (wait for pattern, wait in _WAITS if re.match(pattern, statement, re.DOTALL))
    return next(matching, _NOBODY)
