"""The app: its file, its folder, its environment and its zSpark, read without running it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from types import MappingProxyType
from typing import Any

from zmigration_api.errors import AppError

from .zspark import DOTENV_KEYS, ZSpark, read_zspark

DOTENV_FILES = (".zEnv", ".env")
APP_MARKS = (".zEnv", "models", "Data")

# Lines that say the same to every reader of dotenv files, so that none need be imported.
_PLAIN_LINES = re.compile(r"(?:[A-Za-z_][A-Za-z0-9_]*=[A-Za-z0-9_@.,:;/+-]*\n+)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """An app as `zolo migrate` sees it.

    `workspace` is what `@` means. `environment` is the process's with the app's dotenv file over
    it; os.environ itself is not changed. Neither it nor zSpark is ever shown: they hold secrets.
    `running` is the zCLI object of an app that runs in this process.
    """

    file: Path
    workspace: Path
    environment: Mapping[str, str] = field(repr=False)
    zspark: Mapping[str, object] = field(repr=False)
    title: str
    dotenv: Path | None = None
    warnings: tuple[str, ...] = ()
    running: Any = field(default=None, repr=False, compare=False)


def load_app(path: str | Path) -> App:
    """Read an app file, its zSpark and its dotenv file.

    Raises `AppError` where one of them cannot be read or names a folder that does not exist.
    """
    file = _absolute(Path(path))
    zspark = read_zspark(file)
    workspace = _workspace(file, zspark)
    dotenv = _dotenv_file(file, workspace, zspark)
    values, problems = _read_dotenv(dotenv) if dotenv else ({}, ())
    return App(
        file=file,
        workspace=workspace,
        environment=_merged(values),
        zspark=zspark.values,
        dotenv=dotenv,
        title=str(zspark.values.get("title") or file.stem),
        warnings=(*zspark.warnings, *problems, *_elsewhere(file, workspace, zspark)),
    )


def _absolute(path: Path) -> Path:
    try:
        return Path(os.path.abspath(path))
    except OSError:
        message = f"the app file {path} cannot be found: the current folder is gone"
        raise AppError(message, hint="give its absolute path") from None


def _merged(values: Mapping[str, str]) -> Mapping[str, str]:
    """The file's variables win, as in zCLI, and keep the file's order."""
    inherited = {name: value for name, value in os.environ.items() if name not in values}
    return MappingProxyType({**inherited, **values})


def _workspace(file: Path, zspark: ZSpark) -> Path:
    """zSpace, else the app file's folder.

    zCLI resolves a relative zSpace against the current folder. Here it is the app file's folder,
    which is the same for an app that is run from there, and which makes a run migrate the same
    store from wherever it is started.
    """
    if not zspark.values.get("zSpace"):
        return file.parent
    folder = _path_of("zSpace", file, zspark)
    if not folder.is_dir():
        what = "is not a folder" if folder.exists() else "does not exist"
        hint = "make the folder, or leave zSpace out to use the app file's folder"
        raise AppError(
            f"zSpace {folder} {what}", hint=hint, file=file, line=_line("zSpace", zspark)
        )
    return folder


def _line(key: str, zspark: ZSpark) -> int | None:
    return zspark.lines.get(key)


def _path_of(key: str, file: Path, zspark: ZSpark) -> Path:
    """The absolute path that a zSpark key holds, relative ones from the app file's folder."""
    value = zspark.values[key]
    if not isinstance(value, str | Path) or "\0" in str(value):
        message, hint = f"{key} of zSpark is not a path", 'write it as text: "folder"'
        raise AppError(message, hint=hint, file=file, line=zspark.lines.get(key))
    try:
        return Path(os.path.abspath(file.parent / Path(value).expanduser()))
    except RuntimeError:
        message, hint = f"{key} of zSpark names an unknown home folder", "write the absolute path"
        raise AppError(message, hint=hint, file=file, line=zspark.lines.get(key)) from None


def _dotenv_key(zspark: ZSpark) -> str | None:
    return next((key for key in DOTENV_KEYS if zspark.values.get(key)), None)


def _dotenv_file(file: Path, workspace: Path, zspark: ZSpark) -> Path | None:
    """The one dotenv file that counts; a named one that is missing is not replaced."""
    key = _dotenv_key(zspark)
    if key:
        return _path_of(key, file, zspark)
    return next((f for name in DOTENV_FILES if os.path.lexists(f := workspace / name)), None)


def _read_dotenv(file: Path) -> tuple[Mapping[str, str], tuple[str, ...]]:
    """The variables of a dotenv file and a warning for each line that is not understood."""
    if not os.path.lexists(file):
        return {}, (f"{file}: the dotenv file named in zSpark does not exist; nothing is read",)
    text = _dotenv_text(file)
    if _PLAIN_LINES.fullmatch(f"{text}\n"):
        return dict(line.split("=", 1) for line in text.split()), ()
    return _parsed(file, text)


def _parsed(file: Path, text: str) -> tuple[Mapping[str, str], tuple[str, ...]]:
    from dotenv import dotenv_values
    from dotenv.parser import parse_stream

    bindings = list(parse_stream(StringIO(text)))
    bad = tuple(
        f"{file}:{binding.original.line}: this line is not understood and is left out"
        for binding in bindings
        if binding.error
    )
    # Without the bad lines, which python-dotenv would report on standard error.
    clean = "".join(binding.original.string for binding in bindings if not binding.error)
    values = dotenv_values(stream=StringIO(clean))
    return {name: value for name, value in values.items() if value is not None}, bad


def _dotenv_text(file: Path) -> str:
    if os.path.exists(file) and not os.path.isfile(file):
        hint = "it must be a text file with NAME=value lines"
        raise AppError("the dotenv file is not a regular file", hint=hint, file=file)
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        hint = "save it as UTF-8"
        raise AppError("the dotenv file is not UTF-8 text", hint=hint, file=file) from None
    except OSError as error:
        message = f"the dotenv file cannot be read: {error.strerror}"
        raise AppError(message, hint="check its permissions", file=file) from None
    if "\0" in text:
        hint = "save it as plain text"
        raise AppError("the dotenv file holds a NUL character", hint=hint, file=file)
    return text


def _elsewhere(file: Path, workspace: Path, zspark: ZSpark) -> Iterator[str]:
    """Warn where the app, run from the current folder, would use another place than this."""
    try:
        current = Path.cwd()
    except OSError:
        return
    if current.resolve() == file.parent.resolve():
        return
    if not _is_absolute("zSpace", zspark):
        yield from _other_workspace(current / str(zspark.values.get("zSpace") or ""), workspace)
    yield from _other_dotenv(current, file, zspark)


def _other_workspace(other: Path, workspace: Path) -> Iterator[str]:
    marks = [mark for mark in APP_MARKS if os.path.exists(other / mark)]
    if marks and other.resolve() != workspace.resolve():
        yield (
            f"{other} also holds {', '.join(marks)}: the app run from the current folder would"
            f" use them; this run uses {workspace}"
        )


def _is_absolute(key: str, zspark: ZSpark) -> bool:
    value = zspark.values.get(key)
    return isinstance(value, str | Path) and Path(value).expanduser().is_absolute()


def _other_dotenv(current: Path, file: Path, zspark: ZSpark) -> Iterator[str]:
    key = _dotenv_key(zspark)
    if key is None or _is_absolute(key, zspark):
        return
    other = current / str(zspark.values[key])
    if os.path.exists(other):
        yield (
            f"the app run from the current folder would read {other} for {key}; this run reads"
            f" {_path_of(key, file, zspark)}"
        )
