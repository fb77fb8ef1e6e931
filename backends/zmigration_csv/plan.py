"""The steps: one for each table that is renamed, and one for all other changes of a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from zmigration_api import (
    AddColumn,
    AddConstraint,
    AddIndex,
    AlterColumn,
    Backfill,
    Change,
    Column,
    CopyOf,
    CreateTable,
    DropColumn,
    DropConstraint,
    DropIndex,
    DropTable,
    Hazard,
    RenameColumn,
    RenameTable,
    Schema,
    Step,
    Table,
    UnsupportedChange,
)

from .staging import file_name


@dataclass(frozen=True, slots=True, kw_only=True)
class FileStep(Step):
    """A step and what the table was before it, which says how old cells are to be read."""

    before: Table | None = None


def plan(changes: Sequence[Change], current: Schema) -> tuple[Step, ...]:
    """The steps in an order that works; UnsupportedChange names what a CSV file cannot do."""
    for change in changes:
        _refuse(change)
    names = {table.name: table.name for table in current.tables}
    steps: list[Step] = []
    groups: dict[str, list[Change]] = {}
    for change in changes:
        if isinstance(change, RenameTable):
            names[change.new] = names.pop(change.old, change.old)
            steps.append(_step([change], None))
        else:
            groups.setdefault(change.table, []).append(change)
    for name, group in groups.items():
        steps.append(_step(group, current.table(names.get(name, name))))
    return tuple(steps)


def must_convert(change: AlterColumn) -> bool:
    """Whether every value goes through the conversion."""
    using = change.new.using
    return change.retyped or change.narrowed or bool(using and using.values)


def fills_nulls(change: AlterColumn) -> bool:
    """Whether nulls get a value because the column becomes required."""
    default = change.new.default
    has_value = default is not None and default.kind == "value"
    return change.tightened and (change.new.backfill is not None or has_value)


def _step(changes: list[Change], before: Table | None) -> FileStep:
    return FileStep(
        changes=tuple(changes),
        statements=tuple(_lines(changes)),
        undo=tuple(_lines([change.inverse() for change in reversed(changes)])),
        hazards=tuple(_hazards(changes)),
        before=before,
    )


def _lines(changes: Sequence[Change]) -> Iterator[str]:
    for change in changes:
        for text in _texts(change):
            yield f"{file_name(_table_of(change))}: {text};"


def _table_of(change: Change) -> str:
    return change.old if isinstance(change, RenameTable) else change.table


def _texts(change: Change) -> Iterator[str]:
    match change:
        case CreateTable(table):
            yield f"create with columns {', '.join(column.name for column in table.columns)}"
        case DropTable():
            yield "remove the file with all its rows"
        case RenameTable(_, new):
            yield f"rename to {file_name(new)}"
        case AddColumn(_, column):
            fill = _fill_text(column)
            yield f"add column {column.name}" + (f" with {fill} in existing rows" if fill else "")
        case DropColumn(_, column):
            yield f"drop column {column.name}"
        case RenameColumn(_, old, new):
            yield f"rename column {old} to {new}"
        case AlterColumn():
            yield from _alterations(change)
        case _:
            return  # neither constraints nor indexes are kept in a CSV file


def _alterations(change: AlterColumn) -> Iterator[str]:
    old, new = change.old, change.new
    if fills_nulls(change):
        yield f"fill empty {new.name} with {_fill_text(new)}"
    if must_convert(change):
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


def _hazards(changes: Sequence[Change]) -> Iterator[Hazard]:
    for change in changes:
        if isinstance(change, DropTable):
            yield Hazard("data_loss", f"every row of {change.table} goes with its file")
        if isinstance(change, DropColumn):
            text = f"the values of {change.table}.{change.column.name} go"
            yield Hazard("data_loss", text)
    if any(_rewrites(change) for change in changes):
        yield Hazard("rewrite", f"{file_name(changes[-1].table)} is written anew")


def _rewrites(change: Change) -> bool:
    match change:
        case AddColumn() | DropColumn() | RenameColumn():
            return True
        case AlterColumn():
            return must_convert(change) or fills_nulls(change)
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
        )


def _refuse_expression(table: str, column: Column) -> None:
    default = column.default
    if default is not None and default.kind == "expression" and column.backfill is None:
        raise UnsupportedChange(
            f"{table}.{column.name}: a CSV file cannot compute the default {default.text!r}",
            hint="add a `backfill` with the value for the existing rows",
        )
