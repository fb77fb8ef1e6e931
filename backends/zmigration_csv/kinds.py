"""Which types the cells of a column may be of, told cell by cell and added up.

A type is taken for what it is only where every value is written as that type's values are: `007`,
`+5` and `yes` are texts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from zmigration_api import ColumnType
from zmigration_api.types import TypeKind
from zmigration_api.values import parse

from .typed import text_of

Guess: TypeAlias = TypeKind | Literal["whole"]
"""A kind of type; "whole" are whole numbers that pandas wrote beside nulls: `30.0`."""

_WHOLE = re.compile(r"-?(?:0|[1-9][0-9]{0,18})")
_PANDAS = re.compile(r"(-?(?:0|[1-9][0-9]{0,18}))(?:\.0)?")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:e[+-]?[0-9]+)?", re.IGNORECASE)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_CLOCK = re.compile(r"\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?", re.ASCII)
_MOMENT = re.compile(rf"{_DAY.pattern}(?:[ T]{_CLOCK.pattern})?", re.ASCII)
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
_TRUTHS = frozenset({"True", "False", "true", "false", "TRUE", "FALSE"})
LONGEST_STR = 255
"""Characters; what is longer is a text."""


def _int(text: str) -> bool:
    return _WHOLE.fullmatch(text) is not None and _reads(text, "int")


def _bigint(text: str) -> bool:
    return _WHOLE.fullmatch(text) is not None and _reads(text, "bigint")


def _whole(text: str) -> bool:
    found = _PANDAS.fullmatch(text)
    return found is not None and _reads(found[1], "int")


def _float(text: str) -> bool:
    """Written as floats are, so that no digit is lost: `0.1` and `1.0`, not `1.10`."""
    if not _NUMBER.fullmatch(text) or not _reads(text, "float"):
        return False
    written = repr(float(text))
    return text.lower() in (written, written.removesuffix(".0"))


def _decimal(text: str) -> bool:
    return _NUMBER.fullmatch(text) is not None and "e" not in text.lower()


def _date(text: str) -> bool:
    return _DAY.fullmatch(text) is not None and _reads(text, "date")


def _time(text: str) -> bool:
    return _CLOCK.fullmatch(text) is not None and _reads(text, "time")


def _datetime(text: str) -> bool:
    return _MOMENT.fullmatch(text) is not None and _reads(text, "datetime")


def _json(text: str) -> bool:
    return text[0] in "[{" and _reads(text, "json")


def _reads(text: str, kind: TypeKind) -> bool:
    """Whether the shared definition of values reads it, which migrations will ask."""
    try:
        parse(text, ColumnType(kind=kind))
    except ValueError:
        return False
    return True


TESTS: dict[Guess, Callable[[str], bool]] = {
    "int": _int,
    "bigint": _bigint,
    "whole": _whole,
    "bool": _TRUTHS.__contains__,
    "date": _date,
    "datetime": _datetime,
    "time": _time,
    "uuid": lambda text: _UUID.fullmatch(text) is not None,
    "json": _json,
    "float": _float,
    "decimal": _decimal,
}
"""What a text must look like; the plainest kinds first."""


@dataclass(slots=True)
class Facts:
    """What is known of some cells of one column: `kinds` are those that all of them may be of."""

    kinds: tuple[Guess, ...] = tuple(TESTS)
    values: int = 0
    nulls: int = 0
    longest: int = 0
    lines: bool = False
    encoded: bool = True

    def see(self, cells: Iterable[bytes]) -> None:
        """Take more cells into account."""
        for cell in cells:
            try:
                text = text_of(cell)
            except ValueError:
                self.encoded, self.kinds = False, ()
                self.values += 1
                continue
            if text is None:
                self.nulls += 1
                continue
            self.values += 1
            self.longest = max(self.longest, len(text))
            self.lines = self.lines or "\n" in text
            if self.kinds:
                self.kinds = tuple(kind for kind in self.kinds if TESTS[kind](text))

    def add(self, other: Facts) -> None:
        """Take the cells that another one knows into account."""
        self.kinds = tuple(kind for kind in self.kinds if kind in other.kinds)
        self.values += other.values
        self.nulls += other.nulls
        self.longest = max(self.longest, other.longest)
        self.lines = self.lines or other.lines
        self.encoded = self.encoded and other.encoded

    @property
    def type(self) -> ColumnType:
        """The plainest type that all the values are of; without values, `str`."""
        fitting = [k for k in self.kinds if k != "whole" or self.nulls]
        if self.values and fitting:
            kind = fitting[0]
            return ColumnType(kind="int" if kind == "whole" else kind)
        if not self.encoded:
            return ColumnType(kind="blob")
        long = self.longest > LONGEST_STR or self.lines
        return ColumnType(kind="text" if long else "str")
