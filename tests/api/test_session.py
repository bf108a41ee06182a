"""Order of updates, printing, names and the calls kept for old programs."""

import numpy as np
import pytest

import backend as K


def running_mean(x):
    """A metric as Keras writes it: the result must include this batch."""
    total, count = K.variable(0.0), K.variable(0.0)
    ops = [K.update_add(total, K.sum(x)), K.update_add(count, K.cast(K.size(x), "float32"))]
    with K.control_dependencies(ops):
        result = K.identity(total / count)
    return result, ops, total / count


def test_results_under_control_include_the_updates_which_run_once():
    x = K.placeholder((None,))
    result, ops, outside = running_mean(x)
    f = K.function([x], [result], updates=ops)
    assert f([[1.0, 2.0, 3.0]])[0] == 2.0
    assert f([[6.0, 6.0, 6.0]])[0] == 4.0
    assert K.eval(outside) == 4.0
    assert result.eval({x: [0.0] * 6}) == 2.0
    assert K.eval(outside) == 2.0


def test_control_nests_and_ends_with_its_block():
    v, w = K.variable(1.0), K.variable(10.0)
    with K.control_dependencies(K.update(v, 2.0)):
        with K.control_dependencies([K.update_add(w, v)]):
            both = v + w
        one = v * 1.0
    assert K.eval(v + w) == 11.0
    assert K.eval(one) == 2.0 and K.get_value(w) == 10.0
    K.set_value(v, 1.0)
    assert K.eval(both) == 14.0
    with K.control_dependencies(None):
        assert K.eval(v * 1.0) == 2.0
    with pytest.raises(TypeError, match="update ops"), K.control_dependencies([3]):
        pass


def test_random_draws_and_branches_keep_the_updates_they_are_controlled_by():
    v, flag = K.variable(1.0), K.placeholder((), dtype="bool")
    with K.control_dependencies(K.update_add(v, 1.0)):
        draw = K.random_uniform((2,), seed=3)
        chosen = K.cond(flag, lambda: K.update_add(v, 10.0) * 1.0, lambda: v * 1.0)
    K.eval(draw)
    assert K.eval(v) == 2.0
    f = K.function([flag], [chosen])
    assert f([True])[0] == 13.0 and K.eval(v) == 13.0
    assert f([False])[0] == 14.0 and K.eval(v) == 14.0
    with K.control_dependencies(K.update_add(v, 1.0)):  # once, not once a step
        doubled = K.map_fn(lambda row: row * 2.0 + v, K.constant([1.0, 2.0]))
    assert K.eval(doubled).tolist() == [17.0, 19.0] and K.eval(v) == 15.0


def test_effects_are_given_when_a_node_is_made():
    v = K.variable(1.0)
    node = K.update_add(v, 1.0).node
    assert [(effect.variable is v, float(K.eval(effect.step))) for effect in node.effects] == [(True, 1.0)]
    with pytest.raises(AttributeError):
        node.effects = ()


def test_print_tensor_prints_at_every_evaluation(capsys):
    x = K.placeholder((2,))
    f = K.function([x], [K.print_tensor(x * 2.0, "twice:")])
    assert capsys.readouterr().out == ""
    assert f([[1.0, 2.0]])[0].tolist() == [2.0, 4.0]
    f([[1.0, 2.0]])
    assert capsys.readouterr().out == "twice: [2. 4.]\n" * 2
    K.eval(K.print_tensor(K.constant([1.0]), "constant"))
    assert capsys.readouterr().out == "constant [1.]\n"
    assert K.print_tensor(np.ones(1), "now") == 1.0 and capsys.readouterr().out == "now [1.]\n"
    v = K.variable(3.0)
    assert K.eval(K.gradients(K.print_tensor(v * v, "square"), [v])[0]) == 6.0


def test_names_and_sessions():
    K.reset_uids()
    assert [K.get_uid("a"), K.get_uid("a"), K.get_uid()] == [1, 2, 1]
    K.set_learning_phase(1)
    assert K.learning_phase() == 1
    K.clear_session()
    assert K.get_uid("a") == 1 and K.is_placeholder(K.learning_phase())
    with K.name_scope("outer"), K.name_scope("inner") as scope:
        assert scope == "outer/inner/"
    assert K.symbolic(len) is len and K.eager(len) is len
    K.set_session(K.get_session())
    with pytest.raises(TypeError, match="set_session: session is None"):
        K.set_session(None)
    assert K.pattern_broadcast(3, None) == 3 and K.manual_variable_initialization(True) is None


def test_the_session_runs_nests_of_tensors_on_one_state():
    x, v = K.placeholder((None,)), K.variable(1.0)
    with K.get_session() as session:
        found = session.run({"sums": [K.sum(x), (v, None)], "new": K.update_add(v, 1.0)}, {x: [1.0, 2.0], 0: True})
    assert found == {"sums": [3.0, [1.0, None]], "new": 2.0} and K.eval(v) == 2.0
    doubled = v * 2.0
    for value in (1.0, 5.0):
        K.set_value(v, value)
        assert session.run(doubled) == 2.0 * value
    assert session.run(doubled, feed_dict={v: 7.0}) == 14.0
    with pytest.raises(ValueError, match="depend on placeholder"):
        session.run(x)
    with pytest.raises(TypeError, match="fetches hold 'doubled'"):
        session.run(["doubled"])


def test_the_session_forgets_its_oldest_functions():
    session, v = K.get_session(), K.variable(1.0)
    tensors = [v + float(i) for i in range(70)]
    assert [session.run(t) for t in tensors + tensors[:1]] == [1.0 + i for i in range(70)] + [1.0]
    assert len(session._functions) == 64
    K.clear_session()
    assert not session._functions


def test_values_in_batches_and_in_floatx():
    v, w = K.variable(1.0), K.variable([2.0, 3.0])
    assert K.batch_get_value([]) == []
    assert [value.tolist() for value in K.batch_get_value([v, w])] == [1.0, [2.0, 3.0]]
    cast = K.cast_to_floatx(2)
    assert isinstance(cast, np.ndarray) and cast.dtype == K.floatx() and cast.shape == ()
    assert K.dtype(K.cast_to_floatx(K.constant([1], dtype="int32"))) == K.floatx()
    with pytest.raises(TypeError, match="expected a number"):
        K.cast_to_floatx("text")
    assert K.image_dim_ordering() == "tf"
    with pytest.raises(ValueError, match="'tf' or 'th'"):
        K.set_image_dim_ordering("rows")


def test_eval_feeds_a_sparse_placeholder():
    s, w = K.placeholder((None, 2), sparse=True), K.variable([[1.0, 2.0], [3.0, 4.0]])
    assert K.eval(K.dot(s, w), {s: np.asarray([[0.0, 2.0]])}).tolist() == [[6.0, 8.0]]


def test_a_session_leaves_out_numbers_of_any_kind_among_the_fed():
    v = K.variable(2.0)
    assert K.get_session().run(v, {np.int64(0): True, 1: False}) == 2.0
