"""An altered column as it was: each value from the archive, and one changed since converted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from zmigration_api import Column, KeptColumn, UnsupportedChange, convertible
from zmigration_api.history import PREFIX

from .alter import Alteration
from .archive import Keep, guard, same
from .casts import column_to
from .catalog import LiveColumn
from .names import QUOTING, table_name
from .recreate import required_back
from .tokens import lasting
from .types import canonical, ddl

VALUE_HELPER = f"{PREFIX}back"


def column_reverted(
    made: Alteration,
    forward: Sequence[str],
    live: LiveColumn,
    keep: Keep | None,
    kept: KeptColumn | None,
) -> list[str]:
    """The statements that take an alteration back; `forward` are those that made it."""
    name = QUOTING.name(made.new.name)
    alter = f"ALTER TABLE {table_name(made.table.name)} ALTER COLUMN {name}"
    tightened = f"{alter} SET NOT NULL;" in forward and not live.required
    loosened = f"{alter} DROP NOT NULL;" in forward and live.required
    touched = any(s.startswith((f"{alter} SET DEFAULT", f"{alter} DROP DEFAULT")) for s in forward)
    retyped = made.changes_type
    texts = made.old.type.textual and made.new.type.textual and not made.exact
    has_default = made.new.default is not None and made.new.default.stored
    in_the_way = has_default and retyped and not texts
    statements = [f"{alter} DROP NOT NULL;"] if tightened else []
    if in_the_way or (has_default and touched and live.default is None):
        statements.append(f"{alter} DROP DEFAULT;")
    if keep is None or kept is None:
        statements += [f"{alter} TYPE {_plainly(made, live)};"] if retyped else []
    else:
        statements += _values(made, live, keep, kept)
    if loosened:
        statements += required_back(made.table.name, replace(live, name=made.new.name))
    if live.default is not None and (touched or in_the_way):
        statements.append(f"{alter} SET DEFAULT {lasting(live.default)};")
    return statements


def _values(made: Alteration, live: LiveColumn, keep: Keep, kept: KeptColumn) -> list[str]:
    table, name = table_name(made.table.name), QUOTING.name(made.new.name)
    if not made.changes_native and made.old.type.kind == made.new.type.kind:
        return keep.quiet(list(_in_place(table, name, keep, kept)))
    type_text = _type(made, live)
    found = f"EXISTS (SELECT 1 FROM {keep.source} WHERE {keep.hit(kept)})"
    restored = (
        f"UPDATE {table} SET {VALUE_HELPER} = {keep.before(kept)} FROM {keep.source}"
        f" WHERE {keep.hit(kept)};"
    )
    converted = _converted(made, live)
    if converted is None:
        start = f"{made.table.name}.{made.new.name} has "
        end = f" values that were written since and cannot become {live.native} again"
        rest = guard(made.table.name, f"{name} IS NOT NULL AND NOT {found}", start, end)
    else:
        rest = f"UPDATE {table} SET {VALUE_HELPER} = {converted} WHERE NOT {found};"
    return [
        f"ALTER TABLE {table} ADD COLUMN {VALUE_HELPER} {type_text};",
        *keep.quiet([restored, rest]),
        f"ALTER TABLE {table} ALTER COLUMN {name} TYPE {type_text} USING {VALUE_HELPER};",
        f"ALTER TABLE {table} DROP COLUMN {VALUE_HELPER};",
    ]


def _in_place(table: str, name: str, keep: Keep, kept: KeptColumn) -> Iterator[str]:
    unchanged = same(keep.before(kept), keep.after(kept), kept.old)
    yield (
        f"UPDATE {table} SET {name} = {keep.before(kept)} FROM {keep.source}"
        f" WHERE {keep.hit(kept)} AND NOT ({unchanged});"
    )


def _converted(made: Alteration, live: LiveColumn) -> str | None:
    """A value of the new type as one of the old, or None where no value can be."""
    old, new = _sides(made, live)
    if made.natively:
        return made.back().value_after()
    if not convertible(old.type, new.type):
        return None
    try:
        return column_to(QUOTING.name(old.name), old, new, live.native)
    except UnsupportedChange:
        return None


def _sides(made: Alteration, live: LiveColumn) -> tuple[Column, Column]:
    """The column before and after the way back; hints of an earlier way say nothing here."""
    old = replace(made.new, native=canonical(made.native), using=None, backfill=None)
    return old, replace(made.old, native=live.native, using=None, backfill=None)


def _plainly(made: Alteration, live: LiveColumn) -> str:
    """The old type where no value became another one."""
    old, new = _sides(made, live)
    type_text = _type(made, live)
    texts = old.type.textual and new.type.textual
    plain = texts or not made.changes_native or made.back().stays
    if old.generated is not None or plain:
        return type_text
    if made.natively:
        return f"{type_text} USING {made.back().value_after()}"
    if not convertible(old.type, new.type):
        return f"{type_text} USING NULL::{ddl(live.native).lower()}"
    return f"{type_text} USING {column_to(QUOTING.name(old.name), old, new, live.native)}"


def _type(made: Alteration, live: LiveColumn) -> str:
    return ddl(live.native) + (f" COLLATE {live.collation}" if live.collation else "")
