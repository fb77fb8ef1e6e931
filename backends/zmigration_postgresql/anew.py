"""A named type made anew: another one takes its name, and its columns move over."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from zmigration_api import AlterColumn, AlterType, DropTable, UnsupportedChange
from zmigration_api.history import PREFIX
from zmigration_sql import literal

from .archive import guard
from .domains import Domain
from .named_types import created
from .names import QUOTING, join, split, table_name
from .planning import Planning, refuse
from .render import SQL
from .tokens import lasting
from .translate import translated

ASIDE = f"{PREFIX}type"
_KEPT_AS = f"{PREFIX}type "


@dataclass(frozen=True, slots=True, kw_only=True)
class UsingColumn:
    """A column of a named type, under its names after the renames."""

    table: str
    name: str
    listed: bool
    default: str | None
    attributes: tuple[str, ...]


class Anew:
    """A type made anew: its columns move over by their texts, and the old one goes."""

    def __init__(self, planning: Planning, change: AlterType, *, back: bool = False) -> None:
        old, new = (change.new, change.old) if back else (change.old, change.new)
        self._planning, self._old, self._new, self._back = planning, old, new, back
        gone, dropped = left(planning, change), dropped_before(planning, change)
        renames = planning.renames
        self._facts = planning.facts.named_type(live_name(planning, new.name))
        self._keeps = (
            back or bool(gone or dropped) or (self._facts is not None and self._facts.kept)
        )
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
            if (c.table, c.name) not in gone and c.table not in dropped
        )

    def refused(self) -> None:
        """UnsupportedChange where something else than columns of tables has the type."""
        if self._facts is not None:
            what = f"type {self._new.name} cannot be made anew"
            refuse(what, self._facts.others)
        for column in self.columns:
            if column.default is not None and self._is_gone(column.default):
                self._refuse_default(column)

    def _refuse_default(self, column: UsingColumn) -> None:
        """A default of a value that goes must be one that the plan itself changes."""
        ours = (
            isinstance(c, AlterColumn)
            and (c.table, c.new.name) == (column.table, column.name)
            and c.old.default != c.new.default
            for c in self._planning.changes
        )
        if not self._back and not any(ours):
            raise UnsupportedChange(
                f"type {self._new.name} loses a value that is the default of "
                f"{column.table}.{column.name}: {column.default}",
                hint="give that column another default first",
                line=self._new.line,
            )

    def statements(self) -> list[str]:
        name = self._new.name
        aside = table_name(join(split(name)[0], ASIDE))
        rest = self._facts.rest(self._new) if self._facts else []
        return [
            *(text for c in self.columns for text in self._guards(c)),
            *([kept_as_text(name, again=not self._back)] if self._keeps else []),
            f"ALTER TYPE {table_name(name)} RENAME TO {QUOTING.name(ASIDE)};",
            created(self._new),
            *rest,
            *(text for c in self.columns for text in self._moved(c)),
            f"DROP {'TYPE' if self._old.kind == 'enum' else 'DOMAIN'} {aside};",
            *([kept_again(name)] if self._back else []),
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


def dropped_before(planning: Planning, change: AlterType) -> set[str]:
    """Live tables that are gone already where the type is changed, and not back on the way back."""
    earlier = planning.changes[: next(n for n, c in enumerate(planning.changes) if c is change)]
    return {planning.live(c.table) for c in earlier if isinstance(c, DropTable)}


def left(planning: Planning, change: AlterType) -> set[tuple[str, str]]:
    """Live columns of the type that the plan gives another one before this change."""
    earlier = planning.changes[: next(n for n, c in enumerate(planning.changes) if c is change)]
    return {
        planning.place(c.table, c.new.name)
        for c in earlier
        if isinstance(c, AlterColumn) and c.retyped and is_of(c.old.exact_type, change)
    }


def live_name(planning: Planning, name: str) -> str:
    return {new: old for old, new in planning.renames.types.items()}.get(name, name)


def is_of(text: str | None, change: AlterType) -> bool:
    bare = (text or "").removesuffix("[]")
    return bare in (change.new.name, table_name(change.new.name))


def kept_as_text(name: str, *, again: bool) -> str:
    """Kept values of a type become texts; `again`: it is noted of what type they were."""
    note = literal(f"{_KEPT_AS}{table_name(name)}") if again else "'text'"
    given = f"{literal(table_name(name))}::regtype"
    text = "CASE WHEN kept.listed THEN 'text[]' ELSE 'text' END"
    return _each_kept(
        f"a.atttypid IN ({given}, (SELECT typarray FROM pg_type WHERE oid = {given}))",
        f"'ALTER TABLE %s ALTER COLUMN %I TYPE ' || {text} || ' USING %2$I::' || {text}",
        note,
    )


def kept_again(name: str) -> str:
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
