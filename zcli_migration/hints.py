"""`renamed_from`: which of the hints in schema files are to be followed, and which have been.

A new name that is free is simply taken. Where the store has both names, because two swap theirs
or one takes the name of what goes, only the record tells whether that has been done.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from zmigration_api import Schema, SchemaFileError, Store, Table

from .schema_file import SchemaFile

Renamed = frozenset[tuple[str, ...]]
"""The names before and after, of a column its table's first."""


@dataclass(frozen=True, slots=True)
class Told:
    """What the records of a store say: their tables, and the hints that were followed by then."""

    tables: Mapping[str, Table]
    renamed: Collection[tuple[str, ...]]


def renames_of(file: SchemaFile) -> Iterator[tuple[str, ...]]:
    """Each `renamed_from` of a file."""
    for table in file.tables:
        if table.renamed_from:
            yield table.renamed_from, table.name
        for column in table.columns:
            if column.renamed_from:
                yield table.name, column.renamed_from, column.name


def read_renamed(said: object) -> Renamed | None:
    """What a record says of it; None where an older version of this tool made it."""
    if not isinstance(said, list):
        return None
    return frozenset(tuple(map(str, names)) for names in said)


def followed(
    desired: Schema, live: Schema, files: Sequence[SchemaFile], told: Told, store: Store
) -> Schema:
    """The tables with those hints alone that are to be followed, or name nothing that is there.

    SchemaFileError for a name that is to be taken from what keeps it.
    """
    if not any(t.renamed_from or any(c.renamed_from for c in t.columns) for t in desired.tables):
        return desired
    hints = _Hints(desired, live, files, told, store.name_key)
    return replace(desired, tables=tuple(map(hints.table, desired.tables)))


def without_hints(desired: Schema) -> Schema:
    """The tables as they are wanted when every rename is done."""
    tables = []
    for table in desired.tables:
        columns = tuple(
            replace(c, renamed_from=None) if c.renamed_from else c for c in table.columns
        )
        tables.append(replace(table, renamed_from=None, columns=columns))
    return replace(desired, tables=tuple(tables))


class _Hints:
    def __init__(
        self,
        desired: Schema,
        live: Schema,
        files: Sequence[SchemaFile],
        told: Told,
        key: Callable[[str], str],
    ) -> None:
        self._live = live
        self._files = files
        self._told = told
        self._key = key
        self._done = {tuple(map(key, names)) for names in told.renamed}
        asked = {t.name: t.renamed_from for t in desired.tables if t.renamed_from}
        there, wanted = {t.name for t in live.tables}, {t.name for t in desired.tables}
        self._tables = pending(
            {
                new: old
                for new, old in asked.items()
                if not (new in there and self._is_done(old, new))
            },
            there,
            wanted,
            told.tables,
        )

    def _is_done(self, *names: str) -> bool:
        return tuple(map(self._key, names)) in self._done

    def table(self, table: Table) -> Table:
        """One table with its own hint and those of its columns."""
        old = table.renamed_from
        if old and table.name not in self._tables:
            if not self._live.table(table.name) and self._live.table(old):
                raise self._kept(table, table.name, old, "table")
            old = None
        live = self._live.table(old or table.name)
        if old is None and self._live.table(table.name):
            table = replace(table, renamed_from=None)
        return table if live is None else self._columns(table, live)

    def _columns(self, table: Table, live: Table) -> Table:
        there, recorded = {c.name for c in live.columns}, self._told.tables.get(live.name)
        asked = {
            c.name: c.renamed_from
            for c in table.columns
            if c.renamed_from
            and not (c.name in there and self._is_done_of(table, live, c.renamed_from, c.name))
        }
        ours = [c.name for c in recorded.columns] if recorded else ()
        found = pending(asked, there, {c.name for c in table.columns}, ours)
        columns = []
        for column in table.columns:
            old = column.renamed_from
            if old and column.name not in found and old in there and column.name not in there:
                raise self._kept(table, column.name, old, "column", column.line)
            done = old and column.name not in found and column.name in there
            columns.append(replace(column, renamed_from=None) if done else column)
        return replace(table, columns=tuple(columns))

    def _is_done_of(self, table: Table, live: Table, old: str, new: str) -> bool:
        return self._is_done(table.name, old, new) or self._is_done(live.name, old, new)

    def _kept(
        self, table: Table, new: str, old: str, what: str, line: int | None = None
    ) -> SchemaFileError:
        key = self._key
        owner = (f for f in self._files if any(key(t.name) == key(table.name) for t in f.tables))
        file = next(owner, None)
        return SchemaFileError(
            f"{new} is renamed from {old}, which is still a {what} here",
            hint=f"remove {old}, or the renamed_from",
            file=file.path if file else None,
            line=line or table.line,
        )


def pending(
    asked: Mapping[str, str],
    there: Collection[str],
    wanted: Collection[str],
    ours: Collection[str],
) -> dict[str, str]:
    """Those renames (old names by new ones) that are left to do.

    `there` are the names of now, `wanted` those of the files, `ours` those that the record knows:
    only for these it is sure that names which are both there have not been changed already.
    """
    left = {new: old for new, old in asked.items() if old in there}

    def fails(new: str, old: str) -> bool:
        stays = old in wanted and old not in left
        sure = new in ours and old in ours
        return stays or (new in there and not sure and not _gets_free(new, left, there))

    while failing := [new for new, old in left.items() if fails(new, old)]:
        for new in failing:
            del left[new]
    return left


def _gets_free(name: str, left: Mapping[str, str], there: Collection[str]) -> bool:
    """Whether what has the name now moves on, in the end to a name that nothing has."""
    onward = {old: new for new, old in left.items()}
    seen: set[str] = set()
    while name in there:
        if name in seen or name not in onward:
            return False
        seen.add(name)
        name = onward[name]
    return True
