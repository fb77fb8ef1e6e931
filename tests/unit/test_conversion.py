"""What converts to what, value by value: the table that every backend is held to."""

from __future__ import annotations

import math
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zmigration_api import Column, ColumnType, Using, convert, convert_column, convertible
from zmigration_api.types import KINDS
from zmigration_api.values import format_value, parse


def of(kind: Any, **measures: Any) -> ColumnType:
    return ColumnType(kind=kind, **measures)


GOOD = [
    ("007", "str", "int", 7),
    ("-12", "str", "int", -12),
    (" 12 ", "str", "int", 12),
    ("30.0", "str", "int", 30),
    ("+5", "text", "int", 5),
    ("9223372036854775807", "str", "bigint", 2**63 - 1),
    ("1e5", "str", "float", 1e5),
    (".5", "str", "float", 0.5),
    ("1.10", "str", "decimal", Decimal("1.10")),
    ("yes", "str", "bool", True),
    ("F", "str", "bool", False),
    ("1", "str", "bool", True),
    ("0.0", "str", "bool", False),
    ("2024-02-29", "str", "date", date(2024, 2, 29)),
    ("2024-02-29 00:00:00", "str", "date", date(2024, 2, 29)),
    ("2024-02-29T23:59", "str", "datetime", datetime(2024, 2, 29, 23, 59)),
    ("2024-02-29", "str", "datetime", datetime(2024, 2, 29)),
    ("2024-02-29 01:02:03.5", "str", "datetime", datetime(2024, 2, 29, 1, 2, 3, 500000)),
    ("23:59", "str", "time", time(23, 59)),
    ('{"a": [1, null]}', "str", "json", {"a": [1, None]}),
    (
        "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11",
        "str",
        "uuid",
        "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
    ),
    ("ä", "str", "blob", b"\xc3\xa4"),
    ("", "str", "text", ""),
    (7, "int", "str", "7"),
    (7, "int", "float", 7.0),
    (2**53, "bigint", "float", 2.0**53),
    (2**62, "bigint", "float", 2.0**62),
    (Decimal("0.1"), "decimal", "float", 0.1),
    (Decimal("1.50"), "decimal", "float", 1.5),
    (Decimal("123456789012345.6"), "decimal", "float", 123456789012345.6),
    ("0.10000000000000000000", "str", "float", 0.1),
    ("9007199254740992", "str", "float", 2.0**53),
    ("1.7976931348623157e308", "str", "float", 1.7976931348623157e308),
    (7, "int", "decimal", Decimal(7)),
    (1, "int", "bool", True),
    (True, "bool", "int", 1),
    (True, "bool", "str", "true"),
    (3.0, "float", "int", 3),
    (1.0, "float", "str", "1"),
    (1e20, "float", "str", "1e+20"),
    (1e15, "float", "text", "1e+15"),
    (0.1, "float", "decimal", Decimal("0.1")),
    (Decimal("1.50"), "decimal", "str", "1.50"),
    (Decimal("3.00"), "decimal", "int", 3),
    (date(2024, 1, 2), "date", "datetime", datetime(2024, 1, 2)),
    (datetime(2024, 1, 2), "datetime", "date", date(2024, 1, 2)),
    (datetime(2024, 1, 2, 3, 4, 5, 600000), "datetime", "str", "2024-01-02 03:04:05.6"),
    (time(3, 4), "time", "str", "03:04:00"),
    (b"\xc3\xa4", "blob", "str", "ä"),
]

BAD = [
    ("abc", "str", "int", "not a whole number"),
    ("", "str", "int", "not a whole number"),
    ("1.5", "str", "int", "not a whole number"),
    ("1e5", "str", "int", "not a whole number"),
    ("1_000", "str", "int", "not a whole number"),
    ("0x1F", "str", "int", "not a whole number"),
    ("٣", "str", "int", "not a whole number"),
    ("2147483648", "str", "int", "outside the range"),
    ("9" * 5000, "str", "bigint", "outside the range"),
    ("nan", "str", "float", "not a number"),
    ("1e999", "str", "float", "outside the range"),
    ("maybe", "str", "bool", "neither true nor false"),
    (2, "int", "bool", "neither 0 nor 1"),
    ("2023-02-29", "str", "date", "not in the calendar"),
    ("2024-01-02 03:04", "str", "date", "not a date"),
    ("02/01/2024", "str", "datetime", "not a date and time"),
    ("2024-01-02T03:04:05Z", "str", "datetime", "time zone"),
    ("2024-01-02 03:04:05+02:00", "str", "datetime", "time zone"),
    ("25:00", "str", "time", "on the clock"),
    ("{", "str", "json", "not JSON"),
    ("NaN", "str", "json", "not JSON"),
    ("zz", "str", "uuid", "not a UUID"),
    (3.5, "float", "int", "not a whole number"),
    (1e300, "float", "int", "outside the range"),
    (2**40, "bigint", "int", "outside the range"),
    (datetime(2024, 1, 2, 3), "datetime", "date", "time of day"),
    (1, "int", "date", "int does not become date"),
    (2**53 + 1, "bigint", "float", "more digits than float keeps"),
    (2**63 - 1, "bigint", "float", "more digits than float keeps"),
    (Decimal("9007199254740993"), "decimal", "float", "more digits than float keeps"),
    (Decimal("0.12345678901234567890"), "decimal", "float", "more digits than float keeps"),
    (Decimal("1e-400"), "decimal", "float", "outside the range"),
    (10**400, "bigint", "float", "outside the range"),
    ("9007199254740993", "str", "float", "more digits than float keeps"),
    ("0.12345678901234567890", "text", "float", "more digits than float keeps"),
    (b"\xff\x00", "blob", "str", "not UTF-8"),
]


@pytest.mark.parametrize(("value", "old", "new", "expected"), GOOD)
def test_what_converts(value: Any, old: str, new: str, expected: Any) -> None:
    result = convert(value, of(old), of(new))
    assert result == expected
    assert type(result) is type(expected)


@pytest.mark.parametrize(("value", "old", "new", "reason"), BAD)
def test_what_is_refused_and_why(value: Any, old: str, new: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        convert(value, of(old), of(new))


@pytest.mark.parametrize("old", KINDS)
@pytest.mark.parametrize("new", KINDS)
def test_null_stays_null(old: str, new: str) -> None:
    assert convert(None, of(old), of(new)) is None


def test_measures_are_kept() -> None:
    with pytest.raises(ValueError, match="longer than 3"):
        convert("abcd", of("text"), of("str", length=3))
    with pytest.raises(ValueError, match="more than 2 decimal places"):
        convert("1.234", of("str"), of("decimal", precision=5, scale=2))
    with pytest.raises(ValueError, match="digits before the point"):
        convert("1234.5", of("str"), of("decimal", precision=5, scale=2))
    assert convert("999.99", of("str"), of("decimal", precision=5, scale=2)) == Decimal("999.99")


def test_native_types_do_not_convert() -> None:
    inet, cidr = ColumnType(kind="native", native="inet"), ColumnType(kind="native", native="cidr")
    assert convertible(inet, inet)
    assert not convertible(inet, cidr)
    assert not convertible(inet, of("str"))
    with pytest.raises(ValueError, match="inet does not become cidr"):
        convert("10.0.0.1", inet, cidr)


def column(kind: str, **more: Any) -> Column:
    return Column(name="c", type=of(kind), **more)


def test_using_comes_before_the_conversion() -> None:
    using = Using(values=(("n/a", None), ("many", "99")))
    new = column("int", using=using)
    assert convert_column("n/a", column("str"), new) is None
    assert convert_column("many", column("str"), new) == 99
    assert convert_column("7", column("str"), new) == 7


def test_using_null_under_required_is_refused() -> None:
    new = column("int", using=Using(values=(("n/a", None),)), required=True)
    with pytest.raises(ValueError, match="required"):
        convert_column("n/a", column("str"), new)


def test_enum_is_checked_after_the_conversion() -> None:
    new = column("str", enum=("open", "closed"))
    assert convert_column("open", column("str"), new) == "open"
    with pytest.raises(ValueError, match="not one of open, closed"):
        convert_column("ajar", column("str"), new)


VALUES: dict[str, st.SearchStrategy[Any]] = {
    "int": st.integers(-(2**31), 2**31 - 1),
    "bigint": st.integers(-(2**63), 2**63 - 1),
    "float": st.floats(allow_nan=False, allow_infinity=False),
    "decimal": st.decimals(allow_nan=False, allow_infinity=False, min_value=-1e9, max_value=1e9),
    "str": st.text(),
    "bool": st.booleans(),
    "date": st.dates(),
    "time": st.times(),
    "datetime": st.datetimes(),
    "json": st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda c: st.lists(c, max_size=3)
    ),
    "blob": st.binary(),
    "uuid": st.uuids().map(str),
}


@pytest.mark.parametrize("kind", VALUES)
@given(data=st.data())
def test_every_value_reads_back_from_its_text(kind: str, data: st.DataObject) -> None:
    value = data.draw(VALUES[kind])
    again = parse(format_value(value, of(kind)), of(kind))
    assert again == value
    if kind == "float":
        assert math.copysign(1, again) == math.copysign(1, value)
