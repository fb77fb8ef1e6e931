"""What a run loads: a check with nothing to do must not wait for what it does not need."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.cli.folder import META, USERS, AppFolder

HEAVY = {"sqlalchemy", "rich", "psycopg", "numpy", "asyncio", "ssl", "email.parser"}
NOT_FOR_A_CHECK = {"dotenv", "importlib_metadata", "logging", "tempfile", "traceback", "uuid"}
LOADED = """\
import contextlib, io, sys
from zcli_migration.cli import zolo
code = None
with contextlib.redirect_stdout(io.StringIO()):
    try:
        code = zolo(sys.argv[1:])
    except SystemExit as stop:
        code = stop.code
print(code, *sys.modules)
"""


def loaded(folder: Path, *arguments: str) -> tuple[str, set[str]]:
    """The exit code of `zolo migrate ...` in a new process, and every module it has loaded."""
    command = [sys.executable, "-c", LOADED, "migrate", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    code, *names = done.stdout.split()
    return code, set(names)


@pytest.mark.parametrize("data_type", ["csv", "sqlite"])
def test_check_loads_nothing_heavy(app: AppFolder, data_type: str) -> None:
    app.schema(USERS, META.replace("csv", data_type))
    assert app.run("--auto-approve").code == 0
    code, names = loaded(app.path, "zTest.py", "--check")
    assert code == "0"
    assert f"zmigration_{data_type}.store" in names
    assert names.isdisjoint(HEAVY | NOT_FOR_A_CHECK)


@pytest.mark.parametrize("arguments", [("--help",), ("-V",)])
def test_help_loads_nothing_but_the_command_line(tmp_path: Path, arguments: Sequence[str]) -> None:
    code, names = loaded(tmp_path, *arguments)
    assert code == "0"
    assert "zcli_migration.cli" in names
    assert names.isdisjoint({*HEAVY, "yaml", "pluggy", "dotenv", "sqlite3", "zmigration_api"})
