#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Disks that are full or may only be read. Wherever a training run meets the end of the disk, it
says so (exit 5), leaves no half-written file, and once there is room goes on to the same bytes.

Small disks are mounted where nobody else sees them (unshare); where that may not be done, the test
says so and ends. $FOVEA is the command."""
import os
import shutil
import subprocess
import sys

import bad_files as b

TRAIN = ("train", "lenet5", "digits:200", "epochs=3", "batch=20", "--quiet", "--out")
FAILED = []
CASES = []
ROWS = []


def outside():
    """Starts this script again with mounts of its own; 77 comes back where there can be none."""
    own = ["unshare", "--mount"]
    if os.geteuid() != 0:
        own += ["--user", "--map-root-user"]
    try:
        code = 77
        if subprocess.run([*own, "true"], stderr=subprocess.DEVNULL).returncode == 0:
            done = subprocess.run([*own, sys.executable, os.path.abspath(__file__), "inside"])
            code = done.returncode
    except OSError:
        pass
    if code not in (0, 1):
        print("SKIP: no small disk can be mounted here (it takes root, or user namespaces)")
        code = 77
    sys.exit(code)


def mount(size, options="remount,"):
    """The disk `small` with so many bytes."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", "%ssize=%d" % (options, size), "tmpfs", "small"],
                   check=True)


def unmount():
    subprocess.run(["umount", "small"], check=True)


def expect(name, condition, words):
    if not condition:
        FAILED.append("%s: %s" % (name, words))


def check(name, result, codes, words=()):
    CASES.append(name)
    for fault in b.faults(result, codes):
        expect(name, False, fault)
    for word in words:
        expect(name, word in result.err.decode(), "'%s' is not in: %s" % (word, b.message(result)))
    ROWS.append("%s | %s | %s" % (name, result.code, b.message(result)))


def files(folder):
    found = []
    for where, _, names in os.walk(folder):
        found += [os.path.join(where, n) for n in names]
    return sorted(found)


def expect_whole(name, folder):
    """No temporary files, and every model there can be read."""
    for path in files(folder):
        expect(name, ".tmp" not in path and ".new-" not in path, path + " was left behind")
        if path.endswith(".safetensors") and "checkpoint" not in path:
            done = b.run("explain", path)
            expect(name, done.code == 0, "%s cannot be read: %s" % (path, b.message(done)))
    for where, names, _ in os.walk(folder):
        expect(name, not any(".new-" in n for n in names), where + " holds a half-made folder")


def full_at(size, reference):
    """A run on a disk of `size` bytes; then there is room. Says whether the disk was too small."""
    name = "disk of %d KB" % (size >> 10)
    mount(size, "")
    result = b.run(*TRAIN, "small/run")
    check(name, result, {0, 5}, ["the disk is full"] if result.code else [])
    full = result.code == 5
    expect_whole(name, "small")
    mount(64 << 20)
    if os.path.exists("small/run/run.json"):
        if full:
            expect(name, "fovea resume small/run" in result.err.decode(),
                   "how to go on is not said: " + b.message(result))
        result = b.run("resume", "small/run", "--quiet")
    else:
        result = b.run(*TRAIN, "small/run")
    check(name + ", then room", result, {0})
    expect(name, b.read("small/run/model.safetensors") == reference, "other bytes in the end")
    unmount()
    return full


def old_file_stays():
    """A model is not lost when there is no room for the new one."""
    mount(512 << 10, "")
    shutil.copy("alone/model.safetensors", "small/m.safetensors")
    before = b.read("small/m.safetensors")
    b.write("small/filler", bytes(200 << 10))
    result = b.run("convert", "lenet5", "small/m.safetensors", "seed=5")
    check("new model over an old one on a full disk", result, {5}, ["small/m.safetensors", "full"])
    expect("old model", b.read("small/m.safetensors") == before, "it was touched")
    expect_whole("old model", "small")
    unmount()


def no_room_at_all():
    mount(8 << 10, "")
    for name in ("a", "b", "c"):
        try:
            b.write("small/" + name, bytes(4 << 10))
        except OSError:
            pass
    left = set(os.listdir("small"))
    result = b.run(*TRAIN, "small/run")
    check("run on a disk without room", result, {5}, ["small/run", "full"])
    expect("run on a disk without room", set(os.listdir("small")) == left,
           "left behind: %s" % (set(os.listdir("small")) - left))
    for command in (("show", "alone/model.safetensors", "--out", "small"),
                    ("data", "digits:60", "--sheet", "small/x.png"),
                    ("convert", "lenet5", "small/x.net")):
        result = b.run(*command)
        check("%s on a full disk" % command[0], result, {5}, ["small/", "full"])
        expect(command[0], set(os.listdir("small")) == left, "something was left behind")
    unmount()


def read_only():
    mount(256 << 20, "")  # of a build without zlib the images are large
    shutil.copytree("alone", "small/run")
    subprocess.run(["mount", "-o", "remount,bind,ro", "small"], check=True)
    words = ["small/", "can only be read"]
    check("run on a disk that can only be read", b.run(*TRAIN, "small/new"), {1}, words)
    check("resume on a disk that can only be read", b.run("resume", "small/run", "--quiet"), {1},
          words)
    check("convert on a disk that can only be read", b.run("convert", "lenet5", "small/x.net"),
          {1}, words)
    check("show on a disk that can only be read",
          b.run("show", "small/run", "--out", "small/pictures"), {1}, words)
    check("eval on a disk that can only be read", b.run("eval", "small/run", "digits:60"), {0})
    unmount()


def inside():
    b.fresh("disk_full")
    os.mkdir("small")
    try:
        mount(1 << 20, "")
        unmount()
    except (OSError, subprocess.CalledProcessError):
        sys.exit(77)
    done = b.run(*TRAIN, "alone")
    check("run with room", done, {0})
    reference = b.read("alone/model.safetensors")
    whole = sum(os.path.getsize(p) for p in files("alone"))
    steps = 8 if b.SANITIZED else 16
    full = sum(full_at((whole * i // steps + 8191) & ~4095, reference) for i in range(steps + 4))
    expect("disks", full > steps // 2, "only %d disks were too small" % full)
    old_file_stays()
    no_room_at_all()
    read_only()
    print("\n".join(ROWS))
    b.end("full disks", len(CASES), FAILED)


inside() if sys.argv[1:] == ["inside"] else outside()
