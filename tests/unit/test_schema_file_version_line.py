import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tests.schema_files import read
from zcli_migration.schema_file import with_version
from zmigration_api import SchemaFileError, Version

NEW = Version(1, 2, 3)
REST = "users: {id: {type: int}}\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Meta:\n  zMigrationVersion: v1.0.0\n", "Meta:\n  zMigrationVersion: v1.2.3\n"),
        ("Meta:\n  zMigrationVersion: 1.0.0", "Meta:\n  zMigrationVersion: v1.2.3"),
        (
            "zMeta:\n    zMigrationVersion:   'v1.0.0'  # c\n",
            "zMeta:\n    zMigrationVersion:   'v1.2.3'  # c\n",
        ),
        (
            'Meta:\r\n  zMigrationVersion: "1.0.0"\t# v1.0.0\r\n',
            'Meta:\r\n  zMigrationVersion: "v1.2.3"\t# v1.0.0\r\n',
        ),
        (
            "\ufeffMeta: {zMigrationVersion: v1.0.0, a: v1.0.0}\n",
            "\ufeffMeta: {zMigrationVersion: v1.2.3, a: v1.0.0}\n",
        ),
        ('Meta: {"zMigrationVersion":"v1.0.0"}\n', 'Meta: {"zMigrationVersion":"v1.2.3"}\n'),
        ("Meta: {a: 1, zMigrationVersion: 1.10}\n", "Meta: {a: 1, zMigrationVersion: v1.2.3}\n"),
        ("Meta:\n  zMigrationVersion:\n", "Meta:\n  zMigrationVersion: v1.2.3\n"),
        ("Meta:\n  zMigrationVersion: # none\n", "Meta:\n  zMigrationVersion: v1.2.3 # none\n"),
        ("Meta: {zMigrationVersion: , a: 1}\n", "Meta: {zMigrationVersion: v1.2.3, a: 1}\n"),
        ("Meta:\n  zMigrationVersion: ~\n", "Meta:\n  zMigrationVersion: v1.2.3\n"),
        ('Meta:\n  zMigrationVersion: ""\n', 'Meta:\n  zMigrationVersion: "v1.2.3"\n'),
        (
            "Meta:\n  zMigrationVersion: !!str v1.0.0\n",
            "Meta:\n  zMigrationVersion: !!str v1.2.3\n",
        ),
        (
            "Meta:\n  zMigrationVersion: |-\n    v1.0.0\n",
            "Meta:\n  zMigrationVersion: |-\n    v1.2.3\n",
        ),
        ("Meta:\n  zMigrationVersion:\n    v1.0.0\n", "Meta:\n  zMigrationVersion:\n    v1.2.3\n"),
        (
            "Meta:\n  ? zMigrationVersion\n  : v1.0.0\n",
            "Meta:\n  ? zMigrationVersion\n  : v1.2.3\n",
        ),
        (
            "# 😀 v1.0.0\nMeta:\n  é: 😀\n  zMigrationVersion: v1.0.0\n",
            "# 😀 v1.0.0\nMeta:\n  é: 😀\n  zMigrationVersion: v1.2.3\n",
        ),
        ("Meta: &m\n  zMigrationVersion: v1.0.0\n", "Meta: &m\n  zMigrationVersion: v1.2.3\n"),
        (
            "t: {zMigrationVersion: {type: str}}\nMeta:\n  zMigrationVersion: v1.2.3\n",
            "t: {zMigrationVersion: {type: str}}\nMeta:\n  zMigrationVersion: v1.2.3\n",
        ),
    ],
)
def test_only_the_version_is_replaced(before: str, after: str) -> None:
    assert with_version(before, NEW) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "Meta:\n    zMigration: true  # on\n    a: 1\n" + REST,
            "Meta:\n    zMigration: true  # on\n    zMigrationVersion: v1.2.3\n    a: 1\n" + REST,
        ),
        (
            "Meta:\r\n  zMigration: true\r\n",
            "Meta:\r\n  zMigration: true\r\n  zMigrationVersion: v1.2.3\r\n",
        ),
        (
            "Meta:\r\n  zMigration: true",
            "Meta:\r\n  zMigration: true\r\n  zMigrationVersion: v1.2.3",
        ),
        ("Meta:\n  zMigration:\n", "Meta:\n  zMigration:\n  zMigrationVersion: v1.2.3\n"),
        (
            "Meta:\n  a: |\n    x\n  b: 1\n",
            "Meta:\n  zMigrationVersion: v1.2.3\n  a: |\n    x\n  b: 1\n",
        ),
        (
            "Meta: {zMigration: true, a: 1}\n",
            "Meta: {zMigration: true, zMigrationVersion: v1.2.3, a: 1}\n",
        ),
        ("Meta: {a: 1}\n", "Meta: {zMigrationVersion: v1.2.3, a: 1}\n"),
        (
            '{\n\t"Meta": {\n\t\t"zMigration": true\n\t}\n}\n',
            '{\n\t"Meta": {\n\t\t"zMigration": true,\n\t\t"zMigrationVersion": "v1.2.3"\n\t}\n}\n',
        ),
        (
            '{"Meta": {"a": 1}, "t": {"c": "\\ud83d\\ude00"}}',
            '{"Meta": {"zMigrationVersion": "v1.2.3", "a": 1}, "t": {"c": "\\ud83d\\ude00"}}',
        ),
        (
            "base: &b {zMigrationVersion: v1.0.0}\nMeta:\n  <<: *b\n  zMigration: true\n",
            "base: &b {zMigrationVersion: v1.0.0}\nMeta:\n  <<: *b\n  zMigration: true\n"
            "  zMigrationVersion: v1.2.3\n",
        ),
    ],
)
def test_a_missing_line_is_added(before: str, after: str) -> None:
    assert with_version(before, NEW) == after


@pytest.mark.parametrize(
    "text",
    [
        "Meta: {}\n",
        "base: &v v1.0.0\nMeta:\n  zMigrationVersion: *v\n",
        "Meta:\n  zMigrationVersion: v1\n    .0\n",
        "Meta:\n  zMigrationVersion: [v1.0.0]\n",
        "Meta:\n  zMigrationVersion: !!float '1.5'\n",
        "Meta:\n  ? a\n  : b\n",
    ],
)
def test_what_cannot_be_edited_for_certain_is_refused(text: str) -> None:
    with pytest.raises(SchemaFileError) as caught:
        with_version(text, NEW, Path("s.yaml"))
    assert "cannot be changed safely" in caught.value.message
    assert "write `zMigrationVersion: v1.2.3` yourself" in (caught.value.hint or "")
    assert caught.value.where.startswith("s.yaml:")


def test_what_is_read_back_is_the_version(tmp_path: Path) -> None:
    text = "\ufeffMeta:\r\n  zMigrationVersion: v1.0.0\r\n  zMigration: yes\r\nusers: {a: int}\r\n"
    file = read(tmp_path, with_version(text, NEW))
    assert file.meta.version == NEW


_WORDS = st.text("abéx 😀_", min_size=1, max_size=8).map(str.strip).filter(bool)
_SCALARS = st.one_of(
    _WORDS,
    st.integers(),
    st.booleans(),
    st.none(),
    st.sampled_from(["v1.0.0", "zMigrationVersion", "a: b", "# no", "two\nlines", "\t", "'", '"']),
)
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_WORDS, inner, max_size=3),
    max_leaves=8,
)
_VERSIONS = st.sampled_from(["v1.0.0", "1.0.0", "1.10", "", "latest", None, 1.5, True, "no", "ü"])


@st.composite
def _documents(draw: st.DrawFn) -> dict[str, Any]:
    meta: dict[str, Any] = draw(st.dictionaries(_WORDS, _VALUES, min_size=1, max_size=4))
    if draw(st.booleans()):
        meta["zMigration"] = draw(st.sampled_from([True, False, "yes", None]))
    if draw(st.booleans()):
        meta["zMigrationVersion"] = draw(_VERSIONS)
    keys = draw(st.permutations(list(meta)))
    tables = draw(st.dictionaries(_WORDS.map("t{}".format), _VALUES, max_size=3))
    first = {draw(st.sampled_from(["Meta", "zMeta"])): {key: meta[key] for key in keys}}
    return {**first, **tables} if draw(st.booleans()) else {**tables, **first}


@st.composite
def _yaml_texts(draw: st.DrawFn) -> str:
    text: str = yaml.safe_dump(
        draw(_documents()),
        default_flow_style=draw(st.sampled_from([None, True, False])),
        default_style=draw(st.sampled_from([None, None, '"', "'"])),
        indent=draw(st.integers(2, 6)),
        width=draw(st.sampled_from([20, 80, 10_000])),
        allow_unicode=draw(st.booleans()),
        sort_keys=False,
    )
    if draw(st.booleans()):
        text = text.replace("\n", "\r\n")
    return draw(st.sampled_from(["", "\ufeff"])) + text


def _assert_only_the_version_changed(before: str, after: str) -> None:
    old, new = yaml.safe_load(before), yaml.safe_load(after)
    section = "Meta" if "Meta" in old else "zMeta"
    assert new[section].pop("zMigrationVersion") == "v1.2.3"
    old[section].pop("zMigrationVersion", None)
    assert new == old


def _alike(one: str, other: str) -> int:
    """How many characters both start with."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((i for i, (a, b) in pairs if a != b), min(len(one), len(other)))


@given(_yaml_texts())
def test_any_yaml(text: str) -> None:
    try:
        after = with_version(text, NEW)
    except SchemaFileError:
        assert re.search(r"""zMigrationVersion["']?: !!(null|float|bool)""", text)
        return
    _assert_only_the_version_changed(text, after)
    assert with_version(after, NEW) == after
    same = _alike(text, after)
    tail = _alike(text[same:][::-1], after[same:][::-1])
    assert len(text) - same - tail <= len("'latest'")
    assert len(after) - same - tail <= len("\r\n'zMigrationVersion': 'v1.2.3'") + 20  # indentation


@given(_documents(), st.sampled_from([None, 2, "\t"]), st.booleans())
def test_any_json(document: dict[str, Any], indent: int | str | None, ascii_only: bool) -> None:
    text = json.dumps(document, indent=indent, ensure_ascii=ascii_only)
    after = with_version(text, NEW, Path("s.json"))
    old, new = json.loads(text), json.loads(after)
    section = "Meta" if "Meta" in old else "zMeta"
    assert new[section].pop("zMigrationVersion") == "v1.2.3"
    old[section].pop("zMigrationVersion", None)
    assert new == old
