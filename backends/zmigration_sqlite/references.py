"""Foreign keys while they are not enforced: what a unit of work must not break."""

from __future__ import annotations

import sqlite3
from collections import Counter
from typing import TypeAlias

from zmigration_api import (
    AddColumn,
    CreateTable,
    RenameColumn,
    RenameTable,
    Step,
    VerificationFailed,
)
from zmigration_sql import quoted

from .inspect import is_there
from .tokens import fold

_Key: TypeAlias = frozenset[str]
_Counts: TypeAlias = dict[_Key, int]
_CHILDREN = """
SELECT DISTINCT m.name FROM sqlite_master AS m, pragma_foreign_key_list(m.name) AS f
WHERE m.type = 'table' AND m.sql NOT LIKE 'create virtual%' AND f."table" = ? COLLATE NOCASE"""


class References:
    """How many rows refer to nothing, by table and columns, before and after.

    Rows that did so before the run are not the run's fault. None stands for a table whose keys
    SQLite cannot check at all (the table referred to has no such key).
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._before: dict[str, _Counts | None] = {}
        self._keys: dict[str, int] = {}
        self._back: set[str] = set()

    def touch(self, table: str) -> None:
        """Count before `table` changes for the first time: it, and what refers to it."""
        if fold(table) in self._before:
            return
        children = [row[0] for row in self._connection.execute(_CHILDREN, (table,))]
        for name in (table, *children):
            if fold(name) not in self._before:
                self._before[fold(name)] = self._violations(name)
                self._keys[fold(name)] = self._number_of_keys(name)

    def touch_step(self, step: Step) -> None:
        """The tables of a step, under the names that they have before it.

        What comes back from an archive may refer to a table that is not there, as it did before.
        """
        if step.restores is not None:
            back = (c.table for c in step.changes if isinstance(c, CreateTable | AddColumn))
            self._back |= set(map(fold, back))
        for change in step.changes:
            self.touch(change.old if isinstance(change, RenameTable) else change.table)

    def rename(self, step: Step) -> None:
        """Follow what a step has renamed."""
        tables = [c for c in step.changes if isinstance(c, RenameTable)]
        taken = {c.new: self._before.pop(fold(c.old), None) for c in tables}
        self._before.update({fold(new): counts for new, counts in taken.items()})
        keys = {c.new: self._keys.pop(fold(c.old), 0) for c in tables}
        self._keys.update({fold(new): number for new, number in keys.items()})
        for table in {c.table for c in step.changes if isinstance(c, RenameColumn)}:
            counts = self._before.get(fold(table))
            names = {fold(c.old): fold(c.new) for c in step.changes if isinstance(c, RenameColumn)}
            if counts:
                self._before[fold(table)] = {
                    frozenset(names.get(n, n) for n in key): rows for key, rows in counts.items()
                }

    def verify(self) -> None:
        """VerificationFailed if more rows refer to nothing than before."""
        for table, before in self._before.items():
            after = self._violations(table)
            if after is None and before is not None and self._lost_a_key(table):
                raise VerificationFailed(
                    f"the foreign keys of {table} refer to columns that are no key any more",
                    hint="keep the primary key or unique constraint that they refer to",
                )
            for key, rows in (after or {}).items():
                if rows > (before or {}).get(key, 0):
                    raise VerificationFailed(
                        f"{rows} rows of {table} refer by {', '.join(sorted(key))} to rows that"
                        " are not there",
                        hint="correct these rows, or the rows that they refer to",
                    )

    def _lost_a_key(self, table: str) -> bool:
        """Whether no foreign key came to the table; one that came was wanted as it is."""
        return self._number_of_keys(table) <= self._keys.get(table, 0)

    def _number_of_keys(self, table: str) -> int:
        query = "SELECT count(DISTINCT id) FROM pragma_foreign_key_list(?)"
        return int(self._connection.execute(query, (table,)).fetchone()[0])

    def _violations(self, table: str) -> _Counts | None:
        if not is_there(self._connection, table):
            return {}
        name = quoted(table)
        try:
            rows = self._connection.execute(f"PRAGMA foreign_key_check({name})").fetchall()
        except sqlite3.OperationalError as error:
            if "foreign key mismatch" in str(error):
                return None
            if "no such table" in str(error):
                return {}
            raise
        if fold(table) in self._back:
            rows = [row for row in rows if is_there(self._connection, row[2])]
        return self._by_columns(table, Counter(row[3] for row in rows)) if rows else {}

    def _by_columns(self, table: str, counts: Counter[int]) -> _Counts:
        columns: dict[int, set[str]] = {}
        query = 'SELECT id, "from" FROM pragma_foreign_key_list(?)'
        for number, column in self._connection.execute(query, (table,)):
            columns.setdefault(number, set()).add(fold(column))
        found: _Counts = {}
        for number, rows in counts.items():
            key = frozenset(columns[number])
            found[key] = found.get(key, 0) + rows
        return found
