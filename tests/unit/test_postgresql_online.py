"""Which steps are made ahead of the transaction, and as which statements."""

import pytest

from zmigration_api import (
    AddColumn,
    AddConstraint,
    AddIndex,
    AlterColumn,
    Change,
    Check,
    Column,
    ColumnType,
    CreateTable,
    DropConstraint,
    DropIndex,
    ForeignKey,
    Hazard,
    Index,
    PrimaryKey,
    RenameColumn,
    RenameTable,
    Step,
    Table,
    UniqueConstraint,
    as_run,
)
from zmigration_postgresql.hazards import exclusive, told
from zmigration_postgresql.online import made_ahead, online
from zmigration_postgresql.render import SQL
from zmigration_postgresql.sizes import Size

LARGE = Size("t", True, 1_230_000_000, 8_123_456, ("id",))
SIZES = {"t": LARGE, "u": Size("u", True, 10, 1)}
TOTAL = Index(columns=("total",), name="by_total")


def column(name: str, **facts: object) -> Column:
    return Column(name=name, type=ColumnType(kind="int"), **facts)  # type: ignore[arg-type]


def step(change: Change, *statements: str) -> Step:
    return Step(changes=(change,), statements=statements)


def index(made: Index = TOTAL, *more: str) -> Step:
    return step(AddIndex("t", made), SQL.create_index("t", made), *more)


def constraint(made: PrimaryKey | UniqueConstraint | Check | ForeignKey, *more: str) -> Step:
    return step(AddConstraint("t", made), SQL.add_constraint("t", made), *more)


def required(name: str, *before: str) -> Step:
    change = AlterColumn("t", column(name), column(name, required=True))
    return step(change, *before, f"ALTER TABLE t ALTER COLUMN {name} SET NOT NULL;")


def test_an_index_with_its_comment() -> None:
    comment = "COMMENT ON INDEX by_total IS 'x';"
    (made,) = online([index(TOTAL, comment)], SIZES)
    assert made.statements == ("CREATE INDEX CONCURRENTLY by_total ON t(total);", comment)
    assert made.ahead == 1
    assert made.ahead_undo == ("DROP INDEX CONCURRENTLY IF EXISTS by_total;",)
    assert made_ahead(made.ahead_undo[0]) == "by_total"


def test_a_unique_constraint_as_it_says() -> None:
    key = UniqueConstraint(columns=("a", "Order"), name="Uq")
    start = 'ALTER TABLE t ADD CONSTRAINT "Uq" UNIQUE'
    clause = '(a, "Order") INCLUDE (b) DEFERRABLE INITIALLY DEFERRED;'
    text = f"{start} NULLS NOT DISTINCT {clause}"
    (made,) = online([step(AddConstraint("t", key), text)], SIZES)
    assert made.statements == (
        'CREATE UNIQUE INDEX CONCURRENTLY "Uq" ON t(a, "Order") INCLUDE (b) NULLS NOT DISTINCT;',
        f'{start} USING INDEX "Uq" DEFERRABLE INITIALLY DEFERRED;',
    )


@pytest.mark.parametrize("name", ["id", "total"])
def test_a_primary_key_of_columns_that_have_no_nulls(name: str) -> None:
    key = PrimaryKey(columns=(name,), name="t_pkey")
    (made,) = online([constraint(key)], SIZES)
    assert made.ahead == (1 if name == "id" else 0)


def test_another_name_while_the_old_one_is_there() -> None:
    dropped = step(DropIndex("t", TOTAL), "DROP INDEX by_total;")
    _, made = online([dropped, index()], SIZES)
    first, then = made.statements
    other = made_ahead(made.ahead_undo[0])
    assert first == f"CREATE INDEX CONCURRENTLY {other} ON t(total);"
    assert then == f"ALTER INDEX {other} RENAME TO by_total;"
    assert as_run([dropped, made]) == (first, "DROP INDEX by_total;", then)


def test_a_check_that_changed() -> None:
    old, new = (Check(name="c", expression=text) for text in ("a > 0", "a > 1"))
    dropped = step(DropConstraint("t", old), "ALTER TABLE t DROP CONSTRAINT c;")
    _, made = online([dropped, constraint(new)], SIZES)
    other = made_ahead(made.ahead_undo[0])
    assert made.statements == (
        f"ALTER TABLE t ADD CONSTRAINT {other} CHECK (a > 1) NOT VALID;",
        f"ALTER TABLE t VALIDATE CONSTRAINT {other};",
        f"ALTER TABLE t RENAME CONSTRAINT {other} TO c;",
    )


def test_a_key_that_the_plan_makes_cannot_be_referred_to_yet() -> None:
    refers = ForeignKey(columns=("a",), ref_table="u", ref_columns=("b",), name="fk")
    assert online([constraint(refers)], SIZES)[0].ahead == 2
    key = UniqueConstraint(columns=("b",), name="uq")
    other = step(AddConstraint("u", key), SQL.add_constraint("u", key))
    assert online([other, constraint(refers)], SIZES)[1].ahead == 0


@pytest.mark.parametrize(
    "change",
    [
        AddColumn("t", column("total")),
        RenameColumn("t", "amount", "total"),
        RenameTable("s", "t"),
        CreateTable(Table(name="t", columns=(column("total"),))),
    ],
)
def test_what_the_plan_makes_itself(change: Change) -> None:
    assert not online([step(change, "..."), index()], SIZES)[1].ahead


def test_a_column_in_a_text() -> None:
    added = step(AddColumn("t", column("total")), "...")
    partial = Index(columns=("a",), where="(total > 1)", name="i")
    keyed = Index(columns=(), keys=("abs(total)",), name="i")
    for made in (partial, keyed):
        assert not online([added, index(made)], SIZES)[1].ahead
    assert not online([added, constraint(Check(name="c", expression="total > 1"))], SIZES)[1].ahead
    assert online([added, index(Index(columns=("a",), name="i"))], SIZES)[1].ahead


def test_not_null() -> None:
    (made,) = online([required("a")], SIZES)
    check = made_ahead(made.ahead_undo[0])
    assert made.statements == (
        f"ALTER TABLE t ADD CONSTRAINT {check} CHECK (a IS NOT NULL) NOT VALID;",
        f"ALTER TABLE t VALIDATE CONSTRAINT {check};",
        "ALTER TABLE t ALTER COLUMN a SET NOT NULL;",
        f"ALTER TABLE t DROP CONSTRAINT {check};",
    )


def test_nulls_that_are_filled_stay_in_the_transaction() -> None:
    filling = required("a", "UPDATE t SET a = 1 WHERE a IS NULL;")
    by_a = index(Index(columns=("a",), name="i"))
    assert [made.ahead for made in online([filling, by_a], SIZES)] == [0, 0]
    assert [made.ahead for made in online([required("a"), by_a], SIZES)] == [2, 1]


@pytest.mark.parametrize(
    ("size", "online_when", "ahead"),
    [
        (Size("t", True, 99_000_000, 999_999), "auto", 0),
        (Size("t", True, 101_000_000, 5), "auto", 1),
        (Size("t", True, 5, 1_000_000), "auto", 1),
        (Size("t", True, 5, -1), "always", 1),
        (Size("t", False, 5_000_000_000, 10_000_000), "always", 0),
        (Size("t", True, 5_000_000_000, 10_000_000), "never", 0),
    ],
)
def test_which_tables_are_large(size: Size, online_when: str, ahead: int) -> None:
    assert online([index()], {"t": size}, online_when)[0].ahead == ahead  # type: ignore[arg-type]


def hazards(*steps: Step) -> list[str]:
    return [hazard.text for one in told(steps, SIZES) for hazard in one.hazards]


def test_what_others_wait_for() -> None:
    name = "t, 1.2 GB, about 8,100,000 rows"
    assert hazards(index()) == [f"{name}: writers wait while the index is built"]
    assert hazards(*online([index()], SIZES)) == [f"{name}: nobody waits while the index is built"]
    assert hazards(required("a"))[0] == (
        f"{name}: readers and writers wait while its rows are checked"
    )
    assert hazards(*online([required("a")], SIZES)) == [
        f"{name}: nobody waits while its rows are checked",
        f"{name}: readers and writers wait for a moment",
    ]
    added = step(AddColumn("t", column("b")), "ALTER TABLE t ADD COLUMN b INTEGER;")
    assert hazards(added) == [f"{name}: readers and writers wait for a moment"]
    assert hazards(added, index())[0].endswith("for a moment, and then until the run is done")
    rewritten = Step(
        changes=added.changes, statements=added.statements, hazards=(Hazard("rewrite", "?"),)
    )
    assert hazards(rewritten) == [f"{name}: readers and writers wait while it is written anew"]


def test_a_check_that_is_validated_keeps_nobody_out_but_prolongs_what_does() -> None:
    name = "t, 1.2 GB, about 8,100,000 rows"
    validated = step(
        AddConstraint("t", Check(name="c", expression="a > 0")),
        "ALTER TABLE t VALIDATE CONSTRAINT c;",
    )
    alone = f"{name}: nobody waits while its rows are checked"
    assert hazards(validated) == [alone]
    assert exclusive([validated]) == ()
    key = ForeignKey(columns=("a",), ref_table="u", ref_columns=("b",), name="fk", valid=False)
    refers = "ALTER TABLE t ADD CONSTRAINT fk FOREIGN KEY (a) REFERENCES u(b) NOT VALID;"
    assert hazards(step(AddConstraint("t", key), refers), validated) == [
        f"{name}: writers wait for a moment, and then until the run is done",
        f"{alone}; who waits for the steps before waits on",
    ]
    added = step(AddColumn("t", column("b")), "ALTER TABLE t ADD COLUMN b INTEGER;")
    assert hazards(validated, added) == [  # the table is taken for all steps, before the first
        f"{name}: readers and writers wait while its rows are checked",
        f"{name}: readers and writers wait for a moment",
    ]
    both = step(
        validated.changes[0],
        "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID;",
        "ALTER TABLE t VALIDATE CONSTRAINT c;",
    )
    assert hazards(both) == [f"{name}: readers and writers wait while its rows are checked"]


def test_tables_that_are_taken_at_once() -> None:
    refers = ForeignKey(columns=("a",), ref_table="u", ref_columns=("b",), name="fk")
    assert exclusive([index(), constraint(refers)]) == ()
    assert exclusive([index(), required("a")]) == ("t",)
    assert exclusive(online([index()], SIZES)) == ()


def test_a_table_of_another_schema() -> None:
    made = Index(columns=("a",), name="Idx")
    sizes = {"app.t": Size("app.t", True, 1_000_000_000, 1)}
    add = step(AddIndex("app.t", made), SQL.create_index("app.t", made))
    dropped = step(DropIndex("app.t", made), SQL.drop_index("Idx", "app.t"))
    (alone,) = online([add], sizes)
    assert alone.statements == ('CREATE INDEX CONCURRENTLY "Idx" ON app.t(a);',)
    assert alone.ahead_undo == ('DROP INDEX CONCURRENTLY IF EXISTS app."Idx";',)
    assert made_ahead(alone.ahead_undo[0]) == '"Idx"'
    other = made_ahead(online([dropped, add], sizes)[1].ahead_undo[0])
    renamed = online([dropped, add], sizes)[1].statements[1]
    assert renamed == f'ALTER INDEX app.{other} RENAME TO "Idx";'
