"""Loops as one call: values, gradients of every order, hoisting, pruning, and that the graph does not grow."""

import numpy as np
import pytest

import backend as K
from backend.graph.standard import namespace as xp
from backend.graph.tensor import Node, Placeholder
from backend.graph.traversal import toposort

RNG = np.random.RandomState(0)
X = RNG.rand(5, 2, 4)


def cell(w):
    def step(h, x):
        h = x.__array_namespace__().tanh(h @ w + x)
        return h, h * 2.0

    return step


def looped(w, x=X):
    """The same recurrence written out in NumPy."""
    h, rows = np.zeros(x.shape[1:]), []
    for row in x:
        h = np.tanh(h @ w + row)
        rows.append(h * 2.0)
    return h, np.stack(rows)


def graph():
    x = Placeholder((None, None, 4), "float64")
    w = K.variable(np.eye(4) * 0.5, "float64")
    h, ys = K.scan(cell(w), xp.zeros((x.sizes[1], 4), dtype="float64"), x)
    return x, w, h, ys


@pytest.mark.parametrize("name", ["numpy", "torch", "array_api_strict"])
def test_scan_equals_the_loop_written_out(name):
    if name != "numpy":
        pytest.importorskip(name)
    with K.use_backend(name):
        x, w, h, ys = graph()
        assert ys.shape == (None, None, 4) and h.shape == (None, 4)
        for rows in (X, X[:1]):
            for got, expected in zip(K.function([x], [h, ys])([rows]), looped(w.eval(), rows), strict=True):
                np.testing.assert_allclose(got, expected, rtol=1e-14)
        assert K.function([x], [ys])([X[:0]])[0].shape == (0, 2, 4)


def test_scan_on_arrays_runs_at_once():
    w = np.eye(4) * 0.5
    h, ys = K.scan(cell(w), np.zeros((2, 4)), X)
    assert isinstance(h, np.ndarray)
    np.testing.assert_allclose(ys, looped(w)[1])


def test_first_and_second_derivatives():
    x, w, h, ys = graph()
    loss = xp.sum(xp.sin(ys)) + xp.sum(h * h)
    first = K.gradients(loss, [w, x])
    second = K.gradients(xp.sum(xp.sin(first[0])), [w])[0]
    f = K.function([x], [loss, *first, second])
    _value, dw, dx, ddw = f([X])
    base = np.eye(4) * 0.5

    def direction(at):
        K.set_value(w, at)
        return f([X])

    for _ in range(3):
        d, e = RNG.randn(4, 4), 1e-5
        plus, minus = direction(base + e * d), direction(base - e * d)
        assert (plus[0] - minus[0]) / (2 * e) == pytest.approx((dw * d).sum(), rel=1e-7)
        contracted = (np.sin(plus[1]).sum() - np.sin(minus[1]).sum()) / (2 * e)
        assert contracted == pytest.approx((ddw * d).sum(), rel=1e-6)
    K.set_value(w, base)
    d = RNG.randn(*X.shape)
    change = (f([X + 1e-5 * d])[0] - f([X - 1e-5 * d])[0]) / 2e-5
    assert change == pytest.approx((dx * d).sum(), rel=1e-7)


def test_folds_over_nests():
    a, b = np.arange(3.0), np.array([2.0, 3.0, 4.0])
    for wrap in (lambda v: v, lambda v: K.variable(v, dtype="float64")):
        assert K.eval(K.foldl(lambda acc, x: acc + x[0] * x[1], (wrap(a), wrap(b)), 0.0)) == 11.0
        total, product = K.foldr(lambda acc, x: (acc[0] + x[0], acc[1] * x[1]), (wrap(a), wrap(b)))
        assert (K.eval(total), K.eval(product)) == (3.0, 24.0)
    assert K.eval(K.foldl(lambda acc, x: acc * 2 + x, [1.0, 2.0, 3.0])) == 11.0


def test_what_does_not_depend_on_the_loop_moves_out_of_it():
    x = Placeholder((None, 3), "float32")
    w = K.variable(np.ones(3))
    h, _ = K.scan(lambda h, row: (h * (row + h * xp.exp(w) * xp.ones_like(row)), ()), xp.zeros((3,)), x)
    source = K.function([x], [h]).source
    body = source[source.index("def body_1") : source.index("def function")]
    assert "exp" not in body and "ones" not in body and "xp.exp" in source


def test_outputs_nobody_reads_are_not_kept():
    x = Placeholder((None, 3), "float32")
    h, ys = K.scan(lambda h, row: (h + row, xp.exp(h)), xp.zeros((3,)), x)
    assert "exp" not in K.function([x], [h]).source
    assert "exp" in K.function([x], [ys]).source


def test_the_graph_does_not_grow_with_the_sequence():
    def nodes(length):
        x = Placeholder((length, 2, 4), "float64")
        w = K.variable(np.eye(4), "float64")
        h, ys = K.scan(cell(w), xp.zeros((2, 4), dtype="float64"), x)
        return len(toposort(K.gradients(xp.sum(ys) + xp.sum(h), [w])))

    assert nodes(3) == nodes(300)


def test_a_gradient_records_what_it_needs_and_no_comparisons(monkeypatch):
    """`y in tensors` would record an `equal` for each pair; nodes that nothing reads are seen only as they are made."""
    x, w = K.placeholder((None, 7, 4)), K.variable(np.eye(4))
    start = K.zeros_like(x[:, 0, :])

    def step(row, states):
        h = K.tanh(row + K.dot(states[0], w))
        return h, [h]

    loss = K.sum(K.square(K.rnn(step, x, [start])[1]))
    made, init = [], Node.__init__

    def counted(node, function, *args, **kwargs):
        made.append(getattr(function, "__name__", function))
        init(node, function, *args, **kwargs)

    monkeypatch.setattr(Node, "__init__", counted)
    K.gradients(loss, [w, x])
    assert made.count("loop") == 1 and not {"equal", "not_equal"} & set(made)
    assert len(made) <= 43


def test_reverse_and_nested_structures():
    carry, out = K.scan(
        lambda c, x: ({"sum": c["sum"] + x[0]}, [c["sum"], (x[1],)]),
        {"sum": np.array(0.0)},
        (np.arange(3.0), np.arange(6.0).reshape(3, 2)),
        reverse=True,
    )
    assert carry["sum"] == 3.0 and out[0].tolist() == [3.0, 2.0, 0.0] and out[1][0].shape == (3, 2)


def test_folds_and_map():
    three = np.array([1.0, 2.0, 3.0])
    for wrap in (lambda v: v, K.variable):
        x = wrap(three)
        assert K.eval(K.foldl(lambda a, v: a * 2 + v, x)) == 11.0
        assert K.eval(K.foldl(lambda a, v: a * 2 + v, x, initializer=10.0)) == 91.0
        assert K.eval(K.foldr(lambda a, v: a * 2 + v, x)) == 17.0
        assert K.eval(K.foldr(lambda a, v: a * 2 + v, x, initializer=10.0)) == 97.0
        assert K.eval(K.map_fn(lambda v: v * v, x)).tolist() == [1.0, 4.0, 9.0]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: K.scan(lambda c, x: (c, x), np.zeros(2), None), "length"),
        (lambda: K.scan(lambda c, x: (c, x), np.zeros(2), (np.zeros(2), np.zeros(3))), "different lengths"),
        (lambda: K.scan(lambda c, x: (np.concatenate([c, c]), x), np.zeros(2), np.zeros(2)), "turns a carry"),
        (lambda: K.scan(lambda c, x: ((c, c), x), np.zeros(2), np.zeros(2)), "another structure"),
        (lambda: K.foldl(lambda a, v: a, np.zeros((0, 2))), "no initializer"),
    ],
)
def test_what_cannot_be_scanned_is_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()


STEPS = np.arange(24, dtype="f").reshape(2, 4, 3) / 10
MASK = np.array([[1, 1, 0, 0], [0, 1, 0, 1]])


@pytest.mark.parametrize("mode", ["eager", "graph", "unrolled"])
@pytest.mark.parametrize(
    ("mask", "backwards", "expected"),
    [
        (None, False, [[0, 0.3, 0.9, 1.8], [1.2, 2.7, 4.5, 6.6]]),
        (None, True, [[0.9, 1.5, 1.8, 1.8], [2.1, 3.9, 5.4, 6.6]]),
        (MASK, False, [[0, 0.3, 0.3, 0.3], [0, 1.5, 1.5, 3.6]]),
        (MASK, True, [[0, 0, 0.3, 0.3], [2.1, 2.1, 3.6, 3.6]]),
        (MASK[..., None], False, [[0, 0.3, 0.3, 0.3], [0, 1.5, 1.5, 3.6]]),
    ],
)
def test_rnn_fixture(mode, mask, backwards, expected):
    """The fixture of the house's K surface, part 6: a running sum as the step."""

    def step(x, states):
        return x + states[0], [x + states[0]]

    if mode == "eager":
        last, outputs, states = K.rnn(step, STEPS, [np.zeros((2, 3), "f")], backwards, mask)
    else:
        x = Placeholder((None, 4 if mode == "unrolled" else None, 3), "float32")
        m = None if mask is None else Placeholder((None,) * mask.ndim, "int32")
        last, outputs, states = K.rnn(step, x, [xp.zeros((x.sizes[0], 3))], backwards, m, unroll=mode == "unrolled")
        assert outputs.shape == (None, x.shape[1], 3) and last.shape == (None, 3)
        f = K.function([x] if m is None else [x, m], [last, outputs, *states])
        last, outputs, *states = f([STEPS] if m is None else [STEPS, mask])
    np.testing.assert_allclose(outputs[..., 0], expected, rtol=1e-6)
    np.testing.assert_allclose(last, outputs[:, -1], rtol=0)
    np.testing.assert_allclose(states[0], last, rtol=0)


def test_rnn_without_states_and_with_constants():
    _last, outputs, states = K.rnn(lambda x, s: (x * s[-1], []), STEPS, [], constants=[np.float32(2)])
    assert list(states) == [] and np.allclose(outputs, STEPS * 2)
    with pytest.raises(ValueError, match="3 \\(batch, time"):
        K.rnn(lambda x, s: (x, []), STEPS[0], [])


@pytest.mark.parametrize("backend", ["numpy", "array_api_strict", "torch"])
@pytest.mark.parametrize("unroll", [False, True])
def test_rnn_without_a_step_gives_zeros_and_the_initial_states(backend, unroll):
    pytest.importorskip(backend)
    with K.use_backend(backend):
        x, start = (K.variable(np.ones(shape)).array for shape in ((2, 0, 3), (2, 3)))
        last, outputs, states = K.rnn(lambda x, s: (x + s[0], [x + s[0]]), x, [start], unroll=unroll)
        np.testing.assert_array_equal(K.eval(last), np.zeros((2, 3)))
        np.testing.assert_array_equal(K.eval(states[0]), np.ones((2, 3)))
        assert K.int_shape(outputs) == (2, 0, 3)


def test_a_mask_of_another_shape_is_refused_by_name():
    with pytest.raises(ValueError, match="rnn: mask has shape"):
        K.rnn(lambda x, s: (x, []), STEPS, [], mask=np.ones((len(STEPS) + 1, STEPS.shape[1])))


def test_branches_evaluate_only_the_one_chosen_and_differentiate():
    x = Placeholder((None,), "float64")
    y = K.cond(xp.sum(x) > 0, lambda: xp.log(x), lambda: x * 2.0)
    f = K.function([x], [y, K.gradients(xp.sum(xp.sin(y)), [x])[0]])
    data = np.array([1.0, 2.0])
    for value, expected, slope in (
        (data, np.log(data), np.cos(np.log(data)) / data),
        (-data, -data * 2, np.cos(-data * 2) * 2),
    ):
        got, gradient = f([value])
        np.testing.assert_allclose(got, expected)
        np.testing.assert_allclose(gradient, slope)
    assert K.cond(np.array(False), lambda: 1 / 0, lambda: 3) == 3


def test_a_branch_not_taken_draws_nothing_and_updates_nothing():
    x, training = K.placeholder((None, 4)), K.placeholder((), dtype="int32")
    count = K.variable(0.0)
    y = K.switch(training, lambda: K.dropout(x, 0.5, seed=3) + 0.0 * K.update_add(count, 1.0), lambda: x)
    assert y.shape == (None, 4)
    f = K.function([x, training], [y, K.gradients(K.sum(y), [x])[0]])
    assert f.source.count("draw_bernoulli(") == 1
    ones = np.ones((3, 4), "float32")
    untouched, _ = f([ones, 0])
    assert untouched.tolist() == ones.tolist() and K.get_value(count) == 0.0
    first, slope = f([ones, 1])
    np.testing.assert_array_equal(first, slope)  # one draw for the values and their gradient
    np.testing.assert_array_equal(first, K.eval(K.dropout(K.constant(ones), 0.5, seed=3)))
    assert K.get_value(count) == 1.0
    assert (f([ones, 1])[0] != first).any()


def test_updates_within_a_loop_are_refused():
    v = K.variable(0.0)
    with pytest.raises(ValueError, match="once a step"):
        K.scan(lambda c, row: (c + K.update_add(v, K.sum(row)), ()), K.constant(0.0), K.placeholder((None, 2)))
