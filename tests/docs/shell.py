"""Running the commands of a page as a person would type them, and comparing what they print."""

from __future__ import annotations

import os
import pty
import re
import shlex
import subprocess
from pathlib import Path

from tests.docs.fences import Command, commands, fences


class Shell:
    """Runs one command after the other as a person would type them, folder changes included."""

    def __init__(self, home: Path, folder: Path, programs: Path) -> None:
        self.folder = folder
        self.note = home / "pwd"
        kept = {name: value for name, value in os.environ.items() if not name.startswith("ZDATA_")}
        self.environment = {
            **kept,
            "PATH": f"{programs}{os.pathsep}{kept['PATH']}",
            "HOME": str(home),
            "XDG_DATA_HOME": str(home / "user-data"),
            "COLUMNS": "80",
            "NO_COLOR": "1",
            "PYTHONUTF8": "1",
        }

    def run(self, command: Command) -> tuple[int, str]:
        """The exit code and everything printed; what is typed at prompts comes by a terminal."""
        script = f"{command.text}\ncode=$?; pwd >{shlex.quote(str(self.note))}; exit $code"
        person, terminal = pty.openpty()
        try:
            os.write(person, "".join(f"{answer}\n" for answer in command.answers).encode())
            done = subprocess.run(
                ["bash", "-c", script],
                cwd=self.folder,
                env=self.environment,
                stdin=terminal if command.answers else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                encoding="utf-8",
                timeout=120,
            )
        finally:
            os.close(person)
            os.close(terminal)
        self.folder = Path(self.note.read_text().strip())
        return done.returncode, with_echo(done.stdout, command.answers)


def with_echo(output: str, answers: list[str]) -> str:
    """The output as a terminal shows it: with what was typed at each prompt."""
    typed = iter(answers)
    return re.sub(r"\[y/N\] ", lambda prompt: f"{prompt[0]}{next(typed)}\n", output)


def run_page(page: Path, shell: Shell) -> None:
    """Every file of the page is written, and every command does what the page says."""
    for fence in fences(page):
        if fence.file is not None:
            file = shell.folder / fence.file
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(fence.text, encoding="utf-8")
        for command in commands(fence):
            code, output = shell.run(command)
            assert code == command.exit_code, f"{command.place}\n{output}"
            assert command.prints(output), f"{command.place}\nreally prints:\n{output}"
