"""What is in the way of a change goes before it and comes back after it, whole, or is named."""

import pytest

from tests.postgres_catalog import catalog
from tests.postgres_pairs import Renames, pair, there_and_back
from zmigration_api import UnsupportedChange

T = (
    "CREATE TABLE t (id integer PRIMARY KEY, a {} NOT NULL, b integer DEFAULT 1, n varchar(20));"
    "COMMENT ON COLUMN t.a IS 'a';"
)
ROWS = "INSERT INTO t VALUES (1, 10, 2, 'x'), (2, 20, 3, NULL);"
OVER = (
    "ALTER TABLE t ADD g integer GENERATED ALWAYS AS (a + 1) STORED;"
    "CREATE INDEX ig ON t (g, b) WITH (fillfactor=50); COMMENT ON INDEX ig IS 'ig';"
    "ALTER TABLE t ADD CONSTRAINT cg CHECK (g > 0); COMMENT ON CONSTRAINT cg ON t IS 'cg';"
    "COMMENT ON COLUMN t.g IS 'g'; ALTER TABLE t ALTER g SET STATISTICS 7;"
    "ALTER TABLE t ADD CONSTRAINT ck CHECK (a > 0 AND b IN (1, 2, 3)) NOT VALID;"
    "COMMENT ON CONSTRAINT ck ON t IS 'ck';"
    "ALTER TABLE t ADD CONSTRAINT uq UNIQUE (a); ALTER INDEX uq SET (fillfactor=70);"
    "ALTER TABLE t CLUSTER ON uq; ALTER TABLE t REPLICA IDENTITY USING INDEX uq;"
    "CREATE INDEX ie ON t ((a * 2), n) WHERE a > 5; CREATE INDEX ip ON t (a DESC);"
    "CREATE TABLE c (a {} REFERENCES t (a) ON DELETE CASCADE);"
    "COMMENT ON CONSTRAINT c_a_fkey ON c IS 'fk';"
    "CREATE VIEW v WITH (security_barrier) AS SELECT a, g FROM t WHERE a > 1;"
    "CREATE VIEW w AS SELECT v.g, c.a FROM v JOIN c USING (a);"
    "CREATE MATERIALIZED VIEW m AS SELECT sum(g) AS s FROM w; CREATE INDEX im ON m (s);"
    "COMMENT ON INDEX im IS 'im'; COMMENT ON MATERIALIZED VIEW m IS 'm';"
    "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
    "CREATE TRIGGER tr AFTER UPDATE OF a ON t FOR EACH ROW WHEN (old.a > 1) EXECUTE FUNCTION f();"
    "ALTER TABLE t ENABLE ALWAYS TRIGGER tr;"
    "CREATE POLICY po ON t AS RESTRICTIVE FOR UPDATE TO PUBLIC USING (a > 0) WITH CHECK (a > 1);"
    "COMMENT ON POLICY po ON t IS 'po';"
)
SMALL = (
    "ALTER TABLE t ADD g integer GENERATED ALWAYS AS (a + 1) STORED; CREATE INDEX ig ON t (g);"
    "ALTER TABLE t ADD CONSTRAINT ck CHECK (a > 0); CREATE INDEX ie ON t ((a * 2)) WHERE a > 5;"
    "CREATE TRIGGER tr BEFORE UPDATE OF a ON t FOR EACH ROW WHEN (old.a > 1)"
    " EXECUTE FUNCTION suppress_redundant_updates_trigger();"
    "CREATE POLICY po ON t USING (a > 0);"
    "CREATE TABLE c (a {} PRIMARY KEY); ALTER TABLE t ADD CONSTRAINT fk FOREIGN KEY (a)"
    " REFERENCES c (a);"
)
CASES: dict[str, tuple[str, str, Renames | None]] = {
    "a wider number below everything": (
        T.format("integer") + ROWS + OVER.format("integer"),
        T.format("bigint") + OVER.format("bigint"),
        None,
    ),
    "a text below everything": (
        T.format("varchar(9)")
        + ROWS
        + OVER.replace("a >", "a::int >")
        .replace("a +", "a::int +")
        .replace("a *", "a::int *")
        .format("varchar(9)"),
        T.format("text")
        + OVER.replace("a >", "a::int >")
        .replace("a +", "a::int +")
        .replace("a *", "a::int *")
        .format("text"),
        None,
    ),
    "renamed at the same time": (
        T.format("integer") + SMALL.format("integer"),
        (T.format("bigint") + SMALL.format("bigint"))
        .replace("TABLE t", "TABLE u")
        .replace("ON t ", "ON u ")
        .replace("u ADD", "u ADD")
        .replace("COLUMN t.a", 'COLUMN u."A"')
        .replace("(id integer PRIMARY KEY, a ", '(id integer CONSTRAINT t_pkey PRIMARY KEY, "A" ')
        .replace("(a + 1)", '("A" + 1)')
        .replace("(a > 0)", '("A" > 0)')
        .replace("((a * 2)) WHERE a", '(("A" * 2)) WHERE "A"')
        .replace("OF a ON", 'OF "A" ON')
        .replace("old.a", 'old."A"')
        .replace("FOREIGN KEY (a)", 'FOREIGN KEY ("A")'),
        {"u": "t", "u.A": "a"},
    ),
    "a generated column and what it is computed from": (
        T.format("integer") + ROWS + "ALTER TABLE t ADD g integer GENERATED ALWAYS AS (a + 1)"
        " STORED; CREATE INDEX i ON t (g, a)",
        T.format("bigint") + "ALTER TABLE t ADD g bigint GENERATED ALWAYS AS (a + 2) STORED;"
        "CREATE INDEX i ON t (g, a)",
        None,
    ),
    "a generated column goes and another comes": (
        T.format("integer") + ROWS + "ALTER TABLE t ADD g integer GENERATED ALWAYS AS (a + 1)"
        " STORED; CREATE INDEX i ON t (g)",
        T.format("bigint") + "ALTER TABLE t ADD h bigint GENERATED ALWAYS AS (a + 2) STORED",
        None,
    ),
    "a generated column becomes plain": (
        T.format("integer") + ROWS + "ALTER TABLE t ADD g integer GENERATED ALWAYS AS (a + 1)"
        " STORED; CREATE INDEX i ON t (g)",
        T.format("bigint") + "ALTER TABLE t ADD g integer; CREATE INDEX i ON t (g)",
        None,
    ),
    "a generated column and its source go": (
        T.format("integer") + ROWS + "ALTER TABLE t ADD g integer GENERATED ALWAYS AS (a + 1)"
        " STORED; CREATE INDEX i ON t (g)",
        "CREATE TABLE t (id integer PRIMARY KEY, b integer DEFAULT 1, n varchar(20))",
        None,
    ),
    "a generated column leaves a column that goes": (
        T.format("integer") + ROWS + "ALTER TABLE t ADD g integer GENERATED ALWAYS AS (a + b)"
        " STORED; CREATE INDEX i ON t (g)",
        "CREATE TABLE t (id integer PRIMARY KEY, b integer DEFAULT 1, n varchar(20),"
        " g integer GENERATED ALWAYS AS (b + 1) STORED); CREATE INDEX i ON t (g)",
        None,
    ),
    "both ends of a key to itself": (
        "CREATE TABLE t (id integer PRIMARY KEY, up integer REFERENCES t NOT VALID)".replace(
            " NOT VALID", ""
        )
        + "; INSERT INTO t VALUES (1, 1)",
        "CREATE TABLE t (id text PRIMARY KEY, up text REFERENCES t)",
        None,
    ),
    "a key that changes with its table's columns": (
        "CREATE TABLE p (a integer, b integer, PRIMARY KEY (a, b));"
        "CREATE TABLE c (a integer, b integer, FOREIGN KEY (a, b) REFERENCES p);"
        "INSERT INTO p VALUES (1, 2); INSERT INTO c VALUES (1, 2)",
        "CREATE TABLE p (a integer, b integer, PRIMARY KEY (b, a));"
        "CREATE TABLE c (a integer, b integer, FOREIGN KEY (a, b) REFERENCES p (a, b))",
        None,
    ),
    "only a measure": (
        T.format("varchar(9)") + ROWS + "CREATE INDEX i ON t ((a || 'x')) WHERE a IN ('1', '2');"
        "CREATE VIEW v AS SELECT a FROM t",
        T.format("varchar(19)") + "CREATE INDEX i ON t ((a || 'x')) WHERE a IN ('1', '2');"
        "CREATE VIEW v AS SELECT a FROM t",
        None,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_change_below_other_things(postgres_server: str, name: str) -> None:
    there_and_back(postgres_server, *CASES[name])


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ("CREATE VIEW v AS SELECT a FROM t; ALTER VIEW v ALTER a SET DEFAULT 1", "defaults"),
        (
            "CREATE VIEW v AS SELECT a FROM t; CREATE RULE r AS ON INSERT TO v DO INSTEAD NOTHING",
            "rules",
        ),
        ("CREATE VIEW v AS SELECT a FROM t; GRANT SELECT (a) ON v TO PUBLIC", "grants on columns"),
        ("CREATE RULE r AS ON UPDATE TO t WHERE new.a > 1 DO ALSO NOTHING", "depends on it"),
        (
            "CREATE FUNCTION f() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT a FROM t; END",
            r"function f\(\)",
        ),
    ],
)
def test_what_cannot_be_made_again_is_named(postgres_server: str, more: str, named: str) -> None:
    current, desired = T.format("integer") + more, T.format("bigint")
    with (
        pair(postgres_server, current, desired) as both,
        pytest.raises(UnsupportedChange, match=named),
    ):
        both.planned()


def test_triggers_that_go_and_come_are_not_switched_on_the_way_back(postgres_server: str) -> None:
    trigger = (
        "CREATE TRIGGER tr BEFORE UPDATE ON t FOR EACH ROW WHEN (old.a IS DISTINCT FROM new.a)"
        " EXECUTE FUNCTION suppress_redundant_updates_trigger(); ALTER TABLE t ENABLE ALWAYS"
        " TRIGGER tr"
    )
    first, second = T.format("integer") + ROWS + trigger, T.format("numeric") + trigger
    with pair(postgres_server, first, second) as both:
        before, steps = catalog(both.server), both.planned()
        both.run(steps)
        back = tuple(step.inverse() for step in reversed(steps))
        both.run(both.store.fitted(back, force=False))
        both.forget()
        assert catalog(both.server) == before
        assert both.rows("SELECT a FROM t ORDER BY id") == [(10,), (20,)]
