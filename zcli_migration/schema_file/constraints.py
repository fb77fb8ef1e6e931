"""A table's own primary key and its lists of indexes, unique constraints, checks, exclusions."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias

import yaml

from zmigration_api import (
    Check,
    Deferral,
    Exclusion,
    Index,
    PrimaryKey,
    UniqueConstraint,
)

from .keys import one_of, require, unknown_item, without_sql
from .names import bare, check_columns, check_name, default_name
from .sql_keys import Keys, read_keys
from .values import expression
from .yaml_nodes import Entry, boolean, is_null, items, mapping, optional_text, text_of, texts
from .yaml_source import Source, line_of

_COLUMNS = ("fields", "columns")
_KEY_KEYS = frozenset(
    {
        *(*_COLUMNS, "name", "include", "deferrable", "on_conflict", "options"),
        *("comment", "index_comment"),
    }
)
_UNIQUE_KEYS = _KEY_KEYS | {"nulls_not_distinct"}
_INDEX_KEYS = frozenset(
    {
        *(*_COLUMNS, "name", "unique", "where", "method", "include", "nulls_not_distinct"),
        *("options", "comment"),
    }
)
CHECK_KEYS = frozenset({"name", "expression", "no_inherit", "not_valid", "comment"})
_EXCLUSION_KEYS = frozenset(
    {"name", "definition", "deferrable", "options", "comment", "index_comment"}
)
_CONFLICTS = ("ROLLBACK", "ABORT", "FAIL", "IGNORE", "REPLACE")

IndexLike: TypeAlias = Index | UniqueConstraint


class Scope(NamedTuple):
    """The table that a list belongs to: enough to check its columns and to name what it makes."""

    source: Source
    table: str
    columns: Sequence[str]

    def keys(self, node: yaml.Node, label: str) -> Keys:
        """The columns, or SQL, that a list, or one name, names."""
        found = read_keys(self.source, node, self.columns, f"The {label}")
        if label != "index" and len(found.columns) < len(found.keys):
            message = f"The {label} can be over columns alone"
            raise self.source.error(node, message, "a unique index may be over expressions")
        return found

    def default_name(self, prefix: str, parts: Sequence[str]) -> str:
        """The name of what has none: `idx_users_email`."""
        return default_name(prefix, bare(self.table, self.source.data_type), parts)

    def item(self, node: yaml.Node, known: frozenset[str], what: str, label: str) -> Item:
        """A mapping of a list, with nothing in it that is not known."""
        found = mapping(self.source, node, f"{what} {label}")
        unknown_item(self.source, found, known, f"The {label}")
        found = without_sql(self.source, found, known, f"The {label}")
        return Item(self, node, found, label)


class Item(NamedTuple):
    """One entry of a list in long form."""

    scope: Scope
    node: yaml.Node
    found: Mapping[str, Entry]
    label: str

    def value(self, key: str) -> yaml.Node | None:
        """The value of a key; None if the key is not there or null."""
        entry = self.found.get(key)
        return None if entry is None or is_null(entry.value) else entry.value

    def flag(self, key: str) -> bool:
        """Whether the key says yes."""
        node = self.value(key)
        return node is not None and bool(
            boolean(self.scope.source, node, f"{key} of the {self.label}")
        )

    def text(self, key: str) -> str | None:
        """The text of the key."""
        node = self.value(key)
        if node is None:
            return None
        return optional_text(self.scope.source, node, f"The {key} of the {self.label}")

    def expression(self, key: str) -> str | None:
        """The SQL of the key."""
        node = self.value(key)
        if node is None:
            return None
        return expression(self.scope.source, node, f"The {key} of the {self.label}")

    def texts(self, key: str) -> tuple[str, ...]:
        """The texts of the key's list."""
        node = self.value(key)
        if node is None:
            return ()
        return texts(self.scope.source, node, f"The {key} of the {self.label}")

    def columns(self, key: str) -> tuple[str, ...]:
        """The columns of the key's list; all of them are there."""
        node, (source, _, known) = self.value(key), self.scope
        if node is None:
            return ()
        what = f"{key} of the {self.label}"
        return check_columns(source, node, texts(source, node, "A column"), known, what)

    def keys(self) -> Keys:
        """What the item is over."""
        source, what = self.scope.source, f"The {self.label}"
        entry = one_of(source, self.found, _COLUMNS, what)
        entry = require(source, entry, self.node, f"{what} must have columns")
        return self.scope.keys(entry.value, self.label)

    def name(self, default: str) -> str:
        """The name that is given, else the default."""
        node = self.value("name")
        if node is None:
            return default
        source = self.scope.source
        return check_name(source, node, text_of(source, node, "The name"), self.label)

    def deferral(self) -> Deferral | None:
        """`deferrable`: true, or deferred, or neither."""
        node = self.value("deferrable")
        if node is None:
            return None
        text = text_of(self.scope.source, node, f"deferrable of the {self.label}")
        if text.lower() == "deferred":
            return "DEFERRABLE INITIALLY DEFERRED"
        return "DEFERRABLE" if self.flag("deferrable") else None

    def on_conflict(self) -> str | None:
        """What SQLite does with a row that is there already."""
        text, node = self.text("on_conflict"), self.value("on_conflict")
        if text is None or node is None:
            return None
        if text.upper() not in _CONFLICTS:
            known = ", ".join(_CONFLICTS).lower()
            message = f"on_conflict of the {self.label} cannot be {text!r}"
            raise self.scope.source.error(node, message, f"known here: {known}")
        return text.upper()


def primary_key(scope: Scope, node: yaml.Node) -> PrimaryKey | None:
    """The table's own `primary_key`: columns, or one mapping; None for null or an empty list."""
    parts = items(node)
    if not parts:
        return None
    if not any(isinstance(part, yaml.MappingNode) for part in parts):
        columns, keys = scope.keys(node, "primary key")
        return PrimaryKey(columns=columns, keys=keys)
    if len(parts) > 1:
        raise scope.source.error(parts[1], "A table has one primary key", "keep one mapping")
    item = scope.item(parts[0], _KEY_KEYS, "A", "primary key")
    columns, keys = item.keys()
    return PrimaryKey(
        columns=columns,
        keys=keys,
        include=item.columns("include"),
        deferral=item.deferral(),
        on_conflict=item.on_conflict(),
        options=item.texts("options"),
        name=item.name("") or None,
        comment=item.text("comment"),
        index_comment=item.text("index_comment"),
    )


def indexes(scope: Scope, node: yaml.Node) -> list[IndexLike]:
    """The table's `indexes`: each a column, a list of columns, or a mapping."""
    return [_index(scope, item) for item in items(node)]


def _index(scope: Scope, node: yaml.Node) -> IndexLike:
    if not isinstance(node, yaml.MappingNode):
        columns, keys = scope.keys(node, "index")
        name = scope.default_name("idx", _parts(columns, keys))
        return Index(columns=columns, keys=keys, name=name, line=line_of(node))
    item = scope.item(node, _INDEX_KEYS, "An", "index")
    columns, keys = item.keys()
    index = Index(
        columns=columns,
        keys=keys,
        unique=item.flag("unique"),
        where=item.expression("where"),
        method=item.text("method"),
        include=item.columns("include"),
        nulls_not_distinct=item.flag("nulls_not_distinct"),
        options=item.texts("options"),
        name=item.name(scope.default_name("idx", _parts(columns, keys))),
        comment=item.text("comment"),
        line=line_of(node),
    )
    return index if scope.source.exact else _as_constraint(index)


def _parts(columns: tuple[str, ...], keys: tuple[str, ...]) -> tuple[str, ...]:
    """What the default name of something over these is made of."""
    return (digest(", ".join(keys)),) if keys else columns


def _as_constraint(index: Index) -> IndexLike:
    """What an index in a file that is not exact asks for: the values are unique, somehow."""
    plain = Index(columns=index.columns, unique=True, name=index.name)
    if index != plain:
        return index
    return UniqueConstraint(
        columns=index.columns, name=index.name, comment=index.comment, line=index.line
    )


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
    if not isinstance(node, yaml.MappingNode):
        columns, keys = scope.keys(node, "unique constraint")
        name = scope.default_name("uq", _parts(columns, keys))
        return UniqueConstraint(columns=columns, keys=keys, name=name, line=line_of(node))
    item = scope.item(node, _UNIQUE_KEYS, "A", "unique constraint")
    columns, keys = item.keys()
    return UniqueConstraint(
        columns=columns,
        keys=keys,
        include=item.columns("include"),
        nulls_not_distinct=item.flag("nulls_not_distinct"),
        deferral=item.deferral(),
        on_conflict=item.on_conflict(),
        options=item.texts("options"),
        name=item.name(scope.default_name("uq", _parts(columns, keys))),
        comment=item.text("comment"),
        index_comment=item.text("index_comment"),
        line=line_of(node),
    )


def checks(scope: Scope, node: yaml.Node) -> list[Check]:
    """The table's `checks`: each an expression, `{name, expression}`, or `name: expression`."""
    return [_check(scope, item) for item in items(node)]


def _check(scope: Scope, node: yaml.Node) -> Check:
    source = scope.source
    if not isinstance(node, yaml.MappingNode):
        text = expression(source, node, "The check")
        return Check(name=_check_name(scope, text), expression=text, line=line_of(node))
    found = mapping(source, node, "A check")
    if len(found) == 1 and not found.keys() & CHECK_KEYS:
        (entry,) = found.values()
        name = check_name(source, entry.key_node, entry.key, "check")
        text = expression(source, entry.value, f"The check {name}")
        return Check(name=name, expression=text, line=line_of(node))
    item = scope.item(node, CHECK_KEYS, "A", "check")
    entry = require(source, item.found.get("expression"), node, "The check must have an expression")
    text = expression(source, entry.value, "The check")
    return Check(
        name=item.name(_check_name(scope, text)),
        expression=text,
        inherited=not item.flag("no_inherit"),
        valid=not item.flag("not_valid"),
        comment=item.text("comment"),
        line=line_of(node),
    )


def _check_name(scope: Scope, text: str) -> str:
    # Checks are compared by name, so a name must not depend on the place in the list.
    return scope.default_name("ck", (digest(text),))


def digest(text: str) -> str:
    """What stands for a text in a name."""
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def exclusions(scope: Scope, node: yaml.Node) -> list[Exclusion]:
    """The table's `exclusions`: each a mapping, or what stands after EXCLUDE in SQL."""
    return [_exclusion(scope, item) for item in items(node)]


def _exclusion(scope: Scope, node: yaml.Node) -> Exclusion:
    if not isinstance(node, yaml.MappingNode):
        text = expression(scope.source, node, "The exclusion")
        name = scope.default_name("ex", (digest(text),))
        return Exclusion(definition=text, name=name, line=line_of(node))
    item = scope.item(node, _EXCLUSION_KEYS, "An", "exclusion")
    message = "The exclusion must have a definition"
    entry = require(scope.source, item.found.get("definition"), node, message)
    text = expression(scope.source, entry.value, "The definition of the exclusion")
    return Exclusion(
        definition=text,
        deferral=item.deferral(),
        options=item.texts("options"),
        name=item.name(scope.default_name("ex", (digest(text),))),
        comment=item.text("comment"),
        index_comment=item.text("index_comment"),
        line=line_of(node),
    )
