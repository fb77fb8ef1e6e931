"""`--rollback` and `--rollback-to`: the same run as a migration, over the inverse steps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from zmigration_api import MigrationError, PlanMoved, UsageError, Version

from .hook_calls import path_hooks
from .outcome import Outcome, SchemaOutcome, Status
from .project import Project, where_configured
from .report import Report
from .rollback_report import RollbackReport
from .session import Request, Session, in_session
from .survey import Unit
from .system_schema import write_system_schema
from .taking_back import TakenBack, refuse_way_back, take_back
from .unit_of_work import Run
from .way_back import Stacks, Undoing, WayBack, down_to, fitted, last_run, stacks_of, way_back


def roll_back(request: Request, report: Report, to: Version | None) -> Outcome:
    """Take back the last run, or all after version `to`; every error is in the outcome."""

    def make(request: Request, report: Report, project: Project) -> Session:
        return _Rollback(request, report, project, to=to)

    return in_session(request, report, make)


@dataclass(slots=True)
class _Rollback(Session):
    """A run that brings the stores back to what was recorded before."""

    stage: ClassVar[str] = "Rolling Back"
    not_done: ClassVar[str] = "not rolled back"
    to: Version | None = None
    counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    stacks: Mapping[str, Stacks] = field(default_factory=dict)

    def prepare(self, run: Run) -> None:
        """Settle, over all stores, which records are to be taken back.

        A rollback that was killed when only files were left to set back is only finished: the
        person who repeats it does not mean the migration before.
        """
        if self.finish_killed_rollbacks() and self.to is None:
            self.report.warnings(["nothing more is taken back; run again to go further back"])
            return
        units = self.project.units
        stacks: list[Stacks] = []
        for unit in units:
            with where_configured(unit.files, run.app):
                stacks.append(stacks_of(unit))
        chosen = down_to(stacks, self.to) if self.to else last_run(stacks)
        if not any(chosen):
            if self.to is None:
                raise UsageError("There is nothing to roll back: nothing is recorded yet")
            return
        self.counts = {
            unit.store.display: counts for unit, counts in zip(units, chosen, strict=True)
        }
        # Counted from these; another run may take some of them back before the unit's turn.
        self.stacks = {unit.store.display: s for unit, s in zip(units, stacks, strict=True)}
        self._refuse_nothing(stacks)

    def _refuse_nothing(self, stacks: list[Stacks]) -> None:
        """A first record that changed nothing has nothing before it to go back to."""
        ways = [self._way(unit, s) for unit, s in zip(self.project.units, stacks, strict=True)]
        undoings = [undoing for way in ways for undoing in way.schemas]
        if all(undoing.goal is None and not undoing.steps for undoing in undoings):
            first = undoings[0]
            raise UsageError(
                f"There is nothing to roll back: {first.from_version} is the first version of "
                f"{first.file.name} that was recorded, and it changed nothing"
            )

    def _way(self, unit: Unit, stacks: Stacks) -> WayBack:
        return way_back(unit, stacks, self.counts.get(unit.store.display, {}))

    def _fitted(self, unit: Unit, way: WayBack) -> WayBack:
        """The way, fitted to the tables of now; PlanMoved if another run has just changed them."""
        try:
            refuse_way_back(unit, way, force=self.request.force_sync)
            return fitted(unit, way, force=self.request.force_sync)
        except MigrationError:
            self._require_unmoved(unit)
            raise

    def _again(self, unit: Unit, way: WayBack) -> WayBack:
        """The way as it is under the lock: fitted where it still is that way."""
        now = self._way(unit, stacks_of(unit))
        return fitted(unit, now, force=self.request.force_sync) if now == way else now

    def _require_unmoved(self, unit: Unit) -> None:
        if stacks_of(unit) != self.stacks[unit.store.display]:
            raise PlanMoved(
                f"{unit.store.display} was changed by another run meanwhile; nothing was touched",
                hint="run again to see what is left to do",
            )

    def unit(self, run: Run, unit: Unit) -> Iterator[SchemaOutcome]:
        """Show, approve, take back."""
        screen = RollbackReport(self.report)
        for file in unit.files:
            path_hooks(run.app, file)
        way = self._way(unit, self.stacks.get(unit.store.display, {}))
        yield from self._untouched(unit, way)
        if not way.schemas:
            self._finish_killed_commit(run, unit)
            return
        self._require_unmoved(unit)
        recorded, way = way, self._fitted(unit, way)
        for undoing in way.schemas:
            screen.changes(undoing)
        if self.request.look_only:
            screen.statements(way.steps)
            yield from (self._of(unit, undoing, "pending") for undoing in way.schemas)
            return
        if not self.approved(unit, "a rollback is prepared", "Apply rollback?"):
            yield from (self._of(unit, undoing, "pending") for undoing in way.schemas)
            return
        write_system_schema()
        done = take_back(run, unit, way, lambda: self._again(unit, recorded))
        self.report.notices(unit.store)
        for taken in done:
            screen.rolled_back(taken)
            yield self._of(unit, taken.undoing, "rolled_back", taken)

    def _finish_killed_commit(self, run: Run, unit: Unit) -> None:
        """`begin` ends what a killed run had committed and not yet put in place."""
        if unit.store.unfinished and not self.request.look_only:
            unit.store.begin(run.lock_timeout)
            unit.store.rollback()
            self.report.notices(unit.store)

    def _untouched(self, unit: Unit, way: WayBack) -> Iterator[SchemaOutcome]:
        taken = {undoing.file.name for undoing in way.schemas}
        for outcome in self.of_unit(unit, "up_to_date"):
            if outcome.name not in taken:
                yield outcome

    def _of(
        self, unit: Unit, undoing: Undoing, status: Status, taken: TakenBack | None = None
    ) -> SchemaOutcome:
        return SchemaOutcome(
            name=undoing.file.name,
            backend=unit.backend.name,
            store=unit.store.display,
            status=status,
            steps=undoing.steps,
            record=taken.record if taken else None,
            warnings=taken.warnings if taken else (),
            from_version=undoing.from_version,
            to_version=undoing.to_version,
            changes=undoing.changes,
        )

    def end(self, outcome: Outcome) -> None:
        """What became of it."""
        if self.request.look_only:
            self.report.looked("dry-run")
        else:
            RollbackReport(self.report).results(outcome)
