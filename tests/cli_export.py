#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Files that `fovea convert NET net.onnx` writes, before other judges.

ONNX's checker (python3-onnx) reads every operator's samples and every network's file; ONNX Runtime
computes them where its package for Node is installed in the folder that FOVEA_ORT names:
npm install --ignore-scripts onnxruntime-node@1.20.1. Networks are read back into Fovea too.
FOVEA_LONG=1 takes all networks of the zoo, not only those below three million parameters."""
import json
import os
import shutil
import subprocess
import sys

PROGRAM = os.path.join(os.environ["FOVEA_BUILD"], "tests", "bin", "export_main")
SOURCE = os.environ["FOVEA_SOURCE"]
LONG = bool(os.environ.get("FOVEA_LONG"))
SMALL = 3_000_000

# What ONNX Runtime 1.20 cannot compute, or computes as neither ONNX nor PyTorch does.
BEYOND = {
    "lrn-2": "takes maps only",
    "depthtospace-4": "takes float only",
    "spacetodepth-4": "takes float only",
    "avgpool-4": "counts what a rounded-up window has beyond the padding",
    "convtranspose-5": "output_padding beyond the stride, as PyTorch allows it under a dilation",
}

failures = []


def fail(text):
    print("FAIL " + text)
    failures.append(text)


def check_all(folder):
    """ONNX's checker over all files of a folder."""
    try:
        import onnx
    except ImportError:
        print("SKIP: ONNX's checker is not here (python3-onnx)")
        return
    count = 0
    for name in sorted(os.listdir(folder)):
        path = os.path.join(folder, name, "model.onnx")
        if not os.path.exists(path):
            continue
        try:
            onnx.checker.check_model(path, full_check=True)
            count += 1
        except Exception as error:  # its own kinds, and those of what it calls
            fail(f"{path}: {str(error)[:300]}")
    print(f"{folder}: ONNX's checker takes {count} files")


def run_all(folder):
    """ONNX Runtime over them, if it is here."""
    modules = os.environ.get("FOVEA_ORT", "")
    if not os.path.isdir(os.path.join(modules, "node_modules", "onnxruntime-node")) or not shutil.which("node"):
        print("SKIP: ONNX Runtime is not here (FOVEA_ORT)")
        return
    done = subprocess.run(["node", os.path.join(SOURCE, "tests", "ort_cases.js"), modules, folder],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
    for line in done.stdout.splitlines():
        name = line[5:].split(":")[0]
        if line.startswith("FAIL ") and name not in BEYOND:
            fail(f"ONNX Runtime, {folder}: {line[5:]}")
    print(f"{folder}: ONNX Runtime: {done.stdout.splitlines()[-1] if done.stdout else 'did not run'}")
    if not done.stdout:
        fail(f"ONNX Runtime did not run on {folder}")


def operators():
    for opset in (7, 9, 11, 13, 17):
        folder = f"ops{opset}"
        done = subprocess.run([PROGRAM, folder, str(opset)], stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode:
            fail(done.stdout)
        check_all(folder)
        run_all(folder)
        shutil.rmtree(folder)


def is_classifier(net):
    """One number a class, and not a map of them."""
    return not net["name"].startswith("fcn")


def networks():
    zoo = json.loads(subprocess.run([os.environ["FOVEA"], "zoo", "--json"], stdout=subprocess.PIPE,
                                    text=True, check=True).stdout)
    nets = zoo if isinstance(zoo, list) else zoo["networks"]
    count = 0
    for net in nets:
        if not is_classifier(net) or (net["parameters"] > SMALL and not LONG):
            continue
        done = subprocess.run([PROGRAM, "--net", net["name"], "nets"], stdout=subprocess.PIPE, text=True,
                              check=False)
        print(done.stdout.strip())
        if done.returncode:
            fail(f"{net['name']}: {done.stdout}")
        count += 1
        if LONG:  # large files, one at a time
            check_all("nets")
            run_all("nets")
            shutil.rmtree("nets")
    if not LONG:
        check_all("nets")
        run_all("nets")
        shutil.rmtree("nets")
    print(f"{count} networks")
    if count < 10:
        fail("that are too few networks")


def main():
    if not os.path.exists(PROGRAM):
        print("SKIP: the program that writes the files is not built")
        return 77
    if b"built without ONNX" in subprocess.run([PROGRAM], stdout=subprocess.PIPE, check=False).stdout:
        print("SKIP: built without ONNX")
        return 77
    operators()
    networks()
    return 1 if failures else 0


sys.exit(main())
