"""Reads zSpark out of an app file: the file is parsed, never imported and never run."""

from __future__ import annotations

import ast
import tokenize
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from zmigration_api.errors import AppError

from .evaluate import Evaluator
from .scopes import Binding, Place, Scope, Unreadable, position, read_scopes

# In the order in which zCLI looks for them; the first that is not empty counts.
DOTENV_KEYS = (
    "env_file",
    "envFile",
    "dotenv",
    "dotenv_file",
    "dotenvFile",
    "dotenv_path",
    "dotenvPath",
)
HOSTS = frozenset({"zCLI", "zOS"})
NO_ZSPARK = 'write zSpark = {"title": "..."} in it, or call zCLI({...})'
READABLE = "write it as a literal, or from __file__, Path, os.path and os.getenv"


@dataclass(frozen=True, slots=True, kw_only=True)
class ZSpark:
    """What an app file configures; `lines` says where each key stands, counted from 1."""

    values: Mapping[str, object] = field(repr=False)
    warnings: tuple[str, ...] = ()
    lines: Mapping[str, int] = field(default_factory=dict, repr=False)


def read_zspark(path: Path) -> ZSpark:
    """The zSpark of an app file, each key that can be read without running it.

    Raises `AppError` where the file cannot be read or parsed, has no zSpark, or where zSpace or
    the dotenv path cannot be told.
    """
    module = _parse(path, _source(path))
    try:
        return _Reader(path, Evaluator(path)).read(module, read_scopes(module))
    except RecursionError:
        hint = "write zSpark as one plain dict"
        raise AppError("the app file is too deeply nested", hint=hint, file=path) from None


def _source(path: Path) -> str:
    try:
        _require_file(path)
        with tokenize.open(path) as stream:
            return stream.read()
    except (SyntaxError, UnicodeDecodeError, LookupError):
        hint = "save it as UTF-8"
        raise AppError("the app file is not UTF-8 text", hint=hint, file=path) from None
    except OSError as error:
        message = f"the app file cannot be read: {error.strerror}"
        raise AppError(message, hint="check its permissions", file=path) from None


def _require_file(path: Path) -> None:
    if path.is_dir():
        hint = "name the Python file in it"
        raise AppError("this is a folder, not an app file", hint=hint, file=path)
    if not path.is_file():
        what = "is not a regular file" if path.exists() else "does not exist"
        raise AppError(f"the app file {what}", hint="check the path and the folder", file=path)


def _parse(path: Path, source: str) -> ast.Module:
    hint = "the app file must be Python; try it with: python -m py_compile"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(source, filename=str(path))
    except SyntaxError as error:
        message = f"the app file is not valid Python: {error.msg}"
        where = {"line": error.lineno, "column": error.offset}
        raise AppError(message, hint=hint, file=path, **where) from None
    except (ValueError, RecursionError, MemoryError):
        raise AppError("the app file is not valid Python", hint=hint, file=path) from None


@dataclass(frozen=True, slots=True)
class _Found:
    """An expression that may be zSpark, where it stands, and the name it is bound to."""

    node: ast.expr
    place: Place
    name: str | None = None


@dataclass(slots=True)
class _Reader:
    file: Path
    evaluator: Evaluator
    values: dict[str, object] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    def read(self, module: ast.Module, scopes: list[Scope]) -> ZSpark:
        found = self._choose(_assigned(scopes), list(_called(module, scopes)))
        self._take(found.node, found.place)
        self._warn_of_later(found)
        self._take_items(found, scopes)
        self._alias_workspace()
        for key, problem in self.problems.items():
            self._report(key, problem)
        values, lines = MappingProxyType(self.values), MappingProxyType(self.lines)
        return ZSpark(values=values, warnings=tuple(self.warnings), lines=lines)

    def _choose(self, assigned: list[_Found], called: list[_Found]) -> _Found:
        readable = self._dicts(assigned)
        if len(readable) > 1:
            lines = ", ".join(str(line) for line in sorted(f.place.at[0] for f in readable))
            self._warn(f"zSpark is set at lines {lines}; line {readable[0].place.at[0]} is read")
        readable = readable or self._dicts(called)
        if readable:
            return readable[0]
        if not assigned and not called:
            raise AppError("the app file has no zSpark", hint=NO_ZSPARK, file=self.file)
        line = (assigned or called)[0].place.at[0]
        message = "zSpark is not a dict that can be read without running the app"
        raise AppError(message, hint=NO_ZSPARK, file=self.file, line=line)

    def _warn_of_later(self, found: _Found) -> None:
        """Who sets zSpark once more, by something that is no dict to read, must be told."""
        for binding in found.place.scope.names.get(found.name or "", ()):
            if binding.at > found.place.at:
                line = binding.at[0]
                self.warnings.append(
                    f"{self.file}:{line}: zSpark is set again here, which cannot be read without"
                    f" running the app; line {found.place.at[0]} is read"
                )

    def _dicts(self, candidates: list[_Found]) -> list[_Found]:
        return [found for found in map(self._follow, candidates) if found]

    def _follow(self, found: _Found) -> _Found | None:
        """The dict behind a candidate, or None where it is something else."""
        try:
            node, place = self.evaluator.follow(found.node, found.place)
        except Unreadable:
            return None
        return _Found(node, place, found.name) if _is_dict(node) else None

    def _take(self, node: ast.expr, place: Place) -> None:
        """Read every key of a dict expression, later ones over earlier ones."""
        match node:
            case ast.Dict(keys=keys, values=values):
                for key, value in zip(keys, values, strict=True):
                    self._spread(value, place) if key is None else self._pair(key, value, place)
            case ast.Call(args=arguments, keywords=words) if _is_dict_call(node):
                for argument in arguments:
                    self._spread(argument, place)
                for word in words:
                    self._keyword(word, place)
            case ast.BinOp(left=left, right=right):
                self._spread(left, place)
                self._spread(right, place)

    def _keyword(self, word: ast.keyword, place: Place) -> None:
        if word.arg is None:
            self._spread(word.value, place)
        else:
            self._entry(word.arg, word.value, place)

    def _spread(self, node: ast.expr, place: Place) -> None:
        try:
            followed, there = self.evaluator.follow(node, place)
        except Unreadable:
            followed, there = node, place
        if _is_dict(followed):
            self._take(followed, there)
        else:
            self._warn("the dict spread into zSpark cannot be read; its keys are left out", node)

    def _pair(self, key: ast.expr, value: ast.expr, place: Place) -> None:
        try:
            name = self.evaluator.value(key, place)
        except Unreadable as problem:
            self._warn(f"a key of zSpark is left out: {problem}", key)
            return
        if isinstance(name, str):
            self._entry(name, value, place)

    def _entry(self, key: str, node: ast.expr, place: Place) -> None:
        self.lines[key] = node.lineno
        self.values.pop(key, None)
        self.problems.pop(key, None)
        try:
            self.values[key] = self.evaluator.value(node, place)
        except Unreadable as problem:
            self.problems[key] = str(problem)

    def _take_items(self, found: _Found, scopes: list[Scope]) -> None:
        """Read `zSpark["key"] = value` where it follows the dict."""
        home = found.place.scope
        for scope in scopes:
            if found.name is None or (scope is not home and found.name in scope.names):
                continue
            for key, binding in scope.items.get(found.name, ()):
                certain = scope is home and binding.certain(found.place.at)
                if scope is not home or binding.at > found.place.at:
                    self._take_item(key, binding, Place(scope, binding.at), certain)

    def _take_item(self, key: str, binding: Binding, place: Place, certain: bool) -> None:
        if key == "**":
            self._take_update(binding, place, certain)
            return
        if isinstance(binding.value, ast.expr):
            self._entry(key, binding.value, place)
        if not certain:
            self.values.pop(key, None)
            self.problems[key] = "a branch, loop or function decides what it is"

    def _take_update(self, binding: Binding, place: Place, certain: bool) -> None:
        assert isinstance(binding.value, ast.expr)
        if certain:
            self._spread(binding.value, place)
        else:
            what = "a branch, loop or function decides what updates zSpark; its keys are left out"
            self._warn(what, binding.value)

    def _alias_workspace(self) -> None:
        """zCLI itself ignores zWorkspace, but many apps still say zSpace so."""
        known = {*self.values, *self.problems}
        if "zSpace" in known or "zWorkspace" not in known:
            return
        self.lines["zSpace"] = self.lines["zWorkspace"]
        self._warn("zWorkspace is read as zSpace; rename it, zCLI ignores it", "zWorkspace")
        if "zWorkspace" in self.values:
            self.values["zSpace"] = self.values["zWorkspace"]
        else:
            self.problems["zSpace"] = self.problems.pop("zWorkspace")

    def _report(self, key: str, problem: str) -> None:
        if key == "zSpace" or key in DOTENV_KEYS:
            message = f"{key} of zSpark cannot be read: {problem}"
            raise AppError(message, hint=READABLE, file=self.file, line=self.lines[key])
        self._warn(f"{key} of zSpark is left out: {problem}", key)

    def _warn(self, message: str, where: ast.expr | str | None = None) -> None:
        line = self.lines.get(where) if isinstance(where, str) else getattr(where, "lineno", None)
        at = f"{self.file}:{line}" if line else str(self.file)
        self.warnings.append(f"{at}: {message}")


def _assigned(scopes: list[Scope]) -> list[_Found]:
    """What is bound to zSpark: outermost scope first, in a scope the last one first."""
    return [
        _Found(binding.value, Place(scope, binding.at), name)
        for scope in scopes
        for name, bindings in scope.names.items()
        for binding in reversed(bindings)
        if name.lower() == "zspark" and isinstance(binding.value, ast.expr)
    ]


def _called(module: ast.Module, scopes: list[Scope]) -> Iterator[_Found]:
    """The arguments of `zCLI(...)` and `zOS(...)`, in the order of the file."""
    calls = [node for node in ast.walk(module) if isinstance(node, ast.Call) and _is_host(node)]
    for call in sorted(calls, key=position):
        at = position(call)
        scope = max((s for s in scopes if s.holds(at)), key=lambda s: s.depth)
        named = [word.value for word in call.keywords if word.arg == "zSpark_obj"]
        for argument in [*call.args[:1], *named]:
            name = argument.id if isinstance(argument, ast.Name) else None
            yield _Found(argument, Place(scope, at), name)


def _is_host(call: ast.Call) -> bool:
    name = getattr(call.func, "id", None) or getattr(call.func, "attr", None)
    return name in HOSTS


def _is_dict(node: ast.expr) -> bool:
    """Whether `_Reader._take` can read this."""
    union = isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr)
    return isinstance(node, ast.Dict) or union or _is_dict_call(node)


def _is_dict_call(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and getattr(node.func, "id", None) == "dict"
