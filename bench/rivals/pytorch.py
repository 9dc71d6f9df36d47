#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""PyTorch as a side of `fovea bench --against pytorch` (README.md in this folder).

The module is the text that `fovea explain --pytorch` prints, with our weights. Its fastest way counts:
the plain layout or channels-last; OpenBLAS on one thread or on all, whose threads can be in the way of
PyTorch's own; eager or frozen by TorchScript. On the reference BLAS, plain loops, it takes no part.
"""
import ctypes
import json
import os
import re
import struct
import sys

sys.dont_write_bytecode = True  # the folder may be an installed one
import side

HOPELESS = 3   # so many times slower than the best in its first run: no second one
LONG = 2000.0  # milliseconds of a run that needs no second one to be told from others


def libraries():
    """Paths of the libraries in this process whose name says that they are a BLAS."""
    try:
        with open("/proc/self/maps", encoding="utf-8") as maps:
            paths = {os.path.realpath(line.split()[-1]) for line in maps if "/" in line}
    except OSError:  # no Linux
        return []
    return sorted(p for p in paths if re.search("blas|mkl_|blis|atlas", os.path.basename(p)) and
                  not re.search("/(numpy|scipy)[.]libs/", p))  # those packages' own, unknown to PyTorch


def blas(torch):
    """The BLAS in words, and OpenBLAS' own library or None. Refuses the reference."""
    loaded = libraries()
    for path in loaded:  # first: LAPACK may have brought OpenBLAS along, unused
        if re.search("/blas/libblas[.]so", path):
            side.refuse("PyTorch multiplies with the reference BLAS, plain loops, which is nobody's "
                        "measure; Debian's package libopenblas0-pthread brings a better one")
    for path in loaded:
        if "openblas" in os.path.basename(path):
            library = ctypes.CDLL(path)
            library.openblas_get_config.restype = ctypes.c_char_p
            # "OpenBLAS 0.3.21 NO_LAPACKE DYNAMIC_ARCH NO_AFFINITY SkylakeX MAX_THREADS=64"
            words = library.openblas_get_config().decode().split()
            kernels = [w for w in words[2:] if not re.search("=|^[A-Z_]+$", w)]
            return " ".join(words[:2] + kernels), library
    if loaded:
        return ", ".join(os.path.basename(p) for p in loaded), None
    built_in = re.search("BLAS_INFO=([^, ]+)", torch.__config__.show())
    return "BLAS built in: " + (built_in.group(1) if built_in else "unknown"), None


def tensors(torch, path):
    """The float32 tensors of a safetensors file, in the order they lie in."""
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        block = bytearray(file.read())
    header.pop("__metadata__", None)
    for name, told in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
        start, end = told["data_offsets"]
        flat = torch.frombuffer(block, dtype=torch.float32, count=(end - start) // 4, offset=start)
        yield name, flat.reshape(told["shape"])


def our_name(name):
    """A tensor's name here, so that both sides' names can be told to be the same."""
    return re.sub(r"\W", "_", name)


def ours_of(name):
    """A tensor's name here, from PyTorch's: "bn1_mean" of "bn1.running_mean"."""
    for theirs, ours in (("running_mean", "mean"), ("running_var", "variance")):
        if name.endswith("." + theirs):
            name = name[:-len(theirs)] + ours
    return our_name(name)


class Functional:
    """torch.nn.functional, and what the last softmax got: cross-entropy takes it before."""

    def __init__(self, torch):
        self.plain, self.before, self.after = torch.nn.functional, None, None

    def __getattr__(self, name):
        return getattr(self.plain, name)

    def softmax(self, x, dim):
        self.before, self.after = x, self.plain.softmax(x, dim=dim)
        return self.after


class Training:
    """Steps of SGD on one batch."""

    def __init__(self, torch, net, task):
        told = task["training"]
        if told["loss"] != "crossentropy":
            side.refuse("it is told of no loss but crossentropy")
        self.torch, self.net, self.task = torch, net.train(), task
        self.labels = torch.tensor(told["labels"])
        weights = [p for p in net.parameters() if p.dim() > 1]
        others = [p for p in net.parameters() if p.dim() <= 1]
        self.optimizer = torch.optim.SGD([{"params": weights, "weight_decay": told["decay"]},
                                          {"params": others}], lr=told["rate"], momentum=told["momentum"])

    def gradients(self, x):
        self.optimizer.zero_grad(set_to_none=True)
        if self.net(x) is not self.net.functional.after:
            side.refuse("the network does not end in a softmax")
        loss = self.torch.nn.functional.cross_entropy(self.net.functional.before, self.labels)
        loss.backward()
        return loss

    def step(self, x):
        self.gradients(x)
        self.optimizer.step()

    def outputs(self, x):
        """The loss and the gradients, in our order, of the weights as they were given."""
        load(self.torch, self.net, self.task)  # no copy of them is kept: it would count as memory
        loss = self.gradients(x)
        theirs = {ours_of(name): p for name, p in self.net.named_parameters()}
        return [loss.detach().reshape(1).numpy()] + [
            theirs[our_name(name)].grad.contiguous().numpy()
            for name, _ in tensors(self.torch, self.task["weights"]) if our_name(name) in theirs]


def load(torch, net, task):
    """Our weights into the module."""
    state = net.state_dict()
    ours = {our_name(name): t for name, t in tensors(torch, task["weights"])}
    for name in state:
        if name.endswith("num_batches_tracked"):
            continue
        weight = ours.get(ours_of(name))
        if weight is None or weight.shape != state[name].shape:
            side.refuse(f"our weights have no {name} as PyTorch's module wants it")
        state[name].copy_(weight)


def module(torch, task):
    """The network as PyTorch has it, with our weights."""
    names = {"__name__": "net"}
    functional = Functional(torch)
    with open(side.form(task, "pytorch", "PyTorch program"), encoding="utf-8") as file:
        exec(compile(file.read(), task["pytorch"]["path"], "exec"), names)
    made = [v for v in names.values()
            if isinstance(v, type) and issubclass(v, torch.nn.Module) and v.__module__ == "net"]
    names["F"] = functional
    net = made[-1]().eval()
    net.functional = functional
    load(torch, net, task)
    return net


class Ways:
    """Ways to run a module; the fastest of those tried."""

    def __init__(self, torch, task, openblas):
        self.torch, self.task, self.openblas = torch, task, openblas
        self.best, self.words, self.run, self.threads = float("inf"), None, None, task["threads"]
        self.outputs = None

    def set_threads(self, threads):
        if self.openblas:
            self.openblas.openblas_set_num_threads(threads)

    def attempt(self, net, x, words, threads, training=None):
        def forward():
            with self.torch.inference_mode():
                y = net(x)
            return [part.numpy() for part in (y if isinstance(y, (tuple, list)) else [y])]

        def step():
            training.step(x)
        run = step if training else forward
        self.set_threads(threads)
        first = side.times(run, 1)[0]
        again = 0 if first > min(LONG, HOPELESS * self.best) else 3 if first < LONG / 4 else 2
        took = min(side.times(run, again) or [first])
        if took < self.best:
            self.best, self.words, self.run, self.threads = took, words, run, threads
            self.outputs = (lambda: training.outputs(x)) if training else forward


def frozen(torch, net, x):
    with torch.inference_mode():
        traced = torch.jit.freeze(torch.jit.trace(net, x))
        return torch.jit.optimize_for_inference(traced)


def hold(isa):
    """Holds PyTorch and what it uses to a set of instructions. Otherwise no processor is forced on
    OpenBLAS, whatever the environment says."""
    for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
        os.environ.pop(name, None)
    if isa in ("avx2", "baseline"):
        os.environ["ATEN_CPU_CAPABILITY"] = "avx2" if isa == "avx2" else "default"
        for name in ("DNNL_MAX_CPU_ISA", "ONEDNN_MAX_CPU_ISA"):
            os.environ[name] = "AVX2" if isa == "avx2" else "SSE41"
        os.environ["OPENBLAS_CORETYPE"] = "Haswell" if isa == "avx2" else "Nehalem"


def main():
    task = side.job()
    hold(task["isa"])
    os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = str(task["threads"])
    try:
        import numpy
        import torch
    except ImportError as error:
        side.missing("python3-torch", error)
    torch.set_num_threads(task["threads"])
    torch.set_flush_denormal(True)
    name, openblas = blas(torch)
    net = module(torch, task)
    x = torch.from_numpy(numpy.fromfile(task["input"], numpy.float32).reshape(task["shape"]))
    ways = Ways(torch, task, openblas)
    training = Training(torch, net, task) if task.get("training") else None
    if training:
        training.gradients(x)
    else:
        with torch.inference_mode():
            net(x)
    side.say(first=True)
    counts = sorted({1, task["threads"]} if openblas else {task["threads"]}, reverse=True)
    for threads in counts:
        ways.attempt(net, x, ("eager", "plain layout"), threads, training)
    layouts = {"plain layout": (net, x)}
    last = (net.to(memory_format=torch.channels_last), x.contiguous(memory_format=torch.channels_last))
    layouts["channels-last"] = last
    for threads in counts if training else [ways.threads]:
        ways.attempt(*last, ("eager", "channels-last"), threads, training)
    layout = ways.words[1]
    if layout == "plain layout":
        layouts[layout] = (net.to(memory_format=torch.contiguous_format), x)
    if not training:
        try:
            ways.attempt(frozen(torch, *layouts[layout]), layouts[layout][1], ("frozen", layout), ways.threads)
        except RuntimeError:
            pass  # this PyTorch freezes it not; eager it is
    ways.set_threads(ways.threads)
    onednn = "with" if torch.backends.mkldnn.is_available() else "built without"
    settings = ", ".join(ways.words) + f"; {onednn} oneDNN; {name}"
    if openblas and task["threads"] > 1:
        settings += f" on {ways.threads} of {task['threads']} threads"
    side.say(ready=True, title="PyTorch", version=torch.__version__, settings=settings)
    side.serve(ways.run, ways.outputs)


main()
