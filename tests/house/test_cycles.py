"""What programs do frees its arrays at once: no reference cycle keeps them until the garbage collector comes."""

import ast
from pathlib import Path

import pytest

BACKEND = Path(__file__).parents[2] / "backend"
RUNNING = ("arrays", "autodiff", "control", "kernels", "ops")  # folders whose functions take arrays when programs run


def calls_itself(function: ast.FunctionDef) -> bool:
    """Whether a function reads its own name, which it does not write."""
    names = [n for part in function.body for n in ast.walk(part) if isinstance(n, ast.Name) and n.id == function.name]
    return bool(names) and all(isinstance(n.ctx, ast.Load) for n in names)


def inner_functions(tree: ast.AST) -> set[ast.FunctionDef]:
    """The functions that are defined within others."""
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)]
    return {n for outer in functions for n in ast.walk(outer) if isinstance(n, ast.FunctionDef) and n is not outer}


def test_an_inner_function_that_calls_itself_is_found():
    tree = ast.parse("def f(x):\n    def g(n):\n        return g(n - 1) if n else x\n    return g(3)\n")
    assert [calls_itself(g) for g in inner_functions(tree)] == [True]


@pytest.mark.parametrize("folder", RUNNING)
def test_no_inner_function_calls_itself_where_programs_run(folder):
    """Its closure has itself, and with it all that it sees."""
    found = {
        f"{path.relative_to(BACKEND)}: {inner.name}"
        for path in sorted((BACKEND / folder).rglob("*.py"))
        for inner in inner_functions(ast.parse(path.read_text("utf-8")))
        if calls_itself(inner)
    }
    assert found == set()
