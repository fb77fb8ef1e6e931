"""Finding and importing plugins: entry points, and what the app itself names in zSpark."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import Any

import pluggy

from zmigration_api import API_VERSION, PROJECT, Hooks, PluginError

from . import builtin
from .app import App
from .entry_points import EntryPoint, entry_points
from .plugins import DISABLE_VARIABLE, OURS, SWITCHED_OFF, Plugins, PluginStatus

TIMEOUT_VARIABLE = "ZMIGRATION_PLUGIN_TIMEOUT"
_TIMEOUT = 10.0
"""Seconds that importing a plugin may take."""
_MARK = "hookimpl"
"""What the source of a module says that is a plugin of ours; others are the host's alone."""


class _Hangs(BaseException):
    """Raised in a plugin that takes too long; no `except Exception` of its own catches it."""


def load_plugins(app: App | None = None, *, third_party: bool = True) -> Plugins:
    """Load every plugin but for those that the environment switches off."""
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(Hooks)
    manager.register(builtin, name="builtin")
    plugins = Plugins(manager)
    for entry in _entries():
        ours = entry.distribution == OURS
        plugins.statuses.append(
            _load(
                manager,
                PluginStatus(
                    name=entry.name, distribution=entry.distribution, version=entry.version
                ),
                entry.load,
                off=not (third_party or ours),
                patient=ours,
            )
        )
    for name, load in _named_by(app) if app else ():
        status = PluginStatus(name=name, distribution="zSpark", version="")
        plugins.statuses.append(_load(manager, status, load, off=not third_party, patient=False))
    return plugins


def _entries() -> Iterable[EntryPoint]:
    unique = {(entry.name, entry.value): entry for entry in entry_points(PROJECT)}
    return sorted(unique.values(), key=lambda entry: (entry.distribution != OURS, entry.name))


def _load(
    manager: pluggy.PluginManager,
    status: PluginStatus,
    load: Callable[[], object],
    *,
    off: bool,
    patient: bool,
) -> PluginStatus:
    from dataclasses import replace

    disabled = os.environ.get(DISABLE_VARIABLE, "").replace(",", " ").split()
    if off or status.name in disabled:
        return replace(status, error=SWITCHED_OFF)
    try:
        if manager.has_plugin(status.name):
            raise PluginError(f"another plugin is called {status.name} too")
        with contextlib.nullcontext() if patient else _watched():
            plugin = load()
        _check(manager, plugin)
        manager.register(plugin, name=status.name)
    except PluginError as error:
        return replace(status, error=str(error))
    except (Exception, SystemExit, _Hangs) as error:
        return replace(status, error=f"{type(error).__name__.strip('_')}: {error}")
    return replace(status, hooks=_hook_names(manager, plugin))


@contextlib.contextmanager
def _watched() -> Iterator[None]:
    """Interrupt what takes too long. Signals reach the main thread alone, where imports run."""
    seconds = _seconds()
    alarm = getattr(signal, "SIGALRM", None)
    if alarm is None or seconds <= 0 or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise _Hangs(
            f"importing it took longer than {seconds:g} s; "
            f"switch it off with {DISABLE_VARIABLE}, or set {TIMEOUT_VARIABLE}"
        )

    before = signal.signal(alarm, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(alarm, before)


def _seconds() -> float:
    try:
        return float(os.environ.get(TIMEOUT_VARIABLE, _TIMEOUT))
    except ValueError:
        return _TIMEOUT


def _named_by(app: App) -> Iterator[tuple[str, Callable[[], object]]]:
    """The modules in zSpark's `plugins` that are plugins of ours too, and how to import each."""
    named = app.zspark.get("plugins")
    for item in [named] if isinstance(named, str) else named if isinstance(named, list) else ():
        file = _file_of(str(item), app.workspace)
        if file is not None and _MARK in file.read_text(encoding="utf-8", errors="replace"):
            yield str(item), _importer(str(item), file, app.workspace)


def _file_of(item: str, workspace: Path) -> Path | None:
    """The source of a plugin that zSpark names as zCLI does: a path, or a module's name."""
    if item.endswith(".py"):
        path = Path(item)
        return path if path.is_absolute() and path.is_file() else None
    parts = item.split(".")
    for folder in (str(workspace), *sys.path):
        base = Path(folder, *parts)
        for path in (base.with_suffix(".py"), base / "__init__.py"):
            if path.is_file():
                return path
    return None


def _importer(item: str, file: Path, workspace: Path) -> Callable[[], object]:
    def load() -> Any:  # noqa: ANN401
        if item.endswith(".py"):
            from .hook_paths import import_file

            return import_file(file)
        sys.path.insert(0, str(workspace))
        try:
            return import_module(item)
        finally:
            with contextlib.suppress(ValueError):
                sys.path.remove(str(workspace))

    return load


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
