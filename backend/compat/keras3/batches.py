"""The batches of a fit: Keras's iterator over them, with data on the host where its adapters ask for that."""

from __future__ import annotations

import inspect
from typing import Any

from keras.src import tree
from keras.src.trainers.data_adapters import data_adapter_utils
from keras.src.trainers.data_adapters.py_dataset_adapter import PyDatasetAdapter
from keras.src.trainers.data_adapters.torch_data_loader_adapter import TorchDataLoaderAdapter
from keras.src.trainers.epoch_iterator import EpochIterator

from backend.arrays.dtypes import dtype_name
from backend.arrays.namespaces import is_array

from .tensors import convert_to_numpy

__all__ = ["Batches", "readable"]


class Batches(EpochIterator):
    """Keras's iterator; batches of PyDatasets and of torch's loaders are made readable as well."""

    def _get_iterator(self) -> Any:
        adapter = self.data_adapter
        if isinstance(adapter, PyDatasetAdapter):
            batches = adapter._get_iterator()  # noqa: SLF001 - its public ones convert by themselves
        elif isinstance(adapter, TorchDataLoaderAdapter):
            batches = map(tuple, adapter._dataloader)  # noqa: SLF001
        else:
            return super()._get_iterator()
        return data_adapter_utils.get_numpy_iterator(map(readable, batches))


def readable(data: Any) -> Any:
    """Data with arrays of bfloat16 on the host: Keras's data adapters ask `numpy.asarray`, and torch refuses it."""
    if isinstance(data, (tuple, list, dict)) and any(is_array(x) for x in tree.flatten(data)):
        return tree.map_structure(readable, data)
    if inspect.isgenerator(data):
        return (readable(batch) for batch in data)
    return convert_to_numpy(data) if is_array(data) and dtype_name(data.dtype) == "bfloat16" else data
