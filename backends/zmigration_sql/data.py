"""Rows in and out, for hooks and for the history.

Reading all rows and inserting are plain texts made here; conditions go through SQLAlchemy,
which is imported when the first condition comes, so that a run without hooks never loads it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import groupby
from typing import Any

from zmigration_api import (
    EVERYTHING,
    Column,
    Condition,
    Order,
    Row,
    StoreError,
    Table,
)

from .executor import Executor
from .live_values import collation_of, from_store, to_store


def select(
    executor: Executor,
    table: Table,
    where: Condition = EVERYTHING,
    *,
    columns: Sequence[str] | None = None,
    order: Order = (),
    limit: int | None = None,
    offset: int = 0,
) -> Iterator[dict[str, Any]]:
    """The rows of a table that is there; `table` says the types and, as `native`, the live ones.

    Null is less than every value, whichever the direction.
    """
    wanted = [_column(table, name) for name in columns] if columns else list(table.columns)
    names = executor.quoting.names(column.name for column in wanted)
    sql, params = f"SELECT {names} FROM {executor.quoting.table(table.name)}", []
    if where != EVERYTHING:
        sql, params = _core().select(executor, table, [c.name for c in wanted], where)
    sql += _order_by(executor, table, order, escape=bool(params)) + _slice(executor, limit, offset)
    names_out = [column.name for column in wanted]
    for raw in executor.query(sql, params):
        values = map(partial(from_store, executor, table), raw, wanted)
        yield dict(zip(names_out, values, strict=True))


def count(executor: Executor, table: Table, where: Condition) -> int:
    """How many rows meet the condition."""
    sql, params = f"SELECT count(*) FROM {executor.quoting.table(table.name)}", []
    if where != EVERYTHING:
        sql, params = _core().count(executor, table, where)
    ((rows,),) = executor.rows(sql, params)
    return int(rows)


def insert(executor: Executor, table: Table, rows: Iterable[Row]) -> int:
    """Add rows; a column that a row does not name gets its default. How many it were."""
    return sum(
        _insert_alike(executor, table, names, alike) for names, alike in groupby(rows, key=tuple)
    )


def insert_one(executor: Executor, table: Table, row: Row) -> Any:  # noqa: ANN401
    """Add a row; its primary key, if that is one column."""
    given = row.get(table.key[0]) if len(table.key) == 1 else None
    if given is not None or len(table.key) != 1:
        insert(executor, table, [row])
        return given
    key = _column(table, table.key[0])
    returning = f" RETURNING {executor.quoting.name(key.name)}"
    sql = _insert_into(executor, table, tuple(row))
    sql += escaped(executor, returning) if row else returning
    new = [to_store(executor, value, _column(table, name)) for name, value in row.items()]
    ((raw,),) = executor.rows(sql, new)
    return from_store(executor, table, raw, key)


def update(executor: Executor, table: Table, where: Condition, values: Row) -> int:
    """Change the rows that meet the condition; how many it were."""
    sql, operands = _core().update(executor, table, tuple(values), where)
    new = [to_store(executor, value, _column(table, name)) for name, value in values.items()]
    return executor.execute(sql, [*new, *operands])


def update_many(executor: Executor, table: Table, key: Sequence[str], rows: Iterable[Row]) -> int:
    """Change rows that are named by their `key` columns; how many it were."""
    return sum(
        _update_alike(executor, table, key, list(alike)) for _, alike in groupby(rows, tuple)
    )


def _update_alike(executor: Executor, table: Table, key: Sequence[str], rows: Sequence[Row]) -> int:
    names = tuple(name for name in rows[0] if name not in key)
    sql, order = _core().update_by_key(executor, table, names, key)
    columns = [_column(table, name) for name in order]
    encode = partial(to_store, executor)
    return executor.execute_many(
        sql,
        (
            [encode(row[name], column) for name, column in zip(order, columns, strict=True)]
            for row in rows
        ),
    )


def delete(executor: Executor, table: Table, where: Condition) -> int:
    """Remove the rows that meet the condition; how many it were."""
    sql, params = _core().delete(executor, table, where)
    return executor.execute(sql, params)


def escaped(executor: Executor, sql: str) -> str:
    """The text for a statement with parameters."""
    return sql.replace("%", "%%") if executor.placeholder == "%s" else sql


def _insert_alike(
    executor: Executor, table: Table, names: tuple[str, ...], rows: Iterable[Row]
) -> int:
    sql = _insert_into(executor, table, names)
    if not names:
        return sum(executor.execute(sql) for _ in rows)
    columns = [_column(table, name) for name in names]
    encode = partial(to_store, executor)
    return executor.execute_many(sql, (list(map(encode, row.values(), columns)) for row in rows))


def _insert_into(executor: Executor, table: Table, names: tuple[str, ...]) -> str:
    into = f"INSERT INTO {executor.quoting.table(table.name)}"
    if not names:
        return f"{into} DEFAULT VALUES"
    marks = ", ".join([executor.placeholder] * len(names))
    return escaped(executor, f"{into} ({executor.quoting.names(names)})") + f" VALUES ({marks})"


def _column(table: Table, name: str) -> Column:
    column = table.column(name)
    if column is None:
        names = ", ".join(c.name for c in table.columns)
        raise StoreError(f"{table.name} has no column {name!r}", hint=f"its columns are {names}")
    return column


def _order_by(executor: Executor, table: Table, order: Order, *, escape: bool) -> str:
    terms = [
        f"{_sortable(executor, _column(table, name))} "
        + ("DESC NULLS LAST" if direction == "desc" else "ASC NULLS FIRST")
        for name, direction in order
    ]
    text = f" ORDER BY {', '.join(terms)}" if terms else ""
    return escaped(executor, text) if escape else text


def _sortable(executor: Executor, column: Column) -> str:
    """The column in the order of its values, whatever the database's language."""
    name = executor.quoting.name(column.name)
    collation = collation_of(executor, column)
    return f'{name} COLLATE "{collation}"' if collation else name


def _slice(executor: Executor, limit: int | None, offset: int) -> str:
    if limit is None and not offset:
        return ""
    every = "-1" if executor.dialect == "sqlite" else "ALL"
    return f" LIMIT {every if limit is None else int(limit)} OFFSET {int(offset)}"


def _core() -> Any:  # noqa: ANN401
    from . import core

    return core
