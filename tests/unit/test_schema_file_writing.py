import os
import resource
import stat
from pathlib import Path

import pytest

from zcli_migration.schema_file import write_schema_text
from zmigration_api import SchemaFileError

OLD = "\ufeffMeta: {a: ü}\r\n"
NEW = "\ufeffMeta: {a: ö}\r\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "zSchema.users.yaml"
    file.write_bytes(OLD.encode())
    return file


def _only(path: Path) -> bool:
    return [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_it_replaces_the_bytes_and_keeps_the_mode(path: Path) -> None:
    path.chmod(0o640)
    write_schema_text(path, NEW, OLD)
    assert path.read_bytes() == NEW.encode()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert _only(path)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="needs to give files away")
def test_it_keeps_the_owner(path: Path) -> None:
    os.chown(path, 12345, 23456)
    write_schema_text(path, NEW, OLD)
    facts = path.stat()
    assert (facts.st_uid, facts.st_gid) == (12345, 23456)


def test_a_link_stays_a_link(path: Path, tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    link = tmp_path / "models" / "zSchema.users.yaml"
    link.symlink_to(path)
    write_schema_text(link, NEW, OLD)
    assert link.is_symlink()
    assert not path.is_symlink()
    assert path.read_bytes() == NEW.encode()
    assert _only(link)


def test_a_file_that_changed_is_left(path: Path) -> None:
    path.write_text("something else")
    with pytest.raises(SchemaFileError, match="changed by something else meanwhile") as caught:
        write_schema_text(path, NEW, OLD)
    assert caught.value.file == path
    assert caught.value.hint
    assert path.read_text() == "something else"
    assert _only(path)


def test_a_file_that_is_gone(tmp_path: Path) -> None:
    with pytest.raises(SchemaFileError, match="cannot be written: No such file"):
        write_schema_text(tmp_path / "gone.yaml", NEW, OLD)
    assert list(tmp_path.iterdir()) == []


def test_a_replacement_that_fails_leaves_everything(path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4, hard))
    try:
        with pytest.raises(SchemaFileError, match="cannot be written: File too large"):
            write_schema_text(path, NEW, OLD)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_bytes() == OLD.encode()
    assert _only(path)
