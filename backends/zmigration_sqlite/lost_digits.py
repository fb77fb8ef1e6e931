"""Which rows have values that lose digits in a column of another type."""

from __future__ import annotations

from zmigration_api import (
    MAX_SAMPLES,
    AlterColumn,
    Answer,
    Sample,
    Table,
    Unconvertible,
    convertible,
)
from zmigration_sql.asked_rows import keyed, sample

from .connection import Connection
from .digits import LOST, SURE_DIGITS, loses
from .expressions import carried, makes_numbers
from .names import QUOTING


def lost(connection: Connection, question: Unconvertible, table: Table) -> Answer:
    """The rows whose values would become other numbers."""
    old, new = question.old, question.new
    said = new.using is not None and new.using.expression
    if said or not makes_numbers(new) or table.column(old.name) is None:
        return Answer()
    declared, name = new.exact_type or "", QUOTING.name(old.name)
    value = carried(AlterColumn(table.name, old, new), name)
    if value is not None and not convertible(old.type, new.type):
        return Answer()  # the statement itself tells of the first
    value = value or name
    long = f"typeof({value}) IN ('text', 'integer') AND (length({value}) > {SURE_DIGITS}"
    suspect = f"{long} OR {value} LIKE '%e%')"
    count, samples = 0, list[Sample]()
    for raw in keyed(connection, table, (old.name,), suspect, also=(value,)):
        if not loses(raw[-1], declared):
            continue
        count += 1
        if len(samples) < MAX_SAMPLES:
            why = LOST.format(declared)
            samples.append(sample(connection, table, (old.name,), raw[:-1], why))
    return Answer(count, tuple(samples))
