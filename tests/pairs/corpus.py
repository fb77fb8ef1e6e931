"""The pairs of table definitions in this folder's YAML files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

import yaml

Dialect: TypeAlias = Literal["postgresql", "sqlite"]
KEYS = {"before", "after", "rows", "or_refused", "since"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """The DDL of a database as it is and as it shall be.

    `rows` are put into the first one. `or_refused` is a name that a refusal must give where the
    change may be refused as well as done. `since` is the first version of PostgreSQL that knows
    what is said.
    """

    name: str
    dialect: Dialect
    before: str
    after: str
    rows: str = ""
    or_refused: str | None = None
    since: int = 0


def load_pairs(folder: Path = Path(__file__).parent) -> tuple[Pair, ...]:
    return tuple(pair for path in sorted(folder.glob("*.yaml")) for pair in _pairs(path))


def _pairs(path: Path) -> list[Pair]:
    whole = yaml.safe_load(path.read_text(encoding="utf-8"))
    dialect = whole["dialect"]
    assert dialect in get_args(Dialect), path
    return [_pair(f"{path.stem}: {name}", dialect, said) for name, said in whole["pairs"].items()]


def _pair(name: str, dialect: Dialect, said: Mapping[str, Any]) -> Pair:
    unknown = set(said) - KEYS
    assert not unknown, f"{name}: {unknown}"
    return Pair(name=name, dialect=dialect, **said)
