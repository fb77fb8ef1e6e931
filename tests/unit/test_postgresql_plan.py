"""Every kind of change on a real server: its statements, what it makes, and the way back."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any

import psycopg
import pytest

from zmigration_api import (
    AddColumn,
    AddConstraint,
    AddIndex,
    AlterColumn,
    Backfill,
    Change,
    Check,
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
    Index,
    PrimaryKey,
    RenameColumn,
    RenameTable,
    Schema,
    StepFailed,
    Table,
    Target,
    UniqueConstraint,
    UnsupportedChange,
    Using,
    no_progress,
)
from zmigration_api.types import TypeKind
from zmigration_postgresql.store import PostgreSQLStore

USERS = """
CREATE TABLE users (id SERIAL PRIMARY KEY, name VARCHAR(255), age TEXT, active BOOLEAN,
                    note VARCHAR(20) NOT NULL DEFAULT 'x');
CREATE TABLE posts (id SERIAL PRIMARY KEY, user_id INTEGER, title TEXT);
INSERT INTO users (name, age, active) VALUES ('Ann', '30', true), ('Bob', ' 41', NULL),
                                             (NULL, NULL, false);
INSERT INTO posts (user_id, title) VALUES (1, 'a'), (NULL, 'b')"""
TABLES = ("users", "posts", "people", "tags")


def column(name: str, kind: TypeKind, **facts: Any) -> Column:
    length = facts.pop("length", None)
    return Column(name=name, type=ColumnType(kind=kind, length=length), **facts)


def value(text: str) -> Default:
    return Default(kind="value", text=text)


@pytest.fixture
def server(postgres_dsn: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        connection.execute(USERS)
        yield connection


@pytest.fixture
def store(postgres_dsn: str, server: Any) -> Iterator[PostgreSQLStore]:
    target = Target(data_type="postgresql", dsn=postgres_dsn)
    with closing(PostgreSQLStore(target)) as opened:
        yield opened


def apply(store: PostgreSQLStore, *changes: Change) -> list[str]:
    """Plan and make the changes; the statements that were run."""
    steps = store.plan(changes, store.inspect(TABLES), Schema())
    store.begin(1)
    try:
        for step in steps:
            store.run(step, no_progress)
    except BaseException:
        store.rollback()
        raise
    store.commit()
    return [statement for step in steps for statement in step.statements]


def old_column(store: PostgreSQLStore, table: str, name: str) -> Column:
    found = store.inspect([table]).table(table)
    assert found is not None
    column = found.column(name)
    assert column is not None
    return column


EMAIL = column("email", "str")
TAGS = Table(
    name="tags",
    columns=(
        column("id", "int"),
        column("Label; --", "str", length=10, required=True),
        column("order", "int", default=value("7")),
        column("made", "datetime", default=Default(kind="now"), required=True),
        column("twice", "int", generated='"order" * 2'),
        column("price", "decimal"),
        column("meta", "json", default=value('{"a": "it\'s"}')),
        column("raw", "blob", default=value("a\\b")),
        column("ratio", "float", default=value("0.5")),
        column("ok", "bool", default=value("yes")),
        column("key", "uuid"),
        column("day", "date", default=Default(kind="now")),
        column("at", "time", default=Default(kind="app", text="&x.y()")),
    ),
    primary_key=PrimaryKey(columns=("id",)),
    unique=(UniqueConstraint(columns=("Label; --", "order"), name="uq_tags_label"),),
    checks=(Check(name="ck_tags", expression='"order" > 0 AND ratio <> 1.5'),),
)
UQ = UniqueConstraint(columns=("name",), name="uq_users_name")
FK = ForeignKey(
    columns=("user_id",),
    ref_table="users",
    ref_columns=("id",),
    name="fk_posts_user_id",
)
CASCADE = ForeignKey(
    columns=("user_id",),
    ref_table="users",
    ref_columns=("id",),
    on_delete="CASCADE",
    on_update="SET NULL",
    name="fk_posts_user_id",
)
PARTIAL = Index(columns=("name", "age"), unique=True, where="age > 'a' OR active", name="ix")

CASES: list[tuple[Change, list[str]]] = [
    (AddColumn("users", EMAIL), ["ALTER TABLE users ADD COLUMN email VARCHAR(255);"]),
    (
        AddColumn("users", column("n", "int", required=True, default=value("-5"))),
        ["ALTER TABLE users ADD COLUMN n INTEGER NOT NULL DEFAULT -5;"],
    ),
    (
        AddColumn(
            "users",
            column(
                "n",
                "int",
                required=True,
                default=value("1"),
                backfill=Backfill(parts=(Fixed("4.0"),)),
            ),
        ),
        [
            "ALTER TABLE users ADD COLUMN n INTEGER;",
            "UPDATE users SET n = 4;",
            "ALTER TABLE users ALTER COLUMN n SET DEFAULT 1;",
            "ALTER TABLE users ALTER COLUMN n SET NOT NULL;",
        ],
    ),
    (
        AddColumn("users", column("twice", "int", generated="id * 2")),
        [
            "ALTER TABLE users ADD COLUMN twice INTEGER GENERATED ALWAYS AS (id * 2) STORED;",
        ],
    ),
    (
        AddColumn("users", column('x"; DROP TABLE users; --', "text")),
        ['ALTER TABLE users ADD COLUMN "x""; DROP TABLE users; --" TEXT;'],
    ),
    (
        DropColumn("users", column("note", "str", length=20, required=True, default=value("x"))),
        ["ALTER TABLE users DROP COLUMN note;"],
    ),
    (RenameTable("users", "people"), ["ALTER TABLE users RENAME TO people;"]),
    (RenameColumn("users", "name", "order"), ['ALTER TABLE users RENAME COLUMN name TO "order";']),
    (
        AddIndex("users", Index(columns=("name",), name="idx_users_name")),
        ["CREATE INDEX idx_users_name ON users(name);"],
    ),
    (
        AddIndex("users", PARTIAL),
        [
            "CREATE UNIQUE INDEX ix ON users(name, age) WHERE age > 'a' OR active;",
        ],
    ),
    (
        AddConstraint("posts", FK),
        [
            "ALTER TABLE posts ADD CONSTRAINT fk_posts_user_id"
            " FOREIGN KEY (user_id) REFERENCES users(id);"
        ],
    ),
    (
        AddConstraint("posts", CASCADE),
        [
            "ALTER TABLE posts ADD CONSTRAINT fk_posts_user_id FOREIGN KEY (user_id)"
            " REFERENCES users(id) ON DELETE CASCADE ON UPDATE SET NULL;"
        ],
    ),
    (
        AddConstraint("users", UQ),
        ["ALTER TABLE users ADD CONSTRAINT uq_users_name UNIQUE (name);"],
    ),
    (
        AddConstraint("users", Check(name="ck", expression="length(name) > 1")),
        [
            "ALTER TABLE users ADD CONSTRAINT ck CHECK (length(name) > 1);",
        ],
    ),
    (
        DropConstraint("users", PrimaryKey(columns=("id",), name="users_pkey")),
        ["ALTER TABLE users DROP CONSTRAINT users_pkey;"],
    ),
    (
        DropTable(
            Table(
                name="posts",
                columns=(
                    column("id", "int", required=True),
                    column("user_id", "int"),
                    column("title", "text"),
                ),
                primary_key=PrimaryKey(columns=("id",)),
                indexes=(Index(columns=("title",), name="idx_posts_title"),),
            )
        ),
        ["DROP TABLE posts;"],
    ),
]


@pytest.mark.parametrize(("change", "statements"), CASES, ids=lambda x: type(x).__name__)
def test_a_change_is_made_and_taken_back(
    store: PostgreSQLStore, change: Change, statements: list[str]
) -> None:
    if isinstance(change, DropTable):
        apply(store, AddIndex("posts", change.content.indexes[0]))
    before = store.inspect(TABLES)
    (step,) = store.plan([change], before, Schema())
    assert list(step.statements) == statements
    apply(store, change)
    after = store.inspect(TABLES)
    assert after != before
    _run(store, step.undo)
    assert _same(store.inspect(TABLES), before)
    _run(store, step.statements)
    assert _same(store.inspect(TABLES), after)


def _run(store: PostgreSQLStore, statements: Sequence[str]) -> None:
    store.begin(1)
    assert store._unit is not None
    for statement in statements:
        store._unit.execute(statement, "users")
    store.commit()


def _same(one: Schema, other: Schema) -> bool:
    def shape(schema: Schema) -> dict[str, Any]:
        return {
            t.name: (frozenset(t.columns), t.primary_key, set(t.constraints), set(t.indexes))
            for t in schema.tables
        }

    return shape(one) == shape(other)


def test_a_table_reads_back_as_it_was_given(store: PostgreSQLStore, server: Any) -> None:
    first, *_ = apply(store, CreateTable(TAGS))
    assert first.startswith(
        'CREATE TABLE tags (id SERIAL PRIMARY KEY, "Label; --" VARCHAR(10) NOT NULL,'
        ' "order" INTEGER DEFAULT 7, made TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,'
    )
    found = store.inspect(["tags"]).table("tags")
    assert found is not None
    assert found.unique == TAGS.unique
    assert [check.name for check in found.checks] == ["ck_tags"]
    for live, wanted in zip(found.columns, TAGS.columns, strict=True):
        assert store.reads_as(live, wanted.type), wanted.name
        assert live.required == (wanted.required or wanted.name == "id")
        assert bool(live.generated) == bool(wanted.generated)
    kept = {c.name: c.default and (c.default.kind, c.default.text) for c in found.columns}
    assert kept["order"] == ("value", "7")
    assert kept["made"] == kept["day"] == ("now", "")
    assert kept["meta"] == ("value", '{"a": "it\'s"}')
    assert kept["ok"] == ("value", "true")
    assert kept["ratio"] == ("value", "0.5")
    assert kept["id"] is kept["at"] is kept["key"] is None
    server.execute("INSERT INTO tags (\"Label; --\") VALUES ('a')")
    assert server.execute("SELECT id, twice, raw FROM tags").fetchone() == (1, 14, b"a\\b")


def test_tables_can_refer_to_each_other_in_a_circle(store: PostgreSQLStore) -> None:
    key = PrimaryKey(columns=("id",))
    tables = [
        Table(name=n, columns=(column("id", "int"), column("other", "int")), primary_key=key)
        for n in ("people", "tags")
    ]
    keys = [
        ForeignKey(columns=("other",), ref_table=r, ref_columns=("id",), name=f"fk_{t}_other")
        for t, r in (("people", "tags"), ("tags", "people"))
    ]
    create: list[Change] = [CreateTable(table) for table in tables]
    link: list[Change] = [
        AddConstraint("people", keys[0]),
        AddConstraint("tags", keys[1]),
    ]
    steps = store.plan([*create, *link], Schema(), Schema())
    assert not any(step.hazards for step in steps)
    apply(store, *create, *link)
    undo = [statement for step in reversed(steps) for statement in step.undo]
    _run(store, undo)
    assert not store.inspect(["people", "tags"]).tables


def alter(store: PostgreSQLStore, name: str, **facts: Any) -> AlterColumn:
    old = old_column(store, "users", name)
    plain = {"required": old.required, "default": old.default, **facts}
    kind = plain.pop("kind", old.type.kind)
    return AlterColumn("users", old, column(name, kind, **plain))


def rows(server: Any, what: str) -> list[Any]:
    return [row[0] for row in server.execute(f"SELECT {what} FROM users ORDER BY id").fetchall()]


def test_the_type_change_of_the_specification(store: PostgreSQLStore, server: Any) -> None:
    assert apply(store, alter(store, "age", kind="int")) == [
        "ALTER TABLE users ALTER COLUMN age TYPE INTEGER USING age::integer;"
    ]
    assert rows(server, "age") == [30, 41, None]


def test_texts_that_a_bare_cast_refuses(store: PostgreSQLStore, server: Any) -> None:
    server.execute("UPDATE users SET age = '41.0' WHERE id = 2")
    apply(store, alter(store, "age", kind="int"))
    assert rows(server, "age") == [30, 41, None]


def test_the_old_default_is_out_of_the_way(store: PostgreSQLStore, server: Any) -> None:
    server.execute("UPDATE users SET note = '7'")
    change = alter(store, "note", kind="int", default=value("3"))
    assert apply(store, change) == [
        "ALTER TABLE users ALTER COLUMN note DROP DEFAULT;",
        "ALTER TABLE users ALTER COLUMN note TYPE INTEGER USING note::integer;",
        "ALTER TABLE users ALTER COLUMN note SET DEFAULT 3;",
    ]
    server.execute("INSERT INTO users (name) VALUES ('Eve')")
    assert rows(server, "note") == [7, 7, 7, 3]


def test_a_wider_text_is_no_rewrite(store: PostgreSQLStore) -> None:
    change = alter(store, "note", length=50)
    (step,) = store.plan([change], store.inspect(TABLES), Schema())
    assert step.statements == ("ALTER TABLE users ALTER COLUMN note TYPE VARCHAR(50);",)
    assert step.undo == ("ALTER TABLE users ALTER COLUMN note TYPE VARCHAR(20);",)
    assert [hazard.kind for hazard in step.hazards] == ["lock"]
    narrow = alter(store, "note", length=5)
    (step,) = store.plan([narrow], store.inspect(TABLES), Schema())
    assert [hazard.kind for hazard in step.hazards] == ["rewrite"]


def test_a_serial_key_stays_one(store: PostgreSQLStore, server: Any) -> None:
    apply(store, alter(store, "id", kind="bigint"))
    server.execute("INSERT INTO users (name) VALUES ('Eve')")
    assert rows(server, "id") == [1, 2, 3, 4]
    apply(store, alter(store, "id", kind="text"))
    assert rows(server, "id") == ["1", "2", "3", "4"]


def test_nulls_get_the_backfill_before_they_are_refused(
    store: PostgreSQLStore, server: Any
) -> None:
    backfill = Backfill(parts=(Fixed("user "), CopyOf("id")))
    assert apply(store, alter(store, "name", required=True, backfill=backfill)) == [
        "UPDATE users SET name = ('user ' || COALESCE(id::text, '')) WHERE name IS NULL;",
        "ALTER TABLE users ALTER COLUMN name SET NOT NULL;",
    ]
    assert rows(server, "name") == ["Ann", "Bob", "user 3"]
    apply(store, alter(store, "active", required=True, default=value("false")))
    assert rows(server, "active") == [True, False, False]
    assert old_column(store, "users", "active").default is not None
    apply(store, alter(store, "active", required=False, default=None))
    live = old_column(store, "users", "active")
    assert (live.required, live.default) == (False, None)


def test_a_copy_takes_the_other_columns_type(store: PostgreSQLStore, server: Any) -> None:
    copy = column("years", "int", backfill=Backfill(parts=(CopyOf("how_old"),)))
    apply(store, RenameColumn("users", "age", "how_old"), AddColumn("users", copy))
    assert rows(server, "years") == [30, 41, None]


def test_using_maps_values_then_converts(store: PostgreSQLStore, server: Any) -> None:
    server.execute("UPDATE users SET age = 'it''s old' WHERE id = 2")
    using = Using(values=(("it's old", "99"), ("30", None)))
    apply(store, alter(store, "age", kind="int", using=using))
    assert rows(server, "age") == [None, 99, None]


def test_using_maps_values_of_an_enumeration_in_place(store: PostgreSQLStore, server: Any) -> None:
    using = Using(values=((" 41", "41"),))
    apply(store, alter(store, "age", enum=("30", "41"), using=using))
    assert rows(server, "age") == ["30", "41", None]
    assert apply(store, alter(store, "age", enum=("30", "41", "42"))) == []


def test_using_an_expression(store: PostgreSQLStore, server: Any) -> None:
    using = Using(expression="length(name)")
    apply(store, alter(store, "active", kind="int", using=using))
    assert rows(server, "active") == [3, 3, None]


def test_what_the_app_made_is_followed(store: PostgreSQLStore, server: Any) -> None:
    server.execute(
        "CREATE TABLE people (id SERIAL PRIMARY KEY, name text NOT NULL, ok integer, made text)"
    )
    server.execute(
        "INSERT INTO people (name, ok, made) VALUES ('2024-01-31T10:20', 1, '2024-02-01')"
    )
    live = store.inspect(["people"]).tables[0]
    kinds: dict[str, TypeKind] = {"id": "int", "name": "str", "ok": "bool", "made": "datetime"}
    for name, kind in kinds.items():
        found = live.column(name)
        assert found is not None
        assert store.reads_as(found, ColumnType(kind=kind)), name
    managed = Table(
        name="people",
        columns=tuple(
            Column(name=c.name, type=ColumnType(kind=kinds[c.name]), native=c.native)
            for c in live.columns
        ),
    )
    old = managed.columns[1]
    changes: list[Change] = [
        AddColumn("people", column("nick", "str")),
        AddColumn("people", column("late", "bool", default=value("true"))),
        AddColumn("people", column("seen", "datetime", default=Default(kind="now"))),
        AlterColumn("people", old, column("name", "datetime", required=True)),
    ]
    steps = store.plan(changes, Schema(tables=(managed,)), Schema())
    statements = [statement for step in steps for statement in step.statements]
    assert statements[0] == "ALTER TABLE people ADD COLUMN nick TEXT;"
    assert statements[1] == "ALTER TABLE people ADD COLUMN late INTEGER DEFAULT 1;"
    assert statements[2].startswith("ALTER TABLE people ADD COLUMN seen TEXT DEFAULT to_char(")
    assert statements[3].startswith("UPDATE people SET name = ")
    _run(store, statements)
    made = server.execute("SELECT name, ok, late FROM people").fetchone()
    assert made == ("2024-01-31 10:20:00", 1, 1)
    assert old_column(store, "people", "seen").default == Default(kind="now")


def test_a_unique_index_is_dropped_as_one(store: PostgreSQLStore, server: Any) -> None:
    server.execute("CREATE UNIQUE INDEX hand_made ON users(name)")
    before = store.inspect(["users"])
    (unique,) = before.tables[0].unique
    (step,) = store.plan([DropConstraint("users", unique)], before, Schema())
    assert step.statements == ("DROP INDEX hand_made;",)
    assert step.undo == ("CREATE UNIQUE INDEX hand_made ON users(name);",)
    _run(store, [*step.statements, *step.undo])
    assert store.inspect(["users"]) == before


@pytest.mark.parametrize(
    ("obstacle", "named"),
    [
        ("CREATE VIEW grown_up AS SELECT age FROM users", "view grown_up"),
        ("CREATE MATERIALIZED VIEW old AS SELECT age FROM users", "materialized view old"),
        (
            "ALTER TABLE users ADD COLUMN years TEXT GENERATED ALWAYS AS (age || 'y') STORED",
            "generated column years",
        ),
    ],
)
def test_what_depends_on_a_column_is_named(
    store: PostgreSQLStore, server: Any, obstacle: str, named: str
) -> None:
    server.execute(obstacle)
    live = old_column(store, "users", "age")
    with pytest.raises(UnsupportedChange, match=f"{named} depends on it"):
        store.plan([DropColumn("users", live)], store.inspect(TABLES), Schema())
    apply(
        store,
        alter(store, "note", length=30),
        DropColumn("users", old_column(store, "users", "name")),
    )


def test_a_table_that_others_refer_to_is_not_dropped(store: PostgreSQLStore) -> None:
    apply(store, AddConstraint("posts", FK))
    current = store.inspect(TABLES)
    users, posts = current.table("users"), current.table("posts")
    assert users is not None
    assert posts is not None
    with pytest.raises(UnsupportedChange, match="foreign key fk_posts_user_id of posts"):
        store.plan([DropTable(users)], current, Schema())
    apply(store, DropConstraint("posts", FK), DropTable(users), DropTable(posts))
    assert not store.inspect(TABLES).tables


def test_what_goes_with_a_column_is_named(store: PostgreSQLStore, server: Any) -> None:
    server.execute("CREATE INDEX by_hand ON users(note, name)")
    live = old_column(store, "users", "note")
    (step,) = store.plan([DropColumn("users", live)], store.inspect(TABLES), Schema())
    assert [hazard.kind for hazard in step.hazards] == ["data_loss", "note", "lock"]
    assert "by_hand" in step.hazards[1].text
    index = Index(columns=("note", "name"), name="by_hand")
    _, step = store.plan(
        [DropIndex("users", index), DropColumn("users", live)], store.inspect(TABLES), Schema()
    )
    assert [hazard.kind for hazard in step.hazards] == ["data_loss", "lock"]


def test_a_failing_step_leaves_nothing(store: PostgreSQLStore, server: Any) -> None:
    before = store.inspect(TABLES), rows(server, "users")
    server.execute("UPDATE users SET age = 'old' WHERE id = 2")
    with pytest.raises(StepFailed, match="old") as failed:
        apply(
            store,
            AddColumn("users", EMAIL),
            DropTable(Table(name="posts", columns=())),
            alter(store, "age", kind="int"),
        )
    assert "ALTER COLUMN age TYPE INTEGER" in (failed.value.hint or "")
    server.execute("UPDATE users SET age = ' 41' WHERE id = 2")
    assert (store.inspect(TABLES), rows(server, "users")) == before


def test_a_required_column_without_values_fails(store: PostgreSQLStore) -> None:
    with pytest.raises(StepFailed, match="null"):
        apply(store, AddColumn("users", column("n", "int", required=True)))


def test_a_default_of_another_type_is_refused(store: PostgreSQLStore) -> None:
    with pytest.raises(UnsupportedChange, match="'x' is not a whole number"):
        apply(store, AddColumn("users", column("n", "int", default=value("x"))))


def test_a_generated_column_becomes_plain_and_gets_another_expression(
    store: PostgreSQLStore, server: Any
) -> None:
    apply(store, AddColumn("users", column("twice", "int", generated="id * 2")))
    apply(store, alter(store, "twice", generated="id * 3"))
    assert rows(server, "twice") == [3, 6, 9]
    change = alter(store, "twice")
    before = store.inspect(TABLES)
    (step,) = store.plan([change], before, Schema())
    _run(store, step.statements)
    assert rows(server, "twice") == [3, 6, 9]
    assert old_column(store, "users", "twice").generated is None
    _run(store, step.undo)
    assert _same(store.inspect(TABLES), before)
    with pytest.raises(UnsupportedChange, match="cannot become generated"):
        apply(store, alter(store, "age", generated="'a'"))
