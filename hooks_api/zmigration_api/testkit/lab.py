"""A store under test, and the few things that every test does with one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from zmigration_api.archive import archives_for
from zmigration_api.backend import BackendType, Fact, Row, Store, no_progress
from zmigration_api.changes import Change, CreateTable
from zmigration_api.model import Column, Default, ForeignKey, Schema, Table
from zmigration_api.plan import Step
from zmigration_api.target import Target
from zmigration_api.types import ColumnType, TypeKind
from zmigration_api.values import parse
from zmigration_api.where import EVERYTHING

from .summary import Ability, note


@dataclass(frozen=True, slots=True)
class Place:
    """A backend, and where an empty store of it may be."""

    backend: BackendType
    target: Target


class Lab:
    """One store. `close` lets go of it and of every `another`."""

    def __init__(self, place: Place, request: pytest.FixtureRequest) -> None:
        self.place = place
        self.backend = place.backend
        self.store = place.backend.open(place.target)
        self._request = request
        self._others: list[Store] = []

    def another(self) -> Store:
        """The same store as another run would open it."""
        self._others.append(self.backend.open(self.place.target))
        return self._others[-1]

    def close(self) -> None:
        """Let go of everything."""
        for store in (self.store, *self._others):
            store.close()

    def proves(self, ability: Ability, *changes: type[Change]) -> None:
        """Say what this test is about; it is skipped if the backend says that it lacks it."""
        lacks = [change.__name__ for change in changes if change not in self.backend.supports]
        if ability == "way back" and not self.backend.keeps_archives:
            lacks.append("archives")
        note(self._request, self.backend, ability, [change.__name__ for change in changes])
        if lacks:
            pytest.skip(f"{self.backend.name} says that it lacks {', '.join(lacks)}")

    def spelled(self, name: str) -> str:
        """The name as the store has it."""
        return self.store.spell(name)

    def make(self, *tables: Table, rows: Mapping[str, Sequence[Row]] | None = None) -> Schema:
        """Make tables, with rows by table name, in a unit of its own."""
        schema = Schema(tables=tables)
        changes = [CreateTable(table) for table in tables]
        self.change(changes, Schema(), schema)
        self.fill(schema, rows or {})
        return schema

    def fill(self, schema: Schema, rows: Mapping[str, Sequence[Row]]) -> None:
        """Add rows, in a unit of its own."""
        if not rows:
            return
        self.store.begin(5)
        for name, some in rows.items():
            table = schema.table(name)
            assert table is not None
            assert self.store.insert(table, some) == len(some)
        self.store.commit()

    def plan(self, changes: Sequence[Change], current: Schema, desired: Schema) -> tuple[Step, ...]:
        """The plan, with archives if the backend keeps any."""
        if not self.backend.keeps_archives:
            return self.store.plan(changes, current, desired)
        archives = archives_for(changes, current, desired, "0123456789")
        return self.store.plan(changes, current, desired, archives)

    def change(
        self, changes: Sequence[Change], current: Schema, desired: Schema
    ) -> tuple[Step, ...]:
        """Plan and make changes, in a unit of its own."""
        steps = self.plan(changes, current, desired)
        self.run(steps)
        return steps

    def run(self, steps: Iterable[Step]) -> None:
        """Make steps, in a unit of its own; it is rolled back if one fails."""
        self.store.begin(5)
        try:
            for step in steps:
                self.store.run(step, no_progress)
            self.store.commit()
        except BaseException:
            self.store.rollback()
            raise

    def take_back(self, steps: Sequence[Step]) -> None:
        """Make the inverse steps, from the last to the first."""
        self.run([step.inverse() for step in reversed(steps)])

    def rows(self, table: Table) -> list[dict[str, Any]]:
        """Every row, in the order of the primary key."""
        order = [(name, "asc") for name in table.key]
        return list(self.store.select(table, EVERYTHING, order=order))  # type: ignore[arg-type]

    def live(self, name: str) -> Table | None:
        """The table as the store tells of it."""
        return self.store.inspect([name]).table(name)

    def check(self, *tables: Table) -> None:
        """The store must tell of these tables, as far as it keeps what they say."""
        for table in tables:
            live = self.live(table.name)
            assert live is not None, f"there is no table {table.name}"
            keeps = self.backend.keeps
            assert facts_of(live, keeps) == facts_of(table, keeps)
            if "type" in keeps:
                for column in table.columns:
                    there = live.column(column.name)
                    assert there is not None
                    assert self.store.reads_as(there, column.type), (there, column.type)


def facts_of(table: Table, keeps: frozenset[Fact]) -> dict[str, object]:
    """What a table says that a store of this kind keeps, in a form to compare."""
    facts: dict[str, object] = {"columns": {column.name for column in table.columns}}
    if "required" in keeps:
        facts["required"] = {c.name for c in table.columns if c.required} | set(table.key)
    if "default" in keeps:
        facts["defaults"] = {c.name: _default(c) for c in table.columns if c.default}
    if "key" in keeps:
        facts["key"] = table.key
    if "unique" in keeps:
        facts["unique"] = {frozenset(unique.columns) for unique in table.unique}
    if "foreign_keys" in keeps:
        facts["foreign keys"] = set(map(_foreign_key, table.foreign_keys))
    if "indexes" in keeps:
        facts["indexes"] = {index.columns for index in table.indexes}
    if "checks" in keeps:
        facts["checks"] = {check.name.lower() for check in table.checks}
    return facts


def _foreign_key(key: ForeignKey) -> tuple[object, ...]:
    return key.columns, key.ref_table, key.ref_columns, key.on_delete


def _default(column: Column) -> object:
    default = column.default
    assert default is not None
    if default.kind != "value":
        return default.kind
    try:
        return parse(default.text, column.type)
    except ValueError:
        return default.text


def typed(kind: TypeKind, **measures: int) -> ColumnType:
    """A type in few words."""
    return ColumnType(kind=kind, **measures)  # type: ignore[arg-type]


INT, TEXT, STR = typed("int"), typed("text"), typed("str", length=255)


def value(text: str) -> Default:
    """A default of a plain value."""
    return Default(kind="value", text=text)


class Conformance:
    """What every part has in common: `lab` over the author's `place`."""

    @pytest.fixture
    def lab(self, place: Place, request: pytest.FixtureRequest) -> Iterator[Lab]:
        """The store under test."""
        lab = Lab(place, request)
        yield lab
        lab.close()
