"""Proof before the commit: the store is what was wanted, and no row was lost on the way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from zmigration_api import (
    AddColumn,
    AlterColumn,
    Change,
    Column,
    CreateTable,
    DropTable,
    Fact,
    RenameTable,
    Schema,
    VerificationFailed,
)
from zmigration_api.describe import summary

from .diff import diff
from .exact import exact_store, exactly
from .hints import without_hints
from .looking import current_schema
from .plugins import Plugins
from .preflight import afterwards
from .survey import Unit


def touched(changes: Sequence[Change]) -> frozenset[tuple[str, str, Fact]]:
    """What these changes make or change, as (table, column, fact)."""
    return frozenset(_touched(changes))


def _touched(changes: Sequence[Change]) -> Iterator[tuple[str, str, Fact]]:
    for change in changes:
        match change:
            case CreateTable(table):
                for column in table.columns:
                    yield from _facts(table.name, None, column)
            case AddColumn(table_name, column):
                yield from _facts(table_name, None, column)
            case AlterColumn(table_name, old, new):
                yield from _facts(table_name, old, new)
            case _:
                pass


def _facts(table: str, old: Column | None, new: Column) -> Iterator[tuple[str, str, Fact]]:
    """What a store was looser in before, it may still be looser in where nothing was changed."""
    if old is None or old.required != new.required:
        yield table, new.name, "required"
    if old is None or old.default != new.default:
        yield table, new.name, "default"


def verify(unit: Unit, desired: Schema, changes: Sequence[Change], plugins: Plugins) -> Schema:
    """The live tables after the steps; VerificationFailed if they are not what was wanted."""
    desired = without_hints(desired)
    gone = {c.table for c in changes if isinstance(c, DropTable)}
    gone |= {c.old for c in changes if isinstance(c, RenameTable)}
    names = {table.name for table in desired.tables}
    live = unit.store.inspect(sorted(names | gone))
    left = [name for name in sorted(gone - names) if live.table(name)]
    if left:
        raise _failed(f"table {left[0]} is still there")
    types = (
        exact_store(unit.store).types(sorted(names), [t.name for t in desired.types])
        if desired.types
        else ()
    )
    current = current_schema(
        unit, replace(live, types=types), desired, (), touched(changes), made=changes
    )
    mine = {change.table for change in changes}

    def unmade_of(wanted: Schema) -> list[Change]:
        found = diff(current, wanted, plugins.diff_rules())
        return [change for change in found if change.table in mine]

    unmade = unmade_of(desired)
    if unmade:  # a name that changed may be written in other ways now
        unmade = unmade_of(exactly(desired, live, unit.store, unit.backend))
    if unmade:
        raise _failed(summary(unmade[0], qualified=True, done=False) + " did not take effect")
    _ask_again(unit, desired, changes)
    return live


def _ask_again(unit: Unit, desired: Schema, changes: Sequence[Change]) -> None:
    """Constraints that the store itself does not enforce must hold now."""
    if {"unique", "foreign_keys", "checks"} <= unit.backend.keeps:
        return
    for question, hint in afterwards(changes):
        answer = unit.store.ask(question, desired)
        if answer.count:
            raise VerificationFailed(
                f"{answer.count} rows of {question.table} do not keep the new constraint",
                hint=hint,
            )


def count_rows(unit: Unit, schema: Schema, changes: Sequence[Change]) -> Mapping[str, int]:
    """Rows of each table that these changes may write anew, under the names of `schema`."""
    tables = {change.table for change in changes}
    tables |= {c.old for c in changes if isinstance(c, RenameTable)}
    counts = {t.name: unit.store.count(t.name) for t in schema.tables if t.name in tables}
    return {name: count for name, count in counts.items() if count is not None}


def verify_rows(
    before: Mapping[str, int], after: Mapping[str, int], changes: Sequence[Change]
) -> None:
    """VerificationFailed if a table came out of the steps with more or fewer rows."""
    new_names = {c.old: c.new for c in changes if isinstance(c, RenameTable)}
    for name, rows in before.items():
        now = after.get(new_names.get(name, name))
        if now is not None and now != rows:
            raise _failed(f"{name} had {rows} rows and has {now}")


def _failed(what: str) -> VerificationFailed:
    return VerificationFailed(
        f"Verification failed, everything was undone: {what}",
        hint="run again with --debug and report it; nothing was changed",
    )
