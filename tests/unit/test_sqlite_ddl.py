import sqlite3
from contextlib import closing

import pytest

from zmigration_sqlite.ddl import parse_table, primary_key, rowid_alias
from zmigration_sqlite.tokens import fold, terminated, text_of, tokenize

ODD = (
    """CREATE TABLE "t"( -- head, (
  id INTEGER PRIMARY KEY AUTOINCREMENT, -- the id, (yes)
  /* own, */ [na me] VARCHAR(255) COLLATE NOCASE NOT NULL DEFAULT 'a,(b"""
    + """''c' , -- nm
  -- about c
  `c` TEXT CHECK ("c" <> ')' AND c != ',') /* mid ) */ NOT NULL -- c!
  , g INT GENERATED ALWAYS AS (id*2) STORED,p INT CONSTRAINT "r f" REFERENCES t(id)
    ON DELETE SET DEFAULT ON UPDATE SET NULL NOT DEFERRABLE INITIALLY IMMEDIATE NOT NULL,
  'str name' DECIMAL(10, -2) DEFAULT -1.5e+3 UNIQUE ON CONFLICT REPLACE, untyped, "as" as (1),
  CONSTRAINT u UNIQUE([na me]) CHECK (c > 'x') FOREIGN KEY (p) REFERENCES "t" ON DELETE SET NULL,
  CHECK (g >= 0) -- last
)"""
)

TEXTS = [
    ODD,
    "CREATE TABLE t(a)",
    "CREATE TABLE t (a,b,c)",
    'CREATE TABLE "we;ird ""t"(a INT, "b""(" TEXT DEFAULT \'--\', c /* , */ BLOB) STRICT',
    "CREATE TABLE t(a TEXT PRIMARY KEY,b INT DEFAULT (1+(2)) NOT NULL)WITHOUT ROWID,STRICT",
    "CREATE TABLE [t[ ](\n\ta INT NULL,\r\n\tb INT\n)",
    "CREATE TABLE ütf(größe REAL, 'ключ' x'' , \"🙂\" BLOB DEFAULT x'00ff')",
    "CREATE TABLE t(a GENERATED ALWAYS AS (1) VIRTUAL, b INT)",
]


@pytest.mark.parametrize("sql", TEXTS)
def test_every_byte_comes_back(sql: str) -> None:
    assert text_of(tokenize(sql)) == sql
    assert parse_table(sql).render() == sql


@pytest.mark.parametrize("sql", [t for t in TEXTS if "ключ" not in t])
def test_the_parts_are_those_that_sqlite_sees(sql: str) -> None:
    text = parse_table(sql)
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute(sql)
        rows = connection.execute("SELECT * FROM pragma_table_xinfo(?)", (text.name,)).fetchall()
        columns = text.definitions()
        assert [c.name for c in columns] == [row[1] for row in rows]
        refused = [row[3] and not (text.without_rowid and row[5]) for row in rows]
        assert [bool(c.clause("NOT NULL")) for c in columns] == list(map(bool, refused))
        assert [bool(c.clause("DEFAULT")) for c in columns] == [row[4] is not None for row in rows]
        assert [bool(c.clause("AS")) for c in columns] == [row[6] in (2, 3) for row in rows]
        assert list(primary_key(text)) == [row[1] for row in rows if row[5]]
        without = sql.upper().endswith("WITHOUT ROWID,STRICT")
        assert (text.without_rowid, text.strict) == (without, sql.endswith("STRICT"))


def test_clauses_of_an_odd_table() -> None:
    text = parse_table(ODD)
    kinds = {c.name: [clause.kind for clause in c.clauses] for c in text.definitions()}
    assert kinds["na me"] == ["COLLATE", "NOT NULL", "DEFAULT"]
    assert kinds["p"] == ["REFERENCES", "NOT DEFERRABLE", "NOT NULL"]
    assert kinds["str name"] == ["DEFAULT", "UNIQUE"]
    assert kinds["as"] == ["AS"]
    assert [c.type for c in text.definitions()][:2] == ["INTEGER", "VARCHAR(255)"]
    unique, check, foreign, last = text.clauses()
    assert (unique.name, unique.columns) == ("u", ("na me",))
    assert (check.name, check.expression) == (None, "c > 'x'")
    assert foreign.target == ("t", ())
    assert last.expression == "g >= 0"
    reference = text.definitions()[4].clause("REFERENCES")
    assert reference is not None
    assert (reference.name, reference.target) == ("r f", ("t", ("id",)))


def test_a_column_is_added_in_the_layout_of_the_others() -> None:
    sql = "CREATE TABLE t(\n  a INT, -- first\n  b INT -- second\n)"
    added = parse_table(sql).with_column("c INT").with_constraint("CHECK (c > a)").render()
    assert added == (
        "CREATE TABLE t(\n  a INT, -- first\n  b INT, -- second\n  c INT,\n  CHECK (c > a)\n)"
    )
    short = parse_table("CREATE TABLE t(a -- c\n)").with_column("b").with_column("c")
    assert short.render() == "CREATE TABLE t(a, -- c\n b, c\n)"


def test_a_column_goes_and_leaves_the_comments_of_the_others() -> None:
    sql = (
        "CREATE TABLE t(\n  a INT, -- first\n  -- about b\n  b INT, -- second\n  c INT -- third\n)"
    )
    text = parse_table(sql)
    left = text.without_column("b").render()
    assert left == "CREATE TABLE t(\n  a INT, -- first\n  c INT -- third\n)"
    assert text.without_column("c").without_column("b").render() == (
        "CREATE TABLE t(\n  a INT -- first\n)"
    )


def test_edits_of_one_column_leave_the_rest() -> None:
    text = parse_table(ODD).edited(
        "NA ME", lambda c: c.with_type("TEXT").without("NOT NULL").with_clause("UNIQUE")
    )
    expected = ODD.replace("VARCHAR(255)", "TEXT").replace(" NOT NULL DEFAULT 'a", " DEFAULT 'a")
    assert text.render() == expected.replace("c' , -- nm", "c' UNIQUE , -- nm")


def test_a_comment_before_a_clause_that_goes_stays() -> None:
    text = parse_table("CREATE TABLE t(a INT -- why\n NOT NULL, b)")
    assert text.edited("a", lambda c: c.without("NOT NULL")).render() == (
        "CREATE TABLE t(a INT -- why\n , b)"
    )


def test_which_key_is_the_row_number() -> None:
    def alias(sql: str) -> str | None:
        return rowid_alias(parse_table(sql))

    assert alias("CREATE TABLE t(a integer primary key)") == "a"
    assert alias("CREATE TABLE t(b, A INTEGER, PRIMARY KEY(a))") == "A"
    assert alias("CREATE TABLE t(a INT PRIMARY KEY)") is None
    assert alias("CREATE TABLE t(a INTEGER PRIMARY KEY DESC)") is None
    assert alias("CREATE TABLE t(a INTEGER PRIMARY KEY) WITHOUT ROWID") is None
    assert alias("CREATE TABLE t(a INTEGER, b INTEGER, PRIMARY KEY(a, b))") is None


def test_statements_end_where_a_comment_does_not_swallow_the_semicolon() -> None:
    assert terminated("CREATE INDEX i ON t(a)") == "CREATE INDEX i ON t(a);"
    assert terminated("CREATE INDEX i ON t(a) -- c") == "CREATE INDEX i ON t(a) -- c\n;"
    assert terminated("DROP TABLE t ; -- c") == "DROP TABLE t ; -- c"


@pytest.mark.parametrize(
    "sql", ["CREATE VIRTUAL TABLE t USING fts5(a)", "CREATE VIEW v AS SELECT 1"]
)
def test_other_things_are_no_tables(sql: str) -> None:
    with pytest.raises(ValueError, match="CREATE TABLE"):
        parse_table(sql)


def test_names_differ_in_the_case_of_ascii_only() -> None:
    assert fold("ÄB") == "Äb"
    assert fold("İ") == "İ"
