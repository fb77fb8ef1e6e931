"""The Meta section of a schema file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import cast, get_args

import yaml

from zmigration_api import Version

from .keys import unknown_item, warn_unknown
from .model import Exactness, Meta
from .names import nearest
from .yaml_nodes import (
    Entry,
    boolean,
    entries,
    mapping,
    optional_text,
    plain,
    shown,
    texts,
    whole,
)
from .yaml_source import Source, line_of

SECTIONS = ("Meta", "zMeta")
HOOKS = frozenset({"before_migrate", "after_migrate", "on_rollback"})
_TEXTS = {
    "data_source": "Data_Source",
    "data_path": "Data_Path",
    "data_label": "Data_Label",
    "data_host": "Data_Host",
    "data_user": "Data_User",
    "data_password": "Data_Password",
    "notes": "zMigrationNotes",
    "policy": "zMigrationPolicy",
}
_OURS = frozenset(
    {
        *_TEXTS.values(),
        "Data_Type",
        "Data_Port",
        "zMigration",
        "zMigrationVersion",
        "zMigrationHooks",
        "zMigrationRules",
        "zMigrationExact",
        "zTypes",
    }
)
_HOSTS = frozenset({"Data_Paradigm", "Schema_Name", "zVaFiles", "Description"})
_OPTIONS = frozenset({"Data_Delimiter", "Data_Schema", "Data_Encoding"})
_SHORT_VERSION = re.compile(r"[vV]?(\d{1,9})(?:\.(\d{1,9}))?")


def find_meta(source: Source, root: yaml.MappingNode) -> Entry:
    """The entry of the Meta section; SchemaFileError if there is none, or two."""
    found = [entry for entry in entries(source, root) if entry.key in SECTIONS]
    if len(found) > 1:
        message = f"The file has both Meta and zMeta (line {line_of(found[0].key_node)})"
        raise source.error(found[1].key_node, message, "keep one of them")
    if not found or not isinstance(found[0].value, yaml.MappingNode):
        node = found[0].key_node if found else root
        raise source.error(node, "The file has no Meta section", "start it with `Meta:`, so spelt")
    return found[0]


def read_meta(source: Source, root: yaml.MappingNode) -> Meta:
    """What the Meta section says."""
    section = find_meta(source, root)
    found = mapping(source, section.value, section.key)
    enabled = boolean(source, found["zMigration"].value, "zMigration") if _says(found) else None
    raw = {key: plain(source, e.value) for key, e in found.items() if key != "Data_Password"}
    _warn_of_unknown(source, found)
    return Meta(
        **{field: _text(source, found, key) for field, key in _TEXTS.items()},
        data_type=_data_type(source, found),
        data_port=_port(source, found),
        enabled=enabled,
        version=_version(source, found, enabled),
        hooks=_hooks(source, found),
        rules=texts(source, found["zMigrationRules"].value, "zMigrationRules")
        if "zMigrationRules" in found
        else (),
        exact=_exactness(source, found),
        options=_options(source, found),
        raw=raw,
        line=line_of((found.get("zMigration") or section).key_node),
    )


def _says(found: Mapping[str, Entry]) -> bool:
    return "zMigration" in found


def _text(source: Source, found: Mapping[str, Entry], key: str) -> str | None:
    return optional_text(source, found[key].value, key) if key in found else None


def _data_type(source: Source, found: Mapping[str, Entry]) -> str | None:
    text = _text(source, found, "Data_Type")
    return text.strip().lower() if text else None


def _port(source: Source, found: Mapping[str, Entry]) -> int | None:
    if _text(source, found, "Data_Port") is None:
        return None
    node = found["Data_Port"].value
    port = whole(source, node, "Data_Port", smallest=1)
    if port > 65535:
        raise source.error(node, f"Data_Port must be at most 65535, not {port}")
    return port


def _version(source: Source, found: Mapping[str, Entry], enabled: bool | None) -> Version | None:
    text = _text(source, found, "zMigrationVersion")
    if not text:
        return None
    try:
        return Version.parse(text)
    except ValueError:
        node = found["zMigrationVersion"].value
        message = f"zMigrationVersion {shown(node)} is not a version like v1.0.0"
        if enabled is not False:
            raise source.error(node, message, _as_version(text)) from None
        source.warn(node, message)
        return None


def _as_version(text: str) -> str:
    short = _SHORT_VERSION.fullmatch(text.strip())
    if not short:
        return "write three numbers, such as v1.0.0"
    return f"write v{int(short[1])}.{int(short[2] or 0)}.0"


def _hooks(source: Source, found: Mapping[str, Entry]) -> dict[str, tuple[str, ...]]:
    if "zMigrationHooks" not in found:
        return {}
    hooks = mapping(source, found["zMigrationHooks"].value, "zMigrationHooks")
    unknown_item(source, hooks, HOOKS, "zMigrationHooks")
    return {moment: _paths(source, entry) for moment, entry in hooks.items()}


def _paths(source: Source, entry: Entry) -> tuple[str, ...]:
    paths = texts(source, entry.value, entry.key)
    if not all(path.strip() for path in paths):
        raise source.error(
            entry.value, f"{entry.key} names no function", 'write "@.plugins.module.function"'
        )
    return tuple(path.strip() for path in paths)


def _exactness(source: Source, found: Mapping[str, Entry]) -> Exactness | None:
    text = _text(source, found, "zMigrationExact")
    if text is not None and _data_type(source, found) == "csv":
        raise source.error(
            found["zMigrationExact"].key_node,
            "zMigrationExact is for SQL stores: CSV files do not say all that it would compare",
            "remove it",
        )
    for known in get_args(Exactness):
        if text == known:
            return cast(Exactness, known)
    if text is None:
        return None
    node = found["zMigrationExact"].value
    raise source.error(
        node,
        f"zMigrationExact {shown(node)} is not known",
        "write tables (this file says all of its tables) or database (and there are no others)",
    )


def _options(source: Source, found: Mapping[str, Entry]) -> dict[str, str]:
    options = (
        (key, _text(source, found, key))
        for key in found
        if key.startswith("Data_") and key not in _OURS | _HOSTS
    )
    return {key: text for key, text in options if text is not None}


def _warn_of_unknown(source: Source, found: Mapping[str, Entry]) -> None:
    """Other keys are the app's own business, unless they look like one of these misspelt."""
    for entry in found.values():
        meant = entry.key not in _OURS | _HOSTS | _OPTIONS and nearest(entry.key, _OURS | _OPTIONS)
        if meant and (entry.key.startswith(("Data_", "zM")) or entry.key.lower() == meant.lower()):
            warn_unknown(source, entry, _OURS | _OPTIONS, "The Meta key")
