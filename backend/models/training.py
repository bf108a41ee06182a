"""Models: networks that learn, batch after batch and epoch after epoch, and that can be saved."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from backend.arrays.arguments import shown

from .compiled import Compiled, numbers
from .data import batches, weights_of
from .files import write_model
from .layer import single
from .progress import Callback, History, Logs, ProgressBar

__all__ = ["Model"]


class Model(Compiled):
    """A network with a loss and an optimizer.

    Parameters
    ----------
    inputs, outputs : tensor or list of tensors
        What `Input` gave, and what layers gave.
    name : str, optional

    References
    ----------
    Keras 2.3.1, ``keras.models.Model``.

    Examples
    --------
    >>> x = K.models.Input((3,))
    >>> model = K.models.Model(x, K.models.Dense(1)(K.models.Dense(8, activation="relu")(x)))
    >>> model.compile("adam", "mse", metrics=["mae"])
    >>> model.metrics_names
    ['loss', 'mae']
    """

    stop_training = False

    def save(self, filepath: str | os.PathLike[str], overwrite: bool = True, include_optimizer: bool = True) -> None:
        """Write the whole model to a file: architecture, weights, and the state of its training, for `load_model`.

        The file is a zip archive of JSON and of NumPy's arrays, replaced as a whole. The state is that of the
        optimizer, of the random streams and of the order of samples: training goes on exactly where it stopped.

        Parameters
        ----------
        filepath : str or path
        overwrite : bool
            Whether an existing file may be replaced.
        include_optimizer : bool
            Whether to write the loss, the metrics and the optimizer, too.

        Raises
        ------
        FileExistsError
            If the file may not be replaced.
        TypeError
            For a function without a name to find it by, such as a lambda.

        Examples
        --------
        >>> import os, tempfile
        >>> model = K.models.Sequential([K.models.Dense(1, input_dim=2)])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     model.save(os.path.join(folder, "model.zip"))
        ...     os.listdir(folder)
        ['model.zip']
        """
        write_model(self, filepath, overwrite, include_optimizer)

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
        class_weight: Any = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
    ) -> History:
        """Train on arrays of samples, and return the history of the loss and the metrics.

        Every epoch goes once through all samples in batches, the last of which may be smaller, in an order of the
        model's own, whose seed is drawn from numpy.random when it is first needed, or as they come without `shuffle`.

        Parameters
        ----------
        x, y : array, or list or dictionary of arrays
            Samples and targets: one array for each input and output.
        batch_size : int, optional
            32 by default.
        verbose : int
            0 nothing; 1 a bar with the time left, where tqdm is installed, on a terminal; 2 a line per epoch.
        validation_split, validation_data : float, tuple
            The fraction of the samples, the last ones, or (x, y) or (x, y, sample_weight), to evaluate each epoch with.
        class_weight, sample_weight : dict, array
            A weight for the samples of each class; one for each sample, or each of its time steps; for several outputs
            a dictionary of such by their names. The loss is the mean of the weighted values.
        epochs, initial_epoch : int
            The number of the last epoch, and how many are taken as done.

        Raises
        ------
        RuntimeError, ValueError
            When the model is not compiled, and for arrays of other shapes, naming the input.

        Examples
        --------
        >>> model = K.models.Sequential([K.models.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> list(model.fit(np.ones((10, 2)), np.ones(10), verbose=0, validation_split=0.2).history)
        ['loss', 'val_loss']
        """
        arrays = self._samples("fit", x, y, sample_weight, class_weight)
        arrays, held = self._held_out(arrays, validation_split, validation_data)
        listeners: list[Callback] = [*(callbacks or ()), History()]  # the history last: it records what others log
        names = self.metrics_names
        names = [*names, *(f"val_{name}" for name in names)] if held else names
        self._introduce(listeners, batch_size, len(arrays[0]), verbose, epochs, names)
        return self._trained(arrays, held, batch_size, range(initial_epoch, epochs), verbose, shuffle, listeners)

    def _trained(
        self,
        arrays: list[Any],
        held: list[Any] | None,
        batch_size: int | None,
        epochs: range,
        verbose: int,
        shuffle: bool,
        listeners: Sequence[Any],
    ) -> History:
        """Train for some epochs, evaluate each on what was held out; the history is the last of the listeners."""
        train, names, count = self._function("train"), self.metrics_names, len(arrays[0])
        self.stop_training = False
        logs: Logs = {}
        _notify(listeners, "on_train_begin", {})
        for epoch in epochs:
            bar = ProgressBar(count, verbose, f"Epoch {epoch + 1}/{epochs.stop}")
            _notify(listeners, "on_epoch_begin", epoch, {})
            order = self._next_order(count) if shuffle else np.arange(count)
            for logs, done in self._batches("train", train, names, arrays, batch_size, order, listeners):
                bar.update(done, logs)
            if held is not None:
                tested = self._tested(held, batch_size, listeners)
                logs |= {f"val_{name}": value for name, value in tested.items()}
            bar.close(logs)
            _notify(listeners, "on_epoch_end", epoch, logs)
            if self.stop_training:
                break
        _notify(listeners, "on_train_end", logs)
        return listeners[-1]

    def _held_out(self, arrays: list[Any], split: float, given: Any) -> tuple[list[Any], list[Any] | None]:
        """The arrays to train on, and those for evaluation after each epoch, if there are any."""
        if given is not None:
            if not isinstance(given, (list, tuple)) or len(given) not in (2, 3):
                came = f"has {len(given)} entries" if isinstance(given, (list, tuple)) else f"is {shown(given)}"
                raise ValueError(f"fit: validation_data {came}, expected (x, y) or (x, y, sample_weight)")
            weighted = self._weighted
            held = self._samples("fit: validation_data", *given)
            if self._weighted and not weighted:  # the first weights of all: the arrays to train on get some, too
                judged = self._judged("fit")
                targets = arrays[len(self.inputs) :]
                arrays = [*arrays, *weights_of("fit", judged.sample_weights, self.output_names, targets, None, None)]
            return arrays, held
        if not split:
            return arrays, None
        if not 0.0 < split < 1.0 or not (first := int(len(arrays[0]) * (1.0 - split))):
            raise ValueError(f"fit: validation_split {split} is no share or leaves nothing to train on")
        held = [a[first:] for a in arrays]
        return [a[:first] for a in arrays], held

    def _next_order(self, count: int) -> Any:
        """The samples in the order of the next epoch."""
        seed, drawn = self._order or (int(np.random.randint(2**31 - 1)), 0)
        self._order = seed, drawn + 1
        return np.random.RandomState([seed, drawn]).permutation(count)

    def _introduce(
        self,
        listeners: Sequence[Callback],
        batch_size: int | None,
        count: int,
        verbose: int,
        epochs: int = 1,
        metrics: Sequence[str] = (),
    ) -> None:
        """Tell the callbacks whose model it is, and what is to be done."""
        for each in listeners:
            each.set_model(self)
            each.set_params(
                {
                    "batch_size": 32 if batch_size is None else batch_size,
                    "samples": count,
                    "steps": None,
                    "epochs": epochs,
                    "verbose": verbose,
                    "do_validation": any(name.startswith("val_") for name in metrics),
                    "metrics": list(metrics),
                }
            )

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: int = 1,
        sample_weight: Any = None,
        callbacks: Sequence[Callback] | None = None,
    ) -> Any:
        """The loss on samples, or a list of the loss and the metrics as `metrics_names` has them.

        The arguments and errors are those of `fit`.

        Examples
        --------
        >>> model = K.models.Sequential([K.models.Dense(1, input_dim=2, kernel_initializer="ones")])
        >>> model.compile("sgd", "mse", metrics=["mae"])
        >>> model.evaluate(np.ones((40, 2)), np.zeros(40), verbose=0)
        [4.0, 2.0]
        """
        arrays = self._samples("evaluate", x, y, sample_weight)
        listeners, count = list(callbacks or ()), len(arrays[0])
        self._introduce(listeners, batch_size, count, verbose, metrics=self.metrics_names)
        return numbers(list(self._tested(arrays, batch_size, listeners, ProgressBar(count, verbose)).values()))

    def predict(
        self, x: Any, batch_size: int | None = None, verbose: int = 0, callbacks: Sequence[Callback] | None = None
    ) -> Any:
        """The outputs for samples, as a NumPy array, or a list of several.

        Raises
        ------
        ValueError
            For arrays of other shapes, naming the input.

        Examples
        --------
        >>> model = K.models.Sequential([K.models.Dense(1, input_dim=2, kernel_initializer="ones")])
        >>> model.predict([[1.0, 2.0], [3.0, 4.0]])
        array([[3.],
               [7.]], dtype=float32)
        """
        arrays = self._samples("predict", x)
        listeners, count = list(callbacks or ()), len(arrays[0])
        self._introduce(listeners, batch_size, count, verbose)
        run, bar = self._function("predict"), ProgressBar(count, verbose)
        rows = []
        _notify(listeners, "on_predict_begin", {})
        for batch, chosen in enumerate(batches(np.arange(count), batch_size)):
            _notify(listeners, "on_predict_batch_begin", batch, {"size": len(chosen)})
            rows.append(run([a[chosen] for a in arrays]))
            bar.update(int(chosen[-1]) + 1, {})
            _notify(listeners, "on_predict_batch_end", batch, {"size": len(chosen)})
        bar.close({})
        _notify(listeners, "on_predict_end", {})
        return single([np.concatenate(column) for column in zip(*rows, strict=True)])

    def _tested(
        self,
        arrays: list[Any],
        batch_size: int | None,
        listeners: Sequence[Callback],
        bar: ProgressBar | None = None,
    ) -> Logs:
        test, names = self._function("test"), self.metrics_names
        logs: Logs = {}
        _notify(listeners, "on_test_begin", logs)
        order = np.arange(len(arrays[0]))
        for logs, done in self._batches("test", test, names, arrays, batch_size, order, listeners):
            if bar:
                bar.update(done, logs)
        if bar:
            bar.close(logs)
        _notify(listeners, "on_test_end", logs)
        return logs

    def _batches(
        self,
        kind: str,
        run: Callable[[list[Any]], Any],
        names: list[str],
        arrays: list[Any],
        batch_size: int | None,
        order: Any,
        listeners: Sequence[Callback],
    ) -> Iterator[tuple[Logs, int]]:
        """Run a function batch by batch; after each, the means so far and the number of samples done."""
        total = weight = np.zeros(len(names))
        done = 0
        for batch, chosen in enumerate(batches(order, batch_size)):
            _notify(listeners, f"on_{kind}_batch_begin", batch, {"size": len(chosen)})
            means, weights = run([a[chosen] for a in arrays])
            total, weight, done = total + means * weights, weight + weights, done + len(chosen)
            logs = dict(zip(names, (total / np.where(weight == 0, 1.0, weight)).tolist(), strict=True))
            _notify(listeners, f"on_{kind}_batch_end", batch, logs)
            yield logs, done


def _notify(callbacks: Sequence[Callback], event: str, *news: Any) -> None:
    for each in callbacks:
        getattr(each, event)(*news)
