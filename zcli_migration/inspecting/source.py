"""What `zolo inspect` looks at: a DSN, a SQLite file, a folder of CSV files, or an app's data."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from zcli_migration.app import App, load_app
from zcli_migration.discovery import OWN_VARIABLE, discover, variable_for
from zcli_migration.plugin_loading import load_plugins
from zcli_migration.plugins import Plugins
from zcli_migration.project import target_of
from zcli_migration.schema_file import SchemaFile, read_schema_file
from zcli_migration.target import BUILT_IN, DATABASE_FILES, SCHEMES, resolve_target
from zcli_migration.zpaths import resolve_data_path
from zmigration_api import BackendType, Target, UsageError
from zmigration_api.target import dsn_parts, masked

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_VARIABLE = re.compile(r"ZDATA_(.+)_URL")
_SHAPES = "give a postgresql:// or sqlite:/// address, a SQLite file, a CSV folder or an app file"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One store to look at, and how a schema file names it.

    `place` is what the variable is to be set to, None where an app has set it; it may hold a
    password. `meta` are further keys of Meta.
    """

    name: str
    variable: str
    target: Target
    backend: BackendType
    title: str
    place: str | None
    meta: Mapping[str, str]

    @property
    def line(self) -> str | None:
        """The line for .zEnv, without a password; None where it is there already."""
        return None if self.place is None else f"{self.variable}={masked(self.place)}"

    @property
    def is_masked(self) -> bool:
        """Whether the line lacks a password."""
        return self.place is not None and masked(self.place) != self.place


def find_source(given: str, name: str | None, *, third_party: bool) -> Source:
    """The source that the command line names. Nothing is opened."""
    if name is not None:
        _check_name(name)
    if not _SCHEME.match(given) and given.endswith(".py"):
        return _of_app(load_app(given), name, third_party=third_party)
    plugins = load_plugins(third_party=third_party)
    target, place = _target(given, plugins)
    backend = _backend(target.data_type, plugins)
    called = name or schema_name(_stem(target))
    return Source(
        name=called,
        variable=variable_for(called),
        target=replace(target, data_type=backend.name.lower()),
        backend=backend,
        title=_title(target),
        place=place,
        meta={"Data_Type": backend.name.lower()},
    )


def schema_name(text: str) -> str:
    """The text as the name of a schema: lower case, no signs."""
    name = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_") or "data"
    if name[0].isdigit() or variable_for(name) == OWN_VARIABLE:
        name = f"data_{name}"
    return name


def _check_name(name: str) -> None:
    hint = "write letters, digits and _, such as shop"
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        raise UsageError(f"{name!r} cannot be the name of a schema", hint=hint)
    if variable_for(name) == OWN_VARIABLE:
        raise UsageError(f"the name {name} is that of the migrations themselves", hint=hint)


def _target(given: str, plugins: Plugins) -> tuple[Target, str]:
    scheme = _SCHEME.match(given)
    if scheme:
        return _at_address(given, scheme[1].lower(), plugins), given
    path = resolve_data_path(given, Path.cwd())
    if path.is_dir():
        _refuse_other_folder(path)
        return Target(data_type="csv", folder=path, workspace=Path.cwd()), str(path)
    if path.is_file():
        return _at_file(path), _place_of_file(path)
    raise UsageError(f"there is no file or folder {given}", hint=_SHAPES)


def _at_address(given: str, scheme: str, plugins: Plugins) -> Target:
    data_type = SCHEMES.get(scheme.partition("+")[0], scheme)
    _backend(data_type, plugins)
    here = Path.cwd()
    app = App(file=here / "app.py", workspace=here, environment={}, zspark={}, title="")
    target = resolve_target(
        data_type=data_type,
        data_path=given,
        schema_name="zSchema.data",
        installed=sorted({*BUILT_IN, *plugins.backends()}),
        app=app,
    )
    if target.file is not None and not target.file.is_file():
        raise UsageError(f"there is no file {target.file}", hint=_SHAPES)
    return target


def _refuse_other_folder(folder: Path) -> None:
    """A folder without CSV files, but with a SQLite file, is not meant as one of CSV files."""
    names = sorted(entry.name for entry in os.scandir(folder) if entry.is_file())
    files = [name for name in names if name.lower().endswith(DATABASE_FILES)]
    if files and not any(name.lower().endswith(".csv") for name in names):
        hint = f"name the file: zolo inspect {folder / files[0]}"
        raise UsageError(f"{folder} holds no CSV files, but {', '.join(files)}", hint=hint)


def _at_file(path: Path) -> Target:
    if path.suffix.lower() == ".csv":
        raise UsageError(f"{path} is one CSV file", hint=f"name its folder: {path.parent}")
    return Target(data_type="sqlite", folder=path.parent, file=path, workspace=Path.cwd())


def _place_of_file(path: Path) -> str:
    """How a variable names a SQLite file: by its path, or by an address where it has no suffix."""
    if path.suffix.lower() in DATABASE_FILES:
        return str(path)
    return f"sqlite:///{path}"


def _backend(data_type: str, plugins: Plugins) -> BackendType:
    backend = plugins.backend(data_type)
    if backend is None:
        names = ", ".join(sorted({b.name for b in plugins.backends().values()}))
        raise UsageError(f"no backend for {data_type} is installed", hint=f"installed are {names}")
    return backend


def _stem(target: Target) -> str:
    if target.file is not None:
        return target.file.stem
    if target.dsn is not None:
        return dsn_parts(target.dsn)[2] or target.label
    return target.folder.name if target.folder else target.label


def _title(target: Target) -> str:
    if target.family == "csv":
        return f"the CSV files in {_stem(target)}"
    if target.file is not None:
        return f"the SQLite file {target.file.name}"
    kind = "PostgreSQL" if target.family == "postgresql" else target.data_type
    return f"the {kind} database {_stem(target)}"


def _of_app(app: App, name: str | None, *, third_party: bool) -> Source:
    """The store that one of the app's variables names, as the schema file of it says, if any."""
    plugins = load_plugins(app, third_party=third_party)
    variable = _variable(app, name)
    file = _schema_file(app, variable)
    if file is not None:
        target = target_of(file, app, sorted(plugins.backends()))
    else:
        found, _ = _target_of_value(app, variable, plugins)
        target = found
    backend = _backend(target.data_type, plugins)
    return Source(
        name=name or schema_name(_VARIABLE.sub(r"\1", variable)),
        variable=variable,
        target=replace(target, data_type=backend.name.lower()),
        backend=backend,
        title=_title(target),
        place=None,
        meta={"Data_Type": backend.name.lower(), **(_kept_meta(file) if file else {})},
    )


def _target_of_value(app: App, variable: str, plugins: Plugins) -> tuple[Target, str]:
    value = app.environment[variable]
    if not _SCHEME.match(value):
        value = str(resolve_data_path(value, app.workspace))
    return _target(value, plugins)


def _variable(app: App, name: str | None) -> str:
    variables = [
        variable
        for variable, value in app.environment.items()
        if _VARIABLE.fullmatch(variable) and variable != OWN_VARIABLE and value
    ]
    wanted = variables if name is None else [v for v in variables if v == variable_for(name)]
    if len(wanted) == 1:
        return wanted[0]
    known = ", ".join(variables)
    if not variables:
        message = f"{app.file.name} has no ZDATA_..._URL variable that says where its data is"
        raise UsageError(message, hint="set one in .zEnv, or name the store itself")
    if name is None:
        names = _names(variables)
        raise UsageError(
            f"{app.file.name} has several: {known}", hint=f"choose with --name {names}"
        )
    raise UsageError(f"{variable_for(name)} is not set", hint=f"set are {known}")


def _names(variables: Sequence[str]) -> str:
    return ", ".join(_VARIABLE.sub(r"\1", variable).lower() for variable in variables)


def _schema_file(app: App, variable: str) -> SchemaFile | None:
    refs = [ref for ref in discover(app).schemas if ref.variable == variable]
    return read_schema_file(refs[0].path, refs[0].name) if refs else None


def _kept_meta(file: SchemaFile) -> dict[str, str]:
    """What another schema file of the same store says of the place."""
    kept = ("Data_Label", "Data_Host", "Data_Port", "Data_User", "Data_Schema", "Data_Delimiter")
    return {key: str(text) for key in kept if (text := file.meta.raw.get(key)) is not None}
