"""Records of migrations: read from the history beside the data, and made for it."""

from __future__ import annotations

import getpass
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timezone
from typing import Any

from zmigration_api import (
    EVERYTHING,
    AlterColumn,
    Change,
    HistoryRecord,
    MigrationError,
    Order,
    Schema,
    Step,
    Store,
    Table,
    Version,
    as_run,
    history_table,
)
from zmigration_api.describe import column_of, detail, kind, summary
from zmigration_api.snapshot import decode_schema, encode

from .hints import Renamed, read_renamed, renames_of
from .masking import without_secrets
from .schema_file import SchemaFile
from .tagged import encode_tagged

FORMAT = 1
BROKEN = "broken"
"""Where `meta_data` has how many rows broke which rule before the migration."""
_FINISHED = frozenset({"success", "rollback"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """The last record of a schema. Without `tables` it was made by another tool.

    `declared` is the version that the file said before the run wrote the recorded one.
    `tables` is the schema as the file said it, `observed` as the store then showed it. `renamed`
    are the renames that the file asked for, done by then; None where an older version recorded.
    """

    version: Version | None
    record: HistoryRecord
    tables: Schema | None = None
    observed: Schema | None = None
    schema_text: str | None = None
    declared: str | None = None
    renamed: Renamed | None = None

    @property
    def is_start(self) -> bool:
        """Whether everything that was ever recorded has been rolled back."""
        return bool(meta_of(self.record).get("start"))


def history_table_for(store: Store, file: SchemaFile) -> Table:
    """The history table of a schema, as this store spells its name."""
    table = history_table(file.short_name)
    return replace(table, name=store.spell(table.name))


def last_record(
    store: Store, table: Table, live: Table | None, known: Recorded | None = None
) -> Recorded | None:
    """The last finished record in a history table; None if there is none.

    `live` is the table as it is there: another tool's may have other columns. `known` is given
    back where it still is the last one, which saves taking it apart again.
    """
    for record in _newest_first(store, table, live):
        if record.status.lower() in _FINISHED:
            return known if known and known.record == record else recorded_of(record)
    return None


def newest_record(store: Store, table: Table) -> HistoryRecord | None:
    """The last finished record, not taken apart, of a history table as this tool makes it."""
    names, order = [f.name for f in fields(HistoryRecord)], _NEWEST_FIRST
    rows = store.select(table, EVERYTHING, columns=names, order=order, limit=_FEW)
    records = (HistoryRecord.from_row(row) for row in rows)
    return next((r for r in records if r.status.lower() in _FINISHED), None)


def all_records(store: Store, table: Table, live: Table | None) -> list[HistoryRecord]:
    """Every record of a history table, oldest first."""
    return list(_records(store, table, live, newest_first=False))


def next_id(store: Store, table: Table, live: Table | None) -> int:
    """The id of the next record."""
    return (
        max((record.id for record in _records(store, table, live, newest_first=True)), default=0)
        + 1
    )


def _newest_first(store: Store, table: Table, live: Table | None) -> Iterator[HistoryRecord]:
    """The last few in one answer, the others only if they are asked for."""
    newest = list(_records(store, table, live, newest_first=True, limit=_FEW))
    yield from newest
    if len(newest) == _FEW:
        yield from _records(store, table, live, newest_first=True, offset=_FEW)


_FEW = 3
_NEWEST_FIRST: Order = [("id", "desc")]


def _records(
    store: Store,
    table: Table,
    live: Table | None,
    *,
    newest_first: bool,
    limit: int | None = None,
    offset: int = 0,
) -> list[HistoryRecord] | Any:  # noqa: ANN401
    if live is None or live.column("id") is None:
        return []
    known = [f.name for f in fields(HistoryRecord) if live.column(f.name) is not None]
    order: Order = [("id", "desc" if newest_first else "asc")]
    rows = store.select(table, EVERYTHING, columns=known, order=order, limit=limit, offset=offset)
    return (HistoryRecord.from_row({**_OLD_TOOLS, **row}) for row in rows)


_OLD_TOOLS: Mapping[str, object] = {"to_version": "", "status": "SUCCESS", "changes_summary": ""}
"""What stands in for columns that an older tool's history does not have."""


def recorded_of(record: HistoryRecord) -> Recorded:
    """What a record says of its schema."""
    meta = meta_of(record)
    if meta.get("format") != FORMAT or meta.get("start"):
        return Recorded(version=_version(record.to_version), record=record)
    try:
        return Recorded(
            version=_version(record.to_version),
            record=record,
            tables=decode_schema(meta["tables"]),
            observed=decode_schema(meta["observed"]),
            schema_text=meta["schema_text"],
            declared=meta.get("declared"),
            renamed=read_renamed(meta.get("renamed")),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise unreadable(record, error) from None


def unreadable(record: HistoryRecord, why: object) -> MigrationError:
    """The error for a record whose `meta_data` is not what this tool writes."""
    return MigrationError(
        f"{record.schema_name}: the record of {record.to_version} (number {record.id}) "
        f"cannot be read: {why}",
        hint="it was changed, or made by a newer version of zMigration; restore the history",
    )


def meta_of(record: HistoryRecord) -> Mapping[str, Any]:
    """What a record says for rollback and drift; empty for another tool's record."""
    try:
        meta = json.loads(record.meta_data or "{}")
    except ValueError:
        return {}
    return meta if isinstance(meta, Mapping) else {}


def _version(text: str | None) -> Version | None:
    try:
        return Version.parse(text or "")
    except ValueError:
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What one schema's part of a run came to; what its record is made of.

    `run` is one for all records of a run, and later runs have greater ones. `steps_at` are the
    places of `steps` in the store's plan. `adopted` is what another hand had changed already.
    `before` is what was there before a first record: as a schema file would have said it, and as
    the store showed it. `state` is what `settled` compares with, `hooks` which hooks ran and what
    they gave back, `samples` what `written_back` looks for, `broken` what `kept_rules` does.
    """

    file: SchemaFile
    schema_text: str
    schema_hash: str
    from_version: Version | None
    to_version: Version
    changes: tuple[Change, ...]
    adopted: tuple[Change, ...] = ()
    steps: tuple[Step, ...]
    desired: Schema
    observed: Schema
    milliseconds: int
    run: str
    steps_at: tuple[int, ...] = ()
    before: tuple[Schema, Schema] | None = None
    state: Mapping[str, object] | None = None
    hooks: tuple[Mapping[str, object], ...] = ()
    samples: Mapping[str, object] = field(default_factory=dict)
    broken: Mapping[str, int] = field(default_factory=dict)


def make_record(applied: Applied, number: int, app_name: str) -> HistoryRecord:
    """The record of a finished migration, to be inserted in the same unit of work."""
    return HistoryRecord(
        id=number,
        schema_name=applied.file.name,
        from_version=str(applied.from_version) if applied.from_version else None,
        to_version=str(applied.to_version),
        applied_at=now_text(),
        schema_hash=applied.schema_hash,
        changes_summary=_told(applied),
        status="SUCCESS",
        applied_by=user_name(),
        app_name=app_name,
        app_version=None,
        zcli_version=host_version(),
        execution_time_ms=applied.milliseconds,
        rollback_sql="\n".join(s for step in reversed(applied.steps) for s in step.undo),
        forward_sql="\n".join(as_run(applied.steps)),
        diff_json=json_text([change_facts(c) for c in applied.changes]),
        meta_data=_meta_text(applied),
        notes=applied.file.meta.notes,
    )


def _meta_text(applied: Applied) -> str:
    back = [step.inverse() for step in applied.steps]
    meta: dict[str, Any] = {
        "format": FORMAT,
        "declared": str(applied.file.version),
        "file": applied.file.path.name,
        "schema_text": without_secrets(applied.schema_text),
        "tables": encode(applied.desired),
        "observed": encode(applied.observed),
        "renamed": sorted(renames_of(applied.file)),
        "run": applied.run,
        "back": [
            {"at": at, "step": encode_tagged(step)}
            for at, step in zip(applied.steps_at, back, strict=True)
        ],
        "archives": [step.keeps.name for step in applied.steps if step.keeps],
    }
    if applied.hooks:
        meta["hooks"] = applied.hooks
    if applied.samples:
        meta["samples"] = applied.samples
    if applied.broken:
        meta[BROKEN] = applied.broken
    if applied.state is not None:
        meta["state"] = applied.state
    if applied.before is not None:
        tables, observed = applied.before
        meta["before"] = {"tables": encode(tables), "observed": encode(observed)}
    return json_text(meta)


def json_text(value: object) -> str:
    """JSON as stores keep it; with what is no text (the default of a blob) escaped."""
    text = json.dumps(value, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(value)
    return text


def _told(applied: Applied) -> str:
    if applied.changes or not applied.adopted:
        return summarise(applied.changes, applied.desired)
    return f"Adopted: {summarise(applied.adopted, applied.desired)}"


def summarise(changes: Sequence[Change], desired: Schema) -> str:
    """The changes in one line: `Added column: email, Dropped column: age`."""
    if not changes:
        return "No changes"
    qualified = len(desired.tables) > 1
    return ", ".join(_summary_line(change, qualified) for change in changes)


def _summary_line(change: Change, qualified: bool) -> str:
    text = summary(change, qualified=qualified)
    return f"{text} ({detail(change)})" if isinstance(change, AlterColumn) else text


def change_facts(change: Change) -> dict[str, object]:
    """A change as JSON-able data."""
    return {
        "kind": kind(change),
        "table": change.table,
        "column": column_of(change),
        "summary": summary(change),
        "breaking": change.breaking,
        "change": {name: encode(getattr(change, name)) for name in type(change).__slots__},
    }


def now_text() -> str:
    """The time in UTC to the second, as history keeps it."""
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")


def user_name() -> str:
    """Who runs this."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # no such user in a container
        return "system"


def host_version() -> str | None:
    """The host that is installed, None without one."""
    from importlib_metadata import PackageNotFoundError, version

    for name in ("zolo-zcli", "zolo-os"):
        try:
            return f"{name} {version(name)}"
        except PackageNotFoundError:
            continue
    return None
