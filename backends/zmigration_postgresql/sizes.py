"""How large tables are, and which of them others must be able to use while they are worked on."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from zmigration_api import Online

from .connection import Connection
from .names import table_name

LARGE_BYTES = 100_000_000
LARGE_ROWS = 1_000_000
_SIZES = """
SELECT w.name, c.relkind = 'r' AND NOT c.relispartition, pg_table_size(c.oid),
       c.reltuples::bigint,
       ARRAY(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = c.oid
             AND a.attnum > 0 AND a.attnotnull AND NOT a.attisdropped)
FROM unnest(%s::text[], %s::text[]) AS w(name, quoted)
JOIN pg_class c ON c.oid = to_regclass(w.quoted) AND c.relkind IN ('r', 'p')"""
_EXISTING = """
SELECT w.name FROM unnest(%s::text[], %s::text[]) AS w(name, quoted)
JOIN pg_class c ON c.oid = to_regclass(w.quoted) AND c.relkind IN ('r', 'p') ORDER BY 1"""
_UNITS = ("bytes", "kB", "MB", "GB", "TB")


@dataclass(frozen=True, slots=True)
class Size:
    """A table as the server knows it. `rows` is an estimate, -1 where there is none.

    `whole`: an ordinary table of its own, no partition and without partitions. `required` are the
    columns without nulls.
    """

    table: str
    whole: bool
    bytes: int
    rows: int
    required: tuple[str, ...] = ()

    def is_large(self, online: Online) -> bool:
        """Whether work that takes long is to let others read and write."""
        if online == "auto":
            return self.whole and (self.bytes >= LARGE_BYTES or self.rows >= LARGE_ROWS)
        return self.whole and online == "always"

    def __str__(self) -> str:
        """`orders, 1.2 GB, about 8,100,000 rows`."""
        rows = f", about {_rounded(self.rows):,} rows" if self.rows > 0 else ""
        return f"{self.table}, {_in_units(self.bytes)}{rows}"


def sizes_of(connection: Connection | None, tables: Collection[str]) -> dict[str, Size]:
    """The size of each of these tables that is there, in one query."""
    if connection is None or not tables:
        return {}
    names = sorted(tables)
    rows = connection.rows(_SIZES, [names, [table_name(name) for name in names]])
    return {
        name: Size(name, whole, size, estimate, tuple(required))
        for name, whole, size, estimate, required in rows
    }


def existing(connection: Connection, tables: Collection[str]) -> list[str]:
    """Those of the tables that are there, sorted; waits for nobody."""
    names = sorted(tables)
    rows = connection.rows(_EXISTING, [names, [table_name(name) for name in names]])
    return [row[0] for row in rows]


def _in_units(count: int) -> str:
    amount, unit = float(count), 0
    while amount >= 1000 and unit < len(_UNITS) - 1:
        amount, unit = amount / 1000, unit + 1
    return (
        f"{amount:.1f} {_UNITS[unit]}" if unit and amount < 9.95 else f"{amount:.0f} {_UNITS[unit]}"
    )


def _rounded(rows: int) -> int:
    """Two figures are all that an estimate is good for."""
    digits = len(str(rows))
    return round(rows, 2 - digits) if digits > 2 else rows
