#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Keras' architectures and weights, read: a network of two layers with numbers worked out here
channels last, whole networks there and back, what is refused, and names in all their forms.

The way there is `fovea explain --keras`, played by tests/keras_stub.py, whose to_json() gives the
architecture as Keras 2 and 3 do; it needs PyTorch and is left out without. $FOVEA is the command."""
import array
import json
import math
import os
import random
import subprocess
import sys

sys.path.insert(0, os.path.join(os.environ["FOVEA_SOURCE"], "tests"))
import cli_program as program  # noqa: E402

FOVEA = os.environ["FOVEA"]
failures = []


def fovea(*args):
    done = subprocess.run([FOVEA, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          check=False)
    return done.returncode, done.stdout, " ".join(done.stderr.split())


def write_weights(path, tensors):
    """Tensors, (name, shape, numbers), as safetensors in their order."""
    header, body = {}, b""
    for name, shape, values in tensors:
        data = array.array("f", values).tobytes()
        header[name] = {"dtype": "F32", "shape": list(shape),
                        "data_offsets": [len(body), len(body) + len(data)]}
        body += data
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text + body)


def write(path, thing):
    with open(path, "w", encoding="utf-8") as file:
        json.dump(thing, file)


def write_image(path, pixels, h, w, c):
    with open(path, "wb") as file:
        file.write(b"%s %d %d 255\n" % (b"P6" if c == 3 else b"P5", w, h) + bytes(pixels))


def scores(json_path, weights, image, *more):
    """What the network of an architecture makes of an image's pixels over 255."""
    rc, _, err = fovea("convert", json_path, "read.net")
    assert rc == 0, err
    with open("read.net", encoding="utf-8") as file:
        lines = file.read().splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("input"))
    lines[at] = f"input {lines[at].split()[1]} scale 1/255"
    with open("scaled.net", "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    rc, out, err = fovea("convert", "scaled.net", "read.safetensors", f"weights={weights}",
                         "match=keras", *more)
    if rc:
        return None, err
    rc, out, err = fovea("predict", "read.safetensors", image, "k=1000", "--json")
    assert rc == 0, err
    found = {c["index"]: c["score"] for c in json.loads(out)["classes"]}
    return [found[i] for i in range(len(found))], ""


def agree(what, got, want, err=""):
    if got is None or len(got) != len(want):
        failures.append(f"{what}: {err or (got, want)}")
        return
    apart = math.dist(got, want) / math.hypot(*want)
    print(f"{what:32} {apart:.1e}")
    if not apart <= 1e-5:
        failures.append(f"{what}: {apart:.1e} apart: {got} and {want}")


# ------------------------------------------------------------------------- two layers by hand ---

H, W, C, K, N = 6, 7, 3, 4, 5


def layers_by_hand():
    conv = {"class_name": "Conv2D", "config": {
        "name": "conv2d", "filters": K, "kernel_size": [3, 3], "strides": [2, 2], "padding": "same",
        "data_format": "channels_last", "dilation_rate": [1, 1], "groups": 1, "activation": "relu",
        "use_bias": True, "kernel_initializer": {"class_name": "GlorotUniform", "config": {}},
        "batch_input_shape": [None, H, W, C]}}
    flatten = {"class_name": "Flatten", "config": {"name": "flatten"}}
    dense = {"class_name": "Dense", "config": {"name": "dense", "units": N, "activation": "linear",
                                               "use_bias": True}}
    return [conv, flatten, dense]


def by_hand(x, kernel, bias, w, b):
    """3x3, stride 2, "same" (of 6 rows one is added, behind; of 7 columns two), relu, rows-columns-
    channels, Dense; all as nested loops over [row][column][channel]."""
    flat = []
    for row in range(3):
        for column in range(4):
            for k in range(K):
                total = bias[k]
                for i in range(3):
                    for j in range(3):
                        r, s = 2 * row + i, 2 * column + j - 1
                        if r < H and 0 <= s < W:
                            total += sum(x[r][s][c] * kernel[i][j][c][k] for c in range(C))
                flat.append(max(0.0, total))
    return [b[n] + sum(flat[i] * w[i][n] for i in range(len(flat))) for n in range(N)]


def nested(shape, values):
    if len(shape) == 1:
        return [next(values) for _ in range(shape[0])]
    return [nested(shape[1:], values) for _ in range(shape[0])]


def two_layers():
    draw = random.Random(3)
    pixels = [draw.randrange(256) for _ in range(H * W * C)]
    shapes = [("kernel", (3, 3, C, K)), ("bias", (K,)), ("kernel", (48, N)), ("bias", (N,))]
    numbers = [array.array("f", [draw.gauss(0, 0.5) for _ in range(math.prod(s))]) for _, s in shapes]
    want = by_hand(nested((H, W, C), iter(p / 255 for p in pixels)),
                   *(nested(s, iter(n)) for (_, s), n in zip(shapes, numbers)))
    write_image("hand.ppm", pixels, H, W, C)
    write("hand.json", {"class_name": "Sequential", "config": {"name": "hand", "layers": layers_by_hand()}})
    write("list.json", {"class_name": "Sequential", "config": layers_by_hand()})
    owner = ["conv2d", "conv2d", "dense", "dense"]
    forms = {"slash": "{0}/{1}:0", "dot": "{0}.{1}", "twice": "{0}/{0}/{1}:0", "front": "model/{0}/{1}",
             "numbers": "{2:02}"}
    for form, pattern in forms.items():
        tensors = [(pattern.format(o, s[0], i), s[1], n)
                   for i, (o, s, n) in enumerate(zip(owner, shapes, numbers))]
        if form != "numbers":
            tensors.reverse()
        write_weights(f"{form}.safetensors", tensors)
        agree(f"two layers, names: {form}", *reorder(scores("hand.json", f"{form}.safetensors", "hand.ppm"), want))
    agree("config as a list", *reorder(scores("list.json", "slash.safetensors", "hand.ppm"), want))
    rc, out, err = fovea("explain", "hand.json", "--json")
    rows = [tuple(layer["output"]) for layer in json.loads(out)["layers"]] if rc == 0 else err
    if rows != [(C, H, W), (K, 3, 4), (K, 3, 4), (48, 1, 1), (N, 1, 1)]:
        failures.append(f"shapes: {rows}")
    bad = [(n, s, v) for n, s, v in [("conv2d/kernel", (3, 3, K, C), numbers[0])]]
    write_weights("bad.safetensors", bad)
    _, err = scores("hand.json", "bad.safetensors", "hand.ppm")
    if "'conv2d/kernel' is 3x3x4x3 of type F32 in the file; Keras' kernel of 'conv2d.weight' is 3x3x3x4" not in err:
        failures.append(f"a kernel of another shape: {err}")


def reorder(found, want):
    return found[0], want, found[1]


# ---------------------------------------------------------------------------- there and back ---

MORE = {
    "separable": None,  # only read, see below
    "scales": """conv 4 3x3 stride 2 - bn - relu - flatten - bn - fc 6 - tanh""",
}


def there_and_back(name, text, version, form):
    torch, stub = program.torch, program.keras_stub
    c, h, w, pixels = program.prepare(name, text)
    image = torch.tensor(list(pixels), dtype=torch.float32).reshape(1, h, w, c) / 255
    space, err = program.program(name, "keras")
    assert space, err
    given, get = {}, program.keras_weights(name)

    def weights(layer, what, shape, tensor):
        value = get(layer, what, shape, tensor).contiguous()
        given.setdefault((layer, what), value)
        return value

    stub.start(image, weights)
    model = [v for k, v in space.items() if callable(v) and not k.startswith("__")][0]()
    with open(f"{name}.json", "w", encoding="utf-8") as file:
        file.write(model.to_json(version))
    write_weights(f"{name}_keras.safetensors",
                  [(form.format(layer, what, i), value.shape, value.flatten().tolist())
                   for i, ((layer, what), value) in enumerate(given.items())])
    agree(f"{name}, Keras {version}",
          *reorder(scores(f"{name}.json", f"{name}_keras.safetensors", f"{name}.ppm"),
                   model.outputs[0].value.flatten().tolist()))


def round_trips():
    texts = {**{k: v for k, v in program.TEXTS.items() if k != "activations"}, **MORE}
    for i, (name, text) in enumerate(texts.items()):
        if text:
            there_and_back(name, program.with_input(name, text), 2 + i % 2,
                           ["{0}/{1}:0", "{0}/{0}/{1}:0", "{2:03}"][i % 3])
    for name in ("lenet5", "densenet-bc-100-12", "cifar-convnetjs"):
        there_and_back(name, program.zoo(name), 3, "{0}/{1}")


def separable():
    """A separable convolution is a depthwise one and one of 1x1: the same numbers as the two."""
    draw = random.Random(5)
    config = {"name": "sep", "filters": 4, "kernel_size": [3, 3], "strides": [1, 1], "padding": "same",
              "depth_multiplier": 2, "use_bias": True, "activation": "tanh",
              "batch_shape": [None, H, W, C]}
    single = {"class_name": "Sequential", "config": {"layers": [
        {"class_name": "SeparableConv2D", "config": config}, layer("Flatten")]}}
    pair = [{"class_name": "DepthwiseConv2D",
             "config": {**{k: v for k, v in config.items() if k not in ("filters", "activation")},
                        "name": "one", "use_bias": False}},
            {"class_name": "Conv2D", "config": {"name": "two", "filters": 4, "kernel_size": 1, "activation": "tanh"}},
            layer("Flatten")]
    write("single.json", single)
    write("pair.json", {"class_name": "Sequential", "config": {"layers": pair}})
    shapes = [(3, 3, C, 2), (1, 1, 2 * C, 4), (4,)]
    numbers = [[draw.gauss(0, 0.5) for _ in range(math.prod(s))] for s in shapes]
    names = (["sep/depthwise_kernel:0", "sep/pointwise_kernel:0", "sep/bias:0"],
             ["one/depthwise_kernel:0", "two/kernel:0", "two/bias:0"])
    found = []
    write_image("sep.ppm", [draw.randrange(256) for _ in range(H * W * C)], H, W, C)
    for file, those in zip(("single", "pair"), names):
        write_weights(f"{file}.safetensors", list(zip(those, shapes, numbers)))
        found.append(scores(f"{file}.json", f"{file}.safetensors", "sep.ppm"))
    agree("separable", found[0][0], found[1][0] or [], found[0][1] + found[1][1])


# ------------------------------------------------------------------------------------ refused ---

def sequential(*layers):
    first = {"class_name": "InputLayer", "config": {"name": "in", "batch_shape": [None, 8, 8, 3]}}
    return {"class_name": "Sequential", "config": {"name": "m", "layers": [first, *layers]}}


def layer(kind, name="it", **config):
    return {"class_name": kind, "config": {"name": name, **config}}


def functional(*layers, outputs=(("it", 0, 0),)):
    first = {"class_name": "InputLayer", "config": {"name": "in", "batch_input_shape": [None, 8, 8, 3]},
             "name": "in", "inbound_nodes": []}
    return {"class_name": "Functional", "config": {"name": "m", "layers": [*layers, first],
                                                  "output_layers": [list(o) for o in outputs]}}


def reads(name, *inputs, kind="ReLU", **config):
    return {"class_name": kind, "config": {"name": name, **config}, "name": name,
            "inbound_nodes": [[[i, 0, 0, {}] for i in inputs]]}


REFUSED = [
    (sequential(layer("LSTM", units=3)), "layer it (LSTM): there is no such layer here"),
    (sequential(layer("Conv2D", filters=4, kernel_size=3, data_format="channels_first")), "channels_last is read"),
    (sequential(layer("Conv2D", filters=4)), "it has no kernel_size"),
    (sequential(layer("Conv2D", filters=-4, kernel_size=3)), "filters must"),
    (sequential(layer("Conv2D", filters=4.5, kernel_size=3)), "layer it (Conv2D): filters must be a whole"),
    (sequential(layer("Conv2D", filters=4, kernel_size=[9, 9])), "9x9 kernel does not fit"),
    (sequential(layer("Conv2D", filters=4, kernel_size=3, padding="causal")), "pad must be"),
    (sequential(layer("Conv2D", filters=4, kernel_size=3, sparkle=1)), "its 'sparkle' is not read here"),
    (sequential(layer("Conv2D", filters=4, kernel_size=3, activation="gloop")), "no activation 'gloop'"),
    (sequential(layer("Dense", units=3)), "put a Flatten before it"),
    (sequential(layer("ReLU"), layer("ReLU")), "two layers are called 'it'"),
    (sequential({"class_name": "ReLU"}), "it has no config"),
    (sequential(sequential(layer("ReLU"))), "a model within a model"),
    (functional(reads("it", "other"), reads("other", "it")), "read each other in a ring"),
    (functional(reads("it", "nowhere")), "there is no layer 'nowhere'"),
    (functional(reads("it", "in"), outputs=[("it", 3, 0)]), "output 0 of its call 3"),
    (functional(reads("it", "in"), outputs=[]), "no output_layers"),
    (functional(reads("it", *["in"] * 65, kind="Add")), "more than 64"),
    ({"class_name": "Sequential", "config": {"layers": []}}, "has no layers"),
    ({"class_name": "Sequential", "config": {"layers": [layer("ReLU")]}}, "batch_shape or batch_input_shape"),
    ({"class_name": "Sequential", "config": {"layers": [layer("ReLU", batch_shape=[None, None, None, 3])]}}, "is not stated"),
    ({"class_name": "Sequential", "config": {"layers": [layer("ReLU", batch_shape=[None, 1e9, 1e9, 1e9])]}}, "makes no image"),
    ({"class_name": "Photo"}, "this is no architecture of Keras"),
    ([], "this is no architecture of Keras"),
]


def refusals():
    for thing, words in REFUSED:
        write("bad.json", thing)
        rc, out, err = fovea("explain", "bad.json")
        if rc != 3 or words not in err or out:
            failures.append(f"{words}: {rc} {err}")
    write("any.json", functional(reads("it", "mid", "in", kind="Add"), reads("mid", "in")))
    rc, out, err = fovea("explain", "any.json")  # in any order
    if rc:
        failures.append(f"layers in any order: {err}")
    rc, _, err = fovea("explain", "any.json", "classes=3")
    if rc != 2 or "no parameters" not in err:
        failures.append(f"a setting: {rc} {err}")


def main():
    two_layers()
    separable()
    refusals()
    if program.torch:
        program.torch.set_num_threads(1)
        program.keras_stub.install()
        round_trips()
    for failure in failures + program.failures:
        print("FAIL", failure)
    return 1 if failures or program.failures else 0


if __name__ == "__main__":
    sys.exit(main())
