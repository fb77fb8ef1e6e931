"""Where a schema's data lives, from Meta and environment, and how it is named and compared."""

from __future__ import annotations

import getpass
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from zcli_migration.app import App
from zcli_migration.target import resolve_target
from zmigration_api.errors import AppError
from zmigration_api.target import Target, masked

SECRET = "s3cret"


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The app's folder; the current folder is another one."""
    for name in ("ws", "elsewhere"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    return tmp_path / "ws"


def resolve(
    workspace: Path,
    value: str | None = None,
    *,
    environment: dict[str, str] | None = None,
    data_type: str = "sqlite",
    **meta: Any,
) -> Target:
    known = environment or ({} if value is None else {"ZDATA_USERS_URL": value})
    app = App(
        file=workspace / "app.py", workspace=workspace, environment=known, zspark={}, title="app"
    )
    settings: dict[str, Any] = {"schema_name": "zSchema.users", **meta}
    return resolve_target(data_type=data_type, app=app, **settings)


ORDER = {
    "Data_Source": ({"data_source": "SRC", "data_path": "@.path"}, "src"),
    "Data_Source before convention": ({"data_source": "SRC"}, "src"),
    "convention without Data_Path": ({"data_source": "NOT_SET"}, "users"),
    "convention alone": ({}, "users"),
    "Data_Path before convention": ({"data_path": "@.path"}, "path"),
    "unset Data_Source, then Data_Path": (
        {"data_source": "NOT_SET", "data_path": "@.path"},
        "path",
    ),
    "empty Data_Source, then Data_Path": ({"data_source": "EMPTY", "data_path": "@.path"}, "path"),
}


@pytest.mark.parametrize(("meta", "folder"), ORDER.values(), ids=ORDER.keys())
def test_the_order_of_sources(workspace: Path, meta: dict[str, str], folder: str) -> None:
    environment = {"SRC": "@.src", "ZDATA_USERS_URL": "@.users", "EMPTY": ""}
    target = resolve(workspace, environment=environment, data_type="csv", **meta)
    assert target.folder == workspace / folder


def test_the_convention_of_a_dotted_name(workspace: Path) -> None:
    target = resolve(
        workspace,
        environment={"ZDATA_SHOP_USERS_URL": "@.Data"},
        schema_name="zSchema.shop.users",
    )
    assert target.folder == workspace / "Data"


@pytest.mark.parametrize(
    ("source", "wanted"),
    [(None, "ZDATA_USERS_URL"), ("ZDATA_X_URL", "ZDATA_X_URL"), (f"pg://u:{SECRET}@h", "ZDATA_")],
)
def test_nothing_says_where(workspace: Path, source: str | None, wanted: str) -> None:
    with pytest.raises(
        AppError, match=r"nothing says where the data of zSchema\.users is"
    ) as error:
        resolve(workspace, data_source=source)
    assert f"add {wanted}" in (error.value.hint or "")
    assert "=@.Data to .zEnv" in (error.value.hint or "")
    assert SECRET not in f"{error.value} {error.value.hint}"


def test_csv_is_a_folder(workspace: Path) -> None:
    target = resolve(workspace, "@.Data", data_type="CSV", data_label="ignored")
    assert target == Target(
        data_type="csv", folder=workspace / "Data", label="ignored", workspace=workspace
    )
    assert target.display == "Data"


SQLITE = {
    "@.Data": ("ws/Data", "ws/Data/data.db", "Data/data.db"),
    "@": ("ws", "ws/data.db", "data.db"),
    "@.data.app.db": ("ws/data/app/db", "ws/data/app/db/data.db", "data/app/db/data.db"),
    "rel/data": ("elsewhere/rel/data", "elsewhere/rel/data/data.db", None),
    "rel/app.db": ("elsewhere/rel", "elsewhere/rel/app.db", None),
    "app.SQLite": ("elsewhere", "elsewhere/app.SQLite", None),
    "x.sqlite3": ("elsewhere", "elsewhere/x.sqlite3", None),
    "sqlite:///rel/app.db": ("elsewhere/rel", "elsewhere/rel/app.db", None),
    "sqlite:///my%20app": ("elsewhere", "elsewhere/my app", None),
    "sqlite:///{ws}/app.db": ("ws", "ws/app.db", "app.db"),
    "sqlite:////{ws}/app.db": ("ws", "ws/app.db", "app.db"),
    "{ws}/app.db": ("ws", "ws/app.db", "app.db"),
}


@pytest.mark.parametrize(("value", "expected"), SQLITE.items(), ids=SQLITE.keys())
@pytest.mark.parametrize("data_type", ["sqlite", "SQLite", "sqlite3"])
def test_sqlite_is_a_file(
    workspace: Path, value: str, expected: tuple[str, str, str | None], data_type: str
) -> None:
    folder, file, display = expected
    root = workspace.parent
    target = resolve(workspace, value.format(ws=workspace), data_type=data_type)
    assert (target.folder, target.file) == (root / folder, root / file)
    assert target.data_type == data_type.lower()
    assert target.display == (display or str(root / file))
    assert (target.host, target.port, target.user, target.dsn) == (None, None, None, None)


def test_data_label_names_the_sqlite_file(workspace: Path) -> None:
    assert resolve(workspace, "@.Data", data_label="app").file == workspace / "Data/app.db"
    assert resolve(workspace, "@.Data", data_label=2024).file == workspace / "Data/2024.db"
    assert resolve(workspace, "@.Data", data_label="").label == "data"


def test_a_folder_named_like_a_file_is_zcli_s_own(workspace: Path) -> None:
    folder = workspace.parent / "elsewhere/app.db"
    folder.mkdir()
    assert resolve(workspace, "app.db").file == folder / "data.db"


def test_options_of_a_sqlite_url(workspace: Path) -> None:
    target = resolve(workspace, "sqlite:///app.db?mode=rw&cache=shared")
    assert target.options == {"mode": "rw", "cache": "shared"}


def test_postgresql_in_the_form_of_zcli(workspace: Path) -> None:
    target = resolve(workspace, "@.Data", data_type="postgresql")
    assert (target.folder, target.label) == (workspace / "Data", "data")
    assert (target.host, target.port) == ("localhost", 5432)
    assert (target.user, target.password) == (getpass.getuser(), None)
    assert target.display == f"postgresql://{getpass.getuser()}@localhost:5432/data"


@pytest.mark.parametrize("data_type", ["postgresql", "PostgreSQL", "postgres", "pg"])
def test_postgresql_with_everything(workspace: Path, data_type: str) -> None:
    target = resolve(
        workspace,
        "@.Data",
        data_type=data_type,
        data_label="Upper-Case",
        data_host="db.example.org",
        data_port="5433",
        data_user="u",
        data_password=SECRET,
    )
    assert (target.host, target.port, target.user) == ("db.example.org", 5433, "u")
    assert target.password == SECRET
    assert target.family == "postgresql"
    assert target.display == "postgresql://u@db.example.org:5433/Upper-Case"


DSNS = {
    "postgresql://u:p@h:5433/d": ("postgresql://u:p@h:5433/d", "d"),
    "postgres://h/d": ("postgresql://h/d", "d"),
    "postgresql+psycopg://h/d": ("postgresql://h/d", "d"),
    "POSTGRESQL://h/d": ("postgresql://h/d", "d"),
    "postgresql:///d?host=/tmp/x": ("postgresql:///d?host=/tmp/x", "d"),
    "postgresql://h/my%20d": ("postgresql://h/my%20d", "my d"),
    "postgresql://u%40x:a%2Fb@h,i:1/d": ("postgresql://u%40x:a%2Fb@h,i:1/d", "d"),
    "postgresql://[::1]:5433/d": ("postgresql://[::1]:5433/d", "d"),
    "postgresql://h/d?user=u@server": ("postgresql://h/d?user=u@server", "d"),
    "postgresql://postgres:@/d?host=/x": ("postgresql://postgres:@/d?host=/x", "d"),
    "postgresql://h?dbname=d": ("postgresql://h?dbname=d", "d"),
}


@pytest.mark.parametrize(("value", "expected"), DSNS.items(), ids=DSNS.keys())
def test_a_postgresql_dsn(workspace: Path, value: str, expected: tuple[str, str]) -> None:
    target = resolve(workspace, value, data_type="postgresql", data_label="other")
    assert (target.dsn, target.label) == expected
    assert target.folder is None


def test_a_dsn_without_a_database_takes_the_label(workspace: Path) -> None:
    target = resolve(workspace, "postgresql://h:1/?x=1", data_type="pg", data_label="my d")
    assert target.dsn == "postgresql://h:1/my%20d?x=1"
    assert target.label == "my d"


def test_another_backend_gets_its_dsn_as_it_is(workspace: Path) -> None:
    target = resolve(workspace, "mysql://u:p@h/d", data_type="mysql")
    assert (target.dsn, target.label, target.family) == ("mysql://u:p@h/d", "data", "mysql")
    assert resolve(workspace, "@.Data", data_type="jsonl").folder == workspace / "Data"
    # Other databases speak PostgreSQL's language too.
    target = resolve(workspace, "postgresql://u:p@h/d", data_type="cockroach")
    assert (target.dsn, target.family) == ("postgresql://u:p@h/d", "cockroach")


REFUSED = {
    "csv with a dsn": (
        "csv",
        f"postgresql://u:{SECRET}@h/d",
        {},
        "cannot use a postgresql address",
    ),
    "sqlite with a dsn": ("sqlite", f"postgres://u:{SECRET}@h/d", {}, "cannot use a postgres"),
    "postgresql with a file": ("postgresql", "Data/app.db", {}, "cannot use a SQLite file"),
    "postgresql with a url": ("pg", "sqlite:///app.db", {}, "cannot use a sqlite address"),
    "csv with a url": ("csv", "sqlite:///app.db", {}, "cannot use a sqlite address"),
    "unknown scheme": ("postgresql", f"mysql://u:{SECRET}@h/d", {}, "cannot use a mysql address"),
    "raw / in a password": ("pg", f"postgresql://u:12/{SECRET}@h/d", {}, "not a PostgreSQL"),
    "raw ? in a password": ("pg", f"postgresql://u:{SECRET}?x@h/d", {}, "not a PostgreSQL"),
    "raw # in a password": ("pg", f"postgresql://u:{SECRET}#x@h/d", {}, "not a PostgreSQL"),
    "raw @ in a password": ("pg", f"postgresql://u:a@{SECRET}@h/d", {}, "not a PostgreSQL"),
    "port word in a dsn": ("pg", "postgresql://h:five/d", {}, "not a PostgreSQL address"),
    "no database": ("postgresql", f"postgresql://u:{SECRET}@h", {}, "names no database"),
    "memory": ("sqlite", "sqlite:///:memory:", {}, "names no file that lasts"),
    "memory, short": ("sqlite", "sqlite://", {}, "names no file that lasts"),
    "sqlite host": ("sqlite", f"sqlite://u:{SECRET}@h/x.db", {}, "names no file that lasts"),
    "zPath in a url": ("sqlite", "sqlite:///@.Data/app.db", {}, "mixes a zPath into a URL"),
    "label with /": ("sqlite", "@.Data", {"data_label": "../x"}, "cannot be a file name"),
    "port word": ("postgresql", "@", {"data_port": "five"}, "Data_Port five is not a port"),
    "port zero": ("postgresql", "@", {"data_port": 0}, "is not a port"),
    "port big": ("postgresql", "@", {"data_port": "9" * 5000}, "is not a port"),
    "outside": ("csv", "@../x", {}, r"may not use \.\."),
}


@pytest.mark.parametrize(
    ("data_type", "value", "meta", "words"), REFUSED.values(), ids=REFUSED.keys()
)
def test_what_does_not_fit_is_refused(
    workspace: Path, data_type: str, value: str, meta: dict[str, Any], words: str
) -> None:
    with pytest.raises(AppError, match=words) as caught:
        resolve(workspace, value, data_type=data_type, **meta)
    assert caught.value.hint
    assert SECRET not in f"{caught.value!r} {caught.value} {caught.value.hint}"


def pg(dsn: str) -> Target:
    return Target(data_type="postgresql", dsn=dsn)


SAME = {
    "user and password": (pg("postgresql://a:b@h/d"), pg("postgresql://c@h:5432/d")),
    "loopback": (pg("postgresql://127.0.0.1/d"), pg("postgresql://LOCALHOST/d")),
    "loopback 6": (pg("postgresql://[::1]:5432/d"), pg("postgresql:///d")),
    "query": (pg("postgresql:///d?host=h&port=5433"), pg("postgresql://h:5433/d?sslmode=x")),
    "socket": (pg("postgresql:///d?host=/Tmp/x"), pg("postgresql://%2FTmp%2Fx/d")),
    "odd password": (pg("postgresql://u:a@b/c@h/d"), pg("postgresql://h/d")),
    "fields": (
        pg("postgresql://h:5433/d"),
        Target(data_type="pg", host="H", port=5433, label="d", folder=Path("/x")),
    ),
    "folders of one database": (
        Target(data_type="postgres", host="h", label="d", folder=Path("/x")),
        Target(data_type="postgresql", host="h", port=5432, label="d", folder=Path("/y")),
    ),
    "csv labels": (
        Target(data_type="csv", folder=Path("/x/Data"), label="a"),
        Target(data_type="csv", folder=Path("/x/y/../Data"), label="b"),
    ),
    "sqlite spellings": (
        Target(data_type="sqlite", file=Path("/x/a.db"), label="a"),
        Target(data_type="sqlite3", file=Path("/x/./a.db")),
    ),
}


@pytest.mark.parametrize(("one", "other"), SAME.values(), ids=SAME.keys())
def test_one_store_has_one_identity(one: Target, other: Target) -> None:
    assert one.identity == other.identity


OTHER = {
    "database": (pg("postgresql://h/d"), pg("postgresql://h/e")),
    "database case": (pg("postgresql://h/d"), pg("postgresql://h/D")),
    "port": (pg("postgresql://h/d"), pg("postgresql://h:5433/d")),
    "schema": (
        pg("postgresql://h/d"),
        replace(pg("postgresql://h/d"), options={"Data_Schema": "app"}),
    ),
    "host": (pg("postgresql://h/d"), pg("postgresql://i/d")),
    "hosts with ports": (pg("postgresql://h:1,i:2/d"), pg("postgresql://h:1,i:3/d")),
    "an @ in the query": (pg("postgresql://h:1/d?user=a@b"), pg("postgresql://i:1/e?user=a@b")),
    "hosts": (pg("postgresql://h,i/d"), pg("postgresql://h,j/d")),
    "socket case": (pg("postgresql:///d?host=/x"), pg("postgresql:///d?host=/X")),
    "type": (
        Target(data_type="csv", folder=Path("/x")),
        Target(data_type="jsonl", folder=Path("/x")),
    ),
    "label of another backend": (
        Target(data_type="jsonl", folder=Path("/x"), label="a"),
        Target(data_type="jsonl", folder=Path("/x"), label="b"),
    ),
    "sqlite labels": (
        Target(data_type="sqlite", file=Path("/x/a.db")),
        Target(data_type="sqlite", file=Path("/x/b.db")),
    ),
}


@pytest.mark.parametrize(("one", "other"), OTHER.values(), ids=OTHER.keys())
def test_two_stores_have_two_identities(one: Target, other: Target) -> None:
    assert one.identity != other.identity


def test_links_are_one_store(workspace: Path) -> None:
    (workspace / "real").mkdir()
    (workspace / "Data").symlink_to("real")
    one, other = resolve(workspace, "@.Data"), resolve(workspace, "@.real")
    assert one.identity == other.identity
    assert one.display != other.display


PASSWORDS = {
    f"postgresql://u:{SECRET}@h/d": "postgresql://u:***@h/d",
    f"postgresql://:{SECRET}@h/d": "postgresql://:***@h/d",
    f"postgresql://u:{SECRET}/{SECRET}@h/d": "postgresql://u:***@h/d",
    f"postgresql://u:a@{SECRET}@h/d": "postgresql://u:***@h/d",
    f"postgresql://u:{SECRET}#?x@h/d": "postgresql://u:***@h/d",
    f"postgresql://h/d?user=u&password={SECRET}&x=1": "postgresql://h/d?user=u&password=***&x=1",
    f"postgresql://h/d?sslPassword={SECRET}": "postgresql://h/d?sslPassword=***",
    "postgresql://u@h:5432/d?sslmode=require": "postgresql://u@h:5432/d?sslmode=require",
    "postgresql://h:5432/d": "postgresql://h:5432/d",
}


@pytest.mark.parametrize(("dsn", "shown"), PASSWORDS.items(), ids=range(len(PASSWORDS)))
def test_a_password_is_never_shown(dsn: str, shown: str) -> None:
    target = Target(data_type="postgresql", dsn=dsn, password=SECRET, options={"p": SECRET})
    assert masked(dsn) == target.display == shown
    for text in (repr(target), str(target), target.identity):
        assert SECRET not in text


def test_targets_can_be_keys() -> None:
    assert len({Target(data_type="csv"), Target(data_type="csv")}) == 1


def test_nothing_is_created(workspace: Path) -> None:
    for value in SQLITE:
        resolve(workspace, value.format(ws=workspace))
    assert list(workspace.parent.rglob("*/*")) == []
