# SPDX-License-Identifier: MIT
"""Fully connected layers: see ../ops_torch.py."""
import torch.nn.functional as F

CASES = [
    ("fc", "4 ; 3x5", [(4, 5), (4,)], F.linear),
    ("fc", "3 bias no ; 2x2x3x4", [(3, 24)], lambda x, w: F.linear(x.flatten(1), w)),
]
