"""What is concluded from the cells of CSV files: types, keys, and the same of large files."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from zmigration_api import Column, Inspected, Target
from zmigration_csv.kinds import Facts
from zmigration_csv.store import CsvStore


def guessed(*cells: str | bytes) -> str:
    facts = Facts()
    facts.see(c.encode() if isinstance(c, str) else c for c in cells)
    return str(facts.type)


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["1", "-5", "0", ""], "int"),
        (["2147483647"], "int"),
        (["2147483648"], "bigint"),
        (["9223372036854775807"], "bigint"),
        (["9223372036854775808"], "decimal"),
        (["007", "12"], "str"),
        (["+5"], "str"),
        (["1_000"], "str"),
        (["30.0", "", "31.0"], "int"),
        (["30.0", "31.0"], "float"),
        (["1", "2.5"], "float"),
        (["1e-09", "0.1"], "float"),
        (["9.90", "10.00"], "decimal"),
        (["0.12345678901234567890"], "decimal"),
        (["1e400"], "str"),
        (["NaN", "1.5"], "str"),
        (["True", "False", ""], "bool"),
        (["true"], "bool"),
        (["1", "0"], "int"),
        (["yes", "no"], "str"),
        (["2024-01-02", "2023-12-31"], "date"),
        (["2024-02-30"], "str"),
        (["2024-01-02", "2024-01-02 03:04:05"], "datetime"),
        (["2024-01-02T03:04:05.678"], "datetime"),
        (["2024-01-02T03:04:05Z"], "str"),
        (["12:30", "23:59:59.5"], "time"),
        (["24:00"], "str"),
        (["12345678-1234-1234-1234-1234567890AB"], "uuid"),
        (['"{""a"": 1}"', "[1]"], "json"),
        (["{'a': 1}"], "str"),
        (["null"], "str"),
        (["NA", ""], "str"),
        (["x" * 255], "str"),
        (["x" * 256], "text"),
        (["é" * 255], "str"),
        (['"one\ntwo"'], "text"),
        ([b"\xff"], "blob"),
        ([b"\xff", "1"], "blob"),
        (["", '""'], "str"),
        ([], "str"),
        (['"5"', "6"], "int"),
        ([" 5"], "str"),
    ],
)
def test_types(cells: Sequence[str | bytes], kind: str) -> None:
    assert guessed(*cells) == kind


def described(folder: Path, *tables: str) -> Inspected:
    store = CsvStore(Target(data_type="csv", folder=folder, workspace=folder))
    return store.describe(tables or store.table_names())


def keys(folder: Path, text: str, name: str = "users") -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The primary key, and what else is said."""
    (folder / f"{name}.csv").write_text(text)
    found = described(folder, name)
    (table,) = found.schema.tables
    return table.key, found.inferred[name]


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("id,a\n1,x\n2,x\n", ("id",)),
        ("a,id\nx,1\nx,2\n", ("id",)),
        ("a,ID\nx,u-1\nx,u-2\n", ("ID",)),
        ("id,a\n1,x\n1,y\n", ()),
        ("id,a\n1,x\n,y\n", ()),
        ("id,a\n", ()),
        ("n,a\n1,x\n2,y\n", ("n",)),
        ("a,n\nx,1\ny,2\n", ()),
        ("user_id,a\nx,1\ny,2\n", ("user_id",)),
        ("users_id,a\nx,1\ny,2\n", ("users_id",)),
        ("id,n\n1,5\n1,6\n", ()),
        ("n,a\n1,x\n1.0,y\n", ()),
    ],
)
def test_primary_keys(tmp_path: Path, text: str, key: tuple[str, ...]) -> None:
    assert keys(tmp_path, text)[0] == key


def test_what_is_said(tmp_path: Path) -> None:
    _, said = keys(tmp_path, "id,name,age,none\n1,a,5,\n2,b,5,\n")
    assert said == (
        "Types, required and keys are inferred from all 2 rows; a CSV file says nothing.",
        "No row has a value in none.",
        "No value is there twice in name: unique: true, if that is meant.",
    )
    assert keys(tmp_path, "id\n")[1] == (
        "It has no rows, so the types are guesses: look at every line.",
    )
    (tmp_path / "blobs.csv").write_bytes(b"id,a\n1,\xff\n")
    assert "a is not UTF-8 text everywhere, and so a blob." in described(tmp_path).inferred["blobs"]


def test_which_files_are_tables(tmp_path: Path) -> None:
    for name in ("users.csv", "a b.csv", ".hidden.csv", "__zmigration_users.csv", "x.txt"):
        (tmp_path / name).write_text("id\n1\n")
    for name in ("users.zMigration.csv", "users_zMigration.csv", "_zdata_migrations.csv"):
        (tmp_path / name).write_text("id\n1\n")
    (tmp_path / "folder.csv").mkdir()
    store = CsvStore(Target(data_type="csv", folder=tmp_path, workspace=tmp_path))
    assert store.is_there
    assert store.table_names() == ["a b", "users"]
    assert not CsvStore(Target(data_type="csv", folder=tmp_path / "gone")).is_there


def test_types_that_zcli_has_recorded(tmp_path: Path) -> None:
    (tmp_path / "zmigrations").mkdir()
    record = tmp_path / "zmigrations" / "users.schema.json"
    record.write_text(
        '{"id": {"type": "int"}, "big": {"type": "bigint"}, "zip": {"type": "text!"},'
        ' "name": {"type": "int"}, "other": {"type": "thing"}, "gone": {"type": "int"}}'
    )
    text = "id,big,zip,name,other\n1,5,12345,a,6\n2,6,99999,b,7\n"
    _, said = keys(tmp_path, text)
    assert "zCLI itself has recorded the types of big, zip." in said
    (table,) = described(tmp_path).schema.tables
    assert [str(c.type) for c in table.columns] == ["int", "bigint", "text", "str", "int"]
    for broken in ("[]", "{", '{"id": 5}', "\xff"):
        record.write_bytes(broken.encode("latin-1"))
        (table,) = described(tmp_path).schema.tables
        assert [str(c.type) for c in table.columns] == ["int", "int", "int", "str", "int"]


ROWS = 60_000
KINDS = {
    "id": "int",
    "big": "bigint",
    "late": "str",
    "part": "int",
    "price": "float",
    "cost": "decimal",
    "done": "bool",
    "day": "date",
    "moment": "datetime",
    "mixed": "datetime",
    "word": "str",
    "quoted": "str",
    "long": "text",
    "none": "str",
    "clock": "time",
}


def cells_of(number: int, random: random.Random) -> dict[str, str]:
    day = f"20{number % 24 + 1:02}-{number % 12 + 1:02}-{number % 28 + 1:02}"
    return {
        "id": str(number),
        "big": str(random.randrange(2**40)),
        "late": "007" if number == ROWS - 1 else str(number),
        "part": f"{number % 90}.0" if number % 7 else "",
        "price": repr(random.randrange(10_000) / 8),
        "cost": f"{random.randrange(100_000) / 100:.2f}",
        "done": "True" if number % 3 else "False",
        "day": day,
        "moment": f"{day} 03:04:05",
        "mixed": day if number % 2 else f"{day}T03:04:05.123",
        "word": random.choice(["naïve", "one", "two words", ""]),
        "quoted": '"a, ""b"""' if number % 5 == 0 else "plain",
        "long": "x" * 300 if number == 777 else "y",
        "none": "",
        "clock": "12:30:01",
    }


def test_large_files_are_seen_as_small_ones_are(tmp_path: Path) -> None:
    chance = random.Random(7)
    rows = [cells_of(number, chance) for number in range(ROWS)]
    lines = [",".join(KINDS), *(",".join(row.values()) for row in rows), ""]
    (tmp_path / "things.csv").write_text("\n".join(lines), encoding="utf-8")
    assert (tmp_path / "things.csv").stat().st_size > 4 << 20
    found = described(tmp_path)
    (table,) = found.schema.tables
    assert {c.name: str(c.type) for c in table.columns} == KINDS
    assert {c.name for c in table.columns if not c.required} == {"part", "word", "none"}
    assert table.key == ("id",)
    assert found.inferred["things"][0].startswith(
        "Types, required and keys are inferred from all 60,000"
    )
    small = {name: guessed(*(row[name] for row in rows)) for name in KINDS}
    assert small == KINDS


def test_a_large_file_with_a_key_twice(tmp_path: Path) -> None:
    body = "".join(f"{number % 99_999},{'x' * 60}\n" for number in range(100_000))
    (tmp_path / "things.csv").write_text("id,a\n" + body)
    (table,) = described(tmp_path).schema.tables
    assert table.key == ()
    assert table.columns[0] == Column(name="id", type=table.columns[0].type, required=True)
