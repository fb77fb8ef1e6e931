"""Changes that SQLite makes in place, without writing the table anew."""

from __future__ import annotations

from zmigration_api import (
    AddColumn,
    AlterColumn,
    Change,
    Column,
    DropColumn,
    Hazard,
    RenamePart,
    Step,
)

from . import render
from .back import value_back
from .expressions import default_text, fill, is_constant
from .live import TableNow
from .names import QUOTING, STATEMENTS
from .rework import Rework, altered_value
from .tokens import fold, text_of

UNTIL_PURGED = "--rollback brings them back until --purge"


class NotNative(Exception):
    """The change needs a rebuild of the table."""


def native_step(change: Change, now: TableNow) -> Step:
    """The change made in place; NotNative if it cannot be."""
    match change:
        case AddColumn(_, column):
            return _add(change, column, now)
        case AlterColumn():
            return _alter(change, now)
        case DropColumn(_, column):
            return _drop(change, column, now)
        case RenamePart():
            return _unchanged(change, now)
        case _:
            raise NotNative


def _add(change: AddColumn, column: Column, now: TableNow) -> Step:
    if _needs_rebuild(column, now):
        raise NotNative
    table = now.live.name
    definition = render.column(column, now.type_text(column))
    statements = [STATEMENTS.add_column(table, definition)]
    if column.backfill:
        value = fill(column, now.columns)
        name = QUOTING.name(column.name)
        statements.append(f"UPDATE {QUOTING.name(table)} SET {name} = {value};")
    undo = (STATEMENTS.drop_column(table, column.name),)
    return Step(changes=(change,), statements=tuple(statements), undo=undo)


def _needs_rebuild(column: Column, now: TableNow) -> bool:
    """SQLite looks at rows that are there only when it is too late."""
    refuses = column.required or any(map(render.refuses_null, column.attributes))
    if column.generated is not None:
        return not column.virtual or (refuses and now.rows)
    if now.rows and not is_constant(column.default):
        return True
    unfilled = refuses and now.rows and default_text(column) is None
    return column.backfill is not None and (_triggered(now) or unfilled)


def _alter(change: AlterColumn, now: TableNow) -> Step:
    rework = Rework(now)
    rework.make(change)
    value = altered_value(change, now.columns)
    name = change.new.name
    # In place, values of a key would meet each other on their way.
    moving = value is not None and _moves(change) and (_triggered(now) or _in_key(name, now))
    if moving or rework.text != now.live.text:
        raise NotNative
    if value is None:
        return Step(changes=(change,), statements=())
    back = value_back(change)
    undo = (_update(now, name, back),) if back else ()
    return Step(changes=(change,), statements=(_update(now, name, value),), undo=undo)


def _unchanged(change: RenamePart, now: TableNow) -> Step:
    """A name that neither the text had nor will have."""
    rework = Rework(now)
    rework.make(change)
    if rework.text != now.live.text:
        raise NotNative
    return Step(changes=(change,), statements=())


def _moves(change: AlterColumn) -> bool:
    """Whether values may change; else they are only proved to fit."""
    old, new = change.old.type, change.new.type
    return bool(change.new.using) or not (old.kind == new.kind or (old.textual and new.textual))


def _update(now: TableNow, column: str, value: str) -> str:
    """Write the values that change; BINARY, because a column may call 'A' and 'a' equal."""
    name = QUOTING.name(column)
    differs = f"{name} COLLATE BINARY IS NOT {value}"
    return f"UPDATE {QUOTING.name(now.live.name)} SET {name} = {value} WHERE {differs};"


def _drop(change: DropColumn, column: Column, now: TableNow) -> Step:
    live = now.live
    definition = live.text.definition(column.name)
    if definition is None or (now.wanted is not None and definition.clause("CHECK")):
        raise NotNative
    gone = [index for index in live.indexes if index.covers(column.name)]
    drops = [STATEMENTS.drop_index(index.name) for index in gone]
    add = STATEMENTS.add_column(live.name, text_of(definition.render()))
    return Step(
        changes=(change,),
        statements=(*drops, STATEMENTS.drop_column(live.name, column.name)),
        undo=(add, *(index.statement for index in gone)),
        hazards=(lost_column(column.name, now), *map(lost_index, (i.name for i in gone))),
    )


def lost_column(column: str, now: TableNow) -> Hazard:
    if fold(column) in now.kept:
        text = f"the values of {now.live.name}.{column} go; {UNTIL_PURGED}"
        return Hazard("data_loss", text)
    return Hazard("data_loss", f"the values in {now.live.name}.{column} go")


def lost_index(name: str) -> Hazard:
    return Hazard("note", f"the index {name} goes with the column that it is on")


def _triggered(now: TableNow) -> bool:
    """Whether an UPDATE might set off something that the plan does not show."""
    return bool(now.live.triggers)


def _in_key(column: str, now: TableNow) -> bool:
    text = now.live.text
    definition = text.definition(column)
    inline = definition and (definition.clause("PRIMARY") or definition.clause("UNIQUE"))
    tables = [c for c in text.clauses() if c.kind in ("PRIMARY", "UNIQUE")]
    listed = [name for c in tables for name in c.columns]
    unique = any(index.unique and index.covers(column) for index in now.live.indexes)
    return bool(inline) or unique or fold(column) in map(fold, listed)
