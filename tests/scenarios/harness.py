"""A small zCLI app around a store, driven through the real command line."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import yaml

from tests.scenarios.scenario import Scenario, chosen
from tests.scenarios.stores import Store
from zcli_migration.cli import zolo_migrate

APP = """\
from zCLI import zCLI

zSpark = {"title": "Shop", "zMode": "Terminal"}

if __name__ == "__main__":
    zCLI(zSpark).run()
"""
FAILING = "def fail(zcli, **kwargs):\n    raise RuntimeError('failed on purpose')\n"
FAILING_PATH = "@.plugins.failing.fail"
SCHEMA = "models/zSchema.shop.yaml"
HISTORY = "__zmigration_shop"
Files: TypeAlias = dict[str, tuple[object, ...]]


@dataclass(frozen=True, slots=True)
class Done:
    """What a run of the command gave back."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        return self.out + self.err

    @property
    def json(self) -> dict[str, Any]:
        """Its JSON; without one, an error that shows what was printed instead."""
        assert self.out.startswith("{"), self.said
        data: dict[str, Any] = json.loads(self.out)
        return data


def run(*arguments: str) -> Done:
    """`zolo migrate` in this process."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = zolo_migrate(arguments)
        except SystemExit as left:  # argparse
            code = left.code if isinstance(left.code, int) else 1
    return Done(code, out.getvalue(), err.getvalue())


def run_process(*arguments: str, **more: Any) -> Done:
    """`python -m zcli_migration` in a process of its own, which nobody types at."""
    done = subprocess.run(
        [sys.executable, "-m", "zcli_migration", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONUTF8": "1"},
        **more,
    )
    return Done(done.returncode, done.stdout, done.stderr)


def files_of(folder: Path, *, times: bool) -> Files:
    """Every file and folder below: its mode and content, and with `times` when it was written."""
    found: Files = {}
    for path in sorted(folder.rglob("*")):
        facts = path.lstat()
        content = path.read_bytes() if path.is_file() else b""
        moment = (facts.st_mtime_ns, facts.st_ino) if times else ()
        found[str(path.relative_to(folder))] = (facts.st_mode, content, *moment)
    return found


@dataclass(frozen=True, slots=True)
class Bench:
    """One scenario on one backend: the app's folder and its store."""

    scenario: Scenario
    store: Store
    folder: Path

    @property
    def app(self) -> str:
        return str(self.folder / "app.py")

    @property
    def schema_file(self) -> Path:
        return self.folder / SCHEMA

    def run(self, *arguments: str) -> Done:
        return run(self.app, *arguments)

    def snapshot(self, *, times: bool = False) -> tuple[Files, object]:
        return files_of(self.folder, times=times), self.store.snapshot(sequences=times)

    def lay_out(self) -> None:
        """The app's files, without a schema."""
        for name in ("models", "plugins"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        (self.folder / "app.py").write_text(APP)
        (self.folder / ".zEnv").write_text(f"ZDATA_SHOP_URL={self.store.url}\n")
        (self.folder / "plugins/failing.py").write_text(FAILING)
        if self.scenario.hooks:
            (self.folder / "plugins/migrations.py").write_text(self.scenario.hooks)

    def write_schema(
        self, tables: Mapping[str, Any] | str, meta: Mapping[str, Any], version: str
    ) -> None:
        """The schema file, with a comment and odd spaces that must outlive the version's bump."""
        whole = {"zMigrationVersion": version, **chosen(dict(meta), self.store.backend)}
        head = yaml.safe_dump(whole, sort_keys=False, allow_unicode=True)
        lines = re.sub("^", "  ", head.strip(), flags=re.MULTILINE)
        lines = lines.replace(
            f"zMigrationVersion: {whole['zMigrationVersion']}",
            f"zMigrationVersion:  {whole['zMigrationVersion']}   # the version",
        )
        body = tables if isinstance(tables, str) else self._dumped(tables)
        self.schema_file.write_text(
            f"# The shop's schema — ünïcödé\nMeta:\n  Data_Type: {self.store.backend}\n"
            f"  Data_Source: ZDATA_SHOP_URL\n  zMigration: true\n{lines}\n\n{body}",
            encoding="utf-8",
        )

    def _dumped(self, tables: Mapping[str, Any]) -> str:
        return yaml.safe_dump(
            chosen(dict(tables), self.store.backend), sort_keys=False, allow_unicode=True
        )

    def prepare(self) -> None:
        """The app as it is before the run that the scenario is about."""
        scenario = self.scenario
        self.lay_out()
        if scenario.before is not None:
            self._migrate_before(scenario.before)
        if self.store.backend in scenario.store:
            self.store.do(scenario.store[self.store.backend])
        for table, rows in chosen(scenario.rows, self.store.backend).items():
            self.store.insert(table, rows)
        if self.store.backend in scenario.by_hand:
            self.store.do(scenario.by_hand[self.store.backend])
        self.write_after()

    def _migrate_before(self, tables: Mapping[str, Any] | str) -> None:
        self.write_schema(tables, self.scenario.meta, "v1.0.0")
        done = self.run("--auto-approve")
        assert done.code == 0, done.said

    def write_after(self, *, failing: bool = False) -> None:
        """The schema file that the run is about; `failing`: with a last hook that raises."""
        meta = {**self.scenario.meta, **self.scenario.after_meta}
        if failing:
            hooks = dict(meta.get("zMigrationHooks", {}))
            given = hooks.get("after_migrate", [])
            given = [given] if isinstance(given, str) else given
            meta["zMigrationHooks"] = {**hooks, "after_migrate": [*given, FAILING_PATH]}
        self.write_schema(self.scenario.after, meta, "v1.0.0")

    def one(self, done: Done) -> dict[str, Any]:
        """The only schema of a run's JSON."""
        (schema,) = done.json["schemas"]
        assert isinstance(schema, dict)
        return schema
