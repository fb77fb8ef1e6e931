"""The tables as Django models with one migration that is recorded as applied.

Written here, because `makemigrations` needs minutes for a thousand models; and recorded with
`--fake`, because neither check ever looks at a table.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.measure import Command, Runner
from benchmarks.tables import TableSpec

_MANAGE = """\
import os
import sys

from django.core.management import execute_from_command_line

os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
execute_from_command_line(sys.argv)
"""
_SETTINGS = """\
SECRET_KEY = "bench"
INSTALLED_APPS = ["stock"]
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
USE_TZ = False
DATABASES = {{"default": {database}}}
"""
_FIELDS = {
    "title": "models.CharField(max_length=255)",
    "code": "models.CharField(max_length=255, null=True, unique=True)",
    "amount": "models.IntegerField(db_index=True, null=True)",
    "price": "models.FloatField(null=True)",
    "active": "models.BooleanField()",
    "notes": "models.TextField(null=True)",
    "created_at": "models.DateTimeField(null=True)",
}
_ID = 'models.AutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")'
_MIGRATION = """\
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    operations = [
"""


def check(
    runner: Runner, folder: Path, database: Mapping[str, str], tables: Sequence[TableSpec]
) -> list[Command]:
    """`makemigrations --check` and `migrate --check` where there is nothing to do."""
    (folder / "stock" / "migrations").mkdir(parents=True)
    for package in (folder / "stock", folder / "stock" / "migrations"):
        (package / "__init__.py").touch()
    (folder / "manage.py").write_text(_MANAGE)
    (folder / "settings.py").write_text(_SETTINGS.format(database=json.dumps(dict(database))))
    models = "from django.db import models\n" + "".join(map(_model, tables))
    (folder / "stock" / "models.py").write_text(models)
    migration = _MIGRATION + "".join(map(_operation, tables)) + "    ]\n"
    (folder / "stock" / "migrations" / "0001_initial.py").write_text(migration)
    runner.run(_manage(folder, "migrate", "--fake"))
    return [_manage(folder, "makemigrations", "--check"), _manage(folder, "migrate", "--check")]


def _model(table: TableSpec) -> str:
    fields = {**_FIELDS, "parent": _parent(table, "models.DO_NOTHING")}
    lines = "".join(f"    {name} = {field}\n" for name, field in fields.items())
    meta = f'    class Meta:\n        db_table = "{table.name}"\n'
    return f"\n\nclass {_class(table.name)}(models.Model):\n{lines}\n{meta}"


def _operation(table: TableSpec) -> str:
    """As `makemigrations` writes it."""
    parent = _parent(table, "django.db.models.deletion.DO_NOTHING")
    fields = {"id": _ID, **_FIELDS, "parent": parent}
    lines = "".join(f'                ("{name}", {field}),\n' for name, field in fields.items())
    return (
        f'        migrations.CreateModel(\n            name="{_class(table.name)}",\n'
        f"            fields=[\n{lines}            ],\n"
        f'            options={{"db_table": "{table.name}"}},\n        ),\n'
    )


def _parent(table: TableSpec, on_delete: str) -> str:
    if table.parent is None:
        return 'models.IntegerField(db_column="parent_id", null=True)'
    to = f'"stock.{_class(table.parent).lower()}"'
    return f"models.ForeignKey(db_index=False, null=True, on_delete={on_delete}, to={to})"


def _class(name: str) -> str:
    return name.title().replace("_", "")


def _manage(folder: Path, *words: str) -> Command:
    return Command((sys.executable, "manage.py", *words), folder)
