"""What is compared: groups of contenders with the same tables, each made ready for its check."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks import alembic_app, django_app, zolo
from benchmarks.measure import Command, Runner
from benchmarks.tables import tables
from examples.local_postgres import fresh_database

BASELINE = "python -c pass"
SCHEMAS = "files"
"""A schema file for each table; else all tables stand in one file."""
ONE_FILE = "one file"
EDITED = "one file, a comment edited"
"""As nothing can be said without looking at every table."""
FIRST = "one file, first run"


@dataclass(frozen=True, slots=True)
class Case:
    """One contender: a tool, the kind of its store, and how many tables it checks."""

    tool: str
    store: str
    tables: int
    layout: str = ""

    @property
    def name(self) -> str:
        """How the report calls it."""
        return ", ".join(filter(None, (self.tool, self.store, self.layout)))


@dataclass(frozen=True, slots=True)
class Group:
    """Contenders that run in turns, each so many times; ratios are made within a group."""

    tables: int
    runs: int
    cases: tuple[Case, ...]
    shared: bool = False
    """All in one PostgreSQL database, whose tables Alembic has made and zolo then records."""


def ours(store: str, count: int, layout: str) -> Case:
    """A check of ours."""
    return Case("zolo migrate --check", store, count, layout)


def group(count: int, runs: int, *, postgresql: bool, peers: bool) -> Group:
    """Everything with `count` tables."""
    cases = [ours("CSV", count, SCHEMAS), ours("SQLite", count, SCHEMAS)]
    cases += [ours("CSV", count, ONE_FILE), ours("SQLite", count, ONE_FILE)]
    if postgresql:
        cases += [ours("PostgreSQL", count, SCHEMAS), ours("PostgreSQL", count, ONE_FILE)]
    for store in ("SQLite", "PostgreSQL") if postgresql else ("SQLite",):
        if peers:
            cases += [Case("alembic check", store, count)]
            cases += [Case("Django, both checks", store, count)]
    return Group(count, runs, tuple(cases))


class Workshop:
    """Makes apps and databases in a folder; `server` is the DSN of a PostgreSQL server."""

    def __init__(self, folder: Path, runner: Runner, server: str | None, stack: ExitStack) -> None:
        self._folder = folder
        self._runner = runner
        self._server = server
        self._stack = stack

    def contenders(self, group: Group) -> Iterator[tuple[str, list[Command]]]:
        """The name and the commands of each contender, the baseline first."""
        yield BASELINE, [Command((sys.executable, "-c", "pass"), self._folder)]
        if group.shared:
            yield from self._shared(group)
            return
        for case in group.cases:
            yield case.name, self._made(case)

    def _shared(self, group: Group) -> Iterator[tuple[str, list[Command]]]:
        dsn, some = self._database(), tables(group.tables)
        folder = self._folder / f"shared-{group.tables}"
        url = dsn.replace("://", "+psycopg://")
        peer = alembic_app.check(self._runner, folder / "alembic", url, some)
        app = folder / "app"
        commands = {
            "alembic check": peer,
            ONE_FILE: zolo.check(self._runner, app, _meta("PostgreSQL", dsn), [some]),
            EDITED: zolo.edited(app, folder / "edited"),
            FIRST: zolo.first_run(app, dsn),
        }
        for case in group.cases:
            yield case.name, commands[case.layout or case.tool]

    def _made(self, case: Case) -> list[Command]:
        folder = self._folder / f"{case.tables}-{case.name}".replace(" ", "-").replace(",", "")
        dsn = self._database() if case.store == "PostgreSQL" else None
        some = tables(case.tables)
        if case.tool.startswith("alembic"):
            url = dsn.replace("://", "+psycopg://") if dsn else "sqlite:///bench.db"
            return alembic_app.check(self._runner, folder, url, some)
        if case.tool.startswith("Django"):
            return django_app.check(self._runner, folder, _django(dsn), some)
        files = [[table] for table in some] if case.layout == SCHEMAS else [some]
        return zolo.check(self._runner, folder, _meta(case.store, dsn), files)

    def _database(self) -> str:
        assert self._server is not None
        return self._stack.enter_context(fresh_database(self._server))


def _django(dsn: str | None) -> dict[str, str]:
    if dsn is None:
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": "bench.db"}
    url = urlsplit(dsn)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": url.hostname or "",
        "PORT": str(url.port),
        "USER": url.username or "",
        "NAME": url.path.strip("/"),
    }


def _meta(store: str, dsn: str | None) -> dict[str, str]:
    if dsn is None:
        return {"Data_Type": store.lower(), "Data_Label": "bench"}
    url = urlsplit(dsn)
    return {
        "Data_Type": "postgresql",
        "Data_Host": url.hostname or "",
        "Data_Port": str(url.port),
        "Data_User": url.username or "",
        "Data_Label": url.path.strip("/"),
    }


def scale() -> list[Group]:
    """Many tables in one PostgreSQL database: with Alembic beside us, and five times as many."""
    mine = (ONE_FILE, EDITED, FIRST)
    peer = Case("alembic check", "PostgreSQL", 1000)
    beside = (*(ours("PostgreSQL", 1000, layout) for layout in mine), peer)
    alone = tuple(ours("PostgreSQL", 5000, layout) for layout in mine)
    return [Group(1000, 5, beside, shared=True), Group(5000, 3, alone, shared=True)]


def groups(*, quick: bool) -> list[Group]:
    """The groups of a run, small ones first."""
    if quick:
        return [
            group(10, 5, postgresql=False, peers=True),
            group(100, 3, postgresql=True, peers=True),
        ]
    one_file = (ours("SQLite", 5000, ONE_FILE), ours("CSV", 5000, ONE_FILE))
    return [
        group(10, 15, postgresql=True, peers=True),
        group(100, 7, postgresql=False, peers=False),
        group(1000, 5, postgresql=True, peers=True),
        Group(5000, 3, one_file),
    ]
