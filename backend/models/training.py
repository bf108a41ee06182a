"""Models: networks that learn. `compile` sets loss and optimizer, `fit` trains."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

import backend as K
from backend import optimizers

from .layer import single
from .lookup import named
from .network import Network
from .objective import Objective, loss_functions, metric_functions, per_output
from .progress import Callback, History, ProgressBar

__all__ = ["Model"]

OPTIMIZERS = {name.lower(): getattr(optimizers, name) for name in optimizers.__all__ if name != "Optimizer"}


class Model(Network):
    """A network with a loss and an optimizer."""

    stop_training = False
    optimizer: Any = None

    def _connect(self, inputs: Any, outputs: Any) -> None:
        super()._connect(inputs, outputs)
        self._start()

    def _start(self) -> None:
        """Start with no compiled functions; each is compiled when it is first needed."""
        self._objective: Objective | None = None
        self._functions: dict[str, Any] = {}

    # ---- loss and optimizer

    def compile(self, optimizer: Any, loss: Any = None, metrics: Any = None, loss_weights: Any = None) -> None:
        """Choose how to train.

        `optimizer` is a name or an object of `K.optimizers`; `loss` a name or a function (y_true, y_pred) -> values of
        the samples; `metrics` a list of such, "accuracy" among them. With several outputs, losses, metrics and
        `loss_weights` are lists of one entry for each, or dictionaries by their names.
        Errors: ValueError for an unknown name, listing those there are, and where no loss is given.
        """
        try:
            if loss is None:
                raise ValueError("loss is None; expected a name or a function of (y_true, y_pred)")
            chosen = named("optimizer", optimizer.lower() if isinstance(optimizer, str) else optimizer, OPTIMIZERS)
            self._wanted = (loss_functions(loss), metric_functions(metrics), loss_weights)
        except ValueError as error:
            raise ValueError(f"compile: {error}") from None
        self.optimizer = chosen() if isinstance(chosen, type) else chosen
        self._start()

    @property
    def metrics_names(self) -> list[str]:
        """The names of the values that `evaluate` returns, "loss" first."""
        return self._judged("metrics_names").names

    def _judged(self, asker: str) -> Objective:
        if self.optimizer is None:
            raise RuntimeError(f"{asker}: {self.name} is not compiled; call compile(optimizer, loss) first")
        self._known(asker)
        if self._objective is None:
            names, (losses, metrics, weights) = self.output_names, self._wanted
            each = (
                metrics
                if isinstance(metrics, Mapping) or any(isinstance(m, list) for m in metrics)
                else [metrics] * len(names)
            )
            losses = per_output("loss", losses, names)
            if None in losses:
                raise ValueError(f"compile: no loss is given for output {names[losses.index(None)]}")
            self._objective = Objective(
                self.outputs,
                names,
                losses,
                per_output("metrics", each, names, []),
                per_output("loss_weights", weights, names, 1.0),
            )
        return self._objective

    # ---- one batch: three functions of K

    def _function(self, kind: str) -> Callable[[list[Any]], Any]:
        """The compiled function to "train", "test" or "predict"."""
        if kind not in self._functions:
            if kind == "predict":
                made: Any = K.function(self.inputs, self.outputs, name=kind)
            else:
                judged = self._judged(kind)
                inputs, outputs = [*self.inputs, *judged.targets], [judged.means, judged.weights]
                made = (
                    self._training(judged, inputs, outputs)
                    if kind == "train"
                    else K.function(inputs, outputs, name=kind)
                )
            self._functions[kind] = made
        return self._functions[kind]

    def _training(self, judged: Objective, inputs: list[Any], outputs: list[Any]) -> Callable[[list[Any]], Any]:
        updates = [*self.optimizer.get_updates(loss=judged.loss, params=self.trainable_weights), *self.updates]
        phase = K.learning_phase()
        if not K.is_tensor(phase):  # it was set to a number before the graph was built
            return K.function(inputs, outputs, updates, name="train")
        train = K.function([*inputs, phase], outputs, updates, name="train")
        return lambda arrays: train([*arrays, 1])

    def train_on_batch(self, x: Any, y: Any) -> Any:
        """One step of the optimizer; the loss before it, or a list of the loss and the metrics."""
        arrays = self._samples("train_on_batch", x, y)
        return _numbers(self._function("train")(arrays)[0])

    def test_on_batch(self, x: Any, y: Any) -> Any:
        """The loss on some samples, or a list of the loss and the metrics."""
        arrays = self._samples("test_on_batch", x, y)
        return _numbers(self._function("test")(arrays)[0])

    def predict_on_batch(self, x: Any) -> Any:
        """The outputs for some samples, all at once."""
        arrays = self._samples("predict_on_batch", x)
        return single(self._function("predict")(arrays))

    # ---- many batches

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: int = 1,
        callbacks: Sequence[Callback] | None = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool = True,
        initial_epoch: int = 0,
    ) -> History:
        """Train on arrays of samples, and return the history of the loss and the metrics.

        Every epoch goes once through all samples in batches of `batch_size` (32), the last of which may be smaller, in
        an order drawn from numpy.random, or as they come without `shuffle`. `validation_data` (x, y), or the last
        fraction `validation_split` of the samples, is for evaluation after each epoch. `verbose`: 0 nothing, 1 a
        progress bar, 2 a line per epoch.
        Errors: RuntimeError when the model is not compiled; ValueError for arrays of other shapes, naming the input.
        """
        arrays = self._samples("fit", x, y)
        train, names = self._function("train"), self.metrics_names
        held = None
        if validation_data is not None:
            if len(validation_data) != 2:
                raise ValueError(f"fit: validation_data has {len(validation_data)} entries, expected (x, y)")
            held = self._samples("fit: validation_data", *validation_data)
        elif validation_split:
            if not 0.0 < validation_split < 1.0 or not (first := int(len(arrays[0]) * (1.0 - validation_split))):
                raise ValueError(f"fit: validation_split {validation_split} is no share or leaves nothing to train on")
            arrays, held = [a[:first] for a in arrays], [a[first:] for a in arrays]
        history = History()
        listeners = [history, *(callbacks or ())]
        for each in listeners:
            each.model = self
        self.stop_training, count = False, len(arrays[0])
        logs: dict[str, float] = {}
        _notify(listeners, "on_train_begin", logs)
        for epoch in range(initial_epoch, epochs):
            bar = ProgressBar(count, verbose, f"Epoch {epoch + 1}/{epochs}")
            _notify(listeners, "on_epoch_begin", epoch, {})
            order = np.random.permutation(count) if shuffle else np.arange(count)
            for logs, done in self._batches(train, names, arrays, batch_size, order, listeners):
                bar.update(done, logs)
            if held is not None:
                logs |= {f"val_{name}": value for name, value in self._tested(held, batch_size).items()}
            bar.close(logs)
            _notify(listeners, "on_epoch_end", epoch, logs)
            if self.stop_training:
                break
        _notify(listeners, "on_train_end", logs)
        return history

    def evaluate(self, x: Any = None, y: Any = None, batch_size: int | None = None, verbose: int = 1) -> Any:
        """The loss on samples, or a list of the loss and the metrics as `metrics_names` has them.

        Errors: as `fit`.
        """
        arrays = self._samples("evaluate", x, y)
        return _numbers(list(self._tested(arrays, batch_size, ProgressBar(len(arrays[0]), verbose)).values()))

    def predict(self, x: Any, batch_size: int | None = None, verbose: int = 0) -> Any:
        """The outputs for samples, as a NumPy array, or a list of several.

        Errors: ValueError for arrays of other shapes, naming the input.
        """
        arrays = self._samples("predict", x)
        run, bar = self._function("predict"), ProgressBar(len(arrays[0]), verbose)
        rows = []
        for chosen in _split(np.arange(len(arrays[0])), batch_size):
            rows.append(run([a[chosen] for a in arrays]))
            bar.update(int(chosen[-1]) + 1, {})
        bar.close({})
        return single([np.concatenate(column) for column in zip(*rows, strict=True)])

    def _tested(self, arrays: list[Any], batch_size: int | None, bar: ProgressBar | None = None) -> dict[str, float]:
        test, names = self._function("test"), self.metrics_names
        logs: dict[str, float] = {}
        for logs, done in self._batches(test, names, arrays, batch_size, np.arange(len(arrays[0]))):
            if bar:
                bar.update(done, logs)
        if bar:
            bar.close(logs)
        return logs

    def _batches(
        self,
        run: Callable[[list[Any]], Any],
        names: list[str],
        arrays: list[Any],
        batch_size: int | None,
        order: Any,
        listeners: Sequence[Callback] = (),
    ) -> Iterator[tuple[dict[str, float], int]]:
        """Run a function batch by batch; after each, the means so far and the number of samples done."""
        total = weight = np.zeros(len(names))
        done = 0
        for batch, chosen in enumerate(_split(order, batch_size)):
            _notify(listeners, "on_batch_begin", batch, {"size": len(chosen)})
            means, weights = run([a[chosen] for a in arrays])
            total, weight, done = total + means * weights, weight + weights, done + len(chosen)
            logs = dict(zip(names, (total / np.maximum(weight, 1e-12)).tolist(), strict=True))
            _notify(listeners, "on_batch_end", batch, logs)
            yield logs, done

    # ---- arrays

    def _samples(self, asker: str, x: Any, *y: Any) -> list[Any]:
        """The arrays for the inputs and, if given, the targets, checked and in the dtypes they are used in."""
        arrays = _matched(asker, "input", self.inputs, [t.name for t in self.inputs], x)
        if y:
            targets = self._judged(asker).targets
            arrays += _matched(asker, "target", targets, self.output_names, y[0])
        counts = {len(a) for a in arrays}
        if len(counts) > 1:
            raise ValueError(
                f"{asker}: the arrays hold {', '.join(str(len(a)) for a in arrays)} samples; expected as many in each"
            )
        if counts == {0}:
            raise ValueError(f"{asker}: there are no samples")
        return arrays


def _notify(callbacks: Sequence[Callback], event: str, *news: Any) -> None:
    for each in callbacks:
        getattr(each, event)(*news)


def _matched(asker: str, kind: str, tensors: list[Any], names: list[str], given: Any) -> list[Any]:
    """An array for each placeholder, out of one array, a list of them, or a dictionary by name."""
    if isinstance(given, Mapping):
        if missing := [name for name in names if name not in given]:
            raise ValueError(f"{asker}: no array for {kind} {missing[0]!r}; got {', '.join(map(str, given))}")
        given = [given[name] for name in names]
    elif len(tensors) == 1:
        given = [unwrapped(given)]
    if not isinstance(given, (list, tuple)) or len(given) != len(tensors):
        got = f"{len(given)} arrays" if isinstance(given, (list, tuple)) else type(given).__name__
        raise ValueError(f"{asker}: got {got} for {len(tensors)} {kind}s ({', '.join(names)})")
    return [_array(asker, f"{kind} {name!r}", t, a) for t, name, a in zip(tensors, names, given, strict=True)]


def unwrapped(given: Any) -> Any:
    """An array given as a list of that one array; a list of numbers or lists is an array itself."""
    if isinstance(given, (list, tuple)) and len(given) == 1 and hasattr(given[0], "shape"):
        return given[0]
    return given


def _array(asker: str, what: str, tensor: Any, given: Any) -> Any:
    if given is None:
        raise ValueError(f"{asker}: {what} is None; expected an array")
    array, expected = np.asarray(K.eval(given)), tensor.shape
    if array.ndim == 1 and len(expected) == 2:
        array = array[:, None]  # numbers are vectors of one
    if array.ndim != len(expected) or any(e not in (None, n) for e, n in zip(expected, array.shape, strict=True)):
        hint = (
            "; for integer labels there is the loss sparse_categorical_crossentropy"
            if what.startswith("target") and array.shape[1:] == (1,)
            else ""
        )
        raise ValueError(f"{asker}: {what} has shape {np.shape(given)}, expected {expected}{hint}")
    return array.astype(K.dtype(tensor), copy=False)


def _split(order: Any, batch_size: int | None) -> Iterator[Any]:
    """Indices of samples, batch by batch."""
    size = 32 if batch_size is None else batch_size
    if size < 1:
        raise ValueError(f"batch_size is {batch_size}, expected at least 1")
    return (order[i : i + size] for i in range(0, len(order), size))


def _numbers(values: Any) -> Any:
    """Python numbers: one, or a list of several."""
    return single([float(v) for v in values])
