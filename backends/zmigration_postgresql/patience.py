"""Waiting for what others hold locked: in short turns, so that nobody waits long behind us."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from zmigration_api import LockTimeout, StepFailed

from .address import load_driver
from .connection import Connection, holder, milliseconds
from .names import table_name

if TYPE_CHECKING:
    import psycopg

# Seconds in a lock's queue, where everybody else queues up behind us. Shorter than the server's
# deadlock_timeout: where we and somebody wait for each other, we are the one that gives way.
_FIRST_TURN, _LONGEST_TURN = 0.1, 0.8
# These wait without being in anybody's way, and CREATE INDEX cannot simply be tried again.
_HARMLESS = re.compile(
    r"(CREATE (UNIQUE )?|DROP )INDEX CONCURRENTLY |ALTER TABLE .+ VALIDATE CONSTRAINT ", re.DOTALL
)
_OF_TABLE = "l.locktype = 'relation' AND l.relation = to_regclass(%s)"
_ANYTHING = (
    "l.locktype = 'virtualxid' AND a.backend_xmin IS NOT NULL AND a.datname = current_database()"
)


def wait_at_most(seconds: float) -> str:
    """The setting, for SET or SET LOCAL."""
    return f"lock_timeout = {milliseconds(seconds)}"


class Patience:
    """How long a unit of work has waited for locks, and will; `seconds` are for all together."""

    def __init__(self, connection: Connection, seconds: float) -> None:
        self._connection = connection
        self._whole = seconds
        self.left = seconds

    def spend(self, since: float) -> None:
        """Take off what has passed since that moment (`time.monotonic`)."""
        self.left = max(0.0, self.left - (time.monotonic() - since))

    def renew(self) -> None:
        """Wait as long again: for tidying up after having waited in vain."""
        self.left = self._whole

    def execute(self, sql: str, table: str) -> int:
        """Run one statement of a transaction, again and again while a lock is not to be had."""
        return self._repeat(sql, table, self._in_savepoint, _FIRST_TURN)

    def alone(self, sql: str, table: str) -> int:
        """Run one statement in a transaction of its own; the connection commits by itself."""
        turn = self.left if _HARMLESS.match(sql) else _FIRST_TURN
        return self._repeat(sql, table, self._by_itself, turn)

    def lock(self, tables: Sequence[str]) -> None:
        """Take all these tables for ourselves, or none: whoever has one and waits is in the way."""
        if tables:
            names = ", ".join(map(table_name, tables))
            self.execute(f"LOCK TABLE {names} IN ACCESS EXCLUSIVE MODE;", tables[0])

    def _repeat(self, sql: str, table: str, once: Callable[[str, float], int], turn: float) -> int:
        driver = load_driver()
        while True:
            started = time.monotonic()
            try:
                return once(sql, min(turn, self.left))
            except driver.errors.LockNotAvailable:
                self.spend(started)
                if self.left <= 0:
                    raise self._in_vain(table, sql) from None
            except driver.Error as error:
                raise self._failed(error, sql, table) from None
            self._let_others(turn)
            turn = min(turn * 2, _LONGEST_TURN)

    def _in_savepoint(self, sql: str, turn: float) -> int:
        driver, raw = load_driver(), self._connection.raw
        raw.execute(f"SAVEPOINT zmigration; SET LOCAL {wait_at_most(turn)}".encode())
        try:
            touched = raw.execute(sql.encode()).rowcount
        except driver.errors.LockNotAvailable:
            raw.execute(b"ROLLBACK TO SAVEPOINT zmigration")
            raise
        usual = f"RELEASE SAVEPOINT zmigration; SET LOCAL {wait_at_most(self.left)}"
        raw.execute(usual.encode())
        return max(touched, 0)

    def _by_itself(self, sql: str, turn: float) -> int:
        raw = self._connection.raw
        raw.execute(f"SET {wait_at_most(turn)}".encode())
        return max(raw.execute(sql.encode()).rowcount, 0)

    def _let_others(self, turn: float) -> None:
        """Stay out of the queue for longer than we were in it, not in step with anybody."""
        started = time.monotonic()
        time.sleep(min(turn * random.uniform(1.0, 2.0), self.left))
        self.spend(started)

    def _in_vain(self, table: str, sql: str) -> LockTimeout:
        who, _ = holder(self._connection, _OF_TABLE, table_name(table))
        if not who and _HARMLESS.match(sql):
            who, _ = holder(self._connection, _ANYTHING)
        return LockTimeout(
            f"table {table} stayed locked for {self._whole:g} seconds{who}; waiting: {sql}",
            hint="stop what holds it, or raise --lock-timeout",
        )

    def _failed(self, error: psycopg.Error, sql: str, table: str) -> Exception:
        if self._connection.lost:
            return self._connection.failure(error)
        return StepFailed(
            f"{table}: {self._connection.words(error)}", hint=f"the statement was: {sql}"
        )
