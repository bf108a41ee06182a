"""What objects show of themselves: short, escaped, and nothing computed."""

import numpy as np
import pytest

import backend as K
from backend.graph import display

HOSTILE = 'w<script>alert("1")</script>\n\u202e&amp;'


@pytest.fixture
def step():
    x, w = K.placeholder((None, 3), name="x"), K.variable(np.zeros((3, 2)), name="w")
    y = K.dot(x, w)
    return K.function([x], [y], [K.update_add(w, K.ones((3, 2)))], name="step")


def test_a_line_for_each_tensor():
    assert repr(K.placeholder((None, 3), name="x")) == "<Placeholder x shape=(None, 3) dtype=float32>"
    assert repr(K.variable(np.zeros((3, 2)), name="w")) == "<Variable w shape=(3, 2) dtype=float32 backend=numpy>"
    assert repr(K.constant([1.0, 2.0], name="c")) == "<Constant c shape=(2,) dtype=float32 value=[1., 2.]>"


def test_a_variable_says_where_it_is():
    strict = pytest.importorskip("array_api_strict")
    with K.use_backend("array_api_strict:device1"):
        v = K.variable([1.0])
    assert "backend=array_api_strict" in repr(v) and str(strict.Device("device1")) in repr(v)


def test_a_function_shows_inputs_outputs_and_when_compiled_its_cost(step):
    text = repr(step)
    assert text.startswith("<Function step: inputs x (None, 3), outputs matmul_")
    assert text.endswith("(None, 2), updates w (3, 2)>")  # not compiled for a line of text
    step([np.ones((4, 3))])
    last = step.stages[-1]
    assert f"calls {last.calls}, memory {display.bytes_shown(last.held)} where unknown sizes are" in repr(step)
    assert f'<td style="text-align:left">{last.calls}</td>' in step._repr_html_()


def test_long_lists_and_names_are_cut():
    inputs = [K.placeholder((1,), name=f"input_{i}_{'x' * 500}") for i in range(300)]
    f = K.function(inputs, [K.sum(K.stack(inputs))], name="n" * 5000)
    assert len(repr(f)) < 1000 and "and 294 more" in repr(f)
    assert len(f._repr_html_()) < 2000 and len(inputs[0]._repr_html_()) < 1000


def test_hostile_names_are_escaped():
    x = K.placeholder((2,), name=HOSTILE)
    y = K.exp(x)
    f = K.function([x], [y], name=HOSTILE)
    model = K.models.Sequential([K.models.Dense(2, input_shape=(3,), name=HOSTILE)], name=HOSTILE)
    history = K.models.History()
    history.on_epoch_end(0, {HOSTILE: 1.0})
    for each in (x, y, f, model, model.layers[0], history):
        assert "\n" not in repr(each) and "\u202e" not in repr(each)
        shown = each._repr_html_()
        assert "<script" not in shown and "\u202e" not in shown
        assert "&lt;script&gt;" in shown
        assert "&amp;amp;" in shown or each is y  # of an argument, y has the name alone, cut short


def test_nothing_large_is_computed_or_printed(monkeypatch):
    small, large = K.constant([1.0, 2.0]), K.constant(np.zeros(10**6, "float32"))
    unknown = K.placeholder((None, 10**9))
    loop = K.map_fn(lambda row: K.sum(K.zeros((1000, 1000)) + row), K.constant(np.zeros(3)))
    values = K.variable(np.zeros((1000, 1000)))
    asked = [small + 1.0, large, large + 1.0, K.sum(large), unknown, unknown + 1.0, loop, values, values + 1.0]
    computed = []
    monkeypatch.setattr(type(small), "eval", lambda self, *_: computed.append(self) or np.zeros(2))
    monkeypatch.setattr(type(asked[0]), "eval", lambda self, *_: computed.append(self) or np.zeros(2))
    for t in asked:
        assert len(repr(t)) < 200 and len(t._repr_html_()) < 1500
    assert {id(t) for t in computed} == {id(asked[0])}


def test_sizes_in_words():
    found = [display.bytes_shown(n) for n in (0, 999, 1500, 99_500, 123_456_789, 5e12)]
    assert found == ["0 bytes", "999 bytes", "1.5 kB", "100 kB", "123 MB", "5000 GB"]


def test_optimizers_show_their_numbers_as_they_are_now():
    adam = K.optimizers.Adam(0.001, clipnorm=1.0)
    K.set_value(adam.lr, 0.5)
    assert repr(adam).startswith("Adam(learning_rate=0.5, beta_1=0.9, beta_2=0.999, amsgrad=False, epsilon=1e-07")
    assert repr(adam).endswith("clipnorm=1)")
    w = K.variable([1.0, 2.0])
    step = K.function([], [], adam.get_updates(K.sum(K.square(w)), [w]))
    step(), step()
    assert '<th style="text-align:left">steps made</th><td style="text-align:left">2</td>' in adam._repr_html_()


def test_an_optimizer_that_lacks_an_attribute_has_a_repr_all_the_same():
    class Mine(K.optimizers.Optimizer):
        def __init__(self, warmup=3):
            super().__init__(0.1)

    assert repr(Mine()) == "Mine(decay=0)"
