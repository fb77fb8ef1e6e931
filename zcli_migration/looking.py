"""One glance at a store: the live tables, the last records, and what the first mean by these."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from zmigration_api import Change, Column, Fact, Schema, Table, history_table

from .exact import Owned, as_found, exact_store, is_exact_store, ours_of
from .hints import Told
from .interpretation import Reading, interpret
from .older_types import as_noted
from .recording import Recorded, history_table_for, last_record
from .written_back import written_back

if TYPE_CHECKING:
    from .survey import Unit

LOOKS = 3
"""How often to look again when another run's commit fell into a look."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What one look into the store found: live tables and the last record of each schema.

    `back` are columns, as they were before, whose values an app has written back.
    """

    live: Schema
    records: dict[str, Recorded | None]
    back: dict[str, list[tuple[str, Column]]]

    @property
    def told(self) -> Told:
        """What the records say of renames; nothing where an older version has recorded."""
        known = [r for r in self.records.values() if r and r.tables and r.renamed is not None]
        return Told(
            {t.name: t for r in reversed(known) for t in (r.tables.tables if r.tables else ())},
            frozenset(names for r in known for names in r.renamed or ()),
        )


def look(unit: Unit) -> Found:
    """Tables and records of one moment: another run's commit may fall between two glances."""
    commits = unit.store.commits
    records = _last_records(unit, {})
    for _ in range(LOOKS):
        live = _live_tables(unit, records)
        found = Found(live=live, records=records, back=_written_back(unit, records, live))
        if commits is not None and unit.store.commits == commits:
            break
        commits, records = unit.store.commits, _last_records(unit, records)
        if found.records == records:
            break
    return found


def _last_records(unit: Unit, known: dict[str, Recorded | None]) -> dict[str, Recorded | None]:
    store = unit.store
    histories = {file.name: history_table_for(store, file) for file in unit.all_files}
    there = store.inspect([table.name for table in histories.values()])
    return {
        name: last_record(store, table, there.table(table.name), known.get(name))
        for name, table in histories.items()
    }


def _written_back(
    unit: Unit, records: Mapping[str, Recorded | None], live: Schema
) -> dict[str, list[tuple[str, Column]]]:
    if not unit.is_copied_by_apps:
        return {}
    return {name: written_back(unit.store, record, live) for name, record in records.items()}


def in_older_terms(unit: Unit, current: Schema, found: Found) -> Schema:
    """The schema with columns as they were before: by what their values are, or zolo-os says.

    An app may have written old values back; a CSV store without a record may have notes of types.
    """
    if not unit.is_copied_by_apps:
        return current
    if unit.target.folder is not None:
        known = _recorded_tables(list(found.records.values()))
        current = as_noted(current, unit.target.folder, known)
    older = {(table, c.name): c for back in found.back.values() for table, c in back}
    tables = []
    for table in current.tables:
        columns = (older.get((table.name, c.name), c) for c in table.columns)
        tables.append(replace(table, columns=tuple(columns)))
    return replace(current, tables=tuple(tables))


def owner_of_the_rest(unit: Unit, records: Mapping[str, Recorded | None]) -> str | None:
    """The schema whose file says all of the database, and that has no record yet."""
    for file in unit.files:
        recorded = records[file.name]
        if file.meta.exact == "database" and (recorded is None or recorded.tables is None):
            return file.name
    return None


def _of_others(unit: Unit) -> set[str]:
    """Tables that schemas of other apps have recorded in the same store: they are theirs."""
    ours = {history_table_for(unit.store, file).name for file in unit.all_files}
    others = [n for n in exact_store(unit.store).history_names() if n not in ours]
    found: set[str] = set()
    for table in unit.store.inspect(others).tables if others else ():
        if {"id", "meta_data", "status"} <= {column.name for column in table.columns}:
            history = replace(history_table(""), name=table.name)
            recorded = last_record(unit.store, history, table)
            known = recorded.tables if recorded else None
            found |= {t.name for t in (known.tables if known else ())}
    return found


def _live_tables(unit: Unit, records: Mapping[str, Recorded | None]) -> Schema:
    tables = [table for file in unit.all_files for table in file.tables]
    names = {name for table in tables for name in (table.name, table.renamed_from)}
    for recorded in records.values():
        names |= {t.name for t in (recorded.tables.tables if recorded and recorded.tables else ())}
    takes_all = owner_of_the_rest(unit, records) is not None and is_exact_store(unit.store)
    if takes_all:
        names |= set(exact_store(unit.store).table_names()) - _of_others(unit)
    known = sorted(filter(None, names))
    live = unit.store.inspect(known)
    if not any(file.meta.exact for file in unit.all_files) or not is_exact_store(unit.store):
        return live
    types = {t.name for file in unit.all_files for t in file.types}
    types |= {t.renamed_from for file in unit.all_files for t in file.types if t.renamed_from}
    for recorded in records.values():
        types |= {t.name for t in (recorded.tables.types if recorded and recorded.tables else ())}
    wanted = None if takes_all else sorted(types)
    return replace(live, types=exact_store(unit.store).types(known, wanted))


def current_schema(
    unit: Unit,
    live: Schema,
    desired: Schema,
    records: Sequence[Recorded | None],
    strict: frozenset[tuple[str, str, Fact]] = frozenset(),
    made: Sequence[Change] | None = None,
) -> Schema:
    """The live tables that are ours, in the terms of the files.

    `made` are changes that were just made: of exact tables no more is looked at than these and
    what is wanted.
    """
    reading = Reading(store=unit.store, keeps=unit.backend.keeps, strict=strict)
    tables, exact = [], []
    known = _recorded_tables(records)
    rest = any(file.meta.exact == "database" for file in unit.files) and not known
    renamed = {t.renamed_from: t for t in reversed(desired.tables) if t.renamed_from}
    for table in live.tables:
        recorded, observed = known.get(table.name, (None, None))
        wanted = renamed.get(table.name) or desired.table(table.name)
        meant = wanted or recorded
        if meant.exact if meant else rest:
            owned = _owned(table.name, wanted, recorded, made)
            exact.append((table, wanted, recorded, owned))
        elif meant is not None:
            tables.append(
                interpret(reading, table, wanted=wanted, recorded=recorded, observed=observed)
            )
    found = as_found([table for table, *_ in exact], unit.store, unit.backend)
    ours = (
        ours_of(table, wanted, recorded, owned)
        for table, (_, wanted, recorded, owned) in zip(found, exact, strict=True)
    )
    return Schema(tables=(*tables, *ours), types=live.types)


def _owned(
    name: str, wanted: Table | None, recorded: Table | None, made: Sequence[Change] | None
) -> Owned | None:
    """What of an exact table is ours: all of it before there is a record."""
    if made is not None:
        return Owned.by(wanted, recorded).and_dropped(c for c in made if c.table == name)
    return Owned.by(wanted, recorded) if recorded is not None else None


def _recorded_tables(
    records: Sequence[Recorded | None],
) -> dict[str, tuple[Table, Table | None]]:
    """Each table that was recorded, and as it was observed then; of two records the first."""
    found: dict[str, tuple[Table, Table | None]] = {}
    for recorded in records:
        if recorded and recorded.tables and recorded.observed:
            for table in recorded.tables.tables:
                found.setdefault(table.name, (table, recorded.observed.table(table.name)))
    return found
