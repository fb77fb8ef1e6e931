"""The diff over random schemas: nothing for equals, and its changes really lead to the goal."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zcli_migration.diff import diff, in_order
from zcli_migration.planner import in_order as plan_order
from zcli_migration.renaming import Names, renamed
from zcli_migration.rules import RULES, Rule
from zmigration_api import (
    AddColumn,
    AddConstraint,
    AddIndex,
    AlterColumn,
    Change,
    Check,
    Column,
    ColumnType,
    Constraint,
    CreateTable,
    Default,
    DropColumn,
    DropConstraint,
    DropIndex,
    DropTable,
    ExactChange,
    ForeignKey,
    Index,
    PluginError,
    PrimaryKey,
    RenameColumn,
    RenameTable,
    Schema,
    Table,
    UniqueConstraint,
)
from zmigration_api.snapshot import decode_schema, encode

NAMES = ("a", "b", "c", "d")
TABLES = ("users", "posts", "tags")
TYPES = st.sampled_from(
    [ColumnType(kind="int"), ColumnType(kind="str"), ColumnType(kind="str", length=20)]
)


@st.composite
def columns(draw: st.DrawFn, name: str) -> Column:
    default = draw(st.sampled_from([None, Default(kind="value", text="1")]))
    return Column(name=name, type=draw(TYPES), required=draw(st.booleans()), default=default)


@st.composite
def tables(draw: st.DrawFn, name: str) -> Table:
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, unique=True))
    some = st.sampled_from(names)
    unique = draw(st.sets(some, max_size=2))
    indexed = draw(st.sets(some, max_size=2))
    referring = draw(st.sets(st.tuples(some, st.sampled_from(TABLES)), max_size=2))
    return Table(
        name=name,
        columns=tuple(draw(columns(n)) for n in names),
        primary_key=PrimaryKey(columns=(names[0],)) if draw(st.booleans()) else None,
        unique=tuple(UniqueConstraint(columns=(c,), name=f"uq_{name}_{c}") for c in sorted(unique)),
        indexes=tuple(Index(columns=(c,), name=f"idx_{name}_{c}") for c in sorted(indexed)),
        foreign_keys=tuple(
            ForeignKey(columns=(c,), ref_table=t, ref_columns=("a",), name=f"fk_{name}_{c}_{t}")
            for c, t in sorted(referring)
        ),
        checks=(Check(name="ck", expression=draw(st.sampled_from(["a > 0", "a > 1"]))),),
    )


@st.composite
def schemas(draw: st.DrawFn) -> Schema:
    names = draw(st.lists(st.sampled_from(TABLES), unique=True))
    return Schema(tables=tuple(draw(tables(name)) for name in names))


def apply_change(schema: Schema, change: Change) -> Schema:
    """The change made on the model, as a store would make it."""
    if isinstance(change, CreateTable):
        bare = replace(change.content, foreign_keys=(), indexes=())
        return Schema(tables=(*schema.tables, bare))
    if isinstance(change, DropTable):
        return Schema(tables=tuple(t for t in schema.tables if t.name != change.table))
    if isinstance(change, RenameTable | RenameColumn):
        return renamed(schema, [change])
    table = schema.table(change.table)
    assert table is not None, f"{change} before its table is there"
    assert not isinstance(change, ExactChange)
    return schema.with_tables([apply_to_table(table, change)])


def apply_to_table(
    table: Table,
    change: AddColumn
    | DropColumn
    | AlterColumn
    | AddIndex
    | DropIndex
    | AddConstraint
    | DropConstraint,
) -> Table:
    match change:
        case AddColumn(_, column):
            assert table.column(column.name) is None
            return replace(table, columns=(*table.columns, column))
        case DropColumn(_, column):
            assert table.column(column.name) is not None
            return replace(table, columns=tuple(c for c in table.columns if c.name != column.name))
        case AlterColumn(_, old, new):
            assert table.column(old.name) == old
            changed = (new if c.name == new.name else c for c in table.columns)
            return replace(table, columns=tuple(changed))
        case AddIndex(_, index):
            return replace(table, indexes=(*table.indexes, index))
        case DropIndex(_, index):
            return replace(table, indexes=tuple(i for i in table.indexes if i != index))
        case AddConstraint(_, constraint):
            return with_constraints(table, (*table.constraints, constraint))
        case DropConstraint(_, constraint):
            return with_constraints(table, tuple(c for c in table.constraints if c != constraint))


def with_constraints(table: Table, constraints: tuple[Constraint, ...]) -> Table:
    keys = [c for c in constraints if isinstance(c, PrimaryKey)]
    assert len(keys) <= 1
    return replace(
        table,
        primary_key=keys[0] if keys else None,
        unique=tuple(c for c in constraints if isinstance(c, UniqueConstraint)),
        foreign_keys=tuple(c for c in constraints if isinstance(c, ForeignKey)),
        checks=tuple(c for c in constraints if isinstance(c, Check)),
    )


def as_sets(schema: Schema) -> object:
    """A schema without the order of its parts."""
    return {
        t.name: (
            frozenset(t.columns),
            t.primary_key,
            frozenset(t.unique),
            frozenset(t.foreign_keys),
            frozenset(t.checks),
            frozenset(t.indexes),
        )
        for t in schema.tables
    }


@given(schemas())
def test_equal_schemas_have_no_difference(schema: Schema) -> None:
    assert diff(schema, schema, RULES) == ()


@given(schemas())
def test_a_schema_survives_its_snapshot(schema: Schema) -> None:
    assert decode_schema(encode(schema)) == schema


@settings(max_examples=400)
@given(schemas(), schemas())
def test_the_changes_in_their_order_lead_to_the_goal(current: Schema, desired: Schema) -> None:
    reached = current
    for change in plan_order(diff(current, desired, RULES)):
        reached = apply_change(reached, change)
    assert as_sets(reached) == as_sets(desired)


@settings(max_examples=400)
@given(schemas(), schemas())
def test_the_inverses_backwards_lead_home(current: Schema, desired: Schema) -> None:
    changes = plan_order(diff(current, desired, RULES))
    reached = current
    for change in changes:
        reached = apply_change(reached, change)
    for change in plan_order(diff(desired, current, RULES)):
        reached = apply_change(reached, change)
    assert as_sets(reached) == as_sets(current)


def table(name: str, *names: str, **more: object) -> Table:
    columns_ = tuple(Column(name=n, type=ColumnType(kind="str")) for n in names)
    return replace(Table(name=name, columns=columns_), **more)  # type: ignore[arg-type]


def test_a_rename_takes_constraints_with_it() -> None:
    unique = UniqueConstraint(columns=("mail",), name="uq")
    key = ForeignKey(columns=("user",), ref_table="people", ref_columns=("mail",), name="fk")
    current = Schema(
        tables=(
            table("people", "mail", unique=(unique,)),
            table("posts", "user", foreign_keys=(key,)),
        )
    )
    email = Column(name="email", type=ColumnType(kind="str"), renamed_from="mail")
    users = replace(
        table("users", unique=(replace(unique, columns=("email",)),), renamed_from="people"),
        columns=(email,),
    )
    posts = table(
        "posts", "user", foreign_keys=(replace(key, ref_table="users", ref_columns=("email",)),)
    )
    assert diff(current, Schema(tables=(users, posts)), RULES) == (
        RenameTable("people", "users"),
        RenameColumn("users", "mail", "email"),
    )


def test_names_before_and_after() -> None:
    names = Names.of([RenameTable("people", "users"), RenameColumn("users", "mail", "email")])
    assert names.old_table("users") == "people"
    assert names.old_column("users", "email") == "mail"
    assert names.column("users", "mail") == "email"
    assert names.old_column("users", "other") == "other"


def test_a_renamed_from_that_is_done_is_ignored() -> None:
    email = Column(name="email", type=ColumnType(kind="str"), renamed_from="mail")
    desired = Schema(tables=(replace(table("users"), columns=(email,)),))
    assert diff(Schema(tables=(table("users", "email"),)), desired, RULES) == ()


def test_rules_run_after_those_they_name() -> None:
    first, second = Rule("z", lambda c, d: ()), Rule("a", lambda c, d: (), after=("z",))
    assert [rule.name for rule in in_order([second, first])] == ["z", "a"]


def test_rules_in_a_circle_are_named() -> None:
    circle = [Rule("a", lambda c, d: (), after=("b",)), Rule("b", lambda c, d: (), after=("a",))]
    with pytest.raises(PluginError, match="wait for each other"):
        in_order(circle)
