#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs that begin with another model: from=MODEL, a model in the network's place, frozen layers,
input= for files that do not say how images become their input; from .safetensors, a run's folder,
ONNX and PyTorch's files. The weights that are taken are the model's to the bit, what is frozen stays.

With $FOVEA_DATA, which has models/, a published SqueezeNet learns to tell four kinds of shapes.
$FOVEA is the command."""
import json
import os
import shutil
import struct
import subprocess
import sys

FAILURES = []
NET = """net bars(classes = 10)
input 1x28x28 scale 1/255
  conv 6 5x5 stride 2 bias no - bn - relu - maxpool 2 - conv 8 3x3 - relu
  - fc 16 - tanh - fc classes - softmax
train lr 0.02 batch 20 epochs 1
"""
# its end has no parameter for the classes
FIXED = """net fixed
input 1x28x28 scale 1/255
  conv 6 5x5 stride 2 - relu - maxpool 2 - conv 10 1x1 - relu - globalavgpool - flatten - softmax
train lr 0.02 batch 20 epochs 1
"""


def run(*words, status=0):
    done = subprocess.run([os.environ["FOVEA"], *words], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode != status:
        FAILURES.append(f"{words}: status {done.returncode}, not {status}: {done.stderr.strip()}")
    return done.stdout, done.stderr


def train(*words, out, status=0, says=()):
    shutil.rmtree(out, ignore_errors=True)
    said, err = run("train", *words, "--out", out, status=status)
    for what in says:
        if what not in said + err:
            FAILURES.append(f"{words}: '{what}' is not in: {said}{err}")


def check(condition, words):
    if not condition:
        FAILURES.append(words)


def tensors(path):
    with open(path, "rb") as f:
        size, = struct.unpack("<Q", f.read(8))
        header = json.loads(f.read(size))
        data = f.read()
    meta = header.pop("__metadata__", {})
    return {n: data[slice(*t["data_offsets"])] for n, t in header.items()}, meta


def shapes(folder, count, classes, side):
    """Images with a bar, whose place is the class, as four IDX files."""
    os.makedirs(folder, exist_ok=True)
    for part, n in (("train", count), ("t10k", count // 2)):
        pixels, labels = bytearray(), bytearray()
        for i in range(n):
            c = i % classes
            labels.append(c)
            for y in range(side):
                for x in range(side):
                    on = c * side // classes <= y < (c + 1) * side // classes
                    pixels.append((200 if on else 20) + (i * 7 + x * 3 + y * 5) % 30)
        with open(f"{folder}/{part}-images-idx3-ubyte", "wb") as f:
            f.write(struct.pack(">IIII", 0x803, n, side, side) + pixels)
        with open(f"{folder}/{part}-labels-idx1-ubyte", "wb") as f:
            f.write(struct.pack(">II", 0x801, n) + labels)


def resumed(folder, *words):
    """A run killed before its first checkpoint begins with the same weights: its model is that of
    one left alone."""
    train(*words, out=folder)
    again = folder + "-again"
    shutil.rmtree(again, ignore_errors=True)
    os.mkdir(again)
    shutil.copy(folder + "/run.json", again)
    run("resume", again, "--quiet", "--threads", "2")
    for name in ("model.safetensors", "best.safetensors"):
        with open(f"{folder}/{name}", "rb") as a, open(f"{again}/{name}", "rb") as b:
            check(a.read() == b.read(), f"{folder}: {name} is another one after resuming")


def taken():
    with open("bars.net", "w", encoding="utf-8") as f:
        f.write(NET)
    with open("fixed.net", "w", encoding="utf-8") as f:
        f.write(FIXED)
    shapes("three", 60, 3, 28)
    train("bars.net", "digits:200", out="first")
    source, _ = tensors("first/model.safetensors")
    # other classes: all but the last layer is the model's; frozen, it stays
    keep = "freeze=conv1..fc1"
    train("bars.net", "three", "from=first", keep, out="moved",
          says=["fc2.weight begins anew: it is of the last layer"])
    got, meta = tensors("moved/model.safetensors")
    for name, data in source.items():
        check((got[name] == data) == (not name.startswith("fc2")), f"from=first: {name}")
    check(keep in meta["settings"], "freeze is not in the model's settings: " + meta["settings"])
    resumed("resumed", "bars.net", "three", "from=first/best.safetensors", keep, "average=0.9")
    resumed("scaled", "bars.net", "three", "init=lsuv", "class_weights=balanced")
    # a model in the network's place whose text has no parameter for its classes
    train("fixed.net", "digits:200", out="ten")
    source, _ = tensors("ten/model.safetensors")
    resumed("fitted", "ten", "three", "freeze=conv1")
    got, _ = tensors("fitted/model.safetensors")
    check(got["conv1.weight"] == source["conv1.weight"], "a frozen layer of the model has changed")
    check(len(got["conv2.weight"]) * 10 == len(source["conv2.weight"]) * 3,
          "the last layer is not made for three classes")
    train("fixed.net", "three", out="text")  # as it was written
    got, _ = tensors("text/model.safetensors")
    check(len(got["conv2.weight"]) == len(source["conv2.weight"]), "a text's last layer changed")


def refused():
    train("bars.net", "three", "from=ten", out="no", status=3,
          says=["the model (fixed) has no bn1.weight, which the network bars needs"])
    with open("wide.net", "w", encoding="utf-8") as f:
        f.write(NET.replace("conv 8 3x3", "conv 9 3x3"))
    train("wide.net", "three", "from=first", out="no", status=3,
          says=["the model's conv2.weight is 8x6x3x3, and the network bars has 9x6x3x3"])
    train("bars.net", "three", "from=first", "weights=first/model.safetensors", out="no", status=2,
          says=["begins with one model's weights"])
    train("bars.net", "three", "from=lenet5", out="no", status=3, says=["without weights"])
    train("bars.net", "three", "from=nowhere.onnx", out="no", status=3, says=["nowhere.onnx"])
    train("bars.net", "three", "freeze=conv9", out="no", status=3, says=["did you mean 'conv1'"])
    train("bars.net", "three", "class_weights=1,2", out="no", status=3, says=["2 classes"])
    train("bars.net", "three", "class_weights=often", out="no", status=3, says=["balanced"])
    train("bars.net", "three", "class_weights=balanced", "loss=hinge", out="no", status=3,
          says=["of the loss crossentropy"])


def onnx():
    if ".onnx" not in run("convert", "--help")[0]:
        return
    words = "1x28x28 scale 1/128 mean 1"
    run("convert", "ten", "ten.onnx", "logits=yes")
    source, _ = tensors("ten/model.safetensors")
    train("ten.onnx", "three", "input=" + words, "freeze=conv1", out="imported")
    got, meta = tensors("imported/model.safetensors")
    check(got["conv1.weight"] == source["conv1.weight"], "a frozen layer of the ONNX file changed")
    check("scale 0.0078125" in meta["net"] or "1/128" in meta["net"],
          "input= does not travel into the model: " + meta["net"])
    train("fixed.net", "digits:100", "from=ten.onnx", "epochs=1", "lr=0", out="same")
    got, _ = tensors("same/model.safetensors")
    check(got == source, "from=ten.onnx with lr=0 gives other weights")


def published(models):
    """SqueezeNet 1.1 of ImageNet, all frozen but its last layer."""
    path = os.path.join(models, "squeezenet1_1-imagenet", "model.onnx")
    if not os.path.exists(path):
        print("no", path)
        return
    shapes("four", 48, 4, 32)
    out, _ = run("train", path, "four", "freeze=features_*", "epochs=6", "batch=8",
                    "optimizer=adam", "lr=0.003",
                 "input=3x224x224 scale 1/255 mean 0.485,0.456,0.406 std 0.229,0.224,0.225",
                 "--out", "squeeze", "--json")
    found = json.loads(out)["test_accuracy"]
    print("squeezenet, its last layer alone, four kinds of bars:", found)
    check(found > 0.9, f"squeezenet tells {found} of four kinds of bars")
    out, _ = run("eval", "squeeze", "four", "--json")
    check(json.loads(out)["accuracy"] == found, "eval finds another accuracy than train")


def main():
    for name in ("squeeze", "moved", "first"):
        shutil.rmtree(name, ignore_errors=True)
    taken()
    refused()
    onnx()
    if os.environ.get("FOVEA_DATA"):
        published(os.path.join(os.environ["FOVEA_DATA"], "models"))
    for failure in FAILURES:
        print("FAILED:", failure)
    sys.exit(1 if FAILURES else 0)


main()
