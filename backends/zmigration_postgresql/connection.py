"""One connection: texts in, rows out, the server's errors as errors for people."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, Literal

from zmigration_api import LockTimeout, MigrationError, StoreError, Unreachable

from .address import Address, load_driver
from .codec import Codec
from .names import QUOTING

if TYPE_CHECKING:
    import psycopg

_SESSION = (
    "SET TIME ZONE 'UTC'; SET DateStyle TO 'ISO, YMD'; SET standard_conforming_strings TO on;"
    " SET extra_float_digits TO 1; SET client_min_messages TO error;"
    # Rows that a policy hides would be missing from archives and answers: an error instead.
    " SET row_security TO off; SET lock_timeout TO {lock_timeout}"
)
# Python's dates end in 9999 and its JSON reading forgets how numbers were written.
_AS_TEXT = ("date", "time", "timestamp", "timestamptz", "json", "jsonb", "uuid", "timetz")
_HOLDERS = """
SELECT a.pid, a.application_name, a.usename, to_char(a.xact_start, 'YYYY-MM-DD HH24:MI:SS'),
       c.relname
FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
LEFT JOIN pg_class c ON c.oid = l.relation
WHERE l.granted AND l.pid <> pg_backend_pid() AND {which}
ORDER BY a.xact_start NULLS LAST LIMIT 1"""
_UNREADABLE = (
    "l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock' AND c.relkind IN ('r', 'p')"
    " AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)
_LIMITED = re.compile(r" LIMIT \d{1,3}( OFFSET \d+)?\Z")
_ROWS_AT_ONCE = 2000


class Connection:
    """The executor of `zmigration_sql` for psycopg."""

    dialect: Literal["sqlite", "postgresql"] = "postgresql"
    quoting = QUOTING
    placeholder = "%s"
    codec = Codec()

    def __init__(self, raw: psycopg.Connection[tuple[Any, ...]], address: Address) -> None:
        self._raw = raw
        self._address = address
        self._cursors = 0
        self.left_behind = ""
        _load_as_text(raw)
        with self.errors():
            raw.execute(_SESSION.format(lock_timeout=milliseconds(address.lock_timeout)).encode())
        if address.schema is not None:
            self.execute(f"SET search_path TO {self.path if self.has_schema() else self._own}")

    @property
    def _own(self) -> str:
        return QUOTING.name(self._address.schema or "")

    @property
    def path(self) -> str:
        """Where names without a schema are looked for; what extensions bring is in public."""
        return f"{self._own}, public"

    def has_schema(self) -> bool:
        """Whether the app's own schema is there; a path without one has no tables."""
        schema = self._address.schema
        found = "SELECT 1 FROM pg_namespace WHERE nspname = %s"
        return schema is None or bool(self.rows(found, [schema]))

    def make_schema(self) -> None:
        """Create the app's own schema, inside a transaction."""
        self.execute(f"CREATE SCHEMA IF NOT EXISTS {self._own}; SET search_path TO {self.path}")

    @property
    def raw(self) -> psycopg.Connection[tuple[Any, ...]]:
        return self._raw

    def query(self, sql: str, params: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
        """The rows; many of them are fetched bit by bit, so that memory never holds all."""
        with self.errors():
            if _LIMITED.search(sql):
                yield from self._raw.execute(sql.encode(), params or None).fetchall()
                return
            self._cursors += 1
            name, hold = f"zmigration_{self._cursors}", self._raw.autocommit
            with self._raw.cursor(name, withhold=hold) as cursor:
                cursor.itersize = _ROWS_AT_ONCE
                cursor.execute(sql.encode(), params or None)
                yield from cursor

    def rows(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows at once, for answers that are short."""
        with self.errors():
            return self._raw.execute(sql.encode(), params or None).fetchall()

    def execute(self, sql: str, params: Sequence[Any] = ()) -> int:
        with self.errors():
            return max(self._raw.execute(sql.encode(), params or None).rowcount, 0)

    def execute_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> int:
        with self.errors(), self._raw.cursor() as cursor:
            cursor.executemany(sql.encode(), rows)
            return max(cursor.rowcount, 0)

    @contextmanager
    def errors(self) -> Iterator[None]:
        """psycopg's errors as `StoreError`s."""
        driver = load_driver()
        try:
            yield
        except driver.errors.LockNotAvailable:
            raise self._locked() from None
        except driver.Error as error:
            raise self.failure(error) from None

    def _locked(self) -> LockTimeout:
        """The error of waiting in vain; it names the likely holder of the lock."""
        return LockTimeout(
            f"{self._address.display}: a lock was not to be had in time"
            f"{_locked_table(self._address)}",
            hint="stop what holds the rows or tables, or raise --lock-timeout",
        )

    def failure(self, error: psycopg.Error) -> StoreError:
        """The error for people; a lost connection is named as such."""
        if self.lost:
            return StoreError(
                f"the connection to the {self._address.display} was lost"
                f" ({self.words(error)}); the server undid what was not committed",
                hint=f"nothing was changed by this run{self.left_behind}; run it again",
            )
        return StoreError(f"{self._address.display}: {self.words(error)}", hint=_hint(error))

    def words(self, error: psycopg.Error) -> str:
        """What the server said, on one line and without the password."""
        primary, detail = error.diag.message_primary, error.diag.message_detail
        said = primary or first_line(str(error))
        return self._address.redacted(f"{said} ({first_line(detail)})" if detail else said)

    @property
    def lost(self) -> bool:
        """Whether the server is gone, without our having closed the connection."""
        return self._raw.broken

    def restore(self) -> None:
        """Wait again as long for locks as every look does, outside of a transaction."""
        usual = milliseconds(self._address.lock_timeout)
        self.execute(f"SET lock_timeout = {usual}; RESET statement_timeout")

    def close(self) -> None:
        self._raw.close()


def _hint(error: psycopg.Error) -> str | None:
    if error.sqlstate != "42501":  # insufficient_privilege, also where a policy hides rows
        return None
    return "use a role that may do this; where rows have policies, one that sees all rows"


def first_line(text: str) -> str:
    """The first line that says something."""
    return next((line.strip() for line in text.splitlines() if line.strip()), "no message")


def connect(address: Address) -> Connection | None:
    """A connection, or None if the server is there and the database is not.

    StoreError if the server cannot be reached or does not let us in.
    """
    driver = load_driver()
    try:
        return Connection(address.connect(), address)
    except driver.OperationalError as error:
        if _missing(address):
            return None
        raise _unreachable(address, error) from None
    except driver.Error as error:
        raise _unreachable(address, error) from None


def server(address: Address) -> Connection:
    """A connection to the server's own database, to create or drop another one."""
    driver = load_driver()
    try:
        return Connection(address.beside("postgres").connect(), address)
    except driver.Error as error:
        raise _unreachable(address, error) from None


def milliseconds(seconds: float) -> int:
    """A lock_timeout for the server, for which 0 would be forever."""
    return max(1, round(seconds * 1000))


def holder(connection: Connection, which: str, *params: str) -> tuple[str, str]:
    """Who holds a lock like that longest, and the table that it is of, as far as known.

    `: pid 42 (zolo migrate, user app) since 2024-01-31 23:59:59 UTC` and `shop`.
    """
    rows = connection.rows(_HOLDERS.format(which=which), params)
    if not rows:
        return "", ""
    pid, application, user, since, table = rows[0]
    who = ", ".join(filter(None, (application, user and f"user {user}")))
    since = f" since {since} UTC" if since else ""
    return f": pid {pid}{f' ({who})' if who else ''}{since}", table or ""


def _locked_table(address: Address) -> str:
    """The table that nobody else may read, and who says so; our own transaction has failed."""
    driver = load_driver()
    try:
        with closing(Connection(address.connect(), address)) as connection:
            who, table = holder(connection, _UNREADABLE)
    except (driver.Error, MigrationError):
        return ""
    return f"; table {table} is locked{who}" if who else ""


def _missing(address: Address) -> bool:
    """Asked of the server itself: a refusal's text depends on its language."""
    driver = load_driver()
    try:
        with address.beside("postgres").connect() as connection:
            found = "SELECT 1 FROM pg_database WHERE datname = %s"
            return connection.execute(found, [address.database]).fetchone() is None
    except driver.Error:
        return False


def _unreachable(address: Address, error: psycopg.Error) -> Unreachable:
    said = first_line(str(error)).removeprefix("connection failed: ")
    return Unreachable(
        f"cannot open the {address.display}: {address.redacted(said)}",
        hint="check that the server runs, and host, port, user and password",
    )


def _load_as_text(raw: psycopg.Connection[tuple[Any, ...]]) -> None:
    from psycopg.types.string import TextLoader

    for name in _AS_TEXT:
        raw.adapters.register_loader(name, TextLoader)
