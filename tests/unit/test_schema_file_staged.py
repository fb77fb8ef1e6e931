"""What killed rollbacks have left beside schema files is found by one listing of each folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from zcli_migration.schema_file import left_staged, stage

GONE = 2**22 + 1
"""No process of Linux has a greater number than 2 ** 22."""


def test_what_dead_processes_staged(tmp_path: Path) -> None:
    a, b = (tmp_path / f"zSchema.{name}.yaml" for name in "ab")
    for path in (a, b):
        path.write_text("Meta: {}\n")
    left = tmp_path / f".{a.name}.{GONE}.rollback"
    left.write_text("Meta: {}\n")
    (tmp_path / f".other.yaml.{GONE}.rollback").write_text("")
    stage(b, "text")  # by a process that lives
    assert left_staged([a, b]) == {a: [left]}
    assert left_staged([b]) == {}


def test_a_schema_file_that_is_a_link(tmp_path: Path) -> None:
    real = tmp_path / "real" / "zSchema.a.yaml"
    real.parent.mkdir()
    real.write_text("Meta: {}\n")
    link = tmp_path / "zSchema.linked.yaml"
    link.symlink_to(real)
    left = real.with_name(f".{real.name}.{GONE}.rollback")
    left.write_text("")
    assert left_staged([link]) == {link: [left]}


def test_many_schema_files_are_one_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[object] = []
    listdir = os.listdir

    def counted(path: str) -> list[str]:
        looks.append(path)
        return listdir(path)

    monkeypatch.setattr(os, "listdir", counted)
    paths = [tmp_path / f"zSchema.s{n}.yaml" for n in range(50)]
    left_staged(paths)
    assert looks == [str(tmp_path)]
