"""The exact tables of a schema file in the very forms in which the store would show them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from zmigration_api import (
    Column,
    ColumnType,
    Default,
    NamedType,
    Schema,
    Table,
)

from . import scratch
from .connection import Connection
from .defaults import stored_text
from .fill import default_text
from .named_types import of_names
from .render import UNLOGGED
from .types import canonical, native_type, neutral
from .written import column_of, counterpart, written

ROUNDS = 3
"""How often a text is given to the server again that it keeps otherwise than it was written."""


_Place: TypeAlias = tuple[Table, tuple[tuple[str, ...], ...], tuple[NamedType, ...]]


@dataclass(slots=True)
class Canon:
    """What the server has been asked before, so that it is asked once."""

    tables: dict[_Place, Table] = field(default_factory=dict)
    types: dict[tuple[NamedType, ...], tuple[NamedType, ...]] = field(default_factory=dict)


def exact(connection: Connection | None, schema: Schema, live: Schema, canon: Canon) -> Schema:
    """`schema` in the forms of `as_found`; `live` is in them."""
    there = tuple(of_names(connection, [t.name for t in schema.types])) if connection else ()
    drafts = [written(table, counterpart(table, live)) for table in schema.tables]
    settled = [_settled(table, counterpart(table, live)) for table in drafts]
    fresh = tuple(_fresh(schema.types, there))
    open_tables = [t for t, s in zip(drafts, settled, strict=True) if s is None]
    others = [s for s in settled if s is not None and counterpart(s, live) is None]
    asked = _asked(connection, open_tables, fresh, others, canon)
    answers = iter(asked.tables)
    tables = tuple(s if s is not None else next(answers) for s in settled)
    known = {named.name: named for named in asked.types}
    types = tuple(_typed(named, known) for named in schema.types)
    return replace(schema, tables=tables, types=types)


def _settled(table: Table, live: Table | None) -> Table | None:
    """The table, if it is sure how the server keeps it.

    It is where `live` has each of its texts in the same surroundings, and where there is none.
    """
    columns = [_settled_column(c, column_of(c, live)) for c in table.columns]
    texts = _texts(table)
    if None in columns or (live is None and texts):
        return None
    if live is not None and (texts or any(column.generated for column in table.columns)):
        kept = {c.name: c for c in columns if c is not None}
        known = set(_texts(live))
        if not known.issuperset(texts) or not all(
            _alike(c, kept.get(c.name)) for c in live.columns
        ):
            return None
    return replace(table, columns=tuple(c for c in columns if c is not None), exact=True)


def _alike(live: Column, column: Column | None) -> bool:
    if column is None:
        return False
    return (column.exact_type, column.collation) == (live.exact_type, live.collation)


def _texts(table: Table) -> list[str]:
    """Every SQL text of the table, its constraints and indexes; columns have their own."""
    texts = [option for option in table.options if option != UNLOGGED]
    texts += [check.expression for check in table.checks]
    for exclusion in table.exclusions:
        texts += [exclusion.definition, *exclusion.options]
    for index in table.indexes:
        texts += [*index.keys, *([index.where] if index.where else []), *index.options]
    return texts


def _settled_column(column: Column, live: Column | None) -> Column | None:
    """The column, if what it says is said by the live one or is sure to be kept as it is."""
    same = live is not None and live.exact_type == column.exact_type
    if live is None or not same:
        if not _is_sure(column) or column.generated or column.collation:
            return None
        live = None
    elif column.collation not in (None, live.collation) or column.generated != live.generated:
        return None
    default = column.default
    if default is None or default.kind == "app":
        return column
    text: str | None = default.text
    if default.kind != "expression":
        text = stored_text(column, column.exact_type or "")
    elif live is None or live.default is None or live.default.text != text:
        return None
    kept = None if text is None else Default(kind="expression", text=text)
    return None if kept is None else replace(column, default=kept)


def _is_sure(column: Column) -> bool:
    """Whether the type text is the server's own."""
    known = neutral(column.exact_type or "")
    return known.kind != "native" and canonical(native_type(_of(known), None)) == column.exact_type


def _of(column_type: ColumnType) -> Column:
    return Column(name="", type=column_type)


def _fresh(types: Sequence[NamedType], live: Sequence[NamedType]) -> list[NamedType]:
    """The types that are not there as they are said."""
    there = {named.name: named for named in live}
    return [named for named in types if there.get(named.name) != named]


def _typed(named: NamedType, known: Mapping[str, NamedType]) -> NamedType:
    asked = known.get(named.name)
    return replace(named, definition=asked.definition) if asked else named


@dataclass(frozen=True, slots=True)
class _Answer:
    tables: tuple[Table, ...] = ()
    types: tuple[NamedType, ...] = ()


def _asked(
    connection: Connection | None,
    tables: Sequence[Table],
    types: tuple[NamedType, ...],
    others: Sequence[Table],
    canon: Canon,
) -> _Answer:
    """What the server makes of these tables, beside others that are to come with them."""
    if connection is None or not (tables or any(t.kind == "domain" for t in types)):
        return _Answer(tuple(map(_unasked, tables)), types)
    missing = [table for table in tables if _place(table, types) not in canon.tables]
    if missing or types not in canon.types:
        if not scratch.possible(connection):
            return _Answer(tuple(map(_unasked, tables)), types)
        found = _made(connection, missing, types, others)
        canon.types[types] = found.types
        for table, one in zip(missing, found.tables, strict=True):
            canon.tables[_place(table, types)] = one
    answers = (_with_texts(table, canon.tables[_place(table, types)]) for table in tables)
    return _Answer(tuple(answers), canon.types[types])


def _place(table: Table, types: tuple[NamedType, ...]) -> _Place:
    """Options of exclusions take no part in comparisons of tables."""
    return table, tuple(exclusion.options for exclusion in table.exclusions), types


def _made(
    connection: Connection,
    tables: Sequence[Table],
    types: tuple[NamedType, ...],
    others: Sequence[Table],
) -> _Answer:
    """Read back until the server keeps what it was given; nearly always at once."""
    now = dict(enumerate(tables))
    given = dict(now)
    for _ in range(ROUNDS):
        made = scratch.made(connection, list(given.values()), types, others)
        read = dict(zip(given, map(_with_texts, given.values(), made.tables), strict=True))
        types = tuple(_typed(named, {t.name: t for t in made.types}) for named in types)
        now |= read
        given = {n: read[n] for n, table in given.items() if _moved(table, read[n])}
        if not given:
            break
    return _Answer(tuple(now.values()), types)


def _moved(given: Table, read: Table) -> bool:
    """Whether a SQL text is kept otherwise than it was given."""
    if _texts(given) != _texts(read):
        return True
    pairs = zip(given.columns, read.columns, strict=True)
    return any(
        before.generated != after.generated
        or (before.default != after.default and _is_expression(before.default))
        for before, after in pairs
    )


def _is_expression(default: Default | None) -> bool:
    return default is not None and default.kind == "expression"


def _with_texts(table: Table, kept: Table) -> Table:
    """The table with its texts as they are kept; both have their parts in one order."""
    columns = (_kept(c, kept.column(c.name)) for c in table.columns)
    checks = zip(table.checks, kept.checks, strict=True)
    exclusions = zip(table.exclusions, kept.exclusions, strict=True)
    indexes = zip(table.indexes, kept.indexes, strict=True)
    return replace(
        table,
        columns=tuple(columns),
        checks=tuple(replace(c, expression=k.expression) for c, k in checks),
        exclusions=tuple(
            replace(x, definition=k.definition, options=k.options) for x, k in exclusions
        ),
        indexes=tuple(
            replace(i, columns=k.columns, keys=k.keys, where=k.where, options=k.options)
            for i, k in indexes
        ),
        options=tuple(sorted({*kept.options, *(o for o in table.options if o == UNLOGGED)})),
        exact=True,
    )


def _kept(column: Column, kept: Column | None) -> Column:
    if kept is None:
        return column
    app = column.default is not None and not column.default.stored
    return replace(
        column,
        type=kept.type,
        exact_type=kept.exact_type,
        default=column.default if app else kept.default,
        generated=kept.generated,
        collation=kept.collation,
    )


def _unasked(table: Table) -> Table:
    """The table by its own texts, where the server cannot be asked."""
    return replace(table, columns=tuple(map(_own_words, table.columns)), exact=True)


def _own_words(column: Column) -> Column:
    default, native = column.default, column.exact_type or ""
    if default is None or default.kind not in ("value", "now"):
        return column
    text = stored_text(column, native) or default_text(column, native) or ""
    return replace(column, default=Default(kind="expression", text=text))
