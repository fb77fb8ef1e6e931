"""What a table's text says of its keys, constraints and columns beyond what PRAGMAs say."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Literal, NamedTuple, cast, get_args

from zmigration_api import Deferral, PrimaryKey, UniqueConstraint

from .canonical import is_bare, key_column, key_text, tidy, with_plain_name
from .clauses import Clause, ColumnText
from .ddl import TableText, rowid_alias
from .names import QUOTING
from .tokens import Token, Tokens, depths, fold, in_parentheses, text_of, tokenize
from .usual import unique_name

Match = Literal["SIMPLE", "FULL", "PARTIAL"]


class Keys(NamedTuple):
    """What a key or index is over, as the model has it."""

    columns: tuple[str, ...]
    keys: tuple[str, ...] = ()


class Reference(NamedTuple):
    """What PRAGMAs do not say of a foreign key."""

    name: str | None
    match: Match
    deferral: Deferral | None


def listed(tokens: Sequence[Token]) -> tuple[Tokens, ...]:
    """The tokens between commas that stand in no parentheses."""
    levels = depths(tokens)
    commas = [i for i, t in enumerate(tokens) if levels[i] == 0 and t.text == ","]
    starts = [0, *(i + 1 for i in commas)]
    pairs = zip(starts, [*commas, len(tokens)], strict=True)
    return tuple(tuple(tokens[a:b]) for a, b in pairs)


def keys_of(tokens: Sequence[Token], spelled: dict[str, str]) -> Keys:
    """The keys between commas; `spelled` are the table's columns by folded name."""
    texts = tuple(with_plain_name(key_text(part), spelled) for part in listed(tokens))
    found = [key_column(text, spelled) for text in texts]
    columns = tuple(spelled[name] for name in found if name is not None)
    plain = len(columns) == len(texts) and all(map(is_bare, texts))
    return Keys(columns, () if plain else texts)


def keys_in(clause: Clause, spelled: dict[str, str]) -> Keys:
    """The keys in a clause's first parentheses."""
    return keys_of(in_parentheses(clause.words_with_spaces), spelled)


def primary_key(text: TableText, spelled: dict[str, str]) -> PrimaryKey | None:
    """The primary key; the order of one that is the row's number says nothing."""
    for column in text.definitions():
        clause = column.clause("PRIMARY")
        if clause is not None:
            descending = any(t.keyword == "DESC" for t in clause.words)
            keys = (f"{QUOTING.name(column.name)} DESC",) if descending else ()
            return _primary_key(Keys((column.name,), keys), clause)
    for clause in text.clauses():
        if clause.kind == "PRIMARY":
            keys_ = keys_in(clause, spelled)
            alias = rowid_alias(text) is not None
            return _primary_key(Keys(keys_.columns) if alias else keys_, clause)
    return None


def _primary_key(keys: Keys, clause: Clause) -> PrimaryKey:
    return PrimaryKey(
        columns=keys.columns, keys=keys.keys, on_conflict=conflict(clause), name=clause.name
    )


def uniques(table: str, text: TableText, spelled: dict[str, str]) -> Iterator[UniqueConstraint]:
    """UNIQUE of columns, then of the table; what was said before in the same words says nothing."""
    seen: set[tuple[Keys, str | None, str | None]] = set()
    for clause, keys in _unique_clauses(text, spelled):
        said = keys, conflict(clause), clause.name
        if said not in seen:
            seen.add(said)
            yield UniqueConstraint(
                columns=keys.columns,
                keys=keys.keys,
                on_conflict=conflict(clause),
                name=clause.name or unique_name(table, keys.columns, keys.keys),
            )


def _unique_clauses(text: TableText, spelled: dict[str, str]) -> Iterator[tuple[Clause, Keys]]:
    for column in text.definitions():
        for clause in column.clauses:
            if clause.kind == "UNIQUE":
                yield clause, Keys((column.name,))
    for clause in text.clauses():
        if clause.kind == "UNIQUE":
            yield clause, keys_in(clause, spelled)


def conflict(clause: Clause) -> str | None:
    """What stands after ON CONFLICT; ABORT goes without saying."""
    words = [token.keyword for token in clause.words]
    if "CONFLICT" not in words:
        return None
    said = words[words.index("CONFLICT") + 1]
    return None if said == "ABORT" else said


def references(text: TableText) -> Iterator[Reference]:
    """Foreign keys in the order in which SQLite numbers them."""
    for column in text.definitions():
        for at, clause in enumerate(column.clauses):
            if clause.kind == "REFERENCES":
                following = column.clauses[at + 1 : at + 2]
                own = [c for c in following if c.kind in ("DEFERRABLE", "NOT DEFERRABLE")]
                yield reference(clause, (*clause.words, *(t for c in own for t in c.words)))
    for clause in text.clauses():
        if clause.kind == "FOREIGN":
            yield reference(clause, clause.words)


def reference(clause: Clause, words: Tokens) -> Reference:
    """What the words of a foreign key say."""
    said = [token.keyword for token in words]
    match = said[said.index("MATCH") + 1] if "MATCH" in said else "SIMPLE"
    known = cast(Match, match) if match in get_args(Match) else "SIMPLE"
    return Reference(clause.name, known, _deferral(said))


def actions(clause: Clause) -> tuple[str, str]:
    """What a foreign key does on DELETE and on UPDATE."""
    said = [token.keyword for token in clause.words]
    found = {"DELETE": "NO ACTION", "UPDATE": "NO ACTION"}
    for at, word in enumerate(said[:-2]):
        if word == "ON" and said[at + 1] in found:
            two = said[at + 2] in ("SET", "NO")
            found[said[at + 1]] = " ".join(said[at + 2 : at + (4 if two else 3)])
    return found["DELETE"], found["UPDATE"]


def _deferral(said: Sequence[str]) -> Deferral | None:
    if "DEFERRABLE" not in said or said[said.index("DEFERRABLE") - 1] == "NOT":
        return None
    return "DEFERRABLE INITIALLY DEFERRED" if "DEFERRED" in said else "DEFERRABLE"


def collation(column: ColumnText) -> str | None:
    """The last COLLATE, which is the one that counts."""
    clauses = [c for c in column.clauses if c.kind == "COLLATE"]
    return clauses[-1].words[1].name if clauses else None


def attributes(column: ColumnText) -> tuple[str, ...]:
    """NOT NULL with a name or a conflict clause, for which the model has no other word."""
    clauses = [c for c in column.clauses if c.kind == "NOT NULL"]
    return tuple(sorted(tidy(text_of(c.tokens)) for c in clauses if c.name or conflict(c)))


def index_keys(sql: str, spelled: dict[str, str]) -> Keys:
    """What a CREATE INDEX is over."""
    return keys_of(in_parentheses(_after_on(sql)), spelled)


def condition(sql: str) -> str | None:
    """What stands after WHERE in a CREATE INDEX."""
    tokens = _after_on(sql)
    levels = depths(tokens)
    where = (i for i, t in enumerate(tokens) if levels[i] == 0 and t.keyword == "WHERE")
    at = next(where, None)
    return None if at is None else text_of(tokens[at + 1 :]).strip()


def _after_on(sql: str) -> Tokens:
    tokens = tokenize(sql)
    at = next(i for i, token in enumerate(tokens) if token.keyword == "ON")
    return tokens[at + 1 :]


def options(text: TableText) -> tuple[str, ...]:
    """STRICT and WITHOUT ROWID."""
    said = (("STRICT", text.strict), ("WITHOUT ROWID", text.without_rowid))
    return tuple(option for option, there in said if there)


def is_required(column: ColumnText) -> bool:
    """Whether the column itself says NOT NULL."""
    return column.clause("NOT NULL") is not None


def spelled(names: Collection[str]) -> dict[str, str]:
    """The names by their folded forms."""
    return {fold(name): name for name in names}
