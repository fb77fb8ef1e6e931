"""A schema file's next text, kept beside it while the store is being rolled back.

It says, to the run after one that was killed between the store's commit and the file's
replacement, what is left to do.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
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


def left_staged(path: Path) -> Iterator[Path]:
    """What processes that are no more have staged for a schema file."""
    target = Path(os.path.realpath(path))
    ours = re.compile(re.escape(f".{target.name}.") + r"(\d+)\.rollback")
    with suppress(OSError):
        for entry in sorted(target.parent.iterdir()):
            found = ours.fullmatch(entry.name)
            if found and not is_alive(int(found[1])):
                yield entry
