"""What a live table means in the terms of the schema files.

A store says less than a schema file: SQLite has no dates, CSV has nothing but names, and zCLI
creates tables looser than their schema. So a live fact is read in this order:

1. it has not moved since it was last recorded: it means what the record says;
2. the store may be looser than what the record (or, on adoption, the file) says, and does not
   contradict it: it means that;
3. it contradicts: the store is believed.

What neither the file nor the record knows is not ours and is left out.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeAlias

from zmigration_api import (
    Check,
    Column,
    ColumnType,
    Default,
    Exclusion,
    Fact,
    ForeignKey,
    Index,
    PrimaryKey,
    Store,
    Table,
    UniqueConstraint,
)
from zmigration_api.snapshot import recorded_alike
from zmigration_api.values import format_value, parse

_Item: TypeAlias = UniqueConstraint | ForeignKey | Index | Check | Exclusion
_Listed = Literal["unique", "foreign_keys", "checks", "indexes", "exclusions"]
"""Facts that are lists, each under its attribute's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How to read one store: what it keeps, and which columns must be taken at their word.

    `strict` names what a run has just made, as (table, column, fact): there looser is wrong.
    """

    store: Store
    keeps: frozenset[Fact]
    strict: Collection[tuple[str, str, Fact]] = ()
    known: dict[tuple[int, str | None], Column] = field(default_factory=dict, compare=False)

    def with_native(self, column: Column, native: str | None) -> Column:
        """The recorded column with the live type text; large schemas have many that are alike."""
        found = self.known.get((id(column), native))
        if found is None:
            found = self.known[id(column), native] = replace(column, native=native)
        return found

    def takes_at_its_word(self, table: str, column: str, fact: Fact) -> bool:
        """Whether that fact of a column must be as it is said."""
        return (table, column, fact) in self.strict


def interpret(
    reading: Reading,
    live: Table,
    *,
    wanted: Table | None = None,
    recorded: Table | None = None,
    observed: Table | None = None,
) -> Table:
    """The live table as the files would have said it.

    `wanted` is the file's table, `recorded` the last recorded one, `observed` what the store
    showed when that was recorded. `live` and `recorded` go by the names before any rename.
    """
    known = recorded or wanted
    if known is None:
        return live
    return replace(
        live,
        columns=_columns(reading, live, wanted, recorded, observed),
        primary_key=_primary_key(reading, live, known, recorded, observed),
        unique=_items(reading, "unique", live, wanted, recorded),
        foreign_keys=_items(reading, "foreign_keys", live, wanted, recorded),
        checks=_items(reading, "checks", live, wanted, recorded),
        indexes=_items(reading, "indexes", live, wanted, recorded),
        exclusions=_items(reading, "exclusions", live, wanted, recorded),
        options=known.options,
        comment=known.comment,
    )


def _columns(
    reading: Reading,
    live: Table,
    wanted: Table | None,
    recorded: Table | None,
    observed: Table | None,
) -> tuple[Column, ...]:
    columns = []
    for column in live.columns:
        before = recorded.column(column.name) if recorded else None
        seen = observed.column(column.name) if observed else None
        if before is not None and seen is not None and recorded_alike(seen, column):
            columns.append(reading.with_native(before, column.native))
            continue
        meant = before or _wanted_column(wanted, column.name)
        if meant is not None:
            columns.append(_column(reading, live.name, column, meant, seen))
    return tuple(columns)


def _wanted_column(wanted: Table | None, name: str) -> Column | None:
    """The file's column that this live one is, or is to be renamed to."""
    if wanted is None:
        return None
    source = next((c for c in wanted.columns if c.renamed_from == name), None)
    return source or wanted.column(name)


def _column(
    reading: Reading, table: str, live: Column, meant: Column, seen: Column | None
) -> Column:
    """`seen` is the column as it was when it was recorded: what it had then it must have now."""
    typed = "type" not in reading.keeps or reading.store.reads_as(live, meant.type)
    strict = reading.takes_at_its_word(table, live.name, "required")
    loosened = seen is not None and seen.required
    required = live.required or (meant.required and not strict and not loosened)
    lost = seen is not None and seen.default != live.default
    found = _of_type(live.default, meant.type)
    strict = reading.takes_at_its_word(table, live.name, "default")
    default = _default(found, meant.default, strict=strict or lost)
    return replace(
        meant,
        name=live.name,
        type=meant.type if typed else live.type,
        required=required if "required" in reading.keeps else meant.required,
        default=default if "default" in reading.keeps else meant.default,
        generated=meant.generated if _both_or_neither(live, meant, reading) else live.generated,
        virtual=meant.virtual and live.virtual,
        collation=meant.collation if live.collation else None,
        identity=meant.identity if live.identity else None,
        attributes=meant.attributes if live.attributes else (),
        native=live.native,
    )


def _both_or_neither(live: Column, meant: Column, reading: Reading) -> bool:
    if "type" not in reading.keeps:
        return True
    return (live.generated is None) == (meant.generated is None)


def _of_type(default: Default | None, column_type: ColumnType) -> Default | None:
    """The default as the type spells it: zCLI's integers say 1 where a boolean says true."""
    if default is None or default.kind != "value":
        return default
    with contextlib.suppress(ValueError):
        text = format_value(parse(default.text, column_type), column_type)
        return replace(default, text=text)
    return default


def _default(live: Default | None, meant: Default | None, *, strict: bool) -> Default | None:
    """zCLI tells its stores of no defaults, or of raw ones; only plain values can contradict."""
    if live == meant or (live is not None and live.kind == "expression"):
        return meant
    if meant is not None and meant.kind == "app":
        return meant if live is None else live
    if strict:
        return live
    if live is None or meant is None or meant.kind != "value" or live.text == "now":
        return meant
    return live


def _primary_key(
    reading: Reading,
    live: Table,
    known: Table,
    recorded: Table | None,
    observed: Table | None,
) -> PrimaryKey | None:
    """A table of zCLI's may lack the key that its schema gives a field; it is taken as it is."""
    unmoved = observed is not None and observed.primary_key == live.primary_key
    if "key" not in reading.keeps or live.primary_key is None or (recorded and unmoved):
        return known.primary_key
    if known.primary_key and known.key == live.key:  # whatever else the live one says
        return replace(known.primary_key, name=live.primary_key.name)
    return live.primary_key


def _items(
    reading: Reading,
    fact: _Listed,
    live: Table,
    wanted: Table | None,
    recorded: Table | None,
) -> Any:  # noqa: ANN401
    """Constraints or indexes: the live ones that a record or a file knows, under live names."""
    ours: Sequence[_Item] = getattr(recorded, fact) if recorded else ()
    asked: Sequence[_Item] = getattr(wanted, fact) if wanted else ()
    if fact not in reading.keeps and fact != "exclusions":
        return tuple(ours if recorded else asked)
    found = []
    for item in getattr(live, fact):
        meant = next((known for known in (*ours, *asked) if _same(known, item)), None)
        if meant is not None:
            found.append(item if _acts_otherwise(meant, item) else replace(meant, name=item.name))
    return tuple(found)


def _acts_otherwise(known: _Item, live: _Item) -> bool:
    """Whether a foreign key refers as meant, and does something else on delete or update."""
    return isinstance(known, ForeignKey) and _acts(known) != _acts(live)


def _acts(key: _Item) -> list[str]:
    """What a foreign key does; to refuse at once or at the end is one thing to a schema file."""
    if not isinstance(key, ForeignKey):
        return []
    return ["NO ACTION" if a == "RESTRICT" else a for a in (key.on_delete, key.on_update)]


def _shape(index: Index) -> tuple[object, ...]:
    return (index.columns, len(index.keys), index.unique, index.where is None, index.method)


def _same(known: _Item, live: _Item) -> bool:
    """Conditions are compared by where they stand, not by text: each store rewrites them."""
    match known, live:
        case Check(), Check():
            return known.name.lower() == live.name.lower()
        case Index(), Index():
            return _shape(known) == _shape(live)
        case UniqueConstraint(), UniqueConstraint():
            return known.columns == live.columns
        case ForeignKey(), ForeignKey():
            refers = (known.columns, known.ref_table, known.ref_columns)
            return refers == (live.columns, live.ref_table, live.ref_columns)
        case _:
            return known == live
