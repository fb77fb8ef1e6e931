"""Steps on large tables, rewritten so that others read and write while indexes are built.

What such a step takes long for is made before the transaction, each statement by itself:
indexes CONCURRENTLY, constraints NOT VALID and then validated. In the transaction only what takes
a moment is left. A step that needs what the same plan makes stays as it is.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from zmigration_api import (
    AddColumn,
    AddConstraint,
    AddIndex,
    AlterColumn,
    Change,
    Check,
    CreateTable,
    DropColumn,
    DropConstraint,
    DropIndex,
    DropTable,
    ForeignKey,
    Index,
    Online,
    PrimaryKey,
    RenameColumn,
    RenamePart,
    RenameTable,
    Step,
    UniqueConstraint,
)

from .names import QUOTING, table_name
from .render import SQL
from .sizes import Size

_MADE = re.compile(
    r"(?:DROP INDEX CONCURRENTLY IF EXISTS|ALTER TABLE .+ DROP CONSTRAINT IF EXISTS) (.+);",
    re.DOTALL,
)
_SCHEMA = re.compile(r'(?:"(?:[^"]|"")*"|[^".]+)\.')
_PLAIN = re.compile(
    r"(?:ALTER TABLE .+ ALTER COLUMN .+ (?:SET|DROP) (?:NOT NULL|DEFAULT)|COMMENT ON ).*;",
    re.DOTALL,
)
_KEY = re.compile(
    r"(?P<kind>UNIQUE|PRIMARY KEY)(?P<nulls> NULLS NOT DISTINCT)? \((?P<columns>.*?)\)"
    r"(?P<include> INCLUDE \([^()]*\))?(?P<options> WITH \([^()]*\))?"
    r"(?P<deferral> DEFERRABLE(?: INITIALLY DEFERRED)?)?;",
    re.DOTALL,
)


def made_ahead(undo: str) -> str:
    """The name, as statements write it, of the index or constraint that this takes back."""
    found = _MADE.fullmatch(undo)
    assert found, undo
    return _SCHEMA.sub("", found[1], count=1) if _SCHEMA.match(found[1]) else found[1]


def online(
    steps: Sequence[Step], sizes: Mapping[str, Size], when: Online = "auto"
) -> tuple[Step, ...]:
    """The steps, with what takes long on large tables ahead of the transaction."""
    changes = [change for step in steps for change in step.changes]
    plan = _Plan(changes, steps, sizes, when)
    return tuple(plan.rewritten(step) for step in steps)


class _Plan:
    """What the other steps make and change, which nothing made before them can rely on."""

    def __init__(
        self,
        changes: Sequence[Change],
        steps: Sequence[Step],
        sizes: Mapping[str, Size],
        when: Online,
    ) -> None:
        self._large = {name: size for name, size in sizes.items() if size.is_large(when)}
        self._whole = {name for name, size in sizes.items() if size.whole}
        self._moving = set(_moving(changes))
        self._touched = {place for step in steps for place in _touched(step)}
        self._keyed = set(_keyed(changes))
        self._taken = set(_taken(changes))

    def rewritten(self, step: Step) -> Step:
        """The step with what can be made ahead, made ahead."""
        if len(step.changes) != 1 or not step.statements or step.table in self._moving:
            return step
        if step.table not in self._whole:
            return step
        match step.changes[0]:
            case AddIndex(table, index) if self._may(table, *_words(index)):
                return self._index(step, index.name)
            case AddConstraint(table, UniqueConstraint() as key) if self._may(table, *_words(key)):
                return self._key(self._index(step, key.name), key)
            case AddConstraint(table, PrimaryKey() as key) if self._may(table, *_words(key)):
                required = set(key.columns) <= set(self._large[table].required)
                return self._key(step, key) if required else step
            case AddConstraint(table, Check() as check) if self._may(table, check.expression):
                return self._validated(step, check.name, "CHECK ") if check.valid else step
            case AddConstraint(_, ForeignKey() as key) if key.valid and self._may_refer(step, key):
                return self._validated(step, key.name, "FOREIGN KEY ")
            case AlterColumn(table, _, new) as change if change.tightened and table in self._large:
                return _required(step, new.name)
            case _:
                return step

    def _may(self, table: str, *words: str) -> bool:
        """Whether all that is spoken of is there, and stays as it is."""
        named = (name for owner, name in self._touched if owner == table)
        return table in self._large and not any(n in w for n in named for w in words)

    def _may_refer(self, step: Step, key: ForeignKey) -> bool:
        there = key.ref_table
        if there in self._moving or not {step.table, there} & set(self._large):
            return False
        if (there, frozenset(key.ref_columns)) in self._keyed:
            return False
        ends = {(step.table, c) for c in key.columns} | {(there, c) for c in key.ref_columns}
        return ends.isdisjoint(self._touched)

    def _index(self, step: Step, name: str) -> Step:
        """CREATE INDEX CONCURRENTLY."""
        own = QUOTING.name(name)
        first, rest = step.statements[0], step.statements[1:]
        new = QUOTING.name(self._free(step.table, name))
        for kind in ("INDEX", "UNIQUE INDEX"):
            start = f"CREATE {kind} {own} ON "
            if first.startswith(start):
                made = f"CREATE {kind} CONCURRENTLY {new} ON {first.removeprefix(start)}"
                renamed = self._renamed(step, "index", name)
                return _with_ahead(step, [made], [*renamed, *rest], self._index_undo(step, name))
        return step

    def _key(self, step: Step, key: UniqueConstraint | PrimaryKey) -> Step:
        """The constraint from an index that is there already."""
        table = table_name(step.table)
        name = key.name or f"{step.table}_pkey"
        start = f"ALTER TABLE {table} ADD CONSTRAINT {QUOTING.name(name)} "
        found = _KEY.fullmatch(step.statements[0].removeprefix(start))
        if found is None or found["columns"] != QUOTING.names(key.columns):
            return step
        new = QUOTING.name(self._free(step.table, name))
        made = (
            f"CREATE UNIQUE INDEX CONCURRENTLY {new} ON {table}({found['columns']})"
            f"{found['include'] or ''}{found['nulls'] or ''}{found['options'] or ''};"
        )
        added = f"{start}{found['kind']} USING INDEX {new}{found['deferral'] or ''};"
        within = [added, *step.statements[1:]]
        return _with_ahead(step, [made], within, self._index_undo(step, name))

    def _validated(self, step: Step, name: str, clause: str) -> Step:
        """NOT VALID, which takes a moment, then VALIDATE, which lets others write."""
        alter, own = f"ALTER TABLE {table_name(step.table)}", QUOTING.name(name)
        first, rest = step.statements[0], step.statements[1:]
        start = f"{alter} ADD CONSTRAINT {own} "
        if not first.startswith(start + clause):
            return step
        new = self._free(step.table, name)
        clause = first.removeprefix(start)[:-1]
        made = f"{alter} ADD CONSTRAINT {QUOTING.name(new)} {clause} NOT VALID;"
        within = [*self._renamed(step, "constraint", name), *rest]
        undo = f"{alter} DROP CONSTRAINT IF EXISTS {QUOTING.name(new)};"
        return _with_ahead(step, [made, SQL.validate(step.table, new)], within, undo)

    def _free(self, table: str, name: str) -> str:
        """The name, or another one for as long as something else is called so."""
        return _other_name(table, name) if name in self._taken else name

    def _renamed(self, step: Step, part: str, name: str) -> list[str]:
        new = self._free(step.table, name)
        return [SQL.rename_part(step.table, part, new, name)] if new != name else []

    def _index_undo(self, step: Step, name: str) -> str:
        new = SQL.beside(step.table, self._free(step.table, name))
        return f"DROP INDEX CONCURRENTLY IF EXISTS {new};"


def _required(step: Step, column: str) -> Step:
    """SET NOT NULL, which looks at no row where a validated check says it already."""
    alter, name = f"ALTER TABLE {table_name(step.table)}", QUOTING.name(column)
    required = f"{alter} ALTER COLUMN {name} SET NOT NULL;"
    if required not in step.statements or _changes_values(step):
        return step
    check = _other_name(step.table, column)
    ahead = [
        f"{alter} ADD CONSTRAINT {check} CHECK ({name} IS NOT NULL) NOT VALID;",
        SQL.validate(step.table, check),
    ]
    place = step.statements.index(required) + 1
    dropped = SQL.drop_constraint(step.table, check)
    within = [*step.statements[:place], dropped, *step.statements[place:]]
    return _with_ahead(step, ahead, within, f"{alter} DROP CONSTRAINT IF EXISTS {check};")


def _with_ahead(step: Step, ahead: list[str], within: list[str], undo: str) -> Step:
    statements = (*ahead, *within)
    return replace(step, statements=statements, ahead=len(ahead), ahead_undo=(undo,))


def _other_name(table: str, name: str) -> str:
    digest = hashlib.sha256(f"{table} {name}".encode()).hexdigest()
    return f"__zmigration_{digest[:12]}"


def _words(part: Index | UniqueConstraint | PrimaryKey) -> Iterable[str]:
    """Every text in which a column may be named."""
    where = part.where if isinstance(part, Index) else None
    include = () if isinstance(part, PrimaryKey) else part.include
    return (*part.columns, *part.keys, *include, *filter(None, [where]))


def _moving(changes: Iterable[Change]) -> Iterable[str]:
    """Tables that are not there before the plan, or not after it, under one name."""
    for change in changes:
        if isinstance(change, CreateTable | DropTable | RenameTable):
            yield change.table
        if isinstance(change, RenameTable):
            yield change.old


def _touched(step: Step) -> Iterable[tuple[str, str]]:
    """Columns that come, go or get other values, each with its table."""
    for change in step.changes:
        match change:
            case AddColumn(table, column) | DropColumn(table, column):
                yield table, column.name
            case RenameColumn(table, old, new):
                yield from ((table, old), (table, new))
            case AlterColumn(table, _, new) if _changes_values(step):
                yield table, new.name
            case _:
                pass


def _changes_values(step: Step) -> bool:
    """Whether an altered column gets more than another default or NOT NULL."""
    return not all(map(_PLAIN.fullmatch, step.statements))


def _keyed(changes: Iterable[Change]) -> Iterable[tuple[str, frozenset[str]]]:
    """Columns of a table that foreign keys can refer to only before the plan, or after it."""
    for change in changes:
        match change:
            case AddIndex(table, index) | DropIndex(table, index) if index.unique:
                yield table, frozenset(index.columns)
            case AddConstraint(table, key) | DropConstraint(table, key):
                if isinstance(key, PrimaryKey | UniqueConstraint):
                    yield table, frozenset(key.columns)
            case _:
                pass


def _taken(changes: Iterable[Change]) -> Iterable[str]:
    """Names that something else has until the plan drops or renames it."""
    for change in changes:
        match change:
            case DropIndex(_, index):
                yield index.name
            case DropConstraint(table, constraint):
                yield constraint.name or f"{table}_pkey"
            case RenamePart():
                yield from (change.old, change.new)
            case _:
                pass
