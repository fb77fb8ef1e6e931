"""The first run over a CSV store of zolo-os, which notes the types of its columns beside it."""

from __future__ import annotations

import json

import pytest

from tests.cli.folder import AppFolder

NOTED = "Data/zmigrations/users.schema.json"
TABLES = """\
users:
  id: {type: int, pk: true}
  name: {type: str, rules: {max_length: 20}}
  age: {type: int}
"""


@pytest.fixture
def app(app: AppFolder) -> AppFolder:
    app.schema(TABLES)
    app.write("Data/users.csv", "id,name,age\n1,ada,36\n2,bob,007\n")
    return app


def noted(app: AppFolder, **types: object) -> None:
    app.write(NOTED, json.dumps({name: {"type": word} for name, word in types.items()}))


def test_the_same_types_are_no_change(app: AppFolder) -> None:
    noted(app, id="int", name="string(50)!", age="integer")
    before = app.text("Data/users.csv"), app.text(NOTED)
    assert app.run("--check").code == 0
    assert app.run("--auto-approve").code == 0
    assert (app.text("Data/users.csv"), app.text(NOTED)) == before


def test_another_type_is_a_change_that_is_made_and_taken_back(app: AppFolder) -> None:
    noted(app, id="int", name="str", age="str")
    before = app.text("Data/users.csv")
    checked = app.run("--check", "--json")
    assert (checked.code, [c["column"] for c in checked.json["schemas"][0]["changes"]]) == (
        3,
        ["age"],
    )
    done = app.run("--auto-approve")
    assert done.code == 0, done.said
    assert app.text("Data/users.csv") == "id,name,age\n1,ada,36\n2,bob,7\n"
    assert app.run("--check").code == 0, "from now on the record says it"
    assert app.text(NOTED)
    app.run("--rollback", "--auto-approve")
    assert app.text("Data/users.csv") == before


def test_values_that_do_not_convert_are_refused(app: AppFolder) -> None:
    noted(app, age="str")
    app.write("Data/users.csv", "id,name,age\n1,ada,young\n")
    done = app.run("--auto-approve")
    assert done.code == 1
    assert "young" in done.said
    assert app.text("Data/users.csv") == "id,name,age\n1,ada,young\n"


@pytest.mark.parametrize(
    "text",
    ["", "[1]", "{", '{"age": 5}', '{"age": {"type": null}}', '{"age": {"type": "what"}}', "\xff"],
)
def test_notes_that_say_nothing_are_none(app: AppFolder, text: str) -> None:
    app.write(NOTED, text.encode("latin-1"))
    assert app.run("--check").code == 0
