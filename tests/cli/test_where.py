"""Errors name the file and the line that say what they are about."""

from __future__ import annotations

import pytest

from tests.cli.folder import META, USERS, AppFolder

POSTGRES = META.replace("csv", "postgresql")
NOBODY = "postgresql://me:secret@127.0.0.1:1/shop"


def blamed(app: AppFolder, *flags: str) -> tuple[str, int, str]:
    """The last part of the file's name, the line and the message of the only error."""
    data = app.run("--json", *flags).json
    error = data.get("error") or data["schemas"][0]["error"]
    assert error["file"], error
    return error["file"].rpartition("/")[2], error["line"], error["message"]


@pytest.mark.parametrize("flag", ["--check", "--auto-approve"])
def test_a_server_that_is_not_there(app: AppFolder, flag: str) -> None:
    app.schema(USERS, POSTGRES)
    app.write(".zEnv", f"# stores\nOTHER=1\nexport ZDATA_USERS_URL={NOBODY}\n")
    file, line, message = blamed(app, flag)
    assert (file, line) == (".zEnv", 3)
    assert message.startswith("cannot open the PostgreSQL database shop")
    assert "secret" not in app.run(flag).said


def test_a_server_that_is_not_there_and_no_dotenv_line(
    app: AppFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.schema(USERS, POSTGRES)
    app.write(".zEnv", "# nothing\n")
    monkeypatch.setenv("ZDATA_USERS_URL", NOBODY)
    assert blamed(app, "--check")[:2] == ("zSchema.users.yaml", 3)
    assert "zSchema.users.yaml:3: cannot open" in app.run("--status").said


@pytest.mark.parametrize("url", ["postgresql://h:5432/", "postgresql://a b@h/d", "sqlite:///x.db"])
def test_an_address_that_is_none(app: AppFolder, url: str) -> None:
    app.schema(USERS, POSTGRES)
    app.write(".zEnv", f"\nZDATA_USERS_URL='{url}'\n")
    assert blamed(app, "--check")[:2] == (".zEnv", 2)


def test_a_generated_column_on_csv(app: AppFolder) -> None:
    app.schema(USERS + '  twice: {type: int, generated: "id * 2"}\n')
    assert blamed(app, "--check")[:2] == ("zSchema.users.yaml", 10)


def test_a_hook_file_that_is_not_there(app: AppFolder) -> None:
    app.schema(USERS, META + '  zMigrationHooks:\n    after_migrate: "@.plugins.gone.f"\n')
    assert blamed(app, "--check")[:2] == ("zSchema.users.yaml", 7)


def test_a_version_lower_than_recorded(app: AppFolder) -> None:
    app.schema(USERS, META.replace("v1.0.0", "v1.2.0"))
    assert app.run("--auto-approve").code == 0
    app.schema(USERS)
    assert blamed(app, "--check")[:2] == ("zSchema.users.yaml", 5)


@pytest.mark.parametrize("recorded", [False, True])
def test_a_version_that_cannot_be_edited(app: AppFolder, recorded: bool) -> None:
    aliased = META.replace("Version: v1.0.0", "Version: *v")
    if recorded:
        assert app.run("--auto-approve").code == 0
    app.schema(USERS + "  email: {type: str}\n", f"x: &v v1.0.0\n{aliased}")
    looked, ran = blamed(app, "--check"), blamed(app, "--auto-approve")
    assert looked == ran
    assert looked[:2] == ("zSchema.users.yaml", 6)
    assert "cannot be changed safely" in looked[2]
    assert app.run("--check").code == 2
