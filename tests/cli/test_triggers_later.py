"""PostgreSQL: nothing that stands between a statement and its rows makes a rollback lose values."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest

from tests.cli.back import ID, Back
from tests.cli.folder import AppFolder
from tests.scenarios.stores import PostgresStore

BASE = f"users:\n{ID}  name: {{type: str}}\n  n: {{type: str}}\n"
CHANGES = {
    "retyped": f"users:\n{ID}  name: {{type: str}}\n  n: {{type: int}}\n",
    "dropped": f"users:\n{ID}  name: {{type: str}}\n",
    "required": f"users:\n{ID}  name: {{type: str}}\n"
    "  n: {type: str, required: true, backfill: '0'}\n",
}
ROWS: list[dict[str, object]] = [
    {"id": 1, "name": "ada", "n": "007"},
    {"id": 2, "name": "bob", "n": None},
]
SWALLOW = (
    "CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
)
TRIGGER = "CREATE TRIGGER t BEFORE UPDATE ON {} FOR EACH ROW EXECUTE FUNCTION swallow()"
RULE = "CREATE RULE r AS ON UPDATE TO users DO INSTEAD NOTHING"


@pytest.fixture
def shop(app: AppFolder, postgres_dsn: str) -> Back:
    return Back.laid_out(app, "postgresql", postgres_dsn)


def _before(shop: Back) -> list[dict[str, object]]:
    shop.start(BASE, ROWS)
    shop.store.do(SWALLOW)
    return shop.store.rows("users")


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("by", [TRIGGER.format("users"), RULE])
def test_what_came_since_does_not_swallow_values(shop: Back, change: str, by: str) -> None:
    before = _before(shop)
    shop.migrate(CHANGES[change])
    shop.store.do([by])
    shop.back()
    assert shop.store.rows("users") == before
    shop.store.do(["UPDATE users SET name = 'eve'"])  # and it works again
    assert shop.store.rows("users") == before


@pytest.mark.parametrize("change", CHANGES)
def test_a_rule_that_was_there_fires_neither_way(shop: Back, change: str) -> None:
    before = _before(shop)
    shop.store.do([RULE])
    shop.migrate(CHANGES[change])
    shop.back()
    assert shop.store.rows("users") == before


def test_a_trigger_that_went_since_is_not_missed(shop: Back) -> None:
    before = _before(shop)
    shop.store.do([TRIGGER.format("users")])
    shop.migrate(CHANGES["retyped"])
    shop.store.do(["DROP TRIGGER t ON users"])
    shop.back()
    assert shop.store.rows("users") == before


@pytest.mark.parametrize("change", CHANGES)
def test_a_trigger_of_a_table_that_inherits_does_not_fire(shop: Back, change: str) -> None:
    _before(shop)
    heir = "INSERT INTO heirs VALUES (3, 'cid', '08'), (4, 'dan', NULL)"
    shop.store.do(["CREATE TABLE heirs () INHERITS (users)", heir, TRIGGER.format("heirs")])
    before = shop.store.rows("users")
    shop.migrate(CHANGES[change])
    shop.back()
    assert shop.store.rows("users") == before


@pytest.fixture
def clerk(postgres_dsn: str) -> Iterator[str]:
    """A role that owns what it makes and is subject to policies; gives its DSN."""
    name = f"clerk_{uuid4().hex[:8]}"
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {name} LOGIN".encode())
        connection.execute(f"GRANT ALL ON SCHEMA public TO {name}".encode())
        yield postgres_dsn.replace("//postgres@", f"//{name}@")
        connection.execute(f"DROP OWNED BY {name}".encode())
        connection.execute(f"DROP ROLE {name}".encode())


@pytest.mark.parametrize("change", CHANGES)
def test_rows_that_a_policy_hides_are_not_left_out(
    app: AppFolder, clerk: str, postgres_dsn: str, change: str
) -> None:
    shop = Back.laid_out(app, "postgresql", clerk)
    shop.start(BASE, ROWS)
    shop.store.do(
        [
            "ALTER TABLE users ENABLE ROW LEVEL SECURITY",
            "ALTER TABLE users FORCE ROW LEVEL SECURITY",
            "CREATE POLICY p ON users USING (id = 1)",
        ]
    )
    whole = Back(app, PostgresStore(postgres_dsn))
    shop.want(CHANGES[change])
    before = whole.everything()
    done = app.run("--auto-approve")
    assert (done.code, whole.everything()) == (1, before)
    assert "row-level security" in done.said
    assert "sees all rows" in done.said
