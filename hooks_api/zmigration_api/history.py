"""One record a migration, in `__zmigration_<name>` beside the data. The table is the spec's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from functools import cache
from typing import Literal

from .model import Column, PrimaryKey, Table
from .types import ColumnType

PREFIX = "__zmigration_"
_OTHERS = tuple(PREFIX + rest for rest in ("kept_", "undone_", "new_", "$"))
Status = Literal["SUCCESS", "FAILED", "ROLLBACK"]


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryRecord:
    """One row of the history; the fields are the columns, in their order.

    `applied_at` is ISO 8601 in UTC to the second, `schema_hash` the SHA-256 of the schema file's
    text as it stands after the version bump, `execution_time_ms` milliseconds. `diff_json` and
    `meta_data` are JSON texts.
    """

    id: int
    schema_name: str
    from_version: str | None
    to_version: str
    applied_at: str
    schema_hash: str
    changes_summary: str
    status: Status
    applied_by: str | None = None
    app_name: str | None = None
    app_version: str | None = None
    zcli_version: str | None = None
    execution_time_ms: int | None = None
    rollback_sql: str | None = None
    forward_sql: str | None = None
    diff_json: str | None = None
    meta_data: str | None = None
    notes: str | None = None

    def as_row(self) -> dict[str, object]:
        """The record as a row of `history_table`."""
        return asdict(self)

    @classmethod
    def from_row(cls, row: Mapping[str, object]) -> HistoryRecord:
        """The record of a row; columns that an older tool's table lacks are None."""
        return cls(**{f.name: row.get(f.name) for f in fields(cls)})  # type: ignore[arg-type]


def history_table(name: str) -> Table:
    """The history table of the schema `name` (without "zSchema.")."""
    return Table(
        name=f"{PREFIX}{name}",
        columns=_columns(),
        primary_key=PrimaryKey(columns=("id",)),
    )


def is_internal(table: str) -> bool:
    """Whether a table of that name is ours or another tool's bookkeeping, and never data."""
    lowered = table.lower()
    return lowered.startswith((PREFIX, "_zdata_migrations", "sqlite_"))


def may_be_history(table: str) -> bool:
    """Whether a table of that name may be a schema's history: no archive, nothing of a run."""
    return table.startswith(PREFIX) and not table.startswith(_OTHERS)


@cache
def _columns() -> tuple[Column, ...]:
    return tuple(_column(f.name) for f in fields(HistoryRecord))


def _column(name: str) -> Column:
    integer = name in ("id", "execution_time_ms")
    return Column(name=name, type=ColumnType(kind="int" if integer else "text"))
