"""What a run has made before its transaction: written down first, so that the next run finds it.

The table is there from before the first such statement until it is dropped in the very transaction
that makes all of it lasting; while no run is at work, its being there means a killed one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from zmigration_api import Check, ForeignKey, Index, Schema, Step, Table, UniqueConstraint

from .address import load_driver
from .connection import Connection
from .names import QUOTING
from .online import made_ahead

TABLE = "__zmigration_$online"  # no schema's history can be called so
_NAME = QUOTING.name(TABLE)
_THERE = f"""
SELECT 1 FROM pg_class WHERE relname = '{TABLE}'
  AND relnamespace = current_schema()::regnamespace"""
_Part = TypeVar("_Part", UniqueConstraint, ForeignKey, Check, Index)
DROP = f"DROP TABLE IF EXISTS {_NAME};"


@dataclass(frozen=True, slots=True)
class Made:
    """One index or constraint that is made ahead: `name` as statements write it, without schema."""

    relation: str
    name: str
    undo: str

    def __str__(self) -> str:
        return f"{self.name} on {self.relation}"


def is_there(connection: Connection) -> bool:
    """Whether a run is making things ahead, or was killed when it had."""
    return bool(connection.rows(_THERE))


def read(connection: Connection) -> tuple[Made, ...]:
    """What was made ahead, the last first; nothing where the table is not there."""
    if not is_there(connection):
        return ()
    query = f"SELECT relation, undo FROM {_NAME} ORDER BY number DESC"
    with connection.errors():
        try:
            rows = connection.raw.execute(query.encode()).fetchall()
        except load_driver().errors.UndefinedTable:
            return ()  # the run whose it is has just ended
    return tuple(Made(relation, made_ahead(undo), undo) for relation, undo in rows)


def write(connection: Connection, steps: Iterable[Step]) -> None:
    """Write down what these steps will make ahead, before any of it is made."""
    made = [(step.table, undo) for step in steps for undo in step.ahead_undo]
    connection.execute(
        f"CREATE TABLE {_NAME} (number integer PRIMARY KEY, relation text, undo text);"
    )
    marks = ", ".join(["(%s, %s, %s)"] * len(made))
    values = [value for number, one in enumerate(made) for value in (number, *one)]
    connection.execute(f"INSERT INTO {_NAME} VALUES {marks}", values)


def without(schema: Schema, made: Collection[Made]) -> Schema:
    """The tables as they are without what was made ahead and is not lasting yet."""
    if not made:
        return schema
    names = {(one.relation, one.name) for one in made}
    return replace(schema, tables=tuple(_without(table, names) for table in schema.tables))


def _without(table: Table, names: Collection[tuple[str, str]]) -> Table:
    def left(parts: Sequence[_Part]) -> tuple[_Part, ...]:
        return tuple(part for part in parts if (table.name, QUOTING.name(part.name)) not in names)

    return replace(
        table,
        unique=left(table.unique),
        foreign_keys=left(table.foreign_keys),
        checks=left(table.checks),
        indexes=left(table.indexes),
    )
