"""Where the sequences of a table stand, and how that is kept for the way back.

A position is kept at the very moment of a step, in a sequence of ours. It belongs to a column of
the archive, or of the table itself, and goes with it.
"""

from __future__ import annotations

import hashlib

from zmigration_api import Table
from zmigration_api.history import PREFIX
from zmigration_sql import literal

from .catalog import Sequence
from .connection import Connection
from .names import QUOTING, table_name

_ADVANCE = """
SELECT setval(sequence, greatest(highest, coalesce(pg_sequence_last_value(sequence), 1)))
FROM (SELECT pg_get_serial_sequence(%s, %s)::regclass AS sequence) AS s,
     (SELECT max({column}) AS highest FROM {table}) AS t
WHERE sequence IS NOT NULL AND highest IS NOT NULL
"""


def advance(connection: Connection, table: Table) -> None:
    """Rows that brought their own numbers: the next one that the database gives is later."""
    where = table_name(table.name)
    for column in table.columns:
        numbered = column.auto_increment or column.name in table.key
        if numbered and column.type.kind in ("int", "bigint"):
            names = {"column": QUOTING.name(column.name), "table": where}
            # A % in a name is no placeholder.
            sql = _ADVANCE.format(**{k: v.replace("%", "%%") for k, v in names.items()})
            connection.rows(sql, (where, column.name))


def kept_name(archive: str, sequence: str) -> str:
    """Where the position of a sequence is kept beside an archive."""
    digest = hashlib.sha256(f"{archive} {sequence}".encode()).hexdigest()
    return f"{PREFIX}position_{digest[:12]}"


def kept(sequence: Sequence, name: str, owner: str | None) -> list[str]:
    """The statements that keep a position; `owner` is the column that the name goes with."""
    bounds = f"MINVALUE {sequence.lowest} MAXVALUE {sequence.highest}"
    owned = f" OWNED BY {owner}" if owner else ""
    return [f"CREATE SEQUENCE {name} {bounds}{owned};", position_copied(name, sequence.name)]


def position_copied(to: str, source: str) -> str:
    """The position of one sequence for another one, which is new."""
    return f"SELECT setval({literal(to)}, last_value, is_called) FROM {source};"


def noted(name: str, table: str, column: str, increment: int) -> str:
    """Note beside a kept position how far the numbers in the rows go."""
    edge = "max" if increment > 0 else "min"
    reached = f"(SELECT {edge}({QUOTING.name(column)}) FROM {table_name(table)})"
    comment = f"format('COMMENT ON SEQUENCE %s IS %L', {literal(name)}, {reached})"
    return f"DO {literal(f'BEGIN EXECUTE {comment}; END')};"


def again(to: str, name: str, table: str, column: str, sequence: Sequence) -> str:
    """The kept position, or a later one where rows have come that have later numbers."""
    up = sequence.increment > 0
    edge, later = ("max", ">") if up else ("min", "<")
    note = f"obj_description({literal(name)}::regclass, 'pg_class')::bigint"
    come = (
        f"coalesce(reached {later}= last_value AND (noted IS NULL OR reached {later} noted)"
        f" AND reached BETWEEN {sequence.lowest} AND {sequence.highest}, false)"
    )
    return (
        f"SELECT setval({literal(to)}, CASE WHEN come THEN reached ELSE last_value END,"
        f" come OR is_called) FROM (SELECT last_value, is_called, reached, {come} AS come"
        f" FROM {name}, (SELECT {edge}({QUOTING.name(column)}) AS reached, {note} AS noted"
        f" FROM {table_name(table)}) AS t) AS s;"
    )
