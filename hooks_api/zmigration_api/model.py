"""The schema as values: frozen, compared by what they say, so that "no difference" is `==`.

Hints on how to get from one schema to the next (`renamed_from`, `backfill`, `using`), the
store's own type text (`native`) and the line in the file take no part in comparisons.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from .types import ColumnType

Scalar: TypeAlias = str | int | float | bool | None
Action = Literal["NO ACTION", "CASCADE", "RESTRICT", "SET NULL", "SET DEFAULT"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Default:
    """What a column gets when an insert names no value.

    kind "value": `text` is the value as text, of the column's type. "now": the time of the
    insert. "expression": `text` is the store's own language. "app": the app computes it
    (`&plugin.fn()`); no store ever sees it.
    """

    kind: Literal["value", "now", "expression", "app"]
    text: str = ""

    @property
    def stored(self) -> bool:
        """Whether a store is told of it."""
        return self.kind != "app"


@dataclass(frozen=True, slots=True, kw_only=True)
class Backfill:
    """The value that rows which are already there get in a new or newly required column.

    `parts` are joined as texts; one part alone keeps its type. A part names a column to copy
    from, or is a literal.
    """

    parts: tuple[Fixed | CopyOf, ...]


@dataclass(frozen=True, slots=True)
class Fixed:
    """A literal part of a backfill, as text of the column's type; None is null."""

    text: str | None


@dataclass(frozen=True, slots=True)
class CopyOf:
    """A part of a backfill that copies another column of the same row."""

    column: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Using:
    """How values reach a new type where the shared conversion would refuse them.

    `values` maps the text of an old value to the text of the new one (None is null), on every
    store. `expression` is SQL, for SQL stores alone; it may name the table's old columns.
    """

    values: tuple[tuple[str, str | None], ...] = ()
    expression: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column. `required` means that null is refused.

    `enum` is kept by migrations and by the app; no store is told of it. `auto_increment` says
    nothing that an integer primary key does not, so it takes no part in comparisons.
    """

    name: str
    type: ColumnType
    required: bool = False
    default: Default | None = None
    auto_increment: bool = field(default=False, compare=False)
    enum: tuple[str, ...] = ()
    generated: str | None = None
    comment: str | None = field(default=None, compare=False)
    native: str | None = field(default=None, compare=False)
    renamed_from: str | None = field(default=None, compare=False)
    backfill: Backfill | None = field(default=None, compare=False)
    using: Using | None = field(default=None, compare=False)
    line: int | None = field(default=None, compare=False)

    @property
    def fills_nulls(self) -> bool:
        """Whether rows that have no value get one: by the backfill, else by the default."""
        if self.backfill is not None:
            return self.backfill.parts != (Fixed(None),)
        return self.default is not None and self.default.stored


@dataclass(frozen=True, slots=True, kw_only=True)
class PrimaryKey:
    """The primary key; the store names it."""

    columns: tuple[str, ...]
    name: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class UniqueConstraint:
    """No two rows have the same values here. The name takes no part in comparisons."""

    columns: tuple[str, ...]
    name: str = field(compare=False)
    line: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignKey:
    """Values here are values there. Compared by structure, not by name."""

    columns: tuple[str, ...]
    ref_table: str
    ref_columns: tuple[str, ...]
    on_delete: Action = "NO ACTION"
    on_update: Action = "NO ACTION"
    name: str = field(compare=False)
    line: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A condition in SQL that every row meets (or is null for). Compared by name and text."""

    name: str
    expression: str
    line: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """An index, compared by structure.

    A unique index over plain columns is a `UniqueConstraint` in this model, whichever way the
    store made it; `unique` is for partial ones (`where`, SQL) alone.
    """

    columns: tuple[str, ...]
    unique: bool = False
    where: str | None = None
    name: str = field(compare=False)
    line: int | None = field(default=None, compare=False)


Constraint: TypeAlias = PrimaryKey | UniqueConstraint | ForeignKey | Check


class _Columns:
    """Room for the columns by name; no field, so it is neither compared nor recorded."""

    __slots__ = ("_by_name",)
    _by_name: dict[str, Column]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table(_Columns):
    """One table. The order of columns and constraints takes no part in comparisons by `same`."""

    name: str
    columns: tuple[Column, ...]
    primary_key: PrimaryKey | None = None
    unique: tuple[UniqueConstraint, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    checks: tuple[Check, ...] = ()
    indexes: tuple[Index, ...] = ()
    comment: str | None = field(default=None, compare=False)
    renamed_from: str | None = field(default=None, compare=False)
    line: int | None = field(default=None, compare=False)

    def column(self, name: str) -> Column | None:
        """The column of that name, or None."""
        try:
            return self._by_name.get(name)
        except AttributeError:
            object.__setattr__(self, "_by_name", {c.name: c for c in reversed(self.columns)})
            return self._by_name.get(name)

    @property
    def key(self) -> tuple[str, ...]:
        """The names of the primary key's columns, or nothing."""
        return self.primary_key.columns if self.primary_key else ()

    @property
    def constraints(self) -> tuple[Constraint, ...]:
        """Every constraint, the primary key first."""
        first = (self.primary_key,) if self.primary_key else ()
        return (*first, *self.unique, *self.checks, *self.foreign_keys)


class _Lookup:
    """Room for the tables by name; no field, so it is neither compared nor recorded."""

    __slots__ = ("_by_name",)
    _by_name: dict[str, Table]


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema(_Lookup):
    """Some tables: of one schema file, or of a store."""

    tables: tuple[Table, ...] = ()

    def table(self, name: str) -> Table | None:
        """The table of that name, or None."""
        try:
            return self._by_name.get(name)
        except AttributeError:
            object.__setattr__(self, "_by_name", {t.name: t for t in reversed(self.tables)})
            return self._by_name.get(name)

    def with_tables(self, tables: Iterable[Table]) -> Schema:
        """This schema with these tables in place of those of the same names."""
        changed = {table.name: table for table in tables}
        kept = tuple(changed.pop(table.name, table) for table in self.tables)
        return Schema(tables=(*kept, *changed.values()))
