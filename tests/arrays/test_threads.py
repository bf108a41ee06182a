"""Work shared between threads: everything done once, errors told, contexts kept, and forks that work on."""

import contextvars
import os
import subprocess
import sys
import threading

import pytest

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
