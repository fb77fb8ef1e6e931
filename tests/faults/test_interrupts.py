"""Ctrl-C and SIGTERM: nothing is changed, or it is done and said to be; never half of it."""

from __future__ import annotations

import io
import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.faults.conftest import MakeShop, Pattern
from tests.faults.shop import AFTER, BACKENDS, NAMES, NEW, Done, Shop, delays, finished
from tests.faults.test_kills import ends_well, is_after
from zcli_migration.project import Selection
from zcli_migration.report import Report
from zcli_migration.runner import migrate
from zcli_migration.screen import Screen
from zcli_migration.session import Request

SIGNALS = {"SIGINT": signal.SIGINT, "SIGTERM": signal.SIGTERM}
HOOK = "  zMigrationHooks: {{{}_migrate: '@.plugins.faults.hook'}}"


@pytest.mark.parametrize("name", SIGNALS)
@pytest.mark.parametrize("backend", BACKENDS)
def test_at_any_moment(backend: str, name: str, make_shop: MakeShop) -> None:
    seconds = make_shop(backend)[1].seconds
    for delay in delays(seconds, quick=1, soak=40):
        shop, pattern = make_shop(backend)
        done = shop.signalled(SIGNALS[name], delay)
        tells_the_truth(done, shop, pattern, SIGNALS[name])
        assert shop.leftovers() == []
        ends_well(shop, pattern)


def tells_the_truth(done: Done, shop: Shop, pattern: Pattern, number: int) -> None:
    after = is_after(shop, pattern)
    if "Initializing" not in done.said:  # while Python itself came up
        assert not after
        return
    assert "Traceback" not in done.said or done.code == -number
    assert ("2 migration(s) applied successfully" in done.said) is after, done.said
    if done.code == -number:  # while Python itself went down
        return
    assert done.code in (0, 130), done.said
    if not after:
        assert done.code == 130
        assert "Interrupted: nothing was changed" in done.said


@pytest.mark.parametrize("name", SIGNALS)
@pytest.mark.parametrize("backend", BACKENDS)
def test_in_a_hook(backend: str, name: str, make_shop: MakeShop) -> None:
    shop, pattern = make_shop(backend)
    hooked(shop, f"import os, signal\n\ndef hook():\n    os.kill(os.getpid(), signal.{name})\n")
    done = shop.migrate()
    assert done.code == 130
    tells_the_truth(done, shop, pattern, SIGNALS[name])
    assert shop.leftovers() == []
    shop.write_schemas(AFTER)
    ends_well(shop, pattern)


class Breaking(io.StringIO):
    """A stream at a certain word of which the reader goes away, or somebody presses Ctrl-C."""

    def __init__(self, word: str, event: str) -> None:
        super().__init__()
        self._word, self._event = word, event

    def write(self, text: str) -> int:
        if self._word in text:
            if self._event == "no reader":
                raise BrokenPipeError(32, "Broken pipe")
            signal.raise_signal(SIGNALS[self._event])
        return super().write(text)


@pytest.mark.parametrize("event", ["SIGINT", "no reader"])
@pytest.mark.parametrize("word", ["Migration complete", "Changes: ", "Migration Results"])
def test_while_it_is_reported(word: str, event: str, make_shop: MakeShop) -> None:
    """What is committed is not called failed because the telling of it fails."""
    shop, pattern = make_shop("sqlite")
    stream = Breaking(word, event)
    request = Request(selection=Selection(app_file=str(shop.app)), auto_approve=True)
    outcome = migrate(request, Report(Screen(stream=stream)))
    assert [schema.status for schema in outcome.schemas] == ["applied", "applied"]
    assert outcome.exit_code in (0, 130)
    assert outcome.error is None
    assert is_after(shop, pattern)
    assert "nothing was changed" not in stream.getvalue()
    assert [shop.version(name) for name in NAMES] == [NEW, NEW]


def test_nobody_reads_the_report(make_shop: MakeShop) -> None:
    shop, pattern = make_shop("csv")
    process = shop.start("--auto-approve")
    assert process.stdout
    process.stdout.close()
    process.wait(60)
    is_after(shop, pattern)
    assert shop.leftovers() == []
    ends_well(shop, pattern)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
@pytest.mark.parametrize("arguments", [(), ("--json",)])
def test_the_report_cannot_be_written(arguments: tuple[str, ...], make_shop: MakeShop) -> None:
    shop, pattern = make_shop("csv")
    with open("/dev/full", "w") as full:
        process = subprocess.Popen(
            shop.command("--auto-approve", *arguments),
            stdin=subprocess.DEVNULL,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env={**shop.environment(), "PYTHONUNBUFFERED": "1"},
        )
        _, said = process.communicate(timeout=60)
    if is_after(shop, pattern):
        assert "nothing was changed" not in said
    assert shop.leftovers() == []
    ends_well(shop, pattern)


def hooked(shop: Shop, code: str, moment: str = "after") -> None:
    """The posts' change with a hook of this code before its steps or after them."""
    (shop.folder / "plugins/faults.py").write_text(code)
    shop.write_schemas({"users": AFTER["users"]})
    shop.write_schemas({"posts": AFTER["posts"]}, HOOK.format(moment))


def test_a_second_interrupt_while_the_first_is_undone(make_shop: MakeShop) -> None:
    shop, pattern = make_shop("sqlite")
    process = shop.start("--auto-approve")
    for delay in delays(pattern.seconds / 4, quick=3, soak=3):
        try:
            process.wait(delay)
        except subprocess.TimeoutExpired:
            os.kill(process.pid, signal.SIGINT)
    finished(process)
    is_after(shop, pattern)
    ends_well(shop, pattern)
