"""Functions of ours as source that a script holds: without annotations and docstrings, with the helpers they call."""

from __future__ import annotations

import ast
import inspect
import sys
import textwrap
from collections.abc import Callable, Sequence
from types import FunctionType
from typing import Any

__all__ = ["pasted"]


class _Plain(ast.NodeTransformer):
    """Source without annotations and docstrings, in which the namespace of any array is xp."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        for argument in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs):
            argument.annotation = None
        if ast.get_docstring(node) is not None and len(node.body) > 1:
            node.body = node.body[1:]
        self.generic_visit(node)
        return node

    def visit_Assign(self, node: ast.Assign) -> ast.AST | None:
        self.generic_visit(node)
        same = isinstance(node.value, ast.Name) and isinstance(node.targets[0], ast.Name)
        return None if same and ast.unparse(node.targets[0]) == ast.unparse(node.value) else node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id == "array_namespace":
            return ast.copy_location(ast.Name("xp", ast.Load()), node)
        return node


def pasted(functions: Sequence[Callable[..., Any]]) -> list[str] | None:
    """The source of module-level functions and of those of their module that they call; None for any other function."""
    found: dict[str, str] = {}
    waiting: list[Any] = list(functions)
    while waiting:
        function = waiting.pop(0)
        if not isinstance(function, FunctionType) or function.__name__ == "<lambda>":
            return None
        if function.__name__ in found:
            continue
        tree = _Plain().visit(ast.parse(textwrap.dedent(inspect.getsource(function))))
        found[function.__name__] = ast.unparse(ast.fix_missing_locations(tree))
        home = vars(sys.modules[function.__module__])
        waiting += [
            home[name]
            for name in function.__code__.co_names
            if isinstance(home.get(name), FunctionType) and home[name].__module__ == function.__module__
        ]
    return [line for text in found.values() for line in ["", "", *text.splitlines()]]
