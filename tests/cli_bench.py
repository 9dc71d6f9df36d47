#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`fovea bench`: what it tells, and --against with drivers made for this: honest ones, one that lies,
ones that hang, die or talk nonsense. Nothing here depends on how long anything takes. $FOVEA is the
command."""
import array
import glob
import json
import os
import shutil
import signal
import subprocess
import sys
import time

FOVEA = os.path.abspath(os.environ["FOVEA"])
SOURCE = os.environ["FOVEA_SOURCE"]
NET = ("net tiny(classes = 10)\ninput 1x28x28 scale 1/255\n"
       "  conv 2 5x5 stride 4 - relu - fc classes - softmax\n")

# A driver whose way is its name: "honest", "liar", ...
DRIVER = r'''#!%s
import json, os, subprocess, sys, time
way = os.path.basename(sys.argv[0]).split(".")[0]
job = json.load(open(sys.argv[1]))
with open(way + ".job", "w") as f:
    json.dump(job, f)
with open(way + ".pid", "w") as f:
    f.write(str(os.getpid()))

def say(**answer):
    print(json.dumps(answer), flush=True)

def outputs(path):
    training = ["--training"] if "training" in job else []
    subprocess.run([%r, "bench", job["weights"], "batch=%%d" %% job["shape"][0], "--serve", job["input"],
                    *training],
                   input="output %%s\n" %% path, text=True, check=True, stdout=subprocess.DEVNULL)

if way == "refuses":
    say(error="the library is not here")
    sys.exit(1)
if way == "dies":
    print("first words\nImportError: no such thing\n", file=sys.stderr)
    sys.exit(3)
if way == "hangs":
    time.sleep(1000)
if way == "nonsense":
    print("{ no JSON", flush=True)
if way == "endless":
    sys.stdout.write("x" * (17 << 20)); sys.stdout.flush(); time.sleep(1000)
print("Welcome to the library!", flush=True)
say(first=True)
say(ready=True, title="The " + way, version="1.5", settings="as it likes")
told = 0
for line in sys.stdin:
    told += 1
    word, rest = line.split()
    if word == "run":
        n = int(rest)
        if way == "dies_later" and told == 4:
            sys.exit(1)
        if way == "hangs_later" and told == 3:
            time.sleep(1000)
        if way == "miscounts":
            n += 1
        each = {"slow": 1e7, "timeless": 0, "honest": 1e6}.get(way, 2e6)
        say(ms=["long"] * n if way == "wordy" else [each + i for i in range(n)])
    else:
        if way == "unwritten":
            say(written=True)
            continue
        outputs(rest)
        data = bytearray(open(rest, "rb").read())
        if way == "liar":
            data[3] ^= 0x80  # the sign of the first number
        if way == "short":
            data = data[:-4]
        if way == "nan":
            data[0:4] = b"\0\0\xc0\x7f"
        open(rest, "wb").write(data)
        say(written=True)
'''
WAYS = ("honest slow liar short nan hangs hangs_later dies dies_later refuses nonsense endless miscounts "
        "timeless wordy unwritten").split()


def run(*words, status=0, **more):
    env = dict(os.environ, FOVEA_RIVALS_DIR="drivers", TMPDIR=os.path.abspath("tmp"))
    env.update(more)
    done = subprocess.run([FOVEA, "bench", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, check=False, env=env)
    assert done.returncode == status, (words, done.returncode, done.stdout, done.stderr)
    assert os.listdir("tmp") == [], (words, os.listdir("tmp"))
    return done.stdout, done.stderr


def has(text, *pieces):
    flat = " ".join(text.split())
    for piece in pieces:
        assert piece in flat, (piece, text)


def against(names, *words, status=0, **more):
    """The JSON, its rivals by name, and what was said."""
    out, said = run("tiny.net", "--against", names, "--threads", "1", "--json", *words, status=status,
                    **more)
    told = json.loads(out)
    return told, {r["name"]: r for r in told["rivals"]}, said


def gone(name):
    """Whether a driver's process has ended."""
    with open(name + ".pid", encoding="utf-8") as file:
        pid = int(file.read())
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def sides_agree():
    told, rivals, _ = against("honest", "batch=3", "--isa", "baseline")
    honest = rivals["honest"]
    assert honest["ran"] and honest["agrees"] and honest["difference"] < 1e-5, honest
    assert (honest["title"], honest["version"], honest["settings"]) == ("The honest", "1.5", "as it likes")
    assert honest["runs"] == 15 and told["fovea"]["runs"] >= 15, told
    # each turn's first run does not count: 1e6, then 1e6+1 ... 1e6+3
    assert honest["ms_min"] == 1e6 + 1 and honest["ms_median"] == 1e6 + 2, honest
    assert told["fastest"] == "honest" and told["precision"] == "fp32" and told["batch"] == 3, told
    assert abs(told["ratio"] - honest["ms_median"] / told["fovea"]["ms_median"]) <= 1e-4 * told["ratio"]
    assert told["fovea"]["peak_bytes"] >= 0 and told["fovea"]["first_result_ms"] > 0, told
    with open("honest.job", encoding="utf-8") as file:
        job = json.load(file)
    assert job["shape"] == [3, 1, 28, 28] and job["threads"] == 1 and job["isa"] == "baseline", job
    assert job["net"] == "tiny" and (job["onnx"]["path"] or job["onnx"]["why"]), job
    assert job["pytorch"]["path"].endswith(".py"), job
    assert gone("honest")


def runs_are_asked_for():
    told, rivals, _ = against("honest", "runs=22")
    assert rivals["honest"]["difference"] == 0, rivals  # the same program, if on other threads
    assert rivals["honest"]["runs"] == told["fovea"]["runs"] == 25, told  # 5 rounds of 5
    told, rivals, _ = against("slow,honest", "slow=2")
    assert rivals["slow"]["left_behind"] and rivals["slow"]["runs"] == 3, rivals
    assert not rivals["honest"]["left_behind"] and rivals["honest"]["runs"] == 15, rivals
    assert told["fastest"] == "honest", told
    _, rivals, _ = against("slow,honest")
    assert rivals["slow"]["runs"] == 15, rivals


def liars_are_found():
    for name in ("liar", "nan", "short"):
        told, rivals, said = against(name, status=6)
        assert rivals[name]["ran"] and not rivals[name]["agrees"], rivals
        assert told["fastest"] is None and "ratio" not in told, told
        has(said, "the outputs of The " + name + " are not those of Fovea")
    told, rivals, _ = against("liar,honest", status=6)
    assert told["fastest"] == "honest" and rivals["honest"]["agrees"], told
    assert rivals["short"]["difference"] is None if "short" in rivals else True
    out, _ = run("tiny.net", "--against", "liar,honest", status=6)
    has(out, " !", "The fastest of the others is The honest")


def steps_of_training():
    told, rivals, _ = against("honest", "batch=3", "--training")
    assert told["training"] and rivals["honest"]["compared"] and rivals["honest"]["agrees"], told
    with open("honest.job", encoding="utf-8") as file:
        step = json.load(file)["training"]
    assert step["labels"] == [0, 1, 2] and step["loss"] == "crossentropy" and step["rate"] > 0, step
    told, rivals, said = against("liar,honest", "--training", status=6)
    assert told["fastest"] == "honest" and not rivals["liar"]["agrees"], told
    has(said, "the gradients of The liar are not those of Fovea")
    assert not against("honest")[0]["training"]
    # what each side draws for itself is not compared, and that is said
    with open("drawn.net", "w", encoding="utf-8") as file:
        file.write(NET.replace("relu", "relu - dropout 0.5"))
    out, _ = run("drawn.net", "--against", "liar", "--training")
    has(out, "steps of training", "draws its own dropouts", "The fastest of the others is The liar")
    run("drawn.net", "--against", "liar", status=6)
    # what others have no form of
    has(run("googlenet", "--against", "honest", "--training", status=2)[1], "only training has side")
    with open("open.net", "w", encoding="utf-8") as file:
        file.write(NET.replace(" - softmax", ""))
    has(run("open.net", "--against", "honest", "--training", status=2)[1], "ends in one softmax")


def others_are_left_out():
    for name, why in (("refuses", "the library is not here"),
                      ("dies", "it has ended, saying: ImportError: no such thing"),
                      ("dies_later", "it has ended"),
                      ("nonsense", "its answer is no JSON"),
                      ("endless", "its answer has no end"),
                      ("miscounts", "it was told to run 2 times and gave 3 times"),
                      ("timeless", "no number above 0"),
                      ("wordy", "no number above 0"),
                      ("unwritten", "it wrote no outputs"),
                      ("nobody", "there is no driver for it in drivers"),
                      ("not_for_all", "there is no driver for it in drivers")):
        told, rivals, _ = against(name + ",honest")
        assert not rivals[name]["ran"], (name, rivals)
        has(rivals[name]["why"], why)
        assert rivals["honest"]["ran"] and told["fastest"] == "honest", told
        assert name not in WAYS or gone(name), name
    for name in ("hangs", "hangs_later"):
        told, rivals, _ = against(name, "limit=2")
        has(rivals[name]["why"], "it gave no answer in 2 seconds")
        assert told["fastest"] is None and told["fovea"]["runs"] >= 15, told
        assert gone(name)
    out, _ = run("tiny.net", "--against", "dies")
    has(out, "dies is left out: it has ended", "Nobody ran beside Fovea")
    _, rivals, _ = against("honest", FOVEA_RIVALS_DIR="no/such/folder")
    assert not rivals["honest"]["ran"], rivals


def it_can_be_interrupted():
    env = dict(os.environ, FOVEA_RIVALS_DIR="drivers", TMPDIR=os.path.abspath("tmp"))
    for number in (signal.SIGINT, signal.SIGTERM):
        if os.path.exists("hangs.pid"):
            os.remove("hangs.pid")
        running = subprocess.Popen([FOVEA, "bench", "tiny.net", "--against", "hangs"], env=env,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(600):
            time.sleep(0.1)
            if os.path.exists("hangs.pid") and os.path.getsize("hangs.pid"):
                break
        running.send_signal(number)
        assert running.wait(60) == 130
        assert os.listdir("tmp") == [] and gone("hangs")


def words_are_checked():
    for words, said in ((("--against", "a,,b"), "names with commas"), (("--against", ","), "names with"),
                        (("--against", "../x"), "names with"), (("--against", "a,a"), "twice"),
                        (("--against", "fovea"), "twice"),
                        (("--against", "a", "--layers"), "--layers does not go with --against"),
                        (("--serve", "x", "--trace"), "--trace does not go with --serve"),
                        (("--serve", "x", "--against", "a"), "--serve does not go with --against")):
        has(run("tiny.net", *words, status=2)[1], said)
    has(run("no_such_net", "--against", "honest", status=3)[1], "no_such_net")
    has(run("tiny.net", "--against", "honest", status=1, TMPDIR="/no/such")[1], "TMPDIR")


def serving():
    with open("numbers", "wb") as file:
        file.write(bytes(4 * 28 * 28))
    words = [FOVEA, "bench", "tiny.net", "--serve", "numbers"]

    def serve(lines, status):
        done = subprocess.run(words, input=lines, text=True, check=False, capture_output=True)
        assert done.returncode == status, (lines, done)
        return [json.loads(line) for line in done.stdout.split("\n") if line], done.stderr
    said, _ = serve("run 3\noutput y\n", 0)
    assert said[0] == {"first": True} and said[1]["ready"] and said[1]["title"] == "Fovea", said
    assert len(said[2]["ms"]) == 3 and min(said[2]["ms"]) > 0 and said[3] == {"written": True}, said
    assert os.path.getsize("y") == 40
    has(serve("walk 3\n", 2)[1], "'run N' or 'output FILE'")
    words.append("--training")
    said, _ = serve("output y\nrun 2\noutput z\n", 0)
    assert said[2] == {"written": True} and len(said[3]["ms"]) == 2 and min(said[3]["ms"]) > 0, said
    # the loss, then gradients of 2 filters of 25 weights, 2 biases, 10 rows of 2 x 6 x 6, 10 biases
    with open("y", "rb") as first, open("z", "rb") as second:
        y, z = (array.array("f", file.read()) for file in (first, second))
    assert len(y) == len(z) == 1 + 50 + 2 + 720 + 10, len(y)
    assert abs(sum(y[-10:])) < 1e-6 and min(y[-10:]) == y[-10] < 0, y[-10:]  # p - (the class is 0)
    assert y != z and all(abs(a - b) < 1e-3 for a, b in zip(y, z)), "two steps move weights, and little"
    words.pop()
    has(serve("run 0\n", 2)[1], "1 to 100000 times")
    with open("numbers", "ab") as file:
        file.write(b"1234")
    has(serve("", 3)[1], "3140 bytes, and 3136 are wanted")


def layers():
    told = json.loads(run("lenet5", "--layers", "runs=3", "batch=4", "--json")[0])
    assert told["peak_gflops"] > 0 and told["streaming_gigabytes_per_second"] > 0, told
    assert told["resident_bytes"] >= 0 and told["memory_bytes"] > 0, told
    counted = [layer for layer in told["layers"] if layer["gflops"] > 0]
    assert len(counted) == 5 and len(told["layers"]) == 8, told
    for layer in counted:
        share = layer["gflops"] / layer["peak_gflops"]
        assert abs(share - layer["peak_share"]) < 1e-3 * (1 + share), layer
        assert (layer["why"] is not None) == (layer["peak_share"] < 0.4), layer
        assert layer["gigabytes_per_second"] > 0, layer
    # numbers in, weights and biases, numbers out: conv1 of 4 images of 32x32 with 6 filters of 5x5, and fc1
    for i, floats in ((0, 4 * 32 * 32 + 156 + 4 * 6 * 28 * 28), (4, 4 * 400 + 48120 + 4 * 120)):
        layer = told["layers"][i]
        right = 4 * floats / layer["ms"] / 1e6
        assert abs(layer["gigabytes_per_second"] - right) < 1e-3 * (1 + right), (layer, right)
    for layer in told["layers"]:
        if layer["gflops"] == 0:
            assert layer["why"] is None and layer["peak_share"] == 0, layer
    slow = [layer for layer in counted if layer["why"]]
    out, _ = run("lenet5", "--layers", "runs=3")
    has(out, "of peak", "GB/s", "fp32")
    if slow:
        has(json.dumps(slow), "why")
    run("lenet5", "--layers", "--training", "runs=2")


def drivers_can_be_read():
    folder = os.path.join(SOURCE, "bench", "rivals")
    for path in glob.glob(os.path.join(folder, "*.py")):
        with open(path, encoding="utf-8") as file:
            compile(file.read(), path, "exec")
    for path in glob.glob(os.path.join(folder, "*.js")):
        if shutil.which("node"):
            subprocess.run(["node", "--check", path], check=True)


def main():
    shutil.rmtree("tmp", ignore_errors=True)
    shutil.rmtree("drivers", ignore_errors=True)
    os.makedirs("tmp")
    os.makedirs("drivers")
    with open("tiny.net", "w", encoding="utf-8") as file:
        file.write(NET)
    for i, way in enumerate(WAYS):
        path = os.path.join("drivers", way + ("", ".py")[i % 2])
        with open(path, "w", encoding="utf-8") as file:
            file.write(DRIVER % (sys.executable, FOVEA))
        os.chmod(path, 0o755)
    shutil.copy("drivers/honest", "drivers/not_for_all")
    os.chmod("drivers/not_for_all", 0o644)
    for test in (sides_agree, runs_are_asked_for, liars_are_found, steps_of_training, others_are_left_out,
                 it_can_be_interrupted, words_are_checked, serving, layers, drivers_can_be_read):
        test()
        print(test.__name__)


main()
