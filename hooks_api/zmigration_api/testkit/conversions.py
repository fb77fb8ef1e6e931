"""Every type change that the contract allows, value by value, and what must be refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from zmigration_api.changes import AlterColumn
from zmigration_api.conversion import convert, convertible
from zmigration_api.errors import StepFailed
from zmigration_api.model import Column, PrimaryKey, Schema, Table, Using
from zmigration_api.questions import Unconvertible
from zmigration_api.types import ColumnType, TypeKind
from zmigration_api.values import parse

from .lab import INT, STR, Conformance, Lab, typed

SAMPLES: dict[TypeKind, tuple[str, ...]] = {
    "int": ("0", "1", "-2147483648", "2147483647"),
    "bigint": ("0", "1", "9007199254740993", "-9223372036854775808"),
    "float": ("0", "1", "0.1", "-2.5", "1e+300"),
    "decimal": ("0", "1", "12.50", "-99999999.99"),
    "str": ("1", "", " x ", "007", "2024-02-29", "2024-02-29 23:59:59", "23:59:59", "true", "abc"),
    "text": ("1", "ünï\ncode", '{"a": [1]}', "0f8fad5b-d9cb-469f-a165-70867728950e", "1.50"),
    "bool": ("true", "false"),
    "date": ("2024-02-29", "0001-01-01"),
    "time": ("00:00:00", "23:59:59.25"),
    "datetime": ("2024-02-29 00:00:00", "1999-12-31 23:59:59.123456"),
    "json": ("1", '{"a": [1, null, "x"]}', '"text"', "[]"),
    "blob": ("abc", "\udcff\udc80"),
    "uuid": ("0f8fad5b-d9cb-469f-a165-70867728950e",),
}
TYPES = {
    **{kind: ColumnType(kind=kind) for kind in SAMPLES},
    "decimal": typed("decimal", precision=10, scale=2),
    "str": STR,
}
PAIRS = [(a, b) for a in SAMPLES for b in SAMPLES if a != b and convertible(TYPES[a], TYPES[b])]


def table_of(kind: ColumnType) -> Table:
    """A table with one column of that type."""
    return Table(
        name="things",
        columns=(Column(name="id", type=INT, required=True), Column(name="it", type=kind)),
        primary_key=PrimaryKey(columns=("id",)),
    )


def refusal(value: Any, old: ColumnType, new: ColumnType) -> str | None:
    """Why a value cannot go; None if it can."""
    try:
        convert(value, old, new)
    except ValueError as error:
        return str(error)
    return None


class ConversionConformance(Conformance):
    """The shared conversion, on this store."""

    @pytest.mark.parametrize(("a", "b"), PAIRS)
    def test_conversion(self, lab: Lab, a: TypeKind, b: TypeKind) -> None:
        lab.proves("conversions", AlterColumn)
        old, new = TYPES[a], TYPES[b]
        values = [parse(text, old) for text in SAMPLES[a]]
        if "" in values and "type" not in lab.backend.keeps:
            values.remove("")  # where null is written as nothing, so is an empty text
        fates = [(v, refusal(v, old, new)) for v in values]
        bad = [(v, reason) for v, reason in fates if reason is not None]
        self._goes(lab, old, new, [*(v for v, reason in fates if reason is None), None])
        self._is_refused(lab, old, new, bad)

    def test_using(self, lab: Lab) -> None:
        """Mapped values first; the rest by the shared conversion."""
        lab.proves("conversions", AlterColumn)
        using = Using(values=(("yes", "1"), ("unknown", None)))
        table = table_of(STR)
        rows = [{"id": n, "it": it} for n, it in enumerate(("yes", "unknown", "7"), 1)]
        schema = lab.make(table, rows={"things": rows})
        new = Column(name="it", type=INT, using=using)
        desired = replace(table, columns=(table.columns[0], new))
        change = AlterColumn("things", table.columns[1], new)
        lab.change([change], schema, Schema(tables=(desired,)))
        assert [row["it"] for row in lab.rows(desired)] == [1, None, 7]

    def _goes(self, lab: Lab, old: ColumnType, new: ColumnType, good: list[Any]) -> None:
        table, desired = table_of(old), table_of(new)
        rows = [{"id": n, "it": it} for n, it in enumerate(good, 1)]
        schema = lab.make(table, rows={"things": rows})
        stored = [row["it"] for row in lab.rows(table)]
        assert stored == good
        change = AlterColumn("things", table.columns[1], desired.columns[1])
        lab.change([change], schema, Schema(tables=(desired,)))
        lab.check(desired)
        # As the store has it: 1 may be 1.00 in a column of two decimal places.
        assert [row["it"] for row in lab.rows(desired)] == [convert(v, old, new) for v in stored]

    def _is_refused(
        self, lab: Lab, old: ColumnType, new: ColumnType, bad: list[tuple[Any, str]]
    ) -> None:
        """The question finds each bad value and says why; a step that meets one fails."""
        table, desired = replace(table_of(old), name="bad"), replace(table_of(new), name="bad")
        rows = [{"id": n, "it": it} for n, (it, _) in enumerate(bad, 1)]
        schema = lab.make(table, rows={"bad": rows} if rows else None)
        answer = lab.store.ask(Unconvertible("bad", table.columns[1], desired.columns[1]), schema)
        assert answer.count == len(bad)
        assert [s.reason for s in answer.samples] == [why for _, why in bad][:5]
        assert [s.key for s in answer.samples] == [(row["id"],) for row in rows][:5]
        if not bad:
            return
        change = AlterColumn("bad", table.columns[1], desired.columns[1])
        steps = lab.plan([change], schema, Schema(tables=(desired,)))
        with pytest.raises(StepFailed):
            lab.run(steps)
        assert lab.rows(table) == rows
