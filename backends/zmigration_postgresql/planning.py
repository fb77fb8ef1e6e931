"""What planning keeps in mind: the tables as they are before the next change."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from zmigration_api import (
    Change,
    Column,
    CreateTable,
    Hazard,
    Schema,
    Step,
    Table,
    UnsupportedChange,
)
from zmigration_sql import literal

from .alter import Alteration
from .catalog import Catalog
from .facts import Facts
from .names import QUOTING, split
from .renames import Renames, moves_of
from .render import UNLOGGED
from .wayback import WayBack

KEPT = "--rollback brings them back until --purge"


class Planning:
    """Follows the tables through the changes: what each is like before the next change."""

    def __init__(
        self,
        changes: Sequence[Change],
        current: Schema,
        desired: Schema,
        facts: Facts,
        way_back: WayBack,
    ) -> None:
        self.changes = changes
        self.facts = facts
        self.way_back = way_back
        self.catalog = Catalog(facts.connection)
        self.renames = Renames(changes)
        self.moves = moves_of(changes)
        self.tables = {table.name: table for table in current.tables}
        self.created = {c.table for c in changes if isinstance(c, CreateTable)}
        self.alterations: dict[int, Alteration] = {}
        self.in_place: dict[int, Step] = {}
        self.aside: dict[tuple[str, str], str] = {}
        self.schemas: set[str] = set()
        self.desired = desired
        self._exact = {table.name for table in desired.tables if table.exact}
        self._live = {table.name: table.name for table in current.tables}
        self._live_columns: dict[tuple[str, str], str] = {}

    def exact(self, table: str) -> bool:
        """Whether the schema file says all of the table, comments too."""
        return table in self._exact

    def live(self, table: str) -> str:
        """The table as the database calls it now."""
        return self._live.get(table, table)

    def place(self, table: str, column: str) -> tuple[str, str]:
        """The table and column as the database calls them now."""
        return self.live(table), self._live_columns.get((table, column), column)

    def columns(self, table: str) -> list[str]:
        """Every column of a table at this point, also those that are not ours."""
        names = {live: new for (owner, new), live in self._live_columns.items() if owner == table}
        there = self.way_back.columns(self.live(table))
        known = self.tables.get(table)
        ours = [column.name for column in known.columns] if known else []
        return list(dict.fromkeys((*(names.get(name, name) for name in there), *ours)))

    def renamed(self, old: str, new: str) -> None:
        """Note that a table got another name."""
        if table := self.tables.pop(old, None):
            self.tables[new] = replace(table, name=new)
            self._live[new] = self._live.pop(old, old)
            for (owner, column), live in list(self._live_columns.items()):
                if owner == old:
                    self._live_columns[new, column] = live

    def column_renamed(self, table: str, old: str, new: str) -> None:
        """Note that a column got another name."""
        self._live_columns[table, new] = self._live_columns.pop((table, old), old)
        if (known := self.tables.get(table)) and (column := known.column(old)):
            self.put(table, old, replace(column, name=new))

    def put(self, table: str, name: str | None, column: Column | None) -> None:
        """Note that a column came (no name), changed, or went (no column)."""
        known = self.tables.get(table)
        if known is None:
            return
        new = () if column is None else (column,)
        columns = (
            (*known.columns, *new)
            if name is None
            else tuple(k for c in known.columns for k in (new if c.name == name else (c,)))
        )
        self.tables[table] = replace(known, columns=columns)

    def note(self, table: Table) -> None:
        """Note what a table is like now."""
        self.tables[table.name] = table

    def new_schema(self, name: str) -> tuple[list[str], list[str]]:
        """The statements that make the schema of a table or type if it is not there, and back."""
        schema = split(name)[0]
        if schema is None or schema in self.schemas or self.facts.has_schema(schema):
            return [], []
        self.schemas.add(schema)
        quoted = QUOTING.name(schema)
        others = "EXCEPTION WHEN dependent_objects_still_exist THEN NULL;"  # it stays for these
        dropped = literal(f"BEGIN DROP SCHEMA {quoted}; {others} END")
        return [f"CREATE SCHEMA {quoted};"], [f"DO {dropped};"]

    def quiet(self, table: str, statements: list[str]) -> list[str]:
        return self.way_back.quiet(table, self.live(table), statements)

    def like_its_table(self, table: str, sequence: str) -> list[str]:
        """The statement that makes a new sequence, as SQL names it, unlogged where its table is."""
        known = self.tables.get(table)
        unlogged = known is not None and UNLOGGED in known.options and self.facts.version >= 15
        return [f"ALTER SEQUENCE {sequence} SET {UNLOGGED};"] if unlogged else []

    def waiting(self, table: str, what: str) -> list[Hazard]:
        text = f"Writes to {table} wait while {what}."
        return [] if table in self.created else [Hazard("lock", text)]


def step(change: Change, statements: Sequence[str], undo: Sequence[str], *hazards: Hazard) -> Step:
    return Step(changes=(change,), statements=tuple(statements), undo=tuple(undo), hazards=hazards)


def refuse(what: str, dependents: Collection[str]) -> None:
    """UnsupportedChange where something depends on it."""
    if dependents:
        raise UnsupportedChange(
            f"{what}: {', '.join(dependents)} depend{'s' if len(dependents) == 1 else ''} on it",
            hint="drop what depends on it, migrate, and create it again",
        )


def rewrite(table: str) -> Hazard:
    return Hazard("rewrite", f"{table} is written anew; nobody reads or writes it meanwhile.")
