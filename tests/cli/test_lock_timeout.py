"""`--lock-timeout` bounds all waiting of a run together, and whoever waits in vain is told why."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing

import psycopg
import pytest

from tests.cli.folder import META, USERS, AppFolder

PATIENCE = 0.5
ROOM = 1.5  # for everything that is no waiting, on a machine that has nothing else to do
LOOKS = ["--check", "--dry-run", "--status", "--history"]


@pytest.fixture
def on_postgres(app: AppFolder, postgres_dsn: str) -> AppFolder:
    app.schema(USERS, META.replace("csv", "postgresql"))
    app.write(".zEnv", f"ZDATA_USERS_URL={postgres_dsn}\n")
    assert app.run("--auto-approve").code == 0
    app.schema(USERS + "  email: {type: str!, default: x}\n", META.replace("csv", "postgresql"))
    return app


@pytest.fixture
def on_sqlite(app: AppFolder) -> AppFolder:
    app.schema(USERS, META.replace("csv", "sqlite"))
    assert app.run("--auto-approve").code == 0
    app.schema(USERS + "  email: {type: str}\n", META.replace("csv", "sqlite"))
    return app


def _a_run_without_waiting(app: AppFolder) -> float:
    """Seconds: a busy machine takes longer for everything."""
    started = time.monotonic()
    app.run("--version", "nonsense")
    return time.monotonic() - started


def assert_told_in_time(app: AppFolder, *flags: str, says: str) -> None:
    room = max(ROOM, 6 * _a_run_without_waiting(app))
    started = time.monotonic()
    done = app.run("--lock-timeout", str(PATIENCE), *flags)
    assert done.code == 5, done.said
    assert says in done.said
    assert time.monotonic() - started < PATIENCE + room


@pytest.mark.parametrize("flag", [*LOOKS, "--auto-approve"])
def test_postgresql_tables_that_nobody_may_read(
    on_postgres: AppFolder, postgres_dsn: str, flag: str
) -> None:
    with psycopg.connect(postgres_dsn, application_name="backup") as other:
        other.execute("LOCK TABLE users, __zmigration_users IN ACCESS EXCLUSIVE MODE")
        assert_told_in_time(on_postgres, flag, says=f"pid {other.info.backend_pid} (backup, user")


def test_postgresql_statements_share_one_timeout(on_postgres: AppFolder, postgres_dsn: str) -> None:
    with psycopg.connect(postgres_dsn, application_name="report") as other:
        other.execute("SELECT * FROM users")
        assert_told_in_time(on_postgres, "--auto-approve", says="(report, user")
    assert on_postgres.run("--auto-approve").code == 0


@pytest.mark.parametrize("flag", [*LOOKS, "--auto-approve"])
def test_sqlite_file_that_nobody_may_read(on_sqlite: AppFolder, flag: str) -> None:
    with closing(sqlite3.connect(on_sqlite.path / "Data/data.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert_told_in_time(on_sqlite, flag, says="data.db is locked by another program")


def test_sqlite_file_that_nobody_may_write(on_sqlite: AppFolder) -> None:
    with closing(sqlite3.connect(on_sqlite.path / "Data/data.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert on_sqlite.run("--check").code == 3
        assert_told_in_time(on_sqlite, "--auto-approve", says="is locked by another program")
    assert on_sqlite.run("--auto-approve").code == 0


def test_sqlite_waits_for_lock_and_commit_together(on_sqlite: AppFolder) -> None:
    """A reader keeps a commit waiting, which takes from the same timeout as the lock did."""
    with closing(sqlite3.connect(on_sqlite.path / "Data/data.db", isolation_level=None)) as other:
        other.execute("BEGIN")
        other.execute("SELECT count(*) FROM users").fetchone()
        assert_told_in_time(on_sqlite, "--auto-approve", says="is locked by another program")
    assert on_sqlite.run("--auto-approve").code == 0
