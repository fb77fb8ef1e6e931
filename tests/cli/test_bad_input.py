"""Whatever is wrong: the right exit code, one clear sentence, no traceback, nothing changed."""

from __future__ import annotations

import ctypes
import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing

import pytest

from tests.cli.bad_input import CASES, EMAIL, FOUND_LATER, SQLITE, USAGE, Case, postgres, rows
from tests.cli.folder import META, ROWS, USERS, ZSPARK, AppFolder
from tests.scenarios.harness import Done, run, run_process


def test_the_app_itself_is_fine(app: AppFolder) -> None:
    assert app.run("--dry-run").code == 0


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_bad_input(app: AppFolder, case: Case) -> None:
    case.broken(app)
    before = app.snapshot()
    done = app.run(*case.arguments)
    assert done.code == case.exit, done.said
    assert case.message in done.said
    assert_one_error(done)
    assert app.snapshot() == before


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_bad_input_is_found_by_looking_too(app: AppFolder, case: Case) -> None:
    case.broken(app)
    before = app.snapshot(times=True)
    flags = [flag for flag in case.arguments if flag != "--auto-approve"]
    done = app.run("--check", *flags)
    if case.name in FOUND_LATER:
        assert done.code == 3, done.said
    else:
        assert done.code == case.exit, done.said
        assert case.message in done.said
    assert "Traceback" not in done.said
    assert app.snapshot(times=True) == before


@pytest.mark.parametrize(("name", "flags", "message"), USAGE, ids=[case[0] for case in USAGE])
def test_bad_usage(app: AppFolder, name: str, flags: Sequence[str], message: str) -> None:
    app.with_email()
    before = app.snapshot()
    done = app.run("--auto-approve", *flags)
    assert done.code == 2
    assert message in done.err
    assert "Traceback" not in done.said
    assert app.snapshot() == before


def test_no_app_file_given() -> None:
    done = run()
    assert done.code == 2
    assert "app_file" in done.err


def assert_one_error(done: Done) -> None:
    assert "Traceback" not in done.said
    assert "defect" not in done.said
    if not done.out.startswith("{"):
        starts = ("❌", "⚠️  No schemas found")
        lines = [line for line in done.said.splitlines() if line.startswith(starts)]
        assert len(lines) == 1, done.said


@pytest.mark.parametrize("name", ["missing app file", "tab", "ragged row", "nobody to approve"])
def test_in_a_process_of_its_own(app: AppFolder, name: str) -> None:
    case = next(case for case in CASES if case.name == name)
    case.broken(app)
    before = app.snapshot()
    done = run_process(app.file, *case.arguments)
    assert done.code == case.exit, done.said
    assert case.message in done.said
    assert_one_error(done)
    assert app.snapshot() == before


@pytest.mark.parametrize("flags", [(), ("--json",), ("--debug",), ("--dry-run",), ("--sql",)])
def test_a_password_is_never_shown(app: AppFolder, flags: Sequence[str]) -> None:
    postgres("postgresql://someone:s3cr%24et@127.0.0.1:1/nowhere?password=an0ther")(app)
    before = app.snapshot()
    done = app.run("--auto-approve", *flags)
    assert done.code == 1, done.said
    assert "127.0.0.1" in done.said
    for secret in ("s3cr", "an0ther"):
        assert secret not in done.said
    assert app.snapshot() == before


@pytest.mark.parametrize("flags", [(), ("--json",), ("--debug",)])
def test_a_wrong_login_is_told_without_the_password(
    app: AppFolder, postgres_dsn: str, flags: Sequence[str]
) -> None:
    address = postgres_dsn.partition("@")[2]
    postgres(f"postgresql://nobody_here:s3cret@{address}")(app)
    done = app.run("--auto-approve", *flags)
    assert done.code == 1, done.said
    assert "nobody_here" in done.said
    assert "s3cret" not in done.said


def test_the_password_of_meta_is_never_shown_or_recorded(app: AppFolder, postgres_dsn: str) -> None:
    user_at_host, _, database = postgres_dsn.partition("//")[2].partition("/")
    user, _, address = user_at_host.partition("@")
    host, _, port = address.partition(":")
    login = f"  Data_Host: {host}\n  Data_Port: {port}\n  Data_User: {user}\n"
    more = f"{login}  Data_Password: s3cret\n  Data_Label: {database}\n"
    app.schema(EMAIL, META.replace("csv", "postgresql") + more)
    done = app.run("--auto-approve", "--debug")
    assert done.code == 0, done.said
    assert "s3cret" not in done.said
    assert "s3cret" not in app.run("--history", "--json").said
    assert "s3cret" not in app.run("--status").said


def test_a_database_that_is_locked(app: AppFolder) -> None:
    app.schema(EMAIL, SQLITE)
    path = app.path / "Data/data.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT)")
        connection.execute("BEGIN IMMEDIATE")
        before = app.snapshot()
        done = app.run("--auto-approve", "--lock-timeout", "0.2")
        assert done.code == 5, done.said
        assert_one_error(done)
        assert {k: v for k, v in app.snapshot().items() if "journal" not in k} == {
            k: v for k, v in before.items() if "journal" not in k
        }


@pytest.mark.parametrize("kind", ["csv", "sqlite"])
def test_a_folder_that_may_not_be_written(app: AppFolder, kind: str) -> None:
    app.schema(EMAIL, META.replace("csv", kind))
    if kind == "sqlite":
        with closing(sqlite3.connect(app.path / "Data/data.db")) as connection:
            connection.execute("CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT)")
    (app.path / "Data").chmod(0o555)
    before = app.snapshot(times=True)
    done = without_privileges(app.file, "--auto-approve")
    assert done.code == 1, done.said
    assert "Data" in done.said
    assert_one_error(done)
    assert app.snapshot(times=True) == before


def test_a_schema_file_that_may_not_be_written(app: AppFolder) -> None:
    """Its version could not be written afterwards, so nothing is begun."""
    assert app.run("--auto-approve").code == 0
    app.with_email()
    (app.path / "models").chmod(0o555)
    (app.path / "models/zSchema.users.yaml").chmod(0o444)
    before = app.snapshot(times=True)
    done = without_privileges(app.file, "--auto-approve")
    assert done.code == 1, done.said
    assert "zSchema.users.yaml" in done.said
    assert_one_error(done)
    assert app.snapshot(times=True) == before


def test_a_version_that_a_killed_run_left_is_written(app: AppFolder) -> None:
    """The store is committed and the file is as it was before: only its version is behind."""
    assert app.run("--auto-approve").code == 0
    app.with_email()
    old = app.text()
    assert app.run("--auto-approve").code == 0
    new, store = app.text(), app.text("Data/users.csv")
    app.write("models/zSchema.users.yaml", old)
    done = app.run("--auto-approve", "--json")
    assert (done.code, done.json["schemas"][0]["status"]) == (0, "up_to_date")
    assert (app.text(), app.text("Data/users.csv")) == (new, store)


def without_privileges(*arguments: str) -> Done:
    """`zolo migrate` by a process that permissions hold for, even where the tests run as root."""
    return run_process(*arguments, preexec_fn=_drop_capabilities if os.geteuid() == 0 else None)


def _drop_capabilities() -> None:
    drop_from_bounding_set = 24
    libc = ctypes.CDLL(None, use_errno=True)
    for capability in range(64):
        libc.prctl(drop_from_bounding_set, capability, 0, 0, 0)


def test_bytes_that_are_no_utf8_are_kept(app: AppFolder) -> None:
    rows(b"id,name\n1,J\xfcrgen\n")(app)
    assert app.run("--auto-approve").code == 0
    assert (app.path / "Data/users.csv").read_bytes() == b"id,name,email\n1,J\xfcrgen,\n"


def test_a_bad_schema_is_named_with_file_and_line(app: AppFolder) -> None:
    app.schema(USERS + "  age: strr\n")
    error = app.run("--auto-approve", "--json").json["error"]
    assert error["code"] == "schema_file"
    assert error["file"].endswith("models/zSchema.users.yaml")
    assert error["line"] == 10
    assert "str" in error["hint"]


def test_one_bad_store_does_not_stop_the_others(app: AppFolder) -> None:
    app.with_email()
    app.write("models/zSchema.posts.yaml", POSTS)
    app.write("More/posts.csv", 'id\n"1\n')
    app.write(".zEnv", "ZDATA_POSTS_URL=@.More\nZDATA_USERS_URL=@.Data\n")
    done = app.run("--auto-approve", "--json")
    found = {schema["name"]: schema["status"] for schema in done.json["schemas"]}
    assert (done.code, found) == (1, {"zSchema.posts": "failed", "zSchema.users": "applied"})
    assert app.text("More/posts.csv") == 'id\n"1\n'
    assert app.text("Data/users.csv") == "id,name,email\n1,ada,\n2,bob,\n"


def test_schemas_of_one_store_go_together_or_not_at_all(app: AppFolder) -> None:
    app.with_email()
    app.write("models/zSchema.posts.yaml", POSTS)
    app.write("Data/posts.csv", 'id\n"1\n')
    app.write(".zEnv", "ZDATA_POSTS_URL=@.Data\nZDATA_USERS_URL=@.Data\n")
    before = app.snapshot()
    done = app.run("--auto-approve", "--json")
    assert [schema["status"] for schema in done.json["schemas"]] == ["failed", "failed"]
    assert done.code == 1
    assert app.snapshot() == before


POSTS = META.replace("USERS", "POSTS") + "posts:\n  id: {type: int, pk: true}\n  title: str\n"


def test_the_broken_apps_are_broken_by_one_thing(app: AppFolder) -> None:
    """What the cases start from is what the specification shows."""
    assert app.text("zTest.py") == ZSPARK
    assert app.text("Data/users.csv") == ROWS
    assert len(CASES) + len(USAGE) >= 35


@pytest.mark.parametrize("backend", ["csv", "sqlite"])
def test_a_type_that_nobody_knows_is_text(app: AppFolder, backend: str) -> None:
    """As zCLI has it, on every backend; the warning says where and what may be meant."""
    app.schema(USERS, META.replace("csv", backend))
    assert app.run("--auto-approve").code == 0
    app.schema(USERS + "  age: {type: itn}\n", META.replace("csv", backend))
    done = app.run("--auto-approve")
    assert done.code == 0, done.said
    assert "zSchema.users.yaml:10: The type 'itn' of users.age is not known" in done.said
    assert "taken as text" in done.said
    assert "did you mean int?" in done.said
    assert app.run("--check").code == 0
