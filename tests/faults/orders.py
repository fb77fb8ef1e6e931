"""A PostgreSQL shop with a change that takes long on large tables, and its catalog."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from tests.faults.shop import Done, finished
from tests.scenarios.harness import run

ROWS = 500
META = """\
Meta:
  Data_Type: postgresql
  Data_Source: ZDATA_ORDERS_URL
  zMigration: true
  zMigrationVersion: v1.0.0

"""
BEFORE = """\
customers:
  id: {type: int, pk: true}
  email: {type: str}
orders:
  id: {type: int, pk: true}
  customer_id: {type: int}
  code: {type: str}
  total: {type: int}
  state: {type: str}
  indexes:
    - {fields: [state], name: by_state}
"""
AFTER = """\
customers:
  id: {type: int, pk: true}
  email: {type: str, unique: true}
orders:
  id: {type: int, pk: true}
  customer_id: {type: int, foreign_key: customers.id}
  code: {type: str, required: true}
  total: {type: int, indexed: true}
  state: {type: str}
  paid: {type: bool}
  indexes:
    - {fields: [state, total], name: by_state}
  checks:
    - {name: total_positive, expression: total >= 0}
"""
_CATALOG = (
    "SELECT table_name::text, column_name::text, data_type::text, is_nullable::text,"
    " column_default::text FROM information_schema.columns WHERE table_schema = 'public'"
    " AND table_name !~ '^__zmigration' ORDER BY 1, 2",
    "SELECT conrelid::regclass::text, conname::text, pg_get_constraintdef(oid), convalidated"
    " FROM pg_constraint WHERE connamespace = 'public'::regnamespace"
    " AND conrelid::regclass::text !~ '^__zmigration' ORDER BY 1, 2",
    "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid), indisvalid FROM pg_index"
    " WHERE indrelid::regclass::text IN ('orders', 'customers') ORDER BY 1",
    "SELECT relname::text FROM pg_class WHERE relname LIKE '\\_\\_zmigration\\_$%' ORDER BY 1",
)


@dataclass(frozen=True, slots=True)
class Orders:
    """The shop's folder and its database."""

    folder: Path
    dsn: str

    @classmethod
    def laid_out(cls, folder: Path, dsn: str) -> Orders:
        """Migrated to BEFORE, with rows, and AFTER in the file."""
        shop = cls(folder, dsn)
        (folder / "models").mkdir(parents=True)
        (folder / "app.py").write_text('zSpark = {"title": "Orders", "zMode": "Terminal"}\n')
        (folder / ".zEnv").write_text(f"ZDATA_ORDERS_URL={dsn}\n")
        shop.schema(BEFORE)
        done = shop.here("--auto-approve")
        assert done.code == 0, done.said
        shop.do(
            f"INSERT INTO customers SELECT n, 'c' || n FROM generate_series(1, {ROWS}) AS n",
            f"INSERT INTO orders SELECT n, n, 'o' || n, n, 'new' FROM generate_series(1, {ROWS})"
            " AS n",
        )
        shop.schema(AFTER)
        return shop

    @property
    def file(self) -> Path:
        return self.folder / "models/zSchema.orders.yaml"

    def schema(self, tables: str) -> None:
        self.file.write_text(META + tables)

    def do(self, *statements: str) -> None:
        with psycopg.connect(self.dsn) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.dsn) as connection:
            return connection.execute(query.encode()).fetchall()

    def here(self, *arguments: str) -> Done:
        """The command in this process."""
        done = run(str(self.folder / "app.py"), *arguments)
        return Done(done.code, done.said)

    def start(self, *arguments: str, **variables: str) -> subprocess.Popen[str]:
        """A migration in a process of its own."""
        command = [sys.executable, "-m", "zcli_migration", str(self.folder / "app.py"), *arguments]
        return subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            env={**os.environ, "PYTHONUTF8": "1", **variables},
        )

    def run(self, *arguments: str, **variables: str) -> Done:
        return finished(self.start(*arguments, **variables))

    def catalog(self) -> list[Any]:
        """Columns, constraints and indexes with their validity; the journal, if it is there."""
        return [self.ask(query) for query in _CATALOG]

    def rows(self) -> list[tuple[Any, ...]]:
        return self.ask("SELECT id, customer_id, code, total, state FROM orders ORDER BY id")

    def history(self) -> list[tuple[Any, ...]]:
        return self.ask("SELECT to_version, status FROM __zmigration_orders ORDER BY id")
