"""jit="auto": when a program is compiled, which one stays, and that its results do not depend on it.

Time is a number that the programs themselves move on.
"""

import threading

import numpy as np
import pytest

import backend as K
from backend.compiler import adaptive, executable
from backend.compiler.adaptive import MOST_TRIALS, TRIALS, Adaptive

RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def now(monkeypatch):
    """The time, in a list of one number; compiling a call takes half a second."""
    now = [0.0]
    monkeypatch.setattr(adaptive, "clock", lambda: now[0])
    monkeypatch.setattr(adaptive, "_seconds", {"numpy": 0.5})
    return now


def lasting(seconds, now, name):
    """A program that takes so long: a number, one for each call, or a function of its arrays."""

    def run(*arrays):
        now[0] += seconds.pop(0) if isinstance(seconds, list) else seconds(*arrays) if callable(seconds) else seconds
        return name

    return run


@pytest.mark.parametrize(("compiled", "kept"), [(0.1, "compiled"), (3.0, "plain")])
def test_what_has_run_long_enough_is_compiled_and_the_faster_one_stays(compiled, kept, now):
    times = [7.0, *[compiled] * 20]  # the first call compiles
    run = Adaptive(lasting(1.0, now, "plain"), lambda: lasting(times, now, "compiled"), "numpy", 10)
    names = [run() for _ in range(20)]
    assert names == ["plain"] * 5 + ["compiled"] * (TRIALS + 1) + [kept] * (14 - TRIALS)
    assert run.decided and run.verdict == f"Compiled, it proved {'faster' if kept == 'compiled' else 'slower'}."


def test_what_runs_seldom_is_never_compiled(now):
    run = Adaptive(lasting(0.01, now, "plain"), lambda: pytest.fail("compiled"), "numpy", 10)
    assert {run() for _ in range(400)} == {"plain"} and not run.decided


def test_a_compilation_says_what_the_next_one_costs(now):
    for expected in (5, 20):  # calls of a second; compiling took 2 seconds a call
        run = Adaptive(lasting(1.0, now, "plain"), lambda: lasting([20.0, *[0.1] * 9], now, "compiled"), "numpy", 10)
        assert [run() for _ in range(expected + 1)].count("plain") == expected


def test_only_calls_on_the_same_shapes_are_compared(now):
    """Small arrays first, large ones later: a compiled program twice as fast takes longer than it did before."""
    small, large = np.zeros(1), np.zeros(100)
    plain = lasting(lambda x: x.size / 10, now, "plain")
    run = Adaptive(plain, lambda: lasting(lambda x: x.size / 20, now, "compiled"), "numpy", 1)
    given = [small] * 5 + [large] * (TRIALS + 4) + [small] * 3
    assert [run(x) for x in given][5:] == ["compiled"] * (TRIALS + 7)
    assert run.verdict == "Compiled, it proved faster."


def test_shapes_never_met_again_leave_it_compiled(now):
    sizes = iter(range(1, 1000))
    run = Adaptive(lasting(1.0, now, "plain"), lambda: lasting(1.0, now, "compiled"), "numpy", 1)
    names = [run(np.zeros(next(sizes))) for _ in range(MOST_TRIALS + 5)]
    assert names == ["plain"] + ["compiled"] * (MOST_TRIALS + 4) and run.decided


def test_what_cannot_be_compiled_runs_on(now):
    def refused():
        raise OSError("no compiler here")

    run = Adaptive(lasting(1.0, now, "plain"), refused, "numpy", 1)
    assert [run() for _ in range(4)] == ["plain"] * 4 and run.verdict == "It cannot be compiled: OSError."


def test_a_compiled_program_that_fails_gives_way(now):
    def failing(*arrays):
        raise RuntimeError("an illegal instruction")

    run = Adaptive(lasting(1.0, now, "plain"), lambda: failing, "numpy", 1)
    assert [run() for _ in range(4)] == ["plain"] * 4 and run.verdict == "Compiled, it failed: RuntimeError."


def test_errors_of_the_plain_program_are_raised(now):
    def strict(*arrays):
        now[0] += 1.0
        if arrays[0].size == 3:
            raise ValueError("a size of 3")

    run = Adaptive(strict, lambda: strict, "numpy", 1)
    for _ in range(2):  # plain, then compiled
        with pytest.raises(ValueError, match="a size of 3"):
            run(np.zeros(3))
        run(np.zeros(2))


def test_threads_share_a_program(now):
    made = []
    run = Adaptive(lasting(0.01, now, "plain"), lambda: made.append(1) or lasting(0.0, now, "compiled"), "numpy", 1)
    threads = [threading.Thread(target=lambda: [run() for _ in range(100)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [1] and run.decided


def training(jit):
    """Steps of descent, and its loss after each."""
    x, w = K.placeholder((None, 3)), K.variable(np.linspace(-1.0, 1.0, 9).reshape(3, 3))
    loss = K.mean(K.square(K.tanh(K.dot(x, w)) - 0.5))
    return K.function([x], [loss], [(w, w - 0.1 * K.gradients(loss, [w])[0])], jit=jit)


def test_a_training_step_goes_from_plain_to_compiled(now, monkeypatch):
    pytest.importorskip("numba", reason="numba is not installed")
    made = executable.Executable._made

    def counted(self, backend, in_place, jit):
        """The program, which takes a second, or compiled a tenth of one."""
        run, fixed = made(self, backend, in_place, jit)

        def slow(*arrays):
            now[0] += 0.1 if jit else 1.0
            return run(*arrays)

        return slow, fixed

    data = RNG.normal(size=(40, 8, 3)).astype("float32")
    plain = training(False)
    wanted = [float(plain([x])[0]) for x in data]
    monkeypatch.setattr(executable.Executable, "_made", counted)
    K.set_jit("auto")
    try:
        step = training(None)
    finally:
        K.set_jit(None)
    found, verdicts = [], []
    for x in data:
        found.append(float(step([x])[0]))
        verdicts.append(step.stages[-1].summary)
    assert list(dict.fromkeys(verdicts)) == [
        "It has not run as long yet as compiling takes.",
        "Compiled, on trial.",
        "Compiled, it proved faster.",
    ]
    assert any(nest.sources for nest in step.executable.nests.values())
    np.testing.assert_allclose(found, wanted, rtol=1e-5)


def test_without_a_compiler_auto_changes_nothing(monkeypatch):
    monkeypatch.setattr(executable, "can_compile", lambda xp: False)
    x = K.placeholder((None,))
    f = K.function([x], [K.exp(x) * 2.0], jit="auto")
    assert f([[0.0, 0.0]])[0].tolist() == [2.0, 2.0]
    assert f.stages[-1].name != "auto" and not f.executable.nests
