"""`--doctor`: who owns the `zolo` command, which host is there, and what is read from where."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from zmigration_api import MigrationError

from .app import App, load_app
from .discovery import OWN_VARIABLE, Discovery, discover
from .host_command import HOSTS
from .listing import status_lines, statuses
from .project import Selection
from .report import Report
from .screen import Screen

OURS = "zcli_migration"
FIX = "pip install --force-reinstall --no-deps zcli-migration (or use zolo-migrate)"


def diagnose(selection: Selection, screen: Screen) -> int:
    """Print the findings; the exit code of the first thing that cannot be used. Changes nothing."""
    for line in (*_command_lines(shutil.which("zolo")), *_host_lines()):
        screen.line(line)
    try:
        app = load_app(selection.app_file)
        found = discover(app)
        for line in (*_app_lines(app), *_variable_lines(app, found), *_schema_lines(found)):
            screen.line(line)
        stores = statuses(selection, Report(Screen(quiet=True)))
    except MigrationError as error:
        screen.line(f"❌ {error}")
        if error.hint:
            screen.line(f"   → {error.hint}")
        return error.exit_code
    for line in status_lines(stores.schemas):
        screen.line(line)
    return stores.exit_code


def _command_lines(script: str | None) -> Iterator[str]:
    if script is None:
        yield "⚠️  no `zolo` command is on the path"
        yield f"   → {FIX}"
    elif OURS in (text := _text(Path(script))):
        yield f"✅ zolo: {script}, of zcli-migration"
    else:
        yield f"⚠️  zolo: {script}, of {_owner(text)}: `zolo migrate` does not come here"
        yield f"   → {FIX}"


def _owner(script: str) -> str:
    """The distribution whose command the script is, if it is one of this Python's."""
    from importlib_metadata import entry_points

    for point in entry_points(group="console_scripts", name="zolo"):
        if point.dist is not None and f"from {point.module} import " in script:
            return str(point.dist.name)
    return "another package or another Python"


def _text(script: Path) -> str:
    try:
        return script.read_bytes().decode(errors="replace")
    except OSError:
        return ""


def _host_lines() -> Iterator[str]:
    from importlib_metadata import PackageNotFoundError, version

    there = []
    for name in HOSTS:
        try:
            there.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    yield f"✅ host: {', '.join(there)}" if there else "   host: none installed (none is needed)"


def _app_lines(app: App) -> Iterator[str]:
    yield f"✅ zSpark: {app.file} ({', '.join(map(str, app.zspark)) or 'none found'})"
    yield f"✅ workspace (@): {app.workspace}"
    yield f"✅ variables: {app.dotenv}" if app.dotenv else "   variables: no .zEnv and no .env"
    yield from (f"⚠️  {text}" for text in app.warnings)


def _variable_lines(app: App, found: Discovery) -> Iterator[str]:
    """Each variable by its name alone: a value may hold a password."""
    for name in app.environment:
        if name.startswith("ZDATA_") and name.endswith("_URL") and name != OWN_VARIABLE:
            users = [ref.name for ref in found.schemas if ref.variable == name]
            elsewhere = os.environ.get(name) == app.environment[name] and app.dotenv is None
            place = "the environment" if elsewhere else "the app's variables"
            yield f"   {name} ({place}): {', '.join(users) or 'no schema uses it'}"


def _schema_lines(found: Discovery) -> Iterator[str]:
    yield from (f"✅ {ref.name}: {ref.path}" for ref in found.schemas)
    yield from (f"⚠️  {note}" for note in found.notes)
