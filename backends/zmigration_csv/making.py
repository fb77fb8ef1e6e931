"""What makes the cells of one column of a new file out of an old row."""

from __future__ import annotations

from dataclasses import dataclass

from zmigration_api import Column

from .fill import CellMaker, OldRow, Source
from .quick import Quick
from .typed import converted, shown


class BadCell(ValueError):
    """A cell that cannot be carried over; the pass adds the line."""


class KeysUnsure(Exception):
    """Rows that were taken to have keys in ascending order have not; nothing is wrong with them."""


@dataclass(slots=True)
class Out:
    """One column of the new file: its header cell, and where its cells come from.

    `kept`: it comes from an archive, whose rows have there what the cell was and, if that is not
    None, what the cell at `position` had become.
    """

    name: str
    cell: bytes
    position: int | None
    source: Source
    make: CellMaker | None = None
    kept: tuple[int, int | None] | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """What looks at a row and raises BadCell; no row that `quick` keeps as it is is bad."""

    make: CellMaker
    quick: Quick | None = None


def converter(make: CellMaker, old: Column, new: Column, delimiter: bytes) -> CellMaker:
    def convert_cell(cells: OldRow) -> bytes:
        cell = make(cells)
        try:
            return converted(cell, old, new, delimiter)
        except ValueError as error:
            raise BadCell(f"{new.name} {shown(cell)!r} {error}") from None

    return convert_cell


def as_it_was(convert: CellMaker, make: CellMaker) -> CellMaker:
    """A cell that may never have been a value of the type that comes back is left for questions."""

    def keep_cell(cells: OldRow) -> bytes:
        try:
            return convert(cells)
        except BadCell:
            return make(cells)

    return keep_cell


def filled(make: CellMaker, fill: CellMaker) -> CellMaker:
    def fill_null(cells: OldRow) -> bytes:
        cell = make(cells)
        return fill(cells) if cell in (b"", b'""') else cell

    return fill_null


def required(make: CellMaker, column: Column) -> CellMaker:
    def refuse_null(cells: OldRow) -> bytes:
        cell = make(cells)
        if cell in (b"", b'""'):
            raise BadCell(f"{column.name} is required and this row has no value for it")
        return cell

    return refuse_null


def explained(make: CellMaker, what: str) -> CellMaker:
    def explain(cells: OldRow) -> bytes:
        try:
            return make(cells)
        except BadCell:
            raise
        except ValueError as error:
            raise BadCell(f"{what}: a value {error}") from None

    return explain
