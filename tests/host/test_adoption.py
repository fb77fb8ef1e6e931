"""Stores that zCLI itself makes, with every type that it knows: adopted untouched, then widened."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest

from examples.local_postgres import with_database
from tests.host.driving import Driven, answers

BACKENDS = ("csv", "sqlite", "postgresql")
APP = 'zSpark = {"title": "Shop"}\n'
SCHEMA = "models/zSchema.shop.yaml"
TABLES = """\
users:
  id: {type: int, pk: true, auto_increment: true}
  name: {type: str, required: true, default: nobody}
  email: {type: string, unique: true}
  onBeforeInsert: "zFunc(@.plugins.x.y)"
things:
  id: {type: integer, pk: true}
  s: {type: str}
  s50: {type: str(50)}
  i: {type: int, default: 5}
  f: {type: float}
  b: {type: bool, default: true}
  b2: {type: boolean}
  moment: {type: datetime, default: now}
  day: {type: date}
  clock: {type: time}
  doc: {type: json}
  bin: {type: blob}
  word: {type: text}
  big: {type: bigint}
  dbl: {type: double}
  dec: {type: decimal}
  num: {type: number}
  stamp: {type: timestamp}
  ident: {type: uuid}
  mail: {type: email}
  odd: {type: whatever}
  up: {type: INTEGER}
  bang: {type: "int!"}
  user_id: {type: int, fk: users.id, on_delete: CASCADE}
  other_id: {type: int, fk: users.id, on_delete: set null}
  indexes:
    - s
    - {fields: [s, i], name: only_once, unique: true}
pairs:
  a: {type: int}
  b: {type: str}
  primary_key: [a, b]
"""
MADE = """\
import json, sys
from zCLI import zCLI
z = zCLI({"zSpace": sys.argv[1], "deployment": "Production"})
def answer(value):
    print("ANSWER", json.dumps(value, default=str), flush=True)
z.data.load_schema(z.loader.handle("@.models.zSchema.shop"))
"""
CREATE = """
for table in ("users", "things", "pairs"):
    if not z.data.table_exists(table):
        z.data.create_table(table)
z.data.insert("users", ["name", "email"], ["ada", "a@x"])
z.data.insert("users", ["name", "email"], ["bob, jr", None])
names = ["s", "i", "f", "b", "b2", "moment", "day", "clock", "word", "num", "user_id"]
values = ["007", 30, 1e-09, 1, 0, "2024-01-02 03:04:05", "2024-01-02", "03:04:05", 'w, "q"', "1", 1]
z.data.insert("things", ["id", *names], [1, *values])
z.data.insert("things", ["id", "s", "i"], [2, "x", 1])
z.data.insert("pairs", ["a", "b"], [1, "x"])
z.data.disconnect()
"""
ADDED = """\
  status: {type: str, required: true, default: new}
  on_sale: {type: bool, default: false}
  since: {type: datetime, default: now}
  rate: {type: float, backfill: "%f"}
  extra: {type: json}
"""
USE = """
z.data.insert("things", ["id", "s", "i", "status", "on_sale", "since", "rate"],
              [3, "y", 2, "old", 1, "2024-05-06 07:08:09", 0.5])
z.data.update("things", ["on_sale", "status"], [1, "used"], {"id": 1})
rows = sorted(z.data.select("things"), key=lambda row: int(row["id"]))
answer([[int(r["id"]), r["status"], bool(int(r["on_sale"]))] for r in rows])
answer([r["name"] for r in z.data.select("users")])
z.data.disconnect()
"""


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def meta(backend: str, new_store: Callable[[str], str]) -> str:
    """The Meta of a store that zCLI is to make."""
    return f"Meta:\n{new_store(backend)}  Data_Path: '@.Data'\n"


@pytest.fixture
def made(host: Driven, meta: str) -> Driven:
    """The app, with the store that zCLI has made for it."""
    host.write("app.py", APP)
    host.write(SCHEMA, meta + TABLES)
    host.python(MADE + CREATE, str(host.folder))
    enabled = "  zMigration: true\n  zMigrationVersion: v1.0.0\n"
    host.write(SCHEMA, meta + enabled + TABLES)
    return host


@pytest.fixture
def state(backend: str, meta: str, host: Driven, request: pytest.FixtureRequest) -> Any:
    """What the store holds but for our own tables, as its own tools tell it."""
    label = meta.split("Data_Label: ")[1].split("\n")[0]
    readers: dict[str, Callable[[], Any]] = {
        "csv": lambda: _files(host.folder / "Data"),
        "sqlite": lambda: _sqlite(host.folder / f"Data/{label}.db"),
        "postgresql": lambda: _postgresql(
            with_database(request.getfixturevalue("postgres_server"), label)
        ),
    }
    return readers[backend]


def _files(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.iterdir() if not path.name.startswith("__zmigration"))
    return {path.name: path.read_bytes() for path in found if path.is_file()}


def _sqlite(file: Path) -> dict[str, Any]:
    with closing(sqlite3.connect(file)) as connection:
        facts = connection.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()
        ours = [fact for fact in facts if not fact[0].startswith(("__zmigration", "sqlite_auto"))]
        tables = ("users", "things", "pairs")
        rows = {t: connection.execute(f"SELECT * FROM {t} ORDER BY 1").fetchall() for t in tables}
    return {"facts": ours, **rows}


_COLUMNS = """
SELECT table_name, column_name, data_type, is_nullable, column_default
FROM information_schema.columns
WHERE table_schema = 'public' AND table_name NOT LIKE '\\_\\_zmigration%' ORDER BY 1, 2
"""
_CONSTRAINTS = """
SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE conrelid::regclass::text IN ('users', 'things', 'pairs') ORDER BY 1, 2
"""
_INDEXES = (
    "SELECT indexdef FROM pg_indexes WHERE tablename IN ('users', 'things', 'pairs') ORDER BY 1"
)


def _postgresql(dsn: str) -> dict[str, Any]:
    tables = ("users", "things", "pairs")
    asked = {"columns": _COLUMNS, "constraints": _CONSTRAINTS, "indexes": _INDEXES}
    asked |= {table: f"SELECT * FROM {table} ORDER BY 1" for table in tables}
    with psycopg.connect(dsn) as connection:
        return {
            name: connection.execute(query.encode()).fetchall() for name, query in asked.items()
        }


def test_what_zcli_made_is_adopted_untouched(made: Driven, state: Callable[[], Any]) -> None:
    before = state()
    checked = made.migrate("app.py", "--check", "--json")
    assert checked.code == 0, checked.said
    done = made.migrate("app.py", "--auto-approve")
    assert done.code == 0, done.said
    assert "0 operation(s)" in done.out
    assert state() == before
    assert made.migrate("app.py", "--check").code == 0


def test_new_columns_are_ones_that_zcli_can_use(
    made: Driven, backend: str, state: Callable[[], Any]
) -> None:
    assert made.migrate("app.py", "--auto-approve").code == 0
    before = state()
    text = made.text(SCHEMA)
    made.write(SCHEMA, text.replace("  indexes:\n", f"{ADDED}  indexes:\n"))
    done = made.migrate("app.py", "--auto-approve")
    assert done.code == 0, done.said
    if backend == "postgresql":
        types = {column: kind for _, column, kind, *_ in state()["columns"]}
        wanted = {"on_sale": "integer", "since": "text", "status": "text", "extra": "jsonb"}
        assert {name: types[name] for name in wanted} == wanted
    found = [json.loads(line) for line in answers(made.python(MADE + USE, str(made.folder)))]
    assert found == [
        [[1, "used", True], [2, "new", False], [3, "old", True]],
        ["ada", "bob, jr"],
    ]
    assert made.migrate("app.py", "--check").code == 0
    back = made.migrate("app.py", "--rollback", "--auto-approve")
    assert back.code == 0, back.said
    after = state()
    if backend == "csv":
        assert {name for name in before if before[name] == after[name]} >= {"users.csv"}
    else:
        assert [row for row in after["things"] if row[0] != 3] == before["things"]
        assert after["users"] == before["users"]
    assert (
        len(answers(made.python(MADE + "answer(z.data.select('things'))", str(made.folder)))) == 1
    )


def test_what_zcli_never_makes_is_pending(made: Driven, backend: str) -> None:
    """Keys of the specification that zCLI ignores, and an action in another spelling."""
    text = made.text(SCHEMA)
    text = text.replace("word: {type: text", "word: {type: text, indexed: true")
    text = text.replace("up: {type: INTEGER", "up: {type: INTEGER, foreign_key: users.id")
    made.write(SCHEMA, text.replace("on_delete: CASCADE", "on_delete: set_null"))
    checked = made.migrate("app.py", "--check", "--json")
    kinds = sorted(change["kind"] for change in checked.json["schemas"][0]["changes"])
    keys = ["add_constraint", "add_constraint", "add_index", "drop_constraint"]
    assert kinds == ([] if backend == "csv" else keys)
    assert checked.code == (0 if backend == "csv" else 3), checked.said
    assert made.migrate("app.py", "--auto-approve").code == 0
    assert made.migrate("app.py", "--check").code == 0
