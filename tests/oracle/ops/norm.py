# SPDX-License-Identifier: MIT
"""Normalisations: see ../ops_torch.py."""
import torch
import torch.nn.functional as F


def bn(training, eps=1e-5, momentum=0.1):
    def run(x, w, b, mean, variance):
        return F.batch_norm(x, mean, variance, w, b, training, momentum, eps)

    return run


def lrn(size, **options):
    return lambda x: F.local_response_norm(x, size, **options)


CASES = [
    ("bn", "; 4x3x2x3", [(3,)] * 4, bn(True)),
    ("bn", "; 6x5", [(5,)] * 4, bn(True)),
    ("bn", "epsilon 0.1 momentum 0.5 ; 2x2x3x4", [(2,)] * 4, bn(True, 0.1, 0.5)),
    ("bn inference", "; 4x3x2x3", [(3,)] * 4, bn(False)),
    ("lrn", "; 2x7x2x3", [], lrn(5)),
    ("lrn", "alpha 0.5 ; 2x7x2x3", [], lrn(5, alpha=0.5)),
    ("lrn", "3 alpha 0.3 beta 0.5 k 2 ; 2x4x3x2", [], lrn(3, alpha=0.3, beta=0.5, k=2.0)),
    ("lrn", "9 alpha 0.7 ; 2x4x2x2", [], lrn(9, alpha=0.7)),
]

# The last two parameters are running statistics.
RUNNING = {"bn": 2}
