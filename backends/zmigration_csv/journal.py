"""The record that makes the replacing of several files one event.

Once `.zmigration.journal` is there and fsynced, the commit has happened: whoever locks the folder
next finishes it, and readers look through it. Removals come before replacements, so a staged
file that is gone proves that the removals are done and that it is in its place.
"""

from __future__ import annotations

import json
import os
import re
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeAlias

from zmigration_api import OutcomeUnknown, StoreError

NAME = ".zmigration.journal"
_TEMPORARY = ".zmigration-journal.tmp"
_AT_ONCE = 8
_STAGED = re.compile(r"\.zmigration-[a-z0-9]+\.tmp")

Mark: TypeAlias = tuple[int, int]
"""Size in bytes and time of the last change in nanoseconds: whether a file is still the same."""


@dataclass(frozen=True, slots=True)
class Action:
    """`target` is replaced by `staged` (None: removed). `before` is what it was, None: not there.

    Both are names in the folder.
    """

    target: str
    staged: str | None
    before: Mark | None


_fault: str | None = None


def arm() -> None:
    """Read from the environment where a test wants this process to be killed."""
    global _fault
    _fault = os.environ.get("ZMIGRATION_FAULT")


def _reached(point: str) -> None:
    if _fault == f"csv:{point}":
        os.kill(os.getpid(), signal.SIGKILL)


def staged_name(number: int) -> str:
    """The name of the n-th staged file of a unit."""
    return f".zmigration-{number}.tmp"


def mark(path: Path) -> Mark | None:
    """What a file is now; None if it is not there."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_size, status.st_mtime_ns


def prepare(folder: Path, actions: Sequence[Action]) -> None:
    """Make the staged files lasting; StoreError if somebody else changed an original."""
    _sync_all([folder / action.staged for action in actions if action.staged])
    _refuse_changed(folder, actions)
    _reached("staged")


def commit(folder: Path, actions: Sequence[Action]) -> None:
    """Make prepared actions lasting, all at once; OutcomeUnknown if it stops half-way."""
    _write(folder, actions)
    _reached("journal-written")
    try:
        _refuse_changed(folder, actions)  # once more: writing the journal took its time
        _apply(folder, actions)
    except (OSError, StoreError) as error:
        if _retracted(folder, actions):
            raise
        raise OutcomeUnknown(
            f"the commit was decided and could not be finished: {error}",
            hint="correct the cause and run again: the next run finishes it",
            file=folder / NAME,
        ) from error


def _retracted(folder: Path, actions: Sequence[Action]) -> bool:
    """Take the journal back if nothing in it has been done yet; whether that was so."""
    names = [action.staged or action.target for action in actions]
    if not all((folder / name).exists() for name in names):
        return False
    (folder / NAME).unlink()
    sync_folder(folder)
    return True


def finish(folder: Path) -> bool:
    """Finish a commit that was interrupted; whether there was one."""
    actions = read(folder)
    if actions is None:
        return False
    _refuse_overtaken(folder, actions)
    _apply(folder, actions)
    return True


def left(folder: Path) -> bool:
    """Whether an interrupted unit left a journal or staged files, and nobody works on them now."""
    try:
        names = os.listdir(folder)
    except OSError:
        return False
    return any(name == NAME or _STAGED.fullmatch(name) for name in names)


def discard(folder: Path) -> int:
    """Remove the staged files of a unit without a journal. How many it were."""
    names = [name for name in os.listdir(folder) if _STAGED.fullmatch(name)]
    for name in names:
        (folder / name).unlink(missing_ok=True)
    return len(names)


def overlay(folder: Path) -> dict[str, str | None]:
    """Where the files of an interrupted commit are to be read: name to name, None for removed."""
    actions = read(folder) or []
    if actions:
        _refuse_overtaken(folder, actions)
    return {
        action.target: action.staged
        for action in actions
        if action.staged is None or (folder / action.staged).exists()
    }


def read(folder: Path) -> list[Action] | None:
    """The actions of the journal in a folder, None without one; StoreError for a strange one."""
    try:
        text = (folder / NAME).read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        return [_action(entry) for entry in json.loads(text)]
    except (ValueError, TypeError, LookupError):
        raise StoreError(
            "the journal of an interrupted commit cannot be read",
            hint="compare the .zmigration-*.tmp files with the tables, then remove the journal",
            file=folder / NAME,
        ) from None


def _action(entry: dict[str, Any]) -> Action:
    target, staged, before = entry["target"], entry["staged"], entry["before"]
    if not isinstance(target, str) or Path(target).name != target:
        raise ValueError(target)
    if staged is not None and not (isinstance(staged, str) and _STAGED.fullmatch(staged)):
        raise ValueError(staged)
    return Action(target, staged, None if before is None else (int(before[0]), int(before[1])))


def _write(folder: Path, actions: Sequence[Action]) -> None:
    temporary = folder / _TEMPORARY
    with temporary.open("w", encoding="utf-8") as stream:
        json.dump([asdict(action) for action in actions], stream)
        stream.flush()
        os.fsync(stream.fileno())
    temporary.replace(folder / NAME)
    sync_folder(folder)


def _apply(folder: Path, actions: Sequence[Action]) -> None:
    replaced = [action for action in actions if action.staged]
    pending = [action for action in replaced if (folder / str(action.staged)).exists()]
    if pending == replaced:
        for action in actions:
            if action.staged is None:
                (folder / action.target).unlink(missing_ok=True)
        sync_folder(folder)
    for action in pending:
        (folder / str(action.staged)).replace(folder / action.target)
        _reached("replaced-first")
    sync_folder(folder)
    _reached("replaced-all")
    (folder / NAME).unlink()
    sync_folder(folder)


def _refuse_changed(folder: Path, actions: Sequence[Action]) -> None:
    for action in actions:
        if mark(folder / action.target) != action.before:
            raise StoreError(
                "another program changed this file in the meantime",
                hint="stop what writes to the folder and run again",
                file=folder / action.target,
            )


def _refuse_overtaken(folder: Path, actions: Sequence[Action]) -> None:
    """Refuse to overwrite what was written after the interruption."""
    for action in actions:
        done = action.staged is not None and not (folder / action.staged).exists()
        if not done and mark(folder / action.target) not in (action.before, None):
            raise StoreError(
                "another program changed this file after a commit was interrupted",
                hint=_merge_hint(action),
                file=folder / action.target,
            )


def _merge_hint(action: Action) -> str:
    """A target that is gone is no obstacle to finishing the commit."""
    if action.staged is None:
        return f"the commit removes it: move {action.target} to another place and run again"
    return (
        f"its new version is {action.staged}: bring over what {action.target} has gained, "
        f"then remove {action.target} and run again"
    )


def _sync_all(paths: Sequence[Path]) -> None:
    """Several at once: each waits for the disk, which takes them together."""
    if len(paths) == 1:
        _sync(paths[0])
    elif paths:
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(min(_AT_ONCE, len(paths))) as pool:
            for _ in pool.map(_sync, paths):
                pass


def _sync(path: Path) -> None:
    with path.open("rb+" if os.name == "nt" else "rb") as stream:
        os.fsync(stream.fileno())


def sync_folder(folder: Path) -> None:
    """Make the names in a folder lasting, where the system can."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def no_interrupt() -> Iterator[None]:
    """Leave Ctrl-C without effect: what is decided is finished, and is said to be done."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.SIG_DFL if previous is None else previous)
