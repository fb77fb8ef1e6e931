"""Which `renamed_from` are to be followed, and in which order."""

from __future__ import annotations

import pytest

from zcli_migration.hints import pending
from zmigration_api import RenameColumn
from zmigration_api.renames import aside, in_turn, moves, passing

SWAP = {"a": "b", "b": "a"}
CIRCLE = {"a": "b", "b": "c", "c": "a"}
CHAIN = {"b": "a", "c": "b"}


@pytest.mark.parametrize(
    ("asked", "there", "ours", "left"),
    [
        ({"b": "a"}, "a", "", {"b": "a"}),  # the new name is free
        ({"b": "a"}, "b", "", {}),  # done
        ({"b": "a"}, "ab", "", {}),  # who knows what b is
        ({"b": "a"}, "ab", "ab", {"b": "a"}),  # the record does: it goes
        ({"b": "a"}, "ab", "a", {}),  # b is somebody else's
        (SWAP, "ab", "", {}),
        (SWAP, "ab", "ab", SWAP),
        (CIRCLE, "abc", "ab", {}),
        (CIRCLE, "abc", "abc", CIRCLE),
        (CHAIN, "ab", "", CHAIN),  # it ends at a name that is free
        (CHAIN, "abc", "", {}),
        (CHAIN, "abc", "abc", CHAIN),
    ],
)
def test_pending(asked: dict[str, str], there: str, ours: str, left: dict[str, str]) -> None:
    assert pending(asked, set(there), set(asked), set(ours)) == left


def test_a_name_that_another_column_keeps_is_not_taken() -> None:
    assert pending({"c": "b", "b": "x"}, {"b"}, {"b", "c"}, {"b"}) == {}


def renames(names: str) -> list[RenameColumn]:
    return [RenameColumn("t", pair[0], pair[1]) for pair in names.split()]


@pytest.mark.parametrize(
    ("given", "ordered"),
    [
        ("ab bc cd", "cd bc ab"),
        ("ab ba xy", "xy ab ba"),
        ("ab bc ca", "ab ca bc"),
        ("ab ba cd dc", "ab ba cd dc"),
    ],
)
def test_in_turn_and_moves(given: str, ordered: str) -> None:
    found = in_turn(renames(given))
    assert found == renames(ordered)
    names = {rename.old: rename.old for rename in found}
    wanted = {rename.new: rename.old for rename in found}
    for old, new in (move for way in moves(found).values() for move in way):
        assert new not in names, "the name is taken"
        names[new] = names.pop(old)
    assert {name: names.get(name) for name in wanted} == wanted


def test_names_on_the_way_are_no_longer_than_a_database_takes() -> None:
    first, second = "n" * 62 + "1", "n" * 62 + "2"
    for name in (passing, aside):
        assert len(name(first).encode()) <= 63
        assert name(first) != name(second)
