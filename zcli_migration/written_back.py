"""Values that an app has written back: what a migration changed in files and is as it was before.

zCLI holds a copy of each CSV table while an app runs, and writes it back. Where columns came or
went the header tells. Where only values changed, the record remembers a few that the new schema
does not allow: no edit that the schema allows brings these back, and certainly not all of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeAlias

from zmigration_api import (
    EVERYTHING,
    AddColumn,
    AlterColumn,
    Change,
    Column,
    DropColumn,
    RenameColumn,
    RenameTable,
    Schema,
    Store,
    StoreError,
    Table,
)
from zmigration_api.snapshot import decode_table, encode
from zmigration_api.values import format_value, parse

from .recording import Recorded, meta_of

LOOKED_AT = 1000
"""How many of a table's first rows are looked at; an app adds its own at the end."""
KEPT = 20
LONGEST = 200

Key: TypeAlias = tuple[str, ...]
Cells: TypeAlias = Mapping[str, str | None]
_OTHER_HEADER = (AddColumn, DropColumn, RenameColumn, RenameTable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Values of a table's first rows, by primary key, that its changed columns cannot keep."""

    table: str
    key: Key
    old: tuple[Column, ...]
    rows: Mapping[Key, Cells]


def sample_values(
    store: Store, changes: Sequence[Change], live: Schema, desired: Schema
) -> list[Sample]:
    """What to remember of each table that keeps its header, before its values change."""
    found: list[Sample] = []
    for table in live.tables:
        mine = [change for change in changes if change.table == table.name]
        altered = [change for change in mine if isinstance(change, AlterColumn)]
        wanted = desired.table(table.name)
        if altered and wanted and not any(isinstance(change, _OTHER_HEADER) for change in mine):
            found += _sampled(store, table, wanted, altered)
    return found


def _sampled(
    store: Store, live: Table, wanted: Table, altered: Sequence[AlterColumn]
) -> Iterator[Sample]:
    key = wanted.primary_key.columns if wanted.primary_key else ()
    new = [change.new for change in altered]
    if not key or any(column.name in key for column in new):
        return
    rows: dict[Key, Cells] = {}
    for number, cells in _first_rows(store, live, key, [column.name for column in new]):
        lost = {c.name: cells[c.name] for c in new if not _may_hold(c, cells[c.name])}
        if lost and len(rows) < KEPT:
            rows[number] = lost
    if rows:
        old = tuple(change.old for change in altered)
        yield Sample(table=live.name, key=tuple(key), old=old, rows=rows)


def _first_rows(
    store: Store, live: Table, key: Sequence[str], columns: Sequence[str]
) -> Iterator[tuple[Key, Cells]]:
    """The cells as they stand in the file, which is what a table as inspected takes them for."""
    names = list(dict.fromkeys((*key, *columns)))
    for row in store.select(live, EVERYTHING, columns=names, limit=LOOKED_AT):
        yield tuple(str(row[name]) for name in key), {name: row[name] for name in columns}


def _may_hold(column: Column, text: str | None) -> bool:
    """Whether the column's type, `required` and `enum` allow the value; long ones are let be."""
    if text is None:
        return not column.required
    if len(text) > LONGEST:
        return True
    try:
        value = format_value(parse(text, column.type), column.type)
    except ValueError:
        return False
    return not column.enum or value in column.enum


def remembered(samples: Sequence[Sample]) -> dict[str, object]:
    """The samples as a record keeps them, by table."""
    return {
        sample.table: {
            "key": list(sample.key),
            "old": encode(Table(name=sample.table, columns=sample.old)),
            "rows": [[list(key), dict(cells)] for key, cells in sample.rows.items()],
        }
        for sample in samples
    }


def written_back(store: Store, recorded: Recorded | None, live: Schema) -> list[tuple[str, Column]]:
    """Each column, by table and as it was before, whose remembered values are all there again.

    Rows that are gone or that others have taken the place of say nothing.
    """
    if recorded is None or not (known := meta_of(recorded.record).get("samples")):
        return []
    found = []
    for sample in map(_decoded, known.values()):
        table = live.table(sample.table)
        names = [column.name for column in sample.old]
        if table and all(table.column(name) for name in (*sample.key, *names)):
            with suppress(StoreError):  # a file that has lost its form is told of elsewhere
                now = dict(_first_rows(store, table, sample.key, names))
                found += [(sample.table, c) for c in sample.old if _is_back(sample, c.name, now)]
    return found


def _decoded(data: Mapping[str, Any]) -> Sample:
    old = decode_table(data["old"])
    rows = {tuple(key): cells for key, cells in data["rows"]}
    return Sample(table=old.name, key=tuple(data["key"]), old=old.columns, rows=rows)


def _is_back(sample: Sample, column: str, now: Mapping[Key, Cells]) -> bool:
    pairs = [
        (cells[column], now[key][column])
        for key, cells in sample.rows.items()
        if column in cells and key in now
    ]
    return bool(pairs) and all(was == is_now for was, is_now in pairs)
