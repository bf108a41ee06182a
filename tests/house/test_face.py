"""The face: every name of Keras 2.3.1's backend is there, with Keras's arguments in Keras's order."""

import importlib
import inspect
import pydoc
import re
import subprocess
import sys

import pytest

import backend as K
from backend.api import contents

# Keras 2.3.1's `keras.backend`: the 154 names every backend has, and the extras of single backends
NAMES = """
abs all any arange argmax argmin backend batch_dot batch_flatten batch_get_value batch_normalization batch_set_value
bias_add binary_crossentropy cast cast_to_floatx categorical_crossentropy clip concatenate constant control_dependencies
conv1d conv2d conv2d_transpose conv3d conv3d_transpose cos count_params ctc_batch_cost ctc_decode
ctc_label_dense_to_sparse cumprod cumsum depthwise_conv2d dot dropout dtype eager elu epsilon equal eval exp expand_dims
eye flatten floatx foldl foldr function gather get_uid get_value gradients greater greater_equal hard_sigmoid identity
image_data_format in_test_phase in_top_k in_train_phase int_shape is_keras_tensor is_placeholder is_sparse is_tensor
is_variable l2_normalize learning_phase less less_equal local_conv1d local_conv2d log logsumexp map_fn max maximum mean
min minimum moving_average_update name_scope ndim normalize_batch_in_training normalize_data_format not_equal one_hot
ones ones_like permute_dimensions placeholder pool2d pool3d pow print_tensor prod random_binomial random_normal
random_normal_variable random_uniform random_uniform_variable relu repeat repeat_elements reset_uids reshape
resize_images resize_volumes reverse rnn round separable_conv1d separable_conv2d set_epsilon set_floatx
set_image_data_format set_learning_phase set_value shape sigmoid sign sin size slice softmax softplus softsign
sparse_categorical_crossentropy spatial_2d_padding spatial_3d_padding sqrt square squeeze stack std stop_gradient sum
switch symbolic tanh temporal_padding tile to_dense transpose truncated_normal update update_add update_sub var variable
zeros zeros_like
clear_session get_session get_variable_shape manual_variable_initialization pattern_broadcast set_session Function
""".split()

ARGUMENTS = {
    "batch_normalization": "x mean var beta gamma axis=-1 epsilon=0.001",
    "dropout": "x level noise_shape=None seed=None",
    "conv2d": "x kernel strides=(1, 1) padding='valid' data_format=None dilation_rate=(1, 1)",
    "conv2d_transpose": "x kernel output_shape strides=(1, 1) padding='valid' data_format=None dilation_rate=(1, 1)",
    "ctc_decode": "y_pred input_length greedy=True beam_width=100 top_paths=1 merge_repeated=False",
    "in_train_phase": "x alt training=None",
    "logsumexp": "x axis=None keepdims=False",
    "one_hot": "indices num_classes",
    "normalize_batch_in_training": "x gamma beta reduction_axes epsilon=0.001",
    "relu": "x alpha=0.0 max_value=None threshold=0.0",
    "placeholder": "shape=None ndim=None dtype=None sparse=False name=None",
    "slice": "x start size",
    "pool2d": "x pool_size strides=(1, 1) padding='valid' data_format=None pool_mode='max'",
    "random_uniform": "shape minval=0.0 maxval=1.0 dtype=None seed=None",
    "switch": "condition then_expression else_expression",
    "resize_images": "x height_factor width_factor data_format interpolation='nearest'",
    "rnn": "step_function inputs initial_states go_backwards=False mask=None constants=None unroll=False "
    "input_length=None",
    "sparse_categorical_crossentropy": "target output from_logits=False axis=-1",
    "arange": "start stop=None step=1 dtype='int32'",
    "variable": "value dtype=None name=None constraint=None",
    "softmax": "x axis=-1",
    "clip": "x min_value max_value",
}


def test_every_name_is_there():
    assert len(NAMES) == 154 + 5 + 2
    assert [name for name in NAMES if not callable(getattr(K, name, None))] == []
    assert [name for name in NAMES if name not in vars(K)] == []  # Keras copies the module's dictionary


@pytest.mark.parametrize("name", ARGUMENTS)
def test_arguments_are_keras_own(name):
    found = [
        p.name if p.default is p.empty else f"{p.name}={p.default!r}"
        for p in inspect.signature(getattr(K, name)).parameters.values()
    ]
    wanted = ARGUMENTS[name].replace("(1, 1)", "(1,_1)").split()
    assert found == [w.replace("(1,_1)", "(1, 1)") for w in wanted]


def test_unknown_attributes_are_refused_and_modules_load_when_asked_for():
    with pytest.raises(AttributeError, match="no_such_name"):
        K.no_such_name  # noqa: B018
    assert K.optimizers.SGD and K.models.Sequential


def test_dir_gives_the_public_names_alone():
    assert dir(K) == sorted(K.__all__)
    assert {"softmax", "Function", "models", "optimizers"} <= set(K.__all__)
    modules = {name for name in K.__all__ if inspect.ismodule(getattr(K, name))}
    assert modules == set(contents.MODULES)
    assert [name for name in K.__all__ if name.startswith("_")] == []


def test_every_public_name_is_in_exactly_one_chapter():
    found = contents.chapters(vars(K))
    assert sorted(name for names in found.values() for name in names) == K.__all__
    assert "softmax" in found["Activations: elementwise nonlinearities, softmax and scaling to unit length."]


def test_every_chapter_has_a_title_of_its_own():
    modules = {getattr(K, name).__module__ for name in K.__all__ if name not in contents.MODULES}
    assert len(contents.chapters(vars(K))) == len(modules) + 1


def test_every_star_of_the_face_gives_all_that_its_module_lists():
    """So that a module's names reach K with one line, and none gets lost under another module's."""
    text = inspect.getsource(K)
    for module in re.findall(r"^from (\.[\w.]+) import \*", text, re.M):
        listed = importlib.import_module(module, "backend")
        assert [name for name in listed.__all__ if getattr(K, name) is not getattr(listed, name)] == [], module


def test_help_lists_the_operations_by_chapter():
    shown = pydoc.plain(pydoc.render_doc(K))
    assert "Activations: elementwise nonlinearities" in shown
    assert all(name in K.__doc__.split() for name in K.__all__ if name not in contents.MODULES)
    assert "models: Small neural networks" in shown
    assert max(map(len, K.__doc__.splitlines())) <= 120


def test_what_help_says_of_modules_is_their_own_docstring():
    for name, sentence in contents.MODULES.items():
        assert (getattr(K, name).__doc__ or "").partition("\n")[0] == sentence


def test_a_star_import_gives_the_public_names():
    scope: dict = {}
    exec("from backend import *", scope)
    assert sorted(scope.keys() - {"__builtins__"}) == K.__all__


def test_help_works_without_docstrings():
    code = "import backend as K; print('backend.ops.activations' in K.__doc__, K.softmax.__doc__)"
    done = subprocess.run([sys.executable, "-OO", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "None"]
