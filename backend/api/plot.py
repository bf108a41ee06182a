"""Pictures of graphs: SVG by Graphviz where its program `dot` is installed, else a list of the calls as text."""

from __future__ import annotations

import dataclasses
import functools
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ..arrays.arguments import flag, shown
from ..compiler.rewriter import effects_of
from ..graph.display import and_more, plain, shape_shown, value_shown
from ..graph.tensor import Placeholder, Subgraph, Tensor
from ..graph.traversal import bodies_within, toposort
from .function import Function
from .variables import Variable

__all__ = ["Plot", "plot"]

MOST_DRAWN = 1000  # tensors: dot takes minutes for more, and nobody reads the picture
FORMATS = {".svg": "svg", ".png": "png", ".pdf": "pdf"}  # drawn by dot; .dot, .gv and .txt are written without it
PATIENCE = 60  # seconds for dot
_INSTALL = "install Graphviz, whose program dot draws (https://graphviz.org/download/, or conda install graphviz)"


@dataclasses.dataclass(frozen=True)
class Part:
    """The tensors of a graph, or of a body within it, each after its inputs."""

    title: str
    order: list[Tensor]
    outputs: tuple[Tensor, ...]


class Plot:
    """A picture of a graph, made by `K.plot`: a notebook shows it, `print` lists the calls, `save` writes a file.

    Notes
    -----
    `dot` is the source of the picture in Graphviz's language, `svg` the picture, None where `dot` is not installed or
    the graph has more than 1000 tensors.

    Examples
    --------
    >>> x = K.placeholder((2, 3), name="x")
    >>> y = K.exp(x)
    >>> y.name = "y"
    >>> plot = K.plot(y)
    >>> plot
    <Plot of graph: calls 1>
    >>> print(plot)
    graph: 1 call
    x = placeholder (2, 3) float32
    y = exp(x) (2, 3) float32
    """

    def __init__(self, parts: Sequence[Part]) -> None:
        self._parts = list(parts)

    def __str__(self) -> str:
        return "\n\n".join("\n".join(_text(part)) for part in self._parts)

    def __repr__(self) -> str:
        calls = sum(_calls(part) for part in self._parts)
        return f"<Plot of {plain(self._parts[0].title)}: calls {calls}>"

    @functools.cached_property
    def dot(self) -> str:
        """The graph in Graphviz's language."""
        return "\n".join(["digraph {", *_settings(), *_clusters(self._parts), "}", ""])

    @functools.cached_property
    def svg(self) -> str | None:
        """The picture as SVG, None where it cannot be drawn."""
        if _program() is None or sum(len(part.order) for part in self._parts) > MOST_DRAWN:
            return None
        return self._drawn("svg").decode()

    def _repr_svg_(self) -> str | None:
        return self.svg

    def _repr_html_(self) -> str | None:
        """The list of calls, for notebooks, where there is no picture."""
        from html import escape

        return f"<pre>{escape(str(self))}</pre>" if self.svg is None else None

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the picture to a file.

        Parameters
        ----------
        path : path
            Its ending says what is written: .svg, .png or .pdf the picture, .dot or .gv its source, .txt the calls.

        Raises
        ------
        ValueError
            For another ending.
        RuntimeError
            Where Graphviz's program `dot`, which draws the picture, is not installed or fails.
        """
        file = Path(path)
        kind = file.suffix.lower()
        if kind in (".dot", ".gv", ".txt"):
            file.write_text(str(self) + "\n" if kind == ".txt" else self.dot, "utf-8")
        elif kind in FORMATS:
            file.write_bytes(self._drawn(FORMATS[kind]))
        else:
            raise ValueError(
                f"plot: the file is called {shown(file.name)}, expected an ending among {', '.join(FORMATS)}, .dot, "
                ".gv and .txt"
            )

    def _drawn(self, kind: str) -> bytes:
        program = _program()
        if program is None:
            raise RuntimeError(f"plot: a {kind.upper()} file needs Graphviz: {_INSTALL}; or save as .dot or .txt")
        try:
            done = subprocess.run(
                [program, f"-T{kind}"], input=self.dot.encode(), capture_output=True, check=True, timeout=PATIENCE
            )
        except subprocess.CalledProcessError as error:
            raise RuntimeError(f"plot: Graphviz failed: {error.stderr.decode(errors='replace').strip()}") from None
        except subprocess.TimeoutExpired:
            raise RuntimeError(f"plot: Graphviz drew for {PATIENCE} s without an end; save as .dot or .txt") from None
        return done.stdout


def plot(x: Any, path: str | os.PathLike[str] | None = None, optimized: bool = False) -> Plot:
    """A picture of the graph of a function or of symbolic tensors.

    Parameters
    ----------
    x : Function, tensor, or list of tensors
    path : path, optional
        A file to write, as `Plot.save` does.
    optimized : bool
        Of a function: draw what the compiler has made of the graph, not what was recorded.

    Returns
    -------
    Plot
        A notebook shows it as SVG where Graphviz's program `dot` is installed, else as text; `print` gives text.

    Raises
    ------
    TypeError
        For anything else than functions and symbolic tensors.

    Notes
    -----
    Nothing is computed. The bodies of loops and branches are drawn in boxes of their own.

    References
    ----------
    Gansner, North, "An open graph visualization system and its applications to software engineering", 2000.

    Examples
    --------
    >>> x = K.placeholder((3,), name="x")
    >>> squares = K.square(x)
    >>> squares.name, total = "squares", K.sum(squares)
    >>> total.name = "total"
    >>> print(K.plot(K.function([x], [total], name="norm")))
    norm: 2 calls
    x = placeholder (3,) float32
    squares = square(x) (3,) float32
    total = sum(squares) () float32
    """
    compiled = flag("plot", "optimized", optimized)
    if isinstance(x, Function):
        graph = x.executable.graph if compiled else x.executable.recorded
        made = Plot(_parts(x.name, graph.roots))
    else:
        tensors = list(x) if isinstance(x, (list, tuple)) else [x]
        for t in tensors:
            if not isinstance(t, Tensor):
                raise TypeError(f"plot: x is {shown(x)}, expected a Function, a symbolic tensor, or a list of tensors")
        made = Plot(_parts("graph", [*tensors, *(e.new for e in effects_of(tensors))]))
    if path is not None:
        made.save(path)
    return made


def _program() -> str | None:
    return shutil.which("dot")


def _parts(title: str, roots: Sequence[Tensor]) -> list[Part]:
    """The graph itself, then the bodies of its loops and branches, named after the calls that have them."""
    parts = [Part(title, toposort(roots), tuple(roots))]
    found = bodies_within(parts[0].order)
    for _, body in found:
        inner = toposort(body.outputs)
        read = {id(t) for t in inner}
        parts.append(Part("", [*(t for t in body.inputs if id(t) not in read), *inner], body.outputs))
    names = {id(t.node): t.name for part in parts for t in reversed(part.order)}
    titles = [f"body of {names[id(node)]}" for node, _ in found]
    return [parts[0], *(dataclasses.replace(p, title=t) for p, t in zip(parts[1:], titles, strict=True))]


def _kind(t: Tensor) -> str:
    """What a tensor is: a call with its arguments, or a leaf."""
    if t.node is None:
        return type(t).__name__.lower()
    picked = f"[{t.index}]" if t.node.multi_output and len(t.node.specs) > 1 else ""
    given = [*map(_argument, t.node.args), *(f"{name}={_argument(v)}" for name, v in t.node.kwargs.items())]
    return f"{plain(t.node.primitive.name)}({and_more(given)}){picked}"


def _argument(value: Any) -> str:
    if isinstance(value, Tensor):
        return plain(value.name)
    if isinstance(value, (tuple, list)):
        return f"({and_more([_argument(v) for v in value])}{',' * (len(value) == 1)})"
    return "body" if isinstance(value, Subgraph) else plain(repr(value))


def _calls(part: Part) -> int:
    return len({id(t.node) for t in part.order if t.node is not None})


def _text(part: Part) -> Iterator[str]:
    count = _calls(part)
    yield f"{plain(part.title)}: {count} call{'s' if count != 1 else ''}"
    for t in part.order:
        value = value_shown(t) if t.is_fixed else None
        yield f"{plain(t.name)} = {_kind(t)} {shape_shown(t)} {t.dtype}{f' {value}' if value else ''}"


# ---- Graphviz's language: every label is a quoted string -------------------------------------------------------


def _settings() -> list[str]:
    return [
        '  graph [fontname="sans-serif" fontsize=11 labeljust="l"]',
        '  node [fontname="sans-serif" fontsize=11 shape="box" style="rounded,filled" fillcolor="white"]',
        '  edge [fontname="sans-serif" fontsize=9]',
    ]


def _clusters(parts: Sequence[Part]) -> Iterator[str]:
    for number, part in enumerate(parts):
        yield f"  subgraph {_quoted(f'cluster_{number}')} {{"
        yield f"    label={_quoted(plain(part.title))}"
        yield from _statements(number, part)
        yield "  }"


def _statements(number: int, part: Part) -> Iterator[str]:
    """A node for each leaf and each call, an edge for each array that a call reads; outputs have a double line."""
    outputs = {id(t) for t in part.outputs}
    ids: dict[int, str] = {}  # of tensors; the results of one call share one
    of_node: dict[int, str] = {}
    for t in part.order:
        key = f"n{number}_{len(ids)}"
        ids[id(t)] = of_node.setdefault(id(t.node), key) if t.node is not None else key
        if ids[id(t)] != key:
            continue
        head = plain(t.name) if t.node is None else f"{plain(t.node.primitive.name)}"
        label = _quoted(f"{head}\n{shape_shown(t)} {t.dtype}")
        drawn = f"fillcolor={_quoted(_color(t))}" + (" peripheries=2" if id(t) in outputs else "")
        yield f"    {key} [label={label} tooltip={_quoted(plain(t.name))} {drawn}]"
        if t.node is not None:
            for read in t.node.inputs:
                if id(read) in ids:
                    yield f"    {ids[id(read)]} -> {key}"


def _color(t: Tensor) -> str:
    if isinstance(t, Placeholder):
        return "#dbe9f6"
    if isinstance(t, Variable):
        return "#fde6c8"
    if t.node is None:
        return "#eeeeee"
    return "#e0f0dd" if any(isinstance(v, Subgraph) for v in t.node.kwargs.values()) else "white"


def _quoted(text: str) -> str:
    """A string of Graphviz's language; a backslash would begin an escape of its own."""
    found = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{found}"'
