"""Which tables there are, and what of them a schema file has no words for."""

from __future__ import annotations

from collections.abc import Collection

from zmigration_api import is_internal
from zmigration_api.history import PREFIX, may_be_history
from zmigration_sql import literal

from .connection import Connection
from .names import join

_SYSTEM = (
    """n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'"""
)
_TABLES = f"""
SELECT nullif(n.nspname, current_schema()), c.relname
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND NOT c.relispartition AND c.reloftype = 0
  AND c.relpersistence <> 't' AND {_SYSTEM}
  AND (NOT %s OR n.nspname = current_schema())
  AND NOT EXISTS (SELECT 1 FROM pg_inherits i WHERE i.inhrelid = c.oid)
  AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass
                  AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY 1 NULLS FIRST, 2"""
_NOTES = f"""
WITH t AS (
  SELECT c.*, CASE WHEN n.nspname = current_schema() THEN c.relname::text
                   ELSE n.nspname || '.' || c.relname END AS name
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = ANY(%s))
SELECT name, fact FROM (
SELECT t.name, 1 AS place, format('trigger %%s', g.tgname) AS fact
FROM pg_trigger g JOIN t ON t.oid = g.tgrelid WHERE NOT g.tgisinternal
UNION ALL SELECT t.name, 2, format('rule %%s', r.rulename)
FROM pg_rewrite r JOIN t ON t.oid = r.ev_class
UNION ALL SELECT DISTINCT t.name, 3, format(CASE v.relkind WHEN 'm' THEN 'materialized view %%s'
  ELSE 'view %%s' END, v.oid::regclass)
FROM t JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = t.oid
     AND d.classid = 'pg_rewrite'::regclass
JOIN pg_rewrite r ON r.oid = d.objid JOIN pg_class v ON v.oid = r.ev_class AND v.oid <> t.oid
UNION ALL SELECT t.name, 4, format('policy %%s', p.polname)
FROM pg_policy p JOIN t ON t.oid = p.polrelid
UNION ALL SELECT t.name, 4, 'row security' FROM t WHERE t.relrowsecurity
UNION ALL SELECT t.name, 5, 'grants' FROM t
WHERE t.relacl IS NOT NULL OR EXISTS (SELECT 1 FROM pg_attribute a
      WHERE a.attrelid = t.oid AND a.attacl IS NOT NULL)
UNION ALL SELECT t.name, 6, format('tablespace %%s', s.spcname)
FROM t JOIN pg_tablespace s ON s.oid = t.reltablespace
UNION ALL SELECT t.name, 7, 'its replica identity' FROM t WHERE t.relreplident <> 'd'
UNION ALL SELECT t.name, 8, format('statistics %%s', s.stxname)
FROM pg_statistic_ext s JOIN t ON t.oid = s.stxrelid
UNION ALL SELECT t.name, 9, format('publication %%s', p.pubname)
FROM pg_publication_rel r JOIN t ON t.oid = r.prrelid JOIN pg_publication p ON p.oid = r.prpubid
UNION ALL SELECT t.name, 10, format('table %%s, which inherits from it', i.inhrelid::regclass)
FROM pg_inherits i JOIN t ON t.oid = i.inhparent
UNION ALL SELECT t.name, 11, format('the order by index %%s in which it is clustered', c.relname)
FROM pg_index i JOIN t ON t.oid = i.indrelid JOIN pg_class c ON c.oid = i.indexrelid
WHERE i.indisclustered
UNION ALL SELECT t.name, 12, format('index %%s, which is not valid', c.relname)
FROM pg_index i JOIN t ON t.oid = i.indrelid JOIN pg_class c ON c.oid = i.indexrelid
WHERE NOT i.indisvalid
UNION ALL SELECT DISTINCT t.name, 12, format('the statistics target of index %%s', c.relname)
FROM pg_index i JOIN t ON t.oid = i.indrelid JOIN pg_class c ON c.oid = i.indexrelid
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attstattarget >= 0
UNION ALL SELECT t.name, 13, format('sequence %%s, which only belongs to column %%s',
  q.oid::regclass, a.attname)
FROM t JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass
     AND d.refobjid = t.oid AND d.deptype = 'a' AND d.refobjsubid > 0
JOIN pg_class q ON q.oid = d.objid AND q.relkind = 'S'
     AND NOT starts_with(q.relname, {literal(PREFIX)})
JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid
LEFT JOIN pg_attrdef e ON e.adrelid = t.oid AND e.adnum = a.attnum
WHERE pg_get_expr(e.adbin, e.adrelid)
      IS DISTINCT FROM format('nextval(%%L::regclass)', q.oid::regclass::text)
UNION ALL SELECT t.name, 14, format('sequence %%s, which is %%s', q.oid::regclass,
  CASE q.relpersistence WHEN 'u' THEN 'unlogged' ELSE 'logged' END)
FROM t JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass
     AND d.refobjid = t.oid AND d.deptype IN ('a', 'i') AND d.refobjsubid > 0
JOIN pg_class q ON q.oid = d.objid AND q.relkind = 'S' AND q.relpersistence <> t.relpersistence
WHERE current_setting('server_version_num')::int >= 150000
  AND NOT starts_with(q.relname, {literal(PREFIX)})
UNION ALL SELECT t.name, 15, format('constraint %%s, which is not enforced', k.conname)
FROM pg_constraint k JOIN t ON t.oid = k.conrelid
WHERE to_jsonb(k) ->> 'conenforced' = 'false'
UNION ALL SELECT t.name, 16, format('the period of foreign key %%s', k.conname)
FROM pg_constraint k JOIN t ON t.oid = k.conrelid
WHERE k.contype = 'f' AND to_jsonb(k) ->> 'conperiod' = 'true'
UNION ALL SELECT t.name, 17, format('NOT NULL of column %%s, with a comment', (
  SELECT attname FROM pg_attribute WHERE attrelid = t.oid AND attnum = k.conkey[1]))
FROM pg_constraint k JOIN t ON t.oid = k.conrelid
WHERE k.contype = 'n' AND obj_description(k.oid, 'pg_constraint') IS NOT NULL
) AS facts ORDER BY name, place, fact"""
_OTHERS = f"""
SELECT kind, CASE WHEN n.nspname = current_schema() THEN name ELSE n.nspname || '.' || name END
FROM (
SELECT relnamespace AS schema, CASE WHEN relispartition THEN 'partition' WHEN relkind = 'p'
         THEN 'partitioned table' WHEN relkind = 'f' THEN 'foreign table' WHEN relkind = 'v'
         THEN 'view' WHEN relkind = 'm' THEN 'materialized view' WHEN relkind = 'S'
         THEN 'sequence' WHEN relkind = 'c' THEN 'composite type' WHEN reloftype <> 0
         THEN 'typed table' ELSE 'inheriting table' END AS kind, relname::text AS name,
       'pg_class'::regclass AS class, c.oid AS id
FROM pg_class c
WHERE (relkind IN ('p', 'f', 'v', 'm', 'c') OR (relkind = 'r' AND (relispartition OR reloftype <> 0
       OR EXISTS (SELECT 1 FROM pg_inherits i WHERE i.inhrelid = c.oid)))
       OR (relkind = 'S' AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid
           AND d.classid = 'pg_class'::regclass AND d.deptype IN ('a', 'i') AND d.refobjsubid > 0)))
  AND relpersistence <> 't'
UNION ALL SELECT pronamespace, CASE prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate'
         ELSE 'function' END, proname::text, 'pg_proc'::regclass, oid FROM pg_proc
UNION ALL SELECT t.typnamespace, 'domain constraint with a comment', t.typname || '.' || k.conname,
       'pg_constraint'::regclass, k.oid
FROM pg_type t JOIN pg_constraint k ON k.contypid = t.oid AND k.contype = 'c'
WHERE obj_description(k.oid, 'pg_constraint') IS NOT NULL
UNION ALL SELECT typnamespace, 'range type', typname::text, 'pg_type'::regclass, oid FROM pg_type
WHERE typtype = 'r'
) AS o JOIN pg_namespace n ON n.oid = o.schema
WHERE {_SYSTEM} AND (NOT %s OR n.nspname = current_schema())
  AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = o.class AND d.objid = o.id
                  AND d.deptype = 'e')
ORDER BY 1, 2"""


def table_names(connection: Connection, own_only: bool) -> tuple[str, ...]:
    """Every ordinary table, of all schemas unless of the app's own only."""
    rows = connection.rows(_TABLES, [own_only])
    return tuple(join(schema, name) for schema, name in rows if not is_internal(name))


def history_names(connection: Connection) -> tuple[str, ...]:
    """Tables of the app's own schema that may be histories."""
    rows = connection.rows(_TABLES, [True])
    return tuple(name for _, name in rows if may_be_history(name))


def notes(connection: Connection, oids: Collection[int], own_only: bool) -> tuple[str, ...]:
    """What is there besides what a schema file can say, each in a sentence."""
    of_tables: dict[str, list[str]] = {}
    for name, fact in connection.rows(_NOTES, [list(oids)]):
        of_tables.setdefault(name, []).append(fact)
    others: dict[str, list[str]] = {}
    for kind, name in connection.rows(_OTHERS, [own_only]):
        if not is_internal(name.rpartition(".")[2]):
            others.setdefault(kind, []).append(name)
    return (
        *(f"Table {name} also has {', '.join(facts)}." for name, facts in of_tables.items()),
        *(_left(kind, names) for kind, names in others.items()),
    )


def _left(kind: str, names: list[str]) -> str:
    shown = ", ".join(dict.fromkeys(names))
    return f"There {'is' if len(names) == 1 else 'are'} also {_counted(kind, len(names))} {shown}."


def _counted(kind: str, count: int) -> str:
    noun, *rest = kind.partition(" with ")
    return f"the {kind}" if count == 1 else f"the {noun}s{''.join(rest)}"
