"""Schema files: read as typed tables, checked against each other, and written back."""

from .model import Meta, SchemaFile, Warning_
from .reader import read_schema, read_schema_file, read_schema_head, text_hash
from .references import check_references
from .staged import left_staged, stage
from .text import read_schema_text, require_unchanged, require_writable, write_schema_text
from .version_line import with_version

__all__ = [
    "Meta",
    "SchemaFile",
    "Warning_",
    "check_references",
    "left_staged",
    "read_schema",
    "read_schema_file",
    "read_schema_head",
    "read_schema_text",
    "require_unchanged",
    "require_writable",
    "stage",
    "text_hash",
    "with_version",
    "write_schema_text",
]
