"""The kinds that hold for every function, `memory`, `layout` and `sizes`, find faults that hide from a single call."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import backend as K
from conformance.calls.arrangements import LAYOUTS, MORE
from conformance.case import discovered, discovered_standard
from conformance.properties.registry import PROPERTIES
from conformance.properties.sizes import sizes_examples
from conformance.running.runner import verdict_on
from conformance.subjects.operations import namespace
from conformance.verdict import Verdict

strict = pytest.importorskip("array_api_strict")
NAME = "array_api_strict"
Array = type(strict.asarray([1.0]))

# Libraries warn about edge values; the tool ignores that, too.
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


def judged(name: str, kind: str, on: str = NAME, group: str = "standard") -> Verdict:
    cases = discovered_standard() if group == "standard" else discovered()
    return verdict_on(cases[name], PROPERTIES[kind], namespace(on), shrink=False)


def new(value: Any, like: Any) -> Any:
    return Array._new(np.asarray(value), device=like.device)


# ---- faults of memory


def sorting_in_place(whole):
    def sort(x, /, **options):
        result = whole(x, **options)
        x._array[...] = result._array
        return result

    return sort


def kept_buffer(whole):
    """One buffer for each shape and dtype, filled again by every call."""
    buffers: dict[Any, Any] = {}

    def faulty(x, /):
        result = whole(x)
        buffer = buffers.setdefault((result.shape, result.dtype), result)
        buffer._array[...] = result._array
        return buffer

    return faulty


def remembered(whole):
    """The array that the same arguments gave before."""
    made: dict[Any, Any] = {}

    def zeros(shape, **options):
        return made.setdefault((shape, str(options)), whole(shape, **options))

    return zeros


def without_copy(whole):
    return lambda x, dtype, /, *, copy=True, device=None: whole(x, dtype, copy=False, device=device)


def reshape_copy_ignored(whole):
    return lambda x, /, shape, *, copy=None: whole(x, shape, copy=None if copy else copy)


def reshape_may_copy(whole):
    return lambda x, /, shape, *, copy=None: whole(x, shape, copy=None if copy is False else copy)


def asarray_may_copy(whole):
    return lambda x, /, *, copy=None, **options: whole(x, copy=None if copy is False else copy, **options)


def asarray_copy_ignored(whole):
    return lambda x, /, *, copy=None, **options: (
        whole(x, copy=copy or None, **options) if copy is not True else whole(x, copy=None, **options)
    )


def nothing_to_add(whole):
    """x itself where there is nothing to add."""
    return lambda x, y, /: x if x.shape == y.shape and x.dtype == y.dtype and not np.any(y._array) else whole(x, y)


def scratch(whole):
    """The arguments are copied to memory that all threads share."""
    kept: dict[str, Any] = {}

    def cumulative_sum(x, /, **options):
        kept["x"] = x
        for _ in range(50):  # of work
            pass
        return whole(kept["x"], **options)

    return cumulative_sum


def every_fifth(whole):
    count = itertools.count(1)
    return lambda x, y, /: whole(x, y) if next(count) % 5 else whole(x, x)


def choosing_in_place(whole):
    def where(c, x, y, /):
        result = whole(c, x, y)
        if hasattr(x, "_array") and x.shape == result.shape and x.dtype == result.dtype:
            x._array[...] = result._array
        return result

    return where


MEMORY = [
    ("sort", sorting_in_place),
    ("exp", kept_buffer),
    ("zeros", remembered),
    ("astype", without_copy),
    ("reshape", reshape_copy_ignored),
    ("reshape", reshape_may_copy),
    ("asarray", asarray_may_copy),
    ("asarray", asarray_copy_ignored),
    ("add", nothing_to_add),
    ("cumulative_sum", scratch),
    ("multiply", every_fifth),
    ("where", choosing_in_place),
]

# ---- faults of layouts


def memory_order(whole):
    """The elements in the order of memory."""
    return lambda x, /, **options: whole(new(x._array.ravel(order="K").reshape(x.shape), x), **options)


def backwards(whole):
    """Negative steps are taken for positive ones."""

    def faulty(x, /, **options):
        turned = x._array[::-1] if x.ndim and x._array.strides[0] < 0 and x.shape[0] > 1 else x._array
        return whole(new(turned, x), **options)

    return faulty


def standing_still(whole):
    """Steps of 0 are taken for those of a new array."""

    def faulty(x, /):
        result = whole(x)
        if x._array.size > 1 and 0 in x._array.strides:
            return new(result._array * np.float32(1.001), x)
        return result

    return faulty


def turned_second(whole):
    """The second matrix in the order of memory, where that is the transposed one."""

    def matmul(x, y, /):
        if y._array.flags.f_contiguous and not y._array.flags.c_contiguous:
            y = new(y._array.ravel(order="K").reshape(y.shape), y)
        return whole(x, y)

    return matmul


def from_the_start(whole):
    """A view without dimensions is read at the beginning of what it is a view of."""

    def faulty(x, /):
        base = x._array.base
        return whole(new(base.reshape(-1)[0] * 2, x) if x.ndim == 0 and base is not None and base.ndim else x)

    return faulty


LAID = [
    ("argmax", memory_order),
    ("cumulative_sum", backwards),
    ("exp", standing_still),
    ("matmul", turned_second),
    ("tanh", from_the_start),
]

# ---- faults of sizes


def without_tail(whole):
    """Beyond 64 elements, a last one that fills no vector stays as it is."""

    def faulty(x, /):
        result = whole(x)
        if x._array.size > 64 and x._array.size % 8 == 1:
            result._array.reshape(-1)[-1] = x._array.reshape(-1)[-1]
        return result

    return faulty


def first_block(whole):
    """The first 1,024 elements alone."""

    def faulty(x, /, *, axis=None, **options):
        if axis is None and x._array.size > 1024:
            x = new(x._array.reshape(-1)[:1024], x)
        return whole(x, axis=axis, **options)

    return faulty


def losing_nan(whole):
    """Beyond 4,096 elements, NaN is passed over."""

    def faulty(x, /, **options):
        large = x._array.size >= 4096 and x._array.dtype.kind == "f"
        return whole(new(np.nan_to_num(x._array, nan=-9.0), x) if large else x, **options)

    return faulty


def long_sort(whole):
    """Beyond 1,000 elements, the last two change places."""

    def faulty(x, /, *, axis=-1, **options):
        result = whole(x, axis=axis, **options)
        if x.ndim and x.shape[axis] > 1000:
            line = np.moveaxis(result._array, axis, -1)
            line[..., -2:] = line[..., -2:][..., ::-1].copy()
        return result

    return faulty


def deep_product(whole):
    """Of more than 128 terms, the last one is left out."""

    def matmul(x, y, /):
        if x.ndim == y.ndim == 2 and x.shape[1] > 128:
            x, y = new(x._array[:, :-1], x), new(y._array[:-1], y)
        return whole(x, y)

    return matmul


def five_axes(whole):
    """Of five axes, the last two change places."""

    def faulty(x, /, *, axis=None, **options):
        if x.ndim == 5 and axis in (3, -2):
            axis = 2
        return whole(x, axis=axis, **options)

    return faulty


def mixed_vector(whole):
    """A NaN in a vector makes infinities of it NaN, too."""

    def faulty(x, /):
        result = whole(x)
        if x._array.size > 8 and np.any(np.isnan(x._array)):
            result._array[np.isinf(x._array)] = np.nan
        return result

    return faulty


def one_too_few(whole):
    """From 4,096 elements on, the last number is not reached."""

    def faulty(start, /, stop=None, step=1, **options):
        result = whole(start, stop, step, **options)
        if result._array.size >= 4096:
            result._array[-1] = result._array[-2]
        return result

    return faulty


SIZED = [
    ("sin", without_tail),
    ("sum", first_block),
    ("max", losing_nan),
    ("sort", long_sort),
    ("matmul", deep_product),
    ("mean", five_axes),
    ("arange", one_too_few),
]

FAULTS = [
    (kind, *each)
    for kind, faults in (("memory", MEMORY), ("layout", LAID), ("sizes", SIZED), ("special", [("exp", mixed_vector)]))
    for each in faults
]


@pytest.mark.parametrize(("kind", "name", "fault"), FAULTS, ids=[f"{f.__name__} {name}" for _, name, f in FAULTS])
def test_faults_are_found(kind: str, name: str, fault: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    assert judged(name, kind).status in ("identical", "within")
    monkeypatch.setattr(strict, name, fault(getattr(strict, name)))
    assert judged(name, kind).status in ("wrong", "flaky")
    if fault is not every_fifth and kind != "memory":
        assert judged(name, "value").status in ("identical", "within"), "a single call shows it"


@pytest.mark.parametrize(("name", "fault"), [("mean", five_axes), ("arange", one_too_few)])
def test_scripts_of_calls_that_are_in_no_case(name: str, fault: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(strict, name, fault(getattr(strict, name)))
        found = judged(name, "sizes").finding
        assert found is not None
        with pytest.raises(AssertionError):
            exec(found.script, {})
    exec(found.script, {})


def greedy_iadd(self, other):
    self._array += getattr(other, "_array", other)
    if hasattr(other, "_array"):
        other._array[...] = 0
    return self


def forgetful_iadd(self, other):
    return new(self._array + getattr(other, "_array", other) * 0, self)


@pytest.mark.parametrize("fault", [greedy_iadd, forgetful_iadd])
def test_in_place_operators(fault: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    assert judged("array.add", "memory").status == "identical"
    monkeypatch.setattr(Array, "__iadd__", fault)
    verdict = judged("array.add", "memory")
    assert verdict.status == "wrong"
    assert verdict.finding is not None
    assert verdict.finding.cause == "in-place"


@pytest.mark.parametrize("kind", ["memory", "sizes"])
def test_operations_of_k(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = K.tanh

    def writing(x):
        result = whole(x)
        if kind == "memory":
            x[...] = result
        elif result.size > 100:
            result.reshape(-1)[-1] = 2.0
        return result

    assert judged("tanh", kind, "numpy", "k").status in ("identical", "within")
    monkeypatch.setattr(K, "tanh", writing)
    assert judged("tanh", kind, "numpy", "k").status == "wrong"


def test_views_are_no_fault() -> None:
    """What the standard leaves open is not blamed: torch's positive gives its argument, NumPy's flip a view."""
    for name in ("positive", "flip", "permute_dims", "real", "broadcast_to", "unstack"):
        assert judged(name, "memory", "numpy").status == "identical", name


@pytest.mark.parametrize("name", [*LAYOUTS, *MORE])
def test_layouts_keep_the_values(name: str) -> None:
    x = np.arange(24.0).reshape(2, 3, 1, 4)
    x = np.broadcast_to(x[:1, :, :, :1], x.shape).copy() if name.startswith("repeated") else x
    laid = {**LAYOUTS, **MORE}[name](x.copy())
    assert np.array_equal(laid, x)
    flags = laid.flags
    assert (laid.strides, flags.aligned, flags.writeable, laid.base is None) != (x.strides, True, True, True)


def test_sizes_are_tried() -> None:
    on = namespace("numpy")
    cases = discovered_standard()
    for name in ("exp", "sum", "add", "sort", "cumulative_sum"):
        found = sizes_examples(cases[name], on, 0)
        lengths = {n for e in found for v in e.values for n in v.shape}
        assert {0, 1, 2, 3, 17, 65, 1000, 4096} <= lengths, name
        assert {v.ndim for e in found for v in e.values} >= {1, 2, 3, 4, 5}, name
    assert max(n for e in sizes_examples(discovered()["softmax"], on, 0) for v in e.values for n in v.shape) > 64
