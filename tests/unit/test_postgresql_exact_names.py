"""Tables of other schemas, and names that must be quoted: the same changes as for any other."""

import pytest

from tests.postgres_pairs import Renames, pair, there_and_back

S = 'CREATE SCHEMA "My app"; CREATE SCHEMA b;'
HOSTILE = ('"Order; DROP TABLE x; --"', '"a.b"', '"it\'s ""quoted"" %s"', '"select"', "größe")
ROWS = "INSERT INTO {t} VALUES (1, 'x', 5); INSERT INTO {u} (t_id) VALUES (1);"
FIRST = (
    "CREATE TYPE {y} AS ENUM ('x', 'y');"
    "CREATE TABLE {t} (id integer PRIMARY KEY, {c} {y} DEFAULT 'x' NOT NULL, n integer,"
    " g integer GENERATED ALWAYS AS (n * 2) STORED, CONSTRAINT {k} CHECK ({c} <> 'y' OR n > 0));"
    "CREATE TABLE {u} (id serial PRIMARY KEY, t_id integer CONSTRAINT {f} REFERENCES {t});"
    "CREATE INDEX {i} ON {t} (n) WHERE {c} = 'x'; COMMENT ON TABLE {t} IS 't';"
    "COMMENT ON CONSTRAINT {k} ON {t} IS 'k';"
)
SECOND = (
    "CREATE TYPE {y} AS ENUM ('y', 'x');"
    "CREATE TABLE {t} (id bigint PRIMARY KEY, {c} {y} DEFAULT 'y' NOT NULL, n bigint,"
    " g integer GENERATED ALWAYS AS (n * 3) STORED, CONSTRAINT {k} CHECK ({c} <> 'y' OR n > 1));"
    "CREATE TABLE {u} (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,"
    " t_id bigint CONSTRAINT {f} REFERENCES {t} ON DELETE CASCADE);"
    "CREATE INDEX {i} ON {t} (n DESC); COMMENT ON COLUMN {t}.{c} IS 'c';"
    "COMMENT ON CONSTRAINT {f} ON {u} IS 'f';"
)


def named(text: str, **names: str) -> str:
    usual = {"t": "t", "u": "u", "y": "y", "c": "c", "k": "k", "f": "f", "i": "i"}
    return text.format(**(usual | names))


@pytest.mark.parametrize(
    ("t", "u", "y"),
    [
        ('"My app".t', "b.u", '"My app".y'),
        ("b.t", "u", "y"),
        ("t", 'b."A.u"', "b.y"),
        ('b."T"', 'b."U"', 'b."Y"'),
    ],
)
def test_tables_of_other_schemas(postgres_server: str, t: str, u: str, y: str) -> None:
    names = {"t": t, "u": u, "y": y}
    first = S + named(FIRST, **names)
    there_and_back(postgres_server, first + ROWS.format(**names), S + named(SECOND, **names))
    there_and_back(postgres_server, first + ROWS.format(**names), S)
    there_and_back(postgres_server, S, first)


@pytest.mark.parametrize("name", HOSTILE)
def test_names_that_must_be_quoted(postgres_server: str, name: str) -> None:
    names = {key: name for key in "tyckfi"} | {"y": '"Y;"', "i": '"I;"'}
    first, second = named(FIRST, **names), named(SECOND, **names)
    there_and_back(postgres_server, first + ROWS.format(t=name, u="u"), second)


def test_a_table_goes_into_another_schema(postgres_server: str) -> None:
    first = S + named(FIRST) + ROWS.format(t="t", u="u")
    second = S + named(FIRST, t='b."T"') + 'ALTER TABLE b."T" RENAME CONSTRAINT "T_pkey" TO t_pkey'
    renames: Renames = {"b.T": "t"}
    there_and_back(postgres_server, first, second, renames)


def test_rows_stay_with_tables_of_other_schemas(postgres_server: str) -> None:
    names = {"t": '"My app".t', "u": "b.u", "y": '"My app".y'}
    first, second = S + named(FIRST, **names), S + named(SECOND, **names)
    with pair(postgres_server, first + ROWS.format(**names), second) as both:
        steps = both.planned()
        both.run(steps)
        both.server.execute("INSERT INTO b.u (t_id) VALUES (1)")
        assert both.rows('SELECT id, c::text, n, g FROM "My app".t') == [(1, "x", 5, 15)]
        assert both.rows("SELECT id FROM b.u ORDER BY id") == [(1,), (2,)]
        both.back(steps)
        both.server.execute("INSERT INTO b.u (t_id) VALUES (1)")
        assert both.rows("SELECT id, t_id FROM b.u ORDER BY id") == [(1, 1), (2, 1), (3, 1)]


def test_archives_have_names_that_every_store_spells_so(postgres_server: str) -> None:
    first = 'CREATE TABLE "Users" (a integer); INSERT INTO "Users" VALUES (1);'
    with pair(postgres_server, first + "CREATE TABLE users (a integer)", "") as both:
        steps = both.planned()
        names = [step.keeps.name for step in steps if step.keeps]
        assert len(set(names)) == 2
        assert names == [both.store.spell(name) for name in names]
        both.run(steps)
        both.back(steps)
        assert both.rows('SELECT a FROM "Users"') == [(1,)]
