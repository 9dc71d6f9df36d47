#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What is said of a model when it is opened: its input's line, its classes' names; and what
`fovea predict` tells of networks that name no classes.

With $FOVEA_DATA, which has models/ and photos/, networks that others trained classify what they
should: the CIFAR-10 test images as often as published, the photographs sensibly. $FOVEA is the
command."""
import json
import os
import struct
import subprocess
import sys

FAILURES = []


def run(*words, status=0):
    """stdout and stderr of the command, which ends with `status`."""
    done = subprocess.run([os.environ["FOVEA"], *words], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode != status:
        FAILURES.append(f"{words}: status {done.returncode}, not {status}: {done.stderr.strip()}")
    return done.stdout, done.stderr


def expect(what, *words, status=0):
    out, err = run(*words, status=status)
    if what not in (out if status == 0 else err):
        FAILURES.append(f"{words}: '{what}' is not in: {out}{err}")


def picture(path, width, height, colour):
    with open(path, "wb") as f:
        f.write(b"P6 %d %d 255\n" % (width, height) + bytes(colour) * (width * height))


def png_size(path):
    with open(path, "rb") as f:
        return struct.unpack(">II", f.read(24)[16:])


def said():
    """Input and classes of any model."""
    with open("names.txt", "w", encoding="utf-8") as f:
        f.write("\n".join(f"number {i}" for i in range(10)) + "\n")
    picture("red.ppm", 40, 30, (200, 10, 20))
    run("convert", "lenet5", "named.safetensors", "input=1x32x32 resize 32 crop 32 scale 2",
        "classes=names.txt")
    run("convert", "named.safetensors", "named.net")
    with open("named.net", encoding="utf-8") as f:
        text = f.read()
    with open("dotted.net", "w", encoding="utf-8") as f:
        f.write(text.replace("net lenet5", "net lenet_v2_1.0_32.tflite", 1))
    run("convert", "dotted.net", "scaled.net", "input=1x32x32 scale 3")
    with open("scaled.net", encoding="utf-8") as f:
        if "1.0_32.tflite" not in (scaled := f.read()) or "input 1x32x32 scale 3\n" not in scaled:
            FAILURES.append("scaled.net: " + scaled)
    with open("named.net", encoding="utf-8") as f:
        if "input 1x32x32 resize 32 crop 32x32 scale 2\n" not in f.read():
            FAILURES.append("named.net does not hold the input that was said")
    expect("number ", "predict", "named.safetensors", "red.ppm")
    expect("number ", "predict", "lenet5", "weights=named.safetensors", "red.ppm",
           "classes=names.txt")
    expect("did you mean 'resize'?", "convert", "lenet5", "x.safetensors", "input=1x32x32 resiz 3",
           status=3)
    expect("lenet5 takes images of 1x32x32", "convert", "lenet5", "x.safetensors", "input=3x32x32",
           status=3)
    expect("none.txt", "predict", "named.safetensors", "red.ppm", "classes=none.txt", status=3)
    with open("few.txt", "w", encoding="utf-8") as f:
        f.write("a\nb\n")
    expect("few.txt names 2 classes", "convert", "lenet5", "x.safetensors", "classes=few.txt",
           status=3)
    expect("for files", "explain", "-", "input=1x32x32", status=2)
    expect("check onnx", "check", "lenet5", "norm=1e-4", status=2)


def images():
    """A network that makes an image: here the same, half as large, colours turned round."""
    with open("half.net", "w", encoding="utf-8") as f:
        f.write("net half\ninput 3x16x20 scale 1/255 mean 0.5 std 0.25 order bgr\n  avgpool 2\n"
                "head flat from input - flatten\n")
    run("convert", "half.net", "half.safetensors")
    expect("output     3x8x10", "predict", "half.safetensors", "red.ppm", "--out", "made")
    out, _ = run("predict", "half.safetensors", "red.ppm", "--out", "made", "--json")
    told = json.loads(out)
    if [o["dims"] for o in told["outputs"]] != [[3, 8, 10], [960]]:
        FAILURES.append(f"predict --json: {out}")
    if png_size(told["image"]) != (10, 8):
        FAILURES.append(f"{told['image']} has another size")
    with open("back.net", "w", encoding="utf-8") as f:
        f.write("net back\ninput 3x8x10\n  flatten\n")
    run("convert", "back.net", "back.safetensors")
    expect("names classes", "predict", "back.safetensors", "red.ppm", "--out", "made", status=2)
    if "PNG images cannot be read" in run("doctor")[0]:
        return
    out, _ = run("predict", "back.safetensors", told["image"], "k=240", "--json")
    values = [c["score"] for c in sorted(json.loads(out)["classes"], key=lambda c: c["index"])]
    if values != [200.0] * 80 + [10.0] * 80 + [20.0] * 80:
        FAILURES.append(f"the image that was made is not red: {values[::80]}")


IMAGENET = "scale 1/255 mean 0.485,0.456,0.406 std 0.229,0.224,0.225"
# What is in the photographs, in ImageNet's words; any of them among the first five will do.
SEEN = {"cat.bmp": ("Egyptian cat", "tabby", "tiger cat"), "eagle.jpg": ("bald eagle", "kite"),
        "dog.jpg": ("malamute", "Eskimo dog", "dogsled"),
        "caffe_fish-bike.jpg": ("tricycle", "bicycle", "mountain bike")}
NETWORKS = {
    "squeezenet1_1-imagenet": ("3x224x224 resize 256 crop 224 " + IMAGENET, "ilsvrc.txt"),
    "squeezenet1_0-deepcompression-imagenet":
        ("3x227x227 resize 256 crop 227 mean 104,117,123 order bgr", "ilsvrc.txt"),
    "mobilenet_v2_1.0_224-imagenet":
        ("3x224x224 resize 256 crop 224 mean 128 std 128", "background.txt"),
}


def photographs(data):
    photos = os.path.join(data, "photos")
    with open(os.path.join(photos, "imagenet_synset_words.txt"), encoding="utf-8") as f, \
            open("ilsvrc.txt", "w", encoding="utf-8") as to:
        to.writelines(line.split(" ", 1)[1] for line in f)
    with open(os.path.join(photos, "imagenet_labels_1001_background_first.txt"),
              encoding="utf-8") as f, open("background.txt", "w", encoding="utf-8") as to:
        to.write(f.read())
    for name, (words, classes) in NETWORKS.items():
        run("convert", os.path.join(data, "models", name, "model.onnx"), "net.safetensors",
            "input=" + words, "classes=" + classes)
        out, _ = run("predict", "net.safetensors", *(os.path.join(photos, p) for p in SEEN), "--json")
        for line, (photo, wanted) in zip(out.splitlines(), SEEN.items()):
            names = [c["name"] for c in json.loads(line)["classes"]]
            right = any(w in n for w in wanted for n in names)
            print(f"{name}: {photo}: {names[0]}")
            if not right:
                FAILURES.append(f"{name} sees in {photo}: {names}")


def cifar(data):
    model = os.path.join(data, "models", "resnet20-cifar10", "model.onnx")
    out, _ = run("eval", model, "cifar10", "input=3x32x32 " + IMAGENET, "--json")
    correct = json.loads(out)["correct"] if out else 0
    print(f"resnet20 on CIFAR-10: {correct} of 10000")
    if abs(correct - 9173) > 10:
        FAILURES.append(f"resnet20 is right {correct} times of 10000, published and measured 9173")


def main():
    said()
    images()
    data = os.environ.get("FOVEA_DATA", "")
    # No such file; without ONNX it is not even looked for.
    told = subprocess.run([os.environ["FOVEA"], "explain", "no.onnx"], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, check=False)
    built = "built without" not in told.stderr
    if told.returncode != (3 if built else 2):
        FAILURES.append(f"explain no.onnx: status {told.returncode}: {told.stderr.strip()}")
    there = all(os.path.isdir(os.path.join(data, d)) for d in ("models", "photos", "cifar10"))
    if os.environ.get("FOVEA_SANITIZE"):
        print("SKIP networks that others trained: slow under a sanitizer")
    elif not built or not data or not there:
        print("SKIP networks that others trained: FOVEA_DATA does not name a folder with models/, "
              "photos/ and cifar10/, or this was built without ONNX")
    else:
        photographs(data)
        cifar(data)
    for failure in FAILURES:
        print("FAILED", failure)
    return 1 if FAILURES else 0


if __name__ == "__main__":
    sys.exit(main())
