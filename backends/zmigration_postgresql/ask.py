"""Questions to the data: the shared ones, with what this store's types add."""

from __future__ import annotations

from dataclasses import replace

from zmigration_api import (
    Answer,
    CheckFailures,
    Column,
    ColumnType,
    Computed,
    Duplicates,
    Orphans,
    Question,
    Schema,
    Table,
    Unconvertible,
    Unfillable,
)
from zmigration_sql import questions
from zmigration_sql.questions import is_mapped, is_native

from .address import load_driver
from .connection import Connection
from .judged import judged
from .names import table_name
from .types import measured, native_type


def ask(connection: Connection, question: Question, current: Schema) -> Answer:
    """The answer; a `str` without a length is as long as the column that it will live in."""
    if isinstance(question, CheckFailures) and not _known(connection, question):
        return Answer()  # the server asks the rows itself when the plan has made what it names
    if isinstance(question, Unconvertible):
        table = current.table(question.table)
        if table is not None and is_native(question):
            found = judged(connection, question, table)
            if found.count or not is_mapped(question):
                return found
        question = replace(
            question,
            old=_live(question.old, table),
            new=replace(question.new, type=_bounded(question, table)),
        )
    return questions.ask(connection, _measured(question, current), current)


def _known(connection: Connection, question: CheckFailures) -> bool:
    """Whether the condition names only types and functions that are there before the plan."""
    if not connection.raw.autocommit:
        return True
    driver = load_driver()
    sql = f"SELECT {question.check.expression} FROM {table_name(question.table)} LIMIT 0"
    try:
        connection.raw.execute(sql.encode())
    except (driver.errors.UndefinedObject, driver.errors.UndefinedFunction):
        return False
    except driver.Error as error:
        raise connection.failure(error) from None
    return True


def _measured(question: Question, current: Schema) -> Question:
    """The question with what is computed as long as the columns that it will live in."""
    table = current.table(question.table)
    match question:
        case Unfillable(_, computed):
            return replace(question, computed=_fitting(computed, table))
        case Duplicates(computed=computed) | Orphans(computed=computed):
            return replace(question, computed=tuple(_fitting(one, table) for one in computed))
        case _:
            return question


def _fitting(computed: Computed, table: Table | None) -> Computed:
    old, new = computed.old, computed.new
    kept = old is not None and old.type == new.type
    return computed if kept else replace(computed, new=replace(new, type=_implicit(new, table)))


def _live(old: Column, table: Table | None) -> Column:
    live = table.column(old.name) if table else None
    return replace(old, native=live.native) if live and live.native else old


def _bounded(question: Unconvertible, table: Table | None) -> ColumnType:
    new = question.new
    return new.type if question.old.type == new.type else _implicit(new, table)


def _implicit(new: Column, table: Table | None) -> ColumnType:
    if new.type.kind != "str" or new.type.length is not None:
        return new.type
    _, measures = measured(native_type(new, table))
    return replace(new.type, length=measures[0]) if measures else new.type
