"""The steps: one for each table, each described line by line."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from zmigration_api.archive import Archive, Archives, rewrites_values
from zmigration_api.changes import (
    AddColumn,
    AlterColumn,
    Change,
    CreateTable,
    DropColumn,
    DropTable,
    RenameTable,
)
from zmigration_api.describe import detail, summary
from zmigration_api.errors import UnsupportedChange
from zmigration_api.model import Column, Schema, Table
from zmigration_api.plan import Hazard, Step
from zmigration_api.renames import in_steps

from .tables import changed


def plan(
    changes: Sequence[Change],
    current: Schema,
    archives: Archives,
    live: Callable[[str], Table | None],
) -> tuple[Step, ...]:
    """The steps in an order that works; `live` gives a table as the store has it now."""
    names: dict[str, str] = {}
    steps: list[Step] = []
    groups: dict[str, list[Change]] = {}
    for change in changes:
        _refuse(change)
        if not isinstance(change, RenameTable):
            groups.setdefault(change.table, []).append(change)
    for renames in in_steps([c for c in changes if isinstance(c, RenameTable)]):
        names |= {c.new: names.pop(c.old, c.old) for c in renames}
        steps.append(_step([*renames], None, None, None, None))
    for name, group in groups.items():
        old = names.get(name, name)
        before = _meant(live(old), current.table(old), name)
        after = changed(before, group) if before else None
        if isinstance(group[0], CreateTable):
            after = changed(group[0].content, group[1:])
        steps.append(_step(group, archives.of(old), archives.undone_of(name), before, after))
    return tuple(steps)


def written_anew(changes: Sequence[Change]) -> set[str]:
    """The tables that are read and made again, by their names now."""
    renamed = {c.new: c.old for c in changes if isinstance(c, RenameTable)}
    stay = (c.table for c in changes if not isinstance(c, CreateTable | DropTable))
    return {renamed.get(name, name) for name in stay}


def _meant(live: Table | None, current: Table | None, name: str) -> Table | None:
    """The whole table, its columns of the types that the schema means."""
    if live is None or current is None:
        return live
    types = {column.name: column.type for column in current.columns}
    columns = (replace(c, type=types.get(c.name, c.type)) for c in live.columns)
    return replace(live, name=name, columns=tuple(columns))


def _refuse(change: Change) -> None:
    match change:
        case CreateTable(table):
            for column in table.columns:
                _refuse_generated(table.name, column)
        case AddColumn(table_name, column):
            _refuse_generated(table_name, column)
            default = column.default
            if default and default.kind == "expression" and column.backfill is None:
                raise UnsupportedChange(
                    f"{table_name}.{column.name}: this store cannot compute {default.text!r}",
                    hint="add a `backfill` with the value for the existing rows",
                    line=column.line,
                )
        case AlterColumn(table_name, _, column):
            _refuse_generated(table_name, column)
            if column.using and column.using.expression is not None:
                raise UnsupportedChange(
                    f"{table_name}.{column.name}: this store cannot run the SQL in `using`",
                    hint="write `using` as a mapping of old to new values, or use a hook",
                    line=column.line,
                )
        case _:
            pass


def _refuse_generated(table: str, column: Column) -> None:
    if column.generated is not None:
        raise UnsupportedChange(
            f"{table}.{column.name}: this store cannot keep a generated column",
            hint="remove `generated`",
            line=column.line,
        )


def _step(
    changes: list[Change],
    kept: Archive | None,
    undone: Archive | None,
    before: Table | None,
    after: Table | None,
) -> Step:
    back = [change.inverse() for change in reversed(changes)]
    return Step(
        changes=tuple(changes),
        statements=tuple(_lines(changes, kept, None)),
        undo=tuple(_lines(back, undone, kept)),
        hazards=tuple(_hazards(changes, kept)),
        keeps=kept,
        keeps_undone=undone,
        before=before,
        after=after,
    )


def _lines(
    changes: Sequence[Change], keeps: Archive | None, restores: Archive | None
) -> Iterator[str]:
    if keeps:
        columns = ", ".join(kept.old.name for kept in keeps.kept) or "all rows"
        yield f"Keep {columns} of {keeps.table} in {keeps.name};"
    for change in changes:
        facts = detail(change)
        yield summary(change, qualified=True, done=False) + (f" ({facts})" if facts else "") + ";"
    if restores:
        yield f"Bring values back from {restores.name};"


def _hazards(changes: Sequence[Change], kept: Archive | None) -> Iterator[Hazard]:
    back = "; --rollback brings them back until --purge" if kept else ""
    for change in changes:
        if isinstance(change, DropTable):
            yield Hazard("data_loss", f"the rows of {change.table} go{back}")
        if isinstance(change, DropColumn):
            yield Hazard("data_loss", f"the values of {change.table}.{change.column.name} go{back}")
        if isinstance(change, AlterColumn) and rewrites_values(change):
            yield Hazard("rewrite", f"the values of {change.table}.{change.new.name} change{back}")
