"""What the data is asked before anything is touched, and its answers.

Questions speak of the store as it is now: current table and column names, old types.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from .computed import Computed
from .model import Check, Column, NamedType, Scalar


@dataclass(frozen=True, slots=True)
class Nulls:
    """Which rows have null in a column that becomes required?

    A column that is not there yet is null in every row.
    """

    table: str
    column: str


@dataclass(frozen=True, slots=True)
class Duplicates:
    """Which values of these columns (none of them null) stand in more than one row?

    With `computed`, one for each column, the values are those that the plan leaves; rows for
    which there is none are left to `Unconvertible` and `Unfillable`.
    """

    table: str
    columns: tuple[str, ...]
    computed: tuple[Computed, ...] = ()


@dataclass(frozen=True, slots=True)
class Orphans:
    """Which rows refer (no column null) to a row of `ref_table` that is not there?

    `ref_table` None: the table referred to is new or missing, so every reference is an orphan.
    Without `ref_columns` its primary key is meant, whatever that is.
    With `computed` and `ref_computed`, one for each column, the values are those that the plan
    leaves.
    """

    table: str
    columns: tuple[str, ...]
    ref_table: str | None
    ref_columns: tuple[str, ...]
    computed: tuple[Computed, ...] = ()
    ref_computed: tuple[Computed, ...] = ()


@dataclass(frozen=True, slots=True)
class Unconvertible:
    """Which values cannot become values of the new column: type, length, `enum` or `using`?

    `old` and `new` have the column's current name. Nulls always convert to null here, but for a
    type that takes none. Where both say a store's own type (`exact_type`), that store's own
    conversion counts: `types` are named types as the plan leaves them, `options` what the store
    is to say of the whole table (`Table.options`).
    """

    table: str
    old: Column
    new: Column
    types: tuple[NamedType, ...] = ()
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unfillable:
    """Which rows without a value cannot get one: it does not fit, or is null under `required`?"""

    table: str
    computed: Computed


@dataclass(frozen=True, slots=True)
class Readable:
    """Can every row be read at all? A store whose rows can lose their form raises StoreError."""

    table: str


@dataclass(frozen=True, slots=True)
class CheckFailures:
    """Which rows make the condition false? It is SQL over current column names."""

    table: str
    check: Check


Question: TypeAlias = (
    Nulls | Duplicates | Orphans | Unconvertible | Unfillable | Readable | CheckFailures
)


@dataclass(frozen=True, slots=True)
class Sample:
    """One offending row: its key (primary key values, or the row's number from 1) and values.

    `line` is the line of the row in its file, where there is one. `beside` are columns by which
    people find the row, where neither a key nor a line tells which it is.
    """

    key: tuple[Scalar, ...]
    values: tuple[Scalar, ...]
    line: int | None = None
    reason: str | None = None
    beside: tuple[tuple[str, Scalar], ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """How many rows offend, and the first few of them (at most `MAX_SAMPLES`)."""

    count: int = 0
    samples: tuple[Sample, ...] = field(default=())


MAX_SAMPLES = 5
