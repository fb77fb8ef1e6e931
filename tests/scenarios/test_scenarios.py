"""Every scenario file on each of its backends, with the proofs that hold for all of them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.scenarios.conftest import MakeBench
from tests.scenarios.harness import HISTORY, Bench, Done
from tests.scenarios.scenario import Expected, Now, Scenario, chosen, every
from tests.scenarios.stores import CsvStore, seen
from zmigration_api.archive import KEPT

CASES = list(every())
GOOD = [case for case in CASES if case[0].error is None]
BAD = [case for case in CASES if case[0].error is not None]


def name_of(value: object) -> str:
    return value.name if isinstance(value, Scenario) else str(value)


def test_there_are_scenarios_for_every_backend() -> None:
    assert {backend for _, backend in CASES} == {"csv", "sqlite", "postgresql"}
    assert len({scenario.name for scenario, _ in CASES}) >= 45


@pytest.mark.parametrize(("scenario", "backend"), GOOD, ids=name_of)
def test_scenario(scenario: Scenario, backend: str, make_bench: MakeBench, tmp_path: Path) -> None:
    bench = make_bench(scenario, backend)
    bench.prepare()
    looking_touches_nothing(bench, tmp_path / "user")
    if scenario.expect:
        failing_leaves_everything(bench)
    cells = raw_cells(bench)
    old_text = bench.schema_file.read_text(encoding="utf-8")
    done = bench.run("--auto-approve", "--json", *scenario.arguments)
    planned_is_done(bench, done)
    version_alone_is_bumped(bench, old_text)
    if scenario.status == "applied":
        history_has_the_record(bench)
    again_is_up_to_date(bench)
    store_is_as_wanted(bench)
    untouched_cells_kept_their_bytes(bench, cells)


@pytest.mark.parametrize(("scenario", "backend"), BAD, ids=name_of)
def test_refused(scenario: Scenario, backend: str, make_bench: MakeBench) -> None:
    bench = make_bench(scenario, backend)
    bench.prepare()
    before = bench.snapshot()
    done = bench.run("--auto-approve", "--json", *scenario.arguments)
    error_is_told(bench, done)
    assert bench.snapshot() == before
    screen = bench.run("--auto-approve", *scenario.arguments)
    assert scenario.error is not None
    assert screen.code == scenario.error.exit
    for part in chosen(scenario.error.screen, backend):
        assert part in screen.said
    assert "Traceback" not in screen.said
    assert bench.snapshot() == before
    if chosen(scenario.error.code, backend) in ("data", "schema_file"):
        looking_refuses_too(bench, scenario.error)


def looking_refuses_too(bench: Bench, expected: Expected) -> None:
    before = bench.snapshot(times=True)
    for flag in ("--check", "--dry-run"):
        looked = bench.run(flag, *bench.scenario.arguments)
        assert looked.code == expected.exit, looked.said
        for part in chosen(expected.screen, bench.store.backend):
            assert part in looked.said
    assert bench.snapshot(times=True) == before


def error_is_told(bench: Bench, done: Done) -> None:
    expected = bench.scenario.error
    assert expected is not None
    found = [done.json.get("error"), *(schema["error"] for schema in done.json["schemas"])]
    (error,) = [error for error in found if error]
    code = chosen(expected.code, bench.store.backend)
    assert (done.code, error["code"]) == (expected.exit, code), error
    assert done.json["exit_code"] == expected.exit
    message = chosen(expected.message, bench.store.backend)
    assert message in error["message"] + " " + str(error["hint"])
    assert all(schema["status"] == "failed" for schema in done.json["schemas"])


def looking_touches_nothing(bench: Bench, user_folder: Path) -> None:
    before = bench.snapshot(times=True)
    dry = bench.run("--dry-run", *bench.scenario.arguments)
    assert dry.code == 0, dry.said
    assert "No changes will be applied (dry-run mode)." in dry.out
    for warning in bench.scenario.warns:
        assert chosen(warning, bench.store.backend) in dry.out
    planned = bench.run("--dry-run", "--json", *bench.scenario.arguments)
    assert planned.code == 0, planned.said
    plan_is_as_expected(bench, planned)
    pending = bench.one(planned)["status"] == "pending"
    assert pending or not bench.scenario.expect
    check = bench.run("--check", *bench.scenario.arguments)
    assert check.code == (3 if pending else 0), check.said
    bench.run("--sql"), bench.run("--status"), bench.run("--history")
    assert bench.snapshot(times=True) == before
    if bench.scenario.first_run:
        assert not user_folder.exists()


def plan_is_as_expected(bench: Bench, done: Done) -> None:
    scenario, schema = bench.scenario, bench.one(done)
    backend = bench.store.backend
    assert schema["adopted"] == list(scenario.adopted)
    assert [c["summary"] for c in schema["changes"]] == chosen(scenario.expect, backend)
    if backend in scenario.statements:
        said = [s for s in schema["statements"] if KEPT not in s]  # archives have changing names
        assert said == scenario.statements[backend]
    if scenario.hazards is not None:
        found = {hazard["kind"] for change in schema["changes"] for hazard in change["hazards"]}
        assert set(scenario.hazards) <= found
    if scenario.version is not None:
        assert schema["to_version"] == scenario.version
    assert schema["from_version"] == scenario.from_version


def failing_leaves_everything(bench: Bench) -> None:
    bench.write_after(failing=True)
    before = bench.snapshot()
    done = bench.run("--auto-approve", "--json", *bench.scenario.arguments)
    assert done.code == 1, done.said
    error = bench.one(done)["error"]
    assert error["code"] == "hook", error
    assert "failed on purpose" in error["message"]
    assert bench.one(done)["status"] == "failed"
    assert bench.snapshot() == before
    bench.write_after()


def planned_is_done(bench: Bench, done: Done) -> None:
    assert done.code == 0, done.said
    schema = bench.one(done)
    assert schema["status"] == bench.scenario.status, schema
    assert schema["warnings"] == []
    assert schema["error"] is None
    plan_is_as_expected(bench, done)


def version_alone_is_bumped(bench: Bench, old: str) -> None:
    new = bench.schema_file.read_text(encoding="utf-8")
    written = str(
        {**bench.scenario.meta, **bench.scenario.after_meta}.get("zMigrationVersion", "v1.0.0")
    )
    version = bench.scenario.version or "v1.0.0"
    first = old.replace(f"zMigrationVersion:  {written} ", f"zMigrationVersion:  {version} ", 1)
    assert new == first


def history_has_the_record(bench: Bench) -> None:
    record = sorted(bench.store.rows(HISTORY), key=lambda row: int(row["id"]))[-1]
    text = bench.schema_file.read_bytes()
    assert record["schema_hash"] == hashlib.sha256(text).hexdigest()
    assert record["schema_name"] == "zSchema.shop"
    assert record["status"] == "SUCCESS"
    assert record["to_version"] == (bench.scenario.version or "v1.0.0")
    assert (record["from_version"] or None) == bench.scenario.from_version
    assert record["applied_at"] == Now()
    expected = chosen(bench.scenario.expect, bench.store.backend)
    for change in expected:
        assert change.partition(": ")[2] in record["changes_summary"]
    if not expected:
        adopted = ", ".join(bench.scenario.adopted)
        assert record["changes_summary"] == (f"Adopted: {adopted}" if adopted else "No changes")


def again_is_up_to_date(bench: Bench) -> None:
    before = bench.snapshot(times=True)
    check = bench.run("--check")
    assert check.code == 0, check.said
    assert "up to date" in check.out
    version = bench.one(bench.run("--check", "--json"))["to_version"]
    whole = bench.run("--check", "--version", version)  # looks at everything, however it stands
    assert (whole.code, whole.said) == (0, check.said)
    again = bench.run("--auto-approve", "--json")
    assert again.code == 0, again.said
    schema = bench.one(again)
    assert (schema["status"], schema["changes"]) == ("up_to_date", [])
    assert bench.snapshot(times=True) == before


def store_is_as_wanted(bench: Bench) -> None:
    scenario, store = bench.scenario, bench.store
    for table, rows in rows_expected(bench).items():
        assert rows_seen(bench, table, rows) == rows
    for table in scenario.gone:
        assert store.columns(table) == []
    for statement in scenario.refuses:
        assert store.refuses(statement), statement
    for query, answer in scenario.queries.get(store.backend, {}).items():
        assert store.ask(query) == answer, query
    for file, text in scenario.cells.items():
        if isinstance(store, CsvStore):
            assert (store.folder / file).read_bytes() == text.encode()


def rows_expected(bench: Bench) -> dict[str, list[dict[str, Any]]]:
    """What the scenario says, else the rows that were there, as far as their columns are."""
    scenario, backend = bench.scenario, bench.store.backend
    if scenario.rows_after is not None:
        return dict(chosen(scenario.rows_after, backend))
    before: Mapping[str, list[dict[str, Any]]] = chosen(scenario.rows, backend)
    wanted = tables_of(scenario)
    return {
        table: [{n: v for n, v in row.items() if n in wanted[table]} for row in rows]
        for table, rows in before.items()
        if table in wanted
    }


def tables_of(scenario: Scenario) -> dict[str, Any]:
    after = scenario.after
    return yaml.safe_load(after) if isinstance(after, str) else after


def rows_seen(bench: Bench, table: str, expected: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The store's rows, in the words of the expected ones where they say the same."""
    found = bench.store.rows(table)
    assert len(found) == len(expected), found
    return [
        {name: seen(row[spelled(bench, name)], value) for name, value in wanted.items()}
        for row, wanted in zip(found, expected, strict=True)
    ]


def spelled(bench: Bench, name: str) -> str:
    return name.lower() if bench.store.backend == "postgresql" else name


def raw_cells(bench: Bench) -> dict[str, dict[str, list[str]]]:
    store = bench.store
    if not isinstance(store, CsvStore) or not store.folder.exists():
        return {}
    tables = [path.stem for path in store.folder.glob("*.csv")]
    return {table: store.raw_cells(table) for table in tables if not table.startswith("__")}


def untouched_cells_kept_their_bytes(bench: Bench, before: dict[str, dict[str, list[str]]]) -> None:
    touched = "\n".join(bench.scenario.expect)
    for table, columns in before.items():
        moved = re.search(rf"(Renamed|Set aside) table: {table}\b", touched)
        if not isinstance(bench.store, CsvStore) or moved or not bench.store.columns(table):
            continue
        now = bench.store.raw_cells(table)
        for name, cells in columns.items():
            if name in now and f": {name}" not in touched and bench.scenario.hooks is None:
                assert now[name] == cells, (table, name)
