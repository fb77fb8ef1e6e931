"""CREATE TABLE text that can be edited: every byte that is not edited stays.

SQLite keeps a table as the text that made it. A rebuild edits that text, so that what this
package knows nothing of (COLLATE, conflict clauses, comments, STRICT) is carried along.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from .clauses import Clause, ColumnText, is_constraint, parse_column, split_constraints
from .tokens import Token, Tokens, depths, fold, significant, text_of, tokenize, trimmed


@dataclass(frozen=True, slots=True)
class Item:
    """A column or a table constraint, with the spaces and comments that go with it.

    `before` is what precedes it on lines of its own; `inner` stands before its comma, `after`
    behind it on the same line.
    """

    body: Tokens
    before: Tokens = ()
    inner: Tokens = ()
    after: Tokens = ()
    comma: str = ","


@dataclass(frozen=True, slots=True)
class TableText:
    """A CREATE TABLE text in parts: head, name, columns, constraints, and the rest."""

    head: Tokens
    name_token: Token
    opening: Tokens
    columns: tuple[Item, ...]
    constraints: tuple[Item, ...]
    closing: Tokens
    tail: Tokens

    @property
    def name(self) -> str:
        return self.name_token.name

    @property
    def strict(self) -> bool:
        return "STRICT" in self._options

    @property
    def without_rowid(self) -> bool:
        return "ROWID" in self._options

    @property
    def _options(self) -> frozenset[str]:
        return frozenset(token.text.upper() for token in self.tail)

    def render(self, name: str | None = None) -> str:
        """The statement without semicolon; `name` is written as given, in place of the name."""
        written = self.name_token.text if name is None else name
        front = f"{text_of(self.head)}{written}{text_of(self.opening)}"
        items = (*self.columns, *self.constraints)
        end = f"{text_of(self.closing)}{text_of(self.tail)}"
        following = [_item(item, last=item is items[-1]) for item in items] + [end]
        lines = [_line_end(item, text) for item, text in zip(items, following[1:], strict=True)]
        inner = "".join(text + line for text, line in zip(following, lines, strict=False))
        return f"{front}{inner}{end}"

    def definitions(self) -> tuple[ColumnText, ...]:
        """Its columns."""
        return tuple(parse_column(item.body) for item in self.columns)

    def definition(self, name: str) -> ColumnText | None:
        """The column of that name, or None."""
        wanted = fold(name)
        bodies = (i.body for i in self.columns if fold(i.body[0].name) == wanted)
        return next((parse_column(body) for body in bodies), None)

    def clauses(self) -> tuple[Clause, ...]:
        """Its table constraints."""
        return tuple(Clause(item.body) for item in self.constraints)

    def with_column(self, definition: str) -> TableText:
        """With one more column, after the others."""
        new = Item(tokenize(definition), before=_layout(self.columns))
        return replace(self, columns=(*self.columns, new))

    def with_constraint(self, clause: str) -> TableText:
        """With one more table constraint, after the others."""
        new = Item(tokenize(clause), before=_layout((*self.columns, *self.constraints)))
        return replace(self, constraints=(*self.constraints, new))

    def without_column(self, name: str) -> TableText:
        """Without that column; its clauses go with it."""
        kept = tuple(i for i in self.columns if fold(i.body[0].name) != fold(name))
        return replace(self, columns=kept)

    def without_constraints(self, unwanted: Callable[[Clause], bool]) -> TableText:
        """Without the table constraints that `unwanted` says."""
        kept = tuple(i for i in self.constraints if not unwanted(Clause(i.body)))
        return replace(self, constraints=kept)

    def with_options(self, options: Sequence[str]) -> TableText:
        """With these in place of what it says after its closing parenthesis."""
        said = tokenize(f" {', '.join(options)}") if options else ()
        return replace(self, tail=(self.tail[0], *said))

    def with_clause(self, old: Clause, new: Clause) -> TableText:
        """With one clause in place of another, in columns and constraints."""
        items = tuple(
            replace(i, body=trimmed(new.tokens)[1]) if Clause(i.body) == old else i
            for i in self.constraints
        )
        text = replace(self, constraints=items)
        return text.edited_all(
            lambda c: replace(c, clauses=tuple(new if one == old else one for one in c.clauses))
        )

    def edited(self, name: str, edit: Callable[[ColumnText], ColumnText]) -> TableText:
        """With one column's definition changed."""
        items = tuple(
            replace(i, body=edit(parse_column(i.body)).render())
            if fold(i.body[0].name) == fold(name)
            else i
            for i in self.columns
        )
        return replace(self, columns=items)

    def edited_all(self, edit: Callable[[ColumnText], ColumnText]) -> TableText:
        """With every column's definition changed."""
        text = self
        for column in self.definitions():
            text = text.edited(column.name, edit)
        return text


def primary_key(text: TableText) -> tuple[str, ...]:
    """The names of the primary key's columns, or nothing."""
    for clause in text.clauses():
        if clause.kind == "PRIMARY":
            return clause.columns
    return tuple(c.name for c in text.definitions() if c.clause("PRIMARY"))


def rowid_alias(text: TableText) -> str | None:
    """The column that is another name of the row's number (INTEGER PRIMARY KEY), or None."""
    key = primary_key(text)
    column = text.definition(key[0]) if len(key) == 1 and not text.without_rowid else None
    if column is None or column.type.upper() != "INTEGER":
        return None
    inline = column.clause("PRIMARY")
    descending = inline and any(t.keyword == "DESC" for t in inline.words)
    return None if descending else column.name


def autoincrements(text: TableText) -> bool:
    """Whether SQLite keeps a sequence for the table."""
    inline = (column.clause("PRIMARY") for column in text.definitions())
    keys = (clause for clause in (*inline, *text.clauses()) if clause)
    return any(token.keyword == "AUTOINCREMENT" for clause in keys for token in clause.words)


def parse_table(sql: str) -> TableText:
    """The parts of a CREATE TABLE text as `sqlite_master` keeps it; ValueError if it is none."""
    tokens = tokenize(sql)
    words = significant(tokens)
    if [t.keyword for t in words[:2]] != ["CREATE", "TABLE"] or len(words) < 5:
        raise ValueError("is not made by a plain CREATE TABLE")
    name_at = tokens.index(words[2], tokens.index(words[1]) + 1)
    levels = depths(tokens)
    opens = levels.index(1)
    closes = next(i for i in range(opens, len(tokens)) if levels[i] == 1 and tokens[i].text == ")")
    items, closing = _items(tokens[opens + 1 : closes])
    split = next((n for n, i in enumerate(items) if is_constraint(i.body)), len(items))
    return TableText(
        head=tokens[:name_at],
        name_token=tokens[name_at],
        opening=tokens[name_at + 1 : opens + 1],
        columns=tuple(items[:split]),
        constraints=tuple(items[split:]),
        closing=closing,
        tail=tokens[closes:],
    )


def _items(tokens: Tokens) -> tuple[list[Item], Tokens]:
    """The items between the outer parentheses, and what stands before the closing one."""
    items: list[Item] = []
    rest: Tokens = ()
    parts = list(_parts(tokens))
    for index, part in enumerate(parts):
        before, body, inner = trimmed(part)
        if index:
            after, before = _same_line(before)
            items[-1] = replace(items[-1], after=after)
        last = index == len(parts) - 1
        if last:
            inner, rest = (), inner
        bodies = list(split_constraints(body)) if is_constraint(body) else [body]
        items += [_glued(b) for b in bodies[:-1]]
        items.append(Item(trimmed(bodies[-1])[1], before, inner))
        if len(bodies) > 1:
            items[-len(bodies)] = replace(items[-len(bodies)], before=before)
            items[-1] = replace(items[-1], before=trimmed(bodies[-1])[0])
    after, closing = _same_line(rest)
    items[-1] = replace(items[-1], after=after)
    return items, closing


def _glued(body: Tokens) -> Item:
    """A table constraint that no comma follows."""
    lead, inside, trail = trimmed(body)
    return Item(inside, before=lead, inner=trail, comma="")


def _parts(tokens: Tokens) -> Iterator[Tokens]:
    """The tokens between commas that stand in no parentheses."""
    levels = depths(tokens)
    commas = [i for i, t in enumerate(tokens) if levels[i] == 0 and t.text == ","]
    starts = [0, *(i + 1 for i in commas)]
    yield from (tokens[a:b] for a, b in zip(starts, [*commas, len(tokens)], strict=True))


def _same_line(tokens: Tokens) -> tuple[Tokens, Tokens]:
    """Spaces and comments up to the end of the line if there is a comment, and the others."""
    for index, token in enumerate(tokens):
        if not token.comment and "\n" in token.text:
            if not any(t.comment for t in tokens[:index]):
                return (), tokens
            at = token.text.index("\n")
            line, rest = Token("space", token.text[:at]), Token("space", token.text[at:])
            return (*tokens[:index], *([line] if at else [])), (rest, *tokens[index + 1 :])
    return (tokens, ()) if any(t.comment for t in tokens) else ((), tokens)


def _item(item: Item, last: bool) -> str:
    end = "" if last else item.comma
    parts = (item.before, item.body, item.inner)
    return f"{''.join(map(text_of, parts))}{end}{text_of(item.after)}"


def _line_end(item: Item, following: str) -> str:
    """What keeps a comment at the end of an item from swallowing what follows."""
    comment = item.after and item.after[-1].text.startswith("--")
    return "\n" if comment and not following.startswith("\n") else ""


def _layout(items: Sequence[Item]) -> Tokens:
    """The spaces for one more item after these."""
    before = items[-1].before if items else ()
    if not before or any(token.comment for token in before):
        return (Token("space", " "),)
    return before
