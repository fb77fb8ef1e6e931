"""Random databases over the whole vocabulary of a dialect, and others that grew out of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from hypothesis import strategies as st

Trait: TypeAlias = Literal["any", "key", "text", "number", "whole", "range", "list", "document"]
TABLES = ("things", "Odd Table", "select")
COLUMNS = ("a", "b", "Cap", "two words", "order", 'q"u', "größe")
MOST_COLUMNS = 5
MOST_PARTS = 6


@dataclass(frozen=True, slots=True)
class Kind:
    """A column's type: what it is good for, and what may follow it."""

    type: str
    traits: frozenset[Trait]
    forms: tuple[str, ...] = ("",)


@dataclass(frozen=True, slots=True)
class Template:
    """A part of a table, in the table's parentheses or in a statement after it.

    `{t}` is the table, `{n}` the part's name, `{0}` and `{1}` columns that have what `needs` says.
    """

    needs: tuple[Trait, ...]
    inside: str = ""
    after: str = ""
    primary: bool = False

    @property
    def is_column(self) -> bool:
        return self.inside.startswith("{n}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """All that the random tables of a dialect can say."""

    kinds: tuple[Kind, ...]
    templates: tuple[Template, ...]
    options: Mapping[str, tuple[str, ...]]
    """Options of a table, each with the types that all its columns have to have, if it matters."""
    hubs: tuple[str, ...]
    """Definitions of the table that foreign keys of other tables refer to."""
    types: Mapping[str, tuple[str, ...]]
    """Definitions of each named type, made where a column has it."""


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    kind: Kind
    form: str

    @property
    def text(self) -> str:
        return f"{quoted(self.name)} {self.kind.type} {self.form}".rstrip()

    @property
    def primary(self) -> bool:
        return "PRIMARY KEY" in self.form


@dataclass(frozen=True, slots=True)
class Part:
    template: Template
    name: str
    columns: tuple[str, ...]

    def fits(self, columns: Mapping[str, Column]) -> bool:
        found = [columns.get(name) for name in self.columns]
        return all(
            column is not None and need in column.kind.traits
            for need, column in zip(self.template.needs, found, strict=True)
        )

    def said(self, text: str, table: str) -> str:
        columns = map(quoted, self.columns)
        return text.format(*columns, t=quoted(table), n=quoted(self.name))


@dataclass(frozen=True, slots=True, kw_only=True)
class RandomTable:
    name: str
    columns: tuple[Column, ...]
    parts: tuple[Part, ...]
    option: str

    @property
    def statements(self) -> list[str]:
        inside = [p for p in self.parts if p.template.inside]
        inside.sort(key=lambda part: not part.template.is_column)
        own = [part.said(part.template.inside, self.name) for part in inside]
        lines = ",\n  ".join([*(column.text for column in self.columns), *own])
        create = f"CREATE TABLE {quoted(self.name)} (\n  {lines}\n) {self.option}".rstrip()
        after = [p.said(p.template.after, self.name) for p in self.parts if p.template.after]
        return [create, *after]


@dataclass(frozen=True, slots=True, kw_only=True)
class RandomDatabase:
    types: Mapping[str, str]
    hub: str
    tables: tuple[RandomTable, ...]

    @property
    def script(self) -> str:
        used = {column.kind.type for table in self.tables for column in table.columns}
        types = [text for name, text in self.types.items() if {name, f"{name}[]"} & used]
        tables = [statement for table in self.tables for statement in table.statements]
        return "".join(f"{statement};\n" for statement in [*types, self.hub, *tables])


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


@st.composite
def database_pairs(
    draw: st.DrawFn, vocabulary: Vocabulary
) -> tuple[RandomDatabase, RandomDatabase]:
    """A database, and what may become of it."""
    names = draw(st.lists(st.sampled_from(TABLES), unique=True, min_size=1, max_size=2))
    before = draw(_databases(vocabulary, [draw(_tables(vocabulary, name)) for name in names]))
    after = [draw(_grown(vocabulary, table)) for table in before.tables if not draw(_SELDOM)]
    if draw(_SELDOM):
        free = sorted(set(TABLES) - set(names))
        after.append(draw(_tables(vocabulary, draw(st.sampled_from(free)))))
    return before, draw(_databases(vocabulary, after))


_SELDOM = st.sampled_from((False, False, False, True))


@st.composite
def _databases(
    draw: st.DrawFn, vocabulary: Vocabulary, tables: Sequence[RandomTable]
) -> RandomDatabase:
    types = {name: draw(st.sampled_from(texts)) for name, texts in vocabulary.types.items()}
    hub = draw(st.sampled_from(vocabulary.hubs))
    return RandomDatabase(types=types, hub=hub, tables=tuple(tables))


@st.composite
def _tables(draw: st.DrawFn, vocabulary: Vocabulary, name: str) -> RandomTable:
    names = st.lists(st.sampled_from(COLUMNS), unique=True, min_size=1, max_size=MOST_COLUMNS)
    columns = _of_one_key([draw(_columns(vocabulary, column)) for column in draw(names)])
    empty = RandomTable(name=name, columns=columns, parts=(), option="")
    return draw(_with_parts(vocabulary, empty))


@st.composite
def _grown(draw: st.DrawFn, vocabulary: Vocabulary, table: RandomTable) -> RandomTable:
    """The table with some columns gone, some changed, some new, and other parts."""
    kept = [column for column in table.columns if not draw(_SELDOM)]
    columns = [
        draw(_columns(vocabulary, column.name)) if draw(_SELDOM) else column for column in kept
    ]
    free = sorted(set(COLUMNS) - {column.name for column in table.columns})
    if not columns or draw(_SELDOM):
        columns.append(draw(_columns(vocabulary, draw(st.sampled_from(free)))))
    parts = tuple(part for part in table.parts if not draw(_SELDOM))
    grown = replace(table, columns=_of_one_key(columns), parts=parts)
    return draw(_with_parts(vocabulary, grown))


@st.composite
def _columns(draw: st.DrawFn, vocabulary: Vocabulary, name: str) -> Column:
    kind = draw(st.sampled_from(vocabulary.kinds))
    return Column(name, kind, draw(st.sampled_from(kind.forms)))


def _of_one_key(columns: Sequence[Column]) -> tuple[Column, ...]:
    """At most one column that says to be the primary key itself."""
    first = next((column.name for column in columns if column.primary), None)
    return tuple(
        replace(column, form="") if column.primary and column.name != first else column
        for column in columns
    )


@st.composite
def _with_parts(draw: st.DrawFn, vocabulary: Vocabulary, table: RandomTable) -> RandomTable:
    """The table with the parts that still fit and some more, and an option that fits."""
    columns = {column.name: column for column in table.columns}
    parts = [part for part in table.parts if part.fits(columns)]
    for template in draw(st.lists(st.sampled_from(vocabulary.templates), max_size=MOST_PARTS)):
        fitting = [_having(table.columns, need) for need in template.needs]
        if all(fitting):
            chosen = tuple(draw(st.sampled_from(names)) for names in fitting)
            parts.append(Part(template, _free_name(table.name, parts), chosen))
    whole = replace(table, parts=_fitting_together(parts, table.columns))
    options = [option for option in vocabulary.options if _suits(vocabulary, option, whole)]
    return replace(whole, option=draw(st.sampled_from(options)))


def _having(columns: Sequence[Column], need: Trait) -> list[str]:
    return [column.name for column in columns if need in column.kind.traits]


def _free_name(table: str, parts: Sequence[Part]) -> str:
    taken = {part.name for part in parts}
    names = (f"{table} {number}" for number in range(len(parts) + 1))
    return next(name for name in names if name not in taken)


def _fitting_together(parts: Sequence[Part], columns: Sequence[Column]) -> tuple[Part, ...]:
    """One primary key at most, and no column twice in one part."""
    primary = any(column.primary for column in columns)
    kept: list[Part] = []
    for part in parts:
        twice = len(set(part.columns)) < len(part.columns)
        if not twice and not (part.template.primary and primary):
            kept.append(part)
        primary = primary or (part.template.primary and not twice)
    return tuple(kept)


def _suits(vocabulary: Vocabulary, option: str, table: RandomTable) -> bool:
    types = vocabulary.options[option]
    if types and any(column.kind.type not in types for column in table.columns):
        return False
    if "WITHOUT ROWID" not in option:
        return True
    counting = any("AUTOINCREMENT" in column.form for column in table.columns)
    keyed = any(p.template.primary for p in table.parts) or any(c.primary for c in table.columns)
    return keyed and not counting
