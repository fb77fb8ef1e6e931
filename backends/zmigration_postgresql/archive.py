"""Archives as SQL: how they are made beside the data, and how their rows find the data's again."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from zmigration_api import Archive, Archives, Column, KeptColumn
from zmigration_api.archive import ROW
from zmigration_api.history import PREFIX
from zmigration_sql import literal

from .alter import Alteration
from .catalog import Catalog, Firing
from .names import LONGEST, QUOTING, split, table_name

_UNUSUAL = re.compile(r'[."A-Z]')
ROW_HELPER = f"{PREFIX}row"
_EXACT = ("int", "bigint", "bool", "date", "time", "datetime", "uuid")
_ENABLE = {"O": "ENABLE", "R": "ENABLE REPLICA", "A": "ENABLE ALWAYS"}
_PLACE, _PART = f"{PREFIX}place", f"{PREFIX}part"


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """One table's archive. `table` is the name at work: after the renames, in both directions.

    `rows` are the table's columns that tell rows apart, `named` what the archive calls them.
    `enforced`: the live table lets no two rows be alike in these. `firing` is what fires now.
    """

    archive: Archive
    table: str
    rows: tuple[str, ...]
    enforced: bool
    firing: tuple[Firing, ...] = ()

    @property
    def direct(self) -> bool:
        """Whether the rows are matched by a key that has one value all the time."""
        rewritten = {kept.old.name for kept in self.archive.kept}
        return self.enforced and not any(
            old.name in rewritten or old.type != new.type for old, new in self.archive.rows
        )

    @property
    def alias(self) -> str:
        return "kept" if split(self.table)[1] != "kept" else "archived"

    @property
    def source(self) -> str:
        """The archive, as FROM takes it."""
        return f"{table_name(self.archive.name)} AS {self.alias}"

    @property
    def match(self) -> str:
        """That an archive's row belongs to one of the table."""
        table = table_name(self.table)
        if not self.direct:
            return f"{table}.{ROW_HELPER} = {self.alias}.ctid"
        pairs = zip(self.rows, self._row_names, strict=True)
        return " AND ".join(
            f"{table}.{QUOTING.name(row)} = {self.alias}.{name}" for row, name in pairs
        )

    def before(self, kept: KeptColumn) -> str:
        name = self._names["before", kept.old.name]
        return f"{self.alias}.{name}"

    def place(self, kept: KeptColumn) -> str:
        """The archive's column with the values as they were, as SQL names it anywhere."""
        return f"{table_name(self.archive.name)}.{self._names['before', kept.old.name]}"

    def after(self, kept: KeptColumn) -> str:
        name = self._names["after", kept.old.name]
        return f"{self.alias}.{name}"

    def hit(self, kept: KeptColumn) -> str:
        """That a value is still what the plan made of it."""
        column = kept.new or kept.old
        live = f"{table_name(self.table)}.{QUOTING.name(column.name)}"
        return f"{self.match} AND {same(live, self.after(kept), column)}"

    def made(self, columns: Sequence[str], alterations: Sequence[Alteration]) -> str:
        """The statement that makes the archive, before these alterations of these columns."""
        source = _source(self, columns, alterations)
        listed = [
            f"{_as(source.after(row), name)}"
            for row, name in zip(self.rows, self._row_names, strict=True)
        ]
        alike = f"ROW({', '.join(map(source.after, self.rows))})::text"
        order = f"{source.part}, {source.place}"
        number = f"row_number() OVER (PARTITION BY {alike} ORDER BY {order})"
        listed.append(f"{'1::bigint' if self.enforced else number} AS {self._number}")
        for kept in self.archive.kept:
            listed.append(_as(source.before(kept), self._names["before", kept.old.name]))
            if kept.new is not None:
                listed.append(_as(source.after(kept.new.name), self._names["after", kept.old.name]))
        name = table_name(self.archive.name)
        return f"CREATE TABLE {name} AS SELECT {', '.join(listed)} FROM {source.text};"

    def matched(self) -> list[str]:
        """Note for each row of the table which one of the archive is its own."""
        if self.direct:
            return []
        table = table_name(self.table)
        alike = f"ROW({QUOTING.names(self.rows)})::text"
        number = f"row_number() OVER (PARTITION BY {alike} ORDER BY tableoid, ctid)"
        numbered = (
            f"SELECT tableoid AS part, ctid AS place, {alike} AS alike, {number} AS number"
            f" FROM {table}"
        )
        theirs = ", ".join(f"{self.alias}.{name}" for name in self._row_names)
        same = f"ROW({theirs})::text = here.alike AND {self.alias}.{self._number} = here.number"
        update = (
            f"UPDATE {table} SET {ROW_HELPER} = {self.alias}.ctid FROM ({numbered}) AS here"
            f" JOIN {self.source} ON {same}"
            f" WHERE {table}.tableoid = here.part AND {table}.ctid = here.place;"
        )
        return [f"ALTER TABLE {table} ADD COLUMN {ROW_HELPER} tid;", *self.quiet([update])]

    def unmatched(self) -> list[str]:
        """Undo what `matched` did."""
        table = table_name(self.table)
        return [] if self.direct else [f"ALTER TABLE {table} DROP COLUMN {ROW_HELPER};"]

    def quiet(self, statements: list[str]) -> list[str]:
        """The statements, while triggers and rules of the user do not fire."""
        return quiet(self.table, self.firing, statements)

    @property
    def _row_names(self) -> list[str]:
        return [self._names["row", name] for name in self.archive.row_names]

    @property
    def _number(self) -> str:
        return self._names["number", ROW]

    @property
    def _names(self) -> dict[tuple[str, str], str]:
        """The archive's columns as SQL writes them, by what they are and of which column."""
        wanted = {("row", name): name for name in self.archive.row_names}
        wanted["number", ROW] = ROW
        for kept in self.archive.kept:
            wanted["before", kept.old.name] = kept.before
            wanted["after", kept.old.name] = kept.after
        fitted = _fitted([*wanted.values()])
        return dict(zip(wanted, fitted, strict=True))


def quiet(table: str, firing: Iterable[Firing], statements: list[str]) -> list[str]:
    """The statements, while these triggers and rules do not fire for what an UPDATE changes."""
    updates = [n for n, s in enumerate(statements) if s.startswith("UPDATE ")]
    active = [one for one in firing if one.enabled in _ENABLE]
    if not updates or not active:
        return statements
    own = table_name(table)
    alter = [(f"ALTER TABLE {one.owner or own}", one, QUOTING.name(one.name)) for one in active]
    first, after = updates[0], updates[-1] + 1
    return [
        *statements[:first],
        *(f"{start} DISABLE {one.kind} {name};" for start, one, name in alter),
        *statements[first:after],
        *(f"{start} {_ENABLE[one.enabled]} {one.kind} {name};" for start, one, name in alter),
        *statements[after:],
    ]


def copied(archive: Archive, table: str) -> str:
    """The statement that keeps a whole table."""
    return f"CREATE TABLE {table_name(archive.name)} AS SELECT * FROM {table_name(table)};"


def spelled(archives: Archives) -> Archives:
    """The archives under names that an unquoted word has too, in the app's own schema."""

    def named(archive: Archive) -> Archive:
        plain = _UNUSUAL.sub(
            lambda found: "_" if found[0] in '."' else found[0].lower(), archive.name
        )
        if plain == archive.name:
            return archive
        mark = hashlib.sha256(archive.name.encode()).hexdigest()[:8]
        room = plain.encode()[: LONGEST - len(mark) - 1].decode(errors="ignore")
        return replace(archive, name=f"{room}_{mark}")

    return Archives(
        kept=tuple(map(named, archives.kept)), undone=tuple(map(named, archives.undone))
    )


def keep_of(archive: Archive, catalog: Catalog, live: str, table: str, *, undone: bool) -> Keep:
    """The archive of a table that is called `live` in the database now and `table` at work."""
    old, new = zip(*archive.rows, strict=True) if archive.rows else ((), ())
    now: Sequence[Column] = new if undone else old
    at_work: Sequence[Column] = old if undone else new
    enforced = archive.keyed and catalog.enforced(live, [column.name for column in now])
    return Keep(
        archive=archive,
        table=table,
        rows=tuple(column.name for column in at_work),
        enforced=enforced,
        firing=catalog.firing(live),
    )


def same(first: str, second: str, column: Column) -> str:
    """That two values are the same, null or not; as texts where equal ones may differ."""
    if column.type.kind in _EXACT:
        return f"{first} IS NOT DISTINCT FROM {second}"
    return f'{first}::text COLLATE "C" IS NOT DISTINCT FROM {second}::text'


def guard(table: str, where: str, start: str, end: str) -> str:
    """A statement that fails where rows meet a condition; their number stands between the texts."""
    message = f"{literal(start)} || found || {literal(end)}"
    block = (
        "#variable_conflict use_column"
        f"\nDECLARE found bigint := (SELECT count(*) FROM {table_name(table)} WHERE {where});"
        f" BEGIN IF found > 0 THEN RAISE EXCEPTION USING MESSAGE = {message}; END IF; END"
    )
    return f"DO {literal(block)};"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """Where an archive's values come from, and their texts there."""

    text: str
    afters: dict[str, str]
    befores: dict[str, str]
    part: str = "tableoid"
    place: str = "ctid"

    def after(self, name: str) -> str:
        return self.afters.get(name, QUOTING.name(name))

    def before(self, kept: KeptColumn) -> str:
        name = (kept.new or kept.old).name
        return self.befores.get(name, QUOTING.name(name))


def _source(keep: Keep, columns: Sequence[str], alterations: Sequence[Alteration]) -> _Source:
    """The table itself, unless one alteration reads what another one made."""
    table = table_name(keep.table)
    if not any(a.reads_others for a in alterations[1:]):
        afters = {a.new.name: a.value_after() for a in alterations}
        return _Source(text=table, afters=afters, befores={})
    kept = [(k.new or k.old).name for k in keep.archive.kept]
    befores = {name: f"{PREFIX}before_{number}" for number, name in enumerate(kept)}
    copies = [f"{QUOTING.name(name)} AS {alias}" for name, alias in befores.items()]
    first = ", ".join(("*", f"tableoid AS {_PART}", f"ctid AS {_PLACE}", *copies))
    alias = QUOTING.name(split(keep.table)[1])
    text = f"(SELECT {first} FROM {table}) AS {alias}"
    for alteration in alterations:
        name = alteration.new.name
        others = [*(n for n in columns if n != name), _PART, _PLACE, *befores.values()]
        value = _as(alteration.value_after(), QUOTING.name(name))
        text = f"(SELECT {QUOTING.names(others)}, {value} FROM {text}) AS {alias}"
    return _Source(text=text, afters={}, befores=befores, part=_PART, place=_PLACE)


def _as(expression: str, name: str) -> str:
    return name if expression == name else f"{expression} AS {name}"


def _fitted(names: Sequence[str]) -> list[str]:
    """The names, but for one that is too long for the server or comes twice."""
    taken: set[str] = set()
    fitted = []
    for name in names:
        chosen = name
        if len(chosen.encode()) > LONGEST or chosen in taken:
            mark = hashlib.sha256(f"{name} {len(taken)}".encode()).hexdigest()[:12]
            room = name.encode()[: LONGEST - len(mark) - 1]
            chosen = f"{room.decode(errors='ignore')}_{mark}"
        taken.add(chosen)
        fitted.append(QUOTING.name(chosen))
    return fitted
