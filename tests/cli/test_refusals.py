"""What every backend refuses alike, and what the head of a report says."""

from __future__ import annotations

import os

import pytest

from tests.cli.folder import META, USERS, AppFolder
from tests.scenarios.harness import run

POSTS = """\
posts:
  id: {type: int, pk: true}
  author: {type: str, fk: users.name}
"""


@pytest.mark.parametrize("backend", ["csv", "sqlite"])
def test_a_foreign_key_to_no_key(app: AppFolder, backend: str) -> None:
    app.schema(USERS + POSTS, META.replace("csv", backend))
    before = app.snapshot()
    done = app.run("--auto-approve")
    assert done.code == 2
    assert (
        "zSchema.users.yaml:12: posts.author refers to users.name, which is neither a primary key"
        " nor unique"
    ) in done.said
    assert "make users.name unique, or refer to its key" in done.said
    assert app.snapshot() == before


def test_a_mysql_address(app: AppFolder) -> None:
    app.schema(USERS, META.replace("csv", "sqlite"))
    app.write(".zEnv", "ZDATA_USERS_URL=mysql://me:secret@h/d\n")
    error = app.run("--check", "--json").json["error"]
    assert error["message"] == "Data_Type sqlite cannot use a mysql address"
    assert error["hint"].startswith("no backend for it is installed; installed are csv, ")
    assert error["line"] == 1


def test_places_are_shown_without_detours(app: AppFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    app.write(".zEnv", "ZDATA_USERS_URL=models/../../zCloud/Data/../Elsewhere\n")
    monkeypatch.chdir(app.path)
    done = run(os.path.join("..", "zCloud", "models", "..", "zTest.py"), "--auto-approve")
    assert f"   Directory: {app.path}\n" in done.out
    (status,) = app.run("--status", "--json").json["schemas"]
    assert status["store"] == "Elsewhere"
    assert (app.path / "Elsewhere/users.csv").exists()
    assert "/.." not in done.out


@pytest.mark.parametrize(
    "code",
    [
        "zSpark = {}\nzSpark.update({'title': 'Mine'})\n",
        "zSpark = {}\nzSpark.update(title='Mine')\n",
        "zSpark = {'title': 'Old'}\nzSpark |= {'title': 'Mine'}\n",
        "MORE = {'title': 'Mine'}\nzSpark = {}\nzSpark.update(MORE)\n",
        "z = zCLI(zSpark := {'title': 'Mine'})\n",
        "if (zSpark := {'title': 'Mine'}):\n    pass\n",
        "zSpark, port = {'title': 'Mine'}, 80\n",
    ],
)
def test_ways_to_write_zspark(app: AppFolder, code: str) -> None:
    app.write("zTest.py", code)
    assert "Loaded zSpark for: Mine" in app.run("--check").said


@pytest.mark.parametrize(
    "code",
    [
        "zSpark = {'title': 'Old'}\nzSpark.update(more())\n",
        "zSpark = {'title': 'Old'}\nif now():\n    zSpark.update(more())\n",
        "zSpark = {'title': 'Old'}\nzSpark = changed(zSpark)\n",
        "zSpark = {'title': 'Old'}\nzSpark, port = both()\n",
        "zSpark = {'title': 'Old'}\nzSpark |= more()\n",
    ],
)
def test_what_cannot_be_read_of_zspark_is_said(app: AppFolder, code: str) -> None:
    app.write("zTest.py", code)
    said = app.run("--check").said
    assert "cannot be read" in said or "its keys are left out" in said
