#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The command's side of a run's control: --dry-run against the run itself (memory, disk), limit,
stop, lr=auto, time= and memory= as they are told, and `eval` of several models. $FOVEA is the
command."""
import json
import os
import re
import shutil
import subprocess
import sys

FOVEA = os.environ["FOVEA"]
SANITIZED = bool(os.environ.get("FOVEA_SANITIZE"))  # whose memory is another


def run(*words, code=0):
    done = subprocess.run([FOVEA, *words], capture_output=True, text=True)
    if done.returncode != code:
        fail("%s gave %d: %s" % (" ".join(words), done.returncode, done.stderr))
    return done


def fail(words):
    print("FAILED:", words)
    sys.exit(1)


def expect(condition, words):
    if not condition:
        fail(words)


def peak(words):
    """The largest resident memory of a run, by the system's own count, in bytes."""
    process = subprocess.Popen([FOVEA, *words], stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    expect(process.returncode == 0, "%s gave %d" % (" ".join(words), process.returncode))
    return usage.ru_maxrss * 1024


def size(folder):
    return sum(os.path.getsize(os.path.join(folder, name)) for name in os.listdir(folder))


def forecasts():
    for net, data, settings in (("lenet5", "digits:6000", ["epochs=1"]),
                                ("perceptron", "digits:6000", ["epochs=1", "optimizer=adam"]),
                                ("resnet20", "digits:300", ["epochs=1", "batch=50"]),
                                ("cifar-convnetjs", "digits:300", ["epochs=1", "batch=100"])):
        before = sorted(os.listdir("."))
        told = json.loads(run("train", net, data, *settings, "--dry-run", "--json").stdout)
        expect(sorted(os.listdir(".")) == before, "a dry run left something behind")
        shutil.rmtree("real", ignore_errors=True)
        taken = peak(["train", net, data, *settings, "--out", "real", "--quiet"])
        ratio = told["process_bytes"] / taken if told["process_bytes"] else 1
        print("%s: memory %.1f MB told, %.1f taken (%.2f); disk %.2f MB told, %.2f taken" %
              (net, told["process_bytes"] / 1e6, taken / 1e6, ratio, told["disk_bytes"] / 1e6,
               size("real") / 1e6))
        expect(SANITIZED or 0.85 < ratio < 1.15, "memory of %s: %g" % (net, ratio))
        expect(told["steps"] == told["steps_per_epoch"], "steps of one epoch")
        expect(told["seconds"] > 0 and told["steps_measured"] >= 2, "time of %s" % net)
    words = run("train", "lenet5", "digits:600", "--dry-run").stdout
    for part in ("memory", "planned", "weights", "optimiser", "time", "10 epochs", "disk"):
        expect(part in words, "'%s' is not in: %s" % (part, words))


def ends():
    told = json.loads(run("train", "lenet5", "digits:600", "limit=12", "--out", "cut",
                          "--json").stdout)
    expect(told["ended"] == "limit" and told["steps"] == 12 and told["epochs"] == 2, told)
    done = run("resume", "cut", "limit=15")
    expect("15 steps (1.5 of 10 epochs)" in done.stdout, done.stdout)
    expect("a larger one goes on" in done.stdout, done.stdout)
    done = run("resume", "cut", "limit=3", code=2)
    expect("behind already" in done.stderr, done.stderr)
    done = run("train", "perceptron", "digits:600", "lr=0", "stop=2", "epochs=9", "--out", "early")
    expect("2 epochs in a row brought no better test" in done.stdout, done.stdout)
    expect("best.safetensors is the model of epoch 1" in done.stdout, done.stdout)


def found():
    done = run("train", "perceptron", "digits:600", "lr=auto", "epochs=1", "--out", "auto")
    expect("lr.png" in done.stdout and os.path.exists("auto/lr.csv"), done.stdout)
    rate = re.search(r"that is lr=(\S+) ", done.stderr)
    expect(rate, done.stderr)
    with open("auto/run.json") as f:
        settings = json.load(f)["settings"]
    expect(" lr=%s " % rate.group(1) in settings, settings)
    done = run("train", "lenet5", "digits:600", "memory=4M", "epochs=1", "--out", "small")
    expect("shards=" in done.stderr, done.stderr)
    done = run("train", "lenet5", "digits:600", "time=2s", "--out", "timed")
    expect("the same again without time=: epochs=" in done.stderr, done.stderr)
    done = run("train", "lenet5", "digits:600", "tine=2s", code=2)
    expect("did you mean 'time'" in done.stderr, done.stderr)


def ensembles():
    for seed in "12":
        run("train", "perceptron", "digits:600", "epochs=1", "seed=" + seed, "--out", "p" + seed,
            "--quiet")
    told = json.loads(run("eval", "p1", "p2", "auto", "digits:600", "--json").stdout)
    expect(len(told["models"]) == 3 and told["images"] == 100, told)
    for i, name in enumerate(("p1", "p2", "auto")):
        alone = json.loads(run("eval", name, "digits:600", "--json").stdout)
        expect(told["models"][i]["model"] == name, told)
        expect(alone["loss"] == told["models"][i]["loss"], told)
    done = run("eval", "p1", "p2", "digits:600")
    expect("together" in done.stdout and "p2" in done.stdout, done.stdout)
    run("train", "perceptron", "digits:600", "epochs=1", "classes=12", "--out", "twelve", "--quiet",
        code=3)
    run("eval", "p1", "nothing", "digits:600", code=3)
    run("eval", "p1", "p2", "digits:600", "weights=x.pth", code=2)


def held():
    """A part held out of training: said, kept by resume, and left alone by eval."""
    words = ("train", "perceptron", "digits:600", "held=0.25", "epochs=2")
    done = run(*words, "--out", "whole")
    expect("450 images to learn from, 150 to test on" in done.stderr, done.stderr)
    said = " ".join(done.stderr.split())
    expect("150 of its 600 training images" in said and "its test part is not read" in said, said)
    run(*words, "limit=9", "--out", "halved", "--quiet")
    run("resume", "halved", "limit=0", "--quiet")
    expect(open("whole/model.safetensors", "rb").read() ==
           open("halved/model.safetensors", "rb").read(), "a held part is another after resume")
    told = json.loads(run("eval", "whole", "digits:600", "--json").stdout)
    expect(told["images"] == 100 and told["part"] == "test", told)


for folder in ("cut", "early", "auto", "small", "timed", "p1", "p2", "twelve", "runs", "real", "whole",
               "halved"):
    shutil.rmtree(folder, ignore_errors=True)
forecasts()
ends()
found()
ensembles()
held()
