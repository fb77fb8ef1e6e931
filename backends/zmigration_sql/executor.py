"""What the shared SQL needs of a dialect: a connection that runs texts, and its ways."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal, Protocol

from zmigration_api import Column

from .names import Quoting


class Codec(Protocol):
    """Values as the driver takes and gives them. Never called with None.

    `column.native` is the live type text where it is known.
    """

    def to_store(self, value: Any, column: Column) -> Any:  # noqa: ANN401
        """What the driver takes; ValueError with the reason if the store cannot keep it."""
        ...

    def from_store(self, raw: Any, column: Column) -> Any:  # noqa: ANN401
        """The typed value; ValueError with the reason if what is stored is none."""
        ...


class Executor(Protocol):
    """A connection of one dialect. Its errors are `StoreError`s.

    `placeholder` is how a parameter is written: `?` or `%s`. A text without parameters is run
    as it is; in one with parameters and the placeholder `%s`, a percent sign is written `%%`.
    """

    @property
    def dialect(self) -> Literal["sqlite", "postgresql"]: ...
    @property
    def quoting(self) -> Quoting: ...
    @property
    def placeholder(self) -> str: ...
    @property
    def codec(self) -> Codec: ...

    def query(self, sql: str, params: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
        """The rows, fetched as they are asked for."""
        ...

    def rows(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows at once; the statement has run to its end."""
        ...

    def execute(self, sql: str, params: Sequence[Any] = ()) -> int:
        """Run one statement; how many rows it touched."""
        ...

    def execute_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> int:
        """Run one statement for each of the rows; how many rows it touched."""
        ...
