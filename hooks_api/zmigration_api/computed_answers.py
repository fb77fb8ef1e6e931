"""Answers about computed values, the same over every store that can read its rows one by one.

Duplicates and Orphans keep every distinct key in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, TypeAlias

from .computed import Computed, Read, comparable
from .model import Column, Scalar
from .questions import MAX_SAMPLES, Answer, Duplicates, Orphans, Sample, Unfillable
from .values import format_value


@dataclass(frozen=True, slots=True)
class AskedRow:
    """A row as it is now. `place` gives its key (see `Sample`) and its line, if it has one."""

    read: Read
    place: Callable[[], tuple[tuple[Scalar, ...], int | None]]


Rows: TypeAlias = Callable[[], Iterable[AskedRow]]
"""Reads the rows from the first to the last, each time it is called in the same order."""

Offence: TypeAlias = Callable[[AskedRow], "tuple[tuple[Scalar, ...], str | None] | None"]
"""The offending values and the reason; None for a row that does not offend."""


def answer(
    question: Duplicates | Orphans | Unfillable, rows: Rows, ref_rows: Rows | None = None
) -> Answer:
    """The answer to a question with computed values; `ref_rows` None: there are none."""
    now = datetime.now(timezone.utc).replace(tzinfo=None, microsecond=0)
    match question:
        case Unfillable(_, computed):
            return counted(rows, _unfillable(computed, now))
        case Duplicates(_, _, columns):
            twice = _twice(_keys(rows, columns, now))
            return counted(rows, _keyed(columns, now, twice.__contains__)) if twice else Answer()
        case Orphans(computed=columns, ref_computed=there):
            known = set(_keys(ref_rows, there, now)) if ref_rows else set()
            return counted(rows, _keyed(columns, now, lambda key: key not in known))


def scalar(value: Any, column: Column) -> Scalar:  # noqa: ANN401
    """The value for people: plain values as they are, others as texts."""
    if value is None or isinstance(value, str | int | float):
        return value
    return format_value(value, column.type)


def counted(rows: Rows, offence: Offence) -> Answer:
    """How many rows offend, and the first of them."""
    count, samples = 0, []
    for row in rows():
        found = offence(row)
        if found is None:
            continue
        count += 1
        if count <= MAX_SAMPLES:
            key, line = row.place()
            samples.append(Sample(key, found[0], line=line, reason=found[1]))
    return Answer(count, tuple(samples))


def _unfillable(computed: Computed, now: datetime) -> Offence:
    def offence(row: AskedRow) -> tuple[tuple[Scalar, ...], str | None] | None:
        reason = computed.refusal(row.read, now)
        if reason is None:
            return None
        return tuple(_shown(row, column) for column in computed.copies()), reason

    return offence


def _shown(row: AskedRow, column: Column) -> Scalar:
    try:
        return scalar(*row.read(column))
    except ValueError as error:
        return f"a value that {error}"


def _keyed(
    columns: tuple[Computed, ...], now: datetime, offends: Callable[[tuple[Any, ...]], bool]
) -> Offence:
    def offence(row: AskedRow) -> tuple[tuple[Scalar, ...], str | None] | None:
        values = _values(row, columns, now)
        if values is None or not offends(_key(values, columns)):
            return None
        pairs = zip(values, columns, strict=True)
        return tuple(scalar(value, one.new) for value, one in pairs), None

    return offence


def _twice(keys: Iterator[tuple[Any, ...]]) -> set[tuple[Any, ...]]:
    seen: set[tuple[Any, ...]] = set()
    twice: set[tuple[Any, ...]] = set()
    for key in keys:
        (twice if key in seen else seen).add(key)
    return twice


def _keys(rows: Rows, columns: tuple[Computed, ...], now: datetime) -> Iterator[tuple[Any, ...]]:
    for row in rows():
        values = _values(row, columns, now)
        if values is not None:
            yield _key(values, columns)


def _values(row: AskedRow, columns: tuple[Computed, ...], now: datetime) -> tuple[Any, ...] | None:
    """The values; None where one is null, or cannot be and so is told of elsewhere."""
    try:
        values = tuple(one.value(row.read, now) for one in columns)
    except ValueError:
        return None
    return None if None in values else values


def _key(values: tuple[Any, ...], columns: tuple[Computed, ...]) -> tuple[Any, ...]:
    return tuple(comparable(value, one.new) for value, one in zip(values, columns, strict=True))
