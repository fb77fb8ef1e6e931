"""An app on each kind of store, for tests of the way back."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from tests.cli.folder import META, AppFolder
from tests.scenarios.harness import Done
from tests.scenarios.stores import CsvStore, PostgresStore, SqliteStore, Store

ID = "  id: {type: int, pk: true}\n"
USERS = f"users:\n{ID}  name: {{type: str}}\n"
NO_NAME = f"users:\n{ID}"
EMAIL = USERS + "  email: {type: str}\n"
POSTS = f"posts:\n{ID}  title: {{type: str}}\n"
TWO = ({"id": 1, "name": "ada"}, {"id": 2, "name": "bob"})
Row: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Back:
    """An app whose schemas are migrated and taken back."""

    app: AppFolder
    store: Store

    @classmethod
    def laid_out(cls, app: AppFolder, backend: str, url: str) -> Back:
        (app.path / "Data/users.csv").unlink()
        (app.path / "models/zSchema.users.yaml").unlink()
        app.write(".zEnv", f"ZDATA_USERS_URL={url}\nZDATA_POSTS_URL={url}\n")
        stores: dict[str, Callable[[], Store]] = {
            "csv": lambda: CsvStore(app.path),
            "sqlite": lambda: SqliteStore(app.path),
            "postgresql": lambda: PostgresStore(url),
        }
        return cls(app, stores[backend]())

    @property
    def backend(self) -> str:
        return self.store.backend

    def file(self, name: str = "users") -> str:
        return f"models/zSchema.{name}.yaml"

    def want(self, tables: str, name: str = "users", meta: str = "") -> None:
        """Write the schema, under the version that its file has."""
        path = self.app.path / self.file(name)
        found = re.search(r"zMigrationVersion: (\S+)", path.read_text() if path.exists() else "")
        head = META.replace("csv", self.backend).replace("USERS", name.upper())
        head = head.replace("v1.0.0", found[1] if found else "v1.0.0")
        self.app.write(self.file(name), f"{head}{meta}\n{tables}")

    def migrate(self, tables: str | None = None, *flags: str) -> Done:
        if tables is not None:
            self.want(tables)
        done = self.app.run("--auto-approve", *flags)
        assert done.code == 0, done.said
        return done

    def start(self, tables: str = USERS, rows: Sequence[Row] = TWO) -> None:
        self.migrate(tables)
        self.store.insert("users", rows)

    def back(self, *flags: str, code: int = 0) -> Done:
        flags = flags or ("--rollback",)
        done = self.app.run("--auto-approve", *flags)
        assert done.code == code, done.said
        assert "Traceback" not in done.said
        return done

    def refused(self, *flags: str, code: int = 1) -> Done:
        """A run that changes nothing at all."""
        before = self.everything()
        done = self.back(*flags, code=code)
        assert self.everything() == before
        return done

    def everything(self, *, times: bool = False) -> object:
        return self.app.snapshot(times=times), self.store.snapshot(sequences=times)

    def rows(self, table: str = "users") -> list[tuple[Any, ...]] | None:
        """The rows in the order of the first column, texts as they are written; None: no table."""
        if not self.store.columns(table):
            return None
        cells = (tuple(row.values()) for row in self.store.rows(table))
        return sorted(
            (tuple("" if cell is None else str(cell) for cell in row) for row in cells),
        )

    def look(self, *tables: str) -> object:
        """Columns and rows of these tables in whatever order, and the schema file."""
        return [self.named(name) for name in tables or ("users",)], self.app.text(self.file())

    def named(self, table: str = "users") -> list[dict[str, str]]:
        """The rows by the names of their columns, which may have come back in another order."""
        columns = self.store.columns(table)
        rows = [dict(zip(columns, row, strict=True)) for row in self.rows(table) or ()]
        return sorted(rows or [dict.fromkeys(columns, "")], key=lambda row: sorted(row.items()))

    def by_hand(self, sql: Sequence[str], csv: Mapping[str, str]) -> None:
        self.store.do(dict(csv) if self.backend == "csv" else list(sql))

    def archives(self) -> list[str]:
        names = self._tables()
        return sorted(n for n in names if n.startswith(("__zmigration_kept", "__zmigration_undo")))

    def _tables(self) -> list[str]:
        if self.backend == "csv":
            return [path.stem for path in (self.app.path / "Data").glob("*.csv")]
        catalogue = "sqlite_master" if self.backend == "sqlite" else "pg_catalog.pg_tables"
        column = "name" if self.backend == "sqlite" else "tablename"
        return [str(row[0]) for row in self.store.ask(f"SELECT {column} FROM {catalogue}")]

    def drop_by_hand(self, table: str) -> None:
        if self.backend == "csv":
            (self.app.path / "Data" / f"{table}.csv").unlink()
        else:
            self.store.do([f'DROP TABLE "{table}"'])

    def records(self, name: str = "users") -> list[tuple[str, str]]:
        rows = self.store.rows(f"__zmigration_{name}")
        found = sorted(rows, key=lambda row: int(row["id"]))
        return [(row["status"], row["to_version"]) for row in found]

    def tamper(self, number: int, change: Callable[[dict[str, Any]], object]) -> None:
        """Change what a record says for rollbacks; what `change` gives back replaces it."""
        table = "__zmigration_users"
        rows = self.store.rows(table)
        (row,) = (row for row in rows if int(row["id"]) == number)
        meta = json.loads(row["meta_data"])
        given = change(meta)
        text = given if isinstance(given, str) else json.dumps(meta)
        if self.backend == "csv":
            assert isinstance(self.store, CsvStore)
            self.store.file(table).write_text(",".join(self.store.columns(table)) + "\n")
            self.store.insert(table, [{**r, "meta_data": text} if r is row else r for r in rows])
        else:
            quoted = text.replace("'", "''")
            self.store.do([f"UPDATE {table} SET meta_data = '{quoted}' WHERE id = {number}"])
