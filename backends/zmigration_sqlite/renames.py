"""Renames of tables and columns; SQLite itself corrects what refers to them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from zmigration_api import RenameColumn, RenameTable, Step

from .names import STATEMENTS
from .tokens import fold

Rename = RenameTable | RenameColumn
_PASSING = "__zmigration_new_"


def rename_steps(renames: Sequence[Rename]) -> Iterator[Step]:
    """A step for each rename; those whose names meet share one and go by passing names."""
    tables = [r for r in renames if isinstance(r, RenameTable)]
    columns = [r for r in renames if isinstance(r, RenameColumn)]
    yield from _steps(tables)
    for _, group in groupby(sorted(columns, key=lambda c: c.table), key=lambda c: c.table):
        yield from _steps(list(group))


def _steps(renames: Sequence[Rename]) -> Iterator[Step]:
    if {fold(r.old) for r in renames}.isdisjoint(fold(r.new) for r in renames):
        for r in renames:
            yield _step([r], [(r, r.old, r.new)])
    else:
        passing = [(r, r.old, f"{_PASSING}{r.new}") for r in renames]
        yield _step(renames, [*passing, *((r, f"{_PASSING}{r.new}", r.new) for r in renames)])


def _step(changes: Sequence[Rename], moves: Sequence[tuple[Rename, str, str]]) -> Step:
    statements = tuple(_statement(change, old, new) for change, old, new in moves)
    undo = tuple(_statement(change, new, old) for change, old, new in reversed(moves))
    return Step(changes=tuple(changes), statements=statements, undo=undo)


def _statement(change: Rename, old: str, new: str) -> str:
    if isinstance(change, RenameTable):
        return STATEMENTS.rename_table(old, new)
    return STATEMENTS.rename_column(change.table, old, new)
