"""Faults above the namespace: in gradient rules, libraries' kernels, operations and their definitions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from backend.arrays.namespaces import is_array
from backend.graph.tensor import Tensor

from .faults import Mutant, arguments, dtype, homeless, on_rule, raising, result, scaled, without_error

__all__ = ["RULE_MUTANTS"]


def _output(change: Callable[[Any], Any], kind: Callable[[Any], bool] = is_array) -> Any:
    """A changed result, if it is an array of any library or a recorded tensor."""

    def plant(whole: Callable[..., Any]) -> Callable[..., Any]:
        def faulty(*args: Any, **kwargs: Any) -> Any:
            got = whole(*args, **kwargs)
            if type(got) in (tuple, list):
                return type(got)(change(g) if kind(g) else g for g in got)
            return change(got) if kind(got) else got

        return faulty

    return plant


def _recorded(change: Callable[[Any], Any]) -> Any:
    """A changed result if the operation is recorded; on arrays it is right."""
    return _output(change, lambda got: isinstance(got, Tensor))


def _rows(x: Any) -> Any:
    xp = x.__array_namespace__()
    return xp.flip(x, axis=0) if x.ndim else x


def _shifted(grid: Any) -> Any:
    """One element too many padded before, so one too few after."""
    return grid._replace(before=tuple(b + 1 for b in grid.before))


def _torch_shift(x: Any) -> Any:
    return x.roll(1, 1) if x.ndim > 1 else x


_BY = ("", ", by its second argument")

_GRADIENTS = [
    *(
        Mutant(
            f"the gradient of {name} is one part in ten thousand too large",
            f"vjp {name}",
            on_rule(lambda g: g * 1.0001),
        )
        for name in ("tanh", "exp", "log", "sqrt", "sin", "cos", "square", "expm1", "log1p", "var", "std", "pow")
    ),
    *(
        Mutant(f"the gradient of {name} is twice what it is{_BY[i]}", f"vjp {name}", on_rule(lambda g: g * 2.0, i))
        for name, i in (
            ("multiply", 0),
            ("divide", 0),
            ("matmul", 0),
            ("matmul", 1),
            ("sum", 0),
            ("mean", 0),
            ("where", 1),
            ("maximum", 0),
            ("minimum", 1),
            ("prod", 0),
            ("tensordot", 0),
        )
    ),
    *(
        Mutant(f"the gradient of {name} has the wrong sign", f"vjp {name}", on_rule(lambda g: -g, i))
        for name, i in (("subtract", 1), ("divide", 1), ("abs", 0), ("negative", 0), ("exp", 0))
    ),
    *(
        Mutant(f"the gradient of {name} is missing", f"vjp {name}", on_rule(lambda g: None, i))
        for name, i in (("add", 1), ("multiply", 1), ("max", 0), ("min", 0), ("cumulative_sum", 0), ("getitem", 0))
    ),
    *(
        Mutant(f"the gradient of {name} is in reverse order", f"vjp {name}", on_rule(_rows))
        for name in ("concat", "stack", "permute_dims", "reshape", "repeat", "cumulative_prod", "flip")
    ),
    *(
        Mutant(
            f"the gradient of {name} is one part in a thousand too large{_BY[i]}",
            f"adjoint {name}",
            on_rule(lambda g: g * 1.001, i),
        )
        for name, i in (
            ("convolution", 0),
            ("convolution", 1),
            ("max_pool", 0),
            ("average_pool", 0),
            ("attention", 1),
            ("segment_sum", 0),
            ("take_along_axis", 0),
            ("pad", 0),
            ("erf", 0),
        )
    ),
]
_KERNELS = [
    *(
        Mutant(
            f"torch's kernel for {name} is one part in a thousand too large",
            f"kernel {name}",
            _output(lambda y: y * 1.001),
        )
        for name in (
            "convolution",
            "max_pool",
            "average_pool",
            "attention",
            "relu",
            "average_pool_gradient",
            "convolution_input_gradient",
            "convolution_kernel_gradient",
            "lstm_sequence",
            "lstm_sequence_gradient",
            "batch_norm",
            "batch_norm_gradient",
        )
    ),
    *(
        Mutant(f"torch's kernel for {name} is off by one place", f"kernel {name}", _output(_torch_shift))
        for name in ("convolution", "max_pool", "max_pool_gradient")
    ),
    Mutant(
        "torch's kernel for convolution flips the kernel",
        "kernel convolution",
        arguments(lambda x, kernel, **how: ((x, kernel.flip(0)), how)),
    ),
    Mutant(
        "torch's kernel for attention is never causal",
        "kernel attention",
        arguments(lambda *args, **how: (args, how | {"is_causal": False})),
    ),
]
_OPERATIONS = [
    *(
        Mutant(f"{name} raises RuntimeError for invalid calls", f"K.{name}", raising(RuntimeError))
        for name in ("softmax", "dot", "conv2d", "concatenate", "gather", "pool2d")
    ),
    *(
        Mutant(f"{name} raises errors that do not name it", f"K.{name}", raising(Exception, "bad input"))
        for name in ("softmax", "reshape", "sum")
    ),
    *(
        Mutant(f"{name} accepts invalid calls", f"K.{name}", without_error)
        for name in ("softmax", "gather", "squeeze", "permute_dimensions", "one_hot")
    ),
    Mutant("gather raises ValueError instead of IndexError", "K.gather", raising(ValueError)),
    *(
        Mutant(f"{name} moves to the default device", f"K.{name}", homeless)
        for name in ("softmax", "dot", "conv2d", "sum")
    ),
    *(
        Mutant(f"{name} returns float64 for float32", f"K.{name}", dtype("float64", "float32"))
        for name in ("softmax", "batch_normalization", "elu")
    ),
    Mutant("the operation argmax returns int32", "K.argmax", dtype("int32")),
    *(
        Mutant(f"{name} is a millionth too large", f"K.{name}", scaled(1 + 1e-6))
        for name in ("sigmoid", "softplus", "elu", "relu", "dropout")
    ),
    *(
        Mutant(f"{name} is 0.1 % too large", f"K.{name}", scaled(1.001))
        for name in (
            "softmax",
            "logsumexp",
            "binary_crossentropy",
            "categorical_crossentropy",
            "batch_normalization",
            "conv2d",
            "depthwise_conv2d",
            "pool2d",
            "l2_normalize",
            "ctc_batch_cost",
            "bias_add",
        )
    ),
    Mutant("one_hot counts from 1", "K.one_hot", result(lambda got, *a, **k: np.roll(got, 1, -1))),
    Mutant(
        "temporal_padding pads one more before and one less after",
        "K.temporal_padding",
        result(lambda got, *a, **k: np.roll(got, 1, 1)),
    ),
    Mutant(
        "the recorded softmax has one more axis",
        "K.softmax",
        _recorded(lambda t: t.__array_namespace__().expand_dims(t, axis=0)),
    ),
    Mutant(
        "the recorded sigmoid is float64",
        "K.sigmoid",
        _recorded(lambda t: t.__array_namespace__().astype(t, t.__array_namespace__().float64)),
    ),
    Mutant("the compiled sigmoid differs in the last places", "K.sigmoid", _recorded(lambda t: t * (1 + 2.0**-20))),
]
_DEFINITIONS = [
    *(
        Mutant(
            f"the padding of {name} is off by one",
            f"backend.ops.{module}:grid",
            _output(_shifted, lambda g: True),
            (name,),
        )
        for name, module in (("conv2d", "windows.correlation"), ("conv1d", "windows.correlation"))
    ),
    *(
        Mutant(f"{name}: the definition is 1 % too large, everywhere", f"K.{name}", _output(lambda x: x * 1.01))
        for name in (
            "softmax",
            "hard_sigmoid",
            "conv2d",
            "pool2d",
            "logsumexp",
            "batch_dot",
            "resize_images",
            "normalize_batch_in_training",
            "ctc_batch_cost",
            "einsum",
            "scaled_dot_product_attention",
            "lstm",
            "mean",
        )
    ),
    *(
        Mutant(
            f"{name}: a bias of one part in a thousand, the same everywhere", f"K.{name}", _output(lambda x: x * 1.001)
        )
        for name in ("random_uniform", "random_normal", "truncated_normal", "dropout")
    ),
    Mutant(
        "random_binomial draws one in a hundred too many",
        "K.random_binomial",
        arguments(lambda shape, p=0.0, *rest, **how: ((shape, min(p * 1.3, 1.0), *rest), how)),
    ),
    Mutant(
        "random numbers are one step too low",
        "backend.ops.rng.draws:_unit_24",
        _output(lambda u: u - 2.0**-24),
        ("random_uniform",),
    ),
    Mutant(
        "Threefry ignores the upper half of the seed",
        "backend.ops.rng.threefry:threefry2x32",
        arguments(lambda k0, k1, c0, c1: ((k0, k1 * 0, c0, c1), {})),
        ("random_uniform", "random_binomial"),
    ),
]

RULE_MUTANTS = [*_GRADIENTS, *_KERNELS, *_OPERATIONS, *_DEFINITIONS]
