"""The unit of work: the database, the lock, what is made ahead, commit and rollback."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, TypeAlias

from zmigration_api import (
    LockTimeout,
    MigrationError,
    OutcomeUnknown,
    Progress,
    Step,
    StoreError,
)

from . import journal
from .address import Address, load_driver
from .connection import Connection, connect, holder, server
from .hazards import exclusive
from .journal import Made
from .names import QUOTING
from .patience import Patience, wait_at_most
from .sizes import existing

if TYPE_CHECKING:
    import psycopg

# A constant in PostgreSQL's own key space of this database.
_LOCK = int.from_bytes(b"zolomigr", "big", signed=True)
_OUR_LOCK = (
    "l.locktype = 'advisory' AND l.objsubid = 1 AND l.database ="
    " (SELECT oid FROM pg_database WHERE datname = current_database())"
    f" AND (l.classid::bigint << 32) | l.objid::bigint = {_LOCK}"
)
_IS_HELD = f"SELECT 1 FROM pg_locks l WHERE l.granted AND {_OUR_LOCK} LIMIT 1"
_POLL = 0.05  # seconds
Show: TypeAlias = Callable[[Step], AbstractContextManager[Progress]]


class Unit:
    """One transaction that holds this database's migration lock."""

    def __init__(self, connection: Connection, created: bool, lock_timeout: float) -> None:
        self.connection = connection
        self.patience = Patience(connection, lock_timeout)
        self.notices: list[str] = []
        self._created = created
        self._held = False  # the lock by the session, beyond the transaction
        self._ahead = False  # whether there is something to be removed where nothing is committed
        self._tables: tuple[str, ...] = ()

    @classmethod
    def begin(cls, address: Address, connection: Connection | None, lock_timeout: float) -> Unit:
        """Create the database if it is missing, open the transaction, and take the lock.

        What a killed run has made before its transaction is removed first.
        """
        created = connection is None and _create(address)
        opened = connection or connect(address)
        if opened is None:
            raise StoreError(f"the {address.display} went away while it was opened")
        unit = cls(opened, created, lock_timeout)
        try:
            unit._open(address)
            unit._tidy(address)
        except BaseException:
            unit.rollback(address)
            if connection is None:
                opened.close()
            raise
        return unit

    def _open(self, address: Address) -> None:
        if self._held:
            self.connection.restore()
        with self.connection.errors():
            self.connection.raw.autocommit = False
        for setting in (
            "SET LOCAL statement_timeout = 0",
            "SET LOCAL idle_in_transaction_session_timeout = 0",
            "SET CONSTRAINTS ALL IMMEDIATE",
        ):
            self.connection.execute(setting)
        self._lock(address)
        self.connection.execute(f"SET LOCAL {wait_at_most(self.patience.left)}")

    def _lock(self, address: Address) -> None:
        started, waited = time.monotonic(), False
        while not self.connection.rows(f"SELECT pg_try_advisory_xact_lock({_LOCK})")[0][0]:
            if time.monotonic() - started >= self.patience.left:
                who, _ = holder(self.connection, _OUR_LOCK)
                raise LockTimeout(
                    f"another migration holds the lock of the {address.display}{who}",
                    hint="wait until it is done, or raise --lock-timeout",
                )
            time.sleep(_POLL)
            waited = True
        if waited:
            self.patience.spend(started)

    def _tidy(self, address: Address) -> None:
        """Remove what a killed run has left; nothing of it was reported as done."""
        if not journal.is_there(self.connection):
            return
        self._hold()
        made = journal.read(self.connection)
        self._remove(made)
        self._open(address)
        self._let_go()
        self.notices.append(
            f"{address.display}: removed what a run that was interrupted had prepared:"
            f" {_listed(made)}"
        )

    def _hold(self) -> None:
        """End the transaction, in which nothing was done, and keep the lock."""
        self.connection.execute(f"SELECT pg_advisory_lock({_LOCK})")
        with self.connection.errors():
            self.connection.raw.commit()
            self.connection.raw.autocommit = True
        self._held = True
        self.connection.execute("SET statement_timeout = 0")

    def _let_go(self) -> None:
        if self._held:
            self._held = False
            self.connection.execute(f"SELECT pg_advisory_unlock({_LOCK})")

    def _remove(self, made: Sequence[Made]) -> None:
        for one in made:
            self.patience.alone(one.undo, one.relation)
            fault("removed")
        self.patience.alone(journal.DROP, journal.TABLE)

    def prepare(self, address: Address, steps: Sequence[Step], show: Show) -> None:
        """Make what steps have ahead, each statement by itself; then the transaction again."""
        self._tables = exclusive(steps)
        if not any(step.ahead for step in steps):
            return
        self._hold()
        self.connection.left_behind = ", but what it had prepared is there, and the next removes it"
        self._ahead = True
        journal.write(self.connection, steps)
        fault("journalled")
        done = 0
        for step in filter(lambda step: step.ahead, steps):
            with show(step):
                for statement in step.statements[: step.ahead]:
                    self.patience.alone(statement, step.table)
                    done += 1
                    fault(f"ahead-{done}")
        self._open(address)
        fault("prepared")

    @property
    def is_prepared(self) -> bool:
        """Whether what steps have ahead is there."""
        return self._ahead

    def execute(self, sql: str, table: str) -> int:
        """Run one statement of a step; before the first, take the tables of all steps at once."""
        tables, self._tables = self._tables, ()
        if tables:
            self.patience.lock(existing(self.connection, tables))
        return self.patience.execute(sql, table)

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
        if self._ahead:
            self.patience.execute(journal.DROP, journal.TABLE)
        fault("before-commit")
        try:
            raw.commit()
        except driver.Error as error:
            raise self._commit_failed(error, address) from None
        fault("after-commit")
        self._created = False
        self._ahead = False
        with self.connection.errors():
            raw.autocommit = True
        self._let_go()

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
            self._undo_ahead(address)
        except driver.Error:
            self.connection.close()
        if self._created:
            self._created = False
            self.connection.close()
            _drop(address)

    def _undo_ahead(self, address: Address) -> None:
        """Remove what was made ahead; what cannot be removed is told, and left to the next run."""
        made: Sequence[Made] = ()
        try:
            if self._ahead:
                self._ahead = False
                self.patience.renew()
                made = journal.read(self.connection)
                self._remove(made)
                self.connection.restore()
            self._let_go()
        except MigrationError as error:
            if not self.connection.lost:
                self.notices.append(
                    f"{address.display}: what was prepared could not be removed, the next run"
                    f" does it: {_listed(made)} ({error})"
                )
            self.connection.close()


def unfinished(connection: Connection) -> bool:
    """Whether a killed run has left something; not where a run is at work."""
    return journal.is_there(connection) and not connection.rows(_IS_HELD)


def _listed(made: Sequence[Made]) -> str:
    return ", ".join(map(str, reversed(made))) or "nothing"


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
