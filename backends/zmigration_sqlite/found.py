"""Tables as a SQLite file has them: PRAGMAs, and the texts of tables and indexes."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any, NamedTuple, cast

from zmigration_api import Action, ForeignKey

from .clauses import ColumnText
from .ddl import TableText, parse_table
from .parts import Keys, Reference, condition, index_keys, references, spelled
from .tokens import fold
from .usual import reference_name

_KEYS_SAY_MORE = re.compile(r"\b(collate|desc)\b", re.IGNORECASE)


class FoundColumn(NamedTuple):
    """A row of PRAGMA table_xinfo. `key` is its place in the primary key, from 1."""

    name: str
    declared: str
    not_null: int
    default: str | None
    key: int
    hidden: int

    @property
    def generated(self) -> bool:
        return self.hidden in (2, 3)

    @property
    def virtual(self) -> bool:
        return self.hidden == 2


class FoundIndex(NamedTuple):
    """A row of PRAGMA index_list with what it is over, and its condition."""

    name: str
    unique: bool
    origin: str
    over: Keys
    where: str | None

    @property
    def plain(self) -> bool:
        """Whether it is over columns as they are, all rows of them."""
        return not self.over.keys and self.where is None


@dataclass(frozen=True, slots=True)
class Parent:
    """A table that is referred to: its columns by their folded names, and its key."""

    name: str
    columns: Mapping[str, str]
    key: tuple[str, ...]

    def referred(self, key: ForeignKey) -> ForeignKey:
        """The foreign key with this table's names."""
        columns = tuple(self.columns.get(fold(name), name) for name in key.ref_columns)
        return replace(key, ref_table=self.name, ref_columns=columns or self.key)


@dataclass(frozen=True, slots=True)
class Found:
    """One table. `text` is None for a virtual table.

    Foreign keys are as the text says them: without columns they refer to the primary key, whatever
    that is. `parents` are the tables that they refer to, by the name that is said.
    """

    name: str
    sql: str
    text: TableText | None
    columns: tuple[FoundColumn, ...]
    indexes: tuple[FoundIndex, ...]
    foreign_keys: tuple[ForeignKey, ...]
    parents: Mapping[str, Parent]

    @property
    def references(self) -> tuple[ForeignKey, ...]:
        """The foreign keys with what they refer to as that is called now."""
        return tuple(
            parent.referred(key) if (parent := self.parents.get(key.ref_table)) else key
            for key in self.foreign_keys
        )

    @property
    def key(self) -> tuple[str, ...]:
        """The columns of the primary key, in its order."""
        ordered = sorted(self.columns, key=lambda column: column.key)
        return tuple(column.name for column in ordered if column.key)

    @property
    def rowid_alias(self) -> bool:
        """Whether the primary key is the row's number."""
        return len(self.key) == 1 and not any(index.origin == "pk" for index in self.indexes)

    def definitions(self) -> dict[str, ColumnText]:
        """What the text says of each column, by folded name."""
        return {fold(c.name): c for c in self.text.definitions()} if self.text else {}


def found(connection: sqlite3.Connection, rows: Sequence[tuple[str, str]]) -> Iterator[Found]:
    """The tables of these rows of sqlite_master (name and text), by a fixed number of queries."""
    pragmas = _Pragmas(connection, [name for name, _ in rows])
    for name, sql in rows:
        text = table_text(sql)
        columns = tuple(FoundColumn(*row[1:7]) for row in pragmas.of(name))
        yield Found(
            name=name,
            sql=sql,
            text=text,
            columns=tuple(column for column in columns if column.hidden != 1),
            indexes=tuple(pragmas.indexes_of(name, spelled([c.name for c in columns]))),
            foreign_keys=tuple(pragmas.foreign_keys_of(name, text)),
            parents=pragmas.parents,
        )


def listed(connection: sqlite3.Connection, tables: Collection[str]) -> list[tuple[str, str]]:
    """The names and texts of those of these tables that are there."""
    query = (
        "SELECT name, sql FROM sqlite_master WHERE type = 'table'"
        " AND name COLLATE NOCASE IN (SELECT value FROM json_each(?)) ORDER BY rowid"
    )
    return connection.execute(query, (json.dumps(list(tables)),)).fetchall()


def table_text(sql: str) -> TableText | None:
    """The parts of the text; None for a virtual table."""
    try:
        return parse_table(sql)
    except ValueError:
        return None


class _Pragmas:
    """What the PRAGMAs say of some tables, each asked once for all of them."""

    def __init__(self, connection: sqlite3.Connection, tables: Sequence[str]) -> None:
        self._connection = connection
        wanted = "FROM json_each(?) AS wanted"
        names = json.dumps(tables)

        def rows(sql: str) -> dict[str, list[tuple[Any, ...]]]:
            grouped: dict[str, list[tuple[Any, ...]]] = {name: [] for name in tables}
            for name, *row in connection.execute(sql, (names,)):
                grouped[name].append(tuple(row))
            return grouped

        self._columns = rows(
            f"SELECT wanted.value, x.* {wanted}, pragma_table_xinfo(wanted.value) AS x"
            " ORDER BY wanted.key, x.cid"
        )
        self._indexes = rows(
            'SELECT wanted.value, l.name, l."unique", l.origin, m.sql, i.name'
            f" {wanted}, pragma_index_list(wanted.value) AS l, pragma_index_info(l.name) AS i"
            " LEFT JOIN sqlite_master AS m ON m.type = 'index' AND m.name = l.name"
            " ORDER BY wanted.key, l.seq DESC, i.seqno"
        )
        self._foreign_keys = rows(
            f"SELECT wanted.value, k.* {wanted}, pragma_foreign_key_list(wanted.value) AS k"
            " ORDER BY wanted.key, k.id DESC, k.seq"
        )

        self.parents = _parents(connection, self._foreign_keys)

    def of(self, table: str) -> list[tuple[Any, ...]]:
        """The rows of PRAGMA table_xinfo."""
        return self._columns[table]

    def indexes_of(self, table: str, names: dict[str, str]) -> Iterator[FoundIndex]:
        for facts, rows in groupby(self._indexes[table], key=lambda row: row[:4]):
            name, unique, origin, sql = facts
            over = [row[4] for row in rows]
            yield FoundIndex(name, bool(unique), origin, *_index(sql, over, names))

    def foreign_keys_of(self, table: str, text: TableText | None) -> Iterator[ForeignKey]:
        said = list(references(text)) if text and self._foreign_keys[table] else []
        groups = groupby(self._foreign_keys[table], key=lambda row: row[0])
        for number, (_, group) in enumerate(groups):
            more = said[number] if number < len(said) else Reference(None, "SIMPLE", None)
            yield self._foreign_key(table, list(group), more)

    def _foreign_key(self, table: str, parts: list[tuple[Any, ...]], said: Reference) -> ForeignKey:
        columns = tuple(part[3] for part in parts)
        return ForeignKey(
            columns=columns,
            ref_table=parts[0][2],
            ref_columns=tuple(part[4] for part in parts if part[4] is not None),
            on_update=cast(Action, parts[0][5]),
            on_delete=cast(Action, parts[0][6]),
            match=said.match,
            deferral=said.deferral,
            name=said.name or reference_name(table, columns),
        )


def _index(
    sql: str | None, over: Sequence[str | None], names: dict[str, str]
) -> tuple[Keys, str | None]:
    """Texts are read where PRAGMAs do not say it all."""
    columns = tuple(name for name in over if name is not None)
    if sql is None:
        return Keys(columns), None
    more = len(columns) < len(over) or _KEYS_SAY_MORE.search(sql)
    keys = index_keys(sql, names) if more else Keys(columns)
    return keys, condition(sql) if "where" in sql.lower() else None


def _parents(
    connection: sqlite3.Connection, keys: Mapping[str, Sequence[tuple[Any, ...]]]
) -> dict[str, Parent]:
    """Every table that these rows of PRAGMA foreign_key_list refer to and that is there."""
    said = sorted({row[2] for rows in keys.values() for row in rows})
    if not said:
        return {}
    tables = "SELECT name FROM sqlite_master WHERE type = 'table'"
    real = spelled([name for (name,) in connection.execute(tables)])
    query = (
        "SELECT said.value, c.name, c.pk FROM json_each(?) AS said"
        " JOIN pragma_table_xinfo(said.value) AS c ORDER BY said.key, c.pk, c.cid"
    )
    found = {}
    rows = connection.execute(query, (json.dumps(said),))
    for name, group in groupby(rows, key=lambda row: row[0]):
        columns = [(column, place) for _, column, place in group]
        key = tuple(column for column, place in columns if place)
        if (called := real.get(fold(name))) is not None:
            found[name] = Parent(called, spelled([column for column, _ in columns]), key)
    return found
