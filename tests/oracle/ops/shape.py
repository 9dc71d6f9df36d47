# SPDX-License-Identifier: MIT
"""What moves data: see ../ops_torch.py."""
import math

import torch
import torch.nn.functional as F


def shape(*dims):
    return lambda x: x.reshape(*(x.shape[d] if v == 0 else v for d, v in enumerate(dims)))


def pad(pads, mode="constant", value=0.0):
    return lambda x: F.pad(x, pads, mode, value) if mode == "constant" else F.pad(x, pads, mode)


def deep(b):
    """Depth to space, the channel first (DCR)."""
    def run(x):
        n, c, h, w = x.shape
        x = x.reshape(n, b, b, c // (b * b), h, w)
        return x.permute(0, 3, 4, 1, 5, 2).reshape(n, c // (b * b), h * b, w * b)

    return run


def wide(b):
    def run(x):
        n, c, h, w = x.shape
        x = x.reshape(n, c, h // b, b, w // b, b)
        return x.permute(0, 3, 5, 1, 2, 4).reshape(n, c * b * b, h // b, w // b)

    return run


def index(x, axis, indices):
    """ONNX's Gather."""
    flat = x.index_select(axis, indices.reshape(-1) % x.shape[axis])
    return flat.reshape(*x.shape[:axis], *indices.shape, *x.shape[axis + 1:])


def listed(axis, *indices):
    return lambda x: index(x, axis, torch.tensor(indices))


def axis(size, out, scale, mode, coordinates, rounding):
    """The matrix of a resize along one axis, as ONNX defines it."""
    matrix = torch.zeros(out, size, dtype=torch.float64)
    for o in range(out):
        at = {
            "half_pixel": (o + 0.5) / scale - 0.5,
            "pytorch_half_pixel": (o + 0.5) / scale - 0.5 if out > 1 else 0,
            "align_corners": o * (size - 1) / (out - 1) if out > 1 else 0,
            "asymmetric": o / scale,
        }[coordinates]
        low = math.floor(at)
        if mode == "nearest":
            taps = [({"floor": low, "ceil": math.ceil(at), "round_prefer_floor": math.ceil(at - 0.5),
                      "round_prefer_ceil": math.floor(at + 0.5)}[rounding], 1)]
        else:
            taps = [(low, 1 - (at - low)), (low + 1, at - low)]
        for i, weight in taps:
            matrix[o, min(max(i, 0), size - 1)] += weight
    return matrix


def resize(out=None, scale=None, mode="nearest", coordinates="half_pixel",
           rounding="round_prefer_floor"):
    def run(x):
        sizes = out or tuple(math.floor(n * s) for n, s in zip(x.shape[2:], scale))
        scales = scale or tuple(o / n for o, n in zip(sizes, x.shape[2:]))
        h, w = (axis(*a, mode, coordinates, rounding) for a in zip(x.shape[2:], sizes, scales))
        return (h @ x.to(torch.float64) @ w.t()).to(x.dtype)

    return run


def interpolate(**options):
    return lambda x: F.interpolate(x, **options)


def grid(mode="bilinear", padding="zeros", align=False):
    return lambda x, g: F.grid_sample(x, g, mode, padding, align)


def affine(h, w, align=False):
    return lambda t: F.affine_grid(t.reshape(-1, 2, 3), (t.shape[0], 1, h, w), align)


CASES = [
    ("flatten", "1 ; 2x3x2x2", [], lambda x: x.flatten(1)),
    ("flatten", "2 ; constant 2x3x2x2", [], lambda x: x.reshape(6, 4)),
    ("flatten", "3 ; constant 1x2x3x5", [], lambda x: x.reshape(6, 5)),
    ("flatten", "0 ; constant 2x3", [], lambda x: x.reshape(1, 6)),
    ("reshape", "0,-1 ; 2x3x4x5", [], shape(0, -1)),
    ("reshape", "0,6,2,-1 ; 3x4x3x2", [], shape(0, 6, 2, -1)),
    ("reshape", "-1,12 ; 2x3x4", [], shape(-1, 12)),
    ("reshape", "0,-1,1 ; 7", [], shape(0, -1, 1)),
    ("reshape", "0,7,-1 ; 1x7x3", [], shape(0, 7, -1)),
    ("reshape", "5,3 ; constant 15", [], shape(5, 3)),
    ("reshape", "-1,2,6 ; 1x3x4", [], shape(-1, 2, 6)),
    ("reshape", "0,0,2,2 ; 1x3x4", [], shape(0, 0, 2, 2)),
    ("reshape", "0,3,1,4 ; 2x12", [], shape(0, 3, 1, 4)),
    ("reshape", "0,1,1,2,3,1,2 ; 2x12", [], shape(0, 1, 1, 2, 3, 1, 2)),
    ("reshape", "4,-1 ; constant 2x2x3", [], shape(4, -1)),
    ("reshape", "-1 ; constant 2x2x3", [], shape(-1)),
    ("reshape", "0,2,2 ; below 9 3x4", [], shape(0, 2, 2)),
    ("squeeze", "; 2x3x1x1", [], lambda x: x.squeeze(3).squeeze(2)),
    ("squeeze", "; 1x1x3", [], lambda x: x.squeeze(1)),
    ("squeeze", "1 ; 7x1", [], lambda x: x.squeeze(1)),
    ("squeeze", "2 ; 3x4x1x2", [], lambda x: x.squeeze(2)),
    ("squeeze", "-1 ; 3x4x1", [], lambda x: x.squeeze(-1)),
    ("squeeze", "-1,1 ; 1x1x5x1", [], lambda x: x.squeeze(-1).squeeze(1)),
    ("squeeze", "1,3 ; 2x1x2x1x3", [], lambda x: x.squeeze(3).squeeze(1)),
    ("squeeze", "; constant 1x4x1x3", [], lambda x: x.squeeze()),
    ("squeeze", "0 ; constant 1x4x1x3", [], lambda x: x.squeeze(0)),
    ("squeeze", "; 2x1x3x1x1x2", [], lambda x: x.reshape(2, 3, 2)),
    ("squeeze", "2 ; bool 2x3x1", [], lambda x: x.squeeze(2)),
    ("unsqueeze", "1 ; 3x4", [], lambda x: x.unsqueeze(1)),
    ("unsqueeze", "-1 ; 3x4", [], lambda x: x.unsqueeze(-1)),
    ("unsqueeze", "1 ; 1x1", [], lambda x: x.unsqueeze(1)),
    ("unsqueeze", "1,2 ; 7x2", [], lambda x: x.reshape(7, 1, 1, 2)),
    ("unsqueeze", "2 ; 1x7", [], lambda x: x.unsqueeze(2)),
    ("unsqueeze", "-2 ; 3x1x5", [], lambda x: x.unsqueeze(-2)),
    ("unsqueeze", "1,4 ; 1x2x3x2", [], lambda x: x.unsqueeze(1).unsqueeze(4)),
    ("unsqueeze", "0,1 ; constant 5", [], lambda x: x.reshape(1, 1, 5)),
    ("unsqueeze", "2,-1 ; 2x3x2", [], lambda x: x.unsqueeze(2).unsqueeze(-1)),
    ("unsqueeze", "3,1 ; 2x3x2", [], lambda x: x.unsqueeze(1).unsqueeze(3)),
    ("unsqueeze", "-1 ; 5", [], lambda x: x.unsqueeze(-1)),
    ("unsqueeze", "1,2,3 ; 5", [], lambda x: x.reshape(5, 1, 1, 1)),
    ("unsqueeze", "0,2 ; constant 2x3", [], lambda x: x.reshape(1, 2, 1, 3)),
    ("unsqueeze", "0 ; constant 2x3", [], lambda x: x.unsqueeze(0)),
    ("unsqueeze", "1 ; 1x2x2x2x2x2", [], lambda x: x.unsqueeze(1)),
    ("unsqueeze", "1 ; below 6 2x3", [], lambda x: x.unsqueeze(1)),
    ("transpose", "0,2,3,1 ; 2x3x4x5", [], lambda x: x.permute(0, 2, 3, 1)),
    ("transpose", "0,3,1,2 ; 2x3x4x5", [], lambda x: x.permute(0, 3, 1, 2)),
    ("transpose", "0,2,1 ; 1x3x5", [], lambda x: x.permute(0, 2, 1)),
    ("transpose", "0,2,3,1 ; 1x1x7x5", [], lambda x: x.permute(0, 2, 3, 1)),
    ("transpose", "0,1 ; 1x7", [], lambda x: x.permute(0, 1)),
    ("transpose", "0,-1,2,1 ; 3x2x1x4", [], lambda x: x.permute(0, 3, 2, 1)),
    ("transpose", "0,1,2 ; 3x2x3", [], lambda x: x.permute(0, 1, 2)),
    ("transpose", "0,4,1,3,2 ; 2x2x3x2x3", [], lambda x: x.permute(0, 4, 1, 3, 2)),
    ("transpose", "0,5,4,3,2,1,6 ; 1x2x3x2x1x3x2", [], lambda x: x.permute(0, 5, 4, 3, 2, 1, 6)),
    ("transpose", "; constant 2x3x4", [], lambda x: x.permute(2, 1, 0)),
    ("transpose", "1,0 ; constant 5x3", [], lambda x: x.t()),
    ("transpose", "0,2,1 ; below 9 2x3x4", [], lambda x: x.permute(0, 2, 1)),
    ("slice", "1 3 1 ; 2x4x3x2", [], lambda x: x[:, 1:3]),
    ("slice", "0,-2 4,9999 2,3 steps 2,1 ; 1x2x5x4", [], lambda x: x[:, :, 0:4:2, -2:]),
    ("slice", "-1 -9999 -1 steps -2 ; 2x3x6", [], lambda x: x.flip(2)[:, :, ::2]),
    ("slice", "0 1 1 ; 1x1x5", [], lambda x: x[:, 0:1]),
    ("slice", "2,1 3,0 1,2 steps 1,-1 ; 3x4x3", [], lambda x: x[:, 2:3, 1:2]),
    ("slice", "0,0,1 4000000000,2,3 ; 2x3x4", [], lambda x: x[:, 0:2, 1:3]),
    ("slice", "-3 -1 1 ; 2x5", [], lambda x: x[:, -3:-1]),
    ("slice", "-99 3 1 ; 2x5", [], lambda x: x[:, :3]),
    ("slice", "1 99 2 steps 3 ; 2x1x9", [], lambda x: x[:, :, 1::3]),
    ("slice", "99 -99 2 steps -4 ; 2x1x9", [], lambda x: x.flip(2)[:, :, ::4]),
    ("slice", "1 3 ; constant 4x3", [], lambda x: x[1:3]),
    ("slice", "1 3 1 ; below 5 2x4", [], lambda x: x[:, 1:3]),
    ("split", "2 ; 2x4x3x2", [], lambda x: torch.split(x, 2, 1)),
    ("split", "3 ; 1x5x2", [], lambda x: torch.split(x, 2, 1)),
    ("split", "4 ; 3x4", [], lambda x: torch.split(x, 1, 1)),
    ("split", "1 ; 3x4", [], lambda x: x.clone()),
    ("split", "2 axis 2 ; 1x2x5x3", [], lambda x: torch.split(x, 3, 2)),
    ("split", "sizes 1,3,2 ; 2x6x2", [], lambda x: torch.split(x, [1, 3, 2], 1)),
    ("split", "sizes 4 ; 2x4x2", [], lambda x: x.clone()),
    ("split", "sizes 1,2 axis -1 ; 3x2x2x3", [], lambda x: torch.split(x, [1, 2], 3)),
    ("split", "sizes 3,1 axis 2 ; 1x2x4x3", [], lambda x: torch.split(x, [3, 1], 2)),
    ("split", "3 axis 0 ; constant 7x2", [], lambda x: torch.split(x, 3, 0)),
    ("split", "4 ; below 5 2x4", [], lambda x: torch.split(x, 1, 1)),
    ("concat", "axis 2 ; 2x3x1x2, 2x3x3x2", [], lambda *x: torch.cat(x, 2)),
    ("concat", "axis -1 ; 2x2x3x2, 2x2x3x4", [], lambda *x: torch.cat(x, -1)),
    ("concat", "axis 3 ; 1x2x2x1, 1x2x2x2, 1x2x2x3", [], lambda *x: torch.cat(x, 3)),
    ("concat", "axis 0 ; constant 2x3, constant 1x3", [], lambda *x: torch.cat(x, 0)),
    ("concat", "axis 1 ; constant 2x3, constant 2x2", [], lambda *x: torch.cat(x, 1)),
    ("concat", "axis 1 ; 3x2x2, 3x1x2", [], lambda *x: torch.cat(x, 1)),
    ("concat", "axis 2 ; 3x2x2, 3x2x1, 3x2x4, 3x2x1", [], lambda *x: torch.cat(x, 2)),
    ("concat", "; 1x2, 1x3", [], lambda *x: torch.cat(x, 1)),
    ("concat", "; bool 2x2, bool 2x3", [], lambda *x: torch.cat(x, 1)),
    ("concat", "axis 2 ; below 7 2x3x2, below 5 2x3x1", [], lambda *x: torch.cat(x, 2)),
    ("crop", "2x3 ; 2x2x5x4", [], lambda x: x[:, :, 1:3, 0:3]),
    ("crop", "2 ; 1x2x5x5", [], lambda x: x[:, :, 1:3, 1:3]),
    ("crop", "1x2 ; 1x3x1x7", [], lambda x: x[:, :, :, 2:4]),
    ("crop", "3 ; 1x2x3x3", [], lambda x: x.clone()),
    ("crop", "1 ; 2x1x4x6", [], lambda x: x[:, :, 1:2, 2:3]),
    ("crop", "3 top 0 left 2 ; 1x3x4x5", [], lambda x: x[:, :, 0:3, 2:5]),
    ("crop", "1 left 0 ; 3x2x3x2", [], lambda x: x[:, :, 1:2, 0:1]),
    ("crop", "2 top 1 ; 1x1x3x4", [], lambda x: x[:, :, 1:3, 1:3]),
    ("crop", "2x1 top 2 left 3 ; 2x2x4x4", [], lambda x: x[:, :, 2:4, 3:4]),
    ("crop", "1x4 top 3 ; 2x2x4x4", [], lambda x: x[:, :, 3:4]),
    ("crop", "2 ; below 9 2x1x3x3", [], lambda x: x[:, :, 0:2, 0:2]),
    ("tile", "1,2,1,3 ; 2x3x2x2", [], lambda x: x.tile(1, 2, 1, 3)),
    ("tile", "1,1,2,2 ; 1x2x2x3", [], lambda x: x.tile(1, 1, 2, 2)),
    ("tile", "1,3 ; 1x4", [], lambda x: x.tile(1, 3)),
    ("tile", "1,1 ; 3x4", [], lambda x: x.tile(1, 1)),
    ("tile", "1,1,2 ; 3x2x3", [], lambda x: x.tile(1, 1, 2)),
    ("tile", "1,4,1 ; 2x1x3", [], lambda x: x.tile(1, 4, 1)),
    ("tile", "1,2,1,2,1 ; 2x2x1x2x2", [], lambda x: x.tile(1, 2, 1, 2, 1)),
    ("tile", "3,2 ; constant 2x3", [], lambda x: x.tile(3, 2)),
    ("tile", "4 ; constant 3", [], lambda x: x.tile(4)),
    ("tile", "1,2 ; bool 3x2", [], lambda x: x.tile(1, 2)),
    ("expand", "3,4 ; 2x5x1x1", [], lambda x: x.expand(2, 5, 3, 4)),
    ("expand", "1,2,4 ; 3x1x4", [], lambda x: x.expand(3, 2, 4)),
    ("expand", "1,5,3,4 ; 2x1x3x1", [], lambda x: x.expand(2, 5, 3, 4)),
    ("expand", "3 ; 1x2x1", [], lambda x: x.expand(1, 2, 3)),
    ("expand", "1,1,1 ; 2x3x4", [], lambda x: x.clone()),
    ("expand", "1,3,1,2 ; 2x1x2x1", [], lambda x: x.expand(2, 3, 2, 2)),
    ("expand", "2,3,4 ; constant 4", [], lambda x: x.expand(2, 3, 4)),
    ("expand", "2,3 ; constant 2x1", [], lambda x: x.expand(2, 3)),
    ("expand", "2,1,2 ; constant 3x1", [], lambda x: x.expand(2, 3, 2)),
    ("expand", "2,3 ; below 6 2x2x1", [], lambda x: x.expand(2, 2, 3)),
    ("depthtospace", "2 ; 2x8x2x3", [], deep(2)),
    ("depthtospace", "3 ; 1x9x2x1", [], deep(3)),
    ("depthtospace", "2 ; 1x4x1x1", [], deep(2)),
    ("depthtospace", "2 ; 3x12x3x1", [], deep(2)),
    ("depthtospace", "1 ; 2x3x2x3", [], deep(1)),
    ("depthtospace", "2 mode crd ; 2x8x2x3", [], lambda x: F.pixel_shuffle(x, 2)),
    ("depthtospace", "2 mode crd ; 1x12x1x2", [], lambda x: F.pixel_shuffle(x, 2)),
    ("depthtospace", "3 mode crd ; 1x9x1x2", [], lambda x: F.pixel_shuffle(x, 3)),
    ("depthtospace", "3 mode crd ; 2x18x1x1", [], lambda x: F.pixel_shuffle(x, 3)),
    ("depthtospace", "1 mode crd ; 2x3x1x2", [], lambda x: F.pixel_shuffle(x, 1)),
    ("depthtospace", "2 ; below 9 1x8x3x2", [], deep(2)),
    ("spacetodepth", "2 ; 2x2x4x6", [], wide(2)),
    ("spacetodepth", "3 ; 1x2x3x3", [], wide(3)),
    ("spacetodepth", "2 ; 1x3x2x2", [], wide(2)),
    ("spacetodepth", "3 ; 3x1x6x3", [], wide(3)),
    ("spacetodepth", "1 ; 2x2x3x2", [], wide(1)),
    ("spacetodepth", "2 mode crd ; 2x2x4x6", [], lambda x: F.pixel_unshuffle(x, 2)),
    ("spacetodepth", "2 mode crd ; 1x3x2x4", [], lambda x: F.pixel_unshuffle(x, 2)),
    ("spacetodepth", "3 mode crd ; 1x2x3x6", [], lambda x: F.pixel_unshuffle(x, 3)),
    ("spacetodepth", "3 mode crd ; 2x1x3x3", [], lambda x: F.pixel_unshuffle(x, 3)),
    ("spacetodepth", "1 mode crd ; 2x2x1x3", [], lambda x: F.pixel_unshuffle(x, 1)),
    ("spacetodepth", "2 ; below 9 1x2x2x4", [], wide(2)),
    ("pad", "0,0,1,2,0,0,2,1 ; 2x2x3x4", [], pad((2, 1, 1, 2))),
    ("pad", "0,2,0,1 value -1.5 ; 3x4", [], pad((2, 1), value=-1.5)),
    ("pad", "1,-1,0,2 axes 2,3 ; 2x1x3x4", [], pad((-1, 2, 1, 0))),
    ("pad", "0,1,0,0,2,0 value 3 ; 2x2x3", [], pad((0, 0, 1, 2), value=3.0)),
    ("pad", "1,2,2,1 axes 2,3 mode reflect ; 1x2x3x4", [], pad((2, 1, 1, 2), "reflect")),
    ("pad", "4,4 axes 2 mode reflect ; 2x1x5", [], pad((4, 4), "reflect")),
    ("pad", "0,1 axes 2 mode reflect ; 1x1x2", [], pad((0, 1), "reflect")),
    ("pad", "2,1,1,3 axes -2,-1 mode edge ; 2x1x2x3", [], pad((1, 3, 2, 1), "replicate")),
    ("pad", "3,0 axes 2 mode edge ; 1x2x1", [], pad((3, 0), "replicate")),
    ("pad", "2,1,1,3 axes 2,3 mode wrap ; 1x2x3x3", [], pad((1, 3, 2, 1), "circular")),
    ("pad", "-1,2 axes 2 mode reflect ; 1x2x5", [],
     lambda x: F.pad(x[:, :, 1:], (0, 2), "reflect")),
    ("pad", "1,0,1,2 value 4 ; constant 2x3", [], pad((0, 2, 1, 1), value=4.0)),
    ("pad", "0,1,0,1 value 2 ; below 9 2x3", [], pad((1, 1), value=2)),
    ("gather", "2,0,0,-1 axis 1 ; 2x3x2x2", [], listed(1, 2, 0, 0, -1)),
    ("gather", "1 axis 2 ; 2x2x3", [], listed(2, 1)),
    ("gather", "4,3,2,1,0 axis -1 ; 1x5", [], listed(1, 4, 3, 2, 1, 0)),
    ("gather", "-1,-3 axis 3 ; 2x1x2x3", [], listed(3, -1, -3)),
    ("gather", "axis 1 ; 2x4x3, constant below 4 2x3", [], lambda x, i: index(x, 1, i)),
    ("gather", "axis -1 ; 1x2x5, constant below 5 4", [], lambda x, i: index(x, 2, i)),
    ("gather", "axis 2 ; 1x2x3x2, constant below 3 1x2x2", [], lambda x, i: index(x, 2, i)),
    ("gather", "; constant 5x3, below 5 4", [], lambda x, i: index(x, 0, i)),
    ("gather", "; constant 6x2x2, below 6 3x2", [], lambda x, i: index(x, 0, i)),
    ("gather", "; constant 7, below 7 3x2x2", [], lambda x, i: index(x, 0, i)),
    ("gather", "axis 1 ; constant 2x4, constant below 4 2x2", [], lambda x, i: index(x, 1, i)),
    ("gather", "axis 1 ; below 7 2x3, constant below 3 2", [], lambda x, i: index(x, 1, i)),
    ("gatherelements", "; 2x4x3, below 4 2x2x3", [], lambda x, i: x.gather(1, i)),
    ("gatherelements", "; 2x4x3, below 4 2x5x2", [], lambda x, i: x.gather(1, i)),
    ("gatherelements", "-1 ; 3x2x4, below 4 3x2x5", [], lambda x, i: x.gather(2, i)),
    ("gatherelements", "2 ; 1x3x4, below 4 1x2x4", [], lambda x, i: x.gather(2, i)),
    ("gatherelements", "1 ; 4x5, below 5 4x1", [], lambda x, i: x.gather(1, i)),
    ("gatherelements", "3 ; 1x2x2x3, below 3 1x2x1x6", [], lambda x, i: x.gather(3, i)),
    ("gatherelements", "2 ; 2x2x2x3, below 2 2x2x3x3", [], lambda x, i: x.gather(2, i)),
    ("gatherelements", "0 ; constant 4x3, constant below 4 2x3", [], lambda x, i: x.gather(0, i)),
    ("gatherelements", "0 ; constant 4, constant below 4 7", [], lambda x, i: x.gather(0, i)),
    ("gatherelements", "; below 9 2x3, below 3 2x4", [], lambda x, i: x.gather(1, i)),
    ("embedding", "5 3 ; below 5 4", [(5, 3)], F.embedding),
    ("embedding", "7 2 ; below 7 2x3", [(7, 2)], F.embedding),
    ("embedding", "4 3 ; below 4 1x2x2", [(4, 3)], F.embedding),
    ("embedding", "3 1 ; below 3 5x1", [(3, 1)], F.embedding),
    ("embedding", "1 4 ; below 1 3", [(1, 4)], F.embedding),
    ("embedding", "20 2 ; below 20 6", [(20, 2)], F.embedding),
    ("embedding", "2 5 ; below 2 1", [(2, 5)], F.embedding),
    ("embedding", "6 3 ; below 3 3x4", [(6, 3)], F.embedding),
    ("embedding", "3 2 ; below 3 1x2x3x2", [(3, 2)], F.embedding),
    ("embedding", "9 1 ; below 9 2x2", [(9, 1)], F.embedding),
    ("resize", "4x6 ; 2x2x2x3", [], interpolate(size=(4, 6), mode="nearest-exact")),
    ("resize", "3x2 rounding floor coordinates asymmetric ; 1x2x5x4", [],
     interpolate(size=(3, 2), mode="nearest")),
    ("resize", "7x5 rounding floor coordinates asymmetric ; 1x1x3x4", [],
     interpolate(size=(7, 5), mode="nearest")),
    ("resize", "scale 2 mode bilinear ; 2x1x3x2", [],
     interpolate(scale_factor=2, mode="bilinear", align_corners=False)),
    ("resize", "scale 0.6,1.5 mode bilinear coordinates pytorch_half_pixel ; 1x2x5x4", [],
     interpolate(scale_factor=(0.6, 1.5), mode="bilinear", align_corners=False)),
    ("resize", "5x3 mode bilinear coordinates align_corners ; 2x1x3x5", [],
     interpolate(size=(5, 3), mode="bilinear", align_corners=True)),
    ("resize", "1x1 mode bilinear coordinates align_corners ; 1x2x3x2", [],
     interpolate(size=(1, 1), mode="bilinear", align_corners=True)),
    ("resize", "2x9 mode bilinear ; 1x1x5x4", [],
     interpolate(size=(2, 9), mode="bilinear", align_corners=False)),
    ("resize", "1x7 mode bilinear coordinates asymmetric ; 1x2x4x3", [],
     resize((1, 7), mode="bilinear", coordinates="asymmetric")),
    ("resize", "1x2 mode bilinear coordinates pytorch_half_pixel ; 1x1x4x3", [],
     resize((1, 2), mode="bilinear", coordinates="pytorch_half_pixel")),
    ("resize", "1x2 mode bilinear ; 1x1x4x3", [], resize((1, 2), mode="bilinear")),
    ("resize", "scale 1.5 rounding round_prefer_ceil ; 1x1x4x3", [],
     resize(scale=(1.5, 1.5), rounding="round_prefer_ceil")),
    ("resize", "scale 0.75,2 rounding ceil ; 1x1x4x3", [],
     resize(scale=(0.75, 2), rounding="ceil")),
    ("resize", "scale 0.5 rounding round_prefer_floor coordinates asymmetric ; 1x1x5x7", [],
     resize(scale=(0.5, 0.5), coordinates="asymmetric")),
    ("resize", "7x1 rounding ceil coordinates align_corners ; 2x1x3x4", [],
     resize((7, 1), coordinates="align_corners", rounding="ceil")),
    ("resize", "3x5 ; below 9 1x2x2x3", [], resize((3, 5))),
    ("upsample", "; 2x2x2x3", [], interpolate(scale_factor=2)),
    ("upsample", "3 ; 1x1x1x2", [], interpolate(scale_factor=3)),
    ("upsample", "2x1 mode bilinear ; 3x1x5x3", [],
     interpolate(scale_factor=(2, 1), mode="bilinear", align_corners=False)),
    ("upsample", "3x1 ; 1x2x2x2", [], interpolate(scale_factor=(3, 1))),
    ("upsample", "1x4 ; 2x1x2x1", [], interpolate(scale_factor=(1, 4))),
    ("upsample", "2 mode bilinear ; 2x1x3x2", [],
     interpolate(scale_factor=2, mode="bilinear", align_corners=False)),
    ("upsample", "4 mode bilinear ; 1x1x2x2", [],
     interpolate(scale_factor=4, mode="bilinear", align_corners=False)),
    ("upsample", "3x2 mode bilinear ; 1x2x1x3", [],
     interpolate(scale_factor=(3, 2), mode="bilinear", align_corners=False)),
    ("upsample", "1x3 mode bilinear align_corners ; 1x2x2x3", [],
     interpolate(scale_factor=(1, 3), mode="bilinear", align_corners=True)),
    ("upsample", "2 mode bilinear align_corners ; 1x1x1x3", [],
     interpolate(scale_factor=2, mode="bilinear", align_corners=True)),
    ("upsample", "2 ; below 9 1x2x2x2", [],
     lambda x: x.repeat_interleave(2, 2).repeat_interleave(2, 3)),
    ("gridsample", "; 2x2x4x5, 2x3x2x2", [], grid()),
    ("gridsample", "; 1x1x2x2, 1x5x5x2", [], grid()),
    ("gridsample", "; 1x3x1x4, 1x1x6x2", [], grid()),
    ("gridsample", "align_corners ; 1x3x3x4, 1x2x3x2", [], grid(align=True)),
    ("gridsample", "align_corners ; 2x1x5x1, 2x4x1x2", [], grid(align=True)),
    ("gridsample", "padding border ; 2x1x3x3, 2x3x3x2", [], grid(padding="border")),
    ("gridsample", "padding border align_corners ; 1x1x1x5, 1x3x2x2", [],
     grid(padding="border", align=True)),
    ("gridsample", "padding reflection ; 1x2x3x2, 1x3x4x2", [], grid(padding="reflection")),
    ("gridsample", "padding reflection align_corners ; 1x2x2x3, 1x3x3x2", [],
     grid(padding="reflection", align=True)),
    ("gridsample", "mode nearest ; 2x2x3x4, 2x2x3x2", [], grid("nearest")),
    ("gridsample", "mode nearest padding border align_corners ; 1x2x3x3, 1x2x2x2", [],
     grid("nearest", "border", True)),
    ("gridsample", "mode nearest padding reflection ; 1x2x2x4, 1x3x3x2", [],
     grid("nearest", "reflection")),
    ("affinegrid", "2x3 ; 2x2x3", [], affine(2, 3)),
    ("affinegrid", "3 ; 1x6", [], affine(3, 3)),
    ("affinegrid", "1x4 ; 2x6", [], affine(1, 4)),
    ("affinegrid", "3x5 ; 3x2x3", [], affine(3, 5)),
    ("affinegrid", "2 ; 1x6x1x1", [], affine(2, 2)),
    ("affinegrid", "5x2 align_corners ; 5x6", [], affine(5, 2, True)),
    ("affinegrid", "1x3 align_corners ; 2x6x1x1", [], affine(1, 3, True)),
    ("affinegrid", "5x1 ; 1x2x3", [], affine(5, 1)),
    ("affinegrid", "1 ; 3x6", [], affine(1, 1)),
    ("affinegrid", "2x3 align_corners ; 2x2x3", [], affine(2, 3, True)),
    ("affinegrid", "4x2 align_corners ; 1x6", [], affine(4, 2, True)),
    ("affinegrid", "3x1 align_corners ; 2x6", [], affine(3, 1, True)),
    ("affinegrid", "1 align_corners ; 1x2x3", [], affine(1, 1, True)),
    ("affinegrid", "1x2 ; 3x6x1x1", [], affine(1, 2)),
]
