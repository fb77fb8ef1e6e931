"""What is made ahead of the transaction: never left behind, never reported as done too early."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from tests.faults.orders import AFTER, BEFORE, Orders
from tests.faults.shop import delays, finished

ONLINE = ("--auto-approve", "--online", "always")
DONE = [("v1.0.0", "SUCCESS"), ("v1.1.0", "SUCCESS")]
POINTS = (
    "journalled",
    *(f"ahead-{number}" for number in range(1, 10)),
    "prepared",
    "before-commit",
    "after-commit",
)


@pytest.fixture
def shop(tmp_path: Path, postgres_dsn: str) -> Orders:
    return Orders.laid_out(tmp_path / "shop", postgres_dsn)


@pytest.fixture
def plain(shop: Orders) -> list[object]:
    """The catalog as a migration in one transaction makes it; the shop is as before."""
    done = shop.here("--auto-approve", "--online", "never")
    assert done.code == 0, done.said
    after = shop.catalog()
    done = shop.here("--auto-approve", "--rollback")
    assert done.code == 0, done.said
    shop.schema(AFTER)
    return after


def test_the_statements_are_those_that_are_shown(shop: Orders) -> None:
    shown = shop.here("--dry-run", "--online", "always").said
    for statement in (
        "CREATE INDEX CONCURRENTLY idx_orders_total ON orders(total);",
        "ALTER TABLE orders ADD CONSTRAINT total_positive CHECK (total >= 0) NOT VALID;",
        "ALTER TABLE orders VALIDATE CONSTRAINT total_positive;",
        "VALIDATE CONSTRAINT fk_orders_customer_id;",
        "ALTER TABLE customers ADD CONSTRAINT uq_customers_email UNIQUE USING INDEX",
        "RENAME TO by_state;",
    ):
        assert statement in shown, shown
    assert "orders, " in shown
    assert "nobody waits while the index is built" in shown
    assert "readers and writers wait for a moment" in shown
    lines = shop.here("--sql", "--online", "always").said.splitlines()
    concurrently = [n for n, line in enumerate(lines) if "CONCURRENTLY" in line]
    assert max(concurrently) < min(n for n, line in enumerate(lines) if "DROP INDEX" in line)


def test_the_same_comes_of_it(shop: Orders, plain: list[object]) -> None:
    before, rows = shop.catalog(), shop.rows()
    done = shop.here(*ONLINE)
    assert done.code == 0, done.said
    assert shop.catalog() == plain
    assert shop.rows() == rows
    assert shop.here("--check").code == 0
    done = shop.here("--auto-approve", "--rollback", "--online", "always")
    assert done.code == 0, done.said
    assert shop.catalog() == before
    assert shop.rows() == rows


@pytest.mark.parametrize("point", POINTS)
def test_killed_at_a_boundary(shop: Orders, plain: list[object], point: str) -> None:
    before = shop.catalog()
    records = shop.history()
    killed = shop.run(*ONLINE, ZMIGRATION_FAULT=f"postgresql:{point}")
    assert killed.code == -signal.SIGKILL, killed.said
    after = point == "after-commit"
    assert shop.history()[len(records) :] == ([("v1.1.0", "SUCCESS")] if after else [])
    look = shop.here("--check")
    assert look.code == (0 if after else 3), look.said
    assert ("interrupted" in look.said) is not after
    ends_well(shop, plain, tidied=not after)
    undone = shop.here("--auto-approve", "--rollback")
    assert undone.code == 0, undone.said
    assert shop.catalog() == before


def ends_well(shop: Orders, plain: list[object], *, tidied: bool) -> None:
    done = shop.here(*ONLINE)
    assert done.code == 0, done.said
    assert ("removed what a run that was interrupted had prepared" in done.said) is tidied
    assert shop.catalog() == plain
    assert shop.here("--check").code == 0


@pytest.mark.parametrize("flags", [("--online", "never"), ("--rollback",), ("--schema", "orders")])
def test_every_run_that_takes_the_lock_tidies_up(shop: Orders, flags: tuple[str, ...]) -> None:
    before = shop.catalog()
    killed = shop.run(*ONLINE, ZMIGRATION_FAULT="postgresql:ahead-4")
    assert killed.code == -signal.SIGKILL, killed.said
    assert shop.catalog() != before
    done = shop.here("--auto-approve", *flags)
    assert done.code == 0, done.said
    assert "removed what a run that was interrupted had prepared" in done.said
    assert shop.ask("SELECT relname FROM pg_class WHERE relname ~ '^__zmigration_.online'") == []


def test_killed_when_the_file_has_been_set_back(shop: Orders) -> None:
    before = shop.catalog()
    killed = shop.run(*ONLINE, ZMIGRATION_FAULT="postgresql:ahead-5")
    assert killed.code == -signal.SIGKILL, killed.said
    shop.schema(BEFORE)
    done = shop.here("--auto-approve")
    assert done.code == 0, done.said
    assert shop.catalog() == before


def test_killed_while_tidying_up(shop: Orders, plain: list[object]) -> None:
    for point in ("ahead-6", "removed", "removed"):
        killed = shop.run(*ONLINE, ZMIGRATION_FAULT=f"postgresql:{point}")
        assert killed.code == -signal.SIGKILL, killed.said
    ends_well(shop, plain, tidied=True)


def test_signals_at_any_moment(shop: Orders, plain: list[object]) -> None:
    before = shop.catalog()
    for number, delay in enumerate(delays(2.0, quick=4, soak=60)):
        process = shop.start(*ONLINE)
        time.sleep(delay)
        process.send_signal((signal.SIGINT, signal.SIGKILL)[number % 2])
        done = finished(process)
        now = shop.here("--check")
        assert now.code in (0, 3), (done.said, now.said)
        if now.code == 3:
            ends_well(shop, plain, tidied="interrupted here" in now.said)
        assert shop.here("--auto-approve", "--rollback").code == 0
        assert shop.catalog() == before
        shop.schema(AFTER)


def test_rows_that_break_the_rule_meanwhile(shop: Orders) -> None:
    """Asked before, the data was right; another session makes it wrong while indexes are built."""
    before = shop.catalog()
    with psycopg.connect(shop.dsn, application_name="app", autocommit=True) as app:
        app.execute("BEGIN")
        app.execute("UPDATE customers SET email = 'other' WHERE id = 3")
        process = shop.start(*ONLINE, "--lock-timeout", "30")
        wait_until(lambda: waiting(shop, "CREATE UNIQUE INDEX CONCURRENTLY"))
        app.execute("UPDATE customers SET email = 'c2' WHERE id = 1")
        app.execute("COMMIT")
        done = finished(process)
    assert done.code == 1, done.said
    assert "customers" in done.said
    assert "duplicated" in done.said
    assert shop.catalog() == before
    assert len(shop.history()) == 1


def test_a_check_that_fails_when_validated(shop: Orders) -> None:
    before = shop.catalog()
    with psycopg.connect(shop.dsn, autocommit=True) as app:
        app.execute("BEGIN")
        app.execute("LOCK TABLE orders IN ACCESS SHARE MODE")
        process = shop.start(*ONLINE, "--lock-timeout", "30")
        wait_until(lambda: waiting(shop, "NOT VALID"))
        app.execute("UPDATE orders SET total = -1 WHERE id = 7")
        app.execute("COMMIT")
        done = finished(process)
    assert done.code == 1, done.said
    assert "total_positive" in done.said
    assert shop.catalog() == before


def test_two_runs_at_once(shop: Orders, plain: list[object]) -> None:
    processes = [shop.start(*ONLINE) for _ in range(3)]
    done = [finished(process) for process in processes]
    assert {d.code for d in done} <= {0, 5}, "\n".join(d.said for d in done)
    assert sum("1 migration(s) applied" in d.said for d in done) == 1
    assert not any("interrupted" in d.said for d in done)
    assert shop.catalog() == plain


def test_a_look_while_another_run_builds(shop: Orders) -> None:
    with psycopg.connect(shop.dsn, autocommit=True) as app:
        app.execute("BEGIN")
        app.execute("UPDATE customers SET email = 'other' WHERE id = 3")
        process = shop.start(*ONLINE, "--lock-timeout", "30")
        wait_until(lambda: waiting(shop, "CONCURRENTLY"))
        looks = [shop.here("--check"), shop.here("--dry-run")]
        assert [look.code for look in looks] == [3, 0], looks
        assert "interrupted" not in looks[0].said + looks[1].said
        second = shop.here("--auto-approve", "--lock-timeout", "0.3")
        assert second.code == 5, second.said
        assert "another migration holds the lock" in second.said
        app.execute("COMMIT")
        done = finished(process)
    assert done.code == 0, done.said


@pytest.mark.parametrize("online", ["always", "never"])
def test_nobody_waits_long_behind_a_run_that_waits(shop: Orders, online: str) -> None:
    """A session that only reads keeps the run waiting; others still read, never for long."""
    before, waits = shop.catalog(), list[float]()
    stop = threading.Event()
    with psycopg.connect(shop.dsn, application_name="report") as report:
        report.execute("SELECT count(*) FROM orders")
        report.execute("SELECT count(*) FROM customers")
        reader = threading.Thread(target=read_on, args=(shop, stop, waits))
        reader.start()
        done = shop.run("--auto-approve", "--online", online, "--lock-timeout", "4")
        stop.set()
        reader.join()
        assert done.code == 5, done.said
        assert f"pid {report.info.backend_pid} (report, user" in done.said
    assert len(waits) > 5
    assert max(waits) < 2.0  # a turn in the queue is 0.8 seconds at most
    if online == "never":
        assert shop.catalog() == before
    done = shop.here(*ONLINE)
    assert done.code == 0, done.said


def read_on(shop: Orders, stop: threading.Event, waits: list[float]) -> None:
    with psycopg.connect(shop.dsn, autocommit=True) as connection:
        while not stop.is_set():
            started = time.monotonic()
            connection.execute("SELECT count(*) FROM orders, customers WHERE orders.id < 5")
            waits.append(time.monotonic() - started)
            time.sleep(0.01)


def waiting(shop: Orders, words: str) -> bool:
    """Whether a statement with these words waits for a lock."""
    return bool(
        shop.ask(
            "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND"
            f" query LIKE '%{words}%' AND pid <> pg_backend_pid()"
        )
    )


def wait_until(happened: Callable[[], bool], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


def test_what_cannot_be_removed_is_told_and_removed_by_the_next_run(
    shop: Orders, plain: list[object]
) -> None:
    """Ctrl-C while an index waits for a session that goes on: its removal waits for the same."""
    with psycopg.connect(shop.dsn, autocommit=True) as app:
        app.execute("BEGIN")
        app.execute("UPDATE customers SET email = 'other' WHERE id = 3")
        process = shop.start(*ONLINE, "--lock-timeout", "2")
        wait_until(lambda: waiting(shop, "CREATE UNIQUE INDEX CONCURRENTLY"))
        process.send_signal(signal.SIGINT)
        done = finished(process)
        app.execute("ROLLBACK")
    assert done.code == 130, done.said
    assert "could not be removed, the next run does it" in done.said
    assert "uq_customers_email on customers" in done.said
    assert "interrupted here" in shop.here("--check").said
    ends_well(shop, plain, tidied=True)


def test_ctrl_c_while_an_index_is_waited_for(shop: Orders) -> None:
    before = shop.catalog()
    with psycopg.connect(shop.dsn, autocommit=True) as app:
        app.execute("BEGIN")
        app.execute("UPDATE customers SET email = 'other' WHERE id = 3")
        process = shop.start(*ONLINE, "--lock-timeout", "30")
        wait_until(lambda: waiting(shop, "CREATE UNIQUE INDEX CONCURRENTLY"))
        process.send_signal(signal.SIGINT)
        app.execute("ROLLBACK")
        done = finished(process)
    assert done.code == 130, done.said
    assert "could not be removed" not in done.said
    assert shop.catalog() == before


def test_a_table_that_is_changed_by_hand_meanwhile(shop: Orders) -> None:
    with psycopg.connect(shop.dsn, autocommit=True) as app:
        app.execute("BEGIN")
        app.execute("UPDATE customers SET email = 'other' WHERE id = 3")
        process = shop.start(*ONLINE, "--lock-timeout", "30")
        wait_until(lambda: waiting(shop, "CREATE UNIQUE INDEX CONCURRENTLY"))
        shop.do("ALTER TABLE orders ADD COLUMN by_hand text")
        app.execute("ROLLBACK")
        done = finished(process)
    assert done.code == 0, done.said  # looked again, and made anew
    assert shop.ask("SELECT by_hand, paid FROM orders WHERE id = 1") == [(None, None)]
    assert shop.here("--check").code == 0


def test_a_session_that_ends_while_an_index_is_built(shop: Orders, plain: list[object]) -> None:
    with psycopg.connect(shop.dsn, autocommit=True) as app:
        app.execute("BEGIN")
        app.execute("UPDATE customers SET email = 'other' WHERE id = 3")
        process = shop.start(*ONLINE, "--lock-timeout", "30")
        wait_until(lambda: waiting(shop, "CREATE UNIQUE INDEX CONCURRENTLY"))
        app.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name = 'zolo migrate'"
        )
        app.execute("ROLLBACK")
        done = finished(process)
    assert done.code == 1, done.said
    assert "what it had prepared is there, and the next removes it" in done.said
    ends_well(shop, plain, tidied=True)


def test_the_size_decides(shop: Orders) -> None:
    """The server's own estimate of a table's rows; it has no say with never."""
    assert "CONCURRENTLY" not in shop.here("--dry-run").said
    shop.do("UPDATE pg_class SET reltuples = 8123456 WHERE relname = 'orders'")
    shown = shop.here("--dry-run").said
    assert "CREATE INDEX CONCURRENTLY idx_orders_total" in shown
    assert "INDEX CONCURRENTLY uq_customers_email" not in shown
    assert "about 8,100,000 rows: nobody waits while the index is built" in shown
    never = shop.here("--dry-run", "--online", "never").said
    assert "CONCURRENTLY" not in never
    assert "about 8,100,000 rows: readers and writers wait while the index is built" in never
    done = shop.here("--auto-approve")
    assert done.code == 0, done.said
    assert shop.here("--check").code == 0


def test_a_partitioned_table_stays_in_the_transaction(shop: Orders) -> None:
    shop.do(
        "DROP TABLE orders",
        "CREATE TABLE orders (id int PRIMARY KEY, customer_id int, code varchar(255), total int,"
        " state varchar(255)) PARTITION BY RANGE (id)",
        "CREATE TABLE orders_1 PARTITION OF orders FOR VALUES FROM (0) TO (100000)",
        "CREATE INDEX by_state ON orders(state)",
    )
    shown = shop.here("--dry-run", "--online", "always").said
    assert "CREATE INDEX idx_orders_total ON orders(total);" in shown
    assert "FOREIGN KEY (customer_id) REFERENCES customers(id);" in shown
    done = shop.here(*ONLINE)
    assert done.code == 0, done.said
