"""Rows that stand in the way of a plan, in words."""

from __future__ import annotations

from zmigration_api import (
    CheckFailures,
    Duplicates,
    Nulls,
    Orphans,
    Question,
    Readable,
    Unconvertible,
    Unfillable,
)

from .preflight import Violation


def violation_lines(violation: Violation) -> list[str]:
    """A violation in lines: what and how many, the first rows, what to do."""
    lines = [_question_text(violation.question, violation.answer.count)]
    for sample in violation.answer.samples:
        key = ", ".join(map(str, sample.key))
        values = ", ".join("null" if v is None else repr(v) for v in sample.values)
        line = f" (line {sample.line})" if sample.line else ""
        lines.append(f"  row {key}{line}: {values}{' ' + sample.reason if sample.reason else ''}")
    more = violation.answer.count - len(violation.answer.samples)
    if more > 0:
        lines.append(f"  ... and {more} more")
    return [*lines, f"  → {violation.hint}"]


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
            return f"{table}.{old.name}: {count} value(s) cannot become {new.type}"
        case CheckFailures(table, check):
            return f"{table}: {count} row(s) do not keep {check.name}: {check.expression}"
