"""A run from the app file to the outcome: look, plan, ask the data, ask the person, apply."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from zmigration_api import (
    DataRefused,
    MigrationError,
    PlanMoved,
    Step,
    StoreError,
)

from . import preflight
from .adopted import as_conversions
from .adoption import looser
from .drift import refuse
from .elsewhere import left_behind
from .hook_calls import path_hooks
from .outcome import Outcome, SchemaOutcome, Status
from .planner import possible_renames, rename_hazard
from .preflight import Violation
from .renaming import idle_renames
from .report import Report
from .schema_file import with_version
from .session import Request, Session, in_session
from .survey import SchemaSurvey, Survey, Unit, survey
from .system_schema import write_system_schema
from .unit_of_work import Result, Run, apply, steps_of
from .violations import violation_lines

ATTEMPTS = 3
"""How often a run that needs no approval looks again when the store moved under it."""


def migrate(request: Request, report: Report) -> Outcome:
    """Migrate every chosen schema; every error is in the outcome and has been shown."""
    return in_session(request, report, _Migration)


@dataclass(slots=True)
class _Migration(Session):
    """A run that brings the stores to what the files say."""

    found: Survey | None = None

    def prepare(self, run: Run) -> None:
        """Finish what a killed rollback has left of the schema files."""
        self.finish_killed_rollbacks()

    def end(self, outcome: Outcome) -> None:
        if self.request.look_only:
            self.report.looked("check" if self.request.pending_is_failure else "dry-run")
        else:
            self.report.results(outcome)

    def unit(self, run: Run, unit: Unit) -> Iterator[SchemaOutcome]:
        """Look, approve, apply; the store may move meanwhile."""
        self.found = unit.settled
        if unit.settled is not None:
            for file in unit.files:
                path_hooks(run.app, file)
            shown = self._shown if self.request.look_only else self._up_to_date
            return shown(unit, unit.settled)
        for attempt in range(ATTEMPTS):
            unit, found = self._look(run, unit)
            if self.request.look_only:
                self.report.unfinished(unit.store)
                return self._shown(unit, found)
            if not any(map(_has_work, found.schemas)) and not unit.store.unfinished:
                return self._up_to_date(unit, found)
            try:
                if not self._approve(unit, found):
                    return self._shown(unit, found)
                write_system_schema()
                return self._applied(unit, found, apply(run, unit, found))
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
        self.found = found
        self.report.warnings([*left_behind(unit, found, run.plugins), *looser(unit, found)])
        for schema in found.schemas:
            error = _drift(unit, schema)
            if error is not None and not self.request.force_sync:
                raise error
            if schema.decision.to is not None:  # refused before anything, if it cannot be done
                with_version(schema.file.text, schema.decision.to, schema.file.path)
            self.report.moved(schema)
            recorded = schema.recorded is not None
            idle = idle_renames(schema.file.path, schema.changes, recorded)
            self.report.warnings(idle)
        try:
            violations = _violations(unit, found)
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

    def _approve(self, unit: Unit, found: Survey) -> bool:
        changed = [schema for schema in found.schemas if schema.changes]
        for schema in changed:
            self._show(unit, found, schema)
            self.report.versions(schema)
        return not changed or self.approved(unit, "changes are pending", "Apply migration?")

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

    def of_unit(
        self, unit: Unit, status: Status, error: MigrationError | None = None
    ) -> list[SchemaOutcome]:
        """The same outcome for each schema of a unit; with what was to be done, if known."""
        if self.found is not None and error is not None:
            return [
                replace(self._schema(unit, s, status, shown_steps(s, self.found)), error=error)
                for s in self.found.schemas
            ]
        return Session.of_unit(self, unit, status, error)


def _has_work(schema: SchemaSurvey) -> bool:
    return bool(schema.changes) or schema.decision.to is not None or schema.bump_left


def shown_steps(schema: SchemaSurvey, found: Survey) -> tuple[Step, ...]:
    """The steps of a schema, with the hazards that only the whole plan shows."""
    steps = steps_of(schema, found)
    hazards = tuple(rename_hazard(*rename) for rename in possible_renames(schema.changes))
    if not hazards or not steps:
        return steps
    return (*steps[:-1], replace(steps[-1], hazards=(*steps[-1].hazards, *hazards)))


def _violations(unit: Unit, found: Survey) -> tuple[Violation, ...]:
    """What of the rows does not allow the plan, or is not as a file has it that adopts it."""
    store, current = unit.store, found.current
    violations = preflight.ask(store, found.plan.changes, current, found.adopted)
    if not unit.is_copied_by_apps:
        return violations
    adopted = (as_conversions(schema.adopted) for schema in found.schemas)
    return (*violations, *(v for one in adopted for v in preflight.ask(store, one, current)))


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


def _drift(unit: Unit, schema: SchemaSurvey) -> MigrationError | None:
    files = unit.is_copied_by_apps
    return refuse(schema.file.name, schema.moved, schema.changes, schema.recorded, in_files=files)
