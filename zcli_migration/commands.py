"""What the flags mean: one function for each thing that the command line can do."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import replace

from zmigration_api import MigrationError, UsageError, Version, as_run

from .interrupts import terminate_as_interrupt
from .outcome import INTERRUPTED, Outcome, SchemaOutcome
from .project import Selection
from .report import Report
from .runner import migrate
from .screen import Screen
from .session import Request


def run_migrate(options: argparse.Namespace) -> int:
    """Run `zolo migrate` with parsed options; the exit code."""
    screen = Screen(quiet=options.json or options.sql)
    report = Report(screen)
    try:
        if options.status or options.history:
            return _list(options, report)
        if options.doctor:
            from .doctor import diagnose

            return diagnose(_selection(options), screen)
        with terminate_as_interrupt(), _for_programs(options.json or options.sql):
            outcome = _run(options, report)
    except MigrationError as error:
        return _refused(error, options)
    except KeyboardInterrupt:
        print("Interrupted: nothing was changed", file=sys.stderr)
        return INTERRUPTED
    if options.json:
        from .json_report import to_json

        sys.stdout.write(to_json(outcome))
    elif options.sql:
        _print_statements(outcome.schemas, outcome.error)
    if options.debug:
        _print_tracebacks([outcome.error, *(s.error for s in outcome.schemas)])
    return outcome.exit_code


@contextlib.contextmanager
def _for_programs(wanted: bool) -> Iterator[None]:
    """Keep standard output for the one answer: what hooks and their programs print goes beside."""
    if not wanted:
        yield
        return
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)


def _request(options: argparse.Namespace) -> Request:
    return Request(
        selection=replace(_selection(options), settle=_may_settle(options)),
        look_only=options.dry_run or options.check or options.sql,
        pending_is_failure=options.check,
        auto_approve=options.auto_approve,
        force_sync=options.force_sync,
        version=_version("--version", options.version),
        lock_timeout=options.lock_timeout,
    )


def _may_settle(options: argparse.Namespace) -> bool:
    """Whether it is a migration to what the files say, and nothing else is asked."""
    others = (options.rollback, options.rollback_to, options.purge, options.version)
    return not any(others) and options.purge is None and not options.force_sync


def _run(options: argparse.Namespace, report: Report) -> Outcome:
    back = options.rollback or options.rollback_to is not None
    if not back and options.purge is None:
        return migrate(_request(options), report)
    for flag in ("check", "version"):
        if getattr(options, flag):
            what = "a rollback" if back else "a purge"
            raise UsageError(
                f"--{flag} has no meaning in {what}", hint="--dry-run shows what it would do"
            )
    if options.purge is not None:
        from .purge import Older, purge

        return purge(_request(options), report, Older.parse(options.purge))
    from .rollback import roll_back

    return roll_back(_request(options), report, _version("--rollback-to", options.rollback_to))


def _selection(options: argparse.Namespace) -> Selection:
    return Selection(
        app_file=options.app_file,
        schemas=tuple(options.schema),
        third_party_plugins=not options.no_plugins,
        lock_timeout=options.lock_timeout,
        online=options.online,
    )


def _version(flag: str, text: str | None) -> Version | None:
    if text is None:
        return None
    try:
        return Version.parse(text)
    except ValueError as error:
        raise UsageError(f"{flag}: {error}", hint="write it like v2.0.0") from None


def _refused(error: MigrationError, options: argparse.Namespace) -> int:
    if options.json:
        from .json_report import to_json

        app, code = options.app_file, error.exit_code
        sys.stdout.write(to_json(Outcome(app=app, exit_code=code, error=error)))
    else:
        print(f"❌ {error}", file=sys.stderr)
        if error.hint:
            print(f"   → {error.hint}", file=sys.stderr)
    if options.debug:
        _print_tracebacks([error])
    return error.exit_code


def _print_tracebacks(errors: list[MigrationError | None]) -> None:
    import traceback

    for error in filter(None, dict.fromkeys(errors)):
        traceback.print_exception(error, file=sys.stderr)


def _print_statements(schemas: tuple[SchemaOutcome, ...], error: MigrationError | None) -> None:
    for schema in schemas:
        for statement in as_run(schema.steps):
            print(statement)
    shown = dict.fromkeys(filter(None, [error, *(schema.error for schema in schemas)]))
    for failure in shown:
        print(f"❌ {failure}", file=sys.stderr)
        if failure.hint:
            print(f"   → {failure.hint}", file=sys.stderr)


def _list(options: argparse.Namespace, report: Report) -> int:
    """`--status` and `--history`, without the banner: a table for eyes, or JSON for programs."""
    from .json_report import history_to_json, status_to_json
    from .listing import history_lines, schema_histories, status_lines, statuses

    silent = Report(Screen(quiet=True))
    screen = Screen(quiet=options.json)
    code = 0
    if options.status:
        found = statuses(_selection(options), silent)
        code = found.exit_code
        lines, text = status_lines(found.schemas), status_to_json(found)
    else:
        histories = schema_histories(_selection(options), silent)
        lines, text = history_lines(histories.schemas), history_to_json(histories)
    if options.json:
        sys.stdout.write(text)
    for line in lines:
        screen.line(line)
    return code


def run_plugins(app_file: str | None, *, as_json: bool) -> int:
    """Run `zolo plugins`; the exit code."""
    from .app import load_app
    from .plugin_listing import plugin_facts, plugin_lines
    from .plugin_loading import load_plugins

    try:
        app = load_app(app_file) if app_file else None
    except MigrationError as error:
        print(f"❌ {error}", file=sys.stderr)
        return error.exit_code
    found = load_plugins(app).looked_through()
    if as_json:
        print(json.dumps([plugin_facts(status) for status in found], indent=2))
        return 0
    for line in plugin_lines(found):
        print(line)
    return 0
