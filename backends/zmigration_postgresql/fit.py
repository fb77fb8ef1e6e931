"""Recorded steps back, fitted to the triggers and rules of now.

A step back was written when its migration ran. Triggers and rules that came since would change
or swallow the values that it brings back; those that went since cannot be switched off.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from zmigration_api import RenameTable, Step

from .archive import quiet
from .catalog import Catalog

_SWITCH = re.compile(
    r"ALTER TABLE .+ (DISABLE|ENABLE( REPLICA| ALWAYS)?) (TRIGGER|RULE) .+;", re.DOTALL
)


def fitted(back: Sequence[Step], catalog: Catalog) -> tuple[Step, ...]:
    """The steps, in the order to run, while nothing fires that is on their tables now.

    A table that only comes back on the way has the triggers that were recorded with it.
    """
    live: dict[str, str] = {}
    steps = []
    for step in back:
        steps.append(_quieted(step, catalog, live.get(step.table, step.table)))
        for change in step.changes:
            if isinstance(change, RenameTable):
                live[change.new] = live.pop(change.old, change.old)
    return tuple(steps)


def _quieted(step: Step, catalog: Catalog, live: str) -> Step:
    updates = any(statement.startswith("UPDATE ") for statement in step.statements)
    if not updates or catalog.table(live) is None:
        return step
    bare = [statement for statement in step.statements if not _SWITCH.fullmatch(statement)]
    return replace(step, statements=tuple(quiet(step.table, catalog.firing(live), bare)))
