"""What a migration keeps of the values that it destroys, so that there is a way back.

An archive is a table beside the data, in the same store, under a name that no data has:

- of a table that goes: a copy of its rows, under the same column names;
- of a table that stays: for each row the columns that tell rows apart, as they are after the
  migration and so named; `__row`, which counts rows (from 1) that are alike in these; and of
  each kept column `<name>__before` and, if it stays, `<name>__after`, the value that it became.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from .changes import (
    AlterColumn,
    Change,
    DropColumn,
    DropTable,
    RenameColumn,
    RenameTable,
)
from .history import PREFIX
from .model import Column, Schema, Table

_TEXTS = re.compile("char|text|clob", re.IGNORECASE)
_PADDED = re.compile(r"character(\(\d+\))?", re.IGNORECASE)
_FILLED = re.compile(r"(national )?(character|char|nchar|bit)(\[\])?")  # up to their measure
_MEASURE = re.compile(r" ?\((\d+)(?:, ?(\d+))?\)")
ROW = "__row"
"""The archive's column that counts rows which are otherwise alike."""
KEPT, UNDONE = f"{PREFIX}kept_", f"{PREFIX}undone_"
"""How the names of archives begin: of migrations, and of rollbacks."""
_LONGEST_NAME = 63  # bytes, PostgreSQL's


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptColumn:
    """One column whose values are kept. `new` is None for one that goes.

    `stem` is the column's name, made longer where the archive's names would clash.
    """

    old: Column
    new: Column | None = None
    stem: str

    @property
    def before(self) -> str:
        """The archive's column with the values as they were."""
        return f"{self.stem}__before"

    @property
    def after(self) -> str:
        """The archive's column with what the values became."""
        return f"{self.stem}__after"


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """The values of one table that are kept, and how its rows are told apart.

    `table` is the table's name before the plan, `new_table` after it (None: the table goes, and
    the archive is a copy of it). `rows` are pairs of a column before and after; `keyed` says
    that they are the primary key or unique before and after, else they are all that stay.
    """

    name: str
    table: str
    new_table: str | None = None
    rows: tuple[tuple[Column, Column], ...] = ()
    keyed: bool = False
    kept: tuple[KeptColumn, ...] = ()

    @property
    def row_names(self) -> tuple[str, ...]:
        """The archive's columns that tell rows apart, without `ROW`."""
        return tuple(new.name for _, new in self.rows)

    def kept_column(self, old_name: str) -> KeptColumn | None:
        """The kept column that had this name before the plan."""
        return next((kept for kept in self.kept if kept.old.name == old_name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Archives:
    """What a plan keeps (`kept`), and what taking it back keeps in turn (`undone`).

    The names of tables and columns before and after are swapped in `undone`.
    """

    kept: tuple[Archive, ...] = ()
    undone: tuple[Archive, ...] = ()

    def of(self, table: str) -> Archive | None:
        """What is kept of the table that has this name before the plan."""
        return next((archive for archive in self.kept if archive.table == table), None)

    def undone_of(self, table: str) -> Archive | None:
        """What taking the plan back keeps of the table that has this name after it."""
        return next((archive for archive in self.undone if archive.table == table), None)


NO_ARCHIVES = Archives()


def archives_for(
    changes: Sequence[Change], current: Schema, desired: Schema, token: str
) -> Archives:
    """What is to be kept for these changes; `token` makes the names the plan's own."""
    back = tuple(change.inverse() for change in changes)
    # Renames are undone last: until then everything goes by the names after the plan.
    early = tuple(c for c in back if not isinstance(c, AlterColumn) or _recomputed(c))
    return Archives(
        kept=tuple(_archives(changes, current, desired, KEPT + token)),
        undone=tuple(_archives(early, desired, current, UNDONE + token, renamed_last=True)),
    )


def rewrites_values(change: AlterColumn) -> bool:
    """Whether values may become others: texts stay texts, whole numbers whole numbers."""
    old, new = change.old.type, change.new.type
    whole = {"int", "bigint"}
    texts = old.textual and new.textual and _holds_texts(change.old) and _holds_texts(change.new)
    kept = texts or {old.kind, new.kind} <= whole
    alike = kept or (old.kind == new.kind and change.old.exact_type == change.new.exact_type)
    rounded = old.kind == new.kind == "decimal" and old != new  # 1.5 may be 1.50 then
    other = (not alike or rounded) and not _only_wider(change.old, change.new)
    mapped = change.new.using is not None
    return other or mapped or change.fills_nulls or _recomputed(change)


def _only_wider(old: Column, new: Column) -> bool:
    """Whether a measure of the type grows or goes, and no value is held otherwise for that."""
    exact = (old.exact_type, new.exact_type)
    texts = exact if None not in exact else (str(old.type), str(new.type))
    (base, before), (new_base, after) = (_measure(text or "") for text in texts)
    if base != new_base or _FILLED.fullmatch(base) or not before:
        return False
    return not after or (before[0] <= after[0] and before[1:] == after[1:])


def _measure(native: str) -> tuple[str, tuple[int, ...]]:
    """`("time without time zone", (3,))` of `time(3) without time zone`."""
    found = _MEASURE.search(native)
    if found is None:
        return native.lower(), ()
    numbers = tuple(int(number) for number in found.groups() if number is not None)
    return _MEASURE.sub("", native, count=1).lower(), numbers


def _holds_texts(column: Column) -> bool:
    """Whether a store keeps texts in it just as they are: not where it pads them (PostgreSQL's
    `character`), nor where a type that says nothing of texts lets numbers in (SQLite)."""
    if column.exact_type is None:
        return True
    return bool(_TEXTS.search(column.exact_type)) and not _PADDED.fullmatch(column.exact_type)


def _recomputed(change: AlterColumn) -> bool:
    """Whether values make way for those of an expression."""
    return change.new.generated is not None and change.old.generated is None


def _archives(
    changes: Sequence[Change],
    before: Schema,
    after: Schema,
    prefix: str,
    *,
    renamed_last: bool = False,
) -> Iterator[Archive]:
    """`renamed_last`: the changes speak of tables and columns by their names before."""
    tables = {c.old: c.new for c in changes if isinstance(c, RenameTable)}
    for table in before.tables:
        name = _name(prefix, table.name)
        called = table.name if renamed_last else tables.get(table.name, table.name)
        if any(isinstance(c, DropTable) and c.table == called for c in changes):
            yield Archive(name=name, table=table.name)
            continue
        new_table = after.table(tables.get(table.name, table.name))
        if new_table is None:
            continue
        called = table.name if renamed_last else new_table.name
        mine = [c for c in changes if c.table == called]
        renamed = {c.old: c.new for c in mine if isinstance(c, RenameColumn)}
        old_names = {} if renamed_last else {new: old for old, new in renamed.items()}
        kept = tuple(_kept(mine, table, new_table, old_names, going=renamed_last))
        if kept:
            rows, keyed = _rows(table, new_table, renamed)
            yield Archive(
                name=name,
                table=table.name,
                new_table=new_table.name,
                rows=rows,
                keyed=keyed,
                kept=kept,
            )


def _kept(
    changes: Iterable[Change],
    table: Table,
    new_table: Table,
    old_names: Mapping[str, str],
    *,
    going: bool,
) -> Iterator[KeptColumn]:
    """The columns to keep. `going`: of altered ones too only the value before is wanted."""
    taken = {column.name.lower() for column in (*table.columns, *new_table.columns)}

    def keep(old: Column, new: Column | None) -> KeptColumn:
        old = table.column(old_names.get(old.name, old.name)) or old
        stem = old.name
        while {f"{stem}__before".lower(), f"{stem}__after".lower()} & taken:
            stem += "_"
        return KeptColumn(old=old, new=new, stem=stem)

    for change in changes:
        if isinstance(change, DropColumn) and change.column.generated is None:
            yield keep(change.column, None)
        if isinstance(change, AlterColumn) and rewrites_values(change):
            yield keep(change.old, None if going else change.new)


def _rows(
    table: Table, new_table: Table, renamed: dict[str, str]
) -> tuple[tuple[tuple[Column, Column], ...], bool]:
    """The columns that tell rows apart: a key before and after, else every one that stays."""
    pairs = [
        (old, new)
        for old in table.columns
        if (new := new_table.column(renamed.get(old.name, old.name))) and not new.generated
    ]
    keys_after = {frozenset(columns) for columns in _keys(new_table)}
    for columns in _keys(table):
        chosen = tuple(pair for pair in pairs if pair[0].name in columns)
        whole = len(chosen) == len(columns)
        if whole and frozenset(new.name for _, new in chosen) in keys_after:
            return chosen, True
    return tuple(pairs), False


def _keys(table: Table) -> Iterator[tuple[str, ...]]:
    """The primary key, then unique constraints over required columns."""
    if table.key:
        yield table.key
    required = {column.name for column in table.columns if column.required}
    yield from (u.columns for u in table.unique if set(u.columns) <= required)


def _name(prefix: str, table: str) -> str:
    """The archive's name, cut where it would be too long, and still its own then."""
    whole = f"{prefix}_{table}"
    if len(whole.encode()) <= _LONGEST_NAME:
        return whole
    mark = hashlib.sha256(table.encode()).hexdigest()[:8]
    room = _LONGEST_NAME - len(mark) - 1
    return f"{whole.encode()[:room].decode(errors='ignore')}_{mark}"
