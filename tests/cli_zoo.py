#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Networks of the zoo at work: what is small enough learns, and the fully convolutional ones run.

The command is $FOVEA. What their numbers are is checked in cli_explain.py.
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

FOVEA = os.environ["FOVEA"]
failures = 0
checks = 0


def check(what, found, expected):
    global failures, checks
    checks += 1
    if found != expected:
        failures += 1
        print(f"FAIL {what}: {found!r}, expected {expected!r}")


def fovea(*args):
    done = subprocess.run([FOVEA, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        print(f"fovea {' '.join(args)}: {done.stderr.strip()}")
    return done.returncode, done.stdout


def write_ppm(name, high, wide):
    pixels = bytes((7 * i) % 256 for i in range(3 * high * wide))
    pathlib.Path(name).write_bytes(b"P6 %d %d 255\n" % (wide, high) + pixels)
    return name


def the_old_ones_learn():
    """Those of 1989 and 1998, by their recipes: far better than the tenth that guessing has."""
    for name, given, least in (("lenet5-1998", "epochs=4", 0.8), ("lenet1989", "epochs=3", 0.8),
                               ("two-layer", "epochs=2", 0.75), ("adaline", "epochs=1", 0.5)):
        check(f"check {name}", fovea("check", name, "--quiet")[0], 0)
        shutil.rmtree(f"run-{name}", ignore_errors=True)
        code, out = fovea("train", name, "digits:1500", given, "--json", "--out", f"run-{name}")
        check(f"train {name}", code, 0)
        right = json.loads(out)["test_accuracy"] if code == 0 else 0
        if right < least:
            check(f"{name} learns", right, f"at least {least}")


def pixel_by_pixel():
    """With few filters, as the real ones are large: made, checked, run on a picture."""
    picture = write_ppm("picture.ppm", 37, 53)
    for name in ("fcn32s", "fcn16s", "fcn8s"):
        text = re.sub(r"\bconv (\d+) ", lambda m: f"conv {max(int(m[1]) // 128, 3)} ",
                      fovea("zoo", name)[1])
        pathlib.Path(f"{name}.net").write_text(text)
        check(f"convert {name}", fovea("convert", f"{name}.net", f"{name}.safetensors",
                                       "high=37", "wide=53")[0], 0)
        code, out = fovea("predict", f"{name}.safetensors", picture, "--json")
        told = json.loads(out) if code == 0 else {"pixels": 0, "classes": [{}]}
        check(f"predict {name}: pixels", told["pixels"], 37 * 53)
        # scores start at zero: nowhere is a class larger than the first
        check(f"predict {name}: the first class", told["classes"][0].get("share"), 1)
        check(f"predict {name} in words",
              f"of {37 * 53:,} pixels\n" in fovea("predict", f"{name}.safetensors", picture)[1], True)
    # the last of them has all that the others have
    check("check fcn8s", fovea("check", "fcn8s.net", "high=9", "wide=7", "classes=3", "batch=1",
                               "points=2", "tolerance=1e-6", "--quiet")[0], 0)


the_old_ones_learn()
pixel_by_pixel()
print(f"{checks} checks, {failures} failed")
sys.exit(1 if failures else 0)
