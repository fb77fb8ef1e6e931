from pathlib import Path

import pytest

from tests.schema_files import HEAD, read, refused, refused_table, table, warned
from zmigration_api import Check, ForeignKey, Index, PrimaryKey, UniqueConstraint

AB = "a: {type: int}\nb: {type: int}\n"


@pytest.mark.parametrize(
    ("body", "key"),
    [
        ("a: {type: int, pk: true}", ("a",)),
        ("a: {type: int, primary_key: true}", ("a",)),
        (AB + "primary_key: [b, a]", ("b", "a")),
        (AB + "primary_key: b", ("b",)),
        (AB + "primary_key: []", ()),
        (AB + "primary_key:", ()),
        ("a: {type: int, pk: true}\nb: {type: int}\nprimary_key: [b, a]", ("b", "a")),
        ("a: {type: int, pk: true}\nb: {type: int, pk: true}", ("a", "b")),
    ],
)
def test_primary_key(tmp_path: Path, body: str, key: tuple[str, ...]) -> None:
    made = table(tmp_path, body)
    assert made.primary_key == (PrimaryKey(columns=key) if key else None)
    assert {c.name for c in made.columns if c.required} == set(key)


def test_several_pk_are_warned_of(tmp_path: Path) -> None:
    ((line, column, message),) = warned(
        tmp_path, "a: {type: int, pk: true}\nb: {type: int, pk: true}"
    )
    assert (line, column) == (2, 1)
    assert "primary_key: [a, b]" in message


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("[a]", Index(columns=("a",), name="idx_users_a")),
        ("a", Index(columns=("a",), name="idx_users_a")),
        ("[[a, b]]", Index(columns=("a", "b"), name="idx_users_a_b")),
        ("[{fields: a}]", Index(columns=("a",), name="idx_users_a")),
        ("[{columns: [b, a], name: own}]", Index(columns=("b", "a"), name="own")),
        (
            "[{fields: a, unique: yes, where: b > 1}]",
            Index(columns=("a",), unique=True, where="b > 1", name="idx_users_a"),
        ),
        ("[{fields: a, unique: false, where: }]", Index(columns=("a",), name="idx_users_a")),
    ],
)
def test_indexes(tmp_path: Path, written: str, expected: Index) -> None:
    (index,) = table(tmp_path, f"{AB}indexes: {written}").indexes
    assert (index, index.name, index.line) == (expected, expected.name, 8)


@pytest.mark.parametrize(
    ("key", "written", "columns", "name"),
    [
        ("indexes", "[{fields: [a, b], unique: true}]", ("a", "b"), "idx_users_a_b"),
        ("indexes", "[{fields: a, unique: true, name: own}]", ("a",), "own"),
        ("unique", "[a]", ("a",), "uq_users_a"),
        ("unique", "a", ("a",), "uq_users_a"),
        ("unique", "[[a, b]]", ("a", "b"), "uq_users_a_b"),
        ("unique", "[{columns: [b], name: own}]", ("b",), "own"),
    ],
)
def test_unique(
    tmp_path: Path, key: str, written: str, columns: tuple[str, ...], name: str
) -> None:
    made = table(tmp_path, f"{AB}{key}: {written}")
    assert made.unique == (UniqueConstraint(columns=columns, name=name),)
    assert made.unique[0].name == name
    assert made.indexes == ()


def test_a_flat_unique_list_is_warned_of(tmp_path: Path) -> None:
    made = table(tmp_path, f"{AB}unique: [a, b]")
    assert [u.columns for u in made.unique] == [("a",), ("b",)]
    assert warned(tmp_path, f"{AB}unique: [a, b]") == [
        (3, 9, "Each of a, b is unique by itself; for one over all write [[a, b]]")
    ]


def test_what_is_said_twice_is_there_once_with_the_tables_name(tmp_path: Path) -> None:
    body = """a: {type: int, unique: true, indexed: true}
unique: [{columns: a, name: own}]
indexes: [{fields: a, name: mine}]"""
    made = table(tmp_path, body)
    assert [u.name for u in made.unique] == ["own"]
    assert [i.name for i in made.indexes] == ["mine"]


def test_unique_of_one_column_of_a_longer_key_stays(tmp_path: Path) -> None:
    made = table(
        tmp_path,
        "a: {type: int, unique: true}\nb: {type: int}\nprimary_key: [a, b]\nunique: [[a, b]]",
    )
    assert [u.columns for u in made.unique] == [("a",)]


@pytest.mark.parametrize(
    ("written", "name", "expression"),
    [
        ("[a > 0]", "ck_users_4ead0c05", "a > 0"),
        ("[{adult: a > 17}]", "adult", "a > 17"),
        ("[{name: adult, expression: a > 17}]", "adult", "a > 17"),
    ],
)
def test_checks(tmp_path: Path, written: str, name: str, expression: str) -> None:
    (check,) = table(tmp_path, f"{AB}checks: {written}").checks
    assert check.expression == expression
    assert check.name == name


def test_unnamed_checks_keep_their_names_in_another_order(tmp_path: Path) -> None:
    one = table(tmp_path, f"{AB}checks: [a > 0, b > 0]").checks
    other = table(tmp_path, f"{AB}checks: [b > 0, a > 0]").checks
    assert set(one) == set(other)
    assert isinstance(one[0], Check)


@pytest.mark.parametrize(
    ("written", "refers"),
    [
        ("{columns: [a, b], table: teams, ref_columns: [x, y]}", ("teams", ("x", "y"))),
        ("{columns: [a, b], references: 'teams(x, y)'}", ("teams", ("x", "y"))),
        ("{columns: [a, b], references: {table: teams, columns: [x, y]}}", ("teams", ("x", "y"))),
        ("{column: a, references: teams.x, on_delete: cascade}", ("teams", ("x",))),
        ("{fields: a, ref_table: teams, ref_column: x, name: own}", ("teams", ("x",))),
    ],
)
def test_listed_foreign_keys(
    tmp_path: Path, written: str, refers: tuple[str, tuple[str, ...]]
) -> None:
    (key,) = table(tmp_path, f"{AB}foreign_keys:\n  - {written}").foreign_keys
    assert isinstance(key, ForeignKey)
    assert (key.ref_table, key.ref_columns) == refers
    assert key.name == ("own" if "own" in written else f"fk_users_{'_'.join(key.columns)}")
    assert key.on_delete == ("CASCADE" if "cascade" in written else "NO ACTION")


@pytest.mark.parametrize(
    ("body", "at", "message", "hint"),
    [
        (AB + "primary_key: [a, c]", (3, 18), "The primary key names c, which is no column", ""),
        (AB + "primary_key: [a, a]", (3, 14), "names a column twice", ""),
        (
            AB + "primary_key: {a: b}",
            (3, 14),
            "primary_key of users must not be a mapping",
            "a list",
        ),
        (
            "a: {type: int, pk: true}\nb: {type: int}\nprimary_key: [b]",
            (1, 1),
            "a says pk, but",
            "",
        ),
        (AB + "indexes: [c]", (3, 11), "The index names c, which is no column", ""),
        (AB + "indexes: [{fields: []}]", (3, 20), "The index names no column", ""),
        (AB + "indexes: [{name: x}]", (3, 11), "The index must have columns", ""),
        (AB + "indexes: [{fields: a, columns: b}]", (3, 23), "has both fields and columns", ""),
        (AB + "indexes: [{fields: a, unqiue: true}]", (3, 23), "unknown key unqiue", "unique?"),
        (AB + "indexes: [{fields: a, where: ' '}]", (3, 30), "must be one SQL expression", ""),
        (AB + "indexes: {a: b}", (3, 10), "indexes of users must not be a mapping", "a list"),
        (AB + "unique: [[]]", (3, 10), "The unique constraint names no column", ""),
        (AB + "unique: [{name: x}]", (3, 10), "The unique constraint must have columns", ""),
        (AB + "checks: ['a; b']", (3, 10), "must be one SQL expression", "semicolon"),
        (AB + "checks: [{name: x}]", (3, 10), "The check must have an expression", ""),
        (AB + "checks: [{name: x, expression: a, y: b}]", (3, 35), "unknown key y", ""),
        (AB + "checks: [{x: a > 1}, {X: b > 1}]", (3, None), "The name X is there twice", ""),
        (
            AB + "checks: {positive: a > 0}",
            (3, 9),
            "checks of users must not be a mapping",
            "a list",
        ),
        (AB + "foreign_keys: [{table: x}]", (3, 16), "The foreign key must have columns", ""),
        (AB + "foreign_keys: [{columns: a}]", (3, 16), "The foreign key must have a table", ""),
        (AB + "foreign_keys: [{columns: a, table: x}]", (3, 36), "names no ref_columns", ""),
        (
            AB + "foreign_keys: [{columns: a, table: x, ref_columns: [y, z]}]",
            (3, 16),
            "has 1 columns, but refers to 2",
            "",
        ),
        (AB + "foreign_keys: [a]", (3, 16), "A foreign key must be a mapping, not 'a'", ""),
        (AB + "renamed_from: users", (3, 15), "The table users is renamed from itself", ""),
        (AB + "comment: text", (3, 10), "may be a comment or a column", "{type: text}"),
        ("a: {type: int}\nA: {type: int}", (2, 1), "The columns a (line 6) and A differ only", ""),
        (AB + "c: {type: int, renamed_from: a}", (3, 1), "which is still a column here", ""),
        (
            "a: {type: int, renamed_from: x}\nb: {type: int, renamed_from: X}",
            (2, 1),
            "Both a and b are renamed from X",
            "",
        ),
        ("'': {type: int}", (1, 1), "A column has no name", ""),
        ('"a\\tb": {type: int}', (1, 1), "has a control character", ""),
        ("é" * 32 + ": {type: int}", (1, 1), "has 64 bytes", "63 bytes or shorter"),
        ("indexes: []", (0, -1), "The table users has no columns", "id: {type: int, pk: true}"),
        ("? [a, b]\n: {type: int}", (1, 3), "A key must be a plain name", ""),
    ],
)
def test_what_a_table_cannot_say(
    tmp_path: Path, body: str, at: tuple[int, int | None], message: str, hint: str
) -> None:
    refusal = refused_table(tmp_path, body)
    assert message in refusal.message
    assert hint in refusal.hint
    assert refusal.at == at


@pytest.mark.parametrize(
    ("body", "at", "message", "hint"),
    [
        ("users:\n", (5, 1), "The table users says nothing", "write its columns"),
        ("users: {}\n", (5, 1), "The table users has no columns", "add one"),
        ("a: {x: int}\nA: {x: int}\n", (6, 1), "The tables a (line 5) and A differ only", "rename"),
        ("__zmigration_x: {x: int}\n", (5, 1), "keep for themselves", "another name"),
        ("sqlite_x: {x: int}\n", (5, 1), "keep for themselves", "another name"),
        ("a/b: {x: int}\n", (5, 1), "has a slash", "remove it"),
        ("'': {x: int}\n", (5, 1), "A table has no name", ""),
        ("a: {x: int}\na: {y: int}\n", (6, 1), "The key a is there twice, first in line 5", "keep"),
        ("a:\n  x: int\n  x: str\n", (7, 3), "The key x is there twice, first in line 6", "keep"),
        ("zMeta: {}\n", (5, 1), "The file has both Meta and zMeta (line 1)", "keep one"),
    ],
)
def test_what_a_file_cannot_say(
    tmp_path: Path, body: str, at: tuple[int, int], message: str, hint: str
) -> None:
    refusal = refused(tmp_path, HEAD + body)
    assert message in refusal.message
    assert hint in refusal.hint
    assert refusal.at == at


@pytest.mark.parametrize(
    ("body", "at", "message"),
    [
        (
            "a: int\nindxes: [a]",
            (2, 1),
            "The table key indxes is not known and is ignored; did you mean indexes?",
        ),
        ("a: int\nstatus: active", (2, 1), "The table key status is not known and is ignored"),
        ("a: int\nversion: 3", (2, 1), "The table key version is not known"),
        ("a: int\nconstraints: {x: 1}", (2, 1), "constraints is a word of zCLI's own"),
        ("a: int\nzConstraints: {x: 1}", (2, 1), "zConstraints is a word of zCLI's own"),
        ("a: int\nsoft_delete: {type: bool}", (2, 1), "soft_delete is a word of zCLI's own"),
        ("a: int\nview: {type: str}", (2, 1), "view is a word of zCLI's own"),
    ],
)
def test_what_a_table_is_warned_of(
    tmp_path: Path, body: str, at: tuple[int, int], message: str
) -> None:
    ((line, column, said),) = warned(tmp_path, body)
    assert (line, column) == at
    assert message in said
    assert [c.name for c in table(tmp_path, body).columns] == ["a"]


def test_what_zcli_keeps_beside_columns_is_no_column(tmp_path: Path) -> None:
    body = "a: int\nonBeforeInsert: zFunc(x)\nonAfterUpdate: str\nsoft_delete: true\nindexes:"
    assert [c.name for c in table(tmp_path, body).columns] == ["a"]
    assert warned(tmp_path, body) == []


@pytest.mark.parametrize("name", ["comment", "unique", "checks", "onBeforeInsert", "description"])
def test_a_mapping_with_a_type_is_a_column_as_in_zcli(tmp_path: Path, name: str) -> None:
    assert [c.name for c in table(tmp_path, f"{name}: {{type: text}}").columns] == [name]


def test_comment_and_rename(tmp_path: Path) -> None:
    made = table(tmp_path, "a: int\ncomment: All of them\nrenamed_from: people")
    assert (made.comment, made.renamed_from, made.line) == ("All of them", "people", 5)
    assert table(tmp_path, "a: int\ndescription: Every one").comment == "Every one"
    assert [c.name for c in table(tmp_path, "a: int\ndescription: text").columns] == [
        "a",
        "description",
    ]


def test_renaming_in_case_only(tmp_path: Path) -> None:
    assert (
        table(tmp_path, "name: {type: str, renamed_from: Name}").columns[0].renamed_from == "Name"
    )


def test_other_entries_at_the_top_are_warned_of(tmp_path: Path) -> None:
    file = read(tmp_path, HEAD + "users: {a: int}\nindexes: [a]\nnote: x\ndb_path: y\n")
    assert [t.name for t in file.tables] == ["users"]
    assert [(w.line, w.column, w.message) for w in file.warnings] == [
        (6, 1, "indexes is no table and is ignored"),
        (7, 1, "note is no table and is ignored"),
    ]


def test_long_default_names_are_cut_without_clashing(tmp_path: Path) -> None:
    one, other = "a" * 59 + "x", "a" * 59 + "y"
    made = table(
        tmp_path, f"{one}: {{type: int, indexed: true}}\n{other}: {{type: int, indexed: true}}"
    )
    names = [index.name for index in made.indexes]
    assert len(set(names)) == 2
    assert all(len(name.encode()) <= 63 and name.startswith("idx_users_aaa") for name in names)


def test_hostile_names_stay_names(tmp_path: Path) -> None:
    name = 'x"; DROP TABLE users; --'
    assert [c.name for c in table(tmp_path, f"'{name}': {{type: int}}").columns] == [name]


def test_merge_keys_as_in_zcli(tmp_path: Path) -> None:
    text = HEAD + (
        "base: &base {id: {type: int, pk: true}, at: {type: datetime}}\n"
        "users:\n  <<: *base\n  at: {type: date}\n  name: str\n"
        "teams:\n  <<: [{x: int}, *base]\n"
    )
    tables = {t.name: t for t in read(tmp_path, text).tables}
    assert [(c.name, c.type.kind) for c in tables["users"].columns] == [
        ("id", "int"),
        ("at", "date"),
        ("name", "str"),
    ]
    assert {c.name for c in tables["teams"].columns} == {"id", "at", "x"}
