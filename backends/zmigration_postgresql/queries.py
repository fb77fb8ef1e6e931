"""What is asked of the catalog: each question once, however many tables there are.

What older servers do not know stands in braces by name, and is filled in by `query`.
"""

from __future__ import annotations

from collections.abc import Mapping

_NOT_NULLS = """
LEFT JOIN (
  SELECT k.conrelid, k.conkey[1] AS number, concat('NOT NULL',
         CASE WHEN k.connoinherit THEN ' NO INHERIT' END,
         CASE WHEN NOT k.convalidated THEN ' NOT VALID' END) AS words
  FROM pg_constraint k
  WHERE k.contype = 'n' AND (k.connoinherit OR NOT k.convalidated)) AS n
  ON n.conrelid = a.attrelid AND n.number = a.attnum"""
_SINCE: Mapping[str, tuple[int, str, str]] = {
    "compression": (14, "nullif(a.attcompression::text, '')", "NULL"),
    "distinct": (15, "NOT i.indnullsnotdistinct", "true"),
    "set_columns": (15, "k.confdelsetcols", "NULL"),
    "period": (18, "k.conperiod", "false"),
    "not_null": (18, "n.words", "NULL"),
    "not_nulls": (18, _NOT_NULLS, ""),
}
"""From which version on an expression works, and what stands for it before."""

# COLLATE "C" folds A to Z alone, as unquoted names are.
WANTED = """
SELECT c.oid, nullif(n.nspname, current_schema()), c.relname, c.relkind::text
FROM unnest(%s::text[], %s::text[]) AS w(schema, name)
JOIN pg_namespace n ON lower(n.nspname::text COLLATE "C")
     = coalesce(w.schema, lower(current_schema()::text COLLATE "C"))
     AND (w.schema IS NOT NULL OR n.nspname = current_schema())
JOIN pg_class c ON c.relnamespace = n.oid AND lower(c.relname::text COLLATE "C") = w.name
WHERE c.relkind IN ('r', 'p')
ORDER BY n.nspname <> current_schema(), n.nspname, c.relname"""
TABLES = """
SELECT c.oid, c.relpersistence = 'u', c.reloptions, o.reloptions, s.description
FROM pg_class c
LEFT JOIN pg_class o ON o.oid = c.reltoastrelid
LEFT JOIN pg_description s ON s.classoid = 'pg_class'::regclass AND s.objoid = c.oid
     AND s.objsubid = 0
WHERE c.oid = ANY(%s)"""
COLUMNS = """
SELECT a.attrelid, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
       a.attgenerated::text, a.attidentity::text, pg_get_expr(d.adbin, d.adrelid),
       CASE WHEN a.attcollation <> t.typcollation
            THEN (SELECT CASE WHEN pg_collation_is_visible(o.oid) THEN quote_ident(o.collname)
                         ELSE quote_ident(m.nspname) || '.' || quote_ident(o.collname) END
                  FROM pg_collation o JOIN pg_namespace m ON m.oid = o.collnamespace
                  WHERE o.oid = a.attcollation) END,
       CASE WHEN a.attstorage <> t.typstorage THEN a.attstorage::text END, {compression},
       nullif(a.attstattarget, -1), a.attoptions, {not_null}, s.description
FROM pg_attribute a
JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
LEFT JOIN pg_description s ON s.classoid = 'pg_class'::regclass AND s.objoid = a.attrelid
     AND s.objsubid = a.attnum{not_nulls}
WHERE a.attrelid = ANY(%s) AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attrelid, a.attnum"""
SEQUENCES = """
SELECT d.refobjid, d.refobjsubid, d.deptype::text, nullif(n.nspname, current_schema()), q.relname,
       format('nextval(%%L::regclass)', q.oid::regclass::text), format_type(s.seqtypid, NULL),
       s.seqincrement, s.seqmin, s.seqmax, s.seqstart, s.seqcache, s.seqcycle
FROM pg_depend d
JOIN pg_class q ON q.oid = d.objid AND q.relkind = 'S'
JOIN pg_namespace n ON n.oid = q.relnamespace
JOIN pg_sequence s ON s.seqrelid = q.oid
WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass
  AND d.deptype IN ('a', 'i') AND d.refobjsubid > 0 AND d.refobjid = ANY(%s)
ORDER BY q.oid"""
CONSTRAINTS = """
SELECT k.conrelid, k.conname, k.contype::text, k.conkey,
       CASE WHEN k.condeferred THEN 'DEFERRABLE INITIALLY DEFERRED'
            WHEN k.condeferrable THEN 'DEFERRABLE' END,
       s.description, k.convalidated, NOT k.connoinherit, pg_get_expr(k.conbin, k.conrelid),
       nullif(n.nspname, current_schema()), r.relname,
       CASE WHEN k.contype = 'f' THEN
         ARRAY(SELECT a.attname::text FROM unnest(k.confkey) WITH ORDINALITY AS o(number, place)
               JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = o.number
               ORDER BY o.place) END,
       k.confdeltype::text, k.confupdtype::text, k.confmatchtype::text, {set_columns},
       i.indkey::int2[], i.indnkeyatts, NOT ({distinct}), {period},
       CASE WHEN k.contype = 'x' THEN pg_get_constraintdef(k.oid) END,
       CASE WHEN k.contype <> 'f' THEN x.reloptions END,
       CASE WHEN k.contype <> 'f' THEN b.description END
FROM pg_constraint k
LEFT JOIN pg_class r ON r.oid = k.confrelid
LEFT JOIN pg_namespace n ON n.oid = r.relnamespace
LEFT JOIN pg_index i ON i.indexrelid = k.conindid AND k.contype IN ('p', 'u')
LEFT JOIN pg_class x ON x.oid = k.conindid
LEFT JOIN pg_description s ON s.classoid = 'pg_constraint'::regclass AND s.objoid = k.oid
LEFT JOIN pg_description b ON b.classoid = 'pg_class'::regclass AND b.objoid = k.conindid
     AND b.objsubid = 0
WHERE k.conrelid = ANY(%s) AND k.contype IN ('p', 'u', 'f', 'c', 'x')
  AND NOT EXISTS (SELECT 1 FROM pg_constraint p
                  WHERE p.oid = k.conparentid AND p.conrelid = k.conrelid)
ORDER BY k.conrelid, k.conname"""
INDEXES = """
SELECT i.indrelid, c.relname, i.indisunique, i.indkey::int2[], i.indnkeyatts,
       nullif(m.amname, 'btree'), pg_get_expr(i.indpred, i.indrelid), c.reloptions,
       NOT ({distinct}), s.description, pg_get_indexdef(i.indexrelid)
FROM pg_index i
JOIN pg_class c ON c.oid = i.indexrelid
JOIN pg_am m ON m.oid = c.relam
LEFT JOIN pg_description s ON s.classoid = 'pg_class'::regclass AND s.objoid = c.oid
     AND s.objsubid = 0
WHERE i.indrelid = ANY(%s) AND i.indisvalid AND NOT i.indisprimary
  AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = c.oid
                  AND k.contype IN ('p', 'u', 'x'))
ORDER BY i.indrelid, c.relname"""
FINGERPRINTS = """
WITH wanted AS MATERIALIZED (SELECT unnest(%s::oid[]) AS oid),
indexes AS MATERIALIZED (
  SELECT i.indrelid AS owner, i.indexrelid AS oid, concat_ws(' ', c.relname, c.relam,
         c.reloptions, i) AS fact
  FROM pg_index i JOIN wanted w ON w.oid = i.indrelid JOIN pg_class c ON c.oid = i.indexrelid),
constraints AS MATERIALIZED (
  SELECT k.conrelid AS owner, k.oid, concat_ws(' ', k, k.confrelid::regclass) AS fact
  FROM pg_constraint k JOIN wanted w ON w.oid = k.conrelid),
named AS (
  SELECT DISTINCT a.attrelid AS owner, coalesce(e.oid, t.oid) AS oid
  FROM pg_attribute a JOIN wanted w ON w.oid = a.attrelid
  JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_type e ON e.oid = t.typelem AND t.typlen = -1
  WHERE a.attnum > 0 AND a.atttypid >= 16384)
SELECT owner, md5(string_agg(fact, E'\\n' ORDER BY fact)) FROM (
SELECT c.oid AS owner, concat_ws(' ', c.oid, c.relnamespace, c.relname, c.relkind,
       c.relpersistence, c.reloptions, o.reloptions) AS fact
FROM pg_class c JOIN wanted w ON w.oid = c.oid LEFT JOIN pg_class o ON o.oid = c.reltoastrelid
UNION ALL SELECT attrelid, a::text FROM pg_attribute a JOIN wanted w ON w.oid = a.attrelid
WHERE attnum > 0
UNION ALL SELECT adrelid, d::text FROM pg_attrdef d JOIN wanted w ON w.oid = d.adrelid
UNION ALL SELECT owner, fact FROM constraints
UNION ALL SELECT owner, fact FROM indexes
UNION ALL SELECT w.oid, concat_ws(' ', s.objsubid, s.description)
FROM pg_description s JOIN wanted w ON w.oid = s.objoid
WHERE s.classoid = 'pg_class'::regclass
UNION ALL SELECT i.owner, concat_ws(' ', s.objoid, s.description)
FROM pg_description s JOIN indexes i ON i.oid = s.objoid WHERE s.classoid = 'pg_class'::regclass
UNION ALL SELECT k.owner, concat_ws(' ', s.objoid, s.description)
FROM pg_description s JOIN constraints k ON k.oid = s.objoid
WHERE s.classoid = 'pg_constraint'::regclass
UNION ALL SELECT d.refobjid, concat_ws(' ', d.refobjsubid, d.deptype, q.relnamespace, q.relname, s)
FROM pg_depend d JOIN wanted w ON w.oid = d.refobjid
JOIN pg_class q ON q.oid = d.objid AND q.relkind = 'S' JOIN pg_sequence s ON s.seqrelid = q.oid
WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass
  AND d.deptype IN ('a', 'i')
UNION ALL SELECT n.owner, concat_ws(' ', t.oid, t.typnamespace, t.typname, t.typbasetype,
       t.typtypmod, t.typnotnull, t.typdefault, t.typcollation)
FROM named n JOIN pg_type t ON t.oid = n.oid
UNION ALL SELECT n.owner, concat_ws(' ', e.enumtypid, e.enumsortorder, e.enumlabel)
FROM named n JOIN pg_enum e ON e.enumtypid = n.oid
UNION ALL SELECT n.owner, concat_ws(' ', k.conname, k.convalidated, k.conbin)
FROM named n JOIN pg_constraint k ON k.contypid = n.oid
UNION ALL SELECT n.owner, concat_ws(' ', s.objoid, s.description)
FROM named n JOIN pg_description s ON s.objoid = n.oid AND s.classoid = 'pg_type'::regclass
) AS facts GROUP BY owner"""


def query(text: str, version: int) -> str:
    """The question as a server of that version takes it."""
    for name, (since, now, before) in _SINCE.items():
        text = text.replace(f"{{{name}}}", now if version >= since else before)
    return text
