"""An app that runs in this process: an object with what zCLI's has, over the app's own files."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.cli.folder import AppFolder
from zcli_migration import attach
from zcli_migration.subsystem import Migration


@dataclass(slots=True)
class Told:
    """A display that keeps what it was given."""

    lines: list[str] = field(default_factory=list)

    def text(self, content: str) -> None:
        self.lines.append(content)


class SQLiteData:
    """As zCLI's `data` over SQLite: one connection, which is held from load_schema on."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.schema: Mapping[str, Any] = {}
        self.connection: sqlite3.Connection | None = None

    def load_schema(self, schema: Mapping[str, Any]) -> None:
        self.schema = schema
        self.connection = sqlite3.connect(self.file, isolation_level=None)

    def is_connected(self) -> bool:
        return self.connection is not None

    def disconnect(self) -> None:
        if self.connection is not None:
            self.connection.close()
        self.connection = None

    def migrate(self, new_schema_path: str, **_: object) -> dict[str, object]:
        raise AttributeError(new_schema_path)  # as the host's does


class RunningApp:
    """What zCLI has made of its zSpark when it tells a plugin of itself."""

    def __init__(self, folder: Path, data: object = None, **zspark: object) -> None:
        self.zspark_obj = {"title": "zCloud", "zSpace": str(folder), **zspark}
        self.session: dict[str, object] = {"zSpace": str(folder), "zSpark": self.zspark_obj}
        self.display = Told()
        self.logger = object()
        self.data = data
        self.migration: Migration


def started(app: AppFolder, data: object = None) -> RunningApp:
    """The app's object with its `migration`; zCLI has put the lines of `.zEnv` into os.environ."""
    for line in app.text(".zEnv").splitlines():
        name, value = line.split("=", 1)
        os.environ[name] = value
    running = RunningApp(app.path, data)
    attach(running)
    return running
