"""SQL text as tokens that, joined, are the text again: comments and spaces are tokens too."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

# A word is letters, digits, _ and $, and all that is not ASCII.
_TOKEN = re.compile(
    r"""(?P<space>[ \t\n\f\r]+|--[^\n]*|/\*.*?(?:\*/|\Z))
    |(?P<string>'(?:[^']|'')*')
    |(?P<quoted>"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\])
    |(?P<blob>[xX]'[0-9a-fA-F]*')
    |(?P<number>0[xX][0-9a-fA-F]+|(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)
    |(?P<word>[^\x00-@\[-^`{-\x7f][^\x00-\#%-/:-@\[-^`{-\x7f]*)
    |(?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)


class Token(NamedTuple):
    """One token; `kind` is the name of its group above."""

    kind: str
    text: str

    @property
    def keyword(self) -> str:
        """The word in capitals, the sign itself, or nothing for names in quotes and literals."""
        return self.text.upper() if self.kind in ("word", "other") else ""

    @property
    def name(self) -> str:
        """The name that the token writes, without its quotes."""
        if self.kind not in ("quoted", "string"):
            return self.text
        last = self.text[-1]
        return self.text[1:-1].replace(last * 2, last) if last != "]" else self.text[1:-1]

    @property
    def comment(self) -> bool:
        """Whether it is a comment."""
        return self.kind == "space" and self.text[0] in "-/"


Tokens = tuple[Token, ...]


def tokenize(sql: str) -> Tokens:
    """The tokens of a text, nothing left out."""
    return tuple(Token(m.lastgroup or "other", m.group()) for m in _TOKEN.finditer(sql))


def text_of(tokens: Iterable[Token]) -> str:
    """The text of the tokens."""
    return "".join(token.text for token in tokens)


def significant(tokens: Iterable[Token]) -> Tokens:
    """The tokens without spaces and comments."""
    return tuple(token for token in tokens if token.kind != "space")


def trimmed(tokens: Sequence[Token]) -> tuple[Tokens, Tokens, Tokens]:
    """Leading spaces and comments, what stands between, and trailing spaces and comments."""
    start, end = 0, len(tokens)
    while start < end and tokens[start].kind == "space":
        start += 1
    while end > start and tokens[end - 1].kind == "space":
        end -= 1
    return tuple(tokens[:start]), tuple(tokens[start:end]), tuple(tokens[end:])


def depths(tokens: Iterable[Token]) -> list[int]:
    """How many parentheses are open before each token; one more at the opening one itself."""
    depth, found = 0, []
    for token in tokens:
        depth += token.text == "(" and token.kind == "other"
        found.append(depth)
        depth -= token.text == ")" and token.kind == "other"
    return found


def in_parentheses(tokens: Sequence[Token]) -> Tokens:
    """What stands between the first opening parenthesis and the one that closes it."""
    levels = depths(tokens)
    start = levels.index(1)
    end = next(i for i in range(start, len(tokens)) if levels[i] == 1 and tokens[i].text == ")")
    return tuple(tokens[start + 1 : end])


def mentions(tokens: Iterable[Token], name: str) -> bool:
    """Whether some token may be that name; SQLite's names have no case."""
    wanted = fold(name)
    return any(t.kind in ("word", "quoted") and fold(t.name) == wanted for t in tokens)


def terminated(sql: str) -> str:
    """The statement with its semicolon, on a line of its own after a trailing comment."""
    tokens = tokenize(sql)
    closed = next((t for t in reversed(tokens) if t.kind != "space"), None)
    if closed is not None and closed.text == ";":
        return sql
    return f"{sql}\n;" if tokens and tokens[-1].text.startswith("--") else f"{sql};"


def fold(name: str) -> str:
    """Equal for names that SQLite takes for the same: it knows the case of ASCII alone."""
    return name.lower() if name.isascii() else name.translate(_LOWER)


_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}
