# SPDX-License-Identifier: MIT
"""Fully connected layers: see ../ops_torch.py."""
import torch.nn.functional as F


def fc(x, w, b=None):
    return F.linear(x.flatten(1), w, b)


# outputs, numbers of a sample, whether there is a bias, shape
SIZES = [(4, 5, True, "3x5"), (3, 24, False, "2x2x3x4"), (1, 1, True, "1x1"), (7, 9, True, "1x9"),
         (5, 3, False, "2x3x1x1"), (10, 30, True, "1x2x3x5"), (2, 6, True, "5x3x2"),
         (1, 11, False, "4x11"), (9, 1, True, "7x1"), (3, 36, True, "2x3x2x3x2")]

CASES = [("fc", "%d%s ; %s" % (outputs, "" if bias else " bias no", shape),
          [(outputs, inputs)] + [(outputs,)] * bias, fc) for outputs, inputs, bias, shape in SIZES]
