#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""ONNX's own tests by `fovea check onnx`: none may fail, and so many must pass.

They are Debian's libonnx-testdata, or in the folder that ONNX_TESTS names (which holds node/,
pytorch-converted/ ...). $FOVEA is the command."""
import glob
import json
import os
import subprocess
import sys

# How many pass at least, by folder of the suite.
LEAST = {"node": 750, "pytorch-converted": 69, "pytorch-operator": 35, "simple": 7}
PLACES = ("/usr/include/onnx/backend/test/data", "/usr/lib/python3/dist-packages/onnx/backend/test/data")


def folder():
    for place in (os.environ.get("ONNX_TESTS", ""), *PLACES):
        if place and os.path.isdir(os.path.join(place, "node")):
            return place
    return None


def check(place, name):
    """Counts of a folder of tests; what failed, in words."""
    done = subprocess.run([os.environ["FOVEA"], "check", "onnx", os.path.join(place, name), "--json"],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode not in (0, 6):
        return None, [f"{name}: status {done.returncode}: {done.stderr.strip()}"]
    result = json.loads(done.stdout)
    wrong = [f"{c['dir']}: {c['reason']}" for c in result["cases"] if c["result"] == "failed"]
    silent = [c["dir"] for c in result["cases"] if c["result"] == "skipped" and not c["reason"]]
    wrong += [f"{d}: skipped without a reason" for d in silent]
    counted = result["passed"] + result["failed"] + result["skipped"]
    dirs = len(glob.glob(os.path.join(place, name, "*", "model.onnx")))
    if counted != dirs:
        wrong.append(f"{name}: {counted} of {dirs} folders were counted")
    return result, wrong


def main():
    doctor = subprocess.run([os.environ["FOVEA"], "check", "onnx", "."], stderr=subprocess.PIPE,
                            text=True, check=False)
    if "built without ONNX" in doctor.stderr:
        print("SKIP: built without ONNX")
        return 77
    place = folder()
    if not place:
        print("SKIP: ONNX's tests are not here (Debian: libonnx-testdata)")
        return 77
    failures = []
    for name, least in LEAST.items():
        if not os.path.isdir(os.path.join(place, name)):
            continue
        result, wrong = check(place, name)
        failures += wrong
        if result:
            print(f"{name}: {result['passed']} passed, {result['failed']} failed, "
                  f"{result['skipped']} skipped")
            if result["passed"] < least:
                failures.append(f"{name}: only {result['passed']} passed, {least} are the least")
    print("\n".join("FAIL " + f for f in failures))
    return 1 if failures else 0


sys.exit(main())
