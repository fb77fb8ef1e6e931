"""`zolo plugins`: every plugin, what it provides, and whether it works."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict

from .listing import table_lines
from .plugins import SWITCHED_OFF, PluginStatus

_OF_ITSELF = {"zmigration_backends", "zmigration_diff_rules"}
"""Hooks that are shown by what they offer."""


def plugin_lines(found: Sequence[PluginStatus]) -> list[str]:
    """A table, with the error of a broken plugin below it."""
    rows = [("PLUGIN", "DISTRIBUTION", "VERSION", "STATUS", "PROVIDES")]
    rows += [
        (s.name, s.distribution, s.version or "-", status_of(s), ", ".join(_provides(s)) or "-")
        for s in found
    ]
    head, *lines = table_lines(rows)
    result = [head]
    for status, line in zip(found, lines, strict=True):
        result.append(line)
        if status_of(status) == "broken":
            result.append(f"  ⚠️  {status.error}")
    return result


def plugin_facts(status: PluginStatus) -> dict[str, object]:
    """One plugin as JSON-able data."""
    return {**asdict(status), "status": status_of(status), "provides": list(_provides(status))}


def status_of(status: PluginStatus) -> str:
    """ok, broken, or switched off."""
    if status.error is None:
        return "ok"
    return SWITCHED_OFF if status.error == SWITCHED_OFF else "broken"


def _provides(status: PluginStatus) -> Iterator[str]:
    yield from (f"backend {name}" for name in status.backends)
    yield from (f"rule {name}" for name in status.rules)
    for hook in status.hooks:
        if hook == "zmigration_suggest_version":
            yield "version policy"
        elif hook not in _OF_ITSELF:
            yield f"hook {hook.removeprefix('zmigration_')}"
