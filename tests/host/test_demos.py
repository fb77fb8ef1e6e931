"""Every demo of zolo-zcli that has a schema: adopted, evolved, rolled back, and used throughout."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.host.driving import Driven


@dataclass(frozen=True, slots=True)
class Demo:
    """A demo: its folder, the file that starts it, its schema, and rows for its table."""

    folder: str
    app: str
    schema: str
    store: str
    rows: tuple[dict[str, Any], ...]
    zui: str
    table: str = "users"
    on_postgresql: bool = False

    @property
    def name(self) -> str:
        where = "-on_postgresql" if self.on_postgresql else ""
        return f"{self.folder.replace(' ', '_')}/{self.schema}{where}"

    @property
    def model(self) -> str:
        return f"@.{self.schema}"

    def request(self, action: str, **more: Any) -> dict[str, Any]:
        return {"action": action, "model": self.model, "table": self.table, **more}


PEOPLE = ({"email": "ada@acme.net", "name": "Ada"}, {"email": "bob@acme.net", "name": "Bob, Jr"})
GOODS = (
    {"name": "Lamp", "category": "Office", "price": 45.5, "stock": 3},
    {"name": "Mouse", "category": "Electronics", "price": 29.99, "stock": 0},
)
# A CSV column without any value is one of numbers for pandas, and then takes no text from zCLI.
NICKNAME = "\n  nickname:\n    type: str\n    backfill: first\n"
DEMOS = (
    Demo("02_Data_Logic", "data_logic_walker.py", "zSchema.users_csv", "users.csv", PEOPLE,
         "zUI.data_demo.yaml"),
    Demo("02_Data_Logic", "data_logic_walker.py", "zSchema.users_sqlite", "users_demo.db", PEOPLE,
         "zUI.data_demo.yaml"),
    Demo("User Manager", "test_csv.py", "zSchema.users_csv", "users.csv", PEOPLE,
         "zUI.users_csv.yaml"),
    Demo("User Manager", "test_sqlite.py", "zSchema.users_sqlite", "users_master.db", PEOPLE,
         "zUI.users_sqlite.yaml"),
    Demo("Cache_Performance_Demo", "test_wizard_terminal.py", "zSchema.cache_demo",
         "cache_demo.db", GOODS, "zUI.cache_demo.yaml", "products"),
)  # fmt: skip


ON_POSTGRESQL = tuple(
    replace(demo, on_postgresql=True) for demo in DEMOS if demo.store.endswith(".db")
)


@pytest.fixture(params=(*DEMOS, *ON_POSTGRESQL), ids=lambda demo: demo.name)
def demo(request: pytest.FixtureRequest) -> Demo:
    found: Demo = request.param
    return found


@pytest.fixture
def laid_out(demo: Demo, demos: Path, host: Driven, new_store: Callable[[str], str]) -> Driven:
    """A copy of the demo with its rows, made by zCLI, and zMigration set in its schema."""
    _copy(demos / demo.folder, host)
    if demo.on_postgresql:
        _move(host, demo.schema, new_store("postgresql"))
    app = host.text(demo.app)
    written = re.sub(r'"zSpace": "/[^"]*"', '"zSpace": str(Path(__file__).parent)', app)
    host.write(demo.app, f"from pathlib import Path\n{written}" if written != app else app)
    host.ask(demo.request("create", tables=[demo.table]))
    host.ask(*(demo.request("insert", data=row) for row in demo.rows))
    _switch_on(host, demo.schema)
    return host


def _copy(folder: Path, host: Driven) -> None:
    shutil.copytree(folder, host.folder, dirs_exist_ok=True)
    (host.folder / "users.csv").unlink(missing_ok=True)


def _move(host: Driven, schema: str, meta: str) -> None:
    """Another store for a schema of zCLI, by the lines in its Meta that say where it is."""
    text = re.sub(r"  Data_(Type|Label):.*\n", "", host.text(f"{schema}.yaml"))
    host.write(f"{schema}.yaml", text.replace("Meta:\n", f"Meta:\n{meta}", 1))


def _switch_on(host: Driven, schema: str) -> None:
    text = host.text(f"{schema}.yaml")
    lines = "Meta:\n  zMigration: true\n  zMigrationVersion: v1.0.0\n"
    host.write(f"{schema}.yaml", text.replace("Meta:\n", lines, 1))


def _listed(demo: Demo, host: Driven) -> list[dict[str, Any]]:
    """The rows by the demo's own list command where its zUI has one over the store."""
    (found,) = host.ask(_own_request(demo, host) or demo.request("read"))
    return sorted(found, key=lambda row: int(row["id"]))


def _own_request(demo: Demo, host: Driven) -> dict[str, Any] | None:
    for block in yaml.safe_load(host.text(demo.zui)).values():
        request = block.get("^List Users", {})
        if isinstance(request, dict) and request.get("zData", {}).get("model") == demo.model:
            return dict(request["zData"])
    return None


def test_a_demo_is_adopted_evolved_and_rolled_back(demo: Demo, laid_out: Driven) -> None:
    host, schema = laid_out, f"{demo.schema}.yaml"
    rows = _listed(demo, host)
    names = [row["name"] for row in rows]
    assert names == [row["name"] for row in demo.rows]
    store = host.folder / demo.store
    stored = store.read_bytes() if store.suffix == ".csv" else b""

    checked = host.migrate(demo.app, "--check", "--json")
    assert (checked.code, checked.json["schemas"][0]["name"]) == (0, demo.schema), checked.said
    assert host.migrate(demo.app, "--auto-approve").code == 0
    if store.suffix == ".csv":
        assert store.read_bytes() == stored
    assert _listed(demo, host) == rows

    first = host.text(schema)
    host.write(schema, f"{first.rstrip()}{NICKNAME}")
    assert host.migrate(demo.app, "--check").code == 3
    added = host.migrate(demo.app, "--auto-approve")
    assert added.code == 0, added.said
    host.ask(demo.request("update", data={"nickname": "other"}, where={"id": 2}))
    wider = _listed(demo, host)
    assert [row["nickname"] for row in wider] == ["first", "other"]
    assert [{k: v for k, v in row.items() if k != "nickname"} for row in wider] == rows

    text = host.text(schema)
    host.write(schema, text.replace(NICKNAME, "\n"))
    dropped = host.migrate(demo.app, "--auto-approve")
    assert dropped.code == 0, dropped.said
    assert _listed(demo, host) == rows

    back = host.migrate(demo.app, "--rollback", "--auto-approve")
    assert back.code == 0, back.said
    assert "nickname" in host.text(schema)
    assert _listed(demo, host) == wider
    host.ask(demo.request("insert", data={**demo.rows[0], **_other(demo), "nickname": "third"}))
    assert len(_listed(demo, host)) == 3


def _other(demo: Demo) -> dict[str, str]:
    return {"email": "eve@acme.net"} if demo.table == "users" else {}


def test_the_validation_demo_runs_as_before_on_its_migrated_store(
    demos: Path, host: Driven
) -> None:
    """On SQLite alone: on PostgreSQL the demo's own code leaves its transaction aborted."""
    _copy(demos / "validation_demo", host)
    app, schema = "demo_validation_auto.py", "zSchema.demo_users"
    before = _demo_output(host, app)
    once = host.text(app)  # it makes its table anew each time, which only works the first time
    host.write(app, once.replace("z.data.create_table('users')\n", "\n"))
    _switch_on(host, schema)
    assert host.migrate(app, "--auto-approve").code == 0
    text = host.text(f"{schema}.yaml")
    host.write(f"{schema}.yaml", f"{text.rstrip()}\n\n  nickname:\n    type: str\n")
    added = host.migrate(app, "--auto-approve")
    assert added.code == 0, added.said
    after = _demo_output(host, app)
    assert _verdicts(after) == _verdicts(before)
    widened = host.text(f"{schema}.yaml")
    host.write(f"{schema}.yaml", widened.replace("\n\n  nickname:\n    type: str\n", "\n"))
    assert host.migrate(app, "--auto-approve").code == 0
    assert host.migrate(app, "--rollback", "--auto-approve").code == 0
    assert _verdicts(_demo_output(host, app)) == _verdicts(before)


def _demo_output(host: Driven, app: str) -> str:
    command = [sys.executable, app]
    done = subprocess.run(
        command, cwd=host.folder, stdin=subprocess.DEVNULL, capture_output=True, timeout=120
    )
    said = done.stdout.decode()
    assert done.returncode == 0, said + done.stderr.decode()
    assert "Demo Complete" in said
    return said


def _verdicts(said: str) -> list[str]:
    words = ("✅ EXPECTED", "❌ UNEXPECTED", "✅ SUCCESS", "❌ FAILED")
    return [line for line in said.splitlines() if line.startswith(words)]
