"""Steps that cannot be taken back, since the store keeps no values or cannot make the inverse.

The preview says so before anybody agrees, the history keeps it, and a rollback refuses.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from zmigration_api import (
    AlterColumn,
    BackendType,
    Change,
    DropColumn,
    DropTable,
    Hazard,
    MigrationError,
    Step,
)
from zmigration_api.archive import rewrites_values
from zmigration_api.describe import summary


def with_no_way_back(backend: BackendType, step: Step) -> Step:
    """The step, with a hazard for each reason why it cannot be taken back."""
    reasons = tuple(_reasons(backend, step.changes))
    if not reasons:
        return step
    hazards = (Hazard("note", f"{reason}: --rollback will refuse this") for reason in reasons)
    return replace(step, no_way_back=reasons, hazards=(*step.hazards, *hazards))


def _reasons(backend: BackendType, changes: Iterable[Change]) -> Iterator[str]:
    for change in changes:
        lost = None if backend.keeps_archives else _lost(change)
        if lost is not None:
            yield f"{backend.name} does not keep {lost}"
        back = change.inverse()
        if type(back) not in backend.supports:
            yield f"{backend.name} cannot do this: {summary(back, qualified=True, done=False)}"


def _lost(change: Change) -> str | None:
    match change:
        case DropTable(table):
            return f"the rows of {table.name}"
        case DropColumn(table, column) if column.generated is None:
            return f"the values of {table}.{column.name}"
        case AlterColumn(table, old, _) if rewrites_values(change):
            return f"what {table}.{old.name} held before"
        case _:
            return None


def refuse_no_way_back(display: str, steps: Iterable[Step]) -> None:
    """MigrationError with the first reason why these inverse steps cannot be made."""
    for step in steps:
        for reason in step.no_way_back:
            raise MigrationError(
                f"{display}: this cannot be taken back: {reason}; nothing was touched",
                hint="restore a backup, or write the change that you want and migrate forward",
            )
