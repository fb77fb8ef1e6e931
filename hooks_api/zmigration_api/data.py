"""What a data hook works with: `zcli.data.users.select(where={"email": None})` and so on.

Values are typed as the schema says, None is null, on every backend the same. Everything
happens inside the unit of work of the migration: it lasts if the migration does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, Literal

from .backend import Order, Row, Store
from .errors import UsageError
from .model import Column, Schema, Table
from .types import TypeKind
from .values import fit, parse
from .where import AllOf, AnyOf, Compare, Condition, parse_where


class TableData:
    """The rows of one table."""

    def __init__(self, store: Store, table: Table) -> None:
        self._store = store
        self._table = table

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the table's columns, at this moment of the migration."""
        return tuple(column.name for column in self._table.columns)

    def select(
        self,
        where: Mapping[str, object] | None = None,
        fields: Sequence[str] | None = None,
        order: str | Sequence[str] | None = None,
        limit: int | None = None,
        offset: int = 0,
    ) -> list[dict[str, Any]]:
        """Rows as dicts. `order` is a column or a list; `-name` or `name desc` is downwards."""
        return list(self.iterate(where, fields, order, limit, offset))

    def iterate(
        self,
        where: Mapping[str, object] | None = None,
        fields: Sequence[str] | None = None,
        order: str | Sequence[str] | None = None,
        limit: int | None = None,
        offset: int = 0,
    ) -> Iterator[dict[str, Any]]:
        """The same rows as `select`, one at a time. Do not change the table meanwhile."""
        for field in fields or ():
            self._column(field)
        return self._store.select(
            self._table,
            self._condition(where),
            columns=fields,
            order=self._order(order),
            limit=limit,
            offset=offset,
        )

    def count(self, where: Mapping[str, object] | None = None) -> int:
        """How many rows meet the condition."""
        key = [self._table.columns[0].name]
        return sum(1 for _ in self.iterate(where, fields=key))

    def insert(self, values: Row | None = None, **more: object) -> Any:  # noqa: ANN401
        """Add one row: a dict, or `insert(name="x")`. Its primary key, as `zcli.data` gives it.

        None where the table has no primary key, or one of several columns.
        """
        return self._store.insert_one(self._table, self._typed({**(values or {}), **more}))

    def insert_many(self, rows: Iterable[Row]) -> int:
        """Add rows; how many it were."""
        return self._store.insert(self._table, (self._typed(row) for row in rows))

    def update(self, where: Mapping[str, object] | None = None, set: Row | None = None) -> int:
        """Change the rows that meet the condition (all of them without one); how many it were."""
        if not set:
            raise UsageError(f"{self._table.name}.update needs set={{...}} with a column")
        return self._store.update(self._table, self._condition(where), self._typed(set))

    def upsert(self, values: Row, conflict: Sequence[str] | None = None) -> int:
        """Change the row with the same `conflict` columns (the primary key), else add it."""
        row = self._typed(values)
        key = tuple(conflict or self._table.key)
        if not key or any(row.get(name) is None for name in key):
            raise UsageError(f"{self._table.name}.upsert needs a value for each of its key columns")
        same: Condition = AllOf(tuple(Compare(name, "eq", row[name]) for name in key))
        rest = {name: value for name, value in row.items() if name not in key}
        if next(iter(self._store.select(self._table, same, limit=1)), None) is None:
            return self._store.insert(self._table, [row])
        return self._store.update(self._table, same, rest) if rest else 1

    def delete(self, where: Mapping[str, object] | None = None) -> int:
        """Remove the rows that meet the condition (all of them without one)."""
        return self._store.delete(self._table, self._condition(where))

    def _column(self, name: str) -> Column:
        column = self._table.column(name)
        if column is None:
            names = ", ".join(c.name for c in self._table.columns)
            raise UsageError(
                f"{self._table.name} has no column {name!r}", hint=f"its columns are {names}"
            )
        return column

    def _typed(self, row: Row) -> dict[str, Any]:
        return {name: self._value(self._column(name), value) for name, value in row.items()}

    def _condition(self, where: Mapping[str, object] | None) -> Condition:
        return self._typed_condition(parse_where(where, self._table))

    def _typed_condition(self, condition: Condition) -> Condition:
        match condition:
            case AllOf(parts):
                return AllOf(tuple(self._typed_condition(part) for part in parts))
            case AnyOf(parts):
                return AnyOf(tuple(self._typed_condition(part) for part in parts))
            case Compare(name, "in", values):
                column = self._column(name)
                return Compare(name, "in", tuple(self._value(column, v) for v in values))
            case Compare(_, "like" | "null" | "notnull"):
                return condition
            case Compare(name, operator, value):
                return Compare(name, operator, self._value(self._column(name), value))

    def _value(self, column: Column, value: object) -> Any:  # noqa: ANN401
        try:
            return typed(value, column)
        except ValueError as error:
            raise UsageError(f"{self._table.name}.{column.name}: {value!r} {error}") from None

    def _order(self, order: str | Sequence[str] | None) -> Order:
        names = [order] if isinstance(order, str) else list(order or ())
        return [self._direction(name) for name in names]

    def _direction(self, name: str) -> tuple[str, Literal["asc", "desc"]]:
        word, _, direction = name.strip().removeprefix("-").partition(" ")
        self._column(word)
        down = name.strip().startswith("-") or direction.strip().lower() == "desc"
        return word, "desc" if down else "asc"


def typed(value: object, column: Column) -> Any:  # noqa: ANN401
    """A value that a hook gives, as a value of the column; ValueError with the reason if none.

    A text is read as `values.parse` reads it, an int is a float or decimal too, and 0 and 1 are
    booleans.
    """
    if value is None:
        return None
    kind = column.type.kind
    if isinstance(value, _PYTHON_TYPES[kind]) and not _subclass_in_disguise(value, kind):
        return fit(value, column.type)
    if kind == "json":
        return value
    return parse(_plain_text(value), column.type)


def _subclass_in_disguise(value: object, kind: TypeKind) -> bool:
    """bool passes for int and datetime for date in Python, but not here."""
    if kind == "native":
        return False
    return (isinstance(value, bool) and kind != "bool") or (
        isinstance(value, datetime) and kind != "datetime"
    )


def _plain_text(value: object) -> str:
    if isinstance(value, bool):
        return str(int(value))
    return value if isinstance(value, str) else str(value)


_PYTHON_TYPES: dict[TypeKind, type | tuple[type, ...]] = {
    "int": int,
    "bigint": int,
    "float": float,
    "decimal": Decimal,
    "str": str,
    "text": str,
    "bool": bool,
    "date": date,
    "time": time,
    "datetime": datetime,
    "json": (),
    "blob": bytes,
    "uuid": (),
    "native": object,
}


class Data:
    """The tables of a store, as attributes: `data.users`, or `data["users"]`."""

    def __init__(self, store: Store, schema: Callable[[], Schema]) -> None:
        self._store = store
        self._schema = schema

    def __getattr__(self, name: str) -> TableData:
        if name.startswith("__"):
            raise AttributeError(name)
        return self[name]

    def __getitem__(self, name: str) -> TableData:
        schema = self._schema()
        table = schema.table(name)
        if table is None:
            names = ", ".join(t.name for t in schema.tables) or "none"
            raise UsageError(f"no table {name!r} in this migration", hint=f"there are: {names}")
        return TableData(self._store, table)

    def list_tables(self) -> list[str]:
        """The names of the tables."""
        return [table.name for table in self._schema().tables]
