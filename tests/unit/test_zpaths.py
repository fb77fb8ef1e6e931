"""zPaths resolve as zCLI resolves them, and those with `@` stay in the workspace."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from zcli_migration.zpaths import resolve_data_path, resolve_plugin_path, resolve_schema_path
from zmigration_api.errors import AppError


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The workspace; the current folder is another one, and so is the user's data folder."""
    for name in ("ws", "elsewhere", "machine"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "machine"))
    return tmp_path / "ws"


def make(file: Path) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch()
    return file


# The table of data zPaths in the host contract, from the folder that holds all three.
DATA = {
    "@": "ws",
    "@.": "ws",
    "@.Data": "ws/Data",
    "@Data": "ws/Data",
    "@.Data/": "ws/Data",
    "@.Data.": "ws/Data",
    "@.Data.sub": "ws/Data/sub",
    "@.Data/sub": "ws/Data/sub",
    "@.data.app.db": "ws/data/app/db",
    "@.Data.v1.2": "ws/Data/v1/2",
    "~.zMachine.x.y": "machine/zolo-zcli/x/y",
    "~.zMachine.": "machine/zolo-zcli",
    "~.zMachine.tests/zData_tests": "machine/zolo-zcli/tests/zData_tests",
    "~.zMachine": "elsewhere/~.zMachine",
    "zMachine.x": "elsewhere/zMachine.x",
    "~/x": "elsewhere/~/x",
    "~.tmp.x": "elsewhere/~.tmp.x",
    "rel/p": "elsewhere/rel/p",
    "./p": "elsewhere/p",
    "../p": "p",
}


@pytest.mark.parametrize(("zpath", "expected"), DATA.items(), ids=DATA.keys())
def test_data_paths_are_those_of_the_host(workspace: Path, zpath: str, expected: str) -> None:
    assert resolve_data_path(zpath, workspace) == workspace.parent / expected


def test_an_absolute_data_path_stays(workspace: Path) -> None:
    assert resolve_data_path("/abs/x.y", workspace) == Path("/abs/x.y")


def test_nothing_is_created(workspace: Path) -> None:
    for zpath in DATA:
        resolve_data_path(zpath, workspace)
    assert [path for path in workspace.parent.rglob("*") if path.parent != workspace.parent] == []


def test_a_machine_path_that_names_a_vafile_needs_it(workspace: Path) -> None:
    with pytest.raises(AppError, match=r"zSchema/users\.yaml, which does not exist"):
        resolve_data_path("~.zMachine.zSchema.users", workspace)
    file = make(workspace.parent / "machine/zolo-zcli/zSchema/users.yaml")
    found = resolve_data_path("~.zMachine.zSchema.users", workspace)
    assert found == file.with_suffix("")


BAD_DATA = {
    "": "a path is empty",
    "  ": "a path is empty",
    "@.a\0b": "NUL",
    "@/Data": "means the absolute path /Data to zCLI",
    "@./Data": "means the absolute path /Data to zCLI",
    "@..": r"may not use \.\.",
    "@../x": r"may not use \.\.",
    "@.Data/../..": r"may not use \.\.",
    "@.Data\\..\\x": r"may not use \.\.",
    "~.zMachine./etc": "means the absolute path /etc",
    "~.zMachine.a/../b": r"may not use \.\.",
}


@pytest.mark.parametrize(("zpath", "words"), BAD_DATA.items(), ids=map(repr, BAD_DATA))
def test_data_paths_that_are_refused(workspace: Path, zpath: str, words: str) -> None:
    with pytest.raises(AppError, match=words) as caught:
        resolve_data_path(zpath, workspace)
    assert caught.value.hint


def test_the_hint_for_an_absolute_at_path_says_what_to_write(workspace: Path) -> None:
    with pytest.raises(AppError) as caught:
        resolve_data_path("@/Data", workspace)
    assert "@.Data" in (caught.value.hint or "")


def test_a_link_out_of_the_workspace_is_refused(workspace: Path) -> None:
    (workspace / "Data").symlink_to(workspace.parent / "elsewhere")
    for zpath in ("@.Data", "@.Data.deeper"):
        with pytest.raises(AppError, match="leads out of the app's folder"):
            resolve_data_path(zpath, workspace)


def test_a_link_inside_and_a_linked_workspace_are_fine(workspace: Path) -> None:
    (workspace / "real").mkdir()
    (workspace / "Data").symlink_to("real")
    linked = workspace.parent / "linked"
    linked.symlink_to(workspace)
    assert resolve_data_path("@.Data", workspace) == workspace / "Data"
    assert resolve_data_path("@.Data", linked) == linked / "Data"


def test_a_relative_path_needs_a_current_folder(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = workspace / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(AppError, match="the current folder is gone"):
        resolve_data_path("rel", workspace)


# (zPath, the file that it finds): first what works in zCLI, then what only works here.
SCHEMAS = [
    ("@.models.zSchema.users", "ws/models/zSchema.users.json"),
    ("@.models.zSchema.users", "ws/models/zSchema.users.yaml"),
    ("@.models.zSchema.users", "ws/models/zSchema.users.yml"),
    ("models.zSchema.users", "ws/models/zSchema.users.yaml"),
    ("@.zSchema.root", "ws/zSchema.root.yaml"),
    ("zSchema.root", "ws/zSchema.root.yaml"),
    ("@.models.schema.yaml", "ws/models/schema.yaml"),
    ("@.models.users.yaml", "ws/models/users.yaml"),
    ("@.models.deep.zSchema.users", "ws/models/deep/zSchema.users.yaml"),
    ("@.models.zSchema.users.yaml", "ws/models/zSchema.users.yaml"),
    ("@.models.zSchema.shop.users", "ws/models/zSchema.shop.users.yaml"),
    ("@.models.zSchema.shop.users.json", "ws/models/zSchema.shop.users.json"),
    ("@zSchema.root", "ws/zSchema.root.yaml"),
    ("./zSchema.users", "ws/zSchema.users.yml"),
    ("models/zSchema.users", "ws/models/zSchema.users.yaml"),
    ("models/zSchema.users.yaml", "ws/models/zSchema.users.yaml"),
    ("~.zMachine.zSchema.x", "machine/zolo-zcli/zSchema.x.yaml"),
    ("~.zMachine.zSchemas.zSchema.x", "machine/zolo-zcli/zSchemas/zSchema.x.yaml"),
]


@pytest.mark.parametrize(("zpath", "file"), SCHEMAS, ids=[" ".join(row) for row in SCHEMAS])
def test_schema_paths(workspace: Path, zpath: str, file: str) -> None:
    expected = make(workspace.parent / file)
    assert resolve_schema_path(zpath, workspace) == expected


def test_absolute_and_home_schema_paths(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outside = make(workspace.parent / "home/zSchema.users.yaml")
    monkeypatch.setenv("HOME", str(outside.parent))
    assert resolve_schema_path(str(outside), workspace) == outside
    assert resolve_schema_path(str(outside.with_suffix("")), workspace) == outside
    assert resolve_schema_path("~/zSchema.users", workspace) == outside


def test_json_goes_before_yaml_before_yml(workspace: Path) -> None:
    for suffix in ("yml", "yaml", "json"):
        newest = make(workspace / f"zSchema.users.{suffix}")
        assert resolve_schema_path("@.zSchema.users", workspace) == newest


def test_what_the_host_finds_goes_first(workspace: Path) -> None:
    make(workspace / "models/zSchema.users.yaml")
    theirs = make(workspace / "models/zSchema/users.yaml")
    assert resolve_schema_path("@.models.zSchema.users.yaml", workspace) == theirs


BAD_SCHEMAS = {
    "@.models.zSchema.none": "there is no schema file",
    "users": "there is no schema file",
    "@": "there is no schema file",
    "/": "there is no schema file",
    "": "is empty",
    "@/models/zSchema.users": "mixes @ and /",
    "@../zSchema.users": "mixes @ and /",
    "~nobody-here/zSchema.x": "home folder",
    "~.zMachine./etc.zSchema.x": "absolute path",
}


@pytest.mark.parametrize(("zpath", "words"), BAD_SCHEMAS.items(), ids=map(repr, BAD_SCHEMAS))
def test_schema_paths_that_are_refused(workspace: Path, zpath: str, words: str) -> None:
    with pytest.raises(AppError, match=words) as caught:
        resolve_schema_path(zpath, workspace)
    assert caught.value.hint


def test_the_hint_lists_what_was_tried(workspace: Path) -> None:
    with pytest.raises(AppError) as caught:
        resolve_schema_path("@.models.zSchema.x", workspace)
    for suffix in ("json", "yaml", "yml"):
        assert str(workspace / f"models/zSchema.x.{suffix}") in (caught.value.hint or "")


def test_a_schema_linked_from_outside_is_refused(workspace: Path) -> None:
    outside = make(workspace.parent / "elsewhere/x.yaml")
    (workspace / "zSchema.x.yaml").symlink_to(outside)
    with pytest.raises(AppError, match="leads out"):
        resolve_schema_path("@.zSchema.x", workspace)


PLUGINS = [
    ("@.plugins.migrations.fn", "plugins/migrations.py"),
    ("@plugins.migrations.fn", "plugins/migrations.py"),
    ("@.migrations.fn", "migrations.py"),
    ("@.a.b.c.fn", "a/b/c.py"),
    (" @.plugins.migrations.fn ", "plugins/migrations.py"),
    ("&mod.fn()", "mod.py"),
    ("&mod.fn()", "utils/mod.py"),
    ("&mod.fn()", "plugins/mod.py"),
    ("&mod.fn( )", "plugins/mod.py"),
    ("&mod.fn", "plugins/mod.py"),
    ("zFunc(@.plugins.mod.fn)", "plugins/mod.py"),
    ("zFunc( @.plugins.mod.fn() )", "plugins/mod.py"),
]


@pytest.mark.parametrize(("zpath", "file"), PLUGINS, ids=[" ".join(row) for row in PLUGINS])
def test_plugin_paths(workspace: Path, zpath: str, file: str) -> None:
    expected = make(workspace / file)
    assert resolve_plugin_path(zpath, workspace) == (expected, "fn")


def test_plugins_are_searched_in_root_then_utils_then_plugins(workspace: Path) -> None:
    for file in ("plugins/mod.py", "utils/mod.py", "mod.py"):
        newest = make(workspace / file)
        assert resolve_plugin_path("&mod.fn()", workspace)[0] == newest


BAD_PLUGINS = {
    "": "not a path to a function",
    "fn": "not a path to a function",
    "@.fn": "not a path to a function",
    "plugins.mod.fn": "not a path to a function",
    "&fn()": "not a path to a function",
    "&a.b.fn()": "not a path to a function",
    "&mod.fn(1)": "not a path to a function",
    "zFunc(@.plugins.mod.fn, 1)": "not a path to a function",
    "@.plugins/mod.fn": "not a path to a function",
    "@...mod.fn": "not a path to a function",
    "@./etc/mod.fn": "not a path to a function",
    "@.plugins.none.fn": "there is no Python file",
    "&none.fn()": "there is no Python file",
    "@.plugins.folder.fn": "there is no Python file",
}


@pytest.mark.parametrize(("zpath", "words"), BAD_PLUGINS.items(), ids=map(repr, BAD_PLUGINS))
def test_plugin_paths_that_are_refused(workspace: Path, zpath: str, words: str) -> None:
    (workspace / "plugins/folder.py").mkdir(parents=True)
    with pytest.raises(AppError, match=words) as caught:
        resolve_plugin_path(zpath, workspace)
    assert caught.value.hint


@pytest.mark.parametrize("zpath", ["@.plugins.mod.fn", "&mod.fn()"])
@pytest.mark.parametrize("linked", ["file", "folder"])
def test_a_plugin_linked_from_outside_is_refused(workspace: Path, zpath: str, linked: str) -> None:
    outside = make(workspace.parent / "elsewhere/mod.py")
    if linked == "folder":
        (workspace / "plugins").symlink_to(outside.parent)
    else:
        (workspace / "plugins").mkdir()
        os.symlink(outside, workspace / "plugins/mod.py")
    with pytest.raises(AppError, match="leads out"):
        resolve_plugin_path(zpath, workspace)
