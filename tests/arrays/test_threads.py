"""Work shared between threads: everything done once, errors told, contexts kept, and forks that work on."""

import contextvars
import os
import subprocess
import sys
import textwrap
import threading

import pytest

from backend.arrays import threads
from backend.arrays.threads import shared

SETTING = contextvars.ContextVar("setting", default="no")


@pytest.mark.parametrize("workers", [1, 2, 3, 7])
def test_each_piece_is_done_once_by_several_threads_in_the_callers_context(workers):
    SETTING.set("yes")
    seen = []
    shared(lambda part: seen.append((list(part), threading.get_ident(), SETTING.get())), range(20), workers)
    assert sorted(n for part, _, _ in seen for n in part) == list(range(20))
    assert len(seen) == workers and {setting for *_, setting in seen} == {"yes"}
    assert threading.get_ident() in {thread for _, thread, _ in seen}


@pytest.mark.parametrize("failing", [0, 19])
def test_an_error_is_told_once_all_have_ended(failing):
    ended = []

    def work(part):
        if failing in part:
            raise ValueError(f"piece {failing}")
        threading.Event().wait(0.05)
        ended.append(part)

    with pytest.raises(ValueError, match=f"piece {failing}"):
        shared(work, range(20), 2)
    assert len(ended) == 1


def test_work_within_work_does_not_wait_for_threads_that_wait():
    done = []
    shared(lambda part: shared(done.extend, part, 4), range(400), 40)
    assert sorted(done) == list(range(400))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a system whose processes fork")
def test_a_forked_process_shares_work_among_threads_of_its_own():
    script = """if True:
        import os
        from backend.arrays.threads import shared
        done = []
        shared(done.extend, range(8), 2)
        child = os.fork()
        done.clear()
        shared(done.extend, range(8), 2)
        assert sorted(done) == list(range(8))
        if child:
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        else:
            os._exit(0)
    """
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)


BLOCKED = """if True:
    import atexit, os, sys
    import numpy as np
    import backend as K
    from backend.arrays import threads
    from backend.compiler import tiling
    os.environ["OMP_NUM_THREADS"] = "2"
    tiling.MIN_ELEMENTS, tiling.MIN_ELEMENTS_PER_THREAD, tiling.BLOCK, tiling.PLANNED_BLOCK = 1000, 100, 200, 200
    x = K.placeholder((2000,), dtype="float64")
    f = K.function([x], [K.tanh(x * x * 0.5 + x) * 2.0 - 1.0])
    value = np.linspace(-1.0, 1.0, 2000)
    expected = np.tanh(value * value * 0.5 + value) * 2.0 - 1.0

    def check(where):
        assert abs(f([value])[0] - expected).max() < 1e-12
        print(where, flush=True)

    assert "fused" in f.source
"""
LATE = {
    "after the pool was shut down": "check(0); threads._pool().shutdown(); check(1)",
    "with no thread to be had": """
    def refused(self):
        raise RuntimeError("can't start new thread")
    import threading
    threading.Thread.start = refused
    check(0)
    check(1)
""",
    "at exit": "check(0); atexit.register(check, 1)",
    "at exit, for the first time": "print(0); atexit.register(check, 1)",
    "in __del__, as the interpreter ends": """
    class Last:
        def __del__(self):
            check(1)
    sys.modules["__main__"].last = Last()
    check(0)
""",
    "in a forked process": """
    check(0)
    child = os.fork()
    if child:
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    else:
        check(1)
        os._exit(0)
""",
    "in a process forked by a thread of the pool": """
    def fork(part):
        if part[0]:
            child = os.fork()
            if not child:
                check(1)
                os._exit(0)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        else:
            threading.Event().wait(0.2)
    import threading
    check(0)
    threads.shared(fork, range(2), 2)
""",
}


@pytest.mark.slow
@pytest.mark.parametrize("when", LATE)
def test_blocked_calls_run_in_this_thread_where_there_are_no_others(when):
    if "forked" in when and not hasattr(os, "fork"):
        pytest.skip("needs a system whose processes fork")
    text = textwrap.dedent(BLOCKED.replace("if True:\n", "")) + "\n" + textwrap.dedent(LATE[when])
    ran = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, timeout=60)
    assert (ran.stdout.split(), ran.stderr, ran.returncode) == (["0", "1"], "", 0)


def test_a_busy_pool_keeps_nobody_waiting():
    done, released = [], threading.Event()
    blocked = [threads._pool().submit(released.wait) for _ in range(threads._pool()._max_workers)]
    try:
        threads.shared(done.extend, range(8), 4)
    finally:
        released.set()
    assert sorted(done) == list(range(8)) and all(b.result() for b in blocked)
