"""Questions to the data: the shared ones, with what SQLite's columns make of values."""

from __future__ import annotations

from zmigration_api import Answer, Question, Schema, Unconvertible
from zmigration_sql import questions

from .connection import Connection
from .lost_digits import lost
from .strict import is_strict, refused


def ask(connection: Connection, question: Question, current: Schema) -> Answer:
    """The answer; what is no value of the new type is told before what the column makes of it."""
    table = current.table(question.table)
    if not isinstance(question, Unconvertible) or table is None:
        return questions.ask(connection, question, current)
    strict = is_strict(question)
    same = question.old == question.new  # of whatever size: no more is asked than SQLite does
    answer = Answer() if strict and same else questions.ask(connection, question, current)
    if answer.count:
        return answer
    return refused(connection, question, table) if strict else lost(connection, question, table)
