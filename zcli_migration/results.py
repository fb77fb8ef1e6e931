"""What `z.migration` gives back: values that say what was done, or would be."""

from __future__ import annotations

from dataclasses import dataclass

from zmigration_api import as_run
from zmigration_api.describe import summary

from .outcome import Outcome, SchemaOutcome, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaResult:
    """One schema. `changes` are sentences, `statements` what was run or would be.

    `status` is applied, up_to_date, pending or rolled_back.
    """

    name: str
    backend: str
    store: str
    status: Status
    from_version: str | None
    to_version: str | None
    changes: tuple[str, ...] = ()
    statements: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """A run over the schemas of an app, none of which failed."""

    app: str
    schemas: tuple[SchemaResult, ...]

    @property
    def pending(self) -> tuple[str, ...]:
        """The schemas that are not as their files say."""
        return self._named("pending")

    @property
    def applied(self) -> tuple[str, ...]:
        """The schemas that were migrated."""
        return self._named("applied")

    @property
    def rolled_back(self) -> tuple[str, ...]:
        """The schemas that were rolled back."""
        return self._named("rolled_back")

    @property
    def up_to_date(self) -> bool:
        """Whether nothing is left to do."""
        return not self.pending

    def _named(self, status: Status) -> tuple[str, ...]:
        return tuple(schema.name for schema in self.schemas if schema.status == status)


def result_of(outcome: Outcome) -> RunResult:
    """An outcome without errors, for an app."""
    return RunResult(app=outcome.app, schemas=tuple(map(_schema, outcome.schemas)))


def _schema(outcome: SchemaOutcome) -> SchemaResult:
    decision = outcome.survey.decision if outcome.survey else None
    recorded = decision.recorded if decision else None
    to = (decision.to or decision.recorded) if decision else None
    changes = outcome.survey.changes if outcome.survey else outcome.changes
    done = outcome.status in ("applied", "rolled_back")
    return SchemaResult(
        name=outcome.name,
        backend=outcome.backend,
        store=outcome.store,
        status=outcome.status,
        from_version=str(recorded) if recorded else outcome.from_version,
        to_version=str(to) if to else outcome.to_version,
        changes=tuple(summary(change, qualified=True, done=done) for change in changes),
        statements=as_run(outcome.steps),
        warnings=outcome.warnings,
    )
