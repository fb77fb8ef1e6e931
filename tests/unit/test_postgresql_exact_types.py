"""Every difference of enumerations and domains: made, and taken back, with the rows."""

import pytest

from tests.postgres_pairs import Renames, pair, statements, there_and_back
from zmigration_api import StepFailed, UnsupportedChange
from zmigration_sql import literal

MOOD = "CREATE TYPE mood AS ENUM ('sad', 'ok', 'glad');"
T = (
    "CREATE TABLE t (id integer PRIMARY KEY, m mood DEFAULT 'ok' NOT NULL, l mood[],"
    " n text, CONSTRAINT k CHECK (m <> 'sad' OR n IS NOT NULL));"
    "CREATE INDEX i ON t (m); CREATE INDEX j ON t (id) WHERE m = 'ok';"
)
ROWS = "INSERT INTO t VALUES (1, 'ok', '{glad,ok}', 'a'), (2, 'glad', NULL, NULL);"
DOMAIN = "CREATE DOMAIN short AS {}; CREATE TABLE t (id integer PRIMARY KEY, s short, l short[]);"
S_ROWS = "INSERT INTO t VALUES (1, 'a', '{a}'), (2, 'bb', NULL), (3, NULL, NULL);"


def mood(*values: str) -> str:
    listed = ", ".join(literal(value) for value in values)
    return f"CREATE TYPE mood AS ENUM ({listed});"


CASES: dict[str, tuple[str, str, Renames | None]] = {
    "come": ("", MOOD + T + "COMMENT ON TYPE mood IS 'how'", None),
    "gone": (MOOD + T + ROWS + "COMMENT ON TYPE mood IS 'how'", "", None),
    "column gone": (
        MOOD + T + ROWS,
        "CREATE TABLE t (id integer PRIMARY KEY, n text)",
        None,
    ),
    "value at the end": (MOOD + T + ROWS, mood("sad", "ok", "glad", "it's") + T, None),
    "values placed": (
        MOOD + T + ROWS,
        mood("first", "sad", "so", "lala", "ok", "glad", "last") + T,
        None,
    ),
    "value gone": (mood("sad", "ok", "meh", "glad") + T + ROWS, MOOD + T, None),
    "other order": (MOOD + T + ROWS, mood("glad", "ok", "sad") + T, None),
    "value used at once": (
        MOOD + T + ROWS,
        mood("sad", "ok", "glad", "new") + T.replace("DEFAULT 'ok'", "DEFAULT 'new'"),
        None,
    ),
    "default that goes": (
        mood("sad", "ok", "glad", "old") + T.replace("DEFAULT 'ok'", "DEFAULT 'old'") + ROWS,
        MOOD + T,
        None,
    ),
    "renamed": (
        MOOD + T + ROWS,
        MOOD.replace("mood", "feeling") + T.replace("mood", "feeling"),
        {"type feeling": "mood"},
    ),
    "renamed with its column and table": (
        MOOD + T + ROWS,
        mood("ok", "sad", "glad").replace("mood", "feeling")
        + T.replace("mood", "feeling")
        .replace("TABLE t", "TABLE u")
        .replace("ON t", "ON u")
        .replace("m feeling", '"M" feeling')
        .replace("(m <>", '("M" <>')
        .replace("(m)", '("M")')
        .replace("m =", '"M" ='),
        {"type feeling": "mood", "u": "t", "u.M": "m"},
    ),
    "from text": (
        "CREATE TABLE t (id integer PRIMARY KEY, m text DEFAULT 'ok' NOT NULL);"
        "INSERT INTO t VALUES (1, 'ok')",
        MOOD + "CREATE TABLE t (id integer PRIMARY KEY, m mood DEFAULT 'ok' NOT NULL)",
        None,
    ),
    "to text": (
        MOOD + "CREATE TABLE t (id integer PRIMARY KEY, m mood DEFAULT 'ok' NOT NULL);"
        "INSERT INTO t VALUES (1, 'ok')",
        "CREATE TABLE t (id integer PRIMARY KEY, m text DEFAULT 'ok' NOT NULL)",
        None,
    ),
    "left by a column and short of a value": (
        mood("sad", "ok", "glad", "old")
        + "CREATE TABLE t (id integer PRIMARY KEY, m mood, n mood);"
        "INSERT INTO t VALUES (1, 'old', 'ok')",
        MOOD + "CREATE TABLE t (id integer PRIMARY KEY, m text, n mood)",
        None,
    ),
    "below a view, a generated column, a policy and a trigger": (
        MOOD + T + ROWS + "CREATE TABLE r (m mood);"
        "ALTER TABLE t ADD g text GENERATED ALWAYS AS (CASE m WHEN 'ok' THEN 'x' END) STORED;"
        "CREATE INDEX ig ON t (g); COMMENT ON COLUMN t.g IS 'g';"
        "CREATE VIEW v AS SELECT m FROM t WHERE m = 'ok'; CREATE VIEW w AS SELECT m FROM v;"
        "COMMENT ON VIEW v IS 'v'; COMMENT ON COLUMN v.m IS 'm'; GRANT SELECT ON v TO PUBLIC;"
        "CREATE MATERIALIZED VIEW x AS SELECT m, count(*) AS c FROM v GROUP BY m;"
        "CREATE UNIQUE INDEX ix ON x (m); CREATE POLICY p ON t USING (m = 'ok');"
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
        "CREATE TRIGGER g BEFORE UPDATE OF m ON t FOR EACH ROW WHEN (new.m = 'ok')"
        " EXECUTE FUNCTION f(); ALTER TABLE t DISABLE TRIGGER g; COMMENT ON TRIGGER g ON t IS 'g'",
        mood("ok", "glad", "sad") + T + "CREATE TABLE r (m mood);"
        "ALTER TABLE t ADD g text GENERATED ALWAYS AS (CASE m WHEN 'ok' THEN 'x' END) STORED;"
        "CREATE INDEX ig ON t (g); COMMENT ON COLUMN t.g IS 'g';"
        "CREATE VIEW v AS SELECT m FROM t WHERE m = 'ok'; CREATE VIEW w AS SELECT m FROM v;"
        "COMMENT ON VIEW v IS 'v'; COMMENT ON COLUMN v.m IS 'm'; GRANT SELECT ON v TO PUBLIC;"
        "CREATE MATERIALIZED VIEW x AS SELECT m, count(*) AS c FROM v GROUP BY m;"
        "CREATE UNIQUE INDEX ix ON x (m); CREATE POLICY p ON t USING (m = 'ok');"
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
        "CREATE TRIGGER g BEFORE UPDATE OF m ON t FOR EACH ROW WHEN (new.m = 'ok')"
        " EXECUTE FUNCTION f(); ALTER TABLE t DISABLE TRIGGER g; COMMENT ON TRIGGER g ON t IS 'g'",
        None,
    ),
    "at both ends of a foreign key": (
        MOOD + "CREATE TABLE p (m mood PRIMARY KEY); CREATE TABLE c (m mood REFERENCES p);"
        "INSERT INTO p VALUES ('ok'); INSERT INTO c VALUES ('ok')",
        mood("ok", "sad")
        + "CREATE TABLE p (m mood PRIMARY KEY); CREATE TABLE c (m mood REFERENCES p)",
        None,
    ),
    "domain come": ("", DOMAIN.format("text CHECK (value <> '')"), None),
    "domain gone": (DOMAIN.format("text CHECK (value <> '')") + S_ROWS, "", None),
    "domain otherwise": (
        DOMAIN.format("text DEFAULT 'x' CONSTRAINT a CHECK (value <> '')") + S_ROWS,
        DOMAIN.format(
            "text DEFAULT 'y' CONSTRAINT a CHECK (value <> ' ') CONSTRAINT b"
            " CHECK (value IN ('a', 'bb'))"
        ),
        None,
    ),
    "domain required": (
        DOMAIN.format("text") + "INSERT INTO t VALUES (1, 'a', '{a}')",
        DOMAIN.format("text NOT NULL DEFAULT 'a'"),
        None,
    ),
    "domain of another type": (
        DOMAIN.format("text CHECK (value <> '')") + S_ROWS,
        DOMAIN.format("varchar(5) COLLATE \"C\" CHECK (value <> '')"),
        None,
    ),
    "domain over a domain gone": (
        "CREATE DOMAIN d AS text; CREATE DOMAIN e AS d CHECK (value <> ''); CREATE TABLE t (e e);",
        "",
        None,
    ),
    "domain over an enumeration": (
        "",
        MOOD + "CREATE DOMAIN d AS mood CHECK (value <> 'sad'); CREATE TABLE t (d d);",
        None,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_difference_is_made_and_taken_back(postgres_server: str, name: str) -> None:
    current, desired, renames = CASES[name]
    there_and_back(postgres_server, current, desired, renames)


def test_a_value_in_rows_does_not_go(postgres_server: str) -> None:
    current = mood("sad", "ok", "glad", "old") + T + ROWS + "UPDATE t SET m = 'old' WHERE id = 1"
    with pair(postgres_server, current, MOOD + T) as both:
        steps = both.planned()
        with pytest.raises(StepFailed, match=r"t\.m has 1 rows with 'old', which mood has no more"):
            both.run(steps)


def test_a_value_that_was_written_since_does_not_go_on_the_way_back(postgres_server: str) -> None:
    wanted = mood("sad", "ok", "glad", "new") + T
    with pair(postgres_server, MOOD + T + ROWS, wanted) as both:
        steps = both.planned()
        assert statements(steps) == ["ALTER TYPE mood ADD VALUE 'new';"]
        assert not steps[0].hazards
        both.run(steps)
        both.server.execute("UPDATE t SET l = '{new,ok}' WHERE id = 1")
        with pytest.raises(StepFailed, match=r"t\.l has 1 rows with 'new'"):
            both.back(steps)
        both.server.execute("UPDATE t SET l = NULL WHERE id = 1")
        both.back(steps)
        assert both.rows("SELECT m::text FROM t ORDER BY id") == [("ok",), ("glad",)]


def test_what_has_the_type_and_cannot_move_is_named(postgres_server: str) -> None:
    function = "CREATE FUNCTION f(m mood) RETURNS int LANGUAGE sql AS 'SELECT 1';"
    wanted = mood("ok", "glad", "sad") + T
    with (
        pair(postgres_server, MOOD + T + function, wanted) as both,
        pytest.raises(UnsupportedChange, match=r"function f\(mood\) depends on it"),
    ):
        both.planned()


def test_values_that_a_domain_would_make_others_of_are_refused(postgres_server: str) -> None:
    current = DOMAIN.format("numeric") + "INSERT INTO t VALUES (1, 1.25)"
    with (
        pair(postgres_server, current, DOMAIN.format("numeric(9,1)")) as both,
        pytest.raises(StepFailed, match=r"t\.s has 1 rows that numeric\(9,1\) would make"),
    ):
        both.run(both.planned())
