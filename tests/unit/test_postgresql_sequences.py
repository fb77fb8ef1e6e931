"""Rows that bring their own numbers do not make the database give those out again."""

from __future__ import annotations

from pathlib import Path

import psycopg

from zmigration_api import (
    Column,
    ColumnType,
    CreateTable,
    PrimaryKey,
    Schema,
    Table,
    Target,
    no_progress,
)
from zmigration_postgresql.store import PostgreSQLStore

USERS = Table(
    name="users",
    columns=(
        Column(name="id", type=ColumnType(kind="int"), required=True),
        Column(name="name", type=ColumnType(kind="str")),
    ),
    primary_key=PrimaryKey(columns=("id",)),
)


def test_an_app_inserts_after_a_hook_brought_ids(postgres_dsn: str, tmp_path: Path) -> None:
    store = PostgreSQLStore(Target(data_type="postgresql", dsn=postgres_dsn, workspace=tmp_path))
    store.begin(5)
    for step in store.plan([CreateTable(USERS)], Schema(), Schema(tables=(USERS,))):
        store.run(step, no_progress)
    store.insert(USERS, [{"id": 41, "name": "a"}, {"id": 7, "name": "b"}])
    store.insert(USERS, [{"id": 3, "name": "c"}])
    store.commit()
    store.close()
    with psycopg.connect(postgres_dsn) as connection:
        row = connection.execute("INSERT INTO users (name) VALUES ('d') RETURNING id").fetchone()
    assert row == (42,)
