"""Passwords of schema files, which the history does not keep."""

from __future__ import annotations

import re

# Alone on its line a password may hold commas, and in .zolo files what elsewhere is a comment.
_PASSWORD = re.compile(
    r"""((?P<line>^[ \t]*)?Data_Password["']?(?:\(\w+\))?\s*:[ \t]*)
        (\*\*\*(?![^\s,}])|"[^"\n]*"|'[^'\n]*'|(?(line)[^\s"'][^\r\n]*|[^\s,}\#][^\n,}]*))""",
    re.MULTILINE | re.VERBOSE,
)
_DSN_PASSWORD = re.compile(r"""(://[^\s:/@"']*:)[^\s"']*(@)""")


def without_secrets(text: str) -> str:
    """A schema file's text for the history, with *** for its passwords."""
    return _DSN_PASSWORD.sub(r"\1***\2", _PASSWORD.sub(r"\1***", text))


def with_secrets_of(current: str, masked: str) -> str | None:
    """A text from the history with the passwords of `current`; None if it has others."""
    text: str | None = masked
    for pattern in (_PASSWORD, _DSN_PASSWORD):
        text = _filled_in(pattern, text, current) if text is not None else None
    return text


def _filled_in(pattern: re.Pattern[str], masked: str, current: str) -> str | None:
    known = [found[0] for found in pattern.finditer(current)]
    parts, end = [], 0
    places = list(pattern.finditer(masked))
    hidden = [place for place in places if "***" in place[0]]
    if hidden and len(places) != len(known):
        return None
    for place, secret in zip(places, known, strict=False):
        parts += [masked[end : place.start()], secret if place in hidden else place[0]]
        end = place.end()
    return "".join((*parts, masked[end:]))
