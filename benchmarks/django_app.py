"""The tables as Django models with their migrations made and applied."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from measure import Command, Runner
from tables import TableSpec

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
_MODEL = """

class {name}(models.Model):
    title = models.CharField(max_length=255)
    code = models.CharField(max_length=255, unique=True, null=True)
    amount = models.IntegerField(null=True, db_index=True)
    price = models.FloatField(null=True)
    active = models.BooleanField()
    notes = models.TextField(null=True)
    created_at = models.DateTimeField(null=True)
    parent = {parent}

    class Meta:
        db_table = "{table}"
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
    runner.run(_manage(folder, "makemigrations"))
    runner.run(_manage(folder, "migrate"))
    return [_manage(folder, "makemigrations", "--check"), _manage(folder, "migrate", "--check")]


def _model(table: TableSpec) -> str:
    if table.parent:
        to = _class(table.parent)
        parent = f"models.ForeignKey({to}, models.DO_NOTHING, null=True, db_index=False)"
    else:
        parent = 'models.IntegerField(null=True, db_column="parent_id")'
    return _MODEL.format(name=_class(table.name), table=table.name, parent=parent)


def _class(name: str) -> str:
    return name.title().replace("_", "")


def _manage(folder: Path, *words: str) -> Command:
    return Command((sys.executable, "manage.py", *words), folder)
