"""The bar of slow work on a terminal: rows, their rate, megabytes, and the time left."""

from __future__ import annotations

import io
import re

import pytest

from zcli_migration import screen
from zcli_migration.screen import Screen


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_what_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(screen, "BAR_AFTER_SECONDS", 0.0)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.delenv("NO_COLOR", raising=False)
    stream = Terminal()
    with Screen(stream=stream).progress("users") as progress:
        for done in range(1_000, 50_000, 1_000):
            progress(done, 3 * done + 7, 90 * done)
    said = stream.getvalue()
    assert re.search(r"users .* 49,000 rows [\d,]+ rows/s, [\d,]+ MB/s \d:\d\d:\d\d left", said)


def test_work_that_is_done_soon_shows_none() -> None:
    stream = Terminal()
    with Screen(stream=stream).progress("users") as progress:
        progress(1, 1, 90)
    assert stream.getvalue() == ""
