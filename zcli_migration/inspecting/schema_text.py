"""A described schema as the text of one schema file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from zcli_migration.schema_file.keys import TABLE_ALIASES
from zcli_migration.schema_file.model import Exactness
from zmigration_api import NamedType, Schema, Table

from .fields import field_value, looks_like_a_column
from .parts import Parts
from .words import Dialect
from .yaml_layout import Value, bullet, comment, entry, spread
from .yaml_words import Literal

FIRST_VERSION = "v1.0.0"
_FLAT = frozenset({"primary_key"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What the top of the file says: its Meta, and what it is of in a comment.

    `meta` are the keys of Meta before those of migrations. `notes` are sentences on what the file
    cannot say, `inferred` those on what was concluded from a table's rows, by table.
    """

    title: str
    meta: Mapping[str, str]
    exact: Exactness | None = None
    notes: Sequence[str] = ()
    inferred: Mapping[str, Sequence[str]] = field(default_factory=dict)
    version: str = FIRST_VERSION


def schema_text(schema: Schema, head: Head) -> str:
    """The text of the schema file, which reads as that schema."""
    dialect = Dialect(head.meta["Data_Type"], head.exact is not None)
    lines = [*_head(head), *_meta(schema.types, head)]
    for table in sorted(schema.tables, key=lambda table: table.name):
        lines += ["", *_table(table, dialect, head.inferred.get(table.name, ()))]
    return "\n".join([*lines, ""])


def _head(head: Head) -> Iterator[str]:
    yield from comment(head.title)
    if head.notes:
        yield "#"
        yield from comment("Not in this file, and left alone by migrations:")
        for note in head.notes:
            yield from bullet(note)
    yield ""


def _meta(types: Sequence[NamedType], head: Head) -> Iterator[str]:
    yield "Meta:"
    exact = {"zMigrationExact": head.exact} if head.exact else {}
    own = {"zMigration": Literal("true"), "zMigrationVersion": head.version, **exact}
    for key, text in {**head.meta, **own}.items():
        yield from entry(key, text, 2)
    if types:
        yield "  zTypes:"
        for one in sorted(types, key=lambda one: one.name):
            yield from entry(one.name, _type(one), 4)


def _type(one: NamedType) -> Value:
    found: dict[str, Value] = {}
    found[one.kind] = one.values if one.kind == "enum" else one.definition
    return found | {"comment": one.comment} if one.comment is not None else found


def _table(table: Table, dialect: Dialect, inferred: Sequence[str]) -> Iterator[str]:
    parts = Parts(table, dialect)
    for text in inferred:
        yield from comment(text)
    body = [*_about(table), *_columns(table, parts, dialect), *_lists(table, parts)]
    if not body:
        yield from entry(table.name, {}, 0)
        return
    yield f"{next(entry(table.name, {}, 0)).removesuffix(' {}')}"
    yield from body


def _about(table: Table) -> Iterator[str]:
    if table.comment is not None:
        alone = not looks_like_a_column(table.comment)
        value = table.comment if alone else [table.comment]
        yield from entry(_spelt("comment", table), value, 2)


_ALIASES = {key: alias for alias, key in TABLE_ALIASES.items()}


def _spelt(key: str, table: Table) -> str:
    """The table's key, in the spelling that is no column of it."""
    return key if table.column(key) is None else _ALIASES[key]


def _columns(table: Table, parts: Parts, dialect: Dialect) -> Iterator[str]:
    for column in table.columns:
        yield from entry(column.name, field_value(column, parts.marks[column.name], dialect), 2)


def _lists(table: Table, parts: Parts) -> Iterator[str]:
    for key, values in parts.lists.items():
        flat = key in _FLAT and all(isinstance(value, str) for value in values)
        name = _spelt(key, table)
        yield from entry(name, values, 2) if flat else spread(name, values, 2)
    if table.options:
        yield from entry(_spelt("options", table), table.options, 2)
