"""Text from users never becomes code: hostile strings for every name, hostile objects for every parameter."""

from __future__ import annotations

import builtins
import enum

import numpy as np
import pytest
from wrong_calls import native, right_calls

import backend as K
from backend.graph.tensor import Tensor

CODE = "__import__('builtins').ran.append(1)"
NAMES = [
    f"x\n{CODE}\n#",
    f"x\r{CODE}\r#",
    f"x\u2028{CODE}",
    f"x\x0c{CODE}",
    f"'''\n{CODE}\n'''",
    f'"""\n{CODE}\n"""',
    f"x={CODE}",
    f"{{{CODE}}}",
    "nul\x00",
    "surrogate\ud800",
    "\\",
    "%s%n{0}",
    *("class", "None", "xp", "c1", "body_1", "device", "inf", "nan", "function", "True", "_", "1", " ", "é"),
]


@pytest.fixture(autouse=True)
def nothing_runs(monkeypatch):
    monkeypatch.setattr(builtins, "ran", [], raising=False)
    yield
    assert builtins.ran == []


def evaluated(outputs, inputs=(), values=(), name="f"):
    f = K.function(list(inputs), outputs, name=name)
    assert CODE.splitlines()[0] not in [line.strip() for line in f.source.splitlines()]
    str(f.stages)
    return f(list(values))


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_names(name):
    x = K.placeholder((2, 3), name=name)
    v = K.variable(np.ones((2, 3)), name=name)
    with K.name_scope(name):
        w = K.random_normal_variable((2, 3), 0.0, 1.0, name=name, seed=1)
        z = [K.zeros((2, 3), name=name), K.ones((2, 3), name=name), K.constant(1.0, name=name), K.eye(3, name=name)]
    drawn = [
        K.random_uniform_variable((2, 3), 0.0, 1.0, name=name, seed=2),
        K.identity(x, name=name),
        K.ones_like(x, name=name),
        K.zeros_like(x, name=name),
        K.size(x, name=name),
        K.map_fn(lambda row: row * 2.0, x, name=name),
        K.foldl(lambda a, b: a + b, x, name=name),
        K.foldr(lambda a, b: a + b, x, name=name),
    ]
    K.get_uid(name)
    outputs = [x * 2.0, v + w, *z, *drawn, *K.gradients(K.sum(K.exp(x) * v), [x, v])]
    updates = [K.update_add(v, K.ones((2, 3)))]
    f = K.function([x], outputs, updates, name=name)
    for jit in (False, True):
        values = K.function([x], outputs, updates, name=name, jit=jit)([np.ones((2, 3))])
        np.testing.assert_array_equal(values[0], 2.0)
    f([np.ones((2, 3))])
    for text in (repr(x), repr(v), repr(f), str(f.stages), f.source):
        text.encode()  # no surrogate is left
    with pytest.raises(ValueError, match="shape"):
        f([np.ones((5, 5))])


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_names_of_layers_and_models(name):
    model = K.models.Sequential([K.models.Dense(2, input_shape=(3,), name=name)])
    model.compile("sgd", "mse")
    model.fit(np.ones((4, 3)), np.ones((4, 2)), epochs=1, verbose=0)
    assert model.predict(np.ones((4, 3))).shape == (4, 2)


class Int(int):
    __repr__ = __str__ = lambda self: CODE

    def __format__(self, spec):
        return CODE


class Float(float):
    __repr__ = __str__ = lambda self: CODE

    def __format__(self, spec):
        return CODE


class Complex(complex):
    __repr__ = __str__ = lambda self: CODE


class Text(str):
    __repr__ = __str__ = lambda self: CODE

    def __format__(self, spec):
        return CODE


class Tuple(tuple):
    __repr__ = __str__ = lambda self: CODE


def hostile(value, kind=0):
    """The same value, as an object that prints itself as code."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return [Int, lambda v: enum.IntEnum("E", {"a": v}).a, np.int64][kind](value)
    if isinstance(value, float):
        return [Float, Float, np.float64][kind](value)
    if isinstance(value, str):
        return [Text, lambda v: enum.StrEnum("E", {"a": v}).a, np.str_][kind](value)
    if isinstance(value, (tuple, list)) and not any(hasattr(v, "dtype") for v in value):
        return Tuple(hostile(v, kind) for v in value)
    return value


@pytest.mark.parametrize("kind", [0, 1, 2])
@pytest.mark.parametrize("name", sorted({name for name, _ in right_calls()} - {"print_tensor"}))
def test_objects(name, kind):
    if name == "arange" and kind == 2:
        return  # of NumPy's integers it is an array at once
    (_, arguments), *_ = right_calls(name)
    feeds = []

    def fed(x):
        feeds.append((K.placeholder(x.shape, dtype=x.dtype), x))
        return feeds[-1][0]

    plain = {p: native(v, fed) for p, v in arguments.items()}
    changed = {p: hostile(v, kind) for p, v in plain.items()}
    results = [getattr(K, name)(**given) for given in (plain, changed)]
    wanted, found = ([t for t in K_flat(r) if isinstance(t, Tensor)] for r in results)
    assert len(wanted) == len(found)
    inputs, values = [p for p, _ in feeds], [v for _, v in feeds]
    drawn = "random" in name or name in ("dropout", "truncated_normal")
    for a, b in zip(*(evaluated(outs, inputs, values) for outs in (wanted, found)), strict=True):
        assert a.shape == b.shape and (drawn or np.array_equal(a, b, equal_nan=True))


def K_flat(result):  # noqa: N802 - of K's results
    return [t for r in result for t in K_flat(r)] if isinstance(result, (list, tuple)) else [result]


@pytest.mark.parametrize(
    "value", [complex(0, np.inf), complex(np.nan, -0.0), np.inf, -np.inf, np.nan, -0.0, Float(2.5)]
)
def test_constants(value):
    x = K.placeholder((2,), dtype="complex64" if isinstance(value, complex) else "float32")
    with np.errstate(all="ignore"):
        (found,) = evaluated([x * value], [x], [np.ones(2)])
        np.testing.assert_array_equal(found, np.ones(2, str(x.dtype)) * np.dtype(str(x.dtype)).type(value))
    assert found.shape == (2,)


def test_a_feed_prints_nothing_of_its_own():
    class Array(np.ndarray):
        __repr__ = __str__ = lambda self: CODE

    x = K.placeholder((2,))
    (found,) = evaluated([x * np.ones(2, "float32").view(Array)], [x], [np.ones(2).view(Array)])
    np.testing.assert_array_equal(found, 1.0)
