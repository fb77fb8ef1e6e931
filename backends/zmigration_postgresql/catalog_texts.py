"""What planning asks the catalog of one table; `{schema}` is the one that the table is in."""

from __future__ import annotations

SEQUENCES = """
SELECT a.attname, d.deptype = 'i' OR coalesce(pg_get_expr(e.adbin, e.adrelid)
                  = format('nextval(%L::regclass)', q.oid::regclass::text), false),
       format('%I.%I', n.nspname, q.relname), format_type(s.seqtypid, NULL), s.seqincrement,
       s.seqmin, s.seqmax, s.seqstart, s.seqcache, s.seqcycle, q.relpersistence = 'u',
       CASE WHEN q.relpersistence <> c.relpersistence
             AND current_setting('server_version_num')::int >= 150000
            THEN CASE q.relpersistence WHEN 'u' THEN 'UNLOGGED' ELSE 'LOGGED' END END,
       obj_description(q.oid, 'pg_class'),
       ARRAY(SELECT g.privilege_type || ' TO ' || CASE WHEN g.grantee = 0 THEN 'PUBLIC'
                    ELSE g.grantee::regrole::text END ||
                    CASE WHEN g.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END
             FROM aclexplode(q.relacl) AS g WHERE g.grantee <> q.relowner)
FROM pg_class c
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass
     AND d.refobjid = c.oid AND d.refobjsubid = a.attnum AND d.deptype IN ('a', 'i')
JOIN pg_class q ON q.oid = d.objid AND q.relkind = 'S'
JOIN pg_namespace n ON n.oid = q.relnamespace
JOIN pg_sequence s ON s.seqrelid = q.oid
LEFT JOIN pg_attrdef e ON e.adrelid = c.oid AND e.adnum = a.attnum
WHERE c.relname = %s AND c.relnamespace = {schema}
ORDER BY a.attnum, d.deptype = 'a', n.nspname, q.relname"""
COLUMNS = """
SELECT a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attgenerated::text,
       a.attidentity::text, pg_get_expr(e.adbin, e.adrelid),
       CASE WHEN a.attcollation <> t.typcollation
            THEN format('%I.%I', (SELECT nspname FROM pg_namespace WHERE oid = o.collnamespace),
                        o.collname) END,
       col_description(c.oid, a.attnum),
       (SELECT ARRAY[k.conname::text, concat(CASE WHEN k.connoinherit THEN ' NO INHERIT' END,
                     CASE WHEN NOT k.convalidated THEN ' NOT VALID' END),
                     obj_description(k.oid, 'pg_constraint')]
        FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'n'
        AND k.conkey = ARRAY[a.attnum] LIMIT 1), array_remove(ARRAY[
  CASE to_jsonb(a) ->> 'attcompression' WHEN 'p' THEN 'COMPRESSION pglz'
       WHEN 'l' THEN 'COMPRESSION lz4' END,
  CASE WHEN a.attstattarget >= 0 THEN 'STATISTICS ' || a.attstattarget END,
  CASE WHEN a.attstorage <> t.typstorage THEN 'STORAGE ' || CASE a.attstorage
       WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL' WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END END,
  '(' || array_to_string(a.attoptions, ', ') || ')'], NULL)
FROM pg_class c
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_collation o ON o.oid = a.attcollation
LEFT JOIN pg_attrdef e ON e.adrelid = c.oid AND e.adnum = a.attnum
WHERE c.relname = %s AND c.relnamespace = {schema} AND c.relkind IN ('r', 'p')
ORDER BY a.attnum"""
PARTS = """
WITH t AS (SELECT oid FROM pg_class WHERE relname = %s
           AND relnamespace = {schema} AND relkind IN ('r', 'p')),
parts AS (
  SELECT CASE k.contype WHEN 'f' THEN 'foreign key' ELSE 'constraint' END AS kind,
         k.conname AS name, pg_get_constraintdef(k.oid) AS definition,
         CASE k.contype WHEN 'p' THEN 0 WHEN 'u' THEN 0 WHEN 'f' THEN 3 ELSE 1 END AS place,
         k.conrelid AS owner, k.conkey AS numbers, 'pg_constraint'::regclass AS class, k.oid AS id,
         CASE WHEN k.contype IN ('p', 'u', 'x') THEN k.conindid END AS held,
         k.contype = 'c' AS expressed
  FROM pg_constraint k JOIN t ON k.conrelid = t.oid
  WHERE k.contype IN ('p', 'u', 'c', 'x', 'f')
  UNION ALL
  SELECT 'index', c.relname, pg_get_indexdef(c.oid), 2, i.indrelid, i.indkey::int2[],
         'pg_class'::regclass, c.oid, c.oid, false
  FROM pg_index i JOIN t ON i.indrelid = t.oid JOIN pg_class c ON c.oid = i.indexrelid
  WHERE NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = c.oid
                    AND k.contype IN ('p', 'u', 'x'))
)
SELECT kind, name, definition,
       CASE WHEN kind = 'index' THEN obj_description(id, 'pg_class')
            ELSE obj_description(id, 'pg_constraint') END,
       CASE WHEN kind <> 'index' THEN obj_description(held, 'pg_class') END,
       array_to_string(x.reloptions, ', '), coalesce(i.indisclustered, false),
       coalesce(i.indisreplident, false),
       expressed OR EXISTS (SELECT 1 FROM pg_index e WHERE e.indexrelid = held
         AND (e.indexprs IS NOT NULL OR e.indpred IS NOT NULL)),
       ARRAY[nullif(m.nspname, current_schema())::text, r.relname::text],
       ARRAY(SELECT a.attname::text FROM unnest(f.confkey) AS u(number)
             JOIN pg_attribute a ON a.attrelid = f.confrelid AND a.attnum = u.number),
       ARRAY(SELECT DISTINCT a.attname::text FROM pg_attribute a
             WHERE a.attrelid = owner AND a.attnum > 0 AND (a.attnum = ANY(numbers) OR EXISTS (
               SELECT 1 FROM pg_depend d WHERE d.classid = class AND d.objid = id
               AND d.refclassid = 'pg_class'::regclass AND d.refobjid = owner
               AND d.refobjsubid = a.attnum))),
       ARRAY(SELECT concat('ALTER COLUMN ', a.attnum, ' SET STATISTICS ', a.attstattarget)
             FROM pg_attribute a WHERE kind = 'index' AND a.attrelid = held
             AND a.attstattarget >= 0 ORDER BY a.attnum)
FROM parts
LEFT JOIN pg_index i ON i.indexrelid = held
LEFT JOIN pg_constraint f ON kind = 'foreign key' AND f.oid = id
LEFT JOIN pg_class r ON r.oid = f.confrelid LEFT JOIN pg_namespace m ON m.oid = r.relnamespace
LEFT JOIN pg_class x ON x.oid = held AND kind <> 'index'
ORDER BY place, name"""
STATISTICS = """
SELECT format('%I.%I', n.nspname, s.stxname), pg_get_statisticsobjdef(s.oid),
       obj_description(s.oid, 'pg_statistic_ext'), to_jsonb(s) ->> 'stxexprs' IS NOT NULL,
       ARRAY(SELECT DISTINCT a.attname::text FROM pg_attribute a
             WHERE a.attrelid = c.oid AND a.attnum > 0 AND (a.attnum = ANY(s.stxkeys) OR EXISTS (
               SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_statistic_ext'::regclass
               AND d.objid = s.oid AND d.refclassid = 'pg_class'::regclass
               AND d.refobjid = c.oid AND d.refobjsubid = a.attnum))),
       array_remove(ARRAY[CASE WHEN (to_jsonb(s) ->> 'stxstattarget')::int >= 0
         THEN 'SET STATISTICS ' || (to_jsonb(s) ->> 'stxstattarget') END], NULL)
FROM pg_class c JOIN pg_statistic_ext s ON s.stxrelid = c.oid
JOIN pg_namespace n ON n.oid = s.stxnamespace
WHERE c.relname = %s AND c.relnamespace = {schema} ORDER BY 1"""
TRIGGERS = """
SELECT g.tgname, g.tgenabled::text, pg_get_triggerdef(g.oid),
       obj_description(g.oid, 'pg_trigger')
FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid
WHERE c.relname = %s AND c.relnamespace = {schema} AND NOT g.tgisinternal
ORDER BY g.tgname"""
FIRING = """
WITH RECURSIVE tree AS (
  SELECT c.oid, NULL::text AS owner FROM pg_class c
  WHERE c.relname = %s AND c.relnamespace = {schema}
  UNION
  SELECT i.inhrelid, i.inhrelid::regclass::text
  FROM pg_inherits i JOIN tree t ON t.oid = i.inhparent
)
SELECT t.owner, 'TRIGGER' AS kind, g.tgname AS name, g.tgenabled::text AS enabled
FROM tree t JOIN pg_trigger g ON g.tgrelid = t.oid
WHERE NOT g.tgisinternal AND coalesce(to_jsonb(g) ->> 'tgparentid', '0') = '0'
UNION ALL
SELECT t.owner, 'RULE', r.rulename, r.ev_enabled::text
FROM tree t JOIN pg_rewrite r ON r.ev_class = t.oid
WHERE t.owner IS NULL AND r.ev_type = '2'
ORDER BY owner NULLS FIRST, kind DESC, name"""
IS_OWN = """
SELECT 1 FROM pg_class c
WHERE c.relname = %s AND c.relnamespace = {schema} AND pg_get_userbyid(c.relowner) = current_user"""
TABLE = """
SELECT c.relpersistence = 'u', array_to_string(c.reloptions || ARRAY(SELECT
         'toast.' || unnest(o.reloptions) FROM pg_class o WHERE o.oid = c.reltoastrelid), ', '),
       obj_description(c.oid, 'pg_class'), array_remove(ARRAY[
  CASE WHEN c.relowner <> (SELECT oid FROM pg_roles WHERE rolname = current_user)
        AND NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
       THEN 'the owner ' || pg_get_userbyid(c.relowner) END,
  CASE WHEN c.reltablespace <> 0 THEN 'the tablespace' END,
  CASE WHEN EXISTS (SELECT 1 FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid
                    WHERE r.prrelid = c.oid AND NOT pg_has_role(p.pubowner, 'USAGE'))
       THEN 'publications of other owners' END,
  CASE WHEN c.relkind = 'p' THEN 'partitions' END,
  CASE WHEN EXISTS (SELECT 1 FROM pg_inherits WHERE inhrelid = c.oid OR inhparent = c.oid)
        AND c.relkind <> 'p' THEN 'inheritance' END], NULL)
FROM pg_class c
WHERE c.relname = %s AND c.relnamespace = {schema}
  AND c.relkind IN ('r', 'p')"""
ENFORCED = """
SELECT 1 FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
WHERE c.relname = %s AND c.relnamespace = {schema} AND i.indisunique
  AND i.indisvalid AND i.indimmediate AND i.indpred IS NULL AND i.indexprs IS NULL
  AND NOT EXISTS (
    SELECT 1 FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k(number, place)
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number
    WHERE k.place <= i.indnkeyatts AND NOT (a.attnotnull AND a.attname = ANY(%s::text[])))
LIMIT 1"""
REFERRING = """
SELECT nullif(n.nspname, current_schema()), r.relname, k.conname, i.relname
FROM pg_class c JOIN pg_constraint k ON k.confrelid = c.oid AND k.contype = 'f'
JOIN pg_class r ON r.oid = k.conrelid JOIN pg_namespace n ON n.oid = r.relnamespace
LEFT JOIN pg_class i ON i.oid = k.conindid
WHERE c.relname = %s AND c.relnamespace = {schema}
ORDER BY n.nspname, r.relname, k.conname"""
DEPENDING = """
SELECT DISTINCT kind, name FROM pg_class c
JOIN pg_attribute b ON b.attrelid = c.oid
JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid
     AND d.refobjsubid = b.attnum
CROSS JOIN LATERAL (
  SELECT 'generated' AS kind, a.attname::text AS name FROM pg_attribute a
  WHERE a.attrelid = c.oid AND a.attgenerated <> '' AND a.attnum <> b.attnum
    AND a.attnum = CASE WHEN d.classid = 'pg_class'::regclass AND d.objid = c.oid THEN d.objsubid
        ELSE (SELECT e.adnum FROM pg_attrdef e WHERE d.classid = 'pg_attrdef'::regclass
              AND e.oid = d.objid) END
  UNION ALL SELECT 'trigger', g.tgname FROM pg_trigger g
  WHERE d.classid = 'pg_trigger'::regclass AND g.oid = d.objid AND NOT g.tgisinternal
  UNION ALL SELECT 'policy', p.polname FROM pg_policy p
  WHERE d.classid = 'pg_policy'::regclass AND p.oid = d.objid) AS found
WHERE c.relname = %s AND c.relnamespace = {schema} AND b.attname = %s
ORDER BY kind, name"""
# Row types, sequences and children of a table belong to it; what is of it goes with it.
NEEDING = """
WITH target AS (
  SELECT c.oid, c.reltype, t.typarray FROM pg_class c LEFT JOIN pg_type t ON t.oid = c.reltype
  WHERE c.relname = %s AND c.relnamespace = {schema}),
asked AS (SELECT %s::text AS name),
own AS (
  SELECT 'pg_class'::regclass AS class, t.oid AS id, a.attnum AS number
  FROM target t CROSS JOIN asked LEFT JOIN pg_attribute a ON a.attrelid = t.oid
    AND a.attname = asked.name
  WHERE asked.name IS NULL OR a.attnum IS NOT NULL
  UNION ALL SELECT 'pg_type'::regclass, unnest(ARRAY[t.reltype, t.typarray]), NULL
  FROM target t CROSS JOIN asked WHERE asked.name IS NULL
  UNION ALL SELECT 'pg_class'::regclass, d.objid, NULL
  FROM target t CROSS JOIN asked JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass
    AND d.refobjid = t.oid AND d.classid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
    AND d.refobjsubid > 0
  JOIN pg_class q ON q.oid = d.objid AND q.relkind = 'S'
  WHERE asked.name IS NULL OR d.refobjsubid = (
    SELECT attnum FROM pg_attribute WHERE attrelid = t.oid AND attname = asked.name))
SELECT DISTINCT nullif(n.nspname, current_schema()), r.relname,
       coalesce(a.attname, k.conname, CASE WHEN x.relkind IN ('i', 'I') THEN x.relname END)::text,
       pg_describe_object(d.classid, d.objid, d.objsubid)
FROM own
JOIN pg_depend d ON d.refclassid = own.class AND d.refobjid = own.id AND d.deptype = 'n'
     AND (own.number IS NULL OR d.refobjsubid = own.number)
     AND d.classid <> 'pg_rewrite'::regclass
     AND (own.number IS NOT NULL OR d.classid <> 'pg_publication_rel'::regclass)
LEFT JOIN pg_class x ON d.classid = 'pg_class'::regclass AND x.oid = d.objid
LEFT JOIN pg_index i ON i.indexrelid = x.oid
LEFT JOIN pg_attrdef e ON d.classid = 'pg_attrdef'::regclass AND e.oid = d.objid
LEFT JOIN pg_constraint k ON d.classid = 'pg_constraint'::regclass AND k.oid = d.objid
LEFT JOIN pg_policy p ON d.classid = 'pg_policy'::regclass AND p.oid = d.objid
LEFT JOIN pg_trigger g ON d.classid = 'pg_trigger'::regclass AND g.oid = d.objid
LEFT JOIN pg_class r ON r.oid = coalesce(i.indrelid, x.oid, e.adrelid, k.conrelid, p.polrelid,
                                         g.tgrelid)
LEFT JOIN pg_namespace n ON n.oid = r.relnamespace
LEFT JOIN pg_attribute a ON a.attrelid = coalesce(e.adrelid, x.oid)
     AND a.attnum = coalesce(e.adnum, d.objsubid) AND a.attnum > 0
WHERE k.contype IS DISTINCT FROM 'f' AND coalesce(a.attgenerated, '') = ''
  AND (r.oid IS DISTINCT FROM (SELECT oid FROM target)
       OR (own.number IS NOT NULL AND coalesce(p.oid, g.oid) IS NOT NULL))
ORDER BY 4"""
INHERITED = """
SELECT 'column', a.attname::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relname = %s AND c.relnamespace = {schema} AND a.attnum > 0 AND a.attinhcount > 0
UNION ALL SELECT 'part', k.conname FROM pg_class c JOIN pg_constraint k ON k.conrelid = c.oid
WHERE c.relname = %s AND c.relnamespace = {schema} AND (k.coninhcount > 0 OR k.conparentid <> 0)
UNION ALL SELECT 'part', x.relname FROM pg_class c JOIN pg_index i ON i.indrelid = c.oid
JOIN pg_inherits h ON h.inhrelid = i.indexrelid JOIN pg_class x ON x.oid = i.indexrelid
WHERE c.relname = %s AND c.relnamespace = {schema}"""
POLICIES = """
SELECT p.polname, CASE WHEN p.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
       CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE'
            WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
       (SELECT string_agg(CASE WHEN r = 0 THEN 'PUBLIC' ELSE r::regrole::text END, ', ')
        FROM unnest(p.polroles) AS r),
       pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid),
       obj_description(p.oid, 'pg_policy')
FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
WHERE c.relname = %s AND c.relnamespace = {schema} ORDER BY p.polname"""
GRANTS = """
SELECT a.privilege_type, NULL::text, CASE WHEN a.grantee = 0 THEN 'PUBLIC'
       ELSE a.grantee::regrole::text END, a.is_grantable
FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) AS a
WHERE c.relname = %s AND c.relnamespace = {schema}
UNION ALL
SELECT a.privilege_type, b.attname, CASE WHEN a.grantee = 0 THEN 'PUBLIC'
       ELSE a.grantee::regrole::text END, a.is_grantable
FROM pg_class c JOIN pg_attribute b ON b.attrelid = c.oid
CROSS JOIN LATERAL aclexplode(b.attacl) AS a
WHERE c.relname = %s AND c.relnamespace = {schema}
ORDER BY 2 NULLS FIRST, 3, 1"""
GUARDING = """
SELECT 'ENABLE ROW LEVEL SECURITY' FROM pg_class c
WHERE c.relname = %s AND c.relnamespace = {schema} AND c.relrowsecurity
UNION ALL SELECT 'FORCE ROW LEVEL SECURITY' FROM pg_class c
WHERE c.relname = %s AND c.relnamespace = {schema} AND c.relforcerowsecurity
UNION ALL SELECT rtrim(pg_get_ruledef(r.oid), ';') FROM pg_class c
JOIN pg_rewrite r ON r.ev_class = c.oid
WHERE c.relname = %s AND c.relnamespace = {schema}
UNION ALL SELECT CASE r.ev_enabled WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA'
                 ELSE 'ENABLE ALWAYS' END || ' RULE ' || quote_ident(r.rulename)
FROM pg_class c JOIN pg_rewrite r ON r.ev_class = c.oid AND r.ev_enabled <> 'O'
WHERE c.relname = %s AND c.relnamespace = {schema}
UNION ALL SELECT 'REPLICA IDENTITY ' || CASE c.relreplident WHEN 'n' THEN 'NOTHING' ELSE 'FULL' END
FROM pg_class c
WHERE c.relname = %s AND c.relnamespace = {schema} AND c.relreplident IN ('n', 'f')
UNION ALL SELECT 'DO ' || quote_literal(concat(
  'BEGIN IF EXISTS (SELECT 1 FROM pg_publication WHERE pubname = ', quote_literal(p.pubname),
  ') THEN ALTER PUBLICATION ', quote_ident(p.pubname), ' ADD TABLE ONLY ', c.oid::regclass,
  CASE WHEN to_jsonb(r) ->> 'prattrs' IS NOT NULL THEN ' (' || (
    SELECT string_agg(quote_ident(a.name), ', ')
    FROM jsonb_array_elements_text(to_jsonb(v) -> 'attnames') AS a(name)) || ')' END,
  ' WHERE (' || (to_jsonb(v) ->> 'rowfilter') || ')', '; END IF; END'))
FROM pg_class c JOIN pg_publication_rel r ON r.prrelid = c.oid
JOIN pg_publication p ON p.oid = r.prpubid
JOIN pg_publication_tables v ON v.pubname = p.pubname AND v.tablename = c.relname
     AND to_regnamespace(quote_ident(v.schemaname)) = c.relnamespace
WHERE c.relname = %s AND c.relnamespace = {schema} AND pg_has_role(p.pubowner, 'USAGE')
UNION ALL SELECT 'OWNER TO ' || quote_ident(pg_get_userbyid(c.relowner)) FROM pg_class c
WHERE c.relname = %s AND c.relnamespace = {schema} AND pg_get_userbyid(c.relowner) <> current_user
  AND (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)"""


def asked(text: str) -> str:
    """The question with its parts filled in: the name of a table is followed by its schema."""
    schema = "to_regnamespace(quote_ident(coalesce(%s::text, current_schema())))"
    # A % of format() is no placeholder.
    return text.replace("%I", "%%I").replace("%L", "%%L").replace("{schema}", schema)
