"""All changes of one table's rows: one row in, the row after the changes out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeAlias

from zmigration_api.archive import Archive, KeptColumn
from zmigration_api.changes import AddColumn, AlterColumn, DropColumn, RenameColumn
from zmigration_api.computed import Computed, Read, comparable
from zmigration_api.conversion import carry
from zmigration_api.errors import StepFailed
from zmigration_api.model import Column, CopyOf, Table
from zmigration_api.plan import Step
from zmigration_api.renames import moves

from .cells import JSON_NULL, as_type, plain

Cells: TypeAlias = dict[str, Any]
Kept: TypeAlias = Mapping[str, Any] | None
"""The archive's row that belongs to a row, if there is one."""
_Do: TypeAlias = Callable[[Cells, Kept], None]


@dataclass(slots=True)
class Rework:
    """What the changes of a step do to each row of the table that it finds.

    `found` is the table as the store has it, `archived` the archive that values come back from.
    `columns` are those that a row has, each with the type of its values at that moment.
    """

    found: Table
    step: Step
    now: datetime
    archived: Table | None = None
    columns: dict[str, Column] = field(default_factory=dict)
    lacking: dict[str, int] = field(default_factory=dict)
    _do: list[_Do] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.columns = {column.name: column for column in self.found.columns}
        ways = moves([c for c in self.step.changes if isinstance(c, RenameColumn)])
        for change in self.step.changes:
            match change:
                case AddColumn(_, column):
                    self._add(column)
                case DropColumn(_, column):
                    self._have(column.name)
                    del self.columns[column.name]
                    self._do.append(_dropping(column.name))
                case RenameColumn():
                    for old, new in ways[change]:
                        self._rename(old, new)
                case AlterColumn():
                    self._alter(change)
                case _:
                    pass  # what holds between rows is the new table's part

    def row(self, cells: Mapping[str, Any], kept: Kept) -> Cells:
        """The row after the changes; StepFailed says what is wrong with it."""
        new = dict(cells)
        for do in self._do:
            do(new, kept)
        return new

    def refuse_lacking(self) -> None:
        """StepFailed if rows lack what a column that comes back requires."""
        for name, count in self.lacking.items():
            rows = "1 row that has" if count == 1 else f"{count} rows that have"
            raise self._failed(
                f"{name} is required, and {rows} come or changed since lack a value for it",
                "remove these rows, or stay with the migration",
            )

    def _rename(self, old: str, new: str) -> None:
        self._have(old)
        self._refuse_taken(new)
        self.columns[new] = replace(self.columns.pop(old), name=new)
        self._do.append(_renaming(old, new))

    def _add(self, column: Column) -> None:
        self._refuse_taken(column.name)
        kept = self._kept(column.name)
        if kept is not None and kept.new is None:
            self._bring_back(column, kept)
            return
        make, read = self._computed(None, column), self._reader(column)
        self.columns[column.name] = column

        def add(cells: Cells, _: Kept) -> None:
            cells[column.name] = self._made(make, read(cells), column, None)

        self._do.append(add)

    def _bring_back(self, column: Column, kept: KeptColumn) -> None:
        assert self.archived is not None
        before = self.archived.column(kept.before) or column
        make = self._computed(None, replace(column, backfill=None))
        self.columns[column.name] = column

        def add(cells: Cells, found: Kept) -> None:
            if found is None:
                cells[column.name] = make.value(lambda c: (None, c), self.now)
                self._count_lacking(column, cells[column.name])
            else:
                cells[column.name] = as_type(found[kept.before], before.type, column.type)

        self._do.append(add)

    def _alter(self, change: AlterColumn) -> None:
        name, old, new = change.new.name, change.old, change.new
        self._have(name)
        kept = self._kept(name)
        if kept is not None and kept.new is not None:
            self._take_back(change, kept)
            return
        using = bool(new.using and new.using.values)
        changes_values = change.retyped or change.narrowed or using
        fills = change.fills_nulls and not self.step.back
        if not changes_values and not fills:
            if change.tightened and not self.step.back:
                self._do.append(lambda cells, _: self._require(cells[name], new, None))
            return
        make, read = self._computed(old, new, fills=fills), self._reader(new)
        self.columns[name] = replace(new, native=None)

        def alter(cells: Cells, _: Kept) -> None:
            cells[name] = self._made(make, read(cells), new, cells[name])

        self._do.append(alter)

    def _take_back(self, change: AlterColumn, kept: KeptColumn) -> None:
        name, old, new = change.new.name, change.old, change.new
        assert self.archived is not None
        before, after = self.archived.column(kept.before), self.archived.column(kept.after)
        make, read = self._computed(old, new, fills=False), self._reader(new)
        here = self.columns[name]
        self.columns[name] = replace(new, native=None)

        def alter(cells: Cells, found: Kept) -> None:
            if found is not None and before and after:
                was = as_type(found[kept.after], after.type, here.type)
                if comparable(cells[name], here) == comparable(was, here):
                    cells[name] = as_type(found[kept.before], before.type, new.type)
                    return
            cells[name] = self._converted(make, read(cells), new, cells[name])
            if change.tightened:
                self._count_lacking(new, cells[name])

        self._do.append(alter)

    def _computed(self, old: Column | None, new: Column, *, fills: bool = True) -> Computed:
        parts = new.backfill.parts if new.backfill and fills else ()
        names = dict.fromkeys(part.column for part in parts if isinstance(part, CopyOf))
        sources = ((name, self._copied(name, new)) for name in names)
        return Computed(old=old, new=new, sources=tuple(sources), fills=fills)

    def _copied(self, name: str, new: Column) -> Computed:
        if name not in self.columns:
            raise self._failed(f"{new.name} is filled from the column {name!r}, which is not there")
        have = self.columns[name]
        before = self.step.before.column(name) if self.step.before else None
        untouched = have is self.found.column(name)
        meant = before if before and untouched else have
        return Computed(old=meant, new=meant, fills=False)

    def _reader(self, new: Column) -> Callable[[Cells], Read]:
        """What reads the columns as they are before this change, as the types that are asked."""
        types = {name: column.type for name, column in self.columns.items()}

        def reading(cells: Cells) -> Read:
            def read(column: Column) -> tuple[Any, Column]:
                return as_type(cells[column.name], types[column.name], column.type), column

            return read

        return reading

    def _made(self, make: Computed, read: Read, column: Column, value: Any) -> Any:  # noqa: ANN401
        made = self._converted(make, read, column, value)
        if not self.step.back:
            self._require(made, column, value)
        return made

    def _converted(self, make: Computed, read: Read, column: Column, value: Any) -> Any:  # noqa: ANN401
        try:
            if value is JSON_NULL and make.old is not None:
                made = carry(None, make.old, column)
                return JSON_NULL if made is None else made
            made = make.value(read, self.now)
            return JSON_NULL if made is None and _says_null(value, make) else made
        except ValueError as error:
            shown = "" if value is None else f" {plain(value)!r}"
            raise self._failed(
                f"{column.name}{shown} {error}", "mend the value, or write `using`"
            ) from None

    def _require(self, value: Any, column: Column, was: Any) -> None:  # noqa: ANN401
        if value is None and column.required:
            raise self._failed(f"{column.name} is required and a row has no value for it")

    def _count_lacking(self, column: Column, value: Any) -> None:  # noqa: ANN401
        if value is None and column.required:
            self.lacking[column.name] = self.lacking.get(column.name, 0) + 1

    def _kept(self, name: str) -> KeptColumn | None:
        """What is kept of a column, by its name before the plan."""
        archive, changes = self.step.restores, self.step.changes
        back = {c.old: c.new for c in changes if isinstance(c, RenameColumn)}
        return archive.kept_column(back.get(name, name)) if archive else None

    def _have(self, name: str) -> None:
        if name not in self.columns:
            raise self._failed(f"has no column {name!r}", "compare the store with the schema")

    def _refuse_taken(self, name: str) -> None:
        if name in self.columns:
            raise self._failed(f"Column already exists: {name!r}", "run again, or use --force-sync")

    def _failed(self, message: str, hint: str | None = None) -> StepFailed:
        return StepFailed(f"{self.found.name}: {message}", hint=hint)


def _says_null(value: Any, make: Computed) -> bool:  # noqa: ANN401
    """Whether a text is JSON's `null`, and no `using` makes a null of it."""
    mapped = {text for text, _ in make.new.using.values} if make.new.using else set()
    return value is not None and make.new.type.kind == "json" and str(value) not in mapped


def _dropping(name: str) -> _Do:
    return lambda cells, _: cells.pop(name)


def _renaming(old: str, new: str) -> _Do:
    def rename(cells: Cells, _: Kept) -> None:
        cells[new] = cells.pop(old)

    return rename


def row_key(archive: Archive, columns: Mapping[str, Column]) -> Callable[[Mapping[str, Any]], Any]:
    """What tells a row apart, from its cells; `columns` say the types of these."""
    wanted = [(new.name, columns[new.name].type, new) for _, new in archive.rows]

    def key(cells: Mapping[str, Any]) -> tuple[Any, ...]:
        return tuple(comparable(plain(as_type(cells[n], t, c.type)), c) for n, t, c in wanted)

    return key
