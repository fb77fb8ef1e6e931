"""`--status` and `--history`: what is recorded, and how file, record and store stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from zmigration_api import HistoryRecord, MigrationError

from .drift import refuse
from .project import Project, Selection, open_project, where_configured
from .recording import all_records, history_table_for
from .report import Report
from .survey import SchemaSurvey, Unit, survey


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaStatus:
    """How one schema stands. `state` is a short sentence."""

    name: str
    backend: str
    store: str
    file_version: str
    recorded_version: str | None
    state: str
    moved: tuple[str, ...] = ()
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Statuses:
    """How the schemas of an app stand; the code of the first store that could not be read."""

    app: str
    exit_code: int
    schemas: tuple[SchemaStatus, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Histories:
    """The histories of an app's schemas."""

    app: str
    schemas: tuple[SchemaHistory, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaHistory:
    """The records of one schema, oldest first."""

    name: str
    records: tuple[HistoryRecord, ...]


def statuses(selection: Selection, report: Report) -> Statuses:
    """How every chosen schema stands; a store that cannot be read is told in its state."""
    with open_project(selection, report) as project:
        codes: list[int] = []
        schemas = [s for unit in project.units for s in _unit_statuses(unit, project, codes)]
        return Statuses(
            app=project.app.title, exit_code=next(iter(codes), 0), schemas=tuple(schemas)
        )


def _unit_statuses(unit: Unit, project: Project, codes: list[int]) -> list[SchemaStatus]:
    """The statuses; the exit code of an error goes into `codes`."""
    try:
        with where_configured(unit.files, project.app):
            found = survey(unit, project.plugins)
    except MigrationError as error:
        codes.append(error.exit_code)
        return [
            SchemaStatus(
                name=file.name,
                backend=unit.backend.name,
                store=unit.store.display,
                file_version=str(file.version),
                recorded_version=None,
                state="cannot be read",
                error=str(error),
            )
            for file in unit.files
        ]
    return [_status(unit, schema) for schema in found.schemas]


def _status(unit: Unit, schema: SchemaSurvey) -> SchemaStatus:
    recorded = schema.decision.recorded
    return SchemaStatus(
        name=schema.file.name,
        backend=unit.backend.name,
        store=unit.store.display,
        file_version=str(schema.on_disk.version),
        recorded_version=str(recorded) if recorded else None,
        state=_state(schema),
        moved=tuple(move.text for move in schema.moved),
    )


def _state(schema: SchemaSurvey) -> str:
    if refuse(schema.file.name, schema.moved, schema.changes, schema.recorded):
        return "drift: the store was changed by something else"
    if schema.changes:
        return f"{len(schema.changes)} change(s) pending"
    if schema.bump_left:
        return "the version in the file is left to write"
    if schema.decision.recorded is None:
        return "not recorded yet"
    return "version pending" if schema.pending else "up to date"


def status_lines(found: Sequence[SchemaStatus]) -> list[str]:
    """The statuses as a table, with what moved below its schema."""
    rows = [("SCHEMA", "BACKEND", "STORE", "FILE", "RECORDED", "STATE")]
    notes: dict[int, tuple[str, ...]] = {}
    told: set[str] = set()
    for status in found:
        recorded = status.recorded_version or "-"
        place = (status.name, status.backend, status.store)
        notes[len(rows)] = status.moved
        if status.error and status.error not in told:
            notes[len(rows)] = (status.error,)
            told.add(status.error)
        rows.append((*place, status.file_version, recorded, status.state))
    lines = []
    for number, line in enumerate(table_lines(rows)):
        lines += [line, *(f"  ⚠️  {text}" for text in notes.get(number, ()))]
    return lines


def schema_histories(selection: Selection, report: Report) -> Histories:
    """The history of every chosen schema."""
    with open_project(selection, report) as project:
        found = tuple(history for unit in project.units for history in _unit_histories(unit))
        return Histories(app=project.app.title, schemas=found)


def _unit_histories(unit: Unit) -> list[SchemaHistory]:
    tables = [history_table_for(unit.store, file) for file in unit.files]
    live = unit.store.inspect([table.name for table in tables])
    return [
        SchemaHistory(
            name=file.name,
            records=tuple(all_records(unit.store, table, live.table(table.name))),
        )
        for file, table in zip(unit.files, tables, strict=True)
    ]


def history_lines(histories: Sequence[SchemaHistory]) -> list[str]:
    """The histories as tables."""
    lines: list[str] = []
    for history in histories:
        lines.append(f"{history.name}: {len(history.records)} migration(s)")
        if history.records:
            head = ("#", "APPLIED (UTC)", "FROM", "TO", "STATUS", "HASH", "CHANGES")
            rows = [head, *map(_history_row, history.records)]
            lines += [f"  {line}" for line in table_lines(rows)]
        lines.append("")
    return lines


def _history_row(record: HistoryRecord) -> tuple[str, ...]:
    return (
        str(record.id),
        str(record.applied_at),
        record.from_version or "-",
        record.to_version,
        record.status,
        (record.schema_hash or "")[:12],
        record.changes_summary or "",
    )


def table_lines(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows of texts in aligned columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
