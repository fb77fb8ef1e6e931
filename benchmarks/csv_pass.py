"""The pass over a large CSV file beside a copy, both in this process: no start of anything counts.

`python -m benchmarks.csv_pass` makes its files in a folder of its own, on the disk of `--folder`.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path

from benchmarks.csv_data import write
from benchmarks.csv_engines import ENGINES
from benchmarks.csv_run import OPERATIONS


def main() -> None:
    """Measure in turns, print shares of the speed of the copy: their median and the best."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--size", type=int, default=200, metavar="MB", help="of each file (200)")
    parser.add_argument("--runs", type=int, default=7, help="of each change (7)")
    parser.add_argument("--folder", type=Path, help="where files are made")
    options = parser.parse_args()
    print(f"{'FILE':9}{'CHANGE':9}{'SHARE':>6}{'BEST':>6}{'PROCESSOR S':>13}")
    with tempfile.TemporaryDirectory(prefix="zmigration-bench-", dir=options.folder) as folder:
        for file in ("unquoted", "quoted"):
            source = Path(folder, f"{file}.csv")
            write(source, options.size, quoted=file == "quoted")
            for operation in OPERATIONS:
                share, best, cpu = _compared(operation, source, options.runs)
                print(f"{file:9}{operation:9}{share:6.2f}{best:6.2f}{cpu:13.2f}", flush=True)


def _compared(operation: str, source: Path, runs: int) -> tuple[float, float, float]:
    _timed("zMigration", operation, source)  # imports what it needs
    pairs = [[_timed(e, operation, source) for e in ("copy", "zMigration")] for _ in range(runs)]
    copies, ours = ([pair[n][0] for pair in pairs] for n in (0, 1))
    share = statistics.median(copies) / statistics.median(ours)
    return share, min(copies) / min(ours), statistics.median(pair[1][1] for pair in pairs)


def _timed(engine: str, operation: str, source: Path) -> tuple[float, float]:
    """Seconds, and processor seconds, until the new file is on the disk."""
    target = source.with_name("new.csv")
    start, processor = time.perf_counter(), time.process_time()
    ENGINES[engine](operation, str(source), str(target))
    descriptor = os.open(target, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)
    taken = time.perf_counter() - start, time.process_time() - processor
    target.unlink()
    return taken


if __name__ == "__main__":
    main()
