"""An app that ran through a migration writes old CSV values back under an unchanged header."""

from __future__ import annotations

import pytest

from tests.cli.folder import META, AppFolder
from tests.scenarios.harness import Done

OLD = "users:\n  id: {type: int, pk: true}\n  plan: {type: str}\n  active: {type: str}\n"
RETYPED = "{type: bool, using: {oui: true, non: false}}"
NEW = f"""\
users:
  id: {{type: int, pk: true}}
  plan: {{type: str, required: true, backfill: free}}
  active: {RETYPED}
"""
BEFORE = "id,plan,active\n1,gold,oui\n2,,non\n3,,oui\n"
AFTER = "id,plan,active\n1,gold,true\n2,free,false\n3,free,true\n"


@pytest.fixture
def app(tmp_path_factory: pytest.TempPathFactory) -> AppFolder:
    """An app whose users have a new plan and a true or false instead of words."""
    app = AppFolder.laid_out(tmp_path_factory.mktemp("shop") / "zCloud")
    app.schema(OLD)
    app.write("Data/users.csv", BEFORE)
    assert app.run("--auto-approve").code == 0
    app.schema(NEW)
    done = app.run("--auto-approve")
    assert done.code == 0, done.said
    assert app.text("Data/users.csv").lower() == AFTER
    return app


def told(app: AppFolder, *arguments: str) -> Done:
    done = app.run(*arguments)
    assert "Traceback" not in done.said
    return done


SAYS = "holds the values again that the last migration replaced"
CLOBBERED = {
    "as it was": (BEFORE, {"plan", "active"}),
    "by pandas, with a new row": (f"{BEFORE}4,gold,non\n", {"plan", "active"}),
    "with a row less": ("id,plan,active\n2,,non\n", {"plan", "active"}),
    "one column": ("id,plan,active\n1,gold,True\n2,,False\n3,,True\n", {"plan"}),
    "columns moved": ("active,id,plan\noui,1,gold\nnon,2,\noui,3,x\n", {"active"}),
}


@pytest.mark.parametrize("flags", [("--check",), ("--dry-run",), ("--auto-approve",)])
@pytest.mark.parametrize(("content", "columns"), CLOBBERED.values(), ids=CLOBBERED.keys())
def test_it_is_drift(
    app: AppFolder, content: str, columns: set[str], flags: tuple[str, ...]
) -> None:
    app.write("Data/users.csv", content)
    before = app.snapshot(times=True)
    done = told(app, *flags)
    assert done.code == 4, done.said
    assert {name for name in ("plan", "active") if f"column users.{name} {SAYS}" in done.said} == (
        columns
    )
    assert "an app that was running during a migration writes its older copy back" in done.said
    assert app.snapshot(times=True) == before


ORDINARY = {
    "nothing": AFTER,
    "as pandas writes it": "id,plan,active\n1,gold,True\n2,free,False\n3,free,True\n",
    "new rows": f"{AFTER}4,gold,true\n",
    "other values": "id,plan,active\n1,free,false\n2,gold,true\n3,gold,true\n",
    "one value back": "id,plan,active\n1,gold,true\n2,,false\n3,free,oui\n",
    "no rows": "id,plan,active\n",
    "other rows": "id,plan,active\n7,,oui\n8,,non\n",
}


@pytest.mark.parametrize("content", ORDINARY.values(), ids=ORDINARY.keys())
def test_ordinary_edits_are_none(app: AppFolder, content: str) -> None:
    app.write("Data/users.csv", content)
    done = told(app, "--check")
    assert done.code == 0, done.said


def test_forcing_makes_the_changes_again(app: AppFolder) -> None:
    app.write("Data/users.csv", f"{BEFORE}4,gold,non\n")
    done = told(app, "--auto-approve", "--force-sync")
    assert done.code == 0, done.said
    assert app.text("Data/users.csv").lower() == f"{AFTER}4,gold,false\n"
    assert told(app, "--check").code == 0
    back = told(app, "--rollback", "--auto-approve")
    assert back.code == 0, back.said
    assert app.text("Data/users.csv") == f"{BEFORE}4,gold,non\n"


def test_the_status_says_so(app: AppFolder) -> None:
    app.write("Data/users.csv", BEFORE)
    assert "drift" in told(app, "--status").out.lower()


def test_a_file_that_has_lost_its_form_is_no_older_copy(app: AppFolder) -> None:
    app.write("Data/users.csv", "id,plan,active\n1,,oui,\n2\n")
    assert SAYS not in told(app, "--check").said


def test_numbers_as_pandas_writes_them_are_none(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A float column that became one of integers gets its points back when a null comes to it."""
    app = AppFolder.laid_out(tmp_path_factory.mktemp("shop") / "zCloud")
    app.schema(OLD.replace("plan: {type: str}", "plan: {type: float}"))
    app.write("Data/users.csv", "id,plan,active\n1,30.0,x\n2,7.0,x\n")
    assert app.run("--auto-approve").code == 0
    app.schema(OLD.replace("plan: {type: str}", "plan: {type: int}"))
    assert app.run("--auto-approve").code == 0
    app.write("Data/users.csv", "id,plan,active\n1,30.0,x\n2,7.0,x\n3,,x\n")
    assert told(app, "--check").code == 0


def test_what_a_rollback_brings_back_is_none(app: AppFolder) -> None:
    assert told(app, "--rollback", "--auto-approve").code == 0
    assert app.text("Data/users.csv") == BEFORE
    app.schema(OLD, META)
    assert told(app, "--check").code == 0


def test_a_rollback_keeps_what_was_written_back(app: AppFolder) -> None:
    app.write("Data/users.csv", BEFORE)
    done = told(app, "--rollback", "--auto-approve")
    assert done.code == 0, done.said
    assert app.text("Data/users.csv") == BEFORE
