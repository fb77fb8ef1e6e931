"""Every difference of columns: made, and taken back, with their values."""

import pytest

from tests.postgres_pairs import there_and_back

T = "CREATE TABLE t (id integer PRIMARY KEY, {});"
ROWS = "INSERT INTO t (id) VALUES (1), (2);"


def t(columns: str, more: str = "") -> str:
    return T.format(columns) + more


SERIAL = "CREATE TABLE t (id serial PRIMARY KEY, n text); INSERT INTO t (n) VALUES ('a'), ('b');"
PLAIN = "CREATE TABLE t (id integer PRIMARY KEY, n text);" + ROWS
IDENTITY = (
    "CREATE TABLE t (id integer GENERATED {} AS IDENTITY {} PRIMARY KEY, n text);"
    "INSERT INTO t (n) VALUES ('a'), ('b');"
)
CASES = {
    "added": (
        t("a text", ROWS),
        t(
            "a text, b varchar(20) COLLATE \"C\" DEFAULT 'x' NOT NULL, c timestamptz(3)[],"
            " d numeric(10,2) DEFAULT 1.5, g integer GENERATED ALWAYS AS (id * 2) STORED,"
            " v text GENERATED ALWAYS AS (upper(a)) VIRTUAL, big text",
            "ALTER TABLE t ALTER big SET STORAGE EXTERNAL; COMMENT ON COLUMN t.b IS 'new'",
        ),
    ),
    "dropped": (
        t(
            "a text DEFAULT 'a', b varchar(20) COLLATE \"C\" DEFAULT 'x' NOT NULL,"
            " g integer GENERATED ALWAYS AS (length(b)) STORED, big text,"
            " n integer GENERATED ALWAYS AS IDENTITY (START WITH 7 INCREMENT BY 2)",
            ROWS + "CREATE INDEX i ON t (b, (lower(a))); ALTER TABLE t ADD CHECK (b IN ('x'));"
            "ALTER TABLE t ALTER big SET STORAGE EXTERNAL; ALTER TABLE t ALTER big SET"
            " COMPRESSION pglz; COMMENT ON COLUMN t.big IS 'big'; COMMENT ON INDEX i IS 'i';"
            "CREATE INDEX j ON t (g)",
        ),
        t("a text DEFAULT 'a'"),
    ),
    "identity come": (PLAIN, IDENTITY.format("ALWAYS", "")),
    "identity gone": (IDENTITY.format("ALWAYS", "(START WITH 5 INCREMENT BY 3)"), PLAIN),
    "identity by default": (
        IDENTITY.format("ALWAYS", ""),
        IDENTITY.format("BY DEFAULT", "(INCREMENT BY 5 MAXVALUE 900 CACHE 3 CYCLE)"),
    ),
    "identity options": (
        IDENTITY.format("ALWAYS", "(START WITH 10 MINVALUE 5 MAXVALUE 100 CYCLE)"),
        IDENTITY.format("ALWAYS", "(START WITH 200 MINVALUE 200)"),
    ),
    "identity name": (
        IDENTITY.format("ALWAYS", ""),
        IDENTITY.format("ALWAYS", "(SEQUENCE NAME numbers START WITH 3)"),
    ),
    "identity of another type": (
        IDENTITY.format("ALWAYS", ""),
        IDENTITY.format("ALWAYS", "").replace("id integer", "id bigint"),
    ),
    "identity with bounds of a wider type": (
        IDENTITY.format("ALWAYS", "(MAXVALUE 1000)"),
        IDENTITY.format("ALWAYS", "(MAXVALUE 9000000000)").replace("id integer", "id bigint"),
    ),
    "identity of an unused table": (
        "CREATE TABLE t (id bigint GENERATED ALWAYS AS IDENTITY)",
        "CREATE TABLE t (id bigint GENERATED ALWAYS AS IDENTITY (START 100 MINVALUE 100))",
    ),
    "identity where it may not be": (
        IDENTITY.format("ALWAYS", "") + "ALTER TABLE t ALTER id RESTART WITH 500;",
        IDENTITY.format("ALWAYS", "(MAXVALUE 100)").replace("integer", "smallint"),
    ),
    "serial where it may not be": (
        SERIAL + "SELECT setval('t_id_seq', 300)",
        SERIAL + "ALTER SEQUENCE t_id_seq MAXVALUE 50 START WITH 7",
    ),
    "identity to generated": (
        "CREATE TABLE t (k text, a int GENERATED ALWAYS AS IDENTITY, b serial, c int);"
        "INSERT INTO t (k, c) VALUES ('x', 1), ('y', 2); ALTER TABLE t ALTER a RESTART WITH 9",
        "CREATE TABLE t (k text, a int GENERATED ALWAYS AS (c + 1) STORED,"
        " b int GENERATED ALWAYS AS (c * 2) STORED, c int)",
    ),
    "serial come": (PLAIN, SERIAL),
    "serial gone": (SERIAL, PLAIN),
    "serial to identity": (SERIAL, IDENTITY.format("BY DEFAULT", "")),
    "identity to serial": (IDENTITY.format("ALWAYS", "(START 50 INCREMENT 2)"), SERIAL),
    "serial to bigserial": (SERIAL, SERIAL.replace("serial", "bigserial")),
    "serial to identity of another type": (
        SERIAL,
        IDENTITY.format("ALWAYS", "").replace("id integer", "id bigint"),
    ),
    "serial options": (
        SERIAL,
        SERIAL + "ALTER SEQUENCE t_id_seq INCREMENT BY 10 CACHE 5 MAXVALUE 5000",
    ),
    "collation": (
        t("a text, b varchar(9)", "INSERT INTO t VALUES (1, 'a', 'b'); CREATE INDEX i ON t (a)"),
        t('a text COLLATE "C", b varchar(9) COLLATE "POSIX"', "CREATE INDEX i ON t (a)"),
    ),
    "collation gone": (t('a text COLLATE "C"'), t("a text")),
    "attributes": (
        t(
            "a text, b text, c text",
            "ALTER TABLE t ALTER a SET STORAGE EXTERNAL;"
            "ALTER TABLE t ALTER b SET COMPRESSION pglz; ALTER TABLE t ALTER c SET STATISTICS 5",
        ),
        t(
            "a text, b text, c text",
            "ALTER TABLE t ALTER b SET STORAGE MAIN;"
            "ALTER TABLE t ALTER a SET STATISTICS 50; ALTER TABLE t ALTER c SET STATISTICS 7",
        ),
    ),
    "attributes of another type": (
        t(
            "a varchar(9), b text",
            "ALTER TABLE t ALTER a SET STORAGE EXTERNAL;ALTER TABLE t ALTER b SET STORAGE EXTERNAL",
        ),
        t(
            "a text, b varchar(9)",
            "ALTER TABLE t ALTER a SET STORAGE EXTERNAL;ALTER TABLE t ALTER b SET STORAGE MAIN",
        ),
    ),
    "defaults": (
        t("a text DEFAULT 'a', b integer, c timestamp DEFAULT now(), d integer DEFAULT 1"),
        t("a text DEFAULT upper('b'), b integer DEFAULT 1 + 2, c timestamp, d integer DEFAULT 1"),
    ),
    "defaults in lists": (
        t("a varchar(9) DEFAULT 'x'"),
        t("a varchar(9) DEFAULT (ARRAY['a'::varchar, 'b'])[1]"),
    ),
    "a default of another type": (
        t(
            "a text DEFAULT '7', b varchar(5) DEFAULT 'x', c integer DEFAULT 7",
            "INSERT INTO t (id) VALUES (1)",
        ),
        t("a integer DEFAULT 8, b text DEFAULT 'x', c text DEFAULT '7'"),
    ),
    "a default of an own sequence": (
        "CREATE SEQUENCE s;" + t("a integer DEFAULT nextval('s')"),
        "CREATE SEQUENCE s;" + t("a bigint DEFAULT nextval('s')"),
    ),
    "required": (
        t("a text, b text NOT NULL", "INSERT INTO t VALUES (1, 'a', 'b')"),
        t("a text NOT NULL, b text"),
    ),
    "types": (
        t(
            "a integer, b varchar(20), c timestamp, d numeric(10,2), e smallint, f real, g text,"
            " h integer[], i text[], j interval, k json, l boolean, m char(5), n inet, o date",
            "INSERT INTO t VALUES (1, 2, 'b', '2020-01-02 03:04:05', 1.5, 3, 0.5, '9', '{1,2}',"
            " '{3,4}', '1 day 2:03:04', '{\"a\": 1}', true, 'abc', '10.0.0.1', '2020-02-03')",
        ),
        t(
            "a bigint, b varchar(50), c timestamptz, d numeric(12,3), e integer,"
            " f double precision, g integer, h bigint[], i integer[], j interval(0), k jsonb,"
            " l text, m varchar(9),"
            " n text, o timestamp(0)"
        ),
    ),
    "types back": (
        t(
            "a bigint, b varchar(50), c timestamptz, d numeric(12,3), h bigint[], j interval,"
            " m text",
            "INSERT INTO t VALUES (1, 2, 'b', '2020-01-02 03:04:05', 1.5, '{1,2}', '1 day', 'abc')",
        ),
        t("a integer, b varchar(20), c timestamp, d numeric(10,2), h text, j text, m char(5)"),
    ),
    "generated expression": (
        t(
            "a integer, g integer GENERATED ALWAYS AS (a * 2) STORED,"
            " v integer GENERATED ALWAYS AS (a * 2) VIRTUAL",
            "INSERT INTO t VALUES (1, 4); CREATE INDEX i ON t (g); COMMENT ON COLUMN t.g IS 'g';"
            "ALTER TABLE t ALTER g SET STATISTICS 9",
        ),
        t(
            "a integer, g integer GENERATED ALWAYS AS (a * 3) STORED,"
            " v integer GENERATED ALWAYS AS (a * 3) VIRTUAL",
            "CREATE INDEX i ON t (g); COMMENT ON COLUMN t.g IS 'h'",
        ),
    ),
    "generated type": (
        t("a integer, g integer GENERATED ALWAYS AS (a * 2) STORED", "INSERT INTO t VALUES (1, 4)"),
        t("a integer, g bigint GENERATED ALWAYS AS (a * 2) VIRTUAL"),
    ),
    "generated no more": (
        t("a integer, g integer GENERATED ALWAYS AS (a * 2) STORED", "INSERT INTO t VALUES (1, 4)"),
        t("a integer, g integer"),
    ),
    "generated come": (
        t(
            "a integer, g integer DEFAULT 5",
            "INSERT INTO t VALUES (1, 4, 7); CREATE INDEX i ON"
            " t (g, a); COMMENT ON COLUMN t.g IS 'g'",
        ),
        t(
            "a integer, g integer GENERATED ALWAYS AS (a * 2) STORED",
            "CREATE INDEX i ON t (g, a); COMMENT ON COLUMN t.g IS 'g'",
        ),
    ),
    "virtual no more": (
        t("a integer, g integer GENERATED ALWAYS AS (a * 2) VIRTUAL"),
        t("a integer, g integer"),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_difference_is_made_and_taken_back(postgres_server: str, name: str) -> None:
    there_and_back(postgres_server, *CASES[name])


def test_a_default_that_gives_every_row_its_own_value_writes_the_table_anew(
    postgres_server: str,
) -> None:
    for call, anew in (("gen_random_uuid()", True), ("md5('a')::uuid", False)):
        desired = t(f"a text, u uuid DEFAULT {call}")
        steps = there_and_back(postgres_server, t("a text", ROWS), desired)
        assert any(h.kind == "rewrite" for step in steps for h in step.hazards) == anew
