"""What a PostgreSQL database is, read by queries of the tests' own: equal texts, equal databases.

The order of columns is left out; all other that pg_dump would write of tables, types, sequences,
views, triggers, rules and policies is in.
"""

from typing import Any

import psycopg

_USER = "n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_t'"
_NOT_OURS = "c.relname !~ '^__zmigration'"
_QUERIES: tuple[str, ...] = (
    f"""
SELECT 'table', c.oid::regclass, c.relkind, c.relpersistence,
       ARRAY(SELECT unnest(c.reloptions) ORDER BY 1), c.relrowsecurity,
       c.relforcerowsecurity, c.relreplident, c.relacl, pg_get_userbyid(c.relowner),
       obj_description(c.oid, 'pg_class'), c.reltablespace,
       ARRAY(SELECT inhparent::regclass::text FROM pg_inherits WHERE inhrelid = c.oid),
       CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm') AND {_USER} AND {_NOT_OURS}""",
    f"""
SELECT 'column', c.oid::regclass, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
       a.attidentity, a.attgenerated, pg_get_expr(d.adbin, d.adrelid), a.attstorage,
       a.attcompression, a.attstattarget, a.attoptions, a.attacl, o.collname,
       col_description(c.oid, a.attnum)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
LEFT JOIN pg_collation o ON o.oid = a.attcollation
WHERE c.relkind IN ('r', 'p', 'v', 'm') AND {_USER} AND {_NOT_OURS}""",
    f"""
SELECT 'constraint', coalesce(nullif(k.conrelid, 0)::regclass::text, k.contypid::regtype::text),
       k.conname, k.contype, pg_get_constraintdef(k.oid), k.convalidated, k.condeferrable,
       k.condeferred, k.connoinherit, obj_description(k.oid, 'pg_constraint')
FROM pg_constraint k JOIN pg_namespace n ON n.oid = k.connamespace
LEFT JOIN pg_class c ON c.oid = k.conrelid
WHERE {_USER} AND (c.oid IS NULL OR {_NOT_OURS})""",
    f"""
SELECT 'index', c.relname, pg_get_indexdef(c.oid), ARRAY(SELECT a.attstattarget FROM pg_attribute a
       WHERE a.attrelid = c.oid ORDER BY a.attnum), i.indisvalid, i.indisunique, i.indisprimary,
       i.indisclustered, i.indisreplident, obj_description(c.oid, 'pg_class')
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n
ON n.oid = c.relnamespace WHERE {_USER}""",
    f"""
SELECT 'sequence', c.oid::regclass, format_type(s.seqtypid, NULL), s.seqstart, s.seqincrement,
       s.seqmin, s.seqmax, s.seqcache, s.seqcycle, c.relpersistence, c.relacl,
       obj_description(c.oid, 'pg_class'),
       ARRAY(SELECT d.refobjid::regclass || '.' || a.attname || d.deptype::text FROM pg_depend d
             JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
             WHERE d.objid = c.oid AND d.classid = 'pg_class'::regclass
             AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i'))
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_sequence s ON s.seqrelid = c.oid WHERE {_USER} AND {_NOT_OURS}""",
    f"""
SELECT 'type', t.oid::regtype, t.typtype, format_type(t.typbasetype, t.typtypmod), t.typnotnull,
       t.typdefault, o.collname, pg_get_userbyid(t.typowner), t.typacl,
       obj_description(t.oid, 'pg_type'),
       ARRAY(SELECT enumlabel::text FROM pg_enum WHERE enumtypid = t.oid ORDER BY enumsortorder)
FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
LEFT JOIN pg_collation o ON o.oid = t.typcollation
WHERE t.typtype IN ('e', 'd') AND {_USER}""",
    f"""
SELECT 'trigger', c.oid::regclass, g.tgname, g.tgenabled, pg_get_triggerdef(g.oid),
       obj_description(g.oid, 'pg_trigger')
FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid JOIN pg_namespace n
ON n.oid = c.relnamespace WHERE NOT g.tgisinternal AND {_USER}""",
    f"""
SELECT 'rule', c.oid::regclass, r.rulename, r.ev_enabled, pg_get_ruledef(r.oid),
       obj_description(r.oid, 'pg_rewrite')
FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class JOIN pg_namespace n
ON n.oid = c.relnamespace WHERE r.rulename <> '_RETURN' AND {_USER}""",
    f"""
SELECT 'policy', c.oid::regclass, p.polname, p.polcmd, p.polpermissive,
       ARRAY(SELECT pg_get_userbyid(r) FROM unnest(p.polroles) AS r),
       pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid),
       obj_description(p.oid, 'pg_policy')
FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid JOIN pg_namespace n
ON n.oid = c.relnamespace WHERE {_USER}""",
    f"""
SELECT 'statistics', s.stxname, pg_get_statisticsobjdef(s.oid), s.stxstattarget,
       obj_description(s.oid, 'pg_statistic_ext')
FROM pg_statistic_ext s JOIN pg_namespace n ON n.oid = s.stxnamespace WHERE {_USER}""",
)


_SEQUENCES = f"""
SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'S' AND {_USER} AND {_NOT_OURS}"""


def catalog(connection: psycopg.Connection[Any]) -> list[str]:
    """One line for each thing in the database, sorted."""
    rows = [row for query in _QUERIES for row in connection.execute(query.encode()).fetchall()]
    rows += [("position", *row) for row in positions(connection).items()]
    return sorted(" | ".join(map(str, row)) for row in rows)


def positions(connection: psycopg.Connection[Any]) -> dict[str, str]:
    """Where each sequence stands: `5 t` where 5 was given, `5 f` where it comes next."""
    names = [name for (name,) in connection.execute(_SEQUENCES.encode()).fetchall()]
    query = "SELECT concat_ws(' ', last_value, is_called) FROM {}"
    found = {name: connection.execute(query.format(name).encode()).fetchone() for name in names}
    return {name: row[0] for name, row in found.items() if row}
