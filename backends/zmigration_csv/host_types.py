"""The types that a newer zCLI keeps beside its CSV files, in `zmigrations/<table>.schema.json`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from zmigration_api import ALIASES, KINDS, ColumnType
from zmigration_api.types import TypeKind

_WORDS: Mapping[str, TypeKind] = {**ALIASES, **{kind: kind for kind in KINDS if kind != "native"}}
_LARGEST = 1 << 20
"""Bytes."""


def host_types(folder: Path, table: str) -> dict[str, ColumnType]:
    """The types by column; nothing of a file that is not there or says something else."""
    path = folder / "zmigrations" / f"{table}.schema.json"
    try:
        if path.stat().st_size > _LARGEST:
            return {}
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    pairs = data.items() if isinstance(data, dict) else ()
    found = ((name, _type(value)) for name, value in pairs)
    return {name: kind for name, kind in found if kind is not None}


def _type(value: object) -> ColumnType | None:
    text = value.get("type") if isinstance(value, dict) else None
    word = text.strip().rstrip("!?").lower() if isinstance(text, str) else ""
    return ColumnType(kind=_WORDS[word]) if word in _WORDS else None
