"""Steps of columns: added, dropped, renamed, altered."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from zmigration_api import (
    AddColumn,
    AlterColumn,
    DropColumn,
    DropConstraint,
    DropIndex,
    Hazard,
    RenameColumn,
    Step,
    UnsupportedChange,
)

from .alter import Alteration
from .catalog import LiveColumn
from .create import added, added_and_filled, is_serial
from .fill import fill_text
from .names import QUOTING
from .numbering import Numbers, Renumbering, renumbered
from .plan_types import default_gone
from .planning import KEPT, Planning, refuse, rewrite, step
from .render import SQL
from .types import canonical, native_type

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
    planning.put(table, None, replace(column, native=column.exact_type or canonical(native)))
    computed = column.generated is not None and not column.virtual
    default = column.default.text if column.default and fill is None else ""
    anew = computed or is_serial(column) or planning.facts.volatile(default)
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
    if attached := _attached(planning, *place):
        names = ", ".join(attached)
        hazards.append(Hazard("note", f"With {table}.{column.name} go {names}."))
    undo = planning.way_back.column(change, place, planning.columns(table))
    if undo is None:
        native = column.native or native_type(column, None)
        undo = added(table, column, native, comments=planning.exact(table))
    planning.put(table, column.name, None)
    return step(change, [SQL.drop_column(table, column.name)], undo, *hazards)


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
    if made.natively and made.changes_native:
        there, back = planning.facts.casts(made.before, made.native)
        made = replace(made, direct=there, direct_back=back)
    return replace(made, bare=bare)


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
    forth, back = _numbering(planning, change, made, live)
    statements = [*forth.first, *statements, *forth.last, *_rest(planning, made, live)]
    undo = [*back.first, *undo, *back.last, *_rest_back(planning, made, live)]
    new = replace(change.new, native=made.new.exact_type or canonical(made.native))
    planning.put(table, column, new)
    return step(change, statements, undo, *made.hazards())


def _numbering(
    planning: Planning, change: AlterColumn, made: Alteration, live: LiveColumn | None
) -> tuple[Renumbering, Renumbering]:
    """How the column is numbered otherwise, and as before; nothing if the schema is silent."""
    table, old, new = change.table, change.old, change.new
    said = planning.exact(table) or new.identity is not None
    if not said or (old.identity is None and new.identity is None):
        return Renumbering(), Renumbering()
    if old.identity == new.identity and not made.changes_native:
        return Renumbering(), Renumbering()
    there = Numbers.there(live) if live else None
    if there is None and old.identity is not None:
        there = Numbers.wanted(table, new.name, old.identity, made.before)
    if old.identity is None:
        there = None
    wanted = None
    if new.identity is not None:
        wanted = Numbers.wanted(table, new.name, new.identity, made.native)
    last = live.sequence.last if live and live.sequence else None
    forth = renumbered(table, new.name, there, wanted, last)
    restarted = any("RESTART" in text for text in forth.last)
    back = renumbered(table, new.name, wanted, there, None if restarted else last)
    return forth, _continued(back, there, wanted, live)


def _continued(
    back: Renumbering, there: Numbers | None, wanted: Numbers | None, live: LiveColumn | None
) -> Renumbering:
    """Back at the number that was the last, where the sequence is a new one or began anew."""
    sequence = live.sequence if live else None
    if there is None or sequence is None or sequence.last is None:
        return back
    restarted = any("RESTART" in text for text in back.last)
    if wanted is None or restarted:
        again = f"SELECT setval('{there.name.replace(chr(39), chr(39) * 2)}', {sequence.last});"
        return replace(back, last=(*back.last, again))
    return back


def _rest(planning: Planning, made: Alteration, live: LiveColumn | None) -> list[str]:
    """Attributes, which a new type loses, and the comment of a column that came again."""
    said = planning.exact(made.table.name) or made.new.attributes
    there = live.attributes if live else made.old.attributes
    wanted = made.new.attributes if said else there
    fresh = made.changes_type or made.anew or made.stored_now
    statements = list(_attributes(planning, made, there, wanted, fresh=fresh))
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
