"""What has to hold for every operation on every namespace: each property one function, written once.

A property takes a namespace and an example and returns the worst error as a fraction of its bound (0.0: identical), or
None where it has nothing to say about this example; Failure where it does not hold.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

import backend as K
from backend.arrays.dtypes import dtype_name
from backend.arrays.namespaces import is_array
from backend.graph.tensor import Tensor
from backend.kernels.lookup import prints_chains

from ..case import A, Case, parts
from ..examples import Example, edges
from ..judging.bounds import EPS, FLOOR, Expected
from ..judging.failures import Failure, allowed_dtypes, compare
from ..kept import graphs_of
from ..reading import host
from ..special_cases import Probe, covers, fewer, probes, revision_of, special_case
from ..subjects.operations import (
    Namespace,
    compiled,
    depends_on_values,
    device_matches,
    eager,
    expected,
    flat,
    placeholders,
    recorded,
    symbolic,
)
from .agreement import agreement
from .derived import as_specified, derived_dtypes, is_derived
from .gradients import gradient, kinks, second, unknown_gradient
from .kernels import composites_of, kernel_layouts
from .layouts import layout, layout_examples
from .memory import memory, memory_examples
from .parameters import has_parameters, parameter_examples, parameters
from .python_arguments import arguments, integer_parameters
from .refusals import errors
from .same_bits import compares_bits, same_bits
from .sizes import has_sizes, sizes, sizes_examples
from .transforms import TRANSFORMED, transparent
from .unspoiled import unspoiled

__all__ = ["KINDS", "PROPERTIES", "Property"]


def value(on: Namespace, example: Example) -> float | None:
    """The values are those of the reference, within the bound derived for them, and the arguments what they were."""
    arrays = on.arrays(example)
    results = eager(on, example, arrays)
    unspoiled(on, example, arrays, [])
    case = example.case
    worst = agreement(on, example, results, ("value",))
    if case.reference is not None and case.group == "k":
        _check_reference(example, case.reference, expected(example, on.library))
    return worst


def special(on: Namespace, example: Example) -> float | None:
    """NaN, infinities, signed zeros and whatever else the standard spells out come out as it says."""
    if isinstance(example, Probe):
        return special_case(on, example)
    results = eager(on, example)
    wanted = expected(example, on.library)
    worst = compare(wanted, results, on.dtypes)
    for i, (want, got) in enumerate(zip(wanted, results, strict=True)):
        if isinstance(want, Expected) and want.value.dtype.kind == "f" and is_array(got):
            found = host(got)
            wrong = (want.value == 0) & (found == 0) & (np.signbit(want.value) != np.signbit(found))
            if np.any(wrong):
                at = tuple(int(k) for k in np.argwhere(wrong)[0])
                raise Failure(
                    "sign of zero",
                    f"at {at}: got {found[at]!r}, expected {want.value[at]!r}",
                    want.value,
                    found,
                    output=i,
                )
    return worst


def shape(on: Namespace, example: Example) -> float | None:
    """The results have the shapes of the reference's."""
    return _part(on, example, "shape")


def dtype(on: Namespace, example: Example) -> float | None:
    """The results have the dtypes that the inputs decide."""
    return _part(on, example, "dtype")


def _part(on: Namespace, example: Example, what: str) -> float | None:
    wanted = expected(example, on.library)
    if not any(isinstance(want, Expected) for want in wanted):
        return None
    return compare(wanted, eager(on, example), on.dtypes, (what,), depends_on_values(example.case))


def determinism(on: Namespace, example: Example) -> float | None:
    """The same inputs give the same bits again."""
    first, again = eager(on, example), eager(on, example)
    if any(callable(r) for r in first):
        return None  # a method in place of a value (`array.size`), new each time: 'value' reports it
    wanted = [Expected(host(r), None, dtype_name(r.dtype)) if is_array(r) else r for r in first]
    try:
        compare(wanted, again)
    except Failure as failure:
        failure.kind, failure.message = "differs", f"the second time: {failure.message}"
        raise
    return 0.0


def _check_reference(example: Example, formula: Callable[..., Any], wanted: list[Any]) -> None:
    """What is expected agrees with the case's own formula, to the precision of float32 at least."""
    if "reference" in example.cache:
        return
    call = example.filled(_plain(example, wanted))
    with np.errstate(all="ignore"):
        found = formula(*call.args, **call.kwargs)
    found = flat(found)
    for i, (want, reference) in enumerate(zip(wanted, found, strict=True)):
        if not isinstance(want, Expected):
            compare([want], [reference])
            continue
        reference = np.asarray(reference)
        bound = np.zeros(want.value.shape)
        if want.dtype in EPS:
            # to first order errors grow with eps; a formula of its own need not round as the definition does
            scale = max(1.0, EPS["float32"] / EPS[want.dtype])
            bound = (4 * EPS[want.dtype] * np.abs(want.value) if want.bound is None else want.bound) * scale
            bound = bound + FLOOR["float32"]
            if any(example.call is c for c in example.case.edges):  # decisions at the edges are in no plain formula
                bound = np.where(np.isfinite(reference) & np.isfinite(want.value), bound, np.inf)
        elif want.bound is not None:
            bound = want.bound
        dtype = "float64" if want.dtype in EPS else want.dtype
        try:
            compare([Expected(reference.astype(dtype), bound, dtype)], [want.value.astype(dtype)])
        except Failure as failure:
            raise Failure(
                f"reference {failure.kind}",
                f"K's definition against the case's formula: {failure.message}",
                reference,
                want.value,
                failure.error,
                failure.bound,
                i,
            ) from None
    example.cache["reference"] = True


def _plain(example: Example, wanted: list[Any]) -> list[np.ndarray]:
    """The arrays as a plain formula takes them: floats in float64, truth values that stand for numbers as integers."""
    numbers = not example.floats and all(isinstance(w, Expected) and w.dtype != "bool" for w in wanted)
    wide = {"f": np.float64} | ({"b": np.int64} if numbers else {})
    return [v.astype(wide.get(v.dtype.kind, v.dtype)) for v in example.values]


def predicted(on: Namespace, example: Example) -> float | None:
    """Shape and dtype are known before anything is computed."""
    _inputs, outputs = _own_graph(example)
    results = eager(on, example)
    if len(results) != len(outputs):
        raise Failure("count", f"{len(outputs)} symbolic results, {len(results)} produced")
    for i, (out, got) in enumerate(zip(outputs, results, strict=True)):
        if not isinstance(out, Tensor):
            compare([out], [got])
        elif not is_array(got):
            raise Failure("kind", f"predicted a tensor, produced {got!r}", str(out), got, output=i)
        elif out.shape != tuple(got.shape):
            raise Failure(
                "shape", f"predicted {out.shape}, produced {tuple(got.shape)}", out.shape, tuple(got.shape), output=i
            )
        elif dtype_name(got.dtype) not in allowed_dtypes(out.dtype, on.dtypes):
            raise Failure(
                "dtype",
                f"predicted {out.dtype}, produced {dtype_name(got.dtype)}",
                str(out.dtype),
                dtype_name(got.dtype),
                output=i,
            )
    return 0.0


def _graph(example: Example, shapes: Any = None) -> tuple[list[Any], list[Any]]:
    """The operation recorded on placeholders of the example's shapes."""
    inputs = placeholders(example, shapes)
    return inputs, symbolic(example, inputs)


def _own_graph(example: Example) -> tuple[list[Any], list[Any]]:
    """The graph of an example's own shapes."""
    return recorded(example.graphs, "graph", lambda: _graph(example))


def run_compiled(on: Namespace, example: Example) -> float | None:
    """A compiled function gives what the operation gives, bit for bit; on CuPy within the operation's bounds.

    There chains and sums are kernels of K's own, which add in another order than CuPy's calls. Nor has a function that
    PyTensor compiles the bits of NumPy's calls.
    """
    inputs, outputs = _own_graph(example)
    arrays = on.arrays(example)
    results = compiled(on, inputs, outputs, arrays)
    if prints_chains(on.backend.xp) or on.backend.executor is not None:
        return agreement(on, example, results)
    wanted = [Expected(host(r), None, dtype_name(r.dtype)) if is_array(r) else r for r in eager(on, example, arrays)]
    return compare(wanted, results)


def unknown(on: Namespace, example: Example) -> float | None:
    """Sizes may be unknown until the function runs, and the gradient is the same."""
    key = ("unknown", example.call_key, example.dtype)
    inputs, outputs = recorded(graphs_of(example.case), key, lambda: _graph(example, example.unknown))
    worst = compare(expected(example, on.library), compiled(on, inputs, outputs, on.arrays(example)), on.dtypes)
    return max(worst, unknown_gradient(on, example))


def kernel(on: Namespace, example: Example) -> float | None:
    """The library's own kernels and their definitions agree, values and gradients, in any layout of their arrays."""
    before = K.kernels_enabled()
    K.set_kernels(not before)
    try:
        worst = compare(expected(example, on.library), eager(on, example), on.dtypes)
        worst = max(worst, gradient(on, example) or 0.0) if example.differentiated else worst
    finally:
        K.set_kernels(before)
    return max(worst, kernel_layouts(on, example) or 0.0)


def device(place: Namespace, example: Example) -> float | None:
    """On a device of the library the result is the same, and stays there: nothing passes through the host."""
    arrays = place.arrays(example)
    worst = 0.0
    runs = {"": eager(place, example, arrays)}
    if example.case.group == "k":
        runs["compiled: "] = compiled(place, *_own_graph(example), arrays)
    for how, results in runs.items():
        for i, result in enumerate(results):
            if is_array(result) and not device_matches(place, result):
                raise Failure(
                    "device",
                    f"{place.name}: {how}the result is on {result.device}",
                    str(place.backend.device),
                    str(result.device),
                    output=i,
                )
        if example.case.judge is not None:
            continue  # results that are not unique: 'value' judges them, here only their place counts
        try:
            worst = max(worst, compare(expected(example, place.library), results, place.dtypes))
        except Failure as failure:
            failure.args = (f"{place.name}: {how}{failure.message}",)
            failure.message = failure.args[0]
            raise
    return worst


class Property(NamedTuple):
    """A property, the examples it is tried on, and the cases it applies to.

    'all' examples, 'typical' ones, 'smooth' ones (for gradients), 'errors' or 'special' values; or a function of
    (case, namespace, seed) that makes examples for this property alone.
    """

    name: str
    holds: Callable[[Any, Example], float | None]  # of a Namespace, or of a kind of them
    examples: str | Callable[[Case, Namespace, int], Sequence[Example]]
    applies: Callable[[Case, Namespace], bool]


def _of_k(applies: Callable[[Case, Namespace], bool]) -> Callable[[Case, Namespace], bool]:
    return lambda case, on: case.group == "k" and applies(case, on)


def _differentiable(case: Case, on: Namespace) -> bool:
    return case.gradient != () and any(_floating(part) for c in case.calls for part in parts(c))


def _twice_differentiable(case: Case, on: Namespace) -> bool:
    return case.second and not on.compiles and _differentiable(case, on)


def _has_layouts(case: Case, on: Namespace) -> bool:
    if not any(part.dims if isinstance(part, A) else part.ndim for c in case.calls for part in parts(c)):
        return False
    return on.library in ("numpy", "torch", "cupy", "array_api_strict") or (
        case.group == "standard" and not on.compiles
    )


def _floating(part: Any) -> bool:
    return part.is_float if isinstance(part, A) else part.dtype.kind == "f"


def _lettered(case: Case, on: Namespace) -> bool:
    return any(isinstance(d, str) for c in case.calls for part in parts(c) if isinstance(part, A) for d in part.dims)


def _traceable(case: Case, on: Namespace) -> bool:
    return on.library in TRANSFORMED and any(_floating(part) for c in case.calls for part in parts(c))


def _has_kernel(case: Case, on: Namespace) -> bool:
    return bool(on.kernels) and bool(composites_of(case) & on.kernels)


def _takes_integers(case: Case, on: Namespace) -> bool:
    return bool(case.calls) and not on.compiles and bool(integer_parameters(case))


def _always(case: Case, on: Namespace) -> bool:
    return bool(case.calls or case.edges)


def _unique(case: Case, on: Namespace) -> bool:
    return bool(case.calls) and case.judge is None


def _has_special_cases(case: Case, on: Namespace) -> bool:
    return case.group == "standard" and (bool(case.special) or covers(case.name, revision_of(on)))


def _special_examples(case: Case, on: Namespace, seed: int) -> list[Example]:
    """The special cases of the standard's tables, and what else its text spells out."""
    found = [probe for probe in probes(case.name, revision_of(on)) if on.holds(probe)]
    return [*(fewer(found) if on.compiles else found), *edges(case)]


PROPERTIES: dict[str, Property] = {
    p.name: p
    for p in (
        Property("value", value, "all", lambda case, on: bool(case.calls or (case.edges and case.group == "k"))),
        Property("special", special, _special_examples, _has_special_cases),
        Property("parameters", parameters, parameter_examples, has_parameters),
        Property("dtypes", as_specified, derived_dtypes, is_derived),
        Property("shape", shape, "all", _unique),
        Property("dtype", dtype, "all", _unique),
        Property("predicted", predicted, "all", _of_k(_always)),
        Property("compiled", run_compiled, "all", _of_k(_always)),
        Property("unknown", unknown, "typical", _of_k(_lettered)),
        Property("gradient", gradient, "smooth", _of_k(_differentiable)),
        Property("second", second, "smooth", _of_k(_twice_differentiable)),
        Property("kinks", kinks, "special", _of_k(lambda case, on: bool(case.kinks))),
        Property("layout", layout, layout_examples, _has_layouts),
        Property("memory", memory, memory_examples, lambda case, on: bool(case.calls)),
        Property("sizes", sizes, sizes_examples, has_sizes),
        Property("error", errors, "errors", lambda case, on: bool(case.errors)),
        Property("kernel", kernel, "typical", _of_k(_has_kernel)),
        Property("arguments", arguments, "typical", _of_k(_takes_integers)),
        Property("device", device, "typical", lambda case, on: bool(case.calls)),
        Property("transparent", transparent, "smooth", _of_k(_traceable)),
        Property("determinism", determinism, "typical", lambda case, on: bool(case.calls)),
        Property("bits", same_bits, "all", compares_bits),
    )
}

# What `--kind` takes beside the names above: several properties at once.
KINDS: dict[str, tuple[str, ...]] = {
    **{name: (name,) for name in PROPERTIES},
    "value": ("value", "special", "kernel"),
    "gradient": ("gradient", "second", "kinks", "transparent"),
    "lazy": ("predicted", "compiled", "unknown", "transparent"),
}
