"""What is in the way of a plan's steps is taken apart before them and put together after them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from zmigration_api import (
    AddConstraint,
    AddIndex,
    AlterColumn,
    AlterType,
    Change,
    DropColumn,
    DropConstraint,
    DropIndex,
    DropTable,
    PrimaryKey,
    RenamePart,
    Step,
    UniqueConstraint,
)

from .catalog import Catalog, Part
from .pieces import Piece, Pieces, dropped_last_first, made_first_first
from .plan_types import moved
from .planning import Planning, refuse
from .render import constraint_name
from .tokens import lasting
from .views import ViewPieces

_KEYS = ("constraint", "index")
_SWITCH = re.compile(r"ALTER TABLE .+ (DISABLE|ENABLE( REPLICA| ALWAYS)?) TRIGGER .+;", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Touch:
    """A step that gives a live column another type; `light`: only another measure.

    `gone` says that the column itself is dropped and comes again; without `forward` it is about
    the way back alone.
    """

    step: int
    table: str
    column: str
    light: bool = False
    gone: bool = False
    forward: bool = True


@dataclass(slots=True)
class _Range:
    """From which step to which a piece is away; `dropped` and `made` say which sides are ours."""

    piece: Piece
    first: int
    last: int
    made: bool = True
    back: bool = True
    forward: bool = False


def around(planning: Planning, steps: Sequence[Step]) -> tuple[Step, ...]:
    """The steps, each piece dropped in the first that it is in the way of and made in the last."""
    apart = _Apart(planning, steps)
    for touch in apart.touches():
        apart.touched(touch)
    apart.types()
    apart.keys()
    return apart.steps()


class _Apart:
    def __init__(self, planning: Planning, steps: Sequence[Step]) -> None:
        self._planning = planning
        self._steps = list(steps)
        self._catalog: Catalog = planning.catalog
        self._live = {new: old for old, new in planning.renames.tables.items()}
        self._gone = _dropped_names(planning)
        self._pieces = Pieces(self._catalog, planning.renames, self._renamed_parts())
        self._views = ViewPieces(planning)
        self._ranges: dict[tuple[str, ...], _Range] = {}
        self._ends: dict[tuple[str, str], list[Touch]] = {}

    def touches(self) -> Iterator[Touch]:
        for number, one in enumerate(self._steps):
            change = one.changes[0]
            if isinstance(change, AlterColumn):
                yield from self._altered(number, change)
            if isinstance(change, AlterType):
                found = moved(self._planning, change, one)
                for table, column in found.columns if found else ():
                    yield Touch(number, table, column, forward=found is None or found.forward)

    def _altered(self, number: int, change: AlterColumn) -> Iterator[Touch]:
        planning = self._planning
        made = planning.alterations.get(id(change))
        if made is None:
            return
        place = planning.place(change.table, change.new.name)
        if made.anew or made.stored_now:
            yield Touch(number, *place, gone=True)
        elif made.freed:
            yield Touch(number, *place, gone=True, forward=False)
        elif made.changes_type:
            yield Touch(number, *place, light=made.light)

    def touched(self, touch: Touch) -> None:
        """Note what is in the way of one touch."""
        table, column = touch.table, touch.column
        for part in self._catalog.parts(table):
            if column in part.columns and part.name not in self._gone:
                self._part(touch, table, part)
        for owner, name, _ in self._catalog.referring(table):
            key = self._catalog.part(owner, name)
            if key and column in key.ref_columns and name not in self._gone:
                self._foreign_key(touch, owner, key)
        if not touch.gone:
            self._depending(touch)
        for piece in self._views.over(table, column):
            self._note(touch, piece)

    def _depending(self, touch: Touch) -> None:
        for kind, name in self._catalog.depending(touch.table, touch.column):
            if kind == "generated":
                self._generated(touch, name)
            else:
                self._depends(touch, kind, name)

    def _depends(self, touch: Touch, kind: str, name: str) -> None:
        if kind == "trigger":
            trigger = next(t for t in self._catalog.triggers(touch.table) if t.name == name)
            self._note(touch, self._pieces.trigger(touch.table, trigger))
        else:
            policy = next(p for p in self._catalog.policies(touch.table) if p.name == name)
            self._note(touch, self._pieces.policy(touch.table, policy))

    def _generated(self, touch: Touch, name: str) -> None:
        """A column that is computed from the touched one."""
        mine = [
            (n, one.changes[0])
            for n, one in enumerate(self._steps)
            if isinstance(one.changes[0], AlterColumn | DropColumn)
            and self._place_of(one.changes[0]) == (touch.table, name)
        ]
        if any(n < touch.step for n, _ in mine):
            return  # it is no more, or plain by then
        piece = self._pieces.generated(touch.table, name)
        if piece is None:
            return
        altered = next((n for n, c in mine if isinstance(c, AlterColumn)), None)
        found = self._note(touch, piece)
        if altered is not None:
            self._comes_otherwise(found, altered)
        self.touched(replace(touch, column=name, gone=True, light=False))

    def _comes_otherwise(self, found: _Range, altered: int) -> None:
        """The step that alters a computed column finds it gone; taking it back leaves it so."""
        one = self._steps[altered]
        if not found.made:
            return
        found.made = False
        drop = found.piece.drop[0]
        statements = tuple(s for s in one.statements if s != drop)
        undo = one.undo[: one.undo.index(drop) + 1] if drop in one.undo else one.undo
        self._steps[altered] = replace(one, statements=statements, undo=undo)

    def _place_of(self, change: Change) -> tuple[str, str]:
        assert isinstance(change, AlterColumn | DropColumn)
        column = change.new if isinstance(change, AlterColumn) else change.column
        return self._planning.place(change.table, column.name)

    def _part(self, touch: Touch, table: str, part: Part) -> None:
        if part.kind == "foreign key":
            self._foreign_key(touch, table, part)
        elif touch.gone or (part.expressed and not (touch.light and _lasts(part))):
            self._note_part(touch, table, part)

    def _foreign_key(self, touch: Touch, owner: str, part: Part) -> None:
        """The server itself checks a key again of which one end changes; both go one by one."""
        ends = self._ends.setdefault((owner, part.name), [])
        ends.append(touch)
        places = {(end.table, end.column) for end in ends}
        if touch.gone or (len(places) > 1 and not touch.light):
            for end in ends:
                self._note_part(end, owner, part)

    def _note_part(self, touch: Touch, live: str, part: Part) -> None:
        found = self._note(touch, self._pieces.part(live, part))
        dropped = self._dropped_columns(live) & {*part.columns}
        if dropped or self._is_dropped(live):
            found.made = found.back = False  # the way back of what is dropped brings it back

    def _dropped_columns(self, live: str) -> set[str]:
        places = (self._place_of(c) for c in self._planning.changes if isinstance(c, DropColumn))
        return {column for table, column in places if table == live}

    def _is_dropped(self, live: str) -> bool:
        changes = self._planning.changes
        return any(
            isinstance(c, DropTable) and self._planning.live(c.table) == live for c in changes
        )

    def _note(self, touch: Touch, piece: Piece) -> _Range:
        number = touch.step
        found = self._ranges.setdefault(piece.key, _Range(piece, number, number))
        if piece.rank > found.piece.rank:
            found.piece = piece  # a view over a view over one column and over another one itself
        found.first, found.last = min(found.first, number), max(found.last, number)
        found.forward = found.forward or touch.forward
        return found

    def types(self) -> None:
        """What names a type that is made anew, besides its columns."""
        for number, one in enumerate(self._steps):
            change = one.changes[0]
            found = None
            if isinstance(change, AlterType):
                found = moved(self._planning, change, one)
            for table, kind, name in found.parts if found else ():
                touch = Touch(number, table, "", forward=found is None or found.forward)
                self._named(touch, kind, name)

    def _named(self, touch: Touch, kind: str, name: str) -> None:
        if kind == "part":
            part = self._catalog.part(touch.table, name)
            if part is not None and name not in self._gone:
                self._note_part(touch, touch.table, part)
        elif kind == "generated":
            self._generated(touch, name)
        elif kind == "default":
            what = f"the default of {touch.table}.{name}"
            refuse("the type cannot be made anew", [what])
        else:
            self._depends(touch, kind, name)

    def keys(self) -> None:
        """Foreign keys that rely on a key or unique index that the plan drops."""
        for number, one in enumerate(self._steps):
            change = one.changes[0]
            if isinstance(change, DropConstraint | DropIndex):
                self._relying(number, change)

    def _relying(self, number: int, change: DropConstraint | DropIndex) -> None:
        live = self._planning.live(change.table)
        name = _name_of(change)
        for owner, key, index in self._catalog.referring(live):
            part = self._catalog.part(owner, key)
            if index != name or key in self._gone or part is None:
                continue
            touch = Touch(number, owner, "")
            found = self._note(touch, self._pieces.part(owner, part))
            if self._is_dropped(owner):
                found.made = found.back = False
            else:
                found.last = max(found.last, self._relies_on(change.table, part, number))

    def _relies_on(self, table: str, part: Part, number: int) -> int:
        """The step that makes another key for it, else the one after which it has none."""
        columns = {self._planning.renames.column(part.refers or "", c) for c in part.ref_columns}
        for place, one in enumerate(self._steps):
            for change in one.changes:
                if change.table == table and _key_columns(change) == columns:
                    return max(place, number)
        parts = self._catalog.parts(part.refers or "")
        keys = [p for p in parts if p.kind in _KEYS and p.name not in self._gone]
        if not any({*p.columns} == {*part.ref_columns} for p in keys):
            refuse(f"the key of {table} cannot go", [f"foreign key {part.name}"])
        return number

    def _renamed_parts(self) -> dict[tuple[str, str], str]:
        return {
            (self._planning.live(c.table), c.old): c.new
            for c in self._planning.changes
            if isinstance(c, RenamePart)
        }

    def steps(self) -> tuple[Step, ...]:
        """The steps with every piece around them."""
        made = list(self._steps)
        found = list(self._ranges.values())
        for number, one in enumerate(made):
            gone = [r for r in found if r.first == number]
            comes = [r for r in found if r.last == number]
            ahead = [r.piece for r in gone if r.forward]
            if not gone and not comes:
                continue
            made[number] = replace(
                one,
                statements=(
                    *dropped_last_first(ahead),
                    *one.statements,
                    *made_first_first([r.piece for r in comes if r.made and r.forward]),
                ),
                undo=(
                    *dropped_last_first([r.piece for r in comes if r.back and r.made]),
                    *one.undo,
                    *made_first_first([r.piece for r in gone if r.back]),
                ),
            )
        return tuple(self._without_switches(made, found))

    def _without_switches(self, steps: Sequence[Step], found: Sequence[_Range]) -> Iterator[Step]:
        """A trigger that is away cannot be switched off."""
        for number, one in enumerate(steps):
            away = [r.piece.switch for r in found if r.piece.switch and r.first <= number <= r.last]
            if not away:
                yield one
                continue
            yield replace(
                one,
                statements=tuple(_unswitched(one.statements, away)),
                undo=tuple(_unswitched(one.undo, away)),
            )


def _lasts(part: Part) -> bool:
    """Whether the server would make it anew just as it was."""
    return lasting(part.definition) == part.definition and not part.targets


def _unswitched(statements: Sequence[str], away: Sequence[str]) -> Iterator[str]:
    creating = False
    for statement in statements:
        creating = creating or statement.startswith("CREATE TRIGGER")
        switch = _SWITCH.fullmatch(statement) and statement.endswith(tuple(away))
        if creating or not switch:
            yield statement


def _dropped_names(planning: Planning) -> set[str]:
    return {_name_of(c) for c in planning.changes if isinstance(c, DropConstraint | DropIndex)}


def _name_of(change: DropConstraint | DropIndex) -> str:
    if isinstance(change, DropIndex):
        return change.index.name
    return constraint_name(change.table, change.constraint)


def _key_columns(change: Change) -> set[str] | None:
    match change:
        case AddConstraint(_, PrimaryKey() | UniqueConstraint() as key):
            return set(key.columns)
        case AddIndex(_, index) if index.unique and not index.where and not index.keys:
            return set(index.columns)
        case _:
            return None
