"""The words that a schema file may use, and what is said of those that it may not."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

import yaml

from .names import nearest
from .yaml_nodes import Entry
from .yaml_source import Source, line_of

FIELD_ALIASES = {
    "primary_key": "pk",
    "autoincrement": "auto_increment",
    "index": "indexed",
    "fk": "foreign_key",
    "description": "comment",
}
FIELD_KEYS = frozenset(
    {
        "type",
        "pk",
        "auto_increment",
        "required",
        "nullable",
        "unique",
        "default",
        "indexed",
        "foreign_key",
        "on_delete",
        "on_update",
        "rules",
        "enum",
        "comment",
        "renamed_from",
        "backfill",
        "using",
        "generated",
        "db_type",
        "precision",
        "scale",
        "default_sql",
        "virtual",
        "collation",
        "identity",
        "attributes",
    }
)
# What zCLI itself, in one version or another, does with rows; migrations have no part in it.
APP_KEYS = frozenset(
    {
        "immutable",
        "transform",
        "version",
        "max_size",
        "blob_input",
        "zHash",
        "error_message",
        "validator",
    }
)
RULE_KEYS = frozenset(
    {
        "min_length",
        "max_length",
        "min",
        "max",
        "pattern",
        "pattern_message",
        "format",
        "validator",
        "error_message",
    }
)
TABLE_KEYS = frozenset(
    {
        "primary_key",
        "indexes",
        "unique",
        "checks",
        "foreign_keys",
        "exclusions",
        "options",
        "renamed_from",
        "comment",
    }
)
# The same, where a column has the first name.
TABLE_ALIASES = {
    "zPrimaryKey": "primary_key",
    "zIndexes": "indexes",
    "zUnique": "unique",
    "zChecks": "checks",
    "zForeignKeys": "foreign_keys",
    "zExclusions": "exclusions",
    "zOptions": "options",
    "zComment": "comment",
}
# Facts that no folder of CSV files keeps.
SQL_ONLY = frozenset(
    {
        "virtual",
        "collation",
        "identity",
        "attributes",
        "exclusions",
        "options",
        "include",
        "index_comment",
        "method",
        "nulls_not_distinct",
        "deferrable",
        "on_conflict",
        "no_inherit",
        "not_valid",
        "match",
        "set_columns",
    }
)
RESERVED = frozenset({"constraints", "zConstraints", "soft_delete", "view"})
EVENT_KEY = re.compile(r"on(Before|After)[A-Z]\w*")


def canonical(
    source: Source, found: Mapping[str, Entry], aliases: Mapping[str, str]
) -> dict[str, Entry]:
    """The entries under the first spelling of each key; two spellings must say the same."""
    result: dict[str, Entry] = {}
    for key, entry in found.items():
        first = result.setdefault(aliases.get(key, key), entry)
        if first is not entry and aliases.get(key, key) != "comment":
            _require_same(source, first, entry)
    return result


def _require_same(source: Source, first: Entry, second: Entry) -> None:
    same = getattr(first.value, "value", None) == getattr(second.value, "value", None)
    if not same or not isinstance(first.value, yaml.ScalarNode):
        message = f"{second.key} says again what {first.key} in line {line_of(first.key_node)} says"
        raise source.error(second.key_node, message, "keep one of them")


def without_sql(
    source: Source, found: Mapping[str, Entry], known: Collection[str], what: str
) -> dict[str, Entry]:
    """The entries without those of the known ones that CSV files cannot keep; a warning says so."""
    unfit = [key for key in found if key in SQL_ONLY and key in known]
    if source.data_type != "csv" or not unfit:
        return dict(found)
    for key in unfit:
        message = f"{what} has {key}, which CSV files cannot keep; it is ignored"
        source.warn(found[key].key_node, message)
    return {key: entry for key, entry in found.items() if key not in unfit}


def warn_unknown(source: Source, entry: Entry, known: Collection[str], what: str) -> None:
    """Warn of a key that means nothing, with the one that may have been meant."""
    found = nearest(entry.key, known)
    advice = f"; did you mean {found}?" if found else ""
    source.warn(entry.key_node, f"{what} {entry.key} is not known and is ignored{advice}")


def unknown_item(
    source: Source, found: Mapping[str, Entry], known: Collection[str], what: str
) -> None:
    """Refuse a key that means nothing, where ignoring it would change what is done."""
    for entry in found.values():
        if entry.key not in known:
            near = nearest(entry.key, known)
            hint = f"did you mean {near}?" if near else f"known here: {', '.join(sorted(known))}"
            message = f"{what} has the unknown key {entry.key}"
            raise source.error(entry.key_node, message, hint)


def one_of(
    source: Source, found: Mapping[str, Entry], names: tuple[str, ...], what: str
) -> Entry | None:
    """The entry under the one of these names that is there; two of them are an error."""
    present = [found[name] for name in names if name in found]
    if len(present) > 1:
        keys = " and ".join(entry.key for entry in present)
        raise source.error(present[1].key_node, f"{what} has both {keys}", "keep one of them")
    return present[0] if present else None


def require(source: Source, entry: Entry | None, node: yaml.Node, message: str) -> Entry:
    """The entry, which must be there; the message says so."""
    if entry is None:
        raise source.error(node, message)
    return entry
