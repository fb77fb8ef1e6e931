"""Writing an archive file in the same pass that writes its table's file anew.

Its rows stand in the order of the table's. Rows are told apart by what their cells say: `007` and
`7` are one int, `30` and `30.0` are too, for other programs spell them their own way.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from decimal import Decimal
from hashlib import blake2b
from typing import Protocol, TypeAlias, TypeVar

from zmigration_api import ROW, Archive, Column, ColumnType, StoreError
from zmigration_api.values import format_value

from .cells import Text, join, quote, unquote
from .typed import value_of

T = TypeVar("T")
Plain: TypeAlias = Callable[[bytes], bytes]
"""What a cell says, the same for all spellings of one value; nothing for null."""


class Writable(Protocol):
    """What an archive is written to."""

    def write(self, text: Text, /) -> object:
        """Write more."""


_CACHE_KIB = 32 * 1024
_SAFE_DIGITS = 15
"""Whole numbers of no more digits have one spelling, in float columns too."""
_AS_THEY_ARE = frozenset({"str", "text", "json", "blob", "native"})
_NUMBERS = frozenset({"int", "bigint", "float", "decimal"})
_HASHED = 1 << 62
_BEFORE = b"__before"


def layout(archive: Archive) -> list[str]:
    """The columns of an archive of a table that stays. A name that is taken gets `_` at its end."""
    names = [*archive.row_names, ROW]
    for kept in archive.kept:
        names += [kept.before, kept.after] if kept.new else [kept.before]
    result: list[str] = []
    for name in names:
        while name in result:
            name += "_"
        result.append(name)
    return result


def places(archive: Archive) -> dict[str, tuple[int, int]]:
    """Where the cells of each kept column are, by its old name: before and (if it stays) after."""
    result, place = {}, len(archive.rows) + 1
    for kept in archive.kept:
        result[kept.old.name] = (place, place + 1)
        place += 2 if kept.new else 1
    return result


def before_cell(cell: bytes, name: str, delimiter: bytes) -> bytes:
    """The archive's header cell for a column whose own header cell is `cell`."""
    quoted = cell.startswith(b'"') and cell.endswith(b'"')
    new = cell[:-1] + _BEFORE + b'"' if quoted else cell + _BEFORE
    wanted = name.encode() + _BEFORE
    return new if unquote(new) == wanted else quote(wanted, delimiter)


def cell_before(cell: bytes, name: str, delimiter: bytes) -> bytes:
    """The header cell that `before_cell` got."""
    quoted = cell.endswith(_BEFORE + b'"')
    old = cell[: -len(_BEFORE) - 1] + b'"' if quoted else cell[: -len(_BEFORE)]
    return old if unquote(old) == name.encode() else quote(name.encode(), delimiter)


def plain(column_type: ColumnType) -> Plain:
    """How cells of that type are compared. A cell that is no value of it is the text it is."""
    if column_type.kind in _AS_THEY_ARE:
        return unquote
    numeric = column_type.kind in _NUMBERS

    def say(cell: bytes) -> bytes:
        text = unquote(cell)
        if not text:
            return text
        if numeric and len(text) <= _SAFE_DIGITS and text.isdigit() and text[:1] != b"0":
            return text
        return _spelled(cell, text, column_type)

    return say


def _spelled(cell: bytes, text: bytes, column_type: ColumnType) -> bytes:
    try:
        value = value_of(cell, column_type)
    except ValueError:
        return text
    if value == 0 and column_type.kind in _NUMBERS:
        return b"0"  # and not `-0`
    spelled = format_value(value, column_type)
    if isinstance(value, Decimal) and "." in spelled:
        spelled = spelled.rstrip("0").rstrip(".")
    return spelled.encode("utf-8", "surrogateescape")


def key_maker(
    columns: Sequence[tuple[int, Column]],
) -> Callable[[Sequence[bytes]], tuple[bytes, ...]]:
    """What tells a row apart, from its cells: of each column the place and the type."""
    makers = [(place, plain(column.type)) for place, column in columns]
    return lambda cells: tuple(say(cells[place]) for place, say in makers)


def digest(key: tuple[bytes, ...], size: int = 20) -> bytes:
    """So many bytes that stand for a key of whatever length."""
    return blake2b(
        b"".join(b"%d:%b" % (len(part), part) for part in key), digest_size=size
    ).digest()


@contextmanager
def scratch() -> Iterator[sqlite3.Connection]:
    """A private database that takes to the disk what does not fit into a little memory."""
    try:
        with closing(sqlite3.connect("", isolation_level=None)) as connection:
            for pragma in (
                "journal_mode = OFF",
                f"cache_size = -{_CACHE_KIB}",
                "temp_store = FILE",
            ):
                connection.execute(f"PRAGMA {pragma}")
            connection.execute("BEGIN")
            yield connection
    except sqlite3.Error as error:
        raise StoreError(
            f"the rows could not be told apart in a temporary database: {error}",
            hint="make room where temporary files are kept (TMPDIR) and run again",
        ) from error


class Seen:
    """Counts how often each key came, in bounded memory."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._run = connection.cursor().execute
        self._run("CREATE TABLE seen (key INTEGER PRIMARY KEY, times INTEGER NOT NULL)")

    def number(self, key: tuple[bytes, ...]) -> int:
        """The how-manieth of its kind this one is, from 1."""
        short = _short(key)
        if self._run("INSERT OR IGNORE INTO seen VALUES (?, 1)", (short,)).rowcount:
            return 1
        self._run("UPDATE seen SET times = times + 1 WHERE key = ?", (short,))
        (times,) = self._run("SELECT times FROM seen WHERE key = ?", (short,)).fetchone()
        return int(times)


def _short(key: tuple[bytes, ...]) -> int:
    """A whole number for a key. Ids stay as they are, so that they come in their order."""
    if len(key) == 1 and len(key[0]) <= _SAFE_DIGITS and key[0].isdigit() and key[0][:1] != b"0":
        return int(key[0])
    return int.from_bytes(digest(key, 8), "big") >> 2 | _HASHED


class Keeper:
    """Writes one archive, a row for each row of the table.

    `old` and `new` are the columns of the table's file as it was and as it becomes; KeyError for
    one that is missing there.
    """

    def __init__(
        self, archive: Archive, stream: Writable, old: Sequence[str], new: Sequence[str]
    ) -> None:
        self._archive = archive
        self.write = stream.write
        self.key = [(_place(new, column.name), column) for _, column in archive.rows]
        self.kept: list[tuple[int, bool]] = []
        """Where a cell comes from: its place in the old row (True) or in the new one."""
        for kept in archive.kept:
            self.kept.append((_place(old, kept.old.name), True))
            if kept.new is not None:
                self.kept.append((_place(new, kept.new.name), False))

    def start(self, header: Sequence[bytes], delimiter: bytes) -> None:
        """Write the header; `header` are the header cells of the table as it was."""
        cells = [quote(name.encode(), delimiter) for name in layout(self._archive)]
        names = layout(self._archive)
        for kept in self._archive.kept:
            place, _ = places(self._archive)[kept.old.name]
            if names[place] == f"{kept.old.name}__before":
                old = header[self.kept[place - len(self.key) - 1][0]]
                cells[place] = before_cell(old, kept.old.name, delimiter)
        self.write(join(cells, delimiter) + b"\n")

    def row_of(self, new: Sequence[T]) -> list[T | int | bytes]:
        """The row of a key that no other row has; numbers are places in the old row."""
        key = (new[place] for place, _ in self.key)
        return [*key, b"1", *(place if was else new[place] for place, was in self.kept)]

    def rows(
        self, connection: sqlite3.Connection | None, delimiter: bytes
    ) -> Callable[[Sequence[bytes], list[bytes]], None]:
        """What writes a row, given the table's row as it was and as it becomes.

        Without a connection, no two rows have the same key.
        """
        write, kept, at, key = self.write, self.kept, [p for p, _ in self.key], key_maker(self.key)
        number = Seen(connection).number if connection else lambda _: 1

        def keep(old: Sequence[bytes], new: list[bytes]) -> None:
            row = [new[place] for place in at]
            row.append(b"%d" % number(key(new)))
            row += [old[place] if was else new[place] for place, was in kept]
            write(delimiter.join(row) + b"\n")

        return keep


def _place(names: Sequence[str], name: str) -> int:
    if name not in names:
        raise KeyError(name)
    return names.index(name)
