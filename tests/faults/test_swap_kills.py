"""Names that were swapped are swapped once, wherever a run is killed."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.cli.back import ID, Back
from tests.cli.folder import AppFolder
from tests.faults.test_kills import POINTS
from tests.scenarios.harness import run_process

BEFORE = f"""\
cats:
{ID}  first: {{type: str, required: true}}
  last: {{type: str}}
dogs:
{ID}  name: {{type: str}}
"""
AFTER = f"""\
dogs:
  renamed_from: cats
{ID}  last: {{type: str, required: true, renamed_from: first}}
  first: {{type: str, renamed_from: last}}
cats:
  renamed_from: dogs
{ID}  name: {{type: str}}
"""
CAT, DOG = ("1", "tom", "kit"), ("1", "rex")


@pytest.mark.parametrize("point", POINTS)
def test_swapped_once(
    point: str, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "user"))
    backend = point.partition(":")[0]
    url = request.getfixturevalue("postgres_dsn") if backend == "postgresql" else "@.Data"
    shop = Back.laid_out(AppFolder.laid_out(tmp_path / "zCloud"), backend, url)
    shop.migrate(BEFORE)
    shop.store.insert("cats", [{"id": 1, "first": "tom", "last": "kit"}])
    shop.store.insert("dogs", [{"id": 1, "name": "rex"}])
    shop.want(AFTER)
    monkeypatch.setenv("ZMIGRATION_FAULT", point)
    killed = run_process(shop.app.file, "--auto-approve")
    assert killed.code == -signal.SIGKILL, killed.said
    monkeypatch.delenv("ZMIGRATION_FAULT")
    for _ in range(2):
        shop.migrate()
        assert (shop.rows("dogs"), shop.rows("cats")) == ([CAT], [DOG])
        assert shop.store.columns("dogs") == ["id", "last", "first"]
    shop.back()
    assert (shop.rows("cats"), shop.rows("dogs")) == ([CAT], [DOG])
    assert shop.store.columns("cats") == ["id", "first", "last"]
