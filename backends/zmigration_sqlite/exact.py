"""Exact tables: what a file holds of them, what a schema file wants of them, in the same forms.

SQLite keeps texts as they were written, so two texts are one where their forms are
(`canonical.form`), and then it is the text of the file that stands on both sides.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import TypeVar

from zmigration_api import (
    Check,
    Column,
    Default,
    ForeignKey,
    Index,
    PrimaryKey,
    Schema,
    Table,
    UniqueConstraint,
    UnsupportedChange,
)
from zmigration_sql import literal

from .canonical import (
    Form,
    closed_by_last,
    form,
    is_bare,
    key_column,
    key_text,
    same_type,
    tidy,
    type_text,
    unwrapped,
)
from .ddl import autoincrements
from .expressions import WORDS, default_text
from .found import Found, found, listed
from .inspect import check_clauses, column_of, index_of, key_of
from .parts import is_required, options, spelled, uniques
from .render import refuses_null
from .tokens import fold, significant, text_of, tokenize, trimmed
from .types import declared_type, neutral
from .usual import check_name_of_form, is_usual, reference_name, unique_name

_Over = TypeVar("_Over", PrimaryKey, UniqueConstraint, Index)


def as_found(
    connection: sqlite3.Connection, tables: Collection[str], known: dict[str, Table]
) -> Schema:
    """The tables of these names that are there; `known` as in `inspect`."""
    there = listed(connection, tables)
    for one in found(connection, [row for row in there if fold(row[0]) not in known]):
        known[fold(one.name)] = _found(one)
    return Schema(tables=tuple(known[fold(name)] for name, _ in there))


def _found(one: Found) -> Table:
    definitions = one.definitions()
    names = spelled([column.name for column in one.columns])
    numbered = one.text is not None and autoincrements(one.text)
    columns: list[Column] = []
    for raw in one.columns:
        definition = definitions.get(fold(raw.name))
        column = column_of(one, raw, definition, numbered=numbered)
        required = is_required(definition) if definition else bool(raw.not_null)
        declared = type_text(raw.declared)
        columns.append(
            replace(column, required=required, exact_type=declared, auto_increment=False)
        )
    indexes = (index for index in one.indexes if index.origin == "c")
    return Table(
        name=one.name,
        columns=tuple(columns),
        primary_key=_with_name(key_of(one)),
        unique=tuple(uniques(one.name, one.text, names)) if one.text else (),
        foreign_keys=_references(one.foreign_keys),
        checks=tuple(_checks(one, names)),
        indexes=tuple(map(index_of, indexes)),
        options=options(one.text) if one.text else (),
        exact=True,
    )


def _with_name(key: PrimaryKey | None) -> PrimaryKey | None:
    """A key that has no name has an empty one here: that it has none is said too."""
    return replace(key, name=key.name or "") if key else None


def _references(keys: Iterable[ForeignKey]) -> tuple[ForeignKey, ...]:
    """Each once."""
    return tuple({(key, key.name): key for key in keys}.values())


def _checks(one: Found, names: Collection[str]) -> Iterable[Check]:
    seen: set[Check] = set()
    for clause in check_clauses(one.text) if one.text else ():
        text = clause.expression
        name = clause.name or check_name_of_form(one.name, form(text, names))
        check = Check(name=name, expression=text)
        if check not in seen:
            seen.add(check)
            yield check


def exactly(schema: Schema, live: Schema) -> Schema:
    """The tables of a schema file in the forms of `live`, which `as_found` gave."""
    there = {fold(table.name): table for table in live.tables}
    tables = (_Exactly(t, there.get(fold(t.renamed_from or t.name))).table() for t in schema.tables)
    return replace(schema, tables=tuple(tables))


class _Exactly:
    """One table of a schema file beside the live one."""

    def __init__(self, wanted: Table, live: Table | None) -> None:
        self._wanted = wanted
        self._live = live or Table(name=wanted.name, columns=())
        self._names = spelled([c.name for c in wanted.columns])
        self._live_names = spelled([c.name for c in self._live.columns])
        parts = (*self._live.constraints, *self._live.indexes)
        self._spelled = {fold(part.name): part.name for part in parts if part.name}
        self._strict = "STRICT" in options_of(wanted)

    def table(self) -> Table:
        wanted = self._wanted
        key = wanted.primary_key
        for one in (*((key,) if key else ()), *wanted.unique):
            self._refuse_options(one)
        return replace(
            wanted,
            columns=tuple(map(self._column, wanted.columns)),
            primary_key=_with_name(self._over(key)) if key else None,
            unique=tuple(map(self._unique, wanted.unique)),
            foreign_keys=tuple(map(self._reference, wanted.foreign_keys)),
            checks=tuple(map(self._check, wanted.checks)),
            indexes=tuple(map(self._index, wanted.indexes)),
            options=options_of(wanted),
        )

    def _column(self, column: Column) -> Column:
        self._refuse(column)
        live = self._live.column(column.renamed_from or "") or self._live.column(column.name)
        text = column_type(column, strict=self._strict)
        if live is not None and live.exact_type is not None and same_type(text, live.exact_type):
            text = live.exact_type
        live = live or Column(name=column.name, type=column.type)
        return replace(
            column,
            type=neutral(text),
            exact_type=text,
            default=_default(column, text, live.default),
            generated=self._text(column.generated, live.generated),
            collation=_collation(column.collation, live.collation),
            required=column.required or any(map(refuses_null, column.attributes)),
            attributes=_attributes(column.attributes, live.attributes),
            auto_increment=False,
        )

    def _refuse(self, column: Column) -> None:
        identity = column.identity
        if identity is not None and (identity.kind != "autoincrement" or identity.options):
            raise UnsupportedChange(
                f"{self._wanted.name}.{column.name}: SQLite has no identity"
                f" {identity.kind} {identity.options}".rstrip(),
                hint="write `identity: autoincrement`, or remove it",
                line=column.line,
            )
        for attribute in column.attributes:
            if not refuses_null(attribute) and form(attribute) != ("null",):
                raise UnsupportedChange(
                    f"{self._wanted.name}.{column.name}: SQLite columns have no {attribute}",
                    hint="write what it says in the table's own keys, or remove it",
                    line=column.line,
                )

    def _refuse_options(self, key: PrimaryKey | UniqueConstraint) -> None:
        if key.options:
            raise UnsupportedChange(
                f"{self._wanted.name}: SQLite keys have no {', '.join(key.options)}",
                hint="remove the options of the key",
                line=self._wanted.line,
            )

    def _named(self, name: str) -> str:
        """A name as the live table spells it."""
        return self._spelled.get(fold(name), name)

    def _text(self, text: str | None, live: str | None) -> str | None:
        """An expression, as the file has it if it says the same."""
        if text is None:
            return None
        same = live is not None and self._form(text) == self._live_form(live)
        return live if same else text.strip()

    def _form(self, text: str) -> Form:
        return form(text, self._names)

    def _live_form(self, text: str) -> Form:
        return form(text, self._live_names)

    def _unique(self, unique: UniqueConstraint) -> UniqueConstraint:
        usual = is_usual(unique, self._wanted.name, self._names)
        unique = self._over(unique)
        if usual:
            name = unique_name(self._wanted.name, unique.columns, unique.keys)
            return replace(unique, name=name)
        return replace(unique, name=self._named(unique.name))

    def _over(self, part: _Over) -> _Over:
        """With its keys in order; none where they are columns as they are."""
        if not part.keys:
            return part
        texts = tuple(key_text(tokenize(key)) for key in part.keys)
        found = [key_column(text, self._names) for text in texts]
        columns = tuple(self._names[name] for name in found if name is not None)
        plain = len(columns) == len(texts) and all(map(is_bare, texts))
        alike = next((p for p in self._with_keys() if self._same_keys(p, texts)), None)
        return replace(part, columns=columns, keys=() if plain else alike or texts)

    def _with_keys(self) -> Iterable[tuple[str, ...]]:
        live = self._live
        parts = (*live.unique, *live.indexes, *([live.primary_key] if live.primary_key else ()))
        return [part.keys for part in parts if part.keys]

    def _same_keys(self, live: tuple[str, ...], texts: tuple[str, ...]) -> bool:
        return list(map(self._live_form, live)) == list(map(self._form, texts))

    def _reference(self, key: ForeignKey) -> ForeignKey:
        if is_usual(key, self._wanted.name, self._names):
            return replace(key, name=reference_name(self._wanted.name, key.columns))
        return replace(key, name=self._named(key.name))

    def _check(self, check: Check) -> Check:
        said = self._form(check.expression)
        alike = [c for c in self._live.checks if self._live_form(c.expression) == said]
        usual = is_usual(check, self._wanted.name, self._names)
        name = check_name_of_form(self._wanted.name, said) if usual else self._named(check.name)
        best = next((c for c in alike if c.name == name), next(iter(alike), None))
        text = best.expression if best else check.expression.strip()
        return replace(check, name=name, expression=text, inherited=True, valid=True)

    def _index(self, index: Index) -> Index:
        index = replace(self._over(index), name=self._named(index.name))
        if index.where is None:
            return index
        wheres = (i.where for i in self._live.indexes if i.where is not None)
        said = self._form(index.where)
        alike = next((w for w in wheres if self._live_form(w) == said), None)
        return replace(index, where=alike or index.where.strip())


def options_of(table: Table) -> tuple[str, ...]:
    """The options of a table in capitals and in order."""
    return tuple(sorted({" ".join(option.upper().split()) for option in table.options}))


def column_type(column: Column, *, strict: bool) -> str:
    """The declared type that a column of a schema file asks for."""
    if column.exact_type is not None:
        return type_text(column.exact_type)
    return type_text(declared_type(column.type, None, strict=strict))


def _default(column: Column, declared: str, live: Default | None) -> Default | None:
    if column.default is None or not column.default.stored:
        return column.default
    text = written(column, declared)
    if live is not None and default_form(text) == default_form(live.text):
        return live
    return Default(kind="expression", text=text)


def written(column: Column, declared: str) -> str:
    """A column's default as SQLite will keep it. UnsupportedChange, with the line, if it is none.

    A value is one of the column's type, or of the neutral type nearest to its own.
    """
    default = column.default
    if default is None or default.kind == "expression":
        return bare(default.text if default else "NULL")
    typed = column if column.type.kind != "native" else replace(column, type=neutral(declared))
    try:
        return default_text(typed) or "NULL"
    except UnsupportedChange as error:
        error.line = error.line or column.line
        raise


def bare(text: str) -> str:
    """An expression without parentheses around all of it."""
    _, tokens, _ = trimmed(tokenize(text))
    while closed_by_last(tokens):
        _, tokens, _ = trimmed(tokens[1:-1])
    return text_of(tokens)


def default_form(text: str) -> Form:
    """The form of a default; a bare word is a text to SQLite, and so is a name in quotes."""
    words = unwrapped(significant(tokenize(text)))
    if len(words) == 2 and words[0].text == "+" and words[1].kind == "number":
        words = words[1:]
    if len(words) == 1 and words[0].kind in ("word", "quoted"):
        return (words[0].text.upper() if words[0].keyword in WORDS else literal(words[0].name),)
    return form(text_of(words)) if len(words) == 1 else form(text)


def _collation(wanted: str | None, live: str | None) -> str | None:
    if wanted is None:
        return None
    return live if live is not None and fold(wanted) == fold(live) else wanted


def _attributes(wanted: Iterable[str], live: tuple[str, ...]) -> tuple[str, ...]:
    """Other than plain NULL and NOT NULL, which `required` says."""
    known = {form(text): text for text in live}
    texts = (known.get(form(text), tidy(text)) for text in wanted)
    return tuple(sorted(t for t in texts if form(t) not in (("null",), ("not", "null"))))
