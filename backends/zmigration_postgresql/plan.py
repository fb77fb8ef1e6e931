"""Changes as steps: the very statements, how to take them back, and what to know before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from zmigration_api import (
    NO_ARCHIVES,
    AddColumn,
    AddConstraint,
    AddIndex,
    AlterColumn,
    Archives,
    Change,
    Column,
    Constraint,
    CreateTable,
    DropColumn,
    DropConstraint,
    DropIndex,
    DropTable,
    ForeignKey,
    Hazard,
    Index,
    PrimaryKey,
    RenameColumn,
    RenameTable,
    Schema,
    Step,
    Table,
    UniqueConstraint,
    UnsupportedChange,
)

from .alter import Alteration
from .archive import copied
from .catalog import Catalog
from .create import added, added_and_filled, created, index_made, indexed, is_serial
from .facts import Facts
from .fill import fill_text
from .keys import around_keys
from .render import SQL, constraint_name
from .types import canonical, native_type
from .wayback import WayBack

_KEPT = "--rollback brings them back until --purge"


def plan(
    changes: Sequence[Change],
    current: Schema,
    desired: Schema,
    facts: Facts,
    archives: Archives = NO_ARCHIVES,
) -> tuple[Step, ...]:
    """One step for each change, in the order given."""
    catalog = Catalog(facts.connection)
    way_back = WayBack(changes, archives, catalog)
    steps = _Planner(changes, current, desired, facts, way_back).steps()
    return around_keys(way_back.finished(steps), changes, current, SQL)


class _Planner:
    """Follows the tables through the changes: what each is like before the next change."""

    def __init__(
        self,
        changes: Sequence[Change],
        current: Schema,
        desired: Schema,
        facts: Facts,
        way_back: WayBack,
    ) -> None:
        self._changes = changes
        self._exact = {table.name for table in desired.tables if table.exact}
        self._way_back = way_back
        self._facts = facts
        self._tables = {table.name: table for table in current.tables}
        self._live = {table.name: table.name for table in current.tables}
        self._live_columns: dict[tuple[str, str], str] = {}
        self._created = {c.table for c in changes if isinstance(c, CreateTable)}

    def steps(self) -> tuple[Step, ...]:
        return tuple(self._step(change) for change in self._changes)

    def _step(self, change: Change) -> Step:
        match change:
            case CreateTable(table):
                return self._create(change, table)
            case DropTable(table):
                return self._drop(change, table)
            case RenameTable(old, new):
                return self._rename_table(change, old, new)
            case AddColumn(table, column):
                return self._add_column(change, table, column)
            case DropColumn(table, column):
                return self._drop_column(change, table, column)
            case RenameColumn(table, old, new):
                return self._rename_column(change, table, old, new)
            case AlterColumn():
                return self._alter(change)
            case AddIndex(table, index):
                return self._add_index(change, table, index)
            case DropIndex(table, index):
                return self._drop_index(change, table, index)
            case AddConstraint(table, constraint):
                return self._add_constraint(change, table, constraint)
            case DropConstraint(table, constraint):
                return self._drop_constraint(change, table, constraint)
            case _:
                raise NotImplementedError(change)

    def _create(self, change: Change, table: Table) -> Step:
        native = {column.name: canonical(native_type(column, None)) for column in table.columns}
        columns = tuple(replace(c, native=native[c.name]) for c in table.columns)
        self._tables[table.name] = replace(table, columns=columns)
        made = created(table, comments=self._commented(table.name))
        return _step(change, made, [SQL.drop_table(table.name)])

    def _drop(self, change: Change, table: Table) -> Step:
        live = self._live.get(table.name, table.name)
        self._refuse(f"table {table.name} cannot be dropped", self._facts.dependents(live))
        referring = [f"foreign key {n} of {t}" for t, n in self._facts.referring(live)]
        self._refuse(f"table {table.name} cannot be dropped", self._staying(referring))
        self._tables.pop(table.name, None)
        drop = SQL.drop_table(table.name)
        if back := self._way_back.table(live):
            hazards = [Hazard("data_loss", f"The rows of {table.name} go; {_KEPT}.")]
            if back.lost:
                lost = f"Of {table.name}, {', '.join(back.lost)} cannot be brought back."
                hazards.append(Hazard("note", lost))
            step = _step(change, [copied(back.archive, live), drop], back.undo, *hazards)
            return replace(step, keeps=back.archive)
        comments = self._commented(table.name) or table.exact
        undo = [*created(table, comments=comments), *indexed(table, comments=comments)]
        hazard = Hazard("data_loss", f"All rows of {table.name} go with the table.")
        return _step(change, [drop], undo, hazard)

    def _staying(self, referring: list[str]) -> tuple[str, ...]:
        """Of these foreign keys, those that this plan does not drop, nor their tables."""
        gone = set()
        for change in self._changes:
            if isinstance(change, DropConstraint) and isinstance(change.constraint, ForeignKey):
                name = f"foreign key {change.constraint.name} of "
                gone |= {name + change.table, name + self._live.get(change.table, change.table)}
            if isinstance(change, DropTable):
                gone |= {text for text in referring if text.endswith(f" of {change.table}")}
        return tuple(text for text in referring if text not in gone)

    def _rename_table(self, change: Change, old: str, new: str) -> Step:
        if table := self._tables.pop(old, None):
            self._tables[new] = replace(table, name=new)
            self._live[new] = self._live.pop(old, old)
            for (owner, column), live in list(self._live_columns.items()):
                if owner == old:
                    self._live_columns[new, column] = live
        return _step(change, [SQL.rename_table(old, new)], [SQL.rename_table(new, old)])

    def _rename_column(self, change: Change, table: str, old: str, new: str) -> Step:
        self._live_columns[table, new] = self._live_columns.get((table, old), old)
        if (known := self._tables.get(table)) and (column := known.column(old)):
            self._put(table, old, replace(column, name=new))
        forward, back = SQL.rename_column(table, old, new), SQL.rename_column(table, new, old)
        return _step(change, [forward], [back])

    def _add_column(self, change: Change, table: str, column: Column) -> Step:
        known = self._tables.get(table)
        native = native_type(column, known)
        fill, comments = fill_text(column, known, native), self._commented(table)
        undo = [SQL.drop_column(table, column.name)]
        if fill is None or column.generated is not None:
            statements = added(table, column, native, comments=comments)
        else:
            filled = added_and_filled(table, column, native, fill, comments=comments)
            statements = self._quiet(table, filled)
        self._put(table, None, replace(column, native=canonical(native)))
        rewrites = column.generated is not None or is_serial(column)
        hazards = [_rewrite(table)] if rewrites else []
        return _step(change, statements, undo, *hazards)

    def _drop_column(self, change: DropColumn, table: str, column: Column) -> Step:
        place = self._place(table, column.name)
        self._refuse(f"{table}.{column.name} cannot be dropped", self._facts.dependents(*place))
        text = f"All values of {table}.{column.name} go with the column."
        if self._way_back.keeps(table, column.name):
            text = f"The values of {table}.{column.name} go; {_KEPT}."
        hazards = [Hazard("data_loss", text)]
        if attached := self._attached(*place):
            names = ", ".join(attached)
            hazards.append(Hazard("note", f"With {table}.{column.name} go {names}."))
        undo = self._way_back.column(change, place, self._columns(table))
        if undo is None:
            native = column.native or native_type(column, None)
            undo = added(table, column, native, comments=self._commented(table))
        self._put(table, column.name, None)
        return _step(change, [SQL.drop_column(table, column.name)], undo, *hazards)

    def _attached(self, table: str, column: str) -> list[str]:
        """What goes silently with the column, apart from what the plan drops by name."""
        named = {c.index.name for c in self._changes if isinstance(c, DropIndex)}
        named |= {c.constraint.name or "" for c in self._changes if isinstance(c, DropConstraint)}
        return [name for name in self._facts.attached(table, column) if name not in named]

    def _alter(self, change: AlterColumn) -> Step:
        table, column = change.table, change.new.name
        alteration = Alteration.of(change, self._tables.get(table))
        live = self._place(table, column)
        if alteration.changes_native:
            what = f"the type of {table}.{column} cannot change"
            self._refuse(what, self._facts.dependents(*live))
        pattern = alteration.bare_pattern
        bare = pattern is not None and self._facts.all_match(*live, pattern)
        alteration = replace(alteration, bare=bare)
        statements = self._quiet(table, alteration.statements())
        columns = self._columns(table)
        undo = self._way_back.alteration(change, alteration, statements, live, columns)
        step = _step(change, statements, undo)
        new = replace(change.new, native=canonical(alteration.native))
        self._put(table, column, new)
        return replace(step, hazards=tuple(alteration.hazards()))

    def _quiet(self, table: str, statements: list[str]) -> list[str]:
        return self._way_back.quiet(table, self._live.get(table, table), statements)

    def _add_index(self, change: Change, table: str, index: Index) -> Step:
        hazard = self._waiting(table, "the index is built")
        made = list(index_made(table, index, comments=self._commented(table)))
        return _step(change, made, [SQL.drop_index(index.name, table)], *hazard)

    def _add_constraint(self, change: Change, table: str, constraint: Constraint) -> Step:
        statements = [SQL.add_constraint(table, constraint)]
        if self._commented(table):
            statements += SQL.constraint_comment(table, constraint)
        undo = [SQL.drop_constraint(table, constraint_name(table, constraint))]
        if isinstance(constraint, PrimaryKey):
            places = {name: self._place(table, name) for name in constraint.columns}
            undo += self._way_back.nullable_again(table, constraint, places)
        hazard = self._waiting(table, "its rows are checked")
        return _step(change, statements, undo, *hazard)

    def _drop_constraint(self, change: Change, table: str, constraint: Constraint) -> Step:
        name = constraint_name(table, constraint)
        forward = SQL.drop_constraint(table, name)
        live = self._live.get(table, table)
        undo = [SQL.add_constraint(table, constraint)]
        if isinstance(constraint, UniqueConstraint) and self._facts.is_index(live, name):
            forward = SQL.drop_index(name)
            index = Index(columns=constraint.columns, unique=True, name=name)
            undo = [SQL.create_index(table, index)]
            exact = self._way_back.index(live, index)
        else:
            exact = self._way_back.constraint(live, constraint, name)
        return _step(change, [forward], undo if exact is None else [exact] if exact else [])

    def _drop_index(self, change: Change, table: str, index: Index) -> Step:
        exact = self._way_back.index(self._live.get(table, table), index)
        undo = SQL.create_index(table, index) if exact is None else exact
        return _step(change, [SQL.drop_index(index.name)], [undo] if undo else [])

    def _commented(self, table: str) -> bool:
        """Whether the schema file says all of the table, comments too."""
        return table in self._exact

    def _columns(self, table: str) -> list[str]:
        """Every column of a table at this point, also those that are not ours."""
        names = {live: new for (owner, new), live in self._live_columns.items() if owner == table}
        there = self._way_back.columns(self._live.get(table, table))
        known = self._tables.get(table)
        ours = [column.name for column in known.columns] if known else []
        return list(dict.fromkeys((*(names.get(name, name) for name in there), *ours)))

    def _place(self, table: str, column: str) -> tuple[str, str]:
        """The table and column as the database calls them now."""
        return self._live.get(table, table), self._live_columns.get((table, column), column)

    def _waiting(self, table: str, what: str) -> list[Hazard]:
        text = f"Writes to {table} wait while {what}."
        return [] if table in self._created else [Hazard("lock", text)]

    def _refuse(self, what: str, dependents: tuple[str, ...]) -> None:
        if dependents:
            raise UnsupportedChange(
                f"{what}: {', '.join(dependents)} depends on it",
                hint="drop what depends on it, migrate, and create it again",
            )

    def _put(self, table: str, name: str | None, column: Column | None) -> None:
        """Note that a column came (no name), changed, or went (no column)."""
        known = self._tables.get(table)
        if known is None:
            return
        new = () if column is None else (column,)
        columns = (
            (*known.columns, *new)
            if name is None
            else tuple(k for c in known.columns for k in (new if c.name == name else (c,)))
        )
        self._tables[table] = replace(known, columns=columns)


def _step(change: Change, statements: list[str], undo: list[str], *hazards: Hazard) -> Step:
    return Step(changes=(change,), statements=tuple(statements), undo=tuple(undo), hazards=hazards)


def _rewrite(table: str) -> Hazard:
    return Hazard("rewrite", f"{table} is written anew; nobody reads or writes it meanwhile.")
