"""The hooks of one unit of work: those that its schema files name, and those of plugins."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from zmigration_api import Change, Data, MigrationContext, Schema

from .app import App
from .hook_paths import PathHook, environment
from .light_zcli import LightZCLI
from .places import line_of
from .plugins import Plugins
from .real_zcli import RealZCLI
from .schema_file import SchemaFile
from .survey import Unit, schema_info

BEFORE_AND_AFTER = ("before_migrate", "after_migrate")
ON_ROLLBACK = ("on_rollback",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hooked:
    """One schema whose hooks are run, and what they are told of it."""

    file: SchemaFile
    changes: tuple[Change, ...]
    from_version: str | None
    to_version: str


@dataclass(frozen=True, slots=True)
class _Hook:
    """One path hook with its function, imported before anything is locked."""

    path: PathHook
    function: Callable[..., Any]
    schema: Hooked
    moment: str


@dataclass(frozen=True, slots=True)
class HookCalls:
    """Every hook that a unit may run. `variables` is the environment that they see.

    `results` is filled by `run`: by schema, which hooks ran and what they gave back, for JSON.
    """

    app: App
    plugins: Plugins
    unit: Unit
    schemas: tuple[Hooked, ...]
    paths: tuple[_Hook, ...]
    variables: dict[str, str]
    real_zcli: RealZCLI
    results: dict[str, list[dict[str, object]]] = field(default_factory=dict)

    @classmethod
    def load(
        cls,
        app: App,
        plugins: Plugins,
        unit: Unit,
        schemas: Sequence[Hooked],
        moments: Collection[str],
    ) -> HookCalls:
        """Import what the files name, so that a bad path is told before anything is locked."""
        place = unit.target.folder or unit.target.file
        variables = {
            **app.environment,
            "ZDATA_ZMIGRATION_URL": str(place or unit.store.display),
        }
        with environment(variables, app.workspace):
            paths = tuple(
                _Hook(path, path.load(), schema, moment)
                for schema in schemas
                for moment, path in path_hooks(app, schema.file)
                if moment in moments
            )
        real_zcli = RealZCLI(app.zspark, app.workspace, app.running)
        return cls(app, plugins, unit, tuple(schemas), paths, variables, real_zcli)

    def run(self, moment: str, schema: Schema) -> None:
        """Run every hook of that moment, with `zcli.data` seeing the tables of `schema`."""
        for hooked in self.schemas:
            context = self._context(hooked, schema)
            for hook in self.paths:
                if hook.moment == moment and hook.schema is hooked:
                    result = hook.path.call(hook.function, context)
                    self._note(hooked, moment, hook.path.written, result)
            for plugin, result in self.plugins.run_hooks(f"zmigration_{moment}", context):
                self._note(hooked, moment, plugin, result)

    def _note(self, hooked: Hooked, moment: str, hook: str, result: object) -> None:
        noted = {"moment": moment, "hook": hook, "result": recordable(result)}
        self.results.setdefault(hooked.file.name, []).append(noted)

    def _context(self, hooked: Hooked, tables: Schema) -> MigrationContext:
        data = Data(self.unit.store, lambda: tables)
        return MigrationContext(
            schema=schema_info(hooked.file),
            app_name=self.app.title,
            workspace=self.app.workspace,
            zcli=LightZCLI(
                data, self.app.zspark, self.variables, self.app.workspace, self.real_zcli
            ),
            data=data,
            changes=hooked.changes,
            from_version=hooked.from_version,
            to_version=hooked.to_version,
        )


LONGEST_RESULT = 10_000
"""Characters of JSON; a longer result is cut, as text."""


def recordable(result: object) -> object:
    """A hook's result as history keeps it: itself where JSON can hold it, else its text."""
    try:
        text = json.dumps(result, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        text, result = repr(result), repr(result)
    if len(text) <= LONGEST_RESULT:
        return result
    return text[:LONGEST_RESULT] + "…"


def path_hooks(app: App, file: SchemaFile) -> list[tuple[str, PathHook]]:
    """(moment, hook) for every hook that a schema file names; PluginError for a bad path."""
    return [
        (moment, PathHook.find(written, app.workspace, (file.path, line_of(file.text, written))))
        for moment, paths in file.meta.hooks.items()
        for written in paths
    ]
