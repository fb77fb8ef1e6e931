"""Which names an app file binds where, found without running the file."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

Position: TypeAlias = tuple[int, int]
Block: TypeAlias = tuple[Position, Position]

END: Position = (10**9, 0)
Owner: TypeAlias = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


class Unreadable(Exception):
    """This expression cannot be evaluated without running the app."""


@dataclass(frozen=True, slots=True)
class Binding:
    """A name gets a value: an expression, the dotted name of an import, or something unknown.

    `blocks` are the branches and loops around it, as (start, end) positions.
    """

    at: Position
    value: ast.expr | str | None
    blocks: tuple[Block, ...] = ()

    def certain(self, use: Position) -> bool:
        """Whether who reads the name at `use` always meets a binding made here."""
        return all(start <= use <= end for start, end in self.blocks)


@dataclass(slots=True, eq=False)
class Scope:
    """The names that a module, class or function binds, and the items it sets in them."""

    node: ast.AST
    parent: Scope | None = None
    names: dict[str, list[Binding]] = field(default_factory=dict)
    items: dict[str, list[tuple[str, Binding]]] = field(default_factory=dict)

    @property
    def depth(self) -> int:
        return 0 if self.parent is None else self.parent.depth + 1

    def bind(self, name: str, binding: Binding) -> None:
        self.names.setdefault(name, []).append(binding)

    def holds(self, position: Position) -> bool:
        start, end = span(self.node)
        return start <= position <= end


@dataclass(frozen=True, slots=True)
class Place:
    """Where an expression stands: only names bound before `at` are known to it."""

    scope: Scope
    at: Position

    def find(self, name: str) -> tuple[Binding, Scope] | None:
        """The binding that `name` means here, or None for a name this file does not bind.

        Raises `Unreadable` when a branch decides.
        """
        limit, scope = self.at, self.scope
        while True:
            bound = [b for b in scope.names.get(name, ()) if b.at < limit]
            if bound:
                return _certain(name, bound[-1], self.at), scope
            if scope.parent is None:
                return None
            limit, scope = END, scope.parent


def _certain(name: str, binding: Binding, use: Position) -> Binding:
    if not binding.certain(use):
        raise Unreadable(f"a branch or loop at line {binding.at[0]} decides what {name} is")
    return binding


def position(node: ast.AST) -> Position:
    return getattr(node, "lineno", 0), getattr(node, "col_offset", 0)


def span(node: ast.AST) -> Block:
    if isinstance(node, ast.Module):
        return (0, 0), END
    end = getattr(node, "end_lineno", None), getattr(node, "end_col_offset", None)
    return position(node), (end[0] or 0, end[1] or 0)


def read_scopes(module: ast.Module) -> list[Scope]:
    """The scopes of a file with all that they bind, outermost and first ones first."""
    scopes: list[Scope] = []
    _open_scope(module, None, scopes)
    return sorted(scopes, key=lambda scope: (scope.depth, position(scope.node)))


def _open_scope(node: Owner, parent: Scope | None, scopes: list[Scope]) -> None:
    scope = Scope(node, parent)
    scopes.append(scope)
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        for argument in ast.walk(node.args):
            if isinstance(argument, ast.arg):
                scope.bind(argument.arg, Binding(position(node), None))
    _read_body(node.body, scope, (), scopes)


def _read_body(
    body: Iterable[ast.stmt], scope: Scope, blocks: tuple[Block, ...], scopes: list[Scope]
) -> None:
    for statement in body:
        for name, value in (*_bound(statement), *_named(statement)):
            scope.bind(name, Binding(position(statement), value, blocks))
        for name, key, value in _items_set(statement):
            binding = Binding(position(statement), value, blocks)
            scope.items.setdefault(name, []).append((key, binding))
        if isinstance(statement, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            _open_scope(statement, scope, scopes)
            continue
        for inner, conditional in _bodies(statement):
            block = (position(inner[0]), span(inner[-1])[1])
            _read_body(inner, scope, (*blocks, block) if conditional else blocks, scopes)


def _bound(node: ast.stmt) -> Iterator[tuple[str, ast.expr | str | None]]:
    """The names that a statement itself binds, without those of the statements inside it."""
    match node:
        case ast.Import(names=names):
            for alias in names:
                yield alias.asname or alias.name.split(".")[0], _imported(alias)
        case ast.ImportFrom(module=module, names=names, level=level):
            for alias in names:
                yield alias.asname or alias.name, f"{'.' * level}{module or ''}.{alias.name}"
        case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            yield name, None
        case ast.Assign(targets=targets, value=value):
            for target in targets:
                yield from _targets(target, value)
        case ast.AnnAssign(target=target, value=value) if value is not None:
            yield from _targets(target, value)
        case ast.AugAssign(op=ast.BitOr()):
            return  # an update
        case _:
            yield from ((name, None) for name in _stored(node))


def _named(node: ast.stmt) -> Iterator[tuple[str, ast.expr]]:
    """What `:=` binds in the statement's own part."""
    for part in _own_parts(node):
        if isinstance(part, ast.NamedExpr):
            yield part.target.id, part.value


def _imported(alias: ast.alias) -> str:
    return alias.name if alias.asname else alias.name.split(".")[0]


def _targets(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, ast.expr | None]]:
    if isinstance(target, ast.Name):
        yield target.id, value
    elif _alike(target, value):
        for one, its in zip(target.elts, value.elts, strict=True):  # type: ignore[attr-defined]
            yield from _targets(one, its)
    else:
        yield from ((name, None) for name in _stored(target))


def _alike(target: ast.expr, value: ast.expr) -> bool:
    """Whether these are `a, b` and `1, 2`: as many values as names, one for each."""
    sides = (target, value)
    if not all(isinstance(side, ast.Tuple | ast.List) for side in sides):
        return False
    items = [side.elts for side in sides if isinstance(side, ast.Tuple | ast.List)]
    starred = any(isinstance(item, ast.Starred) for item in (*items[0], *items[1]))
    return len(items[0]) == len(items[1]) and not starred


def _stored(node: ast.AST) -> Iterator[str]:
    """Names bound by loops, `with`, `del` and the like, in this statement's own part."""
    parts = list(_own_parts(node))
    named = {id(part.target) for part in parts if isinstance(part, ast.NamedExpr)}
    for part in parts:
        bound = isinstance(part, ast.Name) and not isinstance(part.ctx, ast.Load)
        if isinstance(part, ast.Name) and bound and id(part) not in named:
            yield part.id


def _own_parts(node: ast.AST) -> Iterator[ast.AST]:
    """What a statement is made of, without the statements inside it."""
    apart = (ast.stmt, ast.ExceptHandler, ast.Lambda, ast.comprehension)
    todo = [node]
    while todo:
        current = todo.pop()
        yield current
        todo += [n for n in ast.iter_child_nodes(current) if not isinstance(n, apart)]


def _items_set(node: ast.stmt) -> Iterator[tuple[str, str, ast.expr]]:
    """Name, key and value of each item that a statement sets; a dict of items has the key `**`."""
    match node:
        case ast.Expr(
            value=ast.Call(
                func=ast.Attribute(value=ast.Name(id=name), attr="update"),
                args=arguments,
                keywords=words,
            )
        ):
            for argument in arguments:
                yield from ((name, key, value) for key, value in _pairs(argument))
            for word in words:
                yield name, word.arg or "**", word.value
        case ast.AugAssign(target=ast.Name(id=name), op=ast.BitOr(), value=value):
            yield from ((name, key, one) for key, one in _pairs(value))
        case ast.Assign(
            targets=[
                ast.Subscript(value=ast.Name(id=name), slice=ast.Constant(value=str() as key))
            ],
            value=value,
        ):
            yield name, key, value


def _pairs(node: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    """The items of a dict whose keys are plain texts, else the whole of it under `**`."""
    if isinstance(node, ast.Dict):
        keys = [key.value for key in node.keys if isinstance(key, ast.Constant)]
        if len(keys) == len(node.keys) and all(isinstance(key, str) for key in keys):
            yield from zip(map(str, keys), node.values, strict=True)
            return
    yield "**", node


def _bodies(node: ast.stmt) -> Iterator[tuple[list[ast.stmt], bool]]:
    """The statement lists inside a statement, each with whether it may be left out.

    `except` bodies are left out: they stand for what the main road did not bring.
    """
    match node:
        case ast.If(test=test, body=body, orelse=orelse):
            yield body, not _is_main(test)
            yield from ((inner, True) for inner in [orelse] if inner)
        case ast.For() | ast.AsyncFor() | ast.While():
            yield from ((inner, True) for inner in (node.body, node.orelse) if inner)
        case ast.Match(cases=cases):
            yield from ((case.body, True) for case in cases)
        case _:
            bodies = [getattr(node, name, None) for name in ("body", "orelse", "finalbody")]
            yield from ((inner, False) for inner in bodies if inner)


def _is_main(test: ast.expr) -> bool:
    """Whether this is `__name__ == "__main__"`, which holds for an app that runs."""
    return isinstance(test, ast.Compare) and "__name__" in {
        name.id for name in ast.walk(test) if isinstance(name, ast.Name)
    }
