"""An app is loaded from real files: workspace, dotenv, title and warnings."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from zcli_migration.app import load_app
from zcli_migration.app.zspark import DOTENV_KEYS
from zmigration_api.errors import AppError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The app's folder, which is also the current one."""
    app = tmp_path / "app"
    app.mkdir()
    monkeypatch.chdir(app)
    return app


def write(folder: Path, zspark: str = "{}", name: str = "app.py") -> Path:
    file = folder / name
    file.write_text(f"from pathlib import Path\nzSpark = {zspark}\n")
    return file


def test_the_least_app(folder: Path) -> None:
    app = load_app(write(folder))
    assert (app.file, app.workspace, app.title) == (folder / "app.py", folder, "app")
    assert app.environment == dict(os.environ)
    assert app.warnings == ()


def test_a_relative_app_file(folder: Path) -> None:
    write(folder)
    assert load_app("app.py").workspace == folder


def test_title_and_zspark(folder: Path) -> None:
    app = load_app(write(folder, '{"title": "zCloud", "plugins": ["@.x"]}'))
    assert app.title == "zCloud"
    assert app.zspark["plugins"] == ["@.x"]


def test_warnings_of_zspark_are_kept(folder: Path) -> None:
    (warning,) = load_app(write(folder, '{"logger": make()}')).warnings
    assert "logger of zSpark is left out" in warning


SPACES = {
    "text": ('"{other}"', "other"),
    "path": ('Path("{other}")', "other"),
    "computed": ('str(Path(__file__).parent.parent / "other")', "other"),
    "relative": ('"data"', "app/data"),
    "dot": ('"."', "app"),
    "parent": ('".."', ""),
    "empty": ('""', "app"),
    "none": ("None", "app"),
    "home": ('"~"', "home"),
}


@pytest.mark.parametrize(("value", "expected"), SPACES.values(), ids=SPACES.keys())
@pytest.mark.parametrize("current", ["app", "other"])
def test_workspace(
    folder: Path, monkeypatch: pytest.MonkeyPatch, value: str, expected: str, current: str
) -> None:
    root = folder.parent
    for name in ("other", "home", "app/data"):
        (root / name).mkdir()
    monkeypatch.setenv("HOME", str(root / "home"))
    monkeypatch.chdir(root / current)
    file = write(folder, f'{{"zSpace": {value}}}'.replace("{other}", str(root / "other")))
    assert load_app(file).workspace == root / expected


BAD_SPACES = {
    '"missing"': "does not exist",
    '"app.py"': "is not a folder",
    "5": "is not a path",
    '["a"]': "is not a path",
    r'"a\0b"': "is not a path",
    '"~nobody-here/x"': "unknown home folder",
}


@pytest.mark.parametrize(("value", "words"), BAD_SPACES.items(), ids=BAD_SPACES.keys())
def test_a_bad_workspace_is_refused_with_its_line(folder: Path, value: str, words: str) -> None:
    file = write(folder, f'{{"title": "t",\n "zSpace": {value}}}')
    with pytest.raises(AppError, match=words) as caught:
        load_app(file)
    assert (caught.value.file, caught.value.line) == (file, 3)
    assert caught.value.hint


@pytest.mark.parametrize("name", ["missing.py", "."])
def test_a_bad_app_file(folder: Path, name: str) -> None:
    with pytest.raises(AppError):
        load_app(name)


DOTENV = r"""
# a comment
PLAIN=value # not part of it
QUOTED="a # b"
SINGLE='x y'
export EXPORTED=1
EMPTY=
NOTHING
OTHER=${PLAIN}/${FROM_PROCESS}/${NOT_SET}/${NOT_SET:-d}
IN_DOUBLE="${PLAIN}"
OVER=file
ZDATA_USERS_URL=@.Data
"""


def test_dotenv_rules(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FROM_PROCESS", "p")
    monkeypatch.setenv("OVER", "process")
    monkeypatch.delenv("NOT_SET", raising=False)
    (folder / ".zEnv").write_text(DOTENV)
    before = dict(os.environ)
    environment = load_app(write(folder)).environment
    expected = {
        "PLAIN": "value",
        "QUOTED": "a # b",
        "SINGLE": "x y",
        "EXPORTED": "1",
        "EMPTY": "",
        "OTHER": "value/p//d",
        "IN_DOUBLE": "value",
        "OVER": "file",
        "ZDATA_USERS_URL": "@.Data",
    }
    assert {**before, **expected} == environment
    assert list(environment)[-len(expected) :] == list(expected)
    assert dict(os.environ) == before


def test_dotenv_says_what_python_dotenv_says(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dotenv import load_dotenv

    (folder / ".zEnv").write_text(DOTENV + "S='${PLAIN}'\nD=\"\\n${OVER}\"\n")
    environment = load_app(write(folder)).environment
    monkeypatch.setattr(os, "environ", os.environ.copy())
    load_dotenv(folder / ".zEnv", override=True)
    assert environment == dict(os.environ)


def test_zenv_goes_before_env_and_alone(folder: Path) -> None:
    (folder / ".env").write_text("A_ONE=env\nA_TWO=env\n")
    assert load_app(write(folder)).environment["A_ONE"] == "env"
    (folder / ".zEnv").write_text("A_ONE=zEnv\n")
    environment = load_app(write(folder)).environment
    assert environment["A_ONE"] == "zEnv"
    assert "A_TWO" not in environment


def test_dotenv_is_that_of_the_workspace(folder: Path) -> None:
    (folder / ".zEnv").write_text("A_ONE=app\n")
    (folder / "ws").mkdir()
    (folder / "ws/.zEnv").write_text("A_ONE=ws\n")
    app = load_app(write(folder, '{"zSpace": "ws"}'))
    assert app.environment["A_ONE"] == "ws"


@pytest.mark.parametrize("key", DOTENV_KEYS)
def test_a_named_dotenv_file(folder: Path, key: str) -> None:
    (folder / ".zEnv").write_text("A_ONE=no\n")
    (folder / "my.env").write_text("A_ONE=yes\n")
    assert load_app(write(folder, f'{{"{key}": "my.env"}}')).environment["A_ONE"] == "yes"


def test_the_first_dotenv_key_that_is_not_empty_counts(folder: Path) -> None:
    (folder / "my.env").write_text("A_ONE=yes\n")
    zspark = '{"dotenvPath": "no.env", "dotenv": "my.env", "env_file": ""}'
    assert load_app(write(folder, zspark)).environment["A_ONE"] == "yes"


def test_a_named_dotenv_file_that_is_missing_has_no_fallback(folder: Path) -> None:
    (folder / ".zEnv").write_text("A_ONE=no\n")
    app = load_app(write(folder, '{"dotenv": "my.env"}'))
    assert "A_ONE" not in app.environment
    assert "my.env: the dotenv file named in zSpark does not exist" in app.warnings[0]


def test_lines_that_are_not_understood_are_warnings(
    folder: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    (folder / ".zEnv").write_text("A_ONE=1\nthis is not it = s3cret\n'open\nA_TWO=2\n")
    app = load_app(write(folder))
    assert (app.environment["A_ONE"], app.environment["A_TWO"]) == ("1", "2")
    assert [w.split(": ")[0] for w in app.warnings] == [f"{folder}/.zEnv:2", f"{folder}/.zEnv:3"]
    assert "s3cret" not in "".join(app.warnings)
    assert capfd.readouterr() == ("", "")
    assert caplog.records == []


BAD_DOTENV = {
    "latin": (b"A_ONE=\xe9\n", "not UTF-8"),
    "nul": (b"A_ONE=\0\n", "NUL"),
}


@pytest.mark.parametrize(("content", "words"), BAD_DOTENV.values(), ids=BAD_DOTENV.keys())
def test_a_bad_dotenv_file(folder: Path, content: bytes, words: str) -> None:
    (folder / ".zEnv").write_bytes(content)
    with pytest.raises(AppError, match=words) as caught:
        load_app(write(folder))
    assert caught.value.file == folder / ".zEnv"
    assert caught.value.hint


@pytest.mark.parametrize("kind", ["folder", "pipe", "dangling"])
def test_a_dotenv_that_is_no_file(folder: Path, kind: str) -> None:
    zenv = folder / ".zEnv"
    if kind == "folder":
        zenv.mkdir()
    elif kind == "pipe":
        os.mkfifo(zenv)
    else:
        zenv.symlink_to("nowhere")
    with pytest.raises(AppError, match=r"not a regular file|cannot be read"):
        load_app(write(folder))


def test_a_bom_is_not_part_of_the_first_name(folder: Path) -> None:
    (folder / ".zEnv").write_bytes(b"\xef\xbb\xbfA_ONE=1\r\nA_TWO=2\r\n")
    environment = load_app(write(folder)).environment
    assert (environment["A_ONE"], environment["A_TWO"]) == ("1", "2")


def test_secrets_are_not_in_the_repr(folder: Path) -> None:
    (folder / ".zEnv").write_text("PGPASSWORD=s3cret\n")
    assert "s3cret" not in repr(load_app(write(folder, '{"Data_Password": "s3cret"}')))


@pytest.mark.parametrize("mark", [".zEnv", "models", "Data"])
def test_a_current_folder_that_looks_like_an_app(
    folder: Path, monkeypatch: pytest.MonkeyPatch, mark: str
) -> None:
    other = folder.parent / "other"
    (other / mark).mkdir(parents=True)
    monkeypatch.chdir(other)
    (warning,) = load_app(write(folder)).warnings
    assert f"{other} also holds {mark}" in warning
    assert str(folder) in warning


QUIET = {
    "nothing there": ("other", "{}"),
    "current folder is the app's": ("app", "{}"),
    "an absolute zSpace decides": ("marked", '{"zSpace": str(Path(__file__).parent)}'),
}


@pytest.mark.parametrize(("current", "zspark"), QUIET.values(), ids=QUIET.keys())
def test_no_warning(
    folder: Path, monkeypatch: pytest.MonkeyPatch, current: str, zspark: str
) -> None:
    root = folder.parent
    (root / "other").mkdir()
    (root / "marked/Data").mkdir(parents=True)
    (folder / "Data").mkdir()
    monkeypatch.chdir(root / current)
    assert load_app(write(folder, zspark)).warnings == ()


def test_a_relative_zspace_that_means_another_folder_from_here(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "ws").mkdir()
    other = folder.parent / "other"
    (other / "ws/models").mkdir(parents=True)
    monkeypatch.chdir(other)
    (warning,) = load_app(write(folder, '{"zSpace": "ws"}')).warnings
    assert f"{other / 'ws'} also holds models" in warning


def test_a_relative_dotenv_that_means_another_file_from_here(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "my.env").write_text("A_ONE=app\n")
    other = folder.parent / "other"
    other.mkdir()
    (other / "my.env").write_text("A_ONE=other\n")
    monkeypatch.chdir(other)
    app = load_app(write(folder, '{"dotenv": "my.env"}'))
    assert app.environment["A_ONE"] == "app"
    assert f"would read {other / 'my.env'} for dotenv" in app.warnings[0]
