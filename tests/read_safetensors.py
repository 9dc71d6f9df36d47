#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Reads a safetensors file by the published format alone, with nothing of ours.

https://github.com/huggingface/safetensors, "Format": 8 bytes little-endian header length, a JSON
header that begins with '{' and may be filled up with spaces, then the bytes of the tensors without
holes. Checks every rule and prints one line per tensor: name, dtype, shape, mean, first value.

    read_safetensors.py FILE [NAME ...]     fails unless each NAME is a tensor of the file
"""
import array
import json
import math
import sys

BYTES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1,
         "U64": 8, "U32": 4, "U16": 2, "U8": 1, "BOOL": 1}


def no_doubles(pairs):
    names = [name for name, _ in pairs]
    assert len(names) == len(set(names)), f"a name is there twice: {names}"
    return dict(pairs)


def read(path):
    with open(path, "rb") as file:
        data = file.read()
    length = int.from_bytes(data[:8], "little")
    assert length % 8 == 0, f"the header has {length} bytes, which is no multiple of 8"
    assert 8 + length <= len(data), "the header is longer than the file"
    text = data[8:8 + length].decode("utf-8")
    assert text.startswith("{"), "the header does not begin with {"
    assert text.rstrip(" ").endswith("}"), "the header is filled up with something but spaces"
    header = json.loads(text, object_pairs_hook=no_doubles)
    metadata = header.pop("__metadata__", {})
    assert all(isinstance(v, str) for v in metadata.values()), "metadata are texts"
    body, at, tensors = data[8 + length:], 0, {}
    for name, entry in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
        assert set(entry) == {"dtype", "shape", "data_offsets"}, f"{name}: keys {set(entry)}"
        begin, end = entry["data_offsets"]
        assert begin == at, f"{name} begins at {begin}, not at {at}"
        size = math.prod(entry["shape"]) * BYTES[entry["dtype"]]
        assert end - begin == size, f"{name} has {end - begin} bytes, its shape says {size}"
        assert entry["dtype"] == "F32", f"{name} is {entry['dtype']}"
        values = array.array("f", body[begin:end])
        if sys.byteorder == "big":
            values.byteswap()
        tensors[name] = (entry["shape"], values)
        at = end
    assert at == len(body), f"{len(body) - at} bytes behind the last tensor"
    return metadata, tensors


def main():
    metadata, tensors = read(sys.argv[1])
    for name, text in metadata.items():
        print(f"{name}: {text.splitlines()[0] if text else ''}")
    for name, (shape, values) in tensors.items():
        assert all(math.isfinite(v) for v in values), f"{name} holds a value that is not finite"
        mean = sum(values) / len(values) if values else 0.0
        first = f"{values[0]:.6g}" if values else "-"
        print(f"{name} F32 {'x'.join(map(str, shape))} mean {mean:.6g} first {first}")
    for name in sys.argv[2:]:
        assert name in tensors, f"no tensor {name}"


if __name__ == "__main__":
    main()
