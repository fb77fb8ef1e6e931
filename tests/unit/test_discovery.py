"""Schema files are found by their variables, by their names and by `zMigration: true`."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from zcli_migration.app import App
from zcli_migration.discovery import Discovery, SchemaRef, discover, variable_for
from zcli_migration.meta import Meta, read_meta
from zmigration_api.errors import AppError


def app_in(workspace: Path, **environment: str) -> App:
    return App(
        file=workspace / "app.py",
        workspace=workspace,
        environment=environment,
        zspark={},
        title="app",
    )


def schema(workspace: Path, name: str, *meta: str, folder: str = "models") -> Path:
    """Write `zSchema.users.yaml` (or the name with its suffix) with these lines in Meta."""
    suffix = "" if name.endswith((".json", ".yaml", ".yml", ".zolo")) else ".yaml"
    file = workspace / folder / f"zSchema.{name}{suffix}"
    file.parent.mkdir(exist_ok=True)
    lines = "".join(f"  {line}\n" for line in ("Data_Type: csv", *meta))
    file.write_text(f"Meta:\n{lines}\nusers:\n  id: {{type: int, pk: true}}\n")
    return file


def found(discovery: Discovery) -> list[tuple[str, str | None, bool]]:
    return [(ref.name, ref.variable, ref.from_environment) for ref in discovery.schemas]


USERS = "ZDATA_USERS_URL"


def test_an_empty_app_has_nothing(tmp_path: Path) -> None:
    assert discover(app_in(tmp_path)) == Discovery(schemas=(), notes=())


def test_the_specification_s_example(tmp_path: Path) -> None:
    path = schema(tmp_path, "users", f"Data_Source: {USERS}", "zMigration: true")
    discovery = discover(app_in(tmp_path, ZDATA_USERS_URL="@.Data"))
    ref = SchemaRef(name="zSchema.users", path=path, variable=USERS, from_environment=True)
    assert discovery == Discovery(schemas=(ref,), notes=())


@pytest.mark.parametrize("folder", ["models", "Models", "schemas", "."])
def test_every_folder_is_searched(tmp_path: Path, folder: str) -> None:
    schema(tmp_path, "users", folder=folder)
    discovery = discover(app_in(tmp_path, ZDATA_USERS_URL="@"))
    assert found(discovery) == [("zSchema.users", USERS, True)]


@pytest.mark.parametrize(
    ("name", "variable"),
    [
        ("users", "ZDATA_USERS_URL"),
        ("Users", "ZDATA_USERS_URL"),
        ("USERS", "ZDATA_users_URL"),
        ("shop.users", "ZDATA_SHOP_USERS_URL"),
        ("user_roles", "ZDATA_USER_ROLES_URL"),
    ],
)
def test_a_name_matches_in_any_case(tmp_path: Path, name: str, variable: str) -> None:
    schema(tmp_path, name)
    discovery = discover(app_in(tmp_path, **{variable: "@"}))
    assert found(discovery) == [(f"zSchema.{name}", variable, True)]


def test_variable_for() -> None:
    assert variable_for("zSchema.shop.users") == "ZDATA_SHOP_USERS_URL"


def test_data_source_goes_before_the_name(tmp_path: Path) -> None:
    schema(tmp_path, "people", f"Data_Source: {USERS}")
    schema(tmp_path, "users", "Data_Source: ZDATA_OTHER_URL")
    discovery = discover(app_in(tmp_path, ZDATA_USERS_URL="@", ZDATA_OTHER_URL="@"))
    assert found(discovery) == [
        ("zSchema.people", USERS, True),
        ("zSchema.users", "ZDATA_OTHER_URL", True),
    ]


def test_a_data_source_that_is_not_set_leaves_the_name(tmp_path: Path) -> None:
    schema(tmp_path, "users", "Data_Source: ZDATA_TYPO_URL")
    discovery = discover(app_in(tmp_path, ZDATA_USERS_URL="@"))
    assert found(discovery) == [("zSchema.users", USERS, True)]


def test_several_schemas_share_a_variable(tmp_path: Path) -> None:
    for name in ("b", "a", "users"):
        schema(tmp_path, name, f"Data_Source: {USERS}")
    discovery = discover(app_in(tmp_path, ZDATA_USERS_URL="@"))
    assert [ref.name for ref in discovery.schemas] == ["zSchema.a", "zSchema.b", "zSchema.users"]


def test_the_order_is_that_of_the_variables_then_of_the_names(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        schema(tmp_path, name)
    for name in ("z", "y"):
        schema(tmp_path, name, "zMigration: true", "Data_Path: '@'")
    environment = {"ZDATA_C_URL": "@", "ZDATA_A_URL": "@", "ZDATA_B_URL": "@"}
    names = [ref.name[-1] for ref in discover(app_in(tmp_path, **environment)).schemas]
    assert names == ["c", "a", "b", "y", "z"]


def test_our_own_variable_and_schemas_are_not_taken(tmp_path: Path) -> None:
    for name in ("__zmigration_users", "zMigration"):
        schema(tmp_path, name, "Data_Source: ZDATA_ZMIGRATION_URL", "zMigration: false")
    assert discover(app_in(tmp_path, ZDATA_ZMIGRATION_URL="@")) == Discovery(schemas=())


def test_other_variables_mean_nothing(tmp_path: Path) -> None:
    discovery = discover(app_in(tmp_path, ZDATA_URL="@", XZDATA_A_URL="@", ZDATA_A_URLX="@"))
    assert discovery == Discovery(schemas=())


def test_a_variable_without_a_schema_is_a_note(tmp_path: Path) -> None:
    (note,) = discover(app_in(tmp_path, ZDATA_POSTS_URL="postgresql://u:s3cret@h/d")).notes
    assert "ZDATA_POSTS_URL: no schema found" in note
    assert "zSchema.posts" in note
    assert "s3cret" not in note


def test_an_empty_variable_is_a_note(tmp_path: Path) -> None:
    schema(tmp_path, "users", "Data_Path: '@'")
    discovery = discover(app_in(tmp_path, ZDATA_USERS_URL=""))
    left_out = "zSchema.users is left out: set zMigration: true in its Meta"
    assert discovery == Discovery(schemas=(), notes=(f"{USERS} is empty and is ignored", left_out))


BY_FILE = {
    "true and a path": (("zMigration: true", "Data_Path: '@'"), (None, False)),
    "true and a set source": (("zMigration: true", "Data_Source: MY_DB"), ("MY_DB", False)),
    "yes": (("zMigration: yes", "Data_Path: '@'"), (None, False)),
    "false": (("zMigration: false", "Data_Path: '@'"), None),
    "not given": (("Data_Path: '@'",), None),
    "true and nothing": (("zMigration: true",), None),
    "true and an unset source": (("zMigration: true", "Data_Source: NOT_SET"), None),
}


@pytest.mark.parametrize(("meta", "expected"), BY_FILE.values(), ids=BY_FILE.keys())
def test_without_a_data_variable(
    tmp_path: Path, meta: tuple[str, ...], expected: tuple[str | None, bool] | None
) -> None:
    schema(tmp_path, "users", *meta)
    discovery = discover(app_in(tmp_path, MY_DB="@"))
    assert found(discovery) == ([("zSchema.users", *expected)] if expected else [])


NOTES = {
    "nothing says where": (("zMigration: true",), f"add {USERS}=@.Data to .zEnv, or Data_Path"),
    "unset": (("zMigration: true", "Data_Source: ZDATA_X_URL"), "add ZDATA_X_URL=@.Data"),
    "forgotten": (("Data_Source: ZDATA_X_URL",), "add ZDATA_X_URL=@.Data"),
}


@pytest.mark.parametrize(("meta", "words"), NOTES.values(), ids=NOTES.keys())
def test_a_schema_that_says_too_little_is_a_note(
    tmp_path: Path, meta: tuple[str, ...], words: str
) -> None:
    schema(tmp_path, "users", *meta)
    (note,) = discover(app_in(tmp_path)).notes
    assert note.startswith("zSchema.users is left out")
    assert words in note


def test_a_schema_that_says_no_is_kept_when_a_variable_finds_it(tmp_path: Path) -> None:
    schema(tmp_path, "users", "zMigration: false")
    assert len(discover(app_in(tmp_path, ZDATA_USERS_URL="@")).schemas) == 1


def test_json_goes_before_yaml_before_yml(tmp_path: Path) -> None:
    for suffix in ("yml", "yaml", "json"):
        file = schema(tmp_path, f"users.{suffix}")
        if suffix == "json":
            file.write_text('{"Meta": {"Data_Type": "csv"}, "users": {"id": "int"}}')
        discovery = discover(app_in(tmp_path, ZDATA_USERS_URL="@"))
        assert [ref.path for ref in discovery.schemas] == [file]
    assert len(discovery.notes) == 2
    assert "zSchema.users.json goes first" in discovery.notes[0]


def test_the_first_folder_wins_for_one_name(tmp_path: Path) -> None:
    first = schema(tmp_path, "users")
    second = schema(tmp_path, "users", folder="schemas")
    discovery = discover(app_in(tmp_path, ZDATA_USERS_URL="@"))
    assert [ref.path for ref in discovery.schemas] == [first]
    assert f"{second} is left out: {first} has the same name" in discovery.notes


def test_one_file_is_taken_once(tmp_path: Path) -> None:
    file = schema(tmp_path, "users", "zMigration: true", "Data_Path: '@'")
    (tmp_path / "schemas").symlink_to("models")
    (tmp_path / "zSchema.users.yaml").symlink_to(file)
    (tmp_path / "zSchema.again.yaml").symlink_to(file)
    discovery = discover(app_in(tmp_path, ZDATA_USERS_URL="@", ZDATA_AGAIN_URL="@"))
    assert found(discovery) == [("zSchema.users", USERS, True)]


def test_files_that_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "zlsp", None)
    models = tmp_path / "models"
    (models / "zSchema.folder.yaml").mkdir(parents=True)
    os.mkfifo(models / "zSchema.pipe.yaml")
    (models / "zSchema.dangling.yaml").symlink_to("nowhere")
    for name in ("zSchema.theirs.zolo", "zUI.users.yaml", "users.yaml", "zSchema.users.txt"):
        (models / name).write_text("Meta:\n  zMigration: true\n  Data_Path: '@'\n")
    discovery = discover(app_in(tmp_path))
    assert discovery.schemas == ()
    assert [note.removeprefix(f"{models}/zSchema.") for note in discovery.notes] == [
        "dangling.yaml is left out: No such file or directory",
        "folder.yaml is left out: it is a folder",
        "pipe.yaml is left out: it is not a regular file",
        "theirs.zolo is left out: reading it takes the package zolo-lsp (pip install zolo-lsp),"
        " or write it as YAML",
    ]


@pytest.mark.parametrize("linked", ["file", "folder"])
def test_a_schema_outside_the_workspace_is_refused(tmp_path: Path, linked: str) -> None:
    workspace, outside = tmp_path / "app", tmp_path / "outside"
    workspace.mkdir()
    outside.mkdir()
    file = schema(outside, "users", folder=".")
    if linked == "file":
        (workspace / "zSchema.users.yaml").symlink_to(file)
    else:
        (workspace / "models").symlink_to(outside)
    with pytest.raises(AppError, match="leads out of the app's folder") as caught:
        discover(app_in(workspace))
    assert caught.value.hint


BLOCKS = {
    "block": "Meta:\n  Data_Source: V\n  Data_Path: '@'\n  zMigration: true\n",
    "zMeta": "zMeta:\n  Data_Source: V\n  Data_Path: '@'\n  zMigration: true\n",
    "deep": "Meta:\n      Data_Source: V\n      Data_Path: '@'\n      zMigration: true\nx:\n",
    "flow": "Meta: {Data_Source: V, Data_Path: '@', zMigration: true}\nusers: {}\n",
    "flow lines": "Meta: {\n  Data_Source: V,\n  Data_Path: '@', zMigration: true\n}\nusers: {}\n",
    "quoted": '"Meta" :\n  \'Data_Source\': "V"\n  Data_Path: "@"\n  zMigration: on\n',
    "comments": (
        "# Meta: {Data_Source: no}\nMeta: # here\n# there\n  Data_Source: V # v\n\n"
        "  zMigration: TRUE\n# x\n  Data_Path: '@'\n\nusers:\n  Data_Source: no\n"
    ),
    "last": "users:\n  Meta: no\n  Data_Source: no\nMeta:\n Data_Source: V\n Data_Path: '@'\n"
    " zMigration: true",
    "notes": (
        "Meta:\n  zMigrationNotes: |\n    Data_Source: no\n\n    Meta:\n  Data_Source: V\n"
        "  Data_Path: '@'\n  zMigration: true\n"
    ),
    "windows": "Meta:\r\n  Data_Source: V\r\n\r\n  Data_Path: '@'\r\n  zMigration: true\r\n",
    "bom": "\ufeffMeta:\n  Data_Source: V\n  Data_Path: '@'\n  zMigration: true\n",
    "document": "---\nMeta:\n  Data_Source: V\n  Data_Path: '@'\n  zMigration: true\n...\n",
    "anchor": "Meta: &m\n  Data_Source: V\n  Data_Path: '@'\n  zMigration: true\nx: *m\n",
    "all flow": "{Meta: {Data_Source: V, Data_Path: '@', zMigration: true}, users: {}}",
    "broken elsewhere": "Meta:\n  Data_Source: V\n  Data_Path: '@'\n  zMigration: true\nx: [\n",
}


@pytest.mark.parametrize("text", BLOCKS.values(), ids=BLOCKS.keys())
def test_meta_in_every_style(tmp_path: Path, text: str) -> None:
    file = tmp_path / "zSchema.x.yaml"
    file.write_bytes(text.encode())
    assert read_meta(file) == Meta(data_source="V", data_path="@", migrates=True)


JSON = {
    "full": (
        '{"Meta": {"Data_Source": "V", "Data_Path": "@", "zMigration": true}}',
        Meta(data_source="V", data_path="@", migrates=True),
    ),
    "none": ('{"Meta": {"Data_Source": null, "zMigration": false}}', Meta(migrates=False)),
    "a list": ("[1]", Meta()),
    "a text": ('{"Meta": "x"}', Meta()),
    "broken": ("{", Meta(problem="its Meta cannot be read")),
    "deep": ("[" * 200_000, Meta(problem="its Meta cannot be read")),
}


@pytest.mark.parametrize(("text", "expected"), JSON.values(), ids=JSON.keys())
def test_meta_of_json(tmp_path: Path, text: str, expected: Meta) -> None:
    file = tmp_path / "zSchema.x.json"
    file.write_text(text)
    assert read_meta(file) == expected


ODD = {
    "empty": (b"", Meta()),
    "no meta": (b"users:\n  id: int\n", Meta()),
    "empty meta": (b"Meta:\nusers: {}\n", Meta()),
    "not a mapping": (b"Meta: x\n", Meta()),
    "another key": (b"Metadata:\n  zMigration: true\n", Meta()),
    "null values": (b"Meta:\n  Data_Source: ~\n  Data_Path:\n", Meta()),
    "a password": (b"Meta:\n  Data_Source: postgresql://u:p@h/d\n", Meta()),
    "broken": (b"Meta: {a\n", Meta(problem="its Meta cannot be read")),
    "tab": (b"Meta:\n\ta: 1\n", Meta(problem="its Meta cannot be read")),
    "alias": (b"x: &x {}\nMeta: {<<: *x}\n", Meta(problem="its Meta cannot be read")),
    "latin": (b"Meta: \xe9\n", Meta(problem="it is not UTF-8 text")),
}


@pytest.mark.parametrize(("text", "expected"), ODD.values(), ids=ODD.keys())
def test_odd_meta(tmp_path: Path, text: bytes, expected: Meta) -> None:
    file = tmp_path / "zSchema.x.yaml"
    file.write_bytes(text)
    assert read_meta(file) == expected


def test_a_broken_schema_is_still_found_by_its_name(tmp_path: Path) -> None:
    schema(tmp_path, "users").write_text("Meta: {a\n")
    discovery = discover(app_in(tmp_path, ZDATA_USERS_URL="@"))
    assert found(discovery) == [("zSchema.users", USERS, True)]
    assert "its Meta cannot be read" in discovery.notes[0]


def test_an_unreadable_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(AppError, match="cannot be read: No such file"):
        read_meta(tmp_path / "zSchema.gone.yaml")


def test_a_thousand_schemas_are_quick(tmp_path: Path) -> None:
    columns = "".join(f"  column{n}: {{type: str, required: true}}\n" for n in range(50))
    for number in range(1000):
        file = schema(tmp_path, f"s{number}", f"Data_Source: {USERS}")
        file.write_text(file.read_text() + columns)
    started = time.perf_counter()
    assert len(discover(app_in(tmp_path, ZDATA_USERS_URL="@")).schemas) == 1000
    assert time.perf_counter() - started < 5
