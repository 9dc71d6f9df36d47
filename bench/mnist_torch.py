#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""One epoch of LeNet-5 on MNIST with PyTorch: the other side of bench/mnist_epoch.

  mnist_torch.py FOLDER [--threads N] [--batch N] [--seed N] [--variant plain|channels-last|no-mkldnn]
  mnist_torch.py --blas

FOLDER holds MNIST's four IDX files, plain or .gz. Prints one line of JSON: seconds, test_accuracy,
test_loss, train_loss, threads, torch, blas. With --blas only which BLAS this PyTorch multiplies its
matrices with; exit status 1 when that is the reference BLAS, which is many times slower than others
and nobody's measure.

The network, its numbers and what is timed are those of `fovea train lenet5 mnist epochs=1 shift=0
schedule=constant`: 60,000 images in batches of 64, SGD with momentum 0.9 and
weight decay on the weights, then the test on 10,000 images. In PyTorch's favour: the images are
converted, normalised and padded once, before the clock starts, and lie in memory as one tensor of
floats, indexed by batch, without a DataLoader; a throw-away model warms up every code path; no
accuracy is counted in training.
"""
import argparse
import ctypes
import gzip
import json
import os
import re
import sys
import time

import numpy
import torch
from torch import nn
from torch.nn import functional

MEAN, STD = 0.1307, 0.3081


def libraries():
    """Paths of the libraries in this process whose name says that they are a BLAS."""
    try:
        with open("/proc/self/maps") as maps:
            paths = {os.path.realpath(line.split()[-1]) for line in maps if "/" in line}
    except OSError:  # no Linux
        return []
    return sorted(p for p in paths if re.search("blas|mkl_|blis|atlas", os.path.basename(p)))


def blas():
    """The BLAS in use, in words, and whether it is better than the reference."""
    loaded = libraries()
    for path in loaded:  # first: LAPACK may have brought OpenBLAS along, unused
        if re.search("/blas/libblas[.]so", path):
            return "the reference BLAS, " + path, False
    for path in loaded:
        if "openblas" in os.path.basename(path):
            config = ctypes.CDLL(path).openblas_get_config
            config.restype = ctypes.c_char_p
            # "OpenBLAS 0.3.21 NO_LAPACKE DYNAMIC_ARCH NO_AFFINITY SkylakeX MAX_THREADS=64"
            words = config().decode().split()
            kernels = [w for w in words[2:] if not re.search("=|^[A-Z_]+$", w)]
            return " ".join(words[:2] + kernels), True
    if loaded:
        return ", ".join(os.path.basename(p) for p in loaded), True
    built_in = re.search("BLAS_INFO=([^, ]+)", torch.__config__.show())
    return (built_in.group(1) if built_in else "unknown") + ", built in", True


def idx(folder, name):
    """An IDX file as an array of bytes."""
    path = os.path.join(folder, name)
    opened = open(path, "rb") if os.path.exists(path) else gzip.open(path + ".gz", "rb")
    with opened as file:
        data = file.read()
    dims = data[3]
    shape = [int.from_bytes(data[4 + 4 * i:8 + 4 * i], "big") for i in range(dims)]
    return numpy.frombuffer(data, numpy.uint8, offset=4 + 4 * dims).reshape(shape)


def part(folder, name):
    """Images, normalised, in a frame of 2 pixels of byte 0; labels."""
    images = torch.from_numpy(idx(folder, name + "-images-idx3-ubyte").copy()).float().unsqueeze(1)
    images = (functional.pad(images, (2, 2, 2, 2)) / 255 - MEAN) / STD
    return images.contiguous(), torch.from_numpy(idx(folder, name + "-labels-idx1-ubyte").copy()).long()


def network():
    net = nn.Sequential(
        nn.Conv2d(1, 6, 5), nn.Tanh(), nn.AvgPool2d(2),
        nn.Conv2d(6, 16, 5), nn.Tanh(), nn.AvgPool2d(2),
        nn.Flatten(), nn.Linear(400, 120), nn.Tanh(), nn.Linear(120, 84), nn.Tanh(), nn.Linear(84, 10))
    for layer in net:
        if isinstance(layer, (nn.Conv2d, nn.Linear)):  # init lecun
            nn.init.normal_(layer.weight, std=layer.weight[0].numel() ** -0.5)
            nn.init.zeros_(layer.bias)
    return net


def optimiser(net):
    weights = [p for p in net.parameters() if p.dim() > 1]
    biases = [p for p in net.parameters() if p.dim() == 1]
    return torch.optim.SGD([{"params": weights, "weight_decay": 5e-4}, {"params": biases}],
                           lr=0.02, momentum=0.9)


def train(net, images, labels, batch, most=None):
    step = optimiser(net)
    order = torch.randperm(len(images))[:most]
    loss_sum = 0.0
    for start in range(0, len(order), batch):
        which = order[start:start + batch]
        loss = functional.cross_entropy(net(images[which]), labels[which])
        step.zero_grad(set_to_none=True)
        loss.backward()
        step.step()
        loss_sum += loss.item() * len(which)
    return loss_sum / len(order)


def test(net, images, labels, batch=256):
    correct, loss = 0, 0.0
    with torch.inference_mode():
        for start in range(0, len(images), batch):
            here = labels[start:start + batch]
            logits = net(images[start:start + batch])
            loss += functional.cross_entropy(logits, here, reduction="sum").item()
            correct += int((logits.argmax(1) == here).sum())
    return correct / len(images), loss / len(images)


def main():
    words = argparse.ArgumentParser()
    words.add_argument("folder", nargs="?")
    words.add_argument("--blas", action="store_true")
    words.add_argument("--threads", type=int, default=os.cpu_count())
    words.add_argument("--batch", type=int, default=64)
    words.add_argument("--seed", type=int, default=1)
    words.add_argument("--variant", choices=["plain", "channels-last", "no-mkldnn"], default="plain")
    given = words.parse_args()
    name, fast = blas()
    if given.blas:
        print(name)
        sys.exit(0 if fast else 1)
    if given.folder is None:
        words.error("name the folder that holds MNIST's files")
    torch.set_num_threads(given.threads)
    torch.manual_seed(given.seed)
    if given.variant == "no-mkldnn":
        torch.backends.mkldnn.enabled = False
    images, labels = part(given.folder, "train")
    test_images, test_labels = part(given.folder, "t10k")
    net, warm = network(), network()
    if given.variant == "channels-last":
        net, warm = (n.to(memory_format=torch.channels_last) for n in (net, warm))
        images = images.contiguous(memory_format=torch.channels_last)
        test_images = test_images.contiguous(memory_format=torch.channels_last)
    train(warm, images, labels, given.batch, 50 * given.batch + 32)
    test(warm, test_images[:1024], test_labels[:1024])

    start = time.perf_counter()
    train_loss = train(net, images, labels, given.batch)
    accuracy, loss = test(net, test_images, test_labels)
    seconds = time.perf_counter() - start
    print(json.dumps({"seconds": round(seconds, 3), "test_accuracy": accuracy,
                      "test_loss": round(loss, 6), "train_loss": round(train_loss, 6),
                      "threads": torch.get_num_threads(), "torch": torch.__version__,
                      "blas": name}))


main()
