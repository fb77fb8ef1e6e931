"""What zMigration itself offers through the hooks: the diff rules and the version policies."""

from __future__ import annotations

from collections.abc import Sequence

from zmigration_api import Change, DiffRule, SchemaInfo, Version, hookimpl

from .rules import RULES
from .versioning import suggest


@hookimpl
def zmigration_diff_rules() -> Sequence[DiffRule]:
    """The rules that find every difference."""
    return RULES


@hookimpl(trylast=True)
def zmigration_suggest_version(
    schema: SchemaInfo, current: Version, changes: Sequence[Change]
) -> Version | None:
    """The two built-in policies."""
    return suggest(schema.policy or "semver", current, changes)
