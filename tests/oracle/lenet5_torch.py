#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Ten training steps of LeNet-5 in PyTorch, as an oracle for tests/test_golden.c.

Run by hand with Debian's python3-torch; the file it writes is committed:

    python3 tests/oracle/lenet5_torch.py tests/vectors/lenet5.bin

Weights, pictures and labels come from a formula that both sides compute (hash below), so the file
holds results alone, as little-endian float32: 10 losses with SGD and momentum, the logits of the
first batch (8 x 10), the first step's gradients in the order of the parameters; then 10 losses each
with Nesterov's momentum, Adam and Adadelta.
"""
import struct
import sys

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

BATCH, STEPS = 8, 10


def hashed(count, stream):
    """Numbers in [-0.5, 0.5): two rounds of a 32-bit multiply and shift."""
    v = (np.arange(count, dtype=np.uint64) * 2654435761 + stream * 40503 + 12345) & 0xFFFFFFFF
    v ^= v >> 15
    v = (v * 2246822519) & 0xFFFFFFFF
    v ^= v >> 13
    v = (v * 3266489917) & 0xFFFFFFFF
    v ^= v >> 16
    return (v.astype(np.float64) / 4294967296.0 - 0.5).astype(np.float32)


class LeNet5(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(400, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, 10)

    def forward(self, x):
        x = F.avg_pool2d(torch.tanh(self.conv1(x)), 2)
        x = F.avg_pool2d(torch.tanh(self.conv2(x)), 2)
        x = torch.tanh(self.fc1(x.flatten(1)))
        return self.fc3(torch.tanh(self.fc2(x)))


def fresh():
    net = LeNet5()
    with torch.no_grad():
        for i, p in enumerate(net.parameters()):
            fan_in = p[0].numel() if p.dim() > 1 else 16
            p.copy_(torch.from_numpy(hashed(p.numel(), i)).reshape(p.shape) * (3.0 / fan_in**0.5))
    return net


def groups(net):
    """Weight decay spares the biases."""
    named = list(net.named_parameters())
    return [{"params": [p for n, p in named if n.endswith("weight")], "weight_decay": 5e-4},
            {"params": [p for n, p in named if n.endswith("bias")]}]


def train(net, optimiser):
    losses, logits, gradients = [], None, []
    for step in range(STEPS):
        x = torch.from_numpy(hashed(BATCH * 32 * 32, 100 + step)).reshape(BATCH, 1, 32, 32) * 4.0
        labels = torch.tensor([(step * 3 + n * 7) % 10 for n in range(BATCH)])
        optimiser.zero_grad()
        out = net(x)
        loss = F.cross_entropy(out, labels)
        loss.backward()
        if step == 0:
            logits = out.detach().numpy().ravel()
            gradients = [p.grad.numpy().ravel().copy() for p in net.parameters()]
        losses.append(loss.item())
        optimiser.step()
    return losses, logits, gradients


def main(path):
    torch.set_num_threads(1)
    net = fresh()
    losses, logits, gradients = train(net, torch.optim.SGD(groups(net), lr=0.05, momentum=0.9))
    values = [losses, logits] + gradients
    net = fresh()
    values.append(train(net, torch.optim.SGD(groups(net), lr=0.05, momentum=0.9, nesterov=True))[0])
    net = fresh()
    values.append(train(net, torch.optim.Adam(groups(net), lr=0.002))[0])
    net = fresh()
    values.append(train(net, torch.optim.Adadelta(groups(net), lr=1.0, rho=0.95, eps=1e-6))[0])
    with open(path, "wb") as f:
        for v in values:
            f.write(struct.pack("<%df" % len(v), *v))


if __name__ == "__main__":
    main(sys.argv[1])
