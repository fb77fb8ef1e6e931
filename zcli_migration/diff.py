"""The difference between two schemas, by the diff rules in the order that they ask for."""

from __future__ import annotations

from collections.abc import Sequence
from graphlib import CycleError, TopologicalSorter

from zmigration_api import Change, DiffRule, PluginError, Schema


def diff(current: Schema, desired: Schema, rules: Sequence[DiffRule]) -> tuple[Change, ...]:
    """Every change that leads from `current` to `desired`; none if they are equal."""
    changes: tuple[Change, ...] = ()
    for rule in in_order(rules):
        changes = tuple(rule.run(current, desired, changes))
    return changes


def in_order(rules: Sequence[DiffRule]) -> list[DiffRule]:
    """The rules, each behind those that it names in `after`; else in the order given."""
    named: dict[str, DiffRule] = {}
    for rule in rules:
        if rule.name in named:
            raise PluginError(f"two plugins offer the diff rule {rule.name!r}")
        named[rule.name] = rule
    sorter = TopologicalSorter(
        {rule.name: [name for name in rule.after if name in named] for rule in rules}
    )
    try:
        return [named[name] for name in sorter.static_order()]
    except CycleError as error:
        raise PluginError(f"diff rules wait for each other: {' → '.join(error.args[1])}") from None
