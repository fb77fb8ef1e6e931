"""A run from the app file to the outcome: look, plan, ask the data, ask the person, apply."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from zmigration_api import (
    ApprovalNeeded,
    DataRefused,
    MigrationError,
    PlanMoved,
    Step,
    StoreError,
    UsageError,
    Version,
)

from . import preflight
from .drift import refuse
from .elsewhere import left_behind
from .interrupts import uninterrupted
from .outcome import INTERRUPTED, Outcome, SchemaOutcome, Status, exit_code
from .planner import possible_renames, rename_hazard
from .preflight import Violation
from .project import Project, Selection, open_project
from .renaming import idle_renames
from .report import Report, violation_lines
from .survey import SchemaSurvey, Survey, Unit, survey
from .system_schema import write_system_schema
from .unit_of_work import Result, Run, apply, path_hooks, steps_of

ATTEMPTS = 3
"""How often a run that needs no approval looks again when the store moved under it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What the user asked for. `look_only`: show, touch nothing. `lock_timeout` in seconds."""

    selection: Selection
    look_only: bool = False
    pending_is_failure: bool = False
    auto_approve: bool = False
    force_sync: bool = False
    version: Version | None = None
    lock_timeout: float = 10.0


def migrate(request: Request, report: Report) -> Outcome:
    """Migrate every chosen schema; every error is in the outcome and has been shown."""
    app_name = request.selection.app_file
    try:
        with open_project(request.selection, report) as project:
            return _Session(request, report, project).run()
    except MigrationError as error:
        report.error(error)
        return Outcome(app=app_name, exit_code=error.exit_code, error=error)
    except KeyboardInterrupt:
        stopped = _interrupted(report)
        return Outcome(app=app_name, exit_code=INTERRUPTED, error=stopped)
    except Exception as error:
        defect = _defect(error, report)
        return Outcome(app=app_name, exit_code=defect.exit_code, error=defect)


def _defect(error: Exception, report: Report) -> MigrationError:
    """An error that nobody foresaw: said in one line, with its traceback under --debug."""
    defect = MigrationError(
        f"Unexpected {type(error).__name__}: {error}",
        hint="this is a defect of zMigration or of a plugin; --debug shows where",
    )
    defect.__cause__ = error
    report.error(defect)
    return defect


def _interrupted(report: Report) -> MigrationError:
    error = MigrationError("Interrupted: nothing was changed")
    report.error(error)
    return error


class _Unapproved(Exception):
    """The person said no."""


@dataclass(slots=True)
class _Session:
    """One run over an opened project."""

    request: Request
    report: Report
    project: Project

    def run(self) -> Outcome:
        """Every unit in turn; units are independent of each other."""
        units = self.project.units
        if not units:
            self.report.nothing_found()
            error = UsageError("No schemas found with zMigration enabled")
            return self._outcome((), error)
        self.report.ready(sum(len(unit.files) for unit in units))
        run = self._run_settings()
        outcomes: list[SchemaOutcome] = []
        for unit in units:
            if run.interrupts:
                outcomes += self._of_unit(unit, "skipped")
            else:
                outcomes += self._guarded(run, unit)
        outcome = self._outcome(tuple(outcomes), None, interrupted=bool(run.interrupts))
        with uninterrupted([]):
            self._end(outcome)
        return outcome

    def _end(self, outcome: Outcome) -> None:
        if self.request.look_only:
            self.report.looked("check" if self.request.pending_is_failure else "dry-run")
        else:
            self.report.results(outcome)

    def _run_settings(self) -> Run:
        return Run(
            app=self.project.app,
            plugins=self.project.plugins,
            override=self.request.version,
            lock_timeout=self.request.lock_timeout,
            show_step=self.report.step,
        )

    def _outcome(
        self,
        schemas: tuple[SchemaOutcome, ...],
        error: MigrationError | None,
        *,
        interrupted: bool = False,
    ) -> Outcome:
        strict = self.request.pending_is_failure or not self.request.look_only
        code = error.exit_code if error else exit_code(schemas, pending_is_failure=strict)
        return Outcome(
            app=self.project.app.title,
            exit_code=INTERRUPTED if interrupted else code,
            schemas=schemas,
            error=error,
        )

    def _guarded(self, run: Run, unit: Unit) -> list[SchemaOutcome]:
        """One unit; its errors end in its own schemas, an interrupt ends the run after it."""
        try:
            return list(self._unit(run, unit))
        except MigrationError as error:
            self.report.error(error)
            self.report.failed(unit, error)
            return self._of_unit(unit, "failed", error=error)
        except Exception as error:
            defect = _defect(error, self.report)
            self.report.failed(unit, defect)
            return self._of_unit(unit, "failed", error=defect)
        except KeyboardInterrupt:
            run.interrupts.append(2)
            return self._of_unit(unit, "skipped", error=_interrupted(self.report))

    def _unit(self, run: Run, unit: Unit) -> Iterator[SchemaOutcome]:
        for attempt in range(ATTEMPTS):
            unit, found = self._look(run, unit)
            if self.request.look_only:
                self.report.unfinished(unit.store)
                return self._shown(unit, found)
            if not any(map(_has_work, found.schemas)) and not unit.store.unfinished:
                return self._up_to_date(unit, found)
            try:
                self._approve(unit, found)
                write_system_schema()
                return self._applied(unit, found, apply(run, unit, found))
            except _Unapproved:
                return self._shown(unit, found)
            except PlanMoved:
                if not self.request.auto_approve or attempt == ATTEMPTS - 1:
                    raise
        raise AssertionError("the last attempt returns or raises")

    def _look(self, run: Run, unit: Unit) -> tuple[Unit, Survey]:
        """Survey the unit, settle renames, and refuse what cannot be done."""
        for file in unit.files:
            path_hooks(run.app, file)
        found = survey(unit, run.plugins, run.override)
        settled = self._settle_renames(unit, found)
        if settled is not unit:
            unit, found = settled, survey(settled, run.plugins, run.override)
        self.report.warnings(left_behind(unit, found, run.plugins))
        for schema in found.schemas:
            error = refuse(schema.file.name, schema.moved, schema.changes, schema.recorded)
            if error is not None and not self.request.force_sync:
                raise error
            self.report.moved(schema)
            recorded = schema.recorded is not None
            idle = idle_renames(schema.file.path, schema.changes, recorded)
            self.report.warnings(idle)
        try:
            violations = preflight.ask(unit.store, found.plan.changes, found.current)
        except StoreError:
            if self._has_moved(run, unit, found):  # asked about what is no longer there
                return self._look(run, unit)
            raise
        if violations and self._has_moved(run, unit, found):
            return self._look(run, unit)
        if violations:
            raise self._refused(unit, found, violations)
        return unit, found

    def _has_moved(self, run: Run, unit: Unit, found: Survey) -> bool:
        """Whether another run has changed the store since that survey."""
        now = survey(unit, run.plugins, run.override)
        return now.plan.base_hash != found.plan.base_hash

    def _settle_renames(self, unit: Unit, found: Survey) -> Unit:
        """Ask about each drop and add that may be a rename, where somebody can be asked."""
        if self.request.look_only or self.request.auto_approve or not sys.stdin.isatty():
            return unit
        for table, old, new in possible_renames(found.plan.changes):
            if self.report.is_rename(table, old, new):
                unit = _with_rename(unit, table, old, new)
        return unit

    def _refused(
        self, unit: Unit, found: Survey, violations: Sequence[Violation]
    ) -> MigrationError:
        for schema in found.schemas:
            if schema.changes:
                self._show(unit, found, schema)
        self.report.violations(violations)
        count = sum(violation.answer.count for violation in violations)
        error = DataRefused(
            f"{unit.store.display}: the data does not allow this ({count} row(s)); "
            "nothing was changed",
        )
        error.details = tuple(line for v in violations for line in violation_lines(v))
        return error

    def _approve(self, unit: Unit, found: Survey) -> None:
        changed = [schema for schema in found.schemas if schema.changes]
        for schema in changed:
            self._show(unit, found, schema)
            self.report.versions(schema)
        if not changed or self.request.auto_approve:
            return
        if self.report.quiet or not sys.stdin.isatty():
            raise ApprovalNeeded(
                f"{unit.store.display}: changes are pending and nobody is there to approve them",
                hint="run in a terminal, or add --auto-approve",
            )
        if not self.report.approve():
            raise _Unapproved

    def _show(self, unit: Unit, found: Survey, schema: SchemaSurvey) -> None:
        steps = shown_steps(schema, found)
        self.report.changes(schema, steps, unit.store, preview=self.request.look_only)

    def _shown(self, unit: Unit, found: Survey) -> Iterator[SchemaOutcome]:
        """What would be done, without doing it."""
        for schema in found.schemas:
            steps = shown_steps(schema, found)
            if self.request.look_only:
                self.report.preview(schema, steps, unit.store)
            status: Status = "pending" if schema.pending else "up_to_date"
            yield self._schema(unit, schema, status, steps)

    def _up_to_date(self, unit: Unit, found: Survey) -> Iterator[SchemaOutcome]:
        for schema in found.schemas:
            self.report.up_to_date(schema)
            yield self._schema(unit, schema, "up_to_date", ())

    def _applied(
        self, unit: Unit, found: Survey, results: Sequence[Result]
    ) -> Iterator[SchemaOutcome]:
        self.report.notices(unit.store)
        for schema, result in zip(found.schemas, results, strict=True):
            self.report.migrated(schema, result)
            status: Status = "applied" if result.record else "up_to_date"
            outcome = self._schema(unit, schema, status, shown_steps(schema, found))
            warnings = (result.warning,) if result.warning else ()
            yield replace(outcome, record=result.record, warnings=warnings)

    def _schema(
        self, unit: Unit, schema: SchemaSurvey, status: Status, steps: tuple[Step, ...]
    ) -> SchemaOutcome:
        return SchemaOutcome(
            name=schema.file.name,
            backend=unit.backend.name,
            store=unit.store.display,
            status=status,
            survey=schema,
            steps=steps,
        )

    def _of_unit(
        self, unit: Unit, status: Status, error: MigrationError | None = None
    ) -> list[SchemaOutcome]:
        """The same outcome for each schema of a unit that was not surveyed to the end."""
        return [
            SchemaOutcome(
                name=file.name,
                backend=unit.backend.name,
                store=unit.store.display,
                status=status,
                error=error,
            )
            for file in unit.files
        ]


def _has_work(schema: SchemaSurvey) -> bool:
    return bool(schema.changes) or schema.decision.to is not None or schema.bump_left


def shown_steps(schema: SchemaSurvey, found: Survey) -> tuple[Step, ...]:
    """The steps of a schema, with the hazards that only the whole plan shows."""
    steps = steps_of(schema, found)
    hazards = tuple(rename_hazard(*rename) for rename in possible_renames(schema.changes))
    if not hazards or not steps:
        return steps
    return (*steps[:-1], replace(steps[-1], hazards=(*steps[-1].hazards, *hazards)))


def _with_rename(unit: Unit, table: str, old: str, new: str) -> Unit:
    """The unit as if the file said `renamed_from: old` at that column."""
    key = unit.store.name_key

    files = []
    for file in unit.files:
        tables = []
        for t in file.tables:
            columns = tuple(
                replace(c, renamed_from=old)
                if (key(t.name), key(c.name)) == (key(table), key(new))
                else c
                for c in t.columns
            )
            tables.append(replace(t, columns=columns))
        files.append(replace(file, tables=tuple(tables)))
    return replace(unit, files=tuple(files))
