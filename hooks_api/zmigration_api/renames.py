"""Renames whose names meet: two that swap names, and one that takes the name of what goes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import TypeAlias, TypeVar

from .changes import RenameColumn, RenameTable
from .history import PREFIX

Rename: TypeAlias = RenameTable | RenameColumn
_Rename = TypeVar("_Rename", bound=Rename)
_ASIDE, _PASSING = f"{PREFIX}_old_", f"{PREFIX}new_"
_LONGEST_NAME = 63  # bytes, PostgreSQL's


def aside(name: str) -> str:
    """What something is called that is about to go, where its name is wanted for another."""
    return _named(_ASIDE, name)


def is_aside(name: str) -> bool:
    """Whether a name is one that `aside` gives."""
    return name.startswith(_ASIDE)


def without_aside(text: str) -> str:
    """A text for people, with what was set aside under its own name."""
    return text.replace(_ASIDE, "")


def passing(name: str) -> str:
    """What something is called on its way to a name that is not free yet."""
    return _named(_PASSING, name)


def in_turn(renames: Iterable[_Rename], key: Callable[[str], Hashable] = str) -> list[_Rename]:
    """Renames of one kind, of columns of one table, so that each finds its new name free.

    In a circle the first one does not.
    """
    left, ordered = list(renames), []
    while left:
        taken = {key(rename.old) for rename in left}
        free = (r for r in left if key(r.new) not in taken or key(r.new) == key(r.old))
        ordered.append(next(free, left[0]))
        left.remove(ordered[-1])
    return ordered


def moves(
    renames: Sequence[Rename],
    key: Callable[[str], Hashable] = str,
    passing: Callable[[str], str] = passing,
) -> dict[Rename, list[tuple[str, str]]]:
    """For each of these renames the moves from one name to another, all to be made in this order.

    They are of one kind, of columns of one table. `key` is equal for names that are the same.
    """
    found: dict[Rename, list[tuple[str, str]]] = {}
    waiting: dict[Hashable, str] = {}
    for number, rename in enumerate(renames):
        old, new = rename.old, rename.new
        found[rename] = [(old, new)]
        if key(new) in {key(later.old) for later in renames[number:]}:
            waiting[key(new)] = new
            found[rename] = [(old, passing(new))]
        if key(old) in waiting:
            name = waiting.pop(key(old))
            found[rename].append((passing(name), name))
    return found


def in_steps(renames: Sequence[_Rename]) -> list[list[_Rename]]:
    """Each by itself, or all together where some are made by passing names."""
    direct = all(way == [(r.old, r.new)] for r, way in moves(renames).items())
    return [[rename] for rename in renames] if direct else [list(renames)]


def _named(prefix: str, name: str) -> str:
    """The name after the prefix; its own too where it would be too long."""
    if len(f"{prefix}{name}".encode()) <= _LONGEST_NAME:
        return f"{prefix}{name}"
    mark = hashlib.sha256(name.encode()).hexdigest()[:8]
    room = _LONGEST_NAME - len(prefix) - len(mark) - 1
    return f"{prefix}{name.encode()[:room].decode(errors='ignore')}_{mark}"
