#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes tests/vectors/ops.h: what PyTorch computes, in double, for problems of every operator.

    /usr/bin/python3 tests/oracle/ops_torch.py > tests/vectors/ops.h

Run by hand; needs PyTorch (Debian: python3-torch). Inputs, parameters and dy are made by number(),
which tests/op_problem.c has too; the file holds y, the gradients of inputs and parameters, and the
running statistics, in that order. Dropout is random and left out.
"""
import sys

import torch
import torch.nn.functional as F

M = 0xFFFFFFFF


def number(tensor, i):
    h = (i * 2654435761 + tensor * 40503 + 12345) & M
    h = ((h ^ h >> 15) * 2246822519) & M
    h = ((h ^ h >> 13) * 3266489917) & M
    h ^= h >> 16
    return (h >> 8) / 8388608.0 - 1


def fill(tensor, shape):
    count = 1
    for d in shape:
        count *= d
    values = [number(tensor, i) for i in range(count)]
    return torch.tensor(values, dtype=torch.float64).reshape(shape)


def pads(x, top, left, bottom, right, value=0.0):
    return F.pad(x, (left, right, top, bottom), value=value)


def same(x, kh, kw, s, value=0.0, dilation=1):
    """TensorFlow's SAME: the odd pixel at the end."""
    total = []
    for size, k in ((x.shape[2], kh), (x.shape[3], kw)):
        out = -(-size // s)
        total.append(max(0, (out - 1) * s + dilation * (k - 1) + 1 - size))
    h, w = total
    return pads(x, h // 2, w // 2, h - h // 2, w - w // 2, value)


INF = float("inf")


def average(x, ph, pw, **window):
    """Average over the image's own pixels alone, for paddings PyTorch does not know."""
    ones = torch.ones_like(x)
    sums = F.avg_pool2d(F.pad(x, pw + ph), **window, divisor_override=1)
    return sums / F.avg_pool2d(F.pad(ones, pw + ph), **window, divisor_override=1)


def bn(training, eps=1e-5, momentum=0.1):
    def run(x, w, b, mean, variance):
        return F.batch_norm(x, mean, variance, w, b, training, momentum, eps)

    return run


def shortcut(channels, stride):
    def run(x):
        missing = channels - x.shape[1]
        before = missing // 2
        return F.pad(x[:, :, ::stride, ::stride], (0, 0, 0, 0, before, missing - before))

    return run


def maxout(pieces):
    return lambda x: x.reshape(x.shape[0], x.shape[1] // pieces, pieces, *x.shape[2:]).amax(2)


def entropy(ignore=-100):
    return lambda x, labels: F.cross_entropy(x if labels.dim() > 1 else x.flatten(1), labels,
                                             ignore_index=ignore).reshape(1)


def squared(x, target):
    if target.dtype == torch.int64:
        target = F.one_hot(target, x.shape[1]).to(x.dtype)
    return (0.5 * ((x.flatten(1) - target.flatten(1)) ** 2).sum(1)).mean().reshape(1)


def target(sample, shape):
    """What a loss is given beside x: a number per value, or a label per sample or pixel."""
    if "target vector" in sample:
        return fill(1, shape)
    pixels = shape[2:] if shape[2:] not in ((), (1, 1)) else ()
    return torch.floor((fill(1, (shape[0], *pixels)) + 1) / 2 * shape[1]).to(torch.int64)


def lrn(size, **options):
    return lambda x: F.local_response_norm(x, size, **options)


# operator, sample, shapes of the parameters, function
CASES = [
    ("conv", "4 3x3 ; 2x3x5x6", [(4, 3, 3, 3), (4,)], F.conv2d),
    ("conv", "3 3x3 pad 1 bias no ; 2x2x4x5", [(3, 2, 3, 3)], lambda x, w: F.conv2d(x, w, padding=1)),
    ("conv", "4 3x2 stride 2x1 pad 1x2 ; 2x3x6x5", [(4, 3, 3, 2), (4,)],
     lambda x, w, b: F.conv2d(x, w, b, stride=(2, 1), padding=(1, 2))),
    ("conv", "4 3x2 stride 2x1 pad 1,0,2,1 ; 2x3x6x5", [(4, 3, 3, 2), (4,)],
     lambda x, w, b: F.conv2d(pads(x, 1, 0, 2, 1), w, b, stride=(2, 1))),
    ("conv", "6 3x3 groups 3 pad same ; 2x3x5x4", [(6, 1, 3, 3), (6,)],
     lambda x, w, b: F.conv2d(x, w, b, groups=3, padding="same")),
    ("conv", "4 3x3 groups 2 dilation 2 pad 2 ; 2x4x6x7", [(4, 2, 3, 3), (4,)],
     lambda x, w, b: F.conv2d(x, w, b, groups=2, dilation=2, padding=2)),
    ("conv", "2 3x5 dilation 2x1 stride 2x3 pad 3x2 ; 1x2x9x8", [(2, 2, 3, 5), (2,)],
     lambda x, w, b: F.conv2d(x, w, b, dilation=(2, 1), stride=(2, 3), padding=(3, 2))),
    ("conv", "2 1x1 stride 2 ; 3x3x5x5", [(2, 3, 1, 1), (2,)],
     lambda x, w, b: F.conv2d(x, w, b, stride=2)),
    ("conv", "2 3x3 stride 2 pad same ; 2x2x6x5", [(2, 2, 3, 3), (2,)],
     lambda x, w, b: F.conv2d(same(x, 3, 3, 2), w, b, stride=2)),
    ("conv", "3 4x2 pad same dilation 1x3 ; 1x2x6x5", [(3, 2, 4, 2), (3,)],
     lambda x, w, b: F.conv2d(pads(x, 1, 1, 2, 2), w, b, dilation=(1, 3))),
    ("conv", "2 2x2 stride 3 pad 3 ; 1x2x4x4", [(2, 2, 2, 2), (2,)],
     lambda x, w, b: F.conv2d(x, w, b, stride=3, padding=3)),
    ("conv", "2 3x3 pad valid ; 1x2x4x4", [(2, 2, 3, 3), (2,)], F.conv2d),
    ("maxpool", "2 ; 2x3x4x6", [], lambda x: F.max_pool2d(x, 2)),
    ("maxpool", "3x3 stride 2 ; 2x2x7x5", [], lambda x: F.max_pool2d(x, 3, 2)),
    ("maxpool", "3x3 stride 2 pad 1 ; 2x2x6x7", [], lambda x: F.max_pool2d(x, 3, 2, 1)),
    ("maxpool", "3x3 stride 2 ceil ; 2x2x6x8", [], lambda x: F.max_pool2d(x, 3, 2, ceil_mode=True)),
    ("maxpool", "3x3 stride 2 pad 1 ceil ; 2x2x6x8", [],
     lambda x: F.max_pool2d(x, 3, 2, 1, ceil_mode=True)),
    ("maxpool", "2 stride 3 pad 1 ceil ; 1x2x6x5", [],
     lambda x: F.max_pool2d(x, 2, 3, 1, ceil_mode=True)),
    ("maxpool", "3 stride 2 ceil ; 1x2x2x2", [], lambda x: F.max_pool2d(x, 3, 2, ceil_mode=True)),
    ("maxpool", "2x3 stride 1x2 pad 1,0,1,2 ; 2x2x4x5", [],
     lambda x: F.max_pool2d(pads(x, 1, 0, 1, 2, -INF), (2, 3), (1, 2))),
    ("maxpool", "3x2 pad same stride 2 ; 1x2x5x5", [],
     lambda x: F.max_pool2d(same(x, 3, 2, 2, -INF), (3, 2), 2)),
    ("maxpool", "3 stride 2 dilation 2 pad 1 ; 1x2x7x6", [],
     lambda x: F.max_pool2d(x, 3, 2, 1, dilation=2)),
    ("avgpool", "2 ; 2x3x4x6", [], lambda x: F.avg_pool2d(x, 2)),
    ("avgpool", "3x3 stride 2 ; 2x2x7x5", [], lambda x: F.avg_pool2d(x, 3, 2)),
    ("avgpool", "3x3 stride 2 pad 1 ; 2x2x6x7", [], lambda x: F.avg_pool2d(x, 3, 2, 1)),
    ("avgpool", "3x3 stride 2 pad 1 count_pad no ; 2x2x6x7", [],
     lambda x: F.avg_pool2d(x, 3, 2, 1, count_include_pad=False)),
    ("avgpool", "3x3 stride 2 pad 1 ceil ; 2x2x6x8", [],
     lambda x: F.avg_pool2d(x, 3, 2, 1, ceil_mode=True)),
    ("avgpool", "3x3 stride 2 pad 1 ceil count_pad no ; 2x2x6x8", [],
     lambda x: F.avg_pool2d(x, 3, 2, 1, ceil_mode=True, count_include_pad=False)),
    ("avgpool", "2 stride 3 pad 1 ceil ; 1x2x6x5", [],
     lambda x: F.avg_pool2d(x, 2, 3, 1, ceil_mode=True)),
    ("avgpool", "3 stride 2 ceil ; 1x2x6x4", [], lambda x: F.avg_pool2d(x, 3, 2, ceil_mode=True)),
    ("avgpool", "2x3 stride 1x2 pad 1,0,1,2 ; 2x2x4x5", [],
     lambda x: F.avg_pool2d(pads(x, 1, 0, 1, 2), (2, 3), (1, 2))),
    ("avgpool", "2x3 stride 1x2 pad 1,0,1,2 count_pad no ; 2x2x4x5", [],
     lambda x: average(x, (1, 1), (0, 2), kernel_size=(2, 3), stride=(1, 2))),
    ("avgpool", "3x2 pad same stride 2 ; 1x2x5x5", [],
     lambda x: F.avg_pool2d(same(x, 3, 2, 2), (3, 2), 2)),
    ("globalmaxpool", "; 2x3x4x5", [], lambda x: F.adaptive_max_pool2d(x, 1)),
    ("globalavgpool", "; 2x3x4x5", [], lambda x: F.adaptive_avg_pool2d(x, 1)),
    ("fc", "4 ; 3x5", [(4, 5), (4,)], F.linear),
    ("fc", "3 bias no ; 2x2x3x4", [(3, 24)], lambda x, w: F.linear(x.flatten(1), w)),
    ("bn", "; 4x3x2x3", [(3,)] * 4, bn(True)),
    ("bn", "; 6x5", [(5,)] * 4, bn(True)),
    ("bn", "epsilon 0.1 momentum 0.5 ; 2x2x3x4", [(2,)] * 4, bn(True, 0.1, 0.5)),
    ("bn inference", "; 4x3x2x3", [(3,)] * 4, bn(False)),
    ("lrn", "; 2x7x2x3", [], lrn(5)),
    ("lrn", "alpha 0.5 ; 2x7x2x3", [], lrn(5, alpha=0.5)),
    ("lrn", "3 alpha 0.3 beta 0.5 k 2 ; 2x4x3x2", [], lrn(3, alpha=0.3, beta=0.5, k=2.0)),
    ("lrn", "9 alpha 0.7 ; 2x4x2x2", [], lrn(9, alpha=0.7)),
    ("relu", "; 2x3x4x5", [], F.relu),
    ("leakyrelu", "; 2x3x4x5", [], F.leaky_relu),
    ("leakyrelu", "0.2 ; 3x7", [], lambda x: F.leaky_relu(x, 0.2)),
    ("elu", "; 2x3x4x5", [], F.elu),
    ("elu", "0.5 ; 3x7", [], lambda x: F.elu(x, 0.5)),
    ("sigmoid", "; 2x3x4x5", [], torch.sigmoid),
    ("tanh", "; 2x3x4x5", [], torch.tanh),
    ("scaledtanh", "; 2x3x4x5", [], lambda x: 1.7159 * torch.tanh(2 / 3 * x)),
    ("maxout", "; 2x6x3x4", [], maxout(2)),
    ("maxout", "3 ; 4x9", [], maxout(3)),
    ("softmax", "; 3x5", [], lambda x: F.softmax(x, 1)),
    ("softmax", "; 2x4x2x3", [], lambda x: F.softmax(x, 1)),
    ("crossentropy", "; 4x5", [], entropy()),
    ("crossentropy", "; 3x10x1x1", [], entropy()),
    ("crossentropy", "ignore 1 ; 5x3", [], entropy(1)),
    ("crossentropy", "; 2x3x4x5", [], entropy()),
    ("crossentropy", "ignore 2 ; 2x4x3x3", [], entropy(2)),
    ("squarederror", "; 4x5", [], squared),
    ("squarederror", "target vector ; 4x5", [], squared),
    ("squarederror", "target vector ; 2x2x3x3", [], squared),
    ("add", "; 2x3x2x3, 2x3x2x3, 2x3x2x3", [], lambda x, y, z: x + y + z),
    ("concat", "; 2x3x2x3, 2x1x2x3, 2x2x2x3", [], lambda *x: torch.cat(x, 1)),
    ("flatten", "; 2x3x2x3", [], lambda x: x.flatten(1)),
    ("identity", "; 2x3x2x3", [], lambda x: x.clone()),
    ("shortcut", "6 2 ; 2x3x4x5", [], shortcut(6, 2)),
    ("shortcut", "4 stride 3 ; 1x4x7x6", [], shortcut(4, 3)),
]


def solve(op, sample, params, function):
    """y, gradients, running statistics, as one list; the dimensions of y."""
    shapes = [tuple(map(int, s.strip().split("x"))) for s in sample.split(";")[1].split(",")]
    xs = [fill(i, s).requires_grad_() for i, s in enumerate(shapes)]
    ws = [fill(16 + i, s) for i, s in enumerate(params)]
    running = []
    if op.startswith("bn"):
        ws[3] = 1 + ws[3] / 2
        running = ws[2:]
    learned = [w.requires_grad_() for w in ws[: 2 if running else len(ws)]]
    targets = [target(sample, shapes[0])] if op in ("crossentropy", "squarederror") else []
    y = function(*xs, *targets, *ws)
    y.backward(fill(32, y.shape))
    parts = [y.detach()] + [t.grad for t in xs + learned] + running
    numbers = [v for part in parts for v in part.flatten().tolist()]
    return numbers, "x".join(map(str, y.shape))


def main():
    print("/* SPDX-License-Identifier: MIT */")
    print("/* Written by tests/oracle/ops_torch.py with PyTorch %s: y, gradients of inputs and" %
          torch.__version__.split("+")[0])
    print("   parameters, running statistics, in that order. Do not edit. */")
    print("#ifndef VECTORS_OPS_H\n#define VECTORS_OPS_H\n#include <stdbool.h>\n")
    table = []
    for i, (op, sample, params, function) in enumerate(CASES):
        numbers, dims = solve(op, sample, params, function)
        print("static const double torch_%d[] = {" % i)
        line = ""
        for v in numbers:
            item = ("%.9g" % v) + ","
            if len(line) + len(item) > 98:
                print(line)
                line = ""
            line += item
        print(line + "};")
        table.append('    {"%s", "%s", "%s", %s, torch_%d, %d},' %
                     (op.split()[0], sample, dims, "false" if " inference" in op else "true", i,
                      len(numbers)))
    print("\ntypedef struct torch_case {")
    print("    const char *op, *sample, *y;\n    bool training;")
    print("    const double *numbers;\n    int count;\n} torch_case;\n")
    print("static const torch_case torch_cases[] = {")
    print("\n".join(table))
    print("};\n\n#endif")


if __name__ == "__main__":
    sys.exit(main())
