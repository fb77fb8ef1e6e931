"""Where file and store are what was recorded, nothing is looked at; else everything is."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.cli.back import EMAIL, ID, POSTS, TWO, USERS, Back
from tests.cli.folder import AppFolder
from zcli_migration.project import Selection, open_project
from zcli_migration.report import Report
from zcli_migration.screen import Screen

INDEXED = USERS.replace("name: {type: str}", "name: {type: str, indexed: true}")
FK = f"{POSTS}  user_id: {{type: int, foreign_key: users.id}}\n"


@pytest.fixture(params=["csv", "sqlite", "postgresql"])
def shop(request: pytest.FixtureRequest, app: AppFolder) -> Back:
    pg = request.param == "postgresql"
    url = request.getfixturevalue("postgres_dsn") if pg else "@.Data"
    return Back.laid_out(app, request.param, url)


def settled(shop: Back) -> list[bool]:
    """Of each store, whether it needs no look; `--check` must say what a whole look says."""
    found: list[list[bool]] = []
    for settle in (True, False):
        selection = Selection(app_file=shop.app.file, settle=settle)
        with open_project(selection, Report(Screen(quiet=True))) as project:
            found.append([unit.settled is not None for unit in project.units])
    assert not any(found[1])
    return found[0]


def same_as_a_whole_look(shop: Back) -> None:
    version = shop.records()[-1][1]
    quick, whole = shop.app.run("--check"), shop.app.run("--check", "--version", version)
    assert (quick.code, quick.said) == (whole.code, whole.said)


def test_after_a_migration_and_rows_that_come(shop: Back) -> None:
    shop.start(INDEXED, TWO)
    assert settled(shop) == [True]
    same_as_a_whole_look(shop)
    shop.store.insert("users", [{"id": 3, "name": "eve"}])
    assert settled(shop) == [True]
    assert shop.app.run("--check").code == 0
    assert "Already up to date (0 operation(s))" in shop.app.run("--dry-run").out
    assert "Already up to date" in shop.migrate().out


def test_json_says_the_same(shop: Back) -> None:
    shop.start(INDEXED, TWO)
    quick = shop.app.run("--check", "--json").json
    assert quick == shop.app.run("--check", "--json", "--version", "v1.0.0").json


Change = Callable[[Back], object]
ADDED: Change = lambda shop: shop.by_hand(  # noqa: E731
    ["ALTER TABLE users ADD COLUMN extra TEXT"], {"users.csv": "id,name,extra\n1,ada,\n"}
)
GONE: Change = lambda shop: shop.drop_by_hand("users")  # noqa: E731
COMMENT: Change = lambda shop: shop.app.write(  # noqa: E731
    shop.file(), shop.app.text(shop.file()) + "# a comment\n"
)
RECORD: Change = lambda shop: shop.tamper(1, lambda meta: meta.pop("state"))  # noqa: E731
FORGOTTEN: Change = lambda shop: shop.drop_by_hand("__zmigration_users")  # noqa: E731


@pytest.mark.parametrize("change", [ADDED, GONE, COMMENT, RECORD, FORGOTTEN])
def test_anything_that_moved(shop: Back, change: Change) -> None:
    shop.start()
    assert settled(shop) == [True]
    change(shop)
    assert settled(shop) == [False]


@pytest.mark.parametrize(
    "sql",
    [
        "DROP INDEX idx_users_name",
        "CREATE INDEX other ON users(name)",
        "ALTER TABLE users RENAME COLUMN name TO nick",
    ],
)
def test_what_sql_stores_remember(shop: Back, sql: str) -> None:
    if shop.backend == "csv":
        assert settled_of_csv_header(shop)
        return
    shop.start(INDEXED)
    shop.store.do([sql])
    assert settled(shop) == [False]


def settled_of_csv_header(shop: Back) -> bool:
    shop.start()
    shop.by_hand([], {"users.csv": "name,id\nada,1\n"})
    return settled(shop) == [False]


def test_a_table_that_is_referred_to(shop: Back) -> None:
    shop.start()
    shop.want(FK, "posts")
    shop.migrate()
    assert settled(shop) == [True]
    shop.by_hand(
        ["ALTER TABLE users ADD COLUMN extra TEXT"], {"users.csv": "id,name,extra\n1,ada,\n"}
    )
    assert settled(shop) == [False]


def test_one_schema_of_two(shop: Back) -> None:
    shop.start()
    shop.want(POSTS, "posts")
    shop.migrate()
    done = shop.app.run("--check", "--json", "--schema", "posts")
    assert [schema["name"] for schema in done.json["schemas"]] == ["zSchema.posts"]
    shop.want(EMAIL)
    assert settled(shop) == [False]
    assert shop.app.run("--check", "--schema", "posts").code == 0
    assert shop.app.run("--check").code == 3


def test_after_a_rollback(shop: Back) -> None:
    shop.start()
    shop.migrate(EMAIL)
    shop.back()
    assert settled(shop) == [False]
    assert shop.app.run("--check").code == 0


def test_a_file_that_is_told_of_in_every_run(shop: Back) -> None:
    shop.start()
    shop.migrate(f"users:\n{ID}  nick: {{type: str, renamed_from: name}}\n")
    assert settled(shop) == [False]
    shop.migrate(f"users:\n{ID}  nick: {{type: str, odd: 1}}\n")
    assert settled(shop) == [False]
    assert "odd" in shop.app.run("--check").said


def test_a_hook_that_is_not_there_is_told_all_the_same(shop: Back) -> None:
    shop.app.write("plugins/hooks.py", "def fine(zcli):\n    pass\n")
    shop.want(USERS, meta="  zMigrationHooks: {before_migrate: '@.plugins.hooks.fine'}\n")
    shop.migrate()
    assert settled(shop) == [True]
    shop.app.write("plugins/hooks.py", "")
    assert shop.app.run("--check").code == 2
