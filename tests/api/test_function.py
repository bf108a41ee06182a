"""K.function: the printed source, feeding, updates, what comes back, and that graphs are released."""

import gc
import platform
import subprocess
import sys
import textwrap
import weakref

import numpy as np
import pytest

import backend as K
from backend.graph.standard import namespace as xp
from backend.graph.tensor import Placeholder
from backend.graph.traversal import toposort


def test_source_is_straight_line_python_and_stable():
    def build():
        x = Placeholder((None, 4), "float32", "x")
        w = K.variable(np.ones((4, 3)), name="w")
        y = xp.exp(x @ w) / xp.sum(xp.exp(x @ w), axis=-1, keepdims=True)
        return K.function([x], [y * 2.0])

    expected = """\
        # x1: placeholder x float32 (None, 4)
        # w1: variable w float32 (4, 3)

        def function(x1, w1):
            v1 = x1 @ w1  # float32 (None, 3)
            v2 = xp.exp(v1); del v1  # float32 (None, 3)
            v3 = xp.sum(v2, axis=-1, keepdims=True)  # float32 (None, 1)
            v2 /= v3; del v3  # float32 (None, 3)
            v2 *= 2.0  # float32 (None, 3)
            return (v2,), ()
        """
    first, second = build(), build()
    assert first.source == textwrap.dedent(expected)
    assert second.source == first.source


def test_equal_subexpressions_are_computed_once_and_constants_folded():
    x = Placeholder((3,), "float32")
    c = xp.exp(xp.asarray([0.0, 1.0, 2.0]))
    y = xp.sin(x) * c + xp.sin(x) * c
    source = K.function([x], [y]).source
    assert source.count("xp.sin") == 1
    function_body = source.partition("def ")[2]
    assert "xp.exp" in source and "xp.exp" not in function_body


def test_slices_print_as_written():
    x = Placeholder((None, 4), "float32")
    source = K.function([x], [x[1:-1, ::2] + 0.0]).source
    assert "x1[min(x1.shape[0], 1):max(x1.shape[0] - 1, 0), ::2]" in source
    assert "x1[:, 1:3]" in K.function([x], [x[:, 1:3] + 0.0]).source
    data = np.arange(20, dtype="f").reshape(5, 4)
    np.testing.assert_array_equal(K.function([x], x[1:-1, ::2] + 0.0)([data]), data[1:-1, ::2])


@pytest.mark.parametrize(
    "key",
    [
        np.s_[1:],
        np.s_[:-1],
        np.s_[-2:],
        np.s_[2:4],
        np.s_[::-1],
        np.s_[-1],
        np.s_[3:1],
        np.s_[None, 1:],
        np.s_[..., 1],
        np.s_[::3],
    ],
)
@pytest.mark.parametrize("rows", [0, 1, 2, 5])
def test_slices_of_unknown_sizes(key, rows):
    data = np.arange(rows * 3, dtype="f").reshape(rows, 3)
    x = Placeholder((None, 3), "float32")
    y = x[key]
    try:
        expected = data[key]
    except IndexError:
        with pytest.raises(IndexError):
            K.function([x], y + 0.0)([data])
        return
    got = K.function([x], xp.asarray(y) + 0.0)([data])
    np.testing.assert_array_equal(got, expected)
    assert all(known in (None, real) for known, real in zip(y.shape, expected.shape, strict=True))
    total = K.function([x], xp.sum(xp.ones_like(y)))([data])  # the sizes worked out, not only the slice
    assert total == expected.size


def test_outputs_keep_the_structure_asked_for():
    x = Placeholder((), "float32")
    assert isinstance(K.function([x], [x, x])([1.0]), list)
    assert isinstance(K.function([x], (x,))([1.0]), tuple)
    assert float(K.function([x], x + 1.0)([1.0])) == 2.0


def test_updates_commit_together_after_all_outputs():
    a, b = K.variable(1.0), K.variable(2.0)
    swap = K.function([], [a + b], updates=[(a, b), (b, a)])
    assert swap([])[0] == 3.0
    assert (K.get_value(a), K.get_value(b)) == (2.0, 1.0)


def test_update_ops_count_once_each_and_add_up():
    v = K.variable(1.0)
    once = K.update_add(v, 1.0)
    K.function([], [], updates=[once, once])([])
    assert K.get_value(v) == 2.0
    K.function([], [], updates=[K.update_add(v, 1.0), K.update_add(v, 1.0)])([])
    assert K.get_value(v) == 4.0
    assert K.eval(K.update(v, 7.0)) == 7.0 and K.get_value(v) == 7.0
    assert K.function([], [K.update_sub(v, 2.0)])([])[0] == 5.0 and K.get_value(v) == 5.0


def test_a_failed_call_changes_no_variable():
    x = Placeholder((None, 2), "float32", "x")
    v = K.variable(np.zeros((2, 2)))
    f = K.function([x], [], updates=[(v, v + x)])
    with pytest.raises(ValueError):
        f([np.ones((3, 2))])
    np.testing.assert_array_equal(K.get_value(v), np.zeros((2, 2)))


@pytest.mark.parametrize(
    ("values", "error", "words"),
    [
        ([np.ones((2, 4))], ValueError, "image"),
        ([np.ones(3)], ValueError, "image"),
        ([None], ValueError, "image"),
        ([], ValueError, "1 inputs"),
        (np.ones((2, 3)), TypeError, "list or tuple"),
        (["text"], TypeError, "image"),
    ],
)
def test_feeding_errors_name_the_placeholder(values, error, words):
    f = K.function([Placeholder((None, 3), "float32", "image")], [])
    with pytest.raises(error, match=words):
        f(values)


def test_a_missing_placeholder_is_named_when_the_function_is_made():
    x = Placeholder((None,), "float32", "x")
    y = Placeholder((None,), "float32", "labels")
    with pytest.raises(ValueError, match="labels"):
        K.function([x], [x + y])
    with pytest.raises(ValueError, match="labels"):
        (y + 1.0).eval()
    np.testing.assert_array_equal((y + 1.0).eval({y: np.ones(2)}), [2.0, 2.0])


def test_fed_values_are_cast_and_results_do_not_alias():
    x = Placeholder((None,), "int32")
    assert K.function([x], x + 0)([np.array([1.9, -1.9])]).tolist() == [1, -1]
    data = np.ones(3, np.float32)
    y = Placeholder((3,), "float32")
    out = K.function([y], y)([data])
    out[:] = 5.0
    assert data.tolist() == [1.0, 1.0, 1.0]
    v = K.variable(np.zeros((2, 2)))
    K.eval(v[0])[:] = 9.0
    K.function([], v)([])[:] = 9.0
    K.get_value(v)[:] = 9.0
    assert K.get_value(v).sum() == 0.0


def test_any_tensor_may_be_fed():
    x = Placeholder((), "float32")
    y = x * 2.0
    assert K.function([y], y + 1.0)([10.0]) == 11.0


def test_native_in_native_out():
    torch = pytest.importorskip("torch")
    x = Placeholder((None,), "float32")
    f = K.function([x], [x * 2.0])
    assert isinstance(f([np.ones(2)])[0], np.ndarray)
    assert isinstance(f([torch.ones(2)])[0], torch.Tensor)
    with K.use_backend("torch"):
        w = K.variable(np.ones(2))
    g = K.function([x], [x * w])
    assert isinstance(g([np.ones(2)])[0], np.ndarray)
    assert isinstance(g([torch.ones(2)])[0], torch.Tensor)
    with K.use_backend("numpy"):
        u = K.variable(np.ones(2))
    with pytest.raises(TypeError, match=r"torch.*numpy|numpy.*torch"):
        K.function([x], [x * w * u])([np.ones(2)])


@pytest.mark.parametrize("spec", ["array_api_strict:device1", "array_api_strict:no_float64"])
def test_functions_run_on_simulated_devices(spec):
    with K.use_backend(spec) as bound:
        w = K.variable(np.ones((3, 2)))
        x = Placeholder((None, 3), "float32")
        loss = xp.mean(xp.square(xp.tanh(x @ w)))
        step = K.function([x], [loss], updates=[(w, w - 0.1 * K.gradients(loss, [w])[0])])
        values = [float(step([np.ones((4, 3))])[0]) for _ in range(3)]
        assert values[0] > values[1] > values[2]
        assert w.array.device == bound.device


def test_graphs_are_released_without_the_garbage_collector():
    gc.collect()
    gc.disable()
    try:
        x = Placeholder((None, 3), "float32")
        w = K.variable(np.ones((3, 2)))
        y = xp.tanh(x @ w)
        loss = xp.sum(y)
        grads = K.gradients(loss, [w])
        f = K.function([x], [loss, *grads])
        f([np.ones((2, 3))])
        watched = [weakref.ref(t) for t in toposort([loss, *grads]) if t.node is not None]
        assert len(watched) > 3
        del y, loss, grads, f
        assert [r() for r in watched if r() is not None] == []
    finally:
        gc.enable()


def test_unknown_keywords_and_wrong_updates_are_refused():
    x = Placeholder((), "float32")
    with pytest.raises(ValueError, match="run_metadata"):
        K.function([x], [x], run_metadata=1)
    with pytest.raises(TypeError, match="updates"):
        K.function([x], [x], updates=[x, 3])
    with pytest.raises(TypeError, match="symbolic"):
        K.function([x], [x])([x])


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="needs glibc, whose rule for freed memory this is about")
def test_freed_memory_is_there_for_the_next_call():
    """Arrays of 2 MB: without that, each of the sixteen of a call is made of 512 pages filled with zeros."""
    script = """if True:
        import resource, numpy as np, backend as K
        x = K.placeholder((None,))
        f = K.function([x], [K.softmax(K.reshape(x, (8, -1)))])
        data = np.ones(2**19, "float32")
        f([data]), f([data])
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        for _ in range(10):
            f([data])
        print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
    """
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert int(found.stdout) < 500


def test_results_on_numpy_have_the_dtype_bfloat16_where_the_graph_has():
    """NumPy itself gives products of bfloat16, and its sums with numbers, in float32."""
    bfloat16 = pytest.importorskip("ml_dtypes").bfloat16
    x = K.placeholder((2, 2), dtype="bfloat16")
    v = K.variable(np.zeros((2, 2)), "bfloat16")
    f = K.function([x], [x @ x, x + 1.0, K.relu(x, 0.5), x], [(v, x * 3.0)])
    found = f([np.full((2, 2), 2.0, bfloat16)])
    assert [y.dtype for y in found] == [bfloat16] * 4 and v.array.dtype == bfloat16
    assert [float(y[0, 0]) for y in (*found, v.array)] == [8.0, 3.0, 2.0, 2.0, 6.0]
