from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.unit.sqlite_files import column, make, master, migrate, opened, query, statements
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
    Step,
    StepFailed,
    Table,
    TypeKind,
    UniqueConstraint,
    UnsupportedChange,
    Using,
    VerificationFailed,
)

USERS = """
CREATE TABLE users (id INTEGER PRIMARY KEY, name VARCHAR(255), age VARCHAR(255));
INSERT INTO users (name, age) VALUES ('Ann', '30'), ('Bob', NULL);
"""
HOSTILE = 'x"; DROP TABLE users; --'


@pytest.fixture
def users(tmp_path: Path) -> Path:
    return make(tmp_path / "a.db", USERS)


def _value(text: str) -> Default:
    return Default(kind="value", text=text)


def _only(steps: Sequence[Step]) -> str:
    (statement,) = statements(steps)
    return statement


def _kinds(steps: Sequence[Step]) -> list[str]:
    return [hazard.kind for step in steps for hazard in step.hazards]


def test_the_specification_s_statements(users: Path) -> None:
    email = column("email", "str")
    added = migrate(users, AddColumn("users", email))
    assert _only(added) == "ALTER TABLE users ADD COLUMN email VARCHAR(255);"
    assert added[0].undo == ("ALTER TABLE users DROP COLUMN email;",)
    index = Index(columns=("email",), name="idx_users_email")
    indexed = migrate(users, AddIndex("users", index))
    assert _only(indexed) == "CREATE INDEX idx_users_email ON users(email);"
    assert _only(migrate(users, DropIndex("users", index))) == "DROP INDEX idx_users_email;"
    dropped = migrate(users, DropColumn("users", email))
    assert _only(dropped) == "ALTER TABLE users DROP COLUMN email;"
    assert dropped[0].undo == ("ALTER TABLE users ADD COLUMN email VARCHAR(255);",)
    assert _kinds(dropped) == ["data_loss"]
    assert not _kinds((*added, *indexed))


def test_a_table_is_created_with_its_foreign_keys(users: Path) -> None:
    key = ForeignKey(
        columns=("user_id",), ref_table="users", ref_columns=("id",), name="fk_posts_user_id"
    )
    posts = Table(
        name="posts",
        columns=(
            column("id", "bigint", required=True),
            column("user_id", "int"),
            column("done", "bool", required=True, default=_value("false")),
            column("title", "str", default=_value("it's; --")),
            column("at", "datetime", default=Default(kind="now")),
            column("price", "decimal", default=_value("1.50")),
            column(HOSTILE, "json"),
        ),
        primary_key=PrimaryKey(columns=("id",)),
        unique=(UniqueConstraint(columns=("title",), name="uq_posts_title"),),
        checks=(Check(name="ck", expression="price <> ')'"),),
        foreign_keys=(key,),
    )
    steps = migrate(users, CreateTable(posts), AddConstraint("posts", key))
    assert _only(steps) == (
        "CREATE TABLE posts (id INTEGER PRIMARY KEY, user_id INTEGER,"
        " done BOOLEAN NOT NULL DEFAULT FALSE, title VARCHAR(255) DEFAULT 'it''s; --',"
        " at TEXT DEFAULT CURRENT_TIMESTAMP, price TEXT DEFAULT '1.50',"
        ' "x""; DROP TABLE users; --" TEXT, CONSTRAINT uq_posts_title UNIQUE (title),'
        " CONSTRAINT ck CHECK (price <> ')'),"
        " CONSTRAINT fk_posts_user_id FOREIGN KEY (user_id) REFERENCES users(id));"
    )
    with opened(users) as store:
        (live,) = store.inspect(["POSTS"]).tables
        assert live.foreign_keys == posts.foreign_keys
        assert live.foreign_keys[0].name == "fk_posts_user_id"
        assert (live.unique, live.checks, live.key) == (posts.unique, posts.checks, ("id",))
        assert [c.default for c in live.columns] == [c.default for c in posts.columns]
        assert [c.required for c in live.columns] == [c.required for c in posts.columns]
        for there, wanted in zip(live.columns, posts.columns, strict=True):
            assert store.reads_as(there, wanted.type)


def test_a_key_that_is_no_row_number_refuses_nulls(users: Path) -> None:
    codes = Table(
        name="codes",
        columns=(column("code", "str"), column("lang", "str")),
        primary_key=PrimaryKey(columns=("code", "lang")),
    )
    assert _only(migrate(users, CreateTable(codes))) == (
        "CREATE TABLE codes (code VARCHAR(255) NOT NULL, lang VARCHAR(255) NOT NULL,"
        " PRIMARY KEY (code, lang));"
    )


@pytest.mark.parametrize(
    ("new", "values"),
    [
        (column("c", "int", default=_value("5")), [5, 5]),
        (column("c", "bool", required=True, default=_value("true")), [1, 1]),
        (column("c", "str", backfill=Backfill(parts=(Fixed("x'y"),))), ["x'y", "x'y"]),
        (
            column("c", "str", default=_value("d"), backfill=Backfill(parts=(Fixed(None),))),
            [None, None],
        ),
        (column("c", "int", backfill=Backfill(parts=(CopyOf("age"),))), [30, None]),
        (
            column(
                "c", "text", backfill=Backfill(parts=(CopyOf("name"), Fixed("@"), CopyOf("id")))
            ),
            ["Ann@1", "Bob@2"],
        ),
        (column("c", "blob", default=_value("a")), [b"a", b"a"]),
    ],
    ids=str,
)
def test_rows_that_are_there_are_filled_in_place(
    users: Path, new: Column, values: list[object]
) -> None:
    steps = migrate(users, AddColumn("users", new))
    assert statements(steps)[0].startswith("ALTER TABLE users ADD COLUMN c ")
    assert [row[0] for row in query(users, "SELECT c FROM users ORDER BY id")] == values
    with opened(users) as store:
        live = store.inspect(["users"]).tables[0].column("c")
        assert live is not None
        assert (live.required, live.default) == (new.required, new.default)


def test_a_required_column_with_a_backfill_alone_needs_a_rebuild(users: Path) -> None:
    new = column("c", "str", required=True, backfill=Backfill(parts=(CopyOf("name"),)))
    steps = migrate(users, AddColumn("users", new))
    assert "SELECT id, name, age, name FROM users" in statements(steps)[1]
    assert _kinds(steps) == ["rewrite"]
    assert query(users, "SELECT c FROM users") == [("Ann",), ("Bob",)]


def test_a_required_column_without_any_value_is_refused_by_the_rows(users: Path) -> None:
    before = master(users)
    with pytest.raises(StepFailed, match="users: Cannot add a NOT NULL column"):
        migrate(users, AddColumn("users", column("c", "str", required=True)))
    assert master(users) == before


@pytest.mark.parametrize(("kind", "length"), [("datetime", 19), ("date", 10), ("time", 8)])
def test_now_fills_rows_with_one_moment(users: Path, kind: str, length: int) -> None:
    now = Default(kind="now")
    first = column("c", kind, default=now, required=True)  # type: ignore[arg-type]
    steps = migrate(users, AddColumn("users", first))
    assert f"zmigration_now('{kind}')" in statements(steps)[1]
    moments = {row[0] for row in query(users, "SELECT c FROM users")}
    assert len(moments) == 1
    assert len(moments.pop()) == length
    make(users, "INSERT INTO users (name) VALUES ('new')")
    assert query(users, "SELECT length(c) FROM users WHERE name = 'new'") == [(length,)]


def test_now_is_native_where_there_are_no_rows(users: Path) -> None:
    make(users, "DELETE FROM users")
    at = column("at", "datetime", default=Default(kind="now"))
    assert _only(migrate(users, AddColumn("users", at))) == (
        "ALTER TABLE users ADD COLUMN at TEXT DEFAULT CURRENT_TIMESTAMP;"
    )


def test_all_changes_that_need_a_rebuild_are_one_step(users: Path) -> None:
    make(users, "CREATE TABLE teams (id INTEGER PRIMARY KEY)")
    key = ForeignKey(columns=("team",), ref_table="teams", ref_columns=("id",), name="fk_team")
    changes: list[Change] = [
        AddColumn("users", column("team", "int")),
        AlterColumn(
            "users",
            column("age", "str"),
            column("age", "int", required=True, backfill=Backfill(parts=(Fixed("0"),))),
        ),
        DropColumn("users", column("name", "str")),
        AddConstraint("users", Check(name="old", expression="age >= 0")),
        AddConstraint("users", UniqueConstraint(columns=("age",), name="uq_users_age")),
        AddConstraint("users", key),
    ]
    steps = migrate(users, *changes)
    assert [len(step.changes) for step in steps] == [5, 1]
    assert steps[0].statements[:2] == (
        "CREATE TABLE __zmigration_new_users (id INTEGER PRIMARY KEY, age INTEGER NOT NULL,"
        " team INTEGER, CONSTRAINT old CHECK (age >= 0),"
        " CONSTRAINT fk_team FOREIGN KEY (team) REFERENCES teams(id));",
        "INSERT INTO __zmigration_new_users (id, age, team)"
        " SELECT id, coalesce(zmigration_convert(age, 'str', 'int'), 0), NULL FROM users;",
    )
    assert statements(steps)[-1] == "CREATE UNIQUE INDEX uq_users_age ON users(age);"
    assert query(users, "SELECT * FROM users") == [(1, 30, None), (2, 0, None)]
    assert _kinds(steps) == ["data_loss", "rewrite"]


def test_changes_that_the_file_need_not_be_told_of(users: Path) -> None:
    def name(length: int) -> Column:
        return Column(name="name", type=ColumnType(kind="str", length=length))

    app = Default(kind="app", text="&f()")
    changes = [
        AlterColumn("users", name(255), name(300)),
        AlterColumn("users", name(300), column("name", "str")),
        AlterColumn("users", column("name"), column("name", default=app)),
        AlterColumn("users", column("name", enum=("a",)), column("name")),
    ]
    for change in changes:
        assert statements(migrate(users, change)) == []


def test_a_narrower_length_is_proved_on_the_rows(users: Path) -> None:
    short = Column(name="name", type=ColumnType(kind="str", length=3))
    (statement,) = statements(migrate(users, AlterColumn("users", column("name", "str"), short)))
    assert statement.startswith("UPDATE users SET name = zmigration_convert(name, 'str', 'str(3)')")
    shorter = Column(name="name", type=ColumnType(kind="str", length=2))
    with pytest.raises(StepFailed, match="is longer than 2 characters"):
        migrate(users, AlterColumn("users", short, shorter))


def test_proving_a_key_or_under_triggers_needs_no_rebuild(users: Path) -> None:
    make(users, "CREATE UNIQUE INDEX u ON users(name); CREATE TABLE log(x);")
    make(
        users,
        "CREATE TRIGGER tr AFTER UPDATE ON users BEGIN INSERT INTO log VALUES (1); END",
    )
    short = Column(name="name", type=ColumnType(kind="str", length=3))
    (statement,) = statements(migrate(users, AlterColumn("users", column("name", "str"), short)))
    assert statement.startswith("UPDATE")
    assert query(users, "SELECT * FROM log") == []
    big = AlterColumn("users", column("id", "int"), column("id", "bigint"))
    assert statements(migrate(users, big)) == []


def test_an_index_that_only_shares_a_name_with_a_column_stays(users: Path) -> None:
    make(users, "ALTER TABLE users RENAME TO age; CREATE INDEX name ON age(id)")
    migrate(users, DropColumn("age", column("age")), DropColumn("age", column("name")))
    assert "index name" in master(users)


def test_values_are_mapped_and_expressions_are_taken_as_they_are(users: Path) -> None:
    mapped = column("age", "int", using=Using(values=(("30", "3"),)))
    migrate(users, AlterColumn("users", column("age", "str"), mapped))
    assert query(users, "SELECT age FROM users") == [(3,), (None,)]
    computed = column("age", "int", using=Using(expression="length(name) + id"))
    migrate(users, AlterColumn("users", column("age", "int"), computed))
    assert query(users, "SELECT age FROM users") == [(4,), (5,)]
    wrong = column("age", "int", using=Using(expression="nowhere + 1"))
    with pytest.raises(UnsupportedChange, match="no such column: nowhere"):
        migrate(users, AlterColumn("users", column("age", "int"), wrong))


def test_an_update_sets_off_no_trigger(users: Path) -> None:
    make(
        users,
        "CREATE TABLE log (x); CREATE TRIGGER tr AFTER UPDATE ON users"
        " BEGIN INSERT INTO log VALUES (new.id); END",
    )
    migrate(users, AlterColumn("users", column("age"), column("age", "decimal")))
    migrate(users, AddColumn("users", column("c", backfill=Backfill(parts=(CopyOf("name"),)))))
    assert query(users, "SELECT c, age FROM users") == [("Ann", "30"), ("Bob", None)]
    assert query(users, "SELECT * FROM log") == []
    make(users, "UPDATE users SET name = 'x' WHERE id = 1")
    assert query(users, "SELECT * FROM log") == [(1,)]


def test_renames_reach_what_refers_to_them(users: Path) -> None:
    make(
        users,
        "CREATE TABLE posts (id INTEGER PRIMARY KEY, u INT REFERENCES users(id));"
        "CREATE VIEW seen AS SELECT name FROM users;"
        "CREATE TRIGGER tr AFTER DELETE ON users BEGIN DELETE FROM posts WHERE u = old.id; END;"
        "INSERT INTO posts VALUES (1, 2)",
    )
    steps = migrate(
        users,
        RenameTable("users", "people"),
        RenameColumn("people", "name", "full name"),
        AlterColumn("people", column("age", "str"), column("age", "int")),
        AddColumn("people", column("c", backfill=Backfill(parts=(CopyOf("full name"),)))),
    )
    assert statements(steps)[:2] == [
        "ALTER TABLE users RENAME TO people;",
        'ALTER TABLE people RENAME COLUMN name TO "full name";',
    ]
    assert query(users, "SELECT * FROM seen") == [("Ann",), ("Bob",)]
    assert query(users, "SELECT c FROM people") == [("Ann",), ("Bob",)]
    assert '"people"' in master(users)["table posts"]
    make(users, "DELETE FROM people WHERE id = 2")
    assert query(users, "SELECT * FROM posts") == []


def test_names_can_be_swapped_and_change_their_case(users: Path) -> None:
    make(users, "CREATE TABLE other (x)")
    migrate(
        users,
        RenameTable("users", "other"),
        RenameTable("other", "users"),
        RenameColumn("other", "name", "age"),
        RenameColumn("other", "age", "name"),
        RenameColumn("users", "x", "X"),
    )
    assert query(users, "SELECT age, name FROM other") == [("Ann", "30"), ("Bob", None)]
    assert master(users)["table users"].endswith('("X")')
    back = migrate(users, RenameTable("other", "Other"))
    assert query(users, "SELECT count(*) FROM sqlite_master WHERE name = 'Other'") == [(1,)]
    make(users, "".join(back[0].undo))
    assert query(users, "SELECT count(*) FROM sqlite_master WHERE name = 'other'") == [(1,)]


def test_a_column_takes_its_own_indexes_and_keys_along(users: Path) -> None:
    make(
        users,
        "DROP TABLE users; CREATE TABLE users (id INTEGER PRIMARY KEY, a INT UNIQUE, b INT,"
        " c INT REFERENCES users, UNIQUE (a, b), FOREIGN KEY (b) REFERENCES users(id));"
        "CREATE INDEX idx_b ON users(c, b); CREATE INDEX expr ON users(b + 1);"
        "CREATE INDEX idx_c ON users(c); INSERT INTO users VALUES (1, 2, NULL, NULL)",
    )
    steps = migrate(users, DropColumn("users", column("b", "int")))
    texts = [hazard.text for step in steps for hazard in step.hazards]
    assert texts == [
        "the values in users.b go",
        "the index expr goes with the column that it is on",
        "the index idx_b goes with the column that it is on",
        "the table users is written anew",
    ]
    assert master(users)["table users"] == (
        'CREATE TABLE "users" (id INTEGER PRIMARY KEY, a INT UNIQUE, c INT REFERENCES users)'
    )
    assert [key for key in master(users) if key.startswith("index")] == ["index idx_c"]
    steps = migrate(users, DropColumn("users", column("c", "int")))
    assert statements(steps)[-1] == "ALTER TABLE users DROP COLUMN c;" or len(steps) == 1
    assert query(users, "SELECT * FROM users") == [(1, 2)]


@pytest.mark.parametrize(
    ("script", "names"),
    [
        ("CREATE VIEW seen AS SELECT age FROM users", "view seen"),
        ('CREATE VIEW seen AS SELECT "age" FROM users', "view seen"),
        (
            "CREATE TRIGGER tr AFTER INSERT ON users BEGIN"
            " UPDATE users SET age = 1 WHERE id = new.id; END",
            "trigger tr",
        ),
    ],
)
@pytest.mark.parametrize("rebuilt", [False, True])
def test_a_column_that_something_else_needs_is_refused_by_name(
    users: Path, script: str, names: str, rebuilt: bool
) -> None:
    make(users, script)
    before = master(users)
    changes: list[Change] = [DropColumn("users", column("age"))]
    if rebuilt:
        required = column("name", "str", required=True)
        changes.insert(0, AlterColumn("users", column("name", "str"), required))
    with pytest.raises(UnsupportedChange, match=names):
        migrate(users, *changes)
    assert master(users) == before


def test_a_column_that_a_check_needs_is_refused(users: Path) -> None:
    migrate(users, AddConstraint("users", Check(name="ck", expression='"age" > id')))
    with pytest.raises(UnsupportedChange, match=r'users.age cannot go: CHECK \("age" > id\)'):
        migrate(users, DropColumn("users", column("age")))


def test_a_table_that_a_view_needs_is_refused_and_broken_views_are_left(users: Path) -> None:
    make(
        users,
        "CREATE VIEW broken AS SELECT * FROM nowhere; CREATE VIEW seen AS SELECT id FROM users",
    )
    (table,) = _inspected(users)
    with pytest.raises(UnsupportedChange, match="view seen"):
        migrate(users, DropTable(table))
    required = column("age", "str", required=True, backfill=Backfill(parts=(Fixed("1"),)))
    migrate(users, AlterColumn("users", column("age", "str"), required))
    assert query(users, "SELECT * FROM seen") == [(1,), (2,)]
    assert "view broken" in master(users)


def _inspected(path: Path, *names: str) -> tuple[Table, ...]:
    with opened(path) as store:
        return store.inspect(names or ["users"]).tables


def test_a_dropped_table_and_its_parts_are_one_step(users: Path) -> None:
    make(users, "CREATE INDEX i ON users(age)")
    (table,) = _inspected(users)
    before = master(users)
    steps = migrate(users, DropIndex("users", table.indexes[0]), DropTable(table))
    assert _only(steps) == "DROP TABLE users;"
    assert len(steps[0].changes) == 2
    assert _kinds(steps) == ["data_loss"]
    make(users, "".join(steps[0].undo))
    assert master(users) == before


CONSTRAINTS = (
    "DROP TABLE users; CREATE TABLE users (id INT PRIMARY KEY, a INT CONSTRAINT ua UNIQUE"
    " REFERENCES users(id) ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED NOT NULL,"
    " b INT CONSTRAINT cb CHECK (b > 0), c INT, UNIQUE (b, c),"
    " CONSTRAINT fk_c FOREIGN KEY (c) REFERENCES users(id), CHECK (c <> ')'));"
    "CREATE UNIQUE INDEX uq_c ON users(c); INSERT INTO users VALUES (1, 1, 1, 1)"
)


@pytest.mark.parametrize(
    ("constraint", "gone"),
    [
        (UniqueConstraint(columns=("a",), name="ua"), " CONSTRAINT ua UNIQUE"),
        (UniqueConstraint(columns=("b", "c"), name="x"), " UNIQUE (b, c),"),
        (Check(name="cb", expression="b > 0"), " CONSTRAINT cb CHECK (b > 0)"),
        (
            ForeignKey(columns=("a",), ref_table="users", ref_columns=("id",), name="x"),
            " REFERENCES users(id) ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED",
        ),
        (
            ForeignKey(columns=("c",), ref_table="users", ref_columns=("id",), name="x"),
            " CONSTRAINT fk_c FOREIGN KEY (c) REFERENCES users(id),",
        ),
        (Check(name="ck_users_2", expression="c <> ')'"), ", CHECK (c <> ')')"),
    ],
    ids=str,
)
def test_a_constraint_goes_alone(users: Path, constraint: Change, gone: str) -> None:
    make(users, CONSTRAINTS)
    text = master(users)["table users"]
    assert text.count(gone) == 1
    migrate(users, DropConstraint("users", constraint))  # type: ignore[arg-type]
    expected = text.replace(gone, "").replace("TABLE users", 'TABLE "users"')
    assert master(users)["table users"] == expected
    assert "index uq_c" in master(users)
    with pytest.raises(UnsupportedChange, match="no such constraint"):
        migrate(users, DropConstraint("users", constraint))  # type: ignore[arg-type]


def test_a_primary_key_goes_and_comes(tmp_path: Path) -> None:
    path = make(tmp_path / "a.db", "CREATE TABLE t(a INT PRIMARY KEY, b INT NULL)")
    key = PrimaryKey(columns=("a", "b"))
    migrate(path, DropConstraint("t", PrimaryKey(columns=("a",))), AddConstraint("t", key))
    assert master(path)["table t"] == (
        'CREATE TABLE "t"(a INT NOT NULL, b INT NOT NULL, PRIMARY KEY (a, b))'
    )


def test_a_key_that_others_refer_to_cannot_go(users: Path) -> None:
    make(users, "CREATE TABLE p(u INT REFERENCES users(id)); INSERT INTO p VALUES (1)")
    before = master(users)
    with pytest.raises(VerificationFailed, match="foreign keys of p refer to columns that are no"):
        migrate(users, DropConstraint("users", PrimaryKey(columns=("id",))))
    assert master(users) == before


def test_a_unique_index_goes_natively(users: Path) -> None:
    make(users, CONSTRAINTS)
    unique = UniqueConstraint(columns=("C",), name="whatever")
    assert _only(migrate(users, DropConstraint("users", unique))) == "DROP INDEX uq_c;"


def test_a_new_row_number_key_takes_the_rows_numbers(tmp_path: Path) -> None:
    path = make(
        tmp_path / "a.db", "CREATE TABLE t(v); INSERT INTO t(rowid, v) VALUES (4,'a'),(9,'b')"
    )
    migrate(
        path,
        AddColumn("t", column("id", "int", required=True)),
        AddConstraint("t", PrimaryKey(columns=("id",))),
    )
    assert query(path, "SELECT id, v FROM t") == [(4, "a"), (9, "b")]
    make(path, "INSERT INTO t(v) VALUES ('c')")
    assert query(path, "SELECT id FROM t WHERE v = 'c'") == [(10,)]


def test_strict_tables_get_types_that_they_know(tmp_path: Path) -> None:
    path = make(tmp_path / "a.db", "CREATE TABLE t(id INTEGER PRIMARY KEY) STRICT")
    kinds: tuple[TypeKind, ...] = (
        "int",
        "bigint",
        "float",
        "decimal",
        "str",
        "bool",
        "datetime",
        "json",
        "blob",
    )
    migrate(path, *(AddColumn("t", column(f"c_{k}", k)) for k in kinds))
    (table,) = _inspected(path, "t")
    with opened(path) as store:
        for position, kind in enumerate(kinds, start=1):
            assert store.reads_as(table.columns[position], ColumnType(kind=kind))


def test_a_broken_statement_is_refused_with_sqlite_s_reason(users: Path) -> None:
    with pytest.raises(UnsupportedChange, match="users has no column nothing"):
        migrate(users, AddIndex("users", Index(columns=("nothing",), name="i")))
    with pytest.raises(UnsupportedChange, match="'x' is not a whole number"):
        migrate(users, AddColumn("users", column("c", "int", default=_value("x"))))
    with pytest.raises(UnsupportedChange, match="cannot be the name"):
        migrate(users, AddColumn("users", column("a\0b")))


def test_planning_changes_nothing(users: Path) -> None:
    content = users.read_bytes()
    with opened(users) as store:
        store.plan(
            [AlterColumn("users", column("age", "str"), column("age", "int"))],
            store.inspect(["users"]),
            Schema(),
        )
    assert users.read_bytes() == content
    assert [p.name for p in users.parent.iterdir()] == ["a.db"]
