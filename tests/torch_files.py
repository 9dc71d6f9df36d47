# SPDX-License-Identifier: MIT
"""PyTorch's files without PyTorch: what torch.save writes, by Python's own pickler.

Modules of the names that PyTorch's functions and storages have stand in for it while a pickle is
written. Tensors are float32 unless said otherwise."""
import collections
import io
import pickle
import struct
import sys
import types
import zipfile

MAGIC, PROTOCOL = 0x1950A86A20F9469CFC6C, 1001
CODES = {"FloatStorage": "f", "LongStorage": "q", "DoubleStorage": "d"}


class Storage:
    """Numbers of one type; tensors are views of them."""

    def __init__(self, numbers, kind="FloatStorage"):
        self.kind, self.count = kind, len(numbers)
        self.data = struct.pack(f"<{len(numbers)}{CODES[kind]}", *numbers)


class Tensor:
    def __init__(self, storage, shape, stride=None, offset=0):
        dense = [1] * len(shape)
        for i in range(len(shape) - 2, -1, -1):
            dense[i] = dense[i + 1] * shape[i + 1]
        self.storage, self.shape, self.offset = storage, tuple(shape), offset
        self.stride = tuple(dense if stride is None else stride)

    def __reduce__(self):
        return (sys.modules["torch._utils"]._rebuild_tensor_v2,
                (self.storage, self.offset, self.shape, self.stride, False,
                 collections.OrderedDict()))


def tensor(numbers, shape, kind="FloatStorage"):
    return Tensor(Storage(numbers, kind), shape)


def stand_in():
    """The modules that a pickle names."""
    torch, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")

    def rebuild(*_):
        """Nothing: it is written, and never called."""

    rebuild.__module__, rebuild.__qualname__ = "torch._utils", "_rebuild_tensor_v2"
    utils._rebuild_tensor_v2 = rebuild
    for kind in CODES:
        setattr(torch, kind, type(kind, (), {"__module__": "torch"}))
    torch._utils = utils
    return {"torch": torch, "torch._utils": utils}


def pickled(value, extra):
    """A pickle, and its storages by key. `extra`: what an old one says behind the five."""
    modules, kept = stand_in(), {m: sys.modules.get(m) for m in ("torch", "torch._utils")}
    sys.modules.update(modules)
    storages = {}

    class Pickler(pickle.Pickler):
        def persistent_id(self, obj):
            if not isinstance(obj, Storage):
                return None
            key = next((k for k, s in storages.items() if s is obj), str(len(storages)))
            storages[key] = obj
            return ("storage", getattr(modules["torch"], obj.kind), key, "cpu", obj.count, *extra)

    out = io.BytesIO()
    Pickler(out, protocol=2).dump(value)
    for name, module in kept.items():
        if module is None:
            del sys.modules[name]
        else:
            sys.modules[name] = module
    return out.getvalue(), storages


def save(path, value, legacy=False):
    data, storages = pickled(value, (None,) if legacy else ())
    if not legacy:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
            archive.writestr("archive/data.pkl", data)
            for key, storage in storages.items():
                archive.writestr(f"archive/data/{key}", storage.data)
            archive.writestr("archive/version", "3\n")
        return
    with open(path, "wb") as file:
        for part in (MAGIC, PROTOCOL, {"protocol_version": PROTOCOL, "little_endian": True}):
            pickle.dump(part, file, protocol=2)
        file.write(data)
        pickle.dump(sorted(storages), file, protocol=2)
        for key in sorted(storages):
            file.write(struct.pack("<q", storages[key].count) + storages[key].data)
