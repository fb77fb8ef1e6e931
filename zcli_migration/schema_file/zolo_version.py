"""Editing `zMigrationVersion` in a `.zolo` file's text and leaving every other byte as it is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from zcli_migration.meta import META_KEYS
from zcli_migration.zolo_files import values
from zmigration_api import SchemaFileError, Version

KEY = "zMigrationVersion"
_WRITTEN = re.compile(rf"{KEY}(?:\(\w+\))?[ \t]*:[ \t]*")


def with_zolo_version(text: str, version: Version, path: Path) -> str:
    """The text with that version in it.

    SchemaFileError where the parser would read another difference than that, or no version.
    """
    old = values(text, path)
    section = _section(old)
    written = str(section.get(KEY)) if section else None
    for place in _WRITTEN.finditer(text):
        if written is None or not text.startswith(written, place.end()):
            continue
        edited = text[: place.end()] + str(version) + text[place.end() + len(written) :]
        if _differ_in_version(old, _read(edited, path), str(version)):
            return edited
    hint = f"write `{KEY}: {version}` yourself, on one line of its own"
    message = f"{KEY} cannot be changed safely as it is written here"
    raise SchemaFileError(message, hint=hint, file=path)


def _section(data: Any) -> Mapping[str, Any]:  # noqa: ANN401
    found = (data[key] for key in META_KEYS if key in data) if isinstance(data, dict) else ()
    section = next(iter(found), None)
    return section if isinstance(section, dict) else {}


def _read(text: str, path: Path) -> Any:  # noqa: ANN401
    try:
        return values(text, path)
    except SchemaFileError:
        return None


def _differ_in_version(old: Any, new: Any, version: str) -> bool:  # noqa: ANN401
    """Whether the parser itself sees the new version and no other difference."""
    key = next(key for key in META_KEYS if key in old)
    return bool(new == {**old, key: {**old[key], KEY: version}})
