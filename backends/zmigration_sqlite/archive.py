"""Archives as statements: how values that go are kept in a table beside the data.

An archive's columns are declared as the columns that they are compared with, so that SQLite
stores and compares their values alike; those that keep what was there are not declared, so that
every value stays what it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from zmigration_api import AlterColumn, Archive, Change, UnsupportedChange
from zmigration_api.archive import ROW

from .ddl import TableText, autoincrements, primary_key, rowid_alias
from .live import Live, Saved, TableNow
from .names import QUOTING
from .rebuild import Source, inserted, rowid_name, sequence
from .rework import altered_value
from .tokens import fold

COUNT = "__zmigration_row"
_NUMBER = "__zmigration_rowid"


class Cell(NamedTuple):
    """A column of an archive: its name, declared type, and its value as SQL over the source."""

    name: str
    declared: str
    value: str


def kept(
    archive: Archive,
    now: TableNow,
    work: Iterable[Change],
    text: TableText,
    names: Mapping[str, str],
    alone: bool,
) -> tuple[str, ...]:
    """Keep the values of a table that stays, before the work that makes it `text`.

    `names` are the new names of renamed columns by their old ones; `alone` as in `archived`.
    """
    table = QUOTING.name(now.live.name)
    alters = [change for change in work if isinstance(change, AlterColumn)]
    altered = {fold(c.new.name): altered_value(c, now.columns) for c in alters}

    def here(name: str) -> str:
        return f"{table}.{QUOTING.name(name)}"

    def becomes(name: str) -> str:
        return altered.get(fold(name)) or here(name)

    rows = [Cell(new.name, declared(text, new.name), becomes(new.name)) for _, new in archive.rows]
    values: list[Cell] = []
    for column in archive.kept:
        old = column.new.name if column.new else names.get(column.old.name, column.old.name)
        values.append(Cell(column.before, "", here(old)))
        if column.new:
            values.append(Cell(column.after, declared(text, old), becomes(old)))
    return archived(archive, rows, values, plain_source(now.live), alone)


def archived(
    archive: Archive, rows: Sequence[Cell], values: Sequence[Cell], source: Source, alone: bool
) -> tuple[str, ...]:
    """Make an archive and fill it. `alone`: no two rows are alike in `rows`."""
    cells = [*rows, Cell(ROW, "INTEGER", "1" if alone else "NULL"), *values]
    _check_names(archive, cells)
    name, columns = QUOTING.name(archive.name), QUOTING.names(c.name for c in cells)
    key = QUOTING.names([*(c.name for c in rows), ROW])
    parts = [f"{QUOTING.name(c.name)} {c.declared}".rstrip() for c in cells]
    parts += [f"PRIMARY KEY ({key})"] if alone else []
    end = ") WITHOUT ROWID;" if alone else ");"
    order = f" ORDER BY {source.order}" if source.order and not alone else ""
    filled = ", ".join(c.value for c in cells)
    statements = (
        f"CREATE TABLE {name} ({', '.join(parts)}{end}",
        f"INSERT INTO {name} ({columns}) SELECT {filled} FROM {source.sql}{order};",
    )
    return statements if alone else (*statements, *_numbered(archive, cells, rows, key))


def _numbered(
    archive: Archive, cells: Sequence[Cell], rows: Sequence[Cell], key: str
) -> tuple[str, ...]:
    """Count rows that are alike as they are stored, which an INSERT cannot see yet."""
    taken = {fold(cell.name) for cell in cells}
    rowid = next((r for r in ("rowid", "_rowid_", "oid") if r not in taken), None)
    if rowid is None:
        raise UnsupportedChange(
            f"the table {archive.table} has columns rowid, _rowid_ and oid, so SQLite cannot tell"
            " its rows apart, and their values could not be kept",
            hint="rename one of these columns in a migration before this one",
        )
    name, row = QUOTING.name(archive.name), QUOTING.name(ROW)
    counted = f"row_number() OVER ({_alike(QUOTING.name(c.name) for c in rows)}ORDER BY {rowid})"
    index = QUOTING.name(f"__zmigration_rows_of_{archive.name.removeprefix('__zmigration_')}")
    return (
        f"UPDATE {name} SET {row} = counted.number FROM (SELECT {rowid} AS id, {counted} AS number"
        f" FROM {name}) AS counted WHERE {name}.{rowid} = counted.id;",
        f"CREATE INDEX {index} ON {name}({key});",
    )


def plain_source(live: Live) -> Source:
    """A table's own rows in their order, which SQLite may have no word for."""
    table, rowid = QUOTING.name(live.name), rowid_of(live.text)
    order = [rowid] if rowid else _key_of(live.text)
    number = f"{table}.{rowid}" if rowid else None
    return Source(sql=table, rowid=number, order=", ".join(f"{table}.{c}" for c in order))


def counted_source(live: Live, names: Iterable[str]) -> Source:
    """A table's own rows in their order, counted in `COUNT` as an archive counts them."""
    plain = plain_source(live)
    alike = _alike(f"{plain.sql}.{QUOTING.name(name)} COLLATE BINARY" for name in names)
    window = f"{alike}ORDER BY {plain.order}" if plain.order else alike.strip()
    number = f", {plain.rowid} AS {_NUMBER}" if plain.rowid else ""
    sql = (
        f"(SELECT *{number}, row_number() OVER ({window}) AS {COUNT}"
        f" FROM {plain.sql}) AS {plain.sql}"
    )
    if plain.rowid is None:
        return Source(sql=sql, order=plain.order)
    return Source(sql=sql, rowid=f"{plain.sql}.{_NUMBER}", order=f"{plain.sql}.{_NUMBER}")


def _alike(columns: Iterable[str]) -> str:
    listed = ", ".join(columns)
    return f"PARTITION BY {listed} " if listed else ""


def rowid_of(text: TableText) -> str | None:
    """A name of the rows' own number."""
    return None if text.without_rowid else rowid_name(text)


def _key_of(text: TableText) -> list[str]:
    return [QUOTING.name(name) for name in primary_key(text)] if text.without_rowid else []


def copied(archive: Archive, live: Live) -> tuple[str, ...]:
    """Keep a whole table: every column, the rows' numbers, and the place in its sequence."""
    name = QUOTING.name(archive.name)
    alias = rowid_alias(live.text) if autoincrements(live.text) else None
    columns = [column.name for column in live.text.definitions()]
    key = " INTEGER PRIMARY KEY AUTOINCREMENT"
    parts = [f"{QUOTING.name(c)}{key if c == alias else ''}" for c in columns]
    return (
        f"CREATE TABLE {name} ({', '.join(parts)});",
        _copy("INSERT INTO", archive.name, live.name, live.text, columns),
        *(sequence(live.name, archive.name) if alias else ()),
    )


def copied_back(archive: Archive, live: Live) -> tuple[str, ...]:
    """Make a dropped table again, with its rows; triggers come when these are there."""
    stored = [c.name for c in live.text.definitions() if c.clause("AS") is None]
    create, *saved = live.statements
    return (
        create,
        _copy(inserted(live.text), live.name, archive.name, live.text, stored),
        *(sequence(archive.name, live.name) if autoincrements(live.text) else ()),
        *saved,
    )


def copied_whole(archive: Archive) -> tuple[str, ...]:
    """Keep a table as it will be found, whatever columns it has by then."""
    name, table = QUOTING.name(archive.name), QUOTING.name(archive.table)
    return (f"CREATE TABLE {name} AS SELECT * FROM {table};",)


def _copy(verb: str, target: str, source: str, text: TableText, names: Sequence[str]) -> str:
    rowid = None if rowid_alias(text) else rowid_of(text)
    columns = ", ".join([*([rowid] if rowid else []), *map(QUOTING.name, names)])
    new, old = QUOTING.name(target), QUOTING.name(source)
    return f"{verb} {new} ({columns}) SELECT {columns} FROM {old};"


def declared(text: TableText, name: str) -> str:
    """The declared type that stores values as that column does."""
    definition = text.definition(name)
    if definition is None:
        raise UnsupportedChange(f"the table {text.name} has no column {name}")
    # Outside STRICT tables ANY would turn texts into numbers.
    return "" if text.strict and definition.type.upper() == "ANY" else definition.type


def tells_apart(text: TableText, indexes: Iterable[Saved], names: Iterable[str]) -> bool:
    """Whether the table itself refuses two rows that are alike in these columns, and nulls."""
    wanted = {fold(name) for name in names}
    keys = [primary_key(text), *(c.columns for c in text.clauses() if c.kind == "UNIQUE")]
    keys += [(column.name,) for column in text.definitions() if column.clause("UNIQUE")]
    keys += [index.columns for index in indexes if index.unique and index.plain]
    inside = (key for key in keys if key and {fold(name) for name in key} <= wanted)
    return all(required(text, name) for name in wanted) and any(True for _ in inside)


def required(text: TableText, name: str) -> bool:
    """Whether the column refuses nulls."""
    definition = text.definition(name)
    if definition is None:
        return False
    in_key = fold(name) in map(fold, primary_key(text))
    number = in_key and rowid_alias(text) is not None
    return definition.clause("NOT NULL") is not None or number or (text.without_rowid and in_key)


def _check_names(archive: Archive, cells: Iterable[Cell]) -> None:
    seen: set[str] = set()
    for cell in cells:
        if fold(cell.name) in seen:
            raise UnsupportedChange(
                f"the values of {archive.table} that go cannot be kept: the archive would have"
                f" two columns {cell.name}",
                hint="rename that column in a migration before this one",
            )
        seen.add(fold(cell.name))
