"""Stores that need no whole look: files and store are, byte for byte, what was recorded last.

A record says what the store's structure was when it was made (`Store.fingerprint`). Where that
and the text of every schema file of the store are still the same, there is nothing to do and
nothing to tell, and neither tables nor columns are read. In any doubt the whole look decides.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from zmigration_api import MigrationError, Schema, Store, Table, Version

from . import __version__
from .planner import Plan
from .plugins import Plugins
from .recording import Recorded, history_table_for, meta_of, newest_record
from .schema_file import SchemaFile
from .survey import SchemaSurvey, Survey
from .versioning import VersionDecision, suggest

_NOTHING = Schema()
_SEES_MORE = frozenset({"zmigration_diff_rules", "zmigration_suggest_version"})


def state_to_record(store: Store, file: SchemaFile, desired: Schema) -> Mapping[str, object] | None:
    """What a record keeps of the store's structure; None for a file that a run has to talk of."""
    odd = file.warnings or any(_hinted(file.tables)) or not _known_policy(file)
    if odd:
        return None
    tables = {table.name for table in desired.tables}
    tables |= {key.ref_table for table in desired.tables for key in table.foreign_keys}
    names = sorted(store.spell(name) for name in tables)
    fingerprints = store.fingerprints(names)
    if fingerprints is None:
        return None
    return {"by": __version__, "tables": names, "fingerprint": _joined(names, fingerprints)}


def _joined(names: Iterable[str], fingerprints: Mapping[str, str]) -> str:
    facts = [(name, fingerprints.get(name)) for name in names]
    return hashlib.sha256(repr(facts).encode()).hexdigest()


def _hinted(tables: Iterable[Table]) -> Iterable[bool]:
    """Names that were renamed already are told of in every run."""
    for table in tables:
        yield table.renamed_from is not None
        yield from (column.renamed_from is not None for column in table.columns)


def _known_policy(file: SchemaFile) -> bool:
    policy = file.meta.policy
    return policy is None or suggest(policy, Version(1, 0, 0), ()) is not None


def may_settle(plugins: Plugins) -> bool:
    """Whether nobody else's diff rule or policy may see more than files and stores say."""
    return not any(_SEES_MORE.intersection(status.hooks) for status in plugins.statuses)


@dataclass(frozen=True, slots=True)
class _Unchanged:
    """A schema file that is as recorded, and what the record says of the store's structure."""

    file: SchemaFile
    recorded: Recorded
    tables: list[str]
    fingerprint: str


def settled_survey(store: Store, files: Sequence[SchemaFile]) -> Survey | None:
    """What a look at the store would find; None if it takes one to know.

    `files` are all of the store's, with nothing read but their Meta.
    """
    try:
        if store.unfinished:
            return None
        store.inspect([history_table_for(store, file).name for file in files])  # all at once
        found = [_unchanged(store, file) for file in files]
        known = [one for one in found if one is not None]
        names = {name for one in known for name in one.tables}
        fingerprints = store.fingerprints(names) if len(known) == len(files) else None
    except MigrationError:
        return None  # the whole look says what is wrong
    if fingerprints is None or any(
        _joined(one.tables, fingerprints) != one.fingerprint for one in known
    ):
        return None
    schemas = tuple(_survey(one) for one in known)
    plan = Plan(steps=(), changes=(), base=(_NOTHING, ()))
    return Survey(live=_NOTHING, current=_NOTHING, desired=_NOTHING, schemas=schemas, plan=plan)


def _unchanged(store: Store, file: SchemaFile) -> _Unchanged | None:
    record = newest_record(store, history_table_for(store, file))
    if record is None or record.schema_hash != file.hash or record.status.upper() != "SUCCESS":
        return None
    state = meta_of(record).get("state")
    if record.to_version != str(file.version) or not isinstance(state, Mapping):
        return None
    if meta_of(record).get("samples"):  # whether an app has written old values back takes a look
        return None
    match state:
        case {"by": by, "tables": list(tables), "fingerprint": str(text)} if by == __version__:
            recorded = Recorded(version=file.version, record=record)
            return _Unchanged(file, recorded, [str(name) for name in tables], text)
        case _:
            return None


def _survey(unchanged: _Unchanged) -> SchemaSurvey:
    file, recorded = unchanged.file, unchanged.recorded
    return SchemaSurvey(
        file=file,
        recorded=recorded,
        current=_NOTHING,
        desired=_NOTHING,
        changes=(),
        decision=VersionDecision(recorded=recorded.version, to=None),
        moved=(),
        on_disk=file,
    )
