"""`--purge`: archives go when somebody says so, and nothing else ever does."""

from __future__ import annotations

import pytest

from tests.cli.back import EMAIL, ID, NO_NAME, POSTS, USERS, Back
from tests.cli.test_rollback import lite as lite
from tests.cli.test_rollback import local as local
from tests.cli.test_rollback import shop as shop
from tests.cli.test_screen import Opened
from tests.cli.test_screen import at_terminal as at_terminal
from tests.scenarios.harness import run_process


def dropped_twice(shop: Back) -> list[str]:
    """The archives of two migrations, to v1.1.0 and to v1.2.0."""
    shop.start(EMAIL, [{"id": 1, "name": "ada", "email": "a@x"}])
    shop.migrate(USERS)
    (first,) = shop.archives()
    shop.migrate(NO_NAME)
    (second,) = set(shop.archives()) - {first}
    return [first, second]


@pytest.mark.parametrize("older", [(), ("all",)])
def test_everything_kept_goes(shop: Back, older: tuple[str, ...]) -> None:
    dropped_twice(shop)
    look, records = shop.look(), shop.records()
    shop.back("--purge", *older)
    assert shop.archives() == []
    assert (shop.look(), shop.records()) == (look, records)
    shop.refused("--purge", *older, code=0)
    assert shop.app.run("--check").code == 0


def test_before_a_version(shop: Back) -> None:
    _, second = dropped_twice(shop)
    shop.refused("--purge", "v1.1.0", code=0)
    shop.back("--purge", "v1.2.0")
    assert shop.archives() == [second]
    shop.back()
    assert shop.rows() == [("1", "ada")]
    shop.refused()


def test_before_an_age(shop: Back) -> None:
    kept = dropped_twice(shop)
    shop.refused("--purge", "1h", code=0)
    assert shop.archives() == sorted(kept)
    shop.back("--purge", "0d")
    assert set(shop.archives()) <= set(kept)  # what is of this very second stays


@pytest.mark.parametrize("older", ["soon", "v1", "1y", "99999999999d", ""])
def test_what_is_no_age(lite: Back, older: str) -> None:
    dropped_twice(lite)
    done = lite.refused("--purge", older, code=2)
    assert "v1.2.0, 30d, 12h, 2w or all" in done.said


def test_one_schema_alone(shop: Back) -> None:
    shop.want(POSTS, "posts")
    shop.start()
    shop.want(f"posts:\n{ID}", "posts")
    shop.migrate(NO_NAME)
    assert len(shop.archives()) == 2
    shop.back("--purge", "--schema", "posts")
    (left,) = shop.archives()
    assert left.endswith("_users")


@pytest.mark.parametrize("flags", [("--dry-run",), ("--sql",)])
def test_looking_touches_nothing(shop: Back, flags: tuple[str, ...]) -> None:
    names = dropped_twice(shop)
    before = shop.everything(times=True)
    done = shop.app.run("--purge", *flags)
    assert (done.code, shop.everything(times=True)) == (0, before)
    assert all(name in done.out for name in names)


def test_nobody_is_there_to_approve(local: Back) -> None:
    dropped_twice(local)
    before = local.everything()
    assert run_process(local.app.file, "--purge").code == 3
    assert local.everything() == before


@pytest.mark.parametrize("answer", ["n", "y"])
def test_somebody_is_asked(local: Back, at_terminal: Opened, answer: str) -> None:
    dropped_twice(local)
    terminal = at_terminal(local.app, "--purge")
    terminal.read_until("No rollback can use them then. [y/N]")
    terminal.type(f"{answer}\n")
    assert terminal.finish() == (0 if answer == "y" else 3)
    assert len(local.archives()) == (0 if answer == "y" else 2)


@pytest.mark.parametrize(
    "named",
    [
        ["users"],
        ["__zmigration_users"],
        ["__zmigration_kept_"],
        ["__zmigration_kept_/../users", "../users", "__zmigration_kept_0123456789_/../users"],
        ["__zmigration_kept_0123456789_x; DROP TABLE users; --", 'a"b', "__ZMIGRATION_USERS"],
        "users",
        7,
        {"users": 1},
        [["users"], None, 3],
    ],
)
def test_a_record_that_was_tampered_with_drops_no_data(shop: Back, named: object) -> None:
    shop.start()
    shop.migrate(EMAIL)
    shop.tamper(2, lambda meta: meta.update(archives=named))
    look, records = shop.look(), shop.records()
    done = shop.app.run("--purge", "--auto-approve")
    assert done.code in (0, 1), done.said  # a name that no file can have is an error
    assert "Unexpected" not in done.said
    assert (shop.look(), shop.records()) == (look, records)


def test_histories_that_are_called_like_archives_stay(local: Back) -> None:
    name = "kept_0123456789_x"
    local.want(POSTS, name)
    local.app.write(".zEnv", local.app.text(".zEnv") + f"ZDATA_{name.upper()}_URL=@.Data\n")
    local.start()
    local.migrate(EMAIL)
    local.tamper(2, lambda meta: meta.update(archives=[f"__zmigration_{name}"]))
    for flags in ((), ("--schema", "users")):
        local.back("--purge", *flags)
        assert local.store.columns(f"__zmigration_{name}")
