"""The text that `zolo inspect` writes: it reads as the schema that it was written from."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any, cast, get_args

import pytest
import yaml
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from zcli_migration.inspecting.plain_words import in_plain_words, prove
from zcli_migration.inspecting.schema_text import Head, schema_text
from zcli_migration.inspecting.words import Dialect
from zcli_migration.inspecting.yaml_words import quoted, scalar
from zcli_migration.schema_file import SchemaFile, read_schema_file
from zmigration_api import (
    Action,
    Check,
    Column,
    ColumnType,
    Default,
    Deferral,
    Exclusion,
    ForeignKey,
    Identity,
    Index,
    MigrationError,
    NamedType,
    PrimaryKey,
    Schema,
    Table,
    UniqueConstraint,
    UsageError,
    is_internal,
)
from zmigration_api.snapshot import encode
from zmigration_api.values import format_value, parse

POSTGRESQL = Dialect("postgresql", exact=True)
# A failing schema is told in a few lines; shrinking it would take minutes.
WITHOUT_SHRINKING = (Phase.explicit, Phase.generate)
PLAIN_NAMES = (
    *("id", "name", "users", "email", "created_at", "Name", "order", "naïve", "日本", "a b", "no"),
    *("on", "y", "Yes", "null", "~", "", " ", "  x", "1.10", "012", "2024-01-02", "12:30", "a.b"),
    *("$a", "a$b", 'a"b', "it's", "a: b", "a #b", "#a", "%x", "@x", "&x", "*x", "!x", "- a", "?"),
    *("comment", "unique", "checks", "options", "view", "description", "onBeforeInsert", "<<"),
    *(
        "primary_key",
        "{a}",
        "[a]",
        "a,b",
        "a\nb",
        "\t",
        "\\ud83d\\ude00",
        "\x85",
        "\u2028",
        "\ufeff",
    ),
    *("Meta.x", "lower(a)", "a(b)", "x" * 120, "=", "true", ".inf", "0x10", "1e5", "`a`"),
)
characters = st.characters(exclude_characters="\0", exclude_categories=["Cs"])
names = st.one_of(st.sampled_from([n for n in PLAIN_NAMES if n]), st.text(characters, min_size=1))
texts = st.one_of(
    st.sampled_from(
        [*PLAIN_NAMES, "a  b", "x " * 80 + "y", "one\n  two\nthree", "a\n", "'x'::text"]
    ),
    st.text(characters),
    st.lists(st.sampled_from(["word", "a", "(b", "'c d'", ""]), min_size=20).map(" ".join),
)
EXPRESSIONS = (
    *("price > 0", "((a > 1))", "'x'::text", "nextval('a_id_seq'::regclass)", "'it''s; so'"),
    *("a IN ('x', 'y') AND b ~ '^[a-z]+$' " + "OR c " * 30 + "IS NULL", "a = $$x;y$$", "[a] = 1"),
    *(
        "CASE\n  WHEN a THEN 'x'\n  ELSE 'y'\nEND",
        "a\t+ 1",
        "TRUE",
        "1",
        "null",
        "a -- it; is\n+ 1",
    ),
)
expressions = st.sampled_from(EXPRESSIONS)
comments = st.none() | texts


def flags() -> st.SearchStrategy[bool]:
    return st.sampled_from([False, False, True])


def types() -> st.SearchStrategy[ColumnType]:
    plain = ("int", "bigint", "float", "decimal", "str", "text", "bool", "date", "time")
    kinds: Any = (*plain, "datetime", "json", "blob", "uuid")
    native = st.sampled_from(["", "varchar(20)", "numeric(10,-2)", '"My Type"', "app.mood[]", "no"])
    return st.one_of(
        st.sampled_from(kinds).map(lambda kind: ColumnType(kind=kind)),
        st.builds(ColumnType, kind=st.just("str"), length=st.integers(1, 500)),
        st.just(ColumnType(kind="decimal", precision=10, scale=2)),
        native.map(lambda text: ColumnType(kind="native", native=text)),
    )


VALUES: dict[str, tuple[str, ...]] = {
    "int": ("0", "-5", "12"),
    "bigint": ("9007199254740993",),
    "float": ("1.5", "0.1", "1e-07", "2.0", "-0.0"),
    "decimal": ("1.10", "7", "-0.50"),
    "bool": ("true", "false"),
    "date": ("2024-01-02",),
    "time": ("12:30:00", "01:02:03.5"),
    "datetime": ("2024-01-02 03:04:05",),
    "json": ('{"a": [1, null]}', "null", "5", '"now"', "true"),
    "blob": ("abc",),
    "uuid": ("12345678-1234-1234-1234-123456789abc", "abcdefab-1234-1234-1234-123456789abc"),
}


@st.composite
def defaults(draw: st.DrawFn, kind: ColumnType) -> Default | None:
    which = draw(st.sampled_from(["none", "none", "value", "now", "expression", "app"]))
    if which == "expression":
        return Default(kind="expression", text=draw(expressions))
    if which == "app":
        return Default(kind="app", text="&plugin.fn(1)")
    if which == "now" and kind.kind in ("date", "time", "datetime", "native"):
        return Default(kind="now")
    if which != "value":
        return None
    known = VALUES.get(kind.kind)
    special = st.sampled_from(["now", "NOW()", "&a.b()", "zFunc(x)", "", "null", "5", "true"])
    text = draw(st.sampled_from(known) if known else special | texts)
    if kind.length is not None:
        text = text[: kind.length]
    return Default(kind="value", text=format_value(parse(text, kind), kind))


@st.composite
def columns(draw: st.DrawFn, name: str) -> Column:
    kind = draw(types())
    column = Column(
        name=name,
        type=kind,
        required=draw(st.booleans()),
        comment=draw(comments),
        collation=draw(st.sampled_from([None, None, "C", '"de-x-icu"', "NOCASE"])),
        attributes=tuple(sorted(draw(st.sets(st.sampled_from(["STORAGE EXTERNAL", "x: y"]))))),
    )
    way = draw(st.sampled_from(["default", "default", "generated", "identity"]))
    if way == "generated":
        return replace(column, generated=draw(expressions), virtual=draw(st.booleans()))
    if way == "identity":
        identity = st.builds(
            Identity,
            kind=st.sampled_from(["always", "by default", "serial", "autoincrement"]),
            options=st.sampled_from(["", "START WITH 100 INCREMENT BY 5"]),
        )
        return replace(column, identity=draw(identity))
    enum = ("a", "no", "1") if kind.kind == "text" and draw(flags()) else ()
    return replace(column, default=None if enum else draw(defaults(kind)), enum=enum)


deferrals: st.SearchStrategy[Any] = st.none() | st.sampled_from(get_args(Deferral))
storage = st.sampled_from([(), (), ("fillfactor=70",), ("fillfactor=70", "deduplicate_items=off")])


@st.composite
def some(draw: st.DrawFn, known: list[str]) -> tuple[str, ...]:
    return tuple(draw(st.lists(st.sampled_from(known), min_size=1, max_size=3, unique=True)))


@st.composite
def maybe_some(draw: st.DrawFn, known: list[str]) -> tuple[str, ...]:
    return draw(some(known)) if draw(flags()) else ()


def sql_name(name: str) -> str:
    doubled = name.replace('"', '""')
    return name if re.fullmatch("[a-z_][a-z0-9_]*", name) else f'"{doubled}"'


@st.composite
def keyed(draw: st.DrawFn, known: list[str], *, sql: bool = True) -> dict[str, Any]:
    """Columns and keys: plain ones, ordered ones, expressions."""
    columns = draw(some(known))
    if not draw(flags()):
        return {"columns": columns}
    orders = (" DESC", ' COLLATE "C"', " ASC NULLS FIRST", " text_pattern_ops")
    keys = [sql_name(c) + draw(st.sampled_from(orders)) for c in columns]
    keys += ["upper((x)::text)", "(a + 1)"] if sql and draw(st.booleans()) else []
    return {"columns": columns, "keys": tuple(keys)}


@st.composite
def tables(draw: st.DrawFn, name: str) -> Table:
    known = draw(st.lists(names, min_size=1, max_size=4, unique_by=lambda n: n))
    free = iter(draw(st.lists(names, min_size=16, max_size=16, unique=True)))
    made = [draw(columns(one)) for one in known]
    key = None
    if draw(st.booleans()):
        key = PrimaryKey(
            **draw(keyed(known, sql=False)),
            include=draw(maybe_some(known)),
            deferral=draw(deferrals),
            on_conflict=draw(st.sampled_from([None, None, "REPLACE"])),
            options=draw(storage),
            name=draw(st.sampled_from([None, next(free)])),
            comment=draw(comments),
            index_comment=draw(comments),
        )
        if draw(st.booleans()):
            key = PrimaryKey(columns=key.columns, name=None)
    uniques = [
        UniqueConstraint(
            **draw(keyed(known, sql=False)),
            include=draw(maybe_some(known)),
            nulls_not_distinct=draw(flags()),
            deferral=draw(deferrals),
            options=draw(storage),
            name=next(free),
            comment=draw(comments),
            index_comment=draw(comments),
        )
        for _ in range(draw(st.integers(0, 2)))
    ]
    indexes = [
        Index(
            **draw(keyed(known)),
            unique=draw(flags()),
            where=draw(st.none() | expressions),
            method=draw(st.sampled_from([None, None, "gin"])),
            include=draw(maybe_some(known)),
            nulls_not_distinct=draw(flags()),
            options=draw(st.sampled_from([(), (), ("fillfactor=70", "b=1")])),
            name=next(free),
            comment=draw(comments),
        )
        for _ in range(draw(st.integers(0, 2)))
    ]
    actions: Any = st.sampled_from(get_args(Action))
    keys = []
    for _ in range(draw(st.integers(0, 2))):
        here = draw(some(known))
        there = (
            [] if draw(flags()) else draw(st.lists(names, min_size=len(here), max_size=len(here)))
        )
        keys.append(
            ForeignKey(
                columns=here,
                ref_table=draw(names),
                ref_columns=tuple(there),
                on_delete=draw(actions),
                on_update=draw(actions),
                set_columns=draw(maybe_some(list(here))),
                match=cast(Any, draw(st.sampled_from(["SIMPLE", "SIMPLE", "FULL"]))),
                deferral=draw(deferrals),
                valid=not draw(flags()),
                name=next(free),
                comment=draw(comments),
            )
        )
    checks = [
        Check(
            name=next(free),
            expression=draw(expressions),
            inherited=not draw(flags()),
            valid=not draw(flags()),
            comment=draw(comments),
        )
        for _ in range(draw(st.integers(0, 2)))
    ]
    exclusion = Exclusion(
        definition="USING gist (room WITH =, during WITH &&)",
        deferral=draw(deferrals),
        options=draw(storage),
        name=next(free),
        comment=draw(comments),
        index_comment=draw(comments),
    )
    return Table(
        name=name,
        columns=tuple(made),
        primary_key=key,
        unique=tuple(uniques),
        indexes=tuple(indexes),
        foreign_keys=tuple(keys),
        checks=tuple(checks),
        exclusions=(exclusion,) if draw(flags()) else (),
        options=tuple(sorted(draw(st.sets(st.sampled_from(["STRICT", "fillfactor=70"]))))),
        comment=draw(comments),
        exact=True,
    )


@st.composite
def schemas(draw: st.DrawFn) -> Schema:
    allowed = names.filter(lambda n: not is_internal(n) and n not in ("Meta", "zMeta"))
    called = draw(st.lists(allowed, min_size=1, max_size=3, unique=True))
    enums = st.lists(texts, unique=True, max_size=4).map(tuple)
    found = [
        NamedType(name=name, kind="enum", values=draw(enums), comment=draw(comments))
        if draw(st.booleans())
        else NamedType(name=name, kind="domain", definition=draw(expressions))
        for name in draw(st.lists(names, max_size=2, unique=True))
    ]
    return Schema(tables=tuple(draw(tables(name)) for name in called), types=tuple(found))


def ordered(schema: Schema) -> Any:
    """All that the schema says, in an order that does not depend on how it was made."""
    lists = ("unique", "foreign_keys", "checks", "exclusions", "indexes")
    tables = []
    for table in sorted(schema.tables, key=lambda t: t.name):
        data = encode(table)
        for key in lists:
            data[key] = sorted(data.get(key, []), key=lambda one: one["name"])
        tables.append(data)
    return [*tables, *sorted(map(encode, schema.types), key=lambda one: one["name"])]


def head(data_type: str = "postgresql", exact: Any = "database", **about: Any) -> Head:
    meta = {"Data_Type": data_type, "Data_Source": "ZDATA_SHOP_URL"}
    return Head(title="Made by a test.", meta=meta, exact=exact, **about)


def read(folder: Path, text: str) -> SchemaFile:
    path = folder / "zSchema.shop.yaml"
    path.write_text(text, encoding="utf-8", newline="")
    return read_schema_file(path, "zSchema.shop")


@settings(phases=WITHOUT_SHRINKING, derandomize=True)
@given(schema=schemas())
def test_what_is_written_reads_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, schema: Schema
) -> None:
    text = schema_text(schema, head())
    found = read(tmp_path_factory.mktemp("text"), text)
    differing = [
        (one, other)
        for one, other in zip(ordered(found.schema), ordered(schema), strict=True)
        if one != other
    ]
    assert not differing
    assert all(table.exact for table in found.tables)
    host = yaml.safe_load(text)
    assert list(host) == ["Meta", *sorted(table.name for table in schema.tables)]
    for table in schema.tables:
        columns = [column.name for column in table.columns]
        assert [key for key in host[table.name] if key in columns] == columns


@given(text=texts | names)
def test_scalars(text: str) -> None:
    reads_back(text)


@pytest.mark.parametrize("sign", [chr(code) for code in range(1, 0x180)])
def test_every_sign_in_every_place(sign: str) -> None:
    for text in (
        sign,
        f"{sign}a",
        f"a{sign}",
        f"a{sign}b",
        f"a {sign} b",
        f"a{sign} b",
        f"a {sign}b",
    ):
        reads_back(text)


def reads_back(text: str) -> None:
    for written in (scalar(text), quoted(text)):
        assert "\n" not in written
        for loader in (yaml.SafeLoader, yaml.CSafeLoader):
            assert yaml.load(written, loader) == text
            assert yaml.load(f"{{a: [{written}, x], b: {written}}}", loader) == {
                "a": [text, "x"],
                "b": text,
            }
            if len(written) < 1000:
                assert yaml.load(f"{written}: x\n", loader) == {text: "x"}


SMALL = Schema(
    tables=(
        Table(
            name="users",
            columns=(
                Column(name="id", type=ColumnType(kind="int"), required=True),
                Column(name="name", type=ColumnType(kind="str"), required=True),
                Column(name="bio", type=ColumnType(kind="text"), comment="word " * 30 + "end"),
                Column(name="note", type=ColumnType(kind="text")),
            ),
            primary_key=PrimaryKey(columns=("id",), name="users_pkey"),
            unique=(UniqueConstraint(columns=("name",), name="uq_users_name"),),
            checks=(
                Check(
                    name="long", expression=" OR ".join(f"note = 'number {n}'" for n in range(9))
                ),
                Check(name="name", expression="CASE\n  WHEN id > 1\n  THEN true\nEND"),
                Check(name="short", expression="id > 0"),
            ),
            indexes=(
                Index(columns=("note",), name="idx_users_note"),
                Index(columns=("name", "note"), name="idx_users_name_note"),
                Index(columns=(), keys=("lower(name)",), name="by_name", unique=True),
            ),
            comment="email",
            exact=True,
        ),
    ),
    types=(NamedType(name="mood", kind="enum", values=("sad", "ok", "no")),),
)
SMALL_TEXT = """\
# Made by a test.
#
# Not in this file, and left alone by migrations:
# - The view everybody stays.

Meta:
  Data_Type: postgresql
  Data_Source: ZDATA_SHOP_URL
  zMigration: true
  zMigrationVersion: v1.0.0
  zMigrationExact: database
  zTypes:
    mood: {enum: [sad, ok, "no"]}

# It is said to be small.
users:
  comment: [email]
  id: {type: int, pk: true}
  name: {type: str, required: true, unique: true}
  bio:
    type: text
    comment: >-
      word word word word word word word word word word word word word word word word word word word
      word word word word word word word word word word word end
  note: {type: text, indexed: true}
  indexes:
    - [name, note]
    - {name: by_name, columns: [lower(name)], unique: true}
  checks:
    - long: >-
        note = 'number 0' OR note = 'number 1' OR note = 'number 2' OR note = 'number 3' OR note =
        'number 4' OR note = 'number 5' OR note = 'number 6' OR note = 'number 7' OR note = 'number
        8'
    - name: name
      expression: |-
        CASE
          WHEN id > 1
          THEN true
        END
    - short: id > 0
"""


def test_it_is_readable(tmp_path: Path) -> None:
    notes, inferred = ["The view everybody stays."], {"users": ["It is said to be small."]}
    text = schema_text(in_plain_words(SMALL, POSTGRESQL), head(notes=notes, inferred=inferred))
    assert text == SMALL_TEXT
    assert ordered(read(tmp_path, text).schema) == ordered(in_plain_words(SMALL, POSTGRESQL))


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("name", "name"),
        ("no", '"no"'),
        ("1.10", '"1.10"'),
        ("012", '"012"'),
        ("2024-01-02", '"2024-01-02"'),
        ("", '""'),
        ("it's", "it's"),
        ("'x'", "\"'x'\""),
        ('say "x"', 'say "x"'),
        ('"x"', "'\"x\"'"),
        ("a\nb", '"a\\nb"'),
        ("(a > 1)", "(a > 1)"),
        ("a: b", '"a: b"'),
        ("a, b", '"a, b"'),
        ("naïve", "naïve"),
        ("a\xa0b", '"a\\xA0b"'),
        ("y", '"y"'),
    ],
)
def test_how_texts_are_written(text: str, written: str) -> None:
    assert scalar(text) == written


def test_what_a_reader_would_take_otherwise_is_never_written() -> None:
    wrong = schema_text(in_plain_words(SMALL, POSTGRESQL), head()).replace("lower(name)", "note")
    with pytest.raises(MigrationError, match="the table users cannot be written"):
        prove(wrong, in_plain_words(SMALL, POSTGRESQL), "shop")


def test_a_time_of_a_text_is_sql(tmp_path: Path) -> None:
    column = Column(name="at", type=ColumnType(kind="text"), default=Default(kind="now"))
    schema = in_plain_words(Schema(tables=(Table(name="t", columns=(column,)),)), POSTGRESQL)
    text = schema_text(schema, head())
    assert "  at: {type: text, default_sql: CURRENT_TIMESTAMP}\n" in text
    prove(text, schema, "shop")


@pytest.mark.parametrize(
    ("column", "written"),
    [
        (
            Column(
                name="c", type=ColumnType(kind="str", length=99_999_999), native="VARCHAR(99999999)"
            ),
            "  c: {db_type: VARCHAR(99999999)}\n",
        ),
        (
            Column(
                name="c",
                type=ColumnType(kind="decimal", precision=2000, scale=0),
                native="DECIMAL(2000)",
            ),
            "  c: {db_type: DECIMAL(2000)}\n",
        ),
        (
            Column(name="c", type=ColumnType(kind="int"), default=Default(kind="value", text="+5")),
            '  c: {type: int, default_sql: "+5"}\n',
        ),
        (
            Column(
                name="c", type=ColumnType(kind="bool"), default=Default(kind="value", text="it's")
            ),
            "  c: {type: bool, default_sql: \"'it''s'\"}\n",
        ),
    ],
)
def test_what_a_file_has_other_words_for(column: Column, written: str) -> None:
    schema = Schema(tables=(Table(name="t", columns=(column,)),))
    plain = in_plain_words(schema, POSTGRESQL)
    text = schema_text(plain, head())
    assert written in text
    prove(text, plain, "shop")


def test_what_cannot_be_said_at_all_is_named() -> None:
    column = Column(name="a\nb", type=ColumnType(kind="int"))
    schema = Schema(tables=(Table(name="t", columns=(column,)),))
    lenient = Dialect("csv", exact=False)
    plain = in_plain_words(schema, lenient)
    with pytest.raises(UsageError, match=r'cannot say `"a.nb": int`: .*has a control character'):
        prove(schema_text(plain, head("csv", None)), plain, "shop")


def test_many_tables_are_fast_enough_to_be_proved(tmp_path: Path) -> None:
    (table,) = SMALL.tables
    many = [replace(table, name=f"t{n}", indexes=(), unique=()) for n in range(500)]
    schema = in_plain_words(Schema(tables=tuple(many)), POSTGRESQL)
    prove(schema_text(schema, head()), schema, "shop")
