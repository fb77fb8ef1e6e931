"""What the catalog knows of a table beyond the model: all that is needed to make it again.

Tables and columns are named as they are now. Texts of definitions are the server's own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from .connection import Connection

_SEQUENCE = """
SELECT d.refobjid, d.refobjsubid, format('%I.%I', n.nspname, q.relname),
       format_type(s.seqtypid, NULL), s.seqincrement, s.seqmin, s.seqmax, s.seqstart, s.seqcache,
       s.seqcycle, pg_sequence_last_value(q.oid)
FROM pg_depend d
JOIN pg_class q ON q.oid = d.objid AND q.relkind = 'S'
JOIN pg_namespace n ON n.oid = q.relnamespace
JOIN pg_sequence s ON s.seqrelid = q.oid
WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass
  AND d.deptype IN ('a', 'i') AND d.refobjsubid > 0"""
_COLUMNS = f"""
SELECT a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attgenerated::text,
       a.attidentity::text, pg_get_expr(e.adbin, e.adrelid),
       CASE WHEN a.attcollation <> t.typcollation
            THEN format('%I.%I', (SELECT nspname FROM pg_namespace WHERE oid = o.collnamespace),
                        o.collname) END,
       col_description(c.oid, a.attnum),
       (SELECT min(k.conname) FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'n'
        AND k.conkey = ARRAY[a.attnum]), q.*
FROM pg_class c
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_collation o ON o.oid = a.attcollation
LEFT JOIN pg_attrdef e ON e.adrelid = c.oid AND e.adnum = a.attnum
LEFT JOIN ({_SEQUENCE}) q ON q.refobjid = c.oid AND q.refobjsubid = a.attnum
WHERE c.relname = %s AND c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p')
ORDER BY a.attnum"""
_PARTS = """
WITH t AS (SELECT oid FROM pg_class WHERE relname = %s
           AND relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p')),
parts AS (
  SELECT CASE k.contype WHEN 'f' THEN 'foreign key' ELSE 'constraint' END AS kind,
         k.conname AS name, pg_get_constraintdef(k.oid) AS definition,
         CASE k.contype WHEN 'p' THEN 0 WHEN 'u' THEN 0 WHEN 'f' THEN 3 ELSE 1 END AS place,
         k.conrelid AS owner, k.conkey AS numbers, 'pg_constraint'::regclass AS class, k.oid AS id
  FROM pg_constraint k JOIN t ON k.conrelid = t.oid
  WHERE k.contype IN ('p', 'u', 'c', 'x', 'f')
  UNION ALL
  SELECT 'index', c.relname, pg_get_indexdef(c.oid), 2, i.indrelid, i.indkey::int2[],
         'pg_class'::regclass, c.oid
  FROM pg_index i JOIN t ON i.indrelid = t.oid JOIN pg_class c ON c.oid = i.indexrelid
  WHERE NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = c.oid
                    AND k.contype IN ('p', 'u', 'x'))
)
SELECT kind, name, definition,
       ARRAY(SELECT DISTINCT a.attname::text FROM pg_attribute a
             WHERE a.attrelid = owner AND a.attnum > 0 AND (a.attnum = ANY(numbers) OR EXISTS (
               SELECT 1 FROM pg_depend d WHERE d.classid = class AND d.objid = id
               AND d.refclassid = 'pg_class'::regclass AND d.refobjid = owner
               AND d.refobjsubid = a.attnum)))
FROM parts ORDER BY place, name"""
_TRIGGERS = """
SELECT g.tgname, g.tgenabled::text, pg_get_triggerdef(g.oid)
FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid
WHERE c.relname = %s AND c.relnamespace = current_schema()::regnamespace AND NOT g.tgisinternal
ORDER BY g.tgname"""
_FIRING = """
WITH RECURSIVE tree AS (
  SELECT c.oid, NULL::text AS owner FROM pg_class c
  WHERE c.relname = %s AND c.relnamespace = current_schema()::regnamespace
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
_TABLE = """
SELECT c.relpersistence = 'u', array_to_string(c.reloptions, ', '),
       obj_description(c.oid, 'pg_class'), array_remove(ARRAY[
  CASE WHEN c.relacl IS NOT NULL OR EXISTS (SELECT 1 FROM pg_attribute a
            WHERE a.attrelid = c.oid AND a.attacl IS NOT NULL) THEN 'grants' END,
  CASE WHEN c.relowner <> (SELECT oid FROM pg_roles WHERE rolname = current_user)
       THEN 'the owner ' || pg_get_userbyid(c.relowner) END,
  CASE WHEN c.relrowsecurity OR EXISTS (SELECT 1 FROM pg_policy WHERE polrelid = c.oid)
       THEN 'row security' END,
  CASE WHEN c.relhasrules THEN 'rules' END,
  CASE WHEN c.reltablespace <> 0 THEN 'the tablespace' END,
  CASE WHEN c.relreplident NOT IN ('d') THEN 'the replica identity' END,
  CASE WHEN EXISTS (SELECT 1 FROM pg_statistic_ext WHERE stxrelid = c.oid)
       THEN 'extended statistics' END,
  CASE WHEN EXISTS (SELECT 1 FROM pg_publication_rel WHERE prrelid = c.oid)
       THEN 'publications' END,
  CASE WHEN c.relkind = 'p' THEN 'partitions' END,
  CASE WHEN EXISTS (SELECT 1 FROM pg_inherits WHERE inhrelid = c.oid OR inhparent = c.oid)
        AND c.relkind <> 'p' THEN 'inheritance' END], NULL)
FROM pg_class c
WHERE c.relname = %s AND c.relnamespace = current_schema()::regnamespace
  AND c.relkind IN ('r', 'p')"""
_ENFORCED = """
SELECT 1 FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
WHERE c.relname = %s AND c.relnamespace = current_schema()::regnamespace AND i.indisunique
  AND i.indisvalid AND i.indimmediate AND i.indpred IS NULL AND i.indexprs IS NULL
  AND NOT EXISTS (
    SELECT 1 FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k(number, place)
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number
    WHERE k.place <= i.indnkeyatts AND NOT (a.attnotnull AND a.attname = ANY(%s::text[])))
LIMIT 1"""


@dataclass(frozen=True, slots=True)
class Sequence:
    """The sequence that goes with a column. `name` is written as SQL takes it."""

    name: str
    type: str
    increment: int
    lowest: int
    highest: int
    start: int
    cache: int
    cycle: bool
    last: int | None

    def options(self) -> str:
        """As CREATE SEQUENCE and an identity take them, without the type."""
        return (
            f"INCREMENT BY {self.increment} MINVALUE {self.lowest} MAXVALUE {self.highest}"
            f" START WITH {self.start} CACHE {self.cache}{' CYCLE' if self.cycle else ''}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveColumn:
    """A column as the catalog has it; `identity` is empty, `a` (always) or `d` (by default).

    `required_name` is the name of NOT NULL, which has one from version 18 on.
    """

    name: str
    native: str
    required: bool
    generated: str | None
    virtual: bool
    identity: str
    default: str | None
    collation: str | None
    comment: str | None
    required_name: str | None
    sequence: Sequence | None

    @property
    def type_text(self) -> str:
        """The type with its collation."""
        return f"{self.native} COLLATE {self.collation}" if self.collation else self.native


@dataclass(frozen=True, slots=True)
class Part:
    """A constraint, foreign key or index, by the server's own definition."""

    kind: Literal["constraint", "foreign key", "index"]
    name: str
    definition: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Trigger:
    """A trigger of the user's; `enabled` is O, D (disabled), R (replica) or A (always)."""

    name: str
    enabled: str
    definition: str


@dataclass(frozen=True, slots=True)
class Firing:
    """A trigger or rule of the user's that an UPDATE of a table may set off.

    `owner` is the table that it is on, as SQL writes it, if it is one that inherits (a partition,
    too); None is the table itself. `enabled` is as in `Trigger`.
    """

    owner: str | None
    kind: Literal["TRIGGER", "RULE"]
    name: str
    enabled: str


@dataclass(frozen=True, slots=True)
class LiveTable:
    """Facts of the table itself; `lost` names what it has that is not made again."""

    unlogged: bool
    options: str | None
    comment: str | None
    lost: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Catalog:
    """Answers from the catalog; without a database there is nothing."""

    connection: Connection | None

    def columns(self, table: str) -> tuple[LiveColumn, ...]:
        return tuple(_column(row) for row in self._rows(_COLUMNS, table))

    def column(self, table: str, name: str) -> LiveColumn | None:
        return next((column for column in self.columns(table) if column.name == name), None)

    def parts(self, table: str) -> tuple[Part, ...]:
        """Constraints and indexes in an order in which they can be made."""
        rows = self._rows(_PARTS, table)
        return tuple(Part(kind, name, text, tuple(names)) for kind, name, text, names in rows)

    def part(self, table: str, name: str) -> Part | None:
        return next((part for part in self.parts(table) if part.name == name), None)

    def triggers(self, table: str) -> tuple[Trigger, ...]:
        return tuple(Trigger(*row) for row in self._rows(_TRIGGERS, table))

    def firing(self, table: str) -> tuple[Firing, ...]:
        return tuple(Firing(*row) for row in self._rows(_FIRING, table))

    def table(self, name: str) -> LiveTable | None:
        for unlogged, options, comment, lost in self._rows(_TABLE, name):
            return LiveTable(unlogged, options, comment, tuple(lost))
        return None

    def enforced(self, table: str, columns: Iterable[str]) -> bool:
        """Whether no two rows can be alike in these columns, nor null."""
        return bool(self._rows(_ENFORCED, table, list(columns)))

    def _rows(self, sql: str, *params: Any) -> list[tuple[Any, ...]]:  # noqa: ANN401
        if self.connection is None:
            return []
        # A % of format() is no placeholder.
        return self.connection.rows(sql.replace("%I", "%%I"), params)


def _column(row: tuple[Any, ...]) -> LiveColumn:
    name, native, required, generated, identity, default, collation, *rest = row
    comment, required_name, *sequence = rest
    return LiveColumn(
        name=name,
        native=native,
        required=required,
        generated=default if generated else None,
        virtual=generated == "v",
        identity=identity,
        default=None if generated else default,
        collation=collation,
        comment=comment,
        required_name=required_name,
        sequence=Sequence(*sequence[2:]) if sequence[2] is not None else None,
    )
