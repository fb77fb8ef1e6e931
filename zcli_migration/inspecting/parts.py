"""A table's keys, constraints and indexes as schema files list them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from zcli_migration.schema_file.constraints import CHECK_KEYS, digest
from zcli_migration.schema_file.sql_keys import quoted
from zmigration_api import (
    Check,
    Deferral,
    Exclusion,
    ForeignKey,
    Index,
    PrimaryKey,
    Table,
    UniqueConstraint,
)

from .fields import YES, Marks, actions
from .words import Dialect
from .yaml_layout import Value

Found = dict[str, Value]


class Parts:
    """What columns say themselves (`marks`), and what the table lists, each once."""

    def __init__(self, table: Table, dialect: Dialect) -> None:
        self.table = table
        self.dialect = dialect
        self.names = [column.name for column in table.columns]
        self.marks = {name: Marks(keyed=name in table.key) for name in self.names}
        self.lists: dict[str, list[Value]] = {}
        self._primary_key(table.primary_key)
        self._list("unique", (self._unique(one) for one in table.unique))
        self._list("indexes", (self._index(one) for one in table.indexes))
        self._list("foreign_keys", (self._foreign_key(one) for one in table.foreign_keys))
        self._list("checks", (self._check(one) for one in table.checks))
        self._list("exclusions", (self._exclusion(one) for one in table.exclusions))

    def _list(self, key: str, values: Iterable[Value | None]) -> None:
        found = [value for value in values if value is not None]
        if found:
            self.lists[key] = found

    def _takes(self, columns: Sequence[str], mark: str, value: bool | ForeignKey = True) -> bool:
        """Let the one column say it itself, if it does not yet."""
        own = self.marks.get(columns[0]) if len(columns) == 1 else None
        if own is None or getattr(own, mark):
            return False
        self.marks[columns[0]] = replace(own, **{mark: value})  # type: ignore[arg-type]
        return True

    def _primary_key(self, key: PrimaryKey | None) -> None:
        if key is None:
            return
        about = self._about(key.include, key.deferral, key.on_conflict)
        if key.name not in (None, self.dialect.usual_key_name(self.table.name)):
            about["name"] = str(key.name)
        about |= _of_index(key)
        if about:
            self.lists["primary_key"] = [{"columns": self._keys(key.columns, key.keys), **about}]
        elif key.keys or not self._takes(key.columns, "pk"):
            self.lists["primary_key"] = self._keys(key.columns, key.keys)

    def _unique(self, one: UniqueConstraint) -> Value | None:
        default = self._default("uq", one.columns, one.keys)
        about = self._about(one.include, one.deferral, one.on_conflict)
        if one.nulls_not_distinct:
            about["nulls_not_distinct"] = YES
        about |= _of_index(one)
        return self._listed("unique", one.name, default, about, one.columns, one.keys)

    def _index(self, one: Index) -> Value | None:
        about: Found = {}
        if one.unique:
            about["unique"] = YES
        if one.where is not None:
            about["where"] = one.where
        if one.method is not None:
            about["method"] = one.method
        about |= self._about(one.include, None, None)
        if one.nulls_not_distinct:
            about["nulls_not_distinct"] = YES
        if one.options:
            about["options"] = one.options
        if one.comment is not None:
            about["comment"] = one.comment
        default = self._default("idx", one.columns, one.keys)
        return self._listed("indexed", one.name, default, about, one.columns, one.keys)

    def _listed(
        self,
        mark: str,
        name: str,
        default: str,
        about: Found,
        columns: Sequence[str],
        keys: Sequence[str],
    ) -> Value | None:
        """The item of a list; None if the column's own mark says it."""
        over = self._keys(columns, keys)
        if about or name != default:
            return {"name": name, "columns": over, **about}
        return None if not keys and self._takes(columns, mark) else over

    def _about(
        self,
        include: Sequence[str],
        deferral: Deferral | None,
        on_conflict: str | None,
    ) -> Found:
        found: Found = {}
        if include:
            found["include"] = include
        if deferral is not None:
            found["deferrable"] = YES if deferral == "DEFERRABLE" else "deferred"
        if on_conflict is not None:
            found["on_conflict"] = on_conflict
        return found

    def _keys(self, columns: Sequence[str], keys: Sequence[str]) -> list[Value]:
        return [self._key(key) for key in keys] if keys else list(columns)

    def _key(self, key: str) -> str:
        """The SQL of a key; with a space behind it, it is not taken for the column so called."""
        is_name = key in self.names and quoted(key, self.dialect.data_type) != key
        return f"{key} " if is_name else key

    def _default(self, prefix: str, columns: tuple[str, ...], keys: tuple[str, ...]) -> str:
        parts = (digest(", ".join(keys)),) if keys else columns
        return self.dialect.default_name(prefix, self.table.name, parts)

    def _foreign_key(self, key: ForeignKey) -> Value | None:
        about: Found = {}
        if key.set_columns:
            about["set_columns"] = key.set_columns
        if key.match != "SIMPLE":
            about["match"] = key.match.lower()
        about |= self._about((), key.deferral, None)
        if not key.valid:
            about["not_valid"] = YES
        if key.comment is not None:
            about["comment"] = key.comment
        usual = self.dialect.default_name("fk", self.table.name, key.columns)
        plain = not about and key.name == usual and len(key.columns) == 1
        if plain and self._takes(key.columns, "foreign_key", key):
            return None
        named: Found = {} if key.name == usual else {"name": key.name}
        ends: Found = {
            "columns": key.columns,
            "table": key.ref_table,
            "ref_columns": key.ref_columns,
        }
        return {**named, **ends, **actions(key), **about}

    def _check(self, one: Check) -> Value:
        about: Found = {}
        if not one.inherited:
            about["no_inherit"] = YES
        if not one.valid:
            about["not_valid"] = YES
        if one.comment is not None:
            about["comment"] = one.comment
        usual = self.dialect.default_name("ck", self.table.name, (digest(one.expression),))
        if about or one.name in CHECK_KEYS:
            return {"name": one.name, "expression": one.expression, **about}
        return one.expression if one.name == usual else {one.name: one.expression}

    def _exclusion(self, one: Exclusion) -> Value:
        about = self._about((), one.deferral, None) | _of_index(one)
        usual = self.dialect.default_name("ex", self.table.name, (digest(one.definition),))
        if not about and one.name == usual:
            return one.definition
        return {"name": one.name, "definition": one.definition, **about}


def _of_index(key: PrimaryKey | UniqueConstraint | Exclusion) -> Found:
    """What is said of a key and of the index behind it."""
    found: Found = {"options": key.options} if key.options else {}
    said = {"comment": key.comment, "index_comment": key.index_comment}
    return found | {word: text for word, text in said.items() if text is not None}
