"""Several runs at once: each change is made once, and a dead run blocks nobody."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable

import pytest

from tests.faults.conftest import MakeShop
from tests.faults.shop import AFTER, BACKENDS, NAMES, NEW, SOAK, Look, emptied, finished
from tests.faults.test_interrupts import hooked
from tests.faults.test_kills import ends_well, is_after

ROUNDS = 20 if SOAK else 1
SLEEPING = """\
import time

def hook(context):
    (context.workspace / "in_hook").write_text("")
    time.sleep({})
"""


@pytest.mark.parametrize("count", [2, 10, pytest.param(50, marks=pytest.mark.soak)])
@pytest.mark.parametrize("backend", BACKENDS)
def test_together(backend: str, count: int, make_shop: MakeShop) -> None:
    for _ in range(ROUNDS if count < 50 else 2):
        shop, pattern = make_shop(backend)
        done = [finished(p) for p in [shop.start("--auto-approve") for _ in range(count)]]
        assert {d.code for d in done} <= {0, 5}, "\n".join(d.said for d in done)
        assert sum("2 migration(s) applied" in d.said for d in done) == 1
        assert Look.at(shop) == pattern.after
        assert [shop.version(name) for name in NAMES] == [NEW, NEW]
        assert shop.leftovers() == []


@pytest.mark.parametrize("backend", BACKENDS)
def test_first_runs_together(backend: str, make_shop: MakeShop) -> None:
    """Nothing is there yet: one run makes it, the others find it made."""
    for _ in range(ROUNDS):
        shop, _ = make_shop(backend)
        emptied(shop)
        processes = [
            shop.start("--auto-approve", "--lock-timeout", str(timeout))
            for timeout in (0, 0, 10, 10)
        ]
        done = [finished(p) for p in processes]
        assert {d.code for d in done} <= {0, 5}, "\n".join(d.said for d in done)
        assert sum("2 migration(s) applied" in d.said for d in done) == 1
        assert [len(rows) for rows in shop.history().values()] == [1, 1]
        assert shop.tables() == {"users": [], "posts": []}
        assert shop.leftovers() == []


def test_first_run_fails_while_another_waits(make_shop: MakeShop) -> None:
    """The one that gives up must not take the file or folder from under the other."""
    for backend in ("csv", "sqlite"):
        shop, _ = make_shop(backend)
        emptied(shop)
        failing = SLEEPING.format(1.5) + "    raise RuntimeError('on purpose')\n"
        hooked(shop, failing)
        first = shop.start("--auto-approve")
        wait_for((shop.folder / "in_hook").exists)
        shop.write_schemas(AFTER)
        second = finished(shop.start("--auto-approve"))
        assert finished(first).code == 1
        if second.code:
            second = shop.migrate()
        assert second.code == 0, second.said
        assert shop.tables() == {"users": [], "posts": []}
        assert [len(rows) for rows in shop.history().values()] == [1, 1]


@pytest.mark.parametrize("backend", BACKENDS)
def test_killed_with_the_lock(backend: str, make_shop: MakeShop) -> None:
    shop, pattern = make_shop(backend)
    # PostgreSQL lets nobody read a table that a run has changed and not yet committed.
    hooked(shop, SLEEPING.format(30), "before" if backend == "postgresql" else "after")
    holder = shop.start("--auto-approve")
    wait_for((shop.folder / "in_hook").exists)
    looks = [shop.here("--check"), shop.here("--dry-run")]
    assert [look.code for look in looks] == [3, 0], looks
    assert "interrupted" not in "".join(look.said for look in looks), looks
    waiting = shop.migrate("--lock-timeout", "0.2")
    assert waiting.code == 5, waiting.said
    assert str(holder.pid) in waiting.said or backend == "postgresql", waiting.said
    holder.send_signal(signal.SIGKILL)
    finished(holder)
    assert not is_after(shop, pattern)
    shop.write_schemas(AFTER)
    started = time.monotonic()
    ends_well(shop, pattern)
    assert time.monotonic() - started < 20


@pytest.mark.soak
def test_looking_at_locked_tables_ends(make_shop: MakeShop) -> None:
    shop, pattern = make_shop("postgresql")
    hooked(shop, SLEEPING.format(30))
    holder = shop.start("--auto-approve")
    wait_for((shop.folder / "in_hook").exists)
    assert [shop.here("--check").code, shop.migrate("--lock-timeout", "1").code] == [5, 5]
    holder.send_signal(signal.SIGKILL)
    finished(holder)
    shop.write_schemas(AFTER)
    ends_well(shop, pattern)


def wait_for(happened: Callable[[], bool], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)
