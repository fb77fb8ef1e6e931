"""What a table uses an index for, where that index goes and comes otherwise under its name."""

from __future__ import annotations

from collections.abc import Iterator

from zmigration_api import (
    AddConstraint,
    AddIndex,
    Constraint,
    DropConstraint,
    DropIndex,
    Exclusion,
    Hazard,
    Index,
    PrimaryKey,
    UniqueConstraint,
)

from .planning import Planning
from .render import SQL, constraint_name


def _named(planning: Planning, table: str, name: str, *, goes: bool) -> Index | Constraint | None:
    """What of this name the plan drops from a table, or makes in it."""
    kinds = (DropIndex, DropConstraint) if goes else (AddIndex, AddConstraint)
    for change in planning.changes:
        if not isinstance(change, kinds) or change.table != table:
            continue
        part = change.index if isinstance(change, AddIndex | DropIndex) else change.constraint
        if name == (part.name if isinstance(part, Index) else constraint_name(table, part)):
            return part
    return None


def marked_again(planning: Planning, table: str, new: Index | Constraint) -> Iterator[str]:
    """What the table used the index of this name for, which goes and comes otherwise."""
    name = new.name if isinstance(new, Index) else constraint_name(table, new)
    old = _named(planning, table, name, goes=True)
    part = planning.catalog.part(planning.live(table), name) if old else None
    if part is None:
        return
    if part.clustered and _may_order(new):
        yield f"{SQL.alter(table)} CLUSTER ON {SQL.quoting.name(name)};"
    if part.identifies and _may_identify(planning, table, new):
        yield f"{SQL.alter(table)} REPLICA IDENTITY USING INDEX {SQL.quoting.name(name)};"
    if isinstance(old, Index) and isinstance(new, Index) and old.keys == new.keys:
        yield from (f"ALTER INDEX {SQL.beside(table, name)} {target};" for target in part.targets)


def marks_gone(planning: Planning, table: str, name: str) -> Iterator[Hazard]:
    """What the table used an index for that goes for good."""
    part = planning.catalog.part(planning.live(table), name)
    new = _named(planning, table, name, goes=False)
    if part is None:
        return
    if part.clustered and not (new and _may_order(new)):
        yield Hazard("note", f"With {name} goes the order in which {table} is clustered.")
    if part.identifies and not (new and _may_identify(planning, table, new)):
        text = f"With {name} goes what identifies rows of {table} to subscribers."
        yield Hazard("note", text)


def _may_order(new: Index | Constraint) -> bool:
    """Whether a table can be clustered by it."""
    if isinstance(new, Exclusion):
        return new.definition.startswith("USING gist ")
    return not isinstance(new, Index) or (new.where is None and new.method in (None, "gist"))


def _may_identify(planning: Planning, table: str, new: Index | Constraint) -> bool:
    """Whether it can tell rows apart for subscribers: at once, all rows, no nulls."""
    if isinstance(new, Index):
        whole = new.unique and new.where is None
        plain = not new.keys or len(new.keys) == len(new.columns)
    elif isinstance(new, PrimaryKey | UniqueConstraint):
        whole = plain = new.deferral is None
    else:
        return False
    desired = planning.desired.table(table)
    columns = [desired.column(name) if desired else None for name in new.columns]
    return whole and plain and all(column is not None and column.required for column in columns)
