"""Exact tables of a schema file with every text in its one form, as far as that needs no server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from zmigration_api import (
    Column,
    Exclusion,
    Identity,
    Index,
    PrimaryKey,
    Schema,
    Table,
    UniqueConstraint,
)

from .names import collation_name
from .sequences import read as read_options
from .sequences import usual_name
from .tokens import spaced
from .types import canonical, native_type, neutral

_Keyed = TypeVar("_Keyed", PrimaryKey, UniqueConstraint, Exclusion)
_SERIALS = {
    "smallserial": "smallint",
    "serial2": "smallint",
    "serial": "integer",
    "serial4": "integer",
    "bigserial": "bigint",
    "serial8": "bigint",
}


def counterpart(table: Table, live: Schema) -> Table | None:
    """The live table that this one is, or is to be renamed from."""
    return live.table(table.renamed_from or table.name) or live.table(table.name)


def column_of(column: Column, live: Table | None) -> Column | None:
    """The live column that this one is, or is to be renamed from."""
    if live is None:
        return None
    return live.column(column.renamed_from or column.name) or live.column(column.name)


def written(table: Table, live: Table | None) -> Table:
    """The table with every text that needs no server in its one form, as `live` has it."""
    columns = tuple(
        replace(column, required=True) if column.name in table.key else column
        for column in (_column(table.name, c, column_of(c, live)) for c in table.columns)
    )
    ordered = _ordered(live) if live else {}
    key = table.primary_key
    return replace(
        table,
        columns=columns,
        primary_key=key and _keyed(key, ordered),
        unique=tuple(_keyed(unique, ordered) for unique in table.unique),
        checks=tuple(replace(c, expression=spaced(c.expression)) for c in table.checks),
        exclusions=tuple(
            replace(_keyed(x, ordered), definition=spaced(x.definition)) for x in table.exclusions
        ),
        options=tuple(sorted(map(_option, table.options))),
        indexes=tuple(_index(index, ordered.get(index.name)) for index in table.indexes),
        comment=table.comment or None,
    )


def _ordered(live: Table) -> dict[str, tuple[str, ...]]:
    """The options that live indexes have, also those behind keys, by name."""
    named: dict[str, tuple[str, ...]] = {index.name: index.options for index in live.indexes}
    named |= {unique.name: unique.options for unique in live.unique}
    named |= {exclusion.name: exclusion.options for exclusion in live.exclusions}
    if live.primary_key is not None:  # a file may leave its name to the store
        named |= dict.fromkeys(("", live.primary_key.name or ""), live.primary_key.options)
    return named


def _keyed(key: _Keyed, ordered: Mapping[str, tuple[str, ...]]) -> _Keyed:
    options = tuple(_option(text).lower().replace("'", "") for text in key.options)
    return replace(
        key,
        options=_in_order(options, ordered.get(key.name or "")),
        comment=key.comment or None,
        index_comment=key.index_comment or None,
    )


def _in_order(options: tuple[str, ...], ordered: tuple[str, ...] | None) -> tuple[str, ...]:
    """The options, in the order that the live ones have where they are the same."""
    return ordered if ordered and sorted(ordered) == sorted(options) else options


def _option(text: str) -> str:
    name, is_set, value = (part.strip() for part in text.partition("="))
    if not is_set:
        return "UNLOGGED" if name.upper() == "UNLOGGED" else f"{name.lower()}=true"
    return f"{name.lower()}={value}"


def _index(index: Index, ordered: tuple[str, ...] | None) -> Index:
    """`ordered` are the options that the live one has: their order is no difference."""
    options = tuple(map(_option, index.options))
    method = index.method and index.method.lower()
    return replace(
        index,
        method=None if method == "btree" else method,
        where=index.where and spaced(index.where),
        keys=tuple(map(spaced, index.keys)),
        options=_in_order(options, ordered),
        comment=index.comment or None,
    )


def _column(table: str, column: Column, live: Column | None) -> Column:
    written = native_type(column, None)
    native = _SERIALS.get(written.strip().lower()) or canonical(written)
    identity = column.identity
    required = identity is not None and identity.kind != "serial"
    if written.strip().lower() in _SERIALS:
        required = True
        identity = identity or Identity(kind="serial")
    if live is not None and live.exact_type and canonical(live.exact_type) == native:
        native = live.exact_type
    numbered = identity is not None
    default = column.default
    if default is not None and default.kind == "expression":
        default = replace(default, text=spaced(default.text))
    return replace(
        column,
        type=neutral(native),
        exact_type=native,
        required=column.required or required,
        default=default,
        auto_increment=column.auto_increment or numbered,
        generated=column.generated and spaced(column.generated),
        collation=column.collation and collation_name(column.collation),
        identity=identity and _numbering(table, column.name, native, identity),
        attributes=tuple(sorted(map(_attribute, column.attributes))),
        comment=column.comment or None,
    )


def _attribute(text: str) -> str:
    if text.startswith("("):
        return f"({', '.join(_option(part) for part in text[1:-1].split(','))})"
    word, _, value = spaced(text).partition(" ")
    lowered = word.upper() == "COMPRESSION"
    return f"{word.upper()} {value.lower() if lowered else value.upper()}"


def _numbering(table: str, column: str, native: str, identity: Identity) -> Identity:
    """The options in their one form."""
    numbering = read_options(identity.options)
    if numbering is None:
        return identity
    return replace(identity, options=numbering.text(native, usual_name(table, column)))
