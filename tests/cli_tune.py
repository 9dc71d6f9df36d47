#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`fovea tune` keeps what it finds where FOVEA_CACHE, XDG_CACHE_HOME or HOME say, other commands use
it unless told not to, and a file that is no good is a warning. Nothing depends on what is the
fastest here: what was found is forced by writing the file.

$FOVEA is the command."""
import json
import os
import subprocess
import sys
import tempfile

failed = 0


def check(what, holds, more=""):
    global failed
    if not holds:
        failed += 1
        print(f"FAILED: {what}\n{more}")


def run(folder, *words, **variables):
    env = {k: v for k, v in os.environ.items() if k not in ("FOVEA_CACHE", "XDG_CACHE_HOME", "HOME")}
    env.update(FOVEA_CACHE=folder) if folder else None
    env.update(variables)
    done = subprocess.run([os.environ["FOVEA"], *words], stdout=subprocess.PIPE, text=True,
                          stderr=subprocess.PIPE, env=env, timeout=600)
    return done.returncode, done.stdout, done.stderr


def force(path, variant):
    """Every finding of the file becomes this one."""
    with open(path, encoding="utf-8") as file:
        lines = file.read().splitlines()
    with open(path, "w", encoding="utf-8") as file:
        for line in lines:
            print(line.split("\t")[0] + "\t" + variant if "\t" in line else line, file=file)


def found_and_used(folder):
    path = os.path.join(folder, "tuning.txt")
    code, out, err = run(folder, "tune", "lenet5", "batch=64", "--threads", "2", "--json")
    check("tune lenet5", code == 0, err)
    told = json.loads(out)
    impls = {s["impl"] for s in told["steps"]}  # direct where no transform takes its convolutions
    check("what it tells", told["file"] == path and told["threads"] == 2 and told["batch"] == 64 and
          impls - {"direct"} == {"gemm"}, out)
    force(path, "an eighth as many pieces")
    trace = ("bench", "lenet5", "batch=64", "--threads", "2", "--trace", "runs=1")
    check("bench has it", "gemm, an eighth as many pieces" in run(folder, *trace)[1])
    check("--no-tune", "pieces" not in run(folder, *trace, "--no-tune")[1])
    check("another machine", "pieces" not in run(folder, *trace[:4], "1", *trace[5:])[1])
    check("another place", "pieces" not in run(folder + "/none", *trace)[1])
    return path


def bad_files(folder, path):
    with open(path, "a", encoding="utf-8") as file:
        file.write("nonsense\n")
    code, out, err = run(folder, "explain", "lenet5")
    check("a damaged file is a warning", code == 0 and "warning" in err and path in err and
          "61,706" in out, err)
    check("--no-tune says nothing", run(folder, "explain", "lenet5", "--no-tune")[2] == "")
    with open(path, "w", encoding="utf-8") as file:
        file.write("my letters\n")
    code, out, err = run(folder, "tune", "lenet5")
    check("a foreign file stays", code == 3 and "stays as it is" in err, f"{code} {err}")
    with open(path, encoding="utf-8") as file:
        check("its words", file.read() == "my letters\n")


def places(folder):
    code, _, err = run(None, "tune", "lenet5")
    check("no place", code == 2 and "--file" in err, f"{code} {err}")
    code, _, err = run(None, "tune", "lenet5", HOME=folder)
    check("at home", code == 0 and os.path.exists(folder + "/.cache/fovea/tuning.txt"), err)
    code, _, err = run(None, "tune", "lenet5", "--file", folder + "/mine.txt")
    check("--file", code == 0 and os.path.exists(folder + "/mine.txt"), err)
    code, _, err = run(None, "tune", "lenet5", "--file", "/proc/none/mine.txt")
    check("where nothing may be written", code in (1, 3) and "/proc/none" in err, f"{code} {err}")


def main():
    with tempfile.TemporaryDirectory() as folder:
        path = found_and_used(folder)
        bad_files(folder, path)
        places(folder)
    print(f"{failed} failed")
    return failed > 0


sys.exit(main())
