"""Waiting for a place that another run holds, and leaving none behind that is not wanted."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from zmigration_api.errors import LockTimeout

_T = TypeVar("_T")
_PAUSE = 0.05
"""Seconds."""


class Held(Exception):
    """Another run has the place; says who, as far as is known."""


def patiently(display: str, lock_timeout: float, attempt: Callable[[], _T]) -> _T:
    """What `attempt` gives once it raises `Held` no more; LockTimeout after so many seconds."""
    deadline = time.monotonic() + lock_timeout
    while True:
        try:
            return attempt()
        except Held as held:
            if time.monotonic() >= deadline:
                raise LockTimeout(
                    f"{display} is held by another run: {held}",
                    hint="wait for it to end, or give a longer --lock-timeout",
                ) from None
            time.sleep(_PAUSE)


class MadePaths:
    """The folders and files that a unit of work has made, to be removed if it is undone."""

    def __init__(self) -> None:
        self._paths: list[Path] = []

    def make_folder(self, folder: Path) -> None:
        """Make a folder, with those above it."""
        for path in reversed((folder, *folder.parents)):
            if not path.exists():
                path.mkdir(exist_ok=True)
                self._paths.append(path)

    def add(self, *files: Path) -> None:
        """Also remove these, if they are there."""
        self._paths += files

    def keep(self) -> None:
        """Everything is to stay."""
        self._paths.clear()

    def remove(self) -> None:
        """Remove what was made, but for folders in which others have put something."""
        paths, self._paths = self._paths, []
        with suppress(OSError):
            for path in reversed(paths):
                path.rmdir() if path.is_dir() else path.unlink(missing_ok=True)
