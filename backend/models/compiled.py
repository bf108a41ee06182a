"""Networks with a loss and an optimizer, and their functions of one batch: to train, test and predict."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import backend as K
from backend.api.streams import Stream, collected_streams, new_counter
from backend.optimizers import SGD, Adadelta, Adagrad, Adam, Adamax, Nadam, RMSprop

from .data import matched, same_length, weights_of
from .layer import single
from .lookup import CUSTOM, described, named
from .losses import LOSSES, METRICS
from .network import Network
from .objective import Objective, loss_functions, metric_functions, per_output

__all__ = ["OPTIMIZERS", "Compiled", "numbers"]

OPTIMIZERS = {kind.__name__.lower(): kind for kind in (SGD, Adadelta, Adagrad, Adam, Adamax, Nadam, RMSprop)}


class Compiled(Network):
    """What `compile` makes of a network: three functions, each compiled when it is first needed."""

    optimizer: Any = None
    _order: tuple[int, int] | None = None  # of the samples: the seed, and how many epochs were drawn
    _streams: tuple[Stream, ...] = ()  # of draws in losses and metrics
    _weighted = False  # whether the compiled functions take weights of samples

    def _connect(self, inputs: Any, outputs: Any) -> None:
        super()._connect(inputs, outputs)
        self._start()

    def _start(self) -> None:
        """Start with no compiled functions; each is compiled when it is first needed."""
        self._objective: Objective | None = None
        self._functions: dict[str, Any] = {}

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_objective": None, "_functions": {}}

    # ---- loss and optimizer

    def compile(
        self,
        optimizer: Any,
        loss: Any = None,
        metrics: Any = None,
        loss_weights: Any = None,
        weighted_metrics: Any = None,
    ) -> None:
        """Choose how to train.

        With several outputs, losses, metrics and loss weights are lists of one entry for each, or dictionaries by the
        outputs' names.

        Parameters
        ----------
        optimizer : str or Optimizer
            A name, or an object of `K.optimizers`.
        loss : str or callable
            A name, or a function (y_true, y_pred) -> values of the samples.
        metrics, weighted_metrics : list of str or callable
            Such functions, "accuracy" among them; the weighted ones count samples by their weights.
        loss_weights : list of float
            What the losses of several outputs are multiplied by before they are added.

        Raises
        ------
        ValueError
            For an unknown name, listing those there are, and where no loss is given.

        Examples
        --------
        >>> model = K.models.Sequential([K.models.Dense(1, input_dim=2)])
        >>> model.compile(K.optimizers.SGD(0.1), "mse", metrics=["mae"])
        >>> model.metrics_names
        ['loss', 'mae']
        """
        try:
            if loss is None:
                raise ValueError("loss is None; expected a name or a function of (y_true, y_pred)")
            chosen = named("optimizer", optimizer.lower() if isinstance(optimizer, str) else optimizer, OPTIMIZERS)
            wanted = loss_functions(loss), metric_functions(metrics), loss_weights, metric_functions(weighted_metrics)
        except ValueError as error:
            raise ValueError(f"compile: {error}") from None
        chosen = chosen() if isinstance(chosen, type) else chosen
        if chosen is self.optimizer:
            chosen.go_on_from([])  # a state begins anew
        self.optimizer, self._wanted, self._weighted, self._streams = chosen, wanted, bool(wanted[3]), ()
        self._start()

    @property
    def streams(self) -> list[Stream]:
        """The random streams: those of the layers' calls, then those of losses and metrics."""
        return [*(stream for call in self.calls for stream in call.streams), *self._streams]

    def training_config(self) -> dict[str, Any] | None:
        """What `compile` was given, as JSON has it, and the order of samples; None before."""
        if self.optimizer is None:
            return None
        losses, metrics, loss_weights, weighted = self._wanted
        kind = type(self.optimizer).__name__
        known = OPTIMIZERS.get(kind.lower()) is type(self.optimizer)
        return {
            "optimizer": {
                "class_name": kind if known else {CUSTOM: kind},
                "config": described(f"save: {kind}", self.optimizer.get_config(), {}),
            },
            "loss": described("save: loss", losses, LOSSES),
            "metrics": described("save: metrics", metrics, METRICS),
            "loss_weights": described("save: loss_weights", loss_weights, {}),
            "weighted_metrics": described("save: weighted_metrics", weighted, METRICS),
            "weighted": self._weighted,
            "seeds": [int(stream.seed) for stream in self._streams],
            "order": self._order and list(self._order),
        }

    def continue_training(self, optimizer: Any, training: Mapping[str, Any], counts: Sequence[int]) -> None:
        """Compile with an optimizer that has its state, and with what `training_config` described.

        `counts` are the draws made of the streams of losses and metrics.
        """
        self.compile(
            optimizer,
            training["loss"],
            training["metrics"],
            training["loss_weights"],
            training["weighted_metrics"],
        )
        self._weighted = training["weighted"]
        self._streams = tuple(
            Stream(seed, new_counter(count)) for seed, count in zip(training["seeds"], counts, strict=True)
        )
        self._order = training["order"] and (int(training["order"][0]), int(training["order"][1]))

    @property
    def metrics_names(self) -> list[str]:
        """The names of the values that `evaluate` returns, "loss" first."""
        return self._judged("metrics_names").names

    def _judged(self, asker: str) -> Objective:
        if self.optimizer is None:
            raise RuntimeError(f"{asker}: {self.name} is not compiled; call compile(optimizer, loss) first")
        self._known(asker)
        if self._objective is None:
            names, (losses, metrics, weights, weighted) = self.output_names, self._wanted
            losses = per_output("loss", losses, names)
            if None in losses:
                raise ValueError(f"compile: no loss is given for output {names[losses.index(None)]}")
            with collected_streams(self._streams) as streams:
                self._objective = Objective(
                    self.outputs,
                    names,
                    losses,
                    _of_each("metrics", metrics, names),
                    per_output("loss_weights", weights, names, 1.0),
                    _of_each("weighted_metrics", weighted, names),
                    self._weighted,
                )
            self._streams = tuple(streams)
        return self._objective

    def _weigh(self) -> None:
        """Have the compiled functions take weights of samples; the optimizer's state goes on."""
        if not self._weighted:
            if self.optimizer is not None and self.optimizer.weights:
                self.optimizer.go_on_from(self.optimizer.weights)
            self._weighted = True
            self._start()

    # ---- one batch: three functions of K

    def _function(self, kind: str) -> Callable[[list[Any]], Any]:
        """The compiled function to "train", "test" or "predict"."""
        if kind not in self._functions:
            if kind == "predict":
                made: Any = K.function(self.inputs, self.outputs, name=kind)
            else:
                judged = self._judged(kind)
                weights = judged.sample_weights if self._weighted else []
                inputs, outputs = [*self.inputs, *judged.targets, *weights], [judged.means, judged.weights]
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

    def train_on_batch(self, x: Any, y: Any, sample_weight: Any = None, class_weight: Any = None) -> Any:
        """One step of the optimizer; the loss before it, or a list of the loss and the metrics.

        The arguments are those of `fit`.

        Examples
        --------
        >>> model = K.models.Sequential([K.models.Dense(1, input_dim=2, kernel_initializer="ones")])
        >>> model.compile("sgd", "mse")
        >>> model.train_on_batch(np.ones((4, 2)), np.ones(4))
        1.0
        """
        arrays = self._samples("train_on_batch", x, y, sample_weight, class_weight)
        return numbers(self._function("train")(arrays)[0])

    def test_on_batch(self, x: Any, y: Any, sample_weight: Any = None) -> Any:
        """The loss on some samples, or a list of the loss and the metrics.

        Examples
        --------
        >>> model = K.models.Sequential([K.models.Dense(1, input_dim=2, kernel_initializer="ones")])
        >>> model.compile("sgd", "mse", metrics=["mae"])
        >>> model.test_on_batch(np.ones((4, 2)), np.zeros(4))
        [4.0, 2.0]
        """
        arrays = self._samples("test_on_batch", x, y, sample_weight)
        return numbers(self._function("test")(arrays)[0])

    def predict_on_batch(self, x: Any) -> Any:
        """The outputs for some samples, all at once.

        Examples
        --------
        >>> model = K.models.Sequential([K.models.Dense(1, input_dim=2, kernel_initializer="ones")])
        >>> model.predict_on_batch([[1.0, 2.0]])
        array([[3.]], dtype=float32)
        """
        arrays = self._samples("predict_on_batch", x)
        return single(self._function("predict")(arrays))

    # ---- arrays

    def _samples(self, asker: str, x: Any, *y: Any) -> list[Any]:
        """The arrays for the inputs and, if given, the targets and weights, checked and in the dtypes they are used in.

        `y` is the targets, the weights of samples and those of classes, as far as there are any.
        """
        arrays = matched(asker, "input", self.inputs, [t.name for t in self.inputs], x)
        if y:
            targets = matched(asker, "target", self._judged(asker).targets, self.output_names, y[0])
            same_length(asker, [*arrays, *targets])
            if any(given is not None for given in y[1:]):
                self._weigh()
            arrays = [*arrays, *targets]
            if self._weighted:
                places, given = self._judged(asker).sample_weights, [*y[1:], None, None]
                arrays += weights_of(asker, places, self.output_names, targets, given[0], given[1])
        same_length(asker, arrays)
        return arrays


def _of_each(argument: str, given: Any, names: list[str]) -> list[Any]:
    """The metrics of each output: one list counts for all of them."""
    whole = not isinstance(given, Mapping) and not any(isinstance(m, list) for m in given)
    return per_output(argument, [given] * len(names) if whole else given, names, [])


def numbers(values: Any) -> Any:
    """Python numbers: one, or a list of several."""
    return single([float(v) for v in values])
