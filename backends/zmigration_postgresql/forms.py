"""Tables in the forms in which exact ones are compared, and in which they read best."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from zmigration_api import Column, ColumnType, Default, Index, Table, UniqueConstraint

from .defaults import plain
from .types import canonical, native_type

Defaults = Mapping[tuple[str, str], str]
"""The texts of defaults as they are stored, by table and column."""
_IMPLICIT = ColumnType(kind="str", length=255)


def as_found(table: Table, defaults: Defaults) -> Table:
    """An inspected table in the form in which exact ones are compared."""
    columns = tuple(
        _found(column, defaults.get((table.name, column.name))) for column in table.columns
    )
    unique = tuple(one for one in table.unique if not one.by_index)
    made = (*table.indexes, *(_index(one) for one in table.unique if one.by_index))
    indexes = tuple(sorted(made, key=lambda index: index.name))
    return replace(table, columns=columns, unique=unique, indexes=indexes, exact=True)


def readable(table: Table) -> Table:
    """A table `as_found` in the plainest words that say the same."""
    return replace(table, columns=tuple(map(_readable, table.columns)))


def _found(column: Column, default: str | None) -> Column:
    return replace(
        column,
        exact_type=column.native,
        default=None if default is None else Default(kind="expression", text=default),
    )


def _index(one: UniqueConstraint) -> Index:
    return Index(
        columns=one.columns, unique=True, name=one.name, comment=one.comment, line=one.line
    )


def _readable(column: Column) -> Column:
    native = column.exact_type or column.native or ""
    bare = replace(column, exact_type=None, native=None, auto_increment=False)
    column_type = ColumnType(kind="str") if column.type == _IMPLICIT else column.type
    alone = native_type(replace(bare, type=column_type), None)
    unusual = not 0 <= (column_type.scale or 0) <= (column_type.precision or 0)
    if column_type.kind == "native" or canonical(alone) != native or unusual:
        column_type = ColumnType(kind="native", native=native)
    default = column.default
    if default is not None and default.kind == "expression":
        default = plain(default.text, column, native)
    return replace(bare, type=column_type, default=default, collation=_bare(column.collation))


def _bare(collation: str | None) -> str | None:
    """`"C"` as `C`, which means the same where a collation is named."""
    if collation is None or "." in collation or '""' in collation:
        return collation
    return collation.strip('"')
