"""Every conversion that SQL makes is compared with the shared one, value by value."""

import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import psycopg
import pytest

from zmigration_api import (
    Column,
    ColumnType,
    StoreError,
    Target,
    UnsupportedChange,
    convert_column,
)
from zmigration_api.types import KINDS
from zmigration_postgresql import casts
from zmigration_postgresql.address import address_of
from zmigration_postgresql.codec import Codec
from zmigration_postgresql.connection import Connection, connect
from zmigration_postgresql.types import canonical, native_type

NUMBERS = ["0", "1", "-1", "2", "30", "2147483647", "-2147483648", "2147483648"]
TEXTS = [
    *NUMBERS,
    *("", " ", "30.0", " 30 ", "+5", "-0", "30.50", "1e6", "1E-3", ".5", "5.", "1_000", "0x1F"),
    *("\u00a030\u2003", "\x1c7\x1f", "٣", "inf", "nan", "Infinity", "9" * 41, "12345678.905"),
    *("9007199254740993", "9007199254740992", "+.1234567890123456789", "+0.1000000000000000000"),
    *("123456789012345", "1234567890123456", "-.12345678901234 ", "123456789.123456", "+1e400"),
    *("true", "T", " yes ", "off", "tr", "of", "1.0", "0.00", "+1", "TRUE", "no", "N"),
    *("2024-01-31", "2024-02-30", "0000-01-01", "2024-1-31", "20240131", "today", "infinity"),
    *("2024-01-31 00:00:00", "2024-01-31T10:20:30.5", "2024-01-31 10:20", "2024-01-31 24:00"),
    *("2024-01-31 10:20:30+00", "2024-01-31 23:59:60", "10:20", "10:20:30.123456", "25:00"),
    *('{"a": 1}', "[1, 2]", '"x"', "null", "{a}", "1.", "NaN", '{"b": [true, null], "a": "é"}'),
    "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
    "A0EEBC999C0B4EF8BB6D6BB9BD380A11",
    "{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}",
    "x" * 300,
    "back\\slash'quote\"%s\nline",
    "é" * 255,
]
VALUES: dict[str, list[str]] = {
    "integer": [*NUMBERS[:-1]],
    "smallint": ["-32768", "0", "1", "32767"],
    "bigint": [*NUMBERS, "9223372036854775807", "-9223372036854775808", "9007199254740993",
        "9007199254740992", "4611686018427387904", "9223372036854775295", "123456789012345678"],
    "real": ["0.1", "1", "1.5", "16777216", "1e20", "3.4028235e38", "1e-30"],
    "double precision": ["0.1", "1", "1.5", "2.5", "0", "-0", "1e15", "123456789012345680", "1e300",
        "0.1234567890123456789", "Infinity", "-Infinity", "NaN", "2147483648", "9.3e18", "1e-7",
        "0.005", "1e16", "100000"],
    "numeric": ["1", "1.0", "1.50", "2.5", "0.005", "12345678901234567890.5", "1e30", "-0.00",
        "NaN", "0.1", "9007199254740993", "0.1234567890123456789", "123456789012345.6"],
    "numeric(10,2)": ["1.00", "-99999999.99", "0.50"],
    "text": TEXTS,
    "character varying(400)": TEXTS,
    "boolean": ["true", "false"],
    "date": ["2024-01-31", "0001-01-01", "9999-12-31"],
    "time without time zone": ["00:00", "23:59:59.5", "10:20:30.123456"],
    "timestamp without time zone": ["2024-01-31 00:00", "2024-01-31 10:20:30.5", "0999-12-31 1:00"],
    "jsonb": ['{"a": 1, "bb": [1, 2.5, null, true]}', '"é\\n\\u0001"', "[]", "1", "null"],
    "bytea": [r"\x", r"\x61c3a9", r"\xff00", r"\x6100"],
    "uuid": ["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"],
}  # fmt: skip
OLD: list[tuple[ColumnType, str]] = [
    *((ColumnType(kind="int"), n) for n in ("integer", "smallint")),
    (ColumnType(kind="bigint"), "bigint"),
    (ColumnType(kind="float"), "real"),
    (ColumnType(kind="float"), "double precision"),
    (ColumnType(kind="decimal"), "numeric"),
    (ColumnType(kind="decimal", precision=10, scale=2), "numeric(10,2)"),
    *((ColumnType(kind="str"), n) for n in ("text", "character varying(400)")),
    (ColumnType(kind="bool"), "boolean"),
    (ColumnType(kind="bool"), "integer"),
    (ColumnType(kind="date"), "date"),
    (ColumnType(kind="date"), "text"),
    (ColumnType(kind="time"), "time without time zone"),
    (ColumnType(kind="datetime"), "timestamp without time zone"),
    (ColumnType(kind="datetime"), "text"),
    (ColumnType(kind="json"), "jsonb"),
    (ColumnType(kind="json"), "text"),
    (ColumnType(kind="blob"), "bytea"),
    (ColumnType(kind="uuid"), "uuid"),
    (ColumnType(kind="uuid"), "text"),
    (ColumnType(kind="bigint"), "text"),
]
NEW: list[tuple[ColumnType, str | None]] = [
    *((ColumnType(kind=kind), None) for kind in KINDS if kind not in ("native", "str")),
    (ColumnType(kind="str", length=5), None),
    (ColumnType(kind="str", length=255), None),
    (ColumnType(kind="decimal", precision=10, scale=2), None),
    (ColumnType(kind="bool"), "INTEGER"),
    (ColumnType(kind="datetime"), "TEXT"),
]
REFUSED = "refused"


@pytest.fixture(scope="module")
def connection(postgres_server: str) -> Iterator[Connection]:
    opened = connect(address_of(Target(data_type="postgresql", dsn=postgres_server)))
    assert opened is not None
    with closing(opened):
        opened.raw.autocommit = False
        yield opened
        opened.raw.rollback()


@pytest.mark.parametrize(("new_type", "native"), NEW, ids=str)
@pytest.mark.parametrize(("old_type", "old_native"), OLD, ids=str)
def test_sql_converts_as_the_shared_conversion(
    connection: Connection,
    old_type: ColumnType,
    old_native: str,
    new_type: ColumnType,
    native: str | None,
) -> None:
    old = Column(name="old", type=old_type, native=old_native)
    new = Column(name="old", type=new_type)
    native = native or native_type(new, None)
    new_column = Column(name="new", type=new_type, native=canonical(native))
    expression = casts.column_to("old", old, new, native)
    pattern, bare = casts.bare_pattern(old, new, native), f"old::{native.lower()}"
    wrong = []
    with connection.raw.transaction(force_rollback=True):
        connection.execute(f"CREATE TABLE pair (old {old_native}, new {native})")
        for text in VALUES[old_native]:
            raw, matches = _stored(connection, text, pattern)
            expected = _expected(raw, old, new_column)
            for sql in (expression, bare) if matches else (expression,):
                made = _made(connection, sql, text, new_column)
                if not _same(made, expected, old, new_column):
                    wrong.append((text, expected, made, sql))
    assert not wrong, "\n".join(map(str, wrong))


def _same(made: Any, expected: Any, old: Column, new: Column) -> bool:
    """Whether both are one value; JSON as text keeps its meaning, not the spelling of numbers."""
    if old.type.kind != "json" or not new.type.textual or REFUSED in (made, expected):
        return bool(made == expected) or {str(made).lower(), str(expected).lower()} == {"nan"}
    return bool(json.loads(made) == (None if expected is None else json.loads(expected)))


def _stored(connection: Connection, text: str, pattern: str | None) -> tuple[Any, ...]:
    with connection.raw.transaction(force_rollback=True):
        connection.execute("INSERT INTO pair (old) VALUES (%s)", [text])
        return connection.rows("SELECT old, old::text ~* %s FROM pair", [pattern])[0]


def _expected(raw: Any, old: Column, new: Column) -> Any:
    try:
        value = convert_column(Codec().from_store(raw, old), old, new)
        if value is None:  # JSON's null, which is None in Python, is no null of another type
            return None if new.type.textual or new.type.kind == "json" else REFUSED
        Codec().to_store(value, new)
        return value
    except ValueError:
        return REFUSED


def _made(connection: Connection, expression: str, text: str, new: Column) -> Any:
    try:
        with connection.raw.transaction(force_rollback=True):
            connection.raw.execute("INSERT INTO pair (old) VALUES (%s)", [text])
            connection.raw.execute(f"UPDATE pair SET new = {expression}".encode())
            raw = connection.rows("SELECT new FROM pair")[0][0]
    except (psycopg.Error, StoreError):
        return REFUSED
    return Codec().from_store(raw, new)


def test_a_native_type_needs_an_expression() -> None:
    old = Column(name="old", type=ColumnType(kind="int"), native="integer")
    new = Column(name="old", type=ColumnType(kind="native", native="inet"))
    with pytest.raises(UnsupportedChange, match="no known way to inet"):
        casts.column_to("old", old, new, "inet")
