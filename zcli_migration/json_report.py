"""The outcome of a run as one JSON object, for `--json`."""

from __future__ import annotations

import json
from dataclasses import asdict

from zmigration_api import Change, MigrationError, Step, as_run
from zmigration_api.describe import column_of, kind, summary, symbol
from zmigration_api.renames import without_aside

from .listing import Histories, Statuses
from .outcome import Outcome, SchemaOutcome


def to_json(outcome: Outcome) -> str:
    """The object as text, with a line end."""
    data: dict[str, object] = {
        "app": outcome.app,
        "exit_code": outcome.exit_code,
        "schemas": [_schema(schema) for schema in outcome.schemas],
    }
    if outcome.error is not None:
        data["error"] = error_facts(outcome.error)
    return _text(data)


def _schema(schema: SchemaOutcome) -> dict[str, object]:
    decision = schema.survey.decision if schema.survey else None
    suggested = decision.suggested if decision else None
    recorded = decision.recorded if decision else None
    to = (decision.to or decision.recorded) if decision else None
    changes = schema.survey.changes if schema.survey else schema.changes
    return {
        "name": schema.name,
        "backend": schema.backend,
        "store": schema.store,
        "status": schema.status,
        "from_version": str(recorded) if recorded else schema.from_version,
        "to_version": str(to) if to else schema.to_version,
        "suggested_version": str(suggested) if suggested else None,
        "changes": [_change(change, schema.steps) for change in changes],
        "adopted": [summary(c) for c in schema.survey.adopted] if schema.survey else [],
        "statements": list(as_run(schema.steps)),
        "warnings": list(schema.warnings),
        "error": error_facts(schema.error) if schema.error else None,
    }


def _change(change: Change, steps: tuple[Step, ...]) -> dict[str, object]:
    hazards = [
        hazard
        for step in steps
        if change in step.changes
        for hazard in step.hazards
        if hazard.kind != "data_loss" or len(step.changes) == 1 or symbol(change) != "+"
    ]
    return {
        "kind": kind(change),
        "table": change.table,
        "column": column_of(change),
        "summary": summary(change),
        "breaking": change.breaking,
        "hazards": [asdict(hazard) for hazard in hazards],
    }


def error_facts(error: MigrationError) -> dict[str, object]:
    return {
        "code": error.code,
        "message": without_aside(error.message),
        "hint": error.hint,
        "details": list(error.details),
        "file": str(error.file) if error.file else None,
        "line": error.line,
    }


def status_to_json(found: Statuses) -> str:
    """The statuses as one JSON object, with a line end."""
    return _text(asdict(found))


def history_to_json(found: Histories) -> str:
    """The histories as one JSON object, with a line end."""
    return _text({"app": found.app, "exit_code": 0, "schemas": asdict(found)["schemas"]})


def _text(data: dict[str, object]) -> str:
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"
