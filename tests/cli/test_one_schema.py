"""`--schema`: one schema of a store migrates, and the others are neither touched nor forgotten."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from zcli_migration.cli import zolo_migrate

META = """\
Meta:
  Data_Type: {data_type}
  Data_Source: ZDATA_SHOP_URL
  zMigration: true
  zMigrationVersion: v1.0.0
"""


class App:
    """An app whose schemas all live in one store."""

    def __init__(self, folder: Path, data_type: str, url: str) -> None:
        self.folder, self.data_type = folder, data_type
        (folder / "models").mkdir()
        (folder / "app.py").write_text('zSpark = {"title": "shop"}\n')
        (folder / ".zEnv").write_text(f"ZDATA_SHOP_URL={url}\n")

    def write(self, name: str, tables: str) -> None:
        path = self.folder / "models" / f"zSchema.{name}.yaml"
        path.write_text(META.format(data_type=self.data_type) + tables)

    def migrate(self, *flags: str) -> int:
        return zolo_migrate([str(self.folder / "app.py"), *flags])


@pytest.fixture(params=["csv", "sqlite", "postgresql"])
def app(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> App:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "xdg"))
    folder = tmp_path / "app"
    folder.mkdir()
    if request.param == "postgresql":
        return App(folder, request.param, request.getfixturevalue("postgres_dsn"))
    return App(folder, request.param, "@.Data")


def test_a_table_that_moved_to_an_unchosen_file_is_not_dropped(
    app: App, capsys: pytest.CaptureFixture[str]
) -> None:
    tags = "tags:\n  id: {type: int, pk: true}\n"
    users = "users:\n  id: {type: int, pk: true}\n"
    app.write("users", users + tags)
    assert app.migrate("--auto-approve") == 0
    app.write("users", users + "  name: {type: str}\n")
    app.write("tags", tags)
    capsys.readouterr()
    assert app.migrate("--schema", "users", "--auto-approve", "--json") == 0
    schema = json.loads(capsys.readouterr().out)["schemas"]
    assert [s["name"] for s in schema] == ["zSchema.users"]
    assert [c["summary"] for c in schema[0]["changes"]] == ["Added column: name"]
    assert app.migrate("--auto-approve") == 0


def test_a_foreign_key_to_the_table_of_an_unchosen_schema(
    app: App, capsys: pytest.CaptureFixture[str]
) -> None:
    app.write("users", "users:\n  id: {type: int, pk: true}\n")
    app.write("posts", "posts:\n  id: {type: int, pk: true}\n  user_id: {type: int}\n")
    assert app.migrate("--auto-approve") == 0
    key = "posts:\n  id: {type: int, pk: true}\n  user_id: {type: int, foreign_key: users.id}\n"
    app.write("posts", key)
    app.write("users", "users:\n  id: {type: int, pk: true}\n  name: {type: str}\n")
    assert app.migrate("--schema", "zSchema.posts", "--auto-approve") == 0
    capsys.readouterr()
    assert app.migrate("--check", "--json") == 3
    found = {s["name"]: s for s in json.loads(capsys.readouterr().out)["schemas"]}
    assert found["zSchema.posts"]["status"] == "up_to_date"
    assert [c["column"] for c in found["zSchema.users"]["changes"]] == ["name"]
