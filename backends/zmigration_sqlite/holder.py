"""Who holds a file's lock: SQLite does not tell, but Linux does."""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path


def holder(path: Path) -> str:
    """`: pid 42 (zolo) since 2024-01-31 23:59:59 UTC`, or nothing where that is not known."""
    with suppress(OSError, ValueError, IndexError):
        inode = str(path.stat().st_ino)
        for line in Path("/proc/locks").read_text().splitlines():
            words = line.split()
            if words[3] == "WRITE" and words[5].split(":")[2] == inode:
                return _described(int(words[4]))
    return ""


def _described(pid: int) -> str:
    if pid <= 0 or pid == os.getpid():
        return ""
    text = f": pid {pid}"
    with suppress(OSError):
        process = Path(f"/proc/{pid}")
        name = (process / "comm").read_text().strip()
        started = datetime.fromtimestamp(process.stat().st_mtime, timezone.utc)
        text = f"{text} ({name}, running since {started:%Y-%m-%d %H:%M:%S} UTC)"
    return text
