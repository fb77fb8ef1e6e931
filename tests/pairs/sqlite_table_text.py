"""What a CREATE TABLE of SQLite says, constraints of columns told as those of the table."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from tests.pairs.sql_words import Word, closing, parted, shown, unwrapped, words

_IN_COLUMNS = ("not", "null", "default", "collate", "references", "generated", "as")
_IN_TABLES = ("constraint", "primary", "unique", "check", "foreign")
STARTS = frozenset((*_IN_COLUMNS, *_IN_TABLES))
_CLAUSE = re.compile(r"on (?:delete|update) (?:set \w+|cascade|restrict)|deferrable.*|match \w+")
# What is meant when nothing is said.
_USUAL = re.compile(r"on (?:delete|update) no action|not deferrable|initially immediate| asc\b")


def table_lines(sql: str) -> Iterator[str]:
    """A line for each column's type, each constraint and each option.

    Foreign keys come without the columns that they refer to: `REFERENCES p` means p's primary key.
    """
    said = words(sql)
    start = said.index(Word("sign", "("))
    end = closing(said, start)
    for part in parted(said[start + 1 : end]):
        if part[0].text in _IN_TABLES:
            yield from _constraints(part, None)
        else:
            yield from _column(part)
    for option in parted(said[end + 1 :]):
        yield f"option {shown(option)}"


def _column(part: Sequence[Word]) -> Iterator[str]:
    name, at = part[0].text.strip("'"), 1
    while at < len(part) and part[at].text not in STARTS:
        at = closing(part, at) + 1 if part[at].text == "(" else at + 1
    yield f"{name} is of type {shown(part[1:at])}"
    yield from _constraints(part[at:], name)


def _constraints(said: Sequence[Word], column: str | None) -> Iterator[str]:
    for name, clause in _clauses(said):
        line = _line(clause, column)
        if line:
            # Nobody can tell a requirement, a default or a collation by a name.
            named = name and clause[0].text in ("references", *_IN_TABLES)
            yield f"{line}, called {name}" if named else line


def _clauses(said: Sequence[Word]) -> Iterator[tuple[str | None, Sequence[Word]]]:
    """Each constraint with its name, from its first word to the next one's."""
    name, start, at = None, 0, 0
    while at < len(said):
        if said[at].text == "constraint":
            name, start, at = said[at + 1].text, at + 2, at + 2
            continue
        at = _end(said, at)
        yield name, said[start:at]
        name, start = None, at


def _end(said: Sequence[Word], at: int) -> int:
    """Where the constraint that starts at `at` ends."""
    two = said[at].text in ("not", "primary", "foreign")
    two = two or (said[at].text == "default" and said[at + 1].text != "(")
    at += 2 if two else 1
    while at < len(said):
        if said[at].text == "(":
            at = closing(said, at) + 1
        elif said[at].text in STARTS and not _goes_on(said, at):
            break
        else:
            at += 1
    return at


def _goes_on(said: Sequence[Word], at: int) -> bool:
    """Whether a word that could start a constraint belongs to the one before."""
    before = said[at - 1].text
    if said[at].text in ("null", "default") and before == "set":
        return True
    if said[at].text == "references":
        return before == ")" and any(word.text == "foreign" for word in said[:at])
    if said[at].text == "as":
        return before == "always"
    return said[at].text == "not" and said[at + 1].text == "deferrable"


def _line(clause: Sequence[Word], column: str | None) -> str | None:
    first, own = clause[0].text, column or ""
    match first:
        case "primary" | "unique":
            rest = clause[2:] if first == "primary" else clause[1:]
            return f"{first} {_plain(rest if column is None else (*_listed(own), *rest))}"
        case "check":
            return f"check {shown(unwrapped(clause[1:]))}"
        case "default":
            return _default(own, unwrapped(clause[1:]))
        case "not":
            return f"{own} not null {_plain(clause[2:])}"
        case "collate":
            return f"{own} collate {clause[1].text}"
        case "generated" | "as":
            return _generated(own, clause)
        case "references" | "foreign":
            return _reference(clause if column is None else (*_listed(own), *clause))
        case "null":
            return None
    raise AssertionError(f"unread: {shown(clause)}")


def _listed(column: str) -> tuple[Word, ...]:
    return Word("sign", "("), Word("name", column), Word("sign", ")")


def _plain(clause: Sequence[Word]) -> str:
    return _USUAL.sub("", shown(clause)).replace("on conflict abort", "").strip()


def _default(column: str, value: Sequence[Word]) -> str | None:
    text = shown(value).removeprefix("+ ")
    if len(value) == 1 and value[0].kind == "name" and text not in ("true", "false"):
        text = text if text.startswith("current_") or text == "null" else f"'{text}'"
    return None if text == "null" else f"{column} default {text}"


def _generated(column: str, clause: Sequence[Word]) -> str:
    start = next(at for at, word in enumerate(clause) if word.text == "(")
    end = closing(clause, start)
    stored = any(word.text == "stored" for word in clause[end:])
    what = shown(unwrapped(clause[start : end + 1]))
    return f"{column} {'stored' if stored else 'virtual'} {what}"


def _reference(clause: Sequence[Word]) -> str:
    said = _USUAL.sub("", shown(clause)).removeprefix("foreign key ")
    columns = said[: said.index(" references")]
    return f"reference {columns} {sorted(_CLAUSE.findall(said))}"
