"""Where a store is, as schema file and environment say it."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias
from urllib.parse import parse_qs, unquote

FAMILIES = {"sqlite3": "sqlite", "postgres": "postgresql", "pg": "postgresql"}
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
DEFAULT_PORTS = {"postgresql": 5432}

Online: TypeAlias = Literal["auto", "always", "never"]
"""When a store that can do so lets others read and write while it builds and checks."""

_USER_PASSWORD = re.compile(r"(://[^:@]*:).*@", re.DOTALL)
_QUERY_PASSWORD = re.compile(
    r"([?&;][^=&;]*(?:pass|pwd|secret|token|key)[^=&;]*=)[^&;]*", re.IGNORECASE
)


def masked(dsn: str) -> str:
    """A DSN without its passwords, however badly it is written."""
    return _QUERY_PASSWORD.sub(r"\1***", _USER_PASSWORD.sub(r"\1***@", dsn))


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One place where data lives; what applies is set, the rest is None.

    `lock_timeout` is how many seconds reading may wait for what others hold locked.

    A CSV folder or a SQLite folder is `folder` (the SQLite file is `<folder>/<label>.db` unless
    `file` names one); a PostgreSQL database is `dsn`, or `label` at host, port, user, password.
    """

    data_type: str
    folder: Path | None = None
    file: Path | None = None
    dsn: str | None = field(default=None, repr=False)
    label: str = "data"
    host: str | None = None
    port: int | None = None
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    options: Mapping[str, str] = field(default_factory=dict, repr=False, hash=False)
    workspace: Path = field(default_factory=Path)
    lock_timeout: float = field(default=10.0, compare=False)
    online: Online = field(default="auto", compare=False)

    @property
    def family(self) -> str:
        """The Data_Type with its other spellings made one: `pg` is `postgresql`."""
        return FAMILIES.get(self.data_type, self.data_type)

    @property
    def identity(self) -> str:
        """Equal for two targets in the same physical store; holds no password."""
        if self.dsn is not None:
            return self._server(*dsn_parts(self.dsn)) + self._schema
        if self.family == "postgresql":
            return self._server(self.host, self.port, self.label) + self._schema
        path = os.path.normcase(os.path.realpath(self.file or self.folder or self.workspace))
        # A folder of CSV files is one store; who else has a label may keep a store for each.
        shared = self.file is not None or self.family == "csv"
        return f"{self.family}:{path}" if shared else f"{self.family}:{path}#{self.label}"

    @property
    def display(self) -> str:
        """How a report names the store: a path from the workspace, or a DSN without password."""
        if self.dsn is not None:
            return masked(self.dsn)
        if self.family == "postgresql":
            user = f"{self.user}@" if self.user else ""
            port = f":{self.port}" if self.port else ""
            return f"postgresql://{user}{self.host or 'localhost'}{port}/{self.label}"
        return self._shown(self.file or self.folder or self.workspace)

    @property
    def _schema(self) -> str:
        """Schemas of one database are places of their own."""
        schema = self.options.get("Data_Schema")
        return f"#{schema}" if schema and self.family == "postgresql" else ""

    def _server(self, host: str | None, port: int | str | None, database: str) -> str:
        number = port or DEFAULT_PORTS.get(self.family, "")
        return f"{self.family}://{_one_host(host or 'localhost')}:{number}/{database}"

    def _shown(self, path: Path) -> str:
        inside = path.is_relative_to(self.workspace)
        return str(path.relative_to(self.workspace)) if inside else str(path)


def _one_host(host: str) -> str:
    """A host in one spelling; a folder of sockets stays as it is."""
    name = host if host.startswith("/") else host.lower()
    return "localhost" if name in LOOPBACK else name


def dsn_parts(dsn: str) -> tuple[str | None, int | str | None, str]:
    """Host, port and database of a DSN, also where its query names them."""
    address, _, query = dsn.partition("?")
    named = {key: values[-1] for key, values in parse_qs(query).items()}
    authority, _, database = address.partition("://")[2].rpartition("@")[2].partition("/")
    host, port = _host_and_port(unquote(authority))
    return (
        named.get("host") or host or None,
        named.get("port") or port,
        named.get("dbname") or unquote(database),
    )


def _host_and_port(authority: str) -> tuple[str, str]:
    """`[::1]:5433` is (`::1`, `5433`); of several hosts each keeps its own port.

    A port that is no number is left out: in a DSN that is badly written it may be a password.
    """
    if "," in authority:
        return ",".join(":".join(_host_and_port(part)) for part in authority.split(",")), "*"
    found = re.fullmatch(r"\[(.*)\](?::(\d*).*)?|([^:]*)(?::(\d*).*)?", authority, re.DOTALL)
    parts = found.groups(default="") if found else ("", "", "", "")
    return parts[0] or parts[2], parts[1] or parts[3]
