# SPDX-License-Identifier: MIT
"""What the drivers in Python have in common: the job, the lines they say and are told (README.md)."""
import json
import os
import sys
import time


def say(**answer):
    print(json.dumps(answer), flush=True)


def refuse(why):
    """Says why this side takes no part, and ends."""
    say(error=str(why).strip().split("\n")[0])
    sys.exit(1)


def job():
    with open(sys.argv[1], encoding="utf-8") as file:
        return json.load(file)


def form(task, name, words):
    """Path of a form of the network."""
    if not task[name]["path"]:
        refuse(f"there is no {words} of this network: {task[name]['why']}")
    return task[name]["path"]


def missing(package, error):
    """A module is not there: the system's python3 may have it, where this is another."""
    system = "/usr/bin/python3"
    if os.path.exists(system) and os.path.realpath(sys.executable) != os.path.realpath(system):
        os.execv(system, [system, *sys.argv])
    refuse(f"{error}; `script/bench --install`, or Debian's package {package}")


def times(run, count):
    """Milliseconds of each of `count` runs."""
    ms = []
    for _ in range(count):
        start = time.perf_counter()
        run()
        ms.append(1e3 * (time.perf_counter() - start))
    return ms


def serve(run, outputs=None):
    """Does what standard input says; run(), or outputs(), gives the outputs as arrays of numpy."""
    import numpy
    for line in sys.stdin:
        word, _, rest = line.rstrip("\n").partition(" ")
        if word == "run":
            say(ms=times(run, int(rest)))
        elif word == "output":
            with open(rest, "wb") as file:
                for y in (outputs or run)():
                    file.write(numpy.ascontiguousarray(y, dtype=numpy.float32).tobytes())
            say(written=True)
        else:
            refuse(f"it does not understand: {line}")
