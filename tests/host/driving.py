"""Driving a real zCLI app: each time in a process of its own, as an app runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.scenarios.harness import Done, run

REQUESTS = """\
import json, math, sys
from zCLI import zCLI
folder, requests = sys.argv[1], json.loads(sys.argv[2])
z = zCLI({"zSpace": folder, "deployment": "Production", "zTraceback": False})
def plain(value):
    if isinstance(value, float) and math.isnan(value):
        return None
    return value
for request in requests:
    if request["action"] == "update":
        z.data.load_schema(z.loader.handle(request["model"]))
        data = request["data"]
        found = z.data.update(request["table"], list(data), list(data.values()), request["where"])
        z.data.disconnect()
    else:
        found = z.data.handle_request(request)
    if request["action"] == "read":  # shown on the screen, and answered with True
        assert found, request
        z.data.load_schema(z.loader.handle(request["model"]))
        found = [{k: plain(v) for k, v in row.items()} for row in z.data.select(request["table"])]
        z.data.disconnect()
    print("ANSWER", json.dumps(found, default=str), flush=True)
"""


@dataclass(frozen=True, slots=True)
class Driven:
    """One app's folder."""

    folder: Path

    def ask(self, *requests: dict[str, Any]) -> list[Any]:
        """What zCLI's data subsystem answers to requests as zUI files make them."""
        said = self.python(REQUESTS, str(self.folder), json.dumps(requests))
        return [json.loads(found) for found in answers(said)]

    def python(self, code: str, *arguments: str) -> str:
        """What a program prints that runs in the app's folder; it must end well."""
        done = self.start(code, *arguments)
        out, _ = done.communicate("", timeout=120)
        assert done.returncode == 0, out
        return out

    def start(self, code: str, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", code, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            cwd=self.folder,
            env={**os.environ, "PYTHONUTF8": "1", "PYTHONWARNINGS": "ignore"},
        )

    def migrate(self, app: str, *arguments: str) -> Done:
        return run(str(self.folder / app), *arguments)

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def text(self, name: str) -> str:
        return (self.folder / name).read_text(encoding="utf-8")


def answers(said: str) -> list[str]:
    """The lines that start with ANSWER, without that word; what the host prints is between."""
    return [line.removeprefix("ANSWER ") for line in said.splitlines() if "ANSWER " in line[:7]]
