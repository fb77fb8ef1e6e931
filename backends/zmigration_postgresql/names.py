"""Names as PostgreSQL takes them: folded to lower case, at most 63 bytes."""

from __future__ import annotations

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
QUOTING = Quoting(frozenset(_WORDS.split()))


def spell(name: str) -> str:
    """The name that an unquoted `name` creates: the app never quotes."""
    folded = name.translate(_FOLDED)
    return folded.encode("utf-8", "surrogateescape")[:LONGEST].decode("utf-8", "ignore")


def table_name(name: str) -> str:
    """A table's name as statements write it."""
    return QUOTING.name(name)
