import hashlib
import os
import time
from pathlib import Path

import pytest
import yaml

from tests.schema_files import HEAD, Refusal, read, refused
from zcli_migration.schema_file import read_schema_file, yaml_source
from zmigration_api import SchemaFileError

TABLE = "users: {id: {type: int, pk: true}}\n"


def test_the_text_is_kept_exactly(tmp_path: Path) -> None:
    text = "\ufeff" + (HEAD + "users:\n  naïve: str\n").replace("\n", "\r\n")
    file = read(tmp_path, text)
    assert file.text == text
    assert file.hash == hashlib.sha256(file.path.read_bytes()).hexdigest()
    assert (file.name, file.short_name) == ("zSchema.users", "users")
    assert file.schema.tables == file.tables
    assert [c.name for c in file.tables[0].columns] == ["naïve"]


@pytest.mark.parametrize(
    ("text", "at", "message", "hint"),
    [
        ("", (1, 1), "The schema file is empty", "`Meta:`"),
        ("# nothing\n", (1, 1), "The schema file is empty", "`Meta:`"),
        ("- a\n", (1, 1), "is not a mapping of Meta and tables", "`Meta:`"),
        ("word\n", (1, 1), "is not a mapping of Meta and tables", "`Meta:`"),
        (HEAD + "---\na: 1\n", (5, 1), "holds several YAML documents", "`---`"),
        (HEAD + "users:\n\tid: int\n", (6, 1), "A tab cannot indent YAML", "spaces"),
        (HEAD + "users:\n  id: @x\n", (6, 7), "cannot start with @", "quotes"),
        (HEAD + "users:\n  id: {backfill: %x}\n", (6, 18), "cannot start with %", "quotes"),
        (HEAD + "users:\n  id: {default: &m.f()}\n", (6, 19), "no YAML name", '"&plugin.fn()"'),
        (HEAD + "users: *gone\n", (5, 8), "No YAML anchor has this name", "define it"),
        (HEAD + "a: &x {x: int}\nb: &x {x: int}\n", (6, 4), "anchors have the same name", "rename"),
        (HEAD + "users: [1\n", (6, 1), "The file is not valid YAML: ", "indentation"),
        (HEAD + "users: a: b\n", (5, 9), "The file is not valid YAML: ", "colons"),
        (
            HEAD + "users: !!python/name:os.system x\n",
            (5, 8),
            "tag !!python/name:os.system",
            "remove",
        ),
        (HEAD + "users: !!set {a}\n", (5, 8), "The YAML tag !!set has no meaning here", "remove"),
        (
            HEAD + "users: !own {a: int}\n",
            (5, 8),
            "The YAML tag !own has no meaning here",
            "remove",
        ),
        (HEAD + 'users: {a: {default: "\\0"}}\n', (5, 22), "No store can keep this character", ""),
        (HEAD + "users: {a: \x07}\n", (5, 12), "A control character stands", "remove it"),
        (HEAD + "users: &u {x: *u}\n", (5, 8), "The YAML anchor contains itself", "write it out"),
        (HEAD + "users: " + "[" * 200_000, (5, 107), "more than 100 levels deep", "flatter"),
        (HEAD + "users: " + '{"a":' * 200_000, (5, 500 + 3), "more than 100 levels deep", ""),
        (HEAD + "<<: 5\n", (5, 5), "What `<<` merges must be a mapping", "*name"),
    ],
)
def test_what_is_no_schema_file(
    tmp_path: Path, text: str, at: tuple[int, int], message: str, hint: str
) -> None:
    refusal = refused(tmp_path, text)
    assert message in refusal.message
    assert hint in refusal.hint
    assert refusal.at == at


def test_an_alias_bomb_is_refused_at_once(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 9)]
    started = time.monotonic()
    refusal = refused(tmp_path, HEAD + "\n".join(lines) + "\n")
    assert "stand for more than 100,000 nodes" in refusal.message
    assert refusal.at[0] is not None
    assert time.monotonic() - started < 2


def test_a_chain_of_aliases_is_no_way_around_the_depth(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x]", *(f"a{i}: &a{i} [*a{i - 1}]" for i in range(1, 200))]
    assert "Aliases nest more than 100" in refused(tmp_path, HEAD + "\n".join(lines)).message


def test_many_columns_without_aliases_are_fine(tmp_path: Path) -> None:
    body = "".join(f"  c{i}: {{type: int, required: false, default: {i}}}\n" for i in range(20_000))
    (table,) = read(tmp_path, HEAD + "users:\n" + body).tables
    assert len(table.columns) == 20_000


def test_aliases_of_whole_fields(tmp_path: Path) -> None:
    text = HEAD + "users:\n  a: &f {type: str, required: true}\n  b: *f\n"
    (table,) = read(tmp_path, text).tables
    assert [(c.name, c.required, c.line) for c in table.columns] == [("a", True, 6), ("b", True, 7)]


def _refused_bytes(path: Path, data: bytes) -> Refusal:
    path.write_bytes(data)
    with pytest.raises(SchemaFileError) as caught:
        read_schema_file(path, "zSchema.users")
    return Refusal(caught.value)


def test_not_utf8(tmp_path: Path) -> None:
    refusal = _refused_bytes(tmp_path / "s.yaml", HEAD.encode() + "é: ".encode() + b"caf\xe9\n")
    assert refusal.message == "The schema file is not UTF-8 text"
    assert refusal.at == (5, 7)
    assert "UTF-8" in _refused_bytes(tmp_path / "t.yaml", HEAD.encode("utf-16")).message


def test_too_large_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.touch()
    os.truncate(path, 50_000_000_000)
    with pytest.raises(SchemaFileError, match=r"has 50,000,000,000 bytes, more than 20,000,000"):
        read_schema_file(path, "zSchema.users")


def test_missing_and_no_files(tmp_path: Path) -> None:
    with pytest.raises(SchemaFileError, match="cannot be read: No such file"):
        read_schema_file(tmp_path / "gone.yaml", "zSchema.gone")
    with pytest.raises(SchemaFileError, match="is not a file"):
        read_schema_file(tmp_path, "zSchema.folder")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SchemaFileError, match="is not a file"):
        read_schema_file(tmp_path / "pipe", "zSchema.pipe")


JSON = """{
\t"Meta": {"Data_Type": "csv", "zMigration": true, "zMigrationVersion": "v1.0.0"},
\t"users": {
\t\t"id": {"type":"int","pk":true},
\t\t"mood": {"type": "str", "default": "\\ud83d\\ude00\\/", "required": true},
\t\t"no": {"type": "bool", "default": false}
\t}
}
"""


def test_json(tmp_path: Path) -> None:
    file = read(tmp_path, JSON, suffix=".json")
    (table,) = file.tables
    assert [(c.name, c.required) for c in table.columns] == [
        ("id", True),
        ("mood", True),
        ("no", False),
    ]
    assert [c.default and c.default.text for c in table.columns] == [None, "😀/", "false"]
    assert file.warnings == ()


@pytest.mark.parametrize(
    ("text", "at", "message"),
    [
        (JSON.replace("true},\n", "true,},\n", 1), (4, 33), "The file is not JSON: "),
        (JSON.replace("{\n", "# no comments\n{\n", 1), (1, 1), "The file is not JSON: "),
        (JSON.replace('"mood"', '"id"'), (5, 3), "The key id is there twice, first in line 4"),
    ],
)
def test_what_is_no_json_schema(
    tmp_path: Path, text: str, at: tuple[int, int], message: str
) -> None:
    refusal = refused(tmp_path, text, suffix=".json")
    assert message in refusal.message
    assert refusal.at == at


def test_a_disabled_schema_does_not_stop_the_others(tmp_path: Path) -> None:
    text = "Meta: {zMigration: false}\nusers: {a: strr}\n"
    file = read(tmp_path, text)
    assert (file.meta.enabled, file.meta.version, file.tables) == (False, None, ())
    assert [(w.line, w.column) for w in file.warnings] == [(2, 12)]
    assert str(file.warnings[0]) == (
        f"{file.path}:2:12: Its tables cannot be read: The type 'strr' of users.a is not known"
    )


def test_the_slow_parser_reads_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fast = read(tmp_path, HEAD + TABLE + "t:\n  on: {type: str!, default: 007}\n")
    monkeypatch.setattr(yaml_source, "LOADER", yaml.SafeLoader)
    slow = read_schema_file(fast.path, fast.name)
    assert slow == fast
    assert "more than 100 levels" in refused(tmp_path, HEAD + "a: " + "[" * 5000).message


def test_a_thousand_files_are_read_in_a_moment(tmp_path: Path) -> None:
    fields = "".join(f"  c{i}: {{type: str, required: true, default: x}}\n" for i in range(10))
    paths = [tmp_path / f"zSchema.t{i}.yaml" for i in range(1000)]
    for path in paths:
        path.write_text(HEAD + "users:\n  id: {type: int, pk: true}\n" + fields)
    started = time.process_time()
    for path in paths:
        read_schema_file(path, path.stem)
    assert time.process_time() - started < 4  # 0.7 s where this was written
