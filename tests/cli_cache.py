#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""cache= of `fovea train`: the model has the same bytes with and without, when the cache is new,
full, cut short, or of a picture that was changed since; after kill -9; and where there is no room
for it. $FOVEA is the command.

The disk without room is mounted where nobody else sees it (unshare); where that may not be done,
that part says so and is left out."""
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import bad_files as b

SETTINGS = ("epochs=2", "batch=5", "area=0.5", "flip=yes", "seed=3")
NET = "net n(classes = 2)\ninput 3x16x16 scale 1/255\n  conv 2 3x3 - relu - fc classes - softmax\n"
FAILED = []
CASES = []


def noise(seed, width=40, height=30):
    """A coloured picture of its own for each seed."""
    rows, state = b"", seed * 2654435761 % 2**32 or 1
    for _ in range(height):
        line = bytearray()
        for _ in range(3 * width):
            state = (state * 1664525 + 1013904223) % 2**32
            line.append(state >> 24)
        rows += b"\0" + bytes(line)
    return b.png(width, height, rows, 8, 2)


def pictures(folder):
    seed = 1
    for part, count in (("train", 13), ("test", 3)):
        for name in ("cats", "dogs"):
            os.makedirs("%s/%s/%s" % (folder, part, name))
            for i in range(count):
                b.write("%s/%s/%s/%d.png" % (folder, part, name, i), noise(seed))
                seed += 1


def expect(name, condition, words):
    CASES.append(name)
    if not condition:
        FAILED.append("%s: %s" % (name, words))


def train(name, *more, code=0):
    shutil.rmtree(name, ignore_errors=True)
    done = b.run("train", "n.net", "data", *SETTINGS, "--out", name, *more)
    expect(name, done.code == code, "it gave %d: %s" % (done.code, b.message(done)))
    return done


def model(name):
    return b.read(name + "/model.safetensors")


def files(folder):
    return sorted(os.path.join(where, n) for where, _, names in os.walk(folder) for n in names)


def same(name, reference, *more):
    done = train(name, *more)
    expect(name, model(name) == reference, "the model has other bytes")
    return done


def plain(reference):
    same("new", reference, "cache=kept")
    kept = files("kept")
    expect("new", len(kept) == 32, "%d pictures in the cache" % len(kept))
    before = {f: b.read(f) for f in kept}
    same("again", reference, "cache=kept")
    expect("again", {f: b.read(f) for f in files("kept")} == before, "the cache was written again")
    same("threads", reference, "cache=kept", "--threads", "1")
    for f, keep in zip(kept, (0, 10, 71, 100, 1000)):
        b.write(f, before[f][:keep])
    b.write(kept[6], before[kept[7]])
    same("cut short", reference, "cache=kept")
    expect("cut short", {f: b.read(f) for f in files("kept")} == before, "it was not mended")
    with open("new/run.json") as f:
        told = json.load(f)
    expect("new", told["cache"] == os.path.abspath("kept"), told.get("cache"))
    expect("new", "cache" not in told["settings"], "it is among the settings")


def used(reference):
    """Spoiled behind its back, a picture is still what it was."""
    path = "data/train/cats/1.png"
    entry, good = os.stat(path), b.read(path)
    b.write(path, bytes(len(good)))
    os.utime(path, ns=(entry.st_atime_ns, entry.st_mtime_ns))
    same("spoiled", reference, "cache=kept")
    b.write(path, noise(99))
    other = train("changed, without")
    train("changed", "cache=kept")
    expect("changed", model("changed") == model("changed, without") != reference,
           "a picture that was changed is taken from the cache")
    b.write(path, good)
    same("back", reference, "cache=kept")
    return other


def killed(reference):
    shutil.rmtree("kill-kept", ignore_errors=True)
    for delay in (0.02, 0.05, 0.1, 0.2):
        shutil.rmtree("killed", ignore_errors=True)
        process = subprocess.Popen([b.FOVEA, "train", "n.net", "data", *SETTINGS, "--out", "killed",
                                    "cache=kill-kept", "--quiet"], stdout=subprocess.DEVNULL)
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        process.wait()
        if os.path.exists("killed/run.json"):
            done = b.run("resume", "killed", "--quiet")
            expect("killed", done.code == 0, b.message(done))
            expect("killed", model("killed") == reference, "other bytes after kill -9 (%g)" % delay)
    # what a killed writer leaves is taken over
    shutil.rmtree("kept", ignore_errors=True)
    train("new", "cache=kept")
    some = files("kept")[3]
    os.rename(some, some + ".tmp")
    same("a temporary", reference, "cache=kept")
    expect("a temporary", len(files("kept")) == 32 and not
           [f for f in files("kept") if f.endswith(".tmp")], files("kept"))


def without(reference):
    b.write("file", "no folder")
    done = same("no folder", reference, "cache=file")
    expect("no folder", done.err.decode().count("goes on without") == 1, b.message(done))
    done = b.run("train", "lenet5", "digits:600", "epochs=1", "cache=kept", "--out", "memory")
    expect("in memory", done.code == 0 and "does nothing" in done.err.decode(), b.message(done))
    shutil.rmtree("dry", ignore_errors=True)
    done = b.run("train", "n.net", "data", *SETTINGS, "cache=dry", "--dry-run", "--json")
    told = json.loads(done.out)["cache_bytes"]
    real = sum(os.path.getsize(f) for f in files("kept"))
    expect("dry run", 0.8 < told / real < 1.25, "%d bytes told, %d taken" % (told, real))
    expect("dry run", not os.path.exists("dry"), "it left a cache behind")
    done = b.run("train", "n.net", "data", *SETTINGS, "cache=dry", "--dry-run")
    expect("dry run", "cache" in done.out.decode(), done.out)
    done = b.run("train", "n.net", "data", *SETTINGS, "cache=", "--out", "nothing")
    expect("no value", done.code in (0, 2, 3), b.message(done))


def full(reference):
    """A disk with room for some of the pictures, and for none."""
    os.makedirs("small", exist_ok=True)
    for size in (4 << 10, 40 << 10):
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=%d" % size, "tmpfs", "small"],
                       check=True)
        done = same("full disk", reference, "cache=small/kept")
        expect("full disk", done.err.decode().count("goes on without") == 1, b.message(done))
        expect("full disk", "full" in done.err.decode(), b.message(done))
        expect("full disk", not [f for f in files("small") if f.endswith(".tmp")], files("small"))
        same("full disk again", reference, "cache=small/kept")
        subprocess.run(["umount", "small"], check=True)


def main():
    if sys.argv[1:] == ["inside"]:
        os.chdir("cache")
        full(model("plain"))
        b.end("a full disk", len(CASES), FAILED)
    b.fresh("cache")
    b.write("n.net", NET)
    pictures("data")
    train("plain")
    reference = model("plain")
    plain(reference)
    used(reference)
    killed(reference)
    without(reference)
    os.chdir("..")
    own = ["unshare", "--mount"] + ([] if os.geteuid() == 0 else ["--user", "--map-root-user"])
    try:
        if subprocess.run([*own, "true"], stderr=subprocess.DEVNULL).returncode == 0:
            done = subprocess.run([*own, sys.executable, os.path.abspath(__file__), "inside"])
            expect("inside", done.returncode == 0, "on a full disk")
        else:
            print("no small disk can be mounted here; that part is left out")
    except OSError:
        print("no unshare here; a full disk is left out")
    b.end("cache=", len(CASES), FAILED)


main()
