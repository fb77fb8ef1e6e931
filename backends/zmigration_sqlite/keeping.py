"""What a plan keeps of each table, under the names that tables and columns have after renames."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from zmigration_api import (
    NO_ARCHIVES,
    AlterColumn,
    Archive,
    Archives,
    Change,
    DropColumn,
    RenameColumn,
    RenameTable,
)

from . import archive
from .archive import tells_apart
from .ddl import TableText
from .live import TableNow
from .tokens import fold


class Keeping:
    """The archives of a plan by table. `asked`: somebody may take the plan back."""

    def __init__(self, archives: Archives, changes: Sequence[Change]) -> None:
        self.asked = archives is not NO_ARCHIVES
        self._archives = archives
        self._renames = [change for change in changes if isinstance(change, RenameColumn)]
        self._tables = {c.old: c.new for c in changes if isinstance(c, RenameTable)}

    def kept(self, table: str) -> Archive | None:
        """What is kept of a table that stays."""
        named = (a for a in self._archives.kept if fold(a.new_table or "") == fold(table))
        return next(named, None)

    def dropped(self, table: str) -> Archive | None:
        """The copy of a table that goes."""
        gone = (a for a in self._archives.kept if a.new_table is None)
        return next(
            (a for a in gone if fold(self._tables.get(a.table, a.table)) == fold(table)), None
        )

    def undone(self, table: str) -> Archive | None:
        """What taking the plan back keeps of a table."""
        return next((a for a in self._archives.undone if fold(a.table) == fold(table)), None)

    def names(self, table: str) -> Mapping[str, str]:
        """The new names of a table's renamed columns by their old ones."""
        return {c.old: c.new for c in self._renames if fold(c.table) == fold(table)}

    def columns(self, table: str) -> frozenset[str]:
        """The folded names of columns whose values are kept."""
        kept, names = self.kept(table), self.names(table)
        columns = [k.new.name if k.new else k.old.name for k in (kept.kept if kept else ())]
        return frozenset(fold(names.get(name, name)) for name in columns)

    def joins(self, work: Sequence[Change]) -> bool:
        """Whether the work of a table is to be one step, so that it is taken back as one."""
        return self.needs_rebuild(work) or self.undone(work[0].table) is not None

    def needs_rebuild(self, work: Sequence[Change]) -> bool:
        """Whether only a rebuild takes it back: values come from an archive, to their place."""
        dropped = any(isinstance(change, DropColumn) for change in work)
        return self.kept(work[0].table) is not None or (self.asked and dropped)

    def one_by_one(self, work: Sequence[Change]) -> bool:
        """Whether changes made one after the other see the values that an archive sees."""
        return sum(isinstance(change, AlterColumn) for change in work) < 2

    def statements(
        self, work: Sequence[Change], now: TableNow, text: TableText, gone: Collection[str] = ()
    ) -> tuple[str, ...]:
        """Keep what the work that makes the table `text` destroys; indexes in `gone` go."""
        kept = self.kept(now.live.name)
        if kept is None:
            return ()
        indexes = [index for index in now.live.indexes if index.name not in gone]
        alone = tells_apart(text, indexes, kept.row_names)
        return archive.kept(kept, now, work, text, self.names(now.live.name), alone)
