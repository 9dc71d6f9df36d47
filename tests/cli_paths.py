#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Where things lie: runs begun here and resumed elsewhere, data that was moved, names with = or a
dash, standard input, links that lead nowhere; and runs that go on from what others learned.

$FOVEA is the command."""
import json
import os
import shutil
import struct
import subprocess
import sys

FOVEA = os.path.abspath(os.environ["FOVEA"])
NET = """net tiny(classes = 3)
input 1x12x12 scale 1/255
  conv 4 3x3 - relu - maxpool 2 - fc classes - softmax
train lr 0.02 batch 8 epochs 2
"""
failed = 0


def run(*words, at=".", stdin=None):
    done = subprocess.run([FOVEA, *words], cwd=at, capture_output=True, timeout=300,
                          input=stdin, stdin=None if stdin is not None else subprocess.DEVNULL)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def expect(condition, words):
    global failed
    if not condition:
        failed += 1
        print("FAILED:", words)


def works(*words, **more):
    code, out, err = run(*words, **more)
    expect(code == 0, "%s: exit code %d: %s" % (" ".join(words), code, err))
    return out + err


def says(code, parts, *words, **more):
    got, out, err = run(*words, **more)
    expect(got == code, "%s: exit code %d instead of %d: %s" % (" ".join(words), got, code, err))
    for part in parts:
        expect(part in out + err, "%s: %r is not in %r" % (" ".join(words), part, out + err))


def read(path):
    with open(path, "rb") as f:
        return f.read()


def write(path, data):
    with open(path, "wb") as f:
        f.write(data)


def image(i):
    """Class 0 is bright on the left, 1 on the right, 2 in the middle."""
    kind = i % 3
    return bytes((200 + i % 50) * (kind == (0 if x < 4 else 1 if x > 7 else 2))
                 for y in range(12) for x in range(12))


def idx_folder(folder, classes=3):
    os.makedirs(folder)
    for part, count in (("train", 60), ("t10k", 12)):
        write("%s/%s-images-idx3-ubyte" % (folder, part), struct.pack(">IIII", 0x803, count, 12, 12)
              + b"".join(image(i) for i in range(count)))
        write("%s/%s-labels-idx1-ubyte" % (folder, part), struct.pack(">II", 0x801, count)
              + bytes(i % 3 % classes for i in range(count)))


def runs_elsewhere():
    """A run remembers where it began, and its data is looked for from there."""
    idx_folder("here/data")
    write("here/tiny.net", NET.encode())
    works("train", "tiny.net", "data", "--out", "run", "--quiet", at="here")
    expect(json.loads(read("here/run/run.json"))["where"] == os.path.abspath("here"),
           "run.json does not say where the run began")
    works("resume", "here/run", "epochs=3", "--quiet")
    expect(read("here/run/log.csv").count(b"\n") == 4, "no third epoch")
    os.rename("here/data", "moved")
    says(3, ["data", "resume here/run data="], "resume", "here/run", "epochs=4")
    works("resume", "here/run", "epochs=4", "data=moved", "--quiet")
    idx_folder("others", classes=2)
    says(3, ["others"], "resume", "here/run", "epochs=5", "data=others")
    works("resume", "here/run", "epochs=5", "data=moved", "--quiet")
    expect(read("here/run/log.csv").count(b"\n") == 6, "no fifth epoch")


def runs_go_on():
    """Longer at once or in two parts: the same weights, where the rate is constant."""
    for folder, epochs in (("four", "4"), ("two", "2")):
        works("train", "here/tiny.net", "moved", "epochs=" + epochs, "--out", folder, "--quiet")
    works("resume", "two", "epochs=4", "--quiet")
    end = struct.unpack("<Q", read("four/model.safetensors")[:8])[0] + 8
    other = struct.unpack("<Q", read("two/model.safetensors")[:8])[0] + 8
    expect(read("four/model.safetensors")[end:] == read("two/model.safetensors")[other:],
           "two and two epochs are not four")
    says(2, ["epochs=3", "4"], "resume", "two", "epochs=3")
    says(2, ["lr"], "resume", "two", "lr=1")
    works("resume", "two", "--quiet")  # at its end: written anew

    # further, from a model and from a run; and for other classes, whose layer begins anew
    works("train", "four/model.safetensors", "moved", "epochs=1", "--out", "further", "--quiet")
    works("train", "four", "moved", "epochs=1", "--out", "further2", "--quiet")
    expect(read("further/model.safetensors") == read("further2/model.safetensors"),
           "a run and its model begin differently")
    first = [float(read(f + "/log.csv").decode().split("\n")[1].split(",")[2])
             for f in ("four", "further")]
    expect(first[1] < 0.8 * first[0], "the loss begins at %g, as anew (%g)" % (first[1], first[0]))
    out = works("train", "four", "others", "epochs=1", "--out", "fine")
    expect("begins anew" in out, "nothing is said of the last layer: " + out)
    works("train", "here/tiny.net", "moved", "epochs=1", "weights=four/model.safetensors", "--out",
          "by-weights", "--quiet")
    expect(read("by-weights/log.csv").split(b"\n")[1].split(b",")[2] ==
           read("further/log.csv").split(b"\n")[1].split(b",")[2], "weights= begins differently")


def names():
    """A file that is there is a file, whatever its name."""
    pgm = b"P5 12 12 255\n" + image(0)
    model = "four/model.safetensors"
    plain = None
    for name in ("lr=0.1.pgm", "epochs=3", "plain.pgm"):
        write(name, pgm)
        scores = works("predict", model, name, "--json").replace(name, "")
        plain = plain or scores
        expect(scores == plain, "%s is seen as something else" % name)
    shutil.copy(model, "epoch=3-acc=0.98.safetensors")
    works("explain", "epoch=3-acc=0.98.safetensors")
    write("-x.pgm", pgm)
    works("predict", model, "--", "-x.pgm")
    works("predict", model, "./-x.pgm")
    works("predict", model, "-x.pgm")
    says(2, ["-y.pgm"], "predict", model, "-y.pgm")
    says(2, ["ls=3"], "predict", model, "plain.pgm", "ls=3")


def standard_input():
    pgm = b"P5 12 12 255\n" + image(1)
    model = "four/model.safetensors"
    write("one.pgm", pgm)
    strip = lambda text: text.replace("one.pgm", "-").replace("standard input", "-")
    expect(strip(works("predict", model, "one.pgm")).split() ==
           strip(works("predict", model, "-", stdin=pgm)).split(), "- is not the file")
    works("show", model, "-", "--out", "shown", stdin=pgm)
    expect(os.path.isdir("shown"), "show made nothing of -")
    says(3, ["standard input"], "predict", model, "-", stdin=b"")
    says(3, ["standard input"], "predict", model, "-", stdin=b"no image at all")
    expect("6x10x10" not in works("explain", "-", stdin=NET.encode()), "explain - is no net")


def links():
    os.makedirs("links")
    os.symlink("nowhere", "links/runs")
    says(1, ["leads nowhere"], "train", os.path.abspath("here/tiny.net"), os.path.abspath("moved"),
         at="links")
    os.makedirs("links/nowhere")
    works("train", os.path.abspath("here/tiny.net"), os.path.abspath("moved"), "--quiet", at="links")
    expect(os.path.isdir("links/nowhere/tiny-1"), "a link to a folder is no folder")


def main():
    shutil.rmtree("paths", ignore_errors=True)
    os.mkdir("paths")
    os.chdir("paths")
    for part in (runs_elsewhere, runs_go_on, names, standard_input, links):
        part()
    print("%d failed" % failed if failed else "ok")
    sys.exit(failed > 0)


main()
