"""What is called otherwise after the renames of a plan."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from zmigration_api import Change, RenameColumn, RenameTable, RenameType

from .catalog import LiveColumn
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
