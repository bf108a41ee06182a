"""The recording namespace is the standard's: names, signatures, array members, dtypes and promotion."""

from __future__ import annotations

import inspect
import operator

import array_api_strict as strict
import numpy as np
import pytest

import backend as K
from backend.arrays.dtypes import DTYPES
from backend.arrays.namespaces import array_namespace
from backend.graph.standard import namespace as xp
from backend.graph.tensor import Constant, Placeholder, Tensor, control

NOT_STANDARD = {
    "Device",
    "ArrayAPIStrictFlags",
    "set_array_api_strict_flags",
    "get_array_api_strict_flags",
    "reset_array_api_strict_flags",
    "__version__",
}
MAIN = [name for name in strict.__all__ if name not in NOT_STANDARD]
LINALG = [*strict.linalg.__all__, "eig", "eigvals"]  # the two newest are not in its __all__
FUNCTIONS = (
    [(strict, xp, name) for name in MAIN if inspect.isfunction(getattr(strict, name))]
    + [(strict.linalg, xp.linalg, name) for name in LINALG]
    + [(strict.fft, xp.fft, name) for name in strict.fft.__all__]
)


def placeholder(*shape, dtype="float32"):
    return Placeholder(shape, dtype)


def test_every_name_of_the_standard_is_there():
    assert [name for name in MAIN if not hasattr(xp, name)] == []
    assert len(LINALG) == 25 and [name for name in LINALG if not hasattr(xp.linalg, name)] == []
    assert len(strict.fft.__all__) == 14
    assert [name for name in strict.fft.__all__ if not hasattr(xp.fft, name)] == []
    assert xp.__array_api_version__ == strict.__array_api_version__


def parameters(function):
    """Name, kind and default of each parameter; strict's mark for 'not given' counts as None, as in the standard."""
    return [
        (p.name, p.kind, None if repr(p.default).startswith("<Undef") else p.default)
        for p in inspect.signature(function).parameters.values()
    ]


@pytest.mark.parametrize(
    ("theirs", "ours", "name"), FUNCTIONS, ids=lambda value: value if isinstance(value, str) else ""
)
def test_signatures_are_the_standards(theirs, ours, name):
    expected, found = parameters(getattr(theirs, name)), parameters(getattr(ours, name))
    if name == "expand_dims":  # the standard gives axis the default 0, array_api_strict gives it none
        expected[1] = (*expected[1][:2], 0)
    assert found == expected


@pytest.mark.parametrize(
    ("ours", "name"),
    [(ours, name) for _, ours, name in FUNCTIONS],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_functions_carry_their_names(ours, name):
    assert getattr(ours, name).__name__ == name
    assert getattr(ours, name).__doc__


def test_the_functions_in_two_places_are_the_same():
    for name in ("matmul", "matrix_transpose", "tensordot", "vecdot"):
        assert getattr(xp, name) is getattr(xp.linalg, name)


def test_array_members_are_the_standards():
    private = {"__annotations__", "__slots__", "__buffer__"}
    members = [
        name
        for name in vars(type(strict.asarray(1)))
        if name not in private and (not name.startswith("_") or name.startswith("__"))
    ]
    in_place = {name for name in members if name.startswith("__i") and f"__{name[3:]}" in members}
    assert "__add__" in members and "__iadd__" in in_place
    assert [name for name in members if not hasattr(Tensor, name) and name not in in_place] == []


def test_in_place_operators_give_new_tensors():
    x = first = placeholder(2)
    x += 1
    assert x is not first and x.node.function == "add"


@pytest.mark.parametrize("name", ["add", "sub", "mul", "truediv", "pow", "floordiv", "mod"])
def test_operators_record_on_both_sides(name):
    x = placeholder(2)
    method = getattr(operator, name)
    for result in (method(x, 2.0), method(2.0, x), method(x, np.ones(2)), method(np.ones(2), x)):
        assert isinstance(result, Tensor) and result.shape == (2,) and result.dtype == "float32"


def test_operators_refuse_what_is_no_array():
    x = placeholder(2)
    for other in (None, "a", object()):
        with pytest.raises(TypeError):
            x + other
        assert (x == other) is False and (x != other) is True


def test_attributes():
    x = placeholder(None, 3)
    assert (x.shape, x.ndim, x.size, x.dtype, x.device) == ((None, 3), 2, None, "float32", None)
    assert placeholder(2, 3).size == 6
    assert x.T.shape == x.mT.shape == (3, None)
    assert x.to_device("cpu") is x
    assert x.__array_namespace__() is xp is array_namespace(x, np.ones(3))
    assert x.__array_namespace__(api_version="2022.12") is xp
    with pytest.raises(ValueError, match=r"unknown revision '2020.12'"):
        x.__array_namespace__(api_version="2020.12")


def test_a_tensor_of_unknown_rank_says_so():
    x = Placeholder(None, "float32")
    assert "unknown rank" in repr(x)
    for ask in (lambda: x.shape, lambda: x.ndim, lambda: x.size, lambda: xp.sum(x)):
        with pytest.raises(ValueError, match="the number of dimensions is unknown"):
            ask()
    assert xp.exp(x).spec.shape is None and (x + 1).dtype == "float32"


@pytest.mark.parametrize("name", ["nonzero", "unique_all", "unique_counts", "unique_inverse", "unique_values"])
def test_data_dependent_functions_say_so(name):
    with pytest.raises(ValueError, match=f"{name}: the result's shape depends on the values"):
        getattr(xp, name)(placeholder(3))


def test_data_dependent_indices_and_repeats_say_so():
    x = placeholder(3)
    with pytest.raises(IndexError, match="boolean mask gives a shape that depends on values"):
        x[x > 0]
    with pytest.raises(ValueError, match=r"repeat: .*would depend on values"):
        xp.repeat(x, placeholder(3, dtype="int64"))


def test_masks_where_shapes_may_depend_on_values():
    x, asked = placeholder(2, 3, 4), []
    places = placeholder(None, dtype="int64")
    token = control.set(control.get()._replace(places=lambda mask: asked.append(mask.shape) or places))
    try:
        assert x[x > 0].shape == (None,)
        assert x[:, x[0, :, :] > 0].shape == (2, None)
        assert x[..., np.asarray([True, False, True, True]), None].shape == (2, 3, None, 1)
        assert asked == [(24,), (12,), (4,)]
        with pytest.raises(IndexError, match=r"mask of shape \(4,\) on axis 1 of shape \(2, 3, 4\)"):
            x[:, [True] * 4]
        with pytest.raises(IndexError, match="4 indices for shape"):
            x[x > 0, 0]
    finally:
        control.reset(token)


@pytest.mark.parametrize(
    ("ask", "error"),
    [
        (bool, TypeError),
        (len, TypeError),
        (int, ValueError),
        (float, ValueError),
        (complex, ValueError),
        (operator.index, ValueError),
        (np.asarray, TypeError),
        (np.from_dlpack, BufferError),
        (iter, TypeError),
    ],
    ids=lambda value: value.__name__,
)
def test_a_tensor_has_no_value(ask, error):
    x = Placeholder((), "float32", name="weight")
    with pytest.raises(error, match=r"weight.*symbolic"):
        ask(x)


def test_iteration_needs_a_known_size():
    assert [row.shape for row in placeholder(2, None)] == [(None,), (None,)]
    with pytest.raises(TypeError, match="cannot iterate over a symbolic tensor without a known first size"):
        list(placeholder(None, 2))


def test_tensors_cannot_be_assigned_to():
    with pytest.raises(TypeError, match="cannot be assigned to"):
        placeholder(2)[0] = 1.0


def test_equality_records_and_its_truth_is_identity():
    x, y, z = placeholder(2), placeholder(2), placeholder(3)
    assert (x == y).node.function == "equal" and (x != 1.0).dtype == "bool"
    assert x in [y, x] and y not in [x, z] and x in {x: 1} and x not in {0, 2} and x not in (0, 1)
    assert [x, y] == [x, y] and [x, y] != [y, x]
    assert (x == z) is False and (x != z) is True  # shapes that do not broadcast: not the same tensor
    with pytest.raises(TypeError, match="neither true nor false"):
        bool(xp.equal(x, x))
    with pytest.raises(TypeError, match="neither true nor false"):
        bool(xp.logical_not(x == y))


def test_dtypes_are_instances_equal_to_their_names():
    for name in DTYPES:
        dtype = getattr(xp, name)
        assert not isinstance(dtype, type)
        assert dtype == name and dtype != "float8" and hash(dtype) == hash(name)
        assert repr(dtype) == str(dtype) == dtype.name == name
        assert placeholder(2, dtype=dtype).dtype == dtype
        assert placeholder(2, dtype=np.float32 if name == "float32" else name).dtype == dtype
    assert len({getattr(xp, name) for name in DTYPES}) == len(DTYPES)


def test_questions_about_dtypes():
    info = xp.__array_namespace_info__()
    assert set(info.dtypes()) == {name for name in DTYPES if name not in ("float16", "bfloat16")}
    assert set(info.dtypes(kind="real floating")) == {"float32", "float64"}
    assert info.dtypes(kind=("bool", "complex floating")).keys() == {"bool", "complex64", "complex128"}
    assert info.default_dtypes()["real floating"] == "float32"
    assert info.default_device() is None and info.devices() == (None,)
    assert info.capabilities() == {"boolean indexing": False, "data-dependent shapes": False, "max dimensions": None}
    assert xp.finfo(xp.float32).eps == np.finfo("float32").eps and xp.finfo(placeholder(2)).bits == 32
    assert xp.iinfo("int8").max == 127 and xp.iinfo(placeholder(2, dtype="uint8")).max == 255


@pytest.mark.parametrize("floatx", ["float32", "float64"])
def test_the_default_dtypes_are_those_of_every_creation_function(floatx):
    before = K.floatx()
    K.set_floatx(floatx)
    try:
        defaults = xp.__array_namespace_info__().default_dtypes()
        size = placeholder(None).sizes[0]
        made = {
            "real floating": [
                *(xp.asarray(1.0), xp.asarray([1.0, 2]), xp.full(2, 1.5), xp.arange(2.0), xp.arange(0, 1, 0.5)),
                *(xp.linspace(0, 1, 3), xp.ones(2), xp.zeros((2, 1)), xp.empty(3), xp.eye(2)),
            ],
            "integral": [
                *(xp.asarray(1), xp.asarray([[1, 2], [3, 4]]), xp.asarray([True, 2]), xp.full((2, 2), -1)),
                *(xp.arange(3), xp.arange(1, 5, 2), xp.asarray(size), xp.asarray([size, 2]), xp.full(2, size)),
            ],
            "indexing": [xp.argmax(xp.ones(3)), xp.argsort(xp.ones(3)), xp.count_nonzero(xp.ones(3))],
            "complex floating": [xp.asarray(1j), xp.asarray([1, 2j]), xp.full(2, 1j)],
        }
        for kind, tensors in made.items():
            assert {t.dtype for t in tensors} == {defaults[kind]}, kind
        assert xp.asarray(True).dtype == xp.full(2, False).dtype == xp.bool
        assert K.constant(1, dtype="int32").dtype == K.eval(K.arange(3)).dtype == "int32"  # K's own rule is Keras's
    finally:
        K.set_floatx(before)


def test_expand_dims_by_tuples_of_axes():
    x = placeholder(2, None)
    value = np.ones((2, 3))
    for axes in ((), (0,), (0, 1), (-1, 0), (1, 3)):
        made = xp.expand_dims(x, axis=axes)
        assert made.ndim == 2 + len(axes)
        assert K.function([x], [made])([value])[0].shape == np.expand_dims(value, axes).shape
    with pytest.raises(ValueError, match="twice"):
        xp.expand_dims(x, axis=(0, 0))


@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
def test_expm1_of_complex_zeros_keeps_their_signs(dtype):
    zeros = np.asarray([complex(re, im) for re in (0.0, -0.0) for im in (0.0, -0.0)], dtype)
    (found,) = K.function([x := placeholder(4, dtype=dtype)], [xp.expm1(x)])([zeros])
    assert np.array_equal(
        np.signbit(found.view(f"float{found.itemsize * 4}")), np.signbit(zeros.view(found.real.dtype))
    )


@pytest.mark.parametrize(
    "kind", ["bool", "integral", "signed integer", "unsigned integer", "real floating", "complex floating", "numeric"]
)
def test_isdtype_agrees_with_strict(kind):
    for name in set(DTYPES) - {"float16", "bfloat16"}:
        assert xp.isdtype(getattr(xp, name), kind) == strict.isdtype(getattr(strict, name), kind), name


def test_isdtype_of_dtypes_and_tuples():
    assert xp.isdtype(xp.float32, xp.float32) and not xp.isdtype(xp.float32, xp.float64)
    assert xp.isdtype(xp.int8, ("bool", "integral")) and not xp.isdtype(xp.int8, ("bool", xp.int16))
    with pytest.raises(ValueError, match="isdtype: kind is 'floating'"):
        xp.isdtype(xp.float32, "floating")


PROMOTIONS = [
    # a tensor decides; NumPy arrays and Python numbers beside it never widen it within a kind
    ("float32", np.ones(2, "float64"), "float32"),
    ("float32", np.float64(1), "float32"),
    ("float64", np.ones(2, "float32"), "float64"),
    ("int32", np.ones(2, "int64"), "int32"),
    ("float32", np.ones(2, "int64"), "float32"),
    ("float16", np.ones(2, "float32"), "float16"),
    ("bool", np.ones(2, "int64"), "int64"),
    ("int32", np.ones(2, "float64"), "float32"),
    ("float32", 1, "float32"),
    ("float32", 1.5, "float32"),
    ("float64", 1.5, "float64"),
    ("float16", 2.5, "float16"),
    ("float32", 1j, "complex64"),
    ("float64", 1j, "complex128"),
    ("int32", 1, "int32"),
    ("uint8", 1, "uint8"),
    ("int64", 1.5, "float32"),
    ("bool", 1, "int32"),
    ("bool", 0.5, "float32"),
    ("float32", True, "float32"),
    ("float32", [1.0, 2.0], "float32"),
    ("int32", [1.0, 2.0], "float32"),
    ("complex64", np.ones(2, "float64"), "complex64"),
]


@pytest.mark.parametrize(("dtype", "other", "expected"), PROMOTIONS, ids=lambda value: str(value).replace("\n", ""))
def test_promotion_beside_a_tensor(dtype, other, expected):
    x = placeholder(2, dtype=dtype)
    assert xp.add(x, other).dtype == xp.add(other, x).dtype == (x + other).dtype == expected


@pytest.mark.parametrize("first", sorted(set(DTYPES) - {"float16", "bfloat16", "bool"}))
def test_promotion_of_two_tensors_agrees_with_strict(first):
    for second in set(DTYPES) - {"float16", "bfloat16", "bool"}:
        try:
            expected = str(strict.result_type(getattr(strict, first), getattr(strict, second))).rpartition(".")[2]
        except TypeError:  # the standard leaves mixed kinds open: here the higher kind decides
            if "uint64" in (first, second) and {first[:3], second[:3]} == {"int", "uin"}:
                with pytest.raises(TypeError, match="no common dtype"):
                    placeholder(2, dtype=first) + placeholder(2, dtype=second)
                continue
            floats = [name for name in (first, second) if "int" not in name]
            assert len(floats) == 1
            expected = floats[0]
        assert (placeholder(2, dtype=first) + placeholder(2, dtype=second)).dtype == expected, second
        assert xp.result_type(getattr(xp, first), getattr(xp, second)) == expected, second


def test_integers_rise_to_floatx_where_a_function_needs_floats():
    for dtype in ("bool", "int8", "int64", "uint8"):
        x = placeholder(2, 2, dtype=dtype)
        for result in (xp.exp(x), x / x, xp.mean(x, axis=0), xp.linalg.inv(x), xp.std(x), xp.atan2(x, x)):
            assert result.dtype == "float32", dtype


def test_kinds_that_cannot_work_are_refused():
    x, k, z = placeholder(2), placeholder(2, dtype="int32"), placeholder(2, dtype="complex64")
    for call, words in [
        (lambda: x & x, "bitwise_and: dtype float32"),
        (lambda: ~x, "bitwise_invert: dtype float32"),
        (lambda: xp.logical_not(x), "logical_not: dtype float32"),
        (lambda: z < z, "less: dtype complex64"),
        (lambda: xp.floor(z), "floor: dtype complex64"),
        (lambda: xp.max(z), "max: dtype complex64"),
        (lambda: xp.atan2(z, z), "atan2: dtype complex64"),
        (lambda: k << 1.5, "left_shift: dtype float32"),
        (lambda: xp.astype(z, xp.float32), "astype: a complex array cannot become float32"),
        (lambda: xp.where(x, x, x), "where: condition has dtype float32"),
        (lambda: xp.take(x, x), "take: indices have dtype float32"),
    ]:
        with pytest.raises(TypeError, match=words):
            call()


def test_numbers_an_integer_dtype_cannot_hold_are_refused():
    for other, dtype in [(256, "uint8"), (-1, "uint8"), (2**31, "int32")]:
        with pytest.raises(OverflowError, match=f"add: {other} is out of range for {dtype}"):
            placeholder(2, dtype=dtype) + other


def test_arrays_become_constants():
    value = np.arange(6.0).reshape(2, 3)
    x = xp.asarray(value)
    assert isinstance(x, Constant) and x.shape == (2, 3) and x.dtype == "float64"
    assert xp.asarray(x) is x and xp.asarray(x, dtype=xp.float32).dtype == "float32"
    assert xp.asarray([[1, 2], [3, 4]]).dtype == "int64" and xp.asarray([1.5]).dtype == "float32"
    assert xp.asarray([placeholder(2), [1.0, 2.0]]).shape == (2, 2)
    with pytest.raises(TypeError, match="expected numbers"):
        xp.asarray(["a"])


def test_two_unknown_sizes_meet_in_int32():
    x = K.placeholder((None, None))
    rows, columns = x.sizes
    larger = K.maximum(rows, columns)
    assert larger.dtype == "int32"
    assert K.function([x], [larger])([np.ones((2, 5), "float32")])[0] == 5


def test_a_number_beside_bfloat16_is_made_by_the_library():
    """NumPy alone has no bfloat16 for a constant, and torch needs none of NumPy's."""
    x = placeholder(2, dtype="bfloat16")
    _, number = xp.maximum(x, 0.5).node.args
    assert not isinstance(number, Constant) and (number.shape, number.dtype) == ((), "bfloat16")
    assert "xp.full((), 0.5, dtype=xp.bfloat16" in K.function([x], [xp.maximum(x, 0.5)]).source
