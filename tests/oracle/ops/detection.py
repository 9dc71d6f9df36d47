# SPDX-License-Identifier: MIT
"""Detection, and radial basis units: see ../ops_torch.py."""
import math

import torch


def rbf(x, w):
    return ((x.flatten(1)[:, None] - w[None]) ** 2).sum(2)


def regions_of(x, regions, images):
    """(map, region) for each; per sample where there are no numbers of maps."""
    if images is None:
        return [(x[n], r) for n in range(x.shape[0]) for r in regions[n]]
    return [(x[int(i)], r) for i, r in zip(images, regions)]


def gather(x, regions, images, results):
    y = torch.stack(results)
    return y if images is not None else y.reshape(*regions.shape[:2], *y.shape[1:])


def away(v):
    """Rounded, halves away from zero."""
    return math.floor(abs(v) + 0.5) * (1 if v >= 0 else -1)


def roipool(size, scale=1.0):
    def bins(low, high, count, pixels):
        start, end = away(float(low) * scale), away(float(high) * scale)
        each = max(end - start + 1, 1) / count
        return [(min(max(math.floor(i * each) + start, 0), pixels),
                 min(max(math.ceil((i + 1) * each) + start, 0), pixels)) for i in range(count)]

    def one(x, r):
        rows = bins(r[1], r[3], size[0], x.shape[1])
        columns = bins(r[0], r[2], size[1], x.shape[2])
        parts = [x[:, a:b, c:d].amax((1, 2)) if b > a and d > c else 0 * x[:, 0, 0]
                 for a, b in rows for c, d in columns]
        return torch.stack(parts, 1).reshape(-1, *size)

    def run(x, regions, images=None):
        return gather(x, regions, images, [one(*r) for r in regions_of(x, regions, images)])
    return run


def bilinear(x, v, u):
    """What the maps x are at row v and column u, tensors of one number each."""
    height, width = x.shape[1:]
    if not (-1 <= v <= height and -1 <= u <= width):
        return 0 * x[:, 0, 0]
    v, u = v.clamp(min=0), u.clamp(min=0)
    h, w = min(int(v), height - 1), min(int(u), width - 1)
    if h == height - 1:
        v = torch.tensor(float(h), dtype=x.dtype)
    if w == width - 1:
        u = torch.tensor(float(w), dtype=x.dtype)
    down, right = min(h + 1, height - 1), min(w + 1, width - 1)
    a, b = v - h, u - w
    return (1 - a) * ((1 - b) * x[:, h, w] + b * x[:, h, right]) + \
        a * ((1 - b) * x[:, down, w] + b * x[:, down, right])


def roialign(size, scale=1.0, sampling=0, mode="avg", half=True):
    def one(x, r):
        shift = 0.5 if half else 0.0
        x1, y1, x2, y2 = [c * scale - shift for c in r]
        lengths = [y2 - y1, x2 - x1]
        if not half:
            lengths = [s.clamp(min=1) for s in lengths]
        points = [sampling or math.ceil(float(s) / n) for s, n in zip(lengths, size)]
        result = []
        for row in range(size[0]):
            for column in range(size[1]):
                values = [bilinear(x, y1 + lengths[0] * (row + (i + 0.5) / points[0]) / size[0],
                                   x1 + lengths[1] * (column + (k + 0.5) / points[1]) / size[1])
                          for i in range(points[0]) for k in range(points[1])]
                values = torch.stack(values) if values else 0 * x[None, :, 0, 0]
                result.append(values.mean(0) if mode == "avg" else values.amax(0))
        return torch.stack(result, 1).reshape(-1, *size)

    def run(x, regions, images=None):
        return gather(x, regions, images, [one(*r) for r in regions_of(x, regions, images)])
    return run


def middles(boxes):
    return (boxes[..., :2] + boxes[..., 2:]) / 2, boxes[..., 2:] - boxes[..., :2]


def boxdecode(variances=(1, 1, 1, 1), clip=None, limit=None):
    v = torch.tensor(variances, dtype=torch.float64)

    def run(x, anchors):
        centre, size = middles(anchors)
        growth = x[..., 2:] * v[2:]
        size_of = size * torch.exp(growth if limit is None else growth.clamp(max=limit))
        at = centre + x[..., :2] * v[:2] * size
        y = torch.cat([at - size_of / 2, at + size_of / 2], -1)
        if clip is None:
            return y
        most = torch.tensor([clip[1], clip[0]] * 2, dtype=torch.float64).expand(y.shape)
        return torch.minimum(torch.maximum(y, 0 * most), most)
    return run


def boxencode(variances=(1, 1, 1, 1), least=0.25):
    v = torch.tensor(variances, dtype=torch.float64)

    def run(boxes, anchors):
        at, size = middles(boxes)
        centre, size_of = middles(anchors)
        size, size_of = size.clamp(min=least), size_of.clamp(min=least)
        return torch.cat([(at - centre) / size_of / v[:2], torch.log(size / size_of) / v[2:]], -1)
    return run


def corners(b, centre):
    if centre:
        return [b[0] - b[2] / 2, b[1] - b[3] / 2, b[0] + b[2] / 2, b[1] + b[3] / 2]
    return [min(b[0], b[2]), min(b[1], b[3]), max(b[0], b[2]), max(b[1], b[3])]


def overlap(a, b):
    common = max(0.0, min(a[2], b[2]) - max(a[0], b[0])) * max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    area = [(c[2] - c[0]) * (c[3] - c[1]) for c in (a, b)]
    return common / (sum(area) - common) if common > 0 else 0.0


def suppress(limit, each=0, most=0.5, score=-1e30, centre=False, lists=True):
    def taken(n, boxes, scores):
        rows = []
        for c, values in enumerate(scores):
            kept = []
            for i in sorted(range(len(values)), key=lambda i: (-values[i], i)):
                if values[i] > score and (not each or len(kept) < each) and \
                        all(overlap(boxes[i], boxes[k]) <= most for k in kept):
                    kept.append(i)
            rows += [[n, c, i] for i in kept]
        return rows

    def run(boxes, scores):
        rows = [taken(n, [corners(b, centre) for b in boxes[n].tolist()], scores[n].tolist())
                for n in range(boxes.shape[0])]
        if not lists:
            rows = [[r for one in rows for r in one]]
        rows = [r[:limit] for r in rows]
        counts = torch.tensor([len(r) for r in rows])
        y = torch.tensor([r + [[-1] * 3] * (limit - len(r)) for r in rows])
        return (y if lists else y[0]), counts
    return run


CASES = [
    ("rbf", "4 ; 3x5", [(4, 5)], rbf),
    ("rbf", "1 ; 1x3", [(1, 3)], rbf),
    ("rbf", "10 ; 2x84", [(10, 84)], rbf),
    ("rbf", "3 ; 2x2x3x4", [(3, 24)], rbf),
    ("rbf", "2 ; 5x1", [(2, 1)], rbf),
    ("rbf", "5 ; 1x7x1x1", [(5, 7)], rbf),
    ("rbf", "3 ; positive 4x6", [(3, 6)], rbf),
    ("rbf", "7 ; 2x2x3", [(7, 6)], rbf),
    ("rbf", "6 negative ; 6x6", [(6, 6)], lambda x, w: -rbf(x, w)),
    ("rbf", "2 ; 3x3x1x5", [(2, 15)], rbf),
    ("roipool", "2 ; 2x2x5x4, below 5 2x3x4", [], roipool((2, 2))),
    ("roipool", "3x2 ; 1x3x4x5, below 7 1x4x4", [], roipool((3, 2))),
    ("roipool", "1 ; 3x1x3x3, below 4 3x1x4", [], roipool((1, 1))),
    ("roipool", "2x4 scale 0.5 ; 2x2x5x5, below 11 2x2x4", [], roipool((2, 4), 0.5)),
    ("roipool", "5 ; 1x2x3x3, below 3 1x2x4", [], roipool((5, 5))),
    ("roipool", "2 scale 2.5 ; 1x2x4x4, 1x3x4", [], roipool((2, 2), 2.5)),
    ("roipool", "2 scale 4 ; 2x1x5x7, positive 2x2x4", [], roipool((2, 2), 4.0)),
    ("roipool", "2 ; constant 3x2x5x4, constant below 5 4x4, constant below 3 4", [],
     roipool((2, 2))),
    ("roipool", "3x1 scale 0.25 ; constant 2x1x4x6, constant below 20 3x4, constant below 2 3", [],
     roipool((3, 1), 0.25)),
    ("roipool", "2 scale 3 ; constant 1x2x4x4, constant 2x4, constant below 1 2", [],
     roipool((2, 2), 3.0)),
    ("roialign", "2 scale 2 ; 2x2x5x4, positive 2x3x4", [], roialign((2, 2), 2.0)),
    ("roialign", "2x3 scale 3 ; 1x2x4x5, 1x4x4", [], roialign((2, 3), 3.0)),
    ("roialign", "2 scale 3 sampling 2 ; 2x2x4x4, 2x2x4", [], roialign((2, 2), 3.0, 2)),
    ("roialign", "1x2 scale 4 sampling 3 ; 1x3x6x5, positive 1x2x4", [],
     roialign((1, 2), 4.0, 3)),
    ("roialign", "2 scale 3 sampling 2 mode max ; 2x2x4x4, positive 2x2x4", [],
     roialign((2, 2), 3.0, 2, "max")),
    ("roialign", "3x2 scale 5 mode max ; 1x1x6x6, positive 1x3x4", [],
     roialign((3, 2), 5.0, 0, "max")),
    ("roialign", "2 scale 2 coordinates output_half_pixel ; 2x2x5x4, positive 2x3x4", [],
     roialign((2, 2), 2.0, half=False)),
    ("roialign", "2x1 scale 6 coordinates output_half_pixel ; 1x2x5x5, 1x4x4", [],
     roialign((2, 1), 6.0, half=False)),
    ("roialign", "3 sampling 2 coordinates output_half_pixel ; 1x2x3x3, 1x2x4", [],
     roialign((3, 3), 1.0, 2, half=False)),
    ("roialign", "2 scale 3 sampling 2 ; constant 3x2x4x3, constant 4x4, constant below 3 4", [],
     roialign((2, 2), 3.0, 2)),
    ("roialign", "2 scale 4 ; constant 2x1x5x5, constant positive 3x4, constant below 2 3", [],
     roialign((2, 2), 4.0)),
    ("roialign", "2 scale 3 ; 1x1x1x1, 1x2x4", [], roialign((2, 2), 3.0)),
    ("boxdecode", "; 2x3x4, 2x3x4", [], boxdecode()),
    ("boxdecode", "; 1x1x4, 1x1x4", [], boxdecode()),
    ("boxdecode", "; 3x2x4, constant 2x4", [], boxdecode()),
    ("boxdecode", "; 2x5x4, constant 1x5x4", [], boxdecode()),
    ("boxdecode", "variances 0.1,0.1,0.2,0.2 ; 2x4x4, constant 4x4", [],
     boxdecode((0.1, 0.1, 0.2, 0.2))),
    ("boxdecode", "variances 2 ; 1x3x4, 1x3x4", [], boxdecode((2, 2, 2, 2))),
    ("boxdecode", "limit 0.3 ; 2x6x4, 2x6x4", [], boxdecode(limit=0.3)),
    ("boxdecode", "clip 1x2 ; 2x5x4, positive 2x5x4", [], boxdecode(clip=(1, 2))),
    ("boxdecode", "clip 1 variances 1,2,0.5,3 limit 0.5 ; 3x3x4, constant 3x4", [],
     boxdecode((1, 2, 0.5, 3), (1, 1), 0.5)),
    ("boxdecode", "; constant 2x3x4, constant 3x4", [], boxdecode()),
    ("boxencode", "; 2x3x4, 2x3x4", [], boxencode()),
    ("boxencode", "; 1x1x4, 1x1x4", [], boxencode()),
    ("boxencode", "; 3x2x4, constant 2x4", [], boxencode()),
    ("boxencode", "; 2x5x4, constant 1x5x4", [], boxencode()),
    ("boxencode", "variances 0.1,0.1,0.2,0.2 ; 2x4x4, constant 4x4", [],
     boxencode((0.1, 0.1, 0.2, 0.2))),
    ("boxencode", "variances 2 ; 1x3x4, 1x3x4", [], boxencode((2, 2, 2, 2))),
    ("boxencode", "least 0.5 ; 2x6x4, 2x6x4", [], boxencode(least=0.5)),
    ("boxencode", "least 0.01 ; 1x4x4, 1x4x4", [], boxencode(least=0.01)),
    ("boxencode", "variances 1,2,0.5,3 ; 3x3x4, positive 3x3x4", [], boxencode((1, 2, 0.5, 3))),
    ("boxencode", "; constant 2x3x4, constant 3x4", [], boxencode()),
    ("nonmaxsuppression", "6 ; 2x5x4, 2x2x5", [], suppress(6)),
    ("nonmaxsuppression", "20 overlap 0 ; 1x9x4, 1x2x9", [], suppress(20, most=0)),
    ("nonmaxsuppression", "20 overlap 0.1 ; 2x8x4, 2x1x8", [], suppress(20, most=0.1)),
    ("nonmaxsuppression", "4 overlap 1 ; 1x7x4, 1x1x7", [], suppress(4, most=1)),
    ("nonmaxsuppression", "9 each 1 overlap 0.3 score 0.1 ; 3x6x4, 3x3x6", [],
     suppress(9, 1, 0.3, 0.1)),
    ("nonmaxsuppression", "9 each 2 score 2 ; 1x3x4, 1x1x3", [], suppress(9, 2, score=2)),
    ("nonmaxsuppression", "12 format centre overlap 0.2 ; positive 2x6x4, 2x2x6", [],
     suppress(12, most=0.2, centre=True)),
    ("nonmaxsuppression", "9 format centre ; positive 1x1x4, 1x1x1", [],
     suppress(9, centre=True)),
    ("nonmaxsuppression", "30 overlap 0.2 ; constant 2x7x4, constant 2x2x7", [],
     suppress(30, most=0.2, lists=False)),
    ("nonmaxsuppression", "7 overlap 0.3 score -0.5 ; constant 3x5x4, constant 3x2x5", [],
     suppress(7, most=0.3, score=-0.5, lists=False)),
]
