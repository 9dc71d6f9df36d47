# SPDX-License-Identifier: MIT
"""Losses: see ../ops_torch.py."""
import torch
import torch.nn.functional as F

from ops.common import fill


def entropy(ignore=-100, weights=None, smooth=0.0):
    w = torch.tensor(weights, dtype=torch.float64) if weights else None
    return lambda x, labels: F.cross_entropy(x if labels.dim() > 1 else x.flatten(1), labels, w,
                                             ignore_index=ignore, label_smoothing=smooth).reshape(1)


def likelihood(ignore=-100, weights=None):
    w = torch.tensor(weights, dtype=torch.float64) if weights else None
    return lambda x, labels: F.nll_loss(x if labels.dim() > 1 else x.flatten(1), labels, w,
                                        ignore_index=ignore).reshape(1)


def onehot(x, target):
    return F.one_hot(target, x.shape[1]).to(x.dtype) if target.dtype == torch.int64 \
        else target.reshape(x.shape)


def by_number(function, average=True):
    """A loss of number against number: averaged over all, or added up and averaged over samples."""
    def run(x, target):
        x = x.reshape(x.shape[0], -1)
        y = function(x, onehot(x, target))
        return (y.mean() if average else y.sum(1).mean()).reshape(1)
    return run


def squared(average=False):
    return by_number(lambda x, t: 0.5 * (x - t) ** 2, average)


def absolute(average=True):
    return by_number(lambda x, t: F.l1_loss(x, t, reduction="none"), average)


def smooth_l1(beta, average=True):
    return by_number(lambda x, t: F.smooth_l1_loss(x, t, reduction="none", beta=beta), average)


def huber(delta, average=True):
    return by_number(lambda x, t: F.huber_loss(x, t, reduction="none", delta=delta), average)


def binary(average=True):
    return by_number(lambda x, t: F.binary_cross_entropy_with_logits(x, t, reduction="none"),
                     average)


def binary_probabilities(average=True):
    """Beyond 0 and 1 a probability counts as 0 or 1."""
    return by_number(lambda x, t: F.binary_cross_entropy(x.clamp(0, 1), t, reduction="none"),
                     average)


def margins(p=1, margin=1.0, average=False):
    def run(x, labels):
        y = F.multi_margin_loss(x.flatten(1), labels, p=p, margin=margin)
        return (y if average else y * x.shape[1]).reshape(1)
    return run


def binary_margins(p=1, margin=1.0, average=False):
    return by_number(lambda x, t: (margin - t * x).clamp(min=0) ** p, average)


def criterion(average=False):
    return by_number(lambda x, t: ((x > 0).to(x.dtype) - t) * x, average)


def radial(j, sign=1):
    """LeCun et al. 1998, equation 9."""
    def run(x, labels):
        d = sign * x.flatten(1)
        both = torch.cat([-d, torch.full((d.shape[0], 1), -j, dtype=d.dtype)], 1)
        return (d.gather(1, labels[:, None])[:, 0] + torch.logsumexp(both, 1)).mean().reshape(1)
    return run


def labels(shape):
    pixels = shape[2:] if shape[2:] not in ((), (1, 1)) else ()
    return torch.floor((fill(1, (shape[0], *pixels)) + 1) / 2 * shape[1]).to(torch.int64)


def target(by_default):
    """What a loss is given beside x: a number per value, or a label per sample or pixel."""
    def make(sample, shape):
        options = sample.split(";")[0]
        kind = options.split("target ")[1].split()[0] if "target " in options else by_default
        return fill(1, shape) if kind == "vector" else labels(shape)
    return make


WEIGHTS = [0.25 * k for k in range(1, 22)]  # of as many classes as PASCAL VOC has

CASES = [
    ("crossentropy", "; 4x5", [], entropy()),
    ("crossentropy", "; 3x10x1x1", [], entropy()),
    ("crossentropy", "; 1x2", [], entropy()),
    ("crossentropy", "smooth 0.05 ; 1x3x1x7", [], entropy(smooth=0.05)),
    ("crossentropy", "weights %s ; 7x21" % ",".join(map(str, WEIGHTS)), [],
     entropy(weights=WEIGHTS)),
    ("crossentropy", "ignore 1 ; 5x3", [], entropy(1)),
    ("crossentropy", "; 2x3x4x5", [], entropy()),
    ("crossentropy", "ignore 2 ; 2x4x3x3", [], entropy(2)),
    ("crossentropy", "weights 1,2,0.5 ; 5x3", [], entropy(weights=[1, 2, 0.5])),
    ("crossentropy", "weights 1,0,3,0.25 ignore 3 ; 2x4x3x2", [], entropy(3, [1, 0, 3, 0.25])),
    ("crossentropy", "smooth 0.1 ; 4x5", [], entropy(smooth=0.1)),
    ("crossentropy", "smooth 1 ; 1x7", [], entropy(smooth=1.0)),
    ("crossentropy", "weights 3,0.5,1 smooth 0.3 ; 6x3x1x1", [], entropy(weights=[3, 0.5, 1], smooth=0.3)),
    ("crossentropy", "weights 1,2,0.5,4 smooth 0.2 ignore 0 ; 2x4x3x3", [],
     entropy(0, [1, 2, 0.5, 4], 0.2)),
    ("crossentropy", "reads logprobabilities ; 4x5", [], likelihood()),
    ("crossentropy", "reads logprobabilities ignore 1 ; 5x3", [], likelihood(1)),
    ("crossentropy", "reads logprobabilities weights 2,0.5,1 ; 2x3x2x5", [],
     likelihood(weights=[2, 0.5, 1])),
    ("squarederror", "; 4x5", [], squared()),
    ("squarederror", "average ; 3x7x1x1", [], squared(True)),
    ("squarederror", "target vector ; 4x5", [], squared()),
    ("squarederror", "target vector ; 2x2x3x3", [], squared()),
    ("squarederror", "target vector average ; 1x2x3x1", [], squared(True)),
    ("squarederror", "; 1x7", [], squared()),
    ("squarederror", "; 5x3", [], squared()),
    ("squarederror", "average ; 1x2", [], squared(True)),
    ("squarederror", "target vector ; 7", [], squared()),
    ("squarederror", "target vector average ; 6x1", [], squared(True)),
    ("squarederror", "target vector ; 1x3x5", [], squared()),
    ("absoluteerror", "; 4x5", [], absolute()),
    ("absoluteerror", "; 1x3x7", [], absolute()),
    ("absoluteerror", "; 1x7", [], absolute()),
    ("absoluteerror", "; 3x1", [], absolute()),
    ("absoluteerror", "; 2x3x2x3", [], absolute()),
    ("absoluteerror", "; 5", [], absolute()),
    ("absoluteerror", "average no ; 4x5", [], absolute(False)),
    ("absoluteerror", "average no ; 1x2x3x3", [], absolute(False)),
    ("absoluteerror", "target class ; 3x5", [], absolute()),
    ("absoluteerror", "target class average no ; 6x2", [], absolute(False)),
    ("absoluteerror", "target class ; 2x4x1x1", [], absolute()),
    ("smoothl1", "; 4x5", [], smooth_l1(1.0)),
    ("smoothl1", "0.3 ; 4x5", [], smooth_l1(0.3)),
    ("smoothl1", "0.7 ; 7", [], smooth_l1(0.7)),
    ("smoothl1", "0.2 huber ; 1x1", [], huber(0.2)),
    ("smoothl1", "0.1 target class ; 1x5x1x1", [], smooth_l1(0.1)),
    ("smoothl1", "0.3 ; 1x2x3x3", [], smooth_l1(0.3)),
    ("smoothl1", "0 ; 3x7", [], smooth_l1(0.0)),
    ("smoothl1", "2.5 ; 3x3", [], smooth_l1(2.5)),
    ("smoothl1", "0.5 average no ; 4x5", [], smooth_l1(0.5, False)),
    ("smoothl1", "0.5 huber ; 4x5", [], huber(0.5)),
    ("smoothl1", "2 huber ; 1x9", [], huber(2.0)),
    ("smoothl1", "0.25 huber average no ; 2x3x1x4", [], huber(0.25, False)),
    ("smoothl1", "0.4 target class ; 3x5", [], smooth_l1(0.4)),
    ("binarycrossentropy", "; 4x5", [], binary()),
    ("binarycrossentropy", "; 1x7", [], binary()),
    ("binarycrossentropy", "; 2x3x2x3", [], binary()),
    ("binarycrossentropy", "; 3x1", [], binary()),
    ("binarycrossentropy", "average no ; 5x3", [], binary(False)),
    ("binarycrossentropy", "target class ; 3x5", [], binary()),
    ("binarycrossentropy", "target class average no ; 4x2x1x1", [], binary(False)),
    ("binarycrossentropy", "reads probabilities ; positive 4x3", [], binary_probabilities()),
    ("binarycrossentropy", "reads probabilities average no ; 2x3x3x1", [],
     binary_probabilities(False)),
    ("binarycrossentropy", "reads probabilities target class ; positive 3x4", [],
     binary_probabilities()),
    ("hinge", "; 4x5", [], margins()),
    ("hinge", "; 1x3", [], margins()),
    ("hinge", "; 5x3", [], margins()),
    ("hinge", "p 2 ; 1x2x1x1", [], margins(2)),
    ("hinge", "target vector ; 7", [], binary_margins()),
    ("hinge", "; 3x10x1x1", [], margins()),
    ("hinge", "0.3 ; 6x2", [], margins(margin=0.3)),
    ("hinge", "p 2 ; 4x5", [], margins(2)),
    ("hinge", "average ; 4x5", [], margins(average=True)),
    ("hinge", "2 p 2 average ; 3x7", [], margins(2, 2.0, True)),
    ("hinge", "target vector ; 4x5", [], binary_margins()),
    ("hinge", "p 2 target vector ; 2x2x3x1", [], binary_margins(2)),
    ("hinge", "0.5 average target vector ; 1x6", [], binary_margins(1, 0.5, True)),
    ("perceptron", "; 4x5", [], criterion()),
    ("perceptron", "; 3x10x1x1", [], criterion()),
    ("perceptron", "; 1x2", [], criterion()),
    ("perceptron", "target vector ; 1x3x5", [], criterion()),
    ("perceptron", "average ; 5x3", [], criterion(True)),
    ("perceptron", "target vector ; 4x5", [], criterion()),
    ("perceptron", "target vector ; 6x1", [], criterion()),
    ("perceptron", "target vector ; 1x1", [], criterion()),
    ("perceptron", "target vector ; 2x2x3x1", [], criterion()),
    ("perceptron", "target vector average ; 3x4", [], criterion(True)),
    ("perceptron", "target vector average ; 7", [], criterion(True)),
    ("rbfloss", "; 4x5", [], radial(1.0)),
    ("rbfloss", "; 1x3", [], radial(1.0)),
    ("rbfloss", "3 ; 1x1", [], radial(3.0)),
    ("rbfloss", "2 ; 7x2", [], radial(2.0)),
    ("rbfloss", "0.3 reads scores ; 5x3", [], radial(0.3, -1)),
    ("rbfloss", "; 3x10x1x1", [], radial(1.0)),
    ("rbfloss", "0 ; 4x5", [], radial(0.0)),
    ("rbfloss", "0.1 ; 6x2", [], radial(0.1)),
    ("rbfloss", "30 ; 2x7", [], radial(30.0)),
    ("rbfloss", "5 ; positive 4x5", [], radial(5.0)),
    ("rbfloss", "reads scores ; 4x5", [], radial(1.0, -1)),
    ("rbfloss", "0.5 reads scores ; 1x9", [], radial(0.5, -1)),
    ("rbfloss", "2 reads scores ; 5x4x1x1", [], radial(2.0, -1)),
]

TARGETS = {"crossentropy": target("class"), "squarederror": target("class"),
           "absoluteerror": target("vector"), "smoothl1": target("vector"),
           "binarycrossentropy": target("vector"), "hinge": target("class"),
           "perceptron": target("class"), "rbfloss": target("class")}
