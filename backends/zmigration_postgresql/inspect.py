"""What tables look like, read from the catalog in a fixed number of queries."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from zmigration_api import (
    Action,
    Check,
    Column,
    Deferral,
    Exclusion,
    ForeignKey,
    Identity,
    Index,
    PrimaryKey,
    Schema,
    Table,
    UniqueConstraint,
)

from . import queries
from .connection import Connection
from .defaults import read_default
from .names import QUOTING, join, spell, split
from .sequences import Numbering, usual_name
from .tokens import after, bare, enclosed, listed
from .types import neutral

_ACTIONS: dict[str, Action] = {
    "a": "NO ACTION",
    "r": "RESTRICT",
    "c": "CASCADE",
    "n": "SET NULL",
    "d": "SET DEFAULT",
}
_STORAGE = {"p": "PLAIN", "e": "EXTERNAL", "m": "MAIN", "x": "EXTENDED"}
_COMPRESSION = {"p": "pglz", "l": "lz4"}
_MATCHES = {"f": "FULL", "p": "PARTIAL"}


@dataclass(frozen=True, slots=True)
class Look:
    """Tables as they are, and the texts of the defaults in them by table and column."""

    tables: tuple[Table, ...] = ()
    defaults: Mapping[tuple[str, str], str] = field(default_factory=dict)

    @property
    def schema(self) -> Schema:
        return Schema(tables=self.tables)


@dataclass(slots=True)
class _Found:
    """A table while it is put together; `names` are its columns' by number."""

    name: str
    columns: list[Column] = field(default_factory=list)
    primary_key: PrimaryKey | None = None
    unique: list[UniqueConstraint] = field(default_factory=list)
    foreign_keys: list[ForeignKey] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    exclusions: list[Exclusion] = field(default_factory=list)
    indexes: list[Index] = field(default_factory=list)
    options: tuple[str, ...] = ()
    comment: str | None = None
    names: dict[int, str] = field(default_factory=dict)

    def named(self, numbers: Iterable[int]) -> tuple[str, ...]:
        """The columns of these numbers; an expression has none."""
        return tuple(self.names[number] for number in numbers if number > 0)

    def table(self) -> Table:
        return Table(
            name=self.name,
            columns=tuple(self.columns),
            primary_key=self.primary_key,
            unique=tuple(self.unique),
            foreign_keys=tuple(self.foreign_keys),
            checks=tuple(self.checks),
            exclusions=tuple(self.exclusions),
            indexes=tuple(self.indexes),
            options=self.options,
            comment=self.comment,
        )


def look(connection: Connection, tables: Collection[str]) -> Look:
    """The tables of these names that are there."""
    return read(connection, _chosen(_candidates(connection, tables), tables))


def read(connection: Connection, names: Mapping[int, str]) -> Look:
    """The tables of these object numbers, each under the name given."""
    if not names:
        return Look()
    found = {oid: _Found(name) for oid, name in names.items()}
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

    def __init__(self, connection: Connection, found: dict[int, _Found]) -> None:
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
            _add_constraint(self._found[row[0]], _Constraint(*row[1:]))
        for row in self._rows(queries.INDEXES):
            _add_index(self._found[row[0]], *row[1:])

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
        comment: str | None,
    ) -> None:
        found, column_type = self._found[oid], neutral(native)
        found.names[number] = name
        identity = self._identity((oid, number), found.name, name, native, always, default)
        numbered = identity is not None or (default or "").startswith("nextval(")
        if default is not None and not generated and identity is None:
            self.defaults[found.name, name] = default
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
                attributes=_attributes(storage, compression, statistics),
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
    storage: str | None, compression: str | None, statistics: int | None
) -> tuple[str, ...]:
    words = []
    if compression is not None:
        words.append(f"COMPRESSION {_COMPRESSION.get(compression, compression)}")
    if statistics is not None:
        words.append(f"STATISTICS {statistics}")
    if storage is not None:
        words.append(f"STORAGE {_STORAGE[storage]}")
    return tuple(words)


@dataclass(frozen=True, slots=True)
class _Constraint:
    """A row of the catalog's answer; numbers are of columns."""

    name: str
    kind: str
    columns: list[int] | None
    deferral: Deferral | None
    comment: str | None
    valid: bool
    inherited: bool
    condition: str | None
    ref_schema: str | None
    ref_table: str | None
    ref_columns: list[str] | None
    on_delete: str
    on_update: str
    match: str
    set_columns: list[int] | None
    index_columns: list[int] | None
    index_keys: int | None
    alike: bool
    period: bool
    definition: str | None


def _add_constraint(found: _Found, one: _Constraint) -> None:
    match one.kind:
        case "p":
            found.primary_key = PrimaryKey(
                columns=found.named(one.columns or ()),
                keys=_keys(found, one),
                include=found.named((one.index_columns or [])[one.index_keys :]),
                deferral=one.deferral,
                name=one.name,
                comment=one.comment,
            )
        case "u":
            found.unique.append(
                UniqueConstraint(
                    columns=found.named(one.columns or ()),
                    keys=_keys(found, one),
                    include=found.named((one.index_columns or [])[one.index_keys :]),
                    nulls_not_distinct=one.alike,
                    deferral=one.deferral,
                    name=one.name,
                    comment=one.comment,
                )
            )
        case "c":
            found.checks.append(
                Check(
                    name=one.name,
                    expression=bare(one.condition or ""),
                    inherited=one.inherited,
                    valid=one.valid,
                    comment=one.comment,
                )
            )
        case "x":
            found.exclusions.append(
                Exclusion(
                    definition=_definition(one),
                    deferral=one.deferral,
                    name=one.name,
                    comment=one.comment,
                )
            )
        case _:
            found.foreign_keys.append(_foreign_key(found, one))


def _keys(found: _Found, one: _Constraint) -> tuple[str, ...]:
    if not one.period:
        return ()
    *names, last = map(QUOTING.name, found.named(one.columns or ()))
    return (*names, f"{last} WITHOUT OVERLAPS")


def _definition(one: _Constraint) -> str:
    text = (one.definition or "").removeprefix("EXCLUDE ")
    return text.removesuffix(f" {one.deferral}") if one.deferral else text


def _foreign_key(found: _Found, one: _Constraint) -> ForeignKey:
    return ForeignKey(
        columns=found.named(one.columns or ()),
        ref_table=join(one.ref_schema, one.ref_table or ""),
        ref_columns=tuple(one.ref_columns or ()),
        on_delete=_ACTIONS[one.on_delete],
        on_update=_ACTIONS[one.on_update],
        set_columns=found.named(one.set_columns or ()),
        match=_MATCHES.get(one.match, "SIMPLE"),
        deferral=one.deferral,
        valid=one.valid,
        name=one.name,
        comment=one.comment,
    )


def _add_index(
    found: _Found,
    name: str,
    unique: bool,
    numbers: list[int],
    keys: int,
    method: str | None,
    where: str | None,
    options: list[str] | None,
    alike: bool,
    comment: str | None,
    definition: str,
) -> None:
    columns = found.named(numbers[:keys])
    index = Index(
        columns=columns,
        keys=_index_keys(definition, columns, method or "btree"),
        unique=unique,
        where=None if where is None else bare(where),
        method=method,
        include=found.named(numbers[keys:]),
        nulls_not_distinct=alike,
        options=tuple(sorted(options or ())),
        name=name,
        comment=comment,
    )
    if unique and index == Index(columns=columns, unique=True, name=name):
        found.unique.append(
            UniqueConstraint(columns=columns, name=name, by_index=True, comment=comment)
        )
    else:
        found.indexes.append(index)


def _index_keys(definition: str, columns: tuple[str, ...], method: str) -> tuple[str, ...]:
    """The keys as the server writes them; none where they are the columns and nothing more."""
    if f" USING {method} ({QUOTING.names(columns)})" in definition:
        return ()
    text = after(definition, "USING")
    keys = listed(enclosed(text[text.index("(") :]))
    plain = tuple(
        f'"{name}"' if key.startswith('"') else name
        for key, name in zip(keys, columns, strict=False)
    )
    return () if keys == plain else keys
