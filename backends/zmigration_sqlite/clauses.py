"""Definitions inside CREATE TABLE: a column as name, type and clauses, and table constraints."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from .tokens import (
    Token,
    Tokens,
    depths,
    fold,
    in_parentheses,
    significant,
    text_of,
    tokenize,
    trimmed,
)

_TABLE_STARTERS = frozenset({"CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"})
_COLUMN_STARTERS = frozenset({"NOT", "NULL", "DEFAULT", "COLLATE", "REFERENCES", "DEFERRABLE"})
_STARTERS = _TABLE_STARTERS | _COLUMN_STARTERS | {"GENERATED", "AS"}


@dataclass(frozen=True, slots=True)
class Clause:
    """A clause of a column, or a table constraint, with the spaces before it."""

    tokens: Tokens

    @property
    def words(self) -> Tokens:
        """Its tokens without spaces, comments and `CONSTRAINT name`."""
        words = significant(self.tokens)
        return words[2:] if words and words[0].keyword == "CONSTRAINT" else words

    @property
    def words_with_spaces(self) -> Tokens:
        """Its tokens without what `CONSTRAINT name` says."""
        if self.name is None:
            return self.tokens
        at = [i for i, token in enumerate(self.tokens) if token.kind != "space"]
        return self.tokens[at[1] + 1 :]

    def named(self, prefix: str) -> Clause:
        """The clause with `prefix` (`CONSTRAINT name `) in place of what it says of its name."""
        before, rest, after = trimmed(self.words_with_spaces)
        lead = trimmed(self.tokens)[0] if self.name is not None else before
        return Clause((*lead, *tokenize(prefix), *rest, *after))

    @property
    def kind(self) -> str:
        """Its first keyword; "NOT NULL" for that."""
        first = [token.keyword for token in self.words[:2]]
        if first[:1] == ["NOT"]:
            return " ".join(first)
        return "AS" if first[:1] == ["GENERATED"] else "".join(first[:1])

    @property
    def name(self) -> str | None:
        """What `CONSTRAINT` calls it."""
        words = significant(self.tokens)
        return words[1].name if words and words[0].keyword == "CONSTRAINT" else None

    @property
    def columns(self) -> tuple[str, ...]:
        """The names in its first parentheses."""
        return _names(in_parentheses(self.words))

    @property
    def expression(self) -> str:
        """The text in its first parentheses."""
        return text_of(in_parentheses(self.tokens)).strip()

    @property
    def target(self) -> tuple[str, tuple[str, ...]]:
        """The table and columns after REFERENCES; no columns mean the table's primary key."""
        words = self.words
        at = next(i for i, token in enumerate(words) if token.keyword == "REFERENCES")
        named = len(words) > at + 2 and words[at + 2].text == "("
        return words[at + 1].name, _names(in_parentheses(words[at + 2 :])) if named else ()


@dataclass(frozen=True, slots=True)
class ColumnText:
    """A column definition; joined, its parts are its text."""

    name_token: Token
    type_tokens: Tokens
    clauses: tuple[Clause, ...]

    @property
    def name(self) -> str:
        return self.name_token.name

    @property
    def type(self) -> str:
        """The declared type, without comments and with single spaces."""
        words = (" " if token.kind == "space" else token.text for token in self.type_tokens)
        return " ".join("".join(words).split())

    def render(self) -> Tokens:
        parts = (t for clause in self.clauses for t in clause.tokens)
        return (self.name_token, *self.type_tokens, *parts)

    def clause(self, kind: str) -> Clause | None:
        """The first clause of that kind."""
        return next((c for c in self.clauses if c.kind == kind), None)

    def with_type(self, text: str) -> ColumnText:
        lead, _, trail = trimmed(self.type_tokens)
        return replace(self, type_tokens=(*(lead or tokenize(" ")), *tokenize(text), *trail))

    def without(self, *kinds: str) -> ColumnText:
        """Without the clauses of these kinds; comments before them stay."""
        kept = [_comments(c) if c.kind in kinds else c for c in self.clauses]
        return replace(self, clauses=tuple(c for c in kept if c.tokens))

    def without_clause(self, clause: Clause) -> ColumnText:
        kept = [_comments(c) if c == clause else c for c in self.clauses]
        return replace(self, clauses=tuple(c for c in kept if c.tokens))

    def with_clause(self, text: str) -> ColumnText:
        """With one more clause at its end."""
        return replace(self, clauses=(*self.clauses, Clause(tokenize(f" {text}"))))


def parse_column(tokens: Tokens) -> ColumnText:
    """A column definition of tokens that begin with its name."""
    starts = [0, *_starts(tokens, _STARTERS, 1), len(tokens)]
    spans = [tokens[a:b] for a, b in pairwise(starts)]
    return ColumnText(tokens[0], spans[0][1:], tuple(map(Clause, spans[1:])))


def split_constraints(tokens: Tokens) -> Iterator[Tokens]:
    """Table constraints; SQLite lets them follow each other without commas."""
    starts = [0, *(s for s in _starts(tokens, _TABLE_STARTERS, 0) if s), len(tokens)]
    yield from (tokens[a:b] for a, b in pairwise(starts))


def is_constraint(tokens: Tokens) -> bool:
    """Whether an item of CREATE TABLE is a table constraint."""
    return tokens[0].keyword in _TABLE_STARTERS


def _starts(tokens: Tokens, starters: frozenset[str], begin: int) -> list[int]:
    """Where clauses begin: at the spaces before a keyword that starts one."""
    found: list[int] = []
    levels = depths(tokens)
    previous = ""
    for index, token in enumerate(tokens):
        if token.kind == "space":
            continue
        starts = index >= begin and levels[index] == 0 and token.keyword in starters
        if starts and not _continues(tokens, index, previous):
            found.append(_before(tokens, index))
        previous = _label(previous, token)
    return found


def _continues(tokens: Tokens, index: int, previous: str) -> bool:
    if previous in ("NOT", "DEFAULT", "SET", "NAMED"):
        return True
    following = next((t.keyword for t in tokens[index + 1 :] if t.kind != "space"), "")
    # GENERATED and AS are also words that a type may hold; only together do they start a clause.
    if tokens[index].keyword == "GENERATED":
        return following != "ALWAYS"
    return tokens[index].keyword == "AS" and previous == "ALWAYS"


def _label(previous: str, token: Token) -> str:
    """What stands before the next token; "NAMED" after `CONSTRAINT name`."""
    if previous == "CONSTRAINT":
        return "NAMED"
    if previous == "DEFAULT" and token.text in "+-":
        return previous
    return "" if previous == "SET" else token.keyword


def _before(tokens: Tokens, index: int) -> int:
    while index > 1 and tokens[index - 1].kind == "space":
        index -= 1
    return index


def _comments(clause: Clause) -> Clause:
    """What is left of a clause that goes: the spaces before it, if there is a comment in them."""
    words = [i for i, token in enumerate(clause.tokens) if token.kind != "space"]
    lead = clause.tokens[: words[0]] if words else clause.tokens
    return Clause(lead if any(token.comment for token in lead) else ())


def _names(tokens: Tokens) -> tuple[str, ...]:
    """The first name of each part between commas (`a COLLATE nocase DESC, b`)."""
    words = significant(tokens)
    firsts = [i for i in range(len(words)) if i == 0 or words[i - 1].text == ","]
    return tuple(words[i].name for i in firsts)


def same(left: tuple[str, ...], right: tuple[str, ...]) -> bool:
    """Whether two lists of names are the same to SQLite."""
    return tuple(map(fold, left)) == tuple(map(fold, right))
