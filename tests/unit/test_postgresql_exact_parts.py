"""Every difference of indexes, constraints, options and comments: made, and taken back."""

import pytest

from tests.postgres_pairs import statements, there_and_back

T = "CREATE TABLE t (id integer PRIMARY KEY, a integer NOT NULL, b integer, name text, u text);"
P = "CREATE TABLE p (id integer PRIMARY KEY, code integer UNIQUE);"
C = "CREATE TABLE c (id integer PRIMARY KEY, p_id integer, q_id integer);"
FK = "ALTER TABLE c ADD CONSTRAINT fk FOREIGN KEY (p_id) REFERENCES p (id)"
CASES = {
    "index": (T, T + "CREATE INDEX i ON t (a)"),
    "index expression": (
        T + "CREATE INDEX i ON t (lower(name))",
        T + "CREATE INDEX i ON t (upper(name) text_pattern_ops, a DESC NULLS LAST)",
    ),
    "index name": (T + "CREATE INDEX i ON t (a)", T + 'CREATE INDEX "New i" ON t (a)'),
    "index method": (
        T + "CREATE INDEX i ON t (a)",
        T + "CREATE INDEX i ON t USING hash (a) WITH (fillfactor=60) WHERE b IN (1, 2)",
    ),
    "index include": (
        T + "CREATE INDEX i ON t (a); COMMENT ON INDEX i IS 'one'",
        T + "CREATE INDEX i ON t (a) INCLUDE (b); COMMENT ON INDEX i IS 'two'",
    ),
    "index collation": (
        T + "CREATE INDEX i ON t (name)",
        T + 'CREATE INDEX i ON t (name COLLATE "C")',
    ),
    "unique index": (
        T + "CREATE INDEX i ON t (a)",
        T + "CREATE UNIQUE INDEX i ON t (a) NULLS NOT DISTINCT",
    ),
    "unique index to constraint": (
        T + "CREATE UNIQUE INDEX i ON t (a)",
        T + "ALTER TABLE t ADD CONSTRAINT i UNIQUE (a)",
    ),
    "unique constraint": (
        T + "ALTER TABLE t ADD CONSTRAINT k UNIQUE (a)",
        T + "ALTER TABLE t ADD CONSTRAINT k UNIQUE NULLS NOT DISTINCT (a, b) INCLUDE (u)",
    ),
    "unique constraint name": (
        T + "ALTER TABLE t ADD CONSTRAINT k UNIQUE (a)",
        T + "ALTER TABLE t ADD CONSTRAINT l UNIQUE (a); COMMENT ON CONSTRAINT l ON t IS 'x'",
    ),
    "unique constraint deferrable": (
        T + "ALTER TABLE t ADD CONSTRAINT k UNIQUE (a)",
        T + "ALTER TABLE t ADD CONSTRAINT k UNIQUE (a) DEFERRABLE INITIALLY DEFERRED",
    ),
    "primary key gone": (T, T.replace(" PRIMARY KEY", "")),
    "primary key come": (T.replace(" PRIMARY KEY", ""), T),
    "primary key other": (
        T,
        "CREATE TABLE t (id integer, a integer NOT NULL, b integer, name text, u text,"
        " CONSTRAINT k PRIMARY KEY (a, id) INCLUDE (b) DEFERRABLE)",
    ),
    "key options": (
        T.replace("KEY", "KEY WITH (fillfactor=70, deduplicate_items=off)")
        + "ALTER TABLE t ADD CONSTRAINT k UNIQUE (a) WITH (fillfactor=60);"
        "CREATE TABLE d (d tsrange, CONSTRAINT e EXCLUDE USING gist (d WITH &&))",
        T.replace("KEY", "KEY WITH (deduplicate_items=off)")
        + "ALTER TABLE t ADD CONSTRAINT k UNIQUE (a) WITH (fillfactor=50);"
        "CREATE TABLE d (d tsrange, CONSTRAINT e EXCLUDE USING gist (d WITH &&)"
        " WITH (buffering=off)); COMMENT ON INDEX e IS 'x'; COMMENT ON INDEX k IS 'y'",
    ),
    "key with options": (
        T,
        T + "ALTER TABLE t ADD CONSTRAINT k UNIQUE NULLS NOT DISTINCT (a) INCLUDE (b)"
        " WITH (fillfactor=60) DEFERRABLE; COMMENT ON INDEX k IS 'y'",
    ),
    "key with options gone": (
        T + "ALTER TABLE t ADD CONSTRAINT k UNIQUE (a) WITH (fillfactor=60);"
        "COMMENT ON INDEX k IS 'y'; COMMENT ON CONSTRAINT k ON t IS 'z'",
        T,
    ),
    "check": (
        T + "ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0 AND b IN (1, 2))",
        T + "ALTER TABLE t ADD CONSTRAINT k CHECK (u IN ('a', 'b') OR b > 0) NO INHERIT",
    ),
    "check name": (
        T + "ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0)",
        T + "ALTER TABLE t ADD CONSTRAINT l CHECK (a > 0)",
    ),
    "check validated": (
        T + "ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0) NOT VALID;"
        "COMMENT ON CONSTRAINT k ON t IS 'one'",
        T + "ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0); COMMENT ON CONSTRAINT k ON t IS 'two'",
    ),
    "check no more valid": (
        T + "ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0)",
        T + "ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0) NOT VALID",
    ),
    "foreign key": (P + C, P + C + FK + " MATCH FULL ON DELETE CASCADE ON UPDATE SET NULL"),
    "foreign key gone": (P + C + FK + " ON DELETE SET NULL (p_id)", P + C),
    "foreign key deferred": (P + C + FK, P + C + FK + " DEFERRABLE INITIALLY DEFERRED"),
    "foreign key validated": (
        P + C + FK + " DEFERRABLE NOT VALID; COMMENT ON CONSTRAINT fk ON c IS 'one'",
        P + C + FK,
    ),
    "foreign key no more valid": (P + C + FK, P + C + FK + " NOT VALID"),
    "foreign key elsewhere": (
        P + C + FK,
        P + C + "ALTER TABLE c ADD CONSTRAINT fk FOREIGN KEY (p_id) REFERENCES p (code)",
    ),
    "key below a foreign key": (
        P + C + FK + "; COMMENT ON CONSTRAINT fk ON c IS 'kept'",
        "CREATE TABLE p (id integer, code integer UNIQUE, CONSTRAINT k PRIMARY KEY (id)"
        " INCLUDE (code));" + C + FK + "; COMMENT ON CONSTRAINT fk ON c IS 'kept'",
    ),
    "exclusion": (
        "CREATE TABLE t (d tsrange, n int)",
        "CREATE TABLE t (d tsrange, n int, CONSTRAINT e EXCLUDE USING gist (d WITH &&)"
        " WHERE (n > 1) DEFERRABLE); COMMENT ON CONSTRAINT e ON t IS 'x'",
    ),
    "exclusion other": (
        "CREATE TABLE t (d tsrange, n int, CONSTRAINT e EXCLUDE USING gist (d WITH &&))",
        "CREATE TABLE t (d tsrange, n int, CONSTRAINT e EXCLUDE USING gist (d WITH =))",
    ),
    "options": (
        T + "ALTER TABLE t SET (fillfactor=70, autovacuum_enabled=off)",
        T + "ALTER TABLE t SET (fillfactor=80, toast.autovacuum_enabled=off)",
    ),
    "unlogged": (T, T.replace("CREATE", "CREATE UNLOGGED")),
    "logged": (T.replace("CREATE", "CREATE UNLOGGED"), T),
    "comments": (
        T + "COMMENT ON TABLE t IS 'x'; COMMENT ON COLUMN t.a IS 'a'",
        T + "COMMENT ON COLUMN t.a IS 'it''s \\n'; COMMENT ON CONSTRAINT t_pkey ON t IS 'key';"
        "COMMENT ON COLUMN t.b IS 'b'",
    ),
    "table": (P, P + C + FK + "; COMMENT ON TABLE c IS 'x'; COMMENT ON CONSTRAINT fk ON c IS 'y'"),
    "names that change places": (
        T + "CREATE INDEX i ON t (a); CREATE INDEX j ON t (b); CREATE INDEX k ON t (u);"
        "ALTER TABLE t ADD CONSTRAINT x CHECK (a > 0), ADD CONSTRAINT y CHECK (b > 0)",
        T + "CREATE INDEX j ON t (a); CREATE INDEX k ON t (b); CREATE INDEX i ON t (u);"
        "ALTER TABLE t ADD CONSTRAINT y CHECK (a > 0), ADD CONSTRAINT x CHECK (b > 0)",
    ),
    "a schema": (
        T,
        T + "CREATE SCHEMA app; CREATE TYPE app.e AS ENUM ('a'); CREATE TABLE app.n (e app.e)",
    ),
    "a guarded table gone": (
        P + C + FK + "; CREATE POLICY o ON c AS RESTRICTIVE FOR SELECT USING (p_id > 1);"
        "ALTER TABLE c ENABLE ROW LEVEL SECURITY; ALTER TABLE c FORCE ROW LEVEL SECURITY;"
        "CREATE RULE r AS ON DELETE TO c DO INSTEAD NOTHING; ALTER TABLE c DISABLE RULE r;"
        "GRANT SELECT ON c TO PUBLIC; GRANT UPDATE (p_id) ON c TO PUBLIC;"
        "CREATE TRIGGER s BEFORE UPDATE ON c FOR EACH ROW"
        " EXECUTE FUNCTION suppress_redundant_updates_trigger(); ALTER TABLE c DISABLE TRIGGER s;"
        "COMMENT ON TRIGGER s ON c IS 's'; COMMENT ON INDEX c_pkey IS 'index';"
        "COMMENT ON CONSTRAINT c_pkey ON c IS 'key'; ALTER TABLE c CLUSTER ON c_pkey;"
        "INSERT INTO p VALUES (1, 1); INSERT INTO c VALUES (5, 1)",
        P,
    ),
    "requirements gone": (
        "CREATE TABLE t (k int, a int CONSTRAINT x NOT NULL NO INHERIT, b int NOT NULL);"
        "CREATE TABLE u (a int CONSTRAINT y NOT NULL NO INHERIT, b int);"
        "ALTER TABLE u ADD CONSTRAINT z NOT NULL b NOT VALID;"
        "COMMENT ON CONSTRAINT x ON t IS 'x'; COMMENT ON CONSTRAINT z ON u IS 'z'",
        "CREATE TABLE t (k int, a int, b int)",
    ),
    "columns under statistics gone": (
        T + "CREATE STATISTICS s (mcv) ON a, b FROM t; CREATE STATISTICS r ON (a + b), u FROM t;"
        "COMMENT ON STATISTICS s IS 's'; ALTER STATISTICS r SET STATISTICS 7;"
        "CREATE INDEX i ON t (lower(u), b); ALTER INDEX i ALTER COLUMN 1 SET STATISTICS 9",
        "CREATE TABLE t (id integer PRIMARY KEY, a integer NOT NULL, b integer, name text);"
        "CREATE STATISTICS s (mcv) ON a, b FROM t; COMMENT ON STATISTICS s IS 's'",
    ),
    "tables in a circle": (
        "",
        P + C + FK + "; ALTER TABLE p ADD CONSTRAINT fp FOREIGN KEY (code) REFERENCES c (id)",
    ),
    "tables in a circle gone": (
        P + C + FK + "; ALTER TABLE p ADD CONSTRAINT fp FOREIGN KEY (code) REFERENCES c (id);"
        "COMMENT ON CONSTRAINT fp ON p IS 'x'; ALTER INDEX p_pkey SET (fillfactor=60);"
        "INSERT INTO p VALUES (1, NULL); INSERT INTO c VALUES (5, 1); UPDATE p SET code = 5",
        "",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_difference_is_made_and_taken_back(postgres_server: str, name: str) -> None:
    current, desired = CASES[name]
    if "INSERT" not in current and "CREATE TABLE t (id" in current:
        current += "; INSERT INTO t (id, a, b, u) VALUES (1, 1, 1, 'a'), (2, 2, 2, 'b')"
    there_and_back(postgres_server, current, desired)


def test_other_options_of_a_key_build_no_index(postgres_server: str) -> None:
    steps = there_and_back(postgres_server, *CASES["key options"])
    assert [s for s in statements(steps) if not s.startswith("COMMENT")] == [
        "ALTER INDEX e SET (buffering=off);",
        "ALTER INDEX t_pkey RESET (fillfactor);",
        "ALTER INDEX k SET (fillfactor=50);",
    ]
