# SPDX-License-Identifier: MIT
"""Activations: see ../ops_torch.py."""
import torch
import torch.nn.functional as F


def maxout(pieces):
    return lambda x: x.reshape(x.shape[0], x.shape[1] // pieces, pieces, *x.shape[2:]).amax(2)


CASES = [
    ("relu", "; 2x3x4x5", [], F.relu),
    ("leakyrelu", "; 2x3x4x5", [], F.leaky_relu),
    ("leakyrelu", "0.2 ; 3x7", [], lambda x: F.leaky_relu(x, 0.2)),
    ("elu", "; 2x3x4x5", [], F.elu),
    ("elu", "0.5 ; 3x7", [], lambda x: F.elu(x, 0.5)),
    ("sigmoid", "; 2x3x4x5", [], torch.sigmoid),
    ("tanh", "; 2x3x4x5", [], torch.tanh),
    ("scaledtanh", "; 2x3x4x5", [], lambda x: 1.7159 * torch.tanh(2 / 3 * x)),
    ("maxout", "; 2x6x3x4", [], maxout(2)),
    ("maxout", "3 ; 4x9", [], maxout(3)),
    ("softmax", "; 3x5", [], lambda x: F.softmax(x, 1)),
    ("softmax", "; 2x4x2x3", [], lambda x: F.softmax(x, 1)),
]
