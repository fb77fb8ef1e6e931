"""What a pytest run proved of each backend, printed at its end."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Literal, TypeAlias, get_args

import pytest

from zmigration_api.backend import BackendType, Fact
from zmigration_api.changes import NeutralChange

Ability: TypeAlias = Literal[
    "changes",
    "conversions",
    "questions",
    "history",
    "locking",
    "atomicity",
    "way back",
    "data",
    "hostile names",
    "no trace",
]
_NAME = "zmigration-testkit"
_KEY = "zmigration"


class Summary:
    """Counts outcomes by backend and ability."""

    def __init__(self) -> None:
        self.proved: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.failed: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.changes: defaultdict[str, set[str]] = defaultdict(set)
        self.backends: dict[str, BackendType] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count what a test was about."""
        for key, what in report.user_properties:
            if key == _KEY and report.when == "call" and isinstance(what, list):
                backend, ability, *changes = what
                if report.failed:
                    self.failed[backend][ability] += 1
                elif report.passed:
                    self.proved[backend][ability] += 1
                    self.changes[backend].update(changes)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print it."""
        for name, backend in self.backends.items():
            terminalreporter.section(f"zMigration conformance: {name}")
            for line in self.lines(backend):
                terminalreporter.write_line(line)

    def lines(self, backend: BackendType) -> list[str]:
        """What is to be said of one backend."""
        name = backend.name
        found = [f"{ability} {n}" for ability, n in self.proved[name].items()]
        lines = [f"proved, by tests passed: {', '.join(found) or 'nothing'}"]
        made = [c.__name__ for c in get_args(NeutralChange) if c.__name__ in self.changes[name]]
        lines.append(f"changes made: {', '.join(made) or 'none'}")
        if self.failed[name]:
            failed = (f"{ability} {n}" for ability, n in self.failed[name].items())
            lines.append(f"NOT proved, tests failed: {', '.join(failed)}")
        lacks = [c.__name__ for c in get_args(NeutralChange) if c not in backend.supports]
        lacks += [] if backend.keeps_archives else ["archives: dropped values do not come back"]
        lines.append(f"lacks, as it says: {', '.join(lacks) or 'nothing'}")
        forgets = [fact for fact in get_args(Fact) if fact not in backend.keeps]
        lines.append(f"does not itself remember: {', '.join(forgets) or 'nothing'}")
        return lines


def note(
    request: pytest.FixtureRequest, backend: BackendType, ability: Ability, changes: Sequence[str]
) -> None:
    """Say what the running test is about."""
    manager = request.config.pluginmanager
    summary = manager.get_plugin(_NAME)
    if summary is None:
        summary = Summary()
        manager.register(summary, _NAME)
    summary.backends[backend.name] = backend
    request.node.user_properties.append((_KEY, [backend.name, ability, *changes]))
