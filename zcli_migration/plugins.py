"""Plugins: found through entry points, each loaded and called on its own.

A plugin that cannot be used is kept in the list with its error, and harms only what needs it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pluggy

from zmigration_api import (
    API_VERSION,
    PROJECT,
    BackendType,
    Change,
    DiffRule,
    HookFailed,
    Hooks,
    MigrationContext,
    MigrationError,
    PluginError,
    SchemaInfo,
    Version,
)

from . import builtin
from .entry_points import EntryPoint, entry_points

DISABLE_VARIABLE = "ZMIGRATION_DISABLE_PLUGINS"
OURS = "zcli-migration"
SWITCHED_OFF = "switched off"


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginStatus:
    """One plugin as `zolo plugins` shows it. `error` is None for one that works."""

    name: str
    distribution: str
    version: str
    hooks: tuple[str, ...] = ()
    error: str | None = None


@dataclass(slots=True)
class Plugins:
    """Every plugin of this run, behind one typed method a hook."""

    manager: pluggy.PluginManager
    statuses: list[PluginStatus] = field(default_factory=list)

    def broken(self) -> list[PluginStatus]:
        """The plugins that are installed and cannot be used."""
        return [s for s in self.statuses if s.error is not None and s.error != SWITCHED_OFF]

    def backends(self) -> dict[str, BackendType]:
        """Every backend under its name and its aliases, in lower case."""
        providers: dict[str, str] = {}
        backends: dict[str, BackendType] = {}
        for plugin, offered in self._each("zmigration_backends"):
            for backend in offered:
                for name in (backend.name, *backend.aliases):
                    if name.lower() in backends:
                        raise PluginError(
                            f"two plugins offer the backend {name!r}: "
                            f"{providers[name.lower()]} and {plugin}",
                            hint=f"switch one off: {DISABLE_VARIABLE}={plugin}",
                        )
                    backends[name.lower()], providers[name.lower()] = backend, plugin
        return backends

    def diff_rules(self) -> list[DiffRule]:
        """Every diff rule, in no particular order."""
        return [rule for _, rules in self._each("zmigration_diff_rules") for rule in rules]

    def suggest_version(
        self, schema: SchemaInfo, current: Version, changes: Sequence[Change]
    ) -> Version:
        """The first suggestion that a plugin makes; the built-in policies come last."""
        arguments = {"schema": schema, "current": current, "changes": changes}
        for _, version in self._each("zmigration_suggest_version", **arguments):
            return version  # type: ignore[no-any-return]
        raise PluginError(
            f"{schema.name}: no plugin knows the version policy {schema.policy!r}",
            hint="built in are semver (the default) and strict-semver",
            file=schema.path,
        )

    def run_hooks(self, hook: str, context: MigrationContext) -> None:
        """Call every plugin's implementation of one of the three context hooks."""
        for _ in self._each(hook, context=context):
            pass

    def _each(self, hook: str, **arguments: object) -> Iterator[tuple[str, Any]]:
        """(plugin name, result) of each implementation that gives one, called one by one."""
        caller = getattr(self.manager.hook, hook)
        for implementation in reversed(caller.get_hookimpls()):
            name = implementation.plugin_name
            named = {key: arguments[key] for key in implementation.argnames}
            result = _guarded(name, hook, implementation.function, named)
            if result is not None:
                yield name, result


def _guarded(
    plugin: str, hook: str, function: Callable[..., Any], arguments: dict[str, object]
) -> Any:  # noqa: ANN401
    try:
        return function(**arguments)
    except MigrationError:
        raise
    except Exception as error:
        raise HookFailed(
            f"plugin {plugin}: {hook} raised {type(error).__name__}: {error}"
        ) from error


def load_plugins(*, third_party: bool = True) -> Plugins:
    """Load every entry point of the group, but for those that the environment switches off."""
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(Hooks)
    manager.register(builtin, name="builtin")
    plugins = Plugins(manager)
    disabled = set(os.environ.get(DISABLE_VARIABLE, "").replace(",", " ").split())
    for entry in _entries():
        if entry.name in disabled or not (third_party or entry.distribution == OURS):
            plugins.statuses.append(_status(entry, error=SWITCHED_OFF))
        else:
            plugins.statuses.append(_load(manager, entry))
    return plugins


def _entries() -> Iterable[EntryPoint]:
    unique = {(entry.name, entry.value): entry for entry in entry_points(PROJECT)}
    return sorted(unique.values(), key=lambda entry: (entry.distribution != OURS, entry.name))


def _load(manager: pluggy.PluginManager, entry: EntryPoint) -> PluginStatus:
    try:
        plugin = entry.load()
        _check(manager, plugin)
        manager.register(plugin, name=entry.name)
    except (Exception, SystemExit) as error:
        return _status(entry, error=f"{type(error).__name__}: {error}")
    return _status(entry, hooks=_hook_names(manager, plugin))


def _check(manager: pluggy.PluginManager, plugin: object) -> None:
    stated = getattr(plugin, "ZMIGRATION_API", API_VERSION)
    if stated != API_VERSION:
        raise PluginError(f"written for plugin API {stated}, this is {API_VERSION}")
    for name in _hook_names(manager, plugin):
        if not hasattr(manager.hook, name):
            raise PluginError(f"there is no hook called {name}{_nearest(name)}")
        options = manager.parse_hookimpl_opts(plugin, name)
        if options and (options.get("wrapper") or options.get("hookwrapper")):
            raise PluginError(f"{name} may not be a wrapper")


def _hook_names(manager: pluggy.PluginManager, plugin: object) -> tuple[str, ...]:
    names = dir(plugin)
    return tuple(name for name in names if manager.parse_hookimpl_opts(plugin, name) is not None)


def _nearest(name: str) -> str:
    import difflib

    known = [hook for hook in dir(Hooks) if hook.startswith("zmigration_")]
    close = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {close[0]}?" if close else f"; known are {', '.join(known)}"


def _status(entry: EntryPoint, **more: Any) -> PluginStatus:  # noqa: ANN401
    return PluginStatus(
        name=entry.name, distribution=entry.distribution, version=entry.version, **more
    )
