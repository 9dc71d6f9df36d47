#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Disks that fail (EIO) or are full (ENOSPC) at a certain call, and kill -9 while a checkpoint is
being written. The last good checkpoint stays, the message says how to go on, and the run ends in the
bytes of one that met nothing.

A library that is loaded before the system's (LD_PRELOAD), compiled here, makes calls for files of a
name fail, or slow. FOVEA_LONG=1 kills fifty times, otherwise eight. $FOVEA is the command."""
import errno
import os
import random
import shutil
import subprocess
import sys
import time

import bad_files as b

KILLS = 50 if os.environ.get("FOVEA_LONG") else 8
# a call for a file whose path holds FAIL_NAME: number FAIL_AT (from 1) fails with FAIL_WITH; each one
# takes FAIL_SLOW microseconds more
SHIM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static atomic_int calls;

static int fails(const char *path) {
    const char *name = getenv("FAIL_NAME"), *at = getenv("FAIL_AT"), *slow = getenv("FAIL_SLOW");
    if (!name || !strstr(path, name)) return 0;
    if (slow) usleep((useconds_t)atoi(slow));
    if (!at || atomic_fetch_add(&calls, 1) + 1 != atoi(at)) return 0;
    errno = atoi(getenv("FAIL_WITH"));
    return 1;
}

static int fails_fd(int fd) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    const ssize_t n = readlink(link, path, sizeof path - 1);
    if (n < 0) return 0;
    path[n] = 0;
    return fails(path);
}

ssize_t write(int fd, const void *data, size_t size) {
    ssize_t (*real)(int, const void *, size_t) = dlsym(RTLD_NEXT, "write");
    return fd > 2 && fails_fd(fd) ? -1 : real(fd, data, size);
}
int fsync(int fd) {
    int (*real)(int) = dlsym(RTLD_NEXT, "fsync");
    return fails_fd(fd) ? -1 : real(fd);
}
int rename(const char *from, const char *to) {
    int (*real)(const char *, const char *) = dlsym(RTLD_NEXT, "rename");
    return fails(to) ? -1 : real(from, to);
}
"""
TRAIN = ["train", "lenet5", "digits:200", "epochs=3", "batch=20"]
FAILED = []
CASES = []


def skip(why):
    print("SKIP:", why)
    sys.exit(77)


def make_shim():
    if b.SANITIZED:
        skip("a sanitizer's library comes before every other")
    b.write("shim.c", SHIM)
    compiler = shutil.which(os.environ.get("CC", "cc"))
    if not compiler:
        skip("there is no compiler")
    done = subprocess.run([compiler, "-shared", "-fPIC", "-o", "shim.so", "shim.c", "-ldl"],
                          stderr=subprocess.PIPE)
    if done.returncode:
        skip("no library to load before others: " + done.stderr.decode())


def environment(**more):
    return dict(os.environ, LD_PRELOAD=os.path.abspath("shim.so"), **more)


def run(words, **more):
    return subprocess.run([b.FOVEA, *words, "--quiet"], capture_output=True, text=True,
                          env=environment(**more) if more else None)


def expect(name, condition, words):
    CASES.append(name)
    if not condition:
        FAILED.append("%s: %s" % (name, words))


def temporaries(folder):
    return [n for n in os.listdir(folder) if n.endswith(".tmp")]


def fails_at(call, code, reference):
    """A run whose call number `call` for its checkpoint fails. None: there was no such call; otherwise
    whether a checkpoint from before is there."""
    name = "%s at call %d" % (errno.errorcode[code], call)
    shutil.rmtree("run", ignore_errors=True)
    done = run([*TRAIN, "--out", "run"], FAIL_NAME="run/checkpoint.safetensors",
               FAIL_AT=str(call), FAIL_WITH=str(code))
    if done.returncode == 0:
        return None
    wanted = 5 if code == errno.ENOSPC else 1
    expect(name, done.returncode == wanted, "gave %d" % done.returncode)
    for word in ("run/checkpoint.safetensors", "fovea resume run"):
        expect(name, word in done.stderr, "'%s' is not in: %s" % (word, done.stderr))
    expect(name, not temporaries("run"), "left behind: %s" % temporaries("run"))
    kept = os.path.exists("run/checkpoint.safetensors")
    if kept:
        looked = run(["explain", "run/checkpoint.safetensors"])
        expect(name, looked.returncode == 0, looked.stderr)
    done = run(["resume", "run"])
    expect(name, done.returncode == 0, "resume: " + done.stderr)
    expect(name, b.read("run/model.safetensors") == reference, "other bytes in the end")
    return kept


def failing(reference):
    """A checkpoint takes some twenty calls: a write of each tensor, an fsync, a rename. Once the first
    one is there, one is there whatever fails."""
    for code in (errno.EIO, errno.ENOSPC):
        kept = [fails_at(call, code, reference) for call in (*range(1, 20, 6), *range(20, 28), 33,
                                                             *range(43, 48), 60)]
        kept = [k for k in kept if k is not None]
        expect("calls", len(kept) >= 10, "only %d calls failed" % len(kept))
        expect("kept", kept == sorted(kept), "a checkpoint that was there is gone: %s" % kept)
        expect("kept", True in kept and False in kept, "too few or too many calls: %s" % kept)
        print("%s: %d runs failed at a call of their own, %d of them behind a good checkpoint" %
              (errno.errorcode[code], len(kept), sum(kept)))


def killed(reference):
    """Kills at random moments, most of them while a checkpoint or a model is being written."""
    slow = {"FAIL_NAME": "killed/", "FAIL_SLOW": "20000"}
    chance = random.Random(11)
    command, kills, inside, ends = [*TRAIN, "--out", "killed"], 0, 0, 0
    shutil.rmtree("killed", ignore_errors=True)
    while kills < KILLS:
        process = subprocess.Popen([b.FOVEA, *command, "--quiet"], env=environment(**slow),
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while not os.path.isdir("killed") and process.poll() is None:
            time.sleep(0.001)
        time.sleep(chance.uniform(0, 0.4))
        if process.poll() is None:
            process.kill()
            process.wait()
            kills += 1
            inside += bool(temporaries("killed"))
            command = ["resume", "killed"]
            continue
        expect("killed", process.returncode == 0, "gave %d" % process.returncode)
        expect("killed", b.read("killed/model.safetensors") == reference, "other bytes")
        shutil.rmtree("killed")
        command = [*TRAIN, "--out", "killed"]
        ends += 1
    done = run(command)
    expect("killed", done.returncode == 0, done.stderr)
    expect("killed", b.read("killed/model.safetensors") == reference, "other bytes in the end")
    expect("killed", not temporaries("killed"), "left behind: %s" % temporaries("killed"))
    expect("killed", inside * 4 >= KILLS, "only %d of %d kills met a file half written" %
           (inside, KILLS))
    print("%d kills, %d of them within a write; %d runs came to their end between: the same bytes" %
          (kills, inside, ends))


b.fresh("failing_disk")
make_shim()
first = run([*TRAIN, "--out", "alone"])
expect("alone", first.returncode == 0, first.stderr)
model = b.read("alone/model.safetensors")
failing(model)
killed(model)
b.end("failing disks", len(CASES), FAILED)
