"""The command line: `zolo migrate`, `zolo inspect`, `zolo plugins`, `zolo-migrate`."""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Callable, Sequence

from . import __version__

WORDS = ("migrate", "inspect", "plugins")
DESCRIPTION = "Make the data stores of a zCLI app match its zSchema files."
EXIT_CODES = """\
exit codes:
  0    done, or nothing to do
  1    failed, nothing was changed
  2    bad usage, schema or configuration
  3    changes are pending (--check), not approved, or nobody is there to approve them
  4    drift: the store was changed by something else
  5    another run holds the lock
  130  interrupted, nothing was changed
"""


# Schemas are trees without cycles; looking for some takes a quarter of a large check.
_GARBAGE = (1_000_000, 20, 20)


def zolo(arguments: Sequence[str] | None = None) -> int:
    """`zolo`: our words here, every other word to the host's own command."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given and given[0] == "migrate":
        return zolo_migrate(given[1:])
    if given and given[0] == "inspect":
        return inspect_command(given[1:])
    if given and given[0] == "plugins":
        return plugins_command(given[1:])
    from .host_command import run_host

    return run_host(given)


def zolo_migrate(arguments: Sequence[str] | None = None) -> int:
    """`zolo migrate`, or `zolo inspect` if that is the first word; the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given[:1] == ["inspect"] and len(given) > 1:  # `zolo-migrate inspect Data`
        return inspect_command(given[1:])
    if given[:1] == ["migrate"] and len(given) > 1:  # `zolo-migrate migrate app.py`
        del given[0]
    options = migrate_parser().parse_args(given)
    gc.set_threshold(*_GARBAGE)
    from .commands import run_migrate

    return _unless_nobody_reads(lambda: run_migrate(options))


def inspect_command(arguments: Sequence[str] | None = None) -> int:
    """`zolo inspect`; the exit code."""
    options = inspect_parser().parse_args(arguments)
    gc.set_threshold(*_GARBAGE)
    from .inspecting.command import run_inspect

    return _unless_nobody_reads(lambda: run_inspect(options))


def plugins_command(arguments: Sequence[str] | None = None) -> int:
    """`zolo plugins`; the exit code."""
    parser = argparse.ArgumentParser(prog="zolo plugins", description="List the plugins.")
    parser.add_argument(
        "app_file", nargs="?", help="also those that this app names in zSpark's plugins"
    )
    parser.add_argument("--json", action="store_true", help="print them as JSON")
    options = parser.parse_args(arguments)
    from .commands import run_plugins

    return _unless_nobody_reads(lambda: run_plugins(options.app_file, as_json=options.json))


def _unless_nobody_reads(command: Callable[[], int]) -> int:
    """The command's exit code; that of a closed pipe if whoever reads its output has gone."""
    try:
        code = command()
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + 13


class _HelpFormatter(argparse.RawDescriptionHelpFormatter):
    """Text as wide as the terminal, for which argparse would import shutil in every run."""

    def __init__(self, prog: str) -> None:
        try:
            width = int(os.environ.get("COLUMNS", 0)) or os.get_terminal_size().columns
        except (ValueError, OSError):
            width = 80
        super().__init__(prog, width=width - 2)


def migrate_parser() -> argparse.ArgumentParser:
    """The flags of `zolo migrate`."""
    parser = argparse.ArgumentParser(
        prog="zolo migrate",
        description=DESCRIPTION,
        epilog=EXIT_CODES,
        formatter_class=_HelpFormatter,
    )
    add = parser.add_argument
    add("app_file", help="the app's zSpark file, such as zTest.py or app.py")
    add("--auto-approve", action="store_true", help="do not ask before applying (for CI/CD)")
    add("--version", metavar="VERSION", help="record this version for every chosen schema")
    add("--schema", metavar="NAME", action="append", default=[], help="only this schema (repeat)")
    add("--force-sync", action="store_true", help="follow the file over drift (dangerous)")
    add("--lock-timeout", metavar="SECONDS", type=_seconds, default=10.0, help="default: 10")
    add(
        "--online",
        choices=("auto", "always", "never"),
        default="auto",
        help="let others write while PostgreSQL builds and checks (auto: for large tables)",
    )
    add("--no-plugins", action="store_true", help="load no third-party plugins")
    add("--debug", action="store_true", help="show tracebacks")
    add("--json", action="store_true", help="print one JSON object instead of the report")
    _add_ways_back(parser)
    _add_looks(parser)
    parser.add_argument("-V", action="version", version=f"zcli-migration {__version__}")
    return parser


def _add_ways_back(parser: argparse.ArgumentParser) -> None:
    back = parser.add_argument_group("the way back")
    ways = back.add_mutually_exclusive_group()
    ways.add_argument("--rollback", action="store_true", help="take back the last migration")
    ways.add_argument("--rollback-to", metavar="VERSION", help="take back all after that version")
    ways.add_argument(
        "--purge",
        metavar="OLDER",
        nargs="?",
        const="all",
        help="remove what was kept for rollbacks: all, or before a version (v1.2.0) or age (30d)",
    )


def _add_looks(parser: argparse.ArgumentParser) -> None:
    looking = parser.add_argument_group("looking only (nothing is touched)")
    modes = looking.add_mutually_exclusive_group()
    mode = modes.add_argument
    mode("--dry-run", action="store_true", help="show the changes and the DDL")
    mode("--check", action="store_true", help="exit with 3 if changes are pending")
    mode("--sql", action="store_true", help="print the statements and nothing else")
    mode("--status", action="store_true", help="one line for each schema: versions and state")
    mode("--history", action="store_true", help="every migration that was recorded")
    mode("--doctor", action="store_true", help="who owns `zolo`, what is read from where")


INSPECT_CODES = """\
exit codes:
  0    done
  1    failed, nothing was written
  2    bad usage, or no such store
  130  interrupted, nothing was written
"""


def inspect_parser() -> argparse.ArgumentParser:
    """The flags of `zolo inspect`."""
    parser = argparse.ArgumentParser(
        prog="zolo inspect",
        description="Write the zSchema file of a store that is there. Nothing in it is touched.",
        epilog=INSPECT_CODES,
        formatter_class=_HelpFormatter,
    )
    add = parser.add_argument
    add(
        "source",
        help="postgresql://user@host/name, sqlite:///file, a SQLite file, a folder of CSV files, "
        "or an app file with a ZDATA_..._URL variable",
    )
    add("--name", metavar="NAME", help="the schema's name; of an app: which of its variables")
    add("--out", metavar="FOLDER", help="write FOLDER/zSchema.NAME.yaml instead of printing it")
    add("--force", action="store_true", help="replace that file if it is there")
    add("--tables", metavar="A,B", action="append", default=[], help="only these tables")
    add("--json", action="store_true", help="print one JSON object")
    add("--no-plugins", action="store_true", help="load no third-party plugins")
    add("--debug", action="store_true", help="show tracebacks")
    return parser


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds") from None
    if not 0 <= seconds <= 86_400:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 86400 seconds")
    return seconds
