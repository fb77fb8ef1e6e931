"""Writing a new file of which stretches are those of an old one."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from .cells import CHUNK
from .proof import Bytes


def written(parts: Iterable[Bytes], old: Path, stream: BinaryIO) -> bool:
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


def _copy(source: BinaryIO, part: range, stream: BinaryIO) -> None:
    """Copy a part, within the file system where it can."""
    if not part:
        return
    stream.flush()
    place = part.start
    try:
        while place < part.stop:
            size = part.stop - place
            copied = os.copy_file_range(source.fileno(), stream.fileno(), size, place)
            if not copied:
                break
            place += copied
    except (AttributeError, OSError):  # not on this system, or not between these files
        pass
    source.seek(place)
    while place < part.stop and (text := source.read(min(CHUNK, part.stop - place))):
        stream.write(text)
        place += len(text)
