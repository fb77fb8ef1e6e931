"""What is called otherwise after the renames of a plan."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from zmigration_api import Change, RenameColumn, RenameTable, RenameType, Step
from zmigration_api.renames import Rename, moves, passing

from .catalog import LiveColumn
from .names import join, split
from .translate import translated


class Renames:
    """What tables and columns that are live now are called after the plan's renames."""

    def __init__(self, changes: Iterable[Change]) -> None:
        self.tables: dict[str, str] = {}
        self.types: dict[str, str] = {}
        self._columns: dict[str, dict[str, str]] = {}
        for change in changes:
            match change:
                case RenameTable(old, new):
                    self.tables[old] = new
                    if old in self._columns:
                        self._columns[new] = self._columns.pop(old)
                case RenameColumn(table, old, new):
                    self._columns.setdefault(table, {})[old] = new
                case RenameType(old, new):
                    self.types[old] = new
                case _:
                    pass

    def table(self, live: str) -> str:
        return self.tables.get(live, live)

    def column(self, live_table: str, live: str) -> str:
        return self.columns(live_table).get(live, live)

    def columns(self, live_table: str) -> dict[str, str]:
        """The new names of renamed columns by the live ones."""
        return self._columns.get(self.table(live_table), {})

    def typed(self, column: LiveColumn) -> LiveColumn:
        """The column with its type, and that in its default, under the new name."""
        if not self.types:
            return column
        text = column.default
        default = None if text is None else translated(text, {}, None, self.types)
        native = translated(f"::{column.native}", {}, None, self.types).removeprefix("::")
        return replace(column, native=native, default=default)

    @property
    def any(self) -> bool:
        """Whether the plan renames a table, a column or a type."""
        return bool(self.tables or self.types or any(self._columns.values()))


def moves_of(changes: Sequence[Change]) -> dict[Rename, list[tuple[str, str]]]:
    """From which name to which each rename goes: by a passing one where the new one is taken."""
    found: dict[Rename, list[tuple[str, str]]] = {}
    found |= moves([c for c in changes if isinstance(c, RenameTable)], passing=_passing)
    columns = [c for c in changes if isinstance(c, RenameColumn)]
    for table in dict.fromkeys(c.table for c in columns):
        found |= moves([c for c in columns if c.table == table])
    return found


def _passing(table: str) -> str:
    schema, name = split(table)
    return join(schema, passing(name))


def joined(steps: Sequence[Step], ways: Mapping[Rename, Sequence[tuple[str, str]]]) -> list[Step]:
    """The steps, with renames as one of which none can be taken back without the others."""
    made: list[Step] = []
    waiting: set[str] = set()
    for step in steps:
        made.append(_after(made.pop(), step) if waiting else step)
        for change in step.changes:
            if isinstance(change, RenameTable | RenameColumn):
                first, *rest = ways[change]
                waiting |= {change.new} - {first[1]}
                waiting -= {new for _, new in rest}
    return made


def _after(first: Step, second: Step) -> Step:
    return Step(
        changes=(*first.changes, *second.changes),
        statements=(*first.statements, *second.statements),
        undo=(*second.undo, *first.undo),
        hazards=(*first.hazards, *second.hazards),
    )
