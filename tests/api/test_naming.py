"""Counters of names, and scopes."""

import contextlib

import pytest

import backend as K


def test_uids_count_per_prefix():
    K.reset_uids()
    assert [K.get_uid("a"), K.get_uid("b"), K.get_uid("a"), K.get_uid()] == [1, 1, 2, 1]
    K.reset_uids()
    assert K.get_uid("a") == 1


def test_name_scopes_nest_and_end():
    with K.name_scope("outer") as outer:
        assert outer == "outer/"
        with pytest.raises(KeyError), K.name_scope("inner") as inner:
            assert inner == "outer/inner/"
            raise KeyError
        with K.name_scope("after") as after:
            assert after == "outer/after/"
        with K.name_scope(None) as top:
            assert top == ""
    with K.name_scope("again") as again:
        assert again == "again/"


def test_a_variable_keeps_the_last_part_of_its_name():
    def made(*scopes):
        with contextlib.ExitStack() as stack:
            for scope in scopes:
                stack.enter_context(K.name_scope(scope))
            return [K.variable([1.0], name=name).name for name in ("kernel", "bias", "kernel")]

    K.reset_uids()
    assert made("dense") == ["dense/kernel:0", "dense/bias:0", "dense/kernel_1:0"]
    assert made("dense") == ["dense_1/kernel:0", "dense_1/bias:0", "dense_1/kernel_1:0"]
    assert made("dense") == ["dense_2/kernel:0", "dense_2/bias:0", "dense_2/kernel_1:0"]
    assert made("a", "dense")[0] == "a/dense/kernel:0" and made("a", "dense")[0] == "a/dense_1/kernel:0"
    K.reset_uids()
    assert made("dense")[0] == "dense/kernel:0"
