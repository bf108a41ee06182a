"""Programs of users are clean under `mypy --strict`; a misspelt name or a wrong argument is an error."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]

# What people write, in the ways K is used: a compiled graph, code for anybody's arrays, derivatives, models.
CLEAN = """
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

import backend as K


def graph() -> float:
    x = K.placeholder((None, 784), name="x")
    w = K.variable(np.zeros((784, 10)), name="w")
    b = K.zeros((10,))
    y = K.softmax(K.dot(x, w) + b)
    target = K.placeholder((None, 10))
    loss = K.mean(K.categorical_crossentropy(target, y))
    adam = K.optimizers.Adam(learning_rate=1e-3, clipnorm=1.0)
    updates = adam.get_updates(loss=loss, params=[w])
    f = K.function([x, target], [loss, y], updates=updates, name="step")
    value, _ = f([np.zeros((2, 784)), np.zeros((2, 10))])
    print(f.source, f.stages, y.shape, y.dtype, y.eval, K.int_shape(y), w.array)
    g = K.gradients(loss, [w])
    K.set_value(adam.lr, 0.5)
    print(g[0], K.plot(f), f, y)
    return float(value)


def agnostic(x: NDArray[np.float64], mask: NDArray[np.bool]) -> NDArray[np.float64]:
    y: NDArray[np.float64] = K.log(K.sum(K.exp(x - K.max(x, axis=-1, keepdims=True)), axis=-1))
    return np.where(K.any(mask, axis=-1), y, K.softmax([1.0, 2.0]))


def derivatives(f: Callable[[Any], Any]) -> Any:
    value, df = K.value_and_grad(f)(np.ones(3))
    return K.grad(f)(np.ones(3)), value, df, K.jacobian(f)(np.ones(3))


def models() -> None:
    model = K.models.Sequential([K.models.Dense(32, activation="relu", input_shape=(784,)), K.models.Dense(10)])
    model.compile(K.optimizers.SGD(0.1, momentum=0.9), "mse", metrics=["accuracy"])
    history = model.fit(np.zeros((4, 784)), np.zeros((4, 10)), epochs=2, verbose=0)
    print(history.history["loss"], model.predict(np.zeros((4, 784))))
    inputs = K.models.Input((3,))
    K.models.Model(inputs, K.models.Dense(2)(inputs)).get_weights()


def symbolic() -> Any:
    t = K.constant([1.0, 2.0])
    s = K.relu(t, alpha=0.1) * 2.0 - 1.0 / t
    K.print_tensor(K.concatenate([t, s], axis=0))
    K.maximum(0.0, t).eval(), K.cast(t, "int32").eval(), K.reshape(t, (-1, 1))[0].eval(), K.relu(x=t).eval()
    K.switch(K.greater(K.sum(t), 0), t, s)
    K.rnn(lambda i, states: (i, states), K.placeholder((2, 3, 4)), [K.zeros((2, 4))])
    K.gather(t, [0, 1]).eval()
    top, where = K.top_k(t, 1)
    with K.use_backend("numpy"):
        print(top.eval(), where.eval(), K.random_normal((2, 3), seed=1).eval(), t @ t, t == s, -t, abs(t))
    return K.eval(s)
"""

# Each line is an error; what mypy must say of it.
WRONG = {
    "K.sofmax(x)": 'has no attribute "sofmax"',
    "K.softmax()": "require at least one argument",
    "K.softmax(x, axiz=1)": 'Unexpected keyword argument "axiz"',
    'K.softmax(x, axis="a")': "incompatible type",
    'K.relu(np.zeros(3), alpha="a")': "No overload variant",
    "K.softmax(x).evall()": 'has no attribute "evall"',
    "x.shap": 'has no attribute "shap"',
    'K.placeholder((2, 3), dtyp="float32")': 'Unexpected keyword argument "dtyp"',
    "K.function([x], [x], name=3)": 'incompatible type "int"',
    "K.optimizers.Adma()": 'has no attribute "Adma"',
    "K.optimizers.Adam(learning_rte=1.0)": 'Unexpected keyword argument "learning_rte"',
    "K.models.Sequentail([])": 'has no attribute "Sequentail"',
    "K.models.Sequential([]).comple()": 'has no attribute "comple"',
    'K.models.Dense("a")': 'incompatible type "str"',
}


HEAD = "import numpy as np\nimport backend as K\nx = K.placeholder((2, 3))\n"


@pytest.fixture
def programs(tmp_path):
    """A folder with clean.py and wrong.py."""
    (tmp_path / "clean.py").write_text(CLEAN, "utf-8")
    (tmp_path / "wrong.py").write_text(HEAD + "\n".join(WRONG), "utf-8")
    return tmp_path


def test_a_users_programs_are_clean_and_their_mistakes_are_errors(programs):
    """One run of mypy for both: it takes most of its time to read NumPy's types."""
    pytest.importorskip("mypy")
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "clean.py", "wrong.py"]
    environment = os.environ | {
        "PYTHONPATH": str(ROOT)
    }  # an installed package to mypy; MYPYPATH would make it the user's
    environment.pop("MYPYPATH", None)
    done = subprocess.run(command, cwd=programs, env=environment, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    lines = [line for line in done.stdout.splitlines()[:-1] if ": note: " not in line]
    assert [line for line in lines if not line.startswith("wrong.py:")] == []
    found = dict.fromkeys(WRONG, "")
    for line in lines:
        number, text = re.fullmatch(r"wrong\.py:(\d+): error: (.*)", line).groups()
        found[list(WRONG)[int(number) - HEAD.count("\n") - 1]] += text
    assert {call: text for call, text in found.items() if WRONG[call] not in text} == {}


def test_pyright_agrees(programs):
    program = shutil.which("pyright")
    if program is None:
        pytest.skip("pyright is not installed")
    command = [program, "--outputjson", "--pythonpath", sys.executable, "clean.py", "wrong.py"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=programs, env=environment, capture_output=True, text=True, check=False)
    errors = [e for e in json.loads(done.stdout)["generalDiagnostics"] if e["severity"] == "error"]
    assert [e["message"] for e in errors if Path(e["file"]).name == "clean.py"] == []
    lines = {e["range"]["start"]["line"] - HEAD.count("\n") for e in errors}
    assert lines == set(range(len(WRONG)))
