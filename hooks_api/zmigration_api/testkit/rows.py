"""Rows through the data facade, in every type."""

from __future__ import annotations

from typing import Any

import pytest

from zmigration_api.data import Data
from zmigration_api.errors import MigrationError
from zmigration_api.model import Column, PrimaryKey, Table
from zmigration_api.types import TypeKind
from zmigration_api.values import parse

from .conversions import SAMPLES, TYPES
from .lab import INT, STR, Conformance, Lab, value
from .structure import USERS


class RowConformance(Conformance):
    """What hooks do with rows."""

    @pytest.mark.parametrize("kind", list(SAMPLES))
    def test_round_trip(self, lab: Lab, kind: TypeKind) -> None:
        lab.proves("data")
        table = Table(
            name="things",
            columns=(
                Column(name="id", type=INT, required=True),
                Column(name="it", type=TYPES[kind]),
            ),
            primary_key=PrimaryKey(columns=("id",)),
        )
        schema = lab.make(table)
        values: list[Any] = [parse(text, TYPES[kind]) for text in SAMPLES[kind] if text]
        lab.store.begin(5)
        data = Data(lab.store, lambda: schema).things
        for number, it in enumerate((*values, None), 1):
            assert data.insert(id=number, it=it) == number
        self._round(data, values, kind)
        lab.store.commit()
        assert lab.rows(table) == [{"id": 1, "it": values[-1]}]

    def _round(self, data: Any, values: list[Any], kind: TypeKind) -> None:
        last = len(values) + 1
        assert [row["it"] for row in data.select(order="id")] == [*values, None]
        if kind not in ("json", "blob"):
            assert data.select({"it": values[-1]}, fields=["id"], order="id")[-1] == {
                "id": last - 1
            }
        assert data.select({"it": None}) == [{"id": last, "it": None}]
        assert data.update({"id": 1}, {"it": values[-1]}) == 1
        assert data.upsert({"id": last, "it": values[0]}) == 1
        assert data.select({"id": last}) == [{"id": last, "it": values[0]}]
        assert data.update({"id": 1}, {"it": None}) == 1
        assert data.upsert({"id": 1, "it": values[-1]}) == 1
        assert data.delete({"id": {"$gt": 1}}) == last - 1

    def test_conditions(self, lab: Lab) -> None:
        lab.proves("data")
        schema = lab.make(USERS)
        lab.store.begin(5)
        users = Data(lab.store, lambda: schema).users
        rows = [{"id": n, "name": name, "age": n * 10} for n, name in enumerate("aBcd_", 1)]
        assert users.insert_many([*rows, {"id": 6, "name": "x%"}]) == 6

        def ids(where: dict[str, object] | None = None, **more: Any) -> list[int]:
            return [row["id"] for row in users.select(where, order="id", **more)]

        assert ids({"age": {"$gte": 20, "$lt": 40}}) == [2, 3]
        assert ids({"$or": [{"name": "a"}, {"age": None}]}) == [1, 6]
        assert ids({"name": {"$like": "b%"}}) == []
        assert ids({"name": {"$like": "_%"}}, limit=2, offset=1) == [2, 3]
        assert ids({"id": [1, 5, 99]}) == [1, 5]
        assert ids({"age": {"$ne": 10}}) == [2, 3, 4, 5]
        assert ids({"age": {"$in": []}}) == []
        assert ids({"age": {"$notnull": True}, "name": {"$ne": "a"}}) == [2, 3, 4, 5]
        assert [r["age"] for r in users.select(order=["-age"], fields=["age"])][-1] is None
        assert users.delete({"age": {"$gt": 1000}}) == 0
        lab.store.rollback()

    def test_defaults_and_numbers(self, lab: Lab) -> None:
        lab.proves("data")
        name = Column(name="name", type=STR, default=value("nobody"))
        table = Table(
            name="people",
            columns=(Column(name="id", type=INT, required=True), name),
            primary_key=PrimaryKey(columns=("id",)),
        )
        schema = lab.make(table)
        lab.store.begin(5)
        people = Data(lab.store, lambda: schema).people
        first, second = people.insert(), people.insert(name="Ada")
        assert second > first > 0
        assert people.select({"id": first}) == [{"id": first, "name": "nobody"}]
        lab.store.commit()

    def test_required_is_kept(self, lab: Lab) -> None:
        lab.proves("data")
        schema = lab.make(USERS)
        lab.store.begin(5)
        with pytest.raises(MigrationError):
            Data(lab.store, lambda: schema).users.insert(id=1, name=None)
        lab.store.rollback()
        assert lab.rows(USERS) == []
