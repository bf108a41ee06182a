"""Sizes known at run time: equal ones are one object, each rule fires and keeps values, and towers stay linear."""

import gc
import itertools
import threading
import time
import weakref

import numpy as np
import pytest

import backend as K
from backend.graph import dims
from backend.graph.dim_text import compounds, walk
from backend.graph.dims import DIM_RULES, Dim, at_least, combined, largest, smallest
from backend.graph.tensor import Placeholder


def sizes(count=2):
    return Placeholder((None,) * count, "float32", "x").sizes


def value(size, *numbers):
    return size.replace(lambda leaf: numbers[leaf.arguments[1]]) if isinstance(size, Dim) else size


FIRES = {  # by rule: the operation, its operands, and what the rule gives
    "multiples over a number": lambda n, m: ("//", n * 6 + m * 2 + 3, 2, n * 3 + m + 1),
    "division without remainder": lambda n, m: ("//", n * m * 6, m * 2, n * 3),
    "division of a division": lambda n, m: ("//", (n + 1) // 2, 3, (n + 1) // 6),
    "remainder of multiples": lambda n, m: ("%", n * 6 + 3, 2, 1),
    "no remainder": lambda n, m: ("%", n * m, m, 0),
    "the first is largest": lambda n, m: ("max", n, smallest(n, m), n),
    "the second is largest": lambda n, m: ("max", n, n + m, n + m),
    "the first is smallest": lambda n, m: ("min", n, largest(m, n), n),
    "the second is smallest": lambda n, m: ("min", n + 3, 2, 2),
    "largest of three": lambda n, m: ("max", largest(n, 2), 3, largest(n, 3)),
    "smallest of three": lambda n, m: ("min", smallest(n, 3), 2, smallest(n, 2)),
}


def test_every_rule_has_a_case():
    assert set(FIRES) == set(DIM_RULES.names)


@pytest.mark.parametrize("name", FIRES)
def test_a_rule_fires_and_keeps_the_value(name):
    function, a, b, expected = FIRES[name](*sizes())
    assert combined(function, a, b) is expected or combined(function, a, b) == expected
    raw = Dim(function, a, b)
    assert DIM_RULES.find(raw) == (name, expected)
    assert combined(function, a, b, without=[name]) != expected
    for n, m in itertools.product(range(1, 9), repeat=2):
        plain = {"//": lambda p, q: p // q, "%": lambda p, q: p % q, "max": max, "min": min}[function]
        assert plain(value(a, n, m), value(b, n, m)) == value(expected, n, m)


def test_sums_and_products_have_a_normal_form():
    n, m = sizes()
    assert n * 2 + n is n * 3 and (n + 2) - 1 is n + 1 and n - n == 0 and n + m - n is m and m + n is n + m
    assert (
        (n + m) - (m - 1) is n + 1 and (n + 1) * 2 is n * 2 + 2 and 0 - (0 - n) is n and n * 0 == 0 and 3 - n is -n + 3
    )
    assert m * n is n * m and n * 2 * m is n * m * 2 and (n * 2 + 2) * m is (n + 1) * m * 2
    assert (n + 1) * m // (n + 1) is m and (n * m + n) // n is m + 1 and n * 2 // (n * 2) == 1


def test_text():
    n, m = sizes()
    texts = {
        n - 1: "(x.shape[0] - 1)",
        m - n * 2: "(x.shape[1] - x.shape[0] * 2)",
        -n: "(-x.shape[0])",
        -n - 2: "(-x.shape[0] - 2)",
        2 - n: "(2 - x.shape[0])",
        (n + 1) * m * 3: "(x.shape[1] * (x.shape[0] + 1) * 3)",
        (n + 1) // 2 * 2 + 1: "(((x.shape[0] + 1) // 2) * 2 + 1)",
        n // -2: "(x.shape[0] // (-2))",
        largest(n - 3, 0): "max(x.shape[0] - 3, 0)",
        n % 3 - m // n: "(x.shape[0] % 3 - (x.shape[1] // x.shape[0]))",
        n * -2 * m + n: "(x.shape[0] - x.shape[0] * x.shape[1] * 2)",
    }
    for size, text in texts.items():
        assert repr(size) == text
        for a, b in ((3, 5), (4, 2)):
            assert eval(text, {"x": np.zeros((a, b))}) == value(size, a, b)


def test_bounds():
    n, m = sizes()
    item = Dim("item", Placeholder((), "int32"))
    assert (
        at_least(n + 1, 1) and at_least(n, n - 1) and at_least(n + m, n) and at_least(n * m, 0) and at_least(3, n % 4)
    )
    assert not at_least(n - 1, 0) and not at_least(item, 0) and not at_least(n, m) and not at_least(n * item, 0)
    assert smallest(n + 1, 1) == 1 and largest(smallest(n, 1), n) is n and largest(n // 2, 0) is n // 2


def test_equal_sizes_are_one_object_in_all_threads():
    x = Placeholder((None, None), "float32")
    found = [[] for _ in range(8)]
    start = threading.Barrier(8)

    def make(mine):
        start.wait()
        for i in range(300):
            mine.append(smallest(x.sizes[0] * i + x.sizes[1] // (i + 2), i * 3))

    threads = [threading.Thread(target=make, args=(mine,)) for mine in found]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(a is b for mine in found for a, b in zip(mine, found[0], strict=True))


def test_sizes_are_not_kept_alive():
    gc.collect()
    before = len(dims._interned)
    x = Placeholder((None,), "float32")
    tower = x.sizes[0]
    for _ in range(50):
        tower = smallest(tower * 3 - 5, tower // 2)
    held = weakref.ref(tower)
    assert len(dims._interned) > before
    del x, tower
    gc.collect()
    assert held() is None and len(dims._interned) <= before


def irreducible(steps):
    """A size that each step uses several times and no rule makes smaller, after each step."""
    n = sizes(1)[0]
    for _ in range(steps):
        n = n - smallest(n, 2) + smallest(n // 3 * 2, 7)
        yield n


def test_towers_are_linear():
    parts = {}
    for count in (50, 100, 200):
        *_, top = irreducible(count)
        parts[count] = len(list(walk([top])))
        assert len(top.tensors) == 1 and len(repr(top)) < 2000
    assert parts[200] - parts[100] <= 2.2 * (parts[100] - parts[50])
    assert (
        value(top, 40)
        == [*itertools.accumulate(range(200), lambda n, _: n - min(n, 2) + min(n // 3 * 2, 7), initial=40)][-1]
    )


def test_towers_print_in_linear_length_with_names_for_parts():
    lengths = {}
    for count in (50, 100, 200):
        every = list(irreducible(count))
        named, lines = {}, []
        for part, uses in compounds(every):
            if uses > 1:
                lines.append(f"n{len(named)} = {part.source(lambda t: 'x', named)}")
                named[part] = f"n{len(named)}"
        lines += [f"last = {every[-1].source(lambda t: 'x', named)}"]
        lengths[count] = len("\n".join(lines))
        scope = {"x": np.zeros(40)}
        exec("\n".join(lines), scope)
        assert scope["last"] == value(every[-1], 40)
    assert lengths[200] - lengths[100] <= 2.5 * (lengths[100] - lengths[50])


def test_parts_with_names_are_not_listed_again():
    n, m = sizes()
    part = smallest(n // 2, m)
    whole = part * 3 + n % 5
    assert dict(compounds([whole, part])) == {n // 2: 1, part: 2, n % 5: 1, whole: 1}
    assert dict(compounds([whole], named={part: "p"})) == {n % 5: 1, whole: 1}


def test_parts_replaced_before_are_not_replaced_again():
    done, seen = {}, []
    n = sizes(1)[0]

    def leaf(dim):
        seen.append(dim)
        return 4

    assert [(n + 1).replace(leaf, done), ((n + 1) * 2).replace(leaf, done), smallest(n, 9).replace(leaf, done)] == [
        5,
        10,
        4,
    ]
    assert seen == [n]


def test_a_rolled_array_rolled_again():
    x = y = K.placeholder((None,), dtype="float64")
    started = time.process_time()
    for _ in range(40):
        y = K.concatenate([y[1:], y[:1]], axis=0)
    f = K.function([x], [y])
    assert time.process_time() - started < 10 and len(f.source) < 40 * 250
    for count in (7, 1, 0):
        np.testing.assert_array_equal(f([np.arange(float(count))])[0], np.roll(np.arange(float(count)), -40))


def test_an_array_padded_and_cut_again_and_again():
    x = y = K.placeholder((None, None, 3), dtype="float64")
    started = time.process_time()
    for _ in range(50):
        y = K.temporal_padding(y, (2, 1))[:, 1:-1]
    f = K.function([x], [y])
    assert time.process_time() - started < 10 and len(f.source) < 50 * 250
    data = np.arange(12.0).reshape(1, 4, 3)
    np.testing.assert_array_equal(f([data])[0], np.pad(data, ((0, 0), (50, 0), (0, 0))))


def test_sizes_die_with_their_tensors():
    """A tensor that holds an expression of its own size, as the functions cached by K.eval do, is garbage like any."""

    class Holder(Placeholder):
        held = None

    t = Holder((None, 3), "float32")
    t.held = (t.sizes[0] + 1) * 2 // 3
    dead = weakref.ref(t)
    del t
    gc.collect()
    assert dead() is None
