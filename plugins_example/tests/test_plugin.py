"""What the plugin does in an app, by the real command line."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path

import duckdb
import pytest

from zmigration_duckdb.plugin import slug

SCHEMA = """\
Meta:
  Data_Type: duckdb
  Data_Source: ZDATA_SHOP_URL
  zMigration: true
  zMigrationVersion: v1.0.0
  zMigrationPolicy: calver

books:
  id: {type: int, pk: true}
  title: {type: str, required: true}
"""


class App:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "Data" / "data.duckdb"
        self.schema = folder / "models" / "zSchema.shop.yaml"
        self.schema.parent.mkdir()
        self.schema.write_text(SCHEMA)
        (folder / "app.py").write_text('zSpark = {"title": "Shop"}\n')
        (folder / ".zEnv").write_text("ZDATA_SHOP_URL=@.Data\n")

    def migrate(self, *arguments: str) -> tuple[int, str]:
        app = str(self.folder / "app.py")
        return zolo("migrate", app, *arguments, home=self.folder)

    def done(self, *arguments: str) -> str:
        code, said = self.migrate("--auto-approve", *arguments)
        assert code == 0, said
        return said

    def sql(self, text: str) -> list[tuple[object, ...]]:
        with duckdb.connect(str(self.file)) as connection:
            return connection.execute(text).fetchall()

    def add(self, *fields: str) -> None:
        with self.schema.open("a") as stream:
            stream.writelines(f"  {field}\n" for field in fields)


def zolo(*arguments: str, home: Path) -> tuple[int, str]:
    command = Path(sys.executable).with_name("zolo")
    done = subprocess.run(
        [command, *arguments],
        env={**os.environ, "HOME": str(home), "XDG_DATA_HOME": str(home / "user")},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return done.returncode, done.stdout


@pytest.fixture
def app(tmp_path: Path) -> App:
    """An app with one table and two rows."""
    app = App(tmp_path)
    app.done()
    app.sql("INSERT INTO books VALUES (1, 'Über uns'), (2, 'A & B')")
    return app


def test_there_and_back(app: App) -> None:
    app.add("slug: {type: str}", "stars: {type: int, required: true, default: 3}")
    said = app.done()
    month = datetime.now(timezone.utc)
    assert f"Version: v1.0.0 → v{month.year}.{month.month}.0" in said
    rows = app.sql("SELECT slug, stars FROM books ORDER BY id")
    assert rows == [("uber-uns", 3), ("a-b", 3)]
    app.schema.write_text(
        app.schema.read_text().replace("  title: {type: str, required: true}\n", "")
    )
    app.done()
    assert "title" not in [row[0] for row in app.sql("DESCRIBE books")]
    app.done("--rollback")
    assert app.sql("SELECT title, slug FROM books ORDER BY id")[0] == ("Über uns", "uber-uns")
    app.done("--rollback-to", "v1.0.0")
    assert app.sql("FROM books ORDER BY id") == [(1, "Über uns"), (2, "A & B")]
    assert app.schema.read_text() == SCHEMA
    assert app.migrate("--check")[0] == 0


def test_the_version_is_of_the_month(app: App) -> None:
    for n in range(2):
        app.add(f"extra{n}: {{type: int}}")
        said = app.done()
    month = datetime.now(timezone.utc)
    assert f"→ v{month.year}.{month.month}.1" in said


def test_decimals_say_their_size(app: App) -> None:
    before = app.file.read_bytes()
    app.add("price: {type: decimal}")
    code, said = app.migrate("--auto-approve")
    assert code == 2
    assert "books.price: a decimal of no given size" in said
    assert "zSchema.shop.yaml:11" in said
    assert app.file.read_bytes() == before


def test_an_index_is_refused_by_name(app: App) -> None:
    app.add("year: {type: int, indexed: true}")
    code, said = app.migrate("--auto-approve")
    assert code == 2
    assert "duckdb cannot do this: Add index: idx_books_year" in said


def test_what_would_be_lost_is_refused(app: App) -> None:
    app.sql("CREATE INDEX mine ON books(title)")
    app.add("stars: {type: int}")
    code, said = app.migrate("--auto-approve")
    assert code == 2
    assert "books has an index in DuckDB" in said
    assert app.sql("SELECT index_name FROM duckdb_indexes()") == [("mine",)]


def test_another_process_holds_the_file(app: App) -> None:
    app.add("stars: {type: int}")
    script = (
        f"import duckdb, time; c = duckdb.connect({str(app.file)!r}); print(1, flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        code, said = app.migrate("--auto-approve", "--lock-timeout", "0.3")
        other.communicate(b"\n")
    assert code == 5, said
    assert f"PID {other.pid}" in said


def test_a_file_that_is_none(app: App) -> None:
    app.file.write_bytes(b"no database at all")
    code, said = app.migrate()
    assert code == 1
    assert "not a valid DuckDB database file" in said


def test_zolo_plugins(tmp_path: Path) -> None:
    code, said = zolo("plugins", home=tmp_path)
    assert code == 0
    row = next(line for line in said.splitlines() if "zmigration-duckdb-example" in line)
    assert row.split()[:4] == ["duckdb", "zmigration-duckdb-example", "0.1.0", "ok"]
    assert "backend duckdb, rule exact-decimals, " in row
    assert "version policy" in row


@pytest.mark.parametrize(("text", "wanted"), [("Łódź 2!", "odz-2"), ("--", ""), ("é", "e")])
def test_slug(text: str, wanted: str) -> None:
    assert slug(text) == wanted
