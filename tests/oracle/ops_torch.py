#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes tests/vectors/ops_FAMILY.h: what PyTorch computes, in double, for problems of every operator.

    /usr/bin/python3 tests/oracle/ops_torch.py [FAMILY ...]

Run by hand; needs PyTorch (Debian: python3-torch). A family is a file in tests/oracle/ops/ with

    CASES     (operator, sample, shapes of the parameters, function of inputs, targets, parameters);
              the function gives y, or a tuple of outputs. " inference" behind the operator's name:
              not in training
    RUNNING   {operator: how many of its last parameters are running statistics}, if any
    TARGETS   {operator: function of (sample, shape of x) that gives a loss's target}, if any

Samples are written as operators write theirs: before a shape `constant`, `positive`, `bool` or `below
N` (whole numbers). Inputs, parameters and dy are made by number(), which tests/op_problem.c has too; a file holds every y,
the gradients of real inputs and of parameters, and the running statistics, in that order. What is
random is left out. tests/vectors/ops.h, which gathers the families, is written too.
"""
import glob
import importlib
import os
import sys

import torch

HERE = os.path.dirname(os.path.abspath(__file__))
VECTORS = os.path.join(HERE, "..", "vectors")
sys.path.insert(0, HERE)

from ops.common import fill  # noqa: E402


def make_input(i, words):
    """Input i, "below 7 2x3" in words."""
    x = fill(i, tuple(map(int, words[-1].split("x"))))
    if "bool" in words:
        return x >= 0
    if "below" in words:
        return torch.floor((x + 1) / 2 * int(words[words.index("below") + 1])).to(torch.int64)
    return (1 + x / 2 if "positive" in words else x).requires_grad_()


def solve(family, op, sample, params, function):
    """All y, gradients, running statistics, as one list; the dimensions of the first y."""
    name = op.split()[0]
    xs = [make_input(i, s.split()) for i, s in enumerate(sample.split(";")[1].split(","))]
    ws = [fill(16 + i, s) for i, s in enumerate(params)]
    count = getattr(family, "RUNNING", {}).get(name, 0)
    running = ws[len(ws) - count:]
    if count:  # a mean and a variance, which is positive
        running[-1] = ws[-1] = 1 + ws[-1] / 2
    learned = [w.requires_grad_() for w in ws[: len(ws) - count]]
    target = getattr(family, "TARGETS", {}).get(name)
    ys = function(*xs, *([target(sample, xs[0].shape)] if target else []), *ws)
    ys = ys if isinstance(ys, tuple) else (ys,)
    wanted = [(y, fill(32 + i, y.shape)) for i, y in enumerate(ys) if y.requires_grad]
    if wanted:
        torch.autograd.backward([y for y, _ in wanted], [dy for _, dy in wanted])
    grads = [t.grad if t.grad is not None else torch.zeros_like(t)
             for t in xs + learned if t.requires_grad] if wanted else []
    parts = [y.detach() for y in ys] + grads + running
    return [float(v) for part in parts for v in part.flatten().tolist()], \
        "x".join(map(str, ys[0].shape))


def write_numbers(out, name, numbers):
    print("static const double %s[] = {" % name, file=out)
    line = ""
    for v in numbers:
        item = ("%.9g" % v) + ","
        if len(line) + len(item) > 98:
            print(line, file=out)
            line = ""
        line += item
    print(line + "};", file=out)


def write_family(name):
    family = importlib.import_module("ops." + name)
    with open(os.path.join(VECTORS, "ops_%s.h" % name), "w", encoding="utf-8") as out:
        print("/* SPDX-License-Identifier: MIT */", file=out)
        print("/* Written by tests/oracle/ops_torch.py with PyTorch %s. Do not edit. */" %
              torch.__version__.split("+")[0], file=out)
        table = []
        for i, (op, sample, params, function) in enumerate(family.CASES):
            numbers, dims = solve(family, op, sample, params, function)
            array = "torch_%s_%d" % (name, i)
            write_numbers(out, array, numbers)
            table.append('    {"%s", "%s", "%s", %s, %s, %d},' %
                         (op.split()[0], sample, dims, "false" if " inference" in op else "true",
                          array, len(numbers)))
        print("\nstatic const torch_case torch_%s[] = {" % name, file=out)
        print("\n".join(table), file=out)
        print("    {0}};", file=out)


def write_list(names):
    with open(os.path.join(VECTORS, "ops.h"), "w", encoding="utf-8") as out:
        print("""/* SPDX-License-Identifier: MIT */
/* Written by tests/oracle/ops_torch.py: all families. Do not edit. */
#ifndef VECTORS_OPS_H
#define VECTORS_OPS_H
#include <stdbool.h>

typedef struct torch_case {
    const char *op, *sample, *y; /* y: the dimensions of the first output */
    bool training;
    const double *numbers; /* outputs, gradients of inputs and parameters, running statistics */
    int count;
} torch_case;
""", file=out)
        for name in names:
            print('#include "vectors/ops_%s.h"' % name, file=out)
        print("\nstatic const torch_case *const torch_families[] = {", file=out)
        for name in names:
            print("    torch_%s," % name, file=out)
        print("};\n\n#endif", file=out)


def main():
    files = sorted(glob.glob(os.path.join(HERE, "ops", "*.py")))
    names = [os.path.basename(f)[:-3] for f in files if not f.endswith(("common.py", "__init__.py"))]
    for name in sys.argv[1:] or names:
        write_family(name)
    write_list(names)


if __name__ == "__main__":
    sys.exit(main())
