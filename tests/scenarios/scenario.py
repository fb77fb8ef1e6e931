"""Scenario files: one behaviour each, read into values.

Besides plain YAML they know `!decimal "1.50"`, `!time "12:30:00"`, `!now` (a moment of the last
minutes) and `!by {csv: 1, sqlite: 2}` (a value for each backend).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeAlias

import yaml

FOLDER = Path(__file__).parent
BACKENDS = ("csv", "sqlite", "postgresql")
Rows: TypeAlias = dict[str, list[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class By:
    """A value for each backend."""

    values: Mapping[str, Any]


class Now:
    """Equal to every moment (or its text) of the last ten minutes, in UTC."""

    def __eq__(self, other: object) -> bool:
        moment = datetime.fromisoformat(other) if isinstance(other, str) else other
        if not isinstance(moment, datetime):
            return NotImplemented
        age = datetime.now(timezone.utc).replace(tzinfo=None) - moment.replace(tzinfo=None)
        return timedelta(seconds=-2) <= age < timedelta(minutes=10)

    def __hash__(self) -> int:
        return 0

    def __repr__(self) -> str:
        return "<now>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """The error that a run must end with. `screen` are parts of what a person sees."""

    code: Any
    message: Any
    exit: int
    screen: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One behaviour. Tables are a mapping, or the YAML text itself where its form matters.

    `by_hand` and `store` are raw commands by backend: SQL statements, or for CSV file names with
    their text (null: remove the file). `refuses` are SQL statements that the store must refuse
    afterwards. `queries` are SQL with the rows that they must give. `cells` are raw CSV texts.
    """

    name: str
    about: str
    backends: tuple[str, ...] = BACKENDS
    meta: dict[str, Any] = field(default_factory=dict)
    after_meta: dict[str, Any] = field(default_factory=dict)
    before: dict[str, Any] | str | None = None
    rows: Rows = field(default_factory=dict)
    by_hand: dict[str, Any] = field(default_factory=dict)
    made_by: str = "zmigration"
    store: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] | str = field(default_factory=dict)
    arguments: tuple[str, ...] = ()
    expect: tuple[str, ...] = ()
    adopted: tuple[str, ...] = ()
    statements: dict[str, list[str]] = field(default_factory=dict)
    hazards: tuple[str, ...] | None = None
    from_version: str | None = "v1.0.0"
    version: str | None = None
    status: str = "applied"
    rows_after: Rows | None = None
    gone: tuple[str, ...] = ()
    refuses: tuple[str, ...] = ()
    queries: dict[str, dict[str, list[list[Any]]]] = field(default_factory=dict)
    cells: dict[str, str] = field(default_factory=dict)
    hooks: str | None = None
    warns: tuple[Any, ...] = ()
    error: Expected | None = None

    @property
    def first_run(self) -> bool:
        return self.before is None


class _Loader(yaml.SafeLoader):
    pass


def _by_backend(loader: Any, node: Any) -> Mapping[str, Any]:
    values: dict[str, Any] = loader.construct_mapping(node, deep=True)
    return values


def _scalar(make: Any) -> Any:
    return lambda loader, node: make(loader.construct_scalar(node))


_Loader.add_constructor("!decimal", _scalar(Decimal))
_Loader.add_constructor("!time", _scalar(time.fromisoformat))
_Loader.add_constructor("!now", lambda loader, node: Now())
_Loader.add_constructor("!by", lambda loader, node: By(_by_backend(loader, node)))

_TUPLES = ("backends", "arguments", "expect", "adopted", "gone", "refuses", "warns", "hazards")


def load(path: Path) -> Scenario:
    """The scenario in a file; a misspelt key is an error."""
    data = yaml.load(path.read_text(encoding="utf-8"), _Loader)
    unknown = set(data) - {f.name for f in fields(Scenario)}
    if unknown:
        raise ValueError(f"{path.name}: unknown keys {sorted(unknown)}")
    for key in _TUPLES:
        if key in data:
            data[key] = tuple(data[key])
    if "error" in data:
        error = data["error"]
        data["error"] = Expected(**{**error, "screen": tuple(error.get("screen", ()))})
    if data.get("made_by") == "zcli" or "before" not in data:
        data.setdefault("from_version", None)
    return Scenario(name=path.stem, **data)


def every() -> Iterator[tuple[Scenario, str]]:
    """Each scenario with each of its backends."""
    for path in sorted(FOLDER.glob("*.yaml")):
        scenario = load(path)
        yield from ((scenario, backend) for backend in scenario.backends)


def chosen(value: Any, backend: str) -> Any:
    """The value with every `!by` in it made for one backend."""
    if isinstance(value, By):
        return value.values[backend]
    if isinstance(value, dict):
        return {key: chosen(item, backend) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [chosen(item, backend) for item in value]
    return value
