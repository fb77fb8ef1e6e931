"""`.zolo` files as the nodes that YAML files are read to, with the parser that zolo-os uses.

That parser (`zlsp`) is no dependency: its licence adds conditions, and zolo-zcli has no such files.
What it gives are plain values; where they stand is found from its tokens.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from zmigration_api import SchemaFileError

SUFFIX = ".zolo"
NO_PARSER = "reading it takes the package zolo-lsp (pip install zolo-lsp), or write it as YAML"

_CORE = "tag:yaml.org,2002:"
_LINE = re.compile(r" at line (\d+)")
_FAILED_KEY = re.compile(r"Failed to convert key '([^']*)'")
_EXACT = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?")
_MAX_DEPTH = 100  # as for YAML


def parser() -> Any:  # noqa: ANN401
    """The module that reads `.zolo` files; None where it is not importable."""
    try:
        return importlib.import_module("zlsp.parser")
    except ImportError:
        return None


def values(text: str, path: Path) -> Any:  # noqa: ANN401
    """What zolo-os reads in the text; SchemaFileError, with the line if it is told."""
    reads = parser()
    if reads is None:
        raise SchemaFileError("A .zolo file cannot be read here", hint=NO_PARSER, file=path)
    try:
        return reads.loads(_as_read(text), filename=path.name)
    except RecursionError:
        raise _too_deep(path) from None
    except Exception as error:  # the parser lets those of its own conversions through
        raise _refused(error, text, path) from None


def _as_read(text: str) -> str:
    """The text as a file opened for reading gives it, without a byte order mark."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def _too_deep(path: Path) -> SchemaFileError:
    message = f"The schema file is nested more than {_MAX_DEPTH} levels deep"
    return SchemaFileError(message, hint="make it flatter", file=path)


def _refused(error: Exception, text: str, path: Path) -> SchemaFileError:
    said = str(error).removeprefix("Parsing error: ")
    first = said.partition("\n")[0].strip().rstrip(".")
    sentence = _LINE.sub("", first) or type(error).__name__
    return SchemaFileError(
        f"The file is not valid .zolo: {sentence}",
        hint="zolo-os reads it no better; correct it",
        file=path,
        line=_line_of(said, first, _as_read(text).split("\n")),
    )


def _line_of(said: str, first: str, lines: Sequence[str]) -> int | None:
    """The line that the parser means, if it is told or can be found."""
    if "indentation" in first:  # the parser has left comments and blank lines out when it counts
        return _first_odd_indentation(lines)
    if key := _FAILED_KEY.match(said):
        hinted = re.compile(rf"\s*{re.escape(key[1])}\(")
        found = [number for number, line in enumerate(lines, 1) if hinted.match(line)]
        return found[0] if len(found) == 1 else None
    told = _LINE.search(said)
    return int(told[1]) if told else None


def _first_odd_indentation(lines: Sequence[str]) -> int | None:
    usual: set[str] = set()
    for number, line in enumerate(lines, 1):
        content = line.lstrip()
        indentation = set(line[: len(line) - len(content)])
        if content and indentation and not content.startswith("#"):
            usual = usual or indentation
            if indentation != usual or len(indentation) > 1:
                return number
    return None


def compose(text: str, path: Path) -> yaml.Node | None:
    """The text as nodes with their lines; SchemaFileError for what cannot be read."""
    data = values(text, path)
    if data is None:
        return None
    written = _Written(path, (body := _as_read(text)).split("\n"), _tokens(body, path))
    _refuse_lost_lines(written, path)
    return written.node(data, _Place(0, 0), 0)


def _tokens(text: str, path: Path) -> list[_Token]:
    """The tokens in the order of the text."""
    try:
        found = parser().tokenize(text, filename=path.name)
    except Exception as error:  # it lets those of its own conversions through
        raise _refused(error, text, path) from None
    if found.errors:
        raise _refused(ValueError(found.errors[0]), text, path)
    lines = text.split("\n")
    tokens = (
        _Token(
            line=token.line,
            last_line=token.range.end.line,
            column=token.start_char,
            text=_piece(lines, token),
            is_key=token.token_type.name.endswith("_KEY"),
        )
        for token in found.tokens
    )
    return sorted(tokens, key=lambda token: (token.line, token.column))


def _refuse_lost_lines(written: _Written, path: Path) -> None:
    """The parser passes over what it does not understand: a column could go that way."""
    told = {line for token in written.tokens for line in range(token.line, token.last_line + 1)}
    for number, line in enumerate(written.lines):
        if line.strip() and number not in told and not line.lstrip().startswith("#"):
            raise SchemaFileError(
                f"zolo-os reads nothing in this line: {line.strip()[:40]}",
                hint="write a key, a colon and a value",
                file=path,
                line=number + 1,
            )


class _Place(NamedTuple):
    """A line and a column, both from 0."""

    line: int
    column: int

    @property
    def mark(self) -> yaml.Mark:
        return yaml.Mark("", 0, self.line, self.column, None, 0)


class _Token(NamedTuple):
    line: int
    last_line: int
    column: int
    text: str
    is_key: bool


@dataclass(slots=True)
class _Written:
    """The tokens of a text in order, and how far they have been passed."""

    path: Path
    lines: list[str]
    tokens: Sequence[_Token]
    passed: int = 0

    def node(self, value: Any, place: _Place, depth: int) -> yaml.Node:  # noqa: ANN401
        if depth > _MAX_DEPTH:
            raise _too_deep(self.path)
        if isinstance(value, dict):
            pairs = [self.pair(str(key), inner, place, depth) for key, inner in value.items()]
            return yaml.MappingNode(_CORE + "map", pairs, place.mark, place.mark)
        if isinstance(value, list):
            items = [self.node(item, self.place_of_value(item, place), depth + 1) for item in value]
            return yaml.SequenceNode(_CORE + "seq", items, place.mark, place.mark)
        tag, text = self.scalar(value)
        return yaml.ScalarNode(_CORE + tag, text, place.mark, place.mark)

    def pair(
        self,
        key: str,
        value: Any,  # noqa: ANN401
        above: _Place,
        depth: int,
    ) -> tuple[yaml.Node, yaml.Node]:
        place = self.find(key, key=True) or above
        key_node = yaml.ScalarNode(_CORE + "str", key, place.mark, place.mark)
        return key_node, self.node(value, self.place_of_value(value, place), depth + 1)

    def place_of_value(self, value: Any, above: _Place) -> _Place:  # noqa: ANN401
        if isinstance(value, str) and value:
            return self.find(value, key=False) or above
        return above

    def find(self, text: str, *, key: bool) -> _Place | None:
        """Where the next token with that text is; it and those before it have been passed then."""
        for number in range(self.passed, len(self.tokens)):
            token = self.tokens[number]
            if token.is_key == key and token.text == text:
                self.passed = number + 1
                return _Place(token.line, token.column)
            if not key and token.is_key:
                break  # a value stands before the next key
        return None

    def scalar(self, value: Any) -> tuple[str, str]:  # noqa: ANN401
        """The tag and the text; a plain decimal keeps its own digits."""
        if value is None:
            return "null", ""
        if isinstance(value, bool):
            return "bool", str(value).lower()
        if isinstance(value, int | float):
            return "float" if isinstance(value, float) else "int", self.digits(value)
        return "str", str(value)

    def digits(self, value: float) -> str:
        for token in self.tokens[self.passed :]:
            if token.is_key:
                break
            if _EXACT.fullmatch(token.text) and float(token.text) == value:
                return token.text
        return repr(value)


def _piece(lines: list[str], token: Any) -> str:  # noqa: ANN401
    line = lines[token.line] if token.line < len(lines) else ""
    return str(line[token.start_char : token.start_char + token.length])
