"""What a schema file can say of a folder: names from headers, types and keys from the rows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace

from zmigration_api import (
    Column,
    ColumnType,
    Duplicates,
    Inspected,
    PrimaryKey,
    Schema,
    Table,
    Unconvertible,
)

from .ask import ask
from .files import CsvFile
from .host_types import host_types
from .kinds import Facts

_KEYS = frozenset({"int", "bigint", "str", "uuid"})
Find = Callable[[str], CsvFile | None]


def describe(tables: Collection[str], find: Find) -> Inspected:
    """The tables that are there, with what was concluded and why. Reads every row."""
    found = ((name, find(name)) for name in tables)
    made = [_Table(name, file, find) for name, file in found if file is not None]
    schema = Schema(tables=tuple(one.table for one in made))
    said = {one.table.name: tuple(one.sentences()) for one in made}
    return Inspected(schema=schema, exact=False, inferred=said)


class _Table:
    """One file: the table that it seems to be."""

    def __init__(self, name: str, file: CsvFile, find: Find) -> None:
        self._find = find
        self._large = file.is_large
        self._names = file.header().names
        self._facts = dict(zip(self._names, _facts(file), strict=True))
        self.rows = max((f.values + f.nulls for f in self._facts.values()), default=0)
        columns = (_column(name, facts) for name, facts in self._facts.items())
        self.table = Table(name=name, columns=tuple(columns))
        self._told = dict(self._fitting(host_types(file.path.parent, name)))
        self.table = replace(self.table, columns=tuple(map(self._as_told, self.table.columns)))
        key = next(filter(self._is_unique, self._key_candidates()), None)
        if key is not None:
            self.table = replace(self.table, primary_key=PrimaryKey(columns=(key,)))

    def sentences(self) -> Iterator[str]:
        """What was concluded, as told to people."""
        if not self.rows:
            yield "It has no rows, so the types are guesses: look at every line."
            return
        count = f"{self.rows:,} row{'' if self.rows == 1 else 's'}"
        yield f"Types, required and keys are inferred from all {count}; a CSV file says nothing."
        if self._told:
            yield f"zCLI itself has recorded the types of {', '.join(self._told)}."
        empty = [name for name, facts in self._facts.items() if not facts.values]
        if empty:
            yield f"No row has a value in {', '.join(empty)}."
        bytes_only = [name for name, facts in self._facts.items() if not facts.encoded]
        if bytes_only:
            yield f"{', '.join(bytes_only)} is not UTF-8 text everywhere, and so a blob."
        unique = [] if self._large else [n for n in self._others() if self._is_unique(n)]
        if unique:
            yield f"No value is there twice in {', '.join(unique)}: unique: true, if that is meant."

    def _fitting(self, told: Mapping[str, ColumnType]) -> Iterator[tuple[str, ColumnType]]:
        """The types that zCLI has recorded and that every value is of."""
        for column in self.table.columns:
            kind = told.get(column.name, column.type)
            if kind == column.type or not self._facts[column.name].encoded:
                continue
            text = Column(name=column.name, type=ColumnType(kind="text"))
            question = Unconvertible(self.table.name, text, replace(text, type=kind))
            if not ask(question, Schema(tables=(self.table,)), self._find).count:
                yield column.name, kind

    def _as_told(self, column: Column) -> Column:
        return replace(column, type=self._told.get(column.name, column.type))

    def _key_candidates(self) -> Iterator[str]:
        """A column `id`, else the first one if it is a number or called as an id is."""
        yield from (name for name in self._names if name.lower() == "id")
        first, table = self._names[0], self.table.name.lower()
        column = self.table.columns[0]
        called = {f"{table}_id", f"{table.removesuffix('s')}_id"}
        if column.type.kind in ("int", "bigint") or first.lower() in called:
            yield first

    def _others(self) -> Iterator[str]:
        for column in self.table.columns:
            if column.type.kind in _KEYS and self.rows > 1 and column.name not in self.table.key:
                yield column.name

    def _is_unique(self, name: str) -> bool:
        """Whether every row has a value of its own there."""
        facts = self._facts[name]
        if facts.nulls or not facts.values or not facts.encoded:
            return False
        question = Duplicates(table=self.table.name, columns=(name,))
        return not ask(question, Schema(tables=(self.table,)), self._find).count


def _column(name: str, facts: Facts) -> Column:
    return Column(name=name, type=facts.type, required=bool(facts.values) and not facts.nulls)


def _facts(file: CsvFile) -> list[Facts]:
    if file.is_large:
        from .kinds_large import facts_of

        return facts_of(file)
    found = [Facts() for _ in file.header().names]
    for record in file.rows():
        for facts, cell in zip(found, record.cells, strict=True):
            facts.see((cell,))
    return found
