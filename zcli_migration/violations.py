"""What people read of rows that stand in a plan's way."""

from __future__ import annotations

from zmigration_api import (
    CheckFailures,
    Duplicates,
    Nulls,
    Orphans,
    Question,
    Readable,
    Sample,
    Scalar,
    Unconvertible,
    Unfillable,
)

from .preflight import Violation


def violation_lines(violation: Violation) -> list[str]:
    """A violation in lines: what and how many, the first rows, what to do."""
    lines = [_question_text(violation.question, violation.answer.count)]
    for sample in violation.answer.samples:
        lines.append(f"  row {_row(sample)}")
    more = violation.answer.count - len(violation.answer.samples)
    if more > 0:
        lines.append(f"  ... and {more} more")
    return [*lines, f"  → {violation.hint}"]


def _row(sample: Sample) -> str:
    """Which row, and what of it offends: `5 (line 6): 'x' is not a whole number`."""
    key = ", ".join(map(str, sample.key))
    if sample.beside:
        key = f"with {', '.join(f'{name} {_shown(value)}' for name, value in sample.beside)}"
    place = f"{key} (line {sample.line})" if sample.line else key
    values = ", ".join(map(_shown, sample.values))
    said = " ".join(filter(None, (values, sample.reason)))
    return f"{place}: {said}" if said else place


def _shown(value: Scalar) -> str:
    return "null" if value is None else repr(value)


def _question_text(question: Question, count: int) -> str:
    match question:
        case Nulls(table, column):
            return f"{table}.{column}: {count} row(s) have no value, and it is required"
        case Unfillable(table, computed):
            what = "cannot get a value by its backfill"
            return f"{table}.{computed.new.name}: {count} row(s) {what}"
        case Readable(table):
            return f"{table}: {count} row(s) cannot be read"
        case Duplicates(table, columns):
            names = ", ".join(columns)
            return f"{table}.{names}: {count} row(s) have a value that another row has too"
        case Orphans(table, columns, ref, _):
            where = ref or "a table without rows"
            return f"{table}.{', '.join(columns)}: {count} row(s) refer to nothing in {where}"
        case Unconvertible(table, old, new):
            return (
                f"{table}.{old.name}: {count} value(s) cannot become {new.exact_type or new.type}"
            )
        case CheckFailures(table, check):
            return f"{table}: {count} row(s) do not keep {check.name}: {check.expression}"
