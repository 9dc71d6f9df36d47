# SPDX-License-Identifier: MIT
"""What the families of problems share."""
import torch
import torch.nn.functional as F

M = 0xFFFFFFFF
INF = float("inf")


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
