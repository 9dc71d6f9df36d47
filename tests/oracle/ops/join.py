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
    ("add", "; 2x3x2x3, 2x3x2x3, 2x3x2x3", [], lambda x, y, z: x + y + z),
    ("concat", "; 2x3x2x3, 2x1x2x3, 2x2x2x3", [], lambda *x: torch.cat(x, 1)),
    ("flatten", "; 2x3x2x3", [], lambda x: x.flatten(1)),
    ("identity", "; 2x3x2x3", [], lambda x: x.clone()),
    ("shortcut", "6 2 ; 2x3x4x5", [], shortcut(6, 2)),
    ("shortcut", "4 stride 3 ; 1x4x7x6", [], shortcut(4, 3)),
]
