"""The server's own SQL texts taken apart: strings and quoted names are one token each."""

from __future__ import annotations

import re
from collections.abc import Iterator

_TOKEN = re.compile(
    r"""--[^\n]*|/\*.*?\*/|[eE]'(?:[^'\\]|''|\\.)*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|\s+"""
    r"""|[^\W\d]\w*|\d[\w.]*|.""",
    re.DOTALL,
)
_ROUGH = re.compile(r"\s\s|[\t\n\r\f\v]|--|/\*|\A\s|\s\Z")
_DEPTH = {"(": 1, "[": 1, ")": -1, "]": -1}
_TYPE = r"[a-z][\w ]*"
_LITERAL = r"(?:'(?:[^']|'')*'|NULL)"
_CONSTANT = rf"(?:{_LITERAL}|\({_LITERAL}::{_TYPE}\))::({_TYPE}(?:\(\d+\))?)"
_ELEMENT = rf"(?:{_CONSTANT}|[a-z_]\w*|\"(?:[^\"]|\"\")+\")"
# On the way in a cast of a whole array is taken for one of its elements.
_CAST = re.compile(
    rf"\(ARRAY\[(?P<all>{_ELEMENT}(?:, {_ELEMENT})*)\]\)::(?P<to>{_TYPE}(?:\(\d+\))?\[\])"
)
_CONSTANTS = re.compile(_CONSTANT)


def tokens(text: str) -> Iterator[str]:
    """Every token, white space too: joined they are the text."""
    return (found[0] for found in _TOKEN.finditer(text))


def bare(text: str) -> str:
    """An expression on one line, without the parentheses around all of it."""
    text = spaced(text)
    if not (text.startswith("(") and text.endswith(")")):
        return text
    depth, length = 0, 0
    for token in tokens(text):
        depth += _DEPTH.get(token, 0)
        length += len(token)
        if depth == 0:
            return text[1:-1].strip() if length == len(text) else text
    return text


def listed(text: str) -> tuple[str, ...]:
    """The parts of a list between its outer commas."""
    parts, depth = [""], 0
    for token in tokens(text):
        depth += _DEPTH.get(token, 0)
        if token == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += token
    return tuple(part.strip() for part in parts)


def after(text: str, word: str) -> str:
    """What follows the first such word outside of parentheses."""
    depth, place = 0, 0
    for token in tokens(text):
        place += len(token)
        depth += _DEPTH.get(token, 0)
        if depth == 0 and token == word:
            return text[place:].lstrip()
    return ""


def enclosed(text: str) -> str:
    """What stands in the parentheses with which a text starts."""
    depth, place = 0, 0
    for token in tokens(text):
        place += len(token)
        depth += _DEPTH.get(token, 0)
        if depth == 0:
            break
    return text[1 : place - 1]


def before_options(text: str) -> int:
    """Where `WITH (...)` may stand in what follows EXCLUDE: behind the keys and INCLUDE."""
    place = text.index("(") + len(enclosed(text[text.index("(") :])) + 2
    if text[place:].startswith(" INCLUDE ("):
        place += len(" INCLUDE ")
        place += len(enclosed(text[place:])) + 2
    return place


def without_options(text: str) -> str:
    """What follows EXCLUDE without `WITH (...)`."""
    place = before_options(text)
    rest = text[place:]
    if not rest.startswith(" WITH ("):
        return text
    return text[:place] + rest[len(" WITH ") + len(enclosed(rest[len(" WITH ") :])) + 2 :]


def spaced(text: str) -> str:
    """The text on one line, without comments and with single spaces but in strings and names."""
    if not _ROUGH.search(text):
        return text
    words: list[str] = []
    for token in tokens(text):
        word = " " if token.isspace() or _is_comment(token) else token
        if word != " " or words[-1:] != [" "]:
            words.append(word)
    return "".join(words).strip()


def _is_comment(token: str) -> bool:
    return len(token) > 1 and token.startswith(("--", "/*"))


def lasting(text: str) -> str:
    """An expression of the server's so written that the server stores the same again.

    Of `(ARRAY['a'::character varying])::text[]` it would cast each element instead of the array.
    """
    return _CAST.sub(_cast_apart, text) if "(ARRAY[" in text else text


def _cast_apart(found: re.Match[str]) -> str:
    kinds = {constant[1] for constant in _CONSTANTS.finditer(found["all"])}
    if len(kinds) != 1:
        return found[0]
    return f"((ARRAY[{found['all']}])::{kinds.pop()}[])::{found['to']}"
