"""What a node says, by this project's rules: names, texts, booleans, numbers, lists."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import yaml

from .yaml_source import CORE, Source, line_of

_TRUE = frozenset({"true", "yes", "on"})
_FALSE = frozenset({"false", "no", "off"})


class Entry(NamedTuple):
    """One `key: value` of a mapping; the key is always the text that stands there."""

    key: str
    key_node: yaml.ScalarNode
    value: yaml.Node


def entries(source: Source, node: yaml.MappingNode) -> list[Entry]:
    """The mapping's entries, merged ones (`<<`) first; the same key twice is an error."""
    own: dict[str, Entry] = {}
    merged: dict[str, Entry] = {}
    for key_node, value in node.value:
        if not isinstance(key_node, yaml.ScalarNode):
            raise source.error(key_node, "A key must be a plain name, not a list or a mapping")
        if key_node.tag == CORE + "merge":
            merged = {**{e.key: e for e in _merged(source, value)}, **merged}
        else:
            _add(source, own, Entry(key_node.value, key_node, value))
    return list({**merged, **own}.values())


def _add(source: Source, own: dict[str, Entry], entry: Entry) -> None:
    first = own.setdefault(entry.key, entry)
    if first is not entry:
        raise source.error(
            entry.key_node,
            f"The key {entry.key} is there twice, first in line {line_of(first.key_node)}",
            "keep one of them (zCLI would silently take the last)",
        )


def _merged(source: Source, node: yaml.Node) -> Iterator[Entry]:
    if isinstance(node, yaml.MappingNode):
        yield from entries(source, node)
    elif isinstance(node, yaml.SequenceNode):
        for part in reversed(node.value):
            yield from _merged(source, part)
    else:
        raise source.error(node, "What `<<` merges must be a mapping", "refer to an anchor: *name")


def is_null(node: yaml.Node) -> bool:
    """Whether the node is a null: nothing, `~` or an unquoted `null`."""
    return node.tag == CORE + "null"


def text_of(source: Source, node: yaml.Node, what: str) -> str:
    """The text of a scalar; an error for null, a list or a mapping."""
    if not isinstance(node, yaml.ScalarNode):
        raise source.error(node, f"{what} must be one value, not a list or a mapping")
    if is_null(node):
        raise source.error(node, f"{what} has no value")
    return str(node.value)


def optional_text(source: Source, node: yaml.Node, what: str) -> str | None:
    """The text of a scalar, or None for null."""
    return None if is_null(node) else text_of(source, node, what)


def boolean(source: Source, node: yaml.Node, what: str) -> bool | None:
    """True, false, or None for null."""
    if is_null(node):
        return None
    word = text_of(source, node, what).lower()
    if word not in _TRUE | _FALSE:
        raise source.error(node, f"{what} must be true or false, not {shown(node)}")
    if node.tag != CORE + "bool":
        meant = "true" if word in _TRUE else "false"
        source.warn(node, f"zCLI takes this {word} for a text; write {meant}, without quotes")
    return word in _TRUE


def whole(source: Source, node: yaml.Node, what: str, smallest: int = 0) -> int:
    """A whole number of at most nine digits."""
    text = text_of(source, node, what)
    if not (text.isascii() and text.isdigit() and len(text) <= 9) or int(text) < smallest:
        message = f"{what} must be a whole number from {smallest} up, not {shown(node)}"
        raise source.error(node, message)
    return int(text)


def items(node: yaml.Node) -> list[yaml.Node]:
    """The items of a list; anything else is a list of itself, and null an empty one."""
    if isinstance(node, yaml.SequenceNode):
        return list(node.value)
    return [] if is_null(node) else [node]


def texts(source: Source, node: yaml.Node, what: str) -> tuple[str, ...]:
    """The texts of a list of scalars, or of one."""
    return tuple(text_of(source, item, what) for item in items(node))


def mapping(source: Source, node: yaml.Node, what: str) -> dict[str, Entry]:
    """The entries of a mapping by key; null is an empty one."""
    if is_null(node):
        return {}
    if not isinstance(node, yaml.MappingNode):
        raise source.error(node, f"{what} must be a mapping, not {shown(node)}")
    return {entry.key: entry for entry in entries(source, node)}


def plain(source: Source, node: yaml.Node) -> object:
    """The node as dicts, lists, texts and None."""
    if isinstance(node, yaml.MappingNode):
        return {e.key: plain(source, e.value) for e in entries(source, node)}
    if isinstance(node, yaml.SequenceNode):
        return [plain(source, item) for item in node.value]
    return None if is_null(node) else node.value


def shown(node: yaml.Node) -> str:
    """The node in a message."""
    if isinstance(node, yaml.ScalarNode):
        text = str(node.value)
        return repr(text if len(text) <= 40 else f"{text[:40]}…")
    return "a list" if isinstance(node, yaml.SequenceNode) else "a mapping"


def host_value(node: yaml.ScalarNode) -> Any:  # noqa: ANN401
    """What zCLI's YAML 1.1 makes of the scalar."""
    if node.tag in (CORE + "str", CORE + "merge", CORE + "value"):
        return node.value
    try:
        return yaml.safe_load(node.value)
    except (ValueError, yaml.YAMLError):
        return node.value


def warn_of_key(source: Source, entry: Entry) -> None:
    """Warn if zCLI takes the key for something else than a text."""
    host = host_value(entry.key_node)
    if not isinstance(host, str):
        source.warn(
            entry.key_node,
            f'zCLI itself reads the name {entry.key} as {host!r}; quote it: "{entry.key}"',
        )
