"""Measure changes of large CSV files next to other engines, as shares of the speed of a copy.

`make bench-csv` runs it. Files are made in a folder of their own, on the disk of `--folder`. Every
engine is a whole process that ends when its file is on the disk; the engines run in turns with a
copy, so only the ratios of one run mean something.
"""

from __future__ import annotations

import argparse
import filecmp
import json
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path

from benchmarks.csv_data import write
from benchmarks.csv_engines import ENGINES
from benchmarks.csv_migrate import Migration
from benchmarks.measure import BenchmarkFailed, Command, Runner, Sample

OPERATIONS = ("rename", "add", "drop", "int", "all")
_PROGRAM = Path(__file__).with_name("csv_engines.py")
_OURS, _WHOLE = "zMigration", "zolo migrate"
_NEEDS = {"polars": "polars", "duckdb": "duckdb", "pyarrow": "pyarrow", "pandas": "pandas"}


@dataclass(frozen=True, slots=True)
class Figure:
    """One engine at one operation: speed of a copy = 1, peak in MiB, bytes as ours."""

    file: str
    operation: str
    engine: str
    share: float
    memory: float
    same: bool | None
    runs: int


def main() -> int:
    """Measure, print the table; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--size", type=int, default=100, metavar="MB", help="of each file (100)")
    parser.add_argument("--runs", type=int, default=3, help="of each engine (3)")
    parser.add_argument("--folder", type=Path, help="where files are made")
    parser.add_argument("--only", nargs="+", metavar="ENGINE", help="leave the other engines out")
    parser.add_argument("--changes", nargs="+", choices=OPERATIONS, default=OPERATIONS)
    parser.add_argument("--json", metavar="FILE", type=Path, help="write what was measured there")
    options = parser.parse_args()
    engines = [e for e in (*ENGINES, _WHOLE) if _is_there(e)]
    if options.only:
        engines = [e for e in engines if e in ("copy", _OURS, *options.only)]
    figures: list[Figure] = []
    print(f"{'FILE':9}{'CHANGE':9}{'ENGINE':14}{'SHARE':>6}  {'PEAK MiB':>8}  SAME BYTES")
    with tempfile.TemporaryDirectory(prefix="zmigration-bench-", dir=options.folder) as folder:
        bench = _Bench(Path(folder), options.size, options.runs, options.changes)
        for figure in bench.figures(engines):
            figures.append(figure)
            same = {True: "yes", False: "no", None: ""}[figure.same]
            print(
                f"{figure.file:9}{figure.operation:9}{figure.engine:14}{figure.share:6.3f}"
                f"  {figure.memory:8.0f}  {same}",
                flush=True,
            )
            if options.json:
                options.json.write_text(json.dumps([asdict(f) for f in figures], indent=1))
    return 0


def _is_there(engine: str) -> bool:
    module = _NEEDS.get(engine)
    return shutil.which("mawk") is not None if engine == "mawk" else not module or _found(module)


def _found(module: str) -> bool:
    return find_spec(module) is not None


class _Bench:
    def __init__(self, folder: Path, size: int, runs: int, changes: Sequence[str]) -> None:
        self._folder = folder
        self._size = size
        self._runs = runs
        self._changes = changes
        self._runner = Runner(folder / "cache")

    def figures(self, engines: list[str]) -> Iterator[Figure]:
        """The engines at each change on both files."""
        for file in ("unquoted", "quoted"):
            source = self._folder / f"{file}.csv"
            write(source, self._size, quoted=file == "quoted")
            for operation in self._changes:
                fit = [e for e in engines if e != "mawk" or file == "unquoted"]
                yield from self._compared(source, operation, fit)
            source.unlink()

    def _compared(self, source: Path, operation: str, engines: list[str]) -> Iterator[Figure]:
        samples: dict[str, list[Sample]] = {engine: [] for engine in engines}
        same: dict[str, bool] = {}
        for _ in range(self._runs):
            for engine in engines:
                try:
                    samples[engine].append(self._one(engine, source, operation))
                except BenchmarkFailed as error:
                    print(error, file=sys.stderr)
                    samples.pop(engine)
                    engines = [e for e in engines if e != engine]
                    continue
            same = same or {e: self._as_ours(e) for e in engines if e not in ("copy", _WHOLE)}
            for engine in engines:
                self._target(engine).unlink(missing_ok=True)
        copy = statistics.median(s.seconds for s in samples["copy"])
        for engine in engines[1:]:
            several = samples[engine]
            yield Figure(
                source.stem,
                operation,
                engine,
                share=copy / statistics.median(s.seconds for s in several),
                memory=max(s.memory for s in several),
                same=same.get(engine),
                runs=len(several),
            )

    def _one(self, engine: str, source: Path, operation: str) -> Sample:
        if engine == _WHOLE:
            return Migration(self._folder / "app", source, operation).measured(self._runner)
        target = self._target(engine)
        arguments = (sys.executable, str(_PROGRAM), engine, operation, str(source), str(target))
        return self._runner.run(Command(arguments, self._folder))

    def _target(self, engine: str) -> Path:
        return self._folder / f"{engine.replace(' ', '-')}.new.csv"

    def _as_ours(self, engine: str) -> bool:
        return filecmp.cmp(self._target(engine), self._target(_OURS), shallow=False)


if __name__ == "__main__":
    sys.exit(main())
