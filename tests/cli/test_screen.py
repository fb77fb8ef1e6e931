"""What a person sees, line for line as the specification shows it."""

from __future__ import annotations

import hashlib
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import pytest

from tests.cli.folder import META, AppFolder
from tests.scenarios.harness import run_process

QUICK_START = """\
======================================================================
🔄 zMigration: Schema Evolution System
======================================================================
   App: zTest.py
   Directory: {directory}
======================================================================

1️⃣ Loading application configuration...
   ✅ Loaded zSpark for: zCloud

2️⃣ Initializing zCLI...
   ✅ zCLI initialized

3️⃣ Discovering schemas...
📊 Discovered Schemas:
   ✓ zSchema.users
      Data Type: csv
      Version: v1.0.0
      Status: zMigration: enabled

======================================================================
✅ Schema Discovery Complete
======================================================================

📌 1 schema(s) ready for migration

4️⃣ Applying Migrations (Declarative)
Migrating zSchema.users...
   Version: v1.0.0
   ✅ Migration complete (0 operation(s))

======================================================================
📊 Migration Results
======================================================================

   ✅ 1 migration(s) applied successfully

======================================================================
✅ All migrations applied successfully!
======================================================================
"""
STEP_3 = """\
Detected changes for zSchema.users:
  + Added column: email (type: str, required: false)

Suggested version: v1.0.1 (non-breaking)
Current version: v1.0.0

Apply migration? [y/N]"""
STEP_5 = """\
Migrating zSchema.users...
   Version: v1.0.0 → v1.0.1
   ✅ Migration complete (1 operation(s))

Migration history recorded:
   File: Data/__zmigration_users.csv
   Hash: {hash}...
   Changes: Added column: email
"""
PREVIEW = """\
Detected changes for zSchema.users:
  + Add column: email (VARCHAR(255))
  + Add index: idx_users_email

DDL Preview:
  ALTER TABLE users ADD COLUMN email VARCHAR(255);
  CREATE INDEX idx_users_email ON users(email);
"""
TABLES = """\
users:
  id: {type: int, pk: true}
  username: {type: str, required: true}
"""
ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
NO_CHANGES = "No changes will be applied (dry-run mode)."


@dataclass(slots=True)
class Terminal:
    """`zolo migrate` at a terminal of its own; `text` is what has been shown so far."""

    process: subprocess.Popen[bytes]
    master: int
    text: str = ""
    colours: bool = field(default=False)

    def read_until(self, wanted: str, seconds: float = 30) -> None:
        end = time.monotonic() + seconds
        while wanted not in self.text:
            assert time.monotonic() < end, self.text
            if not self._read():
                break
        assert wanted in self.text, self.text

    def _read(self) -> bool:
        if select.select([self.master], [], [], 0.2)[0]:
            try:
                data = os.read(self.master, 65536)
            except OSError:  # Linux says so when the other end has gone
                return False
            shown = data.decode(errors="replace").replace("\r\n", "\n")
            self.colours |= bool(ANSI.search(shown))
            self.text += ANSI.sub("", shown)
            return bool(data)
        return True

    def type(self, keys: str) -> None:
        os.write(self.master, keys.encode())

    def finish(self) -> int:
        while self._read():
            pass
        return self.process.wait(30)


class Opened:
    """Runs at terminals that are closed after the test."""

    def __init__(self) -> None:
        self.terminals: list[Terminal] = []

    def __call__(self, app: AppFolder, *arguments: str, **variables: str) -> Terminal:
        master, slave = pty.openpty()
        environment = {k: v for k, v in os.environ.items() if k != "NO_COLOR"}
        process = subprocess.Popen(
            [sys.executable, "-m", "zcli_migration", app.file, *arguments],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            env={**environment, "PYTHONUTF8": "1", "TERM": "xterm", "COLUMNS": "200", **variables},
        )
        os.close(slave)
        self.terminals.append(Terminal(process, master))
        return self.terminals[-1]

    def close(self) -> None:
        for terminal in self.terminals:
            if terminal.process.poll() is None:
                terminal.process.kill()
                terminal.process.wait()
            with suppress(OSError):
                os.close(terminal.master)


@pytest.fixture
def at_terminal() -> Iterator[Opened]:
    opened = Opened()
    yield opened
    opened.close()


@pytest.fixture
def pending(app: AppFolder) -> AppFolder:
    """The specification's workflow, step 1: the store is recorded, the file has a field more."""
    app.schema(TABLES)
    app.write("Data/users.csv", "id,username\n1,ada\n")
    assert app.run("--auto-approve").code == 0
    app.schema(TABLES + "  email: {type: str, required: false}\n")
    return app


def test_quick_start(app: AppFolder) -> None:
    app.schema(TABLES + "  email: {type: str, required: true}\n")
    app.write("Data/users.csv", "id,username,email\n1,ada,ada@x\n")
    done = run_process(app.file)
    assert done.code == 0
    assert done.out == QUICK_START.format(directory=app.path)
    assert done.err == ""


def test_quick_start_from_the_apps_folder(app: AppFolder) -> None:
    app.schema(TABLES)
    app.write("Data/users.csv", "id,username\n1,ada\n")
    done = run_process("zTest.py", cwd=app.path)
    assert done.out == QUICK_START.format(directory=app.path)


def test_review_and_yes(pending: AppFolder, at_terminal: Opened) -> None:
    terminal = at_terminal(pending)
    terminal.read_until("[y/N]")
    assert STEP_3 in terminal.text
    terminal.type("y\n")
    assert terminal.finish() == 0
    digest = hashlib.sha256(pending.text().encode()).hexdigest()[:12]
    assert STEP_5.format(hash=digest) in terminal.text
    assert "zMigrationVersion: v1.0.1" in pending.text()
    assert pending.text("Data/users.csv") == "id,username,email\n1,ada,\n"
    assert terminal.colours


@pytest.mark.parametrize("keys", ["n\n", "\n", "yes?\n", "\x04"])
def test_anything_else_is_a_no(pending: AppFolder, at_terminal: Opened, keys: str) -> None:
    before = pending.snapshot()
    terminal = at_terminal(pending)
    terminal.read_until("[y/N]")
    terminal.type(keys)
    assert terminal.finish() == 3
    assert "pending, not applied" in terminal.text
    assert "successfully" not in terminal.text
    assert pending.snapshot() == before


def test_ctrl_c_at_the_question(pending: AppFolder, at_terminal: Opened) -> None:
    before = pending.snapshot()
    terminal = at_terminal(pending)
    terminal.read_until("[y/N]")
    terminal.process.send_signal(signal.SIGINT)
    assert terminal.finish() == 130
    assert "nothing was changed" in terminal.text
    assert "Traceback" not in terminal.text
    assert pending.snapshot() == before


def test_auto_approve_asks_nothing(pending: AppFolder, at_terminal: Opened) -> None:
    terminal = at_terminal(pending, "--auto-approve")
    assert terminal.finish() == 0
    assert "[y/N]" not in terminal.text


@pytest.mark.parametrize(
    ("answers", "header"), [("yy", "id,full_name"), ("ny", "id,full_name"), ("yn", "id,username")]
)
def test_a_rename_is_asked_about(
    pending: AppFolder, at_terminal: Opened, answers: str, header: str
) -> None:
    pending.schema(TABLES.replace("username: {type: str, required: true}", "full_name: str"))
    terminal = at_terminal(pending)
    terminal.read_until("Is users.full_name the renamed users.username? [y/N]")
    terminal.type(f"{answers[0]}\n")
    terminal.read_until("Apply migration? [y/N]")
    terminal.type(f"{answers[1]}\n")
    assert terminal.finish() == (0 if answers[1] == "y" else 3)
    name = "" if answers == "ny" else "ada"
    assert pending.text("Data/users.csv") == f"{header}\n1,{name}\n"


def test_a_rename_that_was_said_at_the_terminal_stays_made(
    pending: AppFolder, at_terminal: Opened
) -> None:
    pending.schema(TABLES.replace("username: {type: str, required: true}", "full_name: str"))
    terminal = at_terminal(pending)
    terminal.read_until("[y/N]")
    terminal.type("y\n")
    terminal.read_until("Apply migration? [y/N]")
    terminal.type("y\n")
    assert terminal.finish() == 0
    check = pending.run("--check")
    assert check.code == 0, check.said


@pytest.mark.parametrize("backend", ["sqlite", "postgresql"])
def test_preview(app: AppFolder, backend: str, request: pytest.FixtureRequest) -> None:
    meta = META.replace("csv", backend)
    if backend == "postgresql":
        app.write(".zEnv", f"ZDATA_USERS_URL={request.getfixturevalue('postgres_dsn')}\n")
    app.schema(TABLES, meta)
    assert app.run("--auto-approve").code == 0
    app.schema(TABLES + "  email: {type: str, indexed: true}\n", meta)
    done = run_process(app.file, "--dry-run")
    assert done.code == 0
    assert PREVIEW in done.out
    assert f"\n{NO_CHANGES}\n" in done.out


def test_no_color(pending: AppFolder, at_terminal: Opened) -> None:
    terminal = at_terminal(pending, "--dry-run", NO_COLOR="1")
    assert terminal.finish() == 0
    assert not terminal.colours
    coloured = at_terminal(pending, "--dry-run")
    assert coloured.finish() == 0
    assert coloured.colours
    assert coloured.text == terminal.text


@pytest.mark.parametrize("flags", [("--dry-run",), ("--auto-approve",), ("--status",)])
def test_piped_output_is_plain(pending: AppFolder, flags: Sequence[str]) -> None:
    done = run_process(pending.file, *flags)
    assert done.code == 0
    assert "\x1b" not in done.said


def test_an_output_without_unicode_does_not_fail(pending: AppFolder) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "zcli_migration", pending.file, "--auto-approve"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "LC_ALL": "C"},
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"Migration complete (1 operation(s))" in done.stdout


def test_markup_in_names_is_shown_as_it_is(pending: AppFolder, at_terminal: Opened) -> None:
    pending.schema(TABLES + '  "[red]x": {type: str}\n')
    terminal = at_terminal(pending, "--dry-run")
    assert terminal.finish() == 0
    assert "+ Add column: [red]x (" in terminal.text


@pytest.mark.parametrize("edited", [True, False], ids=["edited", "removed"])
def test_a_file_that_changes_at_the_question(
    pending: AppFolder, at_terminal: Opened, edited: bool
) -> None:
    """What somebody said yes to is not what the file wants now."""
    terminal = at_terminal(pending)
    terminal.read_until("[y/N]")
    if edited:
        pending.schema(TABLES + "  phone: {type: str}\n")
    else:
        (pending.path / "models/zSchema.users.yaml").unlink()
    before = pending.snapshot()
    terminal.type("y\n")
    assert terminal.finish() == 2
    said = "was changed by something else" if edited else "cannot be written: No such file"
    assert said in terminal.text
    assert "nothing was changed" in terminal.text
    assert pending.snapshot() == before
