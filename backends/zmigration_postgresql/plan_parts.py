"""Steps of indexes and constraints."""

from __future__ import annotations

from dataclasses import replace

from zmigration_api import (
    AddConstraint,
    AddIndex,
    AlterColumn,
    Check,
    Constraint,
    DropConstraint,
    DropIndex,
    ForeignKey,
    Hazard,
    Index,
    PrimaryKey,
    RenamePart,
    Step,
    UniqueConstraint,
)
from zmigration_api.history import PREFIX

from .create import index_made
from .marks import marked_again, marks_gone
from .planning import Planning, step
from .render import SQL, constraint_name


def add_index(planning: Planning, change: AddIndex) -> Step:
    table, index = change.table, change.index
    hazard = planning.waiting(table, "the index is built")
    made = list(index_made(table, index, comments=planning.exact(table)))
    made += marked_again(planning, table, index)
    return step(change, made, [SQL.drop_index(index.name, table)], *hazard)


def drop_index(planning: Planning, change: DropIndex) -> Step:
    table, index = change.table, change.index
    exact = planning.way_back.index(planning.live(table), index)
    undo = list(index_made(table, index, comments=True)) if exact is None else exact
    notes = marks_gone(planning, table, index.name)
    return step(change, [SQL.drop_index(index.name, table)], undo, *notes)


def add_constraint(planning: Planning, change: AddConstraint) -> Step:
    table, constraint = change.table, change.constraint
    statements = [SQL.add_constraint(table, constraint)]
    if planning.exact(table):
        statements += SQL.constraint_comment(table, constraint)
    statements += marked_again(planning, table, constraint)
    undo = [SQL.drop_constraint(table, constraint_name(table, constraint))]
    if isinstance(constraint, PrimaryKey):
        places = {name: planning.place(table, name) for name in constraint.columns}
        undo += planning.way_back.nullable_again(table, constraint, places)
        _key(planning, table, constraint)
    return step(change, statements, undo, *_added_hazards(planning, table, constraint))


def _added_hazards(planning: Planning, table: str, constraint: Constraint) -> list[Hazard]:
    if isinstance(constraint, ForeignKey | Check) and not constraint.valid:
        return planning.waiting(table, "it is noted; rows that are there are not checked")
    return planning.waiting(table, "its rows are checked")


def drop_constraint(planning: Planning, change: DropConstraint) -> Step:
    table, constraint = change.table, change.constraint
    name = constraint_name(table, constraint)
    forward = SQL.drop_constraint(table, name)
    live = planning.live(table)
    undo = [SQL.add_constraint(table, constraint), *SQL.constraint_comment(table, constraint)]
    if isinstance(constraint, PrimaryKey):
        _key(planning, table, None)
    if isinstance(constraint, UniqueConstraint) and planning.facts.is_index(live, name):
        forward = SQL.drop_index(name, table)
        index = Index(
            columns=constraint.columns, unique=True, name=name, comment=constraint.comment
        )
        undo = list(index_made(table, index, comments=True))
        exact = planning.way_back.index(live, index)
    else:
        exact = planning.way_back.constraint(live, constraint, name)
    notes = marks_gone(planning, table, name)
    return step(change, [forward], undo if exact is None else exact, *notes)


def _key(planning: Planning, table: str, key: PrimaryKey | None) -> None:
    if known := planning.tables.get(table):
        planning.note(replace(known, primary_key=key))


def rename(planning: Planning, change: RenamePart) -> Step:
    """Names that change places go by way of another one."""
    aside = planning.aside.pop((change.table, change.old), change.old)
    forward = [SQL.rename_part(change.table, change.part, aside, change.new)]
    back = [SQL.rename_part(change.table, change.part, change.new, aside)]
    place = planning.changes.index(change)
    for other in planning.changes[place + 1 :]:
        if isinstance(other, RenamePart) and other.old == change.new:
            free = f"{PREFIX}name_{place}"
            planning.aside[other.table, other.old] = free
            forward.insert(0, SQL.rename_part(other.table, other.part, other.old, free))
            back.append(SQL.rename_part(other.table, other.part, free, other.old))
    return step(change, forward, back)


def paired(planning: Planning) -> None:
    """Note each constraint of which only what the server can change in place is changed."""
    drops = {
        (c.table, c.constraint.name): c
        for c in planning.changes
        if isinstance(c, DropConstraint) and isinstance(c.constraint, ForeignKey | Check)
    }
    for change in planning.changes:
        if isinstance(change, AddConstraint):
            drop = drops.get((change.table, change.constraint.name or ""))
            if drop is not None and (made := _in_place(planning, drop, change)):
                planning.in_place[id(drop)] = Step(changes=(drop,))
                planning.in_place[id(change)] = made


def _in_place(planning: Planning, drop: DropConstraint, add: AddConstraint) -> Step | None:
    """One step for a constraint that only becomes deferrable otherwise, or is checked now."""
    match drop.constraint, add.constraint:
        case ForeignKey() as old, ForeignKey() as new:
            alike = replace(old, deferral=new.deferral, valid=new.valid) == new
            moved = {drop.table, new.ref_table} & _retyped(planning)
            if not alike or moved or (old.valid and not new.valid):
                return None
            forward, back = [], []
            if old.deferral != new.deferral:
                forward, back = [_deferrable(drop.table, new)], [_deferrable(drop.table, old)]
            return _checked(planning, drop, add, old, new, forward, back)
        case Check() as old_check, Check() as check:
            alike = replace(old_check, valid=True) == check and not old_check.valid
            if not alike or drop.table in _retyped(planning):
                return None
            return _checked(planning, drop, add, old_check, check, [], [])
        case _:
            return None


def _retyped(planning: Planning) -> set[str]:
    return {c.table for c in planning.changes if isinstance(c, AlterColumn)}


def _checked(
    planning: Planning,
    drop: DropConstraint,
    add: AddConstraint,
    old: ForeignKey | Check,
    new: ForeignKey | Check,
    forward: list[str],
    back: list[str],
) -> Step:
    table = add.table
    hazards = []
    if new.valid and not old.valid:
        forward.append(SQL.validate(table, new.name))
        back = [
            SQL.drop_constraint(table, new.name),
            SQL.add_constraint(table, old),
            *SQL.constraint_comment(table, old),
        ]
        text = f"The rows of {table} are checked; others read and write it meanwhile."
        hazards.append(Hazard("lock", text))
    elif old.comment != new.comment:
        back.append(SQL.comment(table, "constraint", new.name, old.comment))
    if old.comment != new.comment:
        forward.append(SQL.comment(table, "constraint", new.name, new.comment))
    return step(add, forward, back, *hazards)


def _deferrable(table: str, key: ForeignKey) -> str:
    deferral = key.deferral or "NOT DEFERRABLE"
    return f"{SQL.alter(table)} ALTER CONSTRAINT {SQL.quoting.name(key.name)} {deferral};"
