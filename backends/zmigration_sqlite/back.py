"""The way back of work on a table: what its rows become again, from its archive or converted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from zmigration_api import AlterColumn, Archive, Change, convertible
from zmigration_api.archive import ROW, KeptColumn, rewrites_values
from zmigration_sql import literal

from .archive import (
    COUNT,
    Cell,
    archived,
    counted_source,
    declared,
    plain_source,
    required,
    tells_apart,
)
from .as_left import guard
from .clauses import ColumnText
from .ddl import rowid_alias
from .expressions import converted
from .functions import REFUSE
from .live import Live
from .names import QUOTING
from .rebuild import Source, rebuild
from .tokens import fold, text_of, trimmed

_KEPT = "__zmigration_kept"
_WORDS = ("CURRENT_TIMESTAMP", "CURRENT_DATE", "CURRENT_TIME", "TRUE", "FALSE", "NULL")


class Back:
    """The way from a table `after` some work to what it was `before`; columns by the names of then.

    `names` are the new names of renamed columns by their old ones. Without `kept`, columns that
    are gone come back empty.
    """

    def __init__(
        self,
        work: Iterable[Change],
        before: Live,
        after: Live,
        kept: Archive | None,
        names: Mapping[str, str],
    ) -> None:
        self._before = before
        self._after = after
        self._archive = kept
        self._table = QUOTING.name(after.name)
        alters = [change for change in work if isinstance(change, AlterColumn)]
        self._alters = {fold(change.new.name): change for change in alters}
        self._kept = {
            fold(k.new.name if k.new else names.get(k.old.name, k.old.name)): k
            for k in (kept.kept if kept else ())
        }
        self._source = self._joined(kept) if kept else plain_source(after)
        self._values = dict(self._all_values())

    def guards(self) -> tuple[str, ...]:
        """Refuse to go back where something would be lost or made up."""
        lacking = (
            f"SELECT {REFUSE}({self._sentence(name)}, nullif(count(*), 0))"
            f" FROM {self._source.sql} WHERE {value} IS NULL;"
            for name, value in self._values.items()
            if self._required_again(name)
        )
        return (guard(self._after), *lacking)

    def rebuilt(self) -> tuple[str, ...]:
        """Make the table anew as it was."""
        live = replace(self._before, text=self._after.text)
        alias = rowid_alias(self._before.text)
        # A number that the store gives must not be one that an archived row has.
        late = f"{_there(ROW)} IS NULL"
        numbers = self._archive and alias and self._after.text.definition(alias) is None
        source = replace(self._source, order=late if numbers else "")
        return rebuild(live, self._before.text, self._values, source=source)

    def undone(self, archive: Archive) -> tuple[str, ...]:
        """Keep the values that go on the way back."""
        text = self._before.text
        values = {fold(name): value for name, value in self._values.items()}
        rows = [
            Cell(old.name, declared(text, new.name), values.get(fold(new.name), ""))
            for new, old in archive.rows
        ]
        cells = [Cell(k.before, "", self._here(k.old.name)) for k in archive.kept]
        alone = tells_apart(text, self._before.indexes, (new.name for new, _ in archive.rows))
        return archived(archive, rows, cells, self._source, alone)

    def _all_values(self) -> Iterable[tuple[str, str]]:
        for definition in self._before.text.definitions():
            if definition.clause("AS") is None and (value := self._value(definition)):
                yield definition.name, value

    def _value(self, definition: ColumnText) -> str | None:
        kept = self._kept.get(fold(definition.name))
        if self._after.text.definition(definition.name) is None:
            return self._returned(definition, kept) if kept else None
        here = self._here(definition.name)
        change = self._alters.get(fold(definition.name))
        if change is None:
            return here
        if kept is None:
            return value_back(change, here) or here
        return self._restored(kept, change, here)

    def _returned(self, definition: ColumnText, kept: KeptColumn) -> str:
        """A dropped column: what was there, for rows since then its default."""
        value = _there(kept.before)
        default = _default(definition)
        if default is None:
            return value
        return f"CASE WHEN {_there(ROW)} IS NULL THEN {default} ELSE {value} END"

    def _restored(self, kept: KeptColumn, change: AlterColumn, here: str) -> str:
        """A changed column: what was there, unless it has been changed since."""
        same = f"{_there(ROW)} IS NOT NULL"
        if change.new.generated is None:
            same = f"{same} AND {_there(kept.after)} IS {here}"
        else_ = converted(_inverse(change), here) or here
        return f"CASE WHEN {same} THEN {_there(kept.before)} ELSE {else_} END"

    def _joined(self, kept: Archive) -> Source:
        """The rows, each beside what is kept of it."""
        names = kept.row_names
        pairs = [f"{_there(name)} IS {self._here(name)}" for name in names]
        alone = tells_apart(self._after.text, self._after.indexes, names)
        rows = plain_source(self._after) if alone else counted_source(self._after, names)
        if not alone:
            pairs.append(f"{_there(ROW)} = {self._table}.{COUNT}")
        beside = f"LEFT JOIN {QUOTING.name(kept.name)} AS {_KEPT} ON {' AND '.join(pairs)}"
        return replace(rows, sql=f"{rows.sql} {beside}")

    def _required_again(self, name: str) -> bool:
        alias = rowid_alias(self._before.text)
        if alias and fold(alias) == fold(name):
            return False
        return required(self._before.text, name) and not required(self._after.text, name)

    def _sentence(self, name: str) -> str:
        column = f"{self._after.name}.{name}"
        return literal(f"{column} is required again, but there are rows without a value for it")

    def _here(self, name: str) -> str:
        return f"{self._table}.{QUOTING.name(name)}"


def _there(name: str) -> str:
    """A column of the archive that a row is joined with."""
    return f"{_KEPT}.{QUOTING.name(name)}"


def value_back(change: AlterColumn, name: str | None = None) -> str | None:
    """What the new values become when the change is taken back; None if they stay as they are.

    Lengths and enumerations are nothing that SQLite enforces: what was there before may be longer.
    """
    if not (rewrites_values(change) and convertible(change.new.type, change.old.type)):
        return None
    return converted(_inverse(change), name)


def _inverse(change: AlterColumn) -> AlterColumn:
    """The change back; how values once came to the old type says nothing of those of today."""
    return AlterColumn(change.table, change.new, replace(change.old, using=None))


def _default(definition: ColumnText) -> str | None:
    """A column's DEFAULT as an expression; a bare word is a text to SQLite."""
    clause = definition.clause("DEFAULT")
    if clause is None:
        return None
    at = next(i for i, token in enumerate(clause.tokens) if token.keyword == "DEFAULT")
    _, value, _ = trimmed(clause.tokens[at + 1 :])
    bare = len(value) == 1 and value[0].kind in ("word", "quoted")
    return literal(value[0].name) if bare and value[0].keyword not in _WORDS else text_of(value)
