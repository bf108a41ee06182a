"""What the conformance tool works out of a case: once while it is tried, and not kept of those that are done."""

from __future__ import annotations

import gc
import weakref

from conformance.case import A, Case, call, case
from conformance.examples import Example, forget, typical
from conformance.kept import CASES, once_per_case


def cases(count: int) -> list[Case]:
    return [case("exp", call(A("n")), listed=False) for _ in range(count)]


def test_a_case_keeps_what_was_worked_out_until_so_many_others_have_been_tried():
    first, *others = cases(1 + CASES)
    made: list[tuple[Case, int]] = []

    @once_per_case
    def worked_out(which: Case, number: int) -> int:
        made.append((which, number))
        return number

    for _ in range(2):
        assert [worked_out(first, n) for n in (1, 2)] == [1, 2]
    assert made == [(first, 1), (first, 2)]
    for other in others[:-1]:
        worked_out(other, 1)
    worked_out(first, 1)  # tried again, it is not the one that goes
    worked_out(others[-1], 1)
    assert len(made) == 2 + CASES
    worked_out(first, 1)
    assert len(made) == 2 + CASES
    worked_out(others[0], 1)
    assert len(made) == 3 + CASES


def test_examples_and_graphs_of_cases_that_are_done_are_freed():
    first, *others = cases(1 + CASES)
    example = typical(first, 0, "float32")
    example.graphs["made of it"] = example
    gone = weakref.ref(example)
    del example
    for other in others:
        typical(other, 0, "float32")
    gc.collect()
    assert gone() is None


def test_graphs_are_shared_by_calls_of_one_form_and_dropped_where_rules_change():
    (which,) = cases(1)
    one = typical(which, 0, "float32")
    alike = Example(which, one.call, [v + 1 for v in one.values], "float32")
    one.graphs["graph"] = 1
    assert alike.graphs["graph"] == 1
    assert "graph" not in typical(which, 0, "float64").graphs
    forget()
    assert "graph" not in one.graphs
    assert typical(which, 0, "float32") is one
