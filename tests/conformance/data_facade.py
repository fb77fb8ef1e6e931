"""What `zcli.data.<table>` does, whatever the store: a class for every backend to inherit.

The subclass gives one fixture, `store`: an open store inside `begin`, with no tables.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from zmigration_api import (
    Column,
    ColumnType,
    CreateTable,
    Data,
    Default,
    MigrationError,
    PrimaryKey,
    Schema,
    Store,
    StoreError,
    Table,
    TableData,
    TypeKind,
    UniqueConstraint,
    UsageError,
    no_progress,
)

HOSTILE = 'x"; DROP TABLE users; -- %s'
UUIDS = [f"{digit * 8}-0000-4000-8000-{digit * 12}" for digit in "13f"]


def column(name: str, kind: TypeKind = "str", **more: Any) -> Column:
    return Column(name=name, type=ColumnType(kind=kind), **more)


def table(name: str, *columns: Column, key: str = "id", unique: str = "") -> Table:
    return Table(
        name=name,
        columns=columns,
        primary_key=PrimaryKey(columns=tuple(key.split())) if key else None,
        unique=(UniqueConstraint(columns=(unique,), name=f"uq_{name}_{unique}"),) if unique else (),
    )


USERS = table(
    "users",
    column("id", "int"),
    column("name"),
    column("age", "int"),
    column("email"),
    unique="email",
)
ROWS: list[dict[str, Any]] = [
    {"id": 1, "name": "Ann%", "age": 30, "email": "a@x"},
    {"id": 2, "name": "ann_", "age": None, "email": None},
    {"id": 3, "name": None, "age": -7, "email": "c@x"},
    {"id": 4, "name": "back\\slash", "age": 30, "email": 'Zoë, "quoted"\nover two lines'},
    {"id": 5, "name": "007", "age": 0, "email": "e@x"},
]
# Three values of each kind, the smallest first.
VALUES: dict[TypeKind, list[Any]] = {
    "int": [-(2**31), 7, 2**31 - 1],
    "bigint": [-(2**63), 2**53 + 1, 2**63 - 1],
    "float": [-1.5, 0.1, 1e300],
    "decimal": [Decimal("-0.01"), Decimal("9.5"), Decimal("12345678901234567890.123")],
    "str": ["B", "a", "é"],
    "text": ["10", "9", "nine\r\nlines"],
    "bool": [False, True],
    "date": [date(1, 1, 1), date(2024, 2, 29), date(9999, 12, 31)],
    "time": [time(0), time(1, 2, 3, 400), time(23, 59, 59, 999_999)],
    "datetime": [datetime(1, 1, 1), datetime(2024, 2, 29, 1, 2, 3), datetime(9999, 12, 31, 23)],
    "blob": [b"\x00\xff", b"text", b"\xff,\n"],
    "uuid": UUIDS,
}
JSON = [{"a": [1, None, {"b": "ü"}]}, [1, 2.5], "text", 12, True, {}]


def tables(store: Store, *wanted: Table) -> Data:
    """The tables, made in the store."""
    for one in wanted:
        for step in store.plan([CreateTable(one)], Schema(), Schema(tables=(one,))):
            store.run(step, no_progress)
    schema = Schema(tables=wanted)
    return Data(store, lambda: schema)


def filled(store: Store) -> TableData:
    users = tables(store, USERS)["users"]
    assert users.insert_many(ROWS) == len(ROWS)
    return users


def ids(rows: list[dict[str, Any]]) -> list[int]:
    return [row["id"] for row in rows]


WHERE: list[tuple[Mapping[str, object] | None, list[int]]] = [
    (None, [1, 2, 3, 4, 5]),
    ({}, [1, 2, 3, 4, 5]),
    ({"id": 3}, [3]),
    ({"id": "3"}, [3]),
    ({"id": 9}, []),
    ({"age": 30}, [1, 4]),
    ({"age": 30, "name": "Ann%"}, [1]),
    ({"age": None}, [2]),
    ({"age": [30, 0, None]}, [1, 4, 5]),
    ({"age": ()}, []),
    ({"age": {-7, 0}}, [3, 5]),
    ({"age": {"$eq": 0}}, [5]),
    ({"age": {"$eq": None}}, [2]),
    ({"age": {"$ne": 30}}, [3, 5]),
    ({"age": {"$ne": None}}, [1, 3, 4, 5]),
    ({"age": {"$gt": 0}}, [1, 4]),
    ({"age": {"$gte": 0}}, [1, 4, 5]),
    ({"age": {"$lt": 0}}, [3]),
    ({"age": {"$lte": 0}}, [3, 5]),
    ({"age": {"$gt": None}}, []),
    ({"age": {"$gte": -7, "$lt": 30}}, [3, 5]),
    ({"age": {"$in": [0, 30]}}, [1, 4, 5]),
    ({"age": {"$in": []}}, []),
    ({"age": {"$in": range(-10, 1)}}, [3, 5]),
    ({"age": {"$null": True}}, [2]),
    ({"age": {"$null": False}}, [1, 3, 4, 5]),
    ({"age": {"$notnull": True}}, [1, 3, 4, 5]),
    ({"age": {"$notnull": False}}, [2]),
    ({"age": {"$like": "3%"}}, [1, 4]),
    ({"name": {"$like": "Ann%"}}, [1]),
    ({"name": {"$like": "ann_"}}, [2]),
    ({"name": {"$like": "ANN_"}}, []),
    ({"name": {"$like": "%\\slash"}}, [4]),
    ({"name": {"$like": "0_7"}}, [5]),
    ({"name": {"$like": None}}, []),
    ({"email": {"$like": "Zo_,%lines"}}, [4]),
    ({"name": 7}, []),
    ({"name": "007"}, [5]),
    ({"$or": [{"id": 1}, {"age": None}]}, [1, 2]),
    ({"or": [{"id": 1}, {"age": None}]}, [1, 2]),
    ({"$or": []}, []),
    ({"$or": [{}]}, [1, 2, 3, 4, 5]),
    ({"age": 30, "$or": [{"id": {"$lt": 3}}, {"$or": [{"id": 5}, {"name": None}]}]}, [1]),
    ({"email": "e@x"}, [5]),
    ({"email": ["e@x", "a@x", "nobody"]}, [1, 5]),
    ({"id": 1, "email": "e@x"}, []),
]
REFUSED: list[tuple[Callable[[TableData], object], str]] = [
    (lambda t: t.select(where={"nope": 1}), "users has no column 'nope'"),
    (lambda t: t.select(fields=["nope"]), "users has no column 'nope'"),
    (lambda t: t.select(fields=[]), "users: fields names no column"),
    (lambda t: t.select(order="nope"), "users has no column 'nope'"),
    (lambda t: t.select(order="id sideways"), "users has no column 'id sideways'"),
    (lambda t: t.iterate(where={"nope": 1}), "users has no column 'nope'"),
    (lambda t: t.insert(nope=1), "users has no column 'nope'"),
    (lambda t: t.insert_many([{"nope": 1}]), "users has no column 'nope'"),
    (lambda t: t.update(where={"id": 1}, set={"nope": 1}), "users has no column 'nope'"),
    (lambda t: t.update_many([{"id": 1, "nope": 1}]), "users has no column 'nope'"),
    (lambda t: t.update_many([{"id": 1, "age": 1}], key="nope"), "users has no column 'nope'"),
    (lambda t: t.upsert({"id": 1, "nope": 1}), "users has no column 'nope'"),
    (lambda t: t.delete(where={"nope": 1}), "users has no column 'nope'"),
    (lambda t: t.count({"nope": 1}), "users has no column 'nope'"),
    (lambda t: t.select(where={"age": {"$above": 1}}), "unknown operator '$above'"),
    (lambda t: t.select(where={"age": {">": 1}}), "unknown operator '>'"),
    (
        lambda t: t.delete(where={"age": {}}),
        "the condition for users.age is an empty dict, which names no operator",
    ),
    (lambda t: t.select(where="age > 1"), "where must be a dict, not str"),  # type: ignore[arg-type]
    (lambda t: t.select(where={"age": {"$in": "123"}}), '"$in" takes a list of values'),
    (lambda t: t.select(where={"$or": {"id": 1}}), '"$or" takes a list of where-dicts'),
    (lambda t: t.select(where={"age": "old"}), "users.age: 'old' is not a whole number"),
    (lambda t: t.select(where={"age": [1, "old"]}), "users.age: 'old' is not a whole number"),
    (lambda t: t.insert(age="old"), "users.age: 'old' is not a whole number"),
    (lambda t: t.insert(age=2**31), "users.age: 2147483648 is outside the range of int"),
    (lambda t: t.insert(age=1.5), "users.age: 1.5 is not a whole number"),
    (lambda t: t.insert(name=["a"]), "users.name: ['a'] is of the type list, which is no str"),
    (lambda t: t.insert(name=b"a"), "users.name: b'a' is of the type bytes, which is no str"),
    (lambda t: t.insert(name="\ud800"), "users.name: '\\ud800' is not valid Unicode"),
    (lambda t: t.update(set={"id": None}), "users.id is required and cannot be null"),
    (lambda t: t.update(where={"id": 1}), "users.update needs set={...} with a column"),
    (lambda t: t.update(set={}), "users.update needs set={...} with a column"),
    (
        lambda t: t.update_many([{"age": 1}]),
        "users.update_many needs a value for each of its key columns",
    ),
    (lambda t: t.update_many([{"id": 1}]), "users.update_many needs a column to set in each row"),
    (lambda t: t.upsert({"age": 1}), "users.upsert needs a value for each of its key columns"),
    (lambda t: t.select(limit=-1), "limit is -1, which is not a number of rows"),
    (lambda t: t.select(offset=-1), "offset is -1, which is not a number of rows"),
    (lambda t: t.select(limit="1"), "limit is '1', which is not a number of rows"),  # type: ignore[arg-type]
]
BAD: list[tuple[TypeKind, object, str]] = [
    ("float", float("nan"), "nan is not a finite number"),
    ("float", float("inf"), "inf is not a finite number"),
    ("decimal", Decimal("NaN"), "Decimal('NaN') is not a finite number"),
    ("bool", 2, "2 is neither true nor false"),
    ("date", "31.1.2024", "'31.1.2024' is not a date like 2024-01-31"),
    ("time", "25:00", "'25:00' is not in the calendar or on the clock"),
    (
        "datetime",
        datetime(2024, 1, 1, tzinfo=timezone.utc),
        "datetime.datetime(2024, 1, 1, 0, 0, tzinfo=datetime.timezone.utc)"
        " has a time zone, which a column does not keep",
    ),
    ("json", {1, 2}, "{1, 2} is not JSON"),
    ("json", float("nan"), "nan is not JSON"),
    ("uuid", "12", "'12' is not a UUID"),
    ("blob", 5, "5 is of the type int, which is no blob"),
]
GIVEN: list[tuple[TypeKind, object, object]] = [
    ("int", "12", 12),
    ("int", 12.0, 12),
    ("int", True, 1),
    ("float", 3, 3.0),
    ("float", "1e3", 1000.0),
    ("decimal", 3, Decimal(3)),
    ("decimal", 0.1, Decimal("0.1")),
    ("str", 12, "12"),
    ("str", "  spaces ", "  spaces "),
    ("bool", 1, True),
    ("bool", "no", False),
    ("date", "2024-01-31", date(2024, 1, 31)),
    ("date", datetime(2024, 1, 31), date(2024, 1, 31)),
    ("datetime", "2024-01-31T10:00:00.5", datetime(2024, 1, 31, 10, 0, 0, 500_000)),
    ("datetime", date(2024, 1, 31), datetime(2024, 1, 31)),
    ("time", "10:00", time(10)),
    ("uuid", UUIDS[2].upper(), UUIDS[2]),
    ("blob", "text", b"text"),
    ("blob", bytearray(b"\xfe"), b"\xfe"),
    ("json", (1, "a"), [1, "a"]),
    ("json", {1: None}, {"1": None}),
]


class DataFacadeSuite:
    """Every test takes `store`, which the subclass gives."""

    @pytest.mark.parametrize(("where", "found"), WHERE, ids=str)
    def test_where(
        self, store: Store, where: Mapping[str, object] | None, found: list[int]
    ) -> None:
        users = filled(store)
        assert ids(users.select(where=where, order="id")) == found
        assert ids(list(users.iterate(where, order="id"))) == found
        assert users.count(where) == len(found)
        assert users.update(where=where, set={"age": 99}) == len(found)
        assert users.count({"age": 99}) == len(found)
        assert [row["age"] == 99 for row in users.select(order="id")] == [
            row["id"] in found for row in ROWS
        ]

    @pytest.mark.parametrize(("where", "found"), WHERE, ids=str)
    def test_delete(
        self, store: Store, where: Mapping[str, object] | None, found: list[int]
    ) -> None:
        users = filled(store)
        assert users.delete(where=where) == len(found)
        assert users.select(order="id") == [row for row in ROWS if row["id"] not in found]

    def test_every_refusal_says_the_same(self, store: Store) -> None:
        users = filled(store)
        for call, words in REFUSED:
            with pytest.raises(UsageError) as caught:
                call(users)
            assert caught.value.message == words
        assert users.select(order="id") == ROWS

    def test_a_table_that_is_none(self, store: Store) -> None:
        data = tables(store, USERS)
        with pytest.raises(UsageError, match="no table 'nope' in this migration"):
            _ = data.nope
        assert data.list_tables() == ["users"]
        assert data.users.columns == ("id", "name", "age", "email")

    @pytest.mark.parametrize("kind", VALUES)
    def test_values_of_every_kind(self, store: Store, kind: TypeKind) -> None:
        values = VALUES[kind]
        rows = tables(store, table("t", column("id", "int"), column("v", kind)))["t"]
        rows.insert_many({"id": n, "v": value} for n, value in enumerate([None, *values]))
        found = rows.select(order="id")
        assert [row["v"] for row in found] == [None, *values]
        assert {type(row["v"]) for row in found[1:]} == {type(values[0])}
        assert ids(rows.select(order="v")) == list(range(len(values) + 1))
        assert ids(rows.select(order="-v")) == list(range(len(values), -1, -1))
        assert ids(rows.select(order=["v desc"], limit=1, offset=1)) == [len(values) - 1]
        for place, value in enumerate(values, 1):
            others = [n for n in range(1, len(values) + 1) if n != place]
            expected: dict[str, list[int]] = {
                "$eq": [place],
                "$ne": others,
                "$gt": others[place - 1 :],
                "$gte": [place, *others[place - 1 :]],
                "$lt": others[: place - 1],
                "$lte": [*others[: place - 1], place],
                "$in": [place],
            }
            for operator, wanted in expected.items():
                operand = [value] if operator == "$in" else value
                assert ids(rows.select(where={"v": {operator: operand}}, order="id")) == wanted
        assert rows.update(where={"v": values[0]}, set={"v": values[-1]}) == 1
        assert rows.update(where={"v": values[-1]}, set={"v": None}) == 2
        assert rows.count({"v": None}) == 3

    @pytest.mark.parametrize("value", JSON, ids=str)
    def test_json(self, store: Store, value: Any) -> None:
        rows = tables(store, table("t", column("id", "int"), column("v", "json")))["t"]
        rows.insert_many([{"id": 1, "v": value}, {"id": 2, "v": ["other"]}, {"id": 3}])
        assert rows.select(order="id")[0]["v"] == value
        assert ids(rows.select(where={"v": {"$eq": value}})) == [1]
        assert ids(rows.select(where={"v": {"$ne": value}})) == [2]
        assert ids(rows.select(where={"v": {"$in": [value, 99]}})) == [1]
        assert ids(rows.select(where={"v": None})) == [3]
        assert rows.update(where={"v": {"$eq": value}}, set={"v": {"new": value}}) == 1
        assert rows.select(where={"id": 1})[0]["v"] == {"new": value}

    def test_json_is_equal_as_a_value(self, store: Store) -> None:
        rows = tables(store, table("t", column("id", "int"), column("v", "json")))["t"]
        rows.insert_many({"id": n, "v": v} for n, v in enumerate([{"a": 1, "b": 2}, 1, True, "1"]))
        assert ids(rows.select(where={"v": {"$eq": {"b": 2.0, "a": 1}}})) == [0]
        assert ids(rows.select(where={"v": 1.0})) == [1]
        assert ids(rows.select(where={"v": True})) == [2]
        assert ids(rows.select(where={"v": "1"})) == [3]
        for operator in ("$gt", "$gte", "$lt", "$lte", "$like"):
            with pytest.raises(UsageError) as caught:
                rows.select(where={"v": {operator: 1}})
            assert caught.value.message == f"t.v is json, which {operator} does not compare"
        with pytest.raises(UsageError, match=r"t\.v is json, which has no order"):
            rows.select(order="v")

    @pytest.mark.parametrize(("kind", "value", "words"), BAD, ids=str)
    def test_bad_values(self, store: Store, kind: TypeKind, value: object, words: str) -> None:
        rows = tables(store, table("t", column("id", "int"), column("v", kind)))["t"]
        rows.insert(id=1)
        for call in (
            lambda: rows.insert(v=value),
            lambda: rows.update(where={"id": 1}, set={"v": value}),
            lambda: rows.update_many([{"id": 1, "v": value}]),
            lambda: rows.select(where={"v": {"$eq": value}}),
        ):
            with pytest.raises(UsageError) as caught:
                call()
            assert caught.value.message == f"t.v: {words}"
        assert rows.select() == [{"id": 1, "v": None}]

    @pytest.mark.parametrize(("kind", "given", "kept"), GIVEN, ids=str)
    def test_values_given_otherwise(
        self, store: Store, kind: TypeKind, given: object, kept: object
    ) -> None:
        rows = tables(store, table("t", column("id", "int"), column("v", kind)))["t"]
        rows.insert(id=1, v=given)
        (row,) = rows.select(where={"v": {"$eq": given}})
        assert row["v"] == kept
        assert type(row["v"]) is type(kept)

    def test_measures(self, store: Store) -> None:
        short = Column(name="s", type=ColumnType(kind="str", length=3))
        money = Column(name="d", type=ColumnType(kind="decimal", precision=5, scale=2))
        rows = tables(store, table("t", column("id", "int"), short, money))["t"]
        rows.insert(id=1, s="äöü", d="123.45")
        assert rows.select() == [{"id": 1, "s": "äöü", "d": Decimal("123.45")}]
        for values, words in (
            ({"s": "four"}, "t.s: 'four' is longer than 3 characters"),
            ({"d": "0.001"}, "t.d: '0.001' has more than 2 decimal places"),
            ({"d": 1000}, "t.d: 1000 has more than 3 digits before the point"),
        ):
            with pytest.raises(UsageError) as caught:
                rows.update(set=values)
            assert caught.value.message == words

    def test_like_sees_numbers_and_moments(self, store: Store) -> None:
        kinds: dict[TypeKind, tuple[Any, str]] = {
            "int": (120, "12_"),
            "float": (1.0, "1"),
            "date": (date(2024, 2, 29), "2024-02-%"),
            "time": (time(1, 2, 3), "01:02:03"),
            "datetime": (datetime(2024, 2, 29, 1, 2, 3, 500_000), "2024-02-29 01:__:03.5"),
            "uuid": (UUIDS[2], "ffffffff-%"),
        }
        columns = [column(f"c_{kind}", kind) for kind in kinds]
        rows = tables(store, table("t", column("id", "int"), *columns))["t"]
        rows.insert({"id": 1, **{f"c_{kind}": value for kind, (value, _) in kinds.items()}})
        rows.insert(id=2)
        for kind, (_, pattern) in kinds.items():
            assert ids(rows.select(where={f"c_{kind}": {"$like": pattern}})) == [1], kind

    def test_order_limit_offset_fields(self, store: Store) -> None:
        users = filled(store)
        assert ids(users.select(order=["age", "-id"])) == [2, 3, 5, 4, 1]
        assert ids(users.select(order=["age desc", "id asc"])) == [1, 4, 5, 3, 2]
        assert ids(users.select(order="name")) == [3, 5, 1, 2, 4]
        assert ids(users.select(order="-id", limit=2)) == [5, 4]
        assert ids(users.select(order="-id", offset=3)) == [2, 1]
        assert ids(users.select(order="-id", limit=2, offset=4)) == [1]
        assert users.select(limit=0) == []
        assert users.select(offset=99) == []
        assert len(users.select(limit=3)) == 3
        assert users.select(where={"id": 1}, fields=["name", "id"]) == [{"name": "Ann%", "id": 1}]
        assert users.select(where={"id": 1}, fields="name", order="age") == [{"name": "Ann%"}]

    def test_hostile_names(self, store: Store) -> None:
        odd = table(HOSTILE, column("id", "int"), column(HOSTILE), column("order"), column("-a b"))
        # PostgreSQL cuts no name of this length; a CSV file cannot be called like this table.
        odd = Table(name="group", columns=odd.columns, primary_key=odd.primary_key)
        rows = tables(store, odd)["group"]
        rows.insert({"id": 1, HOSTILE: HOSTILE, "order": "%", "-a b": "x"})
        rows.insert_many([{"id": 2, HOSTILE: None}, {"id": 3, "-a b": "w"}])
        assert rows.update(where={HOSTILE: HOSTILE}, set={HOSTILE: "%s", "order": "'"}) == 1
        assert rows.update_many([{HOSTILE: "%s", "order": "o"}], key=HOSTILE) == 1
        assert rows.upsert({"id": 2, HOSTILE: "b"}) == 1
        assert ids(rows.select(where={HOSTILE: {"$like": "%"}}, order=HOSTILE)) == [1, 2]
        assert ids(rows.select(order="-a b")) == [2, 3, 1]
        assert ids(rows.select(order="-a b desc")) == [1, 3, 2]
        assert ids(rows.select(order=f"-{HOSTILE}")) == [2, 1, 3]
        assert rows.count({"order": "o"}) == 1
        assert rows.delete({HOSTILE: ["%s", "b"]}) == 2

    def test_a_column_called_or(self, store: Store) -> None:
        rows = tables(store, table("t", column("id", "int"), column("or")))["t"]
        rows.insert_many([{"id": 1, "or": "a"}, {"id": 2, "or": "b"}])
        assert ids(rows.select(where={"or": "b"})) == [2]
        assert ids(rows.select(where={"or": [{"id": 1}, {"or": "b"}]}, order="id")) == [1, 2]

    def test_new_rows_get_defaults_and_numbers(self, store: Store) -> None:
        kind = column("kind", default=Default(kind="value", text="new"))
        at = column("at", "datetime", default=Default(kind="now"))
        rows = tables(store, table("t", column("id", "int"), kind, at, column("note")))["t"]
        first = rows.insert()
        assert rows.insert({"kind": None}, note="x") > first
        assert rows.insert(id=41) == 41
        assert rows.insert(id=None) == 42
        assert rows.insert_many([]) == 0
        assert rows.insert_many([{}, {"id": 99}, {"kind": "z", "id": None}]) == 3
        found = rows.select(order="id")
        assert [row["kind"] for row in found] == ["new", None, "new", "new", "new", "new", "z"]
        assert ids(found) == [first, first + 1, 41, 42, 43, 99, 100]
        now = datetime.now(timezone.utc).replace(tzinfo=None)
        assert all(abs(now - row["at"]) < timedelta(minutes=5) for row in found)

    def test_tables_without_a_key(self, store: Store) -> None:
        rows = tables(store, table("t", column("a", "int"), column("b"), key=""))["t"]
        assert rows.insert(a=1, b="x") is None
        rows.insert_many([{"a": 1, "b": "x"}, {"a": 2}, {}])
        assert rows.update(where={"a": 1}, set={"b": "y"}) == 2
        assert rows.update_many([{"a": 1, "b": "z"}, {"a": 3, "b": "z"}], key=["a"]) == 2
        assert rows.upsert({"a": 1, "b": "w"}, conflict="a") == 2
        assert rows.upsert({"a": 5, "b": "v"}, conflict=["a"]) == 1
        assert rows.count({"b": "w"}) == 2
        assert rows.delete({"a": None}) == 1
        for method in (rows.upsert, lambda row: rows.update_many([row])):
            with pytest.raises(UsageError, match="t has no primary key, so up"):
                method({"a": 1, "b": "c"})

    def test_keys_of_several_columns(self, store: Store) -> None:
        two = table("t", column("a", "int"), column("b"), column("n", "int"), key="a b")
        rows = tables(store, two)["t"]
        assert rows.insert(a=1, b="x", n=1) is None
        rows.insert_many({"a": 1, "b": letter, "n": 0} for letter in "yz")
        assert rows.update(where={"a": 1, "b": "y"}, set={"n": 5}) == 1
        assert rows.upsert({"a": 1, "b": "z", "n": 6}) == 1
        assert rows.upsert({"a": 2, "b": "z", "n": 7}) == 1
        changes = [
            {"a": 1, "b": "x", "n": 8},
            {"a": 9, "b": "x", "n": 8},
            {"b": "z", "a": 2, "n": 9},
        ]
        assert rows.update_many(changes) == 2
        assert [row["n"] for row in rows.select(order=["a", "b"])] == [8, 5, 6, 9]
        assert rows.select(where={"a": 1, "b": {"$eq": "y"}, "n": {"$gt": 5}}) == []
        with pytest.raises(UsageError, match=r"t\.b is required and cannot be null"):
            rows.update(set={"b": None})

    def test_upsert(self, store: Store) -> None:
        users = filled(store)
        assert users.upsert({"id": 1, "age": 31}) == 1
        assert users.upsert({"id": 8, "name": "new"}) == 1
        assert users.upsert({"id": 8}) == 1
        assert users.upsert({"email": "c@x", "age": 1}, conflict="email") == 1
        assert users.upsert({"email": "f@x", "id": 9, "age": 1}, conflict=["email"]) == 1
        assert users.select(
            where={"id": [1, 3, 8, 9]}, order="id", fields=["id", "name", "age"]
        ) == [
            {"id": 1, "name": "Ann%", "age": 31},
            {"id": 3, "name": None, "age": 1},
            {"id": 8, "name": "new", "age": None},
            {"id": 9, "name": None, "age": 1},
        ]

    def test_update_many(self, store: Store) -> None:
        users = filled(store)
        assert users.update_many([]) == 0
        rows: list[dict[str, Any]]
        rows = [{"id": 1, "age": 1}, {"id": 2, "name": "b", "age": 2}, {"id": 77, "age": 3}]
        assert users.update_many(iter(rows)) == 2
        assert users.update_many(({"id": n, "age": n * 10} for n in range(1, 6)), key="id") == 5
        assert users.update_many([{"email": "c@x", "name": "c", "age": None}], key="email") == 1
        found = users.select(order="id", fields=["name", "age"])
        assert [row["age"] for row in found] == [10, 20, None, 40, 50]
        assert [row["name"] for row in found] == ["Ann%", "b", "c", "back\\slash", "007"]

    def test_changes_of_keys(self, store: Store) -> None:
        users = filled(store)
        assert users.update(where={"id": 1}, set={"id": 10}) == 1
        assert users.update(where={"id": 1}, set={"age": 1}) == 0
        assert users.update(where={"id": 10}, set={"age": 1}) == 1
        assert users.insert(id=1, email="g@x") == 1
        assert users.update(where={"email": "c@x"}, set={"email": "h@x"}) == 1
        assert users.select(where={"email": "c@x"}) == []
        assert users.insert(id=11, email="c@x") == 11
        assert users.delete({"id": 10}) == 1
        assert users.update(where={"id": 10}, set={"age": 1}) == 0
        for number in range(20, 40):
            assert users.insert(id=number) == number
            assert users.update(where={"id": number}, set={"id": number + 100}) == 1
            assert users.delete({"id": number}) == 0
            assert users.count({"id": number + 100}) == 1
        assert ids(users.select(order="id", limit=6)) == [1, 2, 3, 4, 5, 11]

    @pytest.mark.parametrize(
        "change",
        [
            lambda t: t.insert(id=1),
            lambda t: t.insert_many([{"id": 50}, {"id": 50}]),
            lambda t: t.insert(id=50, email="a@x"),
            lambda t: t.update(where={"id": 2}, set={"id": 3}),
            lambda t: t.update(where={"id": 2}, set={"email": "a@x"}),
            lambda t: t.update(where={"age": 30}, set={"email": "z"}),
            lambda t: t.update_many([{"id": 1, "email": "c@x"}]),
        ],
    )
    def test_duplicates_are_refused(
        self, store: Store, change: Callable[[TableData], object]
    ) -> None:
        users = filled(store)
        with pytest.raises(StoreError):
            change(users)

    def test_required(self, store: Store) -> None:
        strict = table("t", column("id", "int"), column("name", required=True))
        rows = tables(store, strict)["t"]
        rows.insert(id=1, name="a")
        for call in (
            lambda: rows.insert(name=None),
            lambda: rows.insert_many([{"id": 7, "name": None}]),
            lambda: rows.update(set={"name": None}),
            lambda: rows.update_many([{"id": 1, "name": None}]),
            lambda: rows.upsert({"id": 1, "name": None}),
        ):
            with pytest.raises(UsageError) as caught:
                call()
            assert caught.value.message == "t.name is required and cannot be null"
        assert rows.select() == [{"id": 1, "name": "a"}]
        with pytest.raises(MigrationError):
            rows.insert(id=2)

    def test_the_loop_of_every_hook(self, store: Store) -> None:
        users = tables(store, USERS)["users"]
        users.insert_many({"id": n, "name": f"n{n}"} for n in range(3000))
        for user in users.select(where={"email": None}):
            assert users.update(where={"id": user["id"]}, set={"email": f"{user['name']}@x"}) == 1
        assert users.count({"email": None}) == 0
        assert users.select(where={"id": 2999})[0]["email"] == "n2999@x"

    def test_an_iterator_sees_no_later_change(self, store: Store) -> None:
        users = tables(store, USERS)["users"]
        users.insert_many({"id": n, "age": n} for n in range(3000))
        seen = []
        for user in users.iterate(where={"age": {"$gte": 0}}):
            seen.append(user["age"])
            users.update(where={"id": user["id"]}, set={"age": user["age"] + 5000})
            users.delete(where={"id": user["id"] + 1500})
            users.insert(id=user["id"] + 10_000, age=1)
        assert sorted(seen) == list(range(3000))
        assert users.count() == 4500

    def test_an_iterator_begins_when_it_is_made(self, store: Store) -> None:
        users = filled(store)
        rows, again = users.iterate(order="id"), users.iterate(order="-id", limit=2)
        assert next(again)["id"] == 5
        users.delete()
        assert list(rows) == ROWS
        assert ids(list(again)) == [4]
        assert users.select() == []
        assert list(again) == []

    def test_iterators_over_two_tables(self, store: Store) -> None:
        posts = table("posts", column("id", "int"), column("user_id", "int"))
        data = tables(store, USERS, posts)
        data.users.insert_many({"id": n} for n in range(700))
        for user in data.users.iterate():
            data.posts.insert(user_id=user["id"])
        copied = ({"id": row["id"] + 1000} for row in data.users.iterate())
        assert data.users.insert_many(copied) == 700
        raised = ({"id": row["id"], "age": row["id"] % 7} for row in data.users.iterate())
        assert data.users.update_many(raised) == 1400
        assert data.posts.count() == 700
        assert data.users.count({"age": 6}) == sum(
            n % 7 == 6 for n in [*range(700), *range(1000, 1700)]
        )

    def test_an_iterator_that_is_left(self, store: Store) -> None:
        users = filled(store)
        left: Iterator[dict[str, Any]] = users.iterate()
        next(left)
        del left
        kept = users.iterate()
        assert users.update(set={"age": 1}) == 5
        next(kept)
        assert users.delete() == 5

    def test_long_lists(self, store: Store) -> None:
        kinds: dict[TypeKind, Callable[[int], Any]] = {
            "int": int,
            "float": lambda n: n / 7,
            "decimal": lambda n: Decimal(n) / 8,
            "str": lambda n: f"n'\"{n}",
            "date": lambda n: date(2000, 1, 1) + timedelta(days=n),
            "blob": lambda n: b"\xff%d" % n,
            "json": lambda n: {"n": n},
        }
        columns = [column(f"c_{kind}", kind) for kind in kinds]
        rows = tables(store, table("t", column("id", "int"), *columns))["t"]
        rows.insert_many(
            {"id": n, **{f"c_{kind}": make(n) for kind, make in kinds.items()}} for n in range(100)
        )
        for kind, make in kinds.items():
            wanted = [make(n) for n in range(90, 2000)]
            assert ids(rows.select(where={f"c_{kind}": wanted}, order="id")) == list(range(90, 100))
        assert rows.update(where={"id": list(range(50, 70_000))}, set={"c_str": "x"}) == 50
        assert rows.delete(where={"id": {"$in": range(70_000)}}) == 100
