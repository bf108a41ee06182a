"""Pickles and deep copies of variables, tensors and functions: equal, apart from the original, with identities kept."""

import copy
import pickle
import subprocess
import sys
import threading

import numpy as np
import pytest

import backend as K
from backend.arrays.dtypes import DType
from backend.graph import pickling
from backend.graph.composite import composite
from backend.graph.dims import Dim
from backend.graph.tensor import Tensor


def pickled(x):
    return pickle.loads(pickle.dumps(x))


both = pytest.mark.parametrize("again", [pickled, copy.deepcopy])
libraries = pytest.mark.parametrize("library", ["numpy", "torch", "array_api_strict"])


@both
def test_a_variable(again):
    v = K.variable(np.arange(6.0).reshape(2, 3), "float64", name="v", constraint=K.abs)
    v.trainable = False
    other, twin = again([v, v])
    assert other is twin and other is not v
    assert (other.name, other.dtype, other.shape, other.trainable) == ("v", "float64", (2, 3), False)
    assert other.constraint is K.abs
    K.set_value(v, np.zeros((2, 3)))
    np.testing.assert_array_equal(K.get_value(other), np.arange(6.0).reshape(2, 3))


def test_a_variable_is_read_for_the_active_backend_and_copied_on_its_own():
    with K.use_backend("torch"):
        v = K.variable([1.0, 2.0])
        text = pickle.dumps(v)
    read, copied, shallow = pickle.loads(text), copy.deepcopy(v), copy.copy(v)
    assert type(read.array) is np.ndarray and read.backend.name == "numpy"
    for each in (copied, shallow):
        assert type(each.array) is type(v.array) and each.backend is v.backend
        assert each.array.data_ptr() != v.array.data_ptr()
    with K.use_backend("torch"):
        assert type(pickle.loads(text).array) is type(v.array)


def test_bfloat16_survives_where_there_is_one_and_is_refused_by_name_elsewhere():
    import torch

    with K.use_backend("torch"):
        v = K.variable([1.0, 3.14159], "bfloat16")
        text = pickle.dumps(v)
        read = pickle.loads(text)
        assert read.array.dtype == torch.bfloat16 and torch.equal(read.array, v.array)
    with K.use_backend("array_api_strict"), pytest.raises(TypeError, match="has no dtype bfloat16"):
        pickle.loads(text)


def momentum_step():
    x, y = K.placeholder((None, 3), name="x"), K.placeholder((None, 1), name="y")
    w, m = K.variable(np.ones((3, 1)), name="w"), K.variable(np.zeros((3, 1)), name="m")
    loss = K.mean(K.square(K.dot(x, w) - y))
    (g,) = K.gradients(loss, [w])
    new = 0.9 * m - 0.1 * g
    f = K.function([x, y], [loss], [K.update(m, new), K.update_add(w, new)], name="step")
    return f, w, m, loss, x


def data(n=8):
    r = np.random.default_rng(0)
    return [r.normal(size=(n, 3)).astype("float32"), r.normal(size=(n, 1)).astype("float32")]


@both
@libraries
def test_a_function_with_updates_goes_on_exactly_and_alone(again, library):
    with K.use_backend(library):
        f, w, m, loss, x = momentum_step()
        f(data())
        g, v, n, other_loss, z = again((f, w, m, loss, x))
        assert g is not f and v in g.variables and n in g.updated
        assert g.inputs[0] is z and other_loss is not loss
        assert g.source == f.source and g.name == "step"
        before = K.get_value(w)
        ahead = [g(data())[0] for _ in range(3)]
        np.testing.assert_array_equal(K.get_value(w), before)
        assert ahead == [f(data())[0] for _ in range(3)]
        np.testing.assert_array_equal(K.get_value(v), K.get_value(w))
        feeds = dict(zip(g.inputs, data(), strict=True))
        assert K.eval(other_loss, feeds) == g(data())[0]  # of the same variables


@both
@pytest.mark.parametrize("outputs", [list, tuple, lambda found: found[0]])
def test_the_structure_of_the_result_is_kept(again, outputs):
    x = K.placeholder((2,))
    f = K.function([x], outputs([x + 1.0, x * 2.0]))
    one, other = f([np.ones(2)]), again(f)([np.ones(2)])
    assert type(one) is type(other)
    np.testing.assert_array_equal(np.asarray(one), np.asarray(other))


@both
def test_random_streams_go_on(again):
    f = K.function([], [K.random_uniform((4,), seed=3)])
    f([])
    g = again(f)
    np.testing.assert_array_equal(g([])[0], f([])[0])
    np.testing.assert_array_equal(g([])[0], f([])[0])


@both
def test_loops_branches_and_unknown_sizes(again):
    x, n = K.placeholder((None, None, 2), name="x"), K.placeholder((), dtype="int32", name="n")
    w = K.variable(np.full((2, 2), 0.5), name="w")

    def step(t, states):
        h = K.tanh(K.dot(t + states[0], w))
        return h, [h]

    last, outputs, _ = K.rnn(step, x, [K.zeros((K.shape(x)[0], 2))])
    flat = K.reshape(outputs, (K.shape(x)[0], -1))
    chosen = K.switch(n > 0, lambda: flat, lambda: flat * 2.0)
    f = K.function([x, n], [last, chosen, *K.gradients(K.sum(chosen), [w])])
    g = again(f)
    for batch, count in ((1, 1), (3, 0)):
        values = [np.random.default_rng(1).normal(size=(batch, 4, 2)).astype("float32"), count]
        for one, other in zip(f(values), g(values), strict=True):
            np.testing.assert_array_equal(one, other)
    assert f.source == g.source


@both
def test_the_learning_phase_stays_that_of_the_process(again):
    x = K.placeholder((4,))
    y = K.in_train_phase(x * 2.0, x)
    z, w = again((x, y))
    f = K.function([z, K.learning_phase()], [w])
    np.testing.assert_array_equal(f([np.ones(4), 1])[0], np.full(4, 2.0))
    np.testing.assert_array_equal(f([np.ones(4), 0])[0], np.ones(4))
    assert again(K.learning_phase()) is K.learning_phase()


@both
def test_deep_graphs_and_shared_parts(again):
    x = y = K.placeholder((2,), name="x")
    for _ in range(5000):
        y = K.sin(y) + y
    text = len(pickle.dumps(y))
    assert len(pickle.dumps([y, y.node.inputs[0]])) < text + 200  # the second is within the first
    a, b, c = again([y, x, y.node.inputs[0]])
    assert a.node.inputs[0] is c
    f, g = K.function([x], [y]), K.function([b], [a])
    np.testing.assert_array_equal(f([np.ones(2)])[0], g([np.ones(2)])[0])


@both
def test_sizes_are_one_object_again(again):
    x = K.placeholder((None, 3))
    n = x.sizes[0] * 2 + 1
    t, m, same = again((x, n, n))
    assert isinstance(m, Dim) and m is same and m is t.sizes[0] * 2 + 1


@both
def test_constants_names_and_defaults(again):
    x = K.placeholder((2,), name="x")
    y = K.identity(K.constant([1.0, 2.0], name="c") + x, name="sum")
    z, fed = again((y, x))
    assert z.name == "sum" and fed.name == "x"
    np.testing.assert_array_equal(K.eval(z, {fed: np.ones(2)}), [2.0, 3.0])
    zero = K.placeholder((2,), name="zero")
    zero.default = np.full(2, 5.0)
    np.testing.assert_array_equal(K.eval(again(zero * 2.0)), [10.0, 10.0])


def test_sparse_inputs():
    scipy_sparse = pytest.importorskip("scipy.sparse", reason="scipy is not installed")
    x = K.placeholder((None, 3), sparse=True)
    w = K.variable(np.arange(6.0).reshape(3, 2))
    f = K.function([x], [K.dot(x, w)])
    matrix = scipy_sparse.csr_matrix(np.eye(3))
    for again in (pickled, copy.deepcopy):
        np.testing.assert_array_equal(again(f)([matrix])[0], f([matrix])[0])


def test_another_process_reads_it(tmp_path):
    f, *_ = momentum_step()
    f(data())
    (tmp_path / "f.pickle").write_bytes(pickle.dumps(f))
    program = (
        "import pickle, sys, numpy as np; import backend as K; K.set_backend('torch')\n"
        "f = pickle.load(open(sys.argv[1], 'rb')); r = np.random.default_rng(0)\n"
        "x = r.normal(size=(8, 3)).astype('float32'); y = r.normal(size=(8, 1)).astype('float32')\n"
        "print(repr(float(f([x, y])[0])), f.updated[0].backend.name)"
    )
    run = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "f.pickle")], capture_output=True, text=True, check=True
    )
    value, backend = run.stdout.split()
    assert float(value) == pytest.approx(float(f(data())[0]), rel=1e-6) and backend == "torch"


def test_unknown_functions_and_nameless_composites_are_refused():
    x = K.exp(K.placeholder((2,)))
    text = pickle.dumps(x, protocol=0).replace(b"Vexp\n", b"Vexq\n")
    with pytest.raises(pickle.UnpicklingError, match="calls 'exq', which is no function of the standard"):
        pickle.loads(text)

    def made():
        @composite(view=True)
        def passed_on_for_pickling(x):
            return x

        passed_on_for_pickling.shape(lambda x: x.sizes)
        return passed_on_for_pickling

    first, _ = made(), made()
    with pytest.raises(pickle.PicklingError, match="'passed_on_for_pickling' cannot be pickled: another one"):
        pickle.dumps(first(x))


EVIL = "float32 or print('run')"


@pytest.mark.parametrize(
    "entry",
    [
        ("call", "exp or print", (), {}, (((), "float32"),), (), False, {}),
        ("call", "exp", (), {"axis=0)#": 1}, (((), "float32"),), (), False, {}),
        ("call", "exp", (), {"lambda": 1}, (((), "float32"),), (), False, {}),
        ("call", "zeros", ((2,),), {"dtype": DType(EVIL)}, (((2,), "float32"),), (), False, {}),
        ("call", "zeros", ((2,),), {}, (((2,), EVIL),), (), False, {}),
        ("call", "zeros", ((2,),), {}, (((EVIL,), "float32"),), (), False, {}),
        ("size", EVIL, (1, 2)),
        ("placeholder", ((EVIL,), "float32"), None, {}),
        ("placeholder", ((2,), EVIL), None, {}),
    ],
)
def test_text_of_a_pickle_becomes_no_code(entry):
    with pytest.raises((pickle.UnpicklingError, TypeError), match=r"no function|no name|dtype|no number|no operator"):
        pickling._restored([entry])


def test_threads_pickle_one_graph_at_once():
    f, *_ = momentum_step()
    found, expected = [], f.source
    threads = [threading.Thread(target=lambda: found.extend(pickled(f).source for _ in range(3))) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert found == [expected] * 12


def test_a_tensor_of_a_model_leaves_its_layers_behind():
    x = K.models.Input((3,))
    y = K.models.Dense(2)(x)
    again = pickled(y)
    assert isinstance(again, Tensor) and not hasattr(again, "_keras_history")
