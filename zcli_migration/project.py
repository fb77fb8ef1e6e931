"""An app opened for a run: configuration, plugins, schema files, and a unit for each store."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

from zmigration_api import (
    AppError,
    BackendType,
    MigrationError,
    Online,
    SchemaFileError,
    Store,
    Target,
    Unreachable,
    UsageError,
)

from .app import App, load_app
from .discovery import SchemaRef, discover
from .places import at, place_of_data
from .plugin_loading import load_plugins
from .plugins import Plugins
from .report import Report
from .rule_sets import rules_of
from .schema_file import (
    SchemaFile,
    Warning_,
    check_references,
    read_schema_file,
    read_schema_head,
)
from .settled import may_settle, settled_survey
from .survey import Survey, Unit
from .target import resolve_target


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which app, which of its schemas (names with or without "zSchema.", none: all), plugins.

    `app` is given where it runs in this process.
    `lock_timeout`: how many seconds a look at a store waits for what others hold locked.
    `online`: when others go on writing while indexes are built and rows checked.
    `settle`: stores where nothing has changed since the last record need not be looked at.
    """

    app_file: str
    app: App | None = None
    schemas: tuple[str, ...] = ()
    third_party_plugins: bool = True
    lock_timeout: float = 10.0
    settle: bool = False
    online: Online = "auto"


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """The app with everything opened. `units` is empty when no schema takes part."""

    app: App
    plugins: Plugins
    units: tuple[Unit, ...]


_Place: TypeAlias = tuple[Target, BackendType, list[SchemaFile]]


@contextlib.contextmanager
def open_project(selection: Selection, report: Report) -> Iterator[Project]:
    """Load, discover and open; every store is closed at the end."""
    report.banner(Path(selection.app_file).name, Path(os.path.abspath(selection.app_file)).parent)
    app = selection.app or load_app(selection.app_file)
    report.loaded(app)
    plugins = load_plugins(app, third_party=selection.third_party_plugins)
    plugins.backends()  # what a plugin offers is part of whether it works
    report.initialized([f"plugin {s.shown}: {s.error}" for s in plugins.broken()])
    found = discover(app)
    with contextlib.ExitStack() as stack:
        opened: dict[Path, _Opened] = {}
        if selection.settle and may_settle(plugins):
            opened = _opened(found.schemas, app, plugins, selection, stack)
        settled = {path: one.file for path, one in opened.items() if one.survey is not None}
        every = [
            settled.get(ref.path) or read_schema_file(ref.path, ref.name) for ref in found.schemas
        ]
        report.discovered(every, found.notes)
        enabled = [file for file in every if file.meta.enabled is not False]
        chosen = _chosen(enabled, selection.schemas)
        places = _places(enabled, app, plugins, selection)
        units = tuple(_units(chosen, places, app, stack, report, opened))
        yield Project(app=app, plugins=plugins, units=units)


@dataclass(frozen=True, slots=True)
class _Opened:
    """A file of an open store, and what a look would find where nothing is to be done."""

    file: SchemaFile
    store: Store
    survey: Survey | None


def _opened(
    refs: Sequence[SchemaRef],
    app: App,
    plugins: Plugins,
    selection: Selection,
    stack: contextlib.ExitStack,
) -> dict[Path, _Opened]:
    """The schema files, by their paths, with nothing read but their Meta."""
    found: dict[Path, _Opened] = {}
    try:
        heads = [read_schema_head(ref.path, ref.name) for ref in refs]
        known = [head for head in heads if head is not None]
        if len(known) < len(heads):
            return {}
        enabled = [head for head in known if head.meta.enabled is not False]
        for target, backend, files in _places(enabled, app, plugins, selection):
            store = stack.enter_context(contextlib.closing(backend.open(target)))
            survey = settled_survey(store, files)
            found.update((file.path, _Opened(file, store, survey)) for file in files)
    except MigrationError:
        return found  # told by the whole look
    return found


def _chosen(files: Sequence[SchemaFile], names: Sequence[str]) -> list[SchemaFile]:
    wanted = {name.removeprefix("zSchema.").lower() for name in names}
    unknown = wanted - {file.short_name.lower() for file in files}
    if unknown:
        known = ", ".join(file.name for file in files) or "none"
        raise UsageError(
            f"no enabled schema is called {sorted(unknown)[0]}", hint=f"enabled are: {known}"
        )
    return [f for f in files if not wanted or f.short_name.lower() in wanted]


def _units(
    chosen: Sequence[SchemaFile],
    places: Sequence[_Place],
    app: App,
    stack: contextlib.ExitStack,
    report: Report,
    opened: Mapping[Path, _Opened],
) -> Iterator[Unit]:
    """A unit for each store that a chosen schema lives in, in the order of discovery."""
    wanted = {file.path for file in chosen}
    for target, backend, files in places:
        _refuse_same_name(files)
        mine = tuple(file for file in files if file.path in wanted)
        beside = tuple(file for file in files if file.path not in wanted)
        known = opened.get(mine[0].path) if mine else None
        if known and known.survey:
            schemas = tuple(s for s in known.survey.schemas if s.file.path in wanted)
            survey = replace(known.survey, schemas=schemas)
            yield Unit(
                target=target,
                backend=backend,
                store=known.store,
                files=mine,
                beside=beside,
                settled=survey,
            )
        elif mine:
            with where_configured(files, app):
                store = known.store if known else None
                store = store or stack.enter_context(contextlib.closing(backend.open(target)))
                warnings = _check_references(files, backend, store)
            report.warnings([str(warning) for warning in warnings])
            yield Unit(
                target=target,
                backend=backend,
                store=store,
                files=mine,
                beside=beside,
                rules=rules_of(app.zspark),
            )


def _places(
    enabled: Sequence[SchemaFile], app: App, plugins: Plugins, selection: Selection
) -> list[_Place]:
    """The stores that schemas live in, each with its schemas."""
    backends = plugins.backends()
    places: dict[str, _Place] = {}
    for file in enabled:
        backend = _backend(file, plugins)
        target = replace(
            target_of(file, app, sorted(backends)),
            data_type=backend.name.lower(),  # by whatever alias the file calls it
            lock_timeout=selection.lock_timeout,
            online=selection.online,
        )
        key = f"{backend.name}:{target.identity}"
        places.setdefault(key, (target, backend, []))[2].append(file)
    return list(places.values())


@contextlib.contextmanager
def where_configured(files: Sequence[SchemaFile], app: App) -> Iterator[None]:
    """Errors of places that cannot be opened say which line of which file names the place."""
    try:
        yield
    except Unreachable as error:
        at(error, place_of_data(files[0], app))
        raise


def _check_references(
    files: Sequence[SchemaFile], backend: BackendType, store: Store
) -> Sequence[Warning_]:
    """Foreign keys may also refer to tables of the store that no schema file describes."""
    described = {table.name for file in files for table in file.tables}
    keys = [key for file in files for table in file.tables for key in table.foreign_keys]
    foreign = sorted({key.ref_table for key in keys} - described)
    known = [table.name for table in store.inspect(foreign).tables] if foreign else []
    return check_references(files, known, enforced="foreign_keys" in backend.keeps)


def _backend(file: SchemaFile, plugins: Plugins) -> BackendType:
    data_type = file.meta.data_type
    names = ", ".join(sorted({b.name for b in plugins.backends().values()}))
    if data_type is None:
        raise SchemaFileError(
            f"{file.name} has no Data_Type in its Meta",
            hint=f"add `Data_Type: csv` there; installed backends are {names}",
            file=file.path,
            line=file.meta.line,
        )
    backend = plugins.backend(data_type)
    if backend is not None:
        return backend
    broken = [s for s in plugins.broken() if s.name.lower() == data_type.lower()]
    reason = f": plugin {broken[0].shown} cannot be used: {broken[0].error}" if broken else ""
    raise SchemaFileError(
        f"{file.name}: Data_Type {data_type} has no backend{reason}",
        hint=f"installed backends are {names}",
        file=file.path,
        line=file.meta.line,
    )


def target_of(file: SchemaFile, app: App, installed: Sequence[str]) -> Target:
    """Where a schema's data lives."""
    meta = file.meta
    try:
        target = resolve_target(
            data_type=meta.data_type or "",
            data_source=meta.data_source,
            data_path=meta.data_path,
            data_label=meta.data_label,
            data_host=meta.data_host,
            data_port=meta.data_port,
            data_user=meta.data_user,
            data_password=meta.data_password,
            schema_name=file.name,
            declared_name=file.declared_name,
            installed=installed,
            app=app,
        )
    except AppError as error:
        at(error, place_of_data(file, app))
        raise
    return replace(target, options=meta.options)


def _refuse_same_name(files: Sequence[SchemaFile]) -> None:
    seen: dict[str, SchemaFile] = {}
    for file in files:
        other = seen.setdefault(file.short_name.lower(), file)
        if other is not file:
            raise SchemaFileError(
                f"{file.name} and {other.path} would share one history",
                hint="give one of the two files another name",
                file=file.path,
            )
