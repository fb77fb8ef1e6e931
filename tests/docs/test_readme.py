import argparse
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.docs.fences import ROOT, Command, Fence, commands, fences, pages
from tests.docs.shell import Shell, run_page, with_echo
from zcli_migration.cli import inspect_parser, migrate_parser

README = ROOT / "README.md"


def shell_for(page: Path, scratch: Path) -> Shell:
    """The README's reader sits in a clone, every other page's in a copy of the example app."""
    ignored = shutil.ignore_patterns("__pycache__")
    app = shutil.copytree(
        ROOT / "examples" / "zCloud", scratch / "examples" / "zCloud", ignore=ignored
    )
    programs = Path(sys.executable).parent
    return Shell(scratch, scratch if page == README else Path(app), programs)


def page_name(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", pages(), ids=page_name)
def test_commands(page: Path, tmp_path: Path) -> None:
    run_page(page, shell_for(page, tmp_path))


def test_the_quick_start_is_there() -> None:
    typed = [command for fence in fences(README) for command in commands(fence)]
    assert "zolo migrate zTest.py" in [command.text for command in typed]
    assert any(command.answers for command in typed)


@pytest.mark.parametrize(
    ("documented", "printed", "same"),
    [
        ("a\n...\nd\n", "a\nb\nc\nd\n", True),
        ("a\n...\nd\n", "a\nd\n", True),
        ("Hash: ...\n", "Hash: 12ab...\n", True),
        ("a\nb\n", "a\n", False),
        ("a\n", "a\nb\n", False),
        ("sure? [y/N] y\n\nok\n", with_echo("sure? [y/N] \nok\n", ["y"]), True),
        ("sure? [y/N] n\nok\n", with_echo("sure? [y/N] ok\n", ["n"]), True),
    ],
)
def test_documented_output_is_compared(documented: str, printed: str, same: bool) -> None:
    command = Command("here", "true", 0, tuple(documented.splitlines()))
    assert command.prints(printed) is same


def all_fences(language: str) -> list[Fence]:
    return [fence for page in pages() for fence in fences(page) if fence.language == language]


def fence_place(fence: Fence) -> str:
    return fence.place


@pytest.mark.parametrize("fence", all_fences("python"), ids=fence_place)
def test_python_compiles(fence: Fence) -> None:
    compile(fence.text, fence.place, "exec")


@pytest.mark.parametrize("fence", all_fences("yaml"), ids=fence_place)
def test_yaml_is_valid(fence: Fence) -> None:
    assert yaml.safe_load(fence.text)


INSPECT = ROOT / "docs" / "inspect.md"


@pytest.mark.parametrize(
    ("page", "word", "arguments"),
    [(README, "migrate", []), (INSPECT, "inspect", ["inspect"])],
)
def test_help_is_the_real_one(page: Path, word: str, arguments: list[str]) -> None:
    block = next(f for f in fences(page) if f.text.startswith(f"usage: zolo {word}"))
    environment = {**os.environ, "COLUMNS": "80", "NO_COLOR": "1"}
    command = [sys.executable, "-m", "zcli_migration", *arguments, "--help"]
    real = subprocess.check_output(command, text=True, env=environment)
    usage, body = block.text.split("\n\n", 1)
    real_usage, real_body = real.split("\n\n", 1)
    assert body.strip() == real_body.strip()
    # Where the usage line is folded differs from one Python to the next.
    assert usage.split() == real_usage.split()


@pytest.mark.parametrize(
    ("page", "parser"), [(README, migrate_parser()), (INSPECT, inspect_parser())]
)
def test_every_flag_has_a_row(page: Path, parser: argparse.ArgumentParser) -> None:
    rows = re.findall(r"^\| `(--[\w-]+)", page.read_text(encoding="utf-8"), re.MULTILINE)
    flags = {
        option
        for action in parser._actions
        for option in action.option_strings
        if option.startswith("--")
    }
    assert sorted(rows) == sorted(flags - {"--help"})


@pytest.mark.parametrize("page", [*pages(), ROOT / "plugins_example/README.md"], ids=page_name)
def test_links_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8"))
    missing = [
        target
        for target in targets
        if not re.match(r"[a-z]+:", target) and not (page.parent / target).exists()
    ]
    assert missing == []


def test_files_of_the_architecture_exist() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    named = set(re.findall(r"[\w/.-]+\.(?:py|md|toml|yaml)\b", text))
    assert len(named) > 15
    sources = [ROOT, *(ROOT / name for name in ("zcli_migration", "hooks_api", "backends"))]
    files = {path.as_posix() for folder in sources[1:] for path in folder.rglob("*.py")}
    missing = [
        name
        for name in sorted(named)
        if not any((folder / name).exists() for folder in (ROOT, ROOT / "docs"))
        and not any(file.endswith(f"/{name}") for file in files)
    ]
    assert missing == []
