"""What schema files of one store ask of each other: foreign keys, names, renames."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import NamedTuple

from zmigration_api import ColumnType, ForeignKey, SchemaFileError, Table

from .model import SchemaFile, Warning_
from .names import POSTGRESQL, did_you_mean, is_sqlite

_NUMBERS = frozenset({"int", "bigint", "float", "decimal"})
_TEXTS = frozenset({"str", "text", "uuid"})


class _Placed(NamedTuple):
    file: SchemaFile
    table: Table

    def key(self, name: str) -> str:
        """Equal for two names that are the same in the file's store."""
        exact = self.file.meta.exact and self.file.meta.data_type in POSTGRESQL
        return name if exact else name.lower()

    def error(self, message: str, hint: str | None, line: int | None) -> SchemaFileError:
        return SchemaFileError(message, hint=hint, file=self.file.path, line=line, column=None)

    def warning(self, message: str, line: int | None) -> Warning_:
        return Warning_(message, self.file.path, line or 1, 1)


def check_references(
    schemas: Sequence[SchemaFile], known_tables: Collection[str], *, enforced: bool = True
) -> tuple[Warning_, ...]:
    """Warnings, or SchemaFileError, about what the files of one store say of each other.

    `known_tables` are tables of the store that no schema file describes. `enforced` says whether
    the store itself checks foreign keys, so that one it would refuse is an error.
    """
    placed = [_Placed(schema, table) for schema in schemas for table in schema.tables]
    by_name = _one_owner_each(placed)
    _check_renames(placed, by_name)
    _check_relation_names(placed)
    known = frozenset(name.lower() for name in known_tables)
    return tuple(
        warning
        for one in placed
        for key in one.table.foreign_keys
        for warning in _check_foreign_key(one, key, by_name, known, enforced)
    )


def _one_owner_each(placed: Sequence[_Placed]) -> dict[str, _Placed]:
    by_name: dict[str, _Placed] = {}
    for one in placed:
        first = by_name.setdefault(one.key(one.table.name), one)
        if first is not one:
            raise one.error(
                f"The table {one.table.name} is described by {first.file.name}"
                f" (line {first.table.line}) and by {one.file.name}",
                f"remove it from {one.file.path.name} or from {first.file.path.name}",
                one.table.line,
            )
    return by_name


def _check_renames(placed: Sequence[_Placed], by_name: dict[str, _Placed]) -> None:
    taken: dict[str, _Placed] = {}
    for one in placed:
        old = one.table.renamed_from
        if old is None:
            continue
        there = by_name.get(one.key(old))
        if there and there is not one and there.table.renamed_from is None:
            message = f"{one.table.name} is renamed from {old}, which {there.file.name} still has"
            raise one.error(message, f"remove {old}, or the renamed_from", one.table.line)
        first = taken.setdefault(one.key(old), one)
        if first is not one:
            message = f"Both {first.table.name} and {one.table.name} are renamed from {old}"
            raise one.error(message, "keep one of them", one.table.line)


def _check_relation_names(placed: Sequence[_Placed]) -> None:
    """Tables, indexes and unique constraints share one space of names in SQL stores."""
    taken = {one.key(one.table.name): f"the table {one.table.name}" for one in placed}
    for one in placed:
        place = one.table.name.rpartition(".")[0] if one.file.meta.data_type in POSTGRESQL else ""
        for name, line in _relations(one):
            key = one.key(f"{place}.{name}" if place else name)
            if key in taken:
                message = f"{one.table.name}: the name {name} is that of {taken[key]}"
                raise one.error(message, "give it another `name`", line)
            taken[key] = f"an index or unique constraint of {one.table.name}"


def _relations(one: _Placed) -> Iterator[tuple[str, int | None]]:
    """What takes names beside tables; the constraints of an exact SQLite table do not."""
    yield from ((index.name, index.line) for index in one.table.indexes)
    if not (one.table.exact and is_sqlite(one.file.meta.data_type)):
        yield from ((unique.name, unique.line) for unique in one.table.unique)


def _check_foreign_key(
    one: _Placed,
    key: ForeignKey,
    by_name: dict[str, _Placed],
    known: frozenset[str],
    enforced: bool,
) -> Iterator[Warning_]:
    if one.table.exact:
        _check_exact(one, key, by_name)
        return
    target = by_name.get(key.ref_table.lower())
    if target is None:
        if key.ref_table.lower() in known:
            return
        names = [p.table.name for p in by_name.values()]
        message = f"{_shown(one, key)} refers to the table {key.ref_table}, which is not there"
        raise one.error(message, did_you_mean(key.ref_table, names), key.line)
    _check_spelling(one, key, target.table)
    _check_is_key(one, key, target.table)
    for problem in _unlike_types(one, key, target.table, _alike):
        if enforced:
            raise one.error(problem, _HINT, key.line)
        yield one.warning(problem, key.line)


def _check_exact(one: _Placed, key: ForeignKey, by_name: dict[str, _Placed]) -> None:
    """An exact file says what a store has, and whether that makes sense is the store's to say.

    A name that this very run takes away is a slip, though.
    """
    old, target = one.key(key.ref_table), by_name.get(one.key(key.ref_table))
    if target is None:
        tables = (placed.table for placed in by_name.values())
        new = next(
            (t.name for t in tables if t.renamed_from and one.key(t.renamed_from) == old), ""
        )
        _refuse_renamed(one, key, key.ref_table, new)
        return
    there = {one.key(column.name) for column in target.table.columns}
    renamed = {one.key(c.renamed_from): c.name for c in target.table.columns if c.renamed_from}
    for column in key.ref_columns:
        if one.key(column) not in there:
            new = renamed.get(one.key(column), "")
            _refuse_renamed(one, key, f"{key.ref_table}.{column}", new)
            return
    if one.file.meta.data_type in POSTGRESQL:
        for problem in _unlike_types(one, key, target.table, _like_for_postgresql):
            raise one.error(problem, _HINT, key.line)


def _refuse_renamed(one: _Placed, key: ForeignKey, old: str, new: str) -> None:
    if new:
        message = f"{_shown(one, key)} refers to {old}, which is renamed to {new} here"
        raise one.error(message, f"write {new} there, too", key.line)


_HINT = "the store would refuse it; change one of the two"


def _check_spelling(one: _Placed, key: ForeignKey, target: Table) -> None:
    if key.ref_table != target.name:
        message = f"{_shown(one, key)} refers to {key.ref_table}, which is spelt {target.name}"
        raise one.error(message, f"write {target.name}", key.line)
    names = [column.name for column in target.columns]
    for column in key.ref_columns:
        if column not in names:
            message = f"{_shown(one, key)} refers to {target.name}.{column}, which is no column"
            raise one.error(message, did_you_mean(column, names), key.line)


def _check_is_key(one: _Placed, key: ForeignKey, target: Table) -> None:
    """Refused for every store: which of several rows a value means would be anybody's guess."""
    indexes = (i.columns for i in target.indexes if i.unique and not (i.where or i.keys))
    keys = [target.key, *(unique.columns for unique in target.unique), *indexes]
    if not any(set(key.ref_columns) == set(columns) for columns in keys):
        what = f"{target.name}.{', '.join(key.ref_columns)}"
        message = f"{_shown(one, key)} refers to {what}, which is neither a primary key nor unique"
        raise one.error(message, f"make {what} unique, or refer to its key", key.line)


def _unlike_types(
    one: _Placed, key: ForeignKey, target: Table, alike: Callable[[ColumnType, ColumnType], bool]
) -> Iterator[str]:
    for mine, theirs in zip(key.columns, key.ref_columns, strict=False):
        here, there = one.table.column(mine), target.column(theirs)
        if here and there and not alike(here.type, there.type):
            yield (
                f"{one.table.name}.{mine} is {here.type}, but {target.name}.{theirs},"
                f" which it refers to, is {there.type}"
            )


def _alike(one: ColumnType, other: ColumnType) -> bool:
    kinds = {one.kind, other.kind}
    return len(kinds) == 1 or "native" in kinds or kinds <= _NUMBERS or kinds <= _TEXTS


def _like_for_postgresql(one: ColumnType, other: ColumnType) -> bool:
    """It compares more than one would think, such as dates with moments."""
    numbers = {one.kind in _NUMBERS, other.kind in _NUMBERS}
    known = {one.kind, other.kind} <= _NUMBERS | _TEXTS
    return not known or len(numbers) == 1


def _shown(one: _Placed, key: ForeignKey) -> str:
    return f"{one.table.name}.{', '.join(key.columns)}"
