"""Steps that make and drop indexes, which also stand for unique constraints of lenient tables."""

from __future__ import annotations

from zmigration_api import (
    Change,
    DropConstraint,
    DropIndex,
    Index,
    Step,
    UniqueConstraint,
    UnsupportedChange,
)

from .live import Live
from .names import STATEMENTS
from .render import create_index
from .tokens import fold


def as_index(unique: UniqueConstraint) -> Index:
    """The index that makes its values unique."""
    return Index(columns=unique.columns, keys=unique.keys, unique=True, name=unique.name)


def dropped(change: Change, live: Live) -> Step:
    """Without an index, or without those that make values unique."""
    if isinstance(change, DropConstraint):
        gone = live.unique_indexes(change.constraint.columns)  # type: ignore[union-attr]
    else:
        assert isinstance(change, DropIndex)
        gone = tuple(i for i in live.indexes if fold(i.name) == fold(change.index.name))
        if not gone:
            raise UnsupportedChange(f"{live.name} has no index {change.index.name} to drop")
    statements = tuple(STATEMENTS.drop_index(index.name) for index in gone)
    undo = tuple(index.statement for index in gone)
    return Step(changes=(change,), statements=statements, undo=undo)


def added(change: Change, index: Index, live: Live) -> Step:
    """With one more index."""
    for name in index.columns:
        # SQLite would take the quoted name of no column for a text, and index that.
        if live.text.definition(name) is None:
            raise UnsupportedChange(f"index {index.name}: {change.table} has no column {name}")
    return Step(
        changes=(change,),
        statements=(create_index(change.table, index),),
        undo=(STATEMENTS.drop_index(index.name),),
    )
