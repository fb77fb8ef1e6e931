"""A schema file's next text, kept beside it while the store is being rolled back.

It says, to the run after one that was killed between the store's commit and the file's
replacement, what is left to do.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from zmigration_api import MigrationError

from .text import is_alive, sync_folder


def stage(path: Path, text: str) -> Path:
    """Write the text beside the schema file, lastingly; the path that it has there."""
    target = Path(os.path.realpath(path))
    staged = target.with_name(f".{target.name}.{os.getpid()}.rollback")
    mode = stat.S_IMODE(target.stat().st_mode)  # it may hold the file's password
    try:
        with open(os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        sync_folder(target.parent)
    except BaseException as error:
        with suppress(OSError):
            staged.unlink()
        if isinstance(error, OSError):
            raise _unwritable(path, error) from None
        raise
    return staged


def _unwritable(path: Path, error: OSError) -> MigrationError:
    return MigrationError(
        f"What the schema file is set back to cannot be written beside it: {error.strerror}",
        hint="make room, or allow writing to its folder",
        file=path,
    )


def left_staged(paths: Iterable[Path]) -> dict[Path, list[Path]]:
    """What processes that are no more have staged, by schema file; those with nothing are not in.

    Each folder is listed once, however many schema files it has.
    """
    real = {os.path.realpath(path): path for path in paths}
    found: dict[Path, list[Path]] = {}
    for folder in sorted({os.path.dirname(name) for name in real}):
        for name in _listing(folder):
            staged = _STAGED.fullmatch(name)
            path = real.get(os.path.join(folder, staged[1])) if staged else None
            if staged and path and not is_alive(int(staged[2])):
                found.setdefault(path, []).append(Path(folder, name))
    return found


_STAGED = re.compile(r"\.(.+)\.(\d+)\.rollback", re.DOTALL)


def _listing(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []
