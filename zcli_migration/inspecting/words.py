"""What the parts of this room know of the file that they write."""

from __future__ import annotations

from dataclasses import dataclass

from zcli_migration.schema_file.names import POSTGRESQL, bare, default_name, is_sqlite


@dataclass(frozen=True, slots=True)
class Dialect:
    """The kind of store that the file is of, and whether the file is exact."""

    data_type: str
    exact: bool

    @property
    def postgresql(self) -> bool:
        return self.data_type in POSTGRESQL

    @property
    def keys_are_required(self) -> bool:
        """Whether a column of a primary key that says nothing of it is required."""
        return not (self.exact and is_sqlite(self.data_type))

    def default_name(self, prefix: str, table: str, parts: tuple[str, ...]) -> str:
        """The name that reading gives where the file gives none."""
        return default_name(prefix, bare(table, self.data_type), parts)

    def usual_key_name(self, table: str) -> str | None:
        """The name that the store gives a primary key; None where it gives none."""
        return f"{bare(table, self.data_type)}_pkey" if self.postgresql else None
