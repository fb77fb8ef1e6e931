"""Connections to one SQLite file: for reading without a trace, or for a unit of work."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Literal

from zmigration_api import StoreError
from zmigration_sql import Codec, Quoting

from .codec import SQLiteCodec
from .functions import Functions
from .names import QUOTING

_READ_PATIENCE = 5.0  # seconds, for another program's commit
_STEPS_BETWEEN_INTERRUPTS = 200_000  # of SQLite's machine; some milliseconds


class Connection:
    """One connection; an `Executor` for the shared SQL."""

    dialect: Literal["sqlite", "postgresql"] = "sqlite"
    quoting: Quoting = QUOTING
    placeholder = "?"
    codec: Codec = SQLiteCodec()

    def __init__(self, raw: sqlite3.Connection, display: str) -> None:
        self.raw = raw
        self.functions = Functions()
        self.functions.register(raw)
        self._display = display
        # Lets Ctrl-C stop a long statement.
        raw.set_progress_handler(lambda: 0, _STEPS_BETWEEN_INTERRUPTS)

    def query(self, sql: str, params: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
        with self.errors(), closing(self.raw.execute(sql, params)) as cursor:
            yield from cursor

    def execute(self, sql: str, params: Sequence[Any] = ()) -> int:
        with self.errors(), closing(self.raw.execute(sql, params)) as cursor:
            return max(cursor.rowcount, 0)

    def execute_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> int:
        with self.errors(), closing(self.raw.executemany(sql, rows)) as cursor:
            return max(cursor.rowcount, 0)

    def close(self) -> None:
        self.raw.close()

    @contextmanager
    def errors(self) -> Iterator[None]:
        """SQLite's errors as errors for the user, an interrupt as what it is."""
        try:
            yield
        except (sqlite3.Error, OverflowError) as error:
            raise self.failure(error) from None

    def failure(self, error: Exception) -> BaseException:
        """What an error of sqlite3 is to the user."""
        if self._interrupted(str(error)):
            return KeyboardInterrupt()
        return StoreError(f"{self._display}: {self.words(error)}", hint=hint(error))

    def _interrupted(self, words: str) -> bool:
        """Whether it was Ctrl-C, which can reach our functions before their first line."""
        in_function = "user-defined function raised exception" in words
        return words == "interrupted" or (in_function and self.functions.refusal is None)

    def words(self, error: Exception) -> str:
        """The reason; for a value that a conversion refused, that one."""
        refusal, self.functions.refusal = self.functions.refusal, None
        return refusal or str(error)


def open_for_reading(path: Path, display: str) -> tuple[Connection | None, str | None]:
    """A connection that leaves no trace, None for a missing file; and a notice, if any.

    After a crash only a connection that may write can undo what was left half done; SQLite does
    that for whoever opens the file next.
    """
    if not path.exists():
        return None, None
    first, second = _modes(path, display)
    journal = path.with_name(f"{path.name}-journal").exists()
    with suppress(sqlite3.OperationalError):
        return _opened(path, first, display), None
    try:
        connection = _opened(path, second, display)
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


def _opened(path: Path, mode: str, display: str) -> Connection:
    raw = connect(path, mode, _READ_PATIENCE)
    try:
        raw.execute("PRAGMA query_only = ON")
        raw.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchall()
    except sqlite3.OperationalError:
        raw.close()
        raise
    except sqlite3.DatabaseError as error:
        raw.close()
        raise StoreError(f"{display}: {error}", hint=hint(error)) from None
    return Connection(raw, display)


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
