"""What `keras.distribution` asks of a backend, which this one refuses: an array is on one device."""

from typing import Any

from keras.src.backend.common import global_state

__all__ = ["distribute_tensor", "get_device_count", "initialize", "list_devices", "refuse_several_devices"]


def _refused(name: str) -> NotImplementedError:
    return NotImplementedError(
        f"keras.distribution: {name} is not supported with the array_api backend, which trains on one device: "
        "K_BACKEND names it, as in torch:cuda:0. Use Keras on JAX to distribute a model"
    )


def refuse_several_devices() -> None:
    """NotImplementedError where `keras.distribution.set_distribution` was given several devices."""
    found = global_state.get_global_attribute("distribution")
    if found is not None and found.device_mesh.devices.size > 1:
        raise _refused(type(found).__name__)


def list_devices(device_type: str | None = None) -> list[str]:
    """Refuse to list devices."""
    raise _refused("list_devices")


def get_device_count(device_type: str | None = None) -> int:
    """Refuse to count devices."""
    raise _refused("get_device_count")


def initialize(job_addresses: Any, num_processes: Any, process_id: Any) -> None:
    """Refuse to join other processes."""
    raise _refused("initialize")


def distribute_tensor(tensor: Any, layout: Any) -> Any:
    """Refuse to share a tensor between devices."""
    raise _refused("distribute_tensor")
