"""Sequences that number a column: their options, of which only the unusual ones are written."""

from __future__ import annotations

from dataclasses import dataclass

from .names import LONGEST, join, split, table_name
from .tokens import tokens

_BITS = {"smallint": 15, "integer": 31, "bigint": 63}
_TYPES = {"int2": "smallint", "int": "integer", "int4": "integer", "int8": "bigint"}
_FILLERS = {"by", "with", "name"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbering:
    """A sequence's facts; None is the usual one."""

    name: str | None = None
    type: str | None = None
    increment: int = 1
    lowest: int | None = None
    highest: int | None = None
    start: int | None = None
    cache: int = 1
    cycle: bool = False

    def text(self, column_type: str, usual_name: str) -> str:
        """The options that are not the usual ones of a column of that type, in SQL."""
        own, name = self.type or column_type, self.name or usual_name
        bits = _BITS.get(own, 63)
        up = self.increment > 0
        low, high = (1, 2**bits - 1) if up else (-(2**bits), -1)
        lowest = low if self.lowest is None else self.lowest
        highest = high if self.highest is None else self.highest
        first = lowest if up else highest
        start = first if self.start is None else self.start
        words = [
            (f"SEQUENCE NAME {table_name(name)}", name != usual_name),
            (f"AS {own}", own != column_type),
            (f"INCREMENT BY {self.increment}", self.increment != 1),
            (f"MINVALUE {lowest}", lowest != low),
            (f"MAXVALUE {highest}", highest != high),
            (f"START WITH {start}", start != first),
            (f"CACHE {self.cache}", self.cache != 1),
            ("CYCLE", self.cycle),
        ]
        return " ".join(word for word, unusual in words if unusual)


def read(options: str) -> Numbering | None:
    """Options as SQL writes them; None where they are not understood."""
    words = [token for token in tokens(options) if not token.isspace()]
    found: dict[str, object] = {}
    while words:
        word = words.pop(0).lower()
        try:
            _read(word, words, found)
        except (IndexError, ValueError):
            return None
    return Numbering(**found)  # type: ignore[arg-type]


def _read(word: str, words: list[str], found: dict[str, object]) -> None:
    while words and words[0].lower() in _FILLERS:
        words.pop(0)
    match word:
        case "increment" | "cache":
            found[word] = _number(words)
        case "minvalue":
            found["lowest"] = _number(words)
        case "maxvalue":
            found["highest"] = _number(words)
        case "start":
            found["start"] = _number(words)
        case "cycle":
            found["cycle"] = True
        case "no":
            if words.pop(0).lower() not in ("minvalue", "maxvalue", "cycle"):
                raise ValueError(word)
        case "as":
            named = words.pop(0).lower()
            found["type"] = _TYPES.get(named, named)
        case "sequence":
            found["name"] = _name(words)
        case _:
            raise ValueError(word)


def _number(words: list[str]) -> int:
    sign = -1 if words[0] == "-" else 1
    if words[0] in ("-", "+"):
        words.pop(0)
    return sign * int(words.pop(0))


def _name(words: list[str]) -> str:
    name = words.pop(0)
    while words and words[0] == ".":
        name += words.pop(0) + words.pop(0)
    return join(*split(name)) if '"' not in name else _unquoted(name)


def _unquoted(name: str) -> str:
    parts = [t for t in tokens(name) if t != "."]
    plain = [p[1:-1].replace('""', '"') if p.startswith('"') else p for p in parts]
    return join(plain[0], plain[1]) if len(plain) == 2 else join(None, plain[0])


def usual_name(table: str, column: str) -> str:
    """What the server calls the sequence of a new column, in the table's schema.

    It cuts the longer one of the two names where both are too long together.
    """
    schema, bare = split(table)
    first, second = bare.encode(), column.encode()
    room = LONGEST - len("__seq")
    while len(first) + len(second) > room:
        if len(first) > len(second):
            first = first[:-1]
        else:
            second = second[:-1]
    cut = f"{first.decode('utf-8', 'ignore')}_{second.decode('utf-8', 'ignore')}_seq"
    return join(schema, cut)
