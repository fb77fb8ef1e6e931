"""The contract needs the standard library and pluggy, and a plugin needs the contract alone."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import zmigration_api

API = Path(zmigration_api.__file__).parent
EXAMPLE = Path(__file__).parents[2] / "plugins_example" / "zmigration_duckdb"
IMPORT_ALL = """
import importlib, pathlib, sys
before = set(sys.modules)
import zmigration_api
root = pathlib.Path(zmigration_api.__file__).parents[1]
for file in root.glob("zmigration_api/**/*.py"):
    name = ".".join(file.relative_to(root).with_suffix("").parts).removesuffix(".__init__")
    if not name.startswith("zmigration_api.testkit"):
        importlib.import_module(name)
tops = {name.partition(".")[0] for name in set(sys.modules) - before}
print(*sorted(tops - set(sys.stdlib_module_names)))
"""


def test_the_contract_loads_pluggy_and_nothing_else() -> None:
    found = subprocess.check_output([sys.executable, "-c", IMPORT_ALL], text=True).split()
    assert found == ["pluggy", "zmigration_api"]


def imported(file: Path) -> set[str]:
    """The top-level packages that a file imports from elsewhere."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module.partition(".")[0])
    return names - set(sys.stdlib_module_names)


@pytest.mark.parametrize("file", sorted(API.rglob("*.py")), ids=lambda f: str(f.relative_to(API)))
def test_no_line_of_the_contract_imports_more(file: Path) -> None:
    testkit = {"pytest"} if "testkit" in file.parts else set()
    assert imported(file) <= {"pluggy", "zmigration_api"} | testkit


@pytest.mark.parametrize("file", sorted(EXAMPLE.glob("*.py")), ids=lambda file: file.name)
def test_the_example_imports_the_contract_alone(file: Path) -> None:
    assert imported(file) <= {"zmigration_api", "duckdb"}


def code_lines(file: Path) -> int:
    """Lines that are neither blank nor comment nor docstring."""
    text = file.read_text(encoding="utf-8")
    told: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(
            node
        ):
            told |= set(range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1))
    lines = enumerate(text.splitlines(), 1)
    return sum(bool(s.strip()) and s.strip()[0] != "#" and n not in told for n, s in lines)


def test_the_example_is_short() -> None:
    assert sum(map(code_lines, EXAMPLE.glob("*.py"))) < 350
