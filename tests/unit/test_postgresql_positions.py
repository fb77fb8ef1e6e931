"""Sequences stand after a rollback where they stood at the moment of the step, or later."""

import pytest

from tests.postgres_catalog import positions
from tests.postgres_pairs import Pair, pair

PLAIN = "CREATE TABLE t (k text PRIMARY KEY);"
SERIAL = "CREATE TABLE t (k text PRIMARY KEY, id serial);"
IDENTITY = "CREATE TABLE t (k text PRIMARY KEY, id int GENERATED ALWAYS AS IDENTITY);"
NO_LONGER = "CREATE TABLE t (k text PRIMARY KEY, id int NOT NULL);"
WAYS = {
    "table": (SERIAL, ""),
    "table with identity": (IDENTITY, ""),
    "column": (SERIAL, PLAIN),
    "column with identity": (IDENTITY, PLAIN),
    "serial": (SERIAL, NO_LONGER),
    "identity": (IDENTITY, NO_LONGER),
}


def next_number(both: Pair) -> int:
    both.server.execute("INSERT INTO t (k) VALUES ('next')")
    return int(both.rows("SELECT id FROM t WHERE k = 'next'")[0][0])


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("position", "following"), [("60, false", 60), ("60, true", 61)])
def test_as_it_stood_when_the_step_was_made(
    postgres_server: str, way: str, position: str, following: int
) -> None:
    with pair(postgres_server, *WAYS[way]) as both:
        both.server.execute("INSERT INTO t (k) VALUES ('a'), ('b')")
        steps = both.planned()
        both.server.execute(f"SELECT setval('t_id_seq', {position})".encode())
        before = positions(both.server)
        both.run(steps)
        both.back(steps)
        assert positions(both.server) == before
        assert next_number(both) == following


@pytest.mark.parametrize("way", ["column", "column with identity"])
def test_rows_that_came_get_the_following_numbers(postgres_server: str, way: str) -> None:
    with pair(postgres_server, *WAYS[way]) as both:
        both.server.execute("INSERT INTO t (k) VALUES ('a'), ('b')")
        both.server.execute("SELECT setval('t_id_seq', 60, false)")
        steps = both.planned()
        both.run(steps)
        both.server.execute("INSERT INTO t (k) VALUES ('c'), ('d')")
        both.back(steps)
        assert sorted(both.rows("SELECT id FROM t")) == [(1,), (2,), (60,), (61,)]
        assert next_number(both) == 62


@pytest.mark.parametrize("way", ["serial", "identity"])
@pytest.mark.parametrize(("written", "following"), [(40, 60), (60, 61), (75, 76)])
def test_rows_that_came_with_later_numbers(
    postgres_server: str, way: str, written: int, following: int
) -> None:
    with pair(postgres_server, *WAYS[way]) as both:
        both.server.execute("INSERT INTO t (k) VALUES ('a'), ('b')")
        both.server.execute("SELECT setval('t_id_seq', 60, false)")
        steps = both.planned()
        both.run(steps)
        both.server.execute("INSERT INTO t (k, id) VALUES ('c', %s)", [written])
        both.back(steps)
        assert next_number(both) == following


def test_rows_that_had_later_numbers_before(postgres_server: str) -> None:
    with pair(postgres_server, *WAYS["serial"]) as both:
        both.server.execute("INSERT INTO t (k, id) VALUES ('a', 900)")
        steps = both.planned()
        both.run(steps)
        both.back(steps)
        assert next_number(both) == 1


def test_two_ways_back_one_after_the_other(postgres_server: str) -> None:
    with pair(postgres_server, IDENTITY, NO_LONGER) as both:
        both.server.execute("SELECT setval('t_id_seq', 60, false)")
        first = both.planned()
        both.run(first)
        both.wanted.execute("ALTER TABLE t ALTER id ADD GENERATED ALWAYS AS IDENTITY")
        second = both.planned()
        both.run(second)
        both.wanted.execute("ALTER TABLE t ALTER id DROP IDENTITY")
        both.server.execute("SELECT setval('t_id_seq', 7)")
        third = both.planned()
        both.run(third)
        for steps in (third, second, first):
            both.back(steps)
        assert positions(both.server) == {"public.t_id_seq": "60 f"}


def test_what_is_kept_goes_with_what_it_is_of(postgres_server: str) -> None:
    with pair(postgres_server, *WAYS["column"]) as both:
        both.run(both.planned())
        kept = "SELECT count(*) FROM pg_class WHERE relkind = 'S' AND relname ~ '^__zmigration'"
        assert both.rows(kept) == [(1,)]
        both.forget()
        assert both.rows(kept) == [(0,)]


def test_a_rollback_that_fails_takes_no_number(postgres_server: str) -> None:
    with pair(postgres_server, *WAYS["column"]) as both:
        both.server.execute("INSERT INTO t (k) VALUES ('a'), ('b')")
        steps = both.planned()
        both.run(steps)
        both.server.execute("INSERT INTO t (k) VALUES ('c')")
        back = both.store.fitted([s.inverse() for s in reversed(steps)], force=False)
        both.store.begin(5)
        for step in back:
            both.store.run(step, lambda *_: None)
        both.store.rollback()
        both.back(steps)
        assert sorted(both.rows("SELECT id FROM t")) == [(1,), (2,), (3,)]
        assert next_number(both) == 4


def test_a_plain_column_of_somebody_else(postgres_server: str) -> None:
    with pair(postgres_server, *WAYS["identity"]) as both:
        both.server.execute(
            "CREATE ROLE zmigration_other; ALTER TABLE t OWNER TO zmigration_other;"
            "SELECT setval('t_id_seq', 60, false)"
        )
        try:
            steps = both.planned()
            both.run(steps)
            both.back(steps)
            assert positions(both.server) == {"public.t_id_seq": "60 f"}
        finally:
            both.server.execute("DROP TABLE t; DROP ROLE zmigration_other")
