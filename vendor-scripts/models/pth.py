"""Reads the weights of a PyTorch checkpoint in the old format (before zip files), without PyTorch.

Such a file is a pickle. Unpickling runs whatever a file names, so that only the two names which weights need are known
here: everything else is refused.
"""

import collections
import pickle
import struct

import numpy as np

MAGIC = 0x1950A86A20F9469CFC6C
ELEMENTS = {"FloatStorage": "<f4", "DoubleStorage": "<f8", "LongStorage": "<i8", "IntStorage": "<i4"}


class Tensor:
    """A view into a storage whose numbers come later in the file."""

    def __init__(self, storage, offset, size, stride, *_):
        self.storage, self.offset, self.size, self.stride = storage, offset, size, stride

    def array(self, numbers):
        numbers = numbers[self.offset :]
        if not self.size:
            return numbers[0]
        strides = [step * numbers.itemsize for step in self.stride]
        return np.lib.stride_tricks.as_strided(numbers, self.size, strides).copy()


class Weights(pickle.Unpickler):
    """Knows tensors in an ordered dictionary, and nothing else."""

    def __init__(self, file):
        super().__init__(file)
        self.elements = {}

    def find_class(self, module, name):
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return Tensor
        if module == "torch" and name in ELEMENTS:
            return name
        raise pickle.UnpicklingError(f"refused: {module}.{name}")

    def persistent_load(self, reference):
        _, elements, key, _, _, *_ = reference
        self.elements[key] = ELEMENTS[elements]
        return key


def load(path):
    """Arrays by name."""
    with open(path, "rb") as file:
        # magic number, protocol, and facts about the machine that wrote it
        magic, _, _ = (Weights(file).load() for _ in range(3))
        if magic != MAGIC:
            raise ValueError(f"{path} is no checkpoint in the old format")
        unpickler = Weights(file)
        tensors = unpickler.load()
        storages = {}
        for key in Weights(file).load():
            (count,) = struct.unpack("<q", file.read(8))
            element = np.dtype(unpickler.elements[key])
            storages[key] = np.frombuffer(file.read(count * element.itemsize), element)
    return {name: tensor.array(storages[tensor.storage]) for name, tensor in tensors.items()}
