"""Taking back many rows at once comes out as row by row."""

from __future__ import annotations

import io
import os
import random
from pathlib import Path

import pytest

from tests.unit.csv_store import carry_out, column, table
from tests.unit.test_csv_large import KINDS, NOW, after, made_up, plan
from zmigration_api import Change, MigrationError, Schema, Step, Table
from zmigration_api.archive import archives_for
from zmigration_csv import files, scan
from zmigration_csv import plan as planning
from zmigration_csv.files import CsvFile
from zmigration_csv.making import KeysUnsure
from zmigration_csv.restore import Restoring
from zmigration_csv.rewrite import Rewrite

CASES = 50_000 if os.environ.get("ZMIGRATION_SOAK") == "1" else 1_500


def meanwhile(choose: random.Random, content: bytes) -> bytes:
    """What an app may have made of the file since."""
    head, *lines = content.splitlines(keepends=True)
    if not lines:
        return content
    at = choose.randrange(len(lines))
    match choose.randrange(8):
        case 0:
            del lines[at]
        case 1:
            lines[at] = lines[at].replace(b"a", b"b").replace(b"1", b"2")
        case 2:
            lines.insert(at, lines[-1])
        case 3:
            choose.shuffle(lines)
        case 4 | 5:
            if lines[-1].endswith(b"\n"):
                lines += choose.sample(lines, min(len(lines), choose.randint(1, 3)))
        case _:
            pass
    return head + b"".join(lines)


class Folder:
    """A table's file and what is kept of it; steps change the file."""

    def __init__(self, folder: Path) -> None:
        self.file, self._kept, self._new = (
            CsvFile(folder / name, folder / name, b",") for name in ("t.csv", "kept.csv", "new.csv")
        )
        self.at_once = 0

    def forward(self, changes: list[Change], before: Table) -> Step:
        """Make the changes; the step back."""
        current, desired = (Schema(tables=(t,)) for t in (before, after(before, changes)))
        archives = archives_for(changes, current, desired, "t")
        live = self.file.header().names
        (step,) = planning.plan(changes, current, desired, archives, lambda _: live)
        kept = self._run(step, asks_keys=True)
        self._kept.path.write_bytes(kept)
        return step.inverse()

    def back(self, step: Step) -> tuple[bytes, bytes, str]:
        """The new file, what is kept in turn, and what is wrong with the old file."""
        old = self.file.path.read_bytes()
        try:
            try:
                kept = self._run(step, asks_keys=False)
                self.at_once += 1
            except KeysUnsure:
                kept = self._run(step, asks_keys=True)
            return self.file.path.read_bytes(), kept, ""
        except MigrationError as error:
            return b"", b"", f"{error.line}: {error.message}"
        finally:
            self.file.path.write_bytes(old)

    def _run(self, step: Step, *, asks_keys: bool) -> bytes:
        one, kept = self._rewrite(step, asks_keys=asks_keys), io.BytesIO()
        if step.keeps:
            one.keep(step.keeps, kept)
        new = carry_out(one, self.file.path, self._new.path)
        one.prove(self._new)
        self.file.path.write_bytes(new)
        return kept.getvalue()

    def _rewrite(self, step: Step, *, asks_keys: bool) -> Rewrite:
        file, changes = self.file, step.changes
        if step.restores is None:
            return Rewrite(file, changes, step.before, NOW, back=step.back, asks_keys=asks_keys)
        return Restoring(
            file,
            changes,
            step.before,
            NOW,
            archive=step.restores,
            kept=self._kept,
            wanted=step.after,
            asks_keys=asks_keys,
        )


@pytest.mark.many
def test_the_same_back_as_one_by_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    choose, folder, done, quick = random.Random(7), Folder(tmp_path), 0, 0
    for number in range(CASES):
        content, width = made_up(choose, ",")
        folder.file.path.write_bytes(content)
        columns = [column(f"c{n}", choose.choice(KINDS)) for n in range(width)]
        before = table("t", *columns, key=["c0"] if choose.random() < 0.7 else [])
        changes = plan(choose, before)
        try:
            step = folder.forward(changes, before)
        except MigrationError:
            continue
        new = meanwhile(choose, folder.file.path.read_bytes())
        folder.file.path.write_bytes(new)
        slow, folder.at_once = folder.back(step), 0
        with monkeypatch.context() as patch:
            patch.setattr(files, "LARGE", 0)
            patch.setattr(scan, "CHUNK", choose.randint(1, 2 * len(content) + 1))
            fast = folder.back(step)
        assert fast == slow, (number, content, new, changes)
        done += not slow[2]
        quick += folder.at_once > 0 and step.restores is not None
    assert done > CASES / 5
    assert quick > CASES / 25
