#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`fovea data show`: the picture, the numbers told of the batch, and that they are those of the
training it stands for, whatever the number of threads. $FOVEA is the command; with FOVEA_DATA real
data is shown as well."""
import json
import os

import bad_files as b

REAL = os.environ.get("FOVEA_DATA")
FAILED = []
CASES = []


def expect(name, condition, words):
    CASES.append(name)
    if not condition:
        FAILED.append("%s: %s" % (name, words))


def size(path):
    data = b.read(path)
    expect(path, data[:8] == b"\x89PNG\r\n\x1a\n", "no PNG")
    return int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")


def show(name, *words, env=None):
    done = b.run("data", "show", *words, "--json", "--out", "x.png", env=env)
    expect(name, done.code == 0, b.message(done))
    expect(name, min(size("x.png")) > 50, "%dx%d pixels" % size("x.png"))
    return json.loads(done.out)


def drawn():
    told = show("plain", "digits:600")
    expect("plain", (told["batch"], told["batches"], told["epoch"]) == (1, 10, 1), told)
    expect("plain", told["input"] == "1x28x28 scale 1/255" and told["augmentation"] == "", told)
    expect("plain", len(told["samples"]) == 64, "64 samples")
    net = show("net", "digits:600", "network=lenet5")
    expect("net", net["input"].startswith("1x32x32 pad 2") and net["augmentation"] == "shift=1", net)
    expect("net", [s["number"] for s in net["samples"]] == [s["number"] for s in told["samples"]],
           "another order")
    sums = {show("one of many", "digits:600", *words)["checksum"] for words in
            (["seed=1"], ["seed=2"], ["epoch=2"], ["step=2"], ["flip=yes"], ["batch=10"],
             ["network=lenet5"], ["input=1x20x20 scale 1/255"])}
    expect("one of many", len(sums) == 8, "two of them are the same")
    some = ("digits:600", "network=lenet5", "rotate=10", "mixup=0.2", "cutout=3", "epoch=3")
    expect("threads", len({show("threads", *some, "--threads", n)["checksum"] for n in "123"}) == 1,
           "other numbers with other threads")
    mixed = show("mixed", "digits:600", "mixup=0.4", "batch=7")["samples"]
    expect("mixed", [s.get("mixed_with") for s in mixed] == [6, 5, 4, None, 2, 1, 0], mixed)
    expect("mixed", all(0 <= s["share"] <= 1 for s in mixed if "share" in s), mixed)
    # the seed of a network's own recipe counts unless another is given
    b.write("own.net", "net own\ninput 1x28x28 scale 1/255\n fc 10 - softmax\ntrain seed 5\n")
    own = show("own seed", "digits:600", "network=own.net")["checksum"]
    expect("own seed", own == show("own seed", "digits:600", "network=own.net", "seed=5")["checksum"] !=
           show("own seed", "digits:600", "network=own.net", "seed=1")["checksum"], "seed")
    done = b.run("data", "show", "digits:600", "step=2")
    expect("text", b"batch 2 of 10 of epoch 1, 64 images" in done.out and b"batch.png" in done.out and
           os.path.exists("batch.png"), done.out)


def folders():
    for folder in ("show", "check"):
        for name in ("cats", "dogs"):
            os.makedirs("%s/%s" % (folder, name))
            for i in range(6):
                b.write("%s/%s/%d.png" % (folder, name, i),
                        b.png(30 + i, 40, b"".join(b"\0" + bytes([40 * i] * (30 + i)) for _ in range(40)),
                              8, 0))
        told = show("./" + folder, "./" + folder, "batch=4", "flip=yes")
        expect(folder, told["input"] == "3x224x224 resize 256 crop 224 scale 1/255", told)
        expect(folder, all(s["file"].endswith(".png") and s["name"] in ("cats", "dogs")
                           for s in told["samples"]), told["samples"])
        done = b.run("data", "./" + folder)
        expect(folder, done.code == 0, b.message(done))
    expect("show alone", b.run("data", "show").code == 2, "no data set")
    told = show("another input", "./show", "input=3x16x16 resize 20 crop 16 scale 1/255")
    expect("another input", told["input"].startswith("3x16x16"), told)


def real():
    env = {"FOVEA_DATA": REAL}
    for name, words in (("mnist", ["mnist", "network=lenet5"]),
                        ("cifar10", ["cifar10", "network=resnet20", "mixup=0.2"]),
                        ("flowers5", [REAL + "/folders/flowers5", "batch=12", "area=0.3", "flip=yes"])):
        if os.path.exists(os.path.join(REAL, name)) or os.path.exists(words[0]):
            told = show(name, *words, env=env)
            expect(name, told["samples"], "no samples")


b.fresh("show_batch")
drawn()
folders()
if REAL:
    real()
b.end("data show", len(CASES), FAILED)
