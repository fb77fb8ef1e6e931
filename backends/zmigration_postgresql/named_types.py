"""Enumerations and domains that tables use."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

from zmigration_api import NamedType
from zmigration_sql import literal

from .connection import Connection
from .names import join, split, table_name

_OF_TABLES = """
WITH RECURSIVE used AS (
  SELECT a.atttypid AS oid FROM pg_attribute a
  WHERE a.attrelid = ANY(%s) AND a.attnum > 0 AND NOT a.attisdropped AND a.atttypid >= 16384
  UNION
  SELECT CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.typelem END
  FROM used u JOIN pg_type t ON t.oid = u.oid
  WHERE t.typtype = 'd' OR (t.typelem <> 0 AND t.typlen = -1))
SELECT oid FROM used"""
_DESCRIBED = """
SELECT nullif(n.nspname, current_schema()), t.typname, t.typtype::text,
       ARRAY(SELECT e.enumlabel::text FROM pg_enum e WHERE e.enumtypid = t.oid
             ORDER BY e.enumsortorder),
       CASE WHEN t.typtype = 'd' THEN concat(format_type(t.typbasetype, t.typtypmod),
         CASE WHEN t.typcollation <> b.typcollation THEN ' COLLATE ' ||
           (SELECT CASE WHEN pg_collation_is_visible(o.oid) THEN quote_ident(o.collname)
                   ELSE quote_ident(m.nspname) || '.' || quote_ident(o.collname) END
            FROM pg_collation o JOIN pg_namespace m ON m.oid = o.collnamespace
            WHERE o.oid = t.typcollation) END,
         ' DEFAULT ' || coalesce(pg_get_expr(t.typdefaultbin, 0), quote_literal(t.typdefault)),
         CASE WHEN t.typnotnull THEN ' NOT NULL' END,
         (SELECT string_agg(' CONSTRAINT ' || quote_ident(k.conname) || ' ' ||
                            pg_get_constraintdef(k.oid), '' ORDER BY k.conname)
          FROM pg_constraint k WHERE k.contypid = t.oid AND k.contype = 'c')) END,
       s.description, t.typnamespace = pg_my_temp_schema()
FROM pg_type t
JOIN pg_namespace n ON n.oid = t.typnamespace
LEFT JOIN pg_type b ON b.oid = t.typbasetype
LEFT JOIN pg_description s ON s.classoid = 'pg_type'::regclass AND s.objoid = t.oid
WHERE t.oid = ANY(%s) AND t.typtype IN ('e', 'd') AND n.nspname <> 'information_schema'
  AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_type'::regclass
                  AND d.objid = t.oid AND d.deptype = 'e')
ORDER BY t.oid"""
_NAMED = """
SELECT t.oid FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
JOIN unnest(%s::text[], %s::text[]) AS w(schema, name)
  ON t.typname = w.name AND n.nspname = coalesce(w.schema, current_schema()::text)"""

_ALL = """
SELECT t.oid FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
WHERE t.typtype IN ('e', 'd') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
  AND n.nspname !~ '^pg_(toast|temp)' AND (NOT %s OR n.nspname = current_schema())"""


def of_tables(connection: Connection, oids: Collection[int]) -> tuple[NamedType, ...]:
    """The types that columns of the tables of these object numbers have, in a working order."""
    used = [oid for (oid,) in connection.rows(_OF_TABLES, [list(oids)])] if oids else []
    return described(connection, used)


def of_all(connection: Connection, own_only: bool) -> tuple[NamedType, ...]:
    """Every type of the database, or of the app's own schema only, whether it is used or not."""
    found = [oid for (oid,) in connection.rows(_ALL, [own_only])]
    return described(connection, found)


def of_names(connection: Connection, names: Collection[str]) -> tuple[NamedType, ...]:
    """The types of these names that are there."""
    parts = [split(name) for name in names]
    lists = [[schema for schema, _ in parts], [name for _, name in parts]]
    found = [oid for (oid,) in connection.rows(_NAMED, lists)] if parts else []
    return described(connection, found)


def described(connection: Connection, oids: Collection[int]) -> tuple[NamedType, ...]:
    """The enumerations and domains among these types."""
    rows = connection.rows(_DESCRIBED, [list(oids)]) if oids else []
    return tuple(_named(*row) for row in rows)


def _named(
    schema: str | None,
    name: str,
    kind: str,
    values: list[str],
    definition: str | None,
    comment: str | None,
    scratch: bool,
) -> NamedType:
    which: Literal["enum", "domain"] = "enum" if kind == "e" else "domain"
    return NamedType(
        name=join(None if scratch else schema, name),
        kind=which,
        values=tuple(values),
        definition=definition or "",
        comment=comment,
    )


def created(named: NamedType, name: str | None = None) -> str:
    """The statement that makes the type, under another name if one is given."""
    name = name or table_name(named.name)
    if named.kind == "enum":
        return f"CREATE TYPE {name} AS ENUM ({', '.join(map(literal, named.values))});"
    return f"CREATE DOMAIN {name} AS {named.definition};"
