"""Inverse steps bring structure and values back, and keep what was written since."""

from __future__ import annotations

from dataclasses import replace

import pytest

from zmigration_api.archive import KEPT
from zmigration_api.changes import (
    AddColumn,
    AddConstraint,
    AddIndex,
    AlterColumn,
    Change,
    CreateTable,
    DropColumn,
    DropTable,
    RenameColumn,
    RenameTable,
)
from zmigration_api.model import Backfill, Column, Fixed, Schema, Table
from zmigration_api.where import Compare

from .constraints import INDEX, UNIQUE
from .lab import INT, STR, Conformance, Lab, typed, value
from .structure import POSTS, ROWS, USERS, columns

AGE = USERS.columns[2]
EMAIL = Column(name="email", type=STR, default=value("none"))
PEOPLE = replace(USERS, name="people")
CASES: dict[str, tuple[Change, Table | None]] = {
    "drop_table": (DropTable(USERS), None),
    "rename_table": (RenameTable("users", "people"), PEOPLE),
    "add_column": (AddColumn("users", EMAIL), replace(USERS, columns=columns(EMAIL))),
    "drop_column": (DropColumn("users", AGE), replace(USERS, columns=columns(without="age"))),
    "rename_column": (
        RenameColumn("users", "age", "years"),
        replace(USERS, columns=columns(replace(AGE, name="years"), without="age")),
    ),
    "retype": (
        AlterColumn("users", AGE, replace(AGE, type=STR)),
        replace(USERS, columns=columns(replace(AGE, type=STR), without="age")),
    ),
    "fill_nulls": (
        AlterColumn(
            "users", AGE, replace(AGE, required=True, backfill=Backfill(parts=(Fixed("0"),)))
        ),
        replace(USERS, columns=columns(replace(AGE, required=True), without="age")),
    ),
    "unique": (
        AddConstraint("users", replace(UNIQUE, columns=("name",))),
        replace(USERS, unique=(replace(UNIQUE, columns=("name",)),)),
    ),
    "index": (
        AddIndex("users", replace(INDEX, columns=("name",))),
        replace(USERS, indexes=(replace(INDEX, columns=("name",)),)),
    ),
}


class WayBackConformance(Conformance):
    """Each kind of change, made and taken back."""

    @pytest.mark.parametrize("case", list(CASES))
    def test_there_and_back(self, lab: Lab, case: str) -> None:
        change, desired = CASES[case]
        lab.proves("way back", type(change), type(change.inverse()))
        schema = lab.make(USERS, POSTS, rows={"users": ROWS, "posts": ROWS})
        before = lab.store.inspect(["users"])
        after = Schema(tables=tuple(filter(None, (desired, POSTS))))
        steps = lab.change([change], schema, after)
        assert lab.store.inspect(["users"]) != before or not _is_told(lab, change)
        lab.take_back(steps)
        assert lab.store.inspect(["users"]) == before
        lab.check(USERS, POSTS)
        assert lab.rows(USERS) == ROWS
        assert lab.rows(POSTS) == ROWS

    def test_two_columns_swap_their_names(self, lab: Lab) -> None:
        lab.proves("way back", RenameColumn)
        key, name, age = USERS.columns
        table = replace(USERS, columns=(key, replace(name, name="age"), replace(age, name="name")))
        schema = lab.make(USERS, POSTS, rows={"users": ROWS, "posts": ROWS})
        before = lab.store.inspect(["users"])
        changes = RenameColumn("users", "name", "age"), RenameColumn("users", "age", "name")
        steps = lab.change(changes, schema, schema.with_tables([table]))
        swapped = [{"id": r["id"], "age": r["name"], "name": r["age"]} for r in ROWS]
        assert lab.rows(table) == swapped
        lab.take_back(steps)
        assert lab.store.inspect(["users"]) == before
        assert lab.rows(USERS) == ROWS

    def test_two_tables_swap_their_names(self, lab: Lab) -> None:
        lab.proves("way back", RenameTable)
        schema = lab.make(USERS, POSTS, rows={"users": ROWS, "posts": ROWS[:1]})
        swapped = replace(USERS, name="posts"), replace(POSTS, name="users")
        changes = RenameTable("users", "posts"), RenameTable("posts", "users")
        steps = lab.change(changes, schema, Schema(tables=swapped))
        assert [lab.rows(table) for table in swapped] == [ROWS, ROWS[:1]]
        lab.take_back(steps)
        assert [lab.rows(table) for table in (USERS, POSTS)] == [ROWS, ROWS[:1]]

    def test_created_tables_go(self, lab: Lab) -> None:
        lab.proves("way back", CreateTable, DropTable)
        steps = lab.change([CreateTable(USERS)], Schema(), Schema(tables=(USERS,)))
        lab.fill(Schema(tables=(USERS,)), {"users": ROWS})
        lab.take_back(steps)
        assert lab.live("users") is None

    def test_texts_come_back_as_they_were(self, lab: Lab) -> None:
        """`007` became 7 and is `007` again; what was changed since is converted back."""
        lab.proves("way back", AlterColumn)
        text, number = Column(name="it", type=STR), Column(name="it", type=INT)
        table = replace(USERS, columns=(USERS.columns[0], text))
        desired = replace(USERS, columns=(USERS.columns[0], number))
        rows = [{"id": n, "it": it} for n, it in enumerate(("007", " 8", "9", None), 1)]
        schema = lab.make(table, rows={"users": rows})
        now = Schema(tables=(desired,))
        steps = lab.change([AlterColumn("users", text, number)], schema, now)
        assert [row["it"] for row in lab.rows(desired)] == [7, 8, 9, None]
        lab.store.begin(5)
        assert lab.store.update(desired, Compare("id", "eq", 3), {"it": 30}) == 1
        lab.store.insert(desired, [{"id": 5, "it": 50}])
        lab.store.commit()
        lab.take_back(steps)
        assert [row["it"] for row in lab.rows(table)] == ["007", " 8", "30", None, "50"]

    def test_rows_of_now_stay(self, lab: Lab) -> None:
        """Rows that came have the default in a column that returns, those that went stay gone."""
        lab.proves("way back", DropColumn, AddColumn)
        old = Column(name="age", type=INT, default=value("5"))
        table = replace(USERS, columns=(*USERS.columns[:2], old))
        left = replace(USERS, columns=USERS.columns[:2])
        schema = lab.make(table, rows={"users": ROWS})
        steps = lab.change([DropColumn("users", old)], schema, Schema(tables=(left,)))
        lab.store.begin(5)
        lab.store.delete(left, Compare("id", "eq", 1))
        lab.store.insert(left, [{"id": 4, "name": "Zoe"}])
        lab.store.commit()
        lab.take_back(steps)
        assert [(r["id"], r["age"]) for r in lab.rows(table)] == [(2, None), (3, -1), (4, 5)]

    def test_without_a_key(self, lab: Lab) -> None:
        """Rows are told apart by all that stays, and counted where they are alike."""
        lab.proves("way back", DropColumn, AddColumn)
        name, age = Column(name="name", type=STR), Column(name="age", type=typed("bigint"))
        table = Table(name="loose", columns=(name, age))
        left = Table(name="loose", columns=(name,))
        pairs = [("a", 1), ("a", 2), ("b", None), ("a", 1)]
        rows = [{"name": n, "age": a} for n, a in pairs]
        schema = lab.make(table, rows={"loose": rows})
        steps = lab.change([DropColumn("loose", age)], schema, Schema(tables=(left,)))
        lab.take_back(steps)
        found = sorted((r["name"], repr(r["age"])) for r in lab.rows(table))
        assert found == sorted((n, repr(a)) for n, a in pairs)

    def test_the_archive_is_a_table(self, lab: Lab) -> None:
        lab.proves("way back", DropColumn, DropTable)
        schema = lab.make(USERS, rows={"users": ROWS})
        left = Schema(tables=(replace(USERS, columns=columns(without="age")),))
        steps = lab.change([DropColumn("users", AGE)], schema, left)
        (archive,) = [step.keeps for step in steps if step.keeps]
        assert archive.name.startswith(KEPT)
        live = lab.live(lab.spelled(archive.name))
        assert live is not None
        assert {"id", "age__before"} <= {column.name for column in live.columns}
        lab.change([DropTable(live)], Schema(tables=(live,)), Schema())
        assert lab.live(lab.spelled(archive.name)) is None


def _is_told(lab: Lab, change: Change) -> bool:
    """Whether the store shows that the change was made."""
    match change:
        case AddConstraint():
            return "unique" in lab.backend.keeps
        case AddIndex():
            return "indexes" in lab.backend.keeps
        case AlterColumn():
            return {"type", "required"} <= lab.backend.keeps
        case _:
            return True
