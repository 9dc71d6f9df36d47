# SPDX-License-Identifier: MIT
"""Joins, and what changes shapes alone: see ../ops_torch.py."""
import torch
import torch.nn.functional as F


def shortcut(channels, stride):
    def run(x):
        missing = channels - x.shape[1]
        before = missing // 2
        return F.pad(x[:, :, ::stride, ::stride], (0, 0, 0, 0, before, missing - before))

    return run


CASES = [
    *[("add", "; " + ", ".join([shape] * count), [], lambda *x: sum(x[1:], x[0]))
      for shape, count in (("2x3x2x3", 3), ("3x7", 2), ("1x1", 2), ("1x5", 4), ("2x1x3", 2),
                           ("1x2x3x5", 3), ("5x3", 5), ("2x3x2x1x3", 2), ("4x1x1x2", 3),
                           ("7x2x3x3", 2))],
    ("concat", "; 2x3x2x3, 2x1x2x3, 2x2x2x3", [], lambda *x: torch.cat(x, 1)),
    *[("flatten", "; " + shape, [], lambda x: x.flatten(1))
      for shape in ("2x3x2x3", "1x2x5", "3x7", "1x1x1x1", "2x3x2x1x3", "1x2x1x3x1x2", "5x1x3")],
    *[("identity", "; " + shape, [], lambda x: x.clone())
      for shape in ("2x3x2x3", "3x7", "1x1", "1x5", "7", "2x3x2x1x3", "constant 3x5", "bool 2x3",
                    "below 9 1x2x3", "4x1x1x2")],
    *[("shortcut", "%d stride %d ; %s" % (channels, stride, shape), [], shortcut(channels, stride))
      for channels, stride, shape in (
          (6, 2, "2x3x4x5"), (4, 3, "1x4x7x6"), (3, 1, "2x3x2x3"), (5, 2, "1x2x5x5"),
          (4, 2, "3x1x3x4"), (2, 4, "2x2x3x3"), (9, 1, "1x4x1x1"), (7, 5, "1x7x11x6"),
          (2, 2, "4x1x1x7"), (8, 3, "2x5x4x2"))],
]
