"""Rows longer than a stretch, keys that stop ascending, and disks that do not take a file."""

from __future__ import annotations

import filecmp
import os
import subprocess
import sys
from pathlib import Path
from typing import BinaryIO

import pytest

from tests.unit.csv_store import contents
from tests.unit.test_csv_archive import DROP_AGE, DROPPED, KEPT, USERS, there_and_back
from zmigration_api import Nulls, Schema, StoreError
from zmigration_csv import files, lasting, scan
from zmigration_csv.ask import ask
from zmigration_csv.files import CsvFile
from zmigration_csv.lasting import Lasting

MEGABYTES = 64
PROGRAM = """
import resource, sys
from pathlib import Path
from tests.unit.csv_store import column, table
from zmigration_api import (
    AlterColumn, DropColumn, Duplicates, Nulls, Readable, Schema, Unconvertible, no_progress
)
from zmigration_csv.ask import ask
from zmigration_csv.files import CsvFile
from zmigration_csv.lasting import Lasting
from zmigration_csv.rewrite import Rewrite
from zmigration_csv.writing import written
from datetime import datetime

old, new = (CsvFile(Path(p), Path(p), b",") for p in sys.argv[1:])
notes = table("t", *map(column, ("id", "age", "note", "state")), key=["id"])
number = Unconvertible("t", column("age"), column("age", "int"))
note, longer = column("note"), column("note", "text", required=True)
several = (Readable("t"), Duplicates("t", ("id",)), number, Nulls("t", "note"))
for question in (*several, Unconvertible("t", note, longer)):
    assert ask(question, Schema(tables=(notes,)), lambda _: old).count == 0
changes = [DropColumn("t", column("state")), AlterColumn("t", note, longer)]
rewrite = Rewrite(old, changes, notes, datetime(2024, 1, 2))
with new.path.open("wb") as stream, Lasting(stream) as lasting:
    assert written(rewrite.parts(no_progress), old.path, lasting)
    lasting.finish()
    rewrite.prove(new)
try:
    lines = Path("/proc/self/status").read_text().splitlines()
    print(next(int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM")))
except OSError:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def notes(path: Path, end: bytes) -> None:
    """A file with two rows of 64 MB, one after the other; no more of it is in memory at once."""
    line = b'one of many lines, "" and all\n' * 1000
    with path.open("wb") as stream:
        stream.write(b"id,age,note%b\n" % (b",state" if end else b""))
        for number in range(50_000):
            stream.write(b"%d,30,short%b\n" % (number, end))
        for number in (50_000, 50_001):
            stream.write(b'%d,30,"' % number)
            for _ in range((MEGABYTES << 20) // len(line)):
                stream.write(line)
            stream.write(b'"%b\n' % end)
        for number in range(50_002, 99_999):
            stream.write(b"%d,30,short%b\n" % (number, end))


def test_rows_of_64_mb_in_150_mb_of_memory(tmp_path: Path) -> None:
    old, new, expected = (tmp_path / name for name in ("old.csv", "new.csv", "expected.csv"))
    notes(old, b",active")
    notes(expected, b"")
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(old), str(new)],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        check=True,
    )
    assert filecmp.cmp(new, expected, shallow=False)
    assert int(done.stdout) < 150_000_000 >> 20


def test_a_long_row_with_too_few_cells_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "LARGE", 0)
    monkeypatch.setattr(scan, "CHUNK", 64)
    path = tmp_path / "t.csv"
    path.write_bytes(b"id,name,note\n1,ada,x\n2,%b\n3,eve,z\n" % (b"b" * 200))
    file = CsvFile(path, path, b",")
    with pytest.raises(StoreError, match="row 2 has 2 cells, the header has 3"):
        ask(Nulls("t", "note"), Schema(), lambda _: file)


ROWS = [(b"%d" % n, b"n%d" % n, b"%d" % (n % 90)) for n in range(1, 400)]


@pytest.mark.parametrize(
    ("last", "kept"),
    [
        (b"7,again,8", b"7,2,8"),
        (b"x,other,8", b"x,1,8"),
        (b'"500","a\nb",8', b'"500",1,8'),
        (b"300,,", b"300,2,"),
        (b"399.0,,1", b"399.0,2,1"),
    ],
)
def test_keys_that_stop_ascending(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, last: bytes, kept: bytes
) -> None:
    monkeypatch.setattr(files, "LARGE", 0)
    monkeypatch.setattr(scan, "CHUNK", 256)
    there_and_back(
        tmp_path,
        b"\n".join((b"id,name,age", *map(b",".join, ROWS), last, b"")),
        [DROP_AGE],
        USERS,
        DROPPED,
        kept=b"\n".join(
            (b"id,__row,age__before", *(b"%b,1,%b" % (key, age) for key, _, age in ROWS), kept, b"")
        ),
    )
    assert sorted(contents(tmp_path)) == [KEPT, "users.csv"]


def test_a_disk_that_does_not_take_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lasting, "STEP", 10)
    reading, writing = os.pipe()  # which nobody can fsync
    with (
        os.fdopen(reading, "rb"),
        os.fdopen(writing, "wb") as stream,
        pytest.raises(OSError, match=r"\[Errno"),
    ):
        write(stream, b"more than ten bytes")


def write(stream: BinaryIO, text: bytes) -> None:
    with Lasting(stream) as made:
        made.write(text)
        made.finish()
