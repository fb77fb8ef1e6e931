"""The same changes by `zolo migrate`: plan, questions, archive, proof, history and all."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from benchmarks.measure import Command, Runner, Sample

_COLUMNS: Mapping[str, str] = {
    "id": "{type: int, pk: true}",
    **dict.fromkeys(("name", "age", "email", "born", "score", "note", "state"), "{type: str}"),
}
_HEAD = """\
Meta:
  Data_Type: csv
  Data_Source: ZDATA_T_URL
  zMigration: true
  zMigrationVersion: {version}

t:
"""
_ARGUMENTS = (sys.executable, "-m", "zcli_migration", "migrate", "app.py", "--auto-approve")


class Migration:
    """An app in `folder` whose only table is that file, and one change of its schema."""

    def __init__(self, folder: Path, source: Path, operation: str) -> None:
        self._folder = folder
        self._source = source
        self._operation = operation

    def measured(self, runner: Runner) -> Sample:
        """Make the app, record how it is, change the schema; the migration alone is measured."""
        folder, schema = self._folder, self._folder / "zSchema.t.yaml"
        (folder / "Data").mkdir(parents=True)
        shutil.copy(self._source, folder / "Data" / "t.csv")
        (folder / "app.py").write_text('zSpark = {"title": "T", "zMode": "Terminal"}\n')
        (folder / ".zEnv").write_text("ZDATA_T_URL=@.Data\n")
        schema.write_text(_text(_COLUMNS, "v1.0.0"))
        try:
            runner.run(Command(_ARGUMENTS, folder))
            version = re.search("zMigrationVersion: (.*)", schema.read_text())
            assert version is not None
            schema.write_text(_text(_changed(self._operation), version[1]))
            return runner.run(Command(_ARGUMENTS, folder))
        finally:
            shutil.rmtree(folder)


def _text(columns: Mapping[str, str], version: str) -> str:
    lines = (f"  {name}: {column}\n" for name, column in columns.items())
    return _HEAD.format(version=version) + "".join(lines)


def _changed(operation: str) -> dict[str, str]:
    columns = dict(_COLUMNS)
    if operation in ("int", "all"):
        columns["age"] = "{type: int}"
    if operation in ("drop", "all"):
        del columns["email"]
    if operation in ("add", "all"):
        columns["flag"] = "{type: str, default: new}"
    if operation == "all":
        columns["id"] = "{type: int, pk: true, unique: true}"
    if operation in ("rename", "all"):
        renamed = "{type: str, renamed_from: name}"
        pairs = (("nick", renamed) if n == "name" else (n, c) for n, c in columns.items())
        columns = dict(pairs)
    return columns
