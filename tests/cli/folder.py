"""The specification's app: zTest.py, .zEnv, models/zSchema.users.yaml and a folder Data."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.scenarios.harness import Done, Files, files_of, run

ZSPARK = 'zSpark = {"title": "zCloud", "zMode": "Terminal"}\n'
META = """\
Meta:
  Data_Type: csv
  Data_Source: ZDATA_USERS_URL
  zMigration: true
  zMigrationVersion: v1.0.0
"""
USERS = """\
users:
  id: {type: int, pk: true}
  name: {type: str}
"""
ROWS = "id,name\n1,ada\n2,bob\n"


@dataclass(frozen=True, slots=True)
class AppFolder:
    """An app's folder, to be broken by a test."""

    path: Path

    @classmethod
    def laid_out(cls, path: Path) -> AppFolder:
        app = cls(path)
        for name in ("models", "plugins", "Data"):
            (path / name).mkdir(parents=True)
        app.write("zTest.py", ZSPARK)
        app.write(".zEnv", "ZDATA_USERS_URL=@.Data\n")
        app.write("models/zSchema.users.yaml", f"{META}\n{USERS}")
        app.write("Data/users.csv", ROWS)
        return app

    @property
    def file(self) -> str:
        return str(self.path / "zTest.py")

    def write(self, name: str, content: str | bytes) -> None:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)

    def schema(self, tables: str = USERS, meta: str = META) -> None:
        self.write("models/zSchema.users.yaml", f"{meta}\n{tables}")

    def with_email(self) -> None:
        """A pending change: the file wants one column more."""
        self.schema(USERS + "  email: {type: str}\n")

    def text(self, name: str = "models/zSchema.users.yaml") -> str:
        return (self.path / name).read_bytes().decode()

    def run(self, *arguments: str) -> Done:
        return run(self.file, *arguments)

    def snapshot(self, *, times: bool = False) -> Files:
        return files_of(self.path, times=times)
