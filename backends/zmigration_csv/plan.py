"""The steps: one for each table that is renamed, and one for all other changes of a table."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TypeAlias

from zmigration_api import (
    NO_ARCHIVES,
    AddColumn,
    AddConstraint,
    AddIndex,
    AlterColumn,
    Archive,
    Archives,
    Backfill,
    Change,
    Column,
    ColumnType,
    CopyOf,
    CreateTable,
    DropColumn,
    DropConstraint,
    DropIndex,
    DropTable,
    Hazard,
    KeptColumn,
    RenameColumn,
    RenameTable,
    Schema,
    Step,
    Table,
    UnsupportedChange,
)
from zmigration_api.renames import in_steps

from .staging import file_name

Live: TypeAlias = Callable[[str], Collection[str]]
"""The columns that a table's file has now, in their order; none if it is not there."""


def plan(
    changes: Sequence[Change],
    current: Schema,
    desired: Schema,
    archives: Archives = NO_ARCHIVES,
    live: Live = lambda table: (),
) -> tuple[Step, ...]:
    """The steps in an order that works; UnsupportedChange names what a CSV file cannot do."""
    for change in changes:
        _refuse(change)
    names = {table.name: table.name for table in current.tables}
    steps: list[Step] = []
    groups: dict[str, list[Change]] = {}
    for renames in in_steps([c for c in changes if isinstance(c, RenameTable)]):
        names |= {c.new: names.pop(c.old, c.old) for c in renames}
        steps.append(_step([*renames]))
    for change in changes:
        if not isinstance(change, RenameTable):
            groups.setdefault(change.table, []).append(change)
    for name, group in groups.items():
        old = names.get(name, name)
        if isinstance(group[0], CreateTable):
            steps.append(_step(group, undone=archives.undone_of(name), after=desired.table(name)))
            continue
        before = _whole(current.table(old), live(old) if archives.kept else ())
        after = _after(group, before, desired.table(name))
        kept, undone = archives.of(old), archives.undone_of(name)
        steps.append(_step(group, kept, undone, before, after))
    return tuple(steps)


def kept_of(archive: Archive | None, changes: Iterable[Change], name: str) -> KeptColumn | None:
    """What is kept of a column, by its name before `changes` take the plan back."""
    back = {c.old: c.new for c in changes if isinstance(c, RenameColumn)}
    return archive.kept_column(back.get(name, name)) if archive else None


def must_convert(change: AlterColumn) -> bool:
    """Whether every value goes through the conversion."""
    using = change.new.using
    return change.retyped or change.narrowed or bool(using and using.values)


def _step(
    changes: list[Change],
    kept: Archive | None = None,
    undone: Archive | None = None,
    before: Table | None = None,
    after: Table | None = None,
) -> Step:
    back = [change.inverse() for change in reversed(changes)]
    fill_lines = set(_fill_lines(back))
    return Step(
        changes=tuple(changes),
        statements=tuple(_lines(changes, kept, None)),
        undo=tuple(line for line in _lines(back, undone, kept) if line not in fill_lines),
        hazards=tuple(_hazards(changes, kept)),
        keeps=kept,
        keeps_undone=undone,
        before=before,
        after=after,
    )


def _whole(table: Table | None, live: Collection[str]) -> Table | None:
    """The table as its file has it: also with columns that are not ours, and in its order."""
    if table is None or not live:
        return table
    text = ColumnType(kind="text")
    columns = (table.column(name) or Column(name=name, type=text) for name in live)
    return replace(table, columns=tuple(columns))


def _after(changes: Sequence[Change], before: Table | None, desired: Table | None) -> Table | None:
    """The table as its file will be."""
    if before is None or desired is None:
        return desired
    new_names = {c.old: c.new for c in changes if isinstance(c, RenameColumn)}
    columns = [replace(c, name=new_names.get(c.name, c.name)) for c in before.columns]
    for change in changes:
        match change:
            case AddColumn(_, column):
                columns.append(column)
            case DropColumn(_, column):
                columns = [c for c in columns if c.name != column.name]
            case AlterColumn(_, old, new):
                columns = [new if c.name == old.name else c for c in columns]
            case _:
                pass
    return replace(desired, columns=tuple(columns))


def _lines(
    changes: Sequence[Change], keeps: Archive | None, restores: Archive | None
) -> Iterator[str]:
    file = file_name(changes[-1].table)
    for kept in keeps.kept if keeps else ():
        yield f"{file}: keep column {kept.old.name} in {_file_of(keeps)};"
    for change in changes:
        for text in _texts(change, changes, keeps, restores):
            yield f"{file_name(_table_of(change))}: {text};"


def _file_of(archive: Archive | None) -> str:
    return file_name(archive.name) if archive else ""


def _fill_lines(changes: Iterable[Change]) -> Iterator[str]:
    for change in changes:
        if isinstance(change, AlterColumn) and change.fills_nulls:
            yield f"{file_name(change.table)}: {_fill_line(change)};"


def _fill_line(change: AlterColumn) -> str:
    return f"fill empty {change.new.name} with {_fill_text(change.new)}"


def _table_of(change: Change) -> str:
    return change.old if isinstance(change, RenameTable) else change.table


def _texts(
    change: Change, changes: Sequence[Change], keeps: Archive | None, restores: Archive | None
) -> Iterator[str]:
    match change:
        case CreateTable() if restores:
            yield f"create as a copy of {_file_of(restores)}"
        case CreateTable(table):
            yield f"create with columns {', '.join(column.name for column in table.columns)}"
        case DropTable() if keeps:
            yield f"keep the file with all its rows as {_file_of(keeps)}"
        case DropTable():
            yield "remove the file with all its rows"
        case RenameTable(_, new):
            yield f"rename to {file_name(new)}"
        case AddColumn(_, column) if kept_of(restores, changes, column.name):
            yield f"add column {column.name} with the values kept in {_file_of(restores)}"
        case AddColumn(_, column):
            fill = _fill_text(column)
            yield f"add column {column.name}" + (f" with {fill} in existing rows" if fill else "")
        case DropColumn(_, column):
            yield f"drop column {column.name}"
        case RenameColumn(_, old, new):
            yield f"rename column {old} to {new}"
        case AlterColumn(_, old, _):
            back = kept_of(restores, changes, old.name)
            yield from _alterations(change, _file_of(restores) if back else None)
        case _:
            return  # neither constraints nor indexes are kept in a CSV file


def _alterations(change: AlterColumn, kept_in: str | None) -> Iterator[str]:
    old, new = change.old, change.new
    if change.fills_nulls:
        yield _fill_line(change)
    if kept_in and change.retyped:
        yield f"convert {new.name} from {old.type} to {new.type} with the values kept in {kept_in}"
    elif kept_in:
        yield f"give {new.name} the values kept in {kept_in}"
    elif must_convert(change):
        what = f" from {old.type} to {new.type}" if change.retyped else " to its allowed values"
        mapped = ", ".join(f"{a} → {'null' if b is None else b}" for a, b in _mapping(new))
        yield f"convert {new.name}{what}" + (f" with {mapped}" if mapped else "")
    if change.tightened:
        yield f"require {new.name} in every row"


def _mapping(column: Column) -> tuple[tuple[str, str | None], ...]:
    return column.using.values if column.using else ()


def _fill_text(column: Column) -> str | None:
    if column.backfill is not None:
        return _backfill_text(column.backfill)
    default = column.default
    if default is None or default.kind == "app":
        return None
    return "the current time" if default.kind == "now" else repr(default.text)


def _backfill_text(backfill: Backfill) -> str | None:
    parts = []
    for part in backfill.parts:
        if isinstance(part, CopyOf):
            parts.append(part.column)
        else:
            parts.append("null" if part.text is None else repr(part.text))
    return " + ".join(parts)


def _hazards(changes: Sequence[Change], kept: Archive | None) -> Iterator[Hazard]:
    back = "; --rollback brings them back until --purge" if kept else ""
    for change in changes:
        if isinstance(change, DropTable):
            what = f"the rows of {change.table} go" if kept else f"every row of {change.table} goes"
            yield Hazard("data_loss", f"{what} with its file{back}")
        if isinstance(change, DropColumn):
            text = f"the values of {change.table}.{change.column.name} go{back}"
            yield Hazard("data_loss", text)
    if any(_rewrites(change) for change in changes):
        file = file_name(changes[-1].table)
        text = f"{file} is written anew; stop the app first: zCLI writes its own copy back"
        yield Hazard("rewrite", text)


def _rewrites(change: Change) -> bool:
    match change:
        case AddColumn() | DropColumn() | RenameColumn():
            return True
        case AlterColumn():
            return must_convert(change) or change.fills_nulls
        case _:
            return False


def _refuse(change: Change) -> None:
    match change:
        case CreateTable(table):
            file_name(table.name)
            for column in table.columns:
                _refuse_column(table.name, column)
        case RenameTable(_, new):
            file_name(new)
        case AddColumn(table, column):
            _refuse_column(table, column)
            _refuse_expression(table, column)
        case AlterColumn(table, _, new):
            _refuse_column(table, new)
            if new.using and new.using.expression is not None:
                raise UnsupportedChange(
                    f"{table}.{new.name}: a CSV file cannot run the SQL in `using`",
                    hint="write `using` as a mapping of old to new values, or use a hook",
                )
        case DropTable() | DropColumn() | RenameColumn() | AddIndex() | DropIndex():
            pass
        case AddConstraint() | DropConstraint():
            pass


def _refuse_column(table: str, column: Column) -> None:
    if column.generated is not None:
        raise UnsupportedChange(
            f"{table}.{column.name}: a CSV file cannot keep a generated column",
            hint="remove `generated`, or keep the table in SQLite or PostgreSQL",
            line=column.line,
        )


def _refuse_expression(table: str, column: Column) -> None:
    default = column.default
    if default is not None and default.kind == "expression" and column.backfill is None:
        raise UnsupportedChange(
            f"{table}.{column.name}: a CSV file cannot compute the default {default.text!r}",
            hint="add a `backfill` with the value for the existing rows",
            line=column.line,
        )
