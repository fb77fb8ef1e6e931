"""The exact tables of a schema file in the very forms in which the store would show them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from zmigration_api import (
    Column,
    ColumnType,
    Default,
    Identity,
    Index,
    NamedType,
    Schema,
    Table,
)

from . import scratch
from .connection import Connection
from .defaults import stored_text
from .fill import default_text
from .named_types import of_names
from .names import collation_name
from .render import UNLOGGED
from .sequences import read as read_options
from .sequences import usual_name
from .tokens import spaced
from .types import canonical, native_type, neutral

ROUNDS = 3
"""How often a text is given to the server again that it keeps otherwise than it was written."""
_SERIALS = {
    "smallserial": "smallint",
    "serial2": "smallint",
    "serial": "integer",
    "serial4": "integer",
    "bigserial": "bigint",
    "serial8": "bigint",
}


@dataclass(slots=True)
class Canon:
    """What the server has been asked before, so that it is asked once."""

    tables: dict[tuple[Table, tuple[NamedType, ...]], Table] = field(default_factory=dict)
    types: dict[tuple[NamedType, ...], tuple[NamedType, ...]] = field(default_factory=dict)


def exact(connection: Connection | None, schema: Schema, live: Schema, canon: Canon) -> Schema:
    """`schema` in the forms of `as_found`; `live` is in them."""
    there = tuple(of_names(connection, [t.name for t in schema.types])) if connection else ()
    written = [_written(table, _counterpart(table, live)) for table in schema.tables]
    settled = [_settled(table, _counterpart(table, live)) for table in written]
    fresh = tuple(_fresh(schema.types, there))
    open_tables = [t for t, s in zip(written, settled, strict=True) if s is None]
    asked = _asked(connection, open_tables, fresh, canon)
    answers = iter(asked.tables)
    tables = tuple(s if s is not None else next(answers) for s in settled)
    known = {named.name: named for named in asked.types}
    types = tuple(_typed(named, known) for named in schema.types)
    return replace(schema, tables=tables, types=types)


def _counterpart(table: Table, live: Schema) -> Table | None:
    return live.table(table.renamed_from or table.name) or live.table(table.name)


def _column_of(column: Column, live: Table | None) -> Column | None:
    if live is None:
        return None
    return live.column(column.renamed_from or column.name) or live.column(column.name)


def _written(table: Table, live: Table | None) -> Table:
    """The table with every text that needs no server in its one form."""
    columns = tuple(
        replace(column, required=True) if column.name in table.key else column
        for column in (_column(table.name, c, _column_of(c, live)) for c in table.columns)
    )
    ordered = {index.name: index.options for index in live.indexes} if live else {}
    return replace(
        table,
        columns=columns,
        checks=tuple(replace(c, expression=spaced(c.expression)) for c in table.checks),
        exclusions=tuple(replace(x, definition=spaced(x.definition)) for x in table.exclusions),
        options=tuple(sorted(map(_option, table.options))),
        indexes=tuple(_index(index, ordered.get(index.name)) for index in table.indexes),
        comment=table.comment or None,
    )


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
        options=ordered if ordered and sorted(ordered) == sorted(options) else options,
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


def _settled(table: Table, live: Table | None) -> Table | None:
    """The table, if it is sure how the server keeps it.

    It is where `live` has each of its texts in the same surroundings, and where there is none.
    """
    columns = [_settled_column(c, _column_of(c, live)) for c in table.columns]
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
    texts += [exclusion.definition for exclusion in table.exclusions]
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
    canon: Canon,
) -> _Answer:
    """What the server makes of these tables."""
    if connection is None or not (tables or any(t.kind == "domain" for t in types)):
        return _Answer(tuple(map(_unasked, tables)), types)
    missing = [table for table in tables if (table, types) not in canon.tables]
    if missing or types not in canon.types:
        if not scratch.possible(connection):
            return _Answer(tuple(map(_unasked, tables)), types)
        found = _made(connection, missing, types)
        canon.types[types] = found.types
        for table, one in zip(missing, found.tables, strict=True):
            canon.tables[table, types] = one
    answers = (_with_texts(table, canon.tables[table, types]) for table in tables)
    return _Answer(tuple(answers), canon.types[types])


def _made(connection: Connection, tables: Sequence[Table], types: tuple[NamedType, ...]) -> _Answer:
    """Read back until the server keeps what it was given; nearly always at once."""
    now = dict(enumerate(tables))
    given = dict(now)
    for _ in range(ROUNDS):
        made = scratch.made(connection, list(given.values()), types)
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
        exclusions=tuple(replace(x, definition=k.definition) for x, k in exclusions),
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
