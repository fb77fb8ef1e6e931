"""Editing `zMigrationVersion` in a schema file's text and leaving every other byte as it is."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import yaml

from zcli_migration.zolo_files import SUFFIX as ZOLO
from zmigration_api import Version

from .meta import find_meta
from .yaml_source import BOM, CORE, Source, compose, event_facts
from .zolo_version import with_zolo_version

KEY = "zMigrationVersion"
_TEXT_TAGS = (None, "!", CORE + "str")  # another tag would not let zCLI read a version
_LINE_END = re.compile(r"\r\n|\n|\r")


class _Pair(NamedTuple):
    key: yaml.ScalarNode
    value: yaml.Node


@lru_cache(maxsize=1024)  # asked before a run whether it can be done, and again to do it
def with_version(text: str, version: Version, path: Path | None = None) -> str:
    """The text with that version in it; a path that ends with `.zolo` says how to read it.

    Only the version's own characters are replaced; where there is none, a line (or, in JSON and
    flow style, an item) is added. SchemaFileError where that cannot be done for certain.
    """
    if path is not None and path.suffix == ZOLO:
        return with_zolo_version(text, version, path)
    mark = BOM if text.startswith(BOM) else ""
    body = text.removeprefix(BOM)
    source = Source(path or Path("the schema file"))
    section = find_meta(source, compose(text, source.path, exact=True)).value
    assert isinstance(section, yaml.MappingNode)
    pairs = [_Pair(*pair) for pair in section.value]
    written = next((pair for pair in pairs if pair.key.value == KEY), None)
    if written:
        edited = _replaced(body, written, str(version))
    else:
        edited = _inserted(body, section, pairs, str(version))
    if edited is None or not _differ_in_version(body, edited, str(version)):
        node = written.key if written else section
        hint = f"write `{KEY}: {version}` yourself, on one line of its own"
        raise source.error(node, f"{KEY} cannot be changed safely as it is written here", hint)
    return mark + edited


def _replaced(text: str, pair: _Pair, version: str) -> str | None:
    value = pair.value
    if not isinstance(value, yaml.ScalarNode) or value.start_mark.index < pair.key.end_mark.index:
        return None
    start, end = value.start_mark.index, value.end_mark.index
    edited = _scalar(text[start:end], value, pair.key, version)
    if edited is None:
        return None
    gap = " " if start == end and text[start - 1] == ":" else ""
    return text[:start] + gap + edited + text[end:]


def _scalar(written: str, node: yaml.ScalarNode, key: yaml.ScalarNode, version: str) -> str | None:
    """The scalar as it is written, tag and quotes included, with the version as its value."""
    if node.style in ('"', "'"):
        quote: str = node.style
        return written[: written.index(quote)] + quote + version + quote
    if node.style in ("|", ">"):
        old = str(node.value).strip()
        head, line_end, content = written.partition("\n")
        return head + line_end + content.replace(old, version, 1) if old else None
    if not written.endswith(node.value):
        return None
    quote = '"' if key.style == '"' else ""
    return written[: len(written) - len(node.value)] + quote + version + quote


def _inserted(text: str, section: yaml.MappingNode, pairs: list[_Pair], version: str) -> str | None:
    if not pairs:
        return None
    switch = next((pair for pair in pairs if pair.key.value == "zMigration"), None)
    near = (switch or pairs[0]).key
    quote = near.style if near.style in ('"', "'") else ""
    item = f"{quote}{KEY}{quote}: {quote}{version}{quote}"
    indent = text[_line_start(text, near.start_mark.index) : near.start_mark.index]
    alone = not indent.strip()
    if section.flow_style:
        gap = _line_end(text, near.start_mark.index) + indent if alone else " "
        if switch:
            return _put(text, switch.value.end_mark.index, f",{gap}{item}")
        return _put(text, near.start_mark.index, f"{item},{gap}")
    if not alone:
        return None
    if switch:
        return _put_after_line(text, switch.value, indent + item)
    line = indent + item + _line_end(text, near.start_mark.index)
    return _put(text, _line_start(text, near.start_mark.index), line)


def _put(text: str, index: int, piece: str) -> str:
    return text[:index] + piece + text[index:]


def _put_after_line(text: str, node: yaml.Node, line: str) -> str:
    after = node.end_mark.index
    match = _LINE_END.search(text, after)
    return _put(text, match.start() if match else len(text), _line_end(text, after) + line)


def _line_start(text: str, index: int) -> int:
    return max(text.rfind("\n", 0, index), text.rfind("\r", 0, index)) + 1


def _line_end(text: str, index: int) -> str:
    """The line end that stands next, else the first one of the text, else a line feed."""
    match = _LINE_END.search(text, index) or _LINE_END.search(text)
    return match[0] if match else "\n"


def _differ_in_version(old_text: str, new_text: str, version: str) -> bool:
    """Whether YAML itself sees the new version and no other difference."""
    if old_text == new_text:
        return True
    try:
        old, new = event_facts(old_text), event_facts(new_text)
    except yaml.YAMLError:
        return False
    if old == new:
        return False
    at = next(i for i, (one, other) in enumerate(zip(old, new, strict=False)) if one != other)
    if len(old) == len(new):
        is_text = new[at].value == version and new[at].tag in _TEXT_TAGS
        return is_text and old[at + 1 :] == new[at + 1 :]
    added = [fact.value for fact in new[at : at + 2]]
    return added == [KEY, version] and old[at:] == new[at + 2 :]
