"""CSV files that have lost their form are found before anything is touched, by looking too."""

from __future__ import annotations

import pytest

from tests.cli.folder import USERS, AppFolder

BAD_FORMS = {
    "a short row": (b"id,name\n1,ada\n2\n", "users.csv:3: row 2 has 1 cells"),
    "a long row": (b"id,name\n1,ada\n\n2,bob,x\n", "users.csv:4: row 2 has 3 cells"),
    "an open quote": (b'id,name\n1,ada\n2,"bob\n3,eve\n', "users.csv:3: a quote opens"),
}
FLAGS = ("--check", "--dry-run", "--auto-approve")
RENAMED = USERS.replace("name: {", "label: {renamed_from: name, ")
CHANGES = {
    "added": USERS + "  email: {type: str}\n",
    "renamed": RENAMED,
    "retyped": USERS.replace("name: {type: str}", "name: {type: int}"),
    "dropped": "users:\n  id: {type: int, pk: true}\n",
}


def recorded(app: AppFolder) -> None:
    done = app.run("--auto-approve")
    assert done.code == 0, done.said


def refused(app: AppFolder, flag: str, message: str) -> None:
    before = app.snapshot(times=True)
    done = app.run(flag)
    assert done.code == 1, done.said
    assert message in done.said
    assert "→" in done.said
    assert "Traceback" not in done.said
    assert app.snapshot(times=True) == before


@pytest.mark.parametrize("flag", FLAGS)
@pytest.mark.parametrize("form", BAD_FORMS)
def test_adoption_reads_every_row(app: AppFolder, form: str, flag: str) -> None:
    content, message = BAD_FORMS[form]
    app.write("Data/users.csv", content)
    refused(app, flag, message)


@pytest.mark.parametrize("flag", FLAGS)
@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("form", BAD_FORMS)
def test_a_file_that_is_written_anew_is_read_first(
    app: AppFolder, form: str, change: str, flag: str
) -> None:
    recorded(app)
    content, message = BAD_FORMS[form]
    app.write("Data/users.csv", content)
    app.schema(CHANGES[change])
    refused(app, flag, message)


@pytest.mark.parametrize("flag", FLAGS)
def test_a_table_that_joins_a_recorded_schema_is_read(app: AppFolder, flag: str) -> None:
    recorded(app)
    app.write("Data/notes.csv", b"id,text\n1,a\n2\n")
    app.schema(USERS + "notes:\n  id: {type: int}\n  text: {type: str}\n")
    refused(app, flag, "notes.csv:3: row 2 has 1 cells")


@pytest.mark.parametrize("form", BAD_FORMS)
def test_nothing_to_do_reads_the_header_alone(app: AppFolder, form: str) -> None:
    recorded(app)
    app.write("Data/users.csv", BAD_FORMS[form][0])
    done = app.run("--check")
    assert done.code == 0, done.said


@pytest.mark.parametrize("flag", FLAGS)
def test_bytes_that_are_no_text_in_a_touched_column(app: AppFolder, flag: str) -> None:
    recorded(app)
    app.write("Data/users.csv", b"id,name\n1,5\n2,\xff\n")
    app.schema(CHANGES["retyped"])
    refused(app, flag, "is not valid UTF-8")


@pytest.mark.parametrize("flag", FLAGS)
def test_bytes_that_are_no_text_in_a_copied_column(app: AppFolder, flag: str) -> None:
    recorded(app)
    app.write("Data/users.csv", b"id,name\n1,5\n2,\xff\n")
    app.schema(USERS + '  nick: {type: str, backfill: "%name"}\n')
    refused(app, flag, "(line 3)")


@pytest.mark.parametrize(("change", "name"), [("added", "name"), ("renamed", "label")])
def test_bytes_that_are_no_text_elsewhere_are_kept(app: AppFolder, change: str, name: str) -> None:
    app.write("Data/users.csv", b"id,name\n1,ada\n2,\xff\xfe\n")
    recorded(app)
    app.schema(CHANGES[change])
    assert app.run("--check").code == 3
    done = app.run("--auto-approve")
    assert done.code == 0, done.said
    content = (app.path / "Data/users.csv").read_bytes()
    assert content.startswith(f"id,{name}".encode())
    assert b"\n2,\xff\xfe" in content
