"""What is found, described, and said exactly: on a real server, one and the same."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from examples.local_postgres import fresh_database, with_database
from tests.unit.exact_tables import (
    compared,
    described,
    expression,
    make,
    make_inside,
    native,
    no_scratch,
    of_columns,
    opened,
)
from zmigration_api import (
    EVERYTHING,
    Check,
    Column,
    ColumnType,
    Compare,
    Default,
    Exclusion,
    Identity,
    Index,
    NamedType,
    Nulls,
    PrimaryKey,
    Schema,
    UnsupportedChange,
)
from zmigration_postgresql.names import join, spell, split
from zmigration_postgresql.store import PostgreSQLStore

AROUND = """
CREATE SCHEMA app; CREATE SCHEMA "Odd.one"; CREATE SEQUENCE loose;
CREATE FUNCTION twice(i integer) RETURNS integer IMMUTABLE LANGUAGE sql AS 'SELECT i * 2'"""
TYPES = """
CREATE SCHEMA app; CREATE TYPE mood AS ENUM ('sad'); CREATE TYPE "Mood" AS ENUM ('a');
CREATE TYPE app.state AS ENUM ('on')"""
RICH = (Path(__file__).parent / "rich_tables.sql").read_text()


@pytest.fixture
def store(postgres_dsn: str) -> Iterator[PostgreSQLStore]:
    with closing(opened(postgres_dsn)) as found:
        yield found


@pytest.fixture
def server(postgres_dsn: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        yield connection


def test_what_is_described_is_what_is_found(store: PostgreSQLStore, server: Any) -> None:
    server.execute(RICH)
    names = store.table_names()
    wanted = described(store)
    live = store.inspect(names)
    found = store.as_found(live)
    with no_scratch(store):
        compared(store.exact(wanted, live), found)
    compared(store.exact(wanted, Schema()), found)
    assert store.exact(wanted, live).types == store.types(names) == wanted.types


def test_what_is_described_makes_the_same_tables(
    store: PostgreSQLStore, server: Any, postgres_server: str
) -> None:
    server.execute(RICH)
    wanted = described(store)
    with fresh_database(postgres_server) as dsn, closing(opened(dsn)) as other:
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute(AROUND)
        make(other, wanted)
        names = other.table_names()
        assert set(names) == set(store.table_names())
        assert other.types(names) == wanted.types
        tables = [other.as_found(other.inspect([table.name])).tables[0] for table in wanted.tables]
        compared(Schema(tables=tuple(tables)), store.as_found(store.inspect(store.table_names())))


# The same said otherwise


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("int4", "integer"),
        ("INT", "integer"),
        ("dec(5)", "numeric(5,0)"),
        ("float(10)", "real"),
        ("float(30)", "double precision"),
        ("char", "character(1)"),
        ("bpchar", "bpchar"),
        ("nchar(4)", "character(4)"),
        ("VARCHAR(10)", "character varying(10)"),
        ("varchar", "character varying"),
        ("timestamptz(3)", "timestamp(3) with time zone"),
        ("timestamp(0)", "timestamp(0) without time zone"),
        ("time", "time without time zone"),
        ("timetz", "time with time zone"),
        ("interval(3)", "interval(3)"),
        ("INTERVAL DAY TO SECOND(2)", "interval day to second(2)"),
        ("bit", "bit(1)"),
        ("varbit(3)", "bit varying(3)"),
        ("int[3][3]", "integer[]"),
        ("_text", "text[]"),
        ("varchar(5) array", "character varying(5)[]"),
        ("public.mood", "mood"),
        ('"Mood"', '"Mood"'),
        ("app.state[]", "app.state[]"),
        ('"char"', '"char"'),
        ("pg_catalog.int8", "bigint"),
        ("smallserial", "smallint"),
        ("citext", None),
    ],
)
def test_a_type_is_said_in_any_way(
    store: PostgreSQLStore, server: Any, said: str, kept: str | None
) -> None:
    server.execute(TYPES)
    table = of_columns(Column(name="a", type=ColumnType(kind="native", native=said), line=7))
    if kept is None:
        with pytest.raises(
            UnsupportedChange, match=r'refuses t\.a: type "citext" does not'
        ) as error:
            store.exact(Schema(tables=(table,)), Schema())
        assert error.value.line == 7
        return
    (exact,) = store.exact(Schema(tables=(table,)), Schema()).tables
    assert exact.columns[0].exact_type == kept
    server.execute(f"CREATE TABLE t (a {said})")
    live = store.as_found(store.inspect(["t"])).tables[0]
    assert exact.columns == live.columns


SAID = [
    ("text DEFAULT 'x'", {"default": Default(kind="value", text="x")}),
    ("integer DEFAULT -5", {"default": Default(kind="value", text="-5")}),
    ("varchar(9) DEFAULT upper('x')", {"default": expression("upper('x')")}),
    ("timestamp DEFAULT now()", {"default": expression("NOW( )")}),
    ("timestamp DEFAULT CURRENT_TIMESTAMP", {"default": Default(kind="now")}),
    (
        "text DEFAULT to_char(CURRENT_TIMESTAMP AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS')",
        {"default": Default(kind="now")},
    ),
    ("integer DEFAULT 2 * 3", {"default": expression("2*3 -- six")}),
    ("integer DEFAULT NULL", {"default": expression("NULL")}),
    ("jsonb DEFAULT '{\"a\": 1}'", {"default": Default(kind="value", text='{"a":1}')}),
    ("mood DEFAULT 'sad'", {"default": expression("'sad'")}),
    ('text COLLATE "C"', {"collation": "C"}),
    ('text COLLATE "C"', {"collation": 'pg_catalog."C"'}),
    (
        "integer GENERATED ALWAYS AS IDENTITY (START 5 CACHE 1)",
        {"identity": Identity(kind="always", options="start 5 no cycle")},
    ),
    ("bigserial", {"identity": Identity(kind="serial"), "required": True}),
    ("integer GENERATED ALWAYS AS (b+1) STORED", {"generated": "b+1"}),
]


@pytest.mark.parametrize(("ddl", "said"), SAID)
def test_a_column_is_said_in_any_way(
    store: PostgreSQLStore, server: Any, ddl: str, said: dict[str, Any]
) -> None:
    server.execute(TYPES)
    server.execute(f"CREATE TABLE t (a {ddl}, b integer)")
    live = store.inspect(["t"])
    native = "bigint" if ddl == "bigserial" else ddl.split()[0]
    column_type = ColumnType(kind="native", native=native)
    table = of_columns(Column(name="a", type=column_type, **said))
    b = Column(name="b", type=ColumnType(kind="int"))
    table = replace(table, columns=(*table.columns, b))
    compared(store.exact(Schema(tables=(table,)), live), store.as_found(live))
    with no_scratch(store):
        compared(store.exact(Schema(tables=(table,)), live), store.as_found(live))


def test_parts_are_said_in_any_way(store: PostgreSQLStore, server: Any) -> None:
    server.execute(
        "CREATE TABLE t (a text, b varchar(9), CONSTRAINT c CHECK (b IN ('x', 'y')), EXCLUDE"
        " USING gist (int4range(1, length(a)) WITH &&) WHERE (length(a) > 1));"
        " CREATE INDEX i ON t (lower(a), b DESC) WHERE a <> 'x';"
        " CREATE INDEX j ON t USING gin (to_tsvector('simple', a)) WITH (fastupdate = off)"
    )
    table = of_columns(
        Column(name="a", type=ColumnType(kind="text")),
        Column(name="b", type=ColumnType(kind="str", length=9)),
    )
    table = replace(
        table,
        checks=(Check(name="c", expression="b\n  IN ('x','y')"),),
        exclusions=(
            Exclusion(
                name="t_int4range_excl",
                definition="using gist (int4range(1,length(a)) with &&) where (length(a)>1)",
            ),
        ),
        indexes=(
            Index(columns=("b",), keys=("LOWER(a)", "b DESC"), where="a != 'x'", name="i"),
            Index(
                columns=(),
                keys=("to_tsvector('simple', a)",),
                method="GIN",
                options=("FASTUPDATE = off",),
                name="j",
            ),
        ),
    )
    live = store.inspect(["t"])
    compared(store.exact(Schema(tables=(table,)), live), store.as_found(live))


def test_an_expression_is_asked_again_where_a_type_changes(
    store: PostgreSQLStore, server: Any
) -> None:
    server.execute(
        "CREATE TABLE t (a varchar, b text GENERATED ALWAYS AS (a || 'x') STORED,"
        " CONSTRAINT c CHECK (a <> 'x'))"
    )
    table = described(store).tables[0]
    text = replace(table.columns[0], type=ColumnType(kind="text"))
    wanted = replace(table, columns=(text, *table.columns[1:]))
    for one in (wanted, replace(wanted, checks=())):
        (exact,) = store.exact(Schema(tables=(one,)), store.inspect(["t"])).tables
        assert exact.columns[1].generated == "a || 'x'::text"
        assert [check.expression for check in exact.checks] == ["a <> 'x'::text"] * len(one.checks)


def test_keys_and_serials_are_required(store: PostgreSQLStore, server: Any) -> None:
    server.execute("CREATE TABLE t (a integer PRIMARY KEY, b serial)")
    table = of_columns(
        Column(name="a", type=ColumnType(kind="int")),
        Column(name="b", type=native("SERIAL")),
    )
    table, live = replace(table, primary_key=PrimaryKey(columns=("a",))), store.inspect(["t"])
    exact, found = store.exact(Schema(tables=(table,)), live), store.as_found(live)
    assert exact.tables == found.tables


def test_the_order_of_an_indexs_options_is_no_difference(
    store: PostgreSQLStore, server: Any
) -> None:
    server.execute("CREATE TABLE t (a int)")
    server.execute("CREATE INDEX i ON t (a) WITH (fillfactor = 70, deduplicate_items = off)")
    options = ("deduplicate_items=off", "fillfactor=70")
    index = Index(columns=("a",), name="i", options=options)
    table = of_columns(Column(name="a", type=ColumnType(kind="int")))
    table, live = replace(table, indexes=(index,)), store.inspect(["t"])
    compared(store.exact(Schema(tables=(table,)), live), store.as_found(live))
    (kept,) = store.exact(Schema(tables=(table,)), Schema()).tables
    assert kept.indexes[0].options == options


def test_what_the_server_refuses_is_said_with_its_line(store: PostgreSQLStore) -> None:
    fine = Column(name="a", type=ColumnType(kind="int"))
    table = of_columns(fine)
    for broken, words in (
        (replace(table, checks=(Check(name="c", expression="b > 1", line=4),)), "check c of t"),
        (
            replace(table, indexes=(Index(columns=(), keys=("f(a)",), name="i", line=4),)),
            "index i of t",
        ),
        (of_columns(fine, replace(fine, name="d", default=expression("f()"), line=4)), "t.d"),
        (of_columns(fine, replace(fine, name="d", generated="now()", line=4)), "t.d"),
    ):
        with pytest.raises(UnsupportedChange, match=f"refuses {words}: ") as error:
            store.exact(Schema(tables=(of_columns(fine, name="u"), broken)), Schema())
        assert error.value.line == 4


def test_types_of_the_file_are_there_for_its_tables(store: PostgreSQLStore, server: Any) -> None:
    server.execute("CREATE TYPE mood AS ENUM ('sad'); CREATE TABLE t (a mood DEFAULT 'sad')")
    types = (
        NamedType(name="mood", kind="enum", values=("sad", "glad")),
        NamedType(name="lately.state", kind="enum", values=("on",)),
        NamedType(name="short", kind="domain", definition="varchar(3) check (value<>'x')"),
    )
    table = of_columns(
        Column(name="a", type=native("mood"), default=expression("'glad'")),
        Column(name="b", type=native("lately.state"), default=expression("'on'")),
        Column(name="c", type=native("short[]")),
    )
    exact = store.exact(Schema(tables=(table,), types=types), store.inspect(["t"]))
    assert [(c.exact_type, c.default and c.default.text) for c in exact.tables[0].columns] == [
        ("mood", "'glad'::mood"),
        ("lately.state", "'on'::lately.state"),
        ("short[]", None),
    ]
    assert exact.types[:2] == types[:2]
    assert exact.types[2].definition == (
        "character varying(3) CONSTRAINT short_check CHECK (((VALUE)::text <> 'x'::text))"
    )
    assert [t.values for t in store.types(["t"])] == [("sad",)]
    assert not server.execute("SELECT 1 FROM pg_namespace WHERE nspname = 'lately'").fetchall()


def test_types_that_no_table_uses_are_described_with_all_tables(
    store: PostgreSQLStore, server: Any
) -> None:
    server.execute(f"{TYPES}; CREATE TABLE t (a app.state); CREATE TABLE u (a text)")
    assert [t.name for t in store.describe(["t", "u"]).schema.types] == [
        "mood",
        "Mood",
        "app.state",
    ]
    assert [t.name for t in store.describe(["t"]).schema.types] == ["app.state"]
    assert [t.name for t in store.types(["u"], ["mood", "absent"])] == ["mood"]


def test_without_a_database_texts_stay_as_they_are(postgres_dsn: str) -> None:
    absent = with_database(postgres_dsn, "zmigration_absent")
    with closing(opened(absent)) as store:
        table = of_columns(Column(name="a", type=native("INT4"), default=expression("1 +  1")))
        (exact,) = store.exact(Schema(tables=(table,)), Schema()).tables
        assert (exact.columns[0].exact_type, exact.columns[0].default) == (
            "integer",
            expression("1 + 1"),
        )


def test_scratch_tables_may_be_made_inside_the_unit(store: PostgreSQLStore, server: Any) -> None:
    store.begin(1)
    table = of_columns(Column(name="a", type=native("INT4"), default=expression("1+1")))
    (exact,) = store.exact(Schema(tables=(table,)), Schema()).tables
    assert exact.columns[0].default == expression("(1 + 1)")
    broken = replace(table, checks=(Check(name="c", expression="nonsense"),))
    with pytest.raises(UnsupportedChange):
        store.exact(Schema(tables=(broken,)), Schema())
    assert store.inspect(["t"]) == Schema()
    store.rollback()


# Fingerprints


@pytest.mark.parametrize(
    "change",
    [
        "COMMENT ON TABLE app.users IS 'x'",
        "COMMENT ON COLUMN app.users.email IS 'x'",
        "COMMENT ON INDEX app.users_pkey IS 'x'",
        "COMMENT ON CONSTRAINT users_pkey ON app.users IS 'x'",
        "ALTER TABLE app.users SET (fillfactor = 80)",
        "ALTER TABLE app.users SET (toast.autovacuum_enabled = false)",
        "ALTER TABLE app.users ALTER id SET START WITH 7",
        "ALTER SEQUENCE app.users_id_seq RENAME TO another",
        "ALTER INDEX app.users_pkey SET (fillfactor = 80)",
        "ALTER INDEX app.users_pkey RENAME TO another",
        "ALTER TABLE app.users ALTER other SET STORAGE PLAIN",
        "ALTER TABLE app.users ALTER big SET COMPRESSION default",
        "ALTER TABLE app.users ALTER name SET STATISTICS 100",
        "ALTER TABLE posts SET UNLOGGED; ALTER TABLE app.users SET UNLOGGED",
        "ALTER TABLE app.users ADD CHECK (price > 0) NOT VALID",
        "ALTER TYPE app.state ADD VALUE 'broken'",
        "ALTER TYPE app.state RENAME VALUE 'on' TO 'yes'",
        "ALTER TYPE app.state RENAME TO status",
        "ALTER TYPE mood ADD VALUE 'so' AFTER 'sad'",
        "ALTER DOMAIN positive SET DEFAULT 7",
        "ALTER DOMAIN positive DROP CONSTRAINT below",
        "COMMENT ON TYPE app.state IS 'x'",
    ],
)
def test_every_change_changes_a_fingerprint(
    store: PostgreSQLStore, server: Any, change: str
) -> None:
    server.execute(RICH)
    server.execute("ALTER TABLE app.users ADD CHECK (price > -1) NOT VALID")
    before = store.fingerprints(["app.users", "kinds"])
    assert before is not None
    assert set(before) == {"app.users", "kinds"}
    assert store.fingerprints(["app.users", "kinds"]) == before
    server.execute(change)
    assert store.fingerprints(["app.users", "kinds"]) != before


# Schemas


def test_an_app_has_a_schema_of_its_own(postgres_dsn: str, server: Any) -> None:
    server.execute("CREATE TABLE public.users (a integer); CREATE TYPE public.mood AS ENUM ('x')")
    with closing(opened(postgres_dsn, "Own one")) as store:
        assert (store.table_names(), store.inspect(["users"])) == ((), Schema())
        assert store.fingerprints(["users"]) == {}
        assert store.inspect(["public.users"]).tables[0].name == "public.users"
        assert store.describe(["users"]).schema == Schema()
        store.begin(1)
        table = of_columns(Column(name="a", type=native("mood")), name="users")
        make_inside(store, Schema(tables=(table,)))
        store.rollback()
        assert store.table_names() == ()
        store.begin(1)
        make_inside(store, Schema(tables=(table,)))
        assert store.insert(table, [{"a": "x"}]) == 1
        store.commit()
        assert store.table_names() == ("users",)
        assert list(store.select(table, EVERYTHING)) == [{"a": "x"}]
    rows = server.execute('SELECT a FROM "Own one".users').fetchall()
    assert rows == [("x",)]
    with closing(opened(postgres_dsn)) as store:
        assert store.table_names() == ("users", "Own one.users")


def test_rows_of_a_table_in_another_schema(store: PostgreSQLStore, server: Any) -> None:
    server.execute(
        'CREATE SCHEMA app; CREATE TABLE app."Odd.table" (id serial PRIMARY KEY, a text)'
    )
    (name,) = store.table_names()
    assert name == 'app."Odd.table"'
    table = store.inspect([name]).tables[0]
    store.begin(1)
    assert store.insert(table, [{"a": "x"}, {"id": 5, "a": "y"}]) == 2
    assert store.insert_one(table, {"a": "z"}) == 6
    where = Compare("a", "eq", "y")
    assert store.update(table, where, {"a": "why"}) == 1
    assert store.delete(table, Compare("a", "eq", "x")) == 1
    store.commit()
    rows = list(store.select(table, EVERYTHING, order=[("id", "asc")]))
    assert rows == [{"id": 5, "a": "why"}, {"id": 6, "a": "z"}]
    assert (store.count(name), store.count_where(table, where)) == (2, 0)
    assert store.ask(Nulls(name, "a"), Schema(tables=(table,))).count == 0


def test_names_are_taken_apart_and_put_together() -> None:
    for name, parts in (
        ("users", (None, "users")),
        ("app.users", ("app", "users")),
        ('"a.b"', (None, "a.b")),
        ('app."a.b"', ("app", "a.b")),
        ('"x.y".users', ("x.y", "users")),
        ("app.a b", ("app", "a b")),
    ):
        assert (split(name), join(*parts)) == (parts, name)
    assert spell("App.Users") == "app.users"
