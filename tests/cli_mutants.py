#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Damaged networks, models, pictures and data sets by the hundred, the same ones each time: every
one is either read or refused with a sentence, in time, and what is printed as JSON is JSON.

FOVEA_MUTANTS=N tries so many of each kind, FOVEA_SEED=N other ones. $FOVEA is the command."""
import os
import random
import re
import struct
import sys

import bad_files as b

MOST = int(os.environ.get("FOVEA_MUTANTS", "25" if b.SANITIZED else "120"))
SEED = int(os.environ.get("FOVEA_SEED", "1"))
ZOO = ("lenet5", "resnet20", "densenet-bc-100-12", "googlenet", "vgg16", "alexnet-2012")
WORDS = (b"conv", b"fc", b"add {", b"concat {", b"}", b"(", b")", b"|", b" - ", b"as x", b"from x",
         b"head h", b"stride 0", b"pad same", b"groups 3", b"*99999", b"block", b"net", b"input",
         b"if", b"then", b"else", b"channels", b"height", b"1/0", b"-1", b"9e99", b"\n", b"train",
         b"3x3", b"maxpool 2", b"softmax", b"2147483648", b"9223372036854775808", b"\xc3\x28")
NUMBERS = (0, 1, 7, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 1 << 31, (1 << 32) - 1, 1 << 40, 1 << 63,
           (1 << 64) - 1)


def damage(data, chance, words=(), end=None):
    """One to four changes within the first `end` bytes."""
    data = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        size = len(data) if end is None else min(end, len(data))
        if size == 0:
            break
        at, n = chance.randrange(size), chance.choice((1, 1, 2, 4, 8, 30, 200))
        how = chance.randrange(8 if words else 7)
        if how == 0:
            data[at] ^= 1 << chance.randrange(8)
        elif how == 1:
            data[at] = chance.randrange(256)
        elif how == 2:
            del data[at:at + n]
        elif how == 3:
            data[at:at] = bytes(chance.randrange(256) for _ in range(n))
        elif how == 4:
            data[at:at] = data[at:at + n]
        elif how == 5:
            kind = chance.choice(("<H", ">H", "<I", ">I", "<Q"))
            value = chance.choice(NUMBERS) & ((1 << 8 * struct.calcsize(kind)) - 1)
            piece = struct.pack(kind, value)
            data[at:at + len(piece)] = piece
        elif how == 6:
            if chance.randrange(3) == 0:
                del data[at:]
        else:
            data[at:at + chance.choice((0, 0, n))] = chance.choice(words)
    return bytes(data)


def digits(data, chance):
    """Another number for one of the numbers written out in a text."""
    places = [i for i in range(len(data)) if data[i:i + 1].isdigit()]
    at = chance.choice(places)
    number = chance.choice((b"0", b"1", b"-1", b"2.5", b"65536", b"65537", b"1000000000", b"1e300",
                            b"99999999999999999999", str(chance.randrange(300)).encode()))
    return data[:at] + number + data[at + 1:]


def networks(chance):
    texts = [b.read(os.path.join(os.environ["FOVEA_SOURCE"], "zoo", n + ".net")) for n in ZOO]
    for _ in range(MOST):
        text = chance.choice(texts)
        text = digits(text, chance) if chance.randrange(2) else damage(text, chance, WORDS)
        yield "net", text, ("explain", "mutant.net", *chance.choice(((), ("--training",))))


def models(chance):
    goods = [b.read("tiny.safetensors"), b.read("small.safetensors")]
    commands = (("explain", "mutant.safetensors"), ("predict", "mutant.safetensors", "good.pgm"),
                ("eval", "mutant.safetensors", "digits:60"))
    for _ in range(MOST):
        good = chance.choice(goods)
        head = 8 + struct.unpack("<Q", good[:8])[0]
        how = chance.randrange(4)
        if how == 0:
            data = damage(good, chance)
        elif how == 1:
            data = damage(good, chance, end=head)
        else:  # the header's own length stays right
            text = good[8:head]
            text = digits(text, chance) if how == 2 else damage(text, chance, WORDS)
            data = struct.pack("<Q", len(text)) + text + good[head:]
        yield "safetensors", data, chance.choice(commands)


def pictures(chance):
    goods = {"png": b.png(), "jpg": b.JPEG, "pgm": b.pgm(), "ppm": b"P3 2 1 9\n1 2 3 4 5 6\n"}
    for _ in range(MOST):
        end = chance.choice(list(goods))
        data = damage(goods[end], chance, end=chance.choice((None, 60)))
        yield end, data, ("predict", "tiny.safetensors", "mutant." + end)


def sets(chance):
    goods = [b.idx_pictures(), b.packed(b.idx_pictures()), b.idx_labels(), b.packed(b.idx_labels())]
    b.idx_folder("set")
    good = ["set/" + n for n in b.IDX_NAMES]
    for _ in range(MOST):
        kind = chance.randrange(4)
        files = list(good)
        files[kind // 2] = "mutant.idx"
        data = damage(goods[kind], chance, end=chance.choice((None, 20)))
        yield "idx", data, ("data", ",".join(files))


def runs(chance):
    parts = {n: b.read("run/" + n) for n in ("run.json", "checkpoint.safetensors")}
    for _ in range(MOST // 3):
        name = chance.choice(list(parts))
        data = parts[name]
        if name == "run.json":
            data = digits(data, chance) if chance.randrange(2) else damage(data, chance, WORDS)
            if re.search(rb"epochs=\d{3}", data):
                continue  # a run of a million epochs is a good one: who asks for it waits
        else:
            data = damage(data, chance, end=chance.choice((None, 700)))
        for part in parts:
            b.write("run/" + part, data if part == name else parts[part])
        yield None, data, ("resume", "run", "--quiet")


def main():
    b.fresh("mutants")
    b.write("tiny.net", b.TINY)
    b.write("small.net", b.SMALL)
    b.write("good.pgm", b.pgm())
    for command in (("convert", "tiny.net", "tiny.safetensors"),
                    ("convert", "small.net", "small.safetensors"),
                    ("train", "tiny.net", "digits:60", "epochs=2", "--out", "run", "--quiet")):
        if b.run(*command).code != 0:
            sys.exit("fovea " + " ".join(command))
    failed, count, codes = [], 0, {}
    for kind in (networks, models, pictures, sets, runs):
        chance = random.Random("%s %d" % (kind.__name__, SEED))
        for end, data, command in kind(chance):
            if end:
                b.write("mutant." + end, data)
            json_wanted = chance.randrange(2) == 0
            result = b.run(*command, *(["--json"] if json_wanted else []),
                           memory=0 if b.SANITIZED else 4 << 30)
            allowed = {0, 3, 4, 5} if kind is runs else {0, 3}
            faults = b.faults(result, allowed, json_wanted)
            count += 1
            codes[result.code] = codes.get(result.code, 0) + 1
            if faults:
                kept = "bad-%d.%s" % (count, end or "run")
                b.write(kept, data)
                failed += ["%s (fovea %s): %s: %s" % (kept, " ".join(command), f, b.message(result))
                           for f in faults]
    print("exit codes:", ", ".join("%s: %d times" % c for c in sorted(codes.items(), key=str)))
    b.end("mutants", count, failed)


main()
