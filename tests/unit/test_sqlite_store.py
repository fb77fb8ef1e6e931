import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.unit.sqlite_files import column, make, master, migrate, opened, query, run
from zmigration_api import (
    EVERYTHING,
    AddConstraint,
    AlterColumn,
    Compare,
    CreateTable,
    Default,
    DropTable,
    Duplicates,
    ForeignKey,
    Index,
    LockTimeout,
    Nulls,
    Orphans,
    PrimaryKey,
    RenameColumn,
    RenameTable,
    Schema,
    Store,
    StoreError,
    Table,
    Target,
    Unconvertible,
    UniqueConstraint,
    VerificationFailed,
)
from zmigration_sqlite.plugin import zmigration_backends
from zmigration_sqlite.store import SQLiteStore

TYPED = Table(
    name="things",
    columns=(
        column("id", "int", required=True),
        column("done", "bool"),
        column("price", "decimal"),
        column("at", "datetime"),
        column("extra", "json"),
        column("name", "str", default=Default(kind="value", text="none")),
    ),
    primary_key=PrimaryKey(columns=("id",)),
)


def _nothing(done: int, total: int | None, size: int | None = None, /) -> None:
    pass


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[SQLiteStore]:
    with opened(tmp_path / "deep" / "er" / "a.db") as store:
        yield store


def test_the_plugin_offers_a_store(tmp_path: Path) -> None:
    (backend,) = zmigration_backends()
    assert (backend.name, backend.aliases) == ("sqlite", ("sqlite3",))
    target = Target(data_type="sqlite", folder=tmp_path / "Data", label="shop", workspace=tmp_path)
    store: Store = backend.open(target)
    assert store.display == f"SQLite file {Path('Data', 'shop.db')}"
    assert store.history_display("__zmigration_x") == f"Table: __zmigration_x ({store.display})"
    assert store.inspect(["t"]) == Schema()
    assert list(tmp_path.iterdir()) == []
    store.close()


def test_a_missing_file_is_empty_and_stays_missing(empty: SQLiteStore, tmp_path: Path) -> None:
    assert empty.inspect(["t"]) == Schema()
    assert empty.count("t") == 0
    assert list(empty.select(TYPED, EVERYTHING)) == []
    assert empty.ask(Nulls("things", "id"), Schema(tables=(TYPED,))).count == 0
    assert len(empty.plan([CreateTable(TYPED)], Schema(), Schema())) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_rollback_removes_what_begin_made(empty: SQLiteStore, tmp_path: Path) -> None:
    steps = empty.plan([CreateTable(TYPED)], Schema(), Schema())
    empty.begin(1.0)
    assert (tmp_path / "deep" / "er").is_dir()
    empty.run(steps[0], _nothing)
    assert empty.count("things") == 0
    empty.rollback()
    assert list(tmp_path.iterdir()) == []
    run(empty, steps)
    assert empty.inspect(["THINGS"]).tables[0].name == "things"
    assert [p.name for p in (tmp_path / "deep" / "er").iterdir()] == ["a.db"]


def test_a_rollback_keeps_a_file_that_was_there(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    path.touch()
    with opened(path) as store:
        assert store.inspect(["t"]) == Schema()
        store.begin(1.0)
        store.rollback()
    assert path.stat().st_size == 0


@pytest.mark.parametrize("content", [b"no database, but long enough to look like one" * 99, b"x"])
def test_another_file_is_no_store(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.db"
    path.write_bytes(content)
    with opened(path) as store:
        with pytest.raises(StoreError, match=r"SQLite file a\.db: file is not a database"):
            store.inspect(["t"])
        with pytest.raises(StoreError, match="not a database"):
            store.begin(0.1)
    assert path.read_bytes() == content


def test_a_folder_is_no_store(tmp_path: Path) -> None:
    with opened(tmp_path) as store, pytest.raises(StoreError, match="Is a directory"):
        store.inspect(["t"])


@pytest.mark.parametrize("journal", ["delete", "wal", "truncate"])
def test_reading_leaves_no_trace(tmp_path: Path, journal: str) -> None:
    path = make(tmp_path / "a.db", f"PRAGMA journal_mode = {journal}; CREATE TABLE t(a INT)")
    before, files = path.read_bytes(), set(tmp_path.iterdir())
    with opened(path) as store:
        table = store.inspect(["t"]).tables[0]
        store.plan([DropTable(table)], Schema(tables=(table,)), Schema())
        assert store.count("t") == 0
    assert set(tmp_path.iterdir()) == files
    assert path.read_bytes() == before


def test_a_log_that_another_program_writes_is_read(tmp_path: Path) -> None:
    path = make(tmp_path / "a.db", "PRAGMA journal_mode = wal; CREATE TABLE t(a INT)")
    with closing(sqlite3.connect(path)) as other:
        other.execute("INSERT INTO t VALUES (1)")
        other.commit()
        with opened(path) as store:
            assert store.count("t") == 1
        other.execute("INSERT INTO t VALUES (2)")
        other.commit()


def test_a_lock_is_waited_for_and_then_named(tmp_path: Path) -> None:
    path = make(tmp_path / "a.db", "CREATE TABLE t(a INT)")
    code = (
        "import sqlite3, sys, time; c = sqlite3.connect(sys.argv[1]); c.execute('BEGIN IMMEDIATE');"
        "print(1, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code, path], stdout=subprocess.PIPE) as other:
        try:
            assert other.stdout is not None
            other.stdout.readline()
            with opened(path) as store:
                assert store.count("t") == 0
                start = time.monotonic()
                with pytest.raises(LockTimeout, match=r"SQLite file a\.db is locked") as caught:
                    store.begin(0.3)
                assert time.monotonic() - start >= 0.3
                if sys.platform == "linux":
                    assert f"pid {other.pid}" in str(caught.value)
        finally:
            other.kill()
    with opened(path) as store:
        store.begin(0.3)


def test_a_unit_keeps_other_writers_out(tmp_path: Path) -> None:
    path = make(tmp_path / "a.db", "CREATE TABLE t(a INT)")
    with opened(path) as first, opened(path) as second:
        first.begin(0.1)
        with pytest.raises(LockTimeout):
            second.begin(0.1)
        first.rollback()
        second.begin(0.1)


def test_a_file_that_its_maker_takes_away_is_not_written_to(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    found: list[str] = []

    def wait() -> None:
        with opened(path) as waiter:
            try:
                waiter.begin(10.0)
            except StoreError as error:
                found.append(str(error))

    with opened(path) as maker:
        maker.begin(0.1)
        waiting = threading.Thread(target=wait)
        waiting.start()
        time.sleep(0.3)
        maker.rollback()
        waiting.join()
    assert found == ["SQLite file a.db was replaced while it was opened"]
    assert not path.exists()


KILLED = """
import sys
from pathlib import Path
from tests.unit.sqlite_files import column, migrate
from zmigration_api import AlterColumn
migrate(Path(sys.argv[1]), AlterColumn("t", column("v"), column("v", "int")))
"""


@pytest.mark.parametrize(
    ("point", "done"), [("step", 0), ("before-commit", 0), ("after-commit", 1)]
)
@pytest.mark.parametrize("journal", ["delete", "wal"])
def test_a_killed_run_is_undone_or_done(
    tmp_path: Path, point: str, done: int, journal: str
) -> None:
    path = make(
        tmp_path / "a.db",
        f"PRAGMA journal_mode = {journal}; CREATE TABLE t(v TEXT);"
        " WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)"
        " INSERT INTO t SELECT i || '.0' FROM n",
    )
    environment = {**os.environ, "ZMIGRATION_FAULT": f"sqlite:{point}"}
    ended = subprocess.run([sys.executable, "-c", KILLED, path], env=environment, check=False)
    assert ended.returncode == -signal.SIGKILL
    with opened(path) as store:
        native = store.inspect(["t"]).tables[0].columns[0].native
        assert native == ("integer" if done else "text")
        assert store.count("t") == 20000
        hot = journal == "delete" and not done
        assert all("interrupted change" in notice for notice in store.notices)
        assert hot or not store.notices
        store.begin(1.0)
        store.rollback()
    assert query(path, "PRAGMA integrity_check") == [("ok",)]
    if not done:
        assert query(path, "SELECT v FROM t LIMIT 1") == [("1.0",)]


def test_values_go_in_and_out_as_the_schema_says(empty: SQLiteStore) -> None:
    rows: list[dict[str, Any]] = [
        {
            "id": 1,
            "done": True,
            "price": Decimal("1.50"),
            "at": datetime(2024, 1, 2, 3, 4, 5),
            "extra": {"ä": [1, None]},
            "name": "x'; --",
        },
        {"id": 2, "done": None, "price": None, "at": None, "extra": None, "name": None},
    ]
    steps = empty.plan([CreateTable(TYPED)], Schema(), Schema())
    empty.begin(1.0)
    empty.run(steps[0], _nothing)
    assert empty.insert(TYPED, rows) == 2
    assert empty.insert(TYPED, [{"id": 3}]) == 1
    assert list(empty.select(TYPED, EVERYTHING))[:2] == rows
    assert [r["name"] for r in empty.select(TYPED, Compare("id", "eq", 3))] == ["none"]
    liked = empty.select(TYPED, Compare("name", "like", "X%"))
    assert list(liked) == []
    assert empty.update(TYPED, Compare("done", "eq", True), {"price": Decimal("2")}) == 1
    assert empty.delete(TYPED, Compare("id", "gt", 1)) == 2
    empty.commit()
    assert [r["price"] for r in empty.select(TYPED, EVERYTHING)] == [Decimal("2")]
    with pytest.raises(StoreError, match="outside a unit of work"):
        empty.insert(TYPED, rows)


LOOSE = Table(
    name="t",
    columns=(column("n", "bigint"), column("p", "decimal"), column("at", "datetime")),
)


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        (Compare("p", "gt", Decimal("9.0")), [10]),
        (Compare("p", "eq", Decimal("10")), [10]),
        (Compare("p", "in", (Decimal("9.00"), Decimal("7"))), [9]),
        (Compare("p", "ne", Decimal("9.00")), [10]),
        (Compare("n", "lt", 10), [9]),
        (Compare("n", "eq", 9), [9]),
        (Compare("at", "eq", datetime(2024, 1, 2, 3, 4, 5)), [9, 10]),
        (Compare("at", "gt", datetime(2024, 1, 2, 3, 4, 4)), [9, 10]),
    ],
    ids=str,
)
def test_texts_are_compared_by_what_they_say(
    tmp_path: Path, condition: Compare, found: list[int]
) -> None:
    path = make(
        tmp_path / "a.db",
        "CREATE TABLE t(n TEXT, p TEXT, at TEXT); INSERT INTO t VALUES"
        " ('10', '10.0', '2024-01-02T03:04:05'), ('9', '9', '2024-01-02 03:04:05')",
    )
    with opened(path) as store:
        rows = list(store.select(LOOSE, condition, order=[("p", "asc")]))
        assert [row["n"] for row in rows] == found
        assert [row["n"] for row in store.select(LOOSE, EVERYTHING, order=[("n", "desc")])] == [
            10,
            9,
        ]
        store.begin(1.0)
        assert store.delete(LOOSE, condition) == len(found)


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    path = make(tmp_path / "a.db", "CREATE TABLE things(id INTEGER, at TEXT)")
    make(path, "INSERT INTO things VALUES (1, 'yesterday')")
    with opened(path) as store, pytest.raises(StoreError, match=r"things\.at holds 'yesterday'"):
        list(store.select(TYPED, EVERYTHING))


def test_columns_that_are_not_there_are_not_read_as_texts(tmp_path: Path) -> None:
    path = make(tmp_path / "a.db", "CREATE TABLE things(id INTEGER); INSERT INTO things VALUES (1)")
    order = column("order", "text")
    table = Table(name="things", columns=(column("id", "int"), order))
    with opened(path) as store:
        assert list(store.select(table, EVERYTHING)) == [{"id": 1}]
        with pytest.raises(StoreError, match="no column"):
            list(store.select(table, Compare("order", "eq", "order")))


def test_the_data_answers(tmp_path: Path) -> None:
    path = make(
        tmp_path / "a.db",
        "CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT, p INT); CREATE TABLE u(id INT);"
        "INSERT INTO t VALUES (1, 'a', 7), (2, NULL, NULL), (3, 'a', 8); INSERT INTO u VALUES (7)",
    )
    with opened(path) as store:
        schema = store.inspect(["t", "u"])
        assert store.ask(Nulls("t", "v"), schema).samples[0].key == (2,)
        assert store.ask(Duplicates("t", ("v",)), schema).count == 2
        assert store.ask(Orphans("t", ("p",), "u", ("id",)), schema).samples[0].values == (8,)
        answer = store.ask(Unconvertible("t", column("v"), column("v", "int")), schema)
        assert (answer.count, answer.samples[0].reason) == (2, "is not a whole number")


KEYS = (
    "CREATE TABLE p(id INTEGER PRIMARY KEY); CREATE TABLE k(id INTEGER PRIMARY KEY,"
    " p INT REFERENCES p(id), q INT); INSERT INTO p VALUES (1);"
    "INSERT INTO k VALUES (1, 1, 1), (2, 99, 98)"
)


def _key(name: str, target: str = "p") -> ForeignKey:
    return ForeignKey(columns=(name,), ref_table=target, ref_columns=("id",), name=f"fk_k_{name}")


def test_old_orphans_do_not_stop_a_run_and_new_ones_do(tmp_path: Path) -> None:
    path = make(tmp_path / "a.db", KEYS)
    migrate(
        path,
        RenameTable("k", "kids"),
        RenameTable("p", "parents"),
        RenameColumn("kids", "p", "parent"),
        AlterColumn("kids", column("q", "int"), column("q", "int", default=_zero())),
    )
    before = master(path)
    with pytest.raises(VerificationFailed, match="1 rows of kids refer by q to rows that are not"):
        migrate(path, AddConstraint("kids", _key("q", "parents")))
    assert master(path) == before
    make(path, "UPDATE kids SET q = NULL WHERE q = 98")
    migrate(path, AddConstraint("kids", _key("q", "parents")))


def _zero() -> Default:
    return Default(kind="value", text="0")


def test_a_hook_cannot_leave_new_orphans(tmp_path: Path) -> None:
    path = make(tmp_path / "a.db", KEYS)
    with opened(path) as store:
        parents = store.inspect(["p"]).tables[0]
        store.begin(1.0)
        store.delete(parents, EVERYTHING)
        with pytest.raises(VerificationFailed, match="2 rows of k refer by p"):
            store.commit()
        store.rollback()
        assert store.count("p") == 1


def test_a_table_that_is_referred_to_cannot_be_dropped_under_rows(tmp_path: Path) -> None:
    path = make(tmp_path / "a.db", KEYS)
    with opened(path) as store:
        table = store.inspect(["p"]).tables[0]
    with pytest.raises(VerificationFailed, match="rows of k refer"):
        migrate(path, DropTable(table))
    assert query(path, "SELECT * FROM p") == [(1,)]


def test_a_file_without_rights_is_refused() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = make(Path(folder) / "a.db", KEYS)
        path.chmod(0o444)
        Path(folder).chmod(0o755)

        def attempt() -> None:
            with opened(path) as store:
                assert store.count("p") == 1
                with pytest.raises(StoreError, match="readonly"):
                    store.begin(0.1)

        assert without_root(attempt) == 0


def without_root(attempt: Callable[[], None]) -> int:
    """0 if it went well; in a process of its own as nobody, since root may write everything."""
    if os.geteuid() != 0:
        attempt()
        return 0
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    try:
        os.setgid(65534)
        os.setuid(65534)
        attempt()
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def test_a_transaction_that_sqlite_ended_is_not_gone_on_with(tmp_path: Path) -> None:
    path = make(tmp_path / "a.db", "CREATE TABLE t(v)")
    with opened(path) as store:
        table = store.inspect(["t"]).tables[0]
        store.begin(1.0)
        store._working().connection.raw.execute("PRAGMA max_page_count = 10")
        with pytest.raises(StoreError, match="full"):
            store.insert(table, [{"v": "x" * 1_000_000}])
        if store._working().connection.raw.in_transaction:
            store._working().connection.raw.execute("ROLLBACK")
        with pytest.raises(StoreError, match="everything was undone"):
            store.insert(table, [{"v": "y"}])
        with pytest.raises(StoreError, match="everything was undone"):
            store.commit()
        store.rollback()
        assert store.count("t") == 0


def test_ctrl_c_stops_a_long_statement(tmp_path: Path) -> None:
    path = make(
        tmp_path / "a.db",
        "CREATE TABLE t(v TEXT); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
        " WHERE i < 300000) INSERT INTO t SELECT i FROM n",
    )
    code = KILLED.replace("migrate(Path", "print(1, flush=True); migrate(Path")
    with subprocess.Popen(
        [sys.executable, "-c", code, path], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        time.sleep(0.5)
        other.send_signal(signal.SIGINT)
        _, errors = other.communicate(timeout=30)
    assert b"KeyboardInterrupt" in errors
    assert query(path, "SELECT type FROM pragma_table_xinfo('t')") == [("TEXT",)]


LAZY = """
import sys
from pathlib import Path
from tests.unit.sqlite_files import opened
from zmigration_api import EVERYTHING
with opened(Path(sys.argv[1])) as store:
    schema = store.inspect(["t"])
    assert list(store.select(schema.tables[0], EVERYTHING)) == [{"v": "a"}]
assert "sqlalchemy" not in sys.modules, "sqlalchemy"
"""


def test_looking_does_not_load_sqlalchemy(tmp_path: Path) -> None:
    path = make(tmp_path / "a.db", "CREATE TABLE t(v TEXT); INSERT INTO t VALUES ('a')")
    subprocess.run([sys.executable, "-c", LAZY, path], check=True)


def test_a_thousand_tables_are_seen_in_a_moment(tmp_path: Path) -> None:
    script = "".join(
        f"CREATE TABLE t{n} (id INTEGER PRIMARY KEY, a TEXT NOT NULL DEFAULT 'x', b INT UNIQUE,"
        f" p INT CONSTRAINT f REFERENCES t1(id), CHECK (b > 0)); CREATE INDEX i{n} ON t{n}(a);"
        for n in range(1000)
    )
    path = make(tmp_path / "a.db", f"BEGIN; {script} COMMIT;")
    names = [f"t{n}" for n in range(1000)]
    with opened(path) as store:
        start = time.process_time()
        schema = store.inspect(names)
        assert time.process_time() - start < 2
        change = AlterColumn("t7", column("a", required=True), column("a"))
        start = time.process_time()
        assert len(store.plan([change], schema, schema)) == 1
        assert time.process_time() - start < 2
    assert len(schema.tables) == 1000
    table = schema.tables[7]
    assert table.indexes == (Index(columns=("a",), name="i7"),)
    assert table.indexes[0].name == "i7"
    assert table.unique == (UniqueConstraint(columns=("b",), name="x"),)
    assert table.foreign_keys[0].name == "f"
    assert table.checks[0].expression == "b > 0"


def test_defaults_are_read_as_what_they_say(tmp_path: Path) -> None:
    path = make(
        tmp_path / "a.db",
        "CREATE TABLE t(a TEXT DEFAULT 'it''s', b INT DEFAULT - 5, c REAL DEFAULT 1.50,"
        " d TEXT DEFAULT active, e TEXT DEFAULT CURRENT_TIMESTAMP,"
        " f TEXT DEFAULT (datetime('now')), g TEXT DEFAULT NULL, h BOOLEAN DEFAULT 1,"
        " i INTEGER DEFAULT FALSE, j INT DEFAULT (1 + 2),"
        " k BLOB DEFAULT x'6162', l TEXT DEFAULT \"quoted\", m, n DATE DEFAULT CURRENT_DATE)",
    )
    with opened(path) as store:
        columns = store.inspect(["t"]).tables[0].columns
    found = {c.name: c.default and (c.default.kind, c.default.text) for c in columns}
    assert found == {
        "a": ("value", "it's"),
        "b": ("value", "-5"),
        "c": ("value", "1.5"),
        "d": ("value", "active"),
        "e": ("now", ""),
        "f": ("now", ""),
        "g": None,
        "h": ("value", "true"),
        "i": ("value", "false"),
        "j": ("expression", "1 + 2"),
        "k": ("value", "ab"),
        "l": ("value", "quoted"),
        "m": None,
        "n": ("now", ""),
    }


def test_indexes_and_keys_are_read_as_the_model_has_them(tmp_path: Path) -> None:
    path = make(
        tmp_path / "a.db",
        "CREATE TABLE p(x INT, y INT, PRIMARY KEY (y, x)) WITHOUT ROWID;"
        "CREATE TABLE t(id TEXT PRIMARY KEY, a INT UNIQUE, b INT, g INT AS (a + 1) STORED,"
        " CONSTRAINT two UNIQUE (b, a), FOREIGN KEY (a, b) REFERENCES p ON UPDATE CASCADE);"
        "CREATE UNIQUE INDEX one ON t(b); CREATE UNIQUE INDEX again ON t(b);"
        "CREATE UNIQUE INDEX part ON t(a) WHERE b > (1); CREATE INDEX expr ON t(a + 1);"
        "CREATE INDEX plain ON t(a, b DESC)",
    )
    with opened(path) as store:
        table = store.inspect(["t"]).tables[0]
    assert [(u.columns, u.name) for u in table.unique] == [
        (("a",), "uq_t_a"),
        (("b", "a"), "two"),
        (("b",), "one"),
    ]
    assert [(i.columns, i.unique, i.where, i.name) for i in table.indexes] == [
        (("a",), True, "b > (1)", "part"),
        ((), False, None, "expr"),
        (("a", "b"), False, None, "plain"),
    ]
    assert [i.keys for i in table.indexes] == [(), ("a + 1",), ("a", "b DESC")]
    assert [u.by_index for u in table.unique] == [False, False, True]
    (key,) = table.foreign_keys
    assert (key.columns, key.ref_columns, key.on_update) == (("a", "b"), ("y", "x"), "CASCADE")
    assert [c.generated for c in table.columns] == [None, None, None, "a + 1"]
    assert [c.required for c in table.columns] == [True, False, False, False]
    assert not any(c.auto_increment for c in table.columns)


def test_commits_are_counted_where_others_make_them(tmp_path: Path) -> None:
    path = tmp_path / "data.db"
    make(path, "CREATE TABLE a (b INTEGER)")
    with closing(SQLiteStore(Target(data_type="sqlite", file=path, workspace=tmp_path))) as store:
        before = store.commits
        assert before is not None
        assert [table.name for table in store.inspect(["a"]).tables] == ["a"]
        assert store.commits == before
        with closing(sqlite3.connect(path)) as other, other:
            other.execute("INSERT INTO a VALUES (1)")
        assert store.commits != before


def test_a_missing_file_counts_no_commits(tmp_path: Path) -> None:
    target = Target(data_type="sqlite", file=tmp_path / "none.db", workspace=tmp_path)
    with closing(SQLiteStore(target)) as store:
        assert store.commits is None
