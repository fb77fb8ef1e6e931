"""What uses a named type: the columns of tables, and what else stands in its way."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from zmigration_api import NamedType
from zmigration_api.history import PREFIX
from zmigration_sql import literal

from .catalog_texts import asked
from .connection import Connection
from .domains import Domain
from .names import QUOTING, join, split, table_name

_TYPE = """
SELECT t.oid, pg_get_userbyid(t.typowner), t.typowner::regrole <> current_user::regrole,
       t.typacl IS NOT NULL
FROM pg_type t WHERE t.typname = %s AND t.typnamespace = {schema} AND t.typtype IN ('e', 'd')"""
_COLUMNS = f"""
SELECT nullif(n.nspname, current_schema()), c.relname, a.attname, a.atttypid <> t.oid,
       pg_get_expr(e.adbin, e.adrelid), array_remove(ARRAY[
  CASE to_jsonb(a) ->> 'attcompression' WHEN 'p' THEN 'COMPRESSION pglz'
       WHEN 'l' THEN 'COMPRESSION lz4' END,
  CASE WHEN a.attstorage <> u.typstorage THEN 'STORAGE ' || CASE a.attstorage
       WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL' WHEN 'm' THEN 'MAIN'
       ELSE 'EXTENDED' END END], NULL), a.attnum
FROM pg_type t
JOIN pg_attribute a ON a.atttypid IN (t.oid, t.typarray) AND NOT a.attisdropped
     AND a.attinhcount = 0 AND a.attgenerated = ''
JOIN pg_type u ON u.oid = a.atttypid
JOIN pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p')
     AND NOT starts_with(c.relname, {literal(PREFIX)})
JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_attrdef e ON e.adrelid = a.attrelid AND e.adnum = a.attnum
WHERE t.oid = %s
ORDER BY 1 NULLS FIRST, c.relname, a.attnum"""
_OTHERS = """
WITH given AS (SELECT oid, typarray FROM pg_type WHERE oid = %s)
SELECT 'generated column ' || a.attrelid::regclass || '.' || a.attname
FROM given g JOIN pg_attribute a ON a.atttypid IN (g.oid, g.typarray) AND a.attgenerated <> ''
UNION SELECT 'type ' || c.relname
FROM given g JOIN pg_attribute a ON a.atttypid IN (g.oid, g.typarray) AND NOT a.attisdropped
JOIN pg_class c ON c.oid = a.attrelid AND c.relkind = 'c'
UNION SELECT 'domain ' || t.oid::regtype
FROM given g JOIN pg_type t ON t.typbasetype IN (g.oid, g.typarray)
UNION SELECT 'function ' || d.objid::regprocedure
FROM given g JOIN pg_depend d ON d.refclassid = 'pg_type'::regclass
     AND d.refobjid IN (g.oid, g.typarray) AND d.classid = 'pg_proc'::regclass
WHERE NOT EXISTS (  -- those that make values of a range are part of it
  SELECT FROM pg_depend o
  WHERE o.classid = d.classid AND o.objid = d.objid AND o.deptype = 'i')
UNION SELECT pg_describe_object(d.classid, d.objid, d.objsubid)
FROM given g JOIN pg_depend d ON d.refclassid = 'pg_type'::regclass
     AND d.refobjid IN (g.oid, g.typarray)
WHERE d.classid NOT IN (
  'pg_class'::regclass, 'pg_attrdef'::regclass, 'pg_constraint'::regclass, 'pg_policy'::regclass,
  'pg_proc'::regclass, 'pg_rewrite'::regclass, 'pg_statistic_ext'::regclass,
  'pg_trigger'::regclass, 'pg_type'::regclass)
UNION SELECT 'type ' || r.rngtypid::regtype FROM given g JOIN pg_range r ON r.rngsubtype = g.oid
UNION SELECT 'foreign table ' || a.attrelid::regclass
FROM given g JOIN pg_attribute a ON a.atttypid IN (g.oid, g.typarray) AND NOT a.attisdropped
JOIN pg_class c ON c.oid = a.attrelid AND c.relkind = 'f'
UNION SELECT CASE c.relkind WHEN 'm' THEN 'materialized ' ELSE '' END || 'view ' || c.oid::regclass
FROM given g JOIN pg_depend d ON d.refclassid = 'pg_type'::regclass
     AND d.refobjid IN (g.oid, g.typarray) AND d.classid = 'pg_rewrite'::regclass
JOIN pg_rewrite w ON w.oid = d.objid
JOIN pg_class c ON c.oid = w.ev_class AND c.relkind IN ('v', 'm')
WHERE NOT EXISTS (
  SELECT FROM pg_depend o
  JOIN pg_attribute a ON a.attrelid = o.refobjid AND a.attnum = o.refobjsubid
  WHERE o.classid = d.classid AND o.objid = d.objid AND o.refclassid = 'pg_class'::regclass
        AND a.atttypid IN (g.oid, g.typarray) AND a.attrelid <> c.oid)
ORDER BY 1"""
_PARTS = """
WITH given AS (SELECT oid, typarray FROM pg_type WHERE oid = %s),
named AS (SELECT d.classid, d.objid, d.objsubid FROM given g
          JOIN pg_depend d ON d.refclassid = 'pg_type'::regclass
          AND d.refobjid IN (g.oid, g.typarray))
SELECT nullif(n.nspname, current_schema()), c.relname, found.kind, found.name
FROM (
  SELECT k.conrelid AS owner, 'part' AS kind, k.conname::text AS name
  FROM named d JOIN pg_constraint k ON d.classid = 'pg_constraint'::regclass AND k.oid = d.objid
  WHERE k.conrelid <> 0
  UNION SELECT i.indrelid, 'part', x.relname
  FROM named d JOIN pg_index i ON d.classid = 'pg_class'::regclass AND i.indexrelid = d.objid
  JOIN pg_class x ON x.oid = i.indexrelid
  UNION SELECT e.adrelid, CASE WHEN a.attgenerated <> '' THEN 'generated' ELSE 'default' END,
         a.attname
  FROM named d JOIN pg_attrdef e ON d.classid = 'pg_attrdef'::regclass AND e.oid = d.objid
  JOIN pg_attribute a ON a.attrelid = e.adrelid AND a.attnum = e.adnum
  UNION SELECT g.tgrelid, 'trigger', g.tgname
  FROM named d JOIN pg_trigger g ON d.classid = 'pg_trigger'::regclass AND g.oid = d.objid
  UNION SELECT p.polrelid, 'policy', p.polname
  FROM named d JOIN pg_policy p ON d.classid = 'pg_policy'::regclass AND p.oid = d.objid
) AS found
JOIN pg_class c ON c.oid = found.owner AND c.relkind IN ('r', 'p')
     AND NOT starts_with(c.relname, {prefix})
JOIN pg_namespace n ON n.oid = c.relnamespace
ORDER BY 1 NULLS FIRST, 2, 3, 4"""


_KEPT = f"""
SELECT 1 FROM pg_type t JOIN pg_attribute a ON a.atttypid IN (t.oid, t.typarray)
JOIN pg_class c ON c.oid = a.attrelid AND starts_with(c.relname, {literal(PREFIX)})
WHERE t.oid = %s AND NOT a.attisdropped LIMIT 1"""


_SAID = """
SELECT quote_ident(k.conname), obj_description(k.oid, 'pg_constraint') FROM pg_constraint k
WHERE k.contypid = %s AND k.contype = 'c' AND obj_description(k.oid, 'pg_constraint') IS NOT NULL
ORDER BY 1"""


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeColumn:
    """A column of the type, or of arrays of it."""

    table: str
    name: str
    listed: bool
    default: str | None
    attributes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class UsedType:
    """A type that is there. `others` cannot be taken apart. `owner`: if it is another's.

    `parts` are what else names the type: table, kind and name. `kept`: runs before this one kept
    values of it. `said` are the comments on constraints of a domain, by their names in SQL.
    """

    columns: tuple[TypeColumn, ...]
    parts: tuple[tuple[str, str, str], ...]
    others: tuple[str, ...]
    owner: str | None
    kept: bool
    said: tuple[tuple[str, str], ...]

    def rest(self, named: NamedType) -> list[str]:
        """What a type made anew gets besides its definition."""
        name, own = table_name(named.name), []
        if self.owner is not None:
            own = [f"ALTER TYPE {name} OWNER TO {QUOTING.name(self.owner)};"]
        checks = Domain.read(named.definition).checks if named.kind == "domain" else {}
        return [*own, *self.comments(named.name, checks)]

    def comments(self, name: str, checks: Collection[str]) -> list[str]:
        """The comments on these constraints of the domain, which come again."""
        return [
            f"COMMENT ON CONSTRAINT {check} ON DOMAIN {table_name(name)} IS {literal(text)};"
            for check, text in self.said
            if check in checks
        ]


def used_type(connection: Connection, name: str) -> UsedType | None:
    schema, bare = split(name)
    rows = connection.rows(asked(_TYPE), (bare, schema))
    if not rows:
        return None
    oid, owner, foreign, granted = rows[0]
    columns = tuple(
        TypeColumn(
            table=join(space, table),
            name=column,
            listed=listed,
            default=default,
            attributes=tuple(attributes),
        )
        for space, table, column, listed, default, attributes, _ in connection.rows(
            _COLUMNS, (oid,)
        )
    )
    others = [row[0] for row in connection.rows(_OTHERS, (oid,))]
    if granted:
        others.append("a grant")
    text = _PARTS.replace("{prefix}", literal(PREFIX))
    parts = tuple(
        (join(space, table), kind, part)
        for space, table, kind, part in connection.rows(text, (oid,))
    )
    return UsedType(
        columns=columns,
        parts=parts,
        others=tuple(others),
        owner=owner if foreign else None,
        kept=bool(connection.rows(_KEPT, (oid,))),
        said=tuple((name, text) for name, text in connection.rows(_SAID, (oid,))),
    )
