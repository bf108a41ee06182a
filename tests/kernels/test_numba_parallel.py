"""Loops shared by a team of threads: each part done once, errors told, nested calls, forks, the end of the process."""

import os
import subprocess
import sys
import threading
import time

import pytest

pytest.importorskip("numba", reason="numba is not installed")

from backend.kernels.numba import parallel
from backend.kernels.numba.parallel import in_numbered_parts, shared


@pytest.mark.parametrize("workers", [1, 2, 3, 7])
def test_each_piece_is_done_once_in_parts_of_several_threads(workers):
    for _ in range(20):
        seen = []
        shared(lambda part, seen=seen: seen.append((list(part), threading.get_ident())), range(20), workers)
        assert sorted(n for part, _ in seen for n in part) == list(range(20))
        assert len(seen) == workers
        assert threading.get_ident() in {thread for _, thread in seen}


def test_parts_are_numbered():
    seen = []
    in_numbered_parts(lambda *part: seen.append(part), 10, 3)
    assert sorted(seen) == [(0, 0, 3), (1, 3, 6), (2, 6, 10)]


def test_other_threads_take_parts_once_they_are_awake():
    takers = set()

    def work(part):
        takers.add(threading.get_ident())
        threading.Event().wait(0.01)

    for _ in range(1000):
        shared(work, range(2), 2)
        if len(takers) > 1:
            break
    assert len(takers) == 2


def test_a_thread_that_sleeps_is_woken():
    done = []
    shared(done.extend, range(4), 2)
    team = parallel._team
    while not all(team.asleep):
        time.sleep(0.01)
    takers = set()

    def work(part):
        takers.add(threading.get_ident())
        while len(takers) < 2:  # the part of the other thread has not begun
            time.sleep(0.001)

    shared(work, range(2), 2)
    assert len(takers) == 2


@pytest.mark.parametrize("failing", [0, 19])
def test_an_error_is_told_once_all_have_ended(failing):
    for _ in range(20):
        ended = []

        def work(part, ended=ended):
            if failing in part:
                raise ValueError(f"piece {failing}")
            ended.append(part)

        with pytest.raises(ValueError, match=f"piece {failing}"):
            shared(work, range(20), 2)
        assert len(ended) <= 1
        after = []
        shared(after.extend, range(20), 2)
        assert sorted(after) == list(range(20))


def test_errors_of_several_threads_are_told_once():
    begun = set()

    def work(part):
        begun.add(part[0])
        while len(begun) < 2:  # both are in it
            time.sleep(0.001)
        raise ValueError(f"piece {part[0]}")

    done = []
    shared(done.extend, range(4), 2)
    while not all(parallel._team.asleep):  # from which the next call wakes them for certain
        time.sleep(0.01)
    with pytest.raises(ValueError, match="piece 0"):
        shared(work, range(2), 2)
    shared(done.extend, range(4), 2)
    assert sorted(done) == sorted([*range(4)] * 2)


def test_work_within_work_does_not_wait_for_threads_that_wait():
    done = []
    shared(lambda part: shared(done.extend, part, 9), range(400), 4)  # nine: a team larger than any before
    assert sorted(done) == list(range(400))


def test_several_callers_at_once():
    totals = [0] * 4

    def call(i):
        for _ in range(200):
            found = []
            shared(found.extend, range(10), 3)
            totals[i] += sum(found)

    threads = [threading.Thread(target=call, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert totals == [200 * 45] * 4


def test_arrays_are_not_kept_after_a_call():
    class Large:
        pass

    import weakref

    large = Large()
    seen = weakref.ref(large)
    shared(lambda part, large=large: None, range(4), 2)
    del large
    assert seen() is None


RUNS = {
    "at exit": """
        import atexit
        atexit.register(check)
        check()
    """,
    "at exit, for the first time": """
        import atexit
        atexit.register(check)
    """,
    "in __del__, as the interpreter ends": """
        class Last:
            def __del__(self):
                check()
        sys.modules["__main__"].last = Last()
        check()
    """,
    "with no thread to be had": """
        import threading
        def refused(self):
            raise RuntimeError("can't start new thread")
        threading.Thread.start = refused
        check()
    """,
    "with more threads than before": """
        check()
        check(5)
        check()
    """,
}
FORKS = {
    "in a forked process": """
        check()
        child = os.fork()
        check()
        if child:
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        else:
            os._exit(0)
    """,
    "in a process forked within a loop": """
        def fork(part):
            if part[0] == 0:
                child = os.fork()
                if not child:
                    check()
                    os._exit(0)
                assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        shared(fork, range(8), 2)
        check()
    """,
}
CHECK = """
import os, sys, textwrap
from backend.kernels.numba.parallel import shared

def check(workers=2):
    done = []
    shared(done.extend, range(8), workers)
    assert sorted(done) == list(range(8))
    print("whole", flush=True)

"""


@pytest.mark.parametrize("where", [*RUNS, *FORKS])
def test_every_part_is_done(where):
    if where in FORKS and not hasattr(os, "fork"):
        pytest.skip("needs a system whose processes fork")
    body = "\n".join(line[8:] for line in (RUNS | FORKS)[where].splitlines())
    run = subprocess.run([sys.executable, "-c", CHECK + body], capture_output=True, text=True, timeout=120, check=False)
    assert run.returncode == 0, run.stderr
    assert run.stderr == "" and "whole" in run.stdout


def test_no_thread_is_moved_where_the_system_does_not_say_on_which_core_it_runs(monkeypatch):
    for name in ("sched_getaffinity", "sched_setaffinity"):  # Linux has them
        monkeypatch.delattr(os, name, raising=False)
    parallel._leave(-1, 1)
