"""Names and texts as SQL writes them, safe whatever characters they hold."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from zmigration_api import UnsupportedChange

_PLAIN = re.compile(r"[a-z_][a-z0-9_]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Quoting:
    """How one dialect writes names; `reserved` are its lower-case words that need quotes."""

    reserved: frozenset[str]

    def name(self, text: str) -> str:
        """The name, quoted unless it is a simple lower-case identifier."""
        if _PLAIN.fullmatch(text) and text not in self.reserved:
            return text
        return quoted(text)

    def parts(self, table: str) -> tuple[str, ...]:
        """What a table's name is put together of: itself, or schema and name."""
        return (table,)

    def table(self, name: str) -> str:
        """A table's name as statements write it."""
        return ".".join(map(self.name, self.parts(name)))

    def names(self, texts: Iterable[str]) -> str:
        """`a, b`, each as `name` writes it."""
        return ", ".join(map(self.name, texts))


def quoted(text: str) -> str:
    """The name in quotes. UnsupportedChange for one that no SQL store can have."""
    if not text or "\0" in text:
        raise UnsupportedChange(
            f"{text!r} cannot be the name of a table or column",
            hint="give it a name without NUL characters in the schema",
        )
    return '"' + text.replace('"', '""') + '"'


def joined(parts: Sequence[tuple[str, bool]]) -> str:
    """The parts of a backfill as one text, in which nulls are nothing; null if all are.

    Each part is SQL for a text, and whether it may be null.
    """
    pieces = (f"COALESCE({sql}, '')" if nullable else sql for sql, nullable in parts)
    text = " || ".join(pieces) or "NULL"
    if not parts or not all(nullable for _, nullable in parts):
        return text
    nulls = " AND ".join(f"({sql}) IS NULL" for sql, _ in parts)
    return f"CASE WHEN {nulls} THEN NULL ELSE {text} END"


def literal(text: str) -> str:
    """The text as a SQL literal. UnsupportedChange for one that no SQL statement can hold."""
    if "\0" in text:
        raise UnsupportedChange(
            f"{text!r} cannot stand in a SQL statement",
            hint="remove the NUL character from the schema",
        )
    return "'" + text.replace("'", "''") + "'"
