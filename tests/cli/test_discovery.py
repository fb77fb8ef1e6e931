"""Which schema files and which stores a run finds, seen from the command line."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.cli.folder import META, USERS, AppFolder
from zcli_migration.schema_file import read_schema_file
from zmigration_api import SchemaFileError

NAMED = META.replace("  Data_Source: ZDATA_USERS_URL\n", "  Schema_Name: people\n")


def test_schema_name_says_which_variable_is_meant(app: AppFolder) -> None:
    app.schema(USERS, NAMED)
    app.write(".zEnv", "ZDATA_PEOPLE_URL=@.People\n")
    (schema,) = app.run("--auto-approve", "--json").json["schemas"]
    assert (schema["name"], schema["store"], schema["status"]) == (
        "zSchema.users",
        "People",
        "applied",
    )
    assert (app.path / "People/users.csv").exists()


def test_the_path_in_zvafiles_names_the_schema_too(app: AppFolder) -> None:
    app.schema(USERS, NAMED.replace("Schema_Name: people", 'zVaFiles: "@.models.zSchema.people"'))
    app.write(".zEnv", "ZDATA_USERS_URL=@.Data\nZDATA_PEOPLE_URL=@.People\n")
    done = app.run("--check", "--json")
    assert [schema["store"] for schema in done.json["schemas"]] == ["People"]


def test_schema_name_goes_before_the_name_of_the_file(app: AppFolder) -> None:
    app.schema(USERS, NAMED)
    app.write(".zEnv", "ZDATA_USERS_URL=@.Data\nZDATA_PEOPLE_URL=@.People\n")
    done = app.run("--check", "--json")
    assert [schema["store"] for schema in done.json["schemas"]] == ["People"]


def test_schema_name_means_nothing_beside_a_data_path(app: AppFolder) -> None:
    app.schema(USERS, NAMED + '  Data_Path: "@.Data"\n')
    app.write(".zEnv", "ZDATA_PEOPLE_URL=@.People\n")
    done = app.run("--check", "--json")
    assert [schema["store"] for schema in done.json["schemas"]] == ["Data"]


def test_a_schema_file_that_is_too_large_is_refused(app: AppFolder) -> None:
    app.write("models/zSchema.big.yaml", "# " + "x" * 20_000_000)
    done = app.run("--auto-approve", "--json")
    assert done.code == 2
    assert done.json["error"]["message"] == (
        "The schema file has 20,000,002 bytes, more than 20,000,000"
    )
    assert done.json["error"]["file"].endswith("zSchema.big.yaml")


ZOLO = "models/zSchema.users.zolo"


@pytest.fixture
def _no_zlsp(monkeypatch: pytest.MonkeyPatch) -> None:
    """The package that reads .zolo files is not importable, whatever is installed."""
    monkeypatch.setitem(sys.modules, "zlsp", None)
    monkeypatch.delitem(sys.modules, "zlsp.parser", raising=False)


@pytest.mark.usefixtures("_no_zlsp")
def test_a_zolo_file_is_named_in_one_sentence_without_its_parser(app: AppFolder) -> None:
    (app.path / "models/zSchema.users.yaml").rename(app.path / ZOLO)
    sentence = (
        f"{app.path / ZOLO} is left out: reading it takes the package zolo-lsp"
        " (pip install zolo-lsp), or write it as YAML"
    )
    before = app.snapshot(times=True)
    done = app.run("--auto-approve")
    assert (done.code, done.out.count(sentence)) == (2, 1), done.said
    assert "ZDATA_USERS_URL: no schema found" in done.out
    assert app.snapshot(times=True) == before
    assert sentence in app.run("--doctor").out


@pytest.mark.usefixtures("_no_zlsp")
def test_beside_a_zolo_file_yaml_is_read_as_ever(app: AppFolder) -> None:
    app.write(ZOLO, "zMeta:\n    zMigration: true\n")
    done = app.run("--auto-approve")
    assert done.code == 0
    assert done.out.count("zSchema.users.zolo is left out: reading it takes") == 1


@pytest.mark.usefixtures("_no_zlsp")
def test_reading_a_zolo_file_without_its_parser_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "zSchema.users.zolo"
    path.write_text("zMeta:\n    zMigration: true\n")
    with pytest.raises(SchemaFileError, match="cannot be read here") as refused:
        read_schema_file(path, "zSchema.users")
    assert "pip install zolo-lsp" in (refused.value.hint or "")
