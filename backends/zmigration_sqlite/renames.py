"""Renames of tables and columns, where SQLite itself corrects what refers to them, and indexes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from itertools import groupby

from zmigration_api import RenameColumn, RenamePart, RenameTable, Step, UnsupportedChange

from .live import Live, load
from .names import QUOTING, STATEMENTS
from .tokens import Token, fold, text_of, tokenize

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


def renamed_indexes(
    connection: sqlite3.Connection, renames: Sequence[RenamePart]
) -> Iterator[Step]:
    """A step for each table: SQLite renames no index, so they are made anew."""
    for table, group in groupby(sorted(renames, key=lambda c: c.table), key=lambda c: c.table):
        changes = tuple(group)
        live = load(connection, table)
        before = [_statement_of(live, change.old) for change in changes]
        after = [_called(sql, c.new) for sql, c in zip(before, changes, strict=True)]
        yield Step(
            changes=changes,
            statements=(*(STATEMENTS.drop_index(c.old) for c in changes), *after),
            undo=(*(STATEMENTS.drop_index(c.new) for c in changes), *before),
        )


def _statement_of(live: Live, name: str) -> str:
    found = next((i for i in live.indexes if fold(i.name) == fold(name)), None)
    if found is None:
        raise UnsupportedChange(f"{live.name} has no index {name} to rename")
    return found.statement


def _called(sql: str, name: str) -> str:
    """The CREATE INDEX with another name, which stands before ON."""
    tokens = tokenize(sql)
    on = next(i for i, token in enumerate(tokens) if token.keyword == "ON")
    at = max(i for i in range(on) if tokens[i].kind != "space")
    return text_of((*tokens[:at], Token("word", QUOTING.name(name)), *tokens[at + 1 :]))
