"""One store's part of a run: lock, look again, hooks, steps, verify, record, commit, bump.

Whatever goes wrong before the commit undoes everything; after the commit only the version in
the schema file is left to write, and the next run writes it if this one cannot.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field, replace

from zmigration_api import (
    HistoryRecord,
    MigrationError,
    PlanMoved,
    PreparingStore,
    Progress,
    Schema,
    SchemaFileError,
    Step,
    Table,
    Version,
)
from zmigration_api.snapshot import encode

from .app import App
from .history_tables import ensure_history_tables
from .hook_calls import BEFORE_AND_AFTER, HookCalls, Hooked
from .hook_paths import environment
from .interrupts import uninterrupted
from .kept_rules import broken_before
from .plugins import Plugins
from .recording import Applied, Recorded, history_table_for, make_record, meta_of, next_id
from .schema_file import (
    SchemaFile,
    require_unchanged,
    require_writable,
    text_hash,
    with_version,
    write_schema_text,
)
from .settled import state_to_record
from .survey import SchemaSurvey, Survey, Unit, survey
from .verification import count_rows, verify, verify_rows
from .written_back import Sample, remembered, sample_values

ShowStep = Callable[[Step], AbstractContextManager[Progress]]


def run_token() -> str:
    """What tells the records of one run from those of others; later runs have greater ones."""
    return f"{time.time_ns():020}-{secrets.token_hex(3)}"


def token_after(token: str, recorded: Iterable[Recorded | None]) -> str:
    """A token greater than those recorded, also where another machine's clock is ahead."""
    last = max((str(meta_of(r.record).get("run", "")) for r in recorded if r), default="")
    number = last.partition("-")[0]
    if token > last or not number.isdecimal():
        return token
    return f"{int(number) + 1:020}-{secrets.token_hex(3)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What a run is made with. `lock_timeout` is in seconds.

    `interrupts` collects the Ctrl-C that came while a unit was being committed and told of;
    they are held back until `told` is closed.
    """

    app: App
    plugins: Plugins
    override: Version | None
    lock_timeout: float
    show_step: ShowStep
    token: str = field(default_factory=run_token)
    interrupts: list[int] = field(default_factory=list)
    told: ExitStack = field(default_factory=ExitStack)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of one schema: its record (None when there was nothing to record)."""

    file: SchemaFile
    record: HistoryRecord | None
    history_display: str
    steps: tuple[Step, ...]
    warning: str | None = None


def apply(run: Run, unit: Unit, approved: Survey) -> tuple[Result, ...]:
    """Make the approved plan; PlanMoved if the store is no longer what it was made for."""
    hooks = HookCalls.load(run.app, run.plugins, unit, _hooked(approved), BEFORE_AND_AFTER)
    _require_writable_files(approved)
    store = unit.store
    try:
        store.begin(run.lock_timeout)
        current = survey(unit, run.plugins, run.override)
        if _moved(approved, current):
            raise PlanMoved(
                f"{store.display} changed after the plan was made; nothing was touched",
                hint="run again to see what is left to do",
            )
        _require_unchanged_files(approved)
        prepare(run, unit, current.plan.steps)
        results = _inside(run, unit, current, hooks)
        run.told.enter_context(uninterrupted(run.interrupts))
        store.commit()
        return _bumped(current, results)
    except BaseException:
        store.rollback()  # does nothing after a commit
        raise


def prepare(run: Run, unit: Unit, steps: Sequence[Step]) -> None:
    """What the store makes of these steps before its unit of work, while others work on."""
    if isinstance(unit.store, PreparingStore):
        unit.store.prepare(steps, run.show_step)


def _hooked(approved: Survey) -> tuple[Hooked, ...]:
    """The schemas that change, for their hooks."""
    return tuple(
        Hooked(
            file=schema.file,
            changes=schema.changes,
            from_version=str(schema.decision.recorded) if schema.decision.recorded else None,
            to_version=str(schema.decision.to),
        )
        for schema in approved.schemas
        if schema.changes
    )


def _require_writable_files(approved: Survey) -> None:
    """A version that could not be written afterwards is refused while nothing is changed yet."""
    for schema in approved.schemas:
        if schema.decision.to not in (None, schema.on_disk.version):
            require_writable(schema.file.path)


def _require_unchanged_files(approved: Survey) -> None:
    """What was edited since it was read (while somebody was asked, say) is not what was shown."""
    for schema in approved.schemas:
        if schema.changes:
            require_unchanged(schema.file.path, schema.on_disk.text)


def _moved(approved: Survey, current: Survey) -> bool:
    plans = approved.plan, current.plan
    return plans[0].base_hash != plans[1].base_hash or plans[0].steps != plans[1].steps


def _inside(run: Run, unit: Unit, current: Survey, hooks: HookCalls) -> tuple[Result, ...]:
    started = time.monotonic()
    with environment(hooks.variables, run.app.workspace):
        hooks.run("before_migrate", current.current)
        before = count_rows(unit, current.current, current.plan.changes)
        found = _samples(unit, current), _broken(unit, current)
        for step in current.plan.steps:
            with run.show_step(step) as progress:
                unit.store.run(step, progress)
        verify_rows(
            before, count_rows(unit, current.desired, current.plan.changes), current.plan.changes
        )
        hooks.run("after_migrate", current.desired)
    live = verify(unit, current.desired, current.plan.changes, run.plugins)
    milliseconds = round((time.monotonic() - started) * 1000)
    changed = (schema.file for schema in current.schemas if schema.decision.to is not None)
    tables = [history_table_for(unit.store, file) for file in changed]
    histories = ensure_history_tables(unit, tables)
    run = replace(run, token=token_after(run.token, (s.recorded for s in current.schemas)))
    return tuple(
        _record(run, unit, current, schema, (live, histories), milliseconds, hooks, found)
        for schema in current.schemas
    )


def _record(
    run: Run,
    unit: Unit,
    current: Survey,
    schema: SchemaSurvey,
    states: tuple[Schema, Schema],
    milliseconds: int,
    hooks: HookCalls,
    found: tuple[Sequence[Sample], Mapping[str, Mapping[str, int]]],
) -> Result:
    """Record one schema; `states` are the live tables and the history tables.

    `found` is what was found before the steps: samples, and broken rules of each schema.
    """
    (live, histories), (samples, broken) = states, found
    table = history_table_for(unit.store, schema.file)
    steps = steps_of(schema, current)
    record = None
    if schema.decision.to is not None:
        history = histories.table(table.name) or table
        text = with_version(schema.file.text, schema.decision.to, schema.file.path)
        applied = Applied(
            file=schema.file,
            schema_text=text,
            schema_hash=text_hash(text),
            from_version=schema.decision.recorded,
            to_version=schema.decision.to,
            changes=schema.changes,
            adopted=schema.adopted,
            steps=steps,
            desired=schema.desired,
            observed=_ours(live, schema.desired),
            milliseconds=milliseconds,
            run=run.token,
            steps_at=tuple(current.plan.steps.index(step) for step in steps),
            before=_before(current, schema),
            hooks=tuple(hooks.results.get(schema.file.name, ())),
            state=state_to_record(unit.store, schema.file, schema.desired),
            samples=remembered([s for s in samples if schema.desired.table(s.table)]),
            broken=broken[schema.file.name],
        )
        record = make_record(applied, next_id(unit.store, table, history), run.app.title)
        unit.store.insert(table, [record.as_row()])
    return Result(
        file=schema.file,
        record=record,
        history_display=unit.store.history_display(table.name),
        steps=steps,
    )


def _samples(unit: Unit, current: Survey) -> list[Sample]:
    if not unit.is_copied_by_apps:
        return []
    return sample_values(unit.store, current.plan.changes, current.live, current.desired)


def _broken(unit: Unit, current: Survey) -> dict[str, dict[str, int]]:
    """Which rules of before, as each schema's last record says them, rows do not keep."""
    found = {}
    for schema in current.schemas:
        known = schema.recorded.tables if schema.recorded else None
        old = Schema(tables=_there((known or current.current).tables, current.live))
        found[schema.file.name] = broken_before(
            unit.store, unit.backend, schema.changes, old, schema.desired
        )
    return found


def _there(tables: Iterable[Table], live: Schema) -> tuple[Table, ...]:
    """Tables that the store has with all their columns; another hand may have taken some."""
    found = ((table, live.table(table.name)) for table in tables)
    return tuple(t for t, there in found if there and all(there.column(c.name) for c in t.columns))


def steps_of(schema: SchemaSurvey, whole: Survey) -> tuple[Step, ...]:
    """The steps of the plan that make this schema's changes."""
    mine = set(schema.changes)
    tables = {change.table for change in mine}
    about = (s for s in whole.plan.steps if any(c.table in tables for c in s.changes))
    return tuple(step for step in about if not mine.isdisjoint(step.changes))


def _before(current: Survey, schema: SchemaSurvey) -> tuple[Schema, Schema] | None:
    """What was there before this run, in the terms of files and in the store's own.

    None where the last record says the same.
    """
    recorded = schema.recorded
    names = {name for t in schema.desired.tables for name in (t.name, t.renamed_from)}
    names |= {change.table for change in schema.changes}
    live = replace(current.live, tables=tuple(t for t in current.live.tables if t.name in names))
    known = recorded.observed if recorded else None
    if known is not None and encode(known) == encode(live):
        return None
    tables = (t for t in current.current.tables if t.name in names)
    return replace(current.current, tables=tuple(tables)), live


def _ours(live: Schema, desired: Schema) -> Schema:
    there = (live.table(table.name) for table in desired.tables)
    return replace(live, tables=tuple(filter(None, there)))


def _bumped(current: Survey, results: tuple[Result, ...]) -> tuple[Result, ...]:
    """Write the new versions into the schema files, where they are not there yet."""
    return tuple(
        replace(result, warning=_bump(schema, result))
        for schema, result in zip(current.schemas, results, strict=True)
    )


def _bump(schema: SchemaSurvey, result: Result) -> str | None:
    """Bring one file to its recorded version; what to tell the user if it cannot be written."""
    goal = schema.file.version
    if result.record is not None:
        goal = Version.parse(result.record.to_version)
    if goal == schema.on_disk.version:
        return None
    old = schema.on_disk.text
    try:
        write_schema_text(schema.file.path, with_version(old, goal, schema.file.path), old)
    except (MigrationError, OSError) as error:
        return (
            f"{schema.file.path.name} still says {schema.on_disk.version}: {error}; "
            f"the migration itself is done and recorded; {_who_bumps(schema, goal)}"
        )
    return None


def _who_bumps(schema: SchemaSurvey, goal: Version) -> str:
    """The next run does, unless somebody has edited the file meanwhile."""
    try:
        require_unchanged(schema.file.path, schema.on_disk.text)
    except SchemaFileError:
        return f"write zMigrationVersion: {goal} into it"
    return f"the next run writes {goal}"
