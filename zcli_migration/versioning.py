"""Which version a run ends with: declared in the file, recorded in the store, or suggested."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from zmigration_api import (
    AddColumn,
    AddConstraint,
    AddIndex,
    Change,
    CreateTable,
    SchemaFileError,
    UsageError,
    Version,
)

from .places import line_of
from .schema_file import SchemaFile


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionDecision:
    """`to` is what the run records; None means that there is nothing to record."""

    recorded: Version | None
    to: Version | None
    suggested: Version | None = None


def suggest(policy: str, current: Version, changes: Sequence[Change]) -> Version | None:
    """The next version by a built-in policy, or None for a policy that is not built in.

    semver: patch for additions, minor for breaking changes; major is for people to decide.
    strict-semver: major for breaking changes, minor for additions, patch for the rest.
    """
    breaking = any(change.breaking for change in changes)
    if policy == "semver":
        return current.bump("minor" if breaking else "patch")
    if policy == "strict-semver":
        additive = any(isinstance(change, _ADDITIONS) for change in changes)
        return current.bump("major" if breaking else "minor" if additive else "patch")
    return None


_ADDITIONS = (CreateTable, AddColumn, AddIndex, AddConstraint)


def decide(
    file: SchemaFile,
    recorded: Version | None,
    changed: bool,
    override: Version | None,
    suggestion: Version | None,
) -> VersionDecision:
    """What to record; SchemaFileError or UsageError when the versions contradict each other."""
    declared = file.version
    if recorded is None:
        return VersionDecision(recorded=None, to=override or declared)
    if declared < recorded:
        raise SchemaFileError(
            f"zMigrationVersion is {declared}, but {recorded} is already recorded",
            hint=f"set zMigrationVersion to {recorded}, or to a later version",
            file=file.path,
            line=line_of(file.text, "zMigrationVersion"),
        )
    if override is not None and override <= recorded:
        return _at_recorded(file, recorded, changed, override)
    if not changed:
        goal = override or declared
        return VersionDecision(recorded=recorded, to=goal if goal > recorded else None)
    suggested = suggestion if declared == recorded else None
    return VersionDecision(
        recorded=recorded, to=override or suggested or declared, suggested=suggested
    )


def _at_recorded(
    file: SchemaFile, recorded: Version, changed: bool, override: Version
) -> VersionDecision:
    """`--version` names what is there already: fine when there is nothing to do."""
    if override == recorded and not changed:
        return VersionDecision(recorded=recorded, to=None)
    raise UsageError(
        f"--version {override}: {file.name} has {recorded} recorded already",
        hint=f"choose a version after {recorded}",
    )
