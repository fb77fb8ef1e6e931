"""Rules that a way back brings again: what rows are asked, and how many broke them before.

A store that does not enforce a rule itself (a length in SQLite, all of a CSV file) may hold rows
that never kept it. A migration remembers how many, so that its rollback asks for no more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from zmigration_api import (
    AddConstraint,
    AlterColumn,
    BackendType,
    Change,
    Duplicates,
    HistoryRecord,
    Nulls,
    Orphans,
    Question,
    Schema,
    Store,
    Table,
    Unconvertible,
)
from zmigration_api.snapshot import encode

from .preflight import afterwards
from .recording import BROKEN, json_text, meta_of
from .renaming import Names, renamed


def asked_again(backend: BackendType, was: Table, table: Table) -> Iterator[tuple[Question, str]]:
    """What rows must answer well where `was` is `table` again."""
    for column in table.columns:
        before = was.column(column.name)
        back = AlterColumn(table.name, before, column) if before else None
        if back and (back.narrowed or (back.retyped and not _whole(back))):
            yield Unconvertible(table.name, column, column), "correct these values"
        # A store that never knew of `required` may have had such rows before.
        if back and back.tightened and "required" in backend.keeps:
            yield Nulls(table.name, column.name), "fill these rows"
    if not {"unique", "foreign_keys"} <= backend.keeps:
        new = [c for c in table.constraints if c not in was.constraints]
        yield from afterwards([AddConstraint(table.name, constraint) for constraint in new])


def _whole(back: AlterColumn) -> bool:
    """Whether whole numbers stay what they are: a store that has larger ones had them before."""
    kinds = {back.old.type.kind, back.new.type.kind}
    return back.new.exact_type is not None and kinds <= {"int", "bigint"}


def followed(state: Schema, changes: Iterable[Change]) -> Schema:
    """The state under the names that these changes, made one after the other, leave."""
    for _, alike in groupby(changes, key=type):  # two columns may swap their names at once
        state = renamed(state, tuple(alike))
    return state


def broken_before(
    store: Store, backend: BackendType, changes: Sequence[Change], old: Schema, new: Schema
) -> dict[str, int]:
    """How many rows break each rule that a way back from `new` to `old` will bring again."""
    found = {}
    new = followed(new, [change.inverse() for change in reversed(changes)])
    names = Names.of(changes)
    for name in dict.fromkeys(change.table for change in changes):
        table, becomes = old.table(names.old_table(name)), new.table(names.old_table(name))
        for question, _ in asked_again(backend, becomes, table) if table and becomes else ():
            found[_rule(question)] = store.ask(question, old).count
    return found


def known_broken(records: Sequence[HistoryRecord], question: Question) -> int:
    """How many rows broke this rule before the first of these records, newest first, let it go."""
    rule = _rule(question)
    for record in reversed(records):
        known = meta_of(record).get(BROKEN)
        count = known.get(rule) if isinstance(known, Mapping) else None
        if isinstance(count, int):
            return count
    return 0


def _rule(question: Question) -> str:
    """A text that is the same for the same rule in the terms of the same schema."""
    what: list[object]
    match question:
        case Unconvertible(new=column):
            what = [column.name, encode(column.type), list(column.enum or ()), column.exact_type]
        case Nulls(column=name):
            what = [name]
        case Duplicates(columns=columns):
            what = list(columns)
        case Orphans(columns=columns, ref_table=table, ref_columns=refs):
            what = [list(columns), table, list(refs)]
        case _:
            what = [encode(question)]
    return json_text([type(question).__name__, question.table, *what])
