"""What is kept for the way back, in the names of both sides."""

from __future__ import annotations

from zmigration_api import (
    AddColumn,
    AlterColumn,
    Change,
    Column,
    ColumnType,
    DropColumn,
    DropTable,
    PrimaryKey,
    RenameColumn,
    RenameTable,
    Schema,
    Table,
)
from zmigration_api.archive import Archive, archives_for

ID = Column(name="id", type=ColumnType(kind="int"))
KEY = PrimaryKey(columns=("id",))


def text(name: str) -> Column:
    return Column(name=name, type=ColumnType(kind="str"))


def table(name: str, *columns: Column, key: PrimaryKey | None = KEY) -> Table:
    return Table(name=name, columns=(ID, *columns), primary_key=key)


def one(changes: list[Change], before: Table, after: Table | None) -> tuple[Archive, ...]:
    found = archives_for(
        changes, Schema(tables=(before,)), Schema(tables=(after,) if after else ()), "t"
    )
    return (*found.kept, *found.undone)


def test_a_dropped_column_is_kept_under_the_key() -> None:
    (archive,) = one([DropColumn("a", text("x"))], table("a", text("x")), table("a"))
    assert archive.name == "__zmigration_kept_t_a"
    assert (archive.table, archive.new_table, archive.keyed) == ("a", "a", True)
    assert archive.row_names == ("id",)
    assert [kept.before for kept in archive.kept] == ["x__before"]


def test_names_after_a_rename_of_the_table_and_of_the_column() -> None:
    changes: list[Change] = [
        RenameTable("a", "b"),
        RenameColumn("b", "x", "y"),
        AlterColumn("b", text("y"), Column(name="y", type=ColumnType(kind="int"))),
    ]
    new = Column(name="y", type=ColumnType(kind="int"))
    (archive,) = one(changes, table("a", text("x")), table("b", new))
    assert (archive.table, archive.new_table) == ("a", "b")
    (kept,) = archive.kept
    assert (kept.old.name, kept.new and kept.new.name) == ("x", "y")


def test_what_undoing_destroys_in_a_renamed_table_is_kept() -> None:
    changes: list[Change] = [
        RenameTable("a", "b"),
        RenameColumn("b", "x", "y"),
        AddColumn("b", text("x")),
    ]
    (archive,) = one(changes, table("a", text("x")), table("b", text("y"), text("x")))
    assert archive.name == "__zmigration_undone_t_b"
    assert (archive.table, archive.new_table) == ("b", "a")
    assert [kept.old.name for kept in archive.kept] == ["x"]


def test_a_plain_column_that_becomes_generated_and_back() -> None:
    plain = text("x")
    computed = Column(name="x", type=ColumnType(kind="str"), generated="upper(id)")
    (kept,) = one([AlterColumn("a", plain, computed)], table("a", plain), table("a", computed))
    assert kept.name == "__zmigration_kept_t_a"
    (undone,) = one([AlterColumn("a", computed, plain)], table("a", computed), table("a", plain))
    assert undone.name == "__zmigration_undone_t_a"
    assert undone.kept[0].new is None


def test_a_decimal_of_another_scale_is_kept() -> None:
    old = Column(name="x", type=ColumnType(kind="decimal"))
    new = Column(name="x", type=ColumnType(kind="decimal", precision=10, scale=2))
    (archive,) = one([AlterColumn("a", old, new)], table("a", old), table("a", new))
    assert archive.kept[0].after == "x__after"


def test_without_a_key_all_that_stays_tells_rows_apart() -> None:
    changes: list[Change] = [DropColumn("a", text("x"))]
    before = table("a", text("x"), text("y"), key=None)
    (archive,) = one(changes, before, table("a", text("y"), key=None))
    assert (archive.row_names, archive.keyed) == (("id", "y"), False)


def test_names_that_clash_and_names_that_are_cut() -> None:
    long = "ü" * 40
    before = table(long, text("x"), text("x__before"))
    (archive,) = one([DropColumn(long, text("x"))], before, table(long, text("x__before")))
    assert archive.kept[0].before == "x___before"
    assert len(archive.name.encode()) <= 63
    other = long + "a"
    (another,) = one([DropTable(table(other))], table(other), None)
    assert another.name != archive.name
