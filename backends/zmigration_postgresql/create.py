"""New tables and new columns: the statements that make all of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from zmigration_api import Column, Index, Table
from zmigration_sql import literal

from .fill import default_text
from .names import QUOTING, collation_name, table_name
from .render import SQL, UNLOGGED, parameters
from .sequences import read, usual_name
from .types import ddl, native_type

_SERIALS = {"smallint": "SMALLSERIAL", "integer": "SERIAL", "bigint": "BIGSERIAL"}


def created(table: Table, *, comments: bool) -> list[str]:
    """The table without its foreign keys and indexes."""
    sole = table.key if len(table.key) == 1 else ()

    def type_text(column: Column) -> str:
        if column.identity is None and column.name in sole and may_be_serial(column):
            return _serial(column)
        return _type_text(column, native_type(column, None), ddl_text=False)

    def default(column: Column) -> str | None:
        return _default(table.name, column, native_type(column, None))

    numbered = [
        OwnSequence.of(table.name, column, native_type(column, None))
        for column in table.columns
        if own_sequence(column)
    ]
    twins = _twins(table)
    bare = replace(table, unique=tuple(u for u in table.unique if u.name not in twins))
    unlogged = []
    if numbered and UNLOGGED in table.options:  # takes its sequences along, from version 15 on
        bare = replace(bare, options=parameters(table.options))
        unlogged = [f"{SQL.alter(table.name)} SET {UNLOGGED};"]
    return [
        *(sequence.made() for sequence in numbered),
        SQL.create_table(bare, type_text, default),
        *(SQL.add_constraint(table.name, u) for u in table.unique if u.name in twins),
        *(sequence.owned() for sequence in numbered),
        *unlogged,
        *SQL.table_rest(table),
        *(SQL.table_comments(table) if comments else ()),
    ]


def _twins(table: Table) -> set[str]:
    """Unique constraints over what another key is over: CREATE TABLE would make one of the two."""
    seen = {table.key}
    found = set()
    for unique in table.unique:
        if unique.columns in seen:
            found.add(unique.name)
        seen.add(unique.columns)
    return found


def indexed(table: Table, *, comments: bool) -> Iterator[str]:
    """The table's indexes and foreign keys."""
    for index in table.indexes:
        yield from index_made(table.name, index, comments=comments)
    for key in table.foreign_keys:
        yield SQL.add_constraint(table.name, key)
        if comments:
            yield from SQL.constraint_comment(table.name, key)


def index_made(table: str, index: Index, *, comments: bool) -> Iterator[str]:
    yield SQL.create_index(table, index)
    if comments:
        yield from SQL.index_comment(table, index)


def added(table: str, column: Column, native: str, *, comments: bool) -> list[str]:
    """A new column; rows get its default."""
    numbered = [OwnSequence.of(table, column, native)] if own_sequence(column) else []
    type_text = _type_text(column, native, ddl_text=True)
    definition = SQL.column(column, type_text, _default(table, column, native))
    return [
        *(sequence.made() for sequence in numbered),
        SQL.add_column(table, definition),
        *(sequence.owned() for sequence in numbered),
        *SQL.attributes(table, column),
        *(SQL.column_comment(table, column) if comments else ()),
    ]


def added_and_filled(
    table: str, column: Column, native: str, fill: str, *, comments: bool
) -> list[str]:
    """First empty, so that no row gets the default where it is to get the backfill."""
    name = QUOTING.name(column.name)
    alter = f"{SQL.alter(table)} ALTER COLUMN {name}"
    collation = f" COLLATE {collation_name(column.collation)}" if column.collation else ""
    statements = [
        SQL.add_column(table, f"{name} {ddl(native)}{collation}"),
        f"UPDATE {table_name(table)} SET {name} = {fill};",
    ]
    default = default_text(column, native)
    if default is not None:
        statements.append(f"{alter} SET DEFAULT {default};")
    if column.required:
        statements.append(f"{alter} SET NOT NULL;")
    statements += SQL.attributes(table, column)
    return [*statements, *(SQL.column_comment(table, column) if comments else ())]


def may_be_serial(column: Column) -> bool:
    whole = column.type.kind == "int" or (column.type.kind == "bigint" and column.auto_increment)
    plain = column.default is None and column.generated is None and column.exact_type is None
    return whole and plain


def is_serial(column: Column) -> bool:
    """Whether rows that are there get numbers of the new column."""
    return column.identity is not None or (column.auto_increment and may_be_serial(column))


def _type_text(column: Column, native: str, *, ddl_text: bool) -> str:
    if column.identity is not None:
        if column.identity.kind == "serial" and not own_sequence(column):
            return _SERIALS[native.lower()]
        return native
    if is_serial(column) and ddl_text:
        return _serial(column)
    return ddl(native) if ddl_text and column.exact_type is None else native


def _default(table: str, column: Column, native: str) -> str | None:
    if own_sequence(column):
        return next_value(OwnSequence.of(table, column, native).name)
    return default_text(column, native)


def own_sequence(column: Column) -> bool:
    """Whether a serial column is more than the short form says."""
    identity = column.identity
    if identity is None or identity.kind != "serial":
        return False
    return bool(identity.options) or not column.required


def _serial(column: Column) -> str:
    return "BIGSERIAL" if column.type.kind == "bigint" else "SERIAL"


def next_value(sequence: str) -> str:
    """The default of a serial column."""
    return f"nextval({literal(table_name(sequence))}::regclass)"


@dataclass(frozen=True, slots=True)
class OwnSequence:
    """The sequence that a serial column comes with."""

    name: str
    type: str
    options: str
    owner: str

    @classmethod
    def of(cls, table: str, column: Column, native: str) -> OwnSequence:
        """As the column's identity says."""
        usual = usual_name(table, column.name)
        given = column.identity.options if column.identity else ""
        owner = f"{table_name(table)}.{QUOTING.name(column.name)}"
        numbering = read(given)
        if numbering is None:
            return cls(usual, native, given, owner)
        own = numbering.type or native
        rest = replace(numbering, name=usual, type=own).text(own, usual)
        return cls(numbering.name or usual, own, rest, owner)

    def made(self) -> str:
        options = f" {self.options}" if self.options else ""
        return f"CREATE SEQUENCE {table_name(self.name)} AS {self.type.lower()}{options};"

    def owned(self) -> str:
        return f"ALTER SEQUENCE {table_name(self.name)} OWNED BY {self.owner};"
