"""Whole processes, measured from start to end, one after another and in turns."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_UNWANTED = ("PYTHON", "ZMIGRATION_", "ZDATA_", "DJANGO_", "PG")
_CLOCKED = Path(__file__).with_name("clocked.py")


class BenchmarkFailed(RuntimeError):
    """A command did not end as it should, so its time would mean nothing."""


@dataclass(frozen=True, slots=True)
class Command:
    """A process to run in a folder; what is not `timed` only prepares the next."""

    arguments: tuple[str, ...]
    folder: Path
    timed: bool = True


@dataclass(frozen=True, slots=True)
class Sample:
    """One run: wall time in seconds, peak resident memory in MiB."""

    seconds: float
    memory: float


@dataclass(frozen=True, slots=True)
class Result:
    """Several runs: median and smallest wall time in seconds, peak memory in MiB."""

    seconds: float
    fastest: float
    memory: float
    runs: int


class Runner:
    """Runs commands with compiled modules kept in `cache`, as an installed package has them."""

    def __init__(self, cache: Path) -> None:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(_UNWANTED)}
        self._environment = {**kept, "PYTHONPYCACHEPREFIX": str(cache)}
        self._output = cache.with_name("output")

    def run(self, command: Command) -> Sample:
        """Run a command; BenchmarkFailed with what it printed unless it exits with 0."""
        clocked = [sys.executable, "-I", "-S", str(_CLOCKED), str(self._output)]
        done = subprocess.run(
            [*clocked, *command.arguments],
            cwd=command.folder,
            env=self._environment,
            stdout=subprocess.PIPE,
            check=True,
            text=True,
        )
        seconds, kibibytes, code = done.stdout.split()
        if code != "0":
            said = self._output.read_text(errors="replace")[-2000:]
            raise BenchmarkFailed(f"{' '.join(command.arguments)} exited with {code}:\n{said}")
        return Sample(float(seconds), int(kibibytes) / 1024)

    def all_of(self, commands: Sequence[Command]) -> Sample:
        """Run commands one after another, as one sample: their time in all, the largest peak."""
        runs = [(command, self.run(command)) for command in commands]
        samples = [sample for command, sample in runs if command.timed]
        return Sample(sum(s.seconds for s in samples), max(s.memory for s in samples))

    def compare(self, contenders: Mapping[str, Sequence[Command]], runs: int) -> dict[str, Result]:
        """Each contender `runs` times, in turns, so that a busy machine is busy for all alike."""
        for commands in contenders.values():
            self.all_of(commands)  # fills the caches
        samples: dict[str, list[Sample]] = {name: [] for name in contenders}
        for _ in range(runs):
            for name, commands in contenders.items():
                samples[name].append(self.all_of(commands))
        return {name: _result(several) for name, several in samples.items()}


def _result(samples: Sequence[Sample]) -> Result:
    seconds = [sample.seconds for sample in samples]
    return Result(
        seconds=statistics.median(seconds),
        fastest=min(seconds),
        memory=max(sample.memory for sample in samples),
        runs=len(samples),
    )
