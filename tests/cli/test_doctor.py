"""`--doctor`, and the words that `zolo` hands on."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.cli.folder import AppFolder
from tests.cli.test_host_words import installed


def _on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str) -> Path:
    script = tmp_path / "bin" / "zolo"
    script.parent.mkdir()
    script.write_text(f"#!{sys.executable}\nfrom {module} import main\n")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", str(script.parent))
    return script


def test_everything_is_told_and_nothing_touched(
    app: AppFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = _on_path(tmp_path, monkeypatch, "zcli_migration.cli")
    before = app.snapshot(times=True)
    done = app.run("--doctor")
    assert done.code == 0, done.said
    assert f"✅ zolo: {script}, of zcli-migration" in done.out
    assert f"✅ workspace (@): {app.path}" in done.out
    assert f"✅ variables: {app.path / '.zEnv'}" in done.out
    assert "ZDATA_USERS_URL (the app's variables): zSchema.users" in done.out
    assert "not recorded yet" in done.out
    assert app.snapshot(times=True) == before


def test_a_zolo_of_another_package_and_the_way_out(
    app: AppFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _on_path(tmp_path, monkeypatch, "main")
    said = app.run("--doctor").out
    assert "of another package or another Python: `zolo migrate` does not come here" in said
    assert "pip install --force-reinstall --no-deps zcli-migration" in said


def test_the_package_that_owns_zolo_is_named(
    app: AppFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(installed(tmp_path / "site", "zolo-os")))
    script = _on_path(tmp_path, monkeypatch, "the_host")
    said = app.run("--doctor").out
    assert f"zolo: {script}, of zolo-os: `zolo migrate` does not come here" in said
    assert "✅ host: zolo-os 9.9" in said


def test_a_password_is_never_shown_and_an_unreachable_store_is(app: AppFolder) -> None:
    app.write(".zEnv", "ZDATA_USERS_URL=postgresql://ada:s3cret@127.0.0.1:1/shop\n")
    app.schema(meta=app.text().split("\nusers:")[0].replace("csv", "postgresql"))
    done = app.run("--doctor")
    assert done.code == 1
    assert "cannot be read" in done.out
    assert "s3cret" not in done.said


def test_a_schema_with_a_place_of_its_own_is_named_if_it_takes_no_part(app: AppFolder) -> None:
    app.write(
        "zSchema.own.yaml", 'Meta: {Data_Type: csv, Data_Path: "@"}\nown: {id: {type: int}}\n'
    )
    assert "zSchema.own is left out: set zMigration: true in its Meta" in app.run("--doctor").out
