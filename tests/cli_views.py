#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""views= of eval and predict: the mean that predict tells is that of single images cut by hand, --json
says which views they were, and what cannot be averaged is refused. $FOVEA is the command."""
import json
import os
import shutil
import subprocess
import sys

FOVEA = os.environ["FOVEA"]
NET = """net corners(classes = 10)
input 1x20x20 crop 20x20 scale 1/255
 conv 4 5x5 stride 2 - relu - fc classes - softmax
train batch 20 epochs 1 rotate 10 zoom 0.1 cutmix 1 smooth 0.1
"""


def fovea(*words, code=0):
    done = subprocess.run([FOVEA, *words], capture_output=True, text=True)
    if done.returncode != code:
        print("FAILED: %s: exit %d, %s" % (words, done.returncode, done.stderr))
        sys.exit(1)
    return done


def expect(condition, words):
    if not condition:
        print("FAILED:", words)
        sys.exit(1)


def scores(path, *more):
    told = json.loads(fovea("predict", "run", path, "k=10", "--json", *more).stdout)
    return told["views"], {c["index"]: c["score"] for c in told["classes"]}


def write_pgm(path, rows):
    with open(path, "wb") as f:
        f.write(b"P5 %d %d 255\n" % (len(rows[0]), len(rows)))
        f.write(bytes(v for row in rows for v in row))


def main():
    shutil.rmtree("run", ignore_errors=True)
    with open("corners.net", "w") as f:
        f.write(NET)
    fovea("train", "corners.net", "digits:200", "--out", "run", "--quiet")
    image = [[(x * x * 5 + y * 31) % 256 for x in range(26)] for y in range(23)]
    write_pgm("whole.pgm", image)
    mean = dict.fromkeys(range(10), 0.0)
    for x, y in ((0, 0), (6, 0), (0, 3), (6, 3), (3, 2)):  # the middle of 3 left over is at 2
        part = [row[x:x + 20] for row in image[y:y + 20]]
        for rows in (part, [row[::-1] for row in part]):
            write_pgm("part.pgm", rows)
            views, one = scores("part.pgm")
            expect(views == "one", views)
            for i in one:
                mean[i] += one[i] / 10
    views, ten = scores("whole.pgm", "views=ten")
    expect(views == "ten", views)
    for i in mean:
        expect(abs(mean[i] - ten[i]) < 1e-5, "class %d: %g, by hand %g" % (i, ten[i], mean[i]))
    losses = set()
    for views in ("one", "flip", "ten"):
        told = json.loads(fovea("eval", "run", "digits:200", "views=" + views, "--json").stdout)
        expect(told["views"] == views, told)
        losses.add(told["loss"])
    expect(len(losses) == 3, losses)
    expect("10 views of each" in fovea("eval", "run", "digits:200", "views=ten").stdout, "eval says it")
    refused = fovea("predict", "run", "part.pgm", "views=ten", code=3).stderr
    expect("no corners for ten views" in refused, refused)
    refused = fovea("eval", "run", "digits:200", "views=five", code=3).stderr
    expect("one of one, flip, ten" in refused, refused)
    print("views of eval and predict: ok")


main()
