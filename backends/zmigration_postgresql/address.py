"""Where a database is: connection parameters, and how it is shown to people."""

from __future__ import annotations

import getpass
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from zmigration_api import StoreError, Target, Unreachable

if TYPE_CHECKING:
    import psycopg

_PATIENCE = 10  # seconds for a server to answer, where the DSN does not say


@dataclass(frozen=True, slots=True)
class Address:
    """The parameters of one database, as libpq names them.

    `lock_timeout`: how many seconds reading waits for what others hold locked. `schema` is where
    the app's tables are, None is where the role's own settings say.
    """

    parameters: dict[str, str] = field(repr=False)
    lock_timeout: float = 10.0
    schema: str | None = None

    @property
    def database(self) -> str:
        return self.parameters["dbname"]

    @property
    def display(self) -> str:
        """`PostgreSQL database shop at localhost:5432`."""
        host = self.parameters.get("host") or self.parameters.get("hostaddr")
        port = self.parameters.get("port")
        place = f" at {host}{f':{port}' if port else ''}" if host else ""
        return f"PostgreSQL database {self.database}{place}"

    def beside(self, database: str) -> Address:
        """Another database of the same server."""
        return replace(self, parameters={**self.parameters, "dbname": database})

    def redacted(self, text: str) -> str:
        """The text without the password."""
        password = self.parameters.get("password")
        return text.replace(password, "***") if password else text

    def connect(self) -> psycopg.Connection[tuple[Any, ...]]:
        """A connection in autocommit mode; raises psycopg's errors."""
        driver = load_driver()
        connection: psycopg.Connection[tuple[Any, ...]] = driver.connect(
            **{"connect_timeout": str(_PATIENCE), **self.parameters},
            autocommit=True,
            application_name="zolo migrate",
            client_encoding="UTF8",
        )
        return connection


def address_of(target: Target) -> Address:
    """The address; StoreError (without the DSN, which may hold a password) if it is none.

    Without a DSN the app's own rules hold: localhost, the system's user, the label as database.
    """
    schema = target.options.get("Data_Schema") or None
    if target.dsn is not None:
        parameters = {"dbname": target.label, **_parsed(target.dsn)}
        return Address(parameters, target.lock_timeout, schema)
    given = {
        "host": target.host or "localhost",
        "port": str(target.port or 5432),
        "user": target.user or getpass.getuser(),
        "password": target.password,
        "dbname": target.label,
    }
    parameters = {name: value for name, value in given.items() if value}
    return Address(parameters, target.lock_timeout, schema)


def load_driver() -> Any:  # noqa: ANN401
    """psycopg; StoreError if it is not installed."""
    try:
        import psycopg
    except ImportError as error:
        raise StoreError(
            f"PostgreSQL needs the driver psycopg, which cannot be loaded: {error}",
            hint='pip install "zcli-migration[postgresql]"',
        ) from None
    return psycopg


def _parsed(dsn: str) -> dict[str, str]:
    driver = load_driver()
    from psycopg.conninfo import conninfo_to_dict

    try:
        return {name: str(value) for name, value in conninfo_to_dict(dsn).items() if value}
    except driver.Error:
        raise Unreachable(
            "the PostgreSQL address is not a DSN",
            hint="write it like postgresql://user@host:5432/database",
        ) from None
