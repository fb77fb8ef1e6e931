"""Which values lose digits where a column's type lets SQLite make numbers of them.

A column of NUMERIC affinity makes a float of a text that is a number and no whole one of 64 bits;
one of REAL affinity of every number (https://sqlite.org/datatype3.html, section 3).
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import Any

from zmigration_api.values import format_float

from .types import affinity

_SPACES = r"[ \t\n\v\f\r]*"
_NUMBER = re.compile(_SPACES + r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?" + _SPACES)
_WHOLE = re.compile(_SPACES + r"[+-]?[0-9]+" + _SPACES)
_LARGEST = 2**63
SURE_DIGITS = 15
"""That a float keeps, of every number."""
LOST = "has more digits than {} keeps"
"""What is said of such a value; of the declared type."""


def loses(value: Any, declared: str) -> bool:  # noqa: ANN401
    """Whether a stored value would be another number in a column declared so."""
    if isinstance(value, int):
        return affinity(declared) == "REAL" and int(float(value)) != value
    if not isinstance(value, str) or not _NUMBER.fullmatch(value):
        return False
    whole = _WHOLE.fullmatch(value) and -_LARGEST <= Decimal(value.strip()) < _LARGEST
    if whole and affinity(declared) != "REAL":
        return False
    try:
        return Decimal(format_float(float(value))) != Decimal(value.strip())
    except InvalidOperation:  # an exponent beyond all numbers
        return True
