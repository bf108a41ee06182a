"""Exporting models for other runtimes, which this backend refuses with what to do instead."""

from typing import Any

__all__ = ["NumpyExportArchive"]

_REFUSAL = (
    "{}: exporting is not supported by the array_api backend. Save the model as a `.keras` file and load it in "
    "Keras on TensorFlow, JAX or PyTorch to export it there."
)


class NumpyExportArchive:
    """Keras's ExportArchive, which cannot be filled here. The name is the one Keras imports."""

    def track(self, resource: Any) -> None:
        """Refuse to track a resource."""
        raise NotImplementedError(_REFUSAL.format("track"))

    def add_endpoint(self, name: str, fn: Any, input_signature: Any = None, **kwargs: Any) -> None:
        """Refuse to add an endpoint."""
        raise NotImplementedError(_REFUSAL.format("add_endpoint"))
