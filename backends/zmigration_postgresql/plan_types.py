"""Steps of named types: enumerations and domains.

A value of an enumeration cannot be used before the transaction that added it is over, and none
can be taken away: where that is wanted, the type is made anew and its columns move over.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from zmigration_api import (
    AddColumn,
    AlterColumn,
    AlterType,
    CreateType,
    DropColumn,
    DropTable,
    DropType,
    Hazard,
    NamedType,
    RenameType,
    Step,
)
from zmigration_sql import literal

from .anew import ASIDE, Anew, is_of, kept_again, kept_as_text, left, live_name
from .domains import Domain
from .named_types import created
from .names import QUOTING, split, table_name
from .planning import Planning, refuse, rewrite, step
from .used_types import UsedType


def create(planning: Planning, change: CreateType) -> Step:
    named = change.content
    schema, gone = planning.new_schema(named.name)
    undo = [kept_as_text(named.name, again=False), _dropped(named), *gone]
    return step(change, [*schema, *_created(named)], undo)


def drop(planning: Planning, change: DropType) -> Step:
    """Kept values of the type become texts, and values of it again on the way back."""
    named = change.content
    facts = planning.facts.named_type(live_name(planning, named.name))
    dropped = {f"domain {c.table}" for c in planning.changes if isinstance(c, DropType)}
    used = (*facts.others, *_staying(planning, facts)) if facts else ()
    used = tuple(text for text in used if text not in dropped)
    refuse(f"type {named.name} cannot be dropped", used)
    forward = [kept_as_text(named.name, again=True), _dropped(named)]
    undo = [*_created(named), *(facts.rest(named) if facts else ()), kept_again(named.name)]
    return step(change, forward, undo)


def _staying(planning: Planning, facts: UsedType) -> Iterator[str]:
    """Columns that still have a type at the end of the plan."""
    gone = {planning.live(c.table) for c in planning.changes if isinstance(c, DropTable)}
    changed = {
        planning.place(c.table, (c.new if isinstance(c, AlterColumn) else c.column).name)
        for c in planning.changes
        if isinstance(c, AlterColumn | DropColumn)
    }
    for column in facts.columns:
        if column.table not in gone and (column.table, column.name) not in changed:
            yield f"{column.table}.{column.name}"


def rename(planning: Planning, change: RenameType) -> Step:
    return step(change, [_renamed(change.old, change.new)], [_renamed(change.new, change.old)])


def alter(planning: Planning, change: AlterType) -> Step:
    old, new = change.old, change.new
    comments = _comments(old, new), _comments(new, old)
    if old.kind == new.kind == "enum" and (added := _added_values(old, new)) is not None:
        back = Anew(planning, change, back=True).statements()
        hazards = _no_way_back(planning, new.name)
        return step(change, [*added, *comments[0]], [*back, *comments[1]], *hazards)
    if old.kind == new.kind == "domain":
        before, after = Domain.read(old.definition), Domain.read(new.definition)
        tightened = after.tightens(before) or before.tightens(after)
        facts = planning.facts.named_type(live_name(planning, new.name))
        listed = facts is not None and any(c.listed for c in facts.columns)
        if before.base == after.base and not (listed and tightened):
            forward = before.becomes(table_name(old.name), after)
            undo = after.becomes(table_name(old.name), before)
            if facts is not None:
                forward += facts.comments(old.name, after.made_anew(before))
                undo += facts.comments(old.name, before.made_anew(after))
            text = f"Rows of every column of type {new.name} are checked; writes wait meanwhile."
            hazards = [Hazard("lock", text)] if after.tightens(before) else []
            return step(change, [*forward, *comments[0]], [*undo, *comments[1]], *hazards)
    return _made_anew(planning, change)


def _no_way_back(planning: Planning, name: str) -> list[Hazard]:
    """Values come in place, but go only with the type, which functions and the like hold."""
    facts = planning.facts.named_type(live_name(planning, name))
    if facts is None or not facts.others:
        return []
    used = ", ".join(facts.others)
    return [Hazard("note", f"{used} uses type {name}: --rollback will refuse this")]


def _made_anew(planning: Planning, change: AlterType) -> Step:
    forward = Anew(planning, change)
    forward.refused()
    undo = Anew(planning, change, back=True).statements()
    hazards = [rewrite(table) for table in dict.fromkeys(c.table for c in forward.columns)]
    comment = _comments(replace(change.new, comment=None), change.new)
    again = _comments(replace(change.old, comment=None), change.old)
    return step(change, [*forward.statements(), *comment], [*undo, *again], *hazards)


def used_at_once(planning: Planning, steps: Sequence[Step]) -> tuple[Step, ...]:
    """The steps, with a type made anew where one of the plan's own steps needs its new values."""
    made = list(steps)
    for number, one in enumerate(steps):
        change = one.changes[0]
        if not isinstance(change, AlterType) or not any(_ADD in s for s in one.statements):
            continue
        others = [s for n, other in enumerate(steps) if n != number for s in other.statements]
        if _needs(planning, change, others):
            anew = _made_anew(planning, change)
            made[number] = replace(
                one, statements=anew.statements, undo=anew.undo, hazards=anew.hazards
            )
    return tuple(made)


_ADD = " ADD VALUE "


@dataclass(frozen=True, slots=True)
class Moved:
    """What a type made anew touches, under live names; `forward` is False on the way back alone."""

    columns: tuple[tuple[str, str], ...]
    parts: tuple[tuple[str, str, str], ...]
    forward: bool


def moved(planning: Planning, change: AlterType, made: Step) -> Moved | None:
    """What is touched where the type is made anew, now or on the way back."""
    anew = [any(QUOTING.name(ASIDE) in s for s in side) for side in (made.statements, made.undo)]
    facts = planning.facts.named_type(live_name(planning, change.new.name))
    if facts is None or not any(anew):
        return None
    gone = left(planning, change)
    columns = tuple((c.table, c.name) for c in facts.columns if (c.table, c.name) not in gone)
    defaults = {(c.table, "default", c.name) for c in facts.columns}
    parts = tuple(part for part in facts.parts if part not in defaults)
    return Moved(columns, parts, anew[0])


def default_gone(planning: Planning, change: AlterColumn, default: str) -> bool:
    """Whether a live default is of a value that the plan takes from the column's type."""
    return any(
        literal(value) in default
        for other in planning.changes
        if isinstance(other, AlterType) and is_of(change.old.exact_type, other)
        for value in other.old.values
        if value not in other.new.values
    )


def _needs(planning: Planning, change: AlterType, statements: Sequence[str]) -> bool:
    """Whether a new value is named, or values of other columns become ones of the type."""
    new = [value for value in change.new.values if value not in change.old.values]
    array = f"{split(change.new.name)[1]}[]"  # '{a,b}'::mood[]
    for statement in statements:
        if any(literal(v) in statement or (array in statement and v in statement) for v in new):
            return True
    for other in planning.changes:
        if isinstance(other, AlterColumn) and other.retyped and is_of(other.new.exact_type, change):
            return True
        filled = isinstance(other, AddColumn) and other.column.backfill is not None
        if filled and isinstance(other, AddColumn) and is_of(other.column.exact_type, change):
            return True
    return False


def _created(named: NamedType) -> list[str]:
    return [created(named), *_comments(replace(named, comment=None), named)]


def _comments(old: NamedType, new: NamedType) -> list[str]:
    if old.comment == new.comment:
        return []
    text = "NULL" if new.comment is None else literal(new.comment)
    return [f"COMMENT ON {_word(new)} {table_name(new.name)} IS {text};"]


def _word(named: NamedType) -> str:
    return "TYPE" if named.kind == "enum" else "DOMAIN"


def _dropped(named: NamedType) -> str:
    return f"DROP {_word(named)} {table_name(named.name)};"


def _renamed(old: str, new: str) -> str:
    return f"ALTER TYPE {table_name(old)} RENAME TO {QUOTING.name(split(new)[1])};"


def _added_values(old: NamedType, new: NamedType) -> list[str] | None:
    """The new values placed among the old ones; None where values go or change places."""
    kept = [value for value in new.values if value in old.values]
    if kept != list(old.values):
        return None
    statements, there = [], list(old.values)
    for place, value in enumerate(new.values):
        if value in old.values:
            continue
        where = ""
        if place < len(there):
            where = f" BEFORE {literal(there[place])}"
        there.insert(place, value)
        statements.append(f"ALTER TYPE {table_name(new.name)}{_ADD}{literal(value)}{where};")
    return statements
