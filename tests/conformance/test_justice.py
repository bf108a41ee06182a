"""Nothing is asked that the standard does not say: revisions, lazy results, unknown sizes, sets in any order."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from conformance import run
from conformance.case import discovered_standard
from conformance.data import REVISIONS, signatures, special_cases
from conformance.judging.revisions import asks, asks_call, page_of
from conformance.judging.sources import source_of
from conformance.subjects.operations import namespace
from conformance.verdict import Verdict

sys.path.insert(0, str(Path(__file__).parent))
import fake_namespaces as fake

QUICK = {"examples": 1, "shrink": False}


def failed(report):
    return {v.id: v.finding.message if v.finding else v.reason for v in report.failed}


class Lazy(fake.Wrapped):
    """Computes when it is read: a mistake raises then, and sizes that depend on values are not known before."""

    def __init__(self, inner, error=None, unknown=()):
        super().__init__(inner)
        self.error = error
        self.unknown = unknown

    @property
    def shape(self):
        return tuple(None if i in self.unknown else n for i, n in enumerate(self.inner.shape))

    def __array__(self, dtype=None, copy=None):
        if self.error is not None:
            raise self.error
        return self.inner


def delayed(function, unknown=()):
    def call(*args, **kwargs):
        try:
            return fake.lifted(lambda value: Lazy(value, unknown=unknown), function)(*args, **kwargs)
        except Exception as error:  # noqa: BLE001 - kept for the moment at which the result is read
            return Lazy(np.zeros(1), error)

    return call


def lazy_namespace(name, **changed):
    import array_api_compat.numpy as xp

    kind = type("Lazy", (Lazy,), {})
    functions = {each: delayed(getattr(xp, each)) for each in fake.FUNCTIONS}
    for each in ("nonzero", "unique_values"):
        functions[each] = delayed(getattr(xp, each), (0,))
    return fake.namespace_module(name, kind, {**functions, **changed})


def test_a_lazy_library_may_raise_when_it_computes():
    lazy_namespace("fake_lazy")
    assert failed(run(["fake_lazy"], only="xp.broadcast_to", kind="error", **QUICK)) == {}
    silent = delayed(lambda x, shape: np.zeros(shape))
    lazy_namespace("fake_silent", broadcast_to=silent)
    assert (
        "no error"
        in failed(run(["fake_silent"], only="xp.broadcast_to", kind="error", **QUICK))["xp.broadcast_to/error"]
    )


def test_sizes_may_be_unknown_only_where_they_depend_on_values():
    lazy_namespace("fake_sizes")
    assert not failed(run(["fake_sizes"], only="xp.nonzero", kind="shape,value", **QUICK)).keys() - {
        "xp.nonzero/special"
    }
    assert failed(run(["fake_sizes"], only="xp.unique_values", kind="shape,value", **QUICK)) == {}
    lazy_namespace("fake_vague", exp=delayed(np.exp, (0,)))
    assert list(failed(run(["fake_vague"], only="xp.exp", kind="shape", **QUICK))) == ["xp.exp/shape"]


def turned(results):
    """The results of unique_* with the values from the largest to the smallest."""
    n = results[0].shape[0]
    fields = dict(zip(results._fields, results, strict=True))
    for part in fields:
        fields[part] = n - 1 - fields[part] if part == "inverse_indices" else np.flip(fields[part])
    return type(results)(**fields)


def changed(function, change):
    return lambda x: change(function(x))


def sets(name, change):
    import array_api_compat.numpy as xp

    kind = type("Eager", (fake.Wrapped,), {"__array__": lambda self, dtype=None, copy=None: self.inner})
    names = ("unique_all", "unique_counts", "unique_inverse")
    functions = {each: fake.lifted(kind, changed(getattr(xp, each), change)) for each in names}
    fake.namespace_module(name, kind, functions, unique_values=fake.lifted(kind, lambda x: np.unique(x)[::-1]))


def test_sets_come_in_any_order():
    sets("fake_turned", turned)
    report = run(["fake_turned"], only="xp.unique*", kind="value", **QUICK)
    assert failed(report) == {} and len(report.verdicts) == 4


def test_a_count_or_an_index_that_belongs_to_another_value_is_wrong():
    def mixed(results):
        fields = results._asdict()
        return type(results)(**{**fields, "values": np.flip(fields["values"])})

    sets("fake_mixed", mixed)
    report = run(["fake_mixed"], only="xp.unique*", kind="value", **QUICK)
    assert set(failed(report)) == {"xp.unique_all/value", "xp.unique_counts/value", "xp.unique_inverse/value"}


def test_a_namespace_is_judged_by_the_revision_that_it_states():
    kind = type("Old", (fake.Wrapped,), {"__array__": lambda self, dtype=None, copy=None: self.inner})
    fake.namespace_module("fake_old", kind, __array_api_version__="2022.12")
    report = run(["fake_old"], only="xp.*", kind="value", **QUICK)
    tried = {v.operation for v in report.verdicts}
    assert namespace("fake_old").revision == "2022.12"
    assert "exp" in tried and not tried & {"isin", "cumulative_sum", "maximum", "searchsorted"}
    assert "isin" not in report.namespaces[0].probe["missing"] and "take" in report.namespaces[0].probe["missing"]
    later = run(["fake_old"], only="xp.*", kind="value", revision="2025.12", **QUICK)
    assert {"isin", "cumulative_sum"} <= {v.operation for v in later.verdicts}
    assert namespace("numpy").revision == REVISIONS[-1]


def test_axis_errors_are_asked_for_since_the_last_revision():
    case = discovered_standard()["sum"]
    ((since, call),) = case.since
    assert since == "2025.12"
    assert asks_call(case, call, "2025.12") and not asks_call(case, call, "2024.12")


def test_parameters_newer_than_the_revision_are_not_asked_for():
    case = discovered_standard()["fft.fftfreq"]
    assert not asks_call(case, case.calls[0], "2023.12") and asks_call(case, case.calls[0], "2024.12")
    assert not asks(discovered_standard()["isin"], "2024.12") and asks(discovered_standard()["array.T"], "2021.12")
    total = discovered_standard()["sum"]
    assert not asks_call(total, total.calls[0], "2022.12", ("float32",))
    assert asks_call(total, total.calls[0], "2022.12", ("float64",))
    assert not asks_call(total, total.calls[0], "2021.12", ("complex64",))


# Functions whose errors stand in prose: the rules of broadcasting ("raise an exception"), and of indexing.
PROSE = ("array.getitem", "broadcast_arrays", "array.add", "array.sub", "array.mul")


def test_errors_are_asked_for_where_the_standard_says_so():
    raising = {row["function"] for row in special_cases() if "raises" in str(row["result"])}
    for name, case in discovered_standard().items():
        if not case.errors or case.chapter == "elementwise" or name in PROSE:
            continue
        assert name.removeprefix("linalg.") in raising, name


@pytest.mark.parametrize(
    ("group", "operation", "wanted"),
    [
        (
            "standard",
            "linalg.inv",
            "https://data-apis.org/array-api/2023.12/API_specification/generated/array_api.linalg.inv.html",
        ),
        (
            "standard",
            "array.add",
            "https://data-apis.org/array-api/2023.12/API_specification/generated/array_api.array.__add__.html",
        ),
    ],
)
def test_a_verdict_links_to_the_page_of_the_standard(group, operation, wanted):
    assert source_of(Verdict("x", group, "", operation, "value"), "2023.12") == wanted
    name = wanted.partition("array_api.")[2].removesuffix(".html")
    assert name in signatures("2023.12")


def test_a_verdict_on_an_operation_has_the_summary_of_its_docstring():
    import backend as K

    text = source_of(Verdict("x", "k", "", "softmax", "value"))
    assert text == f"K.softmax: {K.softmax.__doc__.splitlines()[0]}"
    assert page_of("array.T", "2021.12").endswith("/2021.12/API_specification/")
    report = run(["numpy"], only="xp.exp", kind="value", **QUICK)
    assert report.verdicts[0].source.endswith("array_api.exp.html")
