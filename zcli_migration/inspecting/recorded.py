"""What earlier migrations have recorded of the tables of a store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from zcli_migration.recording import Recorded, last_record
from zmigration_api import InspectedStore, Table, history_table
from zmigration_api.history import PREFIX

from .source import Source

_TELLING = ("id", "to_version", "schema_hash", "meta_data")


@dataclass(frozen=True, slots=True)
class Known:
    """The version that is recorded under the schema's name, and recorded tables by name."""

    version: str | None = None
    tables: Mapping[str, Table] = field(default_factory=dict)


def recorded_of(source: Source, store: InspectedStore) -> Known:
    """What the histories beside the data say; of tables only where the store itself is mute."""
    own = store.spell(history_table(source.name).name)
    names = [*dict.fromkeys((own, *_histories_in_folder(source)))]
    records = dict(_last_records(store, names))
    mine = records.get(own)
    tables = {
        table.name: table
        for record in records.values()
        if not source.backend.keeps and record.tables is not None
        for table in record.tables.tables
    }
    version = str(mine.version) if mine and mine.version else None
    return Known(version, dict(_still_so(store, tables)))


def _histories_in_folder(source: Source) -> Iterator[str]:
    """Any schema's history may tell of a table where stores do not remember types."""
    if source.backend.keeps or source.target.folder is None:
        return
    for path in sorted(source.target.folder.glob(f"{PREFIX}*.csv")):
        yield path.stem


def _last_records(store: InspectedStore, names: Sequence[str]) -> Iterator[tuple[str, Recorded]]:
    there = store.inspect(names)
    for name in names:
        live = there.table(name)
        if live is None or any(live.column(column) is None for column in _TELLING):
            continue  # values that were kept for a rollback
        table = replace(history_table(name.removeprefix(PREFIX)), name=name)
        found = last_record(store, table, live)
        if found is not None:
            yield name, found


def _still_so(store: InspectedStore, tables: Mapping[str, Table]) -> Iterator[tuple[str, Table]]:
    """The tables that have just the columns that they had then, in the order of now."""
    for live in store.inspect(list(tables)).tables:
        recorded = tables[live.name]
        columns = [recorded.column(column.name) for column in live.columns]
        known = tuple(column for column in columns if column is not None)
        if len(known) == len(columns) == len(recorded.columns):
            yield live.name, replace(recorded, columns=known)
