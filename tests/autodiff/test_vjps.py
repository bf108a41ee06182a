"""Every gradient rule against finite differences, on other namespaces, twice differentiated, and at kinks."""

import importlib.util

import array_api_compat.numpy as np_compat
import array_api_strict
import numpy as np
import pytest
from shape_calls import CALLS, several
from vjp_cases import CASES

import backend as K
from backend.autodiff.rules.table import VJPS
from backend.autodiff.scatter import Scatter, scatter_slice, take_adjoint, take_along_axis_adjoint
from backend.graph.primitives import PRIMITIVES
from backend.graph.standard import namespace as recorder
from backend.graph.tensor import Placeholder, Tensor
from backend.graph.traversal import toposort

pytestmark = pytest.mark.slow

STEP = 2e-4
IDS = [f"{i}-{case.name}" for i, case in enumerate(CASES)]
each_case = pytest.mark.parametrize("case", CASES, ids=IDS)


def is_floating(x):
    return isinstance(x, np.ndarray) and x.dtype.kind in "fc"


SYNTAX = {
    "getitem": lambda x, key: x[key],
    "identity": K.identity,
}  # recorded calls that are not functions of the standard


def lookup(xp, name):
    if name in SYNTAX:
        return SYNTAX[name]
    for part in name.split("."):
        xp = getattr(xp, part)
    return xp


def mapped(f, x):
    """Apply f to each NumPy array in (lists of) arguments, and leave all others."""
    if isinstance(x, list):
        return [mapped(f, part) for part in x]
    return f(x) if isinstance(x, np.ndarray) else x


def places(case):
    """The arguments to differentiate: positions, and (position, i) in lists."""
    found = []
    for i, x in enumerate(case.args):
        if isinstance(x, list):
            found += [(i, j) for j, part in enumerate(x) if is_floating(part)]
        elif is_floating(x):
            found.append(i)
    return found


def at(case, place):
    return case.args[place[0]][place[1]] if isinstance(place, tuple) else case.args[place]


def with_value(case, place, x):
    args = list(case.args)
    if isinstance(place, tuple):
        args[place[0]] = [x if j == place[1] else part for j, part in enumerate(args[place[0]])]
    else:
        args[place] = x
    return args, case.kwargs


def called(xp, case, args, kwargs):
    kwargs = {k: getattr(xp, v) if k == "dtype" else v for k, v in kwargs.items()}
    if case.name == "astype":
        args = [args[0], getattr(xp, args[1])]
    if case.hermitian:
        args = [(args[0] + xp.conj(xp.matrix_transpose(args[0]))) / 2]
    out = lookup(xp, case.name)(*args, **kwargs)
    return args, kwargs, out


def outputs(out):
    return list(out) if isinstance(out, tuple | list) else [out]


def weights(shape, phase):
    n = int(np.prod(shape))
    return np.reshape(0.6 + 0.5 * np.cos(np.arange(n) + phase), shape)


def loss(case, outs):
    """A contraction no linear rule can pass by chance: sums of sines of the weighted outputs."""
    total = 0.0
    for i, out in enumerate(outs):
        if case.phase_free:
            out = np.abs(out) ** 2
        total += np.sum(np.sin(weights(out.shape, i) * np.real(out)))
        if np.iscomplexobj(out):
            total += np.sum(np.cos(weights(out.shape, i + 0.5) * np.imag(out)))
    return total


def loss_cotangent(xp, case, out, i):
    """The derivative of `loss` for one output, in functions every namespace has."""
    complex_ = xp.isdtype(out.dtype, "complex floating")
    real, imaginary = (xp.real(out), xp.imag(out)) if complex_ else (out, None)

    def w(phase):
        return xp.asarray(weights(tuple(out.shape), phase), dtype=real.dtype)

    if case.phase_free:
        return 2 * out * w(i) * xp.cos(w(i) * (real**2 + imaginary**2 if complex_ else out * out))
    if not complex_:
        return w(i) * xp.cos(w(i) * out)
    return w(i) * xp.cos(w(i) * real) - 1j * w(i + 0.5) * xp.sin(w(i + 0.5) * imaginary)


def by_rule(xp, case, place, args, kwargs):
    """The gradient of `loss` by the rule of the case."""
    args, kwargs, out = called(xp, case, args, kwargs)
    several = isinstance(out, tuple | list)
    g = tuple(loss_cotangent(xp, case, part, i) for i, part in enumerate(outputs(out)))
    g = g if several else g[0]
    if isinstance(place, tuple):
        return VJPS[case.name][place[0]](g, out, *args, **kwargs)[place[1]]
    found = VJPS[case.name][place](g, out, *args, **kwargs)
    return scatter_slice(*found) if isinstance(found, Scatter) else found


def numerically(f, x):
    """Central differences of fourth order of a real function, for complex x as d/dRe + i d/dIm."""
    gradient = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        for direction in (1, 1j) if np.iscomplexobj(x) else (1,):
            step = np.zeros_like(x)
            step[index] = STEP * direction
            near, far = f(x + step) - f(x - step), f(x + 2 * step) - f(x - 2 * step)
            gradient[index] += direction * (8 * near - far) / (12 * STEP)
    return gradient


def converted(case, convert):
    args = [mapped(convert, x) for x in case.args]
    return args, {k: mapped(convert, x) for k, x in case.kwargs.items()}


@each_case
def test_rule_equals_finite_differences(case):
    for place in places(case):
        x = at(case, place)

        def f(x, place=place):
            return loss(case, outputs(called(np_compat, case, *with_value(case, place, x))[2]))

        found = by_rule(np_compat, case, place, list(case.args), case.kwargs)
        assert found.shape == x.shape and found.dtype == x.dtype
        coarse = case.name == "astype" and case.args[1] == "float32"
        expected = numerically(f, x)
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=2e-3 if coarse else 1e-8)


def torch_namespace():
    return importlib.import_module("array_api_compat.torch")


NAMESPACES = [array_api_strict] + ([torch_namespace()] if importlib.util.find_spec("torch") else [])


@pytest.mark.parametrize("xp", NAMESPACES, ids=lambda xp: xp.__name__)
@each_case
def test_rule_on_other_namespaces(case, xp):
    for place in places(case):
        expected = by_rule(np_compat, case, place, list(case.args), case.kwargs)
        found = by_rule(xp, case, place, *converted(case, xp.asarray))
        assert tuple(found.shape) == expected.shape
        np.testing.assert_allclose(np.asarray(found), expected, rtol=1e-9, atol=1e-10)


@each_case
def test_rule_keeps_float32(case):
    if case.kwargs.get("dtype") or case.name == "astype":
        case = type(case)("negative", (np.ones(2),))  # asks for another dtype itself
    small = {"float64": "float32", "complex128": "complex64"}
    args, kwargs = converted(case, lambda x: x.astype(small.get(x.dtype.name, x.dtype)))
    low = type(case)(case.name, tuple(args), kwargs, case.hermitian, case.phase_free)
    for place in places(low):
        found = by_rule(np_compat, low, place, list(args), kwargs)
        assert found.dtype == at(low, place).dtype


INF, NAN = float("inf"), float("nan")

# name, arguments, keywords, expected cotangents of the floating arguments for g = 1, whether torch agrees
KINKS = [
    ("abs", ([0.0, -1.0, 2.0],), {}, [[0.0, -1.0, 1.0]], True),
    ("sign", ([0.0, -1.0, 2.0],), {}, [[0.0, 0.0, 0.0]], True),
    ("sqrt", ([0.0, 1.0],), {}, [[INF, 0.5]], True),
    ("copysign", ([0.0, 2.0], [1.0, -1.0]), {}, [[0.0, -1.0], [0.0, 0.0]], True),
    ("maximum", ([1.0, 2.0], [1.0, 3.0]), {}, [[1.0, 0.0], [0.0, 1.0]], False),
    ("minimum", ([1.0, 2.0], [1.0, 3.0]), {}, [[1.0, 1.0], [0.0, 0.0]], False),
    ("max", ([1.0, 1.0, 0.0],), {}, [[0.5, 0.5, 0.0]], True),
    ("min", ([[1.0, 1.0], [2.0, 0.0]],), {"axis": 1}, [[[0.5, 0.5], [0.0, 1.0]]], True),
    ("max", ([NAN, 1.0],), {}, [[0.0, 0.0]], False),
    ("prod", ([0.0, 2.0, 3.0],), {}, [[6.0, 0.0, 0.0]], True),
    ("prod", ([0.0, 0.0, 3.0],), {}, [[0.0, 0.0, 0.0]], True),
    ("cumulative_prod", ([0.0, 2.0, 3.0],), {"axis": 0}, [[9.0, 0.0, 0.0]], True),
    ("std", ([1.0, 1.0],), {}, [[0.0, 0.0]], False),
    ("pow", ([0.0, 2.0], 0), {}, [[0.0, 0.0]], True),
    ("pow", ([0.0, 2.0], 2), {}, [[0.0, 4.0]], True),
    ("pow", ([0.0, 3.0], [0.0, 1.0]), {}, [[0.0, 1.0], [0.0, 3 * np.log(3.0)]], False),
    ("pow", ([-2.0, 0.0], [2.0, -1.0]), {}, [[-4.0, -INF], [0.0, 0.0]], False),
    ("pow", (-2.0, [2.0, 3.0]), {}, [[0.0, 0.0]], False),
    ("atan2", ([0.0], [0.0]), {}, [[0.0], [0.0]], True),
    ("atan2", ([1e-200], [1e-200]), {}, [[5e199], [-5e199]], False),
    ("hypot", ([0.0], [0.0]), {}, [[0.0], [0.0]], False),
    ("logaddexp", ([-INF, INF, 0.0], [-INF, 0.0, -INF]), {}, [[0.0, 1.0, 1.0], [0.0] * 3], False),
    ("linalg.vector_norm", ([0.0, 0.0],), {}, [[0.0, 0.0]], True),
    ("linalg.vector_norm", ([0.0, 0.0],), {"ord": 3}, [[0.0, 0.0]], True),
    ("linalg.vector_norm", ([0.0, 2.0],), {"ord": 1}, [[0.0, 1.0]], True),
    ("linalg.vector_norm", ([-2.0, 2.0],), {"ord": INF}, [[-0.5, 0.5]], True),
    ("linalg.matrix_norm", ([[0.0, 0.0]],), {}, [[[0.0, 0.0]]], True),
    ("linalg.matrix_norm", ([[0.0, 0.0]],), {"ord": "nuc"}, [[[0.0, 0.0]]], False),
    ("linalg.svdvals", ([[2.0, 0.0], [0.0, 2.0]],), {}, [[[1.0, 0.0], [0.0, 1.0]]], True),
]


@pytest.mark.parametrize("name, args, kwargs, expected, agrees", KINKS)
def test_convention_at_kink(name, args, kwargs, expected, agrees):
    with np.errstate(all="ignore"):
        args = [np.asarray(x) if isinstance(x, list) else x for x in args]
        out = lookup(np_compat, name)(*args, **kwargs)
        found = [VJPS[name][i](np.ones_like(out), out, *args, **kwargs) for i, x in enumerate(args) if is_floating(x)]
    for g, e in zip(found, expected, strict=True):
        np.testing.assert_allclose(g, e, rtol=1e-12)
    if agrees and len(NAMESPACES) > 1:
        xp = torch_namespace()
        tensors = [xp.asarray(x).requires_grad_() if is_floating(x) else x for x in args]
        lookup(xp, name)(*tensors, **kwargs).sum().backward()
        for x, e in zip((t for t in tensors if hasattr(t, "grad")), expected, strict=True):
            np.testing.assert_allclose(x.grad, e, rtol=1e-12)


def test_infinities_stay_where_they_belong():
    g = np.asarray([[INF, 1.0], [2.0, NAN], [3.0, 4.0]])
    found = take_adjoint(g, np.asarray([3, 0, 0]), axis=0, size=4)
    np.testing.assert_array_equal(found, [[5.0, NAN], [0.0, 0.0], [0.0, 0.0], [INF, 1.0]])
    found = take_along_axis_adjoint(g, np.asarray([[1, 1], [0, 2], [0, 0]]), axis=1, size=3)
    np.testing.assert_array_equal(found, [[0.0, INF, 0.0], [2.0, 0.0, NAN], [7.0, 0.0, 0.0]])
    found = VJPS["where"][1](np.asarray([INF, 1.0]), None, np.asarray([False, True]), g[0], g[0])
    np.testing.assert_array_equal(found, [0.0, 1.0])


def test_duplicates_accumulate_accurately():
    rng = np.random.default_rng(3)
    g = rng.normal(size=(5000, 2)).astype(np.float32)
    indices = rng.integers(0, 7, size=5000)
    expected = np.zeros((7, 2))
    np.add.at(expected, indices, g.astype(np.float64))
    found = take_adjoint(g, indices, axis=0, size=7)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-4)
    assert take_adjoint(g[:0], indices[:0], axis=0, size=3).tolist() == [[0.0, 0.0]] * 3


@pytest.mark.parametrize("shape", [(3, 2), (2, 3), (3, 3)])
@pytest.mark.parametrize("imaginary", [0.0, 1j])
def test_phase_of_a_pair_of_singular_vectors(shape, imaginary):
    """The best approximation of rank 1 needs the phase common to u and v, which squared moduli do not see."""
    x = np.random.default_rng(1).normal(size=(*shape, 2)) @ np.asarray([1.0, imaginary or 1.0])
    weight = np.cos(np.arange(x.size)).reshape(shape)

    def value(x):
        u, s, vh = np.linalg.svd(x, full_matrices=False)
        return np.sum(np.real(np.exp(0.3j) * weight * ((u[:, :1] * s[:1]) @ vh[:1]))) + np.sum(s**2)

    u, s, vh = out = np.linalg.svd(x, full_matrices=False)
    w = weight * (np.exp(-0.3j) if imaginary else np.cos(0.3))
    gu, gs, gvh = np.zeros_like(u), 2 * s, np.zeros_like(vh)
    gu[:, :1] = w @ vh[:1].conj().T * s[0]
    gs[:1] += np.real(np.sum(u[:, :1].conj() * (w @ vh[:1].conj().T)))
    gvh[:1] = s[0] * u[:, :1].conj().T @ w
    found = VJPS["linalg.svd"][0]((gu, gs, gvh), out, x, full_matrices=False)
    np.testing.assert_allclose(found, numerically(value, x), rtol=1e-7, atol=1e-8)


PARTIAL = [
    ("linalg.slogdet", 2 * np.eye(2)),
    ("linalg.qr", np.eye(3)[:, :2]),
    ("linalg.svd", np.eye(2)),
    ("linalg.eigh", np.eye(2)),
    ("linalg.eig", np.diag([1.0, 2.0])),
]


@pytest.mark.parametrize("name, x", PARTIAL)
def test_outputs_without_cotangent(name, x):
    """Leaving out an output is the same as giving it zeros; equal eigenvalues give finite numbers."""
    out = lookup(np_compat, name)(x)
    for used in range(len(out)):
        zero = tuple(np.ones_like(z) if i == used else np.zeros_like(z) for i, z in enumerate(out))
        none = tuple(np.ones_like(z) if i == used else None for i, z in enumerate(out))
        found = VJPS[name][0](none, out, x)
        np.testing.assert_allclose(found, VJPS[name][0](zero, out, x), atol=1e-14)
        assert np.all(np.isfinite(found))


def test_cast_to_integers_stops_the_gradient():
    x = np.asarray([1.0, 2.5])
    assert VJPS["astype"][0](np.ones(2), x.astype(np.int64), x, np.int64) is None


def recorded():
    """The calls that the functions of the standard record, all sizes known."""
    x = Placeholder((2,), "float32")
    results = [several(x[:1]), several(K.identity(x))]
    for call in CALLS:
        inputs = [Placeholder([5 if size == "n" else size for size in shape], dtype) for shape, dtype in call.inputs]
        results.append(several(call.call(recorder, *inputs)))
    tensors = toposort([t for result in results for t in result if isinstance(t, Tensor)])
    return [t.node for t in tensors if t.node is not None]


def test_every_recorded_call_has_its_place():
    reading = {node.function for node in recorded() if node.inputs}  # the others create arrays from numbers
    assert len(reading) > 120
    discrete = {name for name, row in PRIMITIVES.items() if row.discrete}
    assert reading == set(VJPS) | discrete
    assert not set(VJPS) & discrete
    assert {case.name for case in CASES} == set(VJPS)
