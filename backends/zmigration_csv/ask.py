"""Questions to the rows, before anything is touched.

Values are compared as the columns' types say (`1` and `1.0` are one int); a cell that is no
value of its type is compared as the text it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeAlias

from zmigration_api import (
    MAX_SAMPLES,
    Answer,
    CheckFailures,
    Column,
    ColumnType,
    Duplicates,
    Nulls,
    Orphans,
    Question,
    Readable,
    Sample,
    Scalar,
    Schema,
    Table,
    Unconvertible,
    Unfillable,
)
from zmigration_api.computed_answers import AskedRow, answer
from zmigration_api.values import format_value

from .cells import Record
from .check import failing_rows
from .files import CsvFile
from .quick import Quick
from .typed import converted, readable_value, shown, value_or_text

if TYPE_CHECKING:
    from .hashes import Key
    from .keyed import Offenders

Find: TypeAlias = Callable[[str], CsvFile | None]
Judge: TypeAlias = Callable[[int, Sequence[bytes]], str | None]
"""Why a row (its number from 1, its cells) offends; None if it does not, "" without a reason."""

_NULLS = (b"", b'""')
_TEXT = ColumnType(kind="text")


def ask(question: Question, current: Schema, find: Find) -> Answer:
    """The answer; a table that is not there has no rows."""
    file = find(question.table)
    if file is None:
        return Answer()
    rows = _Rows(file, current.table(question.table))
    match question:
        case Nulls(_, column):
            return _nulls(rows, column)
        case Duplicates(computed=()):
            return _duplicates(rows, question.columns)
        case Duplicates() | Unfillable():
            return answer(question, rows.asked)
        case Orphans(computed=(_, *_)):
            target = find(question.ref_table) if question.ref_table else None
            return answer(question, rows.asked, _Rows(target, None).asked if target else None)
        case Readable():
            for row in rows.each(None):
                del row  # it may be a long one
            return Answer()
        case Orphans():
            return _orphans(rows, question, find)
        case Unconvertible():
            return _unconvertible(rows, question)
        case CheckFailures(_, check):
            failing = failing_rows(file, rows.table, check)
            spoken_of = tuple(n for n in rows.names if n.lower() in check.expression.lower())
            return rows.answer(_numbered(failing), spoken_of)


class _Rows:
    """The rows of one table, with the types that `current` gives."""

    def __init__(self, file: CsvFile, table: Table | None) -> None:
        self.file = file
        self.names = file.header().names
        self.table = table or Table(name=file.shown.stem, columns=())
        self._places = {name: place for place, name in enumerate(self.names)}

    def has(self, columns: tuple[str, ...]) -> bool:
        return all(name in self._places for name in columns)

    def type_of(self, name: str) -> ColumnType:
        column = self.table.column(name)
        return column.type if column else _TEXT

    def keys(self, columns: tuple[str, ...], types: list[ColumnType]) -> Iterator[tuple[Any, ...]]:
        """The values of these columns in each row; an empty tuple where one is null."""
        places = [self._places[name] for name in columns]
        pairs = list(zip(places, types, strict=True))
        for record in self.file.rows():
            yield self._key(record.cells, pairs)

    def asked(self) -> Iterator[AskedRow]:
        """Every row, for questions about values that a plan leaves."""
        for number, (line, cells, _) in enumerate(self.file.rows(), 1):
            yield AskedRow(partial(self._read, cells), partial(self._place, number, line, cells))

    def each(self, quick: Quick | None) -> Iterator[tuple[int, Record]]:
        """The rows with their numbers from 1, but for those of a large file that are as `quick`."""
        if not self.file.is_large:
            return enumerate(self.file.rows(), 1)
        from .suspects import suspects

        return suspects(self.file, quick)

    def answer(self, judge: Judge, columns: tuple[str, ...], quick: Quick | None = None) -> Answer:
        """How many rows offend, and the first of them; none does that is as `quick` has it."""
        count, samples = 0, []
        rows = self.each(quick) if quick else enumerate(self.file.rows(), 1)
        for number, (line, cells, _) in rows:
            reason = judge(number, cells)
            if reason is not None:
                count += 1
                if count <= MAX_SAMPLES:
                    samples.append(self._sample(number, line, cells, columns, reason))
            del cells  # it may be a long row
        return Answer(count, tuple(samples))

    def offenders(self, found: Offenders, columns: tuple[str, ...]) -> Answer:
        """The answer that these rows offend."""
        first = islice(found.rows, MAX_SAMPLES)
        samples = (self._sample(n, line, cells, columns) for n, (line, cells, _) in first)
        return Answer(found.count, tuple(samples))

    def key_of(self, columns: tuple[str, ...], types: list[ColumnType]) -> Key:
        """Where the cells of a key are, and of what types."""
        return [(self._places[n], kind) for n, kind in zip(columns, types, strict=True)]

    def _sample(
        self,
        number: int,
        line: int,
        cells: Sequence[bytes],
        columns: tuple[str, ...],
        why: str = "",
    ) -> Sample:
        key, _ = self._place(number, line, cells)
        return Sample(key, self._scalars(columns, cells), line=line, reason=why or None)

    def _read(self, cells: Sequence[bytes], column: Column) -> tuple[Any, Column]:
        place = self._places.get(column.name)
        return (None, column) if place is None else readable_value(cells[place], column)

    def _place(
        self, number: int, line: int, cells: Sequence[bytes]
    ) -> tuple[tuple[Scalar, ...], int | None]:
        return self._scalars(self.table.key, cells) or (number,), line

    def _key(self, cells: Sequence[bytes], pairs: list[tuple[int, ColumnType]]) -> tuple[Any, ...]:
        values = tuple(_hashable(value_or_text(cells[place], kind)) for place, kind in pairs)
        return () if None in values else values

    def _scalars(self, names: tuple[str, ...], cells: Sequence[bytes]) -> tuple[Scalar, ...]:
        if not self.has(names):
            return ()
        return tuple(_scalar(cells[self._places[n]], self.type_of(n)) for n in names)


def _nulls(rows: _Rows, column: str) -> Answer:
    if not rows.has((column,)):
        return rows.answer(lambda _, cells: "", ())
    place = rows.names.index(column)
    judge: Judge = lambda _, cells: "" if cells[place] in _NULLS else None  # noqa: E731
    return rows.answer(judge, (column,), Quick(place).filled())


def _duplicates(rows: _Rows, columns: tuple[str, ...]) -> Answer:
    if not rows.has(columns):
        return Answer()
    types = [rows.type_of(name) for name in columns]
    if rows.file.is_large:
        from .keyed import repeated

        return rows.offenders(repeated(rows.file, rows.key_of(columns, types)), columns)
    seen: set[tuple[Any, ...]] = set()
    twice: set[tuple[Any, ...]] = set()
    for key in rows.keys(columns, types):
        (twice if key in seen else seen).add(key)
    twice.discard(())
    if not twice:
        return Answer()
    offends = (key in twice for key in rows.keys(columns, types))
    return rows.answer(lambda _, cells: "" if next(offends) else None, columns)


def _orphans(rows: _Rows, question: Orphans, find: Find) -> Answer:
    columns, ref_columns = question.columns, question.ref_columns
    if not rows.has(columns):
        return Answer()
    types = [rows.type_of(name) for name in columns]
    target = find(question.ref_table) if question.ref_table else None
    there = _Rows(target, None) if target else None
    if there is not None and not there.has(ref_columns):
        there = None
    if rows.file.is_large or (there and there.file.is_large):
        from .keyed import unmatched

        known = (there.file, there.key_of(ref_columns, types)) if there else (None, [])
        return rows.offenders(unmatched(rows.file, rows.key_of(columns, types), *known), columns)
    keys = set(there.keys(ref_columns, types)) if there else set()
    orphans = (bool(key) and key not in keys for key in rows.keys(columns, types))
    return rows.answer(lambda _, cells: "" if next(orphans) else None, columns)


def _unconvertible(rows: _Rows, question: Unconvertible) -> Answer:
    old, new = question.old, question.new
    if not rows.has((old.name,)):
        return Answer()
    place, delimiter = rows.names.index(old.name), rows.file.delimiter

    def judge(_: int, cells: Sequence[bytes]) -> str | None:
        try:
            converted(cells[place], old, new, delimiter)
        except ValueError as error:
            return str(error)
        return None

    return rows.answer(judge, (old.name,), Quick(place).converted(old, new))


def _numbered(failing: Iterator[int]) -> Judge:
    numbers = set(failing)
    return lambda number, cells: "" if number in numbers else None


def _hashable(value: Any) -> Any:  # noqa: ANN401
    return repr(value) if isinstance(value, list | dict) else value


def _scalar(cell: bytes, column_type: ColumnType) -> Scalar:
    """The value for people: plain values as they are, others as texts."""
    value = value_or_text(cell, column_type)
    if value is None or isinstance(value, str | int | float):
        return value
    return shown(cell) if isinstance(value, bytes) else format_value(value, column_type)
