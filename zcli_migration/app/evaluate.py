"""What an expression of an app file is worth, found without running the file."""

from __future__ import annotations

import ast
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from .scopes import Binding, Place, Scope, Unreadable

MAX_STEPS = 20_000

FUNCTIONS: Mapping[str, Callable[..., object]] = {
    "str": str,
    "pathlib.Path": Path,
    "pathlib.PurePath": Path,
    "pathlib.Path.cwd": Path.cwd,
    "pathlib.Path.home": Path.home,
    "os.fspath": os.fspath,
    "os.getcwd": os.getcwd,
    "os.getenv": os.getenv,
    "os.environ.get": os.environ.get,
    "os.path.abspath": os.path.abspath,
    "os.path.dirname": os.path.dirname,
    "os.path.expanduser": os.path.expanduser,
    "os.path.join": os.path.join,
    "os.path.normpath": os.path.normpath,
    "os.path.realpath": os.path.realpath,
}
# An app file may have these from a star import; anything else must be imported by name.
WELL_KNOWN = {"Path": "pathlib.Path", "pathlib": "pathlib", "os": "os", "str": "str"}
PATH_METHODS = frozenset({"absolute", "as_posix", "expanduser", "joinpath", "resolve"})
PATH_ATTRIBUTES = frozenset({"name", "parent", "parents", "stem"})
PLAIN, AS_STR = -1, ord("s")


@dataclass(slots=True)
class Evaluator:
    """Evaluates literals, constants, paths and environment variables; refuses all else.

    Every method that takes an expression raises `Unreadable` where it cannot.
    """

    file: Path
    steps: int = field(default=0, init=False)

    def value(self, node: ast.expr, place: Place) -> object:
        """What the expression is worth at this place."""
        try:
            return self._value(node, place)
        except RecursionError:
            raise Unreadable("it is too deeply nested") from None

    def follow(self, node: ast.expr, place: Place) -> tuple[ast.expr, Place]:
        """The expression behind a name, through any number of names and copies."""
        match node:
            case ast.Name(id=name):
                found = place.find(name)
                if found and isinstance(found[0].value, ast.expr):
                    return self.follow(found[0].value, Place(found[1], found[0].at))
            case ast.Call(func=ast.Attribute(value=inner, attr="copy"), args=[], keywords=[]):
                return self.follow(inner, place)
        return node, place

    def _value(self, node: ast.expr, place: Place) -> object:
        self.steps += 1
        if self.steps > MAX_STEPS:
            raise Unreadable("it takes too many steps")
        match node:
            case ast.Constant(value=value):
                return value
            case ast.Name(id="__file__"):
                return os.path.abspath(self.file)
            case ast.Name(id=name):
                return self._name(name, place)
            case ast.Attribute():
                return self._attribute(node, place)
            case ast.Call():
                return self._call(node, place)
            case ast.BinOp():
                return self._operation(node, place)
            case ast.BoolOp(op=ast.Or(), values=values):
                return self._first_true(values, place)
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as number)):
                return -number
            case ast.JoinedStr(values=values):
                return "".join(str(self._piece(value, place)) for value in values)
            case ast.Subscript():
                return self._subscript(node, place)
            case ast.Dict():
                return _safely(lambda: dict(self._pairs(node, place)))
            case ast.List(elts=items):
                return [self._value(item, place) for item in items]
            case ast.Tuple(elts=items):
                return tuple(self._value(item, place) for item in items)
        raise Unreadable("it is computed when the app runs")

    def _name(self, name: str, place: Place) -> object:
        found = place.find(name)
        if found is None or not isinstance(found[0].value, ast.expr):
            raise Unreadable(f"{name} is not a constant of this file")
        return self._value(found[0].value, Place(found[1], found[0].at))

    def _attribute(self, node: ast.Attribute, place: Place) -> object:
        if self.dotted(node, place) is None and node.attr in PATH_ATTRIBUTES:
            owner = self._value(node.value, place)
            if isinstance(owner, PurePath):
                return getattr(owner, node.attr)
        raise Unreadable(f".{node.attr} is not one of the attributes that can be read")

    def _call(self, node: ast.Call, place: Place) -> object:
        name = self.dotted(node.func, place)
        function = FUNCTIONS.get(name) if name else self._method(node.func, place)
        if function is None:
            raise Unreadable(f"{_tail(node.func)}() is only called when the app runs")
        arguments = [self._value(argument, place) for argument in node.args]
        named = {word.arg: self._value(word.value, place) for word in node.keywords if word.arg}
        if len(named) < len(node.keywords):
            raise Unreadable("** in a call is not read")
        return _safely(lambda: function(*arguments, **named))

    def _method(self, node: ast.expr, place: Place) -> Callable[..., object] | None:
        if not isinstance(node, ast.Attribute) or node.attr not in PATH_METHODS:
            return None
        owner = self._value(node.value, place)
        if not isinstance(owner, PurePath):
            return None
        method: Callable[..., object] = getattr(owner, node.attr)
        return method

    def _operation(self, node: ast.BinOp, place: Place) -> object:
        left, right = self._value(node.left, place), self._value(node.right, place)
        match node.op, left, right:
            case ast.Div(), PurePath(), str() | PurePath():
                return left / right
            case ast.Div(), str(), PurePath():
                return left / right
            case ast.Add(), str(), str():
                return left + right
            case ast.Add(), list(), list():
                return [*left, *right]
            case ast.BitOr(), dict(), dict():
                return left | right
        raise Unreadable("only paths joined by / and texts joined by + are read")

    def _first_true(self, nodes: list[ast.expr], place: Place) -> object:
        value: object = None
        for node in nodes:
            value = self._value(node, place)
            if value:
                break
        return value

    def _piece(self, node: ast.expr, place: Place) -> object:
        if not isinstance(node, ast.FormattedValue):
            return self._value(node, place)
        if node.format_spec is not None or node.conversion not in (PLAIN, AS_STR):
            raise Unreadable("formats in an f-string are not read")
        return self._value(node.value, place)

    def _subscript(self, node: ast.Subscript, place: Place) -> object:
        if self.dotted(node.value, place) == "os.environ":
            variable = self._value(node.slice, place)
            if not isinstance(variable, str) or variable not in os.environ:
                raise Unreadable(f"the environment variable {variable} is not set")
            return os.environ[variable]
        owner, key = self._value(node.value, place), self._value(node.slice, place)
        # Anything may stand in the brackets; what cannot be looked up is refused below.
        return _safely(lambda: owner[key])  # type: ignore[index]

    def _pairs(self, node: ast.Dict, place: Place) -> Iterator[tuple[object, object]]:
        for key, value in zip(node.keys, node.values, strict=True):
            if key is not None:
                yield self._value(key, place), self._value(value, place)
                continue
            spread = self._value(value, place)
            if not isinstance(spread, dict):
                raise Unreadable("what ** spreads is not a dict")
            yield from spread.items()

    def dotted(self, node: ast.expr, place: Place) -> str | None:
        """`os.path.join` for whatever an import lets the file call it, else None."""
        match node:
            case ast.Name(id=name):
                found = place.find(name)
                return WELL_KNOWN.get(name) if found is None else self._alias(*found)
            case ast.Attribute(value=value, attr=attr):
                owner = self.dotted(value, place)
                return owner and f"{owner}.{attr}"
        return None

    def _alias(self, binding: Binding, scope: Scope) -> str | None:
        if isinstance(binding.value, ast.expr):
            return self.dotted(binding.value, Place(scope, binding.at))
        return binding.value


def _tail(node: ast.expr) -> str:
    """The name of a called function, without arguments: those may hold a password."""
    return getattr(node, "id", None) or getattr(node, "attr", None) or "a function"


def _safely(call: Callable[[], object]) -> object:
    try:
        return call()
    except (ArithmeticError, LookupError, OSError, RuntimeError, TypeError, ValueError) as error:
        raise Unreadable(f"it fails with {type(error).__name__}") from None
