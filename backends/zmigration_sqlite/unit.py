"""The unit of work: the file made if missing, one transaction, proofs before the commit."""

from __future__ import annotations

import os
import signal
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

from zmigration_api import (
    Progress,
    RenameTable,
    Step,
    StepFailed,
    StoreError,
    VerificationFailed,
)
from zmigration_sql import quoted

from .as_left import AS_LEFT
from .connection import Connection, check_file, connect, hint, is_locked, locked
from .functions import REFUSE
from .rebuild import PREFIX
from .references import References

_PAUSE = 0.05  # seconds between two attempts to get a lock


class Unit:
    """One transaction that no other writes beside."""

    def __init__(self, path: Path, display: str, lock_timeout: float) -> None:
        self._path = path
        self._display = display
        self._patience = lock_timeout  # what is left of it
        self._fault = os.environ.get("ZMIGRATION_FAULT", "")
        self._made = _make_folders(path.parent, display)
        self._made_file = False
        self._rebuilt: list[str] = []
        try:
            self._made_file = _make_file(path, display)
            self.connection = self._connect()
            self.references = References(self.connection.raw)
        except BaseException:
            self._remove_folders()
            raise

    def _connect(self) -> Connection:
        if not self._made_file:
            check_file(self._path, self._display)
        opened = self._path.stat().st_ino
        # SQLite would begin by reading, take no lock, and refuse the first write.
        if not os.access(self._path, os.W_OK):
            raise StoreError(f"{self._display} is readonly", hint=hint(OSError("readonly")))
        try:
            raw = connect(self._path, "mode=rw", 0)
        except sqlite3.Error as error:
            raise StoreError(f"{self._display}: {error}", hint=hint(error)) from None
        connection = Connection(raw, self._display, self._path)
        try:
            for setting in ("foreign_keys", "legacy_alter_table", "ignore_check_constraints"):
                connection.execute(f"PRAGMA {setting} = OFF")
            self._patiently(lambda: raw.execute("BEGIN IMMEDIATE"), connection)
            connection.execute("SELECT 1 FROM sqlite_master LIMIT 1")
            self._check_place(opened)
        except BaseException as error:
            connection.close()
            if isinstance(error, StoreError):
                self._check_place(opened)
            raise
        return connection

    def _check_place(self, opened: int) -> None:
        """Another run that made the file may have taken it away again while we waited."""
        there = self._path.stat() if self._path.exists() else None
        if there is None or there.st_ino != opened:
            raise StoreError(
                f"{self._display} was replaced while it was opened", hint="run this again"
            ) from None
        # Somebody has used it before we had the lock, so it is not ours to remove.
        self._made_file = self._made_file and there.st_size == 0

    def _patiently(self, attempt: Callable[[], object], connection: Connection) -> None:
        """Try until the lock is to be had. SQLite's own waiting would not hear Ctrl-C."""
        started, waited = time.monotonic(), False
        while True:
            try:
                attempt()
                break
            except sqlite3.Error as error:
                if not is_locked(error):
                    raise connection.failure(error) from None
                if time.monotonic() - started >= self._patience:
                    raise locked(self._path, self._display) from None
            waited = True
            time.sleep(_PAUSE)
        if waited:
            self._patience = max(0.0, self._patience - (time.monotonic() - started))

    def run(self, step: Step, progress: Progress) -> None:
        """Make a step; a step whose statement SQLite refuses is left where it failed."""
        self.check_open()
        self.references.touch_step(step)
        for statement in step.statements:
            self._run(statement, step, progress)
            self._kill_at("step")
        self.references.rename(step)
        tables = {c.old: c.new for c in step.changes if isinstance(c, RenameTable)}
        self._rebuilt = [tables.get(table, table) for table in self._rebuilt]
        if any(s.startswith("PRAGMA legacy_alter_table") for s in step.statements):
            self._rebuilt.append(step.table)

    def _run(self, statement: str, step: Step, progress: Progress) -> None:
        connection = self.connection
        try:
            rows = connection.raw.execute(statement).rowcount
        except (sqlite3.Error, OverflowError) as error:
            failure = connection.failure(error)
            if not isinstance(failure, StoreError):
                raise failure from None
            words = failure.message.removeprefix(f"{self._display}: ").replace(PREFIX, "")
            guard = statement.startswith((f"SELECT {REFUSE}(", f"SELECT {AS_LEFT}("))
            fix = "mend that, or stay with the migration"
            shown = fix if guard else f"the statement was: {statement}"
            raise StepFailed(f"{step.table}: {words}", hint=shown) from None
        if rows > 0:
            progress(rows, None)

    def check_open(self) -> None:
        """StoreError if SQLite itself has undone the transaction (a full disk makes it do so)."""
        if not self.connection.raw.in_transaction:
            raise StoreError(
                f"{self._display} has no transaction any more: an earlier error ended it, and"
                " everything was undone",
                hint="let the first error through, and correct its cause",
            )

    def commit(self) -> None:
        """Prove that nothing is broken, and make everything lasting."""
        self.check_open()
        with self.connection.errors():
            self.references.verify()
            for table in self._rebuilt:
                self._verify_table(table)
        self._kill_at("before-commit")
        self._patiently(lambda: self.connection.raw.execute("COMMIT"), self.connection)
        self._kill_at("after-commit")
        self._made, self._made_file = [], False
        self.connection.close()

    def rollback(self) -> None:
        """Undo everything, and remove the file and folders that were made for it."""
        with suppress(sqlite3.Error):
            self._undo(self.connection.raw)
        self.connection.close()
        self._undo_what_is_left()
        self._remove_folders()

    def _undo(self, raw: sqlite3.Connection) -> None:
        if not raw.in_transaction:
            return
        if self._made_file:
            # While we have the lock: who waits for it must find that the file is gone.
            with suppress(OSError):
                self._path.unlink()
        raw.execute("ROLLBACK")

    def _undo_what_is_left(self) -> None:
        """A full disk makes SQLite leave the undoing to whoever opens the file next."""
        if not self._path.with_name(f"{self._path.name}-journal").exists():
            return
        with suppress(sqlite3.Error), closing(connect(self._path, "mode=rw", 0)) as raw:
            raw.execute("BEGIN IMMEDIATE")
            self._undo(raw)

    def _verify_table(self, table: str) -> None:
        query = f"PRAGMA quick_check({quoted(table)})"
        found = [row[0] for row in self.connection.query(query)]
        if found != ["ok"]:
            raise VerificationFailed(
                f"the table {table} did not come out of its rebuild as it should: {found[0]}",
                hint="nothing was changed; restore the file from a backup if it is damaged",
            )

    def _remove_folders(self) -> None:
        for folder in reversed(self._made):
            with suppress(OSError):  # not empty: somebody else uses it by now
                folder.rmdir()

    def _kill_at(self, point: str) -> None:
        """For tests of crashes: ZMIGRATION_FAULT=sqlite:<point> kills this process there."""
        if self._fault == f"sqlite:{point}":
            os.kill(os.getpid(), signal.SIGKILL)


def _make_file(path: Path, display: str) -> bool:
    """Make the file if it is missing; whether it was this process that made it."""
    try:
        with path.open("xb"):
            return True
    except FileExistsError:
        return False
    except OSError as error:
        raise StoreError(
            f"{display}: cannot make the file: {error.strerror}",
            hint="look at the rights on the folder",
        ) from None


def _make_folders(folder: Path, display: str) -> list[Path]:
    """The folders that were missing, the outer ones first."""
    missing = [f for f in (folder, *folder.parents) if not f.exists()]
    made: list[Path] = []
    try:
        for path in reversed(missing):
            with suppress(FileExistsError):  # another run was quicker
                path.mkdir()
                made.append(path)
    except OSError as error:
        for path in reversed(made):
            path.rmdir()
        raise StoreError(
            f"{display}: cannot make the folder {folder}: {error.strerror}",
            hint="make the folder, or look at the rights on the one that it is in",
        ) from None
    return made
