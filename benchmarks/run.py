"""Measure `zolo migrate --check` with nothing to do, next to what Alembic and Django have for it.

`make bench` runs it. Apps and databases are made in a temporary folder; every command is a whole
process, run in turns with the others, so only the ratios of one run mean something.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from benchmarks.cases import Group, Workshop, groups, scale
from benchmarks.measure import BenchmarkFailed, Runner
from benchmarks.report import Measured, as_json, lines
from examples.local_postgres import running_server


def main() -> int:
    """Measure, print the table; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="few tables and few runs")
    parser.add_argument("--scale", action="store_true", help="1,000 and 5,000 tables on PostgreSQL")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write what was measured there")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that server and folder go
    measured: list[Measured] = []
    try:
        for one in _measure(scale() if options.scale else groups(quick=options.quick)):
            measured.append(one)
            print(*lines([one]), "", sep="\n", flush=True)
            if options.json:
                options.json.write_text(as_json(measured))
    except BenchmarkFailed as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _measure(wanted: list[Group]) -> Iterator[Measured]:
    """Each group as soon as it is measured."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="zmigration-bench-")))
        server = stack.enter_context(running_server())
        runner = Runner(folder / "cache")
        workshop = Workshop(folder, runner, server, stack)
        for group in wanted:
            yield _group(workshop, runner, group)


def _group(workshop: Workshop, runner: Runner, group: Group) -> Measured:
    print(f"{group.tables} tables: making the apps ...", file=sys.stderr)
    contenders = dict(workshop.contenders(group))
    print(f"{group.tables} tables: {group.runs} runs of each ...", file=sys.stderr)
    return Measured(group, runner.compare(contenders, group.runs))


if __name__ == "__main__":
    sys.exit(main())
