"""Units of work: all or nothing, one at a time, with history in the same unit."""

from __future__ import annotations

from dataclasses import replace

import pytest

from zmigration_api.backend import no_progress
from zmigration_api.changes import AddColumn, AlterColumn, Change, CreateTable
from zmigration_api.errors import LockTimeout, StepFailed, StoreError
from zmigration_api.history import HistoryRecord, history_table
from zmigration_api.model import Column, Schema
from zmigration_api.where import EVERYTHING

from .lab import INT, STR, Conformance, Lab
from .structure import POSTS, ROWS, USERS, columns


class UnitConformance(Conformance):
    """Atomicity, locking and history."""

    def test_a_failing_step_undoes_all(self, lab: Lab) -> None:
        lab.proves("atomicity", CreateTable, AddColumn, AlterColumn)
        schema = lab.make(USERS, rows={"users": ROWS})
        before = lab.store.inspect(["users"])
        email, number = Column(name="email", type=STR), Column(name="name", type=INT, required=True)
        changes: list[Change] = [CreateTable(POSTS), AddColumn("users", email)]
        changes.append(AlterColumn("users", USERS.columns[1], number))
        wanted = replace(USERS, columns=(USERS.columns[0], number, USERS.columns[2], email))
        steps = lab.plan(changes, schema, Schema(tables=(wanted, POSTS)))
        with pytest.raises(StepFailed):
            lab.run(steps)
        assert lab.store.inspect(["users", "posts"]) == before
        assert lab.rows(USERS) == ROWS

    def test_rollback_undoes_rows(self, lab: Lab) -> None:
        lab.proves("atomicity")
        lab.make(USERS, rows={"users": ROWS})
        lab.store.begin(5)
        lab.store.insert(USERS, [{"id": 9, "name": "Zoe"}])
        lab.store.delete(USERS, EVERYTHING)
        assert lab.rows(USERS) == []
        lab.store.rollback()
        assert lab.rows(USERS) == ROWS

    def test_rollback_undoes_the_store_itself(self, lab: Lab) -> None:
        lab.proves("atomicity", CreateTable)
        root = lab.place.target.workspace
        before = sorted(root.rglob("*"))
        steps = lab.plan([CreateTable(USERS)], Schema(), Schema(tables=(USERS,)))
        lab.store.begin(5)
        for step in steps:
            lab.store.run(step, no_progress)
        lab.store.rollback()
        assert lab.store.inspect(["users"]).tables == ()
        lab.store.close()
        assert sorted(root.rglob("*")) == before

    def test_closing_undoes(self, lab: Lab) -> None:
        lab.proves("atomicity")
        lab.make(USERS, rows={"users": ROWS})
        lab.store.begin(5)
        lab.store.delete(USERS, EVERYTHING)
        lab.store.close()
        assert list(lab.another().select(USERS, EVERYTHING)) == ROWS

    def test_a_commit_lasts(self, lab: Lab) -> None:
        lab.proves("atomicity")
        lab.make(USERS, rows={"users": ROWS})
        lab.store.close()
        assert list(lab.another().select(USERS, EVERYTHING)) == ROWS

    def test_changing_needs_a_unit(self, lab: Lab) -> None:
        lab.proves("atomicity")
        lab.make(USERS, rows={"users": ROWS})
        with pytest.raises(StoreError):
            lab.store.insert(USERS, [{"id": 9, "name": "Zoe"}])
        assert lab.rows(USERS) == ROWS

    def test_one_unit_at_a_time(self, lab: Lab) -> None:
        lab.proves("locking")
        lab.make(USERS, rows={"users": ROWS})
        other = lab.another()
        lab.store.begin(5)
        with pytest.raises(LockTimeout):
            other.begin(0.2)
        lab.store.insert(USERS, [{"id": 9, "name": "Zoe"}])
        lab.store.commit()
        other.begin(5)
        assert other.update(USERS, EVERYTHING, {"age": 1}) == 4
        other.rollback()
        lab.store.begin(5)
        lab.store.rollback()
        assert [row["age"] for row in lab.rows(USERS)] == [36, None, -1, None]

    def test_history(self, lab: Lab) -> None:
        lab.proves("history", CreateTable)
        table = history_table("shop")
        table = replace(table, name=lab.spelled(table.name))
        texts = ["", "ünïcödé\r\n\t\"quoted\", 'and' {json: null} ; --", "x" * 100_000]
        lab.change([CreateTable(table)], Schema(), Schema(tables=(table,)))
        records = [_record(n, text) for n, text in enumerate(texts, 1)]
        for record in records:
            lab.fill(Schema(tables=(table,)), {table.name: [record.as_row()]})
        rows = lab.store.select(table, EVERYTHING, order=[("id", "desc")], limit=2)
        newest = [HistoryRecord.from_row(row) for row in rows]
        assert newest == records[:0:-1]
        assert lab.store.history_display(table.name)

    def test_history_is_in_the_unit(self, lab: Lab) -> None:
        lab.proves("history", AddColumn)
        schema = lab.make(USERS, rows={"users": ROWS})
        table = replace(history_table("shop"), name=lab.spelled(history_table("shop").name))
        email = Column(name="email", type=STR)
        desired = schema.with_tables([replace(USERS, columns=columns(email))])
        steps = lab.plan([AddColumn("users", email)], schema, desired)
        made = lab.store.plan([CreateTable(table)], Schema(), Schema(tables=(table,)))
        lab.store.begin(5)
        for step in (*steps, *made):
            lab.store.run(step, no_progress)
        lab.store.insert(table, [_record(1, "x").as_row()])
        lab.store.rollback()
        assert lab.store.inspect([table.name]).tables == ()
        lab.check(USERS)


def _record(number: int, text: str) -> HistoryRecord:
    return HistoryRecord(
        id=number,
        schema_name="zSchema.shop",
        from_version=None,
        to_version="v1.0.0",
        applied_at="2026-01-02T03:04:05",
        schema_hash="0" * 64,
        changes_summary="Added column: email",
        status="SUCCESS",
        meta_data=text or None,
    )
