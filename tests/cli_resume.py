#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A run killed with kill -9 at random moments and resumed each time ends in the same bytes as one
left alone, with other thread counts; the first kills come before any checkpoint.

Six kills, with FOVEA_LONG=1 fifty, or FOVEA_KILLS of them. $FOVEA is the command."""
import json
import os
import random
import shlex
import shutil
import signal
import subprocess
import sys
import time

FOVEA = os.environ["FOVEA"]
KILLS = int(os.environ.get("FOVEA_KILLS", "50" if os.environ.get("FOVEA_LONG") else "6"))
DATA = "digits:%d" % (150 * KILLS)
LATE_MOST = 8  # how often a signal may come too late because the machine had others to serve
SETTINGS = ["epochs=8", "seed=3", "batch=16"]


def run(*words, **more):
    return subprocess.run([FOVEA, *words, "--quiet"], stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, **more)


def read(path):
    with open(path, "rb") as f:
        return f.read()


def expect(condition, words):
    if not condition:
        print("FAILED:", words)
        sys.exit(1)


def expect_same(kills):
    for name in ("model.safetensors", "best.safetensors", "steps.csv"):
        expect(read("alone/" + name) == read("killed/" + name),
               "%s differs after %d kills" % (name, kills))


def main():
    for folder in ("alone", "two", "killed"):
        shutil.rmtree(folder, ignore_errors=True)
    start = time.monotonic()
    done = run("train", "lenet5", DATA, *SETTINGS, "--out", "alone", "--threads", "1")
    whole = time.monotonic() - start
    expect(done.returncode == 0, done.stderr)
    done = run("train", "lenet5", DATA, *SETTINGS, "--out", "two", "--threads", "2")
    expect(done.returncode == 0, done.stderr)
    expect(read("alone/model.safetensors") == read("two/model.safetensors"),
           "one and two threads end in different bytes")

    chance = random.Random(7)
    command = train = ["train", "lenet5", DATA, *SETTINGS, "--out", "killed"]
    kills = before_checkpoint = late = 0
    while kills < KILLS:
        threads = str(chance.randint(1, 3))
        process = subprocess.Popen([FOVEA, *command, "--quiet", "--threads", threads],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        # the first ones come before the first checkpoint
        early = kills < KILLS // 3
        moment = chance.uniform(0, 0.04 if early else 3 / KILLS) * whole
        while not os.path.isdir("killed") and process.poll() is None:
            time.sleep(0.0005)
        time.sleep(moment)
        if process.poll() is not None:
            # it came to its end between two kills: as good a run as any; the next one starts anew
            expect(process.returncode == 0, process.stderr.read())
            expect_same(kills)
            whole *= 0.75  # measured while others ran; the moments are to lie within the run
            shutil.rmtree("killed")
            command = train
            continue
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stderr.close()
        if early and os.path.exists("killed/checkpoint.safetensors") and late < LATE_MOST:
            # too late on a machine that has others to serve: anew, and sooner
            late += 1
            whole /= 2
            kills = before_checkpoint = 0
            shutil.rmtree("killed")
            command = train
            continue
        kills += 1
        before_checkpoint += not os.path.exists("killed/checkpoint.safetensors")
        expect(os.path.isfile("killed/run.json"), "the folder appeared without run.json")
        command = ["resume", "killed"]
    done = run("resume", "killed", "--threads", "2")
    expect(done.returncode == 0, done.stderr)
    expect(before_checkpoint > 0, "no kill came before the first checkpoint")
    expect_same(kills)
    print("%d kills, %d of them before the first checkpoint: the same bytes" %
          (kills, before_checkpoint))
    stopped = False
    for _ in range(LATE_MOST):
        stopped = stopped or interrupt()
    expect(stopped, "Ctrl-C never came before the end")
    record()


def record():
    """The command in the run's record is what a shell needs to do the same again."""
    folder = "it's a run"
    shutil.rmtree(folder, ignore_errors=True)
    words = ["train", "lenet5", "digits:60", "epochs=1", "--out", folder]
    expect(run(*words).returncode == 0, "train into a folder with spaces")
    command = json.loads(read(folder + "/run.json"))["command"]
    expect(shlex.split(command) == ["fovea", *words, "--quiet"], command)


def interrupt():
    """Ctrl-C: exit 130, the resume command on stderr, a checkpoint, the same bytes in the end.
    False: the run came to its end first."""
    shutil.rmtree("stopped", ignore_errors=True)
    process = subprocess.Popen([FOVEA, "train", "lenet5", DATA, *SETTINGS, "--out", "stopped"],
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    # once it has one checkpoint it surely listens; that one goes, to see it write another
    while not os.path.exists("stopped/checkpoint.safetensors") and process.poll() is None:
        time.sleep(0.001)
    if process.poll() is None:
        os.remove("stopped/checkpoint.safetensors")
    process.send_signal(signal.SIGINT)
    words = process.communicate()[1].decode()
    if process.returncode == 0 and os.path.isfile("stopped/model.safetensors"):
        return False
    expect(process.returncode == 130, "Ctrl-C gave %d: %s" % (process.returncode, words))
    expect("fovea resume stopped" in words, words)
    expect(os.path.isfile("stopped/checkpoint.safetensors"), "no checkpoint after Ctrl-C")
    with open("stopped/steps.csv", "ab") as rows:  # as a crash may leave it
        rows.write(b"99999,9,0.1,2.5\n99999,9,0.")
    expect(run("resume", "stopped").returncode == 0, "resume after Ctrl-C")
    for name in ("model.safetensors", "steps.csv"):
        expect(read("alone/" + name) == read("stopped/" + name), name + " differs after Ctrl-C")
    print("Ctrl-C: exit 130, resumed to the same bytes")
    return True


main()
