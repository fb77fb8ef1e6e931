"""A PostgreSQL session that is ended from outside: nothing is changed, and it is said."""

from __future__ import annotations

import threading
import time

import psycopg
import pytest

from tests.faults.conftest import MakeShop
from tests.faults.shop import AFTER, Done, Shop, delays, finished
from tests.faults.test_disk import refused
from tests.faults.test_interrupts import hooked
from tests.faults.test_kills import ends_well, is_after
from tests.faults.test_processes import SLEEPING, wait_for

_END = (
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


@pytest.mark.parametrize("moment", ["before", "after"])
def test_ended_while_a_hook_sleeps(moment: str, make_shop: MakeShop) -> None:
    shop, pattern = make_shop("postgresql")
    hooked(shop, SLEEPING.format(1), moment)
    process = shop.start("--auto-approve")
    wait_for((shop.folder / "in_hook").exists)
    assert end_sessions(shop) == 1
    refused(finished(process), shop, pattern)
    shop.write_schemas(AFTER)
    ends_well(shop, pattern)


def test_ended_at_any_moment(make_shop: MakeShop) -> None:
    seconds = make_shop("postgresql")[1].seconds
    for delay in delays(seconds, quick=2, soak=60):
        shop, pattern = make_shop("postgresql")
        process = shop.start("--auto-approve")
        ends = threading.Timer(delay, end_sessions, [shop])
        ends.start()
        done = finished(process)
        ends.join()
        tells_the_truth(done, is_after(shop, pattern))
        ends_well(shop, pattern)


def tells_the_truth(done: Done, after: bool) -> None:
    assert "Traceback" not in done.said
    assert "Unexpected" not in done.said, done.said
    assert done.code in (0, 1), done.said
    if done.code == 0:
        assert after
    elif after:
        assert "not known" in done.said, done.said
    else:
        assert "nothing was changed" in done.said or "not known" in done.said


def end_sessions(shop: Shop) -> int:
    """End every other session of the shop's database; how many there were."""
    assert shop.dsn
    with psycopg.connect(shop.dsn, autocommit=True) as connection:
        row = connection.execute(_END).fetchone()
        time.sleep(0.1)
        return int(row[0]) if row else 0
