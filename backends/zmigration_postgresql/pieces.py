"""What stands in the way of a column's new type, and how it goes and comes back.

The server changes a type below plain indexes and keys by itself. It refuses below generated
columns, views, policies and triggers that name the column; and what it builds anew over an
expression may be written otherwise after that. These go before, and come back after.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from .catalog import Catalog, Part, Policy, Trigger
from .names import QUOTING, table_name
from .recreate import generated_back, part_back, policy_back, trigger_back
from .renames import Renames
from .render import SQL
from .translate import translated

_FIRST = {"constraint": 1, "index": 2, "statistics": 2, "foreign key": 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Something in the way: `drop` and `make` are its statements, under the names after renames.

    What is made later has a greater `rank`, and is dropped earlier. `switch` ends the statements
    that switch a trigger off and on.
    """

    key: tuple[str, ...]
    rank: int
    drop: tuple[str, ...]
    make: tuple[str, ...]
    switch: str | None = None


class Pieces:
    """Pieces by what they are, all under the names after the renames."""

    def __init__(
        self, catalog: Catalog, renames: Renames, parts: dict[tuple[str, str], str]
    ) -> None:
        """`parts` are the new names of renamed indexes and constraints, by live table and name."""
        self._catalog, self._renames, self._parts = catalog, renames, parts

    def part(self, live: str, part: Part) -> Piece:
        """An index, check, key, foreign key or extended statistics."""
        table = self._renames.table(live)
        name = self._parts.get((live, part.name), part.name)
        definition = self._definition(live, part)
        if name != part.name and part.kind == "index":
            old = f" INDEX {QUOTING.name(part.name)} ON "
            definition = definition.replace(old, f" INDEX {QUOTING.name(name)} ON ", 1)
        moved = replace(part, name=name, definition=definition)
        drop = SQL.drop_constraint(table, name)
        if part.kind == "index":
            drop = SQL.drop_index(name, table)
        if part.kind == "statistics":
            drop = f"DROP STATISTICS {name};"
        return Piece(
            key=("part", live, part.name),
            rank=_FIRST[part.kind],
            drop=(drop,),
            make=tuple(part_back(table, moved)),
        )

    def _definition(self, live: str, part: Part) -> str:
        table = (live, self._renames.table(live))
        columns, types = self._renames.columns(live), self._renames.types
        if part.kind == "statistics":
            over = part.definition.rpartition(" FROM ")[0]
            return f"{translated(over, columns, None, types)} FROM {table_name(table[1])}"
        if part.kind != "foreign key":
            return translated(part.definition, columns, table, types)
        own, word, there = part.definition.partition(" REFERENCES ")
        target, bracket, rest = there.partition("(")
        ref = part.refers or ""
        names, closing, actions = rest.partition(")")
        new_target = target
        if self._renames.table(ref) != ref:
            new_target = table_name(self._renames.table(ref))
        return (
            translated(own, columns)
            + word
            + new_target
            + bracket
            + translated(names, self._renames.columns(ref))
            + closing
            + translated(actions, columns)
        )

    def generated(self, live: str, name: str) -> Piece | None:
        """A generated column."""
        column = self._catalog.column(live, name)
        if column is None or column.generated is None:
            return None
        table, new = self._renames.table(live), self._renames.column(live, name)
        text = translated(column.generated, self._renames.columns(live), None, self._renames.types)
        return Piece(
            key=("generated", live, name),
            rank=0,
            drop=(SQL.drop_column(table, new),),
            make=tuple(generated_back(table, replace(column, name=new, generated=text))),
        )

    def trigger(self, live: str, trigger: Trigger) -> Piece:
        table = self._renames.table(live)
        definition = translated(
            trigger.definition,
            self._renames.columns(live),
            (live, table),
            self._renames.types,
        )
        name = QUOTING.name(trigger.name)
        return Piece(
            key=("trigger", live, trigger.name),
            rank=5,
            drop=(f"DROP TRIGGER {name} ON {table_name(table)};",),
            make=tuple(trigger_back(table, replace(trigger, definition=definition))),
            switch=f" TRIGGER {name};",
        )

    def policy(self, live: str, policy: Policy) -> Piece:
        table = self._renames.table(live)
        columns = self._renames.columns(live)
        using = policy.using and translated(policy.using, columns)
        check = policy.check and translated(policy.check, columns)
        make = policy_back(table, replace(policy, using=using, check=check))
        drop = f"DROP POLICY {QUOTING.name(policy.name)} ON {table_name(table)};"
        return Piece(key=("policy", live, policy.name), rank=4, drop=(drop,), make=tuple(make))


def dropped_last_first(pieces: Sequence[Piece]) -> Iterator[str]:
    for piece in sorted(pieces, key=lambda p: -p.rank):
        yield from piece.drop


def made_first_first(pieces: Sequence[Piece]) -> Iterator[str]:
    for piece in sorted(pieces, key=lambda p: p.rank):
        yield from piece.make
