"""The kind of check 'bits': namespaces of the reproducible mode give identical bits, and one that does not is found."""

import numpy as np
import pytest

import backend as K
from conformance import run

SPECS = ("reproducible:numpy", "reproducible:array_api_strict")


def statuses(only, *specs):
    report = run(list(specs), only=only, kind="bits", examples=1)
    return {(v.namespace, v.id): v.status for v in report.verdicts}


@pytest.mark.parametrize("only", ["softmax", "xp.matmul", "xp.sum", "conv2d"])
def test_reproducible_namespaces_agree(only):
    found = statuses(only, *SPECS)
    assert {namespace for namespace, _ in found} == set(SPECS)
    assert set(found.values()) == {"identical"}


def test_one_bit_more_is_found(monkeypatch):
    xp = K.get_backend(SPECS[1]).xp
    right = xp.exp

    def wrong(x):
        y = np.asarray(right(x))
        return xp.asarray(np.nextafter(y, np.inf, dtype=y.dtype))

    monkeypatch.setitem(vars(xp), "exp", wrong)
    found = statuses("xp.exp", *SPECS)
    assert found[SPECS[0], "xp.exp/bits"] == "identical" and found[SPECS[1], "xp.exp/bits"] == "wrong"


def test_the_sign_of_a_zero_is_found(monkeypatch):
    xp = K.get_backend(SPECS[1]).xp
    right = xp.maximum
    monkeypatch.setitem(vars(xp), "maximum", lambda x, y: right(x, y) + 0.0)
    assert statuses("maximum", SPECS[1])[SPECS[1], "maximum/bits"] == "wrong"


def test_an_ordinary_namespace_is_not_asked():
    report = run(["numpy"], only="xp.exp", examples=1)
    assert report.verdicts and "bits" not in {v.kind for v in report.verdicts}
