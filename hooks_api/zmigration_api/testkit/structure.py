"""Tables and columns: each kind of change, with rows that must survive it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from zmigration_api.changes import (
    AddColumn,
    AlterColumn,
    CreateTable,
    DropColumn,
    DropTable,
    RenameColumn,
    RenameTable,
)
from zmigration_api.model import Backfill, Column, CopyOf, Default, Fixed, PrimaryKey, Schema, Table
from zmigration_api.questions import Nulls, Readable
from zmigration_api.where import EVERYTHING

from .lab import INT, STR, TEXT, Conformance, Lab, typed, value

USERS = Table(
    name="users",
    columns=(
        Column(name="id", type=INT, required=True),
        Column(name="name", type=STR, required=True),
        Column(name="age", type=INT),
    ),
    primary_key=PrimaryKey(columns=("id",)),
)
ROWS = [
    {"id": 1, "name": "Ada", "age": 36},
    {"id": 2, "name": "Łukasz", "age": None},
    {"id": 3, "name": "a \"b\", 'c'\n; --", "age": -1},
]
POSTS = replace(USERS, name="posts")


def columns(*extra: Column, without: str = "") -> tuple[Column, ...]:
    """The columns of USERS, more or less."""
    return (*(c for c in USERS.columns if c.name != without), *extra)


class StructureConformance(Conformance):
    """Tables and columns come, go, change and are renamed."""

    @pytest.fixture
    def users(self, lab: Lab) -> Schema:
        """A table with three rows, and another that nobody may touch."""
        return lab.make(USERS, POSTS, rows={"users": ROWS, "posts": ROWS})

    def test_looking_leaves_no_trace(self, lab: Lab) -> None:
        lab.proves("no trace")
        root = lab.place.target.workspace
        before = _listing(root)
        current = Schema(tables=(USERS,))
        assert lab.store.inspect(["users"]).tables == ()
        assert list(lab.store.select(USERS, EVERYTHING)) == []
        assert lab.store.count("users") in (0, None)
        assert lab.store.ask(Nulls("users", "name"), Schema()).count == 0
        assert lab.store.ask(Readable("users"), Schema()).count == 0
        lab.store.plan([CreateTable(USERS)], Schema(), current)
        assert not lab.store.unfinished
        lab.store.close()
        assert _listing(root) == before

    def test_create_table(self, lab: Lab) -> None:
        lab.proves("changes", CreateTable)
        lab.make(USERS, rows={"users": ROWS})
        lab.check(USERS)
        assert lab.rows(USERS) == ROWS
        assert lab.store.count("users") in (3, None)

    def test_drop_table(self, lab: Lab, users: Schema) -> None:
        lab.proves("changes", DropTable)
        lab.change([DropTable(USERS)], users, Schema(tables=(POSTS,)))
        assert lab.live("users") is None
        self._posts_are_whole(lab)

    def test_rename_table(self, lab: Lab, users: Schema) -> None:
        lab.proves("changes", RenameTable)
        people = replace(USERS, name="people")
        lab.change([RenameTable("users", "people")], users, Schema(tables=(people, POSTS)))
        assert lab.live("users") is None
        self._is_now(lab, people, ROWS)

    def test_add_column(self, lab: Lab, users: Schema) -> None:
        lab.proves("changes", AddColumn)
        new = Column(name="email", type=STR)
        self._add(lab, users, new, [None, None, None])

    def test_add_column_with_default(self, lab: Lab, users: Schema) -> None:
        lab.proves("changes", AddColumn)
        new = Column(name="points", type=INT, required=True, default=value("7"))
        self._add(lab, users, new, [7, 7, 7])

    def test_add_column_with_default_now(self, lab: Lab, users: Schema) -> None:
        lab.proves("changes", AddColumn)
        new = Column(name="seen", type=typed("datetime"), default=Default(kind="now"))
        table = replace(USERS, columns=columns(new))
        lab.change([AddColumn("users", new)], users, users.with_tables([table]))
        lab.check(table)
        moments = {row["seen"] for row in lab.rows(table)}
        assert len(moments) == 1, "one run has one now"
        assert None not in moments

    def test_add_column_with_backfill(self, lab: Lab, users: Schema) -> None:
        lab.proves("changes", AddColumn)
        parts = (CopyOf("name"), Fixed(" no. "), CopyOf("id"))
        new = Column(name="label", type=TEXT, backfill=Backfill(parts=parts))
        self._add(lab, users, new, [f"{row['name']} no. {row['id']}" for row in ROWS])

    def test_add_column_with_backfill_of_nulls(self, lab: Lab, users: Schema) -> None:
        lab.proves("changes", AddColumn)
        parts = (CopyOf("id"), CopyOf("age"))
        new = Column(name="label", type=TEXT, backfill=Backfill(parts=parts))
        ages = ("" if row["age"] is None else row["age"] for row in ROWS)
        wanted: list[object] = [f"{row['id']}{age}" for row, age in zip(ROWS, ages, strict=True)]
        self._add(lab, users, new, wanted)

    def test_add_column_as_a_copy(self, lab: Lab, users: Schema) -> None:
        lab.proves("changes", AddColumn)
        new = Column(name="years", type=STR, backfill=Backfill(parts=(CopyOf("age"),)))
        self._add(lab, users, new, ["36", None, "-1"])

    def test_a_required_column_invents_nothing(self, lab: Lab, users: Schema) -> None:
        lab.proves("changes", AddColumn)
        new = Column(name="email", type=STR, required=True)
        table = replace(USERS, columns=columns(new))
        steps = lab.plan([AddColumn("users", new)], users, users.with_tables([table]))
        with pytest.raises(Exception, match=r"(?i)null|required|value"):
            lab.run(steps)
        self._is_now(lab, USERS, ROWS)

    def test_drop_column(self, lab: Lab, users: Schema) -> None:
        lab.proves("changes", DropColumn)
        table = replace(USERS, columns=columns(without="age"))
        change = DropColumn("users", USERS.columns[2])
        lab.change([change], users, users.with_tables([table]))
        left = [{name: row[name] for name in ("id", "name")} for row in ROWS]
        self._is_now(lab, table, left)

    def test_rename_column(self, lab: Lab, users: Schema) -> None:
        lab.proves("changes", RenameColumn)
        table = replace(USERS, columns=columns(Column(name="years", type=INT), without="age"))
        lab.change([RenameColumn("users", "age", "years")], users, users.with_tables([table]))
        renamed = [{"id": r["id"], "name": r["name"], "years": r["age"]} for r in ROWS]
        self._is_now(lab, table, renamed)

    def test_alter_default(self, lab: Lab, users: Schema) -> None:
        lab.proves("changes", AlterColumn)
        old = USERS.columns[2]
        self._alter(lab, users, old, replace(old, default=value("18")), [36, None, -1])

    def test_alter_required_with_backfill(self, lab: Lab, users: Schema) -> None:
        lab.proves("changes", AlterColumn)
        old = USERS.columns[2]
        new = replace(old, required=True, backfill=Backfill(parts=(Fixed("0"),)))
        self._alter(lab, users, old, new, [36, 0, -1])

    def test_alter_required_off(self, lab: Lab, users: Schema) -> None:
        lab.proves("changes", AlterColumn)
        old = USERS.columns[1]
        new = replace(old, required=False)
        table = replace(USERS, columns=(USERS.columns[0], new, USERS.columns[2]))
        lab.change([AlterColumn("users", old, new)], users, users.with_tables([table]))
        self._is_now(lab, table, ROWS)

    def test_all_at_once(self, lab: Lab, users: Schema) -> None:
        changes = RenameColumn, AddColumn, AlterColumn, DropColumn
        lab.proves("changes", *changes)
        email = Column(name="email", type=STR, default=value("none"))
        text = Column(name="age", type=STR)
        table = Table(
            name="users",
            columns=(USERS.columns[0], text, email),
            primary_key=USERS.primary_key,
        )
        lab.change(
            [
                AddColumn("users", email),
                AlterColumn("users", USERS.columns[2], text),
                DropColumn("users", USERS.columns[1]),
            ],
            users,
            users.with_tables([table]),
        )
        wanted = [(1, "36"), (2, None), (3, "-1")]
        self._is_now(lab, table, [{"id": i, "age": a, "email": "none"} for i, a in wanted])

    def test_what_is_not_ours_stays(self, lab: Lab, users: Schema) -> None:
        """A column that no schema knows keeps its values through a change of its table."""
        lab.proves("changes", AddColumn)
        ours = replace(USERS, columns=columns(without="age"))
        new = Column(name="email", type=STR)
        desired = replace(ours, columns=(*ours.columns, new))
        lab.change([AddColumn("users", new)], Schema(tables=(ours,)), Schema(tables=(desired,)))
        self._is_now(
            lab, replace(USERS, columns=columns(new)), [{**r, "email": None} for r in ROWS]
        )

    def test_one_plan_for_one_state(self, lab: Lab, users: Schema) -> None:
        """What is shown is what is run: planning again gives the same steps."""
        lab.proves("changes", AddColumn)
        new = Column(name="email", type=STR)
        desired = users.with_tables([replace(USERS, columns=columns(new))])
        steps = lab.plan([AddColumn("users", new)], users, desired)
        assert steps == lab.plan([AddColumn("users", new)], users, desired)
        assert all(step.statements and step.undo for step in steps)
        assert all(s.endswith(";") for step in steps for s in (*step.statements, *step.undo))

    def _add(self, lab: Lab, users: Schema, new: Column, values: list[object]) -> None:
        table = replace(USERS, columns=columns(new))
        lab.change([AddColumn("users", new)], users, users.with_tables([table]))
        rows = zip(ROWS, values, strict=True)
        self._is_now(lab, table, [{**row, new.name: added} for row, added in rows])

    def _alter(
        self, lab: Lab, users: Schema, old: Column, new: Column, ages: list[int | None]
    ) -> None:
        table = replace(USERS, columns=columns(new, without=old.name))
        lab.change([AlterColumn("users", old, new)], users, users.with_tables([table]))
        self._is_now(lab, table, [{**r, "age": a} for r, a in zip(ROWS, ages, strict=True)])

    def _is_now(self, lab: Lab, table: Table, rows: list[dict[str, object]]) -> None:
        lab.check(table)
        assert lab.rows(table) == rows
        self._posts_are_whole(lab)

    def _posts_are_whole(self, lab: Lab) -> None:
        lab.check(POSTS)
        assert lab.rows(POSTS) == ROWS


def _listing(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*"))
