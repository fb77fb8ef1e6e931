"""One run per folder: a lock that the system takes back when its process dies."""

from __future__ import annotations

import json
import os
import sys
import time
from datetime import datetime, timezone
from pathlib import Path

from zmigration_api import LockTimeout, StoreError

NAME = ".zmigration.lock"
_PAUSE = 0.05

if sys.platform == "win32":
    import msvcrt

    _FAR = 1 << 30  # past the text, which others must be able to read

    def _try_lock(descriptor: int) -> bool:
        os.lseek(descriptor, _FAR, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _try_lock(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def is_held(folder: Path) -> bool:
    """Whether a living process holds the lock of that folder. Leaves no trace."""
    try:
        descriptor = os.open(folder / NAME, os.O_RDWR)
    except OSError:
        return False
    try:
        return not _try_lock(descriptor)
    finally:
        os.close(descriptor)


class FolderLock:
    """The lock of one folder."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME
        self._descriptor: int | None = None

    def acquire(self, timeout: float) -> None:
        """Wait at most `timeout` seconds; LockTimeout names who holds it."""
        deadline = time.monotonic() + timeout
        while not self._try():
            if time.monotonic() >= deadline:
                raise self._timeout(timeout)
            time.sleep(_PAUSE)

    def release(self) -> None:
        """Let go, if it is held, and leave no file."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is None:
            return
        if sys.platform == "win32":  # an open file cannot be removed there
            os.close(descriptor)
            self._path.unlink(missing_ok=True)
            return
        try:
            self._path.unlink(missing_ok=True)
        finally:
            os.close(descriptor)

    def _try(self) -> bool:
        descriptor = -1
        try:
            descriptor = self._open()
            if _try_lock(descriptor) and self._still_there(descriptor):
                _sign(descriptor)
                self._descriptor = descriptor
                return True
        except BaseException:
            self._abandon(descriptor)
            raise
        os.close(descriptor)
        return False

    def _open(self) -> int:
        try:
            flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
            return os.open(self._path, flags, 0o666)
        except OSError as error:
            raise StoreError(
                f"the folder cannot be locked for writing: {error.strerror}",
                hint="check who owns the folder and whether it is read-only",
                file=self._path.parent,
            ) from error

    def _abandon(self, descriptor: int) -> None:
        """Leave no file that nobody holds, and let one be that somebody does."""
        if descriptor < 0:
            return
        if _try_lock(descriptor) and self._still_there(descriptor):
            self._descriptor = descriptor
            self.release()
        else:
            os.close(descriptor)

    def _still_there(self, descriptor: int) -> bool:
        """Whether the file that was locked is the one others find, not one just removed."""
        try:
            return os.path.samestat(os.fstat(descriptor), self._path.stat())
        except FileNotFoundError:
            return False

    def _timeout(self, timeout: float) -> LockTimeout:
        return LockTimeout(
            f"another run has held the lock for the whole {timeout:g} s of waiting"
            f"{_holder(self._path)}",
            hint="let it finish, or wait longer with --lock-timeout",
            file=self._path,
        )


def _sign(descriptor: int) -> None:
    start = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")
    from socket import gethostname

    text = json.dumps({"pid": os.getpid(), "host": gethostname(), "start": start})
    os.lseek(descriptor, 0, os.SEEK_SET)
    os.truncate(descriptor, 0)
    os.write(descriptor, text.encode())


def _holder(path: Path) -> str:
    try:
        who = json.loads(path.read_text(encoding="utf-8"))
        return f": process {who['pid']} on {who['host']}, since {who['start']}"
    except (OSError, ValueError, KeyError, TypeError):
        return ""
