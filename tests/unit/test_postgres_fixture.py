import psycopg
import pytest

from examples.local_postgres import fresh_database, with_database


def test_a_fresh_database_answers_and_is_empty(postgres_dsn: str) -> None:
    with psycopg.connect(postgres_dsn) as connection:
        connection.execute("CREATE TABLE t (id int PRIMARY KEY)")
        connection.execute("INSERT INTO t VALUES (1), (2)")
        assert connection.execute("SELECT sum(id) FROM t").fetchone() == (3,)
        assert connection.execute("SELECT count(*) FROM pg_stat_user_tables").fetchone() == (1,)


def test_a_database_is_dropped_with_its_leftover_connections(postgres_server: str) -> None:
    with fresh_database(postgres_server) as dsn:
        leftover = psycopg.connect(dsn)
    with pytest.raises(psycopg.OperationalError):
        leftover.execute("SELECT 1")
    leftover.close()
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(dsn)


@pytest.mark.parametrize(
    ("dsn", "expected"),
    [
        ("postgresql://u@127.0.0.1:5/a", "postgresql://u@127.0.0.1:5/b"),
        ("postgres://u:p@host", "postgres://u:p@host/b"),
        ("postgresql:///a?host=/run/x", "postgresql:///b?host=/run/x"),
    ],
)
def test_with_database_changes_the_name_alone(dsn: str, expected: str) -> None:
    assert with_database(dsn, "b") == expected


def test_with_database_wants_a_url() -> None:
    with pytest.raises(ValueError, match="must be a URL"):
        with_database("host=localhost dbname=a", "b")
