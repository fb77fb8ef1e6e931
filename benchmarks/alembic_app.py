"""The tables as SQLAlchemy models with an Alembic environment, upgraded to its one revision."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.measure import Command, Runner
from benchmarks.tables import TableSpec

_INI = """\
[alembic]
script_location = migrations
"""
_ENV = """\
from alembic import context
from sqlalchemy import create_engine

from models import URL, metadata

with create_engine(URL).connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        include_name=lambda name, kind, _: kind != "table" or not name.startswith("__zmigration_"),
    )
    with context.begin_transaction():
        context.run_migrations()
"""
_REVISION = """\
from alembic import op

from models import metadata

revision = "0001"
down_revision = None


def upgrade():
    if op.get_bind().dialect.name != "postgresql":
        metadata.create_all(op.get_bind())
        return
    with op.get_context().autocommit_block():  # thousands of locks are too many for a server
        metadata.create_all(op.get_bind())
"""
_MODELS = """\
import sqlalchemy as sa

URL = {url!r}
metadata = sa.MetaData()
"""
_TABLE = """
sa.Table(
    {name!r},
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("title", sa.String(255), nullable=False),
    sa.Column("code", sa.String(255), unique=True),
    sa.Column("amount", sa.Integer, index=True),
    sa.Column("price", sa.Float),
    sa.Column("active", sa.Boolean, nullable=False),
    sa.Column("notes", sa.Text),
    sa.Column("created_at", sa.DateTime),
    sa.Column("parent_id", sa.Integer{reference}),
)
"""


def check(runner: Runner, folder: Path, url: str, tables: Sequence[TableSpec]) -> list[Command]:
    """`alembic check` where there is nothing to do."""
    versions = folder / "migrations" / "versions"
    versions.mkdir(parents=True)
    (folder / "alembic.ini").write_text(_INI)
    (folder / "migrations" / "env.py").write_text(_ENV)
    (versions / "0001_first.py").write_text(_REVISION)
    models = _MODELS.format(url=url) + "".join(map(_table, tables))
    (folder / "models.py").write_text(models)
    runner.run(_alembic(folder, "upgrade", "head"))
    return [_alembic(folder, "check")]


def _table(table: TableSpec) -> str:
    reference = f', sa.ForeignKey("{table.parent}.id")' if table.parent else ""
    return _TABLE.format(name=table.name, reference=reference)


def _alembic(folder: Path, *words: str) -> Command:
    return Command((sys.executable, "-m", "alembic", *words), folder)
