"""What tables look like, read from the catalog in a fixed number of queries."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from zmigration_api import Column, Identity, Schema, Table

from . import queries
from .connection import Connection
from .defaults import read_default
from .names import join, spell, split
from .parts import ConstraintRow, Found, add_constraint, add_index
from .sequences import Numbering, usual_name
from .tokens import bare, spaced
from .types import neutral

_STORAGE = {"p": "PLAIN", "e": "EXTERNAL", "m": "MAIN", "x": "EXTENDED"}
_COMPRESSION = {"p": "pglz", "l": "lz4"}


@dataclass(frozen=True, slots=True)
class Look:
    """Tables as they are, and the texts of the defaults in them by table and column."""

    tables: tuple[Table, ...] = ()
    defaults: Mapping[tuple[str, str], str] = field(default_factory=dict)

    @property
    def schema(self) -> Schema:
        return Schema(tables=self.tables)


def look(connection: Connection, tables: Collection[str]) -> Look:
    """The tables of these names that are there."""
    return read(connection, numbers(connection, tables))


def numbers(connection: Connection, tables: Collection[str]) -> dict[int, str]:
    """The object numbers of the tables of these names, and the names that they have."""
    return _chosen(_candidates(connection, tables), tables)


def read(connection: Connection, names: Mapping[int, str]) -> Look:
    """The tables of these object numbers, each under the name given."""
    if not names:
        return Look()
    found = {oid: Found(name) for oid, name in names.items()}
    reader = _Reader(connection, found)
    reader.read()
    return Look(tuple(one.table() for one in found.values()), reader.defaults)


def fingerprints(connection: Connection, tables: Collection[str]) -> dict[str, str]:
    """For each table that is there a digest of the catalog's rows, whatever is read of them."""
    keys = {oid: spell(name) for oid, name in _candidates(connection, tables).items()}
    facts: dict[str, list[str]] = {}
    for oid, fact in sorted(connection.rows(queries.FINGERPRINTS, [list(keys)])):
        facts.setdefault(keys[oid], []).append(fact)
    known = {name: facts.get(spell(name)) for name in tables}
    return {name: " ".join(mine) for name, mine in known.items() if mine}


def _candidates(connection: Connection, tables: Collection[str]) -> dict[int, str]:
    """Every table that may be meant by one of these names."""
    wanted = sorted({split(spell(name)) for name in tables}, key=str)
    lists = [[schema for schema, _ in wanted], [name for _, name in wanted]]
    rows = connection.rows(queries.WANTED, lists) if wanted else []
    return {oid: join(schema, name) for oid, schema, name, _ in rows}


def _chosen(candidates: Mapping[int, str], tables: Collection[str]) -> dict[int, str]:
    """One table for each name: of `Users` and `users` the one asked for, else the folded one."""
    alike: dict[str, list[tuple[int, str]]] = {}
    for oid, name in candidates.items():
        alike.setdefault(spell(name), []).append((oid, name))
    kept = set()
    for wanted in tables:
        key = spell(wanted)
        ranked = [
            (0 if name == wanted else 1 if name == key else 2, oid)
            for oid, name in alike.get(key, ())
        ]
        kept |= {oid for _, oid in sorted(ranked)[:1]}
    return {oid: name for oid, name in candidates.items() if oid in kept}


class _Reader:
    """The questions, and their answers put where they belong."""

    def __init__(self, connection: Connection, found: dict[int, Found]) -> None:
        self._connection = connection
        self._found = found
        self._sequences: dict[tuple[int, int], list[tuple[Any, ...]]] = {}
        self.defaults: dict[tuple[str, str], str] = {}

    def read(self) -> None:
        for oid, unlogged, *options, comment in self._rows(queries.TABLES):
            self._found[oid].options = _options(unlogged, *options)
            self._found[oid].comment = comment
        columns = self._rows(queries.COLUMNS)
        if any(
            always or (text or "").startswith("nextval(")
            for *_, always, text in (row[:8] for row in columns)
        ):
            for oid, number, *facts in self._rows(queries.SEQUENCES):
                self._sequences.setdefault((oid, number), []).append(tuple(facts))
        for oid, number, *facts in columns:
            self._column(oid, number, *facts)
        for row in self._rows(queries.CONSTRAINTS):
            add_constraint(self._found[row[0]], ConstraintRow(*row[1:]))
        for row in self._rows(queries.INDEXES):
            add_index(self._found[row[0]], *row[1:])

    def _rows(self, text: str) -> list[tuple[Any, ...]]:
        version = self._connection.raw.info.server_version // 10000
        return self._connection.rows(queries.query(text, version), [list(self._found)])

    def _column(
        self,
        oid: int,
        number: int,
        name: str,
        native: str,
        required: bool,
        generated: str,
        always: str,
        default: str | None,
        collation: str | None,
        storage: str | None,
        compression: str | None,
        statistics: int | None,
        options: list[str] | None,
        not_null: str | None,
        comment: str | None,
    ) -> None:
        found, column_type = self._found[oid], neutral(native)
        found.names[number] = name
        identity = self._identity((oid, number), found.name, name, native, always, default)
        numbered = identity is not None or (default or "").startswith("nextval(")
        if default is not None and not generated and identity is None:
            self.defaults[found.name, name] = spaced(default)
        found.columns.append(
            Column(
                name=name,
                type=column_type,
                required=required,
                default=None if generated or numbered else read_default(default, column_type),
                auto_increment=numbered,
                generated=bare(default or "") if generated else None,
                virtual=generated == "v",
                collation=collation,
                identity=identity,
                attributes=_attributes(storage, compression, statistics, options, not_null),
                comment=comment,
                native=native,
            )
        )

    def _identity(
        self,
        place: tuple[int, int],
        table: str,
        column: str,
        native: str,
        always: str,
        default: str | None,
    ) -> Identity | None:
        """How the column is numbered: by a sequence that belongs to it."""
        for kind, schema, name, taking, own, increment, *facts in self._sequences.get(place, ()):
            if always if kind == "i" else taking == default:
                lowest, highest, start, cache, cycle = facts
                numbering = Numbering(
                    name=join(schema, name),
                    type=own,
                    increment=increment,
                    lowest=lowest,
                    highest=highest,
                    start=start,
                    cache=cache,
                    cycle=cycle,
                )
                options = numbering.text(native, usual_name(table, column))
                if kind == "a":
                    return Identity(kind="serial", options=options)
                return Identity(kind="always" if always == "a" else "by default", options=options)
        return None


def _options(
    unlogged: bool, own: Sequence[str] | None, toast: Sequence[str] | None
) -> tuple[str, ...]:
    words = ["UNLOGGED"] if unlogged else []
    return tuple(sorted((*words, *(own or ()), *(f"toast.{option}" for option in toast or ()))))


def _attributes(
    storage: str | None,
    compression: str | None,
    statistics: int | None,
    options: Sequence[str] | None,
    not_null: str | None,
) -> tuple[str, ...]:
    words = [f"({', '.join(options)})"] if options else []
    if compression is not None:
        words.append(f"COMPRESSION {_COMPRESSION.get(compression, compression)}")
    if not_null is not None:
        words.append(not_null)
    if statistics is not None:
        words.append(f"STATISTICS {statistics}")
    if storage is not None:
        words.append(f"STORAGE {_STORAGE[storage]}")
    return tuple(words)
