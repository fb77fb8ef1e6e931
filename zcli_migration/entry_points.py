"""The plugins' entry points, read from the folders that packages are installed in.

Every run needs them, and importlib-metadata takes longer to import than they take to read: it is
asked only where something else than such folders may have packages.
"""

from __future__ import annotations

import importlib
import os
import re
import sys
from collections.abc import Iterator
from functools import reduce
from typing import NamedTuple

_SUFFIXES = frozenset({".dist-info", ".egg-info"})
_SEPARATORS = re.compile(r"[-_.]+")


class EntryPoint(NamedTuple):
    """One entry point. `value` is `module` or `module:attribute`."""

    name: str
    value: str
    distribution: str
    version: str

    def load(self) -> object:
        """What the value names."""
        module, _, path = self.value.partition("[")[0].partition(":")
        names = [name for name in path.strip().split(".") if name]
        return reduce(getattr, names, importlib.import_module(module.strip()))


def entry_points(group: str) -> list[EntryPoint]:
    """The entry points of a group; of two packages of one name, the first on the path counts."""
    if not _only_folders():
        return _asked(group)
    found = []
    for folder in _distributions():
        section = _section(_text(os.path.join(folder, "entry_points.txt")), group)
        if section:
            name, version = _name_and_version(_metadata(folder))
            found += [EntryPoint(*entry, name, version) for entry in section]
    return found


def _only_folders() -> bool:
    """Whether packages are found in folders alone, and not in archives or by other finders."""
    finders = [finder for finder in sys.meta_path if hasattr(finder, "find_distributions")]
    if not _KNOWN_FINDERS.issuperset(finder.__module__ for finder in finders):
        return False
    return not any(path.endswith(".egg") or os.path.isfile(path) for path in sys.path)


_KNOWN_FINDERS = frozenset({"_frozen_importlib_external", "importlib_metadata"})


def _distributions() -> Iterator[str]:
    """The metadata folder of each installed package."""
    seen: set[str] = set()
    for folder in dict.fromkeys(sys.path):
        try:
            names = os.listdir(folder or ".")
        except OSError:
            continue
        for name in names:
            stem, suffix = os.path.splitext(name)
            if suffix.lower() in _SUFFIXES:
                package = _normalized(stem.partition("-")[0])
                if package not in seen:
                    seen.add(package)
                    yield os.path.join(folder, name)


def _normalized(name: str) -> str:
    return _SEPARATORS.sub("_", name).lower()


def _section(text: str, group: str) -> list[tuple[str, str]]:
    """The names and values below `[group]`."""
    if f"[{group}]" not in text:
        return []
    found = []
    inside = False
    for line in map(str.strip, text.splitlines()):
        if line.startswith("["):
            inside = line == f"[{group}]"
        elif inside and line and not line.startswith("#"):
            name, _, value = line.partition("=")
            found.append((name.strip(), value.strip()))
    return found


def _metadata(folder: str) -> str:
    return _text(os.path.join(folder, "METADATA")) or _text(os.path.join(folder, "PKG-INFO"))


def _name_and_version(metadata: str) -> tuple[str, str]:
    """Name and version, from the head of METADATA: to parse all of it takes far longer."""
    head = metadata.partition("\n\n")[0]
    found = dict(line.split(": ", 1) for line in head.splitlines() if ": " in line)
    return found.get("Name", "unknown").strip(), found.get("Version", "unknown").strip()


def _text(file: str) -> str:
    try:
        with open(file, encoding="utf-8", errors="replace") as stream:
            return stream.read()
    except OSError:
        return ""


def _asked(group: str) -> list[EntryPoint]:
    import importlib_metadata

    return [
        EntryPoint(entry.name, entry.value, *_of_distribution(entry.dist))
        for entry in importlib_metadata.entry_points(group=group)
    ]


def _of_distribution(dist: object) -> tuple[str, str]:
    if dist is None:
        return "unknown", "unknown"
    return str(getattr(dist, "name", "unknown")), str(getattr(dist, "version", "unknown"))
