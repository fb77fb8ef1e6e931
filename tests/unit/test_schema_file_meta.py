from pathlib import Path

import pytest

from tests.schema_files import read, refused
from zcli_migration.schema_file import Meta
from zmigration_api import SchemaFileError, Version

TABLE = "users: {a: int}\n"


def _meta(folder: Path, lines: str, section: str = "Meta") -> Meta:
    body = "".join(f"  {line}\n" for line in lines.splitlines())
    return read(folder, f"{section}:\n  zMigrationVersion: v1.0.0\n{body}{TABLE}").meta


def test_every_key(tmp_path: Path) -> None:
    meta = _meta(
        tmp_path,
        """Data_Type: PostgreSQL
Data_Source: ZDATA_USERS_URL
Data_Path: "@.Data"
Data_Label: app
Data_Host: db
Data_Port: 5433
Data_User: me
Data_Password: 007
Data_Schema: private
Data_Delimiter: ";"
Data_Paradigm: classical
zMigration: yes
zMigrationHooks:
  before_migrate: "@.plugins.m.a"
  after_migrate: ["@.plugins.m.b", "&m.c()"]
  on_rollback:
zMigrationNotes: |
  Two
  lines
zMigrationPolicy: strict-semver
zMigrationRules: [one, two]
Description: Anything""",
    )
    assert (meta.data_type, meta.data_source, meta.data_path) == (
        "postgresql",
        "ZDATA_USERS_URL",
        "@.Data",
    )
    assert (meta.data_label, meta.data_host, meta.data_port) == ("app", "db", 5433)
    assert (meta.data_user, meta.data_password) == ("me", "007")
    assert meta.options == {"Data_Schema": "private", "Data_Delimiter": ";"}
    assert (meta.enabled, meta.version, meta.line) == (True, Version(1, 0, 0), 14)
    assert meta.hooks == {
        "before_migrate": ("@.plugins.m.a",),
        "after_migrate": ("@.plugins.m.b", "&m.c()"),
        "on_rollback": (),
    }
    assert (meta.notes, meta.policy, meta.rules) == (
        "Two\nlines\n",
        "strict-semver",
        ("one", "two"),
    )
    assert meta.raw["Description"] == "Anything"
    assert meta.raw["Data_Port"] == "5433"
    assert meta.raw["zMigrationRules"] == ["one", "two"]


def test_the_password_is_neither_shown_nor_passed_on(tmp_path: Path) -> None:
    secret = "Data_Password: hunter2\nData_Path: postgresql://me:hunter3@db/x"
    meta = _meta(tmp_path, secret)
    assert "hunter" not in repr(meta)
    assert "Data_Password" not in meta.raw


def test_zmeta(tmp_path: Path) -> None:
    assert _meta(tmp_path, "Data_Type: csv", section="zMeta").data_type == "csv"


@pytest.mark.parametrize(
    ("written", "enabled"),
    [("true", True), ("on", True), ("No", False), ("'true'", True), ("", None), ("~", None)],
)
def test_enabled(tmp_path: Path, written: str, enabled: bool | None) -> None:
    assert _meta(tmp_path, f"zMigration: {written}").enabled is enabled
    assert _meta(tmp_path, "").enabled is None


@pytest.mark.parametrize("written", ["v1.2.3", "1.2.3", '"v1.2.3"', "'1.2.3'", "!!str v1.2.3"])
def test_versions(tmp_path: Path, written: str) -> None:
    file = read(tmp_path, f"Meta: {{zMigrationVersion: {written}}}\n{TABLE}")
    assert file.meta.version == file.version == Version(1, 2, 3)


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        ("1.10", "write v1.10.0"),
        ('"1.10"', "write v1.10.0"),
        ("v2", "write v2.0.0"),
        ("2024-01-02", "write three numbers"),
        ("1.2.3-beta", "write three numbers"),
        ("latest", "write three numbers"),
    ],
)
def test_what_is_no_version(tmp_path: Path, written: str, hint: str) -> None:
    refusal = refused(tmp_path, f"Meta:\n  zMigrationVersion: {written}\n{TABLE}")
    assert "is not a version like v1.0.0" in refusal.message
    assert hint in refusal.hint
    assert refusal.at == (2, 22)
    disabled = read(tmp_path, f"Meta: {{zMigration: no, zMigrationVersion: {written}}}\n{TABLE}")
    assert disabled.meta.version is None
    assert [(w.line, w.column) for w in disabled.warnings] == [(1, 43)]


@pytest.mark.parametrize("rest", ["", "  zMigrationVersion:\n", '  zMigrationVersion: ""\n'])
@pytest.mark.parametrize("switch", ["true", ""])
def test_a_missing_version(tmp_path: Path, rest: str, switch: str) -> None:
    text = f"Meta:\n  Data_Type: csv\n  zMigration: {switch}\n{rest}{TABLE}"
    refusal = refused(tmp_path, text)
    assert refusal.message == "zSchema.users has no zMigrationVersion"
    assert "add the line `zMigrationVersion: v1.0.0`" in refusal.hint
    assert refusal.at == (3, 1)


def test_a_disabled_schema_needs_no_version(tmp_path: Path) -> None:
    file = read(tmp_path, f"Meta: {{zMigration: false}}\n{TABLE}")
    assert file.meta.version is None
    assert len(file.tables) == 1
    with pytest.raises(SchemaFileError, match="has no zMigrationVersion"):
        _ = file.version


@pytest.mark.parametrize(
    ("line", "column", "message", "hint"),
    [
        ("zMigration: maybe", 15, "zMigration must be true or false, not 'maybe'", ""),
        ("zMigration: [true]", 15, "zMigration must be one value", ""),
        ("Data_Port: many", 14, "Data_Port must be a whole number from 1 up, not 'many'", ""),
        ("Data_Port: 70000", 14, "at most 65535", ""),
        ("Data_Type: [csv]", 14, "Data_Type must be one value", ""),
        ("Data_Own: {a: b}", 13, "Data_Own must be one value", ""),
        ("zMigrationHooks: x", 20, "zMigrationHooks must be a mapping, not 'x'", ""),
        ("zMigrationHooks: {after: x}", 21, "has the unknown key after", "after_migrate"),
        (
            'zMigrationHooks: {after_migrate: ""}',
            36,
            "after_migrate names no function",
            "@.plugins",
        ),
        ("zMigrationHooks: {after_migrate: {a: b}}", 36, "after_migrate must be one value", ""),
        ("zMigrationRules: [[a]]", 21, "zMigrationRules must be one value", ""),
        ("Data_Label: a\n  Data_Label: b", 3, "The key Data_Label is there twice", "keep one"),
    ],
)
def test_what_meta_cannot_say(
    tmp_path: Path, line: str, column: int, message: str, hint: str
) -> None:
    refusal = refused(tmp_path, f"Meta:\n  {line}\n  zMigrationVersion: v1.0.0\n{TABLE}")
    assert message in refusal.message
    assert hint in refusal.hint
    assert refusal.at == (2 + line.count("\n"), column)


@pytest.mark.parametrize("text", [TABLE, "Meta:\n" + TABLE, "meta: {zMigration: true}\n"])
def test_no_meta(tmp_path: Path, text: str) -> None:
    refusal = refused(tmp_path, text)
    assert refusal.message == "The file has no Meta section"
    assert refusal.at == (1, 1)


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("Data_path", "Data_Path"),
        ("zMigrationVersoin", "zMigrationVersion"),
        ("zMigrationHook", "zMigrationHooks"),
        ("Data_Delimeter", "Data_Delimiter"),
        ("zmigration", "zMigration"),
    ],
)
def test_misspelt_keys_are_warned_of(tmp_path: Path, key: str, meant: str) -> None:
    text = f"Meta:\n  zMigrationVersion: v1.0.0\n  {key}: x\n{TABLE}"
    ((warning),) = read(tmp_path, text).warnings
    assert (warning.line, warning.column) == (3, 3)
    assert warning.message.endswith(f"{key} is not known and is ignored; did you mean {meant}?")


def test_other_keys_are_the_apps_own(tmp_path: Path) -> None:
    text = "Meta:\n  zMigrationVersion: v1.0.0\n  Author: me\n  Schema_Name: x\n  zVaFiles: y\n"
    assert read(tmp_path, text + TABLE).warnings == ()
