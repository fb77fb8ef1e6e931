"""Which values a STRICT table does not take, found out by giving them to one in memory."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Any

from zmigration_api import MAX_SAMPLES, AlterColumn, Answer, Sample, Table, Unconvertible
from zmigration_sql.asked_rows import keyed, sample

from .connection import Connection
from .expressions import converted
from .names import QUOTING

_STORED = {"INT": "integer", "INTEGER": "integer", "REAL": "real", "TEXT": "text", "BLOB": "blob"}
_WORDS = {str: "a text", bytes: "binary data", int: "a number", float: "a number"}


def is_strict(question: Unconvertible) -> bool:
    """Whether the column is to be of a table that looks at the types of its values."""
    return "STRICT" in question.options and question.new.generated is None


def refused(connection: Connection, question: Unconvertible, table: Table) -> Answer:
    """The rows with values that the column would not take. What becomes of each is given to one."""
    old, new = question.old, question.new
    wanted = (new.exact_type or "").upper()
    stored = _STORED.get(wanted)
    if stored is None or table.column(old.name) is None:
        return Answer()
    name = QUOTING.name(old.name)
    value = converted(AlterColumn(table.name, old, new), name) or name
    suspect = f"typeof({value}) NOT IN ('null', '{stored}')"
    count, samples = 0, list[Sample]()
    with closing(sqlite3.connect(":memory:")) as probe:
        probe.execute(f"CREATE TABLE probe (value {wanted}) STRICT")
        for raw in keyed(connection, table, (old.name,), suspect, also=(value,)):
            if _takes(probe, raw[-1]):
                continue
            count += 1
            if len(samples) < MAX_SAMPLES:
                why = f"is {_WORDS[type(raw[-1])]}, which a STRICT table does not take as {wanted}"
                samples.append(sample(connection, table, (old.name,), raw[:-1], why))
    return Answer(count, tuple(samples))


def _takes(probe: sqlite3.Connection, value: Any) -> bool:  # noqa: ANN401
    try:
        probe.execute("INSERT INTO probe VALUES (?)", [value])
    except sqlite3.IntegrityError:
        return False
    return True
