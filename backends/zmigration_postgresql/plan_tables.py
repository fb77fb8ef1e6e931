"""Steps of whole tables: created, dropped, renamed, their options and comments."""

from __future__ import annotations

from dataclasses import replace

from zmigration_api import (
    AlterTable,
    CreateTable,
    DropConstraint,
    DropTable,
    Hazard,
    RenameTable,
    SetComment,
    Step,
    Table,
)

from .anew import kept_again, kept_as_text
from .archive import copied
from .create import created, indexed
from .names import QUOTING, join, split
from .planning import KEPT, Planning, refuse, rewrite, step
from .render import SQL, UNLOGGED, constraint_name
from .table_use import rows_needed
from .types import canonical, native_type


def create(planning: Planning, change: CreateTable) -> Step:
    table = change.content
    native = {column.name: canonical(native_type(column, None)) for column in table.columns}
    columns = tuple(replace(c, native=c.exact_type or native[c.name]) for c in table.columns)
    planning.note(replace(table, columns=columns))
    comments = table.exact or planning.exact(table.name)
    schema, gone = planning.new_schema(table.name)
    made = [*schema, *created(table, comments=comments)]
    kept = _kept_as_text(planning, table, again=False)
    return step(change, made, [*kept, SQL.drop_table(table.name), *gone])


def drop(planning: Planning, change: DropTable) -> Step:
    table = change.content
    live = planning.live(table.name)
    what = f"table {table.name} cannot be dropped"
    refuse(what, planning.facts.dependents(live))
    refuse(what, _staying(planning, live))
    planning.tables.pop(table.name, None)
    dropped = SQL.drop_table(table.name)
    if back := planning.way_back.table(live):
        hazards = [Hazard("data_loss", f"The rows of {table.name} go; {KEPT}.")]
        if owned := planning.way_back.owned(live):
            hazards.append(Hazard("note", f"With {table.name} go {', '.join(owned)}."))
        if back.lost:
            lost = f"Of {table.name}, {', '.join(back.lost)} cannot be brought back."
            hazards.append(Hazard("note", lost))
        texts = _kept_as_text(planning, table, again=True)
        again = [kept_again(_row_type(planning, table))] if texts else []
        kept = [copied(back.archive, table.name), *back.positions, *texts]
        forward = [*_circle(planning, live, change), *kept, dropped]
        made = step(change, forward, [*back.undo, *again], *hazards)
        return replace(made, keeps=back.archive)
    undo = [*created(table, comments=table.exact), *indexed(table, comments=table.exact)]
    hazard = Hazard("data_loss", f"All rows of {table.name} go with the table.")
    return step(change, [dropped], undo, hazard)


def _kept_as_text(planning: Planning, table: Table, *, again: bool) -> list[str]:
    """Kept rows of other tables of the plan keep rows of this one as texts once it is gone."""
    needed = rows_needed(planning.changes, table)
    return [kept_as_text(_row_type(planning, table), again=again)] if needed else []


def _row_type(planning: Planning, table: Table) -> str:
    """With its schema: a table may be called `date`."""
    schema, name = split(table.name)
    return join(schema or planning.facts.own_schema(), name)


def _circle(planning: Planning, live: str, change: DropTable) -> list[str]:
    """Foreign keys to a table go with it where their own tables are dropped after it."""
    drops = [c for c in planning.changes if isinstance(c, DropTable)]
    later = {planning.live(c.table): c.table for c in drops[drops.index(change) + 1 :]}
    named = {
        (c.table, constraint_name(c.table, c.constraint))
        for c in planning.changes
        if isinstance(c, DropConstraint)
    }
    return [
        SQL.drop_constraint(later[owner], name)
        for owner, name, _ in planning.catalog.referring(live)
        if owner in later and (later[owner], name) not in named
    ]


def _staying(planning: Planning, live: str) -> list[str]:
    """Foreign keys of other tables to this one that neither go themselves nor with their tables."""
    gone = {
        (planning.live(c.table), constraint_name(c.table, c.constraint))
        for c in planning.changes
        if isinstance(c, DropConstraint)
    }
    dropped = {planning.live(c.table) for c in planning.changes if isinstance(c, DropTable)}
    return [
        f"foreign key {name} of {owner}"
        for owner, name, _ in planning.catalog.referring(live)
        if owner != live and owner not in dropped and (owner, name) not in gone
    ]


def rename(planning: Planning, change: RenameTable) -> Step:
    own = planning.facts.own_schema()
    forward: list[str] = []
    back: list[str] = []
    for old, new in planning.moves[change]:
        planning.renamed(old, new)
        forward += _renamed(old, new, own)
        back = [*_renamed(new, old, own), *back]
    schema, gone = planning.new_schema(change.new)
    if planning.way_back.comes_last(change.old):
        back = []
    return step(change, [*schema, *forward], [*back, *gone])


def _renamed(old: str, new: str, own: str) -> list[str]:
    """Into another schema first, where the names say so; `own` is the app's."""
    (old_schema, old_name), (schema, name) = split(old), split(new)
    statements = []
    if schema != old_schema:
        statements.append(f"{SQL.alter(old)} SET SCHEMA {QUOTING.name(schema or own)};")
        old = join(schema, old_name)
    if name != old_name:
        statements.append(SQL.rename_table(old, new))
    return statements


def alter(planning: Planning, change: AlterTable) -> Step:
    """The options of a table, or of an index; the server writes a table anew for UNLOGGED."""
    if change.index is not None:
        alter = f"ALTER INDEX {SQL.beside(change.table, change.index)}"
        forward = _set_all(alter, change.old, change.new)
        return step(change, forward, _set_all(alter, change.new, change.old))
    if known := planning.tables.get(change.table):
        planning.note(replace(known, options=change.new))
    forward = _options(change.table, change.old, change.new)
    logged = (UNLOGGED in change.old) != (UNLOGGED in change.new)
    hazards = [rewrite(change.table)] if logged else []
    return step(change, forward, _options(change.table, change.new, change.old), *hazards)


def _options(table: str, old: tuple[str, ...], new: tuple[str, ...]) -> list[str]:
    statements = []
    if (UNLOGGED in old) != (UNLOGGED in new):
        word = UNLOGGED if UNLOGGED in new else "LOGGED"
        statements.append(f"{SQL.alter(table)} SET {word};")
    return statements + _set(SQL.alter(table), old, new)


def _set(alter: str, old: tuple[str, ...], new: tuple[str, ...]) -> list[str]:
    """The storage parameters that differ."""
    statements = []
    gone = [_named(option) for option in old if option != UNLOGGED]
    kept = {_named(option) for option in new}
    come = [option for option in new if option not in old and option != UNLOGGED]
    if reset := [name for name in gone if name not in kept]:
        statements.append(f"{alter} RESET ({', '.join(reset)});")
    if come:
        statements.append(f"{alter} SET ({', '.join(come)});")
    return statements


def _set_all(alter: str, old: tuple[str, ...], new: tuple[str, ...]) -> list[str]:
    """The same, in the very order of the new ones: what is set anew comes last."""
    if [o for o in old if o in new] + [o for o in new if o not in old] == [*new]:
        return _set(alter, old, new)
    return [*_set(alter, old, ()), *_set(alter, (), new)]


def _named(option: str) -> str:
    return option.partition("=")[0].strip()


def comment(planning: Planning, change: SetComment) -> Step:
    back = replace(change, old=change.new, new=change.old)
    return step(change, [SQL.set_comment(change)], [SQL.set_comment(back)])
