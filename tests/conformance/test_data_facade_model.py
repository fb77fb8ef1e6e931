"""The three stores against one plain list, by hypothesis."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.conformance.data_facade import column, table, tables
from tests.conformance.stores import begun, csv_store, postgresql_store, sqlite_store

THINGS = table("things", column("id", "int"), column("n", "int"), column("s"), column("b", "bool"))
Rows = list[dict[str, Any]]
IDS, NUMBERS = st.integers(0, 12), st.none() | st.integers(-3, 3)
TEXTS = st.none() | st.text('aB%_\\"\n\r, é0', min_size=1, max_size=3)
COLUMNS: dict[str, st.SearchStrategy[Any]] = {
    "id": IDS,
    "n": NUMBERS,
    "s": TEXTS,
    "b": st.none() | st.booleans(),
}
VALUES = st.fixed_dictionaries({}, optional={name: COLUMNS[name] for name in "nsb"})
ROWS = st.builds(lambda key, values: {"id": key, **values}, IDS, VALUES)
ORDERED = ("$gt", "$gte", "$lt", "$lte", "$eq", "$ne")


def _test_of(name: str) -> st.SearchStrategy[tuple[str, str, Any]]:
    some = COLUMNS[name]
    return st.one_of(
        st.tuples(st.just(name), st.sampled_from(ORDERED), some.filter(lambda v: v is not None)),
        st.tuples(st.just(name), st.just("$in"), st.lists(some, max_size=3)),
        st.tuples(st.just(name), st.sampled_from(["$null", "$notnull"]), st.booleans()),
    )


TESTS = st.one_of(*map(_test_of, COLUMNS)) | st.tuples(
    st.just("s"), st.just("$like"), st.text("aB%_\\\n", max_size=3)
)
WHERE = st.recursive(
    st.lists(TESTS, max_size=2), lambda inner: st.tuples(st.just("or"), st.lists(inner, max_size=2))
)


def as_where(tests: Any) -> dict[str, Any]:
    if isinstance(tests, tuple):
        return {"$or": [as_where(part) for part in tests[1]]}
    where: dict[str, Any] = {}
    for name, operator, operand in tests:
        where.setdefault(name, {})[operator] = operand
    return where


def holds(where: dict[str, Any], row: dict[str, Any]) -> bool:
    """The meaning of a where-dict, written down once more and plainly."""
    for name, operators in where.items():
        if name == "$or":
            if not any(holds(part, row) for part in operators):
                return False
        elif not all(_compare(row[name], word, operand) for word, operand in operators.items()):
            return False
    return True


def _compare(cell: Any, word: str, operand: Any) -> bool:
    if word in ("$null", "$notnull"):
        return bool((cell is None) == ((word == "$null") == operand))
    if cell is None:
        return False
    match word:
        case "$eq":
            return bool(cell == operand)
        case "$ne":
            return bool(cell != operand)
        case "$gt":
            return bool(cell > operand)
        case "$gte":
            return bool(cell >= operand)
        case "$lt":
            return bool(cell < operand)
        case "$lte":
            return bool(cell <= operand)
        case "$in":
            return cell in operand
        case _:
            return _like(cell, operand)


def _like(text: str, pattern: str) -> bool:
    if not pattern:
        return not text
    if pattern[0] == "%":
        return any(_like(text[n:], pattern[1:]) for n in range(len(text) + 1))
    return bool(text) and pattern[0] in ("_", text[0]) and _like(text[1:], pattern[1:])


class Model:
    """The same table as a list."""

    def __init__(self) -> None:
        self.rows: Rows = []

    def at(self, key: int) -> Rows:
        return [row for row in self.rows if row["id"] == key]

    def insert_many(self, rows: Rows) -> int:
        self.rows += [{**dict.fromkeys(COLUMNS), **row} for row in rows]
        return len(rows)

    def update(self, where: dict[str, Any], set: dict[str, Any]) -> int:
        changed = [row for row in self.rows if holds(where, row)]
        for row in changed:
            row.update(set)
        return len(changed)

    def delete(self, where: dict[str, Any]) -> int:
        before = len(self.rows)
        self.rows = [row for row in self.rows if not holds(where, row)]
        return before - len(self.rows)

    def select(self, where: dict[str, Any], order: list[str], limit: int | None) -> Rows:
        rows = sorted((r for r in self.rows if holds(where, r)), key=lambda row: int(row["id"]))
        for term in reversed(order):
            name = term.removeprefix("-")
            rows.sort(key=lambda row: _rank(row[name]), reverse=term.startswith("-"))
        return [dict(row) for row in rows[:limit]]


def _rank(value: Any) -> tuple[Any, ...]:
    return (False,) if value is None else (True, value)


STEPS = st.one_of(
    st.tuples(st.just("insert"), st.lists(ROWS, max_size=6)),
    st.tuples(st.just("update"), WHERE, VALUES.filter(bool)),
    st.tuples(st.just("update_many"), st.lists(ROWS.filter(lambda row: len(row) > 1), max_size=4)),
    st.tuples(st.just("upsert"), ROWS),
    st.tuples(st.just("rename"), IDS, IDS),
    st.tuples(st.just("delete"), WHERE),
    st.tuples(st.just("loop"), WHERE),
    st.tuples(
        st.just("select"),
        WHERE,
        st.lists(st.sampled_from(["n", "-n", "s", "-s", "b", "-b", "-id"]), max_size=2),
        st.none() | st.integers(0, 4),
    ),
)


def step(model: Model, facades: list[Any], kind: str, *given: Any) -> None:
    """Do the same to the model and to each store, and compare what they answer."""
    match kind:
        case "insert":
            new = {row["id"]: row for row in given[0] if not model.at(row["id"])}
            rows = list(new.values())
            same(model.insert_many(rows), [f.insert_many(iter(rows)) for f in facades])
        case "update":
            where = as_where(given[0])
            same(model.update(where, given[1]), [f.update(where, given[1]) for f in facades])
        case "update_many":
            keyed = [{**row, "id": row["id"]} for row in given[0]]
            changed = [model.update({"id": {"$eq": row["id"]}}, row) for row in keyed]
            same(sum(changed), [f.update_many(iter(keyed)) for f in facades])
        case "upsert":
            there = model.update({"id": {"$eq": given[0]["id"]}}, given[0])
            same(there or model.insert_many([given[0]]), [f.upsert(given[0]) for f in facades])
        case "rename":
            if not model.at(given[1]):
                where, new = {"id": {"$eq": given[0]}}, {"id": given[1]}
                same(model.update(where, new), [f.update(where, new) for f in facades])
        case "delete":
            where = as_where(given[0])
            same(model.delete(where), [f.delete(where) for f in facades])
        case "loop":
            where = as_where(given[0])
            met = [dict(row) for row in model.rows if holds(where, row)]
            for row in met:
                model.update({"id": {"$eq": row["id"]}}, {"n": (row["n"] or 0) + 1})
            same(sorted(row["id"] for row in met), [sorted(looped(f, where)) for f in facades])
        case _:
            where = as_where(given[0])
            terms = [*given[1], "id"]
            found = [f.select(where, order=terms, limit=given[2]) for f in facades]
            same(model.select(where, given[1], given[2]), found)
            same(len(model.select(where, [], None)), [f.count(where) for f in facades])


def looped(facade: Any, where: dict[str, Any]) -> Iterator[int]:
    for row in facade.iterate(where):
        facade.update(where={"id": row["id"]}, set={"n": (row["n"] or 0) + 1})
        yield row["id"]


def same(expected: Any, answers: list[Any]) -> None:
    for name, answer in zip(("csv", "sqlite", "postgresql"), answers, strict=True):
        assert answer == expected, name


def test_three_stores_and_a_list(tmp_path: Path, postgres_dsn: str) -> None:
    (tmp_path / "csv").mkdir()
    opened = [csv_store(tmp_path / "csv"), sqlite_store(tmp_path), postgresql_store(postgres_dsn)]
    with ExitStack() as stack:
        stores = [stack.enter_context(begun(store)) for store in opened]
        facades = [tables(store, THINGS)["things"] for store in stores]

        @given(st.lists(STEPS, max_size=10))
        def check(steps: list[tuple[Any, ...]]) -> None:
            model = Model()
            for facade in facades:
                facade.delete()
            for one in steps:
                step(model, facades, *one)
            same(model.select({}, [], None), [f.select(order="id") for f in facades])

        check()
