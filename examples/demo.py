"""The example app zCloud, migrated for real on CSV, SQLite and PostgreSQL.

Every command is the real command line, in a scratch copy of examples/zCloud. At the end of each
walk the stores are read without zMigration; a result that is not as it should be fails the demo.
"""

from __future__ import annotations

import argparse
import csv
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path

APP = Path(__file__).resolve().parent / "zCloud"
TABLES = ("users", "posts", "comments")
SHOWN = ("id", "username", "age", "city", "email")
SHOWN_ROWS = 4
ONE_HOOK = 'after_migrate: "@.plugins.migrations.populate_email"'
TWO_HOOKS = """after_migrate:
      - "@.plugins.migrations.load_rows"
      - "@.plugins.migrations.populate_email\""""

Row = dict[str, object]


class DemoFailed(Exception):
    """Something did not come out as it should."""


@dataclass(frozen=True, slots=True)
class Walk:
    """One copy of the app on one backend. `read` gives a table's rows, nulls as None."""

    backend: str
    app: Path
    environment: dict[str, str]
    read: Callable[[str], list[Row]]

    def migrate(self, *flags: str, code: int = 0) -> None:
        """Show and run one command, which must end with that exit code."""
        line = " ".join(("zolo migrate zTest.py", *flags))
        print(f"\n$ {line}", flush=True)
        command = [sys.executable, "-m", "zcli_migration", "zTest.py", *flags]
        done = subprocess.run(command, cwd=self.app, env=self.environment, stdin=subprocess.DEVNULL)
        if done.returncode != code:
            raise DemoFailed(f"{line}: exit code {done.returncode}, not {code}")

    def edit(self, name: str, *replacements: tuple[str, str]) -> None:
        """Replace texts, which are there once each, in a file of the app; show what changes."""
        path = self.app / name
        before = after = path.read_text(encoding="utf-8")
        for old, new in replacements:
            if after.count(old) != 1:
                raise DemoFailed(f"{name} does not hold {old!r} once")
            after = after.replace(old, new)
        path.write_text(after, encoding="utf-8")
        print(f"\n# {name}")
        for line in unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0):
            if not line.startswith(("---", "+++", "@@")):
                print(f"#   {line}", flush=True)

    def schema(self, table: str) -> str:
        return f"models/zSchema.{table}.yaml"


def expect(fact: bool, sentence: str) -> None:
    if not fact:
        raise DemoFailed(f"not so: {sentence}")
    print(f"   ✔ {sentence}", flush=True)


def say(sentence: str) -> None:
    print(f"\n── {sentence}", flush=True)


def tour(walk: Walk) -> None:
    """The walk that is the same on every backend."""
    say("First run: the store is brought to the schemas as they are, and v1.0.0 is recorded.")
    walk.migrate("--auto-approve")
    before = {table: walk.read(table) for table in TABLES}
    expect(
        [len(before[table]) for table in TABLES] == [len(original(table)) for table in TABLES],
        "the store has every row of the CSV files",
    )

    say("A new field, looked at first; the hook in Meta then fills it for the users who are there.")
    walk.edit(walk.schema("users"), ("  city:", "  email: {type: str}\n  city:"))
    walk.migrate("--dry-run")
    expect({t: walk.read(t) for t in TABLES} == before, "the dry run has touched nothing")
    walk.migrate("--auto-approve")

    say("A field changes its type: every value is asked first whether it can.")
    walk.edit(walk.schema("users"), ("age: {type: str}", "age: {type: int}"))
    walk.migrate("--auto-approve")

    say("A change that the data does not allow: refused, with the rows that stand in the way.")
    was = {table: walk.read(table) for table in TABLES}
    optional, required = "city: {type: str}", "city: {type: str, required: true}"
    walk.edit(walk.schema("users"), (optional, required))
    walk.migrate("--auto-approve", code=1)
    expect({t: walk.read(t) for t in TABLES} == was, "the refused run has touched nothing")
    walk.edit(walk.schema("users"), (required, optional))

    say("An index.")
    walk.edit(walk.schema("users"), ("email: {type: str}", "email: {type: str, indexed: true}"))
    walk.migrate("--auto-approve")

    say("A field goes, and comes back: what a migration destroys is kept for the way back.")
    kept = walk.read("users")
    text = (walk.app / walk.schema("users")).read_text(encoding="utf-8")
    walk.edit(walk.schema("users"), ("  city: {type: str}\n", ""))
    walk.migrate("--auto-approve")
    expect("city" not in walk.read("users")[0], "the field is gone")
    walk.migrate("--rollback", "--auto-approve")
    expect(by_name(walk.read("users")) == by_name(kept), "every value is back")
    expect(
        (walk.app / walk.schema("users")).read_text(encoding="utf-8") == text,
        "the schema file is what it was",
    )

    show(walk)
    verify(walk, before)


def by_name(rows: Sequence[Row]) -> list[list[tuple[str, object]]]:
    """Rows without the order of their columns: PostgreSQL puts one that returns last."""
    return [sorted(row.items()) for row in rows]


def show(walk: Walk) -> None:
    say("What has happened, and how things stand.")
    walk.migrate("--history")
    walk.migrate("--status")
    schema = (walk.app / walk.schema("users")).read_text(encoding="utf-8").splitlines()
    line = next(line for line in schema if "zMigrationVersion" in line)
    print(f"\n# {walk.schema('users')}\n#   {line.strip()}")
    print(f"\n# The first {SHOWN_ROWS} users")
    for row in walk.read("users")[:SHOWN_ROWS]:
        print("#  ", "  ".join(f"{name}={row[name]}" for name in SHOWN))


def verify(walk: Walk, before: dict[str, list[Row]]) -> None:
    """Read the store with other tools than zMigration, and compare it with what it was."""
    print("\n# Verified")
    users, old = walk.read("users"), before["users"]
    expect(
        all(user["email"] == f"{user['username']}@example.com" for user in users),
        "every user has username@example.com as email",
    )
    ages = [user["age"] for user in users]
    kind = str if walk.backend == "csv" else int
    expect(
        all(type(age) is kind for age in ages)
        and [str(age) for age in ages] == [user["age"] for user in old],
        "every age is the number that it was" + ("" if kind is str else ", and an int now"),
    )
    rest = [{k: v for k, v in user.items() if k not in ("age", "email")} for user in users]
    expect(
        rest == [{k: v for k, v in user.items() if k != "age"} for user in old]
        and all(walk.read(table) == before[table] for table in ("posts", "comments")),
        "everything else is as it was",
    )
    versions = [record["to_version"] for record in walk.read("__zmigration_users")]
    expect(
        versions == ["v1.0.0", "v1.0.1", "v1.1.0", "v1.1.1", "v1.2.0", "v1.1.1"],
        "the history of users is v1.0.0, v1.0.1, v1.1.0, v1.1.1, v1.2.0 and back to v1.1.1",
    )
    expect(
        all(len(walk.read(f"__zmigration_{table}")) == 1 for table in ("posts", "comments")),
        "posts and comments have one record each",
    )
    expect(
        "zMigrationVersion: v1.1.1 " in (walk.app / walk.schema("users")).read_text("utf-8"),
        "the schema file says v1.1.1",
    )


def verify_bytes(app: Path) -> None:
    """On CSV, what is untouched has kept its very bytes."""
    old, new = (folder / "Data" / "users.csv" for folder in (APP, app))
    head, *rows = old.read_bytes().splitlines()
    added = [b"%s,%s@example.com" % (row, row.split(b",")[1]) for row in rows]
    expect(
        new.read_bytes() == b"".join(line + b"\n" for line in (head + b",email", *added)),
        "users.csv has its old bytes, with one more cell at the end of each line",
    )
    expect(
        all(
            (app / "Data" / name).read_bytes() == (APP / "Data" / name).read_bytes()
            for name in ("posts.csv", "comments.csv")
        ),
        "posts.csv and comments.csv have not changed by a byte",
    )


def switch(walk: Walk, address: str | None = None) -> None:
    """Set another Data_Type, before anything else is done with the copy."""
    say(f"The same app on {walk.backend}: one line in the Meta of each schema.")
    for table in TABLES:
        walk.edit(walk.schema(table), ("Data_Type: csv", f"Data_Type: {walk.backend}"))
    if address:
        say("And where the server is.")
        names = [f"ZDATA_{table.upper()}_URL=" for table in TABLES]
        walk.edit(".zEnv", *((f"{name}@.Data", f"{name}{address}") for name in names))
    say("That is a new store, and it is empty: a hook copies the rows of the CSV files into it.")
    walk.edit(walk.schema("users"), (ONE_HOOK, TWO_HOOKS))


def original(table: str) -> list[Row]:
    return csv_rows(APP / "Data" / f"{table}.csv")


def csv_rows(file: Path) -> list[Row]:
    with file.open(encoding="utf-8", newline="") as lines:
        return [{k: v or None for k, v in row.items()} for row in csv.DictReader(lines)]


def sqlite_rows(file: Path, table: str) -> list[Row]:
    with closing(sqlite3.connect(file)) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(f"SELECT * FROM {table} ORDER BY id")]


def postgresql_rows(dsn: str, table: str) -> list[Row]:
    import psycopg
    from psycopg.rows import dict_row

    with psycopg.connect(dsn, row_factory=dict_row) as connection:
        return connection.execute(f"SELECT * FROM {table} ORDER BY id").fetchall()


@contextmanager
def csv_walk(app: Path, environment: dict[str, str]) -> Iterator[Walk]:
    yield Walk("csv", app, environment, lambda table: csv_rows(app / "Data" / f"{table}.csv"))
    verify_bytes(app)


@contextmanager
def sqlite_walk(app: Path, environment: dict[str, str]) -> Iterator[Walk]:
    walk = Walk("sqlite", app, environment, lambda t: sqlite_rows(app / "Data" / "data.db", t))
    switch(walk)
    yield walk


@contextmanager
def postgresql_walk(app: Path, environment: dict[str, str]) -> Iterator[Walk]:
    try:
        from local_postgres import fresh_database, running_server
    except ImportError as error:
        raise DemoFailed(f"PostgreSQL: {error}; `make setup` installs what is missing") from None
    print("\nStarting a PostgreSQL of its own ...", flush=True)
    with running_server() as server, fresh_database(server) as dsn:
        walk = Walk("postgresql", app, environment, lambda table: postgresql_rows(dsn, table))
        switch(walk, dsn)
        yield walk


WALKS = {"csv": csv_walk, "sqlite": sqlite_walk, "postgresql": postgresql_walk}


def environment(scratch: Path) -> dict[str, str]:
    """This process's, without stores of other apps, and with user data in the scratch folder."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ZDATA_")}
    return {**kept, "XDG_DATA_HOME": str(scratch / "user-data"), "PYTHONUTF8": "1"}


def run(backends: Sequence[str], scratch: Path) -> None:
    for backend in backends:
        app = scratch / backend / "zCloud"
        shutil.copytree(APP, app, ignore=shutil.ignore_patterns("__pycache__"))
        print(f"\n{'━' * 70}\n  zCloud on {backend}: {app}\n{'━' * 70}", flush=True)
        with WALKS[backend](app, environment(scratch)) as walk:
            tour(walk)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--backend", choices=sorted(WALKS), help="only this one")
    parser.add_argument("--keep", action="store_true", help="leave the scratch folder there")
    options = parser.parse_args(arguments)
    scratch = Path(tempfile.mkdtemp(prefix="zcloud-demo-"))
    print(f"Scratch folder: {scratch}")
    try:
        run([options.backend] if options.backend else list(WALKS), scratch)
    except Exception as error:
        print(f"\n❌ The demo failed: {error}", file=sys.stderr)
        return 1
    finally:
        if options.keep:
            print(f"\nKept: {scratch}")
        else:
            shutil.rmtree(scratch)
    print("\n✅ All as it should be.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
