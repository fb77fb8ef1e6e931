"""`Data_Schema` and `schema.table` on a real PostgreSQL."""

from __future__ import annotations

import psycopg
import pytest

from tests.cli.folder import AppFolder

META = """\
Meta:
  Data_Type: postgresql
  Data_Source: ZDATA_{url}_URL
  Data_Schema: {schema}
  zMigration: true
  zMigrationVersion: {version}
"""
USERS = "users:\n  id: {type: int, pk: true}\n  name: {type: str, required: true}\n"
POSTS = (
    "posts:\n  id: {type: int, pk: true}\n"
    "  user_id: {type: int, foreign_key: {table: one.users, column: id}}\n"
)
FOUND = """
SELECT table_schema || '.' || table_name FROM information_schema.tables
WHERE table_schema !~ '^pg_|^information' ORDER BY 1"""


def found(dsn: str, sql: str = FOUND) -> list[str]:
    with psycopg.connect(dsn) as connection:
        return [row[0] for row in connection.execute(sql.encode()).fetchall()]


@pytest.fixture
def shop(app: AppFolder, postgres_dsn: str) -> AppFolder:
    """Two schema files of one database, each with a schema of its own."""
    app.write(".zEnv", f"ZDATA_USERS_URL={postgres_dsn}\nZDATA_POSTS_URL={postgres_dsn}\n")
    said(app)
    return app


def said(app: AppFolder, users: str = USERS, version: str = "v1.0.0") -> None:
    meta = META.format(url="USERS", schema="one", version=version)
    app.write("models/zSchema.users.yaml", f"{meta}\n{users}")


def test_two_schemas_of_one_database(shop: AppFolder, postgres_dsn: str) -> None:
    with psycopg.connect(postgres_dsn) as connection:
        connection.execute("CREATE TABLE public.users (id integer)")
    assert shop.run("--dry-run").code == 0
    assert found(postgres_dsn) == ["public.users"]
    assert shop.run("--auto-approve").code == 0
    meta = META.format(url="POSTS", schema="two", version="v1.0.0")
    shop.write("models/zSchema.posts.yaml", f"{meta}\n{POSTS}")
    made = shop.run("--auto-approve")
    assert made.code == 0, made.said
    tables = ["one.__zmigration_users", "one.users", "public.users"]
    assert found(postgres_dsn) == [
        *tables[:2],
        "public.users",
        "two.__zmigration_posts",
        "two.posts",
    ]
    assert shop.run("--check").code == 0
    said(shop, USERS + "  email: {type: str, unique: true}\n")
    assert shop.run("--check").code == 3
    assert shop.run("--auto-approve").code == 0
    columns = (
        "SELECT attname FROM pg_attribute WHERE attrelid = 'one.users'::regclass AND attnum > 0"
    )
    assert found(postgres_dsn, f"{columns} ORDER BY attnum") == ["id", "name", "email"]
    back = shop.run("--rollback", "--auto-approve", "--schema", "users")
    assert back.code == 0, back.said
    assert found(postgres_dsn, f"{columns} AND NOT attisdropped") == ["id", "name"]
    assert shop.run("--check", "--schema", "posts").code == 0
