"""Names of what SQLite leaves unnamed: the model needs one, the table's text does not.

They are those that a schema file gives to what it does not name, so that it need not say them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence

from zmigration_api import Check, Constraint, Exclusion, ForeignKey, PrimaryKey, UniqueConstraint

from .canonical import Form, form

_LONGEST = 63  # bytes


def unique_name(table: str, columns: Sequence[str], keys: Sequence[str] = ()) -> str:
    """Of UNIQUE over these columns."""
    return _name("uq", table, [_digest(", ".join(keys))] if keys else columns)


def reference_name(table: str, columns: Sequence[str]) -> str:
    """Of a foreign key of these columns."""
    return _name("fk", table, columns)


def check_name(table: str, expression: str) -> str:
    """Of a CHECK: by its text, so that its place among others is no difference."""
    return _name("ck", table, [_digest(expression)])


def check_name_of_form(table: str, said: Form) -> str:
    """Of a CHECK as it is found: by what the text says, however it is written."""
    return check_name(table, " ".join(said))


def is_usual(constraint: Constraint, table: str, columns: Collection[str]) -> bool:
    """Whether the constraint has no name of its own. `columns` are the table's, folded."""
    match constraint:
        case PrimaryKey(name=name):
            return not name
        case Exclusion():
            return False
        case UniqueConstraint(columns=over, keys=keys, name=name):
            return name in ("", unique_name(table, over, keys), unique_name(table, over))
        case ForeignKey(columns=over, name=name):
            return name in ("", reference_name(table, over))
        case Check(expression=text, name=name):
            by_form = check_name_of_form(table, form(text, columns))
            return name in ("", check_name(table, text), by_form)


def _name(prefix: str, table: str, parts: Sequence[str]) -> str:
    name = "_".join((prefix, table, *parts))
    encoded = name.encode(errors="surrogatepass")
    if len(encoded) <= _LONGEST:
        return name
    kept = encoded[: _LONGEST - 9].decode(errors="ignore")
    return f"{kept}_{hashlib.sha256(encoded).hexdigest()[:8]}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:8]
