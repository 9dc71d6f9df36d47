#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""fovea explain against the papers, the lectures and docs/: python3's library alone.

The command is $FOVEA, the sources are at $FOVEA_SOURCE. Parameters and MACs are literature's, or
were computed once by a few lines of arithmetic that share nothing with Fovea.
"""
import json
import os
import pathlib
import subprocess
import sys

FOVEA = os.environ["FOVEA"]
SOURCE = pathlib.Path(os.environ.get("FOVEA_SOURCE", pathlib.Path(__file__).parent.parent))

EXPECTED = {  # network: parameters, MACs of one picture
    "perceptron": (7850, 7840),
    "adaline": (7850, 7840),
    "two-layer": (238510, 238200),
    "lenet5": (61706, 416520),
    "mnist6": (72666, 7338880),
    "lenet5-1998": (60000, 326520),
    "lenet1989": (9760, 63660),
    "alexnet": (62378344, 1135256096),
    "alexnet-2012": (60965224, 724406816),
    "zfnet": (107627624, 2476704896),
    "vgg11": (132863336, 7609090048),
    "vgg11-lrn": (132863336, 7609090048),
    "vgg13": (133047848, 11308466176),
    "vgg16": (138357544, 15470264320),
    "vgg16-1x1": (133638952, 11770888192),
    "vgg19": (143667240, 19632062464),
    "googlenet": (6998552, 1582671872),
    "resnet18": (11689512, 1814073344),
    "resnet34": (21797672, 3663761408),
    "resnet50": (25557032, 4089184256),
    "resnet101": (44549160, 7801405440),
    "resnet152": (60192808, 11513626624),
    "densenet121": (7978856, 2834161664),
    "densenet161": (28681000, 7727907072),
    "densenet169": (14149480, 3359843328),
    "densenet201": (20013928, 4291365888),
    "resnet20": (269722, 40551040),
    "resnet32": (464154, 68862592),
    "resnet44": (658586, 97174144),
    "resnet56": (853018, 125485696),
    "resnet110": (1727962, 252887680),
    "plain20": (269722, 40551040),
    "plain32": (464154, 68862592),
    "plain44": (658586, 97174144),
    "plain56": (853018, 125485696),
    "plain110": (1727962, 252887680),
    "densenet-bc-100-12": (769162, 287929692),
    "cifar-convnetjs": (22466, 3920000),
    "squeezenet1.1": (1235496, 349151936),
    "mobilenet-v2": (3504872, 300774272),
    "fcn8s": (134489759, 181529034048),
    "fcn16s": (134815994, 181448086272),
    "fcn32s": (136152917, 181365854976),
}

failures = 0
checks = 0


def check(what, found, expected):
    global failures, checks
    checks += 1
    if found != expected:
        failures += 1
        print(f"FAIL {what}: {found!r}, expected {expected!r}")


def fovea(*args):
    done = subprocess.run([FOVEA, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    return done.returncode, done.stdout, done.stderr


def explain(*args):
    code, out, err = fovea("explain", *args, "--json")
    check(f"exit code of explain {' '.join(args)} ({err.strip()})", code, 0)
    return json.loads(out)


def largest_field(net):
    return max(layer["receptive_field"] for layer in net["layers"] if not layer["sees_all"])


def line_with(text, *parts):
    """Whether some line holds all the parts, in this order."""
    for line in text.splitlines():
        at = 0
        for part in parts:
            at = line.find(part, at)
            if at < 0:
                break
            at += len(part)
        else:
            return True
    return False


def write(name, text):
    pathlib.Path(name).write_text(text)
    return name


def every_network():
    listed = {n["name"]: n["parameters"] for n in json.loads(fovea("zoo", "--json")[1])["networks"]}
    check("the zoo's names", sorted(listed), sorted(EXPECTED))
    for name, (parameters, macs) in EXPECTED.items():
        net = explain(name)
        check(f"{name}: net", net["net"], name)
        check(f"{name}: parameters", net["parameters"], parameters)
        check(f"{name}: parameters in the list", listed.get(name), parameters)
        check(f"{name}: MACs", net["macs"], macs)
        layers = net["layers"]
        for key in ("parameters", "macs", "connections", "weights", "biases", "statistics",
                    "memory_bytes"):
            check(f"{name}: sum of {key}", sum(layer[key] for layer in layers), net[key])
        for layer in layers:
            if layer["product"] and layer["weights"]:
                value = eval(layer["product"].replace("/", "//"), {"__builtins__": {}})
                check(f"{name} {layer['name']}: {layer['product']}", value, layer["weights"])
        # the text says what to expect, in the same figures
        text = (SOURCE / "zoo" / f"{name}.net").read_text()
        comment = " ".join(line[1:].strip() for line in text.splitlines() if line.startswith("#"))
        check(f"{name}: parameters in its comment", f"{parameters:,} parameters" in comment, True)
        check(f"{name}: MACs in its comment", f"{macs:,} MACs" in comment, True)
        # nothing leaves part of a picture out, unless it was published so
        check(f"{name} --strict", fovea("explain", name, "--strict")[0],
              3 if "leaves out" in comment else 0)


def connections():
    papers = {
        "lenet5-1998": {"C1": 122304, "S2": 5880, "C3": 151600, "S4": 2000, "C5": 48120,
                        "F6": 10164, "rbf1": 840},
        "lenet1989": {"H1": 19968, "H2": 38592, "H3": 5790, "output": 310},
    }
    for name, counts in papers.items():
        net = explain(name)
        found = {layer["name"]: layer["connections"] for layer in net["layers"]
                 if layer["connections"]}
        check(f"{name}: connections", found, counts)
        check(f"{name}: all connections", net["connections"], sum(counts.values()))
        _, text, _ = fovea("explain", name, "--connections", "--wide")
        for layer, count in counts.items():
            check(f"{name} --connections: {layer}", line_with(text, layer, f"{count:,}"), True)
        check("the column", line_with(text, "MACs", "connections", "field"), True)
        check("no column", line_with(fovea("explain", name)[1], "MACs", "connections"), False)
    check("lenet1989: all learned", explain("lenet1989")["fixed_connections"], 0)
    check("lenet5-1998: what does not learn", explain("lenet5-1998")["fixed_connections"], 840)
    _, text, _ = fovea("explain", "lenet5-1998")
    check("lenet5-1998: the line", line_with(text, "connections", "340,908", "340,068"), True)


def fully_convolutional():
    """The output is as large as the image, whatever its size."""
    ends = {"fcn32s": ("score",), "fcn16s": ("score", "fuse4.score"),
            "fcn8s": ("score", "fuse4.score", "fuse3.score")}
    for name, scores in ends.items():
        for high, wide in ((375, 500), (32, 64), (33, 47), (1, 1)):
            net = explain(name, f"high={high}", f"wide={wide}")
            check(f"{name} of {high}x{wide}", net["outputs"][0]["shape"], [21, high, wide])
        layers = {layer["name"]: layer for layer in explain(name)["layers"]}
        for score in scores:
            check(f"{name}: {score}", layers[score]["output"][0], 21)
            check(f"{name}: {score} from nothing", "init zero" in layers[score]["options"], True)
    layers = explain("fcn32s")["layers"]
    check("fcn32s: before the enlargement",
          sum(layer["parameters"] for layer in layers if layer["op"] == "conv"), 134346581)
    # as the reference network of 500x500 has them
    sizes = {layer["name"]: layer["output"][1] for layer in explain("fcn8s")["layers"]}
    check("fcn8s: sizes", [sizes[n] for n in ("conv1", "fc6", "times2", "times4", "times8")],
          [698, 16, 34, 70, 568])


def training_heads():
    check("googlenet --training", explain("googlenet", "--training")["parameters"], 13378280)
    plain = explain("googlenet")
    check("training only", any(layer["training_only"] for layer in plain["layers"]), False)
    check("outputs", [o["name"] for o in plain["outputs"]], ["output"])
    both = explain("googlenet", "--training")["outputs"]
    check("heads", [(o["name"], o["weight"]) for o in both],
          [("output", 1), ("aux1", 0.3), ("aux2", 0.3)])


def lecture_lines():
    _, text, _ = fovea("explain", "vgg16")
    for parts in (("INPUT", "[224x224x3]", "150K"),
                  ("CONV3-64", "[224x224x64]", "3.2M", "(3*3*3)*64 = 1,728"),
                  ("CONV3-64", "[224x224x64]", "3.2M", "(3*3*64)*64 = 36,864"),
                  ("POOL2", "[112x112x64]", "800K"),
                  ("CONV3-128", "[112x112x128]", "1.6M", "(3*3*64)*128 = 73,728"),
                  ("CONV3-128", "[112x112x128]", "1.6M", "(3*3*128)*128 = 147,456"),
                  ("POOL2", "[56x56x128]", "400K"),
                  ("CONV3-256", "[56x56x256]", "800K", "(3*3*128)*256 = 294,912"),
                  ("CONV3-256", "[56x56x256]", "800K", "(3*3*256)*256 = 589,824"),
                  ("POOL2", "[28x28x256]", "200K"),
                  ("CONV3-512", "[28x28x512]", "400K", "(3*3*256)*512 = 1,179,648"),
                  ("CONV3-512", "[28x28x512]", "400K", "(3*3*512)*512 = 2,359,296"),
                  ("POOL2", "[14x14x512]", "100K"),
                  ("CONV3-512", "[14x14x512]", "100K", "(3*3*512)*512 = 2,359,296"),
                  ("POOL2", "[7x7x512]", "25K"),
                  ("FC-4096", "[4096]", "7*7*512*4096 = 102,760,448"),
                  ("FC-4096", "[4096]", "4096*4096 = 16,777,216"),
                  ("FC-1000", "[1000]", "4096*1000 = 4,096,000"),
                  ("total", "15.2M", "138,344,128", "13,416", "15,470,264,320")):
        check(f"vgg16: {parts}", line_with(text, *parts), True)
    # the lecture's own lines, softmax apart, add up to 15,237,608 numbers
    values = sum(layer["memory_bytes"] for layer in explain("vgg16")["layers"]
                 if layer["op"] != "softmax")
    check("vgg16: memory of the lecture's lines", values, 4 * 15237608)

    names = ("conv1", "maxpool1", "lrn1", "conv2", "maxpool2", "lrn2", "conv3", "conv4", "conv5",
             "maxpool3", "fc1", "fc2", "fc3")
    volumes = ([96, 55, 55], [96, 27, 27], [96, 27, 27], [256, 27, 27], [256, 13, 13],
               [256, 13, 13], [384, 13, 13], [384, 13, 13], [256, 13, 13], [256, 6, 6],
               [4096, 1, 1], [4096, 1, 1], [1000, 1, 1])
    net = {layer["name"]: layer["output"] for layer in explain("alexnet")["layers"]}
    for name, volume in zip(names, volumes):
        check(f"alexnet {name}", net.get(name), volume)
    _, text, _ = fovea("explain", "alexnet")
    for volume in ("55x55x96", "27x27x96", "27x27x256", "13x13x256", "13x13x384", "6x6x256",
                   "4096", "1000"):
        check(f"alexnet: [{volume}]", f"[{volume}]" in text, True)

    widths = [layer["output"][1] for layer in explain("zfnet")["layers"]
              if layer["op"] in ("conv", "maxpool")]
    check("zfnet: widths", list(dict.fromkeys(widths)), [110, 55, 26, 13, 6])


def receptive_fields():
    for name, field in (("resnet18", 435), ("resnet34", 899), ("resnet50", 427),
                        ("resnet101", 971), ("resnet152", 1451), ("vgg16", 212), ("alexnet", 195),
                        ("zfnet", 171), ("googlenet", 715), ("lenet5", 16), ("resnet20", 81),
                        ("resnet110", 501), ("densenet121", 2071)):
        check(f"{name}: field", largest_field(explain(name)), field)
    # 3, then two pixels of jump 2, then three of jump 1
    back = "conv 4 3x3 stride 2 pad 1 - convtranspose 4 4x4 stride 2 pad 1 - conv 4 3x3 pad 1"
    check("there and back: field", largest_field(explain(write("back.net", f"""net back()
input 3x16x16
    {back}
"""))), 7)
    # the stride in the first 1x1 of a bottleneck, as in the paper
    ours = "conv k 1x1 bias no - bn - relu - conv k 3x3 stride s pad 1"
    papers = "conv k 1x1 stride s bias no - bn - relu - conv k 3x3 pad 1"
    for name, field, macs in (("resnet50", 483, 3857973248), ("resnet101", 1027, 7570194432),
                              ("resnet152", 1507, 11282415616)):
        text = (SOURCE / "zoo" / f"{name}.net").read_text()
        check(f"{name}: the block", ours in text, True)
        net = explain(write("paper.net", text.replace(ours, papers)))
        check(f"{name}, stride in the 1x1: field", largest_field(net), field)
        check(f"{name}, stride in the 1x1: MACs", net["macs"], macs)


def errata():
    inception = {"3a": 163696, "3b": 388736, "4a": 376176, "4b": 449160, "4c": 510104,
                 "4d": 605376, "4e": 868352, "5a": 1043456, "5b": 1444080}
    layers = explain("googlenet")["layers"]
    for name, parameters in inception.items():
        found = sum(layer["parameters"] for layer in layers
                    if layer["name"].startswith(f"inc{name}."))
        check(f"googlenet {name}", found, parameters)
    naive = ("net naive\ninput 256x28x28\n  concat { conv 128 1x1 bias no\n"
             "  | conv 192 3x3 pad 1 bias no | conv 96 5x5 pad 2 bias no\n"
             "  | maxpool 3 stride 1 pad 1 }\n")
    lean = ("net bottleneck\ninput 256x28x28\n  concat { conv 128 1x1 bias no\n"
            "  | conv 64 1x1 bias no - conv 192 3x3 pad 1 bias no\n"
            "  | conv 64 1x1 bias no - conv 96 5x5 pad 2 bias no\n"
            "  | maxpool 3 stride 1 pad 1 - conv 64 1x1 bias no }\n")
    check("the naive inception module", explain(write("naive.net", naive))["macs"], 854196224)
    net = explain(write("lean.net", lean))
    check("with bottlenecks", net["macs"], 271351808)
    planned = net["planned"][0]
    values = {w: planned[f"{w}_bytes"] - planned[f"{w}_scratch_bytes"] for w in ("training", "inference")}
    check("a map learns from a map", values["training"] > values["inference"], True)


def misfits():
    tiny = write("tiny.net", "net tiny\ninput 1x7x7\n  conv 2 3x3 stride 3 - fc 2 - softmax\n")
    code, text, _ = fovea("explain", tiny)
    check("misfit: exit code", code, 0)
    check("misfit: the lecture's sum", "(7 - 3)/3 + 1 = 2.33" in text, True)
    check("misfit: what is used", line_with(text, "conv1", "2 are used", "the last column"), True)
    code, _, err = fovea("explain", tiny, "--strict")
    check("misfit --strict: exit code", code, 3)
    check("misfit --strict: the sum", "(7 - 3)/3 + 1 = 2.33" in err and "conv1" in err, True)
    layer = explain(tiny)["layers"][1]
    check("misfit: JSON", [(m["axis"], m["used"], m["ignored"]) for m in layer["misfit"]],
          [("h", 2, 1), ("w", 2, 1)])
    # columns left out that are padding alone are no misfit: every ResNet has them
    _, text, _ = fovea("explain", "resnet50")
    check("resnet50 fits", "do not tile" in text, False)


def options():
    check("classes=10", explain("vgg16", "classes=10")["parameters"], 134301514)
    net = explain("lenet5", "batch=7")
    check("planned batches", [p["batch"] for p in net["planned"]], [1, 7])
    one, seven = net["planned"]  # the working space of one image may outweigh its values
    check("an image takes memory", one["training_bytes"] > 0 and one["inference_bytes"] > 0, True)
    check("training takes more", seven["training_bytes"] > seven["inference_bytes"] > 0, True)
    check("parameters' bytes", net["parameter_bytes"] >= 4 * 61706, True)
    _, text, _ = fovea("explain", "lenet5", "--all")
    check("--all", line_with(text, "tanh1", "TANH"), True)
    _, text, _ = fovea("explain", "lenet5", "--markdown")
    check("--markdown", line_with(text, "| conv1", "| CONV5-6, tanh", "|"), True)
    code, _, _ = fovea("convert", "lenet5", "lenet5.safetensors")
    check("convert: exit code", code, 0)
    check("a model file", explain("lenet5.safetensors")["parameters"], 61706)
    fovea("convert", "googlenet", "googlenet.net")
    check("the canonical text", explain("googlenet.net", "--training")["parameters"], 13378280)


def beyond_all_numbers():
    """Strides and sizes whose products no 64-bit number holds."""
    text = ("net leaps\ninput 1x1x1\n  (conv 1 1x1 stride 1000000)*5 - (conv 1 3x3 pad 1)*3\n"
            "  - fc 2 - softmax\n")
    layers = explain(write("leaps.net", text))["layers"]
    check("leaps: jumps never fall", [a["jump_hw"][0] <= b["jump_hw"][0] for a, b in
                                      zip(layers[:8], layers[1:9])], [True] * 8)
    check("leaps: fields never fall", [a["receptive_field"] <= b["receptive_field"] for a, b in
                                       zip(layers[:8], layers[1:9])], [True] * 8)
    text = "net toil\ninput 1x65536x65536\n  (conv 1 30000x30000 pad same)*4\n"
    code, _, err = fovea("explain", write("toil.net", text))
    check("toil: exit code", code, 3)
    check("toil: in words", "more than can be counted" in err, True)


every_network()
connections()
fully_convolutional()
training_heads()
lecture_lines()
receptive_fields()
errata()
misfits()
options()
beyond_all_numbers()
print(f"{checks} checks, {failures} failed")
sys.exit(1 if failures else 0)
