#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Weights from PyTorch's files by the command: listed, matched, converted, reported; maps; what is
refused. Where PyTorch itself is there, its own files too. The command is $FOVEA."""
import collections
import json
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.environ["FOVEA_SOURCE"], "tests"))
import read_safetensors
import torch_files as tf

FOVEA = os.path.abspath(os.environ["FOVEA"])
SOURCE = os.environ["FOVEA_SOURCE"]
TINY = ("net tiny(classes = 10)\ninput 1x28x28 scale 1/255\n"
        "  conv 2 5x5 stride 4 - relu - fc classes - softmax\n")


def run(*words, status=0):
    done = subprocess.run([FOVEA, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, check=False)
    assert done.returncode == status, (words, done.returncode, done.stdout, done.stderr)
    return done.stdout if status == 0 else done.stderr


def has(text, *pieces):
    flat = " ".join(text.split())
    for piece in pieces:
        assert piece in flat, (piece, text)


def layer(state, name, shape, seed):
    count = 1
    for d in shape:
        count *= d
    state[name] = tf.tensor([((i * 7 + seed) % 13 - 6) / 32 for i in range(count)], shape)


def norm(state, name, k):
    for i, part in enumerate(("weight", "bias", "running_mean", "running_var")):
        state[f"{name}.{part}"] = tf.tensor([1.0 + i] * k, (k,))
    state[f"{name}.num_batches_tracked"] = tf.tensor([9], (), "LongStorage")


def resnet20(prefix):
    """The state dictionary of a network of the CIFAR kind, as PyTorch's users call its layers."""
    state, c = collections.OrderedDict(), 16
    layer(state, prefix + "conv1.weight", (16, 3, 3, 3), 0)
    norm(state, prefix + "bn1", 16)
    for stage, k in enumerate((16, 32, 64), 1):
        for block in range(3):
            name = f"{prefix}layer{stage}.{block}"
            layer(state, name + ".conv1.weight", (k, c, 3, 3), stage)
            norm(state, name + ".bn1", k)
            layer(state, name + ".conv2.weight", (k, k, 3, 3), block)
            norm(state, name + ".bn2", k)
            c = k
    layer(state, prefix + "linear.weight", (10, 64), 5)
    layer(state, prefix + "linear.bias", (10,), 6)
    return state


def read(path):
    with open(path, "rb") as f:
        return f.read()


def by_order():
    state = resnet20("module.")
    tf.save("r20.th", {"state_dict": state, "epoch": 7, "best": 91.75}, legacy=True)
    tf.save("r20.pth", state)
    has(run("explain", "r20.th"), "module.layer1.0.conv1.weight F32 16x16x3x3", "116 tensors")
    told = run("convert", "resnet20", "a.safetensors", "weights=r20.th")
    has(told, "r20.th: 97 of 97 tensors matched by their order",
        "module.layer1.0.conv1.weight, here basic1.conv1.weight",
        "ignored 19: module.bn1.num_batches_tracked,", "and 16 more")
    assert run("convert", "resnet20", "b.safetensors", "weights=r20.pth", "--quiet") == ""
    assert read("a.safetensors") == read("b.safetensors")
    _, tensors = read_safetensors.read("a.safetensors")
    made = {name: values for name, (_, values) in tensors.items()}
    assert list(made["bn1.variance"]) == [4.0] * 16 and list(made["bn1.mean"]) == [3.0] * 16
    report = json.loads(run("convert", "resnet20", "b.safetensors", "weights=r20.pth", "--json"))
    weights = report["weights"]
    assert (weights["match"], weights["matched"], weights["parameters"]) == ("order", 97, 97)
    assert weights["pairs"][-1] == {"parameter": "fc1.bias", "tensor": "module.linear.bias",
                                    "type": "F32"}, weights["pairs"][-1]
    assert len(weights["ignored"]) == 19 and weights["missing"] == []
    has(run("convert", "resnet20", "c.safetensors", "weights=r20.th", "match=name", status=3),
        "these are not the weights of resnet20: 'basic1.conv1.weight' (16x16x3x3) is missing")
    has(run("convert", "resnet20", "c.safetensors", "weights=r20.th", "classes=7", status=3),
        "number 96 in the file is 'module.linear.weight' (10x64), and in the network "
        "'fc1.weight' (7x64)")
    assert not os.path.exists("c.safetensors")


def tiny_state(prefix):
    state = collections.OrderedDict()
    layer(state, prefix + "conv1.weight", (2, 1, 5, 5), 1)
    layer(state, prefix + "conv1.bias", (2,), 2)
    turned = tf.Storage([i / 720 for i in range(720)])
    state[prefix + "fc1.weight"] = tf.Tensor(turned, (10, 72), (1, 10))
    state[prefix + "fc1.bias"] = tf.Tensor(turned, (10,), (2,), 100)
    return state


def by_name():
    tf.save("tiny.pt", {"model": tiny_state("module."), "optimizer": {"state": {0: {}}}})
    has(run("convert", "tiny.net", "tiny.safetensors", "weights=tiny.pt"),
        "tiny.pt: 4 of 4 tensors matched by name", "put dense 2 that were transposed")
    _, tensors = read_safetensors.read("tiny.safetensors")
    fc, bias = tensors["fc1.weight"][1], tensors["fc1.bias"][1]
    for o in range(10):
        assert abs(bias[o] - (100 + 2 * o) / 720) < 1e-7
        for i in range(72):
            assert abs(fc[o * 72 + i] - (i * 10 + o) / 720) < 1e-7
    wanted = run("eval", "tiny.safetensors", "digits:100", "--json").split(', "seconds')[0]
    given = run("eval", "tiny.net", "digits:100", "weights=tiny.pt", "--json")
    assert wanted == given.split(', "seconds')[0], (wanted, given)
    shutil.rmtree("run", ignore_errors=True)
    run("train", "tiny.net", "digits:100", "weights=tiny.pt", "epochs=1", "--out", "run")
    has(run("train", "tiny.net", "digits:100", "weights=tiny.pt", "match=order", status=2),
        "make a model first: fovea convert")


def by_a_map():
    """timm's files are sorted by name: the maps in examples/ say which is which."""
    for depth, blocks in (("18", (2, 2, 2, 2)), ("50", (3, 4, 6, 3))):
        shapes = zoo_shapes("resnet" + depth)
        ours, theirs = iter(list(shapes)), {}
        for name in torchvision(blocks, depth == "50"):
            theirs[name] = shapes[next(ours)]
        write_sorted("sorted.safetensors", theirs)
        name = os.path.join(SOURCE, "examples", "maps", f"resnet{depth}.map")
        told = json.loads(run("convert", "resnet" + depth, "m.safetensors",
                              "weights=sorted.safetensors", "map=" + name, "--json"))["weights"]
        assert told["match"] == "map" and told["mapped"] == len(shapes), told["mapped"]
        pairs = [(p["parameter"], p["tensor"]) for p in told["pairs"]]
        assert pairs == list(zip(shapes, theirs)), [p for p in zip(pairs, zip(shapes, theirs))
                                                    if p[0] != p[1]][:3]
        has(run("convert", "resnet" + depth, "m.safetensors", "weights=sorted.safetensors",
                status=3), "the file is sorted by name, so that its order tells nothing")
    os.remove("sorted.safetensors")
    os.remove("m.safetensors")


def zoo_shapes(net):
    """Names and shapes of a network's tensors in their order."""
    run("convert", net, "m.safetensors")
    with open("m.safetensors", "rb") as f:
        header = json.loads(f.read(int.from_bytes(f.read(8), "little")))
    return {n: e["shape"] for n, e in header.items() if n != "__metadata__"}


def torchvision(blocks, bottleneck):
    def bn(name):
        return [f"{name}.{p}" for p in ("weight", "bias", "running_mean", "running_var")]
    names = ["conv1.weight"] + bn("bn1")
    for stage, count in enumerate(blocks, 1):
        for block in range(count):
            at = f"layer{stage}.{block}"
            for i in range(1, 4 if bottleneck else 3):
                names += [f"{at}.conv{i}.weight"] + bn(f"{at}.bn{i}")
            if block == 0 and (stage > 1 or bottleneck):
                names += [f"{at}.downsample.0.weight"] + bn(f"{at}.downsample.1")
    return names + ["fc.weight", "fc.bias"]


def write_sorted(path, shapes):
    """Half floats, all 0, in the order of the alphabet."""
    header, at = {}, 0
    for name in sorted(shapes):
        size = 2
        for d in shapes[name]:
            size *= d
        header[name] = {"dtype": "F16", "shape": shapes[name], "data_offsets": [at, at + size]}
        at += size
    text = json.dumps(header).encode()
    with open(path, "wb") as f:
        f.write(len(text).to_bytes(8, "little") + text)
        f.truncate(8 + len(text) + at)


class Evil:
    def __reduce__(self):
        return (os.system, ("touch was-run",))


def refused():
    tf.save("evil.pth", {"a": Evil()})
    has(run("explain", "evil.pth", status=3),
        "this file wants to run posix.system; Fovea reads tensors only")
    assert not os.path.exists("was-run")
    has(run("predict", "tiny.pt", "x.png", status=3), "weights without a network")
    has(run("explain", "tiny.pt", "weights=tiny.pt", status=3), "weights without a network")
    has(run("eval", "tiny.net", "digits:10", "map=x", status=2), "give that too")
    has(run("eval", "tiny.net", "digits:10", "weights=tiny.pt", "match=nme", status=3),
        "did you mean 'name'")
    with open("tiny.net", encoding="utf-8") as f:
        done = subprocess.run([FOVEA, "convert", "-", "n.safetensors", "weights=tiny.pt"], stdin=f,
                              stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2 and "standard input" in done.stderr, done.stderr
    with open("note.txt", "w", encoding="utf-8") as f:
        f.write("just words")
    has(run("eval", "tiny.net", "digits:10", "weights=note.txt", status=3),
        ".safetensors (a model)", ".pth")


BY_TORCH = """
import copy, torch
torch.manual_seed(3)
m = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 5), torch.nn.BatchNorm2d(2), torch.nn.Linear(4, 3))
m[1].running_mean.copy_(torch.tensor([0.5, -1.5]))
m[2].weight.data = torch.randn(4, 3).t()
for name, how in (("new", True), ("old", False)):
    torch.save(m.state_dict(), name + ".pth", _use_new_zipfile_serialization=how)
    torch.save({"state_dict": copy.deepcopy(m).half().state_dict(), "epoch": 3}, name + "-half.pth",
               _use_new_zipfile_serialization=how)
torch.save(m, "whole.pth")
torch.jit.save(torch.jit.script(m), "script.pt")
with open("wanted.txt", "w") as f:
    for key, value in m.state_dict().items():
        f.write(" ".join([key] + [repr(v) for v in value.double().flatten().tolist()]) + "\\n")
"""


def by_torch_itself():
    done = subprocess.run([sys.executable, "-c", BY_TORCH], stderr=subprocess.PIPE, text=True,
                          check=False)
    if done.returncode:
        print("PyTorch is not here: its own files were not tried")
        return
    with open("one.net", "w", encoding="utf-8") as f:
        f.write("net one\ninput 1x5x6\n  conv 2 5x5 - bn - fc 3 - softmax\n")
    with open("wanted.txt", encoding="utf-8") as f:
        wanted = [[float(v) for v in line.split()[1:]] for line in f
                  if "num_batches" not in line]
    has(run("explain", "whole.pth", status=3), "wants to run torch.nn.modules.container.Sequential")
    has(run("explain", "script.pt", status=3), "a TorchScript program, not a state dictionary")
    for name in ("new", "old", "new-half", "old-half"):
        told = json.loads(run("convert", "one.net", "t.safetensors", f"weights={name}.pth",
                              "--json"))["weights"]
        assert told["matched"] == 8 and told["ignored"] == ["1.num_batches_tracked"], told
        assert told["converted"] == (8 if "half" in name else 0), told
        _, tensors = read_safetensors.read("t.safetensors")
        for (_, values), numbers in zip(tensors.values(), wanted):
            assert len(values) == len(numbers)
            for v, w in zip(values, numbers):
                assert abs(v - w) <= (2e-3 if "half" in name else 1e-7) * max(1, abs(w)), (v, w)


def main():
    with open("tiny.net", "w", encoding="utf-8") as f:
        f.write(TINY)
    for check in (by_order, by_name, by_a_map, refused, by_torch_itself):
        check()
    print("ok")


if __name__ == "__main__":
    main()
