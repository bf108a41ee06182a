"""What a newcomer reads after a typical mistake: which function, which argument, what came, what was expected."""

import re

import numpy as np
import pytest

import backend as K
import conformance
from conformance.errors import UsageError

NUMBERS = "expected a number, an array, or a list of numbers"
RAGGED = "is [[1, 2], [3]], a nested list whose parts differ in length"


def x():
    return K.placeholder((3,), name="x")


def w():
    return K.variable([1.0, 2.0, 3.0], name="w")


def doubled(values, *more):
    t = x()
    return K.function([t], [t * 2.0], name="f")(values, *more)


def sgd():
    return K.optimizers.SGD()


CALLS = [
    # feeding and compiling
    (TypeError, "f: got 2 arguments, expected one list of values, as in f([x, y])", lambda: doubled(1.0, 2.0)),
    (TypeError, "f: got an array of shape (3,) and dtype float64, expected a list", lambda: doubled(np.ones(3))),
    (TypeError, f"f: the value fed for x is 'abc', {NUMBERS}", lambda: doubled(["abc"])),
    (ValueError, f"f: the value fed for x {RAGGED}", lambda: doubled([[[1, 2], [3]]])),
    (TypeError, "function: inputs is <Placeholder x", lambda: K.function(x(), [x()])),
    (TypeError, "function: updates is <Tensor", lambda: K.function([], [], K.update_add(w(), 1.0))),
    (TypeError, "function: updates gives w the new value 'a', expected", lambda: K.function([], [], [(w(), "a")])),
    (TypeError, "function: passes is 'cse', expected a list of names", lambda: K.function([], [], passes="cse")),
    (TypeError, "eval: feed_dict has the key 'x', expected placeholders", lambda: K.eval(x(), {"x": np.ones(3)})),
    (TypeError, "eval: x is a list of tensors, expected one tensor", lambda: K.eval([x()])),
    (TypeError, "run: feed_dict has the key 'x', expected placeholders", lambda: K.get_session().run(w(), {"x": 1})),
    (TypeError, "run: feed_dict is [], expected a dictionary", lambda: K.get_session().run(w(), [])),
    # leaves
    (ValueError, "placeholder: ndim is -1, expected at least 0", lambda: K.placeholder(ndim=-1)),
    (TypeError, f"variable: value is None, {NUMBERS}", lambda: K.variable(None)),
    (ValueError, f"variable: value {RAGGED}", lambda: K.variable([[1, 2], [3]])),
    (ValueError, f"constant: value {RAGGED}", lambda: K.constant([[1, 2], [3]])),
    (TypeError, f"constant: value is [1, 'a'], {NUMBERS}", lambda: K.constant([1, "a"])),
    (ValueError, "constant: shape is (-1,), expected sizes of at least 0", lambda: K.constant([1, 2], shape=(-1,))),
    (TypeError, f"cast_to_floatx: x is 'a', {NUMBERS}", lambda: K.cast_to_floatx("a")),
    (TypeError, "cast_to_floatx: x has dtype complex128, expected real", lambda: K.cast_to_floatx([1j])),
    # values of variables
    (TypeError, f"set_value: value is 'a', {NUMBERS}", lambda: K.set_value(w(), "a")),
    (TypeError, "set_value: x is <Placeholder x", lambda: K.set_value(x(), 1.0)),
    (TypeError, f"set_value: value is 'a', {NUMBERS}", lambda: w().assign("a")),
    (TypeError, "move: backend is 'torch', expected one that K.get_backend gives", lambda: w().move("torch")),
    (TypeError, "batch_set_value: tuples is <Variable w", lambda: K.batch_set_value(w())),
    (TypeError, "batch_set_value: tuples holds <Variable w", lambda: K.batch_set_value([w()])),
    (TypeError, "batch_set_value: tuples holds (<Variable w", lambda: K.batch_set_value([(w(),)])),
    (TypeError, f"batch_set_value: value is 'a', {NUMBERS}", lambda: K.batch_set_value([(w(), "a")])),
    (TypeError, "batch_get_value: ops is <Variable w", lambda: K.batch_get_value(w())),
    (TypeError, "update_add: increment is 'a', expected a tensor", lambda: K.update_add(w(), "a")),
    (ValueError, "update_add: increment: shapes (3,) and (2,)", lambda: K.update_add(w(), [1.0, 2.0])),
    (TypeError, "update_sub: decrement is {}, expected a tensor", lambda: K.update_sub(w(), {})),
    (ValueError, "moving_average_update: value: shapes", lambda: K.moving_average_update(w(), [1.0, 2.0], 0.9)),
    (TypeError, "moving_average_update: momentum is 'a'", lambda: K.moving_average_update(w(), 1.0, "a")),
    # an operation that calls another one names itself alone
    (TypeError, "ndim: x is None, expected a tensor", lambda: K.ndim(None)),
    (TypeError, "count_params: x is 'a', expected a tensor", lambda: K.count_params("a")),
    (ValueError, "get_value: the outputs depend on placeholder x", lambda: K.get_value(x())),
    (ValueError, "map_fn: elems holds an array of 0 dimensions", lambda: K.map_fn(K.square, 3)),
    (TypeError, "map_fn: elems is 'abc', expected", lambda: K.map_fn(K.square, "abc")),
    (ValueError, "foldl: sequences of different lengths", lambda: K.foldl(max, [np.ones(2), np.ones(3)])),
    (ValueError, "scan: the step returns np.float64(1.0), expected a pair", lambda: K.scan(max, 0.0, np.ones(2))),
    (ValueError, "random_normal_variable: scale is -1", lambda: K.random_normal_variable((2,), 0, -1)),
    (ValueError, "random_uniform_variable: [low, high) is [1", lambda: K.random_uniform_variable((2,), 1, 0)),
    (TypeError, "in_train_phase: training is 'yes', expected", lambda: K.in_train_phase(x(), x(), "yes")),
    # derivatives
    (TypeError, "gradients: loss holds 3, expected symbolic tensors", lambda: K.gradients(3, [w()])),
    (TypeError, "grad: argument 0 is an array of shape (2,) and dtype int64", lambda: K.grad(K.sum)(np.arange(2))),
    (TypeError, "grad: argument 0 holds 'a', expected a floating", lambda: K.grad(lambda p: K.sum(p[0]))(["a"])),
    (TypeError, "value_and_grad: argument 0 is 'a', expected", lambda: K.value_and_grad(K.sum)("a")),
    (TypeError, "hessian: square gives shape (2,)", lambda: K.hessian(K.square)(np.ones(2))),
    (ValueError, "hessian: argnums is 3, but the call has 1", lambda: K.hessian(K.sum, 3)(np.ones(2))),
    (TypeError, "jvp: primals is 3, expected a list of the arguments of f", lambda: K.jvp(K.square, 3, 3)),
    (ValueError, "hvp: v has the shapes [(1,)]", lambda: K.hvp(K.sum, np.ones(2), np.ones(1))),
    # settings
    (ValueError, "set_floatx: floatx is 'float', expected one of", lambda: K.set_floatx("float")),
    (ValueError, "set_image_data_format: data_format is None", lambda: K.set_image_data_format(None)),
    (TypeError, "int is no array API namespace; it lacks abs, ", lambda: K.register_backend("mine", 3)),
    # optimizers
    (TypeError, "SGD: params is <Variable w", lambda: sgd().get_updates(K.sum(w()), w())),
    (TypeError, "SGD: params holds <Placeholder x", lambda: sgd().get_updates(K.sum(w()), [x()])),
    (TypeError, "SGD: loss is 3.0, expected a symbolic tensor", lambda: sgd().get_gradients(3.0, [w()])),
    (TypeError, "SGD: learning_rate is <Placeholder x", lambda: K.optimizers.SGD(x())),
    (TypeError, "SGD: config is 3, expected a dictionary", lambda: K.optimizers.SGD.from_config(3)),
    (TypeError, "set_weights: weights is 3, expected a list", lambda: sgd().set_weights(3)),
    # conformance
    (UsageError, "run: namespaces is 'numpy', expected a list of names", lambda: conformance.run("numpy")),
    (UsageError, "run: unknown option 'exemples'; expected any of", lambda: conformance.run(["numpy"], exemples=3)),
    (UsageError, "run: namespaces is empty", lambda: conformance.run([])),
]


@pytest.mark.parametrize(("kind", "message", "call"), CALLS, ids=[message[:40] for _, message, _ in CALLS])
def test_a_mistake_is_explained(kind, message, call):
    with pytest.raises(kind, match=re.escape(message)):
        call()
