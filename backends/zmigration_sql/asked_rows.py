"""Rows with their keys, and their values for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, TypeAlias

from zmigration_api import Column, Sample, Scalar, Table
from zmigration_api.values import format_value

from .executor import Executor

Raw: TypeAlias = tuple[Any, ...]
_BESIDE = 3


def keyed(
    executor: Executor,
    table: Table,
    columns: tuple[str, ...],
    where: str | None = None,
    limit: int | None = None,
    also: tuple[str, ...] = (),
) -> Iterator[Raw]:
    """Rows in the order of their key: its values, then the columns, then `also`, which is SQL.

    In place of a key that there is not: the row's number and the columns of `beside_of`.
    """
    wanted = [*map(executor.quoting.name, columns), *also]
    source = f"{executor.quoting.table(table.name)} AS source"
    condition = f" WHERE {where}" if where else ""
    tail = f" LIMIT {limit}" if limit is not None else ""
    if table.key:
        key = executor.quoting.names(table.key)
        listed = ", ".join((key, *wanted))
        return executor.query(f"SELECT {listed} FROM {source}{condition} ORDER BY {key}{tail}")
    numbered = f"(SELECT *, row_number() OVER () AS zmigration_row FROM {source}) AS source"
    beside = map(executor.quoting.name, beside_of(table))
    listed = ", ".join(("zmigration_row", *beside, *wanted))
    return executor.query(f"SELECT {listed} FROM {numbered}{condition} ORDER BY 1{tail}")


def sample(
    executor: Executor,
    table: Table,
    columns: tuple[str, ...],
    raw: Raw,
    reason: str | None = None,
) -> Sample:
    split = len(raw) - len(columns)
    values = scalars(executor, table, columns, raw[split:])
    if table.key:
        return Sample(scalars(executor, table, table.key, raw[:split]), values, reason=reason)
    names = beside_of(table)
    beside = zip(names, scalars(executor, table, names, raw[1:split]), strict=True)
    return Sample((raw[0],), values, reason=reason, beside=tuple(beside))


def beside_of(table: Table) -> tuple[str, ...]:
    """By what people find a row of a table without a key."""
    return () if table.key else tuple(column.name for column in table.columns[:_BESIDE])


def scalars(
    executor: Executor, table: Table, names: Iterable[str | None], raw: Raw
) -> tuple[Scalar, ...]:
    columns = [None if name is None else table.column(name) for name in names]
    pairs = zip(raw, columns, strict=True)
    return tuple(scalar(executor, value, column) for value, column in pairs)


def scalar(executor: Executor, raw: Any, column: Column | None) -> Scalar:  # noqa: ANN401
    """The value for people: plain values as they are, others as `values` writes them."""
    if raw is None or column is None:
        return raw  # type: ignore[no-any-return]
    try:
        value = executor.codec.from_store(raw, column)
    except ValueError:
        return raw if isinstance(raw, (str, int, float)) else str(raw)
    if isinstance(value, (str, int, float)) and not isinstance(value, datetime):
        return value
    return format_value(value, column.type)
