"""A table's lists of indexes, unique constraints and checks."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import yaml

from zmigration_api import Check, Index, UniqueConstraint

from .keys import one_of, require, unknown_item
from .names import check_columns, check_name, default_name
from .values import expression
from .yaml_nodes import Entry, boolean, is_null, items, mapping, text_of, texts
from .yaml_source import Source, line_of

_COLUMNS = ("fields", "columns")
_INDEX_KEYS = frozenset({*_COLUMNS, "name", "unique", "where"})
_UNIQUE_KEYS = frozenset({*_COLUMNS, "name"})
_CHECK_KEYS = frozenset({"name", "expression"})

IndexLike: TypeAlias = Index | UniqueConstraint


class Scope(NamedTuple):
    """The table that a list belongs to: enough to check its columns and to name what it makes."""

    source: Source
    table: str
    columns: Sequence[str]

    def named_columns(self, node: yaml.Node, what: str) -> tuple[str, ...]:
        """The columns that a list, or one name, names; all of them are there."""
        return check_columns(
            self.source, node, texts(self.source, node, "A column"), self.columns, what
        )

    def name(self, found: dict[str, Entry], default: str, what: str) -> str:
        """The name that is given, else the default."""
        if "name" not in found or is_null(found["name"].value):
            return default
        node = found["name"].value
        return check_name(self.source, node, text_of(self.source, node, "The name"), what)


def primary_key_columns(scope: Scope, node: yaml.Node) -> tuple[str, ...]:
    """The columns of the table's own `primary_key`; none for null or an empty list."""
    return scope.named_columns(node, "The primary key") if items(node) else ()


def indexes(scope: Scope, node: yaml.Node) -> list[IndexLike]:
    """The table's `indexes`: each a column, a list of columns, or a mapping."""
    return [_index(scope, item) for item in items(node)]


def _index(scope: Scope, node: yaml.Node) -> IndexLike:
    if not isinstance(node, yaml.MappingNode):
        columns = scope.named_columns(node, "The index")
        return _plain_index(scope, node, columns, {})
    found = mapping(scope.source, node, "An index")
    unknown_item(scope.source, found, _INDEX_KEYS, "The index")
    entry = one_of(scope.source, found, _COLUMNS, "The index")
    entry = require(scope.source, entry, node, "The index must have columns")
    return _plain_index(scope, node, scope.named_columns(entry.value, "The index"), found)


def _plain_index(
    scope: Scope, node: yaml.Node, columns: tuple[str, ...], found: dict[str, Entry]
) -> IndexLike:
    name = scope.name(found, default_name("idx", scope.table, columns), "index")
    unique = "unique" in found and bool(
        boolean(scope.source, found["unique"].value, "unique of the index")
    )
    where = None
    if "where" in found and not is_null(found["where"].value):
        where = expression(scope.source, found["where"].value, "The where of the index")
    if unique and where is None:
        return UniqueConstraint(columns=columns, name=name, line=line_of(node))
    return Index(columns=columns, unique=unique, where=where, name=name, line=line_of(node))


def unique_constraints(scope: Scope, node: yaml.Node) -> list[UniqueConstraint]:
    """The table's `unique`: each a column, a list of columns, or a mapping with a name."""
    parts = items(node)
    if len(parts) > 1 and all(isinstance(part, yaml.ScalarNode) for part in parts):
        names = ", ".join(texts(scope.source, node, "A column"))
        scope.source.warn(
            node, f"Each of {names} is unique by itself; for one over all write [[{names}]]"
        )
    return [_unique(scope, part) for part in parts]


def _unique(scope: Scope, node: yaml.Node) -> UniqueConstraint:
    found: dict[str, Entry] = {}
    listed = node
    if isinstance(node, yaml.MappingNode):
        found = mapping(scope.source, node, "A unique constraint")
        unknown_item(scope.source, found, _UNIQUE_KEYS, "The unique constraint")
        entry = one_of(scope.source, found, _COLUMNS, "The unique constraint")
        message = "The unique constraint must have columns"
        listed = require(scope.source, entry, node, message).value
    columns = scope.named_columns(listed, "The unique constraint")
    name = scope.name(found, default_name("uq", scope.table, columns), "unique constraint")
    return UniqueConstraint(columns=columns, name=name, line=line_of(node))


def checks(scope: Scope, node: yaml.Node) -> list[Check]:
    """The table's `checks`: each an expression, `{name, expression}`, or `name: expression`."""
    return [_check(scope, item) for item in items(node)]


def _check(scope: Scope, node: yaml.Node) -> Check:
    if not isinstance(node, yaml.MappingNode):
        text = expression(scope.source, node, "The check")
        return _named_check(scope, node, {}, text)
    found = mapping(scope.source, node, "A check")
    if len(found) == 1 and not found.keys() & _CHECK_KEYS:
        (entry,) = found.values()
        name = check_name(scope.source, entry.key_node, entry.key, "check")
        text = expression(scope.source, entry.value, f"The check {name}")
        return Check(name=name, expression=text, line=line_of(node))
    unknown_item(scope.source, found, _CHECK_KEYS, "The check")
    entry = require(
        scope.source, found.get("expression"), node, "The check must have an expression"
    )
    text = expression(scope.source, entry.value, "The check")
    return _named_check(scope, node, found, text)


def _named_check(scope: Scope, node: yaml.Node, found: dict[str, Entry], text: str) -> Check:
    # Checks are compared by name, so a name must not depend on the place in the list.
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    name = scope.name(found, default_name("ck", scope.table, (digest,)), "check")
    return Check(name=name, expression=text, line=line_of(node))
