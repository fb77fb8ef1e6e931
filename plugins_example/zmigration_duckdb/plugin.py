"""What zMigration finds through the entry point: one function for each hook."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import datetime, timezone

from zmigration_api import (
    AddColumn,
    AddIndex,
    AlterColumn,
    BackendType,
    Change,
    Column,
    CreateTable,
    DiffRule,
    DropIndex,
    MigrationContext,
    Schema,
    SchemaInfo,
    Store,
    Target,
    UnsupportedChange,
    Version,
    hookimpl,
)
from zmigration_api.rowstore import EVERY_CHANGE, Backend

ZMIGRATION_API = 1


def _open(target: Target) -> Store:
    from .store import DuckStore  # loads duckdb, which an app without it need not wait for

    return DuckStore(target)


@hookimpl
def zmigration_backends() -> Iterable[BackendType]:
    """`Data_Type: duckdb`. DuckDB scans columns; indexes are left out."""
    return [Backend("duckdb", _open, supports=EVERY_CHANGE - {AddIndex, DropIndex})]


class ExactDecimals:
    """Refuses a new decimal that does not say how many digits it has."""

    name = "exact-decimals"
    after = ("tables", "columns")

    def run(
        self, current: Schema, desired: Schema, changes: tuple[Change, ...]
    ) -> tuple[Change, ...]:
        for change in changes:
            for column in _new_columns(change):
                if column.type.kind == "decimal" and column.type.precision is None:
                    raise UnsupportedChange(
                        f"{change.table}.{column.name}: a decimal of no given size",
                        hint="write the digits in all and after the point: decimal(12, 2)",
                        line=column.line,
                    )
        return changes


def _new_columns(change: Change) -> Iterable[Column]:
    match change:
        case CreateTable(table):
            return table.columns
        case AddColumn(_, column) | AlterColumn(_, _, column):
            return (column,)
        case _:
            return ()


@hookimpl
def zmigration_diff_rules() -> Iterable[DiffRule]:
    """Offer the rule to every app."""
    return [ExactDecimals()]


@hookimpl
def zmigration_suggest_version(
    schema: SchemaInfo, current: Version, changes: Sequence[Change]
) -> Version | None:
    """`Meta.zMigrationPolicy: calver`: v2026.11.0, then v2026.11.1 in the same month."""
    if schema.policy != "calver":
        return None
    today = datetime.now(timezone.utc)
    return max(Version(today.year, today.month, 0), current.bump("patch"))


@hookimpl
def zmigration_after_migrate(context: MigrationContext) -> None:
    """Fill a new column `slug` from `title` or `name`: `Über uns` is `uber-uns`."""
    for change in context.changes:
        if isinstance(change, AddColumn) and change.column.name == "slug":
            table = context.data[change.table]
            source = "title" if "title" in table.columns else "name"
            named = {source: {"$notnull": True}, "slug": None}
            for row in table.select(named) if source in table.columns else []:
                table.update({source: row[source]}, set={"slug": slug(row[source])})


def slug(text: str) -> str:
    """The text in lower-case letters, digits and hyphens."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")
