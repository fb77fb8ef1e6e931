"""A folder of tables, and the files of a unit of work that wait beside the originals.

A table is the file `<table>.csv`, by exact name. A symbolic link is followed when its file lies
in the same folder (the file itself is then replaced, the link stays) and refused otherwise; a
linked table cannot be renamed or dropped. Two files whose names differ in case alone are
refused, because half of the file systems take them for one.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

from zmigration_api import StoreError, is_internal

from . import journal

SUFFIX = ".csv"
_HOSTS_OWN = (".zMigration", "_zMigration")
_FORBIDDEN = "/\\\0:" if os.name == "nt" else "/\\\0"
_MARGIN = 1 << 20
"""Bytes that must stay free on the disk."""


def file_name(table: str) -> str:
    """The file of a table; StoreError for a name that would lead out of the folder."""
    if not table or table.startswith(".") or any(c in table for c in _FORBIDDEN):
        raise StoreError(
            f"a table called {table!r} cannot be a file in the folder",
            hint="use a name without slashes and without a dot at its start",
        )
    return f"{table}{SUFFIX}"


def _may_be_data(table: str) -> bool:
    hidden = not table or table.startswith(".")
    return not (hidden or table.endswith(_HOSTS_OWN) or is_internal(table))


def need_space(folder: Path, size: int) -> None:
    """StoreError if the disk has no room for another `size` bytes."""
    free = shutil.disk_usage(folder).free
    if free < size + _MARGIN:
        raise StoreError(
            f"the disk has {free >> 20} MB free, and a new file needs {(size >> 20) + 2} MB",
            hint="make room and run again",
            file=folder,
        )


class Files:
    """Where each table's bytes are: as the folder says, or as an interrupted commit left them."""

    def __init__(self, folder: Path, overlay: Mapping[str, str | None]) -> None:
        self.folder = folder
        self._now: dict[str, str | None] = dict(overlay)

    def path(self, table: str) -> Path | None:
        """The file to read, None if there is no such table."""
        name = self._real(file_name(table))
        now = self._now.get(name, name)
        if now is None or (now == name and not self._is_there(name)):
            return None
        return self.folder / now

    def tables(self) -> list[str]:
        """The tables that are there, sorted, without bookkeeping of ours and the host's."""
        names = {*self._listing(), *(name for name, now in self._now.items() if now is not None)}
        tables = sorted(name.removesuffix(SUFFIX) for name in names if name.endswith(SUFFIX))
        return [table for table in tables if _may_be_data(table) and self._is_file(table)]

    def _is_file(self, table: str) -> bool:
        path = self.path(table)
        return path is not None and path.is_file()

    def _is_there(self, name: str) -> bool:
        """Whether the folder has a file of that very name; its listing alone knows on some disks.

        Where `users.CSV` is not there with `users.csv`, the disk tells upper from lower case.
        """
        other = f"{name.removesuffix(SUFFIX)}{SUFFIX.upper()}"
        if not _exists(self.folder / name):
            return False
        return not _exists(self.folder / other) or name in self._listing()

    def _real(self, name: str) -> str:
        """The name in this folder of the file that `name` may link to."""
        path = self.folder / name
        if not path.is_symlink():
            return name
        real = path.resolve()
        if real.parent != self.folder.resolve():
            raise StoreError(
                "this is a link to a file outside of its folder",
                hint="put the file itself there",
                file=path,
            )
        return real.name

    def _listing(self) -> frozenset[str]:
        try:
            return frozenset(os.listdir(self.folder))
        except FileNotFoundError:
            return frozenset()


def _exists(path: Path) -> bool:
    try:
        path.lstat()
    except FileNotFoundError:
        return False
    return True


class Staging(Files):
    """The files of an open unit of work. Nothing but staged files is written before `commit`."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, {})
        self._before: dict[str, journal.Mark | None] = {}
        self._count = 0

    def create(self, model: str, size: int) -> tuple[Path, BinaryIO]:
        """A new staged file, in mode and owner like that table's; `size` bytes are expected."""
        need_space(self.folder, size)
        like = self.path(model)
        staged = self._next()
        stream = staged.open("xb")
        try:
            if like is not None:
                _imitate(like, stream.fileno())
        except BaseException:
            stream.close()
            raise
        return staged, stream

    def watch(self, table: str) -> None:
        """Remember what the original is now, before it is read for a change."""
        name = self._real(file_name(table))
        self._before.setdefault(name, journal.mark(self.folder / name))

    def put(self, table: str, staged: Path) -> None:
        """From now on the table is this staged file."""
        self.watch(table)
        name = self._real(file_name(table))
        last = self._now.get(name)
        self._now[name] = staged.name
        if last is not None:
            (self.folder / last).unlink()

    def refuse_clash(self, table: str, leaving: str | None = None) -> None:
        """StoreError if a file of that name is there, in whatever case; `leaving` goes away."""
        name = file_name(table)
        gone = {n for n, now in self._now.items() if now is None}
        there = (self._listing() | set(self._now)) - gone - {leaving and file_name(leaving)}
        for other in sorted(str(n) for n in there):
            if other.casefold() == name.casefold():
                what = "is there already" if other == name else f"differs from {name} only in case"
                raise StoreError(f"{other} {what}", file=self.folder / other)

    def rename(self, old: str, new: str) -> None:
        """The table `old` is called `new` from now on."""
        self._refuse_link(old)
        path = self.path(old)
        if path is None:
            raise StoreError("is not there, so it cannot be renamed", file=self.folder / old)
        self.refuse_clash(new, leaving=old)
        self.watch(old)
        staged = self._next()
        _link_or_copy(path, staged)
        self.put(new, staged)
        self.remove(old)

    def remove(self, table: str) -> None:
        """The table is no more."""
        self._refuse_link(table)
        self.watch(table)
        name = file_name(table)
        last = self._now.get(name)
        self._now[name] = None
        if last is not None:
            (self.folder / last).unlink()

    def actions(self) -> list[journal.Action]:
        """What a commit does to the folder."""
        return [
            journal.Action(name, staged, self._before.get(name))
            for name, staged in self._now.items()
            if staged is not None or self._before.get(name) is not None
        ]

    def _next(self) -> Path:
        self._count += 1
        return self.folder / journal.staged_name(self._count)

    def _refuse_link(self, table: str) -> None:
        path = self.folder / file_name(table)
        if path.is_symlink():
            raise StoreError(
                "this is a link, which is neither renamed nor dropped",
                hint="put the file itself there",
                file=path,
            )


def _imitate(like: Path, descriptor: int) -> None:
    status = like.stat()
    if os.name == "nt":
        return
    ours = os.fstat(descriptor)
    if (ours.st_uid, ours.st_gid) != (status.st_uid, status.st_gid):
        try:
            os.fchown(descriptor, status.st_uid, status.st_gid)
        except PermissionError as error:
            raise StoreError(
                "this file belongs to somebody else, and its new version would not",
                hint="run as its owner, or make the file yours",
                file=like,
            ) from error
    os.fchmod(descriptor, status.st_mode & 0o7777)


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # some file systems have no links
        need_space(target.parent, source.stat().st_size)
        shutil.copy2(source, target)
