"""Plugins: one typed method a hook, each plugin called on its own.

A plugin that cannot be used is kept in the list with its error, and harms only what needs it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pluggy

from zmigration_api import (
    BackendType,
    Change,
    DiffRule,
    Hazard,
    HazardRule,
    HookFailed,
    MigrationContext,
    MigrationError,
    PluginError,
    Schema,
    SchemaInfo,
    Version,
)

DISABLE_VARIABLE = "ZMIGRATION_DISABLE_PLUGINS"
OURS = "zcli-migration"
SWITCHED_OFF = "switched off"

_GIVE_MANY = frozenset({"zmigration_backends", "zmigration_diff_rules"})
"""Hooks that may be generators: what they give is gone through."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginStatus:
    """One plugin as `zolo plugins` shows it. `error` is None for one that works.

    `backends` and `rules` are the names of what it offers, `hooks` the hooks that it has.
    """

    name: str
    distribution: str
    version: str
    hooks: tuple[str, ...] = ()
    backends: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    error: str | None = None

    @property
    def shown(self) -> str:
        """`calver (acme-migrations 1.2)`, as errors name it."""
        version = f" {self.version}" if self.version else ""
        return f"{self.name} ({self.distribution}{version})"


@dataclass(slots=True)
class Plugins:
    """Every plugin of this run, behind one typed method a hook."""

    manager: pluggy.PluginManager
    statuses: list[PluginStatus] = field(default_factory=list)
    _known_backends: dict[str, list[tuple[str, BackendType]]] | None = None

    def broken(self) -> list[PluginStatus]:
        """The plugins that are installed and cannot be used, or not with all that they offer."""
        return [s for s in self.statuses if s.error is not None and s.error != SWITCHED_OFF]

    def backends(self) -> dict[str, BackendType]:
        """Every backend under its name and its aliases, in lower case, that one plugin offers."""
        offered = self._offered().items()
        return {name: found[0][1] for name, found in offered if len(found) == 1}

    def backend(self, name: str) -> BackendType | None:
        """The backend of that name, in whatever case; PluginError where two plugins offer it."""
        found = self._offered().get(name.lower(), [])
        if len(found) > 1:
            first, second = (self.shown(plugin) for plugin, _ in found[:2])
            raise PluginError(
                f"two plugins offer the backend {name!r}: {first} and {second}",
                hint=f"switch one off: {DISABLE_VARIABLE}={found[1][0]}",
            )
        return found[0][1] if found else None

    def _offered(self) -> Mapping[str, list[tuple[str, BackendType]]]:
        """What each plugin offers, by all names; the error of one that fails is noted."""
        if self._known_backends is None:
            self._known_backends = {}
            for implementation in reversed(self._implementations("zmigration_backends")):
                plugin = implementation.plugin_name
                try:
                    backends = _backends(self._call(implementation, "zmigration_backends", {}))
                except (Exception, SystemExit) as error:
                    self._note(plugin, error=_sentence(error))
                    continue
                self._note(plugin, backends=tuple(backend.name for backend in backends))
                for name, backend in _by_names(backends).items():
                    self._known_backends.setdefault(name, []).append((plugin, backend))
        return self._known_backends

    def diff_rules(self) -> list[OwnedRule]:
        """Every diff rule, in no particular order; PluginError where two have one name."""
        found: dict[str, OwnedRule] = {}
        for plugin, rules in reversed(list(self._each("zmigration_diff_rules"))):
            for rule in rules:
                owned = OwnedRule(rule, self.shown(plugin))
                other = found.setdefault(rule.name, owned)
                if other is not owned:
                    raise PluginError(
                        f"two plugins offer the diff rule {rule.name!r}: "
                        f"{other.plugin} and {owned.plugin}",
                        hint=f"switch one off: {DISABLE_VARIABLE}={plugin}",
                    )
        return list(found.values())

    def suggest_version(
        self, schema: SchemaInfo, current: Version, changes: Sequence[Change]
    ) -> Version:
        """The first suggestion that a plugin makes; the built-in policies come last."""
        arguments = {"schema": schema, "current": current, "changes": changes}
        for plugin, version in self._each("zmigration_suggest_version", **arguments):
            if isinstance(version, Version) and (version > current or not changes):
                return version
            raise PluginError(
                f"{schema.name}: the version policy of plugin {self.shown(plugin)} suggests "
                f"{version}, which is not after {current}",
                hint="correct the policy, or choose a version with --version",
                file=schema.path,
            )
        raise PluginError(
            f"{schema.name}: no plugin knows the version policy {schema.policy!r}",
            hint="built in are semver (the default) and strict-semver",
            file=schema.path,
        )

    def run_hooks(self, hook: str, context: MigrationContext) -> Iterator[tuple[str, object]]:
        """Call every plugin's implementation of one of the three context hooks.

        The plugin and what its hook gives back, where that is not None.
        """
        yield from self._each(hook, context=context)

    def shown(self, plugin: str) -> str:
        """A plugin as errors name it, with its distribution."""
        known = (s.shown for s in self.statuses if s.name == plugin)
        return next(known, plugin)

    def looked_through(self) -> list[PluginStatus]:
        """The statuses, once it is known what each plugin offers."""
        self._offered()
        for implementation in self._implementations("zmigration_diff_rules"):
            plugin = implementation.plugin_name
            try:
                rules = self._call(implementation, "zmigration_diff_rules", {}) or ()
                self._note(plugin, rules=tuple(rule.name for rule in rules))
            except (Exception, SystemExit) as error:
                self._note(plugin, error=_sentence(error))
        return self.statuses

    def _note(self, plugin: str, **known: Any) -> None:  # noqa: ANN401
        self.statuses = [replace(s, **known) if s.name == plugin else s for s in self.statuses]

    def _implementations(self, hook: str) -> list[pluggy.HookImpl]:
        """The implementations of a hook, in the order in which they are called."""
        return list(reversed(getattr(self.manager.hook, hook).get_hookimpls()))

    def _each(self, hook: str, **arguments: object) -> Iterator[tuple[str, Any]]:
        """(plugin name, result) of each implementation that gives one, called one by one."""
        for implementation in self._implementations(hook):
            result = self._call(implementation, hook, arguments)
            if result is not None:
                yield implementation.plugin_name, result

    def _call(
        self, implementation: pluggy.HookImpl, hook: str, arguments: Mapping[str, object]
    ) -> Any:  # noqa: ANN401
        named = {key: arguments[key] for key in implementation.argnames}
        with blamed(f"plugin {self.shown(implementation.plugin_name)}: {hook}"):
            read = finished if hook in _GIVE_MANY else ran
            return read(implementation.function(**named))


@contextlib.contextmanager
def blamed(what: str) -> Iterator[None]:
    """Whatever is raised inside, but for our own errors, is a HookFailed that names `what`."""
    try:
        yield
    except MigrationError:
        raise
    except (Exception, SystemExit) as error:
        raise HookFailed(
            f"{what} raised {type(error).__name__}: {error}", hint=_last_line(error)
        ) from error


def finished(result: object) -> Any:  # noqa: ANN401
    """What a hook gives back, awaited if it is a coroutine."""
    import inspect

    if not inspect.iscoroutine(result):
        return result
    import asyncio

    return asyncio.run(result)


def ran(result: object) -> Any:  # noqa: ANN401
    """As `finished`, of a hook that is to do something; TypeError if nothing of it has run."""
    import inspect

    result = finished(result)
    if inspect.isgenerator(result) or inspect.isasyncgen(result):
        raise TypeError("it gave back a generator, of which nothing has run; `yield` makes it one")
    return result


@dataclass(frozen=True, slots=True)
class OwnedRule:
    """A plugin's diff rule, whose errors name the plugin."""

    rule: DiffRule
    plugin: str

    @property
    def name(self) -> str:
        """The rule's own name."""
        return self.rule.name

    @property
    def after(self) -> tuple[str, ...]:
        """What must have run before."""
        return self.rule.after

    def run(
        self, current: Schema, desired: Schema, changes: tuple[Change, ...]
    ) -> tuple[Change, ...]:
        """What the rule makes of the changes."""
        with blamed(f"plugin {self.plugin}: the diff rule {self.name}"):
            return tuple(self.rule.run(current, desired, changes))

    def hazards(self, change: Change, current: Schema, desired: Schema) -> tuple[Hazard, ...]:
        """What the rule says of a change, if it says anything."""
        if not isinstance(self.rule, HazardRule):
            return ()
        with blamed(f"plugin {self.plugin}: the diff rule {self.name}"):
            return tuple(self.rule.hazards(change, current, desired))


def _backends(offered: Iterable[object] | None) -> list[BackendType]:
    found = list(offered or ())
    for backend in found:
        if not isinstance(backend, BackendType):
            raise PluginError(f"zmigration_backends offers {backend!r}, which is no backend")
    return [backend for backend in found if isinstance(backend, BackendType)]


def _by_names(backends: Iterable[BackendType]) -> dict[str, BackendType]:
    return {name.lower(): b for b in backends for name in (b.name, *b.aliases)}


def _sentence(error: BaseException) -> str:
    return str(error) if isinstance(error, MigrationError) else f"{type(error).__name__}: {error}"


def _last_line(error: BaseException) -> str | None:
    """Where it was raised: the plugin's author looks there first."""
    import traceback

    frames = traceback.extract_tb(error.__traceback__)
    theirs = [frame for frame in frames if frame.filename != __file__]
    if not theirs:
        return None
    last = theirs[-1]
    return f"{last.filename}:{last.lineno}, in {last.name}: {last.line}"
