"""What tables look like, read from the catalog in three queries, however many they are."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from zmigration_api import (
    Action,
    Check,
    Column,
    ColumnType,
    Default,
    ForeignKey,
    Index,
    PrimaryKey,
    Schema,
    Table,
    UniqueConstraint,
)
from zmigration_api.values import format_value, parse

from .connection import Connection
from .names import spell
from .types import canonical, neutral

# COLLATE "C" folds A to Z alone, as unquoted names are.
_TABLES = """
SELECT c.oid, c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
       a.attgenerated::text, a.attidentity::text, pg_get_expr(d.adbin, d.adrelid)
FROM pg_class c
LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p')
  AND lower(c.relname::text COLLATE "C") = ANY(%s)
ORDER BY c.relname, a.attnum"""
_CONSTRAINTS = """
SELECT k.conrelid, k.conname, k.contype::text, names(k.conrelid, k.conkey), r.relname,
       names(k.confrelid, k.confkey), k.confdeltype::text, k.confupdtype::text,
       pg_get_expr(k.conbin, k.conrelid)
FROM pg_constraint k
LEFT JOIN pg_class r ON r.oid = k.confrelid
WHERE k.conrelid = ANY(%s) AND k.contype IN ('p', 'u', 'f', 'c')
ORDER BY k.conrelid, k.conname"""
_INDEXES = """
SELECT i.indrelid, c.relname, i.indisunique, names(i.indrelid, i.indkey::int2[]),
       pg_get_expr(i.indpred, i.indrelid)
FROM pg_index i
JOIN pg_class c ON c.oid = i.indexrelid
WHERE i.indrelid = ANY(%s) AND i.indexprs IS NULL AND i.indisvalid AND NOT i.indisprimary
  AND i.indnatts = i.indnkeyatts
  AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = c.oid
                  AND k.contype IN ('p', 'u', 'x'))
ORDER BY i.indrelid, c.relname"""
_FINGERPRINTS = """
SELECT owner, md5(string_agg(fact, E'\\n' ORDER BY fact)) FROM (
SELECT oid AS owner, concat_ws(' ', oid, relnamespace, relname, relkind) AS fact FROM pg_class
WHERE oid = ANY(%s)
UNION ALL SELECT attrelid, a::text FROM pg_attribute a WHERE attrelid = ANY(%s) AND attnum > 0
UNION ALL SELECT adrelid, d::text FROM pg_attrdef d WHERE adrelid = ANY(%s)
UNION ALL SELECT conrelid, k::text FROM pg_constraint k WHERE conrelid = ANY(%s)
UNION ALL SELECT indrelid, concat_ws(' ', c.relname, i) FROM pg_index i
JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = ANY(%s)) AS facts
GROUP BY owner"""
_OIDS = """
SELECT oid, relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace
  AND relkind IN ('r', 'p') AND lower(relname::text COLLATE "C") = ANY(%s)"""
_NAMES = re.compile(r"names\(([\w.]+), ([\w.:\[\]]+)\)")
_NAMES_SQL = (
    r"ARRAY(SELECT a.attname::text FROM unnest(\2) WITH ORDINALITY AS o(number, place)"
    r" JOIN pg_attribute a ON a.attrelid = \1 AND a.attnum = o.number ORDER BY o.place)"
)
_ACTIONS: dict[str, Action] = {
    "a": "NO ACTION",
    "r": "RESTRICT",
    "c": "CASCADE",
    "n": "SET NULL",
    "d": "SET DEFAULT",
}
_LITERAL = re.compile(r"'((?:[^']|'')*)'(?:::.+)?", re.DOTALL)
_NUMBER = re.compile(r"\(?(-?\d+(?:\.\d+)?)\)?(?:::.+)?")
_NOW = re.compile(
    r"\(*(now\(\)|CURRENT_TIMESTAMP|LOCALTIMESTAMP|CURRENT_DATE|LOCALTIME"
    r"|timezone\('utc'::text, (now\(\)|CURRENT_TIMESTAMP)\)"
    r"|to_char\(\((now\(\)|CURRENT_TIMESTAMP) AT TIME ZONE 'UTC'::text\), '[^']*'::text\))"
    r"( AT TIME ZONE 'utc'::text)?\)*(::[a-z ]+)?",
    re.IGNORECASE,
)


@dataclass(slots=True)
class _Found:
    """A table while it is put together."""

    name: str
    columns: list[Column] = field(default_factory=list)
    primary_key: PrimaryKey | None = None
    unique: list[UniqueConstraint] = field(default_factory=list)
    foreign_keys: list[ForeignKey] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    indexes: list[Index] = field(default_factory=list)

    def table(self) -> Table:
        return Table(
            name=self.name,
            columns=tuple(self.columns),
            primary_key=self.primary_key,
            unique=tuple(self.unique),
            foreign_keys=tuple(self.foreign_keys),
            checks=tuple(self.checks),
            indexes=tuple(self.indexes),
        )


def inspect(connection: Connection, tables: Collection[str]) -> Schema:
    """The tables of these names that are there."""
    wanted = {spell(name): name for name in tables}
    found = _found(connection.rows(_TABLES, [list(wanted)]))
    chosen = _chosen(found, wanted)
    if chosen:
        oids = [list(chosen)]
        for row in connection.rows(_NAMES.sub(_NAMES_SQL, _CONSTRAINTS), oids):
            _add_constraint(chosen[row[0]], row[1:])
        for row in connection.rows(_NAMES.sub(_NAMES_SQL, _INDEXES), oids):
            _add_index(chosen[row[0]], row[1:])
    return Schema(tables=tuple(found.table() for found in chosen.values()))


def fingerprints(connection: Connection, tables: Collection[str]) -> dict[str, str]:
    """For each table that is there a digest of the catalog's rows, whatever is read of them."""
    wanted = {spell(name): name for name in tables}
    oids = {oid: spell(name) for oid, name in connection.rows(_OIDS, [list(wanted)])}
    facts: dict[str, list[str]] = {}
    rows = connection.rows(_FINGERPRINTS, [list(oids)] * _FINGERPRINTS.count("%s"))
    for oid, fact in sorted(rows):
        facts.setdefault(oids[oid], []).append(fact)
    return {wanted[key]: " ".join(mine) for key, mine in facts.items()}


def _found(rows: Iterable[tuple[Any, ...]]) -> dict[int, _Found]:
    found: dict[int, _Found] = {}
    for oid, table, name, *facts in rows:
        part = found.setdefault(oid, _Found(table))
        if name is not None:
            part.columns.append(_column(name, *facts))
    return found


def _chosen(found: dict[int, _Found], wanted: dict[str, str]) -> dict[int, _Found]:
    """One table for each name: of `Users` and `users` the one asked for, else the folded one."""
    best: dict[str, tuple[int, int]] = {}
    for oid, part in found.items():
        key = spell(part.name)
        rank = 0 if part.name == wanted[key] else 1 if part.name == key else 2
        best[key] = min(best.get(key, (rank, oid)), (rank, oid))
    kept = {oid for _, oid in best.values()}
    return {oid: part for oid, part in found.items() if oid in kept}


def _column(
    name: str,
    native: str,
    required: bool,
    generated: str,
    identity: str,
    default: str | None,
) -> Column:
    column_type = neutral(native)
    serial = bool(identity) or (default or "").startswith("nextval(")
    return Column(
        name=name,
        type=column_type,
        required=required,
        default=None if generated or serial else read_default(default, column_type),
        auto_increment=serial,
        generated=_bare(default or "") if generated else None,
        native=canonical(native),
    )


def read_default(text: str | None, column_type: ColumnType) -> Default | None:
    """A default as the server shows it; plain values and the current time are understood."""
    if text is None or text.upper() == "NULL" or text.upper().startswith("NULL::"):
        return None
    if _NOW.fullmatch(text):
        return Default(kind="now")
    quoted, number = _LITERAL.fullmatch(text), _NUMBER.fullmatch(text)
    value = quoted[1].replace("''", "'") if quoted else number[1] if number else None
    value = text if value is None and text in ("true", "false") else value
    if value is None or column_type.kind in ("native", "blob"):
        return Default(kind="expression", text=text)
    try:
        return Default(kind="value", text=format_value(parse(value, column_type), column_type))
    except ValueError:
        return Default(kind="expression", text=text)


def _bare(condition: str) -> str:
    """A condition without the parentheses that the server puts around it."""
    return condition[1:-1] if condition.startswith("(") and condition.endswith(")") else condition


def _add_constraint(part: _Found, facts: tuple[Any, ...]) -> None:
    name, kind, columns, ref_table, ref_columns, on_delete, on_update, condition = facts
    columns = tuple(columns)
    match kind:
        case "p":
            part.primary_key = PrimaryKey(columns=columns, name=name)
        case "u":
            part.unique.append(UniqueConstraint(columns=columns, name=name))
        case "c":
            part.checks.append(Check(name=name, expression=_bare(condition)))
        case _:
            part.foreign_keys.append(
                ForeignKey(
                    columns=columns,
                    ref_table=ref_table,
                    ref_columns=tuple(ref_columns),
                    on_delete=_ACTIONS[on_delete],
                    on_update=_ACTIONS[on_update],
                    name=name,
                )
            )


def _add_index(part: _Found, facts: tuple[Any, ...]) -> None:
    name, unique, columns, where = facts
    if unique and where is None:
        part.unique.append(UniqueConstraint(columns=tuple(columns), name=name))
        return
    condition = None if where is None else _bare(where)
    index = Index(columns=tuple(columns), unique=unique, where=condition, name=name)
    part.indexes.append(index)
