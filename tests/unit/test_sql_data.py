import sqlite3
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from typing import Any, Literal

import pytest

from zmigration_api import (
    EVERYTHING,
    AllOf,
    AnyOf,
    Column,
    ColumnType,
    Compare,
    Condition,
    StoreError,
    Table,
    matches,
)
from zmigration_api.types import TypeKind
from zmigration_api.where import like_pattern
from zmigration_sql import Quoting
from zmigration_sql.data import delete, insert, select, update


class Plain:
    """Values as sqlite3 has them."""

    def to_store(self, value: Any, column: Column) -> Any:
        return value

    def from_store(self, raw: Any, column: Column) -> Any:
        if column.type.kind == "int" and not isinstance(raw, int):
            raise ValueError("is not a whole number")
        return raw


class Connection:
    dialect: Literal["sqlite", "postgresql"] = "sqlite"
    quoting = Quoting(frozenset({"order"}))
    placeholder = "?"
    codec = Plain()

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        connection.create_function(
            "zmigration_like", 2, lambda v, p: bool(like_pattern(p).fullmatch(str(v)))
        )

    def query(self, sql: str, params: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
        yield from self.connection.execute(sql, params)

    def rows(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return list(self.query(sql, params))

    def execute(self, sql: str, params: Sequence[Any] = ()) -> int:
        return self.connection.execute(sql, params).rowcount

    def execute_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> int:
        return self.connection.executemany(sql, rows).rowcount


def _column(name: str, kind: TypeKind) -> Column:
    return Column(name=name, type=ColumnType(kind=kind))


HOSTILE = 'x"; DROP TABLE users; --'
TABLE = Table(
    name="order",
    columns=(_column("id", "int"), _column("name", "text"), _column(HOSTILE, "int")),
)
ROWS: list[dict[str, Any]] = [
    {"id": 1, "name": "Ann%", HOSTILE: None},
    {"id": 2, "name": "ann_", HOSTILE: 5},
    {"id": 3, "name": None, HOSTILE: 7},
    {"id": 4, "name": "back\\slash", HOSTILE: -1},
]


@pytest.fixture
def executor() -> Iterator[Connection]:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute(
            """CREATE TABLE "order" (id INT, name TEXT, "x""; DROP TABLE users; --" INT)"""
        )
        executor = Connection(connection)
        assert insert(executor, TABLE, ROWS) == 4
        yield executor


CONDITIONS: list[Condition] = [
    EVERYTHING,
    AnyOf(()),
    Compare("id", "eq", 2),
    Compare("name", "ne", "ann_"),
    Compare("name", "null"),
    Compare("name", "notnull"),
    Compare("id", "in", ()),
    Compare("id", "in", (None,)),
    Compare("id", "in", (1, 4, None)),
    Compare("name", "like", "Ann%"),
    Compare("name", "like", "ann_"),
    Compare("name", "like", "back\\sl%"),
    Compare(HOSTILE, "gt", 5),
    Compare(HOSTILE, "gte", 5),
    Compare(HOSTILE, "lt", 5),
    Compare(HOSTILE, "lte", 5),
    Compare(HOSTILE, "gt", None),
    AllOf((Compare("id", "gt", 1), AnyOf((Compare("name", "null"), Compare("id", "lt", 3))))),
]


@pytest.mark.parametrize("condition", CONDITIONS, ids=str)
def test_select_agrees_with_matches(executor: Connection, condition: Condition) -> None:
    found = list(select(executor, TABLE, condition, order=[("id", "asc")]))
    assert found == [row for row in ROWS if matches(condition, row)]


def test_null_is_less_than_every_value(executor: Connection) -> None:
    down = select(executor, TABLE, columns=["id"], order=[("name", "desc")], limit=2, offset=2)
    assert [row["id"] for row in down] == [1, 3]
    up = select(executor, TABLE, columns=["id"], order=[("name", "asc")], offset=3)
    assert [row["id"] for row in up] == [4]


def test_update_and_delete_touch_what_the_condition_names(executor: Connection) -> None:
    assert update(executor, TABLE, Compare(HOSTILE, "gte", 5), {"name": "new", HOSTILE: None}) == 2
    assert delete(executor, TABLE, Compare("name", "eq", "new")) == 2
    assert [row["id"] for row in select(executor, TABLE)] == [1, 4]
    assert update(executor, TABLE, EVERYTHING, {"name": None}) == 2
    assert delete(executor, TABLE, EVERYTHING) == 2


def test_a_row_without_columns_gets_the_defaults(executor: Connection) -> None:
    assert insert(executor, TABLE, [{}, {"id": 9}, {"name": "b", "id": 8}]) == 3
    assert len(list(select(executor, TABLE))) == 7


def test_a_value_of_another_type_is_named(executor: Connection) -> None:
    executor.execute("""INSERT INTO "order" (id) VALUES ('seven')""")
    with pytest.raises(StoreError, match=r"order\.id holds 'seven', which is not a whole number"):
        list(select(executor, TABLE))


def test_reading_all_and_inserting_never_load_sqlalchemy() -> None:
    program = (
        "import sys, zmigration_sql.data, zmigration_sql.questions;"
        "sys.exit('sqlalchemy' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
