"""A schema file as read: its Meta, its tables, and what is odd about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from zcli_migration.meta import declared_name
from zmigration_api import NamedType, Schema, SchemaFileError, Table, Version

Exactness = Literal["tables", "database"]


@dataclass(frozen=True, slots=True)
class Warning_:
    """Something that the file says and that is not what it seems; lines and columns from 1."""

    message: str
    file: Path
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Meta:
    """What `Meta` (or `zMeta`) says; what it does not say is None or empty.

    `enabled` is `zMigration`, None when the key is absent; only where it is False may `version`
    be None. `data_type` is in lower case. `exact` is `zMigrationExact`: the file says all of its
    tables, or all of the database. `options` are the other `Data_...` keys. `raw` is
    everything but the password, as texts, lists and dicts. `line` is that of `zMigration`, else
    where the section starts.
    """

    data_type: str | None = None
    data_source: str | None = None
    data_path: str | None = field(default=None, repr=False)
    data_label: str | None = None
    data_host: str | None = None
    data_port: int | None = None
    data_user: str | None = None
    data_password: str | None = field(default=None, repr=False)
    enabled: bool | None = None
    version: Version | None = None
    hooks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    notes: str | None = None
    policy: str | None = None
    rules: tuple[str, ...] = ()
    exact: Exactness | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    raw: Mapping[str, object] = field(default_factory=dict, repr=False)
    line: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaFile:
    """One schema file. `text` is exactly what the file holds, `hash` the SHA-256 of its bytes."""

    name: str
    path: Path
    text: str = field(repr=False)
    hash: str
    meta: Meta
    tables: tuple[Table, ...]
    types: tuple[NamedType, ...] = ()
    warnings: tuple[Warning_, ...] = ()

    @property
    def short_name(self) -> str:
        """The name without `zSchema.`."""
        return self.name.removeprefix("zSchema.")

    @property
    def declared_name(self) -> str | None:
        """The name in Meta by which zCLI finds the data."""
        return declared_name(self.meta.raw)

    @property
    def version(self) -> Version:
        """`zMigrationVersion`; SchemaFileError with the line to add if it is not there."""
        if self.meta.version is None:
            raise SchemaFileError(
                f"{self.name} has no zMigrationVersion",
                hint="add the line `zMigrationVersion: v1.0.0` below `zMigration`",
                file=self.path,
                line=self.meta.line,
                column=1,
            )
        return self.meta.version

    @property
    def schema(self) -> Schema:
        """The tables that the file asks for."""
        return Schema(tables=self.tables, types=self.types)
