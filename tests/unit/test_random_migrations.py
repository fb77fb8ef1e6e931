"""Random schemas, random rows, random changes: refused and untouched, or done as a model says.

The model is dicts and `zmigration_api.conversion`; rows are put in and read back by csv, sqlite3
and psycopg. A failing example prints the seed or blob that brings it back.
"""

from __future__ import annotations

import json
import os
import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, time
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeAlias

import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st
from psycopg.types.json import Jsonb

from tests.scenarios.essence import essence
from tests.scenarios.harness import APP, HISTORY, Done, files_of, run
from tests.scenarios.stores import CsvStore, PostgresStore, SqliteStore, Store, seen
from zmigration_api import Column, ColumnType, Default, Using, convert, convert_column, convertible
from zmigration_api.types import TypeKind
from zmigration_api.values import format_value, parse

SOAK = os.environ.get("ZMIGRATION_SOAK") == "1"
EXAMPLES = {"csv": 60, "sqlite": 50, "postgresql": 25}
SOAK_EXAMPLES = {"csv": 2000, "sqlite": 2000, "postgresql": 700}
COLUMN_NAMES = ("a", "b", "select", "größe", "x y", 'q"u', "it's")
NEW_NAMES = ("n", "order", "m n", 'z"', "ñ")
TEXT: tuple[TypeKind, ...] = ("str", "text")
AS_TEXT: tuple[TypeKind, ...] = ("time", "datetime", "json")
LOOSE = {"int": "INTEGER", "float": "REAL", "bool": "INTEGER", "blob": "BLOB"}
KINDS: tuple[TypeKind, ...] = (
    "int",
    "bigint",
    "float",
    "decimal",
    "str",
    "text",
    "bool",
    "date",
    "time",
    "datetime",
    "json",
    "uuid",
    "blob",
)
Row: TypeAlias = dict[str, Any]
MakePlace: TypeAlias = Callable[[], "Place"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A column as a schema file says it. `copy` is the column that a backfill copies."""

    name: str
    kind: TypeKind
    length: int | None = None
    required: bool = False
    unique: bool = False
    indexed: bool = False
    refers: bool = False
    default: str | None = None
    backfill: str | None = None
    copy: str | None = None
    renamed_from: str | None = None
    using: tuple[tuple[str, str | None], ...] = ()

    @property
    def type(self) -> ColumnType:
        return ColumnType(kind=self.kind, length=self.length)

    @property
    def column(self) -> Column:
        default = None if self.default is None else Default(kind="value", text=self.default)
        using = Using(values=self.using) if self.using else None
        return Column(
            name=self.name,
            type=self.type,
            required=self.required,
            default=default,
            using=using,
        )

    @property
    def yaml(self) -> dict[str, Any]:
        said = {
            "rules": {"max_length": self.length} if self.length else None,
            "required": self.required or None,
            "unique": self.unique or None,
            "indexed": self.indexed or None,
            "foreign_key": "parents.id" if self.refers else None,
            "default": self.default,
            "backfill": self.backfill if self.copy is None else f"%{self.copy}",
            "renamed_from": self.renamed_from,
        }
        using = {"using": dict(self.using)} if self.using else {}
        return {"type": self.kind, **{k: v for k, v in said.items() if v is not None}, **using}


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """The table `things` before and after, and its rows; `parents` is there to be referred to.

    `loose`: CSV and SQLite tables were there first, without any of what the schema says besides
    their types, as zCLI makes them.
    """

    before: tuple[Field, ...]
    after: tuple[Field, ...]
    name: str
    rows: tuple[Row, ...]
    parents: tuple[int, ...]
    loose: bool


class Refused(Exception):
    """The model's word for a change that the rows do not allow."""


HOSTILE = st.text(
    st.sampled_from("ab01 ,;\"'\n\r\t\\%_.-:{}[]äß✓𝄞")
    | st.characters(exclude_categories=("Cs", "Cc")),
    max_size=8,
)
VALUES: dict[TypeKind, st.SearchStrategy[Any]] = {
    "int": st.integers(-(2**31), 2**31 - 1) | st.integers(0, 2),
    "bigint": st.integers(-(2**63), 2**63 - 1) | st.integers(0, 2),
    "float": st.floats(allow_nan=False, allow_infinity=False)
    | st.integers(-3, 3).map(float)
    | st.sampled_from([1e15, 1e16, 123456789012345678.0, 0.1, -0.0]),
    "decimal": st.decimals(-(10**12), 10**12, places=3) | st.integers(-2, 2).map(Decimal),
    "str": HOSTILE,
    "text": HOSTILE,
    "bool": st.booleans(),
    "date": st.dates(),
    "time": st.times() | st.just(time(12, 30)),
    "datetime": st.datetimes() | st.dates().map(lambda d: datetime(d.year, d.month, d.day)),
    "json": st.recursive(
        st.integers(-5, 5) | HOSTILE | st.booleans(),
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(HOSTILE, inner, max_size=2),
        max_leaves=3,
    ),
    "uuid": st.uuids().map(str),
    "blob": HOSTILE.map(str.encode),
}


def texts_of(kind: TypeKind) -> st.SearchStrategy[str]:
    """Texts that say values of a kind, in the canonical and in other spellings."""
    plain = VALUES[kind].map(lambda value: format_value(value, ColumnType(kind=kind)))
    odd: dict[TypeKind, list[str]] = {
        "int": ["007", " 12 ", "+5", "30.0", "-0"],
        "float": ["1e5", ".5", "1.", " 2 "],
        "decimal": ["1.10", "-0", "1E+2"],
        "bool": ["yes", "F", "1", "0.0", "off"],
        "date": ["2024-02-29 00:00:00", " 2024-01-01"],
        "datetime": ["2024-02-29T23:59", "2024-02-29", "2024-01-01 01:02:03.5"],
        "time": ["23:59"],
        "json": ['{"a":[1,null]}', " 1 "],
    }
    return plain | st.sampled_from(odd[kind]) if kind in odd else plain


def now_and_then(draw: st.DrawFn, one_in: int) -> bool:
    return draw(st.integers(1, one_in)) == one_in


@st.composite
def stories(draw: st.DrawFn) -> Story:
    names = draw(st.lists(st.sampled_from(COLUMN_NAMES), min_size=1, max_size=4, unique=True))
    before = tuple(draw(fields(name)) for name in names)
    themes = {f.name: draw(st.sampled_from(KINDS)) for f in before}
    after = [new for old in before for new in draw(changed(old, themes[old.name]))]
    kept = {f.name for f in after} | set(names)
    for name in draw(st.lists(st.sampled_from(NEW_NAMES), max_size=2, unique=True)):
        if name not in kept:
            after.append(draw(added(name, before, tuple(after))))
    after = draw(st.permutations(after)) if now_and_then(draw, 5) else after
    parents = tuple(draw(st.lists(st.integers(0, 3), unique=True, max_size=3)))
    count = draw(st.integers(0, 4))
    rows = [{"id": n + 1, **draw(values(before, themes, parents))} for n in range(count)]
    name = "people" if now_and_then(draw, 6) else "things"
    return Story(
        before=before,
        after=tuple(after),
        name=name,
        rows=tuple(rows),
        parents=parents,
        loose=now_and_then(draw, 4),
    )


@st.composite
def fields(draw: st.DrawFn, name: str) -> Field:
    kind = draw(st.sampled_from(KINDS) | st.sampled_from(TEXT))
    return Field(
        name=name,
        kind=kind,
        required=now_and_then(draw, 4),
        indexed=kind in ("int", "str") and now_and_then(draw, 6),
        default=draw(default_of(kind)) if now_and_then(draw, 5) else None,
    )


@st.composite
def changed(draw: st.DrawFn, old: Field, theme: TypeKind) -> list[Field]:
    """What becomes of a column: nothing (it is dropped), or one field."""
    new = old
    if now_and_then(draw, 8):
        return []
    if now_and_then(draw, 3):
        options = [k for k in KINDS if convertible(old.type, ColumnType(kind=k))]
        kind = theme if old.kind in TEXT else draw(st.sampled_from(options))
        kind = draw(st.sampled_from(KINDS)) if now_and_then(draw, 12) else kind
        new = replace(new, kind=kind, default=None, indexed=False)
        if now_and_then(draw, 3):
            new = replace(new, using=tuple(draw(usings(old, kind))))
    if new.kind == "str" and now_and_then(draw, 4):
        new = replace(new, length=draw(st.integers(4, 12)))
    if now_and_then(draw, 4):
        new = replace(new, required=not new.required)
    if now_and_then(draw, 5):
        new = replace(new, default=draw(default_of(new.kind)))
    if now_and_then(draw, 5):
        new = replace(new, backfill=draw(default_of(new.kind)))
    if new.kind in ("int", "str"):
        new = replace(new, indexed=new.indexed is not now_and_then(draw, 5))
        new = replace(new, unique=now_and_then(draw, 8))
    if new.kind == "int" and now_and_then(draw, 4):
        new = replace(new, refers=True)
    if now_and_then(draw, 5):
        new = replace(new, name=f"{old.name}_2", renamed_from=old.name)
    return [new]


@st.composite
def usings(draw: st.DrawFn, old: Field, kind: TypeKind) -> list[tuple[str, str | None]]:
    source = draw(VALUES[old.kind].map(lambda v: format_value(v, old.type)) | st.just("1"))
    target = draw(st.none() | default_of(kind))
    return [(source, target)] if source.strip() == source and source else []


@st.composite
def added(draw: st.DrawFn, name: str, before: tuple[Field, ...], after: tuple[Field, ...]) -> Field:
    kind = draw(st.sampled_from(KINDS))
    new = Field(name=name, kind=kind, required=now_and_then(draw, 3))
    if now_and_then(draw, 2):
        new = replace(new, default=draw(default_of(kind)))
    sources = [f for f in after if f.name.isidentifier() and (f.renamed_from or f in before)]
    copied = next((f for f in sources if _copies(f, before, kind)), None)
    if copied is not None and now_and_then(draw, 2):
        return replace(new, copy=copied.name)
    if now_and_then(draw, 3):
        return replace(new, backfill=draw(default_of(kind)))
    return new


def _copies(new: Field, before: tuple[Field, ...], kind: TypeKind) -> bool:
    old = next((f for f in before if f.name == (new.renamed_from or new.name)), None)
    return old is not None and convertible(old.type, ColumnType(kind=kind))


def default_of(kind: TypeKind) -> st.SearchStrategy[str]:
    """Texts of plain values; none that a schema file would take for something else."""
    words: dict[TypeKind, list[str]] = {
        "int": ["0", "-7"],
        "bigint": ["9223372036854775807"],
        "float": ["1.5", "2"],
        "decimal": ["1.50"],
        "str": ["x", "it's"],
        "text": ['say "x", ok', "null value"],
        "bool": ["true", "false"],
        "date": ["2024-02-29"],
        "time": ["12:30:00"],
        "datetime": ["2024-02-29 12:00:00"],
        "json": ['{"k": [1]}', "[]"],
        "uuid": ["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"],
        "blob": ["raw"],
    }
    return st.sampled_from(words[kind])


@st.composite
def values(
    draw: st.DrawFn,
    before: tuple[Field, ...],
    themes: dict[str, TypeKind],
    parents: tuple[int, ...],
) -> Row:
    row: Row = {}
    for f in before:
        strategy = VALUES[f.kind]
        if f.kind in TEXT and not now_and_then(draw, 6):
            strategy = texts_of(themes[f.name])
        if f.kind == "int" and parents:
            strategy = st.sampled_from(parents) | strategy
        if not f.required and now_and_then(draw, 4):
            strategy = st.none()
        row[f.name] = draw(strategy)
    return row


@dataclass(slots=True)
class Place:
    """An app with its store, and the command."""

    folder: Path
    store: Store
    csv: bool = field(init=False)

    def __post_init__(self) -> None:
        self.csv = self.store.backend == "csv"
        (self.folder / "models").mkdir(parents=True)
        (self.folder / "app.py").write_text(APP)
        (self.folder / ".zEnv").write_text(f"ZDATA_SHOP_URL={self.store.url}\n")

    def write(self, name: str, columns: tuple[Field, ...], renamed: bool = False) -> None:
        meta = {
            "Data_Type": self.store.backend,
            "Data_Source": "ZDATA_SHOP_URL",
            "zMigration": True,
            "zMigrationVersion": "v1.0.0",
        }
        key = {"type": "int", "pk": True}
        table: dict[str, Any] = {"id": key, **{f.name: f.yaml for f in columns}}
        if renamed:
            table["renamed_from"] = "things"
        said = {"Meta": meta, "parents": {"id": key}, name: table}
        text = yaml.safe_dump(said, sort_keys=False, allow_unicode=True)
        (self.folder / "models/zSchema.shop.yaml").write_text(text, encoding="utf-8")

    def run(self, *arguments: str) -> Done:
        return run(str(self.folder / "app.py"), *arguments)

    def create_loosely(self, columns: tuple[Field, ...]) -> None:
        """The tables as the host makes them, by hand."""
        if isinstance(self.store, CsvStore):
            header = ",".join(_cell(f.name) for f in columns)
            self.store.do({"parents.csv": "id\n", "things.csv": f"id,{header}\n"})
            return
        declared = "".join(f", {_in_sql(f.name)} {LOOSE.get(f.kind, 'TEXT')}" for f in columns)
        self.store.do(
            [
                "CREATE TABLE parents (id INTEGER PRIMARY KEY)",
                f"CREATE TABLE things (id INTEGER PRIMARY KEY{declared})",
            ]
        )

    def insert(
        self, table: str, columns: tuple[Field, ...], rows: tuple[Row, ...], *, loose: bool
    ) -> None:
        wrap = Jsonb if isinstance(self.store, PostgresStore) else _as_json
        for name in (f.name for f in columns if f.kind == "json"):
            rows = tuple({**r, name: None if r[name] is None else wrap(r[name])} for r in rows)
        for f in columns if loose and not self.csv else ():
            if f.kind not in (*LOOSE, *TEXT, "json"):
                rows = tuple({**r, f.name: _as_text(r[f.name], f.type)} for r in rows)
        if not isinstance(self.store, CsvStore):
            self.store.insert(table, rows)
            return
        header = self.store.columns(table)
        with self.store.file(table).open("a", encoding="utf-8", newline="") as file:
            for row in rows:
                file.write(",".join(_cell(row[name]) for name in header) + "\n")

    def snapshot(self) -> object:
        return files_of(self.folder, times=False), self.store.snapshot(sequences=False)


def _as_text(value: Any, column_type: ColumnType) -> str | None:
    return None if value is None else format_value(value, column_type)


def _in_sql(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _cell(value: Any) -> str:
    """A cell, in quotes where it must be and where it need not."""
    text = "" if value is None else value.decode() if isinstance(value, bytes) else str(value)
    return '"' + text.replace('"', '""') + '"' if re.search('[",\r\n ]', text) else text


def model(story: Story, csv: bool) -> list[Row]:
    """The rows after the change; Refused where a value cannot go or a constraint does not hold."""
    olds = {f.name: f for f in story.before}
    empty = ("", b"") if csv else ()  # a CSV file has one way to say nothing
    spoken = {f.name for f in story.before if f.kind == "json"}
    rows = [
        {n: None if v in empty and n not in spoken else v for n, v in row.items()}
        for row in story.rows
    ]
    result = [{"id": row["id"]} for row in rows]
    for new in story.after:
        old = olds.get(new.renamed_from or new.name)
        for row, out in zip(rows, result, strict=True):
            value = _altered(row, old, new) if old else _filled(row, new, story)
            value = None if value in empty and new.kind != "json" else value
            there = old is not None and old.required and row[old.name] is None
            if value is None and new.required and not there:
                raise Refused(f"{new.name} has no value")
            out[new.name] = value
        _constrained(new, [out[new.name] for out in result], story)
    return result


def _altered(row: Row, old: Field, new: Field) -> Any:
    value = row[old.name]
    try:
        if old.type != new.type:
            # What becomes null under a column that becomes required is filled below.
            required = new.required and old.required
            value = convert_column(value, old.column, replace(new.column, required=required))
    except ValueError as error:
        raise Refused(f"{new.name}: {value!r} {error}") from None
    if value is None and new.required and not old.required:
        filling = new.backfill if new.backfill is not None else new.default
        return None if filling is None else parse(filling, new.type)
    return value


def _filled(row: Row, new: Field, story: Story) -> Any:
    if new.copy is not None:
        source = next(f for f in story.after if f.name == new.copy)
        old = next(f for f in story.before if f.name == (source.renamed_from or source.name))
        try:
            return convert(row[old.name], old.type, new.type)
        except ValueError as error:
            raise Refused(f"{new.name}: {error}") from None
    filling = new.backfill if new.backfill is not None else new.default
    return None if filling is None else parse(filling, new.type)


def _constrained(new: Field, found: list[Any], story: Story) -> None:
    there = [value for value in found if value is not None]
    if new.unique and len(set(there)) < len(there):
        raise Refused(f"{new.name} is not unique")
    if new.refers and not set(there) <= set(story.parents):
        raise Refused(f"{new.name} refers to nothing")


def follow(story: Story, place: Place) -> None:
    """Live the story in a place, and compare."""
    place.write("things", story.before)
    loose = story.loose and place.store.backend != "postgresql"
    if loose:
        place.create_loosely(story.before)
    assert (done := place.run("--auto-approve")).code == 0, done.said
    place.store.insert("parents", [{"id": number} for number in story.parents])
    place.insert("things", story.before, story.rows, loose=loose)
    cells = _cells(place, "things")
    place.write(story.name, story.after, renamed=story.name != "things")
    before, kept = place.snapshot(), essence(place.store)
    records = len(place.store.rows(HISTORY))
    done = place.run("--auto-approve")
    note(done.said)
    assert "Unexpected" not in done.said
    assert "Verification failed" not in done.said
    try:
        expected = model(story, place.csv)
    except Refused as why:
        assert done.code in (1, 2), f"not refused: {why}"  # noqa: PT017
        assert place.snapshot() == before
        return
    if done.code == 2 and _impossible(story):  # whether there are values or not
        assert place.snapshot() == before
        return
    assert done.code == 0, "refused"
    found = place.store.rows(story.name)
    postgres = isinstance(place.store, PostgresStore)
    texts = {} if postgres else {f.name: f.kind for f in story.after if f.kind in AS_TEXT}
    for name in _from_floats(story) if postgres else ():
        _accept_digits(name, found, expected)
    _compare(found, expected, texts)
    _compare_cells(story, cells, _cells(place, story.name))
    assert [row["id"] for row in _numbers(place, "parents")] == sorted(story.parents)
    after = place.snapshot()
    assert (check := place.run("--check")).code == 0, check.said
    (now,) = place.run("--check", "--json").json["schemas"]
    whole = place.run("--check", "--version", now["to_version"])
    assert (whole.code, whole.said) == (0, check.said)
    assert place.run("--auto-approve").code == 0
    assert place.snapshot() == after
    if len(place.store.rows(HISTORY)) > records:
        back = place.run("--rollback", "--auto-approve")
        assert back.code == 0, back.said
        was, now = (
            _without_idle_quotes(story, kept),
            _without_idle_quotes(story, essence(place.store)),
        )
        assert now == was


def _without_idle_quotes(story: Story, found: dict[str, Any]) -> dict[str, Any]:
    """Whether a name was in quotes without need is forgotten once its column's name needs them."""
    names = {f.renamed_from for f in story.after if re.search('[",\r\n]', f.name)}
    quoted = [f'"{name}"'.encode() for name in names if name]

    def plain(text: Any) -> Any:
        if not isinstance(text, bytes):
            return text
        header, end, rows = text.partition(b"\n")
        for name in quoted:
            header = header.replace(name, name[1:-1])
        return header, end, rows

    return {name: plain(value) for name, value in found.items()}


def _as_json(value: Any) -> str:
    """In the spelling that a text gets which was JSON, so that it can stay as it is."""
    return json.dumps(value, ensure_ascii=False)


def _from_floats(story: Story) -> list[str]:
    """Columns of other kinds whose values were floats."""
    floats = {f.name for f in story.before if f.kind == "float"}
    now = {f.name for f in story.after if (f.renamed_from or f.name) in floats} | floats
    return [f.name for f in story.after if f.kind != "float" and (f.name in now or f.copy in now)]


def _accept_digits(name: str, found: list[Row], expected: list[Row]) -> None:
    """PostgreSQL writes one digit more of some floats than Python; both read back the same."""
    there = {row["id"]: row[name] for row in found}
    for row in expected:
        if isinstance(row[name], str | Decimal) and _float(there[row["id"]]) == _float(row[name]):
            row[name] = there[row["id"]]


def _float(value: Any) -> float | None:
    with suppress(TypeError, ValueError):
        return float(value)
    return None


def _impossible(story: Story) -> bool:
    olds = {f.name: f for f in story.before}
    pairs = ((olds.get(new.renamed_from or new.name), new) for new in story.after)
    return any(old is not None and not convertible(old.type, new.type) for old, new in pairs)


def _numbers(place: Place, table: str) -> list[Row]:
    rows = [{"id": int(row["id"])} for row in place.store.rows(table)]
    return sorted(rows, key=lambda row: int(row["id"]))


def _compare(found: list[Row], expected: list[Row], texts: Mapping[str, TypeKind]) -> None:
    found = sorted(found, key=lambda row: int(row["id"]))
    assert len(found) == len(expected)
    for raw, row in zip(found, expected, strict=True):
        assert {n: _seen(raw[n], value, texts.get(n)) for n, value in row.items()} == row
        assert set(raw) == set(row)


def _seen(raw: Any, expected: Any, kind: TypeKind | None) -> Any:
    """`kind` is that of a value which this store keeps as a text in more than one spelling."""
    if kind is not None and raw:
        return parse(raw, ColumnType(kind=kind))
    if isinstance(expected, dict | list):
        return raw
    return seen(raw, expected)


def _cells(place: Place, table: str) -> dict[str, list[str]]:
    return place.store.raw_cells(table) if isinstance(place.store, CsvStore) else {}


def _compare_cells(story: Story, old: dict[str, list[str]], new: dict[str, list[str]]) -> None:
    """On CSV, columns that the change leaves alone keep their bytes."""
    olds = {f.name: f for f in story.before}
    for f in story.after if new else ():
        before = olds.get(f.renamed_from or f.name)
        if before is not None and before.type == f.type and before.required >= f.required:
            assert new[_quoted(f.name)] == old[_quoted(before.name)]


def _quoted(name: str) -> str:
    """A header cell as `CsvStore.cells` names it."""
    return name.replace('"', '""')


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], MakePlace]]:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "user"))
    folders: list[TemporaryDirectory[str]] = []

    def of(backend: str) -> MakePlace:
        def make() -> Place:
            for old in folders:
                old.cleanup()
            folders[:] = [TemporaryDirectory(dir=tmp_path)]
            folder = Path(folders[0].name) / uuid.uuid4().hex[:8]
            return Place(folder, CsvStore(folder) if backend == "csv" else SqliteStore(folder))

        return make

    yield of
    for folder in folders:
        with suppress(OSError):
            folder.cleanup()


def configured(backend: str) -> settings:
    return settings(
        max_examples=(SOAK_EXAMPLES if SOAK else EXAMPLES)[backend],
        print_blob=True,
        report_multiple_bugs=False,
        phases=[p for p in Phase if p is not Phase.explain],
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


@configured("csv")
@given(story=stories())
def test_csv(story: Story, places: Callable[[str], MakePlace]) -> None:
    follow(story, places("csv")())


@configured("sqlite")
@given(story=stories())
def test_sqlite(story: Story, places: Callable[[str], MakePlace]) -> None:
    follow(story, places("sqlite")())


@configured("postgresql")
@given(story=stories())
def test_postgresql(
    story: Story, places: Callable[[str], MakePlace], postgres_dsn: str, tmp_path: Path
) -> None:
    store = PostgresStore(postgres_dsn)
    store.do(["DROP SCHEMA public CASCADE", "CREATE SCHEMA public"])
    follow(story, Place(tmp_path / uuid.uuid4().hex[:8], store))
