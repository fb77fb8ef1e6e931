"""What the rows answer, and what the plan says."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.csv_store import USERS, column, contents, opened, table
from zmigration_api import (
    AddColumn,
    AddConstraint,
    AddIndex,
    AlterColumn,
    Answer,
    BackendType,
    Backfill,
    Check,
    CheckFailures,
    CopyOf,
    CreateTable,
    Default,
    DropColumn,
    DropTable,
    Duplicates,
    Fixed,
    Index,
    Nulls,
    Orphans,
    Question,
    RenameColumn,
    RenameTable,
    Sample,
    Schema,
    Store,
    StoreError,
    Target,
    Unconvertible,
    UniqueConstraint,
    Using,
)
from zmigration_csv.plugin import CsvBackend, zmigration_backends

CONTENT = b"""id,name,age
1,ann,1
2,,1.0

3,ann,
4,"",x
5,bob,01
"""
POSTS = table("posts", column("id", "int"), column("user_id", "int"), key=["id"])
CURRENT = Schema(tables=(USERS, POSTS))


def asked(folder: Path, question: Question) -> Answer:
    (folder / "users.csv").write_bytes(CONTENT)
    (folder / "posts.csv").write_bytes(b"id,user_id\n1,5.0\n2,\n3,9\n4,abc\n")
    before = contents(folder)
    with opened(folder) as store:
        answer = store.ask(question, CURRENT)
    assert contents(folder) == before
    return answer


def test_nulls(tmp_path: Path) -> None:
    answer = asked(tmp_path, Nulls("users", "name"))
    assert answer == Answer(2, (Sample((2,), (None,), line=3), Sample((4,), (None,), line=6)))


def test_nulls_in_a_column_that_is_not_there(tmp_path: Path) -> None:
    answer = asked(tmp_path, Nulls("users", "email"))
    assert answer.count == 5
    assert answer.samples[0] == Sample((1,), (), line=2)
    assert asked(tmp_path, Nulls("nowhere", "email")) == Answer()


def test_duplicates_are_equal_as_values(tmp_path: Path) -> None:
    ages = asked(tmp_path, Duplicates("users", ("age",)))
    assert ages.count == 3
    assert [(s.key, s.values, s.line) for s in ages.samples] == [
        ((1,), (1,), 2),
        ((2,), (1,), 3),
        ((5,), (1,), 7),
    ]
    assert asked(tmp_path, Duplicates("users", ("name",))).count == 2
    assert asked(tmp_path, Duplicates("users", ("name", "age"))) == Answer()


def test_orphans(tmp_path: Path) -> None:
    answer = asked(tmp_path, Orphans("posts", ("user_id",), "users", ("id",)))
    assert [(s.key, s.values) for s in answer.samples] == [((3,), (9,)), ((4,), ("abc",))]
    assert answer.count == 2
    assert asked(tmp_path, Orphans("posts", ("user_id",), None, ("id",))).count == 3
    assert asked(tmp_path, Orphans("posts", ("user_id",), "nowhere", ("id",))).count == 3


def test_unconvertible(tmp_path: Path) -> None:
    old, new = column("age"), column("age", "int")
    answer = asked(tmp_path, Unconvertible("users", old, new))
    assert answer == Answer(1, (Sample((4,), ("x",), line=6, reason="is not a whole number"),))
    mapped = column("age", "int", using=Using(values=(("x", None),)))
    assert asked(tmp_path, Unconvertible("users", old, mapped)) == Answer()


def test_checks(tmp_path: Path) -> None:
    check = Check(name="grown", expression="age < 1 OR name <> 'ann'")
    answer = asked(tmp_path, CheckFailures("users", check))
    assert answer == Answer(1, (Sample((1,), ("ann", 1), line=2),))
    broken = Check(name="grown", expression="age >")
    with pytest.raises(StoreError, match="the check grown cannot be evaluated"):
        asked(tmp_path, CheckFailures("users", broken))


def test_at_most_five_samples_and_numbers_without_a_key(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(b"a,b\n" + b",\n" * 12)
    with opened(tmp_path) as store:
        answer = store.ask(Nulls("t", "a"), Schema(tables=(table("t", column("a")),)))
        assert store.count("t") == 12
    assert answer.count == 12
    assert [sample.key for sample in answer.samples] == [(1,), (2,), (3,), (4,), (5,)]


def test_inspect_reads_names_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "users.csv").write_bytes(b'\xef\xbb\xbf"id",na me,"a,b"\n1,2\n')
    with opened(tmp_path) as store:
        (found,) = store.inspect(["users", "posts"]).tables
    assert [c.name for c in found.columns] == ["id", "na me", "a,b"]
    assert {c.native for c in found.columns} == {"text"}


def test_statements(tmp_path: Path) -> None:
    changes = (
        RenameTable("posts", "articles"),
        RenameColumn("users", "name", "login"),
        CreateTable(table("tags", column("id", "int"), column("name"))),
        AddColumn("users", column("email")),
        AddColumn("users", column("kind", default=Default(kind="value", text="a"))),
        AddColumn("users", column("mail", backfill=Backfill(parts=(CopyOf("login"), Fixed("@"))))),
        AlterColumn("users", column("age"), column("age", "int", required=True)),
        AlterColumn("articles", column("user_id", "int"), column("user_id", "int", default=None)),
        DropColumn("users", column("age", "int")),
        AddConstraint("users", UniqueConstraint(columns=("email",), name="uq_users_email")),
        AddIndex("tags", Index(columns=("name",), name="idx_tags_name")),
        DropTable(table("old", column("id"))),
    )
    with opened(tmp_path) as store:
        steps = store.plan(changes, CURRENT, CURRENT)
    assert [step.statements for step in steps] == [
        ("posts.csv: rename to articles.csv;",),
        (
            "users.csv: rename column name to login;",
            "users.csv: add column email;",
            "users.csv: add column kind with 'a' in existing rows;",
            "users.csv: add column mail with login + '@' in existing rows;",
            "users.csv: convert age from str to int;",
            "users.csv: require age in every row;",
            "users.csv: drop column age;",
        ),
        ("tags.csv: create with columns id, name;",),
        (),
        ("old.csv: remove the file with all its rows;",),
    ]
    assert steps[0].undo == ("articles.csv: rename to posts.csv;",)
    assert steps[1].undo[0] == "users.csv: add column age;"
    assert [h.kind for h in steps[1].hazards] == ["data_loss", "rewrite"]
    assert [step.table for step in steps] == ["articles", "users", "tags", "articles", "old"]
    assert tuple(change for step in steps for change in step.changes if change in changes)


def test_the_backend_keeps_the_contract(tmp_path: Path) -> None:
    (backend,) = zmigration_backends()
    assert isinstance(backend, BackendType)
    assert backend.name == "csv"
    assert len(backend.supports) == 11
    store: Store = CsvBackend().open(Target(data_type="csv", folder=tmp_path / "Data"))
    assert store.reads_as(column("a"), column("b", "int").type)
    assert store.native_type(column("a", "int"), None) == "int"
    assert (store.spell("A b"), store.name_key("A b")) == ("A b", "A b")


@pytest.mark.parametrize("delimiter", ["", ",,", '"', "\n", "é", " "])
def test_delimiters_that_cannot_be(tmp_path: Path, delimiter: str) -> None:
    with (
        pytest.raises(StoreError, match="Data_Delimiter"),
        opened(tmp_path, Data_Delimiter=delimiter),
    ):
        pass


def test_a_store_needs_a_folder(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="needs a folder"):
        CsvBackend().open(Target(data_type="csv"))
    (tmp_path / "file").write_text("")
    with opened(tmp_path / "file") as store, pytest.raises(StoreError, match="Not a directory"):
        store.begin(1)
