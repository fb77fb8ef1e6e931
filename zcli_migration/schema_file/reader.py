"""Reading and writing schema files: `zSchema.users.yaml` as typed tables, and its text back."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import yaml

from zcli_migration.meta import leading_meta
from zcli_migration.zolo_files import SUFFIX as ZOLO
from zmigration_api import Schema, SchemaFileError

from .meta import SECTIONS, read_meta
from .model import SchemaFile, Warning_
from .named_types import read_types
from .tables import check_apart, read_table
from .text import read_schema_text
from .yaml_nodes import Entry, entries, is_null
from .yaml_source import Source, compose

# A top-level value that zCLI itself reads and that is no table.
_HOST_KEYS = frozenset({"db_path"})


def text_hash(text: str) -> str:
    """The SHA-256 of the text's UTF-8 bytes, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def read_schema_file(path: Path, name: str) -> SchemaFile:
    """Read one schema file; SchemaFileError with line and column for what is wrong.

    A file that says `zMigration: false` may be wrong in its tables (a warning says so) and may
    lack its version.
    """
    return read_schema(read_schema_text(path), path, name)


def read_schema(text: str, path: Path, name: str) -> SchemaFile:
    """The schema file that has this text."""
    root = compose(text, path)
    source = Source(path)
    meta = read_meta(source, root)
    source.exact, source.data_type = meta.exact is not None, meta.data_type
    read = _optional_contents if meta.enabled is False else _contents
    found = read(source, root)
    file = SchemaFile(
        name=name,
        path=path,
        text=text,
        hash=text_hash(text),
        meta=meta,
        tables=found.tables,
        types=found.types,
        warnings=tuple(sorted(source.warnings, key=lambda w: (w.line, w.column))),
    )
    return (
        file if meta.enabled is False else replace(file, meta=replace(meta, version=file.version))
    )


def read_schema_head(path: Path, name: str) -> SchemaFile | None:
    """The file with nothing read but its Meta; None where that takes reading more, or is odd.

    SchemaFileError as from `read_schema_file`, as far as Meta is concerned.
    """
    text = read_schema_text(path)
    head = text if path.suffix == ZOLO else leading_meta(text)
    if head is None or path.suffix == ".json":
        return None
    source = Source(path)
    meta = read_meta(source, compose(head, path))
    if source.warnings or meta.version is None:
        return None
    return SchemaFile(name=name, path=path, text=text, hash=text_hash(text), meta=meta, tables=())


def _optional_contents(source: Source, root: yaml.MappingNode) -> Schema:
    try:
        return _contents(source, root)
    except SchemaFileError as error:
        message = f"Its tables cannot be read: {error.message}"
        source.warnings.append(Warning_(message, source.path, error.line or 1, error.column or 1))
        return Schema()


def _contents(source: Source, root: yaml.MappingNode) -> Schema:
    types = read_types(source, root)
    found = list(_table_entries(source, root))
    check_apart(source, [(entry.key, entry.key_node) for entry in found], "tables")
    tables = tuple(read_table(source, entry) for entry in found)
    if source.exact:
        tables = tuple(replace(table, exact=True) for table in tables)
    return Schema(tables=tables, types=types)


def _table_entries(source: Source, root: yaml.MappingNode) -> Iterator[Entry]:
    for entry in entries(source, root):
        if isinstance(entry.value, yaml.MappingNode):
            if entry.key not in SECTIONS:
                yield entry
        elif is_null(entry.value) or entry.value.value == "":
            hint = "write its columns below it, or remove the line"
            raise source.error(entry.key_node, f"The table {entry.key} says nothing", hint)
        elif entry.key not in _HOST_KEYS:
            source.warn(entry.key_node, f"{entry.key} is no table and is ignored")
