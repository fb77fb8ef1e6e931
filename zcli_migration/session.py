"""What every run has in common: the app opened, each store in turn, and every error told."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

from zmigration_api import ApprovalNeeded, MigrationError, UsageError, Version

from .interrupts import uninterrupted
from .outcome import INTERRUPTED, Outcome, SchemaOutcome, Status, exit_code
from .project import Project, Selection, open_project, where_configured
from .report import Report
from .schema_file import left_staged
from .survey import Unit
from .unit_of_work import Run


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


@dataclass(slots=True)
class Session:
    """One run over an opened project; what it does with a unit is its subclasses' part."""

    request: Request
    report: Report
    project: Project
    stage: ClassVar[str] = "Applying Migrations (Declarative)"
    not_done: ClassVar[str] = "not migrated"

    def run(self) -> Outcome:
        """Every unit in turn; units are independent of each other."""
        if not self.project.units:
            self.report.nothing_found()
            hint = (
                "check that .zEnv has a line like ZDATA_USERS_URL=@.Data, and that the schema's"
                " Meta has zMigration: true"
            )
            error = UsageError("No schemas found with zMigration enabled", hint=hint)
            return self.outcome((), error)
        self.report.ready(sum(len(unit.files) for unit in self.project.units), self.stage)
        run = self._run_settings()
        self.prepare(run)
        outcomes: list[SchemaOutcome] = []
        for unit in self.project.units:
            if run.interrupts:
                outcomes += self.of_unit(unit, "skipped")
            else:
                outcomes += self._guarded(run, unit)
        outcome = self.outcome(tuple(outcomes), None, interrupted=bool(run.interrupts))
        with uninterrupted([]):
            self.end(outcome)
        return outcome

    def prepare(self, run: Run) -> None:
        """What is to be settled before the first unit."""

    def finish_killed_rollbacks(self) -> bool:
        """Set back the schema files that killed rollbacks left; whether there were any."""
        left = left_staged(f.path for unit in self.project.units for f in unit.files)
        if not left:
            return False
        if self.request.look_only:
            names = ", ".join(path.name for path in left)
            self.report.warnings([f"{names}: a rollback was interrupted; the next run finishes it"])
            return False
        from .taking_back import finish_killed

        units = [finish_killed(unit) for unit in self.project.units]
        self.project = replace(self.project, units=tuple(unit for unit, _ in units))
        told = [text for _, texts in units for text in texts]
        self.report.warnings(told)
        return bool(told)

    def unit(self, run: Run, unit: Unit) -> Iterator[SchemaOutcome]:
        """What becomes of the schemas of one unit."""
        raise NotImplementedError

    def end(self, outcome: Outcome) -> None:
        """The last words."""
        raise NotImplementedError

    def approved(self, unit: Unit, waiting: str, question: str) -> bool:
        """Whether the person agrees; ApprovalNeeded if there is none to ask."""
        if self.request.auto_approve:
            return True
        if self.report.quiet or not sys.stdin.isatty():
            raise ApprovalNeeded(
                f"{unit.store.display}: {waiting} and nobody is there to approve",
                hint="run in a terminal, or add --auto-approve",
            )
        return self.report.approve(question)

    def _run_settings(self) -> Run:
        return Run(
            app=self.project.app,
            plugins=self.project.plugins,
            override=self.request.version,
            lock_timeout=self.request.lock_timeout,
            show_step=self.report.step,
        )

    def outcome(
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
            run.told.close()  # of the unit before
            with where_configured(unit.files, run.app):
                return list(self.unit(run, unit))
        except MigrationError as error:
            self.report.error(error)
            self.report.notices(unit.store)
            self.report.failed(unit, error, self.not_done)
            return self.of_unit(unit, "failed", error=error)
        except Exception as error:
            defect = defect_error(error, self.report)
            self.report.failed(unit, defect, self.not_done)
            return self.of_unit(unit, "failed", error=defect)
        except KeyboardInterrupt:
            run.interrupts.append(2)
            stopped = interrupted_error(self.report)
            self.report.notices(unit.store)
            return self.of_unit(unit, "skipped", error=stopped)

    def of_unit(
        self, unit: Unit, status: Status, error: MigrationError | None = None
    ) -> list[SchemaOutcome]:
        """The same outcome for each schema of a unit."""
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


def in_session(
    request: Request, report: Report, make: Callable[[Request, Report, Project], Session]
) -> Outcome:
    """Run over the opened app; every error is in the outcome and has been shown."""
    app_name = request.selection.app_file
    try:
        with open_project(request.selection, report) as project:
            return make(request, report, project).run()
    except MigrationError as error:
        report.error(error)
        return Outcome(app=app_name, exit_code=error.exit_code, error=error)
    except KeyboardInterrupt:
        stopped = interrupted_error(report)
        return Outcome(app=app_name, exit_code=INTERRUPTED, error=stopped)
    except Exception as error:
        defect = defect_error(error, report)
        return Outcome(app=app_name, exit_code=defect.exit_code, error=defect)


def defect_error(error: Exception, report: Report) -> MigrationError:
    """An error that nobody foresaw: said in one line, with its traceback under --debug."""
    defect = MigrationError(
        f"Unexpected {type(error).__name__}: {error}",
        hint="this is a defect of zMigration or of a plugin; --debug shows where",
    )
    defect.__cause__ = error
    report.error(defect)
    return defect


def interrupted_error(report: Report) -> MigrationError:
    error = MigrationError("Interrupted: nothing was changed")
    report.error(error)
    return error
