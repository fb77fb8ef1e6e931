"""Rows read one by one, for questions about values that a plan leaves."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from zmigration_api import Column, Computed, Scalar, Table
from zmigration_api.computed_answers import AskedRow, Rows

from .asked_rows import Raw, keyed, scalars
from .executor import Executor


def rows(executor: Executor, table: Table, computed: tuple[Computed, ...]) -> Rows:
    """The rows of a table with what these computed columns are made of."""
    needed = dict.fromkeys(column.name for one in computed for column in one.reads())
    return partial(_read, executor, table, tuple(needed))


def _read(executor: Executor, table: Table, names: tuple[str, ...]) -> Iterator[AskedRow]:
    for raw in keyed(executor, table, names):
        split = len(raw) - len(names)
        found = dict(zip(names, raw[split:], strict=True))
        yield AskedRow(
            partial(_value, executor, found), partial(_place, executor, table, raw, split)
        )


def _value(executor: Executor, found: dict[str, Any], column: Column) -> tuple[Any, Column]:
    raw = found[column.name]
    return (None if raw is None else executor.codec.from_store(raw, column)), column


def _place(
    executor: Executor, table: Table, raw: Raw, split: int
) -> tuple[tuple[Scalar, ...], int | None]:
    key = table.key or (None,)
    return scalars(executor, table, key, raw[: len(key)]), None
