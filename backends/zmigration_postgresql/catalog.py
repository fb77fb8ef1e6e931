"""What the catalog knows of a table beyond the model: all that is needed to make it again.

Tables and columns are named as they are now. Texts of definitions are the server's own.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from . import catalog_texts as texts
from .connection import Connection
from .names import join, split


@dataclass(frozen=True, slots=True)
class Sequence:
    """A sequence that goes with a column. `name` is written as SQL takes it.

    `otherwise` is UNLOGGED or LOGGED where its table is not. `grants` are `SELECT TO somebody`.
    """

    name: str
    type: str
    increment: int
    lowest: int
    highest: int
    start: int
    cache: int
    cycle: bool
    unlogged: bool = False
    otherwise: str | None = None
    comment: str | None = None
    grants: Collection[str] = ()

    def options(self) -> str:
        """As CREATE SEQUENCE and an identity take them, without the type."""
        return (
            f"INCREMENT BY {self.increment} MINVALUE {self.lowest} MAXVALUE {self.highest}"
            f" START WITH {self.start} CACHE {self.cache}{' CYCLE' if self.cycle else ''}"
        )


@dataclass(frozen=True, slots=True)
class Requirement:
    """NOT NULL as the constraint that it is from version 18 on; `rest` is ` NO INHERIT`."""

    name: str
    rest: str
    comment: str | None

    @property
    def valid(self) -> bool:
        return "NOT VALID" not in self.rest


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveColumn:
    """A column as the catalog has it; `identity` is empty, `a` (always) or `d` (by default).

    `sequence` numbers the column; `others` only belong to it.
    """

    name: str
    native: str
    required: bool
    generated: str | None
    virtual: bool
    identity: str
    default: str | None
    collation: str | None
    comment: str | None
    requirement: Requirement | None
    attributes: tuple[str, ...]
    sequence: Sequence | None
    others: tuple[Sequence, ...]

    @property
    def sequences(self) -> tuple[Sequence, ...]:
        """Every sequence that goes with the column."""
        return (*((self.sequence,) if self.sequence else ()), *self.others)

    @property
    def type_text(self) -> str:
        """The type with its collation."""
        return f"{self.native} COLLATE {self.collation}" if self.collation else self.native


@dataclass(frozen=True, slots=True)
class Part:
    """A constraint, foreign key, index or extended statistics, by the server's own definition.

    `options` and `index_comment` are of the index behind a constraint. `clustered` and
    `identifies` say what the table uses its index for. `expressed` says that an expression or a
    condition is in it.
    `refers` is the other table of a foreign key. `targets` are the statistics targets, as ALTER
    sets them.
    """

    kind: Literal["constraint", "foreign key", "index", "statistics"]
    name: str
    definition: str
    comment: str | None
    index_comment: str | None
    options: str | None
    clustered: bool
    identifies: bool
    expressed: bool
    refers: str | None
    ref_columns: tuple[str, ...]
    columns: tuple[str, ...]
    targets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Trigger:
    """A trigger of the user's; `enabled` is O, D (disabled), R (replica) or A (always)."""

    name: str
    enabled: str
    definition: str
    comment: str | None


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy of row security; `roles` as SQL writes them."""

    name: str
    permissive: str
    command: str
    roles: str
    using: str | None
    check: str | None
    comment: str | None


@dataclass(frozen=True, slots=True)
class Grant:
    """A privilege on a table or, with `column`, on one of its columns; `who` as SQL writes it."""

    privilege: str
    column: str | None
    who: str
    passed_on: bool


@dataclass(frozen=True, slots=True)
class Firing:
    """A trigger or rule of the user's that an UPDATE of a table may set off.

    `owner` is the table that it is on, as SQL writes it, if it is one that inherits (a partition,
    too); None is the table itself. `enabled` is as in `Trigger`.
    """

    owner: str | None
    kind: Literal["TRIGGER", "RULE"]
    name: str
    enabled: str


@dataclass(frozen=True, slots=True)
class Dependent:
    """What needs a table or column: `name` is a part or column of `table`, if it is of one."""

    table: str | None
    name: str | None
    text: str


@dataclass(frozen=True, slots=True)
class LiveTable:
    """Facts of the table itself; `lost` names what it has that is not made again."""

    unlogged: bool
    options: str | None
    comment: str | None
    lost: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Catalog:
    """Answers from the catalog, each asked for once; without a database there is nothing."""

    connection: Connection | None
    known: dict[tuple[Any, ...], list[tuple[Any, ...]]] = field(default_factory=dict, compare=False)

    def columns(self, table: str) -> tuple[LiveColumn, ...]:
        owned: dict[str, list[tuple[bool, Sequence]]] = {}
        for column, numbers, *facts in self._rows(texts.SEQUENCES, table):
            one = Sequence(*facts)
            owned.setdefault(column, []).append((numbers, one))
        return tuple(
            _column(row, owned.get(row[0], ())) for row in self._rows(texts.COLUMNS, table)
        )

    def column(self, table: str, name: str) -> LiveColumn | None:
        return next((column for column in self.columns(table) if column.name == name), None)

    def parts(self, table: str) -> tuple[Part, ...]:
        """Constraints and indexes in an order in which they can be made."""
        rows = self._rows(texts.PARTS, table)
        statistics = self._rows(texts.STATISTICS, table)
        return (*map(_part, rows), *(_statistics(*row) for row in statistics))

    def part(self, table: str, name: str) -> Part | None:
        return next((part for part in self.parts(table) if part.name == name), None)

    def triggers(self, table: str) -> tuple[Trigger, ...]:
        return tuple(Trigger(*row) for row in self._rows(texts.TRIGGERS, table))

    def referring(self, table: str) -> tuple[tuple[str, str, str], ...]:
        """Foreign keys to this table: table and name of each, and the index that it relies on."""
        rows = self._rows(texts.REFERRING, table)
        return tuple((join(schema, owner), name, index) for schema, owner, name, index in rows)

    def depending(self, table: str, column: str) -> tuple[tuple[str, str], ...]:
        """Kind and name of what hinders another type: generated columns, triggers, policies."""
        return tuple((row[0], row[1]) for row in self._rows(texts.DEPENDING, table, column))

    def policies(self, table: str) -> tuple[Policy, ...]:
        return tuple(Policy(*row) for row in self._rows(texts.POLICIES, table))

    def grants(self, table: str) -> tuple[Grant, ...]:
        return tuple(Grant(*row) for row in self._rows(texts.GRANTS, table))

    def guarding(self, table: str) -> tuple[str, ...]:
        """Row security, rules, publications, the owner.

        Each as ALTER TABLE takes it, or as a whole statement.
        """
        return tuple(row[0] for row in self._rows(texts.GUARDING, table))

    def needing(self, table: str, column: str | None = None) -> tuple[Dependent, ...]:
        """What hinders dropping a table or column, but for views, keys and computed columns."""
        rows = self._rows(texts.NEEDING, table, column)
        return tuple(
            Dependent(None if owner is None else join(schema, owner), name, text)
            for schema, owner, name, text in rows
        )

    def inherited(self, table: str) -> frozenset[tuple[str, str]]:
        """Kind (`column`, `part`) and name of what the table has from others."""
        return frozenset((kind, name) for kind, name in self._rows(texts.INHERITED, table))

    def firing(self, table: str) -> tuple[Firing, ...]:
        return tuple(Firing(*row) for row in self._rows(texts.FIRING, table))

    def table(self, name: str) -> LiveTable | None:
        for unlogged, options, comment, lost in self._rows(texts.TABLE, name):
            return LiveTable(unlogged, options, comment, tuple(lost))
        return None

    def is_own(self, table: str) -> bool:
        """Whether the table belongs to the role at work."""
        return bool(self._rows(texts.IS_OWN, table))

    def position(self, sequence: Sequence) -> tuple[int, bool] | None:
        """Where a sequence stands just now: its value, and whether that one was given."""
        if self.connection is None:
            return None
        name = sequence.name.replace("%", "%%")  # no placeholder
        last, called = self.connection.rows(f"SELECT last_value, is_called FROM {name}")[0]
        return int(last), bool(called)

    def enforced(self, table: str, columns: Iterable[str]) -> bool:
        """Whether no two rows can be alike in these columns, nor null."""
        return bool(self._rows(texts.ENFORCED, table, list(columns)))

    def _rows(self, text: str, table: str, *params: Any) -> list[tuple[Any, ...]]:  # noqa: ANN401
        if self.connection is None:
            return []
        schema, name = split(table)
        place = (text, table, *map(repr, params))
        if place not in self.known:
            named = (name, schema) * text.count("c.relname = %s AND c.relnamespace = {schema}")
            named = named or (name, schema)
            rows = self.connection.rows(texts.asked(text), (*named, *params))
            self.known[place] = rows
        return self.known[place]


def _part(row: tuple[Any, ...]) -> Part:
    schema, table = row[9]
    refers = None if table is None else join(schema, table)
    facts: tuple[Any, ...] = (*row[:9], refers, *map(tuple, row[10:13]))
    return Part(*facts)


def _statistics(
    name: str,
    definition: str,
    comment: str | None,
    expressed: bool,
    columns: list[str],
    targets: list[str],
) -> Part:
    return Part(
        kind="statistics",
        name=name,
        definition=definition,
        comment=comment,
        index_comment=None,
        options=None,
        clustered=False,
        identifies=False,
        expressed=expressed,
        refers=None,
        ref_columns=(),
        columns=tuple(columns),
        targets=tuple(targets),
    )


def _column(row: tuple[Any, ...], owned: Collection[tuple[bool, Sequence]]) -> LiveColumn:
    name, native, required, generated, identity, default, collation, *rest = row
    comment, requirement, attributes = rest
    numbering = next((sequence for numbers, sequence in owned if numbers), None)
    return LiveColumn(
        name=name,
        native=native,
        required=required,
        generated=default if generated else None,
        virtual=generated == "v",
        identity=identity,
        default=None if generated else default,
        collation=collation,
        comment=comment,
        requirement=Requirement(*requirement) if requirement else None,
        attributes=tuple(attributes),
        sequence=numbering,
        others=tuple(sequence for _, sequence in owned if sequence is not numbering),
    )
