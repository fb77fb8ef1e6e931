"""What hooks and version policies are told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .changes import Change
from .data import Data


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaInfo:
    """One schema file: its name (`zSchema.users`), its path, and Meta as texts."""

    name: str
    path: Path
    meta: Mapping[str, object] = field(default_factory=dict)

    @property
    def policy(self) -> str | None:
        """The version policy that the file names (`Meta.zMigrationPolicy`)."""
        value = self.meta.get("zMigrationPolicy")
        return None if value is None else str(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationContext:
    """One schema in one run, inside its unit of work.

    `zcli` is the light stand-in for the host's object; `data` is `zcli.data`. Versions are texts
    like `v1.0.1`; `from_version` is None on the first run.
    """

    schema: SchemaInfo
    app_name: str
    workspace: Path
    zcli: object
    data: Data
    changes: tuple[Change, ...]
    from_version: str | None
    to_version: str
    dry_run: bool = False
