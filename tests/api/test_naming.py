"""Counters of names, and scopes."""

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
