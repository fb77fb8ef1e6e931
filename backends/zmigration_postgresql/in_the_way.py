"""What the server would refuse in the middle of a run is refused by name before it."""

from __future__ import annotations

from collections.abc import Iterator

from zmigration_api import (
    AlterColumn,
    Change,
    DropColumn,
    DropConstraint,
    DropIndex,
    DropTable,
    RenameColumn,
    UnsupportedChange,
)

from .catalog import Dependent
from .planning import Planning, refuse
from .render import constraint_name


def refused(planning: Planning) -> None:
    """UnsupportedChange where a table or column is needed, or comes from another table."""
    gone = _Gone(planning)
    for change in planning.changes:
        if isinstance(change, DropTable):
            what = f"table {change.table} cannot be dropped"
            refuse(what, gone.without(planning.catalog.needing(planning.live(change.table))))
        if isinstance(change, DropColumn):
            what = f"{change.table}.{change.column.name} cannot be dropped"
            place = planning.place(change.table, change.column.name)
            refuse(what, gone.without(planning.catalog.needing(*place)))
        _refuse_inherited(planning, change)


class _Gone:
    """What the plan itself drops or changes, by its names in the database now."""

    def __init__(self, planning: Planning) -> None:
        changes = planning.changes
        self._tables = {planning.live(c.table) for c in changes if isinstance(c, DropTable)}
        self._parts = {place for c in changes for place in _places(planning, c)}

    def without(self, needing: tuple[Dependent, ...]) -> list[str]:
        return [
            found.text
            for found in needing
            if found.table not in self._tables and (found.table, found.name) not in self._parts
        ]


def _places(planning: Planning, change: Change) -> Iterator[tuple[str, str]]:
    match change:
        case DropColumn(table, column) | AlterColumn(table, _, column):
            yield planning.place(table, column.name)
        case DropConstraint(table, constraint):
            yield planning.live(table), constraint_name(table, constraint)
        case DropIndex(table, index):
            yield planning.live(table), index.name
        case _:
            pass


def _refuse_inherited(planning: Planning, change: Change) -> None:
    match change:
        case RenameColumn(table, _, name):
            what, place = f"{table}.{name} cannot be renamed", planning.place(table, name)
        case DropColumn(table, column):
            what = f"{table}.{column.name} cannot be dropped"
            place = planning.place(table, column.name)
        case AlterColumn(table, _, column) if change.retyped:
            what = f"the type of {table}.{column.name} cannot change"
            place = planning.place(table, column.name)
        case DropConstraint() | DropIndex():
            (place,) = _places(planning, change)
            what = f"{place[1]} of {change.table} cannot be dropped"
        case _:
            return
    live, name = place
    kind = "part" if isinstance(change, DropConstraint | DropIndex) else "column"
    if (kind, name) in planning.catalog.inherited(live):
        raise UnsupportedChange(
            f"{what}: it comes from another table, of which {change.table} is a part",
            hint="tables that inherit or are partitioned are left whole; change the other table",
        )
