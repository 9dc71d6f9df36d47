# SPDX-License-Identifier: MIT
"""Convolutions: see ../ops_torch.py."""
import torch
import torch.nn.functional as F

from ops.common import pads, same


def transposed(**options):
    return lambda x, w, b=None: F.conv_transpose2d(x, w, b, **options)


def sides(x, top, left, bottom, right):
    """Rows and columns taken off."""
    return x[:, :, top:x.shape[2] - bottom, left:x.shape[3] - right]


def local(kernel, **window):
    """Weights [out height, out width, filters, channels, kernel height, kernel width]."""
    def run(x, w, b=None):
        columns = F.unfold(x, kernel, **window)
        columns = columns.reshape(x.shape[0], -1, w.shape[0], w.shape[1])
        y = torch.einsum("ncij,ijkc->nkij", columns, w.flatten(3))
        return y if b is None else y + b

    return run


def local1(kernel, **window):
    """The same of a sequence, [out width, filters, channels, kernel]."""
    def run(x, w, b):
        columns = F.unfold(x[:, :, None], (1, kernel), **window)
        return torch.einsum("ncj,jkc->nkj", columns, w.flatten(2)) + b

    return run


LENET = [[0, 1, 2], [1, 2, 3], [2, 3, 4], [3, 4, 5], [0, 4, 5], [0, 1, 5],
         [0, 1, 2, 3], [1, 2, 3, 4], [2, 3, 4, 5], [0, 3, 4, 5], [0, 1, 4, 5], [0, 1, 2, 5],
         [0, 1, 3, 4], [1, 2, 4, 5], [0, 2, 3, 5], [0, 1, 2, 3, 4, 5]]


MASKS = [1 + k * 3 for k in range(20)]  # a table by hand for more filters than LeNet-5 has
MASKED = sum(bin(m).count("1") for m in MASKS)


def table(reads, **window):
    """A convolution whose filter k has weights for the maps in reads[k] and zeros for others; a bias
    for each filter or for each unit."""
    pairs = [(k, c) for k, maps in enumerate(reads) for c in maps]

    def run(x, w, b=None):
        dense = torch.zeros(len(reads), x.shape[1], *w.shape[2:], dtype=w.dtype)
        dense = dense.index_put(tuple(torch.tensor(pairs).T), w[:, 0])
        y = (F.conv1d if x.dim() == 3 else F.conv2d)(x, dense, **window)
        return y if b is None else y + (b[:, None, None] if b.dim() == 1 else b)

    return run


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
    ("conv", "4 3 stride 2 pad 1 ; 2x3x9", [(4, 3, 3), (4,)],
     lambda x, w, b: F.conv1d(x, w, b, stride=2, padding=1)),
    ("conv", "4 1x3 bias no ; 1x2x7", [(4, 2, 3)], F.conv1d),
    ("conv", "6 1x3 groups 3 dilation 2 pad 0,4,0,0 ; 2x6x8", [(6, 2, 3), (6,)],
     lambda x, w, b: F.conv1d(F.pad(x, (4, 0)), w, b, groups=3, dilation=2)),
    ("conv", "2 2 stride 3 ; 3x1x7", [(2, 1, 2), (2,)], lambda x, w, b: F.conv1d(x, w, b, stride=3)),
    ("conv", "3 4 pad same ; 1x2x6", [(3, 2, 4), (3,)],
     lambda x, w, b: F.conv1d(x, w, b, padding="same")),
    ("conv", "5 1 ; 2x3x1", [(5, 3, 1), (5,)], F.conv1d),
    ("conv", "3 3x2 flip pad 1 ; 2x2x4x5", [(3, 2, 3, 2), (3,)],
     lambda x, w, b: F.conv2d(x, w.flip(2, 3), b, padding=1)),
    ("conv", "4 2x3 flip groups 2 stride 2 bias no ; 1x4x5x6", [(4, 2, 2, 3)],
     lambda x, w: F.conv2d(x, w.flip(2, 3), groups=2, stride=2)),
    ("conv", "2 3 flip ; 1x2x6", [(2, 2, 3), (2,)], lambda x, w, b: F.conv1d(x, w.flip(2), b)),
    ("convtranspose", "3 3x3 ; 2x2x3x4", [(2, 3, 3, 3), (3,)], F.conv_transpose2d),
    ("convtranspose", "2 2 stride 2 bias no ; 2x3x3x2", [(3, 2, 2, 2)], transposed(stride=2)),
    ("convtranspose", "2 3x2 stride 2x3 pad 1x0 ; 1x2x3x3", [(2, 2, 3, 2), (2,)],
     transposed(stride=(2, 3), padding=(1, 0))),
    ("convtranspose", "4 3 stride 2 pad 1 output_pad 1 groups 2 ; 2x4x2x3", [(4, 2, 3, 3), (4,)],
     transposed(stride=2, padding=1, output_padding=1, groups=2)),
    ("convtranspose", "2 2 stride 3 output_pad 2x1 ; 1x2x2x3", [(2, 2, 2, 2), (2,)],
     transposed(stride=3, output_padding=(2, 1))),
    ("convtranspose", "2 3x2 dilation 2x3 output_pad 1x2 ; 2x2x2x3", [(2, 2, 3, 2), (2,)],
     transposed(dilation=(2, 3), output_padding=(1, 2))),
    ("convtranspose", "3 4 stride 2 pad 1 groups 3 ; 1x3x3x2", [(3, 1, 4, 4), (3,)],
     transposed(stride=2, padding=1, groups=3)),
    ("convtranspose", "3 4x3 stride 2 pad same ; 1x2x3x2", [(2, 3, 4, 3), (3,)],
     lambda x, w, b: sides(F.conv_transpose2d(x, w, b, stride=2), 1, 0, 1, 1)),
    ("convtranspose", "2 4x3 stride 2x3 pad 1,0,2,1 ; 1x2x3x3", [(2, 2, 4, 3), (2,)],
     lambda x, w, b: sides(F.conv_transpose2d(x, w, b, stride=(2, 3)), 1, 0, 2, 1)),
    ("convtranspose", "2 2 stride 3 pad same ; 1x1x2x3", [(1, 2, 2, 2), (2,)],
     transposed(stride=3, output_padding=1)),
    ("convtranspose", "1 1 ; 1x1x1x1", [(1, 1, 1, 1), (1,)], F.conv_transpose2d),
    ("convtranspose", "2 5x3 pad 2x1 ; 1x3x2x4", [(3, 2, 5, 3), (2,)], transposed(padding=(2, 1))),
    ("convtranspose", "3 5 stride 2 pad 2 output_pad 1 ; 2x2x4", [(2, 3, 5), (3,)],
     lambda x, w, b: F.conv_transpose1d(x, w, b, stride=2, padding=2, output_padding=1)),
    ("convtranspose", "4 3 groups 2 bias no ; 1x2x3", [(2, 2, 3)],
     lambda x, w: F.conv_transpose1d(x, w, groups=2)),
    ("local", "2 2x2 ; 2x2x3x4", [(2, 3, 2, 2, 2, 2), (2, 2, 3)], local(2)),
    ("local", "3 3x2 bias no ; 1x2x4x3", [(2, 2, 3, 2, 3, 2)], local((3, 2))),
    ("local", "2 3x2 stride 2x1 pad 1 ; 1x2x4x3", [(2, 4, 2, 2, 3, 2), (2, 2, 4)],
     local((3, 2), stride=(2, 1), padding=1)),
    ("local", "1 2 dilation 2 pad 1 ; 2x1x3x4", [(3, 4, 1, 1, 2, 2), (1, 3, 4)],
     local(2, dilation=2, padding=1)),
    ("local", "3 3 stride 2 pad same ; 1x1x4x5", [(2, 3, 3, 1, 3, 3), (3, 2, 3)],
     lambda x, w, b: local(3, stride=2)(same(x, 3, 3, 2), w, b)),
    ("local", "2 2 stride 3 ; 3x1x5x6", [(2, 2, 2, 1, 2, 2), (2, 2, 2)], local(2, stride=3)),
    ("local", "1 1x3 stride 1x2 ; 2x1x1x7", [(1, 3, 1, 1, 1, 3), (1, 1, 3)],
     local((1, 3), stride=(1, 2))),
    ("local", "2 4x3 ; 1x2x4x3", [(1, 1, 2, 2, 4, 3), (2, 1, 1)], local((4, 3))),
    ("local", "2 1 ; 2x3x2x2", [(2, 2, 2, 3, 1, 1), (2, 2, 2)], local(1)),
    ("local", "2 3 stride 2 ; 2x2x7", [(3, 2, 2, 3), (2, 3)], local1(3, stride=2)),
    ("local", "2 2x3 stride 3 pad 2 ; 1x1x3x5", [(2, 3, 2, 1, 2, 3), (2, 2, 3)],
     local((2, 3), stride=3, padding=2)),
    ("local", "1 4 pad 0x2 ; 1x2x5", [(6, 1, 2, 4), (1, 6)], local1(4, padding=(0, 2))),
    ("tableconv", "3 2x2 ; 2x2x3x4", [(6, 1, 2, 2), (3,)], table([[0, 1]] * 3)),
    ("tableconv", "2 2x3 table full bias no ; 2x3x3x4", [(6, 1, 2, 3)],
     lambda x, w: F.conv2d(x, w, groups=3)),
    ("tableconv", "3 3 table full stride 2 pad 1 ; 1x2x5x4", [(6, 1, 3, 3), (6,)],
     lambda x, w, b: F.conv2d(x, w, b, groups=2, stride=2, padding=1)),
    ("tableconv", "5 3 table direct pad 1 stride 2 ; 1x3x4x3", [(5, 1, 3, 3), (5,)],
     table([[0], [1], [2], [0], [1]], padding=1, stride=2)),
    ("tableconv", "2 3 table direct ; 1x5x3x4", [(2, 1, 3, 3), (2,)], table([[0], [2]])),
    ("tableconv", "3 3 table direct ; 2x3x3x4", [(3, 1, 3, 3), (3,)],
     lambda x, w, b: F.conv2d(x, w, b, groups=3)),
    ("tableconv", "16 1x2 table lenet ; 1x6x2x3", [(60, 1, 1, 2), (16,)], table(LENET)),
    ("tableconv", "16 3 table lenet bias unit ; 1x6x3x4", [(60, 1, 3, 3), (16, 1, 2)], table(LENET)),
    ("tableconv", "4 2 masks 5,2,3 dilation 2 ; 2x3x3x4", [(7, 1, 2, 2), (4,)],
     table([[0, 2], [1], [0, 1], [0, 2]], dilation=2)),
    ("tableconv", "3 2 masks 4,7 stride 3 bias unit ; 1x3x5x5", [(5, 1, 2, 2), (3, 2, 2)],
     table([[2], [0, 1, 2], [2]], stride=3)),
    ("tableconv", "2 2 stride 3 pad 2 ; 1x1x4x3", [(2, 1, 2, 2), (2,)],
     table([[0], [0]], stride=3, padding=2)),
    ("tableconv", "20 1 masks %s bias no ; 1x6x2x1" % ",".join(map(str, MASKS)), [(MASKED, 1, 1, 1)],
     table([[c for c in range(6) if m >> c & 1] for m in MASKS])),
    ("tableconv", "3 2 masks 3,6 pad 1 ; 2x3x5", [(6, 1, 2), (3,)],
     lambda x, w, b: table([[0, 1], [1, 2], [0, 1]], padding=1)(x, w) + b[:, None]),
]
