"""What the flags of `zolo inspect` mean: to the screen, to a file, as JSON."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from zcli_migration.schema_file.text import MAX_BYTES, read_schema_text, write_schema_text
from zmigration_api import MigrationError, UsageError

from .inspection import Inspection, inspect_source
from .source import find_source

INTERRUPTED = 130


def run_inspect(options: argparse.Namespace) -> int:
    """Run `zolo inspect` with parsed options; the exit code."""
    try:
        found = _inspect(options)
        path = _written(found, options) if options.out is not None else None
    except MigrationError as error:
        return _refused(error, options)
    except KeyboardInterrupt:
        print("Interrupted: nothing was written", file=sys.stderr)
        return INTERRUPTED
    if options.json:
        sys.stdout.write(_json(found, path))
        return 0
    for line in _remarks(found):
        print(line, file=sys.stderr)
    if path is None:
        sys.stdout.write(found.text)
    else:
        print(*_told(found, path), sep="\n")
    return 0


def _inspect(options: argparse.Namespace) -> Inspection:
    source = find_source(options.source, options.name, third_party=not options.no_plugins)
    if options.out is not None and not options.force:
        _refuse_existing(_path(options.out, source.name))
    found = inspect_source(source, options.tables)
    size = len(found.text.encode())
    if size > MAX_BYTES:
        message = f"the schema file would have {size:,} bytes, more than {MAX_BYTES:,}"
        raise UsageError(message, hint="make several: name some of the tables with --tables")
    return found


def _path(folder: str, name: str) -> Path:
    return Path(folder) / f"zSchema.{name}.yaml"


def _refuse_existing(path: Path) -> None:
    if os.path.lexists(path):
        raise UsageError(f"{path} is there already", hint="--force replaces it")


def _written(found: Inspection, options: argparse.Namespace) -> Path:
    path = _path(options.out, found.source.name)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if options.force and path.exists():
            write_schema_text(path, found.text, read_schema_text(path))
        else:
            _write_new(path, found.text)
    except FileExistsError:
        _refuse_existing(path)
        raise UsageError(f"{path.parent} is no folder", hint="name another with --out") from None
    except OSError as error:
        message = f"{path} cannot be written: {error.strerror}"
        raise UsageError(message, hint="name another folder with --out") from None
    return path


def _write_new(path: Path, text: str) -> None:
    """Write a file that is not there yet, whole or not at all."""
    with path.open("x", encoding="utf-8", newline="") as file:
        try:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        except BaseException:
            path.unlink()
            raise


def _remarks(found: Inspection) -> Iterator[str]:
    yield from (f"Note: {note}" for note in found.notes)
    for table, sentences in found.inferred.items():
        yield from (f"{table}: {sentence}" for sentence in sentences)


def _told(found: Inspection, path: Path) -> Iterator[str]:
    count = len(found.tables)
    yield f"Wrote {path}: {count} table{'' if count == 1 else 's'} of {found.display}"
    line = found.source.line
    if line is not None:
        secret = ", with the password for ***" if found.source.is_masked else ""
        yield f"Add this line to .zEnv yourself{secret}:"
        yield f"  {line}"


def _json(found: Inspection, path: Path | None) -> str:
    data = {
        "schema": found.text,
        "path": None if path is None else str(path),
        "tables": list(found.tables),
        "notes": list(found.notes),
        "inferred": {table: list(said) for table, said in found.inferred.items()},
        "name": found.source.name,
        "exact": found.exact,
        "zEnv": found.source.line,
        "exit_code": 0,
    }
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def _refused(error: MigrationError, options: argparse.Namespace) -> int:
    if options.json:
        from zcli_migration.json_report import error_facts

        data = {"exit_code": error.exit_code, "error": error_facts(error)}
        sys.stdout.write(json.dumps(data, indent=2, ensure_ascii=False) + "\n")
    else:
        print(f"❌ {error}", file=sys.stderr)
        if error.hint:
            print(f"   → {error.hint}", file=sys.stderr)
    if options.debug:
        import traceback

        traceback.print_exception(error, file=sys.stderr)
    return error.exit_code
