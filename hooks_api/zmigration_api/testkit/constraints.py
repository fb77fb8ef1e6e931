"""Keys, unique constraints, foreign keys, checks and indexes come and go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from zmigration_api.changes import (
    AddConstraint,
    AddIndex,
    Change,
    CreateTable,
    DropConstraint,
    DropIndex,
)
from zmigration_api.model import (
    Check,
    Column,
    Constraint,
    ForeignKey,
    Index,
    PrimaryKey,
    Schema,
    Table,
    UniqueConstraint,
)

from .lab import INT, STR, Conformance, Lab

AUTHORS = Table(
    name="authors",
    columns=(Column(name="id", type=INT, required=True), Column(name="name", type=STR)),
    primary_key=PrimaryKey(columns=("id",)),
)
BOOKS = Table(
    name="books",
    columns=(
        Column(name="id", type=INT, required=True),
        Column(name="title", type=STR),
        Column(name="author_id", type=INT),
    ),
    primary_key=PrimaryKey(columns=("id",)),
)
ROWS = {
    "authors": [{"id": 1, "name": "Ada"}, {"id": 2, "name": "Bo"}],
    "books": [
        {"id": 1, "title": "One", "author_id": 1},
        {"id": 2, "title": "Two", "author_id": None},
    ],
}
UNIQUE = UniqueConstraint(columns=("title",), name="uq_books_title")
KEY = ForeignKey(
    columns=("author_id",),
    ref_table="authors",
    ref_columns=("id",),
    on_delete="CASCADE",
    name="fk_books_author_id",
)
CHECK = Check(name="ck_books_id", expression="id > 0")
INDEX = Index(columns=("title", "author_id"), name="idx_books_title")


class ConstraintConformance(Conformance):
    """What holds between rows is made, told of where it is kept, and removed again."""

    def test_unique(self, lab: Lab) -> None:
        self._comes_and_goes(lab, UNIQUE, replace(BOOKS, unique=(UNIQUE,)))

    def test_foreign_key(self, lab: Lab) -> None:
        self._comes_and_goes(lab, KEY, replace(BOOKS, foreign_keys=(KEY,)))

    def test_check(self, lab: Lab) -> None:
        self._comes_and_goes(lab, CHECK, replace(BOOKS, checks=(CHECK,)))

    def test_primary_key(self, lab: Lab) -> None:
        lab.proves("changes", AddConstraint, DropConstraint)
        both = PrimaryKey(columns=("id", "title"))
        title = replace(BOOKS.columns[1], required=True)
        table = replace(BOOKS, columns=(BOOKS.columns[0], title, BOOKS.columns[2]))
        schema = lab.make(table, rows={"books": ROWS["books"]})
        desired = replace(table, primary_key=both)
        assert table.primary_key is not None
        drop = DropConstraint("books", table.primary_key)
        lab.change([drop, AddConstraint("books", both)], schema, Schema(tables=(desired,)))
        lab.check(desired)
        assert lab.rows(desired) == ROWS["books"]

    def test_index(self, lab: Lab) -> None:
        lab.proves("changes", AddIndex, DropIndex)
        schema = lab.make(BOOKS, rows={"books": ROWS["books"]})
        with_index = replace(BOOKS, indexes=(INDEX,))
        self._change(lab, [AddIndex("books", INDEX)], schema, with_index)
        self._change(lab, [DropIndex("books", INDEX)], Schema(tables=(with_index,)), BOOKS)

    def test_table_with_everything(self, lab: Lab) -> None:
        lab.proves("changes", CreateTable, AddConstraint, AddIndex)
        books = replace(
            BOOKS, unique=(UNIQUE,), foreign_keys=(KEY,), checks=(CHECK,), indexes=(INDEX,)
        )
        changes: list[Change] = [CreateTable(books), CreateTable(AUTHORS)]
        changes += [AddIndex("books", INDEX), AddConstraint("books", KEY)]
        desired = Schema(tables=(books, AUTHORS))
        lab.change(changes, Schema(), desired)
        lab.fill(desired, ROWS)
        lab.check(books, AUTHORS)

    def test_a_key_keeps_rows_apart(self, lab: Lab) -> None:
        lab.proves("changes", CreateTable)
        schema = lab.make(BOOKS, rows={"books": ROWS["books"]})
        lab.store.begin(5)
        try:
            lab.store.insert(BOOKS, [{"id": 1, "title": "again", "author_id": None}])
            lab.store.commit()
        except Exception:
            lab.store.rollback()
        assert lab.rows(schema.tables[0]) == ROWS["books"], "two rows have one key"

    def _comes_and_goes(self, lab: Lab, constraint: Constraint, desired: Table) -> None:
        lab.proves("changes", AddConstraint, DropConstraint)
        schema = lab.make(AUTHORS, BOOKS, rows=dict(ROWS))
        self._change(lab, [AddConstraint("books", constraint)], schema, desired)
        now = schema.with_tables([desired])
        self._change(lab, [DropConstraint("books", constraint)], now, BOOKS)

    def _change(self, lab: Lab, changes: Sequence[Change], current: Schema, desired: Table) -> None:
        lab.change(changes, current, current.with_tables([desired]))
        lab.check(desired)
        assert lab.rows(desired) == ROWS["books"]
