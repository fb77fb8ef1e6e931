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
    DropType,
    Hazard,
    NamedType,
    RenameType,
    Step,
)
from zmigration_api.history import PREFIX
from zmigration_sql import literal

from .archive import guard
from .domains import Domain
from .named_types import created
from .names import QUOTING, join, split, table_name
from .planning import Planning, refuse, rewrite, step
from .render import SQL
from .tokens import lasting
from .translate import translated

_ASIDE = f"{PREFIX}type"
_KEPT_AS = f"{PREFIX}type "


def create(planning: Planning, change: CreateType) -> Step:
    named = change.content
    return step(change, _created(named), [_kept_as_text(named.name, again=False), _dropped(named)])


def drop(planning: Planning, change: DropType) -> Step:
    """Kept values of the type become texts, and values of it again on the way back."""
    named = change.content
    facts = planning.facts.named_type(_live(planning, named.name))
    refuse(f"type {named.name} cannot be dropped", facts.others if facts else ())
    forward = [_kept_as_text(named.name, again=True), _dropped(named)]
    undo = [*_created(named), *(facts.rest(named.name) if facts else ()), _kept_again(named.name)]
    return step(change, forward, undo)


def rename(planning: Planning, change: RenameType) -> Step:
    return step(change, [_renamed(change.old, change.new)], [_renamed(change.new, change.old)])


def alter(planning: Planning, change: AlterType) -> Step:
    old, new = change.old, change.new
    comments = _comments(old, new), _comments(new, old)
    if old.kind == new.kind == "enum" and (added := _added_values(old, new)) is not None:
        back = _Anew(planning, change, back=True).statements()
        return step(change, [*added, *comments[0]], [*back, *comments[1]])
    if old.kind == new.kind == "domain":
        before, after = Domain.read(old.definition), Domain.read(new.definition)
        tightened = after.tightens(before) or before.tightens(after)
        facts = planning.facts.named_type(_live(planning, new.name))
        listed = facts is not None and any(c.listed for c in facts.columns)
        if before.base == after.base and not (listed and tightened):
            forward = before.becomes(table_name(old.name), after)
            undo = after.becomes(table_name(old.name), before)
            text = f"Rows of every column of type {new.name} are checked; writes wait meanwhile."
            hazards = [Hazard("lock", text)] if after.tightens(before) else []
            return step(change, [*forward, *comments[0]], [*undo, *comments[1]], *hazards)
    return _made_anew(planning, change)


def _made_anew(planning: Planning, change: AlterType) -> Step:
    forward = _Anew(planning, change)
    forward.refused()
    undo = _Anew(planning, change, back=True).statements()
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
    anew = [any(QUOTING.name(_ASIDE) in s for s in side) for side in (made.statements, made.undo)]
    facts = planning.facts.named_type(_live(planning, change.new.name))
    if facts is None or not any(anew):
        return None
    left = _left(planning, change)
    columns = tuple((c.table, c.name) for c in facts.columns if (c.table, c.name) not in left)
    defaults = {(c.table, "default", c.name) for c in facts.columns}
    parts = tuple(part for part in facts.parts if part not in defaults)
    return Moved(columns, parts, anew[0])


def _left(planning: Planning, change: AlterType) -> set[tuple[str, str]]:
    """Live columns of the type that the plan gives another one before this change."""
    earlier = planning.changes[: next(n for n, c in enumerate(planning.changes) if c is change)]
    return {
        planning.place(c.table, c.new.name)
        for c in earlier
        if isinstance(c, AlterColumn) and c.retyped and _of(c.old.exact_type, change)
    }


def default_gone(planning: Planning, change: AlterColumn, default: str) -> bool:
    """Whether a live default is of a value that the plan takes from the column's type."""
    return any(
        literal(value) in default
        for other in planning.changes
        if isinstance(other, AlterType) and _of(change.old.exact_type, other)
        for value in other.old.values
        if value not in other.new.values
    )


def _live(planning: Planning, name: str) -> str:
    return {new: old for old, new in planning.renames.types.items()}.get(name, name)


def _needs(planning: Planning, change: AlterType, statements: Sequence[str]) -> bool:
    """Whether a new value is named, or values of other columns become ones of the type."""
    new = [literal(v) for v in change.new.values if v not in change.old.values]
    if any(value in statement for value in new for statement in statements):
        return True
    for other in planning.changes:
        if isinstance(other, AlterColumn) and other.retyped and _of(other.new.exact_type, change):
            return True
        filled = isinstance(other, AddColumn) and other.column.backfill is not None
        if filled and isinstance(other, AddColumn) and _of(other.column.exact_type, change):
            return True
    return False


def _of(text: str | None, change: AlterType) -> bool:
    bare = (text or "").removesuffix("[]")
    return bare in (change.new.name, table_name(change.new.name))


@dataclass(frozen=True, slots=True, kw_only=True)
class UsingColumn:
    """A column of a named type, under its names after the renames."""

    table: str
    name: str
    listed: bool
    default: str | None
    attributes: tuple[str, ...]


class _Anew:
    """A type made anew: its columns move over by their texts, and the old one goes."""

    def __init__(self, planning: Planning, change: AlterType, *, back: bool = False) -> None:
        old, new = (change.new, change.old) if back else (change.old, change.new)
        self._planning, self._old, self._new, self._back = planning, old, new, back
        left = _left(planning, change)
        renames = planning.renames
        self._facts = planning.facts.named_type(_live(planning, new.name))
        found = self._facts.columns if self._facts else ()
        self.columns = tuple(
            UsingColumn(
                table=renames.table(c.table),
                name=renames.column(c.table, c.name),
                listed=c.listed,
                default=c.default and translated(c.default, {}, None, renames.types),
                attributes=c.attributes,
            )
            for c in found
            if (c.table, c.name) not in left
        )

    def refused(self) -> None:
        """UnsupportedChange where something else than columns of tables has the type."""
        if self._facts is not None:
            what = f"type {self._new.name} cannot be made anew"
            refuse(what, self._facts.others)

    def statements(self) -> list[str]:
        name = self._new.name
        aside = table_name(join(split(name)[0], _ASIDE))
        rest = self._facts.rest(name) if self._facts else []
        return [
            *(text for c in self.columns for text in self._guards(c)),
            _kept_as_text(name, again=not self._back),
            f"ALTER TYPE {table_name(name)} RENAME TO {QUOTING.name(_ASIDE)};",
            created(self._new),
            *rest,
            *(text for c in self.columns for text in self._moved(c)),
            f"DROP {'TYPE' if self._old.kind == 'enum' else 'DOMAIN'} {aside};",
            *([_kept_again(name)] if self._back else []),
        ]

    def _guards(self, column: UsingColumn) -> Iterator[str]:
        """Values that go, or that would become others, are in no row."""
        quoted = QUOTING.name(column.name)
        start = f"{column.table}.{column.name} has "
        if self._new.kind == "enum" and self._old.kind == "enum":
            for value in self._old.values:
                if value in self._new.values:
                    continue
                text = literal(value)
                where = (
                    f"{text} = ANY({quoted}::text[])"
                    if column.listed
                    else f"{quoted}::text = {text}"
                )
                end = f" rows with {value!r}, which {self._new.name} has no more"
                yield guard(column.table, where, start, end)
        elif self._new.kind == "domain" and not column.listed:
            base = Domain.read(self._new.definition).type
            where = f"{quoted}::text IS DISTINCT FROM {quoted}::text::{base}::text"
            old = Domain.read(self._old.definition).type if self._old.kind == "domain" else "text"
            if old not in ("json", "xml", "text"):
                where = f"{quoted}::{old} IS DISTINCT FROM {quoted}::text::{base}::text::{old}"
            yield guard(column.table, where, start, f" rows that {base} would make others of")

    def _moved(self, column: UsingColumn) -> Iterator[str]:
        quoted, brackets = QUOTING.name(column.name), "[]" if column.listed else ""
        alter = f"{SQL.alter(column.table)} ALTER COLUMN {quoted}"
        wanted = f"{table_name(self._new.name)}{brackets}"
        if column.default is not None:
            yield f"{alter} DROP DEFAULT;"
        yield f"{alter} TYPE {wanted} USING {quoted}::text{brackets}::{wanted};"
        if column.default is not None and not self._is_gone(column.default):
            yield f"{alter} SET DEFAULT {lasting(column.default)};"
        for attribute in column.attributes:
            yield f"{alter} SET {attribute};"

    def _is_gone(self, default: str) -> bool:
        gone = [v for v in self._old.values if v not in self._new.values]
        return any(literal(value) in default for value in gone)


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


def _kept_as_text(name: str, *, again: bool) -> str:
    """Kept values of a type become texts; `again`: it is noted of what type they were."""
    note = literal(f"{_KEPT_AS}{table_name(name)}") if again else "'text'"
    given = f"{literal(table_name(name))}::regtype"
    text = "CASE WHEN kept.listed THEN 'text[]' ELSE 'text' END"
    return _each_kept(
        f"a.atttypid IN ({given}, (SELECT typarray FROM pg_type WHERE oid = {given}))",
        f"'ALTER TABLE %s ALTER COLUMN %I TYPE ' || {text} || ' USING %2$I::' || {text}",
        note,
    )


def _kept_again(name: str) -> str:
    note = f"{_KEPT_AS}{table_name(name)}"
    wanted = table_name(name).replace("%", "%%")
    return _each_kept(
        f"col_description(c.oid, a.attnum) = {literal(note)}",
        f"{literal(f'ALTER TABLE %s ALTER COLUMN %I TYPE {wanted}')}"
        " || CASE WHEN kept.listed THEN '[]' ELSE '' END"
        f" || {literal(f' USING %2$I::{wanted}')} || CASE WHEN kept.listed THEN '[]' ELSE '' END",
        "'NULL'",
        bare=True,
    )


def _each_kept(where: str, command: str, note: str, *, bare: bool = False) -> str:
    """A statement that does something to every column that runs before this one kept."""
    text = "'NULL'" if bare else f"quote_literal({note})"
    block = (
        "DECLARE kept record; BEGIN FOR kept IN"
        " SELECT c.oid::regclass::text AS owner, a.attname AS name,"
        " (SELECT typcategory = 'A' FROM pg_type WHERE oid = a.atttypid) AS listed"
        " FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid"
        f" WHERE c.relkind = 'r' AND starts_with(c.relname, {literal(PREFIX)})"
        f" AND a.attnum > 0 AND NOT a.attisdropped AND {where} LOOP"
        f" EXECUTE format({command}, kept.owner, kept.name);"
        f" EXECUTE format('COMMENT ON COLUMN %s.%I IS ', kept.owner, kept.name) || {text};"
        " END LOOP; END"
    )
    return f"DO {literal(block)};"
