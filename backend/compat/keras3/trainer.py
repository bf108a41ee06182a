"""Training, evaluation and prediction: Keras's loops around steps that are compiled once per signature."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from keras.src import backend, optimizers, tree
from keras.src import callbacks as callbacks_module
from keras.src.backend import config
from keras.src.trainers import trainer as base_trainer
from keras.src.trainers.data_adapters import array_slicing, data_adapter_utils
from keras.src.utils import traceback_utils
from keras.src.utils.python_utils import pythonify_logs

import backend as K
from backend.arrays.backends import active
from backend.arrays.namespaces import describe

from .batches import Batches, readable
from .eager import EagerStep
from .steps import Step
from .tensors import convert_to_numpy, convert_to_tensor, is_tensor

__all__ = ["NumpyTrainer"]


class NumpyTrainer(base_trainer.Trainer):
    """What Keras's Model inherits from this backend; the name is the one Keras imports.

    `train_step(data)`, `test_step(data)` and `predict_step(data)` may be overridden. They are traced: the gradients
    are ``K.gradients(loss, [w.value for w in self.trainable_weights])``.
    """

    def __init__(self) -> None:
        super().__init__()
        self.train_function: Any = None
        self.test_function: Any = None
        self.predict_function: Any = None
        self._eval_epoch_iterator: Batches | None = None

    # ---- steps

    def train_step(self, data: Any) -> Any:
        """One step of gradient descent on a batch; the metrics after it."""
        x, y, sample_weight = data_adapter_utils.unpack_x_y_sample_weight(data)
        y_pred = self._predicted(x, training=True)
        loss = self._compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=sample_weight, training=True)
        self._loss_tracker.update_state(loss, sample_weight=_batch_size(x))
        if self.optimizer is not None:
            loss = self.optimizer.scale_loss(loss)
        weights = list(self.trainable_weights)
        if weights:
            gradients = K.gradients(loss, [weight.value for weight in weights])
            self.optimizer.apply(gradients, weights)
        else:
            warnings.warn("The model does not have any trainable weights.", stacklevel=2)
        return self.compute_metrics(x, y, y_pred, sample_weight=sample_weight)

    def test_step(self, data: Any) -> Any:
        """The loss and the metrics on a batch."""
        x, y, sample_weight = data_adapter_utils.unpack_x_y_sample_weight(data)
        y_pred = self._predicted(x, training=False)
        loss = self._compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=sample_weight, training=False)
        self._loss_tracker.update_state(loss, sample_weight=_batch_size(x))
        return self.compute_metrics(x, y, y_pred, sample_weight=sample_weight)

    def predict_step(self, data: Any) -> Any:
        """The predictions for a batch."""
        return self._predicted(data_adapter_utils.unpack_x_y_sample_weight(data)[0], training=False)

    def _predicted(self, x: Any, training: bool) -> Any:
        return self(x, training=training) if self._call_has_training_arg else self(x)

    def make_train_function(self, force: bool = False) -> Any:
        """Make `train_function`, which takes a list of batches."""
        if self.train_function is None or force:
            eager = EagerStep(self.train_step)
            step: Any = Step("train_step", self.train_step, self.jit_compile, self._flags, self._else(eager))
            step = eager if self.run_eagerly else step
            self.train_function = _last_of(step, self.steps_per_execution)
        return self.train_function

    def make_test_function(self, force: bool = False) -> Any:
        """Make `test_function`, which takes a list of batches."""
        if self.test_function is None or force:
            self.test_function = _last_of(self._forward("test_step", self.test_step), self.steps_per_execution)
        return self.test_function

    def make_predict_function(self, force: bool = False) -> Any:
        """Make `predict_function`, which takes a list of batches."""
        if self.predict_function is None or force:
            self.predict_function = _joined(self._forward("predict_step", self.predict_step), self.steps_per_execution)
        return self.predict_function

    def _flags(self) -> tuple[bool, ...]:
        """Which variables are trainable now: a step is traced anew when that changes, as Keras on PyTorch runs anew."""
        return tuple(variable.trainable for variable in self.variables)

    def _forward(self, name: str, call: Any) -> Any:
        """A step without gradients: compiled, or computed at once where the model is to run eagerly."""

        def eager(data: Any) -> Any:
            return call(tree.map_structure(_tensor, data))

        return eager if self.run_eagerly else Step(name, call, self.jit_compile, eager=self._else(eager))

    def _else(self, eager: Any) -> Any:
        """How a step runs that cannot be traced: call by call, where a layer says that it cannot be compiled."""
        return None if base_trainer.model_supports_jit(self) else eager

    def _resolve_auto_jit_compile(self) -> bool:
        """What "auto" means: the compiler of the library, for JAX alone.

        It is saved with a model, and Keras on PyTorch would compile what asks for it, which takes minutes.
        """
        return describe(active().xp) == "jax" and bool(base_trainer.model_supports_jit(self))

    def compile_from_config(self, config: Any) -> None:
        """Compile as a file says; classes of optimizers that Keras has for PyTorch alone are its plain ones here."""
        optimizer = config.get("optimizer")
        if isinstance(optimizer, dict) and str(optimizer.get("module")).startswith("keras.src.backend."):
            plain = {**optimizer, "module": "keras.optimizers", "registered_name": None}
            config = {**config, "optimizer": plain}
        super().compile_from_config(config)

    # ---- loops

    @traceback_utils.filter_traceback
    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: Any = None,
        epochs: int = 1,
        verbose: Any = "auto",
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool = True,
        class_weight: Any = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: Any = None,
        validation_steps: Any = None,
        validation_batch_size: Any = None,
        validation_freq: Any = 1,
    ) -> Any:
        """Train the model, as Keras documents; its History."""
        self._assert_compile_called("fit")
        epochs = _capped(epochs)
        self._eval_epoch_iterator = None
        if validation_split and validation_data is None:
            (x, y, sample_weight), validation_data = array_slicing.train_validation_split(
                (x, y, sample_weight), validation_split=validation_split
            )
        batches = self._batches(
            x, y, sample_weight, batch_size, steps_per_epoch, shuffle=shuffle, class_weight=class_weight
        )
        self._symbolic_build(iterator=batches)
        batches.reset()
        callbacks = self._callback_list(callbacks, verbose, batches, epochs=epochs, add_history=True)
        validation = None
        if validation_data is not None:
            parts = data_adapter_utils.unpack_x_y_sample_weight(validation_data)
            validation = (*parts, validation_batch_size or batch_size, validation_steps)
        self.stop_training = False
        self.make_train_function()
        callbacks.on_train_begin()
        logs: dict[str, Any] = {}
        for epoch in range(self._initial_epoch or initial_epoch, epochs):
            self.reset_metrics()
            callbacks.on_epoch_begin(epoch)
            logs = self._epoch(batches, callbacks)
            if validation is not None and self._should_eval(epoch, validation_freq):
                found = self._validated(validation, callbacks)
                logs.update((f"val_{name}", value) for name, value in found.items())
            callbacks.on_epoch_end(epoch, logs)
            if self.stop_training:
                break
        if isinstance(self.optimizer, optimizers.Optimizer) and epochs > 0:
            self.optimizer.finalize_variable_values(self.trainable_weights)
        self._eval_epoch_iterator = None
        callbacks.on_train_end(logs=logs)
        return self.history

    def _epoch(self, batches: Batches, callbacks: Any) -> dict[str, Any]:
        """Train on every batch once; the metrics of the epoch."""
        logs: Any = {}
        for first, last, data in batches:
            callbacks.on_train_batch_begin(first)
            logs = self.train_function(data)
            callbacks.on_train_batch_end(last, logs)
            if self.stop_training:
                break
        return dict(self._get_metrics_result_or_logs(logs))

    def _validated(self, validation: Any, callbacks: Any) -> dict[str, Any]:
        """The metrics on the validation data, whose iterator serves every epoch."""
        x, y, sample_weight, batch_size, steps = validation
        if self._eval_epoch_iterator is None:
            self._eval_epoch_iterator = self._batches(x, y, sample_weight, batch_size, steps)
        return self.evaluate(
            x,
            y,
            batch_size=batch_size,
            sample_weight=sample_weight,
            steps=steps,
            callbacks=callbacks,
            return_dict=True,
            _use_cached_eval_dataset=True,
        )

    @traceback_utils.filter_traceback
    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: Any = None,
        verbose: Any = "auto",
        sample_weight: Any = None,
        steps: Any = None,
        callbacks: Any = None,
        return_dict: bool = False,
        **kwargs: Any,
    ) -> Any:
        """The loss and metrics on data, as Keras documents."""
        self._assert_compile_called("evaluate")
        cached = kwargs.pop("_use_cached_eval_dataset", False)
        if kwargs:
            raise ValueError(f"Arguments not recognized: {kwargs}")
        batches: Any = self._eval_epoch_iterator if cached else self._batches(x, y, sample_weight, batch_size, steps)
        self._symbolic_build(iterator=batches)
        batches.reset()
        callbacks = self._callback_list(callbacks, verbose, batches)
        self.make_test_function()
        self.stop_evaluating = False
        callbacks.on_test_begin()
        logs: Any = {}
        self.reset_metrics()
        for first, last, data in batches:
            callbacks.on_test_batch_begin(first)
            logs = self.test_function(data)
            callbacks.on_test_batch_end(last, logs)
            if self.stop_evaluating:
                break
        logs = pythonify_logs(self._get_metrics_result_or_logs(logs))
        callbacks.on_test_end(logs)
        return logs if return_dict else self._flatten_metrics_in_order(logs)

    @traceback_utils.filter_traceback
    def predict(
        self, x: Any, batch_size: Any = None, verbose: Any = "auto", steps: Any = None, callbacks: Any = None
    ) -> Any:
        """The predictions for data, as NumPy arrays."""
        batches = self._batches(x, None, None, batch_size, steps)
        callbacks = self._callback_list(callbacks, verbose, batches)
        self.make_predict_function()
        self.stop_predicting = False
        callbacks.on_predict_begin()
        found, rows = None, []
        for first, last, data in batches:
            callbacks.on_predict_batch_begin(first)
            found = self.predict_function(data)
            rows.append([convert_to_numpy(y) for y in tree.flatten(found)])
            callbacks.on_predict_batch_end(last, {"outputs": found})
            if self.stop_predicting:
                break
        callbacks.on_predict_end()
        return tree.pack_sequence_as(found, [np.concatenate(column) for column in zip(*rows, strict=True)])

    # ---- single batches

    def train_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: Any = None,
        return_dict: bool = False,
    ) -> Any:
        """Train on one batch; the loss and metrics of it."""
        self._assert_compile_called("train_on_batch")
        if class_weight is not None:
            if sample_weight is not None:
                raise ValueError(
                    "Arguments `sample_weight` and `class_weight` cannot be specified at the same time. "
                    f"Received: sample_weight={sample_weight}, class_weight={class_weight}"
                )
            sample_weight = data_adapter_utils.class_weight_to_sample_weights(y, class_weight)
        return self._on_batch(self.make_train_function, (x, y, sample_weight), return_dict)

    def test_on_batch(self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False) -> Any:
        """The loss and metrics of one batch."""
        self._assert_compile_called("test_on_batch")
        return self._on_batch(self.make_test_function, (x, y, sample_weight), return_dict)

    def _on_batch(self, make: Any, data: Any, return_dict: bool) -> Any:
        data = tree.map_structure(_tensor, data)
        self._symbolic_build(data_batch=data)
        function = make()
        self.reset_metrics()
        logs = pythonify_logs(function([data]))
        return logs if return_dict else self._flatten_metrics_in_order(logs)

    def predict_on_batch(self, x: Any) -> Any:
        """The predictions for one batch, as NumPy arrays."""
        function = self.make_predict_function()
        return tree.map_structure(convert_to_numpy, function([(tree.map_structure(_tensor, x),)]))

    # ---- parts

    def _batches(
        self, x: Any, y: Any, sample_weight: Any, batch_size: Any, steps: Any, shuffle: bool = False, **how: Any
    ) -> Batches:
        return Batches(
            x=readable(x),
            y=readable(y),
            sample_weight=readable(sample_weight),
            batch_size=batch_size,
            steps_per_epoch=steps,
            shuffle=shuffle,
            steps_per_execution=self.steps_per_execution,
            **how,
        )

    def _callback_list(
        self, callbacks: Any, verbose: Any, batches: Batches, epochs: int = 1, add_history: bool = False
    ) -> Any:
        if isinstance(callbacks, callbacks_module.CallbackList):
            return callbacks
        return callbacks_module.CallbackList(
            callbacks,
            add_history=add_history,
            add_progbar=verbose != 0,
            verbose=verbose,
            epochs=epochs,
            steps=batches.num_batches,
            model=self,
        )


def _batch_size(x: Any) -> int:
    """The number of samples of a batch."""
    return next(leaf for leaf in tree.flatten(x) if leaf is not None).shape[0]


def _tensor(leaf: Any) -> Any:
    return None if leaf is None else convert_to_tensor(leaf)


def _capped(epochs: int) -> int:
    """The number of epochs, which a setting of Keras may limit for trial runs."""
    most = config.max_epochs()
    if most and most < epochs:
        warnings.warn(f"Limiting epochs to {most}", stacklevel=3)
        return most
    return epochs


def _at_once(step: Any, batches: Any, count: int) -> Any:
    """The stacked results of as many batches as one call is to run; None where they are run one by one.

    One by one are those left at the end of an epoch, a smaller last batch, and steps that run eagerly.
    """
    if count == 1 or len(batches) != count or not isinstance(step, Step):
        return None
    return step.several(batches)


def _last_of(step: Any, count: int) -> Any:
    """A function of a list of batches: the logs of the last one."""

    def on_batches(batches: Any) -> Any:
        stacked = _at_once(step, batches, count)
        if stacked is not None:
            return tree.map_structure(lambda y: y[-1, ...] if is_tensor(y) else y, stacked)
        logs: Any = {}
        for batch in batches:
            logs = step(batch)
        return logs

    on_batches.step = step  # type: ignore[attr-defined]
    return on_batches


def _joined(step: Any, count: int) -> Any:
    """A function of a list of batches: the predictions for all of them."""

    def on_batches(batches: Any) -> Any:
        stacked = _at_once(step, batches, count)
        if stacked is not None:
            return tree.map_structure(lambda y: backend.numpy.reshape(y, (-1, *y.shape[2:])), stacked)
        found = [step(batch) for batch in batches]
        if len(found) == 1:
            return found[0]
        return tree.map_structure(lambda *rows: backend.numpy.concatenate(rows, axis=0), *found)

    on_batches.step = step  # type: ignore[attr-defined]
    return on_batches
