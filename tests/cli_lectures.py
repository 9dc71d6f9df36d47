#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The lectures' examples from the command line: filter, step, and what explain makes of a
convolution and of an open padding. python3's library alone; the command is $FOVEA."""
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys

FOVEA = os.environ["FOVEA"]
SOURCE = pathlib.Path(os.environ.get("FOVEA_SOURCE", pathlib.Path(__file__).parent.parent))
failures = 0
checks = 0


def check(what, found, expected):
    global failures, checks
    checks += 1
    if found != expected:
        failures += 1
        print(f"FAIL {what}: {found!r}, expected {expected!r}")


def fovea(*args, stdin=b""):
    done = subprocess.run([FOVEA, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          input=stdin, env=dict(os.environ, LC_ALL="C.UTF-8"))
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def says(code, words, *args, stdin=b""):
    """Exit code, and words that stderr (stdout when 0) must have."""
    found, out, err = fovea(*args, stdin=stdin)
    check(f"exit code of {' '.join(args)} ({err.strip()[:200]})", found, code)
    text = err if code else out
    check(f"{' '.join(args)}: {words!r} in {text[:300]!r}", words in text, True)


def loaded(*args):
    code, out, err = fovea(*args, "--json")
    check(f"exit code of {' '.join(args)} ({err.strip()[:200]})", code, 0)
    return json.loads(out)


def size(path):
    data = open(path, "rb").read()
    check(f"{path} is a PNG", data[:8], b"\x89PNG\r\n\x1a\n")
    return tuple(int.from_bytes(data[i:i + 4], "big") for i in (16, 20))


def image():
    """A ramp with a white pixel, 9x7, in grey and in colours."""
    grey = [[min(255, 20 * x + 10 * y) for x in range(9)] for y in range(7)]
    grey[3][4] = 255
    with open("grey.pgm", "wb") as f:
        f.write(b"P5 9 7 255\n" + bytes(v for row in grey for v in row))
    with open("photo.ppm", "wb") as f:
        f.write(b"P6 9 7 255\n" + bytes(v for row in grey for p in row for v in (p, 255 - p, 7)))


def filters():
    image()
    says(0, "edges.png", "filter", "grey.pgm", "edge2", "--out", "edges.png")
    check("size of edges.png", size("edges.png"), (9, 7))
    told = loaded("filter", "photo.ppm", "identity", "--out", "same.png")
    check("json of an image", (told["file"], told["image"]), ("same.png", [3, 7, 9]))
    says(0, "x.png", "filter", "-", "box", "--out", "x.png", stdin=open("grey.pgm", "rb").read())
    says(0, "[1, 2, 3, 2.33333]\n", "filter", "[1,2,3,4]", "box")
    says(0, "[0, 0, 0, 5]\n", "filter", "[1,2,3,4]", "-1,2,-1")
    says(0, " 2   1  -4", "filter", "1,2,3; 4,5,6; 7,8,9", "edge2")
    with open("signal.txt", "w") as f:
        f.write("1\n2\n3\n4\n")
    says(0, "[1, 2, 3, 2.33333]\n", "filter", "signal.txt", "box")
    says(0, "[1, 2, 3, 2.33333]\n", "filter", "-", "box", stdin=b"1 2 3 4\n")
    check("numbers", loaded("filter", "[1,2,3,4]", "[1,1,1]")["y"], [3, 6, 9, 7])
    check("to a file", fovea("filter", "[1,2,3,4]", "[1]", "--out", "y.txt")[:2], (0, ""))
    check("the file", open("y.txt").read(), "[1, 2, 3, 4]\n")
    says(2, "--out edges.png", "filter", "grey.pgm", "box")
    says(2, "PNG", "filter", "grey.pgm", "box", "--out", "x.jpg")
    says(3, "did you mean 'gaussian'?", "filter", "grey.pgm", "gausian", "--out", "x.png")
    says(3, "nothere.png", "filter", "nothere.png", "box", "--out", "x.png")
    says(3, "equally long", "filter", "grey.pgm", "[[1,2],[3]]", "--out", "x.png")
    says(3, "one of zero, edge, reflect", "filter", "grey.pgm", "box", "pad=mirror")
    says(3, "sigma", "filter", "[1,2]", "gaussian", "sigma=99")
    says(3, "more than", "filter", "-", "box", stdin=b"1 " * (2**24 + 1))


X = "3,2,0,1; 0,2,1,2; 2,0,0,3; 2,3,1,2"
W = "2,1,2; 0,0,3; 0,0,2"


def steps():
    says(0, "3*2 + 2*1 + 0*2 + 0*0 + 2*0 + 1*3 + 2*0 + 0*0 + 0*2 = 11", "step", "conv", X, W)
    says(0, "max(1, 1, 5, 6) = 6", "step", "maxpool", "1,1,2,4; 5,6,7,8; 3,2,1,0; 1,2,3,4", "2")
    says(0, "(1 + 1 + 5 + 6)/4 = 3.25", "step", "avgpool", "1,1; 5,6", "2")
    says(0, "min(1, 1, 5, 6) = 1", "step", "minpool", "1,1; 5,6", "2")
    says(0, "y += 4*[[1, 0], [0, 1]]", "step", "convtranspose", "1,2; 3,4", "1,0; 0,1")
    says(0, "(5 of 9 on the padding)", "step", "conv", X, W, "pad=1")
    says(0, "4*1 + 5*(-1) + 7*2 + 8*3 = 37", "step", "conv", "1,2,3; 4,5,6; 7,8,9", "1,-1; 2,3")
    says(0, "dw = [[20, 26], [38, 44]]", "step", "conv", "1,2,3; 4,5,6; 7,8,9", "1,-1; 2,3",
         "dy=2,1;-1,4")
    says(0, "C x = y = [11, 18, 6, 22]", "step", "conv", X, W, "--matrix")
    says(0, "  0 2 1 2 0 0 0 3 0 0 0 2 0 0 0 0\n", "step", "conv", X, W, "--matrix")
    told = loaded("step", "conv", X, W, "stride=1", "pad=1")
    check("y", told["y"], [[[10, 2, 7, 0], [13, 11, 18, 1], [10, 6, 22, 4], [11, 7, 12, 3]]])
    sums = [sum(t["x"] * t["w"] for t in w["terms"]) for w in told["windows"]]
    check("windows add up", sums, [v for row in told["y"][0] for v in row])
    check("padding", told["windows"][0]["terms"][0]["padding"], True)
    check("matrix", len(loaded("step", "conv", X, W, "--matrix")["matrix"][0]), 16)
    says(2, "did you mean 'conv'?", "step", "cnov", X, W)
    says(2, "these have: conv", "step", "relu", X)
    says(2, "walks an operator over numbers", "step", "lenet5", "seven.png")
    says(2, "step needs numbers", "step", "maxpool")
    says(2, "did you mean 'stride'?", "step", "conv", X, W, "strid=2")
    says(2, "needs a kernel", "step", "conv", X)
    says(3, "the kernel: rows", "step", "conv", X, "[[1,2],[3]]")
    says(3, "does not fit", "step", "conv", "1,2; 3,4", W)
    says(3, "at most 4096", "step", "conv", X, W, "pad=1000")


def explained():
    with open("open.net", "w") as f:
        f.write("net open\ninput 3x32x32\n  conv 64 5x5 stride 2 pad ? - relu - maxpool 3 stride ?"
                " - fc 2 - softmax\n")
    says(0, "0 gives 14.5, does not fit; 1 gives 15.5", "explain", "open.net")
    says(0, "0,0,1,1 gives 15, taken", "explain", "open.net")
    trials = loaded("explain", "open.net")["layers"][1]["trials"]
    check("trials", [t["value"] for t in trials if t["chosen"]], ["0,0,1,1"])
    check("convert", fovea("convert", "open.net", "shut.net")[0], 0)
    check("the number is written", "pad 0,0,1,1" in open("shut.net").read(), True)
    with open("seven.net", "w") as f:
        f.write("input 1x1x7\n  conv 1 1x3 stride 2 bias no as eye\n")
    told = loaded("explain", "seven.net", "--as-fc", "eye")
    check("21, 9, 3", [told[k]["parameters"] for k in ("fc", "local", "shared")], [21, 9, 3])
    says(0, "Fully connected it has 7 times", "explain", "seven.net", "--as-fc", "eye")
    says(3, "did you mean 'conv2'?", "explain", "lenet5", "--as-fc", "cov2")
    says(3, "slides no weights", "explain", "lenet5", "--as-fc", "fc1")


def examples():
    """Every example of the help runs."""
    image()
    os.replace("photo.ppm", "photo.jpg")  # told by content
    for verb in ("filter", "step"):
        text = fovea(verb, "--help")[1].split("\nExamples\n")[1]
        lines = [line.strip() for line in text.splitlines()]
        check(f"examples of {verb}", len(lines) >= 3, True)
        for line in lines:
            words = shlex.split(line)
            check(line, words[0] == "fovea" and fovea(*words[1:])[0], 0)
    check("no line is left empty", re.search("[ \t]\n", fovea("step", "conv", X, W)[1]), None)


def matches(found, wanted):
    """Lines against lines, where "..." stands for any number of them."""
    if not wanted:
        return not found
    if wanted[0] == "...":
        return any(matches(found[i:], wanted[1:]) for i in range(len(found) + 1))
    return bool(found) and found[0] == wanted[0] and matches(found[1:], wanted[1:])


def page():
    """docs/lectures.md: its networks are written, its commands print what stands there."""
    blocks = re.findall(r"^```(\w*)\n(.*?)^```", (SOURCE / "docs/lectures.md").read_text(), re.M | re.S)
    for kind, text in blocks:
        if kind == "net":
            (pathlib.Path(text.split()[1] + ".net")).write_text(text)
        for part in text.split("$ fovea ")[1:] if kind == "console" else []:
            line, _, wanted = part.partition("\n")
            code, out, err = fovea(*shlex.split(line))
            check(f"docs/lectures.md: {line}: exit code ({err})", code, 0)
            if not matches(out.splitlines(), wanted.splitlines()):
                check(f"docs/lectures.md: {line}", out, wanted)
    check("blocks of docs/lectures.md", len(blocks) >= 8, True)


filters()
steps()
explained()
examples()
page()
print(f"{checks} checks, {failures} failed")
sys.exit(1 if failures else 0)
