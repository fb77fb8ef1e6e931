"""What changes of named types and of whole tables ask of rows whose columns do not change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from zmigration_api import (
    AlterColumn,
    AlterTable,
    AlterType,
    Change,
    Column,
    CreateType,
    DropColumn,
    DropTable,
    NamedType,
    Nulls,
    Question,
    RenameType,
    Schema,
    Table,
    Unconvertible,
)

from .renaming import Names

_MAPPED = "correct these values, or say what becomes of them with `using: {old: new}`"
_EXPRESSED = "correct these values, or say what becomes of all with `using: {expression: ...}`"
_CORRECT = "correct these values"
_NO_NULLS = "fill them: the key of a table WITHOUT ROWID has no nulls"
_LIST = "[]"


def hint(change: AlterColumn) -> str:
    """What helps values that do not convert; one by one they cannot be named of a native type."""
    native = "native" in (change.old.type.kind, change.new.type.kind)
    return _EXPRESSED if native else _MAPPED


def named_types(changes: Sequence[Change], current: Schema) -> tuple[NamedType, ...]:
    """The named types that a plan makes, renames or changes, as it leaves them."""
    there = {named.name: named for named in current.types}
    found = {c.content.name: c.content for c in changes if isinstance(c, CreateType)}
    for change in changes:
        match change:
            case RenameType(old, new) if old in there:
                found.setdefault(new, replace(there[old], name=new))
            case AlterType(_, named):
                found[named.name] = named
            case _:
                pass
    return tuple(found.values())


def options(
    changes: Sequence[Change], current: Schema, table: str, old_table: str
) -> tuple[str, ...]:
    """What the store is to say of the whole table."""
    for change in changes:
        if isinstance(change, AlterTable) and change.table == table:
            return change.new
    there = current.table(old_table)
    return there.options if there is not None else ()


def questions(
    changes: Sequence[Change], current: Schema, names: Names
) -> Iterator[tuple[Question, str]]:
    """Each in the names of the store as it is now, with the hint for a bad answer."""
    types = named_types(changes, current)
    for change in changes:
        match change:
            case AlterType(_, named) if change.breaking:
                yield from _of_type(changes, current, names, named, types)
            case AlterTable():
                table = current.table(names.old_table(change.table))
                if table is not None:
                    yield from _of_options(changes, names, table, change)
            case _:
                pass


def _of_type(
    changes: Sequence[Change],
    current: Schema,
    names: Names,
    named: NamedType,
    types: tuple[NamedType, ...],
) -> Iterator[tuple[Question, str]]:
    """Columns that keep a type which becomes another."""
    before = next(
        (c.old for c in changes if isinstance(c, RenameType) and c.new == named.name), named.name
    )
    for table in current.tables:
        for column in _staying(changes, names, table):
            native = column.exact_type or ""
            if _bare(native) == before.replace('"', ""):
                listed = _LIST if native.endswith(_LIST) else ""
                same = native if before == named.name else named.name + listed
                old = replace(column, exact_type=same)
                yield Unconvertible(table.name, old, old, types), _CORRECT


def _of_options(
    changes: Sequence[Change], names: Names, table: Table, change: AlterTable
) -> Iterator[tuple[Question, str]]:
    """Columns of a table that is to be more strict about them."""
    come = set(change.new) - set(change.old)
    if "STRICT" in come:
        for column in _staying(changes, names, table):
            yield Unconvertible(table.name, column, column, (), change.new), _CORRECT
    if "WITHOUT ROWID" in come:
        for name in table.key:
            yield Nulls(table.name, name), _NO_NULLS


def _staying(changes: Sequence[Change], names: Names, table: Table) -> Iterator[Column]:
    """The columns of a table that is there now which the plan neither drops nor retypes."""
    left = set()
    for change in changes:
        match change:
            case DropTable() if change.table == table.name:
                return
            case DropColumn(owner, column) if names.old_table(owner) == table.name:
                left.add(names.old_column(owner, column.name))
            case AlterColumn(owner, _, new) if names.old_table(owner) == table.name:
                if change.retyped:
                    left.add(names.old_column(owner, new.name))
            case _:
                pass
    yield from (c for c in table.columns if c.name not in left and c.generated is None)


def _bare(native: str) -> str:
    return native.removesuffix(_LIST).replace('"', "")
