"""A quick look at a schema file's Meta, without parsing the rest of the file."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from zmigration_api.errors import AppError, SchemaFileError

from . import zolo_files

BaseLoader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
META_KEYS = ("Meta", "zMeta")
UNREADABLE = "its Meta cannot be read"

# The key at the start of a line, then every line that is blank, indented or a comment.
_BLOCK = re.compile(
    r"""^(?P<quote>["']?) z?Meta (?P=quote) [ \t]* : (?=\s) .*
        (?: \n (?: [ \t\r\#}\]] .* )? )*""",
    re.MULTILINE | re.VERBOSE,
)
_SAYS = re.compile(r"^\ufeff?[ \t]*[^\s#\ufeff]", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Meta:
    """What discovery needs of a Meta block; the schema file itself is read elsewhere.

    `migrates` is None where zMigration is not given. `problem` says why nothing was read.
    """

    data_source: str | None = None
    data_path: str | None = None
    schema_name: str | None = None
    migrates: bool | None = None
    problem: str | None = None


def read_meta(path: Path) -> Meta:
    """Look at the Meta of a YAML, JSON or .zolo schema file.

    A file whose Meta cannot be understood has a `problem`. Raises `AppError` where the file
    cannot be opened, `SchemaFileError` for a .zolo file that wants to take part and is broken.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        return Meta(problem="it is not UTF-8 text")
    except OSError as error:
        message = f"the schema file cannot be read: {error.strerror}"
        raise AppError(message, hint="check its permissions", file=path) from None
    if path.suffix == zolo_files.SUFFIX:
        return _zolo_meta(path, text)
    try:
        return _meta(_parse(path, text))
    except (ValueError, RecursionError, yaml.YAMLError):
        return Meta(problem=UNREADABLE)


def _zolo_meta(path: Path, text: str) -> Meta:
    """One fault anywhere hides the whole file, so that it is a mistake if it was to be migrated."""
    try:
        return _meta(zolo_files.values(text, path))
    except SchemaFileError as error:
        if _SWITCHED_ON.search(text):
            raise
        return Meta(problem=error.message)


_SWITCHED_ON = re.compile(r"^[ \t]+zMigration(?:\(bool\))?[ \t]*:[ \t]*true\b", re.MULTILINE)


def leading_meta(text: str) -> str | None:
    """The text up to the end of its Meta block, if nothing but comments stands before that."""
    block = _BLOCK.search(text)
    if block is None or _SAYS.search(text, 0, block.start()):
        return None
    return text[: block.end()]


def _parse(path: Path, text: str) -> object:
    if path.suffix == ".json":
        return json.loads(text)
    if text.lstrip().startswith("{"):
        return yaml.load(text, BaseLoader)
    block = _BLOCK.search(text)
    return yaml.load(block[0], BaseLoader) if block else None


def _meta(document: object) -> Meta:
    if not isinstance(document, dict):
        return Meta()
    block = next((document[key] for key in META_KEYS if key in document), None)
    if not isinstance(block, dict):
        return Meta()
    return Meta(
        data_source=_variable(block),
        data_path=_text(block, "Data_Path"),
        schema_name=declared_name(block),
        migrates=_flag(block),
    )


def declared_name(block: Mapping[Any, object]) -> str | None:
    """The name that Meta gives the schema: Schema_Name, else the last part of zVaFiles' path."""
    path = _text(block, "zVaFiles")
    return _text(block, "Schema_Name") or (path.rpartition(".")[2] if path else None)


def _text(block: Mapping[Any, object], key: str) -> str | None:
    value = block.get(key)
    return value if isinstance(value, str) and value not in ("", "~", "null") else None


def _variable(block: Mapping[object, object]) -> str | None:
    """Data_Source, unless it is no variable name: it may be a DSN with a password then."""
    text = _text(block, "Data_Source")
    return text if text and re.fullmatch(r"[A-Za-z_]\w*", text) else None


def _flag(block: Mapping[object, object]) -> bool | None:
    """zMigration as YAML 1.1 reads it: true, yes and on."""
    if "zMigration" not in block:
        return None
    return str(block["zMigration"]).lower() in ("true", "yes", "on")
