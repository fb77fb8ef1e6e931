"""The app that is running in this process, as its zCLI object knows it."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from zmigration_api.errors import AppError

from .loading import DOTENV_FILES, App
from .zspark import DOTENV_KEYS


def running_app(z: Any) -> App:  # noqa: ANN401
    """The app of a zCLI object: its zSpark, its workspace, and the variables that it loaded.

    Unlike in `zolo migrate`, a relative zSpace is one from the current folder, as zCLI itself
    takes it: the stores are those that this very process uses.
    """
    zspark = _mapping(getattr(z, "zspark_obj", None))
    workspace = _workspace(_mapping(getattr(z, "session", None)), zspark)
    file = _file(workspace)
    return App(
        file=file,
        workspace=workspace,
        environment=MappingProxyType(dict(os.environ)),
        zspark=MappingProxyType(dict(zspark)),
        dotenv=_dotenv(workspace, zspark),
        title=str(zspark.get("title") or file.stem),
        running=z,
    )


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _workspace(session: Mapping[str, Any], zspark: Mapping[str, Any]) -> Path:
    said = session.get("zSpace") or zspark.get("zSpace") or "."
    folder = Path(os.path.abspath(Path(str(said)).expanduser()))
    if not folder.is_dir():
        hint = "make the folder, or leave zSpace out to use the current one"
        raise AppError(f"zSpace {folder} is not a folder", hint=hint)
    return folder


def _file(workspace: Path) -> Path:
    """The file that was started; a guess where that is a server or a test runner."""
    main = Path(getattr(sys.modules.get("__main__"), "__file__", None) or "")
    if main.suffix == ".py" and main.name != "__main__.py":
        return Path(os.path.abspath(main))
    return workspace / "app.py"


def _dotenv(workspace: Path, zspark: Mapping[str, Any]) -> Path | None:
    """The file that zCLI has read; errors name its lines."""
    named = next((zspark[key] for key in DOTENV_KEYS if zspark.get(key)), None)
    if named is not None:
        return Path(os.path.abspath(Path(str(named)).expanduser()))
    return next((f for name in DOTENV_FILES if os.path.lexists(f := workspace / name)), None)
