"""What a mistake or a bad disk does to a file while it is written is found before the commit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import pytest

from tests.unit.csv_store import USERS, column, migrated, opened, run
from zmigration_api import AddColumn, AlterColumn, Change, RenameColumn, Schema, VerificationFailed
from zmigration_csv import rewrite, writing
from zmigration_csv.cells import join as real_join

CONTENT = b"id,name,age\n1,ada,36\n2,bob,007\n3,eve,\n"
ADD = AddColumn("users", column("email"))
RENAME = RenameColumn("users", "name", "nick")
AGE_TO_TEXT = AlterColumn("users", column("age", "int"), column("age"))

Join = Callable[[list[bytes], bytes], bytes]


def altered(cells: list[bytes], delimiter: bytes) -> bytes:
    return real_join([b"7" if cell == b"007" else cell for cell in cells], delimiter)


def swapped(cells: list[bytes], delimiter: bytes) -> bytes:
    return real_join([cells[1], cells[0], *cells[2:]] if b"bob" in cells else cells, delimiter)


def doubled(cells: list[bytes], delimiter: bytes) -> bytes:
    row = real_join(cells, delimiter)
    return row + b"\n" + row if b"bob" in cells else row


def lost(cells: list[bytes], delimiter: bytes) -> bytes:
    return b"" if b"bob" in cells else real_join(cells, delimiter)


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (altered, "cells of columns that the plan does not touch would change"),
        (swapped, "cells of columns that the plan does not touch would change"),
        (doubled, "it had 3 rows and would have 4"),
        (lost, "it had 3 rows and would have 2"),
    ],
)
def test_rows_that_come_out_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: Join, said: str
) -> None:
    monkeypatch.setattr(rewrite, "join", broken)
    refused(tmp_path, said, ADD)


def test_rows_that_change_with_the_header(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def short(source: BinaryIO, part: range, stream: BinaryIO) -> None:
        if part:
            stream.write(b"1,ada,36\n2,bob,007\n")

    monkeypatch.setattr(writing, "_copy", short)
    refused(tmp_path, "rows would change with the header", RENAME)


def test_cells_that_are_to_change_may(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rewrite, "join", altered)
    new = migrated(CONTENT, AGE_TO_TEXT, folder=tmp_path)
    assert b"2,bob,7\n" in new


def refused(folder: Path, said: str, *changes: Change) -> None:
    (folder / "users.csv").write_bytes(CONTENT)
    with opened(folder) as store:
        store.begin(1)
        with pytest.raises(VerificationFailed, match=said) as raised:
            run(store, changes, Schema(tables=(USERS,)))
        assert raised.value.file
        assert raised.value.file.name == "users.csv"
        store.rollback()
    assert (folder / "users.csv").read_bytes() == CONTENT
    assert [path.name for path in folder.iterdir() if path.name != "users.csv"] == []


@pytest.mark.parametrize("header", [b"id,name,age", b'"id","name","age"', b'id,"a ""b""",age'])
def test_a_renamed_header_cell_keeps_its_quotes(tmp_path: Path, header: bytes) -> None:
    name = 'a "b"' if b'""' in header else "name"
    current = Schema(tables=(USERS,)).tables[0]
    content = header + b"\n1,ada,36\n"
    new = migrated(content, RenameColumn("users", name, "nick"), current=current, folder=tmp_path)
    back = RenameColumn("users", "nick", name)
    assert migrated(new, back, current=current, folder=tmp_path) == content
