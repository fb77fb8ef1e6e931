from collections.abc import Collection
from pathlib import Path

import pytest

from tests.schema_files import HEAD, read
from zcli_migration.schema_file import SchemaFile, Warning_, check_references
from zmigration_api import SchemaFileError

USERS = "users:\n  id: {type: int, pk: true}\n  email: {type: str, unique: true}\n  age: int\n"


def _files(folder: Path, posts: str, users: str = USERS) -> list[SchemaFile]:
    return [
        read(folder, HEAD + users, name="zSchema.users"),
        read(folder, HEAD + posts, name="zSchema.posts"),
    ]


def _post(key: str, kind: str = "int") -> str:
    return f"posts:\n  id: {{type: int, pk: true}}\n  user: {{type: {kind}, fk: {key}}}\n"


def _check(
    folder: Path, posts: str, known: Collection[str] = (), *, enforced: bool = True
) -> tuple[Warning_, ...]:
    return check_references(_files(folder, posts), known, enforced=enforced)


def _refusal(folder: Path, posts: str, users: str = USERS) -> SchemaFileError:
    with pytest.raises(SchemaFileError) as caught:
        check_references(_files(folder, posts, users), ())
    return caught.value


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("users.id", "int"),
        ("users.id", "bigint"),
        ("users.email", "text"),
        ("users.email", "uuid"),
        ("posts.id", "int"),
    ],
)
def test_fitting_references(tmp_path: Path, key: str, kind: str) -> None:
    assert _check(tmp_path, _post(key, kind)) == ()


def test_tables_that_are_known_otherwise(tmp_path: Path) -> None:
    assert _check(tmp_path, _post("teams.id"), known=["Teams"]) == ()


@pytest.mark.parametrize(
    ("key", "message", "hint"),
    [
        ("user.id", "posts.user refers to the table user, which is not there", "users?"),
        ("users.ids", "posts.user refers to users.ids, which is no column", "did you mean id?"),
        ("Users.id", "posts.user refers to Users, which is spelt users", "write users"),
        ("users.age", "refers to users.age, which is neither a primary key nor unique", "unique"),
        ("users.email", "posts.user is int, but users.email, which it refers to, is str", "store"),
    ],
)
def test_references_to_nothing(tmp_path: Path, key: str, message: str, hint: str) -> None:
    error = _refusal(tmp_path, _post(key))
    assert message in error.message
    assert hint in (error.hint or "")
    assert error.where == f"{tmp_path / 'zSchema.posts.yaml'}:7"


def test_where_the_store_does_not_look_other_types_are_a_warning(tmp_path: Path) -> None:
    (warning,) = _check(tmp_path, _post("users.email"), enforced=False)
    assert (warning.file, warning.line) == (tmp_path / "zSchema.posts.yaml", 7)
    assert "users.email" in warning.message


def test_a_reference_to_half_a_key(tmp_path: Path) -> None:
    users = "users: {a: int, b: int, primary_key: [a, b]}\n"
    assert "neither a primary key nor unique" in _refusal(tmp_path, _post("users.a"), users).message
    both = """posts:
  a: int
  b: int
  foreign_keys: [{columns: [b, a], table: users, ref_columns: [b, a]}]
"""
    assert check_references(_files(tmp_path, both, users), ()) == ()


def test_circles_are_fine(tmp_path: Path) -> None:
    posts = "posts:\n  id: {type: int, pk: true}\n  top: {type: int, fk: posts.id}\n"
    users = USERS + "  pinned: {type: int, fk: posts.id}\n"
    posts += "  user: {type: int, fk: users.id}\n"
    assert check_references(_files(tmp_path, posts, users), ()) == ()


def test_one_table_in_two_files(tmp_path: Path) -> None:
    error = _refusal(tmp_path, "Users: {id: int}\n")
    assert "Users is described by zSchema.users (line 5) and by zSchema.posts" in error.message
    assert error.hint == "remove it from zSchema.posts.yaml or from zSchema.users.yaml"
    assert error.where == f"{tmp_path / 'zSchema.posts.yaml'}:5"


@pytest.mark.parametrize(
    ("posts", "users", "message"),
    [
        ("posts: {id: int, renamed_from: Users}\n", USERS, "which zSchema.users still has"),
        (
            "posts: {id: int, renamed_from: old}\n",
            "users: {id: int, renamed_from: OLD}\n",
            "Both users and posts are renamed from old",
        ),
    ],
)
def test_renames_that_cannot_be(tmp_path: Path, posts: str, users: str, message: str) -> None:
    error = _refusal(tmp_path, posts, users)
    assert message in error.message
    assert (error.line, error.hint is not None) == (5, True)


def test_tables_may_swap_their_names(tmp_path: Path) -> None:
    assert _check(tmp_path, "a: {id: int, renamed_from: b}\nb: {id: int, renamed_from: a}\n") == ()


def test_a_table_renamed_in_case_only(tmp_path: Path) -> None:
    assert _check(tmp_path, "posts: {id: int, renamed_from: Posts}\n") == ()


@pytest.mark.parametrize(
    "indexes", ["[{fields: id, name: USERS}]", "[{fields: id, name: uq_users_email}]"]
)
def test_names_are_shared_by_tables_and_indexes(tmp_path: Path, indexes: str) -> None:
    error = _refusal(tmp_path, f"posts:\n  id: int\n  indexes: {indexes}\n")
    assert "posts: the name" in error.message
    assert error.line == 7


def test_one_name_for_an_index_and_a_unique_constraint(tmp_path: Path) -> None:
    posts = "posts:\n  id: int\n  unique: [{columns: id, name: x}]\n"
    posts += "  indexes: [{fields: id, name: x}]\n"
    assert "posts: the name x is that of an index" in _refusal(tmp_path, posts).message
