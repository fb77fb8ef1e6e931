"""The statements that SQL dialects have in common, each on one line and ending with `;`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from zmigration_api import (
    Check,
    Column,
    Constraint,
    Exclusion,
    ForeignKey,
    Index,
    PrimaryKey,
    Table,
    UniqueConstraint,
)

from .names import Quoting


@dataclass(frozen=True, slots=True)
class Statements:
    """Statements and clauses with a dialect's quoting."""

    quoting: Quoting

    def table(self, name: str) -> str:
        """The name of a table, wherever a statement says it."""
        return self.quoting.name(name)

    def create_table(
        self,
        table: Table,
        type_text: Callable[[Column], str],
        default_text: Callable[[Column], str | None],
        foreign_keys: Iterable[ForeignKey] = (),
    ) -> str:
        """The table with its columns, keys, unique constraints and checks.

        A primary key of one column stands beside the column. Of the foreign keys only those
        given here are written. `default_text` None is no default.
        """
        key = table.key if len(table.key) == 1 else ()
        parts = [
            self.column(c, type_text(c), default_text(c), key=c.name in key) for c in table.columns
        ]
        if table.primary_key and not key:
            parts.append(self.clause(table.primary_key))
        rest: tuple[Constraint, ...] = (*table.unique, *table.checks, *foreign_keys)
        parts += map(self.named, rest)
        return f"CREATE TABLE {self.table(table.name)} ({', '.join(parts)});"

    def column(
        self, column: Column, type_text: str, default: str | None, *, key: bool = False
    ) -> str:
        """`email VARCHAR(255) NOT NULL DEFAULT 'x'`, as CREATE TABLE and ADD COLUMN take it."""
        words = [self.quoting.name(column.name), type_text]
        if column.required and not (key and column.type.kind in ("int", "bigint")):
            words.append("NOT NULL")
        if key:
            words.append("PRIMARY KEY")
        if column.generated is not None:
            words.append(f"GENERATED ALWAYS AS ({column.generated}) STORED")
        elif default is not None:
            words.append(f"DEFAULT {default}")
        return " ".join(words)

    def drop_table(self, table: str) -> str:
        return f"DROP TABLE {self.table(table)};"

    def rename_table(self, old: str, new: str) -> str:
        return f"{self._alter(old)} RENAME TO {self.quoting.name(new)};"

    def add_column(self, table: str, definition: str) -> str:
        """`definition` is what `column` gives."""
        return f"{self._alter(table)} ADD COLUMN {definition};"

    def drop_column(self, table: str, column: str) -> str:
        return f"{self._alter(table)} DROP COLUMN {self.quoting.name(column)};"

    def rename_column(self, table: str, old: str, new: str) -> str:
        names = f"{self.quoting.name(old)} TO {self.quoting.name(new)}"
        return f"{self._alter(table)} RENAME COLUMN {names};"

    def create_index(self, table: str, index: Index) -> str:
        unique = "UNIQUE " if index.unique else ""
        where = f" WHERE {index.where}" if index.where else ""
        name, columns = self.quoting.name(index.name), self.quoting.names(index.columns)
        return f"CREATE {unique}INDEX {name} ON {self.table(table)}({columns}){where};"

    def drop_index(self, name: str) -> str:
        return f"DROP INDEX {self.quoting.name(name)};"

    def add_constraint(self, table: str, constraint: Constraint) -> str:
        return f"{self._alter(table)} ADD {self.named(constraint)};"

    def drop_constraint(self, table: str, name: str) -> str:
        return f"{self._alter(table)} DROP CONSTRAINT {self.quoting.name(name)};"

    def named(self, constraint: Constraint) -> str:
        """`CONSTRAINT name ...`; a primary key without a name is named by the store."""
        name = f"CONSTRAINT {self.quoting.name(constraint.name)} " if constraint.name else ""
        return name + self.clause(constraint)

    def clause(self, constraint: Constraint) -> str:
        """The constraint without its name."""
        match constraint:
            case PrimaryKey(columns=columns):
                return f"PRIMARY KEY ({self.quoting.names(columns)})"
            case UniqueConstraint(columns=columns):
                return f"UNIQUE ({self.quoting.names(columns)})"
            case Check(expression=expression):
                return f"CHECK ({expression})"
            case Exclusion(definition=definition):
                return f"EXCLUDE {definition}"
            case ForeignKey():
                return self.foreign_key(constraint)

    def foreign_key(self, key: ForeignKey) -> str:
        """The foreign key, with its actions; without columns there it is to the primary key."""
        there = f"({self.quoting.names(key.ref_columns)})" if key.ref_columns else ""
        target = f"{self.table(key.ref_table)}{there}"
        actions = (("DELETE", key.on_delete), ("UPDATE", key.on_update))
        rest = "".join(f" ON {event} {action}" for event, action in actions if action != _NOTHING)
        return f"FOREIGN KEY ({self.quoting.names(key.columns)}) REFERENCES {target}{rest}"

    def _alter(self, table: str) -> str:
        return f"ALTER TABLE {self.table(table)}"


_NOTHING = "NO ACTION"
