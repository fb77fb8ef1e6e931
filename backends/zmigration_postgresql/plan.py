"""Changes as steps: the very statements, how to take them back, and what to know before."""

from __future__ import annotations

from collections.abc import Sequence

from zmigration_api import (
    NO_ARCHIVES,
    AddColumn,
    AddConstraint,
    AddIndex,
    AlterColumn,
    AlterTable,
    AlterType,
    Archives,
    Change,
    CreateTable,
    CreateType,
    DropColumn,
    DropConstraint,
    DropIndex,
    DropTable,
    DropType,
    RenameColumn,
    RenamePart,
    RenameTable,
    RenameType,
    Schema,
    SetComment,
    Step,
)

from . import in_the_way, plan_columns, plan_parts, plan_tables, plan_types
from .apart import around
from .archive import spelled
from .catalog import Catalog
from .facts import Facts
from .order import ordered
from .planning import Planning
from .renames import joined
from .wayback import WayBack


def plan(
    changes: Sequence[Change],
    current: Schema,
    desired: Schema,
    facts: Facts,
    archives: Archives = NO_ARCHIVES,
) -> tuple[Step, ...]:
    """One step for each change, in an order in which the server can make them."""
    changes, archives = ordered(changes), spelled(archives)
    catalog = Catalog(facts.connection)
    way_back = WayBack(changes, archives, catalog)
    planning = Planning(changes, current, desired, facts, way_back)
    plan_parts.paired(planning)
    steps = tuple(_step(planning, change) for change in changes)
    in_the_way.refused(planning)
    made = plan_types.used_at_once(planning, way_back.finished(steps))
    return tuple(joined(around(planning, made), planning.moves))


def _step(planning: Planning, change: Change) -> Step:
    if known := planning.in_place.get(id(change)):
        return known
    match change:
        case CreateTable():
            return plan_tables.create(planning, change)
        case DropTable():
            return plan_tables.drop(planning, change)
        case RenameTable():
            return plan_tables.rename(planning, change)
        case AlterTable():
            return plan_tables.alter(planning, change)
        case SetComment():
            return plan_tables.comment(planning, change)
        case AddColumn():
            return plan_columns.add(planning, change)
        case DropColumn():
            return plan_columns.drop(planning, change)
        case RenameColumn():
            return plan_columns.rename(planning, change)
        case AlterColumn():
            return plan_columns.alter(planning, change)
        case AddIndex():
            return plan_parts.add_index(planning, change)
        case DropIndex():
            return plan_parts.drop_index(planning, change)
        case AddConstraint():
            return plan_parts.add_constraint(planning, change)
        case DropConstraint():
            return plan_parts.drop_constraint(planning, change)
        case RenamePart():
            return plan_parts.rename(planning, change)
        case CreateType():
            return plan_types.create(planning, change)
        case DropType():
            return plan_types.drop(planning, change)
        case AlterType():
            return plan_types.alter(planning, change)
        case RenameType():
            return plan_types.rename(planning, change)
