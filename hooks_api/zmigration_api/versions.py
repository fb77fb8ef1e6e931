"""Versions: vMAJOR.MINOR.PATCH and nothing else."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

_PATTERN = re.compile(r"[vV]?(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})")

Part = Literal["major", "minor", "patch"]


@dataclass(frozen=True, slots=True, order=True)
class Version:
    """A version, ordered by its three numbers."""

    major: int
    minor: int
    patch: int

    @classmethod
    def parse(cls, text: str) -> Version:
        """Read `v1.2.3` or `1.2.3`; ValueError for anything else."""
        match = _PATTERN.fullmatch(text.strip())
        if match is None:
            raise ValueError(f"{text!r} is not a version like v1.0.0")
        return cls(*map(int, match.groups()))

    def __str__(self) -> str:
        return f"v{self.major}.{self.minor}.{self.patch}"

    def bump(self, part: Part) -> Version:
        """The next version in that part; the parts after it become 0."""
        if part == "major":
            return Version(self.major + 1, 0, 0)
        if part == "minor":
            return Version(self.major, self.minor + 1, 0)
        return Version(self.major, self.minor, self.patch + 1)
