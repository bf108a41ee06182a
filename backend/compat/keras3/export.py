"""Exporting models for other runtimes, which this backend refuses with what to do instead."""

from typing import Any

__all__ = ["NumpyExportArchive"]

_REFUSAL = (
    "{}: `export_saved_model` only currently supports the tensorflow, jax and torch backends. Save the model as a "
    "`.keras` file and load it in Keras on TensorFlow, JAX or PyTorch to export it there."
)


class NumpyExportArchive:
    """Keras's ExportArchive, which cannot be filled here. The name is the one Keras imports."""

    def track(self, resource: Any) -> None:
        """Refuse to track a resource."""
        raise NotImplementedError(_REFUSAL.format("track"))

    def track_and_add_endpoint(self, name: str, resource: Any, input_signature: Any, **kwargs: Any) -> None:
        """Refuse both."""
        raise NotImplementedError(_REFUSAL.format("export"))

    def add_endpoint(self, name: str, fn: Any, input_signature: Any = None, **kwargs: Any) -> None:
        """Refuse to add an endpoint."""
        raise NotImplementedError(_REFUSAL.format("add_endpoint"))
