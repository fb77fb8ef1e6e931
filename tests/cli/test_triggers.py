"""Triggers of the app do not fire for what a migration writes: the plan shows every change."""

from __future__ import annotations

import pytest

from tests.cli.back import ID, Back
from tests.cli.folder import AppFolder

PLAIN = f"users:\n{ID}  name: {{type: str}}\n  touched: {{type: int}}\n"
FILLED = PLAIN + "  nick: {type: str, backfill: '%name'}\n"
REQUIRED = PLAIN.replace("name: {type: str}", "name: {type: str, required: true, default: x}")
RETYPED = PLAIN.replace("name: {type: str}", "name: {type: text, required: true, backfill: y}")
ROWS: list[dict[str, object]] = [
    {"id": 1, "name": "ada", "touched": 0},
    {"id": 2, "name": None, "touched": 0},
]
TRIGGER = {
    "sqlite": [
        "CREATE TRIGGER touch AFTER UPDATE ON users BEGIN"
        " UPDATE users SET touched = touched + 1 WHERE id = new.id; END",
    ],
    "postgresql": [
        "CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN new.touched := new.touched + 1; RETURN new; END'",
        "CREATE TRIGGER touch BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION touch()",
    ],
}


@pytest.mark.parametrize("tables", [FILLED, REQUIRED, RETYPED])
@pytest.mark.parametrize("backend", ["sqlite", "postgresql"])
def test_a_trigger_does_not_touch_other_columns(
    request: pytest.FixtureRequest, app: AppFolder, backend: str, tables: str
) -> None:
    pg = backend == "postgresql"
    url = request.getfixturevalue("postgres_dsn") if pg else "@.Data"
    shop = Back.laid_out(app, backend, url)
    shop.start(PLAIN, ROWS)
    shop.store.do(TRIGGER[backend])
    shop.migrate(tables)
    assert [row["touched"] for row in shop.store.rows("users")] == [0, 0]
    shop.back()
    assert [row["touched"] for row in shop.store.rows("users")] == [0, 0]
    shop.store.do(["UPDATE users SET name = 'eve' WHERE id = 1"])
    assert sorted(row["touched"] for row in shop.store.rows("users")) == [0, 1]
