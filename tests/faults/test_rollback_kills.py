"""A rollback that is killed, interrupted or doubled leaves the store before or after, and whole."""

from __future__ import annotations

import re
import shutil
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.faults.conftest import MakeShop
from tests.faults.shop import AFTER, BACKENDS, NAMES, NEW, OLD, SOAK, Look, Shop, delays, finished
from tests.faults.test_interrupts import SIGNALS
from tests.faults.test_kills import POINTS
from tests.faults.test_processes import SLEEPING, wait_for

BACK = ("--rollback", "--auto-approve")


@dataclass(frozen=True, slots=True)
class Way:
    """A shop whose change is made and may be taken back: what it is like before and after that."""

    shop: Shop
    first: Look
    seconds: float

    def there(self) -> str:
        """`before` or `after` the rollback; anything else is an error."""
        now = Look.at(self.shop)
        statuses = [[str(row[3]) for row in rows] for rows in now.history.values()]
        if now.tables == self.first.tables:
            assert statuses == [["SUCCESS", "SUCCESS", "ROLLBACK"]] * 2, statuses
            return "after"
        assert statuses == [["SUCCESS", "SUCCESS"]] * 2, statuses
        return "before"

    def staged(self) -> list[str]:
        return [name for name in self.shop.files() if name.endswith(".rollback")]

    def versions(self) -> list[str]:
        return [self.shop.version(name) for name in NAMES]


GetWay = Callable[[str], Way]


@pytest.fixture
def make_way(make_shop: MakeShop) -> GetWay:
    def make(backend: str) -> Way:
        shop, pattern = make_shop(backend)
        done = shop.here("--auto-approve")
        assert done.code == 0, done.said
        return Way(shop, pattern.before, pattern.seconds)

    return make


@pytest.mark.parametrize("point", POINTS)
def test_killed_at_a_point(point: str, make_way: GetWay) -> None:
    way = make_way(point.partition(":")[0])
    killed = way.shop.with_environment(ZMIGRATION_FAULT=point).run(*BACK)
    assert killed.code == -signal.SIGKILL, killed.said
    assert way.there() == ("after" if POINTS[point] else "before")
    looking_touches_no_file(way)
    ends_well(way)


@pytest.mark.parametrize("point", POINTS)
def test_killed_and_repeated(point: str, make_way: GetWay) -> None:
    """The rollback again is that rollback, and not the one before it too."""
    way = make_way(point.partition(":")[0])
    way.shop.with_environment(ZMIGRATION_FAULT=point).run(*BACK)
    done = way.shop.here(*BACK)
    assert done.code == 0, done.said
    is_back(way)


@pytest.mark.parametrize("backend", BACKENDS)
def test_killed_at_any_moment(backend: str, make_way: GetWay) -> None:
    longest = make_way(backend).seconds * 1.2
    for delay in delays(longest, quick=3, soak=60):
        way = make_way(backend)
        signalled(way, signal.SIGKILL, delay)
        ends_well(way)


@pytest.mark.parametrize("backend", BACKENDS)
def test_killed_again_and_again(backend: str, make_way: GetWay) -> None:
    way = make_way(backend)
    for delay in delays(way.seconds, quick=2, soak=20):
        if way.there() == "after":
            break
        signalled(way, signal.SIGKILL, delay)
    ends_well(way)


@pytest.mark.parametrize("name", SIGNALS)
@pytest.mark.parametrize("backend", BACKENDS)
def test_interrupted_at_any_moment(backend: str, name: str, make_way: GetWay) -> None:
    longest = make_way(backend).seconds
    for delay in delays(longest, quick=2, soak=40):
        way = make_way(backend)
        code, said = signalled(way, SIGNALS[name], delay)
        there = way.there()
        assert way.staged() == []
        assert way.versions() == [OLD if there == "after" else NEW] * 2
        assert "Traceback" not in said or code == -SIGNALS[name]
        if there == "after":
            assert "nothing was changed" not in said
        ends_well(way)


@pytest.mark.parametrize("name", SIGNALS)
@pytest.mark.parametrize("backend", BACKENDS)
def test_interrupted_in_a_hook(backend: str, name: str, make_way: GetWay) -> None:
    way = hooked(
        make_way(backend),
        f"import os, signal\n\ndef hook():\n    os.kill(os.getpid(), signal.{name})\n",
    )
    files = way.shop.files()
    done = way.shop.run(*BACK)
    assert done.code == 130, done.said
    assert "nothing was changed" in done.said
    assert way.there() == "before"
    assert way.shop.files().keys() == files.keys()


@pytest.mark.parametrize("count", [2, 10])
@pytest.mark.parametrize("backend", BACKENDS)
def test_together(backend: str, count: int, make_way: GetWay) -> None:
    """Each has seen the same last run, and it is taken back once."""
    for _ in range(10 if SOAK else 1):
        way = make_way(backend)
        versions = ("--rollback-to", OLD, "--auto-approve")
        done = [finished(p) for p in [way.shop.start(*versions) for _ in range(count)]]
        assert {d.code for d in done} <= {0, 1, 5}, "\n".join(d.said for d in done)
        assert sum("2 schema(s) rolled back" in d.said for d in done) == 1
        assert not any("Unexpected" in d.said for d in done), "\n".join(d.said for d in done)
        is_back(way)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_second_one_waits_and_finds_it_done(backend: str, make_way: GetWay) -> None:
    way = hooked(make_way(backend), SLEEPING.format(1.5))
    first = way.shop.start(*BACK)
    wait_for((way.shop.folder / "in_hook").exists)
    second = finished(way.shop.start(*BACK))
    done = finished(first)
    assert done.code == 0, done.said
    assert second.code in (1, 5), second.said
    assert "Unexpected" not in second.said
    assert way.there() == "after"


@pytest.mark.parametrize("backend", BACKENDS)
def test_with_a_migration(backend: str, make_way: GetWay) -> None:
    way = make_way(backend)
    texts = [way.shop.schema_text(name) for name in NAMES]
    both = [way.shop.start(*BACK), way.shop.start("--auto-approve")]
    done = [finished(process) for process in both]
    said = "\n".join(d.said for d in done)
    assert done[0].code in (0, 1, 5), said
    assert done[1].code in (0, 1, 2, 5), said
    assert "Unexpected" not in said, said
    history = [[str(row[3]) for row in rows] for rows in Look.at(way.shop).history.values()]
    assert history[0] == history[1], "one went on without the other"
    last = history[0][-1]
    rows = Look.at(way.shop).tables
    assert (rows == way.first.tables) is (last == "ROLLBACK"), said
    if history[0].count("SUCCESS") == 2 and last == "SUCCESS":
        assert [way.shop.schema_text(name) for name in NAMES] == texts
    assert way.staged() == []
    assert way.shop.leftovers() == []


@pytest.mark.parametrize("backend", ["csv", "sqlite"])
def test_no_room_for_what_is_staged(backend: str, make_way: GetWay) -> None:
    way = make_way(backend)
    folder = way.shop.folder / "models"
    blocked = folder / ".zSchema.users.yaml"  # the posts' file is edited, and left
    code = (
        "import os, pathlib\n\ndef hook(context):\n"
        f"    (pathlib.Path({str(blocked)!r} + f'.{{os.getpid()}}.rollback')).mkdir()\n"
    )
    hooked(way, code)
    done = way.shop.run(*BACK)
    assert done.code == 1, done.said
    assert "Unexpected" not in done.said
    assert way.there() == "before"
    for path in folder.glob(".*.rollback"):
        shutil.rmtree(path)
    assert way.staged() == []


def signalled(way: Way, number: int, delay: float) -> tuple[int, str]:
    process = way.shop.start(*BACK)
    time.sleep(delay)
    process.send_signal(number)
    done = finished(process)
    return done.code, done.said


def hooked(way: Way, code: str) -> Way:
    """The same shop with a hook on its rollback; only the posts' file names it."""
    (way.shop.folder / "plugins/faults.py").write_text(code)
    path = way.shop.schema_file("posts")
    hook = "  zMigrationHooks: {on_rollback: '@.plugins.faults.hook'}\n"
    path.write_text(re.sub("(  zMigration: true\n)", rf"\1{hook}", path.read_text()))
    return way


def looking_touches_no_file(way: Way) -> None:
    names = way.shop.files().keys()
    for flags in (("--check",), ("--rollback", "--dry-run"), ("--status",), ("--history",)):
        done = way.shop.here(*flags)
        assert done.code in (0, 3), done.said
    assert way.shop.files().keys() == names


def is_back(way: Way) -> None:
    now = Look.at(way.shop)
    assert way.there() == "after"
    assert now.tables == way.first.tables
    assert way.versions() == [OLD, OLD]
    assert way.staged() == []
    assert way.shop.leftovers() == []
    check = way.shop.here("--check")
    assert check.code == 0, check.said


def ends_well(way: Way) -> None:
    """The next run of a migration finishes what was left, and takes nothing further."""
    there = way.there()
    done = way.shop.here("--auto-approve")
    assert done.code == 0, done.said
    assert way.there() == there
    assert way.versions() == [OLD if there == "after" else NEW] * 2
    assert way.staged() == []
    # SQLite's own journal and the lock of a dead run go with the next write.
    harmless = ("-journal", ".zmigration.lock")
    assert [name for name in way.shop.leftovers() if not name.endswith(harmless)] == []
    check = way.shop.here("--check")
    assert check.code == 0, check.said
    if there == "before":
        done = way.shop.here(*BACK)
        assert done.code == 0, done.said
    is_back(way)
    way.shop.write_schemas(AFTER)
    assert way.shop.here("--auto-approve").code == 0
