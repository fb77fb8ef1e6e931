"""Recorded steps back, fitted to the triggers and rules of now.

A step back was written when its migration ran. Triggers and rules that came since would change
or swallow the values that it brings back; those that went since cannot be switched off.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from zmigration_api import (
    AlterType,
    DropColumn,
    DropTable,
    DropType,
    MigrationError,
    RenameTable,
    RenameType,
    Step,
)

from .anew import ASIDE
from .archive import quiet
from .catalog import Catalog
from .connection import Connection
from .names import QUOTING
from .used_types import used_type

_SWITCH = re.compile(
    r"ALTER TABLE .+ (DISABLE|ENABLE( REPLICA| ALWAYS)?) (TRIGGER|RULE) .+;", re.DOTALL
)
_DROPPED = re.compile(r"DROP TRIGGER (.+) ON .+;", re.DOTALL)


def fitted(back: Sequence[Step], catalog: Catalog) -> tuple[Step, ...]:
    """The steps, in the order to run, while nothing fires that is on their tables now.

    A table that only comes back on the way has the triggers that were recorded with it.
    """
    live: dict[str, str] = {}
    steps = []
    away: set[str] = set()
    for step in back:
        dropped = (_DROPPED.fullmatch(statement) for statement in step.statements)
        away |= {found[1] for found in dropped if found}
        steps.append(_quieted(step, catalog, live.get(step.table, step.table), away))
        made = " ".join(s for s in step.statements if s.startswith("CREATE "))
        away = {name for name in away if f" TRIGGER {name} " not in made}
        for change in step.changes:
            if isinstance(change, RenameTable):
                live[change.new] = live.pop(change.old, change.old)
    return tuple(steps)


def refuse_held_types(back: Sequence[Step], connection: Connection) -> None:
    """MigrationError where a type is made anew on the way and something holds the one of now."""
    live: dict[str, str] = {}
    gone: set[str] = set()
    for step in back:
        for change in step.changes:
            match change:
                case RenameType(old, new):
                    live[new] = live.pop(old, old)
                case DropType(named):
                    gone |= {f"domain {named.name}", f"type {named.name}"}
                case DropColumn() | DropTable():
                    gone.add("generated column")
                case AlterType(old) if any(QUOTING.name(ASIDE) in s for s in step.statements):
                    facts = used_type(connection, live.get(old.name, old.name))
                    _refuse_held(old.name, facts.others if facts else (), gone)
                case _:
                    pass


def _refuse_held(name: str, others: Sequence[str], gone: set[str]) -> None:
    """The way back may itself have dropped what is `gone` by then; the server sees to the rest."""
    held = [text for text in others if not {text, text.rpartition(" ")[0]} & gone]
    if held:
        raise MigrationError(
            f"this cannot be taken back: type {name} cannot be made anew: {', '.join(held)} "
            f"depend{'s' if len(held) == 1 else ''} on it; nothing was touched",
            hint="drop what depends on it, roll back, and create it again",
        )


def _quieted(step: Step, catalog: Catalog, live: str, away: set[str]) -> Step:
    updates = any(statement.startswith("UPDATE ") for statement in step.statements)
    if not updates or catalog.table(live) is None:
        return step
    made = " ".join(s for s in step.statements if s.startswith("CREATE "))
    bare = [s for s in step.statements if not _SWITCH.fullmatch(s) or _of_new(s, made)]
    firing = [f for f in catalog.firing(live) if QUOTING.name(f.name) not in away]
    return replace(step, statements=tuple(quiet(step.table, firing, bare)))


def _of_new(switch: str, made: str) -> bool:
    """Whether a trigger is switched that the step itself makes."""
    return f" TRIGGER {switch.rpartition(' TRIGGER ')[2].removesuffix(';')} " in made
