"""SQLite's own way to change a table in any way: make it anew, copy, swap.

https://sqlite.org/lang_altertable.html, "Making Other Kinds Of Table Schema Changes"; the unit
of work around it keeps foreign keys off and checks them before it commits.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from zmigration_sql import literal

from .ddl import TableText, autoincrements, rowid_alias
from .live import Live
from .names import QUOTING, STATEMENTS
from .tokens import fold, terminated, tokenize

PREFIX = "__zmigration_new_"
ROWIDS = ("rowid", "_rowid_", "oid")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where rows are copied from: what stands after FROM.

    `rowid` is a row's number there (None: the table's own), `order` what puts rows in order.
    """

    sql: str
    rowid: str | None = None
    order: str = ""


def rebuild(
    live: Live,
    text: TableText,
    values: Mapping[str, str],
    gone: Collection[str] = (),
    source: Source | None = None,
) -> tuple[str, ...]:
    """The statements that turn `live` into the table that `text` defines, under the same name.

    `values` gives each new column's value as SQL over the old table, or over `source`; indexes
    named in `gone` are not made again.
    """
    new = f"{PREFIX}{live.name}"
    return (
        terminated(text.render(QUOTING.name(new))),
        _copy(live, text, values, new, source or Source(sql=QUOTING.name(live.name))),
        *_numbers(live, text, new),
        STATEMENTS.drop_table(live.name),
        # Else the rename would look for the table in views, and not find it.
        "PRAGMA legacy_alter_table = ON;",
        STATEMENTS.rename_table(new, live.name),
        "PRAGMA legacy_alter_table = OFF;",
        *(index.statement for index in live.indexes if index.name not in gone),
        *(trigger.statement for trigger in live.triggers),
    )


def _copy(live: Live, text: TableText, values: Mapping[str, str], new: str, source: Source) -> str:
    """Row by row, rowids included."""
    rowid = _rowid(live, text)
    pairs = {QUOTING.name(name): value for name, value in values.items()}
    if rowid:
        pairs = {rowid: source.rowid or rowid, **pairs}
    columns, sources = ", ".join(pairs), ", ".join(pairs.values())
    order = f" ORDER BY {source.order}" if source.order else ""
    insert = f"{inserted(text)} {QUOTING.name(new)} ({columns})"
    return f"{insert} SELECT {sources} FROM {source.sql}{order};"


def inserted(text: TableText) -> str:
    """How rows are put into such a table: a conflict clause must not drop any on the way."""
    strict = any(token.keyword == "CONFLICT" for token in tokenize(text.render()))
    return "INSERT OR ABORT INTO" if strict else "INSERT INTO"


def _rowid(live: Live, text: TableText) -> str | None:
    """A name of the row's number that both tables have, unless a column carries it anyway."""
    if live.text.without_rowid or text.without_rowid or rowid_alias(text):
        return None
    return rowid_name(live.text, text)


def rowid_name(*texts: TableText) -> str | None:
    """A name of the row's number that no column has taken."""
    taken = {fold(column.name) for text in texts for column in text.definitions()}
    return next((name for name in ROWIDS if name not in taken), None)


def _numbers(live: Live, text: TableText, new: str) -> tuple[str, ...]:
    """The sequence of a table with AUTOINCREMENT, or the one that it had, if it had one."""
    if not autoincrements(text):
        return ()
    if autoincrements(live.text):
        return sequence(live.name, new)
    alias = rowid_alias(text)
    if live.sequence is None or alias is None:
        return ()
    highest = f"SELECT max({QUOTING.name(alias)}) FROM {QUOTING.name(new)}"
    last = f"max({live.sequence}, coalesce(({highest}), 0))"
    return (
        f"DELETE FROM sqlite_sequence WHERE name = {literal(new)};",
        f"INSERT INTO sqlite_sequence (name, seq) VALUES ({literal(new)}, {last});",
    )


def sequence(old: str, new: str) -> tuple[str, ...]:
    """AUTOINCREMENT never gives a number twice, not in a table's copy either."""
    fresh = literal(new)
    return (
        f"DELETE FROM sqlite_sequence WHERE name = {fresh};",
        f"INSERT INTO sqlite_sequence (name, seq)"
        f" SELECT {fresh}, seq FROM sqlite_sequence WHERE name = {literal(old)};",
    )
