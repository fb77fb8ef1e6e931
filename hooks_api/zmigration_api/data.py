"""What a data hook works with: `zcli.data.users.select(where={"email": None})` and so on.

Values are typed as the schema says, None is null, on every backend the same. Everything
happens inside the unit of work of the migration: it lasts if the migration does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

from .backend import Order, Row, Store
from .errors import UsageError
from .model import Column, Schema, Table
from .reading import Readings, batches
from .typed import typed
from .where import AllOf, AnyOf, Compare, Condition, parse_where

_AT_ONCE = 1000
"""Rows that go to the store together."""
_NOT_COMPARED = frozenset({"gt", "gte", "lt", "lte", "like"})
_NO_TEXT = frozenset({"json", "decimal", "blob"})
"""Kinds of which one value can be written in several ways."""


class TableData:
    """The rows of one table."""

    def __init__(self, store: Store, table: Table, readings: Readings | None = None) -> None:
        self._store = store
        self._table = table
        self._readings = readings or Readings()
        self._by_name = {column.name: column for column in table.columns}

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the table's columns, at this moment of the migration."""
        return tuple(self._by_name)

    def select(
        self,
        where: Mapping[str, object] | None = None,
        fields: Sequence[str] | None = None,
        order: str | Sequence[str] | None = None,
        limit: int | None = None,
        offset: int = 0,
    ) -> list[dict[str, Any]]:
        """Rows as dicts. `order` is a column or a list; `-name` or `name desc` is downwards."""
        return list(self._rows(where, fields, order, limit, offset))

    def iterate(
        self,
        where: Mapping[str, object] | None = None,
        fields: Sequence[str] | None = None,
        order: str | Sequence[str] | None = None,
        limit: int | None = None,
        offset: int = 0,
    ) -> Iterator[dict[str, Any]]:
        """The same rows as `select`, one at a time, for tables that are too large for a list.

        They are the rows as they were at this call: what is changed meanwhile does not show.
        """
        return self._readings.open(self._rows(where, fields, order, limit, offset))

    def count(self, where: Mapping[str, object] | None = None) -> int:
        """How many rows meet the condition."""
        return self._store.count_where(self._table, self._condition(where))

    def insert(self, values: Row | None = None, **more: object) -> Any:  # noqa: ANN401
        """Add one row: a dict, or `insert(name="x")`. Its primary key, as `zcli.data` gives it.

        None where the table has no primary key, or one of several columns.
        """
        row = self._new({**(values or {}), **more})
        self._readings.settle()
        return self._store.insert_one(self._table, row)

    def insert_many(self, rows: Iterable[Row]) -> int:
        """Add rows, which may come from an iterator; how many it were."""
        count = 0
        for batch in batches(map(self._new, rows), _AT_ONCE):
            self._readings.settle()
            count += self._store.insert(self._table, batch)
        return count

    def update(self, where: Mapping[str, object] | None = None, set: Row | None = None) -> int:
        """Change the rows that meet the condition (all of them without one); how many it were."""
        if not set:
            raise UsageError(f"{self._table.name}.update needs set={{...}} with a column")
        condition, values = self._condition(where), self._changed(set)
        self._readings.settle()
        return self._store.update(self._table, condition, values)

    def update_many(self, rows: Iterable[Row], key: str | Sequence[str] | None = None) -> int:
        """Change rows, each given by its `key` columns (the primary key) and what is to be set.

        `rows` may come from an iterator. How many rows were changed; those of keys that are not
        there are none.
        """
        names = self._key("update_many", key)
        count = 0
        for batch in batches((self._keyed(row, names) for row in rows), _AT_ONCE):
            self._readings.settle()
            count += self._store.update_many(self._table, names, batch)
        return count

    def upsert(self, values: Row, conflict: str | Sequence[str] | None = None) -> int:
        """Change the row with the same `conflict` columns (the primary key), else add it."""
        key = self._key("upsert", conflict)
        row = self._new(values)
        self._need_key("upsert", row, key)
        same: Condition = AllOf(tuple(Compare(name, "eq", row[name]) for name in key))
        rest = {name: value for name, value in row.items() if name not in key}
        self._readings.settle()
        if not self._store.count_where(self._table, same):
            return self._store.insert(self._table, [row])
        return self._store.update(self._table, same, self._changed(rest)) if rest else 1

    def delete(self, where: Mapping[str, object] | None = None) -> int:
        """Remove the rows that meet the condition (all of them without one)."""
        condition = self._condition(where)
        self._readings.settle()
        return self._store.delete(self._table, condition)

    def _rows(
        self,
        where: Mapping[str, object] | None,
        fields: Sequence[str] | None,
        order: str | Sequence[str] | None,
        limit: int | None,
        offset: int,
    ) -> Iterator[dict[str, Any]]:
        wanted = None if fields is None else self._fields(fields)
        if limit is not None:
            _check_number("limit", limit)
        _check_number("offset", offset)
        return self._store.select(
            self._table,
            self._condition(where),
            columns=wanted,
            order=self._order(order),
            limit=limit,
            offset=offset,
        )

    def _fields(self, fields: Sequence[str]) -> list[str]:
        names = [fields] if isinstance(fields, str) else list(dict.fromkeys(fields))
        for name in names:
            self._column(name)
        if not names:
            raise UsageError(f"{self._table.name}: fields names no column")
        return names

    def _column(self, name: str) -> Column:
        column = self._by_name.get(name)
        if column is None:
            raise UsageError(
                f"{self._table.name} has no column {name!r}",
                hint=f"its columns are {', '.join(self._by_name)}",
            )
        return column

    def _new(self, row: Row) -> dict[str, Any]:
        """The values of a row to be added; an id that is None is left to the store."""
        key = self._table.key
        counted = len(key) == 1 and self._column(key[0]).type.kind in ("int", "bigint")
        given = {n: v for n, v in row.items() if v is not None or not (counted and n == key[0])}
        return self._changed(given)

    def _changed(self, row: Row) -> dict[str, Any]:
        return {name: self._to_keep(self._column(name), value) for name, value in row.items()}

    def _to_keep(self, column: Column, value: object) -> Any:  # noqa: ANN401
        if value is None and (column.required or column.name in self._table.key):
            raise UsageError(
                f"{self._table.name}.{column.name} is required and cannot be null",
                hint="give it a value",
            )
        return self._value(column, value)

    def _keyed(self, row: Row, key: tuple[str, ...]) -> dict[str, Any]:
        self._need_key("update_many", row, key)
        if len(row) == len(key):
            raise UsageError(f"{self._table.name}.update_many needs a column to set in each row")
        return self._changed(row)

    def _key(self, method: str, key: str | Sequence[str] | None) -> tuple[str, ...]:
        names = (key,) if isinstance(key, str) else tuple(key or self._table.key)
        for name in names:
            self._column(name)
        if not names:
            raise UsageError(
                f"{self._table.name} has no primary key, so {method} must be told the columns"
                " that tell its rows apart"
            )
        return names

    def _need_key(self, method: str, row: Row, key: tuple[str, ...]) -> None:
        if any(row.get(name) is None for name in key):
            raise UsageError(
                f"{self._table.name}.{method} needs a value for each of its key columns",
                hint=f"these are {', '.join(key)}",
            )

    def _condition(self, where: Mapping[str, object] | None) -> Condition:
        return self._typed_condition(parse_where(where, self._table))

    def _typed_condition(self, condition: Condition) -> Condition:
        if isinstance(condition, Compare):
            return self._compare(condition)
        parts = tuple(map(self._typed_condition, condition.parts))
        return AllOf(parts) if isinstance(condition, AllOf) else AnyOf(parts)

    def _compare(self, condition: Compare) -> Condition:
        column, operator = self._by_name[condition.column], condition.operator
        if operator in _NOT_COMPARED:
            self._check_comparable(column, operator)
        if operator == "in":
            values = tuple(self._value(column, value) for value in condition.value)
            return Compare(column.name, "in", values)
        if operator in ("like", "null", "notnull"):
            return condition
        return Compare(column.name, operator, self._value(column, condition.value))

    def _check_comparable(self, column: Column, operator: str) -> None:
        kind = column.type.kind
        if kind == "json" or (operator == "like" and kind in _NO_TEXT):
            raise UsageError(
                f"{self._table.name}.{column.name} is {kind}, which ${operator} does not compare"
            )

    def _value(self, column: Column, value: object) -> Any:  # noqa: ANN401
        try:
            return typed(value, column)
        except ValueError as error:
            raise UsageError(f"{self._table.name}.{column.name}: {value!r} {error}") from None

    def _order(self, order: str | Sequence[str] | None) -> Order:
        names = [order] if isinstance(order, str) else list(order or ())
        return [self._direction(name) for name in names]

    def _direction(self, text: str) -> tuple[str, Literal["asc", "desc"]]:
        if text in self._by_name:
            return self._ordered(text), "asc"
        name, _, word = text.strip().rpartition(" ")
        if word.lower() in ("asc", "desc") and name.strip():
            return self._ordered(name.strip()), "desc" if word.lower() == "desc" else "asc"
        down = text.strip().startswith("-")
        return self._ordered(text.strip().removeprefix("-")), "desc" if down else "asc"

    def _ordered(self, name: str) -> str:
        column = self._column(name)
        if column.type.kind == "json":
            raise UsageError(f"{self._table.name}.{name} is json, which has no order")
        return name


def _check_number(what: str, number: object) -> None:
    if not isinstance(number, int) or isinstance(number, bool) or number < 0:
        raise UsageError(f"{what} is {number!r}, which is not a number of rows")


class Data:
    """The tables of a store, as attributes: `data.users`, or `data["users"]`."""

    def __init__(self, store: Store, schema: Callable[[], Schema]) -> None:
        self._store = store
        self._schema = schema
        self._readings = Readings()
        self._seen: Schema | None = None
        self._tables: dict[str, TableData] = {}

    def __getattr__(self, name: str) -> TableData:
        if name.startswith("__"):
            raise AttributeError(name)
        return self[name]

    def __getitem__(self, name: str) -> TableData:
        schema = self._schema()
        if schema is not self._seen:
            self._seen, self._tables = schema, {}
        known = self._tables.get(name)
        if known is None:
            known = self._tables[name] = self._table(schema, name)
        return known

    def _table(self, schema: Schema, name: str) -> TableData:
        table = schema.table(name)
        if table is None:
            names = ", ".join(t.name for t in schema.tables) or "none"
            raise UsageError(f"no table {name!r} in this migration", hint=f"there are: {names}")
        return TableData(self._store, table, self._readings)

    def list_tables(self) -> list[str]:
        """The names of the tables."""
        return [table.name for table in self._schema().tables]
