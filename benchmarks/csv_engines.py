"""One change of one CSV file with one engine: `csv_engines.py ENGINE OPERATION FROM TO`.

Every engine is asked to leave all other cells as they are, as texts, as far as it can. The file
is on the disk (fsync) when the process ends.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from datetime import datetime
from importlib import import_module
from pathlib import Path

_AT_ONCE = 1 << 20
_NEW = "new"
_COLUMNS = ("id", "name", "age", "email", "born", "score", "note", "state")


def _copy(_: str, source: str, target: str) -> None:
    buffer = bytearray(_AT_ONCE)
    with open(source, "rb", buffering=0) as old, open(target, "wb", buffering=0) as new:
        while size := old.readinto(buffer):
            new.write(memoryview(buffer)[:size])


def _ours(operation: str, source: str, target: str) -> None:
    from zmigration_api import (
        AddColumn,
        AlterColumn,
        Backfill,
        Change,
        Column,
        ColumnType,
        DropColumn,
        Duplicates,
        Fixed,
        RenameColumn,
        Schema,
        Table,
        TypeKind,
        no_progress,
    )
    from zmigration_csv.ask import ask
    from zmigration_csv.files import CsvFile
    from zmigration_csv.lasting import Lasting
    from zmigration_csv.rewrite import Rewrite
    from zmigration_csv.writing import written

    def column(name: str, kind: TypeKind = "str") -> Column:
        return Column(name=name, type=ColumnType(kind=kind))

    flag = Column(name="flag", type=ColumnType(kind="str"), backfill=Backfill(parts=(Fixed(_NEW),)))
    changes: Mapping[str, list[Change]] = {
        "rename": [RenameColumn("t", "name", "nick")],
        "add": [AddColumn("t", flag)],
        "drop": [DropColumn("t", column("email"))],
        "int": [AlterColumn("t", column("age"), column("age", "int"))],
    }
    wanted = changes.get(operation) or [change for each in changes.values() for change in each]
    old, new = (CsvFile(Path(path), Path(path), b",") for path in (source, target))
    table = Table(name="t", columns=tuple(map(column, _COLUMNS)))
    if operation == "all":
        found = ask(Duplicates("t", ("id",)), Schema(tables=(table,)), lambda _: old)
        assert not found.count
    rewrite = Rewrite(old, wanted, table, datetime(2024, 1, 2))
    with new.path.open("wb") as stream, Lasting(stream) as lasting:
        differs = written(rewrite.parts(no_progress), old.path, lasting)
        if differs:
            lasting.finish()
            stream.flush()
            rewrite.prove(new)
    if not differs:  # the old file stays as it is
        os.unlink(target)
        os.link(source, target)


def _pandas(operation: str, source: str, target: str) -> None:
    pd = import_module("pandas")

    rows = pd.read_csv(source, dtype=str, keep_default_na=False)
    if operation in ("int", "all"):
        rows["age"] = rows["age"].astype(int)
    if operation == "all" and rows["id"].duplicated().any():
        raise SystemExit(1)
    if operation in ("drop", "all"):
        rows = rows.drop(columns="email")
    if operation in ("add", "all"):
        rows["flag"] = _NEW
    if operation in ("rename", "all"):
        rows = rows.rename(columns={"name": "nick"})
    rows.to_csv(target, index=False)


def _polars(operation: str, source: str, target: str) -> None:
    pl = import_module("polars")

    rows = pl.scan_csv(source, infer_schema=False, empty_string_is_null=False)
    if operation == "all":
        count, ids = rows.select(pl.len(), pl.col("id").n_unique().alias("ids")).collect().row(0)
        if count != ids:
            raise SystemExit(1)
    if operation in ("int", "all"):
        rows = rows.with_columns(pl.col("age").cast(pl.Int64, strict=True))
    if operation in ("drop", "all"):
        rows = rows.drop("email")
    if operation in ("add", "all"):
        rows = rows.with_columns(pl.lit(_NEW).alias("flag"))
    if operation in ("rename", "all"):
        rows = rows.rename({"name": "nick"})
    rows.sink_csv(target)


def _duckdb(operation: str, source: str, target: str) -> None:
    duckdb = import_module("duckdb")

    cells = {name: name for name in _COLUMNS}
    if operation in ("int", "all"):
        cells["age"] = "CAST(age AS INTEGER) AS age"
    if operation in ("drop", "all"):
        del cells["email"]
    if operation in ("rename", "all"):
        cells["name"] = "name AS nick"
    if operation in ("add", "all"):
        cells["flag"] = f"'{_NEW}' AS flag"
    rows = f"read_csv('{source}', all_varchar=true, header=true)"
    if operation == "all":
        (alike,) = duckdb.sql(f"SELECT count(*) - count(DISTINCT id) FROM {rows}").fetchall()[0]
        if alike:
            raise SystemExit(1)
    wanted = ", ".join(cells.values())
    duckdb.sql(f"COPY (SELECT {wanted} FROM {rows}) TO '{target}' (HEADER)")


def _pyarrow(operation: str, source: str, target: str) -> None:
    pa, csv = import_module("pyarrow"), import_module("pyarrow.csv")
    compute = import_module("pyarrow.compute")

    texts = csv.ConvertOptions(column_types=dict.fromkeys(_COLUMNS, pa.string()))
    reader = csv.open_csv(
        source,
        convert_options=texts,
        parse_options=csv.ParseOptions(newlines_in_values=True),
    )
    writer, keys = None, []
    for batch in reader:
        rows = pa.Table.from_batches([batch])
        if operation == "all":
            keys.append(rows["id"])
        if operation in ("int", "all"):
            place = rows.schema.get_field_index("age")
            rows = rows.set_column(place, "age", compute.cast(rows["age"], pa.int32()))
        if operation in ("drop", "all"):
            rows = rows.drop_columns(["email"])
        if operation in ("add", "all"):
            rows = rows.append_column("flag", pa.array([_NEW] * len(rows)))
        if operation in ("rename", "all"):
            rows = rows.rename_columns(["nick" if n == "name" else n for n in rows.column_names])
        if writer is None:
            options = csv.WriteOptions(quoting_style="needed", quoting_header="none")
            writer = csv.CSVWriter(target, rows.schema, write_options=options)
        writer.write(rows)
    assert writer is not None
    writer.close()
    if keys:
        ids = pa.chunked_array([chunk for key in keys for chunk in key.chunks])
        if compute.count_distinct(ids).as_py() != len(ids):
            raise SystemExit(1)


def _module(operation: str, source: str, target: str) -> None:
    import csv

    seen: set[str] = set()
    with open(source, newline="") as old, open(target, "w", newline="") as new:
        reader, writer = csv.reader(old), csv.writer(new, lineterminator="\n")
        for number, row in enumerate(reader):
            if operation in ("rename", "all") and not number:
                row[1] = "nick"
            if operation in ("add", "all"):
                row.append(_NEW if number else "flag")
            if operation in ("int", "all") and number:
                row[2] = str(int(row[2]))
            if operation in ("drop", "all"):
                del row[3]
            if operation == "all":
                seen.add(row[0])
            writer.writerow(row)
    if operation == "all" and len(seen) != number + 1:
        raise SystemExit(1)


def _mawk(operation: str, source: str, target: str) -> None:
    check = 'if ($3 !~ /^-?[0-9]+$/ && $3 != "") exit 1'
    programs = {
        "rename": 'NR == 1 { sub(/,name,/, ",nick,") } { print }',
        "add": 'NR == 1 { print $0 ",flag"; next } { print $0 ",new" }',
        "drop": '{ print $1 "," $2 "," $3 "," $5 "," $6 "," $7 "," $8 }',
        "int": f"NR > 1 {{ {check} }} {{ print }}",
        "all": 'NR == 1 { print "id,nick,age,born,score,note,state,flag"; next } '
        f"{{ {check}; if ($1 in seen) exit 1; seen[$1] "
        '; print $1 "," $2 "," $3 "," $5 "," $6 "," $7 "," $8 ",new" }',
    }
    with open(target, "wb") as stream:
        subprocess.run(["mawk", "-F,", programs[operation], source], stdout=stream, check=True)


ENGINES: Mapping[str, Callable[[str, str, str], None]] = {
    "copy": _copy,
    "zMigration": _ours,
    "polars": _polars,
    "duckdb": _duckdb,
    "pyarrow": _pyarrow,
    "mawk": _mawk,
    "csv module": _module,
    "pandas": _pandas,
}


def main() -> None:
    """Do it, and wait for the disk."""
    engine, operation, source, target = sys.argv[1:]
    ENGINES[engine](operation, source, target)
    descriptor = os.open(target, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)


if __name__ == "__main__":
    main()
