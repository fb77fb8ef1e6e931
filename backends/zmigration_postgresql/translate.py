"""The server's own texts of definitions under the names after a plan's renames."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from .names import QUOTING, split
from .tokens import tokens

_WORD = re.compile(r'[^\W\d]\w*|".*"', re.DOTALL)


def translated(
    definition: str,
    columns: Mapping[str, str],
    table: tuple[str, str] | None = None,
    types: Mapping[str, str] | None = None,
) -> str:
    """The text with columns, the table (old and new) and types under their new names.

    What stands before `(`, beside a dot or after `::` is no column; what EXTRACT takes is none.
    """
    if not columns and not types and (table is None or table[0] == table[1]):
        return definition
    return "".join(_renamed(list(tokens(definition)), columns, table, types or {}))


def _renamed(
    words: Sequence[str],
    columns: Mapping[str, str],
    table: tuple[str, str] | None,
    types: Mapping[str, str],
) -> Iterator[str]:
    place = 0
    while place < len(words):
        word = words[place]
        before = "".join(words[max(0, place - 3) : place])
        following = words[place + 1] if place + 1 < len(words) else ""
        if before.endswith("::") and _WORD.fullmatch(word):
            length = _type_length(words, place)
            named = "".join(words[place : place + length])
            yield _type(named, types)
            place += length
            continue
        if not _WORD.fullmatch(word) or before.endswith("EXTRACT("):
            yield word
        elif table is not None and _is_table(words, place, table[0]):
            yield QUOTING.name(split(table[1])[1])
        elif following == "(" or following == "." or _qualified(before):
            yield word
        else:
            plain = _plain(word)
            yield QUOTING.name(columns[plain]) if plain in columns else word
        place += 1


def _is_table(words: Sequence[str], place: int, table: str) -> bool:
    """Whether this is the table's name after ON."""
    if _plain(words[place]) != split(table)[1]:
        return False
    start = place - 2 if place and words[place - 1] == "." else place
    return "".join(words[max(0, start - 2) : start]).strip() == "ON"


def _qualified(before: str) -> bool:
    """Whether a dot goes before; the rows of a trigger are no schema."""
    return before.endswith(".") and not before.endswith(("old.", "new."))


def _type_length(words: Sequence[str], place: int) -> int:
    """How many tokens a type's name is: words in lower case, dots between, single spaces."""
    length = 1
    while place + length < len(words):
        word = words[place + length]
        if word == "." or (word == " " and _continues(words, place + length + 1)):
            length += 2
        else:
            break
    return length


def _continues(words: Sequence[str], place: int) -> bool:
    word = words[place] if place < len(words) else ""
    return word in ("varying", "precision", "with", "without", "time", "zone")


def _type(named: str, types: Mapping[str, str]) -> str:
    for old, new in types.items():
        if named in (QUOTING.name(old), old):
            return ".".join(QUOTING.name(p) for p in split(new) if p is not None)
    return named


def _plain(word: str) -> str:
    return word[1:-1].replace('""', '"') if word.startswith('"') else word
