"""The changes in an order in which this server can make them; else as they were given."""

from __future__ import annotations

from collections.abc import Sequence

from zmigration_api import (
    AddColumn,
    AlterColumn,
    AlterType,
    Change,
    CreateTable,
    CreateType,
    DropColumn,
    DropTable,
    DropType,
    NamedType,
)

from .names import split
from .table_use import by_use
from .tokens import tokens


def ordered(changes: Sequence[Change]) -> tuple[Change, ...]:
    """Computed columns go before, and come after, those that they may be computed from.

    A type goes after those that are made of it. Columns leave a type before its values do.
    A table comes after those of which it has rows or numbers, and goes before them.
    """
    alters = _places(changes, AlterColumn)
    drops = _places(changes, DropColumn)
    types, leaving = types_by_use(changes), _leaving(changes)
    computing = {c.table for c in changes if isinstance(c, AlterColumn) and _computed(c)}
    coming = by_use({n: c.content for n, c in enumerate(changes) if isinstance(c, CreateTable)})
    going = by_use({n: c.content for n, c in enumerate(changes) if isinstance(c, DropTable)})

    def key(numbered: tuple[int, Change]) -> tuple[float, int, int]:
        number, change = numbered
        match change:
            case AddColumn(table, column) if column.generated is not None and table in alters:
                return max(number, alters[table][-1] + 0.6), 0, number
            case DropColumn(table, column) if column.generated is not None:
                first = min(alters.get(table, drops[table])[0], drops[table][0])
                return first - 0.5, 0, number
            case AlterColumn() if number in leaving:
                return leaving[number] - 0.5, 0, number
            case AlterColumn(table, old, new) if table in computing:
                freed = new.generated is None and old.generated is not None
                rank = 2 if new.generated is not None else 0 if freed else 1
                return alters[table][0], rank, number
            case CreateTable():
                return max((number, *coming[number])), len(coming[number]), number
            case DropTable():
                return min((number, *going[number])), -len(going[number]), number
            case CreateType() | AlterType() | DropType():
                return _stage_start(changes, type(change)), types[number], number
            case _:
                return number, 0, number

    return tuple(change for _, change in sorted(enumerate(changes), key=key))


def _places(
    changes: Sequence[Change], kind: type[AlterColumn] | type[DropColumn]
) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for number, change in enumerate(changes):
        if isinstance(change, kind):
            found.setdefault(change.table, []).append(number)
    return found


def _computed(change: AlterColumn) -> bool:
    return change.old.generated is not None or change.new.generated is not None


def _stage_start(changes: Sequence[Change], kind: type[Change]) -> int:
    kinds = (DropType,) if kind is DropType else (CreateType, AlterType)
    return next(n for n, c in enumerate(changes) if isinstance(c, kinds))


def _leaving(changes: Sequence[Change]) -> dict[int, int]:
    """Altered columns that leave a type which loses values, and where that type is altered."""
    found = {}
    for place, change in enumerate(changes):
        if isinstance(change, AlterType) and change.breaking:
            for number, other in enumerate(changes):
                if not isinstance(other, AlterColumn) or number < place:
                    continue
                if _is_of(other.old.exact_type, change.old) and not _named(
                    other.new.exact_type, changes
                ):
                    found[number] = place
    return found


def _is_of(text: str | None, named: NamedType) -> bool:
    return text is not None and _bare(text) == split(named.name)[1]


def _named(text: str | None, changes: Sequence[Change]) -> bool:
    """Whether a type is one that the plan makes or alters."""
    return any(
        _is_of(text, c.content if isinstance(c, CreateType) else c.new)
        for c in changes
        if isinstance(c, CreateType | AlterType)
    )


def _bare(text: str) -> str:
    """The name of a type without its schema and brackets."""
    name = split(text.removesuffix("[]"))[1]
    return name[1:-1].replace('""', '"') if name.startswith('"') else name


def types_by_use(changes: Sequence[Change]) -> dict[int, int]:
    """A place for each change of a type: one comes after those that its definition names."""
    mine = {n: c for n, c in enumerate(changes) if isinstance(c, CreateType | AlterType | DropType)}
    depth: dict[int, int] = {}

    def content(change: Change) -> NamedType:
        assert isinstance(change, CreateType | AlterType | DropType)
        return change.new if isinstance(change, AlterType) else change.content

    def deep(number: int, above: tuple[int, ...]) -> int:
        if number not in depth:
            words = set(tokens(content(mine[number]).definition))
            used = [n for n in mine if n not in above and split(content(mine[n]).name)[1] in words]
            depth[number] = max((deep(n, (*above, n)) + 1 for n in used), default=0)
        return depth[number]

    return {
        n: -deep(n, (n,)) if isinstance(change, DropType) else deep(n, (n,))
        for n, change in mine.items()
    }
