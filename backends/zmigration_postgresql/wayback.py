"""The way back of a plan: archives before values go, and undo statements that bring them back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from zmigration_api import (
    AddColumn,
    AlterColumn,
    Archive,
    Archives,
    Change,
    Constraint,
    CreateTable,
    DropColumn,
    DropConstraint,
    DropIndex,
    Index,
    KeptColumn,
    PrimaryKey,
    RenameColumn,
    RenameTable,
    RenameType,
    Step,
)
from zmigration_api.history import PREFIX
from zmigration_api.renames import is_aside

from .alter import Alteration
from .archive import Keep, copied, keep_of, quiet
from .catalog import Catalog, LiveColumn, Part
from .names import QUOTING, table_name
from .positions import kept as kept_position
from .positions import kept_name
from .recreate import column_back, generated_back, part_back, table_back
from .renames import Renames
from .render import SQL, constraint_name
from .revert import column_reverted

_LAST = {"constraint": 1, "index": 2, "statistics": 2, "foreign key": 3}


@dataclass(frozen=True, slots=True)
class TableBack:
    """How a dropped table comes back; `lost` names what does not.

    `positions` are statements that keep, beside the archive, where its sequences stand.
    """

    archive: Archive
    positions: list[str]
    undo: list[str]
    lost: tuple[str, ...]


class WayBack:
    """Collects what a plan's steps need beside their own statements.

    `live` names are those in the database now, the others those after the plan's renames. What
    can only be made again when every name is the old one goes to the very end of the way back.
    """

    def __init__(self, changes: Sequence[Change], archives: Archives, catalog: Catalog) -> None:
        self._changes = changes
        self._archives = archives
        self._catalog = catalog
        renames = RenameTable | RenameColumn | RenameType
        self._renames = any(isinstance(c, renames) for c in changes)
        self._names = Renames(changes)
        self._aside = {c.old for c in changes if isinstance(c, RenameTable) and is_aside(c.new)}
        self._end: dict[str, int] = {}
        self._alterations: dict[str, list[tuple[Change, Alteration]]] = {}
        self._columns: dict[str, Sequence[str]] = {}
        self._gone = {c.index.name for c in changes if isinstance(c, DropIndex)}
        self._gone |= {
            constraint_name(c.table, c.constraint) for c in changes if isinstance(c, DropConstraint)
        }
        self._keeps = {
            a.new_table: keep_of(self._at_work(a), catalog, a.table, a.new_table, undone=False)
            for a in archives.kept
            if a.new_table is not None
        }

    def keeps(self, table: str, column: str) -> bool:
        """Whether this column's values are kept."""
        return self._kept(table, column) is not None

    def columns(self, live: str) -> list[str]:
        """The names of all columns that the table has now."""
        return [column.name for column in self._catalog.columns(live)]

    def table(self, name: str) -> TableBack | None:
        """A dropped table's way back, or None where nothing of it is known or kept."""
        archive, facts = self._archives.of(name), self._catalog.table(name)
        if archive is None or facts is None:
            return None
        for part in self._catalog.parts(name):
            if part.kind == "foreign key" and part.name not in self._gone:
                self._at_the_end(name, part)
        undo = table_back(name, self._catalog, facts, archive, self._gone)
        positions = [
            text
            for column in self._catalog.columns(name)
            for text in _positions(
                archive, column, f"{table_name(archive.name)}.{QUOTING.name(column.name)}"
            )
        ]
        if self.comes_last(name):
            self._end |= dict.fromkeys(undo, -1)
            undo = []
        return TableBack(archive, positions, undo, facts.lost)

    def owned(self, live: str, column: str | None = None) -> list[str]:
        """Sequences that go with a table or column, and do not number it: `sequence app.ids`."""
        columns = [c for c in self._catalog.columns(live) if column in (None, c.name)]
        names = [one.name.removeprefix("public.") for c in columns for one in c.others]
        return [f"sequence {name}" for name in names if PREFIX not in name]

    def positions(self, table: str, column: str, place: tuple[str, str]) -> list[str]:
        """Statements that keep, beside its values, where the sequences of a column stand."""
        live, kept = self._catalog.column(*place), self._kept(table, column)
        if live is None or kept is None:
            return []
        return _positions(self._keeps[table].archive, live, self._keeps[table].place(kept))

    def comes_last(self, live: str) -> bool:
        """Whether a dropped table comes back when its name is free again, which another took."""
        return live in self._aside and self._archives.of(live) is not None

    def _at_work(self, archive: Archive) -> Archive:
        """The archive with the columns that go as they are called after the plan's renames."""

        def called(kept: KeptColumn) -> KeptColumn:
            name = self._names.column(archive.table, kept.old.name)
            return kept if kept.new else replace(kept, old=replace(kept.old, name=name))

        return replace(archive, kept=tuple(map(called, archive.kept)))

    def column(
        self, change: DropColumn, place: tuple[str, str], columns: Sequence[str]
    ) -> list[str] | None:
        """A dropped column's way back, or None where nothing of it is known or kept."""
        live = self._catalog.column(*place)
        for part in self._catalog.parts(place[0]):
            if place[1] in part.columns and part.name not in self._gone:
                self._at_the_end(place[0], part)
        if live is None:
            return None
        if live.generated is not None and self._renames:
            self._end |= dict.fromkeys(generated_back(place[0], live), 0)
            return []
        if live.generated is not None:
            return generated_back(change.table, live)
        keep, kept = self._keeps.get(change.table), self._kept(change.table, change.column.name)
        if keep is None or kept is None:
            return None
        self._columns.setdefault(change.table, columns)
        return column_back(replace(self._names.typed(live), name=change.column.name), keep, kept)

    def alteration(
        self,
        change: AlterColumn,
        made: Alteration,
        forward: Sequence[str],
        place: tuple[str, str],
        columns: Sequence[str],
    ) -> list[str]:
        """An altered column's way back."""
        live = self._catalog.column(*place)
        live = self._names.typed(live) if live else None
        self._alterations.setdefault(change.table, []).append((change, made))
        kept = self._kept(change.table, change.new.name)
        if kept is not None:
            self._columns.setdefault(change.table, columns)
        keep = self._keeps.get(change.table)
        if live and made.anew and made.old.generated is None and keep and kept:
            drop = SQL.drop_column(change.table, change.new.name)
            return [drop, *column_back(replace(live, name=change.new.name), keep, kept)]
        if live is None or made.old.generated is not None or made.new.generated is not None:
            return made.undo()
        return column_reverted(made, forward, live, keep, kept)

    def quiet(self, table: str, live: str, statements: list[str]) -> list[str]:
        """The statements, while triggers and rules do not change what the plan does not show."""
        if not any(statement.startswith("UPDATE ") for statement in statements):
            return statements
        return quiet(table, self._catalog.firing(live), statements)

    def constraint(self, live: str, constraint: Constraint, name: str) -> list[str] | None:
        """A dropped constraint's own definition where the model does not say all of it."""
        part = self._catalog.part(live, name)
        if part is None or (
            not self._renames
            and part.definition == SQL.clause(constraint)
            and part_back(live, part) == [SQL.add_constraint(live, constraint)]
        ):
            return None
        return self._elsewhere(live, part)

    def index(self, live: str, index: Index) -> list[str] | None:
        """A dropped index's own definition where the model does not say all of it."""
        part = self._catalog.part(live, index.name)
        where = f" WHERE ({index.where})" if index.where else ""
        plain = f" USING btree ({QUOTING.names(index.columns)}){where}"
        bare = part is not None and len(part_back(live, part)) == 1
        if part is None or (not self._renames and bare and part.definition.endswith(plain)):
            return None
        return self._elsewhere(live, part)

    def nullable_again(
        self, table: str, constraint: Constraint, places: Mapping[str, tuple[str, str]]
    ) -> list[str]:
        """What a primary key made required, and leaves so when it goes."""
        if not isinstance(constraint, PrimaryKey):
            return []
        live = {name: self._catalog.column(*places[name]) for name in constraint.columns}
        alter = f"ALTER TABLE {table_name(table)} ALTER COLUMN"
        return [
            f"{alter} {QUOTING.name(name)} DROP NOT NULL;"
            for name, column in live.items()
            if column is not None and not column.required
        ]

    def finished(self, steps: Sequence[Step]) -> tuple[Step, ...]:
        """The steps with archives made, rows matched, and what comes at the end."""
        made = list(steps)
        for table, keep in self._keeps.items():
            self._keep(made, table, keep)
        for archive in self._archives.undone:
            self._keep_undone(made, archive)
        if made and self._end:
            end = sorted(self._end, key=lambda statement: self._end[statement])
            made[0] = replace(made[0], undo=(*made[0].undo, *end))
        return tuple(made)

    def _keep(self, steps: list[Step], table: str, keep: Keep) -> None:
        touching = [n for n, c in enumerate(self._changes) if self._is_kept(c, table)]
        if not touching:
            return
        first, last = touching[0], touching[-1]
        later = self._changes[first:]
        mine = [a for change, a in self._alterations.get(table, ()) if change in later]
        archive = keep.made(self._columns.get(table, ()), mine)
        steps[last] = replace(steps[last], undo=(*keep.matched(), *steps[last].undo))
        steps[first] = replace(
            steps[first],
            statements=(archive, *steps[first].statements),
            undo=(*steps[first].undo, *keep.unmatched()),
            keeps=keep.archive,
        )

    def _keep_undone(self, steps: list[Step], archive: Archive) -> None:
        places = [n for n, c in enumerate(self._changes) if _adds(c, archive)]
        if not places:
            return
        last = places[-1]
        if archive.new_table is None:
            first = copied(archive, archive.table)
        else:
            at_work, now = archive.table, archive.new_table
            keep = keep_of(archive, self._catalog, now, at_work, undone=True)
            first = keep.made((), ())
        steps[last] = replace(steps[last], undo=(first, *steps[last].undo), keeps_undone=archive)

    def _is_kept(self, change: Change, table: str) -> bool:
        if not isinstance(change, DropColumn | AlterColumn) or change.table != table:
            return False
        column = change.column if isinstance(change, DropColumn) else change.new
        return self._kept(table, column.name) is not None

    def _kept(self, table: str, column: str) -> KeptColumn | None:
        keep = self._keeps.get(table)
        kept = keep.archive.kept if keep else ()
        return next((k for k in kept if (k.new or k.old).name == column), None)

    def _elsewhere(self, live: str, part: Part) -> list[str]:
        """The statements, or none where they are to wait until every name is the old one."""
        if not self._renames:
            return part_back(live, part)
        self._at_the_end(live, part)
        return []

    def _at_the_end(self, live: str, part: Part) -> None:
        self._end |= dict.fromkeys(part_back(live, part), _LAST[part.kind])


def _positions(archive: Archive, column: LiveColumn, owner: str) -> list[str]:
    return [
        text
        for one in column.sequences
        for text in kept_position(one, kept_name(archive.name, one.name), owner)
    ]


def _adds(change: Change, archive: Archive) -> bool:
    if archive.new_table is None:
        return isinstance(change, CreateTable) and change.table == archive.table
    added = {kept.old.name for kept in archive.kept}
    if change.table != archive.table:
        return False
    if isinstance(change, AlterColumn):  # what was written to it goes when it is computed again
        freed = change.old.generated is not None and change.new.generated is None
        return freed and change.new.name in added
    return isinstance(change, AddColumn) and change.column.name in added
