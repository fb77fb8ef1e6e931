"""SQLite's own way to change a table in any way: make it anew, copy, swap.

https://sqlite.org/lang_altertable.html, "Making Other Kinds Of Table Schema Changes"; the unit
of work around it keeps foreign keys off and checks them before it commits.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from zmigration_sql import literal

from .ddl import TableText, autoincrements, rowid_alias
from .live import Live
from .names import QUOTING, STATEMENTS
from .tokens import fold, terminated, tokenize

_PREFIX = "__zmigration_new_"
_ROWIDS = ("rowid", "_rowid_", "oid")


def rebuild(
    live: Live, text: TableText, values: Mapping[str, str], gone: Collection[str] = ()
) -> tuple[str, ...]:
    """The statements that turn `live` into the table that `text` defines, under the same name.

    `values` gives each new column's value as SQL over the old table; indexes named in `gone`
    are not made again.
    """
    new = f"{_PREFIX}{live.name}"
    return (
        terminated(text.render(QUOTING.name(new))),
        _copy(live, text, values, new),
        *_sequence(live, text, new),
        STATEMENTS.drop_table(live.name),
        # Else the rename would look for the table in views, and not find it.
        "PRAGMA legacy_alter_table = ON;",
        STATEMENTS.rename_table(new, live.name),
        "PRAGMA legacy_alter_table = OFF;",
        *(index.statement for index in live.indexes if index.name not in gone),
        *(trigger.statement for trigger in live.triggers),
    )


def _copy(live: Live, text: TableText, values: Mapping[str, str], new: str) -> str:
    """Row by row, rowids included. A conflict clause must not drop rows on the way."""
    rowid = _rowid(live, text)
    pairs = {QUOTING.name(name): value for name, value in values.items()}
    if rowid:
        pairs = {rowid: rowid, **pairs}
    strict = any(token.keyword == "CONFLICT" for token in tokenize(text.render()))
    insert = "INSERT OR ABORT INTO" if strict else "INSERT INTO"
    columns, sources = ", ".join(pairs), ", ".join(pairs.values())
    source = QUOTING.name(live.name)
    return f"{insert} {QUOTING.name(new)} ({columns}) SELECT {sources} FROM {source};"


def _rowid(live: Live, text: TableText) -> str | None:
    """A name of the row's number that both tables have, unless a column carries it anyway."""
    if live.text.without_rowid or text.without_rowid or rowid_alias(text):
        return None
    return rowid_name(live.text, text)


def rowid_name(*texts: TableText) -> str | None:
    """A name of the row's number that no column has taken."""
    taken = {fold(column.name) for text in texts for column in text.definitions()}
    return next((name for name in _ROWIDS if name not in taken), None)


def _sequence(live: Live, text: TableText, new: str) -> tuple[str, ...]:
    """AUTOINCREMENT never gives a number twice, not after a rebuild either."""
    if not (autoincrements(live.text) and autoincrements(text)):
        return ()
    fresh, old = literal(new), literal(live.name)
    return (
        f"DELETE FROM sqlite_sequence WHERE name = {fresh};",
        f"INSERT INTO sqlite_sequence (name, seq)"
        f" SELECT {fresh}, seq FROM sqlite_sequence WHERE name = {old};",
    )
