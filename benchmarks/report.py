"""What was measured, as a table for people and as JSON."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timezone

from benchmarks.cases import BASELINE, FIRST, Case, Group
from benchmarks.measure import Result

_HEAD = ("TABLES", "WHAT", "SECONDS", "x PASS", "x OURS", "MS/TABLE", "PEAK MiB")


@dataclass(frozen=True, slots=True)
class Measured:
    """The results of one group by the names of its contenders."""

    group: Group
    results: dict[str, Result]

    def over_pass(self, name: str) -> float:
        """How many times as long as `python -c pass` of the same run."""
        return self.results[name].seconds / self.results[BASELINE].seconds

    def over_ours(self, case: Case) -> float | None:
        """How many times as long as our slowest check of such a store; None for our own.

        A first run is no check.
        """
        if case.layout:
            return None
        mine = [
            c.name
            for c in self.group.cases
            if c.layout not in ("", FIRST) and c.store == case.store
        ]
        return self.results[case.name].seconds / max(self.results[n].seconds for n in mine)

    def per_table(self, name: str) -> float:
        """Milliseconds a table, without what `python -c pass` takes."""
        beyond = self.results[name].seconds - self.results[BASELINE].seconds
        return 1000 * beyond / self.group.tables


def lines(measured: Sequence[Measured]) -> Iterator[str]:
    """The table."""
    rows = [_HEAD, *(row for one in measured for row in _rows(one))]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = zip(row, widths, strict=True)
        yield "  ".join(c.ljust(w) if n == 1 else c.rjust(w) for n, (c, w) in enumerate(cells))


def _rows(one: Measured) -> Iterator[tuple[str, ...]]:
    baseline = one.results[BASELINE]
    yield ("", BASELINE, f"{baseline.seconds:.3f}", "1.0", "", "", f"{baseline.memory:.0f}")
    for case in one.group.cases:
        result, factor = one.results[case.name], one.over_ours(case)
        yield (
            str(one.group.tables),
            case.name,
            f"{result.seconds:.3f}",
            f"{one.over_pass(case.name):.1f}",
            f"{factor:.1f}" if factor is not None else "",
            f"{one.per_table(case.name):.2f}",
            f"{result.memory:.0f}",
        )


def as_json(measured: Sequence[Measured]) -> str:
    """Everything that was measured, seconds and MiB."""
    facts = {
        "measured_at": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "groups": [_facts(one) for one in measured],
    }
    return json.dumps(facts, indent=2) + "\n"


def _facts(one: Measured) -> dict[str, object]:
    cases = [
        {
            **asdict(case),
            **asdict(one.results[case.name]),
            "times_pass": one.over_pass(case.name),
            "times_ours": one.over_ours(case),
            "ms_per_table": one.per_table(case.name),
        }
        for case in one.group.cases
    ]
    return {"pass": asdict(one.results[BASELINE]), "tables": one.group.tables, "cases": cases}
