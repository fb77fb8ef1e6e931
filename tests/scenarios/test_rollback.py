"""Every scenario that changes something, taken back: structure, values and schema file return."""

from __future__ import annotations

import pytest

from tests.scenarios.conftest import MakeBench
from tests.scenarios.essence import essence
from tests.scenarios.harness import HISTORY, Bench
from tests.scenarios.scenario import Scenario, every
from tests.scenarios.test_scenarios import name_of, store_is_as_wanted

CASES = [(s, b) for s, b in every() if s.error is None and s.status == "applied"]


@pytest.mark.parametrize(("scenario", "backend"), CASES, ids=name_of)
def test_rollback(scenario: Scenario, backend: str, make_bench: MakeBench) -> None:
    bench = make_bench(scenario, backend)
    bench.prepare()
    before = essence(bench.store)
    recorded = last_text(bench)
    done = bench.run("--auto-approve", "--json", *scenario.arguments)
    assert done.code == 0, done.said
    if not bench.one(done)["changes"] and recorded is None:
        nothing_to_take_back(bench)
        return
    looking_touches_nothing(bench)
    applied = bench.schema_file.read_text(encoding="utf-8")
    back = bench.run("--rollback", "--auto-approve", "--json")
    assert back.code == 0, back.said
    assert bench.one(back)["status"] == "rolled_back"
    if scenario.hooks is None:  # what a hook did to rows is for on_rollback hooks to undo
        assert essence(bench.store) == before
    assert bench.store.rows(HISTORY)[-1]["status"] == "ROLLBACK"
    if scenario.before is not None and not scenario.by_hand:
        file_is_back(bench, back.json["schemas"][0]["to_version"])
    going_forward_again_works(bench, applied)


def last_text(bench: Bench) -> str | None:
    """The version that is recorded before the run, if any is."""
    return bench.scenario.from_version


def nothing_to_take_back(bench: Bench) -> None:
    before = bench.snapshot()
    done = bench.run("--rollback", "--auto-approve")
    assert done.code == 2, done.said
    assert "nothing to roll back" in done.said
    assert bench.snapshot() == before


def looking_touches_nothing(bench: Bench) -> None:
    before = bench.snapshot(times=True)
    dry = bench.run("--rollback", "--dry-run")
    assert dry.code == 0, dry.said
    assert bench.snapshot(times=True) == before


def file_is_back(bench: Bench, version: str) -> None:
    assert f"zMigrationVersion:  {version} " in bench.schema_file.read_text(encoding="utf-8")
    check = bench.run("--check")
    assert check.code == 0, check.said


def going_forward_again_works(bench: Bench, applied: str) -> None:
    if bench.scenario.by_hand or bench.scenario.hooks:
        return  # what a hand did before stays; hooks may not be meant to run twice
    bench.write_after()
    again = bench.run("--auto-approve", *bench.scenario.arguments)
    assert again.code == 0, again.said
    if bench.scenario.before is not None:
        store_is_as_wanted(bench)
