# SPDX-License-Identifier: MIT
"""Activations: see ../ops_torch.py."""
import functools

import torch
import torch.nn.functional as F

# Shapes that every activation meets: a map, a vector, one sample, odd sizes, other ranks.
SHAPES = ["2x3x4x5", "3x7", "1x1", "1x5", "2x1x3x1", "1x2x3x5", "5x3", "2x3x2x1x3", "4x1x1x2",
          "3x2x5"]


def maxout(pieces):
    return lambda x: x.reshape(x.shape[0], x.shape[1] // pieces, pieces, *x.shape[2:]).amax(2)


def everywhere(op, function, *variants):
    """Ten problems: the shapes, with the variants of the options in turn. A variant: the options'
    text, and what the function gets beside x."""
    variants = variants or (("", {}),)
    for i, shape in enumerate(SHAPES):
        text, given = variants[i % len(variants)]
        yield (op, "%s ; %s" % (text, shape), [], functools.partial(function, **given))


def positive(cases):
    """The same with inputs from 0.5 to 1.5, which meet other sides of a kink."""
    for op, sample, params, function in cases:
        yield (op, sample.replace("; ", "; positive "), params, function)


def hardsigmoid(x, alpha=0.2, beta=0.5):
    return torch.clamp(alpha * x + beta, 0, 1)


def selu(x, alpha, gamma):
    return gamma * torch.where(x > 0, x, alpha * torch.expm1(x))


def clip(x, low=-torch.inf, high=torch.inf):
    return torch.clamp(x, low, high)


def prelu():
    for i, shape in enumerate(SHAPES):
        channels = int(shape.split("x")[1])
        yield ("prelu", "; " + shape, [(1,)], F.prelu)
        yield ("prelu", "%s ; %s" % ("channels" if i % 2 else "slopes channels initial -1", shape),
               [(channels,)], F.prelu)


def hardmax(x, axis):
    """PyTorch has no such function; the first among equals, which do not arise here."""
    return F.one_hot(x.argmax(axis), x.shape[axis]).movedim(-1, axis).to(x.dtype).detach()


def along(op, function):
    """Every axis of values of the batch, from the front and from the end, and of constants."""
    for shape in ["3x5", "1x1", "2x4x2x3", "1x3x5", "2x3x2x1x3", "2x1x3x4"]:
        rank = shape.count("x") + 1
        yield (op, "; " + shape, [], functools.partial(function, axis=1))
        for axis in list(range(2, rank)) + list(range(1 - rank, 0)):
            yield (op, "axis %d ; %s" % (axis, shape), [], functools.partial(function, axis=axis))
    for shape, axis in (("4x3", 0), ("5", 0), ("7", -1), ("2x3x4", 0), ("2x3x4", 1), ("3x2x3", -3)):
        yield (op, "axis %d ; constant %s" % (axis, shape), [],
               functools.partial(function, axis=axis))


CASES = [
    *everywhere("relu", F.relu),
    *everywhere("leakyrelu", lambda x, slope=0.01: F.leaky_relu(x, slope), ("", {}),
                ("0.2", {"slope": 0.2}), ("slope 0", {"slope": 0})),
    *everywhere("elu", F.elu, ("", {}), ("0.5", {"alpha": 0.5}), ("alpha 2", {"alpha": 2})),
    *everywhere("sigmoid", torch.sigmoid),
    *everywhere("tanh", torch.tanh),
    *everywhere("scaledtanh", lambda x: 1.7159 * torch.tanh(2 / 3 * x)),
    *[("maxout", "%s ; %s" % ("" if pieces == 2 else pieces, shape), [], maxout(pieces))
      for pieces, shape in ((2, "2x6x3x4"), (3, "4x9"), (2, "1x2"), (4, "1x4x1x3"), (1, "3x5"),
                            (5, "2x5x7"), (3, "1x6x2x2x3"), (2, "7x4x1x1"), (7, "2x7"),
                            (4, "3x8x5"))],
    *everywhere("dropout inference", F.dropout, ("", {"training": False}),
                ("0.9", {"training": False})),
    *everywhere("dropout", lambda x: F.dropout(x, 0), ("0", {})),
    *prelu(),
    *everywhere("thresholdedrelu", lambda x, alpha: F.threshold(x, alpha, 0),
                ("0.25", {"alpha": 0.25}), ("alpha -0.3", {"alpha": -0.3}), ("0", {"alpha": 0})),
    *positive(everywhere("thresholdedrelu", lambda x: F.threshold(x, 1, 0))),
    *everywhere("shrink", F.hardshrink, ("", {}), ("0.25", {"lambd": 0.25})),
    *everywhere("shrink", F.softshrink, ("0.25 0.25", {"lambd": 0.25})),
    *everywhere("selu", F.selu),
    ("selu", "alpha 0.5 gamma 2 ; 3x7", [], lambda x: selu(x, 0.5, 2)),
    ("selu", "alpha 0 ; 1x9", [], lambda x: selu(x, 0, 1.0507009873554805)),
    *everywhere("celu", F.celu, ("", {}), ("0.5", {"alpha": 0.5}), ("alpha 2", {"alpha": 2})),
    *everywhere("gelu", F.gelu),
    *everywhere("gelu", F.gelu, ("approximate tanh", {"approximate": "tanh"})),
    *everywhere("silu", F.silu),
    *everywhere("mish", F.mish),
    *everywhere("softplus", F.softplus, ("", {}), ("2.5", {"beta": 2.5}),
                ("beta 0.5", {"beta": 0.5})),
    *everywhere("softsign", F.softsign),
    *everywhere("hardsigmoid", hardsigmoid, ("", {}), ("1.5 0.3", {"alpha": 1.5, "beta": 0.3}),
                ("alpha -1 beta 0.75", {"alpha": -1, "beta": 0.75})),
    *everywhere("hardsigmoid", F.hardsigmoid, ("1/6", {})),
    *everywhere("hardswish", F.hardswish),
    *everywhere("clip", clip, ("-0.5 0.25", {"low": -0.5, "high": 0.25}),
                ("max 0.3", {"high": 0.3}), ("min -0.3", {"low": -0.3}), ("", {}),
                ("0.5 -0.5", {"low": 0.5, "high": -0.5})),
    *everywhere("clip", F.relu6, ("0 6", {})),
    *along("softmax", lambda x, axis: F.softmax(x, axis)),
    *along("logsoftmax", lambda x, axis: F.log_softmax(x, axis)),
    *along("hardmax", hardmax),
]
