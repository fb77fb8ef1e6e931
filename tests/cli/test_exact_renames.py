"""Exact tables whose names meet in one run: there, settled, and back again just as they were."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.cli.back import Back
from tests.cli.folder import AppFolder

EXACT = "  zMigrationExact: tables\n"
KEY = "  id: {type: int, pk: true, required: true}\n"


@dataclass(frozen=True)
class Case:
    """What is there, what is wanted, and the rows (of `t`, then of `u`) by then."""

    before: str
    after: str
    t: tuple[str, ...]
    u: tuple[str, ...] | None


U = f"u:\n{KEY}  t_id: {{type: int, foreign_key: t.id}}\n"
BEFORE = f"""\
t:
{KEY}  a: {{type: str, required: true, unique: true}}
  b: {{type: str, default: x}}
  c: int
  checks:
    - {{name: longer, expression: length(a) > length(b)}}
  indexes:
    - {{name: by_b, columns: [b], where: c > 1}}
{U}"""
CASES = {
    "swap": Case(
        BEFORE,
        f"""\
t:
{KEY}  b: {{type: str, required: true, unique: true, renamed_from: a}}
  a: {{type: str, default: x, renamed_from: b}}
  c: int
  checks:
    - {{name: longer, expression: length(b) > length(a)}}
  indexes:
    - {{name: by_b, columns: [a], where: c > 1}}
{U}""",
        ("1", "long", "b", "3"),
        ("1", "1"),
    ),
    "the name of what goes": Case(
        BEFORE,
        f"""\
t:
{KEY}  b: {{type: str, required: true, renamed_from: a}}
  c: int
{U}""",
        ("1", "long", "3"),
        ("1", "1"),
    ),
    "circle with a type": Case(
        BEFORE,
        f"""\
t:
{KEY}  b: {{type: str, required: true, renamed_from: a}}
  c: {{type: str, default: x, renamed_from: b}}
  a: {{type: str, renamed_from: c}}
{U}""",
        ("1", "long", "b", "3"),
        ("1", "1"),
    ),
    "tables": Case(
        BEFORE,
        f"""\
u:
  renamed_from: t
{KEY}  a: {{type: str, required: true}}
  b: {{type: str, default: x}}
  c: int
t:
  renamed_from: u
{KEY}  t_id: {{type: int, foreign_key: u.id}}
""",
        ("1", "1"),
        ("1", "long", "b", "3"),
    ),
}


@pytest.fixture(params=["sqlite", "postgresql"])
def shop(request: pytest.FixtureRequest, app: AppFolder) -> Back:
    pg = request.param == "postgresql"
    url = request.getfixturevalue("postgres_dsn") if pg else "@.Data"
    return Back.laid_out(app, request.param, url)


def values(shop: Back, table: str) -> list[tuple[str, ...]] | None:
    rows = shop.rows(table)
    return None if rows is None else [tuple(sorted(row)) for row in rows]


@pytest.mark.parametrize("name", CASES)
def test_there_and_back(shop: Back, name: str) -> None:
    case = CASES[name]
    shop.want(case.before, meta=EXACT)
    shop.migrate()
    shop.store.insert("t", [{"id": 1, "a": "long", "b": "b", "c": 3}])
    shop.store.insert("u", [{"id": 1, "t_id": 1}])
    before = values(shop, "t"), values(shop, "u"), shop.store.columns("t")
    text = shop.app.text(shop.file())
    for _ in range(2):
        shop.want(case.after, meta=EXACT)
        done = shop.migrate()
        assert values(shop, "t") == [tuple(sorted(case.t))], done.said
        assert values(shop, "u") == (case.u and [tuple(sorted(case.u))])
        check = shop.app.run("--check")
        assert check.code == 0, check.said
        shop.back()
        assert (values(shop, "t"), values(shop, "u")) == before[:2]
        assert sorted(shop.store.columns("t")) == sorted(before[2])
        assert shop.app.text(shop.file()) == text
        assert shop.app.run("--check").code == 0
