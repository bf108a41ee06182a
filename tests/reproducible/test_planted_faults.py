"""Faults planted in the reproducible mode: the checks that its tests are made of find each."""

import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from exact_rounding import fractions, hard, nearest, wrong

from backend.arrays.namespaces import of_library
from backend.reproducible import bases, columns, elementary, products, reductions, rounding, sums
from backend.reproducible.namespace import ReproducibleNamespace

MODULES = [bases, columns, elementary, products, reductions, rounding, sums]


def plant(monkeypatch, module, correct, faulty):
    """Replace a piece of a module's source, and its functions and classes by the changed ones, everywhere."""
    source = Path(module.__file__).read_text("utf-8")
    assert source.count(correct) == 1, f"{correct!r} stands {source.count(correct)} times in {module.__name__}"
    changed = {"__name__": module.__name__, "__package__": module.__package__, "__file__": module.__file__}
    exec(compile(source.replace(correct, faulty), module.__file__, "exec"), changed)
    before = {
        name: value for name, value in vars(module).items() if getattr(value, "__module__", "") == module.__name__
    }
    for each in MODULES:
        for name, value in list(vars(each).items()):
            if any(value is old for old in before.values()):
                monkeypatch.setattr(each, name, changed[name])


def count_of_wrong(library):
    """How many results of a fresh namespace over a library are not the exact ones, rounded once."""
    xp = ReproducibleNamespace(of_library(library))
    rng, count = np.random.default_rng(0), 0
    pairs = [(a, np.ascontiguousarray(b.T)) for (_, a), (_, b) in zip(hard((6, 40)), hard((5, 40), 1), strict=True)]
    # halfway between two float32, but for a term that float64 loses
    pairs.append((np.array([[1, 2.0**-12, 2.0**-30]], "float32"), np.array([[1], [2.0**-12], [2.0**-30]], "float32")))
    pairs.append((np.concatenate([pairs[-1][0], np.array([[0, 0, 1e-38]], "float32")]), pairs[-1][1]))
    pairs.append((np.array([[-1e-30]], "float32"), np.array([[1e-30]], "float32")))
    # 600 + 2**-15 + 2**-46: halfway but for a bit that 53 do not hold
    long = np.array([[*[1.0] * 599, 1 + 2.0**-23, 127 * 2.0**-22]], "float32")
    pairs.append((long, np.where(long < 1, np.float32(1), long).T.copy()))
    pairs.append((np.repeat(long, 3, axis=0), pairs[-1][1]))  # few places are repaired in another way than many
    uneven = rng.normal(size=(2, 40, 64)).astype("float32")
    uneven[0, 0] *= 1e8
    pairs.append((uneven[0], uneven[1].T.copy()))
    for a, b in pairs:
        rows, columns = fractions(a), fractions(b.T)
        exact = [[nearest(sum((p * q for p, q in zip(r, c, strict=True)), Fraction(0))) for c in columns] for r in rows]
        count += wrong(xp.matmul(xp.asarray(a), xp.asarray(b)), np.array(exact))
        count += wrong(xp.sum(xp.asarray(a), axis=1), np.array([nearest(sum(r, Fraction(0))) for r in rows]))
    for x in (np.array([1.0, 2.0**-24, 2.0**-60], "float32"), np.array([-0.0], "float32")):
        count += wrong(np.asarray(xp.sum(xp.asarray(x))), nearest(sum(fractions(x), Fraction(0))))
    tall = np.zeros((600, 9), "float32")  # long enough for sums block by block
    tall[[1, 300, 599], 2] = 1.0, 2.0**-24, 2.0**-60
    count += wrong(xp.sum(xp.asarray(tall), axis=0), tall.sum(axis=0) + np.spacing(tall[1]) * (tall[1] > 0))
    x = rng.uniform(0, 9, 5000).astype("float32")
    count += wrong(xp.sqrt(xp.asarray(x)), np.sqrt(x))
    count += wrong(xp.divide(xp.asarray(x), 3.7), x / np.float32(3.7))
    spoiled = rng.normal(size=(64, 64)).astype("float32")
    spoiled[np.arange(64), np.arange(64)] = np.nan
    return count + int((~np.isnan(np.asarray(xp.max(xp.asarray(spoiled), axis=0)))).sum())


FAULTS = {
    "a product's bound of zero": (products, "return (inner + 2) * UNIT * 1.01", "return 0.0"),
    "a product's bound from the smallest row": (
        products,
        "rows[part, None]",
        "rows[part, None] * 0 + rows.min()",
    ),
    "an open place left as the filter has it": (
        products,
        "= repaired(places, candidate, a64, b64)",
        "= out.reshape(-1)[places]",
    ),
    "a product without + 0": (products, "        high += 0.0  #", "        #"),
    "a repaired product not made exact": (products, "rounded(*exact_sums(terms))", "terms.sum(axis=1).astype('f')"),
    "one repaired product not made exact": (
        products,
        "rounded_sum(a[i[place]] * b[:, j[place]])",
        "np.float32((a[i[place]] * b[:, j[place]]).sum())",
    ),
    "a long sum's bound of zero": (columns, "(self.chain * UNIT * 1.01)", "0.0"),
    "a sum's bound of zero": (
        sums,
        "np.asarray(base.host(bound)) * (depth * UNIT * 1.01)",
        "np.asarray(base.host(bound)) * 0.0",
    ),
    "a sum without + 0": (sums, "_shaped(base, x + 0.0, shape)", "_shaped(base, x, shape)"),
    "rounding without the nudge": (rounding, "np.where(short & (low != 0), moved, high)", "np.asarray(high)"),
    "the nudge to the wrong side": (rounding, "high + np.sign(low)", "high - np.sign(low)"),
    "a nudge of ties": (rounding, "short & (low != 0)", "short & (low == 0)"),
    "sums of parts that round": (rounding, "bits = min(53 - max(count - 1, 0).bit_length(), 50)", "bits = 50"),
    "parts cut off after the first": (rounding, "        if not terms.any():", "        if True:"),
}


def test_no_fault_is_found_where_none_is():
    assert count_of_wrong("numpy") == count_of_wrong("torch") == 0


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found(monkeypatch, fault):
    plant(monkeypatch, *FAULTS[fault])
    assert count_of_wrong("numpy") > 0


def test_torchs_own_root_is_found(monkeypatch):
    pytest.importorskip("torch")
    monkeypatch.setattr(bases.TorchBase, "sqrt", lambda self, x: self.xp.sqrt(x))
    assert count_of_wrong("torch") > 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "found"),
    [
        ("pass", False),
        ("bases.JaxBase.divide = lambda self, x, y: self.xp.divide(x, y)", True),
    ],
)
def test_jaxs_own_quotient_is_found(fault, found):
    pytest.importorskip("jax")
    code = f"""
import numpy as np
from backend.arrays.namespaces import of_library
from backend.reproducible import bases
from backend.reproducible.namespace import ReproducibleNamespace
{fault}
xp = ReproducibleNamespace(of_library("jax"))
x, row = np.random.default_rng(0).normal(size=(2, 40, 50)).astype("float32")
by_number = np.asarray(xp.divide(xp.asarray(x), 3.7)) != x / np.float32(3.7)
by_row = np.asarray(xp.divide(xp.asarray(x), xp.asarray(row[:1]))) != x / row[:1]
print((by_number | by_row).any())
"""
    run = subprocess.run(
        [sys.executable, "-c", code],
        env=dict(os.environ) | {"JAX_ENABLE_X64": "1", "JAX_PLATFORMS": "cpu"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.strip() == str(found)


@pytest.mark.parametrize("name", elementary.ONE)
def test_functions_do_not_depend_on_where_the_filter_ends(monkeypatch, name):
    """With a bound a quarter of a million times as large, one result in some dozens is worked out in decimals."""
    x = np.random.default_rng(5).uniform(0.01, 0.99, 600).astype("float32") + (name == "acosh")
    usual = ReproducibleNamespace(of_library("numpy"))
    monkeypatch.setattr(bases.NumPyBase, "function_bound", 2.0**-30)
    careful = ReproducibleNamespace(of_library("numpy"))
    found, wanted = (np.asarray(getattr(xp, name)(xp.asarray(x))) for xp in (careful, usual))
    assert wrong(found, wanted) == 0
