import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date, datetime, time
from decimal import Decimal
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from tests.unit.sqlite_files import column, make, migrate, query
from zmigration_api import (
    KINDS,
    AlterColumn,
    Column,
    ColumnType,
    StepFailed,
    Table,
    TypeKind,
    Using,
    convert,
    convert_column,
    convertible,
)
from zmigration_sqlite.codec import SQLiteCodec
from zmigration_sqlite.functions import Functions, details_of, parse_type
from zmigration_sqlite.types import affinity, declared_type, holds, neutral, reads_as

CODEC = SQLiteCodec()
TEXTS = [
    *("", " ", "0", "1", "-1", "+7", "007", "30.0", "30.5", " 42 ", "1e3", "1e400", "nan", "NULL"),
    *("2147483647", "2147483648", "9223372036854775808", "9" * 50, "true", "False", "yes", "2"),
    *("2024-02-29", "2023-02-29", "2024-01-02 00:00:00", "2024-01-02T03:04:05", "12:30", "25:00"),
    *("2024-01-02 03:04:05.120", "2024-01-02 03:04:05Z", '{"a": [1, null]}', '"x"', "{", "it's"),
    *("00000000-0000-0000-0000-00000000000A", "½", "é\u0301", "🙂", "x" * 300, "a\nb\r\n", "0x10"),
]
VALUES: dict[TypeKind, list[Any]] = {
    "int": [0, 1, -1, 2, 2**31 - 1, -(2**31)],
    "bigint": [0, 1, 2**31, 2**63 - 1, -(2**63)],
    "float": [0.0, -0.0, 0.1, 1.0, 1e20, 1e-9, 2.5, 2.0**31, 1.7976931348623157e308, 1e15],
    "decimal": [Decimal(t) for t in ("0", "1.50", "-0.001", "12345678901234567890.123", "1E+3")],
    "str": TEXTS,
    "text": TEXTS,
    "bool": [True, False],
    "date": [date(2024, 2, 29), date(1, 1, 1)],
    "time": [time(0, 0), time(23, 59, 59, 120000)],
    "datetime": [datetime(2024, 1, 2), datetime(2024, 1, 2, 3, 4, 5, 600)],
    "json": [{}, [1, None], "x", 5, 1.5, True, {"ä": "🙂"}],
    "blob": [b"", b"abc", b"\x00\xff"],
    "uuid": ["00000000-0000-0000-0000-00000000000a"],
}


@pytest.fixture(scope="module")
def connection() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:")) as connection:
        Functions().register(connection)
        yield connection


def _both(connection: sqlite3.Connection, value: Any, old: Column, new: Column) -> tuple[Any, Any]:
    """What the shared conversion makes of a value and what the SQL function does; None: refused."""
    stored = CODEC.to_store(value, old)
    try:
        expected = CODEC.to_store(convert(value, old.type, new.type), new)
        if isinstance(expected, str):
            expected.encode()  # bytes that are no text: SQLite cannot keep them as one
    except ValueError:
        expected = None
    try:
        sql = "SELECT zmigration_convert(?, ?, ?)"
        (found,) = connection.execute(sql, (stored, str(old.type), str(new.type))).fetchone()
    except sqlite3.OperationalError:
        found = None
    return expected, found


@pytest.mark.parametrize(("old", "new"), list(product(VALUES, VALUES)))
def test_sql_converts_as_the_contract_does(
    connection: sqlite3.Connection, old: TypeKind, new: TypeKind
) -> None:
    refused = 0
    for value in VALUES[old]:
        expected, found = _both(connection, value, column("c", old), column("c", new))
        if expected is not None and old in ("str", "text") and new == "json":
            expected = value  # as it is written
        assert (expected, type(expected)) == (found, type(found)), value
        refused += expected is None
    if not convertible(ColumnType(kind=old), ColumnType(kind=new)):
        assert refused == len(VALUES[old])


MEASURED = [
    ColumnType(kind="str", length=3),
    ColumnType(kind="decimal", precision=5, scale=2),
    ColumnType(kind="decimal", precision=40, scale=10),
]


@pytest.mark.parametrize(("old", "new"), list(product(VALUES, MEASURED)), ids=str)
def test_sql_keeps_measures_as_the_contract_does(
    connection: sqlite3.Connection, old: TypeKind, new: ColumnType
) -> None:
    for value in VALUES[old]:
        expected, found = _both(connection, value, column("c", old), Column(name="c", type=new))
        assert (expected, type(expected)) == (found, type(found)), value


@pytest.mark.parametrize("kind", KINDS)
def test_every_value_comes_back_as_it_was(connection: sqlite3.Connection, kind: TypeKind) -> None:
    for value in VALUES.get(kind, ["x", 5, b"z"]):
        stored = CODEC.to_store(value, column("c", kind))
        (found,) = connection.execute("SELECT ?", (stored,)).fetchone()
        read = CODEC.from_store(found, column("c", kind))
        assert (read, type(read)) == (value, type(value))


@pytest.mark.parametrize(
    ("raw", "kind", "value"),
    [
        ("True", "bool", True),
        (0.0, "bool", False),
        ("2024-01-02T03:04:05", "datetime", datetime(2024, 1, 2, 3, 4, 5)),
        ("2024-01-02", "datetime", datetime(2024, 1, 2)),
        ("30.0", "int", 30),
        (30.0, "int", 30),
        (2**40, "int", 2**40),
        (str(2**40), "int", 2**40),
        (5, "text", "5"),
        (1.5, "str", "1.5"),
        (1.1, "decimal", Decimal("1.1")),
        (5, "json", 5),
        ("abc", "blob", b"abc"),
        ("A0000000-0000-0000-0000-000000000000", "uuid", "a0000000-0000-0000-0000-000000000000"),
    ],
)
def test_what_other_programs_store_is_read(raw: Any, kind: TypeKind, value: Any) -> None:
    read = CODEC.from_store(raw, column("c", kind))
    assert (read, type(read)) == (value, type(value))


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        *(("x", "int"), (1.5, "int"), (float("inf"), "int"), (2, "bool"), (20240102, "date")),
        *((b"x", "text"), ("{", "json"), (float("inf"), "decimal"), ("x", "uuid")),
        (b"1", "float"),
    ],
)
def test_what_is_none_of_the_type_is_refused(raw: Any, kind: TypeKind) -> None:
    with pytest.raises(ValueError, match=r"^(is|has)"):
        CODEC.from_store(raw, column("c", kind))


def test_a_map_and_an_enumeration_take_part(connection: sqlite3.Connection) -> None:
    old = column("c", "str")
    using = Using(values=(("a'b", "x"), ("gone", None), ("a'b", "never")))
    new = column("c", "str", using=using, enum=("x", "y"))
    details = details_of(new, enum=True)
    for value, refused in (("a'b", False), ("gone", False), ("y", False), ("z", True)):
        sql = "SELECT zmigration_convert(?, 'str', 'str', ?)"
        if refused:
            with pytest.raises(ValueError, match="is not one of x, y"):
                convert_column(value, old, new)
            with pytest.raises(sqlite3.OperationalError):
                connection.execute(sql, (value, details))
        else:
            expected = convert_column(value, old, new)
            assert connection.execute(sql, (value, details)).fetchone() == (expected,)


def test_types_are_read_back_from_their_texts() -> None:
    for kind in KINDS:
        native = "geometry" if kind == "native" else None
        assert parse_type(str(ColumnType(kind=kind, native=native))).kind == kind
    for measured in MEASURED:
        assert parse_type(str(measured)) == measured


@pytest.mark.parametrize(
    "declared",
    [
        *("INT", "TEXT", "VARCHAR(10)", "BOOLEAN", "DOUBLE PRECISION", "BLOB", "DATE", ""),
        *("FLOATING POINT", "DECIMAL(10,5)", "STRING", "BIGINT", "NATIVE CHARACTER(70)"),
        *("CHARINT", "XYZ"),
    ],
)
def test_affinity_is_sqlite_s(declared: str) -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute(f"CREATE TABLE t(a {declared})")
        values = ["12", 12.0, "1.5", b"x", "x"]
        connection.executemany("INSERT INTO t VALUES (?)", [(v,) for v in values])
        found = [row[0] for row in connection.execute("SELECT typeof(a) FROM t")]
    expected = {
        "INTEGER": ["integer", "integer", "real", "blob", "text"],
        "NUMERIC": ["integer", "integer", "real", "blob", "text"],
        "TEXT": ["text", "text", "text", "blob", "text"],
        "BLOB": ["text", "real", "text", "blob", "text"],
        "REAL": ["real", "real", "real", "blob", "text"],
    }
    assert found == expected[affinity(declared)]


# What zCLI creates for each of its type words (host contract, 3.1).
ZCLI = {
    **dict.fromkeys(("str", "text", "date", "time", "datetime", "json", "uuid"), "TEXT"),
    **dict.fromkeys(("decimal", "bigint"), "TEXT"),
    "int": "INTEGER",
    "bool": "INTEGER",
    "float": "REAL",
    "blob": "BLOB",
}


@pytest.mark.parametrize("kind", [k for k in KINDS if k != "native"])
def test_zcli_s_columns_and_ours_read_as_what_they_were_made_for(kind: TypeKind) -> None:
    wanted = ColumnType(kind=kind, length=20 if kind == "str" else None)
    for declared in (
        ZCLI[kind],
        declared_type(wanted, None),
        declared_type(wanted, None, strict=True),
    ):
        assert reads_as(column("c", neutral(declared).kind, native=declared.lower()), wanted)
        assert declared == "TEXT" or holds(declared, wanted)


def test_lengths_are_not_sqlite_s_to_keep() -> None:
    live = column("c", "str", native="varchar(255)")
    for length in (None, 5, 5000):
        assert reads_as(live, ColumnType(kind="str", length=length))
    assert not reads_as(live, ColumnType(kind="int"))
    assert not reads_as(column("c", native="text"), ColumnType(kind="int"))
    assert not reads_as(column("c", native="integer"), ColumnType(kind="str"))
    assert not reads_as(column("c", native="real"), ColumnType(kind="int"))
    assert reads_as(column("c", "float", native=""), ColumnType(kind="int"))


def test_new_columns_follow_what_the_table_does() -> None:
    zcli = Table(
        name="t", columns=(column("a", native="text"), column("i", "int", native="integer"))
    )
    ours = Table(name="t", columns=(column("a", "str", native="varchar(255)"),))
    ints = Table(name="t", columns=(column("f", "bool", native="integer"),))
    string = ColumnType(kind="str", length=40)
    assert declared_type(string, None) == "VARCHAR(40)"
    assert declared_type(ColumnType(kind="str"), None) == "VARCHAR(255)"
    assert declared_type(string, ours) == "VARCHAR(40)"
    assert declared_type(string, zcli) == "TEXT"
    assert declared_type(ColumnType(kind="bool"), zcli) == "BOOLEAN"
    assert declared_type(ColumnType(kind="bool"), ints) == "INTEGER"
    assert declared_type(ColumnType(kind="native", native="GEOMETRY"), ours) == "GEOMETRY"


def test_columns_of_one_kind_of_text_are_converted_in_place(tmp_path: Path) -> None:
    path = make(
        tmp_path / "a.db",
        "CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT COLLATE NOCASE);"
        "INSERT INTO t(v) VALUES ('2024-01-02T03:04:05'), (NULL), ('2024-01-02 00:00:00')",
    )
    (step,) = migrate(path, AlterColumn("t", column("v"), column("v", "datetime")))
    call = "zmigration_convert(v, 'text', 'datetime')"
    assert step.statements == (f"UPDATE t SET v = {call} WHERE v COLLATE BINARY IS NOT {call};",)
    moments = [("2024-01-02 03:04:05",), (None,), ("2024-01-02 00:00:00",)]
    assert query(path, "SELECT v FROM t") == moments
    with pytest.raises(StepFailed, match="is not a UUID"):
        migrate(path, AlterColumn("t", column("v"), column("v", "uuid")))
    assert query(path, "SELECT v FROM t") == moments
