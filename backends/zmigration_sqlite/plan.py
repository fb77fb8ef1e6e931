"""Changes as statements: native where SQLite can, one rebuild of the table where it cannot."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from zmigration_api import (
    NO_ARCHIVES,
    AddColumn,
    AddConstraint,
    AddIndex,
    AlterColumn,
    AlterTable,
    Archives,
    Change,
    CreateTable,
    DropColumn,
    DropConstraint,
    DropIndex,
    DropTable,
    ForeignKey,
    Hazard,
    Index,
    RenameColumn,
    RenamePart,
    RenameTable,
    Schema,
    Step,
    UniqueConstraint,
    UnsupportedChange,
)
from zmigration_api.renames import Rename

from . import archive
from .back import Back
from .index_steps import added, as_index, dropped
from .inspect import inspect, with_natives
from .keeping import Keeping
from .live import Live, TableNow, load
from .names import STATEMENTS
from .native import UNTIL_PURGED, NotNative, lost_column, lost_index, native_step
from .new_tables import new_type, type_now, with_required_key
from .rebuild import rebuild
from .renames import rename_steps, renamed_indexes, renamed_tables
from .render import create_table
from .rework import Rework
from .shadow import Shadow
from .tokens import fold, mentions, tokenize


def plan(
    source: sqlite3.Connection,
    changes: Sequence[Change],
    states: tuple[Schema, Schema],
    has_rows: Callable[[str], bool],
    archives: Archives = NO_ARCHIVES,
) -> tuple[Step, ...]:
    """The steps between two states, each tried on a copy of the structure."""
    shadow = Shadow(source)
    try:
        steps = _Planner(shadow, states, has_rows, Keeping(archives, changes)).steps(changes)
        shadow.refuse_broken()
        return steps if archives is NO_ARCHIVES else shadow.tried_back(steps)
    finally:
        shadow.close()


class _Planner:
    def __init__(
        self,
        shadow: Shadow,
        states: tuple[Schema, Schema],
        has_rows: Callable[[str], bool],
        keeping: Keeping,
    ) -> None:
        current, desired = states
        self._shadow = shadow
        self._keeping = keeping
        self._tables = {fold(table.name): table for table in current.tables}
        self._exact = {fold(table.name): table for table in desired.tables if table.exact}
        self._has_rows = has_rows
        self._old_names: dict[str, str] = {}

    def steps(self, changes: Sequence[Change]) -> tuple[Step, ...]:
        """Renames, indexes that go, new tables, work on tables, dropped tables, new indexes."""
        steps = [self._renamed(step) for step in rename_steps(_renames(changes))]
        rest = [c for c in changes if not isinstance(c, RenameTable | RenameColumn)]
        dropped = {fold(c.table) for c in changes if isinstance(c, DropTable)}
        created = {fold(c.table) for c in changes if isinstance(c, CreateTable)}
        folded = [c for c in rest if _goes_along(c, dropped, created)]
        rest = [c for c in rest if not _goes_along(c, dropped, created)]
        drops = [c for c in rest if self._drops_index(c)]
        steps += [self._drop_index(c) for c in drops]
        steps += [self._create(c, folded) for c in rest if isinstance(c, CreateTable)]
        work = [c for c in rest if c not in drops and self._is_work(c)]
        for table in dict.fromkeys(fold(c.table) for c in work):
            steps += self._work(tuple(c for c in work if fold(c.table) == table))
        steps += [self._drop_table(c, folded) for c in folded if isinstance(c, DropTable)]
        moved = [c for c in rest if isinstance(c, RenamePart) and c.part == "index"]
        steps += map(self._run, renamed_indexes(self._shadow.connection, moved))
        steps += [self._add_index(c, i) for c in rest if (i := self._new_index(c)) is not None]
        return tuple(steps)

    def _run(self, step: Step) -> Step:
        """The step, tried; UnsupportedChange with SQLite's reason if it cannot be."""
        try:
            self._shadow.run(step.statements)
        except sqlite3.Error as error:
            raise UnsupportedChange(
                f"SQLite cannot change the table {step.table} so: {error}",
                hint="change the schema file, or the table by hand",
            ) from None
        return step

    def _live(self, table: str) -> Live:
        return load(self._shadow.connection, table)

    def _renamed(self, step: Step) -> Step:
        for change in step.changes:
            if isinstance(change, RenameTable):
                self._old_names[fold(change.new)] = change.old
        self._tables = renamed_tables(self._tables, step)
        return self._run(step)

    def _is_work(self, change: Change) -> bool:
        match change:
            case AddColumn() | AlterColumn() | DropColumn() | DropConstraint() | AlterTable():
                return True
            case RenamePart(_, part):
                return part == "constraint"
            case AddConstraint():
                return self._new_index(change) is None
            case _:
                return False

    def _new_index(self, change: Change) -> Index | None:
        """A unique constraint of a table that is there is an index, unless the table is exact."""
        match change:
            case AddIndex(_, index):
                return index
            case AddConstraint(table, UniqueConstraint(on_conflict=None) as unique):
                return None if fold(table) in self._exact else as_index(unique)
            case _:
                return None

    def _drops_index(self, change: Change) -> bool:
        match change:
            case DropIndex():
                return True
            case DropConstraint(table, UniqueConstraint(columns=columns) as constraint):
                if fold(table) in self._exact:
                    return False
                live = self._live(table)
                rework = Rework(self._now(live))
                rework.make(DropConstraint(table, constraint))
                return rework.text == live.text and bool(live.unique_indexes(columns))
            case _:
                return False

    def _drop_index(self, change: Change) -> Step:
        return self._run(dropped(change, self._live(change.table)))

    def _add_index(self, change: Change, index: Index) -> Step:
        return self._run(added(change, index, self._live(change.table)))

    def _create(self, change: CreateTable, folded: Sequence[Change]) -> Step:
        keys = [c for c in folded if isinstance(c, AddConstraint) and c.table == change.table]
        references = [c.constraint for c in keys if isinstance(c.constraint, ForeignKey)]
        table = change.content if change.content.exact else with_required_key(change.content)
        statement = create_table(table, lambda column: new_type(column, table), references)
        undone = self._keeping.undone(table.name)
        copied = archive.copied_whole(undone) if undone else ()
        return self._run(
            Step(
                changes=(change, *keys),
                statements=(statement,),
                undo=(*copied, STATEMENTS.drop_table(table.name)),
                keeps_undone=undone,
            )
        )

    def _drop_table(self, change: DropTable, folded: Sequence[Change]) -> Step:
        live = self._live(change.table)
        others = [c for c in folded if fold(c.table) == fold(change.table) and c != change]
        kept = self._keeping.dropped(live.name)
        until = f"; {UNTIL_PURGED}" if kept else ""
        lost = Hazard("data_loss", f"the table {live.name} goes, with its rows{until}")
        copied = archive.copied(kept, live) if kept else ()
        return self._run(
            Step(
                changes=(*others, change),
                statements=(*copied, STATEMENTS.drop_table(live.name)),
                undo=archive.copied_back(kept, live) if kept else live.statements,
                hazards=(lost,),
                keeps=kept,
            )
        )

    def _work(self, work: tuple[Change, ...]) -> tuple[Step, ...]:
        """All changes of one table natively, or all in one rebuild."""
        for change in work:
            if isinstance(change, DropColumn):
                self._refuse_quoting(self._live(change.table), change.column.name)
        try:
            with self._shadow.attempt():
                return self._natively(work)
        except (NotNative, sqlite3.Error):
            return (self._rebuilt(work),)

    def _natively(self, work: tuple[Change, ...]) -> tuple[Step, ...]:
        live = self._live(work[0].table)
        if not self._keeping.joins(work):
            return tuple(self._native(change) for change in work)
        if not self._keeping.one_by_one(work):
            raise NotNative
        kept = self._keeping.statements(work, self._now(live), live.text)
        self._shadow.run(kept)
        steps = [self._native(change) for change in work]
        joined = Step(
            changes=work,
            statements=(*kept, *(s for step in steps for s in step.statements)),
            undo=tuple(s for step in reversed(steps) for s in step.undo),
            hazards=tuple(hazard for step in steps for hazard in step.hazards),
        )
        return (self._with_way_back(joined, live, rebuilt=self._keeping.needs_rebuild(work)),)

    def _native(self, change: Change) -> Step:
        step = native_step(change, self._now(self._live(change.table)))
        self._shadow.run(step.statements)
        if self._keeping.asked and not self._shadow.takes_back(step):
            raise NotNative
        return step

    def _rebuilt(self, work: tuple[Change, ...]) -> Step:
        now = self._now(self._live(work[0].table))
        rework = Rework(now)
        for change in work:
            rework.make(change)
        rework.finish()
        hazards = self._hazards(work, now, rework)
        kept = self._keeping.statements(work, now, rework.text, rework.gone)
        statements = (*kept, *rebuild(now.live, rework.text, rework.values, rework.gone))
        step = self._run(Step(changes=work, statements=statements, hazards=hazards))
        return self._with_way_back(step, now.live, rebuilt=True)

    def _with_way_back(self, step: Step, before: Live, *, rebuilt: bool) -> Step:
        """The step with what takes it back, now that it has been made."""
        keeping, after = self._keeping, self._live(before.name)
        kept, undone = keeping.kept(before.name), keeping.undone(before.name)
        back = Back(step.changes, before, after, kept, keeping.names(before.name))
        guards = back.guards() if rebuilt and keeping.asked else ()
        saved = back.undone(undone) if undone else ()
        undo = back.rebuilt() if rebuilt else step.undo
        return replace(step, undo=(*guards, *saved, *undo), keeps=kept, keeps_undone=undone)

    def _hazards(
        self, work: tuple[Change, ...], now: TableNow, rework: Rework
    ) -> tuple[Hazard, ...]:
        table = now.live.name
        dropped = [c.column.name for c in work if isinstance(c, DropColumn)]
        found = [lost_column(name, now) for name in dropped]
        uniques = {i.name for i in now.live.indexes if not any(map(i.covers, dropped))}
        found += [lost_index(name) for name in sorted(rework.gone - uniques)]
        if now.rows:
            found.append(Hazard("rewrite", f"the table {table} is written anew"))
        return (*found, *rework.hazards)

    def _refuse_quoting(self, live: Live, column: str) -> None:
        for what, sql in self._shadow.quoting(column):
            if mentions(tokenize(sql), live.name):
                raise UnsupportedChange(
                    f"column {live.name}.{column} cannot go: {what} needs it",
                    hint="drop or change that first; it is not in the schema files",
                )

    def _now(self, live: Live) -> TableNow:
        """What the model and the file say of a table together; the file may hold more columns."""
        seen = inspect(self._shadow.connection, [live.name]).tables[0]
        model = with_natives(self._tables.get(fold(live.name), seen), seen)
        columns = {c.name: c for c in (*seen.columns, *model.columns)}
        old_name = self._old_names.get(fold(live.name), live.name)
        return TableNow(
            live,
            columns,
            lambda column: type_now(column, model, strict=live.text.strict),
            self._has_rows(old_name),
            self._keeping.columns(live.name),
            self._exact.get(fold(live.name)),
        )


def _renames(changes: Sequence[Change]) -> list[Rename]:
    return [c for c in changes if isinstance(c, RenameTable | RenameColumn)]


def _goes_along(change: Change, dropped: Collection[str], created: Collection[str]) -> bool:
    """Whether it is part of dropping its table, or a foreign key of a table that is created."""
    table = fold(change.table)
    if table in dropped:
        return True
    key = isinstance(change, AddConstraint) and isinstance(change.constraint, ForeignKey)
    return key and table in created
