"""Which schema files and which stores a run finds, seen from the command line."""

from __future__ import annotations

from tests.cli.folder import META, USERS, AppFolder

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
    app.write("models/zSchema.big.yaml", "# " + "x" * 5_000_000)
    done = app.run("--auto-approve", "--json")
    assert done.code == 2
    assert done.json["error"]["message"] == (
        "The schema file has 5,000,002 bytes, more than 5,000,000"
    )
    assert done.json["error"]["file"].endswith("zSchema.big.yaml")
