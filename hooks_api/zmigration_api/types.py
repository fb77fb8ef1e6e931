"""Column types in neutral terms: what a schema file calls a column, whatever store keeps it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

TypeKind = Literal[
    "int",
    "bigint",
    "float",
    "decimal",
    "str",
    "text",
    "bool",
    "date",
    "time",
    "datetime",
    "json",
    "blob",
    "uuid",
    "native",
]

KINDS: tuple[TypeKind, ...] = get_args(TypeKind)

ALIASES: dict[str, TypeKind] = {
    "integer": "int",
    "smallint": "int",
    "tinyint": "int",
    "int2": "int",
    "int4": "int",
    "serial": "int",
    "int8": "bigint",
    "long": "bigint",
    "bigserial": "bigint",
    "string": "str",
    "varchar": "str",
    "nvarchar": "str",
    "character varying": "str",
    "char": "str",
    "character": "str",
    "email": "str",
    "url": "str",
    "phone": "str",
    "enum": "str",
    "longtext": "text",
    "mediumtext": "text",
    "number": "float",
    "double": "float",
    "double precision": "float",
    "float4": "float",
    "float8": "float",
    "real": "float",
    "numeric": "decimal",
    "dec": "decimal",
    "boolean": "bool",
    "timestamp": "datetime",
    "jsonb": "json",
    "list": "json",
    "array": "json",
    "dict": "json",
    "object": "json",
    "bytes": "blob",
    "binary": "blob",
    "varbinary": "blob",
    "bytea": "blob",
    "guid": "uuid",
}
"""Other spellings that schema files use, in lower case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnType:
    """One type: a kind, and the measures that the kind takes.

    `length` counts characters (str), `precision` and `scale` count decimal digits (decimal).
    `native` is a store's own type text and goes with the kind "native" only.
    """

    kind: TypeKind
    length: int | None = None
    precision: int | None = None
    scale: int | None = None
    native: str | None = None

    def __str__(self) -> str:
        if self.native is not None:
            return self.native
        measures = [m for m in (self.length, self.precision, self.scale) if m is not None]
        return f"{self.kind}({', '.join(map(str, measures))})" if measures else self.kind

    @property
    def textual(self) -> bool:
        """Whether every text is a value of this type (its length aside)."""
        return self.kind in ("str", "text")
