"""The store itself."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime, timezone
from functools import cached_property
from pathlib import Path
from typing import Any

from zmigration_api.archive import NO_ARCHIVES, Archives
from zmigration_api.backend import Order, Progress, Row
from zmigration_api.changes import Change
from zmigration_api.computed import Computed, comparable
from zmigration_api.errors import StoreError
from zmigration_api.model import Column, Schema, Table
from zmigration_api.plan import Step
from zmigration_api.questions import Answer, Question
from zmigration_api.target import Target
from zmigration_api.types import ColumnType
from zmigration_api.where import Condition, matches

from .cells import as_type, plain, read_as
from .plan import plan, written_anew
from .questions import ask
from .run import run


class RowStore(ABC):
    """A `Store` for which an author writes ten methods: those that are abstract.

    Values that `read` gives and `write` gets are of the types that `inspect` says, in the Python
    types of `zmigration_api.values`; None is null, `JSON_NULL` is JSON's own. The rows of the
    table at hand are held in memory. Everything between `begin` and `commit` must be undone by
    `rollback`; errors are `StoreError`s.
    """

    def __init__(self, target: Target) -> None:
        self.target = target

    @property
    @abstractmethod
    def display(self) -> str:
        """How the place is shown to people."""

    @abstractmethod
    def inspect(self, tables: Collection[str]) -> Schema:
        """The tables of these names (by `name_key`) that are there; creates nothing."""

    @abstractmethod
    def create_table(self, table: Table) -> None:
        """Make an empty table. A column that has a `native` type keeps that one."""

    @abstractmethod
    def drop_table(self, name: str) -> None:
        """Remove a table that is there."""

    @abstractmethod
    def read(self, table: Table) -> Iterable[dict[str, Any]]:
        """Every row in the store's order; `table` is as `inspect` gives it."""

    @abstractmethod
    def write(self, table: Table, rows: Iterable[Row]) -> None:
        """Add rows, each with a value for every column of `table` (as `inspect` gives it)."""

    @abstractmethod
    def begin(self, lock_timeout: float) -> None:
        """Lock the store and open the unit of work; LockTimeout after so many seconds."""

    @abstractmethod
    def commit(self) -> None:
        """Make everything since `begin` lasting, all at once, and unlock."""

    @abstractmethod
    def rollback(self) -> None:
        """Undo everything since `begin`, if that was called, and unlock."""

    def reading(self) -> AbstractContextManager[None]:
        """Around several looks at once, so that a store may open its place once for all."""
        return nullcontext()

    def close(self) -> None:
        """Let go of everything."""
        self.rollback()

    def shown(self, path: Path) -> str:
        """A path as people know it: from the workspace, if it is in there."""
        root = self.target.workspace
        return str(path.relative_to(root) if path.is_relative_to(root) else path)

    @property
    def unfinished(self) -> bool:
        """Whether a killed run left something that the next `begin` finishes or removes."""
        return False

    @property
    def commits(self) -> int | None:
        """None: the store does not count."""
        return None

    @property
    def notices(self) -> Sequence[str]:
        """What `begin` did about runs before this one."""
        return ()

    def history_display(self, table: str) -> str:
        """How the place of a history table is shown."""
        return f"Table: {table} ({self.display})"

    def spell(self, name: str) -> str:
        """The name itself."""
        return name

    def name_key(self, name: str) -> str:
        """The name itself: `Users` and `users` are two."""
        return name

    def native_type(self, column: Column, table: Table | None) -> str:
        """The type as the schema file says it."""
        return str(column.type)

    def reads_as(self, column: Column, column_type: ColumnType) -> bool:
        """Whether the store would have made a column of that type just like this one."""
        asked = Column(name=column.name, type=column_type)
        return column.type == column_type or column.native == self.native_type(asked, None)

    def live(self, name: str) -> Table | None:
        """One table as the store has it."""
        return next(iter(self.inspect([name]).tables), None)

    def plan(
        self,
        changes: Sequence[Change],
        current: Schema,
        desired: Schema,
        archives: Archives = NO_ARCHIVES,
    ) -> tuple[Step, ...]:
        """One step a table, each described line by line."""
        with self.reading():
            self.refuse_rewriting(written_anew(changes))
            return plan(changes, current, archives, self.live)

    def fitted(self, back: Sequence[Step], *, force: bool) -> tuple[Step, ...]:
        """The steps themselves: each looks at its table when it runs."""
        with self.reading():
            self.refuse_rewriting({n for step in back for n in written_anew(step.changes)})
        return tuple(back)

    def fingerprints(self, tables: Collection[str]) -> Mapping[str, str] | None:
        """None: `inspect` is all that there is."""
        return None

    def refuse_rewriting(self, tables: set[str]) -> None:  # noqa: B027
        """UnsupportedChange if one of these tables has what would be lost if it is made anew."""

    def ask(self, question: Question, current: Schema) -> Answer:
        """Ask the rows, reading them from the first to the last."""
        with self.reading():
            return ask(self, question, current)

    def run(self, step: Step, progress: Progress) -> None:
        """Make the changes of one table, writing it anew."""
        run(self, step, progress, self._now)

    def count(self, table: str) -> int | None:
        """How many rows there are."""
        with self.reading():
            live = self.live(table)
            return sum(1 for _ in self.read(live)) if live else 0

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
        """Rows as dicts of typed values; a column that the store lacks is null."""
        with self.reading():
            live = self.live(table.name)
            pairs = self._rows(live, table) if live else ()
            found = [row for _, row in pairs if matches(where, row)]
        wanted = [c.name for c in table.columns] if columns is None else list(columns)
        rows = _sorted(found, order)
        end = None if limit is None else offset + limit
        return iter([{name: row[name] for name in wanted} for row in rows[offset:end]])

    def count_where(self, table: Table, where: Condition) -> int:
        """How many rows meet the condition."""
        return sum(1 for _ in self.select(table, where, columns=[]))

    def insert(self, table: Table, rows: Iterable[Row]) -> int:
        """Add rows; missing columns get their default, an integer key the next number."""
        return len(self._added(table, rows))

    def insert_one(self, table: Table, row: Row) -> Any:  # noqa: ANN401
        """Add a row; its primary key, if that is one column."""
        (added,) = self._added(table, [row])
        return added[table.key[0]] if len(table.key) == 1 else None

    def update(self, table: Table, where: Condition, values: Row) -> int:
        """Change rows, writing the table anew."""
        live = self.there(table)
        new = self.stored(live, table, values)
        rows = [(raw, matches(where, row)) for raw, row in self._rows(live, table)]
        self._rewrite(live, ({**raw, **new} if hit else raw for raw, hit in rows))
        return sum(hit for _, hit in rows)

    def update_many(self, table: Table, key: Sequence[str], rows: Iterable[Row]) -> int:
        """Change rows, each found by its `key` columns, writing the table anew once."""
        live = self.there(table)
        keys = [column for column in table.columns if column.name in key]
        new: dict[Any, dict[str, Any]] = {}
        times: Counter[Any] = Counter()
        for row in rows:
            of = _key(keys, row)
            new.setdefault(of, {}).update(self.stored(live, table, row))
            times[of] += 1
        found = [(raw, _key(keys, row)) for raw, row in self._rows(live, table)]
        self._rewrite(live, ({**raw, **new.get(of, {})} for raw, of in found))
        return sum(times[of] for _, of in found)

    def delete(self, table: Table, where: Condition) -> int:
        """Remove rows, writing the table anew."""
        live = self.there(table)
        rows = [(raw, matches(where, row)) for raw, row in self._rows(live, table)]
        self._rewrite(live, (raw for raw, hit in rows if not hit))
        return sum(hit for _, hit in rows)

    @cached_property
    def _now(self) -> datetime:
        """One moment for all defaults of a run, in UTC."""
        return datetime.now(timezone.utc).replace(microsecond=0, tzinfo=None)

    def there(self, table: Table) -> Table:
        """That table as the store has it; StoreError if it is not there."""
        live = self.live(table.name)
        if live is None:
            raise StoreError(f"there is no table {table.name} in {self.display}")
        return live

    def _rows(self, live: Table, table: Table) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
        """Each row as the store has it, and as `table` calls it."""
        pairs = [(live.column(column.name), column) for column in table.columns]
        for raw in self.read(live):
            yield raw, {c.name: plain(read_as(raw, there, c)) for there, c in pairs}

    def _rewrite(self, live: Table, rows: Iterable[dict[str, Any]]) -> None:
        rows = list(rows)
        self.drop_table(live.name)
        self.create_table(live)
        self.write(live, rows)

    def _added(self, table: Table, rows: Iterable[Row]) -> list[dict[str, Any]]:
        live = self.there(table)
        new = self._numbered(table, [self._complete(table, row) for row in rows])
        nulls = dict.fromkeys(column.name for column in live.columns)
        self.write(live, [{**nulls, **self.stored(live, table, row)} for row in new])
        return new

    def _complete(self, table: Table, row: Row) -> dict[str, Any]:
        unknown = next((name for name in row if table.column(name) is None), None)
        if unknown is not None:
            raise StoreError(f"{table.name} has no column {unknown!r}")
        makers = (Computed(old=None, new=c, fills=True) for c in _unfilled(table.columns))
        return {
            make.new.name: row[make.new.name]
            if make.new.name in row
            else make.value(lambda column: (None, column), self._now)
            for make in makers
        }

    def _numbered(self, table: Table, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The rows, where an integer primary key counts by itself."""
        column = table.column(table.key[0]) if len(table.key) == 1 else None
        if column is None or column.type.kind not in ("int", "bigint"):
            return rows
        name, live = column.name, self.there(table)
        if any(row[name] is None for row in rows):
            last = max((row[name] or 0 for _, row in self._rows(live, table)), default=0)
            for row in rows:
                row[name] = last + 1 if row[name] is None else row[name]
                last = max(last, row[name])
        return rows

    def stored(self, live: Table, table: Table, row: Mapping[str, Any]) -> dict[str, Any]:
        """Values as the store's columns have them; StoreError for one that is none."""
        stored = {}
        for name, value in row.items():
            there, column = live.column(name), table.column(name)
            if there is None or column is None:
                raise StoreError(f"{table.name} has no column {name!r}")
            try:
                stored[name] = as_type(value, column.type, there.type)
            except ValueError as error:
                raise StoreError(f"{table.name}.{name} {value!r} {error}") from None
        return stored


def _key(columns: Iterable[Column], row: Row) -> tuple[Any, ...]:
    return tuple(comparable(row[column.name], column) for column in columns)


def _unfilled(columns: Iterable[Column]) -> Iterator[Column]:
    """Columns with their defaults alone: a backfill is for rows that were there before."""
    for column in columns:
        yield Column(name=column.name, type=column.type, default=column.default)


def _sorted(rows: list[dict[str, Any]], order: Order) -> list[dict[str, Any]]:
    """Null is less than every value, whichever the direction."""
    try:
        for name, direction in reversed(order):
            keyed = [(_rank(row[name]), row) for row in rows]
            keyed.sort(key=lambda pair: pair[0], reverse=direction == "desc")
            rows = [row for _, row in keyed]
    except TypeError:
        raise StoreError(f"the values of {name} have no order") from None
    return rows


def _rank(value: object) -> tuple[Any, ...]:
    return (False,) if value is None else (True, value)
