"""How a column is numbered becomes another: identity, serial, or not at all.

The number that comes next is carried on. Sequences are changed by ALTER SEQUENCE, which a
transaction that fails takes back; what only `setval` can do is done to new sequences.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from zmigration_api import Identity
from zmigration_api.history import PREFIX
from zmigration_sql import literal

from .catalog import LiveColumn
from .names import QUOTING, join, split, table_name
from .positions import position_copied
from .render import SQL
from .sequences import Numbering, read, usual_name

_CARRIED = f"{PREFIX}sequence"
_BITS = {"smallint": 15, "integer": 31, "bigint": 63}


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """One side of a change: the kind, and every option of the sequence. `name` as SQL writes it."""

    kind: str
    name: str
    type: str
    increment: int
    lowest: int
    highest: int
    start: int
    cache: int
    cycle: bool

    @classmethod
    def wanted(cls, table: str, column: str, identity: Identity, native: str) -> Numbers:
        """As a schema says it."""
        given = read(identity.options) or Numbering()
        own = given.type or native.lower()
        up = given.increment > 0
        bits = _BITS.get(own, 63)
        low, high = (1, 2**bits - 1) if up else (-(2**bits), -1)
        lowest = low if given.lowest is None else given.lowest
        highest = high if given.highest is None else given.highest
        first = lowest if up else highest
        return cls(
            kind=identity.kind,
            name=table_name(given.name or usual_name(table, column)),
            type=own,
            increment=given.increment,
            lowest=lowest,
            highest=highest,
            start=first if given.start is None else given.start,
            cache=given.cache,
            cycle=given.cycle,
        )

    @classmethod
    def there(cls, column: LiveColumn) -> Numbers | None:
        """As the database has it."""
        sequence = column.sequence
        if sequence is None:
            return None
        kind = {"a": "always", "d": "by default"}.get(column.identity, "serial")
        return cls(
            kind=kind,
            name=sequence.name,
            type=sequence.type,
            increment=sequence.increment,
            lowest=sequence.lowest,
            highest=sequence.highest,
            start=sequence.start,
            cache=sequence.cache,
            cycle=sequence.cycle,
        )

    @property
    def serial(self) -> bool:
        return self.kind == "serial"

    @property
    def words(self) -> dict[str, str]:
        return {
            "increment": f"INCREMENT BY {self.increment}",
            "lowest": f"MINVALUE {self.lowest}",
            "highest": f"MAXVALUE {self.highest}",
            "start": f"START WITH {self.start}",
            "cache": f"CACHE {self.cache}",
            "cycle": "CYCLE" if self.cycle else "NO CYCLE",
        }

    @property
    def options(self) -> str:
        return " ".join(self.words.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Renumbering:
    """The statements around the change of a column's type: `first`, and `last`."""

    first: tuple[str, ...] = ()
    last: tuple[str, ...] = ()


def restarts(old: Numbers, new: Numbers, at: tuple[int, bool] | None) -> bool:
    """Whether a sequence begins anew: it stands where it may not be, or has never been used.

    `at` is its value, and whether that one was given.
    """
    if old.serial != new.serial:
        return False  # another sequence, which gets the position of this one
    last, called = at or (old.start, False)
    unused = not called and last == old.start and old.start != new.start
    return unused or not new.lowest <= last <= new.highest


def renumbered(
    table: str, column: str, old: Numbers | None, new: Numbers | None, *, restart: bool
) -> Renumbering:
    """From one side to the other; `restart`: the same sequence begins anew."""
    alter = f"{SQL.alter(table)} ALTER COLUMN {QUOTING.name(column)}"
    if old is None or new is None:
        first = _removed(alter, old) if old else ()
        return Renumbering(first=first, last=_begun(table, column, new) if new else ())
    if old.serial and new.serial:
        return Renumbering(last=_altered(f"ALTER SEQUENCE {old.name}", "", old, new, restart))
    if not old.serial and not new.serial:
        kind = [] if old.kind == new.kind else [f"{alter} SET GENERATED {new.kind.upper()};"]
        retyped = replace(old, type=new.type)
        options = _altered(alter, "SET ", retyped, new, restart)
        if _BITS.get(new.type, 63) < _BITS.get(old.type, 63):  # its bounds must fit before
            return Renumbering(first=options, last=tuple(kind))
        return Renumbering(last=(*kind, *options))
    carried = table_name(join(_schema(old.name), _CARRIED))
    if old.serial:
        return Renumbering(
            first=(
                f"{alter} DROP DEFAULT;",
                f"ALTER SEQUENCE {old.name} OWNED BY NONE;",
                f"ALTER SEQUENCE {old.name} RENAME TO {QUOTING.name(_CARRIED)};",
            ),
            last=(
                _identity(alter, new),
                position_copied(new.name, carried),
                f"DROP SEQUENCE {carried};",
            ),
        )
    return Renumbering(
        first=(
            f"CREATE SEQUENCE {carried} AS {new.type} {new.options};",
            position_copied(carried, old.name),
            f"{alter} DROP IDENTITY;",
        ),
        last=(
            f"ALTER SEQUENCE {carried} RENAME TO {_bare(new.name)};",
            *_taken(alter, table, column, new),
        ),
    )


def _removed(alter: str, old: Numbers) -> tuple[str, ...]:
    if old.serial:
        return (f"{alter} DROP DEFAULT;", f"DROP SEQUENCE {old.name};")
    return (f"{alter} DROP IDENTITY;",)


def _begun(table: str, column: str, new: Numbers) -> tuple[str, ...]:
    """New numbers, after those that the rows have."""
    alter = f"{SQL.alter(table)} ALTER COLUMN {QUOTING.name(column)}"
    up = new.increment > 0
    extreme = f"{'max' if up else 'min'}({QUOTING.name(column)})"
    reached = f"SELECT {extreme} AS reached FROM {table_name(table)}"
    bounds = f"reached BETWEEN {new.lowest} AND {new.highest}"
    position = f"SELECT setval({literal(new.name)}, reached) FROM ({reached}) AS s WHERE {bounds};"
    if not new.serial:
        return (_identity(alter, new), position)
    create = f"CREATE SEQUENCE {new.name} AS {new.type} {new.options};"
    return (create, *_taken(alter, table, column, new), position)


def _identity(alter: str, new: Numbers) -> str:
    options = f"SEQUENCE NAME {new.name} {new.options}"
    return f"{alter} ADD GENERATED {new.kind.upper()} AS IDENTITY ({options});"


def _taken(alter: str, table: str, column: str, new: Numbers) -> tuple[str, ...]:
    owner = f"{table_name(table)}.{QUOTING.name(column)}"
    return (
        f"{alter} SET DEFAULT nextval({literal(new.name)}::regclass);",
        f"ALTER SEQUENCE {new.name} OWNED BY {owner};",
    )


def _altered(start: str, word: str, old: Numbers, new: Numbers, restart: bool) -> tuple[str, ...]:
    """The options that differ, by ALTER SEQUENCE or by ALTER COLUMN ... SET."""
    before = old.words
    changed = [text for key, text in new.words.items() if before[key] != text]
    if old.type != new.type:
        changed.insert(0, f"AS {new.type}")
    if restart:
        changed.append(f"RESTART WITH {new.start}")
    statements = []
    if changed:
        listed = " ".join(t if t.startswith("RESTART") else f"{word}{t}" for t in changed)
        statements.append(f"{start} {listed};")
    if _bare(old.name) != _bare(new.name):
        statements.append(f"ALTER SEQUENCE {old.name} RENAME TO {_bare(new.name)};")
    return tuple(statements)


def _bare(name: str) -> str:
    return QUOTING.name(split(_plain(name))[1])


def _schema(name: str) -> str | None:
    return split(_plain(name))[0]


def _plain(name: str) -> str:
    """A name as SQL writes it as the model does."""
    parts = [
        part[1:-1].replace('""', '"') if part.startswith('"') else part for part in _parts(name)
    ]
    return join(parts[0], parts[1]) if len(parts) == 2 else join(None, parts[0])


def _parts(name: str) -> list[str]:
    from .tokens import tokens

    return [token for token in tokens(name) if token != "."]
