"""Several schema files: one store is one unit, and what one file wants no other takes away."""

from __future__ import annotations

import pytest

from tests.cli.folder import META, USERS, AppFolder

POSTS = """\
posts:
  id: {type: int, pk: true}
  title: {type: str}
"""
OTHERS = "others:\n  id: {type: int, pk: true}\n"
POSTS_META = META.replace("USERS", "POSTS")


@pytest.fixture
def two(app: AppFolder) -> AppFolder:
    """Users and posts in one folder, both recorded."""
    app.write("models/zSchema.posts.yaml", POSTS_META + POSTS)
    app.write(".zEnv", "ZDATA_POSTS_URL=@.Data\nZDATA_USERS_URL=@.Data\n")
    app.write("Data/posts.csv", "id,title\n1,x\n")
    assert app.run("--auto-approve").code == 0
    return app


def move_posts(app: AppFolder) -> None:
    """The table goes over to the other file."""
    app.write("models/zSchema.users.yaml", META + USERS + POSTS)
    app.write("models/zSchema.posts.yaml", POSTS_META + OTHERS)


@pytest.mark.parametrize("flags", [(), ("--schema", "posts"), ("--schema", "users")])
def test_a_table_that_goes_to_another_file_stays(two: AppFolder, flags: tuple[str, ...]) -> None:
    move_posts(two)
    done = two.run("--auto-approve", *flags)
    assert done.code == 0, done.said
    assert two.text("Data/posts.csv") == "id,title\n1,x\n"


def test_a_schema_file_that_is_gone_takes_no_table_along(two: AppFolder) -> None:
    (two.path / "models/zSchema.posts.yaml").unlink()
    assert two.run("--auto-approve").code == 0
    assert two.text("Data/posts.csv") == "id,title\n1,x\n"


def test_one_of_two_is_chosen(two: AppFolder) -> None:
    two.with_email()
    two.write("models/zSchema.posts.yaml", POSTS_META + POSTS + "  body: str\n")
    users = two.snapshot()
    assert two.run("--auto-approve", "--schema", "zSchema.posts").code == 0
    assert two.text("Data/posts.csv") == "id,title,body\n1,x,\n"
    for name in ("Data/users.csv", "models/zSchema.users.yaml", "Data/__zmigration_users.csv"):
        assert two.snapshot()[name] == users[name]
    assert two.run("--check", "--schema", "posts").code == 0
    assert two.run("--check").code == 3


def test_a_foreign_key_across_files(two: AppFolder) -> None:
    key = "  user_id: {type: int, foreign_key: users.id}\n"
    two.write("models/zSchema.posts.yaml", POSTS_META + POSTS + key)
    for flags in (("--dry-run",), ("--auto-approve", "--schema", "posts"), ("--check",)):
        done = two.run(*flags)
        assert done.code == 0, done.said


def test_orphans_across_files_are_refused(two: AppFolder) -> None:
    two.write("Data/posts.csv", "id,title,user_id\n1,x,99\n")
    key = "  user_id: {type: int, foreign_key: users.id}\n"
    two.write("models/zSchema.posts.yaml", POSTS_META + POSTS + key)
    before = two.snapshot()
    done = two.run("--auto-approve", "--schema", "posts")
    assert done.code == 1, done.said
    assert "refer to nothing in users" in done.out
    assert two.snapshot() == before


def test_a_failing_hook_of_one_undoes_the_other(two: AppFolder) -> None:
    two.with_email()
    hooks = '  zMigrationHooks: {after_migrate: "@.plugins.m.f"}\n'
    two.write("models/zSchema.posts.yaml", POSTS_META + hooks + POSTS + "  body: str\n")
    two.write("plugins/m.py", "def f(zcli):\n    raise RuntimeError('no')\n")
    before = two.snapshot()
    done = two.run("--auto-approve")
    assert done.code == 1
    assert two.snapshot() == before


def test_a_rollback_leaves_other_schemas_as_they_are(two: AppFolder) -> None:
    two.with_email()
    assert two.run("--auto-approve").code == 0
    done = two.run("--rollback", "--auto-approve")
    assert done.code == 0, done.said
    assert "1 schema(s) rolled back" in done.out
    assert "1 schema(s) not part of it, left as they are" in done.out
    assert "up to date" not in done.out
