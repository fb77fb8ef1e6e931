"""Where the sequences of a table stand."""

from __future__ import annotations

from zmigration_api import Table

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
