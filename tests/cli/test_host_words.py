"""`zolo` with words that are not ours is the host's own command: arguments, streams, exit code."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

ZOLO = Path(sys.executable).with_name("zolo")
HOST = """\
import sys

def main():
    print("host", sys.argv[1:], sys.stdin.read())
    print("aside", file=sys.stderr)
    return {"three": 3, "words": "it went wrong", "none": None}[sys.argv[1]] if sys.argv[1:] else 0
"""


def installed(folder: Path, name: str) -> Path:
    """A folder for PYTHONPATH with a distribution that has a `zolo` of its own."""
    info = folder / f"{name.replace('-', '_')}-9.9.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 9.9\n")
    (info / "entry_points.txt").write_text("[console_scripts]\nzolo = the_host:main\n")
    (folder / "the_host.py").write_text(HOST)
    return folder


def zolo(words: Sequence[str], path: Path | str = "") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(path)}
    command = [str(ZOLO), *words]
    return subprocess.run(
        command, input="typed", env=environment, capture_output=True, text=True, timeout=60
    )


@pytest.mark.parametrize("name", ["zolo-zcli", "zolo-os"])
@pytest.mark.parametrize(
    ("words", "code", "aside"),
    [
        ((), 0, "aside\n"),
        (("three", "--dry-run", "a b"), 3, "aside\n"),
        (("words",), 1, "aside\nit went wrong\n"),
        (("none", "-h"), 0, "aside\n"),
    ],
)
def test_they_are_handed_on(
    tmp_path: Path, name: str, words: tuple[str, ...], code: int, aside: str
) -> None:
    done = zolo(words, installed(tmp_path, name))
    assert (done.returncode, done.stderr) == (code, aside)
    assert done.stdout == f"host {list(words)} typed\n"


def test_ours_stay_ours(tmp_path: Path) -> None:
    done = zolo(["plugins", "--json"], installed(tmp_path, "zolo-zcli"))
    assert done.returncode == 0
    assert "host" not in done.stdout.splitlines()[0]
    assert "usage: zolo migrate" in zolo(["migrate", "--help"], tmp_path).stdout


def test_without_a_host_there_is_a_short_help(tmp_path: Path) -> None:
    for words, code in ((), 0), (("--help",), 0), (("shell",), 2):
        done = zolo(words, tmp_path)
        assert done.returncode == code
        assert "usage: zolo migrate" in done.stdout + done.stderr
