"""Any table that a SQL user has: inspected, migrated to, found equal by another route, undone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.pairs.conftest import MakePlaces
from tests.pairs.corpus import Pair, load_pairs
from tests.pairs.trial import try_pair

PAIRS = load_pairs()
# What does not pass yet, by why; a pair that passes must leave this list.
KNOWN_BY_REASON: Mapping[str, tuple[str, ...]] = {
    "rows are asked whether they convert where the store itself would convert them": (
        "pg_enums_and_domains: text becomes an enum",
        "pg_enums_and_domains: an enum becomes text",
        "pg_enums_and_domains: one enum becomes another",
        "pg_enums_and_domains: text becomes a domain and back",
        "pg_enums_and_domains: a domain goes",
        "pg_types: precision of moments changes",
        "pg_types: arrays of another element",
        "sqlite_types: a strict table becomes an ordinary one",
    ),
    "a new column that counts by itself is said to have no value for the rows": (
        "pg_foreign_keys: the referred key is replaced by a new column",
        "pg_identity: an identity is added and one is dropped",
        "pg_identity: a serial is added to a table with rows",
    ),
    "a new value of an enum is used in the transaction that adds it": (
        "pg_enums_and_domains: arrays and several tables of one enum",
    ),
    "a domain is made on trial before the enum that it is over": (
        "pg_enums_and_domains: a domain over an enum",
    ),
    "storage parameters of keys are not carried": ("pg_keys: a fill factor of a key",),
    "a new table is made before the names of the old one are free": (
        "pg_tables: a new table takes the names of what goes",
    ),
    "a negative scale cannot be said in a schema file": ("pg_types: numbers of every size",),
    "a default of bytes cannot be said in a schema file": ("sqlite_defaults: constants",),
    "DEFAULT NULL is seen to differ from no default": (
        "sqlite_defaults: null and nothing are no difference",
    ),
}
KNOWN = {name: reason for reason, names in KNOWN_BY_REASON.items() for name in names}


def _parameter(pair: Pair) -> object:
    known = KNOWN.get(pair.name)
    marks = [pytest.mark.xfail(reason=known, strict=True)] if known else []
    return pytest.param(pair, id=pair.name, marks=marks)


@pytest.mark.parametrize("pair", [_parameter(pair) for pair in PAIRS])
def test_pair(pair: Pair, make_places: MakePlaces, tmp_path: Path) -> None:
    try_pair(pair, *make_places(pair.dialect, tmp_path), tmp_path / "app")


def test_what_is_known_is_there() -> None:
    assert KNOWN.keys() <= {pair.name for pair in PAIRS}
    assert len(PAIRS) >= 200
