"""Hooks that a schema file names: `@.plugins.migrations.populate_email`."""

from __future__ import annotations

import ast
import contextlib
import hashlib
import importlib.util
import inspect
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from zmigration_api import HookFailed, MigrationContext, MigrationError, PluginError

from .places import Place
from .plugins import ran
from .zpaths import resolve_plugin_path


@dataclass(frozen=True, slots=True)
class PathHook:
    """A function in a file of the workspace, under the path that the user wrote."""

    written: str
    file: Path
    function: str

    @classmethod
    def find(cls, written: str, workspace: Path, place: Place) -> PathHook:
        """The hook of that path; PluginError without such a file or function. Imports nothing."""
        try:
            file, function = resolve_plugin_path(written, workspace)
        except MigrationError as error:
            raise PluginError(
                f"hook {written}: {error.message}", hint=error.hint, file=place[0], line=place[1]
            ) from None
        hook = cls(written, file, function)
        names = _names(file)
        if names is not None and function not in names:
            raise hook._missing()
        return hook

    def load(self) -> Callable[..., Any]:
        """Import the file anew and give the function; PluginError if it cannot be had."""
        try:
            module = import_file(self.file)
        except (Exception, SystemExit) as error:
            raise PluginError(
                f"hook {self.written}: {type(error).__name__}: {error}",
                hint=_last_lines(error, self.file),
                file=self.file,
            ) from error
        function = getattr(module, self.function, None)
        if not callable(function):
            raise self._missing()
        return function  # type: ignore[no-any-return]

    def _missing(self) -> PluginError:
        return PluginError(
            f"hook {self.written}: {self.file.name} has no function {self.function}",
            hint=f"write def {self.function}(zcli, **kwargs): ... there",
            file=self.file,
        )

    def call(self, function: Callable[..., Any], context: MigrationContext) -> object:
        """Call it with what its signature names; whatever it raises becomes `HookFailed`."""
        try:
            return ran(function(**arguments(function, context)))
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # GeneratorExit, asyncio's CancelledError, sys.exit
            place = _place(error, self.file)
            raise HookFailed(
                f"hook {self.written} raised {type(error).__name__}: {error}",
                hint=_hint(error, self.file),
                file=self.file,
                line=place,
            ) from error


def _hint(error: BaseException, file: Path) -> str | None:
    own = error.hint if isinstance(error, MigrationError) else None
    return "; ".join(filter(None, (own, _last_lines(error, file)))) or None


def _names(file: Path) -> set[str] | None:
    """The names that a module binds at its top; None if only running it would tell."""
    try:
        body = ast.parse(file.read_bytes()).body
    except (SyntaxError, ValueError, OSError):
        return None  # importing it will say what is wrong
    names: set[str] = set()
    for node in body:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                names.add(node.name)
            case ast.Import() | ast.Assign() | ast.Expr():
                names |= {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
                names |= {a.asname or a.name for a in getattr(node, "names", ())}
            case ast.ImportFrom() if all(alias.name != "*" for alias in node.names):
                names |= {alias.asname or alias.name for alias in node.names}
            case _:
                return None
    return names


def arguments(function: Callable[..., Any], context: MigrationContext) -> dict[str, object]:
    """What a hook gets of zcli, context, schema, changes, dry_run: what it names, or all."""
    offered: dict[str, object] = {
        "zcli": context.zcli,
        "context": context,
        "schema": context.schema,
        "changes": context.changes,
        "dry_run": context.dry_run,
    }
    parameters = inspect.signature(function).parameters.values()
    if any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters):
        return offered
    return {p.name: offered[p.name] for p in parameters if p.name in offered}


@contextlib.contextmanager
def environment(variables: Mapping[str, str], workspace: Path) -> Iterator[None]:
    """While hooks run: the app's variables in os.environ, and its folder on the import path."""
    before = dict(os.environ)
    os.environ.update(variables)
    sys.path.insert(0, str(workspace))
    try:
        yield
    finally:
        with contextlib.suppress(ValueError):
            sys.path.remove(str(workspace))
        os.environ.clear()
        os.environ.update(before)


def import_file(file: Path) -> ModuleType:
    digest = hashlib.sha256(str(file).encode()).hexdigest()[:12]
    spec = importlib.util.spec_from_file_location(f"_zmigration_hook_{digest}", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[spec.name]
        raise
    return module


def _place(error: BaseException, file: Path) -> int | None:
    import traceback

    lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == str(file)]
    return lines[-1] if lines else None


def _last_lines(error: BaseException, file: Path) -> str | None:
    """The user's own part of the traceback, without ours."""
    import traceback

    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if frame.filename == str(file)]
    if not own:
        return None
    return "; ".join(f"line {f.lineno}, in {f.name}: {f.line}" for f in own[-3:])
