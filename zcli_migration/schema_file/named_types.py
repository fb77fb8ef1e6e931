"""`zTypes` of Meta: the named types that a database keeps beside its tables."""

from __future__ import annotations

from collections.abc import Mapping

import yaml

from zmigration_api import NamedType

from .keys import unknown_item
from .meta import find_meta
from .names import check_name
from .values import expression
from .yaml_nodes import Entry, is_null, mapping, optional_text, shown, text_of, texts
from .yaml_source import Source, line_of

_KEYS = frozenset({"enum", "domain", "comment", "renamed_from"})
_KINDS = ("enum", "domain")


def read_types(source: Source, root: yaml.MappingNode) -> tuple[NamedType, ...]:
    """The named types that Meta lists; CSV files have none, of which a warning is given."""
    entry = mapping(source, find_meta(source, root).value, "Meta").get("zTypes")
    if entry is None:
        return ()
    if source.data_type == "csv":
        source.warn(entry.key_node, "CSV files keep no named types; zTypes is ignored")
        return ()
    return tuple(_type(source, one) for one in mapping(source, entry.value, "zTypes").values())


def _type(source: Source, entry: Entry) -> NamedType:
    name = check_name(source, entry.key_node, entry.key, "type")
    found = mapping(source, entry.value, f"The type {name}")
    unknown_item(source, found, _KEYS, f"The type {name}")
    kinds = [key for key in _KINDS if key in found and not is_null(found[key].value)]
    if len(kinds) != 1:
        message = f"The type {name} must be either an enum or a domain"
        raise source.error(entry.key_node, message, "write `enum: [a, b]` or `domain: text`")
    node = found[kinds[0]].value
    enum = kinds == ["enum"]
    return NamedType(
        name=name,
        kind="enum" if enum else "domain",
        values=_values(source, node, name) if enum else (),
        definition="" if enum else expression(source, node, f"The domain {name}"),
        comment=_text(source, found, "comment", name),
        renamed_from=_text(source, found, "renamed_from", name),
        line=line_of(entry.key_node),
    )


def _text(source: Source, found: Mapping[str, Entry], key: str, name: str) -> str | None:
    what = f"The {key} of the type {name}"
    return optional_text(source, found[key].value, what) if key in found else None


def _values(source: Source, node: yaml.Node, name: str) -> tuple[str, ...]:
    if not isinstance(node, yaml.SequenceNode):
        raise source.error(node, f"The enum of the type {name} must be a list, not {shown(node)}")
    values = texts(source, node, f"A value of the type {name}")
    for position, item in enumerate(node.value):
        text = text_of(source, item, "A value")
        if text in values[:position]:
            raise source.error(item, f"The enum of the type {name} has {text} twice")
    return values
