"""The statements of random programs: each an expression of K as text, drawn to fit the values so far."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["KINDS", "Draw", "UnfitError"]


class UnfitError(Exception):
    """No value fits the statement that was drawn."""


class Draw:
    """What a statement is drawn from: random numbers, and the values so far."""

    def __init__(self, below: Callable[[int], int], values: list[np.ndarray]) -> None:
        self.below = below
        self.values = values
        self.floating = next(v.dtype.name for v in values if v.dtype.kind == "f")

    def of(self, choices: Any) -> Any:
        """One of the choices."""
        return choices[self.below(len(choices))]

    def one(self, least: int = 0, most: int = 3, kind: str = "f") -> int:
        """The position of a value with this many dimensions; the later ones are likelier."""
        fit = [i for i, v in enumerate(self.values) if v.dtype.kind == kind and least <= v.ndim <= most]
        if not fit:
            raise UnfitError
        return fit[max(self.below(len(fit)), self.below(len(fit)))]

    def axis(self, i: int) -> int:
        """An axis of a value, from the front or from the back."""
        ndim = self.values[i].ndim
        return self.below(ndim) - ndim * self.below(2)

    def like(self, i: int, same: Callable[[np.ndarray, np.ndarray], bool], kind: str = "f") -> int:
        """The position of a value that fits value i."""
        fit = [k for k, v in enumerate(self.values) if v.dtype.kind == kind and same(self.values[i], v)]
        if not fit:
            raise UnfitError
        return self.of(fit)

    def expression(self, *names: str, depth: int = 2) -> str:
        """An elementwise expression of some names, for the bodies of loops and branches."""
        kind = self.below(8) if depth else 0
        if kind < 2:
            return self.of(names)
        x, y = (self.expression(*names, depth=depth - 1) for _ in range(2))
        if kind < 5:
            return self.of(("K.tanh({})", "K.sin({})", "{} * 0.5", "(-{})", "K.sigmoid({})", "({} + 0.3)")).format(x)
        if kind < 7:
            binary = ("({} + {})", "{} * {}", "({} - {})", "K.maximum({}, {})", "K.where({} > 0.0371, {}, {})")
            chosen = self.of(binary)
            return chosen.format(x, y) if chosen.count("{}") == 2 else chosen.format(x, y, self.of(names))
        return self.of(
            (
                "K.cond(K.sum({0}) > 0.0371, lambda: {1} + {2} * 0.5, lambda: {1} * {2})",
                "K.while_loop(lambda v: K.sum(K.abs(v)) < 3.03, lambda v: v * 1.5 + {1} * 0.1, {0}, 2)",
            )
        ).format(x, y, self.of(names))


Statement = tuple[str, tuple[int, ...]]


def _fit(a: np.ndarray, b: np.ndarray) -> bool:
    try:
        return len(np.broadcast_shapes(a.shape, b.shape)) < 4
    except ValueError:
        return False


ELEMENTWISE = (
    *("K.tanh", "K.sin", "K.cos", "K.sigmoid", "K.square", "K.relu", "K.abs", "K.softplus", "K.elu", "K.silu"),
    *("K.gelu", "K.softsign", "K.erf", "K.identity", "K.hard_sigmoid"),
)
FORMULAS = (
    *("-{0}", "{0} * 1.0", "{0} + 0.0", "2.0 - {0}", "{0} / 1.7", "1.0 / (1.5 + K.square({0}))", "{0} ** 2"),
    *("K.exp(-K.abs({0}))", "K.log(1.5 + K.square({0}))", "K.sqrt(0.5 + K.square({0}))", "K.clip({0}, -0.7, 0.9)"),
    *(
        "K.sign({0} + 0.0371) * {0}",
        "K.pow({0}, 3)",
        "K.expm1({0} * 0.1)",
        "K.stop_gradient({0} * 0.97 + 0.013)",
        "K.leaky_relu({0}, 0.2)",
        "{0}",
    ),
    *("K.where(K.floor({0} * 2.03) > 0.0, {0}, 0.5)", "K.round({0} * 1.03) + {0}", "K.log1p(K.square({0}))"),
)
PAIRS = (
    *("{0} + {1}", "{0} * {1}", "{0} - {1} * 0.5", "K.maximum({0}, {1})", "K.minimum({0}, {1})"),
    *("K.where({0} > {1} + 0.0371, {0}, {1} * 2.0)", "{0} / (1.5 + K.square({1}))", "K.square({0} - {1})"),
    "K.where(K.logical_and({0} > 0.0371, {1} < 0.0173), {1}, {0})",
)


def _elementwise(d: Draw) -> Statement:
    if d.below(16) == 0:
        return f"K.{d.of(('zeros', 'ones'))}_like({{0}}, {d.floating!r})", (d.one(),)
    return (d.of(FORMULAS) if d.below(2) else d.of(ELEMENTWISE) + "({0})"), (d.one(),)


def _pair(d: Draw) -> Statement:
    i = d.one()
    return d.of(PAIRS), (i, d.like(i, _fit))


def _reduction(d: Draw) -> Statement:
    i = d.one(least=1)
    ndim, axis = d.values[i].ndim, d.of((d.axis(i), d.axis(i), None))
    if ndim > 1 and d.below(4) == 0:
        axis = (0, -1)
    name = d.of(("sum", "sum", "mean", "max", "min", "var", "prod", "logsumexp"))
    return f"K.{name}({{0}}, axis={axis}, keepdims={bool(d.below(2))})", (i,)


def _shape(d: Draw) -> Statement:
    i = d.one()
    ndim = d.values[i].ndim
    choices = ["K.flatten({0})", "K.reshape({0}, (-1, 1))", "K.reshape({0}, (1, -1))", "K.expand_dims({0}, 0)"]
    choices += ["K.expand_dims({0}, -1)", "{0}[None]", "{0}[..., None]"]
    if ndim:
        choices += [f"K.squeeze(K.sum({{0}}, axis={(a := d.axis(i))}, keepdims=True), {a})", "{0}[..., None, :]"]
    if ndim > 1:
        choices += ["K.batch_flatten({0})", "K.transpose({0})", f"xp({{0}}).moveaxis({{0}}, 0, {d.axis(i)})"] * 2
    if ndim > 2:
        order = sorted(range(ndim), key=lambda _: d.below(9))
        choices += [f"K.permute_dimensions({{0}}, {tuple(order)})"] * 4
    return d.of(choices), (i,)


def _slice(d: Draw) -> Statement:
    i = d.one(least=1)
    keys = (":", "1:", ":1", "::2", "-1:", ":-1", "1:-1", "-2:", "0:2", ":")
    parts = [d.of((*keys, *("0", "-1"))) if d.below(6) == 0 else d.of(keys) for _ in d.values[i].shape]
    if d.below(4) == 0:
        return f"K.reverse({{0}}, axes={d.axis(i)})", (i,)
    return "{0}[" + ", ".join(parts) + ("]" if d.below(2) else ", ...]"), (i,)


def _order(d: Draw) -> Statement:
    i = d.one(least=1)
    axis, down = d.axis(i), bool(d.below(2))
    keys = f"K.round({{0}} * 1000.0), axis={axis}"
    return d.of(
        (
            f"xp({{0}}).sort({{0}}, axis={axis}, descending={down})",
            f"K.cast(xp({{0}}).argsort({keys}, descending={down}), 'int32')",
            f"K.take_along_axis({{0}}, xp({{0}}).argsort({keys}), axis={axis})",
            f"K.cumsum({{0}}, axis={axis})",
            f"K.cumprod({{0}}, axis={axis})",
            f"K.cast(K.argmax({keys}), 'int32')",
            f"K.cast(K.argmin({keys}), 'int32')",
            "K.top_k({0}, 1)[0]",
        )
    ), (i,)


def _gather(d: Draw) -> Statement:
    i = d.one(least=1, most=2)
    if d.below(2):
        return f"K.gather({{0}}, xp({{0}}).asarray({d.of(('[0, 0]', '[-1, 0]', '[1, 0, 1]', '[[0], [0]]', '0'))}))", (
            i,
        )
    return "K.gather({0}, " + d.of(("{1} % 2", "K.clip({1}, 0, 1)", "{1} - {1}")) + ")", (
        i,
        d.one(most=2, kind="i"),
    )


def _join(d: Draw) -> Statement:
    i = d.one(least=1)
    axis, ndim = d.axis(i), d.values[i].ndim
    j = d.like(i, lambda a, b: a.shape == b.shape)
    k = d.like(i, lambda a, b: a.ndim == b.ndim)
    pads = tuple((d.below(2), d.below(3)) for _ in range(ndim))
    repeat = f"K.repeat_elements({{0}}, 2, {axis})"
    return d.of(
        (
            (f"K.concatenate([{{0}}, {{1}} * 0.5], axis={axis})", (i, k)),
            (f"K.concatenate([{{0}}, {{0}}, {{1}}], axis={axis})", (i, j)),
            (f"K.concatenate([{{0}}[1:], {{0}}[:1]], axis={d.of((0, axis))})", (i,)),
            (f"K.stack([{{0}}, {{1}}, {{0}} * 2.0], axis={axis})", (i, j)),
            (f"K.stack([{{0}}, {{1}}], axis={ndim})", (i, j)),
            (f"K.pad({{0}}, {pads}, constant_value={d.of((0, 1.5))})", (i,)),
            (f"K.pad({{0}}, {pads}, mode={d.of(('reflect', 'symmetric'))!r})", (i,)),
            (repeat, (i,)),
            (f"K.tile({{0}}, {(1,) * (ndim - 1) + (2,)})", (i,)),
            (f"xp({{0}}).roll({{0}}, {d.of((1, -1, 2))}, axis={axis})", (i,)),
        )
    )


def _product(d: Draw) -> Statement:
    i = d.one(least=1)
    x = d.values[i]
    if x.ndim == 3:
        j = d.like(i, lambda a, b: b.ndim == 3 and a.shape == b.shape)
        return d.of(
            ("K.batch_dot({0}, {1}, axes=(2, 2))", "K.batch_dot({0}, {1}, axes=(1, 1))", "xp({0}).vecdot({0}, {1})")
        ), (i, j)
    j = d.like(i, lambda a, b: b.ndim == 2 and a.shape[-1] == b.shape[d.below(2)])
    einsum = "K.einsum('i,ji->ij', {0}, {1})" if x.ndim == 1 else "K.einsum('ij,kj->ik', {0}, {1})"
    tensordot = "xp({0}).tensordot({0}, {1}, axes=((-1,), (1,)))"
    return d.of(("K.dot({0}, {1})", "K.dot({0}, K.transpose({1}))", "{0} @ {1}", tensordot, einsum)), (i, j)


def _special(d: Draw) -> Statement:
    i = d.one(least=1)
    return d.of(
        (
            f"K.softmax({{0}}, axis={d.axis(i)})",
            f"K.log_softmax({{0}}, axis={d.axis(i)})",
            f"K.l2_normalize({{0}} + 0.7, axis={d.axis(i)})",
            f"K.layer_normalization({{0}}, axis={d.axis(i)}, epsilon=0.1)",
            "K.switch(K.sum({0}) > 0.0371, {0} * 2.0, {0} - 1.0)",
            "K.cast({0} > 0.2371, {0}.dtype) * {0}",
        )
    ), (i,)


def _integers(d: Draw) -> Statement:
    i = d.one(kind="i")
    k = d.like(i, _fit, "i")
    cast = f"K.cast({{0}}, {d.floating!r})"
    texts = [
        "{0} + {1}",
        "{0} * 2 - {1}",
        "{0} % 3",
        "{0} // 2",
        "K.maximum({0}, {1})",
        "K.abs({0})",
        "-{0}",
        "{0} & {1}",
    ]
    texts += [
        "K.clip({0}, 0, 2)",
        "K.where({0} > {1}, {0}, 1)",
        "K.cast(K.sum({0}), 'int32')",
        cast,
        cast,
        f"{cast} * 0.3",
    ]
    texts += [
        f"K.cast(K.one_hot(K.clip({{0}}, 0, 2), 3), {d.floating!r})",
        f"K.cast(K.equal({{0}}, {{1}}), {d.floating!r})",
    ]
    return d.of(texts), (i, k)


def _scan(d: Draw) -> Statement:
    i = d.one(least=1)
    start = d.of(("K.sum({0}, axis=0) * 0.1", "{0}[-1] * 0.0", "K.max({0}, axis=0)"))
    names, reads = ["h", "r"], (i,)
    if d.below(2):
        reads = (i, d.like(i, lambda a, b: _fit(a[:1], b) and b.ndim < a.ndim))
        names.append("{1}")
    back = ", reverse=True" if d.below(3) == 0 else ""
    new, out = f"K.tanh({d.expression(*names)})", d.expression(*names)
    if d.below(3) == 0 and d.values[i].ndim > 1:
        out = f"K.scan(lambda p, q: ({d.expression('p', 'q', 'h[0]')}, p * q), K.sum(r, axis=0) * 0.1, r)[{d.below(2)}]"
    if d.below(4) == 0:
        return f"K.scan(lambda h, r: ({new}, ()), {start}, {{0}}{back})[0]", reads
    which = d.below(3)
    if which == 2:
        pair = f"({d.expression('g', 'h')} * 0.5, {new})"
        return f"K.scan(lambda s, r: (lambda g, h: ({pair}, {out}))(*s), ({start}, {start}), {{0}}{back})[1]", reads
    return f"K.scan(lambda h, r: ({new}, {out}), {start}, {{0}}{back})[{which}]", reads


def _loop(d: Draw) -> Statement:
    i = d.one()
    own, other = "v", "{1}"
    j = d.like(i, lambda a, b: b.ndim <= a.ndim and _fit(a, b) and np.broadcast_shapes(a.shape, b.shape) == a.shape)
    body = f"({d.expression(own, other)} + v * 0.1)"
    limit = d.of(("1", "2", "3", "0"))
    pair = (
        "lambda v, n: K.sum(K.abs(v)) < 5.03 + n, lambda v, n: ({} * 1.2 + 0.1, n + 1.0), ({{0}}, K.sum({{1}}) * 0.0)"
    )
    return d.of(
        (
            f"K.while_loop(lambda v: K.sum(K.abs(v)) < 5.03, lambda v: {body} * 1.5 + 0.1, {{0}}, {limit})",
            f"K.while_loop({pair.format(body)}, {limit})[{d.below(2)}]",
        )
    ), (i, j)


def _branch(d: Draw) -> Statement:
    i = d.one()
    j = d.like(i, lambda a, b: a.shape == b.shape)
    names = ("{0}", "{1}")
    first, second = d.expression(*names), d.expression(*names)
    if d.below(4) == 0:
        return (
            f"K.cond(K.mean({{0}}) > 0.0371, lambda: ({first}, {second}), lambda: ({second}, {{1}}))[{d.below(2)}]",
            (i, j),
        )
    return f"K.cond(K.sum({{{d.below(2)}}}) > 0.0371, lambda: {first}, lambda: {second})", (i, j)


def _map(d: Draw) -> Statement:
    i = d.one(least=1)
    return d.of(
        (
            f"K.map_fn(lambda r: {d.expression('r', 'r')}, {{0}})",
            f"K.foldl(lambda a, r: K.tanh({d.expression('a', 'r')}), {{0}})",
            f"K.foldr(lambda a, r: K.sin({d.expression('a', 'r')}), {{0}})",
            "K.map_fn(lambda r: K.sum(K.square(r)), {0})",
        )
    ), (i,)


KINDS: tuple[Callable[[Draw], Statement], ...] = (
    *(_elementwise, _elementwise, _pair, _pair, _pair, _reduction, _reduction, _shape, _shape, _slice, _slice),
    *(_order, _gather, _join, _join, _product, _special, _integers, _scan, _loop, _branch, _map),
)
