"""The page's backend, run as it stands there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.docs.fences import ROOT, fences

PAGE = ROOT / "docs" / "write-a-backend.md"
BACKEND, TESTS, LESS = (f.text for f in fences(PAGE) if f.language == "python")
APP = 'zSpark = {"title": "Notes"}\n'
SCHEMA = """\
Meta:
  Data_Type: json
  Data_Source: ZDATA_NOTES_URL
  zMigration: true
  zMigrationVersion: {version}

notes:
  id: {{type: int, pk: true}}
  text: {{type: str, required: true}}
"""


class App:
    """An app whose data is in a JSON file, with the page's plugin beside it."""

    def __init__(self, folder: Path, plugin: str) -> None:
        self.folder = folder
        site = folder / "site"
        info = site / "notes_json-0.1.dist-info"
        info.mkdir(parents=True)
        (site / "json_backend.py").write_text(BACKEND)
        (site / "json_less.py").write_text(LESS)
        (info / "METADATA").write_text("Name: notes-json\nVersion: 0.1\n")
        (info / "entry_points.txt").write_text(f"[zmigration]\njson = {plugin}\n")
        self.environment = {**os.environ, "PYTHONPATH": str(site), "HOME": str(folder)}
        (folder / "app.py").write_text(APP)
        (folder / ".zEnv").write_text("ZDATA_NOTES_URL=@.Data\n")
        (folder / "models").mkdir()

    @property
    def data(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "Data" / "data.json").read_text())
        return found

    def write(self, version: str, *fields: str) -> None:
        text = SCHEMA.format(version=version) + "".join(f"  {field}\n" for field in fields)
        (self.folder / "models" / "zSchema.notes.yaml").write_text(text)

    def add(self, text: str) -> None:
        whole = self.data
        row = {name: None for name in (c["name"] for c in whole["notes"]["table"]["columns"])}
        whole["notes"]["rows"].append({**row, "id": "1", "text": text, "mood": "good"})
        (self.folder / "Data" / "data.json").write_text(json.dumps(whole))

    def migrate(self, *arguments: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-m", "zcli_migration", str(self.folder / "app.py"), *arguments],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        return done.returncode, done.stdout


def test_it_proves_what_a_backend_must(tmp_path: Path) -> None:
    (tmp_path / "json_backend.py").write_text(BACKEND)
    (tmp_path / "test_json.py").write_text(TESTS)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_json.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert "zMigration conformance: json" in done.stdout
    assert "lacks, as it says: nothing" in done.stdout
    assert "does not itself remember: foreign_keys, indexes, checks" in done.stdout


def test_it_migrates_and_goes_back(tmp_path: Path) -> None:
    app = App(tmp_path, "json_backend")
    app.write("v1.0.0", "mood: {type: str}")
    assert app.migrate("--auto-approve")[0] == 0
    app.add("hello")
    app.write("v1.0.0", "stars: {type: int, default: 3}")
    code, said = app.migrate("--auto-approve")
    assert code == 0, said
    assert app.data["notes"]["rows"] == [{"id": "1", "text": "hello", "stars": "3"}]
    code, said = app.migrate("--rollback", "--auto-approve")
    assert code == 0, said
    assert app.data["notes"]["rows"] == [{"id": "1", "text": "hello", "mood": "good"}]


@pytest.fixture
def less(tmp_path: Path) -> App:
    app = App(tmp_path, "json_less")
    app.write("v1.0.0", "mood: {type: str}")
    assert app.migrate("--auto-approve")[0] == 0
    app.add("007")
    return app


def test_what_is_not_supported_is_refused_by_name(less: App) -> None:
    before = less.data
    less.write("v1.0.0")
    code, said = less.migrate("--auto-approve")
    assert code == 2
    assert "json cannot do this: Drop column: notes.mood" in said
    assert less.data == before


def test_what_cannot_be_taken_back_is_said_and_refused(less: App) -> None:
    less.write("v1.0.0", "mood: {type: text}", "stars: {type: int}")
    code, said = less.migrate("--dry-run")
    assert code == 0
    assert "json cannot do this: Drop column: notes.stars: --rollback will refuse this" in said
    assert less.migrate("--auto-approve")[0] == 0
    before = less.data
    code, said = less.migrate("--rollback", "--auto-approve")
    assert code == 1
    assert "cannot be taken back: json cannot do this: Drop column: notes.stars" in said
    assert less.data == before


def test_values_that_are_not_kept_are_said_and_refused(less: App) -> None:
    less.write("v1.0.0", "mood: {type: str}")
    file = less.folder / "models" / "zSchema.notes.yaml"
    file.write_text(file.read_text().replace("text: {type: str", "text: {type: int"))
    code, said = less.migrate("--dry-run")
    assert code == 0
    assert "json does not keep what notes.text held before" in said
    assert less.migrate("--auto-approve")[0] == 0
    assert less.data["notes"]["rows"][0]["text"] == "7"
    before = less.data
    code, said = less.migrate("--rollback", "--auto-approve")
    assert code == 1
    assert "json does not keep what notes.text held before" in said
    assert less.data == before
    assert not [name for name in less.data if "kept" in name]
