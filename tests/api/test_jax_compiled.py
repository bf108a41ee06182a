"""Functions on JAX arrays are compiled by jax.jit by themselves, on one device and on several."""

import json
import os
import subprocess
import sys
import types
from pathlib import Path

import numpy as np
import pytest

import backend as K
from backend.kernels.lookup import compiles_by_itself

jax = pytest.importorskip("jax", reason="jax is not installed")

ROOT = Path(__file__).parents[2]
ROWS = np.random.default_rng(0).normal(size=(4, 3)).astype("float32")


@pytest.fixture(autouse=True)
def on_jax():
    with K.use_backend("jax"):
        yield


def what_became(f):
    last = f.stages[-1]
    return last.text if last.name == "jit" else ""


def both(inputs, outputs, values):
    """The results of a compiled function, after a check that they are those of one call after the other."""
    f, plain = K.function(inputs, outputs), K.function(inputs, outputs, jit=False)
    found = f(values)
    for y, wanted in zip(found, plain(values), strict=True):
        np.testing.assert_allclose(y, wanted, rtol=2e-5, atol=1e-6)
    assert what_became(plain) == ""
    return f, found


def test_a_program_is_compiled_whole_unless_it_is_told_not_to():
    x = K.placeholder((None, 3))
    f, _ = both([x], [K.softmax(x), K.gradients(K.sum(K.exp(x)), [x])[0]], [ROWS])
    assert "call by call" not in what_became(f) and what_became(f)
    K.set_jit(False)
    try:
        assert K.function([x], [x + 1.0], jit=None).stages[-1].name != "jit"
    finally:
        K.set_jit(None)
    assert not compiles_by_itself(types.SimpleNamespace(__name__="reproducible:jax"))
    assert not compiles_by_itself(K.get_backend("numpy").xp)


def test_loops_and_branches_are_traced_once():
    x = K.placeholder((None, 3))

    def step(h, row):
        return K.tanh(h * 0.5 + row), h

    last, every = K.scan(step, K.constant(np.zeros(3)), x)
    doubled = K.while_loop(lambda v: v < 100.0, lambda v: v * 2.0, K.sum(K.abs(x)))
    limited = K.while_loop(lambda v: v < 100.0, lambda v: v * 2.0, K.sum(K.abs(x)), maximum_iterations=2)
    chosen = K.cond(K.sum(x) > 0.0, lambda: K.exp(x), lambda: x * 2.0)
    slope = K.gradients(K.sum(last) + K.sum(chosen), [x])[0]
    f, _ = both([x], [last, every, doubled, limited, chosen, slope], [ROWS])
    assert "call by call" not in what_became(f)
    text = str(jax.make_jaxpr(lambda v: f.executable.bind(K.active(), False)._compiled(v)[0])(ROWS))
    seen = [name for name in ("scan", "while", "cond") if f"{name}[" in text]
    assert seen == ["scan", "while", "cond"]
    both([x], [last, every], [ROWS[:1]])
    both([x], [last, every], [ROWS[:0]])


def test_wrong_values_are_refused_as_without_a_compiler():
    table, ids = K.variable(np.arange(6.0).reshape(3, 2)), K.placeholder((None,), dtype="int32")
    rows = K.gather(table, ids)
    f = K.function([ids], [rows], [(table, table + 1.0)])
    assert f([[0, 2]])[0].tolist() == [[0.0, 1.0], [4.0, 5.0]]
    with pytest.raises(IndexError, match="gather: an index is out of range for 3 rows"):
        f([[0, 3]])
    assert K.get_value(table)[0, 0] == 1.0  # and no variable has changed
    assert "call by call" not in what_became(f)


def test_what_depends_on_values_runs_call_by_call(capsys):
    x = K.placeholder((None, 3))
    f = K.function([x], [K.print_tensor(K.sum(x), "sum")])
    for _ in range(2):
        f([ROWS * 0.0])
    assert capsys.readouterr().out.count("sum 0.0") == 2
    assert "runs call by call" in what_became(f)


def test_an_error_of_the_call_is_raised_as_it_is():
    x, y = K.placeholder((None, 3)), K.placeholder((None, 3))
    f = K.function([x, y], [x + y])
    with pytest.raises((ValueError, TypeError)):
        f([ROWS, ROWS[:2]])
    assert f([ROWS, ROWS])[0].tolist() == (ROWS + ROWS).tolist()
    assert "call by call" not in what_became(f)


def test_gradients_of_functions_are_compiled():
    slope = K.grad(lambda x: K.sum(K.exp(x) * x))
    x = jax.numpy.asarray(ROWS)
    for _ in range(2):
        np.testing.assert_allclose(slope(x), np.exp(ROWS) * (1.0 + ROWS), rtol=1e-5)
    inside = jax.jit(jax.vmap(slope))(x)
    np.testing.assert_allclose(inside, np.exp(ROWS) * (1.0 + ROWS), rtol=1e-5)


@pytest.mark.parametrize("depthwise", [False, True])
@pytest.mark.parametrize(("padding", "strides", "dilation"), [("same", 2, 1), ("valid", 1, 2)])
def test_convolutions_are_laxs(depthwise, padding, strides, dilation):
    rng = np.random.default_rng(1)
    x, kernel = K.placeholder((2, 7, 6, 3)), K.placeholder((3, 2, 3, 2))
    call = K.depthwise_conv2d if depthwise else K.conv2d
    y = call(x, kernel, (strides, strides), padding=padding, dilation_rate=(dilation, dilation))
    inputs = [rng.normal(size=K.int_shape(t)) for t in (x, kernel)]
    outputs = [y, *K.gradients(K.sum(K.square(y)), [x, kernel])]
    found = K.function([x, kernel], outputs)(inputs)
    with K.use_backend("numpy"):
        wanted = K.function([x, kernel], outputs)(inputs)
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one, other, rtol=2e-4, atol=2e-4)


SHARDED = """
import json, sys
import numpy as np, jax
from jax.sharding import NamedSharding, PartitionSpec
import backend as K

devices = jax.devices()
assert len(devices) == 4
mesh = jax.make_mesh((4,), ("d",))
lay = lambda *axes: NamedSharding(mesh, PartitionSpec(*axes))
rng = np.random.default_rng(0)
X, Y = rng.normal(size=(8, 6)).astype("f"), np.eye(4, dtype="f")[np.arange(8) % 4]

def run(layout, feed):
    with K.use_backend("jax"):
        x, y = K.placeholder((None, 6)), K.placeholder((None, 4))
        w, v = K.random_normal_variable((6, 8), 0.0, 1.0, seed=1), K.zeros((8, 4))
        if layout:
            K.place(w, lay(*layout[0]))
            K.place([v], lay(*layout[1]))
        h = K.dropout(K.relu(K.dot(x, w)), 0.5, seed=3)
        noise = K.random_uniform((8, 4), seed=5)
        loss = K.mean(K.categorical_crossentropy(y, K.dot(h, v) + noise, from_logits=True))
        f = K.function([x, y], [loss, noise], K.optimizers.Adam(0.1).get_updates(loss, [w, v]))
        losses = []
        for _ in range(3):
            loss_now, drawn = f([feed(X), feed(Y)])
            losses.append(float(loss_now))
        if layout:
            assert w.array.sharding == lay(*layout[0]), w.array.sharding
            K.set_value(v, K.get_value(v))
            assert v.array.sharding == lay(*layout[1]), v.array.sharding
        assert "call by call" not in f.stages[-1].text, f.stages[-1].text
        return losses, np.asarray(drawn)

one, drawn = run(None, lambda a: a)
split = lambda a: jax.device_put(a, lay("d"))
found = [one]
for layout, feed in [((), ()), split], [((None, "d"), ("d",)), lambda a: jax.device_put(a, lay())], [None, split]:
    losses, same = run(layout, feed)
    assert np.array_equal(same, drawn)
    found.append(losses)
with K.use_backend("jax"):
    try:
        K.place(K.zeros((3, 3), name="odd"), lay("d"))
    except ValueError as error:
        assert "place: odd" in str(error) and "(3, 3)" in str(error), error
    else:
        raise AssertionError("a shape that cannot be divided was")
a = jax.device_put(X, lay("d"))
slope = K.grad(lambda a: K.sum(K.square(a)))(a)
assert slope.sharding.device_set == a.sharding.device_set and np.allclose(slope, 2 * X)
print(json.dumps(found))
"""


def test_sharded_arrays_train_as_on_one_device():
    flags = {"XLA_FLAGS": "--xla_force_host_platform_device_count=4", "JAX_PLATFORMS": "cpu"}
    env = {**os.environ, **flags, "PYTHONPATH": str(ROOT)}
    ran = subprocess.run([sys.executable, "-c", SHARDED], env=env, capture_output=True, text=True, timeout=600)
    assert ran.returncode == 0, ran.stderr[-3000:]
    one, *others = json.loads(ran.stdout.splitlines()[-1])
    assert one[-1] < one[0]
    for losses in others:
        np.testing.assert_allclose(losses, one, rtol=1e-5)


def test_only_variables_of_a_library_with_layouts_are_placed():
    w = K.variable([1.0, 2.0], name="w")
    with pytest.raises(TypeError, match=r"place: sharding is 'everywhere', expected a jax.sharding.Sharding"):
        K.place(w, "everywhere")
    with pytest.raises(TypeError, match=r"place: variables is 3, expected a variable"):
        K.place(3, None)
    K.place(w, jax.devices()[0])
    assert K.get_value(w).tolist() == [1.0, 2.0]
