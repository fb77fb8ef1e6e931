"""`zolo` with words of the real host: what its own entry point says, and ours beside it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

ZOLO = Path(sys.executable).with_name("zolo")
THEIRS = "import sys; sys.argv[0] = {0!r}; from main import main; sys.exit(main())"


def said(command: Sequence[str], folder: Path) -> tuple[int, str, str]:
    done = subprocess.run(
        command, input="exit\n", cwd=folder, capture_output=True, text=True, timeout=120
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    "words", [("--version",), ("--help",), ("nonsense",), ("uninstall", "-h"), ("shell", "-x")]
)
def test_they_are_the_hosts(words: tuple[str, ...], tmp_path: Path) -> None:
    theirs = said([sys.executable, "-c", THEIRS.format(str(ZOLO)), *words], tmp_path)
    assert said([str(ZOLO), *words], tmp_path) == theirs


def test_migrate_and_plugins_are_ours(tmp_path: Path) -> None:
    code, out, _ = said([str(ZOLO), "migrate", "--help"], tmp_path)
    assert (code, "usage: zolo migrate" in out) == (0, True)
    assert said([str(ZOLO), "plugins"], tmp_path)[0] == 0


def test_the_doctor_knows_the_host(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text('zSpark = {"title": "Demo"}\n')
    _, out, _ = said([str(ZOLO), "migrate", "app.py", "--doctor"], tmp_path)
    assert "zolo-zcli" in out
