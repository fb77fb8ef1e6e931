"""A named type gets another name: what names it is the same under the new one."""

from __future__ import annotations

from pathlib import Path

from tests.pairs.conftest import MakePlaces
from tests.pairs.trial import App

TABLES = """
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE DOMAIN short AS text CHECK (length(VALUE) < 9);
CREATE TABLE t (id int PRIMARY KEY, m mood DEFAULT 'ok', l mood[] DEFAULT '{ok}', s short,
  g boolean GENERATED ALWAYS AS (m = 'sad'::mood) STORED,
  CONSTRAINT c CHECK (m <> 'sad'::mood OR s = 'mood'::short),
  CONSTRAINT e EXCLUDE USING btree (id WITH =) WHERE (m = 'ok'::mood));
CREATE INDEX i ON t (id) WHERE m = 'ok'::mood;
CREATE INDEX j ON t ((m = 'ok'::mood));
INSERT INTO t (id, s) VALUES (1, 'mood');
"""


def test_nothing_else_changes(make_places: MakePlaces, tmp_path: Path) -> None:
    here, _ = make_places("postgresql", tmp_path)
    here.do(TABLES)
    app = App.over(here, tmp_path / "app")
    assert app.inspect(here).code == 0
    assert app.migrate("--auto-approve").code == 0
    before = here.catalog()
    (path,) = (app.folder / "models").iterdir()
    path.write_text(_renamed(path.read_text(encoding="utf-8")), encoding="utf-8")
    done = app.migrate("--auto-approve")
    assert "Migration complete (2 operation(s))" in done.out, done.said
    assert "Renamed type: mood → feeling" in done.out
    assert app.migrate("--check").code == 0
    assert "mood" not in "".join(here.catalog()).replace("'mood'", "")
    assert here.values()["t"]["s", "little"] == ["mood"]
    back = app.migrate("--rollback", "--auto-approve")
    assert back.code == 0, back.said
    assert here.catalog() == before


def _renamed(text: str) -> str:
    for old, new in (("mood", "feeling"), ("short", "little")):
        assert f"    {old}: {{" in text, text
        text = text.replace(f"    {old}: {{", f"    {new}: {{renamed_from: {old}, ")
        text = text.replace(f"::{old}", f"::{new}").replace(f"db_type: {old}", f"db_type: {new}")
        text = text.replace(f'db_type: "{old}', f'db_type: "{new}')
    return text


def test_a_check_that_is_written_otherwise_is_not_asked_under_the_new_name(
    make_places: MakePlaces, tmp_path: Path
) -> None:
    here, _ = make_places("postgresql", tmp_path)
    here.do(TABLES.replace("'mood'::short", "ANY (ARRAY['mood'::short, 'x'::short])"))
    app = App.over(here, tmp_path / "app")
    assert app.inspect(here).code == 0
    before = here.catalog()
    (path,) = (app.folder / "models").iterdir()
    path.write_text(_renamed(path.read_text(encoding="utf-8")), encoding="utf-8")
    done = app.migrate("--auto-approve")
    assert done.code == 0, done.said
    assert app.migrate("--check").code == 0
    back = app.migrate("--rollback", "--auto-approve")
    assert back.code == 0, back.said
    assert here.catalog() == before
