"""Questions to the data: the shared ones, with what this store's types add."""

from __future__ import annotations

from dataclasses import replace

from zmigration_api import Answer, Column, ColumnType, Question, Schema, Table, Unconvertible
from zmigration_sql import questions

from .connection import Connection
from .types import measured, native_type


def ask(connection: Connection, question: Question, current: Schema) -> Answer:
    """The answer; a `str` without a length is as long as the column that it will live in."""
    if isinstance(question, Unconvertible):
        table = current.table(question.table)
        question = replace(
            question,
            old=_live(question.old, table),
            new=replace(question.new, type=_bounded(question, table)),
        )
    return questions.ask(connection, question, current)


def _live(old: Column, table: Table | None) -> Column:
    live = table.column(old.name) if table else None
    return replace(old, native=live.native) if live and live.native else old


def _bounded(question: Unconvertible, table: Table | None) -> ColumnType:
    new = question.new
    if new.type.kind != "str" or new.type.length is not None or question.old.type == new.type:
        return new.type
    _, measures = measured(native_type(new, table))
    return replace(new.type, length=measures[0]) if measures else new.type
