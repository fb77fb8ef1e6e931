"""Which values PostgreSQL itself refuses to carry into another native type, asked of all rows.

The very expression that the step will use is tried, in a transaction that is undone: of all rows at
once, and where that fails, of each row by a function that catches what it says.
"""

from __future__ import annotations

from dataclasses import replace

from zmigration_api import (
    MAX_SAMPLES,
    AlterColumn,
    Answer,
    NamedType,
    Sample,
    Table,
    Unconvertible,
    convertible,
)
from zmigration_sql import literal
from zmigration_sql.asked_rows import Raw, keyed, sample
from zmigration_sql.questions import refusal

from . import scratch
from .address import load_driver
from .alter import Alteration
from .connection import Connection
from .domains import Domain
from .facts import Facts
from .named_types import of_names
from .names import QUOTING, table_name
from .native_casts import REASON

_FUNCTION = "pg_temp.zmigration_refusal"
_LIST = "[]"
_OUTSIDE = ("22003", "22008")
_NO_VALUE = ("22P02", "22007")


def judged(connection: Connection, question: Unconvertible, table: Table) -> Answer:
    """The rows whose values cannot go; none where this role may make nothing for a moment."""
    if table.column(question.old.name) is None or not scratch.possible(connection):
        return Answer()
    with scratch.undone(connection):
        value = _value(connection, question, table)
        if value is None:
            return Answer()
        if _named(question) is not None:
            scratch.make_types(connection, question.types)
        if _goes(connection, value, table):
            return Answer()
        return _each(connection, value, question, table)


def _value(connection: Connection, question: Unconvertible, table: Table) -> str | None:
    """What a value is to become; None where the server leaves it as it is."""
    old, facts = question.old, Facts(connection)
    new = replace(question.new, required=old.required, backfill=None, default=None)
    name, native = QUOTING.name(old.name), new.exact_type or ""
    altered = _named(question)
    if altered is not None and old.exact_type == new.exact_type:  # the type itself is another
        brackets = _LIST if native.endswith(_LIST) else ""
        if altered.kind == "enum" or brackets:
            return f"{name}::text{brackets}::{table_name(altered.name)}{brackets}"
        if not _tightens(connection, altered):
            return None
        return facts.hop(native, native, question.types).carried(name, native)
    made = Alteration.of(AlterColumn(table.name, old, new), table, exact=True)
    made = made.known(facts, question.types)
    as_it_is = made.stays or not made.changes_native or made.new.generated is not None
    return None if as_it_is else made.value_after()


def _tightens(connection: Connection, domain: NamedType) -> bool:
    """Whether the domain is to ask more than it does now, if it is there under that name."""
    there = next(iter(of_names(connection, [domain.name])), None)
    if there is None or there.kind != "domain":
        return True
    before, after = Domain.read(there.definition), Domain.read(domain.definition)
    return before.base != after.base or after.tightens(before)


def _named(question: Unconvertible) -> NamedType | None:
    """The type that the plan makes or changes, if the column is to be of it or of a list of it."""
    bare = (question.new.exact_type or "").removesuffix(_LIST)
    return next((t for t in question.types if bare in (t.name, table_name(t.name))), None)


def _goes(connection: Connection, value: str, table: Table) -> bool:
    """Whether every value goes, asked of all at once."""
    connection.execute("SAVEPOINT zmigration_judged")
    try:
        tried = f"SELECT count({value}) FROM {table_name(table.name)}"
        connection.raw.execute(tried.encode())
    except load_driver().Error as error:
        if connection.lost or error.sqlstate in scratch.PASSING:
            raise connection.failure(error) from None
        connection.execute("ROLLBACK TO SAVEPOINT zmigration_judged")
        return False
    return True


def _each(connection: Connection, value: str, question: Unconvertible, table: Table) -> Answer:
    """The rows whose values do not go, with what the server or the shared conversion says."""
    column = QUOTING.name(question.old.name)
    place = table_name(table.name)
    # OFFSET keeps the server from computing for a known value what a CASE does not come to.
    body = (
        "#variable_conflict use_column\n"
        f"DECLARE lacks boolean; BEGIN SELECT ({value}) IS NULL INTO lacks"
        f" FROM (SELECT $1 AS {column} OFFSET 0) AS given; RETURN NULL;"
        " EXCEPTION WHEN OTHERS THEN RETURN SQLSTATE || ' ' || SQLERRM; END"
    )
    connection.execute(
        f"CREATE FUNCTION {_FUNCTION}({place}.{column}%TYPE) RETURNS text"
        f" LANGUAGE plpgsql AS {literal(body)}"
    )
    said, names = f"{_FUNCTION}({column})", (question.old.name,)
    where = f"{said} IS NOT NULL"
    count = connection.rows(f"SELECT count(*) FROM {place} WHERE {where}")[0][0]
    also = (f"{column}::text", said)
    raws = list(keyed(connection, table, names, where, limit=MAX_SAMPLES, also=also))
    return Answer(count, tuple(_sample(connection, question, table, raw) for raw in raws))


def _sample(connection: Connection, question: Unconvertible, table: Table, raw: Raw) -> Sample:
    """The row; a value of a type without a neutral name as the server writes it."""
    old, reason = question.old, _reason(connection, question, (*raw[:-2], raw[-1]))
    row = sample(connection, table, (old.name,), raw[:-2], reason)
    return replace(row, values=(raw[-2],)) if old.type.kind == "native" else row


def _reason(connection: Connection, question: Unconvertible, raw: Raw) -> str:
    """Why it does not go, in the words of the shared conversion where that knows."""
    value, (state, _, message) = raw[-2], raw[-1].partition(" ")
    old, new = question.old, question.new
    shared = value is not None and old.type != new.type and convertible(old.type, new.type)
    if shared and (said := refusal(connection, value, old, new)):
        return said
    if ours := REASON.search(message):
        return ours[1]
    native = new.exact_type or ""
    if state in _OUTSIDE:
        return f"is outside the range of {native}"
    if state not in _NO_VALUE:
        return f"is refused: {message}"
    values = _values(connection, question)
    return f"is not one of {', '.join(values)}" if values else f"is not a value of {native}"


def _values(connection: Connection, question: Unconvertible) -> tuple[str, ...]:
    """The values of the enumeration that the column is to be of, if it is to be of one."""
    native = (question.new.exact_type or "").removesuffix(_LIST)
    named = [_named(question) or next(iter(of_names(connection, [native])), None)]
    return next((one.values for one in named if one is not None), ())
