"""An exception is traced to the function that raised it, and an expected one is expected wherever that is called."""

from __future__ import annotations

import functools
import sys
import types

import array_api_compat.numpy as np_compat
import pytest

from conformance import run
from conformance.running.origin import origins
from conformance.subjects.targets import namespace

MESSAGE = "this library sorts no indices"


def refusing(*names):
    """NumPy's namespace, some of whose functions refuse every call, each with the same message."""
    module = types.ModuleType("fake_refusing")
    vars(module).update({k: v for k, v in vars(np_compat).items() if not k.startswith("__")})
    module.__array_api_version__ = "2025.12"
    for name in names:
        scope = {}
        exec(f"def {name}(*args, **kwargs):\n    raise ValueError({MESSAGE!r})", scope)
        setattr(module, name, functools.wraps(getattr(np_compat, name))(scope[name]))
        del getattr(module, name).__wrapped__
    sys.modules[module.__name__] = module
    return module.__name__


@pytest.fixture(autouse=True)
def closed_again():
    """A module of this name is opened anew by each test."""
    from conformance.subjects import targets

    yield
    targets._OPENED.pop("fake_refusing", None)
    sys.modules.pop("fake_refusing", None)


def statuses(tmp_path, only, *names):
    text = f'["xp.argsort/value"]\ncause = "ValueError: {MESSAGE}"\nreason = "refuses to sort indices"\n'
    (tmp_path / "fake_refusing.toml").write_text(text)
    kinds = "value,shape,dtype,determinism,memory,gradient,compiled"
    report = run([refusing(*names)], only=only, kind=kinds, examples=0, shrink=False, xfails=tmp_path)
    return {v.id: v for v in report.verdicts if v.status not in ("empty", "identical", "within")}


def test_an_expected_exception_is_expected_in_all_kinds_and_in_what_calls_the_function(tmp_path):
    for only in ("xp.argsort", "argsort", "top_k"):
        found = statuses(tmp_path, only, "argsort")
        assert f"{only}/value" in found and len(found) > 3
        assert {(v.status, v.reason) for v in found.values()} == {("xfail", "refuses to sort indices")}, found


def test_the_same_message_of_another_function_is_another_fault(tmp_path):
    for only in ("xp.searchsorted", "searchsorted"):
        found = statuses(tmp_path, only, "argsort", "searchsorted")
        assert found and {v.status for v in found.values()} == {"wrong"}


def test_an_exception_that_was_dealt_with_is_no_origin():
    on = namespace(refusing("argsort"))

    def raised(*, repeats=False, chained=False):
        try:
            try:
                on.xp.argsort([1])
            except ValueError as inner:
                text = f"median: {inner}" if repeats else "something else"
                raise TypeError(text) from (inner if chained else None)
        except TypeError as error:
            return origins(error, on)

    assert raised() == []
    assert raised(chained=True) == [("argsort", f"ValueError: {MESSAGE}")]
    assert raised(repeats=True, chained=True) == [("argsort", f"ValueError: {MESSAGE}")]


def test_aliases_are_told_and_shared_wrappers_are_not():
    on = namespace("array_api_strict")
    with pytest.raises(AttributeError) as caught:
        on.xp.linalg.matmul(1, 2)
    assert {name for name, _ in origins(caught.value, on)} == {"matmul", "linalg.matmul"}
    with pytest.raises(TypeError) as caught:
        _ = on.xp.asarray([1]) + on.xp.asarray([True])
    assert "array.add" in {name for name, _ in origins(caught.value, on)}
