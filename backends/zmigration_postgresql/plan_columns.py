"""Steps of columns: added, dropped, renamed, altered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from zmigration_api import (
    AddColumn,
    AlterColumn,
    AlterType,
    Change,
    Column,
    CreateType,
    DropColumn,
    DropConstraint,
    DropIndex,
    Hazard,
    NamedType,
    RenameColumn,
    Step,
    UnsupportedChange,
)

from .alter import Alteration
from .catalog import LiveColumn
from .create import OwnSequence, added, added_and_filled, is_serial, own_sequence
from .fill import fill_text
from .names import QUOTING, table_name
from .plan_numbering import numbering
from .plan_types import default_gone
from .planning import KEPT, Planning, refuse, rewrite, step
from .render import SQL, is_not_null
from .types import canonical, native_type, neutral

_USUAL = {"COMPRESSION": "SET COMPRESSION default", "STATISTICS": "SET STATISTICS -1"}


def add(planning: Planning, change: AddColumn) -> Step:
    table, column = change.table, change.column
    known = planning.tables.get(table)
    native = native_type(column, known)
    fill, comments = fill_text(column, known, native), planning.exact(table)
    if fill is None or column.generated is not None:
        statements = added(table, column, native, comments=comments)
    else:
        filled = added_and_filled(table, column, native, fill, comments=comments)
        statements = planning.quiet(table, filled)
    if own_sequence(column):
        sequence = OwnSequence.of(table, column, native).name
        statements += planning.like_its_table(table, table_name(sequence))
    planning.put(table, None, replace(column, native=column.exact_type or canonical(native)))
    computed = column.generated is not None and not column.virtual
    default = column.default.text if column.default and fill is None else ""
    named = neutral(canonical(native)).kind == "native"
    checked = named and planning.facts.below(native, tuple(_planned(planning.changes)))[1]
    anew = computed or checked or is_serial(column) or planning.facts.volatile(default)
    hazards = [rewrite(table)] if anew and table not in planning.created else []
    return step(change, statements, [SQL.drop_column(table, column.name)], *hazards)


def drop(planning: Planning, change: DropColumn) -> Step:
    table, column = change.table, change.column
    place = planning.place(table, column.name)
    dependents = _staying(planning, table, planning.facts.dependents(*place))
    refuse(f"{table}.{column.name} cannot be dropped", dependents)
    text = f"All values of {table}.{column.name} go with the column."
    if planning.way_back.keeps(table, column.name):
        text = f"The values of {table}.{column.name} go; {KEPT}."
    hazards = [] if column.virtual else [Hazard("data_loss", text)]
    if attached := [*_attached(planning, *place), *planning.way_back.owned(*place)]:
        names = ", ".join(attached)
        hazards.append(Hazard("note", f"With {table}.{column.name} go {names}."))
    undo = planning.way_back.column(change, place, planning.columns(table))
    if undo is None:
        native = column.native or native_type(column, None)
        undo = added(table, column, native, comments=planning.exact(table))
    planning.put(table, column.name, None)
    positions = planning.way_back.positions(table, column.name, place)
    return step(change, [*positions, SQL.drop_column(table, column.name)], undo, *hazards)


def _staying(planning: Planning, table: str, dependents: tuple[str, ...]) -> tuple[str, ...]:
    """What depends on a column, but for generated columns that the plan changes before."""
    gone = set()
    for change in planning.changes:
        match change:
            case DropColumn(owner, column) if owner == table and column.generated is not None:
                gone.add(planning.place(table, column.name)[1])
            case AlterColumn(owner, old, new) if owner == table and old.generated is not None:
                if old.generated != new.generated:
                    gone.add(planning.place(table, old.name)[1])
            case _:
                pass
    return tuple(text for text in dependents if text not in {f"generated column {n}" for n in gone})


def _attached(planning: Planning, table: str, column: str) -> list[str]:
    """What goes silently with the column, apart from what the plan drops by name."""
    named = {c.index.name for c in planning.changes if isinstance(c, DropIndex)}
    dropped = (c.constraint.name for c in planning.changes if isinstance(c, DropConstraint))
    named |= {name or "" for name in dropped}
    return [name for name in planning.facts.attached(table, column) if name not in named]


def rename(planning: Planning, change: RenameColumn) -> Step:
    table = change.table
    forward: list[str] = []
    back: list[str] = []
    for old, new in planning.moves[change]:
        planning.column_renamed(table, old, new)
        forward.append(SQL.rename_column(table, old, new))
        back.append(SQL.rename_column(table, new, old))
    return step(change, forward, back[::-1])


def alteration(planning: Planning, change: AlterColumn) -> Alteration:
    """What the change comes to, with what the server knows of casts."""
    exact = planning.exact(change.table)
    made = Alteration.of(change, planning.tables.get(change.table), exact=exact)
    place = planning.place(change.table, change.new.name)
    pattern = made.bare_pattern
    bare = pattern is not None and planning.facts.all_match(*place, pattern)
    return replace(
        made.known(planning.facts, tuple(_planned(planning.changes))),
        bare=bare,
        copied=planning.facts.is_old,
    )


def _planned(changes: Sequence[Change]) -> Iterator[NamedType]:
    """Named types as the plan leaves them."""
    for change in changes:
        match change:
            case CreateType(named) | AlterType(_, named):
                yield named
            case _:
                pass


def alter(planning: Planning, change: AlterColumn) -> Step:
    table, column = change.table, change.new.name
    made = planning.alterations[id(change)] = alteration(planning, change)
    place = planning.place(table, column)
    live = planning.catalog.column(*place)
    computed = made.anew and made.old.generated is None
    if computed and not planning.way_back.keeps(table, column):
        raise UnsupportedChange(
            f"{table}.{column} cannot become generated: PostgreSQL has"
            " no way but to drop its values",
            hint="add a generated column under another name",
            line=change.new.line,
        )
    if made.changes_type or made.anew:
        what = f"the type of {table}.{column} cannot change"
        refuse(what, planning.facts.fixed(*place))
    statements = planning.quiet(table, made.statements())
    undo = planning.way_back.alteration(change, made, statements, place, planning.columns(table))
    if live and live.default and default_gone(planning, change, live.default):
        undo = [text for text in undo if " SET DEFAULT " not in text]  # the type brings it back
    forth, back = numbering(planning, change, made, live)
    if any(" SET DEFAULT nextval(" in text for text in back.last):
        undo = [text for text in undo if " SET DEFAULT nextval(" not in text]  # it comes first
    statements = [*forth.first, *statements, *forth.last, *_rest(planning, made, live)]
    undo = [*back.first, *undo, *back.last, *_rest_back(planning, made, live)]
    new = replace(change.new, native=made.new.exact_type or canonical(made.native))
    planning.put(table, column, new)
    return step(change, statements, undo, *made.hazards())


def _rest(planning: Planning, made: Alteration, live: LiveColumn | None) -> list[str]:
    """Attributes, which a new type loses, and the comment of a column that came again."""
    said = planning.exact(made.table.name) or made.new.attributes
    there = live.attributes if live else made.old.attributes
    wanted = made.new.attributes if said else there
    fresh = made.changes_type or made.anew or made.stored_now
    statements = list(_attributes(planning, made, there, wanted, fresh=fresh))
    statements += _required(made, made.old, made.new) if said else ()
    if (made.anew or made.stored_now) and live is not None and live.comment is not None:
        statements.append(SQL.comment(made.table.name, "column", made.new.name, live.comment))
    return statements


def _rest_back(planning: Planning, made: Alteration, live: LiveColumn | None) -> list[str]:
    there = live.attributes if live else made.old.attributes
    said = planning.exact(made.table.name) or made.new.attributes
    now = made.new.attributes if said else there
    if made.anew and made.old.generated is None:
        return []  # the column comes back with all that it had
    fresh = made.changes_type or made.anew or made.new.generated != made.old.generated
    statements = list(_attributes(planning, made, now, there, fresh=fresh))
    statements += _required(made, made.new, made.old) if said and made.new.required else ()
    again = fresh and made.old.generated is not None
    if again and live is not None and live.comment is not None:
        statements.append(SQL.comment(made.table.name, "column", made.new.name, live.comment))
    return statements


def _attributes(
    planning: Planning,
    made: Alteration,
    there: tuple[str, ...],
    wanted: tuple[str, ...],
    *,
    fresh: bool,
) -> Iterator[str]:
    there, wanted = (tuple(a for a in side if not is_not_null(a)) for side in (there, wanted))
    alter = f"{SQL.alter(made.table.name)} ALTER COLUMN {QUOTING.name(made.new.name)}"
    for attribute in there:
        word = attribute.partition(" ")[0]
        if any(other.partition(" ")[0] == word for other in wanted):
            continue
        if word == "STORAGE":
            if not fresh:
                yield f"{alter} SET STORAGE {planning.facts.usual_storage(made.before)};"
        elif word.startswith("("):
            names = [part.partition("=")[0].strip() for part in attribute[1:-1].split(",")]
            yield f"{alter} RESET ({', '.join(names)});"
        else:
            yield f"{alter} {_USUAL[word]};"
    for attribute in wanted:
        if fresh or attribute not in there:
            yield f"{alter} SET {attribute};"


def _required(made: Alteration, old: Column, new: Column) -> Iterator[str]:
    """NOT NULL that says more, or no more, in place of the one that is there."""
    before, after = (next(filter(is_not_null, c.attributes), None) for c in (old, new))
    if new.required and (before != after or (after and (made.anew or made.stored_now))):
        alter = f"{SQL.alter(made.table.name)} ALTER COLUMN {QUOTING.name(made.new.name)}"
        usual = [f"{alter} DROP NOT NULL;", f"{alter} SET NOT NULL;"]
        yield from SQL.attribute(made.table.name, made.new.name, after) if after else usual
