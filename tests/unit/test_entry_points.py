"""Entry points: what importlib-metadata finds in folders, found without it."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

import importlib_metadata
import pytest

from zcli_migration.entry_points import EntryPoint, entry_points

GROUP = "zmigration_of_a_test"
POINTS = f"""\
[console_scripts]
other = other:main

[{GROUP}]
# not this one
one = os.path
two=os:path.join

[after]
three = os
"""


def install(folder: Path, name: str, points: str, version: str = "1.0") -> Path:
    info = folder / f"{name}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Name: {name}\nVersion: {version}\n\nName: not this\n")
    (info / "entry_points.txt").write_text(points)
    return folder


def test_the_installed_ones_are_those_that_importlib_metadata_finds() -> None:
    for group in ("console_scripts", "zmigration", "pytest11"):
        found = {(entry.name, entry.value) for entry in entry_points(group)}
        asked = importlib_metadata.entry_points(group=group)
        assert found == {(entry.name, entry.value) for entry in asked}
        assert found or group == "pytest11"


def test_only_the_group_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(install(tmp_path, "some_Package", POINTS, "2.1"))
    assert entry_points(GROUP) == [
        EntryPoint("one", "os.path", "some_Package", "2.1"),
        EntryPoint("two", "os:path.join", "some_Package", "2.1"),
    ]


def test_of_two_packages_of_one_name_the_first_on_the_path_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(install(tmp_path / "second", "some.package", POINTS))
    first = install(tmp_path / "first", "some_package", f"[{GROUP}]\nnew = os\n")
    monkeypatch.syspath_prepend(first)
    assert [entry.name for entry in entry_points(GROUP)] == ["new"]


def test_packages_in_archives_are_found_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = tmp_path / "packages.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("zipped-3.0.dist-info/METADATA", "Name: zipped\nVersion: 3.0\n")
        file.writestr("zipped-3.0.dist-info/entry_points.txt", POINTS)
    monkeypatch.setattr(sys, "path", [*sys.path, str(archive)])
    importlib_metadata.MetadataPathFinder.invalidate_caches()
    found = entry_points(GROUP)
    assert EntryPoint("one", "os.path", "zipped", "3.0") in found


@pytest.mark.parametrize(
    ("value", "loaded"), [("os.path", "join"), ("os", "getcwd"), ("os:path", "join")]
)
def test_an_entry_point_loads_what_it_names(value: str, loaded: str) -> None:
    assert hasattr(EntryPoint("name", value, "package", "1").load(), loaded)


def test_an_entry_point_of_nothing_fails() -> None:
    with pytest.raises(ImportError):
        EntryPoint("name", "no_such_module_at_all", "package", "1").load()
    with pytest.raises(AttributeError):
        EntryPoint("name", "os:no_such_thing", "package", "1").load()
