"""TensorFlow: its tensors in K's operations, traces with known and unknown sizes, gradients, compiled functions."""

import contextlib
import io
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import backend as K

pytestmark = pytest.mark.slow  # importing TensorFlow takes seconds
tf = pytest.importorskip("tensorflow", reason="tensorflow is not installed")

RNG = np.random.default_rng(0)
IMAGES = RNG.normal(size=(4, 6, 6, 3)).astype("f")
KERNEL = RNG.normal(size=(3, 3, 3, 5)).astype("f")


def net(x, kernel):
    """Convolution, normalization, pooling and softmax: what has kernels, and what has none."""
    h = K.relu(K.layer_normalization(K.conv2d(x, kernel, padding="same")))
    return K.softmax(K.batch_flatten(K.pool2d(h, (2, 2), strides=(2, 2))))


def test_nothing_of_tensorflow_is_imported_by_k():
    code = "import sys, backend as K; K.softmax([1.0]); K.eval(K.zeros(2)); sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_selector_opens_it_with_a_device():
    found = K.get_backend("tensorflow")
    assert found.device == tf.zeros(()).device and K.get_backend("tensorflow:cpu:0").device.endswith("CPU:0")
    with pytest.raises(ValueError, match="tensorflow finds no device 'gpu:99' here"):
        K.get_backend("tensorflow:gpu:99")
    assert {row.name: row.usable for row in K.list_backends()}["tensorflow"]
    with K.use_backend("tensorflow"):
        assert K.tensorflow_backend.backend() == "tensorflow" and isinstance(K.zeros((2,)).array, tf.Tensor)
        assert K.tensorflow_backend.tf is tf and not hasattr(K.theano_backend, "tf")
    with K.use_backend("numpy"), pytest.raises(AttributeError, match="the active backend is 'numpy', not TensorFlow"):
        K.tensorflow_backend.tf  # noqa: B018


def test_a_tensor_gives_a_tensor_and_numpys_numbers():
    for kernels in (True, False):
        K.set_kernels(kernels)
        try:
            found = net(tf.constant(IMAGES), tf.constant(KERNEL))
        finally:
            K.set_kernels(True)
        assert isinstance(found, tf.Tensor)
        np.testing.assert_allclose(found.numpy(), net(IMAGES, KERNEL), rtol=1e-5, atol=1e-6)
    with pytest.raises(TypeError, match="two libraries"):
        K.dot(tf.ones((2, 2)), np.ones((2, 2)))
    with pytest.raises(ValueError, match="dot: shapes"):
        K.dot(tf.ones((2, 3)), tf.ones((2, 3)))


def test_gradient_tape_sees_through_operations():
    def loss(x, kernel):
        return K.sum(K.square(net(x, kernel)))

    x, kernel = tf.constant(IMAGES), tf.constant(KERNEL)
    with tf.GradientTape() as tape:
        tape.watch([x, kernel])
        value = loss(x, kernel)
    wanted = K.grad(loss, argnums=(0, 1))(IMAGES, KERNEL)
    for found, want in zip(tape.gradient(value, [x, kernel]), wanted, strict=True):
        np.testing.assert_allclose(found.numpy(), want, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("shape", [(4, 6, 6, 3), (None, 6, 6, 3), (None, None, None, 3)])
@pytest.mark.parametrize("jit", [False, True])
def test_tf_function_traces_known_and_unknown_sizes(shape, jit):
    run = tf.function(net, input_signature=[tf.TensorSpec(shape), tf.TensorSpec(KERNEL.shape)], jit_compile=jit)
    np.testing.assert_allclose(run(tf.constant(IMAGES), KERNEL).numpy(), net(IMAGES, KERNEL), rtol=1e-5, atol=1e-6)


def test_sizes_of_a_trace_are_tensors_where_they_are_unknown():
    signature = [tf.TensorSpec((None, 3)), tf.TensorSpec((None,), tf.int32)]

    def run(x, picked):
        rows = K.concatenate([x, K.zeros_like(x)], axis=0)
        return K.repeat_elements(K.gather(rows, picked), 2, axis=1), K.l2_normalize(x, axis=1), K.max(x, axis=0)

    x, picked = RNG.normal(size=(4, 3)).astype("f"), np.asarray([0, 7, 2], "i")
    for found, want in zip(tf.function(run, input_signature=signature)(x, picked), run(x, picked), strict=True):
        np.testing.assert_allclose(found.numpy(), want, rtol=1e-6)


def test_sizes_that_a_trace_does_not_know_can_be_compared():
    signature = [tf.TensorSpec((None, 3))]
    x = RNG.normal(size=(4, 3)).astype("f")
    for function in (lambda a: K.switch(a > 0, a, -a), lambda a: K.binary_crossentropy(K.sigmoid(a), K.sigmoid(a))):
        found = tf.function(function, input_signature=signature, autograph=False)(x)
        np.testing.assert_allclose(found.numpy(), function(x), rtol=1e-5)


def _stepped(x, mask=None):
    return K.rnn(lambda a, s: (K.tanh(a + s[0]), [K.tanh(a + s[0])]), x, [K.zeros_like(x[:, 0])], mask=mask)[:2]


UNKNOWN = {
    "dropout": lambda x: K.dropout(x, 0.5, seed=3),
    "map_fn": lambda x: K.map_fn(lambda row: row * K.sum(row), x),
    "foldr": lambda x: K.foldr(lambda total, row: K.tanh(total + row), x),
    "scan": lambda x: K.scan(lambda c, row: (c + row, c * row), K.zeros_like(x[0]), x, reverse=True),
    "while_loop": lambda x: K.while_loop(lambda a, i: K.sum(a * a) < 1e3, lambda a, i: (a * 2.0, i + 1), (x, 0 * x[0])),
    "rnn": _stepped,
    "masked rnn": lambda x: _stepped(x, x[:, :, 0] > 0),
    "lstm": lambda x: K.lstm(x, *(tf.fill(shape, 0.3) for shape in ((3, 8), (2, 8), (8,))))[1],
    "reshape": lambda x: K.reshape(x, (K.shape(x)[0] * K.shape(x)[1], 3)),
    "slice": lambda x: K.slice(x, (1, 0, 0), (K.shape(x)[0] - 1, 2, 3)),
    "tile": lambda x: K.tile(x, (K.shape(x)[0], 1, 1)),
}


@pytest.mark.parametrize("f", UNKNOWN.values(), ids=UNKNOWN)
def test_sizes_that_a_trace_does_not_know_may_be_numbers_of_steps_and_of_draws(f):
    x = tf.constant(RNG.normal(size=(4, 5, 3)).astype("f"))
    traced = tf.function(f, input_signature=[tf.TensorSpec((None, None, 3))])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        found, expected = (tf.nest.flatten(call(x)) for call in (traced, f))
        totals = [tf.add_n([tf.reduce_sum(y) for y in ys]) for ys in (found, expected)]
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one.numpy(), other.numpy(), rtol=1e-5, atol=1e-6)
    slopes = [tape.gradient(total, x).numpy() for total in totals]
    np.testing.assert_allclose(*slopes, rtol=1e-5, atol=1e-6)


def test_a_loop_of_a_trace_may_have_no_step():
    signature = [tf.TensorSpec((None, None))]
    doubled = tf.function(lambda x: K.map_fn(lambda row: K.concatenate([row, row]), x), input_signature=signature)
    assert doubled(tf.ones((0, 3))).shape == (0, 6) and doubled(tf.ones((2, 3))).shape == (2, 6)


def test_zeros_of_a_size_that_a_trace_does_not_know_are_its_own():
    rows = tf.function(lambda x: K.zeros((K.shape(x)[0], 2)) + x, input_signature=[tf.TensorSpec((None, 1))])
    np.testing.assert_array_equal(rows(tf.ones((3, 1))).numpy(), np.ones((3, 2)))


@pytest.mark.parametrize(
    "f", [K.softmax, K.batch_flatten, lambda x: K.sum(x, axis=0), lambda x: K.conv2d(x, x), K.expand_dims]
)
def test_a_trace_of_unknown_rank_is_refused(f):
    run = tf.function(f, input_signature=[tf.TensorSpec(None)], autograph=False)
    with pytest.raises(ValueError, match=r"^\w+: got a tensor of unknown rank, expected one whose number of axes"):
        run(tf.ones((2, 3)))


def test_arrays_without_numbers_are_refused_by_name():
    with pytest.raises(
        TypeError, match=r"^softmax: x is an array of shape \(1,\) and dtype .*string.*, expected one of"
    ):
        K.softmax(tf.constant(["a"]))
    with pytest.raises(TypeError, match=r"^dot: y is an array of shape \(2, 2\) and dtype .*qint8"):
        K.dot(tf.ones((2, 2)), tf.cast(tf.ones((2, 2)), tf.qint8))


def test_operations_take_the_value_of_a_variable():
    x, w = tf.constant(IMAGES), tf.Variable(KERNEL)
    np.testing.assert_array_equal(net(x, w).numpy(), net(x, tf.constant(KERNEL)).numpy())
    with tf.GradientTape(persistent=True) as tape:
        value, through = K.sum(K.square(net(x, w))), K.sum(K.stop_gradient(w))
    wanted = K.grad(lambda kernel: K.sum(K.square(net(IMAGES, kernel))))(KERNEL)
    np.testing.assert_allclose(tape.gradient(value, w).numpy(), wanted, rtol=1e-3, atol=1e-5)
    assert tape.gradient(through, w) is None
    np.testing.assert_array_equal(K.grad(lambda a: K.sum(a * a))(w).numpy(), 2 * KERNEL)
    for f in (K.identity, lambda v: K.dropout(v, 0.0), lambda v: K.switch(tf.Variable(True), v, -v), K.stop_gradient):
        kept = f(w)
        assert isinstance(kept, tf.Tensor)
        w.assign_add(tf.ones_like(w))
        np.testing.assert_allclose(kept.numpy(), w.numpy() - 1.0, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("jit", [False, True])
def test_a_step_on_a_variable_in_tf_function_changes_it(jit):
    v = tf.Variable([[1.0, 2.0]])

    @tf.function(jit_compile=jit)
    def step(x):
        with tf.GradientTape() as tape:
            loss = K.sum(K.square(K.dot(v, x) + 1.0))
        v.assign_sub(0.1 * tape.gradient(loss, v))
        return loss

    assert [float(step(tf.eye(2))) for _ in range(2)] == pytest.approx([13.0, 8.32])


def test_a_compiled_function_runs_in_tf_function_as_it_is(caplog):
    """AutoGraph would rewrite it, and warn of what it cannot."""
    with K.use_backend("tensorflow"):
        f = K.function([p := K.placeholder((None, 3))], [K.softmax(p)])

    def run(x):
        return f([x])[0]

    tf.get_logger().addHandler(caplog.handler)
    try:
        np.testing.assert_allclose(tf.function(run)(tf.ones((2, 3))).numpy(), 1 / 3, rtol=1e-6)
    finally:
        tf.get_logger().removeHandler(caplog.handler)
    assert not [r for r in caplog.records if "AutoGraph" in r.getMessage()]


@pytest.mark.parametrize("jit", [False, True])
def test_a_compiled_step_trains_and_updates_all_or_nothing(jit):
    def trained(library):
        with K.use_backend(library):
            x, y = K.placeholder((None, 6, 6, 3)), K.placeholder((None, 45))
            w = K.variable(KERNEL)
            loss = K.mean(K.categorical_crossentropy(y, net(x, w)))
            updates = K.optimizers.Adam(0.01).get_updates(loss, [w])
            f = K.function([x, y], [loss], updates, jit=jit and library == "tensorflow")
            return [float(f([IMAGES, np.eye(45, dtype="f")[:4]])[0]) for _ in range(4)], K.get_value(w), f

    losses, w, f = trained("tensorflow")
    wanted, w_wanted, _ = trained("numpy")
    np.testing.assert_allclose(losses, wanted, rtol=1e-4)
    np.testing.assert_allclose(w, w_wanted, rtol=1e-2, atol=1e-3)
    with pytest.raises(ValueError, match="has shape"):
        f([IMAGES[:, :5], np.eye(45, dtype="f")[:4]])
    with K.use_backend("tensorflow"):
        a, b, x = K.variable([1.0]), K.variable([1.0]), K.placeholder((None,))
        g = K.function([x], [], [(a, a + 1.0), (b, x)], jit=jit)
        with pytest.raises(ValueError, match="no variable was changed"):
            g([np.ones(2)])
        assert K.batch_get_value([a, b]) == [[1.0], [1.0]]


def test_values_fed_and_returned_are_not_shared():
    with K.use_backend("tensorflow"):
        x = np.ones(3, "f")
        v = K.variable(x)
        x[0] = 5.0
        out = K.get_value(v)
        out[1] = 7.0
        assert K.get_value(v).tolist() == [1.0, 1.0, 1.0]
        f = K.function([p := K.placeholder((3,))], [p * v])
        assert isinstance(f([tf.ones(3)])[0], tf.Tensor) and isinstance(f([x])[0], np.ndarray)


DTYPES = ("bool", "int8", "uint8", "int32", "uint32", "int64", "uint64", "float16", "float32", "complex64")


@pytest.mark.parametrize("dtype", DTYPES)
def test_functions_that_tensorflow_has_for_some_dtypes_alone(dtype):
    xp = K.get_backend("tensorflow").xp
    x = np.asarray([[3, 0, 2], [1, 5, 0]]).astype(dtype)
    t = xp.asarray(x)
    same = [("reshape", (3, 2)), ("flip",), ("roll", 1), ("tile", (2, 1)), ("repeat", 2), ("permute_dims", (1, 0))]
    same += [] if "complex" in dtype else [("sort",), ("argsort",), ("argmax",), ("max",)]
    same += [] if dtype == "bool" else [("sum",), ("prod",), ("cumulative_sum",), ("square",), ("negative",)]
    for name, *more in same:
        how = {"axis": 1} if name == "cumulative_sum" else {}
        found, want = getattr(xp, name)(t, *more, **how).numpy(), getattr(np, name)(x, *more, **how)
        assert found.dtype == want.dtype, name
        np.testing.assert_array_equal(found, want, err_msg=name)
    if dtype != "bool":
        np.testing.assert_array_equal(xp.matmul(t, xp.matrix_transpose(t)).numpy(), x @ x.T)
        np.testing.assert_array_equal(xp.tensordot(t, t, axes=((0, 1), (0, 1))).numpy(), np.tensordot(x, x))


def test_promotion_is_the_standards():
    xp = K.get_backend("tensorflow").xp
    assert xp.add(xp.ones(2, dtype=xp.int8), xp.ones(2, dtype=xp.uint8)).dtype == tf.int16
    assert xp.multiply(xp.ones(2, dtype=xp.float32), 2).dtype == tf.float32
    assert xp.where(xp.asarray([True]), xp.ones(1, dtype=xp.float32), xp.ones(1, dtype=xp.float64)).dtype == tf.float64
    for wrong in (xp.ones(1, dtype=xp.int64), 2.5):
        with pytest.raises((TypeError, OverflowError)):
            xp.add(xp.ones(1, dtype=xp.uint64), wrong)
    assert np.signbit([xp.full((2,), v).numpy()[0] for v in (0.0, -0.0, 0.0)]).tolist() == [False, True, False]
    assert (xp.asarray([1, -8]) << 2).numpy().tolist() == [4, -32] and (1 << xp.asarray([3])).numpy().tolist() == [8]
    assert (xp.asarray([-8]) >> 70).numpy().tolist() == [-1]


def test_the_program_of_the_page_runs():
    page = (Path(__file__).parents[2] / "docs" / "libraries.md").read_text("utf-8")
    code, shown = re.findall(r"```py\n(.*?)```\n```text\n(.*?)```", page, re.S)[0]
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(code, {})
    assert printed.getvalue() == shown


@pytest.mark.parametrize(
    "f",
    [
        lambda: K.softmax([[np.nan, 1.0, 2.0], [-np.inf, 0.0, 0.0], [np.inf, 1.0, 0.0]]),
        lambda: K.pool2d(np.asarray([np.nan, 1.0, np.inf, -np.inf], "f").reshape(1, 2, 2, 1), (1, 2)),
        lambda: K.conv2d(RNG.integers(-3, 4, (2, 2, 2, 1)), RNG.integers(-3, 4, (3, 4, 1, 1)), (1, 3), "same"),
        lambda: K.conv2d(RNG.integers(-3, 4, (2, 5, 5, 1)), RNG.integers(-3, 4, (1, 4, 1, 1)), (1, 2), "valid"),
        lambda: K.dot([1.0, 2.0], [3.0, 4.0]),
        lambda: K.tile(np.arange(24.0).reshape(2, 3, 4), (2, 3, 2)),
        lambda: K.arange(2**63, 2**63 + 3, dtype="uint64"),
    ],
)
def test_what_tensorflows_own_operations_get_wrong_is_right(f):
    state, found = RNG.bit_generator.state, []
    for library in ("numpy", "tensorflow"):
        RNG.bit_generator.state = state
        with K.use_backend(library):
            found.append(K.eval(f()))
    np.testing.assert_allclose(*found, rtol=1e-6)


def test_compiled_functions_multiply_vectors_and_raise_value_errors():
    with K.use_backend("tensorflow"):
        x, y, z = K.placeholder((3,)), K.placeholder((3, 2)), K.placeholder((2, 2))
        np.testing.assert_array_equal(K.function([x, y], K.matmul(x, y))([np.arange(3.0), np.ones((3, 2))]), [3.0, 3.0])
        with pytest.raises(ValueError, match="inv"):
            K.function([z], K.inv(z))([np.ones((2, 2))])
    xp = K.get_backend("tensorflow").xp
    assert xp.asarray([True, 2], dtype=xp.int8).numpy().tolist() == [1, 2]
    assert np.isnan(xp.mean(xp.zeros((1, 0), dtype=xp.complex64), axis=1).numpy()).all()


def test_maxima_over_windows_of_unknown_sizes_keep_nan_and_infinities():
    x = RNG.normal(size=(2, 4, 6, 1)).astype("f")
    x[0, 0, 0], x[0, :2, 2:4], x[1, 3, 3] = np.nan, -np.inf, np.inf
    pool = tf.function(
        lambda x: K.pool2d(x, (2, 2), strides=(2, 2)), input_signature=[tf.TensorSpec((None, None, None, 1))]
    )
    np.testing.assert_array_equal(pool(x), K.pool2d(x, (2, 2), strides=(2, 2)))


def extremes(x):
    """What is made of maxima and minima."""
    y = K.reverse(x, 0)
    pooled = K.pool2d(x, (2, 2), strides=(2, 2), padding="same")
    found = K.max(x), K.min(x, axis=-1), K.maximum(x, y), K.minimum(y, x), K.clip(x, -0.5, y), pooled, K.argmax(x, 1)
    rows = K.reshape(x, (2, -1))
    return (*found, K.segment_max(rows, [1, 1], 2), K.norm(rows, ord=np.inf, axis=-1), K.softmax(rows))


@pytest.mark.parametrize("jit", [False, True])
def test_maxima_keep_nan_where_xla_compiles_them(jit):
    x = RNG.normal(size=(2, 5, 5, 2)).astype("f")
    x[0, 0, 0, 0] = x[1, 4, 4, 1] = x[1, 1, 1, 0] = np.nan
    x[0, 2, 3, 1], x[0, 3, 2] = np.inf, -np.inf
    for found, want in zip(tf.function(extremes, jit_compile=jit)(x), extremes(x), strict=True):
        np.testing.assert_allclose(found.numpy(), want, rtol=1e-6)
    slope = K.grad(lambda a: K.sum(K.relu(a)))  # 1 at NaN
    np.testing.assert_array_equal(tf.function(slope, jit_compile=jit)(x).numpy(), slope(x))


def test_keras_3_trains_on_its_tensors():
    keras = pytest.importorskip("keras", minversion="3.15", reason="Keras 3.15 is not installed")
    if keras.__version__ >= "3.16":
        pytest.skip(f"the door is for Keras 3.15, not {keras.__version__}")
    code = """
import numpy as np, keras, backend as K
x, y = np.random.RandomState(0).rand(64, 8, 8, 1).astype("f"), np.arange(64) % 3
layers = keras.layers
net = keras.Sequential([layers.Conv2D(4, 3), layers.BatchNormalization(), layers.Flatten(), layers.Dense(3)])
net.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
losses = net.fit(x, y, epochs=5, verbose=0).history["loss"]
print(keras.config.backend(), K.backend(), losses[-1] < losses[0])
"""
    env = {**os.environ, "KERAS_BACKEND": "array_api", "K_BACKEND": "tensorflow"}
    program = f"import backend.compat.keras3.door\n{code}"  # as the wheel's .pth file does
    run = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True, check=False)
    assert run.stdout.split() == ["array_api", "tensorflow", "True"], run.stderr[-2000:]


def test_random_numbers_are_those_of_every_library():
    draws = []
    for library in ("numpy", "tensorflow"):
        with K.use_backend(library):
            draws.append(K.eval(K.random_normal((3, 4), seed=7)))
    np.testing.assert_array_equal(*draws)
