"""A described schema in the words that a schema file has for it, and the proof that it reads so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from zcli_migration.schema_file import read_schema
from zmigration_api import Column, Default, MigrationError, Schema, Table
from zmigration_api.snapshot import encode

from .words import Dialect

_MOMENTS = frozenset({"date", "time", "datetime", "native"})
_LISTS = ("unique", "foreign_keys", "checks", "exclusions", "indexes")
# What a schema file does not say of a column, and what only files without `exact` say otherwise.
_UNSAID: Mapping[str, Any] = {"native": None, "auto_increment": False, "exact_type": None}


def in_plain_words(schema: Schema, dialect: Dialect) -> Schema:
    """The schema without what goes without saying."""
    return replace(schema, tables=tuple(_table(table, dialect) for table in schema.tables))


def _table(table: Table, dialect: Dialect) -> Table:
    key = table.primary_key
    if key is not None and key.name == dialect.usual_key_name(table.name):
        key = replace(key, name=None)
    return replace(
        table,
        exact=dialect.exact,
        primary_key=key,
        columns=tuple(_column(column) for column in table.columns),
        unique=tuple(replace(one, by_index=False) for one in table.unique),
    )


def _column(column: Column) -> Column:
    plain = replace(column, **_UNSAID)
    default = column.default
    if default and default.kind == "now" and column.type.kind not in _MOMENTS:
        # A text `now` would be taken for that text.
        return replace(plain, default=Default(kind="expression", text="CURRENT_TIMESTAMP"))
    return plain


def prove(text: str, schema: Schema, name: str) -> None:
    """MigrationError, naming the table, if the text would be read as another schema."""
    path = Path(f"zSchema.{name}.yaml")
    found = read_schema(text, path, f"zSchema.{name}").schema
    there = {table.name: table for table in found.tables}
    for table in schema.tables:
        if _essence(there.get(table.name)) != _essence(table):
            raise _bug(f"the table {table.name}")
    types = [sorted(map(repr, map(encode, one.types))) for one in (found, schema)]
    if types[0] != types[1] or len(there) != len(schema.tables):
        raise _bug("the schema")


def _bug(what: str) -> MigrationError:
    return MigrationError(
        f"{what} cannot be written so that it is read as it is",
        hint="this is a fault of zolo inspect: please report it; --tables leaves the table out",
    )


def _essence(table: Table | None) -> object:
    """All that is said of a table, whatever the order of its lists."""
    data = encode(table)
    for key in _LISTS if table else ():
        data[key] = sorted(map(repr, data.get(key, ())))
    return data
