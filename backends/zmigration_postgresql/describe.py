"""What `zolo inspect` writes of a database."""

from __future__ import annotations

from collections.abc import Collection

from zmigration_api import Inspected, NamedType, Schema

from .connection import Connection
from .forms import as_found, readable
from .inspect import look, numbers
from .listing import notes, table_names
from .named_types import of_all, of_names, of_tables


def describe(connection: Connection, tables: Collection[str], own_only: bool) -> Inspected:
    """These tables in the plainest words that make them as they are.

    With all tables come all named types, else those that they use.
    """
    oids = list(numbers(connection, tables))
    found = look(connection, tables)
    described = tuple(readable(as_found(table, found.defaults)) for table in found.tables)
    whole = {table.name for table in described}.issuperset(table_names(connection, own_only))
    types = of_all(connection, own_only) if whole else of_tables(connection, oids)
    schema = Schema(tables=described, types=types)
    return Inspected(schema=schema, exact=True, notes=notes(connection, oids, own_only))


def types(
    connection: Connection, tables: Collection[str], names: Collection[str]
) -> tuple[NamedType, ...]:
    """The enumerations and domains that columns of these tables have, or that are called so."""
    used = of_tables(connection, list(numbers(connection, tables)))
    known = {named.name for named in used}
    called = of_names(connection, [name for name in names if name not in known])
    return (*used, *called)
