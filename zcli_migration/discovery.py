"""Which schema files belong to an app: by `ZDATA_*_URL` variables and by `zMigration: true`."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from zmigration_api.errors import AppError

from .app import App
from .meta import Meta, read_meta
from .zpaths import SCHEMA_SUFFIXES, require_inside

FOLDERS = ("models", "Models", "schemas", "")
OWN_VARIABLE = "ZDATA_ZMIGRATION_URL"
OWN_SCHEMAS = "zSchema.__zmigration_"
MAX_BYTES = 100_000_000

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

    def belongs_to(self, variable: str, variables: Iterable[str]) -> bool:
        """Whether Meta names the variable, or none of them, and the file's name means it."""
        source = self.meta.data_source
        if source in variables:
            return source == variable
        return variable_for(self.name) == variable.upper()


def variable_for(name: str) -> str:
    """`ZDATA_USERS_URL` for `zSchema.users`: the variable that zCLI expects by convention."""
    stem = re.sub(r"\W", "_", name.removeprefix("zSchema."))
    return f"ZDATA_{stem.upper()}_URL"


def discover(app: App) -> Discovery:
    """Find the schema files of an app.

    Raises `AppError` for a folder or file that cannot be read, and for one outside the workspace.
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
        variables = list(self._data_variables())
        for variable in variables:
            mine = [found for found in candidates if found.belongs_to(variable, variables)]
            if not mine:
                self.notes.append(self._no_schema(variable))
            for found in mine:
                if found.path not in taken:
                    taken.add(found.path)
                    source = self._set_source(found) or variable
                    yield _ref(found, source, from_environment=True)

    def _ref(found: _Candidate, variable: str | None, *, from_environment: bool) -> SchemaRef:
    return SchemaRef(
        name=found.name,
        path=found.path,
        variable=variable,
        from_environment=from_environment,
    )


def _add(variable: str) -> str:
    return f"add {variable}=@.Data to .zEnv"
