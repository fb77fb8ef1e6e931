"""The unit of work of a CSV folder: all, or nothing, whatever happens."""

from __future__ import annotations

import json
import os
import resource
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from tests.unit.csv_store import USERS, column, contents, opened, run, table
from zmigration_api import (
    EVERYTHING,
    AddColumn,
    Compare,
    CreateTable,
    DropTable,
    LockTimeout,
    RenameTable,
    Schema,
    StepFailed,
    StoreError,
    history_table,
)
from zmigration_csv import journal
from zmigration_csv.staging import need_space

ROOT = Path(__file__).parents[2]
OLD = {
    "users.csv": b"id,name,age\n1,ann,30\n2,bob,\n",
    "posts.csv": b"id\n1\n",
    "gone.csv": b"id\n9\n",
    "other.txt": b"not ours",
}
POSTS = table("posts", column("id", "int"))
GONE = table("gone", column("id", "int"))
CHANGES = (
    RenameTable("posts", "articles"),
    CreateTable(table("tags", column("id", "int"))),
    AddColumn("users", column("email")),
    AddColumn("articles", column("title")),
    DropTable(GONE),
)
CURRENT = Schema(tables=(USERS, POSTS, GONE))
NEW = {
    "users.csv": b"id,name,age,email\n1,ann,30,\n2,bob,,\n",
    "articles.csv": b"id,title\n1,\n",
    "tags.csv": b"id\n",
    "other.txt": b"not ours",
}
SCRIPT = """
import sys
from pathlib import Path
from tests.unit.csv_store import opened, run
from tests.unit.test_csv_unit import CHANGES, CURRENT
with opened(Path(sys.argv[1])) as store:
    store.begin(5)
    run(store, CHANGES, CURRENT)
    print("ready", flush=True)
    if len(sys.argv) > 2:
        sys.stdin.readline()
    store.commit()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    data = tmp_path / "Data"
    data.mkdir()
    for name, content in OLD.items():
        (data / name).write_bytes(content)
    return data


def child(folder: Path, *more: str, fault: str = "") -> subprocess.Popen[bytes]:
    paths = os.pathsep.join(str(ROOT / part) for part in ("", "hooks_api", "backends"))
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(folder), *more],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": paths, "ZMIGRATION_FAULT": fault},
    )


def killed_at(point: str, folder: Path) -> None:
    process = child(folder, fault=f"csv:{point}")
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL


def test_nothing_is_seen_before_the_commit(folder: Path) -> None:
    with opened(folder) as store, opened(folder) as reader:
        store.begin(1)
        run(store, CHANGES, CURRENT)
        assert {k: v for k, v in contents(folder).items() if not k.startswith(".")} == OLD
        assert [t.name for t in reader.inspect(["users", "articles", "gone"]).tables] == [
            "gone",
            "users",
        ]
        assert len(list(reader.select(GONE, EVERYTHING))) == 1
        assert [t.name for t in store.inspect(["users", "articles", "gone"]).tables] == [
            "articles",
            "users",
        ]
        store.commit()
        assert contents(folder) == NEW
        assert store.notices == ()


@pytest.mark.parametrize("end", ["rollback", "close"])
def test_rolled_back(folder: Path, end: str) -> None:
    before = {p.name: p.stat().st_mtime_ns for p in folder.iterdir()}
    with opened(folder) as store:
        store.begin(1)
        run(store, CHANGES, CURRENT)
        store.insert(USERS, [{"id": 3, "name": "c"}])
        getattr(store, end)()
    assert contents(folder) == OLD
    assert {p.name: p.stat().st_mtime_ns for p in folder.iterdir()} == before


def test_reading_leaves_no_trace(tmp_path: Path) -> None:
    missing = tmp_path / "no" / "Data"
    with opened(missing) as store:
        assert store.inspect(["users"]).tables == ()
        assert list(store.select(USERS, EVERYTHING)) == []
        assert store.count("users") == 0
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_begin_made_goes_again(tmp_path: Path) -> None:
    new = tmp_path / "a" / "b"
    with opened(new) as store:
        store.begin(1)
        run(store, [CreateTable(USERS)], Schema())
        store.rollback()
        assert list(tmp_path.iterdir()) == []
        store.begin(1)
        run(store, [CreateTable(USERS)], Schema())
        store.commit()
    assert contents(new) == {"users.csv": b"id,name,age\n"}


def test_killed_before_the_journal_is_wholly_old(folder: Path) -> None:
    killed_at("staged", folder)
    with opened(folder) as store:
        assert next(iter(store.select(USERS, Compare("id", "eq", 1))))["name"] == "ann"
        store.begin(1)
        assert "unfinished" in store.notices[0]
        store.rollback()
    assert contents(folder) == OLD


@pytest.mark.parametrize("point", ["journal-written", "replaced-first", "replaced-all"])
def test_killed_after_the_journal_is_wholly_new(folder: Path, point: str) -> None:
    killed_at(point, folder)
    left = contents(folder)
    with opened(folder) as store:
        names = ["users", "posts", "articles", "tags", "gone"]
        seen = {t.name: [c.name for c in t.columns] for t in store.inspect(names).tables}
        assert seen == {
            "users": ["id", "name", "age", "email"],
            "articles": ["id", "title"],
            "tags": ["id"],
        }
        assert contents(folder) == left
        store.begin(1)
        assert store.notices == ("Data: finished a commit that was interrupted",)
        store.rollback()
    assert contents(folder) == NEW


def test_what_was_written_after_the_kill_is_not_overwritten(folder: Path) -> None:
    killed_at("journal-written", folder)
    (folder / "users.csv").write_bytes(b"id,name,age\n1,ann,31\n")
    left = contents(folder)
    with opened(folder) as store:
        with pytest.raises(StoreError, match="after a commit was interrupted"):
            store.begin(1)
        with pytest.raises(StoreError, match="after a commit was interrupted"):
            store.inspect(["users"])
    del left[".zmigration.lock"]  # the killed process left it, and no process holds it
    assert contents(folder) == left


@pytest.mark.parametrize("text", ["", "[", "[1]", '[{"target": "../x", "staged": null}]', '"x"'])
def test_a_strange_journal_is_touched_by_nobody(folder: Path, text: str) -> None:
    (folder / journal.NAME).write_text(text)
    with opened(folder) as store, pytest.raises(StoreError, match="journal"):
        store.begin(1)
    assert contents(folder) == {**OLD, journal.NAME: text.encode()}


def test_a_file_changed_by_another_program_stops_the_commit(folder: Path) -> None:
    with opened(folder) as store:
        store.begin(1)
        run(store, CHANGES, CURRENT)
        (folder / "users.csv").write_bytes(b"id,name,age\n5,eve,1\n")
        with pytest.raises(StoreError, match="another program changed"):
            store.commit()
        store.rollback()
    assert contents(folder) == {**OLD, "users.csv": b"id,name,age\n5,eve,1\n"}


def test_the_lock_of_another_process(folder: Path) -> None:
    process = child(folder, "wait")
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    with opened(folder) as store:
        started = time.monotonic()
        with pytest.raises(LockTimeout, match=f"process {process.pid} on "):
            store.begin(0.3)
        assert 0.3 <= time.monotonic() - started < 5
        process.communicate(b"\n", timeout=60)
        store.begin(1)
        store.rollback()
    assert contents(folder) == NEW


def test_a_dead_process_holds_no_lock(folder: Path) -> None:
    process = child(folder, "wait")
    assert process.stdout is not None
    process.stdout.readline()
    process.kill()
    process.communicate(timeout=60)
    assert json.loads((folder / ".zmigration.lock").read_text())["pid"] == process.pid
    with opened(folder) as store:
        store.begin(0)
        store.rollback()
    assert contents(folder) == OLD


def test_waiting_for_the_lock_takes_turns(tmp_path: Path) -> None:
    """Each of many processes adds a row; unlinking the lock file lets no two in at once."""
    (tmp_path / "n.csv").write_bytes(b"id\n")
    script = (
        "import sys\nfrom pathlib import Path\n"
        "from tests.unit.csv_store import opened, column, table\n"
        "rows = table('n', column('id', 'int'), key=['id'])\n"
        "for _ in range(8):\n"
        "    with opened(Path(sys.argv[1])) as store:\n"
        "        store.begin(60)\n        store.insert(rows, [{}])\n        store.commit()\n"
    )
    paths = os.pathsep.join(str(ROOT / part) for part in ("", "hooks_api", "backends"))
    command = [sys.executable, "-c", script, str(tmp_path)]
    running = [subprocess.Popen(command, env={**os.environ, "PYTHONPATH": paths}) for _ in range(4)]
    assert [process.wait(timeout=120) for process in running] == [0, 0, 0, 0]
    rows = b"".join(b"%d\n" % n for n in range(1, 33))
    assert contents(tmp_path) == {"n.csv": b"id\n" + rows}


# A file that was being opened just then is closed by the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("moment", range(1, 2400, 19))
def test_interrupted_anywhere(folder: Path, moment: int) -> None:
    """Ctrl-C before that line of ours: wholly old, or (when commit returns) wholly new."""
    left = moment

    def trace(frame: FrameType, event: str, arg: object) -> Any:
        nonlocal left
        left -= event == "line" and "zmigration_csv" in frame.f_code.co_filename
        if left == 0:
            sys.settrace(None)
            signal.raise_signal(signal.SIGINT)
        return trace

    done = False
    with opened(folder) as store:
        try:
            sys.settrace(trace)
            store.begin(1)
            run(store, CHANGES, CURRENT)
            store.insert(USERS, [{"id": 3}])
            store.commit()
            done = True
        except KeyboardInterrupt:
            sys.settrace(None)
            store.rollback()
        finally:
            sys.settrace(None)
    new = {**NEW, "users.csv": NEW["users.csv"] + b"3,,,\n"}
    assert contents(folder) == (new if done else OLD)


def test_mode_and_owner_stay(folder: Path) -> None:
    users = folder / "users.csv"
    users.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(users, 1234, 5678)
    before = users.stat()
    with opened(folder) as store:
        store.begin(1)
        run(store, CHANGES, CURRENT)
        store.commit()
    after = users.stat()
    assert after.st_ino != before.st_ino
    assert stat.S_IMODE(after.st_mode) == 0o640
    assert (after.st_uid, after.st_gid) == (before.st_uid, before.st_gid)


def test_a_link_inside_the_folder_is_followed(folder: Path) -> None:
    (folder / "users.csv").rename(folder / "real.data")
    (folder / "users.csv").symlink_to("real.data")
    with opened(folder) as store:
        store.begin(1)
        run(store, [AddColumn("users", column("email"))], CURRENT)
        store.commit()
        assert (folder / "users.csv").is_symlink()
        assert (folder / "real.data").read_bytes() == NEW["users.csv"]
        store.begin(1)
        for change in (DropTable(USERS), RenameTable("users", "people")):
            with pytest.raises(StepFailed, match="this is a link"):
                run(store, [change], CURRENT)


def test_a_link_out_of_the_folder_is_refused(folder: Path, tmp_path: Path) -> None:
    (folder / "users.csv").rename(tmp_path / "users.csv")
    (folder / "users.csv").symlink_to(tmp_path / "users.csv")
    with opened(folder) as store, pytest.raises(StoreError, match="outside of its folder"):
        store.inspect(["users"])


def test_names_that_differ_in_case_alone(folder: Path) -> None:
    with opened(folder) as store:
        store.begin(1)
        with pytest.raises(StepFailed, match=r"users\.csv differs from Users\.csv only in case"):
            run(store, [CreateTable(table("Users", column("id")))], CURRENT)
        with pytest.raises(StepFailed, match="is there already"):
            run(store, [RenameTable("posts", "users")], CURRENT)
        run(store, [RenameTable("users", "Users")], CURRENT)
        store.commit()
    assert contents(folder) == {
        "Users.csv": OLD["users.csv"],
        **{name: OLD[name] for name in OLD if name != "users.csv"},
    }


def test_no_room_on_the_disk_is_seen_beforehand(tmp_path: Path) -> None:
    need_space(tmp_path, 1000)
    with pytest.raises(StoreError, match=r"the disk has \d+ MB free, and a new file needs"):
        need_space(tmp_path, 1 << 60)


def test_a_write_that_fails_is_undone(folder: Path) -> None:
    def fail() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, 1 << 16))
        with opened(folder) as store:
            store.begin(1)
            with pytest.raises(StepFailed, match="File too large"):
                run(store, [AddColumn("users", column("email"))], CURRENT)
            store.rollback()

    (folder / "users.csv").write_bytes(b"id,name,age\n" + b"1,ann,30\n" * 20_000)
    before = contents(folder)
    in_a_fork(fail)
    assert contents(folder) == before


def test_a_folder_without_the_right_to_write() -> None:
    with folder_for_anybody() as folder:
        (folder / "users.csv").write_bytes(OLD["users.csv"])
        (folder / "users.csv").chmod(0o444)
        folder.chmod(0o555)

        def refused() -> None:
            if os.geteuid() == 0:
                os.setgid(65534)
                os.setuid(65534)
            with opened(folder) as store:
                assert store.count("users") == 2
                with pytest.raises(StoreError, match="cannot be locked for writing") as caught:
                    store.begin(1)
                assert caught.value.hint

        in_a_fork(refused)
        assert contents(folder) == {"users.csv": OLD["users.csv"]}
        folder.chmod(0o755)


def test_a_file_of_somebody_else_is_not_taken_over() -> None:
    if os.geteuid() != 0:
        return  # only root can make a file that belongs to somebody else
    with folder_for_anybody() as folder:
        (folder / "users.csv").write_bytes(OLD["users.csv"])
        folder.chmod(0o777)

        def refused() -> None:
            os.setgid(65534)
            os.setuid(65534)
            with opened(folder) as store:
                store.begin(1)
                with pytest.raises(StepFailed, match="belongs to somebody else"):
                    run(store, [AddColumn("users", column("email"))], CURRENT)

        in_a_fork(refused)
        assert contents(folder) == {"users.csv": OLD["users.csv"]}


@contextmanager
def folder_for_anybody() -> Iterator[Path]:
    """pytest's own folders are closed to other users."""
    with tempfile.TemporaryDirectory() as name:
        outer = Path(name)
        outer.chmod(0o755)
        folder = outer / "Data"
        folder.mkdir()
        yield folder


def in_a_fork(act: Callable[[], None]) -> None:
    """Do it in a process of its own, which may give up rights."""
    process = os.fork()
    if process == 0:
        try:
            act()
            os._exit(0)
        except BaseException as error:
            os.write(2, f"{error!r}\n".encode())
            os._exit(1)
    assert os.waitpid(process, 0)[1] == 0


def test_rows_survive_a_history_file_of_an_older_tool(folder: Path) -> None:
    old = b'id,schema_name,extra\r\n1,"zSchema.users", x \r\n'
    (folder / "__zmigration_users.csv").write_bytes(old)
    history = history_table("users")
    with opened(folder) as store:
        store.begin(1)
        store.insert(history, [{"id": 2, "schema_name": "zSchema.users", "to_version": "v1.0.0"}])
        store.commit()
        rows = list(store.select(history, EVERYTHING))
    assert [row["to_version"] for row in rows] == [None, "v1.0.0"]
    lines = (folder / "__zmigration_users.csv").read_bytes().split(b"\r\n")
    assert lines[0].startswith(b"id,schema_name,extra,from_version,to_version,applied_at,")
    assert lines[1] == b'1,"zSchema.users", x ' + b"," * 16
    assert lines[2].startswith(b"2,zSchema.users,,,v1.0.0,")
    assert store.history_display("__zmigration_users") == "File: Data/__zmigration_users.csv"


def test_a_commit_shows_in_the_number_of_commits(tmp_path: Path) -> None:
    (tmp_path / "users.csv").write_bytes(b"id,name,age\n1,ada,36\n")
    with opened(tmp_path) as store, opened(tmp_path) as other:
        assert store.commits is None  # too fresh to tell
        os.utime(tmp_path, (1, 1))
        before = store.commits
        assert before is not None
        assert store.commits == before
        other.begin(1)
        run(other, [AddColumn("users", column("email"))], Schema(tables=(USERS,)))
        other.commit()
        assert store.commits != before
