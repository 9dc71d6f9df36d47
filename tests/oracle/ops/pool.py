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


def rows(pool):
    """A pool of maps for maps of one row."""
    return lambda x: pool(x.unsqueeze(2)).squeeze(2)


def minimum(*window, **options):
    return lambda x: -F.max_pool2d(-x, *window, **options)


def lp(p, kernel, stride, pad=(0, 0, 0, 0), dilation=1):
    """The p-norm of each window, whose places are unfolded: top, left, bottom, right pads."""

    def run(x):
        columns = F.unfold(pads(x.abs(), *pad), kernel, dilation=dilation, stride=stride)
        n, c = x.shape[:2]
        held = [x.shape[2 + a] + pad[a] + pad[2 + a] - dilation * (kernel[a] - 1) for a in (0, 1)]
        out = [(held[a] - 1) // stride[a] + 1 for a in (0, 1)]
        columns = columns.reshape(n, c, kernel[0] * kernel[1], *out)
        return (columns ** p).sum(2) ** (1 / p)

    return run


def indices(*window, **options):
    return lambda x: F.max_pool2d(x, *window, return_indices=True, **options)


def unpool(height, width):
    """The last of several values with one index counts. F.max_unpool2d says the same of values."""

    def run(x, index):
        n, c = x.shape[:2]
        flat, values = torch.zeros(n * c, height * width, dtype=torch.float64), x.reshape(n * c, -1)
        last = [{int(k): i for i, k in enumerate(plane)} for plane in index.reshape(n * c, -1)]
        places = [(m, i, k) for m in range(n * c) for k, i in last[m].items() if k < height * width]
        m, i, k = (torch.tensor(t) for t in zip(*places))
        y = flat.index_put((m, k), values[m, i])
        if int(index.max()) < height * width:
            four = (n, c, -1, x.shape[-1])
            theirs = torch._C._nn.max_unpool2d(x.detach().reshape(four), index.reshape(four),
                                               (height, width))
            assert torch.equal(theirs.reshape(n * c, -1), y)
        return y.reshape(n, c, height, width) if x.dim() == 4 else y.reshape(n, c, width)

    return run


def subsample(kh, kw, sh, sw, mean=False):
    def run(x, w, b):
        t = F.avg_pool2d(x, (kh, kw), (sh, sw), divisor_override=None if mean else 1)
        return t * w.reshape(-1, 1, 1) + b.reshape(-1, 1, 1)

    return run


def adaptive(pool, h, w):
    return lambda x: pool(x, (h, w))


def whole(op, flat, square):
    """A global pool of rows and of maps."""
    return [(op, "; " + shape, [], lambda x: (flat if x.dim() == 3 else square)(x, 1))
            for shape in ("2x3x4x5", "2x3x7", "1x2x1x7", "1x1x1x1", "3x2x5x1", "1x4x3x3", "7x1x2x2",
                          "1x5x3", "2x1x9", "2x5x3x7")]


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
    ("maxpool", "1 stride 3 ; 1x1x5x7", [], lambda x: F.max_pool2d(x, 1, 3)),
    ("maxpool", "3x1 stride 1x2 ; 3x1x3x5", [], lambda x: F.max_pool2d(x, (3, 1), (1, 2))),
    ("maxpool", "3 stride 2 pad 2 ; 1x2x3x5", [],
     lambda x: F.max_pool2d(pads(x, 2, 2, 2, 2, -INF), 3, 2)),
    ("maxpool", "3 stride 2 pad 1 ; 2x3x7", [], lambda x: F.max_pool1d(x, 3, 2, 1)),
    ("avgpool", "1 stride 3 ; 1x1x5x7", [], lambda x: F.avg_pool2d(x, 1, 3)),
    ("avgpool", "3 stride 2 pad 2 ; 1x2x3x5", [],
     lambda x: F.avg_pool2d(pads(x, 2, 2, 2, 2), 3, 2)),
    ("avgpool", "3 stride 2 pad 2 count_pad no ; 3x1x4x5", [],
     lambda x: average(x, (2, 2), (2, 2), kernel_size=3, stride=2)),
    ("avgpool", "3 stride 2 pad 1 ; 2x3x7", [], lambda x: F.avg_pool1d(x, 3, 2, 1)),
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
    *whole("globalmaxpool", F.adaptive_max_pool1d, F.adaptive_max_pool2d),
    *whole("globalavgpool", F.adaptive_avg_pool1d, F.adaptive_avg_pool2d),
    *whole("globalminpool", lambda x, n: -F.adaptive_max_pool1d(-x, n),
           lambda x, n: -F.adaptive_max_pool2d(-x, n)),
    ("minpool", "2 ; 2x3x4x6", [], minimum(2)),
    ("minpool", "3x3 stride 2 ; 2x2x7x5", [], minimum(3, 2)),
    ("minpool", "3x3 stride 2 pad 1 ; 2x2x6x7", [], minimum(3, 2, 1)),
    ("minpool", "3x3 stride 2 ceil ; 2x2x6x8", [], minimum(3, 2, ceil_mode=True)),
    ("minpool", "2 stride 3 pad 1 ceil ; 1x2x6x5", [], minimum(2, 3, 1, ceil_mode=True)),
    ("minpool", "1 stride 2 ; 1x2x5x4", [], minimum(1, 2)),
    ("minpool", "2x3 stride 1x2 pad 1,0,1,2 ; 2x2x4x5", [],
     lambda x: -F.max_pool2d(pads(-x, 1, 0, 1, 2, -INF), (2, 3), (1, 2))),
    ("minpool", "3x2 pad same stride 2 ; 1x2x5x5", [],
     lambda x: -F.max_pool2d(same(-x, 3, 2, 2, -INF), (3, 2), 2)),
    ("minpool", "3 stride 2 dilation 2 pad 1 ; 1x2x7x6", [], minimum(3, 2, 1, dilation=2)),
    ("minpool", "1x3 stride 2 pad 0x1 ; 2x3x8", [], rows(minimum((1, 3), 2, (0, 1)))),
    ("minpool", "1x2 ; 1x1x5", [], rows(minimum((1, 2)))),
    ("minpool", "3 stride 2 pad 2 ; 3x1x3x5", [],
     lambda x: -F.max_pool2d(pads(-x, 2, 2, 2, 2, -INF), 3, 2)),
    ("lppool", "3 stride 2 pad 2 ; 3x1x3x5", [], lp(2, (3, 3), (2, 2), (2, 2, 2, 2))),
    ("lppool", "2 ; 2x3x4x6", [], lambda x: F.lp_pool2d(x, 2, 2)),
    ("lppool", "3 stride 2 ; 2x2x7x5", [], lambda x: F.lp_pool2d(x, 2, 3, 2)),
    ("lppool", "2 stride 3 p 4 ; 1x2x5x6", [], lambda x: F.lp_pool2d(x, 4, 2, 3)),
    ("lppool", "2x3 p 3 ; positive 2x2x5x7", [], lambda x: F.lp_pool2d(x, 3, (2, 3))),
    ("lppool", "2 p 1 ; positive 2x3x4x6", [], lambda x: F.lp_pool2d(x, 1, 2)),
    ("lppool", "2 p 1 ; 2x3x4x6", [], lp(1, (2, 2), (2, 2))),
    ("lppool", "3x3 stride 2 pad 1 p 3 ; 2x2x6x7", [], lp(3, (3, 3), (2, 2), (1, 1, 1, 1))),
    ("lppool", "2x3 stride 1x2 pad 1,0,1,2 p 3.5 ; 2x2x4x5", [],
     lp(3.5, (2, 3), (1, 2), (1, 0, 1, 2))),
    ("lppool", "3 stride 2 dilation 2 pad 2 p 1.5 ; positive 1x2x7x6", [],
     lp(1.5, (3, 3), (2, 2), (2, 2, 2, 2), 2)),
    ("lppool", "3 stride 2 ceil ; 1x2x6x5", [],
     lambda x: lp(2, (3, 3), (2, 2))(pads(x, 0, 0, 1, 0))),
    ("lppool", "1x3 stride 2 p 4 ; 2x3x8", [], rows(lp(4, (1, 3), (2, 2)))),
    ("lppool", "2 p 100 ; 1x2x4x4", [], lp(100, (2, 2), (2, 2))),
    ("globallppool", "; 2x3x4x5", [], lambda x: F.lp_pool2d(x, 2, (4, 5))),
    ("globallppool", "p 3 ; 1x2x7x5", [], lambda x: (x.abs() ** 3).sum((2, 3), keepdim=True) ** (1 / 3)),
    ("globallppool", "; 1x2x1x3", [], lambda x: F.lp_pool2d(x, 2, (1, 3))),
    ("globallppool", "; 3x1x5x2", [], lambda x: F.lp_pool2d(x, 2, (5, 2))),
    ("globallppool", "p 1 ; 3x2x3x3", [], lambda x: x.abs().sum((2, 3), keepdim=True)),
    ("globallppool", "p 1 ; 1x4x2x5", [], lambda x: x.abs().sum((2, 3), keepdim=True)),
    ("globallppool", "p 4 ; 2x2x3x4", [], lambda x: F.lp_pool2d(x, 4, (3, 4))),
    ("globallppool", "p 3 ; positive 2x2x3x4", [], lambda x: F.lp_pool2d(x, 3, (3, 4))),
    ("globallppool", "p 2.5 ; positive 1x3x4x2", [], lambda x: F.lp_pool2d(x, 2.5, (4, 2))),
    ("globallppool", "p 6 ; 2x3x7", [], lambda x: F.lp_pool1d(x, 6, 7)),
    ("globallppool", "; 1x5x3", [], lambda x: F.lp_pool1d(x, 2, 3)),
    ("maxpoolindices", "2 ; 2x3x4x6", [], indices(2)),
    ("maxpoolindices", "3x3 stride 2 ; 2x2x7x5", [], indices(3, 2)),
    ("maxpoolindices", "3x3 stride 2 pad 1 ; 2x2x6x7", [], indices(3, 2, 1)),
    ("maxpoolindices", "3x3 stride 2 ceil ; 2x2x6x8", [], indices(3, 2, ceil_mode=True)),
    ("maxpoolindices", "3x3 stride 2 pad 1 ceil ; 2x2x6x8", [], indices(3, 2, 1, ceil_mode=True)),
    ("maxpoolindices", "2 stride 3 pad 1 ceil ; 1x2x6x5", [], indices(2, 3, 1, ceil_mode=True)),
    ("maxpoolindices", "2x3 stride 1x2 ; 2x2x4x5", [], indices((2, 3), (1, 2))),
    ("maxpoolindices", "3 stride 2 dilation 2 pad 1 ; 1x2x7x6", [], indices(3, 2, 1, dilation=2)),
    ("maxpoolindices", "1 stride 2 ; 3x1x5x4", [], indices(1, 2)),
    ("maxpoolindices", "4x5 ; 1x3x4x5", [], indices((4, 5))),
    ("maxpoolindices", "1x3 stride 2 ; 2x3x8", [],
     lambda x: F.max_pool1d(x, 3, 2, return_indices=True)),
    ("maxunpool", "2 ; 2x3x2x3, below 24 2x3x2x3", [], unpool(4, 6)),
    ("maxunpool", "2 ; 1x1x1x1, below 4 1x1x1x1", [], unpool(2, 2)),
    ("maxunpool", "3 stride 2 ; 1x2x3x2, below 35 1x2x3x2", [], unpool(7, 5)),
    ("maxunpool", "3 stride 2 pad 1 ; 1x2x3x2, below 15 1x2x3x2", [], unpool(5, 3)),
    ("maxunpool", "2 output 5 ; 2x2x2x2, below 25 2x2x2x2", [], unpool(5, 5)),
    ("maxunpool", "2 output 5x4 ; 1x3x2x2, below 20 1x3x2x2", [], unpool(5, 4)),
    ("maxunpool", "2x3 stride 2 pad same ; 1x2x2x3, below 24 1x2x2x3", [], unpool(4, 6)),
    ("maxunpool", "2 stride 3 pad 1,0,0,1 ; 2x1x3x3, below 49 2x1x3x3", [], unpool(7, 7)),
    ("maxunpool", "1 stride 2 ; 3x2x2x3, below 15 3x2x2x3", [], unpool(3, 5)),
    ("maxunpool", "1 ; 2x2x3x3, below 12 2x2x3x3", [], unpool(3, 3)),
    ("maxunpool", "1x2 ; 2x3x4, below 8 2x3x4", [], unpool(1, 8)),
    ("subsample", "; 2x3x4x6", [(3,)] * 2, subsample(2, 2, 2, 2)),
    ("subsample", "; 1x1x2x2", [(1,)] * 2, subsample(2, 2, 2, 2)),
    ("subsample", "2 ; 2x6x5x7", [(6,)] * 2, subsample(2, 2, 2, 2)),
    ("subsample", "3 stride 2 ; 1x2x7x5", [(2,)] * 2, subsample(3, 3, 2, 2)),
    ("subsample", "2 stride 3 ; 3x2x8x6", [(2,)] * 2, subsample(2, 2, 3, 3)),
    ("subsample", "3x2 stride 2x1 ; 2x2x7x5", [(2,)] * 2, subsample(3, 2, 2, 1)),
    ("subsample", "take mean ; 1x4x5x4", [(4,)] * 2, subsample(2, 2, 2, 2, True)),
    ("subsample", "3x2 take mean ; 2x2x6x5", [(2,)] * 2, subsample(3, 2, 3, 2, True)),
    ("subsample", "1 stride 2 take mean ; 2x3x3x5", [(3,)] * 2, subsample(1, 1, 2, 2, True)),
    ("subsample", "4x5 take sum ; 2x2x4x5", [(2,)] * 2, subsample(4, 5, 4, 5)),
    ("adaptivemaxpool", "3 ; 2x3x4x6", [], adaptive(F.adaptive_max_pool2d, 3, 3)),
    ("adaptivemaxpool", "2x3 ; 2x2x7x5", [], adaptive(F.adaptive_max_pool2d, 2, 3)),
    ("adaptivemaxpool", "5 ; 1x2x3x4", [], adaptive(F.adaptive_max_pool2d, 5, 5)),
    ("adaptivemaxpool", "1 ; 3x2x2x3", [], adaptive(F.adaptive_max_pool2d, 1, 1)),
    ("adaptivemaxpool", "7x1 ; 1x2x7x3", [], adaptive(F.adaptive_max_pool2d, 7, 1)),
    ("adaptivemaxpool", "4 ; 2x1x5x9", [], adaptive(F.adaptive_max_pool2d, 4, 4)),
    ("adaptivemaxpool", "6x5 ; 1x1x13x11", [], adaptive(F.adaptive_max_pool2d, 6, 5)),
    ("adaptivemaxpool", "3x4 ; 2x2x1x1", [], adaptive(F.adaptive_max_pool2d, 3, 4)),
    ("adaptivemaxpool", "2 ; 2x3x3x3", [], adaptive(F.adaptive_max_pool2d, 2, 2)),
    ("adaptivemaxpool", "3x7 ; 1x2x8x5", [], adaptive(F.adaptive_max_pool2d, 3, 7)),
    ("adaptivemaxpool", "1x4 ; 2x3x7", [], lambda x: F.adaptive_max_pool1d(x, 4)),
    ("adaptiveavgpool", "3 ; 2x3x4x6", [], adaptive(F.adaptive_avg_pool2d, 3, 3)),
    ("adaptiveavgpool", "2x3 ; 2x2x7x5", [], adaptive(F.adaptive_avg_pool2d, 2, 3)),
    ("adaptiveavgpool", "5 ; 1x2x3x4", [], adaptive(F.adaptive_avg_pool2d, 5, 5)),
    ("adaptiveavgpool", "1 ; 3x2x2x3", [], adaptive(F.adaptive_avg_pool2d, 1, 1)),
    ("adaptiveavgpool", "7x1 ; 1x2x7x3", [], adaptive(F.adaptive_avg_pool2d, 7, 1)),
    ("adaptiveavgpool", "4 ; 2x1x5x9", [], adaptive(F.adaptive_avg_pool2d, 4, 4)),
    ("adaptiveavgpool", "6x5 ; 1x1x13x11", [], adaptive(F.adaptive_avg_pool2d, 6, 5)),
    ("adaptiveavgpool", "3x4 ; 2x2x1x1", [], adaptive(F.adaptive_avg_pool2d, 3, 4)),
    ("adaptiveavgpool", "2 ; 2x3x3x3", [], adaptive(F.adaptive_avg_pool2d, 2, 2)),
    ("adaptiveavgpool", "3x7 ; 1x2x8x5", [], adaptive(F.adaptive_avg_pool2d, 3, 7)),
    ("adaptiveavgpool", "4 ; 2x3x7", [], lambda x: F.adaptive_avg_pool1d(x, 4)),
]
