# SPDX-License-Identifier: MIT
"""Losses: see ../ops_torch.py."""
import torch
import torch.nn.functional as F

from ops.common import fill


def entropy(ignore=-100):
    return lambda x, labels: F.cross_entropy(x if labels.dim() > 1 else x.flatten(1), labels,
                                             ignore_index=ignore).reshape(1)


def squared(x, target):
    if target.dtype == torch.int64:
        target = F.one_hot(target, x.shape[1]).to(x.dtype)
    return (0.5 * ((x.flatten(1) - target.flatten(1)) ** 2).sum(1)).mean().reshape(1)


def target(sample, shape):
    """What a loss is given beside x: a number per value, or a label per sample or pixel."""
    if "target vector" in sample:
        return fill(1, shape)
    pixels = shape[2:] if shape[2:] not in ((), (1, 1)) else ()
    return torch.floor((fill(1, (shape[0], *pixels)) + 1) / 2 * shape[1]).to(torch.int64)


CASES = [
    ("crossentropy", "; 4x5", [], entropy()),
    ("crossentropy", "; 3x10x1x1", [], entropy()),
    ("crossentropy", "ignore 1 ; 5x3", [], entropy(1)),
    ("crossentropy", "; 2x3x4x5", [], entropy()),
    ("crossentropy", "ignore 2 ; 2x4x3x3", [], entropy(2)),
    ("squarederror", "; 4x5", [], squared),
    ("squarederror", "target vector ; 4x5", [], squared),
    ("squarederror", "target vector ; 2x2x3x3", [], squared),
]

TARGETS = {"crossentropy": target, "squarederror": target}
