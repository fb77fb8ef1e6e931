"""Names: which ones a store can have, which ones constraints get, which known one was meant."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence

import yaml

from .yaml_source import Source

MAX_BYTES = 63
POSTGRESQL = frozenset({"postgresql", "postgres", "pg"})
_WORD = re.compile(r"[^\W\d]\w*")


def check_name(source: Source, node: yaml.Node, name: str, what: str) -> str:
    """The name itself; an error if it is empty, longer than 63 bytes or has odd characters.

    An exact file may have any name, for its store has it.
    """
    if source.exact and name:
        return name
    if name.isascii() and name.isprintable() and name.strip() and len(name) <= MAX_BYTES:
        return name
    if not name.strip():
        raise source.error(node, f"A {what} has no name")
    if any(c < " " or c == "\x7f" for c in name):
        raise source.error(node, f"The name of a {what} has a control character: {name!r}")
    size = len(name.encode())
    if size > MAX_BYTES:
        message = f"The name of the {what} {name[:20]}… has {size} bytes"
        raise source.error(node, message, f"make it {MAX_BYTES} bytes or shorter")
    return name


def default_name(prefix: str, table: str, columns: Iterable[str]) -> str:
    """`idx_users_email`; what would be longer than 63 bytes ends in a digest instead."""
    name = "_".join((prefix, table, *columns))
    encoded = name.encode()
    if len(encoded) <= MAX_BYTES:
        return name
    kept = encoded[: MAX_BYTES - 9].decode(errors="ignore")
    return f"{kept}_{hashlib.sha256(encoded).hexdigest()[:8]}"


def bare(table: str, data_type: str | None) -> str:
    """The table's name without the PostgreSQL schema that may stand before it."""
    return table.rpartition(".")[2] if data_type in POSTGRESQL else table


def is_sqlite(data_type: str | None) -> bool:
    """Whether Data_Type is SQLite's, where upper and lower case of names never count."""
    return data_type in ("sqlite", "sqlite3")


def is_word(text: str) -> bool:
    """Whether the text is a plain name and could not be anything else in SQL."""
    return _WORD.fullmatch(text) is not None


def nearest(name: str, known: Iterable[str], likeness: float = 0.6) -> str | None:
    """The known name that looks most like this one, if any does (1 is the same)."""
    from difflib import get_close_matches

    by_lower = {word.lower(): word for word in known}
    found = get_close_matches(name.lower(), by_lower, n=1, cutoff=likeness)
    return by_lower[found[0]] if found else None


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """A hint with the nearest known name, or with all of them if they are few."""
    words = sorted(known)
    found = nearest(name, words)
    if found:
        return f"did you mean {found}?"
    return f"known here: {', '.join(words)}" if 0 < len(words) <= 12 else None


def check_columns(
    source: Source,
    node: yaml.Node,
    columns: Sequence[str],
    known: Sequence[str],
    what: str,
    *,
    twice: bool = False,
) -> tuple[str, ...]:
    """The columns themselves; an error if one is not there, or there is none.

    Or if one is there twice, unless that may be.
    """
    if not columns:
        raise source.error(node, f"{what} names no column")
    for column in columns:
        if column not in known:
            message = f"{what} names {column}, which is no column of this table"
            raise source.error(node, message, did_you_mean(column, known))
    if len(set(columns)) < len(columns) and not twice:
        raise source.error(node, f"{what} names a column twice")
    return tuple(columns)
