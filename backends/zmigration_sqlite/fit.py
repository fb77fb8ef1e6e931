"""Recorded steps back, fitted to the tables as they are now.

A step that makes a table anew was recorded with texts that know nothing of what has come since by
another hand: such columns, indexes and triggers are written into its statements here. Every step
is tried on a copy of the structure, so that what is in the way is named before anything is touched.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import replace

from zmigration_api import (
    AddConstraint,
    CreateTable,
    DriftError,
    DropColumn,
    DropTable,
    ForeignKey,
    Hazard,
    Step,
    UnsupportedChange,
)

from .as_left import Difference, difference, guard, not_as_left, read_guard, texts_of
from .clauses import ColumnText
from .ddl import TableText, parse_table
from .inspect import is_there
from .live import Live, load
from .names import QUOTING
from .rebuild import PREFIX, ROWIDS, inserted
from .shadow import Shadow
from .tokens import depths, fold, mentions, significant, text_of, tokenize

_BY_HAND = re.compile(r"(error in )?(index|trigger|view|table) |duplicate column name")
_MEND = "put that back as it was, or stay with the migration"
_DROP = "drop or change that first; it is not in the schema files"


def fitted(source: sqlite3.Connection, back: Sequence[Step], *, force: bool) -> tuple[Step, ...]:
    """The steps as they are to be run; DriftError names what is in their way.

    With `force` a definition that was changed by hand becomes what was recorded.
    """
    shadow = Shadow(source)
    try:
        before = _orphaned(shadow)
        steps = tuple(_run(shadow, _fitted(shadow, step, force=force)) for step in back)
        for reason in shadow.newly_broken():
            raise _in_the_way(f"taking this back would break something in the database: {reason}")
        returning = set(_returning(back))
        for table, child in _orphaned(shadow).items():
            if table not in before and fold(child) not in returning:
                raise _in_the_way(f"table {table} cannot go: table {child} refers to it")
        return steps
    finally:
        shadow.close()


def _orphaned(shadow: Shadow) -> dict[str, str]:
    """Tables that are referred to and not there, each with one that refers to it."""
    query = (
        'SELECT f."table", m.name FROM sqlite_master AS m, pragma_foreign_key_list(m.name) AS f'
        " WHERE m.type = 'table' AND m.sql NOT LIKE 'create virtual%' AND NOT EXISTS"
        " (SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = f.\"table\" COLLATE NOCASE)"
    )
    return {fold(table): child for table, child in shadow.connection.execute(query)}


def _returning(back: Sequence[Step]) -> Iterator[str]:
    """Tables that come back with what they referred to, whether that was there or not."""
    for change in (change for step in back for change in step.changes):
        match change:
            case CreateTable() | AddConstraint(_, ForeignKey()):
                yield fold(change.table)
            case _:
                pass


def _run(shadow: Shadow, step: Step) -> Step:
    try:
        shadow.run(step.statements)
    except sqlite3.Error as error:
        by_hand = _BY_HAND.match(str(error))
        kind = DriftError if by_hand else UnsupportedChange
        raise kind(
            f"SQLite cannot take back what became of the table {step.table}: {error}",
            hint=_DROP if by_hand else "mend that, or stay with the migration",
        ) from None
    return step


def _fitted(shadow: Shadow, step: Step, *, force: bool) -> Step:
    guards = {s: found for s in step.statements if (found := read_guard(s))}
    if not guards:
        _refuse_losses(shadow, step)
        return step
    ((statement, (table, known)),) = guards.items()
    live = load(shadow.connection, table)
    moved = difference(known, texts_of(live))
    wrong = moved.without_carried()
    if wrong and not force:
        raise DriftError(not_as_left(live.name, wrong), hint=_MEND)
    fit = _Fit(step, live, moved)
    _refuse_quoted(shadow, live, fit.going, known)
    return fit.step(statement) if moved else step


class _Fit:
    """A step that makes a table anew, with what has come to the table since."""

    def __init__(self, step: Step, live: Live, moved: Difference) -> None:
        self._step = step
        self._name = live.name
        new = fold(PREFIX + live.name)
        self._create, self._text = next(
            (s, text) for s in step.statements if (text := _created(s)) and fold(text.name) == new
        )
        definitions = live.text.definitions()
        self._live = live
        self._columns = [c for c in definitions if moved.has_come("column", c.name)]
        self._indexes = tuple(i for i in live.indexes if moved.has_come("index", i.name))
        self._triggers = tuple(t for t in live.triggers if moved.has_come("trigger", t.name))
        stays = {fold(column.name) for column in (*self._text.definitions(), *self._columns)}
        self.going = [c.name for c in definitions if fold(c.name) not in stays]

    def step(self, recorded_guard: str) -> Step:
        """The step as it is to be run."""
        self._refuse()
        names, before = {column.name for column in self._columns}, self._step.statements
        items = (item for item in self._live.text.columns if item.body[0].name in names)
        text = replace(self._text, columns=(*self._text.columns, *items))
        insert = before[before.index(self._create) + 1]
        fitting = {
            recorded_guard: guard(self._live),
            self._create: text.render(),
            insert: self._filled(insert, text),
        }
        saved = (s.statement for s in (*self._indexes, *self._triggers))
        statements = (*(fitting.get(s, s) for s in before), *saved)
        return replace(self._step, statements=statements, hazards=self._notes())

    def _filled(self, insert: str, text: TableText) -> str:
        """The statement that copies the rows, with the values of the columns that came."""
        stored = [QUOTING.name(c.name) for c in self._columns if c.clause("AS") is None]
        if not stored:
            return insert
        table, tokens = QUOTING.name(self._name), tokenize(insert)
        levels = depths(tokens)
        opens = levels.index(1)
        ends = next(i for i, t in enumerate(tokens) if levels[i] == 1 and t.text == ")")
        source = next(i for i, t in enumerate(tokens) if not levels[i] and t.keyword == "FROM")
        return (
            f"{inserted(text)} {QUOTING.name(text.name)} "
            f"{text_of(tokens[opens:ends])}, {', '.join(stored)}"
            f"{text_of(tokens[ends : source - 1])}, {', '.join(f'{table}.{c}' for c in stored)} "
            f"{text_of(tokens[source:])}"
        )

    def _refuse(self) -> None:
        """DriftError for what came and cannot stay beside what comes back."""
        statements = [tokenize(s) for s in self._step.statements]
        for column in self._columns:
            where = f"column {self._name}.{column.name}"
            if self._text.definition(column.name) is not None:
                raise _in_the_way(f"{where} came since, and the rollback brings back another")
            if column.clause("PRIMARY") is not None:
                raise _in_the_way(f"{where} came since, as the primary key")
            number = fold(column.name) in ROWIDS
            if number and any(mentions(tokens, column.name) for tokens in statements):
                raise _in_the_way(f"{where} came since, and hides the numbers of the rows")
        later = replace(self._live, indexes=self._indexes, triggers=self._triggers)
        _refuse_users(later, self.going, self._columns)

    def _notes(self) -> tuple[Hazard, ...]:
        columns = [f"column {column.name}" for column in self._columns]
        indexes = [f"index {index.name}" for index in self._indexes]
        triggers = [f"trigger {trigger.name}" for trigger in self._triggers]
        came = " and ".join([*columns, *indexes, *triggers])
        return (Hazard("note", f"{came} came to {self._name} since, and will stay"),) * bool(came)


def _created(statement: str) -> TableText | None:
    try:
        return parse_table(statement)
    except ValueError:
        return None


def _refuse_losses(shadow: Shadow, step: Step) -> None:
    """DriftError for what would go along with what a step in place takes away."""
    for change in step.changes:
        if not is_there(shadow.connection, change.table):
            continue
        if isinstance(change, DropTable):
            live = load(shadow.connection, change.table)
            for what in [*texts_of(live)][1:]:
                raise _in_the_way(f"{what} came to {live.name} since, and would go with it")
        if isinstance(change, DropColumn):
            live = load(shadow.connection, change.table)
            _refuse_users(live, [change.column.name], live.text.definitions())
            _refuse_quoted(shadow, live, [change.column.name])


def _refuse_users(live: Live, going: Iterable[str], columns: Iterable[ColumnText]) -> None:
    """DriftError for an index, trigger or column of a table that needs a column that goes."""
    for name in going:
        users = [f"index {index.name}" for index in live.indexes if index.covers(name)]
        users += [f"trigger {t.name}" for t in live.triggers if _waits_for(t.statement, name)]
        users += [f"column {c.name}" for c in columns if _computed_of(c, name)]
        if users:
            needed = f"{' and '.join(users)} {'need' if len(users) > 1 else 'needs'} it"
            raise _in_the_way(f"column {live.name}.{name} cannot go: {needed}")


def _refuse_quoted(
    shadow: Shadow, live: Live, going: Iterable[str], known: Container[str] = ()
) -> None:
    """DriftError for a view or trigger for which a column that goes would become a text."""
    for name in going:
        for what, sql in shadow.quoting(name):
            if what not in known and mentions(tokenize(sql), live.name):
                raise _in_the_way(f"column {live.name}.{name} cannot go: {what} needs it")


def _waits_for(trigger: str, column: str) -> bool:
    """Whether it is a trigger on updates of just that column, among others."""
    words = significant(tokenize(trigger))
    heads = [t.keyword for t in words]
    if "OF" not in heads[: heads.index("ON")]:
        return False
    return mentions(words[heads.index("OF") + 1 : heads.index("ON")], column)


def _computed_of(column: ColumnText, name: str) -> bool:
    clauses = (c for c in column.clauses if c.kind in ("AS", "CHECK"))
    return fold(column.name) != fold(name) and any(mentions(c.tokens, name) for c in clauses)


def _in_the_way(what: str) -> DriftError:
    return DriftError(what, hint=_DROP)
