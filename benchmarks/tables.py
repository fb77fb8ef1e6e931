"""The tables that every tool checks: the same columns, keys and indexes for each of them."""

from __future__ import annotations

from dataclasses import dataclass

FAMILY = 10
"""Each table refers to the one before it, but for the first of so many."""


@dataclass(frozen=True, slots=True)
class TableSpec:
    """One table of nine columns; `parent` is the table that its `parent_id` refers to."""

    name: str
    parent: str | None


def tables(count: int) -> list[TableSpec]:
    """The first `count` tables."""
    return [TableSpec(_name(n), _name(n - 1) if n % FAMILY else None) for n in range(count)]


def _name(number: int) -> str:
    return f"item_{number:04}"
