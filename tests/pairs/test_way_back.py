"""Rolled back, although somebody else has used what the migration made."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pairs.conftest import MakePlaces
from tests.pairs.trial import App


def test_a_new_schema_stays_for_what_others_have_put_there(
    make_places: MakePlaces, tmp_path: Path
) -> None:
    here, there = make_places("postgresql", tmp_path)
    there.do("CREATE SCHEMA app; CREATE TABLE app.t (id int)")
    app = App.over(here, tmp_path / "app")
    assert app.inspect(there).code == 0
    assert app.migrate("--auto-approve").code == 0
    here.do("CREATE TABLE app.theirs (id int)")
    back = app.migrate("--rollback", "--auto-approve")
    assert back.code == 0, back.said
    named = [entry.partition("\n")[0] for entry in here.catalog()]
    assert "Name: theirs; Type: TABLE; Schema: app" in named
    assert "Name: t; Type: TABLE; Schema: app" not in named


def test_a_value_that_cannot_go_again_is_said_before(
    make_places: MakePlaces, tmp_path: Path
) -> None:
    here, there = make_places("postgresql", tmp_path)
    function = "CREATE FUNCTION f(mood) RETURNS int LANGUAGE sql AS 'SELECT 1';"
    here.do(f"CREATE TYPE mood AS ENUM ('ok'); CREATE TABLE t (m mood); {function}")
    there.do(f"CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE TABLE t (m mood); {function}")
    app = App.over(here, tmp_path / "app")
    assert app.inspect(there).code == 0
    told = app.migrate("--dry-run")
    assert "function f(mood) uses type mood: --rollback will refuse this" in told.out, told.said
    assert app.migrate("--auto-approve").code == 0
    now = here.catalog()
    assert app.migrate("--rollback", "--auto-approve").code == 1
    assert here.catalog() == now


HOLDERS = {
    "type comp": "CREATE TYPE comp AS (x mood);",
    "type moods": "CREATE TYPE moods AS RANGE (subtype = mood);",
    "view fixed": "CREATE VIEW fixed AS SELECT 'ok'::mood AS m;",
    "function f(mood)": "CREATE FUNCTION f(mood) RETURNS int LANGUAGE sql AS 'SELECT 1';",
}


@pytest.mark.parametrize("later", [False, True])
@pytest.mark.parametrize("holder", HOLDERS)
def test_what_holds_a_type_is_named_where_it_cannot_go_back(
    make_places: MakePlaces, tmp_path: Path, holder: str, later: bool
) -> None:
    here, there = make_places("postgresql", tmp_path)
    here.do("CREATE TYPE mood AS ENUM ('ok'); CREATE TABLE t (m mood);")
    there.do("CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE TABLE t (m mood);")
    app = App.over(here, tmp_path / "app")
    assert app.inspect(there).code == 0
    if not later:
        here.do(HOLDERS[holder])
        told = app.migrate("--dry-run")
        assert f"{holder} uses type mood: --rollback will refuse this" in told.out, told.said
    done = app.migrate("--auto-approve")
    assert done.code == 0, done.said
    if later:
        here.do(HOLDERS[holder])
    now = here.catalog()
    back = app.migrate("--rollback", "--auto-approve")
    assert back.code == 1
    said = f"this cannot be taken back: type mood cannot be made anew: {holder} depends on it"
    assert said in back.said, back.said
    assert here.catalog() == now
    here.do(f"DROP {holder};")  # nothing else was in the way
    assert app.migrate("--rollback", "--auto-approve").code == 0
