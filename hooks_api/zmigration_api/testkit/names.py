"""Names that are SQL, keywords, other alphabets or simply odd."""

from __future__ import annotations

from dataclasses import replace

import pytest

from zmigration_api.changes import AddColumn, Change, DropColumn, RenameColumn
from zmigration_api.model import (
    Backfill,
    Column,
    CopyOf,
    PrimaryKey,
    Schema,
    Table,
    UniqueConstraint,
)
from zmigration_api.questions import Nulls
from zmigration_api.where import Compare

from .lab import INT, STR, Conformance, Lab
from .structure import USERS

NAMES = (
    'x"; DROP TABLE users; --',
    "select",
    "Größe",
    "two words",
    "it's",
    "100%",
    "a,b;c",
    "$1 ? :x %s {y}",
)


class NameConformance(Conformance):
    """A column called `x"; DROP TABLE users; --` is a column."""

    @pytest.mark.parametrize("name", NAMES)
    def test_column(self, lab: Lab, name: str) -> None:
        lab.proves("hostile names", AddColumn, RenameColumn, DropColumn)
        name, other = lab.spelled(name), lab.spelled(f"{name} 2")
        odd = Column(name=name, type=STR)
        table = Table(
            name="odd",
            columns=(Column(name="id", type=INT, required=True), odd),
            primary_key=PrimaryKey(columns=("id",)),
            unique=(UniqueConstraint(columns=(name,), name="uq_odd"),),
        )
        schema = lab.make(USERS, table, rows={"odd": [{"id": 1, name: "v"}, {"id": 2, name: None}]})
        lab.check(table)
        assert lab.store.ask(Nulls("odd", name), schema).count == 1
        copy = Column(name="copy", type=STR, backfill=Backfill(parts=(CopyOf(other),)))
        renamed = replace(
            table,
            columns=(table.columns[0], replace(odd, name=other), copy),
            unique=(UniqueConstraint(columns=(other,), name="uq_odd"),),
        )
        changes: list[Change] = [RenameColumn("odd", name, other), AddColumn("odd", copy)]
        now = Schema(tables=(USERS, renamed))
        lab.change(changes, schema, now)
        lab.check(renamed, USERS)
        assert lab.rows(renamed)[0] == {"id": 1, other: "v", "copy": "v"}
        self._rows(lab, renamed, other)
        left = replace(renamed, columns=renamed.columns[:2])
        lab.change([DropColumn("odd", copy)], now, Schema(tables=(USERS, left)))
        lab.check(left)

    def _rows(self, lab: Lab, table: Table, name: str) -> None:
        lab.store.begin(5)
        assert lab.store.update(table, Compare(name, "eq", "v"), {name: "w"}) == 1
        assert lab.store.insert(table, [{"id": 3, name: "u"}]) == 1
        order = [(name, "desc")]
        found = lab.store.select(table, Compare("id", "notnull"), order=order)  # type: ignore[arg-type]
        assert [row[name] for row in found] == ["w", "u", None]
        lab.store.commit()

    @pytest.mark.parametrize("name", ["order", "two words", "Ärger", "it's", "a;b--c", "100%"])
    def test_table(self, lab: Lab, name: str) -> None:
        lab.proves("hostile names", AddColumn)
        table = replace(USERS, name=lab.spelled(name))
        schema = lab.make(table, rows={table.name: [{"id": 1, "name": "Ada", "age": 1}]})
        email = Column(name="email", type=STR)
        desired = replace(table, columns=(*table.columns, email))
        lab.change([AddColumn(table.name, email)], schema, Schema(tables=(desired,)))
        lab.check(desired)
        assert lab.rows(desired) == [{"id": 1, "name": "Ada", "age": 1, "email": None}]
