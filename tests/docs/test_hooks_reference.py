"""docs/hooks-reference.md has every hook with its signature, and examples that run."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from types import ModuleType

import pluggy
import pytest

from tests.cli.folder import META, USERS, AppFolder
from tests.docs.fences import ROOT, Fence, fences
from zmigration_api import PROJECT, Hooks

PAGE = ROOT / "docs" / "hooks-reference.md"
SPECS = {
    name: spec
    for name, spec in inspect.getmembers(Hooks, inspect.isfunction)
    if name.startswith("zmigration_")
}


def signature(name: str) -> str:
    """As the heading says it: without self, and with the annotations as they are written."""
    found = inspect.signature(SPECS[name])
    parameters = [p for p in found.parameters.values() if p.name != "self"]
    arguments = ", ".join(f"{p.name}: {p.annotation}" for p in parameters)
    return f"{name}({arguments}) -> {found.return_annotation}"


@pytest.mark.parametrize("name", SPECS)
def test_every_hook_has_a_heading_with_its_signature(name: str) -> None:
    headings = re.findall(r"^## (.*)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert signature(name) in headings


@pytest.mark.parametrize("name", SPECS)
def test_every_hook_is_described_as_its_docstring_does(name: str) -> None:
    text = " ".join(PAGE.read_text(encoding="utf-8").split())
    first = " ".join((inspect.getdoc(SPECS[name]) or "").split("\n\n")[0].split())
    assert first
    assert first in text


EXAMPLES = [fence for fence in fences(PAGE) if fence.language == "python"]


def test_every_hook_has_an_example() -> None:
    shown = "".join(fence.text for fence in EXAMPLES)
    assert [name for name in SPECS if f"def {name}(" not in shown] == []


@pytest.mark.parametrize("fence", EXAMPLES, ids=lambda fence: fence.place)
def test_examples_are_plugins(fence: Fence, tmp_path: Path) -> None:
    module = ModuleType("example")
    exec(compile(fence.text, fence.place, "exec"), module.__dict__)
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(Hooks)
    manager.register(module)
    manager.check_pending()


@pytest.mark.parametrize("fence", EXAMPLES, ids=lambda fence: fence.place)
def test_an_app_runs_with_the_examples(
    fence: Fence, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "user"))
    app = AppFolder.laid_out(tmp_path / "app")
    name = f"example_{fence.line}"
    app.write(f"{name}.py", fence.text)
    app.write("zTest.py", f'zSpark = {{"title": "x", "plugins": ["{name}"]}}\n')
    policy = "  zMigrationPolicy: major-only\n" if "major-only" in fence.text else ""
    app.schema(USERS, META + policy)
    assert app.run("--auto-approve").code == 0
    app.schema(USERS + "  email: {type: str}\n", META + policy)
    done = app.run("--auto-approve")
    assert done.code == 0, done.said
    if policy:
        assert "zMigrationVersion: v2.0.0" in app.text()
    assert app.run("--rollback", "--auto-approve").code == 0
    if "class Money" in fence.text:
        app.schema(USERS + "  price: {type: float}\n")
        assert "users.price is money in a float" in app.run("--check").said
        app.schema(USERS + "  extra: {type: json}\n")
        assert "nobody can index json" in app.run("--dry-run").said
