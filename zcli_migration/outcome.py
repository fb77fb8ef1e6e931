"""What a run came to, for the screen, for JSON and for the exit code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from zmigration_api import Change, HistoryRecord, MigrationError, Step

from .preflight import Violation
from .survey import SchemaSurvey

Status = Literal["applied", "up_to_date", "pending", "failed", "skipped", "rolled_back"]
INTERRUPTED = 130


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaOutcome:
    """One schema: what was to be done, and what became of it.

    Versions and changes are in `survey`; a rollback, which has none, gives them itself.
    """

    name: str
    backend: str
    store: str
    status: Status
    survey: SchemaSurvey | None = None
    steps: tuple[Step, ...] = ()
    record: HistoryRecord | None = None
    error: MigrationError | None = None
    violations: tuple[Violation, ...] = ()
    warnings: tuple[str, ...] = ()
    from_version: str | None = None
    to_version: str | None = None
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The whole run. `exit_code` as the design's table says."""

    app: str
    exit_code: int
    schemas: tuple[SchemaOutcome, ...] = ()
    error: MigrationError | None = None


def exit_code(schemas: Sequence[SchemaOutcome], *, pending_is_failure: bool) -> int:
    """The code of the first schema that failed; 3 for pending ones if asked to; else 0."""
    for schema in schemas:
        if schema.error is not None:
            return schema.error.exit_code
    pending = any(schema.status == "pending" for schema in schemas)
    return 3 if pending and pending_is_failure else 0
