"""`zolo inspect`: the schema file of a store that is there, and what is said of it."""

from __future__ import annotations

import contextlib
import io
import json
import sqlite3
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
import yaml

from tests.cli.folder import AppFolder
from tests.scenarios.harness import Done, files_of, run, run_process
from zcli_migration.cli import zolo

ZOLO = Path(sys.executable).with_name("zolo")
TABLES = """
CREATE TABLE users (
  id INTEGER PRIMARY KEY,
  email VARCHAR(50) NOT NULL UNIQUE,
  bio TEXT DEFAULT 'no',
  at TEXT DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE posts (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  user_id INTEGER REFERENCES users (id) ON DELETE CASCADE,
  price NUMERIC CHECK (price > 0)
);
CREATE INDEX by_user ON posts (user_id, lower(price) DESC);
INSERT INTO users (email) VALUES ('a@example.com');
INSERT INTO posts (user_id, price) VALUES (1, 5);
"""
EXPECTED = """\
# Made by zolo inspect of the SQLite file shop.db.

Meta:
  Data_Type: sqlite
  Data_Source: ZDATA_SHOP_URL
  zMigration: true
  zMigrationVersion: v1.0.0
  zMigrationExact: database

posts:
  id: {type: int, pk: true, identity: autoincrement}
  user_id: {type: int, foreign_key: users.id, on_delete: cascade}
  price: {db_type: NUMERIC}
  indexes:
    - {name: by_user, columns: [user_id, lower(price) DESC]}
  checks:
    - price > 0

users:
  id: {type: int, pk: true}
  email: {type: str(50), required: true, unique: true}
  bio: {type: text, default: "no"}
  at: {type: text, default_sql: CURRENT_TIMESTAMP}
"""


def inspect(*arguments: str | Path) -> Done:
    """`zolo inspect` in this process."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = zolo(["inspect", *map(str, arguments)])
        except SystemExit as left:  # argparse
            code = left.code if isinstance(left.code, int) else 1
    return Done(code, out.getvalue(), err.getvalue())


def database(path: Path, script: str = TABLES) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.executescript(script)
    return path


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return database(tmp_path / "data" / "shop.db")


def app_of(folder: Path, place: str, name: str = "SHOP") -> str:
    (folder / "app.py").write_text('zSpark = {"title": "shop"}\n')
    (folder / ".zEnv").write_text(f"ZDATA_{name}_URL={place}\n")
    return str(folder / "app.py")


def test_a_sqlite_file(shop: Path) -> None:
    before = files_of(shop.parent, times=True)
    done = inspect(shop)
    assert (done.code, done.out, done.err) == (0, EXPECTED, "")
    assert inspect(f"sqlite:///{shop}").out == EXPECTED
    assert files_of(shop.parent, times=True) == before


def test_a_file_that_sqlite_keeps_open_elsewhere_is_left_as_it_is(shop: Path) -> None:
    with contextlib.closing(sqlite3.connect(shop)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("INSERT INTO users (email) VALUES ('b@example.com')")
        connection.commit()
        before = files_of(shop.parent, times=False)
        assert inspect(shop).out == EXPECTED
        after = files_of(shop.parent, times=False)
        assert before.keys() == after.keys()


def test_it_is_written_and_then_there_is_nothing_to_do(tmp_path: Path, shop: Path) -> None:
    done = inspect(shop, "--out", tmp_path / "app" / "models")
    path = tmp_path / "app" / "models" / "zSchema.shop.yaml"
    assert done.code == 0
    assert path.read_text() == EXPECTED
    assert done.out.splitlines() == [
        f"Wrote {path}: 2 tables of SQLite file {shop}",
        "Add this line to .zEnv yourself:",
        f"  ZDATA_SHOP_URL={shop}",
    ]
    assert list((tmp_path / "app").iterdir()) == [tmp_path / "app" / "models"]
    app = app_of(tmp_path / "app", str(shop))
    assert run(app, "--check").code == 0
    recorded = run(app, "--auto-approve")
    assert "Migration complete (0 operation(s))" in recorded.out
    assert "Already up to date" in run(app, "--check").out
    assert inspect(shop).out == EXPECTED


def test_a_file_that_is_there_is_not_written_over(tmp_path: Path, shop: Path) -> None:
    path = tmp_path / "zSchema.shop.yaml"
    path.write_text("mine\n")
    path.chmod(0o640)
    done = inspect(shop, "--out", tmp_path)
    assert (done.code, path.read_text()) == (2, "mine\n")
    assert done.err == f"❌ {path} is there already\n   → --force replaces it\n"
    assert inspect(shop, "--out", tmp_path, "--force").code == 0
    assert (path.read_text(), path.stat().st_mode & 0o777) == (EXPECTED, 0o640)
    assert inspect(shop, "--out", tmp_path / "new", "--force").code == 0
    assert (tmp_path / "new" / "zSchema.shop.yaml").read_text() == EXPECTED


def test_some_of_the_tables(shop: Path) -> None:
    some = yaml.safe_load(inspect(shop, "--tables", "users").out)
    assert list(some) == ["Meta", "users"]
    assert some["Meta"]["zMigrationExact"] == "tables"
    for given in (["--tables", "posts,USERS"], ["--tables", "posts", "--tables", "users"]):
        both = yaml.safe_load(inspect(shop, *given).out)
        assert list(both) == ["Meta", "posts", "users"]
        assert both["Meta"]["zMigrationExact"] == "database"
    done = inspect(shop, "--tables", "user")
    assert done.err == "❌ there is no table user\n   → did you mean users?\n"
    assert done.code == 2


def test_what_has_no_words_is_said(tmp_path: Path) -> None:
    script = """
    CREATE TABLE users (id INTEGER PRIMARY KEY);
    CREATE TABLE Meta (id INTEGER PRIMARY KEY);
    CREATE TRIGGER watch AFTER INSERT ON users BEGIN SELECT 1; END;
    """
    done = inspect(database(tmp_path / "a.db", script))
    assert done.out.startswith(
        "# Made by zolo inspect of the SQLite file a.db.\n#\n"
        "# Not in this file, and left alone by migrations:\n"
        "# - The table Meta has the name of the section that a schema file begins with.\n"
        "# - The trigger watch on users stays as it is.\n"
    )
    assert "Note: The trigger watch on users stays as it is.\n" in done.err
    found = yaml.safe_load(done.out)
    assert list(found) == ["Meta", "users"]
    assert found["Meta"]["zMigrationExact"] == "tables"


def test_an_empty_database(tmp_path: Path) -> None:
    done = inspect(database(tmp_path / "a.db", "VACUUM;"), "--json")
    assert done.json["tables"] == []
    assert yaml.safe_load(done.json["schema"]).keys() == {"Meta"}
    assert done.json["exact"] == "database"


def test_json(tmp_path: Path, shop: Path) -> None:
    done = inspect(shop, "--json")
    assert (done.code, done.err) == (0, "")
    assert done.json == {
        "schema": EXPECTED,
        "path": None,
        "tables": ["posts", "users"],
        "notes": [],
        "inferred": {},
        "name": "shop",
        "exact": "database",
        "zEnv": f"ZDATA_SHOP_URL={shop}",
        "exit_code": 0,
    }
    written = inspect(shop, "--json", "--out", tmp_path, "--name", "own")
    assert written.json["path"] == str(tmp_path / "zSchema.own.yaml")
    assert written.json["zEnv"] == f"ZDATA_OWN_URL={shop}"
    assert (tmp_path / "zSchema.own.yaml").read_text() == written.json["schema"]
    refused = inspect(shop, "--json", "--out", tmp_path, "--name", "own")
    assert refused.code == refused.json["exit_code"] == 2
    assert "is there already" in refused.json["error"]["message"]


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        (["gone.db"], "there is no file or folder gone.db", "give a postgresql://"),
        (["sqlite:///gone.db"], "gone.db", "give a postgresql://"),
        (["gone.py"], "gone.py", ""),
        (["Data/users.csv"], "users.csv is one CSV file", "name its folder: "),
        (["data"], "holds no CSV files, but shop.db", "zolo inspect "),
        (["mysql://a:secret@b/c"], "no backend for mysql is installed", "installed are csv, "),
        (["postgresql://a:secret@localhost"], "names no database", "end it with /name"),
        (["data/shop.db", "--name", "a b"], "'a b' cannot be the name of a schema", "letters"),
        (["data/shop.db", "--name", "zmigration"], "that of the migrations themselves", ""),
        (["data/shop.db", "--out", "text"], "text", "another with --out"),
    ],
)
def test_what_cannot_be_inspected(
    tmp_path: Path,
    shop: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    message: str,
    hint: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text").write_text("no folder")
    (tmp_path / "Data").mkdir()
    (tmp_path / "Data" / "users.csv").write_text("id\n1\n")
    before = files_of(tmp_path, times=True)
    done = inspect(*arguments)
    assert (done.code, done.out) == (2, "")
    assert message in done.err
    assert hint in done.err
    assert "secret" not in done.said
    assert files_of(tmp_path, times=True) == before


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    path.write_bytes(b"something else, and long enough to be one" * 50)
    done = inspect(path)
    assert (done.code, done.out) == (1, "")
    assert "a.db" in done.err
    assert "Traceback" not in done.err
    assert "Traceback" in inspect(path, "--debug").err


@pytest.mark.parametrize(
    ("stem", "name"),
    [("shop", "shop"), ("My Shop-2", "my_shop_2"), ("2024", "data_2024"), ("é", "data")],
)
def test_names(tmp_path: Path, stem: str, name: str) -> None:
    path = database(tmp_path / f"{stem}.sqlite3")
    done = inspect(path, "--json")
    assert done.json["name"] == name
    assert f"Data_Source: ZDATA_{name.upper()}_URL" in done.json["schema"]


def test_a_file_without_a_suffix_is_named_by_an_address(tmp_path: Path) -> None:
    path = database(tmp_path / "shop")
    done = inspect(path, "--out", tmp_path / "models")
    assert f"  ZDATA_SHOP_URL=sqlite:///{path}\n" in done.out
    assert run(app_of(tmp_path, f"sqlite:///{path}"), "--check").code == 0


def test_the_words_of_the_commands(shop: Path) -> None:
    for command in ([str(ZOLO)], [str(ZOLO.with_name("zolo-migrate"))]):
        done = subprocess.run([*command, "inspect", str(shop)], capture_output=True, text=True)
        assert (done.returncode, done.stdout) == (0, EXPECTED)
    assert run_process("inspect", str(shop)).out == EXPECTED
    help_ = subprocess.run([str(ZOLO), "--help"], capture_output=True, text=True, cwd="/")
    assert "zolo inspect <source>" in help_.stdout


def test_a_reader_that_leaves_is_no_error(shop: Path) -> None:
    command = f"{ZOLO} inspect {shop} | head -n 1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True)
    assert done.stdout == EXPECTED.splitlines(keepends=True)[0]
    assert done.stderr == ""


POSTGRES = """
CREATE SCHEMA app;
CREATE TYPE mood AS ENUM ('sad', 'ok', 'no');
CREATE TABLE users (
  id serial PRIMARY KEY,
  "Name" varchar(50) NOT NULL,
  email text UNIQUE,
  m mood DEFAULT 'ok',
  at timestamptz DEFAULT now()
);
COMMENT ON TABLE users IS 'People: all of them, #1';
CREATE TABLE app.posts (
  id bigint GENERATED ALWAYS AS IDENTITY (START WITH 100),
  user_id int NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  title text COLLATE "C",
  PRIMARY KEY (id)
);
CREATE INDEX ON users (lower("Name") DESC NULLS LAST) WHERE email <> '';
CREATE VIEW everybody AS SELECT * FROM users;
"""


@pytest.fixture
def postgres(postgres_dsn: str) -> str:
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        connection.execute(POSTGRES)
    return postgres_dsn


def test_one_schema_of_a_postgresql_database(tmp_path: Path, postgres: str) -> None:
    app = app_of(tmp_path, postgres)
    head = "Meta:\n  Data_Type: postgresql\n  Data_Source: ZDATA_SHOP_URL\n  Data_Schema: app\n"
    file = tmp_path / "models" / "zSchema.shop.yaml"
    file.parent.mkdir()
    file.write_text(f"{head}  zMigrationVersion: v1.0.0\nother:\n  id: int\n")
    assert inspect(app, "--out", tmp_path / "models", "--force").code == 0
    found = yaml.safe_load(file.read_text())
    assert list(found) == ["Meta", "posts"]
    assert (found["Meta"]["Data_Schema"], found["Meta"]["Data_Type"]) == ("app", "postgresql")
    assert found["posts"]["foreign_keys"][0]["table"] == "public.users"
    check = run(app, "--check")
    assert (check.code, "Nothing to change" in check.out) == (0, True), check.said


def test_what_postgresql_has_besides(postgres_dsn: str) -> None:
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        connection.execute(
            """CREATE TABLE t (id serial PRIMARY KEY WITH (fillfactor=70), a text);
            CREATE SEQUENCE mine; ALTER SEQUENCE mine OWNED BY t.a;
            CREATE INDEX i ON t (lower(a)); ALTER INDEX i ALTER COLUMN 1 SET STATISTICS 9;
            COMMENT ON INDEX t_pkey IS 'of it';
            CREATE DOMAIN d AS int CONSTRAINT c CHECK (VALUE > 0);
            COMMENT ON CONSTRAINT c ON DOMAIN d IS 'x'"""
        )
        version = connection.info.server_version
        if version >= 150000:
            connection.execute("ALTER SEQUENCE t_id_seq SET UNLOGGED")
        if version >= 180000:
            connection.execute("ALTER TABLE t ADD CONSTRAINT n NOT NULL a NO INHERIT NOT VALID")
    done = inspect(postgres_dsn)
    assert "{columns: [id], options: [fillfactor=70], index_comment: of it}" in done.out
    assert "the statistics target of index i" in done.err
    assert "sequence mine, which only belongs to column a" in done.err
    assert "There is also the domain constraint with a comment d.c." in done.err
    assert ("sequence t_id_seq, which is unlogged" in done.err) is (version >= 150000)
    for said in ("NO INHERIT", "NOT VALID"):
        assert (said in done.out) is (version >= 180000)


def with_password(dsn: str) -> str:
    head, at, rest = dsn.rpartition("@")
    return f"{head}:geheim{at}{rest}" if at else dsn.replace("://", "://postgres:geheim@", 1)


def test_a_postgresql_database(tmp_path: Path, postgres: str) -> None:
    done = inspect(postgres, "--name", "shop", "--out", tmp_path / "models")
    assert done.code == 0
    text = (tmp_path / "models" / "zSchema.shop.yaml").read_text()
    assert "\n  zMigrationExact: database\n" in text
    assert '\n    mood: {enum: [sad, ok, "no"]}\n' in text
    assert '\nusers:\n  comment: "People: all of them, #1"\n' in text
    assert "identity: {kind: always, options: START WITH 100}" in text
    assert "view everybody" in text
    assert "view everybody" in done.err
    app = app_of(tmp_path, postgres)
    check = run(app, "--check")
    assert (check.code, "Nothing to change" in check.out) == (0, True), check.said
    assert run(app, "--auto-approve").code == 0
    assert "Already up to date" in run(app, "--check").out
    again = inspect(postgres, "--name", "shop")
    assert again.out == text, again.err


def test_a_password_is_never_shown(tmp_path: Path, postgres: str) -> None:
    dsn = with_password(postgres)
    done = inspect(dsn, "--name", "shop", "--out", tmp_path)
    assert done.code == 0, done.said
    assert "Add this line to .zEnv yourself, with the password for ***:\n" in done.out
    assert "postgres:***@" in done.out
    said = done.said + inspect(dsn, "--json").said + inspect(dsn).said
    said += inspect(f"{dsn}x").said + (tmp_path / "zSchema.shop.yaml").read_text()
    assert "geheim" not in said


def test_a_database_that_is_not_there(postgres_dsn: str) -> None:
    head, _, name = postgres_dsn.partition("?")[0].rpartition("/")
    query = postgres_dsn.partition("?")[2]
    gone = f"{head}/{name}_gone" + (f"?{query}" if query else "")
    done = inspect(gone)
    assert (done.code, done.out) == (2, "")
    assert f"{name}_gone" in done.err
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        found = connection.execute("SELECT datname FROM pg_database").fetchall()
    assert (f"{name}_gone",) not in found


CSV = {
    "users.csv": "id,name,zip,born,email\n1,Ada,01234,1815-12-10,a@x\n2,Bob,99999,,b@x\n",
    "orders.csv": "order_id,user_id,total,paid\n7,1,9.90,True\n8,2,10.00,False\n",
    "users.zMigration.csv": "id\n1\n",
    "_zdata_migrations.csv": "id\n1\n",
}
CSV_EXPECTED = """\
# Made by zolo inspect of the CSV files in Data.

Meta:
  Data_Type: csv
  Data_Source: ZDATA_DATA_URL
  zMigration: true
  zMigrationVersion: v1.0.0

# Types, required and keys are inferred from all 2 rows; a CSV file says nothing.
# No value is there twice in user_id: unique: true, if that is meant.
orders:
  order_id: {type: int, pk: true}
  user_id: int!
  total: decimal!
  paid: bool!

# Types, required and keys are inferred from all 2 rows; a CSV file says nothing.
# No value is there twice in name, zip, email: unique: true, if that is meant.
users:
  id: {type: int, pk: true}
  name: str!
  zip: str!
  born: date
  email: str!
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    data = tmp_path / "Data"
    data.mkdir()
    for name, text in CSV.items():
        (data / name).write_text(text)
    return data


def test_a_csv_folder(tmp_path: Path, folder: Path) -> None:
    before = files_of(folder, times=True)
    done = inspect(folder)
    assert (done.code, done.out) == (0, CSV_EXPECTED)
    assert "users: Types, required and keys are inferred from all 2 rows" in done.err
    assert files_of(folder, times=True) == before
    found = inspect(folder, "--json").json
    assert found["inferred"]["users"][1].startswith("No value is there twice in name, zip, email")
    assert found["exact"] is None


def test_a_csv_folder_is_taken_over_without_a_complaint(tmp_path: Path, folder: Path) -> None:
    before = files_of(folder, times=False)
    assert inspect(folder, "--name", "shop", "--out", tmp_path / "models").code == 0
    app = app_of(tmp_path, "@.Data")
    first = run(app, "--check")
    assert (first.code, "Nothing to change" in first.out, first.err) == (0, True, "")
    assert run(app, "--auto-approve").code == 0
    assert "Already up to date" in run(app, "--check").out
    after = files_of(folder, times=False)
    assert {name: after[name] for name in before} == before


def test_what_is_recorded_is_not_inferred(app: AppFolder) -> None:
    app.schema("users:\n  id: {type: bigint, pk: true}\n  name: {type: str(40), unique: true}\n")
    assert run(app.file, "--auto-approve").code == 0
    app.write("Data/other.csv", "id\n1\n")
    text = inspect(app.path / "Data", "--name", "users").out
    assert "# Types and keys are those that the last migration recorded.\nusers:\n" in text
    assert "  id: {type: bigint, pk: true}\n  name: {type: str(40), unique: true}\n" in text
    assert "inferred from all 1 row;" in text
    app.write("Data/users.csv", "id,name,more\n1,ada,x\n")
    assert "  name: str!\n  more: str!\n" in inspect(app.path / "Data").out


def test_the_version_is_the_recorded_one(app: AppFolder) -> None:
    run(app.file, "--auto-approve")
    app.with_email()
    assert run(app.file, "--auto-approve").code == 0
    text = inspect(app.path / "Data", "--name", "users").out
    assert "\n  zMigrationVersion: v1.0.1\n" in text
    app.write("models/zSchema.users.yaml", text)
    assert "Already up to date" in run(app.file, "--check").out


def test_an_app(app: AppFolder) -> None:
    app.write("Data/posts.csv", "id,title\n1,x\n")
    done = inspect(app.file, "--out", app.path / "new")
    assert done.out.splitlines() == [
        f"Wrote {app.path / 'new' / 'zSchema.users.yaml'}: 2 tables of Data"
    ]
    text = app.text("new/zSchema.users.yaml")
    assert list(yaml.safe_load(text)) == ["Meta", "posts", "users"]
    assert "Data_Source: ZDATA_USERS_URL" in text


def test_an_app_with_several_places(app: AppFolder, tmp_path: Path) -> None:
    place = database(app.path / "Data" / "shop.db")
    app.write(".zEnv", f"ZDATA_USERS_URL=@.Data\nZDATA_SHOP_URL={place}\nZDATA_EMPTY_URL=\n")
    done = inspect(app.file)
    assert done.code == 2
    assert "has several: ZDATA_USERS_URL, ZDATA_SHOP_URL" in done.err
    assert "choose with --name users, shop" in done.err
    assert inspect(app.file, "--name", "shop").out == EXPECTED
    assert "ZDATA_OTHER_URL is not set" in inspect(app.file, "--name", "other").err
    app.write(".zEnv", "")
    assert "has no ZDATA_..._URL variable" in inspect(app.file).err


def test_an_app_says_where_its_schema_is(app: AppFolder) -> None:
    database(app.path / "Data" / "label.db")
    app.schema(
        meta="Meta:\n  Data_Type: sqlite\n  Data_Label: label\n  zMigrationVersion: v1.0.0\n"
    )
    found = yaml.safe_load(inspect(app.file).out)
    assert found["Meta"]["Data_Label"] == "label"
    assert found["Meta"]["Data_Type"] == "sqlite"
    assert list(found) == ["Meta", "posts", "users"]


MUTE = """
from zmigration_api import hookimpl
from zmigration_csv.plugin import CsvBackend

class Mute:
    def __init__(self, store):
        self.display, self.close = "mute", store.close

class Backend(CsvBackend):
    name = "mute"

    def open(self, target):
        return Mute(super().open(target))

@hookimpl
def zmigration_backends():
    return [Backend()]
"""


def test_a_backend_that_describes_nothing(app: AppFolder) -> None:
    app.write("mute.py", MUTE)
    app.write("zTest.py", f"zSpark = {{'plugins': [{str(app.path / 'mute.py')!r}]}}\n")
    app.schema(meta="Meta:\n  Data_Type: mute\n  zMigrationVersion: v1.0.0\n")
    done = inspect(app.file)
    assert done.code == 2
    assert "the backend mute cannot be inspected" in done.err
    assert "no backend for mute is installed" in inspect(app.file, "--no-plugins").err


def test_help_says_what_it_is_for() -> None:
    done = inspect("--help")
    assert done.code == 0
    assert "Nothing in it is touched." in done.out
    assert inspect().code == 2


def test_json_is_one_object_even_of_errors() -> None:
    done = inspect("gone", "--json")
    assert json.loads(done.out)["error"]["message"] == "there is no file or folder gone"
    assert done.err == ""


def test_a_folder_that_cannot_be_written(tmp_path: Path, shop: Path) -> None:
    done = inspect(shop, "--out", "/proc/nowhere")
    assert done.code == 2
    assert "cannot be written" in done.err
