"""Reading, asking, rows, locks and the unit of work, on a real server."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import date, datetime
from datetime import time as clock
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest

from examples.local_postgres import with_database
from zmigration_api import (
    EVERYTHING,
    AddColumn,
    AllOf,
    AnyOf,
    Check,
    CheckFailures,
    Column,
    ColumnType,
    Compare,
    Condition,
    CreateTable,
    Default,
    Duplicates,
    ForeignKey,
    Identity,
    Index,
    LockTimeout,
    MigrationError,
    Nulls,
    Orphans,
    OutcomeUnknown,
    PrimaryKey,
    Sample,
    Schema,
    StepFailed,
    StoreError,
    Table,
    Target,
    Unconvertible,
    UniqueConstraint,
    history_table,
    matches,
    no_progress,
)
from zmigration_api.hooks import Hooks
from zmigration_api.types import TypeKind
from zmigration_postgresql import plugin
from zmigration_postgresql.store import PostgreSQLStore

# What zCLI 1.5 makes of a schema with every type (its release notes' DDL, on one line).
HOST_MADE = """
CREATE TABLE Users (id SERIAL PRIMARY KEY, userName TEXT NOT NULL, email TEXT UNIQUE NOT NULL,
  age INTEGER, score REAL, active INTEGER, born DATE, wakes TIME, created_at TEXT, prefs JSONB,
  pic BYTEA, big TEXT, price TEXT, ref TEXT);
CREATE TABLE posts (id SERIAL PRIMARY KEY, user_id INTEGER, a INTEGER, b INTEGER,
  FOREIGN KEY (user_id) REFERENCES Users(id) ON DELETE CASCADE);
CREATE INDEX IF NOT EXISTS idx_posts_a_b ON posts (a, b);
CREATE UNIQUE INDEX IF NOT EXISTS idx_posts_b ON posts (b);
CREATE TABLE pairs (a INTEGER, b INTEGER, PRIMARY KEY (b, a))"""
HOST_KINDS: dict[str, TypeKind] = {
    "id": "int",
    "username": "str",
    "email": "str",
    "age": "int",
    "score": "float",
    "active": "bool",
    "born": "date",
    "wakes": "time",
    "created_at": "datetime",
    "prefs": "json",
    "pic": "blob",
    "big": "bigint",
    "price": "decimal",
    "ref": "uuid",
}


@pytest.fixture
def server(postgres_dsn: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        yield connection


@pytest.fixture
def store(postgres_dsn: str) -> Iterator[PostgreSQLStore]:
    with closing(open_store(postgres_dsn)) as opened:
        yield opened


def open_store(dsn: str) -> PostgreSQLStore:
    return PostgreSQLStore(Target(data_type="postgresql", dsn=dsn))


def table(called: str, /, **kinds: TypeKind) -> Table:
    columns = tuple(Column(name=n, type=ColumnType(kind=kind)) for n, kind in kinds.items())
    key = PrimaryKey(columns=("id",)) if "id" in kinds else None
    return Table(name=called, columns=columns, primary_key=key)


def make(store: PostgreSQLStore, *tables: Table) -> None:
    for step in store.plan([CreateTable(t) for t in tables], Schema(), Schema()):
        store.run(step, no_progress)


# Inspecting


def test_what_the_app_made_reads_as_the_app_declared(store: PostgreSQLStore, server: Any) -> None:
    server.execute(HOST_MADE)
    schema = store.inspect(["USERS", "Posts", "pairs", "absent"])
    assert [t.name for t in schema.tables] == ["pairs", "posts", "users"]
    pairs, posts, users = schema.tables
    assert {c.name for c in users.columns} == set(HOST_KINDS)
    for column in users.columns:
        assert store.reads_as(column, ColumnType(kind=HOST_KINDS[column.name])), column
        assert column.default is None
    assert users.column("id") == Column(
        name="id",
        type=ColumnType(kind="int"),
        required=True,
        auto_increment=True,
        identity=Identity(kind="serial"),
    )
    assert users.unique == (UniqueConstraint(columns=("email",), name="users_email_key"),)
    assert pairs.key == ("b", "a")
    key = ForeignKey(
        columns=("user_id",),
        ref_table="users",
        ref_columns=("id",),
        on_delete="CASCADE",
        name="posts_user_id_fkey",
    )
    assert posts.foreign_keys == (key,)
    assert posts.foreign_keys[0].name == key.name
    assert posts.indexes == (Index(columns=("a", "b"), name="idx_posts_a_b"),)
    assert posts.unique == (UniqueConstraint(columns=("b",), name="idx_posts_b"),)


def test_quoted_spellings_are_kept_and_the_folded_one_wins(
    store: PostgreSQLStore, server: Any
) -> None:
    server.execute('CREATE TABLE "Users" ("userName" TEXT)')
    assert store.inspect(["users"]).tables[0].name == "Users"
    assert store.inspect(["users"]).tables[0].columns[0].name == "userName"
    server.execute("CREATE TABLE users (id INT)")
    assert [t.name for t in store.inspect(["USERS"]).tables] == ["users"]
    assert [t.name for t in store.inspect(["Users"]).tables] == ["Users"]


def test_names_are_spelled_as_the_server_folds_them(store: PostgreSQLStore) -> None:
    assert store.spell("userNameÉ") == store.name_key("USERNAMEÉ") == "usernameÉ"
    assert store.spell("é" * 40) == "é" * 31


@pytest.mark.parametrize(
    ("ddl", "default"),
    [
        ("TEXT DEFAULT 'it''s'", Default(kind="value", text="it's")),
        ("VARCHAR(9) DEFAULT 'active'", Default(kind="value", text="active")),
        ("INTEGER DEFAULT -5", Default(kind="value", text="-5")),
        ("NUMERIC DEFAULT 1.50", Default(kind="value", text="1.50")),
        ("BOOLEAN DEFAULT true", Default(kind="value", text="true")),
        ("DATE DEFAULT '2024-01-31'", Default(kind="value", text="2024-01-31")),
        ("TIMESTAMP DEFAULT now()", Default(kind="now")),
        ("TIMESTAMP DEFAULT CURRENT_TIMESTAMP", Default(kind="now")),
        ("TIMESTAMP DEFAULT (now() AT TIME ZONE 'utc')", Default(kind="now")),
        ("TEXT DEFAULT NULL", None),
        ("INTEGER GENERATED BY DEFAULT AS IDENTITY", None),
        ("DOUBLE PRECISION DEFAULT 'Infinity'", "'Infinity'::double precision"),
        ("TEXT DEFAULT lower('A')", "lower('A'::text)"),
        ("TEXT DEFAULT 'a' || 'b'", "('a'::text || 'b'::text)"),
    ],
)
def test_defaults_are_read(
    store: PostgreSQLStore, server: Any, ddl: str, default: Default | str | None
) -> None:
    server.execute(f"CREATE TABLE t (c {ddl})")
    wanted = Default(kind="expression", text=default) if isinstance(default, str) else default
    assert store.inspect(["t"]).tables[0].columns[0].default == wanted


@pytest.mark.parametrize(
    ("native", "wanted", "reads"),
    [
        ("character varying(255)", ColumnType(kind="str"), True),
        ("character varying(50)", ColumnType(kind="str"), False),
        ("character varying(50)", ColumnType(kind="str", length=50), True),
        ("character varying(50)", ColumnType(kind="str", length=60), False),
        ("text", ColumnType(kind="str", length=60), True),
        ("character varying(255)", ColumnType(kind="text"), False),
        ("boolean", ColumnType(kind="bool"), True),
        ("timestamp with time zone", ColumnType(kind="datetime"), True),
        ("integer", ColumnType(kind="bigint"), False),
        ("integer", ColumnType(kind="str"), False),
        ("numeric(10,2)", ColumnType(kind="decimal", precision=10, scale=2), True),
        ("numeric(10,2)", ColumnType(kind="decimal", precision=12, scale=2), False),
        ("numeric(10,0)", ColumnType(kind="decimal", precision=10), True),
        ("numeric", ColumnType(kind="float"), True),
        ("text", ColumnType(kind="int"), False),
        ("inet", ColumnType(kind="native", native="INET"), True),
        ("timestamp(3) with time zone", ColumnType(kind="native", native="inet"), False),
        ("character varying(9)", ColumnType(kind="native", native="VARCHAR( 9 )"), True),
    ],
)
def test_what_a_live_type_reads_as(
    store: PostgreSQLStore, native: str, wanted: ColumnType, reads: bool
) -> None:
    column = Column(name="c", type=ColumnType(kind="native", native=native), native=native)
    assert store.reads_as(column, wanted) is reads


def test_a_thousand_tables_take_as_many_queries_as_one(
    store: PostgreSQLStore, server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = "(id SERIAL PRIMARY KEY, a TEXT DEFAULT 'x', b INT UNIQUE)"
    for start in range(0, 1000, 100):
        server.execute("; ".join(f"CREATE TABLE t{n} {body}" for n in range(start, start + 100)))
    asked = []
    connection = store._reading()
    assert connection is not None
    rows = connection.rows

    def counted(*given: Any) -> Any:
        asked.append(given)
        return rows(*given)

    monkeypatch.setattr(connection, "rows", counted)
    store.inspect(["t0"])
    of_one = len(asked)
    found = store.inspect([f"t{n}" for n in range(1000)])
    assert len(found.tables) == 1000
    assert len(asked) == 2 * of_one


# Rows

EVERY = table(
    "every",
    id="int",
    big="bigint",
    score="float",
    price="decimal",
    name="str",
    note="text",
    ok="bool",
    born="date",
    wakes="time",
    made="datetime",
    prefs="json",
    pic="blob",
    ref="uuid",
)
ROW: dict[str, Any] = {
    "id": 1,
    "big": 2**62,
    "score": 0.1,
    "price": Decimal("1.50"),
    "name": "O'Hara 100%",
    "note": "back\\slash",
    "ok": True,
    "born": date(2024, 1, 31),
    "wakes": clock(23, 59, 59, 500000),
    "made": datetime(2024, 1, 31, 10, 20, 30, 5),
    "prefs": {"a": [1, None, "é"]},
    "pic": b"\x00\xff",
    "ref": "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
}
ROWS = [
    ROW,
    {**dict.fromkeys(ROW), "id": 2},
    {**ROW, "id": 3, "name": "o'hara", "score": -2.5, "ok": False, "made": datetime(2020, 1, 1)},
    {**ROW, "id": 4, "name": "Zoë_", "note": "", "price": Decimal("9.99")},
]


def test_values_come_back_as_they_went(store: PostgreSQLStore) -> None:
    store.begin(1)
    make(store, EVERY)
    assert store.insert(EVERY, ROWS) == 4
    order = [("id", "asc")]
    assert list(store.select(EVERY, EVERYTHING, order=order)) == ROWS  # type: ignore[arg-type]
    conditions: list[Condition] = [
        *(Compare(name, "eq", value) for name, value in ROW.items() if name != "prefs"),
        *(Compare(name, "gt", value) for name, value in ROW.items() if name not in ("prefs", "ok")),
        Compare("name", "lte", "a"),
        Compare("name", "like", "O_Hara 100%"),
        Compare("note", "like", "back\\s%"),
        Compare("name", "like", "%_"),
        Compare("id", "in", (1, 3, None)),
        Compare("id", "in", ()),
        AnyOf((Compare("ok", "null"), AllOf((Compare("ok", "ne", True), Compare("id", "gt", 0))))),
    ]
    for condition in conditions:
        found = list(store.select(EVERY, condition, order=order))  # type: ignore[arg-type]
        assert found == [row for row in ROWS if matches(condition, row)], condition
    assert store.update(EVERY, Compare("ok", "eq", False), {"ok": None, "name": "x"}) == 1
    assert store.delete(EVERY, Compare("ok", "null")) == 2
    assert store.count("every") == 2
    store.rollback()
    assert store.count("every") == 0
    assert list(store.select(EVERY, EVERYTHING)) == []


def test_columns_that_the_app_made_take_typed_values(store: PostgreSQLStore, server: Any) -> None:
    server.execute("CREATE TABLE t (id SERIAL PRIMARY KEY, ok INTEGER, made TEXT, score REAL)")
    server.execute("INSERT INTO t (ok, made, score) VALUES (1, '2024-01-31T10:20', 0.1)")
    app = table("t", id="int", ok="bool", made="datetime", score="float")
    store.begin(1)
    second = {"id": 2, "ok": False, "made": datetime(2024, 2, 1), "score": 2.5}
    store.insert(app, [{k: v for k, v in second.items() if k != "id"}])
    first = {"id": 1, "ok": True, "made": datetime(2024, 1, 31, 10, 20), "score": 0.1}
    found = list(store.select(app, EVERYTHING, order=[("made", "desc")]))
    assert found == [second, first]
    assert list(store.select(app, Compare("ok", "eq", True))) == [first]
    assert list(store.select(app, Compare("score", "eq", 0.1))) == [first]
    store.update(app, Compare("ok", "eq", True), {"ok": False})
    store.commit()
    assert server.execute("SELECT sum(ok), max(made) FROM t").fetchone() == (
        0,
        "2024-02-01 00:00:00",
    )
    server.execute("UPDATE t SET ok = 2")
    with pytest.raises(StoreError, match=r"t\.ok holds 2, which is neither 0 nor 1"):
        list(store.select(app, EVERYTHING))


def test_nulls_are_less_than_values(store: PostgreSQLStore, server: Any) -> None:
    server.execute(
        "CREATE TABLE t (n INT, s TEXT); INSERT INTO t VALUES (1,'b'),(NULL,'a'),(2,'B')"
    )
    app = table("t", n="int", s="text")
    up = store.select(app, EVERYTHING, columns=["n"], order=[("n", "asc")])
    assert [row["n"] for row in up] == [None, 1, 2]
    down = store.select(app, EVERYTHING, columns=["n"], order=[("n", "desc")], limit=2, offset=1)
    assert [row["n"] for row in down] == [1, None]
    texts = store.select(app, EVERYTHING, columns=["s"], order=[("s", "asc")])
    assert [row["s"] for row in texts] == ["B", "a", "b"]


def test_hostile_names_are_names(store: PostgreSQLStore) -> None:
    name = 'x"; DROP TABLE u; -- 100%s'
    kinds: dict[str, TypeKind] = {"id": "int", f"{name}%(a)s": "text"}
    hostile = table(name, **kinds)
    store.begin(1)
    make(store, hostile)
    row = {"id": 1, f"{name}%(a)s": "v%"}
    store.insert(hostile, [row, {"id": 2}])
    assert next(store.select(hostile, EVERYTHING)) == row
    assert list(store.select(hostile, Compare(f"{name}%(a)s", "like", "v%"))) == [row]
    assert list(store.select(hostile, Compare(f"{name}%(a)s", "notnull"))) == [row]
    assert store.update(hostile, Compare("id", "eq", 2), {f"{name}%(a)s": "w"}) == 1
    assert store.update(hostile, EVERYTHING, {f"{name}%(a)s": None}) == 2
    nulls = Nulls(name, f"{name}%(a)s")
    assert store.ask(nulls, store.inspect([name])).count == 2
    assert store.delete(hostile, Compare(f"{name}%(a)s", "null")) == 2
    store.commit()


def test_a_text_that_cannot_be_kept_is_refused(store: PostgreSQLStore) -> None:
    app = table("t", s="text")
    store.begin(1)
    make(store, app)
    with pytest.raises(StoreError, match="NUL"):
        store.insert(app, [{"s": "a\0b"}])
    with pytest.raises(StoreError, match="Unicode"):
        store.insert(app, [{"s": "\udc80"}])


def test_the_history_table_is_an_ordinary_one(store: PostgreSQLStore) -> None:
    history = history_table("users")
    store.begin(1)
    make(store, history)
    row = {c.name: 1 if c.type.kind == "int" else "x%s" for c in history.columns}
    store.insert(history, [row])
    assert list(store.select(history, EVERYTHING, order=[("id", "asc")])) == [row]
    store.commit()


def test_many_rows_are_read_bit_by_bit(store: PostgreSQLStore, server: Any) -> None:
    server.execute("CREATE TABLE t AS SELECT n FROM generate_series(1, 30000) n")
    app = table("t", n="int")
    reading = store.select(app, EVERYTHING)
    assert next(reading) == {"n": 1}
    assert next(store.select(app, EVERYTHING, limit=1)) == {"n": 1}
    assert sum(1 for _ in reading) == 29999
    store.begin(1)
    assert sum(1 for _ in store.select(app, EVERYTHING)) == 30000
    store.commit()


# Questions


@pytest.fixture
def asked(store: PostgreSQLStore, server: Any) -> Schema:
    server.execute(
        "CREATE TABLE u (id TEXT PRIMARY KEY); INSERT INTO u VALUES ('1'), ('2');"
        "CREATE TABLE t (a INT, b INT, name TEXT, ref INT, PRIMARY KEY (a, b));"
        "INSERT INTO t VALUES (1, 2, 'x', 1), (1, 1, NULL, 7), (2, 1, 'x', NULL), (3, 1, 'y', 8);"
        "CREATE TABLE keyless (v TEXT);"
        "INSERT INTO keyless VALUES ('1'), ('a'), (NULL), (' 2.0'), (repeat('9', 300))"
    )
    return store.inspect(["t", "u", "keyless"])


def test_questions_are_answered_with_keys(store: PostgreSQLStore, asked: Schema) -> None:
    nulls = store.ask(Nulls("t", "name"), asked)
    assert (nulls.count, nulls.samples) == (1, (Sample((1, 1), (None,)),))
    assert store.ask(Nulls("t", "new"), asked).count == 4
    assert store.ask(Nulls("absent", "new"), asked).count == 0
    same = store.ask(Duplicates("t", ("name",)), asked)
    assert same.samples == (Sample((1, 2), ("x",)), Sample((2, 1), ("x",)))
    assert store.ask(Duplicates("t", ("name", "a")), asked).count == 0
    lost = store.ask(Orphans("t", ("ref",), "u", ("id",)), asked)
    assert lost.samples == (Sample((1, 1), (7,)), Sample((3, 1), (8,)))
    assert store.ask(Orphans("t", ("ref",), None, ("id",)), asked).count == 3
    failing = store.ask(CheckFailures("t", Check(name="c", expression="name <> 'x'")), asked)
    assert (failing.count, failing.samples[0].key) == (2, (1, 2))


def test_unconvertible_values_are_named(store: PostgreSQLStore, asked: Schema) -> None:
    old = asked.tables[0].columns[0]
    assert old.name == "v"
    new = Column(name="v", type=ColumnType(kind="int"))
    answer = store.ask(Unconvertible("keyless", old, new), asked)
    assert [s.key for s in answer.samples] == [(2,), (5,)]
    assert answer.samples[0].reason == "is not a whole number"
    text = Column(name="v", type=ColumnType(kind="text"), native="text")
    varchar = Column(name="v", type=ColumnType(kind="str"))
    longer = store.ask(Unconvertible("keyless", text, varchar), asked)
    assert longer.samples[0].reason == "is longer than 255 characters"


# The unit of work


def test_a_missing_database_is_empty_made_by_begin_and_undone_by_rollback(
    postgres_server: str,
) -> None:
    dsn = with_database(postgres_server, "Made%20By%20%22Us%22")
    target = Target(data_type="postgresql", dsn=dsn)
    databases = "SELECT 1 FROM pg_database WHERE datname = 'Made By \"Us\"'"
    with (
        psycopg.connect(postgres_server, autocommit=True) as server,
        closing(PostgreSQLStore(target)) as store,
    ):
        assert store.inspect(["t"]) == Schema()
        assert store.count("t") == 0
        assert store.ask(Nulls("t", "a"), Schema()).count == 0
        assert list(store.select(table("t", id="int"), EVERYTHING)) == []
        assert server.execute(databases).fetchone() is None
        store.begin(1)
        make(store, table("t", id="int"))
        store.rollback()
        assert server.execute(databases).fetchone() is None
        store.begin(1)
        make(store, table("t", id="int"))
        store.commit()
        assert len(store.inspect(["t"]).tables) == 1
        store.close()
        server.execute('DROP DATABASE "Made By ""Us"""')


def test_a_second_run_waits_and_is_told_who_holds_the_lock(
    store: PostgreSQLStore, postgres_dsn: str
) -> None:
    store.begin(1)
    with closing(open_store(postgres_dsn)) as other:
        with pytest.raises(LockTimeout, match=r"pid \d+ \(zolo migrate, user \w+\) since \d{4}-"):
            other.begin(0.2)
        timer = threading.Timer(0.3, store.rollback)
        timer.start()
        other.begin(10)
        timer.join()
        other.rollback()
        with pytest.raises(StoreError, match="outside a unit of work"):
            other.insert(table("t", id="int"), [])


def test_a_locked_table_is_waited_for(store: PostgreSQLStore, server: Any) -> None:
    server.execute("CREATE TABLE t (id INT)")
    add = AddColumn("t", Column(name="c", type=ColumnType(kind="int")))
    (step,) = store.plan([add], store.inspect(["t"]), Schema())
    server.execute("BEGIN; SELECT * FROM t")
    store.begin(0.3)
    with pytest.raises(LockTimeout, match=r"table t stayed locked for 0.3 seconds: pid \d+"):
        store.run(step, no_progress)
    store.rollback()
    store.begin(10)
    timer = threading.Timer(1.5, lambda: server.execute("COMMIT"))
    timer.start()
    store.run(step, no_progress)
    timer.join()
    store.commit()
    assert store.inspect(["t"]).tables[0].column("c") is not None


def test_a_failed_transaction_is_not_reported_as_committed(store: PostgreSQLStore) -> None:
    app = table("t", id="int")
    store.begin(1)
    make(store, app)
    with suppress(StoreError):
        store.insert(app, [{"id": 1}, {"id": 1}])
    with pytest.raises(StoreError, match="nothing was changed"):
        store.commit()
    store.rollback()
    assert store.inspect(["t"]) == Schema()


def test_a_lost_connection_says_that_nothing_was_changed(
    store: PostgreSQLStore, server: Any
) -> None:
    store.begin(1)
    make(store, table("t", id="int"))
    steps = store.plan([CreateTable(table("s", id="int"))], Schema(), Schema())
    _terminate(server)
    with pytest.raises(StoreError, match="was lost") as lost:
        store.run(steps[0], no_progress)
    assert "nothing was changed" in (lost.value.hint or "")
    store.rollback()
    assert store.inspect(["t"]) == Schema()


def test_a_connection_lost_at_commit_leaves_the_outcome_open(
    store: PostgreSQLStore, server: Any
) -> None:
    store.begin(1)
    make(store, table("t", id="int"))
    _terminate(server)
    with pytest.raises(OutcomeUnknown, match="not known whether"):
        store.commit()
    store.rollback()


def _terminate(server: Any) -> None:
    server.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE application_name = 'zolo migrate' AND datname = current_database()"
    )


@pytest.mark.parametrize(("point", "there"), [("before-commit", 0), ("after-commit", 1)])
def test_a_killed_run_is_done_or_not(
    store: PostgreSQLStore, postgres_dsn: str, point: str, there: int
) -> None:
    program = (
        "import sys\n"
        "from zmigration_api import *\n"
        "from zmigration_postgresql.plugin import PostgreSQL\n"
        "store = PostgreSQL().open(Target(data_type='pg', dsn=sys.argv[1]))\n"
        "table = Table(name='t', columns=(Column(name='a', type=ColumnType(kind='int')),))\n"
        "step, = store.plan([CreateTable(table)], Schema(), Schema())\n"
        "store.begin(1); store.run(step, lambda done, total: None); store.commit()\n"
    )
    environment = {**os.environ, "ZMIGRATION_FAULT": f"postgresql:{point}"}
    done = subprocess.run([sys.executable, "-c", program, postgres_dsn], env=environment)
    assert done.returncode == -signal.SIGKILL
    assert len(store.inspect(["t"]).tables) == there
    store.begin(5)


# Errors and the plugin


@pytest.mark.parametrize(
    "target",
    [
        Target(data_type="pg", dsn="postgresql://u:s3cret@127.0.0.1:1/d"),
        Target(data_type="pg", dsn="postgresql://u:s3cret@[bad/d"),
        Target(data_type="pg", dsn="u:s3cret"),
        Target(data_type="pg", host="127.0.0.1", port=1, user="u", password="s3cret"),
        Target(data_type="pg", host="no.such.host.invalid", user="s3cret", password="s3cret"),
    ],
    ids=range(5),
)
def test_an_unreachable_server_is_one_sentence_without_the_password(target: Target) -> None:
    with pytest.raises(MigrationError) as failed:
        PostgreSQLStore(target).inspect(["t"])
    assert "s3cret" not in f"{failed.value} {failed.value.hint} {failed.value!r}"
    assert "\n" not in str(failed.value)
    assert failed.value.hint
    assert failed.value.__suppress_context__


def test_a_role_that_is_not_there(postgres_server: str) -> None:
    dsn = postgres_server.replace("postgres@", "nobody_here:s3cret@")
    with pytest.raises(StoreError, match="nobody_here") as failed:
        open_store(dsn).inspect(["t"])
    assert "s3cret" not in str(failed.value)


def test_label_host_and_port_say_where(postgres_dsn: str, server: Any) -> None:
    info = server.info
    target = Target(
        data_type="pg", host=info.host, port=info.port, user=info.user, label=info.dbname
    )
    with closing(PostgreSQLStore(target)) as store:
        server.execute("CREATE TABLE t (id INT)")
        assert len(store.inspect(["t"]).tables) == 1
        assert store.display == f"PostgreSQL database {info.dbname} at {info.host}:{info.port}"


def test_a_step_that_fails_names_the_statement(store: PostgreSQLStore) -> None:
    (step,) = store.plan([CreateTable(table("t", id="int"))], Schema(), Schema())
    store.begin(1)
    store.run(step, no_progress)
    with pytest.raises(StepFailed, match='t: relation "t" already exists') as failed:
        store.run(step, no_progress)
    assert failed.value.hint == "the statement was: CREATE TABLE t (id SERIAL PRIMARY KEY);"


def test_the_driver_is_loaded_late_and_missed_with_a_hint(tmp_path: Path) -> None:
    (tmp_path / "psycopg.py").write_text("raise ImportError('no libpq')")
    program = (
        "from zmigration_api import *\n"
        "from zmigration_postgresql.plugin import PostgreSQL\n"
        "try:\n"
        "    PostgreSQL().open(Target(data_type='pg')).inspect(['t'])\n"
        "except StoreError as error:\n"
        "    print(error.hint)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    said = subprocess.check_output([sys.executable, "-c", program], env=environment, text=True)
    assert said == 'pip install "zcli-migration[postgresql]"\n'


def test_the_plugin_offers_the_backend() -> None:
    (backend,) = plugin.zmigration_backends()
    assert (backend.name, backend.aliases) == ("postgresql", ("postgres", "pg"))
    assert len(backend.supports) == 18
    assert len(backend.keeps) == 8
    assert hasattr(Hooks, "zmigration_backends")


def test_reading_the_history_never_loads_sqlalchemy(postgres_dsn: str) -> None:
    program = (
        "import sys\n"
        "from zmigration_api import *\n"
        "from zmigration_postgresql.plugin import PostgreSQL\n"
        "store = PostgreSQL().open(Target(data_type='pg', dsn=sys.argv[1]))\n"
        "history = history_table('users')\n"
        "step, = store.plan([CreateTable(history)], Schema(), Schema())\n"
        "store.begin(1); store.run(step, lambda done, total: None)\n"
        "store.insert(history, [{'id': 1, 'schema_name': 'x'}])\n"
        "assert len(list(store.select(history, EVERYTHING, order=[('id', 'asc')]))) == 1\n"
        "store.close()\n"
        "assert 'sqlalchemy' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program, postgres_dsn], check=True)
