"""The examples of docs/data-facade.md, run on every store.

`expression  # gives value` must give that value, `expression  # raises words` an error with
these words.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.conformance.data_facade import USERS, column, table, tables
from tests.conformance.stores import begun, csv_store, postgresql_store, sqlite_store
from tests.docs.fences import ROOT, Fence, fences
from zmigration_api import MigrationError, Store

PAGE = ROOT / "docs" / "data-facade.md"
VISITS = table("visits", column("user_id", "int"), column("day", "date"), key="")


@pytest.fixture(params=["csv", "sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    match request.param:
        case "csv":
            opened = csv_store(tmp_path)
        case "sqlite":
            opened = sqlite_store(tmp_path)
        case _:
            opened = postgresql_store(request.getfixturevalue("postgres_dsn"))
    with begun(opened) as store:
        yield store


def run(fence: Fence, names: dict[str, Any]) -> int:
    """Run a block; how many promises it kept."""
    lines, kept = fence.text.splitlines(), 0
    for statement in ast.parse(fence.text).body:
        assert statement.end_lineno is not None
        _, _, promise = lines[statement.end_lineno - 1].partition("  # ")
        place = f"{PAGE.name}:{fence.line + statement.end_lineno - 1}"
        if not isinstance(statement, ast.Expr):
            code = compile(ast.Module([statement], []), place, "exec")
            exec(code, names)
            continue
        kind, _, text = promise.partition(" ")
        code = compile(ast.Expression(statement.value), place, "eval")
        if kind == "raises":
            with pytest.raises(MigrationError) as caught:
                eval(code, names)
            assert caught.value.message == text, place
        else:
            assert kind == "gives", place
            assert eval(code, names) == ast.literal_eval(text), place
        kept += 1
    return kept


def test_the_examples(store: Store) -> None:
    zcli = SimpleNamespace(data=tables(store, USERS, VISITS))
    names: dict[str, Any] = {"zcli": zcli}
    blocks = [fence for fence in fences(PAGE) if fence.language == "python"]
    assert sum(run(block, names) for block in blocks) > 20
