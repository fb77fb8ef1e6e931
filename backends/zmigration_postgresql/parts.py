"""Constraints and indexes, from the catalog's rows into the model."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from zmigration_api import (
    Action,
    Check,
    Column,
    Deferral,
    Exclusion,
    ForeignKey,
    Index,
    PrimaryKey,
    Table,
    UniqueConstraint,
)

from .names import QUOTING, join
from .tokens import after, bare, enclosed, listed, spaced, without_options

_ACTIONS: dict[str, Action] = {
    "a": "NO ACTION",
    "r": "RESTRICT",
    "c": "CASCADE",
    "n": "SET NULL",
    "d": "SET DEFAULT",
}
_MATCHES: dict[str, Literal["FULL", "PARTIAL"]] = {"f": "FULL", "p": "PARTIAL"}


@dataclass(slots=True)
class Found:
    """A table while it is put together; `names` are its columns' by number."""

    name: str
    columns: list[Column] = field(default_factory=list)
    primary_key: PrimaryKey | None = None
    unique: list[UniqueConstraint] = field(default_factory=list)
    foreign_keys: list[ForeignKey] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    exclusions: list[Exclusion] = field(default_factory=list)
    indexes: list[Index] = field(default_factory=list)
    options: tuple[str, ...] = ()
    comment: str | None = None
    names: dict[int, str] = field(default_factory=dict)

    def named(self, numbers: Iterable[int]) -> tuple[str, ...]:
        """The columns of these numbers; an expression has none."""
        return tuple(self.names[number] for number in numbers if number > 0)

    def table(self) -> Table:
        return Table(
            name=self.name,
            columns=tuple(self.columns),
            primary_key=self.primary_key,
            unique=tuple(self.unique),
            foreign_keys=tuple(self.foreign_keys),
            checks=tuple(self.checks),
            exclusions=tuple(self.exclusions),
            indexes=tuple(self.indexes),
            options=self.options,
            comment=self.comment,
        )


@dataclass(frozen=True, slots=True)
class ConstraintRow:
    """A row of the catalog's answer; numbers are of columns."""

    name: str
    kind: str
    columns: list[int] | None
    deferral: Deferral | None
    comment: str | None
    valid: bool
    inherited: bool
    condition: str | None
    ref_schema: str | None
    ref_table: str | None
    ref_columns: list[str] | None
    on_delete: str
    on_update: str
    match: str
    set_columns: list[int] | None
    index_columns: list[int] | None
    index_keys: int | None
    alike: bool
    period: bool
    definition: str | None
    options: list[str] | None
    index_comment: str | None


def add_constraint(found: Found, one: ConstraintRow) -> None:
    match one.kind:
        case "p":
            found.primary_key = _primary_key(found, one)
        case "u":
            found.unique.append(_unique(found, one))
        case "c":
            found.checks.append(_check(one))
        case "x":
            found.exclusions.append(_exclusion(one))
        case _:
            found.foreign_keys.append(_foreign_key(found, one))


def _primary_key(found: Found, one: ConstraintRow) -> PrimaryKey:
    return PrimaryKey(
        columns=found.named(one.columns or ()),
        keys=_keys(found, one),
        include=found.named((one.index_columns or [])[one.index_keys :]),
        deferral=one.deferral,
        options=tuple(one.options or ()),
        name=one.name,
        comment=one.comment,
        index_comment=one.index_comment,
    )


def _unique(found: Found, one: ConstraintRow) -> UniqueConstraint:
    return UniqueConstraint(
        columns=found.named(one.columns or ()),
        keys=_keys(found, one),
        include=found.named((one.index_columns or [])[one.index_keys :]),
        nulls_not_distinct=one.alike,
        deferral=one.deferral,
        options=tuple(one.options or ()),
        name=one.name,
        comment=one.comment,
        index_comment=one.index_comment,
    )


def _check(one: ConstraintRow) -> Check:
    return Check(
        name=one.name,
        expression=bare(one.condition or ""),
        inherited=one.inherited,
        valid=one.valid,
        comment=one.comment,
    )


def _exclusion(one: ConstraintRow) -> Exclusion:
    return Exclusion(
        definition=_definition(one),
        deferral=one.deferral,
        options=tuple(one.options or ()),
        name=one.name,
        comment=one.comment,
        index_comment=one.index_comment,
    )


def _keys(found: Found, one: ConstraintRow) -> tuple[str, ...]:
    if not one.period:
        return ()
    *names, last = map(QUOTING.name, found.named(one.columns or ()))
    return (*names, f"{last} WITHOUT OVERLAPS")


def _definition(one: ConstraintRow) -> str:
    text = spaced(one.definition or "").removeprefix("EXCLUDE ")
    text = text.removesuffix(f" {one.deferral}") if one.deferral else text
    return without_options(text) if one.options else text


def _foreign_key(found: Found, one: ConstraintRow) -> ForeignKey:
    return ForeignKey(
        columns=found.named(one.columns or ()),
        ref_table=join(one.ref_schema, one.ref_table or ""),
        ref_columns=tuple(one.ref_columns or ()),
        on_delete=_ACTIONS[one.on_delete],
        on_update=_ACTIONS[one.on_update],
        set_columns=found.named(one.set_columns or ()),
        match=_MATCHES.get(one.match, "SIMPLE"),
        deferral=one.deferral,
        valid=one.valid,
        name=one.name,
        comment=one.comment,
    )


def add_index(
    found: Found,
    name: str,
    unique: bool,
    numbers: list[int],
    keys: int,
    method: str | None,
    where: str | None,
    options: list[str] | None,
    alike: bool,
    comment: str | None,
    definition: str,
) -> None:
    columns = found.named(numbers[:keys])
    index = Index(
        columns=columns,
        keys=_index_keys(definition, columns, method or "btree"),
        unique=unique,
        where=None if where is None else bare(where),
        method=method,
        include=found.named(numbers[keys:]),
        nulls_not_distinct=alike,
        options=tuple(options or ()),
        name=name,
        comment=comment,
    )
    if unique and index == Index(columns=columns, unique=True, name=name):
        found.unique.append(
            UniqueConstraint(columns=columns, name=name, by_index=True, comment=comment)
        )
    else:
        found.indexes.append(index)


def _index_keys(definition: str, columns: tuple[str, ...], method: str) -> tuple[str, ...]:
    """The keys as the server writes them; none where they are the columns and nothing more."""
    if f" USING {method} ({QUOTING.names(columns)})" in definition:
        return ()
    text = after(definition, "USING")
    keys = tuple(map(spaced, listed(enclosed(text[text.index("(") :]))))
    plain = tuple(
        f'"{name}"' if key.startswith('"') else name
        for key, name in zip(keys, columns, strict=False)
    )
    return () if keys == plain else keys
