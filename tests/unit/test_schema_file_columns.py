from pathlib import Path

import pytest

from tests.schema_files import field, refused_field, refused_table, table, warned
from zmigration_api import Backfill, ColumnType, CopyOf, Default, Fixed, ForeignKey, Index, Using


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("int", ColumnType(kind="int")),
        ("INTEGER", ColumnType(kind="int")),
        ("bigint", ColumnType(kind="bigint")),
        ("Float", ColumnType(kind="float")),
        ("double precision", ColumnType(kind="float")),
        ("string", ColumnType(kind="str")),
        ("str(50)", ColumnType(kind="str", length=50)),
        ("varchar( 20 )", ColumnType(kind="str", length=20)),
        ("text", ColumnType(kind="text")),
        ("boolean", ColumnType(kind="bool")),
        ("date", ColumnType(kind="date")),
        ("time", ColumnType(kind="time")),
        ("timestamp", ColumnType(kind="datetime")),
        ("jsonb", ColumnType(kind="json")),
        ("list", ColumnType(kind="json")),
        ("uuid", ColumnType(kind="uuid")),
        ("bytes", ColumnType(kind="blob")),
        ('"decimal(10,2)"', ColumnType(kind="decimal", precision=10, scale=2)),
        ("numeric, precision: 10, scale: 2", ColumnType(kind="decimal", precision=10, scale=2)),
        ("numeric(7)", ColumnType(kind="decimal", precision=7, scale=0)),
        ("decimal", ColumnType(kind="decimal")),
        ("str, rules: {max_length: 40}", ColumnType(kind="str", length=40)),
        ("text, rules: {max_length: 40}", ColumnType(kind="text")),
        ("str, db_type: citext", ColumnType(kind="native", native="citext")),
        (
            'int, db_type: "geometry(Point,4326)"',
            ColumnType(kind="native", native="geometry(Point,4326)"),
        ),
    ],
)
def test_types(tmp_path: Path, written: str, expected: ColumnType) -> None:
    assert field(tmp_path, f"type: {written}").type == expected


@pytest.mark.parametrize(
    ("keys", "at", "message", "hint"),
    [
        (
            "type: decimal(10,2)",
            7,
            "The type 'decimal(10' of users.c",
            'quote the type: "decimal(10,2)"',
        ),
        ("type: [str]", 7, "The type of users.c must be one value", ""),
        ("type: str(x)", 7, "(x) in the type of users.c is not made of numbers", ""),
        ("type: str(0)", 7, "must be from 1 to 10485760, not 0", "type: text"),
        ('type: "decimal(2,4)"', 7, "The scale of users.c (4) is larger", "decimal(10,2)"),
        ("type: decimal(1001)", 7, "must be from 1 to 1000, not 1001", ""),
        ("type: decimal, scale: 2", 23, "has a scale without a precision", "precision"),
        ("type: decimal, precision: x", 27, "must be a whole number from 0 up, not 'x'", ""),
        ("db_type: int; drop", 10, "The db_type of users.c is not one type", ""),
        ("type: str, rules: [1]", 19, "The rules of users.c must be a mapping, not a list", ""),
        ("type: str, rules: {max_length: 0}", 32, "a whole number from 1 up, not '0'", ""),
        ("type: str, rules: {max_length: 1, min_length: 2}", 32, "smaller than its min_length", ""),
        (
            "type: str, required: maybe",
            22,
            "required of users.c must be true or false, not 'maybe'",
            "",
        ),
        ("type: str, required: 1", 22, "must be true or false", ""),
        (
            "type: str, required: true, nullable: yes",
            28,
            "both required and nullable: true",
            "keep one",
        ),
        ("type: int, default: x", 21, "The default of users.c, 'x', is not a whole number", ""),
        (
            "type: int, default: 1_000",
            21,
            "is not a whole number",
            "zCLI reads 1000 here; write 1000",
        ),
        ("type: int, default: 3000000000", 21, "outside the range of int", ""),
        ("type: int, default: [1]", 21, "The default of users.c must be one value", ""),
        ("type: str(2), default: abc", 24, "is longer than 2 characters", ""),
        (
            "type: str, default: now",
            21,
            "The default `now` of users.c is no str",
            "datetime column",
        ),
        ("type: int, default: now", 21, "is no int", ""),
        ("type: json, default: hello", 22, "is not JSON", ""),
        ("type: str, enum: abc", 18, "The enum of users.c must be a list, not 'abc'", ""),
        ("type: str, enum: []", 18, "is empty", ""),
        ("type: str, enum: [a, a]", 22, "has a twice", ""),
        ("type: int, enum: [a]", 19, "is not a whole number", ""),
        ("type: str, enum: [a, b], default: z", 35, "'z', is not in its enum (a, b)", "add it"),
        ("type: str, enum: [a, b], backfill: z", 36, "'z', is not in its enum", ""),
        ("type: int, backfill: x", 22, "The backfill of users.c, 'x', is not a whole number", ""),
        ("type: int, backfill: {concat: a}", 31, "must be a list of parts", ""),
        ("type: int, backfill: {concat: [], copy: a}", 35, "has the unknown key copy", ""),
        ("type: int, backfill: {vlue: 1}", 23, "has the unknown key vlue", "did you mean value?"),
        ("type: int, backfill: {value: 1, copy: a}", 33, "has both value and copy", "keep one"),
        ("type: int, backfill: {}", 22, "neither value, copy, from nor concat", ""),
        ("type: datetime, backfill: now", 27, "cannot be now", "default: now"),
        ('type: str, backfill: "&m.f()"', 22, "cannot call &m.f()", "a hook"),
        ('type: str, backfill: "%c"', -3, "copies the column itself", "another"),
        ("type: int, using: {a: b}", 23, "A new value of users.c, 'b', is not a whole", ""),
        ("type: int, using: {null: 1}", 20, "using cannot map null", "backfill"),
        ('type: int, using: "a; b"', 19, "must be one SQL expression", "without a semicolon"),
        (
            "type: int, generated: a + b, default: 1",
            -3,
            "is generated, so it can have no default",
            "",
        ),
        ("type: int, renamed_from: c", 26, "is renamed from itself", "remove"),
        (
            "type: int, pk: true, primary_key: false",
            22,
            "primary_key says again what pk in line 6",
            "",
        ),
        ("type: int, fk: a.b, foreign_key: a.c", 21, "foreign_key says again what fk", "keep one"),
        ("type: int, fk: users", 16, "The foreign key 'users' names no column", "users.id"),
        ("type: int, fk: a.b.c", 16, "names no column", "users.id"),
        ("type: int, fk: {table: users}", 16, "must name its column", ""),
        ("type: int, fk: {tabel: users}", 17, "has the unknown key tabel", "did you mean table?"),
        (
            "type: int, fk: users.id, on_delete: maybe",
            37,
            "on_delete cannot be 'maybe'",
            "set null",
        ),
        (
            "type: int, fk: {table: a, column: b, on_delete: cascade}, on_delete: set null",
            38,
            "different",
            "keep one",
        ),
    ],
)
def test_what_a_field_cannot_say(
    tmp_path: Path, keys: str, at: int, message: str, hint: str
) -> None:
    refusal = refused_field(tmp_path, keys)
    assert message in refusal.message
    assert hint in refusal.hint
    assert refusal.at == (1, at)


def test_missing_type_is_text_with_a_warning(tmp_path: Path) -> None:
    assert field(tmp_path, "required: true").type == ColumnType(kind="text")
    assert warned(tmp_path, "id: {pk: false}") == [
        (1, 1, "users.id has no type; it is taken as text, as zCLI does")
    ]


@pytest.mark.parametrize(
    ("keys", "required"),
    [
        ("type: str", False),
        ("type: str!", True),
        ("type: str?", False),
        ("type: str, required: true", True),
        ("type: str, required: on", True),
        ("type: str, required: No", False),
        ("type: str, nullable: false", True),
        ("type: str, nullable: true", False),
        ("type: str, required: ", False),
        ("type: str!, required: false", False),
        ("type: int, pk: true", True),
        ("type: int, pk: true, required: false", True),
    ],
)
def test_required(tmp_path: Path, keys: str, required: bool) -> None:
    column = table(tmp_path, f"c: {{{keys}}}").column("c")
    assert column is not None
    assert column.required is required


@pytest.mark.parametrize(
    ("keys", "default"),
    [
        ("type: str", None),
        ("type: str, default: null", None),
        ("type: str, default: ", None),
        ('type: str, default: "null"', Default(kind="value", text="null")),
        ('type: str, default: ""', Default(kind="value", text="")),
        ("type: str, default: 007", Default(kind="value", text="007")),
        ("type: str, default: no", Default(kind="value", text="no")),
        ("type: bool, default: no", Default(kind="value", text="false")),
        ("type: int, default: +05", Default(kind="value", text="5")),
        ("type: float, default: 1.50", Default(kind="value", text="1.5")),
        ('type: "decimal(5,2)", default: 1.50', Default(kind="value", text="1.50")),
        ("type: date, default: 2024-01-02", Default(kind="value", text="2024-01-02")),
        ("type: time, default: 12:30:00", Default(kind="value", text="12:30:00")),
        ("type: datetime, default: now", Default(kind="now")),
        ('type: date, default: "now"', Default(kind="now")),
        ('type: str, default: "now"', Default(kind="value", text="now")),
        ('type: str, default: "&tokens.new(8)"', Default(kind="app", text="&tokens.new(8)")),
        ("type: json, default: {}", Default(kind="value", text="{}")),
        (
            "type: json, default: [1, a, null, yes]",
            Default(kind="value", text='[1, "a", null, true]'),
        ),
        ('type: json, default: "[1]"', Default(kind="value", text="[1]")),
        ("type: json, default: 5", Default(kind="value", text="5")),
        ("db_type: timestamptz, default: now", Default(kind="now")),
    ],
)
def test_defaults(tmp_path: Path, keys: str, default: Default | None) -> None:
    assert field(tmp_path, keys).default == default


@pytest.mark.parametrize(
    ("keys", "at", "message"),
    [
        ("type: str, default: 007", 21, 'zCLI itself reads 007 as 7; quote it: "007"'),
        ("type: str, default: no", 21, "zCLI itself reads no as False"),
        ("type: int, default: 010", 21, "zCLI itself reads 010 as 8"),
        ("type: time, default: 12:30:00", 22, "zCLI itself reads 12:30:00 as 45000"),
        ("type: str, enum: [yes, maybe]", 19, "zCLI itself reads yes as True"),
        (
            "type: str, requird: true",
            12,
            "The key requird is not known and is ignored; did you mean required?",
        ),
        (
            "type: str, max_length: 5",
            12,
            "The key max_length is ignored here; it belongs under rules",
        ),
        (
            "type: str, rules: {maxlength: 5}",
            20,
            "The rule maxlength is not known and is ignored; did you mean max_length?",
        ),
        ("type: strng", 7, "'strng' of users.c is not known and is taken as text, as zCLI does"),
        ("type: strng!", 7, "did you mean string?"),
        ("type: qqqq", 7, "known types: int, bigint"),
        ("type: vector(3)", 7, "The type 'vector(3)' of users.c is not known"),
        ("type: native", 7, "is not known"),
        (
            'type: str, required: "true"',
            22,
            "zCLI takes this true for a text; write true, without quotes",
        ),
        ("type: int(11)", 7, "(11) means nothing to int and is ignored"),
        ("type: text(50)", 7, "write str(n)"),
        ("type: str(5), rules: {max_length: 6}", 35, "its type says str(5)"),
        ("type: int, precision: 5", 12, "precision means nothing to int"),
        ("type: str!, required: false", 7, "overruled"),
        ("type: str, primary_key: true", 12, "write pk"),
        ("type: int, pk: true, required: false", -3, "primary key and so required"),
        ("type: str, auto_increment: true", 12, "auto_increment means nothing"),
        ("type: int, on_delete: cascade", 12, "means nothing without a foreign key"),
        ("type: int!, fk: users.c, on_delete: set_null", -3, "can only ever fail"),
        ('type: str, backfill: "%gone"', -3, "copies gone, which only an older schema can have"),
    ],
)
def test_what_a_field_is_warned_of(tmp_path: Path, keys: str, at: int, message: str) -> None:
    ((line, column, said),) = warned(tmp_path, f"c: {{{keys}}}")
    assert (line, column - 4) == (1, at)
    assert message in said


def test_keys_for_the_app_are_taken_silently(tmp_path: Path) -> None:
    keys = (
        "type: str, immutable: true, transform: lower, version: 2, max_size: 5, blob_input: file, "
        'zHash: bcrypt, error_message: no, validator: "&v.f()", '
        "rules: {pattern: x, pattern_message: y, format: email, min: 1, max: 2, min_length: 0}"
    )
    assert warned(tmp_path, f"c: {{{keys}}}") == []


def test_values_that_agree_with_zcli_are_not_warned_of(tmp_path: Path) -> None:
    body = """
a: {type: int, default: 5}
b: {type: str, default: "007", enum: ["007", x]}
c: {type: date, default: 2024-01-02}
d: {type: bool, default: no}
e: {type: float, default: 1.50}
f: {type: datetime, default: 2024-01-02 03:04:05}
"""
    assert warned(tmp_path, body.strip()) == []


def test_plain_facts(tmp_path: Path) -> None:
    column = field(
        tmp_path,
        "type: str, comment: Who, renamed_from: old, enum: [a, b], using: {x: a, y: null}",
    )
    assert column.comment == "Who"
    assert column.renamed_from == "old"
    assert column.enum == ("a", "b")
    assert column.using == Using(values=(("x", "a"), ("y", None)))
    assert column.line == 7
    assert field(tmp_path, "type: str, description: Who").comment == "Who"
    assert field(tmp_path, "type: int, using: length(c)").using == Using(expression="length(c)")
    assert field(tmp_path, "type: int, generated: a + 1").generated == "a + 1"
    assert field(tmp_path, "type: bool, enum: [on, off]").enum == ("true", "false")
    assert table(tmp_path, "c: {type: int, pk: on, autoincrement: true}").columns[0].auto_increment


def test_using_keeps_old_texts_as_they_are_written(tmp_path: Path) -> None:
    using = field(tmp_path, "type: int, using: {yes: 1, no: 0, 007: 7}").using
    assert using == Using(values=(("yes", "1"), ("no", "0"), ("007", "7")))


@pytest.mark.parametrize(
    ("written", "parts"),
    [
        ("anon", (Fixed("anon"),)),
        ('"%name"', (CopyOf("name"),)),
        ('"%5 off"', (Fixed("%5 off"),)),
        ('{concat: ["%first", " ", "%last"]}', (CopyOf("first"), Fixed(" "), CopyOf("last"))),
        ("{copy: name}", (CopyOf("name"),)),
        ('{from: "%name"}', (CopyOf("name"),)),
        ('{value: "%name"}', (Fixed("%name"),)),
        ("{value: null}", (Fixed(None),)),
        ('{concat: [{copy: a}, {value: "x"}]}', (CopyOf("a"), Fixed("x"))),
    ],
)
def test_backfills(tmp_path: Path, written: str, parts: tuple[Fixed | CopyOf, ...]) -> None:
    assert field(tmp_path, f"type: str, backfill: {written}").backfill == Backfill(parts=parts)


def test_single_backfill_is_of_the_columns_type(tmp_path: Path) -> None:
    assert field(tmp_path, "type: bool, backfill: yes").backfill == Backfill(parts=(Fixed("true"),))
    assert field(tmp_path, "type: bool, backfill: null").backfill is None


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("fk: users.id", ("users", "NO ACTION", "NO ACTION", "fk_users_c")),
        (
            "foreign_key: users.id, on_delete: Set_Null",
            ("users", "SET NULL", "NO ACTION", "fk_users_c"),
        ),
        ("fk: users.id, on_delete: restrict", ("users", "NO ACTION", "NO ACTION", "fk_users_c")),
        ("fk: users.id, on_delete: ", ("users", "NO ACTION", "NO ACTION", "fk_users_c")),
        (
            "fk: {table: teams, column: id, on_delete: cascade, on_update: set default, name: own}",
            ("teams", "CASCADE", "SET DEFAULT", "own"),
        ),
    ],
)
def test_foreign_keys(tmp_path: Path, keys: str, expected: tuple[str, str, str, str]) -> None:
    (key,) = table(tmp_path, f"c: {{type: int, {keys}}}").foreign_keys
    assert (key.ref_table, key.on_delete, key.on_update, key.name) == expected
    assert isinstance(key, ForeignKey)
    assert (key.columns, key.ref_columns, key.line) == (("c",), ("id",), 6)


def test_unique_and_indexed(tmp_path: Path) -> None:
    made = table(
        tmp_path,
        "a: {type: str, unique: true}\nb: {type: str, indexed: true}\nc: {type: str, index: yes}",
    )
    assert [(u.columns, u.name) for u in made.unique] == [(("a",), "uq_users_a")]
    assert made.indexes == (Index(columns=("b",), name=""), Index(columns=("c",), name=""))
    assert [i.name for i in made.indexes] == ["idx_users_b", "idx_users_c"]


def test_a_primary_keys_own_unique_and_index_are_redundant(tmp_path: Path) -> None:
    made = table(tmp_path, "id: {type: int, pk: true, unique: true, indexed: true}")
    assert (made.unique, made.indexes, made.key) == ((), (), ("id",))


@pytest.mark.parametrize(
    ("written", "kind", "required", "default"),
    [
        ("str", "str", False, None),
        ("str!", "str", True, None),
        ("int?", "int", False, None),
        ("int=5", "int", False, "5"),
        ("int=5!", "int", True, "5"),
        ("str(50)!", "str", True, None),
        ("str=a b", "str", False, "a b"),
        ("str=", "str", False, ""),
        ("int=null", "int", False, None),
        ("DateTime=2024-01-02", "datetime", False, "2024-01-02 00:00:00"),
    ],
)
def test_short_form(
    tmp_path: Path, written: str, kind: str, required: bool, default: str | None
) -> None:
    (column,) = table(tmp_path, f"c: {written}").columns
    assert (column.type.kind, column.required) == (kind, required)
    assert (column.default and column.default.text) == default


@pytest.mark.parametrize(
    ("body", "at", "message", "hint"),
    [
        ("c: int=x", (1, 4), "The default of users.c, 'x', is not a whole number", ""),
        ("c: strr", (1, 4), "The type 'strr' of users.c is not known", "did you mean str?"),
        ("c: foo!", (1, 4), "The type 'foo!' of users.c is not known", ""),
        ("a: str\nc:", (2, 1), "users.c says nothing", "`c: {type: str}`"),
        ("c: str=now", (1, 4), "The default `now` of users.c is no str", ""),
    ],
)
def test_what_the_short_form_cannot_say(
    tmp_path: Path, body: str, at: tuple[int, int], message: str, hint: str
) -> None:
    refusal = refused_table(tmp_path, body)
    assert message in refusal.message
    assert hint in refusal.hint
    assert refusal.at == at


def test_short_app_default(tmp_path: Path) -> None:
    (column,) = table(tmp_path, 'c: "datetime=now!"').columns
    assert (column.default, column.required) == (Default(kind="now"), True)


@pytest.mark.parametrize("word", ["on", "no", "yes", "off", "2024", "1.5", "null"])
def test_keys_are_texts(tmp_path: Path, word: str) -> None:
    assert [c.name for c in table(tmp_path, f"{word}: {{type: str}}").columns] == [word]
    ((line, column, message),) = warned(tmp_path, f"{word}: {{type: str}}")
    assert (line, column) == (1, 1)
    assert f'quote it: "{word}"' in message
    assert warned(tmp_path, f'"{word}": {{type: str}}') == []
