"""Size expressions walked, each part once, and printed as Python."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any

__all__ = ["compounds", "source", "walk"]

Texts = Mapping[Any, tuple[str, int]]  # with how tightly each binds: 0 a name or a call, 1 a product, 2 a sum


def walk(sizes: Iterable[Any], stop: Collection[Any] = ()) -> Iterator[Any]:
    """Each expression within these sizes once, after its parts; those of what is in `stop` are left out."""
    done: set[Any] = set()
    stack = [(size, False) for size in sizes if not isinstance(size, int)][::-1]
    while stack:
        dim, ready = stack.pop()
        if dim in done:
            continue
        if ready or dim.is_leaf or dim in stop:
            done.add(dim)
            yield dim
            continue
        stack.append((dim, True))
        stack.extend((a, False) for a in reversed(dim.arguments) if not isinstance(a, int) and a not in done)


def compounds(sizes: Iterable[Any], named: Collection[Any] = ()) -> Iterator[tuple[Any, int]]:
    """Each computed expression within these sizes, after its parts, and how often the sizes and each other use it.

    What is in `named` has a name already and is left out, with the parts that it alone uses. So are multiples such as
    n * 2 and -n, which are as short as a name; their uses count as uses of their factors.
    """
    sizes = [size for size in sizes if not isinstance(size, int)]
    order = [dim for dim in walk(sizes, named) if not dim.is_leaf and dim not in named]
    uses = Counter(sizes)
    for dim in reversed(order):
        times = uses[dim] if dim.is_multiple else 1
        for a in dim.arguments:
            if not isinstance(a, int):
                uses[a] += times
    return ((dim, uses[dim]) for dim in order if not dim.is_multiple)


def source(dim: Any, name: Callable[[Any], str], named: Mapping[Any, str]) -> str:
    """The text of an expression; `name` gives that of a tensor, `named` that of parts which have names."""
    texts: dict[Any, tuple[str, int]] = {}
    for part in walk([dim], named):
        texts[part] = (named[part], 0) if part in named else _text(part, name, texts)
    text, level = texts[dim]
    return f"({text})" if level else text


def _text(dim: Any, name: Callable[[Any], str], texts: Texts) -> tuple[str, int]:
    function, arguments = dim.function, dim.arguments
    if function == "size":
        return f"{name(arguments[0])}.shape[{arguments[1]}]", 0
    if function == "item":
        return f"int({name(arguments[0])})", 0
    if function in ("max", "min"):
        return f"{function}({', '.join(str(a) if isinstance(a, int) else texts[a][0] for a in arguments)})", 0
    if function == "+":
        return _sum(dim, texts), 2
    if function == "*" and arguments[-1] == -1:
        return "-" + _product(arguments[:-1], texts), 2
    return f" {function} ".join(_operand(a, texts) for a in arguments), 1


def _operand(a: Any, texts: Texts) -> str:
    text, level = (str(a), a < 0) if isinstance(a, int) else texts[a]
    return f"({text})" if level else text


def _product(factors: Any, texts: Texts) -> str:
    return " * ".join(_operand(a, texts) for a in factors)


def _sum(dim: Any, texts: Texts) -> str:
    """What is added first, what is subtracted last: n - 1 rather than -1 + n."""
    added: list[str] = []
    subtracted: list[str] = []
    for a in dim.arguments:
        if isinstance(a, int):
            (added if a > 0 else subtracted).append(str(abs(a)))
            continue
        text, level = texts[a]
        factors = a.arguments if a.function == "*" and level else (1,)  # a part that has a name is a name
        if isinstance(factors[-1], int) and factors[-1] < 0:
            subtracted.append(_product(factors[:-1] if factors[-1] == -1 else (*factors[:-1], -factors[-1]), texts))
        else:
            added.append(f"({text})" if level == 2 else text)
    return " - ".join([" + ".join(added), *subtracted]) if added else "-" + " - ".join(subtracted)
