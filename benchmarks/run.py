"""Measure `zolo migrate --check` with nothing to do, next to what Alembic and Django have for it.

`make bench` runs it. Apps and databases are made in a temporary folder; every command is a whole
process, run in turns with the others, so only the ratios of one run mean something.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from benchmarks.cases import Group, Workshop, groups
from benchmarks.measure import BenchmarkFailed, Runner
from benchmarks.report import Measured, as_json, lines
from examples.local_postgres import running_server


def main() -> int:
    """Measure, print the table; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="few tables and few runs")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write what was measured there")
    options = parser.parse_args()
    try:
        measured = _measure(groups(quick=options.quick))
    except BenchmarkFailed as error:
        print(error, file=sys.stderr)
        return 1
    print(*lines(measured), sep="\n")
    if options.json:
        options.json.write_text(as_json(measured))
    return 0


def _measure(wanted: list[Group]) -> list[Measured]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="zmigration-bench-")))
        server = stack.enter_context(running_server())
        runner = Runner(folder / "cache")
        workshop = Workshop(folder, runner, server, stack)
        return [_group(workshop, runner, group) for group in wanted]


def _group(workshop: Workshop, runner: Runner, group: Group) -> Measured:
    print(f"{group.tables} tables: making the apps ...", file=sys.stderr)
    contenders = dict(workshop.contenders(group))
    print(f"{group.tables} tables: {group.runs} runs of each ...", file=sys.stderr)
    return Measured(group, runner.compare(contenders, group.runs))


if __name__ == "__main__":
    sys.exit(main())
