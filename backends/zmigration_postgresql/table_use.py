"""Which tables' rows and sequences the SQL texts of others name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from zmigration_api import Change, CreateTable, DropTable, Table

from .names import split
from .sequences import read, usual_name
from .tokens import tokens


def by_use(tables: Mapping[int, Table]) -> dict[int, frozenset[int]]:
    """For each table all those that it needs: it, or one that it needs, names them."""
    owners = {name: n for n, table in tables.items() for name in given_names(table)}
    direct = {
        n: {owners[word] for word in words_of(table) if word in owners} - {n}
        for n, table in tables.items()
    }

    def whole(number: int, above: frozenset[int]) -> frozenset[int]:
        below = direct[number] - above
        return frozenset(below).union(*(whole(n, above | {number}) for n in below))

    return {n: whole(n, frozenset({n})) - {n} for n in tables}


def given_names(table: Table) -> Iterator[str]:
    """What other tables can name of this one: its row type, and its sequences."""
    yield split(table.name)[1]
    yield from sequences_of(table)


def sequences_of(table: Table) -> Iterator[str]:
    """The names of the sequences that come with a table."""
    for column in table.columns:
        if column.identity is not None:
            numbering = read(column.identity.options)
            own = numbering.name if numbering is not None else None
            yield split(own or usual_name(table.name, column.name))[1]


def words_of(table: Table) -> set[str]:
    """Every name in the SQL texts of a table's columns and checks, without schemas and quotes."""
    texts = [check.expression for check in table.checks]
    for column in table.columns:
        default = column.default.text if column.default is not None else ""
        texts += [column.exact_type or column.native or "", default, column.generated or ""]
    return {name for text in texts for name in map(_bare, tokens(text))}


def _bare(token: str) -> str:
    if token.startswith("'"):  # as in nextval('app.things_id_seq'::regclass)
        return split(token[1:-1].replace("''", "'"))[1]
    return token[1:-1].replace('""', '"') if token.startswith('"') else token


def rows_needed(changes: Sequence[Change], table: Table) -> bool:
    """Whether another table that comes or goes in the same plan has rows of this one."""
    name = split(table.name)[1]
    others = (c.content for c in changes if isinstance(c, CreateTable | DropTable))
    return any(name in words_of(other) for other in others if other.name != table.name)
