"""zSpark is read from real app files in every form that apps use, and nothing is run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from zcli_migration.app.zspark import DOTENV_KEYS, ZSpark, read_zspark
from zmigration_api.errors import AppError


def read(folder: Path, source: str | bytes) -> ZSpark:
    file = folder / "app.py"
    file.write_bytes(source if isinstance(source, bytes) else source.encode())
    return read_zspark(file)


def refused(folder: Path, source: str | bytes) -> AppError:
    with pytest.raises(AppError) as caught:
        read(folder, source)
    assert caught.value.hint
    assert caught.value.file == folder / "app.py"
    return caught.value


FORMS = {
    "assignment": 'zSpark = {"title": "t"}',
    "annotated": 'zSpark: dict[str, str] = {"title": "t"}',
    "upper case": 'ZSPARK = {"title": "t"}',
    "chained": 'config = zSpark = {"title": "t"}',
    "in a function": 'def main():\n    zSpark = {"title": "t"}\n    return zCLI(zSpark)',
    "in an async function": 'async def main():\n    zSpark = {"title": "t"}',
    "in a class": 'class App:\n    zSpark = {"title": "t"}',
    "under main": 'if __name__ == "__main__":\n    zSpark = {"title": "t"}',
    "in a try": 'try:\n    zSpark = {"title": "t"}\nexcept Exception:\n    zSpark = None',
    "in a with": 'with open("x") as f:\n    zSpark = {"title": "t"}',
    "dict call": 'zSpark = dict(title="t")',
    "dict call with a base": 'BASE = {"title": "t"}\nzSpark = dict(BASE, logger="x")',
    "copy": 'BASE = {"title": "t"}\nzSpark = BASE.copy()',
    "union": 'BASE = {"title": "old"}\nzSpark = BASE | {"title": "t"}',
    "through a name": 'config = {"title": "t"}\nzSpark = config',
    "inline call": 'zCLI({"title": "t"})',
    "inline zOS call": 'z = zOS({"title": "t"})',
    "attribute call": 'import zCLI as lib\nz = lib.zCLI({"title": "t"})',
    "named argument": 'zCLI(zSpark_obj={"title": "t"})',
    "call with a name": 'config = {"title": "t"}\nzCLI(config)',
    "call in a function": 'CONFIG = {"title": "t"}\ndef main():\n    zCLI(CONFIG).run()',
    "item set later": 'zSpark = {"title": "old"}\nzSpark["title"] = "t"',
    "item set on the name in a call": 'c = {}\nc["title"] = "t"\nzCLI(c)',
    "assignment before a call": 'zCLI({"title": "no"})\nzSpark = {"title": "t"}',
    "unreadable assignment, readable call": 'zSpark = make()\nzCLI({"title": "t"})',
}


@pytest.mark.parametrize("source", FORMS.values(), ids=FORMS.keys())
def test_every_form_is_found(tmp_path: Path, source: str) -> None:
    assert read(tmp_path, source).values["title"] == "t"


VALUES = {
    '"text"': "text",
    "None": None,
    "-1": -1,
    '["a", "b"]': ["a", "b"],
    '("a", 1)': ("a", 1),
    '{"a": {"b": True}}': {"a": {"b": True}},
    "__file__": "{file}",
    "str(Path(__file__).parent)": "{folder}",
    "str(Path(__file__).resolve().parent)": "{folder}",
    "str(Path(__file__).absolute().parents[1])": "{folder.parent}",
    "Path(__file__).parent.as_posix()": "{folder}",
    'str(Path(__file__).parent / "data")': "{folder}/data",
    'str(Path(__file__).parent.joinpath("data", "x"))': "{folder}/data/x",
    "str(pathlib.Path(__file__).parent)": "{folder}",
    'str("data" / Path("x"))': "data/x",
    "Path(__file__).stem": "app",
    'str(Path("~/x").expanduser())': "{home}/x",
    "os.path.dirname(os.path.abspath(__file__))": "{folder}",
    "os.path.dirname(os.path.realpath(__file__))": "{folder}",
    'os.path.join(os.path.dirname(__file__), "data")': "{folder}/data",
    'os.path.expanduser("~/x")': "{home}/x",
    "os.getcwd()": "{cwd}",
    "str(Path.cwd())": "{cwd}",
    "str(Path.home())": "{home}",
    'os.getenv("ZSPARK_HERE")': "here",
    'os.getenv("ZSPARK_NOT_HERE")': None,
    'os.getenv("ZSPARK_NOT_HERE", "other")': "other",
    'os.environ.get("ZSPARK_NOT_HERE", "other")': "other",
    'os.environ["ZSPARK_HERE"]': "here",
    'os.getenv("ZSPARK_NOT_HERE") or "other"': "other",
    '"a" + "b"': "ab",
    'f"{ROOT}/data"': "{folder}/data",
    'f"{ROOT!s}"': "{folder}",
    'str(ROOT / ".zEnv")': "{folder}/.zEnv",
    "NAMES[0]": "first",
    'TABLE["key"]': "value",
    '{**TABLE, "more": 1}': {"key": "value", "more": 1},
    "join(ROOT, 'x')": "{folder}/x",
    "getenv('ZSPARK_HERE')": "here",
    "str(P(__file__).parent)": "{folder}",
    "osp.dirname(__file__)": "{folder}",
}
PREAMBLE = """
import os, pathlib
import os.path as osp
from os import getenv
from os.path import join
from pathlib import Path
from pathlib import Path as P
ROOT = Path(__file__).resolve().parent
NAMES = ["first", "second"]
TABLE = {"key": "value"}
"""


@pytest.mark.parametrize(("expression", "expected"), VALUES.items(), ids=VALUES.keys())
@pytest.mark.parametrize("shape", ["module", "function"])
def test_values_are_what_python_makes_of_them(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    expression: str,
    expected: object,
    shape: str,
) -> None:
    monkeypatch.setenv("ZSPARK_HERE", "here")
    monkeypatch.delenv("ZSPARK_NOT_HERE", raising=False)
    line = f'zSpark = {{"key": {expression}}}\n'
    source = PREAMBLE + (line if shape == "module" else f"def main():\n    {line}")
    known = {"file": tmp_path / "app.py", "folder": tmp_path, "home": Path.home()}
    if isinstance(expected, str):
        expected = expected.format(cwd=os.getcwd(), **known)
    zspark = read(tmp_path, source)
    assert zspark.values["key"] == expected
    if shape == "module":
        scope: dict[str, object] = {"__file__": str(tmp_path / "app.py")}
        exec(source, scope)
        assert scope["zSpark"] == {"key": expected}


UNREADABLE = {
    "make()": "make() is only called when the app runs",
    "settings.folder": ".folder is not one of the attributes",
    "UNKNOWN": "UNKNOWN is not a constant of this file",
    "[x for x in y]": "computed when the app runs",
    "3 * 3": "paths joined by / and texts joined by +",
    'os.environ["ZSPARK_NOT_HERE"]': "ZSPARK_NOT_HERE is not set",
    'f"{1:03}"': "formats in an f-string",
    "Path(__file__).parents[99]": "IndexError",
    "str(*[1])": "computed when the app runs",
    'str(**{"object": 1})': "** in a call",
    "open('x').read()": "read() is only called",
    "Path(__file__).read_text()": "read_text() is only called",
    "{[]: 1}": "TypeError",
    "{**3}": "not a dict",
    "/".join(["a"] * 0) or "os.path.join(1)": "TypeError",
}


@pytest.mark.parametrize(("expression", "why"), UNREADABLE.items(), ids=UNREADABLE.keys())
def test_what_cannot_be_read_is_left_out_with_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expression: str, why: str
) -> None:
    monkeypatch.delenv("ZSPARK_NOT_HERE", raising=False)
    source = f"import os\nfrom pathlib import Path\nzSpark = {{'title': 't', 'x': {expression}}}"
    zspark = read(tmp_path, source)
    assert dict(zspark.values) == {"title": "t"}
    (warning,) = zspark.warnings
    assert warning.startswith(f"{tmp_path / 'app.py'}:3: x of zSpark is left out: ")
    assert why in warning


@pytest.mark.parametrize("key", ["zSpace", "zWorkspace", *DOTENV_KEYS])
def test_a_key_that_decides_the_store_must_be_readable(tmp_path: Path, key: str) -> None:
    error = refused(tmp_path, f'zSpark = {{\n  "title": "t",\n  "{key}": make("s3cret"),\n}}')
    assert error.line == 3
    assert "make() is only called when the app runs" in error.message
    assert "__file__" in (error.hint or "")
    assert "s3cret" not in f"{error} {error.hint}"


def test_a_readable_key_over_an_unreadable_one_is_fine(tmp_path: Path) -> None:
    zspark = read(tmp_path, 'zSpark = {"zSpace": make(), "zSpace": "x"}')
    assert zspark.values["zSpace"] == "x"
    assert zspark.warnings == ()


def test_spreads(tmp_path: Path) -> None:
    source = 'BASE = {"a": 1, "b": 1}\nzSpark = {**BASE, "b": 2, **{"c": 3}, **other()}'
    zspark = read(tmp_path, source)
    assert dict(zspark.values) == {"a": 1, "b": 2, "c": 3}
    assert "spread into zSpark cannot be read" in zspark.warnings[0]


def test_keys_may_be_constants(tmp_path: Path) -> None:
    zspark = read(tmp_path, 'KEY = "title"\nzSpark = {KEY: "t", 5: "x", make(): 1}')
    assert dict(zspark.values) == {"title": "t"}
    assert "a key of zSpark is left out" in zspark.warnings[0]


def test_zworkspace_is_zspace_with_a_warning(tmp_path: Path) -> None:
    zspark = read(tmp_path, 'zSpark = {"zWorkspace": "/x"}')
    assert zspark.values["zSpace"] == "/x"
    assert "zWorkspace is read as zSpace" in zspark.warnings[0]
    assert zspark.lines["zSpace"] == 1


def test_zspace_goes_before_zworkspace(tmp_path: Path) -> None:
    zspark = read(tmp_path, 'zSpark = {"zWorkspace": make(), "zSpace": "/y"}')
    assert zspark.values["zSpace"] == "/y"
    assert "zWorkspace of zSpark is left out" in zspark.warnings[0]


def test_of_several_the_last_of_the_outermost_scope_is_read(tmp_path: Path) -> None:
    source = (
        'def demo():\n    zSpark = {"title": "inner"}\n'
        'zSpark = {"title": "first"}\nzSpark = {"title": "last"}\n'
    )
    zspark = read(tmp_path, source)
    assert zspark.values["title"] == "last"
    assert "zSpark is set at lines 2, 3, 4; line 4 is read" in zspark.warnings[0]


def test_names_mean_what_they_mean_at_that_line(tmp_path: Path) -> None:
    source = (
        'ROOT = "a"\nROOT = ROOT + "b"\nzSpark = {"x": ROOT}\nROOT = "later"\n'
        'def f():\n    zSpark = {"x": ROOT}\n'
    )
    assert read(tmp_path, source).values["x"] == "ab"
    function_only = source.replace('zSpark = {"x": ROOT}\nROOT', "ROOT", 1)
    assert read(tmp_path, function_only).values["x"] == "later"


SHADOWED = {
    "parameter": "def main(ROOT):\n    zSpark = {'zSpace': ROOT}",
    "loop": "for ROOT in []: pass\nzSpark = {'zSpace': ROOT}",
    "with": "with x() as ROOT: pass\nzSpark = {'zSpace': ROOT}",
    "unpacking": "ROOT, y = f()\nzSpark = {'zSpace': ROOT}",
    "augmented": "ROOT += 'x'\nzSpark = {'zSpace': ROOT}",
    "import": "from config import ROOT\nzSpark = {'zSpace': ROOT}",
    "branch": "if x:\n    ROOT = 'b'\nzSpark = {'zSpace': ROOT}",
    "else": "if x:\n    pass\nelse:\n    ROOT = 'b'\nzSpark = {'zSpace': ROOT}",
    "match": "match x:\n    case 1:\n        ROOT = 'b'\nzSpark = {'zSpace': ROOT}",
    "item in a branch": "zSpark = {}\nif x:\n    zSpark['zSpace'] = 'b'",
    "item in a function": "zSpark = {}\ndef f():\n    zSpark['zSpace'] = 'b'",
    "own Path": "def Path(x): return x\nzSpark = {'zSpace': str(Path(__file__))}",
}


@pytest.mark.parametrize("source", SHADOWED.values(), ids=SHADOWED.keys())
def test_a_name_that_may_mean_something_else_is_refused(tmp_path: Path, source: str) -> None:
    error = refused(tmp_path, f"ROOT = 'a'\n{source}")
    assert "zSpace of zSpark cannot be read" in error.message
    assert error.line


def test_a_constant_of_the_same_branch_is_certain(tmp_path: Path) -> None:
    source = "if x:\n    ROOT = 'b'\n    zSpark = {'zSpace': ROOT}"
    assert read(tmp_path, source).values["zSpace"] == "b"


def test_a_fallback_in_except_does_not_count(tmp_path: Path) -> None:
    source = "try:\n    R = __file__\nexcept NameError:\n    R = '.'\nzSpark = {'zSpace': R}"
    assert read(tmp_path, source).values["zSpace"] == str(tmp_path / "app.py")


NOT_FOUND = {
    "nothing": ("x = 1", "has no zSpark", None),
    "empty file": ("", "has no zSpark", None),
    "bare call": ("\nzCLI()", "has no zSpark", None),
    "not a dict": ("\nzSpark = make()", "not a dict that can be read", 2),
    "not a dict in a call": ("\n\nzCLI(make())", "not a dict that can be read", 3),
    "itself": ("zSpark = zSpark", "not a dict that can be read", 1),
    "by branches": (
        "if x:\n    c = {}\nelse:\n    c = {}\nzCLI(c)",
        "not a dict that can be read",
        5,
    ),
}


@pytest.mark.parametrize(("source", "words", "line"), NOT_FOUND.values(), ids=NOT_FOUND.keys())
def test_no_zspark(tmp_path: Path, source: str, words: str, line: int | None) -> None:
    error = refused(tmp_path, source)
    assert words in error.message
    assert error.line == line
    assert "zSpark = {" in (error.hint or "")


BAD_FILES: dict[str, tuple[bytes, str, int | None]] = {
    "syntax": (b"x = 1\nzSpark = {\n", "is not valid Python", 2),
    "nul": (b"zSpark = {}\0", "is not valid Python", None),
    "latin": (b'zSpark = {"title": "\xe9"}', "is not UTF-8", None),
    "utf-16": ('zSpark = {"title": "t"}'.encode("utf-16"), "is not UTF-8", None),
    "unknown encoding": (b"# coding: nonsense\nzSpark = {}", "is not UTF-8", None),
}


@pytest.mark.parametrize(("source", "words", "line"), BAD_FILES.values(), ids=BAD_FILES.keys())
def test_bad_files(tmp_path: Path, source: bytes, words: str, line: int | None) -> None:
    error = refused(tmp_path, source)
    assert words in error.message
    if line:
        assert error.line == line


def test_deep_nesting_is_refused_not_a_crash(tmp_path: Path) -> None:
    chain = "+".join(['"a"'] * 20_000)
    with pytest.raises(AppError, match=r"deeply nested|not valid Python"):
        read(tmp_path, f'zSpark = {{"zSpace": {chain}}}')


def test_a_cycle_of_doublings_ends(tmp_path: Path) -> None:
    lines = ["x0 = 'a'", *(f"x{n} = x{n - 1} + x{n - 1}" for n in range(1, 60))]
    zspark = read(tmp_path, "\n".join([*lines, "zSpark = {'big': x59}"]))
    assert "too many steps" in zspark.warnings[0]


def test_a_declared_encoding_and_a_bom_are_fine(tmp_path: Path) -> None:
    declared = '# coding: latin-1\nzSpark = {"title": "é"}'.encode("latin-1")
    assert read(tmp_path, declared).values["title"] == "é"
    assert read(tmp_path, b'\xef\xbb\xbfzSpark = {"title": "t"}').values["title"] == "t"


def test_odd_escapes_do_not_warn(tmp_path: Path) -> None:
    assert read(tmp_path, 'zSpark = {"title": "\\d"}').values["title"] == "\\d"


@pytest.mark.parametrize("kind", ["folder", "missing", "pipe", "long", "nul"])
def test_paths_that_are_no_app_file(tmp_path: Path, kind: str) -> None:
    path = tmp_path / {"long": "x" * 300, "nul": "a\0b"}.get(kind, "app.py")
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    words = {"folder": "a folder", "pipe": "not a regular file", "long": "cannot be read"}
    with pytest.raises(AppError, match=words.get(kind, "does not exist")) as caught:
        read_zspark(path)
    assert caught.value.hint


def test_nothing_is_run(tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    read(tmp_path, f'open({str(mark)!r}, "w")\nimport no_such_module\nzSpark = {{"title": "t"}}')
    assert not mark.exists()


def test_values_are_not_in_the_repr(tmp_path: Path) -> None:
    assert "s3cret" not in repr(read(tmp_path, 'zSpark = {"password": "s3cret"}'))
