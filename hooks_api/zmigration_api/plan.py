"""What a run will do: steps, each with its statements. What is shown is what is hashed and run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from .archive import Archive
from .changes import Change
from .model import Table

HazardKind = Literal["data_loss", "rewrite", "lock", "rename_or_replace", "note"]


@dataclass(frozen=True, slots=True)
class Hazard:
    """Something to know before saying yes.

    data_loss: values go. rewrite: the whole table or file is written anew. lock: others wait.
    rename_or_replace: may be a rename that the schema file does not say. note: anything else.
    """

    kind: HazardKind
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One or more changes of one table that a store makes together.

    `statements` are the very texts that a SQL store executes, each ending with a semicolon; a
    store without SQL describes each change in one such line. `undo` takes the step back, with the
    values that were kept. A change that the store need not be told
    of (a wider length on a store that keeps no lengths) has no statements.

    The first `ahead` of the statements are run before the unit of work, each by itself, while
    others go on reading and writing; `ahead_undo` takes them back where the unit is not committed.

    `keeps` is the archive that the step makes, `restores` the one that it takes values from,
    `keeps_undone` what taking it back is to keep. A SQL store says all of this in its statements
    too. `before` and `after` are the table on both sides, for a store that runs without SQL, and
    `back` says to it that the step takes another one back. `no_way_back` says, a sentence each,
    why the step cannot be taken back; the engine fills it in.
    """

    changes: tuple[Change, ...]
    statements: tuple[str, ...] = ()
    undo: tuple[str, ...] = ()
    hazards: tuple[Hazard, ...] = ()
    ahead: int = 0
    ahead_undo: tuple[str, ...] = ()
    keeps: Archive | None = None
    keeps_undone: Archive | None = None
    restores: Archive | None = None
    before: Table | None = None
    after: Table | None = None
    back: bool = False
    no_way_back: tuple[str, ...] = ()

    def inverse(self) -> Step:
        """The step that takes this one back, values and all."""
        return Step(
            changes=tuple(change.inverse() for change in reversed(self.changes)),
            statements=self.undo,
            undo=self.statements,
            keeps=self.keeps_undone,
            keeps_undone=self.keeps,
            restores=self.keeps,
            before=self.after,
            after=self.before,
            back=not self.back,
            no_way_back=self.no_way_back,
        )

    @property
    def table(self) -> str:
        """The table as it is called after the step."""
        return self.changes[-1].table


def as_run(steps: Sequence[Step]) -> tuple[str, ...]:
    """The statements in the order in which they are run: first those ahead of the unit."""
    ahead = [text for step in steps for text in step.statements[: step.ahead]]
    return (*ahead, *(text for step in steps for text in step.statements[step.ahead :]))
