"""What a migration destroys on a real server comes back: structure by catalog, rows exactly."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zmigration_api import (
    AddColumn,
    AddConstraint,
    AlterColumn,
    Archives,
    Backfill,
    Change,
    Column,
    ColumnType,
    CopyOf,
    CreateTable,
    Default,
    DropColumn,
    DropConstraint,
    DropIndex,
    DropTable,
    Fixed,
    ForeignKey,
    PrimaryKey,
    RenameColumn,
    RenameTable,
    Schema,
    Step,
    StepFailed,
    Table,
    Target,
    UniqueConstraint,
    Using,
    no_progress,
)
from zmigration_api.archive import archives_for
from zmigration_api.types import TypeKind
from zmigration_postgresql.store import PostgreSQLStore

OBJECTS = """
SELECT 'column', c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
       a.attgenerated::text, a.attidentity::text, pg_get_expr(d.adbin, d.adrelid),
       a.attcollation::text, col_description(c.oid, a.attnum), c.relpersistence::text,
       array_to_string(c.reloptions, ',')
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT attisdropped
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
UNION ALL
SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid), NULL, NULL,
       NULL, NULL, NULL, NULL, NULL, NULL
FROM pg_constraint WHERE connamespace = 'public'::regnamespace
UNION ALL
SELECT 'index', indrelid::regclass::text, indexrelid::regclass::text, pg_get_indexdef(indexrelid),
       NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
WHERE c.relnamespace = 'public'::regnamespace
UNION ALL
SELECT 'trigger', tgrelid::regclass::text, tgname, pg_get_triggerdef(oid), NULL,
       tgenabled::text, NULL, NULL, NULL, NULL, NULL, NULL
FROM pg_trigger WHERE NOT tgisinternal
UNION ALL
SELECT 'sequence', s.sequencename, s.data_type::text, s.last_value::text, s.cycle,
       pg_get_serial_sequence(NULL, NULL), s.start_value::text, s.increment_by::text,
       NULL, NULL, NULL, NULL
FROM pg_sequences s"""


@pytest.fixture
def server(postgres_dsn: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        yield connection


@pytest.fixture
def store(postgres_dsn: str) -> Iterator[PostgreSQLStore]:
    with closing(PostgreSQLStore(Target(data_type="postgresql", dsn=postgres_dsn))) as opened:
        yield opened


def column(name: str, kind: TypeKind, **facts: Any) -> Column:
    length = facts.pop("length", None)
    return Column(name=name, type=ColumnType(kind=kind, length=length), **facts)


def whole(server: Any) -> tuple[list[Any], dict[str, list[str]]]:
    """The structure by the catalog, and each table's rows as texts; without archives."""
    objects = [row for row in server.execute(OBJECTS).fetchall() if "__zmigration_" not in row[1]]
    names = sorted({row[1] for row in objects if row[0] == "column"})
    rows = {}
    for name in names:
        columns = sorted(row[2] for row in objects if row[0] == "column" and row[1] == name)
        listed = ", ".join(f"{quoted(c)}::text" for c in columns)
        found = server.execute(f"SELECT {listed} FROM {quoted(name)}".encode()).fetchall()
        rows[name] = sorted(map(repr, found))
    return sorted(objects, key=repr), rows


def same(server: Any, expected: tuple[list[Any], dict[str, list[str]]]) -> None:
    objects, rows = whole(server)
    assert [o for o in objects if o not in expected[0]] == []
    assert [o for o in expected[0] if o not in objects] == []
    assert (objects, rows) == expected


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def after(current: Schema, changes: Sequence[Change]) -> Schema:
    """The schema that the changes make."""
    tables = {table.name: table for table in current.tables}
    for change in changes:
        match change:
            case CreateTable(content):
                tables[content.name] = content
            case DropTable(content):
                del tables[content.name]
            case RenameTable(old, new):
                tables[new] = replace(tables.pop(old), name=new)
            case _:
                tables[change.table] = changed(tables[change.table], change)
    return Schema(tables=tuple(tables.values()))


def changed(table: Table, change: Change) -> Table:
    columns = list(table.columns)
    match change:
        case AddColumn(_, new):
            columns.append(new)
        case DropColumn(_, gone):
            columns = [c for c in columns if c.name != gone.name]
        case RenameColumn(_, old, name):
            columns = [replace(c, name=name) if c.name == old else c for c in columns]
            table = renamed_key(table, old, name)
        case AlterColumn(_, _, new):
            columns = [new if c.name == new.name else c for c in columns]
        case AddConstraint(_, PrimaryKey() as key):
            table = replace(table, primary_key=key)
        case DropConstraint(_, PrimaryKey()):
            table = replace(table, primary_key=None)
        case DropConstraint(_, UniqueConstraint(name=name)):
            table = replace(table, unique=tuple(u for u in table.unique if u.name != name))
    return replace(table, columns=tuple(columns))


def renamed_key(table: Table, old: str, new: str) -> Table:
    if table.primary_key is None:
        return table
    names = tuple(new if name == old else name for name in table.key)
    return replace(table, primary_key=replace(table.primary_key, columns=names))


class Trip:
    """There and back on one store."""

    def __init__(self, store: PostgreSQLStore, server: Any, *tables: str) -> None:
        self.store, self.server, self.tables = store, server, tables
        self.steps: tuple[Step, ...] = ()
        self.plans = 0

    def token(self) -> str:
        self.plans += 1
        return f"p{self.plans}"

    @property
    def current(self) -> Schema:
        return self.store.inspect(self.tables)

    def old(self, table: str, name: str) -> Column:
        found = self.current.table(table)
        assert found is not None
        column = found.column(name)
        assert column is not None
        return column

    def drop(self, table: str, name: str) -> DropColumn:
        return DropColumn(table, self.old(table, name))

    def alter(
        self, table: str, name: str, kind: TypeKind | None = None, **facts: Any
    ) -> AlterColumn:
        old = self.old(table, name)
        plain = {"required": old.required, "default": old.default, **facts}
        return AlterColumn(table, old, column(name, kind or old.type.kind, **plain))

    def there(self, *changes: Change, token: str = "t1") -> Archives:
        current = self.current
        desired = after(current, changes)
        archives = archives_for(changes, current, desired, token)
        self.steps = self.store.plan(changes, current, desired, archives)
        self.run(self.steps)
        return archives

    def back(self) -> None:
        self.run([step.inverse() for step in reversed(self.steps)])

    def run(self, steps: Sequence[Step]) -> None:
        self.store.begin(1)
        try:
            for step in steps:
                self.store.run(step, no_progress)
        except BaseException:
            self.store.rollback()
            raise
        self.store.commit()

    def returns(self, *changes: Change) -> Archives:
        before = whole(self.server)
        archives = self.there(*changes, token=self.token())
        there = whole(self.server)
        assert there != before
        self.back()
        same(self.server, before)
        self.there(*changes, token=self.token())
        same(self.server, there)
        self.back()
        same(self.server, before)
        return archives


def kinds(server: Any, sql: str, *names: str, store: PostgreSQLStore) -> Trip:
    server.execute(sql)
    return Trip(store, server, *names)


KEYED = """
CREATE TABLE users (id SERIAL PRIMARY KEY, name TEXT, age TEXT DEFAULT 'x' || 'y',
                    c VARCHAR(9) COLLATE "C" NOT NULL DEFAULT 'q');
COMMENT ON COLUMN users.age IS 'it''s';
INSERT INTO users (name, age, c) VALUES ('Ann', '007', 'a'), ('Bob', NULL, 'b'),
                                        (NULL, ' 41', 'c'), ('Bob', '3', 'd')"""
COMPOSITE = """
CREATE TABLE users (a INTEGER, b TEXT, age TEXT, c TEXT, PRIMARY KEY (b, a));
INSERT INTO users VALUES (1, 'x', '007', 'a'), (1, 'y', NULL, 'b'), (2, 'x', '3', NULL)"""
KEYLESS = """
CREATE TABLE users (a INTEGER, b TEXT, age TEXT, c JSON);
INSERT INTO users VALUES (1, 'x', '1', '{"a": 1}'), (1, 'x', '2', '{"a":  1}'),
  (1, 'x', '3', NULL), (NULL, NULL, '4', '[]'), (NULL, '', '5', NULL), (NULL, NULL, '06', '[]'),
  (NULL, NULL, '4', '1')"""


@pytest.mark.parametrize("made", [KEYED, COMPOSITE, KEYLESS], ids=["keyed", "composite", "none"])
@pytest.mark.parametrize("plan", ["drop", "retype", "both", "two"])
def test_values_return_to_their_rows(
    store: PostgreSQLStore, server: Any, made: str, plan: str
) -> None:
    trip = kinds(server, made, "users", store=store)
    age, c = trip.drop("users", "age"), trip.drop("users", "c")
    retyped = trip.alter("users", "age", "int", default=None)
    plans: dict[str, list[Change]] = {
        "drop": [age],
        "retype": [retyped],
        "both": [retyped, c],
        "two": [age, c],
    }
    trip.returns(*plans[plan])


def test_rows_that_came_changed_and_went_keep_their_state(
    store: PostgreSQLStore, server: Any
) -> None:
    trip = kinds(server, KEYED, "users", store=store)
    trip.there(trip.alter("users", "age", "int", default=None), trip.drop("users", "c"))
    server.execute("INSERT INTO users (name, age) VALUES ('New', 8)")
    server.execute("UPDATE users SET age = 9, name = 'Other' WHERE id = 4")
    server.execute("DELETE FROM users WHERE id = 2")
    trip.back()
    found = server.execute("SELECT id, name, age, c FROM users ORDER BY id").fetchall()
    assert found == [
        (1, "Ann", "007", "a"),
        (3, None, " 41", "c"),
        (4, "Other", "9", "d"),
        (5, "New", "8", "q"),
    ]


def test_rows_without_a_key_are_told_apart_by_all_that_stays(
    store: PostgreSQLStore, server: Any
) -> None:
    trip = kinds(server, KEYLESS, "users", store=store)
    trip.there(trip.drop("users", "age"))
    server.execute("INSERT INTO users VALUES (7, 'new', NULL)")
    server.execute("UPDATE users SET b = 'changed' WHERE b = ''")
    server.execute("DELETE FROM users WHERE a = 1 AND c IS NULL")
    trip.back()
    found = server.execute("SELECT a, b, age FROM users ORDER BY age, a NULLS FIRST").fetchall()
    expected = [(1, "x", "1"), (1, "x", "2"), *[(None, None, t) for t in ("4", "4", "06")]]
    assert sorted(map(repr, found)) == sorted(
        map(repr, [*expected, (None, "changed", None), (7, "new", None)])
    )


def test_a_required_column_without_values_for_new_rows_fails(
    store: PostgreSQLStore, server: Any
) -> None:
    server.execute('CREATE TABLE t (id SERIAL PRIMARY KEY, "a{}\'%" TEXT NOT NULL)')
    server.execute("INSERT INTO t (\"a{}'%\") VALUES ('x')")
    trip = Trip(store, server, "t")
    trip.there(trip.drop("t", "a{}'%"))
    server.execute("INSERT INTO t DEFAULT VALUES")
    server.execute("INSERT INTO t DEFAULT VALUES")
    before = whole(server)
    with pytest.raises(StepFailed) as failed:
        trip.back()
    assert "t.a{}'% was required, but 2 of its rows" in str(failed.value)
    assert whole(server) == before


def test_a_loosened_column_with_nulls_since_fails(store: PostgreSQLStore, server: Any) -> None:
    trip = kinds(server, KEYED, "users", store=store)
    trip.there(trip.alter("users", "c", required=False))
    server.execute("UPDATE users SET c = NULL WHERE id = 1")
    with pytest.raises(StepFailed, match=r"users\.c was required, but 1 of its rows"):
        trip.back()
    server.execute("UPDATE users SET c = 'z' WHERE id = 1")
    trip.back()


def test_mapped_and_filled_values(store: PostgreSQLStore, server: Any) -> None:
    trip = kinds(
        server,
        "CREATE TABLE users (id SERIAL PRIMARY KEY, ok TEXT, n INTEGER, m TEXT, l TEXT);"
        " INSERT INTO users (ok, n, m) VALUES ('yes', 1, 'a'), ('no', NULL, NULL), ('1', 4, 'b')",
        "users",
        store=store,
    )
    using = Using(values=(("yes", "1"), ("no", None)))
    trip.returns(
        trip.alter("users", "ok", "int", using=using),
        trip.alter("users", "n", required=True, default=Default(kind="value", text="4")),
        trip.alter(
            "users",
            "m",
            enum=("a", "b", "1"),
            required=True,
            using=Using(values=(("a", "b"), ("b", "a"))),
            backfill=Backfill(parts=(CopyOf("n"),)),
        ),
        trip.alter("users", "l", "int", using=Using(expression="length(ok::text) + n")),
    )


def test_a_value_changed_since_that_cannot_go_back_fails(
    store: PostgreSQLStore, server: Any
) -> None:
    trip = kinds(
        server,
        "CREATE TABLE t (id SERIAL PRIMARY KEY, d DATE, n INTEGER);"
        " INSERT INTO t (d, n) VALUES ('2024-01-01', 1), ('2024-01-02', 2)",
        "t",
        store=store,
    )
    using = Using(expression="extract(year FROM d)::integer")
    trip.there(trip.alter("t", "d", "int", using=using), trip.alter("t", "n", "text"))
    server.execute("UPDATE t SET d = 5 WHERE id = 1")
    before = whole(server)
    with pytest.raises(StepFailed, match=r"t\.d has 1 values .* cannot become date again"):
        trip.back()
    assert whole(server) == before
    server.execute("UPDATE t SET d = 2024, n = 'x' WHERE id = 1")
    with pytest.raises(StepFailed, match="not convertible: x"):
        trip.back()
    server.execute("UPDATE t SET n = '1' WHERE id = 1")
    trip.back()
    found = server.execute("SELECT d::text, n FROM t ORDER BY id").fetchall()
    assert found == [("2024-01-01", 1), ("2024-01-02", 2)]


CONVERSIONS: list[tuple[str, TypeKind, list[str]]] = [
    ("TEXT", "float", ["1e5", "3.0", " .5", "-0"]),
    ("TEXT", "decimal", ["1.50", "1e2"]),
    ("TEXT", "bool", ["yes", "NO", "1", "0.0"]),
    ("TEXT", "datetime", ["2024-01-31", "2024-01-31T10:20", "2024-01-31 10:20:00.5"]),
    ("TEXT", "date", ["2024-01-31 00:00", "2024-01-31"]),
    ("TEXT", "json", ['{"b":1, "a":  2}', "[1]"]),
    ("TEXT", "blob", ["é", ""]),
    ("TEXT", "uuid", ["12345678123456781234567812345678"]),
    ("DOUBLE PRECISION", "int", ["3", "-0", "1e5"]),
    ("DOUBLE PRECISION", "text", ["3.1", "-0", "1e-7"]),
    ("NUMERIC", "int", ["3.00", "3"]),
    ("TIMESTAMP", "date", ["2024-01-31"]),
    ("TIMESTAMPTZ", "text", ["2024-01-31 00:00+02"]),
    ("BOOLEAN", "int", ["true", "false"]),
    ("JSON", "text", ['{"b":1, "a":  2}']),
    ("CHAR(5)", "int", ["3", "05"]),
    ("SMALLINT", "text", ["3"]),
    ("INTEGER", "bool", ["1", "0"]),
]


@pytest.mark.parametrize("key", ["id SERIAL PRIMARY KEY", "id INTEGER DEFAULT 1"])
@pytest.mark.parametrize(("native", "kind", "values"), CONVERSIONS)
def test_conversions_return_exactly(
    store: PostgreSQLStore, server: Any, key: str, native: str, kind: TypeKind, values: list[str]
) -> None:
    server.execute(f"CREATE TABLE t ({key}, v {native})")
    for text in (*values, None, values[0]):
        server.execute("INSERT INTO t (v) VALUES (%s)", [text])
    trip = Trip(store, server, "t")
    trip.returns(trip.alter("t", "v", kind))


def test_renames_drops_and_additions_in_one_plan(store: PostgreSQLStore, server: Any) -> None:
    trip = kinds(
        server,
        KEYED + "; CREATE INDEX by_hand ON users (c DESC, name) INCLUDE (age) WHERE name <> 'x';"
        " ALTER TABLE users ADD CONSTRAINT ck CHECK (length(c) < 9) NOT VALID;"
        " CREATE TABLE posts (id INT PRIMARY KEY, u INT REFERENCES users ON DELETE CASCADE"
        " DEFERRABLE INITIALLY DEFERRED); INSERT INTO posts VALUES (5, 1)",
        "users",
        "posts",
        store=store,
    )
    posts = trip.current.table("posts")
    assert posts is not None
    trip.returns(
        RenameTable("users", "people"),
        RenameColumn("people", "name", "Full \"name'%;"),
        RenameColumn("people", "id", "order"),
        DropConstraint("posts", posts.foreign_keys[0]),
        AddColumn("people", column("nick", "str", default=Default(kind="value", text="n"))),
        replace(trip.alter("users", "age", "int", default=None), table="people"),
        replace(trip.drop("users", "c"), table="people"),
    )


@pytest.mark.parametrize("renamed", [False, True])
def test_a_retyped_primary_key(store: PostgreSQLStore, server: Any, renamed: bool) -> None:
    trip = kinds(
        server,
        "CREATE TABLE t (id TEXT PRIMARY KEY, v TEXT, w TEXT);"
        " INSERT INTO t VALUES ('007', 'a', 'x'), ('1.0', NULL, NULL), (' 3', 'b', NULL)",
        "t",
        store=store,
    )
    key = trip.alter("t", "id", "int")
    rename: list[Change] = []
    if renamed:
        rename = [RenameColumn("t", "id", "nr")]
        key = replace(key, old=replace(key.old, name="nr"), new=replace(key.new, name="nr"))
    trip.returns(*rename, key, trip.drop("t", "v"), trip.drop("t", "w"))


DROPPED = """
CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT UNIQUE);
CREATE TYPE "Mood" AS ENUM ('ok', 'bad');
CREATE UNLOGGED TABLE "Posts; --" (
  id SERIAL PRIMARY KEY, big BIGINT GENERATED ALWAYS AS IDENTITY (START 10 INCREMENT 5),
  user_id INTEGER CONSTRAINT "fk ""x" REFERENCES users ON DELETE SET NULL DEFERRABLE,
  parent INTEGER REFERENCES "Posts; --", mood "Mood" DEFAULT 'ok', "Select" TEXT COLLATE "C",
  twice INTEGER GENERATED ALWAYS AS (user_id * 2) STORED, tags TEXT[] NOT NULL DEFAULT '{}',
  made TIMESTAMPTZ DEFAULT now(), price NUMERIC(10, 2) CHECK (price > 0),
  UNIQUE (user_id, "Select") DEFERRABLE INITIALLY DEFERRED) WITH (fillfactor = 70);
CREATE INDEX ON "Posts; --" (lower("Select") DESC NULLS LAST);
CREATE UNIQUE INDEX part ON "Posts; --" (price) WHERE price > 3;
COMMENT ON TABLE "Posts; --" IS 'it''s';
COMMENT ON COLUMN "Posts; --".made IS 'when';
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS
  'BEGIN NEW."Select" = ''touched''; RETURN NEW; END';
INSERT INTO users VALUES (1, 'Ann'), (2, NULL);
INSERT INTO "Posts; --" (user_id, parent, mood, "Select", tags, price, made) VALUES
  (1, NULL, 'bad', 'a', '{a,"b,c"}', 3.50, '2024-01-01'), (1, 1, NULL, NULL, '{}', NULL, NULL),
  (2, 2, 'ok', '', '{}', 4, NULL);
CREATE TRIGGER touched BEFORE INSERT OR UPDATE ON "Posts; --"
  FOR EACH ROW EXECUTE FUNCTION touch();
ALTER TABLE "Posts; --" ENABLE ALWAYS TRIGGER touched;
DELETE FROM "Posts; --" WHERE id = 3"""


def test_a_dropped_table(store: PostgreSQLStore, server: Any) -> None:
    trip = kinds(server, DROPPED, "users", "Posts; --", store=store)
    users, posts = trip.current.table("users"), trip.current.table("Posts; --")
    assert users is not None
    assert posts is not None
    trip.returns(DropTable(posts))
    renames: list[Change] = [RenameTable("users", "people"), RenameColumn("people", "id", "nr")]
    trip.returns(*renames, DropTable(posts))
    trip.returns(DropTable(posts), DropTable(users))
    steps = trip.there(DropTable(posts), token="t4")
    assert steps.kept[0].new_table is None
    assert "until --purge" in trip.steps[0].hazards[0].text


@pytest.mark.parametrize("name", ["user_id", "big", "mood", "Select", "tags", "price", "id"])
def test_any_column_of_a_rich_table(store: PostgreSQLStore, server: Any, name: str) -> None:
    server.execute(DROPPED)
    if name == "user_id":
        server.execute('ALTER TABLE "Posts; --" DROP COLUMN twice')
    if name == "id":
        server.execute('ALTER TABLE "Posts; --" DROP COLUMN parent')
    trip = Trip(store, server, "users", "Posts; --")
    trip.returns(trip.drop("Posts; --", name))
    trip.returns(RenameColumn("Posts; --", "made", "Made"), trip.drop("Posts; --", name))


def test_new_rows_get_numbers_of_their_own(store: PostgreSQLStore, server: Any) -> None:
    server.execute(DROPPED)
    trip = Trip(store, server, "Posts; --")
    trip.there(trip.drop("Posts; --", "big"))
    server.execute('INSERT INTO "Posts; --" (user_id) VALUES (2)')
    trip.back()
    found = server.execute('SELECT big FROM "Posts; --" ORDER BY id').fetchall()
    assert found == [(10,), (15,), (25,)]


def test_triggers_do_not_change_what_returns(store: PostgreSQLStore, server: Any) -> None:
    trip = kinds(server, DROPPED, "users", "Posts; --", store=store)
    trip.returns(
        trip.alter("Posts; --", "price", required=True, backfill=Backfill(parts=(Fixed("9"),))),
        trip.drop("Posts; --", "made"),
    )


def test_constraints_and_indexes_return_as_they_were(store: PostgreSQLStore, server: Any) -> None:
    server.execute(f'{DROPPED}; CREATE INDEX hashed ON "Posts; --" USING hash (user_id)')
    trip = Trip(store, server, "users", "Posts; --")
    posts = trip.current.table("Posts; --")
    assert posts is not None
    changes: list[Change] = [
        *(DropConstraint(posts.name, key) for key in posts.foreign_keys),
        *(DropIndex(posts.name, index) for index in posts.indexes),
        *(DropConstraint(posts.name, one) for one in posts.unique),
        *(DropConstraint(posts.name, one) for one in posts.checks),
    ]
    trip.returns(*changes)
    trip.returns(RenameTable("users", "U"), RenameColumn(posts.name, "price", "Price"), *changes)


def test_what_was_written_since_is_kept_when_it_goes(store: PostgreSQLStore, server: Any) -> None:
    trip = kinds(server, KEYED, "users", store=store)
    before = whole(server)
    tags = Table(
        name="tags",
        columns=(column("id", "int"), column("t", "text")),
        primary_key=PrimaryKey(columns=("id",)),
    )
    key = ForeignKey(columns=("id",), ref_table="users", ref_columns=("id",), name="fk")
    archives = trip.there(
        RenameColumn("users", "name", "Name"),
        CreateTable(tags),
        AddColumn("users", column("x", "int", default=Default(kind="value", text="1"))),
        AddColumn("users", column("y", "text")),
        trip.alter("users", "age", "int", default=None),
        AddConstraint("tags", key),
    )
    server.execute("UPDATE users SET x = id * 2, y = 'y' || id")
    server.execute("INSERT INTO tags VALUES (1, 'a')")
    trip.back()
    assert whole(server) == before
    kept = archives.undone_of("users")
    table = archives.undone_of("tags")
    assert kept is not None
    assert table is not None
    found = server.execute(
        f"SELECT id, __row, x__before, y__before FROM {kept.name} ORDER BY 1"
    ).fetchall()
    assert found == [(n, 1, n * 2, f"y{n}") for n in (1, 2, 3, 4)]
    assert server.execute(f"SELECT * FROM {table.name}").fetchall() == [(1, "a")]
    assert trip.steps[3].inverse().keeps == kept


def test_a_key_that_comes_leaves_the_columns_as_they_were(
    store: PostgreSQLStore, server: Any
) -> None:
    server.execute("CREATE TABLE t (id INTEGER, v TEXT); INSERT INTO t VALUES (1, 'a'), (2, NULL)")
    trip = Trip(store, server, "t")
    trip.returns(trip.drop("t", "v"), AddConstraint("t", PrimaryKey(columns=("id",))))


def test_retyped_keys_that_refer_to_each_other(store: PostgreSQLStore, server: Any) -> None:
    server.execute(
        "CREATE TABLE a (id TEXT PRIMARY KEY, v TEXT);"
        " INSERT INTO a VALUES ('01', 'x'), ('2', 'y');"
        " CREATE TABLE b (id TEXT PRIMARY KEY REFERENCES a, v TEXT);"
        " INSERT INTO b VALUES ('01', 'z')"
    )
    trip = Trip(store, server, "a", "b")
    trip.returns(trip.alter("a", "id", "int"), trip.alter("b", "id", "int"), trip.drop("b", "v"))


LONG = "é" * 31
HOSTILE = ['x"; DROP TABLE t; --', "select", "Upper", "ö % {} '", LONG, "__row", "id__before"]


@pytest.mark.parametrize("key", ["PRIMARY KEY", ""])
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names(store: PostgreSQLStore, server: Any, name: str, key: str) -> None:
    table = name if name != "__row" else "kept"
    q = quoted(name)
    t = quoted(table)
    other = f"z{name}"[:30]
    o = quoted(other)
    server.execute(f"CREATE TABLE {t} (id TEXT {key}, {q} TEXT, {o} TEXT)".encode())
    rows = f"INSERT INTO {t} VALUES ('01', '1', '007'), ('2', NULL, NULL), ('3', '1', '1')"
    server.execute(rows.encode())
    trip = Trip(store, server, table)
    trip.returns(trip.alter(table, "id", "int"), trip.alter(table, other, "int"))
    trip.returns(trip.alter(table, name, "int"), trip.drop(table, other))
    trip.returns(trip.drop(table, name), trip.alter(table, other, "int"))


def test_schemas_word_for_a_key_is_not_believed(store: PostgreSQLStore, server: Any) -> None:
    server.execute("CREATE TABLE t (id INTEGER, v TEXT, w TEXT)")
    server.execute("INSERT INTO t VALUES (1, 'a', '1'), (1, 'b', '2'), (NULL, 'c', NULL)")
    (live,) = store.inspect(["t"]).tables
    said = Schema(tables=(replace(live, primary_key=PrimaryKey(columns=("id",))),))
    changes = [DropColumn("t", live.columns[1]), DropColumn("t", live.columns[2])]
    desired = after(said, changes)
    archives = archives_for(changes, said, desired, "t1")
    assert archives.kept[0].keyed
    before = whole(server)
    steps = store.plan(changes, said, desired, archives)
    trip = Trip(store, server, "t")
    trip.run(steps)
    trip.steps = steps
    trip.back()
    assert whole(server) == before


def test_statements_that_are_shown(store: PostgreSQLStore, server: Any) -> None:
    trip = kinds(server, KEYED, "users", store=store)
    trip.there(trip.drop("users", "age"))
    (step,) = trip.steps
    kept = "__zmigration_kept_t1_users"
    assert step.statements == (
        f"CREATE TABLE {kept} AS SELECT id, 1::bigint AS __row, age AS age__before FROM users;",
        "ALTER TABLE users DROP COLUMN age;",
    )
    assert step.undo[:2] == (
        "ALTER TABLE users ADD COLUMN age TEXT;",
        f"UPDATE users SET age = kept.age__before FROM {kept} AS kept WHERE users.id = kept.id;",
    )
    assert step.keeps is not None
    assert step.inverse().restores == step.keeps


NUMBERS = st.sampled_from(["1", "01", " 2", "2.0", "3", None])
FATES = st.sampled_from(["stay", "drop", "retype", "fill", "rename"])
ROWS = st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS), max_size=8)


@given(rows=ROWS, fates=st.tuples(FATES, FATES, FATES), keyed=st.booleans(), table=st.booleans())
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_plan_is_taken_back(
    store: PostgreSQLStore,
    server: Any,
    rows: list[tuple[str | None, ...]],
    fates: tuple[str, ...],
    keyed: bool,
    table: bool,
) -> None:
    server.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    key = "id SERIAL PRIMARY KEY, " if keyed else ""
    server.execute(f"CREATE TABLE t ({key}a TEXT, b TEXT, c TEXT)")
    for row in rows:
        server.execute("INSERT INTO t (a, b, c) VALUES (%s, %s, %s)", row)
    trip = Trip(store, server, "t")
    changes = [RenameTable("t", "u")] if table else []
    plan: list[Change] = [*changes, *_fated(trip, "abc", fates, "u" if table else "t")]
    if plan:
        trip.returns(*plan)


def _fated(trip: Trip, names: str, fates: Sequence[str], table: str) -> Iterator[Change]:
    """The changes in the engine's order."""
    pairs = list(zip(names, fates, strict=True))
    yield from (RenameColumn(table, n, f"{n}2") for n, fate in pairs if fate == "rename")
    fill = Backfill(parts=(Fixed("2"),))
    for name, fate in pairs:
        if fate == "retype":
            yield replace(trip.alter("t", name, "int"), table=table)
        if fate == "fill":
            made = trip.alter("t", name, required=True, backfill=fill)
            yield replace(made, table=table)
    yield from (replace(trip.drop("t", n), table=table) for n, fate in pairs if fate == "drop")


def test_generated_columns(store: PostgreSQLStore, server: Any) -> None:
    server.execute(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER,"
        " g INTEGER GENERATED ALWAYS AS (a * 2) STORED NOT NULL); INSERT INTO t VALUES (1, 2)"
    )
    trip = Trip(store, server, "t")
    trip.returns(trip.drop("t", "g"))
    trip.returns(RenameColumn("t", "a", "b"), trip.drop("t", "g"))
