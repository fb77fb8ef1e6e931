"""Other programs in a CSV folder: what they write is never lost, and never taken for ours."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.conftest import MakeShop
from tests.faults.shop import AFTER, NAMES, Look, Shop, finished
from tests.faults.test_interrupts import hooked
from tests.faults.test_kills import ends_well, is_after
from tests.faults.test_processes import SLEEPING, wait_for

NEW_POST = "9999,late,1,7,j\n"


@pytest.mark.parametrize("table", NAMES)
def test_written_while_a_run_works(table: str, make_shop: MakeShop) -> None:
    """Rows that come after ours were read: refused, and they are there."""
    shop, _ = make_shop("csv")
    hooked(shop, SLEEPING.format(1))
    process = shop.start("--auto-approve")
    wait_for((shop.folder / "in_hook").exists)
    file = shop.data / f"{table}.csv"
    with file.open("a") as stream:
        stream.write("9999,late,a,7,j\n" if table == "posts" else "9999,late,,,,\n")
    before = {path.name: path.read_bytes() for path in shop.data.glob("*.csv")}
    done = finished(process)
    assert done.code == 1, done.said
    assert "another program changed this file" in done.said
    assert "nothing was changed" in done.said
    assert "decided" not in done.said, done.said
    assert {path.name: path.read_bytes() for path in shop.data.glob("*.csv")} == before
    assert shop.leftovers() == []


def test_removed_while_a_run_works(make_shop: MakeShop) -> None:
    shop, pattern = make_shop("csv")
    hooked(shop, SLEEPING.format(1))
    process = shop.start("--auto-approve")
    wait_for((shop.folder / "in_hook").exists)
    aside = shop.data / "posts.csv.bak"
    (shop.data / "posts.csv").rename(aside)
    done = finished(process)
    assert done.code == 1, done.said
    assert shop.leftovers() == []
    aside.rename(shop.data / "posts.csv")
    shop.write_schemas(AFTER)
    ends_well(shop, pattern)


def test_rows_that_come_after_the_plan_take_part(make_shop: MakeShop) -> None:
    """Between plan and lock: nothing was read yet, so nothing is lost."""
    shop, pattern = make_shop("csv")
    hooked(
        shop,
        "def hook(context):\n"
        f"    with (context.workspace / 'Data/posts.csv').open('a') as f: f.write({NEW_POST!r})\n",
        "before",
    )
    done = shop.migrate()
    assert done.code == 0, done.said
    late = shop.tables()["posts"][-1]
    assert (late["id"], late["score"], late["slug"]) == (9999, "7", "late")
    assert shop.tables()["posts"][:-1] == pattern.after.tables["posts"]


def test_an_old_copy_is_written_back(make_shop: MakeShop) -> None:
    """An app that had the table in memory: drift, and nothing goes or comes unasked."""
    shop, pattern = make_shop("csv")
    old = {path: path.read_bytes() for path in shop.data.glob("[up]*.csv")}
    ends_well(shop, pattern)
    for path, content in old.items():
        path.write_bytes(content)
    files = shop.files()
    for arguments in (["--auto-approve"], ["--dry-run"], ["--check"]):
        done = shop.here(*arguments)
        assert done.code == 4, done.said
        assert "Schema drift detected" in done.said
    assert shop.files() == files
    assert "drift" in shop.here("--status").said
    forced = shop.migrate("--force-sync")
    assert forced.code == 0, forced.said
    for name, rows in pattern.after.tables.items():  # what is not ours any more stays
        assert [{k: row[k] for k in rows[0]} for row in shop.tables()[name]] == rows


@pytest.mark.parametrize("point", ["csv:journal-written", "csv:replaced-first"])
def test_written_after_a_kill(point: str, make_shop: MakeShop) -> None:
    """The commit has happened, and an app that does not know of it writes to an old file."""
    shop, pattern = make_shop("csv")
    killed = shop.with_environment(ZMIGRATION_FAULT=point).migrate()
    assert killed.code == -signal.SIGKILL
    with (shop.data / "posts.csv").open("a") as stream:
        stream.write(NEW_POST)
    files = shop.files()
    for arguments in (["--auto-approve"], ["--dry-run"], ["--check"]):
        done = shop.here(*arguments)
        assert done.code == 1, done.said
        assert "another program changed this file" in done.said
    left = shop.files()
    assert left == files
    (shop.data / "posts.csv").unlink()  # as the hint says, once its new row is in the new file
    ends_well(shop, pattern)


@pytest.mark.skipif(sys.platform != "linux", reason="chattr is of Linux")
@pytest.mark.parametrize(("table", "decided"), [("users", False), ("posts", True)])
def test_a_file_cannot_be_replaced(table: str, decided: bool, make_shop: MakeShop) -> None:
    """The first: taken back. A later one: told as what it is, and the next run ends it."""
    shop, pattern = make_shop("csv")
    file = shop.data / f"{table}.csv"
    if immovable(file, "+i").returncode:
        pytest.skip("no immutable files here")
    try:
        done = shop.migrate()
        assert done.code == 1, done.said
        assert ("decided" in done.said) is decided
        assert ("nothing was changed" in done.said) is not decided, done.said
        assert ("failed, nothing" in done.said) is not decided, done.said
        assert is_after(shop, pattern) is decided
        assert decided or shop.leftovers() == []
    finally:
        immovable(file, "-i")
    ends_well(shop, pattern)


def immovable(file: Path, how: str) -> subprocess.CompletedProcess[bytes]:
    if not shutil.which("chattr"):
        return subprocess.CompletedProcess([], 1)
    return subprocess.run(["chattr", how, str(file)], capture_output=True)


def test_a_link_to_elsewhere(make_shop: MakeShop) -> None:
    shop, pattern = make_shop("csv")
    shop_link(shop)
    done = shop.migrate()
    assert done.code == 1, done.said
    assert (shop.data / "posts.csv").is_symlink()
    assert Look.at(shop) == pattern.before


def shop_link(shop: Shop) -> None:
    file = shop.data / "posts.csv"
    file.rename(shop.folder / "elsewhere.csv")
    file.symlink_to(shop.folder / "elsewhere.csv")
