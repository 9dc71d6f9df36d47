#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`fovea explain --pytorch` and `--keras`: the programs run and compute what the network computes.

Networks of the zoo and of options that the other library says otherwise; fresh weights, which go
into the program in the order of Fovea's file (into Keras turned round to its own orders); the same
image; the numbers before a softmax at the end have to agree within 1e-4 of their length. Keras is
played by tests/keras_stub.py. Without PyTorch that the programs compile is all that is checked.
$FOVEA is the command."""
import json
import os
import py_compile
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.environ["FOVEA_SOURCE"], "tests"))
from read_safetensors import read  # noqa: E402

try:
    import torch
    import keras_stub
except ImportError:
    torch = None

FOVEA = os.environ["FOVEA"]
SECONDS = 60  # for the large networks; those that do not fit in are named
SMALL = ["lenet5", "perceptron", "adaline", "cifar-convnetjs", "resnet20", "plain20",
         "densenet-bc-100-12"]
LARGE = ["resnet18", "googlenet", "alexnet", "densenet121"]
TEXTS = {
    "windows": """conv 6 3x3 stride 2 pad same - relu - conv 8 3x2 stride 2x1 pad 1,0,2,1 - relu
      - conv 8 3x3 dilation 2 pad 2 groups 2 - relu - maxpool 3x3 stride 2 pad 1 - conv 4 2x2 pad same
      - relu - maxpool 3x3 stride 2 ceil - fc 7""",
    "averages": """conv 5 3x3 pad 1 - avgpool 3x3 stride 2 pad same count_pad no - avgpool 3 stride 2 pad 1
      - fc 5""",
    "depthwise": """conv 6 1x1 - conv 12 3x3 stride 2 pad same groups 6 - bn epsilon 0.001 - clip 0 6
      - conv 12 5x3 pad 2x1 groups 12 bias no - clip 0 6 - globalavgpool - fc 4""",
    "back": """conv 4 3x3 stride 4 - convtranspose 3 4x4 stride 2 pad 1 - tanh
      - convtranspose 2 3x3 stride 2 - sigmoid - convtranspose 3 2x3 stride 3 pad same
      - convtranspose 3 5x4 pad 1,0,2,1
      - convtranspose 4 3x3 stride 2 pad 1 output_pad 1 groups 1 - globalmaxpool - fc 5""",
    "norms": """conv 8 3x3 - groupnorm 4 - silu - layernorm - leakyrelu 0.2 - conv 4 3x3 stride 3
      - prelu channels - elu - fc 9 - layernorm - gelu""",
    "activations": """conv 4 3x3 stride 2 - selu - conv 4 3x3 stride 2 - softplus - conv 4 1x1 - softsign
      - conv 4 1x1 - hardswish - conv 4 1x1 - mish - conv 4 1x1 - scaledtanh - conv 4 1x1 - celu
      - prelu - fc 6 - logsoftmax""",
    "joins": """conv 4 3x3 pad 1 - concat { conv 2 1x1 | identity | maxpool 3 stride 1 pad same }
      - add { conv 3 1x1 | conv 3 1x1 } - mul { sigmoid | tanh } - max { identity | conv 3 1x1 }
      - min { identity | conv 3 1x1 } - sub { identity | conv 3 1x1 } - mean { identity | relu }
      - globalavgpool - flatten - fc 3""",
    "sizes": """upsample 2 - conv 3 3x3 stride 2 - upsample 1x3 mode bilinear - pad 1,0,2,1 axes 2,3
      - crop 16x30 top 1 - maxpool 5 - flatten - fc 4""",
    "shares": """conv 5 3x3 pad 1 as first - relu - conv 5 3x3 pad 1 as second - relu
      - conv 5 3x3 pad 1 share second - maxpool 4 - fc 4""",
}
TORCH_TEXTS = {
    "one-sided": """conv 6 3x3 - maxpool 2x2 stride 1 pad 0,0,1,1 - conv 4 3x3 stride 3
      - minpool 3 stride 1 pad 1 - lppool 2 - instancenorm - thresholdedrelu 0.1 - maxout 2 - fc 5""",
    "moves": """pad 1,2,0,1 axes 2,3 mode reflect - slice 1,2 14,100 axes 2,3 steps 1,2
      - transpose 0,1,3,2 - conv 8 3x3 - depthtospace 2 - spacetodepth 2 mode crd - reducemean 3 keep no
      - l2norm - reshape 0,-1 - fc 4""",
    "parts": """conv 6 3x3 stride 4 - split 2 as cut - concat { from cut.2 | from cut }
      - adaptiveavgpool 2x3 - lrn 3 - hardsigmoid - adaptivemaxpool 2 - abs - sqrt - fc 3""",
    "numbers": """conv 3 3x3 stride 5 - mul { identity | constant 2.5 } - sum { constant 1,-2,0.5 shape 3,1,1 |
      identity } - fc 4""",
    "resized": """conv 4 3x3 - resize 30x34 - conv 4 3x3 stride 2 - resize scale 2 rounding floor coordinates asymmetric
      - resize 11x13 mode bilinear - resize 15x20 mode bilinear coordinates align_corners
      - maxpool 5 - fc 4""",
    "channels": "conv 6 3x3 stride 4 - local 2 1x1 - fc 3",
}
REFUSED = [("pytorch", "channels", "PyTorch has nothing here for local (local1)"),
           ("keras", "one-sided", "minpool (minpool1), lppool (lppool1), instancenorm"),
           ("keras", "padded", "zeros around it might win"),
           ("pytorch", "flipped", "conv1 (conv): PyTorch has no word for its option flip yes")]
OTHERS = {"padded": "conv 4 4x4 - maxpool 3 stride 2 pad 1 - fc 2", "flipped": "conv 4 3x3 flip - fc 2"}
failures = []


def fovea(*args):
    done = subprocess.run([FOVEA, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          check=False)
    return done.returncode, done.stdout, done.stderr


def prepare(name, text):
    """A .net without softmax whose input is the pixels over 255; its weights; an image."""
    lines = text.splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("input"))
    size = lines[at].split()[1]
    lines[at] = f"input {size} scale 1/255"
    text = "\n".join(lines).split("\ntrain")[0]
    if text.rstrip().endswith("- softmax"):
        text = text.rstrip()[:-len("- softmax")]
    with open(f"{name}.net", "w", encoding="utf-8") as file:
        file.write(text + "\n")
    rc, _, err = fovea("convert", f"{name}.net", f"{name}.safetensors", "seed=7")
    assert rc == 0, err
    c, h, w = map(int, size.split("x"))
    pixels = bytes((i * i * 7 + i * 31 + i // 5) % 251 for i in range(c * h * w))
    with open(f"{name}.ppm", "wb") as file:
        file.write(b"%s %d %d 255\n" % (b"P6" if c == 3 else b"P5", w, h) + pixels)
    return c, h, w, pixels


def expected(name):
    rc, out, err = fovea("predict", f"{name}.safetensors", f"{name}.ppm", "k=1000", "--json")
    assert rc == 0, err
    classes = json.loads(out)["classes"]
    scores = [0.0] * len(classes)
    for c in classes:
        scores[c["index"]] = c["score"]
    return torch.tensor(scores, dtype=torch.float64)


def program(name, library):
    rc, out, err = fovea("explain", f"{name}.safetensors", f"--{library}")
    if rc:
        return None, err
    path = f"{name}_{library}.py"
    with open(path, "w", encoding="utf-8") as file:
        file.write(out)
    py_compile.compile(path, cfile=path + "c", doraise=True)
    space = {"__name__": "program"}
    exec(compile(out, path, "exec"), space)  # pylint: disable=exec-used
    return space, ""


def tensors(name):
    _, found = read(f"{name}.safetensors")
    return {k: torch.tensor(v).reshape(shape) for k, (shape, v) in found.items()}


def by_pytorch(name, space, image):
    module = next(v for v in space.values()
                  if isinstance(v, type) and issubclass(v, torch.nn.Module))().eval()
    theirs = {k: t for k, t in module.state_dict().items() if not k.endswith("num_batches_tracked")}
    layers = {k.rsplit(".", 1)[0] for k in theirs}  # without those of heads that only training has
    ours = [t for k, t in tensors(name).items() if k.rsplit(".", 1)[0].replace(".", "_") in layers]
    assert len(ours) == len(theirs), f"{len(ours)} tensors here, {len(theirs)} there"
    with torch.no_grad():
        for a, b in zip(ours, theirs.values()):
            b.copy_(a)
        return module(image)


def keras_weights(name):
    """Weights for the stub: asked by layer, what and shape, ours turned to Keras' order."""
    ours = tensors(name)
    names = {"kernel": "weight", "depthwise_kernel": "weight", "gamma": "weight", "beta": "bias",
             "moving_mean": "mean", "moving_variance": "variance", "alpha": "weight"}

    def get(layer, what, shape, tensor):
        key = next(k for k in ours if k.replace(".", "_") == f"{layer}_{names.get(what, what)}"
                   or (what == "alpha" and k.rsplit(".", 1)[0].replace(".", "_") == layer))
        w = ours[key]
        if what == "depthwise_kernel":
            w = w.reshape(shape[2], shape[3], *shape[:2]).permute(2, 3, 0, 1)
        elif what == "kernel" and w.dim() == 4:
            w = w.permute(2, 3, 1, 0)
        elif what == "kernel":
            if tensor.flattened is not None and len(tensor.flattened) == 4:
                _, rows, columns, channels = tensor.flattened
                w = w.reshape(-1, channels, rows, columns).permute(0, 2, 3, 1).reshape(len(w), -1)
            w = w.t()
        elif w.dim() == 3:
            w = w.permute(1, 2, 0)
        return w.reshape(shape)

    return get


def by_keras(name, space, image):
    keras_stub.start(image.permute(0, 2, 3, 1), keras_weights(name))
    build = [v for k, v in space.items() if callable(v) and not k.startswith("__")]
    return build[0]().outputs[0].value


def compare(name, library, text):
    space, err = program(name, library)
    if not space:
        failures.append(f"{name} {library}: {err}")
        return
    got = by_pytorch(name, space, text) if library == "pytorch" else by_keras(name, space, text)
    got, want = got.flatten().double(), expected(name)
    apart = float((got - want).norm() / want.norm())
    print(f"{name:20} {library:8} {apart:.1e}")
    if not apart <= 1e-4 or len(got) != len(want):
        failures.append(f"{name} {library}: {apart:.1e} apart")


def check(name, text, libraries):
    c, h, w, pixels = prepare(name, text)
    image = torch.tensor(list(pixels), dtype=torch.float32).reshape(1, h, w, c) / 255
    for library in libraries:
        compare(name, library, image.permute(0, 3, 1, 2).contiguous())


def zoo(name):
    rc, _, err = fovea("convert", name, "zoo.net")
    assert rc == 0, err
    with open("zoo.net", encoding="utf-8") as file:
        return file.read()


def with_input(name, text):
    return f"net {name.replace('-', '')}\ninput 3x17x19\n{text}\n"


def refusals():
    for library, name, words in REFUSED:
        prepare(name, with_input(name, {**TORCH_TEXTS, **OTHERS}[name]))
        rc, out, err = fovea("explain", f"{name}.net", f"--{library}")
        if rc != 3 or out or words not in " ".join(err.split()):
            failures.append(f"{name} {library}: {rc} {err}")


def main():
    refusals()
    if not torch:
        for name in SMALL:
            for library in ("pytorch", "keras"):
                rc, out, err = fovea("explain", name, f"--{library}")
                assert rc == 0, err
                compile(out, name, "exec")
        print("SKIP: PyTorch is not here; that the programs compile was checked")
        return 77 if not failures else 1
    torch.set_num_threads(1)
    keras_stub.install()
    for name, text in TEXTS.items():
        check(name, with_input(name, text), ["pytorch", "keras"])
    for name in list(TORCH_TEXTS)[:-1]:
        check(name, with_input(name, TORCH_TEXTS[name]), ["pytorch"])
    began = time.monotonic()
    for name in SMALL + LARGE:
        if time.monotonic() - began > SECONDS:
            print(f"{name}: no time left")
            continue
        text = zoo(name)
        check(name, text, ["pytorch"] if "lrn" in text else ["pytorch", "keras"])
    for failure in failures:
        print("FAIL", failure)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
