"""What planning asks the live database: what depends on a column, and what its texts look like.

Tables and columns are named as they are now.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from zmigration_api import NamedType

from .catalog_texts import asked
from .connection import Connection
from .domains import Domain
from .names import QUOTING, split, table_name
from .native_casts import Hop
from .types import canonical, sized
from .used_types import UsedType, used_type

_DEPENDENTS = """
WITH target AS (
  SELECT c.oid, coalesce(a.attnum, 0) AS attnum
  FROM pg_class c LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = %s
  WHERE c.relname = %s AND c.relnamespace = {schema}
)
SELECT CASE v.relkind WHEN 'm' THEN 'materialized view ' WHEN 'v' THEN 'view ' ELSE 'rule on ' END
       || v.relname
FROM target t
JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = t.oid
     AND (t.attnum = 0 OR d.refobjsubid = t.attnum) AND d.classid = 'pg_rewrite'::regclass
JOIN pg_rewrite r ON r.oid = d.objid
JOIN pg_class v ON v.oid = r.ev_class AND v.oid <> t.oid
UNION
SELECT 'generated column ' || a.attname
FROM target t
JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = t.oid
     AND d.refobjsubid = t.attnum
LEFT JOIN pg_attrdef e ON d.classid = 'pg_attrdef'::regclass AND e.oid = d.objid
JOIN pg_attribute a ON a.attrelid = t.oid AND a.attgenerated <> ''
     AND a.attnum = coalesce(e.adnum, CASE WHEN d.classid = 'pg_class'::regclass
                                           AND d.objid = t.oid THEN d.objsubid END)
WHERE t.attnum > 0 AND a.attnum <> t.attnum
ORDER BY 1"""
_ATTACHED = """
SELECT DISTINCT coalesce(k.conname, i.relname, s.stxname)::text
FROM pg_class c
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = %s
JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid
     AND d.refobjsubid = a.attnum AND d.deptype = 'a'
LEFT JOIN pg_constraint k ON d.classid = 'pg_constraint'::regclass AND k.oid = d.objid
     AND k.contype <> 'n'
LEFT JOIN pg_class i ON d.classid = 'pg_class'::regclass AND i.oid = d.objid AND i.relkind = 'i'
LEFT JOIN pg_statistic_ext s ON d.classid = 'pg_statistic_ext'::regclass AND s.oid = d.objid
WHERE c.relname = %s AND c.relnamespace = {schema}
  AND (k.oid IS NOT NULL OR i.oid IS NOT NULL OR s.oid IS NOT NULL)
ORDER BY 1"""
_IS_INDEX = """
SELECT 1 FROM pg_index i
JOIN pg_class c ON c.oid = i.indexrelid
JOIN pg_class t ON t.oid = i.indrelid
WHERE c.relname = %s AND t.relname = %s AND t.relnamespace = {schema}
  AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = c.oid AND k.contype <> 'f')"""

_FIXED = """
SELECT DISTINCT 'function ' || d.objid::regprocedure::text
FROM pg_class c
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = %s
JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid
     AND d.refobjsubid = a.attnum AND d.classid = 'pg_proc'::regclass
WHERE c.relname = %s AND c.relnamespace = {schema}
UNION
SELECT 'rule ' || r.rulename
FROM pg_class c
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = %s
JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid
     AND d.refobjsubid = a.attnum AND d.classid = 'pg_rewrite'::regclass
JOIN pg_rewrite r ON r.oid = d.objid AND r.ev_class = c.oid
WHERE c.relname = %s AND c.relnamespace = {schema}
ORDER BY 1"""
_CASTS = """
WITH given AS (
  SELECT t.oid, t.typlen = -1 AND t.typelem <> 0 AS listed,
         CASE WHEN t.typlen = -1 AND t.typelem <> 0 THEN t.typelem ELSE t.oid END AS element
  FROM pg_type t)
SELECT s.listed = t.listed AND (s.oid = t.oid OR EXISTS (
  SELECT 1 FROM pg_cast c WHERE c.castsource = s.element AND c.casttarget = t.element)),
  NOT s.listed AND EXISTS (
  SELECT 1 FROM pg_cast c WHERE c.castsource = s.oid AND c.casttarget = t.oid
         AND c.castmethod = 'b' AND c.castcontext <> 'e')
FROM given s, given t
WHERE s.oid = to_regtype(%s) AND t.oid = to_regtype(%s)"""
_BELOW = """
WITH RECURSIVE below AS (
  SELECT 1 AS depth, t.* FROM pg_type t WHERE t.oid = to_regtype(%s) AND t.typtype = 'd'
  UNION ALL
  SELECT b.depth + 1, t.* FROM below b JOIN pg_type t ON t.oid = b.typbasetype AND t.typtype = 'd')
SELECT format_type(typbasetype, typtypmod),
       bool_or(typnotnull OR EXISTS (SELECT 1 FROM pg_constraint k WHERE k.contypid = below.oid))
       OVER ()
FROM below ORDER BY depth DESC LIMIT 1"""
_STORAGE = """
SELECT CASE t.typstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL' WHEN 'm' THEN 'MAIN'
       ELSE 'EXTENDED' END FROM pg_type t WHERE t.oid = to_regtype(%s)"""

_VOLATILE = "SELECT 1 FROM pg_proc WHERE proname = ANY(%s) AND provolatile = 'v' LIMIT 1"
_OF_ONE = ("bit", "character")  # where no size is said
_CALLED = re.compile(r"([^\W\d]\w*)\(")


@dataclass(frozen=True, slots=True)
class Facts:
    """Answers from the database; without one (it is not there yet) nothing is in the way."""

    connection: Connection | None

    @property
    def is_old(self) -> bool:
        """Before version 13 no computed column becomes plain in place, and an identity must be
        the only sequence that belongs to its column.
        """
        return self.connection is not None and self.connection.raw.info.server_version < 130000

    def dependents(self, table: str, column: str | None = None) -> tuple[str, ...]:
        """Views and generated columns that are in the way of a change: `view active_users`."""
        return tuple(row[0] for row in self._asked(_DEPENDENTS, table, column))

    def fixed(self, table: str, column: str) -> tuple[str, ...]:
        """What depends on a column and cannot be taken apart: `function total(integer)`."""
        schema, name = split(table)
        place = (column, name, schema)
        return tuple(row[0] for row in self._rows(asked(_FIXED), *place, *place))

    def hop(self, before: str, native: str, planned: Sequence[NamedType] = ()) -> Hop:
        """What is known of the way from one type to another; `planned` are types to come."""
        source, _ = self.below(before, ())
        target, checked = self.below(native, planned)
        rows = [self._rows(_CASTS, a, b) for a, b in ((source, target), (target, source))]
        (direct, binary), (back, _) = (row[0] if row else (False, False) for row in rows)
        sizeless = not sized(target)[1] and target not in _OF_ONE
        return Hop(
            source=source,
            target=target,
            direct=bool(direct),
            back=bool(back),
            binary=bool(binary) and sizeless,
            checked=checked,
        )

    def below(self, native: str, planned: Sequence[NamedType]) -> tuple[str, bool]:
        """What a domain is made of, and whether it asks something of its values."""
        for named in planned:
            if named.kind == "domain" and native in (named.name, table_name(named.name)):
                domain = Domain.read(named.definition)
                base, checked = self.below(canonical(domain.type), planned)
                return base, checked or domain.required or bool(domain.checks)
        rows = self._rows(_BELOW, native)
        return (rows[0][0], bool(rows[0][1])) if rows else (native, False)

    @property
    def version(self) -> int:
        """The server's: 12, or more; of no server the least."""
        return self.connection.raw.info.server_version // 10000 if self.connection else 12

    def own_schema(self) -> str:
        """The schema in which tables without another one's name are."""
        rows = self._rows("SELECT current_schema()::text")
        return rows[0][0] if rows and rows[0][0] else "public"

    def volatile(self, expression: str) -> bool:
        """Whether an expression gives every row a value of its own: `gen_random_uuid()`."""
        called = _CALLED.findall(expression)
        return bool(called and self._rows(_VOLATILE, called))

    def has_schema(self, name: str) -> bool:
        """Whether there is such a schema."""
        return bool(self._rows("SELECT 1 FROM pg_namespace WHERE nspname = %s", name))

    def usual_storage(self, native: str) -> str:
        """How values of a type are stored where nothing else is said."""
        rows = self._rows(_STORAGE, native)
        return rows[0][0] if rows else "EXTENDED"

    def views_over(self, text: str, table: str, column: str) -> list[tuple[Any, ...]]:
        """The answers to a question about a column: its name comes first."""
        return self._asked(text, table, column)

    def rows(self, text: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
        """The answers to a question that needs no table."""
        return [] if self.connection is None else self.connection.rows(asked(text), params)

    def free(self, stem: str) -> str:
        """A name that begins so, and that no relation has."""
        text = "SELECT relname FROM pg_class WHERE starts_with(relname, %s)"
        taken = {row[0] for row in self._rows(text, stem)}
        return next(name for n in count(1) if (name := f"{stem}_{n}") not in taken)

    def named_type(self, name: str) -> UsedType | None:
        """What the database knows of a named type, or None where it is not there."""
        return None if self.connection is None else used_type(self.connection, name)

    def attached(self, table: str, column: str) -> tuple[str, ...]:
        """Indexes and constraints that the server drops with the column."""
        return tuple(row[0] for row in self._asked(_ATTACHED, table, column))

    def is_index(self, table: str, name: str) -> bool:
        """Whether that is an index of its own, not one behind a constraint."""
        return bool(self._asked(_IS_INDEX, table, name))

    def all_match(self, table: str, column: str, pattern: str) -> bool:
        """Whether every text in the column matches (case aside); nulls do."""
        if self.connection is None:
            return True
        name = QUOTING.name(column)
        sql = f"SELECT 1 FROM {table_name(table)} WHERE NOT {name} ~* %s LIMIT 1"
        escaped = sql.replace("%", "%%").replace("~* %%s", "~* %s")
        return not self.connection.rows(escaped, [pattern])

    def _asked(self, text: str, table: str, *first: str | None) -> list[tuple[Any, ...]]:
        """Of a table; what else the question takes comes before its name."""
        schema, name = split(table)
        return self._rows(asked(text), *first, name, schema)

    def _rows(self, sql: str, *params: object) -> list[tuple[Any, ...]]:
        return [] if self.connection is None else self.connection.rows(sql, params)
