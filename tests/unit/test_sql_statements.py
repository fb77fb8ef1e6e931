import pytest

from zmigration_api import (
    Check,
    Column,
    ColumnType,
    Default,
    ForeignKey,
    Index,
    PrimaryKey,
    Table,
    UniqueConstraint,
    UnsupportedChange,
)
from zmigration_sql import Quoting, Statements, literal

SQL = Statements(Quoting(frozenset({"order"})))


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("users", "users"),
        ("_a1", "_a1"),
        ("1a", '"1a"'),
        ("userName", '"userName"'),
        ("order", '"order"'),
        ("größe", '"größe"'),
        ("a b", '"a b"'),
        ('x"; DROP TABLE users; --', '"x""; DROP TABLE users; --"'),
        ("line\n", '"line\n"'),
    ],
)
def test_names_are_quoted_when_they_must_be(name: str, written: str) -> None:
    assert SQL.quoting.name(name) == written


@pytest.mark.parametrize("name", ["", "a\0b"])
def test_what_no_store_can_name_is_refused(name: str) -> None:
    with pytest.raises(UnsupportedChange, match="cannot be the name"):
        SQL.quoting.name(name)


def test_literals() -> None:
    assert literal("it's") == "'it''s'"
    with pytest.raises(UnsupportedChange, match="cannot stand in a SQL statement"):
        literal("a\0")


def test_the_statements_of_the_specification() -> None:
    assert SQL.create_index("users", Index(columns=("email",), name="idx_users_email")) == (
        "CREATE INDEX idx_users_email ON users(email);"
    )
    assert SQL.drop_column("users", "old_field") == "ALTER TABLE users DROP COLUMN old_field;"
    email = Column(name="email", type=ColumnType(kind="str"))
    assert SQL.add_column("users", SQL.column(email, "VARCHAR(255)", None)) == (
        "ALTER TABLE users ADD COLUMN email VARCHAR(255);"
    )
    key = ForeignKey(
        columns=("user_id",), ref_table="users", ref_columns=("id",), name="fk_posts_user_id"
    )
    assert SQL.add_constraint("posts", key) == (
        "ALTER TABLE posts ADD CONSTRAINT fk_posts_user_id"
        " FOREIGN KEY (user_id) REFERENCES users(id);"
    )


def test_a_whole_table_on_one_line() -> None:
    table = Table(
        name="order",
        columns=(
            Column(name="a", type=ColumnType(kind="int"), required=True),
            Column(name="b", type=ColumnType(kind="str"), default=Default(kind="value", text="x")),
            Column(name="c", type=ColumnType(kind="int"), generated="a + 1"),
        ),
        primary_key=PrimaryKey(columns=("a", "b")),
        unique=(UniqueConstraint(columns=("b", "c"), name="uq"),),
        checks=(Check(name="ck", expression="a > 0"),),
    )
    key = ForeignKey(
        columns=("b",),
        ref_table="order",
        ref_columns=("b",),
        on_delete="SET NULL",
        on_update="CASCADE",
        name="fk",
    )
    text = SQL.create_table(
        table, lambda c: c.type.kind.upper(), lambda c: "'x'" if c.default else None, [key]
    )
    assert text == (
        "CREATE TABLE \"order\" (a INT NOT NULL, b STR DEFAULT 'x',"
        " c INT GENERATED ALWAYS AS (a + 1) STORED, PRIMARY KEY (a, b),"
        " CONSTRAINT uq UNIQUE (b, c), CONSTRAINT ck CHECK (a > 0), CONSTRAINT fk"
        ' FOREIGN KEY (b) REFERENCES "order"(b) ON DELETE SET NULL ON UPDATE CASCADE);'
    )


def test_a_key_of_one_column_stands_beside_it() -> None:
    texts = {"int": "id INT PRIMARY KEY", "text": "id TEXT NOT NULL PRIMARY KEY"}
    for kind, written in texts.items():
        column = Column(
            name="id",
            type=ColumnType(kind=kind),  # type: ignore[arg-type]
            required=True,
        )
        table = Table(name="t", columns=(column,), primary_key=PrimaryKey(columns=("id",)))
        text = SQL.create_table(table, lambda c: c.type.kind.upper(), lambda c: None)
        assert text == f"CREATE TABLE t ({written});"
