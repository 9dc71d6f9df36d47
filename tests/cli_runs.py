#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`fovea runs`: what it tells of runs against the files they left, which settings differ, and runs
that are at work, stopped, killed or damaged. $FOVEA is the command."""
import csv
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time

FOVEA = os.environ["FOVEA"]


def fail(words):
    print("FAILED:", words)
    sys.exit(1)


def expect(condition, words):
    if not condition:
        fail(words)


def run(*words, code=0):
    done = subprocess.run([FOVEA, *words], capture_output=True, text=True)
    if done.returncode != code:
        fail("%s gave %d: %s" % (" ".join(words), done.returncode, done.stderr))
    return done


def runs(*words):
    return json.loads(run("runs", *words, "--json").stdout)


def one(folder):
    return runs(folder)["runs"][0]


def train(folder, *words):
    run("train", "lenet5", "digits:600", *words, "--quiet", "--out", folder)


def log_of(folder):
    with open(os.path.join(folder, "log.csv"), newline="") as f:
        return list(csv.DictReader(f))


def damage(folder, file, keep):
    path = os.path.join(folder, file)
    with open(path, "rb") as f:
        data = f.read()
    with open(path, "wb") as f:
        f.write(data[:keep])


def numbers():
    train("all/a", "epochs=3", "lr=0.02")
    train("all/b", "epochs=3", "lr=0.05")
    told = runs("all")
    expect([r["run"] for r in told["runs"]] == sorted(
        ["all/a", "all/b"], key=lambda f: -max(float(e["test_accuracy"]) for e in log_of(f))), told)
    expect(told["differ"] == [{"setting": "lr", "values": [
        "0.02" if r["run"] == "all/a" else "0.05" for r in told["runs"]]}], told["differ"])
    for r in told["runs"]:
        log = log_of(r["run"])
        tests = [float(e["test_accuracy"]) for e in log]
        losses = [float(e["test_loss"]) for e in log]
        expect(r["network"] == "lenet5" and r["data"] == "digits:600", r)
        expect(r["state"] == "finished" and r["trouble"] is None, r)
        expect((r["epochs"], r["epochs_done"]) == (3, 3), r)
        expect(r["best_epoch"] == tests.index(max(tests)) + 1, r)
        for name, value in (("best_accuracy", max(tests)), ("test_accuracy", tests[-1]),
                            ("best_loss", min(losses)), ("test_loss", losses[-1])):
            expect(abs(r[name] - value) < 1e-6, "%s: %s, %g in the log" % (name, r[name], value))
        expect(abs(r["seconds"] - sum(float(e["seconds"]) for e in log)) < 0.01, r)
        expect(r["peak_memory"] == max(float(e["peak_memory"]) for e in log), r)
        expect(abs(r["images_per_second"] - float(log[-1]["images_per_second"])) < 0.2, r)
        expect([round(e["test_loss"], 6) for e in r["history"]] == losses, r["history"])
    names = [r["run"] for r in runs("all", "sort=name")["runs"]]
    expect(names == ["all/a", "all/b"], names)
    by_loss = [r["best_loss"] for r in runs("all", "sort=loss")["runs"]]
    expect(by_loss == sorted(by_loss), by_loss)
    by_time = [r["seconds"] for r in runs("all", "sort=time")["runs"]]
    expect(by_time == sorted(by_time), by_time)
    rows = list(csv.DictReader(io.StringIO(run("runs", "all", "--csv").stdout)))
    for row, r in zip(rows, told["runs"]):
        expect(row["run"] == r["run"] and float(row["test_loss"]) == r["test_loss"], row)
        expect(row["lr"] == ("0.02" if r["run"] == "all/a" else "0.05"), row)
    text = run("runs", "all").stdout
    expect("3/3" in text and "Settings in which they differ" in text, text)
    text = run("runs", "all/a").stdout
    expect("differ" not in text, text)


def same():
    shutil.copytree("all/a", "twins/a")
    shutil.copytree("all/a", "twins/b")
    text = run("runs", "twins").stdout
    expect("Their settings are the same" in text, text)
    expect(len(runs("twins", "twins/", "twins/a")["runs"]) == 2, "a run named twice stands twice")
    run("train", "perceptron", "digits:600", "epochs=1", "batch=50", "--quiet", "--out", "twins/c")
    differ = {d["setting"]: d["values"] for d in runs("twins", "sort=name")["differ"]}
    expect(differ["batch"] == ["64", "64", "50"] and "seed" not in differ, differ)
    expect("text" not in differ, "networks of different names have different texts anyway")
    with open("mine.net", "w") as f:
        f.write("net lenet5(classes = 10)\ninput 1x28x28 scale 1/255\n  fc classes - softmax\n")
    run("train", "mine.net", "digits:600", "epochs=1", "--quiet", "--out", "other/a")
    run("train", "mine.net", "digits:600", "epochs=1", "input=1x28x28 scale 1/128", "--quiet",
        "--out", "other/b")
    differ = {d["setting"]: d["values"] for d in runs("other", "sort=name")["differ"]}
    expect(differ == {"input": ["1x28x28 scale 1/255", "1x28x28 scale 1/128"]}, differ)
    with open("mine.net", "a") as f:
        f.write("  # another\n")
    run("train", "mine.net", "digits:600", "epochs=1", "--quiet", "--out", "other/c")
    differ = {d["setting"]: d["values"] for d in runs("other", "sort=name")["differ"]}
    expect(set(differ) == {"input", "text"}, differ)
    expect(differ["text"][0] == differ["text"][1] != differ["text"][2], differ)


def at_work():
    words = [FOVEA, "train", "lenet5", "digits:600", "epochs=100000", "--quiet", "--out", "long"]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(600):
        if os.path.exists("long/log.csv"):
            break
        time.sleep(0.1)
    told = one("long")
    expect(told["state"] == "running" and told["epochs_done"] >= 1, told)
    process.kill()
    process.wait()
    told = one("long")
    expect(told["state"] == "stopped" and told["epochs_done"] >= 1, told)
    expect("stopped" in run("runs", "long").stdout, "it is not said that it was cut off")
    resumed = subprocess.Popen([FOVEA, "resume", "long", "--quiet"], stderr=subprocess.DEVNULL)
    for _ in range(600):
        if one("long")["state"] == "running":
            break
        time.sleep(0.1)
    time.sleep(0.5)
    resumed.send_signal(signal.SIGINT)
    expect(resumed.wait() == 130, "Ctrl-C")
    told = one("long")
    expect(told["state"] == "stopped" and told["trouble"] is None, told)
    train("cut", "limit=12")
    told = one("cut")
    expect((told["state"], told["epochs_done"], told["epochs"]) == ("finished", 2, 10), told)


def damaged():
    for name, file, keep, word in (("record", "run.json", 60, "run.json"),
                                   ("empty", "run.json", 0, "run.json"),
                                   ("checkpoint", "checkpoint.safetensors", 900, "checkpoint"),
                                   ("head", "checkpoint.safetensors", 5, "checkpoint"),
                                   ("model", "model.safetensors", 900, "model.safetensors")):
        shutil.copytree("all/a", "bad/" + name)
        damage("bad/" + name, file, keep)
        told = one("bad/" + name)
        expect(told["state"] == "damaged" and word in told["trouble"], told)
        expect(told["epochs_done"] == 3, "the other files say how far it was: %s" % told)
    text = run("runs", "bad", "all/b").stdout
    rows = {line.split()[0]: line for line in text.split("Damaged:")[0].split("\n")
            if line.startswith(("bad/", "all/"))}
    expect(len(rows) == 6 and "finished" in rows["all/b"], text)
    expect(all(rows[r].endswith("damaged") for r in rows if r != "all/b"), text)
    expect(text.split("Damaged:")[1].count("  bad/") == 5, text)
    shutil.copytree("all/a", "slim")
    os.remove("slim/checkpoint.safetensors")
    told = one("slim")
    expect(told["state"] == "finished" and told["epochs_done"] == 3, told)
    damage("slim", "log.csv", os.path.getsize("slim/log.csv") - 20)
    told = one("slim")
    expect(told["state"] == "damaged" and "log.csv: line 4" in told["trouble"], told)
    expect(told["epochs_done"] == 2, told)
    os.remove("slim/model.safetensors")
    expect("checkpoint.safetensors is not there" in one("slim")["trouble"], one("slim"))


def vectors():
    """What has no accuracy stands behind, by its loss."""
    shutil.copytree("all/a", "vec/plain")
    for name, loss in (("worse", 0.5), ("better", 0.25)):
        shutil.copytree("all/a", "vec/" + name)
        os.remove("vec/%s/checkpoint.safetensors" % name)
        with open("vec/%s/log.csv" % name, "w") as f:
            f.write("epoch,lr,train_loss,train_accuracy,test_loss,test_accuracy,seconds\n")
            for e in range(1, 4):
                f.write("%d,0.1,1,0,%g,0,2\n" % (e, loss if e == 2 else 1))
    told = runs("vec")["runs"]
    expect([r["run"] for r in told] == ["vec/plain", "vec/better", "vec/worse"], told)
    expect(told[1]["best_accuracy"] is None and told[1]["best_epoch"] == 2, told[1])
    expect(told[1]["best_loss"] == 0.25 and told[1]["seconds"] == 6, told[1])
    run("runs", "vec/better", "vec/worse", "--out", "vec.png")


def pictures():
    run("runs", "all", "--out", "runs.png", "--quiet")
    with open("runs.png", "rb") as f:
        expect(f.read(8) == b"\x89PNG\r\n\x1a\n", "no PNG")
    for i in range(8):
        shutil.copytree("all/a", "many/%d" % i)
    expect("the first 7 of 8 runs" in run("runs", "many", "--out", "many.png").stderr, "7 of 8")
    expect("NAME.png" in run("runs", "all", "--out", "x.svg", code=2).stderr, "a wrong ending")
    os.makedirs("none", exist_ok=True)
    expect("there is no run in none" in run("runs", "none", code=3).stderr, "an empty folder")
    expect("there is no folder nowhere" in run("runs", "nowhere", code=3).stderr, "no folder")
    run("runs", code=3)
    shutil.copytree("all/a", "runs/a")
    expect(one("runs")["run"] == "runs/a" == runs()["runs"][0]["run"], "the usual folder")
    expect("did you mean 'loss'" in run("runs", "sort=lss", code=3).stderr, "sort=lss")


for folder in ("all", "twins", "other", "long", "cut", "bad", "slim", "vec", "many", "none",
               "runs"):
    shutil.rmtree(folder, ignore_errors=True)
numbers()
same()
at_work()
damaged()
vectors()
pictures()
print("runs are told as their files have them")
