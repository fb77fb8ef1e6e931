"""Measure the loop that hooks are made of, next to the same loop on sqlite3 in memory.

    for user in zcli.data.users.select(where={"email": None}):
        zcli.data.users.update(where={"id": user["id"]}, set={"email": ...})

Each run is a process of its own, in turns with the others; only the ratios of one run mean
something. What is timed is the loop and the commit, not the making of the table.
"""

from __future__ import annotations

import argparse
import json
import resource
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from examples.local_postgres import fresh_database, running_server
from zmigration_api import (
    Column,
    ColumnType,
    Compare,
    CreateTable,
    Data,
    PrimaryKey,
    Schema,
    Store,
    Table,
    Target,
    TypeKind,
    no_progress,
)

BASELINE = "sqlite3 in memory"
STORES = {"CSV": "csv", "SQLite": "sqlite", "PostgreSQL": "postgresql"}
WAYS = ("update", "iterate", "update_many")


def _column(name: str, kind: TypeKind) -> Column:
    return Column(name=name, type=ColumnType(kind=kind))


USERS = Table(
    name="users",
    columns=(
        _column("id", "int"),
        _column("username", "str"),
        _column("age", "int"),
        _column("email", "str"),
    ),
    primary_key=PrimaryKey(columns=("id",)),
)


@dataclass(frozen=True, slots=True)
class Case:
    """One contender."""

    store: str
    way: str = "update"

    @property
    def name(self) -> str:
        """How the report calls it."""
        return self.store if self.way == "update" else f"{self.store}, {self.way}"


CASES = (
    Case(BASELINE),
    *(Case(store, way) for way in WAYS for store in STORES),
)


def rows(count: int) -> Iterator[tuple[int, str, int]]:
    """The users, who have no e-mail yet."""
    return ((n, f"user{n}", n % 90) for n in range(1, count + 1))


def baseline(count: int) -> float:
    """Seconds of the loop on sqlite3 in memory."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute(
            "CREATE TABLE users (id INTEGER PRIMARY KEY, username TEXT, age INTEGER, email TEXT)"
        )
        connection.executemany("INSERT INTO users VALUES (?, ?, ?, NULL)", rows(count))
        connection.commit()
        started = time.perf_counter()
        users = connection.execute("SELECT id, username FROM users WHERE email IS NULL").fetchall()
        for number, name in users:
            connection.execute(
                "UPDATE users SET email = ? WHERE id = ?", (f"{name}@example.com", number)
            )
        connection.commit()
        return time.perf_counter() - started


def ours(store: Store, way: str, count: int) -> float:
    """Seconds of the loop through `zcli.data`."""
    schema = Schema(tables=(USERS,))
    store.begin(5)
    for step in store.plan([CreateTable(USERS)], Schema(), schema):
        store.run(step, no_progress)
    names = ("id", "username", "age")
    new = (dict(zip(names, row, strict=True)) for row in rows(count))
    Data(store, lambda: schema).users.insert_many(new)
    store.commit()
    store.begin(5)
    started = time.perf_counter()
    LOOPS[way](Data(store, lambda: schema))
    store.commit()
    seconds = time.perf_counter() - started
    found = store.count_where(USERS, Compare("email", "notnull"))
    if found != count:
        raise SystemExit(f"{found} of {count} rows were changed")
    store.close()
    return seconds


def _update(data: Data) -> None:
    for user in data.users.select(where={"email": None}):
        email = f"{user['username']}@example.com"
        data.users.update(where={"id": user["id"]}, set={"email": email})


def _iterate(data: Data) -> None:
    for user in data.users.iterate(where={"email": None}):
        email = f"{user['username']}@example.com"
        data.users.update(where={"id": user["id"]}, set={"email": email})


def _update_many(data: Data) -> None:
    data.users.update_many(
        {"id": user["id"], "email": f"{user['username']}@example.com"}
        for user in data.users.iterate(where={"email": None})
    )


LOOPS: dict[str, Callable[[Data], None]] = {
    "update": _update,
    "iterate": _iterate,
    "update_many": _update_many,
}


def opened(kind: str, folder: Path, dsn: str) -> Store:
    """A store of that kind, with nothing in it."""
    if kind == "csv":
        from zmigration_csv.plugin import CsvBackend

        return CsvBackend().open(Target(data_type=kind, folder=folder))
    if kind == "sqlite":
        from zmigration_sqlite.store import SQLiteStore

        return SQLiteStore(Target(data_type=kind, file=folder / "bench.db"))
    from zmigration_postgresql.store import PostgreSQLStore

    return PostgreSQLStore(Target(data_type=kind, dsn=dsn))


def run_one(store: str, way: str, count: int, dsn: str) -> None:
    """In a process of its own: print the seconds, and the peak memory in MiB."""
    with tempfile.TemporaryDirectory(prefix="zmigration-bench-") as folder:
        kind = STORES.get(store)
        seconds = ours(opened(kind, Path(folder), dsn), way, count) if kind else baseline(count)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps([seconds, peak]))


def _sample(case: Case, count: int, server: str) -> tuple[float, float]:
    with fresh_database(server) as dsn:
        command = [sys.executable, __file__, "--one", case.store, case.way, str(count), dsn]
        done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
    seconds, peak = json.loads(done.stdout)
    return seconds, peak


def measure(counts: Sequence[int], runs: int, server: str) -> Iterator[str]:
    """The lines of the table."""
    yield f"{'ROWS':>7}  {'WHAT':<24}{'SECONDS':>9}{'us/ROW':>8}{'x sqlite3':>11}{'PEAK MiB':>10}"
    for count in counts:
        samples: dict[str, list[tuple[float, float]]] = {case.name: [] for case in CASES}
        for _ in range(runs):
            for case in CASES:
                samples[case.name].append(_sample(case, count, server))
        base = statistics.median(seconds for seconds, _ in samples[BASELINE])
        for name, some in samples.items():
            seconds = statistics.median(s for s, _ in some)
            peak = max(p for _, p in some)
            yield (
                f"{count:>7}  {name:<24}{seconds:>9.3f}{seconds / count * 1e6:>8.1f}"
                f"{seconds / base:>11.1f}{peak:>10.0f}"
            )


def main() -> int:
    """Measure, print the table; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="few rows and few runs")
    parser.add_argument("--one", nargs=4, metavar=("STORE", "WAY", "ROWS", "DSN"))
    options = parser.parse_args()
    if options.one:
        store, way, count, dsn = options.one
        run_one(store, way, int(count), dsn)
        return 0
    counts = (2_000, 10_000) if options.quick else (10_000, 25_000, 50_000, 100_000)
    with running_server() as server:
        for line in measure(counts, 1 if options.quick else 3, server):
            print(line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
