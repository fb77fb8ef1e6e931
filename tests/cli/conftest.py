from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.folder import AppFolder


@pytest.fixture(autouse=True)
def _own_user_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of these tests reaches the user's own folders."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "user"))
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")


@pytest.fixture
def app(tmp_path: Path) -> AppFolder:
    """A zCLI app over a CSV folder with one user in it; nothing is wrong with it."""
    return AppFolder.laid_out(tmp_path / "zCloud")
