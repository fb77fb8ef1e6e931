"""One look at one store: what is there, what was recorded, what is wanted, what differs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice

from zmigration_api import (
    BackendType,
    Change,
    DriftError,
    Hazard,
    Schema,
    SchemaFileError,
    SchemaInfo,
    Step,
    Store,
    StoreError,
    Target,
    UnsupportedChange,
    Version,
)

from .adopted import is_other_text, made_by_others
from .computing import refuse_missing_copies
from .dangling import dangling_hazard, refuse_dangling
from .diff import diff
from .drift import Move, moves, refuse, values_back
from .exact import exactly
from .hints import followed
from .looking import LOOKS, Found, current_schema, in_older_terms, look, owner_of_the_rest
from .places import at_column
from .planner import Base, Plan, make_plan
from .plugins import Plugins
from .recording import Recorded
from .rule_sets import refuse_by_rules
from .schema_file import SchemaFile, text_hash, with_version
from .spelling import spelled
from .value_hazards import value_hazard
from .versioning import VersionDecision, decide


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """The schemas that live in one store, and migrate together or not at all.

    `files` take part in this run. `beside` live in the same store and do not (`--schema`): they
    are read, so that nothing of theirs is taken for left over or missing. `settled` is given
    where it takes no look at the store; of these files nothing is read but Meta. `rules` are
    those that the app turns on for every schema.
    """

    target: Target
    backend: BackendType
    store: Store
    files: tuple[SchemaFile, ...]
    beside: tuple[SchemaFile, ...] = ()
    settled: Survey | None = None
    rules: tuple[str, ...] = ()

    @property
    def is_copied_by_apps(self) -> bool:
        """Whether the store is files of which zCLI holds copies while an app runs."""
        return self.target.data_type == "csv"

    @property
    def all_files(self) -> tuple[SchemaFile, ...]:
        """Every schema file of the store."""
        return (*self.files, *self.beside)


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaSurvey:
    """One schema: what is recorded of it, what the file wants, and what is to be done.

    `current` is the whole store as it is now, `desired` this schema's own tables.
    `adopted` are changes that another hand has made, so that the store is as the file wants it:
    the record lacks them. `file` differs from `on_disk` when a run was killed after the store's
    commit and before it wrote the new version into the file: it is as that run would have left it.
    """

    file: SchemaFile
    recorded: Recorded | None
    current: Schema
    desired: Schema
    changes: tuple[Change, ...]
    decision: VersionDecision
    moved: tuple[Move, ...]
    on_disk: SchemaFile
    adopted: tuple[Change, ...] = ()

    @property
    def bump_left(self) -> bool:
        """Whether the file still lacks the version that an earlier run has recorded."""
        return self.file is not self.on_disk

    @property
    def pending(self) -> bool:
        """Whether a run would change the store's structure or record a new version."""
        return bool(self.changes) or (
            self.decision.to is not None and self.decision.recorded is not None
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """All schemas of a unit, with the plan that would make the store match their files."""

    live: Schema
    current: Schema
    desired: Schema
    schemas: tuple[SchemaSurvey, ...]
    plan: Plan

    @property
    def adopted(self) -> tuple[str, ...]:
        """Tables that were there before they were first recorded, as they are called now."""
        found = []
        for schema in self.schemas:
            recorded = schema.recorded.tables if schema.recorded else None
            for table in schema.desired.tables:
                names = filter(None, (table.name, table.renamed_from))
                there = next((name for name in names if self.current.table(name)), None)
                if there is not None and not (recorded and recorded.table(there)):
                    found.append(there)
        return tuple(found)


def survey(unit: Unit, plugins: Plugins, override: Version | None = None) -> Survey:
    """Look at the store, compare and plan. Reads only.

    A backend plans against the store itself: when another run commits between the look and the
    plan, the plan fails for what is no longer so, and it is looked at anew.
    """
    for _ in range(LOOKS):
        found = look(unit)
        try:
            return _compared(unit, found, plugins, override)
        except (UnsupportedChange, StoreError, SchemaFileError):
            if look(unit) == found:
                raise
    return _compared(unit, look(unit), plugins, override)


def _compared(unit: Unit, found: Found, plugins: Plugins, override: Version | None) -> Survey:
    desired = _desired(unit, found)
    current = current_schema(unit, found.live, desired, list(found.records.values()))
    current = in_older_terms(unit, current, found)
    try:
        changes = diff(current, desired, plugins.diff_rules())
    except UnsupportedChange as error:  # by a plugin's rule
        at_column(error, unit.all_files)
        raise
    parts = _parts(unit.all_files, desired)
    rest = owner_of_the_rest(unit, found.records)
    split = _by_schema(changes, parts, found.records, rest)
    made = _by_schema(made_by_others(unit.all_files, found, desired), parts, found.records, rest)
    schemas = tuple(
        _schema_survey(
            file,
            split[file.name],
            made[file.name],
            (current, parts[file.name]),
            found,
            plugins,
            override,
        )
        for file in unit.files
    )
    chosen = {change for schema in schemas for change in schema.changes}
    planned = [change for change in changes if change in chosen]
    try:
        refuse_dangling(unit.all_files, parts, planned)
        for schema in schemas:
            if schema.changes:
                refuse_missing_copies(schema.file.path, schema.changes, found.live)
            refuse_by_rules(schema.file, unit.rules, schema.changes, schema.recorded)
        plan = make_plan(unit.store, unit.backend, planned, current, desired, _base(found))
        plan = _with_hazards(plan, plugins, current, desired)
    except (UnsupportedChange, SchemaFileError) as error:
        at_column(error, unit.all_files)
        raise _drift_of(schemas) or error from None
    return Survey(live=found.live, current=current, desired=desired, schemas=schemas, plan=plan)


def _desired(unit: Unit, found: Found) -> Schema:
    """What the files want, in the store's spelling and forms, with the hints that are left."""
    files = unit.all_files
    said = Schema(
        tables=tuple(t for file in files for t in file.tables),
        types=tuple(t for file in files for t in file.types),
    )
    named = spelled(said, found.live, unit.store)
    hinted = followed(named, found.live, files, found.told, unit.store)
    return exactly(hinted, found.live, unit.store, unit.backend)


def _with_hazards(plan: Plan, plugins: Plugins, current: Schema, desired: Schema) -> Plan:
    """The plan with what diff rules want to be known of its changes."""
    if not plan.steps:
        return plan
    rules = plugins.diff_rules()

    def more(step: Step) -> tuple[Hazard, ...]:
        said = (r.hazards(c, current, desired) for c in step.changes for r in rules)
        own = (h for c in step.changes for h in (value_hazard(c), dangling_hazard(c, desired)))
        return (*filter(None, own), *(hazard for hazards in said for hazard in hazards))

    steps = (replace(step, hazards=(*step.hazards, *more(step))) for step in plan.steps)
    return replace(plan, steps=tuple(steps))


def _drift_of(schemas: Sequence[SchemaSurvey]) -> DriftError | None:
    """Drift explains more than what cannot be done about it."""
    errors = (refuse(s.file.name, s.moved, s.changes, s.recorded) for s in schemas)
    return next(filter(None, errors), None)


def _parts(files: Sequence[SchemaFile], desired: Schema) -> dict[str, Schema]:
    """The tables and types of each file, as `desired` has them in the order of the files."""
    tables, types = iter(desired.tables), iter(desired.types)
    return {
        file.name: Schema(
            tables=tuple(islice(tables, len(file.tables))),
            types=tuple(islice(types, len(file.types))),
        )
        for file in files
    }


def _by_schema(
    changes: Sequence[Change],
    parts: dict[str, Schema],
    records: dict[str, Recorded | None],
    rest: str | None,
) -> dict[str, tuple[Change, ...]]:
    """Each change under the schema whose table or type it is about: the file's, else the record's.

    Changes of what neither knows are under `rest`; of types, else under the first exact file's.
    """
    owners: dict[str, str] = {}
    for name, recorded in records.items():
        if recorded and recorded.tables:
            owners.update(dict.fromkeys(_names(recorded.tables), name))
    for name, part in parts.items():
        owners.update(dict.fromkeys(_names(part), name))
    exact = (name for name, part in parts.items() if any(t.exact for t in part.tables))
    others = rest or next(exact, next(iter(parts)))
    split: dict[str, list[Change]] = {name: [] for name in parts}
    for change in changes:
        split.setdefault(owners.get(change.table, others), []).append(change)
    return {name: tuple(mine) for name, mine in split.items()}


def _names(schema: Schema) -> list[str]:
    return [t.name for t in schema.tables] + [t.name for t in schema.types]


def _schema_survey(
    file: SchemaFile,
    changes: tuple[Change, ...],
    made: tuple[Change, ...],
    states: tuple[Schema, Schema],
    found: Found,
    plugins: Plugins,
    override: Version | None,
) -> SchemaSurvey:
    recorded = found.records[file.name]
    on_disk, file = file, with_recorded_version(file, recorded) or file
    info = schema_info(file)
    adopted = made if not changes and is_other_text(file, recorded) else ()
    suggested = None
    if changes or adopted or info.policy:  # a policy that nobody knows is told at once
        suggested = plugins.suggest_version(info, file.version, changes or adopted)
    decision = decide(
        file, recorded.version if recorded else None, bool(changes or adopted), override, suggested
    )
    return SchemaSurvey(
        file=file,
        recorded=recorded,
        current=states[0],
        desired=states[1],
        changes=changes,
        decision=decision,
        moved=_moves(file.name, recorded, found),
        on_disk=on_disk,
        adopted=adopted,
    )


def _moves(name: str, recorded: Recorded | None, found: Found) -> tuple[Move, ...]:
    if recorded is None:
        return ()
    back = (values_back(table, column.name) for table, column in found.back.get(name, ()))
    return (*moves(recorded, found.live), *back)


def with_recorded_version(file: SchemaFile, recorded: Recorded | None) -> SchemaFile | None:
    """The file with the recorded version, if that and nothing else is what it lacks."""
    if recorded is None or recorded.version is None or file.version >= recorded.version:
        return None
    if recorded.declared != str(file.version):
        return None  # somebody wrote that version
    text = with_version(file.text, recorded.version, file.path)
    if text_hash(text) != recorded.record.schema_hash:
        return None
    meta = replace(file.meta, version=recorded.version)
    return replace(file, text=text, meta=meta, hash=text_hash(text))


def schema_info(file: SchemaFile) -> SchemaInfo:
    """What plugins are told of a schema file."""
    return SchemaInfo(name=file.name, path=file.path, meta=file.meta.raw)


def _base(found: Found) -> Base:
    """Everything that the plan was made from: the live tables and the last records."""
    last = sorted(
        f"{name}:{recorded.record.id}:{recorded.record.schema_hash}"
        for name, recorded in found.records.items()
        if recorded
    )
    return found.live, tuple(last)
