"""What a backend is: a type of store, and a store that reads, plans and makes changes.

One store is one unit of work: one folder, file or database, whose schemas migrate together or
not at all. Outside `begin` ... `commit` a store is only read, and reading leaves no trace: no
file, folder, database or lock.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeAlias, runtime_checkable

from .archive import NO_ARCHIVES, Archives
from .changes import Change
from .model import Column, NamedType, Schema, Table
from .plan import Step
from .questions import Answer, Question
from .target import Target
from .types import ColumnType
from .where import Condition

Fact = Literal["type", "required", "default", "key", "unique", "foreign_keys", "indexes", "checks"]
"""What a store may itself remember of a table, besides its name and its columns' names."""


class Progress(Protocol):
    """Called with the rows done so far, and how many bytes these were, if that is known.

    `total` is the rows in all: None if not known, and an estimate until the last call.
    """

    def __call__(self, done: int, total: int | None, size: int | None = None, /) -> None: ...


def no_progress(_done: int, _total: int | None, _size: int | None = None, /) -> None:
    """Progress that nobody watches."""


Order: TypeAlias = Sequence[tuple[str, Literal["asc", "desc"]]]
Row: TypeAlias = Mapping[str, Any]


@runtime_checkable
class BackendType(Protocol):
    """A kind of store, by the name that `Meta.Data_Type` gives (any case).

    `in_folder`: such stores are files in the folder that `Data_Source` names, so that a look there
    costs nothing. `supports` names the change classes that stores of this kind can make; planning
    refuses the others by name; CreateTable is the least, for the history. `keeps` names what such
    a store remembers itself; for the rest the last record is believed. Without `keeps_archives`
    no plan asks for archives: previews say that what goes is not kept, and rollbacks refuse.
    """

    @property
    def name(self) -> str: ...
    @property
    def aliases(self) -> tuple[str, ...]: ...
    @property
    def in_folder(self) -> bool: ...
    @property
    def supports(self) -> frozenset[type[Change]]: ...
    @property
    def keeps(self) -> frozenset[Fact]: ...
    @property
    def keeps_archives(self) -> bool: ...

    def open(self, target: Target) -> Store:
        """The store at that place, whether it is there yet or not. Creates nothing."""
        ...


class Reader(Protocol):
    """Reading rows; the same before, inside and after a unit of work."""

    def select(
        self,
        table: Table,
        where: Condition,
        *,
        columns: Sequence[str] | None = None,
        order: Order = (),
        limit: int | None = None,
        offset: int = 0,
    ) -> Iterator[dict[str, Any]]:
        """Rows as dicts of typed values (see `values`), None for null. Lazy where it can be.

        `table` says the types; a table that is not there has no rows. Nulls order first.
        """
        ...

    def count_where(self, table: Table, where: Condition) -> int:
        """How many rows `select` would give."""
        ...


class Store(Reader, Protocol):
    """One place where data lives. Errors are `StoreError`s without passwords."""

    @property
    def display(self) -> str:
        """How the place is shown to people."""
        ...

    @property
    def unfinished(self) -> bool:
        """Whether a killed run left something that the next `begin` finishes or removes."""
        ...

    @property
    def commits(self) -> int | None:
        """Another number after every commit of somebody else; None if the store has none.

        Where it is still the same, the engine need not look twice to know that it saw one moment.
        """
        ...

    @property
    def notices(self) -> Sequence[str]:
        """What `begin` did about runs before this one, each in a sentence that names the place."""
        ...

    def history_display(self, table: str) -> str:
        """How the place of a history table is shown: `File: Data/__zmigration_users.csv`."""
        ...

    def spell(self, name: str) -> str:
        """The name under which the store would create a table or column called `name`."""
        ...

    def name_key(self, name: str) -> str:
        """Equal for two names that the store takes for the same."""
        ...

    def reads_as(self, column: Column, column_type: ColumnType) -> bool:
        """Whether an inspected column may be what a schema calls `column_type`."""
        ...

    def native_type(self, column: Column, table: Table | None) -> str:
        """The type text for a (new) column of `table` as it is now, None for a new table."""
        ...

    def inspect(self, tables: Collection[str]) -> Schema:
        """The tables of these names (by `name_key`) that are there, as the store sees them.

        Each column's `native` is the store's own type text; `type` is the nearest neutral one.
        What the store does not keep is left at its default. Expressions, keys and options are as
        the store writes them.
        """
        ...

    def fingerprints(self, tables: Collection[str]) -> Mapping[str, str] | None:
        """By the names given, a text for each table that is there.

        Another one whenever `inspect` would see the table otherwise. None where finding out costs
        as much as `inspect`; then every look is a whole one.
        """
        ...

    def plan(
        self,
        changes: Sequence[Change],
        current: Schema,
        desired: Schema,
        archives: Archives = NO_ARCHIVES,
    ) -> tuple[Step, ...]:
        """The steps that make these changes, in an order that works.

        `changes` speak of `current`, renames first, in the order in which they may be made;
        of renames two may swap their names (`renames.moves` says how to get there). Several
        changes of one table may become one step. UnsupportedChange if one cannot be made.
        `archives` names what is to be kept of the values that go. The inverse steps, run from
        the last to the first, bring structure and values back; rows that have come since keep
        what they have, and a value that was changed since is converted back.
        """
        ...

    def fitted(self, back: Sequence[Step], *, force: bool) -> tuple[Step, ...]:
        """Recorded inverse steps, in the order to run, as they fit the tables of now. Reads only.

        What has come to a table since by another hand stays as it is. DriftError names what is
        in the way; with `force` a definition that was changed becomes what was recorded.
        """
        ...

    def ask(self, question: Question, current: Schema) -> Answer:
        """Ask the data; a table that is not there has no rows."""
        ...

    def begin(self, lock_timeout: float) -> None:
        """Lock the store (waiting at most so many seconds) and open the unit of work.

        Creates the folder, file or database if it is missing; `rollback` removes it again.
        Finishes or discards what a killed run left. LockTimeout names who holds the lock.
        """
        ...

    def run(self, step: Step, progress: Progress) -> None:
        """Make one step, inside the unit. The store's errors as `StepFailed`."""
        ...

    def insert(self, table: Table, rows: Iterable[Row]) -> int:
        """Add rows, inside the unit; missing columns get their default. How many it were."""
        ...

    def insert_one(self, table: Table, row: Row) -> Any:  # noqa: ANN401
        """Add one row, inside the unit; its primary key, None where that is not one column."""
        ...

    def update(self, table: Table, where: Condition, values: Row) -> int:
        """Change rows, inside the unit. How many it were."""
        ...

    def update_many(self, table: Table, key: Sequence[str], rows: Iterable[Row]) -> int:
        """Change rows, inside the unit, each found by its `key` columns. How many it were."""
        ...

    def delete(self, table: Table, where: Condition) -> int:
        """Remove rows, inside the unit. How many it were."""
        ...

    def count(self, table: str) -> int | None:
        """How many rows there are, or None where counting costs as much as reading."""
        ...

    def commit(self) -> None:
        """Make everything since `begin` lasting, all at once, and unlock."""
        ...

    def rollback(self) -> None:
        """Undo everything since `begin`, and unlock. Never raises for a lost connection."""
        ...

    def close(self) -> None:
        """Let go of connections and files; a unit that is open is rolled back."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspected:
    """What `zolo inspect` writes a schema file of.

    `schema` says all that a schema file has words for; with `exact` its tables are exact. `notes`
    are sentences on what it has no words for, which migrations leave alone. `inferred` are those
    on what was concluded from a table's rows alone, by table.
    """

    schema: Schema
    exact: bool
    notes: tuple[str, ...] = ()
    inferred: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


class InspectedStore(Store, Protocol):
    """A store that `zolo inspect` can make a schema file of."""

    @property
    def is_there(self) -> bool:
        """Whether the folder, file or database is there at all."""
        ...

    def table_names(self) -> Sequence[str]:
        """Every table that is there, without bookkeeping of ours, the host's or the store's."""
        ...

    def describe(self, tables: Collection[str]) -> Inspected:
        """These tables, and the named types that they use, as a schema file should say them.

        A column whose `type` alone would make its `native` type has no `exact_type`; a default is
        of the kind "value" or "now" only where that alone would make it as it is.
        """
        ...


class ExactStore(Store, Protocol):
    """A store whose tables a schema file can say exactly."""

    def table_names(self) -> Sequence[str]:
        """Every table that is there, without bookkeeping of ours, the host's or the store's."""
        ...

    def history_names(self) -> Sequence[str]:
        """Every table that may be a history (`history.may_be_history`), whoever's."""
        ...

    def exact(self, schema: Schema, live: Schema) -> Schema:
        """The exact tables and types of a schema file in the forms in which `inspect` gives them.

        Every column gets its `exact_type` (the `native` that it would be inspected with) and the
        neutral `type` nearest to it; every default that the store is told of is of the kind
        "expression", with the text that would be inspected; checks, index keys, conditions and
        generated columns likewise. A text that `live` has is in that form already. Nothing lasting
        is made of it. UnsupportedChange, with the line, for what the store refuses.
        """
        ...

    def as_found(self, live: Schema) -> Schema:
        """Inspected tables in the same forms as `exact` gives them, and no more."""
        ...

    def types(
        self, tables: Collection[str], names: Collection[str] | None = ()
    ) -> tuple[NamedType, ...]:
        """The named types that columns of these tables have, or that are called so.

        With None for `names` all that there are.
        """
        ...


@runtime_checkable
class PreparingStore(Protocol):
    """A store that makes some of a plan before its unit of work (`Step.ahead`)."""

    def prepare(
        self, steps: Sequence[Step], show: Callable[[Step], AbstractContextManager[Progress]]
    ) -> None:
        """Told of all steps that `run` will be given, after `begin` and before anything else.

        Makes what they have ahead. `rollback` takes it back; what a killed run has made so, the
        next `begin` takes back. PlanMoved if the tables were changed by another hand meanwhile.
        """
        ...
