"""zPaths: what `@.Data`, `@.models.zSchema.users` and `@.plugins.mod.fn` mean on disk.

Whatever works in zCLI resolves here to the same path. Paths with `@` stay in the workspace.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from zmigration_api.errors import AppError

from .zolo_files import SUFFIX as ZOLO
from .zolo_files import parser

MACHINE = "~.zMachine."
SCHEMA_SUFFIXES = (".json", ".yaml", ".yml")
FILE_SUFFIXES = frozenset(
    [".py", ".js", ".sh", ".md", ".txt", ".json", ".yaml", ".yml", ".xml", ".html", ".css", ZOLO],
)
VAFILE_PREFIXES = ("zSchema.", "zUI.", "zConfig.")
PLUGIN_FOLDERS = ("", "utils", "plugins")
PLUGIN_FORMS = "write @.plugins.module.function, &module.function() or zFunc(@.plugins.module.fn)"

_DOTTED = re.compile(r"@\.?(?P<parts>\w+(?:\.\w+)+)")
_ZFUNC = re.compile(r"zFunc\(\s*(?P<path>@[\w.]+)\s*(?:\(\s*\))?\s*\)")
_AMPERSAND = re.compile(r"&(?P<module>\w+)\.(?P<function>\w+)(?:\(\s*\))?")


def resolve_data_path(value: str, workspace: Path) -> Path:
    """The absolute folder (or file) that a data zPath means, which need not exist.

    `@` is the workspace and each dot below it a folder, `~.zMachine.` the user's zolo-zcli
    folder; anything else is relative to the current folder, as in zCLI, and `~` stays as it is.
    Raises `AppError` for paths that leave the workspace, are empty or hold a NUL.
    """
    _refuse_unusable(value)
    if value.startswith("@"):
        return _in_workspace(value, _folders(value, "@"), workspace)
    if value.startswith(MACHINE):
        return _machine_path(value)
    return _from_current_folder(Path(value))


def _refuse_unusable(zpath: str) -> None:
    if not zpath.strip():
        raise AppError("a path is empty", hint="write @.Data for the folder Data of the app")
    if "\0" in zpath:
        raise AppError(f"the path {zpath!r} holds a NUL character", hint="remove it")


def _from_current_folder(path: Path) -> Path:
    try:
        return _plain(path.absolute())
    except OSError:
        message = f"the path {path} is relative, but the current folder is gone"
        raise AppError(message, hint="change to a folder that exists") from None


def _plain(path: Path) -> Path:
    """The path without `..`, where that is the same place: above a link it need not be."""
    if ".." not in path.parts:
        return path
    plain = Path(os.path.normpath(path))
    return plain if os.path.realpath(plain) == os.path.realpath(path) else path


def _folders(zpath: str, prefix: str) -> str:
    """What follows the prefix, `Data.sub` as `Data/sub`; leaving the base is refused."""
    rest = zpath.removeprefix(prefix)
    if ".." in re.split(r"[/\\]", rest):
        raise AppError(f"the path {zpath} may not use ..", hint="name a folder below its base")
    folders = rest.strip(".").replace(".", "/")
    if folders.startswith(("/", "\\")):
        message = f"the path {zpath} means the absolute path {folders} to zCLI"
        below = f"{prefix.rstrip('.')}.{folders.strip('/')}"
        hint = f"write {below} for the folder below, or only the absolute path"
        raise AppError(message, hint=hint)
    return folders


def _in_workspace(zpath: str, relative: str, workspace: Path) -> Path:
    path = workspace.absolute() / relative
    require_inside(path, workspace, zpath)
    return path


def require_inside(path: Path, workspace: Path, shown: str) -> None:
    """Raise `AppError` where `path`, with its links followed, is not in the workspace."""
    if is_inside(path, workspace):
        return
    message = f"{shown} leads out of the app's folder {workspace}"
    raise AppError(message, hint="keep it inside, or give an absolute path without @", file=path)


def is_inside(path: Path, workspace: Path) -> bool:
    """Whether `path`, with its links followed, is in the workspace; a loop of links is not."""
    try:
        return path.resolve().is_relative_to(_real(workspace))
    except (OSError, RuntimeError):
        return False


@cache
def _real(workspace: Path) -> Path:
    return workspace.resolve()


def _machine_path(zpath: str) -> Path:
    folders = _folders(zpath, MACHINE)
    path = _machine_folder() / folders
    marked = any(word in zpath for word in ("zSchema", "zUI", "zConfig"))
    if marked and not path.with_name(f"{path.name}.yaml").exists():
        message = f"{zpath} needs the file {path}.yaml, which does not exist"
        raise AppError(message, hint="zCLI refuses such a path too; use another folder name")
    return path


def resolve_schema_path(zpath: str, workspace: Path) -> Path:
    """The existing schema file that a file zPath means.

    Beyond zCLI: `@.models.zSchema.users.yaml`, `zSchema.shop.users`, absolute, `~/` and
    `folder/file` paths, `~.zMachine.` paths. Raises `AppError` where there is no such file.
    """
    _refuse_unusable(zpath)
    candidates = list(_schema_candidates(zpath, workspace))
    found = next(filter(_is_file, candidates), None)
    if found is None:
        tried = ", ".join(str(path) for path in dict.fromkeys(candidates))
        hint = f"tried {tried}" if tried else "write @.models.zSchema.users"
        raise AppError(f"there is no schema file for {zpath}", hint=hint)
    if not _is_plain(zpath) and not zpath.startswith(MACHINE):
        require_inside(found, workspace, zpath)
    return found


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return False


def _is_plain(zpath: str) -> bool:
    return "/" in zpath or "\\" in zpath


def _schema_candidates(zpath: str, workspace: Path) -> Iterator[Path]:
    if zpath.startswith(MACHINE):
        base = _machine_folder()
        yield from _dotted_candidates(base, _folders(zpath, MACHINE).replace("/", "."))
    elif zpath.startswith("@") and _is_plain(zpath):
        hint = "write dots between the folders: @.models.zSchema.users"
        raise AppError(f"the path {zpath} mixes @ and /", hint=hint)
    elif _is_plain(zpath):
        yield from _with_suffixes(workspace.absolute() / _expanded(zpath))
    else:
        yield from _dotted_candidates(workspace.absolute(), zpath.removeprefix("@"))


def _expanded(path: str) -> Path:
    try:
        return Path(path).expanduser()
    except RuntimeError:
        hint = "write the absolute path"
        raise AppError(f"the home folder in {path} is not known", hint=hint) from None


def _dotted_candidates(base: Path, dotted: str) -> Iterator[Path]:
    """Every file that the dots may mean: what zCLI makes of them first, then longer names."""
    parts = [part for part in dotted.split(".") if part]
    for length in range(2, len(parts) + 1):
        folders, name = parts[:-length], ".".join(parts[-length:])
        if length == 2 or name.startswith(VAFILE_PREFIXES):
            yield from _named(base.joinpath(*folders), name)


def _named(folder: Path, name: str) -> Iterator[Path]:
    path = folder / name
    if path.suffix in FILE_SUFFIXES or not name.startswith(VAFILE_PREFIXES):
        yield path
    else:
        yield from _with_suffixes(path)


def _with_suffixes(path: Path) -> Iterator[Path]:
    if path.suffix in FILE_SUFFIXES or not path.name:
        yield path
    else:
        first = (ZOLO,) if parser() else ()  # as in zolo-os
        yield from (path.with_name(path.name + suffix) for suffix in (*first, *SCHEMA_SUFFIXES))


def resolve_plugin_path(zpath: str, workspace: Path) -> tuple[Path, str]:
    """The existing Python file and the function name that a plugin zPath means.

    `&module.function()` is looked for in the workspace, then in utils and plugins in it.
    Raises `AppError` for other forms, arguments, missing files and files outside the workspace.
    """
    candidates, function = _plugin_candidates(zpath.strip(), workspace.absolute())
    found = next(filter(_is_file, candidates), None)
    if found is None:
        tried = ", ".join(str(path) for path in candidates)
        raise AppError(f"there is no Python file for {zpath}", hint=f"tried {tried}")
    require_inside(found, workspace, zpath)
    return found, function


def _plugin_candidates(zpath: str, workspace: Path) -> tuple[list[Path], str]:
    ampersand = _AMPERSAND.fullmatch(zpath)
    if ampersand:
        module, function = ampersand.groups()
        return [workspace / folder / f"{module}.py" for folder in PLUGIN_FOLDERS], function
    zfunc = _ZFUNC.fullmatch(zpath)
    dotted = _DOTTED.fullmatch(zfunc["path"] if zfunc else zpath)
    if not dotted:
        raise AppError(f"{zpath} is not a path to a function", hint=PLUGIN_FORMS)
    *folders, module, function = dotted["parts"].split(".")
    return [workspace.joinpath(*folders, f"{module}.py")], function


def _machine_folder() -> Path:
    """The user's zolo-zcli folder; few schemas need the import."""
    from platformdirs import user_data_dir

    return Path(user_data_dir("zolo-zcli", "zolo"))
