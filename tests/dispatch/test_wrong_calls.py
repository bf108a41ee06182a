"""Wrong calls of every public function: one class of error on every library, which names function and argument."""

from __future__ import annotations

import itertools
import os

import numpy as np
import pytest
from wrong_calls import OBJECT, Wrong, outcome, right_calls, wrong_api_calls, wrong_calls

import backend as K
from backend.dispatch.parameters import UNCHECKED, check_of

torch = pytest.importorskip("torch")
EVERY = int(os.environ.get("WRONG_CALLS_EVERY", "4"))  # one of so many is tried; all of them by nox -s fuzz
LIBRARIES = {"numpy": lambda x: x, "torch": torch.asarray, "symbolic": None}
MOVES_ANYTHING = {"flatten", "reshape"}  # arrays of text, too, of NumPy: nothing looks at an element
pytestmark = pytest.mark.filterwarnings("ignore")


def problems(wrong: Wrong, errors: dict[str, BaseException | None]) -> list[str]:
    """What is amiss with the errors of one wrong call on each library."""
    found = []
    if len({type(error) for error in errors.values()}) > 1:
        found.append(f"differs: {errors}")
    for library, error in errors.items():
        if error is None:
            if wrong.by_type or not hasattr(wrong.value, "dtype"):
                found.append(f"accepted on {library}")
        elif not isinstance(error, (ValueError, TypeError, IndexError)):
            found.append(f"{library}: {type(error).__name__}: {error}")
        elif wrong.operation not in str(error):
            found.append(f"{library}: the message does not name the function: {error}")
        elif wrong.by_type and wrong.parameter not in str(error):
            found.append(f"{library}: the message does not name the argument: {error}")
    return found


@pytest.mark.parametrize("name", sorted({name for name, _ in right_calls()} - MOVES_ANYTHING))
def test_wrong_calls(name, capsys):
    for wrong in itertools.islice(wrong_calls(name), 0, None, EVERY):
        errors = {library: outcome(wrong, convert) for library, convert in LIBRARIES.items()}
        assert problems(wrong, errors) == [], str(wrong)
    capsys.readouterr()  # print_tensor prints


def test_wrong_calls_of_the_api():
    try:
        for wrong in wrong_api_calls():
            try:
                getattr(K, wrong.operation)(**wrong.arguments)
                error = None
            except Exception as raised:  # noqa: BLE001 - the outcome is what is tested
                error = raised
            of_one = wrong._replace(by_type="no such" not in repr(wrong.value) and not isinstance(wrong.value, float))
            if wrong.operation != "grad" or wrong.value != -1:  # which counts from the last argument
                assert problems(of_one, {"": error}) == [] or "dimensions" in str(error) or "shape" in str(error), wrong
    finally:
        K.clear_session()


def test_every_parameter_of_an_operation_says_what_it_takes():
    for name, _ in right_calls():
        annotations = dict(getattr(K, name).__annotations__)
        annotations.pop("return", None)
        for parameter, annotation in annotations.items():
            assert annotation in UNCHECKED or check_of(annotation), f"{name}: {parameter}: {annotation}"


def test_the_argument_is_named_where_the_depth_cannot():
    with pytest.raises(TypeError, match=r"^relu: x is an array of shape \(2,\) and dtype complex128, expected real"):
        K.relu(np.ones(2) * 1j)
    with pytest.raises(TypeError, match=r"^switch: else_expression is None, expected a tensor, an array or a number$"):
        K.switch(np.ones(2) > 0, np.ones(2), None)


def test_shapes_that_are_arrays_of_whole_floats():
    assert K.reshape(np.ones(6), np.array([2.0, 3.0])).shape == (2, 3)
    with pytest.raises(TypeError, match=r"an entry of shape is 1\.5"):
        K.reshape(np.ones(6), np.array([1.5, 4.0]))


def test_errors_of_a_users_function_pass_unchanged():
    class OwnError(Exception):
        pass

    def fails(*_):
        raise OwnError("mine")

    x = K.placeholder((2, 3))
    for call in (
        lambda: K.map_fn(fails, x),
        lambda: K.foldl(fails, x),
        lambda: K.rnn(fails, K.placeholder((2, 3, 4)), [K.placeholder((2, 3))]),
        lambda: K.cond(K.placeholder(()), fails, fails),
        lambda: K.grad(fails)(np.ones(2)),
        lambda: K.switch(True, fails, fails),
    ):
        with pytest.raises(OwnError, match=r"^mine$"):
            call()


def test_a_cause_from_the_library_is_kept():
    with pytest.raises(ValueError, match="dot: shapes") as caught:
        K.dot(torch.ones(2, 3), torch.ones(2, 3))
    assert caught.value.__cause__ is None or isinstance(caught.value.__cause__, RuntimeError)


def test_an_error_of_the_library_is_not_taken_for_the_want_of_values():
    """torch stores uint16 but does not add it up; on symbolic tensors bincount fails for another reason."""
    x, weights = torch.asarray([1, 2], dtype=torch.int32), torch.asarray([1, 2], dtype=torch.uint16)
    with pytest.raises(NotImplementedError, match=r"bincount: .*UInt16"):
        K.bincount(x, weights)
    with pytest.raises(ValueError, match="has no values yet"):
        K.bincount(K.placeholder((2,), dtype="int32"))


def test_a_repr_that_fails_does_not_hide_the_message():
    class Hostile:
        def __repr__(self):
            raise RuntimeError("no repr")

    for value in (Hostile(), [Hostile()], "a\nb\x00\ud800", OBJECT):
        with pytest.raises(TypeError, match=r"sum: axis is .*, expected an integer|sum: an entry of axis is"):
            K.sum(np.ones((2, 3)), axis=value)
