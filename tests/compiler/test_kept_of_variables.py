"""What depends on variables alone is kept on torch until one of them has another value, and nothing else is."""

import functools

import numpy as np
import pytest

import backend as K
from backend.compiler.kept import MAX_KEPT, Kept, apart

torch = pytest.importorskip("torch")
jit = pytest.importorskip("backend.kernels.torch.program").jit

RNG = np.random.default_rng(0)
KERNEL, GAMMA, DENSE = (RNG.normal(size=s).astype("f") for s in [(3, 3, 2, 4), (4,), (64, 3)])
SAMPLES = RNG.normal(size=(2, 4, 4, 2)).astype("f")


@pytest.fixture(autouse=True)
def on_torch():
    with K.use_backend("torch"):
        yield


def net(updates=None, **how):
    """A function of images that reads three variables, and these."""
    kernel, gamma, dense = (K.variable(v) for v in (KERNEL, GAMMA, DENSE))
    x = K.placeholder((None, 4, 4, 2))
    y = K.conv2d(x, kernel, padding="same") * K.sqrt(K.square(gamma) + 1e-3)
    found = K.dot(K.batch_flatten(y), dense)
    return K.function([x], [found], updates and updates(kernel, gamma, dense), **how), (kernel, gamma, dense)


def program(f):
    """The program of two parts; None where nothing is kept."""
    runs = (getattr(run, "__wrapped__", run) for run in f.executable._bound.values())
    return next((run for run in runs if isinstance(run, Kept)), None)


def expected(variables, samples=SAMPLES):
    """The same on NumPy."""
    kernel, gamma, dense = (v.array.detach().numpy().copy() for v in variables)
    with K.use_backend("numpy"):
        y = K.conv2d(samples, kernel, padding="same") * np.sqrt(gamma**2 + np.float32(1e-3))
    return y.reshape(len(samples), -1) @ dense


def agree(f, variables, samples=SAMPLES):
    for _ in range(3):  # the third call reads what the second one kept
        found = f([torch.from_numpy(samples)])[0]
        np.testing.assert_allclose(np.asarray(found.detach()), expected(variables, samples), rtol=2e-5, atol=2e-5)


def test_it_is_computed_again_only_for_another_value():
    f, variables = net()
    agree(f, variables)
    made, ran = program(f), []
    for name in ("_kept", "_plain"):
        own = getattr(made, name)
        setattr(made, name, lambda *given, own=own, name=name: ran.append(name) or own(*given))
    agree(f, variables)
    assert ran == []
    K.set_value(variables[1], GAMMA * 2)
    agree(f, variables)
    assert ran == ["_plain", "_kept"]


@pytest.mark.parametrize("position", [0, 1])
def test_a_write_into_the_array_itself_counts_as_another_value(position):
    f, variables = net()
    agree(f, variables)
    variables[position].array.mul_(2.0)
    agree(f, variables)


def test_another_function_may_update_what_is_kept():
    f, variables = net()
    update = K.function([], [], [(v, v * 1.5) for v in variables])
    for _ in range(2):
        agree(f, variables)
        update([])
    agree(f, variables)


def test_what_a_function_updates_itself_is_not_kept():
    f, variables = net(lambda *all_: [(v, v * 0.5) for v in all_])
    for _ in range(3):
        before = expected(variables)
        np.testing.assert_allclose(f([SAMPLES])[0], before, rtol=2e-5, atol=2e-5)
    assert program(f) is None
    f, variables = net(lambda kernel, gamma, dense: [(gamma, gamma * 0.5)])
    for _ in range(3):
        before = expected(variables)
        np.testing.assert_allclose(f([SAMPLES])[0], before, rtol=2e-5, atol=2e-5)
    assert len(program(f)._given(range(9))) == 1


def test_what_is_kept_goes_with_the_value_it_was_made_of():
    f, variables = net()
    agree(f, variables)
    assert program(f)._last[2]
    K.set_value(variables[0], KERNEL)
    assert not program(f)._last[2]


def test_outputs_share_no_memory_with_what_is_kept():
    x, w = K.placeholder((2, 4)), K.variable(np.arange(8.0).reshape(2, 4))
    scale = K.sqrt(w)
    f = K.function([x], [scale, x * scale])
    for _ in range(3):
        first, second = f([torch.ones(2, 4)])
        np.testing.assert_allclose(first, np.sqrt(np.arange(8.0)).reshape(2, 4), rtol=1e-6)
        first.zero_(), second.zero_()
    np.testing.assert_array_equal(K.get_value(w), np.arange(8.0).reshape(2, 4))


def test_torch_may_record_or_transform_what_reads_it():
    f, variables = net()
    with torch.inference_mode():
        agree(f, variables)
    x = torch.from_numpy(SAMPLES).requires_grad_()
    f([x])[0].sum().backward()
    assert x.grad is not None and program(f)._last[2]
    variables[1].array.requires_grad_()
    for _ in range(2):  # a kept result would have no graph, or one that was freed
        variables[1].array.grad = None
        f([torch.from_numpy(SAMPLES)])[0].sum().backward()
        assert variables[1].array.grad is not None
    variables[1].array.requires_grad_(requires_grad=False)
    rows = torch.func.vmap(lambda row: f([row[None]])[0][0])(torch.from_numpy(SAMPLES))
    np.testing.assert_allclose(rows, expected(variables), rtol=2e-5, atol=2e-5)
    agree(f, variables)


def test_stages_show_both_parts_and_the_pass_can_be_left_out():
    f, variables = net()
    agree(f, variables)
    assert f.stages[-1].name == "keep" and "laid_out(w" in f.stages[-1].text
    assert "laid_out" not in f.source
    f, variables = net(passes=["prune", "cse", "fold"])
    agree(f, variables)
    assert program(f) is None


@pytest.mark.parametrize("rows", [1, 3, 5])
def test_a_tall_matrix_is_read_by_columns_for_few_rows(rows):
    x, w = K.placeholder((None, 2**10)), K.variable(RNG.normal(size=(2**10, 2**8)))
    f, value = K.function([x], [K.dot(x, w)]), RNG.normal(size=(rows, 2**10)).astype("f")
    calls = [f([torch.from_numpy(value)])[0] for _ in range(3)]
    np.testing.assert_allclose(calls[0], value @ K.get_value(w), rtol=1e-3, atol=1e-3)
    assert torch.equal(calls[0], calls[1]) and torch.equal(calls[0], calls[2])
    assert "row_product" in f.stages[-1].text


def test_no_more_is_kept_than_allowed():
    x, w = K.placeholder((1,)), K.variable(np.ones((MAX_KEPT // 8, 1), "f"))
    outer = K.function([x], [K.sum(x * K.square(w) * K.ones((1, 9)))])  # the square is kept, the product is too large
    parts = apart(outer.executable.graph, ())
    assert parts is not None
    assert sum(np.prod(t.shape) for t in parts.kept.outputs) <= MAX_KEPT


@pytest.mark.parametrize("depthwise", [False, True])
def test_recurrent_and_depthwise_weights_are_laid_out(depthwise):
    if depthwise:
        x, w = K.placeholder((None, 5, 5, 3)), K.variable(RNG.normal(size=(3, 3, 3, 2)))
        y, value, weights = K.depthwise_conv2d(x, w), RNG.normal(size=(2, 5, 5, 3)).astype("f"), [w]
    else:
        x = K.placeholder((None, 4, 3))
        weights = [K.variable(RNG.normal(size=s)) for s in [(3, 8), (2, 8), (8,)]]
        y, value = K.lstm(x, *weights)[0], RNG.normal(size=(2, 4, 3)).astype("f")
    f, plain = K.function([x], [y]), K.function([x], [y], passes=[])
    for _ in range(3):
        np.testing.assert_allclose(f([value])[0], plain([value])[0], rtol=1e-5, atol=1e-6)
    assert f.stages[-1].text.count("= laid_out(") == (1 if depthwise else 2)


@pytest.fixture
def graphs(monkeypatch):
    """The graphs that torch.compile gets, which run as they are."""
    found = []

    def backend(graph, inputs):
        found.append(graph.code)
        return graph

    monkeypatch.setattr(torch, "compile", functools.partial(torch.compile, backend=backend, fullgraph=True))
    torch._dynamo.reset()
    return found


def test_torch_compiles_again_for_what_is_kept_in_another_layout(graphs):
    x, w = K.placeholder((5, 3)), K.variable(RNG.normal(size=(5, 3)))
    f, given = K.function([x], [x * K.square(w)], jit=True), torch.ones(5, 3)
    for again in range(3):
        if again == 1:
            K.set_value(w, K.get_value(w) * 2)
        if again == 2:
            w.array = w.array.T.contiguous().T  # its square gets its strides
        for _ in range(3):
            assert torch.equal(f([given])[0], w.array.square())
        assert len(graphs) == max(again, 1)


def test_programs_of_one_code_are_compiled_each_for_its_functions(graphs):
    code = compile("def program(x):\n    return h(x)", "<program>", "exec")
    scopes = [{"h": torch.sin}, {"h": torch.cos}]
    for scope in scopes:
        exec(code, scope)
    sine, cosine = (jit(scope, "program", []) for scope in scopes)
    x = torch.linspace(0.0, 1.0, 5)
    for _ in range(2):
        assert torch.equal(sine(x), x.sin()) and torch.equal(cosine(x), x.cos())
    assert len(graphs) == 2
