"""Texts as YAML scalars that every reader takes for these very texts, YAML 1.1 included."""

from __future__ import annotations

import re
from typing import Any

import yaml

# What YAML 1.1 takes for a boolean and PyYAML does not.
_WORDS = frozenset({"y", "n"})
# Letters or a bracket first, and nothing that means something to YAML, in braces or out of them.
_PLAIN = re.compile(r"(?:[^\W\d]|\()[\w .;/+()<>=$!'\"*&|^~%@-]*")
_NUMBER = re.compile(r"0|-?[1-9][0-9]{0,17}")
_RESOLVER: Any = yaml.resolver.Resolver()
_TEXT_TAG = "tag:yaml.org,2002:str"
_ESCAPES = {"\n": "\\n", "\t": "\\t", "\r": "\\r", '"': '\\"', "\\": "\\\\"}


class Literal(str):
    """A text that is YAML already: `true`, `5`."""

    __slots__ = ()


def scalar(text: str) -> str:
    """The text as one line of YAML, in quotes only where it needs them."""
    if isinstance(text, Literal):
        return str(text)
    return text if is_plain(text) else quoted(text)


def number(text: str) -> str:
    """A number's text: as it is if every YAML reader takes it for that number, else a text."""
    return Literal(text) if _NUMBER.fullmatch(text) else text


def is_plain(text: str) -> bool:
    """Whether the text without quotes is a text, and just this one."""
    if not _PLAIN.fullmatch(text) or text[-1] == " " or not text.isprintable():
        return False
    if text.lower() in _WORDS:
        return False
    return bool(_RESOLVER.resolve(yaml.ScalarNode, text, (True, False)) == _TEXT_TAG)


def quoted(text: str) -> str:
    """The text in quotes, on one line."""
    simple = text.isprintable() and "\\u" not in text
    if simple and '"' not in text and "\\" not in text:
        return f'"{text}"'
    if simple:
        doubled = text.replace("'", "''")
        return f"'{doubled}'"
    return f'"{"".join(_escaped(c) for c in text)}"'


def _escaped(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character.isprintable():
        return character
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02X}"
    return f"\\u{code:04X}" if code < 0x10000 else f"\\U{code:08X}"


def in_comment(text: str) -> str:
    """The text as it may stand in a YAML comment: on one line, without control characters."""
    joined = " ".join(text.split())
    return "".join(c if c.isprintable() else _escaped(c) for c in joined)
