"""The example plugin as somebody else would install it: from its wheel, into an empty environment.

Nothing of this repository is on the path there; `zcli-migration` is a wheel beside it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from tests.docs.fences import ROOT, fences
from tests.docs.shell import Shell, run_page

EXAMPLE = ROOT / "plugins_example"
PAGE = EXAMPLE / "README.md"


def done(*command: str | Path, cwd: Path) -> str:
    """What the command prints; the test fails with it if the command does."""
    result = subprocess.run(
        [*map(str, command)],
        cwd=cwd,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert result.returncode == 0, f"{command}\n{result.stdout}"
    return result.stdout


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the programs of an environment that has both wheels, and pytest."""
    folder = tmp_path_factory.mktemp("installed")
    for project in (ROOT, EXAMPLE):
        build = ("-m", "hatchling", "build", "--target", "wheel", "--directory", folder / "wheels")
        done(sys.executable, *build, cwd=project)
    wheels = sorted((folder / "wheels").iterdir())
    assert [wheel.name.partition("-")[0] for wheel in wheels] == [
        "zcli_migration",
        "zmigration_duckdb_example",
    ]
    venv.create(folder / "venv", with_pip=True)
    programs = folder / "venv" / "bin"
    pip = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--constraint")
    done(programs / "python", *pip, ROOT / "constraints.txt", *wheels, "pytest", cwd=folder)
    return programs


def test_its_own_tests_pass(programs: Path, tmp_path: Path) -> None:
    shutil.copytree(EXAMPLE / "tests", tmp_path / "tests")
    shutil.copy(EXAMPLE / "pyproject.toml", tmp_path)
    said = done(programs / "python", "-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=tmp_path)
    assert "zMigration conformance: duckdb" in said
    assert "lacks, as it says: AddIndex, DropIndex" in said
    assert "NOT proved" not in said


def test_the_tutorial_works(programs: Path, tmp_path: Path) -> None:
    run_page(PAGE, Shell(tmp_path, tmp_path, programs))


def test_the_tutorial_shows_the_code_as_it_is() -> None:
    code = "\n".join(file.read_text("utf-8") for file in sorted(EXAMPLE.rglob("*.py")))
    code += (EXAMPLE / "pyproject.toml").read_text("utf-8")
    shown = [f for f in fences(PAGE) if f.language in ("python", "toml") and f.file is None]
    assert len(shown) >= 5
    for fence in shown:
        for part in fence.text.split("\n...\n"):
            assert part.strip() in code, f"{fence.place} is not what the code says"
