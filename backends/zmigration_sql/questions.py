"""Questions to the data that every SQL dialect asks with the same texts.

Each takes the table as it is now; columns that are not there are null in every row.
"""

from __future__ import annotations

import re
from typing import Any

from zmigration_api import (
    MAX_SAMPLES,
    Answer,
    CheckFailures,
    Column,
    Duplicates,
    Nulls,
    Orphans,
    Question,
    Readable,
    Sample,
    Schema,
    Table,
    Unconvertible,
    Unfillable,
    carry,
    convertible,
)
from zmigration_api.computed_answers import answer

from .asked_rows import keyed, sample
from .computed import rows
from .executor import Executor


def ask(executor: Executor, question: Question, current: Schema) -> Answer:
    """The answer; a table that is not there has no rows."""
    table = current.table(question.table)
    if table is None:
        return Answer()
    match question:
        case Nulls(column=column):
            return _nulls(executor, table, column)
        case Duplicates(columns=columns, computed=()):
            return _duplicates(executor, table, columns)
        case Duplicates(computed=computed):
            return answer(question, rows(executor, table, computed))
        case Unfillable(computed=one):
            return answer(question, rows(executor, table, (one,)))
        case Orphans(computed=(_, *_)):
            return _computed_orphans(executor, table, question, current)
        case Readable():
            return Answer()  # the store keeps the form of its rows itself
        case Orphans():
            return _orphans(executor, table, question, current)
        case CheckFailures(check=check):
            spoken_of = _spoken_of(table, check.expression)
            return _rows(executor, table, spoken_of, where=f"NOT ({check.expression})")
        case Unconvertible():
            return _unconvertible(executor, table, question)


def _nulls(executor: Executor, table: Table, column: str) -> Answer:
    if table.column(column) is None:
        return _rows(executor, table, ())
    return _rows(executor, table, (column,), where=f"{executor.quoting.name(column)} IS NULL")


def _duplicates(executor: Executor, table: Table, columns: tuple[str, ...]) -> Answer:
    if not _all_there(table, columns):
        return Answer()
    groups = (
        f"SELECT {executor.quoting.names(columns)} FROM {executor.quoting.table(table.name)}"
        f" WHERE {_present(executor, columns)}"
        f" GROUP BY {executor.quoting.names(columns)} HAVING count(*) > 1"
    )
    same = f"({executor.quoting.names(columns)}) IN ({groups})"
    return _rows(executor, table, columns, where=same)


def _orphans(executor: Executor, table: Table, question: Orphans, current: Schema) -> Answer:
    if not _all_there(table, question.columns):
        return Answer()
    present = _present(executor, question.columns)
    target = current.table(question.ref_table) if question.ref_table else None
    refs = question.ref_columns or (target.key if target else ())
    if target is None or not _all_there(target, refs):
        return _rows(executor, table, question.columns, where=present)
    if len(refs) != len(question.columns):
        return Answer()  # SQLite takes such a foreign key, and refuses what uses it
    pairs = zip(question.columns, refs, strict=True)
    equal = " AND ".join(_equal(executor, table, here, target, there) for here, there in pairs)
    found = f"SELECT 1 FROM {executor.quoting.table(target.name)} AS target WHERE {equal}"
    missing = f"{present} AND NOT EXISTS ({found})"
    return _rows(executor, table, question.columns, where=missing)


def _computed_orphans(
    executor: Executor, table: Table, question: Orphans, current: Schema
) -> Answer:
    target = current.table(question.ref_table) if question.ref_table else None
    there = rows(executor, target, question.ref_computed) if target else None
    return answer(question, rows(executor, table, question.computed), there)


def _equal(executor: Executor, table: Table, here: str, target: Table, there: str) -> str:
    """Two columns compared, as texts where their types have no comparison of their own."""
    left = f"source.{executor.quoting.name(here)}"
    right = f"target.{executor.quoting.name(there)}"
    ours, theirs = table.column(here), target.column(there)
    if ours is None or theirs is None or ours.type.kind == theirs.type.kind:
        return f"{right} = {left}"
    return f"CAST({right} AS TEXT) = CAST({left} AS TEXT)"


def is_native(question: Unconvertible) -> bool:
    """Whether the store's own conversion counts: both types are its own."""
    return None not in (question.old.exact_type, question.new.exact_type)


def is_mapped(question: Unconvertible) -> bool:
    """Whether the schema file says more of the values than their type."""
    return bool(question.new.using or question.new.enum)


def _unconvertible(executor: Executor, table: Table, question: Unconvertible) -> Answer:
    """Every value goes through the shared conversion; only a `using` expression is not judged."""
    old, new = question.old, question.new
    if table.column(old.name) is None or (new.using and new.using.expression):
        return Answer()
    if is_native(question) and not convertible(old.type, new.type):
        return Answer()  # as SQL has it, which the store itself is asked
    count = 0
    samples: list[Sample] = []
    name = executor.quoting.name(old.name)
    for raw in keyed(executor, table, (old.name,), where=f"{name} IS NOT NULL"):
        reason = refusal(executor, raw[-1], old, new)
        if reason is not None:
            count += 1
            if len(samples) < MAX_SAMPLES:
                samples.append(sample(executor, table, (old.name,), raw, reason))
    return Answer(count, tuple(samples))


def refusal(executor: Executor, raw: Any, old: Column, new: Column) -> str | None:  # noqa: ANN401
    """Why a value as it is stored does not become one of the new column; None: it does."""
    try:
        held = executor.codec.from_store(raw, old)
        value = carry(held, old, new)
        if value is not None:
            executor.codec.to_store(value, new)
    except ValueError as error:
        return str(error)
    return None


def _rows(
    executor: Executor, table: Table, columns: tuple[str, ...], where: str | None = None
) -> Answer:
    """How many rows meet the condition, and the first of them."""
    name = executor.quoting.table(table.name)
    condition = f" WHERE {where}" if where else ""
    counted = executor.query(f"SELECT count(*) FROM {name} AS source{condition}")
    count = next(iter(list(counted)))[0]
    if not count:
        return Answer()
    rows = keyed(executor, table, columns, where, limit=MAX_SAMPLES)
    return Answer(count, tuple(sample(executor, table, columns, raw) for raw in rows))


def _spoken_of(table: Table, expression: str) -> tuple[str, ...]:
    """The columns that a condition names, or seems to."""
    words = set(re.findall(r"\w+", expression.lower()))
    return tuple(
        c.name for c in table.columns if c.name.lower() in words or f'"{c.name}"' in expression
    )


def _present(executor: Executor, columns: tuple[str, ...]) -> str:
    return " AND ".join(f"{executor.quoting.name(name)} IS NOT NULL" for name in columns)


def _all_there(table: Table, columns: tuple[str, ...]) -> bool:
    return all(table.column(name) is not None for name in columns)
