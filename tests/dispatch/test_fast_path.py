"""The direct ways: for any arguments an operation gives what its definition gives, and fails as it does."""

import sys
import warnings

import array_api_strict
import numpy as np
import pytest

import backend as K

pytestmark = pytest.mark.slow

torch = pytest.importorskip("torch")

DTYPES = ("bool", "int8", "int32", "int64", "float16", "float32", "float64", "complex64")
ONE = (
    "abs",
    "ceil",
    "cos",
    "exp",
    "expm1",
    "floor",
    "isfinite",
    "isinf",
    "isnan",
    "log",
    "log1p",
    "round",
    "sin",
    "square",
    "tanh",
)
PAIRS = ("equal", "greater", "greater_equal", "less", "less_equal", "maximum", "minimum", "not_equal", "dot")
REDUCTIONS = ("max", "min", "prod", "sum")
KERNELS = ("sigmoid", "softmax", "log_softmax")  # direct where the library's kernels have one function for them
LIBRARIES = [np, torch, array_api_strict]


def outcome(call):
    """Type, dtype, shape and bits of a result; the class and the text of an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            result = call()
        except Exception as error:  # noqa: BLE001 - whichever it is, both shall raise the same
            return type(error), str(error)
    values = K.eval(result)  # detached, and of what is symbolic, too
    return type(result), str(result.dtype), tuple(result.shape), values.tobytes()


def same(operation, *args, **kwargs):
    """Twice: the first call meets the kind of array, from the second on it is known."""
    for _ in range(2):
        got = outcome(lambda: operation(*args, **kwargs))
        assert got == outcome(lambda: operation.__wrapped__(*args, **kwargs)), (operation.__name__, args, kwargs)


def arrays(xp):
    for dtype in (name for name in DTYPES if hasattr(xp, name)):
        for shape in ((2, 3), (3,), (), (0, 3), (2, 2, 3), (3, 2)):
            yield (
                xp.asarray(np.resize([1, 0, 3, 2], shape).tolist(), dtype=getattr(xp, dtype))
                if 0 not in shape
                else xp.zeros(shape, dtype=getattr(xp, dtype))
            )


@pytest.fixture(params=LIBRARIES, ids=lambda xp: xp.__name__)
def xp(request):
    return request.param


@pytest.mark.parametrize("name", ONE)
def test_functions_of_one_array(xp, name):
    for x in [*arrays(xp), 2, 2.5, True, [1.0, 2.0], np.float32(2), "text", None]:
        same(getattr(K, name), x)


@pytest.mark.parametrize("name", PAIRS)
def test_functions_of_two_arrays(xp, name):
    known = [x for x in arrays(xp) if "16" not in str(x.dtype)]
    for x in known:
        for y in known:
            same(getattr(K, name), x, y)
        for number in (2, 0.5, True, [1.0, 2.0, 3.0], np.float64(2)):
            same(getattr(K, name), x, number)
            same(getattr(K, name), number, x)


@pytest.mark.parametrize("name", REDUCTIONS)
def test_reductions(xp, name):
    for x in [*arrays(xp), 2, 2.5, [1.0, 2.0]]:
        for axis in (None, 0, -1, 1, 5, (0, 1), [0], [], True, "one"):
            for keepdims in (False, True):
                same(getattr(K, name), x, axis, keepdims)
    x = xp.asarray([1.0, 2.0])
    assert K.eval(getattr(K, name)(x=x, axis=0, keepdims=True)).shape == (1,)


@pytest.mark.parametrize("name", KERNELS)
def test_kernels(xp, name):
    for x in [*arrays(xp), 2, 2.5, [1.0, 2.0], "text", None]:
        same(getattr(K, name), x)
        if name != "sigmoid":
            for axis in (0, -1, 1, 5, (0, 1), [0], [], True, "one", None):
                same(getattr(K, name), x, axis)


@pytest.mark.parametrize("name", KERNELS)
def test_kernels_switched_off_leave_the_definition(name):
    x = torch.linspace(-9, 9, 50)
    operation = getattr(K, name)
    operation(x)
    K.set_kernels(False)
    try:
        plain, defined = operation(x), operation.__wrapped__(x)
    finally:
        K.set_kernels(True)
    assert torch.equal(plain, defined) and torch.equal(
        operation(x), getattr(torch, name)(x, *[-1][: name != "sigmoid"])
    )


def test_reshape(xp):
    for x in [*arrays(xp), 2.0, [1.0, 2.0]]:
        for shape in ((3, 2), (6,), (-1,), [3, 2], (4, 4), (), (True, 6), (2.0, 3), (None, 3), 6, (-1, -1), ((6,),)):
            same(K.reshape, x, shape)
    assert K.reshape(x=xp.asarray([1.0]), shape=(1, 1)).shape == (1, 1)


def test_stop_gradient(xp):
    for x in [*arrays(xp), 2.0, None]:
        same(K.stop_gradient, x)
    assert [type(x) for x in K.stop_gradient(variables=[xp.asarray(1.0)])] == [type(xp.asarray(1.0))]


def test_every_direct_operation_is_tried():
    found = {
        name
        for name, value in vars(K).items()
        if getattr(getattr(value, "__code__", None), "co_filename", "").endswith("fast_path.py")
    }
    assert found == {*ONE, *PAIRS, *REDUCTIONS, *KERNELS, "reshape", "stop_gradient"}


@pytest.mark.parametrize("xp", [np, torch], ids=lambda xp: xp.__name__)
@pytest.mark.parametrize("name", [*ONE, *PAIRS, *REDUCTIONS, "reshape", "stop_gradient"])
def test_later_calls_skip_the_definition(xp, name):
    skips(getattr(K, name), xp, name)


@pytest.mark.parametrize("name", KERNELS)
def test_later_calls_of_kernels_skip_the_definition(name):
    skips(getattr(K, name), torch, name)


def skips(operation, xp, name):
    x = xp.ones((2, 2), dtype=xp.float32)
    args = (x, x) if name in PAIRS else (x, (4,)) if name == "reshape" else (x,)
    for _ in range(2):  # the first array of a type makes its dtype known
        operation(*args)
    ran = []
    sys.setprofile(lambda frame, event, _: ran.append(frame.f_code))
    try:
        operation(*args)
    finally:
        sys.setprofile(None)
    assert operation.__wrapped__.__code__ not in ran


def test_gradients_pass_and_subclasses_stay():
    x = torch.nn.Parameter(torch.tensor([1.0, -2.0, 3.0]))
    for _ in range(2):
        (slope,) = torch.autograd.grad(K.sum(K.maximum(K.exp(x), x * 2.0)) + K.dot(x, x) + K.max(x), x)
    torch.testing.assert_close(slope, torch.exp(x).detach() + 2 * x.detach() + torch.tensor([0.0, 0.0, 1.0]))
    assert not K.stop_gradient(x).requires_grad


class Doubling(np.ndarray):
    """A subclass whose multiplication is not NumPy's."""

    def __mul__(self, other):
        return 2.0 * np.asarray(self) * other


SUBCLASSES = {
    "matrix": lambda x: x.view(np.matrix),
    "masked": lambda x: np.ma.masked_array(x, mask=False),
    "own": lambda x: x.view(Doubling),
}


@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
@pytest.mark.parametrize("kind", SUBCLASSES)
@pytest.mark.parametrize("call", [K.exp, K.sum, K.square, K.softmax, K.flatten, K.stop_gradient, K.tanh, K.transpose])
def test_subclasses_of_ndarray_are_taken_as_plain_arrays(kind, call):
    x = np.array([[1.0, -2.0], [3.0, 0.5]], "float32")
    given, wanted = SUBCLASSES[kind](x), call(x)
    for _ in range(2):
        found = call(given)
        assert type(found) is type(wanted) and np.array_equal(found, wanted) and found.shape == wanted.shape
    both = K.dot(given, given), K.maximum(given, x), K.equal(x, given), K.concatenate([given, x], 0)
    assert {type(result) for result in both} == {np.ndarray}
    assert np.array_equal(both[0], x @ x)
    p = K.placeholder((2, 2))
    (found,) = K.function([p], [p * 3.0])([given])
    assert type(found) is np.ndarray and np.array_equal(found, x * 3.0)
    assert np.array_equal(K.eval(p * given, {p: x}), x * x)


def test_masked_elements_are_refused():
    masked = np.ma.masked_array([1.0, 2.0], mask=[True, False])
    p = K.placeholder((2,))
    for call in (
        K.sum,
        K.exp,
        K.softmax,
        K.variable,
        K.constant,
        lambda x: p + x,
        K.function([p], [p]),
        K.stop_gradient,
    ):
        with pytest.raises(TypeError, match="masked"):
            call([masked] if isinstance(call, K.Function) else masked)


def test_two_devices_are_refused():
    """Torch lets a number on the CPU pass where values are elsewhere, and never looks in a product of matrices."""
    here, there = torch.ones((2, 2)), torch.ones((2, 2), device="meta")
    for _ in range(2):
        K.maximum(here, here)
        with pytest.raises(TypeError, match="two devices"):
            K.maximum(here, there)
        with pytest.raises(TypeError, match="two devices"):
            K.dot(here, there)
