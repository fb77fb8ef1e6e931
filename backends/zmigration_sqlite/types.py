"""SQLite's declared types and the neutral ones.

SQLite keeps any text as a type and takes an affinity from it (https://sqlite.org/datatype3.html,
section 3.1); lengths are not enforced. zCLI declares INTEGER, REAL, BLOB and, for the rest, TEXT.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

from zmigration_api import Column, ColumnType, Table, TypeKind

Affinity = Literal["INTEGER", "TEXT", "BLOB", "REAL", "NUMERIC"]

_MEASURES = re.compile(r"([^(]*?)\s*\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\)")
_KINDS: dict[str, TypeKind] = {
    **dict.fromkeys(("int", "integer", "smallint", "tinyint", "mediumint", "int2", "int4"), "int"),
    **dict.fromkeys(("bigint", "int8", "unsigned big int"), "bigint"),
    **dict.fromkeys(("real", "float", "double", "double precision"), "float"),
    **dict.fromkeys(("decimal", "numeric"), "decimal"),
    **dict.fromkeys(("varchar", "char", "character", "character varying", "string"), "str"),
    **dict.fromkeys(("nvarchar", "nchar", "native character", "varying character"), "str"),
    **dict.fromkeys(("text", "clob"), "text"),
    **dict.fromkeys(("bool", "boolean"), "bool"),
    **dict.fromkeys(("datetime", "timestamp"), "datetime"),
    **dict.fromkeys(("json", "jsonb"), "json"),
    "date": "date",
    "time": "time",
    "blob": "blob",
    "uuid": "uuid",
}
_TEXTUAL: frozenset[TypeKind] = frozenset(
    {"str", "text", "date", "time", "datetime", "json", "uuid", "decimal"}
)
_HOLDS: dict[Affinity, frozenset[TypeKind]] = {
    "TEXT": _TEXTUAL,
    "INTEGER": frozenset({"int", "bigint", "bool"}),
    "REAL": frozenset({"float"}),
    "NUMERIC": frozenset(),
    "BLOB": frozenset({"blob"}),
}
_DECLARED: dict[TypeKind, str] = {
    "int": "INTEGER",
    "bigint": "BIGINT",
    "float": "REAL",
    "bool": "BOOLEAN",
    "blob": "BLOB",
}
_STRICT: dict[str, str] = {"BIGINT": "INTEGER", "BOOLEAN": "INTEGER"}


@lru_cache(maxsize=1024)
def canonical(declared: str) -> str:
    """A declared type as `Column.native` has it: lower case, single spaces, none at brackets."""
    single = " ".join(declared.lower().split())
    return re.sub(r"\s*([(),])\s*", r"\1", single).replace(",", ", ")


def affinity(declared: str) -> Affinity:
    """How SQLite stores values of a column declared so."""
    name = declared.upper()
    if "INT" in name:
        return "INTEGER"
    if any(part in name for part in ("CHAR", "CLOB", "TEXT")):
        return "TEXT"
    if "BLOB" in name or not name:
        return "BLOB"
    return "REAL" if any(part in name for part in ("REAL", "FLOA", "DOUB")) else "NUMERIC"


@lru_cache(maxsize=1024)
def neutral(declared: str) -> ColumnType:
    """The nearest neutral type; a column without type holds anything and counts as text."""
    native = canonical(declared)
    match = _MEASURES.fullmatch(native)
    base = match[1] if match else native
    kind = _KINDS.get(base) if native else "text"
    if kind is None:
        return ColumnType(kind="native", native=native)
    if kind == "str" and match:
        return ColumnType(kind="str", length=int(match[2]))
    if kind == "decimal" and match:
        return ColumnType(kind=kind, precision=int(match[2]), scale=int(match[3] or 0))
    return ColumnType(kind=kind)


def holds(declared: str, column_type: ColumnType) -> bool:
    """Whether values of that type are stored here as they are elsewhere, without a new type."""
    if column_type.kind == "native":
        return canonical(declared) == canonical(column_type.native or "")
    if not declared or canonical(declared) == "any":
        return True
    return column_type.kind == neutral(declared).kind or column_type.kind in _HOLDS[
        affinity(declared)
    ] | _also(declared)


def reads_as(column: Column, column_type: ColumnType) -> bool:
    """Whether an inspected column may be what a schema calls `column_type`.

    zCLI declares TEXT for every type word that it does not know: bigint, double, number.
    """
    native = column.native or ""
    if holds(native, column_type):
        return True
    return affinity(native) == "TEXT" and column_type.kind in ("bigint", "float")


def _also(declared: str) -> frozenset[TypeKind]:
    """What columns of NUMERIC affinity hold besides what their name says."""
    kind = neutral(declared).kind
    if kind == "decimal":
        return frozenset({"float"})
    return frozenset({"text"}) if kind == "str" else frozenset()


def declared_type(column_type: ColumnType, table: Table | None, *, strict: bool = False) -> str:
    """The type text for a column of `table` as it is now, following what is there."""
    if column_type.kind == "native":
        return column_type.native or ""
    if column_type.kind == "str":
        plain = strict or (table is not None and _keeps_text(table))
        return "TEXT" if plain else f"VARCHAR({column_type.length or 255})"
    text = _DECLARED.get(column_type.kind, "TEXT")
    if text == "BOOLEAN" and table is not None and _keeps_bool_as_int(table):
        return "INTEGER"
    return _STRICT.get(text, text) if strict else text


def _keeps_text(table: Table) -> bool:
    """Whether texts in this table are TEXT, as zCLI declares them."""
    natives = [column.native or "" for column in table.columns]
    texts = [native for native in natives if affinity(native) == "TEXT"]
    return bool(texts) and not any("char" in native for native in texts)


def _keeps_bool_as_int(table: Table) -> bool:
    return any(c.type.kind == "bool" and "int" in (c.native or "") for c in table.columns)
