"""Untouched cells keep their bytes, whatever the change."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.csv_store import USERS, carry_out, column, contents, migrated, opened, run, table
from zmigration_api import (
    AddColumn,
    AlterColumn,
    Backfill,
    Change,
    CopyOf,
    CreateTable,
    Default,
    DropColumn,
    DropTable,
    Fixed,
    RenameColumn,
    RenameTable,
    Schema,
    StepFailed,
    UnsupportedChange,
    Using,
)
from zmigration_csv.files import CsvFile
from zmigration_csv.rewrite import Rewrite

ADD_EMAIL = AddColumn("users", column("email"))
DROP_AGE = DropColumn("users", column("age", "int"))
AGE_TO_TEXT = AlterColumn("users", column("age", "int"), column("age"))
AGE_TO_INT = AlterColumn("users", column("age"), column("age", "int"))
TRICKY = (
    b"\xef\xbb\xbf\r\n"
    b'id,"name",age\r\n'
    b"007, 1e5 ,1.0\n"
    b'2,"","quoted"\r\n'
    b'\r\n3,"a ""b"", c\nd",NA\n'
    b'4,O"Brien,null\n'
    b"5,\xff\xfe,\n"
    b'6,"x"y,'
)


def test_add_appends_to_every_row_and_keeps_the_rest(tmp_path: Path) -> None:
    assert migrated(TRICKY, ADD_EMAIL, folder=tmp_path) == (
        b"\xef\xbb\xbf\r\n"
        b'id,"name",age,email\r\n'
        b"007, 1e5 ,1.0,\n"
        b'2,"","quoted",\r\n'
        b'\r\n3,"a ""b"", c\nd",NA,\n'
        b'4,O"Brien,null,\n'
        b"5,\xff\xfe,,\n"
        b'6,"x"y,,'
    )


def test_drop_takes_one_cell_out_of_every_row(tmp_path: Path) -> None:
    name = DropColumn("users", column("name"))
    assert migrated(TRICKY, name, folder=tmp_path) == (
        b'\xef\xbb\xbf\r\nid,age\r\n007,1.0\n2,"quoted"\r\n\r\n3,NA\n4,null\n5,\n6,'
    )


def test_rename_changes_one_header_cell(tmp_path: Path) -> None:
    done = migrated(TRICKY, RenameColumn("users", "name", 'full, "name"'), folder=tmp_path)
    assert done == TRICKY.replace(b'"name"', b'"full, ""name"""', 1)


def test_several_changes_are_one_pass(tmp_path: Path) -> None:
    changes = (
        RenameColumn("users", "name", "login"),
        AddColumn("users", column("status", default=Default(kind="value", text="a,b"))),
        AddColumn("users", column("mail", backfill=_joined(CopyOf("login"), Fixed("@x.org")))),
        AGE_TO_TEXT,
        DropColumn("users", column("id", "int")),
    )
    done = migrated(b'id,name,age\n1,"ann",30.0\n2,,\n', *changes, folder=tmp_path)
    assert done == b'login,age,status,mail\n"ann",30,"a,b",ann@x.org\n,,"a,b",@x.org\n'


def _joined(*parts: CopyOf | Fixed) -> Backfill:
    return Backfill(parts=parts)


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("last", [True, False])
def test_line_ends_stay(tmp_path: Path, end: bytes, last: bool) -> None:
    before = end.join([b"id,name,age", b"1,a,2", b"", b"2,b,3"]) + end * last
    after = end.join([b"id,name,age,email", b"1,a,2,", b"", b"2,b,3,"]) + end * last
    assert migrated(before, ADD_EMAIL, folder=tmp_path) == after


def test_a_file_of_one_column_has_no_blank_rows(tmp_path: Path) -> None:
    done = migrated(b"id,name\n1,\n2,  \n3,x\n", DropColumn("users", column("id")), folder=tmp_path)
    assert done == b'name\n""\n"  "\nx\n'
    assert migrated(b'name\n""\n"  "\n', ADD_EMAIL, folder=tmp_path) == b'name,email\n"",\n"  ",\n'


def test_header_alone(tmp_path: Path) -> None:
    assert migrated(b"id,name,age", ADD_EMAIL, folder=tmp_path) == b"id,name,age,email"


def test_another_delimiter(tmp_path: Path) -> None:
    added = AddColumn("users", column("note", default=Default(kind="value", text="a;b,c")))
    done = migrated(b"id;name\n1;a,b\n", added, folder=tmp_path, Data_Delimiter=";")
    assert done == b'id;name;note\n1;a,b;"a;b,c"\n'


def test_columns_of_somebody_else_stay(tmp_path: Path) -> None:
    done = migrated(b"theirs,id,name,age\n01,1,a,2\n", DROP_AGE, folder=tmp_path)
    assert done == b"theirs,id,name\n01,1,a\n"


CASES = [
    ("int", "str", b"30.0", b"30"),
    ("int", "str", b'"30"', b'"30"'),
    ("str", "int", b" 30 ", b"30"),
    ("str", "int", b'"30"', b'"30"'),
    ("str", "bool", b"yes", b"True"),
    ("bool", "int", b"True", b"1"),
    ("bool", "str", b"True", b"true"),
    ("int", "bool", b"1.0", b"True"),
    ("int", "bigint", b"007", b"007"),
    ("int", "bigint", b"3000000000", b"3000000000"),
    ("str", "text", b'"a"', b'"a"'),
    ("str", "datetime", b"2024-01-02T03:04:05", b"2024-01-02 03:04:05"),
    ("datetime", "date", b"2024-01-02 00:00:00", b"2024-01-02"),
    ("float", "decimal", b"1e2", b"100"),
    ("int", "str", b"abc", b"abc"),
    ("int", "str", b"", b""),
    ("int", "str", b'""', b'""'),
]


@pytest.mark.parametrize(("old", "new", "before", "after"), CASES)
def test_conversion(tmp_path: Path, old: str, new: str, before: bytes, after: bytes) -> None:
    change = AlterColumn("users", column("age", old), column("age", new))  # type: ignore[arg-type]
    done = migrated(b"id,age\n1," + before + b"\n", change, folder=tmp_path)
    assert done == b"id,age\n1," + after + b"\n"


def test_using_maps_values_first(tmp_path: Path) -> None:
    using = Using(values=(("n/a", None), ("ten", "10")))
    change = AlterColumn("users", column("age"), column("age", "int", using=using))
    done = migrated(b"id,age\n1,n/a\n2,ten\n3,7\n", change, folder=tmp_path)
    assert done == b"id,age\n1,\n2,10\n3,7\n"


def test_nulls_are_filled_before_they_are_refused(tmp_path: Path) -> None:
    new = column("age", "int", required=True, default=Default(kind="value", text="0"))
    change = AlterColumn("users", column("age", "int"), new)
    done = migrated(b'id,age\n1,\n2,""\n3,07\n', change, folder=tmp_path)
    assert done == b"id,age\n1,0\n2,0\n3,07\n"


def test_a_change_without_bytes_leaves_the_file_alone(tmp_path: Path) -> None:
    (tmp_path / "users.csv").write_bytes(TRICKY)
    before = (tmp_path / "users.csv").stat()
    change = AlterColumn("users", column("id", "int"), column("id", "int", required=True))
    migrated_again = tmp_path / "users.csv"
    with opened(tmp_path) as store:
        store.begin(1)
        run(store, [change], Schema(tables=(USERS,)))
        store.commit()
    assert migrated_again.stat().st_ino == before.st_ino
    assert migrated_again.stat().st_mtime_ns == before.st_mtime_ns


REFUSED = [
    (b"id,age\n1,x\n", AGE_TO_INT, 2, "age 'x' is not a whole number"),
    (b"id,age\n1,2\n\n\n2,\xff\n", AGE_TO_INT, 5, "not valid UTF-8"),
    (b"id,age\n1,NA\n", AGE_TO_INT, 2, "age 'NA'"),
    (b"id,age\n1,2,3\n", ADD_EMAIL, 2, "row 1 has 3 cells, the header has 2"),
    (b'id,age\n"a\nb",1\n2\n', ADD_EMAIL, 4, "row 2 has 1 cells"),
    (b'id,age\n1,"2\n', DROP_AGE, 2, "nothing closes it"),
    (b"id,id,age\n", ADD_EMAIL, 1, "two columns are called 'id'"),
    (b"id,,age\n", ADD_EMAIL, 1, "column 2 has no name"),
    (b"", ADD_EMAIL, None, "has no header line"),
    (b"id,\xff\n", ADD_EMAIL, 1, "header is not valid UTF-8"),
    (b"id,email\n", ADD_EMAIL, None, "Column already exists"),
    (b"id,name\n", DROP_AGE, None, "has no column 'age'"),
    (b"age\n1\n", DROP_AGE, None, "at least one column"),
    (
        b"id,name\n1,a\n",
        AddColumn("users", column("email", required=True)),
        2,
        "email is required",
    ),
    (
        b"id,age\n1,2\n3,\n",
        AlterColumn("users", column("age", "int"), column("age", "int", required=True)),
        3,
        "age is required",
    ),
    (
        b"id,age\n1,red\n",
        AlterColumn("users", column("age"), column("age", enum=("green", "blue"))),
        2,
        "is not one of green, blue",
    ),
]


@pytest.mark.parametrize(("content", "change", "line", "message"), REFUSED)
def test_refused_and_undone(
    tmp_path: Path, content: bytes, change: AddColumn, line: int | None, message: str
) -> None:
    (tmp_path / "users.csv").write_bytes(content)
    current = Schema(tables=(USERS,))
    with opened(tmp_path) as store:
        store.begin(1)
        with pytest.raises(StepFailed, match=message.replace("(", "\\(")) as caught:
            run(store, [change], current)
        store.rollback()
    assert caught.value.line == line
    assert str(caught.value.file) == f"{tmp_path.name}/users.csv"
    assert contents(tmp_path) == {"users.csv": content}


CELLS = st.sampled_from(
    [b"", b'""', b"a", b'"a,b"', b'"x\ny"', b'"""q"""', b"007", b" ", b"NA", b'a"b', b"\xff"]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.tuples(CELLS, CELLS, CELLS), max_size=5),
    end=st.sampled_from([b"\n", b"\r\n"]),
    last=st.booleans(),
    drop=st.sampled_from(["id", "name", "age"]),
)
def test_dropping_what_was_added_gives_the_same_bytes(
    tmp_path: Path, rows: list[tuple[bytes, ...]], end: bytes, last: bool, drop: str
) -> None:
    content = end.join([b"id,name,age", *map(b",".join, rows)]) + end * last
    grown = rewritten(content, ADD_EMAIL, tmp_path)
    assert rewritten(grown, DropColumn("users", column("email")), tmp_path) == content
    shrunk = rewritten(content, DropColumn("users", column(drop)), tmp_path)
    assert len(_read(grown)[0]) == 4
    assert _read(shrunk) == [_without(row, drop) for row in _read(content)]


def rewritten(content: bytes, change: Change, folder: Path) -> bytes:
    """One pass without the fsyncs of a commit."""
    path = folder / "t.csv"
    path.write_bytes(content)
    rewrite = Rewrite(CsvFile(path, path, b","), [change], USERS, datetime.min)
    return carry_out(rewrite, path, folder / "new.csv")


def _read(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("latin-1"), newline="")))


def _without(row: list[str], name: str) -> list[str]:
    place = ["id", "name", "age"].index(name)
    return row[:place] + row[place + 1 :]


def test_tables_come_go_and_get_other_names(tmp_path: Path) -> None:
    (tmp_path / "users.csv").write_bytes(TRICKY)
    (tmp_path / "old.csv").write_bytes(b"id\n1\n")
    posts = table("posts", column("id", "int"), column("a,b"), key=["id"])
    changes = (
        RenameTable("users", "people"),
        CreateTable(posts),
        AddColumn("people", column("email")),
        DropTable(table("old", column("id"))),
    )
    with opened(tmp_path) as store:
        store.begin(1)
        run(store, changes, Schema(tables=(USERS,)))
        names = {t.name for t in store.inspect(["users", "people", "posts", "old"]).tables}
        store.commit()
    assert names == {"people", "posts"}
    after = contents(tmp_path)
    assert set(after) == {"people.csv", "posts.csv"}
    assert after["posts.csv"] == b'id,"a,b"\n'
    assert after["people.csv"].startswith(b'\xef\xbb\xbf\r\nid,"name",age,email\r\n')


def test_two_tables_swap_their_names(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"x\n")
    (tmp_path / "b.csv").write_bytes(b"y\n")
    with opened(tmp_path) as store:
        store.begin(1)
        run(store, [RenameTable("a", "b"), RenameTable("b", "a")], Schema())
        store.commit()
    assert contents(tmp_path) == {"a.csv": b"y\n", "b.csv": b"x\n"}


@pytest.mark.parametrize("name", ["../x", "a/b", "", "n\0l", "a\\b", ".hidden"])
def test_names_that_leave_the_folder(tmp_path: Path, name: str) -> None:
    with opened(tmp_path) as store, pytest.raises(Exception, match="cannot be a file"):
        store.plan([CreateTable(table(name, column("id")))], Schema(), Schema())


def test_what_a_file_cannot_do_is_refused_by_the_plan(tmp_path: Path) -> None:
    changes: list[Change] = [
        AddColumn("users", column("x", default=Default(kind="expression", text="random()"))),
        AddColumn("users", column("x", generated="a + b")),
        AlterColumn("users", column("a"), column("a", "int", using=Using(expression="a::int"))),
    ]
    with opened(tmp_path) as store:
        for change in changes:
            with pytest.raises(UnsupportedChange):
                store.plan([change], Schema(tables=(USERS,)), Schema())
