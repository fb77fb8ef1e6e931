"""What rows will have in columns that a plan adds or changes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from tests.unit.csv_store import column
from zmigration_api import (
    Answer,
    Backfill,
    Column,
    Computed,
    CopyOf,
    Default,
    Duplicates,
    Fixed,
    Orphans,
    Sample,
    Unfillable,
    Using,
)
from zmigration_api.computed_answers import AskedRow, Rows, answer

NOW = datetime(2026, 1, 2, 3, 4, 5)
NOTE = column("note", "str")
OF_NOTE = Computed(old=NOTE, new=NOTE, fills=False)
COPY = Backfill(parts=(CopyOf("note"),))


def rows(*notes: str | None) -> Rows:
    def row(number: int, note: str | None) -> AskedRow:
        def read(column: Column) -> tuple[Any, Column]:
            assert column == NOTE
            return note, NOTE

        return AskedRow(read, lambda: ((number,), None))

    return lambda: (row(number, note) for number, note in enumerate(notes, 1))


def copying(kind: Any, **more: Any) -> Computed:
    new = column("new", kind, backfill=COPY, **more)
    return Computed(old=None, new=new, sources=(("note", OF_NOTE),))


def value(computed: Computed, note: str | None) -> Any:
    (row,) = rows(note)()
    return computed.value(row.read, NOW)


def test_a_copy_is_converted() -> None:
    assert value(copying("int"), "007") == 7
    assert value(copying("int"), None) is None
    with pytest.raises(ValueError, match="is not a whole number"):
        value(copying("int"), "x")


def test_a_copy_keeps_to_the_enumeration() -> None:
    assert value(copying("str", enum=("a",)), "a") == "a"
    with pytest.raises(ValueError, match="becomes none of a"):
        value(copying("str", enum=("a",)), "b")


def test_joined_parts_and_nulls() -> None:
    new = column("new", "int", backfill=Backfill(parts=(CopyOf("note"), Fixed("5"))))
    joined = Computed(old=None, new=new, sources=(("note", OF_NOTE),))
    assert value(joined, "1") == 15
    assert value(joined, None) == 5, "as in zolo-os a null in it is nothing"
    twice = column("new", "int", backfill=Backfill(parts=(CopyOf("note"), CopyOf("note"))))
    assert value(Computed(old=None, new=twice, sources=(("note", OF_NOTE),)), None) is None


def test_defaults() -> None:
    for default, expected in [
        (Default(kind="now"), NOW.date()),
        (Default(kind="value", text="2024-01-31"), datetime(2024, 1, 31).date()),
        (Default(kind="app", text="&ids.new()"), None),
    ]:
        new = column("day", "date", default=default)
        assert value(Computed(old=None, new=new), "x") == expected


def test_a_changed_column_fills_only_what_is_null() -> None:
    new = column("note", "int", required=True, default=Default(kind="value", text="9"))
    changed = Computed(old=NOTE, new=new)
    assert value(changed, "1") == 1
    assert value(changed, None) == 9
    mapped = column("note", "int", using=Using(values=(("x", None),)))
    assert value(Computed(old=NOTE, new=mapped, fills=False), "x") is None


def test_a_copy_of_an_added_column() -> None:
    again = column("again", "str", backfill=Backfill(parts=(CopyOf("new"),)))
    chain = Computed(old=None, new=again, sources=(("new", copying("int")),))
    assert value(chain, "007") == "7"


def test_unfillable() -> None:
    found = answer(Unfillable("t", copying("int", required=True)), rows("1", "x", None))
    assert found == Answer(
        2,
        (
            Sample((2,), ("x",), reason="is not a whole number"),
            Sample((3,), (None,), reason="leaves no value, and one is required"),
        ),
    )


def test_duplicates_leave_nulls_and_what_does_not_convert() -> None:
    question = Duplicates("t", ("new",), (copying("int"),))
    found = answer(question, rows("7", "x", "07", None, "8", None, "x"))
    assert found == Answer(2, (Sample((1,), (7,)), Sample((3,), (7,))))


def test_orphans() -> None:
    key = Computed(old=NOTE, new=column("note", "bigint"), fills=False)
    question = Orphans("t", ("new",), "u", ("note",), (copying("int"),), (key,))
    assert answer(question, rows("1", "02", "3", None), rows("01", "2")).count == 1
    assert answer(question, rows("1", "02", "3", None), None).count == 3
