"""Many rows at once come out as one by one, wherever the borders of the chunks fall."""

from __future__ import annotations

import csv
import io
import os
import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from tests.unit.csv_store import carry_out, column, table
from zmigration_api import (
    AddColumn,
    AlterColumn,
    Answer,
    Archive,
    Backfill,
    Change,
    CopyOf,
    Default,
    DropColumn,
    Duplicates,
    Fixed,
    MigrationError,
    Nulls,
    Orphans,
    Question,
    Readable,
    RenameColumn,
    Schema,
    Table,
    TypeKind,
    Unconvertible,
    Using,
    VerificationFailed,
    no_progress,
)
from zmigration_api.archive import archives_for
from zmigration_csv import chunks, files, large, runs, scan
from zmigration_csv.ask import ask
from zmigration_csv.files import CsvFile
from zmigration_csv.grid import Grid
from zmigration_csv.lasting import Lasting
from zmigration_csv.making import KeysUnsure
from zmigration_csv.rewrite import Rewrite
from zmigration_csv.weave import Piece, woven
from zmigration_csv.writing import written

CASES = 200_000 if os.environ.get("ZMIGRATION_SOAK") == "1" else 4_000
NOW = datetime(2024, 1, 2, 3, 4, 5)
KINDS: tuple[TypeKind, ...] = (
    *("int", "bigint", "float", "decimal", "str", "text", "bool", "date", "datetime"),
)
VALUES = (
    *("", "", "a", "7", "007", "-0", "0", "-12", "1e5", "1.0", "NA", "null", " x ", "True", "yes"),
    *("2147483647", "2147483648", "1700000000", "123456789012345678", "9223372036854775808"),
    *("0.5", "-0.25", "1.10", "0.05", "0.00001", "12345678.12345678", "3.", ".5", "1.2.3", "--1"),
    *("2024-01-31", "2024-02-29", "2023-02-29", "2024-13-01", "0000-01-01", "2024-01-02 03:04:05"),
    *("2024-01-02T03:04:05", "2024-01-02 24:00:00", "2024-01-02 00:00:00", "1:", "12:", "1/"),
    *("größer", "日本", "a b", "x\0y", "semi;colon", "a" * 40, "1" * 30, "9" * 18),
)
QUOTED = ('""', '"a,b"', '"x\ny"', '"""q"""', '"1"', '"a\r\nb"', '"lone\rcr"', '"";""')
ODD = ('O"Brien', '"x"y', "\udcff\udcfe", '"a"b"c', '""x', 'a""', '"open', "lone\rcr")


def made_up(choose: random.Random, delimiter: str) -> tuple[bytes, int]:
    """A file and how many columns it has."""
    width, end = choose.randint(2, 5), choose.choice(["\n", "\n", "\r\n", "\r\n", "\r"])
    pool = [v for v in VALUES if delimiter not in v]
    some = [*choose.sample(pool, 8), "12", "5"]
    if choose.random() < 0.5:
        some += [v.replace(";", delimiter) for v in choose.sample(QUOTED, 3)]
    if choose.random() < 0.15:
        some.append(choose.choice(ODD))
    rows = [[choose.choice(some) for _ in range(width)] for _ in range(choose.randint(0, 12))]
    if choose.random() < 0.4:
        first, step = choose.choice([(9, -1), (7, 1), (95, 1), (-3, 1)])
        rows = [[str(first + step * number), *row[1:]] for number, row in enumerate(rows)]
    lines = [delimiter.join(row) for row in rows]
    if lines and choose.random() < 0.1:
        at = choose.randrange(len(lines))
        lines[at] = choose.choice(["", "  ", lines[at] + delimiter, "ragged"])
    head = delimiter.join([f"c{n}" if choose.random() < 0.8 else f'"c{n}"' for n in range(width)])
    text = end.join([head, *lines]) + end * (choose.random() < 0.8)
    if choose.random() < 0.05:
        text = text.replace(end, "\n", 2)
    bom = b"\xef\xbb\xbf" if choose.random() < 0.2 else b""
    return bom + text.encode("utf-8", "surrogateescape"), width


def plan(choose: random.Random, before: Table) -> list[Change]:
    changes: list[Change] = []
    columns = list(before.columns)
    for number in range(choose.randint(1, 4)):
        one = choose.choice(columns)
        match choose.randrange(6):
            case 0:
                text = choose.choice(["", "x", "a,b", 'q"', "line\nfeed", "5"])
                fill = Backfill(parts=(Fixed(text),))
                changes.append(AddColumn("t", column(f"n{number}", backfill=fill)))
            case 1 if len(columns) > 2:
                columns.remove(one)
                changes.append(DropColumn("t", one))
            case 2:
                new = column(f"r{number}", one.type.kind)
                columns[columns.index(one)] = new
                changes.append(RenameColumn("t", one.name, new.name))
            case 3:
                changes.append(altered(choose, one.name, one.type.kind))
                columns.remove(one)
                if not columns:
                    break
            case 4:
                parts = (CopyOf(one.name), Fixed("@x")) if choose.random() < 0.4 else None
                fill = Backfill(parts=parts or (CopyOf(one.name),))
                kind = choose.choice([one.type.kind, "str", *KINDS])
                changes.append(AddColumn("t", column(f"n{number}", kind, backfill=fill)))
            case _:
                changes.append(AddColumn("t", column(f"n{number}", default=Default(kind="now"))))
    return changes


def altered(choose: random.Random, name: str, kind: TypeKind) -> AlterColumn:
    using = Using(values=(("NA", None), ("a", "1"))) if choose.random() < 0.2 else None
    default = Default(kind="value", text="1") if choose.random() < 0.2 else None
    required = choose.random() < 0.2
    new = column(name, choose.choice(KINDS), using=using, default=default, required=required)
    return AlterColumn("t", column(name, kind), new)


Outcome = tuple[bytes, bytes, str]


def outcome(
    path: Path,
    before: Table,
    changes: list[Change],
    delimiter: bytes,
    archive: Archive | None = None,
) -> Outcome:
    """The new file and its archive, or what is wrong with the old one."""
    file, new = CsvFile(path, path, delimiter), path.with_name("new.csv")

    def made(*, asks_keys: bool) -> tuple[Rewrite, io.BytesIO]:
        kept = io.BytesIO()
        one = Rewrite(file, changes, before, NOW, asks_keys=asks_keys)
        if archive:
            one.keep(archive, kept)
        carry_out(one, path, new)
        return one, kept

    try:
        try:
            one, kept = made(asks_keys=False)
        except KeysUnsure:
            one, kept = made(asks_keys=True)
    except MigrationError as error:
        return b"", b"", f"{error.line}: {error.message}"
    one.prove(CsvFile(new, path, delimiter))
    return new.read_bytes(), kept.getvalue(), ""


def after(before: Table, changes: list[Change]) -> Table:
    """The table after these changes."""
    columns = list(before.columns)
    for change in changes:
        match change:
            case AddColumn(_, new):
                columns.append(new)
            case DropColumn(_, old):
                columns = [c for c in columns if c.name != old.name]
            case RenameColumn(_, old_name, new_name):
                columns = [replace(c, name=new_name) if c.name == old_name else c for c in columns]
            case AlterColumn(_, old, new):
                columns = [new if c.name == old.name else c for c in columns]
    return replace(before, columns=tuple(columns))


def kept_by(before: Table, changes: list[Change]) -> Archive | None:
    """What a plan of these changes keeps of the table."""
    current, desired = (Schema(tables=(t,)) for t in (before, after(before, changes)))
    return archives_for(changes, current, desired, "t").of(before.name)


@pytest.mark.many
def test_the_same_as_one_by_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    choose, path = random.Random(5), tmp_path / "t.csv"
    done = kept = 0
    for number in range(CASES):
        delimiter = choose.choice([",", ",", ";", "\t", "|"])
        content, width = made_up(choose, delimiter)
        path.write_bytes(content)
        kinds = [choose.choice(KINDS) for _ in range(width)]
        key = ["c0"] if choose.random() < 0.5 else []
        before = table("t", *(column(f"c{n}", kind) for n, kind in enumerate(kinds)), key=key)
        changes = plan(choose, before)
        archive = kept_by(before, changes) if choose.random() < 0.7 else None
        with monkeypatch.context() as patch:
            patch.setattr(files, "LARGE", 1 << 40)
            slow = outcome(path, before, changes, delimiter.encode(), archive)
            patch.setattr(files, "LARGE", 0)
            patch.setattr(scan, "CHUNK", choose.randint(1, len(content) + 1))
            patch.setattr(chunks, "_EXACT", choose.choice([1, 30, 1 << 16]))
            fast = outcome(path, before, changes, delimiter.encode(), archive)
        assert fast == slow, (number, content, changes)
        done += not slow[2]
        kept += len(slow[1]) > 0
    assert done > CASES / 4
    assert kept > CASES / 20


def questions(choose: random.Random, here: Table, there: Table) -> list[Question]:
    one, two = choose.choice(here.columns), choose.choice(here.columns)
    new = altered(choose, one.name, one.type.kind).new
    key = choose.choice([(one.name,), tuple(dict.fromkeys((one.name, two.name)))])
    ref = tuple(choose.choice(there.columns).name for _ in key)
    return [
        Nulls(here.name, one.name),
        Unconvertible(here.name, one, new),
        Duplicates(here.name, key),
        Orphans(here.name, key, choose.choice([there.name, there.name, None]), ref),
        Readable(here.name),
    ]


def answer(question: Question, schema: Schema, folder: Path, delimiter: bytes) -> Answer | str:
    def find(name: str) -> CsvFile:
        return CsvFile(folder / f"{name}.csv", folder / f"{name}.csv", delimiter)

    try:
        return ask(question, schema, find)
    except MigrationError as error:
        return f"{error.line}: {error.message}"


@pytest.mark.many
def test_the_same_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    choose, offended = random.Random(6), 0
    for number in range(CASES // 4):
        delimiter, tables = choose.choice([",", ";"]), []
        for name in ("a", "b"):
            content, width = made_up(choose, delimiter)
            (tmp_path / f"{name}.csv").write_bytes(content)
            columns = [column(f"c{n}", choose.choice(KINDS)) for n in range(width)]
            tables.append(table(name, *columns))
        schema = Schema(tables=tuple(tables))
        for question in questions(choose, *tables):
            with monkeypatch.context() as patch:
                patch.setattr(files, "LARGE", 1 << 40)
                slow = answer(question, schema, tmp_path, delimiter.encode())
                patch.setattr(files, "LARGE", choose.choice([0, 60]))
                patch.setattr(scan, "CHUNK", choose.randint(1, 200))
                patch.setattr(runs, "_RUN", choose.choice([3, 1 << 20]))
                fast = answer(question, schema, tmp_path, delimiter.encode())
            assert fast == slow, (number, question)
            offended += isinstance(fast, Answer) and fast.count > 0
    assert offended > CASES / 20


TRICKY = (
    b'id,"name",age\r\n007, 1e5 ,1.0\r\n2,"","quoted"\r\n3,"a ""b"", c\r\nd",NA\r\n'
    b'"4","x\ry",""\r\n,,\r\n5,\xc3\xa4,null\r\n6,"""",b'
)


@pytest.mark.parametrize("size", range(1, len(TRICKY) + 1))
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("odd", [b"", b'\r\n7,O"Brien,x\r\n8,"y"z,'])
def test_chunks_that_end_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int, end: bytes, odd: bytes
) -> None:
    content = (TRICKY + odd).replace(b"\r\n", end)
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    monkeypatch.setattr(files, "LARGE", 0)
    monkeypatch.setattr(scan, "CHUNK", size)
    for changes, expected in (
        ([AddColumn("t", column("more", backfill=Backfill(parts=(Fixed("a,b"),))))], added),
        ([DropColumn("t", column("name"))], dropped),
    ):
        new, _, wrong = outcome(path, table("t"), list(changes), b",")
        assert not wrong
        assert new == expected(content)
        assert [row[0] for row in parsed(new)] == [row[0] for row in parsed(content)]


Line = tuple[list[bytes], bytes]


def added(content: bytes) -> bytes:
    (head, first), *rows = cut(content)
    new = [b",".join([*head, b"more"]) + first]
    return b"".join(new + [b",".join([*row, b'"a,b"']) + end for row, end in rows])


def dropped(content: bytes) -> bytes:
    return b"".join(b",".join([row[0], *row[2:]]) + end for row, end in cut(content))


def cut(content: bytes) -> list[Line]:
    """The slow reference: rows of cells as bytes, each with its line end, byte after byte."""
    rows: list[Line] = []
    cells, cell, quoted = [], b"", False
    at = 0
    while at < len(content):
        byte = content[at : at + 1]
        if quoted:
            if content[at : at + 2] == b'""':
                byte = b'""'
            quoted = byte != b'"'
        elif byte == b'"' and not cell:
            quoted = True
        elif byte == b",":
            cells.append(cell)
            cell, at = b"", at + 1
            continue
        elif byte in b"\r\n":
            end = b"\r\n" if content[at : at + 2] == b"\r\n" else byte
            rows.append(([*cells, cell], end))
            cells, cell, at = [], b"", at + len(end)
            continue
        cell += byte
        at += len(byte)
    return [*rows, ([*cells, cell], b"")] if cells or cell else rows


def parsed(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("latin-1"), newline="")))


AGES = b"id,name,age\n" + b"1,ada,36\n2,eve,\n" * 20


def test_a_file_that_stays_as_it_is_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "LARGE", 0)
    monkeypatch.setattr(scan, "CHUNK", 64)
    path, change = tmp_path / "t.csv", AlterColumn("t", column("age"), column("age", "int"))
    for content in (AGES, AGES + b"3,bob,007\n", b"id,name,age\n3,bob,007\n" + AGES[12:]):
        path.write_bytes(content)
        one = Rewrite(CsvFile(path, path, b","), [change], None, NOW)
        with (tmp_path / "new.csv").open("wb") as stream, Lasting(stream) as lasting:
            differs = written(one.parts(no_progress), path, lasting)
        assert differs == (content != AGES)
        new = (tmp_path / "new.csv").read_bytes()
        assert new == (content.replace(b"007", b"7") if differs else b"")


def test_json_without_a_value_is_no_duplicate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cells = ['""', '""', "", "null", "null", '"{""a"": 1}"', '"{""a"":1}"', "[1]"]
    rows = "".join(f"{number},{cell}\n" for number, cell in enumerate(cells))
    (tmp_path / "t.csv").write_text("id,extra\n" + rows)
    schema = Schema(tables=(table("t", column("id", "int"), column("extra", "json"), key=["id"]),))
    found = []
    for large_from in (1 << 40, 0):
        monkeypatch.setattr(files, "LARGE", large_from)
        found.append(answer(Duplicates("t", ("extra",)), schema, tmp_path, b","))
    assert found[0] == found[1]
    assert isinstance(found[1], Answer)
    assert found[1].count == 2


def test_a_file_that_grows_meanwhile_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "LARGE", 0)
    monkeypatch.setattr(scan, "CHUNK", 64)
    path = tmp_path / "t.csv"
    path.write_bytes(AGES)
    one = Rewrite(CsvFile(path, path, b","), [DropColumn("t", column("age"))], None, NOW)
    parts = one.parts(no_progress)
    next(parts), next(parts)
    with path.open("ab") as stream:
        stream.write(b"9,eve,1\n")
    with pytest.raises(MigrationError, match="changed while it was read"):
        list(parts)


def test_rows_that_are_woven_wrong_are_made_one_by_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(rows: Grid, pieces: Sequence[Piece], delimiter: bytes) -> bytes:
        asked.append(rows.rows)
        return bytes(woven(rows, pieces, delimiter)).replace(b"ada", b"eve")

    asked: list[int] = []
    monkeypatch.setattr(files, "LARGE", 0)
    monkeypatch.setattr(large, "woven", wrong)
    path = tmp_path / "t.csv"
    path.write_bytes(AGES)
    one = Rewrite(CsvFile(path, path, b","), [DropColumn("t", column("age"))], None, NOW)
    new = carry_out(one, path, tmp_path / "new.csv")
    assert asked
    assert new == b"id,name\n" + b"1,ada\n2,eve\n" * 20


def lost(new: bytes) -> bytes:
    return new.replace(b"3,bob,007,\n", b"")


def changed(new: bytes) -> bytes:
    return new.replace(b"bob,007", b"bob,7")


def more(new: bytes) -> bytes:
    return new + b"9,eve,1,\n"


@pytest.mark.parametrize("broken", [lost, changed, more])
def test_what_a_bad_disk_does_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: Callable[[bytes], bytes]
) -> None:
    monkeypatch.setattr(files, "LARGE", 0)
    monkeypatch.setattr(scan, "CHUNK", 64)
    path, new = tmp_path / "t.csv", tmp_path / "new.csv"
    path.write_bytes(b"id,name,age\n" + b"1,ada,36\n2,eve,\n" * 20 + b"3,bob,007\n")
    one = Rewrite(CsvFile(path, path, b","), [AddColumn("t", column("email"))], None, NOW)
    written = carry_out(one, path, new)
    assert broken(written) != written
    one.prove(CsvFile(new, path, b","))
    new.write_bytes(broken(written))
    with pytest.raises(MigrationError) as caught:
        one.prove(CsvFile(new, path, b","))
    assert isinstance(caught.value, VerificationFailed)
