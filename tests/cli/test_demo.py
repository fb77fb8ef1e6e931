import csv
import hashlib
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
VERSIONS = ["v1.0.0", "v1.0.1", "v1.1.0", "v1.1.1", "v1.2.0", "v1.1.1"]


class Demo:
    """Runs of the demo; their scratch folders go when the test ends."""

    def __init__(self) -> None:
        self.scratch: list[Path] = []

    def run(
        self, *words: str, script: Path = EXAMPLES / "demo.py"
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, str(script), *words],
            capture_output=True,
            text=True,
            encoding="utf-8",
            env={**os.environ, "PYTHONUTF8": "1"},
            timeout=300,
        )
        folder = re.match(r"Scratch folder: (.+)", done.stdout)
        if folder:
            self.scratch.append(Path(folder[1]))
        return done

    def kept(self, backend: str) -> Path:
        """The app's folder after a run that had to go well."""
        done = self.run("--backend", backend, "--keep")
        assert done.returncode == 0, done.stdout + done.stderr
        return self.scratch[-1] / backend / "zCloud"


@pytest.fixture
def demo() -> Iterator[Demo]:
    demo = Demo()
    yield demo
    for folder in demo.scratch:
        shutil.rmtree(folder, ignore_errors=True)


def records(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def digest(folder: Path) -> dict[str, str]:
    return {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_on_csv(demo: Demo) -> None:
    before = digest(EXAMPLES / "zCloud")
    app = demo.kept("csv")
    assert digest(EXAMPLES / "zCloud") == before
    users = records(app / "Data" / "users.csv")
    assert len(users) == 120
    assert [user["email"] for user in users] == [f"{u['username']}@example.com" for u in users]
    history = records(app / "Data" / "__zmigration_users.csv")
    assert [record["to_version"] for record in history] == VERSIONS
    assert [record["status"] for record in history] == ["SUCCESS"] * 5 + ["ROLLBACK"]
    schema = app / "models" / "zSchema.users.yaml"
    assert hashlib.sha256(schema.read_bytes()).hexdigest() == history[-1]["schema_hash"]


def test_on_sqlite(demo: Demo) -> None:
    app = demo.kept("sqlite")
    with closing(sqlite3.connect(app / "Data" / "data.db")) as connection:

        def ask(query: str) -> list[tuple[Any, ...]]:
            return connection.execute(query).fetchall()

        types = dict(ask("SELECT name, type FROM pragma_table_info('users')"))
        assert (types["age"], types["email"]) == ("INTEGER", "VARCHAR(255)")
        assert ask("SELECT name FROM pragma_index_list('users') WHERE name = 'idx_users_email'")
        assert ask("SELECT count(*) FROM users WHERE email = username || '@example.com'") == [
            (120,)
        ]
        assert ask("SELECT DISTINCT typeof(age) FROM users") == [("integer",)]
        assert ask("SELECT count(*) FROM comments WHERE user_id IS NULL") > [(0,)]
        assert ask("PRAGMA foreign_key_check") == []
        assert ask("SELECT to_version FROM __zmigration_users ORDER BY id") == [
            (version,) for version in VERSIONS
        ]


def test_on_postgresql(demo: Demo) -> None:
    done = demo.run("--backend", "postgresql")
    assert done.returncode == 0, done.stdout + done.stderr
    lines = [line.strip() for line in done.stdout.splitlines()]
    assert "ALTER TABLE users ADD COLUMN email VARCHAR(255);" in lines
    assert "✔ every user has username@example.com as email" in lines
    assert "✔ every age is the number that it was, and an int now" in lines
    assert (
        "✔ the history of users is v1.0.0, v1.0.1, v1.1.0, v1.1.1, v1.2.0 and back to v1.1.1"
        in lines
    )
    assert lines[-1] == "✅ All as it should be."
    assert not demo.scratch[0].exists()


def test_a_wrong_result_fails_it(demo: Demo, tmp_path: Path) -> None:
    copy = tmp_path / "examples"
    shutil.copytree(EXAMPLES, copy)
    hooks = copy / "zCloud" / "plugins" / "migrations.py"
    text = hooks.read_text(encoding="utf-8")
    assert "@example.com" in text
    hooks.write_text(text.replace("@example.com", "@example.org"), encoding="utf-8")
    done = demo.run("--backend", "csv", script=copy / "demo.py")
    assert done.returncode == 1
    assert "not so: every user has username@example.com as email" in done.stderr
    assert "All as it should be" not in done.stdout


def test_a_failing_command_fails_it(demo: Demo, tmp_path: Path) -> None:
    copy = tmp_path / "examples"
    shutil.copytree(EXAMPLES, copy)
    (copy / "zCloud" / "zTest.py").write_text("zSpark = {\n", encoding="utf-8")
    done = demo.run("--backend", "csv", script=copy / "demo.py")
    assert done.returncode == 1
    assert "zolo migrate zTest.py --auto-approve: exit code 2, not 0" in done.stderr
