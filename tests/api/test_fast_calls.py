"""Calls like the last one: what they skip changes no result, and what they look at is all that may change."""

import types

import numpy as np
import pytest

import backend as K
from backend.api.captured import watch_of

FACTOR = 2.0
LIBRARIES = ["numpy", "torch", "jax"]


def square(x):
    return K.sum(K.square(x)) * FACTOR


def traced(gradient):
    return next(c.cell_contents for c in gradient.__closure__ if type(c.cell_contents).__name__ == "Traced")


def array(library, values, dtype="float32"):
    pytest.importorskip(library)
    return K.get_backend(library).asarray(np.asarray(values), dtype)


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_gradient_sees_every_change(library, monkeypatch):
    gradient, x = K.grad(square), array(library, [1.0, 2.0])

    def check(value, expected):
        for _ in range(2):
            got = gradient(value)
            assert type(got) is type(value) and got.dtype == value.dtype
            np.testing.assert_allclose(K.eval(got), expected)

    check(x, [4.0, 8.0])
    assert traced(gradient)._last.fast.fits((x,))
    check(array(library, [1.0]), [4.0])
    check(array(library, [1.0, 2.0], "float16"), [4.0, 8.0])
    check(x, [4.0, 8.0])
    monkeypatch.setitem(globals(), "FACTOR", 3.0)
    check(x, [6.0, 12.0])
    check(np.asarray([1.0, 1.0], "float32"), [6.0, 6.0])
    gradient.clear_cache()
    assert traced(gradient)._last is None
    check(x, [6.0, 12.0])


def test_closures_defaults_and_code_are_compared():
    kept = 1.0

    def f(x, power=2.0):
        return K.sum(x**power) * kept

    gradient, x = K.grad(f), np.asarray([1.0, 3.0])
    for _ in range(2):
        np.testing.assert_allclose(gradient(x), [2.0, 6.0])
    kept = 5.0
    np.testing.assert_allclose(gradient(x), [10.0, 30.0])
    np.testing.assert_allclose(gradient(x), [10.0, 30.0])
    f.__defaults__ = (1.0,)
    np.testing.assert_allclose(gradient(x), [5.0, 5.0])
    f.__code__ = (lambda x, power=2.0: K.sum(x) * kept * 2.0).__code__
    np.testing.assert_allclose(gradient(x), [10.0, 10.0])


def test_what_may_change_within_is_read_again():
    box, numbers, owner = {"a": 2.0}, np.asarray([2.0]), types.SimpleNamespace(a=2.0)
    for f in (lambda x: K.sum(x) * box["a"], lambda x: K.sum(x * numbers), lambda x: K.sum(x) * owner.a):
        assert watch_of(f) is None
        assert K.grad(f)(np.ones(1)) == 2.0
    gradient = K.grad(lambda x: K.sum(x) * box["a"])
    assert gradient(np.ones(1)) == gradient(np.ones(1)) == 2.0
    box["a"] = 7.0
    assert gradient(np.ones(1)) == 7.0


def test_an_emptied_closure_is_a_change():
    kept = 2.0

    def f(x):
        return K.sum(x) * kept

    same = watch_of(f)
    assert same()
    del f.__closure__[0].cell_contents
    assert not same()


def test_value_and_gradient_and_more_results():
    f = K.value_and_grad(lambda x: (K.sum(x * x), {"twice": x * 2.0}), has_aux=True)
    for _ in range(3):
        (value, aux), slope = f(np.asarray([1.0, 2.0]))
        assert value == 5.0
        np.testing.assert_array_equal(aux["twice"], [2.0, 4.0])
        np.testing.assert_array_equal(slope, [2.0, 4.0])


def test_settings_are_compared():
    gradient, x = K.grad(lambda x: K.sum(x * K.epsilon())), np.ones(2, "float32")
    before = K.epsilon()
    try:
        for epsilon in (1e-3, 1e-2):
            K.set_epsilon(epsilon)
            for _ in range(2):
                np.testing.assert_allclose(gradient(x), epsilon, rtol=1e-6)
    finally:
        K.set_epsilon(before)


@pytest.mark.parametrize("library", ["torch", "jax"])
def test_a_compiled_function_takes_arrays_of_a_library_again(library):
    x, w = K.placeholder((None, 2)), K.variable([1.0, 2.0])
    f = K.function([x], [K.sum(x, axis=1)])
    with K.use_backend(library):
        given = array(library, [[1.0, 2.0]])
        for _ in range(3):
            (y,) = f([given])
            assert type(y) is type(given)
        assert f._fast_call.fits([given])
        assert f([array(library, np.ones((3, 2)))])[0].shape == (3,)
        assert isinstance(f([np.ones((1, 2))])[0], np.ndarray)
        np.testing.assert_array_equal(K.eval(f([array(library, [[1.0, 2.0]], "float16")])[0]), [3.0])
        with pytest.raises(ValueError, match="has shape"):
            f([array(library, [[1.0, 2.0, 3.0]])])
    own = K.function([x], [x * w], updates=[(w, w + 1.0)])
    for step in range(3):  # on the backend of the variable, in the caller's arrays
        (y,) = own([given])
        assert type(y) is type(given)
        np.testing.assert_array_equal(K.eval(y), [[1.0 + step, 2.0 * (2.0 + step)]])


def test_a_variable_that_moves_takes_the_function_with_it():
    torch = pytest.importorskip("torch")
    x, v, w = K.placeholder((2,)), K.variable([1.0, 2.0]), K.variable([1.0, 1.0])
    f, given = K.function([x], [x * v + w]), np.asarray([1.0, 2.0], "float32")
    for _ in range(2):
        np.testing.assert_array_equal(f([given])[0], [2.0, 5.0])
    for each in (v, w):
        each.move(K.get_backend("torch"))
    for _ in range(2):
        np.testing.assert_array_equal(f([given])[0], [2.0, 5.0])
        assert type(f([torch.from_numpy(given)])[0]) is torch.Tensor
    w.move(K.get_backend("numpy"))
    with pytest.raises(TypeError, match="two backends"):
        f([torch.from_numpy(given)])


@pytest.mark.parametrize("library", LIBRARIES)
def test_sizes_may_change_where_none_is_given(library):
    x = K.placeholder((None, 2))
    f = K.function([x], [x * 2.0])
    for rows in (3, 3, 1, 5, 1):
        assert f([array(library, np.ones((rows, 2)))])[0].shape == (rows, 2)
    for wrong in ((3, 1), (2,), (3, 2, 1)):
        with pytest.raises(ValueError, match="has shape"):
            f([array(library, np.ones(wrong))])
    given = array(library, np.ones((4, 2)))
    assert f._fast_call.fits([given]) and not f._fast_call.fits([given] * 2)


def test_a_function_that_vmap_called_first_writes_over_its_own_arrays_later():
    torch = pytest.importorskip("torch")
    x = K.placeholder((2,))
    f = K.function([x], K.exp(x * 2.0) * 3.0)
    for _ in range(2):
        mapped = torch.func.vmap(lambda x: f([x]))(torch.ones(3, 2))
        assert f._fast_call is None
    for _ in range(2):
        torch.testing.assert_close(f([torch.ones(2)]), mapped[0])
    assert f._fast_call.fits([torch.ones(2)])


def test_reversed_outputs_of_another_library_go_back_to_torch():
    torch = pytest.importorskip("torch")
    x, w = K.placeholder((3,)), K.variable([1.0, 2.0, 3.0])
    found = K.function([x], K.reverse(x * w, 0))([torch.ones(3)])
    torch.testing.assert_close(found, torch.tensor([3.0, 2.0, 1.0]))


def test_torch_tensors_that_are_recorded_are_not_written_over():
    torch = pytest.importorskip("torch")
    x = K.placeholder((2,))
    f = K.function([x], K.exp(x * 2.0) * 3.0)
    plain, recorded = torch.ones(2), torch.ones(2, requires_grad=True)
    for _ in range(2):
        assert not f([plain]).requires_grad
    for _ in range(2):
        y = f([recorded])
        (slope,) = torch.autograd.grad(y.sum(), recorded)
        torch.testing.assert_close(slope, 6.0 * torch.exp(torch.tensor([2.0, 2.0])))
    mapped = torch.func.vmap(lambda x: f([x]))(torch.ones(3, 2))
    torch.testing.assert_close(mapped[0], f([plain]))


def test_jax_traces_what_was_called_before():
    jax = pytest.importorskip("jax")
    gradient, x = K.grad(lambda x: K.sum(x * x)), jax.numpy.ones(3)
    for _ in range(2):
        gradient(x)
    np.testing.assert_array_equal(jax.jit(gradient)(x), 2.0 * np.ones(3))
    np.testing.assert_array_equal(jax.vmap(gradient)(x[None])[0], 2.0 * np.ones(3))
    gradient(x)


def test_a_gradient_does_not_compute_the_value_but_does_what_the_value_does(capsys):
    gradient, both = K.grad(square), K.value_and_grad(square)
    x = np.asarray([1.0, 2.0])
    gradient(x), both(x)
    sources = [traced(f)._last.program.function.source for f in (gradient, both)]
    assert ["xp.sum" in source for source in sources] == [False, True]

    steps = K.variable(0.0)
    counted = K.grad(lambda x: K.sum(x) + 0.0 * K.update_add(steps, 1.0))
    printed = K.grad(lambda x: K.print_tensor(K.sum(x), "loss"))
    for _ in range(2):
        np.testing.assert_allclose(counted(x), [1.0, 1.0])
        np.testing.assert_allclose(printed(x), [1.0, 1.0])
    assert K.get_value(steps) == 2.0
    assert capsys.readouterr().out.count("loss") == 2

    nested = K.grad(lambda x: (K.sum(x**2), {"kept": x, "none": None}), has_aux=True)
    for _ in range(2):
        slope, aux = nested(x)
        np.testing.assert_allclose(slope, [2.0, 4.0])
        np.testing.assert_allclose(aux["kept"], x)
        assert aux["none"] is None
