"""The tables as a zCLI app: schema files, `.zEnv`, and a store that matches them."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.measure import Command, Runner
from benchmarks.tables import TableSpec

_APP = "app.py"
_COLUMNS = """\
  id: {type: int, pk: true, auto_increment: true}
  title: {type: str, required: true}
  code: {type: str, unique: true}
  amount: {type: int, indexed: true}
  price: {type: float}
  active: {type: bool, required: true}
  notes: {type: text}
  created_at: {type: datetime}
"""


def check(
    runner: Runner,
    folder: Path,
    meta: Mapping[str, str],
    files: Sequence[Sequence[TableSpec]],
) -> list[Command]:
    """The check of an app with a schema file for each list of tables, all of them migrated."""
    models = folder / "models"
    models.mkdir(parents=True)
    (folder / _APP).write_text('zSpark = {"title": "bench"}\n')
    variables = (f"ZDATA_{_name(number).upper()}_URL=@.Data\n" for number in range(len(files)))
    (folder / ".zEnv").write_text("".join(variables))
    for number, tables in enumerate(files):
        name = _name(number)
        (models / f"zSchema.{name}.yaml").write_text(_schema(name, meta, tables))
    runner.run(_migrate(folder, "--auto-approve"))
    return [_migrate(folder, "--check")]


def edited(folder: Path, copy: Path) -> list[Command]:
    """The check of the same app on the same store, when a comment has come to its files."""
    shutil.copytree(folder, copy)
    for path in sorted((copy / "models").iterdir()):
        path.write_text(path.read_text() + "# edited\n")
    return [_migrate(copy, "--check")]


def first_run(folder: Path, dsn: str) -> list[Command]:
    """The run that records tables that are there, of an app with one schema file."""
    forget = (
        f"import psycopg; psycopg.connect({dsn!r}, autocommit=True)"
        f".execute('DROP TABLE IF EXISTS __zmigration_{_name(0)}')"
    )
    forgotten = Command((sys.executable, "-c", forget), folder, timed=False)
    return [forgotten, _migrate(folder, "--auto-approve")]


def help_command(folder: Path) -> Command:
    """`zolo migrate --help`."""
    return Command((_script(), "migrate", "--help"), folder)


def _migrate(folder: Path, flag: str) -> Command:
    return Command((_script(), "migrate", _APP, flag), folder)


def _script() -> str:
    return str(Path(sys.executable).with_name("zolo"))


def _name(number: int) -> str:
    return f"part_{number:04}"


def _schema(name: str, meta: Mapping[str, str], tables: Sequence[TableSpec]) -> str:
    said = {
        **meta,
        "Data_Source": f"ZDATA_{name.upper()}_URL",
        "zMigration": "true",
        "zMigrationVersion": "v1.0.0",
    }
    lines = "".join(f"  {key}: {value}\n" for key, value in said.items())
    return f"Meta:\n{lines}\n" + "\n".join(map(_table, tables))


def _table(table: TableSpec) -> str:
    parent = f", foreign_key: {table.parent}.id" if table.parent else ""
    return f"{table.name}:\n{_COLUMNS}  parent_id: {{type: int{parent}}}\n"
