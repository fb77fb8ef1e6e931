"""Proof before a rollback's commit: the store is what was recorded, and what found no row is told.

What a rollback is refused for: things that are still there or not back again, and rows that do
not keep a rule that comes back, also where the store itself would take them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from zmigration_api import (
    EVERYTHING,
    Answer,
    Archive,
    DropColumn,
    Duplicates,
    Nulls,
    Orphans,
    Question,
    RenameColumn,
    Schema,
    Step,
    Table,
    VerificationFailed,
)
from zmigration_api.archive import ROW

from .drift import moves
from .kept_rules import asked_again, followed, known_broken
from .survey import Unit
from .way_back import Undoing, WayBack


def without_rows(unit: Unit, step: Step) -> Iterator[str]:
    """How many kept rows have no row to go back to by this step, in a sentence."""
    archive = step.restores
    if archive is None or archive.new_table is None or not archive.rows:
        return
    live = unit.store.inspect([archive.name, archive.new_table])
    kept, table = live.table(archive.name), live.table(archive.new_table)
    if kept is None or table is None:
        return
    count = _homeless(unit, archive, kept, table)
    if count:
        yield (
            f"{count} kept row(s) of {archive.new_table} have no row to go back to; "
            f"their values stay in {archive.name}"
        )


def _homeless(unit: Unit, archive: Archive, kept: Table, table: Table) -> int:
    names = archive.row_names
    if archive.keyed:
        question = Orphans(kept.name, names, table.name, names)
        return unit.store.ask(question, Schema(tables=(kept, table))).count
    rows = unit.store.select(table, EVERYTHING, columns=names)
    there = Counter(repr([row[name] for name in names]) for row in rows)
    alike = unit.store.select(kept, EVERYTHING, columns=(*names, ROW))
    return sum(int(row[ROW]) > there[repr([row[name] for name in names])] for row in alike)


def verified(unit: Unit, way: WayBack) -> tuple[Schema, list[str]]:
    """The live tables, once they are what the goals say; VerificationFailed if they are not.

    With them, in sentences, which rules that came back were not kept before the migration either.

    What had moved before by another hand, and was let pass, may be as it was.
    """
    gone = {t.name for u in way.schemas if u.last.tables for t in u.last.tables.tables}
    there = {
        t.name for u in way.schemas if u.goal_state.observed for t in u.goal_state.observed.tables
    }
    live = unit.store.inspect(sorted(gone | there))
    wrong = [f"table {name} is still there" for name in sorted(gone - there) if live.table(name)]
    for undoing in way.schemas:
        known = {(move.table, move.thing) for move in moves(undoing.last, way.live)}
        moved = moves(undoing.goal_state, live)
        wrong += [move.text for move in moved if (move.table, move.thing) not in known]
        wrong += _left_columns(undoing, live)
    if wrong:
        raise VerificationFailed(
            f"Verification failed, everything was undone: {'; '.join(wrong)}",
            hint="run again with --debug and report it; nothing was changed",
        )
    return live, list(_ask_rows(unit, way, live))


def _left_columns(undoing: Undoing, live: Schema) -> list[str]:
    """Columns that the steps should have taken; one that was only adopted was not ours to make."""
    dropped = {c.column.name for c in undoing.changes if isinstance(c, DropColumn)}
    taken = dropped | {c.old for c in undoing.changes if isinstance(c, RenameColumn)}
    last, goal = undoing.last.tables, undoing.goal_state.observed
    found = []
    for table in last.tables if last else ():
        now, before = live.table(table.name), goal.table(table.name) if goal else None
        for column in table.columns if now and before else ():
            here = now and now.column(column.name) and column.name in taken
            if here and before and not before.column(column.name):
                found.append(f"column {table.name}.{column.name} is still there")
    return found


def _ask_rows(unit: Unit, way: WayBack, live: Schema) -> Iterator[str]:
    """Rows that were written since must keep the rules that come back; who never did is told."""
    touched = {change.table for step in way.steps for change in step.changes}
    for undoing in way.schemas:
        last = followed(undoing.last.tables or Schema(), undoing.changes)
        goal = undoing.goal_state.tables
        for table in goal.tables if goal else ():
            was = last.table(table.name)
            if was and table.name in touched and live.table(table.name):
                schema = _typed(unit, way, table, live)
                for question, hint in asked_again(unit.backend, was, table):
                    known = known_broken(undoing.records, question)
                    yield from _ask(unit, question, schema, known, hint)


def _typed(unit: Unit, way: WayBack, table: Table, live: Schema) -> Schema:
    """A table and those that it refers to, with the types of the files where these are known."""
    named = {key.ref_table for key in table.foreign_keys} - {table.name}
    states = [undoing.goal_state.tables for undoing in way.schemas]
    known = {t.name: t for state in states if state for t in state.tables}
    others = unit.store.inspect(sorted(named))
    there = (known.get(other.name, other) for other in others.tables)
    return Schema(tables=(table, *there))


def _ask(unit: Unit, question: Question, schema: Schema, known: int, hint: str) -> Iterator[str]:
    """A sentence for rows that broke the rule before; VerificationFailed if they are more now."""
    answer = unit.store.ask(question, schema)
    if not answer.count:
        return
    rows, reason = f"{question.table}: {answer.count} row(s)", _reason(question, answer)
    if answer.count <= known:
        yield f"{rows} do not keep what came back, as {known} did not before: {reason}"
        return
    since = f"{rows} written since do not keep what comes back"
    if known:
        since = f"{rows} do not keep what comes back, and only {known} did not before"
    raise VerificationFailed(
        f"{since}: {reason}; everything was undone",
        hint=f"{hint}, or stay with the migration",
    )


def _reason(question: Question, answer: Answer) -> str:
    values = ", ".join(repr(v) for s in answer.samples[:1] for v in s.values)
    match question:
        case Duplicates(columns=columns):
            return f"{values} in {', '.join(columns)} stands there more than once"
        case Orphans(columns=columns, ref_table=table):
            return f"{values} in {', '.join(columns)} refers to nothing in {table}"
        case Nulls(column=column):
            return f"{column} is required and has no value"
        case _:
            reasons = (sample.reason for sample in answer.samples if sample.reason)
            return f"{values} {next(reasons, 'does not fit')}"
