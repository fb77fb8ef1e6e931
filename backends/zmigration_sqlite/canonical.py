"""When two SQL texts say the same to SQLite, which keeps every text as it was written.

White space, comments, the case of words, quotes of names and parentheses around the whole are no
difference.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TypeAlias

from zmigration_api import Table

from .names import QUOTING
from .tokens import Token, Tokens, depths, fold, significant, text_of, tokenize, trimmed
from .types import canonical

Form: TypeAlias = tuple[str, ...]
"""Equal for texts that say the same."""

_DIRECTION = frozenset({"ASC", "DESC"})

_STANDARD = frozenset({"ANY", "BLOB", "INT", "INTEGER", "REAL", "TEXT"})


def form(text: str, columns: Collection[str] = ()) -> Form:
    """The form of an expression; `columns` are the folded names that it may speak of.

    What stands in double quotes and is none of them is a text to SQLite.
    """
    return tuple(_same(token, columns) for token in unwrapped(significant(tokenize(text))))


def _same(token: Token, columns: Collection[str]) -> str:
    match token.kind:
        case "word":
            return fold(token.text)
        case "quoted" if token.text[0] != '"' or fold(token.name) in columns:
            return fold(token.name)
        case "quoted":
            return "'" + token.name.replace("'", "''") + "'"
        case "number":
            return token.text.lower()
        case "blob":
            return token.text.upper()
        case _:
            return token.text


def unwrapped(words: Tokens) -> Tokens:
    """Without parentheses around all of it."""
    while closed_by_last(words):
        words = words[1:-1]
    return words


def closed_by_last(words: Tokens) -> bool:
    """Whether the first token is a parenthesis that the last one closes."""
    if len(words) < 2 or words[0].text != "(":
        return False
    levels = depths(words)
    closing = (i for i, t in enumerate(words) if levels[i] == 1 and t.text == ")")
    return next(closing, None) == len(words) - 1


def tidy(text: str) -> str:
    """The text on one line: without comments, single spaces where there were any."""
    _, tokens, _ = trimmed(tokenize(text))
    words = (Token("space", " ") if token.kind == "space" else token for token in tokens)
    kept: list[Token] = []
    for word in words:
        if word.kind != "space" or (kept and kept[-1].kind != "space"):
            kept.append(word)
    return text_of(kept)


def type_text(declared: str) -> str:
    """A declared type on one line, without comments; those that SQLite knows as it reports them."""
    text = tidy(declared) if "-" in declared or "/" in declared else " ".join(declared.split())
    return text.upper() if text.upper() in _STANDARD else text


def same_type(left: str, right: str) -> bool:
    """Whether two declared types are one."""
    return canonical(type_text(left)) == canonical(type_text(right))


def key_text(tokens: Iterable[Token]) -> str:
    """One key of an index or constraint: ASC goes without saying, AUTOINCREMENT is no part."""
    words = list(trimmed(tuple(tokens))[1])
    while words and words[-1].keyword in ("ASC", "AUTOINCREMENT"):
        words = list(trimmed(tuple(words[:-1]))[1])
    return tidy(text_of(words))


def key_column(key: str, columns: Collection[str]) -> str | None:
    """The folded name of the column that a key is, whatever its order and collation.

    SQLite takes a text for a name here.
    """
    words = significant(tokenize(key))
    plain = bool(words) and words[0].kind in ("word", "quoted", "string")
    if not plain or fold(words[0].name) not in columns:
        return None
    rest = [word.keyword for word in words[1:]]
    if rest[:1] == ["COLLATE"]:
        rest = rest[2:]
    return fold(words[0].name) if not rest or (len(rest) == 1 and rest[0] in _DIRECTION) else None


def with_plain_name(key: str, columns: Collection[str]) -> str:
    """The key of a column with its name as a name: SQLite also takes a text for one here."""
    before, tokens, _ = trimmed(tokenize(key))
    if key_column(key, columns) is None or tokens[0].kind != "string":
        return key
    return text_of((*before, Token("quoted", QUOTING.name(tokens[0].name)), *tokens[1:]))


def is_bare(key: str) -> bool:
    """Whether a key says nothing but a name."""
    return len(significant(tokenize(key))) == 1


def column_names(table: Table) -> frozenset[str]:
    """The folded names of a table's columns."""
    return frozenset(fold(column.name) for column in table.columns)
