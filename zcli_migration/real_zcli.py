"""The host's own object, for hooks that ask for what the light one lacks.

Making one installs signal handlers, prints, and may start servers: it is made only when a hook
asks, with what a migration needs of zSpark, and what it did to the process is undone.
"""

from __future__ import annotations

import contextlib
import io
import signal
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

_NOT_FOR_A_MIGRATION = frozenset(
    {
        "zVaFile", "zVaFolder", "zBlock", "zMode", "zServer", "http_server", "websocket",
        "browser", "plugins",
    }
)  # fmt: skip


class RealZCLI:
    """The host's object for one app, made when it is first asked for, or that of a running app."""

    def __init__(
        self,
        zspark: Mapping[str, object],
        workspace: Path,
        running: Any = None,  # noqa: ANN401
    ) -> None:
        self._zspark = zspark
        self._workspace = workspace
        self._made: Any = running
        self.running = running is not None

    def get(self) -> Any | None:  # noqa: ANN401
        """The object; None where no host is installed. What the host raises is the caller's."""
        if self._made is None:
            self._made = _make(self._zspark, self._workspace)
        return self._made


def _make(zspark: Mapping[str, object], workspace: Path) -> Any | None:  # noqa: ANN401
    try:
        with _unheard():
            from zCLI import zCLI  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        return None
    wanted = {key: value for key, value in zspark.items() if key not in _NOT_FOR_A_MIGRATION}
    wanted.update(zSpace=str(workspace), deployment="Production")
    with _unheard(), _signals_kept():
        return zCLI(wanted)


@contextlib.contextmanager
def _unheard() -> Iterator[None]:
    """The host's banners are not what a migration prints."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        yield


@contextlib.contextmanager
def _signals_kept() -> Iterator[None]:
    """The host's handlers end the process with code 0; Ctrl-C must undo a migration."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
