"""The schema as values: frozen, compared by what they say, so that "no difference" is `==`.

Hints on how to get from one schema to the next (`renamed_from`, `backfill`, `using`), the
store's own type text (`native`) and the line in the file take no part in comparisons.

An exact table (`Table.exact`) says all that its store holds of it, in the store's own forms:
types as `exact_type`, expressions as the store writes them, names and comments too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from .types import ColumnType

Scalar: TypeAlias = str | int | float | bool | None
Action = Literal["NO ACTION", "CASCADE", "RESTRICT", "SET NULL", "SET DEFAULT"]
Deferral = Literal["DEFERRABLE", "DEFERRABLE INITIALLY DEFERRED"]


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

    `parts` are joined as texts, in which nulls are nothing; one part alone keeps its type. A part
    names a column to copy from, or is a literal.
    """

    parts: tuple[Fixed | CopyOf, ...]

    @staticmethod
    def joined(texts: Sequence[str | None]) -> str | None:
        """The texts of several parts as one; None if there is nothing but nulls."""
        there = [text for text in texts if text is not None]
        return "".join(there) if there else None


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
class Identity:
    """How a store numbers new rows, where that is said exactly.

    "always" and "by default" are SQL's identity, "serial" is a default from a sequence of the
    column's own (PostgreSQL), "autoincrement" is SQLite's. `options` are the sequence's that are
    not the usual ones, in SQL: `START WITH 100 INCREMENT BY 5`.
    """

    kind: Literal["always", "by default", "serial", "autoincrement"]
    options: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column. `required` means that null is refused.

    `enum` is kept by migrations and by the app; no store is told of it. `auto_increment` says
    nothing that an integer primary key does not, so it takes no part in comparisons.
    `virtual` is of `generated`: computed when read, not stored. `collation` is written as SQL
    writes it, None is the type's own. `exact_type` is the store's own type text, in exact tables
    alone. `attributes` are other clauses of the store's own, as its SQL writes them
    (`STORAGE EXTERNAL`, `NOT NULL ON CONFLICT IGNORE`), sorted.
    """

    name: str
    type: ColumnType
    required: bool = False
    default: Default | None = None
    auto_increment: bool = field(default=False, compare=False)
    enum: tuple[str, ...] = ()
    generated: str | None = None
    virtual: bool = False
    collation: str | None = None
    identity: Identity | None = None
    exact_type: str | None = None
    attributes: tuple[str, ...] = ()
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
    """The primary key; the store names it.

    `keys`, here and below, are the columns as SQL writes them where the names alone do not say it
    all (`created DESC`, `name COLLATE NOCASE`); empty where they do. `include` are columns that
    the index behind it also carries. `on_conflict` is SQLite's: `REPLACE`. `options`
    (`fillfactor=70`) and `index_comment` are that index's; only exact tables compare them.
    """

    columns: tuple[str, ...]
    keys: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    deferral: Deferral | None = None
    on_conflict: str | None = None
    options: tuple[str, ...] = field(default=(), compare=False)
    name: str | None = field(default=None, compare=False)
    comment: str | None = field(default=None, compare=False)
    index_comment: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class UniqueConstraint:
    """No two rows have the same values here. The name takes no part in comparisons.

    `by_index` says that a live one is an index without a constraint.
    """

    columns: tuple[str, ...]
    keys: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    nulls_not_distinct: bool = False
    deferral: Deferral | None = None
    on_conflict: str | None = None
    options: tuple[str, ...] = field(default=(), compare=False)
    name: str = field(compare=False)
    by_index: bool = field(default=False, compare=False)
    comment: str | None = field(default=None, compare=False)
    index_comment: str | None = field(default=None, compare=False)
    line: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignKey:
    """Values here are values there. Compared by structure, not by name.

    `set_columns` are those that SET NULL or SET DEFAULT is about, none means all. `valid` is False
    where rows that were there before it have not been checked.
    """

    columns: tuple[str, ...]
    ref_table: str
    ref_columns: tuple[str, ...] = ()
    on_delete: Action = "NO ACTION"
    on_update: Action = "NO ACTION"
    set_columns: tuple[str, ...] = ()
    match: Literal["SIMPLE", "FULL", "PARTIAL"] = "SIMPLE"
    deferral: Deferral | None = None
    valid: bool = True
    name: str = field(compare=False)
    comment: str | None = field(default=None, compare=False)
    line: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A condition in SQL that every row meets (or is null for). Compared by name and text.

    `inherited` is False for PostgreSQL's NO INHERIT; `valid` as in `ForeignKey`.
    """

    name: str
    expression: str
    inherited: bool = True
    valid: bool = True
    comment: str | None = field(default=None, compare=False)
    line: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exclusion:
    """PostgreSQL's exclusion constraint: `definition` is what stands after EXCLUDE."""

    definition: str
    deferral: Deferral | None = None
    options: tuple[str, ...] = field(default=(), compare=False)
    name: str = field(compare=False)
    comment: str | None = field(default=None, compare=False)
    index_comment: str | None = field(default=None, compare=False)
    line: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """An index, compared by structure.

    A unique index over plain columns is a `UniqueConstraint` in this model, whichever way the
    store made it, except in exact tables; else `unique` is for partial ones (`where`, SQL) alone.
    `columns` are those that are keys by themselves; with expressions, orders, collations or
    operator classes `keys` says all of it, one text a key. `method` None is the usual one.
    `options` are storage parameters: `fillfactor=70`.
    """

    columns: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    unique: bool = False
    where: str | None = None
    method: str | None = None
    include: tuple[str, ...] = ()
    nulls_not_distinct: bool = False
    options: tuple[str, ...] = ()
    name: str = field(compare=False)
    comment: str | None = field(default=None, compare=False)
    line: int | None = field(default=None, compare=False)


Constraint: TypeAlias = PrimaryKey | UniqueConstraint | ForeignKey | Check | Exclusion


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedType:
    """A type that a database keeps under a name, beside its tables.

    Of an "enum" `values` are the values in their order; of a "domain" `definition` is what stands
    after AS, as the database writes it.
    """

    name: str
    kind: Literal["enum", "domain"]
    values: tuple[str, ...] = ()
    definition: str = ""
    comment: str | None = field(default=None, compare=False)
    renamed_from: str | None = field(default=None, compare=False)
    line: int | None = field(default=None, compare=False)


class _Columns:
    """Room for the columns by name; no field, so it is neither compared nor recorded."""

    __slots__ = ("_by_name",)
    _by_name: dict[str, Column]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table(_Columns):
    """One table. The order of columns and constraints takes no part in comparisons by `same`.

    `options` are what the store says of the whole table, as its SQL writes it: `STRICT`,
    `WITHOUT ROWID`, `UNLOGGED`, `fillfactor=70`; sorted. `exact`: see above.
    """

    name: str
    columns: tuple[Column, ...] = ()
    primary_key: PrimaryKey | None = None
    unique: tuple[UniqueConstraint, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    checks: tuple[Check, ...] = ()
    exclusions: tuple[Exclusion, ...] = ()
    indexes: tuple[Index, ...] = ()
    options: tuple[str, ...] = ()
    exact: bool = field(default=False, compare=False)
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
        return (*first, *self.unique, *self.checks, *self.exclusions, *self.foreign_keys)


class _Lookup:
    """Room for the tables by name; no field, so it is neither compared nor recorded."""

    __slots__ = ("_by_name",)
    _by_name: dict[str, Table]


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema(_Lookup):
    """Some tables, and the types that they may use: of one schema file, or of a store."""

    tables: tuple[Table, ...] = ()
    types: tuple[NamedType, ...] = ()

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
        return replace(self, tables=(*kept, *changed.values()))
