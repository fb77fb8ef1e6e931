"""Steps of a column that is numbered otherwise: what goes before and after the rest of them."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from zmigration_api import AlterColumn
from zmigration_api.history import PREFIX

from .alter import Alteration
from .catalog import LiveColumn
from .names import QUOTING, table_name
from .numbering import Numbers, Renumbering, renumbered, restarts
from .planning import Planning
from .positions import again, kept, noted
from .recreate import sequence_rest
from .render import SQL


def numbering(
    planning: Planning, change: AlterColumn, made: Alteration, live: LiveColumn | None
) -> tuple[Renumbering, Renumbering]:
    """How the column is numbered otherwise, and as before; nothing if the schema is silent."""
    table, old, new = change.table, change.old, change.new
    if made.anew:  # the column goes, with its sequences
        place = planning.place(table, new.name)
        positions = planning.way_back.positions(table, new.name, place)
        return Renumbering(first=tuple(positions)), Renumbering()
    said = planning.exact(table) or new.identity is not None
    if not said or (old.identity is None and new.identity is None):
        return Renumbering(), Renumbering()
    if old.identity == new.identity and not made.changes_native:
        return Renumbering(), Renumbering()
    there, wanted = _sides(change, made, live)
    at = planning.catalog.position(live.sequence) if live and live.sequence else None
    restart = there is not None and wanted is not None and restarts(there, wanted, at)
    forth = renumbered(table, new.name, there, wanted, restart=restart)
    back = renumbered(table, new.name, wanted, there, restart=restart)
    forth, back = _made(planning, table, forth, wanted), _made(planning, table, back, there)
    if live is None or live.sequence is None or there is None:
        return forth, back
    if wanted is None or restart:
        return _kept(planning, change, live, forth, back)
    if there.serial != wanted.serial:  # another sequence
        rest = tuple(sequence_rest(live.sequence))
        return forth, Renumbering(first=back.first, last=(*back.last, *rest))
    return forth, back


def _sides(
    change: AlterColumn, made: Alteration, live: LiveColumn | None
) -> tuple[Numbers | None, Numbers | None]:
    table, old, new = change.table, change.old, change.new
    there = wanted = None
    if old.identity is not None:
        there = Numbers.there(live) if live else None
        there = there or Numbers.wanted(table, new.name, old.identity, made.before)
    if new.identity is not None:
        wanted = Numbers.wanted(table, new.name, new.identity, made.native)
    return there, wanted


def _made(planning: Planning, table: str, to: Renumbering, numbers: Numbers | None) -> Renumbering:
    """With a new sequence that is like its table."""
    if numbers is None or not numbers.serial or "OWNED BY" not in " ".join(to.last):
        return to
    return replace(to, last=(*to.last, *planning.like_its_table(table, numbers.name)))


def _kept(
    planning: Planning,
    change: AlterColumn,
    live: LiveColumn,
    forth: Renumbering,
    back: Renumbering,
) -> tuple[Renumbering, Renumbering]:
    """Both ways, with the position kept for the way back: the sequence goes or begins anew."""
    table, column, sequence = change.table, change.new.name, live.sequence
    assert sequence is not None
    digest = hashlib.sha256(f"{table} {column}".encode()).hexdigest()[:12]
    name = SQL.beside(table, planning.facts.free(f"{PREFIX}position_{digest}"))
    own = planning.catalog.is_own(planning.live(table)) and not planning.facts.is_old
    owner = f"{table_name(table)}.{QUOTING.name(column)}" if own else None
    first = (
        *kept(sequence, name, owner),
        noted(name, table, column, sequence.increment),
        *forth.first,
    )
    last = (
        *back.last,
        *sequence_rest(sequence),
        again(sequence.name, name, table, column, sequence),
        f"DROP SEQUENCE {name};",
    )
    return Renumbering(first=first, last=forth.last), Renumbering(first=back.first, last=last)
