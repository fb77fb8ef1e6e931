"""The unit of work: the database made if missing, the lock, patience, commit and rollback."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING, Any

from zmigration_api import LockTimeout, MigrationError, OutcomeUnknown, StepFailed, StoreError

from .address import Address, load_driver
from .connection import Connection, connect, holder, milliseconds, server
from .names import QUOTING, table_name

if TYPE_CHECKING:
    import psycopg

# A constant in PostgreSQL's own key space of this database.
_LOCK = int.from_bytes(b"zolomigr", "big", signed=True)
_OUR_LOCK = (
    "l.locktype = 'advisory' AND l.objsubid = 1 AND l.database ="
    " (SELECT oid FROM pg_database WHERE datname = current_database())"
    f" AND (l.classid::bigint << 32) | l.objid::bigint = {_LOCK}"
)
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 1.0
_SLICE = 1.0  # seconds in a lock's queue, where others queue up behind us


class Unit:
    """One transaction that holds this database's migration lock."""

    def __init__(self, connection: Connection, created: bool, lock_timeout: float) -> None:
        self.connection = connection
        self._created = created
        self._patience = lock_timeout
        self._left = lock_timeout  # for all waiting of this unit together

    @classmethod
    def begin(cls, address: Address, connection: Connection | None, lock_timeout: float) -> Unit:
        """Create the database if it is missing, open the transaction, and take the lock."""
        created = connection is None and _create(address)
        opened = connection or connect(address)
        if opened is None:
            raise StoreError(f"the {address.display} went away while it was opened")
        unit = cls(opened, created, lock_timeout)
        try:
            unit._open(address)
        except BaseException:
            unit.rollback(address)
            if connection is None:
                opened.close()
            raise
        return unit

    def _open(self, address: Address) -> None:
        with self.connection.errors():
            self.connection.raw.autocommit = False
        for setting in (
            "SET LOCAL statement_timeout = 0",
            "SET LOCAL idle_in_transaction_session_timeout = 0",
            "SET CONSTRAINTS ALL IMMEDIATE",
        ):
            self.connection.execute(setting)
        self._lock(address)
        self.connection.execute(self._wait_at_most(self._left))

    def _wait_at_most(self, seconds: float) -> str:
        return f"SET LOCAL lock_timeout = {milliseconds(seconds)}"

    def _lock(self, address: Address) -> None:
        started, waited = time.monotonic(), False
        while not self.connection.rows(f"SELECT pg_try_advisory_xact_lock({_LOCK})")[0][0]:
            if time.monotonic() - started >= self._left:
                who, _ = holder(self.connection, _OUR_LOCK)
                raise LockTimeout(
                    f"another migration holds the lock of the {address.display}{who}",
                    hint="wait until it is done, or raise --lock-timeout",
                )
            time.sleep(_FIRST_PAUSE)
            waited = True
        if waited:
            self._spend(started)

    def _spend(self, since: float) -> None:
        self._left = max(0.0, self._left - (time.monotonic() - since))

    def execute(self, sql: str, table: str) -> int:
        """Run one statement of a step, again and again while a table's lock is not to be had."""
        driver = load_driver()
        pause = _FIRST_PAUSE
        self.connection.execute(f"SAVEPOINT zmigration; {self._wait_at_most(self._slice())}")
        while True:
            started = time.monotonic()
            try:
                touched = self.connection.raw.execute(sql.encode()).rowcount
            except driver.errors.LockNotAvailable:
                self._spend(started)
                if self._left <= 0:
                    self.connection.execute("ROLLBACK TO SAVEPOINT zmigration")
                    raise self._held(table, sql) from None
            except driver.Error as error:
                raise self._failed(error, sql, table) from None
            else:
                usual = self._wait_at_most(self._left)
                self.connection.execute(f"RELEASE SAVEPOINT zmigration; {usual}")
                return max(touched, 0)
            self._pause(min(pause, self._left))
            pause = min(pause * 2, _LONGEST_PAUSE)

    def _pause(self, seconds: float) -> None:
        """Let go of the lock's queue for a moment, where others wait behind us."""
        started = time.monotonic()
        self.connection.execute("ROLLBACK TO SAVEPOINT zmigration")
        time.sleep(seconds)
        self._spend(started)
        self.connection.execute(self._wait_at_most(self._slice()))

    def _slice(self) -> float:
        return min(_SLICE, self._left)

    def _held(self, table: str, sql: str) -> LockTimeout:
        which = "l.relation = to_regclass(%s) AND l.locktype = 'relation'"
        who, _ = holder(self.connection, which, table_name(table))
        return LockTimeout(
            f"table {table} stayed locked for {self._patience:g} seconds{who}; waiting: {sql}",
            hint="stop what holds it, or raise --lock-timeout",
        )

    def _failed(self, error: psycopg.Error, sql: str, table: str) -> Exception:
        if self.connection.lost:
            return self.connection.failure(error)
        return StepFailed(
            f"{table}: {self.connection.words(error)}", hint=f"the statement was: {sql}"
        )

    def commit(self, address: Address) -> None:
        """Make it lasting. A connection lost just here leaves open whether it was."""
        driver = load_driver()
        raw = self.connection.raw
        # The server answers COMMIT of a failed transaction with a friendly ROLLBACK.
        if raw.info.transaction_status != driver.pq.TransactionStatus.INTRANS:
            raise StoreError(
                f"the {address.display} has no sound transaction to commit: a statement in it"
                " failed, and nothing was changed",
                hint="let the hook's error through, or correct the hook",
            )
        fault("before-commit")
        try:
            raw.commit()
        except driver.Error as error:
            raise self._commit_failed(error, address) from None
        fault("after-commit")
        self._created = False
        with self.connection.errors():
            raw.autocommit = True

    def _commit_failed(self, error: psycopg.Error, address: Address) -> MigrationError:
        words = self.connection.words(error)
        if not self.connection.lost:
            return StoreError(f"{address.display}: {words}; the commit failed, nothing was changed")
        return OutcomeUnknown(
            f"the connection to the {address.display} was lost during the commit ({words});"
            " it is not known whether the migration was made",
            hint="see with --status once the server is back; running it again is safe",
        )

    def rollback(self, address: Address) -> None:
        """Undo, and drop the database if `begin` made it. Never raises for a lost connection."""
        driver = load_driver()
        try:
            self.connection.raw.rollback()
            self.connection.raw.autocommit = True
        except driver.Error:
            self.connection.close()
        if self._created:
            self._created = False
            self.connection.close()
            _drop(address)


def _create(address: Address) -> bool:
    """Create the database; False if somebody else just did."""
    driver = load_driver()
    connection = server(address)
    try:
        connection.raw.execute(f"CREATE DATABASE {QUOTING.name(address.database)}".encode())
    except driver.errors.DuplicateDatabase:
        return False
    except driver.Error as error:
        raise StoreError(
            f"cannot create the {address.display}: {connection.words(error)}",
            hint="create it, or let the role create databases",
        ) from None
    finally:
        connection.close()
    return True


def _drop(address: Address) -> None:
    """A database that stays behind is empty, so a server that is gone is no reason to fail."""
    driver = load_driver()
    try:
        connection: Any = server(address)
    except StoreError:
        return
    try:
        connection.raw.execute(f"DROP DATABASE {QUOTING.name(address.database)}".encode())
    except driver.Error:
        return
    finally:
        connection.close()


def fault(point: str) -> None:
    """For tests of crashes: ZMIGRATION_FAULT=postgresql:<point> kills this process there."""
    if os.environ.get("ZMIGRATION_FAULT") == f"postgresql:{point}":
        os.kill(os.getpid(), signal.SIGKILL)
