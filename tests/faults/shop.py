"""A shop with two tables and thousands of rows, the real command in processes, and other eyes.

`users` and `posts` live in one store under two schema files; the pending change adds, drops,
renames and retypes columns of both, adds indexes and a foreign key.
"""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeAlias

import psycopg

from tests.scenarios.harness import run
from tests.scenarios.stores import CsvStore, PostgresStore, SqliteStore, Store

SOAK = os.environ.get("ZMIGRATION_SOAK") == "1"
BACKENDS = ("csv", "sqlite", "postgresql")
USERS, POSTS = 2000, 3000
APP = 'zSpark = {"title": "Shop", "zMode": "Terminal"}\n'
NAMES = ("users", "posts")
OLD, NEW = "v1.0.0", "v1.1.0"
BEFORE = {
    "users": """\
users:
  id: {type: int, pk: true}
  username: {type: str, required: true}
  full_name: {type: str}
  age: {type: str}
  old_field: {type: str}
  bio: {type: text}
""",
    "posts": """\
posts:
  id: {type: int, pk: true}
  title: {type: str}
  user_id: {type: int}
  score: {type: int}
  junk: {type: str}
""",
}
AFTER = {
    "users": """\
users:
  id: {type: int, pk: true}
  username: {type: str, required: true, indexed: true}
  name: {type: str, renamed_from: full_name}
  age: {type: int}
  bio: {type: text}
  email: {type: str, required: true, default: nobody@example.com}
""",
    "posts": """\
posts:
  id: {type: int, pk: true}
  title: {type: str}
  user_id: {type: int, foreign_key: users.id, indexed: true}
  score: {type: str}
  slug: {type: str, backfill: "%title"}
""",
}
Row: TypeAlias = dict[str, Any]
Tables: TypeAlias = dict[str, list[Row]]
LEFTOVERS = re.compile(r"\.zmigration|\.tmp$|\.part$|-journal$|-wal$|-shm$")


def rows_before() -> Tables:
    """The shop's rows: nulls, quotes, line feeds and other letters among them."""
    texts = ["Ada", 'says "hi"', "two\nlines", "a, b", "ünïcödé ✓", " spaces ", None]
    return {
        "users": [
            {
                "id": n,
                "username": f"user{n}",
                "full_name": texts[n % len(texts)],
                "age": None if n % 11 == 0 else str(n % 90),
                "old_field": f"old {n}",
                "bio": texts[(n * 3) % len(texts)],
            }
            for n in range(1, USERS + 1)
        ],
        "posts": [
            {
                "id": n,
                "title": texts[(n * 5) % len(texts)],
                "user_id": None if n % 13 == 0 else n % USERS + 1,
                "score": n * 7 - 5000,
                "junk": "j",
            }
            for n in range(1, POSTS + 1)
        ],
    }


def rows_after() -> Tables:
    """What the change makes of them, said by nothing but this."""
    before = rows_before()
    return {
        "users": [
            {
                "id": row["id"],
                "username": row["username"],
                "name": row["full_name"],
                "age": None if row["age"] is None else int(row["age"]),
                "bio": row["bio"],
                "email": "nobody@example.com",
            }
            for row in before["users"]
        ],
        "posts": [
            {
                "id": row["id"],
                "title": row["title"],
                "user_id": row["user_id"],
                "score": str(row["score"]),
                "slug": row["title"],
            }
            for row in before["posts"]
        ],
    }


@dataclass(frozen=True, slots=True)
class Done:
    """A process that has ended: its exit code (negative: the signal) and what it printed."""

    code: int
    said: str


@dataclass(frozen=True, slots=True)
class Shop:
    """One app's folder with its store."""

    backend: str
    folder: Path
    dsn: str | None = None
    fault_environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def app(self) -> Path:
        return self.folder / "app.py"

    @property
    def data(self) -> Path:
        return self.folder / "Data"

    @property
    def store(self) -> Store:
        """The store seen by csv, sqlite3 or psycopg, by none of our code."""
        if self.backend == "postgresql":
            assert self.dsn
            return PostgresStore(self.dsn)
        return (CsvStore if self.backend == "csv" else SqliteStore)(self.folder)

    def with_environment(self, **variables: str) -> Shop:
        return replace(self, fault_environment={**self.fault_environment, **variables})

    def schema_file(self, name: str) -> Path:
        return self.folder / "models" / f"zSchema.{name}.yaml"

    def lay_out(self) -> None:
        for name in ("models", "plugins"):
            (self.folder / name).mkdir(parents=True)
        self.app.write_text(APP)
        url = self.dsn or "@.Data"
        lines = [f"ZDATA_{name.upper()}_URL={url}\n" for name in NAMES]
        (self.folder / ".zEnv").write_text("".join(lines))
        self.write_schemas(BEFORE)

    def write_schemas(self, tables: Mapping[str, str], meta: str = "") -> None:
        for name, text in tables.items():
            self.schema_file(name).write_text(
                f"# The {name} — ünïcödé\nMeta:\n  Data_Type: {self.backend}\n"
                f"  Data_Source: ZDATA_{name.upper()}_URL\n  zMigration: true\n"
                f"  zMigrationVersion:  {OLD}   # the version\n{meta}\n{text}",
                encoding="utf-8",
            )

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "zcli_migration", str(self.app), *arguments]

    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "PYTHONUTF8": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "XDG_DATA_HOME": str(self.folder.parent / "user"),
            **self.fault_environment,
        }

    def start(self, *arguments: str, **more: Any) -> subprocess.Popen[str]:
        """The command, under way; nobody types at it."""
        return subprocess.Popen(
            self.command(*arguments),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            env=self.environment(),
            **more,
        )

    def run(self, *arguments: str, **more: Any) -> Done:
        return finished(self.start(*arguments, **more))

    def here(self, *arguments: str) -> Done:
        """The command in this process, which is quicker: for looks, and for what follows."""
        done = run(str(self.app), *arguments)
        return Done(done.code, done.said)

    def migrate(self, *arguments: str, **more: Any) -> Done:
        return self.run("--auto-approve", *arguments, **more)

    def signalled(self, number: int, delay: float) -> Done:
        """A migration that gets a signal after so many seconds."""
        process = self.start("--auto-approve")
        time.sleep(delay)
        process.send_signal(number)
        return finished(process)

    def version(self, name: str) -> str:
        found = re.search(r"zMigrationVersion:\s+(\S+)   # the", self.schema_text(name))
        assert found, "the version's line was damaged"
        return found[1]

    def schema_text(self, name: str) -> str:
        return self.schema_file(name).read_text(encoding="utf-8")

    def files(self) -> dict[str, bytes]:
        """Every file in the app's folder."""
        found = (p for p in sorted(self.folder.rglob("*")) if p.is_file())
        return {str(p.relative_to(self.folder)): p.read_bytes() for p in found}

    def leftovers(self) -> list[str]:
        return [name for name in self.files() if LEFTOVERS.search(name)]

    def tables(self) -> Tables:
        """Every row of both tables, with the columns that are there, in the order of the id."""
        with self.as_others_see() as store:
            return {name: _typed(store.rows(name), self.backend) for name in NAMES}

    def history(self) -> dict[str, list[tuple[Any, ...]]]:
        """The versions and states recorded, oldest first, for each schema."""
        with self.as_others_see() as store:
            return {name: _recorded(store, name) for name in NAMES}

    def structure(self) -> object:
        """What the store itself remembers of the tables."""
        with self.as_others_see() as store:
            if self.backend == "csv":
                return {name: store.columns(name) for name in NAMES}
            if self.backend == "sqlite":
                return store.ask(
                    "SELECT type, name, tbl_name, sql FROM sqlite_master"
                    " WHERE name NOT LIKE 'sqlite_%' ORDER BY 1, 2"
                )
            return store.ask(_PG_COLUMNS) + store.ask(_PG_CONSTRAINTS) + store.ask(_PG_INDEXES)

    def as_others_see(self) -> _Others:
        return _Others(self)


@dataclass(slots=True)
class _Others:
    """A copy of the files as another program would find them once the system is at rest.

    SQLite undoes a half-made change for whoever opens the file. In a CSV folder a journal says
    where the new files are; it is read here by hand, so that our own reading of it is not what
    is trusted.
    """

    shop: Shop
    _folder: str | None = None

    def __enter__(self) -> Store:
        if self.shop.backend == "postgresql":
            return self.shop.store
        self._folder = tempfile.mkdtemp(prefix="zmigration-others-")
        copied = Path(self._folder) / "app"
        shutil.copytree(self.shop.data, copied / "Data")
        if self.shop.backend == "csv":
            _follow_journal(copied / "Data")
        return replace(self.shop, folder=copied).store

    def __exit__(self, *_: object) -> None:
        if self._folder:
            shutil.rmtree(self._folder)


def _follow_journal(folder: Path) -> None:
    journal = folder / ".zmigration.journal"
    if not journal.exists():
        return
    for entry in json.loads(journal.read_text()):
        staged = entry["staged"]
        if staged is None:
            (folder / entry["target"]).unlink(missing_ok=True)
        elif (folder / staged).exists():
            (folder / staged).replace(folder / entry["target"])


def _recorded(store: Store, name: str) -> list[tuple[Any, ...]]:
    table = f"__zmigration_{name}"
    if not store.columns(table):
        return []
    keys = ("id", "from_version", "to_version", "status")
    rows = [tuple(str(row[key] or "") for key in keys) for row in store.rows(table)]
    return sorted(rows, key=lambda row: int(row[0]))


def _typed(rows: list[Row], backend: str) -> list[Row]:
    """CSV cells as the values that they say: empty is null, and numbers where numbers belong."""
    if backend == "csv":
        rows = [{k: _cell(k, v, row) for k, v in row.items()} for row in rows]
    return sorted(rows, key=lambda row: int(row["id"]))


def _cell(name: str, text: str, row: Row) -> Any:
    if text == "":
        return None
    # `age` is a number once its table has an email, `score` a text once its table has a slug.
    whole = {"id", "user_id"} | ({"age"} if "email" in row else set())
    whole |= set() if "slug" in row else {"score"}
    return int(text) if name in whole else text


@dataclass(frozen=True, slots=True)
class Look:
    """A shop at one moment, by other eyes: rows, recorded versions, structure."""

    tables: Tables
    history: dict[str, list[tuple[Any, ...]]]
    structure: object

    @classmethod
    def at(cls, shop: Shop) -> Look:
        return cls(shop.tables(), shop.history(), shop.structure())


def finished(process: subprocess.Popen[str], timeout: float = 120) -> Done:
    try:
        said, _ = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        said, _ = process.communicate()
        raise AssertionError(f"the command did not end:\n{said}") from None
    return Done(process.returncode, said)


def delays(longest: float, quick: int, soak: int) -> Iterator[float]:
    """Random moments of a run, the same ones for the same ZMIGRATION_SEED."""
    chooser = random.Random(os.environ.get("ZMIGRATION_SEED"))
    for _ in range(soak if SOAK else quick):
        yield chooser.uniform(0.05, longest)


def insert_rows(shop: Shop) -> None:
    """The rows of `rows_before`, by another route than the one under test."""
    for name, rows in rows_before().items():
        columns = ", ".join(rows[0])
        values = [tuple(row.values()) for row in rows]
        if shop.backend == "csv":
            shop.store.insert(name, rows)
        elif shop.backend == "sqlite":
            with closing(sqlite3.connect(shop.data / "data.db")) as connection:
                marks = ", ".join("?" for _ in rows[0])
                connection.executemany(f"INSERT INTO {name} ({columns}) VALUES ({marks})", values)
                connection.commit()
        else:
            assert shop.dsn
            copying = f"COPY {name} ({columns}) FROM STDIN".encode()
            with (
                psycopg.connect(shop.dsn) as database,
                database.cursor() as cursor,
                cursor.copy(copying) as copy,
            ):
                for row in values:
                    copy.write_row(row)


def emptied(shop: Shop) -> None:
    """The same shop without its store; its files want what they want."""
    if shop.backend == "postgresql":
        for name in NAMES:
            shop.store.do([f"DROP TABLE {name} CASCADE", f"DROP TABLE __zmigration_{name}"])
        return
    for path in shop.data.iterdir():
        path.unlink()
    shop.data.rmdir()


_PG_COLUMNS = (
    "SELECT table_name::text, column_name::text, data_type::text, is_nullable::text,"
    " column_default::text FROM information_schema.columns WHERE table_schema = 'public'"
    " ORDER BY 1, ordinal_position"
)
_PG_CONSTRAINTS = (
    "SELECT conrelid::regclass::text, conname::text, pg_get_constraintdef(oid) FROM pg_constraint"
    " WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2"
)
_PG_INDEXES = (
    "SELECT indexname::text, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1"
)
