"""Rules that an app turns on: changes that are refused, each with the name of the rule."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence

from zmigration_api import Change, DropColumn, DropTable, SchemaFileError, UnsupportedChange
from zmigration_api.describe import summary

from .places import line_of
from .recording import Recorded
from .schema_file import SchemaFile

KEY = "zMigrationRules"
"""In Meta for one schema, in zSpark for all: a name or a list of names."""

Refuses = Callable[[Change, bool], bool]
"""Whether a change is refused; told whether the schema file has a new note."""

RULE_SETS: Mapping[str, tuple[Refuses, str]] = {
    "no-drops": (
        lambda change, noted: isinstance(change, DropTable | DropColumn),
        "keep the table or column in the schema file",
    ),
    "no-breaking": (
        lambda change, noted: change.breaking,
        "make it in steps that do not break: add, fill, and leave the old as it is",
    ),
    "require-notes-on-breaking": (
        lambda change, noted: change.breaking and not noted,
        "say in Meta why: `zMigrationNotes: ...`, another text than last time",
    ),
}


def refuse_by_rules(
    file: SchemaFile,
    app_rules: Sequence[str],
    changes: Sequence[Change],
    recorded: Recorded | None,
) -> None:
    """UnsupportedChange for the first change that a rule refuses; SchemaFileError for no rule."""
    before = recorded.record.notes if recorded else None
    noted = bool(file.meta.notes) and file.meta.notes != before
    for name in dict.fromkeys((*app_rules, *file.meta.rules)):
        if name not in RULE_SETS:
            raise _unknown(file, name)
        refuses, hint = RULE_SETS[name]
        for change in changes:
            if refuses(change, noted):
                raise UnsupportedChange(
                    f"{file.name}: the rule {name} refuses this: "
                    f"{summary(change, qualified=True, done=False)}",
                    hint=f"{hint}; or take {name} out of {KEY}",
                    file=file.path,
                    line=line_of(file.text, KEY) if name in file.meta.rules else None,
                )


def _unknown(file: SchemaFile, name: str) -> SchemaFileError:
    close = difflib.get_close_matches(name, RULE_SETS, n=1)
    own = name in file.meta.rules
    return SchemaFileError(
        f"{file.name if own else 'zSpark'}: there is no rule {name!r} for {KEY}",
        hint=f"did you mean {close[0]}?" if close else f"there are {', '.join(RULE_SETS)}",
        file=file.path if own else None,
        line=line_of(file.text, KEY) if own else None,
    )


def rules_of(zspark: Mapping[str, object]) -> tuple[str, ...]:
    """The rules that zSpark turns on for every schema."""
    given = zspark.get(KEY)
    return (
        (given,)
        if isinstance(given, str)
        else tuple(map(str, given or ()))
        if isinstance(given, list | tuple)
        else ()
    )
