from __future__ import annotations

import csv
import io
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from zmigration_api import StoreError
from zmigration_csv.cells import Record, join, quote, records, split, unquote

FILE = Path("t.csv")
PIECES = [b'"', b'""', b",", b"\n", b"\r", b"\r\n", b"a", b"\xc3\xa9", b";", b" ", b"\t"]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=24).map(b"".join)


def cut(content: bytes, chunk: int = 1 << 18, delimiter: bytes = b",") -> list[Record]:
    return list(records(io.BytesIO(content), delimiter, FILE, chunk))


def read(content: bytes, delimiter: bytes = b",") -> list[list[str]]:
    found = cut(content, delimiter=delimiter)
    return [[unquote(c).decode() for c in record.cells] for record in found if record.cells]


def by_csv(content: bytes, delimiter: str = ",") -> list[list[str]]:
    """What csv.reader reads, without the lines that are blank or nothing but white."""
    text = io.StringIO(content.decode(), newline="")
    return [row for row in csv.reader(text, delimiter=delimiter, strict=False) if row]


def closed(content: bytes, delimiter: bytes = b",") -> bool:
    try:
        cut(content, delimiter=delimiter)
    except StoreError:
        return False
    return True


def white_line(content: bytes, delimiter: bytes) -> bool:
    found = cut(content, delimiter=delimiter)
    return any(not record.cells and record.end.strip(b"\r\n") for record in found)


@pytest.mark.parametrize("delimiter", [",", ";"])
@given(content=TEXTS)
@example(content=b'a"b,"c""d"e"f\r\n')
@example(content=b'"""",""\r"x\r\ny"')
@example(content=b'"a"b"c,d"\n')
def test_boundaries_are_those_of_csv_reader(content: bytes, delimiter: str) -> None:
    byte = delimiter.encode()
    if closed(content, byte) and not white_line(content, byte):
        assert read(content, byte) == by_csv(content, delimiter)


@given(TEXTS)
@example(b'a,"b\r\nc""d",e\r\n\r\nf\r"g"')
@example(b"a\r\n\r\nb\rc")
def test_a_chunk_may_end_anywhere(content: bytes) -> None:
    if not closed(content):
        return
    whole = cut(content)
    assert b"".join(b",".join(r.cells) + r.end for r in whole) == content
    for chunk in range(1, len(content) + 1):
        assert cut(content, chunk) == whole


@given(TEXTS)
def test_a_quote_is_unclosed_whatever_the_chunks(content: bytes) -> None:
    if not closed(content):
        for chunk in range(1, len(content) + 1):
            with pytest.raises(StoreError, match="nothing closes it"):
                cut(content, chunk)


def test_lines_are_counted_from_one_and_inside_of_quotes() -> None:
    content = b'id\n\n1\r\n"a\nb\r\nc"\r2\n'
    assert [(r.line, len(r.cells)) for r in cut(content)] == [
        (1, 1),
        (2, 0),
        (3, 1),
        (4, 1),
        (7, 1),
    ]


def test_an_unclosed_quote_is_named() -> None:
    with pytest.raises(StoreError) as caught:
        cut(b'id,name\n1,a\n2,"b\n3,c\n')
    assert caught.value.line == 3
    assert caught.value.file == FILE


def test_white_lines_are_blank() -> None:
    assert [r.cells for r in cut(b"a\n  \t\n\n,\n")] == [[b"a"], [], [], [b"", b""]]
    assert [r.cells for r in cut(b"a\tb\n\t\n", delimiter=b"\t")] == [[b"a", b"b"], [b"", b""]]


def test_nul_bytes_are_bytes() -> None:
    assert cut(b'a\0b,"\0"\n')[0].cells == [b"a\0b", b'"\0"']


@given(st.binary(max_size=20), st.sampled_from([b",", b";", b"\t"]))
def test_quoting_is_read_back(value: bytes, delimiter: bytes) -> None:
    assert unquote(quote(value, delimiter)) == value
    row = join([quote(value, delimiter), b"x"], delimiter)
    assert split(row, delimiter) == [quote(value, delimiter), b"x"]
    (alone,) = cut(join([quote(value, delimiter)], delimiter) + b"\n", delimiter=delimiter)
    assert [unquote(cell) for cell in alone.cells] == [value]


@pytest.mark.parametrize("cell", [b'"' + b'x""' * 3_300_000 + b'\n"', b"y" * 10_000_000])
def test_cells_of_ten_megabytes(cell: bytes) -> None:
    (record,) = cut(b"1," + cell + b",2\n")
    assert record.cells == [b"1", cell, b"2"]


def test_memory_does_not_grow_with_the_file() -> None:
    class Endless(io.BytesIO):
        left = 20

        def read(self, size: int | None = -1) -> bytes:
            self.left -= 1
            return b'1,"some, text",3\n' * 4096 if self.left > 0 else b""

    tracemalloc.start()
    try:
        count = sum(1 for _ in records(Endless(), b",", FILE))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert count == 19 * 4096
    assert peak < 900_000
