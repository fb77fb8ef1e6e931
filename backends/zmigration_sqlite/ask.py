"""Questions to the data: the shared ones, with what STRICT tables ask of values."""

from __future__ import annotations

from zmigration_api import Answer, Question, Schema, Unconvertible
from zmigration_sql import questions

from .connection import Connection
from .strict import is_strict, refused


def ask(connection: Connection, question: Question, current: Schema) -> Answer:
    """The answer; what is no value of the new type is told before what a STRICT table refuses."""
    if not isinstance(question, Unconvertible) or not is_strict(question):
        return questions.ask(connection, question, current)
    table = current.table(question.table)
    if table is None:
        return Answer()
    same = question.old == question.new  # of whatever size: no more is asked than SQLite does
    answer = Answer() if same else questions.ask(connection, question, current)
    return answer if answer.count else refused(connection, question, table)
