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
from pathlib import Path

import pytest

from tests.faults.conftest import MakeShop, Pattern
from tests.faults.shop import AFTER, Done, Look, Shop
from tests.faults.test_kills import ends_well

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits and mounts of Linux")
FILES = ("csv", "sqlite")
_DROP_CAPABILITY, _OVERRIDE, _SEARCH = 24, 1, 2
KILO = 1024


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


SIZES = [16, 90, *(pytest.param(size, marks=pytest.mark.soak) for size in (1, 4, 60))]


@pytest.mark.parametrize("kilobytes", SIZES)
@pytest.mark.parametrize("backend", FILES)
def test_file_size_limit(backend: str, kilobytes: int, make_shop: MakeShop) -> None:
    """The system's own error at different points of the writing."""
    shop, pattern = make_shop(backend)
    done = shop.migrate(preexec_fn=limited(kilobytes * KILO))
    refused(done, shop, pattern)
    ends_well(shop, pattern)


@pytest.mark.parametrize("spare", [40, pytest.param(1300, marks=pytest.mark.soak), 1900])
@pytest.mark.parametrize("backend", FILES)
def test_full_disk(backend: str, spare: int, make_shop: MakeShop) -> None:
    """A disk with so many kilobytes to spare; the new column needs more."""
    shop, pattern = make_shop(backend)
    long = AFTER["users"].replace("nobody@example.com", "n" * 1900)
    shop.write_schemas({"users": long.replace("email: {type: str", "email: {type: text")})
    size = sum(-path.stat().st_size // 4096 * -4096 for path in shop.data.iterdir())
    with on_small_disk(shop.data, size + spare * KILO):
        refused(shop.migrate(), shop, pattern)
        check = shop.here("--check")
        assert check.code == 3, check.said
    shop.write_schemas(AFTER)
    ends_well(shop, pattern)


def test_full_disk_under_the_schema_files(make_shop: MakeShop) -> None:
    """The version cannot be written: it is said, and the next run does it."""
    shop, pattern = make_shop("sqlite")
    with on_small_disk(shop.folder / "models", 64 * KILO):
        filler = shop.folder / "models" / "filler"
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
def on_small_disk(folder: Path, size: int) -> Iterator[None]:
    """The folder's content on a disk of so many bytes while the block lasts."""
    aside = folder.with_name(f"{folder.name}.aside")
    shutil.copytree(folder, aside)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("may not mount here; the size limits above stand in")
    try:
        shutil.copytree(aside, folder, dirs_exist_ok=True)
        shutil.rmtree(aside)
        yield
        shutil.copytree(folder, aside)
    finally:
        subprocess.run(["umount", str(folder)], check=True)
    shutil.rmtree(folder)
    aside.rename(folder)


def fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 1024)
        except OSError:
            pass
