"""What planning asks the live database: what depends on a column, and what its texts look like.

Tables and columns are named as they are now.
"""

from __future__ import annotations

from dataclasses import dataclass

from .connection import Connection
from .names import QUOTING, table_name

_DEPENDENTS = """
WITH target AS (
  SELECT c.oid, coalesce(a.attnum, 0) AS attnum
  FROM pg_class c LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = %s
  WHERE c.relname = %s AND c.relnamespace = current_schema()::regnamespace
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
SELECT DISTINCT coalesce(k.conname, i.relname)::text
FROM pg_class c
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = %s
JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid
     AND d.refobjsubid = a.attnum AND d.deptype = 'a'
LEFT JOIN pg_constraint k ON d.classid = 'pg_constraint'::regclass AND k.oid = d.objid
     AND k.contype <> 'n'
LEFT JOIN pg_class i ON d.classid = 'pg_class'::regclass AND i.oid = d.objid AND i.relkind = 'i'
WHERE c.relname = %s AND c.relnamespace = current_schema()::regnamespace
  AND (k.oid IS NOT NULL OR i.oid IS NOT NULL)
ORDER BY 1"""
_REFERRING = """
SELECT r.relname, k.conname
FROM pg_constraint k
JOIN pg_class c ON c.oid = k.confrelid
JOIN pg_class r ON r.oid = k.conrelid AND r.oid <> c.oid
WHERE k.contype = 'f' AND c.relname = %s AND c.relnamespace = current_schema()::regnamespace
ORDER BY 1, 2"""
_IS_INDEX = """
SELECT 1 FROM pg_index i
JOIN pg_class c ON c.oid = i.indexrelid
JOIN pg_class t ON t.oid = i.indrelid
WHERE c.relname = %s AND t.relname = %s AND t.relnamespace = current_schema()::regnamespace
  AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = c.oid AND k.contype <> 'f')"""


@dataclass(frozen=True, slots=True)
class Facts:
    """Answers from the database; without one (it is not there yet) nothing is in the way."""

    connection: Connection | None

    def dependents(self, table: str, column: str | None = None) -> tuple[str, ...]:
        """Views and generated columns that are in the way of a change: `view active_users`."""
        return tuple(row[0] for row in self._rows(_DEPENDENTS, column, table))

    def attached(self, table: str, column: str) -> tuple[str, ...]:
        """Indexes and constraints that the server drops with the column."""
        return tuple(row[0] for row in self._rows(_ATTACHED, column, table))

    def referring(self, table: str) -> tuple[tuple[str, str], ...]:
        """Foreign keys of other tables to this one, each as table and name."""
        return tuple((row[0], row[1]) for row in self._rows(_REFERRING, table))

    def is_index(self, table: str, name: str) -> bool:
        """Whether that is an index of its own, not one behind a constraint."""
        return bool(self._rows(_IS_INDEX, name, table))

    def all_match(self, table: str, column: str, pattern: str) -> bool:
        """Whether every text in the column matches (case aside); nulls do."""
        if self.connection is None:
            return True
        name = QUOTING.name(column)
        sql = f"SELECT 1 FROM {table_name(table)} WHERE NOT {name} ~* %s LIMIT 1"
        escaped = sql.replace("%", "%%").replace("~* %%s", "~* %s")
        return not self.connection.rows(escaped, [pattern])

    def _rows(self, sql: str, *params: str | None) -> list[tuple[str, ...]]:
        return [] if self.connection is None else self.connection.rows(sql, params)
