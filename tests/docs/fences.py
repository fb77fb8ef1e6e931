"""The fenced blocks of a Markdown page, and the commands in them with what they should print."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
SHELLS = ("console", "bash", "sh", "shell")
_FENCE = re.compile(r"^```(?P<language>[\w-]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"# file: (\S+)\n")
_EXIT = re.compile(r"\s+# exit (\d+)\s*$")


@dataclass(frozen=True, slots=True)
class Fence:
    """One block; `line` is that of its first line of text."""

    page: Path
    line: int
    language: str
    text: str

    @property
    def place(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    @property
    def file(self) -> str | None:
        """The file that the block is the content of, as its first line says."""
        found = _FILE.match(self.text)
        return found[1] if found else None


@dataclass(frozen=True, slots=True)
class Command:
    """A line that starts with `$ `, and the lines below it."""

    place: str
    text: str
    exit_code: int
    output: tuple[str, ...]

    @property
    def answers(self) -> list[str]:
        """What is typed at its prompts: `Apply migration? [y/N] y` types y."""
        prompts = (re.search(r"\[y/N\] (\w+)$", line) for line in self.output)
        return [found[1] for found in prompts if found]

    def prints(self, text: str) -> bool:
        """Whether text is the output as documented.

        `...` stands for any text in a line, and for any lines if it is alone in one.
        """
        if not self.output:
            return True
        pattern = "".join(map(_line_pattern, self.output))
        return re.fullmatch(pattern, _lines(text)) is not None


def _line_pattern(line: str) -> str:
    if line.strip() == "...":
        return r"(?:.*\n)*?"
    return ".*".join(map(re.escape, line.rstrip().split("..."))) + r"\n"


def _lines(text: str) -> str:
    return "".join(f"{line.rstrip()}\n" for line in text.splitlines())


def pages() -> list[Path]:
    """Every page that people read."""
    found = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "examples/zCloud/README.md"]
    return [*found, *sorted((ROOT / "docs").rglob("*.md"))]


def fences(page: Path) -> Iterator[Fence]:
    text = page.read_text(encoding="utf-8")
    for found in _FENCE.finditer(text):
        line = text.count("\n", 0, found.start("text")) + 1
        yield Fence(page, line, found["language"], found["text"])


def commands(fence: Fence) -> Iterator[Command]:
    """The commands of a block; without `$ ` a line of a shell block is no command."""
    if fence.language not in SHELLS:
        return
    for part in re.split(r"^\$ ", fence.text, flags=re.MULTILINE)[1:]:
        typed, *output = part.rstrip("\n").split("\n")
        while typed.endswith("\\"):
            typed = f"{typed[:-1]}{output.pop(0).removeprefix('>').lstrip()}"
        code = _EXIT.search(typed)
        yield Command(
            place=f"{fence.place}: $ {typed}",
            text=_EXIT.sub("", typed),
            exit_code=int(code[1]) if code else 0,
            output=tuple(output),
        )
