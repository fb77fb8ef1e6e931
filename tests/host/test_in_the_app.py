"""`z.migration` on the real zCLI, and what a running app does to CSV files behind a migration."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from tests.host.driving import Driven, answers

SCHEMA = """\
Meta:
  Data_Type: csv
  Data_Label: users
  Data_Path: "@.Data"
  zMigration: true
  zMigrationVersion: v1.0.0
users:
  id: {type: int, pk: true}
  name: {type: str}
"""
ROWS = "id,name\n1,ada\n2,bob\n"
WIDER = "id,name,email\n1,ada,x\n2,bob,x\n"
EMAIL = "  email: {type: str, backfill: x}\n"
START = """\
import gc, json, os, signal
from zCLI import zCLI
zSpark = {"title": "Demo", "deployment": "Production", "plugins": ["zcli_migration.host"]}
z = zCLI(zSpark)
def answer(value):
    print("ANSWER", json.dumps(value, default=str), flush=True)
"""


def _app(host: Driven, schema: str = SCHEMA) -> None:
    host.write("app.py", START)
    host.write("models/zSchema.users.yaml", schema)
    host.write("Data/users.csv", ROWS)


def _run(host: Driven, code: str) -> list[Any]:
    return [json.loads(found) for found in answers(host.python(START + code))]


def test_the_plugin_gives_every_object_its_migration(host: Driven) -> None:
    _app(host, SCHEMA + EMAIL)
    handlers = "[str(signal.getsignal(n)) for n in (signal.SIGINT, signal.SIGTERM)]"
    code = f"""
before = {handlers}
answer(z.migration.check().pending)
done = z.migration.migrate(auto_approve=True)
answer(done.applied)
answer({handlers} == before)
answer(sum(isinstance(found, zCLI) for found in gc.get_objects()))
z.data.load_schema(z.loader.handle("@.models.zSchema.users"))
answer(z.data.select("users"))
second = zCLI(zSpark)
answer([second.migration is not z.migration, second.migration.check().up_to_date])
answer([r.to_version for h in second.migration.history() for r in h.records])
answer(z.migration.rollback(auto_approve=True).rolled_back)
"""
    pending, applied, kept, objects, rows, second, history, back = _run(host, code)
    assert (pending, applied, back) == (["zSchema.users"],) * 3
    assert (kept, objects, second) == (True, 1, [True, True])
    assert [row["email"] for row in rows] == ["x", "x"]
    assert len(history) == 1
    assert host.text("Data/users.csv") == ROWS


def test_the_rows_that_the_app_has_loaded_do_not_come_back_over_the_new_ones(
    host: Driven,
) -> None:
    """Within one process the app's copy is closed first, so that its old one is never written."""
    _app(host, SCHEMA + EMAIL)
    code = """
z.data.load_schema(z.loader.handle("@.models.zSchema.users"))
z.data.select("users")
z.migration.migrate(auto_approve=True)
z.data.disconnect()
"""
    _run(host, code)
    assert host.text("Data/users.csv") == WIDER


def test_the_hosts_own_migrate_works_through_the_bridge(host: Driven) -> None:
    _app(host, SCHEMA + EMAIL)
    code = """
z.migration.bridge()
answer(z.data.migrate("@.models.zSchema.users", auto_approve=True))
"""
    (done,) = _run(host, code)
    assert (done["success"], done["operations_executed"]) == (True, 1)
    assert host.text("Data/users.csv") == WIDER


def test_hooks_get_the_apps_own_object(host: Driven) -> None:
    hook = "  zMigrationHooks: {after_migrate: '@.plugins.own.look'}\n"
    _app(host, SCHEMA.replace("users:\n", hook + "users:\n") + EMAIL)
    host.write(
        "plugins/own.py",
        "def look(zcli, **_):\n    zcli.session['seen'] = len(zcli.data.users.select())\n",
    )
    code = "z.migration.migrate(auto_approve=True)\nanswer(z.session['seen'])\n"
    assert _run(host, code) == [2]


def test_an_app_that_ran_through_a_migration_is_found_out(host: Driven, tmp_path: Path) -> None:
    """Another process has the table loaded, and writes its old copy back when it disconnects."""
    _app(host)
    assert host.migrate("app.py", "--auto-approve").code == 0
    running = _with_its_table_loaded(host)
    host.write("models/zSchema.users.yaml", SCHEMA + EMAIL)
    warned = host.migrate("app.py", "--auto-approve")
    assert warned.code == 0
    assert "stop the app first: zCLI writes its own copy back" in warned.out
    assert host.text("Data/users.csv") == WIDER
    running.communicate("\n", timeout=60)
    assert host.text("Data/users.csv") == ROWS, "the host has written its old copy"
    found = host.migrate("app.py", "--check")
    assert found.code == 4
    assert "column users.email is gone" in found.said
    assert "an app that was running during a migration" in found.said


def _with_its_table_loaded(host: Driven) -> subprocess.Popen[str]:
    """An app in a process of its own that writes its copy back when it is given a line."""
    code = """
z.data.load_schema(z.loader.handle("@.models.zSchema.users"))
z.data.select("users")
answer("loaded")
input()
z.data.disconnect()
"""
    running = host.start(START + code)
    assert running.stdout is not None
    while "ANSWER" not in running.stdout.readline():
        assert running.poll() is None
    return running


def test_old_values_that_the_app_wrote_back_are_found_out(host: Driven) -> None:
    """The header is the same before and after; only the values have gone back."""
    _app(host)
    host.write("Data/users.csv", "id,name\n1,ada\n2,\n")
    assert host.migrate("app.py", "--auto-approve").code == 0
    running = _with_its_table_loaded(host)
    required = SCHEMA.replace("name: {type: str}", "name: {type: str!, backfill: nobody}")
    host.write("models/zSchema.users.yaml", required)
    assert host.migrate("app.py", "--auto-approve").code == 0
    assert host.text("Data/users.csv") == "id,name\n1,ada\n2,nobody\n"
    assert host.migrate("app.py", "--check").code == 0
    running.communicate("\n", timeout=60)
    assert host.text("Data/users.csv") == "id,name\n1,ada\n2,\n"
    found = host.migrate("app.py", "--check")
    assert found.code == 4
    assert "column users.name holds the values again that the last migration replaced" in found.said
    assert host.migrate("app.py", "--auto-approve", "--force-sync").code == 0
    assert host.text("Data/users.csv") == "id,name\n1,ada\n2,nobody\n"
    host.python(
        f"{START}z.data.load_schema(z.loader.handle('@.models.zSchema.users'))\n"
        "z.data.select('users')\nz.data.disconnect()\n"
    )
    assert host.migrate("app.py", "--check").code == 0, "an app that only reads is no alarm"
