# SPDX-License-Identifier: MIT
"""Recurrent layers: see ../ops_torch.py. PyTorch's own functions, with the gates put into its order
and sequences packed where they have lengths; what PyTorch does not have (peepholes, clip and the
like) by its formula."""
import torch
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

GATES = {"rnn": 1, "lstm": 4, "gru": 3}
PYTORCH = {"rnn": [0], "lstm": [0, 2, 3, 1], "gru": [1, 0, 2]}  # its gates, as ONNX numbers them


def pytorch(op, how, x, lengths, state, params):
    """y and the last states [directions, N, hidden] by PyTorch."""
    hidden = params[0][1].shape[1]
    both, reverse = how["way"] == "both", how["way"] == "reverse"
    flat = []
    for w, r, b in params if both else params * (2 if reverse else 1):
        parts = [w, r] if b is None else [w, r, *b.chunk(2)]
        flat += [torch.cat([v.split(hidden)[g] for g in PYTORCH[op]]) for v in parts]
    h = [s.transpose(0, 1) for s in state] or [x.new_zeros(len(params), x.shape[0], hidden)]
    h = [torch.cat([s, s]) if reverse else s for s in h]  # it reads backward only beside forward
    if op == "lstm":
        h = (h[0], h[1] if len(h) > 1 else torch.zeros_like(h[0]))
    function = getattr(torch, "rnn_relu" if how["relu"] else "rnn_tanh" if op == "rnn" else op)
    rest = (h if op == "lstm" else h[0], flat, how["bias"], 1, 0.0, True, both or reverse)
    if lengths is None:
        y, *last = function(x, *rest, True)
    else:
        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        order, back = packed.sorted_indices, packed.unsorted_indices
        h = tuple(s[:, order] for s in h)
        data, *last = function(packed.data, packed.batch_sizes, h if op == "lstm" else h[0],
                               *rest[1:])
        y, _ = pad_packed_sequence(packed._replace(data=data), batch_first=True,
                                   total_length=x.shape[1])
        last = [s[:, back] for s in last]
    return (y[..., hidden:], [s[1:] for s in last]) if reverse else (y, last)


def turned(x, lengths):
    """Every sequence the other way round, as far as it is long."""
    if lengths is None:
        return x.flip(1)
    return torch.stack([torch.cat([s[:k].flip(0), s[k:]]) for s, k in zip(x, lengths.tolist())])


def formulas(cell):
    """The same by the formulas of one step: (x_t, h, c, parameters) -> h, c."""

    def run(op, how, x, lengths, state, params):
        ys, lasts = [], []
        for d, own in enumerate(params):
            back = how["way"] == "reverse" or d == 1
            h = state[0][:, d] if state else x.new_zeros(x.shape[0], own[1].shape[1])
            c = state[1][:, d] if len(state) > 1 else torch.zeros_like(h)
            out = []
            for t, xt in enumerate((turned(x, lengths) if back else x).unbind(1)):
                new = cell(xt, h, c, *own)
                on = torch.ones(h.shape[0], dtype=torch.bool) if lengths is None else lengths > t
                out.append(torch.where(on[:, None], new[0], torch.zeros_like(h)))
                h, c = (torch.where(on[:, None], a, b) for a, b in zip(new, (h, c)))
            y = torch.stack(out, 1)
            ys.append(turned(y, lengths) if back else y)
            lasts.append([h, c] if op == "lstm" else [h])
        return torch.cat(ys, 2), [torch.stack(s) for s in zip(*lasts)]

    return run


def sums(x, h, w, r, b):
    wb, rb = (0, 0) if b is None else b.chunk(2)
    return x @ w.T + wb, h @ r.T + rb


def cut(v, most):
    return v if most is None else v.clamp(-most, most)


def rnn_cell(most=None, f=torch.tanh):
    return formulas(lambda x, h, c, *own: (f(cut(sum(sums(x, h, *own)), most)), c))


def lstm_cell(tied=False, most=None):
    def cell(x, h, c, w, r, b, p=None):
        a = sum(sums(x, h, w, r, b)).chunk(4, 1)
        pi, po, pf = (0, 0, 0) if p is None else p.chunk(3)
        i = torch.sigmoid(cut(a[0] + pi * c, most))
        f = 1 - i if tied else torch.sigmoid(cut(a[2] + pf * c, most))
        c = f * c + i * torch.tanh(cut(a[3], most))
        return torch.sigmoid(cut(a[1] + po * c, most)) * torch.tanh(c), c

    return formulas(cell)


def gru_cell(linear=False, most=None):
    def cell(x, h, c, w, r, b):
        hidden = h.shape[1]
        (xz, xr, xh), (hz, hr, hh) = (s.chunk(3, 1) for s in sums(x, h, w, r, b))
        z, reset = (torch.sigmoid(cut(v, most)) for v in (xz + hz, xr + hr))
        if not linear:
            hh = (reset * h) @ r[2 * hidden:].T + (0 if b is None else b[5 * hidden:])
        g = torch.tanh(cut(xh + (reset * hh if linear else hh), most))
        return (1 - z) * g + z * h, c

    return formulas(cell)


def case(op, options, shapes, run=pytorch):
    """What flows in, and the parameters with their shapes, follow from the sample."""
    words = options.split()
    dims = list(map(int, shapes.split(",")[0].split()[-1].split("x")))
    hidden, directions = int(words[0]), 2 if "both" in words else 1
    numbers = torch.Size(dims[2:]).numel()
    rows = GATES[op] * hidden
    time, lengths = "time" in words, "below" in shapes
    how = {"bias": "bias no" not in options, "relu": "relu" in words,
           "way": "reverse" if "reverse" in words else "both" if "both" in words else "forward"}
    params = [(directions, rows, numbers), (directions, rows, hidden)]
    params += [(directions, 2 * rows)] if how["bias"] else []
    params += [(directions, 3 * hidden)] if "peepholes" in words else []

    def function(x, *rest):
        inputs, weights = list(rest[:len(rest) - len(params)]), list(rest[len(rest) - len(params):])
        long = inputs.pop(0) if lengths else None
        if not how["bias"]:
            weights.insert(2, [None] * directions)
        if time:
            x, inputs = x.transpose(0, 1), [s.transpose(0, 1) for s in inputs]
        y, last = run(op, how, x.flatten(2), long, inputs, list(zip(*weights)))
        if time:
            return (y.transpose(0, 1), *last)
        return (y, *(s.transpose(0, 1) for s in last))

    return (op, options + " ; " + shapes, params, function)


CASES = [
    case("rnn", "3", "2x4x3"),
    case("rnn", "1", "1x1x1"),
    case("rnn", "5 activation relu", "2x3x4"),
    case("rnn", "4 bias no direction reverse", "3x5x2"),
    case("rnn", "2 direction both", "2x6x3, 2x2x2"),
    case("rnn", "3 direction reverse", "1x6x2, 1x1x3"),
    case("rnn", "3", "4x6x2, below 6 4"),
    case("rnn", "2 activation relu direction both", "4x5x2x2, below 6 4, 4x2x2"),
    case("rnn", "3 direction reverse", "3x5x2, below 6 3, 3x1x3"),
    case("rnn", "2 layout time", "constant 4x3x2, constant 1x3x2"),
    case("rnn", "2 layout time direction both", "constant 6x3x2, constant below 6 3"),
    case("rnn", "4 clip 0.5", "2x4x3", rnn_cell(0.5)),
    case("rnn", "3 clip 0.7 activation relu direction reverse", "2x4x3",
         rnn_cell(0.7, torch.relu)),
    case("rnn", "2 direction both", "2x3x2, below 2 2, 2x2x2", rnn_cell()),
    case("lstm", "3", "2x4x3"),
    case("lstm", "1", "1x1x1"),
    case("lstm", "5 bias no", "2x3x4"),
    case("lstm", "4 direction reverse", "3x5x2, 3x1x4, 3x1x4"),
    case("lstm", "2 direction both", "2x6x3, 2x2x2, 2x2x2"),
    case("lstm", "3 direction both", "1x4x2x2"),
    case("lstm", "2", "2x3x5, 2x1x2"),
    case("lstm", "3", "4x6x2, below 6 4"),
    case("lstm", "2 direction both", "4x5x2, below 6 4, 4x2x2, 4x2x2"),
    case("lstm", "2 direction reverse bias no", "3x6x3, below 6 3, 3x1x2"),
    case("lstm", "2 layout time", "constant 4x3x2, constant 1x3x2, constant 1x3x2"),
    case("lstm", "2 layout time direction both", "constant 6x3x2, constant below 6 3"),
    case("lstm", "3 peepholes", "2x4x2, 2x1x3, 2x1x3", lstm_cell()),
    case("lstm", "2 peepholes direction both bias no", "2x5x2", lstm_cell()),
    case("lstm", "2 input_forget peepholes", "2x3x2, 2x1x2, 2x1x2", lstm_cell(True)),
    case("lstm", "3 input_forget direction reverse", "1x4x2, 1x1x3, 1x1x3", lstm_cell(True)),
    case("lstm", "2 clip 0.5 peepholes", "2x4x3", lstm_cell(most=0.5)),
    case("lstm", "2 direction both peepholes", "2x3x2, below 2 2, 2x2x2, 2x2x2", lstm_cell()),
    case("gru", "3 linear_before_reset", "2x4x3"),
    case("gru", "1 linear_before_reset", "1x1x1"),
    case("gru", "5 linear_before_reset bias no", "2x3x4"),
    case("gru", "4 linear_before_reset direction reverse", "3x5x2, 3x1x4"),
    case("gru", "2 linear_before_reset direction both", "2x6x3, 2x2x2"),
    case("gru", "3 linear_before_reset", "4x6x2, below 6 4"),
    case("gru", "2 linear_before_reset direction both", "4x5x2, below 6 4, 4x2x2"),
    case("gru", "2 linear_before_reset direction reverse bias no", "3x6x3, below 6 3"),
    case("gru", "2 linear_before_reset layout time", "constant 4x3x2, constant 1x3x2"),
    case("gru", "2 linear_before_reset layout time direction both",
         "constant 6x3x2, constant below 6 3"),
    case("gru", "3", "2x4x3", gru_cell()),
    case("gru", "2 direction both", "2x5x2x1, 2x2x2", gru_cell()),
    case("gru", "4 bias no direction reverse", "2x3x3, 2x1x4", gru_cell()),
    case("gru", "2 direction both", "4x5x2, below 6 4, 4x2x2", gru_cell()),
    case("gru", "2 clip 0.5", "2x4x3", gru_cell(most=0.5)),
    case("gru", "2 clip 0.5 linear_before_reset", "2x4x3, below 2 2", gru_cell(True, 0.5)),
]
