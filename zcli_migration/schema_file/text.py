"""The bytes of a schema file: read with limits, replaced whole or not at all."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from zmigration_api import MigrationError, SchemaFileError

MAX_BYTES = 20_000_000


def read_schema_text(path: Path) -> str:
    """The text exactly as it stands, byte order mark and line ends included.

    SchemaFileError for what is no regular file, is larger than 20 MB or is not UTF-8.
    """
    with _refused(path, "read"):
        facts = path.stat()
        if not stat.S_ISREG(facts.st_mode):
            raise SchemaFileError("The schema is not a file", hint="name a file", file=path)
        if facts.st_size > MAX_BYTES:
            message = f"The schema file has {facts.st_size:,} bytes, more than {MAX_BYTES:,}"
            raise SchemaFileError(message, hint="split it into several files", file=path)
        data = path.read_bytes()
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _not_utf8(path, data, error.start) from None


def _not_utf8(path: Path, data: bytes, at: int) -> SchemaFileError:
    line_start = data.rfind(b"\n", 0, at) + 1
    return SchemaFileError(
        "The schema file is not UTF-8 text",
        hint="save it as UTF-8",
        file=path,
        line=data.count(b"\n", 0, at) + 1,
        column=len(data[line_start:at].decode("utf-8", "replace")) + 1,
    )


def write_schema_text(path: Path, new_text: str, expected_old_text: str) -> None:
    """Replace the file's text at once, keeping its mode and, where allowed, its owner.

    A symbolic link stays one; its target is replaced. SchemaFileError, and nothing written, if
    the file does not hold `expected_old_text` any more or cannot be written.
    """
    target = Path(os.path.realpath(path))
    with _refused(path, "written"):
        facts = target.stat()
        if not os.access(target, os.W_OK):
            raise SchemaFileError(
                "The schema file is write-protected", hint="allow writing to it", file=path
            )
        replacement = _written_beside(target, new_text.encode(), facts)
        try:
            _require_unchanged(path, expected_old_text)
            os.replace(replacement, target)
        except BaseException:
            replacement.unlink(missing_ok=True)
            raise
        sync_folder(target.parent)


def require_writable(path: Path) -> None:
    """MigrationError if `write_schema_text` would not be allowed to replace the file."""
    target = Path(os.path.realpath(path))
    with _refused(path, "written"):
        target.stat()
    for place in (target, target.parent):
        if not os.access(place, os.W_OK):
            raise MigrationError(
                f"The new version cannot be written: {place} is write-protected",
                hint="allow writing to it, or write the version that you want into the file",
                file=path,
            )


def require_unchanged(path: Path, expected: str) -> None:
    """SchemaFileError if the file does not hold that text any more."""
    with _refused(path, "read"):
        _require_unchanged(path, expected)


def _require_unchanged(path: Path, expected: str) -> None:
    if path.read_bytes() != expected.encode():
        raise SchemaFileError(
            "The schema file was changed by something else meanwhile; it is left as it is",
            hint="look at it, and run again",
            file=path,
        )


def _written_beside(target: Path, data: bytes, facts: os.stat_result) -> Path:
    """A new file in the same folder, with the data on disk and the old file's mode and owner."""
    import tempfile

    _remove_leftovers(target)
    # The process's number says whether somebody still works on it.
    prefix = f".{target.name}.{os.getpid()}."
    handle, name = tempfile.mkstemp(prefix=prefix, suffix=".tmp", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            _keep_owner_and_mode(file.fileno(), facts)
            os.fsync(file.fileno())
    except BaseException:
        os.unlink(name)
        raise
    return Path(name)


def _remove_leftovers(target: Path) -> None:
    """Remove what runs that were killed while they wrote have left beside the file."""
    ours = re.compile(re.escape(f".{target.name}.") + r"(\d+)\.\w+\.tmp")
    for path in target.parent.iterdir():
        found = ours.fullmatch(path.name)
        if found and not is_alive(int(found[1])):
            with suppress(OSError):
                path.unlink()


def is_alive(process: int) -> bool:
    """Whether a process of that number runs, as far as can be told."""
    if os.name != "posix":
        return False  # a file that is in use cannot be removed there
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True


def _keep_owner_and_mode(handle: int, facts: os.stat_result) -> None:
    if hasattr(os, "fchown"):
        # One at a time: a member of the group may give the file to it, but not to its owner.
        for owner, group in ((facts.st_uid, -1), (-1, facts.st_gid)):
            with suppress(PermissionError):
                os.fchown(handle, owner, group)
        os.fchmod(handle, stat.S_IMODE(facts.st_mode))


def sync_folder(folder: Path) -> None:
    """Make new names in a folder lasting, where the system can."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _refused(path: Path, what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        message = f"The schema file cannot be {what}: {error.strerror}"
        hint = "check that it is there, and its permissions"
        raise SchemaFileError(message, hint=hint, file=path) from None
