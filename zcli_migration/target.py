"""From what a schema's Meta says to the place where its data lives; nothing is created."""

from __future__ import annotations

import getpass
import os
import re
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias
from urllib.parse import parse_qsl, quote, unquote

from zmigration_api.errors import AppError
from zmigration_api.target import Target, dsn_parts, masked

from .app import App
from .discovery import variable_for
from .zpaths import resolve_data_path

Setting: TypeAlias = str | int | None

DATABASE_FILES = (".db", ".sqlite", ".sqlite3")
SCHEMES = {"postgresql": "postgresql", "postgres": "postgresql", "sqlite": "sqlite"}
BUILT_IN = frozenset({"csv", "postgresql", "sqlite"})
DEFAULT_LABEL = "data"
POSTGRESQL_PORT = 5432

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
# user:password@host:port,host:port/database?query. libpq would call a part of a password that has
# / or ? in it a port, and print it.
_HOST = r"(?:[^\s:@/?#,\[\]]*|\[[^\s@/?#\]]+\])(?::[0-9]*)?"
_ADDRESS = re.compile(rf"(?:[^@/?#]*@)?{_HOST}(?:,{_HOST})*(?:/[^@?#]*)?(?:\?[^#]*)?")
_VARIABLE = re.compile(r"[A-Za-z_]\w*")


def resolve_target(
    *,
    data_type: str,
    data_source: str | None = None,
    data_path: str | None = None,
    data_label: Setting = None,
    data_host: Setting = None,
    data_port: Setting = None,
    data_user: Setting = None,
    data_password: Setting = None,
    schema_name: str,
    declared_name: str | None = None,
    installed: Collection[str] = BUILT_IN,
    app: App,
) -> Target:
    """The target of a schema: the variable of Data_Source, else Data_Path, else ZDATA_<NAME>_URL.

    NAME is `declared_name` (Meta's Schema_Name) if that variable is set, else the schema's.

    The names are those of the Meta block. Beyond zCLI, the value may be a DSN, `sqlite:///file`
    or a path that ends in .db, .sqlite or .sqlite3. Raises `AppError` where no value is given or
    where it does not fit `data_type`; no error holds a password.
    """
    base = Target(
        data_type=data_type.lower(),
        label=_text(data_label) or DEFAULT_LABEL,
        host=_text(data_host),
        port=_port(data_port),
        user=_text(data_user),
        password=_text(data_password),
        workspace=app.workspace,
    )
    value = _value((declared_name, schema_name), data_source, data_path, app)
    scheme = _SCHEME.match(value)
    if scheme is None:
        return _at_path(base, value)
    return _at_dsn(base, value, scheme[1].lower(), installed)


def _value(names: tuple[str | None, str], source: str | None, path: str | None, app: App) -> str:
    """The first of the places that says something."""
    variable = source_variable(data_source=source, data_path=path, names=names, app=app)
    if variable:
        return app.environment[variable]
    if path:
        return path
    message = f"nothing says where the data of {names[1]} is"
    if source and _VARIABLE.fullmatch(source):
        message = f"{message}: {source} is not set"
    convention = variable_for(names[0] or names[1])
    wanted = source if source and _VARIABLE.fullmatch(source) else convention
    raise AppError(message, hint=f"add {wanted}=@.Data to .zEnv, or Data_Path to Meta")


def source_variable(
    *, data_source: str | None, data_path: str | None, names: tuple[str | None, str], app: App
) -> str | None:
    """The variable that says where the data is; None if Data_Path or nothing does."""
    if data_source and app.environment.get(data_source):
        return data_source
    conventions = () if data_path else (variable_for(name) for name in names if name)
    return next((name for name in conventions if app.environment.get(name)), None)


def _text(setting: Setting) -> str | None:
    return None if setting is None or setting == "" else str(setting)


def _port(setting: Setting) -> int | None:
    text = _text(setting)
    if text is None:
        return None
    if re.fullmatch(r"[0-9]{1,5}", text) and 0 < int(text) < 65536:
        return int(text)
    raise AppError(f"Data_Port {text} is not a port", hint="write a number from 1 to 65535")


def _at_path(base: Target, value: str) -> Target:
    path = resolve_data_path(value, base.workspace)
    is_file = path.suffix.lower() in DATABASE_FILES and not os.path.isdir(path)
    if base.family == "postgresql":
        if is_file:
            raise _unfit(base, "a SQLite file", "sqlite")
        return _at_server(base, path)
    if base.family == "sqlite":
        # A folder of such a name is what zCLI itself would have made of it.
        return _at_file(base, path) if is_file else _in_folder(base, path)
    return replace(base, folder=path)


def _at_server(base: Target, folder: Path) -> Target:
    """zCLI's own form: the folder holds `.pginfo.yaml`, the database is named by the label."""
    return replace(
        base,
        folder=folder,
        host=base.host or "localhost",
        port=base.port or POSTGRESQL_PORT,
        user=base.user or _system_user(),
    )


def _system_user() -> str | None:
    try:
        return getpass.getuser()
    except (ImportError, KeyError, OSError):
        return None


def _in_folder(base: Target, folder: Path) -> Target:
    if re.search(r"[/\\\0]", base.label):
        message = f"Data_Label {base.label!r} cannot be a file name"
        raise AppError(message, hint="leave out / and \\; the file is <folder>/<Data_Label>.db")
    return replace(base, folder=folder, file=folder / f"{base.label}.db")


def _at_file(base: Target, file: Path) -> Target:
    return replace(base, folder=file.parent, file=file)


def _at_dsn(base: Target, value: str, scheme: str, installed: Collection[str]) -> Target:
    family = SCHEMES.get(scheme.partition("+")[0])
    if family == "sqlite" == base.family:
        return _at_sqlite_url(base, value)
    if family != base.family and base.family in BUILT_IN:
        wanted = family or (scheme if scheme in installed else None)
        raise _unfit(base, f"a {scheme} address", wanted, installed)
    if family == base.family == "postgresql":
        return _at_postgresql(base, value.partition("://")[2])
    return replace(base, dsn=value)


def _at_postgresql(base: Target, rest: str) -> Target:
    dsn = f"postgresql://{rest}"
    if not _ADDRESS.fullmatch(rest):
        hint = "in a user or password write %40 for @, %3A for :, %2F for /, %3F for ?, %23 for #"
        raise AppError(f"{masked(dsn)} is not a PostgreSQL address", hint=hint)
    database = dsn_parts(dsn)[2]
    if database:
        return replace(base, dsn=dsn, label=database)
    if base.label == DEFAULT_LABEL:
        hint = "end it with /name, or give Data_Label"
        raise AppError(f"{masked(dsn)} names no database", hint=hint)
    address, mark, query = dsn.partition("?")
    return replace(base, dsn=f"{address.rstrip('/')}/{quote(base.label, safe='')}{mark}{query}")


def _at_sqlite_url(base: Target, value: str) -> Target:
    address, _, query = value.partition("?")
    authority, slash, path = address.partition("://")[2].partition("/")
    if authority or not slash or path in ("", ":memory:"):
        hint = "write sqlite:///folder/name.db, with a fourth / for an absolute path"
        raise AppError(f"{masked(value)} names no file that lasts", hint=hint)
    if path.startswith("@"):
        hint = "write @.Data for the folder, and Data_Label for the file's name without .db"
        raise AppError(f"{masked(value)} mixes a zPath into a URL", hint=hint)
    plain = re.sub("^/+", "/", unquote(path))
    file = resolve_data_path(plain, base.workspace)
    return replace(_at_file(base, file), options=dict(parse_qsl(query)))


def _unfit(
    base: Target, what: str, wanted: str | None, installed: Collection[str] = ()
) -> AppError:
    """`wanted` is the Data_Type for that, None if no installed backend can use it."""
    message = f"Data_Type {base.data_type} cannot use {what}"
    if wanted is None:
        names = ", ".join(sorted(installed))
        hint = f"no backend for it is installed; installed are {names}"
        return AppError(message, hint=hint)
    hint = f"set Data_Type: {wanted}, or give a folder such as @.Data"
    return AppError(message, hint=hint)
