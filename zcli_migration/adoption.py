"""What is told when a store is adopted that its schema is stricter than."""

from __future__ import annotations

from collections.abc import Iterator

from zmigration_api import Table
from zmigration_api.describe import column_of

from .survey import SchemaSurvey, Survey, Unit


def looser(unit: Unit, found: Survey) -> list[str]:
    """A sentence for each adopted table that allows nulls where its schema says `required`.

    zCLI adds columns without NOT NULL. Adopting changes nothing of that, so that it is told.
    """
    if "required" not in unit.backend.keeps:
        return []
    adopted = set(found.adopted)
    return [
        text
        for schema in found.schemas
        for table in schema.desired.tables
        if table.name in adopted
        for text in _looser(schema, table, found)
    ]


def _looser(schema: SchemaSurvey, wanted: Table, found: Survey) -> Iterator[str]:
    live = found.live.table(wanted.name)
    changed = {column_of(c) for c in schema.changes if c.table == wanted.name}
    key = wanted.primary_key.columns if wanted.primary_key else ()
    names = [
        column.name
        for column in (live.columns if live else ())
        if not column.required
        and column.name not in (*key, *changed)
        and (meant := wanted.column(column.name))
        and meant.required
    ]
    if names:
        yield (
            f"{schema.file.name}: {wanted.name} is adopted as it is; it allows nulls in "
            f"{', '.join(names)}, which the schema requires"
        )
