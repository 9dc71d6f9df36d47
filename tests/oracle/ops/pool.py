# SPDX-License-Identifier: MIT
"""Pools: see ../ops_torch.py."""
import torch
import torch.nn.functional as F

from ops.common import pads, same, INF


def average(x, ph, pw, **window):
    """Average over the image's own pixels alone, for paddings PyTorch does not know."""
    ones = torch.ones_like(x)
    sums = F.avg_pool2d(F.pad(x, pw + ph), **window, divisor_override=1)
    return sums / F.avg_pool2d(F.pad(ones, pw + ph), **window, divisor_override=1)


CASES = [
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
]
