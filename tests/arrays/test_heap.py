"""Freed memory is kept, unless the environment says what the allocator does."""

import pytest

from backend.arrays import heap


class _Allocator:
    def __init__(self):
        self.set, self.most = {}, 2**30

    def mallopt(self, option, value):
        taken = option != -3 or value <= self.most
        if taken:
            self.set[option] = value
        return int(taken)


@pytest.fixture
def allocator(monkeypatch):
    found = _Allocator()
    monkeypatch.setattr(heap, "_glibc", lambda: found)
    for name in ("MALLOC_TRIM_THRESHOLD_", "GLIBC_TUNABLES"):
        monkeypatch.delenv(name, raising=False)
    return found


def test_blocks_and_the_end_of_the_heap_are_kept(allocator):
    heap.keep_freed_memory.__wrapped__()
    assert allocator.set == {-3: heap.MOST, -1: heap.MOST}


def test_an_older_glibc_maps_blocks_from_32_megabytes_on(allocator):
    allocator.most = 2**25
    heap.keep_freed_memory.__wrapped__()
    assert allocator.set == {-3: 2**25, -1: heap.MOST}


@pytest.mark.parametrize("name", ["MALLOC_TRIM_THRESHOLD_", "GLIBC_TUNABLES"])
def test_settings_of_the_environment_stay(allocator, monkeypatch, name):
    monkeypatch.setenv(name, "0")
    heap.keep_freed_memory.__wrapped__()
    assert allocator.set == {}


def test_another_c_library_is_left_alone(monkeypatch):
    def no_handle(name):
        raise TypeError

    monkeypatch.setattr(heap.ctypes, "CDLL", lambda name: object())
    assert heap._glibc() is None
    monkeypatch.setattr(heap.ctypes, "CDLL", no_handle)
    assert heap._glibc() is None
