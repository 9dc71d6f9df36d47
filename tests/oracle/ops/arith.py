# SPDX-License-Identifier: MIT
"""Arithmetic, comparisons, reductions, products: see ../ops_torch.py."""
import torch
import torch.nn.functional as F

SHAPES = ["2x3x4", "1x5", "7x1", "3x2x1x3", "1x1x2x2", "constant 7", "constant 2x3", "2x2x2x2x2",
          "5x3", "constant 1x4x2"]
PAIRS = ["2x3x4, {}2x3x4", "3x4, constant {}4", "2x3x2, {}2x1x2", "2x1x3, {}2x4x1",
         "1x5, constant {}1x5", "constant 4x1, constant {}3", "2x3x1x2, constant {}1x1x3x1",
         "constant 3, {}2x3", "1x1, {}1x7", "7x1x2, constant {}2x2", "2x3, constant {}1"]
WHOLE = ["below 9 3x4, below 7 3x1", "below 9 2x3x4, constant below 5 4", "below 3 1x5, below 4 1x5"]
BOOLS = ["bool 2x3x4, bool 2x3x4", "bool 3x5, constant bool 5", "bool 2x3x2, bool 2x1x2",
         "bool 2x1x3, bool 2x4x1", "constant bool 4x1, constant bool 3", "bool 1x5, bool 1x5",
         "constant bool 3, bool 2x3", "bool 1x1, bool 1x7", "bool 7x1x2, constant bool 2x2",
         "bool 2x3x1x2, constant bool 1x1x3x1"]
MANY = ["2x3x4, 2x3x4", "3x4, constant 4, 3x1", "2x3x2", "2x1x3, 2x4x1, constant 1x4x3",
        "constant 4x1, constant 3", "1x5, 1x5, 1x5", "constant 3, 2x3", "7x1, 7x2, constant 1, 7x1",
        "2x3x1x2, constant 1x1x3x1", "1x1, 1x6"]


def unary(name, function, positive=False, whole=()):
    return [(name, "; " + (s.replace("constant ", "constant positive ") if "constant" in s
                           else "positive " + s) if positive else "; " + s, [], function)
            for s in SHAPES] + [(name, "; " + s, [], function) for s in whole]


def binary(name, function, positive=False, whole=(), options=""):
    word = "positive " if positive else ""
    return [(name, options + "; " + s.format(word), [], function) for s in PAIRS] + \
        [(name, options + "; " + s, [], function) for s in whole]


def logic(name, function):
    return [(name, "; " + s, [], function) for s in BOOLS]


def many(name, function, whole=()):
    return [(name, "; " + s, [], function) for s in MANY] + \
        [(name, "; " + s, [], function) for s in whole]


def power():
    return [("pow", "; positive " + s.replace("constant 4x1", "4x1").replace("constant 3,", "3,")
             .format("") if not s.startswith("constant") else
             "; constant positive " + s[9:].format(""), [], torch.pow) for s in PAIRS]


def join(function):
    def run(*xs):
        y = xs[0]
        for x in xs[1:]:
            y = function(y, x)
        return y

    return run


def extreme(pick):
    """The first among equals gets the gradient."""
    def run(*xs):
        xs = torch.broadcast_tensors(*xs)
        y = xs[0]
        for x in xs[1:]:
            y = torch.where(pick(x, y), x, y)
        return y

    return run


# axes, keep, shape
GROUPS = [("1", True, "2x3x4"), ("2,3", False, "2x3x2x3"), ("-1", True, "1x5"),
          ("1,-1", False, "3x2x1x4"), ("1", False, "2x7"), ("0", True, "constant 3x4"),
          ("0,1", True, "constant 3x4"), ("2", False, "1x3x7"), ("1", True, "5x1x2"),
          ("-2,-1", True, "2x2x2x3"), ("3,1,2", True, "1x3x2x1x5")]


def reduction(name, function, positive=False, whole=False):
    cases = []
    for axes, keep, shape in GROUPS:
        dims = [int(a) for a in axes.split(",")]
        word = "positive " if positive else ""
        shape = shape.replace("constant ", "constant " + word) if "constant" in shape \
            else word + shape
        cases.append((name, "%s%s ; %s" % (axes, "" if keep else " keep no", shape), [],
                      lambda x, d=dims, k=keep: function(x, d, k)))
    if whole:
        cases.append((name, "1 ; below 9 2x5x2", [], lambda x: function(x, [1], True)))
    cases.append((name, "; constant %s3x4" % ("positive " if positive else ""), [],
                  lambda x: function(x, [0, 1], True)))
    return cases


def product(x, dims, keep):
    for d in sorted((d % x.dim() for d in dims), reverse=True):
        x = torch.prod(x, d, keep)
    return x


def pick(name, function):
    cases = []
    for axes, keep, shape in GROUPS:
        if "," not in axes:
            cases.append((name, "%s%s ; %s" % (axes, "" if keep else " keep no", shape), [],
                          lambda x, d=int(axes), k=keep: function(x, d, k)))

    def last(x, d):
        return x.shape[d] - 1 - function(x.flip(d), d, True)

    def first(x, d):
        """Among equals PyTorch promises nothing."""
        best = x.amax(d, True) if name == "argmax" else x.amin(d, True)
        return (x == best).to(torch.int64).argmax(d, True)

    def end(x, d):
        return x.shape[d] - 1 - first(x.flip(d), d)

    cases += [(name, "1 ; below 3 2x5x2", [], lambda x: first(x, 1)),
              (name, "1 last ; below 3 2x5x2", [], lambda x: end(x, 1)),
              (name, "-1 last ; below 2 3x7", [], lambda x: end(x, -1)),
              (name, "2 last ; 2x2x3", [], lambda x: last(x, 2)),
              (name, "3 keep no ; 1x3x2x5", [], lambda x: function(x, 3))]
    return cases


def cumulative():
    def run(axis, exclusive=False, reverse=False):
        def f(x):
            x = x.flip(axis) if reverse else x
            y = x.cumsum(axis)
            y = y - x if exclusive else y
            return y.flip(axis) if reverse else y
        return f

    return [("cumsum", "; 2x3x4", [], run(1)), ("cumsum", "-1 ; 2x3x4", [], run(-1)),
            ("cumsum", "1 exclusive ; 2x5", [], run(1, True)),
            ("cumsum", "3 ; 1x2x1x5", [], run(3)),
            ("cumsum", "-2 reverse ; 3x1x7", [], run(-2, False, True)),
            ("cumsum", "1 reverse ; 2x5", [], run(1, False, True)),
            ("cumsum", "1 exclusive reverse ; 1x7x2", [], run(1, True, True)),
            ("cumsum", "0 ; constant 5x3", [], run(0)),
            ("cumsum", "0 reverse ; constant 4", [], run(0, False, True)),
            ("cumsum", "2 exclusive ; 2x1x3x2", [], run(2, True)),
            ("cumsum", "1 ; 3x1", [], run(1)),
            ("cumsum", "1 ; below 9 2x5", [], run(1)),
            ("cumsum", "1 exclusive reverse ; below 9 1x4x2", [], run(1, True, True))]


MATMUL = ["3x4, constant 4x5", "2x3x4, 2x4x2", "2x3x4, constant 4x2", "constant 3x4, 2x4x2",
          "2x1x2x3, 2x2x3x1", "2x3x4, constant 1x4x2", "3x4, constant 4", "constant 4, 2x4x3",
          "constant 5, constant 5x2", "constant 2x1x3x4, constant 3x4x2", "2x3x4, constant 4",
          "constant 5, constant 5", "1x1, constant 1x1", "1x2x3x1, constant 1x4",
          "2x2x3x4, constant 2x4x2", "constant 2x3x4, 2x2x4x1"]


def gemm(alpha=1.0, beta=1.0, transa=False, transb=False):
    def run(a, b, c=None):
        y = alpha * (a.T if transa else a) @ (b.T if transb else b)
        return y if c is None else y + beta * c

    return run


CASES = [
    *unary("sqrt", torch.sqrt, True), *unary("exp", torch.exp), *unary("log", torch.log, True),
    *unary("abs", torch.abs), *unary("neg", torch.neg), *unary("reciprocal", torch.reciprocal, True),
    *unary("sin", torch.sin), *unary("cos", torch.cos), *unary("erf", torch.erf),
    *unary("floor", lambda x: torch.floor(x.detach())), *unary("ceil", lambda x: torch.ceil(x.detach())),
    *unary("round", lambda x: torch.round(x.detach())), *unary("sign", lambda x: torch.sign(x.detach())),
    *binary("sub", torch.sub, False, WHOLE), *binary("mul", torch.mul, False, WHOLE),
    *binary("div", torch.div, True),
    *power(),
    *binary("mod", lambda a, b: a - b * torch.floor(a / b).detach(), True),
    *binary("mod", lambda a, b: a - b * torch.trunc(a / b).detach(), True, options="fmod "),
    *[("equal", "; " + s, [], torch.eq) for s in WHOLE + BOOLS],
    *binary("greater", torch.gt, False, WHOLE), *binary("less", torch.lt, False, WHOLE),
    *binary("greaterorequal", torch.ge, False, WHOLE),
    *binary("lessorequal", torch.le, False, WHOLE),
    *logic("and", torch.logical_and), *logic("or", torch.logical_or), *logic("xor", torch.logical_xor),
    *[("not", "; bool " + s, [], torch.logical_not) for s in SHAPES if "constant" not in s],
    *[("not", "; constant bool %d" % n, [], torch.logical_not) for n in (3, 4, 5)],
    *many("sum", join(torch.add), WHOLE),
    *many("mean", lambda *xs: sum(xs[1:], xs[0]) / len(xs)),
    *many("max", extreme(torch.gt), WHOLE), *many("min", extreme(torch.lt), WHOLE),
    *[("where", "; " + s, [], torch.where) for s in (
        "bool 2x3x4, 2x3x4, 2x3x4", "bool 3x4, constant 4, 3x1", "bool 2x1x3, 2x4x1, constant 1x1x3",
        "constant bool 4x1, constant 3, constant 1", "bool 1x5, below 4 1x5, below 9 1x5",
        "constant bool 3, 2x3, 2x3", "bool 1x1, 1x4, 1x4", "bool 2x1x2x2, 2x3x1x1, 2x3x2x1",
        "constant bool 1, 3x2, constant 2", "bool 2x3, bool 2x3, constant bool 3")],
    *[("cast", "float ; " + s, [], lambda x: x.to(torch.float64)) for s in SHAPES],
    *[("cast", "float ; below 9 " + s, [], lambda x: x.to(torch.float64)) for s in SHAPES[:3]],
    *[("cast", "bool ; below 3 " + s, [], lambda x: x.to(torch.bool)) for s in SHAPES[:3]],
    *[("cast", "int32 ; bool " + s, [], lambda x: x.to(torch.int32)) for s in SHAPES[:3]],
    *reduction("reducesum", torch.sum, whole=True), *reduction("reducemean", torch.mean),
    *reduction("reducemax", torch.amax, whole=True), *reduction("reducemin", torch.amin, whole=True),
    *reduction("reduceprod", product),
    *reduction("reducel1", lambda x, d, k: x.abs().sum(d, k)),
    *reduction("reducel2", lambda x, d, k: torch.linalg.vector_norm(x, 2, d, k)),
    *reduction("reducelogsum", lambda x, d, k: x.sum(d, k).log(), True),
    *reduction("reducelogsumexp", torch.logsumexp),
    *reduction("reducesumsquare", lambda x, d, k: (x * x).sum(d, k)),
    *pick("argmax", torch.argmax), *pick("argmin", torch.argmin),
    *cumulative(),
    *[("matmul", "; " + s, [], torch.matmul) for s in MATMUL],
    ("gemm", "; 3x4, constant 4x5, constant 5", [], gemm()),
    ("gemm", "; 3x4, constant 4x5", [], gemm()),
    ("gemm", "transb alpha 0.5 ; 3x4, constant 5x4", [], gemm(0.5, 1, False, True)),
    ("gemm", "transa transb beta 2 ; constant 4x3, constant 5x4, constant 3x1", [],
     gemm(1, 2, True, True)),
    ("gemm", "alpha -2 beta 0.25 ; 3x4, constant 4x2, 3x2", [], gemm(-2, 0.25)),
    ("gemm", "transa ; constant 4x1, constant 4x5, constant 1x5", [], gemm(1, 1, True)),
    ("gemm", "; 1x7, constant 7x3, constant 1", [], gemm()),
    ("gemm", "beta 0 ; 3x2, constant 2x3, constant 1x3", [], gemm(1, 0)),
    ("gemm", "transb ; 1x1, constant 1x1, constant 1x1", [], gemm()),
    ("gemm", "alpha 3 transb ; 5x2, constant 3x2, constant 3", [], gemm(3, 1, False, True)),
    *[("dims", "; " + s, [], lambda x: torch.tensor(x.shape)) for s in SHAPES],
    ("dims", "start 1 ; 1x2x5x3", [], lambda x: torch.tensor(x.shape[1:])),
    ("dims", "start -2 end -1 ; 1x7x2", [], lambda x: torch.tensor(x.shape[-2:-1])),
    *[("size", "; " + s, [], lambda x: torch.tensor([x.numel()])) for s in SHAPES],
]
