"""An exact file that says all of a database, beside one that has been migrated already."""

from __future__ import annotations

import pytest

from tests.cli.back import ID, TWO, USERS, Back
from tests.cli.folder import AppFolder

WHOLE = "  zMigrationExact: database\n"
TAGS = f"tags:\n{ID}"
OTHER = (
    "CREATE TABLE other (id INTEGER PRIMARY KEY)",
    "INSERT INTO other VALUES (1)",
)


@pytest.fixture(params=["sqlite", "postgresql"])
def shop(request: pytest.FixtureRequest, app: AppFolder) -> Back:
    pg = request.param == "postgresql"
    url = request.getfixturevalue("postgres_dsn") if pg else "@.Data"
    return Back.laid_out(app, request.param, url)


def changes(shop: Back, *flags: str) -> list[str]:
    done = shop.app.run(*flags, "--json")
    return [c["summary"] for schema in done.json["schemas"] for c in schema["changes"]]


def test_it_takes_no_table_that_no_file_names(shop: Back) -> None:
    shop.start(USERS, TWO)
    shop.by_hand(OTHER, {})
    shop.want(TAGS, "posts", WHOLE)
    assert changes(shop, "--dry-run") == ["Created table: tags"]
    assert changes(shop, "--auto-approve") == ["Created table: tags"]
    assert shop.rows("other") == [("1",)]
    assert shop.app.run("--check").code == 0


def test_alone_it_does(shop: Back) -> None:
    shop.by_hand(OTHER, {})
    shop.want(TAGS, "posts", WHOLE)
    assert changes(shop, "--auto-approve") == ["Created table: tags", "Dropped table: other"]
    assert shop.rows("other") is None
    shop.back()
    assert shop.rows("other") == [("1",)]
