"""One column of a schema file, with what its field keys ask of the table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple, TypeAlias, cast, get_args

import yaml

from zmigration_api import Column, ColumnType, Default, ForeignKey, Identity

from .foreign_keys import field_foreign_key
from .keys import (
    APP_KEYS,
    FIELD_ALIASES,
    FIELD_KEYS,
    RULE_KEYS,
    canonical,
    require,
    unknown_item,
    warn_unknown,
    without_sql,
)
from .names import check_name, is_sqlite
from .types import Reading, Shorthand, check_length, column_type, read_type
from .values import (
    check_enum,
    check_filled,
    expression,
    read_backfill,
    read_default,
    read_enum,
    read_using,
    short_default,
)
from .yaml_nodes import (
    Entry,
    boolean,
    entries,
    is_null,
    mapping,
    optional_text,
    text_of,
    texts,
    warn_of_key,
    whole,
)
from .yaml_source import Source, line_of

IdentityKind: TypeAlias = Literal["always", "by default", "serial", "autoincrement"]
_KNOWN_KEYS = FIELD_KEYS | FIELD_ALIASES.keys()

_USUAL_KEYS = frozenset(
    {"type", "pk", "required", "nullable", "unique", "indexed", "foreign_key", "on_delete"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A column as its entry says it, before the table's own keys are looked at.

    `said` is whether it is required in so many words; None where it does not say.
    """

    column: Column
    node: yaml.Node
    said: bool | None = None
    pk: bool = False
    unique: bool = False
    indexed: bool = False
    foreign_key: ForeignKey | None = None


class _Spot(NamedTuple):
    """Where a field stands: enough to read each of its keys."""

    source: Source
    entry: Entry
    found: Mapping[str, Entry]
    where: str

    def node(self, key: str) -> yaml.Node | None:
        """The value of a key; None if the key is not there or null."""
        entry = self.found.get(key)
        return None if entry is None or is_null(entry.value) else entry.value

    def flag(self, key: str) -> bool | None:
        node = self.node(key)
        return None if node is None else boolean(self.source, node, f"{key} of {self.where}")

    def text(self, key: str) -> str | None:
        node = self.node(key)
        if node is None:
            return None
        return optional_text(self.source, node, f"The {key} of {self.where}")


def short_field(source: Source, table: str, entry: Entry, short: Shorthand) -> Field:
    """A column in short form: `name: str!`."""
    name = _name(source, entry)
    where = f"{table}.{name}"
    reading = read_type(source, entry.value, short.type, where)
    default = None
    if short.default is not None:
        default = short_default(source, entry.value, short.default, reading.type, where)
    column = Column(
        name=name,
        type=reading.type,
        required=short.required or bool(reading.required),
        default=default,
        line=line_of(entry.key_node),
    )
    return Field(column=column, node=entry.key_node, said=short.required or reading.required)


def long_field(source: Source, table: str, entry: Entry) -> Field:
    """A column that is a mapping of field keys."""
    name = _name(source, entry)
    assert isinstance(entry.value, yaml.MappingNode)
    written = {e.key: e for e in entries(source, entry.value)}
    kept = without_sql(source, written, FIELD_KEYS, f"{table}.{name}")
    found = canonical(source, kept, FIELD_ALIASES)
    spot = _Spot(source, entry, found, f"{table}.{name}")
    _warn_of_unknown(spot, written)
    reading = column_type(source, entry, found, spot.where)
    pk = bool(spot.flag("pk"))
    said = _said(spot, reading, pk)
    required = pk_as_said(source, said) if pk else bool(said)
    column = _column(spot, name, _typed(spot, reading), required)
    foreign_key = field_foreign_key(source, table, name, found)
    _check_combination(spot, column, pk)
    if foreign_key and foreign_key.on_delete == "SET NULL" and column.required:
        message = f"{spot.where} is required, so on_delete: set null can only ever fail"
        source.warn(entry.key_node, message)
    return Field(
        column=column,
        node=entry.key_node,
        said=said,
        pk=pk,
        unique=bool(spot.flag("unique")),
        indexed=bool(spot.flag("indexed")),
        foreign_key=foreign_key,
    )


def pk_as_said(source: Source, said: bool | None) -> bool:
    """Whether a column of the primary key is required, by what it says of that.

    In exact files of SQLite, whose keys may be null, only if it says so.
    """
    if not source.exact:
        return True
    return not is_sqlite(source.data_type) if said is None else said


def _name(source: Source, entry: Entry) -> str:
    warn_of_key(source, entry)
    return check_name(source, entry.key_node, entry.key, "column")


def _column(spot: _Spot, name: str, kind: ColumnType, required: bool) -> Column:
    source, where = spot.source, spot.where
    if spot.found.keys() <= _USUAL_KEYS:  # most columns of large schemas, and quick
        return Column(name=name, type=kind, required=required, line=line_of(spot.entry.key_node))
    enum_node, using, fill = spot.node("enum"), spot.node("using"), spot.node("backfill")
    enum = read_enum(source, enum_node, kind, where) if enum_node else ()
    backfill = read_backfill(source, fill, kind, where) if fill else None
    check_filled(source, spot.found, enum, backfill)
    generated = spot.node("generated")
    return Column(
        name=name,
        type=kind,
        required=required,
        default=_default(spot, kind, enum),
        auto_increment=bool(spot.flag("auto_increment")),
        enum=enum,
        generated=expression(source, generated, f"generated of {where}") if generated else None,
        virtual=_virtual(spot),
        collation=spot.text("collation"),
        identity=_identity(spot),
        attributes=_attributes(spot),
        comment=spot.text("comment"),
        renamed_from=spot.text("renamed_from"),
        backfill=backfill,
        using=read_using(source, using, kind, where) if using else None,
        line=line_of(spot.entry.key_node),
    )


def _default(spot: _Spot, kind: ColumnType, enum: tuple[str, ...]) -> Default | None:
    node, sql = spot.node("default"), spot.node("default_sql")
    if sql is not None:
        return _default_sql(spot, sql, node)
    if node is None:
        return None
    default = read_default(spot.source, node, kind, spot.where)
    if default and default.kind == "value":
        check_enum(spot.source, node, default.text, enum, f"The default of {spot.where}")
    return default


def _default_sql(spot: _Spot, sql: yaml.Node, other: yaml.Node | None) -> Default:
    if other is not None:
        message = f"{spot.where} has both default and default_sql"
        raise spot.source.error(spot.found["default_sql"].key_node, message, "keep one of them")
    if spot.source.data_type == "csv":
        message = f"{spot.where} has a default_sql, which CSV files cannot compute"
        hint = "write `default:` with a value, or with now"
        raise spot.source.error(spot.found["default_sql"].key_node, message, hint)
    text = expression(spot.source, sql, f"default_sql of {spot.where}")
    return Default(kind="expression", text=text)


def _virtual(spot: _Spot) -> bool:
    virtual = bool(spot.flag("virtual"))
    if virtual and spot.node("generated") is None:
        message = f"{spot.where} is virtual, but not generated"
        hint = "add `generated:` with the expression, or remove virtual"
        raise spot.source.error(spot.found["virtual"].key_node, message, hint)
    return virtual


def _identity(spot: _Spot) -> Identity | None:
    node = spot.node("identity")
    if node is None:
        return None
    what, source = f"The identity of {spot.where}", spot.source
    if not isinstance(node, yaml.MappingNode):
        return Identity(kind=_identity_kind(source, node, what))
    found = mapping(source, node, what)
    unknown_item(source, found, {"kind", "options"}, what)
    kind = require(source, found.get("kind"), node, f"{what} must have a kind").value
    options = found["options"].value if "options" in found else None
    text = "" if options is None or is_null(options) else expression(source, options, what)
    return Identity(kind=_identity_kind(source, kind, what), options=text)


def _identity_kind(source: Source, node: yaml.Node, what: str) -> IdentityKind:
    text = " ".join(text_of(source, node, what).lower().replace("_", " ").split())
    for known in get_args(IdentityKind):
        if text == known:
            return cast(IdentityKind, known)
    hint = f"known here: {', '.join(get_args(IdentityKind))}"
    raise source.error(node, f"{what} cannot be {text!r}", hint)


def _attributes(spot: _Spot) -> tuple[str, ...]:
    node = spot.node("attributes")
    what = f"An attribute of {spot.where}"
    return tuple(sorted(texts(spot.source, node, what))) if node else ()


def _said(spot: _Spot, reading: Reading, pk: bool) -> bool | None:
    required, nullable = spot.flag("required"), spot.flag("nullable")
    if required is not None and required == nullable:
        message = f"{spot.where} says both required and nullable: {str(required).lower()}"
        raise spot.source.error(spot.found["nullable"].key_node, message, "keep one of them")
    if required is None and nullable is not None:
        required = not nullable
    if pk and required is False and not spot.source.exact:
        spot.source.warn(spot.entry.key_node, f"{spot.where} is a primary key and so required")
    if required is not None and reading.required not in (None, required):
        spot.source.warn(
            spot.found["type"].value,
            f"The mark on the type of {spot.where} is overruled by required or nullable",
        )
    return reading.required if required is None else required


def _typed(spot: _Spot, reading: Reading) -> ColumnType:
    """The type with `rules.max_length` as the length of a `str`."""
    node = spot.node("rules")
    if node is None:
        return reading.type
    rules = mapping(spot.source, node, f"The rules of {spot.where}")
    for rule in rules.values():
        if rule.key not in RULE_KEYS:
            warn_unknown(spot.source, rule, RULE_KEYS, "The rule")
    lengths = {key: _length(spot, rules, key) for key in ("min_length", "max_length")}
    longest = lengths["max_length"]
    if longest is not None and longest < (lengths["min_length"] or 0):
        message = f"The max_length of {spot.where} is smaller than its min_length"
        raise spot.source.error(rules["max_length"].value, message)
    return _with_length(spot, reading.type, longest, rules)


def _length(spot: _Spot, rules: Mapping[str, Entry], key: str) -> int | None:
    if key not in rules or is_null(rules[key].value):
        return None
    smallest = 1 if key == "max_length" else 0
    return whole(spot.source, rules[key].value, f"The {key} of {spot.where}", smallest)


def _with_length(
    spot: _Spot, kind: ColumnType, longest: int | None, rules: Mapping[str, Entry]
) -> ColumnType:
    if longest is None or kind.kind != "str":
        return kind
    node = rules["max_length"].value
    if kind.length not in (None, longest):
        spot.source.warn(
            node, f"The max_length of {spot.where} is {longest}, but its type says {kind}"
        )
        return kind
    return replace(kind, length=check_length(spot.source, node, longest, spot.where))


def _warn_of_unknown(spot: _Spot, written: Mapping[str, Entry]) -> None:
    if "primary_key" in written and "pk" not in written:
        node = written["primary_key"].key_node
        spot.source.warn(node, "zCLI makes no primary key of primary_key in a field; write pk")
    for entry in written.values():
        if entry.key in _KNOWN_KEYS or entry.key in APP_KEYS:
            continue
        if entry.key in RULE_KEYS:
            message = f"The key {entry.key} is ignored here; it belongs under rules"
            spot.source.warn(entry.key_node, message)
        else:
            warn_unknown(spot.source, entry, _KNOWN_KEYS, "The key")


def _check_combination(spot: _Spot, column: Column, pk: bool) -> None:
    if column.generated and (column.default or column.backfill or column.using):
        message = f"{spot.where} is generated, so it can have no default, backfill or using"
        raise spot.source.error(spot.entry.key_node, message)
    if column.identity and (column.default or column.generated):
        message = f"{spot.where} has an identity, so it can be neither generated nor have a default"
        raise spot.source.error(spot.entry.key_node, message)
    if column.auto_increment and not (pk and column.type.kind in ("int", "bigint")):
        spot.source.warn(
            spot.found["auto_increment"].key_node,
            "auto_increment means nothing but on an integer primary key",
        )
    if column.renamed_from == column.name:
        node = spot.found["renamed_from"].value
        raise spot.source.error(node, f"{spot.where} is renamed from itself", "remove the line")
