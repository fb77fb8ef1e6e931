"""Other people's plugins: what they add, and that a broken one harms only what needs it."""

from __future__ import annotations

import contextlib
import io
import itertools
import json
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.folder import META, USERS, AppFolder
from zcli_migration.cli import plugins_command

Install = Callable[..., str]
_NUMBERS = itertools.count()
HEAD = "from zmigration_api import *\n"
EMAIL = USERS + "  email: {type: str}\n"
NO_NAME = "users:\n  id: {type: int, pk: true}\n"
RULE = """
class Rule:
    name = "{name}"
    after = ("columns",)
    def run(self, current, desired, changes):
        {run}
{more}
@hookimpl
def zmigration_diff_rules():
    return [Rule()]
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Put a distribution with one plugin on the path, as pip would; the module's name."""
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(str(site))

    def put(code: str, name: str = "acme", *, distribution: str = "acme-plugin") -> str:
        module = f"plugin_of_{name}_{next(_NUMBERS)}"
        (site / f"{module}.py").write_text(HEAD + code)
        folder = site / f"{distribution.replace('-', '_')}-1.2.dist-info"
        folder.mkdir(exist_ok=True)
        (folder / "METADATA").write_text(f"Name: {distribution}\nVersion: 1.2\n\n")
        with (folder / "entry_points.txt").open("a") as entries:
            if not entries.tell():
                entries.write("[zmigration]\n")
            entries.write(f"{name} = {module}\n")
        return module

    return put


def listed(*arguments: str) -> dict[str, dict[str, Any]]:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        assert plugins_command([*arguments, "--json"]) == 0
    return {plugin["name"]: plugin for plugin in json.loads(out.getvalue())}


def broken(name: str = "acme") -> str:
    plugin = listed()[name]
    assert (plugin["status"], plugin["distribution"]) == ("broken", "acme-plugin")
    assert plugin["version"] == "1.2"
    return str(plugin["error"])


def still_works(app: AppFolder) -> None:
    app.with_email()
    done = app.run("--auto-approve")
    assert done.code == 0, done.said


def test_a_table_of_plugins(install: Install, capsys: pytest.CaptureFixture[str]) -> None:
    install(RULE.format(name="mine", run="return changes", more=""))
    install("def broken(: pass", "bad")
    assert plugins_command([]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["PLUGIN", "DISTRIBUTION", "VERSION", "STATUS", "PROVIDES"]
    text = "\n".join(" ".join(line.split()) for line in lines)
    assert "csv zcli-migration" in text
    assert "ok backend csv" in text
    assert "acme acme-plugin 1.2 ok rule mine" in text
    assert "bad acme-plugin 1.2 broken -" in text
    assert "⚠️ SyntaxError" in text


BROKEN = {
    "fails to import": ("1 / 0", "ZeroDivisionError: division by zero"),
    "leaves": ("raise SystemExit(3)", "SystemExit: 3"),
    "another API": ("ZMIGRATION_API = 99", "written for plugin API 99, this is 1"),
    "misspelt hook": (
        "@hookimpl\ndef zmigration_befor_migrate(context): ...",
        "did you mean zmigration_before_migrate?",
    ),
    "unknown argument": ("@hookimpl\ndef zmigration_before_migrate(schemas): ...", "schemas"),
    "wrapper": (
        "@hookimpl(wrapper=True)\ndef zmigration_backends():\n    return (yield)",
        "zmigration_backends may not be a wrapper",
    ),
    "backends raise": (
        "@hookimpl\ndef zmigration_backends(): raise RuntimeError('no')",
        "RuntimeError: no",
    ),
    "no backend": ("@hookimpl\ndef zmigration_backends(): return [42]", "42, which is no backend"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_plugin_is_named_and_harms_nothing(
    what: str, install: Install, app: AppFolder
) -> None:
    code, said = BROKEN[what]
    install(code)
    assert said in broken()
    still_works(app)
    assert f"plugin acme (acme-plugin 1.2): {broken()}" in app.run("--check").said


def test_a_plugin_that_hangs(
    install: Install, app: AppFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZMIGRATION_PLUGIN_TIMEOUT", "0.2")
    install("import time\ntry:\n    time.sleep(60)\nexcept Exception:\n    time.sleep(60)\n")
    started = time.monotonic()
    assert "importing it took longer than 0.2 s" in broken()
    still_works(app)
    assert time.monotonic() - started < 30


def test_two_plugins_of_one_name(install: Install, app: AppFolder) -> None:
    install("")
    install("", distribution="other-plugin")
    errors = [error for p in _all() if (error := p["error"])]
    assert errors == ["another plugin is called acme too"]
    still_works(app)


def _all() -> list[dict[str, Any]]:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        plugins_command(["--json"])
    found: list[dict[str, Any]] = json.loads(out.getvalue())
    return found


SECOND_CSV = """
from zmigration_sqlite.plugin import SQLite
class Csv(SQLite):
    name = "csv"
    aliases = ()
@hookimpl
def zmigration_backends():
    return [Csv()]
"""


def test_two_backends_of_one_name_harm_their_schemas_alone(
    install: Install, app: AppFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(SECOND_CSV)
    done = app.run("--check")
    assert done.code == 2
    assert "two plugins offer the backend 'csv': csv (zcli-migration" in done.said
    assert "and acme (acme-plugin 1.2)" in done.said
    assert "ZMIGRATION_DISABLE_PLUGINS=acme" in done.said
    app.schema(meta=META.replace("csv", "sqlite"))
    assert app.run("--auto-approve").code == 0
    app.schema()
    monkeypatch.setenv("ZMIGRATION_DISABLE_PLUGINS", "other, acme")
    assert app.run("--check").code == 0
    assert listed()["acme"]["status"] == "switched off"


def test_no_plugins(install: Install, app: AppFolder) -> None:
    install("@hookimpl\ndef zmigration_before_migrate(context): raise RuntimeError('here')")
    app.with_email()
    failed = app.run("--auto-approve")
    assert failed.code == 1
    assert "plugin acme (acme-plugin 1.2): zmigration_before_migrate raised RuntimeError: here" in (
        failed.said
    )
    assert "in zmigration_before_migrate" in failed.said
    assert app.run("--auto-approve", "--no-plugins").code == 0


def test_rules_of_one_name(install: Install, app: AppFolder) -> None:
    install(RULE.format(name="columns", run="return changes", more=""))
    app.with_email()
    done = app.run("--check")
    assert done.code == 2
    assert "two plugins offer the diff rule 'columns': builtin and acme (acme-plugin 1.2)" in (
        done.said
    )


def test_a_rule_that_raises(install: Install, app: AppFolder) -> None:
    install(RULE.format(name="mine", run="return changes[5]", more=""))
    app.with_email()
    before = app.snapshot()
    done = app.run("--auto-approve")
    assert done.code == 1
    assert "the diff rule mine raised IndexError" in done.said
    assert app.snapshot() == before


def test_a_rule_that_rewrites_refuses_and_warns(install: Install, app: AppFolder) -> None:
    refuse = (
        "for c in changes:\n"
        "            if isinstance(c, AddColumn) and c.column.name == 'email':\n"
        "                raise UnsupportedChange('no mail here', hint='ask the boss')\n"
        "        return changes"
    )
    more = (
        "    def hazards(self, change, current, desired):\n"
        "        if isinstance(change, AddColumn):\n"
        "            yield Hazard('note', 'think twice about ' + change.column.name)\n"
    )
    install(RULE.format(name="mine", run=refuse, more=more))
    app.with_email()
    done = app.run("--check")
    assert "no mail here" in done.said
    assert "ask the boss" in done.said
    app.schema(USERS + "  phone: {type: str}\n")
    done = app.run("--dry-run")
    assert done.code == 0
    assert "think twice about phone" in done.said
    assert app.run("--auto-approve").code == 0


def test_a_version_policy_by_name(install: Install, app: AppFolder) -> None:
    install(
        "@hookimpl\n"
        "def zmigration_suggest_version(schema, current, changes):\n"
        "    if schema.policy == 'tens':\n"
        "        return Version(current.major, current.minor, current.patch + 10)\n"
        "    if schema.policy == 'stuck':\n"
        "        return current\n"
    )
    meta = META + "  zMigrationPolicy: {}\n"
    app.schema(meta=meta.format("tens"))
    assert app.run("--auto-approve").code == 0
    app.schema(EMAIL, meta.format("tens"))
    assert app.run("--auto-approve", "--json").json["schemas"][0]["to_version"] == "v1.0.10"
    app.schema(USERS, meta.format("stuck").replace("v1.0.0", "v1.0.10"))
    done = app.run("--check")
    assert done.code == 2
    assert "suggests v1.0.10, which is not after v1.0.10" in done.said
    app.schema(USERS, meta.format("nobody's").replace("v1.0.0", "v1.0.10"))
    assert 'no plugin knows the version policy "nobody\'s"' in app.run("--check").said


RULE_SETS = [
    ("no-drops", NO_NAME, "Drop column: users.name"),
    ("no-breaking", NO_NAME, "Drop column: users.name"),
    ("require-notes-on-breaking", NO_NAME, "Drop column: users.name"),
]


@pytest.mark.parametrize("where", ["Meta", "zSpark"])
@pytest.mark.parametrize(("name", "tables", "what"), RULE_SETS)
def test_rule_sets(app: AppFolder, name: str, tables: str, what: str, where: str) -> None:
    meta = META + (f"  zMigrationRules: [{name}]\n" if where == "Meta" else "")
    if where == "zSpark":
        app.write("zTest.py", f'zSpark = {{"title": "x", "zMigrationRules": "{name}"}}\n')
    app.schema(meta=meta)
    assert app.run("--auto-approve").code == 0
    app.schema(EMAIL, meta)
    assert app.run("--auto-approve").code == 0
    meta = meta.replace("v1.0.0", "v1.0.1")
    app.schema(tables + "  email: {type: str}\n", meta)
    before = app.snapshot()
    done = app.run("--auto-approve")
    assert done.code != 0
    assert f"the rule {name} refuses this: {what}" in done.said
    assert app.snapshot() == before
    app.schema(tables + "  email: {type: str}\n", meta + "  zMigrationNotes: as agreed\n")
    noted = app.run("--auto-approve")
    assert (noted.code == 0) == (name == "require-notes-on-breaking")


def test_an_unknown_rule_set(app: AppFolder) -> None:
    app.schema(meta=META + "  zMigrationRules: no-drop\n")
    done = app.run("--check")
    assert done.code == 2
    assert "there is no rule 'no-drop' for zMigrationRules" in done.said
    assert "did you mean no-drops?" in done.said


def test_a_plugin_that_zspark_names(app: AppFolder) -> None:
    name = f"guard_{next(_NUMBERS)}"
    app.write(
        f"{name}.py",
        "from zmigration_api import hookimpl\n"
        "@hookimpl\n"
        "def zmigration_after_migrate(context):\n"
        "    return {'rows': context.data.users.count()}\n",
    )
    app.write("host_only.py", "raise RuntimeError('this is for the host alone')\n")
    plugins = [name, "host_only", "gone.module"]
    app.write("zTest.py", f'zSpark = {{"title": "x", "plugins": {plugins}}}\n')
    app.with_email()
    done = app.run("--auto-approve")
    assert done.code == 0, done.said
    plugin = listed(app.file)[name]
    assert (plugin["distribution"], plugin["provides"]) == ("zSpark", ["hook after_migrate"])
    assert recorded_hooks(app) == [{"moment": "after_migrate", "hook": name, "result": {"rows": 2}}]
    assert name not in listed()


def recorded_hooks(app: AppFolder) -> list[dict[str, Any]]:
    (record,) = app.run("--history", "--json").json["schemas"][0]["records"][-1:]
    found: list[dict[str, Any]] = json.loads(record["meta_data"]).get("hooks", [])
    return found


HOOKS = """
async def awaited(zcli):
    return len(zcli.data.users.select())

def odd(zcli, **kwargs):
    return {1, 2} if "changes" in kwargs else None

def large(context):
    return "x" * 20_000
"""


def test_hook_results_are_recorded(app: AppFolder) -> None:
    app.write("plugins/hooks.py", HOOKS)
    hooks = (
        "  zMigrationHooks:\n"
        "    before_migrate: '@.plugins.hooks.awaited'\n"
        "    after_migrate: ['&hooks.odd()', 'zFunc(@.plugins.hooks.large)']\n"
        "    on_rollback: '@.plugins.hooks.awaited'\n"
    )
    app.schema(meta=META + hooks)
    assert app.run("--auto-approve").code == 0
    app.schema(EMAIL, META + hooks)
    assert app.run("--auto-approve").code == 0
    before, odd, large = recorded_hooks(app)
    assert before == {
        "moment": "before_migrate",
        "hook": "@.plugins.hooks.awaited",
        "result": 2,
    }
    assert (odd["hook"], odd["result"]) == ("&hooks.odd()", "{1, 2}")
    assert len(large["result"]) < 11_000
    assert app.run("--rollback", "--auto-approve").code == 0
    (back,) = recorded_hooks(app)
    assert (back["moment"], back["result"]) == ("on_rollback", 2)


HOST = """
import os, signal
made = []
class zCLI:
    def __init__(self, zspark):
        print("Graceful banner")
        signal.signal(signal.SIGINT, lambda *_: os._exit(0))
        made.append(zspark)
        self.comm = "comm"
        self.data = None
"""


def test_what_the_light_zcli_lacks_is_asked_of_the_real_one(
    app: AppFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A package that behaves as was seen of the host: it prints, and takes Ctrl-C for itself."""
    (tmp_path / "host").mkdir()
    (tmp_path / "host/zCLI.py").write_text(HOST)
    monkeypatch.syspath_prepend(str(tmp_path / "host"))
    sys.modules.pop("zCLI", None)
    app.write("zTest.py", 'zSpark = {"title": "x", "zMode": "zBifrost", "plugins": ["a.b"]}\n')
    app.write(
        "plugins/h.py",
        "def f(zcli):\n    return [zcli.comm, zcli.comm, zcli.data.users.count()]\n",
    )
    hooks = "  zMigrationHooks: {before_migrate: '@.plugins.h.f', after_migrate: '@.plugins.h.f'}\n"
    app.schema(EMAIL, META + hooks)
    before = signal.getsignal(signal.SIGINT)
    done = app.run("--auto-approve")
    assert done.code == 0, done.said
    assert "Graceful" not in done.said
    assert signal.getsignal(signal.SIGINT) is before
    assert [hook["result"] for hook in recorded_hooks(app)] == [["comm", "comm", 2]] * 2
    (zspark,) = sys.modules["zCLI"].made
    assert zspark == {"title": "x", "zSpace": str(app.path), "deployment": "Production"}
    del sys.modules["zCLI"]


def test_without_a_host_the_hook_is_told_what_there_is(
    app: AppFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "zCLI", None)
    app.write("plugins/h.py", "def f(zcli):\n    return zcli.comm\n")
    app.schema(EMAIL, META + "  zMigrationHooks: {after_migrate: '@.plugins.h.f'}\n")
    done = app.run("--auto-approve")
    assert done.code == 1
    assert "zcli.comm needs zolo-zcli, which is not installed" in done.said
    assert "line 2, in f: return zcli.comm" in done.said


def test_a_rule_sees_also_what_has_not_moved(install: Install, app: AppFolder) -> None:
    """A store where nothing has moved is not looked at, unless a rule may see more."""
    assert app.run("--auto-approve").code == 0
    install(RULE.format(name="mine", run="raise UnsupportedChange('never')", more=""))
    assert "never" in app.run("--check").said
    assert app.run("--check", "--no-plugins").code == 0
