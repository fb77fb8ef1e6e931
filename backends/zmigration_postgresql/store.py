"""One PostgreSQL database as a store."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

from zmigration_api import (
    NO_ARCHIVES,
    AddConstraint,
    Answer,
    Archives,
    Change,
    Column,
    ColumnType,
    Condition,
    ForeignKey,
    Inspected,
    NamedType,
    Order,
    PlanMoved,
    Progress,
    Question,
    RenameTable,
    Row,
    Schema,
    Step,
    StoreError,
    Table,
    Target,
)
from zmigration_sql import data

from . import journal, types
from .address import Address, address_of
from .ask import ask
from .catalog import Catalog
from .connection import Connection, connect
from .describe import describe
from .describe import types as types_of
from .exact import Canon, exact
from .facts import Facts
from .fit import fitted, refuse_held_types
from .forms import as_found
from .hazards import told
from .inspect import Look, fingerprints, look
from .listing import history_names, table_names
from .named_types import of_all
from .names import spell, table_name
from .online import online
from .plan import plan
from .positions import advance
from .sizes import sizes_of
from .unit import Show, Unit, unfinished


class PostgreSQLStore:
    """Connects when first asked; a database that is not there has no tables."""

    def __init__(self, target: Target) -> None:
        self._address: Address = address_of(target)
        self._online = target.online
        self._connection: Connection | None = None
        self._unit: Unit | None = None
        self._live: dict[str, tuple[Table, Table | None]] = {}
        self._inspected: dict[str, Table] = {}
        self._notices: list[str] = []
        self._defaults: dict[tuple[str, str], str] = {}
        self._found: dict[int, tuple[Table, Table]] = {}
        self._canon = Canon()

    @property
    def display(self) -> str:
        return self._address.display

    @property
    def unfinished(self) -> bool:
        """Whether a killed run has left what it made ahead; all else the database itself undoes."""
        connection = self._reading()
        return connection is not None and unfinished(connection)

    @property
    def commits(self) -> int | None:
        return None  # a server tells of no such count

    @property
    def notices(self) -> Sequence[str]:
        return self._notices

    def history_display(self, table: str) -> str:
        return f"Table: {table} ({self.display})"

    def spell(self, name: str) -> str:
        return spell(name)

    def name_key(self, name: str) -> str:
        return spell(name)

    def reads_as(self, column: Column, column_type: ColumnType) -> bool:
        return types.reads_as(column, column_type)

    def native_type(self, column: Column, table: Table | None) -> str:
        return types.native_type(column, table)

    def inspect(self, tables: Collection[str]) -> Schema:
        connection = self._reading()
        found = look(connection, tables) if connection else Look()
        if connection is not None and self._unit is None:
            ours = journal.without(found.schema, journal.read(connection))
            found = replace(found, tables=ours.tables)
        self._inspected.update({table.name: table for table in found.tables})
        names = {table.name for table in found.tables}
        kept = {place: text for place, text in self._defaults.items() if place[0] not in names}
        self._defaults = {**kept, **found.defaults}
        self._found.clear()
        return found.schema

    @property
    def is_there(self) -> bool:
        return self._reading() is not None

    def table_names(self) -> Sequence[str]:
        connection = self._reading()
        return table_names(connection, self._own_only) if connection else ()

    def history_names(self) -> Sequence[str]:
        connection = self._reading()
        return history_names(connection) if connection else ()

    def describe(self, tables: Collection[str]) -> Inspected:
        connection = self._reading()
        if connection is None:
            return Inspected(schema=Schema(), exact=True)
        return describe(connection, tables, self._own_only)

    def types(
        self, tables: Collection[str], names: Collection[str] | None = ()
    ) -> tuple[NamedType, ...]:
        if (connection := self._reading()) is None:
            return ()
        if names is None:
            return of_all(connection, self._own_only)
        return types_of(connection, tables, names)

    def as_found(self, live: Schema) -> Schema:
        """`live` must be of the last `inspect`: the very texts of defaults are kept from there."""
        return replace(live, tables=tuple(map(self._as_found, live.tables)))

    def _as_found(self, table: Table) -> Table:
        """Remembered by identity: comparing tables takes longer."""
        known = self._found.get(id(table))
        if known is None or known[0] is not table:
            known = self._found[id(table)] = table, as_found(table, self._defaults)
        return known[1]

    def exact(self, schema: Schema, live: Schema) -> Schema:
        return exact(self._reading(), schema, self.as_found(live), self._canon)

    @property
    def _own_only(self) -> bool:
        """Whether the app has a schema of its own, so that other schemas are others'."""
        return self._address.schema is not None

    def fingerprints(self, tables: Collection[str]) -> Mapping[str, str] | None:
        connection = self._reading()
        return fingerprints(connection, tables) if connection else None

    def plan(
        self,
        changes: Sequence[Change],
        current: Schema,
        desired: Schema,
        archives: Archives = NO_ARCHIVES,
    ) -> tuple[Step, ...]:
        connection = self._reading() if changes else None
        return self._told(plan(changes, current, desired, Facts(connection), archives), connection)

    def _told(self, steps: Sequence[Step], connection: Connection | None) -> tuple[Step, ...]:
        """The steps, with what large tables take long for ahead, and what others wait for."""
        sizes = sizes_of(connection, _tables(steps))
        return told(online(steps, sizes, self._online), sizes)

    def fitted(self, back: Sequence[Step], *, force: bool) -> tuple[Step, ...]:
        """The steps, while triggers and rules of now do not fire."""
        connection = self._reading()
        if connection is not None:
            refuse_held_types(back, connection)
        return self._told(fitted(back, Catalog(connection)), connection)

    def ask(self, question: Question, current: Schema) -> Answer:
        connection = self._reading()
        return ask(connection, question, current) if connection else Answer()

    def begin(self, lock_timeout: float) -> None:
        self._forget()
        self._notices.clear()
        self._unit = Unit.begin(self._address, self._reading(), lock_timeout)
        self._connection = self._unit.connection
        self._notices += self._unit.notices
        try:
            if not self._connection.has_schema():
                self._connection.make_schema()
        except StoreError:
            self.rollback()
            raise

    def prepare(self, steps: Sequence[Step], show: Show) -> None:
        unit, names = self._working(), _tables(steps)
        before = look(unit.connection, names).schema if any(s.ahead for s in steps) else None
        unit.prepare(self._address, steps, show)
        self._forget()
        if before is None:
            return
        now = look(unit.connection, names).schema
        if journal.without(now, journal.read(unit.connection)) != before:
            raise PlanMoved(
                f"{self.display} was changed while indexes were built and rows checked; what was"
                " made of them is removed",
                hint="run again to see what is left to do",
            )

    def run(self, step: Step, progress: Progress) -> None:
        unit = self._working()
        self._forget()
        if step.ahead and not unit.is_prepared:
            raise StoreError(f"{step.table}: what the step has ahead was not made")
        for statement in step.statements[step.ahead :]:
            if touched := unit.execute(statement, step.table):
                progress(touched, None)

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
        connection, live = self._reading(), self._as_live(table)
        if connection is None or live is None:
            return iter(())
        return data.select(
            connection, live, where, columns=columns, order=order, limit=limit, offset=offset
        )

    def count_where(self, table: Table, where: Condition) -> int:
        connection, live = self._reading(), self._as_live(table)
        return data.count(connection, live, where) if connection and live else 0

    def insert(self, table: Table, rows: Iterable[Row]) -> int:
        connection, there = self._working().connection, self._there(table)
        count = 0
        for _, alike in groupby(rows, key=tuple):
            count += data.insert(connection, there, alike)
            advance(connection, there)
        return count

    def insert_one(self, table: Table, row: Row) -> Any:  # noqa: ANN401
        connection, there = self._working().connection, self._there(table)
        key = data.insert_one(connection, there, row)
        advance(connection, there)
        return key

    def update(self, table: Table, where: Condition, values: Row) -> int:
        return data.update(self._working().connection, self._there(table), where, values)

    def update_many(self, table: Table, key: Sequence[str], rows: Iterable[Row]) -> int:
        return data.update_many(self._working().connection, self._there(table), key, rows)

    def delete(self, table: Table, where: Condition) -> int:
        return data.delete(self._working().connection, self._there(table), where)

    def count(self, table: str) -> int | None:
        connection = self._reading()
        if connection is None or not look(connection, [table]).tables:
            return 0
        size = sizes_of(connection, [table]).get(table)
        if size is not None and self._online != "never" and size.is_large("auto"):
            return None  # nobody is to wait while we count, and no statement of ours loses rows
        counted = connection.rows(f"SELECT count(*) FROM {table_name(table)}")
        return int(counted[0][0])

    def commit(self) -> None:
        unit = self._working()
        unit.commit(self._address)
        self._unit = None

    def rollback(self) -> None:
        unit, self._unit = self._unit, None
        self._forget()
        if unit is not None:
            unit.notices.clear()
            unit.rollback(self._address)
            self._notices += unit.notices
            if unit.connection.raw.closed:
                self._connection = None

    def close(self) -> None:
        self.rollback()
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _reading(self) -> Connection | None:
        """The connection, or None while the database is not there."""
        lost = self._connection is not None and self._unit is None and self._connection.lost
        if self._connection is None or lost:
            self._connection = connect(self._address)
        return self._connection

    def _working(self) -> Unit:
        if self._unit is None:
            raise StoreError(f"the {self.display} is changed outside a unit of work")
        return self._unit

    def _forget(self) -> None:
        self._live.clear()
        self._inspected.clear()

    def _there(self, table: Table) -> Table:
        live = self._as_live(table)
        if live is None:
            raise StoreError(f"there is no table {table.name} in the {self.display}")
        return live

    def _as_live(self, table: Table) -> Table | None:
        """The table with the live type texts, or None if it is not there."""
        known = self._live.get(table.name)
        if known is None or known[0] is not table:
            live = self._inspected.get(table.name)
            live = live or next(iter(self.inspect([table.name]).tables), None)
            known = table, _with_natives(table, live) if live else None
            self._live[table.name] = known
        return known[1]


def _tables(steps: Sequence[Step]) -> set[str]:
    """Every table that is changed, by its names before and after."""
    changes = [change for step in steps for change in step.changes]
    referred = {
        c.constraint.ref_table
        for c in changes
        if isinstance(c, AddConstraint) and isinstance(c.constraint, ForeignKey)
    }
    renamed = {change.old for change in changes if isinstance(change, RenameTable)}
    return {change.table for change in changes} | referred | renamed


def _with_natives(table: Table, live: Table) -> Table:
    native = {column.name: column.native for column in live.columns}
    columns = tuple(replace(c, native=native.get(c.name, c.native)) for c in table.columns)
    return replace(table, name=live.name, columns=columns)
