"""Disks that are full and folders that cannot be written: refused, and everything as before."""

from __future__ import annotations

import ctypes
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.faults.conftest import MakeShop, Pattern
from tests.faults.shop import AFTER, Done, Look, Shop
from tests.faults.test_kills import ends_well

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits and mounts of Linux")
FILES = ("csv", "sqlite")
_DROP_CAPABILITY, _OVERRIDE, _SEARCH = 24, 1, 2
_KILOBYTES = 1024


def without_privileges() -> None:
    """In a child before it starts: even root then keeps to the rights that files give."""
    if os.geteuid() == 0:
        library = ctypes.CDLL(None)
        for capability in (_OVERRIDE, _SEARCH):
            assert library.prctl(_DROP_CAPABILITY, capability, 0, 0, 0) == 0


def limited(size: int) -> Callable[[], None]:
    """In a child before it starts: no file may grow beyond so many bytes."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


@pytest.mark.parametrize("backend", FILES)
def test_read_only_folder(backend: str, make_shop: MakeShop) -> None:
    shop, pattern = make_shop(backend)
    paths = [shop.data, *shop.data.iterdir()]
    with modes(0o555, *paths):
        refused(shop.migrate(preexec_fn=without_privileges), shop, pattern)
    ends_well(shop, pattern)


@pytest.mark.parametrize("backend", [*FILES, "postgresql"])
def test_read_only_schema_file(backend: str, make_shop: MakeShop) -> None:
    shop, pattern = make_shop(backend)
    with modes(0o444, shop.schema_file("posts")):
        refused(shop.migrate(preexec_fn=without_privileges), shop, pattern)
    with modes(0o555, shop.folder / "models"):
        refused(shop.migrate(preexec_fn=without_privileges), shop, pattern)
    ends_well(shop, pattern)


def test_unreadable_table(make_shop: MakeShop) -> None:
    shop, pattern = make_shop("csv")
    with modes(0o000, shop.data / "posts.csv"):
        done = shop.migrate(preexec_fn=without_privileges)
    refused(done, shop, pattern)
    ends_well(shop, pattern)


@pytest.mark.parametrize("kilobytes", [1, 16, 60, 140, 200])
@pytest.mark.parametrize("backend", FILES)
def test_file_size_limit(backend: str, kilobytes: int, make_shop: MakeShop) -> None:
    """The system's own error at different points of the writing."""
    shop, pattern = make_shop(backend)
    done = shop.migrate(preexec_fn=limited(kilobytes * _KILOBYTES))
    refused(done, shop, pattern)
    ends_well(shop, pattern)


@pytest.mark.parametrize("spare", [40, 1200, 1500])
@pytest.mark.parametrize("backend", FILES)
def test_full_disk(backend: str, spare: int, make_shop: MakeShop, tmp_path: Path) -> None:
    """A disk with so many kilobytes to spare; the new column needs more."""
    shop, pattern = make_shop(backend)
    long = AFTER["users"].replace("nobody@example.com", "n" * 1900)
    shop.write_schemas({"users": long.replace("type: str, required: true, default", "type: text, default")})
    with small_disk(shop, spare, tmp_path) as small:
        refused(small.migrate(), small, pattern)
        check = small.look("--check")
        assert check.code == 3, check.said
        shutil.rmtree(shop.data)
        shutil.copytree(small.data, shop.data)
    shop.write_schemas(AFTER)
    ends_well(shop, pattern)


def test_full_disk_under_the_schema_files(make_shop: MakeShop, tmp_path: Path) -> None:
    """The version cannot be written: it is said, and the next run does it."""
    shop, pattern = make_shop("sqlite")
    models = tmp_path / "disk"
    with mounted(models, 64 * _KILOBYTES):
        for file in (shop.folder / "models").iterdir():
            shutil.copy(file, models)
            file.unlink()
            file.symlink_to(models / file.name)
        filler = models / "filler"
        fill(filler)
        done = shop.migrate()
        assert done.code == 0, done.said
        assert "the next run writes v1.1.0" in done.said
        assert Look.at(shop) == pattern.after
        filler.unlink()
        ends_well(shop, pattern)


def refused(done: Done, shop: Shop, pattern: Pattern) -> None:
    assert done.code == 1, done.said
    assert "nothing was changed" in done.said, done.said
    assert "Traceback" not in done.said
    assert "Unexpected" not in done.said, done.said
    assert Look.at(shop) == pattern.before
    assert shop.leftovers() == []


@contextmanager
def modes(mode: int, *paths: Path) -> Iterator[None]:
    before = {path: path.stat().st_mode & 0o7777 for path in paths}
    for path in reversed(paths):
        path.chmod(mode)
    try:
        yield
    finally:
        for path, old in before.items():
            path.chmod(old)


@contextmanager
def small_disk(shop: Shop, spare: int, tmp_path: Path) -> Iterator[Shop]:
    """The shop's data on a disk of its own."""
    size = sum(path.stat().st_size // 4096 * 4096 + 8192 for path in shop.data.iterdir())
    disk = tmp_path / "disk"
    with mounted(disk, size + spare * _KILOBYTES):
        shutil.copytree(shop.data, disk / "Data")
        (shop.folder / ".zEnv").write_text(
            f"ZDATA_USERS_URL={disk}/Data\nZDATA_POSTS_URL={disk}/Data\n"
        )
        folder = shop.folder.with_name("small")
        folder.mkdir()
        for name in ("app.py", ".zEnv", "models", "plugins"):
            (folder / name).symlink_to(shop.folder / name)
        (folder / "Data").symlink_to(disk / "Data")
        yield replace(shop, folder=folder)
    (shop.folder / ".zEnv").write_text("ZDATA_USERS_URL=@.Data\nZDATA_POSTS_URL=@.Data\n")


@contextmanager
def mounted(place: Path, size: int) -> Iterator[None]:
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("may not mount here; the size limits above stand in")
    try:
        yield
    finally:
        subprocess.run(["umount", str(place)], check=True)


def fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 1024)
        except OSError:
            pass
