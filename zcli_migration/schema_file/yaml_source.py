"""YAML (and JSON, and .zolo) as nodes that know their lines, with nothing constructed from them.

zCLI reads YAML 1.1, where `no` is false and `007` is seven; here every scalar is its own text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from zcli_migration import zolo_files
from zmigration_api import SchemaFileError

from .model import Warning_

_SAFE_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
MAX_DEPTH = 100
MAX_ALIASED = 100_000
CORE = "tag:yaml.org,2002:"
_KNOWN_TAGS = frozenset(
    CORE + tag
    for tag in ("str", "int", "float", "bool", "null", "timestamp", "merge", "value", "map", "seq")
)
_SURROGATES = re.compile(r"\\u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})", re.I)
BOM = "\ufeff"


class Loader(_SAFE_LOADER):  # type: ignore[misc]
    """PyYAML's safe loader, which looks at each word once: schemas have the same few."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._tags: dict[tuple[object, ...], str] = {}

    def resolve(self, kind: type[yaml.Node], value: str | None, implicit: Any) -> str:  # noqa: ANN401
        """The tag of a node that has none."""
        plain = implicit[0] if isinstance(implicit, tuple) else implicit
        known = (kind, value, plain)
        tag = self._tags.get(known)
        if tag is None:
            tag = self._tags[known] = str(super().resolve(kind, value, implicit))
        return tag


LOADER: Any = Loader


@dataclass(slots=True)
class Source:
    """The file that is being read: where errors point, and where warnings gather.

    `exact` and `data_type` are what its Meta says of them, for some words mean more or less there.
    """

    path: Path
    exact: bool = False
    data_type: str | None = None
    warnings: list[Warning_] = field(default_factory=list)

    def error(self, node: yaml.Node, message: str, hint: str | None = None) -> SchemaFileError:
        """The error to raise about that node."""
        line, column = position(node)
        return SchemaFileError(message, hint=hint, file=self.path, line=line, column=column)

    def error_at(self, line: int, message: str, hint: str | None = None) -> SchemaFileError:
        """The error to raise about that line."""
        return SchemaFileError(message, hint=hint, file=self.path, line=line)

    def warn(self, node: yaml.Node, message: str) -> None:
        """Remember what is odd about that node."""
        self.warnings.append(Warning_(message, self.path, *position(node)))


def position(node: yaml.Node) -> tuple[int, int]:
    """The node's line and column, from 1."""
    return node.start_mark.line + 1, node.start_mark.column + 1


def line_of(node: yaml.Node) -> int:
    """The node's line, from 1."""
    return int(node.start_mark.line) + 1


def compose(text: str, path: Path, *, exact: bool = False) -> yaml.MappingNode:
    """The one mapping that the text is; SchemaFileError with line and column for anything else.

    Aliases are resolved (the same node stands in several places), and no node is deeper than
    `MAX_DEPTH` with them, nor do they add more than `MAX_ALIASED` nodes. With `exact` every
    mark's index is that of the text (without its byte order mark), whatever that costs values.
    """
    root = _root(text.removeprefix(BOM), path, exact=exact)
    if root is None:
        raise SchemaFileError("The schema file is empty", hint=_SHAPE, file=path, line=1, column=1)
    source = Source(path)
    if not isinstance(root, yaml.MappingNode):
        raise source.error(root, "The schema file is not a mapping of Meta and tables", _SHAPE)
    _Inspection(source).inspect_root(root)
    return root


def _root(body: str, path: Path, *, exact: bool) -> yaml.Node | None:
    if path.suffix == zolo_files.SUFFIX:
        return zolo_files.compose(body, path)
    try:
        root = _compose(without_surrogates(body, exact=exact))
    except yaml.YAMLError as error:
        raise _syntax_error(error, body, path) from None
    if path.suffix == ".json":
        _require_json(body, path)
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
            raise _TooDeep(event)
        yield event


class _TooDeep(yaml.YAMLError):
    def __init__(self, event: yaml.Event) -> None:
        super().__init__("too deep")
        self.problem_mark = event.start_mark


def _compose(text: str) -> yaml.Node | None:
    # The C composer recurses without a limit, so nesting is measured before it is let loose;
    # each level needs one of these characters.
    if sum(map(text.count, _NESTING)) > MAX_DEPTH and _depth_at_most(text) > MAX_DEPTH:
        for _ in events(text):
            pass
    node: yaml.Node | None = yaml.compose(text, Loader=LOADER)
    return node


_NESTING = "[{:?-"


def _depth_at_most(text: str) -> int:
    """A depth that the text does not pass, by its indentation and its brackets.

    Two levels a space at most, one for each sign on a line, and the brackets that lines leave
    open; where quotes or a comment may hide what closes, nothing is taken as closed.
    """
    deepest, left_open = 0, 0
    for line in text.splitlines():
        indented = 2 * (len(line) - len(line.lstrip(" ")) + 1)
        deepest = max(deepest, indented + sum(map(line.count, _NESTING)))
        opened = line.count("[") + line.count("{")
        if opened and not (opened == line.count("]") + line.count("}") and _is_plain(line)):
            left_open += opened
    # Twice: brackets that stand in a key of the line which opened the first one hide others.
    return 2 * deepest + left_open


def _is_plain(line: str) -> bool:
    return "'" not in line and '"' not in line and "#" not in line


class Fact(NamedTuple):
    """What one parser event says, without where and in which style it says it."""

    kind: type[yaml.Event]
    anchor: str | None
    tag: str | None
    value: str | None


def event_facts(text: str) -> list[Fact]:
    """What the text says to a YAML parser, event by event."""
    return [
        Fact(type(event), *(getattr(event, name, None) for name in ("anchor", "tag", "value")))
        for event in events(without_surrogates(text, exact=True))
    ]


def without_surrogates(text: str, *, exact: bool) -> str:
    r"""JSON's escapes for characters beyond U+FFFF as YAML's `\U`, or as texts of equal length."""
    if "\\u" not in text:
        return text
    return _SURROGATES.sub(lambda pair: "?" * len(pair[0]) if exact else _joined(pair), text)


def _joined(match: re.Match[str]) -> str:
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
    if "duplicate anchor" in context:
        return "Two YAML anchors have the same name", "rename one of them"
    if "anchor" in context or "alias" in context:
        return "What follows the & or * is no YAML name", 'put it into quotes, as "&plugin.fn()"'
    if "another document" in problem:
        return "The schema file holds several YAML documents", "keep one, without `---` lines"
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
        """How many nodes a list or mapping is with its aliases written out, and levels."""
        if id(node) in self.measured:
            return self.count_alias(node)
        if id(node) in self.open:
            raise self.source.error(node, "The YAML anchor contains itself", "write it out")
        self.open.add(id(node))
        self.check_tag(node)
        size, height = 1, 0
        for child in _children(node):
            if isinstance(child, yaml.ScalarNode):
                if child.tag not in _KNOWN_TAGS or not _storable(child.value):
                    self.check_scalar(child)
                size += 1
            else:
                inner, levels = self.measure(child)
                size, height = size + inner, max(height, levels)
        self.open.discard(id(node))
        self.measured[id(node)] = (size, height + 1)
        return self.measured[id(node)]

    def count_alias(self, node: yaml.Node) -> tuple[int, int]:
        size, height = self.measured[id(node)]
        self.aliased += size
        if self.aliased > MAX_ALIASED:
            message = f"The YAML aliases stand for more than {MAX_ALIASED:,} nodes"
            raise self.source.error(node, message, "write the repeated parts out")
        return size, height

    def check_tag(self, node: yaml.Node) -> None:
        if node.tag not in _KNOWN_TAGS:
            shown = node.tag.replace(CORE, "!!")
            raise self.source.error(node, f"The YAML tag {shown} has no meaning here", "remove it")

    def check_scalar(self, node: yaml.ScalarNode) -> None:
        self.check_tag(node)
        if not _storable(node.value):
            raise self.source.error(node, "No store can keep this character", "remove it")


def _children(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    return list(node.value)


def _storable(text: str) -> bool:
    if text.isascii():
        return "\0" not in text
    return not any(c == "\0" or "\ud800" <= c <= "\udfff" for c in text)
