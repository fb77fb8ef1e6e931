"""Short ways of reading: they give what the long ones give, or leave it to them."""

from __future__ import annotations

import random
from io import StringIO
from pathlib import Path

import pytest
import yaml
from dotenv import dotenv_values

from zcli_migration.app import load_app
from zcli_migration.schema_file import yaml_source

PLAIN = "A=1\nZDATA_USERS_URL=@.Data\n\nEMPTY=\nB_2=a/b:c,d;e+f-g.h\nA=2"
OTHERS = ("A='x y'\n", "export A=1\n", "A = 1\n", "A=x # no\n", "A=${HOME}x\n", "A=1\r\nB=2\r\n")


@pytest.mark.parametrize("text", [PLAIN, f"{PLAIN}\n", "", *(PLAIN + "\n" + o for o in OTHERS)])
def test_a_dotenv_file_says_what_python_dotenv_reads(tmp_path: Path, text: str) -> None:
    (tmp_path / "app.py").write_text('zSpark = {"title": "x"}\n')
    (tmp_path / ".zEnv").write_bytes(text.encode())
    environment = load_app(tmp_path / "app.py").environment
    for name, value in dotenv_values(stream=StringIO(text)).items():
        assert environment[name] == value


def depth(text: str) -> int:
    deepest = level = 0
    for event in yaml.parse(text, Loader=yaml_source.LOADER):
        level += isinstance(event, yaml.CollectionStartEvent)
        deepest = max(deepest, level)
        level -= isinstance(event, yaml.CollectionEndEvent)
    return deepest


DEEP = (
    "[" * 150 + "]" * 150,
    "[\n" * 150 + "]\n" * 150,
    "- " * 150 + "a",
    "\n".join(" " * n + "a:" for n in range(150)),
    "\n".join(" " * n + "a:\n" + " " * n + "-" for n in range(120)),
    '["]",\n' * 150 + "]" * 150,
    "a]: [\n" + "[ # ]\n" * 150 + "]" * 151,
    "? " * 120 + "a",
)


@pytest.mark.parametrize("text", DEEP)
def test_a_text_that_is_too_deep_is_always_measured(text: str) -> None:
    assert yaml_source._depth_at_most(text) >= depth(text) > yaml_source.MAX_DEPTH


def test_no_random_text_is_deeper() -> None:
    chosen = random.Random(7)
    parts = ("[", "]", "{", "}", "a", ": ", "- ", "? ", ", ", "\n", "\n", " ", "'", '"', "#")
    measured = 0
    for _ in range(60_000):
        text = "".join(chosen.choices(parts, k=chosen.randrange(4, 30)))
        try:
            found = depth(text)
        except yaml.YAMLError:
            continue
        measured += found > 2
        assert yaml_source._depth_at_most(text) >= found, text
    assert measured > 40


def test_an_ordinary_schema_is_not_measured() -> None:
    table = "t{0}:\n  id: {{type: int, pk: true}}\n  name: {{type: str, enum: [a, b]}}\n"
    text = "".join(table.format(n) for n in range(200))
    assert yaml_source._depth_at_most(text) <= yaml_source.MAX_DEPTH
