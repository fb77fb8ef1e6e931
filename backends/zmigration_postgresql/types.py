"""Native types and neutral ones: `character varying(255)` is `str`, and the other way round.

Native texts are written as `format_type` writes them, in lower case.
"""

from __future__ import annotations

import re
from functools import lru_cache

from zmigration_api import Column, ColumnType, Table, TypeKind

from .tokens import spaced

TEXTS = frozenset({"text", "character varying"})
_IMPLICIT_LENGTH = 255
_REAL_BITS = 24
_REMEMBERED = 1024
_MEASURED = re.compile(r"([^(]+?)\s*(?:\(\s*(\d+)\s*(?:,\s*(-?\d+)\s*)?\))?(\s+with.*|\[\])?")
_SIZED = re.compile(r"(time|timestamp|interval)\((\d)\)( with(?:out)? time zone)?")
_GROWING = re.compile(r"bit varying|interval|time(stamp)? with(out)? time zone")
_SHORT = {
    "int": "integer",
    "int4": "integer",
    "serial": "integer",
    "int2": "smallint",
    "int8": "bigint",
    "bigserial": "bigint",
    "float4": "real",
    "float8": "double precision",
    "float": "double precision",
    "decimal": "numeric",
    "bool": "boolean",
    "varchar": "character varying",
    "char": "character",
    "timestamp": "timestamp without time zone",
    "timestamptz": "timestamp with time zone",
    "time": "time without time zone",
    "timetz": "time with time zone",
}
_NATIVE: dict[TypeKind, str] = {
    "int": "INTEGER",
    "bigint": "BIGINT",
    "float": "DOUBLE PRECISION",
    "decimal": "NUMERIC",
    "text": "TEXT",
    "bool": "BOOLEAN",
    "date": "DATE",
    "time": "TIME",
    "datetime": "TIMESTAMP",
    "json": "JSONB",
    "blob": "BYTEA",
    "uuid": "UUID",
}
_NEUTRAL: dict[str, TypeKind] = {
    "integer": "int",
    "smallint": "int",
    "bigint": "bigint",
    "real": "float",
    "double precision": "float",
    "numeric": "decimal",
    "text": "text",
    "character varying": "str",
    "character": "str",
    "bpchar": "str",
    "boolean": "bool",
    "date": "date",
    "time without time zone": "time",
    "timestamp without time zone": "datetime",
    "timestamp with time zone": "datetime",
    "json": "json",
    "jsonb": "json",
    "bytea": "blob",
    "uuid": "uuid",
}
_DDL = {
    "character varying": "VARCHAR",
    "character": "CHAR",
    "timestamp without time zone": "TIMESTAMP",
    "timestamp with time zone": "TIMESTAMPTZ",
    "time without time zone": "TIME",
}
# What zCLI's releases have made of each kind, besides the native type above. What they do not
# know (bigint, decimal, double, uuid, ...) is TEXT there, and their int covers what int can mean.
_ALSO: dict[TypeKind, frozenset[str]] = {
    "int": frozenset({"integer", "smallint", "bigint"}),
    "bigint": frozenset({"bigint"}) | TEXTS,
    "float": frozenset({"real", "double precision", "numeric"}) | TEXTS,
    "bool": frozenset({"boolean", "integer"}),
    "date": frozenset({"date"}) | TEXTS,
    "time": frozenset({"time without time zone"}) | TEXTS,
    "datetime": frozenset({"timestamp without time zone", "timestamp with time zone"}) | TEXTS,
    "json": frozenset({"json", "jsonb"}) | TEXTS,
    "blob": frozenset({"bytea"}),
    "uuid": frozenset({"uuid"}) | TEXTS,
}


@lru_cache(maxsize=_REMEMBERED)
def canonical(native: str) -> str:
    """The type text as `format_type` writes it: `VARCHAR(9)` is `character varying(9)`."""
    if '"' in native:
        return spaced(native)
    lowered = " ".join(native.lower().split())
    matched = _MEASURED.fullmatch(lowered)
    if matched is None:
        return lowered
    name, first, second, rest = matched.groups()
    base = _SHORT.get(name, name) if not (rest or "").startswith(" with") else name
    if name == "float" and first:
        return ("real" if int(first) <= _REAL_BITS else base) + (rest or "")
    if base == "numeric" and first and second is None:
        second = "0"
    measures = ",".join(m for m in (first, second) if m is not None)
    word, kind, zone = base.partition(" with")
    return f"{word}{f'({measures})' if measures else ''}{kind}{zone}{rest or ''}"


@lru_cache(maxsize=_REMEMBERED)
def measured(native: str) -> tuple[str, tuple[int, ...]]:
    """The type's name and its numbers: `("numeric", (10, 2))`."""
    matched = _MEASURED.fullmatch(canonical(native))
    if matched is None or matched[4]:
        return canonical(native), ()
    return matched[1], tuple(int(m) for m in (matched[2], matched[3]) if m is not None)


@lru_cache(maxsize=_REMEMBERED)
def sized(native: str) -> tuple[str, tuple[int, ...]]:
    """As `measured`, of moments and spans too: `("timestamp without time zone", (3,))`."""
    matched = _SIZED.fullmatch(canonical(native))
    return (matched[1] + (matched[3] or ""), (int(matched[2]),)) if matched else measured(native)


def widens(before: str, native: str) -> bool:
    """Whether only a measure grows or goes, so that the server leaves values as they are stored."""
    (base, old), (new_base, new) = sized(before), sized(native)
    if {base, new_base} <= TEXTS:
        return not new or bool(old and old[0] <= new[0])
    if base != new_base or base in ("character", "bit"):
        return False
    if base == "numeric":
        return not new or bool(old and old[1] == new[1] and old[0] <= new[0])
    if not _GROWING.fullmatch(base):
        return False
    return not new or bool(old and old[0] <= new[0])


@lru_cache(maxsize=_REMEMBERED)
def neutral(native: str) -> ColumnType:
    """The nearest neutral type of a native one."""
    base, measures = measured(native)
    kind = _NEUTRAL.get(base)
    if kind == "str":
        return ColumnType(kind="str", length=measures[0]) if measures else ColumnType(kind="text")
    if kind == "decimal" and measures:
        return ColumnType(kind="decimal", precision=measures[0], scale=measures[1])
    return ColumnType(kind=kind) if kind else ColumnType(kind="native", native=canonical(native))


def reads_as(column: Column, wanted: ColumnType) -> bool:
    """Whether an inspected column may be what a schema calls `wanted`."""
    base, measures = measured(native_of(column))
    match wanted.kind:
        case "native":
            return canonical(wanted.native or "") == canonical(native_of(column))
        case "str":
            return _reads_as_str(base, measures, wanted.length)
        case "text":
            return base in TEXTS and not measures
        case "decimal":
            exact = measures == _measures(wanted)
            return (base == "numeric" and exact) or (base in TEXTS and not measures)
        case kind:
            return base in _ALSO[kind] and not (base in TEXTS and measures)


def _measures(wanted: ColumnType) -> tuple[int, ...]:
    return () if wanted.precision is None else (wanted.precision, wanted.scale or 0)


def _reads_as_str(base: str, measures: tuple[int, ...], length: int | None) -> bool:
    """A shorter column is no `str`: texts that the schema allows would not fit."""
    if base not in TEXTS and base not in ("character", "bpchar"):
        return False
    if not measures:
        return True
    return measures[0] >= _IMPLICIT_LENGTH if length is None else measures[0] == length


def ddl(native: str) -> str:
    """The type text as DDL is written here: `VARCHAR(9)`, `TIMESTAMP`."""
    base, measures = measured(native)
    short = _DDL.get(base)
    if short is None:
        return native.upper() if native == canonical(native) and base in _NEUTRAL else native
    return f"{short}({', '.join(map(str, measures))})" if measures else short


def same_native(first: str, second: str) -> bool:
    """Whether two type texts mean one type."""
    return canonical(first) == canonical(second)


def native_of(column: Column) -> str:
    """The live type text, or that of a new table where none is known."""
    return column.native or canonical(native_type(column, None))


def native_type(column: Column, table: Table | None) -> str:
    """The type text for a column of `table` (None: a new one), following what is there."""
    if column.exact_type is not None:
        return column.exact_type
    kind = column.type.kind
    others = [c for c in table.columns if c.name != column.name and c.native] if table else []
    if kind == "native":
        return column.type.native or "TEXT"
    if kind == "str":
        return _varchar(column.type.length, others)
    if kind == "decimal" and column.type.precision is not None:
        return f"NUMERIC({column.type.precision},{column.type.scale or 0})"
    if kind == "bool" and _all(others, "bool", {"integer"}):
        return "INTEGER"
    if kind == "datetime" and _all(others, "datetime", {"text"}):
        return "TEXT"
    return _NATIVE[kind]


def _varchar(length: int | None, others: list[Column]) -> str:
    bases = {measured(native_of(c))[0] for c in others if c.type.textual}
    if length is None and bases == {"text"}:
        return "TEXT"
    return f"VARCHAR({length or _IMPLICIT_LENGTH})"


def _all(others: list[Column], kind: TypeKind, natives: set[str]) -> bool:
    """Whether the table keeps such columns, and all of them so."""
    found = {native_of(c) for c in others if c.type.kind == kind}
    return bool(found) and found <= natives
