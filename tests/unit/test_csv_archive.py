"""What a migration of CSV files destroys is kept beside them, and comes back byte for byte."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.csv_store import column, contents, opened, table
from zcli_migration.tagged import decode_tagged, encode_tagged
from zmigration_api import (
    AddColumn,
    AlterColumn,
    Backfill,
    Change,
    Column,
    CopyOf,
    CreateTable,
    Default,
    DropColumn,
    DropTable,
    Fixed,
    RenameColumn,
    RenameTable,
    Schema,
    Step,
    StepFailed,
    Table,
    Using,
    no_progress,
)
from zmigration_api.archive import archives_for

ID, NAME, AGE = column("id", "int"), column("name"), column("age", "int")
USERS = table("users", ID, NAME, AGE, key=["id"])
NO_KEY = table("users", ID, NAME, AGE)
KEPT = "__zmigration_kept_t_users.csv"
UNDONE = "__zmigration_undone_t_users.csv"
DROP_AGE = DropColumn("users", AGE)


def forward(
    folder: Path,
    changes: Sequence[Change],
    current: Sequence[Table],
    desired: Sequence[Table],
    token: str = "t",
) -> tuple[Step, ...]:
    """Make the changes; the steps back, as a later run reads them from the history."""
    before, after = Schema(tables=tuple(current)), Schema(tables=tuple(desired))
    with opened(folder) as store:
        archives = archives_for(changes, before, after, token)
        steps = store.plan(changes, before, after, archives)
        store.begin(1)
        for step in steps:
            store.run(step, no_progress)
        store.commit()
    texts = [json.dumps(encode_tagged(step.inverse())) for step in reversed(steps)]
    return tuple(decode_tagged(json.loads(text)) for text in texts)


def back(folder: Path, steps: Sequence[Step]) -> None:
    with opened(folder) as store:
        store.begin(1)
        for step in steps:
            store.run(step, no_progress)
        store.commit()


def there_and_back(
    folder: Path,
    content: bytes,
    changes: Sequence[Change],
    current: Table,
    desired: Table,
    *,
    forth: bytes | None = None,
    kept: bytes | None = None,
    meanwhile: bytes | None = None,
    result: bytes | None = None,
) -> dict[str, bytes]:
    """Forth, perhaps other rows meanwhile, and back; every file then."""
    (folder / "users.csv").write_bytes(content)
    steps = forward(folder, changes, [current], [desired])
    after = contents(folder)
    new = folder / f"{desired.name}.csv"
    if forth is not None:
        assert new.read_bytes() == forth
    if kept is not None:
        assert after[KEPT] == kept
    if meanwhile is not None:
        new.write_bytes(meanwhile)
    back(folder, steps)
    done = contents(folder)
    assert done["users.csv"] == (content if result is None else result)
    assert {name: done.get(name) for name in after if name.startswith("__")} == {
        name: after[name] for name in after if name.startswith("__")
    }
    return done


DROPPED = table("users", ID, NAME, key=["id"])


def test_a_dropped_column_comes_back_to_its_place(tmp_path: Path) -> None:
    there_and_back(
        tmp_path,
        b'\xef\xbb\xbfid,"age",name\r\n1,007,ann\r\n\r\n2,"",bob\r\n3,"1,5","c\nd"',
        [DROP_AGE],
        USERS,
        DROPPED,
        forth=b'\xef\xbb\xbfid,name\r\n1,ann\r\n\r\n2,bob\r\n3,"c\nd"',
        kept=b'id,__row,"age__before"\n1,1,007\n2,1,""\n3,1,"1,5"\n',
    )


def test_the_steps_say_what_is_kept_and_what_comes_back(tmp_path: Path) -> None:
    (tmp_path / "users.csv").write_bytes(b"id,name,age\n")
    current, desired = Schema(tables=(USERS,)), Schema(tables=(DROPPED,))
    with opened(tmp_path) as store:
        archives = archives_for([DROP_AGE], current, desired, "t")
        (step,) = store.plan([DROP_AGE], current, desired, archives)
    assert step.statements == (
        f"users.csv: keep column age in {KEPT};",
        "users.csv: drop column age;",
    )
    assert step.undo == (f"users.csv: add column age with the values kept in {KEPT};",)
    loss = next(hazard for hazard in step.hazards if hazard.kind == "data_loss")
    assert loss.text == "the values of users.age go; --rollback brings them back until --purge"
    assert step.keeps == archives.of("users")


def test_rows_that_came_went_and_moved_meanwhile(tmp_path: Path) -> None:
    there_and_back(
        tmp_path,
        b"id,age,name\n1,10,a\n2,20,b\n3,30,c\n4,40,d\n",
        [DROP_AGE],
        USERS,
        DROPPED,
        meanwhile=b"name,id\nB,2\nnew,9\nd,4\na,1.0\n",
        result=b"name,id,age\nB,2,20\nnew,9,\nd,4,40\na,1.0,10\n",
    )


def test_rows_that_came_get_the_default(tmp_path: Path) -> None:
    age = column("age", "int", required=True, default=Default(kind="value", text="18"))
    there_and_back(
        tmp_path,
        b"id,name,age\n1,a,10\n2,b,\n",
        [DropColumn("users", age)],
        table("users", ID, NAME, age, key=["id"]),
        DROPPED,
        meanwhile=b"id,name\n1,a\n2,b\n3,c\n",
        result=b"id,name,age\n1,a,10\n2,b,\n3,c,18\n",
    )


def test_a_required_column_does_not_come_back_without_values(tmp_path: Path) -> None:
    age = column("age", "int", required=True)
    (tmp_path / "users.csv").write_bytes(b"id,name,age\n1,a,10\n")
    drop = DropColumn("users", age)
    steps = forward(tmp_path, [drop], [table("users", ID, NAME, age, key=["id"])], [DROPPED])
    (tmp_path / "users.csv").write_bytes(b"id,name\n7,x\n1,a\n8,y\n")
    before = contents(tmp_path)
    with pytest.raises(StepFailed, match=r"users\.age is required, and 2 rows"):
        back(tmp_path, steps)
    assert contents(tmp_path) == before


def test_a_composite_key(tmp_path: Path) -> None:
    area = column("area")
    there_and_back(
        tmp_path,
        b"area,id,age\nx,1,10\nx,2,20\ny,1,30\n,1,40\n",
        [DROP_AGE],
        table("users", area, ID, AGE, key=["area", "id"]),
        table("users", area, ID, key=["area", "id"]),
        kept=b"area,id,__row,age__before\nx,1,1,10\nx,2,1,20\ny,1,1,30\n,1,1,40\n",
        meanwhile=b'area,id\ny,1\n"",1\nx,2\n',
        result=b'area,id,age\ny,1,30\n"",1,40\nx,2,20\n',
    )


def test_rows_alike_without_a_key_are_counted(tmp_path: Path) -> None:
    there_and_back(
        tmp_path,
        b"id,name,age\n1,a,10\n,,5\n1,a,20\n,,6\n1,a,30\n",
        [DROP_AGE],
        NO_KEY,
        table("users", ID, NAME),
        kept=b"id,name,__row,age__before\n1,a,1,10\n,,1,5\n1,a,2,20\n,,2,6\n1,a,3,30\n",
        meanwhile=b"id,name\n,\n,\n1,a\n1,a\n1,a\n1,a\n",
        result=b"id,name,age\n,,5\n,,6\n1,a,10\n1,a,20\n1,a,30\n1,a,\n",
    )


def test_a_key_of_the_schema_alone_that_the_rows_do_not_keep(tmp_path: Path) -> None:
    there_and_back(
        tmp_path,
        b"id,name,age\n1,a,10\n1,b,20\n01,c,30\n",
        [DROP_AGE],
        USERS,
        DROPPED,
        kept=b"id,__row,age__before\n1,1,10\n1,2,20\n01,3,30\n",
    )


def test_every_other_column_goes_and_one_comes(tmp_path: Path) -> None:
    only, new = table("users", AGE), column("x", default=Default(kind="value", text="v"))
    there_and_back(
        tmp_path,
        b"age\n1\n1\n2\n",
        [AddColumn("users", new), DROP_AGE],
        only,
        table("users", new),
        forth=b"x\nv\nv\nv\n",
        kept=b"__row,age__before\n1,1\n2,1\n3,2\n",
    )


def retyped(old: Column, new: Column) -> tuple[list[Change], Table, Table]:
    return (
        [AlterColumn("users", old, new)],
        table("users", ID, old, key=["id"]),
        table("users", ID, new, key=["id"]),
    )


def test_text_to_int_and_back(tmp_path: Path) -> None:
    there_and_back(
        tmp_path,
        b'id,age\n1,007\n2, 30 \n3,1.0\n4,\n5,""\n',
        *retyped(column("age"), AGE),
        forth=b'id,age\n1,7\n2,30\n3,1\n4,\n5,""\n',
        kept=b"id,__row,age__before,age__after\n"
        b'1,1,007,7\n2,1, 30 ,30\n3,1,1.0,1\n4,1,,\n5,1,"",""\n',
        meanwhile=b"id,age\n1,7.0\n2,31\n3,1\n4,\n6,5\n5,\n",
        result=b'id,age\n1,007\n2,31\n3,1.0\n4,\n6,5\n5,""\n',
    )


CONVERSIONS: list[tuple[str, str, bytes]] = [
    ("str", "float", b"1e5"),
    ("str", "float", b"0.10"),
    ("str", "datetime", b"2024-01-02T03:04"),
    ("str", "bool", b"yes"),
    ("str", "bool", b"0"),
    ("str", "decimal", b"+1.50"),
    ("str", "uuid", b"0123456789ABCDEF0123456789abcdef"),
    ("str", "json", b'"{""a"":1}"'),
    ("datetime", "date", b"2024-01-02T00:00"),
    ("float", "int", b"3.0"),
    ("int", "bool", b"1.0"),
    ("int", "str", b"007"),
    ("blob", "str", b"a"),
]


@pytest.mark.parametrize(("old", "new", "cell"), CONVERSIONS)
def test_a_converted_cell_comes_back(tmp_path: Path, old: str, new: str, cell: bytes) -> None:
    changes = retyped(column("v", old), column("v", new))  # type: ignore[arg-type]
    there_and_back(tmp_path, b"id,v\n1," + cell + b"\n2,\n", *changes)


def test_a_mapping_comes_back(tmp_path: Path) -> None:
    using = Using(values=(("yes", "1"), ("n/a", None)))
    changes = retyped(column("v"), column("v", "int", using=using))
    there_and_back(
        tmp_path,
        b"id,v\n1,yes\n2,1\n3,n/a\n4,\n",
        *changes,
        forth=b"id,v\n1,1\n2,1\n3,\n4,\n",
        meanwhile=b"id,v\n1,1\n2,1\n3,\n4,\n5,1\n",
        result=b"id,v\n1,yes\n2,1\n3,n/a\n4,\n5,1\n",
    )


@pytest.mark.parametrize("fill", ["default", "backfill"])
def test_filled_nulls_are_null_again(tmp_path: Path, fill: str) -> None:
    default = Default(kind="value", text="0") if fill == "default" else None
    backfill = Backfill(parts=(Fixed("0"),)) if fill == "backfill" else None
    new = column("age", "int", required=True, default=default, backfill=backfill)
    there_and_back(
        tmp_path,
        b'id,age\n1,\n2,""\n3,07\n',
        *retyped(AGE, new),
        forth=b"id,age\n1,0\n2,0\n3,07\n",
        meanwhile=b"id,age\n1,0\n2,1\n3,07\n",
        result=b"id,age\n1,\n2,1\n3,07\n",
    )


def test_a_value_that_cannot_go_back_is_refused(tmp_path: Path) -> None:
    changes, current, desired = retyped(column("v", "int"), column("v"))
    (tmp_path / "users.csv").write_bytes(b"id,v\n1,1\n")
    steps = forward(tmp_path, changes, [current], [desired])
    (tmp_path / "users.csv").write_bytes(b"id,v\n1,1\n2,many\n")
    before = contents(tmp_path)
    with pytest.raises(StepFailed, match="v 'many' is not a whole number") as caught:
        back(tmp_path, steps)
    assert caught.value.line == 3
    assert contents(tmp_path) == before


@pytest.mark.parametrize("retype", [False, True])
def test_nothing_is_invented_under_what_is_required_again(tmp_path: Path, retype: bool) -> None:
    zero = Default(kind="value", text="0")
    old = column("v", "int", required=True, default=zero)
    changes, current, desired = retyped(old, column("v", "str" if retype else "int", default=zero))
    (tmp_path / "users.csv").write_bytes(b"id,v\n1,1\n")
    steps = forward(tmp_path, changes, [current], [desired])
    (tmp_path / "users.csv").write_bytes(b"id,v\n1,1\n2,\n")
    before = contents(tmp_path)
    if retype:
        with pytest.raises(StepFailed, match="v is required"):
            back(tmp_path, steps)
    else:  # the file never knew that nulls were forbidden, and may have had some
        back(tmp_path, steps)
    assert contents(tmp_path) == before


def test_a_retyped_key(tmp_path: Path) -> None:
    old = column("id")
    there_and_back(
        tmp_path,
        b"id,age,name\n007,1,a\n8,2,b\n",
        [AlterColumn("users", old, ID), DROP_AGE],
        table("users", old, AGE, NAME, key=["id"]),
        DROPPED,
        kept=b"id,__row,id__before,id__after,age__before\n7,1,007,7,1\n8,1,8,8,2\n",
        meanwhile=b"id,name\n9,c\n8,b\n7,a\n",
        result=b"id,age,name\n9,,c\n8,2,b\n007,1,a\n",
    )


def test_a_renamed_table_with_a_renamed_key(tmp_path: Path) -> None:
    name = column("full")
    people = table("people", column("key", "int"), name, key=["key"])
    changes: list[Change] = [
        RenameTable("users", "people"),
        RenameColumn("people", "id", "key"),
        RenameColumn("people", "name", "full"),
        DropColumn("people", AGE),
    ]
    done = there_and_back(
        tmp_path,
        b"id,age,name\n1,10,a\n2,20,b\n",
        changes,
        USERS,
        people,
        forth=b"key,full\n1,a\n2,b\n",
        kept=b"key,__row,age__before\n1,1,10\n2,1,20\n",
    )
    assert set(done) == {"users.csv", KEPT}


def test_a_column_renamed_and_retyped(tmp_path: Path) -> None:
    old, new = column("v"), column("w", "int")
    changes: list[Change] = [
        RenameColumn("users", "v", "w"),
        AlterColumn("users", column("w"), new),
    ]
    there_and_back(
        tmp_path,
        b"id,v\n1,007\n",
        changes,
        table("users", ID, old, key=["id"]),
        table("users", ID, new, key=["id"]),
        kept=b"id,__row,v__before,v__after\n1,1,007,7\n",
    )


def test_an_added_column_is_kept_when_it_is_taken_back(tmp_path: Path) -> None:
    mail = column("mail", backfill=Backfill(parts=(CopyOf("name"), Fixed("@x"))))
    done = there_and_back(
        tmp_path,
        b"id,name,age\n1,a,10\n",
        [AddColumn("users", mail)],
        USERS,
        table("users", ID, NAME, AGE, mail, key=["id"]),
        meanwhile=b'id,name,age,mail\n1,a,10,"q@x"\n2,b,,z\n',
        result=b"id,name,age\n1,a,10\n2,b,\n",
    )
    assert done[UNDONE] == b'id,__row,mail__before\n1,1,"q@x"\n2,1,z\n'


def test_dropping_and_adding_in_one_plan(tmp_path: Path) -> None:
    mail = column("mail")
    done = there_and_back(
        tmp_path,
        b"id,age,name\n1,10,a\n2,20,b\n",
        [AddColumn("users", mail), DROP_AGE],
        USERS,
        table("users", ID, NAME, mail, key=["id"]),
        meanwhile=b"id,name,mail\n1,a,m\n2,b,\n",
    )
    assert done[UNDONE] == b"id,__row,mail__before\n1,1,m\n2,1,\n"


def test_a_dropped_table_comes_back_byte_for_byte(tmp_path: Path) -> None:
    content = b'\xef\xbb\xbf"id",theirs,age\r\n1,\xff,007\r\n\r\n2,"",'
    (tmp_path / "users.csv").write_bytes(content)
    (tmp_path / "users.csv").chmod(0o600)
    steps = forward(tmp_path, [DropTable(USERS)], [USERS], [])
    assert contents(tmp_path) == {KEPT: content}
    back(tmp_path, steps)
    assert contents(tmp_path) == {KEPT: content, "users.csv": content}
    assert stat.S_IMODE((tmp_path / "users.csv").stat().st_mode) == 0o600
    with (tmp_path / "users.csv").open("ab") as stream:
        stream.write(b"\n3,,")
    assert (tmp_path / KEPT).read_bytes() == content


def test_a_created_table_is_kept_when_it_is_taken_back(tmp_path: Path) -> None:
    steps = forward(tmp_path, [CreateTable(USERS)], [], [USERS])
    (tmp_path / "users.csv").write_bytes(b"id,name,age\n1,a,2\n")
    back(tmp_path, steps)
    assert contents(tmp_path) == {UNDONE: b"id,name,age\n1,a,2\n"}


def test_an_empty_table_has_an_archive_too(tmp_path: Path) -> None:
    there_and_back(
        tmp_path, b"id,name,age", [DROP_AGE], USERS, DROPPED, kept=b"id,__row,age__before\n"
    )


HOSTILE = ['x"; DROP', "a,b", "select", "Größe", "UP", "l1\nl2", "age__before", "__row", "''"]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names(tmp_path: Path, name: str) -> None:
    odd, cell = column(name), '"' + name.replace('"', '""') + '"'
    content = f'id,age,{cell}\n1,10,"q"""\n2,,\n'.encode()
    there_and_back(
        tmp_path,
        content,
        [DROP_AGE],
        table("users", ID, AGE, odd),
        table("users", ID, odd),
    )
    (tmp_path / KEPT).unlink()
    done = there_and_back(
        tmp_path,
        content,
        [DropColumn("users", odd)],
        table("users", ID, AGE, odd),
        table("users", ID, AGE),
    )
    with opened(tmp_path) as store:
        (kept,) = store.inspect([KEPT.removesuffix(".csv")]).tables
    assert [c.name for c in kept.columns][:3] == ["id", "age", "__row"]
    assert done["users.csv"] == content


def test_columns_of_somebody_else_keep_their_place(tmp_path: Path) -> None:
    there_and_back(
        tmp_path,
        b"theirs,id,other,age,name\n01,1,x,10,a\n02,2,y,20,b\n",
        [DROP_AGE],
        USERS,
        DROPPED,
    )


def test_forth_again_with_another_token(tmp_path: Path) -> None:
    (tmp_path / "users.csv").write_bytes(b"id,name,age\n1,a,10\n")
    back(tmp_path, forward(tmp_path, [DROP_AGE], [USERS], [DROPPED]))
    (tmp_path / "users.csv").write_bytes(b"id,name,age\n1,a,11\n")
    back(tmp_path, forward(tmp_path, [DROP_AGE], [USERS], [DROPPED], token="u"))
    assert contents(tmp_path) == {
        "users.csv": b"id,name,age\n1,a,11\n",
        KEPT: b"id,__row,age__before\n1,1,10\n",
        KEPT.replace("_t_", "_u_"): b"id,__row,age__before\n1,1,11\n",
    }


def test_an_archive_that_is_there_is_never_written_over(tmp_path: Path) -> None:
    (tmp_path / "users.csv").write_bytes(b"id,name,age\n1,a,10\n")
    (tmp_path / KEPT).write_bytes(b"precious\n")
    before = contents(tmp_path)
    for change, desired in ((DROP_AGE, [DROPPED]), (DropTable(USERS), [])):
        with pytest.raises(StepFailed, match="is there already"):
            forward(tmp_path, [change], [USERS], desired)
        assert contents(tmp_path) == before


@pytest.mark.parametrize("change", [DROP_AGE, DropTable(USERS)])
def test_a_purged_archive(tmp_path: Path, change: Change) -> None:
    (tmp_path / "users.csv").write_bytes(b"id,name,age\n1,a,10\n")
    desired = [DROPPED] if change is DROP_AGE else []
    steps = forward(tmp_path, [change], [USERS], desired)
    (tmp_path / KEPT).unlink()
    before = contents(tmp_path)
    with pytest.raises(StepFailed, match="are not there any more"):
        back(tmp_path, steps)
    assert contents(tmp_path) == before


@pytest.mark.skipif(os.name == "nt", reason="modes are the system's")
def test_an_archive_is_as_private_as_its_table(tmp_path: Path) -> None:
    (tmp_path / "users.csv").write_bytes(b"id,name,age\n1,a,10\n")
    (tmp_path / "users.csv").chmod(0o640)
    forward(tmp_path, [DROP_AGE], [USERS], [DROPPED])
    assert stat.S_IMODE((tmp_path / KEPT).stat().st_mode) == 0o640


def test_a_failure_half_way_leaves_no_archive(tmp_path: Path) -> None:
    (tmp_path / "users.csv").write_bytes(b"id,name,age\n1,a,10\n2,b\n")
    before = contents(tmp_path)
    with pytest.raises(StepFailed, match="row 2 has 2 cells"):
        forward(tmp_path, [DROP_AGE], [USERS], [DROPPED])
    assert contents(tmp_path) == before


def test_many_rows_in_another_order(tmp_path: Path) -> None:
    rows = [b"%d,n%d,%d" % (n % 7001, n % 3, n) for n in range(20_000)]
    content = b"\n".join([b"id,name,age", *rows]) + b"\n"
    (tmp_path / "users.csv").write_bytes(content)
    steps = forward(tmp_path, [DROP_AGE], [NO_KEY], [table("users", ID, NAME)])
    turned = sorted(range(20_000), key=lambda n: (n % 101, n))
    lines = [b"%d,n%d" % (n % 7001, n % 3) for n in turned]
    (tmp_path / "users.csv").write_bytes(b"\n".join([b"id,name", *lines]) + b"\n")
    back(tmp_path, steps)
    got = (tmp_path / "users.csv").read_bytes().splitlines()[1:]
    assert sorted(got) == sorted(rows)


CELLS = st.sampled_from([b"", b'""', b"1", b"01", b"1.0", b'"2"', b"3", b" 4 "])
TEXTS = st.sampled_from([b"", b'""', b"a", b'"a"', b'"a,b"', b'"x\ny"', b'"""q"""', b"\xc3\xa9"])
ROWS = st.lists(st.tuples(CELLS, TEXTS, CELLS), max_size=6)
PLANS: list[tuple[list[Change], Table]] = [
    ([DROP_AGE], table("users", ID, NAME)),
    ([DropColumn("users", NAME)], table("users", ID, AGE)),
    ([DropColumn("users", ID), DROP_AGE], table("users", NAME)),
    ([AlterColumn("users", AGE, column("age"))], table("users", ID, NAME, column("age"))),
    (
        [AlterColumn("users", ID, column("id", "float")), DropColumn("users", NAME)],
        table("users", column("id", "float"), AGE),
    ),
    (
        [
            RenameColumn("users", "id", "key"),
            AddColumn("users", column("mail", backfill=Backfill(parts=(CopyOf("name"),)))),
            AlterColumn(
                "users",
                AGE,
                column("age", required=True, backfill=Backfill(parts=(Fixed("none"),))),
            ),
            DropColumn("users", NAME),
        ],
        table("users", column("key", "int"), column("mail"), column("age", required=True)),
    ),
]


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    rows=ROWS, plan=st.sampled_from(PLANS), keyed=st.booleans(), end=st.sampled_from(["\n", "\r\n"])
)
def test_whatever_the_rows_they_come_back(
    tmp_path: Path,
    rows: list[tuple[bytes, ...]],
    plan: tuple[list[Change], Table],
    keyed: bool,
    end: str,
) -> None:
    for path in tmp_path.iterdir():
        path.unlink()
    content = end.encode().join([b"id,name,age", *map(b",".join, rows)])
    changes, desired = plan
    there_and_back(tmp_path, content, changes, USERS if keyed else NO_KEY, desired)


def test_the_temporary_database_is_nobody_elses(tmp_path: Path) -> None:
    from zmigration_csv.keep import Seen, scratch

    with scratch() as connection:
        seen = Seen(connection)
        keys = [(b"1",), (b"a", b"b"), (b"1",), (b"ab", b""), (b"", b"ab"), (b"a", b"b")]
        assert [seen.number(key) for key in keys] == [1, 1, 2, 1, 1, 2]
        assert connection.execute("PRAGMA database_list").fetchall()[0][2] == ""
    with pytest.raises(sqlite3.ProgrammingError):
        connection.execute("SELECT 1")


SCRIPT = """
import sys
from pathlib import Path
from tests.unit.test_csv_archive import DROP_AGE, DROPPED, GONE, USERS, forward
from zmigration_api import DropTable
forward(Path(sys.argv[1]), [DROP_AGE, DropTable(GONE)], [USERS, GONE], [DROPPED])
"""
GONE = table("gone", ID)


@pytest.mark.parametrize("point", ["staged", "journal-written", "replaced-first", "replaced-all"])
def test_a_killed_run_keeps_all_or_nothing(tmp_path: Path, point: str) -> None:
    folder = tmp_path / "Data"
    folder.mkdir()
    old = {"users.csv": b"id,name,age\n1,a,10\n", "gone.csv": b"id\n9\n"}
    for name, content in old.items():
        (folder / name).write_bytes(content)
    root = Path(__file__).parents[2]
    paths = os.pathsep.join(str(root / part) for part in ("", "hooks_api", "backends"))
    environment = {**os.environ, "PYTHONPATH": paths, "ZMIGRATION_FAULT": f"csv:{point}"}
    killed = subprocess.run([sys.executable, "-c", SCRIPT, folder], env=environment, timeout=60)
    assert killed.returncode == -signal.SIGKILL
    with opened(folder) as store:
        store.begin(1)
        store.commit()
    assert contents(folder) == (
        old
        if point == "staged"
        else {
            "users.csv": b"id,name\n1,a\n",
            KEPT: b"id,__row,age__before\n1,1,10\n",
            "__zmigration_kept_t_gone.csv": b"id\n9\n",
        }
    )
    with opened(folder) as store:
        assert not store.unfinished
