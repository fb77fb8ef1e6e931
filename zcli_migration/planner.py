"""From changes to a plan: an order that works, and the steps that the store makes of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from zmigration_api import (
    NO_ARCHIVES,
    AddColumn,
    AddConstraint,
    AddIndex,
    AlterColumn,
    AlterTable,
    AlterType,
    BackendType,
    Change,
    Check,
    CreateTable,
    CreateType,
    DropColumn,
    DropConstraint,
    DropIndex,
    DropTable,
    DropType,
    ForeignKey,
    Hazard,
    RenameColumn,
    RenamePart,
    RenameTable,
    RenameType,
    Schema,
    SetComment,
    Step,
    Store,
    Table,
    UnsupportedChange,
)
from zmigration_api.archive import archives_for
from zmigration_api.describe import summary
from zmigration_api.renames import in_turn, without_aside
from zmigration_api.snapshot import fingerprint

from .exact import parts_of
from .no_way_back import with_no_way_back

Base: TypeAlias = tuple[Schema, tuple[str, ...]]
"""The live tables, and the last record of each schema."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What one store will be asked to do. `base` is the state that it was made for."""

    steps: tuple[Step, ...]
    changes: tuple[Change, ...]
    base: Base

    @property
    def base_hash(self) -> str:
        """Another one means that the plan was made for another state."""
        return fingerprint(self.base)


def make_plan(
    store: Store,
    backend: BackendType,
    changes: Sequence[Change],
    current: Schema,
    desired: Schema,
    base: Base,
) -> Plan:
    """The plan for these changes; UnsupportedChange if the backend cannot make one of them."""
    refuse_unsupported(backend, changes)
    ordered = in_order(changes)
    if not ordered:
        return Plan(steps=(), changes=(), base=base)
    archives = NO_ARCHIVES
    if backend.keeps_archives:
        archives = archives_for(ordered, current, desired, fingerprint(base)[:10])
    steps = store.plan(ordered, current, desired, archives)
    told = tuple(with_no_way_back(backend, _in_words(step)) for step in steps)
    return Plan(steps=told, changes=ordered, base=base)


def _in_words(step: Step) -> Step:
    """The step with hazards that call what is set aside by its own name."""
    hazards = tuple(replace(h, text=without_aside(h.text)) for h in step.hazards)
    return replace(step, hazards=hazards)


def refuse_unsupported(backend: BackendType, changes: Iterable[Change]) -> None:
    """UnsupportedChange names the first change that stores of this kind cannot make."""
    for change in changes:
        if type(change) not in backend.supports:
            raise UnsupportedChange(
                f"{backend.name} cannot do this: {summary(change, qualified=True, done=False)}",
                hint="undo this change in the schema file, or make it in the store by hand",
            )


def in_order(changes: Sequence[Change]) -> tuple[Change, ...]:
    """The changes in an order in which each can be made.

    Foreign keys go first and come last, so tables may be created in any order; tables that
    refer to others are dropped before them, and early where something new needs their names.
    """
    dropped = {c.table: c for c in changes if isinstance(c, DropTable)}
    drop_order = {name: place for place, name in enumerate(_referring_first(dropped))}
    coming = {name for change in changes for name in _coming(change)}

    def key(change: Change) -> tuple[int, int]:
        in_the_way = isinstance(change, DropTable) and not coming.isdisjoint(_names(change.content))
        stage = _FREED if in_the_way else _stage(change)
        return stage, drop_order.get(change.table, 0)

    return tuple(_renames_in_turn(sorted(changes, key=key)))


def _renames_in_turn(changes: Sequence[Change]) -> Iterator[Change]:
    """Renames so that each finds its new name free, as far as that goes; else as they are."""
    yield from in_turn(c for c in changes if isinstance(c, RenameTable))
    yield from (c for c in changes if isinstance(c, RenameType))
    columns = [c for c in changes if isinstance(c, RenameColumn)]
    for table in dict.fromkeys(change.table for change in columns):
        yield from in_turn(c for c in columns if c.table == table)
    renames = RenameTable | RenameType | RenameColumn
    yield from (c for c in changes if not isinstance(c, renames))


_FREED = 4
"""Where constraints go too: before anything comes."""


def _coming(change: Change) -> Iterable[str]:
    """The names that a change needs to be free."""
    match change:
        case CreateTable(table) if table.exact:
            return _names(table)
        case AddIndex(_, index):
            return (index.name,)
        case _:
            return ()


def _names(table: Table) -> set[str]:
    """A table's own name, and those of its constraints and indexes, which some stores share."""
    key = table.primary_key
    names = {table.name, *(part.name for part in parts_of(table) if not isinstance(part, Check))}
    return names | ({key.name or f"{table.name}_pkey"} if key else set())


def _stage(change: Change) -> int:
    match change:
        case RenameTable() | RenameType():
            return 0
        case RenameColumn():
            return 1
        case DropConstraint(_, ForeignKey()):
            return 2
        case DropIndex():
            return 3
        case DropConstraint():
            return 4
        case RenamePart():
            return 5
        case CreateType() | AlterType():
            return 6
        case CreateTable():
            return 7
        case AlterTable(index=index):
            return 8 if index is None else 16
        case AddColumn():
            return 9
        case AlterColumn():
            return 10
        case DropColumn():
            return 11
        case AddConstraint(_, ForeignKey()):
            return 14
        case AddConstraint():
            return 12
        case AddIndex():
            return 13
        case DropTable():
            return 15
        case SetComment():
            return 16
        case DropType():
            return 17


def _referring_first(dropped: dict[str, DropTable]) -> list[str]:
    """Dropped tables, those that refer to others before these; a circle in the order given."""
    placed: list[str] = []

    def place(name: str, above: tuple[str, ...]) -> None:
        if name in placed or name in above:
            return
        for other, drop in dropped.items():
            refers = any(key.ref_table == name for key in drop.content.foreign_keys)
            if refers and other != name:
                place(other, (*above, name))
        placed.append(name)

    for name in dropped:
        place(name, ())
    return placed


def possible_renames(changes: Sequence[Change]) -> list[tuple[str, str, str]]:
    """(table, dropped column, added column) where a drop and an add may be a rename.

    Only pairs of the same kind of type that are unambiguous: one drop and one add of that kind.
    """
    found = []
    drops = [c for c in changes if isinstance(c, DropColumn)]
    adds = [c for c in changes if isinstance(c, AddColumn)]
    for drop in drops:
        kind = (drop.table, drop.column.type.kind)
        twins = [a for a in adds if (a.table, a.column.type.kind) == kind]
        rivals = [d for d in drops if (d.table, d.column.type.kind) == kind]
        if len(twins) == 1 and len(rivals) == 1:
            found.append((drop.table, drop.column.name, twins[0].column.name))
    return found


def rename_hazard(table: str, old: str, new: str) -> Hazard:
    """What to say when nobody can be asked whether it is a rename."""
    return Hazard(
        "rename_or_replace",
        f"{table}: {old} goes with its values and {new} comes empty; "
        f"if this is a rename, add `renamed_from: {old}` to {new}",
    )
