"""Networks: the layers between inputs and outputs, in the order they run; their weights, summary and files."""

from __future__ import annotations

import os
from itertools import pairwise
from typing import Any

import backend as K
from backend.graph.display import as_line, html_table, plain

from . import saving
from .architecture import architecture_from, architecture_of, connected, described_architecture
from .layer import Call, InputLayer, Layer, as_list, assign, shapes_shown, single
from .lookup import with_custom_objects

__all__ = ["Network"]


class Network:
    """All layer calls that lead from some inputs to some outputs; called on other tensors, it shares its weights.

    A copy has layers and weights of its own; so has what a pickle holds.
    """

    def __init__(self, inputs: Any, outputs: Any, name: str | None = None) -> None:
        self.name = name or f"model_{K.get_uid('model')}"
        self.calls: list[Call] = []
        self._connect(inputs, outputs)

    def _connect(self, inputs: Any, outputs: Any) -> None:
        self.inputs, self.outputs = as_list(inputs), as_list(outputs)
        for t in (*self.inputs, *self.outputs):
            if not (K.is_tensor(t) and K.is_keras_tensor(t)):
                raise TypeError(f"{self.name}: got {t!r} among inputs and outputs, expected what a layer gave")
        self.calls = _calls(self.name, self.inputs, self.outputs)
        names = [layer.name for layer in self.layers]
        if doubled := sorted({n for n in names if names.count(n) > 1}):
            raise ValueError(f"{self.name}: several layers are called {doubled[0]!r}; names must differ")

    def __getstate__(self) -> dict[str, Any]:
        """The attributes, and the architecture in place of the tensors."""
        state = {name: value for name, value in vars(self).items() if name not in ("inputs", "outputs", "calls")}
        return {
            **state,
            "_architecture": architecture_of(self.inputs, self.outputs, self.calls) if self.outputs else None,
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        given = state.pop("_architecture")
        self.__dict__.update(state)
        self.calls, self.inputs, self.outputs = [], [], []
        if given is not None:
            self._connect(*connected(given))

    def get_config(self) -> dict[str, Any]:
        """The architecture as JSON has it: layers with their arguments, and the calls that connect them.

        Raises
        ------
        RuntimeError
            While the shape of the input is not known.
        TypeError
            For a layer with an argument that has no name to find it by, such as a lambda.

        Examples
        --------
        >>> model = K.models.Sequential([K.models.Dense(2, input_dim=3)])
        >>> twin = K.models.Sequential.from_config(model.get_config())
        >>> [w.shape for w in twin.weights]
        [(3, 2), (2,)]
        """
        self._known("get_config")
        described = described_architecture(architecture_of(self.inputs, self.outputs, self.calls))
        return {"name": self.name, **described}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        """The network that `get_config` described, with first weights; `custom_objects` has users' own functions.

        Raises
        ------
        ValueError
            For a layer or function that neither K.models nor `custom_objects` has.

        Examples
        --------
        See `get_config`.
        """
        with with_custom_objects(custom_objects):
            made = cls.__new__(cls)
            made.__setstate__({"name": config["name"], "_architecture": architecture_from(config)})
        return made

    def __call__(self, x: Any) -> Any:
        """The outputs for other symbolic inputs: every layer is called again."""
        given = as_list(x)
        if len(given) != len(self.inputs):
            raise ValueError(f"{self.name}: got {len(given)} inputs, expected {len(self.inputs)}")
        here = dict(zip(map(id, self.inputs), given, strict=True))
        for call in self.calls:
            if isinstance(call.layer, InputLayer):
                continue
            wanted = [here[id(t)] for t in call.inputs]
            results = as_list(call.layer(single(wanted)))
            here.update(zip(map(id, call.outputs), results, strict=True))
        return single([here[id(t)] for t in self.outputs])

    # ---- layers and weights

    @property
    def layers(self) -> list[Layer]:
        """The layers in the order they run, each once."""
        return list(dict.fromkeys(call.layer for call in self.calls))

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """The layer of a name, or at an index among `layers`; ValueError where there is none.

        Examples
        --------
        >>> model = K.models.Sequential([K.models.Dense(1, input_dim=2, name="top")])
        >>> model.get_layer("top").units
        1
        """
        if index is not None and -len(self.layers) <= index < len(self.layers):
            return self.layers[index]
        for layer in self.layers:
            if layer.name == name:
                return layer
        raise ValueError(
            f"get_layer: {self.name} has no layer {name if index is None else index!r}; there is "
            f"{', '.join(layer.name for layer in self.layers)}"
        )

    @property
    def weights(self) -> list[Any]:
        return [w for layer in self.layers for w in layer.weights]

    @property
    def trainable_weights(self) -> list[Any]:
        return [w for layer in self.layers for w in layer.trainable_weights]

    @property
    def updates(self) -> list[Any]:
        """The updates that go with training, of layers that are trained."""
        return [u for call in self.calls if call.layer.trainable for u in call.updates]

    @property
    def trainable(self) -> bool:
        """Whether any layer is trained; assigning sets it for every layer, which takes effect at the next `compile`."""
        return any(layer.trainable for layer in self.layers)

    @trainable.setter
    def trainable(self, value: bool) -> None:
        for layer in self.layers:
            layer.trainable = value

    @property
    def input(self) -> Any:
        """The input, a list of several."""
        return single(self.inputs)

    @property
    def output(self) -> Any:
        """The output, a list of several."""
        return single(self.outputs)

    @property
    def output_names(self) -> list[str]:
        """The outputs by the layers they come from."""
        return [t._keras_history.layer.name for t in self.outputs]

    __repr__ = as_line

    def _display(self) -> tuple[str, dict[str, str]]:
        facts = {"layers": str(len(self.layers))}
        if self.outputs:
            facts |= {"input": shapes_shown(self.inputs), "output": shapes_shown(self.outputs)}
            facts |= {"weights": f"{self.count_params():,}"}
        if (optimizer := getattr(self, "optimizer", None)) is not None:
            facts |= {"optimizer": type(optimizer).__name__}
        return f"{type(self).__name__} {plain(self.name)}", facts

    def _repr_html_(self) -> str:
        """The layers as a table, for notebooks."""
        title, facts = self._display()
        head = ("layer", "class", "output", "weights")
        rows = [
            (
                plain(layer.name),
                type(layer).__name__,
                shapes_shown(layer.calls[0].outputs) if layer.calls else "not called yet",
                f"{layer.count_params():,}",
            )
            for layer in self.layers
        ]
        return html_table(f"{title}: {', '.join(f'{name} {fact}' for name, fact in facts.items())}", rows, head)

    def count_params(self) -> int:
        """The number of elements of all weights.

        Examples
        --------
        >>> K.models.Sequential([K.models.Dense(4, input_dim=2)]).count_params()
        12
        """
        return sum(layer.count_params() for layer in self.layers)

    def get_weights(self) -> list[Any]:
        """The values of the weights, layer by layer, as NumPy arrays.

        Examples
        --------
        >>> [w.shape for w in K.models.Sequential([K.models.Dense(4, input_dim=2)]).get_weights()]
        [(2, 4), (4,)]
        """
        return [K.get_value(w) for w in self.weights]

    def set_weights(self, weights: Any) -> None:
        """Give the weights other values; ValueError for another number of arrays or other shapes.

        Examples
        --------
        >>> model = K.models.Sequential([K.models.Dense(1, input_dim=2)])
        >>> model.set_weights([[[1.0], [2.0]], [0.5]])
        >>> model.predict([[1.0, 1.0]])
        array([[3.5]], dtype=float32)
        """
        assign(self.name, self.weights, weights)

    def save_weights(self, filepath: str | os.PathLike[str], overwrite: bool = True) -> None:
        """Write the weights to a file of NumPy's format .npz, or of safetensors where the name ends in .safetensors.

        The file is replaced as a whole: a reader, or an error, never meets a part of it.

        Parameters
        ----------
        filepath : str or path
        overwrite : bool
            Whether an existing file may be replaced.

        Raises
        ------
        FileExistsError
            If it may not.
        ImportError
            Without the package safetensors, for such a file.

        Examples
        --------
        >>> import os, tempfile
        >>> model = K.models.Sequential([K.models.Dense(2, input_dim=3, kernel_initializer="ones")])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = os.path.join(folder, "weights.npz")
        ...     model.save_weights(path)
        ...     model.set_weights([np.zeros((3, 2)), np.zeros(2)])
        ...     model.load_weights(path)
        >>> model.get_weights()[0].sum()
        np.float32(6.0)
        """
        self._known("save_weights")
        saving.write(filepath, saving.labels(self.layers), self.get_weights(), overwrite)

    def load_weights(self, filepath: str | os.PathLike[str]) -> None:
        """Set the weights from a file of `save_weights` or `save`; ValueError, and nothing changes, if it does not fit.

        Names, shapes and dtypes are those of the model; floating values are cast to the weights' dtypes.

        Examples
        --------
        See `save_weights`.
        """
        self._known("load_weights")
        shapes, dtypes = [K.int_shape(w) for w in self.weights], [K.dtype(w) for w in self.weights]
        self.set_weights(saving.read(filepath, saving.labels(self.layers), shapes, dtypes))

    def _known(self, asker: str) -> None:
        if not self.outputs:
            raise RuntimeError(
                f"{asker}: the shape of the input of {self.name} is not known yet; give the first layer "
                "input_shape, or call build or fit first"
            )

    # ---- the table

    def summary(self, print_fn: Any = print) -> None:
        """Print the layers with the shapes they give, the sizes of their weights and, in a branching network, what
        they are connected to.

        Examples
        --------
        >>> K.models.Sequential([K.models.Dense(4, input_dim=2, name="top")], name="small").summary()
        Model small
        ----------------------------------
        Layer (type)  Output shape  Params
        ----------------------------------
        top (Dense)   (None, 4)         12
        ----------------------------------
        12 params: 12 trainable, 0 not
        """
        self._known("summary")
        branching = any(
            len(after.inputs) != 1 or after.inputs[0] is not before.outputs[0] for before, after in pairwise(self.calls)
        )
        rows = [("Layer (type)", "Output shape", "Params", "Connected to")]
        for layer in self.layers:
            calls = [call for call in self.calls if call.layer is layer]
            sources = dict.fromkeys(t._keras_history.layer.name for call in calls for t in call.inputs)
            shapes = dict.fromkeys(str(K.int_shape(t)) for call in calls for t in call.outputs)
            rows.append(
                (
                    f"{layer.name} ({type(layer).__name__})",
                    " ".join(shapes),
                    f"{layer.count_params():,}",
                    ", ".join(sources),
                )
            )
        width = [max(len(row[i]) for row in rows) for i in range(4)]
        lines = [
            f"{a:{width[0]}}  {b:{width[1]}}  {c:>{width[2]}}" + (f"  {d}" if branching else "") for a, b, c, d in rows
        ]
        rule = "-" * max(map(len, lines))
        trained = sum(K.count_params(w) for w in self.trainable_weights)
        total = self.count_params()
        print_fn(
            "\n".join(
                [
                    f"Model {self.name}",
                    rule,
                    lines[0],
                    rule,
                    *(line.rstrip() for line in lines[1:]),
                    rule,
                    f"{total:,} params: {trained:,} trainable, {total - trained:,} not",
                ]
            )
        )


def _calls(network: str, inputs: list[Any], outputs: list[Any]) -> list[Call]:
    """The calls the outputs depend on, in topological order; the search ends at the inputs."""
    ends = {id(t) for t in inputs}
    found: dict[int, Call] = {
        id(t._keras_history): t._keras_history for t in inputs if isinstance(t._keras_history.layer, InputLayer)
    }
    waiting = list(reversed(outputs))
    while waiting:
        t = waiting[-1]
        call = t._keras_history if hasattr(t, "_keras_history") else None
        if id(t) in ends or id(call) in found:
            waiting.pop()
            continue
        if call is None:
            raise ValueError(f"{network}: {t.name} comes from no layer; wrap functions of K in Lambda")
        if isinstance(call.layer, InputLayer):
            raise ValueError(f"{network}: the outputs depend on input {call.layer.name}, which is not among the inputs")
        missing = [s for s in call.inputs if id(s) not in ends and id(getattr(s, "_keras_history", None)) not in found]
        waiting.extend(reversed(missing))
        if not missing:
            found[id(call)] = call
            waiting.pop()
    return list(found.values())
