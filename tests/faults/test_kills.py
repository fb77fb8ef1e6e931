"""A killed run leaves the store wholly before or wholly after, and the next run ends it."""

from __future__ import annotations

import signal

import pytest

from tests.faults.conftest import MakeShop, Pattern
from tests.faults.shop import BACKENDS, NAMES, NEW, OLD, SOAK, Look, Shop, delays, emptied

POINTS = {
    "csv:staged": False,
    "csv:journal-written": True,
    "csv:replaced-first": True,
    "csv:replaced-all": True,
    "sqlite:step": False,
    "sqlite:before-commit": False,
    "sqlite:after-commit": True,
    "postgresql:before-commit": False,
    "postgresql:after-commit": True,
}
"""Each point where a process can be made to die, and whether the change has happened there."""


@pytest.mark.parametrize("point", POINTS)
def test_killed_at_a_point(point: str, make_shop: MakeShop) -> None:
    shop, pattern = make_shop(point.partition(":")[0])
    killed = shop.with_environment(ZMIGRATION_FAULT=point).migrate()
    assert killed.code == -signal.SIGKILL, killed.said
    assert is_after(shop, pattern) is POINTS[point]
    looking_is_safe(shop, pattern, after=POINTS[point])
    ends_well(shop, pattern)


@pytest.mark.parametrize("backend", BACKENDS)
def test_killed_at_any_moment(backend: str, make_shop: MakeShop) -> None:
    seconds = make_shop(backend)[1].seconds
    for number, delay in enumerate(delays(seconds, quick=2, soak=60)):
        shop, pattern = make_shop(backend)
        shop.signalled(signal.SIGKILL, delay)
        after = is_after(shop, pattern)
        if number % 4 == 1:
            looking_is_safe(shop, pattern, after=after)
        ends_well(shop, pattern)


@pytest.mark.parametrize("backend", BACKENDS)
def test_killed_again_and_again(backend: str, make_shop: MakeShop) -> None:
    """Also the runs that tidy up after a kill may be killed."""
    shop, pattern = make_shop(backend)
    for delay in delays(pattern.seconds, quick=2, soak=40):
        shop.signalled(signal.SIGKILL, delay)
        is_after(shop, pattern)
    ends_well(shop, pattern)


@pytest.mark.parametrize("point", [point for point, done in POINTS.items() if done])
def test_killed_while_the_next_run_finishes(point: str, make_shop: MakeShop) -> None:
    shop, pattern = make_shop(point.partition(":")[0])
    faulty = shop.with_environment(ZMIGRATION_FAULT=point)
    for _ in range(5 if SOAK else 2):
        faulty.migrate()
        assert is_after(shop, pattern)
    ends_well(shop, pattern)


@pytest.mark.parametrize("point", POINTS)
def test_first_run_killed(point: str, make_shop: MakeShop) -> None:
    """Nothing was there before: no folder, no file, no table."""
    shop, _ = make_shop(point.partition(":")[0])
    emptied(shop)
    killed = shop.with_environment(ZMIGRATION_FAULT=point).migrate()
    assert killed.code == -signal.SIGKILL, killed.said
    done = shop.migrate()
    assert done.code == 0, done.said
    assert shop.tables() == {"users": [], "posts": []}
    assert [len(rows) for rows in shop.history().values()] == [1, 1]
    assert shop.leftovers() == []
    check = shop.here("--check")
    assert check.code == 0, check.said


def is_after(shop: Shop, pattern: Pattern) -> bool:
    """Whether the change has happened; half of it is an error."""
    found = Look.at(shop)
    assert found in (pattern.before, pattern.after), "neither before nor after"
    return found == pattern.after


def looking_is_safe(shop: Shop, pattern: Pattern, *, after: bool) -> None:
    """What only looks changes nothing, and says how things stand."""
    files, look = shop.files(), Look.at(shop)
    check, dry, status = (
        shop.here(*a) for a in (["--check"], ["--dry-run"], ["--status", "--json"])
    )
    assert shop.files().keys() - files.keys() == set()
    if shop.backend == "csv":
        assert shop.files() == files
    assert Look.at(shop) == look
    assert check.code == (0 if after else 3), check.said
    assert dry.code == 0, dry.said
    assert ("RENAME COLUMN" in dry.said or "rename column" in dry.said) is not after, dry.said
    assert status.code == 0, status.said
    recorded = NEW if after else OLD
    assert status.said.count(f'"recorded_version": "{recorded}"') == 2, status.said


def ends_well(shop: Shop, pattern: Pattern) -> None:
    """The next run succeeds by itself, nothing is left over, and then there is nothing to do."""
    done = shop.here("--auto-approve")
    assert done.code == 0, done.said
    assert Look.at(shop) == pattern.after
    assert [shop.version(name) for name in NAMES] == [NEW, NEW]
    assert shop.leftovers() == []
    check = shop.here("--check")
    assert check.code == 0, check.said
