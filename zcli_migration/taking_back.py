"""One store's part of a rollback: lock, look again, steps, hooks, verify, record, commit.

The schema files are set back after the commit; their texts are staged beside them before it, so
that the next run can finish what a killed one left.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from zmigration_api import (
    DriftError,
    DropTable,
    HistoryRecord,
    MigrationError,
    PlanMoved,
    Schema,
    SchemaFileError,
    as_run,
)
from zmigration_api.snapshot import encode

from .drift import moves
from .history_tables import ensure_history_tables
from .hook_calls import ON_ROLLBACK, HookCalls, Hooked
from .hook_paths import environment
from .interrupts import uninterrupted
from .masking import with_secrets_of
from .no_way_back import refuse_no_way_back
from .planner import refuse_unsupported
from .proof_of_return import verified, without_rows
from .recording import (
    FORMAT,
    Recorded,
    change_facts,
    history_table_for,
    host_version,
    json_text,
    last_record,
    meta_of,
    next_id,
    now_text,
    summarise,
    user_name,
)
from .schema_file import (
    SchemaFile,
    left_staged,
    read_schema_file,
    read_schema_text,
    require_writable,
    stage,
    text_hash,
    write_schema_text,
)
from .survey import Unit, with_recorded_version
from .unit_of_work import Run, prepare
from .verification import count_rows, verify_rows
from .way_back import Undoing, WayBack


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenBack:
    """What became of one schema: its record, and whether its file was set back."""

    undoing: Undoing
    record: HistoryRecord
    history_display: str
    warnings: tuple[str, ...] = ()


def refuse_way_back(unit: Unit, way: WayBack, *, force: bool) -> None:
    """MigrationError for what cannot be taken back, DriftError for what moved by another hand."""
    _refuse_torn_references(unit, way)
    refuse_no_way_back(unit.store.display, way.steps)
    refuse_unsupported(unit.backend, (change for step in way.steps for change in step.changes))
    for step in way.steps:
        archive = step.restores
        if archive is not None and way.live.table(archive.name) is None:
            raise MigrationError(
                f"{unit.store.display}: the values to bring back to {archive.table} are gone: "
                f"there is no {archive.name} any more",
                hint="--purge removes archives; restore it from a backup, or migrate forward",
            )
    moved = [move.text for undoing in way.schemas for move in moves(undoing.last, way.live)]
    if moved and not force:
        raise DriftError(
            f"Schema drift detected: {unit.store.display}: {'; '.join(moved)}",
            hint="put the store back as it was recorded, or add --force-sync (dangerous)",
        )


def _refuse_torn_references(unit: Unit, way: WayBack) -> None:
    """A table that a schema outside of this rollback refers to must stay."""
    taken = {undoing.file.name for undoing in way.schemas}
    gone = {c.table for step in way.steps for c in step.changes if isinstance(c, DropTable)}
    for file in unit.all_files:
        for table in file.tables if file.name not in taken else ():
            for key in table.foreign_keys:
                if unit.store.spell(key.ref_table) in gone:
                    raise MigrationError(
                        f"{file.name}: {table.name} refers to {key.ref_table}, which this "
                        "rollback would remove; nothing was touched",
                        hint=f"roll {file.name} back as well, or take the key out of it first",
                    )


def take_back(
    run: Run, unit: Unit, way: WayBack, look_again: Callable[[], WayBack]
) -> list[TakenBack]:
    """Take the approved way back; PlanMoved if the store is no longer what it was made for."""
    store, staged = unit.store, list[Path]()
    hooks = HookCalls.load(run.app, run.plugins, unit, _hooked(way), ON_ROLLBACK)
    for undoing in way.schemas:
        if _text_of(undoing) not in (None, undoing.file.text):
            require_writable(undoing.file.path)
    try:
        store.begin(run.lock_timeout)
        if look_again() != way:
            raise PlanMoved(
                f"{store.display} changed after the plan was made; nothing was touched",
                hint="run again to see what is left to do",
            )
        prepare(run, unit, way.steps)
        done = _inside(run, unit, way, hooks)
        for taken in done:
            if text := _text_of(taken.undoing):
                staged.append(stage(taken.undoing.file.path, text))
        run.told.enter_context(uninterrupted(run.interrupts))
        store.commit()
    except BaseException:
        store.rollback()
        _remove(staged)
        raise
    finished = [_with_file_set_back(taken) for taken in done]
    _remove(staged)
    return finished


def _remove(staged: Sequence[Path]) -> None:
    for path in staged:
        with suppress(OSError):
            path.unlink()


def _hooked(way: WayBack) -> tuple[Hooked, ...]:
    return tuple(
        Hooked(
            file=undoing.file,
            changes=undoing.changes,
            from_version=undoing.from_version,
            to_version=undoing.to_version,
        )
        for undoing in way.schemas
    )


def _inside(run: Run, unit: Unit, way: WayBack, hooks: HookCalls) -> list[TakenBack]:
    started = time.monotonic()
    changes = [change for step in way.steps for change in step.changes]
    now, goal = _state(way, goal=False), _state(way, goal=True)
    before = count_rows(unit, now, changes)
    homeless: list[str] = []
    for step in way.steps:
        homeless += without_rows(unit, step)
        with run.show_step(step) as progress:
            unit.store.run(step, progress)
    verify_rows(before, count_rows(unit, goal, changes), changes)
    with environment(hooks.variables, run.app.workspace):
        hooks.run("on_rollback", goal)
    live, told = verified(unit, way)
    milliseconds = round((time.monotonic() - started) * 1000)
    tables = [history_table_for(unit.store, undoing.file) for undoing in way.schemas]
    histories, warnings = ensure_history_tables(unit, tables), [*homeless, *told]
    return [
        _recorded(run, unit, undoing, (live, histories), warnings, milliseconds, hooks)
        for undoing in way.schemas
    ]


def _state(way: WayBack, *, goal: bool) -> Schema:
    states = ((u.goal_state if goal else u.last).tables for u in way.schemas)
    return Schema(tables=tuple(table for state in states if state for table in state.tables))


def _recorded(
    run: Run,
    unit: Unit,
    undoing: Undoing,
    states: tuple[Schema, Schema],
    warnings: Sequence[str],
    milliseconds: int,
    hooks: HookCalls,
) -> TakenBack:
    live, histories = states
    table = history_table_for(unit.store, undoing.file)
    text = _text_of(undoing)
    record = HistoryRecord(
        id=next_id(unit.store, table, histories.table(table.name) or table),
        schema_name=undoing.file.name,
        from_version=undoing.from_version,
        to_version=undoing.to_version,
        applied_at=now_text(),
        schema_hash=text_hash(text) if text is not None else undoing.file.hash,
        changes_summary=f"Rolled back: {summarise(undoing.changes, _state_of(undoing))}",
        status="ROLLBACK",
        applied_by=user_name(),
        app_name=run.app.title,
        zcli_version=host_version(),
        execution_time_ms=milliseconds,
        rollback_sql="\n".join(s for step in reversed(undoing.steps) for s in step.undo),
        forward_sql="\n".join(as_run(undoing.steps)),
        diff_json=json_text([change_facts(c) for c in undoing.changes]),
        meta_data=_meta(run, undoing, live, hooks),
        notes=undoing.file.meta.notes,
    )
    unit.store.insert(table, [record.as_row()])
    display = unit.store.history_display(table.name)
    return TakenBack(
        undoing=undoing, record=record, history_display=display, warnings=tuple(warnings)
    )


def _state_of(undoing: Undoing) -> Schema:
    return undoing.goal_state.tables or Schema()


def _meta(run: Run, undoing: Undoing, live: Schema, hooks: HookCalls) -> str:
    goal, observed = undoing.goal, undoing.goal_state.observed
    names = {table.name for table in observed.tables} if observed else set()
    now = Schema(tables=tuple(table for table in live.tables if table.name in names))
    meta = {
        "format": FORMAT,
        "start": goal is None,
        "declared": goal.declared if goal else None,
        "schema_text": goal.schema_text if goal else None,
        "file": _file_of(undoing),
        "tables": encode(_state_of(undoing)),
        "observed": encode(now),
        "renamed": sorted(goal.renamed) if goal and goal.renamed is not None else None,
        "run": run.token,
        "undone": [record.id for record in undoing.records],
        "file_was": undoing.file.hash,
        "archives": [step.keeps.name for step in undoing.steps if step.keeps],
        "hooks": hooks.results.get(undoing.file.name, []),
    }
    return json_text(meta)


def _text_of(undoing: Undoing) -> str | None:
    """What the schema file is set back to; None if it is to be left as it is."""
    goal, file = undoing.goal, undoing.file
    applied = with_recorded_version(file, undoing.last) or file
    if goal is None or goal.schema_text is None or _is_rewritten(undoing):
        return None
    if applied.hash != undoing.last.record.schema_hash:
        return None
    return with_secrets_of(file.text, goal.schema_text)


def _file_of(undoing: Undoing) -> str | None:
    """The name that the schema file had when the state to go back to was recorded, if known."""
    name = meta_of(undoing.goal.record).get("file") if undoing.goal else None
    return str(name) if name else None


def _is_rewritten(undoing: Undoing) -> bool:
    """Whether the schema was then a file of another format, whose text is none of this one."""
    name, now = _file_of(undoing), undoing.file.path.suffix
    return name is not None and _format(Path(name).suffix) != _format(now)


def _format(suffix: str) -> str:
    return suffix.replace("yml", "yaml")


def _with_file_set_back(taken: TakenBack) -> TakenBack:
    undoing, warnings = taken.undoing, list(taken.warnings)
    path, text = undoing.file.path, _text_of(undoing)
    if text is None:
        warnings.append(_left_as_it_is(undoing))
    elif text != undoing.file.text:
        try:
            write_schema_text(path, text, undoing.file.text)
        except (MigrationError, OSError) as error:
            warnings.append(
                f"{path.name} is still as it was: {error}; the rollback itself is done and "
                f"recorded; set the file back to {undoing.to_version} by hand"
            )
    return replace(taken, warnings=tuple(warnings))


def _left_as_it_is(undoing: Undoing) -> str:
    name = undoing.file.path.name
    if undoing.goal is None:
        return f"{name} is left as it is: nothing was recorded before {undoing.from_version}"
    if _is_rewritten(undoing):
        return (
            f"{name} is left as it is: in {undoing.to_version} the schema was {_file_of(undoing)}"
        )
    return (
        f"{name} is left as it is: it is not the text that was applied; "
        f"the store is at {undoing.to_version} now"
    )


def finish_killed(unit: Unit) -> tuple[Unit, list[str]]:
    """The unit with the schema files set back that killed rollbacks had still to write.

    The second part tells of each in a sentence.
    """
    files, told = [], []
    left = left_staged(file.path for file in unit.files)
    for file in unit.files:
        for staged in left.get(file.path, ()):
            try:
                text = read_schema_text(staged)
                if _is_left_to_do(unit, file, text):
                    write_schema_text(file.path, text, file.text)
                    told.append(f"{file.path.name}: set back; an interrupted rollback had left it")
            except SchemaFileError:
                if staged.exists():  # else another run has finished it meanwhile
                    raise
            file = read_schema_file(file.path, file.name)
            staged.unlink(missing_ok=True)
        files.append(file)
    return replace(unit, files=tuple(files)), told


def _is_left_to_do(unit: Unit, file: SchemaFile, text: str) -> bool:
    table = history_table_for(unit.store, file)
    live = unit.store.inspect([table.name]).table(table.name)
    last: Recorded | None = last_record(unit.store, table, live)
    if last is None or last.record.status != "ROLLBACK":
        return False
    return (
        meta_of(last.record).get("file_was") == file.hash
        and text_hash(text) == last.record.schema_hash
    )
