"""`--purge`: remove what was kept for the way back, once nobody will go that way."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import ClassVar

from zmigration_api import (
    DropTable,
    HistoryRecord,
    PlanMoved,
    Schema,
    Step,
    Table,
    UsageError,
    Version,
    history_table,
)
from zmigration_api.archive import KEPT, UNDONE

from .interrupts import uninterrupted
from .outcome import Outcome, SchemaOutcome, Status
from .planner import in_order, refuse_unsupported
from .project import Project
from .recording import all_records, history_table_for, meta_of
from .report import Report
from .session import Request, Session, in_session
from .survey import Unit
from .unit_of_work import Run

_ARCHIVE = re.compile(f"(?:{KEPT}|{UNDONE})[0-9a-f]{{10}}_.+", re.DOTALL)
_APPROVAL = "archives would be removed", "Remove them? No rollback can use them then."
_AGE = re.compile(r"(\d{1,6})([hdw])")
_HOURS = {"h": 1, "d": 24, "w": 168}


@dataclass(frozen=True, slots=True, kw_only=True)
class Older:
    """Which archives go: of migrations to versions before one, or before a moment; else all."""

    version: Version | None = None
    moment: datetime | None = None

    @classmethod
    def parse(cls, text: str) -> Older:
        """`all`, a version like `v1.2.0`, or an age like `30d`, `12h`, `2w`; else UsageError."""
        age = _AGE.fullmatch(text)
        if text == "all":
            return cls()
        if age:
            ago = timedelta(hours=int(age[1]) * _HOURS[age[2]])
            return cls(moment=datetime.now(timezone.utc).replace(tzinfo=None) - ago)
        try:
            return cls(version=Version.parse(text))
        except ValueError:
            raise UsageError(
                f"--purge {text}: that is neither a version nor an age",
                hint="write it like v1.2.0, 30d, 12h, 2w or all",
            ) from None

    def covers(self, record: HistoryRecord) -> bool:
        """Whether the record's archives go."""
        if self.version is not None:
            return Version.parse(record.to_version) < self.version
        return self.moment is None or datetime.fromisoformat(record.applied_at) < self.moment


def purge(request: Request, report: Report, older: Older) -> Outcome:
    """Remove archives; every error is in the outcome and has been shown."""

    def make(request: Request, report: Report, project: Project) -> Session:
        return _Purge(request, report, project, older=older)

    return in_session(request, report, make)


@dataclass(slots=True)
class _Purge(Session):
    """A run that removes archives, and nothing else."""

    stage: ClassVar[str] = "Removing What Was Kept"
    not_done: ClassVar[str] = "nothing was removed"
    older: Older = Older()

    def unit(self, run: Run, unit: Unit) -> Iterator[SchemaOutcome]:
        """Show, approve, remove."""
        found = self._found(unit)
        self._show(unit, found)
        steps = _steps(unit, found)
        status: Status = "pending" if steps else "up_to_date"
        if steps and not self.request.look_only and self.approved(unit, *_APPROVAL):
            self._remove(run, unit, found, steps)
            status = "applied"
        for outcome in self.of_unit(unit, status):
            yield SchemaOutcome(
                name=outcome.name,
                backend=outcome.backend,
                store=outcome.store,
                status=status,
                steps=steps if outcome.name == unit.files[0].name else (),
            )

    def _found(self, unit: Unit) -> Schema:
        """The archives that go, as they are there."""
        histories = {file.name: history_table_for(unit.store, file) for file in unit.files}
        live = unit.store.inspect([table.name for table in histories.values()])
        names = {
            name
            for table in histories.values()
            for record in all_records(unit.store, table, live.table(table.name))
            for name in _archives_of(record)
            if self.older.covers(record)
        }
        found = unit.store.inspect(sorted(names - {table.name for table in histories.values()}))
        return Schema(tables=tuple(table for table in found.tables if not _is_history(table)))

    def _show(self, unit: Unit, found: Schema) -> None:
        line = self.report.line
        line(f"Kept in {unit.store.display}, to be removed for good:", "bold")
        for table in found.tables:
            rows = unit.store.count(table.name)
            line(f"  - {table.name} ({'many' if rows is None else rows} row(s))", "red")
        if not found.tables:
            line("  (nothing)")
        line()

    def _remove(self, run: Run, unit: Unit, found: Schema, steps: tuple[Step, ...]) -> None:
        try:
            unit.store.begin(run.lock_timeout)
            if self._found(unit) != found:
                raise PlanMoved(
                    f"{unit.store.display} changed meanwhile; nothing was touched",
                    hint="run again to see what is left to do",
                )
            for step in steps:
                with run.show_step(step) as progress:
                    unit.store.run(step, progress)
            run.told.enter_context(uninterrupted(run.interrupts))
            unit.store.commit()
        except BaseException:
            unit.store.rollback()
            raise

    def end(self, outcome: Outcome) -> None:
        """What became of it."""
        if self.request.look_only:
            self.report.looked("dry-run")
        elif outcome.exit_code == 0:
            removed = any(schema.status == "applied" for schema in outcome.schemas)
            self.report.line("✅ Removed." if removed else "Nothing was removed.")


def _is_history(table: Table) -> bool:
    """Whether it is the history of a schema that happens to be called like an archive."""
    columns = {column.name for column in table.columns}
    return columns >= {column.name for column in history_table("").columns}


def _archives_of(record: HistoryRecord) -> list[str]:
    """The archives that a record names; what could be anything else is left out."""
    named = meta_of(record).get("archives", ())
    known = named if isinstance(named, list) else ()
    return [name for name in known if isinstance(name, str) and _ARCHIVE.fullmatch(name)]


def _steps(unit: Unit, found: Schema) -> tuple[Step, ...]:
    changes = in_order([DropTable(table) for table in found.tables])
    refuse_unsupported(unit.backend, changes)
    return unit.store.plan(changes, found, Schema()) if changes else ()
