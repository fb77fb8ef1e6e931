"""What another hand added is ours once the file says it: taken out of the file again, it goes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from tests.cli.back import EMAIL, TWO, USERS, Back
from tests.cli.folder import AppFolder

EXACT = "  zMigrationExact: tables\n"
INDEX = "  indexes: [{name: by_name, columns: [name]}]\n"
UNIQUE = "  unique: [{name: one_name, columns: [name]}]\n"
TAGS = "tags:\n  id: {type: int, pk: true}\n  label: {type: str}\n"
_ADD_COLUMN = "ALTER TABLE users ADD COLUMN email VARCHAR(255)"


@dataclass(frozen=True)
class Case:
    """What is added by hand, and what the file says then; `goes` is what goes in the end."""

    tables: str
    sql: tuple[str, ...]
    csv: Mapping[str, str]
    adopted: str
    goes: str
    exact: bool = False
    version: str = "v1.0.1"


CASES = {
    "column": Case(
        EMAIL,
        (_ADD_COLUMN, "UPDATE users SET email = 'a@x' WHERE id = 1"),
        {"users.csv": "id,name,email\n1,ada,a@x\n2,bob,\n"},
        "Added column: email",
        "Dropped column: email",
    ),
    "table": Case(
        USERS + TAGS,
        (
            "CREATE TABLE tags (id INTEGER PRIMARY KEY, label VARCHAR(255))",
            "INSERT INTO tags VALUES (1, 'x')",
        ),
        {"tags.csv": "id,label\n1,x\n"},
        "Created table: tags",
        "Dropped table: tags",
    ),
    "index": Case(
        USERS + INDEX,
        ("CREATE INDEX by_name ON users (name)",),
        {},
        "Added index: by_name",
        "Dropped index: by_name",
    ),
    "unique": Case(
        USERS + UNIQUE,
        ("CREATE UNIQUE INDEX one_name ON users (name)",),
        {},
        "Added unique constraint: one_name",
        "Dropped unique constraint: one_name",
        version="v1.1.0",
    ),
    "exact column": Case(
        EMAIL, (_ADD_COLUMN,), {}, "Added column: email", "Dropped column: email", True
    ),
    "exact index": Case(
        USERS + INDEX,
        ("CREATE INDEX by_name ON users (name)",),
        {},
        "Added index: by_name",
        "Dropped index: by_name",
        True,
    ),
}


@pytest.fixture(params=["csv", "sqlite", "postgresql"])
def shop(request: pytest.FixtureRequest, app: AppFolder) -> Back:
    pg = request.param == "postgresql"
    url = request.getfixturevalue("postgres_dsn") if pg else "@.Data"
    return Back.laid_out(app, request.param, url)


def summaries(shop: Back, tables: str, meta: str) -> tuple[list[str], list[str], str]:
    """What a run does, what it adopts, and the version that it records."""
    shop.want(tables, meta=meta)
    (schema,) = shop.migrate(None, "--json").json["schemas"]
    return [c["summary"] for c in schema["changes"]], schema["adopted"], schema["to_version"]


@pytest.mark.parametrize(
    ("shop", "name"),
    [
        (backend, name)
        for backend in ("csv", "sqlite", "postgresql")
        for name, case in CASES.items()
        if backend != "csv" or case.csv  # which keeps neither indexes nor constraints
    ],
    indirect=["shop"],
)
def test_what_was_adopted_goes_when_the_file_says_it_no_more(shop: Back, name: str) -> None:
    case = CASES[name]
    meta = EXACT if case.exact else ""
    shop.want(USERS, meta=meta)
    shop.migrate()
    shop.store.insert("users", TWO)
    shop.by_hand(case.sql, case.csv)
    assert summaries(shop, USERS, meta) == ([], [], "v1.0.0")  # not in the file: left alone
    there = shop.everything()
    shop.want(case.tables, meta=meta)
    check = shop.app.run("--check")
    assert (check.code, f"Adopted: {case.adopted}" in check.out) == (3, True), check.said
    assert shop.store.snapshot(sequences=False) == there[1]  # type: ignore[index]
    assert summaries(shop, case.tables, meta) == ([], [case.adopted], case.version)
    assert shop.app.run("--check").code == 0
    assert summaries(shop, USERS, meta)[:2] == ([case.goes], [])
    shop.back()
    assert shop.app.run("--check").code == 0
    assert summaries(shop, case.tables, meta)[:2] == ([], [])
    assert summaries(shop, USERS, meta)[:2] == ([case.goes], [])


def test_an_adoption_is_taken_back_as_nothing_but_a_record(shop: Back) -> None:
    case = CASES["column"]
    shop.start()
    shop.by_hand(case.sql, case.csv)
    shop.migrate(EMAIL)
    there = shop.named()
    shop.back()
    assert shop.named() == there
    assert "email" not in shop.app.text(shop.file())
    assert summaries(shop, USERS, "") == ([], [], "v1.0.0")
    assert shop.named() == there


@pytest.mark.parametrize("shop", ["csv"], indirect=True)
@pytest.mark.parametrize(
    ("column", "said"),
    [
        ("{type: int}", "users.age: 1 value(s) cannot become int"),
        ("{type: str, required: true}", "users.age: 1 row(s) have no value"),
    ],
)
def test_a_csv_column_is_adopted_if_its_values_are_what_the_file_says(
    shop: Back, column: str, said: str
) -> None:
    shop.start()
    shop.by_hand((), {"users.csv": "id,name,age\n1,ada,abc\n2,bob,\n"})
    shop.want(f"{USERS}  age: {column}\n")
    done = shop.refused("--schema", "users")
    assert said in done.said
    shop.by_hand((), {"users.csv": "id,name,age\n1,ada,7\n2,bob,8\n"})
    assert "Adopted: Added column: age" in shop.migrate().out
