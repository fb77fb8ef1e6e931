"""SQL cut into words, so that spaces, comments, capitals and quotes of names make no difference."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

_WORD = re.compile(
    r"""(?P<space>\s+|--[^\n]*|/\*.*?\*/)
      | (?P<text>[xX]?'(?:[^']|'')*')
      | (?P<name>"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\])
      | (?P<number>0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
      | (?P<bare>[^\W\d][\w$]*)
      | (?P<sign>\|\||<=|>=|<>|!=|==|->>|->|<<|>>|.)""",
    re.VERBOSE | re.DOTALL,
)


class Word(NamedTuple):
    """A word; names that were quoted and words that were not are alike, in small letters."""

    kind: str
    text: str


def words(sql: str) -> tuple[Word, ...]:
    return tuple(_words(sql))


def _words(sql: str) -> Iterator[Word]:
    for found in _WORD.finditer(sql):
        kind, text = found.lastgroup or "", found.group()
        if kind == "name":
            yield Word("name", text[1:-1].replace(text[-1] * 2, text[-1]).lower())
        elif kind == "bare":
            yield Word("name", text.lower())
        elif kind != "space":
            yield Word(kind, {"==": "=", "!=": "<>"}.get(text, text))


def shown(some: Sequence[Word]) -> str:
    return " ".join(word.text for word in some)


def parted(some: Sequence[Word]) -> list[tuple[Word, ...]]:
    """The parts between the outermost commas."""
    parts: list[list[Word]] = [[]]
    depth = 0
    for word in some:
        depth += (word == ("sign", "(")) - (word == ("sign", ")"))
        if word == ("sign", ",") and not depth:
            parts.append([])
        else:
            parts[-1].append(word)
    return [tuple(part) for part in parts if part]


def unwrapped(some: Sequence[Word]) -> Sequence[Word]:
    """Without parentheses around all of it."""
    while some and some[0].text == "(" and closing(some, 0) == len(some) - 1:
        some = some[1:-1]
    return some


def closing(some: Sequence[Word], start: int) -> int:
    """Where the parenthesis that opens at `start` closes."""
    depth = 0
    for at in range(start, len(some)):
        depth += (some[at] == ("sign", "(")) - (some[at] == ("sign", ")"))
        if not depth:
            return at
    raise AssertionError(f"no end of {shown(some[start:])}")
