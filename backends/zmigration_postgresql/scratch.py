"""Tables made for a moment, in a transaction that is undone, to read how the server keeps them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from zmigration_api import Column, CreateType, NamedType, Table, UnsupportedChange
from zmigration_sql import literal

from .address import load_driver
from .connection import Connection
from .fill import default_text
from .forms import as_found
from .inspect import read
from .named_types import created, described
from .names import QUOTING, join, split, table_name
from .order import types_by_use
from .render import SQL, parameters
from .table_use import by_use, sequences_of, words_of
from .tokens import lasting
from .types import native_type

_MADE = """
SELECT oid, relname FROM pg_class
WHERE relnamespace = pg_my_temp_schema() AND relkind = 'r' AND relname = ANY(%s)"""
_MAY = """
SELECT NOT pg_is_in_recovery() AND has_database_privilege(current_database(), 'TEMPORARY')"""
_TYPES = (
    "SELECT oid FROM pg_type WHERE typnamespace = pg_my_temp_schema() AND typtype IN ('e', 'd')"
)
_REPLACED = """BEGIN
IF to_regnamespace({schema_text}) IS NULL THEN CREATE SCHEMA {schema}; END IF;
IF to_regtype({type_text}) IS NOT NULL THEN ALTER TYPE {type} RENAME TO zmigration_old; END IF;
END"""
_AT_ONCE = 200  # tables; a transaction may only lock so many
# Read-only, cancelled, shut down, locked, out of room: nothing that a schema file could mend.
PASSING = ("25006", "57014", "57P01", "55P03", "40P01", "53100", "53200", "53300")


@dataclass(frozen=True, slots=True)
class Made:
    """What was read back, in the order given, in the form of `as_found`."""

    tables: tuple[Table, ...]
    types: tuple[NamedType, ...]


@dataclass(frozen=True, slots=True)
class _Try:
    """A statement, what it is about in words, and the line of the schema file that says so."""

    sql: str
    what: str
    line: int | None


def possible(connection: Connection) -> bool:
    """Whether this role may make tables for a moment here."""
    return bool(connection.rows(_MAY)[0][0])


def made(
    connection: Connection,
    tables: Sequence[Table],
    types: Sequence[NamedType],
    others: Sequence[Table] = (),
) -> Made:
    """The tables and types as the server would keep them. Nothing of it stays.

    `others` are new, too: what `tables` name of them is there meanwhile. UnsupportedChange, with
    the line, for what the server refuses.
    """
    groups = [tables[n : n + _AT_ONCE] for n in range(0, len(tables), _AT_ONCE)] or [()]
    found = [_group_made(connection, group, types, others) for group in groups]
    return Made(tuple(table for one in found for table in one.tables), found[0].types)


def _group_made(
    connection: Connection,
    tables: Sequence[Table],
    types: Sequence[NamedType],
    others: Sequence[Table],
) -> Made:
    scratches = _scratches(tables)
    beside = [_Scratch(split(t.name)[1], "zmigration_", t) for t in _named(tables, others)]
    whole = [*_types(types), *_statements(scratches, fine=False)]
    joined = _Try(" ".join(one.sql for one in whole), "the tables", None)
    try:
        return _made(connection, [joined], scratches)
    except UnsupportedChange:
        fine = [*_types(types), *_statements([*beside, *scratches], fine=True)]
        return _made(connection, fine, scratches)


def _named(tables: Sequence[Table], others: Sequence[Table]) -> list[Table]:
    """Those of the others of which the tables, or others that they name, have rows or numbers."""
    numbered = dict(enumerate([*tables, *others]))
    used = by_use(numbered)
    needed = frozenset[int]().union(*(used[n] for n in range(len(tables))))
    return [numbered[n] for n in sorted(needed) if n >= len(tables)]


def _statements(scratches: Sequence[_Scratch], *, fine: bool) -> Iterator[_Try]:
    """All of them, each after those whose rows and numbers it has."""
    words = {word for one in scratches for word in words_of(one.table)}
    for one in scratches:
        for name in sequences_of(one.table):
            if name in words:
                sequence = f"CREATE TEMPORARY SEQUENCE {QUOTING.name(name)};"
                yield _Try(sequence, f"the sequence {name}", one.table.line)
    used = by_use({n: one.table for n, one in enumerate(scratches)})
    for n in sorted(used, key=lambda number: len(used[number])):
        yield from scratches[n].statements(fine=fine)


def _made(
    connection: Connection, statements: Sequence[_Try], scratches: Sequence[_Scratch]
) -> Made:
    with undone(connection):
        for one in statements:
            _attempt(connection, one)
        look = read(connection, dict(connection.rows(_MADE, [[s.name for s in scratches]])))
        found = {table.name: as_found(table, look.defaults) for table in look.tables}
        types = [oid for (oid,) in connection.rows(_TYPES)]
        tables = tuple(scratch.in_order(found[scratch.name]) for scratch in scratches)
        return Made(tables, described(connection, types))


def make_types(connection: Connection, types: Sequence[NamedType]) -> None:
    """Make these types, until the transaction that is open is undone."""
    for one in _types(types):
        _attempt(connection, one)


def _attempt(connection: Connection, one: _Try) -> None:
    try:
        if one.sql:
            connection.raw.execute(one.sql.encode())
    except load_driver().Error as error:
        if connection.lost or error.sqlstate in PASSING:
            raise connection.failure(error) from None
        raise UnsupportedChange(
            f"PostgreSQL refuses {one.what}: {connection.words(error)}",
            hint="correct it in the schema file, or create in the database what it needs",
            line=one.line,
        ) from None


@contextmanager
def undone(connection: Connection) -> Iterator[None]:
    """A transaction, or a part of the one that is open, that is undone in the end."""
    idle = load_driver().pq.TransactionStatus.IDLE
    begin, end = "BEGIN READ WRITE", "ROLLBACK"
    if connection.raw.info.transaction_status != idle:
        begin = "SAVEPOINT zmigration_scratch"
        end = "ROLLBACK TO SAVEPOINT zmigration_scratch; RELEASE SAVEPOINT zmigration_scratch"
    connection.execute(begin)
    try:
        if not connection.has_schema():
            connection.execute(f"SET LOCAL search_path TO {connection.path}")
        yield
    finally:
        if not connection.lost:
            connection.execute(end)


def _types(types: Sequence[NamedType]) -> Iterator[_Try]:
    places = types_by_use([CreateType(named) for named in types])
    for number in sorted(places, key=lambda number: places[number]):
        named = types[number]
        schema, name = split(named.name)
        what = f"the type {named.name}"
        if schema is None:
            yield _Try(created(named, f"pg_temp.{QUOTING.name(name)}"), what, named.line)
            continue
        own, full = QUOTING.name(schema), table_name(named.name)
        body = _REPLACED.format(
            schema=own, type=full, schema_text=literal(own), type_text=literal(full)
        )
        yield _Try(f"DO {literal(body)};", what, named.line)
        yield _Try(created(named), what, named.line)


def _scratches(tables: Sequence[Table]) -> list[_Scratch]:
    """Each under its own name, which checks may say, unless two would have the same."""
    names = [split(table.name)[1] for table in tables]
    return [
        _Scratch(f"zmigration_{n}" if name in names[:n] else name, f"zmigration_{n}_", table)
        for n, (name, table) in enumerate(zip(names, tables, strict=True))
    ]


@dataclass(frozen=True, slots=True)
class _Scratch:
    """One table; its parts are named by `prefix`, kind and place."""

    name: str
    prefix: str
    table: Table

    @property
    def place(self) -> str:
        return f"pg_temp.{QUOTING.name(self.name)}"

    def in_order(self, kept: Table) -> Table:
        """What was made of the table, with its parts in the order of the table's own."""
        checks = {check.name: check for check in kept.checks}
        exclusions = {exclusion.name: exclusion for exclusion in kept.exclusions}
        indexes = {index.name: index for index in kept.indexes}
        table = self.table
        return replace(
            kept,
            checks=tuple(checks[f"{self.prefix}c{n}"] for n in range(len(table.checks))),
            exclusions=tuple(
                exclusions[f"{self.prefix}x{n}"] for n in range(len(table.exclusions))
            ),
            indexes=tuple(indexes[f"{self.prefix}i{n}"] for n in range(len(table.indexes))),
        )

    def statements(self, *, fine: bool) -> Iterator[_Try]:
        """`fine` takes it apart so far that each error belongs to one line."""
        options = ", ".join(parameters(self.table.options))
        plain = [] if fine else [c for c in self.table.columns if c.generated is None]
        listed = ", ".join(map(self._column, plain))
        ending = f" WITH ({options})" if options else ""
        what = f"the options of table {self.table.name}"
        create = f"CREATE TABLE {self.place} ({listed}){ending};"
        yield _Try(create, what, self.table.line)
        for column in self.table.columns:
            if column not in plain:
                sql = f"ALTER TABLE {self.place} ADD COLUMN {self._column(column)};"
                yield _Try(sql, f"{self.table.name}.{column.name}", column.line)
        yield from self._constraints()
        yield from self._indexes()

    def _constraints(self) -> Iterator[_Try]:
        add, of = f"ALTER TABLE {self.place} ADD CONSTRAINT {self.prefix}", self.table.name
        for n, check in enumerate(self.table.checks):
            sql = f"{add}c{n} CHECK ({lasting(check.expression)});"
            yield _Try(sql, f"check {check.name} of {of}", check.line)
        for n, exclusion in enumerate(self.table.exclusions):
            bare = replace(exclusion, deferral=None)
            sql = f"{add}x{n} {SQL.clause(bare)};"
            yield _Try(sql, f"exclusion constraint {exclusion.name} of {of}", exclusion.line)

    def _indexes(self) -> Iterator[_Try]:
        for n, index in enumerate(self.table.indexes):
            safe = replace(index, name=f"{self.prefix}i{n}")
            sql = SQL.create_index(join("pg_temp", self.name), safe)
            yield _Try(sql, f"index {index.name} of {self.table.name}", index.line)

    def _column(self, column: Column) -> str:
        native = native_type(column, None)
        safe = replace(column, required=False, identity=None)
        return SQL.column(safe, native, default_text(column, native))
