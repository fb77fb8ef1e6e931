"""Which schema files belong to an app: by `ZDATA_*_URL` variables and by `zMigration: true`."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from zmigration_api.errors import AppError, SchemaFileError

from .app import App
from .meta import Meta, read_meta
from .schema_file.text import MAX_BYTES
from .zolo_files import NO_PARSER, parser
from .zolo_files import SUFFIX as ZOLO
from .zpaths import SCHEMA_SUFFIXES, require_inside

SUFFIXES = (ZOLO, *SCHEMA_SUFFIXES)
"""Of files with one name the first goes first, as in zolo-os; zolo-zcli reads no .zolo."""
FOLDERS = ("models", "Models", "schemas", "")
OWN_VARIABLE = "ZDATA_ZMIGRATION_URL"
OWN_SCHEMAS = "zSchema.__zmigration_"

_VARIABLE = re.compile(r"ZDATA_(.+)_URL")


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaRef:
    """A schema file to migrate: `zSchema.users` at a path.

    `variable` names the environment variable that says where its data is, if one is set.
    `from_environment`: it was found by a `ZDATA_*_URL`, so zMigration is on unless it says no.
    """

    name: str
    path: Path
    variable: str | None = None
    from_environment: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovery:
    """The schemas of an app, in the order of their variables, and what else was noticed."""

    schemas: tuple[SchemaRef, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Candidate:
    name: str
    path: Path
    meta: Meta

    @property
    def is_left_off(self) -> bool:
        """Whether it is a .zolo file that does not say zMigration: those are off then."""
        return self.path.suffix == ZOLO and self.meta.migrates is None

    def owners(
        self, variables: Collection[str], meant: Mapping[str, Sequence[str]]
    ) -> Sequence[str]:
        """The variable that Meta names, else those that Schema_Name or the file's name mean.

        As in zCLI, Schema_Name means something only without a Data_Path.
        """
        source = self.meta.data_source
        if source and source in variables:
            return (source,)
        declared = None if self.meta.data_path else self.meta.schema_name
        own = meant.get(variable_for(self.name), ())
        return meant.get(variable_for(declared), own) if declared else own


def variable_for(name: str) -> str:
    """`ZDATA_USERS_URL` for `zSchema.users`: the variable that zCLI expects by convention."""
    stem = re.sub(r"\W", "_", name.removeprefix("zSchema."))
    return f"ZDATA_{stem.upper()}_URL"


def discover(app: App) -> Discovery:
    """Find the schema files of an app.

    Raises `AppError` for a folder or file that cannot be read, and for one outside the workspace,
    `SchemaFileError` for a file that is too large.
    """
    search = _Search(app)
    candidates = list(search.candidates())
    by_variable = list(search.by_variable(candidates))
    taken = {ref.path for ref in by_variable}
    rest = [found for found in candidates if found.path not in taken]
    by_file = list(search.by_file(rest))
    return Discovery(schemas=(*by_variable, *by_file), notes=tuple(search.notes))


@dataclass(slots=True)
class _Search:
    app: App
    notes: list[str] = field(default_factory=list)

    def by_variable(self, candidates: list[_Candidate]) -> Iterator[SchemaRef]:
        taken: set[Path] = set()
        for variable, mine in self._owned(candidates).items():
            if not mine:
                self.notes.append(self._no_schema(variable))
            for found in mine:
                if found.path not in taken and not found.is_left_off:
                    taken.add(found.path)
                    source = self._set_source(found) or variable
                    yield _ref(found, source, from_environment=True)

    def _owned(self, candidates: list[_Candidate]) -> dict[str, list[_Candidate]]:
        """The candidates of each variable; variables that differ in case alone share them."""
        owned: dict[str, list[_Candidate]] = {name: [] for name in self._data_variables()}
        meant: dict[str, list[str]] = {}
        for variable in owned:
            meant.setdefault(variable.upper(), []).append(variable)
        for found in candidates:
            for variable in found.owners(owned, meant):
                owned[variable].append(found)
        return owned

    def _data_variables(self) -> Iterator[str]:
        for variable, value in self.app.environment.items():
            if not _VARIABLE.fullmatch(variable) or variable == OWN_VARIABLE:
                continue
            if value:
                yield variable
            else:
                self.notes.append(f"{variable} is empty and is ignored")

    def _set_source(self, found: _Candidate) -> str | None:
        """The variable that Meta names, if it is set; an empty one is not, as in zCLI."""
        source = found.meta.data_source
        return source if source and self.app.environment.get(source) else None

    def by_file(self, candidates: Iterable[_Candidate]) -> Iterator[SchemaRef]:
        for found in candidates:
            source = self._set_source(found)
            if not found.meta.migrates:
                self._note_unset(found)
            elif source or found.meta.data_path:
                yield _ref(found, source, from_environment=False)
            else:
                variable = found.meta.data_source or variable_for(found.name)
                self.notes.append(f"{found.name} is left out: {_add(variable)}, or Data_Path")

    def _note_unset(self, found: _Candidate) -> None:
        source = found.meta.data_source
        if found.meta.migrates is not None or found.meta.problem:
            return
        if found.is_left_off or (not source and found.meta.data_path):
            self.notes.append(f"{found.name} is left out: set zMigration: true in its Meta")
        elif source:
            self.notes.append(f"{found.name} is left out: {_add(source)}, where it is not set")

    def _no_schema(self, variable: str) -> str:
        name = variable[len("ZDATA_") : -len("_URL")].lower()
        return (
            f"{variable}: no schema found; looked for zSchema.{name} and for Data_Source:"
            f" {variable} in models, Models, schemas and {self.app.workspace}"
        )

    def candidates(self) -> Iterator[_Candidate]:
        """Every readable schema file once, sorted by name."""
        found: dict[str, Path] = {}
        seen: set[Path] = set()
        for folder in self._folders():
            for name, path in self._in_folder(folder):
                real = path.resolve()
                if real in seen:
                    continue
                seen.add(real)
                if found.setdefault(name, path) != path:
                    self.notes.append(f"{path} is left out: {found[name]} has the same name")
        yield from (self._read(name, found[name]) for name in sorted(found))

    def _read(self, name: str, path: Path) -> _Candidate:
        meta = read_meta(path)
        if meta.problem:
            self.notes.append(f"{path}: {meta.problem}")
        return _Candidate(name, path, meta)

    def _folders(self) -> Iterator[Path]:
        """The folders to search; on some disks models and Models are the same one."""
        seen: set[tuple[int, int]] = set()
        for folder in (self.app.workspace / name for name in FOLDERS):
            if os.path.isdir(folder):
                facts = folder.stat()
                if (facts.st_dev, facts.st_ino) not in seen:
                    seen.add((facts.st_dev, facts.st_ino))
                    yield folder

    def _in_folder(self, folder: Path) -> Iterator[tuple[str, Path]]:
        """The schema name and file of each stem: zolo before json before yaml before yml."""
        stems: dict[str, list[Path]] = {}
        for path in _schema_files(folder):
            if self._is_readable(path):
                stems.setdefault(path.name.removesuffix(path.suffix), []).append(path)
        for name in sorted(stems):
            first, *others = sorted(stems[name], key=lambda p: SUFFIXES.index(p.suffix))
            self.notes += [f"{path} is left out: {first.name} goes first" for path in others]
            yield name, first

    def _is_readable(self, path: Path) -> bool:
        if path.suffix == ZOLO and parser() is None:
            self.notes.append(f"{path} is left out: {NO_PARSER}")
            return False
        require_inside(path, self.app.workspace, str(path))
        try:
            facts = path.stat()
        except OSError as error:
            self.notes.append(f"{path} is left out: {error.strerror}")
            return False
        problem = _problem(facts)
        if problem:
            self.notes.append(f"{path} is left out: {problem}")
        else:
            _refuse_large(path, facts)
        return problem is None


def _problem(facts: os.stat_result) -> str | None:
    if stat.S_ISDIR(facts.st_mode):
        return "it is a folder"
    if not stat.S_ISREG(facts.st_mode):
        return "it is not a regular file"
    return None


def _refuse_large(path: Path, facts: os.stat_result) -> None:
    if facts.st_size > MAX_BYTES:
        message = f"The schema file has {facts.st_size:,} bytes, more than {MAX_BYTES:,}"
        raise SchemaFileError(message, hint="split it into several files", file=path)


def _schema_files(folder: Path) -> list[Path]:
    try:
        names = sorted(entry.name for entry in os.scandir(folder))
    except OSError as error:
        message = f"the folder cannot be read: {error.strerror}"
        raise AppError(message, hint="check its permissions", file=folder) from None
    return [folder / name for name in names if _is_schema_name(name) and name.endswith(SUFFIXES)]


def _is_schema_name(name: str) -> bool:
    return name.startswith("zSchema.") and not name.startswith(OWN_SCHEMAS)


def _ref(found: _Candidate, variable: str | None, *, from_environment: bool) -> SchemaRef:
    return SchemaRef(
        name=found.name,
        path=found.path,
        variable=variable,
        from_environment=from_environment,
    )


def _add(variable: str) -> str:
    return f"add {variable}=@.Data to .zEnv"
