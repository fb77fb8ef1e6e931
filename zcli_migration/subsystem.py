"""`z.migration`: what `zolo migrate` does, inside the app that is running.

It uses the app's own zCLI object and makes no second one. Errors are raised; nothing is printed
unless it is asked for.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from zmigration_api import ApprovalNeeded, MigrationError, UsageError, Version

from .app import App
from .app.running import running_app
from .host_data import disconnected
from .interrupts import interrupts_heard
from .listing import SchemaHistory, SchemaStatus, schema_histories, statuses
from .outcome import INTERRUPTED, Outcome
from .project import Selection
from .report import Report
from .results import RunResult, result_of
from .screen import DisplayScreen, Screen
from .session import Request

Names = str | Sequence[str] | None


def attached(z: Any) -> Migration:  # noqa: ANN401
    """The object's `migration`, made if it has none yet."""
    there = getattr(z, "migration", None)
    if isinstance(there, Migration):
        return there
    if there is not None:
        raise UsageError(
            f"the zCLI object has another migration already: {type(there).__name__}",
            hint="call zcli_migration.attach(z) before it is set",
        )
    z.migration = made = Migration(z)
    return made


class Migration:
    """The migrations of one running app. `lock_timeout` in seconds, as on the command line.

    `schema` is a name or several ("zSchema.users" or "users"), None for all. With `show` a run
    is told through the app's display, and on a terminal it asks before it changes anything;
    otherwise changes need `auto_approve`. Whatever fails is raised as a `MigrationError`, with
    the `exit_code` of `zolo migrate`; a Ctrl-C that was undone as KeyboardInterrupt.
    """

    def __init__(self, z: Any) -> None:  # noqa: ANN401
        self._z = z
        self.lock_timeout = 10.0

    def migrate(
        self,
        *,
        dry_run: bool = False,
        auto_approve: bool = False,
        schema: Names = None,
        version: str | None = None,
        show: bool = False,
    ) -> RunResult:
        """Make the stores match the schema files; with `dry_run` only say what that would be."""
        from .runner import migrate

        app = running_app(self._z)
        request = Request(
            selection=self._selection(app, schema, settle=version is None),
            look_only=dry_run,
            auto_approve=auto_approve,
            version=_version(version),
            lock_timeout=self.lock_timeout,
        )
        return self._run(lambda report: migrate(request, report), request, show)

    def check(self, *, schema: Names = None) -> RunResult:
        """What is pending, without touching anything; drift and bad files are raised."""
        return self.migrate(dry_run=True, schema=schema)

    def require_up_to_date(self, *, schema: Names = None) -> None:
        """Raise `ApprovalNeeded` while migrations are pending: the line for an app's start."""
        found = self.check(schema=schema)
        if found.pending:
            names = ", ".join(found.pending)
            app = running_app(self._z).file.name
            raise ApprovalNeeded(f"migrations are pending: {names}", hint=f"zolo migrate {app}")

    def status(self, *, schema: Names = None) -> tuple[SchemaStatus, ...]:
        """How each schema stands: versions, state, what moved by another hand."""
        app = running_app(self._z)
        return statuses(self._selection(app, schema), _silent()).schemas

    def history(self, *, schema: Names = None) -> tuple[SchemaHistory, ...]:
        """The records of each schema, oldest first."""
        app = running_app(self._z)
        return schema_histories(self._selection(app, schema), _silent()).schemas

    def rollback(
        self,
        *,
        to: str | None = None,
        schema: Names = None,
        dry_run: bool = False,
        auto_approve: bool = False,
        show: bool = False,
    ) -> RunResult:
        """Take back the last run, or all after version `to`."""
        from .rollback import roll_back

        app = running_app(self._z)
        request = Request(
            selection=self._selection(app, schema),
            look_only=dry_run,
            auto_approve=auto_approve,
            lock_timeout=self.lock_timeout,
        )
        version = _version(to)
        return self._run(lambda report: roll_back(request, report, version), request, show)

    def bridge(self) -> None:
        """Let the app's own `z.data.migrate(...)` be done here, until the object is gone."""
        data = getattr(self._z, "data", None)
        if data is None:
            hint = "call it after zCLI(zSpark) has returned"
            raise UsageError("the zCLI object has no data subsystem yet", hint=hint)
        data.migrate = self._migrate_for_data

    def _migrate_for_data(
        self,
        new_schema_path: str,
        dry_run: bool = False,
        auto_approve: bool = False,
        schema_version: str | None = None,
    ) -> dict[str, object]:
        """The host's signature, and the keys of its answer."""
        try:
            done = self.migrate(
                schema=self._schema_at(new_schema_path),
                dry_run=dry_run,
                auto_approve=auto_approve,
                version=schema_version,
                show=not auto_approve,
            )
        except MigrationError as error:
            told = f"{error} ({error.hint})" if error.hint else str(error)
            return {"success": False, "diff": [], "operations_executed": 0, "error": told}
        changes = [text for found in done.schemas for text in found.changes]
        count = sum(len(s.changes) for s in done.schemas if s.status == "applied")
        return {"success": True, "diff": changes, "operations_executed": count}

    def _schema_at(self, zpath: str) -> str:
        """The name of the schema that a path of zCLI's means; it must take part in migrations."""
        from .discovery import discover
        from .zpaths import resolve_schema_path

        app = running_app(self._z)
        path = resolve_schema_path(zpath, app.workspace)
        for ref in discover(app).schemas:
            if ref.path.samefile(path):
                return ref.name
        raise UsageError(
            f"{Path(path).name} takes no part in migrations",
            hint="set zMigration: true in its Meta, or add its ZDATA_..._URL to .zEnv",
        )

    def _selection(self, app: App, schema: Names, *, settle: bool = False) -> Selection:
        names = () if schema is None else (schema,) if isinstance(schema, str) else tuple(schema)
        return Selection(
            app_file=str(app.file),
            app=app,
            schemas=names,
            lock_timeout=self.lock_timeout,
            settle=settle,
        )

    def _run(self, act: Callable[[Report], Outcome], request: Request, show: bool) -> RunResult:
        report = Report(DisplayScreen(self._z.display)) if show else _silent()
        with self._undisturbed(request):
            outcome = act(report)
        if outcome.exit_code == INTERRUPTED:
            raise KeyboardInterrupt("interrupted; what was not finished was undone")
        errors = (outcome.error, *(schema.error for schema in outcome.schemas))
        for error in filter(None, errors):
            _tell_the_rest(error, outcome)
            raise error
        return result_of(outcome)

    @contextlib.contextmanager
    def _undisturbed(self, request: Request) -> Iterator[None]:
        """zCLI's own connection is closed while stores change, and its Ctrl-C undoes the run."""
        if request.look_only:
            yield
            return
        with interrupts_heard(), disconnected(self._z):
            yield


def _silent() -> Report:
    return Report(Screen(quiet=True))


def _version(text: str | None) -> Version | None:
    if text is None:
        return None
    try:
        return Version.parse(text)
    except ValueError as error:
        raise UsageError(str(error), hint="write it like v2.0.0") from None


def _tell_the_rest(error: MigrationError, outcome: Outcome) -> None:
    """Stores are independent: what was done in others is said with the error of one."""
    done = [s.name for s in outcome.schemas if s.status in ("applied", "rolled_back")]
    if done:
        error.details = (*error.details, f"done all the same: {', '.join(done)}")
    if isinstance(error, ApprovalNeeded):
        error.hint = "give auto_approve=True, or show=True on a terminal"
