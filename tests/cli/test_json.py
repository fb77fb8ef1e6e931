"""`--json`: one object on standard output, of one shape whatever happens."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.cli.folder import META, USERS, AppFolder
from tests.scenarios.harness import run, run_process

TOP = {"app", "exit_code", "schemas"}
SCHEMA = {
    "name",
    "backend",
    "store",
    "status",
    "from_version",
    "to_version",
    "suggested_version",
    "changes",
    "adopted",
    "statements",
    "warnings",
    "error",
}
CHANGE = {"kind", "table", "column", "summary", "breaking", "hazards"}
ERROR = {"code", "message", "hint", "details", "file", "line"}
STATUSES = {"applied", "up_to_date", "pending", "failed", "skipped", "rolled_back"}


def checked(data: dict[str, Any]) -> dict[str, Any]:
    """The object itself, once every part of it has its keys and no others."""
    assert set(data) - {"error"} == TOP
    assert isinstance(data["exit_code"], int)
    assert set(data.get("error", dict.fromkeys(ERROR))) == ERROR
    for schema in data["schemas"]:
        assert set(schema) == SCHEMA
        assert schema["status"] in STATUSES
        assert all(statement.endswith(";") for statement in schema["statements"])
        assert set(schema["error"] or dict.fromkeys(ERROR)) == ERROR
        for change in schema["changes"]:
            assert set(change) == CHANGE
            assert all(set(hazard) == {"kind", "text"} for hazard in change["hazards"])
    return data


def only(data: dict[str, Any]) -> dict[str, Any]:
    (schema,) = checked(data)["schemas"]
    assert isinstance(schema, dict)
    return schema


def recorded(app: AppFolder) -> AppFolder:
    assert app.run("--auto-approve").code == 0
    return app


def test_pending_then_applied_then_up_to_date(app: AppFolder) -> None:
    recorded(app).with_email()
    pending = app.run("--dry-run", "--json")
    applied = app.run("--auto-approve", "--json")
    again = app.run("--auto-approve", "--json")
    assert [only(done.json)["status"] for done in (pending, applied, again)] == [
        "pending",
        "applied",
        "up_to_date",
    ]
    assert [done.json["exit_code"] for done in (pending, applied, again)] == [0, 0, 0]
    assert all(done.err == "" for done in (pending, applied, again))
    assert only(pending.json)["changes"] == only(applied.json)["changes"]
    assert only(again.json)["changes"] == []


def test_what_an_addition_looks_like(app: AppFolder) -> None:
    recorded(app).with_email()
    done = app.run("--auto-approve", "--json")
    schema = only(done.json)
    assert done.json["app"] == "zCloud"
    assert {key: schema[key] for key in SCHEMA - {"changes", "adopted", "statements"}} == {
        "name": "zSchema.users",
        "backend": "csv",
        "store": "Data",
        "status": "applied",
        "from_version": "v1.0.0",
        "to_version": "v1.0.1",
        "suggested_version": "v1.0.1",
        "warnings": [],
        "error": None,
    }
    (change,) = schema["changes"]
    assert {**change, "hazards": []} == {
        "kind": "add_column",
        "table": "users",
        "column": "email",
        "summary": "Added column: email",
        "breaking": False,
        "hazards": [],
    }


def test_what_a_drop_looks_like(app: AppFolder) -> None:
    recorded(app).schema("users:\n  id: {type: int, pk: true}\n")
    schema = only(app.run("--dry-run", "--json").json)
    (change,) = schema["changes"]
    assert (change["kind"], change["column"], change["breaking"]) == ("drop_column", "name", True)
    assert "data_loss" in {hazard["kind"] for hazard in change["hazards"]}
    assert schema["suggested_version"] == schema["to_version"] == "v1.1.0"


def test_the_first_run_has_no_version_before(app: AppFolder) -> None:
    schema = only(app.run("--auto-approve", "--json").json)
    found = (schema["status"], schema["from_version"], schema["to_version"])
    assert found == ("applied", None, "v1.0.0")
    assert schema["suggested_version"] is None


def test_a_refusal_by_the_data(app: AppFolder) -> None:
    recorded(app).schema(USERS.replace("name: {type: str}", "name: {type: int}"))
    done = app.run("--auto-approve", "--json")
    schema = only(done.json)
    assert (done.code, done.json["exit_code"], schema["status"]) == (1, 1, "failed")
    assert schema["error"]["code"] == "data"
    assert "error" not in done.json


def test_an_error_before_any_schema(app: AppFolder) -> None:
    (app.path / "zTest.py").unlink()
    done = app.run("--json")
    assert (done.code, checked(done.json)["schemas"]) == (2, [])
    assert done.json["error"]["code"] == "app"
    assert done.json["error"]["hint"]


def test_an_error_of_the_command_line(app: AppFolder) -> None:
    done = app.run("--json", "--version", "x")
    assert (done.code, done.json["error"]["code"]) == (2, "usage")


@pytest.mark.parametrize("flag", ["--status", "--history"])
def test_an_error_of_the_lists(app: AppFolder, flag: str) -> None:
    (app.path / "zTest.py").unlink()
    done = app.run("--json", flag)
    assert (done.code, checked(done.json)["error"]["code"]) == (2, "app")


def test_not_approved(app: AppFolder) -> None:
    recorded(app).with_email()
    done = app.run("--json")
    assert (done.code, done.json["exit_code"]) == (3, 3)
    assert only(done.json)["error"]["code"] == "approval_needed"


def test_pending_under_check(app: AppFolder) -> None:
    recorded(app).with_email()
    done = app.run("--check", "--json")
    assert (done.code, done.json["exit_code"], only(done.json)["status"]) == (3, 3, "pending")


def test_several_schemas_each_under_its_name(app: AppFolder) -> None:
    app.write("models/zSchema.posts.yaml", META.replace("USERS", "POSTS") + "posts: {id: int!}\n")
    app.write(".zEnv", "ZDATA_USERS_URL=@.Data\nZDATA_POSTS_URL=@.Data\n")
    done = app.run("--auto-approve", "--json")
    found = [(schema["name"], schema["status"]) for schema in checked(done.json)["schemas"]]
    assert sorted(found) == [("zSchema.posts", "applied"), ("zSchema.users", "applied")]
    chosen = app.run("--check", "--json", "--schema", "posts")
    assert only(chosen.json)["name"] == "zSchema.posts"


@pytest.mark.parametrize("flags", [(), ("--dry-run",), ("--check",)])
def test_nothing_but_the_object_is_printed(app: AppFolder, flags: tuple[str, ...]) -> None:
    app.write("models/zSchema.users.yaml", f"{META}\n{USERS}  größe: {{type: int}}\n")
    done = run_process(app.file, "--auto-approve", "--json", *flags)
    assert done.err == ""
    assert checked(json.loads(done.out))
    assert "größe" in done.out


def test_sql_prints_the_statements_alone(app: AppFolder) -> None:
    app.schema(USERS, META.replace("csv", "sqlite"))
    assert app.run("--auto-approve").code == 0
    app.schema(USERS + "  email: {type: str, indexed: true}\n", META.replace("csv", "sqlite"))
    done = app.run("--sql")
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines() == [
        "ALTER TABLE users ADD COLUMN email VARCHAR(255);",
        "CREATE INDEX idx_users_email ON users(email);",
    ]


def test_status_and_history(app: AppFolder) -> None:
    recorded(app).with_email()
    (status,) = app.run("--status", "--json").json["schemas"]
    assert (status["name"], status["recorded_version"]) == ("zSchema.users", "v1.0.0")
    assert status["state"] == "1 change(s) pending"
    recorded(app)
    (history,) = app.run("--history", "--json").json["schemas"]
    found = [(r["from_version"], r["to_version"], r["status"]) for r in history["records"]]
    assert found == [(None, "v1.0.0", "SUCCESS"), ("v1.0.0", "v1.0.1", "SUCCESS")]


def test_looking_flags_exclude_each_other(app: AppFolder) -> None:
    assert run(app.file, "--status", "--history").code == 2


def test_lists_name_the_app_and_their_exit_code(app: AppFolder) -> None:
    recorded(app)
    for flag in ("--status", "--history"):
        data = app.run(flag, "--json").json
        assert (data["app"], data["exit_code"], set(data)) == ("zCloud", 0, TOP)
    app.write("Data/users.csv", "")
    done = app.run("--status", "--json")
    assert (done.code, done.json["exit_code"]) == (1, 1)


def test_a_refusal_says_what_was_to_be_done(app: AppFolder) -> None:
    recorded(app).schema(USERS.replace("name: {type: str}", "name: {type: int}"))
    schema = only(app.run("--auto-approve", "--json").json)
    assert [change["kind"] for change in schema["changes"]] == ["alter_column"]
    assert (schema["from_version"], schema["to_version"]) == ("v1.0.0", "v1.1.0")
    assert schema["statements"]
    assert schema["error"]["details"]


def test_a_refusal_for_drift_says_what_was_to_be_done(app: AppFolder) -> None:
    recorded(app)
    app.write("Data/users.csv", "id\n1\n2\n")
    done = app.run("--auto-approve", "--json")
    schema = only(done.json)
    assert (done.code, schema["status"], schema["error"]["code"]) == (4, "failed", "drift")
    assert schema["from_version"] == "v1.0.0"
    assert [change["column"] for change in schema["changes"]] == ["name"]


def test_no_schemas_found_says_what_to_look_at(app: AppFolder) -> None:
    (app.path / "models/zSchema.users.yaml").unlink()
    error = checked(app.run("--json").json)["error"]
    assert "ZDATA_USERS_URL=@.Data" in error["hint"]
