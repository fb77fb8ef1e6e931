"""Writing a new file of which stretches are those of an old one."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import BinaryIO

from zmigration_api import Column, StoreError

from .cells import CHUNK, join, quote
from .lasting import STEP, Lasting
from .proof import Bytes


def written(parts: Iterable[Bytes], old: Path, stream: Lasting) -> bool:
    """Write the parts; False, and nothing is written, if together they are the old file."""
    with old.open("rb", buffering=0) as source:
        waiting = range(0)
        for part in parts:
            if isinstance(part, range) and part.start == waiting.stop:
                waiting = range(waiting.start, part.stop)
                continue
            _copy(source, waiting, stream)
            waiting = range(0)
            if isinstance(part, range):
                waiting = part
            else:
                stream.write(part)
        if waiting == range(os.fstat(source.fileno()).st_size):
            return False
        _copy(source, waiting, stream)
        return True


def _copy(source: BinaryIO, part: range, stream: Lasting) -> None:
    """Copy a part, within the file system where it can."""
    place = part.start
    while place < part.stop and (copied := _copied(source, part[place - part.start :], stream)):
        stream.wrote(copied)
        place += copied
    source.seek(place)
    while place < part.stop and (text := source.read(min(CHUNK, part.stop - place))):
        stream.write(text)
        place += len(text)


def _copied(source: BinaryIO, part: range, stream: Lasting) -> int:
    """How many bytes of the start of a part the file system copied; 0 where it cannot."""
    size = min(len(part), STEP)
    try:
        return os.copy_file_range(source.fileno(), stream.fileno(), size, part.start)
    except (AttributeError, OSError):  # not on this system, or not between these files
        return 0


def new_file(columns: Sequence[Column], delimiter: bytes) -> bytes:
    """The bytes of a file without rows; StoreError for names that a header cannot hold."""
    names = [column.name for column in columns]
    if not names or "" in names or len(set(names)) < len(names):
        raise StoreError("a CSV file needs columns with names, each its own")
    return join([quote(name.encode(), delimiter) for name in names], delimiter) + b"\n"
