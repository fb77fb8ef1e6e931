"""Values as lines of YAML: on one line where they fit, else spread over several."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from .yaml_words import in_comment, scalar

WIDTH = 100
Value: TypeAlias = str | Sequence["Value"] | Mapping[str, "Value"]


def flow(value: Value) -> str:
    """The value on one line."""
    if isinstance(value, str):
        return scalar(value)
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{scalar(key)}: {flow(one)}' for key, one in value.items())}}}"
    return f"[{', '.join(map(flow, value))}]"


def entry(key: str, value: Value, indent: int) -> Iterator[str]:
    """`key: value` at that indentation, in a mapping."""
    yield from _after(f"{' ' * indent}{scalar(key)}:", value, indent)


def spread(key: str, value: Sequence[Value], indent: int) -> Iterator[str]:
    """A list with one item a line."""
    yield f"{' ' * indent}{scalar(key)}:"
    for item in value:
        yield from _item(item, indent + 2)


def _after(head: str, value: Value, indent: int) -> Iterator[str]:
    line = f"{head} {flow(value)}"
    if len(line) <= WIDTH and not _has_lines(value):
        yield line
    elif isinstance(value, str):
        yield from _long_text(head, value, indent + 2)
    elif isinstance(value, Mapping):
        yield head
        for key, one in value.items():
            yield from entry(key, one, indent + 2)
    else:
        yield head
        for item in value:
            yield from _item(item, indent + 2)


def _item(value: Value, indent: int) -> Iterator[str]:
    """One item of a list: a mapping of one key needs no braces."""
    head = f"{' ' * indent}-"
    single = isinstance(value, Mapping) and len(value) == 1
    line = f"{head} {flow(value)}"
    if not single and len(line) <= WIDTH and not _has_lines(value):
        yield line
    elif isinstance(value, Mapping):
        first, *rest = (line for key, one in value.items() for line in entry(key, one, indent + 2))
        yield f"{head} {first[indent + 2 :]}"
        yield from rest
    elif isinstance(value, str):
        yield from _long_text(head, value, indent + 2)
    else:
        yield line


def _has_lines(value: Value) -> bool:
    """Whether a text in it reads better over several lines."""
    if isinstance(value, str):
        return "\n" in value and _may_be_block(value)
    parts = value.values() if isinstance(value, Mapping) else value
    return any(map(_has_lines, parts))


def _long_text(head: str, text: str, indent: int) -> Iterator[str]:
    """A text over several lines, if it may be; every line break of it means what it should."""
    if not _may_be_block(text):
        yield f"{head} {scalar(text)}"
        return
    folded = "\n" not in text
    lines = _folded(text, max(WIDTH - indent, 40)) if folded else text.split("\n")
    if folded and len(lines) == 1 and indent + len(text) > WIDTH:
        yield f"{head} {scalar(text)}"
        return
    yield f"{head} {'>-' if folded else '|-'}"
    yield from (f"{' ' * indent}{line}" if line else "" for line in lines)


def _may_be_block(text: str) -> bool:
    lines = text.split("\n")
    return (
        bool(text)
        and all(line.isprintable() for line in lines)
        and text[0] not in " \n"
        and text[-1] not in " \n"
        and "\\u" not in text
    )


def _folded(text: str, width: int) -> list[str]:
    """Lines that YAML joins with one space each: broken at spaces that stand alone."""
    lines, line = [], ""
    for word in _words(text):
        if line and len(line) + 1 + len(word) > width:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    return [*lines, line]


def _words(text: str) -> Iterator[str]:
    """The parts between single spaces; where several stand together they stay in their word."""
    start = 0
    for at, character in enumerate(text):
        alone = character == " " and text[at - 1] != " " and text[at + 1 : at + 2] != " "
        if alone:
            yield text[start:at]
            start = at + 1
    yield text[start:]


def comment(text: str, indent: int = 0) -> Iterator[str]:
    """The text as comment lines."""
    head = f"{' ' * indent}# "
    yield from textwrap.wrap(
        in_comment(text),
        WIDTH,
        initial_indent=head,
        subsequent_indent=head,
        break_long_words=False,
        break_on_hyphens=False,
    )


def bullet(text: str, indent: int = 0) -> Iterator[str]:
    """The text as comment lines that begin with a dash."""
    head = f"{' ' * indent}# "
    yield from textwrap.wrap(
        in_comment(text),
        WIDTH,
        initial_indent=f"{head}- ",
        subsequent_indent=f"{head}  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
