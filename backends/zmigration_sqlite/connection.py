"""Connections to one SQLite file: for reading without a trace, or for a unit of work."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Literal

from zmigration_api import LockTimeout, StoreError
from zmigration_sql import Codec, Quoting

from .codec import SQLiteCodec
from .functions import Functions
from .holder import holder
from .names import QUOTING

_STEPS_BETWEEN_INTERRUPTS = 200_000  # of SQLite's machine; some milliseconds


class _Errors:
    """A context for whatever may fail; made once, since it is entered for every row."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def __enter__(self) -> None:
        pass

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, sqlite3.Error | OverflowError | UnicodeEncodeError):
            raise self._connection.failure(error) from None


class Connection:
    """One connection; an `Executor` for the shared SQL."""

    dialect: Literal["sqlite", "postgresql"] = "sqlite"
    quoting: Quoting = QUOTING
    placeholder = "?"
    codec: Codec = SQLiteCodec()
    immutable = False

    def __init__(self, raw: sqlite3.Connection, display: str, path: Path) -> None:
        self.raw = raw
        self.functions = Functions()
        self.functions.register(raw)
        self._display = display
        self._path = path
        self._errors = _Errors(self)
        # Lets Ctrl-C stop a long statement.
        raw.set_progress_handler(lambda: 0, _STEPS_BETWEEN_INTERRUPTS)

    def query(self, sql: str, params: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
        with self.errors(), closing(self.raw.execute(sql, params)) as cursor:
            yield from cursor

    def rows(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return list(self.query(sql, params))

    def execute(self, sql: str, params: Sequence[Any] = ()) -> int:
        with self.errors(), closing(self.raw.execute(sql, params)) as cursor:
            return max(cursor.rowcount, 0)

    def execute_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> int:
        with self.errors(), self._whole_or_not_at_all():
            cursor = self.raw.executemany(sql, rows)
            return max(cursor.rowcount, 0)

    @contextmanager
    def _whole_or_not_at_all(self) -> Iterator[None]:
        """A hook that catches the error goes on without the first half of it."""
        self.raw.execute("SAVEPOINT zmigration_many")
        try:
            yield
        except BaseException:
            with suppress(sqlite3.Error):  # some errors undo the whole transaction
                self.raw.execute("ROLLBACK TO zmigration_many")
                self.raw.execute("RELEASE zmigration_many")
            raise
        self.raw.execute("RELEASE zmigration_many")

    def close(self) -> None:
        self.raw.close()

    def errors(self) -> _Errors:
        """SQLite's errors as errors for the user, an interrupt as what it is."""
        return self._errors

    def failure(self, error: Exception) -> BaseException:
        """What an error of sqlite3 is to the user."""
        if self._interrupted(str(error)):
            return KeyboardInterrupt()
        if is_locked(error):
            return locked(self._path, self._display)
        return StoreError(f"{self._display}: {self.words(error)}", hint=hint(error))

    def _interrupted(self, words: str) -> bool:
        """Whether it was Ctrl-C, which can reach our functions before their first line."""
        in_function = "user-defined function raised exception" in words
        return words == "interrupted" or (in_function and self.functions.refusal is None)

    def words(self, error: Exception) -> str:
        """The reason; for a value that a conversion refused, that one."""
        refusal, self.functions.refusal = self.functions.refusal, None
        return refusal or str(error)


def open_for_reading(
    path: Path, display: str, patience: float
) -> tuple[Connection | None, str | None]:
    """A connection that leaves no trace, None for a missing file; and a notice, if any.

    Waits at most `patience` seconds for another program's commit.

    After a crash only a connection that may write can undo what was left half done; SQLite does
    that for whoever opens the file next.
    """
    if not path.exists():
        return None, None
    first, second = _modes(path, display)
    journal = path.with_name(f"{path.name}-journal").exists()
    try:
        return _opened(path, first, display, patience), None
    except sqlite3.OperationalError as error:
        if is_locked(error):
            raise locked(path, display) from None
    try:
        connection = _opened(path, second, display, patience)
    except sqlite3.Error as error:
        raise StoreError(f"{display}: {error}", hint=hint(error)) from None
    notice = f"{display}: an interrupted change of an earlier run was undone"
    return connection, notice if journal and second == "mode=rw" else None


def check_file(path: Path, display: str) -> bytes:
    """The file's first bytes. StoreError for another file; SQLite would overwrite a short one."""
    try:
        with path.open("rb") as file:
            header = file.read(20)
    except OSError as error:
        raise StoreError(
            f"{display}: {error.strerror}", hint="look at the rights on the file and its folder"
        ) from None
    if header and header[:16] != b"SQLite format 3\0":
        raise StoreError(f"{display}: file is not a database", hint=_HINTS["not a database"])
    return header


def _modes(path: Path, display: str) -> tuple[str, str]:
    """How to open the file, and how else if that fails.

    A write-ahead log needs its own files even for reading: SQLite makes them and takes them away
    again, if it may write.
    """
    header = check_file(path, display)
    log = path.with_name(f"{path.name}-wal")
    if header[18:20] == b"\x02\x02" and not log.exists():
        return "mode=rw", "mode=ro&immutable=1"
    return "mode=ro", "mode=rw"


def is_locked(error: Exception) -> bool:
    """Whether another program holds the file's lock (not: another cursor of ours a table's)."""
    return "database is locked" in str(error)


def locked(path: Path, display: str) -> LockTimeout:
    """The error of waiting in vain; it names who holds the lock, where that is known."""
    return LockTimeout(
        f"{display} is locked by another program{holder(path)}",
        hint="wait until it is done, or raise --lock-timeout",
    )


def _opened(path: Path, mode: str, display: str, patience: float) -> Connection:
    raw = connect(path, mode, patience)
    try:
        raw.execute("PRAGMA query_only = ON")
        raw.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchall()
    except sqlite3.OperationalError:
        raw.close()
        raise
    except sqlite3.DatabaseError as error:
        raw.close()
        raise StoreError(f"{display}: {error}", hint=hint(error)) from None
    connection = Connection(raw, display, path)
    connection.immutable = "immutable" in mode
    return connection


def connect(path: Path, mode: str, patience: float) -> sqlite3.Connection:
    """A connection in autocommit mode that waits at most `patience` seconds for locks."""
    uri = f"{path.absolute().as_uri()}?{mode}"
    return sqlite3.connect(uri, uri=True, timeout=patience, isolation_level=None)


def hint(error: Exception) -> str | None:
    """What to do about an error of SQLite, where that is known."""
    words = str(error)
    return next((advice for sign, advice in _HINTS.items() if sign in words), None)


_HINTS = {
    "not a database": "name another file, or move this one away",
    "malformed": "the file is damaged; restore it from a backup",
    "readonly": "give this user the right to write the file and its folder",
    "unable to open": "look at the rights on the file and its folder",
    "locked": "stop the program that uses the file, or raise --lock-timeout",
    "is full": "make room on the disk",
}
