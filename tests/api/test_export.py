"""ONNX files: checked by onnx, run by ONNX Runtime, which gives what K gives, for every size of batch."""

import os

import numpy as np
import pytest

import backend as K

onnx = pytest.importorskip("onnx", reason="needs onnx: pip install 'array-api-backend[onnx]'")
ort = pytest.importorskip("onnxruntime", reason="needs onnxruntime: pip install 'array-api-backend[onnx]'")
pytest.importorskip("ndonnx", reason="needs ndonnx: pip install 'array-api-backend[onnx]'")

pytestmark = pytest.mark.slow
RNG = np.random.default_rng(0)
EPS = {"float32": 2**-23, "float64": 2**-52}


def normal(*shape, dtype="float32"):
    return RNG.normal(size=shape).astype(dtype)


def operators(graph):
    """The operators of a graph and of its subgraphs."""
    inner = [a.g for node in graph.node for a in node.attribute if a.HasField("g")]
    return {node.op_type for node in graph.node}.union(*map(operators, inner))


def exported(f, tmp_path, opset=None):
    """The model in the file, after the checker's full check."""
    path = tmp_path / "f.onnx"
    K.export_onnx(f, path, opset)
    assert os.listdir(tmp_path) == ["f.onnx"]
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    return model


def agree(model, f, *feeds, roundings=64):
    """ONNX Runtime gives what f gives: within so many roundings of the largest element, integers to the bit."""
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    names = [value.name for value in session.get_inputs()]
    for feed in feeds:
        found = session.run(None, dict(zip(names, feed, strict=True)))
        wanted = f(list(feed))
        for x, y in zip(wanted, found, strict=True):
            assert (x.shape, x.dtype) == (y.shape, y.dtype)
            bound = roundings * EPS.get(x.dtype.name, 0) * np.abs(x).max(initial=0)
            np.testing.assert_allclose(y, x, rtol=0, atol=bound)


def layers(*stack, shape):
    model = K.models.Sequential([stack[0](input_shape=shape), *stack[1:]])
    return model, K.function(model.inputs, model.outputs)


def test_a_convolutional_net(tmp_path):
    m = K.models
    model, f = layers(
        lambda **first: m.Conv2D(4, 3, padding="same", activation="relu", **first),
        m.BatchNormalization(),
        m.MaxPooling2D(2),
        m.Conv2D(6, 3, strides=2, padding="same"),
        m.AveragePooling2D(2, padding="same"),
        m.Flatten(),
        m.Dropout(0.5),
        m.Dense(3, activation="softmax"),
        shape=(8, 8, 1),
    )
    for layer in model.layers:
        layer.set_weights([np.abs(normal(*w.shape)) for w in layer.weights])
    file = exported(model, tmp_path)
    wanted = {"Conv", "MaxPool", "AveragePool", "BatchNormalization", "Softmax", "Relu"}
    assert wanted <= operators(file.graph)
    assert [d.dim_param or d.dim_value for d in file.graph.input[0].type.tensor_type.shape.dim] == [
        f"{model.inputs[0].name}_0",
        8,
        8,
        1,
    ]
    assert any(w.name.endswith("dense_1/kernel") or "kernel" in w.name for w in file.graph.initializer)
    assert not any(node.op_type == "Constant" for node in file.graph.node)
    agree(file, f, [normal(1, 8, 8, 1)], [normal(7, 8, 8, 1)])


def test_unknown_spatial_sizes_and_every_kind_of_padding(tmp_path):
    x = K.placeholder((None, None, None, 3), name="x")
    w, d = K.variable(normal(3, 3, 3, 4)), K.variable(normal(3, 3, 3, 2))
    outputs = [
        K.conv2d(x, w, padding="same", strides=(2, 2)),
        K.conv2d(x, w, padding="valid", dilation_rate=(2, 2)),
        K.conv2d(x, w, padding="same", dilation_rate=(2, 2)),
        K.depthwise_conv2d(x, d, padding="same"),
        K.pool2d(x, (2, 2), (2, 2), "same", pool_mode="avg"),
        K.pool2d(x, (3, 3), (2, 2), "same"),
    ]
    f = K.function([x], outputs)
    agree(exported(f, tmp_path), f, [normal(1, 7, 8, 3)], [normal(7, 6, 5, 3)])


def test_transposed_convolution(tmp_path):
    x, w = K.placeholder((None, 4, 5, 3)), K.variable(normal(3, 3, 2, 3))
    shape = (K.shape(x)[0], 8, 10, 2)
    f = K.function([x], [K.conv2d_transpose(x, w, shape, strides=(2, 2), padding="same")])
    file = exported(f, tmp_path)
    assert "ConvTranspose" in operators(file.graph)
    agree(file, f, [normal(1, 4, 5, 3)], [normal(7, 4, 5, 3)])


@pytest.mark.parametrize(("padding", "beyond"), [("same", 0), ("same", 1), ("valid", 0), ("valid", 1)])
def test_transposed_convolution_to_sizes_that_the_file_computes(tmp_path, padding, beyond):
    x, w = K.placeholder((None, None, None, 3), name="x"), K.variable(normal(3, 2, 2, 3))
    batch, rows, columns, _ = (K.shape(x)[axis] for axis in range(4))
    sizes = (rows * 3 - beyond, columns * 2 - beyond)
    if padding == "valid":
        sizes = ((rows - 1) * 3 + 3 + beyond, (columns - 1) * 2 + 2 + beyond)
    f = K.function([x], [K.conv2d_transpose(x, w, (batch, *sizes, 2), strides=(3, 2), padding=padding)])
    file = exported(f, tmp_path)
    assert "ConvTranspose" in operators(file.graph)
    agree(file, f, [normal(1, 4, 5, 3)], [normal(7, 3, 2, 3)])


@pytest.mark.parametrize("reset_after", [False, True])
def test_recurrent_layers_are_one_operator(tmp_path, reset_after):
    x = K.placeholder((None, None, 5), name="x")
    weights = [K.variable(normal(*shape)) for shape in ((5, 16), (4, 16), (16,), (5, 12), (4, 12), (12,))]
    lstm, gru = K.lstm(x, *weights[:3]), K.gru(x, *weights[3:], go_backwards=True, reset_after=reset_after)
    f = K.function([x], [lstm[0], lstm[1], *lstm[2], gru[0], gru[1]])
    file = exported(f, tmp_path)
    assert {"LSTM", "GRU"} <= operators(file.graph) and "Loop" not in operators(file.graph)
    agree(file, f, [normal(1, 3, 5)], [normal(7, 6, 5)])


def test_a_cell_of_rnn_is_found_and_any_other_step_is_a_loop(tmp_path):
    x = K.placeholder((None, None, 3), name="x")
    u = K.variable(normal(3, 3))

    def step(inputs, states):
        h = K.tanh(inputs + K.dot(states[0], u))
        return h, [h]

    last, outputs, _ = K.rnn(step, x, [K.zeros_like(x[:, 0, :])], go_backwards=True)
    folded = K.foldl(lambda total, row: total * 0.5 + row, K.permute_dimensions(x, (1, 0, 2)))
    f = K.function([x], [last, outputs, folded])
    file = exported(f, tmp_path)
    assert "Loop" in operators(file.graph)
    agree(file, f, [normal(1, 3, 3)], [normal(7, 5, 3)])


@pytest.mark.parametrize("how", [{}, {"is_causal": True}, {"mask": True}])
def test_an_attention_block(tmp_path, how):
    x = K.placeholder((None, None, 6), name="x")
    w = [K.variable(normal(6, 6) / 3) for _ in range(4)]
    q, k, v = (K.dot(x, each) for each in w[:3])
    if "mask" in how:
        how = {"mask": K.expand_dims(x[:, :, 0] > -0.5, 1)}
    y = K.layer_normalization(x + K.dot(K.scaled_dot_product_attention(q, k, v, **how), w[3]), None, None)
    f = K.function([x], [y])
    file = exported(f, tmp_path)
    assert ("Softmax" in operators(file.graph)) == ("mask" not in how)
    agree(file, f, [normal(1, 3, 6)], [normal(7, 5, 6)], roundings=512)


def test_an_embedding(tmp_path):
    ids = K.placeholder((None, None), dtype="int32", name="ids")
    table = K.variable(normal(10, 4), name="table")
    f = K.function([ids], [K.mean(K.gather(table, ids), axis=1), K.one_hot(ids, 10)])
    file = exported(f, tmp_path)
    assert "table" in [w.name for w in file.graph.initializer] and "Gather" in operators(file.graph)
    agree(file, f, *([RNG.integers(0, 10, (n, 3)).astype("int32")] for n in (1, 7)))


def test_float64_and_the_recurrence_that_onnx_runtime_lacks_there(tmp_path):
    x = K.placeholder((None, None, 3), dtype="float64", name="x")
    w = [K.variable(normal(*shape, dtype="float64"), dtype="float64") for shape in ((3, 8), (2, 8))]
    f = K.function([x], [K.softmax(K.dot(x, w[0])), K.lstm(x, *w)[0], K.max(x, axis=1), K.var(x, axis=0)])
    file = exported(f, tmp_path)
    assert "Loop" in operators(file.graph) and "LSTM" not in operators(file.graph)
    agree(file, f, [normal(1, 3, 3, dtype="float64")], [normal(7, 4, 3, dtype="float64")])


def test_sizes_are_computed_when_the_file_runs(tmp_path):
    x = K.placeholder((None, None), name="x")
    n, m = x.sizes
    outputs = [
        K.reshape(x, (n * m,)),
        K.reshape(K.concatenate([x, x], axis=1), (n, 2, m)),
        K.shape(x),
        K.sum(x, axis=0) / K.cast(n, "float32"),
        K.flatten(K.reverse(x, 1)[:, : m - 1]),
        K.arange(n * 2),
    ]
    f = K.function([x], outputs)
    agree(exported(f, tmp_path), f, [normal(1, 4)], [normal(7, 3)], [normal(2, 1)])


def test_branches_and_while_loops(tmp_path):
    x = K.placeholder((None, 3), name="x")
    doubled = K.while_loop(lambda a: K.sum(a) < 100.0, lambda a: [a * 2.0], [K.abs(x) + 1.0])
    f = K.function([x], [K.cond(K.sum(x) > 0, lambda: x * 2.0, lambda: x - 1.0), *doubled])
    file = exported(f, tmp_path)
    assert {"If", "Loop"} <= operators(file.graph)
    agree(file, f, [normal(1, 3)], [np.abs(normal(7, 3))], [-np.abs(normal(2, 3))])


def test_edge_values(tmp_path):
    x = K.placeholder((None, 4), name="x")
    outputs = [K.softmax(x), K.relu(x), K.sigmoid(x), *(f(x, axis=1) for f in (K.max, K.argmax, K.argmin, K.logsumexp))]
    f = K.function([x], outputs)
    rows = [[np.nan, 1.0, 2.0, 3.0], [np.inf, 0.0, 1.0, 2.0], [-np.inf, 0.0, 1.0, 2.0], [1e30, -1e30, 0.0, -0.0]]
    session = ort.InferenceSession(exported(f, tmp_path).SerializeToString(), providers=["CPUExecutionProvider"])
    for row in rows:
        feed = np.asarray([row], "float32")
        for wanted, found in zip(f([feed]), session.run(None, {"x": feed}), strict=True):
            np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-7)
    empty = np.ones((0, 4), "float32")
    assert [y.shape for y in session.run(None, {"x": empty})] == [y.shape for y in f([empty])]
    g = K.function([x], [K.max(x, axis=0), K.min(x, axis=0), K.sum(x, axis=0), K.prod(x, axis=0)])
    session = ort.InferenceSession(exported(g, tmp_path).SerializeToString(), providers=["CPUExecutionProvider"])
    assert [set(y) for y in session.run(None, {"x": empty})] == [{-np.inf}, {np.inf}, {0}, {1}]


@pytest.mark.parametrize(("opset", "found"), [(None, 14), (13, 13), (17, 17), (23, 23)])
def test_the_opset(tmp_path, opset, found):
    x = K.placeholder((None, 3), name="x")
    f = K.function([x], [K.softmax(x)])
    file = exported(f, tmp_path, opset)
    assert [entry.version for entry in file.opset_import if entry.domain == ""] == [found]
    agree(file, f, [normal(2, 3)])


@pytest.mark.parametrize("opset", [16, 17, 18, 20])
def test_an_older_opset_of_operators_that_have_changed_since(tmp_path, opset):
    x = K.placeholder((None, None, 3), name="x")
    rows = K.permute_dimensions(x, (1, 0, 2))
    outputs = [
        K.layer_normalization(x, None, None),
        K.cast(K.argmax(x), "float32") + K.max(x, axis=-1),
        K.foldl(lambda total, row: total * 0.5 + K.mean(row) + K.cast(row > 0, "float32"), rows),
        K.cond(K.sum(x) > 0, lambda: K.std(x, axis=1), lambda: K.min(x, axis=1)),
    ]
    f = K.function([x], outputs)
    agree(exported(f, tmp_path, opset), f, [normal(1, 4, 3)], [normal(7, 2, 3)])


def test_attributes_that_have_their_default_are_left_out(tmp_path):
    x = K.placeholder((None, 3), name="x")
    file = exported(K.function([x], [K.cast(x, "int32")]), tmp_path)
    assert [[a.name for a in node.attribute] for node in file.graph.node] == [["to"]]


def test_an_operator_that_an_opset_lacks_is_named(tmp_path):
    x = K.placeholder((None, 3), name="x")
    with pytest.raises(ValueError, match=r"opset is 14, but the operator Shape needs 15"):
        K.export_onnx(K.function([x], [K.shape(x)]), tmp_path / "f.onnx", 14)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("opset", [12, 1000, "21", True])
def test_wrong_opsets(tmp_path, opset):
    x = K.placeholder((None, 3))
    with pytest.raises((ValueError, TypeError), match="export_onnx"):
        K.export_onnx(K.function([x], [x * 2.0]), tmp_path / "f.onnx", opset)
    assert os.listdir(tmp_path) == []


def refused():
    x = K.placeholder((None, 3), name="x")
    v = K.variable(0.0, name="v")
    yield "updates the variable v", K.function([x], [x], [K.update_add(v, 1.0)])
    yield "draw_normal: it draws random numbers", K.function([x], [x + K.random_normal((3,))])
    yield "linalg.inv", K.function([x], [K.inv(K.dot(K.transpose(x), x))])
    yield "the input y has an unknown rank", K.function([y := K.placeholder(name="y")], [y * 2.0])
    yield "the input z is of complex64", K.function([z := K.placeholder((3,), dtype="complex64", name="z")], [z * 2])
    yield "expected a K.function or a built model", K.softmax
    yield "expected a K.function or a built", K.models.Sequential([K.models.Dense(2)])
    yield "function has no outputs", K.function([x], [])


@pytest.mark.parametrize(("message", "f"), list(refused()), ids=[message for message, _ in refused()])
def test_what_cannot_be_written_is_refused_by_name_and_leaves_no_file(tmp_path, message, f):
    path = tmp_path / "f.onnx"
    path.write_bytes(b"before")
    with pytest.raises((ValueError, TypeError), match=message):
        K.export_onnx(f, path)
    assert os.listdir(tmp_path) == ["f.onnx"] and path.read_bytes() == b"before"


def test_names_are_kept_apart_and_an_input_may_be_an_output(tmp_path):
    x, y = K.placeholder((None,), name="x"), K.placeholder((None,), name="x")
    z = x + y
    z.name = "x"
    f = K.function([x, y], [x, z, K.constant([1.0])])
    file = exported(f, tmp_path)
    assert [value.name for value in file.graph.input] == ["x", "x_2"]
    assert len({value.name for value in (*file.graph.input, *file.graph.output)}) == 5
    agree(file, f, [normal(3), normal(3)])


def test_variables_may_have_the_names_of_others_of_inputs_and_of_outputs(tmp_path):
    x = K.placeholder((None, 3), name="x")
    weights = [K.variable(normal(3, 3), name=name) for name in ("w", "w", "x", "scores")]
    y = K.dot(K.dot(K.dot(K.dot(x, weights[0]), weights[1]), weights[2]), weights[3])
    y.name = "scores"
    f = K.function([x], [y])
    file = exported(f, tmp_path)
    assert [value.name for value in file.graph.output] == ["scores"]
    assert {w.name for w in file.graph.initializer} == {"w", "w_2", "x_2", "scores_2"}
    agree(file, f, [normal(2, 3)])


def test_the_outputs_of_a_model_have_the_names_of_its_layers_and_the_sizes_that_k_knows(tmp_path):
    m = K.models
    x = m.Input(shape=(None, 3), name="steps")
    last = m.LSTM(4, name="last")(m.Masking()(x))
    model = m.Model(x, [last, m.Dense(2, name="scores")(last)])
    outputs = exported(model, tmp_path).graph.output
    sizes = [[d.dim_param or d.dim_value for d in value.type.tensor_type.shape.dim] for value in outputs]
    assert [value.name for value in outputs] == ["last", "scores"]
    assert sizes == [["steps_0", 4], ["steps_0", 2]]


def test_the_system_s_own_error_where_a_file_cannot_be_written(tmp_path):
    x = K.placeholder((None, 3), name="x")
    with pytest.raises(FileNotFoundError):
        K.export_onnx(K.function([x], [x * 2.0]), tmp_path / "none" / "f.onnx")


def test_the_learning_phase_as_an_input(tmp_path):
    x = K.placeholder((None, 3), name="x")
    f = K.function([x, K.learning_phase()], [K.in_train_phase(x * 2.0, x)])
    agree(exported(f, tmp_path), f, *([normal(2, 3), np.asarray(phase, "int32")] for phase in (0, 1)))


# ---- eager operations on lazy arrays


def test_operations_on_lazy_arrays_give_lazy_arrays():
    import ndonnx

    x = ndonnx.asarray(normal(2, 3))
    y = K.softmax(x)
    assert type(y) is ndonnx.Array
    np.testing.assert_allclose(y.unwrap_numpy(), K.softmax(x.unwrap_numpy()), rtol=1e-6)
    x = ndonnx.argument(shape=("n", 3), dtype=ndonnx.float32)
    y = K.softmax(K.relu(K.dot(x, ndonnx.asarray(normal(3, 2)))))
    assert operators(ndonnx.build({"x": x}, {"y": y}).graph) >= {"MatMul", "Relu", "Softmax"}


def test_lazy_arrays_of_unknown_sizes_are_reshaped_by_sizes_that_the_file_computes():
    import ndonnx

    x = ndonnx.argument(shape=("n", "m", 4), dtype=ndonnx.float32)
    weights = normal(4, 12), normal(3, 12)
    lazy = [K.batch_flatten(x), K.lstm(x, *map(ndonnx.asarray, weights))[0], K.repeat_elements(x, 2, axis=1)]
    file = ndonnx.build({"x": x}, {f"y{i}": y for i, y in enumerate(lazy)})
    assert "LSTM" in operators(file.graph)

    def eager(feed):
        return [K.batch_flatten(*feed), K.lstm(*feed, *weights)[0], K.repeat_elements(*feed, 2, axis=1)]

    agree(file, eager, [normal(1, 5, 4)], [normal(7, 2, 4)])


def test_the_backend():
    with K.use_backend("ndonnx"):
        v = K.variable([1.0, 2.0])
        assert type(v.array).__module__.startswith("ndonnx")
        np.testing.assert_array_equal(K.get_value(K.square(v)), [1.0, 4.0])
        x = K.placeholder((2,))
        np.testing.assert_array_equal(K.function([x], [x * v])([np.ones(2)])[0], [1.0, 2.0])
    with pytest.raises(ValueError, match="ndonnx has no devices"):
        K.get_backend("ndonnx:gpu")
