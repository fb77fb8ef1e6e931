"""Schema files in zolo-os's format, with its own parser: read, edited, set back, and refused."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.folder import ROWS, AppFolder
from zcli_migration.schema_file import read_schema_file, with_version
from zmigration_api import SchemaFileError, Version

NEEDS = "zlsp"
NAME = "models/zSchema.users.zolo"
META = """\
# the people of the shop
zMeta:
    Data_Type: csv
    Data_Source: ZDATA_USERS_URL
    zMigration: true
    zMigrationVersion: v1.0.0 #> raised by migrations <#

"""
USERS = """\
users:
    id: {type: int, pk: true}
    name:
        type: str
"""
EMAIL = """\
    email:
        type: str
        backfill: {concat: [%name, @acme.net]}
"""


@pytest.fixture
def app(tmp_path: Path) -> AppFolder:
    laid_out = AppFolder.laid_out(tmp_path / "zCloud")
    (laid_out.path / "models/zSchema.users.yaml").unlink()
    laid_out.write(NAME, META + USERS)
    return laid_out


def loads(text: str) -> Any:
    """What zolo-os reads."""
    return importlib.import_module("zlsp.parser").loads(text, filename="zSchema.users.zolo")


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("data_type", ["csv", "sqlite"])
def test_a_column_comes_and_goes(app: AppFolder, line_end: str, data_type: str) -> None:
    meta = META.replace("csv", data_type)
    first = (meta + USERS).replace("\n", line_end)
    app.write(NAME, first)
    assert app.run("--auto-approve").code == 0
    assert app.text(NAME) == first
    assert app.run("--check").code == 0
    wanted = (meta + USERS + EMAIL).replace("\n", line_end)
    app.write(NAME, wanted)
    before = loads(wanted)
    assert app.run("--check").code == 3
    done = app.run("--auto-approve", "--json")
    assert done.code == 0, done.said
    assert app.text(NAME) == wanted.replace("v1.0.0", "v1.0.1")
    after = loads(app.text(NAME))
    assert after["zMeta"].pop("zMigrationVersion") == "v1.0.1"
    assert before["zMeta"].pop("zMigrationVersion") == "v1.0.0"
    assert after == before
    if data_type == "csv":
        rows = "id,name,email\n1,ada,ada@acme.net\n2,bob,bob@acme.net\n"
        assert app.text("Data/users.csv") == rows
    assert app.run("--check").code == 0
    back = app.run("--rollback", "--auto-approve")
    assert back.code == 0, back.said
    assert app.text(NAME) == first
    if data_type == "csv":
        assert app.text("Data/users.csv") == ROWS


ZOLO = """\
zMeta:
    Data_Type: csv
    Data_Path: @.Data
    zMigration(bool): true
    zMigrationVersion: v1.0.0
    zMigrationHooks:
        after_migrate: @.plugins.own.look
#> what follows
   is the only table <#
people:
    # its key
    id:
        type: int
        pk: true

        auto_increment(bool): true
    zip: {type: str(5), default: 007}
    price:
        type: decimal(10,2)
        default: 1.50
        enum: [1.50, 2]
    on: {type: bool, default: false}
    made: {type: datetime, default: now}
    boss:
        type: int
        fk: people.id
        on_delete: set_null
    mail: str(50)!
    times: int=5
    label:
        type: str
        backfill: {concat: [%zip, -, {value: %x}]}
    indexes: [
        zip,
        {fields: [zip, mail], unique: true}
    ]
    comment(str):
        all people
        of the shop
"""
YAML = """\
Meta:
  Data_Type: csv
  Data_Path: "@.Data"
  zMigration: true
  zMigrationVersion: v1.0.0
  zMigrationHooks: {after_migrate: "@.plugins.own.look"}
people:
  id: {type: int, pk: true, auto_increment: true}
  zip: {type: str(5), default: "007"}
  price: {type: "decimal(10,2)", default: 1.50, enum: [1.50, 2]}
  "on": {type: bool, default: false}
  made: {type: datetime, default: now}
  boss: {type: int, fk: people.id, on_delete: set_null}
  mail: str(50)!
  times: int=5
  label: {type: str, backfill: {concat: ["%zip", "-", {value: "%x"}]}}
  indexes: [zip, {fields: [zip, mail], unique: true}]
  comment: "all people\\nof the shop"
"""


def test_every_form_means_what_it_means_in_yaml(tmp_path: Path) -> None:
    (tmp_path / "zSchema.people.zolo").write_text(ZOLO, encoding="utf-8")
    (tmp_path / "zSchema.people.yaml").write_text(YAML, encoding="utf-8")
    there = read_schema_file(tmp_path / "zSchema.people.zolo", "zSchema.people")
    here = read_schema_file(tmp_path / "zSchema.people.yaml", "zSchema.people")
    assert there.tables == here.tables
    assert [c.backfill for t in there.tables for c in t.columns] == [
        c.backfill for t in here.tables for c in t.columns
    ]
    assert (there.meta.version, there.meta.hooks) == (here.meta.version, here.meta.hooks)
    assert (there.meta.data_path, there.meta.enabled, there.warnings) == ("@.Data", True, ())


REFUSED = {
    "a key twice": ("    name: str\n    name: str\n", 10, "Duplicate key 'name'"),
    "a table twice": ("    name: str\nusers:\n    id: int\n", 10, "Duplicate key 'users'"),
    "no colon": ("    name: str\n    email\n", 10, "zolo-os reads nothing in this line: email"),
    "a hint that lies": ("    name: {type: str}\n    a(int): x\n", 10, "Failed to convert key 'a'"),
    "tabs and spaces": ("    name: str\n\temail: str\n", 10, "Inconsistent indentation"),
    "tabs after spaces": ("    name: str\n    \tb: str\n", 10, "Mixed tabs and spaces"),
    "an unknown type": ("    name: strr!\n", 9, "strr"),
    "a default": ("    age:\n        type: int\n        default: many\n", 11, "The default of"),
    "an index": ("    name: str\n    indexes:\n        - nam\n", 11, "names nam"),
    "a flow mapping": (
        "    name: str\n    age: {type: int, pk: maybe}\n",
        10,
        "pk of users.age must be true",
    ),
    "an empty table": ("    name: str\nposts:\n", 10, "The table posts says nothing"),
}


@pytest.mark.parametrize(("text", "line", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_errors_name_the_line(app: AppFolder, text: str, line: int, message: str) -> None:
    app.write(NAME, f"{META}users:\n{text}")
    done = app.run("--check", "--json")
    assert done.code == 2, done.said
    error = done.json["error"]
    assert message in error["message"]
    assert (error["file"], error["line"]) == (str(app.path / NAME), line)
    assert "Traceback" not in done.said


def test_a_version_that_is_none_is_told_with_its_line(app: AppFolder) -> None:
    app.write(NAME, META.replace("#> raised by migrations <#", "# v1") + USERS)
    done = app.run("--check", "--json")
    assert (done.code, done.json["error"]["line"]) == (2, 6)
    assert "zMigrationVersion 'v1.0.0 # v1' is not a version" in done.json["error"]["message"]


VERSIONS = {
    "nested": ("zMeta:\n    zMigrationVersion: v1.0.0\n    notes: v1.0.0\n", 1),
    "another first": ("zMeta:\n    notes: zMigrationVersion: v1\n    zMigrationVersion: v1\n", 2),
    "a hint": ("zMeta:\n    zMigrationVersion(str): 1.0.0\n", 1),
    "a flow": ("zMeta: {Data_Type: csv, zMigrationVersion: v1.0.0}\n", 0),
    "nothing": ("zMeta:\n    zMigrationVersion:\n    Data_Type: csv\n", 1),
    "spaces and a comment": ("Meta:\n    zMigrationVersion:  v1.0.0  #> v1.0.0 <#\n", 1),
    "a mark": ("\ufeffzMeta:\r\n    zMigrationVersion: v1.0.0\r\n", 1),
}


@pytest.mark.parametrize(("text", "line"), VERSIONS.values(), ids=VERSIONS.keys())
def test_only_the_version_is_written(text: str, line: int) -> None:
    rest = "users:\n    id: int\n    zMigrationVersion: str\n"
    new = with_version(text + rest, Version(1, 2, 3), Path("zSchema.users.zolo"))
    old_lines, new_lines = (text + rest).split("\n"), new.split("\n")
    assert [
        n for n, pair in enumerate(zip(old_lines, new_lines, strict=True)) if len(set(pair)) > 1
    ] == [line]
    (section,) = (value for key, value in loads(new.lstrip("\ufeff")).items() if "Meta" in key)
    assert section["zMigrationVersion"] == "v1.2.3"


def test_a_version_that_is_not_there_is_not_written() -> None:
    text = "zMeta:\n    Data_Type: csv\nusers:\n    zMigrationVersion: str\n"
    with pytest.raises(SchemaFileError, match="cannot be changed safely"):
        with_version(text, Version(1, 2, 3), Path("zSchema.users.zolo"))


def test_it_is_off_until_it_says_so(app: AppFolder) -> None:
    """As in zolo-os, and unlike YAML files that a variable finds."""
    app.write(NAME, META.replace("    zMigration: true\n", "") + USERS)
    done = app.run("--auto-approve")
    assert "zSchema.users is left out: set zMigration: true in its Meta" in done.out
    assert not list((app.path / "Data").glob("__zmigration*"))


def test_it_goes_before_yaml(app: AppFolder) -> None:
    app.write("models/zSchema.users.yaml", "Meta: {}\nusers: {}\n")
    done = app.run("--auto-approve")
    assert done.code == 0, done.said
    assert "zSchema.users.yaml is left out: zSchema.users.zolo goes first" in done.out


@pytest.mark.parametrize("takes_part", [True, False])
def test_a_broken_file_stops_the_run_if_it_takes_part(app: AppFolder, takes_part: bool) -> None:
    meta = META if takes_part else META.replace("    zMigration: true\n", "")
    app.write(NAME, f"{meta}users:\n    a: str\n    a: str\n")
    app.write("models/zSchema.posts.zolo", META.replace("_USERS_", "_POSTS_") + "posts: {id: int}")
    app.write(".zEnv", "ZDATA_USERS_URL=@.Data\nZDATA_POSTS_URL=@.Data\n")
    done = app.run("--check")
    assert "The file is not valid .zolo: Duplicate key 'a'" in done.said
    assert done.code == (2 if takes_part else 3), done.said


def test_a_password_stays_out_of_the_history(app: AppFolder) -> None:
    secret = "    Data_Password(str): s3c, ret #1\n"
    app.write(NAME, META.rstrip() + f"\n{secret}{USERS}")
    assert app.run("--auto-approve").code == 0
    kept = app.text("Data/__zmigration_users.csv")
    assert "Data_Password(str): ***" in kept
    assert not any(word in kept for word in ("s3c", "ret #1"))
    app.write(NAME, app.text(NAME) + EMAIL)
    assert app.run("--auto-approve").code == 0
    assert app.run("--rollback", "--auto-approve").code == 0
    assert app.text(NAME) == META.rstrip() + f"\n{secret}{USERS}"


def test_a_schema_that_was_yaml_is_not_overwritten_with_yaml(app: AppFolder) -> None:
    (app.path / NAME).unlink()
    app.write("models/zSchema.users.yaml", _as_yaml(USERS))
    assert app.run("--auto-approve").code == 0
    (app.path / "models/zSchema.users.yaml").unlink()
    app.write(NAME, META + USERS + EMAIL)
    assert app.run("--auto-approve").code == 0
    migrated = app.text(NAME)
    done = app.run("--rollback", "--auto-approve")
    assert done.code == 0, done.said
    assert app.text("Data/users.csv") == ROWS
    assert app.text(NAME) == migrated
    assert "is left as it is: in v1.0.0 the schema was zSchema.users.yaml" in done.out


def _as_yaml(users: str) -> str:
    return (META + users).replace("#> raised by migrations <#", "")


def test_in_json_the_same_is_told(app: AppFolder) -> None:
    app.run("--auto-approve")
    app.write(NAME, META + USERS + EMAIL)
    (schema,) = json.loads(app.run("--dry-run", "--json").out)["schemas"]
    assert (schema["name"], schema["changes"][0]["column"]) == ("zSchema.users", "email")
