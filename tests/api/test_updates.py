"""Updates happen all or none: whatever interrupts a call, and whichever threads make calls beside it."""

from __future__ import annotations

import random
import signal
import threading

import numpy as np
import pytest

import backend as K


def counters(count=8):
    """Variables that all count the calls of one function."""
    variables = [K.variable(np.zeros(200), "float64") for _ in range(count)]
    return variables, K.function([], [variables[0]], [(v, v + 1.0) for v in variables])


def test_an_interrupt_leaves_all_updates_or_none():
    variables, f = counters()
    f([])
    rng = random.Random(0)
    interrupted = 0

    def interrupt(*_):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        for _ in range(300):
            try:
                signal.setitimer(signal.ITIMER_REAL, rng.uniform(1e-5, 1e-3))
                for _ in range(100):
                    f([])
                signal.setitimer(signal.ITIMER_REAL, 0)
            except KeyboardInterrupt:
                interrupted += 1
            assert len({float(v.array[0]) for v in variables}) == 1
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert interrupted > 50


def test_threads_lose_no_update_and_read_no_half_of_one():
    variables, f = counters(2)
    difference = K.function([], [K.max(K.abs(variables[0] - variables[1]))])
    torn = []
    stop = threading.Event()

    def watch():
        while not stop.is_set():
            torn.append(float(difference([])[0]))

    watcher = threading.Thread(target=watch)
    workers = [threading.Thread(target=lambda: [f([]) for _ in range(200)]) for _ in range(4)]
    watcher.start()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    stop.set()
    watcher.join()
    assert [float(v.array[0]) for v in variables] == [800.0, 800.0]
    assert torn and max(torn) == 0.0


def test_a_function_that_fails_while_it_runs_changes_nothing():
    v = K.variable(np.zeros(2), "float64")
    x = K.placeholder((None,), dtype="float64")
    f = K.function([x], [K.sum(x)], [(v, v + x)], name="step")
    f([np.ones(2)])
    with pytest.raises(ValueError):
        f([np.ones(3)])
    np.testing.assert_array_equal(v.eval(), [1.0, 1.0])


def test_a_new_value_of_another_shape_is_refused_and_names_the_variable():
    v, w = K.variable(np.zeros(2), "float64", "first"), K.variable(np.zeros(2), "float64", "second")
    x = K.placeholder((None,), dtype="float64")
    f = K.function([x], [], [(v, v + 1.0), (w, x)], name="step")
    with pytest.raises(
        ValueError, match=r"step: the new value of second has shape \(3,\), expected \(2,\); no variable"
    ):
        f([np.ones(3)])
    np.testing.assert_array_equal(v.eval(), [0.0, 0.0])
    f([np.ones(2)])
    np.testing.assert_array_equal(w.eval(), [1.0, 1.0])


def test_a_call_within_a_call_of_the_same_function_does_not_wait_for_itself():
    v = K.variable(np.zeros(1), "float64")
    f = K.function([], [v], [(v, v + 1.0)])
    with f._lock:
        f([])
    assert float(v.array[0]) == 1.0


def test_values_in_batches_that_numpy_cannot_read():
    torch = pytest.importorskip("torch")
    with K.use_backend("torch"):
        v = K.variable([1.0, 2.0], "bfloat16")
        K.batch_set_value([(v, torch.asarray([3.0, 5.0], dtype=torch.bfloat16))])
        assert v.array.tolist() == [3.0, 5.0]


def test_a_tuple_is_an_increment():
    v = K.variable([1.0, 2.0])
    assert K.eval(K.update_add(v, (1.0, 2.0))).tolist() == [2.0, 4.0]
    assert K.eval(K.update_sub(v, (1.0, 2.0))).tolist() == [1.0, 2.0]
