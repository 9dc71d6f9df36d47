# SPDX-License-Identifier: MIT
"""Normalisations: see ../ops_torch.py."""
import torch
import torch.nn.functional as F


def bn(training, eps=1e-5, momentum=0.1):
    def run(x, w, b, mean, variance):
        return F.batch_norm(x, mean, variance, w, b, training, momentum, eps)

    return run


def lrn(size, **options):
    """PyTorch's wants a third dimension."""
    return lambda x: F.local_response_norm(x.unsqueeze(-1), size, **options).squeeze(-1)


def lrn_within(size, alpha=1e-4, beta=0.75, k=1.0):
    """Caffe's WITHIN_CHANNEL: the mean of squares over a square of pixels."""
    return lambda x: x / (k + alpha * F.avg_pool2d(x * x, size, 1, size // 2)) ** beta


def instance(eps=1e-5):
    return lambda x, w=None, b=None: F.instance_norm(x, weight=w, bias=b, eps=eps)


def group(groups, eps=1e-5):
    return lambda x, w=None, b=None: F.group_norm(x, groups, w, b, eps)


def layer(axis, eps=1e-5):
    return lambda x, w=None, b=None: F.layer_norm(x, x.shape[axis:], w, b, eps)


def mean_variance(*axes, eps=1e-9):
    """ONNX's MeanVarianceNormalization."""

    def run(x):
        mean = x.mean(axes, keepdim=True)
        return (x - mean) / (torch.sqrt(((x - mean) ** 2).mean(axes, keepdim=True)) + eps)

    return run


def unit(axis=1, p=2, eps=1e-12):
    return lambda x: F.normalize(x, p, axis, eps)


CASES = [
    ("bn", "; 4x3x2x3", [(3,)] * 4, bn(True)),
    ("bn", "; 6x5", [(5,)] * 4, bn(True)),
    ("bn", "epsilon 0.1 momentum 0.5 ; 2x2x3x4", [(2,)] * 4, bn(True, 0.1, 0.5)),
    ("bn inference", "; 4x3x2x3", [(3,)] * 4, bn(False)),
    ("bn", "; 1x3x3x5", [(3,)] * 4, bn(True)),
    ("bn", "; 5x1x1x1", [(1,)] * 4, bn(True)),
    ("bn", "momentum 1 ; 7x2", [(2,)] * 4, bn(True, momentum=1.0)),
    ("bn", "epsilon 1e-3 momentum 0.01 ; 3x4x5", [(4,)] * 4, bn(True, 1e-3, 0.01)),
    ("bn", "; 1x2x7", [(2,)] * 4, bn(True)),
    ("bn", "; 2x3x2x3x2", [(3,)] * 4, bn(True)),
    ("bn inference", "; 1x5", [(5,)] * 4, bn(False)),
    ("bn inference", "epsilon 0.1 ; 1x2x3x3", [(2,)] * 4, bn(False, 0.1)),
    ("lrn", "; 2x7x2x3", [], lrn(5)),
    ("lrn", "3 alpha 2 ; 1x5", [], lrn(3, alpha=2.0)),
    ("lrn", "7 alpha 0.9 beta 1.5 ; 3x9x1x1", [], lrn(7, alpha=0.9, beta=1.5)),
    ("lrn", "1 alpha 1 beta 0.5 ; 1x1x3x5", [], lrn(1, alpha=1.0, beta=0.5)),
    ("lrn", "5 alpha 0.5 k 0.5 ; 2x6x7", [], lrn(5, alpha=0.5, k=0.5)),
    ("lrn", "3 alpha 3 ; 1x3x2x1x3", [], lrn(3, alpha=3.0)),
    ("lrn", "alpha 0.5 ; 2x7x2x3", [], lrn(5, alpha=0.5)),
    ("lrn", "3 alpha 0.3 beta 0.5 k 2 ; 2x4x3x2", [], lrn(3, alpha=0.3, beta=0.5, k=2.0)),
    ("lrn", "9 alpha 0.7 ; 2x4x2x2", [], lrn(9, alpha=0.7)),
    ("lrn", "3 alpha 2 region within ; 2x2x4x5", [], lrn_within(3, 2)),
    ("lrn", "region within ; 2x3x6x5", [], lrn_within(5)),
    ("lrn", "5 alpha 3 beta 1.5 k 2 region within ; 1x3x5x4", [], lrn_within(5, 3, 1.5, 2)),
    ("lrn", "1 alpha 0.5 beta 0.5 region within ; 1x1x3x4", [], lrn_within(1, 0.5, 0.5)),
    ("lrn", "7 alpha 10 region within ; 3x1x4x7", [], lrn_within(7, 10)),
    ("instancenorm", "; 2x3x3x4", [(3,)] * 2, instance()),
    ("instancenorm", "; 1x1x5x5", [(1,)] * 2, instance()),
    ("instancenorm", "; 3x2x1x2", [(2,)] * 2, instance()),
    ("instancenorm", "; 3x2x7", [(2,)] * 2, instance()),
    ("instancenorm", "; 1x4x2", [(4,)] * 2, instance()),
    ("instancenorm", "epsilon 0.1 ; 3x2x7x1", [(2,)] * 2, instance(0.1)),
    ("instancenorm", "affine no ; 1x2x3x5", [], instance()),
    ("instancenorm", "affine no epsilon 1e-3 ; 4x1x2x3", [], instance(1e-3)),
    ("instancenorm", "epsilon 1e-3 ; 2x2x2x3x2", [(2,)] * 2, instance(1e-3)),
    ("instancenorm", "epsilon 1e-8 ; 2x5x3x3", [(5,)] * 2, instance(1e-8)),
    ("groupnorm", "2 ; 2x4x2x3", [(4,)] * 2, group(2)),
    ("groupnorm", "1 ; 2x3x2x3", [(3,)] * 2, group(1)),
    ("groupnorm", "3 ; 1x3x3x4", [(3,)] * 2, group(3)),
    ("groupnorm", "1 epsilon 0.1 ; 3x6", [(6,)] * 2, group(1, 0.1)),
    ("groupnorm", "3 ; 2x9", [(9,)] * 2, group(3)),
    ("groupnorm", "2 affine no epsilon 1e-3 ; 2x6x5", [], group(2, 1e-3)),
    ("groupnorm", "5 ; 1x5x7", [(5,)] * 2, group(5)),
    ("groupnorm", "2 ; 3x2x1x3", [(2,)] * 2, group(2)),
    ("groupnorm", "1 ; 2x3x2x2x2", [(3,)] * 2, group(1)),
    ("groupnorm", "4 epsilon 1e-8 ; 1x8x3x1", [(8,)] * 2, group(4, 1e-8)),
    ("layernorm", "; 2x3x2x3", [(3, 2, 3)] * 2, layer(1)),
    ("layernorm", "; 1x7", [(7,)] * 2, layer(1)),
    ("layernorm", "axis -1 ; 2x3x7", [(7,)] * 2, layer(-1)),
    ("layernorm", "axis -2 ; 2x3x2x5", [(2, 5)] * 2, layer(-2)),
    ("layernorm", "axis 2 epsilon 0.1 ; 1x3x2x4", [(2, 4)] * 2, layer(2, 0.1)),
    ("layernorm", "axis 3 ; 3x2x2x5", [(5,)] * 2, layer(3)),
    ("layernorm", "affine no ; 3x8", [], layer(1)),
    ("layernorm", "axis 2 affine no epsilon 1e-3 ; 2x3x5", [], layer(2, 1e-3)),
    ("layernorm", "axis 0 ; constant 3x4", [(3, 4)] * 2, layer(0)),
    ("layernorm", "axis -1 ; constant 9", [(9,)] * 2, layer(0)),
    ("layernorm", "axis 3 ; 1x2x2x2x3x2", [(2, 3, 2)] * 2, layer(3)),
    ("meanvariance", "2,3 ; 2x3x3x4", [], mean_variance(2, 3)),
    ("meanvariance", "1,2,3 ; 2x3x2x3", [], mean_variance(1, 2, 3)),
    ("meanvariance", "; constant 2x3x2x3", [], mean_variance(0, 2, 3)),
    ("meanvariance", "0 ; constant 5x3", [], mean_variance(0)),
    ("meanvariance", "2 ; 5x1x3", [], mean_variance(2)),
    ("meanvariance", "1 epsilon 0.1 ; 3x7", [], mean_variance(1, eps=0.1)),
    ("meanvariance", "1,-1 ; 2x3x2x4", [], mean_variance(1, -1)),
    ("meanvariance", "-2 ; 1x2x7x3", [], mean_variance(-2)),
    ("meanvariance", "axes 3,1 ; 1x3x2x5", [], mean_variance(1, 3)),
    ("meanvariance", "axes 3,1,4 ; 1x3x2x2x3", [], mean_variance(1, 3, 4)),
    ("meanvariance", "axes 2 epsilon 0.5 ; 2x2x9", [], mean_variance(2, eps=0.5)),
    ("l2norm", "; 2x4x2x3", [], unit()),
    ("l2norm", "; 1x9", [], unit()),
    ("l2norm", "axis -1 ; 3x2x5", [], unit(-1)),
    ("l2norm", "axis 2 ; 2x3x4x2", [], unit(2)),
    ("l2norm", "axis 0 ; constant 3x4", [], unit(0)),
    ("l2norm", "p 1 ; 2x7", [], unit(1, 1)),
    ("l2norm", "p 1 ; 2x3x2x2", [], unit(1, 1)),
    ("l2norm", "axis 2 p 1 ; 1x2x3x2", [], unit(2, 1)),
    ("l2norm", "axis -2 p 1 ; 2x5x3", [], unit(-2, 1)),
    ("l2norm", "epsilon 0.9 ; 4x3x2", [], unit(eps=0.9)),
]

# The last two parameters are running statistics.
RUNNING = {"bn": 2}
