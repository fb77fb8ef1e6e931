"""A rollback beside what came to the store by hand: it stays whole, or it is named."""

from __future__ import annotations

import pytest

from tests.cli.back import ID, NO_NAME, USERS, Back
from tests.cli.folder import AppFolder
from tests.cli.test_rollback import BACKENDS, make
from tests.cli.test_screen import Opened
from tests.cli.test_screen import at_terminal as at_terminal


@pytest.fixture(params=BACKENDS)
def shop(request: pytest.FixtureRequest, app: AppFolder) -> Back:
    return make(app, request.param, request)


@pytest.fixture
def lite(request: pytest.FixtureRequest, app: AppFolder) -> Back:
    return make(app, "sqlite", request)


MINE = (
    "CREATE TABLE teams (id INTEGER PRIMARY KEY)",
    "INSERT INTO teams VALUES (7)",
    "ALTER TABLE users ADD COLUMN mine TEXT NOT NULL DEFAULT 'd' COLLATE NOCASE CHECK (mine <> '')",
    "ALTER TABLE users ADD COLUMN team INT REFERENCES teams(id)",
    "ALTER TABLE users ADD COLUMN twice AS (mine || mine)",
    "UPDATE users SET mine = x'00ff', team = 7 WHERE id = 2",
)


def test_columns_that_came_by_hand_stay(lite: Back) -> None:
    lite.start()
    lite.migrate(NO_NAME)
    lite.by_hand(MINE, {})
    shown = lite.app.run("--rollback", "--sql")
    lite.back()
    values = "id, name, mine, typeof(mine), team, twice = mine || mine"
    assert lite.store.ask(f"SELECT {values} FROM users ORDER BY id") == [
        [1, "ada", "d", "text", None, 1],
        [2, "bob", b"\x00\xff", "blob", 7, 1],
    ]
    ((text,),) = lite.store.ask("SELECT sql FROM sqlite_master WHERE name = 'users'")
    assert "mine TEXT NOT NULL DEFAULT 'd' COLLATE NOCASE CHECK (mine <> '')" in text
    assert "team INT REFERENCES teams(id)" in text
    ((ran,),) = lite.store.ask("SELECT forward_sql FROM __zmigration_users WHERE status='ROLLBACK'")
    assert ran.splitlines() == shown.out.splitlines()
    assert lite.app.run("--check").code == 0


def test_indexes_and_triggers_that_came_by_hand_stay(lite: Back) -> None:
    tables = f"users:\n{ID}  name: {{type: str}}\n  age: {{type: str}}\n"
    lite.start(tables, [{"id": 1, "name": "ada", "age": "007"}])
    lite.migrate(tables.replace("age: {type: str}", "age: {type: int}"))
    trigger = (
        "CREATE TRIGGER  up AFTER UPDATE ON users BEGIN /* ! */ INSERT INTO log VALUES (1); END"
    )
    lite.by_hand(
        [
            "CREATE TABLE log (x)",
            "CREATE INDEX  hand ON users ( lower(name) ) WHERE age > 1",
            "CREATE UNIQUE INDEX other ON users(name DESC, age)",
            trigger,
        ],
        {},
    )
    made = "SELECT name, sql FROM sqlite_master WHERE name IN ('hand', 'other', 'up') ORDER BY 1"
    before = lite.store.ask(made)
    done = lite.back("--rollback", "--dry-run")
    assert "index hand and index other and trigger up came to users since" in done.out
    lite.back()
    assert lite.store.ask(made) == before
    assert lite.rows() == [("1", "ada", "007")]
    assert lite.store.ask("SELECT * FROM log") == []


@pytest.mark.parametrize(
    ("by_hand", "named"),
    [
        ("CREATE INDEX hand ON users(email)", "users.email cannot go: index hand needs it"),
        ("CREATE VIEW v AS SELECT email FROM users", "view v"),
        (
            "CREATE TRIGGER g AFTER INSERT ON users BEGIN SELECT new.email; END",
            "trigger g",
        ),
    ],
)
@pytest.mark.parametrize("rest", ["", "  name: {type: int}\n"], ids=["in place", "anew"])
def test_what_needs_a_column_that_goes_is_named(
    lite: Back, by_hand: str, named: str, rest: str
) -> None:
    lite.start(rows=[{"id": 1, "name": "5"}])
    lite.migrate(f"users:\n{ID}{rest or '  name: {type: str}'}\n  email: {{type: str}}\n")
    lite.by_hand([by_hand], {})
    done = lite.refused(code=4)
    assert named in done.said
    assert "drop or change that first" in done.said
    assert named in lite.refused("--rollback", "--dry-run", code=4).said


@pytest.mark.parametrize(
    ("table", "named"),
    [
        (
            "id INTEGER PRIMARY KEY, mine TEXT, CHECK (length(mine) > 0)",
            "CHECK (length(mine) > 0) came",
        ),
        ("id INTEGER PRIMARY KEY, mine TEXT DEFAULT 'x'", "column mine changed"),
    ],
)
def test_a_definition_that_was_changed_by_hand_is_named(lite: Back, table: str, named: str) -> None:
    lite.start()
    lite.by_hand(["ALTER TABLE users ADD COLUMN mine TEXT", "UPDATE users SET mine = 'm'"], {})
    lite.migrate(NO_NAME)
    copied = "INSERT INTO u SELECT id, mine FROM users"
    lite.by_hand(
        [f"CREATE TABLE u ({table})", copied, "DROP TABLE users", "ALTER TABLE u RENAME TO users"],
        {},
    )
    done = lite.refused(code=4)
    assert f"users is not as the migration left it, and cannot be taken back: {named}" in done.said
    lite.back("--rollback", "--force-sync")
    assert lite.rows() == [("1", "ada", "m"), ("2", "bob", "m")]


ODD = [
    "CREATE TABLE users (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT)",
    "CREATE TABLE users (id INTEGER NOT NULL PRIMARY KEY, name TEXT) WITHOUT ROWID",
]


@pytest.mark.parametrize("table", ODD, ids=["AUTOINCREMENT", "WITHOUT ROWID"])
def test_odd_tables_keep_what_came(lite: Back, table: str) -> None:
    rows = "INSERT INTO users VALUES (5, 'ada'), (3, 'bob'), (90, 'gone')"
    lite.want(USERS)
    lite.by_hand([table, rows, "DELETE FROM users WHERE id = 90"], {})
    lite.migrate()
    lite.migrate(NO_NAME)
    lite.by_hand(
        [
            "ALTER TABLE users ADD COLUMN mine",
            "UPDATE users SET mine = id || 'm'",
            "INSERT INTO users VALUES (8, 8.5)",
        ],
        {},
    )
    lite.back()
    assert lite.store.ask("SELECT id, name, mine FROM users ORDER BY id") == [
        [3, "bob", "3m"],
        [5, "ada", "5m"],
        [8, None, 8.5],
    ]
    if "AUTOINCREMENT" in table:
        assert lite.store.ask("SELECT seq FROM sqlite_sequence WHERE name = 'users'") == [[90]]


def test_a_column_that_was_adopted_since_stays(shop: Back) -> None:
    shop.start()
    shop.migrate(NO_NAME)
    shop.by_hand(
        ["ALTER TABLE users ADD COLUMN mine VARCHAR(255)", "UPDATE users SET mine = 'm'"],
        {"users.csv": "id,mine\n1,m\n2,m\n"},
    )
    shop.migrate(NO_NAME + "  mine: {type: str}\n", "--version", "v2.0.0")
    shop.back("--rollback-to", "v1.0.0")
    assert shop.named() == [
        {"id": "1", "name": "ada", "mine": "m"},
        {"id": "2", "name": "bob", "mine": "m"},
    ]


def test_a_column_comes_while_somebody_is_asked(lite: Back, at_terminal: Opened) -> None:
    lite.start()
    lite.migrate(NO_NAME)
    terminal = at_terminal(lite.app, "--rollback")
    terminal.read_until("Apply rollback? [y/N]")
    lite.by_hand(["ALTER TABLE users ADD COLUMN mine DEFAULT 'm'"], {})
    before = lite.everything()
    terminal.type("y\n")
    assert terminal.finish() == 1
    assert "changed after the plan was made" in terminal.text
    assert lite.everything() == before
    lite.back()
    assert [row["mine"] for row in lite.named()] == ["m", "m"]
