"""Programs: variables for the arguments, and functions that PyTensor compiles."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor.compile.mode import Mode, get_default_mode, get_mode
from pytensor.graph.op import Op
from pytensor.graph.traversal import ancestors, applys_between
from pytensor.scan.op import Scan

from .variables import Call

__all__ = ["Executor", "Loop", "function"]

# Rewrites by identities of real numbers that floating-point numbers lack: they lose NaN, infinities and signs of zero
# (x - x and 0 * x are 0, x == x is True), or give other digits than the program asks for ((x + 1e17) - 1e17 is x).
# fmt: off
CARELESS = (
    "add_mul_fusion", "local_0_dot_x", "local_1msigmoid", "local_add_canonizer", "local_add_remove_zeros",
    "local_div_exp_to_mul_exp", "local_div_switch_sink", "local_elemwise_sub_zeros", "local_exp_log",
    "local_exp_log_nan_switch", "local_exp_over_1_plus_exp", "local_expm1", "local_greedy_distributor", "local_log1p",
    "local_log1p_plusminus_exp", "local_log_add_exp", "local_log_div", "local_log_prod_to_sum_log", "local_log_sqrt",
    "local_log_sum_exp", "local_logsoftmax", "local_mul_canonizer", "local_mul_exp_to_exp_add",
    "local_mul_pow_to_pow_add", "local_mul_specialize", "local_mul_switch_sink", "local_mul_zero", "local_neg_to_mul",
    "local_pow_to_nested_squaring", "local_reciprocal_1_plus_exp", "local_reciprocal_canon", "local_sigm_times_exp",
    "local_sign_div", "local_softmax_stabilize", "local_sqrt_sqr", "local_sum_prod_of_mul_or_div",
    "local_useless_elemwise", "local_useless_elemwise_comparison", "local_zero_div", "log1msigm_to_softplus",
    "log1p_neg_sigmoid", "logdiffexp_to_log1mexpdiff", "logmexpm1_to_log1mexp", "logsigm_to_softplus",
    "useless_Arccosh_of_Cosh", "useless_Arcsinh_of_Sinh", "useless_Arctanh_of_Tanh", "useless_Cosh_of_Arccosh",
    "useless_Reciprocal_of_Reciprocal", "useless_Sinh_of_Arcsinh", "useless_Tanh_of_Arctanh",
)
# fmt: on


class Executor:
    """PyTensor as what compiles functions of NumPy's arrays, in one of its modes."""

    def __init__(self, mode: str = "") -> None:
        self.mode = mode  # '' for the one that PyTensor is configured for

    def __str__(self) -> str:
        return f"pytensor:{self.mode}"

    @property
    def xp(self) -> Any:
        """The namespace of its variables."""
        return sys.modules[__package__]

    @staticmethod
    def call(function: Callable[..., Any], inputs: Sequence[Any], types: Sequence[Any]) -> list[Any]:
        """The results of a function of NumPy's arrays, which is called when the graph runs."""
        return list(Call(function, types)(*inputs, return_list=True))

    @staticmethod
    def variable(shape: Sequence[int | None], dtype: str) -> Any:
        """A variable for an argument."""
        return pt.tensor(dtype=dtype, shape=tuple(shape))

    @staticmethod
    def constant(value: np.ndarray) -> Any:
        """A constant of the graph."""
        return pt.constant(value)

    def compiled(self, inputs: Sequence[Any], outputs: Sequence[Any]) -> Callable[..., Sequence[np.ndarray]]:
        """The function of these variables, as PyTensor compiles it: with NaN, infinities and the order of additions."""
        mode = self._mode(outputs)
        _compile_loops_in(mode, outputs)
        made = function(inputs, outputs, mode)
        made.trust_input = True
        return made

    def _mode(self, outputs: Sequence[Any]) -> Mode:
        mode = (get_mode(self.mode) if self.mode else get_default_mode()).excluding(*CARELESS)
        numba = "numba" in type(mode.linker).__name__.lower()
        if numba and any(getattr(v.type, "dtype", "") == "float16" for v in ancestors(list(outputs))):
            return get_mode("FAST_COMPILE").excluding(*CARELESS)  # Numba has no float16
        return mode


def function(inputs: Sequence[Any], outputs: Sequence[Any], mode: Mode | None) -> Any:
    """PyTensor's function of variables, which keeps the order of additions and the signs of zeros in Numba, too."""
    with warnings.catch_warnings(), pytensor.config.change_flags(numba__fastmath=False):
        # of a missing BLAS, and of our operations, which Numba's mode calls as Python
        warnings.filterwarnings("ignore", category=UserWarning)
        return pytensor.function(list(inputs), list(outputs), mode=mode, on_unused_input="ignore")


class Loop(Op):
    """A loop of ours, whose bodies are compiled in the mode of the function that it is in."""

    mode: Mode | None = None
    bodies: Sequence[Sequence[Any]] = ()  # the outputs of each


def _compile_loops_in(mode: Mode, outputs: Sequence[Any]) -> None:
    """Have the bodies of loops compiled in a mode: PyTensor takes its default one for them."""
    for op in {node.op for node in applys_between((), outputs)}:
        if isinstance(op, (Loop, Scan)):
            op.mode = mode
            for body in op.bodies if isinstance(op, Loop) else (op.inner_outputs,):
                _compile_loops_in(mode, body)
