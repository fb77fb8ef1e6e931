"""The store's structure in memory, without rows: where a plan is tried before it is shown.

Every statement of a plan has run here first, so that SQLite's own rules decide what can be done
natively, and a view, trigger or virtual table that would break is named before anything is touched.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace

from zmigration_api import Hazard, Step, UnsupportedChange
from zmigration_sql import quoted

from .functions import Functions

_ORDER = "CASE type WHEN 'table' THEN 0 WHEN 'index' THEN 1 WHEN 'view' THEN 2 ELSE 3 END"
_BROKEN = re.compile(r"error in (view|trigger) (.*)", re.DOTALL)
_PROBE = "__zmigration_probe"


class Shadow:
    """A copy of a file's structure."""

    def __init__(self, source: sqlite3.Connection) -> None:
        self.connection = sqlite3.connect(":memory:", isolation_level=None)
        Functions().register(self.connection)
        self._copy(source)
        self._broken = self._probe()

    def close(self) -> None:
        self.connection.close()

    def run(self, statements: Iterable[str]) -> None:
        """Run statements of a plan; sqlite3.Error if SQLite refuses one."""
        for statement in statements:
            self.connection.execute(statement)

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Undo what is run inside if it fails."""
        self.connection.execute("SAVEPOINT attempt")
        try:
            yield
        except BaseException:
            self.connection.execute("ROLLBACK TO attempt")
            raise
        finally:
            self.connection.execute("RELEASE attempt")

    def takes_back(self, step: Step) -> bool:
        """Whether SQLite makes the undo of a step that was just run."""
        try:
            with self.attempt():
                self.run(step.undo)
                raise _Done
        except _Done:
            return True
        except sqlite3.Error:
            return False

    def refuse_broken(self) -> None:
        """UnsupportedChange if a view, trigger or virtual table is broken that was not."""
        for reason in self.newly_broken():
            raise UnsupportedChange(
                f"this plan would break something in the database: {reason}",
                hint="drop or change that first; it is not in the schema files",
            )

    def newly_broken(self) -> list[str]:
        """Why views, triggers and virtual tables are broken that were not."""
        return [reason for name, reason in self._probe().items() if name not in self._broken]

    def tried_back(self, steps: Sequence[Step]) -> tuple[Step, ...]:
        """The steps, which have been run, taken back; what SQLite refuses of that is a hazard."""
        for number in reversed(range(len(steps))):
            try:
                self.run(steps[number].undo)
            except sqlite3.Error as error:
                note = Hazard("note", f"--rollback cannot take this back: {error}")
                noted = replace(steps[number], hazards=(*steps[number].hazards, note))
                return (*steps[:number], noted, *steps[number + 1 :])
        return tuple(steps)

    def quoting(self, column: str) -> list[tuple[str, str]]:
        """Views and triggers with `"column"`: SQLite reads that as a text if no column is left.

        Each as what it is called and its text.
        """
        query = (
            "SELECT type || ' ' || name, sql FROM sqlite_master"
            " WHERE type IN ('view', 'trigger') AND instr(lower(sql), lower(?))"
        )
        return self.connection.execute(query, (quoted(column),)).fetchall()

    def _copy(self, source: sqlite3.Connection) -> None:
        query = (
            "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL"
            f" AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY {_ORDER}, rowid"
        )
        for (sql,) in source.execute(query).fetchall():
            # What this SQLite cannot make (an extension's table) no plan can change either.
            with suppress(sqlite3.Error):
                self.connection.execute(sql)
        self._copy_sequences(source)

    def _copy_sequences(self, source: sqlite3.Connection) -> None:
        there = "SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'"
        if self.connection.execute(there).fetchone():
            rows = source.execute("SELECT name, seq FROM sqlite_sequence").fetchall()
            self.connection.executemany("INSERT INTO sqlite_sequence VALUES (?, ?)", rows)

    def _probe(self) -> dict[str, str]:
        """The views, triggers and virtual tables that do not work, with SQLite's reasons."""
        names = self._views_and_triggers()
        if not names:
            return self._broken_virtual_tables()
        found = self._broken_triggers() | self._broken_virtual_tables()
        with suppress(_Done), self.attempt():
            self.connection.execute(f"CREATE TABLE {_PROBE} (a)")
            while (reason := self._first_broken()) is not None:
                what = max((n for n in names if reason.startswith(n)), key=len, default=None)
                if what is None:
                    break
                kind, _, name = what.partition(" ")
                found[what] = reason
                self.connection.execute(f"DROP {kind} {quoted(name)}")
                names.remove(what)
            raise _Done
        return found

    def _broken_triggers(self) -> dict[str, str]:
        """What cannot be written because of a trigger; renames do not look that deep."""
        query = (
            "SELECT tbl_name, group_concat(name, ', ') FROM sqlite_master"
            " WHERE type = 'trigger' GROUP BY tbl_name"
        )
        found: dict[str, str] = {}
        for table, triggers in self.connection.execute(query).fetchall():
            try:
                writes = list(self._writes(table))
            except sqlite3.Error as error:  # a view that is broken itself
                found[f"view {table}"] = f"view {table}: {error}"
                continue
            for event, statement in writes:
                try:
                    self.connection.execute(f"EXPLAIN {statement}").close()
                except sqlite3.Error as error:
                    found[f"{event} {table}"] = f"trigger {triggers} on {table}: {error}"
        return found

    def _broken_virtual_tables(self) -> dict[str, str]:
        """Full-text indexes over another table's columns break when these go."""
        query = "SELECT name FROM sqlite_master WHERE sql LIKE 'CREATE VIRTUAL TABLE%'"
        found: dict[str, str] = {}
        for (name,) in self.connection.execute(query).fetchall():
            try:
                self.connection.execute(f"SELECT * FROM {quoted(name)} LIMIT 1").fetchall()
            except sqlite3.Error as error:
                found[f"virtual table {name}"] = f"virtual table {name}: {error}"
        return found

    def _writes(self, table: str) -> Iterator[tuple[str, str]]:
        """A statement for each event that a trigger can wait for, with every column."""
        query = "SELECT name FROM pragma_table_xinfo(?) WHERE hidden = 0"
        columns = [quoted(row[0]) for row in self.connection.execute(query, (table,))]
        name = quoted(table)
        yield "INSERT", f"INSERT INTO {name} DEFAULT VALUES"
        yield "UPDATE", f"UPDATE {name} SET {', '.join(f'{c} = {c}' for c in columns)}"
        yield "DELETE", f"DELETE FROM {name}"

    def _views_and_triggers(self) -> list[str]:
        query = "SELECT type || ' ' || name FROM sqlite_master WHERE type IN ('view', 'trigger')"
        return [row[0] for row in self.connection.execute(query)]

    def _first_broken(self) -> str | None:
        """SQLite resolves every view and trigger when it renames a table."""
        try:
            self.connection.execute(f"ALTER TABLE {_PROBE} RENAME TO {_PROBE}2")
            self.connection.execute(f"ALTER TABLE {_PROBE}2 RENAME TO {_PROBE}")
        except sqlite3.Error as error:
            match = _BROKEN.match(str(error))
            return f"{match[1]} {match[2]}" if match else None
        return None


class _Done(Exception):
    """Leaves a probe, so that what it did is undone."""
