"""Answers to questions, over rows that can be read one by one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from zmigration_api.checks import failing_rows
from zmigration_api.computed import Computed
from zmigration_api.computed_answers import AskedRow, answer, counted, scalar
from zmigration_api.conversion import carry
from zmigration_api.model import Column, Scalar, Schema, Table
from zmigration_api.questions import (
    Answer,
    CheckFailures,
    Duplicates,
    Nulls,
    Orphans,
    Question,
    Readable,
    Unconvertible,
    Unfillable,
)
from zmigration_api.types import ColumnType
from zmigration_api.values import format_value

from .cells import JSON_NULL, as_type, plain

if TYPE_CHECKING:
    from .store import RowStore

_TEXT = ColumnType(kind="text")


class _Rows:
    """The rows of one table, with the types that the schema gives."""

    def __init__(self, store: RowStore, live: Table, meant: Table | None) -> None:
        self.store, self.live, self.meant = store, live, meant or live

    def __call__(self) -> Iterator[AskedRow]:
        for number, cells in enumerate(self.store.read(self.live), 1):
            yield AskedRow(partial(self.read, cells), partial(self._place, number, cells))

    def column(self, name: str) -> Column | None:
        """The column as the schema means it; None if the store has none of that name."""
        return (self.meant.column(name) or self.live.column(name)) if self._has(name) else None

    def read(self, cells: Mapping[str, Any], column: Column) -> tuple[Any, Column]:
        live = self.live.column(column.name)
        if live is None:
            return None, column
        value = cells[live.name]
        try:
            return as_type(value, live.type, column.type), column
        except ValueError:
            return format_value(value, live.type), replace(column, type=_TEXT)

    def _has(self, name: str) -> bool:
        return self.live.column(name) is not None

    def _place(self, number: int, cells: Mapping[str, Any]) -> tuple[tuple[Scalar, ...], None]:
        columns = [self.column(name) for name in self.meant.key]
        found = tuple(scalar(*self.shown(cells, column)) for column in columns if column)
        return (found if found and len(found) == len(columns) else (number,)), None

    def shown(self, cells: Mapping[str, Any], column: Column) -> tuple[Any, Column]:
        value, column = self.read(cells, column)
        return plain(value), column


def ask(store: RowStore, question: Question, current: Schema) -> Answer:
    """The answer; a table that is not there has no rows."""
    live = store.live(question.table)
    if live is None:
        return Answer()
    rows = _Rows(store, live, current.table(question.table))
    match question:
        case Nulls(_, name):
            return counted(rows, partial(_null, rows.column(name)))
        case Duplicates(_, names, computed):
            computed = computed or _as_they_are(rows, names)
            return answer(replace(question, computed=computed), rows) if computed else Answer()
        case Orphans():
            return _orphans(store, question, rows)
        case Unfillable():
            return answer(question, rows)
        case Readable():
            for _ in rows():
                pass
            return Answer()
        case Unconvertible(_, old, new):
            return counted(rows, partial(_unconvertible, old, new))
        case CheckFailures(_, check):
            return _failures(store, rows, check.expression, check.name)


def _as_they_are(rows: _Rows, names: Iterable[str]) -> tuple[Computed, ...]:
    """Columns as values that no plan changes; none if one is missing."""
    found = [rows.column(name) for name in names]
    there = [column for column in found if column is not None]
    if len(there) < len(found):
        return ()
    return tuple(Computed(old=column, new=column, fills=False) for column in there)


def _orphans(store: RowStore, question: Orphans, rows: _Rows) -> Answer:
    here = question.computed or _as_they_are(rows, question.columns)
    live = store.live(question.ref_table) if question.ref_table else None
    there = question.ref_computed
    if not question.computed:  # what is referred to is read as what refers to it
        pairs = zip(here, question.ref_columns, strict=False)
        named = (replace(one.new, name=name) for one, name in pairs)
        there = tuple(Computed(old=column, new=column, fills=False) for column in named)
    if not here:
        return Answer()
    asked = replace(question, computed=here, ref_computed=there)
    return answer(asked, rows, _Rows(store, live, None) if live else None)


def _null(column: Column | None, row: AskedRow) -> tuple[tuple[Scalar, ...], None] | None:
    if column is None:
        return (), None
    return ((None,), None) if row.read(column)[0] is None else None


def _unconvertible(
    old: Column, new: Column, row: AskedRow
) -> tuple[tuple[Scalar, ...], str] | None:
    value, source = row.read(old)
    if value is None:
        return None
    value = plain(value) if value is JSON_NULL else value
    try:
        carry(value, source, new)
    except ValueError as error:
        return (scalar(value, source),), str(error)
    return None


def _failures(store: RowStore, rows: _Rows, expression: str, name: str) -> Answer:
    columns = [rows.column(column.name) or column for column in rows.live.columns]
    cells = (
        [(plain(value), column) for value, column in (rows.read(row, c) for c in columns)]
        for row in store.read(rows.live)
    )
    failing = set(failing_rows(rows.live.name, columns, cells, expression, name))
    numbers = iter(range(1, 1 << 62))
    spoken_of = [c for c in columns if c.name.lower() in expression.lower()]

    def offence(row: AskedRow) -> tuple[tuple[Scalar, ...], None] | None:
        if next(numbers) not in failing:
            return None
        found = (row.read(column) for column in spoken_of)
        return tuple(scalar(plain(value), column) for value, column in found), None

    return counted(rows, offence)
