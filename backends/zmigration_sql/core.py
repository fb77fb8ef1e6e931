"""Statements with conditions, built by SQLAlchemy Core and compiled once per shape.

The only module that imports SQLAlchemy; `data` imports it when the first condition comes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, Literal, TypeAlias, cast

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import quoted_name

from zmigration_api import AllOf, AnyOf, Column, Compare, Condition, StoreError, Table, TypeKind

from .executor import Executor
from .live_values import BY_VALUE, collation_of, to_store

Kind = Literal["select", "count", "update", "delete"]
Bound: TypeAlias = tuple[str, list[Any]]
Builder: TypeAlias = Iterator[sa.BindParameter[Any]]
Ways: TypeAlias = tuple[tuple[str, TypeKind, str | None, str | None], ...]
"""Each column, its kind, the collation that compares its values, and its live type text."""

_DIALECTS: dict[str, sa.Dialect] = {
    "sqlite": sqlite.dialect(paramstyle="qmark"),
    "postgresql": postgresql.dialect(paramstyle="format"),  # type: ignore[no-untyped-call]
}
LIKE = "zmigration_like"
"""The function that SQLite connections offer: LIKE with case, as `where.like_pattern` has it.

With the kind as its third argument it sees numbers and moments as `values.format_value` does.
"""
HEX = "zmigration_hex"
"""The function that SQLite connections offer: a float or a blob as a text for JSON."""
_TABLES = 64
_MANY = 500
"""Values."""


def select(executor: Executor, table: Table, columns: list[str], where: Condition) -> Bound:
    """SELECT without ORDER BY and LIMIT, and its parameters."""
    sql, positions = _compiled(executor, table, "select", tuple(columns), where)
    operands = list(_operands(executor, table, where))
    return sql, [operands[position] for position in positions]


def count(executor: Executor, table: Table, where: Condition) -> Bound:
    """SELECT count(*), and its parameters."""
    sql, positions = _compiled(executor, table, "count", (), where)
    operands = list(_operands(executor, table, where))
    return sql, [operands[position] for position in positions]


def update(executor: Executor, table: Table, names: tuple[str, ...], where: Condition) -> Bound:
    """UPDATE, and the parameters of its condition; the new values go before them, as named."""
    sql, positions = _compiled(executor, table, "update", names, where)
    operands = list(_operands(executor, table, where))
    return sql, [operands[position] for position in positions]


def update_by_key(
    executor: Executor, table: Table, names: tuple[str, ...], key: Sequence[str]
) -> tuple[str, list[str]]:
    """UPDATE of the rows with certain values in `key`, and the column of each parameter."""
    where = AllOf(tuple(Compare(name, "eq", True) for name in key))
    sql, positions = _compiled(executor, table, "update", names, where)
    return sql, [*names, *(key[position] for position in positions)]


def delete(executor: Executor, table: Table, where: Condition) -> Bound:
    """DELETE and its parameters."""
    sql, positions = _compiled(executor, table, "delete", (), where)
    operands = list(_operands(executor, table, where))
    return sql, [operands[position] for position in positions]


def _compiled(
    executor: Executor, table: Table, kind: Kind, names: tuple[str, ...], where: Condition
) -> tuple[str, tuple[int, ...]]:
    ways = _ways(executor, table)
    place = executor.quoting.parts(table.name)
    return _compile(executor.dialect, kind, place, names, _shape(where), ways)


_KNOWN: dict[tuple[str, int], tuple[Table, Ways]] = {}


def _ways(executor: Executor, table: Table) -> Ways:
    """Remembered for the last tables, by identity: comparing tables takes longer than this."""
    place = executor.dialect, id(table)
    known = _KNOWN.get(place)
    if known is None:
        ways = tuple(
            (c.name, c.type.kind, collation_of(executor, c), c.native) for c in table.columns
        )
        if len(_KNOWN) >= _TABLES:
            _KNOWN.clear()
        known = _KNOWN[place] = table, ways
    return known[1]


def _shape(condition: Condition) -> Condition:
    """The condition without its values: what a compiled statement depends on."""
    match condition:
        case AllOf(parts):
            return AllOf(tuple(map(_shape, parts)))
        case AnyOf(parts):
            return AnyOf(tuple(map(_shape, parts)))
        case Compare(column, "in", values):
            return Compare(column, "in", min(len(_present(values)), _MANY + 1))
        case Compare(column, operator, value):
            return Compare(column, operator, value is not None)


def _operands(executor: Executor, table: Table, condition: Condition) -> Iterator[Any]:
    """The values of a condition as the driver takes them, in the order of its parts."""
    match condition:
        case AllOf(parts) | AnyOf(parts):
            for part in parts:
                yield from _operands(executor, table, part)
        case Compare(_, "null" | "notnull") | Compare(_, _, None):
            return
        case Compare(_, "like", value):
            yield str(value)
        case Compare(name, operator, value):
            column = _column(table, name)
            values = _present(value) if operator == "in" else [value]
            given = [to_store(executor, item, column) for item in values]
            yield from [_together(executor, given)] if len(values) > _MANY else given


def _together(executor: Executor, values: list[Any]) -> Any:  # noqa: ANN401
    """More values than a statement should have parameters, as one: JSON, or an array."""
    if executor.dialect == "postgresql":
        return values
    return json.dumps([v.hex() if isinstance(v, bytes | float) else v for v in values])


def _present(values: tuple[Any, ...]) -> list[Any]:
    return [value for value in values if value is not None]


def _column(table: Table, name: str) -> Column:
    column = table.column(name)
    if column is None:
        raise StoreError(f"{table.name} has no column {name!r}")
    return column


@lru_cache(maxsize=256)
def _compile(
    dialect: str,
    kind: Kind,
    table: tuple[str, ...],
    names: tuple[str, ...],
    shape: Condition,
    ways: Ways,
) -> tuple[str, tuple[int, ...]]:
    """The text, and which operand each of its condition's parameters is."""
    binds = (sa.bindparam(f"w{n}", type_=sa.types.NullType()) for n in range(1_000_000))
    where = _Where(dialect, ways, binds).clause(shape)
    statement = _statement(kind, table, names, where)
    compiled = cast("SQLCompiler", statement.compile(dialect=_DIALECTS[dialect]))
    order = [name for name in compiled.positiontup or () if name.startswith("w")]
    # Drivers take a text without parameters as it is, percent signs and all.
    bare = dialect == "postgresql" and not compiled.positiontup
    sql = str(compiled).replace("%%", "%") if bare else str(compiled)
    return sql, tuple(int(name[1:]) for name in order)


def _statement(
    kind: Kind, table: tuple[str, ...], names: tuple[str, ...], where: sa.ColumnElement[bool]
) -> sa.ClauseElement:
    *schema, name = map(_exact, table)
    columns: list[sa.ColumnClause[Any]] = [sa.column(_exact(column)) for column in names]
    source = sa.table(name, *columns, schema=schema[0] if schema else None)
    if kind == "select":
        return sa.select(*source.c).where(where)
    if kind == "count":
        return sa.select(sa.func.count()).select_from(source).where(where)
    if kind == "delete":
        return sa.delete(source).where(where)
    new = [
        (source.c[name], sa.bindparam(f"v{n}", type_=sa.types.NullType()))
        for n, name in enumerate(names)
    ]
    return sa.update(source).ordered_values(*new).where(where)


def _exact(name: str) -> quoted_name:
    return quoted_name(name, quote=True)


class _Native(sa.types.UserDefinedType[Any]):
    """A type by the database's own text for it."""

    cache_ok = True

    def __init__(self, text: str) -> None:
        self._text = text

    def get_col_spec(self, **_: object) -> str:
        return self._text


class _Where:
    """Conditions as SQLAlchemy clauses, taking one bind for each operand in turn."""

    def __init__(self, dialect: str, ways: Ways, binds: Builder) -> None:
        self._dialect = dialect
        self._kinds = {name: kind for name, kind, _, _ in ways}
        self._collations = {name: collation for name, _, collation, _ in ways}
        self._natives = {name: native for name, _, _, native in ways}
        self._binds = binds

    def clause(self, condition: Condition) -> sa.ColumnElement[bool]:
        match condition:
            case AllOf(parts):
                return sa.and_(sa.true(), *map(self.clause, parts))
            case AnyOf(parts):
                return sa.or_(sa.false(), *map(self.clause, parts))
            case Compare():
                return self._compare(condition)

    def _compare(self, condition: Compare) -> sa.ColumnElement[bool]:
        column: sa.ColumnElement[Any] = sa.column(_exact(condition.column))
        match condition:
            case Compare(_, "null"):
                return column.is_(None)
            case Compare(_, "notnull"):
                return column.is_not(None)
            case Compare(_, "in", 0) | Compare(_, _, False):
                return sa.false()
            case Compare(_, "in", count) if count > _MANY:
                return self._one_of_many(column)
            case Compare(_, "in", count):
                binds = [self._operand(condition.column) for _ in range(count)]
                return self._equal(column).in_(binds)
            case Compare(_, "like"):
                return self._like(column)
            case _:
                return self._ordered(column, condition)

    def _one_of_many(self, column: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
        name, bind = str(column.key), next(self._binds)
        if self._dialect == "postgresql":
            native = "jsonb" if self._is_json(name) else self._natives[name] or "text"
            return self._equal(column) == sa.func.any(sa.cast(bind, _Native(f"{native}[]")))
        given = sa.func.json_each(bind).table_valued("value")
        held = self._equal(column)
        if self._kinds.get(name) in ("float", "blob"):
            held = getattr(sa.func, HEX)(column)
        return held.in_(sa.select(given.c.value))

    def _like(self, column: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
        if self._dialect == "sqlite":
            kind = self._kinds.get(str(column.key), "text")
            operands: list[Any] = [column, next(self._binds)]
            if kind in BY_VALUE:
                operands.append(sa.literal_column(f"'{kind}'"))
            call: sa.ColumnElement[int] = getattr(sa.func, LIKE)(*operands)
            return call == sa.literal_column("1")
        # An empty ESCAPE: a backslash in a pattern is a backslash on every store.
        return sa.cast(column, sa.Text).like(next(self._binds), escape="")

    def _ordered(self, column: sa.ColumnElement[Any], condition: Compare) -> sa.ColumnElement[bool]:
        bind = self._operand(condition.column)
        if condition.operator in ("eq", "ne"):
            column = self._equal(column)
            return column == bind if condition.operator == "eq" else column != bind
        column = self._collated(column)
        match condition.operator:
            case "gt":
                return column > bind
            case "gte":
                return column >= bind
            case "lt":
                return column < bind
            case _:
                return column <= bind

    def _equal(self, column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
        """PostgreSQL's own equality is by character, and can use an index; of JSON it has none."""
        if self._dialect == "sqlite":
            return self._collated(column)
        return sa.cast(column, postgresql.JSONB) if self._is_json(str(column.key)) else column

    def _operand(self, name: str) -> sa.ColumnElement[Any]:
        bind = next(self._binds)
        is_json = self._dialect == "postgresql" and self._is_json(name)
        return sa.cast(bind, postgresql.JSONB) if is_json else bind

    def _is_json(self, name: str) -> bool:
        return self._kinds.get(name) == "json"

    def _collated(self, column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
        collation = self._collations.get(str(column.key))
        return sa.collate(column, collation) if collation else column
