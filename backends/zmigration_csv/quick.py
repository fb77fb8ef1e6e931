"""What can be said of a column of a new file without looking at its cells one by one."""

from __future__ import annotations

from dataclasses import dataclass, replace

from zmigration_api import Column


@dataclass(frozen=True, slots=True)
class Stay:
    """A conversion that leaves many values as they are.

    `copied`: it refuses what is no value of the old type, where others take that as a text.
    """

    old: Column
    new: Column
    copied: bool = False


@dataclass(frozen=True, slots=True)
class Quick:
    """A new cell is the old one at `position` where no conversion of `stays` changes it.

    Nulls stay as they are if they are written that way: nothing, or a pair of quotes.
    """

    position: int
    stays: tuple[Stay, ...] = ()
    bare_null: bool = True
    quoted_null: bool = True

    def converted(self, old: Column, new: Column) -> Quick:
        """The same cell after a change of type."""
        return replace(self, stays=(*self.stays, Stay(old, new)))

    def copied(self, old: Column, new: Column) -> Quick:
        """The cell of another column that takes its value from this one."""
        stays = (*self.stays, Stay(old, new, copied=True))
        return replace(self, stays=stays, quoted_null=False)

    def filled(self) -> Quick:
        """The same cell where it is not null."""
        return replace(self, bare_null=False, quoted_null=False)
