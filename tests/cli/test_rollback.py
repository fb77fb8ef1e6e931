"""`--rollback` and `--rollback-to`: everything returns, or nothing is touched and why is said."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest

from tests.cli.back import EMAIL, ID, NO_NAME, POSTS, USERS, Back
from tests.cli.folder import AppFolder
from tests.cli.test_bad_input import without_privileges
from tests.cli.test_screen import Opened
from tests.cli.test_screen import at_terminal as at_terminal
from tests.scenarios.harness import run_process

BACKENDS = ("csv", "sqlite", "postgresql")
FILE_BACKENDS = ("csv", "sqlite")
FK = f"posts:\n{ID}  title: {{type: str}}\n  user_id: {{type: int, foreign_key: users.id}}\n"


def make(app: AppFolder, backend: str, request: pytest.FixtureRequest) -> Back:
    pg = backend == "postgresql"
    return Back.laid_out(app, backend, request.getfixturevalue("postgres_dsn") if pg else "@.Data")


@pytest.fixture(params=BACKENDS)
def shop(request: pytest.FixtureRequest, app: AppFolder) -> Back:
    return make(app, request.param, request)


@pytest.fixture(params=FILE_BACKENDS)
def local(request: pytest.FixtureRequest, app: AppFolder) -> Back:
    return make(app, request.param, request)


@pytest.fixture
def lite(request: pytest.FixtureRequest, app: AppFolder) -> Back:
    return make(app, "sqlite", request)


def test_one_after_the_other(shop: Back) -> None:
    shop.start()
    looks = [shop.look()]
    for tables in (EMAIL, f"users:\n{ID}  email: {{type: str}}\n", NO_NAME):
        shop.migrate(tables)
        looks.append(shop.look())
    for look in reversed(looks[:-1]):
        shop.back()
        assert shop.look() == look
        assert shop.app.run("--check").code == 0
    assert [status for status, _ in shop.records()] == ["SUCCESS"] * 4 + ["ROLLBACK"] * 3


def test_to_a_version(shop: Back) -> None:
    shop.start()
    first = shop.look()
    shop.migrate(EMAIL)
    shop.migrate(f"users:\n{ID}  email: {{type: str, indexed: true}}\n")
    shop.migrate(f"users:\n{ID}  mail: {{type: int, renamed_from: email}}\n")
    shop.back("--rollback-to", "v1.0.0")
    assert shop.look() == first
    shop.refused("--rollback-to", "v1.0.0", code=0)


def test_to_a_version_that_nobody_has(shop: Back) -> None:
    shop.start()
    shop.migrate(EMAIL)
    done = shop.refused("--rollback-to", "v7.0.0", code=2)
    assert "no schema has that version recorded" in done.said
    assert "v1.0.0, v1.0.1" in done.said


def test_back_and_forth(shop: Back) -> None:
    shop.start()
    before = shop.look()
    for _ in range(3):
        shop.migrate(NO_NAME)
        shop.back()
        assert shop.look() == before


def test_going_back_to_before_the_first_twice_keeps_both_tables_rows(shop: Back) -> None:
    for name in ("ada", "bob"):
        shop.start(rows=[{"id": 1, "name": name}])
        shop.back()
        assert shop.rows() is None
    kept = [shop.rows(name) for name in shop.archives()]
    assert sorted(map(str, kept)) == ["[('1', 'ada')]", "[('1', 'bob')]"]


def test_nothing_recorded(shop: Back) -> None:
    shop.want(USERS)
    assert "nothing to roll back" in shop.refused(code=2).said
    shop.start()
    shop.back()
    assert "nothing to roll back" in shop.refused(code=2).said


def test_first_record_of_a_table_that_was_there(shop: Back) -> None:
    shop.want(USERS + POSTS)
    shop.by_hand(
        [
            "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT)",
            "INSERT INTO users VALUES (1,'x')",
        ],
        {"users.csv": "id,name\n1,x\n"},
    )
    shop.migrate()
    assert shop.rows("posts") == []
    shop.back()
    assert shop.rows() == [("1", "x")]
    assert shop.rows("posts") is None


def test_first_record_that_changed_nothing(shop: Back) -> None:
    shop.want(USERS)
    shop.by_hand(
        ["CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT)"], {"users.csv": "id,name\n1,x\n"}
    )
    shop.migrate()
    done = shop.refused(code=2)
    assert "nothing to roll back" in done.said
    assert "v1.0.0" in done.said


def test_a_record_of_a_version_alone(shop: Back) -> None:
    shop.start()
    before = shop.look()
    shop.migrate(None, "--version", "v3.0.0")
    shop.back()
    assert shop.look() == before


def test_rows_that_came_and_changed_and_went(shop: Back) -> None:
    tables = f"users:\n{ID}  name: {{type: str}}\n  age: {{type: int}}\n"
    shop.start(tables, [{"id": n, "name": f"n{n}", "age": n} for n in range(1, 5)])
    shop.migrate(f"users:\n{ID}  age: {{type: int}}\n")
    shop.by_hand(
        [
            "INSERT INTO users VALUES (9, 90)",
            "UPDATE users SET age = 20 WHERE id = 2",
            "DELETE FROM users WHERE id IN (3, 4)",
        ],
        {"users.csv": "id,age\n1,1\n2,20\n9,90\n"},
    )
    done = shop.back("--rollback", "--json")
    (warning,) = done.json["schemas"][0]["warnings"]
    assert warning.startswith("2 kept row(s) of users have no row to go back to")
    assert sorted((r["id"], r["name"], r["age"]) for r in shop.named()) == [
        ("1", "n1", "1"),
        ("2", "n2", "20"),
        ("9", "", "90"),
    ]
    archive = next(name for name in shop.archives() if name in warning)
    assert len(shop.rows(archive) or ()) == 4


def test_a_column_that_was_set_aside_comes_back_with_its_values(shop: Back) -> None:
    shop.start(
        f"users:\n{ID}  name: {{type: str, required: true}}\n  age: {{type: int}}\n",
        [{"id": 1, "name": "ada", "age": 5}],
    )
    shop.migrate(f"users:\n{ID}  name: {{type: int, renamed_from: age}}\n")
    assert "without values" not in shop.back("--rollback", "--dry-run").out
    shop.by_hand(["INSERT INTO users VALUES (9, 90)"], {"users.csv": "id,name\n1,5\n9,90\n"})
    done = shop.refused("--rollback")
    assert "users.name" in done.said
    assert "__zmigration" not in done.said.split("❌")[1].splitlines()[0]
    shop.by_hand(["DELETE FROM users WHERE id = 9"], {"users.csv": "id,name\n1,5\n"})
    shop.back()
    assert [(r["id"], r["name"], r["age"]) for r in shop.named()] == [("1", "ada", "5")]


def test_rows_that_are_alike(shop: Back) -> None:
    pairs = (("x", "1"), ("x", "2"), ("x", "2"), ("y", "3"))
    shop.start("users:\n  a: str\n  b: str\n", [{"a": a, "b": b} for a, b in pairs])
    shop.migrate("users:\n  a: str\n")
    shop.by_hand(["DELETE FROM users WHERE a = 'y'"], {"users.csv": "a\nx\nx\nx\n"})
    done = shop.back()
    assert shop.rows() == [("x", "1"), ("x", "2"), ("x", "2")]
    assert "1 kept row(s)" in done.said


def test_one_of_the_rows_that_were_alike_has_gone(local: Back) -> None:
    pairs = (("x", "1"), ("x", "2"))
    local.start("users:\n  a: str\n  b: str\n", [{"a": a, "b": b} for a, b in pairs])
    local.migrate("users:\n  a: str\n")
    local.by_hand(["DELETE FROM users WHERE rowid = 1"], {"users.csv": "a\nx\n"})
    assert "1 kept row(s)" in local.back().said


def test_rows_without_a_home_are_counted_over_several_steps(shop: Back) -> None:
    shop.start()
    shop.migrate(NO_NAME)
    shop.migrate(f"people:\n  renamed_from: users\n{ID}")
    shop.by_hand(["DELETE FROM people WHERE id = 1"], {"people.csv": "id\n2\n"})
    done = shop.back("--rollback-to", "v1.0.0")
    assert "1 kept row(s) of users" in done.said
    assert shop.rows() == [("2", "bob")]


D = f"users:\n{ID}  name: "
RULES = {
    "required": (f"{D}{{type: str, required: true}}\n", USERS, "(1, NULL)", "1,"),
    "required column": (f"{D}{{type: str, required: true}}\n", NO_NAME, "(7)", "7"),
    "unique": (f"{D}{{type: str, unique: true}}\n", USERS, "(1,'x'),(7,'x')", "1,x\n7,x"),
    "type": (f"{D}{{type: int}}\n", USERS, "(1,'abc')", "1,abc"),
    "length": (f"{D}{{type: str(3)}}\n", f"{D}{{type: str(9)}}\n", "(1,'abcdef')", "1,abcdef"),
    "enum": (
        f"{D}{{type: str, enum: [a]}}\n",
        f"{D}{{type: str, enum: [a, b]}}\n",
        "(1,'b')",
        "1,b",
    ),
    "key": (
        USERS,
        "users:\n  primary_key: [id, name]\n  id: int\n  name: {type: str, required: true}\n",
        "(1,'x'),(1,'y')",
        "1,x\n1,y",
    ),
}


@pytest.mark.parametrize("rule", RULES)
def test_new_rows_break_a_rule_that_comes_back(shop: Back, rule: str) -> None:
    before, after, values, lines = RULES[rule]
    shop.start(before, ())
    shop.migrate(after)
    header = "id" if rule == "required column" else "id,name"
    shop.by_hand([f"INSERT INTO users VALUES {values}"], {"users.csv": f"{header}\n{lines}\n"})
    if rule == "required" and shop.backend == "csv":
        shop.back()  # a file never knew of it, and may have had such rows before
        return
    done = shop.refused()
    assert "users" in done.said
    assert "Unexpected" not in done.said


def test_orphans_under_a_key_that_comes_back(shop: Back) -> None:
    shop.want(FK, "posts")
    shop.start()
    shop.want(FK.replace(", foreign_key: users.id", ""), "posts")
    shop.migrate()
    shop.by_hand(
        ["INSERT INTO posts VALUES (1,'t',99)"], {"posts.csv": "id,title,user_id\n1,t,99\n"}
    )
    assert "posts" in shop.refused().said
    shop.by_hand(["UPDATE posts SET user_id = 2"], {"posts.csv": "id,title,user_id\n1,t,2\n"})
    shop.back()
    assert shop.rows("posts") == [("1", "t", "2")]


def test_several_schemas_of_one_run(shop: Back) -> None:
    shop.want(POSTS, "posts")
    shop.start()
    shop.store.insert("posts", [{"id": 1, "title": "t"}])
    before = shop.look("users", "posts")
    for flags in ([()], [("--schema", "posts"), ()]):
        shop.want(f"posts:\n{ID}  user_id: {{type: int, foreign_key: users.id}}\n", "posts")
        shop.migrate(EMAIL)
        for one in flags:
            shop.back("--rollback", *one)
        assert shop.look("users", "posts") == before
        assert shop.app.run("--check").code == 0


def test_a_table_that_another_schema_refers_to_stays(shop: Back) -> None:
    shop.want(FK, "posts")
    shop.start()
    done = shop.refused("--rollback", "--schema", "users")
    assert "posts refers to users" in done.said
    assert "not rolled back, nothing was changed" in done.said
    assert shop.rows() == [("1", "ada"), ("2", "bob")]
    shop.back()
    assert shop.store.columns("users") == shop.store.columns("posts") == []


def test_one_schema_alone(shop: Back) -> None:
    shop.want(POSTS, "posts")
    shop.start()
    shop.want(POSTS + "  body: str\n", "posts")
    shop.migrate(EMAIL)
    shop.back("--rollback", "--schema", "posts")
    assert shop.store.columns("posts") == ["id", "title"]
    assert shop.store.columns("users") == ["id", "name", "email"]
    assert "v1.0.1" in shop.app.text(shop.file())
    shop.migrate()
    assert shop.store.columns("posts") == ["id", "title"]


def test_two_stores(lite: Back) -> None:
    lite.want(POSTS, "posts", "  Data_Label: other\n")
    lite.start()
    lite.want(POSTS + "  body: str\n", "posts", "  Data_Label: other\n")
    lite.migrate(EMAIL)
    done = lite.back("--rollback", "--json")
    assert [schema["status"] for schema in done.json["schemas"]] == ["rolled_back"] * 2
    assert lite.store.columns("users") == ["id", "name"]
    assert lite.app.run("--check").code == 0


def test_a_file_that_was_edited_since(shop: Back) -> None:
    shop.start()
    shop.migrate(NO_NAME)
    shop.want(NO_NAME + "  other: str\n")
    edited = shop.app.text(shop.file())
    done = shop.back()
    assert shop.app.text(shop.file()) == edited
    assert "zSchema.users.yaml is left as it is" in done.said
    assert shop.rows() == [("1", "ada"), ("2", "bob")]


@pytest.mark.parametrize("written", ['"s3cr,et}"', "s3cr,et}", "'s3cr,et'  # new"])
def test_a_password_is_set_back_as_it_is(shop: Back, written: str) -> None:
    meta = f"  Data_Password: {written}\n"
    shop.want(USERS, meta=meta)
    shop.migrate()
    first = shop.app.text(shop.file())
    shop.want(EMAIL, meta=meta)
    shop.migrate()
    done = shop.back()
    assert shop.app.text(shop.file()) == first
    assert "s3cr" not in done.said
    assert "et}" not in str(shop.store.rows("__zmigration_users"))
    assert "s3cr" not in str(shop.store.rows("__zmigration_users"))


def test_a_file_that_may_not_be_written(local: Back) -> None:
    local.start()
    local.migrate(EMAIL)
    folder = local.app.path / "models"
    folder.chmod(0o555)
    (folder / "zSchema.users.yaml").chmod(0o444)
    before = local.everything(times=True)
    done = without_privileges(local.app.file, "--rollback", "--auto-approve")
    assert done.code == 1, done.said
    assert "zSchema.users.yaml" in done.said
    assert "Unexpected" not in done.said
    assert local.everything(times=True) == before
    folder.chmod(0o755)


def test_drift(shop: Back) -> None:
    shop.start(USERS + "  old: str\n")
    shop.migrate(EMAIL + "  old: str\n")
    shop.by_hand(
        ["ALTER TABLE users DROP COLUMN old"], {"users.csv": "id,name,email\n1,ada,\n2,bob,\n"}
    )
    done = shop.refused(code=4)
    assert "users.old is gone" in done.said
    shop.back("--rollback", "--force-sync")
    assert shop.rows() == [("1", "ada"), ("2", "bob")]


def test_what_is_not_ours_stays(shop: Back) -> None:
    shop.start()
    shop.migrate(EMAIL)
    shop.by_hand(
        ["ALTER TABLE users ADD COLUMN mine TEXT", "UPDATE users SET mine = 'm'"],
        {"users.csv": "id,name,email,mine\n1,ada,,m\n2,bob,,m\n"},
    )
    shop.back()
    assert shop.named() == [
        {"id": "1", "name": "ada", "mine": "m"},
        {"id": "2", "name": "bob", "mine": "m"},
    ]


@pytest.mark.parametrize("purged", [True, False])
def test_an_archive_that_is_gone(shop: Back, purged: bool) -> None:
    shop.start()
    shop.migrate(NO_NAME)
    (archive,) = shop.archives()
    if purged:
        shop.back("--purge")
        assert shop.archives() == []
    else:
        shop.drop_by_hand(archive)
    done = shop.refused()
    assert archive in done.said
    assert "--purge" in done.said


def test_dry_run_touches_nothing(shop: Back) -> None:
    shop.start()
    shop.migrate(NO_NAME)
    before = shop.everything(times=True)
    done = shop.app.run("--rollback", "--dry-run")
    assert (done.code, shop.everything(times=True)) == (0, before)
    assert "Add column: name" in done.out
    assert "No changes will be applied" in done.out


def test_json(shop: Back) -> None:
    shop.start()
    shop.migrate(NO_NAME)
    for flags, status in ((("--dry-run",), "pending"), (("--auto-approve",), "rolled_back")):
        done = shop.app.run("--rollback", "--json", *flags)
        assert done.code == 0, done.said
        (schema,) = done.json["schemas"]
        assert (schema["status"], schema["error"]) == (status, None)
        assert (schema["from_version"], schema["to_version"]) == ("v1.1.0", "v1.0.0")
        assert [change["kind"] for change in schema["changes"]] == ["add_column"]
        assert all(statement.endswith(";") for statement in schema["statements"])
        assert schema["statements"]


def test_sql_prints_statements_alone(shop: Back) -> None:
    shop.start()
    shop.migrate(NO_NAME)
    before = shop.everything(times=True)
    done = shop.app.run("--rollback", "--sql")
    assert (done.code, done.err) == (0, "")
    assert all(line.endswith(";") for line in done.out.splitlines())
    assert done.out
    assert shop.everything(times=True) == before


def test_nobody_is_there_to_approve(local: Back) -> None:
    local.start()
    local.migrate(NO_NAME)
    before = local.everything()
    done = run_process(local.app.file, "--rollback")
    assert done.code == 3
    assert "--auto-approve" in done.said
    assert local.everything() == before


@pytest.mark.parametrize("answer", ["n", "y"])
def test_somebody_is_asked(local: Back, at_terminal: Opened, answer: str) -> None:
    local.start()
    before = local.look()
    local.migrate(NO_NAME)
    there = local.everything()
    terminal = at_terminal(local.app, "--rollback")
    terminal.read_until("Apply rollback? [y/N]")
    terminal.type(f"{answer}\n")
    assert terminal.finish() == (0 if answer == "y" else 3)
    if answer == "y":
        assert local.look() == before
        assert "Rolled back successfully" in terminal.text
    else:
        assert local.everything() == there


HOOKS = "  zMigrationHooks: {on_rollback: '@.plugins.hooks.f'}\n"


def test_a_hook_fills_what_came_back(shop: Back) -> None:
    code = "def f(zcli):\n    zcli.data.users.update({'id': 1}, {'name': 'cyd'})\n"
    shop.app.write("plugins/hooks.py", code)
    shop.start()
    shop.want(NO_NAME, meta=HOOKS)
    shop.migrate()
    shop.back()
    assert shop.rows() == [("1", "cyd"), ("2", "bob")]


def test_a_hook_that_raises_undoes_everything(shop: Back) -> None:
    shop.app.write("plugins/hooks.py", "def f(zcli):\n    raise RuntimeError('on purpose')\n")
    shop.start()
    shop.want(NO_NAME, meta=HOOKS)
    shop.migrate()
    assert "on purpose" in shop.refused().said


def _steps_of(change: Callable[[dict[str, Any]], object]) -> Callable[[dict[str, Any]], object]:
    return lambda meta: change(meta["back"][0]["step"])


TAMPERED: dict[str, Callable[[dict[str, Any]], object]] = {
    "no JSON": lambda _: "{",
    "a list": lambda _: "[]",
    "nothing": lambda meta: meta.clear(),
    "no run": lambda meta: meta.pop("run"),
    "no place": lambda meta: meta["back"][0].pop("at"),
    "a place that is a text": lambda meta: meta["back"][0].update(at="first"),
    "steps that are none": lambda meta: meta.update(back="drop"),
    "a step of text": lambda meta: meta["back"][0].update(step="drop"),
    "a step of another class": _steps_of(lambda step: step.update({"is": "Column"})),
    "a step of no class": _steps_of(lambda step: step.update({"is": "os.system"})),
    "changes that are none": _steps_of(lambda step: step.update(changes=["x"])),
    "no changes": _steps_of(lambda step: step.pop("changes")),
    "an archive of text": _steps_of(lambda step: step.update(restores="users")),
    "no tables": lambda meta: meta.pop("tables"),
    "tables of text": lambda meta: meta.update(tables="users"),
    "observed of numbers": lambda meta: meta.update(observed={"tables": [7]}),
}


@pytest.mark.parametrize("how", TAMPERED)
def test_a_record_that_was_tampered_with(local: Back, how: str) -> None:
    local.start()
    local.migrate(NO_NAME)
    local.tamper(2, TAMPERED[how])
    for flags in (("--rollback",), ("--rollback-to", "v1.0.0")):
        done = local.refused(*flags)
        assert "Unexpected" not in done.said, done.said
        assert "v1.1.0" in done.said


def test_a_rollbacks_record_that_was_tampered_with(local: Back) -> None:
    local.start()
    local.migrate(EMAIL)
    local.migrate(NO_NAME + "  email: str\n")
    local.back()
    local.tamper(4, lambda meta: meta.pop("undone"))
    assert "cannot be read" in local.refused().said


def test_another_machines_clock_is_ahead(shop: Back) -> None:
    shop.start()
    before = shop.look()
    ahead = "99999999999999999999-abcdef"
    shop.migrate(EMAIL)
    shop.tamper(2, lambda meta: meta.update(run="2" + ahead[1:]))
    shop.migrate(f"users:\n{ID}  mail: {{type: str, renamed_from: email}}\n")
    shop.back("--rollback-to", "v1.0.0")
    assert shop.look() == before


@pytest.mark.parametrize("flag", [("--check",), ("--version", "v3.0.0")])
def test_flags_that_mean_nothing_here(local: Back, flag: tuple[str, ...]) -> None:
    local.start()
    assert flag[0] in local.refused("--rollback", *flag, code=2).said


def test_no_staged_file_stays_behind(shop: Back) -> None:
    shop.start()
    shop.migrate(EMAIL)
    shop.back()
    assert sorted(os.listdir(shop.app.path / "models")) == ["zSchema.users.yaml"]
