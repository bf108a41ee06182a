"""cuDNN's kernels are as precise as torch's matrix products; without a GPU, tensors on the CPU stand in for its own."""

import threading

import pytest

import backend as K
from backend.arrays import namespaces

torch = pytest.importorskip("torch")
precision = pytest.importorskip("backend.kernels.torch._precision")
recurrence = pytest.importorskip("backend.kernels.torch.recurrence")

CUDNN = torch.backends.cudnn


@pytest.fixture(autouse=True)
def as_on_cuda(monkeypatch):
    """Tensors of float32 count as such on CUDA; torch's settings are restored."""
    monkeypatch.setattr(precision, "_has_tf32", lambda x: x.dtype == torch.float32)
    yield
    torch.backends.cuda.matmul.allow_tf32 = False
    CUDNN.allow_tf32 = True


def settings():
    return CUDNN.conv.fp32_precision, CUDNN.rnn.fp32_precision


@precision.as_precise_as_products("conv")
def seen(x):
    """The settings while a kernel runs."""
    return settings()


def test_tf32_is_off_within_a_kernel_and_as_before_after_it():
    assert seen(torch.ones(1)) == ("ieee", "tf32") and settings() == ("tf32", "tf32")

    @precision.as_precise_as_products("rnn")
    def failing(x, y):
        assert settings() == ("tf32", "ieee")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        failing(None, torch.ones(1))
    assert settings() == ("tf32", "tf32") and CUDNN.allow_tf32


@pytest.mark.parametrize("precision_of_products", ["high", "medium"])
def test_tf32_stays_where_products_have_it(precision_of_products):
    torch.set_float32_matmul_precision(precision_of_products)
    assert seen(torch.ones(1)) == ("tf32", "tf32")
    assert seen(torch.ones(1, requires_grad=True)) == ("tf32", "tf32")
    torch.set_float32_matmul_precision("highest")
    assert seen(torch.ones(1)) == ("ieee", "tf32")


def test_tf32_stays_off_where_it_was():
    CUDNN.allow_tf32 = False
    assert "tf32" not in seen(torch.ones(1, requires_grad=True))
    assert not CUDNN.allow_tf32


def test_other_dtypes_and_devices_pay_nothing(monkeypatch):
    assert seen(torch.ones(1, dtype=torch.float64)) == ("tf32", "tf32")
    monkeypatch.undo()
    assert seen(torch.ones(1)) == ("tf32", "tf32")


def test_a_kernel_stays_precise_while_another_thread_leaves():
    inside, leave, found = threading.Event(), threading.Event(), []

    @precision.as_precise_as_products("conv")
    def slow(x):
        inside.set()
        leave.wait(10)
        found.append(CUDNN.conv.fp32_precision)

    first = threading.Thread(target=slow, args=(torch.ones(1),))
    first.start()
    inside.wait(10)
    assert seen(torch.ones(1))[0] == "ieee"
    assert CUDNN.conv.fp32_precision == "ieee"  # the first is still within
    leave.set()
    first.join()
    assert found == ["ieee"] and settings() == ("tf32", "tf32")


def test_what_torch_runs_later_is_left_to_the_definition():
    assert seen(torch.ones(1, requires_grad=True)) is NotImplemented
    assert torch.func.grad(lambda x: x * (seen(x) is NotImplemented))(torch.tensor(1.0)) == 1
    assert settings() == ("tf32", "tf32")


def test_torch_compile_traces_the_choice():
    @precision.as_precise_as_products("conv")
    def kernel(x):
        return x + 1

    def program(x):
        got = kernel(x)
        return x - 1 if got is NotImplemented else got

    def traced():
        torch._dynamo.reset()
        return torch.compile(program, fullgraph=True, backend="eager")(torch.zeros(()))

    assert traced() == -1
    torch.backends.cuda.matmul.allow_tf32 = True
    assert traced() == 1
    torch.backends.cuda.matmul.allow_tf32 = False
    CUDNN.allow_tf32 = False
    assert traced() == 1


def test_the_lstm_hands_cudnn_weights_in_one_piece_and_dense_states(monkeypatch):
    flattened, given = [], []
    own = torch.lstm
    monkeypatch.setattr(CUDNN, "is_acceptable", lambda x: True)
    monkeypatch.setattr(recurrence, "_flattened", lambda weights, *sizes: flattened.append(([*weights], sizes)))
    monkeypatch.setattr(torch, "lstm", lambda x, states, *rest: given.append(states) or own(x, states, *rest))
    x, kernel, recurrent = torch.randn(2, 5, 3), torch.randn(3, 16), torch.randn(4, 16)
    x, kernel, recurrent = (y.double() for y in (x, kernel, recurrent))
    h, c = (torch.randn(2, 8).double()[:, ::2] for _ in range(2))
    every, last, _ = recurrence.lstm_sequence(x, kernel, recurrent, None, h, c)
    torch.testing.assert_close(every[:, -1], last)
    grads = recurrence.lstm_sequence_gradient(
        every, None, None, x, kernel, recurrent, None, h, c, every, None, None, wanted=(0, 1, 2, 4, 5)
    )
    assert [g.shape for g in grads] == [y.shape for y in (x, kernel, recurrent, h, c)]
    assert all(y.is_contiguous() for states in given for y in states)
    assert [sizes for _, sizes in flattened] == [(3, 4)] * 2
    for weights, _ in flattened:
        assert len({w.data_ptr() for w in weights}) == 4
        assert kernel.data_ptr() not in {w.data_ptr() for w in weights}


def test_a_compiled_program_runs_its_kernels_in_full_precision(monkeypatch):
    monkeypatch.setattr(torch.backends.cuda, "is_built", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: True)
    ran = []

    @precision.as_precise_as_products("conv")
    def kernel(x):
        return x + 1

    def program(x):
        got = kernel(x)
        return x - 1 if got is NotImplemented else got

    def backend(graph, inputs):
        return lambda *args: ran.append(settings()) or graph.forward(*args)

    torch._dynamo.reset()
    compiled = torch.compile(program, backend=backend, fullgraph=True)
    assert precision.precise_program(compiled)(torch.zeros(())) == 1
    assert ran == [("ieee", "ieee")] and settings() == ("tf32", "tf32")
    assert compiled(torch.zeros(())) == -1  # torch's own caller: with the definition
    assert precision.precise_program(compiled)(torch.zeros(())) == 1
    assert settings() == ("tf32", "tf32")


@pytest.mark.parametrize("operation", ["conv2d", "lstm"])
def test_the_definition_that_takes_over_is_differentiable_and_compiles(operation, monkeypatch):
    monkeypatch.setattr(namespaces, "_WRITABLE", {})  # what arrays can do is not tried on a recorded one
    if operation == "conv2d":
        x, w = torch.randn(1, 4, 4, 2), torch.randn(2, 2, 2, 3)

        def f(x):
            return K.sum(K.square(K.conv2d(x, w, padding="same")))

    else:
        x, w, u = torch.randn(2, 3, 2), torch.randn(2, 12), torch.randn(3, 12)
        states = [torch.zeros(2, 3), torch.zeros(2, 3)]

        def f(x):
            return K.sum(K.square(K.lstm(x, w, u, None, states)[0]))

    found = torch.func.grad(f)(x)
    compiled = torch.compile(f, fullgraph=True, backend="eager")(x)
    monkeypatch.undo()
    torch.testing.assert_close(found, torch.func.grad(f)(x), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(compiled, f(x), rtol=1e-4, atol=1e-5)
