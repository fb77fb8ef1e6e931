"""A table as a migration left it, beside the same table as it is by now.

What a rollback makes anew it makes of the texts that were known when it was recorded. So it first
proves that nothing else has become of the table since.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from zmigration_sql import literal

from .ddl import TableText, parse_table
from .live import Live
from .tokens import Tokens, fold, significant, text_of, tokenize

AS_LEFT = "zmigration_as_left"
Thing: TypeAlias = tuple[str, str]
"""The kind of a thing (column, index, trigger, rule), and its folded name or canonical text."""

_Form: TypeAlias = tuple[str, ...]
_CARRIED = frozenset({"column", "index", "trigger"})


@dataclass(frozen=True, slots=True)
class Difference:
    """What came to a table, what went from it, and what has another definition.

    Each is said as people call it, under its thing.
    """

    came: Mapping[Thing, str]
    gone: Mapping[Thing, str]
    changed: Mapping[Thing, str]

    def __bool__(self) -> bool:
        return bool(self.came or self.gone or self.changed)

    def said(self) -> str:
        """All of it in a few words."""
        groups = ((self.came, "came"), (self.gone, "went"), (self.changed, "changed"))
        return "; ".join(f"{' and '.join(sorted(g.values()))} {verb}" for g, verb in groups if g)

    def without_carried(self) -> Difference:
        """Without what can be carried along when the table is made anew."""
        came = {thing: said for thing, said in self.came.items() if thing[0] not in _CARRIED}
        return Difference(came, self.gone, self.changed)

    def has_come(self, kind: str, name: str) -> bool:
        """Whether the thing came."""
        return (kind, fold(name)) in self.came


def texts_of(live: Live) -> dict[str, str]:
    """The SQL texts of a table, its indexes and its triggers, each under what it is."""
    indexes = {f"index {index.name}": index.statement for index in live.indexes}
    triggers = {f"trigger {trigger.name}": trigger.statement for trigger in live.triggers}
    return {f"table {live.name}": live.text.render(), **indexes, **triggers}


def guard(live: Live) -> str:
    """The statement that refuses unless the table still is as `live`."""
    name, known = literal(live.name), json.dumps(texts_of(live), ensure_ascii=False)
    return (
        f"SELECT {AS_LEFT}({name}, {literal(known)}, json_group_object(type || ' ' || name, sql))"
        f" FROM sqlite_master WHERE tbl_name = {name} COLLATE NOCASE AND sql IS NOT NULL;"
    )


def read_guard(statement: str) -> tuple[str, dict[str, str]] | None:
    """The table and the texts of a guard; None if the statement is none."""
    if not statement.startswith(f"SELECT {AS_LEFT}("):
        return None
    name, known = [t.name for t in tokenize(statement) if t.kind == "string"][:2]
    texts = json.loads(known)
    return (name, texts) if isinstance(texts, dict) else None


def difference(known: Mapping[str, str], found: Mapping[str, str]) -> Difference:
    """What is different in `found`; not spelling, comments or the order of columns."""
    old, new = dict(_things(known)), dict(_things(found))
    both = old.keys() & new.keys()
    return Difference(
        came={thing: new[thing][0] for thing in new if thing not in old},
        gone={thing: old[thing][0] for thing in old if thing not in new},
        changed={thing: new[thing][0] for thing in both if old[thing][1] != new[thing][1]},
    )


def not_as_left(table: str, moved: Difference) -> str:
    """Why a table cannot be taken back, in a sentence."""
    return f"{table} is not as the migration left it, and cannot be taken back: {moved.said()}"


def _things(texts: Mapping[str, str]) -> Iterator[tuple[Thing, tuple[str, _Form]]]:
    for what, sql in texts.items():
        kind, _, name = what.partition(" ")
        if kind == "table":
            yield from _parts(parse_table(sql))
        else:
            yield (kind, fold(name)), (what, _form(tokenize(sql)))


def _parts(text: TableText) -> Iterator[tuple[Thing, tuple[str, _Form]]]:
    for column in text.definitions():
        yield ("column", fold(column.name)), (f"column {column.name}", _form(column.render()))
    for item in (*(item.body for item in text.constraints), text.tail[1:]):
        if form := _form(item):
            yield ("rule", " ".join(form)), (" ".join(text_of(item).split()), form)


def _form(tokens: Tokens) -> _Form:
    """The same for texts that say the same; SQLite quotes names that it renames."""
    words = [t for t in significant(tokens) if t.text != ";"]
    return tuple(fold(t.name) if t.kind in ("word", "quoted") else t.text for t in words)
