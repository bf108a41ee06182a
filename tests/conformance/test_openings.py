"""Namespaces are opened and read in whatever way they allow; one that cannot be read is refused in one sentence."""

from __future__ import annotations

import importlib.util
import sys
import types
from pathlib import Path

import array_api_compat.numpy as compat
import numpy as np
import pytest

from conformance import run
from conformance.data import signatures
from conformance.reading import host
from conformance.running.engine import NamespaceError, UsageError
from conformance.subjects.operations import namespace

sys.path.insert(0, str(Path(__file__).parent))
import fake_namespaces as fake

QUICK = {"examples": 1, "shrink": False, "xfails": None}


def failed(report):
    return {v.id: v.finding.message if v.finding else v.reason for v in report.failed}


def statuses(report, kind="value"):
    return {v.operation: v.status for v in report.verdicts if v.kind == kind}


def test_arrays_that_numpy_cannot_read_are_refused_in_one_sentence():
    fake.namespace_module("fake_unreadable", fake.standard_array("fake_unreadable"))
    with pytest.raises(NamespaceError) as caught:
        run(["fake_unreadable"], only="xp.exp", **QUICK)
    text = str(caught.value)
    assert "fake_unreadable" in text and "--convert package:function" in text
    assert "__array__" in text and "__dlpack__" in text and "\n" not in text


def test_the_message_names_a_method_that_works():
    kind = fake.standard_array("fake_dense", todense=lambda self: self.inner, __module__="fake_dense")
    fake.namespace_module("fake_dense", kind, Array=kind)
    with pytest.raises(NamespaceError, match=r"such as --convert fake_dense:Array\.todense"):
        run(["fake_dense"], only="xp.exp", **QUICK)
    report = run(["fake_dense"], only="xp.exp", convert="fake_dense:Array.todense", **QUICK)
    assert statuses(report) == {"exp": "within"} or statuses(report) == {"exp": "identical"}


def test_a_named_function_reads_every_result():
    fake.namespace_module("fake_converted", fake.standard_array("fake_converted"))
    report = run(["fake_converted"], only="xp.*", kind="value", convert="fake_namespaces:read", **QUICK)
    found = statuses(report)
    assert found["exp"] in ("identical", "within") and found["sum"] in ("identical", "within")
    assert not [v.id for v in report.failed if v.finding and "cannot be read" in v.finding.message]


def test_a_wrong_result_is_seen_through_the_reader():
    kind = fake.standard_array("fake_wrong")
    fake.namespace_module("fake_wrong", kind, exp=fake.lifted(kind, lambda x: np.exp(x) * 1.5))
    assert statuses(run(["fake_wrong"], only="xp.exp", convert="fake_namespaces:read", **QUICK)) == {"exp": "wrong"}


def test_dlpack_reads_arrays_without_array():
    kind = fake.standard_array(
        "fake_dlpack",
        __dlpack__=lambda self, **kwargs: self.inner.__dlpack__(),  # of an older version: no read-only arrays
        __dlpack_device__=lambda self: (1, 0),
    )
    fake.namespace_module("fake_dlpack", kind)
    report = run(["fake_dlpack"], only="xp.*", kind="value", **QUICK)
    found = statuses(report)
    assert found["exp"] in ("identical", "within") and found["broadcast_to"] == "identical"


def test_arrays_without_array_namespace_are_arrays():
    kind = type("EagerTensor", (fake.Wrapped,), {"__array__": lambda self, dtype=None, copy=None: self.inner})
    fake.namespace_module("fake_eager", kind)
    report = run(["fake_eager"], only="xp.e*", **QUICK)
    assert {v.id: v.finding.message for v in report.failed if v.kind != "special"} == {}  # NumPy's own expm1
    assert statuses(report)["exp"] in ("identical", "within") and statuses(report)["equal"] == "identical"


def test_an_error_at_reading_is_the_library_s_own():
    def refuse(self, dtype=None, copy=None):
        raise ValueError("cannot be computed")

    refusing = fake.standard_array("fake_refusing", __array__=refuse)
    fake.namespace_module("fake_refusing", refusing)
    with pytest.raises(ValueError, match="cannot be computed"):
        host(refusing(np.ones(2)))


def test_a_wrong_option_is_wrong_usage():
    for given in ({"convert": "nothing"}, {"revision": "2019.12"}, {"taken_as": "library"}):
        with pytest.raises(UsageError):
            run(["numpy"], only="xp.exp", **given)


@pytest.mark.skipif(not importlib.util.find_spec("torch"), reason="torch is not installed")
def test_torch_itself_is_a_namespace_though_it_has_softmax():
    import torch

    holder = types.ModuleType("fake_holder")
    holder.torch = torch
    sys.modules["fake_holder"] = holder
    assert namespace("fake_holder:torch").xp is torch
    try:
        report = run(["torch"], only="xp.exp", taken_as="namespace", kind="value", **QUICK)
        assert namespace("torch").xp is torch and failed(report) == {}
    finally:
        namespace("torch", taken_as="")
    run(["torch"], only="xp.expm1", kind="value", **QUICK)
    assert namespace("torch").xp is not torch  # without --as it is array_api_compat's again


def test_as_decides_what_a_module_is():
    kind = fake.standard_array("fake_both", __array__=lambda self, dtype=None, copy=None: self.inner)
    operations = {name: lambda x: x for name in ("softmax", "relu", "conv2d", "one_hot")}
    plain = {name: getattr(np, name) for name in signatures("2021.12") if hasattr(np, name)}
    fake.namespace_module("fake_both", kind, {**operations, **{k: v for k, v in plain.items() if k != "exp"}})
    assert {v.group for v in run(["fake_both"], only="*exp", **QUICK).verdicts} == {"standard", "k"}
    taken = run(["fake_both"], only="softmax", taken_as="backend", kind="value", **QUICK)
    assert {v.group for v in taken.verdicts} == {"k"} and statuses(taken) == {"softmax": "wrong"}


def test_host_reads_numpy_and_refuses_objects():
    assert host(np.float32(2.0)) == 2.0
    with pytest.raises(TypeError, match="object"):
        host(np.asarray([object()]).view(type("Odd", (np.ndarray,), {})))


def eager_kind(name="EagerTensor"):
    return type(name, (fake.Wrapped,), {"__array__": lambda self, dtype=None, copy=None: self.inner})


def test_asarray_may_take_lists_alone():
    kind = eager_kind()

    def asarray(obj, /, *, dtype=None):
        if isinstance(obj, np.ndarray):
            raise TypeError("no NumPy arrays, please")
        return kind(np.array(fake.unwrapped(obj), dtype=dtype))

    fake.namespace_module("fake_lists", kind, asarray=asarray)
    on = namespace("fake_lists")
    assert host(on.array(np.zeros((0, 3), "int16"))).shape == (0, 3)
    assert failed(run(["fake_lists"], only="xp.exp", kind="value,shape,dtype", **QUICK)) == {}


def test_operations_of_k_are_blocked_where_no_function_takes_a_device():
    kind = eager_kind()
    names = [name for name in signatures("2025.12") if hasattr(compat, name)]
    whole = {name: fake.lifted(kind, getattr(compat, name)) for name in names if name != "asarray"}

    def zeros(shape, *, dtype=None):
        return kind(np.zeros(shape, dtype))

    fake.namespace_module("fake_placeless", kind, whole, zeros=zeros)
    on = namespace("fake_placeless")
    assert not on.takes_device and namespace("numpy").takes_device
    report = run(["fake_placeless"], only="arange", kind="value", group="k", **QUICK)
    assert [(v.status, v.reason) for v in report.verdicts] == [("blocked", "blocked by zeros, which takes no device=")]


@pytest.mark.skipif(not importlib.util.find_spec("torch"), reason="torch is not installed")
def test_a_bare_library_has_expected_failures_of_its_own():
    import torch

    sys.modules["fake_bare"] = types.ModuleType("fake_bare")
    sys.modules["fake_bare"].torch = torch
    assert namespace("torch").listed == "torch" and namespace("fake_bare:torch").listed == "fake_bare"
    try:
        run(["torch"], only="xp.expm1", taken_as="namespace", kind="value", **QUICK)
        assert namespace("torch").listed == "torch.module"
    finally:
        namespace("torch", taken_as="")
    run(["torch"], only="xp.expm1", kind="value", **QUICK)
