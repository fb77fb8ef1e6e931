"""Schemas and names as they are called after the renames of a plan, and before."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from zmigration_api import (
    AddColumn,
    Change,
    Column,
    CreateTable,
    ForeignKey,
    Index,
    PrimaryKey,
    RenameColumn,
    RenameTable,
    RenameType,
    Schema,
    Table,
    UniqueConstraint,
)

_LITERAL = re.compile(r"('(?:[^']|'')*')")
_WORD = re.compile(r'"[^"]+"|\w+')
_PART = r'(?:"[^"]+"|\w+)'
_TYPE = re.compile(rf"(?<=::){_PART}(?:\.{_PART})?")
_SIMPLE = re.compile(r"[a-z_][a-z0-9_.]*")
_OverColumns = TypeVar("_OverColumns", PrimaryKey, UniqueConstraint, Index)


@dataclass(frozen=True, slots=True)
class Names:
    """The renames of a plan. Columns are looked up under their table's new name."""

    tables: Mapping[str, str]
    columns: Mapping[tuple[str, str], str]
    types: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, changes: Iterable[Change]) -> Names:
        """The renames among these changes."""
        listed = tuple(changes)
        return cls(
            {c.old: c.new for c in listed if isinstance(c, RenameTable)},
            {(c.table, c.old): c.new for c in listed if isinstance(c, RenameColumn)},
            {c.old: c.new for c in listed if isinstance(c, RenameType)},
        )

    def table(self, old: str) -> str:
        """The new name of a table."""
        return self.tables.get(old, old)

    def column(self, new_table: str, old: str) -> str:
        """The new name of a column."""
        return self.columns.get((new_table, old), old)

    def old_table(self, new: str) -> str:
        """The name under which the store has the table now."""
        return next((old for old, after in self.tables.items() if after == new), new)

    def old_column(self, new_table: str, new: str) -> str:
        """The name under which the store has the column now."""
        found = (old for (t, old), after in self.columns.items() if (t, after) == (new_table, new))
        return next(found, new)


def renamed(schema: Schema, changes: Iterable[Change]) -> Schema:
    """The schema with the renames among these changes made, everywhere that names stand."""
    names = Names.of(changes)
    if not names.tables and not names.columns and not names.types:
        return schema
    types = (replace(t, name=names.types.get(t.name, t.name)) for t in schema.types)
    tables = (_table(table, names) for table in schema.tables)
    return Schema(tables=tuple(tables), types=tuple(types))


def _table(table: Table, names: Names) -> Table:
    new = names.table(table.name)
    return replace(
        table,
        name=new,
        columns=tuple(_column(c, new, names) for c in table.columns),
        primary_key=_over(table.primary_key, new, names) if table.primary_key else None,
        unique=tuple(_over(item, new, names) for item in table.unique),
        indexes=tuple(_over(item, new, names) for item in table.indexes),
        foreign_keys=tuple(_foreign_key(key, new, names) for key in table.foreign_keys),
        checks=tuple(
            replace(check, expression=_text(check.expression, new, names)) for check in table.checks
        ),
        exclusions=tuple(
            replace(exclusion, definition=_text(exclusion.definition, new, names))
            for exclusion in table.exclusions
        ),
    )


def _column(column: Column, table: str, names: Names) -> Column:
    generated, exact_type, native = column.generated, column.exact_type, column.native
    default = column.default
    if default is not None and default.kind == "expression":
        default = replace(default, text=_with_types(default.text, names.types))
    kind = column.type
    if kind.native is not None:
        kind = replace(kind, native=_with_words(kind.native, names.types))
    return replace(
        column,
        type=kind,
        default=default,
        name=names.column(table, column.name),
        generated=generated and _text(generated, table, names),
        exact_type=exact_type and _with_words(exact_type, names.types),
        native=native and _with_words(native, names.types),
    )


def _quoted(name: str) -> str:
    """A name as SQL writes it: in quotes where it is no simple word."""
    return name if _SIMPLE.fullmatch(name) else '"' + name.replace('"', '""') + '"'


def _text(expression: str, table: str, names: Names) -> str:
    """An expression over the columns of a table. Where this guesses wrong, it is made anew."""
    columns = {old: n for (t, old), n in names.columns.items() if t == table}
    return _with_types(_with_words(expression, columns), names.types)


def _with_types(text: str, new: Mapping[str, str]) -> str:
    """Types that are cast to replaced: `'ok'::mood`."""
    written = {_written(old): _written(name) for old, name in new.items()}
    parts = _LITERAL.split(text) if new else [text]
    for place, part in enumerate(parts[::2]):
        parts[2 * place] = _TYPE.sub(lambda named: written.get(named[0], named[0]), part)
    return "".join(parts)


def _written(name: str) -> str:
    return ".".join(map(_quoted, name.split("."))) if '"' not in name else name


def _with_words(text: str, new: Mapping[str, str]) -> str:
    """Names outside string literals replaced, written in quotes or not."""
    if not new:
        return text
    written = {old: _quoted(name) for old, name in new.items()}
    written |= {f'"{old}"': name for old, name in written.items()}
    parts = _LITERAL.split(text)
    parts[::2] = (
        _WORD.sub(lambda word: written.get(word[0], word[0]), part) for part in parts[::2]
    )
    return "".join(parts)


def _over(item: _OverColumns, table: str, names: Names) -> _OverColumns:
    columns = tuple(names.column(table, c) for c in item.columns)
    keys = tuple(_text(key, table, names) for key in item.keys)
    include = tuple(names.column(table, c) for c in item.include)
    item = replace(item, columns=columns, keys=keys, include=include)
    if isinstance(item, Index) and item.where is not None:
        return replace(item, where=_text(item.where, table, names))
    return item


def _foreign_key(key: ForeignKey, table: str, names: Names) -> ForeignKey:
    ref = names.table(key.ref_table)
    return replace(
        key,
        columns=tuple(names.column(table, c) for c in key.columns),
        ref_table=ref,
        ref_columns=tuple(names.column(ref, c) for c in key.ref_columns),
        set_columns=tuple(names.column(table, c) for c in key.set_columns),
    )


def idle_renames(file: Path, changes: Iterable[Change], recorded: bool) -> list[str]:
    """A warning for each `renamed_from` of something new that names nothing that is there.

    On a store without a record everything is new, and old hints are no surprise.
    """
    found = []
    for change in changes if recorded else ():
        match change:
            case AddColumn(table, Column(name=name, renamed_from=str(old), line=line)):
                found.append(_idle(file, line, f"{table}.{name}", old))
            case CreateTable(Table(name=name, renamed_from=str(old), line=line)):
                found.append(_idle(file, line, name, old))
            case _:
                pass
    return found


def _idle(file: Path, line: int | None, name: str, old: str) -> str:
    return (
        f"{file.name}:{line}: {name} is renamed_from {old}, but there is no {old}; "
        f"{name} starts empty"
    )
