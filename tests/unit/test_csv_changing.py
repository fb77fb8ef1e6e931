"""Many rows of a CSV file changed one by one: the bytes, the time, the memory and the disk."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.unit.csv_store import USERS, column, opened, table
from zmigration_api import Data, Schema, Store, StoreError, TableData, UniqueConstraint
from zmigration_csv import keys, sorting

HEADER = b'\xef\xbb\xbfid,"na""me",age,email\r\n'
ODD = table("odd", column("id", "int"), column('na"me'), column("age"), column("email"), key=["id"])


def odd_rows(count: int) -> list[tuple[bytes, bytes, bytes]]:
    """Rows in three parts: before the e-mail, the e-mail, and the end with blank lines."""
    chance = random.Random(7)
    names = [b'"quoted"', b"plain", b'"a, ""b"""', b'"two\r\nlines"', b"", b'""', b" spaced "]
    ages = [b"007", b"30.0", b"", b'"07"', b"\xff\x00"]
    ends = [b"\r\n", b"\n", b"\r\n\r\n", b"\r\n  \r\n"]
    ids = [b"%d", b"%d.0", b'"%d"', b" %d", b"+%d"]
    return [
        (
            b",".join([chance.choice(ids) % n, chance.choice(names), chance.choice(ages)]) + b",",
            chance.choice([b"", b'""', b"old@x", b'"old@x"']),
            chance.choice(ends),
        )
        for n in range(count)
    ]


@contextmanager
def begun(folder: Path, *, unique: bool = False) -> Iterator[tuple[Store, TableData]]:
    one = ODD if folder.joinpath("odd.csv").exists() else USERS
    if unique:
        one = table(one.name, *one.columns, key=one.key)
        one = type(one)(
            name=one.name,
            columns=one.columns,
            primary_key=one.primary_key,
            unique=(UniqueConstraint(columns=("name",), name="uq"),),
        )
    schema = Schema(tables=(one,))
    with opened(folder) as store:
        store.begin(1)
        yield store, Data(store, lambda: schema)[one.name]


@pytest.mark.parametrize("places", [200_000, 50])
def test_every_other_byte_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, places: int
) -> None:
    monkeypatch.setattr(keys, "_IN_MEMORY", places)
    rows = odd_rows(5000)
    path = tmp_path / "odd.csv"
    path.write_bytes(HEADER + b"".join(map(b"".join, rows)))
    changed = random.Random(8).sample(range(5000), 3000)
    with begun(tmp_path) as (store, odd):
        for n in changed:
            assert odd.update(where={"id": n}, set={"email": f'new "{n}"'}) == 1
            assert odd.update(where={"id": n + 5000}, set={"email": "x"}) == 0
        assert odd.count({"email": {"$like": "new%"}}) == 3000
        assert odd.select(where={"id": changed[5]})[0]["email"] == f'new "{changed[5]}"'
        store.commit()
    for n in changed:
        rows[n] = (rows[n][0], b'"new ""%d"""' % n, rows[n][2])
    assert path.read_bytes() == HEADER + b"".join(map(b"".join, rows))


def test_keys_that_are_there_twice(tmp_path: Path) -> None:
    (tmp_path / "users.csv").write_bytes(b"id,name,age\n1,a,\n01,b,\n,c,\n2,d,\n")
    with begun(tmp_path) as (store, users):
        assert users.update(where={"id": 2}, set={"age": 2}) == 1
        assert users.update(where={"id": 1}, set={"age": 5}) == 2
        assert users.update(where={"id": None}, set={"age": 6}) == 1
        assert users.delete({"id": 1}) == 2
        assert users.insert(name="e") == 3
        store.commit()
    assert (tmp_path / "users.csv").read_bytes() == b"id,name,age\n,c,6\n2,d,2\n3,e,\n"


def test_a_change_that_is_refused_changes_nothing(tmp_path: Path) -> None:
    content = b"id,name,age\n1,a,\n2,b,\n3,,\n4,,\n"
    (tmp_path / "users.csv").write_bytes(content)
    refused: list[tuple[Callable[[TableData], object], str]] = [
        (lambda t: t.update(where={"id": 1}, set={"id": 2}), "the key 2 already"),
        (lambda t: t.update(where={"id": [3, 4]}, set={"name": "c"}), "the name c already"),
        (lambda t: t.update(where={"id": 1}, set={"name": "b"}), "the name b already"),
        (lambda t: t.update(set={"id": 7}), "the key 7 already"),
        (lambda t: t.insert_many([{"id": 8}, {"id": 9, "name": "a"}]), "the name a already"),
        (lambda t: t.insert_many([{"name": "z"}, {"name": "z"}]), "the name z already"),
    ]
    with begun(tmp_path, unique=True) as (store, users):
        for call, words in refused:
            with pytest.raises(StoreError, match=f"there is a row with {words}"):
                call(users)
        assert users.update(where={"id": 3}, set={"name": None}) == 1
        assert users.update(where={"id": 1}, set={"id": 1, "name": "a"}) == 1
        store.commit()
    assert (tmp_path / "users.csv").read_bytes() == content


def test_a_column_that_comes_meanwhile(tmp_path: Path) -> None:
    (tmp_path / "users.csv").write_bytes(b"id,name\n1,a\n2,b\n3,c\n")
    with begun(tmp_path) as (store, users):
        assert users.update(where={"id": 1}, set={"name": "x"}) == 1
        assert users.select(where={"age": 5}) == []
        assert users.update(where={"id": 2}, set={"age": 5}) == 1
        assert users.update(where={"age": 5}, set={"name": "y"}) == 1
        store.commit()
    assert (tmp_path / "users.csv").read_bytes() == b"id,name,age\n1,x,\n2,y,5\n3,c,\n"


def test_rows_that_are_not_asked_for_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "users.csv").write_bytes(b"id,name,age\n1,a,old\n2,b,3\n")
    with begun(tmp_path) as (_, users):
        assert users.select(where={"id": 2}) == [{"id": 2, "name": "b", "age": 3}]
        assert users.select(where={"name": "b"})[0]["age"] == 3
        assert users.update(where={"id": 1}, set={"age": 4}) == 1
        assert users.count({"age": {"$gt": 3}}) == 1


def test_sorting_more_than_memory_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sorting.in_order, "__defaults__", (7,))
    chance = random.Random(9)
    rows = [(n, chance.choice(["a", "b", ""]), chance.choice([1, 2, None])) for n in range(100)]
    lines = (f"{n},{name},{'' if age is None else age}\n" for n, name, age in rows)
    (tmp_path / "users.csv").write_text("id,name,age\n" + "".join(lines))
    with begun(tmp_path) as (_, users):
        found = users.select(order=["age desc", "name"])
        assert next(users.iterate(order="-id"))["id"] == 99
    expected = sorted(rows, key=lambda row: (-(row[2] or 0), row[1]))
    assert [row["id"] for row in found] == [n for n, _, _ in expected]


LOOPS: dict[str, Callable[[TableData, int], object]] = {
    "select": lambda t, n: t.select(where={"id": n}),
    "count": lambda t, n: t.count({"id": n}),
    "upsert": lambda t, n: t.upsert({"id": n * 2, "age": 1}),
    "insert": lambda t, n: t.insert(name="new"),
    "delete": lambda t, n: t.delete({"id": n}),
    "rename": lambda t, n: t.update(where={"id": n}, set={"id": n + 1_000_000}),
    "unique": lambda t, n: t.update(where={"name": f"n{n}"}, set={"age": n % 90}),
}


@pytest.mark.parametrize("loop", LOOPS)
def test_no_call_reads_every_row(tmp_path: Path, loop: str) -> None:
    content = b"id,name,age\n" + b"".join(b"%d,n%d,\n" % (n, n) for n in range(20_000))
    (tmp_path / "users.csv").write_bytes(content)
    with begun(tmp_path, unique=loop == "unique") as (_, users):
        started = time.monotonic()
        for n in range(20_000):
            LOOPS[loop](users, n)
        assert time.monotonic() - started < 60  # reading them each time would take an hour


PROGRAM = """
import resource, sys
from pathlib import Path
from tests.unit.test_csv_changing import begun
with begun(Path(sys.argv[1])) as (store, users):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    {body}
    print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


def peak(folder: Path, body: str, **environment: str) -> subprocess.Popen[str]:
    root = Path(__file__).parents[2]
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(body=body), str(folder)],
        cwd=root,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        text=True,
    )


def large(folder: Path, rows: int, width: int) -> bytes:
    content = b"id,name,age\n" + b"".join(b"%d,%0*d,\n" % (n, width, n) for n in range(rows))
    (folder / "users.csv").write_bytes(content)
    return content


BODIES = {
    "read": "assert sum(1 for _ in users.iterate(order='-name')) == 100_000",
    "changed": """
    for row in users.iterate(fields=["id"]):
        users.update(where={"id": row["id"]}, set={"age": 1})
    store.commit()""",
    "all": "users.update(set={'name': 'x' * 900}); store.commit()",
    "many": """
    users.update_many({"id": n, "age": 1} for n in range(100_000))
    users.insert_many({"id": n} for n in range(100_000, 150_000))
    store.commit()""",
}


@pytest.mark.skipif(sys.platform == "win32", reason="no resource module there")
@pytest.mark.parametrize("body", BODIES)
def test_memory_does_not_grow_with_the_file(tmp_path: Path, body: str) -> None:
    large(tmp_path, 100_000, 900)  # 90 MB
    with peak(tmp_path, BODIES[body]) as process:
        output, _ = process.communicate(timeout=300)
    assert process.returncode == 0
    assert int(output) < 80


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL there")
def test_nothing_temporary_outlives_a_killed_hook(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "temporary").mkdir()
    before = large(tmp_path / "data", 50_000, 1000)
    body = "users.update(where={'id': 1}, set={'age': 1}); print('held', flush=True); input()"
    places = dict.fromkeys(("SQLITE_TMPDIR", "TMPDIR"), str(tmp_path / "temporary"))
    with peak(tmp_path / "data", body, **places) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        process.send_signal(signal.SIGKILL)
    assert list((tmp_path / "temporary").iterdir()) == []
    with opened(tmp_path / "data") as store:
        store.begin(1)
        store.rollback()
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["users.csv"]
    assert (tmp_path / "data" / "users.csv").read_bytes() == before


@pytest.mark.skipif(sys.platform == "win32", reason="no resource module there")
def test_no_room_for_temporary_files(tmp_path: Path) -> None:
    before = large(tmp_path, 30_000, 1000)
    body = """
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 22, 1 << 22))
    from zmigration_api import StoreError
    for _ in range(2):
        try:
            users.update(where={"id": 1}, set={"age": 1})
        except StoreError as error:
            assert "cannot be kept in a temporary file" in error.message, error
            assert error.file.name == "users.csv"
            print(0)
        else:
            sys.exit("went on")
    sys.exit(0)"""
    with peak(tmp_path, body) as process:
        output, _ = process.communicate(timeout=100)
    assert (process.returncode, output) == (0, "0\n0\n")
    assert [path.name for path in tmp_path.iterdir()] == ["users.csv"]
    assert (tmp_path / "users.csv").read_bytes() == before


def test_hooks_find_what_was_committed(tmp_path: Path) -> None:
    (tmp_path / "users.csv").write_bytes(b"id,name,age\n1,a,\n")
    answers: list[Any] = []
    with begun(tmp_path) as (store, users):
        users.update(where={"id": 1}, set={"age": 1})
        store.commit()
        store.begin(1)
        answers.append(users.select())
        users.update(where={"id": 1}, set={"age": 2})
        store.rollback()
        answers.append(users.select())
    assert answers == [[{"id": 1, "name": "a", "age": 1}]] * 2
