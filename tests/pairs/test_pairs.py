"""Any table that a SQL user has: inspected, migrated to, found equal by another route, undone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.pairs.conftest import MakePlaces
from tests.pairs.corpus import Pair, load_pairs
from tests.pairs.postgres_place import server_major
from tests.pairs.trial import try_pair

PAIRS = load_pairs()
# What does not pass yet, by why; a pair that passes must leave this list.
KNOWN_BY_REASON: Mapping[str, tuple[str, ...]] = {}
KNOWN = {name: reason for reason, names in KNOWN_BY_REASON.items() for name in names}


def _parameter(pair: Pair) -> object:
    known = KNOWN.get(pair.name)
    marks = [pytest.mark.xfail(reason=known, strict=True)] if known else []
    return pytest.param(pair, id=pair.name, marks=marks)


@pytest.mark.parametrize("pair", [_parameter(pair) for pair in PAIRS])
def test_pair(pair: Pair, make_places: MakePlaces, tmp_path: Path) -> None:
    here, there = make_places(pair.dialect, tmp_path)
    if pair.since and server_major(here.url) < pair.since:
        pytest.skip(f"PostgreSQL {pair.since} or newer knows this")
    try_pair(pair, here, there, tmp_path / "app")


def test_what_is_known_is_there() -> None:
    assert KNOWN.keys() <= {pair.name for pair in PAIRS}
    assert len(PAIRS) >= 200
