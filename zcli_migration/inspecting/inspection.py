"""`zolo inspect`: look at a store, and say it as a schema file."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import cast

from zcli_migration.schema_file.model import Exactness
from zcli_migration.schema_file.names import did_you_mean
from zmigration_api import Inspected, InspectedStore, Table, UsageError

from .plain_words import in_plain_words, prove
from .recorded import recorded_of
from .schema_text import FIRST_VERSION, Head, schema_text
from .source import Source
from .words import Dialect

_META = ("Meta", "zMeta")


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """The schema file of a store, and what is to be said of it."""

    source: Source
    display: str
    text: str
    tables: tuple[str, ...]
    exact: Exactness | None
    notes: tuple[str, ...] = ()
    inferred: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def inspect_source(source: Source, tables: Sequence[str]) -> Inspection:
    """The schema file of all tables, or of those named. Reads only."""
    with _opened(source) as store:
        there = list(store.table_names())
        chosen = _chosen(store, there, tables)
        nameless = [name for name in chosen if name in _META]
        wanted = [name for name in chosen if name not in _META]
        known = recorded_of(source, store)
        inspected = store.describe([name for name in wanted if name not in known.tables])
        found = _with_recorded(inspected, [known.tables[n] for n in wanted if n in known.tables])
        display = store.display
    notes = (*(_nameless(name) for name in nameless), *found.notes)
    whole = len(wanted) == len(there)
    exact: Exactness | None = ("database" if whole else "tables") if found.exact else None
    return _said(source, display, replace(found, notes=notes), exact, known.version)


_RECORDED = "Types and keys are those that the last migration recorded."


def _with_recorded(found: Inspected, recorded: Sequence[Table]) -> Inspected:
    tables = (*found.schema.tables, *recorded)
    said = {table.name: (_RECORDED,) for table in recorded}
    return replace(
        found,
        schema=replace(found.schema, tables=tables),
        inferred={**found.inferred, **said},
    )


def _said(
    source: Source, display: str, found: Inspected, exact: Exactness | None, version: str | None
) -> Inspection:
    meta = {key: text for key, text in source.meta.items() if key != "Data_Schema"}
    schema = in_plain_words(found.schema, Dialect(meta["Data_Type"], exact is not None))
    head = Head(
        title=f"Made by zolo inspect of {source.title}.",
        meta={**_with_source(meta, source.variable), **_data_schema(source)},
        exact=exact,
        notes=found.notes,
        inferred=found.inferred,
        version=version or FIRST_VERSION,
    )
    text = schema_text(schema, head)
    prove(text, schema, source.name)
    return Inspection(
        source=source,
        display=display,
        text=text,
        tables=tuple(sorted(table.name for table in schema.tables)),
        exact=exact,
        notes=found.notes,
        inferred=found.inferred,
    )


def _with_source(meta: Mapping[str, str], variable: str) -> dict[str, str]:
    """Meta with the variable behind the type, as schema files have it."""
    rest = {key: text for key, text in meta.items() if key != "Data_Type"}
    return {"Data_Type": meta["Data_Type"], "Data_Source": variable, **rest}


def _data_schema(source: Source) -> dict[str, str]:
    name = source.meta.get("Data_Schema", "public")
    return {} if name == "public" else {"Data_Schema": name}


@contextlib.contextmanager
def _opened(source: Source) -> Iterator[InspectedStore]:
    with contextlib.closing(source.backend.open(source.target)) as store:
        if not hasattr(store, "describe"):
            message = f"the backend {source.backend.name} cannot be inspected"
            raise UsageError(message, hint="write the schema file yourself: docs/schema-files.md")
        found = cast(InspectedStore, store)
        if not found.is_there:
            raise UsageError(f"{store.display} is not there", hint="check its name")
        yield found


def _chosen(store: InspectedStore, there: Sequence[str], wanted: Sequence[str]) -> list[str]:
    if not wanted:
        return list(there)
    by_key = {store.name_key(name): name for name in there}
    chosen: dict[str, None] = {}
    for given in wanted:
        # A name may have a comma in it.
        for name in [given] if given in there else given.split(","):
            found = name if name in there else by_key.get(store.name_key(name.strip()))
            if found is None:
                hint = did_you_mean(name.strip(), there) or f"{store.display} has no tables"
                raise UsageError(f"there is no table {name.strip()}", hint=hint)
            chosen[found] = None
    return list(chosen)


def _nameless(name: str) -> str:
    return f"The table {name} has the name of the section that a schema file begins with."
