# SPDX-License-Identifier: MIT
"""Convolutions: see ../ops_torch.py."""
import torch.nn.functional as F

from ops.common import pads, same

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
]
