"""YAML (and JSON) as nodes that know their lines, with nothing constructed from them.

zCLI reads YAML 1.1, where `no` is false and `007` is seven; here every scalar is its own text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from zmigration_api import SchemaFileError

from .schema_model import Warning_

LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
MAX_DEPTH = 100
MAX_ALIASED = 100_000
CORE = "tag:yaml.org,2002:"
_KNOWN_TAGS = frozenset(
    CORE + tag
    for tag in ("str", "int", "float", "bool", "null", "timestamp", "merge", "value", "map", "seq")
)
_SURROGATES = re.compile(r"\\u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})", re.I)
BOM = "\ufeff"


@dataclass(slots=True)
class Source:
    """The file that is being read: where errors point, and where warnings gather."""

    path: Path
    warnings: list[Warning_] = field(default_factory=list)

    def error(self, node: yaml.Node, message: str, hint: str | None = None) -> SchemaFileError:
        """The error to raise about that node."""
        line, column = position(node)
        return SchemaFileError(message, hint=hint, file=self.path, line=line, column=column)

    def warn(self, node: yaml.Node, message: str) -> None:
        """Remember what is odd about that node."""
        self.warnings.append(Warning_(message, self.path, *position(node)))


def position(node: yaml.Node) -> tuple[int, int]:
    """The node's line and column, from 1."""
    return node.start_mark.line + 1, node.start_mark.column + 1


def line_of(node: yaml.Node) -> int:
    """The node's line, from 1."""
    return int(node.start_mark.line) + 1


def compose(text: str, path: Path) -> yaml.MappingNode:
    """The one mapping that the text is; SchemaFileError with line and column for anything else.

    Aliases are resolved (the same node stands in several places), and no node is deeper than
    `MAX_DEPTH` with them, nor do they add more than `MAX_ALIASED` nodes.
    """
    body = text.removeprefix(BOM)
    source = Source(path)
    try:
        root = _compose(_joined(body) if path.suffix == ".json" else body, path)
    except yaml.YAMLError as error:
        raise _syntax_error(error, body, path) from None
    if path.suffix == ".json":
        _require_json(body, path)
    if root is None:
        raise SchemaFileError("The schema file is empty", hint=_SHAPE, file=path, line=1, column=1)
    if not isinstance(root, yaml.MappingNode):
        raise source.error(root, "The schema file is not a mapping of Meta and tables", _SHAPE)
    _Inspection(source).inspect_root(root)
    return root


_SHAPE = "start it with `Meta:`, then one entry for each table"


def events(text: str) -> Iterator[yaml.Event]:
    """The parser's events, as far as they are no deeper than `MAX_DEPTH`."""
    depth = 0
    for event in yaml.parse(text, Loader=LOADER):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            raise _TooDeep(problem_mark=event.start_mark)
        yield event


class _TooDeep(yaml.MarkedYAMLError):
    pass


def _compose(text: str, path: Path) -> yaml.Node | None:
    # The C composer recurses without a limit, so nesting is measured before it is let loose.
    for _ in events(text):
        pass
    node: yaml.Node | None = yaml.compose(text, Loader=LOADER)
    return node


def _joined(text: str) -> str:
    """JSON's surrogate pairs as the one escape that YAML knows."""
    return _SURROGATES.sub(_pair, text)


def _pair(match: re.Match[str]) -> str:
    high, low = int(match[1], 16), int(match[2], 16)
    return f"\\U{0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00):08X}"


def _require_json(text: str, path: Path) -> None:
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        raise SchemaFileError(
            f"The file is not JSON: {error.msg}",
            hint="zCLI reads .json files as JSON alone; correct it, or name the file .yaml",
            file=path,
            line=error.lineno,
            column=error.colno,
        ) from None


def _syntax_error(error: yaml.YAMLError, text: str, path: Path) -> SchemaFileError:
    if isinstance(error, yaml.reader.ReaderError):
        return _control_character(error, text, path)
    mark = getattr(error, "problem_mark", None)
    index = mark.index if mark else 0
    message, hint = _explain(error, text[index : index + 1])
    line, column = (mark.line + 1, mark.column + 1) if mark else (None, None)
    return SchemaFileError(message, hint=hint, file=path, line=line, column=column)


def _control_character(error: yaml.reader.ReaderError, text: str, path: Path) -> SchemaFileError:
    before = text[: error.position]
    return SchemaFileError(
        "A control character stands in the schema file",
        hint='remove it, or write it as an escape in double quotes, such as "\\x07"',
        file=path,
        line=before.count("\n") + 1,
        column=len(before) - before.rfind("\n"),
    )


def _explain(error: yaml.YAMLError, character: str) -> tuple[str, str]:
    problem = str(getattr(error, "problem", None) or "it cannot be parsed")
    context = str(getattr(error, "context", None) or "")
    if isinstance(error, _TooDeep):
        return f"The schema file is nested more than {MAX_DEPTH} levels deep", "make it flatter"
    if character == "\t":
        return "A tab cannot indent YAML", "indent with spaces"
    if character in ("@", "%", "`") and "cannot start any token" in problem:
        return f"A YAML value cannot start with {character}", "put the value into quotes"
    if "anchor" in context or "alias" in context:
        return "What follows the & or * is no YAML name", 'put it into quotes, as "&plugin.fn()"'
    if "another document" in problem:
        return "The schema file holds several YAML documents", "keep one, without `---` lines"
    if "duplicate anchor" in context:
        return "Two YAML anchors have the same name", "rename one of them"
    if "undefined alias" in problem:
        return "No YAML anchor has this name before here", "define it above with &, or quote it"
    return f"The file is not valid YAML: {problem}", "check colons, quotes and indentation"


class _Inspection:
    """One walk over all nodes: their tags and texts, how deep they are, how often they stand."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.measured: dict[int, tuple[int, int]] = {}
        self.open: set[int] = set()
        self.aliased = 0

    def inspect_root(self, root: yaml.Node) -> None:
        _, height = self.measure(root)
        if height > MAX_DEPTH:
            raise self.source.error(root, f"Aliases nest more than {MAX_DEPTH} levels deep")

    def measure(self, node: yaml.Node) -> tuple[int, int]:
        """How many nodes it is with its aliases written out, and how many levels."""
        if id(node) in self.measured:
            return self.count_alias(node)
        if id(node) in self.open:
            raise self.source.error(node, "The YAML anchor contains itself")
        self.check(node)
        self.open.add(id(node))
        sizes = [self.measure(child) for child in _children(node)]
        self.open.discard(id(node))
        height = 1 + max((height for _, height in sizes), default=0)
        self.measured[id(node)] = (1 + sum(size for size, _ in sizes), height)
        return self.measured[id(node)]

    def count_alias(self, node: yaml.Node) -> tuple[int, int]:
        size, height = self.measured[id(node)]
        self.aliased += size
        if self.aliased > MAX_ALIASED:
            message = f"The YAML aliases stand for more than {MAX_ALIASED:,} nodes"
            raise self.source.error(node, message, "write the repeated parts out")
        return size, height

    def check(self, node: yaml.Node) -> None:
        if node.tag not in _KNOWN_TAGS:
            shown = node.tag.replace(CORE, "!!")
            raise self.source.error(node, f"The YAML tag {shown} has no meaning here", "remove it")
        if isinstance(node, yaml.ScalarNode) and not _storable(node.value):
            raise self.source.error(node, "No store can keep this character", "remove it")


def _children(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def _storable(text: str) -> bool:
    if text.isascii():
        return "\0" not in text
    return not any(c == "\0" or "\ud800" <= c <= "\udfff" for c in text)
