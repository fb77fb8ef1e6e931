"""The six hooks. A plugin implements any of them with `@hookimpl`, naming only what it uses."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol, runtime_checkable

import pluggy

from .backend import BackendType
from .changes import Change
from .context import MigrationContext, SchemaInfo
from .model import Schema
from .plan import Hazard
from .versions import Version

PROJECT = "zmigration"
API_VERSION = 1
"""The version of this contract; a plugin may state the one it is for as `ZMIGRATION_API`."""

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@runtime_checkable
class DiffRule(Protocol):
    """One look at two schemas: finds changes, or rewrites those that others found.

    `after` names the rules that must have run before. A rule may have `hazards` too (`HazardRule`).
    """

    @property
    def name(self) -> str: ...
    @property
    def after(self) -> tuple[str, ...]: ...

    def run(
        self, current: Schema, desired: Schema, changes: tuple[Change, ...]
    ) -> tuple[Change, ...]:
        """All changes that are known now. To refuse one, raise `UnsupportedChange`.

        With the column's `line` and a message that starts with `table.column:` the report names
        the schema file too.
        """
        ...


@runtime_checkable
class HazardRule(Protocol):
    """A diff rule that also says what to know before a change is made.

    It is asked about every change of the plan; what it says is shown with the change.
    """

    @property
    def name(self) -> str: ...

    def hazards(self, change: Change, current: Schema, desired: Schema) -> Iterable[Hazard]:
        """What to know of this change; mostly nothing."""
        ...


class Hooks:
    """The hook specifications."""

    @hookspec
    def zmigration_backends(self) -> Iterable[BackendType]:  # type: ignore[empty-body]
        """Offer kinds of store, each under a name for `Meta.Data_Type`."""

    @hookspec
    def zmigration_diff_rules(self) -> Iterable[DiffRule]:  # type: ignore[empty-body]
        """Offer rules that find or rewrite changes."""

    @hookspec(firstresult=True)
    def zmigration_suggest_version(
        self, schema: SchemaInfo, current: Version, changes: Sequence[Change]
    ) -> Version | None:
        """Suggest the next version, or None to leave it to the next plugin."""

    @hookspec
    def zmigration_before_migrate(self, context: MigrationContext) -> object:
        """Run inside the unit of work, before the first step. Raising undoes everything.

        What it gives back is kept in the history (`meta_data`), as JSON where it can be.
        """

    @hookspec
    def zmigration_after_migrate(self, context: MigrationContext) -> object:
        """Run inside the unit of work, after the last step. Raising undoes everything."""

    @hookspec
    def zmigration_on_rollback(self, context: MigrationContext) -> object:
        """Run inside the unit of work of a rollback, after its last step."""
