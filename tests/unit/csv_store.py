"""A CSV folder for tests, reached through the contract alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from zmigration_api import (
    Change,
    Column,
    ColumnType,
    PrimaryKey,
    Schema,
    Store,
    Table,
    Target,
    TypeKind,
    no_progress,
)
from zmigration_csv.lasting import Lasting
from zmigration_csv.plugin import CsvBackend
from zmigration_csv.rewrite import Rewrite
from zmigration_csv.writing import written


def column(name: str, kind: TypeKind = "str", **more: object) -> Column:
    return Column(name=name, type=ColumnType(kind=kind), **more)  # type: ignore[arg-type]


def table(name: str, *columns: Column, key: Sequence[str] = ()) -> Table:
    primary = PrimaryKey(columns=tuple(key)) if key else None
    return Table(name=name, columns=columns, primary_key=primary)


USERS = table("users", column("id", "int"), column("name"), column("age", "int"), key=["id"])


@contextmanager
def opened(folder: Path, **options: str) -> Iterator[Store]:
    target = Target(data_type="csv", folder=folder, workspace=folder.parent, options=options)
    store = CsvBackend().open(target)
    try:
        yield store
    finally:
        store.close()


def run(store: Store, changes: Iterable[Change], current: Schema) -> None:
    for step in store.plan(tuple(changes), current, current):
        store.run(step, no_progress)


def migrated(
    content: bytes, *changes: Change, current: Table = USERS, folder: Path, **options: str
) -> bytes:
    """The bytes of `users.csv` after these changes."""
    (folder / "users.csv").write_bytes(content)
    with opened(folder, **options) as store:
        store.begin(1)
        run(store, changes, Schema(tables=(current,)))
        store.commit()
    return (folder / "users.csv").read_bytes()


def contents(folder: Path) -> dict[str, bytes]:
    """Every file in a folder."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def carry_out(rewrite: Rewrite, old: Path, new: Path) -> bytes:
    """Write the new file, which is the old one where a pass finds nothing to change."""
    with new.open("wb") as stream, Lasting(stream) as lasting:
        differs = written(rewrite.parts(no_progress), old, lasting)
    if not differs:
        assert not new.read_bytes()
        new.write_bytes(old.read_bytes())
    return new.read_bytes()
