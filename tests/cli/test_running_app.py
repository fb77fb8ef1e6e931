"""`z.migration`: migrations inside the app that runs, by its own object and without a host."""

from __future__ import annotations

import os
import signal
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from types import FrameType

import pytest

import zcli_migration
import zcli_migration.host
from tests.cli.folder import META, ROWS, USERS, AppFolder
from tests.cli.running import RunningApp, SQLiteData, started
from zmigration_api import ApprovalNeeded, MigrationError, UsageError

WITH_EMAIL = "id,name,email\n1,ada,\n2,bob,\n"


@pytest.fixture(autouse=True)
def _own_environment() -> Iterator[None]:
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def z(app: AppFolder) -> RunningApp:
    """The running app, whose store has been adopted."""
    running = started(app)
    running.migration.migrate(auto_approve=True)
    return running


def test_every_object_of_a_process_gets_its_own(app: AppFolder) -> None:
    first, second = RunningApp(app.path), RunningApp(app.path)
    for made in (first, second):
        setattr(zcli_migration.host, "zcli", made)  # noqa: B010  as zCLI does
    assert first.migration is not second.migration
    assert zcli_migration.attach(first) is first.migration
    assert zcli_migration.host.__all__ == [], "zCLI would offer them as z.utils"


def test_what_is_called_migration_already_is_not_replaced(app: AppFolder) -> None:
    running = RunningApp(app.path)
    mine: object = "mine"
    running.migration = mine  # type: ignore[assignment]
    with pytest.raises(UsageError, match="another migration already: str"):
        zcli_migration.attach(running)
    assert running.migration is mine


def test_checked_migrated_listed_and_rolled_back(app: AppFolder, z: RunningApp) -> None:
    app.with_email()
    before = app.snapshot(times=True)
    found = z.migration.check()
    assert (found.pending, found.up_to_date) == (("zSchema.users",), False)
    assert found.schemas[0].changes == ("Add column: users.email",)
    assert app.snapshot(times=True) == before
    done = z.migration.migrate(auto_approve=True)
    assert done.applied == ("zSchema.users",)
    assert done.schemas[0].changes == ("Added column: users.email",)
    assert (done.schemas[0].from_version, done.schemas[0].to_version) == ("v1.0.0", "v1.0.1")
    assert app.text("Data/users.csv") == WITH_EMAIL
    assert z.migration.migrate(auto_approve=True).up_to_date
    (history,) = z.migration.history(schema="users")
    assert [record.to_version for record in history.records] == ["v1.0.0", "v1.0.1"]
    assert z.migration.status()[0].state == "up to date"
    assert z.migration.rollback(auto_approve=True).rolled_back == ("zSchema.users",)
    assert app.text("Data/users.csv") == ROWS


def test_a_dry_run_of_a_rollback_touches_nothing(app: AppFolder, z: RunningApp) -> None:
    app.with_email()
    z.migration.migrate(auto_approve=True, version="v3.0.0")
    before = app.snapshot(times=True)
    would = z.migration.rollback(to="v1.0.0", dry_run=True)
    assert (would.pending, would.rolled_back) == (("zSchema.users",), ())
    assert app.snapshot(times=True) == before


def test_nothing_is_printed_but_what_is_asked_for(
    app: AppFolder, z: RunningApp, capfd: pytest.CaptureFixture[str]
) -> None:
    app.with_email()
    z.migration.check()
    z.migration.status()
    z.migration.history()
    assert (capfd.readouterr(), z.display.lines) == (("", ""), [])
    z.migration.migrate(dry_run=True, show=True)
    assert any("+ Add column: email" in line for line in z.display.lines)
    assert capfd.readouterr() == ("", "")


def test_nothing_is_changed_unasked(app: AppFolder, z: RunningApp) -> None:
    app.with_email()
    with pytest.raises(ApprovalNeeded) as refused:
        z.migration.migrate()
    assert refused.value.hint == "give auto_approve=True, or show=True on a terminal"
    assert app.text("Data/users.csv") == ROWS


def test_errors_are_raised_as_they_are(app: AppFolder, z: RunningApp) -> None:
    with pytest.raises(UsageError, match="no enabled schema is called posts"):
        z.migration.check(schema="posts")
    with pytest.raises(UsageError, match="nonsense"):
        z.migration.migrate(version="nonsense")
    app.write("Data/users.csv", "id\n1\n")
    with pytest.raises(MigrationError) as drifted:
        z.migration.migrate(auto_approve=True)
    assert drifted.value.exit_code == 4
    app.schema("users: [oops")
    with pytest.raises(MigrationError) as unreadable:
        z.migration.check()
    assert (unreadable.value.exit_code, unreadable.value.file) == (
        2,
        app.path / "models/zSchema.users.yaml",
    )


def test_stores_done_before_the_one_that_failed_are_named(app: AppFolder) -> None:
    app.write(".zEnv", "ZDATA_USERS_URL=@.Data\nZDATA_POSTS_URL=@.Other\n")
    app.write(
        "models/zSchema.posts.yaml",
        META.replace("USERS", "POSTS")
        + "posts: {id: {type: int, pk: true, required: true}, n: {type: int, required: true}}\n",
    )
    app.write("Other/posts.csv", "id\n1\n")
    with pytest.raises(MigrationError) as failed:
        started(app).migration.migrate(auto_approve=True)
    assert failed.value.details[-1] == "done all the same: zSchema.users"


def test_an_app_refuses_to_start_in_one_line(app: AppFolder, z: RunningApp) -> None:
    z.migration.require_up_to_date()
    app.with_email()
    with pytest.raises(ApprovalNeeded, match=r"migrations are pending: zSchema\.users") as pending:
        z.migration.require_up_to_date()
    assert (pending.value.hint or "").startswith("zolo migrate ")
    z.migration.migrate(auto_approve=True)
    z.migration.require_up_to_date()


def test_hooks_get_what_the_running_object_has(app: AppFolder, z: RunningApp) -> None:
    app.write(
        "plugins/own.py",
        "def fill(zcli, **kwargs):\n"
        "    zcli.session['seen'] = len(zcli.data.users.select())\n"
        "    zcli.display.text('from the hook')\n",
    )
    hooked = META + "  zMigrationHooks: {after_migrate: '@.plugins.own.fill'}\n"
    app.schema(USERS + "  email: {type: str}\n", hooked)
    z.migration.migrate(auto_approve=True)
    assert (z.session["seen"], z.display.lines) == (2, ["from the hook"])
    assert "zCLI" not in sys.modules, "no second zCLI object was made"


def test_the_apps_own_handlers_stay_and_an_interrupt_undoes(app: AppFolder, z: RunningApp) -> None:
    heard: list[int] = []

    def own(number: int, _frame: FrameType | None) -> None:
        heard.append(number)

    app.write(
        "plugins/own.py",
        "import os, signal, time\ndef stop(**_):\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n    time.sleep(5)\n",
    )
    hooked = META + "  zMigrationHooks: {before_migrate: '@.plugins.own.stop'}\n"
    app.schema(USERS + "  email: {type: str}\n", hooked)
    before = {number: signal.signal(number, own) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with pytest.raises(KeyboardInterrupt):
            z.migration.migrate(auto_approve=True)
        assert {signal.getsignal(n) for n in before} == {own}
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert heard == []
    assert app.text("Data/users.csv") == ROWS


def _over_sqlite(app: AppFolder) -> SQLiteData:
    app.schema(meta=META.replace("csv", "sqlite"))
    file = app.path / "Data/data.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT)")
    data = SQLiteData(file)
    data.load_schema({"Meta": {}, "users": {}})
    return data


def test_the_apps_connection_does_not_stand_in_the_way(app: AppFolder) -> None:
    data = _over_sqlite(app)
    assert data.connection is not None
    data.connection.execute("BEGIN IMMEDIATE")  # would hold the store's lock
    z = started(app, data)
    z.migration.lock_timeout = 0.5
    schema = data.schema
    z.migration.migrate(auto_approve=True)
    assert data.is_connected()
    assert data.schema is schema
    data.disconnect()


def test_looking_leaves_the_apps_connection_alone(app: AppFolder) -> None:
    data = _over_sqlite(app)
    connection = data.connection
    started(app, data).migration.check()
    assert data.connection is connection
    data.disconnect()


def test_the_hosts_own_word_is_done_here_when_asked_for(app: AppFolder) -> None:
    data = _over_sqlite(app)
    z = started(app, data)
    z.migration.bridge()
    app.schema(USERS + "  email: {type: str}\n", META.replace("csv", "sqlite"))
    would = data.migrate("@.models.zSchema.users", dry_run=True)
    assert would == {"success": True, "diff": ["Add column: users.email"], "operations_executed": 0}
    done = data.migrate("@.models.zSchema.users", auto_approve=True, schema_version="v2.0.0")
    assert done == {
        "success": True,
        "diff": ["Added column: users.email"],
        "operations_executed": 1,
    }
    assert z.migration.status()[0].recorded_version == "v2.0.0"
    assert data.connection is not None
    columns = data.connection.execute("SELECT name FROM pragma_table_info('users')").fetchall()
    assert [name for (name,) in columns] == ["id", "name", "email"]
    failed = data.migrate("@.models.zSchema.posts", auto_approve=True)
    assert (failed["success"], failed["operations_executed"]) == (False, 0)
    assert "zSchema.posts" in str(failed["error"])
    data.disconnect()


def test_there_is_nothing_to_bridge_before_the_app_has_its_data(app: AppFolder) -> None:
    with pytest.raises(UsageError, match="no data subsystem yet"):
        started(app).migration.bridge()


def test_the_command_line_is_not_disturbed_by_the_plugin_of_the_app(app: AppFolder) -> None:
    app.write("zTest.py", 'zSpark = {"title": "zCloud", "plugins": ["zcli_migration.host"]}\n')
    done = app.run("--auto-approve")
    assert (done.code, "⚠️" in done.out) == (0, False), done.said
