"""Rows as hooks see and change them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import date, datetime, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.unit.csv_store import USERS, column, opened, run, table
from zmigration_api import (
    EVERYTHING,
    AddColumn,
    Compare,
    Data,
    Default,
    Schema,
    Store,
    StoreError,
    Table,
    parse_where,
)

CONTENT = b'id,name,age\r\n1,"ann",30.0\r\n\r\n2,,\r\n3,"c, d",07'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "users.csv").write_bytes(CONTENT)
    return tmp_path


@pytest.fixture
def store(folder: Path) -> Iterator[Store]:
    with opened(folder) as store:
        store.begin(1)
        yield store


@pytest.fixture
def users(store: Store) -> Any:
    return Data(store, lambda: Schema(tables=(USERS,)))["users"]


def committed(store: Store, folder: Path) -> bytes:
    store.commit()
    return (folder / "users.csv").read_bytes()


def test_values_are_typed(tmp_path: Path) -> None:
    kinds = table(
        "t",
        column("b", "bool"),
        column("f", "float"),
        column("d", "decimal"),
        column("day", "date"),
        column("at", "datetime"),
        column("j", "json"),
        column("raw", "blob"),
        column("u", "uuid"),
        column("missing", "int"),
    )
    (tmp_path / "t.csv").write_bytes(
        b"raw,b,f,d,day,at,j,u\n"
        b'\xff\x00,1.0,1e-09,1.50,2024-01-02,2024-01-02T03:04:05.5,"{""a"": [1]}",'
        b"AAAAAAAA-bbbb-cccc-dddd-eeeeeeeeeeee\n"
        b',,,,,,"",\n'
    )
    with opened(tmp_path) as store:
        full, empty = store.select(kinds, EVERYTHING)
    assert full == {
        "b": True,
        "f": 1e-9,
        "d": Decimal("1.50"),
        "day": date(2024, 1, 2),
        "at": datetime(2024, 1, 2, 3, 4, 5, 500_000),
        "j": {"a": [1]},
        "raw": b"\xff\x00",
        "u": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
        "missing": None,
    }
    assert set(empty.values()) == {None}


def test_written_values_are_the_hosts(tmp_path: Path) -> None:
    kinds = table(
        "t", column("b", "bool"), column("at", "datetime"), column("s"), column("raw", "blob")
    )
    (tmp_path / "t.csv").write_bytes(b"b,at,s,raw\n")
    row = {"b": False, "at": datetime(2024, 1, 2), "s": 'a "b"\n', "raw": b"\xff,"}
    with opened(tmp_path) as store:
        store.begin(1)
        assert store.insert(kinds, [row]) == 1
        store.commit()
        assert list(store.select(kinds, EVERYTHING)) == [row]
    after = (tmp_path / "t.csv").read_bytes()
    assert after == b'b,at,s,raw\nFalse,2024-01-02 00:00:00,"a ""b""\n","\xff,"\n'


def test_an_unreadable_cell_is_named(folder: Path) -> None:
    (folder / "users.csv").write_bytes(b"id,name,age\n1,a,\n2,b,old\n")
    with opened(folder) as store:
        rows = store.select(USERS, EVERYTHING)
        assert next(rows)["age"] is None
        with pytest.raises(StoreError, match="age 'old' is not a whole number") as caught:
            next(rows)
        assert caught.value.line == 3
        names = store.select(USERS, EVERYTHING, columns=["name"])
        assert [row["name"] for row in names] == ["a", "b"]


def test_order_limit_and_where(users: Any) -> None:
    assert [row["id"] for row in users.select(order="age")] == [2, 3, 1]
    assert [row["id"] for row in users.select(order="-age")] == [1, 3, 2]
    assert [row["id"] for row in users.select(order="-id", limit=1, offset=1)] == [2]
    assert users.select(where={"name": None}, fields=["id"]) == [{"id": 2}]
    assert users.count({"age": {"$gte": 7}}) == 2


def test_update_touches_only_its_cells(store: Store, users: Any, folder: Path) -> None:
    assert users.update(where={"id": 2}, set={"name": 'b "x"', "age": None}) == 1
    assert users.select(where={"id": 2})[0]["name"] == 'b "x"'
    assert users.update(where={"id": 9}, set={"age": 1}) == 0
    after = committed(store, folder)
    assert after == CONTENT.replace(b"2,,", b'2,"b ""x""",')


def test_update_without_a_change_of_bytes_elsewhere(store: Store, users: Any, folder: Path) -> None:
    assert users.update(set={"age": 1}) == 3
    assert committed(store, folder) == b'id,name,age\r\n1,"ann",1\r\n\r\n2,,1\r\n3,"c, d",1'


def test_insert_keeps_the_missing_last_line_end(store: Store, users: Any, folder: Path) -> None:
    assert users.insert(name="e") == 4
    assert users.insert_many([{"name": "f", "age": 1}, {"id": 10}, {}]) == 3
    after = committed(store, folder)
    assert after == CONTENT + b"\r\n4,e,\r\n5,f,1\r\n10,,\r\n11,,"


def test_delete(store: Store, users: Any, folder: Path) -> None:
    assert users.delete(where={"age": {"$null": True}}) == 1
    assert users.delete(where={"id": 2}) == 0
    assert users.count() == 2
    assert committed(store, folder) == b'id,name,age\r\n1,"ann",30.0\r\n\r\n3,"c, d",07'


def test_upsert(store: Store, users: Any, folder: Path) -> None:
    users.upsert({"id": 1, "name": "anna"})
    users.upsert({"id": 7, "name": "gus"})
    users.upsert({"id": 7, "age": 5})
    assert users.select(where={"id": 7}) == [{"id": 7, "name": "gus", "age": 5}]
    after = committed(store, folder)
    assert after == CONTENT.replace(b'"ann"', b"anna") + b"\r\n7,gus,5"


def test_a_key_that_is_there(store: Store, users: Any, folder: Path) -> None:
    with pytest.raises(StoreError, match="a row with the key 1 already"):
        users.insert(id=1)
    with pytest.raises(StoreError, match="a row with the key 20 already"):
        users.insert_many([{"id": 20}, {"id": 20}])
    users.update(where={"id": 1}, set={"id": 21})
    users.insert(id=1)
    users.delete(where={"id": 3})
    users.insert(id=3)
    assert [row["id"] for row in users.select()] == [21, 2, 1, 3]


def test_required_columns_take_no_null(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(b"id,name\n1,a\n")
    strict = table("t", column("id", "int"), column("name", required=True), key=["id"])
    with opened(tmp_path) as store:
        store.begin(1)
        with pytest.raises(StoreError, match="name is required and cannot be null"):
            store.insert(strict, [{}])
        with pytest.raises(StoreError, match="an empty text, which is null in a CSV file"):
            store.update(strict, EVERYTHING, {"name": ""})
        store.commit()
    assert (tmp_path / "t.csv").read_bytes() == b"id,name\n1,a\n"


def test_missing_columns_get_their_default(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(b"id,kind,at\n")
    now = Default(kind="now")
    kind = column("kind", default=Default(kind="value", text="new"))
    defaults = table("t", column("id", "int"), kind, column("at", "datetime", default=now))
    with opened(tmp_path) as store:
        store.begin(1)
        store.insert(defaults, [{"id": 1}, {"id": 2, "kind": None}])
        first, second = store.select(defaults, EVERYTHING)
        store.rollback()
    assert first["kind"] == "new"
    assert abs(first["at"] - datetime.now(timezone.utc).replace(tzinfo=None)).total_seconds() < 60
    assert second["kind"] is None


def test_a_file_of_one_column(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(b'name\n""\nx\n')
    names = table("t", column("name"))
    with opened(tmp_path) as store:
        store.begin(1)
        store.update(names, Compare("name", "eq", "x"), {"name": None})
        store.insert(names, [{"name": " "}, {}])
        assert [row["name"] for row in store.select(names, EVERYTHING)] == [None, None, " ", None]
        store.commit()
        assert store.count("t") == 4
    assert (tmp_path / "t.csv").read_bytes() == b'name\n""\n""\n" "\n""\n'


def test_hooks_before_and_after_a_step(store: Store, users: Any, folder: Path) -> None:
    users.update(where={"id": 2}, set={"name": "bob"})
    run(store, [AddColumn("users", column("email"))], Schema(tables=(USERS,)))
    grown = Table(
        name="users", columns=(*USERS.columns, column("email")), primary_key=USERS.primary_key
    )
    people = Data(store, lambda: Schema(tables=(grown,)))["users"]
    for row in people.select(where={"email": None}):
        people.update(where={"id": row["id"]}, set={"email": f"{row['name']}@x"})
    assert committed(store, folder) == (
        b'id,name,age,email\r\n1,"ann",30.0,ann@x\r\n\r\n2,bob,,bob@x\r\n3,"c, d",07,"c, d@x"'
    )


def test_a_hook_over_many_rows(tmp_path: Path) -> None:
    rows = 30_000
    content = b"id,name,age\n" + b"".join(b"%d,n%d,\n" % (n, n) for n in range(rows))
    (tmp_path / "users.csv").write_bytes(content)
    with opened(tmp_path) as store:
        store.begin(1)
        users = Data(store, lambda: Schema(tables=(USERS,)))["users"]
        started = time.monotonic()
        for row in users.select():
            users.update(where={"id": row["id"]}, set={"age": row["id"] % 90})
        store.commit()
        assert time.monotonic() - started < 30  # reading the file for each would take half an hour
        total = sum(row["age"] for row in store.select(USERS, EVERYTHING))
    assert total == sum(n % 90 for n in range(rows))


def test_a_column_that_is_no_column(users: Any, store: Store) -> None:
    with pytest.raises(StoreError, match="has no column 'nope'"):
        store.insert(USERS, [{"nope": 1}])
    with pytest.raises(StoreError, match="has no column 'nope'"):
        list(store.select(USERS, EVERYTHING, columns=["nope"]))
    assert parse_where({"id": 1}, USERS) == Compare("id", "eq", 1)
