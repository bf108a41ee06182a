"""K.grad and K.value_and_grad: what is traced again and what is not, nesting, and use within other transformations."""

import types

import numpy as np
import pytest

import backend as K
from backend.api import tracing

SCALE = 2.0


@pytest.fixture
def traces(monkeypatch):
    """The number of traces so far."""
    found = []
    compiled = tracing.Traced._compiled

    def counting(self, *args):
        found.append(1)
        return compiled(self, *args)

    monkeypatch.setattr(tracing.Traced, "_compiled", counting)
    return found


# ---- constants ------------------------------------------------------------------------------------------------


def test_constants_that_cannot_be_hashed_are_never_mistaken():
    g = K.grad(lambda x, c: K.sum(x * c.s))
    assert [float(g(np.float64(1.0), types.SimpleNamespace(s=s))) for s in (1, 2, 3, 4, 5)] == [1, 2, 3, 4, 5]
    c = types.SimpleNamespace(s=1, nest={"a": [1, 2]})
    g = K.grad(lambda x, c: K.sum(x * c.s * c.nest["a"][1]))
    found = [float(g(np.float64(1.0), c))]
    c.s = 5
    found.append(float(g(np.float64(1.0), c)))
    c.nest["a"][1] = 3
    assert [*found, float(g(np.float64(1.0), c))] == [2, 10, 15]


def test_what_hides_its_state_is_traced_at_every_call():
    supply = iter([1, 2, 3])
    g = K.grad(lambda x, c: K.sum(x * next(c)))
    assert [float(g(np.float64(1.0), supply)) for _ in range(3)] == [1, 2, 3]


def test_constants_of_equal_value_and_other_types_are_told_apart():
    g = K.grad(lambda x, c: K.sum(x * (10 if c is True else 1)))
    assert [float(g(np.float64(1.0), c)) for c in (1, True, 1)] == [1, 10, 1]


# ---- numbers --------------------------------------------------------------------------------------------------


def test_floats_are_inputs(traces):
    g = K.grad(lambda x, c: K.sum(x * x * c))
    x = np.asarray([1.0, 2.0])
    for c in np.linspace(0.1, 1, 300).tolist():
        assert np.array_equal(g(x, c), 2 * x * c)
    assert len(traces) == 1
    assert g(np.float32([1]), 0.5).dtype == np.float32
    assert np.array_equal(g(x, 1 + 0.0), 2 * x)


def test_numbers_beside_bfloat16():
    torch = pytest.importorskip("torch")
    found = K.grad(lambda x, c: K.sum(x * c))(torch.ones(2, dtype=torch.bfloat16), 2.0)
    assert found.dtype == torch.bfloat16 and found.tolist() == [2, 2]


def test_floats_whose_values_f_needs_are_constants(traces):
    def f(x, c, limit):
        y = x * c if c == 0.5 else x * 3
        return K.sum(y if limit > 1 else y * 10)

    g = K.grad(f)
    x = np.ones(2)
    found = [float(g(x, c, limit)[0]) for c, limit in ((0.5, 2.0), (0.25, 2.0), (0.5, 0.5), (0.5, 2.0))]
    assert found == [0.5, 3.0, 5.0, 0.5]
    assert len(traces) == 4  # one that failed, and one for each pair of values


def test_more_uses_of_a_floats_value():
    table = {0.5: 2.0}
    uses = [lambda x, c: x * table[c], lambda x, c: x * (4 * c).__round__(), lambda x, c: x * np.full(2, 4 * c)]
    uses += [lambda x, c: x * (2 if 2 * c == 1 else 1), lambda x, c: x[: int(4 * c)] * 2]
    for f in uses:
        assert K.grad(lambda x, c, f=f: K.sum(f(x, c)))(np.ones(2), 0.5).tolist() == [2, 2]


def test_integers_are_constants():
    g = K.grad(lambda x, n, axis: K.sum(K.sum(x**n, axis=axis) * sum(range(n))))
    assert np.array_equal(g(np.asarray([[1.0, 2.0]]), 3, 1), [[9.0, 36.0]])
    assert np.array_equal(g(np.asarray([[1.0, 2.0]]), 2, 0), [[2.0, 4.0]])
    assert float(K.grad(lambda x: K.sum(x**3))(2)) == 12.0


def test_the_cache_is_bounded_and_can_be_cleared(traces):
    g = K.grad(lambda x, n: K.sum(x * n))
    for n in range(tracing.MOST_PROGRAMS + 1):
        g(1.0, n)
    assert len(traces) == tracing.MOST_PROGRAMS + 1
    g(1.0, tracing.MOST_PROGRAMS)
    assert len(traces) == tracing.MOST_PROGRAMS + 1
    g(1.0, 0)
    assert len(traces) == tracing.MOST_PROGRAMS + 2
    g.clear_cache()
    g(1.0, 0)
    assert len(traces) == tracing.MOST_PROGRAMS + 3


# ---- captured values ------------------------------------------------------------------------------------------


def test_captured_values_are_compared(traces):
    s, a, c = 2.0, np.asarray([1.0, 2.0]), types.SimpleNamespace(s=1.0)

    def helper(x):
        return x * s

    g = K.grad(lambda x: K.sum(helper(x) * a * c.s))
    x = np.ones(2)
    assert np.array_equal(g(x), [2, 4]) and np.array_equal(g(x), [2, 4])
    assert len(traces) == 1
    s = 5.0
    assert np.array_equal(g(x), [5, 10])
    a[0] = 3
    assert np.array_equal(g(x), [15, 10])
    c.s = 2.0
    assert np.array_equal(g(x), [30, 20])
    a = np.asarray([1.0, 1.0])
    assert np.array_equal(g(x), [10, 10])
    assert len(traces) == 5


def test_globals_are_compared(monkeypatch):
    g = K.grad(lambda x: K.sum(x * SCALE))
    assert float(g(1.0)) == 2
    second = K.grad(K.grad(lambda x: K.sum(x * x * SCALE)))
    assert float(second(1.0)) == 4
    monkeypatch.setitem(globals(), "SCALE", 5.0)
    assert float(g(1.0)) == 5
    assert float(second(1.0)) == 10


def test_captured_torch_tensors_are_compared_by_version():
    torch = pytest.importorskip("torch")
    a = torch.tensor([1.0, 2.0])
    g = K.grad(lambda x: K.sum(x * a))
    assert g(torch.ones(2)).tolist() == [1, 2]
    a.mul_(3)
    assert g(torch.ones(2)).tolist() == [3, 6]


def test_variables_are_read_at_each_call(traces):
    v = K.variable(2.0)
    g = K.grad(lambda x: K.sum(x * v))
    found = [float(g(1.0))]
    K.set_value(v, 5.0)
    assert [*found, float(g(1.0))] == [2, 5]
    assert len(traces) == 1


def test_settings_are_compared():
    g = K.grad(lambda x: K.in_train_phase(x * 2, x * 3))
    try:
        K.set_learning_phase(1)
        found = [float(g(1.0))]
        K.set_learning_phase(0)
        found.append(float(g(1.0)))
    finally:
        K.clear_session()
    assert [*found, float(g(1.0))] == [2, 3, 3]


# ---- nesting --------------------------------------------------------------------------------------------------


def cube(x):
    return K.sum(x**3)


def test_gradients_nest():
    assert float(K.grad(K.grad(cube))(2.0)) == 12
    assert float(K.grad(K.grad(K.grad(cube)))(2.0)) == 6
    g = K.grad(lambda x: K.sum(K.grad(cube)(x) ** 2))
    assert np.array_equal(g(np.asarray([1.0, 2.0])), [36.0, 288.0])
    assert np.array_equal(g(np.asarray([1.0, 2.0])), [36.0, 288.0])


def test_an_inner_function_may_capture_what_the_outer_one_is_called_with():
    g = K.grad(lambda x: x * K.grad(lambda y: y * x)(x))  # x * x
    assert float(g(3.0)) == 6
    g = K.grad(lambda x: x * K.grad(lambda c: c * x)(1.0))
    assert float(g(3.0)) == 6
    v = K.variable(2.0)
    g = K.grad(lambda x: x * K.grad(lambda c: c * v)(1.0))
    found = [float(g(3.0))]
    K.set_value(v, 7.0)
    assert [*found, float(g(3.0))] == [2, 7]


def test_a_captured_gradient_function_is_part_of_the_key(traces):
    s = 2.0
    inner = K.grad(lambda x: K.sum(x * x * s))
    g = K.grad(lambda x: K.sum(inner(x) ** 2))
    found = [float(g(1.0)), float(g(1.0))]
    assert len(traces) == 1
    s = 1.0
    assert [*found, float(g(1.0))] == [32, 32, 8]


def test_symbolic_arguments_record():
    x = K.placeholder((None,))
    v = K.variable([2.0, 3.0])
    f = K.function([x], [K.grad(cube)(x), *K.grad(lambda a, b: K.sum(a * a * b), (0, 1))(v, x)])
    found = f([np.asarray([1.0, 2.0])])
    assert [r.tolist() for r in found] == [[3, 12], [4, 12], [4, 9]]
    assert K.eval(K.gradients(K.grad(lambda a: K.sum(a**3))(v), v)[0]).tolist() == [12, 18]


@pytest.mark.filterwarnings("ignore")
def test_within_jax():
    jax = pytest.importorskip("jax")
    a = np.asarray([1.0, 2.0, 3.0], "float32")
    g = K.grad(lambda x, c: K.sum(x**2 * a * c))
    x = jax.numpy.ones(3)
    for _ in range(2):
        assert np.array_equal(jax.jit(g)(x, 2.0), 4 * a)
        assert np.array_equal(jax.jit(lambda x: g(x, 2.0))(x), 4 * a)
        assert np.array_equal(jax.vmap(lambda x: g(x, 2.0))(jax.numpy.ones((2, 3))), [4 * a, 4 * a])
        assert np.array_equal(jax.grad(lambda x: g(x, 2.0).sum())(x), 4 * a)
        assert np.array_equal(g(x, 2.0), 4 * a)

    def captured(y):
        return K.grad(lambda x: K.sum(x * y * y))(x)

    for _ in range(2):
        assert np.array_equal(jax.jit(captured)(2 * x), 4 * np.ones(3))
        assert np.array_equal(jax.grad(lambda y: captured(y).sum())(x), 2 * np.ones(3))


@pytest.mark.filterwarnings("ignore")
def test_a_function_within_two_jits():
    jax = pytest.importorskip("jax")
    p = K.placeholder((3,))
    f = K.function([p], [p * np.asarray([1.0, 2.0, 3.0])])
    for _ in range(2):
        assert np.array_equal(jax.jit(lambda x: f([x])[0])(jax.numpy.ones(3)), [1, 2, 3])
    assert np.array_equal(f([jax.numpy.ones(3)])[0], [1, 2, 3])


def test_within_torch_func():
    torch = pytest.importorskip("torch")
    a = np.asarray([1.0, 2.0, 3.0], "float32")
    g = K.grad(lambda x, c: K.sum(x**2 * a * c))
    wanted = torch.tensor(4 * a)
    for _ in range(2):
        assert torch.equal(torch.func.vmap(lambda x: g(x, 2.0))(torch.ones(2, 3))[1], wanted)
        assert torch.equal(torch.func.grad(lambda x: g(x, 2.0).sum())(torch.ones(3)), wanted)
        assert torch.equal(torch.func.vmap(torch.func.grad(lambda x: g(x, 2.0).sum()))(torch.ones(2, 3))[1], wanted)
        assert torch.equal(g(torch.ones(3), 2.0), wanted)


# ---- arguments and results ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("argnums", "wanted"), [(0, 3), (1, 2), (-1, 2), ((0, 1), (3, 2)), ((-1, 0), (2, 3))])
def test_argnums(argnums, wanted):
    found = K.grad(lambda x, y: x * y, argnums)(2.0, 3.0)
    assert (tuple(map(float, found)) if isinstance(found, tuple) else float(found)) == wanted


@pytest.mark.parametrize(
    ("argnums", "error"),
    [(2, ValueError), (-3, ValueError), ((0, 2), ValueError), ((), ValueError), ("x", TypeError), (True, TypeError)],
)
def test_wrong_argnums(argnums, error):
    with pytest.raises(error, match="argnums"):
        K.grad(lambda x, y: x * y, argnums)(2.0, 3.0)


def test_has_aux():
    def f(x):
        return K.sum(x**2), {"twice": x * 2, "text": "a", "none": None}

    x = np.asarray([1.0, 2.0])
    slope, aux = K.grad(f, has_aux=True)(x)
    assert slope.tolist() == [2, 4] and aux["twice"].tolist() == [2, 4] and aux["text"] == "a" and aux["none"] is None
    (value, aux), slope = K.value_and_grad(f, has_aux=True)(x)
    assert float(value) == 5 and slope.tolist() == [2, 4] and aux["twice"].tolist() == [2, 4]
    with pytest.raises(TypeError, match="has_aux"):
        K.grad(cube, has_aux=True)(x)


def test_nests():
    def f(weights, x):
        return K.sum(K.dot(x, weights["w"]) + weights["b"][0] * weights["b"][1])

    weights = {"w": np.ones((2, 3)), "b": (np.ones(3), [2.0][0])}
    found = K.grad(f)(weights, np.ones((4, 2)))
    assert found["w"].tolist() == [[4.0] * 3] * 2
    assert found["b"][0].tolist() == [8.0] * 3 and float(found["b"][1]) == 12
    assert isinstance(found["b"], tuple)


def test_faults():
    with pytest.raises(TypeError, match="scalar"):
        K.grad(lambda x: x)(np.ones(2))
    with pytest.raises(TypeError, match="floating"):
        K.grad(K.sum)(np.asarray([1, 2]))
    with pytest.raises(TypeError, match="floating"):
        K.grad(lambda x: K.sum(x))(True)
