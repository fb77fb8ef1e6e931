"""Everything that can be wrong with an app, each with what must be said of it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

from tests.cli.folder import META, USERS, AppFolder

APPROVED = ("--auto-approve",)
EMAIL = USERS + "  email: {type: str}\n"
SQLITE = META.replace("csv", "sqlite")
BOMB = "x: {{a0: &a0 {{t: 1}}{}}}\n".format(
    "".join(f", a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 8))
)
Break: TypeAlias = Callable[[AppFolder], object]


class Case(NamedTuple):
    """How the app is broken, and what is said of it. `arguments` follow the app file."""

    name: str
    broken: Break
    exit: int
    message: str
    arguments: Sequence[str] = APPROVED


def tables(text: str) -> Break:
    return lambda app: app.schema(text)


def meta(text: str, of: str = USERS) -> Break:
    return lambda app: app.schema(of, text)


def written(name: str, content: str | bytes) -> Break:
    return lambda app: app.write(name, content)


def rows(content: str | bytes) -> Break:
    def broken(app: AppFolder) -> None:
        app.schema(EMAIL)
        app.write("Data/users.csv", content)

    return broken


def hook(path: str, code: str | None = None) -> Break:
    def broken(app: AppFolder) -> None:
        app.schema(EMAIL, f"{META}  zMigrationHooks: {{after_migrate: {path!r}}}\n")
        if code is not None:
            app.write("plugins/m.py", code)

    return broken


def sqlite_file(content: bytes | None) -> Break:
    """The SQLite file with these bytes; None: a folder is in its place."""

    def broken(app: AppFolder) -> None:
        app.schema(EMAIL, SQLITE)
        if content is None:
            (app.path / "Data/data.db").mkdir()
        else:
            app.write("Data/data.db", content)

    return broken


def postgres(url: str) -> Break:
    def broken(app: AppFolder) -> None:
        app.schema(EMAIL, META.replace("csv", "postgresql"))
        app.write(".zEnv", f"ZDATA_USERS_URL={url}\n")

    return broken


def nothing(app: AppFolder) -> None:
    """Nothing is wrong with the app; the arguments are."""


def pending(app: AppFolder) -> None:
    app.with_email()


def no_app(app: AppFolder) -> None:
    (app.path / "zTest.py").unlink()


def folder_as_app(app: AppFolder) -> None:
    no_app(app)
    (app.path / "zTest.py").mkdir()


def nothing_to_migrate(app: AppFolder) -> None:
    (app.path / "models/zSchema.users.yaml").unlink()


def data_is_a_file(app: AppFolder) -> None:
    shutil.rmtree(app.path / "Data")
    app.write("Data", "not a folder")


def below_a_file(app: AppFolder) -> None:
    app.write(".zEnv", f"ZDATA_USERS_URL={app.path}/zTest.py/Data\n")


def table_in_two_files(app: AppFolder) -> None:
    app.write("models/zSchema.people.yaml", f"{META}\n{USERS}")


def unknown_policy(app: AppFolder) -> None:
    """It is needed for the second record, which is the first that is suggested."""
    assert app.run("--auto-approve").code == 0
    app.schema(EMAIL, META + "  zMigrationPolicy: x\n")


def hook_through_a_link(app: AppFolder) -> None:
    outside = app.path.parent / "outside.py"
    outside.write_text("def f(zcli): ...\n")
    hook("@.plugins.m.f")(app)
    (app.path / "plugins/m.py").symlink_to(outside)


def schema_through_a_link(app: AppFolder) -> None:
    outside = app.path.parent / "outside.yaml"
    outside.write_text(app.text())
    nothing_to_migrate(app)
    (app.path / "models/zSchema.users.yaml").symlink_to(outside)


CASES = [
    Case("missing app file", no_app, 2, "zTest.py"),
    Case("folder as app file", folder_as_app, 2, "is a folder"),
    Case("no zSpark", written("zTest.py", "print('hello')\n"), 2, "zSpark"),
    Case("app file with a syntax error", written("zTest.py", "zSpark = {\n"), 2, "zTest.py:"),
    Case("app file of bytes", written("zTest.py", b"\xff\xfe\x00zSpark"), 2, "zTest.py"),
    Case(
        "zSpace that is not there",
        written("zTest.py", 'zSpark = {"zSpace": "nowhere"}\n'),
        2,
        "does not exist",
    ),
    Case("dotenv file of bytes", written(".zEnv", b"\xff\xfe\x00"), 2, "is not UTF-8 text"),
    Case("dotenv line without sense", written(".zEnv", "ZDATA USERS;URL\n"), 2, "No schemas found"),
    Case("no schema at all", nothing_to_migrate, 2, "No schemas found with zMigration enabled"),
    Case("zMigration false", meta(META.replace("true", "false")), 2, "No schemas found"),
    Case(
        "unknown Data_Type",
        meta(META.replace("csv", "oracle")),
        2,
        "installed backends are csv, postgresql, sqlite",
    ),
    Case("no Data_Type", meta(META.replace("  Data_Type: csv\n", "")), 2, "Data_Type"),
    Case("version without sense", meta(META.replace("v1.0.0", "banana")), 2, "not a version"),
    Case("version that YAML cuts", meta(META.replace("v1.0.0", "1.10")), 2, "write v1.10.0"),
    Case(
        "no version",
        meta(META.replace("  zMigrationVersion: v1.0.0\n", "")),
        2,
        "zSchema.users has no zMigrationVersion",
    ),
    Case("zMigration maybe", meta(META.replace("true", "maybe")), 2, "must be true or false"),
    Case("key twice", tables(USERS + "  name: {type: int}\n"), 2, "The key name is there twice"),
    Case("tab", tables("users:\n\tid: {type: int}\n"), 2, "A tab cannot indent YAML"),
    Case("no YAML", tables("users: {id: [\n"), 2, "zSchema.users.yaml:"),
    Case("empty file", written("models/zSchema.users.yaml", ""), 2, "empty"),
    Case("no Meta", written("models/zSchema.users.yaml", USERS), 2, "has no Meta section"),
    Case("two Metas", meta(META + META.replace("Meta", "zMeta")), 2, "both Meta and zMeta"),
    Case("alias bomb", tables(USERS + BOMB), 2, "aliases stand for more than"),
    Case(
        "foreign key to no table",
        tables(USERS + "  team: {type: int, foreign_key: teams.id}\n"),
        2,
        "teams",
    ),
    Case(
        "foreign key to no column",
        tables(USERS + "  boss: {type: int, foreign_key: users.nr}\n"),
        2,
        "users.nr",
    ),
    Case(
        "foreign key without a dot", tables(USERS + "  b: {type: int, fk: users}\n"), 2, "users.id"
    ),
    Case("unknown short type", tables(USERS + "  age: strr\n"), 2, "str"),
    Case(
        "default of another type",
        tables(USERS + "  age: {type: int, default: old}\n"),
        2,
        "The default of users.age, 'old', is not a whole number",
    ),
    Case(
        "default outside the enum",
        tables(USERS + "  role: {type: str, enum: [a, b], default: c}\n"),
        2,
        "users.role",
    ),
    Case("primary key of no column", tables(USERS + "  primary_key: [nr]\n"), 2, "nr"),
    Case(
        "renamed from itself",
        tables(USERS + "  a: {type: str, renamed_from: a}\n"),
        2,
        "users.a is renamed from itself",
    ),
    Case("table of nothing", tables(USERS + "posts:\n"), 2, "The table posts says nothing"),
    Case("unknown policy", unknown_policy, 2, "no plugin knows the version policy 'x'"),
    Case("schema outside the app", schema_through_a_link, 2, "leads out of the app's folder"),
    Case("one table in two files", table_in_two_files, 2, "users"),
    Case("ragged row", rows("id,name\n1,ada\n2\n"), 1, "users.csv:3: row 2 has 1 cells"),
    Case("column twice in the header", rows("id,name,name\n1,a,b\n"), 1, "name"),
    Case("open quote", rows('id,name\n1,"ada\n2,bob\n'), 1, "quote"),
    Case("no header", rows(""), 1, "header"),
    Case("data folder is a file", data_is_a_file, 1, "Data"),
    Case("data folder below a file", below_a_file, 1, "zTest.py"),
    Case("no SQLite file", sqlite_file(b"no database at all\n" * 100), 1, "not a database"),
    Case("folder as SQLite file", sqlite_file(None), 1, "data.db"),
    Case("CSV at a DSN", written(".zEnv", "ZDATA_USERS_URL=postgresql://h/d\n"), 2, "cannot use"),
    Case("DSN without a database", postgres("postgresql://h:5432/"), 2, "names no database"),
    Case("hook file missing", hook("@.plugins.missing.f"), 2, "hook @.plugins.missing.f"),
    Case("hook path without sense", hook("plugins/m.py:f"), 2, "is not a path to a function"),
    Case("hook outside the app", hook_through_a_link, 2, "leads out of the app's folder"),
    Case("hook function missing", hook("@.plugins.m.f", "x = 1\n"), 2, "m.py has no function f"),
    Case("hook with a syntax error", hook("@.plugins.m.f", "def f(:\n"), 2, "SyntaxError"),
    Case(
        "hook failing at import",
        hook("@.plugins.m.f", "1 / 0\ndef f(): ...\n"),
        2,
        "ZeroDivisionError",
    ),
    Case("hook that leaves", hook("@.plugins.m.f", "def f(): exit(0)\n"), 1, "SystemExit"),
    Case("hooks as a list", meta(META + "  zMigrationHooks: [a]\n"), 2, "must be a mapping"),
    Case(
        "unknown moment",
        meta(META + "  zMigrationHooks: {after_migration: x}\n"),
        2,
        "did you mean after_migrate",
    ),
    Case("nobody to approve", pending, 3, "add --auto-approve", ()),
    Case("nobody to approve JSON", pending, 3, "add --auto-approve", ("--json",)),
    Case("--version nonsense", pending, 2, "--version", ("--version", "new", "--auto-approve")),
    Case(
        "--schema unknown",
        pending,
        2,
        "no enabled schema is called posts",
        ("--schema", "posts", "--auto-approve"),
    ),
]
FOUND_LATER = {
    # Looking runs no hook and asks nobody.
    "hook with a syntax error",
    "hook failing at import",
    "hook that leaves",
    "nobody to approve",
    "nobody to approve JSON",
}
USAGE = [
    ("unknown flag", ("--frobnicate",), "--frobnicate"),
    ("conflicting flags", ("--dry-run", "--check"), "not allowed with"),
    ("timeout without sense", ("--lock-timeout", "soon"), "--lock-timeout"),
    ("timeout out of range", ("--lock-timeout", "-1"), "--lock-timeout"),
    ("version without a value", ("--version",), "--version"),
    ("two app files", ("other.py",), "other.py"),
]
