"""Rows that never kept a rule which the store does not enforce are no reason to stay."""

from __future__ import annotations

import pytest

from tests.cli.back import ID, Back
from tests.cli.folder import AppFolder

SHORT = f"users:\n{ID}  name: {{type: str(5)}}\n"
EXACT = "\n  zMigrationExact: tables"
LONG = {"id": 1, "name": "abcdefgh"}


@pytest.fixture(params=["csv", "sqlite"])
def local(request: pytest.FixtureRequest, app: AppFolder) -> Back:
    return Back.laid_out(app, request.param, "@.Data")


@pytest.mark.parametrize("wider", ["str(100)", "text", "str"])
def test_a_text_that_was_longer_all_the_time(local: Back, wider: str) -> None:
    local.start(SHORT, [LONG])
    before = local.look()
    local.migrate(SHORT.replace("str(5)", wider))
    done = local.back()
    assert "1 row(s) do not keep what came back, as 1 did not before: 'abcdefgh'" in done.said
    assert local.look() == before
    assert local.app.run("--check").code == 0


def test_also_in_the_exact_form(app: AppFolder) -> None:
    back = Back.laid_out(app, "sqlite", "@.Data")
    back.by_hand(["CREATE TABLE users (id INTEGER PRIMARY KEY, name VARCHAR(5))"], {})
    back.store.insert("users", [LONG])
    back.want(SHORT, meta=EXACT)
    back.migrate()
    before = back.look()
    back.want(SHORT.replace("str(5)", "str(100)"), meta=EXACT)
    back.migrate()
    back.back()
    assert back.look() == before
    assert back.app.run("--check").code == 0


def test_one_that_came_since_is_refused(local: Back) -> None:
    local.start(SHORT, [LONG])
    local.migrate(SHORT.replace("str(5)", "str(100)"))
    local.store.insert("users", [{"id": 2, "name": "uvwxyz"}])
    done = local.refused("--rollback")
    assert "users: 2 row(s) do not keep what comes back, and only 1 did not before" in done.said


def test_over_several_versions(local: Back) -> None:
    local.start(SHORT, [LONG])
    before = local.look()
    local.migrate(SHORT.replace("str(5)", "str(50)"))
    local.migrate(SHORT.replace("str(5)", "text"))
    local.back("--rollback-to", "v1.0.0")
    assert local.look() == before


def test_what_came_between_two_versions_is_not_of_before(local: Back) -> None:
    local.start(SHORT, [{"id": 1, "name": "abc"}])
    local.migrate(SHORT.replace("str(5)", "str(50)"))
    local.store.insert("users", [{"id": 2, "name": "uvwxyz"}])
    local.migrate(SHORT.replace("str(5)", "text"))
    done = local.refused("--rollback-to", "v1.0.0")
    assert "users: 1 row(s) written since do not keep what comes back: 'uvwxyz'" in done.said
    local.back()


def test_under_other_names(local: Back) -> None:
    local.start(SHORT, [LONG])
    before = local.look()
    local.migrate(f"users:\n{ID}  nick: {{type: str(100), renamed_from: name}}\n")
    local.back()
    assert local.look() == before
    local.migrate(f"people:\n  renamed_from: users\n{ID}  name: {{type: str(100)}}\n")
    local.migrate(f"people:\n{ID}  nick: {{type: text, renamed_from: name}}\n")
    local.store.insert("people", [{"id": 2, "nick": "uvwxyz"}])
    done = local.refused("--rollback-to", "v1.0.0")
    assert "users: 2 row(s) do not keep what comes back, and only 1 did not before" in done.said
    local.store.do(
        {"people.csv": "id,nick\n1,abcdefgh\n"}
        if local.backend == "csv"
        else ["DELETE FROM people WHERE id = 2"]
    )
    local.back("--rollback-to", "v1.0.0")
    assert local.look() == before


def test_values_of_an_enumeration_and_keys_of_a_file(app: AppFolder) -> None:
    back = Back.laid_out(app, "csv", "@.Data")
    table = (
        f"users:\n{ID}  name: {{type: str, enum: [a, b]}}\n  mail: {{type: str, unique: true}}\n"
    )
    rows = [{"id": n, "name": name, "mail": "m"} for n, name in ((1, "a"), (2, "zz"))]
    back.start(table, rows)
    before = back.look()
    back.migrate(f"users:\n{ID}  name: {{type: str}}\n  mail: {{type: str}}\n")
    back.back()
    assert back.look() == before
    back.migrate(f"users:\n{ID}  name: {{type: str}}\n  mail: {{type: str}}\n")
    back.store.insert("users", [{"id": 3, "name": "a", "mail": "m"}])
    done = back.refused("--rollback")
    assert "3 row(s) do not keep what comes back, and only 2 did not before: 'm'" in done.said


def test_a_table_that_another_hand_has_changed_meanwhile(local: Back) -> None:
    local.start(SHORT, [LONG])
    local.drop_by_hand("users")
    local.want(SHORT.replace("str(5)", "str(100)"))
    assert local.app.run("--auto-approve", "--force-sync").code == 0
