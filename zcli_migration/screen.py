"""Lines on a terminal: with colours by rich where there is one, plain where there is not."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, TextIO

from zmigration_api import Progress, no_progress

from .interrupts import read_line

RULE = "=" * 70
BAR_AFTER_SECONDS = 1.0


class Screen:
    """Where the report is written. `quiet` writes nothing at all.

    A stream that cannot be written any more (its reader left) ends the report, not the run.
    """

    def __init__(self, *, quiet: bool = False, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout
        self.quiet = quiet
        self._console: Any = None
        if not quiet:
            _never_fail_on_characters(self._stream)

    @property
    def terminal(self) -> bool:
        """Whether colours and bars are wanted."""
        return self._stream.isatty() and not os.environ.get("NO_COLOR") and not self.quiet

    def line(self, text: str = "", style: str | None = None) -> None:
        """Write one line (or several, with line feeds in it)."""
        if self.quiet:
            return
        try:
            self._write(text, style)
        except OSError:
            self.quiet = True

    def _write(self, text: str, style: str | None) -> None:
        if self.terminal:
            self._rich().print(text, style=style, markup=False, highlight=False, soft_wrap=True)
        else:
            print(text, file=self._stream)

    def title(self, *lines: str) -> None:
        """Lines between two rules."""
        self.line(RULE, "dim")
        for line in lines:
            self.line(line, "bold")
        self.line(RULE, "dim")

    def ask(self, question: str) -> bool:
        """A yes/no question, no by default. The end of the input is a no."""
        try:
            self._stream.write(f"{question} [y/N] ")
            self._stream.flush()
            answer = read_line(sys.stdin)
            if not answer:
                self.line()
        except KeyboardInterrupt:
            self.line()  # what follows starts on a line of its own
            raise
        return answer.strip().lower() in ("y", "yes")

    @contextlib.contextmanager
    def progress(self, title: str) -> Iterator[Progress]:
        """A bar with rows a second, from the moment that the work has taken a second."""
        if not self.terminal:
            yield no_progress
            return
        with _LateBar(self._rich(), title) as bar:
            yield bar.update

    def _rich(self) -> Any:  # noqa: ANN401
        if self._console is None:
            from rich.console import Console

            self._console = Console(file=self._stream, highlight=False)
        return self._console


class DisplayScreen(Screen):
    """Lines through the display of a running app, which knows where its reader sits."""

    def __init__(self, display: Any) -> None:  # noqa: ANN401
        super().__init__(quiet=True)
        self.quiet = False
        self._display = display

    @property
    def terminal(self) -> bool:
        """No colours and bars: they are the display's own business."""
        return False

    def _write(self, text: str, style: str | None) -> None:
        self._display.text(text)


class _LateBar:
    """A progress bar that shows itself only for slow work."""

    def __init__(self, console: Any, title: str) -> None:  # noqa: ANN401
        self._console, self._title = console, title
        self._started = time.monotonic()
        self._bar: Any = None
        self._task: Any = None

    def __enter__(self) -> _LateBar:
        return self

    def update(self, done: int, total: int | None, size: int | None = None, /) -> None:
        """Show so many rows of so many, and the bytes that they were."""
        elapsed = time.monotonic() - self._started
        if self._bar is None:
            if elapsed < BAR_AFTER_SECONDS:
                return
            self._start(total)
        rate = f"{done / elapsed:,.0f} rows/s"
        if size:
            rate += f", {size / elapsed / 1e6:,.0f} MB/s"
        left = ""
        if total and done:  # rich's own column forgets all when the total is another estimate
            left = f"{timedelta(seconds=round(elapsed * (total - done) / done))} left"
        self._bar.update(self._task, completed=done, total=total, rate=rate, left=left)

    def _start(self, total: int | None) -> None:
        from rich.progress import BarColumn, Progress, TextColumn

        self._bar = Progress(
            TextColumn("   {task.description}"),
            BarColumn(),
            TextColumn("{task.completed:,} rows"),
            TextColumn("{task.fields[rate]}"),
            TextColumn("{task.fields[left]}"),
            console=self._console,
            transient=True,
        )
        self._bar.start()
        self._task = self._bar.add_task(self._title, total=total, rate="", left="")

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()


def _never_fail_on_characters(stream: TextIO) -> None:
    """A terminal without UTF-8 gets question marks, not a crash in the middle of a run."""
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="replace")
