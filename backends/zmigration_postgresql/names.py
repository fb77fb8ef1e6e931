"""Names as PostgreSQL takes them: folded to lower case, at most 63 bytes."""

from __future__ import annotations

import re
from functools import lru_cache

from zmigration_sql import Quoting

LONGEST = 63
_FOLDED = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}

# The words that PostgreSQL refuses as a bare table or column name, in any version from 12 on.
_WORDS = """
    all analyse analyze and any array as asc asymmetric authorization binary both case cast
    check collate collation column concurrently constraint create cross current_catalog
    current_date current_role current_schema current_time current_timestamp current_user default
    deferrable desc distinct do else end except false fetch for foreign freeze from full grant
    group having ilike in initially inner intersect into is isnull join lateral leading left like
    limit localtime localtimestamp natural not notnull null offset on only or order outer overlaps
    placing primary references returning right select session_user similar some symmetric
    system_user table tablesample then to trailing true union unique user using variadic verbose
    when where window with"""


class PostgreSQLQuoting(Quoting):
    """Names, of which those of tables may name a schema."""

    __slots__ = ()

    def parts(self, table: str) -> tuple[str, ...]:
        schema, name = split(table)
        return (name,) if schema is None else (schema, name)


QUOTING = PostgreSQLQuoting(frozenset(_WORDS.split()))
_PART = r'"(?:[^"]|"")+"|[^".][^.]*'
_PARTS = re.compile(rf"(?:({_PART})\.)?({_PART})", re.DOTALL)


@lru_cache(maxsize=65_536)
def spell(name: str) -> str:
    """The name that an unquoted `name` creates: the app never quotes."""
    schema, table = split(name)
    return join(None if schema is None else _spell(schema), _spell(table))


def split(name: str) -> tuple[str | None, str]:
    """The schema and the name in it of a table, type or sequence; None is the app's own schema.

    `app.users` is users of app; a part with a dot of its own stands in quotes.
    """
    found = _PARTS.fullmatch(name)
    if found is None:
        return None, name
    return None if found[1] is None else _part(found[1]), _part(found[2])


def join(schema: str | None, name: str) -> str:
    """What `split` takes apart."""
    return _guarded(name) if schema is None else f"{_guarded(schema)}.{_guarded(name)}"


def table_name(name: str) -> str:
    """A table's name as statements write it."""
    schema, table = split(name)
    return (
        QUOTING.name(table) if schema is None else f"{QUOTING.name(schema)}.{QUOTING.name(table)}"
    )


def collation_name(text: str) -> str:
    """A collation as statements write it; a bare name is taken as it is: `C` is `"C"`."""
    return text if '"' in text or "." in text else QUOTING.name(text)


def _spell(name: str) -> str:
    folded = name.translate(_FOLDED)
    return folded.encode("utf-8", "surrogateescape")[:LONGEST].decode("utf-8", "ignore")


def _part(text: str) -> str:
    return text[1:-1].replace('""', '"') if text.startswith('"') else text


def _guarded(part: str) -> str:
    escaped = part.replace('"', '""')
    return f'"{escaped}"' if "." in part or part.startswith('"') else part
