"""Renames of tables and columns, where SQLite itself corrects what refers to them, and indexes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby

from zmigration_api import RenameColumn, RenamePart, RenameTable, Step, Table, UnsupportedChange
from zmigration_api.renames import Rename, moves

from .live import Live, load
from .names import QUOTING, STATEMENTS
from .tokens import Token, fold, text_of, tokenize


def rename_steps(renames: Sequence[Rename]) -> Iterator[Step]:
    """A step for each rename; those whose names meet share one and go by passing names."""
    yield from _steps([r for r in renames if isinstance(r, RenameTable)])
    columns = [r for r in renames if isinstance(r, RenameColumn)]
    for _, group in groupby(sorted(columns, key=lambda c: c.table), key=lambda c: c.table):
        yield from _steps(list(group))


def _steps(renames: list[RenameTable] | list[RenameColumn]) -> Iterator[Step]:
    ways = moves(renames, fold)
    if all(way == [(rename.old, rename.new)] for rename, way in ways.items()):
        yield from (_step([rename], [(rename, *way[0])]) for rename, way in ways.items())
    else:
        yield _step(renames, [(rename, *move) for rename, way in ways.items() for move in way])


def _step(changes: Sequence[Rename], made: Sequence[tuple[Rename, str, str]]) -> Step:
    statements = tuple(_statement(change, old, new) for change, old, new in made)
    undo = tuple(_statement(change, new, old) for change, old, new in reversed(made))
    return Step(changes=tuple(changes), statements=statements, undo=undo)


def _statement(change: Rename, old: str, new: str) -> str:
    if isinstance(change, RenameTable):
        return STATEMENTS.rename_table(old, new)
    return STATEMENTS.rename_column(change.table, old, new)


def renamed_tables(tables: Mapping[str, Table], step: Step) -> dict[str, Table]:
    """The tables by their folded names, after a step of renames."""
    names = {fold(c.old): c.new for c in step.changes if isinstance(c, RenameTable)}
    names = {old: new for old, new in names.items() if old in tables}
    after = {old: table for old, table in tables.items() if old not in names}
    after |= {fold(new): replace(tables[old], name=new) for old, new in names.items()}
    columns = [c for c in step.changes if isinstance(c, RenameColumn)]
    for table in {fold(c.table) for c in columns} & after.keys():
        new = {fold(c.old): c.new for c in columns if fold(c.table) == table}
        listed = (replace(c, name=new.get(fold(c.name), c.name)) for c in after[table].columns)
        after[table] = replace(after[table], columns=tuple(listed))
    return after


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
