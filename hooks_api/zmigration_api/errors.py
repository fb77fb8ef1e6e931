"""Every error that a user can meet: one base class, an exit code, one or two printed lines.

A message says what is wrong and where; the hint says what to do. Neither holds a password.
"""

from __future__ import annotations

from pathlib import Path


class MigrationError(Exception):
    """An error for the user: printed without a traceback.

    `file`, `line` and `column` (both counted from 1) say where, when a file is to blame.
    `details` are further lines that the screen has shown already.
    """

    exit_code = 1
    code = "failed"

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        file: Path | str | None = None,
        line: int | None = None,
        column: int | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.file = None if file is None else Path(file)
        self.line = line
        self.column = column
        self.details: tuple[str, ...] = ()

    @property
    def where(self) -> str:
        """`file:line:column`, as much of it as is known, else an empty string."""
        if self.file is None:
            return ""
        parts = [self.file, self.line, self.column if self.line else None]
        return ":".join(str(part) for part in parts if part is not None)

    def __str__(self) -> str:
        return f"{self.where}: {self.message}" if self.where else self.message


class UsageError(MigrationError):
    """The command line asks for something that cannot be."""

    exit_code = 2
    code = "usage"


class AppError(MigrationError):
    """The app file, its zSpark, its `.zEnv` or a zPath cannot be used."""

    exit_code = 2
    code = "app"


class SchemaFileError(MigrationError):
    """A schema file cannot be read, or says something that cannot be."""

    exit_code = 2
    code = "schema_file"


class PluginError(MigrationError):
    """A plugin or a hook path cannot be loaded or does not keep the contract."""

    exit_code = 2
    code = "plugin"


class UnsupportedChange(MigrationError):
    """The backend cannot make this change, and says so before anything is touched."""

    exit_code = 2
    code = "unsupported_change"


class StoreError(MigrationError):
    """The store cannot be reached, read or written."""

    code = "store"


class Unreachable(StoreError):
    """The place that the app names cannot be opened, so that its address may be wrong."""


class DataRefused(MigrationError):
    """The rows do not allow the plan; nothing was touched."""

    code = "data"


class StepFailed(MigrationError):
    """A step failed inside the unit of work; everything was undone."""

    code = "step"


class HookFailed(MigrationError):
    """A hook raised; everything was undone."""

    code = "hook"


class VerificationFailed(MigrationError):
    """The store did not look as planned before the commit; everything was undone."""

    code = "verification"


class PlanMoved(MigrationError):
    """The store changed between the plan that was shown and the lock; nothing was touched."""

    code = "plan_moved"


class OutcomeUnknown(MigrationError):
    """The commit itself was cut off: it has happened, or the next run tells. Never "unchanged"."""

    code = "outcome_unknown"


class ApprovalNeeded(MigrationError):
    """Changes are pending and nobody is there to approve them."""

    exit_code = 3
    code = "approval_needed"


class DriftError(MigrationError):
    """The live store was changed by something else than a migration."""

    exit_code = 4
    code = "drift"


class LockTimeout(MigrationError):
    """Another run holds the lock of this store."""

    exit_code = 5
    code = "locked"
