"""Data that a changed `Data_Type` leaves behind: told, since no migration carries it over."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace

from zmigration_api import BackendType, CreateTable, MigrationError

from .plugins import Plugins
from .survey import SchemaSurvey, Survey, Unit


def left_behind(unit: Unit, found: Survey, plugins: Plugins) -> list[str]:
    """A warning for each new table that the same folder already has in another kind of store."""
    if unit.target.folder is None:
        return []
    others = {b.name: b for b in plugins.backends().values() if b.name != unit.backend.name}
    return [
        text
        for schema in found.schemas
        if schema.recorded is None
        for backend in others.values()
        if backend.in_folder
        for text in _tables_in(backend, unit, schema)
    ]


def _tables_in(backend: BackendType, unit: Unit, schema: SchemaSurvey) -> Iterator[str]:
    new = [change.table for change in schema.changes if isinstance(change, CreateTable)]
    target = replace(unit.target, data_type=backend.name)
    with contextlib.suppress(MigrationError), contextlib.closing(backend.open(target)) as store:
        for table in store.inspect(new).tables if new else ():
            yield (
                f"{schema.file.name}: {table.name} is also in {store.display} ({backend.name}); "
                f"the table in {unit.store.display} ({unit.backend.name}) starts empty, "
                "its rows are not carried over"
            )
