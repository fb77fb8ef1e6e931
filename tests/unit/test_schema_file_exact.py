"""What schema files can say of SQL stores: in exact files and in others."""

from pathlib import Path
from typing import Any

import pytest

from tests.schema_files import Refusal, read, refused
from zcli_migration.schema_file import SchemaFile, check_references
from zcli_migration.tagged import decode_tagged, encode_tagged
from zmigration_api import (
    Check,
    Column,
    ColumnType,
    Default,
    Exclusion,
    ForeignKey,
    Identity,
    Index,
    NamedType,
    PrimaryKey,
    SchemaFileError,
    Table,
    UniqueConstraint,
)
from zmigration_api.snapshot import decode_table, encode

AB = "a: {type: int}\nb: {type: text}\n"
LINES = 6


def text_of(body: str, data_type: str, exact: str | None) -> str:
    """A file whose table `users` has that body, which starts in the seventh line."""
    says = f"zMigrationExact: {exact}" if exact else "Data_Label: data"
    head = f"Meta:\n  Data_Type: {data_type}\n  zMigration: true\n  {says}\n"
    rows = "".join(f"  {line}\n" for line in body.splitlines())
    return f"{head}  zMigrationVersion: v1.0.0\nusers:\n{rows}"


def file(
    folder: Path, body: str, data_type: str = "postgresql", exact: str | None = "tables"
) -> SchemaFile:
    return read(folder, text_of(body, data_type, exact))


def table(folder: Path, body: str, **about: Any) -> Table:
    (only,) = file(folder, body, **about).tables
    return only


def no(folder: Path, body: str, data_type: str = "postgresql") -> Refusal:
    """The refusal of a body; its line is counted in the body."""
    refusal = refused(folder, text_of(body, data_type, None if data_type == "csv" else "tables"))
    line, column = refusal.at
    refusal.at = ((line or 0) - LINES, column and column - 2)
    return refusal


@pytest.mark.parametrize("exact", ["tables", "database", None])
@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (
            "default_sql: 'lower(''A;'')'",
            {"default": Default(kind="expression", text="lower('A;')")},
        ),
        ("default_sql: ", {}),
        ("generated: a || 'x'", {"generated": "a || 'x'"}),
        ("generated: a, virtual: true", {"generated": "a", "virtual": True}),
        ("generated: a, virtual: no", {"generated": "a"}),
        ("collation: C", {"collation": "C"}),
        ("collation: '\"de-x-icu\"'", {"collation": '"de-x-icu"'}),
        ("identity: always", {"identity": Identity(kind="always")}),
        ("identity: by default", {"identity": Identity(kind="by default")}),
        ("identity: BY_DEFAULT", {"identity": Identity(kind="by default")}),
        ("identity: serial", {"identity": Identity(kind="serial")}),
        ("identity: autoincrement", {"identity": Identity(kind="autoincrement")}),
        ("identity: {kind: always}", {"identity": Identity(kind="always")}),
        (
            "identity: {kind: always, options: START WITH 100}",
            {"identity": Identity(kind="always", options="START WITH 100")},
        ),
        ("identity: ", {}),
        ("attributes: STORAGE EXTERNAL", {"attributes": ("STORAGE EXTERNAL",)}),
        ("attributes: [b 1, a 2]", {"attributes": ("a 2", "b 1")}),
        ("attributes: []", {}),
        ("default: {value: now}", {"default": Default(kind="value", text="now")}),
        ("default: {value: '&a.b()'}", {"default": Default(kind="value", text="&a.b()")}),
    ],
)
def test_column_keys(
    tmp_path: Path, exact: str | None, keys: str, expected: dict[str, Any]
) -> None:
    body = f"id: {{type: int, pk: true}}\nc: {{type: text, {keys}}}"
    made = table(tmp_path, body, exact=exact)
    assert made.column("c") == Column(name="c", type=ColumnType(kind="text"), **expected)
    assert made.exact is (exact is not None)


@pytest.mark.parametrize(
    ("keys", "at", "message", "hint"),
    [
        ("default: a, default_sql: b", 30, "has both default and default_sql", "keep one"),
        ("default_sql: a; b", 30, "must be one SQL expression", "semicolon"),
        ("virtual: true", 17, "users.c is virtual, but not generated", "generated:"),
        ("virtual: maybe", 26, "must be true or false", ""),
        ("identity: sometimes", 27, "cannot be 'sometimes'", "always, by default, serial"),
        ("identity: {options: x}", 27, "must have a kind", ""),
        ("identity: {kind: always, start: 1}", 42, "unknown key start", "known here: kind"),
        ("identity: [always]", 27, "must be one value", ""),
        ("identity: always, default: x", 1, "has an identity, so it can be neither", ""),
        ("attributes: {a: b}", 29, "must be one value", ""),
        ("collation: [a]", 28, "must be one value", ""),
        ("default: {valu: x}", 27, "unknown key valu", "value"),
        ("default: {}", 26, "must be one value, not a mapping", ""),
    ],
)
def test_what_a_column_cannot_say(
    tmp_path: Path, keys: str, at: int, message: str, hint: str
) -> None:
    refusal = no(tmp_path, f"c: {{type: text, {keys}}}")
    assert (message in refusal.message, hint in refusal.hint) == (True, True), refusal.message
    assert refusal.at[0] == 1


@pytest.mark.parametrize(
    ("keys", "sqlite", "postgresql"),
    [
        ("pk: true", False, True),
        ("pk: true, required: true", True, True),
        ("pk: true, required: false", False, False),
        ("pk: true, nullable: true", False, False),
        ("required: false", False, False),
        ("required: true", True, True),
    ],
)
def test_a_key_column_of_an_exact_file_may_take_nulls(
    tmp_path: Path, keys: str, sqlite: bool, postgresql: bool
) -> None:
    body = f"a: {{type: text, {keys}}}"
    assert table(tmp_path, body, data_type="sqlite").columns[0].required is sqlite
    assert table(tmp_path, body, data_type="postgresql").columns[0].required is postgresql
    lenient = table(tmp_path, body, data_type="sqlite", exact=None)
    assert lenient.columns[0].required is (sqlite or "pk" in keys)
    listed = f"{body.replace(', pk: true', '')}\nprimary_key: [a]"
    assert table(tmp_path, listed, data_type="sqlite").columns[0].required is sqlite


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("[a, b]", PrimaryKey(columns=("a", "b"))),
        ('[a, "b DESC"]', PrimaryKey(columns=("a", "b"), keys=("a", "b DESC"))),
        ("[{columns: a}]", PrimaryKey(columns=("a",))),
        (
            "[{columns: [a], name: own, include: [b], deferrable: true, comment: c}]",
            PrimaryKey(columns=("a",), include=("b",), deferral="DEFERRABLE"),
        ),
        (
            "[{columns: a, deferrable: deferred, on_conflict: replace}]",
            PrimaryKey(
                columns=("a",), deferral="DEFERRABLE INITIALLY DEFERRED", on_conflict="REPLACE"
            ),
        ),
        ("[{columns: a, deferrable: false}]", PrimaryKey(columns=("a",))),
    ],
)
def test_primary_keys(tmp_path: Path, written: str, expected: PrimaryKey) -> None:
    assert table(tmp_path, f"{AB}primary_key: {written}").primary_key == expected


def test_names_and_comments_of_constraints(tmp_path: Path) -> None:
    body = f"""{AB}primary_key: [{{columns: a, name: p, comment: pc}}]
unique: [{{columns: b, name: u, comment: uc}}]
checks: [{{name: k, expression: a > 1, comment: kc}}]
exclusions: [{{name: x, definition: USING gist (b WITH =), comment: xc}}]
foreign_keys: [{{columns: a, table: t, ref_columns: a, name: f, comment: fc}}]
indexes: [{{columns: b, name: i, comment: ic}}]
comment: tc"""
    made = table(tmp_path, body)
    parts: list[Any] = [*made.constraints, *made.indexes]
    named = [("p", "pc"), ("u", "uc"), ("k", "kc"), ("x", "xc"), ("f", "fc"), ("i", "ic")]
    assert [(part.name, part.comment) for part in parts] == named
    assert made.comment == "tc"


def test_what_is_said_of_the_indexes_behind_keys(tmp_path: Path) -> None:
    said = "options: [fillfactor=70], index_comment: of it"
    body = f"""{AB}primary_key: [{{columns: a, {said}}}]
unique: [{{columns: b, {said}}}]
exclusions: [{{definition: USING gist (b WITH =), {said}}}]"""
    for exact in ("tables", None):
        made = table(tmp_path, body, exact=exact)
        keys: list[Any] = [made.primary_key, *made.unique, *made.exclusions]
        for key in keys:
            assert (key.options, key.index_comment) == (("fillfactor=70",), "of it")


@pytest.mark.parametrize("exact", ["tables", None])
@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (
            "{columns: [a], nulls_not_distinct: true, include: b}",
            UniqueConstraint(columns=("a",), include=("b",), nulls_not_distinct=True, name=""),
        ),
        (
            "{columns: [a], deferrable: deferred, on_conflict: IGNORE}",
            UniqueConstraint(
                columns=("a",),
                deferral="DEFERRABLE INITIALLY DEFERRED",
                on_conflict="IGNORE",
                name="",
            ),
        ),
        (
            "[a, b COLLATE NOCASE]",
            UniqueConstraint(columns=("a", "b"), keys=("a", "b COLLATE NOCASE"), name=""),
        ),
    ],
)
def test_unique(
    tmp_path: Path, exact: str | None, written: str, expected: UniqueConstraint
) -> None:
    assert table(tmp_path, f"{AB}unique: [{written}]", exact=exact).unique == (expected,)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("a > 1", Check(name="ck_users_073d6356", expression="a > 1")),
        ("{own: a > 1}", Check(name="own", expression="a > 1")),
        ("'b <> '';'''", Check(name="ck_users_13af7761", expression="b <> ';'")),
        (
            "{name: own, expression: a > 1, no_inherit: true, not_valid: true}",
            Check(name="own", expression="a > 1", inherited=False, valid=False),
        ),
    ],
)
def test_checks(tmp_path: Path, written: str, expected: Check) -> None:
    for exact in ("tables", None):
        (made,) = table(tmp_path, f"{AB}checks: [{written}]", exact=exact).checks
        assert made == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("{name: x, definition: USING gist (b WITH =)}", (None, "x")),
        ("{name: x, definition: USING gist (b WITH =), deferrable: true}", ("DEFERRABLE", "x")),
        ("USING gist (b WITH =)", (None, "ex_users_3c8a3f29")),
    ],
)
def test_exclusions(tmp_path: Path, written: str, expected: tuple[Any, str]) -> None:
    (made,) = table(tmp_path, f"{AB}exclusions: [{written}]").exclusions
    deferral, name = expected
    assert made == Exclusion(definition="USING gist (b WITH =)", deferral=deferral, name="")
    assert made.name == name


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("match: full", {"match": "FULL"}),
        ("match: SIMPLE", {}),
        ("deferrable: true", {"deferral": "DEFERRABLE"}),
        ("deferrable: deferred", {"deferral": "DEFERRABLE INITIALLY DEFERRED"}),
        ("not_valid: true", {"valid": False}),
        ("on_delete: set null, set_columns: [b]", {"on_delete": "SET NULL", "set_columns": ("b",)}),
        (
            "on_delete: cascade, on_update: set default",
            {"on_delete": "CASCADE", "on_update": "SET DEFAULT"},
        ),
    ],
)
def test_foreign_keys(tmp_path: Path, written: str, expected: dict[str, Any]) -> None:
    listed = f"{{columns: [a, b], table: t, ref_columns: [x, y], {written}}}"
    for exact in ("tables", None):
        (made,) = table(tmp_path, f"{AB}foreign_keys: [{listed}]", exact=exact).foreign_keys
        wanted = ForeignKey(
            columns=("a", "b"), ref_table="t", ref_columns=("x", "y"), name="", **expected
        )
        assert made == wanted


def test_a_foreign_key_of_sqlite_may_lead_to_whatever_the_key_is(tmp_path: Path) -> None:
    body = f"{AB}foreign_keys: [{{columns: [a, b], table: t, ref_columns: []}}]"
    (key,) = table(tmp_path, body, data_type="sqlite").foreign_keys
    assert key.ref_columns == ()
    refusal = refused(tmp_path, text_of(body, "sqlite", None))
    assert "has 2 columns, but refers to 0" in refusal.message


def test_restrict_is_no_action_but_in_exact_files(tmp_path: Path) -> None:
    body = "a: {type: int, foreign_key: t.x, on_delete: restrict}"
    assert table(tmp_path, body).foreign_keys[0].on_delete == "RESTRICT"
    assert table(tmp_path, body, exact=None).foreign_keys[0].on_delete == "NO ACTION"


@pytest.mark.parametrize(
    ("data_type", "written", "target"),
    [
        ("postgresql", "app.t.x", ("app.t", "x")),
        ("pg", "t.x", ("t", "x")),
        ("postgresql", "{table: app.t, column: x.y}", ("app.t", "x.y")),
        ("sqlite", "{table: 'a (b).t', column: x.y}", ("a (b).t", "x.y")),
    ],
)
def test_where_a_foreign_key_leads(
    tmp_path: Path, data_type: str, written: str, target: tuple[str, str]
) -> None:
    made = table(tmp_path, f"a: {{type: int, foreign_key: {written}}}", data_type=data_type)
    (key,) = made.foreign_keys
    assert (key.ref_table, *key.ref_columns) == target


@pytest.mark.parametrize("exact", ["tables", None])
@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("a", {"columns": ("a",)}),
        ("lower(b)", {"keys": ("lower(b)",)}),
        ("[a, lower(b)]", {"columns": ("a",), "keys": ("a", "lower(b)")}),
        ("{columns: 'a DESC NULLS LAST'}", {"columns": ("a",), "keys": ("a DESC NULLS LAST",)}),
        ("{columns: b text_pattern_ops}", {"columns": ("b",), "keys": ("b text_pattern_ops",)}),
        (
            "{columns: ['b COLLATE \"C\" text_pattern_ops DESC']}",
            {"columns": ("b",), "keys": ('b COLLATE "C" text_pattern_ops DESC',)},
        ),
        (
            "{columns: ['b public.gist_trgm_ops(siglen=''32'')'], method: gist}",
            {
                "columns": ("b",),
                "keys": ("b public.gist_trgm_ops(siglen='32')",),
                "method": "gist",
            },
        ),
        ("{columns: ['((a + 1))']}", {"keys": ("((a + 1))",)}),
        ("{columns: ['a + 1']}", {"keys": ("a + 1",)}),
        (
            "{columns: a, where: a > 1, unique: true}",
            {"columns": ("a",), "where": "a > 1", "unique": True},
        ),
        ("{columns: a, include: [b]}", {"columns": ("a",), "include": ("b",)}),
        (
            "{columns: a, options: [fillfactor=70]}",
            {"columns": ("a",), "options": ("fillfactor=70",)},
        ),
        (
            "{columns: lower(b), unique: true, nulls_not_distinct: true}",
            {"keys": ("lower(b)",), "unique": True, "nulls_not_distinct": True},
        ),
        (
            "{columns: a, unique: true, include: b}",
            {"columns": ("a",), "unique": True, "include": ("b",)},
        ),
    ],
)
def test_indexes(tmp_path: Path, exact: str | None, written: str, expected: dict[str, Any]) -> None:
    made = table(tmp_path, f"{AB}indexes: [{written}]", exact=exact)
    assert made.indexes == (Index(**{"columns": (), "name": "", **expected}),)


def test_a_unique_index_is_a_constraint_but_in_exact_files(tmp_path: Path) -> None:
    body = f"{AB}indexes: [{{columns: a, unique: true, name: own, comment: c}}]"
    exact = table(tmp_path, body)
    assert exact.indexes == (Index(columns=("a",), unique=True, name="own"),)
    lenient = table(tmp_path, body, exact=None)
    assert lenient.unique == (UniqueConstraint(columns=("a",), name="own"),)
    assert (lenient.unique[0].comment, lenient.unique[0].by_index) == ("c", False)


@pytest.mark.parametrize(
    ("data_type", "key", "columns"),
    [
        ("postgresql", '"Name" DESC', ("Name",)),
        ("postgresql", '"NAME" DESC', ()),
        ("postgresql", "Name DESC", ("Name",)),
        ("postgresql", "LABEL DESC", ("label",)),
        ("sqlite", "NAME DESC", ("name",)),
        ("sqlite", '"nAME" ASC', ("name",)),
        ("sqlite", "[two words] DESC", ("two words",)),
        ("sqlite", "`two words` DESC", ("two words",)),
        ("sqlite", "name IS NULL", ()),
        ("sqlite", "name COLLATE NOCASE DESC", ("name",)),
        ("postgresql", '"a""b" DESC', ('a"b',)),
        ("postgresql", "lower(name) DESC", ()),
        ("postgresql", "name || name", ()),
    ],
)
def test_which_keys_are_columns(
    tmp_path: Path, data_type: str, key: str, columns: tuple[str, ...]
) -> None:
    names = ["name", "label", "two words", 'a"b', *(["Name"] if data_type == "postgresql" else [])]
    written = "".join(f"'{name}': {{type: text}}\n" for name in names)
    quoted = key.replace("'", "''")
    made = table(tmp_path, f"{written}indexes: [['{quoted} ', 'lower(name)']]", data_type=data_type)
    assert made.indexes[0].columns == columns
    assert made.indexes[0].keys == (key, "lower(name)")


def test_column_names_beside_expressions_are_quoted_where_they_must(tmp_path: Path) -> None:
    body = "Name: {type: text}\n'two words': {type: text}\nplain: {type: text}\n"
    listed = f"{body}indexes: [[Name, two words, plain, lower(plain)]]"
    for data_type, name in (("postgresql", '"Name"'), ("sqlite", "Name")):
        (index,) = table(tmp_path, listed, data_type=data_type).indexes
        assert index.keys == (name, '"two words"', "plain", "lower(plain)")
        assert index.columns == ("Name", "two words", "plain")


def test_options_and_comment_of_a_table(tmp_path: Path) -> None:
    made = table(tmp_path, f"{AB}options: [WITHOUT ROWID, STRICT]\ncomment: [email]")
    assert made.options == ("STRICT", "WITHOUT ROWID")
    assert made.comment == "email"
    assert table(tmp_path, f"{AB}options: STRICT").options == ("STRICT",)


@pytest.mark.parametrize("name", ["options", "exclusions"])
def test_a_short_column_may_be_called_as_a_new_table_key(tmp_path: Path, name: str) -> None:
    made = table(tmp_path, f"{name}: str", exact=None)
    assert [c.name for c in made.columns] == [name]
    made = table(tmp_path, f"{name}: {{type: str}}", exact=None)
    assert [c.name for c in made.columns] == [name]


@pytest.mark.parametrize(
    ("body", "at", "message", "hint"),
    [
        ("primary_key: [{columns: a}, {columns: b}]", (3, 29), "has one primary key", ""),
        ("primary_key: [{columns: a, nmae: x}]", (3, 28), "unknown key nmae", "name"),
        ("primary_key: [{name: x}]", (3, 15), "The primary key must have columns", ""),
        (
            "primary_key: [lower(b)]",
            (3, 14),
            "primary key can be over columns alone",
            "unique index",
        ),
        ("unique: [[lower(b)]]", (3, 10), "unique constraint can be over columns alone", ""),
        ("unique: [{columns: a, on_conflict: x}]", (3, 36), "cannot be 'x'", "rollback, abort"),
        ("unique: [{columns: a, deferrable: x}]", (3, 35), "must be true or false", ""),
        ("unique: [{columns: a, include: [c]}]", (3, 32), "names c, which is no column", ""),
        ("indexes: [{columns: [a, c]}]", (3, 25), "The index names c, which is no column", ""),
        ("indexes: [{columns: a, options: {a: b}}]", (3, 33), "must be one value", ""),
        ("indexes: ['lower(b); x']", (3, 11), "must be one SQL expression", ""),
        ("indexes: [{columns: a, metod: gin}]", (3, 24), "unknown key metod", "method"),
        ("checks: [{expression: a, noinherit: true}]", (3, 26), "unknown key noinherit", ""),
        ("exclusions: [{name: x}]", (3, 14), "The exclusion must have a definition", ""),
        ("exclusions: {a: b}", (3, 13), "exclusions of users must not be a mapping", "a list"),
        ("options: {a: b}", (3, 10), "options of users must not be a mapping", "a list"),
        ("comment: [a, b]", (3, 10), "The table's comment must be one text", ""),
        (
            "foreign_keys: [{columns: a, table: t, ref_columns: x, match: most}]",
            (3, 62),
            "match of the foreign key cannot be 'most'",
            "simple, full, partial",
        ),
        (
            "foreign_keys: [{columns: a, table: t, ref_columns: x, set_columns: [c]}]",
            (3, 69),
            "",
            "",
        ),
    ],
)
def test_what_a_table_cannot_say(
    tmp_path: Path, body: str, at: tuple[int, int], message: str, hint: str
) -> None:
    refusal = no(tmp_path, AB + body)
    assert (message in refusal.message, hint in refusal.hint) == (True, True), refusal.message
    assert refusal.at[0] == at[0]


def test_an_exact_file_may_say_things_twice(tmp_path: Path) -> None:
    one, other, double = (f"{{columns: {x}, name: {n}}}" for x, n in ("ai", "aj", ("[a, a]", "k")))
    body = f"{AB}indexes: [{one}, {other}, {double}]"
    assert [i.name for i in table(tmp_path, body).indexes] == ["i", "j", "k"]
    keyed = "a: {type: int, pk: true, unique: true, indexed: true}"
    made = table(tmp_path, keyed)
    assert (len(made.unique), len(made.indexes)) == (1, 1)
    lenient = table(tmp_path, keyed, exact=None)
    assert (lenient.unique, lenient.indexes) == ((), ())


def test_names_in_exact_files_are_those_of_the_store(tmp_path: Path) -> None:
    names = ("a", "A", "' '", "'a.b/$\\'", "view")
    made = table(tmp_path, "".join(f"{name}: {{type: int}}\n" for name in names))
    assert [c.name for c in made.columns] == ["a", "A", " ", "a.b/$\\", "view"]
    named = f"{AB}checks: [{{x: a > 1}}, {{X: a > 2}}]"
    assert [c.name for c in table(tmp_path, named).checks] == ["x", "X"]
    assert "The name x is there twice" in no(tmp_path, named.replace("X", "x")).message
    same = named.replace("X", "x")
    assert [c.name for c in table(tmp_path, same, data_type="sqlite").checks] == ["x", "x"]
    assert "differ only in case" in no(tmp_path, "a: {type: int}\nA: {type: int}", "sqlite").message
    long = f"{'n' * 80}: {{type: int}}"
    assert table(tmp_path, long, data_type="sqlite").columns[0].name == "n" * 80


@pytest.mark.parametrize("name", ["[a;b]", "`a;b`", '"a;b"'])
def test_semicolons_in_names(tmp_path: Path, name: str) -> None:
    body = f"{AB}checks: ['{name} > 1']"
    assert table(tmp_path, body, data_type="sqlite").checks[0].expression == f"{name} > 1"
    if name[0] != '"':
        assert "must be one SQL expression" in no(tmp_path, body).message


def test_a_table_without_columns(tmp_path: Path) -> None:
    text = text_of("a: {type: int}", "postgresql", "tables") + "empty: {}\n"
    assert [t.name for t in read(tmp_path, text).tables] == ["users", "empty"]


def test_names_by_default_leave_the_schema_out(tmp_path: Path) -> None:
    text = text_of("a: {type: int, unique: true, indexed: true, foreign_key: b.x}", "pg", "tables")
    (made,) = read(tmp_path, text.replace("users:", "app.users:")).tables
    parts: list[Any] = [*made.unique, *made.indexes, *made.foreign_keys]
    assert [part.name for part in parts] == ["uq_users_a", "idx_users_a", "fk_users_a"]


@pytest.mark.parametrize("native", ["", "my 'odd; type'", "timestamp(3) with time zone"])
def test_any_type_of_the_store(tmp_path: Path, native: str) -> None:
    doubled = native.replace("'", "''")
    made = table(tmp_path, f"a: {{db_type: '{doubled}'}}", data_type="sqlite")
    assert made.columns[0].type == ColumnType(kind="native", native=native)


TYPES = """  zTypes:
    mood: {enum: [sad, "", "no"], comment: how, renamed_from: humour}
    email: {domain: "text CHECK (VALUE LIKE '%@%;')"}
"""


def with_types(types: str, data_type: str = "postgresql") -> str:
    return text_of("a: {type: int}", data_type, None).replace("users:\n", f"{types}users:\n")


def test_named_types(tmp_path: Path) -> None:
    found = read(tmp_path, with_types(TYPES))
    assert found.types == found.schema.types
    mood, email = found.types
    assert mood == NamedType(name="mood", kind="enum", values=("sad", "", "no"))
    assert (mood.comment, mood.renamed_from, mood.line) == ("how", "humour", 7)
    text = "text CHECK (VALUE LIKE '%@%;')"
    assert email == NamedType(name="email", kind="domain", definition=text)
    assert not found.warnings


@pytest.mark.parametrize(
    ("written", "at", "message"),
    [
        ("[a]", (6, 11), "zTypes must be a mapping"),
        ("{a: text}", (6, 15), "The type a must be a mapping"),
        ("{a: {}}", (6, 12), "must be either an enum or a domain"),
        ("{a: {enum: [x], domain: text}}", (6, 12), "must be either an enum or a domain"),
        ("{a: {enum: x}}", (6, 22), "must be a list"),
        ("{a: {enum: [x, x]}}", (6, 26), "has x twice"),
        ("{a: {enum: [[x]]}}", (6, 23), "must be one value"),
        ("{a: {enmu: [x]}}", (6, 16), "unknown key enmu"),
        ("{a: {domain: 'text; x'}}", (6, 24), "must be one SQL expression"),
    ],
)
def test_what_types_cannot_say(
    tmp_path: Path, written: str, at: tuple[int, int], message: str
) -> None:
    refusal = refused(tmp_path, with_types(f"  zTypes: {written}\n"))
    assert message in refusal.message
    assert refusal.at == at


def test_what_csv_files_cannot_keep(tmp_path: Path) -> None:
    body = """a: {type: int, identity: always, attributes: [x], collation: C}
b: {type: text}
options: [STRICT]
exclusions: [x WITH =]
primary_key: [{columns: a, deferrable: true, options: [fillfactor=70]}]
unique: [{columns: b, nulls_not_distinct: true, index_comment: x}]
indexes: [{columns: b, method: hash, include: a}]
checks: [{expression: a > 1, not_valid: true}]
foreign_keys: [{columns: a, table: t, ref_columns: x, match: full}]"""
    found = file(tmp_path, body, data_type="csv", exact=None)
    said = [w.message for w in found.warnings if "which CSV files cannot keep" in w.message]
    assert len(said) == len(found.warnings) == 13
    assert "users.a has identity, which CSV files cannot keep; it is ignored" in said
    assert "The index has method, which CSV files cannot keep; it is ignored" in said
    (made,) = found.tables
    assert made == Table(
        name="users",
        columns=(
            Column(name="a", type=ColumnType(kind="int"), required=True),
            Column(name="b", type=ColumnType(kind="text")),
        ),
        primary_key=PrimaryKey(columns=("a",)),
        unique=(UniqueConstraint(columns=("b",), name=""),),
        indexes=(Index(columns=("b",), name=""),),
        checks=(Check(name="ck_users_073d6356", expression="a > 1"),),
        foreign_keys=(ForeignKey(columns=("a",), ref_table="t", ref_columns=("x",), name=""),),
    )


def test_what_is_refused_for_csv_files(tmp_path: Path) -> None:
    assert (
        "which CSV files cannot compute"
        in no(tmp_path, "a: {type: int, default_sql: 1}", "csv").message
    )
    assert "can be over columns alone" in no(tmp_path, f"{AB}indexes: [lower(b)]", "csv").message
    refusal = refused(tmp_path, text_of(AB, "csv", "tables"))
    assert (refusal.at, "is for SQL stores" in refusal.message) == ((4, 3), True)
    (warning,) = read(tmp_path, with_types("  zTypes: {a: {enum: [x]}}\n", "csv")).warnings
    assert warning.message == "CSV files keep no named types; zTypes is ignored"


def test_exact_files_may_refer_to_anything(tmp_path: Path) -> None:
    body = "a: {type: int, foreign_key: gone.x}"
    exact = file(tmp_path, body)
    assert check_references([exact], []) == ()
    with pytest.raises(SchemaFileError, match="which is not there"):
        check_references([file(tmp_path, body, exact=None)], [])


@pytest.mark.parametrize(
    ("old", "message"),
    [
        ("people.id", "users.a refers to people, which is renamed to persons here"),
        ("persons.number", "users.a refers to persons.number, which is renamed to id here"),
    ],
)
def test_exact_files_do_not_refer_to_what_they_rename(
    tmp_path: Path, old: str, message: str
) -> None:
    text = text_of(f"a: {{type: int, foreign_key: {old}}}", "postgresql", "tables")
    text += "persons:\n  renamed_from: people\n  id: {type: int, pk: true, renamed_from: number}\n"
    with pytest.raises(SchemaFileError) as caught:
        check_references([read(tmp_path, text)], [])
    assert (caught.value.message, caught.value.line) == (message, LINES + 1)


def test_a_foreign_key_that_postgresql_would_refuse_is_said_with_its_line(tmp_path: Path) -> None:
    body = "a: {{type: {}, foreign_key: persons.id}}"
    persons = "persons:\n  id: {{type: {}, pk: true}}\n"

    def checked(one: str, other: str, data_type: str = "postgresql") -> object:
        text = text_of(body.format(one), data_type, "tables") + persons.format(other)
        return check_references([read(tmp_path, text)], [])

    with pytest.raises(SchemaFileError, match=r"users.a is text, but persons.id, .* is int"):
        checked("text", "int")
    assert checked("date", "datetime") == checked("bigint", "int") == ()
    assert checked("text", "int", "sqlite") == ()


def test_relations_of_exact_files(tmp_path: Path) -> None:
    text = text_of("a: {type: int}\nindexes: [{columns: a, name: I}]", "pg", "tables")
    other = "app.users:\n  a: {type: int}\n  indexes: [{columns: a, name: I}]\n"
    upper = "Users:\n  a: {type: int}\n  indexes: [{columns: a, name: i}]\n"
    assert check_references([read(tmp_path, text + other + upper)], []) == ()
    clash = "other:\n  a: {type: int}\n  indexes: [{columns: a, name: I}]\n"
    with pytest.raises(SchemaFileError, match="the name I is that of"):
        check_references([read(tmp_path, text + clash)], [])


def test_a_table_without_columns_comes_back_from_the_history(tmp_path: Path) -> None:
    (made,) = read(tmp_path, f"{text_of('', 'postgresql', 'tables').rstrip()} {{}}\n").tables
    assert made.columns == ()
    assert decode_table(encode(made)) == made
    assert decode_tagged(encode_tagged(made)) == made
