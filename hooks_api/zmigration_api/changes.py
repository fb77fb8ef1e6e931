"""The kinds of change. A closed union: `match` on it with `assert_never`.

Each change carries what it needs to be described, undone and rendered without looking
anything up: whole tables, whole columns, both sides of an alteration.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, TypeAlias

from .model import Column, Constraint, ForeignKey, Index, NamedType, PrimaryKey, Table


@dataclass(frozen=True, slots=True)
class CreateTable:
    """A new table, with everything in it except its foreign keys and indexes.

    Foreign keys and indexes follow as changes of their own, so that tables can refer to each
    other in circles.
    """

    content: Table
    breaking: ClassVar[bool] = False

    @property
    def table(self) -> str:
        return self.content.name

    def inverse(self) -> Change:
        return DropTable(self.content)


@dataclass(frozen=True, slots=True)
class DropTable:
    """A table goes, with its rows."""

    content: Table
    breaking: ClassVar[bool] = True

    @property
    def table(self) -> str:
        return self.content.name

    def inverse(self) -> Change:
        return CreateTable(self.content)


@dataclass(frozen=True, slots=True)
class RenameTable:
    """A table gets another name; `table` is the new one."""

    old: str
    new: str
    breaking: ClassVar[bool] = True

    @property
    def table(self) -> str:
        return self.new

    def inverse(self) -> Change:
        return RenameTable(self.new, self.old)


@dataclass(frozen=True, slots=True)
class AddColumn:
    """A new column. Its backfill or default fills the rows that are already there."""

    table: str
    column: Column
    breaking: ClassVar[bool] = False

    def inverse(self) -> Change:
        return DropColumn(self.table, self.column)


@dataclass(frozen=True, slots=True)
class DropColumn:
    """A column goes, with its values."""

    table: str
    column: Column
    breaking: ClassVar[bool] = True

    def inverse(self) -> Change:
        return AddColumn(self.table, self.column)


@dataclass(frozen=True, slots=True)
class RenameColumn:
    """A column gets another name and keeps its values."""

    table: str
    old: str
    new: str
    breaking: ClassVar[bool] = True

    def inverse(self) -> Change:
        return RenameColumn(self.table, self.new, self.old)


@dataclass(frozen=True, slots=True)
class AlterColumn:
    """A column changes its type, default, or whether it is required. Both have one name."""

    table: str
    old: Column
    new: Column

    @property
    def retyped(self) -> bool:
        exact = (self.old.exact_type, self.new.exact_type)
        return self.old.type != self.new.type or (None not in exact and exact[0] != exact[1])

    @property
    def tightened(self) -> bool:
        return self.new.required and not self.old.required

    @property
    def fills_nulls(self) -> bool:
        """Whether nulls get a value because the column becomes required."""
        return self.tightened and self.new.fills_nulls

    @property
    def narrowed(self) -> bool:
        """Whether values of the enumeration went away or an enumeration came."""
        if not self.new.enum:
            return False
        return not self.old.enum or not set(self.old.enum) <= set(self.new.enum)

    @property
    def breaking(self) -> bool:
        return self.retyped or self.tightened or self.narrowed

    def inverse(self) -> Change:
        return AlterColumn(self.table, self.new, self.old)


@dataclass(frozen=True, slots=True)
class AddIndex:
    """A new index."""

    table: str
    index: Index
    breaking: ClassVar[bool] = False

    def inverse(self) -> Change:
        return DropIndex(self.table, self.index)


@dataclass(frozen=True, slots=True)
class DropIndex:
    """An index goes."""

    table: str
    index: Index
    breaking: ClassVar[bool] = False

    def inverse(self) -> Change:
        return AddIndex(self.table, self.index)


@dataclass(frozen=True, slots=True)
class AddConstraint:
    """A new primary key, unique constraint, foreign key or check."""

    table: str
    constraint: Constraint

    @property
    def breaking(self) -> bool:
        """A foreign key counts as an addition (so says the specification); the others tighten."""
        return not isinstance(self.constraint, ForeignKey)

    def inverse(self) -> Change:
        return DropConstraint(self.table, self.constraint)


@dataclass(frozen=True, slots=True)
class DropConstraint:
    """A constraint goes."""

    table: str
    constraint: Constraint

    @property
    def breaking(self) -> bool:
        return isinstance(self.constraint, PrimaryKey)

    def inverse(self) -> Change:
        return AddConstraint(self.table, self.constraint)


@dataclass(frozen=True, slots=True)
class RenamePart:
    """An index or a constraint gets another name."""

    table: str
    part: Literal["index", "constraint"]
    old: str
    new: str
    breaking: ClassVar[bool] = False

    def inverse(self) -> Change:
        return RenamePart(self.table, self.part, self.new, self.old)


@dataclass(frozen=True, slots=True)
class AlterTable:
    """What the store says of the whole table (`Table.options`) becomes other.

    With `index` these are the storage parameters of that index, which may be behind a key.
    """

    table: str
    old: tuple[str, ...] = ()
    new: tuple[str, ...] = ()
    index: str | None = None
    breaking: ClassVar[bool] = False

    def inverse(self) -> Change:
        return AlterTable(self.table, self.new, self.old, self.index)


@dataclass(frozen=True, slots=True)
class SetComment:
    """The comment on a table, or on a column, index or constraint of it, becomes another.

    `name` is that of the column, index or constraint, as it is after the other changes.
    """

    table: str
    on: Literal["table", "column", "index", "constraint"]
    name: str | None = None
    old: str | None = None
    new: str | None = None
    breaking: ClassVar[bool] = False

    def inverse(self) -> Change:
        return SetComment(self.table, self.on, self.name, self.new, self.old)


@dataclass(frozen=True, slots=True)
class CreateType:
    """A new named type. `table` of this and the following is the type's name."""

    content: NamedType
    breaking: ClassVar[bool] = False

    @property
    def table(self) -> str:
        return self.content.name

    def inverse(self) -> Change:
        return DropType(self.content)


@dataclass(frozen=True, slots=True)
class DropType:
    """A named type goes, which no column of the new schema has."""

    content: NamedType
    breaking: ClassVar[bool] = False

    @property
    def table(self) -> str:
        return self.content.name

    def inverse(self) -> Change:
        return CreateType(self.content)


@dataclass(frozen=True, slots=True)
class AlterType:
    """A named type gets other values, or another definition. Both have one name."""

    old: NamedType
    new: NamedType

    @property
    def table(self) -> str:
        return self.new.name

    @property
    def breaking(self) -> bool:
        """An enumeration that only gets more values takes nothing away."""
        return self.new.kind != "enum" or not set(self.old.values) <= set(self.new.values)

    def inverse(self) -> Change:
        return AlterType(self.new, self.old)


@dataclass(frozen=True, slots=True)
class RenameType:
    """A named type gets another name; columns of it keep their values."""

    old: str
    new: str
    breaking: ClassVar[bool] = True

    @property
    def table(self) -> str:
        return self.new

    def inverse(self) -> Change:
        return RenameType(self.new, self.old)


TypeChange: TypeAlias = CreateType | DropType | AlterType | RenameType
NeutralChange: TypeAlias = (
    CreateTable
    | DropTable
    | RenameTable
    | AddColumn
    | DropColumn
    | RenameColumn
    | AlterColumn
    | AddIndex
    | DropIndex
    | AddConstraint
    | DropConstraint
)
"""What a store of any kind may be asked for."""
ExactChange: TypeAlias = RenamePart | AlterTable | SetComment | TypeChange
"""What only stores whose tables can be said exactly are asked for."""
Change: TypeAlias = NeutralChange | ExactChange
